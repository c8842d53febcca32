package eventmap

import (
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/zone"
)

// Reading is what Extract needs to know beside the event.
type Reading struct {
	Zones *zone.Rules
	Zone  string    // the action's time zone, an IANA name: the values are in it. Of a new action its follower's.
	Base  *BaseSide // nil where both sides never agreed

	// RecurrenceID names an override by its value as written. Empty is the master, or the only override where the master is
	// missing (semantics 8: an override without its master is an ordinary action).
	RecurrenceID string

	// DefaultDuration is the setting. It counts only where Base has no Before: it is how long an event is then taken to have
	// been made.
	DefaultDuration time.Duration

	// HTML says that descriptions of this calendar are HTML even where no tag shows it (a trait; Google).
	HTML bool
}

// BaseSide is what both sides last agreed on.
type BaseSide struct {
	Agreed crm.Units // as the CRM holds it
	Server crm.Units // the server's form of it, as it was read back
	Before *Object   // the text that was read then; nil where it is not known
}

// Extracted is what an event says.
type Extracted struct {
	Units   crm.Units
	Notices []Notice // what a person should know of how it was read; usually none
}

// A Notice says that an event was read in another way than it is written, or that a patch takes something away.
type Notice struct {
	Reason crm.Reason // one of Notices
	Line   int
	Params map[string]string // places of the reason's sentence
}

// The reasons of notices.
const (
	NoticeUnknownZone    crm.Reason = "event_zone_unknown"     // {zone}: the time is taken as written
	NoticeEndNotAfter    crm.Reason = "event_end_before_start" // the end counts as none
	NoticeEndSameClock   crm.Reason = "event_end_same_clock"   // clocks are put back within it, and its end shows no later than its start: it counts as none
	NoticeTwoEnds        crm.Reason = "event_two_ends"         // DTEND and DURATION: DTEND counts
	NoticeTextUnreadable crm.Reason = "event_text_unreadable"  // {property}: the value known before stays
)

// Notices lists them: each has a sentence in every language.
var Notices = []crm.Reason{NoticeUnknownZone, NoticeEndNotAfter, NoticeEndSameClock, NoticeTwoEnds, NoticeTextUnreadable}
