package sandbox

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	spaceDAV    = "DAV:"
	spaceCalDAV = "urn:ietf:params:xml:ns:caldav"
	spaceServer = "http://calendarserver.org/ns/"
	spaceApple  = "http://apple.com/ns/ical/"
	spaceNC     = "http://nextcloud.com/ns"
)

// prefixes are those that every document of ours declares.
var prefixes = map[string]string{spaceDAV: "D", spaceCalDAV: "C", spaceServer: "CS", spaceApple: "A"}

const declarations = ` xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"`

const prolog = `<?xml version="1.0" encoding="utf-8"?>` + "\n"

// node is one element of a request's body.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string // all text directly within
	children []*node
}

var (
	errDoctype = errors.New("document type declarations are not accepted")
	errDepth   = errors.New("elements too deep")
)

// parseXML reads a request's body. nil without error is an empty body.
func parseXML(body []byte) (*node, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	var root *node
	var open []*node
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if root == nil || len(open) > 0 {
				return nil, io.ErrUnexpectedEOF
			}
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, errDoctype
		case xml.StartElement:
			if len(open) > 64 {
				return nil, errDepth
			}
			n := &node{name: token.Name, attrs: token.Copy().Attr}
			if len(open) > 0 {
				parent := open[len(open)-1]
				parent.children = append(parent.children, n)
			} else if root == nil {
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(token)
			}
		}
	}
}

func (n *node) child(space, local string) *node {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name.Space == space && c.name.Local == local {
			return c
		}
	}
	return nil
}

func (n *node) attr(local string) string {
	for _, a := range n.attrs {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

func (n *node) value() string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(n.text)
}

// textWriter is what escaped text goes into.
type textWriter interface {
	WriteString(string) (int, error)
	WriteByte(byte) error
}

// special marks the bytes that cannot stand as they are in XML text: 1 is escaped, 2 is no character of XML 1.0.
var special = func() (table [256]byte) {
	for b := range 0x20 {
		table[b] = 2
	}
	table['\t'], table['\n'], table['\r'] = 0, 0, 1
	table['&'], table['<'], table['>'] = 1, 1, 1
	table[0xEF] = 1 // may begin U+FFFE, U+FFFF
	return table
}()

// writeText writes XML text. A carriage return goes out as it is, as all servers seen do, or as a reference. What XML cannot
// hold becomes U+FFFD.
func writeText(w textWriter, text string, crReference bool) {
	from := 0
	for i := 0; i < len(text); i++ {
		class := special[text[i]]
		if class == 0 {
			continue
		}
		instead := ""
		switch text[i] {
		case '&':
			instead = "&amp;"
		case '<':
			instead = "&lt;"
		case '>':
			instead = "&gt;"
		case '\r':
			if !crReference {
				continue
			}
			instead = "&#13;"
		case 0xEF:
			if r, _ := utf8.DecodeRuneInString(text[i:]); r != 0xFFFE && r != 0xFFFF {
				continue
			}
			w.WriteString(text[from:i])
			w.WriteString("\uFFFD")
			from, i = i+3, i+2
			continue
		default:
			instead = "\uFFFD"
		}
		w.WriteString(text[from:i])
		w.WriteString(instead)
		from = i + 1
	}
	w.WriteString(text[from:])
}

func escape(text string) string {
	var b strings.Builder
	writeText(&b, strings.ToValidUTF8(text, "\uFFFD"), false)
	return strings.ReplaceAll(b.String(), `"`, "&quot;")
}

// element writes an element by its name, with XML inside.
func element(name xml.Name, inner string) string {
	open, end := tag(name)
	if inner == "" {
		return open[:len(open)-1] + "/>"
	}
	return open + inner + end
}

func tag(name xml.Name) (open, end string) {
	if prefix, ok := prefixes[name.Space]; ok {
		return "<" + prefix + ":" + name.Local + ">", "</" + prefix + ":" + name.Local + ">"
	}
	if name.Space == "" {
		return "<" + name.Local + ` xmlns="">`, "</" + name.Local + ">"
	}
	return "<X:" + name.Local + ` xmlns:X="` + escape(name.Space) + `">`, "</X:" + name.Local + ">"
}

func davElement(local, inner string) string {
	return element(xml.Name{Space: spaceDAV, Local: local}, inner)
}
func calElement(local, inner string) string {
	return element(xml.Name{Space: spaceCalDAV, Local: local}, inner)
}
func hrefElement(href string) string { return "<D:href>" + escape(href) + "</D:href>" }
