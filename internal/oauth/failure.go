package oauth

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Kind is what a failure means for the work behind it, and the last part of the key of its sentence ("oauth.denied").
type Kind string

// The kinds of failure.
const (
	Temporary      Kind = "temporary"        // the network, a server error, a throttle: try again, nothing is lost
	SignInAgain    Kind = "sign_in_again"    // the grant is gone: revoked, lapsed, or used twice
	ClientRefused  Kind = "client_refused"   // client ID or secret are not (any more) right
	Denied         Kind = "denied"           // the person said no, or is not allowed to say yes
	ScopeMissing   Kind = "scope_missing"    // the person left the calendar unticked, or it was withdrawn
	NoRefreshToken Kind = "no_refresh_token" // consent was not asked anew, so the grant would end within the hour
	StateUnknown   Kind = "state_unknown"    // not the answer to this question: another person's, a used one, or too old
	WrongIssuer    Kind = "wrong_issuer"     // another server answered
	RedirectRefuse Kind = "redirect_refused" // the server does not know our redirect address
	RequestRefused Kind = "request_refused"  // the server does not like the request
	NotUnderstood  Kind = "not_understood"   // the answer is no OAuth answer
	NoCode         Kind = "no_code"          // what was pasted holds no code
	NotConfigured  Kind = "not_configured"   // an endpoint or the client ID is missing or wrong
	NoDevice       Kind = "no_device"        // the server does not offer signing in on another device
	Pending        Kind = "pending"          // the person has not answered yet
	Untrusted      Kind = "untrusted"        // the server's certificate is not one we trust for it
)

// Failure is an OAuth exchange that failed. Its text holds neither token nor code nor secret, nor what the server wrote: only
// the error code, which is one of the RFCs'.
type Failure struct {
	Kind      Kind
	Op        string // what was attempted
	Code      string // the server's error code, cut to the characters of RFC 6749 section 5.2
	Status    int    // of the HTTP answer, 0 when none came
	NotBefore time.Time
	Missing   []string // of ScopeMissing
	Host      string   // of Untrusted
	Err       error
}

func (f *Failure) Error() string {
	text := f.Op + ": " + string(f.Kind)
	if f.Code != "" {
		text += ", " + f.Code
	}
	if f.Status != 0 {
		text += ", status " + strconv.Itoa(f.Status)
	}
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Err }

// KindOf is the kind of err, "" for nil and for an error that is no Failure.
func KindOf(err error) Kind {
	if failure, ok := errors.AsType[*Failure](err); ok {
		return failure.Kind
	}
	return ""
}

// failureOf classes the error of a token request.
func (c *Client) failureOf(op string, err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return &Failure{Kind: Temporary, Op: op, Err: errors.New("no answer in time")}
		}
		if host, is := untrusted(err); is {
			return &Failure{Kind: Untrusted, Op: op, Host: host, Err: withoutURL(err)}
		}
		if strings.Contains(err.Error(), "cannot parse") || strings.Contains(err.Error(), "missing access_token") {
			return &Failure{Kind: NotUnderstood, Op: op}
		}
		return &Failure{Kind: Temporary, Op: op, Err: withoutURL(err)}
	}
	failure := &Failure{Op: op, Code: cleanCode(answer.ErrorCode)}
	if answer.Response != nil {
		failure.Status = answer.Response.StatusCode
		failure.NotBefore = retryAfter(answer.Response.Header, c.now())
	}
	failure.Kind = kindOf(failure.Code, failure.Status)
	return failure
}

// untrusted reports whether a server's certificate was not accepted, and which host it is.
func untrusted(err error) (host string, is bool) {
	if _, is = errors.AsType[*tls.CertificateVerificationError](err); !is {
		return "", false
	}
	if asked, ok := errors.AsType[*url.Error](err); ok {
		if address, err := url.Parse(asked.URL); err == nil {
			host = address.Hostname()
		}
	}
	return host, true
}

// kindOf: a code that the RFCs know decides; without one the status does. A 5xx, a 429 and a page of HTML never end a grant
// (Nextcloud 32 in maintenance answers 503 with HTML).
func kindOf(code string, status int) Kind {
	switch {
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return Temporary
	case code == "invalid_grant" || code == "expired_token":
		return SignInAgain
	case code == "invalid_client" || code == "unauthorized_client":
		return ClientRefused
	case code == "access_denied":
		return Denied
	case code == "invalid_scope":
		return ScopeMissing
	case code == "redirect_uri_mismatch":
		return RedirectRefuse
	case code == "temporarily_unavailable" || code == "slow_down" || code == "server_error":
		return Temporary
	case code != "":
		return RequestRefused
	case status == http.StatusUnauthorized:
		return ClientRefused
	default:
		return NotUnderstood
	}
}

// cleanCode keeps only what an error code may consist of, so that nothing a server echoes gets into logs.
func cleanCode(code string) string {
	if len(code) > 60 || strings.ContainsFunc(code, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' }) {
		return ""
	}
	return code
}

// withoutURL drops the URL that net/http puts into its errors: a callback's would hold the code.
func withoutURL(err error) error {
	type wrapped interface{ Unwrap() error }
	for {
		inner, ok := err.(wrapped)
		if !ok || inner.Unwrap() == nil {
			return err
		}
		if _, isURL := err.(interface{ Timeout() bool }); isURL && strings.Contains(fmt.Sprintf("%T", err), "url.Error") {
			return inner.Unwrap()
		}
		err = inner.Unwrap()
	}
}

func retryAfter(header http.Header, now time.Time) time.Time {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return now.Add(min(time.Duration(seconds)*time.Second, maxRetryAfter))
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return minTime(at, now.Add(maxRetryAfter))
	}
	return time.Time{}
}

const maxRetryAfter = 2 * time.Hour

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// refreshKind: to a refresh, invalid_request is how Nextcloud says that the token was used or is not known
// (apps/oauth2 of Nextcloud 25 and 32).
func refreshKind(failure *Failure) Kind {
	if slices.Contains([]string{"invalid_request", "invalid_scope"}, failure.Code) && failure.Status < 500 {
		return SignInAgain
	}
	return failure.Kind
}

// jsonError reads an error body of an endpoint that x/oauth2 does not ask.
func jsonError(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return cleanCode(answer.Error)
}
