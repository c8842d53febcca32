package eventmap

import "strings"

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
