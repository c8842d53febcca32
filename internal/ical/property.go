package ical

import (
	"strings"
	"unicode/utf8"
)

// A Property is a content line with a name, parameters and a value.
type Property node

// Name is the property's name in upper case.
func (p *Property) Name() string { return strings.ToUpper(p.head[:p.nameEnd]) }

// Line is the number of its first line, from 1; 0 where it was not parsed.
func (p *Property) Line() int { return int(p.line) }

// Component is the one that the property stands in.
func (p *Property) Component() *Component { return p.component }

// Value is the value as written, unfolded: escapes stand, octets that are not UTF-8 too.
func (p *Property) Value() string {
	rest := p.raw[p.value:]
	if p.folded {
		return unfold(rest, p.bareCR)
	}
	content, _, _ := lineEnd(rest, p.bareCR)
	return rest[:content]
}

// Text is the value read as TEXT (RFC 5545 section 3.3.11), in the form of NormalText. Colons and quotes may be
// escaped too; a backslash before anything else is one.
func (p *Property) Text() string { return readText(p.Value()) }

// scan reads name, parameters and place of the value out of n.raw, whose first physical line has its content in
// raw[:first]. It returns the code of what is wrong, or none.
func (n *node) scan(first int) Code {
	line := n.raw[:first]
	h := splitHead(line)
	offset := h.colon + 1
	if n.folded && (h.colon < 0 || h.unquoted) {
		line = unfold(n.raw, n.bareCR)
		h = splitHead(line)
		offset = rawOffset(n.raw, h.colon+1, n.bareCR)
	}
	n.kind = otherNode
	n.head = line[h.start:h.nameEnd]
	n.nameEnd = int32(len(n.head))
	switch {
	case h.colon < 0:
		return NoColon
	case !h.named:
		return BadName
	}
	n.kind = propertyNode
	n.head = line[h.start:h.colon]
	n.value = int32(offset)
	if h.unquoted {
		return BadQuotes
	}
	return ""
}

// isUTF8 looks at the line as it is meant: a fold may stand within a character.
func (n *node) isUTF8() bool {
	return utf8.ValidString(n.raw) || n.folded && utf8.ValidString(unfold(n.raw, n.bareCR))
}
