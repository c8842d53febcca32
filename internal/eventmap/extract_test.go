package eventmap

import (
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
)

const ownZone = `BEGIN:VTIMEZONE
TZID:Office
BEGIN:DAYLIGHT
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE`

// TestExtract_dates is the second table of semantics 5, for an action in Brussels.
func TestExtract_dates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, lines, want, notices string
	}{
		{"a date alone", "DTSTART;VALUE=DATE:20261123", "2026-11-23 - 2026-11-23 - Europe/Brussels", ""},
		{"a date without VALUE", "DTSTART:20261123", "2026-11-23 - 2026-11-23 - Europe/Brussels", ""},
		{"one day", "DTSTART;VALUE=DATE:20261123\nDTEND;VALUE=DATE:20261124", "2026-11-23 - 2026-11-23 - Europe/Brussels", ""},
		{"a date whose end is its start", "DTSTART;VALUE=DATE:20261123\nDTEND;VALUE=DATE:20261123", "2026-11-23 - 2026-11-23 - Europe/Brussels", ""},
		{"a date whose end is before", "DTSTART;VALUE=DATE:20261123\nDTEND;VALUE=DATE:20261120", "2026-11-23 - 2026-11-23 - Europe/Brussels", "event_end_before_start"},
		{"days", "DTSTART;VALUE=DATE:20261123\nDTEND;VALUE=DATE:20261126", "2026-11-23 - 2026-11-25 - Europe/Brussels", ""},
		{"days by DURATION", "DTSTART;VALUE=DATE:20261123\nDURATION:P3D", "2026-11-23 - 2026-11-25 - Europe/Brussels", ""},
		{"days by hours", "DTSTART;VALUE=DATE:20261123\nDURATION:PT48H", "2026-11-23 - 2026-11-24 - Europe/Brussels", ""},
		{"days over a clock change", "DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260331", "2026-03-28 - 2026-03-30 - Europe/Brussels", ""},

		{"the action's zone", "DTSTART;TZID=Europe/Brussels:20261123T143000\nDTEND;TZID=Europe/Brussels:20261123T160000", "2026-11-23 14:30 2026-11-23 16:00 Europe/Brussels", ""},
		{"UTC", "DTSTART:20261123T133000Z\nDTEND:20261123T150000Z", "2026-11-23 14:30 2026-11-23 16:00 Europe/Brussels", ""},
		{"UTC with a TZID", "DTSTART;TZID=America/New_York:20261123T133000Z", "2026-11-23 14:30 - - Europe/Brussels", ""},
		{"another zone", "DTSTART;TZID=America/New_York:20261123T200000\nDTEND;TZID=America/New_York:20261123T210000", "2026-11-24 02:00 2026-11-24 03:00 Europe/Brussels", ""},
		{"two zones", "DTSTART;TZID=Europe/Brussels:20261123T100000\nDTEND;TZID=America/New_York:20261123T120000", "2026-11-23 10:00 2026-11-23 18:00 Europe/Brussels", ""},
		{"floating", "DTSTART:20261123T143000\nDTEND:20261123T160000", "2026-11-23 14:30 2026-11-23 16:00 Europe/Brussels", ""},
		{"floating in a gap", "DTSTART:20260329T023000\nDTEND:20260329T031500", "2026-03-29 02:30 2026-03-29 03:15 Europe/Brussels", ""},
		{"seconds", "DTSTART:20261123T143015\nDTEND:20261123T160059", "2026-11-23 14:30:15 2026-11-23 16:00:59 Europe/Brussels", ""},

		{"DURATION", "DTSTART:20261123T143000Z\nDURATION:PT1H30M", "2026-11-23 15:30 2026-11-23 17:00 Europe/Brussels", ""},
		{"a nominal day over a clock change", "DTSTART;TZID=Europe/Brussels:20261024T120000\nDURATION:P1D", "2026-10-24 12:00 2026-10-25 12:00 Europe/Brussels", ""},
		{"24 hours over a clock change", "DTSTART;TZID=Europe/Brussels:20261024T120000\nDURATION:PT24H", "2026-10-24 12:00 2026-10-25 11:00 Europe/Brussels", ""},
		{"a floating DURATION", "DTSTART:20261123T143000\nDURATION:P1DT1H", "2026-11-23 14:30 2026-11-24 15:30 Europe/Brussels", ""},
		{"DTEND and DURATION", "DTSTART:20261123T143000Z\nDTEND:20261123T153000Z\nDURATION:PT4H", "2026-11-23 15:30 2026-11-23 16:30 Europe/Brussels", "event_two_ends"},

		{"no end", "DTSTART:20261123T143000Z", "2026-11-23 15:30 - - Europe/Brussels", ""},
		{"an end equal to the start", "DTSTART:20261123T143000Z\nDTEND:20261123T143000Z", "2026-11-23 15:30 - - Europe/Brussels", ""},
		{"no length", "DTSTART:20261123T143000Z\nDURATION:PT0S", "2026-11-23 15:30 - - Europe/Brussels", ""},
		{"an end before the start", "DTSTART:20261123T143000Z\nDTEND:20261123T133000Z", "2026-11-23 15:30 - - Europe/Brussels", "event_end_before_start"},
		{"a negative DURATION", "DTSTART:20261123T143000Z\nDURATION:-PT1H", "2026-11-23 15:30 - - Europe/Brussels", "event_end_before_start"},
		{"an end that clocks show before the start", "DTSTART:20261025T003000Z\nDTEND:20261025T010000Z", "2026-10-25 02:30 - - Europe/Brussels", "event_end_same_clock"},

		{"a Windows name", "DTSTART;TZID=Romance Standard Time:20261123T143000", "2026-11-23 14:30 - - Europe/Brussels", ""},
		{"a vendor's name", "DTSTART;TZID=/freeassociation.sourceforge.net/America/New_York:20261123T080000", "2026-11-23 14:00 - - Europe/Brussels", ""},
		{"a name of the event's own, in summer", "DTSTART;TZID=Office:20260701T080000", "2026-07-01 14:00 - - Europe/Brussels", ""},
		{"a name of the event's own, quoted", `DTSTART;TZID="Office":20261123T080000`, "2026-11-23 14:00 - - Europe/Brussels", ""},
		{"a name that nobody knows", "DTSTART;TZID=Nowhere:20261123T080000\nDTEND;TZID=Nowhere:20261123T090000", "2026-11-23 08:00 2026-11-23 09:00 Europe/Brussels", "event_zone_unknown"},
		{"a gap", "DTSTART;TZID=Europe/Brussels:20260329T023000", "2026-03-29 03:30 - - Europe/Brussels", ""},
		{"a gap elsewhere", "DTSTART;TZID=America/New_York:20260308T023000", "2026-03-08 08:30 - - Europe/Brussels", ""},
		{"an overlap is the first", "DTSTART;TZID=Europe/Brussels:20261025T023000\nDTEND;TZID=Europe/Brussels:20261025T030000", "2026-10-25 02:30 2026-10-25 03:00 Europe/Brussels", ""},
		{"midnight", "DTSTART;TZID=Europe/Brussels:20261123T000000\nDTEND;TZID=Europe/Brussels:20261124T000000", "2026-11-23 00:00 2026-11-24 00:00 Europe/Brussels", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lines := append(strings.Split(ownZone, "\n"), "BEGIN:VEVENT", "UID:1")
			body := calendarOf(append(append(lines, strings.Split(test.lines, "\n")...), "END:VEVENT")...)
			got := mustExtract(t, body, nil)
			if got.Units.When.String() != test.want {
				t.Errorf("got %s, want %s", got.Units.When, test.want)
			}
			if reasons := reasonsOf(got.Notices); reasons != test.notices {
				t.Errorf("got notices %q, want %q", reasons, test.notices)
			}
			if err := got.Units.When.Check(); err != nil {
				t.Errorf("got %s, which a form refuses: %v", got.Units.When, err)
			}
		})
	}
}

