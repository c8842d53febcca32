package ical

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// eventText puts lines into an event within a calendar.
func eventText(lines string) string {
	return "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + lines + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
}

// allocated is how many bytes a function asks for.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The tests of what is too large are not parallel: they measure memory.

func TestB1_a_text_over_the_limit_is_refused_before_it_costs_anything(t *testing.T) {
	bomb := make([]byte, 64<<20)
	var err error
	if cost := allocated(func() { _, err = Parse(bomb, DefaultLimits()) }); cost > 1<<20 {
		t.Errorf("got %d bytes allocated, want none", cost)
	}
	if got, want := errorText(err), "read calendar text: more than 10485760 bytes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestB2_see_TestReader_what_never_ends_in_bounded_memory(t *testing.T) {
	t.Parallel()
	reader := NewReader(&generated{chunk: func(int) string { return "BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n" }}, DefaultLimits())
	for range 100_000 {
		if part, err := reader.Next(); err != nil || part.Component == nil {
			t.Fatalf("got %v, %v, want an event for ever", part, err)
		}
	}
}

func TestB3_a_line_of_50_MiB(t *testing.T) {
	piece := strings.Repeat("x", 1<<16)
	stream := &generated{chunk: func(i int) string {
		switch {
		case i == 0:
			return "BEGIN:VEVENT\r\nDESCRIPTION:"
		case i <= 800:
			return piece
		case i == 801:
			return "\r\n and on\r\nUID:1\r\nEND:VEVENT\r\n"
		}
		return ""
	}}
	var got []string
	cost := allocated(func() {
		reader := NewReader(stream, DefaultLimits())
		part, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range part.Problems {
			got = append(got, problem.String())
		}
		if uid, _ := part.Component.TextOf("UID"); uid != "1" {
			t.Errorf("got UID %q, want 1", uid)
		}
	})
	if diff := cmp.Diff([]string{`line 2: "VEVENT": DESCRIPTION: line of more than 1048576 bytes`}, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if cost > 80<<20 {
		t.Errorf("got %d bytes allocated for 50 MiB, want at most 80 MiB", cost)
	}
	short := Limits{Bytes: 100 << 20, Lines: 10, LineBytes: 1 << 20, Properties: 10, Depth: 10}
	text := []byte(eventText("DESCRIPTION:" + strings.Repeat("x", 50<<20) + "\r\nUID:1"))
	parsed, err := Parse(text, short)
	if err != nil {
		t.Fatal(err)
	}
	if _, found := theEvent(t, parsed).Property("DESCRIPTION"); found {
		t.Error("the line was looked at")
	}
	if diff := cmp.Diff([]string{`line 3: "VEVENT": DESCRIPTION: line of more than 1048576 bytes`}, problemsOf(parsed)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if string(parsed.Print()) != string(text) {
		t.Error("the text changed")
	}
}

func TestB3_a_million_folds_of_one_octet(t *testing.T) {
	for name, line := range map[string]string{
		"in the value":          "DESCRIPTION:" + strings.Repeat("\r\n x", 1_000_000),
		"in a parameter":        "X-A;B=\"" + strings.Repeat("\r\n x", 1_000_000) + "\":c",
		"without a colon":       strings.Repeat("x\r\n ", 1_000_000),
		"empty ones":            "DESCRIPTION:" + strings.Repeat("\r\n ", 1_000_000),
		"with blank lines":      "DESCRIPTION:" + strings.Repeat("\n\n\n x", 1_000_000),
		"of characters in half": "DESCRIPTION:" + strings.Repeat("\xc3\n \xa9\n ", 500_000),
	} {
		t.Run(name, func(t *testing.T) {
			limits := DefaultLimits()
			limits.LineBytes = limits.Bytes
			text := []byte(eventText(line))
			began := time.Now()
			cost := allocated(func() {
				parsed, err := Parse(text, limits)
				if err != nil {
					t.Fatal(err)
				}
				for p := range theEvent(t, parsed).Properties() {
					if length := len(p.Text()); name == "in the value" && length != 1_000_000 {
						t.Errorf("got a text of %d octets", length)
					}
				}
				parsed.Print()
			})
			if cost > uint64(10*len(text)) {
				t.Errorf("got %d bytes allocated for %d", cost, len(text))
			}
			// The goal is a second; what grows with the square of the folds takes hours.
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
	// 10⁶ folds cannot be had in a line of 1 MiB.
	parsed := mustParse(t, eventText("DESCRIPTION:"+strings.Repeat("\r\n x", 1_000_000)))
	if diff := cmp.Diff([]string{`line 3: "VEVENT": DESCRIPTION: line of more than 1048576 bytes`}, problemsOf(parsed)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestB4_100000_events_in_one_stream(t *testing.T) {
	t.Parallel()
	stream := &generated{chunk: func(i int) string {
		if i == 100_000 {
			return ""
		}
		return fmt.Sprintf("BEGIN:VEVENT\nUID:%d\nEND:VEVENT\n", i)
	}}
	reader := NewReader(stream, DefaultLimits())
	for i := range 100_000 {
		part, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		if uid, _ := part.Component.TextOf("UID"); uid != fmt.Sprint(i) {
			t.Fatalf("got UID %q, want %d", uid, i)
		}
	}
}

func TestB4_a_description_of_1_MiB(t *testing.T) {
	t.Parallel()
	description := strings.Repeat("x", 1<<20-len("DESCRIPTION:\r\n"))
	parsed := mustParse(t, eventText("DESCRIPTION:"+description))
	if got, _ := theEvent(t, parsed).TextOf("DESCRIPTION"); got != description {
		t.Errorf("got %d octets, want %d", len(got), len(description))
	}
	if got := problemsOf(parsed); got != nil {
		t.Errorf("got problems %q, want none", got)
	}
}

func TestB4_an_attachment_of_25_MiB_is_not_loaded(t *testing.T) {
	t.Parallel()
	attachment := "ATTACH;ENCODING=BASE64;VALUE=BINARY:" + strings.Repeat("QUJD", 25<<18)
	if _, err := Parse([]byte(eventText(attachment)), DefaultLimits()); errorText(err) != "read calendar text: more than 10485760 bytes" {
		t.Errorf("got %v, want it refused with the limit", err)
	}
	part, err := NewReader(strings.NewReader(eventText(attachment+"\r\nUID:1")), DefaultLimits()).Next()
	if err != nil {
		t.Fatal(err)
	}
	if uid, _ := part.Component.TextOf("UID"); uid != "1" || len(part.Problems) != 1 || part.Problems[0].Property != "ATTACH" {
		t.Errorf("got UID %q, problems %v, want 1 and one of ATTACH", uid, part.Problems)
	}
}

func TestB5_many_properties(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines    string
		count    int
		problems []string
	}{
		"10,000 X- properties": {strings.Repeat("X-A:1\r\n", 9_999) + "X-B:2", 10_000, nil},
		"one more":             {strings.Repeat("X-A:1\r\n", 10_000) + "X-B:2", 10_000, []string{`line 10003: "VEVENT": more than 10000 properties`}},
		"many more":            {strings.Repeat("X-A:1\r\n", 100_000) + "bad\r\nBEGIN:VALARM\r\nEND:VALARM\r\nX-B:2", 10_000, []string{`line 10003: "VEVENT": more than 10000 properties`}},
		"5,000 attendees":      {strings.Repeat("ATTENDEE;CN=\"A\":mailto:a@example.com\r\n", 4_999) + "UID:1", 5_000, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := eventText(test.lines)
			parsed := mustParse(t, text)
			count := 0
			for range theEvent(t, parsed).Properties() {
				count++
			}
			if count != test.count {
				t.Errorf("got %d properties, want %d", count, test.count)
			}
			if diff := cmp.Diff(test.problems, problemsOf(parsed)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if string(parsed.Print()) != text {
				t.Error("the text changed")
			}
		})
	}
	t.Run("the next event is read", func(t *testing.T) {
		t.Parallel()
		parsed := mustParse(t, "BEGIN:VEVENT\n"+strings.Repeat("X-A:1\n", 20_000)+"END:VEVENT\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\n")
		count := 0
		for event := range parsed.Find("VEVENT") {
			if count++; count == 2 {
				if uid, _ := event.TextOf("UID"); uid != "2" {
					t.Errorf("got UID %q, want 2", uid)
				}
			}
		}
		if count != 2 {
			t.Errorf("got %d events, want 2", count)
		}
	})
}

func TestB6_components_nested_10000_deep(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text     string
		problems []string
	}{
		"closed": {
			eventText(strings.Repeat("BEGIN:X-A\r\n", 10_000) + strings.Repeat("END:X-A\r\n", 10_000) + "UID:1"),
			[]string{`line 11: "X-A": components nested more than 10 deep`},
		},
		"without END": {
			eventText(strings.Repeat("BEGIN:X-A\r\n", 9_000) + "UID:1"),
			[]string{
				`line 3: "X-A": component without END`, `line 4: "X-A": component without END`, `line 5: "X-A": component without END`,
				`line 6: "X-A": component without END`, `line 7: "X-A": component without END`, `line 8: "X-A": component without END`,
				`line 9: "X-A": component without END`, `line 10: "X-A": component without END`, `line 11: "X-A": components nested more than 10 deep`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed := mustParse(t, test.text+"BEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\n")
			if diff := cmp.Diff(test.problems, problemsOf(parsed)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got := string(parsed.Print()); got != test.text+"BEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\n" {
				t.Error("the text changed")
			}
			last := ""
			for event := range parsed.Find("VEVENT") {
				last, _ = event.TextOf("UID")
			}
			if last != "2" {
				t.Errorf("got UID %q of the event behind it, want 2", last)
			}
		})
	}
	events := mustParse(t, strings.Repeat("BEGIN:VEVENT\r\n", 10_000))
	if got := len(events.Problems()); got != 10_000 {
		t.Errorf("events in events: got %d problems, want one each", got)
	}
}

func TestB24_times_and_durations_that_do_not_fit(t *testing.T) {
	t.Parallel()
	event := theEvent(t, mustParse(t, eventText("DTEND;VALUE=DATE:20260101\r\nDURATION:P1Y\r\nDURATION:-PT5M\r\nX-HUGE:P99999999999999999999D")))
	if _, found := event.Property("DTSTART"); found {
		t.Error("found a DTSTART that is not there")
	}
	if end, err := property(event, "DTEND").Time(); err != nil || end.Kind != AllDay {
		t.Errorf("DTEND: got %+v, %v", end, err)
	}
	var got []string
	for p := range event.Properties("DURATION", "X-HUGE") {
		d, err := p.Duration()
		got = append(got, fmt.Sprint(d, " ", errorText(err)))
	}
	want := []string{"PT0S read DURATION: years and months have no length", "-PT5M ", "PT0S read DURATION: longer than 10,000 years"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("durations (-want +got):\n%s", diff)
	}
}

func TestB25_times_that_do_not_exist(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"20260230T100000": "read DATE-TIME: there is no 30 February 2026",
		"20260101T240000": "read DATE-TIME: there is no hour 24",
		"20260101T235960": "read DATE-TIME: there is no second 60",
		"00000101T000000": "read DATE-TIME: there is no year 0",
	} {
		if _, err := theProperty(t, "DTSTART:"+value).Time(); errorText(err) != want {
			t.Errorf("%s: got %q, want %q", value, errorText(err), want)
		}
	}
}

func TestB26_uids(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 1024)
	for line, want := range map[string]string{
		"UID:":              "",
		"UID:" + long:       long,
		"UID:../../a/b":     "../../a/b",
		"UID:\U0001f600":    "\U0001f600",
		`UID:a\nb`:          "a\nb",
		"UID:A\r\nUID:a":    "A",
		"UID:a\r\n\r\n b":   "ab",
		"UID:a%0D%0ASUM:b":  "a%0D%0ASUM:b",
		"UID:a\rSUMMARY:b ": "a\nSUMMARY:b ",
	} {
		text := eventText(line)
		parsed := mustParse(t, text)
		if got, found := theEvent(t, parsed).TextOf("UID"); got != want || !found {
			t.Errorf("%.40q: got %.40q, want %.40q", line, got, want)
		}
		if string(parsed.Print()) != text {
			t.Errorf("%.40q: the text changed", line)
		}
	}
	if _, found := theEvent(t, mustParse(t, eventText("X-A:b"))).TextOf("UID"); found {
		t.Error("found a UID that is not there")
	}
}

func TestB27_calendars_in_a_row_and_of_other_versions(t *testing.T) {
	t.Parallel()
	text := "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n" +
		"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDALARM:20260101T100000;;;x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	parsed := mustParse(t, text)
	want := []string{
		"VCALENDAR", "  METHOD:REQUEST", "  VEVENT", "    UID:1", "  VEVENT", "    UID:1",
		"VCALENDAR", "  VERSION:1.0", "  VEVENT", "    DALARM:20260101T100000;;;x",
	}
	if diff := cmp.Diff(want, outline(parsed)); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
	if got := problemsOf(parsed); got != nil {
		t.Errorf("got problems %q, want none", got)
	}
}

func TestB28_bare_events_and_other_components(t *testing.T) {
	t.Parallel()
	text := "BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nDUE:x\r\nEND:VTODO\r\nBEGIN:VJOURNAL\r\nEND:VJOURNAL\r\n" +
		"BEGIN:VAVAILABILITY\r\nBEGIN:AVAILABLE\r\nUID:2\r\nEND:AVAILABLE\r\nEND:VAVAILABILITY\r\n"
	parsed := mustParse(t, text)
	event := theEvent(t, parsed)
	if _, found := event.Parent(); found {
		t.Error("a bare event has a component around it")
	}
	event.SetText("SUMMARY", "x")
	if got, want := string(parsed.Print()), strings.Replace(text, "UID:1\r\n", "UID:1\r\nSUMMARY:x\r\n", 1); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestB29_what_is_not_known_is_kept(t *testing.T) {
	t.Parallel()
	lines := "X-UNKNOWN;X-P=1;x-p=2:a,b;c\r\nCATEGORIES:A,B\\,C,,\r\nRELATED-TO;RELTYPE=X-Y:1\r\nIANA-PROP:\\x\r\n" +
		"BEGIN:X-COMP\r\nX-A:1\r\nBEGIN:VLOCATION\r\nNAME:n\r\nEND:VLOCATION\r\nEND:X-COMP\r\nX-BEHIND:1"
	parsed := mustParse(t, eventText(lines))
	theEvent(t, parsed).SetText("SUMMARY", "changed")
	want := strings.Replace(eventText(lines), "BEGIN:X-COMP", "SUMMARY:changed\r\nBEGIN:X-COMP", 1)
	if diff := cmp.Diff(want, string(parsed.Print())); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestB30_what_is_not_utf8(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, summary, problem string }{
		"Latin-1":           {eventText("SUMMARY:H\xe9l\xe8ne"), "Hélène", `line 3: "VEVENT": SUMMARY: not UTF-8, read as Windows-1252`},
		"Windows-1252":      {eventText("SUMMARY:10 \x80"), "10 €", `line 3: "VEVENT": SUMMARY: not UTF-8, read as Windows-1252`},
		"half a character":  {eventText("SUMMARY:Caf\xc3"), "CafÃ", `line 3: "VEVENT": SUMMARY: not UTF-8, read as Windows-1252`},
		"mixed":             {eventText("SUMMARY:é \xe9"), "é é", `line 3: "VEVENT": SUMMARY: not UTF-8, read as Windows-1252`},
		"a mark at first":   {"\ufeff" + eventText("SUMMARY:é"), "é", ""},
		"a mark inside":     {eventText("X-A:b\r\n\ufeffSUMMARY:é"), "é", ""},
		"a mark in a value": {eventText("SUMMARY:\ufeffé"), "\ufeffé", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed := mustParse(t, test.text)
			if got, _ := theEvent(t, parsed).TextOf("SUMMARY"); got != test.summary {
				t.Errorf("got %q, want %q", got, test.summary)
			}
			if got := strings.Join(problemsOf(parsed), "|"); got != test.problem {
				t.Errorf("problems: got %q, want %q", got, test.problem)
			}
			theEvent(t, parsed).SetText("X-NEW", "é")
			if got, want := string(parsed.Print()), strings.Replace(test.text, "END:VEVENT", "X-NEW:é\r\nEND:VEVENT", 1); got != want {
				t.Errorf("edited: got %q, want %q", got, want)
			}
		})
	}
	for name, text := range map[string]string{
		"UTF-16 with a mark":         "\xff\xfeB\x00E\x00G\x00I\x00N\x00",
		"UTF-16 with the other mark": "\xfe\xff\x00B\x00E\x00G",
		"UTF-16 without a mark":      "B\x00E\x00G\x00I\x00N\x00",
		"the other without a mark":   "\x00B\x00E\x00G\x00I\x00N",
	} {
		if _, err := Parse([]byte(text), DefaultLimits()); err != ErrUTF16 {
			t.Errorf("%s: got %v, want ErrUTF16", name, err)
		}
	}
}

func TestB31_folds_and_line_ends(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, summary string }{
		"a fold in a character":      {eventText("SUMMARY:Caf\xc3\r\n \xa9"), "Café"},
		"folds by tab":               {eventText("SUMMARY:a\r\n\tb\r\n\t\tc"), "ab\tc"},
		"LF only":                    {strings.ReplaceAll(eventText("SUMMARY:a\r\n b"), "\r\n", "\n"), "ab"},
		"CR only":                    {strings.ReplaceAll(eventText("SUMMARY:a\r\n b"), "\r\n", "\r"), "ab"},
		"CRCRLF":                     {strings.ReplaceAll(eventText("SUMMARY:a\r\n b"), "\r\n", "\r\r\n"), "ab"},
		"CRCRLF in a line":           {eventText("SUMMARY:a\r\r\n b"), "ab"},
		"LF CR":                      {strings.ReplaceAll(eventText("SUMMARY:ab"), "\r\n", "\n\r"), ""},
		"NEL, U+2028 and U+2029":     {eventText("SUMMARY:a\u0085b\u2028c\u2029d"), "a\nb\u2028c\u2029d"},
		"vertical tab and form feed": {eventText("SUMMARY:a\vb\fc"), "a\nb\nc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed := mustParse(t, test.text)
			if got := string(parsed.Print()); got != test.text {
				t.Errorf("printed: got %q, want %q", got, test.text)
			}
			for event := range parsed.Find("VEVENT") {
				if got, _ := event.TextOf("SUMMARY"); got != test.summary {
					t.Errorf("got %q, want %q", got, test.summary)
				}
			}
		})
	}
}

func TestB32_characters_that_deceive(t *testing.T) {
	t.Parallel()
	zalgo := "z" + strings.Repeat("\u0301", 10_000)
	for name, test := range map[string]struct{ value, text string }{
		"NUL":             {"a\x00b", "ab"},
		"C0":              {"a\x1b[2Jb\x08", "a[2Jb"},
		"right to left":   {"a\u202eb", "a\u202eb"},
		"lone surrogates": {"a\xed\xa0\x80b\xed\xbf\xbf", "a\ufffdb\ufffd"},
		"Zalgo":           {zalgo, zalgo},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := eventText("SUMMARY:" + test.value + "\r\nUID:1")
			parsed := mustParse(t, text)
			event := theEvent(t, parsed)
			if got, _ := event.TextOf("SUMMARY"); got != test.text {
				t.Errorf("got %q, want %q", got, test.text)
			}
			event.SetText("UID", "2")
			if got, want := string(parsed.Print()), strings.Replace(text, "UID:1", "UID:2", 1); got != want {
				t.Errorf("another edit: got %.80q, want %.80q", got, want)
			}
			event.SetText("SUMMARY", test.value)
			if got, _ := event.TextOf("SUMMARY"); got != test.text {
				t.Errorf("written: got %q, want %q", got, test.text)
			}
		})
	}
}

