package ical

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mustParse reads a text within the default limits.
func mustParse(t testing.TB, text string) *Text {
	t.Helper()
	parsed, err := Parse([]byte(text), DefaultLimits())
	if err != nil {
		t.Fatalf("parse %.60q: %v", text, err)
	}
	return parsed
}

// theEvent is the first VEVENT of a text.
func theEvent(t testing.TB, text *Text) *Component {
	t.Helper()
	for event := range text.Find("VEVENT") {
		return event
	}
	t.Fatalf("no VEVENT in %.60q", text.Print())
	return nil
}

// theProperty is the first property of an event.
func theProperty(t testing.TB, line string) *Property {
	t.Helper()
	for p := range theEvent(t, mustParse(t, "BEGIN:VEVENT\r\n"+line+"\r\nEND:VEVENT\r\n")).Properties() {
		return p
	}
	t.Fatalf("no property in %.60q", line)
	return nil
}

// outline says what is in a text, one line each: components, properties with value, and "?" for lines that are neither.
func outline(text *Text) []string { return outlineOf(&text.root, "") }

func outlineOf(c *Component, indent string) (lines []string) {
	for n := c.first; n != nil; n = n.next {
		switch n.kind {
		case propertyNode:
			p := (*Property)(n)
			line := indent + p.Name()
			for param := range p.Params() {
				line += fmt.Sprintf(";%s=%s", param.Name, param.Value)
			}
			lines = append(lines, line+":"+p.Value())
		case componentNode:
			lines = append(lines, indent+n.component.Name())
			lines = append(lines, outlineOf(n.component, indent+"  ")...)
		default:
			lines = append(lines, fmt.Sprintf("%s?%q", indent, n.raw))
		}
	}
	return lines
}

