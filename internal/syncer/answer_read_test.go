package syncer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/dav"
)

func TestReadAhead_hands_out_all_events_read_and_in_order(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, perCommit, perCommit + 1, 2*perCommit + 7} {
		events := make([]*event, n)
		for i := range events {
			events[i] = newEvent(dav.Member{Href: dav.Href(fmt.Sprint(i)), Data: []byte("BEGIN:VCALENDAR")})
		}
		ahead := readAhead{left: slices.Clone(events)}
		var got []*event
		for final := false; !final; {
			var part []*event
			part, final = ahead.next()
			for _, e := range part {
				if e.unread || e.aside == nil {
					t.Fatalf("of %d: event %s was handed out unread", n, e.href)
				}
			}
			got = append(got, part...)
		}
		ahead.end()
		if !slices.Equal(got, events) {
			t.Errorf("of %d: got %d events, or in another order", n, len(got))
		}
	}
}

func TestF42_a_panic_while_an_event_is_read_ahead_is_the_runs_own(t *testing.T) {
	t.Parallel()
	defer func() {
		if thrown := fmt.Sprint(recover()); !strings.Contains(thrown, "reading an event panicked") {
			t.Errorf("got %q thrown, want what the reading threw", thrown)
		}
	}()
	ahead := readAhead{left: []*event{nil}}
	defer ahead.end()
	ahead.next()
	t.Error("nothing was thrown")
}
