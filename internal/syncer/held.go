package syncer

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// carryOut does what persons decided since the last run.
func (r *run) carryOut(ctx context.Context, open []store.Held) error {
	for _, held := range open {
		switch {
		case held.Kind == HeldGuests:
			r.asks = true // decisions about guests lie with the entry they are about
		case held.DecidedAt.IsZero():
		case stops(held.Kind):
			// The pull that follows does it: it finds the events gone again, and knows what is to become of them.
			r.decided = accepted
			if held.Decision == string(writeBack) {
				r.decided = writeBack
			}
			r.carried = append(r.carried, held.ID)
		case held.Kind == HeldDeletions:
			if err := r.carryOutDeletions(ctx, held); err != nil {
				return err
			}
		}
	}
	return r.settleTwins(ctx, open)
}

// carryOutDeletions trashes the actions whose events disappeared, or has the events made again. One whose event came back,
// or that was edited meanwhile, is not waiting any more.
func (r *run) carryOutDeletions(ctx context.Context, held store.Held) error {
	return r.commit(ctx, "held", func(tx *store.Tx) (crm.Counts, error) {
		a, err := r.newApplier(tx, nil, nil, nil)
		if err != nil {
			return crm.Counts{}, err
		}
		var resources []store.ResourceID
		gone := map[crm.ActionID]store.Resource{}
		for _, id := range held.Subject.Actions {
			bindings, err := tx.BindingsOfAction(id)
			if err != nil {
				return crm.Counts{}, err
			}
			for _, binding := range bindings {
				if binding.Bound.Link == r.link.ID && binding.Bound.State == store.ResourceGone && binding.Base != nil {
					gone[id] = binding.Bound
					resources = append(resources, binding.Bound.ID)
				}
			}
		}
		if err := a.loadBound(resources); err != nil {
			return crm.Counts{}, err
		}
		for _, id := range held.Subject.Actions {
			resource, waits := gone[id]
			if !waits {
				continue
			}
			binding := a.bound[resource.ID]
			action := a.actions[id]
			plan := reconcile.Plan{Steps: []reconcile.Step{{Kind: reconcile.CreateEvent, Reason: ReasonWrittenBack}}}
			if held.Decision != string(writeBack) {
				item := reconcile.Item{Base: binding.Base, Local: a.local(action, binding), Remote: reconcile.Remote{State: reconcile.RemoteGone}}
				plan = reconcile.Decide(item, a.rules(a.readOnly(action.Private)), reconcile.Moments{})
			}
			if err := a.lose(lost{resource, carrying{action: action, binding: binding, bound: true}, plan}); err != nil {
				return crm.Counts{}, err
			}
		}
		if err := a.write(tx); err != nil {
			return crm.Counts{}, err
		}
		return a.did, tx.HeldDone(held.ID, r.Now())
	})
}
