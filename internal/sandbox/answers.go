package sandbox

import (
	"net/http"
	"strconv"
	"time"
)

// Status is a plain refusal, with Retry-After when it is not "": seconds, an HTTP date, or anything senseless.
func Status(status int, retryAfter string) *Answer {
	a := &Answer{Status: status, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: http.StatusText(status) + "\n"}
	if retryAfter != "" {
		a.Header.Set("Retry-After", retryAfter)
	}
	return a
}

// Precondition is a refusal whose body names a condition: "DAV: valid-sync-token" or "urn:ietf:params:xml:ns:caldav no-uid-conflict", as
// namespace and local name. An empty local name leaves the error element empty, as Google does when it throttles a report.
func Precondition(status int, space, local string) *Answer {
	inner := ""
	if local != "" {
		inner = `<x:` + local + ` xmlns:x="` + escape(space) + `"/>`
	}
	return xmlAnswer(status, `<D:error xmlns:D="DAV:">`+inner+`</D:error>`)
}

func xmlAnswer(status int, body string) *Answer {
	return &Answer{Status: status, Header: http.Header{"Content-Type": {"application/xml; charset=utf-8"}}, Body: prolog + body}
}

// LoginPage is a web page with status 200, as a captive portal or a proxy's sign-in answers.
func LoginPage() *Answer {
	return &Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body: `<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method="post"><input name="user"><input type="password"></form></body></html>`}
}

