package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oauth"
	"agendaonline/internal/sandbox/authserver"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/vault"
)

const (
	twistGrants = "grants"
	stepGrant   = "grant" // something happens to the grants of links
)

// clientSecret may be seen nowhere but at the authorisation server.
const clientSecret = "canary-of-the-client-91ce"

// granting is the authorisation server of a history whose links sign in by a grant, and the way there.
type granting struct {
	w      *world
	auth   *authserver.Server
	client *oauth.Client
	lost   int // so many answers about a refresh will not arrive
	tokens []string
}

func (w *world) newGranting(random *rand.Rand) *granting {
	g := &granting{w: w}
	manners := authserver.Manners{Rotates: random.IntN(2) == 0, ExpiresIn: []string{"3600", "120", "0", "", "-5"}[random.IntN(5)]}
	manners.ReuseKills = manners.Rotates && random.IntN(2) == 0
	g.auth = authserver.New("https://auth.example", manners, w.now, w.random, "anna", "ben", "chloe", "daan")
	g.auth.Register(authserver.Registration{ID: "agenda", Secret: clientSecret, Redirects: []string{"https://crm.example/back"}})
	g.client = oauth.New(g, w.now, w.random)
	return g
}

func grantServer() service.OAuthServer {
	return service.OAuthServer{OAuthInput: service.OAuthInput{
		AuthorizationEndpoint: "https://auth.example/authorize", TokenEndpoint: "https://auth.example/token", RevocationEndpoint: "https://auth.example/revoke",
		ClientID: "agenda", ClientSecret: clientSecret, Scopes: "calendar", Style: string(oauth.StylePost),
	}}
}

// RoundTrip asks the authorisation server.
func (g *granting) RoundTrip(request *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	g.auth.ServeHTTP(answer, request)
	response := answer.Result()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var given struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &given) == nil {
		for _, token := range []string{given.Access, given.Refresh} {
			if token != "" {
				g.tokens = append(g.tokens, token)
			}
		}
	}
	g.w.tell("    %s %s: %d", request.Method, request.URL.Path, response.StatusCode)
	if g.lost > 0 && request.URL.Path == "/token" {
		g.lost--
		g.w.tell("    and the answer is lost")
		return nil, errors.New("connection reset")
	}
	return response, nil
}

// consent is a person who signs in and agrees, once the server answers again.
func (g *granting) consent(person string) []byte {
	g.auth.SetManners(func(m *authserver.Manners) { m.Trouble = 0 })
	const redirect = "https://crm.example/back"
	back := g.auth.Answer(url.Values{"response_type": {"code"}, "client_id": {"agenda"}, "redirect_uri": {redirect}, "state": {"s"}}, person, "calendar", true)
	parsed, err := url.Parse(back)
	must(err)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {parsed.Query().Get("code")}, "redirect_uri": {redirect}, "client_id": {"agenda"}, "client_secret": {clientSecret}}
	request := httptest.NewRequest(http.MethodPost, "https://auth.example/token", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	g.auth.ServeHTTP(answer, request)
	var token struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Scope   string `json:"scope"`
	}
	must(json.Unmarshal(answer.Body.Bytes(), &token))
	if token.Access == "" {
		panic(broken{fmt.Errorf("no token for %s: %s", person, answer.Body)})
	}
	g.tokens = append(g.tokens, token.Access, token.Refresh)
	text, err := oauth.MarshalGrant(oauth.Grant{AccessToken: token.Access, RefreshToken: token.Refresh, Scope: token.Scope, ExpiresAt: g.w.now().Add(5 * time.Minute), GrantedAt: g.w.now()})
	must(err)
	return text
}

// grant keeps a new grant for a link.
func (g *granting) grant(tx *store.Tx, link crm.Link, grant []byte) error {
	sealed, err := service.SealGrant(g.w.keys, link.ID, service.SealedGrant{Kind: crm.LinkOAuth, Account: link.Username, Server: grantServer(), Grant: grant})
	if err != nil {
		return err
	}
	return tx.PutGrant(store.Grant{ID: link.ID, Sealed: sealed, GrantedAt: g.w.now()})
}

// bearer are the credentials of a link as one node has them.
func (n *node) bearer(link crm.LinkID) vault.Credentials {
	n.w.telling.Lock()
	defer n.w.telling.Unlock()
	one := n.bearers[link]
	if one == nil {
		one = n.w.grants.client.NewBearer(vault.Vault{Store: n.w.store, Keys: n.w.keys, Now: n.w.now, Owner: n.owner, ID: link}, notNow)
		n.bearers[link] = one
	}
	return vault.Credentials{Bearer: one}
}

// notNow: who would wait for another's refresh comes back later instead, because nobody else moves meanwhile.
func notNow(context.Context, time.Duration) error {
	return &oauth.Failure{Kind: oauth.Temporary, Op: "wait for another's refresh"}
}

// trouble is something that happens to grants.
func (g *granting) trouble(person string, random *rand.Rand) {
	switch what := random.IntN(5); what {
	case 0:
		g.w.tell("all access tokens end")
		g.auth.ExpireAccess()
	case 1:
		g.w.tell("the answer to the next refresh will be lost")
		g.lost++
		g.auth.ExpireAccess()
	case 2:
		status := []int{0, http.StatusBadGateway, http.StatusServiceUnavailable}[random.IntN(3)]
		g.w.tell("the authorisation server answers %d, and access tokens end", status)
		g.auth.SetManners(func(m *authserver.Manners) { m.Trouble = status })
		g.auth.ExpireAccess()
	case 3:
		g.w.tell("%s revokes", person)
		g.auth.RevokeAll(person)
	default:
		g.w.tell("%s signs in again", person)
		g.w.signedIn(person)
	}
}

// heal ends all trouble; whoever's grant is dead signs in again.
func (g *granting) heal() {
	g.lost = 0
	g.auth.SetManners(func(m *authserver.Manners) { m.Trouble = 0 })
	for _, of := range g.w.people {
		g.w.signedIn(of.User.Login)
	}
}
