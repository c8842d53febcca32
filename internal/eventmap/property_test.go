package eventmap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
	"agendaonline/internal/zone"
)

var shapes = []crm.Shape{
	crm.ShapeStartDate, crm.ShapeDates, crm.ShapeEndDate, crm.ShapeStart, crm.ShapeStartEndTime,
	crm.ShapeStartEndDate, crm.ShapeStartEnd, crm.ShapeEnd, crm.ShapeStartDateEndTime,
}

// shaped makes a When of a shape out of two walls; false where a form would refuse it.
func shaped(shape crm.Shape, start, end zone.Civil, zoneName string) (crm.When, bool) {
	w := crm.When{Zone: zoneName}
	switch shape {
	case crm.ShapeStartDate, crm.ShapeDates, crm.ShapeStartDateEndTime:
		w.StartDate = dateOf(start)
	case crm.ShapeStart, crm.ShapeStartEndTime, crm.ShapeStartEndDate, crm.ShapeStartEnd:
		w.StartDate, w.StartTime = dateOf(start), clockOf(start)
	}
	switch shape {
	case crm.ShapeDates, crm.ShapeEndDate, crm.ShapeStartEndDate:
		w.EndDate = dateOf(end)
	case crm.ShapeEnd, crm.ShapeStartEnd, crm.ShapeStartDateEndTime:
		w.EndDate, w.EndTime = dateOf(end), clockOf(end)
	case crm.ShapeStartEndTime:
		w.EndTime = clockOf(end)
	}
	return w, w.Check() == nil && w.Shape() == shape
}

// anyWall is a local time of a zone, often within hours of a clock change: before, in, or after a gap or an overlap.
func anyWall(t *rapid.T, z *zone.Zone, label string) zone.Civil {
	at := time.Unix(rapid.Int64Range(-5e8, 3e9).Draw(t, label), 0)
	if change, found := z.NextChange(at); found && rapid.IntRange(0, 3).Draw(t, label+" near a clock change") > 0 {
		at = change
	}
	wall := z.CivilOf(at)
	return zone.NewCivil(wall.Year, wall.Month, wall.Day, wall.Hour, wall.Minute+15*rapid.IntRange(-16, 16).Draw(t, label+" quarters"), 0)
}

func mustZone(t interface {
	Helper()
	Fatal(...any)
}, name string) *zone.Zone {
	t.Helper()
	z, err := zones.IANA(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// anyAction is what a person can have typed.
func anyAction(t *rapid.T) crm.When {
	name := rapid.SampledFrom(zone.IANANames()).Draw(t, "zone of the action")
	z := mustZone(t, name)
	for {
		start := anyWall(t, z, "start")
		end := zone.NewCivil(start.Year, start.Month, start.Day, start.Hour, start.Minute+15*rapid.IntRange(0, 4*60).Draw(t, "length"), 0)
		if when, ok := shaped(rapid.SampledFrom(shapes).Draw(t, "shape"), start, end, name); ok {
			return when
		}
	}
}

// anyEvent is an event as some program wrote it, with dates of any form that can be read.
func anyEvent(t *rapid.T) []byte {
	name := rapid.SampledFrom(zone.IANANames()).Draw(t, "zone of the event")
	start := anyWall(t, mustZone(t, name), "DTSTART")
	like := func(label string) ical.Time {
		return rapid.SampledFrom([]ical.Time{
			{Kind: ical.UTC}, {Kind: ical.Floating}, {Kind: ical.Zoned, TZID: name}, {Kind: ical.Zoned, TZID: "Nowhere"}, {Kind: ical.Zoned, TZID: "Office"},
			{Kind: ical.Zoned, TZID: "W. Europe Standard Time"},
		}).Draw(t, label)
	}
	var lines []string
	property := func(name string, value ical.Time) {
		line := name
		if value.Kind == ical.AllDay {
			line += ";VALUE=DATE"
		}
		if value.Kind == ical.Zoned {
			line += ";TZID=" + value.TZID
		}
		lines = append(lines, line+":"+value.String())
	}
	quarters := rapid.IntRange(-4, 4*60).Draw(t, "quarters of the event")
	ending := rapid.SampledFrom([]string{"", "DTEND", "DURATION"}).Draw(t, "ending")
	if rapid.IntRange(0, 3).Draw(t, "all-day") == 0 {
		property("DTSTART", dayTime(dateOf(start)))
		switch ending {
		case "DTEND":
			property("DTEND", dayTime(dateOf(start).AddDays(quarters/16)))
		case "DURATION":
			lines = append(lines, fmt.Sprintf("DURATION:P%dD", max(quarters/16, 0)))
		}
	} else {
		property("DTSTART", timeOf(start, like("form of DTSTART")))
		switch ending {
		case "DTEND":
			property("DTEND", timeOf(zone.NewCivil(start.Year, start.Month, start.Day, start.Hour, start.Minute+15*quarters, 0), like("form of DTEND")))
		case "DURATION":
			lines = append(lines, "DURATION:"+ical.Duration{Days: max(quarters, 0) / 96, Seconds: max(quarters, 0) % 96 * 900}.String())
		}
	}
	lines = append(lines, "SUMMARY:x", "LOCATION:y", "X-A;B=\"c:d\":e", "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE")
	all := append(strings.Split(ownZone, "\n"), "BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z")
	all = append(all, rapid.Permutation(lines).Draw(t, "order")...)
	return calendarOf(append(all, "BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM", "END:VEVENT")...)
}

// extract(patch(event, action), base = action) = action, whether or not the text of then is known.
func TestProperty_an_action_written_reads_as_itself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		action := crm.Units{Subject: "s", Description: "d", When: anyAction(t)}
		event := anyEvent(t)
		change := changeOf(crm.AllUnits...)
		change.Values = action
		checkWritten(t, event, change)
	})
}

