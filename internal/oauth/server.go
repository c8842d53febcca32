package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// AuthStyle is how the client shows its secret to the token endpoint (RFC 6749 section 2.3.1).
type AuthStyle string

// The styles. Which one is right is told by metadata or typed; it is never found out by failing first, which burns codes
// and trips the throttle of some servers (Nextcloud 32).
const (
	StyleBasic AuthStyle = "basic"
	StylePost  AuthStyle = "post"
	StyleNone  AuthStyle = "none" // a public client: only its id is sent
)

// Server is an authorisation server and our client registration there.
type Server struct {
	AuthorizationEndpoint string
	TokenEndpoint         string
	RevocationEndpoint    string // "": there is none
	DeviceEndpoint        string // "": the device flow is not offered
	Issuer                string // "": not known
	IssuerInAnswer        bool   // the server promises iss in its answers (RFC 9207)

	ClientID     string
	ClientSecret string
	Style        AuthStyle
	Scopes       []string
	// Extra are further parameters of the authorisation request, such as Google's access_type.
	Extra map[string]string
}

// Check refuses what cannot work, before a person is sent anywhere: endpoints that are not absolute URLs, not https (plain
// http is accepted for this machine only, RFC 8252 section 8.3), or that carry a user name or fragment.
func (s Server) Check() error {
	var errs []error
	for _, endpoint := range []struct {
		name, text string
		optional   bool
	}{
		{"authorisation endpoint", s.AuthorizationEndpoint, false}, {"token endpoint", s.TokenEndpoint, false},
		{"revocation endpoint", s.RevocationEndpoint, true}, {"device endpoint", s.DeviceEndpoint, true},
	} {
		if endpoint.text == "" && endpoint.optional {
			continue
		}
		if err := checkEndpoint(endpoint.text); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", endpoint.name, err))
		}
	}
	if s.ClientID == "" {
		errs = append(errs, errors.New("the client ID is missing"))
	}
	if !slices.Contains([]AuthStyle{StyleBasic, StylePost, StyleNone}, s.Style) {
		errs = append(errs, fmt.Errorf("the authentication style %q is not known", s.Style))
	}
	if s.Style != StyleNone && s.ClientSecret == "" {
		errs = append(errs, errors.New("the client secret is missing"))
	}
	return errors.Join(errs...)
}

func checkEndpoint(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("not an absolute URL")
	case u.User != nil || u.Fragment != "":
		return errors.New("it holds a user name or a fragment")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return errors.New("not https")
	}
	return nil
}

func loopback(host string) bool {
	return host == "127.0.0.1" || host == "::1" || host == "localhost"
}

// Client asks authorisation servers. It may be used by many goroutines.
type Client struct {
	http   *http.Client
	now    func() time.Time
	random interface{ Read([]byte) (int, error) }
}

// requestTimeout bounds one request to an authorisation server: a refresh holds up the work of a link.
const requestTimeout = 30 * time.Second

// New makes a Client that sends through transport, which guards where requests go. A redirect is never followed: a token
// endpoint that redirects would carry the secret elsewhere.
func New(transport http.RoundTripper, now func() time.Time, random interface{ Read([]byte) (int, error) }) *Client {
	return &Client{
		http: &http.Client{
			Transport: transport, Timeout: requestTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		now: now, random: random,
	}
}

// Through is the same Client sending through another transport, for servers that are trusted by authorities of their own.
func (c *Client) Through(transport http.RoundTripper) *Client {
	through, sends := *c, *c.http
	sends.Transport = transport
	through.http = &sends
	return &through
}

func (c *Client) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, c.http)
}

func (s Server) config(redirect string) *oauth2.Config {
	config := &oauth2.Config{
		ClientID: s.ClientID, ClientSecret: s.ClientSecret, RedirectURL: redirect, Scopes: s.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: s.AuthorizationEndpoint, TokenURL: s.TokenEndpoint, DeviceAuthURL: s.DeviceEndpoint, AuthStyle: oauth2.AuthStyleInParams},
	}
	switch s.Style {
	case StyleBasic:
		config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	case StyleNone:
		config.ClientSecret = ""
	}
	return config
}

// missing lists the scopes that were asked for and not granted. An answer that names none grants what was asked for (RFC
// 6749 section 5.1).
func (s Server) missing(granted string) []string {
	if strings.TrimSpace(granted) == "" {
		return nil
	}
	given := strings.Fields(strings.ReplaceAll(granted, ",", " "))
	var missing []string
	for _, scope := range s.Scopes {
		// Scopes by which a server is asked for a refresh token or for who signs in are not always echoed.
		if !slices.Contains([]string{"openid", "email", "profile", "offline_access"}, scope) && !slices.Contains(given, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}
