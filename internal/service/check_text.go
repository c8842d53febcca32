package service

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"agendaonline/internal/crm"
)

// What is wrong with a text.
const (
	CodeNotUTF8          = "text.not_utf8"
	CodeControlCharacter = "text.control_character"
	CodeTooLong          = "text.too_long" // max, length
	CodeMissing          = "text.missing"
)

// The longest texts that a person can type, in characters. What comes from a calendar may be longer and stays.
const (
	maxSubject     = 1_000
	maxDescription = 100_000
	maxName        = 200
	maxURL         = 2_000
	maxDocuments   = 50
)

// problems collects what is wrong with one input, to be reported at once.
type problems struct{ list crm.Problems }

func (p *problems) add(code, field string, pairs ...string) {
	p.list = append(p.list, crm.NewProblem(code, field, pairs...))
}

// err is what was collected, nil when nothing was.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	return p.list
}

// line checks a text of one line. One that equals before is not looked at: it may have come from a calendar.
func (p *problems) line(field, text, before string, most int) string {
	if text == before {
		return before
	}
	return p.checked(field, text, most, func(r rune) bool { return unicode.IsControl(r) })
}

// name is a line without the blanks around it.
func (p *problems) name(field, text, before string, most int) string {
	if text == before {
		return before
	}
	return p.line(field, strings.TrimSpace(text), before, most)
}

// lines checks a text of several lines, which end with a line feed. A form sends other line ends than it was given.
func (p *problems) lines(field, text, before string, most int) string {
	text = unixLines(text)
	if text == unixLines(before) {
		return before
	}
	return p.checked(field, text, most, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}

func (p *problems) checked(field, text string, most int, forbidden func(rune) bool) string {
	if !utf8.ValidString(text) {
		p.add(CodeNotUTF8, field)
		return text
	}
	if at := strings.IndexFunc(text, forbidden); at >= 0 {
		r, _ := utf8.DecodeRuneInString(text[at:])
		p.add(CodeControlCharacter, field, "character", "U+"+strings.ToUpper(leftPad(strconv.FormatInt(int64(r), 16), 4)))
	}
	if length := utf8.RuneCountInString(text); length > most {
		p.add(CodeTooLong, field, "max", strconv.Itoa(most), "length", strconv.Itoa(length))
	}
	return text
}

func unixLines(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

func leftPad(text string, length int) string {
	return strings.Repeat("0", max(0, length-len(text))) + text
}

// What is wrong with a document.
const (
	CodeDocumentURL      = "document.bad_url"  // position
	CodeTooManyDocuments = "document.too_many" // max, count
)

// documents checks links to documents: addresses of the web only, since a page offers them to be opened. Rows that are
// empty are left out.
func (p *problems) documents(documents, before []crm.Document) []crm.Document {
	if slices.Equal(documents, before) {
		return before
	}
	var kept []crm.Document
	for i, document := range documents {
		document.URL = strings.TrimSpace(document.URL)
		document.Title = p.name("documents", document.Title, "", maxName)
		if document == (crm.Document{}) {
			continue
		}
		document.URL = p.checked("documents", document.URL, maxURL, unicode.IsControl)
		if !slices.Contains(before, document) && !webAddress(document.URL) {
			p.add(CodeDocumentURL, "documents", "position", strconv.Itoa(i+1))
		}
		kept = append(kept, document)
	}
	if len(kept) > maxDocuments {
		p.add(CodeTooManyDocuments, "documents", "max", strconv.Itoa(maxDocuments), "count", strconv.Itoa(len(kept)))
	}
	return kept
}

// webAddress accepts http and https with a host and without a user: "https://bank@elsewhere" deceives a reader.
func webAddress(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() != "" && parsed.User == nil
}
