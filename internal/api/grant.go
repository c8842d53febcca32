package api

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// GrantInput is what makes a link that signs in at an authorisation server.
type GrantInput struct {
	User      Optional `json:"user,omitempty" format:"uuid"`
	Kind      string   `json:"kind,omitempty" enum:"oauth2,google"`
	Address   string   `json:"address,omitempty" doc:"The CalDAV address; Google's is known."`
	Username  string   `json:"username,omitempty" doc:"The e-mail address at Google; elsewhere who is to sign in, as a hint."`
	PlainHTTP bool     `json:"plain_http,omitempty" doc:"Access tokens may be sent to the calendar over http."`
	GrantClientInput
}

// GrantClientInput is our registration at an authorisation server, and where it is.
type GrantClientInput struct {
	Issuer                string `json:"issuer,omitempty" doc:"Where endpoints that are left out are found out."`
	AuthorizationEndpoint string `json:"authorization_endpoint,omitempty"`
	TokenEndpoint         string `json:"token_endpoint,omitempty"`
	RevocationEndpoint    string `json:"revocation_endpoint,omitempty"`
	DeviceEndpoint        string `json:"device_endpoint,omitempty" doc:"Where codes for another device are given (RFC 8628)."`
	ClientID              string `json:"client_id,omitempty"`
	ClientSecret          string `json:"client_secret,omitempty" writeOnly:"true"`
	Scopes                string `json:"scopes,omitempty" doc:"Separated by spaces."`
	Style                 string `json:"style,omitempty" enum:"basic,post,none" doc:"How the client shows its secret; found out when it is left out."`
	CertificateInput
	Device   bool   `json:"device,omitempty" doc:"Sign in on another device, by a code (RFC 8628): no address comes back, poll-grant asks for the answer."`
	Redirect string `json:"redirect,omitempty" doc:"The registered redirect address: https, or http on 127.0.0.1 or [::1]. Left out, it is http://127.0.0.1:8765/, where nothing listens: the address that the browser shows then is the answer."`
}

// GrantAnswerInput is what came back from the authorisation server.
type GrantAnswerInput struct {
	Answer string `json:"answer,omitempty" writeOnly:"true" doc:"The whole address that the browser was sent to, or its query."`
}

// GrantLinkInput is chosen after the sign-in.
type GrantLinkInput struct {
	Calendar         Optional `json:"calendar,omitempty" doc:"The calendar chosen among those that the test found."`
	WithoutSyncToken bool     `json:"without_sync_token,omitempty" doc:"Link a calendar without sync-token: slower."`
	TestWrite        bool     `json:"test_write,omitempty" doc:"Test writing too: an event is made and taken away again."`
	FirstSyncInput
}

// Grant is a sign-in at an authorisation server that is on its way. It is seen and used by who began it only, for ten minutes.
type Grant struct {
	ID        string   `json:"id" format:"uuid"`
	Link      Optional `json:"link" format:"uuid" doc:"The link that is signed in again; null for one that is being made."`
	User      string   `json:"user" format:"uuid"`
	Kind      string   `json:"kind" enum:"oauth2,google"`
	Ask       string   `json:"ask" doc:"Where the person's browser goes."`
	Redirect  string   `json:"redirect" doc:"Where the authorisation server sends it back to."`
	Device    *Device  `json:"device,omitempty" doc:"What to do on another device, of a sign-in by a code."`
	Signed    bool     `json:"signed" doc:"The answer was taken."`
	ExpiresAt Optional `json:"expires_at" format:"date-time"`
}

// Device is a code for another device (RFC 8628).
type Device struct {
	Code           string `json:"code" doc:"To be typed there."`
	Address        string `json:"address" doc:"Where."`
	Complete       string `json:"complete" doc:"The same with the code in it; empty where the server gives none."`
	IntervalMillis int64  `json:"interval_millis" doc:"How long to wait between two questions for the answer."`
}

// GrantPath names a sign-in.
type GrantPath struct {
	ID string `path:"id"`
}

