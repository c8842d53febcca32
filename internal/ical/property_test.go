package ical

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyText is text as persons and attackers type it.
func anyText() *rapid.Generator[string] {
	nasty := rapid.SampledFrom([]string{
		"\r", "\n", "\r\n", "\r\r\n", "\u0085", "\u2028", "\v", "\f", "\x00", "\x1b", "\x7f", "\t", " ", ":", ";", ",", `"`, `\`, `\n`, "^", "^n", "^'", "=",
		"BEGIN:VEVENT", "END:VEVENT", "\nEND:VEVENT\n", "\r\n ", "\n\t", "\xff", "\xc3", "\xa9", "\xed\xa0\x80", "\ufeff", "é", "\U0001f600", "e\u0301", "\u202e",
	})
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(nasty, rapid.String(), rapid.StringMatching(`[a-z ]{0,80}`)), 0, 8).Draw(t, "pieces"), "")
	})
}

func anyName() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"SUMMARY", "Description", "X-A", "ATTENDEE", "x_b"}), rapid.StringMatching(`X-[A-Za-z0-9-]{1,90}`))
}

// fill puts properties and components into a component.
func fill(t *rapid.T, c *Component, depth int) {
	for range rapid.IntRange(0, 4).Draw(t, "properties") {
		p := c.Add(anyName().Draw(t, "name"))
		for range rapid.IntRange(0, 3).Draw(t, "parameters") {
			p.SetParam(anyName().Draw(t, "parameter"), rapid.SliceOfN(anyText(), 1, 3).Draw(t, "values")...)
		}
		switch rapid.IntRange(0, 2).Draw(t, "kind of value") {
		case 0:
			p.SetText(anyText().Draw(t, "text"))
		case 1:
			_ = p.SetValue(anyText().Draw(t, "value"))
		case 2:
			p.SetTime(anyTime().Draw(t, "time"))
		}
	}
	if depth == 0 {
		return
	}
	names := rapid.SampledFrom([]string{"X-BOX", "PARTICIPANT", "x-other"})
	for range rapid.IntRange(0, 2).Draw(t, "components") {
		fill(t, c.AddComponent(names.Draw(t, "component")), depth-1)
	}
}

func anyTime() *rapid.Generator[Time] {
	return rapid.Custom(func(t *rapid.T) Time {
		time := Time{Kind: Kind(rapid.IntRange(1, 4).Draw(t, "kind")), Year: rapid.IntRange(1, 9999).Draw(t, "year"), Month: 2, Day: rapid.IntRange(1, 28).Draw(t, "day")}
		if time.Kind != AllDay {
			time.Hour, time.Minute, time.Second = rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 59).Draw(t, "second")
		}
		if time.Kind == Zoned {
			time.TZID = NormalText("T" + anyText().Draw(t, "TZID"))
		}
		return time
	})
}

func TestProperty_a_printed_tree_parses_as_itself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := New()
		for range rapid.IntRange(1, 3).Draw(t, "calendars") {
			calendar := text.Add("VCALENDAR")
			fill(t, calendar, 0)
			for range rapid.IntRange(0, 2).Draw(t, "events") {
				fill(t, calendar.AddComponent("VEVENT"), 2)
			}
		}
		printed := text.Print()
		parsed, err := Parse(printed, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(outline(text), outline(parsed)); diff != "" {
			t.Fatalf("tree (-built +parsed):\n%s\nof %q", diff, printed)
		}
		if len(parsed.Problems()) > 0 {
			t.Fatalf("problems: %v of %q", parsed.Problems(), printed)
		}
		for line := range strings.SplitSeq(string(printed), "\r\n") {
			if len(line) > 75 || strings.ContainsFunc(line, isControl) {
				t.Fatalf("line of %d octets, or with control characters: %q", len(line), line)
			}
		}
	})
}

// anyForeignText is calendar text as it comes, good and bad.
func anyForeignText() *rapid.Generator[string] {
	line := rapid.OneOf(
		rapid.SampledFrom([]string{
			"BEGIN:VCALENDAR", "BEGIN:VEVENT", "begin:vevent ", "BEGIN:VALARM", "BEGIN:X-BOX", "END:VALARM", "END:VEVENT", "END:X-BOX", "END:VCALENDAR",
			"SUMMARY:a", "SUMMARY;X=\"b:c\":Lunch\\, long", "summary ;a=\"b:c", "UID:1", "no colon", ":", "", " folded", "\tfolded", "X-A:caf\xe9", "X-B:\x00", "X-C:a\rb",
			"DTSTART;TZID=\"Europe/Brussels\":20261123T143000", "\ufeffUID:2",
		}),
		rapid.Map(anyText(), func(text string) string { return "DESCRIPTION:" + text }),
	)
	end := rapid.SampledFrom([]string{"\r\n", "\r\n", "\r\n", "\n", "\r\r\n", "\r"})
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(0, 25).Draw(t, "lines") {
			b.WriteString(line.Draw(t, "line"))
			b.WriteString(end.Draw(t, "line end"))
		}
		return strings.TrimSuffix(b.String(), rapid.SampledFrom([]string{"", "\n", "\r\n"}).Draw(t, "missing"))
	})
}

// rawLines are the content lines of a text, as they stand.
func rawLines(text string) (raw []string) {
	l := lines{text: text, bareCR: bareCREndsLines(text)}
	for line, ok := l.next(); ok; line, ok = l.next() {
		raw = append(raw, text[line.start:line.end])
	}
	return raw
}

// checkPatch edits the first property of the first event that has one, and looks at everything else.
func checkPatch(t interface {
	Helper()
	Fatalf(string, ...any)
}, text, value string) {
	t.Helper()
	limits := DefaultLimits()
	parsed, err := Parse([]byte(text), limits)
	if err != nil {
		return
	}
	if string(parsed.Print()) != text {
		t.Fatalf("printed %q, want %q", parsed.Print(), text)
	}
	for event := range parsed.Find("VEVENT") {
		for p := range event.Properties() {
			for what, edit := range map[string]func(){
				"text":      func() { p.SetText(value) },
				"value":     func() { _ = p.SetValue(value) },
				"parameter": func() { p.SetParam("X-P", value, "b") },
				"time":      func() { p.SetTime(Time{Kind: Zoned, Year: 2026, Month: 1, Day: 2, TZID: "T" + value}) },
				"less":      func() { p.RemoveParam("X-P") },
			} {
				before := rawLines(string(parsed.Print()))
				name := p.Name()
				edit()
				after := rawLines(string(parsed.Print()))
				if len(before) != len(after) {
					t.Fatalf("%s: got %d lines, want %d: %q, was %q", what, len(after), len(before), after, before)
				}
				changed := 0
				for i := range before {
					// What was the last line, without line end, gets one.
					if before[i] != after[i] {
						changed++
					}
				}
				if changed > 1 {
					t.Fatalf("%s: %d lines changed: %q, was %q", what, changed, after, before)
				}
				if p.Name() != name {
					t.Fatalf("%s: got name %q, want %q", what, p.Name(), name)
				}
				if list, _ := p.ParamList("X-P"); what == "parameter" && !slices.Equal(list, []string{NormalText(value), "b"}) {
					t.Fatalf("got parameter %q, want %q", list, NormalText(value))
				}
				if got := p.Text(); what == "text" && got != NormalText(value) {
					t.Fatalf("got text %q, want %q", got, NormalText(value))
				}
			}
			p.SetText(value)
			again, err := Parse(parsed.Print(), limits)
			if err != nil {
				t.Fatalf("parse again: %v", err)
			}
			if diff := cmp.Diff(outline(parsed), outline(again)); diff != "" {
				t.Fatalf("tree (-edited +parsed):\n%s\nof %q", diff, parsed.Print())
			}
			return
		}
	}
}

func TestProperty_an_edit_changes_one_line(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkPatch(t, anyForeignText().Draw(t, "text"), anyText().Draw(t, "value"))
	})
}

// checkMoves adds, copies and removes components, and looks whether the text is read as the tree says.
func checkMoves(t interface {
	Helper()
	Fatalf(string, ...any)
}, text, value string) {
	t.Helper()
	parsed, err := Parse([]byte(text), DefaultLimits())
	if err != nil {
		return
	}
	for _, p := range parsed.Problems() {
		if p.Code == TooDeep || p.Code == TooManyProperties { // what is beyond a limit swallows what is put behind it
			return
		}
	}
	var events []*Component
	for event := range parsed.Find("VEVENT") {
		event.SetText("X-NEW", value)
		events = append(events, event)
	}
	for i, event := range events {
		if parent, found := event.Parent(); found && i%2 == 0 {
			parent.Insert(event, event)
			parent.AddComponent("VTODO").SetText("X-NEW", value)
		}
		if i%3 == 0 {
			event.Remove()
		}
	}
	parsed.Add("VEVENT").SetText("UID", value)
	again, err := Parse(parsed.Print(), DefaultLimits())
	if err != nil {
		t.Fatalf("parse again: %v", err)
	}
	if diff := cmp.Diff(joined(outline(parsed)), joined(outline(again))); diff != "" {
		t.Fatalf("tree (-edited +parsed):\n%s\nof %q,\nwas %q", diff, parsed.Print(), text)
	}
}

// joined leaves out the lines that are no properties: what was moved apart may stand together now.
func joined(outline []string) []string {
	return slices.DeleteFunc(outline, func(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), "?") })
}

func TestProperty_a_moved_component_stays_itself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkMoves(t, anyForeignText().Draw(t, "text"), anyText().Draw(t, "value"))
	})
}

func TestProperty_a_duration_is_read_as_written(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := Duration{rapid.IntRange(0, 100_000).Draw(t, "days"), rapid.IntRange(0, 1_000_000_000).Draw(t, "seconds")}
		if rapid.Bool().Draw(t, "negative") {
			d = Duration{-d.Days, -d.Seconds}
		}
		if got, err := ParseDuration(d.String()); got != d || err != nil {
			t.Fatalf("%s: got %+v, %v, want %+v", d, got, err, d)
		}
	})
}
