package ical

import (
	"slices"
	"strings"
)

// A builder makes a tree out of content lines.
type builder struct {
	limits   Limits
	text     *Text
	source   string // what the lines at hand stand in
	allUTF8  bool   // source is UTF-8
	count    int    // content lines so far
	open     []openComponent
	skipped  int  // components open within the innermost of open and not looked at
	strayed  bool // the line before stood outside of any component
	problems []Problem

	// Lines in a row that are kept and not looked at share a node.
	other                *node
	otherStart, otherEnd int // in source

	// Of a stream.
	stream bool
	parts  []Part // complete

	slab       int         // nodes that are made at once
	nodes      []node      // to be used
	components []Component // to be used
	found      bool        // there was one
}

// An openComponent has had its BEGIN. The lines of one that stands in no other, or in a VCALENDAR, are counted together with
// those of the components in it.
type openComponent struct {
	*Component
	lines, bytes int
	full         bool // a limit was exceeded and said
}

// current is the innermost open component, or the root.
func (b *builder) current() *Component {
	if len(b.open) > 0 {
		return b.open[len(b.open)-1].Component
	}
	return &b.text.root
}

// counted is the open component that counts lines at hand.
func (b *builder) counted() *openComponent {
	for i := range b.open {
		if b.open[i].name != "VCALENDAR" {
			return &b.open[i]
		}
	}
	return &b.open[len(b.open)-1]
}

func (b *builder) problem(p Problem) {
	if p.Component == nil && len(b.open) > 0 {
		p.Component = b.current()
	}
	b.problems = append(b.problems, p)
}

// add takes the next content line.
func (b *builder) add(line contentLine) error {
	if b.count++; b.count > b.limits.Lines && !b.stream {
		return &LimitError{Limit: "lines", Max: b.limits.Lines}
	}
	if !line.folded && line.first == line.start { // blank
		if len(b.open) > 0 {
			b.weigh(line)
		}
		b.keep(line, otherNode)
		return nil
	}
	n := b.newNode(line)
	if b.stream && n.component.name == "VCALENDAR" {
		n.raw = strings.Clone(n.raw) // not to hold a block of the stream as long as the calendar is open
	}
	var code Code
	if len(n.raw) > b.limits.LineBytes || line.cut {
		code = LineTooLong
		n.nameLong(b.source[line.start:line.first])
	} else {
		code = n.scan(line.first - line.start)
	}
	name := n.head[:n.nameEnd]
	switch {
	case n.kind == propertyNode && len(name) == len("BEGIN") && strings.EqualFold(name, "BEGIN"):
		b.begin(n, line)
	case n.kind == propertyNode && len(name) == len("END") && strings.EqualFold(name, "END"):
		b.end(n, line)
	case len(b.open) == 0:
		b.outside(line, Outside)
	case b.skipped > 0:
		b.skip(line)
	case !b.room(line):
		b.keep(line, passedNode)
	case n.kind == propertyNode:
		if code != "" {
			b.problem(Problem{Code: code, Line: line.number, Property: strings.ToUpper(name)})
		}
		if !b.allUTF8 && !n.isUTF8() {
			b.problem(Problem{Code: NotUTF8, Line: line.number, Property: strings.ToUpper(name)})
		}
		b.append(n)
	default:
		p := Problem{Code: code, Line: line.number, Property: strings.ToUpper(name)}
		if code == LineTooLong {
			p.Max = b.limits.LineBytes
		}
		b.problem(p)
		b.keep(line, otherNode)
	}
	return nil
}

// nameLong reads the name of a line that is too long to be looked at.
func (n *node) nameLong(first string) {
	h := splitHead(first[:min(len(first), 100)])
	n.head = first[h.start:h.nameEnd]
	n.nameEnd = int32(len(n.head))
}

