package store

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"agendaonline/internal/crm"
)

// Marks before the words of a single field, so that one index finds a word anywhere or in that field only.
const (
	markThirdParty = "@"
	markContact    = "~"
	markDossier    = "#"
)

// Bounds of what is found by search, so that an enormous description does not make an enormous index entry.
const (
	maxWordLetters = 64
	maxSearchBytes = 256 << 10
)

// searchText is what an action is found by: its words, each once, each after a space and before one. Those of single
// fields stand there a second time, marked.
func searchText(action *crm.Action) string {
	var set wordSet
	set.add("", action.Subject)
	for _, field := range []struct{ mark, text string }{
		{markThirdParty, action.ThirdParty}, {markContact, action.Contact}, {markDossier, action.Dossier},
	} {
		set.add("", field.text)
		set.add(field.mark, field.text)
	}
	set.add("", action.Description)
	return string(set.text)
}

// wordSet gathers words in the form of searchText.
type wordSet struct {
	text []byte
	key  []byte              // the word being added, with the spaces around it
	seen map[string]struct{} // once there are many: a short text is read faster than a map is filled
}

const fewWordBytes = 1 << 10

func (s *wordSet) add(mark, text string) {
	for word := range words(text) {
		s.key = append(append(append(append(s.key[:0], ' '), mark...), word...), ' ')
		if len(s.text)+len(s.key) > maxSearchBytes || s.has() {
			continue
		}
		if len(s.text) == 0 {
			s.text = append(make([]byte, 0, 128), ' ')
		}
		s.text = append(s.text, s.key[1:]...)
		if s.seen != nil {
			s.seen[string(s.key)] = struct{}{}
		}
	}
}

func (s *wordSet) has() bool {
	if len(s.text) <= fewWordBytes {
		return bytes.Contains(s.text, s.key)
	}
	if s.seen == nil {
		s.seen = map[string]struct{}{}
		for word := range bytes.FieldsSeq(s.text) {
			s.seen[" "+string(word)+" "] = struct{}{}
		}
	}
	_, seen := s.seen[string(s.key)]
	return seen
}

// words yields the words of a text as they are compared: letters and digits in lower case without diacritics.
func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for word := range strings.FieldsFuncSeq(fold(text), func(r rune) bool { return !inWord(r) }) {
			if !yield(cutWord(word)) {
				return
			}
		}
	}
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Mc, r)
}

func cutWord(word string) string {
	if len(word) <= maxWordLetters {
		return word
	}
	letters := 0
	for i := range word {
		if letters == maxWordLetters {
			return word[:i]
		}
		letters++
	}
	return word
}

// fold gives texts that differ in case, diacritics or form only the same form.
func fold(text string) string {
	ascii := true
	for i := 0; i < len(text) && ascii; i++ {
		ascii = text[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(text)
	}
	// Lower case once more at the end: decomposing brings new capitals (U+1D400, mathematical A).
	folded := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(strings.ToLower(text)))
	return norm.NFC.String(strings.Map(dropMark, norm.NFD.String(letters.Replace(folded))))
}

func dropMark(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

// letters that Unicode does not take apart, though people type them so.
var letters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ħ", "h", "ı", "i", "ł", "l", "þ", "th", "ς", "σ")

// wanted are the words of a search, each marked with the field it is looked for in.
type wanted struct{ whole, beginnings []string }

func (w wanted) empty() bool { return len(w.whole)+len(w.beginnings) == 0 }

// words are what the texts of q ask for: of each text all words, the last as the beginning of one.
func (q Query) words() wanted {
	var all wanted
	for _, field := range []struct{ mark, text string }{
		{"", q.Text}, {markThirdParty, q.ThirdParty}, {markContact, q.Contact}, {markDossier, q.Dossier},
	} {
		last := ""
		for word := range words(field.text) {
			if last != "" {
				all.whole = append(all.whole, last)
			}
			last = field.mark + word
		}
		if last != "" {
			all.beginnings = append(all.beginnings, last)
		}
	}
	return all
}

// fts5 is the query as SQLite's FTS5 takes it. Words hold nothing that would end a quoted text.
func (w wanted) fts5() string { return w.join(`"`, `"`, `"*`, " ") }

// tsquery is the query as PostgreSQL takes it.
func (w wanted) tsquery() string { return w.join("'", "'", "':*", " & ") }

func (w wanted) join(before, afterWhole, afterBeginning, between string) string {
	var parts []string
	for _, word := range w.whole {
		parts = append(parts, before+word+afterWhole)
	}
	for _, word := range w.beginnings {
		parts = append(parts, before+word+afterBeginning)
	}
	return strings.Join(parts, between)
}

// addInRow adds the words as tests of a row's own text.
func (w wanted) addInRow(c *conditions) {
	for _, word := range w.whole {
		c.add(c.dialect.contains, " "+word+" ")
	}
	for _, word := range w.beginnings {
		c.add(c.dialect.contains, " "+word)
	}
}
