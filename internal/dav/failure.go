package dav

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class is what a failed request means for the work behind it. It is set once, where the answer is read.
type Class string

// The classes of failure.
const (
	// ClassTemporary may succeed later, not before NotBefore.
	ClassTemporary Class = "temporary"
	// ClassPermanent will fail again until something is changed by a person.
	ClassPermanent Class = "permanent"
	// ClassPreconditionFailed met another version than expected: read, merge, write again.
	ClassPreconditionFailed Class = "precondition_failed"
	// ClassTokenInvalid asks for a full listing; nothing may be deleted before it is complete.
	ClassTokenInvalid Class = "token_invalid"
	// ClassGone is a 404 or 410 on the very href. On a write it can also mean a read-only share (Nextcloud, ownCloud).
	ClassGone Class = "gone"
	// ClassUnknownOutcome is a write that was sent and whose answer did not come: read back before it is repeated.
	ClassUnknownOutcome Class = "unknown_outcome"
	// ClassSignIn is a refused sign-in.
	ClassSignIn Class = "sign_in"
	// ClassForbidden is a 403 that is neither a throttle nor a bad token.
	ClassForbidden Class = "forbidden"
	// ClassUIDTaken is a PUT of a UID that lives at another href of the calendar, Related when the server says which.
	ClassUIDTaken Class = "uid_taken"
)

// Cause says more exactly what went wrong, for the sentence a person reads.
type Cause string

// The causes. Those of an answer that came.
const (
	CauseStatus       Cause = ""                 // Status and Precondition say it all
	CauseThrottled    Cause = "throttled"        // too many requests
	CauseMaintenance  Cause = "maintenance"      // the server says that it is being maintained
	CauseAccountOff   Cause = "account_disabled" // Nextcloud answers 503 for a disabled account
	CauseAPIOff       Cause = "api_not_enabled"  // Google: the CalDAV API is not enabled in the project
	CauseStorageFull  Cause = "storage_full"
	CauseTooLarge     Cause = "too_large"      // the server or our limit refuses the size
	CauseTooMany      Cause = "too_many"       // more members than the limit
	CauseTruncated    Cause = "truncated"      // a listing that the server says is not complete
	CauseNotDAV       Cause = "not_dav"        // a web page or another answer that CalDAV does not know
	CauseMalformed    Cause = "malformed"      // the answer's body cannot be understood
	CauseNotACalendar Cause = "not_a_calendar" // the collection is not a calendar (any more)
	CauseNoToken      Cause = "no_token"       // a sync-collection report without a sync token
	// CauseTokenSuspect is a sync-collection with a token that was answered by a bare 400 or 500: Xandikos 0.2.8 answers 500 to
	// a token that it does not know. A full listing may help, but not every time: the server may simply be out of order.
	CauseTokenSuspect  Cause = "token_suspect"
	CauseRedirectLoop  Cause = "redirect_loop"  // more redirects than are followed
	CauseRedirectOther Cause = "redirect_other" // a redirect or href to an origin that is not approved: Related
	CauseDowngrade     Cause = "downgrade"      // a redirect from https to http
)

// The causes of an answer that did not come.
const (
	CauseTimeout      Cause = "timeout"       // no answer, or no whole answer, within the time
	CauseCut          Cause = "cut"           // the connection ended, or the answer is not whole
	CauseUnknownHost  Cause = "unknown_host"  // the name does not exist
	CauseNameLookup   Cause = "name_lookup"   // the name could not be looked up
	CauseRefused      Cause = "refused"       // nothing listens there
	CauseUnreachable  Cause = "unreachable"   // no way there
	CausePlainHTTP    Cause = "plain_http"    // a password would go over http and that is not allowed for this link
	CauseNotAllowed   Cause = "not_allowed"   // a private address or odd port that outbound.allow does not open
	CauseNotTLS       Cause = "not_tls"       // the port does not speak TLS
	CauseTLSExpired   Cause = "tls_expired"   // certificate out of date
	CauseTLSHost      Cause = "tls_host"      // certificate of another host
	CauseTLSAuthority Cause = "tls_authority" // certificate of an unknown authority
	CauseTLS          Cause = "tls"           // another failure of TLS
	CauseHTTP         Cause = "http"          // what came back is not HTTP

	CauseCertificateWanted  Cause = "certificate_wanted"  // the server wants a client certificate
	CauseCertificateRefused Cause = "certificate_refused" // and does not take the one of this link
	CauseCertificateExpired Cause = "certificate_expired" // which is out of date
)

// Failure is a request that failed: the one error type of a remote calendar. Its text names what was attempted on what; it
// never holds credentials or calendar text (Excerpt may quote what the server wrote and stays out of the text).
type Failure struct {
	Class        Class
	Cause        Cause
	Op           string // the method, or the report's name
	Href         Href
	Status       int      // 0 when no answer came
	Precondition Name     // the element of the error body, zero without one
	Related      string   // the href or origin that the answer points to: the twin's href, the redirect's target
	Challenges   []string // the schemes that a 401 offers, in lower case
	Excerpt      string   // the start of what the server wrote about it, on one line
	NotBefore    time.Time
	Err          error // what caused it, nil when the answer itself did
}

func (f *Failure) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s: %s", f.Op, f.Href, f.Class)
	if f.Status != 0 {
		fmt.Fprintf(&text, ", status %d", f.Status)
	}
	if f.Precondition.Local != "" {
		fmt.Fprintf(&text, ", %s %s", f.Precondition.Space, f.Precondition.Local)
	}
	if f.Cause != "" {
		fmt.Fprintf(&text, ", %s", f.Cause)
	}
	if f.Err != nil {
		fmt.Fprintf(&text, ": %v", f.Err)
	}
	return text.String()
}

func (f *Failure) Unwrap() error { return f.Err }

// FailureOf is the Failure within err, if there is one.
func FailureOf(err error) (*Failure, bool) {
	failure, ok := errors.AsType[*Failure](err)
	return failure, ok
}

// ClassOf is the class of err: "" for nil and for an error that is not a Failure.
func ClassOf(err error) Class {
	if failure, ok := FailureOf(err); ok {
		return failure.Class
	}
	return ""
}
