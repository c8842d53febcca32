package oauth

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/sandbox/authserver"
)

func TestBegin_asks_with_S256_a_fresh_state_and_forced_consent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{})
	first, address, err := w.client.Begin(w.server, callback, "jan@example.com")
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := w.client.Begin(w.server, callback, "")
	if err != nil {
		t.Fatal(err)
	}
	if first.State == second.State || first.Verifier == second.Verifier || len(first.State) < 43 || len(first.Verifier) < 43 {
		t.Errorf("got states %d and verifiers %d long, equal %v; want fresh ones of 43", len(first.State), len(first.Verifier), first.State == second.State)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "agenda", "redirect_uri": callback, "scope": scope, "state": first.State,
		"code_challenge_method": "S256", "access_type": "offline", "prompt": "consent", "login_hint": "jan@example.com",
	} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if strings.Contains(address, first.Verifier) || strings.Contains(address, "canary-secret") {
		t.Error("the verifier or the secret is in the address")
	}
}

func TestFinish_redeems_an_answer_once_and_only_to_its_own_question(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{PKCERequired: true})
	consent, answer := w.consent("jan@example.com", scope, true)
	other, _ := w.consent("sofie@example.com", scope, true)
	_, err := w.client.Finish(t.Context(), w.server, other, answer)
	kindIs(t, err, StateUnknown)
	_, err = w.client.Finish(t.Context(), w.server, Consent{}, Answer{Code: answer.Code})
	kindIs(t, err, StateUnknown)

	grant, err := w.client.Finish(t.Context(), w.server, consent, answer)
	if err != nil {
		t.Fatal(err)
	}
	person, _, ok := w.auth.User(grant.AccessToken)
	if !ok || person != "jan@example.com" {
		t.Errorf("got %q %v, want a token of jan", person, ok)
	}
	_, err = w.client.Finish(t.Context(), w.server, consent, answer)
	kindIs(t, err, SignInAgain) // the code is spent
	if _, _, ok := w.auth.User(grant.AccessToken); ok {
		t.Error("a code used twice left its grant alive: the fake is not faithful")
	}

	late, answer := w.consent("jan@example.com", scope, true)
	w.pass(ConsentLasts)
	_, err = w.client.Finish(t.Context(), w.server, late, answer)
	kindIs(t, err, StateUnknown)
}

func TestFinish_names_what_went_wrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		manners authserver.Manners
		change  func(*Server)
		granted string
		deny    bool
		want    Kind
	}{
		{name: "the person says no", granted: scope, deny: true, want: Denied},
		{name: "the calendar is left unticked", granted: "openid", want: ScopeMissing},
		{name: "no refresh token comes", manners: authserver.Manners{NoRefreshToken: true}, granted: scope, want: NoRefreshToken},
		{name: "consent is not forced", manners: authserver.Manners{ForcedConsent: true}, change: func(s *Server) { s.Extra = nil }, granted: scope, want: NoRefreshToken},
		{name: "the client secret is wrong", change: func(s *Server) { s.ClientSecret = "other" }, granted: scope, want: ClientRefused},
		{name: "another issuer answers", manners: authserver.Manners{Issuer: "https://evil.example"}, granted: scope, want: WrongIssuer},
		{name: "the promised issuer is missing", manners: authserver.Manners{NoIssuer: true}, change: func(s *Server) { s.IssuerInAnswer = true }, granted: scope, want: WrongIssuer},
		{name: "a secret in the body at a Basic server", manners: authserver.Manners{BasicOnly: true}, change: func(s *Server) { s.Style = StylePost }, granted: scope, want: RequestRefused},
		{name: "maintenance", manners: authserver.Manners{Trouble: 503}, granted: scope, want: Temporary},
		{name: "a gateway's page", manners: authserver.Manners{Trouble: 502}, granted: scope, want: Temporary},
		{name: "tokens of another type", manners: authserver.Manners{TokenType: "mac"}, granted: scope, want: NotUnderstood},
		{name: "BEARER in capitals is fine", manners: authserver.Manners{TokenType: "BEARER"}, granted: scope, want: ""},
		{name: "post", manners: authserver.Manners{PostOnly: true}, change: func(s *Server) { s.Style = StylePost }, granted: scope, want: ""},
		{name: "a public client", change: func(s *Server) { s.ClientID, s.ClientSecret, s.Style = "public", "", StyleNone }, granted: scope, want: ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.manners)
			if test.change != nil {
				test.change(&w.server)
			}
			consent, answer := w.consent("jan@example.com", test.granted, !test.deny)
			grant, err := w.client.Finish(t.Context(), w.server, consent, answer)
			kindIs(t, err, test.want)
			if err != nil {
				tokensHidden(t, err.Error()+fmt.Sprintf("%+v", err), grant)
			}
			tokensHidden(t, fmt.Sprintf("%v %+v %#v %s", grant, grant, grant, grant), grant)
		})
	}
}

