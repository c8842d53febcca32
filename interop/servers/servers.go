// Package servers starts real CalDAV servers for tests: Radicale, Xandikos, DAViCal and SabreDAV 1.8 as Debian packages
// them, each on a free port of this machine with its data in a folder of the test. The scripts beside it do the same by hand
// and install what is missing.
package servers

import (
	"context"
	"embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

//go:embed *.sh
var scripts embed.FS

// Name is a server that can be started.
type Name string

// The servers. SabreDAV 1.8 has no sync-token and no sync-collection; SabreDAVDigest is the same, taking Digest sign-in only.
const (
	Radicale       Name = "radicale"
	Xandikos       Name = "xandikos"
	DAViCal        Name = "davical"
	SabreDAV       Name = "sabredav"
	SabreDAVDigest Name = "sabredav-digest"
)

// All are the servers that take Basic sign-in, or none.
var All = []Name{Radicale, Xandikos, DAViCal, SabreDAV}

// Syncing are those of them with a sync-token.
var Syncing = []Name{Radicale, Xandikos, DAViCal}

type recipe struct {
	script      string
	environment []string
	pkg         string   // the Debian package whose version is logged
	needs       []string // files that are there when it is installed
	root        bool     // starting it takes root
}

var recipes = map[Name]recipe{
	Radicale:       {"radicale.sh", nil, "radicale", []string{"/usr/bin/radicale", "/usr/bin/curl"}, false},
	Xandikos:       {"xandikos.sh", nil, "xandikos", []string{"/usr/bin/xandikos", "/usr/bin/curl"}, false},
	DAViCal:        {"davical.sh", nil, "davical", []string{"/usr/share/davical/htdocs", "/usr/sbin/apache2", "/usr/lib/postgresql", "/usr/bin/curl"}, true},
	SabreDAV:       {"sabredav.sh", nil, "php-sabre-dav", []string{"/usr/share/php/Sabre/autoload.php", "/usr/bin/php", "/usr/bin/sqlite3", "/usr/bin/curl"}, false},
	SabreDAVDigest: {"sabredav.sh", []string{"SABREDAV_AUTH=digest"}, "php-sabre-dav", []string{"/usr/share/php/Sabre/autoload.php", "/usr/bin/php", "/usr/bin/sqlite3", "/usr/bin/curl"}, false},
}

const scriptTimeout = 2 * time.Minute

// Server is one running server. Xandikos takes any password; the others know alice and bob with Password.
type Server struct {
	Name     Name
	Version  string // of the Debian package
	Calendar string // the absolute URL of alice's calendar, which is empty at first
	Origin   string // scheme, host and port of it
	Address  string // host and port
	Username string
	Password string

	tb     testing.TB
	script string
	dir    string
	port   int
}

// Start starts a server with two empty calendars, alice's and bob's, and stops it when the test ends. Where it is not
// installed the test is skipped, and fails when the environment has CI=true.
func Start(tb testing.TB, name Name) *Server {
	tb.Helper()
	recipe, known := recipes[name]
	if !known {
		tb.Fatalf("no server is called %q", name)
	}
	if missing := recipe.missing(); missing != "" {
		message := fmt.Sprintf("%s is not installed (%s): run interop/servers/%s install", name, missing, recipe.script)
		if os.Getenv("CI") == "true" {
			tb.Fatal(message)
		}
		tb.Skip(message)
	}
	version, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", recipe.pkg).Output()
	if err != nil {
		version = []byte("of unknown version")
	}
	folder := tb.TempDir()
	text, err := scripts.ReadFile(recipe.script)
	if err != nil {
		tb.Fatal(err)
	}
	server := &Server{
		Name: name, Version: string(version), Username: "alice", Password: "secret",
		tb: tb, script: filepath.Join(folder, recipe.script), dir: filepath.Join(folder, "data"), port: freePort(tb),
	}
	if err := os.WriteFile(server.script, text, 0o700); err != nil {
		tb.Fatal(err)
	}
	tb.Logf("%s %s", name, server.Version)
	tb.Cleanup(func() {
		if err := server.run("stop", server.dir); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			server.tellLogs()
		}
	})
	server.Again()
	server.Origin = strings.Join(strings.SplitN(server.Calendar, "/", 4)[:3], "/")
	_, server.Address, _ = strings.Cut(server.Origin, "://")
	return server
}

// Stop ends the server and keeps its data.
func (s *Server) Stop() {
	s.tb.Helper()
	if err := s.run("stop", s.dir); err != nil {
		s.tb.Fatal(err)
	}
}

// Again starts it on its data and port after Stop.
func (s *Server) Again() {
	s.tb.Helper()
	if err := s.run("start", s.dir, strconv.Itoa(s.port)); err != nil {
		s.tb.Fatal(err)
	}
}

// Backup copies the server's data as it is now, for Restore. The server is away for a moment.
func (s *Server) Backup() (folder string) {
	s.tb.Helper()
	folder = filepath.Join(s.tb.TempDir(), "backup")
	s.Stop()
	s.copy(s.dir, folder)
	s.Again()
	return folder
}

// Restore puts the server's data back as Backup found it, as an administrator does after an accident.
func (s *Server) Restore(folder string) {
	s.tb.Helper()
	s.Stop()
	if err := os.RemoveAll(s.dir); err != nil {
		s.tb.Fatal(err)
	}
	s.copy(folder, s.dir)
	s.Again()
}

func (s *Server) copy(from, to string) {
	s.tb.Helper()
	// -a: DAViCal's database belongs to another user.
	if said, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		s.tb.Fatalf("copy the data of %s: %v: %s", s.Name, err, said)
	}
}

// tellLogs shows the end of what the server and its database logged.
func (s *Server) tellLogs() {
	s.tb.Helper()
	for _, pattern := range []string{"*.log", "pg/log"} {
		files, _ := filepath.Glob(filepath.Join(s.dir, pattern))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				s.tb.Logf("%s: %v", file, err)
			}
			s.tb.Logf("the end of %s:\n%s", file, text[max(0, len(text)-8<<10):])
		}
	}
}

// Dir is the folder with the server's data.
func (s *Server) Dir() string { return s.dir }

func (s *Server) run(arguments ...string) error {
	// The test's own context has ended when the server is stopped.
	ctx, cancel := context.WithTimeout(context.Background(), scriptTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", append([]string{s.script}, arguments...)...)
	command.Env = append(os.Environ(), recipes[s.Name].environment...)
	// Files, not pipes: what the script leaves running inherits them, and a pipe would be waited for.
	output, err := os.CreateTemp("", "agenda-server-*")
	if err != nil {
		return fmt.Errorf("%s %s: %w", s.Name, arguments[0], err)
	}
	defer os.Remove(output.Name())
	defer output.Close()
	talk, err := os.CreateTemp("", "agenda-server-*")
	if err != nil {
		return fmt.Errorf("%s %s: %w", s.Name, arguments[0], err)
	}
	defer os.Remove(talk.Name())
	defer talk.Close()
	command.Stdout, command.Stderr = output, talk
	if err := command.Run(); err != nil {
		said, _ := os.ReadFile(talk.Name())
		return fmt.Errorf("%s %s: %w: %s", s.Name, arguments[0], err, said)
	}
	if arguments[0] == "start" {
		said, err := os.ReadFile(output.Name())
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		s.Calendar = strings.TrimSpace(string(said))
	}
	return nil
}

func (r recipe) missing() string {
	for _, file := range r.needs {
		if _, err := os.Stat(file); err != nil {
			return "no " + file
		}
	}
	if r.root && os.Geteuid() != 0 {
		return "only root can start it"
	}
	return ""
}

func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
