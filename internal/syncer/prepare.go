package syncer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/plant"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// preparing decides about entries of the outbox within one transaction.
type preparing struct {
	*round
	tx *store.Tx
	changes
	taken map[store.ResourceID]bool // events that a person is asked about since this transaction
}

// decide decides about entries: a job for each, or the end of it.
func (w *preparing) decide(entries []store.OutboxEntry) error {
	ids := make([]crm.ActionID, len(entries))
	for i, entry := range entries {
		ids[i] = entry.Action
	}
	loaded, err := w.tx.Actions(ids)
	if err != nil {
		return err
	}
	actions := make(map[crm.ActionID]crm.Action, len(loaded))
	for _, action := range loaded {
		actions[action.ID] = action
	}
	for _, entry := range entries {
		action, exists := actions[entry.Action]
		if !exists {
			return fmt.Errorf("push action %s: %w", entry.Action, store.ErrNotFound)
		}
		if err := w.entry(entry, action); err != nil {
			return err
		}
	}
	return nil
}

func (w *preparing) entry(entry store.OutboxEntry, action crm.Action) error {
	w.tried[action.ID]++
	if w.tried[action.ID] > maxTries {
		retryAt, err := w.retryAt(w.tx, entry, nil)
		if err != nil {
			return err
		}
		_, err = w.tx.OutboxRetry(w.link.ID, action.ID, entry.Revision, retryAt, crm.FailingServer, nil)
		return err
	}
	bindings, err := w.tx.BindingsOfAction(action.ID)
	if err != nil {
		return err
	}
	one := &job{entry: entry, action: action, known: bindings}
	var earlier []byte // what an event of it held, here or in a calendar that it leaves
	bound := false
	for _, binding := range bindings {
		if len(binding.Bound.Body) > 0 && (earlier == nil || binding.Bound.State == store.ResourceLive) && binding.Bound.SetAside.Reason == "" {
			earlier = binding.Bound.Body
		}
		if binding.Bound.Link == w.link.ID && (!bound || one.resource.State == store.ResourceGone) {
			one.resource, one.binding, bound = binding.Bound, binding.Binding, true
		}
	}
	if w.ending() {
		if stays, err := w.stays(one); stays || err != nil {
			return errors.Join(err, w.leave(w.tx, one, &w.changes))
		}
	}
	item := reconcile.Item{Base: one.binding.Base, Local: localOf(w.run, action, one.binding)}
	switch {
	case !bound, one.resource.State == store.ResourceGone && one.binding.Base == nil:
		item.Remote.State = reconcile.RemoteNone
	case one.resource.State == store.ResourceGone:
		item.Remote.State = reconcile.RemoteGone // held: a person is asked
	case one.resource.SetAside.Reason != "":
		item.Remote = reconcile.Remote{State: reconcile.RemoteSetAside, Reason: one.resource.SetAside.Reason}
	case one.resource.Sent != nil && !(plant.On(plant.SecondResource) && one.resource.State == store.ResourceCreating):
		one.kind = look
		w.jobs = append(w.jobs, one)
		return nil
	case one.resource.State == store.ResourceCreating:
		item.Base, item.Remote.State = nil, reconcile.RemoteNone
	default:
		item.Remote.State = reconcile.RemoteUnchanged
	}
	var facts eventmap.Facts
	if item.Remote.State == reconcile.RemoteUnchanged {
		facts = factsOf(one.resource.Body)
	}
	one.closed = w.closed(action.Private, facts)
	plan := reconcile.Decide(item, w.rules(one.closed.Reason), reconcile.Moments{})
	step, writes := plan.Writes()
	switch {
	case w.ending() && (plan.Has(reconcile.MarkAction) || step.Kind == reconcile.Wait):
		return w.leave(w.tx, one, &w.changes)
	case plan.Has(reconcile.RestoreAction):
		return w.returned(one)
	case plan.Has(reconcile.MarkAction):
		return w.later(one, plan.Steps[0].Reason, crm.SyncState{Name: crm.SetAside, Reason: plan.Steps[0].Reason}, refusedRetry)
	case !writes && item.Remote.State == reconcile.RemoteGone && (plan.Has(reconcile.TrashAction) || plan.Has(reconcile.DetachAction)):
		return w.missing(one, plan)
	case !writes:
		return w.nothing(one, bound)
	case step.Kind == reconcile.Wait:
		return w.later(one, one.closed.Reason, one.closed, readOnlyRetry)
	case step.Kind == reconcile.CreateEvent:
		one.reason = step.Reason
		return w.create(one, bound, earlier)
	case step.Kind == reconcile.PatchEvent:
		return w.patch(one, step)
	}
	return w.delete(one, step)
}

