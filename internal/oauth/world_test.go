package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/sandbox/authserver"
)

// world is one authorisation server and one client of it, at a clock that the test moves.
type world struct {
	t      *testing.T
	auth   *authserver.Server
	client *Client
	server Server

	mu  sync.Mutex
	now time.Time
}

const scope = "https://calendar.example/scope"

func newWorld(t *testing.T, manners authserver.Manners) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)}
	var handler http.Handler
	listener := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(listener.Close)
	w.auth = authserver.New(listener.URL, manners, w.clock, rand.Reader, "jan@example.com", "sofie@example.com")
	w.auth.Register(authserver.Registration{ID: "agenda", Secret: "canary-secret", Redirects: []string{"https://crm.example/oauth/callback"}, Loopback: true})
	w.auth.Register(authserver.Registration{ID: "public", Redirects: []string{"https://crm.example/oauth/callback"}, Loopback: true})
	handler = w.auth
	w.client = New(http.DefaultTransport, w.clock, rand.Reader)
	w.server = Server{
		AuthorizationEndpoint: listener.URL + "/authorize", TokenEndpoint: listener.URL + "/token", RevocationEndpoint: listener.URL + "/revoke",
		DeviceEndpoint: listener.URL + "/device", Issuer: listener.URL, ClientID: "agenda", ClientSecret: "canary-secret", Style: StyleBasic, Scopes: []string{scope},
		Extra: map[string]string{"access_type": "offline", "prompt": "consent"},
	}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

const callback = "https://crm.example/oauth/callback"

// consent is a person who answers the question that Begin puts.
func (w *world) consent(person, granted string, allow bool) (Consent, Answer) {
	w.t.Helper()
	consent, address, err := w.client.Begin(w.server, callback, person)
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := ParseAnswer(w.auth.Answer(u.Query(), person, granted, allow))
	if err != nil {
		w.t.Fatal(err)
	}
	return consent, answer
}

func (w *world) grant() Grant {
	w.t.Helper()
	consent, answer := w.consent("jan@example.com", scope, true)
	grant, err := w.client.Finish(w.t.Context(), w.server, consent, answer)
	if err != nil {
		w.t.Fatal(err)
	}
	return grant
}

// vault keeps one grant as a database would: shared, with a claim, failing on request.
type vault struct {
	mu        sync.Mutex
	kept      Kept
	claimed   bool
	dead      Kind
	failSaves int
	saves     int
}

func (v *vault) Load(context.Context) (Kept, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dead != "" {
		return Kept{}, &Failure{Kind: SignInAgain, Op: "load"}
	}
	return v.kept, nil
}

func (v *vault) Claim(_ context.Context, number int64) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.claimed || v.kept.Number != number {
		return false, nil
	}
	v.claimed = true
	return true, nil
}

func (v *vault) Save(_ context.Context, number int64, grant Grant) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failSaves > 0 {
		v.failSaves--
		return errors.New("the disk is full")
	}
	if v.kept.Number == number {
		v.kept.Grant, v.kept.Number, v.claimed, v.dead = grant, number+1, false, ""
		v.saves++
	}
	return nil
}

func (v *vault) Release(_ context.Context, number int64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept.Number == number {
		v.claimed = false
	}
	return nil
}

func (v *vault) Dead(_ context.Context, number int64, why Kind) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept.Number == number {
		v.dead, v.claimed = why, false
	}
	return nil
}

func yieldOnly(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func kindIs(t *testing.T, err error, want Kind) {
	t.Helper()
	if got := KindOf(err); got != want {
		t.Fatalf("got kind %q (%v), want %q", got, err, want)
	}
}

// tokensHidden fails when a text shows one of the secrets.
func tokensHidden(t *testing.T, text string, grant Grant) {
	t.Helper()
	for _, secret := range []string{grant.AccessToken, grant.RefreshToken, "canary-secret"} {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("a secret is in %q", text)
		}
	}
}
