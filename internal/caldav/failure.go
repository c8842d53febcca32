package caldav

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

var errPlainHTTP = errors.New("credentials may not go over http")

// causes names what outbound says went wrong on the way.
var causes = map[outbound.Kind]dav.Cause{
	outbound.TimedOut:     dav.CauseTimeout,
	outbound.UnknownHost:  dav.CauseUnknownHost,
	outbound.NameLookup:   dav.CauseNameLookup,
	outbound.NotListening: dav.CauseRefused,
	outbound.Unreachable:  dav.CauseUnreachable,
	outbound.Cut:          dav.CauseCut,
	outbound.NotTLS:       dav.CauseNotTLS,
	outbound.TLSExpired:   dav.CauseTLSExpired,
	outbound.TLSHost:      dav.CauseTLSHost,
	outbound.TLSAuthority: dav.CauseTLSAuthority,
	outbound.TLSOther:     dav.CauseTLS,
	outbound.NotHTTP:      dav.CauseHTTP,
	outbound.OtherTrouble: dav.CauseCut,

	outbound.CertificateWanted:  dav.CauseCertificateWanted,
	outbound.CertificateRefused: dav.CauseCertificateRefused,
	outbound.CertificateExpired: dav.CauseCertificateExpired,
}

// beforeSending are the kinds of trouble that end a request before anything of it left.
var beforeSending = map[outbound.Kind]bool{
	outbound.UnknownHost: true, outbound.NameLookup: true, outbound.NotListening: true, outbound.Unreachable: true, outbound.NotTLS: true,
	outbound.TLSExpired: true, outbound.TLSHost: true, outbound.TLSAuthority: true,
	outbound.CertificateWanted: true, outbound.CertificateRefused: true, outbound.CertificateExpired: true,
}

// trouble is the failure of a request that got no whole answer; sent says whether it may have reached the server. What
// ends by itself is temporary, also a certificate that somebody has to renew: the work resumes when it is.
func (c *Client) trouble(parent, ctx context.Context, r *request, err error, sent bool) error {
	if failure, ok := dav.FailureOf(err); ok {
		return failure
	}
	failure := &dav.Failure{Class: dav.ClassTemporary, Op: r.op(), Href: r.href, Err: err}
	var (
		other     *otherOrigin
		trouble   *outbound.Trouble
		refused   *outbound.Refused
		held      *outbound.Held
		timeout   = context.Cause(ctx)
		permanent = func(cause dav.Cause) { failure.Class, failure.Cause = dav.ClassPermanent, cause }
	)
	if errors.As(err, &trouble) && beforeSending[trouble.Kind] || errors.As(err, &refused) || errors.As(err, &held) {
		sent = false
	}
	if sent && r.writes() {
		failure.Class = dav.ClassUnknownOutcome
	}
	if parent.Err() != nil {
		if failure.Class == dav.ClassUnknownOutcome {
			failure.Err = parent.Err()
			return failure
		}
		return parent.Err()
	}
	switch {
	case errors.Is(timeout, errNoAnswer), errors.Is(timeout, errStalled), errors.Is(timeout, errTotal):
		failure.Cause, failure.Err = dav.CauseTimeout, timeout
	case errors.As(err, &trouble):
		failure.Cause = causes[trouble.Kind]
	case errors.As(err, &refused):
		permanent(dav.CauseNotAllowed)
	case errors.As(err, &held):
		failure.Class, failure.Cause, failure.NotBefore = dav.ClassTemporary, dav.CauseThrottled, held.Until
	case errors.As(err, &other):
		permanent(dav.CauseRedirectOther)
		failure.Related = string(other.origin)
	case errors.Is(err, errPlainHTTP):
		permanent(dav.CausePlainHTTP)
	default:
		// A round tripper that is not outbound's, or credentials that could not be had.
		failure.Cause = dav.CauseCut
	}
	return failure
}

// unread is the failure of an answer whose body is of no use: cut, too large, not XML, a web page.
func (c *Client) unread(a *answer, err error) error {
	if failure, ok := dav.FailureOf(err); ok {
		return failure
	}
	failure := &dav.Failure{Class: dav.ClassTemporary, Op: a.request.op(), Href: a.request.href, Status: a.status, Err: err}
	if a.request.writes() {
		failure.Class = dav.ClassUnknownOutcome
	}
	var trouble *outbound.Trouble
	switch page := isPage(a.header); {
	case a.parent.Err() != nil, context.Cause(a.ctx) != nil, errors.As(err, &trouble):
		cut := c.trouble(a.parent, a.ctx, a.request, err, true)
		if failure, ok := dav.FailureOf(cut); ok {
			failure.Status = a.status
		}
		return cut
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		failure.Cause = dav.CauseCut
	case errors.Is(err, errTooLarge):
		failure.Class, failure.Cause = dav.ClassPermanent, dav.CauseTooLarge
	case errors.Is(err, dav.ErrTooMany):
		failure.Class, failure.Cause = dav.ClassPermanent, dav.CauseTooMany
	case page, errors.Is(err, dav.ErrNotXML), errors.Is(err, dav.ErrNotExpected):
		failure.Cause = dav.CauseNotDAV
	default:
		failure.Cause = dav.CauseMalformed
	}
	return failure
}

// isPage reports whether the answer calls itself a web page.
func isPage(header http.Header) bool {
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "text/html", "application/xhtml+xml":
		return true
	}
	return false
}

