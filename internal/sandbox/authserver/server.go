// Package authserver is an OAuth 2.0 authorisation server for tests and for the demo, with the manners of real ones as
// switches: Google's, Nextcloud's, ownCloud's, Fastmail's and those of identity providers before a CalDAV server. It gives
// tokens to people it is told of; which calendar a token opens is asked of it by the CalDAV server beside it (User).
//
// RFC 6749, 7009, 7636, 8252, 8414, 8628, 9207. Everything it knows is in memory: a restart ends all grants.
package authserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Registration is a client that the server knows.
type Registration struct {
	ID, Secret string
	// Redirects are exact addresses. Loopback takes http on 127.0.0.1 and [::1] with any port beside them (RFC 8252 section
	// 7.3), as a Google client of the type Desktop app does.
	Redirects []string
	Loopback  bool
}

// Manners are what a server does in its own way. The zero Manners is a strict one by the RFCs: Basic or post, PKCE checked
// where a challenge came, refresh tokens that stay.
type Manners struct {
	BasicOnly      bool // ownCloud 10 refuses a secret in the body
	PostOnly       bool
	PKCERequired   bool
	Rotates        bool // a refresh ends the old pair at once (Nextcloud, ownCloud)
	ReuseKills     bool // a refresh token used twice ends its whole family (RFC 9700 section 4.14)
	ForcedConsent  bool // a refresh token comes only with prompt=consent and access_type=offline (Google)
	NoRefreshToken bool // never gives one
	// ReuseError is the code for a used or unknown refresh token, "" for invalid_grant: Nextcloud says invalid_request.
	ReuseError string
	// ErrorStatus of refused requests, 0 for what RFC 6749 section 5.2 says: ownCloud answers 400 always.
	ErrorStatus int

	ExpiresIn    string // the JSON value of expires_in: `3600`, `"3600"`, `0`; "" leaves it out
	TokenType    string // "" for Bearer
	GrantScope   string // what is granted instead of what was asked
	GrantLasts   time.Duration
	MostGrants   int    // live refresh tokens per person and client, the oldest is dropped; 0: no limit. Google: 100
	Issuer       string // iss in answers and metadata; "" for the server's own
	NoIssuer     bool   // no iss in answers
	NoMetadata   bool
	OpenIDOnly   bool // metadata only as OpenID Connect Discovery
	RevokeStatus int  // 0: 200; 404 and 503 happen
	// Trouble is answered by the token endpoint instead of a token while it is not 0: 502 and 503 with a page of HTML.
	Trouble int
}

// Server is one authorisation server. It may be used by many goroutines.
type Server struct {
	mu       sync.Mutex
	now      func() time.Time
	random   io.Reader
	base     string
	manners  Manners
	clients  map[string]Registration
	people   []string
	codes    map[string]*code
	devices  map[string]*device
	grants   []*grant
	requests map[string]int
	delay    func()
}

type code struct {
	client, redirect, challenge, person, scope string
	offline                                    bool
	expiresAt                                  time.Time
	used                                       bool
	grant                                      *grant
}

type device struct {
	client, scope, userCode, person string
	denied                          bool
	expiresAt, askedAt              time.Time
}

// grant is what a person gave a client: a family of tokens.
type grant struct {
	client, person, scope string
	refresh               string
	spent                 []string
	access                map[string]time.Time
	endsAt                time.Time
	revoked               bool
}

// New makes a server at base ("http://127.0.0.1:4711", no closing slash) for these people.
func New(base string, manners Manners, now func() time.Time, random io.Reader, people ...string) *Server {
	return &Server{
		now: now, random: random, base: base, manners: manners, people: people,
		clients: map[string]Registration{}, codes: map[string]*code{}, devices: map[string]*device{}, requests: map[string]int{},
	}
}

// Register makes a client known.
func (s *Server) Register(client Registration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[client.ID] = client
}

// SetManners changes the manners from now on.
func (s *Server) SetManners(change func(*Manners)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.manners)
}

// Delay has every token request wait for fn, outside all locks: a slow server.
func (s *Server) Delay(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = fn
}

// Requests says how many requests each endpoint had: authorize, token:authorization_code, token:refresh_token, revoke, ...
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// User is whose calendar an access token opens; false for one that is not good (any more).
func (s *Server) User(accessToken string) (person, scope string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, grant := range s.grants {
		until, known := grant.access[accessToken]
		if known && now.Before(until) && !grant.revoked {
			return grant.person, grant.scope, true
		}
	}
	return "", "", false
}

// RevokeAll ends every grant of a person, as they do in their account settings.
func (s *Server) RevokeAll(person string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, grant := range s.grants {
		if grant.person == person {
			grant.revoked = true
		}
	}
}

// ExpireAccess ends every access token now and leaves the refresh tokens.
func (s *Server) ExpireAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, grant := range s.grants {
		clear(grant.access)
	}
}

// LiveGrants says how many grants of a person could still be refreshed.
func (s *Server) LiveGrants(person string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, grant := range s.grants {
		if grant.person == person && s.alive(grant) {
			count++
		}
	}
	return count
}

