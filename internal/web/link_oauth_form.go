package web

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// grantFormPage asks for what a link that signs in by a grant needs: in the wizard, and when its client changes.
type grantFormPage struct {
	frame
	Wizard  *wizardSteps // nil when the client of a link changes
	Problem string
	Path    string // where the form goes
	Back    string
	Google  bool
	Version int64

	Address, Username, Issuer, Authorization, Token, Revocation, Device, ClientID, ClientSecret, Scopes input
	Style, Redirect                                                                                     pick
	PlainHTTP, WebClient                                                                                tick
	Certificate                                                                                         *certificateForm // nil for Google
}

func (grantFormPage) view() string { return "grant_form" }

// grantFields are the names of its fields as service names them.
var grantFields = []string{
	"address", "username", "issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint", "device_endpoint", "client_id", "client_secret", "scopes", "style",
	"client_certificate", "client_key", "authority",
}

// grantForm fills the form with what is known. secretHint says what an empty secret means.
func (s *site) grantForm(r *request, f frame, in service.LinkInput, wrong fieldProblems, secretHint string) grantFormPage {
	optional := r.T("people.optional")
	field := func(name, label, hint, value string) input {
		return input{Name: name, Label: label, Hint: hint, Value: value, Autocomplete: "off"}.on(wrong)
	}
	p := grantFormPage{frame: f, Problem: wrong[""], Google: in.Kind == crm.LinkGoogle}
	p.ClientID = field("client_id", r.T("grant.client_id"), "", in.OAuth.ClientID)
	p.ClientSecret = input{Name: "client_secret", Label: r.T("grant.client_secret"), Hint: secretHint, Type: "password", Autocomplete: "new-password"}.on(wrong)
	if p.Google {
		p.Username = field("username", r.T("grant.google_account"), "", in.Username)
		p.ClientID.Hint = r.T("grant.google_client_hint")
		if s.publicCallback() != "" {
			p.WebClient = tick{Name: "web_client", Label: r.T("grant.web_client"), Hint: r.T("grant.web_client_hint", "redirect", s.publicCallback())}
		}
		return p
	}
	p.Address = field("address", r.T("wizard.address"), r.T("grant.address_hint"), in.Address)
	p.Username = field("username", r.T("grant.hint"), "", in.Username)
	p.Issuer = field("issuer", r.T("grant.issuer"), r.T("grant.issuer_hint"), in.OAuth.Issuer)
	p.Authorization = field("authorization_endpoint", r.T("grant.authorization_endpoint"), "", in.OAuth.AuthorizationEndpoint)
	p.Token = field("token_endpoint", r.T("grant.token_endpoint"), "", in.OAuth.TokenEndpoint)
	p.Revocation = field("revocation_endpoint", r.T("grant.revocation_endpoint"), "", in.OAuth.RevocationEndpoint)
	p.Device = field("device_endpoint", r.T("device.endpoint"), r.T("device.endpoint_hint"), in.OAuth.DeviceEndpoint)
	p.Scopes = field("scopes", r.T("grant.scopes"), r.T("grant.scopes_hint"), in.OAuth.Scopes)
	for _, one := range []*input{&p.Username, &p.Issuer, &p.Authorization, &p.Token, &p.Revocation, &p.Device, &p.Scopes} {
		one.Optional = optional
	}
	p.Style = pick{Name: "style", Label: r.T("grant.style")}.on(wrong)
	for _, style := range []string{"", "basic", "post", "none"} {
		text := style
		if style == "" {
			text = r.T("grant.style_auto")
		}
		p.Style.Options = append(p.Style.Options, option{Value: style, Text: text, Chosen: style == in.OAuth.Style})
	}
	p.Redirect = pick{Name: "redirect", Label: r.T("grant.redirect"), Hint: r.T("grant.redirect_hint")}
	for _, one := range []struct{ value, address string }{{"public", s.publicCallback()}, {"local", localCallback(r)}, {"paste", fixedRedirect}} {
		if one.address != "" {
			p.Redirect.Options = append(p.Redirect.Options, option{Value: one.value, Text: one.address})
		}
	}
	p.Redirect.Options = append(p.Redirect.Options, option{Value: "device", Text: r.T("device.choose")})
	p.PlainHTTP = plainTick(r, in.PlainHTTP).on(wrong)
	p.Certificate = r.certificateForm(crm.LinkTLS{}, in.TLS, wrong)
	return p
}

