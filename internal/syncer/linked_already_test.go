package syncer_test

import (
	"fmt"
	"testing"
	"time"

	"agendaonline/internal/service"
)

// shared puts the same events into the calendars of Anna and Ben, as where both addresses are of one calendar, links Anna's and
// then Ben's.
func shared(w *world, same, other int, lines ...string) {
	w.Helper()
	for i := range same {
		for _, of := range []service.Caller{w.anna, w.ben} {
			w.put(of, fmt.Sprint("e", i), fmt.Sprint("Event ", i), "20261125T110000Z", lines...)
		}
	}
	for i := range other {
		w.put(w.ben, fmt.Sprint("own", i), fmt.Sprint("Own ", i), "20261126T110000Z")
	}
	w.create(w.ben, "Call", "2026-11-25 14:00 - 16:00")
	w.link(w.anna)
	w.sync(w.anna)
	w.link(w.ben)
	w.sync(w.ben)
}

// Semantics 2: a second link to the same calendar, most of whose UIDs are known from another link, is refused with the name of the first.
func TestFirstSync_a_calendar_that_is_another_users_already_is_refused_by_its_events(t *testing.T) {
	each(t, func(w *world) {
		shared(w, 6, 5)
		link := w.stored(w.ben)
		w.same("link", fmt.Sprint(link.States(w.settings())[0], " ", link.Failing.Reason, " ", link.Failing.Params["name"]), "failing calendar_linked anna")
		w.same("nothing comes in", len(w.found(w.ben)), 1)
		w.same("nothing is written", len(w.clients()), 0)
		w.clock.forward(time.Hour)
		w.sync(w.ben)
		w.same("nor later", len(w.found(w.ben)), 1)
		w.end(w.stored(w.anna))
		w.clock.forward(time.Hour)
		w.sync(w.ben)
		w.same("once the other has ended", w.linkStates(w.ben), "[active]")
		w.same("actions", len(w.found(w.ben)), 12)
	})
}

func TestFirstSync_calendars_that_share_less_or_meetings_are_two(t *testing.T) {
	for name, test := range map[string]struct {
		same, other int
		lines       []string
	}{
		"half":     {6, 6, nil},
		"few":      {4, 0, nil},
		"meetings": {8, 1, []string{"ORGANIZER:mailto:carol@example.com", "ATTENDEE:mailto:anna@example.com", "ATTENDEE:mailto:ben@example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			shared(w, test.same, test.other, test.lines...)
			w.same("link", w.linkStates(w.ben), "[active]")
			w.same("actions", len(w.found(w.ben)), test.same+test.other+1)
		})
	}
}
