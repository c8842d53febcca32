package eventmap_test

import (
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/zone"
)

func TestTimes_are_equal_for_what_an_event_shows_at_the_same_time(t *testing.T) {
	t.Parallel()
	zones := zone.NewRules(time.LoadLocation)
	times := func(text string) string {
		when, err := crm.ParseWhen(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := eventmap.Times(when, 30*time.Minute, zones)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return got
	}
	for _, test := range []struct {
		one, other string
		same       bool
	}{
		{"2026-12-02 09:00 - - Europe/Brussels", "2026-12-02 09:00 2026-12-02 09:30 Europe/Brussels", true},
		{"2026-12-02 09:00 - - Europe/Brussels", "2026-12-02 08:00 2026-12-02 08:30 UTC", true},
		{"2026-12-02 09:00 - 10:00 Europe/Brussels", "2026-12-02 09:00 2026-12-02 10:00 Europe/Brussels", true},
		{"- - 2026-12-02 09:30 Europe/Brussels", "2026-12-02 09:00 - - Europe/Brussels", true},
		{"2026-12-04 - - - Europe/Brussels", "2026-12-04 - 2026-12-04 - America/New_York", true},
		{"2026-12-04 - - - -", "- - 2026-12-04 - UTC", true},
		{"2026-12-04 09:00 2026-12-04 - Europe/Brussels", "2026-12-04 09:00 2026-12-05 00:00 Europe/Brussels", true},
		{"2026-12-02 09:00 - - Europe/Brussels", "2026-12-02 09:00 - - UTC", false},
		{"2026-12-02 09:00 - - Europe/Brussels", "2026-12-02 09:00 2026-12-02 10:00 Europe/Brussels", false},
		{"2026-12-04 - - - UTC", "2026-12-04 - 2026-12-05 - UTC", false},
		{"2026-12-04 - - - UTC", "2026-12-04 00:00 2026-12-05 00:00 UTC", false},
	} {
		if got := times(test.one) == times(test.other); got != test.same {
			t.Errorf("%s and %s: got %v, want %v", test.one, test.other, got, test.same)
		}
	}
	for _, none := range []crm.When{{}, {StartDate: crm.Date{Year: 2026, Month: 12, Day: 2}, StartTime: crm.NewClock(9, 0, 0), Zone: "Nowhere/None"}} {
		if got, err := eventmap.Times(none, time.Hour, zones); err == nil {
			t.Errorf("%v: got %q, want an error", none, got)
		}
	}
}
