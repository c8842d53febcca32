package eventmap

import (
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/plant"
	"agendaonline/internal/zone"
)

// spanOfWhen is the event of an action (the first table of semantics 5); length is the default duration in seconds. near is the event's
// present span where it has one: a wall that it has there keeps the instant that it has there.
func (c clock) spanOfWhen(w crm.When, length int64, near *span) span {
	day := func(first, last crm.Date) span {
		return span{allDay: true, first: first, after: last.AddDays(1)}
	}
	typed := func(date crm.Date, clock crm.Clock, present func(*span) moment) moment {
		wall := civilOf(date, clock)
		if near != nil && !near.allDay && present(near).wall == wall {
			return present(near)
		}
		return c.local(wall)
	}
	start := func() moment {
		return typed(w.StartDate, w.StartTime, func(s *span) moment { return s.start })
	}
	end := func(date crm.Date) moment {
		return typed(date, w.EndTime, func(s *span) moment { return s.end })
	}
	var s span
	switch w.Shape() {
	case crm.ShapeStartDate:
		return day(w.StartDate, w.StartDate)
	case crm.ShapeDates:
		return day(w.StartDate, w.EndDate)
	case crm.ShapeEndDate:
		return day(w.EndDate, w.EndDate)
	case crm.ShapeEnd:
		s.end = end(w.EndDate)
		s.start = c.instant(s.end.at - length)
	case crm.ShapeStart:
		s.start = start()
		s.end = s.start
	case crm.ShapeStartEndTime:
		s.start, s.end = start(), end(w.StartDate)
	case crm.ShapeStartEndDate:
		s.start, s.end = start(), c.existing(civilOf(w.EndDate.AddDays(1), crm.Clock{}))
	case crm.ShapeStartDateEndTime:
		s.start, s.end = c.existing(civilOf(w.StartDate, crm.Clock{})), end(w.EndDate)
	default:
		s.start, s.end = start(), end(w.EndDate)
	}
	if s.end.at <= s.start.at && s.end.wall.Compare(s.start.wall) > 0 {
		// The start is the second of two instants: the end is, too.
		s.end.at = zone.Resolve(s.end.wall, c.zone).Last.Unix()
	}
	if s.end.at <= s.start.at {
		s.end = c.instant(s.start.at + length) // equal times
	}
	if s.end.wall.Compare(s.start.wall) <= 0 {
		s.end = c.instant(s.end.at) // a wall that clocks skip
	}
	s.hasEnd = s.end.at > s.start.at
	return s
}

// asWritten is a span for an event whose times are taken as written: its end shows later than its start, also where clocks are
// put back in between.
func (c clock) asWritten(s span) span {
	if length := s.end.at - s.start.at; s.hasEnd && s.end.wall.Compare(s.start.wall) <= 0 {
		start := s.start.wall
		s.end = c.local(zone.NewCivil(start.Year, start.Month, start.Day, start.Hour, start.Minute, start.Second+int(length)))
	}
	return s
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// keep gives the typed fields of an action's shape where the event still has the fields that the CRM made up for it; false
// where all four have to come from the event.
func (c clock) keep(agreed crm.When, s span) (crm.When, bool) {
	if plant.On(plant.MadeUpFlowsBack) {
		return crm.When{}, false
	}
	kept := crm.When{Zone: c.zone.Name()}
	startsDay := !s.allDay && s.start.same(c.existing(s.start.wall.Midnight()))
	switch agreed.Shape() {
	case crm.ShapeStartDate:
		kept.StartDate = s.first
		return kept, s.allDay
	case crm.ShapeEndDate:
		kept.EndDate = s.first
		return kept, s.allDay
	}
	if s.allDay || !s.hasEnd {
		return crm.When{}, false
	}
	start, end := s.start.wall, s.end.wall
	switch agreed.Shape() {
	case crm.ShapeStart:
		kept.StartDate, kept.StartTime = dateOf(start), clockOf(start)
	case crm.ShapeStartEnd:
		if agreed.StartDate != agreed.EndDate || agreed.StartTime != agreed.EndTime {
			return crm.When{}, false // nothing of it was made up
		}
		kept.StartDate, kept.StartTime = dateOf(start), clockOf(start)
		kept.EndDate, kept.EndTime = kept.StartDate, kept.StartTime
	case crm.ShapeEnd:
		kept.EndDate, kept.EndTime = dateOf(end), clockOf(end)
	case crm.ShapeStartEndTime:
		kept.StartDate, kept.StartTime, kept.EndTime = dateOf(start), clockOf(start), clockOf(end)
		return kept, dateOf(end) == dateOf(start) && end.Compare(start) > 0
	case crm.ShapeStartEndDate:
		kept.StartDate, kept.StartTime = dateOf(start), clockOf(start)
		kept.EndDate = dateOf(end).AddDays(-1)
		return kept, s.end.same(c.existing(end.Midnight())) && kept.EndDate.Compare(kept.StartDate) >= 0
	case crm.ShapeStartDateEndTime:
		kept.StartDate, kept.EndDate, kept.EndTime = dateOf(start), dateOf(end), clockOf(end)
		return kept, startsDay
	default:
		return crm.When{}, false
	}
	return kept, true
}

// fits reports whether a When says no other times than the span: it would be written as it.
func (c clock) fits(w crm.When, s span) bool {
	if !w.HasDate() || w.AllDay() != s.allDay {
		return false
	}
	made := c.spanOfWhen(w, s.end.at-s.start.at, &s)
	if !s.allDay && !s.hasEnd && w.Shape() == crm.ShapeStart {
		return made.start.same(s.start)
	}
	return made.same(s)
}
