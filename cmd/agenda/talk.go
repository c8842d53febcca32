package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// language is that of sentences about calendars and input: the one that the environment asks for, among ours.
func (env environment) language() crm.Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := env.getenv(name); value != "" {
			if language := crm.Language(value[:min(2, len(value))]); i18n.Known(language) {
				return language
			}
			return crm.English
		}
	}
	return crm.English
}

// inWords turns an error that has sentences for people into them.
func (env environment) inWords(err error) error {
	language := env.language()
	var problems crm.Problems
	var problem *crm.Problem
	var forbidden *service.Forbidden
	switch {
	case err == nil:
		return nil
	case errors.As(err, &problems):
		lines := make([]string, len(problems))
		for i, one := range problems {
			lines[i] = problemInWords(language, one)
		}
		return errors.New(strings.Join(lines, "\n"))
	case errors.As(err, &problem):
		return errors.New(problemInWords(language, problem))
	case errors.As(err, &forbidden) && forbidden.Code == service.CodeSignedOut:
		return errors.New("there is no administrator yet; agenda user add LOGIN --admin makes the first")
	case errors.As(err, &forbidden):
		return errors.New(i18n.T(language, forbidden.Code, forbidden.Params))
	case errors.Is(err, service.ErrVersion):
		return errors.New("somebody else changed it at the same moment; try again")
	default:
		return err
	}
}

func problemInWords(language crm.Language, problem *crm.Problem) string {
	sentence := i18n.T(language, problem.Code, problem.Params)
	if problem.Field == "" {
		return sentence
	}
	return problem.Field + ": " + sentence
}

// printJSON writes a result as indented JSON.
func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// printTable writes rows of cells in columns below a heading.
func printTable(out io.Writer, heading string, rows [][]string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.ToUpper(strings.ReplaceAll(heading, " ", "\t")))
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

// moment is an instant in a table, in the zone of this machine.
func moment(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Local().Format("2006-01-02 15:04")
}

// instant is an instant in JSON; nil for none.
func instant(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// secretFrom asks for a secret: the environment variable first, then the terminal without showing it, then a line of
// standard input. Secrets are no arguments: every user of the machine can read those.
func (env environment) secretFrom(variable, prompt string) (string, error) {
	if value := env.getenv(variable); value != "" {
		return value, nil
	}
	if file, ok := env.stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprintf(env.stderr, "%s: ", prompt)
		typed, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(env.stderr)
		return string(typed), err
	}
	line, err := bufio.NewReader(env.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password from standard input: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", fmt.Errorf("no password: set %s, or type it at the terminal", variable)
	}
	return line, nil
}

// atDesk opens an installation, does something there, and turns what went wrong into words.
func (a administration) atDesk(ctx context.Context, env environment, do func(*desk) error) (err error) {
	d, err := a.open(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	return env.inWords(do(d))
}