// missing ends the entry of an action whose event disappeared and that a person is asked about: it waits on, asked about again
// where the question ended with an earlier link, but stays without event where another field than those of the event was changed.
func (w *preparing) missing(one *job, plan reconcile.Plan) error {
	done, err := w.tx.OutboxDone(w.link.ID, one.action.ID, one.entry.Revision)
	if err != nil || !done {
		return err
	}
	a := &applier{run: w.run, tx: w.tx, changes: w.changes, actions: map[crm.ActionID]crm.Action{one.action.ID: one.action}, bound: map[store.ResourceID]store.Binding{}}
	if plan.Has(reconcile.DetachAction) {
		a.byHref = map[string]store.Resource{}
		err = a.lose(lost{one.resource, carrying{action: one.action, binding: one.binding, bound: true}, plan})
	} else {
		a.state(one.action, crm.SyncState{Name: crm.Held, Reason: ReasonDeletions})
		err = a.askOnce(HeldDeletions, one.action.ID)
	}
	w.changes = a.changes
	return err
}

// returned takes an action out of the trash whose event is somebody else's and stays (semantics 4, 7).
func (w *preparing) returned(one *job) error {
	done, err := w.tx.OutboxDone(w.link.ID, one.action.ID, one.entry.Revision)
	if err != nil || !done {
		return err
	}
	action := one.action
	action.DeletedAt, action.ModifiedAt, action.ModifiedBy = noTime, w.Now(), w.actor()
	if action.FollowedBy == w.link.User {
		action.Sync = one.closed
	}
	w.actions = append(w.actions, action)
	w.history = append(w.history, w.row(action, crm.Restored, reconcile.ReasonReturned))
	w.did.New++
	return nil
}

// nothing ends an entry for which there is nothing to write.
func (w *preparing) nothing(one *job, bound bool) error {
	if bound && one.resource.State == store.ResourceCreating {
		// It was never made: the action is in the trash, left or lost its dates before that.
		w.dropped = append(w.dropped, one.resource.ID)
	}
	done, err := w.tx.OutboxDone(w.link.ID, one.action.ID, one.entry.Revision)
	if err != nil || !done {
		return err
	}
	if err := w.guestsSettled(w.tx, one.action); err != nil {
		return err
	}
	if one.action.FollowedBy != w.link.User {
		return w.leftBehind(w.tx, w.link, one.action.ID)
	}
	switch {
	case one.action.Sync.Name == crm.Held && one.action.Sync.Reason != crm.ReasonGuests:
	case one.action.Sync.Name == crm.NotSynced && !(bound && one.resource.State == store.ResourceLive): // else it was told before its link was made again
	case one.action.Deleted():
		w.state(one.action, crm.SyncState{Name: crm.NotSynced, Reason: ReasonActionTrashed})
	case w.ending():
		w.state(one.action, withoutLink)
	case !one.action.When.HasDate():
		w.state(one.action, crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonNoDate})
	case one.closed.Name != "":
		w.state(one.action, one.closed)
	default:
		w.state(one.action, crm.SyncState{Name: crm.Synced})
	}
	return nil
}

// later keeps an entry that cannot be carried out now.
func (w *preparing) later(one *job, reason crm.Reason, state crm.SyncState, after time.Duration) error {
	now, err := w.tx.Now()
	if err != nil {
		return err
	}
	_, err = w.tx.OutboxRetry(w.link.ID, one.action.ID, one.entry.Revision, now.Add(after), reason, nil)
	if err == nil && one.action.FollowedBy == w.link.User {
		w.state(one.action, state)
	}
	return err
}