func (s *Server) alive(g *grant) bool {
	return !g.revoked && g.refresh != "" && (g.endsAt.IsZero() || s.now().Before(g.endsAt))
}

// ServeHTTP answers at /authorize, /token, /revoke, /device, /activate and the two well-known addresses.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	switch r.URL.Path {
	case "/authorize":
		s.count("authorize")
		s.authorize(w, r)
	case "/token":
		s.token(w, r)
	case "/revoke":
		s.count("revoke")
		s.revoke(w, r)
	case "/device":
		s.count("device")
		s.beginDevice(w, r)
	case "/activate":
		s.activate(w, r)
	case "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration":
		s.metadata(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[what]++
}

func (s *Server) issuer() string {
	if s.manners.Issuer != "" {
		return s.manners.Issuer
	}
	return s.base
}

func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	manners, issuer := s.manners, s.issuer()
	s.mu.Unlock()
	if manners.NoMetadata || manners.OpenIDOnly && strings.HasSuffix(r.URL.Path, "oauth-authorization-server") {
		http.NotFound(w, r)
		return
	}
	methods := []string{"client_secret_basic", "client_secret_post", "none"}
	if manners.PostOnly {
		methods = []string{"client_secret_post"}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": issuer, "authorization_endpoint": s.base + "/authorize", "token_endpoint": s.base + "/token",
		"revocation_endpoint": s.base + "/revoke", "device_authorization_endpoint": s.base + "/device",
		"token_endpoint_auth_methods_supported": methods, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": !manners.NoIssuer,
	})
}

var consentPage = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in (sandbox)</title>
<body><main><h1>Sandbox account</h1>
<p>{{.Client}} would like to see and change the calendars of this account.</p>
<form method="post">{{range $name, $value := .Query}}<input type="hidden" name="{{$name}}" value="{{$value}}">{{end}}
<p><label>Account <select name="person">{{range .People}}<option>{{.}}</option>{{end}}</select></label></p>
{{range .Scopes}}<p><label><input type="checkbox" name="granted" value="{{.}}" checked> {{.}}</label></p>{{end}}
<p><button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></p>
</form></main></body></html>
`))

// authorize shows the question, or takes its answer. A client or redirect that is not known never leads to a redirect: the
// person sees a page (RFC 6749 section 4.1.2.1).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	query := r.Form
	s.mu.Lock()
	client, known := s.clients[query.Get("client_id")]
	people := slices.Clone(s.people)
	s.mu.Unlock()
	redirect := query.Get("redirect_uri")
	if !known || !client.accepts(redirect) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, "<!doctype html><title>Error 400</title><h1>redirect_uri_mismatch</h1>")
		return
	}
	if r.Method == http.MethodGet {
		if hint := query.Get("login_hint"); slices.Contains(people, hint) {
			people = slices.Concat([]string{hint}, slices.DeleteFunc(people, func(p string) bool { return p == hint }))
		}
		hidden := map[string]string{}
		for name := range query {
			hidden[name] = query.Get(name)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		consentPage.Execute(w, map[string]any{"Client": client.ID, "Query": hidden, "People": people, "Scopes": strings.Fields(query.Get("scope"))})
		return
	}
	answer := s.Answer(query, query.Get("person"), strings.Join(query["granted"], " "), query.Get("answer") == "allow")
	http.Redirect(w, r, answer, http.StatusSeeOther)
}

func (r Registration) accepts(redirect string) bool {
	if slices.Contains(r.Redirects, redirect) {
		return true
	}
	u, err := url.Parse(redirect)
	return err == nil && r.Loopback && u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
}

// Answer is where the browser of a person goes who answered an authorisation request: query is that of the request's address.
func (s *Server) Answer(query url.Values, person, granted string, allow bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	back := url.Values{"state": {query.Get("state")}}
	if !s.manners.NoIssuer {
		back.Set("iss", s.issuer())
	}
	challenge := query.Get("code_challenge")
	switch {
	case query.Get("response_type") != "code":
		back.Set("error", "unsupported_response_type")
	case s.manners.PKCERequired && (challenge == "" || query.Get("code_challenge_method") != "S256"):
		back.Set("error", "invalid_request")
	case !allow || !slices.Contains(s.people, person):
		back.Set("error", "access_denied")
	default:
		name := s.draw("code-")
		offline := !s.manners.NoRefreshToken
		if s.manners.ForcedConsent {
			offline = offline && query.Get("access_type") == "offline" && strings.Contains(query.Get("prompt"), "consent")
		}
		s.codes[name] = &code{
			client: query.Get("client_id"), redirect: query.Get("redirect_uri"), challenge: challenge, person: person, scope: granted,
			offline: offline, expiresAt: s.now().Add(time.Minute),
		}
		back.Set("code", name)
	}
	separator := "?"
	if strings.Contains(query.Get("redirect_uri"), "?") {
		separator = "&"
	}
	return query.Get("redirect_uri") + separator + back.Encode()
}

func (s *Server) draw(prefix string) string {
	bits := make([]byte, 24)
	if _, err := io.ReadFull(s.random, bits); err != nil {
		panic("authserver: no randomness: " + err.Error())
	}
	return prefix + base64.RawURLEncoding.EncodeToString(bits)
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