type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// checkWritten patches and holds what must be true of any patch.
func checkWritten(t tester, event []byte, change Change) {
	t.Helper()
	o, err := Read(event)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := o.Patch(change)
	if err != nil {
		t.Fatalf("patch: %v of %s", err, event)
	}
	checkReadsAs(t, patched, change)
	again, err := Read(patched)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := again.Patch(change); err != nil || !bytes.Equal(twice, patched) {
		t.Fatalf("patched again, the text changed: %v\n%q\nof %s", err, difference(patched, twice), patched)
	}
	for _, line := range difference(event, patched) {
		name, _, _ := strings.Cut(strings.ToUpper(line[1:]), ":")
		name, _, _ = strings.Cut(name, ";")
		switch name {
		case "SUMMARY", "DESCRIPTION", "DTSTART", "DTEND", "DURATION", "X-ALT-DESC", "STYLED-DESCRIPTION", "X-MICROSOFT-CDO-ALLDAYEVENT":
		case "BEGIN", "END", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME", "RRULE", "RDATE": // of a VTIMEZONE, which only comes
			if line[0] == '-' {
				t.Fatalf("a line went that has nothing to do with it: %s", line)
			}
		default:
			t.Fatalf("a line changed that has nothing to do with it: %s", line)
		}
	}
}

// checkReadsAs reads a written event against the action that was written.
func checkReadsAs(t tester, written []byte, change Change) {
	t.Helper()
	o, err := Read(written)
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []*Object{nil, o} {
		base := &BaseSide{Agreed: change.Values, Server: change.Values, Before: before}
		got, err := o.Extract(Reading{Zones: zones, Zone: change.Values.When.Zone, Base: base, DefaultDuration: change.DefaultDuration, HTML: change.HTML})
		if err != nil {
			t.Fatal(err)
		}
		if got.Units != change.Values {
			t.Fatalf("with the text of then: %t\ngot  %+v\nwant %+v\nof %s", before != nil, got.Units, change.Values, written)
		}
	}
}

// All shapes in all zones, around the next clock change of each.
func TestProperty_all_shapes_in_all_zones(t *testing.T) {
	t.Parallel()
	events := [][]byte{
		eventOf("DTSTART;VALUE=DATE:20261123"),
		eventOf("DTSTART:20261123T133000Z", "DTEND:20261123T143000Z"),
		eventOf("DTSTART;TZID=America/New_York:20261123T133000", "DURATION:P1DT1H"),
	}
	for _, name := range zone.IANANames() {
		z := mustZone(t, name)
		at, found := z.NextChange(changedAt)
		if !found {
			at = changedAt
		}
		wall := z.CivilOf(at)
		for _, minutes := range []int{-90, -30, 0, 30} {
			start := zone.NewCivil(wall.Year, wall.Month, wall.Day, wall.Hour, wall.Minute+minutes, 0)
			for _, length := range []int{45, 25 * 60} {
				end := zone.NewCivil(start.Year, start.Month, start.Day, start.Hour, start.Minute+length, 0)
				for _, shape := range shapes {
					when, ok := shaped(shape, start, end, name)
					if !ok {
						continue
					}
					change := changeOf(crm.AllUnits...)
					change.Values.When = when
					made, err := New("1", change)
					if err != nil {
						t.Fatal(err)
					}
					checkReadsAs(t, made, change)
					checkWritten(t, events[(minutes+90+length+int(shape))%len(events)], change)
				}
			}
		}
	}
}