// typedGrant is what the form says. A secret that was typed before stays while the client is the same.
func typedGrant(r *request, before service.LinkInput) service.LinkInput {
	get := r.PostForm.Get
	in := before
	in.TLS = r.typedCertificate(before.TLS, get("address") == before.Address)
	in.Username, in.Address, in.PlainHTTP, in.Draft = get("username"), get("address"), ticked(r, "plain_http"), service.DraftRef{}
	in.OAuth = service.OAuthInput{
		Issuer: get("issuer"), AuthorizationEndpoint: get("authorization_endpoint"), TokenEndpoint: get("token_endpoint"), RevocationEndpoint: get("revocation_endpoint"),
		DeviceEndpoint: get("device_endpoint"),
		ClientID:       get("client_id"), ClientSecret: get("client_secret"), Scopes: get("scopes"), Style: get("style"),
	}
	same := in.OAuth.ClientID == before.OAuth.ClientID && in.OAuth.Issuer == before.OAuth.Issuer && in.OAuth.TokenEndpoint == before.OAuth.TokenEndpoint
	if in.OAuth.ClientSecret == "" && same {
		in.OAuth.ClientSecret = before.OAuth.ClientSecret
	}
	return in
}

// fixedRedirect is where the browser of somebody goes whose authorisation server takes registered addresses only. Nothing listens
// there: the address is copied from the dead page (RFC 8252 section 7.3).
const fixedRedirect = "http://127.0.0.1:8765/"

// publicCallback is the address that a browser anywhere can be sent back to, "" where the program does not know its own.
func (s *site) publicCallback() string {
	if !strings.HasPrefix(s.BaseURL, "https://") {
		return ""
	}
	return strings.TrimSuffix(s.BaseURL, "/") + callbackPath
}

// localCallback is where a browser on the same machine is sent back to, "" for one elsewhere: the program itself listens on the
// loopback address that the browser came to.
func localCallback(r *request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	host, _, splitErr := net.SplitHostPort(r.Host)
	forwarded := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("Via") != ""
	if err != nil || splitErr != nil || !peer.Addr().IsLoopback() || r.TLS != nil || forwarded || host != "127.0.0.1" && host != "::1" {
		return ""
	}
	return "http://" + r.Host + callbackPath
}

// redirectFor is where the answer comes of a client of the given kind. One of Google's type Desktop app takes any loopback port:
// an unlikely one, where nothing listens.
func (s *site) redirectFor(r *request, kind crm.LinkKind) string {
	local := localCallback(r)
	if kind == crm.LinkGoogle {
		switch {
		case ticked(r, "web_client") && s.publicCallback() != "":
			return s.publicCallback()
		case local != "":
			return local
		}
		id := crm.NewID[draft](s.Service.IDs)
		return "http://127.0.0.1:" + strconv.Itoa(49152+(int(id[14])<<8|int(id[15]))%16384) + "/"
	}
	switch wanted := r.PostForm.Get("redirect"); {
	case wanted == "device":
		return service.OnAnotherDevice
	case wanted == "local" && local != "":
		return local
	case wanted == "paste" || s.publicCallback() == "":
		return fixedRedirect
	}
	return s.publicCallback()
}

// showGrantEdit changes the client of a link, which is signed in to again with it.
func (s *site) showGrantEdit(w http.ResponseWriter, r *request, status int, view service.LinkView, wrong fieldProblems) error {
	client, err := s.Service.Client(r.Context(), r.caller, view.ID)
	if err != nil {
		return err
	}
	f, err := s.frame(r, "parameters", r.T("grant.change"))
	if err != nil {
		return err
	}
	p := s.grantForm(r, f, service.LinkInput{Kind: view.Kind, Address: view.Address, Username: view.Username, PlainHTTP: view.PlainHTTP, OAuth: client}, wrong, r.T("grant.secret_kept"))
	p.Path, p.Back, p.Version = linksPath+"/"+view.ID.String()+"/sign-in", linksPath+"/"+view.ID.String(), view.Version
	if view.Kind == crm.LinkOAuth {
		p.Certificate = r.certificateForm(view.TLS, service.LinkTLS{}, wrong)
	}
	p.Address, p.Username, p.PlainHTTP = input{}, input{}, tick{} // a link's calendar and account never change
	return s.render(w, status, p)
}
