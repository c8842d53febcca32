package syncer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// Servers that do not keep one writer from overwriting another (semantics 7, S1 of the oracle): each write of what exists is
// counted, and so is what is seen of somebody who wrote in the same exchange.

// unguarded is a world whose server shows traits, with an event and its action.
func unguarded(t *testing.T, change func(*sandbox.Manners), traits ...dav.Trait) (*world, crm.Action) {
	t.Helper()
	manners := sandbox.Plain()
	change(&manners)
	w := one(t, manners)
	w.link(w.anna, func(_ *crm.Link, sync *store.LinkSync) {
		for _, trait := range traits {
			sync.Traits = sync.Traits.With(trait, dav.Evidence{At: w.clock.now(), Seen: "a test"})
		}
	})
	w.put(w.anna, "one", "Lunch", "20261125T110000Z", "DESCRIPTION:as it was")
	w.sync(w.anna)
	return w, w.only(w.anna)
}

func racy(m *sandbox.Manners)     { m.RaceWindow = time.Minute }
func ignoring(m *sandbox.Manners) { m.IgnoresMatch = true }

// counts are those of all runs together.
func (w *world) counts() crm.Counts {
	w.Helper()
	var all crm.Counts
	w.read(func(tx *store.Tx) error {
		runs, err := tx.Runs(crm.LinkID{}, crm.RunID{}, 200)
		all = crm.Counts{}
		for _, run := range runs {
			all.Unguarded, all.Crossed = all.Unguarded+run.Counts.Unguarded, all.Crossed+run.Counts.Crossed
		}
		return err
	})
	return all
}

// late puts a text under the ETag that was there before our own write, once that was answered.
func (w *world) late(request, line string) {
	old := w.item("one")
	name, _, _ := strings.Cut(line, ":")
	body := strings.Replace(old.Body, name+":"+old.Line(name), line, 1)
	w.meanwhile(syncer.AfterRequest, request, func() {
		_, err := w.phone(w.anna).Put("work", "one.ics", body, old.ETag)
		w.must(err)
	})
}

func TestUnguarded_each_write_is_counted(t *testing.T) {
	w, action := unguarded(t, ignoring, dav.NoIfMatch, dav.NoIfMatchOnDelete)
	w.change(w.anna, action.ID, subject("Lunch by desk"))
	w.push(w.anna)
	w.delete(w.anna, action.ID)
	w.push(w.anna)
	w.same("writes", w.counts(), crm.Counts{Unguarded: 2})
	w.same("events", w.events(w.anna), "[]")
	w.quiet(w.anna)
}

func TestUnguarded_a_guarded_write_is_not_counted(t *testing.T) {
	w := one(t)
	w.link(w.anna)
	w.put(w.anna, "one", "Lunch", "20261125T110000Z")
	w.sync(w.anna)
	w.change(w.anna, w.only(w.anna).ID, subject("Lunch by desk"))
	w.push(w.anna)
	w.same("writes", w.counts(), crm.Counts{})
}

// A phone that had not seen our subject wrote over it: ours is written once more, and what the phone changed is taken.
func TestUnguarded_what_somebody_overwrote_unseen_is_written_again(t *testing.T) {
	w, action := unguarded(t, racy, dav.RacyIfMatch)
	w.change(w.anna, action.ID, subject("Lunch by desk"))
	w.late("put", "DESCRIPTION:by phone")
	w.push(w.anna)
	w.gate = nil
	w.sync(w.anna)
	after := w.action(action.ID)
	w.same("action", []string{after.Subject, after.Description}, "[Lunch by desk by phone]")
	item := w.onlyItem(w.anna)
	w.same("event", []string{item.Line("SUMMARY"), item.Line("DESCRIPTION")}, "[Lunch by desk by phone]")
	w.same("counted", w.counts(), crm.Counts{Unguarded: 2, Crossed: 1})
	w.same("history", w.history(action.ID), "[created new_event changed subject noticed written_at_once changed description event_changed]")
	w.quiet(w.anna)
}

// Both wrote the subject: one of the two stays on both sides, the other is in the history, and the crossing is told.
func TestUnguarded_two_values_of_one_unit_are_both_known(t *testing.T) {
	w, action := unguarded(t, racy, dav.RacyIfMatch)
	w.change(w.anna, action.ID, subject("Lunch by desk"))
	w.late("put", "SUMMARY:Lunch by phone")
	w.push(w.anna)
	w.gate = nil
	w.sync(w.anna)
	w.same("actions", w.actions(w.anna), "[Lunch by phone | 2026-11-25 12:00 2026-11-25 13:00]")
	w.same("history", w.history(action.ID), "[created new_event changed subject noticed written_at_once changed subject event_changed]")
	w.same("counted", w.counts(), crm.Counts{Unguarded: 1, Crossed: 1})
	var kept []string
	w.read(func(tx *store.Tx) error {
		changes, err := tx.History(action.ID, store.HistoryCursor{}, 100)
		kept = nil
		for _, change := range changes {
			kept = append(kept, change.Before)
		}
		return err
	})
	if !strings.Contains(strings.Join(kept, "|"), "Lunch by desk") {
		t.Errorf("the value that was overwritten is nowhere in the history: %q", kept)
	}
	w.quiet(w.anna)
}

// What is written over our deletion in the same moment is there again, and its action comes back.
func TestUnguarded_a_change_that_crosses_a_deletion_comes_back(t *testing.T) {
	w, action := unguarded(t, func(m *sandbox.Manners) { m.DeleteUnguarded = true }, dav.NoIfMatchOnDelete)
	w.delete(w.anna, action.ID)
	old := w.item("one")
	w.meanwhile(syncer.AfterRequest, "delete", func() {
		_, err := w.phone(w.anna).Put("work", "one.ics", strings.Replace(old.Body, "SUMMARY:Lunch", "SUMMARY:Lunch by phone", 1), "")
		w.must(err)
	})
	w.push(w.anna)
	w.gate = nil
	w.same("actions", w.actions(w.anna), "[Lunch by phone | 2026-11-25 12:00 2026-11-25 13:00]")
	w.same("counted", w.counts(), crm.Counts{Unguarded: 1, Crossed: 1})
	w.sync(w.anna)
	w.quiet(w.anna)
}

// A server that keeps to its own value and says another ETag than it stores under is written to twice and then let be: no fight.
func TestUnguarded_a_server_that_keeps_its_own_value_is_no_fight(t *testing.T) {
	w, action := unguarded(t, racy, dav.RacyIfMatch)
	w.change(w.anna, action.ID, subject("Meeting by desk"))
	writes := 0
	w.gate = func(_ context.Context, point syncer.Point) error {
		if point.Moment == syncer.AfterRequest && point.What == "put" {
			writes++
			w.line("one", "SUMMARY:Lunch")
		}
		return nil
	}
	for range 3 {
		w.sync(w.anna)
		w.clock.forward(time.Hour)
	}
	w.gate = nil
	if writes != 2 {
		t.Errorf("%d writes of one edit, want 2", writes)
	}
	w.same("actions", w.actions(w.anna), "[Lunch | 2026-11-25 12:00 2026-11-25 13:00]")
	w.quiet(w.anna)
}
