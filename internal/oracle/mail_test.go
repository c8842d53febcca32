package oracle

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestO11_a_person_who_changes_the_description_alone_is_not_asked: any other mail needs a yes, and so does a description that no
// person wrote.
func TestO11_a_person_who_changes_the_description_alone_is_not_asked(t *testing.T) {
	t.Parallel()
	at := When{StartDate: "2026-03-01", StartTime: "10:00", EndTime: "11:00", Zone: "UTC"}
	later := at
	later.EndTime = "12:00"
	before := Units{Subject: "subject 1", Description: "text 1", When: at}
	for _, test := range []struct {
		what     string
		change   Units // by a person; none when it is as before
		sent     Units
		consents bool
		broken   bool
	}{
		{"the description", Units{"subject 1", "text 2", at}, Units{"subject 1", "text 2", at}, false, false},
		{"the subject", Units{"subject 2", "text 1", at}, Units{"subject 2", "text 1", at}, false, true},
		{"the subject, with a yes", Units{"subject 2", "text 1", at}, Units{"subject 2", "text 1", at}, true, false},
		{"when", Units{"subject 1", "text 1", later}, Units{"subject 1", "text 1", later}, false, true},
		{"the description with the subject", Units{"subject 2", "text 2", at}, Units{"subject 2", "text 2", at}, false, true},
		{"a description that nobody wrote", before, Units{"subject 1", "text 3", at}, false, true},
		{"another description than was written", Units{"subject 1", "text 2", at}, Units{"subject 1", "text 3", at}, false, true},
		{"nothing", before, before, false, true},
	} {
		text := func(u Units) string {
			return fmt.Sprintf("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:one\r\nSUMMARY:%s\r\nDESCRIPTION:%s\r\nDTSTART:20260301T100000Z\r\nDTEND:20260301T%s0000Z\r\n"+
				"ORGANIZER:mailto:anna@example.org\r\nATTENDEE:mailto:guest@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", u.Subject, u.Description, u.When.EndTime[:2])
		}
		now := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
		h := History{
			Links: []Link{{User: "anna", Calendar: "/anna/"}},
			Writes: []Write{
				{Number: 1, At: now, By: ByHuman, User: "anna", Method: "PUT", Calendar: "/anna/", Href: "/anna/one.ics", Sent: text(before), After: text(before), ETagAfter: `"1"`, Status: 201, Delivered: true},
				{Number: 2, At: now.Add(time.Hour), By: "client", User: "anna", Method: "PUT", Calendar: "/anna/", Href: "/anna/one.ics", Sent: text(test.sent), Before: text(before), After: text(test.sent),
					ETagBefore: `"1"`, ETagAfter: `"2"`, IfMatch: `"1"`, Status: 204, Delivered: true, Mailed: 1},
			},
			Actions: []Action{{ID: "a", Follower: "anna", Synced: true, Values: test.change}},
		}
		if test.change != before {
			h.Commits = []Commit{{After: 1, At: now.Add(time.Minute), Action: "a", Kind: Change, Follower: "anna", Before: before, Values: test.change, Consent: test.consents}}
		}
		report := Judge(h)
		if broken := slices.Contains(report.Broken(), "O11"); broken != test.broken {
			t.Errorf("%s: got O11 broken %v, want %v\n%s", test.what, broken, test.broken, report.String())
		}
	}
}
