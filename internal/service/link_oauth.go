package service

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// What is wrong with what was typed for a link that signs in by a grant.
const (
	CodeGoogleAccount = "oauth.google_account" // the account is no e-mail address
	CodeEndpoints     = "oauth.endpoints"      // neither an issuer nor both endpoints
	CodeStyle         = "oauth.style"
)

// maxClientID is the longest client ID or secret, in characters.
const maxClientID = 500

// AskConsent begins a link that signs in by a grant: what was typed is checked and kept, sealed, and the person is to go to the
// address of the draft. redirect is where the answer comes; OnAnotherDevice: it does not come, and PollDraft asks for it. CreateLink, with the draft in its input, makes the link.
func (s *Service) AskConsent(ctx context.Context, caller Caller, binding []byte, in LinkInput, redirect string) (DraftView, error) {
	if err := s.mayManage(ctx, caller, in.User); err != nil {
		return DraftView{}, err
	}
	if s.tx != nil {
		return DraftView{}, errNoNetwork
	}
	var p problems
	in = s.checkOAuth(&p, in)
	checkPlain(&p, caller, in, false)
	if err := s.checkLinkUser(ctx, &p, in.User); err != nil {
		return DraftView{}, err
	}
	if err := p.err(); err != nil {
		return DraftView{}, err
	}
	server, err := s.Grants.Provider(ctx, in.Kind, in.OAuth, in.TLS)
	if err != nil {
		return DraftView{}, grantProblem(err)
	}
	return s.beginDraft(ctx, caller, binding, keptDraft{
		User: in.User, Kind: in.Kind, Address: in.Address, Username: in.Username, PlainHTTP: in.PlainHTTP, TLS: &in.TLS, Server: server, Redirect: redirect,
	})
}

// checkOAuth checks what was typed, so that nobody is sent anywhere for nothing. A Google link needs its account and client.
func (s *Service) checkOAuth(p *problems, in LinkInput) LinkInput {
	if s.Grants == nil || in.Kind != crm.LinkOAuth && in.Kind != crm.LinkGoogle {
		p.add(CodeLinkKind, "kind", "kind", shortened(string(in.Kind)))
		return in
	}
	in.Username = p.name("username", in.Username, "", maxName)
	in.OAuth.ClientID = p.name("client_id", in.OAuth.ClientID, "", maxClientID)
	in.OAuth.ClientSecret = strings.TrimSpace(in.OAuth.ClientSecret)
	p.checked("client_secret", in.OAuth.ClientSecret, maxClientID, unicode.IsControl)
	if in.OAuth.ClientID == "" {
		p.add(CodeMissing, "client_id")
	}
	if in.Kind == crm.LinkGoogle {
		if local, domain, found := strings.Cut(in.Username, "@"); !found || local == "" || domain == "" || strings.ContainsAny(in.Username, "/ ") {
			p.add(CodeGoogleAccount, "username")
		}
		if in.OAuth.ClientSecret == "" {
			p.add(CodeMissing, "client_secret")
		}
		in.Address, in.PlainHTTP, in.TLS = in.Username, false, LinkTLS{}
		in.OAuth = OAuthInput{ClientID: in.OAuth.ClientID, ClientSecret: in.OAuth.ClientSecret}
		return in
	}
	in.Address, in.TLS = p.name("address", in.Address, "", maxAddress), checkTLS(p, in.TLS)
	if in.Address == "" {
		p.add(CodeMissing, "address")
	}
	for _, endpoint := range []struct {
		field string
		text  *string
	}{
		{"issuer", &in.OAuth.Issuer}, {"authorization_endpoint", &in.OAuth.AuthorizationEndpoint}, {"token_endpoint", &in.OAuth.TokenEndpoint},
		{"revocation_endpoint", &in.OAuth.RevocationEndpoint}, {"device_endpoint", &in.OAuth.DeviceEndpoint}, {"scopes", &in.OAuth.Scopes},
	} {
		*endpoint.text = p.name(endpoint.field, *endpoint.text, "", maxAddress)
	}
	if in.OAuth.Issuer == "" && (in.OAuth.AuthorizationEndpoint == "" || in.OAuth.TokenEndpoint == "") {
		p.add(CodeEndpoints, "issuer")
	}
	if !slices.Contains([]string{"", "basic", "post", "none"}, in.OAuth.Style) {
		p.add(CodeStyle, "style")
	}
	return in
}

