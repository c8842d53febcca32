package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"agendaonline/internal/crm"
)

// Tx is one transaction; see the package comment for what holds in it.
type Tx struct {
	ctx      context.Context
	store    *Store
	sql      *sql.Tx
	writable bool
	prepared map[string]*sql.Stmt
	kept     *statements // of the pool that the transaction uses; nil where the driver prepares by itself
	unkept   []string    // queries that were prepared for this transaction only

	wanted    map[crm.LinkID]crm.Trigger
	announced []announcement

	planned map[string]way // how the searches of this transaction go about; see search_plan.go

	broken error // what the database refused; nothing more can be done in this transaction
}

// How often Write starts again, and how long it waits before the second time; twice as long each time after.
const (
	maxAttempts  = 10
	firstBackoff = time.Millisecond
)

// Read calls fn with a transaction that sees one moment of the database and changes nothing.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if s.dialect == postgresDialect {
		options.Isolation = sql.LevelRepeatableRead
	}
	begun, err := s.read.BeginTx(ctx, options)
	if err != nil {
		return s.dialect.translate(ctx, "begin to read", err)
	}
	tx := &Tx{ctx: ctx, store: s, sql: begun, kept: s.readStatements}
	defer tx.learn()
	defer begun.Rollback()
	return fn(tx)
}

// row reads the one row of a query outside of any transaction.
func (s *Store) row(ctx context.Context, query string, args []any, targets ...any) error {
	if s.trace != nil {
		s.trace(query, args)
	}
	if !s.dialect.prepares {
		return s.read.QueryRowContext(ctx, query, args...).Scan(targets...)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	statement, err := s.readStatements.prepared(ctx, query)
	if err != nil {
		return err
	}
	return statement.QueryRowContext(context.WithoutCancel(ctx), args...).Scan(targets...)
}

// Write calls fn with a transaction and commits what it did unless it returns an error. When another transaction was in the
// way it starts again, calling fn anew, a bounded number of times. ErrUnknownOutcome: the commit may have happened.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error {
	return s.writeAgain(ctx, fn, false)
}

// WriteLightly is Write for what may be forgotten in a power cut, though not in a crash of the program: leases, and when a link
// was looked at. It does not wait for the disk. What Write commits afterwards never stands without what WriteLightly
// committed before.
func (s *Store) WriteLightly(ctx context.Context, fn func(*Tx) error) error {
	return s.writeAgain(ctx, fn, true)
}

func (s *Store) writeAgain(ctx context.Context, fn func(*Tx) error, lightly bool) error {
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		err := s.writeOnce(ctx, fn, lightly)
		if err == nil || attempt == maxAttempts || !transient(err) {
			return err
		}
		wait := time.NewTimer(backoff)
		select {
		case <-ctx.Done():
			wait.Stop()
			return fmt.Errorf("write again: %w", context.Cause(ctx))
		case <-wait.C:
		}
		backoff *= 2
	}
}

func (s *Store) writeOnce(ctx context.Context, fn func(*Tx) error, lightly bool) error {
	begun, end, err := s.begin(ctx, lightly)
	if err != nil {
		return s.dialect.translate(ctx, "begin to write", err)
	}
	tx := &Tx{ctx: ctx, store: s, sql: begun, writable: true, kept: s.writeStatements}
	defer tx.learn()
	defer end()
	defer begun.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	if tx.broken != nil {
		return tx.broken
	}
	if err := tx.wakeWanted(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("commit: %w", context.Cause(ctx))
	}
	if err := begun.Commit(); err != nil {
		return s.commitError(ctx, err)
	}
	s.checkpoints.signal()
	s.bus.publish(tx.announced)
	return nil
}

// begin begins a transaction that writes. end is called when it is over.
func (s *Store) begin(ctx context.Context, lightly bool) (begun *sql.Tx, end func(), err error) {
	end = func() {}
	if !lightly || s.relaxed {
		begun, err = s.write.BeginTx(ctx, nil)
		return begun, end, err
	}
	if s.dialect.heavily == "" {
		if begun, err = s.write.BeginTx(ctx, nil); err == nil {
			if _, err = begun.ExecContext(ctx, s.dialect.lightly); err != nil {
				_ = begun.Rollback()
			}
		}
		return begun, end, err
	}
	connection, err := s.write.Conn(ctx)
	if err != nil {
		return nil, end, err
	}
	end = func() {
		// Nothing may go on with a connection that does not wait for the disk.
		if _, err := connection.ExecContext(context.WithoutCancel(ctx), s.dialect.heavily); err != nil {
			_ = connection.Raw(func(any) error { return driver.ErrBadConn })
		}
		_ = connection.Close()
	}
	if _, err = connection.ExecContext(context.WithoutCancel(ctx), s.dialect.lightly); err == nil {
		begun, err = connection.BeginTx(ctx, nil)
	}
	if err != nil {
		end()
	}
	return begun, end, err
}

// commitError tells a commit that was refused, or never sent, from one that may have happened.
func (s *Store) commitError(ctx context.Context, err error) error {
	kind, _ := s.dialect.classify(err)
	var refused *pgconn.PgError
	switch {
	case err == ctx.Err(), err == sql.ErrTxDone: // database/sql says so itself, before the driver is asked
	case kind != kindOther:
	case errors.As(err, &refused) && refused.Severity == "ERROR", errors.Is(err, pgx.ErrTxCommitRollback):
	default:
		// pgconn.SafeToRetry is no help here: pgx 5.12 says it of a connection lost while it waited for the answer.
		return fmt.Errorf("commit: %w: %v", ErrUnknownOutcome, err)
	}
	return s.dialect.translate(ctx, "commit", err)
}

