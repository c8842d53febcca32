package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

func TestOpen_asks_for_exactly_one_database(t *testing.T) {
	t.Parallel()
	for _, options := range []store.Options{{}, {SQLite: filepath.Join(t.TempDir(), "a.db"), PostgreSQL: "postgres:///a"}} {
		if s, err := store.Open(context.Background(), options); err == nil {
			t.Errorf("Open(%+v): got a store, want an error", options)
			s.Close()
		}
	}
}

func TestOpen_again_finds_what_was_written(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		anna := newUser("anna")
		first := &fixture{T: t, store: storetest.Open(t, fresh)}
		first.write(func(tx *store.Tx) error { return tx.InsertUser(anna, "") })
		second := &fixture{T: t, store: storetest.Open(t, fresh)}
		got := load(second, func(tx *store.Tx) (crm.User, error) { return tx.User(anna.ID) })
		second.same("user", got, anna)
	})
}

func TestOpen_sqlite_is_for_the_owner_only(t *testing.T) {
	t.Parallel()
	options := storetest.SQLite(t)
	s := storetest.Open(t, options)
	if err := s.Write(context.Background(), func(tx *store.Tx) error { return tx.InsertUser(newUser("anna"), "") }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "/agenda.db": 0o600, "/agenda.db-wal": 0o600} {
		info, err := os.Stat(filepath.Dir(options.SQLite) + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of data%s: got %o, want %o", name, got, want)
		}
	}
}

func TestOpen_sqlite_takes_any_path(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "été #1 100% a?b", "agenda.db")
	storetest.Open(t, store.Options{SQLite: path})
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestOpen_postgres_error_hides_the_password(t *testing.T) {
	t.Parallel()
	_, err := store.Open(context.Background(), store.Options{PostgreSQL: "postgres://me:geheim@localhost:port/x"})
	if err == nil || errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got error %v, want one without the password", err)
	}
}

func TestRead_sees_one_moment(t *testing.T) {
	onEach(t, func(f *fixture) {
		f.read(func(tx *store.Tx) error {
			before, err := tx.Users()
			if err != nil {
				return err
			}
			f.write(func(tx *store.Tx) error { return tx.InsertUser(newUser("carl"), "") })
			after, err := tx.Users()
			if len(after) != len(before) {
				f.Errorf("users in one transaction: got %d, then %d", len(before), len(after))
			}
			return err
		})
	})
}

func TestRead_changes_nothing(t *testing.T) {
	onEach(t, func(f *fixture) {
		err := f.store.Read(context.Background(), func(tx *store.Tx) error { return tx.InsertUser(newUser("carl"), "") })
		if err == nil {
			f.Error("insert in a reading transaction: got no error")
		}
	})
}

func TestWrite_leaves_nothing_of_a_failed_function(t *testing.T) {
	onEach(t, func(f *fixture) {
		own := errors.New("changed my mind")
		f.writeFails(own, func(tx *store.Tx) error {
			return errors.Join(tx.InsertUser(newUser("carl"), ""), own)
		})
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (crm.User, error) { return tx.UserByLogin("carl") })
	})
}

func TestWrite_of_many_at_once_loses_nothing(t *testing.T) {
	onEach(t, func(f *fixture) {
		action := newAction(f.anna.ID, "counted", "2026-11-24 - - - Europe/Brussels")
		f.write(func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{action}) })
		const writers, rounds = 6, 10
		failed := make(chan error, writers)
		for range writers {
			go func() {
				var err error
				for i := 0; i < rounds && err == nil; i++ {
					err = f.store.Write(context.Background(), func(tx *store.Tx) error {
						action, err := tx.Action(action.ID)
						if err != nil {
							return err
						}
						// The row stays locked since it was read, so nobody else can have raised its version.
						return errors.Join(tx.UpdateAction(action, action.Version), tx.Want(f.link.ID, crm.TriggerPerson))
					})
				}
				failed <- err
			}()
		}
		for range writers {
			if err := <-failed; err != nil {
				f.Error(err)
			}
		}
		got := load(f, func(tx *store.Tx) (crm.Action, error) { return tx.Action(action.ID) })
		if got.Version != 1+writers*rounds {
			f.Errorf("version after %d updates: got %d", writers*rounds, got.Version)
		}
	})
}

func TestWrite_obeys_its_context(t *testing.T) {
	onEach(t, func(f *fixture) {
		ctx, cancel := context.WithCancel(context.Background())
		err := f.store.Write(ctx, func(tx *store.Tx) error {
			err := tx.InsertUser(newUser("carl"), "")
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			f.Errorf("write with a context that ends: got error %v", err)
		}
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (crm.User, error) { return tx.UserByLogin("carl") })
	})
}

func TestWrite_refuses_text_that_one_database_cannot_keep(t *testing.T) {
	onEach(t, func(f *fixture) {
		for _, text := range []string{"a\x00b", "a\xffb"} {
			f.writeFails(store.ErrText, func(tx *store.Tx) error {
				return tx.InsertActions([]crm.Action{newAction(f.anna.ID, text, "- - - - -")})
			})
		}
	})
}

func TestNow_without_given_clock_is_the_present(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		f := &fixture{T: t, store: storetest.Open(t, fresh)}
		got := load(f, func(tx *store.Tx) (time.Time, error) { return tx.Now() })
		if off := time.Since(got).Abs(); off > time.Minute || got.Location() != time.UTC {
			t.Errorf("now: got %v, off by %v", got, off)
		}
	})
}
