package crm

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func date(t *testing.T, text string) Date {
	t.Helper()
	d, err := ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func when(t *testing.T, startDate, startTime, endDate, endTime string) When {
	t.Helper()
	var w When
	var err1, err2 error
	w.StartTime, err1 = ParseClock(startTime)
	w.EndTime, err2 = ParseClock(endTime)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	w.StartDate, w.EndDate, w.Zone = date(t, startDate), date(t, endDate), "Europe/Brussels"
	return w
}

func TestWhen_each_combination_is_a_shape_or_is_refused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		startDate, startTime, endDate, endTime string
		shape                                  Shape
		problem, field                         string
	}{
		{"", "", "", "", ShapeNone, "", ""},
		{"2026-11-24", "", "", "", ShapeStartDate, "", ""},
		{"2026-11-24", "", "2026-11-26", "", ShapeDates, "", ""},
		{"", "", "2026-11-26", "", ShapeEndDate, "", ""},
		{"2026-11-24", "09:00", "", "", ShapeStart, "", ""},
		{"2026-11-24", "09:00", "", "10:00", ShapeStartEndTime, "", ""},
		{"2026-11-24", "09:00", "2026-11-24", "", ShapeStartEndDate, "", ""},
		{"2026-11-24", "09:00", "2026-11-24", "09:00", ShapeStartEnd, "", ""},
		{"", "", "2026-11-24", "09:00", ShapeEnd, "", ""},
		{"2026-11-24", "", "2026-11-24", "09:00", ShapeStartDateEndTime, "", ""},

		{"", "09:00", "", "", 0, "when.time_without_date", "start_date"},
		{"", "09:00", "2026-11-24", "", 0, "when.time_without_date", "start_date"},
		{"", "", "", "09:00", 0, "when.time_without_date", "end_date"},
		{"2026-11-24", "", "", "09:00", 0, "when.time_without_date", "end_date"},
		{"2026-11-24", "09:00", "", "09:00", 0, "when.end_next_day", "end_time"},
		{"2026-11-24", "09:00", "", "08:00", 0, "when.end_next_day", "end_time"},
		{"2026-11-24", "", "2026-11-23", "", 0, "when.end_before_start", "end_date"},
		{"2026-11-24", "09:00", "2026-11-24", "08:59:59", 0, "when.end_before_start", "end_time"},
		{"2026-11-24", "09:00", "2026-11-23", "10:00", 0, "when.end_before_start", "end_date"},
		{"9999-12-31", "", "", "", 0, "when.no_such_day", "start_date"},
	} {
		w := when(t, test.startDate, test.startTime, test.endDate, test.endTime)
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			var problem *Problem
			if err := w.Check(); errors.As(err, &problem) {
				if problem.Code != test.problem || problem.Field != test.field {
					t.Fatalf("got %v, want %s on %s", problem, test.problem, test.field)
				}
				return
			}
			if test.problem != "" {
				t.Fatalf("got no problem, want %s", test.problem)
			}
			if got := w.Shape(); got != test.shape {
				t.Errorf("got shape %d, want %d", got, test.shape)
			}
		})
	}
}

func TestWhen_an_end_that_is_not_after_the_start_offers_the_next_day(t *testing.T) {
	t.Parallel()
	var problem *Problem
	if !errors.As(when(t, "2026-12-31", "22:00", "", "01:30").Check(), &problem) {
		t.Fatal("got no problem")
	}
	if problem.Params["date"] != "2027-01-01" || problem.Params["time"] != "01:30" {
		t.Errorf("got %v, want the offer 2027-01-01 01:30", problem.Params)
	}
}

func TestWhen_today_is_not_past(t *testing.T) {
	t.Parallel()
	today := date(t, "2026-11-24")
	for _, test := range []struct {
		when When
		past bool
	}{
		{when(t, "2026-11-23", "", "", ""), true},
		{when(t, "2026-11-24", "", "", ""), false},
		{when(t, "2026-11-20", "", "2026-11-24", ""), false},
		{when(t, "", "", "2026-11-23", "23:59"), true},
		{when(t, "", "", "", ""), false},
	} {
		if got := test.when.Past(today); got != test.past {
			t.Errorf("%v: got past %v, want %v", test.when, got, test.past)
		}
	}
}

func TestWhen_the_zone_matters_only_where_there_is_a_time(t *testing.T) {
	t.Parallel()
	allDay, other := when(t, "2026-11-24", "", "", ""), when(t, "2026-11-24", "", "", "")
	other.Zone = "Asia/Tokyo"
	if !allDay.Equal(other) {
		t.Error("two all-day values in different zones: got different, want equal")
	}
	allDay.StartTime, other.StartTime = NewClock(9, 0, 0), NewClock(9, 0, 0)
	if allDay.Equal(other) {
		t.Error("two times in different zones: got equal, want different")
	}
}

