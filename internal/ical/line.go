package ical

import (
	"strings"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff"

// maxLineOctets is the longest line that is written, without its line end (RFC 5545 section 3.1).
const maxLineOctets = 75

// Kinds of line ends seen in a text.
const (
	endsCRLF = 1 << iota
	endsLF
	endsCR
	endsOtherwise // CRCRLF
)

// maxCRs is how many CRs before an LF are taken as one line end with it where a bare CR is one as well.
const maxCRs = 8

// lineFeed is the length of the LF, with CRs before it, that text begins with; 0 where it begins otherwise.
func lineFeed(text string) int {
	crs := 0
	for crs < len(text) && crs < maxCRs && text[crs] == '\r' {
		crs++
	}
	if crs < len(text) && text[crs] == '\n' {
		return crs + 1
	}
	return 0
}

// bareCREndsLines decides what a bare CR means in a text: where the first line ends with one, it ends lines.
func bareCREndsLines(text string) bool {
	i := strings.IndexAny(text, "\r\n")
	return i >= 0 && lineFeed(text[i:]) == 0
}

// lineEnd finds the end of the physical line that text begins with: where its content ends, where the next line begins,
// and how it ends; 0 when it does not.
func lineEnd(text string, bareCR bool) (content, next int, kind uint8) {
	if bareCR {
		content = strings.IndexAny(text, "\r\n")
		if content < 0 {
			return len(text), len(text), 0
		}
		length := lineFeed(text[content:])
		if length == 0 {
			return content, content + 1, endsCR
		}
		return content, content + length, kindOf(length)
	}
	next = strings.IndexByte(text, '\n') + 1
	if next == 0 { // the last line
		return len(strings.TrimRight(text, "\r")), len(text), 0
	}
	content = next - 1
	for content > 0 && text[content-1] == '\r' {
		content--
	}
	return content, next, kindOf(next - content)
}

// kindOf is the kind of a line end that ends with LF.
func kindOf(length int) uint8 {
	switch length {
	case 1:
		return endsLF
	case 2:
		return endsCRLF
	}
	return endsOtherwise
}

// maxFoldBreak is how many octets of blank lines may stand within a fold. Programs that translate line ends twice make them.
const maxFoldBreak = 8

// continuation reports whether a content line goes on in what follows the end of one of its physical lines, and where: after
// a blank. Blank lines before that count as well. With unknown, the text ended before it was clear.
func continuation(rest string, bareCR bool) (at int, ok, unknown bool) {
	for at < len(rest) && at < maxFoldBreak && (rest[at] == '\r' || rest[at] == '\n') {
		at++
	}
	switch {
	case at == len(rest):
		return 0, false, true
	case rest[at] != ' ' && rest[at] != '\t', at > 0 && rest[at-1] == '\r' && !bareCR:
		return 0, false, false
	}
	return at + 1, true, false
}

// lines splits a text into content lines.
type lines struct {
	text   string
	bareCR bool
	at     int
	number int   // physical line at the offset, from 1
	kinds  uint8 // of line ends so far
}

// A contentLine is one line of RFC 5545 section 3.1, folds and line end included.
type contentLine struct {
	start, end int // offsets in the text
	first      int // the offset where the content of its first physical line ends
	number     int // of its first physical line
	folded     bool
	open       bool // it may go on behind the end of the text
	cut        bool // the rest of it was not read
}

func (l *lines) next() (line contentLine, ok bool) {
	if l.at >= len(l.text) {
		return contentLine{}, false
	}
	line = contentLine{start: l.at, number: l.number}
	for {
		content, next, kind := lineEnd(l.text[l.at:], l.bareCR)
		if l.at == line.start {
			line.first = l.at + content
		}
		l.at += next
		l.number++
		l.kinds |= kind
		_, goesOn, unknown := continuation(l.text[l.at:], l.bareCR)
		if !goesOn {
			line.end = l.at
			line.open = unknown
			return line, true
		}
		line.folded = true
		for l.text[l.at] == '\r' || l.text[l.at] == '\n' {
			_, next, kind := lineEnd(l.text[l.at:], l.bareCR)
			l.at += next
			l.number++
			l.kinds |= kind
		}
	}
}

// unfold takes folds and the line end out of a content line, or of the rest of one.
func unfold(raw string, bareCR bool) string {
	content, next, _ := lineEnd(raw, bareCR)
	if next >= len(raw) {
		return raw[:content]
	}
	unfolded := make([]byte, 0, len(raw))
	for {
		unfolded = append(unfolded, raw[:content]...)
		if next >= len(raw) {
			return string(unfolded)
		}
		at, _, _ := continuation(raw[next:], bareCR)
		raw = raw[next+at:]
		content, next, _ = lineEnd(raw, bareCR)
	}
}

// rawOffset is where the octet of a content line stands that is the n-th of the unfolded one.
func rawOffset(raw string, n int, bareCR bool) int {
	at := 0
	for {
		content, next, _ := lineEnd(raw[at:], bareCR)
		if n <= content || at+next >= len(raw) {
			return at + min(n, content)
		}
		n -= content
		begin, _, _ := continuation(raw[at+next:], bareCR)
		at += next + begin
	}
}

// fold writes a content line: lines of at most 75 octets, cut between characters only, each with the line end.
func fold(line, end string) string {
	if len(line) <= maxLineOctets {
		return line + end
	}
	var b strings.Builder
	b.Grow(len(line) + (len(line)/(maxLineOctets-4)+1)*(len(end)+1))
	room := maxLineOctets
	for len(line) > room {
		cut := room
		for cut > room-utf8.UTFMax && !utf8.RuneStart(line[cut]) {
			cut--
		}
		if cut == room-utf8.UTFMax { // not UTF-8
			cut = room
		}
		b.WriteString(line[:cut])
		b.WriteString(end)
		b.WriteByte(' ')
		line = line[cut:]
		room = maxLineOctets - 1
	}
	b.WriteString(line)
	b.WriteString(end)
	return b.String()
}

// nameCharacter holds the characters of names: those of RFC 5545 section 3.1, and what is used besides.
var nameCharacter = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
	}
	return table
}()

