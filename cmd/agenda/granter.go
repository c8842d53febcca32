package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"agendaonline/internal/check"
	"agendaonline/internal/crm"
	"agendaonline/internal/oauth"
	"agendaonline/internal/outbound"
	"agendaonline/internal/preset"
	"agendaonline/internal/service"
	"agendaonline/internal/vault"
)

// googleAddresses are where Google is: the real one, or the sandbox's of a demo or test.
type googleAddresses struct{ CalDAV, Authorization, Token, Revocation, Issuer string }

var realGoogle = googleAddresses{preset.GoogleCalDAV, preset.GoogleAuthorization, preset.GoogleToken, preset.GoogleRevocation, preset.GoogleIssuer}

// granter asks for grants as service.Granter says.
type granter struct {
	client *oauth.Client
	google googleAddresses
	way    func(service.LinkTLS) (http.RoundTripper, error)
}

// through is the client that a link's own certificate and authorities hold for.
func (g granter) through(own *service.LinkTLS) (*oauth.Client, error) {
	if own == nil {
		return g.client, nil
	}
	way, err := g.way(*own)
	if err != nil {
		return nil, trustFailure(err)
	}
	return g.client.Through(way), nil
}

// trustFailure names what is wrong with a certificate, key or authority by the key of its sentence.
func trustFailure(err error) error {
	problem, is := errors.AsType[outbound.TrustProblem](err)
	if !is {
		return err
	}
	code := check.CodeOfTrust(problem)
	return &service.GrantFailure{Code: string(code), Field: check.FieldOf(code), Err: err}
}

// Provider implements service.Granter.
func (g granter) Provider(ctx context.Context, kind crm.LinkKind, typed service.OAuthInput, own service.LinkTLS) (service.OAuthServer, error) {
	server := service.OAuthServer{OAuthInput: typed}
	if kind == crm.LinkGoogle {
		server.Issuer, server.AuthorizationEndpoint, server.TokenEndpoint, server.RevocationEndpoint = g.google.Issuer, g.google.Authorization, g.google.Token, g.google.Revocation
		server.Scopes, server.Style, server.Extra = preset.GoogleScope, string(oauth.StylePost), preset.GoogleConsent
		return server, nil
	}
	if own != (service.LinkTLS{}) {
		server.TLS = &own
	}
	client, err := g.through(server.TLS)
	if err != nil {
		return server, err
	}
	if typed.AuthorizationEndpoint == "" || typed.TokenEndpoint == "" {
		found, err := client.Discover(ctx, typed.Issuer, typed.ClientSecret != "")
		if err != nil {
			return server, grantFailure(err, "issuer")
		}
		server.Issuer, server.IssuerInAnswer = found.Issuer, found.IssuerInAnswer
		for _, part := range []struct {
			typed *string
			found string
		}{
			{&server.AuthorizationEndpoint, found.AuthorizationEndpoint}, {&server.TokenEndpoint, found.TokenEndpoint},
			{&server.RevocationEndpoint, found.RevocationEndpoint}, {&server.DeviceEndpoint, found.DeviceEndpoint}, {&server.Style, string(found.Style)},
		} {
			if *part.typed == "" {
				*part.typed = part.found
			}
		}
	}
	if server.Style == "" {
		if server.Style = string(oauth.StyleBasic); server.ClientSecret == "" {
			server.Style = string(oauth.StyleNone)
		}
	}
	if err := vault.ServerOf(server).Check(); err != nil {
		return server, &service.GrantFailure{Code: "oauth." + string(oauth.NotConfigured), Field: "authorization_endpoint", Err: err}
	}
	return server, nil
}

// Ask implements service.Granter.
func (g granter) Ask(server service.OAuthServer, redirect, loginHint string) (service.Asked, error) {
	consent, address, err := g.client.Begin(vault.ServerOf(server), redirect, loginHint)
	if err != nil {
		return service.Asked{}, grantFailure(err, "")
	}
	question, err := json.Marshal(consent)
	return service.Asked{State: consent.State, Question: question, Address: address, ExpiresAt: consent.ExpiresAt}, err
}

// State implements service.Granter.
func (g granter) State(answer string) (string, error) {
	read, err := oauth.ParseAnswer(answer)
	return read.State, grantFailure(err, "answer")
}

