package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oauth"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/sandbox/authserver"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/vault"
)

// lapsed is an authorisation server with a calendar server behind it, and a database with links there whose access tokens have all lapsed.
type lapsed struct {
	*testing.T
	accounts  *authserver.Server
	env       []string
	token     string // of an administrator, for the API
	links     []crm.LinkID
	store     *store.Store
	addresses []string
}

// TestF57_two_processes_refresh_each_of_many_lapsed_grants_once: their access tokens have lapsed at one moment, and two processes of the
// program on one PostgreSQL want them all: each link is run as soon as they start, by one or the other, and tested by a person at both at
// the same time, which no lease holds apart. The server ends a grant whose old refresh token comes a second time.
func TestF57_two_processes_refresh_each_of_many_lapsed_grants_once(t *testing.T) {
	t.Parallel()
	links := *grantLinks
	w := newLapsed(t, links)
	before := w.accounts.Requests()["token:refresh_token"]
	began := time.Now()
	for range 2 {
		address := freeAddress(t)
		startChild(t, w.env, "serve", "--listen", address)
		w.addresses = append(w.addresses, address)
	}
	var testers sync.WaitGroup
	for _, address := range w.addresses {
		work := make(chan crm.LinkID)
		for range 4 {
			crm := &tourCRM{address: "http://" + address, token: w.token, client: &http.Client{Timeout: time.Minute}, patience: testWithin}
			testers.Go(func() {
				for id := range work {
					var verdict struct{ Outcome string }
					if err := crm.do(t.Context(), http.MethodPost, "/links/"+id.String()+"/test", 0, nil, &verdict); err != nil || verdict.Outcome == string(service.DoesNotWork) {
						t.Errorf("test link %s at %s: %s, %v", id, address, verdict.Outcome, err)
					}
				}
			})
		}
		testers.Go(func() {
			defer close(work)
			for _, id := range w.links {
				work <- id
			}
		})
	}
	testers.Wait()
	for deadline := time.Now().Add(testWithin); ; {
		running, waiting := w.stand()
		if waiting == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d links run, %d do not", running, waiting)
		}
		w.must(wait(t.Context(), tourPause))
	}
	if made := w.accounts.Requests()["token:refresh_token"] - before; made != links {
		t.Errorf("%d refreshes for %d links", made, links)
	}
	if live := w.accounts.LiveGrants("luc"); live != links {
		t.Errorf("%d grants live, want %d", live, links)
	}
	t.Logf("%d links, 2 processes, each link run once and tested at both: %d refreshes, %v", links, w.accounts.Requests()["token:refresh_token"]-before, time.Since(began).Round(10*time.Millisecond))
}

func (w *lapsed) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// command runs the program to its end, and returns what it wrote.
func (w *lapsed) command(arguments ...string) string {
	w.Helper()
	command := exec.CommandContext(w.Context(), "agenda", arguments...)
	command.Env = append(os.Environ(), w.env...)
	out, err := command.Output()
	if failed, is := errors.AsType[*exec.ExitError](err); is {
		w.Fatalf("agenda %s: %s", strings.Join(arguments, " "), failed.Stderr)
	}
	w.must(err)
	return strings.TrimSpace(string(out))
}

