package syncer

import (
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// What is typed while the plan of a first sync waits goes on, unless it is like an event that waits with the plan: that would be there
// twice as soon as the plan goes on, so a person is asked about the two as about any twins (semantics 4).

// lookAtWaiting finds what the events are like that wait for the plan to be decided, once in a run and only for an action that
// was saved since.
func (r *run) lookAtWaiting(ctx context.Context) error {
	f := r.first
	if f == nil || !f.waits || f.waiting != nil {
		return nil
	}
	var after store.ResourceID
	saved, more := false, true
	err := r.Store.Read(ctx, func(tx *store.Tx) error {
		entries, err := tx.OutboxOf(r.link.ID, perRound)
		saved = false
		for _, entry := range entries {
			saved = saved || !entry.CreatedAt.Before(f.since)
		}
		return errors.Join(err, r.know(tx))
	})
	if err != nil || !saved {
		return err
	}
	waiting := map[reconcile.Likeness][]store.ResourceID{}
	for more {
		var rows []store.Resource
		err := r.Store.Read(ctx, func(tx *store.Tx) (err error) {
			rows, err = tx.ParkedResources(r.link.ID, store.ResourceWaiting, after, perCommit)
			return err
		})
		if err != nil {
			return err
		}
		for _, row := range rows {
			after = row.ID
			e := parkedEvent(row)
			if e.aside != nil || e.object == nil {
				continue
			}
			read, err := r.extract(e, r.user.TimeZone, nil, nil)
			if err != nil {
				continue // set aside when its turn comes
			}
			if like := reconcile.LikenessOf(read.Units.Subject, r.times(read.Units.When)); like != (reconcile.Likeness{}) {
				waiting[like] = append(waiting[like], row.ID)
			}
		}
		more = len(rows) == perCommit
	}
	f.waiting = waiting
	return nil
}

// pairWithWaiting asks a person whether an action is an event that waits with the plan. It reports whether there is one like it.
func (w *preparing) pairWithWaiting(action crm.Action) (bool, error) {
	like := reconcile.LikenessOf(action.Subject, w.times(action.When))
	for _, id := range w.first.waiting[like] {
		row, err := w.tx.Resource(id)
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && (row.State != store.ResourceWaiting || w.taken[id]):
			continue // it is an action's by now, or gone
		case err != nil:
			return false, err
		}
		if err := w.run.askTwins(w.tx, action, &row); err != nil {
			return false, err
		}
		w.taken[id] = true
		w.resources = append(w.resources, row)
		w.paired = append(w.paired, action.ID)
		return true, w.keep(w.tx, func(sync *store.LinkSync) { sync.NeedsDecision = true })
	}
	return false, nil
}

// askTwins asks a person about an event and an action; the event is kept without action for so long.
func (r *run) askTwins(tx *store.Tx, action crm.Action, resource *store.Resource) error {
	resource.State = store.ResourceTwin
	tx.AnnounceLink(r.link.ID)
	return tx.InsertHeld(store.Held{
		ID: crm.NewID[store.Held](r.IDs), Link: r.link.ID, Kind: HeldTwins, CreatedAt: r.Now(),
		Subject: store.HeldSubject{Actions: []crm.ActionID{action.ID}, Event: resource.ID},
	})
}
