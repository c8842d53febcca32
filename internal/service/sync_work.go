package service

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
)

// place is one link in which a saved action has work, or may have.
type place struct {
	link     crm.LinkID
	follower bool // it is the link of the action's follower
	readOnly bool
	bound    bool             // the action has an event in its calendar, or one that is being made
	waiting  reconcile.Origin // of the outbox entry that waits already, "" when none does
}

// entry is promised work: the action must be brought to the calendar of link.
type entry struct {
	link   crm.LinkID
	origin reconcile.Origin
}

// syncWork says what a save promises and how the action stands then (semantics 4, 6). What an entry does to the calendar
// is decided when it is carried out, from the action and the base as they are then: so an entry is made where the calendar
// may have to change, and one that waits is raised by every save, since a run may just be carrying it out.
func syncWork(before, after crm.Action, origin reconcile.Origin, places []place, today crm.Date) ([]entry, crm.SyncState) {
	var entries []entry
	own := place{}
	for _, p := range places {
		if p.follower {
			own = p
			continue
		}
		if p.bound || p.waiting != "" {
			entries = append(entries, entry{p.link, p.origin(origin)})
		}
	}
	work, state := ownWork(before, after, origin, own, today)
	if work {
		entries = append(entries, entry{own.link, own.origin(origin)})
	}
	if after.Deleted() {
		state = before.Sync
		if len(entries) > 0 {
			state = crm.SyncState{Name: crm.Pending}
		}
	}
	return entries, state
}

// origin keeps what was promised: a change of an action that is still to be pushed does not take its push back.
func (p place) origin(of reconcile.Origin) reconcile.Origin {
	if p.waiting == reconcile.OriginPerson || p.waiting == reconcile.OriginMerge {
		return p.waiting
	}
	return of
}

// ownWork answers for the link of the follower; own is zero when there is none.
func ownWork(before, after crm.Action, origin reconcile.Origin, own place, today crm.Date) (bool, crm.SyncState) {
	travels := !before.Units.Equal(after.Units) || before.FollowedBy != after.FollowedBy || before.Deleted() != after.Deleted()
	create, reason := reconcile.ShouldCreate(after.When, own.origin(origin), today)
	switch {
	case after.Deleted():
		return own.bound || own.waiting != "", crm.SyncState{}
	case !after.When.HasDate():
		return own.waiting != "" || own.bound && travels, notSynced(crm.ReasonNoDate)
	case after.FollowedBy.IsZero():
		return false, notSynced(crm.ReasonNobodyFollows)
	case own.link.IsZero():
		return false, notSynced(crm.ReasonFollowerWithout)
	case own.bound && !travels && own.waiting == "":
		return false, before.Sync
	case own.bound:
		return true, boundState(before, after)
	case own.readOnly:
		return own.waiting != "", notSynced(crm.ReasonCalendarReadOnly)
	case own.waiting == "" && !travels && before.Sync.Reason == crm.ReasonEventDeleted:
		return false, before.Sync // only a change that travels makes the event again (semantics 6)
	case create:
		return true, crm.SyncState{Name: crm.Pending}
	default:
		return own.waiting != "", notSynced(reason)
	}
}

// boundState: what waits for a person, or cannot be used, goes on waiting.
func boundState(before, after crm.Action) crm.SyncState {
	switch before.Sync.Name {
	case crm.Held, crm.SetAside, crm.ReadOnly:
		if before.FollowedBy == after.FollowedBy {
			return before.Sync
		}
	}
	return crm.SyncState{Name: crm.Pending}
}

func notSynced(reason crm.Reason) crm.SyncState {
	return crm.SyncState{Name: crm.NotSynced, Reason: reason}
}
