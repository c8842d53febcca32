package check

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// Code is the key of a sentence of the connection test. Its parameters are named behind it.
type Code string

// Codes of steps that were not tried.
const (
	CodeNotTried       Code = "check.not_tried"        // an earlier step has to succeed first
	CodeNotTriedChoose Code = "check.not_tried_choose" // a calendar has to be chosen first
	CodeNotAsked       Code = "check.write_not_asked"
	CodeNotWritable    Code = "check.not_writable" // nothing to try where nothing may be written
)

// Codes of the address.
const (
	CodeAddressOK        Code = "check.address_ok"        // host ip tls until
	CodeAddressPlain     Code = "check.address_plain"     // host ip
	CodeAddressCorrected Code = "check.address_corrected" // url ip
	CodeAddressEmpty     Code = "check.address_empty"
	CodeAddressNoURL     Code = "check.address_no_url"
	CodeAddressScheme    Code = "check.address_scheme"
	CodeAddressGoogle    Code = "check.address_google"
	CodeAddressMicrosoft Code = "check.address_microsoft"
	CodeAddressProton    Code = "check.address_proton"
	CodeAddressFeed      Code = "check.address_feed"
	CodeRecordElsewhere  Code = "check.record_elsewhere" // domain url
	CodePrivateAddress   Code = "check.private_address"  // host setting entry
	CodeOddPort          Code = "check.odd_port"         // host setting entry
	CodePlainHTTP        Code = "check.plain_http"       // host
)

// Codes of the way to the server.
const (
	CodeUnknownHost  Code = "check.unknown_host"  // host
	CodeNameLookup   Code = "check.name_lookup"   // host
	CodeNotListening Code = "check.not_listening" // host
	CodeUnreachable  Code = "check.unreachable"   // host
	CodeTimeout      Code = "check.timeout"       // host
	CodeCut          Code = "check.cut"           // host
	CodeNotTLS       Code = "check.not_tls"       // host
	CodeTLSExpired   Code = "check.tls_expired"   // host until
	CodeTLSHost      Code = "check.tls_host"      // host names
	CodeTLSAuthority Code = "check.tls_authority" // host
	CodeTLSOther     Code = "check.tls_other"     // host
	CodeNotHTTP      Code = "check.not_http"      // host
)

// Codes of the client certificate and the own authority.
const (
	CodeCertificateWanted     Code = "check.certificate_wanted"     // host
	CodeCertificateRefused    Code = "check.certificate_refused"    // host subject
	CodeCertificateExpired    Code = "check.certificate_expired"    // subject until
	CodeCertificateNotYet     Code = "check.certificate_not_yet"    // subject from
	CodeCertificateUnreadable Code = "check.certificate_unreadable" // not PEM
	CodeKeyUnreadable         Code = "check.key_unreadable"
	CodeKeyEncrypted          Code = "check.key_encrypted"
	CodeKeyOther              Code = "check.key_other"
	CodeAuthorityUnreadable   Code = "check.authority_unreadable"
	CodeAuthorityNone         Code = "check.authority_none"
	CodeAuthorityOther        Code = "check.authority_other"     // host authority
	CodeCertificateNoHost     Code = "check.certificate_no_host" // an e-mail address names no host
)

// Codes of discovery and of answers at any step.
const (
	CodeFoundAtAddress Code = "check.found_at_address" // url
	CodeFoundElsewhere Code = "check.found_elsewhere"  // url
	CodeFoundSignIn    Code = "check.found_sign_in"    // host
	CodeNotFound       Code = "check.not_found"        // url
	CodeNotCalDAV      Code = "check.not_caldav"       // url
	CodeNotDAV         Code = "check.not_dav"          // url
	CodeMalformed      Code = "check.malformed"        // host
	CodeRedirectLoop   Code = "check.redirect_loop"    // url
	CodeRedirectOther  Code = "check.redirect_other"   // host url
	CodeRedirectHTTP   Code = "check.redirect_http"    // host
	CodeForbidden      Code = "check.forbidden"        // host
	CodeAPIOff         Code = "check.api_off"
	CodeThrottled      Code = "check.throttled"    // host
	CodeMaintenance    Code = "check.maintenance"  // host
	CodeServerError    Code = "check.server_error" // host status
	CodeRefused        Code = "check.refused"      // host status
	CodeTooLarge       Code = "check.too_large"    // host
	CodeTruncated      Code = "check.truncated"    // host
	CodeStorageFull    Code = "check.storage_full" // host
)

