package eventmap

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/ical"
)

func TestFacts(t *testing.T) {
	t.Parallel()
	got := mustRead(t, calendarOf(everything...)).Facts()
	want := Facts{
		Organizer: Person{Address: "mailto:ann@example.com", Name: "Ann; A", Answer: "NEEDS-ACTION"},
		Attendees: []Person{{Address: "mailto:bo@example.com", Answer: "ACCEPTED"}},
		Private:   true, Class: "PRIVATE", Free: true, Place: "Room 1", Reminders: 1, Kind: ical.Zoned, TZID: "Europe/Brussels",
		WhenText: "DTSTART 20261123T143000 Europe/Brussels, DTEND 20261123T153000 Europe/Brussels", Subject: "Lunch", Sequence: 4,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestFacts_series(t *testing.T) {
	t.Parallel()
	event := func(lines ...string) []string {
		return append(append([]string{"BEGIN:VEVENT", "UID:1", "DTSTART:20261123"}, lines...), "END:VEVENT")
	}
	override, other := event("RECURRENCE-ID:20261130"), event("RECURRENCE-ID:20261207")
	for _, test := range []struct {
		name           string
		lines          []string
		series, orphan bool
		rule           string
		ids            []string
	}{
		{"a single event", event(), false, false, "", nil},
		{"a rule", event("RRULE:FREQ=DAILY"), true, false, "FREQ=DAILY", nil},
		{"dates", event("RDATE:20261130"), true, false, "", nil},
		{"a master with an override", append(event("RRULE:FREQ=WEEKLY"), override...), true, false, "FREQ=WEEKLY", []string{"20261130"}},
		{"an override alone", override, false, true, "", []string{"20261130"}},
		{"overrides alone", append(override, other...), true, true, "", []string{"20261130", "20261207"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := mustRead(t, calendarOf(test.lines...)).Facts()
			if got.Series != test.series || got.Orphan != test.orphan || got.Rule != test.rule || !cmp.Equal(got.RecurrenceIDs, test.ids) {
				t.Errorf("got %+v, want %+v", got, test)
			}
		})
	}
}

func TestFactsOf_an_override(t *testing.T) {
	t.Parallel()
	o := mustRead(t, calendarOf("BEGIN:VEVENT", "UID:1", "DTSTART:20261123", "RRULE:FREQ=DAILY", "LOCATION:here", "CLASS:PRIVATE", "END:VEVENT",
		"BEGIN:VEVENT", "UID:1", "RECURRENCE-ID:20261124", "DTSTART:20261124", "LOCATION:there", "STATUS:CANCELLED", "END:VEVENT"))
	if got, found := o.FactsOf("20261124"); !found || got.Place != "there" || !got.Cancelled || !got.Series || !got.Private {
		t.Errorf("the override: got %+v, %t", got, found)
	}
	if got, found := o.FactsOf(""); !found || got.Place != "here" || got.Cancelled {
		t.Errorf("the master: got %+v, %t", got, found)
	}
	if _, found := o.FactsOf("20261125"); found {
		t.Error("an override that is not there was found")
	}
}

func TestFacts_private_and_cancelled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, lines        string
		private, cancelled bool
	}{
		{"nothing", "X-A:b", false, false},
		{"public", "CLASS:public", false, false},
		{"private", "CLASS:PRIVATE", true, false},
		{"confidential", "CLASS:CONFIDENTIAL", true, false},
		{"a class that nobody knows", "CLASS:X-SECRET", true, false},
		{"an empty class", "CLASS:", true, false},
		{"a class that cannot be read", "CLASS", true, false},
		{"an event that is cut off before its class", "SUMMARY:x\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261124\nCLASS:PUBLIC", true, false},
		{"cancelled", "STATUS:Cancelled ", false, true},
		{"confirmed", "STATUS:CONFIRMED", false, false},
		{"an override that is private", "RRULE:FREQ=DAILY\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261124\nCLASS:PRIVATE", true, false},
		{"an override that is cancelled is an occurrence that is deleted", "RRULE:FREQ=DAILY\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261124\nSTATUS:CANCELLED", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lines := append([]string{"BEGIN:VEVENT", "UID:1", "DTSTART:20261123"}, strings.Split(test.lines, "\n")...)
			got := mustRead(t, calendarOf(append(lines, "END:VEVENT")...)).Facts()
			if got.Private != test.private || got.Cancelled != test.cancelled {
				t.Errorf("got private %t, cancelled %t, want %t, %t", got.Private, got.Cancelled, test.private, test.cancelled)
			}
		})
	}
}