// create promises a new event: its href and UID are kept, and known as the action's, before the first PUT.
func (w *preparing) create(one *job, bound bool, earlier []byte) error {
	if waits, err := w.waitsForPlan(one); waits || err != nil {
		return err
	}
	if one.action.FollowedBy == w.link.User {
		if create, reason := reconcile.ShouldCreate(one.action.When, one.entry.Origin, w.today()); !create {
			done, err := w.tx.OutboxDone(w.link.ID, one.action.ID, one.entry.Revision)
			if err == nil && done {
				w.state(one.action, crm.SyncState{Name: crm.NotSynced, Reason: reason})
			}
			return err
		}
	}
	if waits, err := w.waitsForGuestsElsewhere(one); waits || err != nil {
		return err
	}
	if joined, err := w.join(one); joined || err != nil {
		return err
	}
	invite, waits, err := w.invitesAgain(one, earlier)
	if waits || err != nil {
		return err
	}
	now := w.Now()
	again := bound && one.resource.State == store.ResourceCreating && !plant.On(plant.SecondResource)
	one.again = again
	if !again {
		if one.reason == reconcile.ReasonEditBeatsDelete { // the deletion waited for a person, and an edit came first
			w.history = append(w.history, w.row(one.action, crm.Noticed, one.reason))
		}
		if bound { // what it held goes over into the new one
			w.dropped = append(w.dropped, one.resource.ID)
		}
		id := crm.NewID[store.Resource](w.IDs)
		uid, err := w.uidOf(one, id)
		if err != nil {
			return err
		}
		one.resource = store.Resource{
			ID: id, Link: w.link.ID, UID: uid, Href: calendarOf(w.link).Child(uid + ".ics"), State: store.ResourceCreating,
			Body: earlier, // what it is made of, should it have to be made once more
		}
	}
	body, err := w.madeAgain(earlier, one.resource.UID, one.action.Units, one.binding.Base, invite, now)
	if err != nil {
		return w.unwritable(one)
	}
	one.kind, one.body, one.units = reconcile.CreateEvent, body, crm.AllUnits
	one.resource.Sent = &store.Sent{Body: body, Values: one.action.Units, Version: one.action.Version}
	if again {
		w.resources = append(w.resources, one.resource)
	} else {
		one.binding = store.Binding{Resource: one.resource.ID, Action: one.action.ID}
		w.newResources = append(w.newResources, one.resource)
		w.newBindings = append(w.newBindings, one.binding)
		w.aliases = append(w.aliases, store.Alias{Calendar: w.link.CalendarHref, UID: one.resource.UID, Action: one.action.ID, KnownAt: now})
	}
	w.jobs = append(w.jobs, one)
	return nil
}

// uidOf is the UID of a new event. The first that an action has is the action's own id, so that a database that is restored to a moment
// before it was made knows it again (F21). Made again, an event has a new one.
func (w *preparing) uidOf(one *job, fresh store.ResourceID) (string, error) {
	if len(one.known) > 0 {
		return fresh.String(), nil
	}
	own := one.action.ID.String()
	had, err := w.tx.HasAlias(one.action.ID)
	if err != nil || had {
		return fresh.String(), err
	}
	taken, err := w.tx.ResourcesByUID(w.link.ID, own)
	if err != nil || len(taken) > 0 {
		return fresh.String(), err
	}
	return own, nil
}

// join: the event that the action shall have is here already, dragged over from the calendar that it left, and was taken for
// an action of its own. That one goes to the trash, and the event is this one's.
func (w *preparing) join(one *job) (bool, error) {
	for _, left := range one.known {
		if left.Bound.Link == w.link.ID || left.Bound.State != store.ResourceGone {
			continue
		}
		twins, err := w.tx.ResourcesByUID(w.link.ID, left.Bound.UID)
		if err != nil {
			return false, err
		}
		for _, twin := range twins {
			bound, err := w.tx.BindingsOf([]store.ResourceID{twin.ID})
			if err != nil {
				return false, err
			}
			if twin.State != store.ResourceLive || len(bound) != 1 || bound[0].Bound.Version != bound[0].AgreedVersion || bound[0].Bound.Deleted() {
				continue
			}
			doubled, err := w.tx.Action(bound[0].Action)
			if err != nil {
				return false, err
			}
			doubled.DeletedAt, doubled.ModifiedAt, doubled.ModifiedBy = w.Now(), w.Now(), w.actor()
			doubled.Sync = crm.SyncState{Name: crm.NotSynced, Reason: ReasonMoved}
			w.actions = append(w.actions, doubled)
			w.history = append(w.history, w.row(doubled, crm.Deleted, ReasonMoved))
			binding := bound[0].Binding
			binding.Action, binding.AgreedVersion = one.action.ID, one.action.Version
			w.bindings = append(w.bindings, binding)
			w.aliases = append(w.aliases, store.Alias{Calendar: w.link.CalendarHref, UID: twin.UID, Action: one.action.ID, KnownAt: w.Now()})
			if binding.Base != nil && one.action.Units.Equal(binding.Base.Agreed) {
				return true, w.nothing(&job{entry: one.entry, action: one.action, resource: twin, binding: binding}, true)
			}
			return true, nil // the entry stays: what differs is written in the next round
		}
	}
	return false, nil
}

