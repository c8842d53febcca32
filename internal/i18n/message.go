package i18n

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// message is one sentence, read.
type message []part

// part is a run of text, or a place when name is not "".
type part struct {
	text  string
	name  string
	form  form
	cases []pluralCase
}

type form int

const (
	asIs form = iota
	asNumber
	asDate
	asPlural
)

// pluralCase is one form of a plural: its name is one, other, or =N.
type pluralCase struct {
	name string
	text message
}

// parseMessage reads a sentence.
func parseMessage(text string) (message, error) {
	m, rest, err := parseParts(text, 0)
	if err == nil && rest != "" {
		err = fmt.Errorf("closing brace without an opening one before %.20q", rest)
	}
	return m, err
}

// parseParts reads up to the end of text, or to the brace that closes the form it stands in.
func parseParts(text string, depth int) (message, string, error) {
	var m message
	for text != "" {
		at := strings.IndexAny(text, "{}")
		if at < 0 {
			if depth > 0 {
				break
			}
			return append(m, part{text: text}), "", nil
		}
		if at > 0 {
			m = append(m, part{text: text[:at]})
		}
		if text[at] == '}' {
			return m, text[at:], nil
		}
		place, rest, err := parsePlace(text[at+1:], depth)
		if err != nil {
			return nil, "", err
		}
		m, text = append(m, place), rest
	}
	if depth > 0 {
		return nil, "", fmt.Errorf("a form is not closed")
	}
	return m, "", nil
}

// parsePlace reads a place, text being what follows its opening brace.
func parsePlace(text string, depth int) (part, string, error) {
	at := strings.IndexAny(text, ",}")
	if at < 0 {
		return part{}, "", fmt.Errorf("a place is not closed: %.20q", text)
	}
	place := part{name: strings.TrimSpace(text[:at])}
	if !validName(place.name) {
		return part{}, "", fmt.Errorf("%.20q is no name of a place", place.name)
	}
	if text[at] == '}' {
		return place, text[at+1:], nil
	}
	text = text[at+1:]
	if at = strings.IndexAny(text, ",}"); at < 0 {
		return part{}, "", fmt.Errorf("place %s is not closed", place.name)
	}
	kind, end := strings.TrimSpace(text[:at]), text[at]
	text = text[at+1:]
	switch {
	case kind == "number" && end == '}':
		place.form = asNumber
		return place, text, nil
	case kind == "date" && end == '}':
		place.form = asDate
		return place, text, nil
	case kind == "plural" && end == ',':
		place.form = asPlural
		return parseCases(place, text, depth)
	}
	return part{}, "", fmt.Errorf("place %s has an unknown form %.20q", place.name, kind)
}

func parseCases(place part, text string, depth int) (part, string, error) {
	for {
		text = strings.TrimLeft(text, " ")
		if rest, closed := strings.CutPrefix(text, "}"); closed {
			if !slices.ContainsFunc(place.cases, func(c pluralCase) bool { return c.name == "other" }) {
				return part{}, "", fmt.Errorf("plural of %s has no form other", place.name)
			}
			return place, rest, nil
		}
		name, rest, found := strings.Cut(text, "{")
		name = strings.TrimSpace(name)
		if !found || !validCase(name) {
			return part{}, "", fmt.Errorf("plural of %s has a form %.20q", place.name, name)
		}
		inner, rest, err := parseParts(rest, depth+1)
		if err != nil {
			return part{}, "", fmt.Errorf("form %s of the plural of %s: %w", name, place.name, err)
		}
		for i := range inner {
			if inner[i].name == place.name && inner[i].form == asIs {
				inner[i].form = asNumber
			}
		}
		place.cases = append(place.cases, pluralCase{name, inner})
		text = strings.TrimPrefix(rest, "}")
	}
}

func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == ""
}

func validCase(name string) bool {
	if figure, exact := strings.CutPrefix(name, "="); exact {
		_, err := strconv.Atoi(figure)
		return err == nil
	}
	return name == "one" || name == "other"
}

// places lists the names of the places, in alphabetical order.
func (m message) places() []string {
	var names []string
	for _, p := range m {
		if p.name != "" {
			names = append(names, p.name)
		}
		for _, c := range p.cases {
			names = append(names, c.text.places()...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (m message) write(out *strings.Builder, lang string, params Params) {
	for _, p := range m {
		value := params[p.name]
		switch {
		case p.name == "":
			out.WriteString(p.text)
		case p.form == asPlural:
			p.plural(lang, value).write(out, lang, params)
		case p.form == asNumber:
			out.WriteString(numberText(lang, value))
		case p.form == asDate:
			out.WriteString(dateText(lang, value))
		default:
			out.WriteString(value)
		}
	}
}

// plural is the form for a value. Dutch and English have one for 1; French for 0 and 1 (Unicode CLDR plural rules).
func (p part) plural(lang, value string) message {
	n, err := strconv.Atoi(value)
	one := err == nil && (n == 1 || lang == French && n == 0)
	var other message
	for _, c := range p.cases {
		switch {
		case err == nil && c.name == "="+strconv.Itoa(n), c.name == "one" && one:
			return c.text
		case c.name == "other":
			other = c.text
		}
	}
	return other
}
