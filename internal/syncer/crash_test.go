package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
)

var errCrash = errors.New("crashed here")

// scenario is something that happens on both sides and must end the same wherever the program was killed meanwhile.
type scenario struct {
	name  string
	setup func(*world)
	act   func(*world)
	run   func(*world) error // "": sync
}

var scenarios = []scenario{
	{name: "first_sync", setup: func(w *world) {
		w.put(w.anna, "one", "Lunch", "20261125T110000Z")
		w.put(w.anna, "two", "Tea", "20261126T110000Z")
		w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
		w.create(w.anna, "Visit", "2026-11-24 - - -")
		w.link(w.anna)
	}},
	{name: "first_sync_with_twins", setup: func(w *world) {
		w.put(w.anna, "one", "Lunch", "20261125T110000Z", "DESCRIPTION:there")
		w.put(w.anna, "two", "Tea", "20261126T110000Z")
		w.create(w.anna, "Lunch", "2026-11-25 12:00 - 13:00")
		w.link(w.anna)
	}},
	{name: "twins_are_the_same", setup: func(w *world) { twins(w) }, act: func(w *world) {
		w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldTwins).ID, service.DecideSame))
	}},
	{name: "twins_are_different", setup: func(w *world) { twins(w) }, act: func(w *world) {
		w.must(w.service.Decide(w.Context(), w.anna, w.asked(service.HeldTwins).ID, service.DecideDifferent))
	}},
	{name: "a_large_first_sync", setup: func(w *world) {
		large(w)
		for i := range 4 {
			w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("There ", i), "20261125T110000Z")
		}
		w.create(w.anna, "There 1", "2026-11-25 12:00 - 13:00")
		w.link(w.anna)
	}},
	{name: "a_large_first_sync_is_decided", setup: plan, act: func(w *world) {
		w.must(w.service.DecideStart(w.Context(), w.anna, w.asked(service.HeldFirstSync).ID, crm.Date{Year: 2026, Month: 1, Day: 1}))
	}},
	{name: "saved", setup: linked, act: func(w *world) { w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00") }},
	{name: "changed_here", setup: linked, act: func(w *world) { w.change(w.anna, w.named("Lunch"), subject("Dinner")) }},
	{name: "changed_there", setup: linked, act: func(w *world) { w.line("one", "SUMMARY:Dinner") }},
	{name: "other_units_changed_on_both_sides", setup: linked, act: func(w *world) {
		w.change(w.anna, w.named("Lunch"), subject("Dinner"))
		w.line("one", "DESCRIPTION:menu")
	}},
	{name: "the_same_unit_changed_on_both_sides", setup: linked, act: func(w *world) {
		w.change(w.anna, w.named("Lunch"), subject("Dinner"))
		w.line("one", "SUMMARY:Breakfast")
	}},
	{name: "deleted_here", setup: linked, act: func(w *world) { w.delete(w.anna, w.named("Lunch")) }},
	{name: "deleted_there", setup: linked, act: func(w *world) { w.must(w.phone(w.anna).Delete("work", "one.ics", "")) }},
	{name: "deleted_here_and_changed_there", setup: linked, act: func(w *world) {
		w.delete(w.anna, w.named("Lunch"))
		w.line("one", "SUMMARY:Breakfast")
	}},
	{name: "changed_here_and_deleted_there", setup: linked, act: func(w *world) {
		w.change(w.anna, w.named("Lunch"), subject("Dinner"))
		w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
	}},
	{name: "restored", setup: func(w *world) {
		linked(w)
		w.delete(w.anna, w.named("Lunch"))
		w.sync(w.anna)
	}, act: func(w *world) {
		_, err := w.service.Restore(w.Context(), w.anna, w.trash(w.anna)[0].ID)
		w.must(err)
	}},
	{name: "last_date_cleared_and_subject_changed_there", setup: linked, act: func(w *world) {
		w.change(w.anna, w.named("Lunch"), func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", "" })
		w.line("one", "SUMMARY:Breakfast")
	}},
	{name: "reassigned", setup: func(w *world) {
		linked(w)
		w.link(w.ben)
		w.sync(w.ben)
	}, act: func(w *world) {
		w.change(w.anna, w.named("Lunch"), func(in *service.ActionInput) { in.FollowedBy = w.ben.User.ID })
		w.line("one", "DESCRIPTION:menu")
	}, run: func(w *world) error {
		_, err := w.tryRun(w.ben, crm.TriggerPush)
		if err == nil {
			_, err = w.tryRun(w.anna, crm.TriggerScreen)
		}
		if err == nil {
			_, err = w.tryRun(w.ben, crm.TriggerScreen)
		}
		return err
	}},
	{name: "moved_to_another_href", setup: linked, act: func(w *world) {
		item := w.item("one")
		w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
		_, err := w.phone(w.anna).Put("work", "elsewhere.ics", strings.Replace(item.Body, "Lunch", "Brunch", 1), "*")
		w.must(err)
	}},
}

// linked is a user with an event that both sides know.
func linked(w *world) {
	w.Helper()
	w.link(w.anna)
	w.put(w.anna, "one", "Lunch", "20261125T110000Z", "LOCATION:Canteen")
	w.sync(w.anna)
}

func (w *world) named(subject string) crm.ActionID {
	w.Helper()
	for _, action := range w.found(w.anna) {
		if action.Subject == subject {
			return action.ID
		}
	}
	w.Fatalf("no action %q among %v", subject, w.actions(w.anna))
	return crm.ActionID{}
}

func (w *world) line(uid, line string) {
	w.Helper()
	name, _, _ := strings.Cut(line, ":")
	item := w.item(uid)
	if before := name + ":" + item.Line(name); item.Line(name) != "" && strings.Contains(item.Body, before) {
		_, err := w.phone(w.anna).Put("work", item.Name(), strings.Replace(item.Body, before, line, 1), "")
		w.must(err)
		return
	}
	_, err := w.phone(w.anna).SetLine("work", item.Name(), line)
	w.must(err)
}

func (w *world) item(uid string) sandbox.Item {
	w.Helper()
	item, err := w.phone(w.anna).Find("work", uid)
	w.must(err)
	return item
}

// whole is all that counts at the end: both users' actions with state and history, their trash, their events.
func (w *world) whole() string {
	w.Helper()
	var text strings.Builder
	for _, user := range []service.Caller{w.anna, w.ben} {
		lines := []string{}
		for _, action := range append(w.found(user), w.trash(user)...) {
			lines = append(lines, fmt.Sprintf("  %s | %s | %s | deleted %v | %s | %v", action.Subject, action.Description, when(action), action.Deleted(), w.state(action.ID), w.history(action.ID)))
		}
		slices.Sort(lines)
		fmt.Fprintf(&text, "%s\n%s\n", user.User.Name, strings.Join(lines, "\n"))
		events := []string{}
		for _, item := range w.items(user) {
			events = append(events, fmt.Sprintf("  event %s | %s | %s | %s", item.Line("SUMMARY"), item.Line("DTSTART"), item.Line("DESCRIPTION"), item.Line("LOCATION")))
		}
		slices.Sort(events)
		text.WriteString(strings.Join(events, "\n") + "\n")
		for _, held := range w.waiting(user) {
			fmt.Fprintf(&text, "  waits: %s %d\n", held.Kind, held.Count)
		}
	}
	return text.String()
}

func (s scenario) start(w *world) {
	s.setup(w)
	if s.act != nil {
		s.act(w)
	}
}

func (s scenario) once(w *world) error {
	if s.run != nil {
		return s.run(w)
	}
	_, err := w.tryRun(w.anna, crm.TriggerScreen)
	return err
}

// settle runs until nothing more happens, as after a restart.
func (w *world) settle() {
	w.Helper()
	for range 3 {
		for _, user := range []service.Caller{w.anna, w.ben} {
			if _, is := w.links[user.User.ID]; is {
				w.sync(user)
			}
		}
	}
}

// TestF33_a_crash_before_or_after_any_commit_or_request loses nothing and doubles nothing: each scenario is stopped at each
// of its gate points and run again, and must end as the one that was not stopped, its history included.
func TestF33_a_crash_before_or_after_any_commit_or_request(t *testing.T) {
	t.Parallel()
	for _, database := range []struct {
		name  string
		every int
		fresh func(testing.TB) store.Options
	}{{"SQLite", unlessShort(1, 13), storetest.SQLite}, {"PostgreSQL", unlessShort(1, 41), storetest.PostgreSQL}} {
		t.Run(database.name, func(t *testing.T) {
			t.Parallel()
			var crashes, all atomic.Int64
			t.Cleanup(func() {
				t.Logf("%s: %d scenarios stopped at %d of their %d points", database.name, len(scenarios), crashes.Load(), all.Load())
			})
			for i, s := range scenarios {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, database.fresh(t), sandbox.Plain())
					s.start(w)
					w.steps = nil
					w.must(s.once(w))
					points := slices.Clone(w.steps)
					all.Add(int64(len(points)))
					w.settle()
					want := w.whole()
					for at := i % database.every; at < len(points); at += database.every {
						crashes.Add(1)
						w := newWorld(t, database.fresh(t), sandbox.Plain())
						s.start(w)
						var passed atomic.Int64 // several senders pass the gate at once
						w.gate = func(context.Context, syncer.Point) error {
							if passed.Add(1) > int64(at) {
								return errCrash
							}
							return nil
						}
						if err := s.once(w); err != nil && !errors.Is(err, errCrash) {
							t.Fatalf("point %d %s: got %v, want the crash", at, points[at], err)
						}
						w.mu.Lock()
						w.gate = nil
						w.mu.Unlock()
						w.settle()
						if got := w.whole(); got != want {
							t.Errorf("crashed at point %d, %s:\n got %s\nwant %s", at, points[at], got, want)
						}
					}
				})
			}
		})
	}
}
