package ical

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// parts reads a stream to its end: of each part what is in it and its problems.
func parts(t testing.TB, from io.Reader, limits Limits) (lines []string) {
	t.Helper()
	reader := NewReader(from, limits)
	for {
		part, err := reader.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				lines = append(lines, "error: "+err.Error())
			}
			if _, again := reader.Next(); again != err {
				t.Errorf("behind the end: got %v, want %v", again, err)
			}
			return lines
		}
		if part.Component != nil {
			text := strings.Join(outlineOf(part.Component, ""), "|")
			calendar := ""
			if part.Calendar != nil {
				calendar = " in " + strings.Join(outlineOf(part.Calendar, ""), "|")
			}
			lines = append(lines, fmt.Sprintf("%s %d: %s%s", part.Component.Name(), part.Component.Line(), text, calendar))
			inside := 0
			for range part.Component.text.ProblemsOf(part.Component) {
				inside++
			}
			if inside > len(part.Problems) {
				t.Errorf("%d problems of the component, %d of the part", inside, len(part.Problems))
			}
		}
		for _, problem := range part.Problems {
			lines = append(lines, "! "+problem.String())
		}
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	small := Limits{Bytes: 200, LineBytes: 60, Properties: 5, Depth: 3}
	tests := map[string]struct {
		text string
		want []string
	}{
		"calendars in a row": {
			"BEGIN:VCALENDAR\r\nX-A:1\r\nBEGIN:VTIMEZONE\r\nTZID:Z\r\nBEGIN:STANDARD\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nX-B:2\r\n" +
				"BEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:\r\n 3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:4\r\nEND:VEVENT",
			[]string{"VTIMEZONE 3: TZID:Z|STANDARD in X-A:1|X-B:2", "VEVENT 8: UID:1 in X-A:1|X-B:2", "VEVENT 12: UID:2 in X-A:1|X-B:2", "VEVENT 17: UID:3 in ", "VEVENT 22: UID:4"},
		},
		"nothing":           {"", nil},
		"bare CR":           {"BEGIN:VEVENT\rUID:1\rEND:VEVENT\r", []string{"VEVENT 1: UID:1"}},
		"a byte order mark": {"\ufeffBEGIN:VEVENT\nUID:1\nEND:VEVENT\n\ufeffBEGIN:VEVENT\nUID:2\nEND:VEVENT\n", []string{"VEVENT 1: UID:1", "VEVENT 4: UID:2"}},
		"UTF-16":            {"B\x00E\x00G\x00", []string{"error: " + ErrUTF16.Error()}},
		"text around": {
			"a\nb\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nc\n\nd\n",
			[]string{"VEVENT 3: UID:1", "! line 1: text outside of any component", "! line 6: text outside of any component"},
		},
		"missing END": {
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nBEGIN:VEVENT\nUID:2\nBEGIN:VALARM\nEND:VCALENDAR\n",
			[]string{"VEVENT 2: UID:1 in ", `! line 2: "VEVENT": component without END`, `VEVENT 4: UID:2|VALARM in `, `! line 6: "VALARM": component without END`, `! line 4: "VEVENT": component without END`},
		},
		"an unknown component without END gives events up": {
			"BEGIN:VCALENDAR\nBEGIN:X-BOX\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n",
			[]string{"X-BOX 2:  in ", `! line 2: "X-BOX": component without END`, "VEVENT 3: UID:1 in "},
		},
		"a line that is too long": {
			"BEGIN:VEVENT\nX-A:" + strings.Repeat("b", 100) + "\n c\nUID:1\nEND:VEVENT\n",
			[]string{`VEVENT 1: ?"X-A:` + strings.Repeat("b", 100) + `\n c\n"|UID:1`, `! line 2: "VEVENT": X-A: line of more than 60 bytes`},
		},
		"too many properties": {
			"BEGIN:VEVENT\nA:1\nB:2\nC:3\nBEGIN:VALARM\nA:4\nB:5\nEND:VALARM\nD:6\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\n",
			[]string{"VEVENT 1: A:1|B:2|C:3|VALARM|  A:4", `! line 7: "VEVENT": more than 5 properties`, "VEVENT 11: UID:1"},
		},
		"too large": {
			"BEGIN:VEVENT\nA:" + strings.Repeat("1", 50) + "\nB:" + strings.Repeat("2", 50) + "\n\nBEGIN:X-C\nA:" + strings.Repeat("3", 50) + "\nB:" + strings.Repeat("4", 50) + "\nEND:X-C\nC:3\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\n",
			[]string{"VEVENT 1: A:" + strings.Repeat("1", 50) + "|B:" + strings.Repeat("2", 50) + "|?\"\\n\"|X-C|  A:" + strings.Repeat("3", 50), `! line 7: "VEVENT": component of more than 200 bytes`, "VEVENT 11: UID:1"},
		},
		"too deep": {
			"BEGIN:VEVENT\nBEGIN:X-A\nBEGIN:X-B\nBEGIN:X-C\nX-D:1\nEND:X-C\nEND:X-B\nEND:X-A\nUID:1\nEND:VEVENT\n",
			[]string{`VEVENT 1: X-A|  X-B|    ?"BEGIN:X-C\nX-D:1\nEND:X-C\n"|UID:1`, `! line 4: "X-B": components nested more than 3 deep`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, parts(t, strings.NewReader(test.text), small)); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, parts(t, iotest.OneByteReader(strings.NewReader(test.text)), small)); diff != "" {
				t.Errorf("parts, read by single bytes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReader_errors_of_the_stream(t *testing.T) {
	t.Parallel()
	cut := io.MultiReader(strings.NewReader("BEGIN:VEVENT\nUID:1\nEND:VEVENT\nBEGIN:VEVENT\nUID:2"), iotest.ErrReader(io.ErrUnexpectedEOF))
	reader := NewReader(cut, DefaultLimits())
	for {
		part, err := reader.Next()
		if err == nil {
			if uid, _ := part.Component.TextOf("UID"); uid != "1" {
				t.Errorf("got the event %q, which was cut off", uid)
			}
			continue
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the error of the stream", err)
		}
		return
	}
}

// blockSizes cut a text at every place where the Reader might look at it in two.
func TestReader_cuts_nowhere(t *testing.T) {
	t.Parallel()
	const text = "\ufeffBEGIN:VCALENDAR\r\r\nBEGIN:VEVENT\r\nSUMMARY:caf\xc3\xa9\r\n \xc3\r\n \xa9\r\n\r\n\tx\r\n\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR"
	want := parts(t, strings.NewReader(text), DefaultLimits())
	if len(want) != 1 {
		t.Fatalf("got %q, want one event without problems", want)
	}
	for before := readerBlock - len(text) - 2; before <= readerBlock; before++ {
		// The text so far is one that leaves no part.
		padding := "BEGIN:X-PAD\r\nEND:X-PAD\r\n" + strings.Repeat("\r\n", (before-25)/2) + strings.Repeat("\n", (before-25)%2)
		got := parts(t, strings.NewReader(padding+text), DefaultLimits())
		if len(got) != 2 || got[1][strings.Index(got[1], ": "):] != want[0][strings.Index(want[0], ": "):] {
			t.Fatalf("behind %d bytes: got %q, want %q", len(padding), got, want)
		}
	}
}

// A generated is a stream that is made while it is read.
type generated struct {
	chunk func(i int) string // "" ends it
	next  int
	rest  string
	size  int
}

func (g *generated) Read(into []byte) (int, error) {
	for g.rest == "" {
		g.rest = g.chunk(g.next)
		g.next++
		if g.rest == "" {
			return 0, io.EOF
		}
	}
	n := copy(into, g.rest)
	g.rest = g.rest[n:]
	g.size += n
	return n, nil
}

// heap is how much memory is in use, in bytes.
func heap() int {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// Not parallel: it measures memory.
func TestReader_a_long_export_in_bounded_memory(t *testing.T) {
	const events = 210_000
	stream := &generated{chunk: func(i int) string {
		switch {
		case i == 0:
			return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
		case i <= events:
			return strings.Replace(benchmarkEvent, "UID:", fmt.Sprintf("UID:%d-", i), 1)
		case i == events+1:
			return "END:VCALENDAR\r\n"
		}
		return ""
	}}
	reader := NewReader(stream, DefaultLimits())
	before, most, count := heap(), 0, 0
	for {
		part, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(part.Problems) > 0 {
			t.Fatalf("event %d: %v, %v", count, err, part.Problems)
		}
		count++
		if uid, _ := part.Component.TextOf("UID"); !strings.HasPrefix(uid, fmt.Sprintf("%d-", count)) {
			t.Fatalf("event %d: got UID %q", count, uid)
		}
		if count%20_000 == 0 {
			most = max(most, heap()-before)
		}
	}
	if count != events || stream.size < 100_000_000 {
		t.Errorf("got %d events of %d bytes, want %d of more than 100 MB", count, stream.size, events)
	}
	if most > 2<<20 {
		t.Errorf("got %d bytes in use beyond those before, want at most 2 MiB", most)
	}
	t.Logf("%d bytes read, at most %d in use", stream.size, most)
}

// Not parallel: it measures memory.
func TestReader_what_never_ends_in_bounded_memory(t *testing.T) {
	for name, chunk := range map[string]string{
		"a line":            strings.Repeat("x", 1<<16),
		"a folded line":     strings.Repeat("\r\n x", 1<<14),
		"an event":          strings.Repeat("X-A:b\r\nbad\r\n", 1<<12),
		"a calendar":        strings.Repeat("X-A:b\r\n", 1<<12),
		"blank lines":       strings.Repeat("\r\n", 1<<15),
		"bare CRs":          strings.Repeat("\r", 1<<16),
		"components":        strings.Repeat("BEGIN:X-A\r\n", 1<<12),
		"ends":              strings.Repeat("END:X-A\r\n", 1<<12),
		"calendars":         strings.Repeat("BEGIN:VCALENDAR\r\nbad\r\n", 1<<12),
		"text of no format": strings.Repeat("<p>\r\n\r\n", 1<<12),
	} {
		t.Run(name, func(t *testing.T) {
			stream := &generated{chunk: func(i int) string {
				switch {
				case i == 0 && name == "an event":
					return "BEGIN:VEVENT\r\n"
				case i == 0 && (name == "a calendar" || name == "a line"):
					return "BEGIN:VCALENDAR\r\nX-LONG:"
				case i > 400:
					return ""
				}
				return chunk
			}}
			limits := DefaultLimits()
			limits.LineBytes, limits.Bytes = 1<<18, 1<<20
			reader := NewReader(stream, limits)
			before, most := heap(), 0
			for i := 0; ; i++ {
				if _, err := reader.Next(); err != nil {
					if !errors.Is(err, io.EOF) {
						t.Error(err)
					}
					break
				}
				if i%500 == 0 {
					most = max(most, heap()-before)
				}
			}
			most = max(most, heap()-before)
			if most > 16<<20 || stream.size < 10_000_000 {
				t.Errorf("got %d bytes in use of %d read, want at most 16 MiB", most, stream.size)
			}
			runtime.KeepAlive(reader)
		})
	}
}
