package syncer

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/store"
)

// A link that is being ended pulls nothing and pushes nothing but the deletion of the events that the CRM wrote. Its work lies in
// the outbox like any other, so that it waits for a server that is away and goes on after a crash; when none is left, the run
// says so, and whoever holds the credentials ends the link (semantics 9). An event that may not be deleted stays.

func (r *run) ending() bool { return !r.link.Ending.At.IsZero() }

// left reports whether nothing of an ending link is left to do.
func (r *run) left(ctx context.Context) (bool, error) {
	if !r.ending() {
		return false, nil
	}
	var pending int
	err := r.Store.Read(ctx, func(tx *store.Tx) (err error) {
		pending, err = tx.PendingCount(r.link.ID)
		return err
	})
	return pending == 0, err
}

// stays reports whether an event of an ending link stays: it came from the calendar, or a server would tell guests of its deletion
// and nobody agreed to that.
func (w *preparing) stays(one *job) (bool, error) {
	if guests(w.link, one.resource.Body) > 0 && !w.link.Ending.TellGuests {
		return true, nil
	}
	return w.tx.IsFromCalendar(w.link, one.action)
}

// leave ends the entry of an event that stays in the calendar of an ending link.
func (r *run) leave(tx *store.Tx, one *job, changes *changes) error {
	done, err := tx.OutboxDone(r.link.ID, one.action.ID, one.entry.Revision)
	if err == nil && done && one.action.FollowedBy == r.link.User && !one.action.Deleted() {
		changes.state(one.action, withoutLink)
	}
	return err
}

// withoutLink is how an action stands whose link has ended.
var withoutLink = crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonFollowerWithout}

// forGood reports whether a server refused one event so that trying again would not help.
func forGood(failure *dav.Failure) bool {
	switch failure.Class {
	case dav.ClassTemporary, dav.ClassUnknownOutcome, dav.ClassPreconditionFailed:
		return false
	}
	return true
}
