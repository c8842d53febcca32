package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Consent is a question put to a person that has not been answered yet. It is kept where only the program sees it, for the
// person who was sent away and for nobody else, and is used once.
type Consent struct {
	State     string    `json:"state"`
	Verifier  string    `json:"verifier"`
	Redirect  string    `json:"redirect"` // the exact text, sent twice
	ExpiresAt time.Time `json:"expires_at"`
}

// ConsentLasts is how long a person has to answer.
const ConsentLasts = 10 * time.Minute

// Begin makes a question: send the browser to address. loginHint names the account that is wanted, "" for any. redirect is
// where the answer comes: the public address of the program, or a loopback address (RFC 8252 section 7.3) whose dead page the
// person copies the address of.
func (c *Client) Begin(server Server, redirect, loginHint string) (consent Consent, address string, err error) {
	if err := server.Check(); err != nil {
		return Consent{}, "", &Failure{Kind: NotConfigured, Op: "ask for a grant", Err: err}
	}
	if consent.State, err = c.token(); err != nil {
		return Consent{}, "", err
	}
	if consent.Verifier, err = c.token(); err != nil {
		return Consent{}, "", err
	}
	consent.Redirect, consent.ExpiresAt = redirect, c.now().UTC().Add(ConsentLasts)
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(consent.Verifier)}
	for name, value := range server.Extra {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	if loginHint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", loginHint))
	}
	return consent, server.config(redirect).AuthCodeURL(consent.State, options...), nil
}

// token is 256 random bits as 43 unreserved characters (RFC 7636 section 4.1).
func (c *Client) token() (string, error) {
	bits := make([]byte, 32)
	if _, err := io.ReadFull(c.random, bits); err != nil {
		return "", fmt.Errorf("draw a random token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(bits), nil
}

// Answer is what came back with the browser, or was pasted.
type Answer struct {
	State  string
	Code   string
	Error  string
	Issuer string
}

// ParseAnswer reads the query of a redirect, or the whole address that a person copied from the browser. What is not an
// answer at all is NoCode.
func ParseAnswer(pasted string) (Answer, error) {
	text := strings.TrimSpace(pasted)
	text = strings.Trim(text, "<>\"'")
	if _, query, found := strings.Cut(text, "?"); found {
		text = query
	}
	text, _, _ = strings.Cut(text, "#")
	values, err := url.ParseQuery(text)
	if err != nil || len(pasted) > 16<<10 {
		return Answer{}, &Failure{Kind: NoCode, Op: "read the answer"}
	}
	answer := Answer{State: values.Get("state"), Code: values.Get("code"), Error: cleanCode(values.Get("error")), Issuer: values.Get("iss")}
	if answer.State == "" || answer.Code == "" && values.Get("error") == "" {
		return Answer{}, &Failure{Kind: NoCode, Op: "read the answer"}
	}
	if answer.Code == "" && answer.Error == "" {
		answer.Error = "server_error"
	}
	return answer, nil
}

// Finish redeems the answer to a question. The caller has taken the question away before, so that it is used once, whatever
// comes of it. The grant of a Failure of the kind ScopeMissing is worth revoking and nothing else.
func (c *Client) Finish(ctx context.Context, server Server, consent Consent, answer Answer) (Grant, error) {
	const op = "redeem the grant"
	switch {
	case consent.State == "" || !equal(consent.State, answer.State) || !c.now().Before(consent.ExpiresAt):
		return Grant{}, &Failure{Kind: StateUnknown, Op: op}
	case !server.issuedBy(answer.Issuer):
		return Grant{}, &Failure{Kind: WrongIssuer, Op: op}
	case answer.Error != "":
		return Grant{}, &Failure{Kind: kindOf(answer.Error, 0), Op: op, Code: answer.Error}
	}
	token, err := server.config(consent.Redirect).Exchange(c.context(ctx), answer.Code, oauth2.VerifierOption(consent.Verifier))
	if err != nil {
		return Grant{}, c.failureOf(op, err)
	}
	grant, err := c.grantOf(op, server, token, Grant{})
	if err == nil && grant.RefreshToken == "" {
		err = &Failure{Kind: NoRefreshToken, Op: op}
	}
	return grant, err
}

// equal compares secrets in constant time.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// issuedBy checks who answered (RFC 9207): exactly the issuer where it is known or promised; otherwise an iss that comes all
// the same must be of the authorisation endpoint's origin.
func (s Server) issuedBy(issuer string) bool {
	if issuer == "" {
		return !s.IssuerInAnswer
	}
	if s.Issuer != "" {
		return issuer == s.Issuer
	}
	endpoint, err1 := url.Parse(s.AuthorizationEndpoint)
	from, err2 := url.Parse(issuer)
	return err1 == nil && err2 == nil && from.Scheme == endpoint.Scheme && from.Host == endpoint.Host
}