// Codes of sign-in.
const (
	CodeSignedIn        Code = "check.signed_in"        // username
	CodeSignedInDigest  Code = "check.signed_in_digest" // username
	CodeSignInRefused   Code = "check.sign_in_refused"  // username host
	CodeSignInOther     Code = "check.sign_in_other"    // host schemes
	CodeAccountDisabled Code = "check.account_disabled" // username host
	CodeSignedInGrant   Code = "check.signed_in_grant"  // host
	CodeGrantRefused    Code = "check.grant_refused"    // host
	CodeGrantNoCalDAV   Code = "check.grant_no_caldav"  // host
)

// Codes of the calendar.
const (
	CodeCalendarChosen    Code = "check.calendar_chosen"     // name
	CodeCalendarOfAnother Code = "check.calendar_of_another" // name
	CodeChooseCalendar    Code = "check.choose_calendar"     // count
	CodeNoCalendars       Code = "check.no_calendars"        // host
	CodeCalendarElsewhere Code = "check.calendars_elsewhere" // host url
	CodeTasksOnly         Code = "check.tasks_only"          // name
	CodeCalendarGone      Code = "check.calendar_gone"       // url
	CodeNotACalendar      Code = "check.not_a_calendar"      // url
)

// Codes of reading and writing.
const (
	CodeRead           Code = "check.read_ok" // count
	CodeReadEmpty      Code = "check.read_empty"
	CodeReadRefused    Code = "check.read_refused"   // name
	CodeReadNoEvents   Code = "check.read_no_events" // name
	CodeWritten        Code = "check.write_ok"
	CodeReadOnly       Code = "check.read_only"     // name
	CodeWriteRefused   Code = "check.write_refused" // status
	CodeWriteLost      Code = "check.write_lost"
	CodeWriteChanged   Code = "check.write_changed"
	CodeWriteLeft      Code = "check.write_left" // name
	CodePreconditions  Code = "check.preconditions_ok"
	CodeIfMatch        Code = "check.if_match_ignored"
	CodeIfMatchDelete  Code = "check.if_match_ignored_on_delete"
	CodeIfNoneMatch    Code = "check.if_none_match_ignored"
	CodeIfMatchRacy    Code = "check.if_match_racy"
	CodeETags          Code = "check.etags_ok"
	CodeETagsReadBack  Code = "check.etags_read_back"
	CodeETagsMissing   Code = "check.etags_missing"
	CodeETagsWeak      Code = "check.etags_weak"
	CodeETagsUnchanged Code = "check.etags_unchanged"
	CodeETagsNotSeen   Code = "check.etags_not_seen"
)

// Codes of the sync token and the clock.
const (
	CodeSyncToken        Code = "check.sync_token_ok"
	CodeSyncTokenLies    Code = "check.sync_token_ok_lies"
	CodeNoSyncToken      Code = "check.no_sync_token"
	CodeSyncTokenClaimed Code = "check.sync_token_claimed" // status
	CodeSyncTokenNone    Code = "check.sync_token_not_given"
	CodeSyncTokenNotKept Code = "check.sync_token_not_kept" // status
	CodeSyncTokenMisses  Code = "check.sync_token_misses"
	CodeSyncTokenRepeats Code = "check.sync_token_repeats" // count
	CodeClock            Code = "check.clock_ok"           // seconds
	CodeClockAhead       Code = "check.clock_ahead"        // seconds
	CodeClockBehind      Code = "check.clock_behind"       // seconds
	CodeClockUnknown     Code = "check.clock_unknown"
)