// newNode prepares a node for a line. It is taken by append; if it is not, the next line gets it.
func (b *builder) newNode(line contentLine) *node {
	if len(b.nodes) == 0 {
		b.slab = min(2*b.slab, 1024)
		b.nodes = make([]node, b.slab)
	}
	n := &b.nodes[0]
	*n = node{raw: b.source[line.start:line.end], line: int32(line.number), folded: line.folded, bareCR: b.text.bareCR, component: b.current()}
	return n
}

// newSlabs begins to use memory that has nothing in common with that of components before: first twice as many nodes as
// said.
func (b *builder) newSlabs(nodes int) {
	b.slab = nodes
	b.nodes, b.components = nil, nil
}

// append takes the node that newNode has made.
func (b *builder) append(n *node) {
	b.current().append(n)
	b.nodes = b.nodes[1:]
}

// keep takes a line as it is.
func (b *builder) keep(line contentLine, kind nodeKind) {
	current := b.current()
	if b.stream && (len(b.open) == 0 || current.name == "VCALENDAR" || b.counted().full) {
		return // what is passed by is not collected
	}
	if b.continues(line) && b.other.kind == kind {
		b.otherEnd = line.end
		b.other.raw = b.source[b.otherStart:line.end]
		return
	}
	n := b.newNode(line)
	n.kind = kind
	b.append(n)
	b.other, b.otherStart, b.otherEnd = n, line.start, line.end
}

// continues reports whether a line follows one that was kept, in the same component.
func (b *builder) continues(line contentLine) bool {
	return b.other != nil && b.current().last == b.other && b.otherEnd == line.start
}

// outside takes a line outside of any component.
func (b *builder) outside(line contentLine, code Code) {
	if !b.strayed {
		b.problem(Problem{Code: code, Line: line.number})
	}
	b.strayed = true
	b.keep(line, otherNode)
}

// room counts a line and reports whether it may still be looked at.
func (b *builder) room(line contentLine) bool {
	c := b.counted()
	if c.lines++; c.lines > b.limits.Properties && !c.full {
		c.full = true
		b.problem(Problem{Code: TooManyProperties, Line: line.number, Component: c.Component, Max: b.limits.Properties})
	}
	return b.weigh(line)
}

// weigh counts the bytes of a line. Those of a text as a whole are bounded, those of a stream are not.
func (b *builder) weigh(line contentLine) bool {
	c := b.counted()
	if c.bytes += line.end - line.start; c.bytes > b.limits.Bytes && b.stream && !c.full {
		c.full = true
		b.problem(Problem{Code: TooLarge, Line: line.number, Component: c.Component, Max: b.limits.Bytes})
	}
	return !c.full
}

// skip passes by a line of a component that is not looked at.
func (b *builder) skip(line contentLine) {
	b.weigh(line)
	b.keep(line, passedNode)
}

// begin takes a BEGIN line.
func (b *builder) begin(n *node, line contentLine) {
	name := componentName((*Property)(n).Value())
	b.strayed = false
	if b.skipped > 0 && !isEntry(name) {
		b.skipped++
		b.skip(line)
		return
	}
	b.skipped = 0
	for around := b.around(name); len(b.open) > around; {
		b.close("")
	}
	inEntry := len(b.open) > 0 && b.counted().name != "VCALENDAR"
	switch {
	case inEntry && !b.room(line):
		b.skipped = 1
		b.keep(line, passedNode)
		return
	case len(b.open) >= b.limits.Depth:
		b.problem(Problem{Code: TooDeep, Line: line.number, Max: b.limits.Depth})
		b.skipped = 1
		b.skip(line)
		return
	}
	if b.stream && !inEntry {
		begin := *n
		if b.newSlabs(8); name == "VCALENDAR" {
			b.newSlabs(1)
		}
		n = b.newNode(line)
		*n = begin
		b.text = &Text{bareCR: b.text.bareCR, lineEnd: b.text.lineEnd}
		b.text.root.text = b.text
	}
	if len(b.components) == 0 {
		b.components = make([]Component, min(b.slab/4+1, 8))
	}
	b.found = true
	c := &b.components[0]
	b.components = b.components[1:]
	*c = Component{text: b.text, parent: b.current(), begin: n, name: name}
	n.kind = componentNode
	n.component = c
	if b.stream && !inEntry {
		c.parent = &b.text.root
		b.nodes = b.nodes[1:]
		b.text.root.append(n)
	} else {
		b.append(n)
	}
	b.open = append(b.open, openComponent{Component: c})
	if !isName(name) {
		b.problem(Problem{Code: BadName, Line: line.number})
	}
}

