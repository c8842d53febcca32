package crm

import (
	"net/url"
	"strings"
)

// OwnAddresses are the addresses that make an event this link's own (semantics 7): the calendar user addresses of its
// principal, those that a person added, the name it signs in with, and the calendar's own id where that is an address, as
// Google's are (a segment of the path).
func (l Link) OwnAddresses() []string {
	own := append(append([]string(nil), l.Addresses...), l.Added...)
	if l.Username != "" {
		own = append(own, l.Username)
	}
	parsed, err := url.Parse(l.CalendarHref)
	if err != nil {
		return own
	}
	for segment := range strings.SplitSeq(parsed.Path, "/") {
		if strings.Contains(segment, "@") {
			own = append(own, segment)
		}
	}
	return own
}
