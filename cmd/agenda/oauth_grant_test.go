package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oauth"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/sandbox/authserver"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/vault"
)

func TestGoogle_tells_apart_what_goes_wrong(t *testing.T) {
	w := newGrantWorld(t)
	ctx := t.Context()
	test := func(draft service.DraftView) service.Verdict {
		t.Helper()
		verdict, err := w.p.service.TestLink(ctx, w.admin, service.LinkInput{Draft: service.DraftRef{ID: draft.ID, Binding: session}}, func(service.TestStep) {})
		w.must(err)
		return verdict
	}

	draft, err := w.signedGoogle(lucsAccount, sandbox.GoogleScope)
	w.must(err)
	if verdict := test(draft); verdict.Code != codeOtherAccount || verdict.Params["account"] != annasAccount {
		t.Errorf("another account signed in: %s %v", verdict.Code, verdict.Params)
	}
	w.must(w.p.service.DropDraft(ctx, w.admin, service.DraftRef{ID: draft.ID, Binding: session}))
	if live := w.google.Accounts.LiveGrants(lucsAccount); live != 0 {
		t.Errorf("a draft was dropped, and %d of its grants live", live)
	}

	_, err = w.signedGoogle(annasAccount, "openid")
	w.wantCode("the box of the calendar was unticked", err, "oauth.scope_missing")
	if live := w.google.Accounts.LiveGrants(annasAccount); live != 0 {
		t.Errorf("a grant without the calendar was kept: %d live", live)
	}

	draft, err = w.signedGoogle(annasAccount, sandbox.GoogleScope)
	w.must(err)
	w.google.TurnAPIOff(true)
	if verdict := test(draft); verdict.Code != "check.api_off" {
		t.Errorf("the CalDAV API is off: %s", verdict.Code)
	}
	w.google.TurnAPIOff(false)

	asked, err := w.p.service.AskConsent(ctx, w.admin, session, w.googleInput(), loopbackRedirect)
	w.must(err)
	_, err = w.p.service.TakeAnswer(ctx, w.admin, session, answered(t, w.google.Accounts, asked, annasAccount, "", false))
	w.wantCode("the person said no", err, "oauth.denied")

	in := w.googleInput()
	in.OAuth.ClientSecret = "mistyped"
	asked, err = w.p.service.AskConsent(ctx, w.admin, session, in, loopbackRedirect)
	w.must(err)
	_, err = w.p.service.TakeAnswer(ctx, w.admin, session, answered(t, w.google.Accounts, asked, annasAccount, sandbox.GoogleScope, true))
	w.wantCode("a wrong secret", err, "oauth.client_refused")
	for _, bad := range []struct{ account, id, secret, code string }{{"anna", "x", "y", service.CodeGoogleAccount}, {annasAccount, "", "y", service.CodeMissing}, {annasAccount, "x", "", service.CodeMissing}} {
		in.Username, in.OAuth.ClientID, in.OAuth.ClientSecret = bad.account, bad.id, bad.secret
		_, err = w.p.service.AskConsent(ctx, w.admin, session, in, loopbackRedirect)
		w.wantCode("typed wrong", err, bad.code)
	}
}

func TestGoogle_a_grant_of_an_app_in_testing_is_shown_to_end_and_told_so(t *testing.T) {
	w := newGrantWorld(t)
	w.google.Accounts.SetManners(func(m *authserver.Manners) { m.GrantLasts = 7 * 24 * time.Hour })
	link := w.googleLink()
	if view := w.sync(link.ID); view.GrantEndsAt.Sub(w.clock.now()).Round(time.Hour) != 7*24*time.Hour {
		t.Errorf("the grant is shown to end at %s", view.GrantEndsAt)
	}
	w.clock.move(7*24*time.Hour + time.Minute)
	w.action(w.admin, "Waits")
	view := w.sync(link.ID)
	if view.WhySignIn != service.ReasonGrantTestMode || view.Pending != 1 || view.States[0] != crm.LinkSignInAgain {
		t.Errorf("after seven days: %v because of %s, %d wait", view.States, view.WhySignIn, view.Pending)
	}
}

