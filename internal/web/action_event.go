package web

import (
	"agendaonline/internal/service"
)

// eventPanel is the event of an action as the calendar has it.
type eventPanel struct {
	Heading string
	Facts   []fact
	Guests  []guest
	More    int // guests beyond those shown
	Read    string
	Aside   string // why the event cannot be used
}

// fact is one line of a panel; Quiet stands below it in grey.
type fact struct{ Name, Text, Quiet string }

type guest struct{ Name, Icon, Answer string }

func (w words) eventPanel(event service.EventView, action service.ActionView) *eventPanel {
	panel := &eventPanel{Heading: w.T("event.heading"), Read: w.T("event.read", "ago", w.Ago(event.ReadAt))}
	if action.FollowerName != "" {
		panel.Heading = w.T("event.heading_of", "name", action.FollowerName)
	}
	if event.SetAside != "" {
		panel.Aside = w.Reason(event.SetAside, nil)
	}
	add := func(key, text, quiet string) {
		if text != "" {
			panel.Facts = append(panel.Facts, fact{w.T(key), text, quiet})
		}
	}
	subject, _ := w.subject(event.Subject)
	add("field.subject", subject, "")
	if event.When.HasDate() {
		add("field.when", w.When(event.When), event.Zone)
	}
	add("event.place", event.Place, "")
	switch event.Status {
	case "tentative", "cancelled":
		add("event.status", w.T("event.status_"+event.Status), "")
	}
	add("event.organizer", nameOr(event.Organizer), "")
	if event.Series {
		add("event.series", w.T("event.yes"), "")
	}
	if event.Reminders > 0 {
		add("event.reminders", w.Number(event.Reminders), "")
	}
	add("event.calendar", event.CalendarName, "")
	for _, one := range event.Guests {
		panel.Guests = append(panel.Guests, w.guest(one))
	}
	panel.More = event.GuestCount - len(event.Guests)
	return panel
}

func nameOr(person service.EventPerson) string {
	if person.Name != "" {
		return person.Name
	}
	return person.Address
}

func (w words) guest(person service.EventPerson) guest {
	icon, key := "clock", "event.unanswered"
	switch person.Answer {
	case "accepted":
		icon, key = "check", "event.accepted"
	case "declined":
		icon, key = "close", "event.declined"
	case "tentative":
		key = "event.tentative"
	}
	return guest{nameOr(person), icon, w.T(key)}
}
