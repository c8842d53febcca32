package syncer_test

import (
	"fmt"
	"testing"
)

func TestPush_a_saved_action_is_an_event_by_one_request(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.sync(w.anna)
		w.requests()
		action := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
		w.same("state before", w.state(action.ID), "pending")
		w.push(w.anna)
		w.same("requests", w.requests(), "[PUT]")
		w.same("events", w.events(w.anna), "[Call | 20261125T140000 | 20261125T160000]")
		w.same("state", w.state(action.ID), "synced")
		w.sync(w.anna)
		w.same("requests of a pull after it", w.requests(), "[sync-collection]")
		w.same("actions", w.actions(w.anna), "[Call | 2026-11-25 14:00 - 16:00]")
	})
}

func TestPull_nothing_changed_is_one_request_and_writes_nothing(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.put(w.anna, "one", "Lunch", "20261125T110000Z")
		w.sync(w.anna)
		w.requests()
		w.steps = nil
		result := w.sync(w.anna)
		w.same("requests", w.requests(), "[sync-collection]")
		w.same("steps", w.steps, "[before_request sync after_request sync]")
		w.same("unchanged", result.Unchanged, true)
	})
}

func TestFirstSync_a_thousand_events_are_one_request(t *testing.T) {
	w := one(t)
	count := unlessShort(1000, 100)
	for i := range count {
		w.put(w.anna, fmt.Sprintf("event-%d", i), fmt.Sprintf("Event %d", i), "20261125T110000Z")
	}
	w.link(w.anna)
	result := w.sync(w.anna)
	w.same("requests", w.requests(), "[sync-collection]")
	w.same("actions", len(w.found(w.anna)), count)
	w.same("reason", result.Reason, "")
	w.same("link", w.linkStates(w.anna), "[active]")
	w.same("next pull", w.sync(w.anna).Unchanged, true)
}

func TestFirstSync_both_sides_become_one(t *testing.T) {
	each(t, func(w *world) {
		w.create(w.anna, "Future", "2026-11-25 14:00 - 16:00")
		w.create(w.anna, "Today", "2026-11-23 - - -")
		w.create(w.anna, "Past", "2026-11-20 - - -")
		dateless := w.create(w.anna, "Dateless", "- - - -")
		w.put(w.anna, "one", "Lunch", "20261125T110000Z")
		w.link(w.anna)
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[Dateless | - - - - Future | 2026-11-25 14:00 - 16:00 Lunch | 2026-11-25 12:00 2026-11-25 13:00 Past | 2026-11-20 - - - Today | 2026-11-23 - - -]")
		w.same("events", w.events(w.anna), "[Future | 20261125T140000 | 20261125T160000 Lunch | 20261125T110000Z | 20261125T120000Z Today | 20261123 | 20261124]")
		w.same("dateless", w.state(dateless.ID), "not_synced no_date")
	})
}

func TestPull_a_change_and_a_deletion_there_come_here(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.put(w.anna, "one", "Lunch", "20261125T110000Z")
		w.sync(w.anna)
		action := w.only(w.anna)
		w.same("state", w.state(action.ID), "synced")
		_, err := w.phone(w.anna).SetLine("work", "one.ics", "SUMMARY:Dinner")
		w.must(err)
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[Dinner | 2026-11-25 12:00 2026-11-25 13:00]")
		w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[]")
		w.same("trash", len(w.trash(w.anna)), 1)
		w.same("state", w.state(action.ID), "not_synced event_deleted")
		w.same("history", w.history(action.ID), "[created new_event changed subject event_changed deleted event_deleted]")
	})
}

func TestPush_a_change_a_deletion_and_a_restoring_here_go_there(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.put(w.anna, "one", "Lunch", "20261125T110000Z", "LOCATION:Canteen", "X-PHONE:7")
		w.sync(w.anna)
		action := w.only(w.anna)
		w.requests()
		w.change(w.anna, action.ID, subject("Dinner"))
		w.push(w.anna)
		w.same("requests of a change", w.requests(), "[PUT]")
		w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
		w.same("what is not mapped", w.onlyItem(w.anna).Line("X-PHONE"), "7")
		w.delete(w.anna, action.ID)
		w.push(w.anna)
		w.same("requests of a deletion", w.requests(), "[DELETE]")
		w.same("events", w.events(w.anna), "[]")
		w.sync(w.anna)
		_, err := w.service.Restore(w.Context(), w.anna, action.ID)
		w.must(err)
		w.push(w.anna)
		w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
		item := w.onlyItem(w.anna)
		w.same("all it held", item.Line("X-PHONE")+item.Line("LOCATION"), "7Canteen")
		w.same("a new UID", item.UID != "one" && item.UID != "", true)
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[Dinner | 2026-11-25 12:00 2026-11-25 13:00]")
		w.same("state", w.state(action.ID), "synced")
	})
}

func TestMerge_both_sides_changed(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.put(w.anna, "one", "Lunch", "20261125T110000Z", "DESCRIPTION:menu")
		w.sync(w.anna)
		action := w.only(w.anna)

		w.change(w.anna, action.ID, subject("Dinner"))
		_, err := w.phone(w.anna).SetLine("work", "one.ics", "DESCRIPTION:dishes")
		w.must(err)
		w.sync(w.anna)
		w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
		w.same("description", w.action(action.ID).Description, "dishes")

		w.change(w.anna, action.ID, subject("Supper"))
		_, err = w.phone(w.anna).SetLine("work", "one.ics", "SUMMARY:Breakfast")
		w.must(err)
		w.push(w.anna) // a push alone meets the other version, merges and writes
		w.same("events", w.events(w.anna), "[Supper | 20261125T110000Z | 20261125T120000Z]")
		w.same("actions", w.actions(w.anna), "[Supper | 2026-11-25 12:00 2026-11-25 13:00]")
		w.same("history", w.history(action.ID), "[created new_event changed subject changed description event_changed changed subject conflict subject both_changed]")
		w.same("state", w.state(action.ID), "synced")
		w.same("quiet", w.sync(w.anna).Unchanged, true)
	})
}

func TestSetAside_a_series_is_never_written(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.put(w.anna, "series", "Weekly", "20261125T110000Z", "RRULE:FREQ=WEEKLY")
		w.put(w.anna, "odd", "Odd", "20261125T110000Z")
		_, err := w.phone(w.anna).SetLine("work", "odd.ics", "DTEND;VALUE=DATE:20261126")
		w.must(err)
		w.put(w.anna, "good", "Good", "20261125T110000Z")
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[Good | 2026-11-25 12:00 2026-11-25 13:00]")
		aside, err := w.service.SetAside(w.Context(), w.admin, w.links[w.anna.User.ID].ID)
		w.must(err)
		w.same("set aside", len(aside), 2)
		w.same("quiet", w.sync(w.anna).Unchanged, true)

		// An event that we know becomes a series: its action waits, and nothing is written.
		good := w.only(w.anna)
		_, err = w.phone(w.anna).SetLine("work", "good.ics", "RRULE:FREQ=DAILY")
		w.must(err)
		w.sync(w.anna)
		w.same("state", w.state(good.ID), "set_aside series")
		w.change(w.anna, good.ID, subject("Better"))
		before := len(w.server.Writes(1))
		w.push(w.anna)
		w.delete(w.anna, good.ID)
		w.sync(w.anna)
		w.same("writes", len(w.server.Writes(1)), before)
	})
}
