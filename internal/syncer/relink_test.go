package syncer_test

import (
	"testing"

	"agendaonline/internal/service"
)

// Found by the simulation: a link that ended before its first run had not taken over what the one before it left.
func TestRelink_twice_without_a_run_between_resumes_by_merge(t *testing.T) {
	w := one(t)
	linked(w)
	action := w.only(w.anna)
	w.line("one", "SUMMARY:Moved lunch")
	for range 2 {
		w.end(w.links[w.anna.User.ID])
		w.link(w.anna)
	}
	w.sync(w.anna)
	w.same("history", w.history(action.ID), "[created new_event changed subject event_changed]")
	w.same("actions", w.actions(w.anna), "[Moved lunch | 2026-11-25 12:00 2026-11-25 13:00]")
	w.quiet(w.anna)
}

func TestRelink_an_action_that_has_its_event_says_so_again(t *testing.T) {
	w := one(t)
	linked(w)
	action := w.only(w.anna)
	w.end(w.links[w.anna.User.ID])
	w.same("without a link", w.state(action.ID), "not_synced follower_without_link")
	w.link(w.anna)
	w.sync(w.anna)
	w.same("with one", w.state(action.ID), "synced")
	w.quiet(w.anna)
}

// What vanished while there was no link waits for a person. An edit that comes first wins, and the history says so.
func TestRelink_an_edit_ends_the_waiting_of_a_deletion_and_says_so(t *testing.T) {
	w := one(t)
	linked(w)
	action := w.only(w.anna)
	w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
	w.end(w.links[w.anna.User.ID])
	w.link(w.anna)
	w.sync(w.anna)
	w.same("waits", w.state(action.ID), "held deletions")
	w.change(w.anna, action.ID, subject("Dinner"))
	w.push(w.anna)
	w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
	w.same("history", w.history(action.ID), "[created new_event changed subject noticed edit_beats_delete]")
	w.quiet(w.anna)
}

func TestRelink_again_asks_again_about_what_vanished(t *testing.T) {
	w := one(t)
	linked(w)
	action := w.only(w.anna)
	w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
	for range 3 { // the question ends with its link
		w.end(w.links[w.anna.User.ID])
		w.link(w.anna)
		w.sync(w.anna)
		w.same("waits", w.state(action.ID), "held deletions")
		w.same("asked about", w.asked(service.HeldDeletions).Actions[0].ID, action.ID)
	}
	w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldDeletions).ID, service.DecideDelete))
	w.sync(w.anna)
	w.same("trash", len(w.trash(w.anna)), 1)
	w.same("waiting", len(w.waiting(w.anna)), 0)
	w.quiet(w.anna)
}

// Semantics 6: a field that the event does not have keeps the action, and does not bring the event back.
func TestRelink_an_edit_of_another_field_ends_the_waiting_without_an_event(t *testing.T) {
	w := one(t)
	linked(w)
	action := w.only(w.anna)
	w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
	w.end(w.links[w.anna.User.ID])
	w.link(w.anna)
	w.sync(w.anna)
	w.change(w.anna, action.ID, func(in *service.ActionInput) { in.ThirdParty = "Piron" })
	w.push(w.anna)
	w.same("state", w.state(action.ID), "not_synced event_deleted")
	w.same("events", len(w.items(w.anna)), 0)
	w.same("trash", len(w.trash(w.anna)), 0)
	w.quiet(w.anna)
}

// Found by the simulation: another's invitation is not to be deleted, so its action cannot lie in the trash, wherever it was put there.
func TestRelink_anothers_event_brings_back_an_action_that_was_deleted_meanwhile(t *testing.T) {
	for name, before := range map[string]bool{"deleted without a link": true, "deleted before the first run of the next": false} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			w.link(w.anna)
			w.put(w.anna, "one", "Lunch", "20261125T110000Z", "ORGANIZER:mailto:boss@elsewhere.example", "ATTENDEE:mailto:anna@example.com")
			w.sync(w.anna)
			action := w.only(w.anna)
			w.end(w.links[w.anna.User.ID])
			if before {
				w.delete(w.anna, action.ID)
			}
			w.link(w.anna)
			if !before {
				w.delete(w.anna, action.ID)
			}
			w.sync(w.anna)
			w.push(w.anna)
			w.same("trash", len(w.trash(w.anna)), 0)
			w.same("state", w.state(action.ID), "read_only others_event")
			w.same("history", w.history(action.ID), "[created new_event deleted restored event_returned]")
			w.same("events", w.events(w.anna), "[Lunch | 20261125T110000Z | 20261125T120000Z]")
			w.quiet(w.anna)
		})
	}
}
