package syncer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// twins is Lunch, typed on both sides with different descriptions, beside one item of each side, linked and pulled once.
func twins(w *world) crm.ActionID {
	w.Helper()
	lunchHere(w)
	w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
	w.put(w.anna, "one", "lunch", "20261125T110000Z", "DESCRIPTION:typed there", "LOCATION:Canteen")
	w.put(w.anna, "two", "Tea", "20261125T110000Z")
	w.link(w.anna)
	w.sync(w.anna)
	return w.named("Lunch")
}

func lunchHere(w *world) {
	w.Helper()
	in := input("Lunch", "2026-11-25 12:00 - 13:00", w.anna.User.ID)
	in.Description = "typed here"
	_, err := w.service.Create(w.Context(), w.anna, in)
	w.must(err)
}

// asked is the one thing of a kind that waits for Anna.
func (w *world) asked(kind string) service.HeldView {
	w.Helper()
	var found []service.HeldView
	for _, held := range w.waiting(w.anna) {
		if held.Kind == kind {
			found = append(found, held)
		}
	}
	if len(found) != 1 {
		w.Fatalf("got %d of %s, want 1: %+v", len(found), kind, found)
	}
	return found[0]
}

const (
	callThere  = "Call | 20261125T140000 | 20261125T160000"
	lunchThere = "lunch | 20261125T110000Z | 20261125T120000Z"
	teaThere   = "Tea | 20261125T110000Z | 20261125T120000Z"
	callHere   = "Call | 2026-11-25 14:00 - 16:00"
	teaHere    = "Tea | 2026-11-25 12:00 2026-11-25 13:00"
)

func TestTwins_wait_for_a_person_and_everything_else_goes_on(t *testing.T) {
	each(t, func(w *world) {
		id := twins(w)
		for range 2 { // asked again after a change of either side, a whole comparison, and no decision
			w.same("state", w.state(id), "held twins")
			w.same("link", w.linkStates(w.anna), "[needs_decision]")
			w.same("actions", w.actions(w.anna), "["+callHere+" Lunch | 2026-11-25 12:00 - 13:00 "+teaHere+"]")
			w.same("events", w.events(w.anna), "["+callThere+" "+teaThere+" "+lunchThere+"]")
			held := w.asked(service.HeldTwins)
			w.same("the event", held.Twin.Subject+", "+held.Twin.Place, "lunch, Canteen")
			w.same("the action", held.Actions[0].ID, id)
			w.same("decisions", held.Decisions, "[different same]")
			w.change(w.anna, id, func(in *service.ActionInput) { in.Description = "typed here again" })
			w.push(w.anna)
			w.line("one", "DESCRIPTION:typed there again")
			w.clock.forward(25 * time.Hour)
			w.sync(w.anna)
		}
	})
}

func TestTwins_the_same_are_one_pair_and_what_differs_is_in_the_history(t *testing.T) {
	each(t, func(w *world) {
		id := twins(w)
		w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldTwins).ID, service.DecideSame))
		w.sync(w.anna)
		w.same("state", w.state(id), "synced")
		w.same("link", w.linkStates(w.anna), "[active]")
		w.same("actions", w.actions(w.anna), "["+callHere+" Lunch | 2026-11-25 12:00 - 13:00 "+teaHere+"]")
		w.same("events", w.events(w.anna), "["+callThere+" Lunch | 20261125T110000Z | 20261125T120000Z "+teaThere+"]")
		item := w.item("one")
		w.same("the CRM's value stays, and what is not mapped", item.Line("DESCRIPTION")+", "+item.Line("LOCATION"), "typed here, Canteen")
		w.same("the other is kept", w.history(id), "[created conflict subject both_changed conflict description both_changed]")
		w.quiet(w.anna)
		w.line("one", "SUMMARY:Dinner")
		w.sync(w.anna)
		w.same("one pair", w.action(id).Subject, "Dinner")
		w.faithful()
	})
}

