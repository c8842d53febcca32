package sandbox

import (
	"regexp"
	"sort"
	"strings"
)

// rewrite is what the server stores of a text (Manners.Rewrite).
func (s *Server) rewrite(body string, r reading, owner string) string {
	m := s.manners.Rewrite
	if m == (Rewriting{}) || m == (Rewriting{Silently: true}) {
		return body
	}
	if m.CRLF {
		body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n")
	}
	status := ""
	if m.ScheduleStatus != "" && len(r.attendees) > 0 && s.isOwn(owner, r.organizer) {
		status = ";SCHEDULE-STATUS=" + m.ScheduleStatus
	}
	stamp := s.now().Add(s.manners.ClockOff).UTC().Format("20060102T150405Z")
	var out []contentLine
	var open []string
	alarms := 0
	skip := 0
	stamped := false
	for _, line := range contentLines(body) {
		name, value := line.name(), strings.ToUpper(strings.TrimSpace(line.value()))
		if name == "BEGIN" {
			open = append(open, value)
			stamped = false
			if value == "VALARM" {
				alarms++
				if m.DropAlarms && skip == 0 {
					skip = len(open)
				}
			}
		}
		if name == "END" {
			if len(open) > 0 {
				if skip == len(open) {
					skip = 0
					open = open[:len(open)-1]
					continue
				}
				if value == "VEVENT" && len(open) == 2 {
					if m.MakeUID && r.uid == "" {
						out = append(out, made("UID:"+s.hash(body)))
					}
					if m.Stamp && !stamped {
						out = append(out, made("LAST-MODIFIED:"+stamp))
					}
					if m.AddAlarm && alarms == 0 {
						out = append(out, made("BEGIN:VALARM"), made("ACTION:DISPLAY"), made("DESCRIPTION:This is an event reminder"), made("TRIGGER:-P0DT0H30M0S"), made("END:VALARM"))
					}
					alarms = 0
				}
				open = open[:len(open)-1]
			}
		}
		if skip > 0 {
			continue
		}
		within := len(open) == 2 && open[1] == "VEVENT"
		switch {
		case m.DropX && strings.HasPrefix(name, "X-"):
			continue
		case name == "PRODID" && m.ProductID != "":
			line = made("PRODID:" + m.ProductID)
		case within && m.Stamp && name == "DTSTAMP":
			line = made("DTSTAMP:" + stamp)
		case within && m.Stamp && name == "LAST-MODIFIED":
			line, stamped = made("LAST-MODIFIED:"+stamp), true
		case within && name == "ATTENDEE" && status != "" && line.parameter("SCHEDULE-STATUS") == "" && !strings.EqualFold(line.parameter("SCHEDULE-AGENT"), "CLIENT"):
			line = made("ATTENDEE" + line.parameters() + status + ":" + line.value())
		case within && name == "DESCRIPTION" && m.HTML:
			line = made("DESCRIPTION:" + asHTML(line.value()))
		case within && name == "SUMMARY" && m.SubjectLimit > 0 && len([]rune(line.value())) > m.SubjectLimit:
			line = made("SUMMARY" + line.parameters() + ":" + string([]rune(line.value())[:m.SubjectLimit]))
		}
		if m.DropParameters && within {
			line = withoutExtras(line)
		}
		out = append(out, line)
	}
	if m.Sort {
		sortProperties(out)
	}
	var b strings.Builder
	for _, line := range out {
		if m.Fold {
			fold(&b, line.text)
		} else {
			b.WriteString(line.raw)
		}
	}
	return b.String()
}

// made is a line that the server writes itself.
func made(text string) contentLine {
	var b strings.Builder
	fold(&b, text)
	return contentLine{raw: b.String(), text: text}
}

// ampersands are those of entities, which stay, and bare ones: what was sent as HTML is not made HTML twice.
var ampersands = regexp.MustCompile(`&(?:(?:amp|lt|gt|quot|#\d+)\\?;)?`)

// asHTML turns an escaped text value into one with HTML line breaks, as Google keeps descriptions.
func asHTML(value string) string {
	if strings.Contains(value, "<") {
		return value
	}
	value = ampersands.ReplaceAllStringFunc(strings.ReplaceAll(value, ">", "&gt;"), func(found string) string {
		if found == "&" {
			return "&amp;"
		}
		return found
	})
	return strings.NewReplacer(`\n`, "<br>", `\N`, "<br>").Replace(value)
}

// withoutExtras takes X- parameters and ALTREP away.
func withoutExtras(line contentLine) contentLine {
	parameters := line.parameters()
	if !strings.Contains(strings.ToUpper(parameters), ";X-") && !strings.Contains(strings.ToUpper(parameters), ";ALTREP") {
		return line
	}
	var kept strings.Builder
	for _, part := range strings.Split(strings.TrimPrefix(parameters, ";"), ";") {
		if upper := strings.ToUpper(part); !strings.HasPrefix(upper, "X-") && !strings.HasPrefix(upper, "ALTREP=") {
			kept.WriteString(";" + part)
		}
	}
	return made(line.name() + kept.String() + ":" + line.value())
}

// sortProperties orders the own properties of each component by name; components stay where they are, behind them.
func sortProperties(lines []contentLine) {
	from := 0
	for i, line := range lines {
		if name := line.name(); name != "BEGIN" && name != "END" {
			continue
		}
		run := lines[from:i]
		sort.SliceStable(run, func(a, b int) bool { return run[a].name() < run[b].name() })
		from = i + 1
	}
}