func TestExtract_sets_aside_what_an_action_cannot_have(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, lines string
		reason      crm.Reason
		line        int
		property    string
	}{
		{"no DTSTART", "SUMMARY:x", crm.ReasonNoStart, 4, "DTSTART"},
		{"DTEND of another type", "DTSTART:20261123T143000Z\nDTEND;VALUE=DATE:20261124", crm.ReasonMixedKinds, 8, "DTEND"},
		{"DTSTART of another type", "DTSTART;VALUE=DATE:20261123\nDTEND:20261124T143000Z", crm.ReasonMixedKinds, 8, "DTEND"},
		{"30 February", "DTSTART:20260230T143000Z", crm.ReasonUnreadable, 7, "DTSTART"},
		{"hour 24", "DTSTART:20260227T240000Z", crm.ReasonUnreadable, 7, "DTSTART"},
		{"second 60", "DTSTART:20260227T235960Z", crm.ReasonUnreadable, 7, "DTSTART"},
		{"year 0", "DTSTART:00000101T000000Z", crm.ReasonUnreadable, 7, "DTSTART"},
		{"an empty value", "DTSTART:", crm.ReasonUnreadable, 7, "DTSTART"},
		{"a line without colon", "DTSTART", crm.ReasonUnreadable, 4, "DTSTART"},
		{"an unreadable end is none that went", "DTSTART:20261123T143000Z\nDTEND:soon", crm.ReasonUnreadable, 8, "DTEND"},
		{"an end without colon", "DTSTART:20261123T143000Z\nDTEND", crm.ReasonUnreadable, 4, "DTEND"},
		{"a DURATION of years", "DTSTART:20261123T143000Z\nDURATION:P1Y", crm.ReasonUnreadable, 8, "DURATION"},
		{"a huge DURATION", "DTSTART:20261123T143000Z\nDURATION:P3652499D", crm.ReasonUnreadable, 7, "DURATION"},
		{"the last year", "DTSTART;VALUE=DATE:99991231", crm.ReasonUnreadable, 7, "DTSTART"},
		{"before the first year here", "DTSTART:00010101T000000Z", crm.ReasonUnreadable, 7, "DTSTART"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := mustRead(t, eventOf(strings.Split(test.lines, "\n")...))
			_, err := o.Extract(Reading{Zones: zones, Zone: "America/New_York"})
			wantUnusable(t, err, test.reason)
			got := err.(*Unusable)
			if got.Line != test.line || got.Params["property"] != test.property || got.UID != "1@example.com" {
				t.Errorf("got %+v, want line %d and %s", got, test.line, test.property)
			}
		})
	}
}

