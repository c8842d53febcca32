package syncer

import (
	"errors"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

var noTime time.Time

// linkOf is the link of a user, if there is one that lives and is not being ended.
func linkOf(tx *store.Tx, user crm.UserID) (crm.Link, bool, error) {
	if user.IsZero() {
		return crm.Link{}, false, nil
	}
	link, err := tx.LinkOfUser(user)
	if errors.Is(err, store.ErrNotFound) {
		return crm.Link{}, false, nil
	}
	return link, err == nil && !link.Leaving(), err
}

// lost is a resource that is proven to be gone, with what is planned about it.
type lost struct {
	resource store.Resource
	carrying carrying
	plan     reconcile.Plan
}

// gone applies that resources are gone, each of which is proven (semantics 6; S4 of the oracle): a tombstone of the server,
// or missing from a complete listing and at its own href.
func (a *applier) gone(hrefs []dav.Href, how removal) error {
	var uids []string
	for _, resource := range a.byHref {
		uids = append(uids, resource.UID)
	}
	var err error
	if a.others, err = a.tx.ElsewhereByUID(a.link.ID, uids); err != nil {
		return err
	}
	var all []lost
	removals := 0
	for _, href := range hrefs {
		resource, known := a.byHref[href.Key()]
		if !known || resource.State == store.ResourceGone || resource.State == store.ResourceCreating && resource.Sent == nil {
			continue // never known, not sent yet, or known to be gone
		}
		binding, isBound := a.bound[resource.ID]
		if resource.State == store.ResourceCreating {
			// Our write arrived, though we never heard: only what was there can leave a tombstone.
			binding.Base = &reconcile.Base{Agreed: resource.Sent.Values, Server: resource.Sent.Values}
			binding.AgreedVersion = resource.Sent.Version
		}
		if !isBound {
			a.drop(resource)
			if resource.State == store.ResourceTwin {
				if err := a.twinGone(resource); err != nil {
					return err
				}
			}
			continue
		}
		took, err := a.twinTakesOver(resource)
		if err != nil {
			return err
		}
		if took {
			continue
		}
		action := a.actions[binding.Action]
		item := reconcile.Item{Base: binding.Base, Local: a.local(action, binding), Remote: reconcile.Remote{State: reconcile.RemoteGone}}
		plan := reconcile.Decide(item, a.rules(a.readOnly(action.Private)), reconcile.Moments{})
		if resource.Sent.Deletion() && plan.Has(reconcile.TrashAction) {
			// It was we who deleted it, and the action was restored since: nobody deleted it in the calendar.
			plan = reconcile.Plan{Steps: []reconcile.Step{{Kind: reconcile.CreateEvent, Units: crm.AllUnits, Values: action.Units, Reason: reconcile.ReasonEditBeatsDelete}}}
		}
		if other, elsewhere := a.others[resource.UID]; elsewhere && plan.Has(reconcile.TrashAction) && len(factsOf(resource.Body).Attendees) == 0 && other.State == store.ResourceLive && other.Untouched && a.Now().Sub(other.Since) < dragged {
			if err := a.follow(resource, carrying{action: action, binding: binding, bound: true}, other); err != nil {
				return err
			}
			continue
		}
		if plan.Has(reconcile.TrashAction) {
			removals++
		}
		all = append(all, lost{resource, carrying{action: action, binding: binding, bound: true}, plan})
	}
	hold, err := a.holds(removals, how)
	if err != nil {
		return err
	}
	var waiting []crm.ActionID
	for _, one := range all {
		removes := one.plan.Has(reconcile.TrashAction)
		switch {
		case removes && how == writeBack:
			one.plan = reconcile.Plan{Steps: []reconcile.Step{{Kind: reconcile.CreateEvent, Reason: ReasonWrittenBack}}}
		case removes && hold:
			waiting = append(waiting, one.carrying.action.ID)
			one.resource.State = store.ResourceGone
			a.resource(one.resource)
			a.state(one.carrying.action, crm.SyncState{Name: crm.Held, Reason: ReasonDeletions})
			continue
		}
		if err := a.lose(one); err != nil {
			return err
		}
	}
	return a.wait(HeldDeletions, waiting, nil)
}

// follow: a calendar client dragged the event to the calendar of another user, who follows the action from now on. That
// calendar's next run joins the two: it knows the event as an action of its own (semantics 6).
func (a *applier) follow(resource store.Resource, c carrying, other store.Elsewhere) error {
	dragged, err := a.tx.Action(other.Action)
	if err != nil {
		return err
	}
	resource.State, resource.Sent, c.binding.Base = store.ResourceGone, nil, nil
	a.resource(resource)
	c.action.FollowedBy = other.User
	plan := reconcile.Plan{Steps: []reconcile.Step{{Kind: reconcile.ChangeAction, Units: dragged.Units.Differing(c.action.Units), Values: dragged.Units, Reason: ReasonMoved}}}
	if err := a.carry(plan, c); err != nil {
		return err
	}
	a.outbox = append(a.outbox, store.OutboxEntry{Link: other.Link, Action: c.action.ID, Origin: reconcile.OriginMerge})
	return nil
}

// ReasonMoved is why an action has another follower, or is one with another: its event was dragged to another calendar.
const ReasonMoved crm.Reason = "event_moved"

// lose carries out what is planned about a resource that is gone. What it held stays, for it may be made again.
func (a *applier) lose(one lost) error {
	action := one.carrying.action
	one.carrying.binding.Base = nil
	left := action.FollowedBy != a.link.User && !action.Deleted()
	one.resource.State, one.resource.Sent = store.ResourceGone, nil
	if left {
		a.drop(one.resource) // it has another event, or shall have none
		a.unbind(one.resource.ID)
		if entry, waits := a.entries[action.ID]; waits {
			if _, err := a.tx.OutboxDone(a.link.ID, action.ID, entry.Revision); err != nil {
				return err
			}
		}
		return a.leftBehind(a.tx, a.link, action.ID)
	}
	a.resource(one.resource)
	if entry, waits := a.entries[action.ID]; waits && (one.plan.Has(reconcile.DetachAction) || one.plan.Has(reconcile.Forget)) {
		// What waited was to make or change the event, which is not made again, or to delete it.
		if _, err := a.tx.OutboxDone(a.link.ID, action.ID, entry.Revision); err != nil {
			return err
		}
		delete(a.entries, action.ID)
	}
	if one.plan.Has(reconcile.TrashAction) || one.plan.Has(reconcile.DetachAction) || one.plan.Has(reconcile.Forget) {
		a.tombstones = append(a.tombstones, store.Tombstone{
			ID: crm.NewID[store.Tombstone](a.IDs), Link: a.link.ID, Action: action.ID, Href: one.resource.Href, UID: one.resource.UID,
			DeletedAt: a.Now(), Reason: one.plan.Steps[0].Reason,
		})
	}
	return a.carry(one.plan, one.carrying)
}

// unbind forgets that a dropped resource and its binding were to be written.
func (a *applier) unbind(id store.ResourceID) {
	delete(a.bound, id)
	a.bindings = slices.DeleteFunc(a.bindings, func(b store.Binding) bool { return b.Resource == id })
	for i := range a.resources {
		if a.resources[i].ID == id {
			a.resources = append(a.resources[:i], a.resources[i+1:]...)
			return
		}
	}
}

// twinTakesOver: where the same UID stood under a second href, that one is the event now (F25).
func (a *applier) twinTakesOver(resource store.Resource) (bool, error) {
	twins, err := a.tx.ResourcesByUID(a.link.ID, resource.UID)
	if err != nil {
		return false, err
	}
	for _, twin := range twins {
		twin, lives := a.current(twin)
		if !lives || twin.ID == resource.ID || twin.SetAside.Reason != crm.ReasonUIDElsewhere || twin.State != store.ResourceLive || a.vacated[twin.Href.Key()] {
			continue
		}
		a.drop(twin)
		a.unbind(twin.ID)
		e := readEvent(dav.Member{Kind: dav.MemberPresent, Href: twin.Href, ETag: twin.ETag, Data: twin.Body})
		a.byUID[resource.UID] = []store.Resource{resource}
		if a.vacated == nil {
			a.vacated = map[string]bool{}
		}
		a.vacated[resource.Href.Key()] = true
		return true, a.event(e)
	}
	return false, nil
}

// removal is what a person decided about events that are gone, before they were found to be.
type removal string

const (
	guarded   removal = ""           // the deletion guard counts
	accepted  removal = "delete"     // a person said yes
	writeBack removal = "write_back" // a person said no: they are made again
	relinked  removal = "relinked"   // they vanished while there was no link: always held (semantics 9)
)

// ReasonDeletions is why an action is held: its event is among so many that disappeared. ReasonWrittenBack is why an event
// is made again.
const (
	ReasonDeletions   crm.Reason = "deletions"
	ReasonWrittenBack crm.Reason = "written_back"
)

// holds is the deletion guard (semantics 7): counted over 24 hours, more than so many and more than a part of the link's
// events, or more than so many in any case.
func (a *applier) holds(removals int, how removal) (bool, error) {
	guard := a.settings.Guard
	switch {
	case removals == 0, how == accepted, how == writeBack:
		return false, nil
	case how == relinked:
		return true, nil
	}
	tombstones, err := a.tx.Tombstones(a.link.ID, a.Now().Add(-24*time.Hour))
	if err != nil {
		return false, err
	}
	recent := 0
	for _, tombstone := range tombstones {
		if tombstone.Reason == crm.ReasonEventDeleted {
			recent++
		}
	}
	deleted := removals + recent
	if deleted <= guard.More {
		return false, nil
	}
	living, err := a.tx.LiveResources(a.link.ID)
	if err != nil {
		return false, err
	}
	return deleted > guard.Most || float64(deleted) > guard.Part*float64(living+recent), nil
}

// Kinds of held work. HeldEmptied and HeldOther stop their link in both directions until they are decided.
const (
	HeldDeletions = "deletions"
	HeldEmptied   = "calendar_emptied"
	HeldOther     = "other_calendar"
)

func stops(kind string) bool { return kind == HeldEmptied || kind == HeldOther }

// askOnce asks a person about an action unless that was done and is not decided yet.
func (a *applier) askOnce(kind string, action crm.ActionID) error {
	open, err := a.tx.OpenHeld(a.link.ID)
	if err != nil {
		return err
	}
	for _, held := range open {
		if held.Kind == kind && slices.Contains(held.Subject.Actions, action) {
			return nil
		}
	}
	return a.wait(kind, []crm.ActionID{action}, nil)
}

// wait asks a person about actions, together with those of the same kind that are asked about already.
func (a *applier) wait(kind string, actions []crm.ActionID, counts map[string]int) error {
	if len(actions) == 0 && counts == nil {
		return nil
	}
	open, err := a.tx.Undecided(a.link.ID)
	if err != nil {
		return err
	}
	a.tx.AnnounceLink(a.link.ID)
	for _, held := range open {
		if held.Kind == kind {
			held.Subject.Actions = append(held.Subject.Actions, actions...)
			return a.tx.UpdateHeld(held.ID, held.Subject)
		}
	}
	err = a.tx.InsertHeld(store.Held{
		ID: crm.NewID[store.Held](a.IDs), Link: a.link.ID, Kind: kind, CreatedAt: a.Now(), Subject: store.HeldSubject{Actions: actions, Counts: counts},
	})
	if err != nil {
		return err
	}
	return a.keep(a.tx, func(sync *store.LinkSync) { sync.NeedsDecision = true })
}
