package dav

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What makes an XML body unusable as a whole. A body that ends too early is io.ErrUnexpectedEOF.
var (
	ErrNotXML      = errors.New("not XML")
	ErrMalformed   = errors.New("not well-formed XML")
	ErrDoctype     = errors.New("document type declarations are not accepted")
	ErrEncoding    = errors.New("not in UTF-8")
	ErrTooDeep     = fmt.Errorf("elements more than %d deep", maxDepth)
	ErrTagTooLong  = fmt.Errorf("a tag longer than %d bytes", maxTagBytes)
	ErrTooMany     = errors.New("more members than the limit")
	ErrNotExpected = errors.New("another document than expected")
)

const (
	maxDepth    = 100
	maxTagBytes = 64 << 10
	maxInterned = 1000
)

// scanner reads an XML document element by element in constant memory. It exists beside encoding/xml because that one must
// hold a whole text before anybody can look at it, and fails the whole document for one byte that XML forbids: here a text
// that is too long is skipped, and what an event's text holds (control characters, Latin-1) stays that event's affair. Texts
// keep their line ends, which iCalendar needs. Entities cannot be declared, since a document type is refused.
type scanner struct {
	in     *bufio.Reader
	offset int64

	open     []openElement
	bindings []binding
	selfEnd  bool // the element just opened has no content
	rootSeen bool

	tag      []byte
	nameAttr []byte // the value of the attribute "name" of the element just opened
	names    map[string]string

	text     []byte
	limit    int // of text
	overflow bool
}

type openElement struct {
	qualified string // as its tag was written
	bindings  int    // namespace bindings in force outside of it
}

type binding struct{ prefix, space string }

type event uint8

const (
	eventStart event = iota + 1
	eventEnd
	eventDone
)

func newScanner(in io.Reader) *scanner {
	return &scanner{in: bufio.NewReaderSize(in, 32<<10), names: map[string]string{}}
}

// root opens the document's root element.
func (s *scanner) root() (Name, error) {
	if start, err := s.in.Peek(4); len(start) >= 2 {
		switch {
		case bytes.HasPrefix(start, []byte{0xef, 0xbb, 0xbf}):
			_, _ = s.in.Discard(3)
		case start[0] == 0 || start[1] == 0 || start[0] == 0xfe && start[1] == 0xff || start[0] == 0xff && start[1] == 0xfe:
			return Name{}, ErrEncoding // UTF-16 or UTF-32
		}
	} else if err != nil && !errors.Is(err, io.EOF) {
		return Name{}, err
	}
	kind, name, err := s.next(false)
	if err == nil && kind != eventStart {
		err = ErrNotXML
	}
	return name, err
}

// child opens the next element directly within the open one, whose own end it reports by false.
func (s *scanner) child() (name Name, found bool, err error) {
	kind, name, err := s.next(false)
	return name, kind == eventStart, err
}

// skip passes over the rest of the open element.
func (s *scanner) skip() error {
	for depth := 1; depth > 0; {
		kind, _, err := s.next(false)
		switch {
		case err != nil:
			return err
		case kind == eventStart:
			depth++
		default:
			depth--
		}
	}
	return nil
}

// content is the text of the open element, without that of elements within it, up to limit bytes; whole is false when
// there was more. The bytes are good until the next call.
func (s *scanner) content(limit int) (text []byte, whole bool, err error) {
	s.text, s.limit, s.overflow = s.text[:0], limit, false
	for {
		kind, _, err := s.next(true)
		switch {
		case err != nil:
			return nil, false, err
		case kind == eventEnd:
			return s.text, !s.overflow, nil
		}
		if err := s.skip(); err != nil {
			return nil, false, err
		}
	}
}

// next reads up to and including the next tag. Text before it is kept in s.text or passed over.
func (s *scanner) next(keep bool) (event, Name, error) {
	if s.selfEnd {
		s.selfEnd = false
		s.pop()
		return eventEnd, Name{}, nil
	}
	for {
		if err := s.characters(keep); err != nil {
			if errors.Is(err, io.EOF) && len(s.open) == 0 && s.rootSeen {
				return eventDone, Name{}, nil
			}
			return 0, Name{}, s.truncated(err)
		}
		marker, err := s.in.ReadByte()
		if err != nil {
			return 0, Name{}, s.truncated(err)
		}
		s.offset++
		switch marker {
		case '?':
			err = s.until("?", false)
		case '!':
			err = s.declaration(keep)
		case '/':
			err = s.endTag()
			return eventEnd, Name{}, err
		default:
			if err := s.in.UnreadByte(); err != nil {
				return 0, Name{}, err
			}
			s.offset--
			name, err := s.startTag()
			return eventStart, name, err
		}
		if err != nil {
			return 0, Name{}, err
		}
	}
}

