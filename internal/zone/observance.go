package zone

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// An observance is a STANDARD or DAYLIGHT part of a VTIMEZONE: from each of its onsets on, offset to holds
// (RFC 5545 section 3.6.5). Which of the two it is called says nothing about offsets.
type observance struct {
	from, to int     // seconds ahead of UTC before and after an onset
	single   []int64 // onsets by DTSTART and RDATE, not sorted
	rules    []*onsetRule
}

// observanceText is an observance as written: raw property values, of those that are repeated all.
type observanceText struct {
	start, from, to string
	rules, dates    []string
}

// parse reads an observance. Where it has an RRULE, its DTSTART is an onset only if the rule says so: 1601-01-01 and other
// dummies are common, and the RFC leaves open what a DTSTART means that its rule does not meet.
func (text observanceText) parse() (observance, error) {
	var o observance
	var err error
	if o.to, err = parseOffset(text.to); err != nil {
		return o, fmt.Errorf("read TZOFFSETTO: %w", err)
	}
	if o.from, err = parseOffset(text.from); err != nil {
		return o, fmt.Errorf("read TZOFFSETFROM: %w", err)
	}
	start, err := parseMoment(text.start)
	if err != nil {
		return o, fmt.Errorf("read DTSTART: %w", err)
	}
	local := civilAt(start.instant(o.from) + int64(o.from))
	if len(text.rules) > maxOnsetRules {
		return o, errTooManyRules
	}
	for _, value := range text.rules {
		rule, err := parseOnsetRule(value, local, o.from)
		if err != nil {
			return o, err
		}
		o.rules = append(o.rules, rule)
	}
	if len(o.rules) == 0 {
		o.single = append(o.single, start.instant(o.from))
	}
	for _, value := range text.dates {
		for field := range strings.SplitSeq(value, ",") {
			begin, _, _ := strings.Cut(field, "/") // the start of a PERIOD
			date, err := parseMoment(begin)
			if err != nil {
				return o, fmt.Errorf("read RDATE: %w", err)
			}
			if len(o.single) == maxSingleOnsets {
				return o, errTooManyOnsets
			}
			o.single = append(o.single, date.instant(o.from))
		}
	}
	return o, nil
}

// A moment is a DATE or DATE-TIME value, UTC or local.
type moment struct {
	civil Civil
	utc   bool
	date  bool
}

// instant takes a local value in an offset.
func (m moment) instant(offset int) int64 {
	if m.utc {
		offset = 0
	}
	return m.civil.seconds() - int64(offset)
}

// parseMoment reads 20261025, 20261025T030000 or 20261025T010000Z.
func parseMoment(text string) (moment, error) {
	text = strings.ToUpper(strings.TrimSpace(text))
	clock, utc := strings.CutSuffix(text, "Z")
	layout := "20060102T150405"
	date := len(text) == len("20060102")
	if date {
		layout, clock, utc = "20060102", text, false
	}
	t, err := time.Parse(layout, clock)
	if err != nil || len(clock) != len(layout) {
		return moment{}, errors.New("not a date or a date with time")
	}
	return moment{civilAt(t.Unix()), utc, date}, nil
}

// parseUntil reads the end of a rule: the last instant at which it may have an onset. A VTIMEZONE should have it in UTC;
// where it is local it is meant as the onsets are, and a date means its whole day.
func parseUntil(text string, from int) (int64, error) {
	end, err := parseMoment(text)
	if err != nil {
		return 0, err
	}
	if end.date {
		return end.instant(from) + 24*60*60 - 1, nil
	}
	return end.instant(from), nil
}

// parseOffset reads a UTC-OFFSET (RFC 5545 section 3.3.14) as seconds: +0100, -0930, +053015. Written in the wild and
// read as well are colons (+05:30), a missing sign (0100), and -0000, which the RFC forbids.
func parseOffset(text string) (seconds int, err error) {
	text = strings.ReplaceAll(strings.TrimSpace(text), ":", "")
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || len(digits) != 4 && len(digits) != 6 {
		return 0, errors.New("not an offset from UTC")
	}
	var fields [3]int
	for i := range digits {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, errors.New("not an offset from UTC")
		}
		fields[i/2] = fields[i/2]*10 + int(digits[i]-'0')
	}
	if fields[0] > 23 || fields[1] > 59 || fields[2] > 59 {
		return 0, errors.New("an offset from UTC of a day or more, or with more than 59 minutes or seconds")
	}
	seconds = fields[0]*3600 + fields[1]*60 + fields[2]
	if strings.HasPrefix(text, "-") {
		seconds = -seconds
	}
	return seconds, nil
}
