package eventmap

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
)

// TestNew_dates is the first table of semantics 5.
func TestNew_dates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, when, want string }{
		{"start date", "2026-11-23 - - - Europe/Brussels", "DTSTART;VALUE=DATE:20261123 DTEND;VALUE=DATE:20261124 TRANSP:TRANSPARENT"},
		{"start and end date", "2026-11-23 - 2026-11-25 - Europe/Brussels", "DTSTART;VALUE=DATE:20261123 DTEND;VALUE=DATE:20261126 TRANSP:TRANSPARENT"},
		{"end date only", "- - 2026-11-23 - -", "DTSTART;VALUE=DATE:20261123 DTEND;VALUE=DATE:20261124 TRANSP:TRANSPARENT"},
		{"start", "2026-11-23 14:30 - - Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20261123T143000 DTEND;TZID=Europe/Brussels:20261123T150000 TRANSP:OPAQUE"},
		{"start, end time", "2026-11-23 14:30 - 16:00 Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20261123T143000 DTEND;TZID=Europe/Brussels:20261123T160000 TRANSP:OPAQUE"},
		{"start, end date", "2026-11-23 14:30 2026-11-24 - Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20261123T143000 DTEND;TZID=Europe/Brussels:20261125T000000 TRANSP:OPAQUE"},
		{"start, end", "2026-11-23 14:30 2026-11-24 09:00:30 Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20261123T143000 DTEND;TZID=Europe/Brussels:20261124T090030 TRANSP:OPAQUE"},
		{"equal times", "2026-11-23 14:30 2026-11-23 14:30 Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20261123T143000 DTEND;TZID=Europe/Brussels:20261123T150000 TRANSP:OPAQUE"},
		{"end only", "- - 2026-11-23 00:15 Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20261122T234500 DTEND;TZID=Europe/Brussels:20261123T001500 TRANSP:OPAQUE"},
		{"start date, end", "2026-11-23 - 2026-11-24 09:00 Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20261123T000000 DTEND;TZID=Europe/Brussels:20261124T090000 TRANSP:OPAQUE"},
		{"UTC", "2026-11-23 14:30 - - UTC", "DTSTART:20261123T143000Z DTEND:20261123T150000Z TRANSP:OPAQUE"},
		{"a zone in another case", "2026-11-23 14:30 - - europe/brussels", "DTSTART;TZID=Europe/Brussels:20261123T143000 DTEND;TZID=Europe/Brussels:20261123T150000 TRANSP:OPAQUE"},
		{"a day that begins at one", "2017-10-15 - 2017-10-15 12:00 America/Sao_Paulo", "DTSTART;TZID=America/Sao_Paulo:20171015T010000 DTEND;TZID=America/Sao_Paulo:20171015T120000 TRANSP:OPAQUE"},
		{"until the end of a day whose next begins at one", "2017-10-14 12:00 2017-10-14 - America/Sao_Paulo", "DTSTART;TZID=America/Sao_Paulo:20171014T120000 DTEND;TZID=America/Sao_Paulo:20171015T010000 TRANSP:OPAQUE"},
		{"an end that a TZID cannot say", "2026-10-25 02:45 - - Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20261025T024500 DTEND:20261025T011500Z TRANSP:OPAQUE"},
		{"over a gap", "2026-03-29 01:45 - - Europe/Brussels", "DTSTART;TZID=Europe/Brussels:20260329T014500 DTEND;TZID=Europe/Brussels:20260329T031500 TRANSP:OPAQUE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			change := changeOf()
			change.Values = crm.Units{When: mustWhen(t, test.when)}
			body, err := New("1", change)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			_, event, _ := strings.Cut(string(body), "BEGIN:VEVENT")
			for _, line := range unfolded([]byte(event)) {
				if strings.HasPrefix(line, "DTSTART") || strings.HasPrefix(line, "DTEND") || strings.HasPrefix(line, "TRANSP") {
					got = append(got, line)
				}
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if needsZone := strings.Contains(test.want, "TZID"); needsZone != strings.Contains(string(body), "BEGIN:VTIMEZONE") {
				t.Errorf("a VTIMEZONE is there: %t, want %t", !needsZone, needsZone)
			}
		})
	}
}

