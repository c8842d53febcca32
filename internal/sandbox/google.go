package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"agendaonline/internal/sandbox/authserver"
)

// GoogleScope is what a token must be for, to open a calendar.
const GoogleScope = "https://www.googleapis.com/auth/calendar"

// Google is Google Calendar as a CalDAV client meets it: version 2 of its CalDAV behind access tokens, and the authorisation
// server that gives them, at one address. It is an http.Handler for many goroutines. Accounts are the users of Calendar; that
// of an account with nothing else has its e-mail address for a name.
//
//	/caldav/v2/{calendar}/user, /, /events/    the calendars
//	/o/oauth2/v2/auth, /token, /revoke         the authorisation server
type Google struct {
	Calendar *Server
	Accounts *authserver.Server

	mu     sync.Mutex
	apiOff bool
}

// GoogleAccounts are the manners of Google's authorisation server.
func GoogleAccounts() authserver.Manners {
	return authserver.Manners{ForcedConsent: true, ExpiresIn: "3599", MostGrants: 100, NoIssuer: true}
}

// OpenGoogle opens one on the state kept in dir, as Open does. people are named by their e-mail addresses, as accounts knows
// them; each has a calendar of that name. A Bearer of options is asked about tokens that accounts did not give, which open
// Calendar and not the way through ServeHTTP: a person's own devices.
func OpenGoogle(dir string, options Options, accounts *authserver.Server, people ...User) (*Google, error) {
	g := &Google{Accounts: accounts}
	options.Manners = GoogleLike()
	options.Manners.BearerOnly = true
	devices := options.Bearer
	options.Bearer = func(token string) (string, bool) {
		if person, _, ok := accounts.User(token); ok || devices == nil {
			return person, ok
		}
		return devices(token)
	}
	var err error
	if g.Calendar, err = Open(dir, options); err != nil {
		return nil, err
	}
	for _, person := range people {
		if len(person.Addresses) == 0 {
			person.Addresses = []string{person.Name}
		}
		if err := g.Calendar.SetUser(person); err != nil {
			return nil, err
		}
		if err := g.Calendar.SetCalendar(Calendar{Owner: person.Name, Name: person.Name, DisplayName: person.DisplayName, Components: []string{"VEVENT"}}); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// TurnAPIOff is the CalDAV API not enabled in the client's project: every request with a token is refused, though all else is right.
func (g *Google) TurnAPIOff(off bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.apiOff = off
}

// ServeHTTP answers a request.
func (g *Google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/o/oauth2/v2/auth":
		to := r.Clone(r.Context())
		to.URL.Path = "/authorize"
		g.Accounts.ServeHTTP(w, to)
	case r.URL.Path == "/token", r.URL.Path == "/revoke":
		g.Accounts.ServeHTTP(w, r)
	case !strings.HasPrefix(r.URL.Path, "/caldav/v2/"), r.URL.Path == "/caldav/v2/":
		http.NotFound(w, r)
	case r.Method == http.MethodOptions:
		g.Calendar.ServeHTTP(w, r) // also without a token
	default:
		g.guard(w, r)
	}
}

// guard refuses what Google refuses before it looks at calendars, in its own format and without a challenge.
func (g *Google) guard(w http.ResponseWriter, r *http.Request) {
	token, _ := bearerToken(r)
	_, scope, good := g.Accounts.User(token)
	g.mu.Lock()
	off := g.apiOff
	g.mu.Unlock()
	switch {
	case !good:
		googleError(w, http.StatusUnauthorized, "GData", "authError", "Invalid Credentials")
	case off:
		googleError(w, http.StatusForbidden, "usageLimits", "accessNotConfigured", "Access Not Configured. The CalDAV API has not been used in this project or it is disabled.")
	case !slices.Contains(strings.Fields(scope), GoogleScope):
		googleError(w, http.StatusForbidden, "GData", "insufficientPermissions", "Insufficient Permission")
	default:
		g.Calendar.ServeHTTP(w, r)
	}
}

func googleError(w http.ResponseWriter, status int, domain, code, reason string) {
	w.Header().Set("Content-Type", "application/vnd.google.gdata.error+xml; charset=UTF-8")
	w.WriteHeader(status)
	// A client that went away is told nothing.
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><errors xmlns="http://schemas.google.com/g/2005"><error><domain>` + domain +
		`</domain><code>` + code + `</code><internalReason>` + reason + `</internalReason></error></errors>`))
}

// WithAccounts puts an authorisation server before a CalDAV server that takes its tokens (Options.Bearer), at one address.
func WithAccounts(accounts *authserver.Server, calendar http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", calendar)
	for _, path := range []string{"/authorize", "/token", "/revoke", "/device", "/activate", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		mux.Handle(path, accounts)
	}
	return mux
}
