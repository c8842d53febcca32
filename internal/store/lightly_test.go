package store_test

import (
	"context"
	"errors"
	"testing"

	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

func TestWriteLightly_writes_as_Write_does_and_leaves_the_next_commit_to_wait_for_the_disk(t *testing.T) {
	onEach(t, func(f *fixture) {
		login := func() string {
			return load(f, func(tx *store.Tx) (string, error) { u, err := tx.User(f.anna.ID); return u.Name, err })
		}
		rename := func(name string, failure error) func(*store.Tx) error {
			return func(tx *store.Tx) error {
				user, err := tx.User(f.anna.ID)
				if err != nil {
					return err
				}
				user.Name = name
				return errors.Join(tx.UpdateUser(user, user.Version), failure)
			}
		}
		if err := f.store.WriteLightly(f.Context(), rename("lightly", nil)); err != nil {
			f.Fatal(err)
		}
		f.same("committed", login(), "lightly")
		failure := errors.New("no")
		if err := f.store.WriteLightly(f.Context(), rename("failed", failure)); !errors.Is(err, failure) {
			f.Errorf("got %v, want %v", err, failure)
		}
		f.same("rolled back", login(), "lightly")
		ended, cancel := context.WithCancel(f.Context())
		cancel()
		if err := f.store.WriteLightly(ended, rename("late", nil)); !errors.Is(err, context.Canceled) {
			f.Errorf("got %v, want that the context has ended", err)
		}
		f.write(rename("heavily", nil))
		f.same("written after it", login(), "heavily")
	})
}

// TestSQLite_waits_for_the_disk holds what WriteLightly changes for itself only.
func TestSQLite_waits_for_the_disk(t *testing.T) {
	t.Parallel()
	options := storetest.SQLite(t)
	options.RelaxedCommits = false
	s := storetest.Open(t, options)
	setting := func() string {
		rows, err := store.Strings(s, "PRAGMA synchronous")
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		return rows[0]
	}
	const full = "2"
	if got := setting(); got != full {
		t.Errorf("at the start: synchronous is %s, want %s", got, full)
	}
	within := ""
	err := s.WriteLightly(t.Context(), func(tx *store.Tx) error { within = store.Synchronous(tx); return nil })
	if err != nil || within != "1" {
		t.Errorf("within: synchronous is %s, want 1; %v", within, err)
	}
	if got := setting(); got != full {
		t.Errorf("afterwards: synchronous is %s, want %s", got, full)
	}
	_ = s.WriteLightly(t.Context(), func(*store.Tx) error { return errors.New("no") })
	if got := setting(); got != full {
		t.Errorf("after a failure: synchronous is %s, want %s", got, full)
	}
}
