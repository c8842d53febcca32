package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Options say which database is opened; exactly one of SQLite and PostgreSQL is given.
type Options struct {
	// SQLite is the path of the database file. Its folder is made when it is not there, for the owner only.
	SQLite string
	// PostgreSQL is a URL or keyword/value string as libpq takes it.
	PostgreSQL string
	// Now replaces the clock that leases and retries go by: the machine's on SQLite, the database's own on PostgreSQL, on
	// which all nodes agree. Leave it nil but in tests and simulations.
	Now func() time.Time
	// RelaxedCommits lets SQLite answer before a commit is on the disk: a power cut may then lose the last ones, a crash of
	// the program none. Without it every commit is synced, because people are told that their edit is saved, and because a
	// base that the calendar was given must not be forgotten.
	RelaxedCommits bool
	// Schema is the version that a fresh database is given, to be filled from the backup of an older program; 0: the newest.
	Schema int64
}

// Store is an open database. Its methods may be called by any number of goroutines.
type Store struct {
	dialect *dialect
	write   *sql.DB // on SQLite one connection
	read    *sql.DB // on PostgreSQL the same as write
	clock   func() time.Time
	bus     *bus
	relaxed bool // no commit waits for the disk

	checkpoints                     *checkpointer // nil on PostgreSQL
	readStatements, writeStatements *statements   // nil on PostgreSQL

	settings readSettings

	narrowRows [2]int                         // see search_plan.go
	probes     [2]int                         // the same
	trace      func(query string, args []any) // hears every statement, in tests of their plans
}

// Connections to PostgreSQL, and readers of SQLite.
const (
	maxConnections   = 16
	maxSQLiteReaders = 8
)

// Open opens the database and brings its schema up to date. ErrNewerDatabase: it belongs to a newer version of the program.
func Open(ctx context.Context, options Options) (*Store, error) {
	var s *Store
	var err error
	switch {
	case (options.SQLite == "") == (options.PostgreSQL == ""):
		return nil, errors.New("open database: name either a SQLite file or a PostgreSQL URL")
	case options.SQLite != "":
		s, err = openSQLite(options)
	default:
		s, err = openPostgres(options)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.migrate(ctx, options.Schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), s.Close())
	}
	s.narrowRows, s.probes = narrowRows, probes
	s.bus.start()
	if s.checkpoints != nil {
		s.checkpoints.start()
	}
	return s, nil
}

func openSQLite(options Options) (*Store, error) {
	path, err := filepath.Abs(options.SQLite)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// SQLite gives its other files the mode of this one.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	synchronous := "synchronous(FULL)"
	if options.RelaxedCommits {
		synchronous = "synchronous(NORMAL)"
	}
	address := func(pragmas ...string) string {
		query := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
			"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(1)", "temp_store(MEMORY)", synchronous,
		}, pragmas...)}
		return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}).String()
	}
	write, err := sql.Open("sqlite", address("cache_size(-16384)", "wal_autocheckpoint("+maxLogPages+")"))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", address("cache_size(-8192)", "query_only(1)"))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(maxSQLiteReaders)
	read.SetMaxIdleConns(maxSQLiteReaders)
	now := options.Now
	if now == nil {
		now = time.Now
	}
	return &Store{dialect: sqliteDialect, write: write, read: read, clock: now, bus: newBus(nil, nil), relaxed: options.RelaxedCommits, checkpoints: newCheckpointer(read), readStatements: newStatements(read), writeStatements: newStatements(write)}, nil
}

func openPostgres(options Options) (*Store, error) {
	config, err := pgx.ParseConfig(options.PostgreSQL)
	if err != nil {
		// The cause may quote the password.
		return nil, errors.New("the PostgreSQL URL cannot be read")
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	return &Store{dialect: postgresDialect, write: db, read: db, clock: options.Now, bus: newBus(db, config)}, nil
}

// Close sends what is still to be announced, ends the goroutines of the store, and closes the database. Transactions must have ended.
func (s *Store) Close() error {
	s.bus.stop()
	s.checkpoints.stop()
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// Database names the engine, for diagnostics: "SQLite" or "PostgreSQL".
func (s *Store) Database() string { return s.dialect.name }

// Optimize lets the database look at what it holds, so that it finds it sooner: after a bulk of new rows, and once a day.
func (s *Store) Optimize(ctx context.Context) error {
	for _, statement := range s.dialect.optimize {
		if _, err := s.write.ExecContext(ctx, statement); err != nil {
			return s.dialect.translate(ctx, "optimize the database", err)
		}
	}
	return nil
}