// Codes lists every code, so that a test can hold each to its sentences and to the condition that provokes it.
var Codes = []Code{
	CodeNotTried, CodeNotTriedChoose, CodeNotAsked, CodeNotWritable,
	CodeAddressOK, CodeAddressPlain, CodeAddressCorrected, CodeAddressEmpty, CodeAddressNoURL, CodeAddressScheme, CodeAddressGoogle,
	CodeAddressMicrosoft, CodeAddressProton, CodeAddressFeed, CodeRecordElsewhere, CodePrivateAddress, CodeOddPort, CodePlainHTTP,
	CodeUnknownHost, CodeNameLookup, CodeNotListening, CodeUnreachable, CodeTimeout, CodeCut, CodeNotTLS, CodeTLSExpired, CodeTLSHost,
	CodeTLSAuthority, CodeTLSOther, CodeNotHTTP,
	CodeCertificateWanted, CodeCertificateRefused, CodeCertificateExpired, CodeCertificateNotYet, CodeCertificateUnreadable, CodeKeyUnreadable,
	CodeKeyEncrypted, CodeKeyOther, CodeAuthorityUnreadable, CodeAuthorityNone, CodeAuthorityOther, CodeCertificateNoHost,
	CodeFoundAtAddress, CodeFoundElsewhere, CodeFoundSignIn, CodeNotFound, CodeNotCalDAV, CodeNotDAV, CodeMalformed, CodeRedirectLoop,
	CodeRedirectOther, CodeRedirectHTTP, CodeForbidden, CodeAPIOff, CodeThrottled, CodeMaintenance, CodeServerError, CodeRefused,
	CodeTooLarge, CodeTruncated, CodeStorageFull,
	CodeSignedIn, CodeSignedInDigest, CodeSignInRefused, CodeSignInOther, CodeAccountDisabled, CodeSignedInGrant, CodeGrantRefused,
	CodeGrantNoCalDAV,
	CodeCalendarChosen, CodeCalendarOfAnother, CodeChooseCalendar, CodeNoCalendars, CodeCalendarElsewhere, CodeTasksOnly, CodeCalendarGone,
	CodeNotACalendar,
	CodeRead, CodeReadEmpty, CodeReadRefused, CodeReadNoEvents, CodeWritten, CodeReadOnly, CodeWriteRefused, CodeWriteLost, CodeWriteChanged,
	CodeWriteLeft, CodePreconditions, CodeIfMatch, CodeIfMatchDelete, CodeIfNoneMatch, CodeIfMatchRacy,
	CodeETags, CodeETagsReadBack, CodeETagsMissing, CodeETagsWeak, CodeETagsUnchanged, CodeETagsNotSeen,
	CodeSyncToken, CodeSyncTokenLies, CodeNoSyncToken, CodeSyncTokenClaimed, CodeSyncTokenNone, CodeSyncTokenNotKept, CodeSyncTokenMisses,
	CodeSyncTokenRepeats, CodeClock, CodeClockAhead, CodeClockBehind, CodeClockUnknown,
}

// limitsByWeight are the limits that a verdict names first when there are several.
var limitsByWeight = []Code{
	CodeChooseCalendar, CodeReadOnly, CodeNoSyncToken, CodeSyncTokenClaimed, CodeSyncTokenNone, CodeSyncTokenNotKept, CodeSyncTokenMisses,
	CodeWriteLeft, CodeIfMatch, CodeIfMatchDelete, CodeETagsMissing, CodeETagsUnchanged, CodeIfMatchRacy, CodeETagsWeak,
	CodeCalendarOfAnother, CodeWriteChanged, CodeSyncTokenRepeats, CodeClockAhead, CodeClockBehind,
}

func weightOf(code Code) int {
	if at := slices.Index(limitsByWeight, code); at >= 0 {
		return at
	}
	return len(limitsByWeight)
}

