package syncer_test

import (
	"crypto/rand"
	"fmt"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// planned is what the first sync of a user's link would do that is not kept yet.
func (w *world) planned(of service.Caller) (reconcile.FirstCounts, crm.Failing) {
	w.Helper()
	link := crm.Link{
		ID: crm.NewID[crm.Link](crm.IDSource{Now: w.clock.now, Random: rand.Reader}), Version: 1, User: of.User.ID, Kind: crm.LinkSimple, Username: of.User.Login,
		CalendarHref: "https://dav.example" + w.server.CalendarPath(of.User.Login, "work"), WithoutSyncToken: w.server.Manners().NoSync,
	}
	remote, err := w.connect(w.Context(), link, nil, dav.Traits{}, func(dav.Exchange) {})
	w.must(err)
	counts, why, err := w.syncer.Plan(w.Context(), link, dav.Traits{}, remote, nil)
	w.must(err)
	return counts, why
}

// Semantics 4, rule 3: the plan can be looked at before anything is touched, and it is what the first sync then does.
func TestPlan_of_a_link_to_be_is_what_its_first_sync_does_and_touches_nothing(t *testing.T) {
	for name, manners := range map[string]sandbox.Manners{
		"plain": sandbox.Plain(), "texts apart": sandbox.Nextcloud32(), "without sync-token": sandbox.SabreDAV18(), "in pages": sandbox.CyrusLike(),
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t, manners)
			lunchHere(w)
			w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
			w.create(w.anna, "Done", "2026-11-20 14:00 - 16:00")
			w.put(w.anna, "one", "lunch", "20261125T110000Z")
			w.put(w.anna, "old", "Tea", "20250110T110000Z")
			w.put(w.anna, "broken", "Tea", "20261125T110000Z", "RRULE:FREQ=WEEKLY")
			for i := range 60 {
				w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("Event ", i), "20261126T110000Z")
			}
			counts, why := w.planned(w.anna)
			w.same("why", why.Reason, "")
			w.same("events", counts.Events, "map[2025-01-10:1 2026-11-26:60]")
			w.same("actions", counts.Actions, "map[2026-11-25:1]")
			w.same("the rest", fmt.Sprint(counts.Known, counts.Twins, counts.LeftOut, counts.SetAside, counts.Others), "0 1 0 1 0")
			w.same("written to the calendar", len(w.clients()), 0)
			w.same("actions of the CRM", len(w.found(w.anna)), 3)
			w.read(func(tx *store.Tx) error {
				links, err := tx.Links()
				w.same("links", len(links), 0)
				return err
			})

			w.link(w.anna)
			w.sync(w.anna)
			w.same("actions after the first sync", len(w.found(w.anna)), 3+counts.EventsFrom(crm.Date{}))
			w.same("events after the first sync", len(w.events(w.anna)), 63+counts.ActionsFrom(crm.Date{}))
			w.same("twins after the first sync", len(w.waiting(w.anna)), counts.Twins)

			w.end(w.links[w.anna.User.ID])
			again, _ := w.planned(w.anna)
			w.same("linked again", fmt.Sprint(again.EventsFrom(crm.Date{}), again.Known), "0 62")
		})
	}
}

// A calendar that is another user's already says so before it is linked (semantics 2), and one that cannot be read says why.
func TestPlan_says_why_there_is_none(t *testing.T) {
	w := one(t)
	shared(w, 6, 0)
	w.end(w.links[w.ben.User.ID])
	_, why := w.planned(w.ben)
	w.same("another's", fmt.Sprint(why.Reason, " ", why.Params["name"]), "calendar_linked anna")
	w.server.Plan(sandbox.Fault{Name: "always", Do: sandbox.Effect{Refuse: sandbox.Status(503, "")}})
	_, why = w.planned(w.ben)
	w.same("unreachable", why.Reason, "server_error")
}
