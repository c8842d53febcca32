package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// What callers branch on.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrVersion: the row was changed since it was read; nothing was written.
	ErrVersion = errors.New("the row was changed by somebody else")
	// ErrLeaseLost: the run does not hold its link any more; nothing was written.
	ErrLeaseLost = errors.New("the lease is lost")
	// ErrUnknownOutcome: the commit was sent and no answer came. It must be looked up before it is done again.
	ErrUnknownOutcome = errors.New("it is not known whether the commit happened")
	// ErrNewerDatabase: a newer version of the program has migrated the database.
	ErrNewerDatabase = errors.New("the database was migrated by a newer version of the program")
	// ErrText: a text holds NUL or is not UTF-8, which PostgreSQL cannot keep.
	ErrText = errors.New("text holds NUL or is not UTF-8")
	// ErrFull: there is no room left; nothing was written.
	ErrFull = errors.New("the database has no room left")
)

// Unique says what must be there once only.
type Unique string

// What must be there once only.
const (
	UniqueLogin       Unique = "login"
	UniqueUserLink    Unique = "link of the user"
	UniqueCalendar    Unique = "calendar"
	UniqueHref        Unique = "href"
	UniqueToken       Unique = "token"
	UniqueIdempotency Unique = "idempotency key"
	UniqueRow         Unique = "row"
)

// ErrDuplicate: What is there already. It is found by errors.As, or by errors.Is with a value of the same What.
type ErrDuplicate struct{ What Unique }

func (e ErrDuplicate) Error() string { return "there is already such a " + string(e.What) }

// databaseError is an error of the database, its driver's type kept private. Its text holds no values of rows.
type databaseError struct {
	attempted string
	cause     error
	kind      errorKind
}

type errorKind uint8

const (
	kindOther     errorKind = iota
	kindTransient           // another transaction was in the way: the same again may succeed
	kindUnique
	kindFull
)

func (e *databaseError) Error() string { return fmt.Sprintf("%s: %v", e.attempted, e.cause) }

func (e *databaseError) Unwrap() error {
	if e.kind == kindFull {
		return ErrFull
	}
	return nil
}

// translate gives err the meaning it has for callers. attempted says what was tried on what.
func (d *dialect) translate(ctx context.Context, attempted string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%s: %w", attempted, ErrNotFound)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", attempted, context.Cause(ctx))
	}
	kind, what := d.classify(err)
	if kind == kindUnique {
		return fmt.Errorf("%s: %w", attempted, ErrDuplicate{what})
	}
	return &databaseError{attempted, err, kind}
}

func transient(err error) bool {
	var failed *databaseError
	return errors.As(err, &failed) && failed.kind == kindTransient
}
