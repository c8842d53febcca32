package web

import (
	"net/http"
	"net/url"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

func TestHeldEach_decides_one_by_one(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	one, other := w.action(w.luc, "Chaudière"), w.action(w.luc, "Secret médical")
	w.alter(other.ID, func(a *crm.Action) { a.Private = true })
	held := crm.NewID[store.Held](w.IDs)
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.InsertHeld(store.Held{ID: held, Link: link.ID, Kind: service.HeldDeletions, CreatedAt: w.clock.at, Subject: store.HeldSubject{Actions: []crm.ActionID{one.ID, other.ID}}})
	}))
	path := "/held/" + held.String() + "/each"
	boss := w.browse(w.an)
	boss.get("/held").shows(t, http.StatusOK, path, "Een voor een beslissen")
	page := boss.get(path)
	page.shows(t, http.StatusOK, "Chaudière", "Bezet", "30 dagen", `name="decision-`+other.ID.String()+`"`)
	page.hides(t, "Secret")
	w.browse(w.tom).get(path).shows(t, http.StatusNotFound)
	w.browse(w.tom).post(path, url.Values{"decision-" + one.ID.String(): {"delete"}}).shows(t, http.StatusNotFound)
	boss.post(path, nil).shows(t, http.StatusUnprocessableEntity, "Er is nog niets beslist")
	boss.post(path, url.Values{"decision-" + one.ID.String(): {"delete"}}).shows(t, http.StatusOK, "De beslissing is bewaard", "één verwijdering wacht")
	boss.post(path, url.Values{"decision-" + other.ID.String(): {"write_back"}}).shows(t, http.StatusOK, "Er wacht niets op een beslissing")
}