func TestDraft_is_of_one_person_and_session_and_used_once(t *testing.T) {
	w := newGrantWorld(t)
	ctx := t.Context()
	draft, err := w.signedGoogle(annasAccount, sandbox.GoogleScope)
	w.must(err)
	save := func(caller service.Caller, binding string) error {
		_, err := w.p.service.CreateLink(ctx, caller, service.LinkInput{Draft: service.DraftRef{ID: draft.ID, Binding: []byte(binding)}})
		return err
	}
	w.wantCode("another session", save(w.admin, "another"), service.CodeGrantDraftGone)
	w.wantCode("no session", save(w.admin, ""), service.CodeGrantDraftGone)
	if err := save(w.luc, string(session)); !errors.Is(err, service.ErrForbidden) {
		t.Errorf("another person: %v", err)
	}
	w.must(save(w.admin, string(session)))
	w.wantCode("a second time", save(w.admin, string(session)), service.CodeGrantDraftGone)

	t.Log("what nobody came back to is forgotten, and given back")
	asked, err := w.p.service.AskConsent(ctx, w.admin, session, w.oauthInput(), "http://127.0.0.1:8765/")
	w.must(err)
	answer := answered(t, w.accounts, asked, "luc", "calendar", true)
	_, err = w.p.service.TakeAnswer(ctx, w.admin, session, answer)
	w.must(err)
	late, err := w.p.service.AskConsent(ctx, w.admin, session, w.oauthInput(), "http://127.0.0.1:8765/")
	w.must(err)
	lateAnswer := answered(t, w.accounts, late, "luc", "calendar", true)
	w.clock.move(11 * time.Minute)
	_, err = w.p.service.TakeAnswer(ctx, w.admin, session, lateAnswer)
	w.wantCode("after ten minutes", err, service.CodeGrantStateUnknown)
	w.must(w.p.service.PurgeDrafts(ctx))
	if live := w.accounts.LiveGrants("luc"); live != 0 {
		t.Errorf("%d grants of forgotten drafts live", live)
	}
	if live := w.google.Accounts.LiveGrants(annasAccount); live != 1 {
		t.Errorf("%d grants of the link live, want its one", live)
	}
	w.must(w.p.store.Read(ctx, func(tx *store.Tx) error {
		grants, err := tx.Grants()
		if len(grants) != 1 {
			t.Errorf("%d grants are kept, want that of the link", len(grants))
		}
		return err
	}))
}

// A token endpoint that is out of order needs nobody; one that ends the grant needs a person, and everything waits for that.
func TestF9_the_work_is_kept_until_somebody_signs_in_again(t *testing.T) {
	w := newGrantWorld(t)
	link := w.oauthLink()
	w.sync(link.ID)
	w.accounts.ExpireAccess()
	w.clock.move(2 * time.Hour)
	w.accounts.SetManners(func(m *authserver.Manners) { m.Trouble = http.StatusBadGateway })
	w.action(w.luc, "One")
	if view := w.sync(link.ID); view.SignInAgain || view.Failing.Reason != crm.FailingUnreachable || view.Pending != 1 {
		t.Errorf("502: %v, failing %+v, %d wait", view.States, view.Failing, view.Pending)
	}
	w.accounts.SetManners(func(m *authserver.Manners) { m.Trouble = 0 })
	w.clock.move(2 * time.Hour)
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive || view.Pending != 0 {
		t.Errorf("after it: %v, %d wait", view.States, view.Pending)
	}

	w.accounts.RevokeAll("luc")
	w.accounts.ExpireAccess()
	w.action(w.luc, "Two")
	view := w.sync(link.ID)
	if view.States[0] != crm.LinkSignInAgain || view.Pending != 1 {
		t.Errorf("revoked: %v, %d wait", view.States, view.Pending)
	}
	before := w.accounts.Requests()["token:refresh_token"]
	w.action(w.luc, "Three")
	if view = w.sync(link.ID); view.States[0] != crm.LinkSignInAgain || view.Pending != 2 {
		t.Errorf("still revoked: %v, %d wait", view.States, view.Pending)
	}
	if asked := w.accounts.Requests()["token:refresh_token"] - before; asked != 0 {
		t.Errorf("a dead grant was refreshed %d times", asked)
	}
	w.signInAgain(link.ID, nil)
	if view = w.sync(link.ID); view.States[0] != crm.LinkActive || view.Pending != 0 {
		t.Errorf("signed in again: %v, %d wait", view.States, view.Pending)
	}
}

// signInAgain is luc who answers the provider's page for a link once more.
func (w *grantWorld) signInAgain(id crm.LinkID, change *service.GrantChange) {
	w.t.Helper()
	w.must(w.signInAgainAs("luc", id, change))
}

