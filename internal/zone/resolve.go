package zone

import "time"

// Kind says how often a local time exists in a zone.
type Kind uint8

// Exact is once. Gap is never: a clock change skips it. Overlap is twice: clocks are put back over it.
const (
	Exact Kind = iota
	Gap
	Overlap
)

// String is the lower-case name of the kind.
func (k Kind) String() string { return [...]string{"exact", "gap", "overlap"}[k] }

// Instants is what a local time stands for. All instants are UTC; for an exact time all three are the same.
type Instants struct {
	Kind Kind
	// At is the instant by RFC 5545 section 3.3.5: of two the first, and in a gap the one that the offset before the gap
	// gives, so that 02:30 in the usual European gap is the instant that clocks show as 03:30.
	At time.Time
	// Last is the second instant of an overlap; else At.
	Last time.Time
	// NextAt is the first instant whose local time exists and is not before the one asked for: in a gap its end, else At.
	// It is what the form offers and what a made-up time becomes (semantics 5).
	NextAt time.Time
	// Next is the local time at NextAt: in a gap another one than asked for.
	Next Civil
}

// Resolve turns a local time of a zone into instants.
func Resolve(local Civil, z *Zone) Instants {
	wall := local.seconds()
	at := wall - maxOffset // no offset puts the instant before this one or after wall + maxOffset
	offset, until := z.holds(at)
	var first, last, gapAt int64
	var gapOffset int // before the gap
	times, skipped := 0, false
	for {
		if instant := wall - int64(offset); at <= instant && instant < until {
			if times == 0 {
				first = instant
			}
			last = instant
			times++
		}
		if until > wall+maxOffset {
			break
		}
		next, end := z.holds(until)
		if !skipped && until+int64(offset) <= wall && wall < until+int64(next) {
			skipped, gapAt, gapOffset = true, until, offset
		}
		at, offset, until = until, next, end
	}
	switch times {
	case 0:
		at, end := utc(wall-int64(gapOffset)), utc(gapAt)
		return Instants{Kind: Gap, At: at, Last: at, NextAt: end, Next: z.CivilOf(end)}
	case 1:
		return Instants{Kind: Exact, At: utc(first), Last: utc(first), NextAt: utc(first), Next: civilAt(wall)}
	default:
		return Instants{Kind: Overlap, At: utc(first), Last: utc(last), NextAt: utc(first), Next: civilAt(wall)}
	}
}

// StartOfDay is the first instant of a date in a zone; where the date does not exist, that of the next which does
// (Samoa has no 30 December 2011).
func StartOfDay(date Civil, z *Zone) time.Time { return Resolve(date.Midnight(), z).NextAt }

func utc(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