func TestExtract_an_unknown_zone_of_the_action_is_no_fault_of_the_event(t *testing.T) {
	t.Parallel()
	_, err := mustRead(t, eventOf("DTSTART:20261123")).Extract(Reading{Zones: zones, Zone: "Mars/Olympus"})
	if _, unusable := err.(*Unusable); err == nil || unusable {
		t.Errorf("got %v, want a plain error", err)
	}
}

// TestExtract_made_up_fields is the paragraph below the first table: what the CRM made up never flows back.
func TestExtract_made_up_fields(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, agreed, lines, want string }{
		{"a start moves with its length", "2026-11-23 14:30 - - Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261124T090000\nDTEND;TZID=Europe/Brussels:20261124T093000", "2026-11-24 09:00 - - Europe/Brussels"},
		{"into another zone", "2026-11-23 14:30 - - Europe/Brussels",
			"DTSTART:20261124T090000Z\nDTEND:20261124T093000Z", "2026-11-24 10:00 - - Europe/Brussels"},
		{"a length that somebody gave it", "2026-11-23 14:30 - - Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261123T143000\nDTEND;TZID=Europe/Brussels:20261123T153000", "2026-11-23 14:30 2026-11-23 15:30 Europe/Brussels"},
		{"made all-day", "2026-11-23 14:30 - - Europe/Brussels",
			"DTSTART;VALUE=DATE:20261123\nDTEND;VALUE=DATE:20261124", "2026-11-23 - 2026-11-23 - Europe/Brussels"},
		{"a length that somebody took away", "2026-11-23 14:30 - - Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261123T143000", "2026-11-23 14:30 - - Europe/Brussels"},
		{"an end moves", "- - 2026-11-23 14:30 Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261125T100000\nDTEND;TZID=Europe/Brussels:20261125T103000", "- - 2026-11-25 10:30 Europe/Brussels"},
		{"equal times move", "2026-11-23 14:30 2026-11-23 14:30 Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261125T100000\nDTEND;TZID=Europe/Brussels:20261125T103000", "2026-11-25 10:00 2026-11-25 10:00 Europe/Brussels"},
		{"a start date moves", "2026-11-23 - - - Europe/Brussels",
			"DTSTART;VALUE=DATE:20261125\nDTEND;VALUE=DATE:20261126", "2026-11-25 - - - Europe/Brussels"},
		{"a start date becomes two days", "2026-11-23 - - - Europe/Brussels",
			"DTSTART;VALUE=DATE:20261123\nDTEND;VALUE=DATE:20261125", "2026-11-23 - 2026-11-24 - Europe/Brussels"},
		{"an end date moves", "- - 2026-11-23 - Europe/Brussels",
			"DTSTART;VALUE=DATE:20261125", "- - 2026-11-25 - Europe/Brussels"},
		{"days are typed", "2026-11-23 - 2026-11-24 - Europe/Brussels",
			"DTSTART;VALUE=DATE:20261125\nDTEND;VALUE=DATE:20261127", "2026-11-25 - 2026-11-26 - Europe/Brussels"},
		{"an end time moves within its day", "2026-11-23 14:00 - 16:00 Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261125T100000\nDTEND;TZID=Europe/Brussels:20261125T120000", "2026-11-25 10:00 - 12:00 Europe/Brussels"},
		{"an end time moves over midnight", "2026-11-23 14:00 - 16:00 Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261125T230000\nDTEND;TZID=Europe/Brussels:20261126T010000", "2026-11-25 23:00 2026-11-26 01:00 Europe/Brussels"},
		{"until the end of a day moves by days", "2026-11-23 14:00 2026-11-24 - Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261125T140000\nDTEND;TZID=Europe/Brussels:20261127T000000", "2026-11-25 14:00 2026-11-26 - Europe/Brussels"},
		{"until the end of a day, over a clock change", "2026-11-23 14:00 2026-11-24 - Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261024T140000\nDTEND;TZID=Europe/Brussels:20261026T000000", "2026-10-24 14:00 2026-10-25 - Europe/Brussels"},
		{"until the end of a day moves by hours", "2026-11-23 14:00 2026-11-24 - Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261123T150000\nDTEND;TZID=Europe/Brussels:20261125T010000", "2026-11-23 15:00 2026-11-25 01:00 Europe/Brussels"},
		{"from the beginning of a day", "2026-11-23 - 2026-11-24 12:00 Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261125T000000\nDTEND;TZID=Europe/Brussels:20261126T120000", "2026-11-25 - 2026-11-26 12:00 Europe/Brussels"},
		{"from the beginning of a day no more", "2026-11-23 - 2026-11-24 12:00 Europe/Brussels",
			"DTSTART;TZID=Europe/Brussels:20261125T010000\nDTEND;TZID=Europe/Brussels:20261126T130000", "2026-11-25 01:00 2026-11-26 13:00 Europe/Brussels"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			agreed := crm.Units{When: mustWhen(t, test.agreed)}
			change := changeOf()
			change.Values = agreed
			written, err := New("1@example.com", change)
			if err != nil {
				t.Fatal(err)
			}
			for name, before := range map[string]*Object{"by the text": mustRead(t, written), "without the text": nil} {
				base := &BaseSide{Agreed: agreed, Server: agreed, Before: before}
				if got := mustExtract(t, written, base).Units.When; got != agreed.When {
					t.Errorf("%s: untouched: got %s, want %s", name, got, agreed.When)
				}
				if got := mustExtract(t, eventOf(strings.Split(test.lines, "\n")...), base).Units.When; got.String() != test.want {
					t.Errorf("%s: got %s, want %s", name, got, test.want)
				}
			}
		})
	}
}

