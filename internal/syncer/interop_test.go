package syncer_test

import (
	"context"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/syncer"
)

// Xandikos 0.2.8 tells nothing of what came and went between two reports. An action that was pushed, and deleted on the phone
// before the next pull, must not be shown as synced until the next comparison of the whole calendar.
func TestPull_an_event_made_here_and_deleted_there_before_the_next_pull_is_found(t *testing.T) {
	w := one(t, sandbox.Xandikos())
	linked(w)
	action := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
	w.push(w.anna)
	for _, item := range w.items(w.anna) {
		if item.Line("SUMMARY") == "Call" {
			w.must(w.phone(w.anna).Delete("work", item.Name(), ""))
		}
	}
	w.sync(w.anna)
	w.same("actions", w.actions(w.anna), "[Lunch | 2026-11-25 12:00 2026-11-25 13:00]")
	w.same("state", w.state(action.ID), "not_synced event_deleted")
	w.quiet(w.anna)
}

// What was made here is asked for once only, and not at all where the report tells of it.
func TestPull_what_the_report_tells_of_own_events_is_not_asked_again(t *testing.T) {
	for _, manners := range []func() sandbox.Manners{sandbox.Plain, sandbox.Radicale, sandbox.Xandikos, sandbox.DAViCal} {
		t.Run(string(manners().Software), func(t *testing.T) {
			w := one(t, manners())
			linked(w)
			w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
			w.sync(w.anna) // pulls, then pushes
			w.line("one", "SUMMARY:Dinner")
			w.sync(w.anna)
			w.sync(w.anna)
			w.requests()
			w.sync(w.anna)
			w.same("requests", w.requests(), "[sync-collection]")
		})
	}
}

// A link that is made again resumes its pairs: what nobody changed meanwhile is synced again, and says so.
func TestRelink_an_unchanged_action_is_synced_again(t *testing.T) {
	each(t, func(w *world) {
		link := w.link(w.anna)
		w.put(w.anna, "one", "Lunch", "20261125T110000Z")
		mine := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
		past := w.create(w.anna, "Long ago", "2020-11-25 14:00 - 16:00")
		w.sync(w.anna)
		w.change(w.anna, past.ID, func(in *service.ActionInput) { in.Subject = "Long ago, and changed" })
		w.sync(w.anna)
		w.end(link)
		w.same("without a link", w.state(mine.ID), "not_synced "+string(crm.ReasonFollowerWithout))
		w.link(w.anna)
		w.sync(w.anna)
		w.same("mine", w.state(mine.ID), "synced")
		w.same("theirs", w.state(w.named("Lunch")), "synced")
		w.quiet(w.anna)
	})
}

// An action that moved is taken off the calendar it leaves as soon as it is known to be in the other, also where the answer to
// its PUT was lost and the event was only found there: it was seen to stay for ten minutes more by kill runs on SabreDAV.
func TestReassign_it_leaves_at_once_also_where_the_answer_of_the_other_calendar_was_lost(t *testing.T) {
	for _, trigger := range []crm.Trigger{crm.TriggerPush, crm.TriggerScreen} {
		t.Run(string(trigger), func(t *testing.T) {
			w := one(t)
			linked(w)
			w.link(w.ben)
			w.sync(w.ben)
			w.change(w.anna, w.named("Lunch"), func(in *service.ActionInput) { in.FollowedBy = w.ben.User.ID })
			w.push(w.anna) // waits for ben's
			w.gate = func(_ context.Context, point syncer.Point) error {
				if point.Moment == syncer.AfterRequest && point.What == "put" {
					return errCrash
				}
				return nil
			}
			_, _ = w.tryRun(w.ben, crm.TriggerPush)
			w.gate = nil
			_, err := w.tryRun(w.ben, trigger)
			w.must(err)
			w.push(w.anna)
			w.same("anna's events", w.events(w.anna), "[]")
			w.same("ben's events", w.events(w.ben), "[Lunch | 20261125T110000Z | 20261125T120000Z]")
		})
	}
}
