package syncer_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// both is a link with an action that came from the calendar ("Theirs") and two events that came from the CRM ("Ours", "Too").
func both(w *world) (theirs, ours crm.ActionID) {
	w.Helper()
	w.link(w.anna)
	w.put(w.anna, "theirs", "Theirs", "20261125T110000Z")
	ours = w.create(w.anna, "Ours", "2026-11-25 14:00 - 16:00").ID
	w.create(w.anna, "Too", "2026-11-26 14:00 - 16:00")
	w.sync(w.anna)
	return w.named("Theirs"), ours
}

func (w *world) endWith(by service.Caller, in service.EndInput) service.EndResult {
	w.Helper()
	link := w.stored(w.anna)
	result, err := w.service.EndLink(w.Context(), by, link.ID, link.Version, in)
	w.must(err)
	return result
}

func (w *world) finishEnds() int {
	w.Helper()
	finished, err := w.service.FinishEnds(w.Context())
	w.must(err)
	return len(finished)
}

const (
	oursThere   = "Ours | 20261125T140000 | 20261125T160000"
	tooThere    = "Too | 20261126T140000 | 20261126T160000"
	theirsThere = "Theirs | 20261125T110000Z | 20261125T120000Z"
)

func TestEnding_keeps_both_sides_by_default(t *testing.T) {
	each(t, func(w *world) {
		theirs, ours := both(w)
		plan, err := w.service.PlanLinkEnd(w.Context(), w.admin, w.stored(w.anna).ID)
		w.must(err)
		w.same("plan", plan, service.EndPlan{FromCalendar: 1, FromCRM: 2})
		w.same("result", w.endWith(w.admin, service.EndInput{}), service.EndResult{})
		w.same("ended", w.stored(w.anna).EndedAt.IsZero(), false)
		w.same("trashed", w.action(theirs).Deleted() || w.action(ours).Deleted(), false)
		w.same("events", w.events(w.anna), "["+oursThere+" "+theirsThere+" "+tooThere+"]")
	})
}

func TestEnding_deletes_the_events_of_the_crm_before_the_credentials_go(t *testing.T) {
	each(t, func(w *world) {
		theirs, ours := both(w)
		result := w.endWith(w.admin, service.EndInput{Events: service.EndDelete})
		w.same("result", result, service.EndResult{Deleting: 2, Ending: true})
		w.same("states", w.linkStates(w.anna), "[active]")
		w.same("not yet", w.finishEnds(), 0)
		w.change(w.anna, theirs, subject("Changed")) // nothing new is brought there
		w.put(w.anna, "late", "Late", "20261125T110000Z")
		w.same("left", w.sync(w.anna).Left, true)
		w.same("events", w.events(w.anna), "[Late | 20261125T110000Z | 20261125T120000Z "+theirsThere+"]")
		w.same("actions stay", w.state(ours), "not_synced follower_without_link")
		w.read(func(tx *store.Tx) error {
			if _, err := tx.Secret(w.stored(w.anna).ID); err != nil {
				t.Errorf("the credentials are gone before the end: %v", err)
			}
			return nil
		})
		w.same("finished", w.finishEnds(), 1)
		w.same("ended", w.stored(w.anna).EndedAt.IsZero(), false)
		w.read(func(tx *store.Tx) error {
			if _, err := tx.Secret(w.stored(w.anna).ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("credentials after the end: got %v, want none", err)
			}
			return nil
		})
		w.same("once", w.finishEnds(), 0)
	})
}

func TestEnding_trashes_what_came_from_the_calendar_and_leaves_its_events(t *testing.T) {
	each(t, func(w *world) {
		theirs, ours := both(w)
		w.same("result", w.endWith(w.admin, service.EndInput{Actions: service.EndTrash}), service.EndResult{Trashed: 1})
		w.same("theirs", w.action(theirs).Deleted(), true)
		w.same("ours", w.action(ours).Deleted(), false)
		w.same("history", w.history(theirs), "[created new_event deleted link_ended]")

		// Linked again, the event brings its action back and is not deleted (semantics 4).
		w.link(w.anna)
		w.sync(w.anna)
		w.same("events", w.events(w.anna), "["+oursThere+" "+theirsThere+" "+tooThere+"]")
		w.same("back", w.action(theirs).Deleted(), false)
		w.same("ours", w.state(ours), "synced")
		w.quiet(w.anna)
	})
}

