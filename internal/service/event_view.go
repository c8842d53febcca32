package service

import (
	"time"

	"agendaonline/internal/crm"
)

// EventView is an action's event as the calendar has it. Place, people and reminders are changed in the calendar only.
type EventView struct {
	Found        bool // there is an event; nothing else is filled when there is none
	Link         crm.LinkID
	CalendarName string
	Href         string
	UID          string
	Subject      string
	When         crm.When // as the calendar has it, in the action's time zone
	Zone         string   // the event's own TZID; "UTC", or "" for floating and all-day
	Place        string
	Status       string // STATUS in lower case: confirmed, tentative, cancelled; "" when it says nothing
	Organizer    EventPerson
	Guests       []EventPerson // the first 200 of them
	GuestCount   int
	Series       bool // it has a rule, further dates or is one occurrence
	Reminders    int
	Private      bool
	SetAside     crm.Reason // why it cannot be used, "" when it can
	ReadAt       time.Time  // when the program last read it
}

// EventPerson is an organiser or a guest. The zero EventPerson is nobody.
type EventPerson struct {
	Name    string
	Address string // the calendar user address without "mailto:"
	Answer  string // PARTSTAT in lower case: accepted, declined, tentative, needs-action; "" for an organiser
}
