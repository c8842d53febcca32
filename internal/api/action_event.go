package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// Event is an action's event as the calendar had it when it was last read.
type Event struct {
	Found        bool     `json:"found" doc:"There is an event; nothing else is filled in when there is none."`
	Link         Optional `json:"link" format:"uuid"`
	CalendarName string   `json:"calendar_name"`
	Href         string   `json:"href"`
	UID          string   `json:"uid"`
	Subject      string   `json:"subject"`
	StartDate    Optional `json:"start_date" format:"date" doc:"In the action's time zone."`
	StartTime    Optional `json:"start_time"`
	EndDate      Optional `json:"end_date" format:"date"`
	EndTime      Optional `json:"end_time"`
	TimeZone     string   `json:"time_zone"`
	EventZone    string   `json:"event_zone" doc:"The event's own TZID; empty for floating and all-day."`
	Place        string   `json:"place"`
	Status       string   `json:"status"`
	Organizer    *Person  `json:"organizer,omitempty"`
	Guests       []Person `json:"guests" nullable:"false" doc:"The first 200."`
	GuestCount   int      `json:"guest_count"`
	Series       bool     `json:"series"`
	Reminders    int      `json:"reminders"`
	Private      bool     `json:"private"`
	SetAside     string   `json:"set_aside" doc:"The code of why it cannot be used, empty when it can."`
	Detail       string   `json:"detail" doc:"That reason in the caller's language."`
	ReadAt       Optional `json:"read_at" format:"date-time"`
}

// Person is an organiser or a guest.
type Person struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Answer  string `json:"answer" doc:"accepted, declined, tentative, needs-action; empty for an organiser."`
}

func (c *call) event(in *ActionPath) (reply[Event], error) {
	id, err := pathID[crm.Action](in.ID)
	if err != nil {
		return reply[Event]{}, err
	}
	view, err := c.service.EventOf(c.ctx(), c.caller, id)
	if err != nil {
		return reply[Event]{}, err
	}
	shown := Event{
		Found: view.Found, Link: idText(view.Link), CalendarName: view.CalendarName, Href: view.Href, UID: view.UID, Subject: view.Subject,
		StartDate: Optional(view.When.StartDate.String()), StartTime: Optional(view.When.StartTime.String()),
		EndDate: Optional(view.When.EndDate.String()), EndTime: Optional(view.When.EndTime.String()), TimeZone: view.When.Zone,
		EventZone: view.Zone, Place: view.Place, Status: view.Status, Guests: views(view.Guests, person), GuestCount: view.GuestCount,
		Series: view.Series, Reminders: view.Reminders, Private: view.Private, SetAside: string(view.SetAside),
		Detail: c.reason(view.SetAside, nil), ReadAt: instant(view.ReadAt),
	}
	if view.Organizer != (service.EventPerson{}) {
		organizer := person(view.Organizer)
		shown.Organizer = &organizer
	}
	return reply[Event]{body: shown}, nil
}

func person(of service.EventPerson) Person { return Person{of.Name, of.Address, of.Answer} }
