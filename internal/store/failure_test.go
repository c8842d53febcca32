package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

func TestWrite_after_a_failure_nothing_more_is_written(t *testing.T) {
	onEach(t, func(f *fixture) {
		action := f.insertActions("call")[0]
		var duplicate store.ErrDuplicate
		err := f.store.Write(context.Background(), func(tx *store.Tx) error {
			if err := tx.InsertActions([]crm.Action{action}); !errors.As(err, &duplicate) {
				f.Errorf("insert an action twice: got error %v, want a duplicate", err)
			}
			duplicate = store.ErrDuplicate{}
			if err := tx.InsertUser(newUser("carl"), ""); !errors.As(err, &duplicate) {
				f.Errorf("write after a failure: got error %v, want the one before", err)
			}
			return nil // as if all were well
		})
		if !errors.As(err, &duplicate) {
			f.Errorf("end of a transaction after a failure: got error %v, want it", err)
		}
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (crm.User, error) { return tx.UserByLogin("carl") })
		f.write(func(tx *store.Tx) error { return tx.InsertUser(newUser("carl"), "") })
	})
}

func TestWrite_what_is_not_found_or_moved_is_no_failure(t *testing.T) {
	onEach(t, func(f *fixture) {
		f.write(func(tx *store.Tx) error {
			if _, err := tx.Action(newID[crm.Action]()); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if err := tx.UpdateUser(f.bob, 7); !errors.Is(err, store.ErrVersion) {
				return err
			}
			return tx.InsertUser(newUser("carl"), "")
		})
		load(f, func(tx *store.Tx) (crm.User, error) { return tx.UserByLogin("carl") })
	})
}

// TestF34_a_full_disk_refuses_and_goes_on_once_there_is_room is F34 for SQLite, whose size can be bounded.
func TestF34_a_full_disk_refuses_and_goes_on_once_there_is_room(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	for _, statement := range []string{"PRAGMA max_page_count = 1"} { // the smallest is what there is
		if err := store.Exec(s, statement); err != nil {
			t.Fatal(err)
		}
	}
	anna := newUser("anna")
	anna.Name = strings.Repeat("long ", 10_000)
	insert := func(tx *store.Tx) error { return tx.InsertUser(anna, "") }
	if err := s.Write(context.Background(), insert); !errors.Is(err, store.ErrFull) {
		t.Errorf("write without room: got error %v, want %v", err, store.ErrFull)
	}
	if err := store.Exec(s, "PRAGMA max_page_count = 100000"); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(context.Background(), insert); err != nil {
		t.Errorf("write with room again: %v", err)
	}
}

// TestF35_a_connection_cut_at_commit_is_an_unknown_outcome is F35: whether it happened must be looked up.
func TestF35_a_connection_cut_at_commit_is_an_unknown_outcome(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"commit_never_arrived": false, "answer_was_lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options, cutter := storetest.Cuttable(t)
			s := storetest.Open(t, options)
			anna := newUser("anna")
			calls := 0
			cutter.Cut(after)
			err := s.Write(context.Background(), func(tx *store.Tx) error {
				calls++
				return tx.InsertUser(anna, "")
			})
			if !errors.Is(err, store.ErrUnknownOutcome) || calls != 1 {
				t.Errorf("write: got error %v after %d calls, want %v after 1", err, calls, store.ErrUnknownOutcome)
			}
			err = s.Read(context.Background(), func(tx *store.Tx) error {
				_, err := tx.User(anna.ID)
				return err
			})
			if happened := err == nil; happened != after {
				t.Errorf("looked up: got error %v, want happened %v", err, after)
			}
		})
	}
}