func (w *grantWorld) signInAgainAs(person string, id crm.LinkID, change *service.GrantChange) error {
	w.t.Helper()
	ctx := w.t.Context()
	asked, err := w.p.service.AskConsentAgain(ctx, w.admin, session, id, change, "http://127.0.0.1:8765/")
	w.must(err)
	_, err = w.p.service.TakeAnswer(ctx, w.admin, session, answered(w.t, w.accounts, asked, person, "calendar", true))
	w.must(err)
	_, err = w.p.service.SignInAgain(ctx, w.admin, service.DraftRef{ID: asked.ID, Binding: session})
	return err
}

func TestF58_a_token_is_refreshed_once_whatever_was_said_of_its_end(t *testing.T) {
	w := newGrantWorld(t)
	link := w.oauthLink()
	w.sync(link.ID)
	before := w.accounts.Requests()["token:refresh_token"]
	w.accounts.ExpireAccess() // the clock says that it is good
	w.action(w.luc, "Two")
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive || view.Pending != 0 {
		t.Errorf("refused token: %v, %d wait", view.States, view.Pending)
	}
	if made := w.accounts.Requests()["token:refresh_token"] - before; made != 1 {
		t.Errorf("%d refreshes, want one", made)
	}
	for _, odd := range []string{"", "0", "-5", `"3600"`} {
		w.accounts.SetManners(func(m *authserver.Manners) { m.ExpiresIn = odd })
		w.clock.move(2 * time.Hour)
		w.accounts.ExpireAccess()
		if view := w.sync(link.ID); view.States[0] != crm.LinkActive {
			t.Errorf("expires_in %q: %v", odd, view.States)
		}
	}
}

func TestF59_another_account_secret_or_scope_stops_the_link_and_keeps_the_work(t *testing.T) {
	w := newGrantWorld(t)
	link := w.oauthLink()
	w.sync(link.ID)
	t.Log("the grant is revoked, and somebody else answers when it is asked for again")
	w.accounts.RevokeAll("luc")
	w.accounts.ExpireAccess()
	w.action(w.luc, "One")
	w.sync(link.ID)
	if err := w.signInAgainAs("anna", link.ID, nil); err == nil {
		t.Error("another's account was taken for the link")
	}
	if live := w.accounts.LiveGrants("anna"); live != 0 {
		t.Errorf("%d grants of the other live", live)
	}
	if view := w.sync(link.ID); view.States[0] != crm.LinkSignInAgain || view.Pending != 1 {
		t.Errorf("afterwards: %v, %d wait", view.States, view.Pending)
	}
	if items, err := w.box.Human("anna", "phone").Items("work"); err != nil || len(items) != 0 {
		t.Errorf("the other's calendar has %d events, %v", len(items), err)
	}
	w.signInAgain(link.ID, nil)
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive || view.Pending != 0 {
		t.Errorf("signed in by its own user: %v, %d wait", view.States, view.Pending)
	}

	t.Log("the client secret is changed there; the new one is typed here")
	w.accounts.Register(authserver.Registration{ID: "agenda", Secret: "canary-generic-secret-2", Redirects: []string{"http://127.0.0.1:8765/"}})
	w.accounts.ExpireAccess()
	w.clock.move(2 * time.Hour)
	w.action(w.luc, "Three")
	if view := w.sync(link.ID); view.WhySignIn != service.ReasonGrantClient || view.Pending != 1 {
		t.Errorf("another secret: %v because of %s, %d wait", view.States, view.WhySignIn, view.Pending)
	}
	change := service.GrantChange{OAuthInput: w.oauthInput().OAuth}
	change.ClientSecret = "canary-generic-secret-2"
	w.signInAgain(link.ID, &change)
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive || view.Pending != 0 {
		t.Errorf("with the new secret: %v, %d wait", view.States, view.Pending)
	}

	t.Log("the scope is withdrawn")
	w.accounts.SetManners(func(m *authserver.Manners) { m.GrantScope = "profile" })
	w.accounts.ExpireAccess()
	w.clock.move(2 * time.Hour)
	if view := w.sync(link.ID); view.WhySignIn != service.ReasonGrantScope {
		t.Errorf("scope withdrawn: %v because of %s", view.States, view.WhySignIn)
	}
}

