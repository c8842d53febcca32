package storetest

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/store"
)

// Older copies a SQLite database that nobody has open into a fresh one of an older schema: what a program of that schema
// would have left, with all of its tables and columns. What the older schema has no place for stays behind.
func Older(t testing.TB, newer store.Options, schema int64) store.Options {
	t.Helper()
	options := store.Options{SQLite: filepath.Join(t.TempDir(), "older", "agenda.db"), Schema: schema}
	made, err := store.Open(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	options.Schema = 0
	db := raw(t, options.SQLite)
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.Exec(statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec("ATTACH DATABASE ? AS newer", newer.SQLite)
	tables := words(t, db, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'action_words%' AND name NOT LIKE 'goose%'")
	for _, table := range tables {
		columns := words(t, db, "SELECT name FROM pragma_table_info(?, 'main')", table)
		known := words(t, db, "SELECT name FROM pragma_table_info(?, 'newer')", table)
		columns = slices.DeleteFunc(columns, func(column string) bool { return !slices.Contains(known, column) })
		list := strings.Join(columns, ", ")
		exec("DELETE FROM main." + table)
		exec("INSERT INTO main." + table + " (" + list + ") SELECT " + list + " FROM newer." + table)
	}
	exec("INSERT INTO action_words (rowid, words) SELECT seq, search_text FROM main.action")
	exec("DETACH DATABASE newer")
	return options
}

func words(t testing.TB, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			t.Fatal(err)
		}
		all = append(all, word)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
