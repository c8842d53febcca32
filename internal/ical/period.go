package ical

import (
	"iter"
	"strings"
)

// A Period is a stretch of time, its end excluded (RFC 5545 section 3.3.9): written with an end, or with a duration and
// then without End.
type Period struct {
	Start    Time
	End      Time
	Duration Duration
}

// ParsePeriod reads a PERIOD value. The error is a *ValueError.
func ParsePeriod(value, tzid string) (Period, error) {
	fail := func(reason string) (Period, error) { return Period{}, &ValueError{"PERIOD", reason} }
	start, end, ok := strings.Cut(value, "/")
	if !ok {
		return fail("no solidus between start and end")
	}
	var p Period
	var err error
	if p.Start, err = ParseTime(start, tzid, false); err != nil {
		return Period{}, err
	}
	if strings.ContainsAny(end, "Pp") {
		p.Duration, err = ParseDuration(end)
	} else {
		p.End, err = ParseTime(end, tzid, false)
	}
	switch {
	case err != nil:
		return Period{}, err
	case p.Start.Kind == AllDay || p.End.Kind == AllDay:
		return fail("a date without a time of day")
	case p.Duration.IsNegative():
		return fail("the duration is negative")
	}
	return p, nil
}

// Periods yields the periods of a list, as RDATE and FREEBUSY have it, each with the error of ParsePeriod.
func (p *Property) Periods() iter.Seq2[Period, error] {
	return func(yield func(Period, error) bool) {
		tzid := p.tzid()
		for value := range strings.SplitSeq(p.Value(), ",") {
			if !yield(ParsePeriod(value, tzid)) {
				return
			}
		}
	}
}
