package oauth

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Grant is what a person gave: the tokens, and until when they are good. It is kept sealed, as JSON.
type Grant struct {
	AccessToken  string    `json:"access_token"`
	RefreshToken string    `json:"refresh_token"`
	Scope        string    `json:"scope,omitempty"`
	ExpiresAt    time.Time `json:"expires_at"` // of the access token, UTC
	// EndsAt is when the grant itself ends where the server says so (Google's refresh_token_expires_in); zero otherwise.
	EndsAt time.Time `json:"ends_at,omitzero"`
	// GrantedAt is when a person gave it.
	GrantedAt time.Time `json:"granted_at"`
}

// Tokens are refreshed a little early, so that none lapses on its way. A server that does not say how long one is good, or
// says zero, gets a short life assumed: what was right is then shown by the 401.
const (
	refreshEarly   = 90 * time.Second
	assumedExpires = 5 * time.Minute
)

// Good reports whether the access token can still be used at now.
func (g Grant) Good(now time.Time) bool {
	return g.AccessToken != "" && now.Add(refreshEarly).Before(g.ExpiresAt)
}

// String hides the tokens from every log and error.
func (g Grant) String() string { return "grant until " + g.ExpiresAt.UTC().Format(time.RFC3339) }

// GoString hides them from %#v.
func (g Grant) GoString() string { return g.String() }

// MarshalGrant is the grant as it is sealed.
func MarshalGrant(grant Grant) ([]byte, error) {
	type plain Grant
	return json.Marshal(plain(grant))
}

// UnmarshalGrant reads what MarshalGrant wrote.
func UnmarshalGrant(text []byte) (Grant, error) {
	type plain Grant
	var grant plain
	if err := json.Unmarshal(text, &grant); err != nil {
		return Grant{}, err
	}
	return Grant(grant), nil
}

// grantOf reads a token answer. before is the grant that was refreshed, zero for a new one: an answer without refresh token
// leaves the one there is in force (RFC 6749 section 6; Google never sends one on a refresh).
func (c *Client) grantOf(op string, server Server, token *oauth2.Token, before Grant) (Grant, error) {
	if token.TokenType != "" && !strings.EqualFold(token.TokenType, "bearer") {
		return Grant{}, &Failure{Kind: NotUnderstood, Op: op}
	}
	now := c.now().UTC()
	scope, _ := token.Extra("scope").(string)
	grant := Grant{
		AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, Scope: scope,
		ExpiresAt: now.Add(lifetime(token.Extra("expires_in"), token.ExpiresIn)), GrantedAt: before.GrantedAt, EndsAt: before.EndsAt,
	}
	if grant.RefreshToken == "" {
		grant.RefreshToken = before.RefreshToken
	}
	if grant.GrantedAt.IsZero() {
		grant.GrantedAt = now
	}
	if ends, ok := token.Extra("refresh_token_expires_in").(float64); ok && ends > 0 {
		grant.EndsAt = now.Add(time.Duration(ends) * time.Second)
	}
	if missing := server.missing(scope); len(missing) > 0 {
		return grant, &Failure{Kind: ScopeMissing, Op: op, Missing: missing}
	}
	return grant, nil
}

func lifetime(raw any, seconds int64) time.Duration {
	if number, ok := raw.(float64); ok && seconds == 0 {
		seconds = int64(number)
	}
	if seconds <= 0 {
		return assumedExpires
	}
	return min(time.Duration(seconds), 366*24*3600) * time.Second
}

// Refresh asks for a new access token. The answer's refresh token, where there is one, ends the old one at once on many
// servers: keep it before the access token is used.
//
// The error is a *Failure; SignInAgain means that the server will never take this grant again.
func (c *Client) Refresh(ctx context.Context, server Server, grant Grant) (Grant, error) {
	const op = "refresh the grant"
	if grant.RefreshToken == "" {
		return Grant{}, &Failure{Kind: SignInAgain, Op: op}
	}
	// A token without expiry in the past would be handed back as it is.
	stale := &oauth2.Token{RefreshToken: grant.RefreshToken, Expiry: time.Unix(1, 0)}
	token, err := server.config("").TokenSource(c.context(ctx), stale).Token()
	if err != nil {
		failure := c.failureOf(op, err)
		if f, ok := failure.(*Failure); ok {
			f.Kind = refreshKind(f)
		}
		return Grant{}, failure
	}
	fresh, err := c.grantOf(op, server, token, grant)
	if err != nil && KindOf(err) != ScopeMissing {
		return Grant{}, err
	}
	// A scope that was withdrawn is told with the grant, which is rotated by now and must be kept all the same.
	return fresh, err
}