func TestTwins_that_are_different_are_both_made(t *testing.T) {
	each(t, func(w *world) {
		id := twins(w)
		w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldTwins).ID, service.DecideDifferent))
		w.sync(w.anna)
		w.same("state", w.state(id), "synced")
		w.same("link", w.linkStates(w.anna), "[active]")
		w.same("actions", w.actions(w.anna), "["+callHere+" Lunch | 2026-11-25 12:00 - 13:00 "+teaHere+" lunch | 2026-11-25 12:00 2026-11-25 13:00]")
		w.same("events", w.events(w.anna), "["+callThere+" Lunch | 20261125T120000 | 20261125T130000 "+teaThere+" "+lunchThere+"]")
		w.quiet(w.anna)
	})
}

func TestTwins_all_of_a_link_are_decided_at_once(t *testing.T) {
	w := one(t)
	for i := range 5 {
		w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("Visit ", i), "20261125T110000Z")
		w.create(w.anna, fmt.Sprint("visit  ", i), "2026-11-25 12:00 2026-11-25 13:00")
	}
	w.link(w.anna)
	w.sync(w.anna)
	held := w.waiting(w.anna)
	w.same("pairs", fmt.Sprint(len(held), " ", held[0].Pairs), "5 5")
	w.must(w.service.Decide(w.Context(), w.anna, held[2].ID, service.DecideDifferent))
	w.must(w.service.DecideAlike(w.Context(), w.anna, held[0].ID, service.DecideSame))
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), 6)
	w.same("events", len(w.items(w.anna)), 6)
	w.same("link", w.linkStates(w.anna), "[active]")
	w.quiet(w.anna)
}

func TestTwins_one_of_which_is_gone_leave_the_other_what_it_is_alone(t *testing.T) {
	for name, test := range map[string]struct {
		act             func(*world, crm.ActionID)
		actions, events int
	}{
		"event_deleted":  {func(w *world, _ crm.ActionID) { w.must(w.phone(w.anna).Delete("work", "one.ics", "")) }, 3, 3},
		"action_deleted": {func(w *world, id crm.ActionID) { w.delete(w.anna, id) }, 3, 3},
		"dates_cleared": {func(w *world, id crm.ActionID) {
			w.change(w.anna, id, func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", "" })
		}, 4, 3},
		"follower_changed": {func(w *world, id crm.ActionID) {
			w.change(w.anna, id, func(in *service.ActionInput) { in.FollowedBy = w.ben.User.ID })
		}, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				id := twins(w)
				test.act(w, id)
				w.settle()
				w.same("actions", len(w.found(w.anna)), test.actions)
				w.same("events", len(w.items(w.anna)), test.events)
				w.same("link", w.linkStates(w.anna), "[active]")
				w.same("nothing waits", len(w.waiting(w.anna)), 0)
				w.quiet(w.anna)
			})
		})
	}
}

func TestTwins_in_the_past_are_asked_about_and_not_pushed(t *testing.T) {
	w := one(t)
	id := w.create(w.anna, "Lunch", "2026-11-20 12:00 - 13:00").ID
	w.put(w.anna, "one", "Lunch", "20261120T110000Z")
	w.link(w.anna)
	w.sync(w.anna)
	w.same("state", w.state(id), "held twins")
	w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldTwins).ID, service.DecideDifferent))
	w.settle()
	w.same("state", w.state(id), "not_synced past")
	w.same("actions", len(w.found(w.anna)), 2)
	w.same("events", len(w.items(w.anna)), 1)
	w.quiet(w.anna)
}

func TestTwins_of_an_event_that_takes_no_writes_are_as_the_calendar_has_them(t *testing.T) {
	w := one(t)
	lunchHere(w)
	w.put(w.anna, "one", "Lunch", "20261125T110000Z", "DESCRIPTION:typed there", "ORGANIZER:mailto:luc@example.com", "ATTENDEE:mailto:anna@example.com")
	w.link(w.anna, byMail("anna"))
	w.sync(w.anna)
	w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldTwins).ID, service.DecideSame))
	w.settle()
	id := w.only(w.anna).ID
	w.same("state", w.state(id), "read_only others_event")
	w.same("description", w.action(id).Description, "typed there")
	w.same("ours is kept", w.history(id), "[created conflict description both_changed]")
	w.same("writes", len(w.clients()), 0)
	w.quiet(w.anna)
}