func TestNew_text(t *testing.T) {
	t.Parallel()
	change := changeOf()
	change.Values = crm.Units{Subject: "Lunch; with\r\nCLASS:PRIVATE", Description: "é, \U0001f600", When: mustWhen(t, "2026-11-23 - - - -")}
	body, err := New("0197f\r\nX-A:1", change)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Agenda Online//EN", "BEGIN:VEVENT", `UID:0197f\nX-A:1`, "DTSTAMP:20261125T090000Z",
		"CREATED:20261125T090000Z", "LAST-MODIFIED:20261125T090000Z", `SUMMARY:Lunch\; with\nCLASS:PRIVATE`, "DESCRIPTION:é\\, \U0001f600",
		"DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261124", "TRANSP:TRANSPARENT", "SEQUENCE:0", "END:VEVENT", "END:VCALENDAR",
	}
	if diff := cmp.Diff(want, unfolded(body)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	t.Run("an empty subject and description are not written", func(t *testing.T) {
		t.Parallel()
		empty := changeOf()
		empty.Values.When = mustWhen(t, "2026-11-23 - - - -")
		body, err := New("1", empty)
		if err != nil || strings.Contains(string(body), "SUMMARY") || strings.Contains(string(body), "DESCRIPTION") {
			t.Errorf("got %s, %v", body, err)
		}
	})
	t.Run("HTML for a server that takes it so", func(t *testing.T) {
		t.Parallel()
		escaped := changeOf()
		escaped.Values = crm.Units{Subject: "R&D", Description: "R&D <b>\nx", When: mustWhen(t, "2026-11-23 - - - -")}
		escaped.HTML = true
		body, err := New("1", escaped)
		if err != nil || !strings.Contains(string(body), "SUMMARY:R&D\r\n") || !strings.Contains(string(body), `DESCRIPTION:R&amp\;D &lt\;b&gt\;\nx`) {
			t.Errorf("got %s, %v", body, err)
		}
	})
}

func TestNew_refuses_what_has_no_event(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"- - - - Europe/Brussels", "2026-11-23 14:30 - - Mars/Olympus", "2026-11-23 14:30 - - -", "2026-11-23 - 2026-11-22 - Europe/Brussels"} {
		change := changeOf()
		change.Values.When = mustWhen(t, when)
		if body, err := New("1", change); err == nil {
			t.Errorf("%s: got %s, want an error", when, body)
		}
	}
}

// everything is what an event carries that the CRM knows nothing of.
var everything = []string{
	"X-WR-CALNAME:Ann's", "BEGIN:X-BOX", "x-a;x-b=\"c:d\":e\\,f", "END:X-BOX", "BEGIN:VEVENT", "UID:1", "summary;LANGUAGE=nl:Lunch", "DTSTAMP:20260101T000000Z",
	"DTSTART;X-A=1;TZID=Europe/Brussels:20261123T143000", "DTEND;TZID=Europe/Brussels:20261123T153000", "LOCATION:Room 1", "CATEGORIES:a,b", "CLASS:PRIVATE",
	"ORGANIZER;CN=\"Ann; A\":mailto:ann@example.com", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@example.com", "ATTACH;VALUE=BINARY;ENCODING=BASE64:AAAA",
	"SEQUENCE:4", "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC", "TRANSP:TRANSPARENT", "a line without colon", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M",
	"DESCRIPTION:Reminder", "END:VALARM", "BEGIN:PARTICIPANT", "UID:p", "END:PARTICIPANT", "END:VEVENT", "BEGIN:VTODO", "UID:1", "SUMMARY:todo", "END:VTODO",
}

