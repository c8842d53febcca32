package eventmap

import (
	"slices"
	"strings"

	"agendaonline/internal/ical"
)

// Guests counts those whom a server tells of a change of the event of who has these addresses (semantics 7): its attendees
// but for that person and the organizer, each once. It is zero for another's event, whose changes tell its organizer at most.
func (f Facts) Guests(addresses []string) int {
	if !f.Mine(addresses) {
		return 0
	}
	guests := map[string]bool{}
	for _, attendee := range f.Attendees {
		if !attendee.is(addresses) && !sameAddress(attendee.Address, f.Organizer.Address) {
			guests[strings.ToLower(attendee.Address)] = true
		}
	}
	return len(guests)
}

// InviteAgain readies the people of an event that is made anew for whoever has these addresses: he organises it, and each guest is to
// answer again (RFC 5546 section 3.2.2: a request asks anew). Who organised it for another calendar is no guest. It reports false, and
// leaves the event alone, where none of the addresses can stand in an ORGANIZER.
func InviteAgain(event *ical.Component, addresses []string) bool {
	before, organized := event.Property("ORGANIZER")
	if !organized {
		return false
	}
	old := personOf(before)
	if !old.is(addresses) {
		at := slices.IndexFunc(addresses, func(address string) bool { return strings.Contains(address, "@") })
		if at < 0 {
			return false
		}
		address := addresses[at]
		if !strings.Contains(address, ":") {
			address = "mailto:" + address
		}
		event.RemoveAll("ORGANIZER")
		if event.SetValue("ORGANIZER", address) != nil {
			return false
		}
	}
	for guest := range event.Properties("ATTENDEE") {
		switch person := personOf(guest); {
		case person.is(addresses):
		case sameAddress(person.Address, old.Address) && !old.is(addresses):
			guest.Remove()
		default:
			guest.SetParam("PARTSTAT", "NEEDS-ACTION")
			guest.RemoveParam("SCHEDULE-STATUS") // what became of the message before (RFC 6638 section 7.3)
		}
	}
	return true
}
