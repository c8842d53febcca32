package eventmap

import (
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
)

// benchmarkObject is a calendar object resource as servers hold them, with a VTIMEZONE and a folded description.
var benchmarkObject = calendarOf(append(strings.Split(strings.ReplaceAll(ownZone, "Office", "Europe/Brussels"), "\n"), "BEGIN:VEVENT",
	"UID:5f0c1e9e-2b7d-4f0a-9d5e-7d1c2ab4e6f1@example.com", "DTSTAMP:20261101T100000Z", "CREATED:20261101T100000Z", "LAST-MODIFIED:20261102T110000Z",
	"SEQUENCE:12", "SUMMARY:Quarterly reviews with the customer", `LOCATION:Meeting room 2\, first floor`,
	"DESCRIPTION:Agenda:\\n- figures of the third quarters\\n- open questions\\, wh\r\n o answers them\\n- next steps.",
	"DTSTART;TZID=Europe/Brussels:20261123T143000", "DTEND;TZID=Europe/Brussels:20261123T153000", "STATUS:CONFIRMED", "END:VEVENT")...)

func BenchmarkReadAndExtract(b *testing.B) {
	b.SetBytes(int64(len(benchmarkObject)))
	b.ReportAllocs()
	for b.Loop() {
		o, err := Read(benchmarkObject)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := o.Extract(Reading{Zones: zones, Zone: "Europe/Brussels"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFacts(b *testing.B) {
	o := mustRead(b, benchmarkObject)
	b.ReportAllocs()
	for b.Loop() {
		o.Facts()
	}
}

func BenchmarkPatch(b *testing.B) {
	o := mustRead(b, benchmarkObject)
	change := changeOf(crm.UnitWhen)
	b.ReportAllocs()
	for day := 0; b.Loop(); day = (day + 1) % 28 {
		change.Values.When = crm.When{StartDate: crm.Date{Year: 2027, Month: 1, Day: 1 + day}, StartTime: crm.NewClock(14, 30, 0), Zone: "Europe/Brussels"}
		if _, err := o.Patch(change); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	change := changeOf()
	change.Values = crm.Units{Subject: "Lunch", Description: "with Ann", When: mustWhen(b, "2026-11-23 14:30 - - Europe/Brussels")}
	b.ReportAllocs()
	for b.Loop() {
		change.At = change.At.Add(time.Second)
		if _, err := New("1", change); err != nil {
			b.Fatal(err)
		}
	}
}
