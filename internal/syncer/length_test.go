package syncer_test

import (
	"regexp"
	"testing"

	"agendaonline/internal/dav"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/store"
)

// Semantics 5: an event without length stays as it is, unless its server refuses that; the length that is then made up is typed by nobody.
func TestPush_a_server_that_refuses_events_without_length_gets_the_default_duration(t *testing.T) {
	w := one(t)
	w.link(w.anna)
	for _, uid := range []string{"one", "two"} {
		_, err := w.phone(w.anna).Put("work", uid+".ics", withoutEnd(text(uid, "Call "+uid, "20261125T110000Z")), "*")
		w.must(err)
	}
	w.sync(w.anna)
	w.server.Behave(func(m *sandbox.Manners) {
		m.Refusals = map[sandbox.Defect]int{sandbox.DefectNoLength: 403}
	})
	id := w.named("Call one")
	w.change(w.anna, id, subject("Call one back"))
	w.requests()
	w.push(w.anna)
	w.same("refused, and with a length", w.requests(), "[PUT PUT]")
	w.same("state", w.state(id), "synced")
	w.same("action", when(w.action(id)), "2026-11-25 12:00 - -")
	item := w.item("one")
	w.same("event", item.Line("SUMMARY")+" "+item.Line("DTEND"), "Call one back 20261125T113000Z")
	w.quiet(w.anna)
	w.change(w.anna, w.named("Call two"), subject("Call two back"))
	w.requests()
	w.push(w.anna)
	w.same("known by then", w.requests(), "[PUT]")
	w.read(func(tx *store.Tx) error {
		sync, err := tx.LinkSync(w.links[w.anna.User.ID].ID)
		w.same("the trait", sync.Traits.Has(dav.NeedsLength), true)
		return err
	})
	w.quiet(w.anna)
}

func TestPush_what_is_refused_for_another_reason_is_sent_once(t *testing.T) {
	w := one(t)
	linked(w)
	w.server.Plan(sandbox.Fault{On: sandbox.Match{Methods: []string{"PUT"}}, Do: sandbox.Effect{Refuse: &sandbox.Answer{Status: 403}}})
	id := w.named("Lunch")
	w.change(w.anna, id, subject("Dinner"))
	w.requests()
	w.push(w.anna)
	w.same("one PUT, and a look at the rights", w.requests(), "[PUT PROPFIND]")
	w.same("state", w.state(id), "set_aside server_refused")
}

// withoutEnd is a text of an event without its end.
func withoutEnd(body string) string {
	return regexp.MustCompile(`DTEND:[^\r\n]*\r\n`).ReplaceAllString(body, "")
}
