package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
)

// icsEvent is an event of a file, in JSON as it is; or, without Line, problems that stand outside of any.
type icsEvent struct {
	File           string       `json:"file"`
	Line           int          `json:"line,omitempty"`
	UID            string       `json:"uid,omitempty"`
	RecurrenceID   string       `json:"recurrence_id,omitempty"`
	Subject        string       `json:"subject"`
	Description    string       `json:"description,omitempty"`
	HTML           bool         `json:"description_is_html,omitempty"`
	When           *icsWhen     `json:"when,omitempty"`
	Written        string       `json:"written,omitempty"`
	TZID           string       `json:"tzid,omitempty"`
	Place          string       `json:"place,omitempty"`
	Series         bool         `json:"series,omitempty"`
	Rule           string       `json:"rule,omitempty"`
	Organizer      *icsPerson   `json:"organizer,omitempty"`
	Guests         []icsPerson  `json:"guests,omitempty"`
	Status         string       `json:"status,omitempty"`
	Cancelled      bool         `json:"cancelled,omitempty"`
	Private        bool         `json:"private,omitempty"`
	Free           bool         `json:"free,omitempty"`
	Reminders      int          `json:"reminders,omitempty"`
	Sequence       int          `json:"sequence,omitempty"`
	LastModifiedAt *time.Time   `json:"last_modified_at,omitempty"`
	SetAside       crm.Reason   `json:"set_aside,omitempty"`
	Problems       []icsProblem `json:"problems,omitempty"`
}

// icsWhen are the four fields that the action would have.
type icsWhen struct {
	StartDate string `json:"start_date,omitempty"`
	StartTime string `json:"start_time,omitempty"`
	EndDate   string `json:"end_date,omitempty"`
	EndTime   string `json:"end_time,omitempty"`
	Zone      string `json:"time_zone"`
}

type icsPerson struct {
	Address string `json:"address"`
	Name    string `json:"name,omitempty"`
	Answer  string `json:"answer,omitempty"`
}

type icsProblem struct {
	Line int    `json:"line"`
	Code string `json:"code"`
	Text string `json:"text"`
}

// icsTotal is what a file holds.
type icsTotal struct {
	File     string         `json:"file"`
	Events   int            `json:"events"`
	SetAside int            `json:"set_aside_count"`
	Problems int            `json:"problem_count"`
	Others   map[string]int `json:"others,omitempty"` // components by name
}

func (t icsTotal) String() string {
	text := t.File + ": " + counted(t.Events, "event")
	if t.SetAside > 0 {
		text += fmt.Sprintf(", %d of them set aside", t.SetAside)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Others)) {
		text += fmt.Sprintf(", %d %s", t.Others[name], shown(name))
	}
	if t.Problems > 0 {
		return text + "; " + counted(t.Problems, "problem")
	}
	return text + "; no problems"
}

func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func (e *icsEvent) problem(line int, code, text string) {
	e.Problems = append(e.Problems, icsProblem{line, code, strings.TrimPrefix(text, fmt.Sprintf("line %d: ", line))})
}

// describe takes what the event is.
func (e *icsEvent) describe(o *eventmap.Object) {
	f := o.Facts()
	e.UID, e.Subject, e.HTML, e.Written, e.TZID, e.Place = o.UID(), f.Subject, f.HTMLDescription, f.WhenText, f.TZID, f.Place
	e.Series, e.Rule, e.Status, e.Cancelled, e.Private, e.Free = f.Series, f.Rule, f.Status, f.Cancelled, f.Private, f.Free
	e.Reminders, e.Sequence = f.Reminders, f.Sequence
	if len(f.RecurrenceIDs) > 0 {
		e.RecurrenceID = f.RecurrenceIDs[0]
	}
	if !f.LastModified.IsZero() {
		e.LastModifiedAt = &f.LastModified
	}
	if f.Organizer != (eventmap.Person{}) {
		e.Organizer = &icsPerson{Address: f.Organizer.Address, Name: f.Organizer.Name}
	}
	for _, guest := range f.Attendees {
		e.Guests = append(e.Guests, icsPerson{guest.Address, guest.Name, guest.Answer})
	}
}

