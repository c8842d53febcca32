package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/sandbox/authserver"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

const (
	googleClient = "123-abc.apps.googleusercontent.com"
	googleSecret = "GOCSPX-canary-secret" // must be found nowhere but at the authorisation server
	annasAccount = "anna@gmail.example"
	lucsAccount  = "luc@gmail.example"
)

// grantWorld is a program beside a sandbox of Google and one of a generic OAuth server, on one clock.
type grantWorld struct {
	t      *testing.T
	p      *program
	log    *lockedWriter
	clock  *movingClock
	google *sandbox.Google
	box    *sandbox.Server // behind accounts
	// accounts are those of the generic server, base its address.
	accounts   *authserver.Server
	base       string
	googleBase string
	dir        string
	database   store.Options
	admin, luc service.Caller
	at         string // of the pages
}

// movingClock is the machine's, moved on by a test.
type movingClock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *movingClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *movingClock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += by
}

func newGrantWorld(t *testing.T) *grantWorld {
	t.Helper()
	t.Parallel()
	return newGrantWorldOn(t, store.Options{})
}

// newGrantWorldOn is one on a fresh PostgreSQL database, or on SQLite in its folder where none is given.
func newGrantWorldOn(t *testing.T, database store.Options) *grantWorld {
	t.Helper()
	return newGrantWorldBehind(t, database, func(accounts http.Handler) *httptest.Server {
		server := httptest.NewServer(accounts)
		t.Cleanup(server.Close)
		return server
	})
}

// newGrantWorldBehind has serve start the generic server.
func newGrantWorldBehind(t *testing.T, database store.Options, serve func(http.Handler) *httptest.Server) *grantWorld {
	t.Helper()
	w := &grantWorld{t: t, log: &lockedWriter{}, clock: &movingClock{}, dir: t.TempDir(), database: database}
	if database.PostgreSQL == "" {
		w.database.SQLite = filepath.Join(w.dir, "agenda.db")
	}
	var handlers [2]http.Handler
	handled := func(i int) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handlers[i].ServeHTTP(rw, r) })
	}
	google := httptest.NewServer(handled(0))
	t.Cleanup(google.Close)
	w.googleBase, w.base = google.URL, serve(handled(1)).URL
	accounts := authserver.New(w.googleBase, sandbox.GoogleAccounts(), w.clock.now, rand.Reader, annasAccount, lucsAccount)
	accounts.Register(authserver.Registration{ID: googleClient, Secret: googleSecret, Loopback: true})
	var err error
	w.google, err = sandbox.OpenGoogle("", sandbox.Options{Now: w.clock.now}, accounts,
		sandbox.User{Name: annasAccount, DisplayName: "Anna"}, sandbox.User{Name: lucsAccount, DisplayName: "Luc"})
	w.must(err)
	handlers[0] = w.google
	w.accounts = authserver.New(w.base, authserver.Manners{Rotates: true, ReuseKills: true, ExpiresIn: "3600"}, w.clock.now, rand.Reader, "luc", "anna")
	w.accounts.Register(authserver.Registration{ID: "agenda", Secret: "canary-generic-secret", Redirects: []string{"http://127.0.0.1:8765/", "https://crm.example/oauth/callback"}})
	w.box, err = sandbox.Open("", sandbox.Options{Now: w.clock.now, Bearer: func(token string) (string, bool) {
		person, _, ok := w.accounts.User(token)
		return person, ok
	}})
	w.must(err)
	for _, name := range []string{"luc", "anna"} {
		w.must(w.box.SetUser(sandbox.User{Name: name, DisplayName: name, Addresses: []string{name + "@example.com"}}))
		w.must(w.box.SetCalendar(sandbox.Calendar{Owner: name, Name: "work", DisplayName: "Work of " + name, Components: []string{"VEVENT"}}))
	}
	handlers[1] = sandbox.WithAccounts(w.accounts, w.box)
	w.p = w.open()
	ctx := t.Context()
	user, err := w.p.service.CreateAdministrator(ctx, service.UserInput{Login: "admin", Name: "An", Language: crm.Dutch, TimeZone: "Europe/Brussels", Active: true, Password: "long enough to be one"})
	w.must(err)
	w.admin = service.Caller{User: user}
	other, err := w.p.service.CreateUser(ctx, w.admin, service.UserInput{Login: "luc", Name: "Luc", Language: crm.French, TimeZone: "Europe/Brussels", Role: crm.RoleUser, Active: true, Password: "long enough to be one"})
	w.must(err)
	w.luc = service.Caller{User: other}
	w.at = start(t, w.p)
	return w
}

// open makes a program on the database, with connections of its own: the first, or another node of the same installation.
func (w *grantWorld) open() *program {
	w.t.Helper()
	var allow outbound.Allow
	for _, base := range []string{w.googleBase, w.base} {
		var err error
		_, host, _ := strings.Cut(base, "://")
		allow, err = allow.With(host)
		w.must(err)
	}
	p, err := openProgram(w.t.Context(), programConfig{
		Store: w.database, KeyFile: filepath.Join(w.dir, "agenda.key"), Allow: allow, Now: w.clock.now,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Google: googleAddresses{
			CalDAV: w.googleBase + "/caldav/v2/", Authorization: w.googleBase + "/o/oauth2/v2/auth", Token: w.googleBase + "/token",
			Revocation: w.googleBase + "/revoke", Issuer: w.googleBase,
		},
	})
	w.must(err)
	return p
}