func isName(text string) bool {
	for i := range len(text) {
		if !nameCharacter[text[i]] {
			return false
		}
	}
	return text != ""
}

// blanks is what may stand around a name.
const blanks = " \t" + byteOrderMark

func trimName(text string) string { return strings.Trim(text, blanks) }

// A head is what stands before the value of an unfolded line.
type head struct {
	start, nameEnd int  // of the name, or of what might be one at the beginning of a line that is no property
	colon          int  // -1 where there is none
	named          bool // before the colon, or the parameters, stands a name and nothing else
	unquoted       bool // the colon was found by disregarding a quote that is not closed
}

// splitHead finds name and colon; a colon in a quoted parameter does not count.
func splitHead(line string) head {
	h := head{colon: -1}
	if line != "" && !nameCharacter[line[0]] {
		h.start = len(line) - len(strings.TrimLeft(line, blanks))
	}
	h.nameEnd = h.start
	for h.nameEnd < len(line) && nameCharacter[line[h.nameEnd]] {
		h.nameEnd++
	}
	end := h.nameEnd
	if end < len(line) && line[end] != ':' && line[end] != ';' {
		end = len(line) - len(strings.TrimLeft(line[end:], blanks))
	}
	h.named = h.nameEnd > h.start && (end == len(line) || line[end] == ':' || line[end] == ';')
	for i := end; i < len(line); i++ {
		switch line[i] {
		case ':':
			h.colon = i
			return h
		case '"':
			if length := strings.IndexByte(line[i+1:], '"'); length >= 0 {
				i += length + 1
				continue
			}
			i = len(line)
		}
	}
	if colon := strings.IndexByte(line[end:], ':'); colon >= 0 {
		h.colon = end + colon
		h.unquoted = true
	}
	return h
}