// values takes what an action would have of the event.
func (e *icsEvent) values(read eventmap.Extracted) {
	when := read.Units.When
	e.Subject, e.Description = read.Units.Subject, read.Units.Description
	e.When = &icsWhen{when.StartDate.String(), when.StartTime.String(), when.EndDate.String(), when.EndTime.String(), when.Zone}
	for _, notice := range read.Notices {
		e.problem(notice.Line, string(notice.Reason), reasonInWords(notice.Reason, notice.Params))
	}
}

func printJSONLine(out io.Writer, value any) error { return json.NewEncoder(out).Encode(value) }

// printICSProblems prints the problems of an event, a line for each.
func printICSProblems(out io.Writer, event icsEvent) {
	in := ""
	if event.Subject != "" {
		in = fmt.Sprintf(" (%s)", cutShown(event.Subject))
	}
	for _, problem := range event.Problems {
		fmt.Fprintf(out, "%s:%d: %s%s\n", event.File, problem.Line, shown(problem.Text), in)
	}
}

// printICSEvent prints all of an event.
func printICSEvent(out io.Writer, event icsEvent) {
	if event.Line == 0 {
		printICSProblems(out, event)
		return
	}
	subject := cutShown(event.Subject)
	if subject == "" {
		subject = "(no subject)"
	}
	fmt.Fprintf(out, "%s:%d: %s\n", event.File, event.Line, subject)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "  %-12s %s\n", name, value)
		}
	}
	row("when", event.whenText())
	row("written", cutShown(event.Written))
	row("place", cutShown(event.Place))
	if event.Series {
		row("series", strings.TrimSpace("yes "+cutShown(event.Rule)))
	}
	row("occurrence", cutShown(event.RecurrenceID))
	if event.Organizer != nil {
		row("organizer", event.Organizer.String())
	}
	for i, guest := range event.Guests {
		if i == maxShownGuests {
			row("guests", fmt.Sprintf("and %d more", len(event.Guests)-i))
			break
		}
		row("guest", guest.String())
	}
	var marks []string
	for _, mark := range []struct {
		holds bool
		word  string
	}{{event.Cancelled, "cancelled"}, {event.Private, "private"}, {event.Free, "blocks no time"}, {event.HTML, "description is HTML"}} {
		if mark.holds {
			marks = append(marks, mark.word)
		}
	}
	row("marks", strings.Join(marks, ", "))
	if event.Reminders > 0 {
		row("reminders", fmt.Sprint(event.Reminders))
	}
	row("uid", cutShown(event.UID))
	row("description", cutShown(event.Description))
	for _, problem := range event.Problems {
		row("problem", fmt.Sprintf("line %d: %s", problem.Line, shown(problem.Text)))
	}
}

// maxShownGuests and maxShownText bound what is printed of an event for people; JSON has all.
const (
	maxShownGuests = 20
	maxShownText   = 200
)

func (e icsEvent) whenText() string {
	if e.When == nil {
		return ""
	}
	start := strings.TrimSpace(e.When.StartDate + " " + e.When.StartTime)
	end := strings.TrimSpace(e.When.EndDate + " " + e.When.EndTime)
	switch {
	case e.When.StartTime == "" && (e.When.EndDate == "" || e.When.EndDate == e.When.StartDate):
		return start + ", all day"
	case e.When.StartTime == "":
		return start + " to " + end + ", all day"
	case end == "":
		return start + " " + e.When.Zone
	}
	return start + " to " + end + " " + e.When.Zone
}

func (p icsPerson) String() string {
	text := cutShown(p.Address)
	if p.Name != "" {
		text = cutShown(p.Name) + " <" + text + ">"
	}
	if p.Answer != "" {
		text += ", " + strings.ToLower(shown(p.Answer))
	}
	return text
}

// shown is a text of a file as a terminal may have it: one line, without characters that move, hide or reorder others.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

func cutShown(text string) string {
	text = shown(text)
	count := 0
	for i := range text {
		if count == maxShownText {
			return text[:i] + "…"
		}
		count++
	}
	return text
}
