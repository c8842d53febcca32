package crm

import (
	"errors"
	"fmt"
	"strings"
)

// When is the unit of the four date and time fields of an action, civil values in the IANA time zone Zone (semantics 5).
// Each of the four may be absent; which combinations make sense, Check says.
type When struct {
	StartDate Date
	StartTime Clock
	EndDate   Date
	EndTime   Clock
	Zone      string
}

// Shape is one row of the first table of semantics 5: which of the four fields a person filled in.
type Shape int

// The nine shapes that have an event, and the one that has none.
const (
	ShapeNone             Shape = iota // no date: no event
	ShapeStartDate                     // all-day, that day
	ShapeDates                         // all-day, from start through end
	ShapeEndDate                       // all-day, that day
	ShapeStart                         // start date+time: default duration
	ShapeStartEndTime                  // start date+time, end time: same day
	ShapeStartEndDate                  // start date+time, end date: until the end of that day
	ShapeStartEnd                      // start date+time, end date+time
	ShapeEnd                           // end date+time only: default duration, ending there
	ShapeStartDateEndTime              // start date, end date+time: from the beginning of the start day
)

// Shape says which row of the table w is. It is meaningful for a When that Check accepts.
func (w When) Shape() Shape {
	startDate, startTime := !w.StartDate.IsZero(), !w.StartTime.IsZero()
	endDate, endTime := !w.EndDate.IsZero(), !w.EndTime.IsZero()
	switch {
	case !startDate && !endDate:
		return ShapeNone
	case !startDate && endTime:
		return ShapeEnd
	case !startDate:
		return ShapeEndDate
	case !startTime && !endDate:
		return ShapeStartDate
	case !startTime && endTime:
		return ShapeStartDateEndTime
	case !startTime:
		return ShapeDates
	case !endDate && endTime:
		return ShapeStartEndTime
	case !endDate:
		return ShapeStart
	case endTime:
		return ShapeStartEnd
	default:
		return ShapeStartEndDate
	}
}

// HasDate reports whether the action has an event at all.
func (w When) HasDate() bool { return !w.StartDate.IsZero() || !w.EndDate.IsZero() }

// AllDay reports whether the event is all-day: there is a date and no time.
func (w When) AllDay() bool {
	return w.HasDate() && w.StartTime.IsZero() && w.EndTime.IsZero()
}

// LastDate is the later of the two dates, the zero Date when there is none.
func (w When) LastDate() Date {
	if w.EndDate.Compare(w.StartDate) > 0 {
		return w.EndDate
	}
	return w.StartDate
}

// Past reports whether every date of w lies before today (semantics 4: today is not past; no date is not past either).
func (w When) Past(today Date) bool { return w.HasDate() && w.LastDate().Compare(today) < 0 }

// Equal compares the four fields, and the zone where there is a time for it to matter.
func (w When) Equal(other When) bool {
	if w.StartTime.IsZero() && w.EndTime.IsZero() {
		w.Zone, other.Zone = "", ""
	}
	return w == other
}

// Check refuses what makes no sense (semantics 5), as a *Problem on the field to correct. It does not know the rules of
// time zones: that a clock change skips a time is found where they are known.
func (w When) Check() error {
	for _, part := range []struct {
		field string
		date  Date
	}{{"start_date", w.StartDate}, {"end_date", w.EndDate}} {
		// The day after the last must exist too: an all-day event ends on it.
		if !part.date.IsZero() && (!part.date.exists() || part.date.Year == 9999) {
			return NewProblem("when.no_such_day", part.field, "date", part.date.String())
		}
	}
	switch {
	case !w.StartTime.IsZero() && w.StartDate.IsZero():
		return NewProblem("when.time_without_date", "start_date", "field", "start_date")
	case !w.EndTime.IsZero() && w.EndDate.IsZero() && (w.StartDate.IsZero() || w.StartTime.IsZero()):
		return NewProblem("when.time_without_date", "end_date", "field", "end_date")
	case w.Shape() == ShapeStartEndTime && w.EndTime.Seconds() <= w.StartTime.Seconds():
		return NewProblem("when.end_next_day", "end_time", "date", w.StartDate.AddDays(1).String(), "time", w.EndTime.String())
	case w.StartDate.IsZero() || w.EndDate.IsZero():
		return nil
	}
	byDate := w.EndDate.Compare(w.StartDate)
	sameDayEarlier := byDate == 0 && !w.StartTime.IsZero() && !w.EndTime.IsZero() &&
		w.EndTime.Seconds() < w.StartTime.Seconds()
	if byDate < 0 {
		return NewProblem("when.end_before_start", "end_date")
	}
	if sameDayEarlier {
		return NewProblem("when.end_before_start", "end_time")
	}
	return nil
}

// String is the form of history and storage: the five fields separated by single spaces, "-" for an absent one.
func (w When) String() string {
	fields := [...]string{w.StartDate.String(), w.StartTime.String(), w.EndDate.String(), w.EndTime.String(), w.Zone}
	for i, field := range fields {
		if field == "" {
			fields[i] = "-"
		}
	}
	return strings.Join(fields[:], " ")
}

// ParseWhen reads what String writes; it checks the form of each field, not that they make sense together.
func ParseWhen(text string) (When, error) {
	fields := strings.Split(text, " ")
	if len(fields) != 5 {
		return When{}, fmt.Errorf("read when %.80q: want five fields", text)
	}
	for i, field := range fields {
		if field == "-" {
			fields[i] = ""
		}
	}
	when := When{Zone: fields[4]}
	var errs [4]error
	when.StartDate, errs[0] = ParseDate(fields[0])
	when.StartTime, errs[1] = ParseClock(fields[1])
	when.EndDate, errs[2] = ParseDate(fields[2])
	when.EndTime, errs[3] = ParseClock(fields[3])
	if err := errors.Join(errs[:]...); err != nil {
		return When{}, fmt.Errorf("read when %.80q: %w", text, err)
	}
	return when, nil
}