func TestEnding_a_calendar_that_is_away_is_waited_for(t *testing.T) {
	each(t, func(w *world) {
		both(w)
		w.endWith(w.admin, service.EndInput{Events: service.EndDelete})
		w.always(sandbox.Effect{Refuse: &sandbox.Answer{Status: 503}})
		w.run(w.anna, crm.TriggerPush)
		w.same("not yet", w.finishEnds(), 0)
		w.same("events", len(w.events(w.anna)), 3)
		w.heal()
		w.clock.forward(2 * time.Minute)
		w.sync(w.anna)
		w.same("events", w.events(w.anna), "["+theirsThere+"]")
		w.same("finished", w.finishEnds(), 1)
	})
}

func TestEnding_given_up_leaves_what_is_there(t *testing.T) {
	each(t, func(w *world) {
		both(w)
		w.endWith(w.admin, service.EndInput{Events: service.EndDelete})
		w.same("given up", w.endWith(w.admin, service.EndInput{}).Ending, false)
		w.same("ended", w.stored(w.anna).EndedAt.IsZero(), false)
		w.same("events", len(w.events(w.anna)), 3)

		// The pairs resume by merge when it is linked again.
		w.link(w.anna)
		w.sync(w.anna)
		w.same("actions", len(w.actions(w.anna)), 3)
		w.same("events", len(w.events(w.anna)), 3)
		w.quiet(w.anna)
	})
}

func TestEnding_a_change_there_is_taken_along(t *testing.T) {
	each(t, func(w *world) {
		_, ours := both(w)
		w.endWith(w.admin, service.EndInput{Events: service.EndDelete})
		for _, item := range w.items(w.anna) {
			if item.Line("SUMMARY") == "Ours" {
				_, err := w.phone(w.anna).Edit("work", item.Name(), func(text string) string { return strings.ReplaceAll(text, "SUMMARY:Ours", "SUMMARY:Changed there") })
				w.must(err)
			}
		}
		w.sync(w.anna)
		w.same("subject", w.action(ours).Subject, "Changed there")
		w.same("events", w.events(w.anna), "["+theirsThere+"]")
	})
}

func TestEnding_tells_no_guests_unless_that_is_chosen(t *testing.T) {
	for name, tell := range map[string]bool{"without a word": false, "told": true} {
		t.Run(name, func(t *testing.T) {
			mailing(t, func(w *world) {
				w.link(w.anna, byMail("anna"))
				ours := w.create(w.anna, "Ours", "2026-11-25 14:00 - 16:00").ID
				w.sync(w.anna)
				item := w.onlyItem(w.anna)
				_, err := w.phone(w.anna).Edit("work", item.Name(), func(text string) string {
					return strings.ReplaceAll(text, "END:VEVENT", anns[0]+"\r\n"+anns[2]+"\r\n"+anns[3]+"\r\nEND:VEVENT")
				})
				w.must(err)
				w.sync(w.anna)
				w.same("bound", w.state(ours), "synced")
				plan, err := w.service.PlanLinkEnd(w.Context(), w.admin, w.stored(w.anna).ID)
				w.must(err)
				w.same("plan", plan, service.EndPlan{FromCRM: 1, WithGuests: 1, Guests: 2})
				by, want := w.admin, service.EndResult{Kept: 1}
				if tell {
					by, want = telling(w.admin), service.EndResult{Deleting: 1, Ending: true}
				}
				w.same("result", w.endWith(by, service.EndInput{Events: service.EndDelete}), want)
				if tell {
					w.sync(w.anna)
					w.same("finished", w.finishEnds(), 1)
				}
				mailed := map[bool]int{false: 0, true: 2}
				w.same("mailed", w.mailed(), mailed[tell])
			})
		})
	}
}

