package ical

import (
	"iter"
	"strings"
)

// A Component is what stands between BEGIN and END: a VCALENDAR, VEVENT, VALARM, ...
type Component struct {
	text        *Text
	parent      *Component // the root of the text where it stands in no other
	begin       *node      // its own line in parent
	first, last *node
	end         string // its END line; empty where it is missing
	name        string
}

// A node is a line of a component, or a component in it with its BEGIN line.
type node struct {
	raw       string     // as printed: folds and line end included
	head      string     // of a property: name and parameters, unfolded, without the colon
	next      *node      // in the same component
	component *Component // of a componentNode the component itself, else the one it stands in
	value     int32      // of a property: where in raw its value begins
	line      int32      // from 1; 0 where it was not parsed
	nameEnd   int32      // of a property: in head
	kind      nodeKind
	folded    bool
	bareCR    bool // a bare CR in raw ends a physical line
}

type nodeKind uint8

const (
	otherNode  nodeKind = iota // lines that are no properties, or blank
	passedNode                 // lines beyond a limit: also unclosed components
	propertyNode
	componentNode
)

// Name is the component's name in upper case.
func (c *Component) Name() string { return c.name }

// Line is the number of its BEGIN line, from 1; 0 where it was not parsed.
func (c *Component) Line() int {
	if c.begin == nil {
		return 0
	}
	return int(c.begin.line)
}

// Parent is the component around this one; false where there is none.
func (c *Component) Parent() (*Component, bool) {
	if c.parent == nil || c.parent.begin == nil {
		return nil, false
	}
	return c.parent, true
}

// Property is the first property of a name, which is compared without regard to case.
func (c *Component) Property(name string) (p *Property, found bool) {
	for n := c.first; n != nil; n = n.next {
		if n.kind == propertyNode && int(n.nameEnd) == len(name) && strings.EqualFold(n.head[:n.nameEnd], name) {
			return (*Property)(n), true
		}
	}
	return nil, false
}

// Properties yields the properties in order; with names, only those of these names. The one at hand may be removed.
func (c *Component) Properties(names ...string) iter.Seq[*Property] {
	return func(yield func(*Property) bool) {
		for n := c.first; n != nil; {
			next := n.next
			if n.kind == propertyNode && n.hasName(names) && !yield((*Property)(n)) {
				return
			}
			n = next
		}
	}
}

// Components yields the components in this one, in order; with names, only those of these names. The one at hand may be
// removed.
func (c *Component) Components(names ...string) iter.Seq[*Component] {
	return func(yield func(*Component) bool) {
		for n := c.first; n != nil; {
			next := n.next
			if n.kind == componentNode && n.component.hasName(names) && !yield(n.component) {
				return
			}
			n = next
		}
	}
}

// TextOf is the text of the first property of a name; false where there is none.
func (c *Component) TextOf(name string) (text string, found bool) {
	p, found := c.Property(name)
	if !found {
		return "", false
	}
	return p.Text(), true
}

// Print is the component alone, from BEGIN to END.
func (c *Component) Print() []byte {
	p := printer{text: c.text}
	c.measure(&p.size)
	p.out = make([]byte, 0, p.size)
	if c.begin != nil {
		p.line(c.begin.raw)
	}
	p.component(c)
	return p.out
}

// measure counts the bytes of a component as printed.
func (c *Component) measure(size *int) {
	for n := c.first; n != nil; n = n.next {
		*size += len(n.raw)
		if n.kind == componentNode {
			n.component.measure(size)
		}
	}
	*size += len(c.end)
	if c.begin != nil {
		*size += 2 // a line end that BEGIN or the last line may lack
	}
}

func (c *Component) hasName(names []string) bool {
	for _, name := range names {
		if strings.EqualFold(c.name, name) {
			return true
		}
	}
	return len(names) == 0
}

func (n *node) hasName(names []string) bool {
	for _, name := range names {
		if strings.EqualFold(n.head[:n.nameEnd], name) {
			return true
		}
	}
	return len(names) == 0
}

// append puts a node at the end of the component.
func (c *Component) append(n *node) {
	if c.last == nil {
		c.first = n
	} else {
		c.last.next = n
	}
	c.last = n
}
