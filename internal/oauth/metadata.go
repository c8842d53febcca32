package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// metadata is what servers tell of themselves (RFC 8414 section 2).
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	DeviceEndpoint        string   `json:"device_authorization_endpoint"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	IssuerInAnswer        bool     `json:"authorization_response_iss_parameter_supported"`
}

const maxMetadataBytes = 1 << 20

// Discover finds the endpoints of an issuer: first by RFC 8414, whose well-known part stands before the issuer's path, then by
// OpenID Connect Discovery, where it stands behind it. The document must name the very issuer that was asked for. What it
// finds goes into a Server without client; secret says whether there is a client secret, which decides about the style.
//
// The error is a *Failure: NotConfigured for an address that is no issuer's, NotUnderstood when there is no such document.
func (c *Client) Discover(ctx context.Context, issuer string, secret bool) (Server, error) {
	const op = "look up the authorisation server"
	issuer = strings.TrimSpace(issuer)
	base, err := url.Parse(issuer)
	if err != nil || checkEndpoint(issuer) != nil || base.RawQuery != "" {
		return Server{}, &Failure{Kind: NotConfigured, Op: op}
	}
	path := strings.TrimSuffix(base.EscapedPath(), "/")
	origin := base.Scheme + "://" + base.Host
	var last error = &Failure{Kind: NotUnderstood, Op: op}
	for _, address := range []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + path + "/.well-known/openid-configuration",
	} {
		document, err := c.metadata(ctx, op, address)
		if err != nil {
			if KindOf(last) != Temporary {
				last = err
			}
			continue
		}
		// Issuers differ in a closing slash only by mistake of a person; the document's own form is then the right one.
		if strings.TrimSuffix(document.Issuer, "/") != strings.TrimSuffix(issuer, "/") {
			return Server{}, &Failure{Kind: WrongIssuer, Op: op}
		}
		server := Server{
			Issuer: document.Issuer, IssuerInAnswer: document.IssuerInAnswer,
			AuthorizationEndpoint: document.AuthorizationEndpoint, TokenEndpoint: document.TokenEndpoint,
			RevocationEndpoint: document.RevocationEndpoint, DeviceEndpoint: document.DeviceEndpoint,
			Style: styleOf(document.AuthMethods, secret),
		}
		probe := server
		probe.ClientID, probe.ClientSecret = "probe", "probe"
		if err := probe.Check(); err != nil {
			return Server{}, &Failure{Kind: NotUnderstood, Op: op, Err: err}
		}
		return server, nil
	}
	return Server{}, last
}

// styleOf: without a list, Basic is what every server must take (RFC 8414 section 2).
func styleOf(methods []string, secret bool) AuthStyle {
	switch {
	case !secret:
		return StyleNone
	case len(methods) == 0 || slices.Contains(methods, "client_secret_basic"):
		return StyleBasic
	case slices.Contains(methods, "client_secret_post"):
		return StylePost
	default:
		return StyleBasic
	}
}

func (c *Client) metadata(ctx context.Context, op, address string) (metadata, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return metadata{}, fmt.Errorf("%s: %w", op, err)
	}
	request.Header.Set("Accept", "application/json")
	body, status, err := c.ask(request)
	if err != nil {
		return metadata{}, c.failureOf(op, err)
	}
	if status != http.StatusOK {
		return metadata{}, &Failure{Kind: kindOf("", status), Op: op, Status: status}
	}
	var document metadata
	if json.Unmarshal(body, &document) != nil {
		return metadata{}, &Failure{Kind: NotUnderstood, Op: op, Status: status}
	}
	return document, nil
}

// ask sends a request and reads its bounded answer.
func (c *Client) ask(request *http.Request) (body []byte, status int, err error) {
	response, err := c.http.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, maxMetadataBytes))
	if err != nil {
		return nil, 0, err
	}
	return body, response.StatusCode, nil
}
