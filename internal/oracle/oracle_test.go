package oracle

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestJudge_finds_nothing_where_nothing_is_wrong(t *testing.T) {
	t.Parallel()
	judged := map[string]int{}
	for seed := range uint64(200) {
		report := play(t, seed, "")
		if len(report.Violations) > 0 {
			t.Fatalf("seed %d:\n%s", seed, report.String())
		}
		for rule, n := range report.Judged {
			judged[rule] += n
		}
	}
	for _, rule := range []string{"S1", "S2", "S3", "S4", "O1", "O2", "O3", "O4", "O5", "O6", "O7", "O8", "O9", "O10", "O11"} {
		if judged[rule] == 0 {
			t.Errorf("%s was never looked at", rule)
		}
	}
	t.Log(judged)
}

// planted are faults of the puppet, and a rule that each must break.
var planted = []struct{ wrong, rule string }{
	{"no If-Match", "S1"},
	{"no If-None-Match", "S1"},
	{"unmapped line dropped", "S2"},
	{"unmapped line dropped", "O7"},
	{"second after a lost answer", "S3"},
	{"action twice", "S3"},
	{"deletion from absence", "S4"},
	{"deletes without a cause", "S4"},
	{"base before the answer", "O1"},
	{"never pushed", "O1"},
	{"whole items merged", "O3"},
	{"loser not kept", "O5"},
	{"loser not kept", "O3"},
	{"invents", "O4"},
	{"made-up end flows back", "O5"},
	{"own write taken as an edit", "O5"},
	{"the wrong side wins", "O5"},
	{"told twice", "O5"},
	{"deletion beats a change", "O6"},
	{"trash forgets", "O6"},
	{"never still", "O8"},
	{"never still", "O9"},
	{"another's values", "O10"},
	{"mails", "O11"},
}

func TestJudge_a_seed_gives_the_same_history(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		one, other := play(t, seed, "loser not kept"), play(t, seed, "loser not kept")
		if one.String() != other.String() {
			t.Fatalf("seed %d: got\n%s\nand\n%s", seed, one.String(), other.String())
		}
	}
}

func TestJudge_finds_what_is_planted(t *testing.T) {
	t.Parallel()
	for _, test := range planted {
		t.Run(test.wrong+" breaks "+test.rule, func(t *testing.T) {
			t.Parallel()
			seen := map[string]int{}
			for seed := range uint64(500) {
				report := play(t, seed, test.wrong)
				broken := report.Broken()
				for _, rule := range broken {
					seen[rule]++
				}
				if slices.Contains(broken, test.rule) {
					t.Logf("seed %d", seed)
					return
				}
			}
			t.Errorf("not found in 500 histories; found %v", seen)
		})
	}
}

func TestJudgeSecrets_looks_everywhere_but_where_a_secret_belongs(t *testing.T) {
	t.Parallel()
	secrets := []Secret{
		{Name: "the password", Value: "canary-1", Origin: "https://dav.example"},
		{Name: "a private subject", Value: "canary-2", Viewer: "alice"},
	}
	report := JudgeSecrets(secrets, []Text{
		{Where: "a request", Origin: "https://dav.example", Body: "Basic canary-1"},
		{Where: "alice's list", Viewer: "alice", Body: "canary-2"},
		{Where: "a redirect", Origin: "https://evil.example", Body: "Basic canary-1"},
		{Where: "the log", Body: "user canary-1"},
		{Where: "bob's list", Viewer: "bob", Body: "canary-2"},
	})
	want := "S6 at rest, a redirect: holds the password\nS6 at rest, the log: holds the password\nO10 at rest, bob's list: holds a private subject\n"
	if got := report.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWhen_has_the_forms_of_its_event(t *testing.T) {
	t.Parallel()
	lengths := []time.Duration{30 * time.Minute}
	for _, test := range []struct {
		what  string
		when  When
		lines string
		same  bool
	}{
		{"a day", When{StartDate: "2026-03-01"}, "DTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260302", true},
		{"a day without its end", When{StartDate: "2026-03-01"}, "DTSTART;VALUE=DATE:20260301", true},
		{"days", When{StartDate: "2026-03-01", EndDate: "2026-03-03"}, "DTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260304", true},
		{"days, end taken as inclusive", When{StartDate: "2026-03-01", EndDate: "2026-03-03"}, "DTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260303", false},
		{"an end date", When{EndDate: "2026-03-01"}, "DTSTART;VALUE=DATE:20260301", true},
		{"a start", When{StartDate: "2026-03-01", StartTime: "10:00"}, "DTSTART;TZID=Europe/Brussels:20260301T100000\nDTEND;TZID=Europe/Brussels:20260301T103000", true},
		{"a start in UTC", When{StartDate: "2026-03-01", StartTime: "10:00"}, "DTSTART:20260301T090000Z\nDURATION:PT30M", true},
		{"a start without end", When{StartDate: "2026-03-01", StartTime: "10:00"}, "DTSTART:20260301T090000Z", true},
		{"a start as written", When{StartDate: "2026-03-01", StartTime: "10:00"}, "DTSTART:20260301T100000", true},
		{"another length", When{StartDate: "2026-03-01", StartTime: "10:00"}, "DTSTART:20260301T090000Z\nDURATION:PT45M", false},
		{"another zone", When{StartDate: "2026-03-01", StartTime: "10:00"}, "DTSTART;TZID=Europe/London:20260301T100000", false},
		{"over a clock change", When{StartDate: "2026-03-28", StartTime: "23:00", EndDate: "2026-03-29", EndTime: "05:00"}, "DTSTART;TZID=Europe/Brussels:20260328T230000\nDURATION:PT5H", true},
		{"an end time", When{EndDate: "2026-03-01", EndTime: "10:00"}, "DTSTART:20260301T083000Z\nDTEND:20260301T090000Z", true},
		{"until the end of a day", When{StartDate: "2026-03-01", StartTime: "10:00", EndDate: "2026-03-02"}, "DTSTART:20260301T090000Z\nDTEND:20260302T230000Z", true},
		{"from the beginning of a day", When{StartDate: "2026-03-01", EndDate: "2026-03-01", EndTime: "10:00"}, "DTSTART:20260228T230000Z\nDTEND:20260301T090000Z", true},
		{"on the same day", When{StartDate: "2026-03-01", StartTime: "10:00", EndTime: "11:00"}, "DTSTART:20260301T090000Z\nDTEND:20260301T100000Z", true},
	} {
		test.when.Zone = "Europe/Brussels"
		c := component{name: "VEVENT", lines: strings.Split(test.lines, "\n")}
		form, unknown := eventForm(&c)
		if same := slices.Contains(test.when.forms(lengths), form); same != test.same || unknown {
			t.Errorf("%s: event %s, action %v: got %v, want %v", test.what, form, test.when.forms(lengths), same, test.same)
		}
	}
}
