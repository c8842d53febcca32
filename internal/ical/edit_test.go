package ical

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEdit(t *testing.T) {
	t.Parallel()
	const text = "BEGIN:VEVENT\r\n" +
		"uid:1\r\n" +
		"SUMMARY;LANGUAGE=nl;X-A=\"b;c\":Lun\r\n ch\\, half\r\n" +
		"X-Odd ;q=\"1:2\";:  v \r\n" +
		"DTSTART;X-B=1;TZID=Europe/Brussels:20261123T143000\r\n" +
		"BEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\n"
	tests := map[string]struct {
		edit     func(event *Component)
		old, new string // what is replaced in the text
	}{
		"a text that is there":         {func(e *Component) { e.SetText("summary", "Lunch, half") }, "", ""},
		"a value that is there":        {func(e *Component) { _ = e.SetValue("X-ODD", "  v ") }, "", ""},
		"a time that is there":         {func(e *Component) { e.SetTime("DTSTART", zoned(t, "20261123T143000")) }, "", ""},
		"a parameter that is there":    {func(e *Component) { property(e, "X-Odd").SetParam("Q", "1:2") }, "", ""},
		"a parameter that is not":      {func(e *Component) { property(e, "uid").RemoveParam("Q") }, "", ""},
		"a text":                       {func(e *Component) { e.SetText("UID", "a;b\\c\nd") }, "uid:1", `uid:a\;b\\c\nd`},
		"parameters stay":              {func(e *Component) { e.SetText("SUMMARY", "Dinner") }, "Lun\r\n ch\\, half", "Dinner"},
		"a value":                      {func(e *Component) { _ = e.SetValue("uid", "a;b,c:\"d\"\\") }, "uid:1", `uid:a;b,c:"d"\`},
		"a new property":               {func(e *Component) { e.SetText("LOCATION", "here") }, "BEGIN:VALARM", "LOCATION:here\r\nBEGIN:VALARM"},
		"a new property of a new name": {func(e *Component) { e.Add("X: \r\nY;Z=1") }, "BEGIN:VALARM", "XYZ1:\r\nBEGIN:VALARM"},
		"no new BEGIN":                 {func(e *Component) { _ = e.SetValue("BEGIN", "VEVENT") }, "BEGIN:VALARM", "X-BEGIN:VEVENT\r\nBEGIN:VALARM"},
		"from zoned to all-day":        {func(e *Component) { e.SetTime("DTSTART", Time{Kind: AllDay, Year: 2026, Month: 1, Day: 2}) }, ";X-B=1;TZID=Europe/Brussels:20261123T143000", ";X-B=1;VALUE=DATE:20260102"},
		"to another zone":              {func(e *Component) { e.SetTime("DTSTART", withTZID(zoned(t, "20261123T143000"), "A, B")) }, "TZID=Europe/Brussels:", `TZID="A, B":`},
		"to UTC":                       {func(e *Component) { e.SetTime("DTSTART", Time{Kind: UTC, Year: 2026, Month: 1, Day: 2, Hour: 3}) }, ";TZID=Europe/Brussels:20261123T143000", ":20260102T030000Z"},
		"a parameter in its place":     {func(e *Component) { property(e, "SUMMARY").SetParam("language", "fr\"\n^") }, "LANGUAGE=nl;X-A=\"b;c\":Lun\r\n ch\\, half", "language=fr^'^n^^;X-A=\"b;c\":Lunch\\, half"},
		"a parameter more":             {func(e *Component) { property(e, "uid").SetParam("X-L", "a", "b;c") }, "uid:1", `uid;X-L=a,"b;c":1`},
		"a list in place of another":   {func(e *Component) { property(e, "SUMMARY").SetParam("X-A", "b", "c") }, "X-A=\"b;c\":Lun\r\n ch\\, half", "X-A=b,c:Lunch\\, half"},
		"a parameter less":             {func(e *Component) { property(e, "SUMMARY").RemoveParam("x-a") }, ";X-A=\"b;c\":Lun\r\n ch\\, half", ":Lunch\\, half"},
		"a property less":              {func(e *Component) { property(e, "SUMMARY").Remove() }, "SUMMARY;LANGUAGE=nl;X-A=\"b;c\":Lun\r\n ch\\, half\r\n", ""},
		"a property removed twice":     {func(e *Component) { p := property(e, "uid"); p.Remove(); p.Remove() }, "uid:1\r\n", ""},
		"all of a name":                {func(e *Component) { e.RemoveAll("UID", "x-odd") }, "uid:1\r\nSUMMARY;LANGUAGE=nl;X-A=\"b;c\":Lun\r\n ch\\, half\r\nX-Odd ;q=\"1:2\";:  v \r\n", "SUMMARY;LANGUAGE=nl;X-A=\"b;c\":Lun\r\n ch\\, half\r\n"},
		"all of no name":               {func(e *Component) { e.RemoveAll() }, "", ""},
		"a new component":              {func(e *Component) { e.AddComponent("x-box").SetText("X-A", "b") }, "END:VALARM\r\n", "END:VALARM\r\nBEGIN:X-BOX\r\nX-A:b\r\nEND:X-BOX\r\n"},
		"a component less": {func(e *Component) {
			for alarm := range e.Components("VALARM") {
				alarm.Remove()
			}
		}, "BEGIN:VALARM\r\nEND:VALARM\r\n", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed := mustParse(t, text)
			test.edit(theEvent(t, parsed))
			if want, got := strings.Replace(text, test.old, test.new, 1), string(parsed.Print()); got != want {
				t.Errorf("text (-want +got):\n%s", cmp.Diff(want, got))
			}
		})
	}
}

// property is a property that must be there.
func property(c *Component, name string) *Property {
	p, found := c.Property(name)
	if !found {
		panic("no " + name)
	}
	return p
}

func zoned(t *testing.T, value string) Time {
	t.Helper()
	parsed, err := ParseTime(value, "Europe/Brussels", false)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func withTZID(t Time, tzid string) Time {
	t.TZID = tzid
	return t
}

func TestEdit_line_ends(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"of CRLF":                 {"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "BEGIN:VEVENT\r\nX-A:b\r\nEND:VEVENT\r\n"},
		"of LF":                   {"BEGIN:VEVENT\nEND:VEVENT\n", "BEGIN:VEVENT\nX-A:b\nEND:VEVENT\n"},
		"of CR":                   {"BEGIN:VEVENT\rEND:VEVENT\r", "BEGIN:VEVENT\rX-A:b\rEND:VEVENT\r"},
		"of CRCRLF":               {"BEGIN:VEVENT\r\r\nEND:VEVENT\r\r\n", "BEGIN:VEVENT\r\r\nX-A:b\r\nEND:VEVENT\r\r\n"},
		"of several kinds":        {"BEGIN:VEVENT\nUID:1\r\nEND:VEVENT\n", "BEGIN:VEVENT\nUID:1\r\nX-A:b\r\nEND:VEVENT\n"},
		"missing":                 {"BEGIN:VEVENT\nUID:1", "BEGIN:VEVENT\nUID:1\nX-A:b\n"},
		"half of it missing":      {"BEGIN:VEVENT\r\nUID:1\r", "BEGIN:VEVENT\r\nUID:1\r\nX-A:b\r\n"},
		"missing but for folds":   {"BEGIN:VEVENT\n UID:1", "BEGIN:VEVENT\n UID:1"},
		"missing in one of BEGIN": {"BEGIN:VEVENT", "BEGIN:VEVENT\r\nX-A:b\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := mustParse(t, test.text)
			for event := range text.Find("VEVENT") {
				event.SetText("X-A", "b")
			}
			if got := string(text.Print()); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestEdit_folding(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 7)
	for name, test := range map[string]struct{ value, want string }{
		"75 octets":                {long + "0", "X-A:" + long + "0"},
		"76 octets":                {long + "01", "X-A:" + long + "0\r\n 1"},
		"149 octets":               {long + "0" + long + "0123", "X-A:" + long + "0\r\n " + long + "0123"},
		"two octets at the fold":   {long + "é", "X-A:" + long + "\r\n é"},
		"four octets at the fold":  {long[:67] + "\U0001f600b" + "b", "X-A:" + long[:67] + "\U0001f600\r\n bb"},
		"four octets behind it":    {long[:68] + "\U0001f600", "X-A:" + long[:68] + "\r\n \U0001f600"},
		"a blank at the fold":      {long + "0 b", "X-A:" + long + "0\r\n  b"},
		"a backslash at the fold":  {long + `\\`, "X-A:" + long + "\\\r\n \\"},
		"nothing but long letters": {strings.Repeat("\U0001f600", 36), "X-A:" + strings.Repeat("\U0001f600", 17) + "\r\n " + strings.Repeat("\U0001f600", 18) + "\r\n \U0001f600"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := New()
			if err := text.Add("VEVENT").SetValue("X-A", test.value); err != nil {
				t.Fatal(err)
			}
			want := "BEGIN:VEVENT\r\n" + test.want + "\r\nEND:VEVENT\r\n"
			got := string(text.Print())
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if value := property(theEvent(t, mustParse(t, got)), "X-A").Value(); value != test.value {
				t.Errorf("read again: got %q, want %q", value, test.value)
			}
		})
	}
}

func TestEdit_a_line_that_is_not_utf8_folds(t *testing.T) {
	t.Parallel()
	p := theProperty(t, "X-A:"+strings.Repeat("\xe9", 100)+strings.Repeat("\x80", 100))
	before := p.Value()
	p.SetParam("X-B", "c")
	for line := range strings.SplitSeq(p.raw, "\r\n") {
		if len(line) > 75 {
			t.Errorf("line of %d octets", len(line))
		}
	}
	if p.Value() != before {
		t.Errorf("got %q, want %q", p.Value(), before)
	}
}

func TestEdit_values_that_are_refused(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"CRLF": "a\r\nX-B:c", "LF": "a\nX-B:c", "CR": "a\rX-B:c", "NUL": "a\x00", "escape": "\x1b[2J", "delete": "\x7f", "NEL": "a\u0085X-B:c", "not UTF-8": "\xff",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := mustParse(t, "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n")
			event := theEvent(t, text)
			for _, property := range []string{"UID", "URL"} {
				var refused *ValueError
				if err := event.SetValue(property, value); !errors.As(err, &refused) || refused.Reason == "" {
					t.Errorf("%s: got %v, want a *ValueError", property, err)
				}
			}
			if got, want := string(text.Print()), "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n"; got != want {
				t.Errorf("got %q, want it as it was", got)
			}
		})
	}
}

func TestEdit_a_quote_that_is_not_closed_is_not_closed_by_the_value(t *testing.T) {
	t.Parallel()
	p := theProperty(t, `X-A;B="c;D=e:f`)
	if err := p.SetValue(`g":h`); err != nil {
		t.Fatal(err)
	}
	again := theProperty(t, strings.TrimSuffix(p.raw, "\r\n"))
	if got := again.Value(); got != `g":h` {
		t.Errorf("got value %q of %q", got, p.raw)
	}
	if b, _ := again.Param("B"); b != "c" {
		t.Errorf("got B %q of %q, want c", b, p.raw)
	}
	if d, _ := again.Param("D"); d != "e" {
		t.Errorf("got D %q of %q, want e", d, p.raw)
	}
}

func TestEdit_a_new_text_drops_the_encoding_of_the_old(t *testing.T) {
	t.Parallel()
	p := theProperty(t, "DESCRIPTION;ENCODING=QUOTED-PRINTABLE;LANGUAGE=fr;CHARSET=ISO-8859-1;VALUE=URI:caf=E9")
	p.SetText("thé")
	if got, want := p.raw, "DESCRIPTION;LANGUAGE=fr:thé\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEdit_new_text(t *testing.T) {
	t.Parallel()
	text := New()
	calendar := text.Add("VCALENDAR")
	if err := calendar.SetValue("VERSION", "2.0"); err != nil {
		t.Fatal(err)
	}
	event := calendar.AddComponent("VEVENT")
	event.SetText("SUMMARY", "Lunch")
	event.SetTime("DTSTART", zoned(t, "20261123T120000"))
	zoneText := mustParse(t, "BEGIN:VTIMEZONE\nTZID:Europe/Brussels\nnot a line\n X\nBEGIN:STANDARD\nTZNAME:C\n ET\nEND:VTIMEZONE\n")
	for zone := range zoneText.Components() {
		calendar.Insert(zone, event)
	}
	want := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" +
		"BEGIN:VTIMEZONE\r\nTZID:Europe/Brussels\r\nBEGIN:STANDARD\r\nTZNAME:CET\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" +
		"BEGIN:VEVENT\r\nSUMMARY:Lunch\r\nDTSTART;TZID=Europe/Brussels:20261123T120000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	if diff := cmp.Diff(want, string(text.Print())); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestEdit_an_inserted_copy_is_its_own(t *testing.T) {
	t.Parallel()
	original := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nX-A:b\r\n c\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	text := mustParse(t, original)
	event := theEvent(t, text)
	calendar, _ := event.Parent()
	copied := calendar.Insert(event, event)
	copied.SetText("X-A", "d")
	for alarm := range copied.Components("VALARM") {
		alarm.Remove()
	}
	want := strings.Replace(original, "BEGIN:VEVENT\r\n", "BEGIN:VEVENT\r\nX-A:d\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\n", 1)
	if diff := cmp.Diff(want, string(text.Print())); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if copied.Line() != 0 || property(copied, "X-A").Line() != 0 {
		t.Error("what was inserted has a line number")
	}
}

func TestEdit_a_component_can_be_put_into_itself(t *testing.T) {
	t.Parallel()
	text := mustParse(t, "BEGIN:X-BOX\nX-A:b\nEND:X-BOX\n")
	for box := range text.Components() {
		box.Insert(box, nil)
	}
	if diff := cmp.Diff([]string{"X-BOX", "  X-A:b", "  X-BOX", "    X-A:b"}, outline(mustParse(t, string(text.Print())))); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestEdit_components_without_end_get_one_when_one_moves(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit func(text *Text)
		want []string
	}{
		"added at the end": {
			func(text *Text) { text.Add("X-BOX") },
			[]string{"VEVENT", "  UID:1", "  VALARM", "    ACTION:A", "VEVENT", "  UID:2", "X-BOX"},
		},
		"removed": {
			func(text *Text) {
				for event := range text.Components() {
					if uid, _ := event.TextOf("UID"); uid == "2" {
						event.Remove()
					}
				}
				text.root.SetText("X-OUTSIDE", "y")
			},
			[]string{"VEVENT", "  UID:1", "  VALARM", "    ACTION:A"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := mustParse(t, "BEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nACTION:A\nBEGIN:VEVENT\nUID:2\n")
			test.edit(text)
			var got []string
			for _, line := range outline(mustParse(t, string(text.Print()))) {
				if !strings.HasPrefix(line, "?") {
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
		})
	}
}
