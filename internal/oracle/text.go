package oracle

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// component is one component directly within a VCALENDAR, or the calendar's own lines with name "".
type component struct {
	name  string
	lines []string // unfolded, those of components inside it included
}

// row is the first own line of a property; depth counts what is nested.
func (c *component) row(property string) (string, bool) {
	depth := 0
	for _, line := range c.lines {
		switch name := nameOf(line); {
		case name == "BEGIN":
			depth++
		case name == "END":
			depth--
		case depth == 0 && name == property:
			return line, true
		}
	}
	return "", false
}

func (c *component) value(property string) string {
	line, _ := c.row(property)
	return valueOf(line)
}

// nameOf is a content line's property name in capitals.
func nameOf(line string) string {
	if end := strings.IndexAny(line, ";:"); end >= 0 {
		return strings.ToUpper(line[:end])
	}
	return ""
}

// valueOf is what stands behind the first colon outside quotes.
func valueOf(line string) string {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ':' && !quoted:
			return line[i+1:]
		}
	}
	return ""
}

// parameterOf is the value of one parameter of a line.
func parameterOf(line, name string) string {
	head := strings.TrimSuffix(line, valueOf(line))
	for _, part := range strings.Split(strings.TrimSuffix(head, ":"), ";")[1:] {
		if key, value, ok := strings.Cut(part, "="); ok && strings.EqualFold(key, name) {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// unfold splits text into content lines without their folds.
func unfold(body string) []string {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	body = strings.ReplaceAll(strings.ReplaceAll(body, "\n ", ""), "\n\t", "")
	return strings.Split(strings.TrimRight(body, "\n"), "\n")
}

// split takes a text apart into the calendar's own lines, first, and its components.
func split(body string) []component {
	parts := []component{{}}
	depth := 0
	for _, line := range unfold(body) {
		switch nameOf(line) {
		case "BEGIN":
			depth++
			if depth == 2 {
				parts = append(parts, component{name: strings.ToUpper(strings.TrimSpace(valueOf(line)))})
				continue
			}
		case "END":
			depth--
			if depth == 1 {
				continue
			}
		}
		if depth >= 2 {
			last := &parts[len(parts)-1]
			last.lines = append(last.lines, line)
		} else {
			parts[0].lines = append(parts[0].lines, line)
		}
	}
	return parts
}

// event is what the judge sees in a resource.
type event struct {
	uid       string
	single    bool // one VEVENT that does not recur
	other     bool // no VEVENT at all
	subject   string
	text      string // description
	when      string // one form, see forms
	unknown   bool   // a time in a zone that is not known here
	cancelled bool
}

func read(body string) event {
	var e event
	events := 0
	for _, part := range split(body) {
		if part.name == "" || part.name == "VTIMEZONE" {
			continue
		}
		if e.uid == "" {
			e.uid = part.value("UID")
		}
		if part.name != "VEVENT" {
			continue
		}
		events++
		recurs := false
		for _, property := range []string{"RRULE", "RDATE", "RECURRENCE-ID"} {
			_, has := part.row(property)
			recurs = recurs || has
		}
		e.single = events == 1 && !recurs
		e.subject, e.text = plainText(part.value("SUMMARY")), plainText(part.value("DESCRIPTION"))
		e.cancelled = strings.EqualFold(part.value("STATUS"), "CANCELLED")
		e.when, e.unknown = eventForm(&part)
	}
	e.other = events == 0
	return e
}

// unit is one unit's value as a form that compares.
func (e *event) unit(u Unit) string {
	switch u {
	case Subject:
		return e.subject
	case Description:
		return e.text
	}
	return e.when
}

var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";")

// plainText is a TEXT value in the normal form that both sides are compared in.
func plainText(value string) string { return normal(unescape.Replace(value)) }

func normal(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return norm.NFC.String(text)
}
