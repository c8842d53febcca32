package check

import (
	"context"

	"agendaonline/internal/dav"
)

// calendar settles which calendar is meant and whether events live in it.
func (r *run) calendar(ctx context.Context) result {
	if r.refused != nil {
		failure, _ := dav.FailureOf(r.refused)
		if failure != nil && failure.Cause == dav.CauseRedirectOther {
			return failed(CodeCalendarElsewhere, "host", r.host(), "url", failure.Related)
		}
		return r.failure(r.refused)
	}
	href, how := r.choose()
	if href == "" {
		return how
	}
	r.collection = r.client.Collection(href, r.verdict.Traits)
	calendar, err := r.collection.Calendar(ctx)
	if err != nil {
		if dav.ClassOf(err) == dav.ClassGone {
			return failed(CodeCalendarGone, "url", href)
		}
		return r.failure(err)
	}
	if !calendar.IsCalendar() {
		return failed(CodeNotACalendar, "url", href)
	}
	if !calendar.TakesEvents() {
		return failed(CodeTasksOnly, "name", calendar.Name)
	}
	r.chosen = calendar
	r.verdict.Calendar = shown(calendar)
	if len(r.verdict.Calendars) == 0 {
		r.verdict.Calendars = []Calendar{r.verdict.Calendar}
	}
	if calendar.OfAnother() {
		return limited(CodeCalendarOfAnother, "name", r.name())
	}
	return passed(CodeCalendarChosen, "name", r.name())
}

// choose is the calendar that was chosen, or the only one in which events can be.
func (r *run) choose() (dav.Href, result) {
	all := r.verdict.Calendars
	if r.request.Calendar != "" {
		chosen := dav.Href(r.request.Calendar)
		for _, calendar := range all {
			if dav.Href(calendar.Href).SameCollection(chosen) {
				return dav.Href(calendar.Href), result{}
			}
		}
		return chosen, result{} // one of another home, or one that is gone: asking it will tell
	}
	var usable []Calendar
	for _, calendar := range all {
		if !calendar.NoEvents {
			usable = append(usable, calendar)
		}
	}
	switch {
	case len(usable) == 1:
		return dav.Href(usable[0].Href), result{}
	case len(usable) > 1:
		how := limited(CodeChooseCalendar, "count", len(usable))
		how.stops = CodeNotTriedChoose
		return "", how
	case len(all) > 0:
		return "", failed(CodeTasksOnly, "name", all[0].Name)
	case r.located.Props.Principal == "" && len(r.located.Props.Homes) == 0:
		return "", failed(CodeNotCalDAV, "url", r.located.Href)
	}
	return "", failed(CodeNoCalendars, "host", r.host())
}

// name is what to call the calendar: its own name, else its address.
func (r *run) name() string {
	if r.chosen.Name != "" {
		return r.chosen.Name
	}
	return string(r.chosen.Href)
}
