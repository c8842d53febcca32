package ical

import (
	"strings"
	"unicode/utf8"
)

// Parse reads calendar text. Whatever it reads prints as it was; what could not be understood is in Text.Problems. The
// error is a *LimitError for a text over a total limit, or ErrUTF16.
func Parse(text []byte, limits Limits) (*Text, error) {
	if len(text) > limits.Bytes {
		return nil, &LimitError{Limit: "bytes", Max: limits.Bytes}
	}
	source := string(text)
	if err := checkEncoding(source); err != nil {
		return nil, err
	}
	t := &Text{bareCR: bareCREndsLines(source)}
	t.root.text = t
	b := builder{limits: limits, text: t, source: source, allUTF8: utf8.ValidString(source)}
	b.slab = min(strings.Count(source, "\n")+1, 1024)
	b.nodes = make([]node, b.slab)
	lines := lines{text: source, bareCR: t.bareCR, number: 1}
	for line, ok := lines.next(); ok; line, ok = lines.next() {
		if err := b.add(line); err != nil {
			return nil, err
		}
	}
	t.lineEnd = lineEndOf(lines.kinds)
	b.finish()
	t.problems = b.problems
	return t, nil
}

// lineEndOf is the line end of a text in which these were seen.
func lineEndOf(kinds uint8) string {
	switch kinds {
	case endsLF:
		return "\n"
	case endsCR:
		return "\r"
	}
	return "\r\n"
}