func TestParseAnswer_takes_what_a_person_copies(t *testing.T) {
	t.Parallel()
	want := Answer{State: "s", Code: "c/1"}
	for _, text := range []string{
		"http://127.0.0.1:1410/?state=s&code=c%2F1", "  <http://127.0.0.1:1410/?code=c/1&state=s#top>\n", "state=s&code=c%2F1", "\"http://[::1]:8/x?code=c%2F1&state=s\"",
	} {
		if got, err := ParseAnswer(text); err != nil || got != want {
			t.Errorf("%q: got %+v %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "http://127.0.0.1:1410/", "4/0AX4XfWh", "?code=c", "state=%zz&code=c", strings.Repeat("x", 20_000)} {
		_, err := ParseAnswer(text)
		kindIs(t, err, NoCode)
	}
	if got, err := ParseAnswer("?error=access_denied&state=s"); err != nil || got.Error != "access_denied" {
		t.Errorf("got %+v %v, want the error", got, err)
	}
}

func TestDiscover_believes_only_a_document_of_the_very_issuer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		manners authserver.Manners
		secret  bool
		style   AuthStyle
		want    Kind
	}{
		{"RFC 8414", authserver.Manners{}, true, StyleBasic, ""},
		{"OpenID", authserver.Manners{OpenIDOnly: true, PostOnly: true}, true, StylePost, ""},
		{"public", authserver.Manners{}, false, StyleNone, ""},
		{"none", authserver.Manners{NoMetadata: true}, true, "", NotUnderstood},
		{"another issuer's", authserver.Manners{Issuer: "https://evil.example"}, true, "", WrongIssuer},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.manners)
			server, err := w.client.Discover(t.Context(), w.server.Issuer, test.secret)
			kindIs(t, err, test.want)
			if err == nil && (server.TokenEndpoint != w.server.TokenEndpoint || server.Style != test.style || !server.IssuerInAnswer) {
				t.Errorf("got %+v, want the endpoints of the server and style %s", server, test.style)
			}
		})
	}
	w := newWorld(t, authserver.Manners{})
	for _, issuer := range []string{"", "http://auth.example", "https://user@auth.example", "ftp://auth.example", "https://auth.example/?x=1"} {
		_, err := w.client.Discover(t.Context(), issuer, true)
		kindIs(t, err, NotConfigured)
	}
}

func TestRevoke_ends_the_grant_or_says_that_it_did_not(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{})
	grant := w.grant()
	if revoked, err := w.client.Revoke(t.Context(), w.server, grant); err != nil || !revoked || w.auth.LiveGrants("jan@example.com") != 0 {
		t.Errorf("got %v %v, %d alive; want it revoked", revoked, err, w.auth.LiveGrants("jan@example.com"))
	}
	if revoked, err := w.client.Revoke(t.Context(), w.server, grant); err != nil || !revoked {
		t.Errorf("a second time: got %v %v, want it taken as revoked", revoked, err)
	}
	without := w.server
	without.RevocationEndpoint = ""
	if revoked, err := w.client.Revoke(t.Context(), without, grant); err != nil || revoked {
		t.Errorf("without endpoint: got %v %v, want not revoked and no error", revoked, err)
	}
	w.auth.SetManners(func(m *authserver.Manners) { m.RevokeStatus = 503 })
	_, err := w.client.Revoke(t.Context(), w.server, grant)
	kindIs(t, err, Temporary)
	tokensHidden(t, err.Error(), grant)
}

func TestDevice_gives_a_grant_when_the_person_has_answered_elsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{})
	device, err := w.client.BeginDevice(t.Context(), w.server)
	if err != nil {
		t.Fatal(err)
	}
	poll := func(want Kind) {
		t.Helper()
		var err error
		_, device, err = w.client.PollDevice(t.Context(), w.server, device)
		kindIs(t, err, want)
	}
	poll(Pending)
	poll(Pending) // too soon: the server says slow_down
	if device.Interval != 7*time.Second {
		t.Errorf("after slow_down it is asked every %s, want 5 s more than the 2 of the server", device.Interval)
	}
	w.pass(device.Interval)
	w.auth.SetManners(func(m *authserver.Manners) { m.Trouble = 503 })
	poll(Temporary)
	w.auth.SetManners(func(m *authserver.Manners) { m.Trouble = 0 })
	response, err := w.client.http.PostForm(device.Address, url.Values{"user_code": {device.Code}, "person": {"jan@example.com"}, "answer": {"allow"}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	grant, _, err := w.client.PollDevice(t.Context(), w.server, device)
	if err != nil {
		t.Fatal(err)
	}
	if person, _, ok := w.auth.User(grant.AccessToken); !ok || person != "jan@example.com" {
		t.Errorf("got %q %v, want a token of jan", person, ok)
	}
	without := w.server
	without.DeviceEndpoint = ""
	_, err = w.client.BeginDevice(t.Context(), without)
	kindIs(t, err, NoDevice)
	if device, err = w.client.BeginDevice(t.Context(), w.server); err != nil {
		t.Fatal(err)
	}
	w.pass(ConsentLasts)
	poll(SignInAgain)
	if device, err = w.client.BeginDevice(t.Context(), w.server); err != nil {
		t.Fatal(err)
	}
	response, err = w.client.http.PostForm(device.Address, url.Values{"user_code": {device.Code}, "person": {"jan@example.com"}, "answer": {"deny"}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	poll(Denied)
}

func TestServer_check_refuses_endpoints_that_would_show_the_secret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{})
	for _, endpoint := range []string{"http://auth.example/token", "https://u:p@auth.example/token", "auth.example/token", "javascript:alert(1)", "https://auth.example/token#x", ""} {
		server := w.server
		server.TokenEndpoint = endpoint
		if server.Check() == nil {
			t.Errorf("%q: got it taken, want it refused", endpoint)
		}
	}
	if err := w.server.Check(); err != nil {
		t.Error(err)
	}
}

func TestGrant_survives_its_text_and_the_text_alone_holds_the_tokens(t *testing.T) {
	t.Parallel()
	grant := Grant{AccessToken: "a", RefreshToken: "r", Scope: scope, ExpiresAt: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)}
	text, err := MarshalGrant(grant)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := UnmarshalGrant(text); err != nil || got != grant {
		t.Errorf("got %#v %v, want it back", got, err)
	}
}
