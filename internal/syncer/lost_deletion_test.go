package syncer_test

import (
	"context"
	"errors"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/syncer"
)

// A crash between the DELETE and the commit of its outcome leaves the resource as if it were there. An action that is restored
// before the next run must not be taken for one whose event is there and unchanged: it was found so by the kill runs of the
// demo, where the event never came back.
func TestPush_restored_after_a_deletion_whose_outcome_was_lost_brings_the_event_back(t *testing.T) {
	w := one(t)
	linked(w)
	action := w.only(w.anna)
	w.delete(w.anna, action.ID)
	w.gate = func(_ context.Context, point syncer.Point) error {
		if point.Moment == syncer.AfterRequest && point.What == "delete" {
			return errors.New("crash")
		}
		return nil
	}
	_, _ = w.tryRun(w.anna, crm.TriggerPush)
	w.gate = nil
	w.same("events after the crash", w.events(w.anna), "[]")
	if _, err := w.service.Restore(w.Context(), w.anna, action.ID); err != nil {
		t.Fatal(err)
	}
	w.push(w.anna)
	w.sync(w.anna)
	w.same("events", w.events(w.anna), "[Lunch | 20261125T110000Z | 20261125T120000Z]")
	w.same("actions", w.actions(w.anna), "[Lunch | 2026-11-25 12:00 2026-11-25 13:00]")
	w.quiet(w.anna)
}