// fromDraft is the input of a link whose draft has its grant: what was typed before the sign-in stands, and only what is chosen
// afterwards comes from in. The draft lives on, since it is being used.
func (s *Service) fromDraft(ctx context.Context, caller Caller, in LinkInput) (LinkInput, error) {
	if s.tx != nil {
		return in, errNoNetwork
	}
	var row store.Draft
	var kept keptDraft
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		row, kept, err = s.signedDraft(tx, caller, in.Draft)
		return err
	})
	if err != nil {
		return in, err
	}
	if !kept.Link.IsZero() {
		return in, crm.Problems{crm.NewProblem(CodeGrantDraftGone, "")}
	}
	in.User, in.Kind, in.Address, in.Username, in.PlainHTTP, in.Password, in.grant = kept.User, kept.Kind, kept.Address, kept.Username, kept.PlainHTTP, "", row.ID
	in.TLS = LinkTLS{}
	if kept.TLS != nil {
		in.TLS = *kept.TLS
	}
	return in, s.keepDraft(ctx, row)
}

// settleDraft takes a draft away that becomes a link, in the transaction that makes it one: two who save it at once make one.
func (s *Service) settleDraft(tx *store.Tx, caller Caller, ref DraftRef) error {
	if _, _, err := s.signedDraft(tx, caller, ref); err != nil {
		return err
	}
	return tx.DeleteDraft(ref.ID)
}

// GrantChange is another client, certificate or authorities for a link that signs in by a grant.
type GrantChange struct {
	OAuthInput
	TLS LinkTLS
}

