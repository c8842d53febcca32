package dav

import (
	"strings"
	"time"
)

// MemberKind is what an answer says of one member of a calendar.
type MemberKind uint8

// The kinds of member.
const (
	// MemberPresent is there: ETag and Data as far as the server gave them.
	MemberPresent MemberKind = iota + 1
	// MemberGone was removed: a sync-collection report says so, or the 404 or 410 of its own href. The href may be one that was
	// never known.
	MemberGone
	// MemberUnanswered is a member of which nothing is known now: it was asked for and left out, or answered by another
	// status (Status says which, 0 when it was left out). It must be asked for singly and is never to be taken as deleted.
	MemberUnanswered
	// MemberUnusable has an href that must not be followed (another origin, a user name in it, not http).
	MemberUnusable
)

// Member is one member of a calendar in a listing or report.
type Member struct {
	Kind     MemberKind
	Href     Href
	ETag     ETag   // "" when the server gave none
	Data     []byte // nil when it was not asked for, not given or too large; the receiver may keep it
	TooLarge bool   // Data is longer than the limit: it is left on the server
	Status   int    // of one that is gone or unanswered
}

// MemberOf is what a response of a listing or report says of one member of the calendar; it is not ok for what is no
// member: the collection itself (servers list it when its properties changed) and collections within it.
func MemberOf(calendar Href, response *Response) (member Member, ok bool) {
	href := response.Href
	if href.SameCollection(calendar) || response.Props.Is(TypeCollection) || strings.HasSuffix(string(href), "/") {
		return Member{}, false
	}
	member = Member{
		Kind: MemberPresent, Href: href, ETag: response.Props.ETag,
		Data: response.Props.Data, TooLarge: response.Props.DataTooLarge,
	}
	status := response.Status
	if status == 0 && member.ETag == "" && member.Data == nil {
		// The properties' own status says why there is nothing; a server without ETags is no reason.
		if refused := response.StatusOf(PropETag); refused != 404 {
			status = refused
		}
	}
	switch {
	case href == "":
		member.Kind = MemberUnusable
	case status == 404 || status == 410:
		member = Member{Kind: MemberGone, Href: href, Status: status}
	case status != 0 && status/100 != 2:
		member = Member{Kind: MemberUnanswered, Href: href, Status: status}
	}
	return member, true
}

// SyncResult is what a sync-collection report says beside its members.
type SyncResult struct {
	Token SyncToken // never ""
	// Truncated: the server has more (RFC 6578 section 3.6). Store what came with Token, then ask again with it.
	Truncated bool
	Members   int
}

// Resource is one calendar object resource as it was read.
type Resource struct {
	Href Href
	ETag ETag // "" when the server gave none
	Body []byte
}

// PutResult is what came back from a PUT that was stored.
type PutResult struct {
	ETag ETag // "" when the server gave none: it changed the text, or does not say (RFC 4791 section 5.3.4). Read it back.
	// Href is where the server says it put the resource: the one that was asked for unless a Location header names another.
	Href    Href
	Created bool // 201; a server may answer so for a change too (Radicale 3.1.8)
}

// Exchange is one request that left and what came back, without anything of their bodies: for counting, for measuring the
// server's clock and as evidence.
type Exchange struct {
	Method   string
	Report   string   // the report's name, "" for other methods
	Depth    string   // the Depth header, "" without one
	Href     Href     // as it was asked, the origin included
	Status   int      // 0 when no answer came
	Failed   string   // why no answer came, or what was wrong with it; ""
	Location string   // of a redirect
	Found    []string // facts that the answer stated, "name: value"; never calendar text

	SentAt     time.Time
	Took       time.Duration
	ServerDate time.Time // the Date header, zero without one
}
