package eventmap

import (
	"errors"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
)

var (
	errNoDate = errors.New("an action without date has no event")
	errYear   = errors.New("a time before the year 1 or after 9999")
)

// clockFor is the clock of a When that an event is to have.
func (w *writing) clockFor(when crm.When) (clock, error) {
	if !when.HasDate() {
		return clock{}, errNoDate
	}
	if err := when.Check(); err != nil {
		return clock{}, err
	}
	name := when.Zone
	if when.AllDay() && name == "" {
		name = "UTC" // days are the same in every zone
	}
	return newClock(w.change.Zones, name, w.definitions)
}

// newWhen writes the dates of an event that has none.
func (w *writing) newWhen(when crm.When) error {
	c, err := w.clockFor(when)
	if err != nil {
		return err
	}
	return w.rewrite(c, c.spanOfWhen(when, seconds(w.change.DefaultDuration), nil))
}

// setWhen moves an event. What has not changed stays as it is written; what has changed is written in the form that it has: a
// DURATION stays one, a time keeps its kind and its TZID. Only a change between all-day and timed takes the action's zone.
func (w *writing) setWhen(when crm.When) error {
	c, err := w.clockFor(when)
	if err != nil {
		return err
	}
	now, _, err := w.spanOf(w.event, c)
	if err != nil {
		return err
	}
	next := c.spanOfWhen(when, seconds(w.change.DefaultDuration), &now)
	if now.written {
		next = c.asWritten(next)
	}
	if when.Shape() == crm.ShapeStart && !now.allDay && now.ending == noEnding {
		next.hasEnd = false // an event without length stays one
	}
	if full, _ := now.when(c.zone.Name()); now.same(next) || full.Equal(when) {
		return nil
	}
	w.changed, w.rescheduled = true, true
	if now.allDay != next.allDay {
		if err := w.rewrite(c, next); err != nil {
			return err
		}
		w.setAllDayTwins(next.allDay)
		return nil
	}
	if next.allDay {
		w.writeDays(now, next)
		return nil
	}
	return w.writeTimes(c, now, next)
}

// giveLength writes the default duration into an event that has no length.
func (w *writing) giveLength() error {
	c, err := newClock(w.change.Zones, "UTC", w.definitions)
	if err != nil {
		return err
	}
	now, _, err := w.spanOf(w.event, c)
	if err != nil {
		return err
	}
	length := ical.Duration{Seconds: int(seconds(w.change.DefaultDuration))}
	switch start, _ := w.event.Property("DTSTART"); {
	case now.allDay && now.ending == noEnding:
		w.event.SetTime("DTEND", dayTime(now.after))
	case now.allDay || now.hasEnd || length.Seconds <= 0:
		return nil
	case now.ending == byDuration:
		_ = w.event.SetValue("DURATION", length.String())
	default:
		from, err := start.Time()
		if err != nil {
			return unusable(crm.ReasonUnreadable, start.Line(), "DTSTART")
		}
		if err := w.setTime("DTEND", c.write(c.instant(now.start.at+int64(length.Seconds)), from, w.isSeries())); err != nil {
			return err
		}
	}
	w.changed, w.rescheduled = true, true
	return nil
}

// writeDays writes an all-day event over an all-day one.
func (w *writing) writeDays(now, next span) {
	w.event.SetTime("DTSTART", dayTime(next.first))
	w.endDays(now.ending, next)
}

func (w *writing) endDays(ending ending, next span) {
	days := next.days()
	switch {
	case ending == byDuration:
		_ = w.event.SetValue("DURATION", ical.Duration{Days: days}.String())
	case ending == byEnd || days > 1:
		w.event.SetTime("DTEND", dayTime(next.after))
		w.event.RemoveAll("DURATION")
	}
}