// end takes an END line.
func (b *builder) end(n *node, line contentLine) {
	name := componentName((*Property)(n).Value())
	if b.skipped > 0 && !isEntry(name) {
		b.skipped--
		b.skip(line)
		return
	}
	for i := len(b.open) - 1; i >= 0; i-- {
		if b.open[i].name != name {
			continue
		}
		b.skipped = 0
		for len(b.open) > i+1 {
			b.close("")
		}
		b.close(n.raw)
		return
	}
	if len(b.open) == 0 {
		b.outside(line, EndWithoutBegin)
		return
	}
	if b.room(line) {
		b.problem(Problem{Code: EndWithoutBegin, Line: line.number})
	}
	b.keep(line, otherNode)
}

// close ends the innermost open component, with its END line or without.
func (b *builder) close(end string) {
	last := len(b.open) - 1
	c := b.open[last].Component
	c.end = end
	if end == "" {
		b.problem(Problem{Code: MissingEnd, Line: c.Line()})
		c.giveUpEntries()
	}
	b.open = b.open[:last]
	if b.stream {
		b.part(c)
	}
}

// giveUpEntries ends a component that may hold anything, and has no END, before the first VEVENT or the like in it: that and
// what follows stands in the component around.
func (c *Component) giveUpEntries() {
	if isEntry(c.name) {
		return
	}
	var last *node
	for n := c.first; n != nil; last, n = n, n.next {
		if n.kind != componentNode || !isEntry(n.component.name) {
			continue
		}
		if last == nil {
			c.first = nil
		} else {
			last.next = nil
		}
		c.parent.last.next, c.parent.last = n, c.last
		c.last = last
		for ; n != nil; n = n.next {
			switch {
			case n.kind == componentNode:
				n.component.parent = c.parent
			case c.parent.begin == nil:
				n.kind = otherNode // a property stands in a component
			default:
				n.component = c.parent
			}
		}
		return
	}
}

// finish ends what is open.
func (b *builder) finish() {
	b.skipped = 0
	for len(b.open) > 0 {
		b.close("")
	}
	if !b.stream && !b.found {
		b.problem(Problem{Code: NoComponent, Line: 1})
	}
	slices.SortStableFunc(b.problems, func(p, q Problem) int { return p.Line - q.Line })
}

// isEntry holds for the components that stand in a VCALENDAR or in nothing (RFC 5545 section 3.6, RFC 7953), and for it.
func isEntry(name string) bool {
	switch name {
	case "VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY":
		return true
	}
	return false
}

// around is how many of the open components may stand around one of a name. Nothing stands around a VCALENDAR, and neither
// another entry nor a part of one around an entry. What the RFCs do not know may stand in anything and hold anything else.
func (b *builder) around(name string) int {
	for i := range b.open {
		outer := b.open[i].name
		if name == "VCALENDAR" || isEntry(name) && outer != "VCALENDAR" && (isEntry(outer) || isPart(outer)) {
			return i
		}
	}
	if last := len(b.open) - 1; last >= 0 && isPart(name) && isPart(b.open[last].name) {
		return last
	}
	return len(b.open)
}

// isPart holds for the components that stand in an entry and hold no others of them.
func isPart(name string) bool { return name == "VALARM" || name == "STANDARD" || name == "DAYLIGHT" }

// componentName is the name that a BEGIN or END line gives, in upper case.
func componentName(value string) string { return strings.ToUpper(trimName(withoutControls(value))) }