// refusal ends an answer whose status is not 2xx and says what it means.
func (a *answer) refusal() error {
	body, err := io.ReadAll(io.LimitReader(a.body, maxErrorBytes))
	if err != nil && a.parent.Err() != nil {
		return a.broken(err)
	}
	failure := a.classify(a.status, dav.DecodeError(body), string(body))
	if failure.Precondition.Local != "" {
		a.found("error: %s", failure.Precondition.Local)
	}
	for _, challenge := range a.header.Values("WWW-Authenticate") {
		a.found("WWW-Authenticate: %s", shownChallenge(challenge))
	}
	a.finish(failed(failure))
	return failure
}

// classify is what a status and what was said with it mean, for the request as a whole or, inside a 207, for its resource.
func (a *answer) classify(status int, said dav.ErrorBody, text string) *dav.Failure {
	r := a.request
	failure := &dav.Failure{
		Class: dav.ClassPermanent, Op: r.op(), Href: r.href, Status: status,
		Precondition: said.Precondition, Related: string(said.Href), Excerpt: said.Excerpt,
	}
	if until, ok := outbound.RetryAfter(a.header, a.client.config.Now()); ok {
		failure.NotBefore = until.UTC()
	}
	set := func(class dav.Class, cause dav.Cause) { failure.Class, failure.Cause = class, cause }
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(text, word) {
				return true
			}
		}
		return false
	}
	switch {
	case said.Precondition == dav.PreconditionValidSyncToken:
		set(dav.ClassTokenInvalid, "")
	case r.token && (status == 410 || status == 412):
		set(dav.ClassTokenInvalid, "")
	case r.token && (status == 400 && said.Precondition.Local == "" || status == 500):
		set(dav.ClassTemporary, dav.CauseTokenSuspect)
	case said.Precondition == dav.PreconditionUIDConflict:
		set(dav.ClassUIDTaken, "")
	// Nextcloud 32 says so without the element, and of a UID that is in its trash only by its database's error.
	case r.method == http.MethodPut && (status == 400 || status == 500) &&
		has("object with uid already exists", "calobjects_by_uid", "calendarobjects.uid"):
		set(dav.ClassUIDTaken, "")
	case status == 401:
		set(dav.ClassSignIn, "")
		if has("User disabled", "Account disabled") { // ownCloud 10.11
			failure.Cause = dav.CauseAccountOff
		}
		failure.Challenges = schemes(a.header)
	case status == 429, status == 403 && has("rateLimitExceeded", "RateLimitExceeded", "quotaExceeded", "Daily Limit", "dailyLimitExceeded"),
		status == 403 && r.report != "" && said.Empty: // Google throttles a REPORT by an empty DAV:error
		set(dav.ClassTemporary, dav.CauseThrottled)
	case status == 403 && has("accessNotConfigured", "SERVICE_DISABLED"):
		set(dav.ClassPermanent, dav.CauseAPIOff)
	case said.Precondition == dav.PreconditionSize, status == 413, status == 403 && has("exceeds") && has("bytes"): // Nextcloud 32
		set(dav.ClassPermanent, dav.CauseTooLarge)
	case status == 507 && r.report != "":
		set(dav.ClassTemporary, dav.CauseTooMany)
	case status == 507:
		set(dav.ClassPermanent, dav.CauseStorageFull)
	case (status == 404 || status == 410) && a.elsewhere():
		set(dav.ClassTemporary, dav.CauseNotDAV)
		if r.writes() {
			set(dav.ClassUnknownOutcome, dav.CauseNotDAV)
		}
	case status == 404, status == 410:
		set(dav.ClassGone, "")
	case status == 412:
		set(dav.ClassPreconditionFailed, "")
	case status == 403:
		set(dav.ClassForbidden, "")
	case status == 503 && has("DisabledUser", "Account disabled"): // Nextcloud 32
		set(dav.ClassPermanent, dav.CauseAccountOff)
	case status == 503 && has("maintenance", "Maintenance"):
		set(dav.ClassTemporary, dav.CauseMaintenance)
	case (status == 502 || status == 504) && r.writes(): // the server behind the gateway may have stored it
		set(dav.ClassUnknownOutcome, "")
	case status/100 == 5 && status != 501 && status != 505, status == 408, status == 421, status == 423, status == 425:
		set(dav.ClassTemporary, "")
	case status/100 == 3:
		set(dav.ClassTemporary, dav.CauseNotDAV)
	}
	return failure
}

// elsewhere reports whether a member was asked for and the redirects ended at something of another name: a sign-in page that is
// not there says nothing of the member.
func (a *answer) elsewhere() bool {
	asked, answered := a.request.target.EscapedPath(), a.url.EscapedPath()
	return (a.request.method == http.MethodGet || a.request.writes()) && path.Base(asked) != path.Base(answered)
}

// notDAV ends an answer that no CalDAV server gives to such a request: a login page, a captive portal.
func (a *answer) notDAV(what string) error {
	failure := &dav.Failure{
		Class: dav.ClassTemporary, Cause: dav.CauseNotDAV, Op: a.request.op(), Href: a.request.href, Status: a.status, Err: errors.New(what),
	}
	if a.request.writes() {
		failure.Class = dav.ClassUnknownOutcome
	}
	a.finish(failed(failure))
	return failure
}

// unaddressable is the failure of an href that cannot be asked for.
func unaddressable(op string, href dav.Href, err error) error {
	failure := &dav.Failure{Class: dav.ClassPermanent, Op: op, Href: href, Cause: dav.CauseMalformed, Err: err}
	if other, ok := errors.AsType[*otherOrigin](err); ok {
		failure.Cause, failure.Related = dav.CauseRedirectOther, string(other.origin)
	}
	return failure
}