func TestTwins_a_private_event_is_shown_to_its_follower_only(t *testing.T) {
	w := one(t)
	lunchHere(w)
	w.put(w.anna, "one", "Lunch", "20261125T110000Z", "CLASS:PRIVATE", "LOCATION:Clinic")
	w.link(w.anna)
	w.sync(w.anna)
	own := w.asked(service.HeldTwins)
	w.same("own", own.Twin.Subject+own.Twin.Place+own.Actions[0].Subject, "LunchClinicLunch")
	for _, held := range w.waiting(w.admin) {
		w.same("another's", fmt.Sprint(held.Twin.Busy, held.Twin.Subject, held.Twin.Place, held.Actions[0].Busy, held.Actions[0].Subject), "truetrue")
	}
}

// large makes a first sync one of more than three items.
func large(w *world) { w.syncer.LargePlan = 3 }

// plan is five events and two actions, linked and looked at.
func plan(w *world) {
	w.Helper()
	large(w)
	for i, day := range []string{"20240310", "20250310", "20261020", "20261125", "20261126"} {
		w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("There ", i), day+"T110000Z")
	}
	w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
	w.create(w.anna, "Past", "2026-11-20 - - -")
	w.link(w.anna)
	w.sync(w.anna)
}

func TestFirstSync_a_large_plan_waits_and_nothing_is_touched(t *testing.T) {
	each(t, func(w *world) {
		plan(w)
		w.same("link", w.linkStates(w.anna), "[needs_decision new]")
		w.same("actions", w.actions(w.anna), "["+callHere+" Past | 2026-11-20 - - -]")
		w.same("state", w.state(w.named("Call")), "held first_sync")
		w.same("writes", len(w.clients()), 0)
		held := w.asked(service.HeldFirstSync)
		w.same("plan", fmt.Sprint(held.Plan.Events, held.Plan.Actions, held.Count), "map[2024-03-10:1 2025-03-10:1 2026-10-20:1 2026-11-25:1 2026-11-26:1] map[2026-11-25:1] 6")
		w.requests()
		w.sync(w.anna)
		w.same("a look while it waits", w.requests(), "[sync-collection]")
		w.same("asked once", len(w.waiting(w.anna)), 1)
		w.put(w.anna, "new", "New there", "20261127T110000Z")
		w.create(w.anna, "New here", "2026-11-27 - - -")
		w.line("e1", "SUMMARY:There 1, changed")
		w.must(w.phone(w.anna).Delete("work", "e4.ics", ""))
		w.sync(w.anna)
		w.same("what is new or changed goes on", w.actions(w.anna), "["+callHere+" New here | 2026-11-27 - - - New there | 2026-11-27 12:00 2026-11-27 13:00 Past | 2026-11-20 - - - There 1, changed | 2025-03-10 12:00 2025-03-10 13:00]")
		w.must(w.service.Decide(w.Context(), w.anna, held.ID, service.DecideEverything))
		w.requests()
		w.sync(w.anna)
		w.same("nothing is read again", w.requests(), "[sync-collection PUT]")
		w.same("actions", len(w.found(w.anna)), 8)
		w.same("events", len(w.items(w.anna)), 7)
		w.same("trash", len(w.trash(w.anna)), 0)
		w.same("link", w.linkStates(w.anna), "[active]")
		w.quiet(w.anna)
		w.faithful()
	})
}

