// Package storetest opens fresh databases for tests: SQLite in a folder of the test, PostgreSQL from a server that the test
// process starts for itself and that ends with it, however the process ends.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"agendaonline/internal/store"
)

// Each runs a test once for each database, as parallel subtests named after it, with the options of a fresh one. Without
// PostgreSQL its subtest is skipped, and fails where the environment says CI=true.
func Each(t *testing.T, test func(t *testing.T, fresh store.Options)) {
	t.Helper()
	for _, database := range []struct {
		name  string
		fresh func(testing.TB) store.Options
	}{{"SQLite", SQLite}, {"PostgreSQL", PostgreSQL}} {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			test(t, database.fresh(t))
		})
	}
}

// SQLite are the options of a fresh SQLite database, its schema made: a copy of one that the process makes once, because
// reading the migrations costs more than most tests (4 MiB a statement, in goose's parser).
func SQLite(t testing.TB) store.Options {
	t.Helper()
	text, err := template()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data", "agenda.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return store.Options{SQLite: path}
}

// template is the file of a fresh database; closing it has brought its log into it.
var template = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "agenda-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "data", "agenda.db")
	made, err := store.Open(context.Background(), store.Options{SQLite: path})
	if err != nil {
		return nil, fmt.Errorf("make the template database: %w", err)
	}
	if err := made.Close(); err != nil {
		return nil, fmt.Errorf("make the template database: %w", err)
	}
	return os.ReadFile(path)
})

// Open opens a store that is closed when the test ends.
func Open(t testing.TB, options store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
