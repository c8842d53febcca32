package oauth

import (
	"context"
	"time"

	"golang.org/x/oauth2"
)

// Device is a question that a person answers on another device (RFC 8628): show Code and Address, then wait.
type Device struct {
	Code      string // to be typed there
	Address   string // where
	Complete  string // the same with the code in it, "" when the server gives none
	ExpiresAt time.Time

	answer *oauth2.DeviceAuthResponse
}

// BeginDevice asks for a code to show.
func (c *Client) BeginDevice(ctx context.Context, server Server) (Device, error) {
	const op = "ask for a device code"
	if server.DeviceEndpoint == "" {
		return Device{}, &Failure{Kind: NotConfigured, Op: op}
	}
	// RFC 8628 section 3.1 asks confidential clients to authenticate here too; x/oauth2 leaves that out.
	var options []oauth2.AuthCodeOption
	if server.Style != StyleNone {
		options = append(options, oauth2.SetAuthURLParam("client_secret", server.ClientSecret))
	}
	answer, err := server.config("").DeviceAuth(c.context(ctx), options...)
	if err != nil {
		return Device{}, c.failureOf(op, err)
	}
	return Device{
		Code: answer.UserCode, Address: answer.VerificationURI, Complete: answer.VerificationURIComplete, ExpiresAt: answer.Expiry.UTC(), answer: answer,
	}, nil
}

// FinishDevice waits until the person has answered, the code lapses or ctx ends, asking no oftener than the server wants.
func (c *Client) FinishDevice(ctx context.Context, server Server, device Device) (Grant, error) {
	const op = "wait for the device code"
	token, err := server.config("").DeviceAccessToken(c.context(ctx), device.answer)
	if err != nil {
		return Grant{}, c.failureOf(op, err)
	}
	grant, err := c.grantOf(op, server, token, Grant{})
	if err == nil && grant.RefreshToken == "" {
		err = &Failure{Kind: NoRefreshToken, Op: op}
	}
	return grant, err
}
