package eventmap

import (
	"hash/fnv"
	"io"
	"strings"
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

// Facts says what the event is: the master, or the first override where it is missing.
func (o *Object) Facts() Facts { return o.factsOf(o.events[0]) }

// FactsOf says what the event with a RECURRENCE-ID is, as Reading names it; false where there is none. Whether the object is
// a series and private it says of all.
func (o *Object) FactsOf(recurrenceID string) (Facts, bool) {
	event, found := o.event(recurrenceID)
	if !found {
		return Facts{}, false
	}
	return o.factsOf(event), true
}

func (o *Object) factsOf(event *ical.Component) Facts {
	f := Facts{Orphan: !o.master, Kind: ical.NoTime}
	for _, one := range o.events {
		if id, found := one.Property("RECURRENCE-ID"); found {
			f.RecurrenceIDs = append(f.RecurrenceIDs, strings.Clone(id.Value()))
		}
		f.Private = f.Private || o.isPrivate(one)
	}
	f.Series = len(o.events) > 1
	if f.Cancelled = o.cancelled(); event != o.events[0] {
		f.Cancelled = isCancelled(event)
	}
	for p := range event.Properties() {
		f.take(p)
	}
	f.LastModified, f.Created = instantOf(event, "LAST-MODIFIED"), instantOf(event, "CREATED")
	f.Sequence = sequenceOf(event)
	f.Place, f.Subject = cloneText(event, "LOCATION"), cloneText(event, "SUMMARY")
	if description, found := textOf(event, "DESCRIPTION"); found {
		f.HTMLDescription = hasTags(description)
	}
	for range event.Components("VALARM") {
		f.Reminders++
	}
	f.WhenText = whenText(event)
	return f
}

// take reads what stands in one property; of several of one name the first counts.
func (f *Facts) take(p *ical.Property) {
	switch p.Name() {
	case "RRULE":
		f.Series = true
		if f.Rule == "" {
			f.Rule = strings.Clone(p.Value())
		}
	case "RDATE":
		f.Series = true
	case "ORGANIZER":
		if f.Organizer == (Person{}) {
			f.Organizer = personOf(p)
		}
	case "ATTENDEE":
		f.Attendees = append(f.Attendees, personOf(p))
	case "STATUS":
		first(&f.Status, p)
	case "CLASS":
		first(&f.Class, p)
	case "TRANSP":
		f.Free = f.Free || strings.EqualFold(strings.TrimSpace(p.Value()), "TRANSPARENT")
	case "DTSTART":
		if f.Kind != ical.NoTime {
			return
		}
		if t, err := p.Time(); err == nil {
			f.Kind, f.TZID = t.Kind, strings.Clone(t.TZID)
		}
	}
}

func first(word *string, p *ical.Property) {
	if *word == "" {
		*word = strings.ToUpper(strings.TrimSpace(p.Text()))
	}
}

// isPrivate: RFC 5545 section 3.8.1.3 asks to take a class one does not know for PRIVATE; one that cannot be read is not known.
func (o *Object) isPrivate(event *ical.Component) bool {
	class, found := event.TextOf("CLASS")
	if !found {
		return o.unread(event, "CLASS")
	}
	return !strings.EqualFold(strings.TrimSpace(class), "PUBLIC")
}

func (o *Object) cancelled() bool {
	for _, event := range o.events {
		if !isCancelled(event) {
			return false
		}
		if o.master {
			break
		}
	}
	return true
}

func isCancelled(event *ical.Component) bool {
	status, _ := event.TextOf("STATUS")
	return strings.EqualFold(strings.TrimSpace(status), "CANCELLED")
}

func cloneText(event *ical.Component, name string) string {
	text, _ := textOf(event, name)
	return strings.Clone(text)
}

// whenText is the dates of an event as they are written.
func whenText(event *ical.Component) string {
	var parts []string
	for _, name := range []string{"DTSTART", "DTEND", "DURATION"} {
		p, found := event.Property(name)
		if !found {
			continue
		}
		part := name + " " + ical.NormalText(p.Value())
		if tzid, found := p.Param("TZID"); found {
			part += " " + tzid
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func personOf(p *ical.Property) Person {
	person := Person{Address: strings.Clone(ical.NormalText(strings.TrimSpace(p.Value()))), Answer: "NEEDS-ACTION"}
	for param := range p.Params() {
		value := strings.Clone(param.Value)
		switch param.Name {
		case "CN":
			person.Name = value
		case "EMAIL":
			person.Email = value
		case "PARTSTAT":
			person.Answer = strings.ToUpper(value)
		}
	}
	return person
}

// Mine reports whether the event belongs to who has these addresses (semantics 7): it has no organizer, or no attendees, or
// its organizer is one of them. An address is a calendar user address or an e-mail address.
func (f Facts) Mine(addresses []string) bool {
	return f.Organizer == (Person{}) || len(f.Attendees) == 0 || f.Organizer.is(addresses)
}

// AnswerOf is what one of these addresses answered as an attendee, in upper case; empty where none of them is invited.
func (f Facts) AnswerOf(addresses []string) string {
	for _, attendee := range f.Attendees {
		if attendee.is(addresses) {
			return attendee.Answer
		}
	}
	return ""
}

func (p Person) is(addresses []string) bool {
	for _, address := range addresses {
		if sameAddress(p.Address, address) || p.Email != "" && sameAddress(p.Email, address) {
			return true
		}
	}
	return false
}

// sameAddress compares without scheme and case, as mail is delivered, and without the slash that one server ends a principal's
// path with and another does not.
func sameAddress(a, b string) bool {
	plain := func(address string) string {
		address = strings.TrimSuffix(strings.TrimSpace(address), "/")
		if len(address) >= len("mailto:") && strings.EqualFold(address[:len("mailto:")], "mailto:") {
			address = address[len("mailto:"):]
		}
		return address
	}
	a, b = plain(a), plain(b)
	return a != "" && strings.EqualFold(a, b)
}

// PlaceOrRuleEdited reports whether place or rule of an event changed: with the three units they are what counts as a change
// against a deletion (semantics 6). Nothing is said to have changed where one of the two is nil.
func PlaceOrRuleEdited(before, now *Object) bool {
	if before == nil || now == nil {
		return false
	}
	return before.placeAndRule() != now.placeAndRule()
}

// A digest stands for values in any order: lists of dates are long, and servers order, join and split them.
type digest struct {
	count int
	sum   uint64
}

func (d *digest) add(parts ...string) {
	hash := fnv.New64a()
	for _, part := range parts {
		_, _ = io.WriteString(hash, part+"\x00")
	}
	d.count++
	d.sum += hash.Sum64()
}

// placeAndRule digests what says where an event is and when it recurs.
func (o *Object) placeAndRule() digest {
	var d digest
	for _, event := range o.events {
		of := ""
		if id, found := event.Property("RECURRENCE-ID"); found {
			of = id.Value()
		}
		for p := range event.Properties("LOCATION", "GEO", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID") {
			switch p.Name() {
			case "LOCATION":
				d.add(of, "LOCATION", p.Text())
			case "RDATE", "EXDATE":
				for value := range strings.SplitSeq(p.Value(), ",") {
					d.add(of, p.Name(), strings.TrimSpace(value))
				}
			default:
				d.add(of, p.Name(), strings.TrimSpace(p.Value()))
			}
		}
	}
	return d
}
