package ical

import (
	"strings"
	"testing"
)

// benchmarkZone and benchmarkEvent are a calendar object resource as servers hold them: 864 bytes, of which 321 are
// the VTIMEZONE.
var (
	benchmarkZone = strings.ReplaceAll(`BEGIN:VTIMEZONE
TZID:Europe/Brussels
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
`, "\n", "\r\n")
	benchmarkEvent = strings.ReplaceAll(`BEGIN:VEVENT
UID:5f0c1e9e-2b7d-4f0a-9d5e-7d1c2ab4e6f1@example.com
DTSTAMP:20261101T100000Z
CREATED:20261101T100000Z
LAST-MODIFIED:20261102T110000Z
SEQUENCE:12
SUMMARY:Quarterly reviews with the customer
LOCATION:Meeting room 2\, first floor
DESCRIPTION:Agenda:\n- figures of the third quarters\n- open questions\, wh
 o answers them\n- next steps.
DTSTART;TZID=Europe/Brussels:20261123T143000
DTEND;TZID=Europe/Brussels:20261123T153000
STATUS:CONFIRMED
END:VEVENT
`, "\n", "\r\n")
	benchmarkObject = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//A//B//EN\r\n" + benchmarkZone + benchmarkEvent + "END:VCALENDAR\r\n"
)

func BenchmarkParse(b *testing.B) {
	body := []byte(benchmarkObject)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(body, DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse_10000_events_in_one_text(b *testing.B) {
	body := []byte("BEGIN:VCALENDAR\r\n" + strings.Repeat(benchmarkEvent, 10_000) + "END:VCALENDAR\r\n")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(body, DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	body := "BEGIN:VCALENDAR\r\n" + strings.Repeat(benchmarkEvent, 10_000) + "END:VCALENDAR\r\n"
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		reader := NewReader(strings.NewReader(body), DefaultLimits())
		for {
			if _, err := reader.Next(); err != nil {
				break
			}
		}
	}
}

func BenchmarkPrint(b *testing.B) {
	text, err := Parse([]byte(benchmarkObject), DefaultLimits())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(benchmarkObject)))
	b.ReportAllocs()
	for b.Loop() {
		text.Print()
	}
}

// What 10,000 events cost is mostly how often memory is asked for: one slab each for lines and components.
func TestParse_allocations(t *testing.T) {
	body := []byte(benchmarkObject)
	if got := testing.AllocsPerRun(100, func() { _, _ = Parse(body, DefaultLimits()) }); got > 8 {
		t.Errorf("parsing an event of %d bytes: got %v allocations, want at most 8", len(body), got)
	}
	text := mustParse(t, benchmarkObject)
	if got := testing.AllocsPerRun(100, func() { text.Print() }); got > 1 {
		t.Errorf("printing: got %v allocations, want 1", got)
	}
	event := theEvent(t, text)
	if got := testing.AllocsPerRun(100, func() {
		for _, name := range []string{"SUMMARY", "UID", "STATUS"} {
			if _, found := event.TextOf(name); !found {
				t.Error("not found")
			}
		}
		start, _ := event.Property("DTSTART")
		if _, err := start.Time(); err != nil {
			t.Error(err)
		}
	}); got > 0 {
		t.Errorf("reading values as they stand: got %v allocations, want 0", got)
	}
}