// TestPatch wants exactly these lines to go and come, beside DTSTAMP, LAST-MODIFIED and SEQUENCE.
func TestPatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		lines  []string // nil: everything
		unit   crm.Unit
		value  string // When as text
		before string
		want   []string
	}{
		{"the subject", nil, crm.UnitSubject, "Dinner, late", "", []string{"-summary;LANGUAGE=nl:Lunch", `+summary;LANGUAGE=nl:Dinner\, late`}},
		{"no subject", nil, crm.UnitSubject, "", "", []string{"-summary;LANGUAGE=nl:Lunch"}},
		{"a subject that tries to be more", nil, crm.UnitSubject, "a\r\nATTENDEE:mailto:x@example.com\u0085b\"c", "", []string{"-summary;LANGUAGE=nl:Lunch", `+summary;LANGUAGE=nl:a\nATTENDEE:mailto:x@example.com\nb"c`}},
		{"a description", nil, crm.UnitDescription, "new", "", []string{"+DESCRIPTION:new"}},
		{"a description and its twins", []string{"DTSTART:20261123", `DESCRIPTION;ALTREP="cid:1":old`, "X-ALT-DESC;FMTTYPE=text/html:<p>old</p>", "STYLED-DESCRIPTION;VALUE=TEXT:<p>old</p>"},
			crm.UnitDescription, "new", "", []string{`-DESCRIPTION;ALTREP="cid:1":old`, "-X-ALT-DESC;FMTTYPE=text/html:<p>old</p>", "-STYLED-DESCRIPTION;VALUE=TEXT:<p>old</p>", "+DESCRIPTION:new"}},
		{"no description any more", []string{"DTSTART:20261123", "DESCRIPTION:old", "X-ALT-DESC:<p>old</p>"}, crm.UnitDescription, "", "", []string{"-DESCRIPTION:old", "-X-ALT-DESC:<p>old</p>"}},
		{"HTML that a person changed", []string{"DTSTART:20261123", "DESCRIPTION:<p>old</p>"}, crm.UnitDescription, "new", "old", []string{"-DESCRIPTION:<p>old</p>", "+DESCRIPTION:new"}},
		{"tags that a person took out", []string{"DTSTART:20261123", "DESCRIPTION:<b>old</b>"}, crm.UnitDescription, "old", "<b>old</b>", []string{"-DESCRIPTION:<b>old</b>", "+DESCRIPTION:old"}},
		{"QUOTED-PRINTABLE", []string{"DTSTART:20261123", "SUMMARY;ENCODING=QUOTED-PRINTABLE:caf=C3=A9"}, crm.UnitSubject, "thé", "", []string{"-SUMMARY;ENCODING=QUOTED-PRINTABLE:caf=C3=A9", "+SUMMARY:thé"}},
		{"what QUOTED-PRINTABLE looks like", []string{"DTSTART:20261123", "SUMMARY;ENCODING=QUOTED-PRINTABLE:=41"}, crm.UnitSubject, "=41", "", []string{"-SUMMARY;ENCODING=QUOTED-PRINTABLE:=41", "+SUMMARY:=41"}},

		{"a day later", nil, crm.UnitWhen, "2026-11-24 14:30 2026-11-24 15:30 Europe/Brussels", "", []string{
			"-DTSTART;X-A=1;TZID=Europe/Brussels:20261123T143000", "-DTEND;TZID=Europe/Brussels:20261123T153000",
			"+DTSTART;X-A=1;TZID=Europe/Brussels:20261124T143000", "+DTEND;TZID=Europe/Brussels:20261124T153000"}},
		{"the end only", nil, crm.UnitWhen, "2026-11-23 14:30 2026-11-23 16:00 Europe/Brussels", "", []string{
			"-DTEND;TZID=Europe/Brussels:20261123T153000", "+DTEND;TZID=Europe/Brussels:20261123T160000"}},
		{"in another zone of the action, its own TZID stays", nil, crm.UnitWhen, "2026-11-23 09:00 2026-11-23 10:00 America/New_York", "", []string{
			"-DTSTART;X-A=1;TZID=Europe/Brussels:20261123T143000", "-DTEND;TZID=Europe/Brussels:20261123T153000",
			"+DTSTART;X-A=1;TZID=Europe/Brussels:20261123T150000", "+DTEND;TZID=Europe/Brussels:20261123T160000"}},
		{"UTC stays UTC", []string{"DTSTART:20261123T133000Z", "DTEND:20261123T143000Z"}, crm.UnitWhen, "2026-07-01 14:30 2026-07-01 15:30 Europe/Brussels", "", []string{
			"-DTSTART:20261123T133000Z", "-DTEND:20261123T143000Z", "+DTSTART:20260701T123000Z", "+DTEND:20260701T133000Z"}},
		{"floating stays floating", []string{"DTSTART:20261123T143000", "DTEND:20261123T153000"}, crm.UnitWhen, "2026-11-23 15:00 2026-11-23 15:30 Europe/Brussels", "", []string{
			"-DTSTART:20261123T143000", "+DTSTART:20261123T150000"}},
		{"a name that nobody knows stays", []string{"DTSTART;TZID=Nowhere:20261123T143000"}, crm.UnitWhen, "2026-11-23 15:00 - - Europe/Brussels", "", []string{
			"-DTSTART;TZID=Nowhere:20261123T143000", "+DTSTART;TZID=Nowhere:20261123T150000"}},
		{"a Windows name stays", []string{"DTSTART;TZID=Eastern Standard Time:20261123T080000"}, crm.UnitWhen, "2026-11-23 15:00 - - Europe/Brussels", "", []string{
			"-DTSTART;TZID=Eastern Standard Time:20261123T080000", "+DTSTART;TZID=Eastern Standard Time:20261123T090000"}},
		{"each of two zones stays", []string{"DTSTART;TZID=Europe/Brussels:20261123T100000", "DTEND;TZID=America/New_York:20261123T120000"}, crm.UnitWhen, "2026-11-23 10:00 2026-11-23 19:00 Europe/Brussels", "", []string{
			"-DTEND;TZID=America/New_York:20261123T120000", "+DTEND;TZID=America/New_York:20261123T130000"}},
		{"a DURATION that still says it stays", []string{"DTSTART:20261123T133000Z", "DURATION:PT1H"}, crm.UnitWhen, "2026-11-24 14:30 2026-11-24 15:30 Europe/Brussels", "", []string{
			"-DTSTART:20261123T133000Z", "+DTSTART:20261124T133000Z"}},
		{"a nominal DURATION over a clock change", []string{"DTSTART;TZID=Europe/Brussels:20261022T120000", "DURATION:P1D"}, crm.UnitWhen, "2026-10-24 12:00 2026-10-25 12:00 Europe/Brussels", "", []string{
			"-DTSTART;TZID=Europe/Brussels:20261022T120000", "+DTSTART;TZID=Europe/Brussels:20261024T120000"}},
		{"another DURATION", []string{"DTSTART:20261123T133000Z", "DURATION;X-A=1:PT1H"}, crm.UnitWhen, "2026-11-23 14:30 2026-11-24 15:45 Europe/Brussels", "", []string{
			"-DURATION;X-A=1:PT1H", "+DURATION;X-A=1:PT25H15M"}},
		{"a DURATION of days", []string{"DTSTART;VALUE=DATE:20261123", "DURATION:P2D"}, crm.UnitWhen, "2026-11-23 - 2026-11-25 - Europe/Brussels", "", []string{"-DURATION:P2D", "+DURATION:P3D"}},
		{"a day without end stays so", []string{"DTSTART;VALUE=DATE:20261123"}, crm.UnitWhen, "2026-11-24 - - - Europe/Brussels", "", []string{"-DTSTART;VALUE=DATE:20261123", "+DTSTART;VALUE=DATE:20261124"}},
		{"a day without end becomes two", []string{"DTSTART;VALUE=DATE:20261123"}, crm.UnitWhen, "2026-11-23 - 2026-11-24 - Europe/Brussels", "", []string{"+DTEND;VALUE=DATE:20261125"}},
		{"an event without length stays so", []string{"DTSTART:20261123T133000Z"}, crm.UnitWhen, "2026-11-23 15:30 - - Europe/Brussels", "", []string{"-DTSTART:20261123T133000Z", "+DTSTART:20261123T143000Z"}},
		{"an event without length gets an end", []string{"DTSTART;TZID=Europe/Brussels:20261123T143000"}, crm.UnitWhen, "2026-11-23 14:30 - 15:30 Europe/Brussels", "", []string{"+DTEND;TZID=Europe/Brussels:20261123T153000"}},
		{"an end before the start is corrected", []string{"DTSTART:20261123T133000Z", "DTEND:20261123T123000Z"}, crm.UnitWhen, "2026-11-23 15:30 - - Europe/Brussels", "", []string{
			"-DTSTART:20261123T133000Z", "-DTEND:20261123T123000Z", "+DTSTART:20261123T143000Z", "+DTEND:20261123T150000Z"}},
		{"of DTEND and DURATION one stays", []string{"DTSTART:20261123T133000Z", "DTEND:20261123T143000Z", "DURATION:PT5H"}, crm.UnitWhen, "2026-11-23 14:30 2026-11-23 16:30 Europe/Brussels", "", []string{
			"-DTEND:20261123T143000Z", "-DURATION:PT5H", "+DTEND:20261123T153000Z"}},
		{"an unchanged time keeps the second instant of an overlap", []string{"DTSTART:20261025T013000Z", "DTEND:20261025T020000Z"}, crm.UnitWhen, "2026-10-25 02:30 2026-10-25 04:00 Europe/Brussels", "", []string{
			"-DTEND:20261025T020000Z", "+DTEND:20261025T030000Z"}},
		{"and so does an end after it", []string{"DTSTART:20261025T013000Z", "DTEND:20261025T020000Z"}, crm.UnitWhen, "2026-10-25 02:30 2026-10-25 02:45 Europe/Brussels", "", []string{
			"-DTEND:20261025T020000Z", "+DTEND:20261025T014500Z"}},
		{"an instant that the TZID cannot say is UTC", []string{"DTSTART;TZID=Europe/Brussels:20261023T120000"}, crm.UnitWhen, "2026-10-24 21:30 - - America/New_York", "", []string{
			"-DTSTART;TZID=Europe/Brussels:20261023T120000", "+DTSTART:20261025T013000Z"}},

		{"timed becomes all-day", []string{"DTSTART;TZID=Europe/Brussels:20261123T143000", "DTEND;TZID=Europe/Brussels:20261123T153000", "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE", "X-FUNAMBOL-ALLDAY:0", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"},
			crm.UnitWhen, "2026-11-23 - 2026-11-24 - Europe/Brussels", "", []string{
				"-DTSTART;TZID=Europe/Brussels:20261123T143000", "-DTEND;TZID=Europe/Brussels:20261123T153000", "-X-MICROSOFT-CDO-ALLDAYEVENT:FALSE", "-X-FUNAMBOL-ALLDAY:0",
				"+DTSTART;VALUE=DATE:20261123", "+DTEND;VALUE=DATE:20261125", "+X-MICROSOFT-CDO-ALLDAYEVENT:TRUE", "+X-FUNAMBOL-ALLDAY:1"}},
		{"timed by DURATION becomes all-day", []string{"DTSTART:20261123T133000Z", "DURATION:PT1H"}, crm.UnitWhen, "2026-11-23 - - - Europe/Brussels", "", []string{
			"-DTSTART:20261123T133000Z", "-DURATION:PT1H", "+DTSTART;VALUE=DATE:20261123", "+DURATION:P1D"}},
		{"all-day by DURATION becomes timed", []string{"DTSTART;VALUE=DATE:20261123", "DURATION:P1D", "X-MICROSOFT-CDO-ALLDAYEVENT:true"}, crm.UnitWhen, "2026-11-23 14:30 - 16:00 UTC", "", []string{
			"-DTSTART;VALUE=DATE:20261123", "-DURATION:P1D", "-X-MICROSOFT-CDO-ALLDAYEVENT:true", "+DTSTART:20261123T143000Z", "+DURATION:PT1H30M", "+X-MICROSOFT-CDO-ALLDAYEVENT:FALSE"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before := calendarOf(everything...)
			if test.lines != nil {
				before = eventOf(test.lines...)
			}
			change := changeOf(test.unit)
			switch test.unit {
			case crm.UnitSubject:
				change.Values.Subject = test.value
			case crm.UnitDescription:
				change.Values.Description, change.Before.Description = test.value, test.before
			case crm.UnitWhen:
				change.Values.When = mustWhen(t, test.value)
			}
			o := mustRead(t, before)
			after, err := o.Patch(change)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, difference(before, after)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			wantSame(t, o.text.Print(), before) // what others read is not edited
			got := mustExtract(t, after, &BaseSide{Agreed: change.Values, Server: change.Values, Before: mustRead(t, after)}).Units
			if len(got.Differing(change.Values)) == len(crm.AllUnits) {
				t.Errorf("read back: got %+v, want %+v", got, change.Values)
			}
			again, err := mustRead(t, after).Patch(change)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, again, after)
		})
	}
}