func TestB33_escapes(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`a,b;c`, `a\Nb`, `a\xb`, `a\`, `a\\`, `a\\\`, `\\n\n\\\n`, `\;\,\:\"`, "a\\\rb"} {
		text := theProperty(t, "SUMMARY:"+value).Text()
		p := theProperty(t, "SUMMARY:x")
		p.SetText(text)
		once := p.Value()
		for range 5 {
			again := theProperty(t, "SUMMARY:x")
			again.SetText(theProperty(t, "SUMMARY:"+p.Value()).Text())
			p = again
		}
		if p.Text() != text || p.Value() != once {
			t.Errorf("%q: got %q, written %q, want %q, written %q", value, p.Text(), p.Value(), text, once)
		}
	}
}

func TestB34_quotes_of_parameters(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ line, cn, value, problem string }{
		"all separators":                {`ATTENDEE;CN="a;b:c,d":mailto:a@example.com`, "a;b:c,d", "mailto:a@example.com", ""},
		"a missing quote":               {`ATTENDEE;CN="a b:mailto:a@example.com`, "a b", "mailto:a@example.com", `line 3: "VEVENT": ATTENDEE: a quoted parameter is not closed`},
		"a missing quote, one behind":   {`ATTENDEE;CN="a b:mailto:"a"@example.com`, "a b", `mailto:"a"@example.com`, `line 3: "VEVENT": ATTENDEE: a quoted parameter is not closed`},
		"a quote in the middle":         {`ATTENDEE;CN=a"b:c"d:mailto:a`, "ab:cd", "mailto:a", ""},
		"RFC 6868":                      {`ATTENDEE;CN=a^nb^'c^^d^e:x`, "a\nb\"c^d^e", "x", ""},
		"a line end within a parameter": {"ATTENDEE;CN=\"a\r\nb\":mailto:a", "", "", `line 3: "VEVENT": ATTENDEE: no colon in the line|line 4: "VEVENT": B: no name before the colon`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed := mustParse(t, eventText(test.line))
			if got := strings.Join(problemsOf(parsed), "|"); got != test.problem {
				t.Errorf("problems: got %q, want %q", got, test.problem)
			}
			p, found := theEvent(t, parsed).Property("ATTENDEE")
			if !found {
				if test.value != "" {
					t.Error("no ATTENDEE")
				}
				return
			}
			if cn, _ := p.Param("CN"); cn != test.cn || p.Value() != test.value {
				t.Errorf("got CN %q, value %q, want %q, %q", cn, p.Value(), test.cn, test.value)
			}
			p.SetParam("CN", "x")
			p.SetParam("CN", test.cn)
			if cn, _ := p.Param("CN"); cn != test.cn || p.Value() != test.value {
				t.Errorf("written: got CN %q, value %q, want %q, %q", cn, p.Value(), test.cn, test.value)
			}
		})
	}
}

