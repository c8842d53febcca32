package syncer_test

import (
	"strings"
	"testing"
	"time"

	"agendaonline/internal/sandbox"
)

// TestF30_every_profile_of_a_server ends right, and comes to rest: what a server makes of our text is no edit (O1, O8).
func TestF30_every_profile_of_a_server(t *testing.T) {
	t.Parallel()
	want := withoutHistory(undisturbed(t))
	for _, profile := range sandbox.Profiles {
		t.Run(profile.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sqlite(t), profile.Manners())
			busy(w)
			for range 4 {
				w.sync(w.anna)
				w.clock.forward(time.Minute)
			}
			if got := withoutHistory(w.whole()); actionsOf(got) != actionsOf(want) {
				t.Errorf("actions:\n got %s\nwant %s", got, want)
			}
			writes := len(w.clients())
			w.requests()
			for range 2 {
				w.clock.forward(time.Minute)
				result := w.sync(w.anna)
				if !result.Unchanged {
					t.Errorf("a round more: got %+v, want nothing to do", result)
				}
			}
			w.same("writes of two more rounds", len(w.clients())-writes, 0)
			if requests := w.requests(); len(requests) > 4 {
				t.Errorf("two more rounds took %v", requests)
			}
			w.same("link", w.trouble(), "active")
		})
	}
}

// actionsOf are the lines about actions of what whole gives.
func actionsOf(whole string) string {
	var kept []string
	for line := range strings.Lines(whole) {
		if !strings.HasPrefix(line, "  event") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