// What is typed while a plan waits, and is like an event of it, would be there twice once the plan goes on: a person is asked.
func TestFirstSync_what_is_typed_like_an_event_that_waits_is_asked_about(t *testing.T) {
	for decision, want := range map[string][2]string{
		service.DecideSame: {
			"[" + callHere + " Past | 2026-11-20 - - - There 0 | 2024-03-10 12:00 2024-03-10 13:00 There 1 | 2025-03-10 12:00 2025-03-10 13:00 There 2 | 2026-10-20 13:00 2026-10-20 14:00 There 4 | 2026-11-26 12:00 2026-11-26 13:00 there  3 | 2026-11-25 12:00 - 13:00]",
			"6 7",
		},
		service.DecideDifferent: {
			"[" + callHere + " Past | 2026-11-20 - - - There 0 | 2024-03-10 12:00 2024-03-10 13:00 There 1 | 2025-03-10 12:00 2025-03-10 13:00 There 2 | 2026-10-20 13:00 2026-10-20 14:00 There 3 | 2026-11-25 12:00 2026-11-25 13:00 There 4 | 2026-11-26 12:00 2026-11-26 13:00 there  3 | 2026-11-25 12:00 - 13:00]",
			"7 8",
		},
	} {
		t.Run(decision, func(t *testing.T) {
			each(t, func(w *world) {
				plan(w)
				typed := w.create(w.anna, "there  3", "2026-11-25 12:00 - 13:00").ID
				w.push(w.anna)
				w.same("state", w.state(typed), "held twins")
				w.same("writes", len(w.clients()), 0)
				w.create(w.anna, "there 3", "2026-11-25 12:00 - 13:00") // one event is the twin of one action
				w.push(w.anna)
				w.same("a second one like it", len(w.clients()), 1)
				w.delete(w.anna, w.named("there 3"))
				w.sync(w.anna)
				w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldFirstSync).ID, service.DecideEverything))
				w.sync(w.anna)
				w.same("still asked about", w.state(typed), "held twins")
				w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldTwins).ID, decision))
				w.sync(w.anna)
				w.same("actions", w.actions(w.anna), want[0])
				w.same("events and actions", fmt.Sprint(len(w.items(w.anna)), " ", len(w.found(w.anna))), want[1])
				w.same("link", w.linkStates(w.anna), "[active]")
				w.quiet(w.anna)
			})
		})
	}
}

func TestFirstSync_what_ends_before_the_chosen_start_is_left_out_until_it_changes(t *testing.T) {
	each(t, func(w *world) {
		plan(w)
		w.must(w.service.DecideStart(w.Context(), w.anna, w.asked(service.HeldFirstSync).ID, crm.Date{Year: 2026, Month: 11, Day: 26}))
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "["+callHere+" Past | 2026-11-20 - - - There 4 | 2026-11-26 12:00 2026-11-26 13:00]")
		w.same("an action before it", w.state(w.named("Call")), "not_synced left_out")
		w.same("link", w.linkStates(w.anna), "[active]")
		w.quiet(w.anna)
		w.must(w.server.ForgetTokens("anna", "work")) // everything is read again
		w.sync(w.anna)
		w.same("read again", len(w.found(w.anna)), 3)

		w.line("e0", "SUMMARY:There 0, changed")
		w.must(w.phone(w.anna).Delete("work", "e1.ics", ""))
		w.sync(w.anna)
		w.same("changed, and deleted", w.actions(w.anna), "["+callHere+" Past | 2026-11-20 - - - There 0, changed | 2024-03-10 12:00 2024-03-10 13:00 There 4 | 2026-11-26 12:00 2026-11-26 13:00]")
		w.same("trash", len(w.trash(w.anna)), 0)
		w.change(w.anna, w.named("Call"), subject("Call back"))
		w.push(w.anna)
		w.same("the action changed", w.state(w.named("Call back")), "synced")
		w.quiet(w.anna)
	})
}