// The refresh token was rotated and the database would not take the new one.
func TestF56_a_save_that_fails_is_made_up_for(t *testing.T) {
	w := newGrantWorld(t)
	link := w.oauthLink()
	kept := vault.Vault{Store: w.p.store, Keys: w.p.keys, Now: w.clock.now, Owner: "test", ID: link.ID}
	broken := &brokenVault{Vault: kept, failures: 7} // more than one refresh tries
	bearer := w.p.oauth.NewBearer(broken, func(context.Context, time.Duration) error { return nil })
	w.clock.move(2 * time.Hour)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base, http.NoBody)
	if err := bearer.Authorize(request); err == nil {
		t.Fatal("a token was used that is not kept")
	}
	w.must(bearer.Authorize(request))
	if n := w.accounts.Requests()["token:refresh_token"]; n != 1 {
		t.Errorf("%d refreshes, want one", n)
	}
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive {
		t.Errorf("afterwards: %v", view.States)
	}
}

type brokenVault struct {
	oauth.Vault
	failures int
}

func (b *brokenVault) Save(ctx context.Context, number int64, grant oauth.Grant) error {
	if b.failures--; b.failures >= 0 {
		return errors.New("no room left")
	}
	return b.Vault.Save(ctx, number, grant)
}

var grantLinks = flag.Int("grant-links", 250, "links whose access tokens lapse at one moment, for two instances on SQLite and two processes on PostgreSQL; for two instances on PostgreSQL they are 1000")

// Their access tokens lapse at one moment, and two instances of the program with connections of their own want them all. The
// authorisation server ends a grant whose old refresh token comes a second time, so that one refresh too many is also a failure.
func TestF57_a_thousand_links_on_two_nodes_refresh_once_each(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		refreshOnceEach(newGrantWorldOn(t, store.Options{}), *grantLinks)
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		refreshOnceEach(newGrantWorldOn(t, storetest.PostgreSQL(t)), 1000)
	})
}

func refreshOnceEach(w *grantWorld, links int) {
	t := w.t
	if testing.Short() {
		links = 100
	}
	w.accounts.SetManners(func(m *authserver.Manners) { m.ReuseKills = true })
	link := w.oauthLink()
	ctx := t.Context()
	ids, rows := make([]crm.LinkID, 0, links), make([]store.Grant, 0, links)
	var sealed service.SealedGrant
	w.must(w.p.store.Read(ctx, func(tx *store.Tx) error {
		row, err := tx.Grant(link.ID)
		if err != nil {
			return err
		}
		sealed, err = service.OpenGrant(w.p.keys, link.ID, row.Sealed)
		return err
	}))
	server := vault.ServerOf(sealed.Server)
	for range links { // each with a grant of its own
		consent, ask, err := w.p.oauth.Begin(server, "http://127.0.0.1:8765/", "")
		w.must(err)
		answer, err := oauth.ParseAnswer(answered(t, w.accounts, service.DraftView{Ask: ask}, "luc", "calendar", true))
		w.must(err)
		grant, err := w.p.oauth.Finish(ctx, server, consent, answer)
		w.must(err)
		one := sealed
		one.Grant, err = oauth.MarshalGrant(grant)
		w.must(err)
		id := crm.NewID[crm.Link](w.p.service.IDs)
		text, err := service.SealGrant(w.p.keys, id, one)
		w.must(err)
		rows = append(rows, store.Grant{ID: id, Sealed: text, GrantedAt: grant.GrantedAt})
		ids = append(ids, id)
	}
	w.must(w.p.store.Write(ctx, func(tx *store.Tx) error {
		for _, row := range rows {
			if err := tx.PutGrant(row); err != nil {
				return err
			}
		}
		return nil
	}))
	other := w.open()
	t.Cleanup(func() {
		if err := other.close(); err != nil {
			t.Error(err)
		}
	})
	w.clock.move(2 * time.Hour)
	before := w.accounts.Requests()["token:refresh_token"]
	began := time.Now()
	work := make(chan crm.LinkID)
	var workers sync.WaitGroup
	failed := make(chan error, 4*links)
	for _, node := range []*program{w.p, other, w.p, other, w.p, other, w.p, other} {
		workers.Go(func() {
			for id := range work {
				request, _ := http.NewRequestWithContext(ctx, http.MethodGet, w.base, http.NoBody)
				if err := node.bearer(id).Authorize(request); err != nil {
					failed <- err
				}
			}
		})
	}
	for _, id := range ids {
		for range 4 {
			work <- id
		}
	}
	close(work)
	workers.Wait()
	close(failed)
	for err := range failed {
		t.Fatalf("a link got no token: %v", err)
	}
	made := w.accounts.Requests()["token:refresh_token"] - before
	if made != links {
		t.Errorf("%d refreshes for %d links", made, links)
	}
	if live := w.accounts.LiveGrants("luc"); live != links+1 {
		t.Errorf("%d grants live, want those of %d links and the first", live, links)
	}
	t.Logf("%d links, 2 instances, 4 requests a link: %d refreshes, %s", links, made, time.Since(began).Round(time.Millisecond))
}

