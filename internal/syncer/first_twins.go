package syncer

import (
	"context"
	"errors"
	"slices"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// twinsPerCommit is how many decisions about twins one transaction carries out.
const twinsPerCommit = 100

// settleTwins carries out what persons decided about twins, and ends what was asked about an action that cannot be one any more.
func (r *run) settleTwins(ctx context.Context, open []store.Held) error {
	twins := slices.DeleteFunc(slices.Clone(open), func(held store.Held) bool { return held.Kind != HeldTwins || len(held.Subject.Actions) != 1 })
	if len(twins) == 0 {
		return nil
	}
	alive := map[crm.ActionID]bool{}
	err := r.Store.Read(ctx, func(tx *store.Tx) error {
		actions, err := tx.Actions(actionsOf(twins))
		for _, action := range actions {
			alive[action.ID] = r.mayBeTwin(action)
		}
		return err
	})
	if err != nil {
		return err
	}
	due := slices.DeleteFunc(twins, func(held store.Held) bool { return held.DecidedAt.IsZero() && alive[held.Subject.Actions[0]] })
	for part := range slices.Chunk(due, twinsPerCommit) {
		if err := r.commit(ctx, "held", func(tx *store.Tx) (crm.Counts, error) { return r.settlePairs(tx, part) }); err != nil {
			return err
		}
		for _, held := range part {
			delete(r.twins, held.Subject.Actions[0])
		}
	}
	return nil
}

func actionsOf(twins []store.Held) []crm.ActionID {
	ids := make([]crm.ActionID, len(twins))
	for i, held := range twins {
		ids[i] = held.Subject.Actions[0]
	}
	return ids
}

// mayBeTwin reports whether an action is one that an event of this calendar can be.
func (r *run) mayBeTwin(action crm.Action) bool {
	return !action.Deleted() && action.FollowedBy == r.link.User && action.When.HasDate()
}

// settlePairs carries out some of them in one transaction.
func (r *run) settlePairs(tx *store.Tx, twins []store.Held) (crm.Counts, error) {
	rows := map[store.HeldID]store.Resource{}
	var events []*event
	for _, held := range twins {
		row, err := tx.Resource(held.Subject.Event)
		if errors.Is(err, store.ErrNotFound) || err == nil && (row.State != store.ResourceTwin || row.Link != r.link.ID) {
			continue
		}
		if err != nil {
			return crm.Counts{}, err
		}
		rows[held.ID] = row
		events = append(events, parkedEvent(row))
	}
	a, err := r.newApplier(tx, events, nil, nil)
	if err != nil {
		return crm.Counts{}, err
	}
	ids := actionsOf(twins)
	actions, err := tx.Actions(ids)
	if err != nil {
		return crm.Counts{}, err
	}
	for _, action := range actions {
		a.actions[action.ID] = action
	}
	if a.entries, err = tx.OutboxOfActions(r.link.ID, ids); err != nil {
		return crm.Counts{}, err
	}
	for _, held := range twins {
		row, there := rows[held.ID]
		if err := a.settlePair(held, row, there); err != nil {
			return crm.Counts{}, err
		}
	}
	if err := a.write(tx); err != nil {
		return crm.Counts{}, err
	}
	for _, held := range twins {
		if err := tx.HeldDone(held.ID, r.Now()); err != nil {
			return crm.Counts{}, err
		}
	}
	return a.did, r.noMoreAsked(tx)
}

// settlePair joins an event and an action, or makes both what they are alone.
func (a *applier) settlePair(held store.Held, row store.Resource, there bool) error {
	id := held.Subject.Actions[0]
	action, exists := a.actions[id]
	shown, err := a.shownIn(id)
	if err != nil {
		return err
	}
	exists = exists && a.mayBeTwin(action) && !shown.here
	if there {
		e := parkedEvent(row)
		if exists && held.Decision == DecisionSame {
			e.twin = id
			return a.event(e)
		}
		if err := a.event(e); err != nil {
			return err
		}
	}
	if exists {
		a.release(action)
	} else if action.Sync.Reason == ReasonTwins && action.Deleted() {
		a.state(action, crm.SyncState{Name: crm.NotSynced, Reason: ReasonActionTrashed})
	}
	return nil
}

// joined is the plan for twins that a person said are one: a merge of what was never agreed on. Equal times are no conflict,
// whichever fields say them; and what cannot be written cannot win.
func (a *applier) joined(item reconcile.Item, rules reconcile.Rules, moments reconcile.Moments) reconcile.Plan {
	if rules.ReadOnly {
		rules.Policy = crm.CalendarWins
	}
	here, there := item.Local.Units.When, item.Remote.Units.When
	same := item.Remote.State == reconcile.RemotePresent && a.times(here) != "" && a.times(here) == a.times(there)
	if same {
		item.Remote.Units.When = here
	}
	plan := reconcile.Decide(item, rules, moments)
	if same && plan.Base != nil {
		plan.Base.Server.When = there
	}
	return plan
}

// release: an action is no event of the calendar, so it gets one of its own: as any other of a first sync, or as its entry says
// that waits since it was typed.
func (a *applier) release(action crm.Action) {
	if a.link.ReadOnly {
		a.state(action, crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonCalendarReadOnly})
		return
	}
	origin := reconcile.OriginFirstSync
	if entry, waits := a.entries[action.ID]; waits {
		origin = entry.Origin
	}
	a.outbox = append(a.outbox, store.OutboxEntry{Link: a.link.ID, Action: action.ID, Origin: origin})
	a.state(action, crm.SyncState{Name: crm.Pending})
}

// twinGone: an event that a person was asked about is gone from the calendar; its action is on its own.
func (a *applier) twinGone(resource store.Resource) error {
	open, err := a.tx.OpenHeld(a.link.ID)
	if err != nil {
		return err
	}
	for _, held := range open {
		if held.Kind != HeldTwins || held.Subject.Event != resource.ID {
			continue
		}
		actions, err := a.tx.Actions(held.Subject.Actions)
		if err != nil {
			return err
		}
		for _, action := range actions {
			delete(a.twins, action.ID)
			if a.mayBeTwin(action) {
				a.release(action)
			}
		}
		if err := a.tx.HeldDone(held.ID, a.Now()); err != nil {
			return err
		}
	}
	return a.noMoreAsked(a.tx)
}

// noMoreAsked takes the mark off the link when nothing waits for a person any more.
func (r *run) noMoreAsked(tx *store.Tx) error {
	tx.AnnounceLink(r.link.ID)
	undecided, err := tx.Undecided(r.link.ID)
	if err != nil || len(undecided) > 0 {
		return err
	}
	return r.keep(tx, func(sync *store.LinkSync) { sync.NeedsDecision = false })
}