func TestFirstSync_deletions_of_what_was_left_out_are_not_counted(t *testing.T) {
	w := one(t)
	large(w)
	for i := range 60 {
		w.put(w.anna, fmt.Sprint("old", i), fmt.Sprint("Old ", i), "20240310T110000Z")
	}
	for i := range 10 {
		w.put(w.anna, fmt.Sprint("new", i), fmt.Sprint("New ", i), "20261125T110000Z")
	}
	w.link(w.anna)
	w.sync(w.anna)
	w.must(w.service.DecideStart(w.Context(), w.anna, w.asked(service.HeldFirstSync).ID, crm.Date{Year: 2026, Month: 1, Day: 1}))
	w.sync(w.anna)
	for i := range 60 {
		w.must(w.phone(w.anna).Delete("work", fmt.Sprint("old", i, ".ics"), ""))
	}
	w.must(w.phone(w.anna).Delete("work", "new0.ics", ""))
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), 9)
	w.same("trash", len(w.trash(w.anna)), 1)
	w.same("link", w.linkStates(w.anna), "[active]")
	w.quiet(w.anna)
}

func TestFirstSync_a_start_that_was_chosen_before_needs_no_further_word(t *testing.T) {
	w := one(t)
	large(w)
	for i, day := range []string{"20240310", "20250310", "20261020", "20261125", "20261126"} {
		w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("There ", i), day+"T110000Z")
	}
	link := w.link(w.anna)
	w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
		now := w.clock.now()
		return tx.InsertHeld(store.Held{ID: crm.NewID[store.Held](w.service.IDs), Link: link.ID, Kind: service.HeldFirstSync, CreatedAt: now, DecidedAt: now, Decision: "from 2026-01-01"})
	}))
	w.requests()
	w.sync(w.anna)
	w.same("requests", w.requests(), "[sync-collection]")
	w.same("actions", len(w.found(w.anna)), 3)
	w.same("link", w.linkStates(w.anna), "[active]")
	w.quiet(w.anna)
}

func TestFirstSync_more_than_two_thousand_items_wait(t *testing.T) {
	w := one(t)
	for i := range 2001 {
		w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("There ", i), fmt.Sprintf("%d0310T110000Z", 2019+i%10))
	}
	w.link(w.anna)
	w.sync(w.anna)
	held := w.asked(service.HeldFirstSync)
	w.same("plan", fmt.Sprint(held.Count, " ", held.Plan.Start), "2001 2026-01-01")
	w.same("actions", len(w.found(w.anna)), 0)
	w.must(w.service.DecideStart(w.Context(), w.anna, held.ID, held.Plan.Start))
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), held.Plan.EventsFrom(held.Plan.Start))
	w.quiet(w.anna)
}

func TestFirstSync_without_sync_token_left_out_and_held_as_with_it(t *testing.T) {
	w := one(t, sandbox.SabreDAV18())
	plan(w)
	w.same("actions", len(w.found(w.anna)), 2)
	w.must(w.service.DecideStart(w.Context(), w.anna, w.asked(service.HeldFirstSync).ID, crm.Date{Year: 2026, Month: 11, Day: 1}))
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), 4)
	w.line("e0", "SUMMARY:There 0, changed")
	w.must(w.phone(w.anna).Delete("work", "e1.ics", ""))
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), 5)
	w.same("trash", len(w.trash(w.anna)), 0)
	w.quiet(w.anna)
}

func TestFirstSync_linked_again_known_events_are_never_twins(t *testing.T) {
	each(t, func(w *world) {
		large(w)
		linked(w)
		w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
		w.sync(w.anna)
		w.end(w.stored(w.anna))
		w.create(w.anna, "Meanwhile", "2026-11-25 12:00 2026-11-25 13:00")
		w.put(w.anna, "mean", "Meanwhile", "20261125T110000Z")
		w.link(w.anna)
		w.sync(w.anna)
		w.same("asked about the one pair that nobody knew", w.asked(service.HeldTwins).Actions[0].Subject, "Meanwhile")
		w.same("call", w.state(w.named("Call")), "synced")
		w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldTwins).ID, service.DecideSame))
		w.settle()
		w.same("actions", len(w.found(w.anna)), 3)
		w.same("events", len(w.items(w.anna)), 3)
		w.quiet(w.anna)
	})
}

