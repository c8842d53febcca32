package oauth

import (
	"context"
	"time"

	"golang.org/x/oauth2"
)

// Device is a question that a person answers on another device (RFC 8628): show Code and Address, then ask by PollDevice until
// there is an answer. It is kept where only the program sees it: DeviceCode is a secret.
type Device struct {
	Code       string        `json:"code"`     // to be typed there
	Address    string        `json:"address"`  // where
	Complete   string        `json:"complete"` // the same with the code in it, "" when the server gives none
	DeviceCode string        `json:"device_code"`
	Interval   time.Duration `json:"interval"` // between two requests, at least
	ExpiresAt  time.Time     `json:"expires_at"`
}

// The intervals of RFC 8628: section 3.2 where the server names none, section 3.5 for each slow_down.
const (
	defaultInterval = 5 * time.Second
	slowerBy        = 5 * time.Second
	maxInterval     = time.Minute
)

// BeginDevice asks for a code to show.
func (c *Client) BeginDevice(ctx context.Context, server Server) (Device, error) {
	const op = "ask for a device code"
	if server.DeviceEndpoint == "" {
		return Device{}, &Failure{Kind: NoDevice, Op: op}
	}
	if err := server.Check(); err != nil {
		return Device{}, &Failure{Kind: NotConfigured, Op: op, Err: err}
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
	device := Device{
		Code: answer.UserCode, Address: answer.VerificationURI, Complete: answer.VerificationURIComplete, DeviceCode: answer.DeviceCode,
		Interval: min(time.Duration(answer.Interval)*time.Second, maxInterval), ExpiresAt: c.now().UTC().Add(ConsentLasts),
	}
	if device.Interval <= 0 {
		device.Interval = defaultInterval
	}
	// x/oauth2 counts by the machine's clock: what counts is how long the server gives.
	if lasts := time.Until(answer.Expiry); !answer.Expiry.IsZero() && lasts < ConsentLasts {
		device.ExpiresAt = c.now().UTC().Add(lasts)
	}
	// An address that is no web address would be a link on our page all the same.
	if checkEndpoint(device.Address) != nil || device.Code == "" || device.DeviceCode == "" {
		return Device{}, &Failure{Kind: NotUnderstood, Op: op}
	}
	if checkEndpoint(device.Complete) != nil {
		device.Complete = ""
	}
	return device, nil
}

// PollDevice asks once whether the person has answered. A Failure of the kind Pending says not yet: ask again after the interval of
// the device that is returned. One of the kind Temporary is worth asking again too; any other ends the question.
func (c *Client) PollDevice(ctx context.Context, server Server, device Device) (Grant, Device, error) {
	const op = "ask whether the device code was answered"
	if !c.now().Before(device.ExpiresAt) {
		return Grant{}, device, &Failure{Kind: SignInAgain, Op: op, Code: "expired_token"}
	}
	// An empty code is as none (RFC 6749 section 3.2).
	token, err := server.config("").Exchange(c.context(ctx), "",
		oauth2.SetAuthURLParam("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), oauth2.SetAuthURLParam("device_code", device.DeviceCode))
	if err != nil {
		err = c.failureOf(op, err)
		if failure, ok := err.(*Failure); ok {
			switch failure.Code {
			case "authorization_pending":
				failure.Kind = Pending
			case "slow_down":
				failure.Kind, device.Interval = Pending, min(device.Interval+slowerBy, maxInterval)
			}
		}
		return Grant{}, device, err
	}
	grant, err := c.grantOf(op, server, token, Grant{})
	if err == nil && grant.RefreshToken == "" {
		err = &Failure{Kind: NoRefreshToken, Op: op}
	}
	return grant, device, err
}
