package syncer_test

import (
	"testing"

	"agendaonline/internal/service"
)

// Semantics 6: restoring brings an action's event back, whatever its dates; giving a date again works as restoring.
func TestRestore_brings_the_event_of_a_past_action_back(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.put(w.anna, "one", "Lunch", "20261110T110000Z", "LOCATION:Canteen")
		w.sync(w.anna)
		id := w.named("Lunch")
		w.delete(w.anna, id)
		w.push(w.anna)
		w.same("deleted", w.events(w.anna), "[]")
		_, err := w.service.Restore(w.Context(), w.anna, id)
		w.must(err)
		w.push(w.anna)
		w.same("restored", w.state(id), "synced")
		w.same("with all it held", w.onlyItem(w.anna).Line("LOCATION"), "Canteen")
		w.change(w.anna, id, func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", "" })
		w.push(w.anna)
		w.same("without a date", w.events(w.anna), "[]")
		w.change(w.anna, id, func(in *service.ActionInput) { in.StartDate, in.StartTime = "2026-11-11", "12:00" })
		w.push(w.anna)
		w.same("with a date again", w.state(id), "synced")
		w.same("with all it held", w.onlyItem(w.anna).Line("LOCATION"), "Canteen")
		w.quiet(w.anna)
	})
}

// What never had an event gets none by that where it is past (semantics 4).
func TestRestore_makes_no_event_of_a_past_action_that_had_none(t *testing.T) {
	w := one(t)
	past := w.create(w.anna, "Past", "2026-11-10 - - -").ID
	w.link(w.anna)
	w.sync(w.anna)
	w.delete(w.anna, past)
	w.push(w.anna)
	_, err := w.service.Restore(w.Context(), w.anna, past)
	w.must(err)
	w.push(w.anna)
	w.same("state", w.state(past), "not_synced past")
	w.same("events", w.events(w.anna), "[]")
}
