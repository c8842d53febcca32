package store

import (
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// dialect is what differs between the two databases.
type dialect struct {
	name          string
	goose         goose.Dialect
	migrations    string // folder in migrationFiles
	placeholder   byte   // of generated lists: SQLite compares each new $n with all before it, ?n costs nothing
	countedParams bool   // of bulk inserts: SQLite searches a list for the number of each
	prepares      bool   // statements are prepared once in a transaction; pgx does that by itself

	lockRows    string // ends a SELECT of rows that the transaction may change
	lockLease   string // ends a SELECT of a lease that must stay as it is, but for who wants it
	skipLocked  string // ends a SELECT of rows that nobody else holds, with or without lockLease
	clock       string // a query for the database's clock in microseconds; "" where the program's clock is the clock
	ownPlanning bool   // searches choose their index themselves
	contains    string // that a row's own text of words holds a part
	enterWords  string // enters the words of new actions into the index of words, where that is not done by the database
	notifies    bool   // other nodes hear of announcements through the database
	optimize    []string
	lightly     string // lets commits not wait for the disk: that of a transaction, or those of a connection until heavily
	heavily     string

	classify func(error) (errorKind, Unique)
}

var sqliteDialect = &dialect{
	name:        "SQLite",
	goose:       goose.DialectSQLite3,
	migrations:  "migrations/sqlite",
	placeholder: '?',
	prepares:    true,
	ownPlanning: true,
	contains:    "instr(a.search_text, %s) > 0",
	enterWords:  "INSERT INTO action_words (rowid, words) SELECT seq, search_text FROM action WHERE seq > (SELECT COALESCE(MAX(rowid), 0) FROM action_words)",
	optimize:    []string{"PRAGMA optimize", "INSERT INTO action_words (action_words) VALUES ('optimize')"},
	lightly:     "PRAGMA synchronous = NORMAL",
	heavily:     "PRAGMA synchronous = FULL",
	classify:    classifySQLite,
}

var postgresDialect = &dialect{
	name:          "PostgreSQL",
	goose:         goose.DialectPostgres,
	migrations:    "migrations/postgres",
	placeholder:   '$',
	countedParams: true,
	lockRows:      " FOR NO KEY UPDATE",
	contains:      "strpos(a.search_text, %s) > 0",
	// An UPDATE that leaves the key alone goes past KEY SHARE, and FOR UPDATE does not (PostgreSQL, explicit locking).
	lockLease:  " FOR KEY SHARE",
	skipLocked: " FOR UPDATE SKIP LOCKED",
	clock:      "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
	notifies:   true,
	optimize:   []string{"VACUUM ANALYZE"},
	lightly:    "SET LOCAL synchronous_commit = off",
	classify:   classifyPostgres,
}

// param is the n-th parameter of a generated statement, counted from 1.
func (d *dialect) param(n int) string { return string(d.placeholder) + strconv.Itoa(n) }

// params is a list of count parameters from the first-th on: "$3, $4, $5".
func (d *dialect) params(first, count int) string {
	text := make([]byte, 0, count*6)
	for i := range count {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = append(text, d.placeholder)
		text = strconv.AppendInt(text, int64(first+i), 10)
	}
	return string(text)
}

// classifySQLite reads SQLite's result codes. It names no constraint: methods that can violate several look before.
func classifySQLite(err error) (errorKind, Unique) {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return kindOther, ""
	}
	switch failed.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return kindUnique, UniqueRow
	}
	switch failed.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return kindTransient, ""
	case sqlite3.SQLITE_FULL:
		return kindFull, ""
	}
	return kindOther, ""
}

// classifyPostgres reads the codes of PostgreSQL (its appendix A).
func classifyPostgres(err error) (errorKind, Unique) {
	var failed *pgconn.PgError
	if !errors.As(err, &failed) {
		return kindOther, ""
	}
	switch failed.Code {
	case "23505": // unique_violation
		if what, known := postgresConstraints[failed.ConstraintName]; known {
			return kindUnique, what
		}
		return kindUnique, UniqueRow
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return kindTransient, ""
	case "53100": // disk_full
		return kindFull, ""
	}
	return kindOther, ""
}

var postgresConstraints = map[string]Unique{
	"app_user_login":   UniqueLogin,
	"link_user":        UniqueUserLink,
	"link_calendar":    UniqueCalendar,
	"resource_href":    UniqueHref,
	"api_token_hash":   UniqueToken,
	"idempotency_pkey": UniqueIdempotency,
}