// characters reads text up to and including "<".
func (s *scanner) characters(keep bool) error {
	start := len(s.text)
	for {
		chunk, err := s.in.ReadSlice('<')
		s.offset += int64(len(chunk))
		text := bytes.TrimSuffix(chunk, []byte("<"))
		if !s.rootSeen && len(bytes.TrimSpace(text)) > 0 {
			return ErrNotXML
		}
		if keep {
			s.keep(text)
		}
		switch {
		case err == nil:
			if keep {
				s.text = s.text[:start+len(dereference(s.text[start:]))]
			}
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

func (s *scanner) keep(text []byte) {
	if room := max(s.limit-len(s.text), 0); len(text) > room {
		text, s.overflow = text[:room], true
	}
	s.text = append(s.text, text...)
}

// declaration reads what follows "<!": a comment, a CDATA section, or what is refused.
func (s *scanner) declaration(keep bool) error {
	start, err := s.in.Peek(7)
	switch {
	case bytes.HasPrefix(start, []byte("--")):
		_, _ = s.in.Discard(2)
		s.offset += 2
		return s.until("--", false)
	case bytes.HasPrefix(start, []byte("[CDATA[")) && len(s.open) > 0:
		_, _ = s.in.Discard(7)
		s.offset += 7
		return s.until("]]", keep)
	case len(start) < 7 && err != nil && !bytes.HasPrefix(start, []byte("D")):
		return s.truncated(err)
	}
	return ErrDoctype
}

// until reads up to and including mark and ">".
func (s *scanner) until(mark string, keep bool) error {
	var tail []byte // the last bytes before ">", at most as many as mark has
	for {
		chunk, err := s.in.ReadSlice('>')
		s.offset += int64(len(chunk))
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return s.truncated(err)
		}
		if keep {
			s.keep(chunk)
		}
		tail = append(tail, chunk[max(len(chunk)-len(mark)-1, 0):]...)
		if err == nil && len(tail) > len(mark) && string(tail[len(tail)-1-len(mark):len(tail)-1]) == mark {
			if keep && !s.overflow {
				s.text = s.text[:len(s.text)-len(mark)-1]
			}
			return nil
		}
		tail = append(tail[:0], tail[max(len(tail)-len(mark), 0):]...)
	}
}

// readTag reads a tag's inside up to and including ">" into s.tag.
func (s *scanner) readTag() error {
	s.tag = s.tag[:0]
	var quote byte
	for {
		chunk, err := s.in.ReadSlice('>')
		s.offset += int64(len(chunk))
		s.tag = append(s.tag, chunk...)
		switch {
		case len(s.tag) > maxTagBytes:
			return ErrTagTooLong
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return s.truncated(err)
		}
		for _, c := range chunk {
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '<':
				return s.malformed("a tag within a tag")
			}
		}
		if err == nil && quote == 0 {
			s.tag = s.tag[:len(s.tag)-1]
			return nil
		}
	}
}

func (s *scanner) startTag() (Name, error) {
	if err := s.readTag(); err != nil {
		return Name{}, err
	}
	if len(s.open) == 0 && s.rootSeen {
		return Name{}, s.malformed("a second root element")
	}
	if len(s.open) >= maxDepth {
		return Name{}, ErrTooDeep
	}
	tag, selfEnd := bytes.CutSuffix(s.tag, []byte("/"))
	end := bytes.IndexAny(tag, " \t\r\n/=\"'&")
	if end < 0 {
		end = len(tag)
	}
	if end == 0 {
		return Name{}, s.malformed("a tag without a name")
	}
	qualified := s.intern(tag[:end])
	s.open = append(s.open, openElement{qualified, len(s.bindings)})
	s.selfEnd, s.rootSeen = selfEnd, true
	if err := s.attributes(tag[end:]); err != nil {
		return Name{}, err
	}
	prefix, local, prefixed := strings.Cut(qualified, ":")
	if !prefixed || prefix == "" || local == "" {
		prefix, local = "", qualified
	}
	return Name{Space: s.space(prefix), Local: local}, nil
}

func (s *scanner) attributes(rest []byte) error {
	s.nameAttr = nil
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		equals := bytes.IndexByte(rest, '=')
		if equals <= 0 {
			return s.malformed("an attribute without a value")
		}
		name := bytes.TrimRight(rest[:equals], " \t\r\n")
		rest = bytes.TrimLeft(rest[equals+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return s.malformed("an attribute without quotes")
		}
		closing := bytes.IndexByte(rest[1:], rest[0])
		if closing < 0 {
			return s.malformed("an attribute without end")
		}
		value := dereference(rest[1 : closing+1])
		rest = rest[closing+2:]
		switch prefix, isBinding := bytes.CutPrefix(name, []byte("xmlns")); {
		case isBinding && len(prefix) == 0:
			s.bindings = append(s.bindings, binding{"", s.intern(value)})
		case isBinding && len(prefix) > 1 && prefix[0] == ':':
			s.bindings = append(s.bindings, binding{s.intern(prefix[1:]), s.intern(value)})
		case string(name) == "name":
			s.nameAttr = value
		}
	}
}

// space is the namespace of a prefix; one that is not declared stands for itself, so that it matches nothing we know.
func (s *scanner) space(prefix string) string {
	for i := len(s.bindings) - 1; i >= 0; i-- {
		if s.bindings[i].prefix == prefix {
			return s.bindings[i].space
		}
	}
	return prefix
}

func (s *scanner) endTag() error {
	if err := s.readTag(); err != nil {
		return err
	}
	name := bytes.TrimRight(s.tag, " \t\r\n")
	if len(s.open) == 0 || string(name) != s.open[len(s.open)-1].qualified {
		return s.malformed("an end tag that does not match")
	}
	s.pop()
	return nil
}

func (s *scanner) pop() {
	last := len(s.open) - 1
	s.bindings = s.bindings[:s.open[last].bindings]
	s.open = s.open[:last]
}

// intern keeps one string for each name that comes again and again.
func (s *scanner) intern(text []byte) string {
	if name, known := s.names[string(text)]; known {
		return name
	}
	name := string(text)
	if len(s.names) < maxInterned {
		s.names[name] = name
	}
	return name
}

func (s *scanner) malformed(what string) error {
	return fmt.Errorf("%w: %s before byte %d", ErrMalformed, what, s.offset)
}

func (s *scanner) truncated(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case !s.rootSeen:
		return ErrNotXML
	}
	return io.ErrUnexpectedEOF
}