// Redeem implements service.Granter.
func (g granter) Redeem(ctx context.Context, server service.OAuthServer, question []byte, answer string) (service.Granted, error) {
	var consent oauth.Consent
	if err := json.Unmarshal(question, &consent); err != nil {
		return service.Granted{}, errors.New("the pending question cannot be read")
	}
	read, err := oauth.ParseAnswer(answer)
	if err != nil {
		return service.Granted{}, grantFailure(err, "answer")
	}
	client, err := g.through(server.TLS)
	if err != nil {
		return service.Granted{}, err
	}
	grant, failure := client.Finish(ctx, vault.ServerOf(server), consent, read)
	granted := service.Granted{GrantedAt: grant.GrantedAt, EndsAt: grant.EndsAt}
	if grant.AccessToken != "" {
		if granted.Grant, err = oauth.MarshalGrant(grant); err != nil {
			return service.Granted{}, err
		}
	}
	return granted, grantFailure(failure, "answer")
}

// AskDevice implements service.Granter.
func (g granter) AskDevice(ctx context.Context, server service.OAuthServer) (service.AskedDevice, error) {
	client, err := g.through(server.TLS)
	if err != nil {
		return service.AskedDevice{}, err
	}
	device, err := client.BeginDevice(ctx, vault.ServerOf(server))
	if err != nil {
		return service.AskedDevice{}, grantFailure(err, "device_endpoint")
	}
	return askedDevice(device)
}

func askedDevice(device oauth.Device) (service.AskedDevice, error) {
	question, err := json.Marshal(device)
	return service.AskedDevice{
		Code: device.Code, Address: device.Address, Complete: device.Complete, Question: question, Wait: device.Interval, ExpiresAt: device.ExpiresAt,
	}, err
}

// RedeemDevice implements service.Granter.
func (g granter) RedeemDevice(ctx context.Context, server service.OAuthServer, question []byte) (service.Granted, *service.AskedDevice, error) {
	var device oauth.Device
	if json.Unmarshal(question, &device) != nil {
		return service.Granted{}, nil, errors.New("the pending question cannot be read")
	}
	client, err := g.through(server.TLS)
	if err != nil {
		return service.Granted{}, nil, err
	}
	grant, device, failure := client.PollDevice(ctx, vault.ServerOf(server), device)
	if oauth.KindOf(failure) == oauth.Pending {
		asked, err := askedDevice(device)
		return service.Granted{}, &asked, err
	}
	granted := service.Granted{GrantedAt: grant.GrantedAt, EndsAt: grant.EndsAt}
	if grant.AccessToken != "" {
		var err error
		if granted.Grant, err = oauth.MarshalGrant(grant); err != nil {
			return service.Granted{}, nil, err
		}
	}
	return granted, nil, grantFailure(failure, "")
}

// Revoke implements service.Granter.
func (g granter) Revoke(ctx context.Context, server service.OAuthServer, grant []byte) (bool, error) {
	kept, err := oauth.UnmarshalGrant(grant)
	if err != nil {
		return false, errors.New("the grant cannot be read")
	}
	client, err := g.through(server.TLS)
	if err != nil {
		return false, err
	}
	revoked, err := client.Revoke(ctx, vault.ServerOf(server), kept)
	return revoked, grantFailure(err, "")
}

// grantFailure names a failure by the key of its sentence. field is where it stands, unless the failure says better.
func grantFailure(err error, field string) error {
	failure, is := errors.AsType[*oauth.Failure](err)
	if !is {
		return err
	}
	told := &service.GrantFailure{Code: "oauth." + string(failure.Kind), Field: field, Temporary: failure.Kind == oauth.Temporary, Err: err, Params: map[string]string{}}
	switch failure.Kind {
	case oauth.ClientRefused:
		told.Field = "client_secret"
	case oauth.Untrusted:
		told.Params["host"] = failure.Host
	case oauth.ScopeMissing:
		told.Params["scopes"] = strings.Join(failure.Missing, " ")
	}
	if refused, is := errors.AsType[*outbound.Refused](err); is {
		told.Code, told.Temporary = "oauth.not_allowed", false
		told.Params["host"], told.Params["setting"], told.Params["entry"] = refused.Host, refused.Setting(), refused.Entry()
	}
	return told
}
