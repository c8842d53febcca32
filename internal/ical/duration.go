package ical

import (
	"strconv"
	"strings"
	"time"
)

// A Duration is a length of time (RFC 5545 section 3.3.6). Days, with weeks as seven of them, are nominal: they move a date
// on the wall, whatever clocks do in between. Seconds, minutes and hours are exact: they are counted after the days. Both
// have the same sign.
type Duration struct {
	Days    int
	Seconds int
}

// maxDurationDays is about what the calendar has, 10,000 years.
const maxDurationDays = 3_652_500

// Exact is the exact part.
func (d Duration) Exact() time.Duration { return time.Duration(d.Seconds) * time.Second }

// IsNegative reports whether the duration points backwards.
func (d Duration) IsNegative() bool { return d.Days < 0 || d.Seconds < 0 }

// String is the value as RFC 5545 writes it: P1W, P2D, PT1H30M, -PT15M, P1DT12H. No length is PT0S.
func (d Duration) String() string {
	var b strings.Builder
	if d.IsNegative() {
		b.WriteByte('-')
		d = Duration{-d.Days, -d.Seconds}
	}
	b.WriteByte('P')
	part := func(n int, unit byte) {
		b.WriteString(strconv.Itoa(n))
		b.WriteByte(unit)
	}
	if d.Seconds == 0 && d.Days != 0 && d.Days%7 == 0 {
		part(d.Days/7, 'W')
		return b.String()
	}
	if d.Days != 0 {
		part(d.Days, 'D')
	}
	if d.Seconds == 0 && d.Days != 0 {
		return b.String()
	}
	// The grammar has no hours followed by seconds: the minutes between them are written.
	b.WriteByte('T')
	hours, minutes, seconds := d.Seconds/3600, d.Seconds/60%60, d.Seconds%60
	if hours != 0 {
		part(hours, 'H')
	}
	if minutes != 0 || hours != 0 && seconds != 0 {
		part(minutes, 'M')
	}
	if seconds != 0 || d.Seconds == 0 {
		part(seconds, 'S')
	}
	return b.String()
}

// ParseDuration reads a DURATION value, in any order of sizes from weeks down to seconds. Years and months, which have no
// length, are refused, and so is more than 10,000 years. The error is a *ValueError.
func ParseDuration(value string) (Duration, error) {
	fail := func(reason string) (Duration, error) { return Duration{}, &ValueError{"DURATION", reason} }
	rest := strings.ToUpper(strings.TrimSpace(value))
	if rest == "" {
		return fail("the value is empty")
	}
	sign := 1
	switch rest[0] {
	case '-':
		sign = -1
		rest = rest[1:]
	case '+':
		rest = rest[1:]
	}
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok {
		return fail("it does not begin with P")
	}
	if rest == "" || rest == "T" {
		return fail("no length after P")
	}
	days, seconds := 0, 0
	const maxSeconds = maxDurationDays * 24 * 60 * 60
	units := "WD"
	for timed := false; rest != ""; {
		if rest[0] == 'T' && !timed {
			timed, rest, units = true, rest[1:], "HMS"
			continue
		}
		length := 0
		for length < len(rest) && rest[length] >= '0' && rest[length] <= '9' {
			length++
		}
		if length == 0 || length == len(rest) {
			return fail("not of the form P1DT2H30M")
		}
		n, err := strconv.Atoi(rest[:length])
		if err != nil || n > maxSeconds {
			return fail("longer than 10,000 years")
		}
		unit := rest[length]
		rest = rest[length+1:]
		if !timed && (unit == 'Y' || unit == 'M') {
			return fail("years and months have no length")
		}
		at := strings.IndexByte(units, unit)
		if at < 0 {
			return fail("not of the form P1DT2H30M")
		}
		units = units[at+1:]
		switch unit {
		case 'W':
			days += 7 * n
		case 'D':
			days += n
		case 'H':
			seconds += 3600 * n
		case 'M':
			seconds += 60 * n
		case 'S':
			seconds += n
		}
		if days > maxDurationDays || seconds > maxSeconds {
			return fail("longer than 10,000 years")
		}
	}
	return Duration{sign * days, sign * seconds}, nil
}

// Duration is the value read as DURATION. The error is that of ParseDuration.
func (p *Property) Duration() (Duration, error) { return ParseDuration(p.Value()) }