func newLapsed(t *testing.T, links int) *lapsed {
	t.Helper()
	w := &lapsed{T: t}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	w.accounts = authserver.New(server.URL, authserver.Manners{Rotates: true, ReuseKills: true, ExpiresIn: "3600"}, time.Now, rand.Reader, "luc")
	w.accounts.Register(authserver.Registration{ID: "agenda", Secret: "canary-generic-secret", Redirects: []string{"http://127.0.0.1:8765/"}})
	box, err := sandbox.Open("", sandbox.Options{Now: time.Now, Bearer: func(token string) (string, bool) {
		person, _, ok := w.accounts.User(token)
		return person, ok
	}})
	w.must(err)
	t.Cleanup(func() { w.must(box.Close()) })
	w.must(box.SetUser(sandbox.User{Name: "luc"}))
	handler = sandbox.WithAccounts(w.accounts, box)

	dir, database := t.TempDir(), storetest.PostgreSQL(t)
	w.env = []string{
		"AGENDA_DATA=" + dir, "AGENDA_DATABASE=" + database.PostgreSQL, "LANG=C", "AGENDA_PASSWORD=quite-long-enough",
		"AGENDA_OUTBOUND_ALLOW=" + strings.TrimPrefix(server.URL, "http://"),
	}
	w.command("user", "add", "admin", "--admin")
	w.token = w.command("token", "add", "--user", "admin", "two processes")
	keys, err := secret.Load(filepath.Join(dir, "agenda.key"))
	w.must(err)
	w.store, err = store.Open(t.Context(), database)
	w.must(err)
	t.Cleanup(func() { w.must(w.store.Close()) })
	allow, err := outbound.Allow{}.With(strings.TrimPrefix(server.URL, "http://"))
	w.must(err)
	client := oauth.New(outbound.New(outbound.Config{Allow: allow}), time.Now, rand.Reader)
	at, err := client.Discover(t.Context(), server.URL, true)
	w.must(err)
	kept := service.OAuthServer{OAuthInput: service.OAuthInput{
		Issuer: at.Issuer, AuthorizationEndpoint: at.AuthorizationEndpoint, TokenEndpoint: at.TokenEndpoint, RevocationEndpoint: at.RevocationEndpoint,
		ClientID: "agenda", ClientSecret: "canary-generic-secret", Scopes: "calendar", Style: string(at.Style),
	}}
	ids := crm.IDSource{Now: time.Now, Random: rand.Reader}
	for i := range links {
		name := fmt.Sprintf("c%04d", i)
		w.must(box.SetCalendar(sandbox.Calendar{Owner: "luc", Name: name}))
		user := crm.User{
			ID: crm.NewID[crm.User](ids), Version: 1, Login: name, Name: name, Language: crm.English, TimeZone: "Europe/Brussels", Role: crm.RoleUser, Active: true, CreatedAt: time.Now(),
		}
		link := crm.Link{
			ID: crm.NewID[crm.Link](ids), Version: 1, User: user.ID, Kind: crm.LinkOAuth, Address: server.URL + box.CalendarPath("luc", name),
			CalendarHref: server.URL + box.CalendarPath("luc", name), CalendarName: name, Username: "luc", PlainHTTP: true, CreatedAt: time.Now(),
		}
		grant := w.granted(client, vault.ServerOf(kept))
		grant.ExpiresAt = time.Now().Add(-time.Hour)
		text, err := oauth.MarshalGrant(grant)
		w.must(err)
		sealed, err := service.SealGrant(keys, link.ID, service.SealedGrant{Kind: crm.LinkOAuth, Account: "luc", Server: kept, Grant: text})
		w.must(err)
		w.must(w.store.Write(t.Context(), func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertUser(user, ""), tx.InsertLink(link, nil, store.LinkSync{CalendarName: name}), tx.PutGrant(store.Grant{ID: link.ID, Sealed: sealed, GrantedAt: grant.GrantedAt}))
		}))
		w.links = append(w.links, link.ID)
	}
	return w
}

// granted is a fresh grant.
func (w *lapsed) granted(client *oauth.Client, server oauth.Server) oauth.Grant {
	w.Helper()
	consent, ask, err := client.Begin(server, "http://127.0.0.1:8765/", "")
	w.must(err)
	answer, err := oauth.ParseAnswer(answered(w.T, w.accounts, service.DraftView{Ask: ask}, "luc", "calendar", true))
	w.must(err)
	grant, err := client.Finish(context.WithoutCancel(w.Context()), server, consent, answer)
	w.must(err)
	return grant
}

// stand is how many links were run and stand well, and how many were not or do not.
func (w *lapsed) stand() (running, waiting int) {
	w.Helper()
	w.must(w.store.Read(w.Context(), func(tx *store.Tx) error {
		running, waiting = 0, 0
		for _, id := range w.links {
			sync, err := tx.LinkSync(id)
			if err != nil {
				return err
			}
			if sync.FirstSyncedAt.IsZero() || sync.SignInAgain || sync.Failing.Reason != "" {
				waiting++
			} else {
				running++
			}
		}
		return nil
	}))
	return running, waiting
}