// A key that is missing or another stops the program at its start, and one that was rotated opens what is there.
func TestF60_a_grant_needs_its_key(t *testing.T) {
	w := newGrantWorld(t)
	w.oauthLink()
	foreign := testConfig(t.TempDir())
	other, err := openProgram(t.Context(), foreign)
	w.must(err)
	w.must(other.close())
	config := testConfig(w.dir)
	config.KeyFile = foreign.KeyFile
	if p, err := openProgram(t.Context(), config); err == nil || !strings.Contains(err.Error(), "key") {
		t.Errorf("another key opened the database: %v", err)
		if p != nil {
			w.must(p.close())
		}
	}
	old, err := os.ReadFile(filepath.Join(w.dir, "agenda.key"))
	w.must(err)
	fresh, err := os.ReadFile(foreign.KeyFile)
	w.must(err)
	var both bytes.Buffer
	for _, line := range strings.Split(string(old), "\n") {
		if strings.HasPrefix(line, "key ") {
			for _, new := range strings.Split(string(fresh), "\n") {
				if strings.HasPrefix(new, "key ") {
					both.WriteString(new + "\n")
				}
			}
		}
		both.WriteString(line + "\n")
	}
	config.KeyFile = filepath.Join(t.TempDir(), "both.key")
	w.must(os.WriteFile(config.KeyFile, both.Bytes(), 0o600))
	p, err := openProgram(t.Context(), config)
	w.must(err)
	w.must(p.close())
}

// S6 and S9: what was typed and what was granted is found nowhere outside, and neither is the password of the mail server.
func TestGrant_secrets_are_found_nowhere(t *testing.T) {
	w := newGrantWorld(t)
	draft, err := w.signedGoogle(annasAccount, sandbox.GoogleScope) // one that stays
	w.must(err)
	asked, err := w.p.service.AskConsent(t.Context(), w.admin, session, w.googleInput(), loopbackRedirect)
	w.must(err)
	_, err = w.p.service.TakeAnswer(t.Context(), w.admin, session, answered(t, w.google.Accounts, asked, annasAccount, "openid", true))
	_, writeErr := io.WriteString(w.log, err.Error())
	w.must(writeErr)
	google, generic := w.googleLink(), w.oauthLink()
	w.sync(google.ID)
	w.clock.move(2 * time.Hour)
	w.sync(generic.ID)
	w.google.Accounts.RevokeAll(annasAccount)
	w.google.Accounts.ExpireAccess()
	w.sync(google.ID)
	post := refusedMail(t, w.p, w.admin.User)
	_, token, err := w.p.service.CreateToken(t.Context(), w.admin, service.TokenInput{Name: "test"})
	w.must(err)
	v := w.pages("127.0.0.1", "admin")
	around := &wall{t: t, p: w.p, dir: w.dir, log: w.log, address: w.at, admin: w.admin, browser: v.client, api: &tourCRM{address: w.at, token: token, client: http.DefaultClient}}
	said := map[string]string{}
	around.scan(said, []string{google.ID.String(), generic.ID.String(), draft.ID.String(), w.luc.User.ID.String()})
	found(t, said, slices.Concat(spelled(googleClient, googleSecret), spelled("agenda", "canary-generic-secret"), post, []string{token}))
	granted := regexp.MustCompile(`\b(access|refresh|code)-[A-Za-z0-9_=-]{32}|Bearer access`) // as authserver draws them
	begun := regexp.MustCompile(`access-|refresh-|code-|Bearer `)                             // a part of one too, where no page or document has such words
	for place, text := range said {
		kind := granted
		if place == "log" || place == "backup" || strings.HasPrefix(place, "file agenda.db") {
			kind = begun
		}
		if match := kind.FindString(text); match != "" {
			t.Errorf("%s holds %q", place, match)
		}
	}
	if !strings.Contains(said["log"], google.ID.String()) {
		t.Error("the log does not speak of the link whose grant was revoked")
	}
}
