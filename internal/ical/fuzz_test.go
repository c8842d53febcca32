package ical

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seeds are texts with every kind of trouble.
var seeds = []string{
	benchmarkObject,
	"BEGIN:VEVENT\nSUMMARY;X=\"a:b\":c\n d\n\n e\nX-A;B=\"c:d\nno colon\nEND:VEVENT\nmore",
	"BEGIN:VCALENDAR\rBEGIN:X-BOX\rBEGIN:VEVENT\rUID:1\rBEGIN:VEVENT\rSUMMARY:caf\xe9\rBEGIN:VALARM\rEND:VCALENDAR\rEND:X",
	"\ufeffBEGIN:VEVENT \r\r\nDTSTART;TZID=\"Europe/Brussels:20260102T030405\"\r\r\nDURATION:P1DT2H\r\r\nRDATE;VALUE=PERIOD:20260101T000000Z/PT1H\r\r\nTZOFFSETTO:+0100\r\r\n",
	"BEGIN:VEVENT\r\nSUMMARY\r\n\r\n :a\\nb\\,\\;\\\\\\\r\nX-A;B=^n^'^^;;=:\x00\x7f\u0085\r\n\tEND:VEVENT\r\nEND:VEVENT",
	strings.Repeat("BEGIN:X-A\n", 12) + "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n" + strings.Repeat("END:X-A\n", 12),
	"\x000\x00", "BEGIN:VEVENT\nEND:VEVENT\n\x00a\x00b", "BEGIN:VEVENT\rEND:VEVENT\r\x00a\x00b", "BEGIN:VEVENT\rEND:VEVENT\ra\x00b\x00", "BEGIN:VEVENT\nEND:VEVENT\n\xff\xfe",
	"B\x00E\x00", "\r", "\n \n\t\n", ":", "BEGIN:", "END:VEVENT\nBEGIN:VEVENT\nEND:VALARM",
}

func FuzzParse(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := Parse(text, DefaultLimits())
		if err != nil {
			if err != ErrUTF16 && len(text) < 1<<20 {
				t.Fatal(err)
			}
			return
		}
		if got := string(parsed.Print()); got != string(text) {
			t.Fatalf("printed %q, want %q", got, text)
		}
		for _, p := range parsed.Problems() {
			if p.Line < 1 || p.String() == "" {
				t.Fatalf("problem %+v", p)
			}
		}
		var events []string
		for c := range parsed.Find() {
			readAll(c)
			events = append(events, strings.Join(outlineOf(c, ""), "\n"))
			for p := range parsed.ProblemsOf(c) {
				if !p.Component.isWithin(c) {
					t.Fatalf("problem %v is not of the component", p)
				}
			}
		}
		var streamed []string
		reader := NewReader(strings.NewReader(string(text)), DefaultLimits())
		for {
			part, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if part.Component != nil {
				streamed = append(streamed, strings.Join(outlineOf(part.Component, ""), "\n"))
			}
		}
		if diff := cmp.Diff(events, streamed); diff != "" {
			t.Fatalf("components (-text +stream):\n%s", diff)
		}
	})
}

// readAll asks for everything that can be asked of a component.
func readAll(c *Component) {
	for p := range c.Properties() {
		_ = p.Text()
		_, _ = p.Time()
		_, _ = p.Duration()
		_, _ = ParseOffset(p.Value())
		for range p.Times() {
		}
		for range p.Periods() {
		}
		for param := range p.Params() {
			_, _ = p.ParamList(param.Name)
		}
	}
	for inner := range c.Components() {
		readAll(inner)
	}
}

func FuzzPatch(f *testing.F) {
	for _, seed := range seeds {
		for _, value := range []string{"", "plain", "a\r\nEND:VEVENT\r\nX:\"^n;,:\\", "é\u0085\x00\xff\U0001f600" + strings.Repeat("x", 80)} {
			f.Add([]byte(seed), value)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, value string) {
		checkPatch(t, string(text), value)
		checkMoves(t, string(text), value)
	})
}
