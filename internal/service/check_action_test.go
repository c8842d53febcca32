package service

import (
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/zone"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var testZones = zone.NewRules(time.LoadLocation)

func testReference() reference {
	lisbon, gone := follower, withoutRights
	lisbon.TimeZone = "Europe/Lisbon"
	gone.Active = false
	return reference{
		settings: crm.DefaultSettings(),
		users:    map[crm.UserID]crm.User{lisbon.ID: lisbon, gone.ID: gone, third.ID: third},
		zones:    testZones,
		choices: []crm.Choice{
			{ID: crm.ChoiceID{1}, Kind: crm.ChoiceType, Retired: true, Default: true},
			{ID: crm.ChoiceID{2}, Kind: crm.ChoiceType},
			{ID: crm.ChoiceID{3}, Kind: crm.ChoiceType, Default: true},
			{ID: crm.ChoiceID{4}, Kind: crm.ChoiceStatus, Default: true},
			{ID: crm.ChoiceID{5}, Kind: crm.ChoicePriority},
		},
	}
}

// describe writes problems one a line: code, field and parameters.
func describe(p *problems) string {
	texts := make([]string, len(p.list))
	for i, problem := range p.list {
		texts[i] = problem.Error()
	}
	return strings.Join(texts, "\n")
}

func TestCheckAction_refuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in   ActionInput
		want string
	}{
		"a_date_in_another_form":            {ActionInput{StartDate: "31/02"}, "when.date_format on start_date value=31/02"},
		"a_day_that_does_not_exist":         {ActionInput{StartDate: "2026-02-30"}, "when.no_such_day on start_date date=2026-02-30"},
		"day_zero":                          {ActionInput{DueDate: "0000-00-00"}, "when.no_such_day on due_date date=0000-00-00"},
		"the_last_day_of_the_calendar":      {ActionInput{StartDate: "9999-12-31"}, "when.no_such_day on start_date date=9999-12-31"},
		"a_time_in_another_form":            {ActionInput{StartDate: "2026-11-23", StartTime: "2 pm"}, "when.time_format on start_time value=2 pm"},
		"hour_24":                           {ActionInput{StartDate: "2026-11-23", StartTime: "24:00"}, "when.no_such_time on start_time time=24:00"},
		"a_time_without_date":               {ActionInput{StartTime: "10:00"}, "when.time_without_date on start_date field=start_date"},
		"two_times_without_date":            {ActionInput{StartTime: "10:00", EndTime: "11:00"}, "when.time_without_date on start_date field=start_date\nwhen.time_without_date on end_date field=end_date"},
		"an_end_before_the_start":           {ActionInput{StartDate: "2026-11-23", EndDate: "2026-11-22"}, "when.end_before_start on end_date"},
		"an_end_time_of_the_next_day":       {ActionInput{StartDate: "2026-11-23", StartTime: "22:00", EndTime: "01:30"}, "when.end_next_day on end_time date=2026-11-24 time=01:30"},
		"a_start_that_a_clock_change_skips": {ActionInput{StartDate: "2026-03-29", StartTime: "02:30", TimeZone: "Europe/Brussels"}, "when.skipped_by_clock_change on start_time date=2026-03-29 next_date=2026-03-29 next_time=03:00 time=02:30 zone=Europe/Brussels"},
		"an_end_that_a_clock_change_skips":  {ActionInput{StartDate: "2026-03-29", StartTime: "01:30", EndTime: "02:15", TimeZone: "Europe/Brussels"}, "when.skipped_by_clock_change on end_time date=2026-03-29 next_date=2026-03-29 next_time=03:00 time=02:15 zone=Europe/Brussels"},
		"a_day_that_a_clock_change_skips":   {ActionInput{StartDate: "2011-12-30", StartTime: "10:00", TimeZone: "Pacific/Apia"}, "when.skipped_by_clock_change on start_time date=2011-12-30 next_date=2011-12-31 next_time=00:00 time=10:00 zone=Pacific/Apia"},
		"a_zone_that_is_none":               {ActionInput{StartDate: "2026-11-23", TimeZone: "Europe/Brussel"}, "when.unknown_zone on time_zone zone=Europe/Brussel"},
		"a_zone_that_is_a_file":             {ActionInput{TimeZone: "../../etc/passwd"}, "when.unknown_zone on time_zone zone=../../etc/passwd"},
		"a_subject_of_two_lines":            {ActionInput{Subject: "a\r\nATTENDEE:b"}, "text.control_character on subject character=U+000D"},
		"a_nul_in_the_description":          {ActionInput{Description: "a\x00b"}, "text.control_character on description character=U+0000"},
		"a_next_line_in_a_contact":          {ActionInput{Contact: "a\u0085b"}, "text.control_character on contact character=U+0085"},
		"a_text_that_is_not_utf8":           {ActionInput{Subject: "caf\xe9"}, "text.not_utf8 on subject"},
		"a_subject_that_is_too_long":        {ActionInput{Subject: strings.Repeat("é", 1001)}, "text.too_long on subject length=1001 max=1000"},
		"an_unknown_follower":               {ActionInput{FollowedBy: crm.UserID{9}}, "user.unknown on followed_by"},
		"a_follower_who_left":               {ActionInput{FollowedBy: withoutRights.ID}, "user.inactive on followed_by name=Without"},
		"an_unknown_choice":                 {ActionInput{Type: crm.ChoiceID{9}}, "choice.unknown on type"},
		"a_choice_of_another_list":          {ActionInput{Type: crm.ChoiceID{4}}, "choice.unknown on type"},
		"a_retired_choice":                  {ActionInput{Type: crm.ChoiceID{1}}, "choice.retired on type"},
		"an_unknown_kind_of_third_party":    {ActionInput{ThirdPartyKind: "friend"}, "third_party_kind.unknown on third_party_kind"},
		"a_document_that_runs_script":       {ActionInput{Documents: []crm.Document{{URL: "javascript:alert(1)"}}}, "document.bad_url on documents position=1"},
		"a_document_with_a_misleading_user": {ActionInput{Documents: []crm.Document{{URL: "https://a.example"}, {URL: "https://good.example@evil.example/"}}}, "document.bad_url on documents position=2"},
		"a_document_without_address":        {ActionInput{Documents: []crm.Document{{Title: "Plan"}}}, "document.bad_url on documents position=1"},
		"too_many_documents":                {ActionInput{Documents: slices.Repeat([]crm.Document{{URL: "https://a.example"}}, 51)}, "document.too_many on documents count=51 max=50"},
		"everything_that_is_wrong_at_once":  {ActionInput{Subject: "\x1b", StartDate: "x", EndTime: "y", DueDate: "z"}, "text.control_character on subject character=U+001B\nwhen.date_format on start_date value=x\nwhen.time_format on end_time value=y\nwhen.date_format on due_date value=z"},
		"and_quotes_only_the_start_of_it":   {ActionInput{DueDate: strings.Repeat("9", 1<<20)}, "when.date_format on due_date value=" + strings.Repeat("9", 40) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, p := checkAction(crm.Action{}, test.in, testReference())
			if diff := cmp.Diff(test.want, describe(p)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckAction_takes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before crm.Action
		in     ActionInput
		want   func(*crm.Action)
	}{
		"defaults_of_the_lists_for_a_new_action": {crm.Action{}, ActionInput{}, func(a *crm.Action) {
			a.When.Zone, a.Type, a.Status = "Europe/Brussels", crm.ChoiceID{3}, crm.ChoiceID{4}
		}},
		"the_followers_zone_for_a_new_action": {crm.Action{}, ActionInput{FollowedBy: follower.ID}, func(a *crm.Action) {
			a.FollowedBy, a.When.Zone, a.Type, a.Status = follower.ID, "Europe/Lisbon", crm.ChoiceID{3}, crm.ChoiceID{4}
		}},
		"a_zone_in_any_case_as_the_database_spells_it": {crm.Action{}, ActionInput{TimeZone: "europe/paris"}, func(a *crm.Action) {
			a.When.Zone, a.Type, a.Status = "Europe/Paris", crm.ChoiceID{3}, crm.ChoiceID{4}
		}},
		"the_zone_and_choices_an_action_has": {
			crm.Action{Units: crm.Units{When: crm.When{Zone: "Asia/Tokyo"}}, Type: crm.ChoiceID{1}, Status: crm.ChoiceID{4}},
			ActionInput{FollowedBy: follower.ID},
			func(a *crm.Action) {
				a.FollowedBy, a.When.Zone, a.Type, a.Status = follower.ID, "Asia/Tokyo", crm.ChoiceID{1}, crm.ChoiceID{4}
			}},
		"line_ends_of_a_form_as_line_feeds": {crm.Action{}, ActionInput{Description: "one\r\ntwo\rthree\t."}, func(a *crm.Action) {
			a.Description, a.When.Zone, a.Type, a.Status = "one\ntwo\nthree\t.", "Europe/Brussels", crm.ChoiceID{3}, crm.ChoiceID{4}
		}},
		"names_without_blanks_around_them_and_documents_without_empty_rows": {crm.Action{},
			ActionInput{Subject: " as typed ", ThirdParty: "  Piron ", Documents: []crm.Document{{}, {Title: " Plan ", URL: " http://a.example/x?y#z "}, {}}},
			func(a *crm.Action) {
				a.Subject, a.ThirdParty, a.Documents = " as typed ", "Piron", []crm.Document{{Title: "Plan", URL: "http://a.example/x?y#z"}}
				a.When.Zone, a.Type, a.Status = "Europe/Brussels", crm.ChoiceID{3}, crm.ChoiceID{4}
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, p := checkAction(test.before, test.in, testReference())
			want := crm.Action{}
			test.want(&want)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(crm.Clock{})); diff != "" || len(p.list) > 0 {
				t.Errorf("problems %q; action differs (-want +got):\n%s", describe(p), diff)
			}
		})
	}
}

