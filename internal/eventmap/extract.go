package eventmap

import (
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
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

// Extract reads the three units. The error is an *Unusable where the event's dates are none that an action can have: the
// resource is set aside; or says why the action's zone cannot be used. Series and invitations are read as any event, with the
// dates of the master: what to do about them Facts lets decide.
//
// With a base, a unit that the calendar has not touched is exactly Base.Server's, and one whose value cannot be read is, too:
// that is no edit.
func (o *Object) Extract(in Reading) (Extracted, error) {
	event, found := o.event(in.RecurrenceID)
	if !found {
		return Extracted{}, unusable(crm.ReasonEventDeleted, 0, "RECURRENCE-ID")
	}
	var before *ical.Component
	if in.Base != nil && in.Base.Before != nil {
		before, _ = in.Base.Before.event(in.RecurrenceID)
	}
	var out Extracted
	when, err := o.extractWhen(event, before, in, &out)
	if err != nil {
		return Extracted{}, err
	}
	out.Units.When = when
	out.Units.Subject = o.extractSubject(event, before, in, &out)
	out.Units.Description = o.extractDescription(event, before, in, &out)
	return out, nil
}

func (o *Object) extractWhen(event, before *ical.Component, in Reading, out *Extracted) (crm.When, error) {
	c, err := newClock(in.Zones, in.Zone, o.definitions)
	if err != nil {
		return crm.When{}, err
	}
	now, notices, err := o.spanOf(event, c)
	if err != nil {
		return crm.When{}, o.named(err)
	}
	out.Notices = notices
	full, sameClock := now.when(c.zone.Name())
	if sameClock {
		out.Notices = append(out.Notices, Notice{Reason: NoticeEndSameClock, Line: event.Line()})
	}
	if in.Base == nil {
		return full, nil
	}
	same, sameLength, err := o.compare(event, before, now, c, in)
	switch {
	case err != nil:
		return crm.When{}, err
	case same != nil:
		return *same, nil
	}
	if sameLength {
		if kept, ok := c.keep(in.Base.Agreed.When, now); ok {
			return kept, nil
		}
	}
	return full, nil
}

// compare looks for what became of an event's dates since both sides agreed, in the zone of then: the value that still holds
// where they are the same, else whether the event has kept its kind and length.
func (o *Object) compare(event, before *ical.Component, now span, c clock, in Reading) (same *crm.When, sameLength bool, err error) {
	agreed, server := in.Base.Agreed.When, in.Base.Server.When
	if !server.HasDate() {
		server = agreed
	}
	if server.Zone != "" && server.Zone != c.zone.Name() {
		if c, err = newClock(in.Zones, server.Zone, o.definitions); err != nil {
			return nil, false, err
		}
		if now, _, err = o.spanOf(event, c); err != nil {
			return nil, false, o.named(err)
		}
	}
	if before != nil {
		earlier := clock{in.Zones.Calendar(in.Base.Before.definitions), c.zone}
		if was, _, err := in.Base.Before.spanOf(before, earlier); err == nil {
			if now.ending == noEnding && was.ending != noEnding && o.cutOff(event) {
				return &in.Base.Server.When, true, nil // its end may be in what was cut off
			}
			// Where a zone has new rules, values change though the text does not (semantics 5).
			if now.same(was) && c.fits(server, now) {
				return &server, true, nil
			}
			return nil, now.sameLength(was), nil
		}
	}
	if !agreed.HasDate() {
		return nil, false, nil
	}
	// What the CRM would write today.
	was := c.spanOfWhen(agreed, seconds(in.DefaultDuration), nil)
	was.hasEnd = was.hasEnd && (now.ending != noEnding || agreed.Shape() != crm.ShapeStart) // it may have left an event without one
	if now.written {
		was = c.asWritten(was)
	}
	if now.same(was) && agreed.Zone == server.Zone {
		return &agreed, true, nil
	}
	return nil, now.sameLength(was), nil
}

// named gives an *Unusable the object's UID.
func (o *Object) named(err error) error {
	var broken *Unusable
	if errors.As(err, &broken) {
		broken.UID = o.UID()
	}
	return err
}
