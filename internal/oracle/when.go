package oracle

import (
	"strings"
	"sync"
	"time"
)

// A time is compared as a form:
//
//	D 2026-03-01/2026-03-02           days, the end exclusive
//	T 2026-03-01T09:00:00Z/…Z         instants
//	F 2026-03-01T10:00:00/…           as written, in nobody's zone
//	T 2026-03-01T09:00:00Z/-          without an end
//
// An action with one time only has several forms: its event may have the made-up length, or none.

const (
	dateForm    = "2006-01-02"
	instantForm = "2006-01-02T15:04:05Z"
	civilForm   = "2006-01-02T15:04:05"
)

var locations sync.Map // by name: reading one takes longer than all that is done with it

func location(name string) (*time.Location, error) {
	if known, ok := locations.Load(name); ok {
		return known.(*time.Location), nil
	}
	found, err := time.LoadLocation(name)
	if err == nil {
		locations.Store(name, found)
	}
	return found, err
}

// eventForm is the form of an event's time. unknown is true for a zone that is not an IANA name; the form is then its text.
func eventForm(c *component) (form string, unknown bool) {
	startLine, ok := c.row("DTSTART")
	if !ok {
		return "", false
	}
	endLine, _ := c.row("DTEND")
	duration := c.value("DURATION")
	start, kind, zone := readTime(startLine)
	switch kind {
	case 'D':
		end, _, _ := readTime(endLine)
		if duration != "" {
			end = addDuration(start, duration)
		}
		if !end.After(start) {
			end = start.AddDate(0, 0, 1)
		}
		return "D " + start.Format(dateForm) + "/" + end.Format(dateForm), false
	case '?':
		return "? " + startLine + " " + endLine + " " + duration, true
	}
	end, endKind, _ := readTime(endLine)
	if duration != "" {
		end, endKind = addDuration(start, duration), kind
	}
	if endKind == '?' {
		return "? " + startLine + " " + endLine, true
	}
	layout := instantForm
	if zone == nil {
		layout = civilForm
	} else {
		start, end = start.UTC(), end.UTC()
	}
	text := string(kind) + " " + start.Format(layout) + "/"
	if !end.After(start) {
		return text + "-", false
	}
	return text + end.Format(layout), false
}

// readTime reads a DTSTART or DTEND line: kind D, T or F, '?' for what is not known, 0 for nothing. zone is nil for D and F.
func readTime(line string) (at time.Time, kind byte, zone *time.Location) {
	value := strings.TrimSpace(valueOf(line))
	if value == "" {
		return time.Time{}, 0, nil
	}
	if day, err := time.Parse("20060102", value); err == nil {
		return day, 'D', nil
	}
	tzid := parameterOf(line, "TZID")
	switch {
	case strings.HasSuffix(value, "Z"):
		zone = time.UTC
	case tzid == "":
		zone = nil
	default:
		location, err := location(tzid)
		if err != nil {
			return time.Time{}, '?', nil
		}
		zone = location
	}
	in := zone
	if in == nil {
		in = time.UTC
	}
	at, err := time.ParseInLocation("20060102T150405", strings.TrimSuffix(value, "Z"), in)
	switch {
	case err != nil:
		return time.Time{}, '?', nil
	case zone == nil:
		return at, 'F', nil
	}
	return at, 'T', zone
}

// addDuration adds an RFC 5545 duration: weeks and days by the calendar, the rest exactly.
func addDuration(at time.Time, text string) time.Time {
	text = strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(text), "+"), "P")
	if strings.HasPrefix(text, "-") {
		return at
	}
	number := 0
	var exact time.Duration
	days := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			number = number*10 + int(r-'0')
			continue
		case r == 'W':
			days += 7 * number
		case r == 'D':
			days += number
		case r == 'H':
			exact += time.Duration(number) * time.Hour
		case r == 'M':
			exact += time.Duration(number) * time.Minute
		case r == 'S':
			exact += time.Duration(number) * time.Second
		}
		number = 0
	}
	return at.AddDate(0, 0, days).Add(exact)
}

// forms are all forms that an event of this action may have (semantics 5); one, "", without dates, and none for what is senseless.
func (w When) forms(lengths []time.Duration) []string {
	if w.None() {
		return []string{""}
	}
	zone, err := location(w.Zone)
	if err != nil {
		return nil
	}
	startDay, startOK := parseDay(w.StartDate)
	endDay, endOK := parseDay(w.EndDate)
	if w.StartTime == "" && w.EndTime == "" {
		switch {
		case !startOK:
			startDay = endDay
		case !endOK:
			endDay = startDay
		}
		return []string{"D " + startDay.Format(dateForm) + "/" + endDay.AddDate(0, 0, 1).Format(dateForm)}
	}
	var found []string
	add := func(start, end time.Time) {
		for _, kind := range []string{"T ", "F "} {
			in, layout := time.UTC, instantForm
			if kind == "F " {
				in, layout = zone, civilForm
			}
			text := kind + start.In(in).Format(layout) + "/"
			if end.After(start) {
				found = append(found, text+end.In(in).Format(layout))
			} else {
				found = append(found, text+"-")
			}
		}
	}
	at := func(day time.Time, clock string) time.Time {
		hour, minute, second := parseClock(clock)
		return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, second, 0, zone)
	}
	madeUp := func(start time.Time) {
		for _, length := range lengths {
			add(start, start.Add(length))
		}
		add(start, start)
	}
	switch {
	case !startOK: // end date and time only
		end := at(endDay, w.EndTime)
		for _, length := range lengths {
			add(end.Add(-length), end)
		}
	case w.StartTime == "": // start date, end date and time
		if !endOK {
			endDay = startDay
		}
		add(at(startDay, "00:00"), at(endDay, w.EndTime))
	case !endOK && w.EndTime == "":
		madeUp(at(startDay, w.StartTime))
	case w.EndTime == "":
		add(at(startDay, w.StartTime), at(endDay.AddDate(0, 0, 1), "00:00"))
	default:
		if !endOK {
			endDay = startDay
		}
		start, end := at(startDay, w.StartTime), at(endDay, w.EndTime)
		if end.Equal(start) {
			madeUp(start)
		} else {
			add(start, end)
		}
	}
	return found
}

func parseDay(text string) (time.Time, bool) {
	day, err := time.Parse(dateForm, text)
	return day, err == nil
}

func parseClock(text string) (hour, minute, second int) {
	for _, layout := range []string{"15:04:05", "15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Clock()
		}
	}
	return 0, 0, 0
}

// forms are the forms of one unit's value.
func (u Units) forms(unit Unit, lengths []time.Duration) []string {
	switch unit {
	case Subject:
		return []string{normal(u.Subject)}
	case Description:
		return []string{normal(u.Description)}
	}
	return u.When.forms(lengths)
}
