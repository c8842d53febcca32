package ical

import "iter"

// A Text is iCalendar text: components in a row, usually one VCALENDAR.
type Text struct {
	root     Component // nameless; holds the components and what stands between them
	problems []Problem
	bareCR   bool   // a bare CR ends lines
	lineEnd  string // of lines that are written
}

// New is a text without components, with CRLF as its line end.
func New() *Text {
	t := &Text{lineEnd: "\r\n"}
	t.root.text = t
	return t
}

// Components yields the components that stand in no other, in order; with names, only those of these names.
func (t *Text) Components(names ...string) iter.Seq[*Component] { return t.root.Components(names...) }

// Find yields the components that stand in a VCALENDAR or in nothing, in order: the VEVENTs of a text, whether or not they
// have a calendar around them. With names, only those of these names; a VCALENDAR is never one.
func (t *Text) Find(names ...string) iter.Seq[*Component] {
	return func(yield func(*Component) bool) {
		for n := t.root.first; n != nil; n = n.next {
			if n.kind != componentNode {
				continue
			}
			if n.component.name != "VCALENDAR" {
				if n.component.hasName(names) && !yield(n.component) {
					return
				}
				continue
			}
			for n := n.component.first; n != nil; n = n.next {
				if n.kind == componentNode && n.component.hasName(names) && !yield(n.component) {
					return
				}
			}
		}
	}
}

// Add puts a new, empty component at the end of the text.
func (t *Text) Add(name string) *Component { return t.root.AddComponent(name) }

// Print is the text: the bytes that were parsed where nothing was edited.
func (t *Text) Print() []byte {
	p := printer{text: t}
	t.root.measure(&p.size)
	p.out = make([]byte, 0, p.size+len(t.lineEnd))
	p.component(&t.root)
	return p.out
}

// Append is Print onto the end of out.
func (t *Text) Append(out []byte) []byte {
	p := printer{text: t, out: out, start: len(out)}
	p.component(&t.root)
	return p.out
}

// A printer writes raw lines one after the other.
type printer struct {
	text  *Text
	out   []byte
	start int // of the text in out
	size  int
}

func (p *printer) component(c *Component) {
	for n := c.first; n != nil; n = n.next {
		p.line(n.raw)
		if n.kind == componentNode {
			p.component(n.component)
		}
	}
	p.line(c.end)
}

// line writes lines. Only the last line of a text may have come without line end: what now follows it needs one. Only where
// something was removed do blank lines follow a bare CR, with which they would be one line end: they go.
func (p *printer) line(raw string) {
	if len(p.out) > p.start {
		switch last := p.out[len(p.out)-1]; {
		case last == '\r' && p.text.bareCR:
			for length := lineFeed(raw); length > 0; length = lineFeed(raw) {
				raw = raw[length:]
			}
		case last == '\n' || raw == "":
		case last == '\r':
			p.out = append(p.out, '\n')
		default:
			p.out = append(p.out, p.text.lineEnd...)
		}
	}
	p.out = append(p.out, raw...)
}