// AskConsentAgain begins a new sign-in of a link whose grant is not taken any more, or whose client changes. The link's user may,
// and administrators; only they change the client. change nil keeps it; a client secret that is left empty stays too, unless the
// server it goes to is another.
func (s *Service) AskConsentAgain(ctx context.Context, caller Caller, binding []byte, id crm.LinkID, change *GrantChange, redirect string) (DraftView, error) {
	if s.tx != nil {
		return DraftView{}, errNoNetwork
	}
	var link crm.Link
	var before SealedGrant
	var certificate LinkTLS
	err := s.read(ctx, func(tx *store.Tx) error {
		var err error
		if link, err = livingLink(tx, caller, id, SyncLink); err != nil {
			return err
		}
		before, err = s.grantOf(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		if err == nil {
			certificate, err = s.tlsOf(tx, link)
		}
		return err
	})
	if err != nil {
		return DraftView{}, err
	}
	if link.Kind == crm.LinkSimple || s.Grants == nil {
		return DraftView{}, crm.Problems{crm.NewProblem(CodeLinkKind, "kind", "kind", string(link.Kind))}
	}
	typed := before.Server.OAuthInput
	if change != nil {
		if err := s.mayManage(ctx, caller, link.User); err != nil {
			return DraftView{}, err
		}
		typed = change.OAuthInput
	}
	in := LinkInput{User: link.User, Kind: link.Kind, Address: link.Address, Username: link.Username, PlainHTTP: link.PlainHTTP, OAuth: typed}
	if in.OAuth.ClientSecret == "" && in.OAuth.ClientID == before.Server.ClientID && sameServer(link.Kind, in.OAuth, before.Server) {
		in.OAuth.ClientSecret = before.Server.ClientSecret
	}
	var p problems
	in = s.checkOAuth(&p, in)
	kept := keptDraft{Link: id, User: link.User, Kind: link.Kind, Username: link.Username, Redirect: redirect}
	own := LinkTLS{}
	if link.Kind == crm.LinkOAuth {
		own = certificate
		in.Address, in.PlainHTTP = link.Address, link.PlainHTTP
		if change != nil {
			all := changedTLS(&p, certificate, checkTLS(&p, change.TLS), link.Address, link.Address)
			kept.TLS, own = &all, all
		}
	}
	if err := p.err(); err != nil {
		return DraftView{}, err
	}
	server, err := s.Grants.Provider(ctx, in.Kind, in.OAuth, own)
	if err != nil {
		return DraftView{}, grantProblem(err)
	}
	kept.Address, kept.PlainHTTP, kept.Server = in.Address, in.PlainHTTP, server
	return s.beginDraft(ctx, caller, binding, kept)
}

// sameServer reports whether a client secret would go where it was typed for.
func sameServer(kind crm.LinkKind, typed OAuthInput, before OAuthServer) bool {
	if kind == crm.LinkGoogle {
		return true
	}
	if typed.TokenEndpoint == "" {
		return typed.Issuer != "" && typed.Issuer == before.Issuer
	}
	return origin(typed.TokenEndpoint) == origin(before.TokenEndpoint)
}

// SignInAgain puts the new grant of a draft in the place of a link's old one and lets the link go on, after the connection test
// has found the link's very calendar with it: another account than before is refused, and changes nothing.
func (s *Service) SignInAgain(ctx context.Context, caller Caller, ref DraftRef) (crm.LinkID, error) {
	if s.tx != nil {
		return crm.LinkID{}, errNoNetwork
	}
	var kept keptDraft
	var link crm.Link
	var certificate LinkTLS
	err := s.read(ctx, func(tx *store.Tx) error {
		var err error
		if _, kept, err = s.signedDraft(tx, caller, ref); err != nil {
			return err
		}
		if kept.Link.IsZero() {
			return crm.Problems{crm.NewProblem(CodeGrantDraftGone, "")}
		}
		if link, err = livingLink(tx, caller, kept.Link, SyncLink); err != nil {
			return err
		}
		certificate, err = s.tlsOf(tx, link)
		return err
	})
	if err != nil {
		return crm.LinkID{}, err
	}
	if kept.TLS != nil {
		certificate = *kept.TLS
	}
	request := TestRequest{
		Kind: kept.Kind, Address: kept.Address, Username: kept.Username, PlainHTTP: kept.PlainHTTP, Calendar: link.CalendarHref,
		Grant: ref.ID, Origins: originsOf(link), TLS: certificate,
	}
	verdict, err := s.Tester.Test(ctx, request, func(TestStep) {})
	switch {
	case err != nil:
		return link.ID, err
	case verdict.Outcome == DoesNotWork:
		return link.ID, errors.Join(crm.Problems{{Code: verdict.Code, Params: verdict.Params}}, s.forgetDraft(ctx, ref.ID))
	case store.CalendarKey(verdict.Calendar.Href) != store.CalendarKey(link.CalendarHref):
		return link.ID, errors.Join(crm.Problems{crm.NewProblem(CodeLinkOtherCalendar, "")}, s.forgetDraft(ctx, ref.ID))
	}
	err = s.write(ctx, func(tx *store.Tx) error {
		if link, err = livingLink(tx, caller, kept.Link, SyncLink); err != nil {
			return err
		}
		row, err := tx.Grant(ref.ID) // the test may have refreshed it
		if err != nil {
			return err
		}
		grant, err := OpenGrant(s.Keys, ref.ID, row.Sealed)
		if err != nil {
			return err
		}
		if row.Sealed, err = SealGrant(s.Keys, link.ID, grant); err != nil {
			return err
		}
		row.ID = link.ID
		if err := errors.Join(tx.PutGrant(row), tx.DeleteGrant(ref.ID), tx.DeleteDraft(ref.ID)); err != nil {
			return err
		}
		if kept.TLS != nil {
			if err := s.setTLS(tx, link.ID, certificate, verdict.TLS); err != nil {
				return err
			}
		}
		link.Address = kept.Address
		if err := tx.UpdateLink(link, link.Version); err != nil {
			return err
		}
		return s.mayGoOn(tx, link.ID)
	})
	if err == nil {
		s.Waker.Wake(link.ID)
	}
	return link.ID, err
}

// mayGoOn takes from a link what its refused sign-in left, in the transaction that gives it one that works.
func (s *Service) mayGoOn(tx *store.Tx, id crm.LinkID) error {
	sync, err := tx.LinkSync(id)
	if err != nil {
		return err
	}
	sync.SignInAgain, sync.Failing, sync.Failures = false, crm.Failing{}, 0
	sync.RefusedAt, sync.RetryAt = time.Time{}, time.Time{}
	if err := tx.UpdateLinkSync(id, sync); err != nil {
		return err
	}
	tx.AnnounceLink(id)
	return tx.Want(id, crm.TriggerPerson)
}

// Client is the registration that a link signs in with, for the form that changes it; the secret is left out.
func (s *Service) Client(ctx context.Context, caller Caller, id crm.LinkID) (OAuthInput, error) {
	var shown OAuthInput
	err := s.read(ctx, func(tx *store.Tx) error {
		if _, err := livingLink(tx, caller, id, ManageLinks); err != nil {
			return err
		}
		kept, err := s.grantOf(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		shown = kept.Server.OAuthInput
		shown.ClientSecret = ""
		return err
	})
	return shown, err
}

// originsOf is where the credentials of a saved link go.
func originsOf(link crm.Link) []string {
	if u, err := url.Parse(link.CalendarHref); err != nil || u.Host == "" {
		return nil
	}
	return []string{origin(link.CalendarHref)}
}