func TestFirstSync_linked_again_events_at_other_hrefs_are_known_by_their_UIDs(t *testing.T) {
	w := one(t)
	w.link(w.anna)
	for i := range 5 {
		w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("There ", i), "20261125T110000Z")
	}
	w.sync(w.anna)
	w.end(w.stored(w.anna))
	for i, item := range w.items(w.anna) { // as after the calendar was exported and imported
		w.must(w.phone(w.anna).Delete("work", item.Name(), ""))
		_, err := w.phone(w.anna).Put("work", fmt.Sprint("moved", i, ".ics"), item.Body, "*")
		w.must(err)
	}
	large(w)
	w.link(w.anna)
	w.sync(w.anna)
	w.same("asked", len(w.waiting(w.anna)), 0)
	w.same("link", w.linkStates(w.anna), "[active]")
	w.same("actions", len(w.found(w.anna)), 5)
	w.quiet(w.anna)
}

func TestFirstSync_linked_again_what_was_left_out_and_what_waited_is_planned_anew(t *testing.T) {
	w := one(t)
	plan(w)
	w.must(w.service.DecideStart(w.Context(), w.anna, w.asked(service.HeldFirstSync).ID, crm.Date{Year: 2026, Month: 11, Day: 1}))
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), 4)
	w.end(w.stored(w.anna))
	w.link(w.anna)
	w.sync(w.anna)
	w.same("three are left, which go on", len(w.found(w.anna)), 7)
	w.same("events", len(w.items(w.anna)), 6)
	w.same("link", w.linkStates(w.anna), "[active]")
	w.quiet(w.anna)
}

// What was made of an action since the backup has the action's id for its UID.
func TestFirstSync_after_a_backup_from_before_the_link_knows_its_events_again(t *testing.T) {
	t.Parallel()
	options := sqlite(t)
	w := newWorld(t, options, sandbox.Plain())
	w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
	saved := w.copyOf(options.SQLite)
	w.link(w.anna)
	w.sync(w.anna)
	w.same("events", w.events(w.anna), "["+callThere+"]")

	w.reopen(saved) // which knows neither the link nor the event that was made
	w.link(w.anna)
	w.sync(w.anna)
	w.same("state", w.state(w.named("Call")), "synced")
	w.same("actions", w.actions(w.anna), "["+callHere+"]")
	w.same("events", w.events(w.anna), "["+callThere+"]")
	w.quiet(w.anna)
}

// heavy are four events of 5 MiB each, which is more than an answer may hold.
func heavy(w *world) {
	w.Helper()
	w.create(w.anna, "There 2", "2026-11-25 12:00 - 13:00")
	for i := range 4 {
		lines := make([]string, 80)
		for n := range lines {
			lines[n] = fmt.Sprint("X-PART-", n, ":", strings.Repeat("x", 64<<10))
		}
		w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("There ", i), "20261125T110000Z", lines...)
	}
	w.link(w.anna)
	w.sync(w.anna)
}

func TestFirstSync_too_large_to_be_held_is_planned_all_the_same(t *testing.T) {
	w := one(t)
	heavy(w)
	w.same("actions", len(w.found(w.anna)), 4)
	w.same("twins", w.asked(service.HeldTwins).Actions[0].Subject, "There 2")
	w.same("events", len(w.items(w.anna)), 4)
}

func TestFirstSync_too_large_to_be_held_waits_all_the_same(t *testing.T) {
	w := one(t)
	large(w)
	heavy(w)
	w.same("actions", len(w.found(w.anna)), 1)
	held := w.asked(service.HeldFirstSync)
	w.same("plan", fmt.Sprint(held.Plan.EventsFrom(crm.Date{}), held.Plan.Twins), "3 1")
	w.must(w.service.Decide(w.Context(), w.anna, held.ID, service.DecideEverything))
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), 4)
	w.same("twins", w.asked(service.HeldTwins).Actions[0].Subject, "There 2")
	w.quiet(w.anna)
}