// What came from a calendar, or was allowed once, can be saved again unchanged with another field changed.
func TestCheckAction_does_not_look_at_what_is_unchanged(t *testing.T) {
	t.Parallel()
	before := crm.Action{
		Units: crm.Units{
			Subject:     strings.Repeat("long\x07", 1000),
			Description: "line\r\nline\x00" + strings.Repeat("x", 200_000),
			When:        crm.When{StartDate: crm.Date{Year: 2026, Month: 3, Day: 29}, StartTime: crm.NewClock(2, 30, 0), Zone: "Europe/Brussels"},
		},
		FollowedBy: withoutRights.ID, Type: crm.ChoiceID{1}, Status: crm.ChoiceID{99},
		Documents: []crm.Document{{URL: "ftp://old.example"}},
	}
	in := InputOf(before)
	in.Description = strings.ReplaceAll(in.Description, "\r\n", "\n") // as a form sends it back
	in.Priority = crm.ChoiceID{5}
	after, p := checkAction(before, in, testReference())
	before.Priority = crm.ChoiceID{5}
	if diff := cmp.Diff(before, after, cmp.AllowUnexported(crm.Clock{})); diff != "" || len(p.list) > 0 {
		t.Errorf("problems %q; action differs (-want +got):\n%s", describe(p), diff)
	}
}