func TestPatch_an_event_that_newly_refers_to_a_zone_defines_it(t *testing.T) {
	t.Parallel()
	change := changeOf(crm.UnitWhen)
	change.Values.When = mustWhen(t, "2026-11-23 14:30 - 16:00 Europe/Brussels")
	before := eventOf("DTSTART;VALUE=DATE:20261123", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE")
	after, err := mustRead(t, before).Patch(change)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(after), "PRODID:-//A//B//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Brussels\r\n") {
		t.Errorf("no VTIMEZONE before the event: %s", after)
	}
	if count := strings.Count(string(after), "END:VTIMEZONE"); count != 1 {
		t.Errorf("got %d VTIMEZONEs, want 1", count)
	}
	t.Run("only once", func(t *testing.T) {
		t.Parallel()
		defined := calendarOf("BEGIN:VEVENT", "UID:1", "DTSTART:20261123", "END:VEVENT", "BEGIN:VTIMEZONE", "TZID:Europe/Brussels", "END:VTIMEZONE")
		after, err := mustRead(t, defined).Patch(change)
		if err != nil || strings.Count(string(after), "END:VTIMEZONE") != 1 {
			t.Errorf("got %s, %v", after, err)
		}
	})
	t.Run("without a calendar around it, UTC", func(t *testing.T) {
		t.Parallel()
		after, err := mustRead(t, []byte("BEGIN:VEVENT\nUID:1\nDTSTART:20261123\nEND:VEVENT\n")).Patch(change)
		if err != nil || !strings.Contains(string(after), "\nDTSTART:20261123T133000Z\n") {
			t.Errorf("got %s, %v", after, err)
		}
	})
}

