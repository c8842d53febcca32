package syncer_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/scheduler"
)

// A thousand screens are opened at the same moment: they share one pull, each waits for it, and what is new in the calendar is there for all
// of them (semantics 3).
func TestF40_a_thousand_screens_share_one_pull_and_see_what_it_brings(t *testing.T) {
	w := one(t)
	linked(w)
	w.put(w.anna, "two", "Tea", "20261125T150000Z")
	w.clock.forward(time.Minute)
	w.requests()
	runs := scheduler.New(scheduler.Config{Store: w.store, Owner: "test", Run: w.syncer.Run, Now: w.clock.now})
	runs.Start()
	t.Cleanup(func() { w.must(runs.Stop(w.Context())) })
	const screens = 1000
	links := []crm.LinkID{w.links[w.anna.User.ID].ID}
	var opened sync.WaitGroup
	start := make(chan struct{})
	failed := make(chan error, screens)
	for range screens {
		opened.Go(func() {
			<-start
			ticket, err := runs.Pull(t.Context(), links, 15*time.Second)
			if err == nil {
				err = ticket.Wait(t.Context())
			}
			if err != nil {
				failed <- err
			}
		})
	}
	close(start)
	opened.Wait()
	close(failed)
	for err := range failed {
		t.Fatal(err)
	}
	w.same("actions", w.actions(w.anna), "[Lunch | 2026-11-25 12:00 2026-11-25 13:00 Tea | 2026-11-25 16:00 2026-11-25 17:00]")
	asked := w.requests()
	w.same("reports", slices.Compact(asked), "[sync-collection]")
	if len(asked) != 1 {
		t.Errorf("%d screens asked %d times", screens, len(asked))
	}
}
