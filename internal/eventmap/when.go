package eventmap

import (
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
	"agendaonline/internal/zone"
)

// A span is when an event is: days, or a stretch of time.
type span struct {
	allDay bool

	first, after crm.Date // of an all-day one, after excluded: at least one day

	start, end moment // of a timed one
	hasEnd     bool   // end is later than start
	written    bool   // its times are taken as written: they are floating, or of a TZID that means nothing

	ending ending
}

// An ending is how an event says its end.
type ending uint8

const (
	noEnding ending = iota
	byEnd           // DTEND, also beside DURATION
	byDuration
)

// lastYear is the last year of an action's dates: the day after its last must exist too.
const lastYear = 9998

// spanOf reads when an event is (the second table of semantics 5). The error is an *Unusable.
func (o *Object) spanOf(event *ical.Component, c clock) (span, []Notice, error) {
	start, found := event.Property("DTSTART")
	if !found {
		if o.unread(event, "DTSTART") {
			return span{}, nil, unusable(crm.ReasonUnreadable, event.Line(), "DTSTART")
		}
		return span{}, nil, unusable(crm.ReasonNoStart, event.Line(), "DTSTART")
	}
	from, err := start.Time()
	if err != nil {
		return span{}, nil, unusable(crm.ReasonUnreadable, start.Line(), "DTSTART")
	}
	e := endOf{}
	if e.property, found = event.Property("DTEND"); found {
		e.ending = byEnd
		if e.time, err = e.property.Time(); err != nil {
			return span{}, nil, unusable(crm.ReasonUnreadable, e.property.Line(), "DTEND")
		}
		if (e.time.Kind == ical.AllDay) != (from.Kind == ical.AllDay) {
			return span{}, nil, unusable(crm.ReasonMixedKinds, e.property.Line(), "DTEND")
		}
	}
	var notices []Notice
	if length, found := event.Property("DURATION"); found {
		if e.ending == byEnd {
			notices = append(notices, Notice{Reason: NoticeTwoEnds, Line: length.Line()})
		} else {
			e.ending, e.property = byDuration, length
			if e.duration, err = length.Duration(); err != nil {
				return span{}, nil, unusable(crm.ReasonUnreadable, length.Line(), "DURATION")
			}
		}
	}
	for _, name := range [...]string{"DTEND", "DURATION"} {
		if e.ending == noEnding && o.lineUnread(event, name) {
			return span{}, nil, unusable(crm.ReasonUnreadable, event.Line(), name)
		}
	}
	var s span
	if from.Kind == ical.AllDay {
		s, notices = daySpan(from, e, notices)
	} else {
		s, notices = c.timeSpan(start, from, e, notices)
	}
	if !s.inCalendar() {
		name := "DTSTART"
		if e.property != nil {
			name = e.property.Name()
		}
		return span{}, nil, unusable(crm.ReasonUnreadable, start.Line(), name)
	}
	return s, notices, nil
}

// endOf is the end of an event as written.
type endOf struct {
	ending   ending
	property *ical.Property
	time     ical.Time
	duration ical.Duration
}

// daySpan reads an all-day event. Hours of a DURATION, which RFC 5545 section 3.8.2.5 does not allow here, count where they
// make whole days.
func daySpan(from ical.Time, e endOf, notices []Notice) (span, []Notice) {
	first := crm.Date{Year: from.Year, Month: from.Month, Day: from.Day}
	s := span{allDay: true, first: first, after: first.AddDays(1), ending: e.ending}
	after := s.after
	switch e.ending {
	case byEnd:
		after = crm.Date{Year: e.time.Year, Month: e.time.Month, Day: e.time.Day}
	case byDuration:
		after = first.AddDays(e.duration.Days + e.duration.Seconds/secondsPerDay)
	}
	switch order := after.Compare(first); {
	case order > 0:
		s.after = after
	case order < 0:
		notices = append(notices, Notice{Reason: NoticeEndNotAfter, Line: e.property.Line()})
	}
	return s, notices
}

const secondsPerDay = 24 * 60 * 60

