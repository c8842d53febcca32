package syncer_test

import (
	"errors"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// listed are the subjects of a list as somebody sees it.
func (w *world) listed(by service.Caller, query service.ActionQuery) []string {
	w.Helper()
	page, err := w.service.List(w.Context(), by, query)
	w.must(err)
	if page.Total != len(page.Actions) {
		w.Errorf("%d are counted, %d listed", page.Total, len(page.Actions))
	}
	subjects := []string{}
	for _, action := range page.Actions {
		subjects = append(subjects, action.Subject)
	}
	return subjects
}

// Semantics 7: hide here takes another's event off the screens without writing to the server, and it stays off them.
func TestHidden_anothers_event_is_in_nobodys_list_and_nothing_is_written(t *testing.T) {
	each(t, func(w *world) {
		id := meeting(w, "ORGANIZER:mailto:luc@example.com", "ATTENDEE:mailto:anna@example.com")
		w.create(w.anna, "Call", "2026-11-26 14:00 - 16:00")
		w.push(w.anna)
		writes := len(w.clients())
		_, err := w.service.Hide(w.Context(), w.anna, id)
		w.must(err)
		_, err = w.service.Hide(w.Context(), w.anna, id) // once more changes nothing
		w.must(err)
		off := func(what string) {
			for name, query := range map[string]service.ActionQuery{
				"list": {}, "mine": {Mine: true}, "by state": {Sync: []crm.SyncName{crm.ReadOnly}}, "by words": {Text: "Lunch Breakfast"}, "by day": {From: crm.Date{Year: 2026, Month: 11, Day: 25}, To: crm.Date{Year: 2026, Month: 11, Day: 25}},
				"reaching in": {From: crm.Date{Year: 2026, Month: 11, Day: 25}},
			} {
				for _, by := range []service.Caller{w.anna, w.ben, w.admin} {
					for _, subject := range w.listed(by, query) {
						if subject != "Call" {
							t.Errorf("%s, %s for %s: got %q", what, name, by.User.Name, subject)
						}
					}
				}
			}
		}
		off("hidden")
		w.same("the hidden ones", w.listed(w.anna, service.ActionQuery{Hidden: true}), "[Lunch]")
		w.same("found among them", w.listed(w.anna, service.ActionQuery{Hidden: true, Text: "lun", Mine: true}), "[Lunch]")

		// Read again, also as a whole, it stays hidden and follows its event.
		w.line("one", "SUMMARY:Breakfast")
		w.sync(w.anna)
		off("changed there")
		w.same("follows", w.action(id).Subject, "Breakfast")
		w.end(w.stored(w.anna))
		w.link(w.anna, byMail("anna"))
		w.sync(w.anna)
		off("linked again")
		w.same("no second one", w.listed(w.anna, service.ActionQuery{Hidden: true}), "[Breakfast]")

		view, err := w.service.Get(w.Context(), w.anna, id)
		w.must(err)
		w.same("by its address", []any{view.Hidden, view.MayUnhide, view.MayHide}, "[true true false]")
		_, err = w.service.Unhide(w.Context(), w.anna, id)
		w.must(err)
		w.same("shown again", w.listed(w.anna, service.ActionQuery{}), "[Call Breakfast]")
		w.same("history", w.history(id), "[created new_event hidden changed subject event_changed unhidden]")
		w.same("writes", len(w.clients())-writes, 0)
		w.quiet(w.anna)
	})
}

func TestHidden_its_event_deleted_there_is_trashed_and_returns_hidden(t *testing.T) {
	each(t, func(w *world) {
		id := meeting(w, "ORGANIZER:mailto:luc@example.com", "ATTENDEE:mailto:anna@example.com")
		_, err := w.service.Hide(w.Context(), w.anna, id)
		w.must(err)
		item := w.item("one")
		w.must(w.phone(w.anna).Delete("work", "one.ics", "*"))
		w.sync(w.anna)
		w.same("trashed", w.action(id).Deleted(), true)
		_, err = w.phone(w.anna).Put("work", "one.ics", item.Body, "*")
		w.must(err)
		w.sync(w.anna)
		w.same("back", w.action(id).Deleted(), false)
		w.same("in the list", w.listed(w.anna, service.ActionQuery{}), "[]")
		w.same("hidden", w.listed(w.anna, service.ActionQuery{Hidden: true}), "[Lunch]")
	})
}

func TestHidden_an_own_event_is_deleted_instead(t *testing.T) {
	each(t, func(w *world) {
		id := meeting(w, anns...)
		_, err := w.service.Hide(w.Context(), w.anna, id)
		forbidden, _ := errors.AsType[*service.Forbidden](err)
		if forbidden == nil || forbidden.Code != service.CodeHideOwn {
			t.Errorf("got %v, want %s", err, service.CodeHideOwn)
		}
	})
}