func TestPatch_with_nothing_changed_gives_the_same_bytes(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"everything":     calendarOf(everything...),
		"HTML":           eventOf("DTSTART:20261123", `DESCRIPTION;ALTREP="cid:1":<p>one<br>two</p>`, "X-ALT-DESC:<p>x</p>"),
		"no subject":     eventOf("DTSTART:20261123"),
		"empty subject":  eventOf("DTSTART:20261123", "SUMMARY:", "DESCRIPTION:"),
		"no end":         eventOf("DTSTART:20261123T100000Z"),
		"an end too low": eventOf("DTSTART:20261123T100000Z", "DTEND:20261123T090000Z"),
		"second instant": eventOf("DTSTART:20261025T013000Z", "DTEND:20261025T020000Z"),
		"a gap":          eventOf("DTSTART;TZID=Europe/Brussels:20260329T023000"),
		"end of one day": eventOf("DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261123"),
		"odd escapes":    eventOf("DTSTART:20261123", `SUMMARY:a\:b, c\Nd`),
		"bare LF":        []byte("BEGIN:VEVENT\nUID:1\nDTSTART:20261123\nSUMMARY:a\n b\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := changeOf(crm.AllUnits...)
			change.Values = mustExtract(t, body, nil).Units
			got, err := mustRead(t, body).Patch(change)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, got, body)
		})
	}
}

