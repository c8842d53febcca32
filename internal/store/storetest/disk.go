package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"

	"agendaonline/internal/store"
)

// Disk is what a SQLite database may grow to: it stands for a disk that something else fills, and leaves again.
type Disk struct {
	db *sql.DB
}

// room is what a small disk has, in bytes: enough for what a test begins with.
const room = 2 << 20

// bounded are the paths of databases that must not grow.
var bounded sync.Map

func init() {
	sqlite.RegisterConnectionHook(func(connection sqlite.ExecQuerierContext, dsn string) error {
		path, _, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
		if _, is := bounded.Load(path); !is || !strings.Contains(dsn, "wal_autocheckpoint") { // the connection that writes
			return nil
		}
		// The least that SQLite takes is what the file has.
		_, err := connection.ExecContext(context.Background(), "PRAGMA max_page_count = 1", nil)
		return err
	})
}

// SmallDisk are the options of a fresh SQLite database that has a few MiB of room, and what takes that room away.
func SmallDisk(t testing.TB) (store.Options, *Disk) {
	t.Helper()
	options := SQLite(t)
	disk := &Disk{db: raw(t, options.SQLite)}
	disk.exec(t, fmt.Sprintf("CREATE TABLE ballast (bytes BLOB NOT NULL); INSERT INTO ballast VALUES (zeroblob(%d)); DELETE FROM ballast; PRAGMA wal_checkpoint(TRUNCATE)", room))
	bounded.Store(options.SQLite, true)
	t.Cleanup(func() { bounded.Delete(options.SQLite) })
	return options, disk
}

// raw is a connection of a test's own to a SQLite database, closed when the test ends.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "foreign_keys(0)", "synchronous(OFF)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}).String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Fill takes all room there is.
func (d *Disk) Fill(t testing.TB) {
	t.Helper()
	for {
		var free int
		if err := d.db.QueryRow("PRAGMA freelist_count").Scan(&free); err != nil {
			t.Fatal(err)
		}
		if free == 0 {
			return
		}
		d.exec(t, fmt.Sprintf("INSERT INTO ballast VALUES (zeroblob(%d))", max(free-8, 0)*4000+3000)) // pages of 4 KiB
	}
}

// Free gives the room back.
func (d *Disk) Free(t testing.TB) {
	t.Helper()
	d.exec(t, "DELETE FROM ballast")
}

func (d *Disk) exec(t testing.TB, statement string) {
	t.Helper()
	if _, err := d.db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// Hold keeps a SQLite database from being written, as another program does, until free is called.
func Hold(t testing.TB, path string) (free func()) {
	t.Helper()
	tx, err := raw(t, path).BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// WithoutLog is a copy of the file of a SQLite database as it is now. What is committed afterwards is not in it, for that is in the log
// beside the file.
func WithoutLog(t testing.TB, path string) string {
	t.Helper()
	if _, err := raw(t, path).Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	saved := filepath.Join(t.TempDir(), "saved.db")
	if err := os.WriteFile(saved, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return saved
}
