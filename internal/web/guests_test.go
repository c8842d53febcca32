package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// meeting is an action of Luc whose event, organised by him, has two guests.
func (w *world) meeting() crm.Action {
	w.t.Helper()
	w.link(w.luc)
	action := w.action(w.luc, "Réunion")
	w.event(action, "SUMMARY:Réunion", "DTSTART:20261124T090000Z", "DTEND:20261124T103000Z", "ORGANIZER:mailto:luc", "ATTENDEE:mailto:luc",
		"ATTENDEE:mailto:helene@example.com", "ATTENDEE:mailto:olivier@example.com")
	return action
}

// open is what is open about guests, as "decision" of each; "" where it waits.
func (w *world) open(user service.Caller) []string {
	w.t.Helper()
	var decisions []string
	w.must(w.Store.Read(w.t.Context(), func(tx *store.Tx) error {
		link, err := tx.LinkOfUser(user.User.ID)
		if err != nil {
			return err
		}
		open, err := tx.OpenHeld(link.ID)
		decisions = nil
		for _, held := range open {
			decisions = append(decisions, held.Decision)
		}
		return err
	}))
	return decisions
}

func TestGuests_a_save_asks_first_and_a_person_says_yes_or_later(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.meeting()
	b := w.browse(w.luc)
	path := "/actions/" + action.ID.String()
	form := formOf(t, b.get(path))
	form.Set("dossier", "2026-1")
	b.post(path, form).shows(t, http.StatusOK, "Enregistrée.") // tells nobody
	form = formOf(t, b.get(path))
	form.Set("subject", "Réunion de chantier")
	asked := b.post(path, form)
	asked.shows(t, http.StatusOK, "Votre serveur préviendra 2 invités", "Rien n’est encore enregistré", `name="guests" value="tell"`, `name="guests" value="hold"`, "Réunion de chantier")
	if now, err := w.Get(t.Context(), w.luc, action.ID); err != nil || now.Subject != "Réunion" || len(w.open(w.luc)) != 0 {
		t.Errorf("got %q, %v, %v: nothing is to be saved before the answer", now.Subject, w.open(w.luc), err)
	}
	form = formOf(t, asked)
	form.Set("guests", "tell")
	b.post(path, form).shows(t, http.StatusOK, "Enregistrée.", "Réunion de chantier")
	if got := w.open(w.luc); len(got) != 1 || got[0] != service.DecideTell {
		t.Errorf("got %q, want a yes", got)
	}
	form = formOf(t, b.get(path))
	form.Set("subject", "Autre chose")
	form.Set("guests", "hold")
	b.post(path, form).shows(t, http.StatusOK, "Enregistrée.", "Autre chose")
	if got := w.open(w.luc); len(got) != 0 {
		t.Errorf("got %q, want no yes left", got)
	}
}

func TestGuests_a_deletion_asks_first(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.meeting()
	b := w.browse(w.luc)
	path := "/actions/" + action.ID.String() + "/delete"
	asked := b.post(path, url.Values{"version": {"1"}})
	asked.shows(t, http.StatusOK, "Votre serveur préviendra 2 invités", "Rien n’est encore supprimé", "Supprimer et les prévenir", "Supprimer ici et décider plus tard")
	if now, err := w.Get(t.Context(), w.luc, action.ID); err != nil || now.Deleted() {
		t.Errorf("deleted before the answer: %v", err)
	}
	b.post(path, url.Values{"version": {"1"}, "guests": {"tell"}}).shows(t, http.StatusOK, "Supprimée.")
	if got := w.open(w.luc); len(got) != 1 || got[0] != service.DecideTell {
		t.Errorf("got %q, want a yes", got)
	}
}

func TestGuests_what_waits_is_shown_and_decided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.meeting()
	held := crm.NewID[store.Held](w.IDs)
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		link, err := tx.LinkOfUser(w.luc.User.ID)
		if err != nil {
			return err
		}
		return tx.InsertHeld(store.Held{
			ID: held, Link: link.ID, Kind: service.HeldGuests, CreatedAt: w.clock.now(),
			Subject: store.HeldSubject{Actions: []crm.ActionID{action.ID}, Counts: map[string]int{"guests": 2}},
		})
	}))
	b := w.browse(w.luc)
	b.get("/").shows(t, http.StatusOK, "2 invités seraient prévenus", "Rien n’a encore été envoyé.")
	page := b.get("/held")
	page.shows(t, http.StatusOK, "Luc Dubois\u00a0: 2 invités seraient prévenus", "Réunion", "2 invités sont prévenus", "reprendre la valeur de l’agenda")
	page.hides(t, "disparu")
	b.post("/held/"+held.String(), url.Values{"decision": {"delete"}}).shows(t, http.StatusUnprocessableEntity)
	b.post("/held/"+held.String(), url.Values{"decision": {"tell"}}).shows(t, http.StatusOK, "Rien n’attend de décision")
}

func TestGuests_anothers_event_says_whose_it_is(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.meeting()
	w.alter(action.ID, func(a *crm.Action) {
		a.Sync = crm.SyncState{Name: crm.ReadOnly, Reason: "others_event", Params: map[string]string{"organizer": "Hélène <Delvaux>"}}
	})
	page := w.browse(w.luc).get("/actions/" + action.ID.String())
	page.shows(t, http.StatusOK, "C’est une invitation de Hélène &lt;Delvaux&gt;", "invitation de Hélène &lt;Delvaux&gt;")
	page.hides(t, "/delete", "Cet agenda est en lecture seule")
}

func TestGuests_what_is_cancelled_or_declined_is_not_planned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.luc)
	today := func(in *service.ActionInput) { in.StartDate = "2026-11-23" }
	w.action(w.luc, "Visite", today)
	for subject, reason := range map[string]crm.Reason{"Annulé": "event_cancelled", "Refusé": "event_declined"} {
		action := w.action(w.luc, subject, today)
		w.alter(action.ID, func(a *crm.Action) { a.Sync = crm.SyncState{Name: crm.ReadOnly, Reason: reason} })
	}
	b := w.browse(w.luc)
	page := b.get("/")
	page.shows(t, http.StatusOK, "Visite")
	day := page.body[strings.Index(page.body, "id=\"today\""):]
	answer{body: day[:strings.Index(day, "</section>")], path: "today"}.hides(t, "Annulé", "Refusé")
	b.get("/actions").shows(t, http.StatusOK, "annulée dans l’agenda", "invitation refusée")
}
