package web

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
)

// groupDay is the day under which a list shows an action: its start, else its end; no day for one without date.
func groupDay(when crm.When) crm.Date {
	if when.StartDate.IsZero() {
		return when.EndDate
	}
	return when.StartDate
}

// WhenInDay says the times of an action under the heading of its day: "14:00 – 15:30", "hele dag, t/m vr 27 nov".
func (w words) WhenInDay(when crm.When) string {
	until := ""
	if !when.EndDate.IsZero() && when.EndDate != groupDay(when) {
		until = w.ShortWeekday(when.EndDate)
	}
	start, end := when.StartTime.String(), when.EndTime.String()
	switch when.Shape() {
	case crm.ShapeNone:
		return w.T("reason.no_date")
	case crm.ShapeStartDate, crm.ShapeEndDate, crm.ShapeDates:
		if until != "" {
			return w.T("when.all_day_until", "day", until)
		}
		return w.T("when.all_day")
	case crm.ShapeStart:
		return start
	case crm.ShapeEnd, crm.ShapeStartDateEndTime:
		if until != "" {
			return w.T("when.until", "moment", until+" "+end)
		}
		return w.T("when.until", "moment", end)
	case crm.ShapeStartEndDate:
		if until == "" {
			until = w.T("when.end_of_day")
		}
		return i18n.Range(start, until)
	}
	if until != "" {
		end = until + " " + end
	}
	if end == start {
		return start
	}
	return i18n.Range(start, end)
}

// When says all of when an action is: "wo 25 nov, 14:00 – 16:00". The zone is named where the reader lives in another one.
func (w words) When(when crm.When) string {
	text := ""
	switch when.Shape() {
	case crm.ShapeNone:
		return w.T("reason.no_date")
	case crm.ShapeStartDate, crm.ShapeEndDate:
		return w.ShortWeekday(groupDay(when))
	case crm.ShapeDates:
		if when.StartDate == when.EndDate {
			return w.ShortWeekday(when.StartDate)
		}
		return i18n.Range(w.ShortWeekday(when.StartDate), w.ShortWeekday(when.EndDate))
	default:
		text = w.ShortWeekday(groupDay(when)) + ", " + w.WhenInDay(when)
	}
	if zone := w.OtherZone(when); zone != "" {
		text += " (" + zone + ")"
	}
	return text
}

// OtherZone is the zone of an action's times where the reader lives in another one, else "".
func (w words) OtherZone(when crm.When) string {
	if when.StartTime.IsZero() && when.EndTime.IsZero() || when.Zone == w.zone.String() {
		return ""
	}
	return when.Zone
}
