package web

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"agendaonline/internal/crm"
)

// on is a reader on a day.
func on(lang string, year int, month time.Month, day int) words {
	return words{Lang: lang, zone: time.UTC, now: time.Date(year, month, day, 12, 0, 0, 0, time.UTC)}
}

func TestTypedDate_short_forms_are_understood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, want string }{
		{"", ""}, {" 25/11/2026 ", "2026-11-25"}, {"25-11-2026", "2026-11-25"}, {"25.11.26", "2026-11-25"}, {"25 11 2026", "2026-11-25"},
		{"2026-11-25", "2026-11-25"}, {"25/11", "2026-11-25"}, {"5/1", "2027-01-05"}, {"1/6", "2026-06-01"}, {"2511", "2026-11-25"}, {"251126", "2026-11-25"},
		{"25112026", "2026-11-25"}, {"vandaag", "2026-11-23"}, {"Morgen", "2026-11-24"}, {"gisteren", "2026-11-22"}, {"29/2", "2026-02-29"}, {"29/2/2028", "2028-02-29"},
		// What is none comes back for service to refuse: as a day that does not exist, or as typed.
		{"31/2/2026", "2026-02-31"}, {"31/2", "2026-02-31"}, {"11/25/2026", "2026-25-11"}, {"0/1/2026", "0/1/2026"}, {"25/11/226", "25/11/226"},
		{"maandag", "maandag"}, {"25/11/2026/1", "25/11/2026/1"}, {"-1/2/2026", "2026-02-01"}, {"1/-2", "2027-02-01"}, {"tomorrow", "tomorrow"}, {"999999", "2099-99-99"},
	} {
		if got := on("nl", 2026, 11, 23).typedDate(c.typed); got != c.want {
			t.Errorf("typedDate(%q) = %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestTypedTime_short_forms_are_understood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, want string }{
		{"", ""}, {"14:30", "14:30"}, {" 14.30 ", "14:30"}, {"1430", "14:30"}, {"930", "09:30"}, {"9", "09:00"}, {"14h30", "14:30"}, {"14H", "14:00"}, {"14u", "14:00"},
		{"14:30:15", "14:30:15"}, {"9:5", "09:05"}, {"0", "00:00"}, {"14:30:00", "14:30"},
		{"25:00", "25:00"}, {"2460", "24:60"}, {"noon", "noon"}, {"14:30:15:1", "14:30:15:1"}, {"143015", "143015"}, {"+9", "+9"}, {"-9", "-9"}, {"300", "03:00"},
	} {
		if got := typedTime(c.typed); got != c.want {
			t.Errorf("typedTime(%q) = %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestTyped_what_a_form_shows_is_understood_as_itself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := crm.Date{Year: rapid.IntRange(1000, 9999).Draw(t, "year"), Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 364).Draw(t, "day"))
		if got := on("fr", 2026, 11, 23).typedDate(shownDate(day.String())); got != day.String() {
			t.Fatalf("%s is shown as %s and read as %s", day, shownDate(day.String()), got)
		}
		clock := crm.NewClock(rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 59).Draw(t, "second"))
		if got := typedTime(clock.String()); got != clock.String() {
			t.Fatalf("%s is read as %s", clock, got)
		}
	})
}

func FuzzTyped(f *testing.F) {
	for _, seed := range []string{"25/11", "1430", "14h30", "2026-11-25", "31/2", "٢٥/١١", "////", "99999999999999999999/1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		w := on("en", 2026, 11, 23)
		if date := w.typedDate(typed); date != w.typedDate(date) {
			t.Errorf("date %q is read as %q, and that as %q", typed, date, w.typedDate(date))
		}
		if clock := typedTime(typed); clock != typedTime(clock) {
			t.Errorf("time %q is read as %q, and that as %q", typed, clock, typedTime(clock))
		}
	})
}

func TestTypedAction_what_nobody_touched_stays_as_it_was(t *testing.T) {
	t.Parallel()
	before := typedAction{fields: map[string]string{"subject": "Bellen", "description": "een\ntwee", "dossier": "", "start_date": "24/11/2026"}}
	marks := before.marks()
	now := typedAction{fields: map[string]string{"subject": "Bellen met An", "description": "een\ntwee", "dossier": "2026-041", "start_date": "25/11/2026"}}
	typed := typedAction{fields: map[string]string{"subject": "Bellen", "description": "een\r\ntwee\r\ndrie", "dossier": "", "start_date": "26/11/2026"}}
	merged, disputed := typed.onto(now, marks)
	for name, want := range map[string]string{"subject": "Bellen met An", "description": "een\r\ntwee\r\ndrie", "dossier": "2026-041", "start_date": "26/11/2026"} {
		if got := merged.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if len(disputed) != 1 || disputed[0] != "start_date" {
		t.Errorf("got disputed %q, want the start date alone", disputed)
	}
	if _, disputed := typed.onto(now, "nonsense"); len(disputed) != 4 {
		t.Errorf("got disputed %q from marks that nobody can read, want every field that differs", disputed)
	}
}
