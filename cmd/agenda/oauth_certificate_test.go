package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// A company's own authority, and the certificate that its servers ask for, hold wherever a link by OAuth 2.0 goes: where the endpoints are
// found out, where a code or token is asked for, where it is given back, and at the calendar. They are that link's only.
func TestOAuth_the_certificate_and_authority_of_a_link_hold_at_its_authorisation_server(t *testing.T) {
	t.Parallel()
	own := newCompany(t)
	w := newGrantWorldBehind(t, store.Options{}, func(accounts http.Handler) *httptest.Server { return own.serve(t, accounts) })
	in := w.oauthInput()
	in.PlainHTTP = false
	ask := func(in service.LinkInput) (service.DraftView, error) {
		return w.p.service.AskConsent(t.Context(), w.admin, session, in, "http://127.0.0.1:8765/")
	}
	_, err := ask(in)
	w.wantCode("an authority that nobody knows", err, "oauth.untrusted")
	if problems, _ := errors.AsType[crm.Problems](err); problems[0].Params["host"] != "127.0.0.1" {
		t.Errorf("the host is %v", problems[0].Params)
	}
	in.TLS = service.LinkTLS{Certificate: own.certificate, Authorities: own.authority}
	_, err = ask(in)
	w.wantCode("a certificate without its key", err, "check.key_unreadable")

	in.TLS.Key = own.key
	draft, err := ask(in)
	w.must(err)
	_, err = w.p.service.TakeAnswer(t.Context(), w.admin, session, answered(t, w.accounts, draft, "luc", "calendar", true))
	w.must(err)
	link, err := w.p.service.CreateLink(t.Context(), w.admin, service.LinkInput{Draft: service.DraftRef{ID: draft.ID, Binding: session}, TestWrite: true})
	w.must(err)
	w.action(w.luc, "Bezoek")
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive || view.Pending != 0 {
		t.Fatalf("the link: %v, %d wait", view.States, view.Pending)
	}

	t.Log("the access token lapses, and is refreshed with the certificate")
	w.clock.move(2 * time.Hour)
	w.action(w.luc, "Offerte")
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive || view.Pending != 0 {
		t.Errorf("after an hour: %v, %d wait", view.States, view.Pending)
	}

	t.Log("it is that link's only")
	other := w.oauthInput()
	other.User, other.Username, other.PlainHTTP = w.admin.User.ID, "anna", false
	_, err = ask(other)
	w.wantCode("another's link", err, "oauth.untrusted")

	view := w.sync(link.ID)
	_, err = w.p.service.EndLink(t.Context(), w.admin, link.ID, view.Version, service.EndInput{})
	w.must(err)
	if left := w.accounts.LiveGrants("luc"); left != 0 {
		t.Errorf("%d grants live after the end of the link", left)
	}
}
