package eventmap

import (
	"bytes"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/zone"
)

// fuzzSeeds are events with every form of dates and every kind of trouble.
var fuzzSeeds = [][]byte{
	calendarOf(everything...),
	eventOf("DTSTART;VALUE=DATE:20261123", "DURATION:P2D", "DESCRIPTION;ALTREP=\"cid:1\":<p>a<br>b &amp\\; c</p>", "X-ALT-DESC:<p>x</p>"),
	eventOf("DTSTART;TZID=Nowhere:20261025T023000", "DTEND:20261025T013000Z", "SUMMARY;ENCODING=QUOTED-PRINTABLE:=C3=A9=\r\n=41"),
	eventOf("DTSTART:20260329T023000", "DURATION:-P1DT1H", "SUMMARY", "CLASS:X", "STATUS:CANCELLED"),
	eventOf("DTSTART:00010101T000000Z", "DTEND:99981231T235959Z"),
	eventOf("DTSTART:00010201", "DURATION:PT0H"),
	calendarOf("BEGIN:VEVENT", "UID:1", "RECURRENCE-ID;VALUE=DATE:20261123", "DTSTART;TZID=Office:20261123T100000", "END:VEVENT",
		"BEGIN:VTIMEZONE", "TZID:Office", "BEGIN:STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:+0530", "TZOFFSETTO:+053015", "END:STANDARD", "END:VTIMEZONE"),
	[]byte("BEGIN:VEVENT\rUID:1\rDTSTART:20261123\rSUMMARY:caf\xe9\rBEGIN:VALARM\r"),
	[]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123T100000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261124T100000Z\nDTSTART:20261124T110000Z\n"),
}

// FuzzExtract reads whatever comes, with and without a base: no panic, and what was read a form takes.
func FuzzExtract(f *testing.F) {
	for i, seed := range fuzzSeeds {
		f.Add(seed, fuzzSeeds[(i+1)%len(fuzzSeeds)], uint16(i*61), "2026-11-23 14:30 - - Europe/Brussels", i%2 == 0)
	}
	names := zone.IANANames()
	f.Fuzz(func(t *testing.T, body, earlier []byte, place uint16, agreed string, html bool) {
		o, err := Read(body)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without a word")
			}
			return
		}
		o.Facts()
		PlaceOrRuleEdited(o, o)
		reading := Reading{Zones: zones, Zone: names[int(place)%len(names)], DefaultDuration: 30 * time.Minute, HTML: html}
		first, err := o.Extract(reading)
		if err != nil {
			_ = err.Error()
			return
		}
		if err := first.Units.When.Check(); err != nil {
			t.Fatalf("read %s, which a form refuses: %v", first.Units.When, err)
		}
		reading.Base = &BaseSide{Agreed: first.Units, Server: first.Units, Before: o}
		if again, err := o.Extract(reading); err != nil || again.Units != first.Units {
			t.Fatalf("untouched: got %+v, %v, want %+v", again.Units, err, first.Units)
		}
		when, err := crm.ParseWhen(agreed)
		if err != nil || when.Check() != nil {
			return
		}
		base := &BaseSide{Agreed: crm.Units{When: when}}
		base.Server = base.Agreed
		if before, err := Read(earlier); err == nil {
			base.Before = before
		}
		reading.Base = base
		if got, err := o.Extract(reading); err == nil && got.Units.When.Check() != nil {
			t.Fatalf("read %s against a base, which a form refuses", got.Units.When)
		}
	})
}

// FuzzPatch writes whatever a form takes into whatever event: it reads back, and once is as good as twice.
func FuzzPatch(f *testing.F) {
	for i, seed := range fuzzSeeds {
		f.Add(seed, "a\r\nEND:VEVENT\u0085\"^n", "<b>x</b> & é\x00", "2026-11-23 14:30 - - Europe/Brussels", i%2 == 0, false)
		f.Add(seed, "", "", "2026-10-25 - 2026-10-25 02:30 America/Havana", false, i%2 == 0)
		f.Add(seed, "x", "y", "2026-03-29 - - - -", true, true)
		f.Add(seed, "x", "y", "0001-10-01 - 0700-10-01 - -", true, true) // longer than a time.Duration
		f.Add(seed, "x", "y", "0001-10-01 12:00 9000-10-01 - UTC", true, true)
	}
	f.Fuzz(func(t *testing.T, body []byte, subject, description, dates string, html, needsLength bool) {
		o, err := Read(body)
		if err != nil {
			return
		}
		when, err := crm.ParseWhen(dates)
		if err != nil {
			return
		}
		change := changeOf(crm.AllUnits...)
		change.Values = crm.Units{Subject: subject, Description: description, When: when}
		change.HTML, change.NeedsLength = html, needsLength
		o.Twins(change)
		patched, err := o.Patch(change)
		if err != nil {
			return
		}
		again, err := Read(patched)
		if err != nil {
			t.Fatalf("%v: %q", err, patched)
		}
		if twice, err := again.Patch(change); err != nil || !bytes.Equal(twice, patched) {
			t.Fatalf("once %q\ntwice %q, %v", patched, twice, err)
		}
		if when.Zone == "" {
			when.Zone = "UTC"
		}
		got, err := again.Extract(Reading{Zones: zones, Zone: when.Zone, HTML: html, DefaultDuration: change.DefaultDuration,
			Base: &BaseSide{Agreed: change.Values, Server: change.Values, Before: again}})
		if err != nil || got.Units != change.Values {
			t.Fatalf("got %+v, %v, want %+v of %q", got.Units, err, change.Values, patched)
		}
	})
}
