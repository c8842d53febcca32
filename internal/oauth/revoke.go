package oauth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Revoke ends a grant at the server (RFC 7009), refresh token first: that ends the access tokens too. A server without
// revocation endpoint is no error, and revoked is false: the person is then told where to end it. The credentials are
// forgotten whatever comes of it; that is the caller's part.
func (c *Client) Revoke(ctx context.Context, server Server, grant Grant) (revoked bool, err error) {
	const op = "revoke the grant"
	if server.RevocationEndpoint == "" || grant.RefreshToken == "" && grant.AccessToken == "" {
		return false, nil
	}
	form := url.Values{"token": {grant.RefreshToken}, "token_type_hint": {"refresh_token"}}
	if grant.RefreshToken == "" {
		form = url.Values{"token": {grant.AccessToken}, "token_type_hint": {"access_token"}}
	}
	if server.Style != StyleBasic {
		form.Set("client_id", server.ClientID)
	}
	if server.Style == StylePost {
		form.Set("client_secret", server.ClientSecret)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.RevocationEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return false, fmt.Errorf("%s: %w", op, err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if server.Style == StyleBasic {
		// RFC 6749 section 2.3.1: both are form-encoded before they are joined.
		request.SetBasicAuth(url.QueryEscape(server.ClientID), url.QueryEscape(server.ClientSecret))
	}
	body, status, err := c.ask(request)
	if err != nil {
		return false, c.failureOf(op, err)
	}
	code := jsonError(body)
	// A token that the server does not know (any more) is as good as revoked; Google says so with 400 invalid_token.
	if status/100 == 2 || code == "invalid_token" {
		return true, nil
	}
	return false, &Failure{Kind: kindOf(code, status), Op: op, Code: code, Status: status}
}
