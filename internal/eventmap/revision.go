package eventmap

import (
	"math"
	"strconv"
	"strings"
	"time"

	"agendaonline/internal/ical"
)

// revise marks an event as changed. DTSTAMP and LAST-MODIFIED say when (RFC 5545 sections 3.8.7.2 and 3.8.7.3). SEQUENCE rises
// where its dates changed (section 3.8.7.4; RFC 5546 section 2.1.4); some servers ignore an event with a lower one.
func revise(event *ical.Component, at time.Time, rescheduled bool) {
	stamp := ical.InUTC(at)
	event.SetTime("DTSTAMP", stamp)
	event.SetTime("LAST-MODIFIED", stamp)
	if !rescheduled {
		return
	}
	if number := sequenceOf(event); number < math.MaxInt32 {
		_ = event.SetValue("SEQUENCE", strconv.Itoa(number+1)) // digits cannot be refused
	}
}

// sequenceOf is SEQUENCE; 0 where there is none, or none that can be read.
func sequenceOf(event *ical.Component) int {
	p, found := event.Property("SEQUENCE")
	if !found {
		return 0
	}
	number, err := strconv.Atoi(strings.TrimSpace(p.Value()))
	if err != nil || number < 0 || number > math.MaxInt32 {
		return 0
	}
	return number
}

// instantOf is the instant that a property has in UTC; the zero time where it has none.
func instantOf(event *ical.Component, name string) time.Time {
	p, found := event.Property(name)
	if !found {
		return time.Time{}
	}
	t, err := p.Time()
	if err != nil {
		return time.Time{}
	}
	at, _ := t.Instant()
	return at
}
