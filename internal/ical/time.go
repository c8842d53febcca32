package ical

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Kind is one of the four kinds of calendar time (RFC 5545 sections 3.3.4 and 3.3.5).
type Kind uint8

const (
	NoTime   Kind = iota
	AllDay        // a date
	Floating      // the same on every wall
	Zoned         // in the zone of a TZID
	UTC
)

// String is a word for the kind.
func (k Kind) String() string {
	return [...]string{"no time", "all-day", "floating", "zoned", "utc"}[k]
}

// A Time is a calendar time as written: a date, or a date and a time of day on some wall clock. Two are equal exactly when
// they are written alike; the zero Time is none.
type Time struct {
	Kind                 Kind
	Year                 int // 1 to 9999
	Month                time.Month
	Day                  int
	Hour, Minute, Second int    // 0 for all-day
	TZID                 string // zoned only
}

// InUTC is an instant as a Time, to the second.
func InUTC(at time.Time) Time {
	at = at.UTC()
	return Time{Kind: UTC, Year: at.Year(), Month: at.Month(), Day: at.Day(), Hour: at.Hour(), Minute: at.Minute(), Second: at.Second()}
}

// Instant is the instant of a UTC time; false for the other kinds, which need a zone.
func (t Time) Instant() (at time.Time, ok bool) {
	if t.Kind != UTC {
		return time.Time{}, false
	}
	return time.Date(t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second, 0, time.UTC), true
}

// String is the value as RFC 5545 writes it, without the TZID: 20261123, 20261123T143000, 20261123T133000Z.
func (t Time) String() string {
	if t.Kind == NoTime {
		return ""
	}
	value := make([]byte, 0, len("20061123T143000Z"))
	value = appendPadded(value, t.Year, 4)
	value = appendPadded(value, int(t.Month), 2)
	value = appendPadded(value, t.Day, 2)
	if t.Kind == AllDay {
		return string(value)
	}
	value = append(value, 'T')
	value = appendPadded(value, t.Hour, 2)
	value = appendPadded(value, t.Minute, 2)
	value = appendPadded(value, t.Second, 2)
	if t.Kind == UTC {
		value = append(value, 'Z')
	}
	return string(value)
}

func appendPadded(value []byte, n, width int) []byte {
	digits := strconv.Itoa(n)
	for range width - len(digits) {
		value = append(value, '0')
	}
	return append(value, digits...)
}

// ParseTime reads a DATE or DATE-TIME value. A date is all-day, also where nothing says VALUE=DATE; with isDate, which says
// so, a time of day is refused. A time that ends with Z is UTC whatever the TZID (RFC 5545 section 3.2.19); another one is
// zoned, and floating with an empty TZID. A day or time of day that does not exist is refused, and so is a leap second.
// Blanks and quotes around the value are not counted. The error is a *ValueError.
func ParseTime(value, tzid string, isDate bool) (Time, error) {
	value = strings.Trim(value, " \t\"")
	kind := "DATE-TIME"
	if isDate {
		kind = "DATE"
	}
	fail := func(reason string, values ...any) (Time, error) {
		return Time{}, &ValueError{kind, fmt.Sprintf(reason, values...)}
	}
	if value == "" {
		return fail("the value is empty")
	}
	date, clock, timed := value, "", false
	if len(value) > 8 && (value[8] == 'T' || value[8] == 't') {
		date, clock, timed = value[:8], value[9:], true
	}
	if timed && isDate {
		return fail("a date with a time of day where VALUE=DATE says a date")
	}
	if len(date) != 8 || !allDigits(date) {
		if isDate {
			return fail("not of the form 20261123")
		}
		return fail("not of the form 20261123T143000")
	}
	t := Time{Kind: AllDay, Year: number(date[:4]), Month: time.Month(number(date[4:6])), Day: number(date[6:])}
	switch {
	case t.Year == 0:
		return fail("there is no year 0")
	case t.Month < 1 || t.Month > 12:
		return fail("there is no month %d", t.Month)
	case t.Day < 1 || t.Day > daysIn(t.Year, t.Month):
		return fail("there is no %d %s %d", t.Day, t.Month, t.Year)
	}
	if !timed {
		return t, nil
	}
	t.Kind = Floating
	if last := len(clock) - 1; last >= 0 && (clock[last] == 'Z' || clock[last] == 'z') {
		t.Kind = UTC
		clock = clock[:last]
	} else if tzid != "" {
		t.Kind = Zoned
		t.TZID = tzid
	}
	if len(clock) != 6 || !allDigits(clock) {
		return fail("the time of day is not of the form 143000")
	}
	t.Hour, t.Minute, t.Second = number(clock[:2]), number(clock[2:4]), number(clock[4:])
	switch {
	case t.Hour > 23:
		return fail("there is no hour %d", t.Hour)
	case t.Minute > 59:
		return fail("there is no minute %d", t.Minute)
	case t.Second > 59:
		return fail("there is no second %d", t.Second)
	}
	return t, nil
}

func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// number reads a few digits.
func number(digits string) (n int) {
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

func daysIn(year int, month time.Month) int {
	switch month {
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case time.April, time.June, time.September, time.November:
		return 30
	}
	return 31
}

// Time is the value read as DATE or DATE-TIME, with the property's VALUE and TZID. The error is that of ParseTime.
func (p *Property) Time() (Time, error) {
	return ParseTime(p.Value(), p.tzid(), p.hasValueType("DATE"))
}

// Times yields the times of a list, as EXDATE and RDATE have it, each with the error of ParseTime. For PERIODs use Periods.
func (p *Property) Times() iter.Seq2[Time, error] {
	return func(yield func(Time, error) bool) {
		tzid, isDate := p.tzid(), p.hasValueType("DATE")
		for value := range strings.SplitSeq(p.Value(), ",") {
			if !yield(ParseTime(value, tzid, isDate)) {
				return
			}
		}
	}
}

func (p *Property) tzid() string {
	tzid, _ := p.Param("TZID")
	return tzid
}

func (p *Property) hasValueType(name string) bool {
	value, _ := p.Param("VALUE")
	return strings.EqualFold(strings.TrimSpace(value), name)
}