// A server that lengthens what we wrote has its own form of it; only what departs from that form flows (semantics 6).
func TestExtract_the_servers_form_is_the_base(t *testing.T) {
	t.Parallel()
	agreed := crm.Units{Subject: "Lunch", Description: "a < b", When: mustWhen(t, "2026-11-23 14:30 - - Europe/Brussels")}
	stored := eventOf("SUMMARY:Lunch", "DESCRIPTION:<p>a &lt\\; b</p>", "DTSTART:20261123T133000Z", "DTEND:20261123T143000Z")
	change := changeOf()
	change.Values = agreed
	written, err := New("1@example.com", change)
	if err != nil {
		t.Fatal(err)
	}
	server := mustExtract(t, stored, &BaseSide{Agreed: agreed, Server: agreed, Before: mustRead(t, written)}).Units
	if want := mustWhen(t, "2026-11-23 14:30 2026-11-23 15:30 Europe/Brussels"); server.When != want {
		t.Fatalf("got the server's form %s, want %s", server.When, want)
	}
	base := &BaseSide{Agreed: agreed, Server: server, Before: mustRead(t, stored)}
	if got := mustExtract(t, stored, base).Units; got != server {
		t.Errorf("read again: got %+v, want %+v", got, server)
	}
	moved := eventOf("SUMMARY:Lunch", "DESCRIPTION:<p>a &lt\\; b</p>", "DTSTART:20261124T133000Z", "DTEND:20261124T143000Z")
	got := mustExtract(t, moved, base).Units
	if want := mustWhen(t, "2026-11-24 14:30 - - Europe/Brussels"); got.When != want || got.Description != server.Description {
		t.Errorf("moved: got %+v, want %s and the rest as it was", got, want)
	}
}

