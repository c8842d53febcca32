package sandbox

import (
	"strings"
	"time"
	"unicode/utf8"
)

// contentLine is one content line of calendar text with the folds and the line end it was written with.
type contentLine struct {
	raw  string
	text string // unfolded, without its line end
}

// name is what stands before the first parameter or value, in capitals.
func (l contentLine) name() string {
	end := strings.IndexAny(l.text, ";:")
	if end < 0 {
		return ""
	}
	return strings.ToUpper(l.text[:end])
}

// value is what stands behind the first colon outside quotes.
func (l contentLine) value() string {
	quoted := false
	for i := 0; i < len(l.text); i++ {
		switch l.text[i] {
		case '"':
			quoted = !quoted
		case ':':
			if !quoted {
				return l.text[i+1:]
			}
		}
	}
	return ""
}

// parameters is what stands between the name and the value.
func (l contentLine) parameters() string {
	value := l.value()
	head := strings.TrimSuffix(strings.TrimSuffix(l.text, value), ":")
	if at := strings.IndexByte(head, ';'); at >= 0 {
		return head[at:]
	}
	return ""
}

// parameter is the value of one parameter, "" without it.
func (l contentLine) parameter(name string) string {
	for _, part := range strings.Split(l.parameters(), ";") {
		if key, value, ok := strings.Cut(part, "="); ok && strings.EqualFold(key, name) {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// contentLines splits text into its content lines (RFC 5545 section 3.1), with LF or CRLF ends.
func contentLines(body string) []contentLine {
	var lines []contentLine
	for len(body) > 0 {
		end, folded := 0, false
		for {
			at := strings.IndexByte(body[end:], '\n')
			if at < 0 {
				end = len(body)
				break
			}
			end += at + 1
			if end >= len(body) || (body[end] != ' ' && body[end] != '\t') {
				break
			}
			folded = true
		}
		raw := body[:end]
		text := strings.TrimRight(raw, "\r\n")
		if folded {
			text = unfold(text)
		}
		lines = append(lines, contentLine{raw, text})
		body = body[end:]
	}
	return lines
}

func unfold(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "\n") {
		if i > 0 {
			part = part[1:]
		}
		b.WriteString(strings.TrimSuffix(part, "\r"))
	}
	return b.String()
}

// fold writes a content line in pieces of at most 75 octets that end between characters.
func fold(b *strings.Builder, text string) {
	room := 75
	for len(text) > room {
		cut := room
		for cut > 1 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		b.WriteString(text[:cut])
		b.WriteString("\r\n ")
		text, room = text[cut:], 74
	}
	b.WriteString(text)
	b.WriteString("\r\n")
}

// firstEvent is where the own lines of the first VEVENT lie: the lines between start and end whose nested[i] is false.
func firstEvent(lines []contentLine) (start, end int, nested []bool) {
	nested = make([]bool, len(lines))
	start, end = -1, -1
	depth := 0
	for i, line := range lines {
		name, value := line.name(), strings.ToUpper(strings.TrimSpace(line.value()))
		switch {
		case start < 0:
			if name == "BEGIN" && value == "VEVENT" {
				start = i + 1
			}
		case name == "BEGIN":
			depth++
			nested[i] = true
		case name == "END" && depth > 0:
			depth--
			nested[i] = true
		case name == "END":
			return start, i, nested
		default:
			nested[i] = depth > 0
		}
	}
	return start, end, nested
}

func setLine(body, line string) string {
	lines := contentLines(body)
	start, end, nested := firstEvent(lines)
	if end < 0 {
		return body
	}
	var fresh strings.Builder
	fold(&fresh, line)
	at, instead := end, false
	for i := start; i < end; i++ {
		if !nested[i] && lines[i].name() == (contentLine{text: line}).name() {
			at, instead = i, true
			break
		}
	}
	var b strings.Builder
	for i, old := range lines {
		if i == at {
			b.WriteString(fresh.String())
			if instead {
				continue
			}
		}
		b.WriteString(old.raw)
	}
	return b.String()
}

func dropLine(body, property string) string {
	lines := contentLines(body)
	start, end, nested := firstEvent(lines)
	var b strings.Builder
	dropped := false
	for i, line := range lines {
		if !dropped && i >= start && i < end && !nested[i] && line.name() == strings.ToUpper(property) {
			dropped = true
			continue
		}
		b.WriteString(line.raw)
	}
	return b.String()
}

func lineOf(body, property string) string {
	lines := contentLines(body)
	start, end, nested := firstEvent(lines)
	for i := start; i >= 0 && i < end; i++ {
		if !nested[i] && lines[i].name() == strings.ToUpper(property) {
			return lines[i].value()
		}
	}
	return ""
}

// reading is what a server looks at in the text of a calendar object resource.
type reading struct {
	uid       string
	component string // the first that is no VTIMEZONE
	organizer string
	attendees []contentLine
	sequence  int
	span      span
	defects   map[Defect]bool
	rows      []contentLine // of the first component
}

// span is when a component takes place: half-open, widened where a zone or a rule would have to be known.
type span struct {
	start, end time.Time
	open       bool // recurs without an end that is looked at
}

func (s span) overlaps(from, until time.Time) bool {
	if s.start.IsZero() {
		return true
	}
	return (until.IsZero() || s.start.Before(until)) && (s.open || from.IsZero() || s.end.After(from))
}

// read looks at a text line by line. What is wrong with it comes as defects.
func read(body string) reading {
	r := reading{defects: map[Defect]bool{}}
	if strings.TrimSpace(body) == "" {
		r.defects[DefectEmpty] = true
		return r
	}
	if !utf8.ValidString(body) {
		r.defects[DefectNotText] = true
	}
	lines := contentLines(strings.TrimPrefix(body, "\ufeff"))
	if lines[0].name() != "BEGIN" || !strings.EqualFold(strings.TrimSpace(lines[0].value()), "VCALENDAR") {
		r.defects[DefectNotCalendar] = true
		return r
	}
	var open []string
	type part struct{ uid, start, end, duration, rule, recurrence contentLine }
	var current *part
	masters, parts := 0, 0
	uids := map[string]bool{}
	for _, line := range lines {
		name := line.name()
		value := strings.ToUpper(strings.TrimSpace(line.value()))
		switch name {
		case "BEGIN":
			open = append(open, value)
			if len(open) == 2 && value != "VTIMEZONE" {
				current = &part{}
				parts++
				if r.component == "" {
					r.component = value
				}
			}
			continue
		case "END":
			if len(open) == 0 || open[len(open)-1] != value {
				r.defects[DefectCut] = true
				return r
			}
			open = open[:len(open)-1]
			if len(open) == 1 && current != nil {
				r.judge(value, current.uid, current.start, current.end, current.duration, current.rule)
				uids[current.uid.value()] = true
				if current.recurrence.text == "" {
					masters++
				}
				current = nil
			}
			continue
		case "METHOD":
			if len(open) == 1 {
				r.defects[DefectMethod] = true
			}
		}
		if len(open) != 2 || current == nil {
			continue
		}
		if parts == 1 {
			r.rows = append(r.rows, line)
		}
		switch name {
		case "UID":
			current.uid = line
			if r.uid == "" {
				r.uid = line.value()
			}
		case "DTSTART":
			current.start = line
		case "DTEND", "DUE":
			current.end = line
		case "DURATION":
			current.duration = line
		case "RRULE":
			current.rule = line
		case "RECURRENCE-ID":
			current.recurrence = line
		case "ORGANIZER":
			r.organizer = line.value()
		case "ATTENDEE":
			if parts == 1 {
				r.attendees = append(r.attendees, line)
			}
		case "SEQUENCE":
			if parts == 1 {
				for _, digit := range value {
					r.sequence = min(r.sequence*10+int(digit-'0'), 1<<30)
				}
			}
		}
		if name == "RRULE" || name == "RDATE" {
			r.span.open = true
		}
	}
	if len(open) > 0 {
		r.defects[DefectCut] = true
	}
	if parts == 0 {
		r.defects[DefectNoComponent] = true
	}
	if len(uids) > 1 {
		r.defects[DefectTwoUIDs] = true
	}
	if parts > 0 && masters == 0 {
		r.defects[DefectNoMaster] = true
	}
	return r
}

// judge looks at one component.
func (r *reading) judge(component string, uid, start, end, duration, rule contentLine) {
	if uid.value() == "" {
		r.defects[DefectNoUID] = true
	}
	if rule.text != "" && !knownFrequency(rule.value()) {
		r.defects[DefectFrequency] = true
	}
	from, kind := calendarTime(start)
	switch {
	case start.text == "":
		if component == "VEVENT" {
			r.defects[DefectNoStart] = true
		}
	case kind == noTime:
		r.defects[DefectBadStart] = true
	default:
		until, _ := calendarTime(end)
		if kind != dateTime {
			if !until.After(from) {
				until = from.Add(24 * time.Hour)
			}
		} else if component == "VEVENT" && !until.After(from) && (duration.text == "" || strings.Trim(duration.value(), "PTDHMSW0+-") == "") {
			r.defects[DefectNoLength] = true
		}
		if duration.text != "" {
			until = from.Add(366 * 24 * time.Hour) // looked at as the longest that is usual
		}
		// Zones are not looked at: any may be 14 hours away.
		if !strings.HasSuffix(start.text, "Z") {
			from, until = from.Add(-14*time.Hour), until.Add(14*time.Hour)
		}
		if r.span.start.IsZero() || from.Before(r.span.start) {
			r.span.start = from
		}
		if until.After(r.span.end) {
			r.span.end = until
		}
		if !until.After(from) && from.Add(time.Second).After(r.span.end) {
			r.span.end = from.Add(time.Second)
		}
	}
}

func knownFrequency(rule string) bool {
	for _, part := range strings.Split(strings.ToUpper(rule), ";") {
		if value, ok := strings.CutPrefix(part, "FREQ="); ok {
			switch value {
			case "SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY":
				return true
			}
		}
	}
	return false
}

type timeKind int

const (
	noTime timeKind = iota
	dateOnly
	dateTime
)

// calendarTime reads a DATE or DATE-TIME as if it were UTC.
func calendarTime(line contentLine) (time.Time, timeKind) {
	value := strings.TrimSpace(line.value())
	if at, err := time.Parse("20060102", value); err == nil {
		return at, dateOnly
	}
	if at, err := time.Parse("20060102T150405", strings.TrimSuffix(value, "Z")); err == nil {
		return at, dateTime
	}
	return time.Time{}, noTime
}
