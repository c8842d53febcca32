package zone

import (
	"math"
	"time"
)

// Zone is the rules of local time somewhere: which offset from UTC holds when. It does not change; any number of
// goroutines may use it. The zero value is not usable: a Zone comes from Rules, Calendar or Own, or is UTC.
type Zone struct {
	name     string
	location *time.Location // the rules of an IANA zone; or
	own      *definition    // those of a VTIMEZONE
}

// UTC is the zone without rules.
var UTC = &Zone{name: "UTC", location: time.UTC}

// maxOffset bounds offsets from UTC, in seconds, exclusively (RFC 5545 section 3.3.14: hours up to 23). Real ones stay
// within 16 hours.
const maxOffset = 24 * 60 * 60

// never is an instant, in seconds since 1970, that no calendar reaches.
const never = math.MaxInt64

// Name is the name of the IANA zone as the database spells it, or empty where the rules are a VTIMEZONE's own.
func (z *Zone) Name() string { return z.name }

// OffsetAt is what local time is ahead of UTC at an instant, in seconds.
func (z *Zone) OffsetAt(at time.Time) int {
	offset, _ := z.holds(at.Unix())
	return offset
}

// CivilOf is what clocks in z show at an instant. Fractions of a second are cut off.
func (z *Zone) CivilOf(at time.Time) Civil {
	seconds := at.Unix()
	offset, _ := z.holds(seconds)
	return civilAt(seconds + int64(offset))
}

// holds returns the offset at an instant (seconds since 1970) and an instant after it until which it surely holds, end
// excluded; what follows may be the same offset.
func (z *Zone) holds(at int64) (offset int, until int64) {
	if z.own != nil {
		return z.own.holds(at)
	}
	t := time.Unix(at, 0).In(z.location)
	_, offset = t.Zone()
	_, end := t.ZoneBounds()
	if end.IsZero() {
		return offset, never
	}
	if until = end.Unix(); until <= at {
		// In years beyond its table, package time gives the last period of a year 365 days after New Year as its end,
		// which on 31 December of a leap year has passed. The offset holds until the year is over.
		until = time.Date(t.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	}
	return offset, until
}

// maxHolds bounds the search for the next change: a VTIMEZONE may repeat one offset for ever.
const maxHolds = 2000

// NextChange is the first instant after at where the offset becomes another one, and false where it never does.
func (z *Zone) NextChange(at time.Time) (time.Time, bool) {
	seconds, found := z.nextChange(at.Unix())
	return time.Unix(seconds, 0).UTC(), found
}

func (z *Zone) nextChange(at int64) (int64, bool) {
	before, until := z.holds(at)
	for range maxHolds {
		if until == never {
			return 0, false
		}
		offset, end := z.holds(until)
		if offset != before {
			return until, true
		}
		until = end
	}
	return 0, false
}

// SameRules says whether two zones have the same offset at every instant from start to end, end excluded: whether one
// may stand for the other there. A span with more than some 2,000 clock changes counts as different.
func SameRules(a, b *Zone, start, end time.Time) bool {
	at, last := start.Unix(), end.Unix()
	for range 2 * maxHolds {
		if at >= last {
			return true
		}
		offsetA, untilA := a.holds(at)
		offsetB, untilB := b.holds(at)
		if offsetA != offsetB {
			return false
		}
		at = min(untilA, untilB)
	}
	return false
}
