package service

import (
	"context"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
	"agendaonline/internal/store"
)

// EventOf is the event of an action as the calendar had it when it was last read: that of its follower's calendar, or of
// the one it has still to leave.
func (s *Service) EventOf(ctx context.Context, caller Caller, id crm.ActionID) (EventView, error) {
	var view EventView
	err := s.read(ctx, func(tx *store.Tx) error {
		action, err := tx.Action(id)
		if err != nil {
			return err
		}
		if err := caller.permit(SeeEvent, Subject{Action: &action}); err != nil {
			return err
		}
		bindings, err := tx.BindingsOfAction(id)
		if err != nil {
			return err
		}
		for _, binding := range bindings {
			link, err := tx.Link(binding.Bound.Link)
			if err != nil {
				return err
			}
			if link.Leaving() || binding.Bound.State != store.ResourceLive || view.Found && link.User != action.FollowedBy {
				continue
			}
			view = viewEvent(link, binding)
		}
		return nil
	})
	return view, err
}

func viewEvent(link crm.Link, binding store.BoundResource) EventView {
	resource := binding.Bound
	view := EventView{
		Found: true, Link: link.ID, CalendarName: link.CalendarName, Href: string(resource.Href), UID: resource.UID,
		SetAside: resource.SetAside.Reason, ReadAt: resource.SeenAt,
	}
	if binding.Base != nil {
		view.Subject, view.When = binding.Base.Server.Subject, binding.Base.Server.When
	}
	text, err := ical.Parse(resource.Body, ical.DefaultLimits())
	if err != nil {
		return view // what cannot be read at all is set aside, and says so
	}
	if event := eventIn(text, binding.RecurrenceID); event != nil {
		view.read(event)
	}
	return view
}

// eventIn is the event of a text that an action is shown as: the one with its RECURRENCE-ID, else the master.
func eventIn(text *ical.Text, recurrenceID string) *ical.Component {
	var master *ical.Component
	for event := range text.Find("VEVENT") {
		id, isOverride := event.Property("RECURRENCE-ID")
		switch {
		case isOverride && recurrenceID != "" && id.Value() == recurrenceID:
			return event
		case !isOverride && master == nil:
			master = event
		}
	}
	return master
}

// maxEventText bounds what a page shows of one text of an event, and maxGuests how many guests; an invitation can carry
// any number of both.
const (
	maxEventText = 1_000
	maxGuests    = 200
)

// read takes what only the calendar changes out of an event.
func (v *EventView) read(event *ical.Component) {
	if start, found := event.Property("DTSTART"); found {
		v.Zone, _ = start.Param("TZID")
		if v.Zone == "" && strings.HasSuffix(strings.ToUpper(start.Value()), "Z") {
			v.Zone = "UTC"
		}
		v.Zone = cut(v.Zone)
	}
	v.Place = textOf(event, "LOCATION")
	v.Status = strings.ToLower(textOf(event, "STATUS"))
	v.Private = private(event)
	if organizer, found := event.Property("ORGANIZER"); found {
		v.Organizer = person(organizer)
	}
	for guest := range event.Properties("ATTENDEE") {
		if v.GuestCount++; v.GuestCount > maxGuests {
			continue
		}
		one := person(guest)
		answer, given := guest.Param("PARTSTAT")
		if !given {
			answer = "needs-action" // RFC 5545 section 3.2.12
		}
		one.Answer = strings.ToLower(cut(answer))
		v.Guests = append(v.Guests, one)
	}
	for range event.Properties("RRULE", "RDATE", "RECURRENCE-ID") {
		v.Series = true
	}
	for range event.Components("VALARM") {
		v.Reminders++
	}
}

// private: RFC 5545 section 3.8.1.3 asks to take a class one does not know for PRIVATE.
func private(event *ical.Component) bool {
	class, found := event.TextOf("CLASS")
	return found && !strings.EqualFold(strings.TrimSpace(class), "PUBLIC")
}

// surelyPublic reports whether every event of a text is there for everybody: it was read without a problem, so no CLASS
// can have been missed.
func surelyPublic(body []byte) bool {
	text, err := ical.Parse(body, ical.DefaultLimits())
	if err != nil || len(text.Problems()) > 0 {
		return false
	}
	count := 0
	for event := range text.Find() {
		if count++; private(event) {
			return false
		}
	}
	return count > 0
}

func person(property *ical.Property) EventPerson {
	name, _ := property.Param("CN")
	address := property.Value()
	if len(address) >= len("mailto:") && strings.EqualFold(address[:len("mailto:")], "mailto:") {
		address = address[len("mailto:"):]
	}
	return EventPerson{Name: cut(name), Address: cut(strings.ToValidUTF8(address, "\ufffd"))}
}

func textOf(event *ical.Component, name string) string {
	text, _ := event.TextOf(name)
	return cut(text)
}

// cut is a copy of the beginning of a text, since those of a tree keep all of it in memory.
func cut(text string) string {
	letters := 0
	for i := range text {
		if letters == maxEventText {
			return strings.Clone(text[:i]) + "…"
		}
		letters++
	}
	return strings.Clone(text)
}
