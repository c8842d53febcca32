package service

import (
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDiffering_names_each_change_once(t *testing.T) {
	t.Parallel()
	before := crm.Action{Units: crm.Units{When: crm.When{StartDate: crm.Date{Year: 2026, Month: 11, Day: 23}, Zone: "Europe/Brussels"}}}
	timed := before
	timed.When.StartTime = crm.NewClock(9, 0, 0)
	for name, test := range map[string]struct {
		before crm.Action
		change func(*crm.Action)
		want   string
	}{
		"nothing":                           {before, func(*crm.Action) {}, ""},
		"a_unit":                            {before, func(a *crm.Action) { a.Subject = "x" }, "subject"},
		"a_zone_that_moves_the_time":        {timed, func(a *crm.Action) { a.When.Zone = "Europe/Lisbon" }, "when"},
		"a_zone_of_an_all_day_action":       {before, func(a *crm.Action) { a.When.Zone = "Europe/Lisbon" }, "time_zone"},
		"a_date_and_the_zone":               {before, func(a *crm.Action) { a.When.Zone, a.When.StartDate.Day = "Europe/Lisbon", 24 }, "when"},
		"several":                           {before, func(a *crm.Action) { a.Description, a.FollowedBy, a.DueDate.Year = "x", third.ID, 2027 }, "description followed_by due_date"},
		"the_order_of_documents":            {crm.Action{Documents: []crm.Document{{URL: "a"}, {URL: "b"}}}, func(a *crm.Action) { a.Documents = []crm.Document{{URL: "b"}, {URL: "a"}} }, "documents"},
		"what_the_program_keeps_for_itself": {before, func(a *crm.Action) { a.Version, a.Sync.Name, a.ModifiedAt = 9, crm.Pending, time.Unix(1, 0) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := test.before
			test.change(&after)
			var names []string
			for _, f := range differing(test.before, after) {
				names = append(names, f.name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Every field of an action that a person types has a history, and its text brings the same value back.
func TestFields_restore_what_history_keeps(t *testing.T) {
	t.Parallel()
	full := crm.Action{
		Units: crm.Units{Subject: "s", Description: "two\nlines", When: crm.When{
			StartDate: crm.Date{Year: 2026, Month: 11, Day: 23}, StartTime: crm.NewClock(9, 0, 0),
			EndDate: crm.Date{Year: 2026, Month: 11, Day: 24}, EndTime: crm.NewClock(0, 0, 0), Zone: "Europe/Lisbon"}},
		FollowedBy: follower.ID, DueDate: crm.Date{Year: 2026, Month: 12, Day: 1},
		Type: crm.ChoiceID{3}, Status: crm.ChoiceID{4}, Priority: crm.ChoiceID{5},
		ThirdParty: "Piron", ThirdPartyKind: crm.Customer, Contact: "c", Dossier: "d", FollowsUp: crm.ActionID{7},
		Documents: []crm.Document{{Title: "", URL: "https://a.example/?q=1"}, {Title: "Plan B", URL: "http://b.example"}},
	}
	empty := crm.Action{Units: crm.Units{When: crm.When{Zone: "Europe/Brussels"}}}
	for _, way := range []struct{ from, to crm.Action }{{empty, full}, {full, empty}} {
		got := way.from
		for _, f := range fields {
			restored, p, err := checkRestored(got, f, f.text(way.to), testReference())
			if err != nil || len(p.list) > 0 {
				t.Fatalf("%s: %v %s", f.name, err, describe(p))
			}
			got = restored
		}
		want := way.to
		if way.to.Type.IsZero() {
			want.Type, want.Status, want.Priority = full.Type, full.Status, full.Priority // a choice is never taken away
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(crm.Clock{})); diff != "" {
			t.Errorf("restored differs (-want +got):\n%s", diff)
		}
	}
}

func TestDocuments_text_reads_back(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.StringMatching(`[^\x00-\x1f\x7f]*`)
		var action crm.Action
		for range rapid.IntRange(0, 4).Draw(t, "documents") {
			action.Documents = append(action.Documents, crm.Document{Title: plain.Draw(t, "title"), URL: "https://" + plain.Draw(t, "url")})
		}
		got := crm.Action{Documents: []crm.Document{{URL: "before"}}}
		err := restoreDocuments(&got, documentsText(action))
		if diff := cmp.Diff(action.Documents, got.Documents); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
	})
}
