package ical

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A ValueError says why a value could not be read, or may not be written.
type ValueError struct {
	Type   string // of RFC 5545 section 3.3: "DATE-TIME", "DURATION", ...; empty for one as written
	Reason string
}

func (e *ValueError) Error() string {
	if e.Type == "" {
		return "write value: " + e.Reason
	}
	return "read " + e.Type + ": " + e.Reason
}

// SetText sets the value to a TEXT, in the form of NormalText: line breaks become \n, other control characters go. The
// parameters ENCODING, CHARSET and VALUE, which speak of the value that was, go too, but for VALUE=TEXT; others stay.
func (p *Property) SetText(text string) {
	text = NormalText(text)
	if p.Text() == text {
		return
	}
	params := withParam(p.closedParams(), "ENCODING", "")
	params = withParam(params, "CHARSET", "")
	if !p.hasValueType("TEXT") {
		params = withParam(params, "VALUE", "")
	}
	p.write(params, EscapeText(text))
}

// SetValue sets the value as it is to be written: one of another type than TEXT, or escaped before. It refuses one with
// control characters, line breaks among them, or with octets that are not UTF-8: nothing is changed then.
func (p *Property) SetValue(value string) error {
	if value == p.Value() {
		return nil
	}
	if !utf8.ValidString(value) {
		return &ValueError{Reason: "not UTF-8"}
	}
	if strings.ContainsFunc(value, func(r rune) bool { return isControl(r) || r == '\n' }) {
		return &ValueError{Reason: "a control character or line break"}
	}
	p.write(p.closedParams(), value)
	return nil
}

// SetTime sets value, VALUE and TZID to a time.
func (p *Property) SetTime(t Time) {
	if was, err := p.Time(); err == nil && was == t {
		return
	}
	params := p.closedParams()
	value, _ := p.Param("VALUE")
	switch {
	case t.Kind == AllDay:
		params = withParam(params, "VALUE", ";VALUE=DATE")
	case !strings.EqualFold(value, "DATE-TIME"):
		params = withParam(params, "VALUE", "")
	}
	tzid := ""
	if t.Kind == Zoned {
		tzid = ";TZID=" + writeParam(t.TZID)
	}
	p.write(withParam(params, "TZID", tzid), t.String())
}

// SetParam sets a parameter to a value, or to a list, in the place of the one there is, else after the others; a second
// one of this name goes. Values are encoded (RFC 6868) and quoted as needed. Of the name, characters that no name has are
// left out.
func (p *Property) SetParam(name string, values ...string) {
	normal := make([]string, len(values))
	encoded := make([]string, len(values))
	for i, value := range values {
		normal[i] = NormalText(value)
		encoded[i] = writeParam(value)
	}
	if was, found := p.ParamList(name); found && slices.Equal(was, normal) {
		return
	}
	name = cleanName(name)
	p.write(withParam(p.closedParams(), name, ";"+name+"="+strings.Join(encoded, ",")), p.Value())
}

// RemoveParam takes away all parameters of a name.
func (p *Property) RemoveParam(name string) {
	if _, found := p.Param(name); found {
		p.write(withParam(p.closedParams(), name, ""), p.Value())
	}
}

// Remove takes the property out of its component.
func (p *Property) Remove() { p.component.unlink((*node)(p)) }

// closedParams is what stands between name and colon. Where a quote in it is not closed, the parameters are encoded again:
// the quote would go on in what is written behind it.
func (p *Property) closedParams() string {
	params := p.head[p.nameEnd:]
	if strings.Count(params, `"`)%2 == 0 {
		return params
	}
	var b strings.Builder
	for param := range paramsOf(params) {
		b.WriteString(";" + strings.ReplaceAll(param.name, `"`, "") + "=" + writeParam(readParam(param.value)))
	}
	return b.String()
}

// write writes the line anew.
func (p *Property) write(params, value string) {
	n := (*node)(p)
	text := n.component.text
	line := withoutControls(n.head[:n.nameEnd] + params + ":" + value)
	n.raw = fold(line, text.lineEnd)
	n.folded = len(n.raw) > len(line)+len(text.lineEnd)
	n.bareCR = text.bareCR
	first, _, _ := lineEnd(n.raw, n.bareCR)
	n.scan(first)
}

// withoutControls leaves out what NormalText would, and line feeds; other octets stay, also those that are not UTF-8.
func withoutControls(line string) string {
	clean := func(r rune) bool { return isControl(r) || r == '\n' }
	if !strings.ContainsFunc(line, clean) {
		return line
	}
	var b strings.Builder
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		if r == utf8.RuneError || !clean(r) {
			b.WriteString(line[i : i+size])
		}
		i += size
	}
	return b.String()
}

// cleanName leaves out what no name has. BEGIN and END are no names of properties.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && nameCharacter[r] {
			return r
		}
		return -1
	}, name)
	if name == "" || strings.EqualFold(name, "BEGIN") || strings.EqualFold(name, "END") {
		return "X-" + name
	}
	return name
}

// SetText sets the text of the first property of a name; where there is none, it is added.
func (c *Component) SetText(name, text string) { c.propertyOrNew(name).SetText(text) }

// SetTime sets the time of the first property of a name; where there is none, it is added.
func (c *Component) SetTime(name string, t Time) { c.propertyOrNew(name).SetTime(t) }