func (c clock) timeSpan(start *ical.Property, from ical.Time, e endOf, notices []Notice) (span, []Notice) {
	begin := c.place(from)
	s := span{start: begin.moment, ending: e.ending}
	if begin.unknown != "" {
		notices = append(notices, unknownZone(begin.unknown, start.Line()))
	}
	s.written = begin.own == nil
	switch e.ending {
	case noEnding:
		return s, notices
	case byEnd:
		end := c.place(e.time)
		if end.unknown != "" && end.unknown != begin.unknown {
			notices = append(notices, unknownZone(end.unknown, e.property.Line()))
		}
		s.end = end.moment
		s.written = s.written && end.own == nil
	case byDuration:
		s.end = c.later(begin, e.duration)
		s.written = s.written && e.duration.Seconds == 0
	}
	order := s.end.at - s.start.at
	if s.written { // whatever clocks do
		order = int64(s.end.wall.Compare(s.start.wall))
	}
	s.hasEnd = order > 0
	if order < 0 {
		notices = append(notices, Notice{Reason: NoticeEndNotAfter, Line: e.property.Line()})
	}
	return s, notices
}

func unknownZone(tzid string, line int) Notice {
	const most = 100 // a name that a person can read
	shown := ical.NormalText(tzid)
	for i := range shown {
		if i >= most {
			shown = shown[:i] + "…"
			break
		}
	}
	return Notice{Reason: NoticeUnknownZone, Line: line, Params: map[string]string{"zone": shown}}
}

// later is a time and a duration after it: days are counted on the wall of the time's own zone, the rest is exact
// (RFC 5545 section 3.3.6).
func (c clock) later(from placed, d ical.Duration) moment {
	local := from.local.AddDays(d.Days)
	if from.own != nil {
		return c.instant(zone.Resolve(local, from.own).At.Unix() + int64(d.Seconds))
	}
	end := c.local(local)
	if d.Seconds != 0 {
		end = c.instant(end.at + int64(d.Seconds))
	}
	return end
}

// inCalendar reports whether the span has dates that an action can have.
func (s span) inCalendar() bool {
	in := func(year int) bool { return 1 <= year && year <= lastYear }
	if s.allDay {
		return in(s.first.Year) && in(s.after.AddDays(-1).Year)
	}
	return in(s.start.wall.Year) && (s.ending == noEnding || in(s.end.wall.Year) || !s.hasEnd)
}

// when gives all fields that the event has (the second table of semantics 5). An end that clocks, put back meanwhile, show no
// later than the start is none that an action can have: sameClock says so.
func (s span) when(zoneName string) (when crm.When, sameClock bool) {
	if s.allDay {
		return crm.When{StartDate: s.first, EndDate: s.after.AddDays(-1), Zone: zoneName}, false
	}
	when = crm.When{StartDate: dateOf(s.start.wall), StartTime: clockOf(s.start.wall), Zone: zoneName}
	if !s.hasEnd {
		return when, false
	}
	if s.end.wall.Compare(s.start.wall) <= 0 {
		return when, true
	}
	when.EndDate, when.EndTime = dateOf(s.end.wall), clockOf(s.end.wall)
	return when, false
}

// same reports whether two spans of one zone are the same time. Equal walls are: of two instants that one wall stands for,
// an action cannot name the second.
func (s span) same(other span) bool {
	if s.allDay || other.allDay {
		return s.allDay == other.allDay && s.first == other.first && s.after == other.after
	}
	return s.start.same(other.start) && s.hasEnd == other.hasEnd && (!s.hasEnd || s.end.same(other.end))
}

func (m moment) same(other moment) bool { return m.at == other.at || m.wall == other.wall }

// sameLength reports whether two spans are of one kind and equally long: in time, or on the wall, as some programs move an
// event over a clock change in the one way and some in the other.
func (s span) sameLength(other span) bool {
	switch {
	case s.allDay != other.allDay:
		return false
	case s.allDay:
		return s.days() == other.days()
	case !s.hasEnd || !other.hasEnd:
		return s.hasEnd == other.hasEnd
	}
	return s.end.at-s.start.at == other.end.at-other.start.at || s.onWall() == other.onWall()
}

// onWall is the length in seconds as the wall shows it. A time.Duration, which is too short for centuries, is of no use here.
func (s span) onWall() int64 { return wallSeconds(s.end.wall) - wallSeconds(s.start.wall) }

// days is the length of an all-day span.
func (s span) days() int {
	return int((wallSeconds(civilOf(s.after, crm.Clock{})) - wallSeconds(civilOf(s.first, crm.Clock{}))) / secondsPerDay)
}

func wallSeconds(c zone.Civil) int64 {
	return time.Date(c.Year, c.Month, c.Day, c.Hour, c.Minute, c.Second, 0, time.UTC).Unix()
}
