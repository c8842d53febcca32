package syncer_test

import (
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

func TestCancelled_is_not_imported_when_new_and_read_only_when_known(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.put(w.anna, "never", "Never", "20261125T110000Z", "STATUS:CANCELLED")
		w.put(w.anna, "one", "Lunch", "20261125T110000Z")
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), lunch)
		id := w.named("Lunch")
		w.line("one", "STATUS:CANCELLED")
		w.sync(w.anna)
		w.same("state", w.state(id), "read_only event_cancelled")
		w.line("one", "STATUS:CONFIRMED")
		w.sync(w.anna)
		w.same("state", w.state(id), "synced")
	})
}

func TestPrivate_comes_from_CLASS_and_goes_with_it(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.named("Lunch")
		w.line("one", "CLASS:CONFIDENTIAL")
		w.sync(w.anna)
		w.same("private", w.action(id).Private, true)
		view, err := w.service.Get(w.Context(), w.ben, id)
		if err == nil && view.Subject == "Lunch" {
			w.Error("another sees what is private")
		}
		w.line("one", "CLASS:PUBLIC")
		w.sync(w.anna)
		w.same("private", w.action(id).Private, false)
		w.quiet(w.anna)
	})
}

func TestPrivate_events_in_anothers_calendar_are_never_written(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna, func(_ *crm.Link, sync *store.LinkSync) { sync.Foreign = true })
		w.put(w.anna, "busy", "Busy", "20261125T110000Z", "CLASS:PRIVATE")
		w.put(w.anna, "open", "Open", "20261125T110000Z")
		w.sync(w.anna)
		busy, open := w.named("Busy"), w.named("Open")
		w.same("busy", w.state(busy), "read_only private")
		w.change(w.anna, open, subject("Opened"))
		_, err := w.service.Delete(w.Context(), w.anna, busy, w.action(busy).Version)
		if err == nil {
			w.Error("a busy block was deleted")
		}
		w.push(w.anna)
		w.same("events", w.events(w.anna), "[Busy | 20261125T110000Z | 20261125T120000Z Opened | 20261125T110000Z | 20261125T120000Z]")
	})
}

func TestPush_ten_quick_saves_are_one_write(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID
		w.push(w.anna)
		writes := len(w.clients())
		for i := range 10 {
			w.change(w.anna, id, subject("Call "+string(rune('0'+i))))
		}
		w.push(w.anna)
		w.same("writes", len(w.clients())-writes, 1)
		w.same("events", w.events(w.anna), "[Call 9 | 20261125T140000 | 20261125T160000 Lunch | 20261125T110000Z | 20261125T120000Z]")
	})
}

func TestFirstSync_the_event_of_a_trashed_action_brings_it_back(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.named("Lunch")
		w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
		w.sync(w.anna)
		w.same("trash", len(w.trash(w.anna)), 1)
		link := w.stored(w.anna)
		w.end(link)
		w.put(w.anna, "one", "Lunch", "20261126T110000Z")
		w.link(w.anna)
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[Lunch | 2026-11-26 12:00 2026-11-26 13:00]")
		w.same("with a notice", w.history(id)[len(w.history(id))-2], "restored event_returned")
		w.quiet(w.anna)
	})
}

func TestCreate_after_the_first_sync_what_is_typed_is_pushed_whatever_its_dates(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		past := w.create(w.anna, "Before the link", "2026-11-20 - - -").ID
		w.must(w.store.Write(w.Context(), func(tx *store.Tx) error { // as an import leaves it
			if err := tx.DropOutbox(w.links[w.anna.User.ID].ID, past); err != nil {
				return err
			}
			return tx.SetSyncState(past, crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonPast})
		}))
		typed := w.create(w.anna, "Typed", "2026-11-20 - - -").ID
		w.push(w.anna)
		w.same("typed", w.state(typed), "synced")
		w.same("before the link", w.state(past), "not_synced past")
		w.change(w.anna, past, func(in *service.ActionInput) { in.Description = "changed" })
		w.push(w.anna)
		w.same("changed, but past", w.state(past), "not_synced past")
		w.change(w.anna, past, func(in *service.ActionInput) { in.StartDate = "2026-11-24" })
		w.push(w.anna)
		w.same("not past any more", w.state(past), "synced")
	})
}

func TestLink_a_new_user_of_an_old_calendar_takes_its_actions_over(t *testing.T) {
	w := one(t)
	linked(w)
	id := w.named("Lunch")
	link := w.stored(w.anna)
	w.end(link)
	href := link.CalendarHref
	w.link(w.ben, func(link *crm.Link, _ *store.LinkSync) { link.CalendarHref, link.Username = href, "anna" })
	w.sync(w.ben)
	w.same("anna", w.actions(w.anna), "[]")
	w.same("ben", w.actions(w.ben), lunch)
	w.same("the same action", w.action(id).FollowedBy, w.ben.User.ID)
	w.quiet(w.ben)
}

func TestF27_an_event_dragged_to_another_users_calendar_makes_that_user_the_follower(t *testing.T) {
	for name, order := range map[string][]string{"left_first": {"anna", "ben"}, "arrived_first": {"ben", "anna"}} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				w.except("an event that is dragged is deleted in one log and made in another: the judge knows nothing of what both are", "O4", "O5", "O6")
				linked(w)
				w.link(w.ben)
				w.sync(w.ben)
				id := w.named("Lunch")
				w.change(w.anna, id, func(in *service.ActionInput) { in.Dossier = "D-7" })
				w.change(w.anna, id, subject("Luncheon"))
				w.sync(w.anna)
				body := w.item("one").Body
				w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
				_, err := w.phone(w.ben).Put("work", "one.ics", body, "*")
				w.must(err)
				callers := map[string]service.Caller{"anna": w.anna, "ben": w.ben}
				for _, name := range append(order, "ben", "anna", "ben") {
					w.sync(callers[name])
				}
				w.same("anna", w.actions(w.anna), "[]")
				w.same("ben", w.actions(w.ben), "[Luncheon | 2026-11-25 12:00 2026-11-25 13:00]")
				w.same("the same action", w.action(id).FollowedBy, w.ben.User.ID)
				w.same("with all it held", w.action(id).Dossier, "D-7")
				w.same("state", w.state(id), "synced")
				w.same("events", len(w.items(w.anna))+len(w.items(w.ben)), 1)
				w.quiet(w.anna)
				w.quiet(w.ben)
				w.change(w.ben, id, subject("Ben's lunch"))
				w.push(w.ben)
				w.same("pushed there", w.items(w.ben)[0].Line("SUMMARY"), "Ben's lunch")
			})
		})
	}
}