// calendarOf is the href of a link's calendar.
func calendarOf(link crm.Link) dav.Href {
	href := link.CalendarHref
	if !strings.HasSuffix(href, "/") {
		href += "/"
	}
	return dav.Href(href)
}

// patch promises a changed text of an event.
func (w *preparing) patch(one *job, step reconcile.Step) error {
	object, err := eventmap.Read(one.resource.Body)
	if err != nil {
		return w.unwritable(one)
	}
	body, err := object.Patch(w.writing(step.Units, step.Values, one.binding.Base, w.Now()))
	if err != nil {
		return w.unwritable(one)
	}
	if bytes.Equal(body, one.resource.Body) {
		// The event says so already: the CRM's form of the value changed only.
		one.binding.Base = &reconcile.Base{Agreed: one.action.Units, Server: one.binding.Base.Server}
		one.binding.AgreedVersion, one.binding.AgreedAt = one.action.Version, w.Now()
		w.bindings = append(w.bindings, one.binding)
		return w.nothing(one, true)
	}
	if waits, err := w.waitsForGuests(one, step); waits || err != nil {
		return err
	}
	one.kind, one.body, one.units = reconcile.PatchEvent, body, step.Units
	one.resource.Sent = &store.Sent{Body: body, Values: one.action.Units, Version: one.action.Version}
	if plant.On(plant.BaseFirst) {
		one.resource.Sent, one.binding.Base = nil, &reconcile.Base{Agreed: one.action.Units, Server: one.action.Units}
		w.bindings = append(w.bindings, one.binding)
	}
	w.resources = append(w.resources, one.resource)
	w.jobs = append(w.jobs, one)
	return nil
}

// unwritable keeps an entry whose values cannot be put into its event.
func (w *preparing) unwritable(one *job) error {
	w.did.Refused++
	return w.later(one, crm.ReasonUnreadable, crm.SyncState{Name: crm.SetAside, Reason: crm.ReasonUnreadable}, refusedRetry)
}

// delete plans a deletion. An action that moves to another calendar stays in this one until it is there (semantics 6).
func (w *preparing) delete(one *job, step reconcile.Step) error {
	if !w.ending() { // else whether guests are told was decided with the end
		if waits, err := w.waitsForGuests(one, step); waits || err != nil {
			return err
		}
	}
	if step.Reason == reconcile.ReasonReassigned && plant.On(plant.ReassignForgetsOld) {
		return w.nothing(one, true)
	}
	if step.Reason == reconcile.ReasonReassigned && !plant.On(plant.LeavesTooSoon) {
		waits, err := w.waitsForOther(one)
		if err != nil {
			return err
		}
		if waits {
			return w.later(one, crm.ReasonOtherCalendarWaits, one.action.Sync, readOnlyRetry)
		}
	}
	one.kind, one.reason = reconcile.DeleteEvent, step.Reason
	// Promised like a PUT: an action that is restored before the outcome is known must not be taken for one whose event is there.
	one.resource.Sent = &store.Sent{Values: one.action.Units, Version: one.action.Version}
	w.resources = append(w.resources, one.resource)
	w.jobs = append(w.jobs, one)
	return nil
}

// waitsForOther reports whether the calendar of the action's follower is still to get its event.
func (w *preparing) waitsForOther(one *job) (bool, error) {
	action := one.action
	if action.Deleted() || !action.When.HasDate() {
		return false, nil
	}
	link, exists, err := linkOf(w.tx, action.FollowedBy)
	if err != nil || !exists {
		return false, err
	}
	for _, binding := range one.known {
		if binding.Bound.Link == link.ID && binding.Bound.State == store.ResourceLive {
			return false, nil
		}
	}
	waiting, err := w.tx.OutboxOfActions(link.ID, []crm.ActionID{action.ID})
	if err != nil || len(waiting) > 0 {
		return len(waiting) > 0, err
	}
	// A link that has not run yet, and be it because it waits to be signed in, finds out by its first run what it shall have.
	sync, err := w.tx.LinkSync(link.ID)
	return sync.FirstSyncedAt.IsZero() && !action.When.Past(w.today()), err
}