// What the text of then says still is untouched, whatever the values of the base are: those of an action that was edited in
// the trash, or those that an earlier version of this program read.
func TestExtract_untouched_text_is_the_base(t *testing.T) {
	t.Parallel()
	body := eventOf("DTSTART:20261123", "SUMMARY:Lunch", "DESCRIPTION:<p>with Ann</p>")
	base := crm.Units{Subject: "Dinner", Description: "with Bo", When: mustWhen(t, "2026-11-23 - - - Europe/Brussels")}
	got := mustExtract(t, body, &BaseSide{Agreed: base, Server: base, Before: mustRead(t, body)}).Units
	if got != base {
		t.Errorf("got %+v, want %+v", got, base)
	}
}

// New zone rules recalculate without a change of the text (semantics 5).
func TestExtract_new_zone_rules_recalculate(t *testing.T) {
	t.Parallel()
	body := eventOf("DTSTART;TZID=America/New_York:20261123T080000", "DTEND;TZID=America/New_York:20261123T090000")
	old := crm.Units{When: mustWhen(t, "2026-11-23 13:00 2026-11-23 14:00 Europe/Brussels")} // by rules of before
	got := mustExtract(t, body, &BaseSide{Agreed: old, Server: old, Before: mustRead(t, body)})
	if want := mustWhen(t, "2026-11-23 14:00 2026-11-23 15:00 Europe/Brussels"); got.Units.When != want {
		t.Errorf("got %s, want %s", got.Units.When, want)
	}
}

