package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"agendaonline/internal/store"
)

// Emptier takes away what a test put into a database, so that the next one can go on with the same open store: making a
// database costs more than a short history, and so does preparing each query anew.
type Emptier struct {
	db         *sql.DB
	statements []string
	after      string
}

// kept are the tables whose rows the migrations make, and goose's own.
var kept = []string{"settings", "goose_db_version"}

// NewEmptier connects to a database whose schema is made. The caller closes it.
func NewEmptier(ctx context.Context, options store.Options) (*Emptier, error) {
	e := &Emptier{}
	// Indexes of words follow their tables by triggers.
	tables := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'action_words%' ORDER BY name"
	if options.PostgreSQL != "" {
		config, err := pgx.ParseConfig(options.PostgreSQL)
		if err != nil {
			return nil, err
		}
		e.db = stdlib.OpenDB(*config)
		tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
		e.statements = append(e.statements, "SET session_replication_role = replica") // no foreign keys
	} else {
		e.after = "PRAGMA wal_checkpoint(PASSIVE)" // the next history writes into a short log again
		path, err := filepath.Abs(options.SQLite)
		if err != nil {
			return nil, err
		}
		query := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "foreign_keys(0)", "synchronous(OFF)"}}
		if e.db, err = sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}).String()); err != nil {
			return nil, err
		}
	}
	e.db.SetMaxOpenConns(1)
	rows, err := e.db.QueryContext(ctx, tables)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("list tables: %w", err), e.db.Close())
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return nil, errors.Join(err, e.db.Close())
		}
		if !slices.Contains(kept, table) {
			e.statements = append(e.statements, "DELETE FROM "+table)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, errors.Join(err, e.db.Close())
	}
	return e, nil
}

// Empty deletes every row but the settings: the service is started anew on what is left. Nobody else may use the database meanwhile.
func (e *Emptier) Empty(ctx context.Context) error {
	for _, statement := range []string{"BEGIN; " + strings.Join(e.statements, "; ") + "; COMMIT", e.after} {
		if statement == "" {
			continue
		}
		if _, err := e.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("empty the database: %w", err)
		}
	}
	return nil
}

// Close ends its connection.
func (e *Emptier) Close() error { return e.db.Close() }