// grantRoutes are the operations about links that sign in at an authorisation server.
func (a *API) grantRoutes() {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	route(a, operation{id: "ask-grant", method: post, path: "/grants", tag: "Links", summary: "Begin a link that signs in at an authorisation server",
		body: GrantInput{}, status: http.StatusCreated}, (*call).askGrant)
	route(a, operation{id: "ask-grant-again", method: post, path: "/links/{id}/sign-in", tag: "Links", summary: "Sign in to a link again, with another client where one is given",
		body: GrantClientInput{}, bare: true, status: http.StatusCreated}, (*call).askGrantAgain)
	route(a, operation{id: "get-grant", method: get, path: "/grants/{id}", tag: "Links", summary: "How a sign-in stands"}, (*call).getGrant)
	route(a, operation{id: "answer-grant", method: post, path: "/grants/{id}/answer", tag: "Links", summary: "Give what came back with the browser; taken once",
		body: GrantAnswerInput{}}, (*call).answerGrant)
	route(a, operation{id: "poll-grant", method: post, path: "/grants/{id}/poll", tag: "Links", summary: "Ask whether a code was answered on another device"}, (*call).pollGrant)
	streaming(a, operation{id: "test-grant", method: post, path: "/grants/{id}/test", tag: "Links", summary: "Test the connection that was signed in",
		body: GrantLinkInput{}, bare: true}, (*call).testGrant)
	route(a, operation{id: "plan-grant", method: post, path: "/grants/{id}/plan", tag: "Links", summary: "Look into the calendar that was signed in and say what the first sync would do; nothing is kept or written",
		body: GrantLinkInput{}, bare: true}, (*call).planGrant)
	route(a, operation{id: "link-grant", method: post, path: "/grants/{id}/link", tag: "Links", summary: "Make the link, or let the one that was signed in again go on",
		body: GrantLinkInput{}, bare: true, status: http.StatusCreated}, (*call).linkGrant)
	silent(a, operation{id: "drop-grant", method: del, path: "/grants/{id}", tag: "Links", summary: "Forget a sign-in, and give back what was granted"}, (*call).dropGrant)
}

// binding is what a sign-in is bound to beside its user: to the API, where there are no sessions.
var binding = []byte("api")

// deadRedirect is where the answer comes when nothing is said.
const deadRedirect = "http://127.0.0.1:8765/"

func (in GrantClientInput) client() service.OAuthInput {
	return service.OAuthInput{
		Issuer: in.Issuer, AuthorizationEndpoint: in.AuthorizationEndpoint, TokenEndpoint: in.TokenEndpoint, RevocationEndpoint: in.RevocationEndpoint, DeviceEndpoint: in.DeviceEndpoint,
		ClientID: in.ClientID, ClientSecret: in.ClientSecret, Scopes: in.Scopes, Style: in.Style,
	}
}

// redirect is where the answer comes: an address that only its owner, or the person's own machine, can read.
func (in GrantClientInput) redirect() (string, error) {
	switch {
	case in.Device:
		return service.OnAnotherDevice, nil
	case in.Redirect == "":
		return deadRedirect, nil
	}
	to, err := url.Parse(in.Redirect)
	local := err == nil && to.Scheme == "http" && (to.Hostname() == "127.0.0.1" || to.Hostname() == "::1")
	if err != nil || to.Host == "" || to.User != nil || to.Fragment != "" || to.Scheme != "https" && !local {
		return "", crm.Problems{crm.NewProblem("oauth.redirect", "redirect")}
	}
	return in.Redirect, nil
}

func (c *call) askGrant(*struct{}) (reply[Grant], error) {
	var body GrantInput
	if err := c.decode(&body); err != nil {
		return reply[Grant]{}, err
	}
	var r reading
	typed := service.LinkInput{
		User: readID[crm.User](&r, "user", body.User), Kind: crm.LinkKind(body.Kind), Address: body.Address, Username: body.Username, PlainHTTP: body.PlainHTTP, OAuth: body.client(), TLS: body.tls(),
	}
	if err := r.err(); err != nil {
		return reply[Grant]{}, err
	}
	redirect, err := body.redirect()
	if err != nil {
		return reply[Grant]{}, err
	}
	asked, err := c.service.AskConsent(c.ctx(), c.caller, binding, typed, redirect)
	return grantReply(asked, err)
}

func (c *call) askGrantAgain(in *LinkPath) (reply[Grant], error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return reply[Grant]{}, err
	}
	var body GrantClientInput
	if err := c.decode(&body); err != nil {
		return reply[Grant]{}, err
	}
	redirect, err := body.redirect()
	if err != nil {
		return reply[Grant]{}, err
	}
	var change *service.GrantChange
	if typed := (service.GrantChange{OAuthInput: body.client(), TLS: body.tls()}); typed != (service.GrantChange{}) {
		change = &typed
	}
	asked, err := c.service.AskConsentAgain(c.ctx(), c.caller, binding, id, change, redirect)
	return grantReply(asked, err)
}

