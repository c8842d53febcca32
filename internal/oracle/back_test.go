package oracle

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// backWorld is an event e of anna's, made on a phone and taken over by C, and what came of it after K went back to how it was
// when s1 was its subject.
func backWorld(now string, history ...Entry) History {
	text := func(subject string) string {
		return strings.Join([]string{"BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:e", "DTSTART;VALUE=DATE:20261201", "SUMMARY:" + subject, "END:VEVENT", "END:VCALENDAR", ""}, "\r\n")
	}
	units := func(subject string) Units {
		return Units{Subject: subject, When: When{StartDate: "2026-12-01", EndDate: "2026-12-01", Zone: "Europe/Brussels"}}
	}
	write := func(number int, before, after string) Write {
		return Write{Number: number, By: ByHuman, User: "anna", Method: "PUT", Calendar: "/a/", Href: "/a/e.ics", Sent: after, Before: before, After: after, Status: 201, Delivered: true}
	}
	return History{
		Links: []Link{{User: "anna", Calendar: "/a/"}}, DefaultDurations: []time.Duration{30 * time.Minute},
		Writes: []Write{write(1, "", text("s1")), write(2, text("s1"), text("s2"))},
		Resets: []Reset{{After: 2, Resources: []Resource{{Calendar: "/a/", Href: "/a/e.ics", Body: text("s1")}}}},
		Commits: []Commit{
			{After: 1, ByEngine: true, Action: "x", Kind: Create, Follower: "anna", Values: units("s1")},
			{After: 2, ByEngine: true, Action: "x", Kind: Change, Follower: "anna", Before: units("s1"), Values: units("s2")},
		},
		Actions: []Action{{ID: "x", Follower: "anna", Synced: true, Values: units(now), History: history}},
	}
}

// A calendar server that goes back takes edits back: none of them is lost by the engine, and both sides are equal all the same.
func TestJudge_a_server_that_went_back_takes_edits_back(t *testing.T) {
	t.Parallel()
	if report := Judge(backWorld("s1")); len(report.Violations) > 0 {
		t.Error(report.String())
	}
	if report := Judge(backWorld("s2")); !slices.Contains(report.Broken(), "O1") {
		t.Errorf("got %v, want O1: C did not follow", report.Broken())
	}
	without := backWorld("s1")
	without.Resets = nil
	if report := Judge(without); !slices.Contains(report.Broken(), "O3") {
		t.Errorf("got %v, want O3: nothing had gone back", report.Broken())
	}
}

// What was written after C went back is kept as ever.
func TestJudge_a_database_that_went_back_loses_nothing_that_came_later(t *testing.T) {
	t.Parallel()
	h := backWorld("s1")
	h.Resets = nil
	h.Returns = []Return{{From: 1, To: 2, Kept: 1, After: 1}}
	if report := Judge(h); !slices.Contains(report.Broken(), "O3") {
		t.Errorf("got %v, want O3: s2 was written later", report.Broken())
	}
	h.Returns[0].After = 2
	h.Actions[0].Values.Subject = "s2"
	if report := Judge(h); len(report.Violations) > 0 {
		t.Error(report.String())
	}
}