// Without a base, an event that the CRM made gives what the second table says of it. Instants are found by package time,
// where a wall stands for one only.
func TestProperty_an_action_written_reads_as_its_event_without_base(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		when := anyAction(t)
		location, err := time.LoadLocation(when.Zone)
		if err != nil {
			t.Fatal(err)
		}
		at := func(date crm.Date, clock crm.Clock) time.Time {
			hour, minute, second := clock.HMS()
			found := time.Date(date.Year, date.Month, date.Day, hour, minute, second, 0, location)
			same := 0
			for quarter := -30 * 4; quarter <= 30*4; quarter++ {
				if shown := found.Add(time.Duration(quarter) * 15 * time.Minute); crm.DateOf(shown) == date && crm.ClockOf(shown) == crm.NewClock(hour, minute, second) {
					same++
				}
			}
			if same != 1 {
				t.Skip("a wall that stands for none or two")
			}
			return found
		}
		const length = 30 * time.Minute
		want := when
		var start, end time.Time
		switch when.Shape() {
		case crm.ShapeStartDate:
			want.EndDate = want.StartDate
		case crm.ShapeEndDate:
			want.StartDate = want.EndDate
		case crm.ShapeDates:
		case crm.ShapeStart:
			start = at(when.StartDate, when.StartTime)
			end = start.Add(length)
		case crm.ShapeEnd:
			end = at(when.EndDate, when.EndTime)
			start = end.Add(-length)
		case crm.ShapeStartEndTime:
			start, end = at(when.StartDate, when.StartTime), at(when.StartDate, when.EndTime)
		case crm.ShapeStartEndDate:
			start, end = at(when.StartDate, when.StartTime), at(when.EndDate.AddDays(1), crm.Clock{})
		case crm.ShapeStartDateEndTime:
			start, end = at(when.StartDate, crm.Clock{}), at(when.EndDate, when.EndTime)
		case crm.ShapeStartEnd:
			start, end = at(when.StartDate, when.StartTime), at(when.EndDate, when.EndTime)
		}
		if !start.IsZero() {
			if !end.After(start) {
				end = start.Add(length)
			}
			start, end = start.In(location), end.In(location)
			want.StartDate, want.StartTime, want.EndDate, want.EndTime = crm.DateOf(start), crm.ClockOf(start), crm.DateOf(end), crm.ClockOf(end)
			if want.Check() != nil || want.StartDate == want.EndDate && want.StartTime == want.EndTime {
				want.EndDate, want.EndTime = crm.Date{}, crm.Clock{} // clocks are put back within it
			}
		}
		change := changeOf()
		change.Values.When = when
		made, err := New("1", change)
		if err != nil {
			t.Fatal(err)
		}
		o, err := Read(made)
		if err != nil {
			t.Fatal(err)
		}
		got, err := o.Extract(Reading{Zones: zones, Zone: when.Zone})
		if err != nil {
			t.Fatal(err)
		}
		if got.Units.When != want {
			t.Fatalf("%s: got %s, want %s of %s", when, got.Units.When, want, made)
		}
	})
}

// A patch with what the event says already gives the same bytes, in whatever zone it was read.
func TestProperty_a_patch_with_nothing_changed_gives_the_same_bytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		event := anyEvent(t)
		o, err := Read(event)
		if err != nil {
			t.Fatal(err)
		}
		read, err := o.Extract(Reading{Zones: zones, Zone: rapid.SampledFrom(zone.IANANames()).Draw(t, "zone of the action")})
		if err != nil {
			t.Fatal(err)
		}
		if err := read.Units.When.Check(); err != nil {
			t.Fatalf("read %s, which a form refuses: %v\nof %s", read.Units.When, err, event)
		}
		change := changeOf(crm.AllUnits...)
		change.Values = read.Units
		got, err := o.Patch(change)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, event) {
			t.Fatalf("got %q for %s of %s", difference(event, got), read.Units.When, event)
		}
	})
}

