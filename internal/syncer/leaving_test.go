package syncer_test

import (
	"context"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/syncer"
)

// leaving is an action of anna's that ben has taken over: its event is in his calendar, and still in hers, whose link did not run since.
func leaving(t *testing.T) *world {
	t.Helper()
	w := one(t)
	linked(w)
	w.link(w.ben)
	w.sync(w.ben)
	w.change(w.anna, w.named("Lunch"), func(in *service.ActionInput) { in.FollowedBy = w.ben.User.ID })
	w.push(w.ben)
	w.same("ben's events", w.events(w.ben), "[Lunch | 20261125T110000Z | 20261125T120000Z]")
	return w
}

// Found by killing three programs on one PostgreSQL: a change in the calendar that an action leaves brings it back from the trash. Its
// event is then in the calendar of its follower, also where nothing but its coming back is new there (semantics 6).
func TestLeaving_what_comes_back_by_the_calendar_it_leaves_is_in_that_of_its_follower(t *testing.T) {
	for name, typed := range map[string]string{"what was typed there wins": "Lunch", "what was typed here wins": "Supper"} {
		t.Run(name, func(t *testing.T) {
			w := leaving(t)
			action := w.only(w.ben)
			w.line("one", "SUMMARY:Dinner")
			won := "Dinner"
			if typed != action.Subject {
				won = typed
				w.clock.forward(time.Minute)
				w.change(w.ben, action.ID, subject(typed))
			}
			w.push(w.ben)
			w.delete(w.ben, action.ID)
			w.push(w.ben)
			w.same("ben's events after the deletion", w.events(w.ben), "[]")
			w.sync(w.anna)
			w.push(w.ben)
			w.push(w.anna)
			w.same("anna's events", w.events(w.anna), "[]")
			w.same("ben's events", w.events(w.ben), "["+won+" | 20261125T110000Z | 20261125T120000Z]")
			w.same("state", w.state(action.ID), "synced")
			w.quiet(w.anna)
			w.quiet(w.ben)
		})
	}
}

// An action whose dates were cleared on the way waits for nothing once the calendar that it leaves is done with it, whoever deleted the
// event there.
func TestLeaving_without_dates_waits_for_nothing(t *testing.T) {
	for name, gone := range map[string]func(w *world){
		"the engine deletes":   func(*world) {},
		"the phone deleted it": func(w *world) { w.must(w.phone(w.anna).Delete("work", "one.ics", "")) },
		"the phone changed it": func(w *world) { w.line("one", "SUMMARY:Dinner") },
		"the phone changed it, and deleted it before it left": func(w *world) {
			w.line("one", "SUMMARY:Dinner")
			w.gate = func(_ context.Context, point syncer.Point) error {
				if point.Moment == syncer.BeforeRequest && point.What == "delete" {
					return errCrash
				}
				return nil
			}
			_, _ = w.tryRun(w.anna, crm.TriggerScreen)
			w.gate = nil
			w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := leaving(t)
			action := w.only(w.ben)
			w.clock.forward(time.Minute)
			w.change(w.ben, action.ID, func(in *service.ActionInput) {
				in.Subject, in.StartDate, in.StartTime, in.EndDate, in.EndTime = "Supper", "", "", "", ""
			})
			w.push(w.ben)
			gone(w)
			w.sync(w.anna)
			w.sync(w.ben)
			w.same("anna's events", w.events(w.anna), "[]")
			w.same("ben's events", w.events(w.ben), "[]")
			w.same("state", w.state(action.ID), "not_synced no_date")
			w.quiet(w.anna)
			w.quiet(w.ben)
		})
	}
}
