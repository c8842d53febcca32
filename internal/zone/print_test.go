package zone

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRules_PrintVTimezone(t *testing.T) {
	t.Parallel()
	rules := NewRules(time.LoadLocation)
	for _, test := range []struct {
		name, zone string
		start      time.Time
		want       []string // observances, their properties with a blank between
	}{
		{"the usual two", "europe/brussels", time.Date(2026, 11, 23, 13, 30, 0, 0, time.UTC), []string{
			"DAYLIGHT TZOFFSETFROM:+0100 TZOFFSETTO:+0200 TZNAME:CEST DTSTART:19810329T020000 RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
			"STANDARD TZOFFSETFROM:+0200 TZOFFSETTO:+0100 TZNAME:CET DTSTART:19961027T030000 RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"}},
		{"no clock changes", "Asia/Kolkata", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), []string{
			"STANDARD TZOFFSETFROM:+0530 TZOFFSETTO:+0530 TZNAME:IST DTSTART:19700101T000000"}},
		{"no clock changes any more", "Pacific/Apia", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), []string{
			"STANDARD TZOFFSETFROM:+1300 TZOFFSETTO:+1300 TZNAME:+13 DTSTART:19700101T000000"}},
		{"UTC", "UTC", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), []string{
			"STANDARD TZOFFSETFROM:+0000 TZOFFSETTO:+0000 TZNAME:UTC DTSTART:19700101T000000"}},
		{"winter time counted as the exception", "Europe/Dublin", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), []string{
			"DAYLIGHT TZOFFSETFROM:+0000 TZOFFSETTO:+0100 TZNAME:IST DTSTART:19810329T010000 RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
			"STANDARD TZOFFSETFROM:+0100 TZOFFSETTO:+0000 TZNAME:GMT DTSTART:19961027T020000 RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"}},
		{"a Friday that may fall into the next month", "Africa/Cairo", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), []string{
			"DAYLIGHT TZOFFSETFROM:+0200 TZOFFSETTO:+0300 TZNAME:EEST DTSTART:20230428T000000 RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=-1FR",
			"STANDARD TZOFFSETFROM:+0300 TZOFFSETTO:+0200 TZNAME:EET DTSTART:20231027T000000 RRULE:FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=26,27,28,29,30,31;BYDAY=FR",
			"STANDARD TZOFFSETFROM:+0300 TZOFFSETTO:+0200 TZNAME:EET DTSTART:20241101T000000 RRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=1;BYDAY=FR"}},
		{"rules that have ended since", "Europe/Moscow", time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC), []string{
			"DAYLIGHT TZOFFSETFROM:+0300 TZOFFSETTO:+0400 TZNAME:MSD DTSTART:19920329T020000 RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20100327T230000Z",
			"STANDARD TZOFFSETFROM:+0400 TZOFFSETTO:+0300 TZNAME:MSK DTSTART:19961027T030000 RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20101030T230000Z",
			"STANDARD TZOFFSETFROM:+0300 TZOFFSETTO:+0400 TZNAME:MSK DTSTART:20110327T020000",
			"STANDARD TZOFFSETFROM:+0400 TZOFFSETTO:+0300 TZNAME:MSK DTSTART:20141026T020000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text, err := rules.PrintVTimezone(test.zone, test.start)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.ReplaceAll(text, "\r\n ", ""), "\r\n")
			if want := "BEGIN:VTIMEZONE"; lines[0] != want {
				t.Errorf("got first line %s, want %s", lines[0], want)
			}
			if z, _ := rules.IANA(test.zone); lines[1] != "TZID:"+z.Name() {
				t.Errorf("got second line %s, want the TZID as the database spells it", lines[1])
			}
			var got []string
			for begin := 2; begin < len(lines) && strings.HasPrefix(lines[begin], "BEGIN:"); {
				kind := strings.TrimPrefix(lines[begin], "BEGIN:")
				end := begin + slices.Index(lines[begin:], "END:"+kind)
				got = append(got, kind+" "+strings.Join(lines[begin+1:end], " "))
				begin = end + 1
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("observances (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRules_PrintVTimezone_of_no_zone(t *testing.T) {
	t.Parallel()
	if text, err := NewRules(time.LoadLocation).PrintVTimezone("Customized Time Zone", time.Unix(0, 0)); err != ErrUnknown {
		t.Errorf("got %q, %v, want ErrUnknown", text, err)
	}
}

// TestRules_PrintVTimezone_says_what_the_zone_does evaluates what was printed, for every zone and starts of all ages.
func TestRules_PrintVTimezone_says_what_the_zone_does(t *testing.T) {
	t.Parallel()
	rules := NewRules(time.LoadLocation)
	years := []int{1900, 1969, 1970, 1985, 1990, 2005, 2012, 2026, 2050, 2100, 9800}
	if testing.Short() {
		years = []int{1990, 2026}
	}
	for _, name := range IANANames() {
		z, err := rules.IANA(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, year := range years {
			start := time.Date(year, 3, 7, 5, 0, 0, 0, time.UTC)
			text, err := rules.PrintVTimezone(name, start)
			if err != nil {
				t.Fatal(err)
			}
			if end := start.AddDate(150, 0, 0); !SameRules(z, ownZone(t, text), start, end) {
				t.Fatalf("%s and its VTIMEZONE differ from %s to %s:\n%s", name, start, end, text)
			}
		}
	}
}

func TestRules_PrintVTimezone_holds_from_any_instant(t *testing.T) {
	t.Parallel()
	rules := NewRules(time.LoadLocation)
	names := IANANames()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "zone")
		start := time.Unix(rapid.Int64Range(-3e9, 5e9).Draw(t, "start"), 0).UTC()
		z, err := rules.IANA(name)
		if err != nil {
			t.Fatal(err)
		}
		if change, found := z.NextChange(start); found && rapid.Bool().Draw(t, "at a clock change") {
			start = change.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "seconds off")) * time.Second)
		}
		text, err := rules.PrintVTimezone(name, start)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(text, "\r\n") {
			if len(line) > maxLine || strings.ContainsAny(line, "\r\n") {
				t.Errorf("got a line of %d octets: %q", len(line), line)
			}
		}
		if !SameRules(z, ownZone(t, text), start, start.AddDate(60, 0, 0)) {
			t.Errorf("%s and its VTIMEZONE differ from %s on:\n%s", name, start, text)
		}
	})
}
