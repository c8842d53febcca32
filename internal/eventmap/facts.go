package eventmap

import (
	"time"

	"agendaonline/internal/ical"
)

// Facts are what an event is, beside its three units. Texts are whole and may be long; they are copies, which keep no text
// in memory.
type Facts struct {
	Series        bool     // it recurs: a master with RRULE, RDATE or an override, or several overrides
	Rule          string   // RRULE as written, empty where there is none
	RecurrenceIDs []string // of the overrides, values as written
	Orphan        bool     // overrides only: their master is missing

	Organizer Person // the zero Person: none
	Attendees []Person

	Cancelled bool   // STATUS:CANCELLED of the master, or of all overrides where there is no master
	Status    string // in upper case, as RFC 5545 section 3.8.1.11 has it; empty where there is none
	Private   bool   // CLASS is not PUBLIC in some event of the object, or could not be read (RFC 5545 section 3.8.1.3)
	Class     string // in upper case; empty where there is none
	Free      bool   // TRANSP:TRANSPARENT: it blocks no time

	Place     string // LOCATION
	Reminders int    // how many VALARMs

	Kind     ical.Kind // of DTSTART; NoTime where it is missing or cannot be read
	TZID     string    // of DTSTART, as written
	WhenText string    // DTSTART and DTEND or DURATION as written, for an event whose dates cannot be used

	Subject         string // SUMMARY
	HTMLDescription bool   // DESCRIPTION has HTML tags
	Sequence        int
	LastModified    time.Time // UTC; zero where there is none. DTSTAMP does not count: servers write it when they answer.
	Created         time.Time
}

// A Person is an organizer or attendee.
type Person struct {
	Address string // the calendar user address as written, with its scheme: "mailto:ann@example.com"
	Email   string // the EMAIL parameter (RFC 7986 section 6.2), which iCloud writes beside an address that is a path
	Name    string // CN
	Answer  string // PARTSTAT in upper case; NEEDS-ACTION where there is none (RFC 5545 section 3.2.12)
}
