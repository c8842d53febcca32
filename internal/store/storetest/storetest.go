// Package storetest opens fresh databases for tests: SQLite in a folder of the test, PostgreSQL from a server that the test
// process starts for itself and that ends with it, however the process ends.
package storetest

import (
	"context"
	"path/filepath"
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

// SQLite are the options of a fresh SQLite database.
func SQLite(t testing.TB) store.Options {
	t.Helper()
	return store.Options{SQLite: filepath.Join(t.TempDir(), "data", "agenda.db")}
}

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
