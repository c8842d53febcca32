package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// S20: whatever page or form others send, administrators included, no answer has a word of what a link shows as busy; the routes
// are walked, not listed. Its user reads it where he always did.
func TestShownBusy_no_route_gives_others_a_word(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	came := w.action(w.luc, canary+" subject", func(in *service.ActionInput) {
		in.Description, in.ThirdParty, in.Contact, in.Dossier = canary+" description", canary+" third", canary+" contact", canary+" dossier"
		in.Documents = []crm.Document{{Title: canary + " document", URL: "https://" + canary + ".example"}}
	})
	w.alter(came.ID, func(a *crm.Action) {
		a.CreatedBy, a.Subject = crm.Actor{Kind: crm.ActorLink, Link: link.ID}, canary+" now"
	})
	held, row := crm.NewID[store.Held](w.IDs), crm.NewID[crm.Change](w.IDs)
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertHeld(store.Held{ID: held, Link: link.ID, Kind: service.HeldDeletions, CreatedAt: w.clock.at, Subject: store.HeldSubject{Actions: []crm.ActionID{came.ID}}}); err != nil {
			return err
		}
		if err := tx.AppendHistory([]crm.Change{{ID: row, Action: came.ID, At: w.clock.at, Actor: crm.Actor{Kind: crm.ActorLink, Link: link.ID}, What: crm.Conflict, Name: "subject", Before: canary, After: canary + " now", Winner: "crm"}}); err != nil {
			return err
		}
		return tx.InsertResources([]store.Resource{{
			ID: crm.NewID[store.Resource](w.IDs), Link: link.ID, Href: dav.Href("/luc/work/1.ics"), UID: "1", ETag: `"1"`, State: store.ResourceLive, SeenAt: w.clock.at,
			Body:     []byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:" + canary + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
			SetAside: store.SetAside{Reason: crm.ReasonNoStart, Subject: canary + " aside"},
		}})
	}))
	walk := func(who service.Caller) (asked, told int) {
		b := w.browse(who)
		paths := func(pattern string) []string {
			id := link.ID.String()
			switch {
			case strings.HasPrefix(pattern, "/actions"):
				id = came.ID.String()
			case strings.HasPrefix(pattern, "/users"):
				id = w.luc.User.ID.String()
			case strings.HasPrefix(pattern, "/held"):
				id = held.String()
			}
			path := strings.NewReplacer("{$}", "", "{id}", id, "{change}", row.String(), "{token}", row.String()).Replace(pattern)
			all := []string{path}
			if strings.HasPrefix(pattern, "/actions") && !strings.Contains(pattern, "{") {
				for _, query := range []string{"tab=all", "tab=all&q=" + strings.ToUpper(canary), "tab=all&third_party=" + strings.ToUpper(canary), "tab=trash", "copy=" + id, "follows=" + id, "ids=" + id} {
					all = append(all, path+"?"+query)
				}
			}
			return all
		}
		for _, route := range Routes() {
			if route.Name == "live" || route.Name == "signin_end" { // a stream of ids; the end of the session
				continue
			}
			for _, path := range paths(route.Pattern) {
				var got answer
				if route.Method == http.MethodGet {
					got = b.get(path)
				} else {
					got = b.post(path, url.Values{"version": {"1"}, "decision": {"nonsense"}})
				}
				asked++
				if strings.Contains(got.body, canary) {
					told++
					if who.User.ID != w.luc.User.ID {
						t.Errorf("%s %s shows %s what is busy", route.Method, path, who.User.Login)
					}
				}
			}
		}
		return asked, told
	}
	if _, told := walk(w.luc); told < 6 {
		t.Errorf("its follower reads it on %d pages only", told)
	}
	// By hand, since the walk of its follower may have changed both.
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		now, err := tx.Link(link.ID)
		if err != nil {
			return err
		}
		now.ShownBusy, now.Pause = true, crm.Pause{}
		return tx.UpdateLink(now, now.Version)
	}))
	w.alter(came.ID, func(a *crm.Action) { a.DeletedAt = link.EndedAt })
	for _, who := range []service.Caller{w.tom, w.an} {
		if asked, _ := walk(who); asked < 100 {
			t.Errorf("only %d were asked", asked)
		}
	}
}

func TestLinkShown_is_changed_by_its_user_only(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	path := "/links/" + link.ID.String()
	own := w.browse(w.luc)
	own.get(path).shows(t, http.StatusOK, "Ce que voient les autres", "Tout ce qui n’est pas privé", path+"/shown")
	form := own.get(path + "/shown")
	form.shows(t, http.StatusOK, "votre agenda", `value="full" checked`, `name="version" value="1"`)
	own.post(path+"/shown", url.Values{"version": {"1"}, "shown": {"busy"}}).shows(t, http.StatusOK, "Les autres voient maintenant seulement que vous êtes occupé.", "Seulement que quelqu’un est occupé")
	own.post(path+"/shown", url.Values{"version": {"1"}, "shown": {"full"}}).shows(t, http.StatusConflict)
	boss := w.browse(w.an)
	boss.get(path).hides(t, path+"/shown")
	boss.get(path+"/shown").shows(t, http.StatusForbidden, "kiest alleen de gebruiker")
	boss.post(path+"/shown", url.Values{"version": {"2"}, "shown": {"full"}}).shows(t, http.StatusForbidden)
	w.browse(w.tom).get(path+"/shown").shows(t, http.StatusNotFound)
}
