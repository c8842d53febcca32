package web

import (
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/web/browsertest"
)

// firstSync holds a plan and two pairs of twins on Luc's link, and returns the ids of plan and pairs.
func (w *world) firstSync() (plan service.HeldID, pairs []service.HeldID) {
	w.t.Helper()
	link := w.link(w.luc)
	plan = crm.NewID[store.Held](w.IDs)
	counts := &reconcile.FirstCounts{
		Events:  map[string]int{"2027-03-01": 41, "2026-11-24": 902, "2025-06-01": 718, "2024-06-01": 433, "2023-06-01": 200, "2021-06-01": 24},
		Actions: map[string]int{"2026-12-01": 64}, Known: 12, Twins: 2, SetAside: 2, Others: 188,
	}
	waits := []store.Held{{ID: plan, Link: link.ID, Kind: service.HeldFirstSync, CreatedAt: w.clock.at, Subject: store.HeldSubject{Plan: counts}}}
	var rows []store.Resource
	for i, subject := range []string{"Entretien chaudière", "Appel Moreau"} {
		action := w.action(w.luc, subject)
		row := store.Resource{
			ID: crm.NewID[store.Resource](w.IDs), Link: link.ID, Href: dav.Href(link.CalendarHref + subject[:1] + ".ics"), UID: subject[:1], ETag: `"1"`, State: store.ResourceTwin,
			SeenAt: w.clock.at, Body: []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\nBEGIN:VEVENT\r\nUID:" + subject[:1] + "\r\nDTSTART:20261124T090000Z\r\nDTEND:20261124T103000Z\r\nSUMMARY:" + subject +
				[]string{"\r\nLOCATION:Rue du Parc 4", "\r\nCLASS:PRIVATE\r\nLOCATION:Clinique"}[i] + "\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
		}
		rows = append(rows, row)
		pair := crm.NewID[store.Held](w.IDs)
		pairs = append(pairs, pair)
		waits = append(waits, store.Held{ID: pair, Link: link.ID, Kind: service.HeldTwins, CreatedAt: w.clock.at, Subject: store.HeldSubject{Actions: []crm.ActionID{action.ID}, Event: row.ID}})
	}
	w.must(w.Store.Write(w.t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertResources(rows); err != nil {
			return err
		}
		for _, held := range waits {
			if err := tx.InsertHeld(held); err != nil {
				return err
			}
		}
		return nil
	}))
	return plan, pairs
}

func TestHeld_the_plan_of_a_first_sync_is_shown_counted_again_and_decided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plan, _ := w.firstSync()
	boss := w.browse(w.an)
	path, field := "/held/"+plan.String(), "start-"+plan.String()
	boss.get("/held").shows(t, http.StatusOK, "Luc Dubois: plan van de eerste synchronisatie", "Afspraken die acties worden: 2.318", "2023 en ouder", ">224<", "<dd>64</dd>", "<dd>188</dd>", `value="01/01/2026"`, "Met deze datum: 943 acties")
	boss.get("/").shows(t, http.StatusOK, "De eerste synchronisatie van de agenda van Luc Dubois wacht", "2 paren")
	boss.post(path, url.Values{field: {"1/1/25"}, "decision": {"count"}}).shows(t, http.StatusOK, "Met deze datum: 1.661 acties", `value="01/01/2025"`)
	boss.post(path, url.Values{field: {"soon"}, "decision": {"start"}}).shows(t, http.StatusUnprocessableEntity, "soon")
	w.browse(w.tom).post(path, url.Values{field: {""}, "decision": {"start"}}).shows(t, http.StatusNotFound)
	boss.post(path, url.Values{field: {"1/1/25"}, "decision": {"start"}}).shows(t, http.StatusOK, "De beslissing is bewaard")
	if got := w.open(w.luc); got[0] != "from 2025-01-01" {
		t.Errorf("got %q, want the start that was typed", got)
	}
}

func TestHeld_twins_are_decided_one_by_one_and_all_at_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, pairs := w.firstSync()
	boss := w.browse(w.an)
	page := boss.get("/held")
	page.shows(t, http.StatusOK, "Luc Dubois: 2 paren lijken aan beide kanten getypt", "Entretien chaudière", "Rue du Parc 4, één herinnering", "di 24 nov, 10:00 – 11:30", "Bezet")
	page.hides(t, "Moreau", "Clinique") // S20
	luc := w.browse(w.luc)
	luc.get("/held").shows(t, http.StatusOK, "Appel Moreau", "Clinique")
	path := "/held/" + pairs[0].String() + "/twins"
	luc.post(path, nil).shows(t, http.StatusUnprocessableEntity, "Choisissez pour au moins une paire")
	luc.post(path, url.Values{"pair-" + pairs[1].String(): {"perhaps"}}).shows(t, http.StatusUnprocessableEntity, "perhaps")
	w.browse(w.tom).post(path, url.Values{"all": {"same"}}).shows(t, http.StatusNotFound)
	luc.post(path, url.Values{"pair-" + pairs[1].String(): {"different"}}).shows(t, http.StatusOK, "une paire semble saisie des deux côtés")
	done := luc.post(path, url.Values{"all": {"same"}})
	done.shows(t, http.StatusOK, "La décision est enregistrée")
	done.hides(t, "des deux côtés")
	if got := w.open(w.luc); got[1] != "same" || got[2] != "different" {
		t.Errorf("got %q, want each as it was decided", got)
	}
}

func TestHeld_plan_and_twins_have_no_barrier_and_fit_their_width(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	w := newWorld(t)
	w.firstSync()
	for width, who := range map[int64]service.Caller{1440: w.an, 390: w.luc} {
		tab := w.tab(b, who, width)
		tab.Go(w.server.URL + "/held")
		if pictures != "" {
			tab.Picture(filepath.Join(pictures, "held-first."+string(who.User.Language)+".png"))
		}
		for _, violation := range tab.Axe(root) {
			t.Errorf("%d px: %s", width, violation)
		}
		if wide := tab.Wide(); len(wide) > 0 {
			t.Errorf("scrolls sideways at %d px: %v", width, wide)
		}
	}
}