type lockedWriter struct {
	mu sync.Mutex
	to bytes.Buffer
}

func (l *lockedWriter) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(text)
}

func (w *grantWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (l *lockedWriter) text() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.to.Bytes())
}

var session = []byte("session of the administrator")

const loopbackRedirect = "http://127.0.0.1:53682/"

func (w *grantWorld) googleInput() service.LinkInput {
	return service.LinkInput{User: w.admin.User.ID, Kind: crm.LinkGoogle, Username: annasAccount, OAuth: service.OAuthInput{ClientID: googleClient, ClientSecret: googleSecret}}
}

func (w *grantWorld) oauthInput() service.LinkInput {
	return service.LinkInput{User: w.luc.User.ID, Kind: crm.LinkOAuth, Address: w.base, Username: "luc", PlainHTTP: true,
		OAuth: service.OAuthInput{Issuer: w.base, ClientID: "agenda", ClientSecret: "canary-generic-secret", Scopes: "calendar"}}
}

// answered is where the browser lands after a person answered the question of a draft.
func answered(t *testing.T, accounts *authserver.Server, draft service.DraftView, person, scope string, allow bool) string {
	t.Helper()
	asked, err := url.Parse(draft.Ask)
	if err != nil {
		t.Fatal(err)
	}
	return accounts.Answer(asked.Query(), person, scope, allow)
}

// signedGoogle is a draft of the administrator's Google link, signed in.
func (w *grantWorld) signedGoogle(person, scope string) (service.DraftView, error) {
	w.t.Helper()
	draft, err := w.p.service.AskConsent(w.t.Context(), w.admin, session, w.googleInput(), loopbackRedirect)
	w.must(err)
	return w.p.service.TakeAnswer(w.t.Context(), w.admin, session, answered(w.t, w.google.Accounts, draft, person, scope, true))
}

func (w *grantWorld) googleLink() crm.Link {
	w.t.Helper()
	draft, err := w.signedGoogle(annasAccount, sandbox.GoogleScope)
	w.must(err)
	link, err := w.p.service.CreateLink(w.t.Context(), w.admin, service.LinkInput{Draft: service.DraftRef{ID: draft.ID, Binding: session}, TestWrite: true})
	w.must(err)
	return link
}

func (w *grantWorld) oauthLink() crm.Link {
	w.t.Helper()
	draft, err := w.p.service.AskConsent(w.t.Context(), w.admin, session, w.oauthInput(), "http://127.0.0.1:8765/")
	w.must(err)
	_, err = w.p.service.TakeAnswer(w.t.Context(), w.admin, session, answered(w.t, w.accounts, draft, "luc", "calendar", true))
	w.must(err)
	link, err := w.p.service.CreateLink(w.t.Context(), w.admin, service.LinkInput{Draft: service.DraftRef{ID: draft.ID, Binding: session}, TestWrite: true})
	w.must(err)
	return link
}

// sync runs a link and waits for the end of a run that began after the call: the first that ends may be one that went on already, and
// that screens opened meanwhile share.
func (w *grantWorld) sync(id crm.LinkID) service.LinkView {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		ticket, err := w.p.scheduler.Pull(ctx, []crm.LinkID{id}, 0)
		w.must(err)
		w.must(ticket.Wait(ctx))
	}
	view, err := w.p.service.Link(ctx, w.admin, id)
	w.must(err)
	return view
}

func (w *grantWorld) action(follower service.Caller, subject string) crm.Action {
	w.t.Helper()
	action, err := w.p.service.Create(w.t.Context(), follower, service.ActionInput{
		Subject: subject, StartDate: w.clock.now().AddDate(0, 0, 1).Format(time.DateOnly), StartTime: "10:00", FollowedBy: follower.User.ID,
	})
	w.must(err)
	return action
}

func codeOf(err error) string {
	problems, _ := errors.AsType[crm.Problems](err)
	if len(problems) == 0 {
		return ""
	}
	return problems[0].Code
}

func (w *grantWorld) wantCode(what string, err error, code string) {
	w.t.Helper()
	if codeOf(err) != code {
		w.t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func TestGoogle_from_nothing_to_a_synced_action(t *testing.T) {
	w := newGrantWorld(t)
	link := w.googleLink()
	w.action(w.admin, "Call about the <b>roof & wall</b>")
	view := w.sync(link.ID)
	items, err := w.google.Calendar.Human(annasAccount, "phone").Items(annasAccount)
	w.must(err)
	if len(items) != 1 || items[0].Line("SUMMARY") != "Call about the <b>roof & wall</b>" {
		t.Fatalf("the calendar has %+v; the link is %+v", items, view)
	}
	if view.States[0] != crm.LinkActive || view.Username != annasAccount || view.CalendarName != "Anna" {
		t.Errorf("the link is %v, of %s, %s", view.States, view.Username, view.CalendarName)
	}
	if !view.Traits.Has("html_descriptions") {
		t.Errorf("traits %v: DESCRIPTION is HTML at Google", view.Traits.All())
	}
}

func TestOAuth_from_an_issuer_to_a_synced_action(t *testing.T) {
	w := newGrantWorld(t)
	link := w.oauthLink()
	w.action(w.luc, "Réunion")
	view := w.sync(link.ID)
	items, err := w.box.Human("luc", "phone").Items("work")
	w.must(err)
	if len(items) != 1 || items[0].Line("SUMMARY") != "Réunion" {
		t.Fatalf("the calendar has %+v; the link is %+v", items, view)
	}
}