// GatewayPage is the page of a proxy in front of a server that is away.
func GatewayPage(status int) *Answer {
	return &Answer{Status: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><head><title>" + strconv.Itoa(status) + "</title></head><body><center><h1>" + http.StatusText(status) + "</h1></center></body></html>"}
}

// Maintenance is how Nextcloud and ownCloud answer every request while they are maintained.
func Maintenance() *Answer {
	return xmlAnswer(http.StatusServiceUnavailable, `<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:exception>Sabre\DAV\Exception\ServiceUnavailable</s:exception><s:message>System is in maintenance mode.</s:message></d:error>`)
}

// AccountOff is how Nextcloud 32 answers for a disabled account.
func AccountOff() *Answer {
	return xmlAnswer(http.StatusServiceUnavailable, `<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:exception>OC\User\DisabledUserException</s:exception><s:message>Account disabled</s:message></d:error>`)
}

// QuotaExceeded is how Google refuses what exceeds its limits; reason is rateLimitExceeded, quotaExceeded or accessNotConfigured.
func QuotaExceeded(reason string) *Answer {
	return &Answer{Status: http.StatusForbidden, Header: http.Header{"Content-Type": {"application/vnd.google.gdata.error+xml; charset=UTF-8"}},
		Body: `<?xml version="1.0" encoding="UTF-8"?><errors xmlns="http://schemas.google.com/g/2005"><error><domain>usageLimits</domain><code>` + escape(reason) + `</code><internalReason>limits</internalReason></error></errors>`}
}

// Redirect sends the client elsewhere.
func Redirect(status int, location string) *Answer {
	return &Answer{Status: status, Header: http.Header{"Location": {location}}}
}

// Empty207 is a multistatus without anything in it.
func Empty207() *Answer {
	return xmlAnswer(http.StatusMultiStatus, `<D:multistatus xmlns:D="DAV:"/>`)
}

// Catalogue is one fault of each kind that strikes a single request and is over with it, named after its number (F1
// to F60, B1 to B48) where it has one. now is when a Retry-After that is a date counts from. What strikes the whole server
// is a method of its own: Restore, ForgetTokens, Empty, Swap, Remake, Drop, Grant, SetUser, and Behave for manners.
func Catalogue(now time.Time) []Fault {
	reads := []string{"PROPFIND", "REPORT", http.MethodGet}
	writes := []string{http.MethodPut, http.MethodDelete}
	var faults []Fault
	add := func(name string, methods []string, do Effect) {
		faults = append(faults, Fault{Name: name, On: Match{Methods: methods}, Times: 1, Do: do})
	}
	report := func(name, report string, token TokenMatch, do Effect) {
		faults = append(faults, Fault{Name: name, On: Match{Report: report, Token: token}, Times: 1, Do: do})
	}
	add("F1 connection refused", nil, Effect{Reset: Unreached})
	add("F2 hangs before serving", nil, Effect{Hang: Before})
	add("F2 hangs after serving", nil, Effect{Hang: After})
	add("F2 hangs within the headers", nil, Effect{Hang: InHeader})
	add("F2 hangs within the body", reads, Effect{Hang: InBody})
	add("F3 reset before serving", nil, Effect{Reset: Before})
	add("F3 reset after serving, answer lost", nil, Effect{Reset: After})
	add("F3 reset within the body", reads, Effect{Reset: InBody})
	add("F4 delivered twice", writes, Effect{Twice: true})
	add("F4 served, then 502", writes, Effect{Replace: GatewayPage(http.StatusBadGateway)})
	add("F5 body cut", reads, Effect{Cut: true})
	add("F5 text cut inside a whole compression", reads, Effect{CutInside: true})
	for _, status := range []int{500, 502, 503, 504} {
		add("F6 "+strconv.Itoa(status), nil, Effect{Refuse: GatewayPage(status)})
	}
	add("F6 503 for 2 seconds", nil, Effect{Refuse: Status(503, "2")})
	add("F6 503 until a date", nil, Effect{Refuse: Status(503, now.Add(30*time.Second).UTC().Format(http.TimeFormat))})
	add("F6 503 until long after", nil, Effect{Refuse: Status(503, "99999999999")})
	add("F6 503 for no number", nil, Effect{Refuse: Status(503, "soon")})
	add("F6 503 maintenance", nil, Effect{Refuse: Maintenance()})
	add("F7 429", nil, Effect{Refuse: Status(429, "1")})
	add("F7 403 rateLimitExceeded", nil, Effect{Refuse: QuotaExceeded("rateLimitExceeded")})
	add("F7 403 quotaExceeded", nil, Effect{Refuse: QuotaExceeded("quotaExceeded")})
	add("F7 403 with an empty error", []string{"REPORT"}, Effect{Refuse: Precondition(403, "", "")})
	add("F8 401 once", nil, Effect{Refuse: Status(401, "")})
	add("F10 403 on a write", writes, Effect{Refuse: Precondition(403, spaceDAV, "need-privileges")})
	add("F11 404", nil, Effect{Refuse: Status(404, "")})
	for _, status := range []int{409, 412, 413, 415, 423, 507} {
		add("F12 "+strconv.Itoa(status), []string{http.MethodPut}, Effect{Refuse: Status(status, "")})
	}
	for _, status := range []int{403, 404, 500, 507} {
		add("F13 members "+strconv.Itoa(status), []string{"REPORT"}, Effect{Members: []MemberFault{{Status: status}}})
	}
	report("F13 members left out of a multiget", reportMultiget, AnyToken, Effect{Members: []MemberFault{{LeaveOut: true}}})
	report("F13 members without data", reportMultiget, AnyToken, Effect{Members: []MemberFault{{NoData: true}}})
	add("F13 empty 207", []string{"PROPFIND", "REPORT"}, Effect{Replace: Empty207()})
	for _, status := range []int{301, 302, 307, 308} {
		add("F14 "+strconv.Itoa(status)+" to a sign-in page", nil, Effect{Refuse: Redirect(status, "/login")})
	}
	add("F14 sign-in page", nil, Effect{Refuse: LoginPage()})
	add("F18 listed without ETags", reads, Effect{Members: []MemberFault{{NoETag: true}}})
	for _, status := range []int{400, 403, 409, 410, 412, 415, 418} {
		report("F19 token refused with "+strconv.Itoa(status), reportSync, GivenToken, Effect{Refuse: Precondition(status, spaceDAV, "valid-sync-token")})
	}
	report("F19 token refused with 410 and no reason", reportSync, GivenToken, Effect{Refuse: Status(410, "")})
	report("F19 no token", reportSync, AnyToken, Effect{TokenTells: true})
	report("F20 all history again", reportSync, GivenToken, Effect{TakesToken: true})
	report("F24 told as present and as gone", reportSync, AnyToken, Effect{Members: []MemberFault{{Both: true}}})
	add("F32 no Date", nil, Effect{Header: http.Header{"Date": nil}})
	add("B37 document type", []string{"PROPFIND", "REPORT"}, Effect{Replace: xmlAnswer(207, `<!DOCTYPE x [<!ENTITY a "b">]><D:multistatus xmlns:D="DAV:">&a;</D:multistatus>`)})
	report("B39 href of another origin", reportSync, AnyToken, Effect{Members: []MemberFault{{Href: "https://good.example@evil.example/x.ics"}}})
	report("B41 data of another event", reportMultiget, AnyToken, Effect{Members: []MemberFault{{Data: "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:another\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"}}})
	add("B43 answered as a web page", reads, Effect{Header: http.Header{"Content-Type": {"text/html"}}})
	return faults
}
