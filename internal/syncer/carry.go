package syncer

import (
	"slices"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/plant"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// carrying is one item whose plan is carried out on the CRM's side.
type carrying struct {
	action  crm.Action // as it is; the zero Action is made by the plan
	binding store.Binding
	bound   bool          // binding is in the store
	ended   bool          // binding ends with its resource
	closed  crm.SyncState // how the action of an event stands that takes no writes; the zero state: it takes them
	event   *event        // nil where there is none any more
	notices []eventmap.Notice
}

// carry takes the steps of a plan on the CRM's side; what must be written to the calendar becomes an outbox entry.
func (a *applier) carry(plan reconcile.Plan, c carrying) error {
	stored, exists := a.actions[c.action.ID]
	action, units := c.action, 0
	var rows []crm.Change
	for _, conflict := range plan.Conflicts {
		if plant.On(plant.LoserNotKept) {
			break
		}
		row := a.row(action, crm.Conflict, ReasonBothChanged)
		row.Name, row.Winner = string(conflict.Unit), conflict.Winner
		row.Before, row.After = crm.HistoryText(conflict.Unit, conflict.GivenUp), crm.HistoryText(conflict.Unit, conflict.Stays)
		rows = append(rows, row)
		a.did.Conflicts++
	}
	for _, step := range plan.Steps {
		switch step.Kind {
		case reconcile.CreateAction:
			action = a.newAction(step.Values)
			rows = append(rows, a.row(action, crm.Created, step.Reason))
			a.did.New++
		case reconcile.RestoreAction:
			action.DeletedAt = noTime
			rows = append(rows, a.row(action, crm.Restored, step.Reason))
			a.did.New++
		case reconcile.ChangeAction:
			for _, unit := range step.Units {
				if !conflicts(plan, unit) {
					row := a.row(action, crm.Changed, step.Reason)
					row.Name, row.Before, row.After = string(unit), crm.HistoryText(unit, action.Units), crm.HistoryText(unit, step.Values)
					rows = append(rows, row)
				}
			}
			for _, unit := range step.Units {
				action.Units = action.Units.With(unit, step.Values)
				units++
			}
			if !plan.Has(reconcile.RestoreAction) {
				a.did.Changed++
			}
		case reconcile.TrashAction:
			action.DeletedAt = a.Now()
			rows = append(rows, a.row(action, crm.Deleted, step.Reason))
			a.did.Removed++
		case reconcile.DetachAction:
			rows = append(rows, a.row(action, crm.Noticed, step.Reason))
			a.did.Removed++
		case reconcile.MarkAction:
			a.did.SetAside++
		case reconcile.CreateEvent:
			if step.Reason == reconcile.ReasonEditBeatsDelete {
				rows = append(rows, a.row(action, crm.Noticed, step.Reason))
			}
		}
	}
	if exists && stored.FollowedBy != action.FollowedBy {
		row := a.row(action, crm.Changed, ReasonMoved)
		row.Name, row.Before, row.After = "followed_by", stored.FollowedBy.String(), action.FollowedBy.String()
		rows = append(rows, row)
	}
	if c.event != nil && c.event.aside == nil {
		action.Private = c.event.facts.Private
	}
	if len(rows) > 0 {
		for _, notice := range c.notices {
			rows = append(rows, a.row(action, crm.Noticed, notice.Reason))
		}
	}
	write, writes := plan.Writes()
	state := a.stateAfter(plan, action, c.closed, write, writes)
	entry, waits := a.entries[action.ID]
	switch {
	case writes && write.Kind != reconcile.Wait:
		a.outbox = append(a.outbox, store.OutboxEntry{Link: a.link.ID, Action: action.ID, Origin: reconcile.OriginMerge})
	case waits && entry.Reason == crm.ReasonGuests:
		// What a person was asked about may not be wanted any more: the push finds out.
		a.outbox = append(a.outbox, store.OutboxEntry{Link: a.link.ID, Action: action.ID, Origin: entry.Origin})
	case !waits && a.asks:
		if err := a.guestsSettled(a.tx, action); err != nil {
			return err
		}
	}
	if action.FollowedBy != a.link.User && (units > 0 || plan.Has(reconcile.RestoreAction)) {
		var err error
		if state, err = a.sendOn(action); err != nil {
			return err
		}
	}
	a.history = append(a.history, rows...)
	return a.writeItem(plan, c, action, state)
}

// writeItem writes the action and the binding as the plan leaves them.
func (a *applier) writeItem(plan reconcile.Plan, c carrying, action crm.Action, state crm.SyncState) error {
	stored, exists := a.actions[action.ID]
	version := action.Version
	switch changed := !exists || !action.Units.Equal(stored.Units) || action.Units.When != stored.Units.When || action.FollowedBy != stored.FollowedBy ||
		action.Private != stored.Private || action.Deleted() != stored.Deleted(); {
	case !exists:
		action.Sync = state
		a.newActions = append(a.newActions, action)
	case changed:
		action.ModifiedAt, action.ModifiedBy, action.Sync = a.Now(), a.actor(), state
		a.changes.actions = append(a.changes.actions, action)
		delete(a.states, action.ID)
		version++
	default:
		a.state(action, state)
	}
	kept := action
	kept.Version = version
	a.actions[action.ID] = kept

	if c.ended {
		return nil
	}
	binding := c.binding
	binding.Action = action.ID
	if plan.Base != nil {
		binding.Base, binding.AgreedAt = plan.Base, a.Now()
	}
	// What a person typed since both sides agreed stays marked as such.
	_, writes := plan.Writes()
	if !exists || binding.AgreedVersion >= stored.Version || plan.Base != nil && !writes {
		binding.AgreedVersion = version
	}
	if !c.bound {
		a.newBindings = append(a.newBindings, binding)
		a.aliases[c.event.uid] = action.ID
		a.changes.aliases = append(a.changes.aliases, store.Alias{Calendar: a.link.CalendarHref, UID: c.event.uid, Action: action.ID, KnownAt: a.Now()})
	} else {
		a.bindings = append(a.bindings, binding)
	}
	a.bound[binding.Resource] = binding
	return nil
}

// ReasonBothChanged is why a history has a conflict.
const ReasonBothChanged crm.Reason = "both_changed"

func conflicts(plan reconcile.Plan, unit crm.Unit) bool {
	return slices.ContainsFunc(plan.Conflicts, func(c reconcile.Conflict) bool { return c.Unit == unit })
}

// row is one change of the history that this run made.
func (r *run) row(action crm.Action, what crm.ChangeKind, reason crm.Reason) crm.Change {
	return crm.Change{ID: crm.NewID[crm.Change](r.IDs), Action: action.ID, At: r.Now(), Actor: r.actor(), Run: r.id, What: what, Reason: reason}
}

// newAction is an action made from an event.
func (a *applier) newAction(units crm.Units) crm.Action {
	now := a.Now()
	return crm.Action{
		ID: crm.NewID[crm.Action](a.IDs), Version: 1, Units: units, FollowedBy: a.link.User,
		Type: a.defaults.Type, Status: a.defaults.Status, Priority: a.defaults.Priority,
		CreatedAt: now, CreatedBy: a.actor(), ModifiedAt: now, ModifiedBy: a.actor(),
	}
}

// stateAfter is how an action stands once a plan is carried out here.
func (a *applier) stateAfter(plan reconcile.Plan, action crm.Action, closed crm.SyncState, write reconcile.Step, writes bool) crm.SyncState {
	_, waiting := a.entries[action.ID]
	for _, step := range plan.Steps {
		switch step.Kind {
		case reconcile.MarkAction:
			return crm.SyncState{Name: crm.SetAside, Reason: step.Reason}
		case reconcile.TrashAction, reconcile.DetachAction:
			return crm.SyncState{Name: crm.NotSynced, Reason: step.Reason}
		}
	}
	switch {
	case closed.Name != "":
		return closed
	case writes && write.Kind == reconcile.Wait:
		return crm.SyncState{Name: crm.ReadOnly, Reason: crm.ReasonCalendarReadOnly}
	case action.FollowedBy != a.link.User:
		return action.Sync // its follower's link answers for it
	case writes, waiting:
		return crm.SyncState{Name: crm.Pending}
	case action.Deleted() && plan.Has(reconcile.Forget):
		return crm.SyncState{Name: crm.NotSynced, Reason: ReasonActionTrashed}
	case action.Deleted():
		return action.Sync
	case !action.When.HasDate():
		return crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonNoDate}
	}
	return crm.SyncState{Name: crm.Synced}
}

