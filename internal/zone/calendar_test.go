package zone

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/ical"
)

func definitions(t testing.TB, text string) []*ical.Component {
	t.Helper()
	parsed, err := ical.Parse([]byte(strings.ReplaceAll(text, "\n", "\r\n")), ical.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var all []*ical.Component
	for c := range parsed.Find("VTIMEZONE") {
		all = append(all, c)
	}
	return all
}

// vtimezone is a zone of one offset, as TZIDs that mean nothing by themselves are defined.
func vtimezone(tzid, offset string) string {
	return "BEGIN:VTIMEZONE\nTZID:" + tzid + "\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:" + offset + "\nTZOFFSETTO:" + offset + "\nEND:STANDARD\nEND:VTIMEZONE\n"
}

func TestCalendar_Meaning(t *testing.T) {
	t.Parallel()
	rules := NewRules(time.LoadLocation)
	standard := func(lines string) string {
		return "BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n" + lines + "END:STANDARD\nEND:VTIMEZONE\n"
	}
	many := strings.Builder{}
	for range maxObservances + 1 {
		many.WriteString("BEGIN:STANDARD\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nDTSTART:20000101T000000\nEND:STANDARD\n")
	}
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name, text, tzid string
		by               By
		offset           int    // seconds, at the instant
		err              string // a part of it
	}{
		{"an IANA name is not looked up in the text", vtimezone("Europe/Brussels", "-0900"), "Europe/Brussels", ByName, 7200, ""},
		{"nor is one with blanks around it", vtimezone("Europe/Brussels", "-0900"), "Europe/Brussels ", ByName, 7200, ""},
		{"a VTIMEZONE comes before a Windows name", vtimezone("Romance Standard Time", "-0900"), "Romance Standard Time", ByVTimezone, -9 * 3600, ""},
		{"and before a vendor's prefix", vtimezone("/x.org/Europe/Brussels", "-0900"), "/x.org/Europe/Brussels", ByVTimezone, -9 * 3600, ""},
		{"a Windows name without VTIMEZONE", "", "Romance Standard Time", ByWindowsName, 7200, ""},
		{"Customized Time Zone with its VTIMEZONE", vtimezone("Customized Time Zone", "+0530"), "Customized Time Zone", ByVTimezone, 19800, ""},
		{"Customized Time Zone without", "", "Customized Time Zone", Unresolved, 0, "not the name"},
		{"the first of two", vtimezone("Own", "+0100") + vtimezone("Own", "+0200"), "Own", ByVTimezone, 3600, ""},
		{"the first of two that can be used", standard("DTSTART:20000101T000000\nRRULE:FREQ=SECONDLY\n") + vtimezone("Own", "+0200"), "Own", ByVTimezone, 7200, ""},
		{"one that cannot be used, under a name that is known", strings.ReplaceAll(standard("DTSTART:nonsense\n"), "Own", "Romance Standard Time"), "Romance Standard Time", ByWindowsName, 7200, ""},
		{"no observance", "BEGIN:VTIMEZONE\nTZID:Own\nEND:VTIMEZONE\n", "Own", Unresolved, 0, "no observance"},
		{"a rule of seconds", standard("DTSTART:20000101T000000\nRRULE:FREQ=SECONDLY\n"), "Own", Unresolved, 0, "frequency"},
		{"too many observances", "BEGIN:VTIMEZONE\nTZID:Own\n" + many.String() + "END:VTIMEZONE\n", "Own", Unresolved, 0, "observances"},
		{"daylight only, from the first year on", strings.ReplaceAll(strings.ReplaceAll(vtimezone("Own", "+053015"), "STANDARD", "DAYLIGHT"), "1601", "0001"), "Own", ByVTimezone, 19815, ""},
		{"an offset of -0000", vtimezone("Own", "-0000"), "Own", ByVTimezone, 0, ""},
		{"an empty TZID is defined", vtimezone("", "+0500"), "", Unresolved, 0, "not the name"},
		{"many that cannot be used", strings.Repeat(vtimezone("Own", "+2400"), maxTries) + vtimezone("Own", "+0100"), "Own", Unresolved, 0, "TZOFFSETTO"},
		{"an offset of days", vtimezone("Own", "+2400"), "Own", Unresolved, 0, "TZOFFSETTO"},
		{"nothing", "", "", Unresolved, 0, "not the name"},
		{"a path", "", "../../etc/passwd", Unresolved, 0, "not the name"},
		{"10 KiB", "", strings.Repeat("x", 10<<10), Unresolved, 0, "not the name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			calendar := rules.Calendar(definitions(t, "BEGIN:VCALENDAR\n"+test.text+"END:VCALENDAR\n"))
			for range 2 { // the second is remembered
				got := calendar.Meaning(test.tzid)
				if got.By != test.by {
					t.Fatalf("got %s (%v), want %s", got.By, got.Err, test.by)
				}
				if test.err != "" && (got.Err == nil || !strings.Contains(got.Err.Error(), test.err)) {
					t.Errorf("got error %v, want one with %q", got.Err, test.err)
				}
				if got.Zone != nil && got.Zone.OffsetAt(at) != test.offset {
					t.Errorf("got offset %d, want %d", got.Zone.OffsetAt(at), test.offset)
				}
			}
		})
	}
}

// A VTIMEZONE that was printed, parsed as the calendar text that it is, has the offsets of its zone.
func TestOwn_reads_what_PrintVTimezone_writes(t *testing.T) {
	t.Parallel()
	rules := NewRules(time.LoadLocation)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range IANANames() {
		text, err := rules.PrintVTimezone(name, start)
		if err != nil {
			t.Fatal(err)
		}
		own, err := Own(definitions(t, strings.ReplaceAll(text, "\r\n", "\n"))[0])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		z, err := rules.IANA(name)
		if err != nil {
			t.Fatal(err)
		}
		if !SameRules(z, own, start, start.AddDate(20, 0, 0)) {
			t.Errorf("%s and its VTIMEZONE differ", name)
		}
	}
}

func FuzzOwn(f *testing.F) {
	rules := NewRules(time.LoadLocation)
	for _, name := range []string{"Europe/Brussels", "Africa/Cairo", "Asia/Kolkata", "America/New_York"} {
		text, err := rules.PrintVTimezone(name, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(text), int64(1782900000))
	}
	observance := "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:DAYLIGHT\nTZOFFSETFROM:-0000\nTZOFFSETTO:+053015\nDTSTART:%s\n%s\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
	for start, lines := range map[string]string{
		"16010101T000000":  "RRULE:FREQ=YEARLY;COUNT=2147483647;BYDAY=-1SU;BYMONTH=2;BYMONTHDAY=29",
		"00010101T000000":  "RRULE:FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;UNTIL=20260102",
		"20000101":         "RDATE;VALUE=PERIOD:20260101T000000Z/PT1H,19700101T000000",
		"99991231T235959Z": "RRULE:FREQ=YEARLY;BYYEARDAY=-366;BYSETPOS=-1",
	} {
		f.Add([]byte(fmt.Sprintf(observance, start, lines)), int64(0))
	}
	f.Fuzz(func(t *testing.T, text []byte, wall int64) {
		parsed, err := ical.Parse(text, ical.DefaultLimits())
		if err != nil {
			return
		}
		for c := range parsed.Find("VTIMEZONE") {
			z, err := Own(c)
			if err != nil {
				continue
			}
			const tenMillennia = 10_000 * 366 * 24 * 60 * 60
			checkInstants(t, civilAt(wall%tenMillennia), z)
			z.NextChange(utc(wall % tenMillennia))
		}
	})
}