// dereference replaces, in place, the references to characters. One that names nothing stays as it is written.
func dereference(text []byte) []byte {
	next := bytes.IndexByte(text, '&')
	if next < 0 {
		return text
	}
	out := text[:next]
	for rest := text[next:]; len(rest) > 0; {
		if rest[0] == '&' {
			if r, length := reference(rest); length > 0 {
				out = utf8.AppendRune(out, r)
				rest = rest[length:]
				continue
			}
		}
		end := bytes.IndexByte(rest[1:], '&') + 1
		if end == 0 {
			end = len(rest)
		}
		out = append(out, rest[:end]...)
		rest = rest[end:]
	}
	return out
}

// reference is the character that text, which starts with "&", refers to, and how many bytes that takes; 0 for none.
func reference(text []byte) (rune, int) {
	const longest = len("&#x0010FFFF;")
	end := bytes.IndexByte(text[:min(len(text), longest)], ';')
	if end < 2 {
		return 0, 0
	}
	switch name := string(text[1:end]); name {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	default:
		digits, numeric := strings.CutPrefix(name, "#")
		base := 10
		if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
			digits, base = hex, 16
		}
		value, err := strconv.ParseUint(digits, base, 32)
		if !numeric || err != nil || value == 0 || value > utf8.MaxRune || !utf8.ValidRune(rune(value)) {
			return 0, 0
		}
		return rune(value), end + 1
	}
}