func TestFacts_whose_event_it_is(t *testing.T) {
	t.Parallel()
	mine := []string{"Ann@example.com", "mailto:ann@work.example", "/principals/ann/"}
	for _, test := range []struct {
		name, lines string
		mine        bool
		answer      string
	}{
		{"nobody's", "X-A:b", true, ""},
		{"organized by me", "ORGANIZER:mailto:ann@EXAMPLE.com\nATTENDEE:mailto:bo@example.com", true, ""},
		{"organized by another", "ORGANIZER:mailto:bo@example.com\nATTENDEE;PARTSTAT=declined:MAILTO:ann@work.example", false, "DECLINED"},
		{"unanswered", "ORGANIZER:mailto:bo@example.com\nATTENDEE:mailto:ann@example.com", false, "NEEDS-ACTION"},
		{"another's without guests", "ORGANIZER:mailto:bo@example.com", true, ""},
		{"guests without organizer", "ATTENDEE:mailto:bo@example.com", true, ""},
		{"a principal's path", "ORGANIZER:/principals/ann\nATTENDEE:mailto:bo@example.com", true, ""},
		{"an address beside a path", "ORGANIZER;EMAIL=ann@example.com:/123/principal\nATTENDEE:mailto:bo@example.com", true, ""},
		{"an empty address", "ORGANIZER:\nATTENDEE:mailto:bo@example.com", false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := mustRead(t, eventOf(append(strings.Split(test.lines, "\n"), "DTSTART:20261123")...)).Facts()
			if got := f.Mine(mine); got != test.mine {
				t.Errorf("mine: got %t, want %t", got, test.mine)
			}
			if got := f.AnswerOf(mine); got != test.answer {
				t.Errorf("answer: got %q, want %q", got, test.answer)
			}
		})
	}
}

func TestFacts_times_of_change(t *testing.T) {
	t.Parallel()
	got := mustRead(t, eventOf("DTSTART:20261123", "LAST-MODIFIED:20261120T101112Z", "CREATED:00001231T000000Z")).Facts()
	if want := time.Date(2026, 11, 20, 10, 11, 12, 0, time.UTC); !got.LastModified.Equal(want) || !got.Created.IsZero() {
		t.Errorf("got %s and %s, want %s and none", got.LastModified, got.Created, want)
	}
}

// On the calendar's side place and rule count as a change against a deletion; an alarm or an answer does not (semantics 6).
func TestPlaceOrRuleEdited(t *testing.T) {
	t.Parallel()
	before := mustRead(t, calendarOf(everything...))
	edit := func(from, to string) *Object {
		return mustRead(t, []byte(strings.Replace(string(calendarOf(everything...)), from, to, 1)))
	}
	one := mustRead(t, calendarOf("BEGIN:VEVENT", "UID:1", "EXDATE:20261123,20261124", "END:VEVENT"))
	two := mustRead(t, calendarOf("BEGIN:VEVENT", "UID:1", "EXDATE:20261124", "X-A:b", "EXDATE:20261123", "END:VEVENT"))
	if PlaceOrRuleEdited(one, two) {
		t.Error("deleted occurrences in two lines and another order: got a change")
	}
	for _, test := range []struct {
		name string
		now  *Object
		want bool
	}{
		{"nothing", before, false},
		{"not known", nil, false},
		{"place", edit("LOCATION:Room 1", "LOCATION:Room 2"), true},
		{"no place any more", edit("LOCATION:Room 1\r\n", ""), true},
		{"a place written in another way", edit("LOCATION:Room 1", "LOCATION;X-A=1:Room\r\n  1"), false},
		{"a rule", edit("LOCATION", "RRULE:FREQ=DAILY\r\nLOCATION"), true},
		{"a deleted occurrence", edit("LOCATION", "EXDATE:20261123\r\nLOCATION"), true},
		{"an alarm", edit("-PT15M", "-PT5M"), false},
		{"an answer", edit("ACCEPTED", "DECLINED"), false},
	} {
		if got := PlaceOrRuleEdited(before, test.now); got != test.want {
			t.Errorf("%s: got %t, want %t", test.name, got, test.want)
		}
	}
}