// InputOf is the input that changes nothing, whatever the action holds.
func TestCheckAction_input_of_an_action_changes_nothing(t *testing.T) {
	t.Parallel()
	ref := testReference()
	rapid.Check(t, func(t *rapid.T) {
		date := rapid.Custom(func(t *rapid.T) crm.Date {
			return crm.Date{Year: 2026, Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 800).Draw(t, "day"))
		})
		clock := rapid.Custom(func(t *rapid.T) crm.Clock {
			if rapid.Bool().Draw(t, "no time") {
				return crm.Clock{}
			}
			return crm.NewClock(rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"), 0)
		})
		before := crm.Action{
			Units: crm.Units{
				Subject:     rapid.String().Draw(t, "subject"),
				Description: rapid.String().Draw(t, "description"),
				When:        crm.When{StartDate: date.Draw(t, "start"), StartTime: clock.Draw(t, "start time"), EndDate: date.Draw(t, "end"), EndTime: clock.Draw(t, "end time"), Zone: "Europe/Brussels"},
			},
			DueDate: date.Draw(t, "due"), ThirdParty: rapid.String().Draw(t, "third party"), Type: crm.ChoiceID{2}, Status: crm.ChoiceID{4},
			Documents: []crm.Document{{Title: rapid.String().Draw(t, "title"), URL: rapid.String().Draw(t, "url")}},
		}
		after, p := checkAction(before, InputOf(before), ref)
		if diff := cmp.Diff(before, after, cmp.AllowUnexported(crm.Clock{})); diff != "" || len(p.list) > 0 {
			t.Fatalf("problems %q; action differs (-want +got):\n%s", describe(p), diff)
		}
	})
}