// An event that somebody moves as it is gives the typed fields, and those make the very same event again.
func TestProperty_what_was_made_up_never_flows_back(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		agreed := crm.Units{When: anyAction(t)}
		change := changeOf()
		change.Values = agreed
		made, err := New("1", change)
		if err != nil {
			t.Fatal(err)
		}
		before, err := Read(made)
		if err != nil {
			t.Fatal(err)
		}
		reading := Reading{Zones: zones, Zone: agreed.When.Zone, Base: &BaseSide{Agreed: agreed, Server: agreed, Before: before}}
		moved := changeOf(crm.UnitWhen)
		moved.Values.When = anyAction(t)
		moved.Values.When.Zone = agreed.When.Zone
		after, err := before.Patch(moved)
		if err != nil {
			t.Fatal(err)
		}
		o, err := Read(after)
		if err != nil {
			t.Fatal(err)
		}
		got, err := o.Extract(reading)
		if err != nil {
			t.Fatal(err)
		}
		c, err := newClock(zones, agreed.When.Zone, o.definitions)
		if err != nil {
			t.Fatal(err)
		}
		span, _, err := o.spanOf(o.events[0], c)
		if err != nil {
			t.Fatal(err)
		}
		was, _, err := before.spanOf(before.events[0], c)
		if err != nil {
			t.Fatal(err)
		}
		full, _ := span.when(agreed.When.Zone)
		kept := got.Units.When.Shape() == agreed.When.Shape() && got.Units.When != full
		if kept && !span.sameLength(was) {
			t.Fatalf("%s kept its shape although its length changed: %s", agreed.When, after)
		}
		if kept || span.allDay {
			length := span.end.at - span.start.at
			if again := c.spanOfWhen(got.Units.When, length, nil); !again.same(span) {
				t.Fatalf("%s moved to %s, which is another event than\n%s", agreed.When, got.Units.When, after)
			}
		}
		if !kept && got.Units.When != full && got.Units.When != agreed.When {
			t.Fatalf("%s moved to %s, want %s or the typed fields", agreed.When, got.Units.When, full)
		}
	})
}

// anyText is text as persons and attackers type it.
func anyText() *rapid.Generator[string] {
	nasty := rapid.SampledFrom([]string{
		"\r", "\n", "\r\n", "\u0085", "\u2028", "\v", "\x00", "\x1b", "\t", " ", ":", ";", ",", `"`, `\`, `\n`, "^n", "=41", "BEGIN:VEVENT", "\nEND:VEVENT\n", "\r\n ",
		"\xff", "\xed\xa0\x80", "\ufeff", "é", "e\u0301", "\U0001f468\u200d\U0001f469", "\u202e", "<b>", "</b>", "<br>", "<p>", "&amp;", "&", "<", ">", "<a href=\"x\">",
	})
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(nasty, rapid.String(), rapid.StringMatching(`[a-z ]{0,80}`)), 0, 8).Draw(t, "pieces"), "")
	})
}

// A form value never adds a line or a parameter, and any number of round trips leave it alone.
func TestProperty_text_is_one_line_and_survives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		description := rapid.SampledFrom([]string{"DESCRIPTION:old", `DESCRIPTION;ALTREP="cid:1";LANGUAGE=nl:old`, "X-B:c", "DESCRIPTION:<p>old</p>"}).Draw(t, "description")
		event := eventOf("DTSTART:20261123", "SUMMARY;LANGUAGE=nl:old", description, "X-ALT-DESC:old")
		change := changeOf(crm.UnitSubject, crm.UnitDescription)
		change.Values = crm.Units{Subject: anyText().Draw(t, "subject"), Description: anyText().Draw(t, "description text"), When: crm.When{StartDate: crm.Date{Year: 2026, Month: 11, Day: 23}, Zone: "UTC"}}
		change.HTML = rapid.Bool().Draw(t, "HTML")
		o, err := Read(event)
		if err != nil {
			t.Fatal(err)
		}
		patched, err := o.Patch(change)
		if err != nil {
			t.Fatal(err)
		}
		checkReadsAs(t, patched, change)
		was, is := len(unfolded(event)), len(unfolded(patched))
		if is > was+2 { // LAST-MODIFIED, DESCRIPTION
			t.Fatalf("got %d lines of %d: %s", is, was, patched)
		}
		for _, line := range difference(event, patched) {
			if rest := line[1:]; !strings.HasPrefix(rest, "SUMMARY;LANGUAGE=nl:") && !strings.HasPrefix(rest, "DESCRIPTION") && !strings.HasPrefix(rest, "X-ALT-DESC") {
				t.Fatalf("a line changed that has nothing to do with it: %q", line)
			}
		}
		now, err := Read(patched)
		if err != nil {
			t.Fatal(err)
		}
		again, err := now.Patch(change)
		if err != nil || !bytes.Equal(again, patched) {
			t.Fatalf("written again: %v, %q", err, difference(patched, again))
		}
	})
}