func problemsOf(text *Text) (lines []string) {
	for _, p := range text.Problems() {
		lines = append(lines, p.String())
	}
	return lines
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text     string
		outline  string // lines joined by |
		problems string
	}{
		"an event in a calendar": {
			"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nBEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
			"VCALENDAR|  VERSION:2.0|  VEVENT|    UID:1|    VALARM", "",
		},
		"nothing":     {"", "", "line 1: no component in the text"},
		"blank lines": {"\r\n\r\nBEGIN:VEVENT\r\n\r\nUID:1\r\n\r\n\r\nEND:VEVENT\r\n\r\n", `?"\r\n\r\n"|VEVENT|  ?"\r\n"|  UID:1|  ?"\r\n\r\n"|?"\r\n"`, ""},
		"a web page": {
			"<!DOCTYPE html>\n<html>\n<body style=\"color:red\">\n</body>", `?"<!DOCTYPE html>\n<html>\n<body style=\"color:red\">\n</body>"`,
			"line 1: text outside of any component|line 1: no component in the text",
		},
		"names in any case": {"begin:vevent\nSummary:x\nEnd:vEvent\n", "VEVENT|  SUMMARY:x", ""},
		"blanks around names": {
			"BEGIN:VEVENT \nSUMMARY :x\n\ufeffUID\t;A=b:1\nEND: VEVENT\n", "VEVENT|  SUMMARY:x|  UID;A=b:1", "",
		},
		"a name may be of a group":       {"BEGIN:VEVENT\nITEM1.X_ABC-1:x\nEND:VEVENT\n", "VEVENT|  ITEM1.X_ABC-1:x", ""},
		"no end of line at the end":      {"BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT", "VEVENT|  UID:1", ""},
		"half an end of line at the end": {"BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r", "VEVENT|  UID:1", ""},
		"a fold in the name":             {"BEGIN:VEVENT\r\nSUM\r\n MARY\r\n :x\r\nEND:VEVENT\r\n", "VEVENT|  SUMMARY:x", ""},
		"a fold in BEGIN":                {"BEG\r\n IN:VEV\r\n ENT\r\nUID:1\r\nEND:VEVENT\r\n", "VEVENT|  UID:1", ""},
		"a fold in a quoted parameter":   {"BEGIN:VEVENT\r\nX-A;B=\"c:\r\n d\":e\r\nEND:VEVENT\r\n", `VEVENT|  X-A;B=c:d:e`, ""},
		"a fold right behind the colon":  {"BEGIN:VEVENT\r\nX-A:\r\n b\r\n  c\r\n \r\nEND:VEVENT\r\n", "VEVENT|  X-A:b c", ""},
		"a fold by tab":                  {"BEGIN:VEVENT\r\nX-A:b\r\n\tc\r\nEND:VEVENT\r\n", "VEVENT|  X-A:bc", ""},
		"blank lines in a fold":          {"BEGIN:VEVENT\r\nX-A\r\n\r\n :b\r\n\r\n\r\n c\r\nX-D:\r\nEND:VEVENT\r\n", "VEVENT|  X-A:bc|  X-D:", ""},
		"a first line with a blank":      {" BEGIN:VEVENT\nUID:1\nEND:VEVENT\n", "VEVENT|  UID:1", ""},
		"an unknown component may hold events": {
			"BEGIN:VCALENDAR\nBEGIN:X-BOX\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:X-BOX\nEND:VCALENDAR\n", "VCALENDAR|  X-BOX|    VEVENT|      UID:1", "",
		},
		"an unknown component without END gives events up": {
			"BEGIN:VCALENDAR\nBEGIN:X-BOX\nX-A:1\nBEGIN:X-IN\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nX-B:2\nEND:VCALENDAR\n",
			"VCALENDAR|  X-BOX|    X-A:1|    X-IN|  VEVENT|    UID:1|  X-B:2",
			`line 2: "X-BOX": component without END|line 4: "X-IN": component without END`,
		},
		"an unknown component without END that begins with an event": {
			"BEGIN:X-BOX\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\n", "X-BOX|VEVENT|  UID:1", `line 1: "X-BOX": component without END`,
		},
		"an alarm without END": {
			"BEGIN:VEVENT\nBEGIN:VALARM\nACTION:A\nBEGIN:VALARM\nACTION:B\nEND:VEVENT\n",
			"VEVENT|  VALARM|    ACTION:A|  VALARM|    ACTION:B",
			`line 2: "VALARM": component without END|line 4: "VALARM": component without END`,
		},
		"a component without a name":  {"BEGIN:\nUID:1\nEND:\n", "|  UID:1", `line 1: "": no name before the colon`},
		"END with another name":       {"BEGIN:VEVENT\nEND:VEVNT\nUID:1\nEND:VEVENT\n", `VEVENT|  ?"END:VEVNT\n"|  UID:1`, `line 2: "VEVENT": END of a component that did not begin`},
		"a bare CR is a character":    {"BEGIN:VEVENT\r\nX-A:b\rX-C:d\r\nEND:VEVENT\r\n", "VEVENT|  X-A:b\rX-C:d", ""},
		"a bare CR ends lines":        {"BEGIN:VEVENT\rX-A:b\r c\rX-D:\r\nEND:VEVENT\r", "VEVENT|  X-A:bc|  X-D:", ""},
		"the quote is closed too far": {"BEGIN:VEVENT\nDTSTART;TZID=\"A Time:20260101T000000\"\nEND:VEVENT\n", `VEVENT|  DTSTART;TZID=A Time:20260101T000000"`, `line 2: "VEVENT": DTSTART: a quoted parameter is not closed`},
		"no colon":                    {"BEGIN:VEVENT\nSUMMARY=x\nSUMMARY;A=b\nand on\nEND:VEVENT\n", `VEVENT|  ?"SUMMARY=x\nSUMMARY;A=b\nand on\n"`, `line 2: "VEVENT": SUMMARY: no colon in the line|line 3: "VEVENT": SUMMARY: no colon in the line|line 4: "VEVENT": AND: no colon in the line`},
		"no name":                     {"BEGIN:VEVENT\nSUM MARY:x\n:y\nEND:VEVENT\n", `VEVENT|  ?"SUM MARY:x\n:y\n"`, `line 2: "VEVENT": SUM: no name before the colon|line 3: "VEVENT": no name before the colon`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := mustParse(t, test.text)
			if diff := cmp.Diff(test.outline, strings.Join(outline(text), "|")); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.problems, strings.Join(problemsOf(text), "|")); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got := string(text.Print()); got != test.text {
				t.Errorf("printed: got %q, want %q", got, test.text)
			}
		})
	}
}

