package api

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// easyGranter is an authorisation server where everybody allows: an answer is "state=S&code=C".
type easyGranter struct{ now func() time.Time }

func (easyGranter) Provider(_ context.Context, _ crm.LinkKind, typed service.OAuthInput, _ service.LinkTLS) (service.OAuthServer, error) {
	return service.OAuthServer{OAuthInput: typed}, nil
}

func (g easyGranter) Ask(_ service.OAuthServer, redirect, _ string) (service.Asked, error) {
	state := crm.NewID[easyGranter](crm.IDSource{Now: g.now, Random: rand.Reader}).String()
	return service.Asked{State: state, Question: []byte("{}"), Address: "https://accounts.example/?state=" + state + "&redirect_uri=" + redirect, ExpiresAt: g.now().Add(10 * time.Minute)}, nil
}

func (easyGranter) State(answer string) (string, error) {
	state, _, found := strings.Cut(strings.TrimPrefix(answer, "state="), "&code=")
	if !found {
		return "", &service.GrantFailure{Code: "oauth.no_code", Field: "answer"}
	}
	return state, nil
}

func (g easyGranter) Redeem(context.Context, service.OAuthServer, []byte, string) (service.Granted, error) {
	return service.Granted{Grant: []byte(`{"access_token":"` + canary + `"}`), GrantedAt: g.now()}, nil
}

func (g easyGranter) AskDevice(context.Context, service.OAuthServer) (service.AskedDevice, error) {
	return service.AskedDevice{Code: "ABCD", Address: "https://accounts.example/device", Question: []byte("{}"), ExpiresAt: g.now().Add(10 * time.Minute)}, nil
}

func (g easyGranter) RedeemDevice(context.Context, service.OAuthServer, []byte) (service.Granted, *service.AskedDevice, error) {
	return service.Granted{Grant: []byte(`{"access_token":"` + canary + `"}`), GrantedAt: g.now()}, nil, nil
}

func (easyGranter) Revoke(context.Context, service.OAuthServer, []byte) (bool, error) {
	return true, nil
}

// askGrant begins a Google link of a person who has none.
func (w *world) askGrant(by somebody) answered {
	w.t.Helper()
	person := w.person("g"+by.user.Login+crm.NewID[crm.User](w.service.IDs).String(), crm.English, crm.RoleUser, crm.Rights{})
	account := "ann@" + person.user.ID.String() + ".example"
	w.tester.put(account, service.FoundCalendar{Href: "https://calendars.example/" + account + "/", Name: "Work"})
	return w.ask(by, "POST", "/grants", object{"user": person.user.ID.String(), "kind": "google", "username": account, "client_id": "x", "client_secret": canary})
}

// onGrant does something to a sign-in that by has begun, answered where it needs to be.
func onGrant(method, path string, body any) func(*world, somebody, target) answered {
	return func(w *world, by somebody, _ target) answered {
		w.t.Helper()
		asked := w.askGrant(by)
		if asked.status != 201 {
			return asked
		}
		at := "/grants/" + asked.json()["id"].(string)
		_, state, _ := strings.Cut(asked.json()["ask"].(string), "?state=")
		state, _, _ = strings.Cut(state, "&")
		answer := object{"answer": "state=" + state + "&code=1"}
		if path == "/answer" {
			body = answer
		} else {
			w.want(w.ask(by, "POST", at+"/answer", answer), 200)
		}
		got := w.ask(by, method, at+path, body)
		if strings.Contains(string(got.body), canary) {
			w.t.Errorf("%s %s shows a secret", method, path)
		}
		return got
	}
}

// signInAgain begins a new sign-in of the follower's link, which is made one of Google's for that.
func signInAgain(w *world, by somebody, on target) answered {
	w.t.Helper()
	id, err := crm.ParseID[crm.Link](on.link)
	w.must(err)
	kind := func(kind crm.LinkKind, username string) {
		w.rows(func(tx *store.Tx) error {
			link, err := tx.Link(id)
			if err != nil {
				return err
			}
			link.Kind, link.Username = kind, username
			sealed, err := service.SealGrant(w.service.Keys, id, service.SealedGrant{Kind: kind, Server: service.OAuthServer{OAuthInput: service.OAuthInput{ClientID: "x", ClientSecret: "y"}}, Grant: []byte("{}")})
			if err != nil {
				return err
			}
			if err := tx.PutGrant(store.Grant{ID: id, Sealed: sealed, GrantedAt: w.clock.now()}); err != nil {
				return err
			}
			return tx.UpdateLink(link, link.Version)
		})
	}
	kind(crm.LinkGoogle, "ann@gmail.example")
	defer kind(crm.LinkSimple, "ann")
	return w.ask(by, "POST", "/links/"+on.link+"/sign-in", nil)
}

func init() {
	routeDeeds["ask-grant"] = []routed{{"manage_links", func(w *world, by somebody, _ target) answered { return w.askGrant(by) }}}
	routeDeeds["ask-grant-again"] = []routed{{"sync_link", signInAgain}}
	routeDeeds["get-grant"] = []routed{{"manage_links", onGrant("GET", "", nil)}}
	routeDeeds["answer-grant"] = []routed{{"manage_links", onGrant("POST", "/answer", nil)}}
	routeDeeds["test-grant"] = []routed{{"manage_links", onGrant("POST", "/test", object{})}}
	routeDeeds["plan-grant"] = []routed{{"manage_links", onGrant("POST", "/plan", object{})}}
	routeDeeds["link-grant"] = []routed{{"manage_links", onGrant("POST", "/link", object{})}}
	routeDeeds["poll-grant"] = []routed{{"manage_links", onGrant("POST", "/poll", nil)}}
	routeDeeds["drop-grant"] = []routed{{"manage_links", onGrant("DELETE", "", nil)}}
}

func TestGrant_is_nobody_elses_and_comes_back_to_safe_places_only(t *testing.T) {
	w := newWorld(t)
	asked := w.want(w.askGrant(w.admin), 201)
	at := "/grants/" + asked.json()["id"].(string)
	for _, other := range []somebody{w.peer, w.follower} {
		w.want(w.ask(other, "GET", at, nil), 404)
		w.want(w.ask(other, "DELETE", at, nil), 404)
	}
	for _, redirect := range []string{"http://evil.example/", "javascript:alert(1)", "https://user@evil.example/", "//evil.example", "http://127.0.0.1.evil.example/"} {
		got := w.want(w.ask(w.admin, "POST", "/grants", object{"kind": "google", "redirect": redirect}), 422)
		if got.problem().Code == "" {
			t.Errorf("%s: %s", redirect, got.body)
		}
	}
	w.want(w.ask(w.admin, "POST", at+"/answer", object{"answer": "nothing"}), 422)
	w.want(w.ask(w.admin, "DELETE", at, nil), 204)
	w.want(w.ask(w.admin, "GET", at, nil), 404)
}
