package service

import (
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/zone"
)

// What is wrong with a date, a time or a zone, beside the codes of crm.When.Check.
const (
	CodeDateFormat  = "when.date_format"             // value
	CodeTimeFormat  = "when.time_format"             // value
	CodeNoSuchDay   = "when.no_such_day"             // date
	CodeNoSuchTime  = "when.no_such_time"            // time
	CodeUnknownZone = "when.unknown_zone"            // zone
	CodeSkipped     = "when.skipped_by_clock_change" // date, time, zone, next_date, next_time
)

// date reads one typed date.
func (p *problems) date(field, text string) crm.Date {
	date, err := crm.ParseDate(text)
	switch {
	case err == nil:
	case hasForm(text, "0000-00-00"):
		p.add(CodeNoSuchDay, field, "date", text)
	default:
		p.add(CodeDateFormat, field, "value", shortened(text))
	}
	return date
}

// clock reads one typed time of day.
func (p *problems) clock(field, text string) crm.Clock {
	clock, err := crm.ParseClock(text)
	switch {
	case err == nil:
	case hasForm(text, "00:00") || hasForm(text, "00:00:00"):
		p.add(CodeNoSuchTime, field, "time", text)
	default:
		p.add(CodeTimeFormat, field, "value", shortened(text))
	}
	return clock
}

// hasForm reports whether text has a digit wherever form has 0, and the same character elsewhere.
func hasForm(text, form string) bool {
	if len(text) != len(form) {
		return false
	}
	for i := range len(form) {
		if digit := text[i] >= '0' && text[i] <= '9'; form[i] == '0' && !digit || form[i] != '0' && text[i] != form[i] {
			return false
		}
	}
	return true
}

// shortened is what a sentence can quote of a wrong value.
func shortened(text string) string {
	runes := []rune(text)
	if len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// zoneName checks a time zone and gives its name as the IANA database spells it.
func (p *problems) zoneName(field, name, before string, zones *zone.Rules) string {
	if name == before {
		return before
	}
	found, err := zones.IANA(name)
	if err != nil {
		p.add(CodeUnknownZone, field, "zone", shortened(name))
		return name
	}
	return found.Name()
}

// when reads and checks the unit of dates and times. One that equals before is not checked: it may have come from a
// calendar, or from before a change of zone rules.
func (p *problems) when(in ActionInput, before crm.When, defaultZone string, zones *zone.Rules) crm.When {
	count := len(p.list)
	name := in.TimeZone
	if name == "" {
		name = defaultZone
	}
	when := crm.When{
		StartDate: p.date("start_date", in.StartDate),
		StartTime: p.clock("start_time", in.StartTime),
		EndDate:   p.date("end_date", in.EndDate),
		EndTime:   p.clock("end_time", in.EndTime),
		Zone:      p.zoneName("time_zone", name, before.Zone, zones),
	}
	if len(p.list) > count || when == before {
		return when
	}
	p.consistent(when)
	z, err := zones.IANA(when.Zone)
	if err != nil {
		p.add(CodeUnknownZone, "time_zone", "zone", shortened(when.Zone))
		return when
	}
	endDate := when.EndDate
	if endDate.IsZero() {
		endDate = when.StartDate // an end time alone is one of the start date (semantics 5)
	}
	p.exists("start_time", when.StartDate, when.StartTime, z)
	p.exists("end_time", endDate, when.EndTime, z)
	return when
}

// consistent reports what makes no sense, both missing dates at once.
func (p *problems) consistent(when crm.When) {
	for {
		problem, wrong := errors.AsType[*crm.Problem](when.Check())
		if !wrong {
			return
		}
		p.list = append(p.list, problem)
		if problem.Code != "when.time_without_date" || problem.Field != "start_date" {
			return
		}
		when.StartTime = crm.Clock{}
	}
}

// exists refuses a local time that a clock change skips, with the offer of the next existing one (semantics 5).
func (p *problems) exists(field string, date crm.Date, clock crm.Clock, z *zone.Zone) {
	if date.IsZero() || clock.IsZero() {
		return
	}
	hour, minute, second := clock.HMS()
	resolved := zone.Resolve(zone.NewCivil(date.Year, date.Month, date.Day, hour, minute, second), z)
	if resolved.Kind != zone.Gap {
		return
	}
	next := resolved.Next
	p.add(CodeSkipped, field, "date", date.String(), "time", clock.String(), "zone", z.Name(),
		"next_date", crm.Date{Year: next.Year, Month: next.Month, Day: next.Day}.String(),
		"next_time", crm.NewClock(next.Hour, next.Minute, next.Second).String())
}