// Now is the time that leases and retries go by.
func (tx *Tx) Now() (time.Time, error) {
	if tx.store.clock != nil {
		return tx.store.clock().UTC().Truncate(time.Microsecond), nil
	}
	var now time.Time
	err := tx.queryRow("read the clock", tx.store.dialect.clock).Scan(intoTime(&now))
	return now, err
}

// exec runs a statement and says how many rows it touched.
func (tx *Tx) exec(attempted, query string, args ...any) (int64, error) {
	if err := tx.ready(attempted, query, args); err != nil {
		return 0, err
	}
	var result sql.Result
	statement, err := tx.statement(query)
	switch {
	case err != nil:
	case statement != nil:
		result, err = statement.ExecContext(tx.short(), args...)
	default:
		result, err = tx.sql.ExecContext(tx.ctx, query, args...)
	}
	if err != nil {
		return 0, tx.failed(attempted, err)
	}
	n, err := result.RowsAffected()
	return n, tx.failed(attempted, err)
}

// execOne runs a statement that must touch exactly one row; otherwise it fails with missing.
func (tx *Tx) execOne(missing error, attempted, query string, args ...any) error {
	n, err := tx.exec(attempted, query, args...)
	if err == nil && n == 0 {
		return fmt.Errorf("%s: %w", attempted, missing)
	}
	return err
}

// rows yields the rows of a query, to be scanned before the next. Nothing else may be asked of tx meanwhile.
func (tx *Tx) rows(attempted, query string, args ...any) iter.Seq2[scanner, error] {
	return func(yield func(scanner, error) bool) {
		if err := tx.ready(attempted, query, args); err != nil {
			yield(scanner{}, err)
			return
		}
		var rows *sql.Rows
		statement, err := tx.statement(query)
		switch {
		case err != nil:
		case statement != nil:
			rows, err = statement.QueryContext(tx.short(), args...)
		default:
			rows, err = tx.sql.QueryContext(tx.ctx, query, args...)
		}
		if err != nil {
			yield(scanner{}, tx.failed(attempted, err))
			return
		}
		defer rows.Close()
		row := scanner{tx, attempted, rows.Scan}
		for rows.Next() {
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(scanner{}, tx.failed(attempted, err))
		}
	}
}

// queryRow is the one row of a query; scanning it fails with ErrNotFound when there is none.
func (tx *Tx) queryRow(attempted, query string, args ...any) scanner {
	if err := tx.ready(attempted, query, args); err != nil {
		return scanner{tx, attempted, func(...any) error { return err }}
	}
	statement, err := tx.statement(query)
	if err != nil {
		return scanner{tx, attempted, func(...any) error { return err }}
	}
	if statement != nil {
		return scanner{tx, attempted, statement.QueryRowContext(tx.short(), args...).Scan}
	}
	return scanner{tx, attempted, tx.sql.QueryRowContext(tx.ctx, query, args...).Scan}
}

// short is the context of one statement. Those of a transaction that writes are short on SQLite, and are not broken off
// midway: to watch for that costs a goroutine for each. The next one is refused.
func (tx *Tx) short() context.Context {
	if tx.writable && tx.store.dialect.prepares {
		return context.WithoutCancel(tx.ctx)
	}
	return tx.ctx
}

// statement is the query prepared in this transaction, nil where the driver prepares by itself.
func (tx *Tx) statement(query string) (*sql.Stmt, error) {
	if !tx.store.dialect.prepares {
		return nil, nil
	}
	if statement, known := tx.prepared[query]; known {
		return statement, nil
	}
	var statement *sql.Stmt
	if kept := tx.kept.get(query); kept != nil {
		statement = tx.sql.StmtContext(tx.ctx, kept)
	} else {
		var err error
		if statement, err = tx.sql.PrepareContext(tx.ctx, query); err != nil {
			return nil, err
		}
		tx.unkept = append(tx.unkept, query)
	}
	if tx.prepared == nil {
		tx.prepared = map[string]*sql.Stmt{}
	}
	tx.prepared[query] = statement
	return statement, nil
}

// learn lets the store keep the statements of a transaction that has ended.
func (tx *Tx) learn() {
	if tx.kept != nil && len(tx.unkept) > 0 {
		tx.kept.learn(tx.ctx, tx.unkept)
	}
}

// forChange ends a SELECT whose rows this transaction may go on to change.
func (tx *Tx) forChange() string {
	if tx.writable {
		return tx.store.dialect.lockRows
	}
	return ""
}

// failed gives an error of the database its meaning. SQLite would go on after it and PostgreSQL would not, so neither does.
func (tx *Tx) failed(attempted string, err error) error {
	translated := tx.store.dialect.translate(tx.ctx, attempted, err)
	if translated != nil && tx.broken == nil && !errors.Is(translated, ErrNotFound) {
		tx.broken = translated
	}
	return translated
}

// ready refuses what cannot be asked: anything after a failure, and text that one of the databases cannot keep.
func (tx *Tx) ready(attempted, query string, args []any) error {
	if tx.broken != nil {
		return tx.broken
	}
	if tx.ctx.Err() != nil {
		return fmt.Errorf("%s: %w", attempted, context.Cause(tx.ctx))
	}
	for _, arg := range args {
		text, isText := arg.(string)
		if isText && (strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text)) {
			return fmt.Errorf("%s: %w", attempted, ErrText)
		}
	}
	if tx.store.trace != nil {
		tx.store.trace(query, args)
	}
	return nil
}

// scanner reads the columns of one row.
type scanner struct {
	tx        *Tx
	attempted string
	scan      func(...any) error
}

// Scan reads the columns into the targets.
func (s scanner) Scan(targets ...any) error {
	err := s.scan(targets...)
	if err == nil || errors.Is(err, ErrText) || err == s.tx.broken {
		return err
	}
	return s.tx.failed(s.attempted, err)
}