func TestExtract_another_zone_of_the_action_is_no_edit_of_the_event(t *testing.T) {
	t.Parallel()
	body := eventOf("DTSTART;TZID=Europe/Brussels:20261123T143000", "DTEND;TZID=Europe/Brussels:20261123T153000")
	agreed := crm.Units{When: mustWhen(t, "2026-11-23 14:30 2026-11-23 15:30 Europe/Brussels")}
	o := mustRead(t, body)
	got, err := o.Extract(Reading{Zones: zones, Zone: "America/New_York", Base: &BaseSide{Agreed: agreed, Server: agreed, Before: o}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Units.When != agreed.When {
		t.Errorf("got %s, want %s", got.Units.When, agreed.When)
	}
}

// Text that is gone is an edit to empty; text that could not be read is none (semantics 5).
func TestExtract_gone_and_unreadable_text(t *testing.T) {
	t.Parallel()
	agreed := crm.Units{Subject: "Lunch", Description: "with Ann", When: mustWhen(t, "2026-11-23 - - - Europe/Brussels")}
	before := mustRead(t, eventOf("SUMMARY:Lunch", "DESCRIPTION:with Ann", "DTSTART:20261123"))
	base := &BaseSide{Agreed: agreed, Server: agreed, Before: before}
	for _, test := range []struct {
		name                          string
		body                          []byte
		subject, description, notices string
	}{
		{"gone", eventOf("DTSTART:20261123"), "", "", ""},
		{"empty", eventOf("DTSTART:20261123", "SUMMARY:", "DESCRIPTION:"), "", "", ""},
		{"a line without colon", eventOf("DTSTART:20261123", "SUMMARY", "DESCRIPTION:x"), "Lunch", "x", "event_text_unreadable"},
		{"a line that is too long", eventOf("DTSTART:20261123", "SUMMARY:x", "DESCRIPTION:"+strings.Repeat("x", 1<<20)), "x", "with Ann", "event_text_unreadable"},
		{"cut off", []byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123\nSUMM"), "Lunch", "with Ann", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := mustExtract(t, test.body, base)
			if got.Units.Subject != test.subject || got.Units.Description != test.description {
				t.Errorf("got %q and %q, want %q and %q", got.Units.Subject, got.Units.Description, test.subject, test.description)
			}
			if reasons := reasonsOf(got.Notices); reasons != test.notices {
				t.Errorf("got notices %q, want %q", reasons, test.notices)
			}
		})
	}
}

// An event that is cut off within or before its end has not lost it.
func TestExtract_an_end_that_was_cut_off_is_not_gone(t *testing.T) {
	t.Parallel()
	agreed := crm.Units{When: mustWhen(t, "2026-11-23 14:30 2026-11-23 15:30 Europe/Brussels")}
	before := mustRead(t, eventOf("DTSTART:20261123T133000Z", "DTEND:20261123T143000Z"))
	got := mustExtract(t, []byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123T133000Z\n"), &BaseSide{Agreed: agreed, Server: agreed, Before: before})
	if got.Units.When != agreed.When {
		t.Errorf("got %s, want %s", got.Units.When, agreed.When)
	}
}

func TestExtract_text(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, value, want string }{
		{"escapes", `a\nb\, c\; d\\e`, "a\nb, c; d\\e"},
		{"capitals and needless ones", `a\Nb\:c`, "a\nb:c"},
		{"bare commas", "a, b; c", "a, b; c"},
		{"emoji", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"},
		{"composed and not", "e\u0301 \u00e9", "e\u0301 \u00e9"},
		{"Latin-1", "caf\xe9", "café"},
		{"control characters", "a\x00\x1bb\u202ec", "ab\u202ec"},
		{"no HTML", `1 < 2 and <ann@example.com> if x <b then c>d`, `1 < 2 and <ann@example.com> if x <b then c>d`},
		{"an ampersand", `R&amp;D`, `R&amp;D`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := mustExtract(t, eventOf("DTSTART:20261123", "SUMMARY:"+test.value, "DESCRIPTION:"+test.value), nil).Units
			if got.Subject != test.want || got.Description != test.want {
				t.Errorf("got %q and %q, want %q", got.Subject, got.Description, test.want)
			}
		})
	}
	t.Run("vCalendar 1.0", func(t *testing.T) {
		t.Parallel()
		got := mustExtract(t, eventOf("DTSTART:20261123", "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:caf=C3=A9=0D=0Anoir"), nil).Units
		if got.Subject != "café\nnoir" {
			t.Errorf("got %q", got.Subject)
		}
	})
}

func TestExtract_HTML_is_read_as_text(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, html, want string }{
		{"breaks", "one<br>two<br/>three", "one\ntwo\nthree"},
		{"paragraphs", "<p>one</p><p>two</p>", "one\n\ntwo"},
		{"Outlook", "<html><head><title>t</title><style>p{}</style></head><body>\n<p class=\"x\">one\n two</p>\n</body></html>", "one two"},
		{"entities", "a &amp; b &lt;c&gt;<br>&nbsp;d", "a & b <c>\n\u00a0d"},
		{"blanks", "<p>a \n b\u00a0: \u202fc</p>", "a b\u00a0: \u202fc"},
		{"a list", "<ul><li>one</li><li>two</li></ul>", "- one\n- two"},
		{"a link", `see <a href="https://example.com/x">here</a>`, "see here <https://example.com/x>"},
		{"a link that shows itself", `<a href="https://example.com/x">https://example.com/x</a>`, "https://example.com/x"},
		{"a mail address", `<a href="mailto:a@example.com">a@example.com</a>`, "a@example.com"},
		{"Google's line breaks", "<b>one</b>\ntwo", "one\ntwo"},
		{"a script", "<p>a</p><script>alert(1)</script>", "a"},
		{"not closed", "<div>a<p>b", "a\n\nb"},
		{"divisions", "<div>a</div><div>b</div>", "a\nb"},
		{"addresses", "<b>from</b> <ann@example.com>, see <https://example.com/x>", "from <ann@example.com>, see <https://example.com/x>"},
		{"Outlook's own tags", "<p>a<o:p></o:p></p>", "a"},
		{"a table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body := eventOf("DTSTART:20261123", "DESCRIPTION:"+strings.NewReplacer("\n", `\n`, ";", `\;`).Replace(test.html))
			if got := mustExtract(t, body, nil).Units.Description; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if !mustRead(t, body).Facts().HTMLDescription {
				t.Error("not said to be HTML")
			}
		})
	}
	t.Run("where the server keeps HTML, entities are read without a tag", func(t *testing.T) {
		t.Parallel()
		got, err := mustRead(t, eventOf("DTSTART:20261123", `DESCRIPTION:R&amp\;D`)).Extract(Reading{Zones: zones, Zone: "UTC", HTML: true})
		if err != nil || got.Units.Description != "R&D" {
			t.Errorf("got %q, %v", got.Units.Description, err)
		}
	})
}

