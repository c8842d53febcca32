package zone

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxLine is the longest line that may be written, in octets without the line end (RFC 5545 section 3.1).
const maxLine = 75

// PrintVTimezone writes the VTIMEZONE of an IANA zone (RFC 5545 section 3.6.5), for an event that newly refers to it. It
// gives the zone's offsets from start on, without end; before that the present rules, as far as they go back. The text has
// CRLF line ends and no line longer than 75 octets. The TZID is the name as the database spells it; the errors are those
// of IANA.
func (r *Rules) PrintVTimezone(name string, start time.Time) (string, error) {
	z, err := r.IANA(name)
	if err != nil {
		return "", err
	}
	if year := start.UTC().Year(); year <= observedSince {
		return printVTimezone(z.name, since(observe(z, year-1), start.Unix())), nil
	}
	r.mu.RLock()
	all := r.observed[z.name]
	r.mu.RUnlock()
	if all == nil {
		all = observe(z, observedSince)
		r.mu.Lock()
		r.observed[z.name] = all
		r.mu.Unlock()
	}
	return printVTimezone(z.name, since(all, start.Unix())), nil
}

func printVTimezone(tzid string, all []observed) string {
	var text strings.Builder
	line := func(format string, values ...any) {
		folded := fmt.Sprintf(format, values...)
		for len(folded) > maxLine {
			text.WriteString(folded[:maxLine] + "\r\n")
			folded = " " + folded[maxLine:]
		}
		text.WriteString(folded + "\r\n")
	}
	line("BEGIN:VTIMEZONE")
	line("TZID:%s", tzid)
	for _, o := range all {
		kind := "STANDARD"
		if o.daylight {
			kind = "DAYLIGHT"
		}
		line("BEGIN:%s", kind)
		line("TZOFFSETFROM:%s", printOffset(o.from))
		line("TZOFFSETTO:%s", printOffset(o.to))
		line("TZNAME:%s", o.name)
		line("DTSTART:%s", printLocal(o.changes[0], o.from))
		switch {
		case o.endless:
			line("RRULE:%s", o.rule)
		case o.rule != "":
			line("RRULE:%s;UNTIL=%sZ", o.rule, printLocal(o.changes[len(o.changes)-1], 0))
		default:
			for dates := range slices.Chunk(o.changes[1:], 4) { // four fit into a line
				var values []string
				for _, at := range dates {
					values = append(values, printLocal(at, o.from))
				}
				line("RDATE:%s", strings.Join(values, ","))
			}
		}
		line("END:%s", kind)
	}
	line("END:VTIMEZONE")
	return text.String()
}

func printLocal(at int64, offset int) string {
	return time.Unix(at+int64(offset), 0).UTC().Format("20060102T150405")
}

// printOffset writes a UTC-OFFSET; seconds, which occur before 1972 only, where there are any.
func printOffset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf("%02d", seconds%60)
	}
	return text
}
