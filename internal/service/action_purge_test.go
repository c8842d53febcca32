package service

import (
	"errors"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// Semantics 6: a deleted action can be restored for as long as the settings say, and is gone for good after that.
func TestPurgeExpired_empties_the_trash_by_the_setting(t *testing.T) {
	eachWorld(t, func(w *world) {
		old, young := w.action(w.user), w.action(w.user)
		_, err := w.Delete(w.ctx(), w.user, old.ID, old.Version)
		w.must(err)
		w.clock.forward(20 * 24 * time.Hour)
		_, err = w.Delete(w.ctx(), w.user, young.ID, young.Version)
		w.must(err)
		for _, step := range []struct {
			later  time.Duration
			purged int
		}{{9 * 24 * time.Hour, 0}, {2 * 24 * time.Hour, 1}, {time.Hour, 0}} {
			w.clock.forward(step.later)
			purged, err := w.PurgeExpired(w.ctx())
			w.must(err)
			if purged != step.purged {
				w.t.Errorf("after %v: %d were purged, want %d", step.later, purged, step.purged)
			}
		}
		if _, err := w.Get(w.ctx(), w.user, old.ID); !errors.Is(err, ErrNotFound) {
			w.t.Errorf("the old one: %v", err)
		}
		if _, err := w.Restore(w.ctx(), w.user, young.ID); err != nil {
			w.t.Errorf("the young one cannot be restored: %v", err)
		}
	})
}

func TestPurge_is_a_persons_act_on_what_lies_in_the_trash(t *testing.T) {
	eachWorld(t, func(w *world) {
		action := w.action(w.user)
		err := w.Purge(w.ctx(), w.user, action.ID)
		if forbidden, is := errors.AsType[*Forbidden](err); !is || forbidden.Code != CodeNotInTrash {
			w.t.Errorf("one that lives: %v", err)
		}
		link := w.link(w.user)
		w.writeRows(func(tx *store.Tx) error { return tx.PutOutbox(store.OutboxEntry{Link: link.ID, Action: action.ID}) })
		_, err = w.Delete(w.ctx(), w.user, action.ID, action.Version)
		w.must(err)
		w.wantProblem("its deletion waits", w.Purge(w.ctx(), w.user, action.ID), CodePurgeEvent, "")
		w.writeRows(func(tx *store.Tx) error { return tx.DropOutbox(link.ID, action.ID) })
		w.must(w.Purge(w.ctx(), w.user, action.ID))
		if _, err := w.Get(w.ctx(), w.user, action.ID); !errors.Is(err, ErrNotFound) {
			w.t.Errorf("purged: %v", err)
		}
	})
}

// Semantics 4: the UIDs of what was purged are known for as long as the settings say beyond that.
func TestForgetUIDs_goes_by_the_setting(t *testing.T) {
	w := oneWorld(t)
	w.writeRows(func(tx *store.Tx) error {
		return tx.PutAliases([]store.Alias{{Calendar: "https://a.example/", UID: "one", Action: crm.ActionID{9}, KnownAt: w.clock.now()}})
	})
	for _, step := range []struct {
		later     time.Duration
		forgotten int64
	}{{700 * 24 * time.Hour, 0}, {31 * 24 * time.Hour, 1}} {
		w.clock.forward(step.later)
		forgotten, err := w.ForgetUIDs(w.ctx())
		w.must(err)
		if forgotten != step.forgotten {
			t.Errorf("after %v: %d were forgotten, want %d", step.later, forgotten, step.forgotten)
		}
	}
}
