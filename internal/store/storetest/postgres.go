package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"agendaonline/internal/store"
)

// errNotInstalled: there is no PostgreSQL where Debian puts it.
var errNotInstalled = errors.New("PostgreSQL is not installed (/usr/lib/postgresql/*/bin)")

const startWithin = 60 * time.Second

// server is a PostgreSQL of this process, started at first use.
type server struct {
	fsync  string
	memory bool // its files may lie in memory

	once      sync.Once
	folder    string
	err       error
	lifeline  io.Closer // while it is open the server runs
	databases atomic.Int64
	creating  sync.Mutex // one copy of the template at a time
}

// Benchmarks measure commits that reach the disk; tests need not wait for it.
var forTests, forBenchmarks = server{fsync: "off", memory: true}, server{fsync: "on"}

// PostgreSQL are the options of a fresh PostgreSQL database. Without PostgreSQL the test is skipped, and fails where the
// environment says CI=true.
func PostgreSQL(t testing.TB) store.Options {
	t.Helper()
	server := &forTests
	if _, isBenchmark := t.(*testing.B); isBenchmark {
		server = &forBenchmarks
	}
	server.once.Do(func() { server.err = server.start() })
	if errors.Is(server.err, errNotInstalled) && os.Getenv("CI") != "true" {
		t.Skip(server.err)
	}
	if server.err != nil {
		t.Fatal(server.err)
	}
	name := "test_" + strconv.FormatInt(server.databases.Add(1), 10)
	server.creating.Lock()
	defer server.creating.Unlock()
	if err := server.query("CREATE DATABASE " + name + " TEMPLATE agenda_template"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.query("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return store.Options{PostgreSQL: server.address(name)}
}

// place is where the server's files lie: in memory when they may and there is room, because making a database writes
// 10 MB; else in the usual place of temporary files ("").
func (server *server) place() string {
	const inMemory, needs = "/dev/shm", 1 << 30
	var room syscall.Statfs_t
	if !server.memory || syscall.Statfs(inMemory, &room) != nil || room.Bavail*uint64(room.Bsize) < needs {
		return ""
	}
	return inMemory
}

func (server *server) address(database string) string {
	values := url.Values{"host": {server.folder}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + values.Encode()
}

// start starts the server and makes a migrated database to copy.
func (server *server) start() error {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(programs) == 0 {
		return errNotInstalled
	}
	bin := filepath.Dir(slices.Max(programs))
	if server.folder, err = os.MkdirTemp(server.place(), "agenda-postgres-"); err != nil {
		return err
	}
	attributes, err := asOrdinaryUser(server.folder)
	if err != nil {
		return err
	}
	data := filepath.Join(server.folder, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attributes, server.folder
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("make database folder: %w: %s", err, output)
	}
	// The shell outlives the test by a moment: when the pipe closes, because the process ended in whatever way, it stops the
	// server and removes the folder.
	script := exec.Command("/bin/sh", "-c", `"$0/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=200 \
		-c unix_socket_permissions=0777 -c "fsync=$2" >"$1/log" 2>&1 </dev/null & read line; kill -INT $!; wait $!; cd /; rm -rf "$1"`, bin, server.folder, server.fsync)
	script.SysProcAttr, script.Dir = attributes, server.folder
	if server.lifeline, err = script.StdinPipe(); err != nil {
		return err
	}
	if err := script.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	for deadline := time.Now().Add(startWithin); ; {
		err := server.query("CREATE DATABASE agenda_template")
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(server.folder, "log"))
			return fmt.Errorf("start PostgreSQL: %w: %s", err, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
	s, err := store.Open(context.Background(), store.Options{PostgreSQL: server.address("agenda_template")})
	if err != nil {
		return err
	}
	return s.Close()
}

// asOrdinaryUser lets root run the server as the user postgres, for it refuses root; others run it as themselves.
func asOrdinaryUser(folder string) (*syscall.SysProcAttr, error) {
	// A group of its own, so that an interrupt typed at the test does not reach it before the test has ended.
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attributes, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL as root: %w", err)
	}
	uid, errUID := strconv.Atoi(account.Uid)
	gid, errGID := strconv.Atoi(account.Gid)
	if err := errors.Join(errUID, errGID, os.Chown(folder, uid, gid)); err != nil {
		return nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, nil
}

func (server *server) query(text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.address("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, text)
	return errors.Join(err, conn.Close(ctx))
}