// A person may write about tags: what both sides agreed on as it stands is no HTML.
func TestExtract_agreed_text_with_tags_is_text(t *testing.T) {
	t.Parallel()
	agreed := crm.Units{Description: "write <b>bold</b>", When: mustWhen(t, "2026-11-23 - - - Europe/Brussels")}
	change := changeOf()
	change.Values = agreed
	body, err := New("1", change)
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []*Object{nil, mustRead(t, body)} {
		if got := mustExtract(t, body, &BaseSide{Agreed: agreed, Server: agreed, Before: before}).Units.Description; got != agreed.Description {
			t.Errorf("got %q, want %q", got, agreed.Description)
		}
	}
}

// An override without its master is an ordinary action (semantics 8).
func TestExtract_an_override(t *testing.T) {
	t.Parallel()
	override := []string{"BEGIN:VEVENT", "UID:1", "RECURRENCE-ID:20261201T100000Z", "SUMMARY:moved", "DTSTART:20261201T120000Z", "END:VEVENT"}
	master := []string{"BEGIN:VEVENT", "UID:1", "SUMMARY:weekly", "RRULE:FREQ=WEEKLY", "DTSTART:20261124T100000Z", "END:VEVENT"}
	alone, both := mustRead(t, calendarOf(override...)), mustRead(t, calendarOf(append(override, master...)...))
	for _, test := range []struct {
		name string
		o    *Object
		id   string
		want string
	}{{"alone", alone, "", "moved"}, {"alone by its id", alone, "20261201T100000Z", "moved"}, {"master", both, "", "weekly"}, {"of a series", both, "20261201T100000Z", "moved"}} {
		got, err := test.o.Extract(Reading{Zones: zones, Zone: "UTC", RecurrenceID: test.id})
		if err != nil || got.Units.Subject != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.name, got.Units.Subject, err, test.want)
		}
	}
	if _, err := both.Extract(Reading{Zones: zones, Zone: "UTC", RecurrenceID: "20261202T100000Z"}); err == nil {
		t.Error("an override that is not there: got no error")
	}
}

// Not more than what two values need: 10,000 events are read in one go.
func TestExtract_allocations(t *testing.T) {
	o := mustRead(t, eventOf("SUMMARY:Lunch", "DESCRIPTION:with Ann", "DTSTART;TZID=Europe/Brussels:20261123T143000", "DTEND;TZID=Europe/Brussels:20261123T153000"))
	reading := Reading{Zones: zones, Zone: "Europe/Brussels", DefaultDuration: 30 * time.Minute}
	if got := testing.AllocsPerRun(100, func() {
		if _, err := o.Extract(reading); err != nil {
			t.Error(err)
		}
	}); got > 3 {
		t.Errorf("got %v allocations, want at most 3: calendar, subject, description", got)
	}
}
