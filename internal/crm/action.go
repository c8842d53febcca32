package crm

import "time"

// Unit is what is merged, each for itself (semantics 6).
type Unit string

// The three units.
const (
	UnitSubject     Unit = "subject"
	UnitDescription Unit = "description"
	UnitWhen        Unit = "when"
)

// AllUnits lists the units in the order they are merged and shown.
var AllUnits = []Unit{UnitSubject, UnitDescription, UnitWhen}

// Units holds the values of the three units: the part of an action that travels to the calendar.
type Units struct {
	Subject     string
	Description string
	When        When
}

// Equal compares all three units.
func (u Units) Equal(other Units) bool { return len(u.Differing(other)) == 0 }

// Differing lists the units whose values differ.
func (u Units) Differing(other Units) []Unit {
	var units []Unit
	if u.Subject != other.Subject {
		units = append(units, UnitSubject)
	}
	if u.Description != other.Description {
		units = append(units, UnitDescription)
	}
	if !u.When.Equal(other.When) {
		units = append(units, UnitWhen)
	}
	return units
}

// With returns u with one unit taken from other.
func (u Units) With(unit Unit, other Units) Units {
	switch unit {
	case UnitSubject:
		u.Subject = other.Subject
	case UnitDescription:
		u.Description = other.Description
	case UnitWhen:
		u.When = other.When
	}
	return u
}

// Action is what people plan in the CRM: a call, a visit, a follow-up (semantics 1). The embedded Units travel to the
// calendar; nothing else does.
type Action struct {
	ID      ActionID
	Version int64 // rises with every change of the row; the API's ETag
	Units

	FollowedBy UserID // zero: nobody
	DueDate    Date   // the deadline, a date of its own
	Type       ChoiceID
	Status     ChoiceID
	Priority   ChoiceID

	ThirdParty     string
	ThirdPartyKind ThirdPartyKind
	Contact        string
	Dossier        string
	FollowsUp      ActionID // the action it follows up
	Documents      []Document

	// Private comes from the event's CLASS: others see only that the follower is busy (semantics 12).
	Private bool
	// ShownBusy: it was made from an event, and the link it came by shows others what comes from its calendar as busy. It is
	// read with the action and never saved with it: the choice is kept once, on the link.
	ShownBusy bool

	CreatedAt  time.Time
	CreatedBy  Actor
	ModifiedAt time.Time
	ModifiedBy Actor
	DeletedAt  time.Time // zero: not in the trash
	Hidden     bool      // taken off the screens; nothing else of it changed (semantics 7)

	Sync SyncState
}

// Deleted reports whether the action is in the trash.
func (a Action) Deleted() bool { return !a.DeletedAt.IsZero() }

// Secluded reports whether others than its follower see only that he is busy then (semantics 12). What nobody follows makes
// nobody busy.
func (a Action) Secluded() bool { return a.Private || a.ShownBusy && !a.FollowedBy.IsZero() }

// ThirdPartyKind says what a third party is to the company.
type ThirdPartyKind string

// The kinds of third party; the empty kind is "not said".
const (
	Customer ThirdPartyKind = "customer"
	Prospect ThirdPartyKind = "prospect"
	Supplier ThirdPartyKind = "supplier"
)

// Document is a link to a document; only its address is kept.
type Document struct {
	Title string
	URL   string
}

// Choice is one entry of a list that an administrator edits: a type, status or priority.
type Choice struct {
	ID       ChoiceID
	Kind     ChoiceKind
	Names    map[Language]string
	Position int
	Default  bool // taken by an action made from an event
	Retired  bool // kept for the actions that have it, no longer offered
}

// ChoiceKind tells the three lists apart.
type ChoiceKind string

// The three lists.
const (
	ChoiceType     ChoiceKind = "type"
	ChoiceStatus   ChoiceKind = "status"
	ChoicePriority ChoiceKind = "priority"
)

// SyncState is how an action stands towards the calendar: one of the names of semantics 1, with the reason where the name
// alone does not say it.
type SyncState struct {
	Name   SyncName
	Reason Reason
	Params map[string]string // places of the reason's sentence
}

// SyncName is the state's name in code, API and database.
type SyncName string

// The states of an action.
const (
	Synced    SyncName = "synced"
	Pending   SyncName = "pending"
	Held      SyncName = "held"
	SetAside  SyncName = "set_aside"
	ReadOnly  SyncName = "read_only"
	NotSynced SyncName = "not_synced"
)

// Reason is a stable code, the key of a sentence in the three languages.
type Reason string

// Why an action is not_synced.
const (
	ReasonNoDate             Reason = "no_date"
	ReasonNobodyFollows      Reason = "nobody_follows"
	ReasonFollowerWithout    Reason = "follower_without_link"
	ReasonPast               Reason = "past"
	ReasonEventDeleted       Reason = "event_deleted"
	ReasonCalendarReadOnly   Reason = "calendar_read_only"
	ReasonPrivate            Reason = "private"
	ReasonOtherCalendarWaits Reason = "waits_for_other_calendar"
)

// Why an event is set aside (the event cannot be used, or not yet).
const (
	ReasonSeries       Reason = "series"          // RRULE, RDATE or RECURRENCE-ID
	ReasonGuests       Reason = "guests"          // ORGANIZER or ATTENDEE
	ReasonNoStart      Reason = "no_start"        // no DTSTART
	ReasonMixedKinds   Reason = "mixed_kinds"     // DTSTART and DTEND of different types
	ReasonUnreadable   Reason = "unreadable"      // a value that cannot be read
	ReasonNoUID        Reason = "no_uid"          // nothing to recognise it by
	ReasonTooLarge     Reason = "too_large"       // over a limit
	ReasonTwoMasters   Reason = "several_events"  // two masters of one UID, or two UIDs
	ReasonUIDElsewhere Reason = "uid_elsewhere"   // the same UID under another href of this calendar
	ReasonRefused      Reason = "server_refused"  // the server refuses what we write
	ReasonOtherKind    Reason = "no_event_inside" // VTODO, VJOURNAL, ...: left alone
)