// writeTimes writes a timed event over a timed one.
func (w *writing) writeTimes(c clock, now, next span) error {
	start, _ := w.event.Property("DTSTART")
	from, err := start.Time()
	if err != nil {
		return unusable(crm.ReasonUnreadable, start.Line(), "DTSTART")
	}
	series := w.isSeries()
	if !next.start.same(now.start) {
		from = c.write(next.start, from, series)
		if err := w.setTime("DTSTART", from); err != nil {
			return err
		}
	}
	if now.ending == byDuration {
		return w.writeDuration(c, from, next)
	}
	if !next.hasEnd {
		return nil
	}
	like := from
	if end, found := w.event.Property("DTEND"); found {
		if like, err = end.Time(); err != nil {
			return unusable(crm.ReasonUnreadable, end.Line(), "DTEND")
		}
	}
	w.event.RemoveAll("DURATION")
	if now.hasEnd && next.end.same(now.end) {
		return nil
	}
	return w.setTime("DTEND", c.write(next.end, like, series))
}

// writeDuration writes a length, unless the one there is says the same: P1D is as long as a day is.
func (w *writing) writeDuration(c clock, from ical.Time, next span) error {
	p, _ := w.event.Property("DURATION")
	begin := c.place(from)
	if present, err := p.Duration(); err == nil && c.later(begin, present).same(next.end) {
		return nil
	}
	return p.SetValue(ical.Duration{Seconds: int(next.end.at - begin.at)}.String())
}

// rewrite writes the dates of an event that had none, or was of the other kind, in the action's zone.
func (w *writing) rewrite(c clock, next span) error {
	ending := noEnding
	if _, found := w.event.Property("DTEND"); found {
		ending = byEnd
	} else if _, found := w.event.Property("DURATION"); found {
		ending = byDuration
	}
	w.changed = true
	if next.allDay {
		w.event.SetTime("DTSTART", dayTime(next.first))
		if ending == noEnding {
			ending = byEnd
		}
		w.endDays(ending, next)
		return nil
	}
	like := c.own()
	if like.Kind == ical.Zoned {
		defined, err := defineZone(w.event, w.change.Zones, like.TZID, min(next.start.at, next.end.at))
		if err != nil {
			return err
		}
		if !defined {
			like = ical.Time{Kind: ical.UTC}
		}
	}
	from := c.write(next.start, like, false)
	if err := w.setTime("DTSTART", from); err != nil {
		return err
	}
	switch {
	case !next.hasEnd:
		return nil
	case ending == byDuration:
		return w.event.SetValue("DURATION", ical.Duration{Seconds: int(next.end.at - next.start.at)}.String())
	}
	w.event.RemoveAll("DURATION")
	return w.setTime("DTEND", c.write(next.end, like, false))
}

func (w *writing) setTime(name string, t ical.Time) error {
	if t.Year < 1 || t.Year > 9999 {
		return errYear
	}
	w.event.SetTime(name, t)
	return nil
}

func (w *writing) isSeries() bool {
	for range w.event.Properties("RRULE", "RDATE") {
		return true
	}
	return false
}

// setAllDayTwins writes the flags by which some programs say all-day again: Outlook reads its own before VALUE=DATE.
func (w *writing) setAllDayTwins(allDay bool) {
	for _, twin := range []struct{ name, yes, no string }{
		{"X-MICROSOFT-CDO-ALLDAYEVENT", "TRUE", "FALSE"},
		{"X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT", "TRUE", "FALSE"},
		{"X-FUNAMBOL-ALLDAY", "1", "0"},
	} {
		for p := range w.event.Properties(twin.name) {
			value := twin.no
			if allDay {
				value = twin.yes
			}
			if !strings.EqualFold(strings.TrimSpace(p.Value()), value) {
				_ = p.SetValue(value) // plain letters cannot be refused
			}
		}
	}
}

func dayTime(d crm.Date) ical.Time {
	return ical.Time{Kind: ical.AllDay, Year: d.Year, Month: d.Month, Day: d.Day}
}