func TestDate_days_since_counts_over_all_years(t *testing.T) {
	t.Parallel()
	first, last := date(t, "0001-01-01"), date(t, "9999-12-31")
	if got, back := last.DaysSince(first), first.DaysSince(last); got != 3652058 || back != -3652058 {
		t.Errorf("got %d and %d, want 3652058 and back", got, back)
	}
	if got := first.AddDays(3652058); got != last {
		t.Errorf("got %v, want %v", got, last)
	}
}

func TestParseDate_refuses_what_is_no_day(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0000-00-00", "2026-02-30", "31/02", "2026-2-3", "+026-01-01", "2026-13-01", "2026-11-24 ", "10000-01-01"} {
		if got, err := ParseDate(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestParseClock_refuses_what_is_no_time_of_day(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"24:00", "12:60", "12:00:60", "9:00", "-1:00", "12.00", "12:0a", "noon"} {
		if got, err := ParseClock(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func drawWhen(t *rapid.T) When {
	draw := func(label string) (Date, Clock) {
		var d Date
		var c Clock
		if rapid.Bool().Draw(t, label+" has a date") {
			d = DateOf(time.Unix(rapid.Int64Range(-62135596800, 253402214400).Draw(t, label), 0).UTC())
		}
		if rapid.Bool().Draw(t, label+" has a time") {
			s := rapid.IntRange(0, 86399).Draw(t, label+" seconds")
			c = NewClock(s/3600, s/60%60, s%60)
		}
		return d, c
	}
	w := When{Zone: rapid.SampledFrom([]string{"", "Europe/Brussels", "America/Argentina/Buenos_Aires"}).Draw(t, "zone")}
	w.StartDate, w.StartTime = draw("start")
	w.EndDate, w.EndTime = draw("end")
	return w
}

func TestHistoryText_reads_back_as_written(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		units := Units{rapid.String().Draw(t, "subject"), rapid.String().Draw(t, "description"), drawWhen(t)}
		var got Units
		for _, unit := range AllUnits {
			var err error
			if got, err = ParseHistory(unit, HistoryText(unit, units), got); err != nil {
				t.Fatal(err)
			}
		}
		if got != units {
			t.Fatalf("got %+v, want %+v", got, units)
		}
	})
}

func TestUnits_with_takes_one_unit_and_leaves_the_others(t *testing.T) {
	t.Parallel()
	a := Units{"a", "a", when(t, "2026-11-24", "", "", "")}
	b := Units{"b", "b", when(t, "2026-11-25", "", "", "")}
	for _, unit := range AllUnits {
		got := a.With(unit, b)
		if differing := got.Differing(a); len(differing) != 1 || differing[0] != unit {
			t.Errorf("With(%s): got %v changed, want only it", unit, differing)
		}
	}
}

func TestNewID_is_a_version_7_that_rises_with_the_clock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	source := IDSource{Now: func() time.Time { now = now.Add(300 * time.Nanosecond); return now }, Random: bytes.NewReader(bytes.Repeat([]byte{0xff}, 16*100))}
	previous := ActionID{}
	for range 100 {
		id := NewID[Action](source)
		if id[6]>>4 != 7 || id[8]>>6 != 2 {
			t.Fatalf("got %s, want version 7 and the RFC's variant", id)
		}
		if bytes.Compare(id[:], previous[:]) < 0 {
			t.Fatalf("got %s after %s, want rising ids", id, previous)
		}
		parsed, err := ParseID[Action](id.String())
		if err != nil || parsed != id {
			t.Fatalf("got %v %v, want %s back", parsed, err, id)
		}
		previous = id
	}
}

func TestLink_states_lists_every_state_the_most_urgent_first(t *testing.T) {
	t.Parallel()
	settings, at := DefaultSettings(), time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	off := settings
	off.OnlineCalendar = false
	for _, test := range []struct {
		name     string
		link     Link
		settings Settings
		want     []LinkState
		mayRun   bool
	}{
		{"fresh", Link{}, settings, []LinkState{LinkNew}, true},
		{"in order", Link{FirstSyncedAt: at}, settings, []LinkState{LinkActive}, true},
		{"option off", Link{FirstSyncedAt: at}, off, []LinkState{LinkOff}, false},
		{"refused password", Link{FirstSyncedAt: at, SignInAgain: true, Failing: Failing{Since: at}}, settings, []LinkState{LinkSignInAgain, LinkFailing}, false},
		{"paused", Link{FirstSyncedAt: at, Pause: Pause{At: at}}, settings, []LinkState{LinkPaused}, false},
	} {
		got := test.link.States(test.settings)
		if len(got) != len(test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%s: got %v, want %v", test.name, got, test.want)
			}
		}
		if test.link.MayRun(test.settings) != test.mayRun {
			t.Errorf("%s: got may run %v, want %v", test.name, !test.mayRun, test.mayRun)
		}
	}
}
