package i18n

import (
	"strings"
	"testing"
)

func TestParseMessage_refuses_what_is_not_closed_or_known(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{", "a {name", "a}", "{Name}", "{}", "{n, plural}", "{n, plural, one {x}}", "{n, plural, few {x} other {y}}", "{n, plural, other {x}",
		"{n, plural, other {x", "{n, gender, other {x}}", "{n, number, other {x}}", "{n, plural, =x {a} other {b}}",
	} {
		if _, err := parseMessage(text); err == nil {
			t.Errorf("parseMessage(%q) took it", text)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, seed := range []string{"{count, plural, one {{count} dag} other {{count} dagen}} geleden", "{a}{b, number}{c, date}", "{n, plural, =0 {none} other {{n} of {m}}}"} {
		f.Add(seed, "3")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		m, err := parseMessage(text)
		if err != nil {
			return
		}
		params := Params{}
		for _, name := range m.places() {
			params[name] = value
		}
		var out strings.Builder
		m.write(&out, French, params)
	})
}