// fields are the inputs that correct what a verdict names.
var fields = map[Code]string{
	CodeSignInRefused: "password", CodeAccountDisabled: "username", CodeSignInOther: "address",
	CodePlainHTTP: "plain_http", CodeRedirectHTTP: "address",
	CodeChooseCalendar: "calendar", CodeTasksOnly: "calendar", CodeCalendarGone: "calendar", CodeNotACalendar: "calendar", CodeReadOnly: "calendar",
	CodeCalendarOfAnother: "calendar", CodeReadNoEvents: "calendar", CodeReadRefused: "calendar", CodeWriteRefused: "calendar",
	CodeAddressEmpty: "address", CodeAddressNoURL: "address", CodeAddressScheme: "address", CodeAddressGoogle: "address",
	CodeAddressMicrosoft: "address", CodeAddressProton: "address", CodeAddressFeed: "address", CodeRecordElsewhere: "address",
	CodePrivateAddress: "address", CodeOddPort: "address", CodeUnknownHost: "address", CodeNameLookup: "address", CodeNotListening: "address",
	CodeNotTLS: "address", CodeTLSHost: "address", CodeTLSAuthority: "address", CodeTLSExpired: "address", CodeNotHTTP: "address",
	CodeNotFound: "address", CodeNotCalDAV: "address", CodeNotDAV: "address", CodeRedirectLoop: "address", CodeRedirectOther: "address",
	CodeCalendarElsewhere: "address", CodeNoCalendars: "address", CodeNoSyncToken: "address", CodeCertificateNoHost: "address",
	CodeCertificateWanted: "client_certificate", CodeCertificateRefused: "client_certificate", CodeCertificateExpired: "client_certificate",
	CodeCertificateNotYet: "client_certificate", CodeCertificateUnreadable: "client_certificate",
	CodeKeyUnreadable: "client_key", CodeKeyEncrypted: "client_key", CodeKeyOther: "client_key",
	CodeAuthorityUnreadable: "authority", CodeAuthorityNone: "authority", CodeAuthorityOther: "authority",
}

var nowhere url.URL

// causes are the sentences of causes that need nothing but the host.
var causes = map[dav.Cause]Code{
	dav.CauseTimeout: CodeTimeout, dav.CauseCut: CodeCut, dav.CauseUnknownHost: CodeUnknownHost, dav.CauseNameLookup: CodeNameLookup,
	dav.CauseRefused: CodeNotListening, dav.CauseUnreachable: CodeUnreachable, dav.CausePlainHTTP: CodePlainHTTP, dav.CauseNotTLS: CodeNotTLS,
	dav.CauseTLS: CodeTLSOther, dav.CauseHTTP: CodeNotHTTP, dav.CauseTLSAuthority: CodeTLSAuthority,
	dav.CauseThrottled: CodeThrottled, dav.CauseMaintenance: CodeMaintenance, dav.CauseAPIOff: CodeAPIOff,
	dav.CauseStorageFull: CodeStorageFull, dav.CauseTooLarge: CodeTooLarge, dav.CauseTooMany: CodeTooLarge, dav.CauseTruncated: CodeTruncated,
	dav.CauseMalformed: CodeMalformed, dav.CauseDowngrade: CodeRedirectHTTP,
}

// failure is the step that a failed request makes.
func (r *run) failure(err error) result {
	found, ok := dav.FailureOf(err)
	if !ok { // the context's, which ends the test
		return failed(CodeTimeout, "host", r.host())
	}
	if at := originOf(found.Href); at != "" && found.Status == 0 {
		if how, known := r.reaching(at, found.Err); known {
			return how
		}
	}
	host := r.host()
	if code, known := causes[found.Cause]; known {
		return failed(code, "host", host)
	}
	url := string(found.Href)
	switch {
	case found.Cause == dav.CauseRedirectOther:
		return failed(CodeRedirectOther, "host", host, "url", found.Related)
	case found.Cause == dav.CauseRedirectLoop:
		return failed(CodeRedirectLoop, "url", url)
	case found.Cause == dav.CauseAccountOff:
		return failed(CodeAccountDisabled, "username", r.request.Username, "host", host)
	case found.Class == dav.ClassSignIn:
		return r.signInFailure(found)
	case found.Cause == dav.CauseNotDAV, found.Status == 405, found.Status == 501:
		return failed(CodeNotDAV, "url", url)
	case found.Class == dav.ClassGone:
		return failed(CodeNotFound, "url", url)
	case found.Class == dav.ClassForbidden:
		return failed(CodeForbidden, "host", host)
	case found.Status >= 500:
		return failed(CodeServerError, "host", host, "status", strconv.Itoa(found.Status))
	}
	return failed(CodeRefused, "host", host, "status", strconv.Itoa(found.Status))
}