func grantReply(asked service.DraftView, err error) (reply[Grant], error) {
	if err != nil {
		return reply[Grant]{}, err
	}
	shown := Grant{
		ID: asked.ID.String(), User: asked.User.String(), Kind: string(asked.Kind), Ask: asked.Ask, Redirect: asked.Redirect, Signed: asked.Signed, ExpiresAt: instant(asked.ExpiresAt),
	}
	if device := asked.Device; device.Code != "" {
		shown.Device = &Device{device.Code, device.Address, device.Complete, device.Wait.Milliseconds()}
	}
	if !asked.Link.IsZero() {
		shown.Link = Optional(asked.Link.String())
	}
	return reply[Grant]{location: "/grants/" + shown.ID, body: shown}, nil
}

// grant is the sign-in that a path names. One that is another's, or that ended, is not found.
func (c *call) grant(in *GrantPath) (service.DraftRef, service.DraftView, error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return service.DraftRef{}, service.DraftView{}, err
	}
	ref := service.DraftRef{ID: id, Binding: binding}
	asked, err := c.service.Draft(c.ctx(), c.caller, ref)
	if problems, is := errors.AsType[crm.Problems](err); is && problems[0].Code == service.CodeGrantDraftGone {
		err = service.ErrNotFound
	}
	return ref, asked, err
}

func (c *call) getGrant(in *GrantPath) (reply[Grant], error) {
	_, asked, err := c.grant(in)
	return grantReply(asked, err)
}

func (c *call) answerGrant(in *GrantPath) (reply[Grant], error) {
	var body GrantAnswerInput
	if _, _, err := c.grant(in); err != nil {
		return reply[Grant]{}, err
	}
	if err := c.decode(&body); err != nil {
		return reply[Grant]{}, err
	}
	asked, err := c.service.TakeAnswer(c.ctx(), c.caller, binding, body.Answer)
	return grantReply(asked, err)
}

func (c *call) pollGrant(in *GrantPath) (reply[Grant], error) {
	ref, _, err := c.grant(in)
	if err != nil {
		return reply[Grant]{}, err
	}
	asked, err := c.service.PollDraft(c.ctx(), c.caller, ref)
	return grantReply(asked, err)
}

// chosen is the link of a sign-in with what was chosen after it.
func (c *call) chosen(in *GrantPath) (service.LinkInput, service.DraftView, error) {
	ref, asked, err := c.grant(in)
	if err != nil {
		return service.LinkInput{}, asked, err
	}
	var body GrantLinkInput
	if err := c.decode(&body); err != nil {
		return service.LinkInput{}, asked, err
	}
	var r reading
	typed := service.LinkInput{Draft: ref, Calendar: string(body.Calendar), WithoutSyncToken: body.WithoutSyncToken, TestWrite: body.TestWrite}
	body.into(&r, &typed)
	return typed, asked, r.err()
}

func (c *call) testGrant(in *GrantPath) (func(huma.Context), error) {
	typed, _, err := c.chosen(in)
	if err != nil {
		return nil, err
	}
	return c.tested(func(report func(service.TestStep)) (service.Verdict, error) {
		return c.service.TestLink(c.ctx(), c.caller, typed, report)
	})
}

func (c *call) linkGrant(in *GrantPath) (reply[Link], error) {
	typed, asked, err := c.chosen(in)
	if err != nil {
		return reply[Link]{}, err
	}
	c.patient()
	var made reply[Link]
	if asked.Link.IsZero() {
		made, err = c.linkAfterwards(c.service.CreateLink(c.ctx(), c.caller, typed))
	} else {
		var id crm.LinkID
		if id, err = c.service.SignInAgain(c.ctx(), c.caller, typed.Draft); err == nil {
			made, err = c.shownLink(id)
		}
	}
	made.location = "/links/" + made.body.ID
	return made, err
}

func (c *call) dropGrant(in *GrantPath) error {
	ref, _, err := c.grant(in)
	if err != nil {
		return err
	}
	return c.service.DropDraft(c.ctx(), c.caller, ref)
}