// sendOn: what this calendar changed of an action that is leaving it, or that it brought back from the trash, goes on to its
// follower's (semantics 6). It returns how the action stands then.
func (a *applier) sendOn(action crm.Action) (crm.SyncState, error) {
	link, ok, err := linkOf(a.tx, action.FollowedBy)
	if err != nil {
		return crm.SyncState{}, err
	}
	if ok {
		a.outbox = append(a.outbox, store.OutboxEntry{Link: link.ID, Action: action.ID, Origin: reconcile.OriginMerge})
	}
	if state, settled := withoutEvent(action, ok); settled {
		return state, nil
	}
	return crm.SyncState{Name: crm.Pending}, nil
}

// withoutEvent is how an action stands that has no event, when that is its own doing or its follower's, who may have a link or not.
func withoutEvent(action crm.Action, link bool) (crm.SyncState, bool) {
	switch {
	case action.Deleted():
		return crm.SyncState{Name: crm.NotSynced, Reason: ReasonActionTrashed}, true
	case !action.When.HasDate():
		return crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonNoDate}, true
	case action.FollowedBy.IsZero():
		return crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonNobodyFollows}, true
	case !link:
		return withoutLink, true
	}
	return crm.SyncState{}, false
}

// leftBehind: this calendar is done with an action that another link answers for, or none. Where it was pending for that alone, it
// stands as it does without.
func (c *changes) leftBehind(tx *store.Tx, here crm.Link, id crm.ActionID) error {
	action, err := tx.Action(id)
	if err != nil || action.Sync.Name != crm.Pending || action.FollowedBy == here.User {
		return err
	}
	link, ok, err := linkOf(tx, action.FollowedBy)
	if err != nil {
		return err
	}
	if ok {
		waiting, err := tx.OutboxOfActions(link.ID, []crm.ActionID{id})
		if err != nil || len(waiting) > 0 {
			return err
		}
	}
	if state, settled := withoutEvent(action, ok); settled {
		c.state(action, state)
		return nil
	}
	bound, err := tx.BindingsOfAction(id)
	for _, one := range bound {
		if one.Bound.Link == link.ID && one.Bound.State == store.ResourceLive && one.Bound.SetAside.Reason == "" {
			c.state(action, crm.SyncState{Name: crm.Synced})
		}
	}
	return err
}