// SetValue sets the value of the first property of a name; where there is none, it is added. The error is that of
// Property.SetValue, and then nothing is changed.
func (c *Component) SetValue(name, value string) error {
	if p, found := c.Property(name); found {
		return p.SetValue(value)
	}
	p := c.Add(name)
	err := p.SetValue(value)
	if err != nil {
		p.Remove()
	}
	return err
}

func (c *Component) propertyOrNew(name string) *Property {
	if p, found := c.Property(name); found {
		return p
	}
	return c.Add(name)
}

// Add puts a new property with an empty value after the others: before the components in this one, if there are any. Of
// the name, characters that no name has are left out.
func (c *Component) Add(name string) *Property {
	name = cleanName(name)
	n := &node{head: name, nameEnd: int32(len(name)), component: c}
	(*Property)(n).write("", "")
	before := c.first
	for before != nil && before.kind != componentNode && before.kind != passedNode {
		before = before.next
	}
	c.insert(n, before)
	return (*Property)(n)
}

// RemoveAll takes away the properties of these names and says how many there were.
func (c *Component) RemoveAll(names ...string) (count int) {
	if len(names) == 0 {
		return 0
	}
	for p := range c.Properties(names...) {
		p.Remove()
		count++
	}
	return count
}

// AddComponent puts a new, empty component at the end of this one.
func (c *Component) AddComponent(name string) *Component {
	added := c.text.newComponent(name)
	c.insertComponent(added, nil)
	return added
}

// Insert puts a copy of a component, which may be of another text, into this one: before one that stands in it, else at
// the end. The copy has the lines of the original, with the line end of this text; lines that could not be read stay behind.
// Where components beside it, or in these, have no END, they are given one: it would end up within them.
func (c *Component) Insert(original, before *Component) *Component {
	inserted := c.text.copyOf(original)
	c.insertComponent(inserted, before)
	return inserted
}

// Remove takes the component, with all in it, out of the one it stands in, or out of its text. Those beside it, and in these,
// that have no END are given one: what follows would end up within them.
func (c *Component) Remove() {
	first := c.begin == c.text.root.first
	c.parent.unlink(c.begin)
	c.parent.closeComponents()
	if first {
		c.text.keepStart()
	}
}

// keepStart sees to it that a text is read as it was where its first line has gone, which decides what a bare CR means and
// whether it is UTF-16: by a blank line in its place.
func (t *Text) keepStart() {
	first := t.root.first
	start := ""
	for n := first; n != nil && len(start) < 4; n = n.next {
		start += n.raw
	}
	if first == nil || !t.bareCR && !bareCREndsLines(first.raw) && checkEncoding(start) == nil {
		return
	}
	blank := &node{raw: "\r\n", component: &t.root}
	if t.bareCR {
		if blank.raw = "\r"; checkEncoding(blank.raw+start) != nil {
			blank.raw = "\r\r"
		}
	}
	t.root.insert(blank, first)
}

func (t *Text) newComponent(name string) *Component {
	c := &Component{text: t, name: componentName(name)}
	c.begin = &node{raw: fold("BEGIN:"+c.name, t.lineEnd), kind: componentNode, component: c}
	c.close()
	return c
}

// close writes the END line.
func (c *Component) close() { c.end = fold("END:"+c.name, c.text.lineEnd) }

// closeComponents writes the END lines that are missing in the components of this one.
func (c *Component) closeComponents() {
	for inner := range c.Components() {
		inner.closeComponents()
		if inner.end == "" {
			inner.close()
		}
	}
}

func (t *Text) copyOf(original *Component) *Component {
	c := t.newComponent(original.name)
	for n := original.first; n != nil; n = n.next {
		switch n.kind {
		case componentNode:
			inner := t.copyOf(n.component)
			inner.parent = c
			c.append(inner.begin)
		case propertyNode:
			copied := &node{raw: n.raw, head: n.head, nameEnd: n.nameEnd, value: n.value, folded: n.folded, bareCR: n.bareCR, kind: n.kind, component: c}
			p := (*Property)(copied)
			if t.wrote(n) {
				copied.bareCR = t.bareCR
			} else {
				p.write(p.closedParams(), p.Value())
			}
			c.append(copied)
		}
	}
	return c
}

// wrote reports whether a property's line could have been written in this text: it begins with the name and has the text's
// line end.
func (t *Text) wrote(n *node) bool {
	if !strings.HasPrefix(n.raw, n.head[:n.nameEnd]) {
		return false
	}
	for rest := n.raw; rest != ""; {
		content, next, _ := lineEnd(rest, t.bareCR)
		if rest[content:next] != t.lineEnd {
			return false
		}
		rest = rest[next:]
	}
	return true
}

func (c *Component) insertComponent(inserted, before *Component) {
	c.closeComponents()
	inserted.parent = c
	if before != nil && before.parent == c {
		c.insert(inserted.begin, before.begin)
	} else {
		c.append(inserted.begin)
	}
}

// insert puts a node before another one of the component; nil is the end.
func (c *Component) insert(n, before *node) {
	if before == nil {
		c.append(n)
		return
	}
	n.next = before
	if c.first == before {
		c.first = n
		return
	}
	at := c.first
	for at.next != before {
		at = at.next
	}
	at.next = n
}

func (c *Component) unlink(n *node) {
	var previous *node
	for at := c.first; at != nil; previous, at = at, at.next {
		if at != n {
			continue
		}
		if previous == nil {
			c.first = n.next
		} else {
			previous.next = n.next
		}
		if c.last == n {
			c.last = previous
		}
		n.next = nil
		return
	}
}
