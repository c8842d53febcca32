package web

import (
	"net/http"
	"net/url"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

func TestUser_who_is_deactivated_hands_open_actions_to_a_successor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.luc)
	action := w.action(w.luc, "Offre")
	w.action(w.luc, "Fini", func(in *service.ActionInput) { in.StartDate = "2020-01-01" })
	b := w.browse(w.an)
	path := "/users/" + w.luc.User.ID.String()
	form := url.Values{"version": {"1"}, "login": {"luc"}, "name": {"Luc Dubois"}, "language": {"fr"}, "time_zone": {"Europe/Brussels"}, "role": {"user"}, "change_others": {"yes"}, "reassign": {"yes"}}
	offered := b.post(path, form)
	offered.shows(t, http.StatusOK, "Openstaande acties overdragen", "Luc Dubois heeft één openstaande actie", "Tom Baker", "De koppeling van Luc Dubois is gepauzeerd")
	b.post(path+"/hand-over", url.Values{}).shows(t, http.StatusUnprocessableEntity, "Kies een opvolger.")
	b.post(path+"/hand-over", url.Values{"to": {w.tom.User.ID.String()}}).shows(t, http.StatusOK, "Eén actie is overgedragen.")
	if now, err := w.Get(t.Context(), w.tom, action.ID); err != nil || now.FollowedBy != w.tom.User.ID {
		t.Errorf("followed by %q, %v", now.FollowerName, err)
	}
	if link, err := w.Links(t.Context(), w.an); err != nil || link[0].Pause.Reason != service.ReasonUserDeactivated {
		t.Errorf("got %+v, %v: the link is to be paused at once", link, err)
	}
	b.get(path+"/hand-over").shows(t, http.StatusOK, "heeft geen openstaande acties")
}

func TestUser_is_deleted_with_the_link_and_the_name_stays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.luc)
	action := w.action(w.luc, "Offre")
	b := w.browse(w.an)
	path := "/users/" + w.luc.User.ID.String()
	b.get(path+"/delete").shows(t, http.StatusOK, "Luc Dubois wordt voorgoed verwijderd", "Eerst overdragen", "Agenda van luc")
	b.post(path+"/delete", url.Values{"version": {"1"}}).shows(t, http.StatusOK, "De gebruiker is verwijderd.")
	b.get(path).shows(t, http.StatusNotFound)
	now, err := w.Get(t.Context(), w.an, action.ID)
	if err != nil || now.FollowerName != "Luc Dubois" || now.Sync.Reason != crm.ReasonFollowerWithout {
		t.Errorf("got %q, %+v, %v", now.FollowerName, now.Sync, err)
	}
	if links, err := w.Links(t.Context(), w.an); err != nil || len(links) > 0 {
		t.Errorf("got %d links, %v, want none", len(links), err)
	}
	b.post("/users/"+w.an.User.ID.String()+"/delete", url.Values{"version": {"1"}}).shows(t, http.StatusUnprocessableEntity, "U kunt uzelf niet verwijderen.")
}

func TestLink_end_asks_with_the_numbers_what_becomes_of_both_sides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.meeting()
	b := w.browse(w.an)
	links, err := w.Links(t.Context(), w.an)
	w.must(err)
	path := "/links/" + links[0].ID.String()
	b.get(path+"/end").shows(t, http.StatusOK, `value="keep" checked`, "Er kwam geen actie uit de agenda.", "De afspraak behouden", "De afspraak uit de agenda verwijderen", "de server verwittigt 2 genodigden")
	form := url.Values{"version": {"1"}, "events": {"delete"}, "tell_guests": {"on"}}
	b.post(path+"/end", form).shows(t, http.StatusOK, "De koppeling wordt beëindigd: er wordt nog één afspraak", `data-state="new"`, "Wordt beëindigd: nog één afspraak te verwijderen")
	w.must(w.Store.Read(t.Context(), func(tx *store.Tx) error {
		_, err := tx.OutboxEntry(links[0].ID, action.ID)
		return err
	}))
	b.get(path+"/end").shows(t, http.StatusOK, "Deze koppeling wordt al beëindigd", "Nu beëindigen")
	b.post(path+"/end", url.Values{"version": {"2"}}).shows(t, http.StatusOK, "De koppeling is beëindigd.")
}

func TestHidden_is_a_list_of_its_own_and_undone_by_the_toast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.luc)
	action := w.action(w.luc, "Réunion")
	w.alter(action.ID, func(a *crm.Action) {
		a.Sync = crm.SyncState{Name: crm.ReadOnly, Reason: "others_event", Params: map[string]string{"organizer": "Hélène"}}
	})
	b := w.browse(w.luc)
	path := "/actions/" + action.ID.String()
	b.get(path).shows(t, http.StatusOK, "Masquer ici", "C’est une invitation de Hélène", "Vous pouvez la masquer ici")
	b.post(path+"/hide", url.Values{}).shows(t, http.StatusOK, "Masquée ici.", path+"/unhide")
	b.get("/actions").hides(t, path)
	b.get("/actions?tab=hidden").shows(t, http.StatusOK, "Réunion", "Afficher à nouveau")
	b.get(path).shows(t, http.StatusOK, "Cette action est masquée", "a masqué l’action ici")
	b.post(path+"/unhide", url.Values{}).shows(t, http.StatusOK, "Affichée à nouveau.")
	b.get("/actions").shows(t, http.StatusOK, "Réunion")
	b.get("/actions?tab=hidden").shows(t, http.StatusOK, "Rien n’est masqué")
}
