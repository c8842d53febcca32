package interop

import (
	"context"
	"crypto/rand"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/check"
	"agendaonline/internal/dav"
	"agendaonline/internal/oauth"
	"agendaonline/internal/outbound"
	"agendaonline/internal/preset"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/sandbox/authserver"
	"agendaonline/interop/servers"
)

// google is the sandbox's Google as the server of a stage: its calendars behind access tokens, its accounts, and what the program
// asked of it. Phones come in by a door of their own, so that they work whatever becomes of the program's grants.
type google struct {
	*sandbox.Google
	base   string
	server oauth.Server

	mu    sync.Mutex
	clock func() time.Time // the accounts go by it
	at    time.Time        // by the calendars' own clock
	step  time.Duration    // that it moves on each time somebody looks at it
	log   []asked
	vault map[string]*grantVault // by account
}

// asked is a request of the program to the calendars, and the head of its answer.
type asked struct {
	method string
	sent   http.Header
	status int
	got    http.Header
}

const (
	googleClient = "123-abc.apps.googleusercontent.com"
	device       = "device:" // and the account: a phone's token
	redirect     = "http://127.0.0.1:8765/"
)

// startGoogle starts one, with accounts of alice and bob. Its traits are those given, or what the connection test finds.
func startGoogle(t *testing.T, known ...dav.Traits) *host {
	t.Helper()
	g := &google{clock: time.Now, at: time.Now(), step: time.Second, vault: map[string]*grantVault{}}
	listener := httptest.NewServer(g)
	t.Cleanup(listener.Close)
	g.base = listener.URL
	people := []string{"alice@example.com", "bob@example.com"}
	accounts := authserver.New(g.base, sandbox.GoogleAccounts(), g.now, rand.Reader, people...)
	accounts.Register(authserver.Registration{ID: googleClient, Secret: "canary", Loopback: true})
	devices := func(token string) (string, bool) { return strings.CutPrefix(token, device) }
	var err error
	g.Google, err = sandbox.OpenGoogle("", sandbox.Options{Now: g.time, Bearer: devices}, accounts, sandbox.User{Name: people[0]}, sandbox.User{Name: people[1]})
	if err != nil {
		t.Fatal(err)
	}
	g.server = oauth.Server{
		AuthorizationEndpoint: g.base + "/o/oauth2/v2/auth", TokenEndpoint: g.base + "/token", RevocationEndpoint: g.base + "/revoke", ClientID: googleClient,
		ClientSecret: "canary", Style: oauth.StylePost, Scopes: []string{sandbox.GoogleScope}, Extra: map[string]string{"access_type": "offline", "prompt": "consent"},
	}
	h := &host{Server: &servers.Server{Calendar: g.base + "/", Origin: g.base, Address: strings.TrimPrefix(g.base, "http://")}, google: g}
	if len(known) > 0 {
		h.traits = known[0]
		return h
	}
	verdict := g.test(t, people[0])
	if verdict.Outcome == check.DoesNotWork || verdict.NoSyncToken {
		t.Fatalf("connection test: %s %s %v", verdict.Outcome, verdict.Code, verdict.Params)
	}
	h.traits = verdict.Traits
	for _, trait := range []dav.Trait{dav.HTMLDescriptions, dav.IgnoresScheduleAgent} { // which no test finds, and every link of the kind has
		h.traits = h.traits.With(trait, dav.Evidence{At: time.Now().UTC(), Seen: "a link of the kind google"})
	}
	return h
}

// test is the connection test of an account, with writing.
func (g *google) test(t *testing.T, account string) check.Verdict {
	t.Helper()
	allow, err := outbound.ParseAllow(strings.TrimPrefix(g.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	transport := outbound.New(outbound.Config{Allow: allow})
	t.Cleanup(transport.CloseIdleConnections)
	tester := check.New(check.Config{
		Transport: transport, Resolver: net.DefaultResolver, Now: time.Now, Random: rand.Reader, NewUID: func() string { return rand.Text() + "@interop" },
	})
	verdict, err := tester.Test(t.Context(), check.Request{
		Address: preset.GooglePrincipal(g.base+"/caldav/v2/", account), Username: account, Credentials: g.bearer(transport, time.Now, account), PlainHTTP: true, Write: true,
	}, func(check.Step) {})
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

func (g *google) now() time.Time {
	g.mu.Lock()
	clock := g.clock
	g.mu.Unlock()
	return clock()
}

// time is by the calendars' own clock. Their ETags count its seconds.
func (g *google) time() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = g.at.Add(g.step)
	return g.at
}

// stand stops that clock: everything that is written from now on is of one second.
func (g *google) stand() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.step = 0
}

// follow has the accounts go by a clock.
func (g *google) follow(clock func() time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.clock = clock
}

// ServeHTTP lets phones, and the witness who looks at what a write did, in by their own door.
func (g *google) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	account, _, phone := r.BasicAuth()
	switch agent := r.UserAgent(); {
	case !strings.HasPrefix(r.URL.Path, "/caldav/v2/"):
		g.Google.ServeHTTP(out, r)
		return
	case phone && agent == "phone":
	case strings.HasPrefix(agent, "Go-http-client/"):
		account, _, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/caldav/v2/"), "/")
	default:
		seen := &recorder{ResponseWriter: out, status: http.StatusOK}
		g.Google.ServeHTTP(seen, r)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.log = append(g.log, asked{r.Method, r.Header.Clone(), seen.status, out.Header().Clone()})
		return
	}
	r.Header.Set("Authorization", "Bearer "+device+account)
	g.Calendar.ServeHTTP(out, r)
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// asked is what the program asked since the last time.
func (g *google) asked() []asked {
	g.mu.Lock()
	defer g.mu.Unlock()
	log := g.log
	g.log = nil
	return log
}

// bearer signs in by an account's grant, which is given at the first use.
func (g *google) bearer(transport http.RoundTripper, now func() time.Time, account string) bearer {
	g.mu.Lock()
	defer g.mu.Unlock()
	client := oauth.New(transport, now, rand.Reader)
	vault := g.vault[account]
	if vault == nil {
		vault = &grantVault{google: g, client: client, account: account}
		g.vault[account] = vault
	}
	return bearer{client.NewBearer(vault, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })}
}