func TestParse_lines_and_parents(t *testing.T) {
	t.Parallel()
	text := mustParse(t, "BEGIN:VCALENDAR\r\nX-A:b\r\n c\r\n\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
	event := theEvent(t, text)
	if event.Line() != 5 {
		t.Errorf("line of VEVENT: got %d, want 5", event.Line())
	}
	uid, _ := event.Property("uid")
	if uid == nil || uid.Line() != 6 || uid.Component() != event {
		t.Errorf("UID: got %+v, want line 6 of the event", uid)
	}
	calendar, found := event.Parent()
	if !found || calendar.Name() != "VCALENDAR" {
		t.Errorf("parent of VEVENT: got %v, want VCALENDAR", calendar)
	}
	if _, found := calendar.Parent(); found {
		t.Error("VCALENDAR has a parent")
	}
	if got, want := string(event.Print()), "BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n"; got != want {
		t.Errorf("event alone: got %q, want %q", got, want)
	}
}

func TestParse_names_select(t *testing.T) {
	t.Parallel()
	text := mustParse(t, "BEGIN:VEVENT\nUID:1\nEND:VEVENT\nBEGIN:VCALENDAR\nBEGIN:VTODO\nUID:2\nEND:VTODO\nBEGIN:VEVENT\nEXDATE:3\nRDATE:4\nexdate:5\nEND:VEVENT\nEND:VCALENDAR\n")
	var found []string
	for c := range text.Find() {
		found = append(found, c.Name())
	}
	if diff := cmp.Diff([]string{"VEVENT", "VTODO", "VEVENT"}, found); diff != "" {
		t.Errorf("all components (-want +got):\n%s", diff)
	}
	var values []string
	for event := range text.Find("vevent") {
		for p := range event.Properties("ExDate") {
			values = append(values, p.Value())
		}
	}
	if diff := cmp.Diff([]string{"3", "5"}, values); diff != "" {
		t.Errorf("EXDATEs (-want +got):\n%s", diff)
	}
	if _, found := theEvent(t, text).Property("SUMMARY"); found {
		t.Error("found a SUMMARY that is not there")
	}
	if _, found := theEvent(t, text).TextOf("SUMMARY"); found {
		t.Error("found the text of a SUMMARY that is not there")
	}
}

func TestParse_problems_of_a_component(t *testing.T) {
	t.Parallel()
	text := mustParse(t, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nbad 1\nBEGIN:VALARM\nbad 2\nEND:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nbad 3\nEND:VCALENDAR\nbad 4\n")
	var got [][]int
	for event := range text.Find("VEVENT") {
		var lines []int
		for p := range text.ProblemsOf(event) {
			lines = append(lines, p.Line)
		}
		got = append(got, lines)
	}
	if diff := cmp.Diff([][]int{{3, 5}, {8, 9}}, got); diff != "" {
		t.Errorf("lines of problems by event (-want +got):\n%s", diff)
	}
}

func TestParse_total_limits(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.Bytes, limits.Lines = 40, 4
	for name, test := range map[string]struct{ text, err string }{
		"as many bytes":  {"BEGIN:VEVENT\nX-A:012345678901234567890\n\n", ""},
		"too many bytes": {"BEGIN:VEVENT\nX-A:01234567890123456789012345\n", "read calendar text: more than 40 bytes"},
		"as many lines":  {"BEGIN:VEVENT\nA:\nB:\n\n", ""},
		"too many lines": {"BEGIN:VEVENT\nA:\nB:\n\n\n", "read calendar text: more than 4 lines"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(test.text), limits)
			got := ""
			if err != nil {
				got = err.Error()
				if limit := (*LimitError)(nil); !errors.As(err, &limit) {
					t.Errorf("got %T, want *LimitError", err)
				}
			}
			if got != test.err {
				t.Errorf("got error %q, want %q", got, test.err)
			}
		})
	}
}
