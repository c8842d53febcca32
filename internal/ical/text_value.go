package ical

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// NormalText is the form in which text is read and written: UTF-8, line breaks as \n, no control characters but \n and tab.
// CRLF, CR, vertical tab, form feed and NEL (U+0085) are line breaks. Octets that are not UTF-8 are taken as Windows-1252.
// A text that has been set reads as its normal form.
func NormalText(text string) string {
	if isNormal(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		r, size := decodeRune(text[i:])
		switch {
		case r == '\r' && strings.HasPrefix(text[i+1:], "\n"):
		case r == '\r' || r == '\v' || r == '\f' || r == '\u0085':
			b.WriteByte('\n')
		case !isControl(r):
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

func isNormal(text string) bool {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if isControl(rune(c)) {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 || isControl(r) {
			return false
		}
		i += size
	}
	return true
}

// isControl holds for the characters that a line may not have (RFC 5545 section 3.1, CONTROL) and those of ISO 6429.
func isControl(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
}

// decodeRune reads a character; an octet that is not UTF-8 as Windows-1252. A surrogate, which some programs write as if
// it were a character, is U+FFFD.
func decodeRune(text string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(text)
	if r != utf8.RuneError || size != 1 {
		return r, size
	}
	if len(text) >= 3 && text[0] == 0xed && text[1] >= 0xa0 && text[1] < 0xc0 && text[2] >= 0x80 && text[2] < 0xc0 {
		return utf8.RuneError, 3
	}
	return charmap.Windows1252.DecodeByte(text[0]), 1
}

// readText takes escapes out of a value.
func readText(value string) string {
	if strings.IndexByte(value, '\\') < 0 {
		return NormalText(value)
	}
	var b strings.Builder
	b.Grow(len(value))
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c == '\\' && i+1 < len(value) {
			switch next := value[i+1]; {
			case next == 'n' || next == 'N':
				c = '\n'
				i++
			case strings.IndexByte(`\\;,:"'`, next) >= 0:
				c = next
				i++
			}
		}
		b.WriteByte(c)
	}
	return NormalText(b.String())
}

var textEscapes = strings.NewReplacer(`\`, `\\`, `;`, `\;`, `,`, `\,`, "\n", `\n`)

// EscapeText is a text as a TEXT value has it, in its normal form: one line.
func EscapeText(text string) string { return textEscapes.Replace(NormalText(text)) }
