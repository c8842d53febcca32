package dav

import (
	"bytes"
	"strings"
	"unicode"
)

// ErrorBody is what the body of a refusal says (RFC 4918 section 16).
type ErrorBody struct {
	Precondition Name   // the first element within DAV:error that names a condition; zero without one
	Href         Href   // within it: the twin of a no-uid-conflict
	Empty        bool   // DAV:error without anything in it: how Google throttles a REPORT
	Exception    string // sabre/dav's own word for it
	Excerpt      string // the start of its text on one line, for a person
}

// Words of sabre/dav that stand beside the precondition.
const spaceSabre = "http://sabredav.org/ns"

const (
	maxExcerptRunes = 200
	maxErrorBytes   = 64 << 10
)

// DecodeError reads a refusal's body of any kind: XML, a web page, plain text. What it cannot read it leaves empty.
func DecodeError(body []byte) ErrorBody {
	body = body[:min(len(body), maxErrorBytes)]
	result := ErrorBody{}
	s := newScanner(bytes.NewReader(body))
	if name, err := s.root(); err == nil && name == davName("error") {
		if read, err := decodeErrorElement(s); err == nil {
			result = read
		}
	}
	result.Excerpt = Excerpt(body)
	return result
}

// decodeErrorElement reads the open DAV:error element to its end.
func decodeErrorElement(s *scanner) (ErrorBody, error) {
	result := ErrorBody{Empty: true}
	for {
		name, found, err := s.child()
		if err != nil || !found {
			return result, err
		}
		result.Empty = false
		switch {
		case name.Space == spaceSabre && name.Local == "exception":
			var text []byte
			text, _, err = s.content(maxValueBytes)
			result.Exception = strings.TrimSpace(string(text))
		case name.Space == spaceSabre || result.Precondition.Local != "":
			err = s.skip()
		default:
			result.Precondition = name
			var hrefs []Href
			hrefs, err = (&multistatusDecoder{scanner: s}).hrefs()
			if len(hrefs) > 0 {
				result.Href = hrefs[0]
			}
		}
		if err != nil {
			return result, err
		}
	}
}

// Excerpt is the start of a text or document on one line: tags, comments, scripts and control characters left out.
func Excerpt(body []byte) string {
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	for _, element := range []string{"script", "style", "head"} {
		text = withoutElement(text, element)
	}
	var kept strings.Builder
	runes, inTag, space := 0, false, false
	for _, r := range text {
		switch {
		case r == '<':
			inTag, space = true, true
		case r == '>' && inTag:
			inTag = false
		case inTag:
		case unicode.IsSpace(r) || !unicode.IsPrint(r):
			space = true
		default:
			if space && runes > 0 {
				kept.WriteByte(' ')
				runes++
			}
			space = false
			kept.WriteRune(r)
			if runes++; runes >= maxExcerptRunes {
				return kept.String() + "…"
			}
		}
	}
	return string(dereference([]byte(kept.String())))
}

// withoutElement leaves out an HTML element with all that is in it.
func withoutElement(text, element string) string {
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // a letter whose small form is longer: not worth aligning
		return text
	}
	start := strings.Index(lower, "<"+element)
	end := strings.LastIndex(lower, "</"+element)
	if start < 0 || end < start {
		return text
	}
	return text[:start] + text[end:]
}