// signInFailure tells a wrong password from a server that takes none.
func (r *run) signInFailure(found *dav.Failure) result {
	host := r.host()
	if r.request.Credentials != nil {
		return failed(CodeGrantRefused, "host", host)
	}
	byPassword := len(found.Challenges) == 0 || slices.Contains(found.Challenges, "basic") || slices.Contains(found.Challenges, "digest")
	if !byPassword {
		return failed(CodeSignInOther, "host", host, "schemes", strings.Join(found.Challenges, ", "))
	}
	return failed(CodeSignInRefused, "username", r.request.Username, "host", host)
}

// reaching is the step that an origin which cannot be reached makes, with what was shown to it and trusted there.
func (r *run) reaching(origin outbound.Origin, err error) (result, bool) {
	host := origin.Host()
	trouble, _ := errors.AsType[*outbound.Trouble](err)
	if trouble == nil {
		return reaching(origin, err)
	}
	subject, _, until, _ := r.verdict.Trust.Certificate()
	switch {
	case trouble.Kind == outbound.CertificateRefused && subject != "":
		return failed(CodeCertificateRefused, "host", host, "subject", subject), true
	case trouble.Kind == outbound.CertificateExpired && subject != "":
		return failed(CodeCertificateExpired, "subject", subject, "until", until.Format(dayFormat)), true
	case trouble.Kind == outbound.TLSAuthority && r.verdict.Trust.Authority() != "":
		return failed(CodeAuthorityOther, "host", host, "authority", r.verdict.Trust.Authority()), true
	}
	return reaching(origin, err)
}

// reaching is the step that an origin which cannot be reached makes; not known for other errors.
func reaching(origin outbound.Origin, err error) (result, bool) {
	host := origin.Host()
	if refused, ok := errors.AsType[*outbound.Refused](err); ok {
		code := CodePrivateAddress
		if refused.Reason == outbound.OddPort {
			code = CodeOddPort
		}
		return failed(code, "host", host, "setting", refused.Setting(), "entry", refused.Entry()), true
	}
	if _, ok := errors.AsType[*outbound.Held](err); ok {
		return failed(CodeThrottled, "host", host), true
	}
	trouble, ok := errors.AsType[*outbound.Trouble](err)
	if !ok {
		return result{}, false
	}
	switch trouble.Kind {
	case outbound.TLSExpired:
		return failed(CodeTLSExpired, "host", host, "until", trouble.NotAfter.Format(dayFormat)), true
	case outbound.TLSHost:
		return failed(CodeTLSHost, "host", host, "names", strings.Join(trouble.Names, ", ")), true
	}
	return failed(reachCodes[trouble.Kind], "host", host), true
}

var reachCodes = map[outbound.Kind]Code{
	outbound.TimedOut: CodeTimeout, outbound.UnknownHost: CodeUnknownHost, outbound.NameLookup: CodeNameLookup, outbound.NotListening: CodeNotListening,
	outbound.Unreachable: CodeUnreachable, outbound.Cut: CodeCut, outbound.NotTLS: CodeNotTLS, outbound.TLSAuthority: CodeTLSAuthority,
	outbound.TLSOther: CodeTLSOther, outbound.NotHTTP: CodeNotHTTP, outbound.OtherTrouble: CodeCut,
	outbound.CertificateWanted: CodeCertificateWanted, outbound.CertificateRefused: CodeCertificateWanted, outbound.CertificateExpired: CodeCertificateWanted,
}