func TestB35_what_is_empty_or_doubled(t *testing.T) {
	t.Parallel()
	text := eventText("SUMMARY:\r\nLOCATION\r\nX-A;:1\r\nX-B;C=:2\r\nX-D;E=1;E=2:3\r\nSUMMARY:second\r\n:\r\nDTSTART;TZID=:20260101T000000")
	parsed := mustParse(t, text)
	event := theEvent(t, parsed)
	if summary, found := event.TextOf("SUMMARY"); summary != "" || !found {
		t.Errorf("got SUMMARY %q, %v, want the first, which is empty", summary, found)
	}
	if e, _ := property(event, "X-D").Param("E"); e != "1" {
		t.Errorf("got E %q, want the first", e)
	}
	if c, found := property(event, "X-B").Param("C"); c != "" || !found {
		t.Errorf("got C %q, %v, want an empty one", c, found)
	}
	if start, err := property(event, "DTSTART").Time(); err != nil || start.Kind != Floating {
		t.Errorf("got %+v, %v, want a floating time", start, err)
	}
	want := []string{`line 4: "VEVENT": LOCATION: no colon in the line`, `line 9: "VEVENT": no name before the colon`}
	if diff := cmp.Diff(want, problemsOf(parsed)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if string(parsed.Print()) != text {
		t.Error("the text changed")
	}
	property(event, "X-D").SetParam("E", "3")
	if got, want := string(parsed.Print()), strings.Replace(text, "E=1;E=2", "E=3", 1); got != want {
		t.Errorf("edited: got %q, want %q", got, want)
	}
}

func TestB36_begin_and_end_that_do_not_match(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text, outline string
		problems      string
	}{
		"END without BEGIN": {
			"END:VEVENT\r\nBEGIN:VEVENT\r\nEND:VALARM\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
			`?"END:VEVENT\r\n"|VEVENT|  ?"END:VALARM\r\n"|  UID:1|?"END:VCALENDAR\r\n"`,
			`line 1: END of a component that did not begin|line 3: "VEVENT": END of a component that did not begin|line 6: END of a component that did not begin`,
		},
		"missing END": {
			"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nBEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:3\r\nBEGIN:VALARM\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:4\r\n",
			"VCALENDAR|  VEVENT|    UID:1|  VEVENT|    UID:2|  VEVENT|    UID:3|    VALARM|VCALENDAR|  VEVENT|    UID:4",
			`line 2: "VEVENT": component without END|line 7: "VEVENT": component without END|line 9: "VALARM": component without END|line 11: "VCALENDAR": component without END|line 12: "VEVENT": component without END`,
		},
		"text after END": {
			"BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nand more\r\nX-A:b\r\n\r\n\x00\x00",
			`VEVENT|  UID:1|?"and more\r\nX-A:b\r\n\r\n\x00\x00"`,
			`line 4: text outside of any component`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed := mustParse(t, test.text)
			if diff := cmp.Diff(test.outline, strings.Join(outline(parsed), "|")); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.problems, strings.Join(problemsOf(parsed), "|")); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got := string(parsed.Print()); got != test.text {
				t.Errorf("printed: got %q, want %q", got, test.text)
			}
		})
	}
}
