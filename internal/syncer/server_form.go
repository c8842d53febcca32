package syncer

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"agendaonline/internal/crm"
)

// serverForm reports whether theirs can be what a server made of ours, and not a person's edit: a text put into HTML, cut
// short, without characters that the server cannot keep, or dropped; an end that was added where none was sent.
func serverForm(ours, theirs crm.Units) bool {
	for _, unit := range ours.Differing(theirs) {
		switch unit {
		case crm.UnitSubject:
			if !strings.HasPrefix(bareText(ours.Subject), bareText(theirs.Subject)) {
				return false
			}
		case crm.UnitDescription:
			if !strings.HasPrefix(bareText(ours.Description), bareText(theirs.Description)) {
				return false
			}
		case crm.UnitWhen:
			sent, there := ours.When, theirs.When
			if sent.StartDate != there.StartDate || sent.StartTime != there.StartTime || !sent.EndDate.IsZero() || !sent.EndTime.IsZero() {
				return false
			}
		}
	}
	return true
}

var tags = regexp.MustCompile(`<[^<>]*>`)

// bareText is the letters and digits of a text.
func bareText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, html.UnescapeString(tags.ReplaceAllString(text, " ")))
}
