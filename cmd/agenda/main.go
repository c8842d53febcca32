// Command agenda keeps the actions of a CRM and the calendars of its people in two-way sync over CalDAV.
//
// Results go to standard output, talk to standard error. "agenda help" lists the subcommands and their exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the whole command line: one field per subcommand, each in a file of its own.
type commands struct {
	Demo    demoCommand    `cmd:"" help:"Run everything on a fresh database with a calendar of its own, to look around."`
	Serve   serveCommand   `cmd:"" help:"Run an installation: pages, API and sync."`
	User    userCommand    `cmd:"" help:"Users and their passwords."`
	Token   tokenCommand   `cmd:"" help:"API tokens."`
	Link    linkCommand    `cmd:"" help:"Links between users and online calendars."`
	Sync    syncCommand    `cmd:"" help:"Sync calendars now and wait for it."`
	Check   checkCommand   `cmd:"" help:"Test the connection to a calendar; nothing is kept."`
	Action  actionCommand  `cmd:"" help:"Actions that follow somebody else's events, and hiding them."`
	Held    heldCommand    `cmd:"" help:"What waits for a person's decision."`
	Runs    runsCommand    `cmd:"" help:"What the last syncs did."`
	Ics     icsCommand     `cmd:"" help:"Look into calendar files."`
	Config  configCommand  `cmd:"" help:"Show the settings that are in force."`
	Key     keyCommand     `cmd:"" help:"The keys that seal passwords in the database."`
	Backup  backupCommand  `cmd:"" help:"Write everything into one file."`
	Restore restoreCommand `cmd:"" help:"Fill an empty database from a backup."`
	Version versionCommand `cmd:"" help:"Print the version of this program."`
}

// environment is what a subcommand may use of the world outside, so that a test can stand in for it.
type environment struct {
	stdout, stderr io.Writer
	stdin          io.Reader
	getenv         func(string) string
}

// exitCode ends the program with a code of its own and nothing more to say: the command has already said it.
type exitCode int

func (code exitCode) Error() string { return fmt.Sprintf("exit code %d", int(code)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment{os.Stdout, os.Stderr, os.Stdin, os.Getenv})
	stop()
	os.Exit(code)
}

// usageCode is the exit code of a command line that cannot be understood (EX_USAGE of sysexits.h): 2 is an answer of agenda
// check.
const usageCode = 64

// asked turns "agenda help", "agenda help demo" and a bare "agenda" into the flag that kong knows.
func asked(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	default:
		return args
	}
}

// run is main without the process: it parses args, runs the subcommand and returns the exit code
// (0 done, 1 the command failed or found problems, usageCode; some commands have codes of their own).
func run(ctx context.Context, args []string, env environment) int {
	var cli commands
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("agenda"),
		kong.Description("Two-way sync between the work in a CRM and the calendar in everybody's pocket.\n\nExit codes: 0 done; 1 failed, or problems were found; 64 the command line cannot be understood."),
		kong.Writers(env.stdout, env.stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(env),
	)
	if err != nil {
		panic(err) // the command struct itself is wrong: a broken program, not bad input
	}
	parsed, err := parser.Parse(asked(args))
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(env.stderr, "agenda: %v; agenda help shows how\n", err)
		return usageCode
	}
	err = parsed.Run()
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	default:
		fmt.Fprintf(env.stderr, "agenda: %v\n", err)
		return 1
	}
}
