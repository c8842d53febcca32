package syncer_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// Programs that leave LAST-MODIFIED as it was, and edits in the second of our own write, look like a server that rewrites what
// it is given. They are edits all the same.

// rewriting links a calendar of a server that is known to store other bytes than it is given.
func rewriting(w *world) {
	w.Helper()
	w.link(w.anna, func(_ *crm.Link, sync *store.LinkSync) {
		seen := dav.Evidence{At: w.clock.now(), Seen: "a test"}
		if sync.Traits = sync.Traits.With(dav.RewritesBodies, seen); w.server.Manners().RaceWindow > 0 {
			sync.Traits = sync.Traits.With(dav.RacyIfMatch, seen)
		}
	})
	w.put(w.anna, "one", "Lunch", "20261125T110000Z", "LOCATION:Canteen")
	w.sync(w.anna)
}

// meanwhile does something once, at a moment of the next run.
func (w *world) meanwhile(moment syncer.Moment, what string, do func()) {
	var done atomic.Bool // several writes are on their way at once
	w.gate = func(_ context.Context, point syncer.Point) error {
		if point.Moment == moment && point.What == what && done.CompareAndSwap(false, true) {
			do()
		}
		return nil
	}
}

func TestPush_an_edit_between_write_and_read_back_is_an_edit(t *testing.T) {
	for _, manners := range []func() sandbox.Manners{sandbox.Plain, sandbox.Xandikos, sandbox.DAViCal} {
		t.Run(fmt.Sprint(manners().Software), func(t *testing.T) {
			w := one(t, manners())
			rewriting(w)
			action := w.only(w.anna)
			w.change(w.anna, action.ID, subject("Lunch by desk"))
			// The phone moves it, in the second in which it was written, and leaves LAST-MODIFIED as it is.
			w.meanwhile(syncer.BeforeRequest, "get", func() { w.line("one", "DTEND:20261125T133000Z") })
			w.push(w.anna)
			w.gate = nil
			w.sync(w.anna)
			w.same("actions", w.actions(w.anna), "[Lunch by desk | 2026-11-25 12:00 2026-11-25 14:30]")
			w.same("events", w.events(w.anna), "[Lunch by desk | 20261125T110000Z | 20261125T133000Z]")
			w.quiet(w.anna)
		})
	}
}

func TestPush_both_changed_a_unit_in_one_second_is_a_conflict(t *testing.T) {
	for _, manners := range []func() sandbox.Manners{sandbox.Plain, sandbox.Xandikos, sandbox.DAViCal} {
		t.Run(fmt.Sprint(manners().Software), func(t *testing.T) {
			w := one(t, manners())
			rewriting(w)
			action := w.only(w.anna)
			w.change(w.anna, action.ID, subject("Lunch first"))
			w.push(w.anna)
			w.line("one", "SUMMARY:Lunch by phone")
			w.change(w.anna, action.ID, subject("Lunch by desk"))
			w.push(w.anna)
			w.sync(w.anna)
			w.same("events", w.events(w.anna), "[Lunch by desk | 20261125T110000Z | 20261125T120000Z]")
			w.same("history", w.history(action.ID)[len(w.history(action.ID))-1], "conflict subject both_changed")
			w.quiet(w.anna)
		})
	}
}

// Google counts seconds in its ETags, so what is typed in the second of our own write has the ETag we know (providers' facts: an
// ETag of one-second resolution, and none in the answer to a PUT). The report has the text, and the text tells.
func TestPull_an_edit_in_the_second_of_our_own_write_is_seen_though_its_ETag_is_the_same(t *testing.T) {
	manners := sandbox.GoogleLike()
	manners.Layout = sandbox.Plain().Layout
	w := one(t, manners) // whose clock moves by microseconds
	w.link(w.anna, func(_ *crm.Link, sync *store.LinkSync) {
		for _, trait := range []dav.Trait{dav.NoETagOnPut, dav.RewritesBodies, dav.HTMLDescriptions} {
			sync.Traits = sync.Traits.With(trait, dav.Evidence{At: w.clock.now(), Seen: "a test"})
		}
	})
	w.put(w.anna, "one", "Lunch", "20261125T110000Z")
	w.sync(w.anna)
	known := w.item("one").ETag
	w.change(w.anna, w.only(w.anna).ID, subject("Lunch by desk"))
	w.sync(w.anna)
	w.line("one", "DTEND:20261125T133000Z")
	w.same("ETag", w.item("one").ETag, known)
	w.sync(w.anna)
	w.same("actions", w.actions(w.anna), "[Lunch by desk | 2026-11-25 12:00 2026-11-25 14:30]")
	w.same("events", w.events(w.anna), "[Lunch by desk | 20261125T110000Z | 20261125T133000Z]")
	w.quiet(w.anna)
}