// Stopped before and after each commit and request, the end comes to the same: no event of the CRM is left, none of others is
// touched, and the credentials go last.
func TestEnding_stopped_at_any_point_ends_right(t *testing.T) {
	t.Parallel()
	stop := errors.New("stopped")
	points := 0
	for at := 0; ; at++ {
		w := newWorld(t, sqlite(t), sandbox.Plain())
		both(w)
		w.endWith(w.admin, service.EndInput{Events: service.EndDelete})
		var seen atomic.Int64 // several senders pass the gate at once
		w.mu.Lock()
		w.gate = func(context.Context, syncer.Point) error {
			if seen.Add(1) == int64(at+1) {
				return stop
			}
			return nil
		}
		w.mu.Unlock()
		_, err := w.tryRun(w.anna, crm.TriggerPush)
		w.mu.Lock()
		w.gate = nil
		w.mu.Unlock()
		w.finishEnds() // the program starts again
		w.clock.forward(2 * time.Hour)
		w.sync(w.anna)
		w.finishEnds()
		w.same("events", w.events(w.anna), "["+theirsThere+"]")
		w.same("ended", w.stored(w.anna).EndedAt.IsZero(), false)
		w.same("actions", len(w.actions(w.anna)), 3)
		if err == nil {
			break
		}
		points++
	}
	if points < 4 {
		t.Errorf("stopped at %d points, want several", points)
	}
}

func TestEnding_is_refused_where_nothing_could_be_deleted(t *testing.T) {
	each(t, func(w *world) {
		both(w)
		link := w.stored(w.anna)
		_, err := w.service.PauseLink(w.Context(), w.admin, link.ID, link.Version)
		w.must(err)
		_, err = w.service.EndLink(w.Context(), w.admin, link.ID, link.Version+1, service.EndInput{Events: service.EndDelete})
		problems, _ := errors.AsType[crm.Problems](err)
		if len(problems) != 1 || problems[0].Code != service.CodeEndStopped {
			t.Errorf("paused: got %v, want %s", err, service.CodeEndStopped)
		}
		w.same("kept", w.stored(w.anna).EndedAt.IsZero(), true)
	})
}

// Semantics 9: linked again, pairs resume by merge, and what vanished meanwhile is held.
func TestRelinked_what_vanished_meanwhile_is_held_and_what_changed_is_merged(t *testing.T) {
	each(t, func(w *world) {
		theirs, ours := both(w)
		w.end(w.stored(w.anna))
		w.must(w.phone(w.anna).Delete("work", "theirs.ics", "*"))
		w.change(w.anna, ours, subject("Changed here"))
		w.link(w.anna)
		w.sync(w.anna)
		w.same("held", w.state(theirs), "held deletions")
		w.same("trashed", w.action(theirs).Deleted(), false)
		w.same("merged", w.events(w.anna), "[Changed here | 20261125T140000 | 20261125T160000 "+tooThere+"]")
		held := w.waiting(w.admin)
		if len(held) != 1 || held[0].Kind != service.HeldDeletions {
			t.Fatalf("got %+v, want one matter of deletions", held)
		}
		w.must(w.service.Decide(w.Context(), w.admin, held[0].ID, service.DecideDelete))
		w.sync(w.anna)
		w.same("trashed", w.action(theirs).Deleted(), true)
		w.quiet(w.anna)
	})
}

// An action whose event was deleted in the calendar, and that stayed for what a person typed, is not brought there by linking again.
func TestRelinked_an_event_that_was_deleted_there_is_not_made_again(t *testing.T) {
	each(t, func(w *world) {
		theirs, _ := both(w)
		w.change(w.anna, theirs, func(in *service.ActionInput) { in.Dossier = "D1" })
		w.must(w.phone(w.anna).Delete("work", "theirs.ics", "*"))
		w.sync(w.anna)
		w.same("detached", w.state(theirs), "not_synced event_deleted")
		w.end(w.stored(w.anna))
		w.link(w.anna)
		w.sync(w.anna)
		w.same("events", w.events(w.anna), "["+oursThere+" "+tooThere+"]")
		w.same("state", w.state(theirs), "not_synced event_deleted")
	})
}

// A password that a person changed while a run was refused with the former is tried at once.
func TestRefused_a_password_changed_meanwhile_is_tried_at_once(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.sync(w.anna)
		w.always(sandbox.Effect{Refuse: sandbox.Status(401, "")})
		w.gate = func(_ context.Context, point syncer.Point) error {
			if point.Moment == syncer.BeforeRequest {
				w.heal()
				w.server.Plan(sandbox.Fault{Name: "former", Times: 1, Do: sandbox.Effect{Refuse: sandbox.Status(401, "")}})
				w.must(w.store.Write(w.Context(), func(tx *store.Tx) error { return tx.SetSecret(w.links[w.anna.User.ID].ID, []byte("another")) }))
				w.gate = nil
			}
			return nil
		}
		w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
		w.sync(w.anna)
		w.same("events", len(w.items(w.anna)), 1)
		w.same("link", w.linkStates(w.anna), "[active]")
	})
}