// signInAgain is the person who answers Google's page once more.
func (g *google) signInAgain(account string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	vault := g.vault[account]
	vault.mu.Lock()
	defer vault.mu.Unlock()
	vault.kept, vault.dead = oauth.Kept{}, ""
}

// grantVault keeps the grant of one account.
type grantVault struct {
	google  *google
	client  *oauth.Client
	account string

	mu   sync.Mutex
	kept oauth.Kept
	dead oauth.Kind
}

func (v *grantVault) Load(ctx context.Context) (oauth.Kept, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.dead != "" {
		return oauth.Kept{}, &oauth.Failure{Kind: oauth.SignInAgain, Op: "load the grant"}
	}
	if v.kept.Number > 0 {
		return v.kept, nil
	}
	consent, address, err := v.client.Begin(v.google.server, redirect, v.account)
	if err != nil {
		return oauth.Kept{}, err
	}
	page, err := url.Parse(address)
	if err != nil {
		return oauth.Kept{}, err
	}
	answer, err := oauth.ParseAnswer(v.google.Accounts.Answer(page.Query(), v.account, sandbox.GoogleScope, true))
	if err != nil {
		return oauth.Kept{}, err
	}
	grant, err := v.client.Finish(ctx, v.google.server, consent, answer)
	if err != nil {
		return oauth.Kept{}, err
	}
	v.kept = oauth.Kept{Server: v.google.server, Grant: grant, Number: 1}
	return v.kept, nil
}

func (v *grantVault) Claim(_ context.Context, number int64) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.kept.Number == number, nil
}

func (v *grantVault) Save(_ context.Context, number int64, grant oauth.Grant) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.kept.Number != number {
		return oauth.ErrReplaced
	}
	v.kept.Grant = grant
	v.kept.Number++
	return nil
}

func (v *grantVault) Release(context.Context, int64) error { return nil }

func (v *grantVault) Dead(_ context.Context, _ int64, why oauth.Kind) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dead = why
	return nil
}

// bearer is a grant's credentials, as caldav takes them.
type bearer struct{ of *oauth.Bearer }

func (b bearer) Authorize(request *http.Request) error {
	return requestFailure(b.of.Authorize(request))
}

func (b bearer) Refused(request *http.Request, answer *http.Response) (bool, error) {
	again, err := b.of.Refused(request, answer)
	return again, requestFailure(err)
}

func requestFailure(err error) error {
	switch oauth.KindOf(err) {
	case "":
		return err
	case oauth.SignInAgain, oauth.ClientRefused, oauth.ScopeMissing:
		return &dav.Failure{Class: dav.ClassSignIn, Op: "refresh the grant", Err: err}
	}
	return &dav.Failure{Class: dav.ClassTemporary, Op: "refresh the grant", Err: err}
}

// asShown is a text with its description as Google's own page shows it: without HTML.
func asShown(text string) string {
	unfolded := strings.NewReplacer("\r\n ", "", "\r\n\t", "").Replace(text)
	lines := strings.Split(unfolded, "\r\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "DESCRIPTION:") {
			lines[i] = html.UnescapeString(strings.NewReplacer("<br>", `\n`, `\;`, ";").Replace(line))
		}
	}
	return strings.Join(lines, "\r\n")
}

// TestGoogle_scenarios: those of the real servers, on the sandbox's Google behind access tokens, with a second for each
// write, and all in one second, in which every version of an event has the same ETag.
func TestGoogle_scenarios(t *testing.T) {
	t.Parallel()
	traits := startGoogle(t).traits
	t.Logf("the traits of a link are %v", traits.All())
	on := append(slices.Clone(scenarios), scenario{"server_restored", (*stage).serverRestored})
	for _, seconds := range []string{"seconds_of_their_own", "one_second"} {
		t.Run(seconds, func(t *testing.T) {
			t.Parallel()
			for _, scenario := range on {
				t.Run(scenario.name, func(t *testing.T) {
					t.Parallel()
					h := startGoogle(t, traits)
					if seconds == "one_second" {
						h.google.stand()
					}
					s := newStage(t, h)
					scenario.play(s)
					s.judge()
				})
			}
		})
	}
}