func TestPatch_revision(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		lines []string
		unit  crm.Unit
		want  string
	}{
		{"text leaves SEQUENCE", []string{"SEQUENCE:4", "LAST-MODIFIED:20250101T000000Z"}, crm.UnitSubject, "20261125T090000Z 20261125T090000Z 4"},
		{"dates raise it", []string{"SEQUENCE:4"}, crm.UnitWhen, "20261125T090000Z 20261125T090000Z 5"},
		{"none is 0", nil, crm.UnitWhen, "20261125T090000Z 20261125T090000Z 1"},
		{"one that cannot be read is 0", []string{"SEQUENCE:x"}, crm.UnitWhen, "20261125T090000Z 20261125T090000Z 1"},
		{"the highest stays", []string{"SEQUENCE:2147483647"}, crm.UnitWhen, "20261125T090000Z 20261125T090000Z 2147483647"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			change := changeOf(test.unit)
			change.Values = crm.Units{Subject: "new", When: mustWhen(t, "2026-11-24 - - - -")}
			after, err := mustRead(t, eventOf(append(test.lines, "DTSTART:20261123")...)).Patch(change)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			event := mustRead(t, after).events[0]
			for _, name := range []string{"DTSTAMP", "LAST-MODIFIED", "SEQUENCE"} {
				text, _ := event.TextOf(name)
				got = append(got, text)
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestPatch_gives_length_to_a_server_that_wants_it(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"no end", []string{"DTSTART;TZID=Europe/Brussels:20261123T143000"}, []string{"+DTEND;TZID=Europe/Brussels:20261123T150000"}},
		{"floating", []string{"DTSTART:20261123T143000"}, []string{"+DTEND:20261123T150000"}},
		{"an end equal to the start", []string{"DTSTART:20261123T143000Z", "DTEND:20261123T143000Z"}, []string{"-DTEND:20261123T143000Z", "+DTEND:20261123T150000Z"}},
		{"no length", []string{"DTSTART:20261123T143000Z", "DURATION:PT0S"}, []string{"-DURATION:PT0S", "+DURATION:PT30M"}},
		{"a day", []string{"DTSTART;VALUE=DATE:20261123"}, []string{"+DTEND;VALUE=DATE:20261124"}},
		{"one that has a length", []string{"DTSTART:20261123T143000Z", "DURATION:PT5M"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before := eventOf(test.lines...)
			change := changeOf()
			change.NeedsLength = true
			after, err := mustRead(t, before).Patch(change)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, difference(before, after)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPatch_refuses_dates_it_cannot_read(t *testing.T) {
	t.Parallel()
	before := eventOf("DTSTART:20261123T143000Z", "DTEND;VALUE=DATE:20261124", "SUMMARY:x")
	change := changeOf(crm.UnitWhen)
	change.Values.When = mustWhen(t, "2026-11-24 - - - -")
	_, err := mustRead(t, before).Patch(change)
	wantUnusable(t, err, crm.ReasonMixedKinds)

	change = changeOf(crm.UnitSubject)
	change.Values.Subject = "y"
	if _, err := mustRead(t, before).Patch(change); err != nil {
		t.Errorf("a subject: got %v, want no error", err)
	}
	change = changeOf(crm.UnitWhen)
	if _, err := mustRead(t, eventOf("DTSTART:20261123")).Patch(change); err == nil {
		t.Error("no date: got no error")
	}
}

func TestTwins_are_what_a_patch_takes_away(t *testing.T) {
	t.Parallel()
	o := mustRead(t, eventOf("DTSTART:20261123", `DESCRIPTION;ALTREP="cid:1":old`, `X-ALT-DESC:<p>old\, bold</p>`))
	change := changeOf(crm.UnitDescription)
	change.Values.Description = "new"
	want := []Twin{{"DESCRIPTION;ALTREP", "cid:1"}, {"X-ALT-DESC", "<p>old, bold</p>"}}
	if diff := cmp.Diff(want, o.Twins(change)); diff != "" {
		t.Errorf("twins (-want +got):\n%s", diff)
	}
	change.Values.Description = "old"
	if twins := o.Twins(change); twins != nil {
		t.Errorf("nothing changed: got %v", twins)
	}
}

func TestRead_sets_aside(t *testing.T) {
	t.Parallel()
	event := func(lines ...string) []string {
		return append(append([]string{"BEGIN:VEVENT", "DTSTART:20261123"}, lines...), "END:VEVENT")
	}
	many := make([]string, ical.DefaultLimits().Properties+1)
	for i := range many {
		many[i] = "X-A:b"
	}
	for _, test := range []struct {
		name   string
		body   []byte
		reason crm.Reason
	}{
		{"nothing", nil, crm.ReasonOtherKind},
		{"no event", calendarOf("BEGIN:VTODO", "UID:1", "END:VTODO"), crm.ReasonOtherKind},
		{"no UID", calendarOf(event()...), crm.ReasonNoUID},
		{"an empty UID", calendarOf(event("UID: ")...), crm.ReasonNoUID},
		{"two masters", calendarOf(append(event("UID:1"), event("UID:1")...)...), crm.ReasonTwoMasters},
		{"two UIDs", calendarOf(append(event("UID:a"), event("UID:A", "RECURRENCE-ID:20261123")...)...), crm.ReasonTwoMasters},
		{"UTF-16", []byte("\xff\xfeB\x00E\x00"), crm.ReasonUnreadable},
		{"11 MiB", []byte(strings.Repeat("x", 11<<20)), crm.ReasonTooLarge},
		{"too many properties", calendarOf(event(append(many, "UID:1")...)...), crm.ReasonTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(test.body)
			wantUnusable(t, err, test.reason)
		})
	}
}

func TestRead_takes_what_the_wild_has(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"bare event":       "BEGIN:VEVENT\nUID:1\nDTSTART:20261123\nEND:VEVENT",
		"METHOD":           "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123\nEND:VEVENT\nEND:VCALENDAR",
		"vCalendar 1.0":    "BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123T000000Z\nEND:VEVENT\nEND:VCALENDAR",
		"two calendars":    "BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123\nEND:VEVENT\nEND:VCALENDAR",
		"master at last":   "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261123\nDTSTART:20261124\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123\nEND:VEVENT",
		"with a VTODO":     "BEGIN:VTODO\nUID:2\nEND:VTODO\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123\nEND:VEVENT",
		"text after END":   "BEGIN:VEVENT\nUID:1\nDTSTART:20261123\nEND:VEVENT\nmore",
		"END is missing":   "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261123\n",
		"UID with a comma": "BEGIN:VEVENT\nUID:1\\,2\nDTSTART:20261123\nEND:VEVENT",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := mustExtract(t, []byte(text), nil).Units.When
			if got.StartDate != (crm.Date{Year: 2026, Month: time.November, Day: 23}) {
				t.Errorf("got %s", got)
			}
		})
	}
}
