package service

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
	"agendaonline/internal/zone"
)

// CodeCalendarReadOnly refuses to change what stands in a calendar that can only be read.
const CodeCalendarReadOnly = "action.calendar_read_only"

// Create saves a new action. With a follower who has a link and a date, its push is committed in the same transaction and
// starts at once, whatever its dates (semantics 3, 4).
func (s *Service) Create(ctx context.Context, caller Caller, in ActionInput) (crm.Action, error) {
	if err := caller.permit(CreateAction, Subject{}); err != nil {
		return crm.Action{}, err
	}
	if in.FollowedBy != caller.User.ID && !in.FollowedBy.IsZero() {
		if err := caller.permit(Reassign, Subject{Action: &crm.Action{}, To: in.FollowedBy}); err != nil {
			return crm.Action{}, err
		}
	}
	ref, err := s.reference(ctx, in.FollowedBy)
	if err != nil {
		return crm.Action{}, err
	}
	return s.save(ctx, caller, ref, func(tx *store.Tx, now time.Time) (saving, error) {
		action, p := checkAction(crm.Action{}, in, ref)
		if err := s.checkFollowsUp(tx, caller, crm.Action{}, action, p); err != nil {
			return saving{}, err
		}
		if err := p.err(); err != nil {
			return saving{}, err
		}
		action.ID = crm.NewID[crm.Action](s.IDs)
		action.Version, action.CreatedAt, action.CreatedBy = 1, now, caller.actor()
		return saving{after: action, what: crm.Created, origin: reconcile.OriginPerson}, nil
	})
}

// Change saves what was typed over an action of that version. Saving what is there already changes nothing.
func (s *Service) Change(ctx context.Context, caller Caller, id crm.ActionID, version int64, in ActionInput) (crm.Action, error) {
	ref, err := s.reference(ctx, in.FollowedBy)
	if err != nil {
		return crm.Action{}, err
	}
	return s.save(ctx, caller, ref, func(tx *store.Tx, now time.Time) (saving, error) {
		before, err := s.actionToChange(tx, caller, id, version, SeeAction)
		if err != nil {
			return saving{}, err
		}
		after, p := checkAction(before, in, ref)
		return s.changed(tx, caller, before, after, p)
	})
}

// RestoreValue brings back the value that a history row keeps as the one before, as a change like any other.
func (s *Service) RestoreValue(ctx context.Context, caller Caller, id crm.ActionID, change crm.ChangeID, version int64) (crm.Action, error) {
	row, err := s.changeOf(ctx, caller, id, change)
	if err != nil {
		return crm.Action{}, err
	}
	f, restorable := restorableField(row)
	if !restorable {
		return crm.Action{}, ErrNotFound
	}
	var follower crm.UserID
	if f.name == "followed_by" {
		if follower, err = crm.ParseID[crm.User](row.Before); err != nil {
			return crm.Action{}, err
		}
	}
	ref, err := s.reference(ctx, follower)
	if err != nil {
		return crm.Action{}, err
	}
	return s.save(ctx, caller, ref, func(tx *store.Tx, now time.Time) (saving, error) {
		before, err := s.actionToChange(tx, caller, id, version, SeeAction)
		if err != nil {
			return saving{}, err
		}
		after, p, err := checkRestored(before, f, row.Before, ref)
		if err != nil {
			return saving{}, err
		}
		return s.changed(tx, caller, before, after, p)
	})
}

// Delete puts an action of that version into the trash; its event is deleted with it (semantics 6).
func (s *Service) Delete(ctx context.Context, caller Caller, id crm.ActionID, version int64) (crm.Action, error) {
	return s.save(ctx, caller, reference{}, func(tx *store.Tx, now time.Time) (saving, error) {
		before, err := s.actionToChange(tx, caller, id, version, DeleteAction)
		if err != nil {
			return saving{}, err
		}
		if before.Sync.Name == crm.ReadOnly {
			return saving{}, &Forbidden{Code: CodeCalendarReadOnly}
		}
		after := before
		after.DeletedAt = now
		return saving{before: before, after: after, what: crm.Deleted, origin: reconcile.OriginChange}, nil
	})
}

// Restore takes an action out of the trash; its event comes back with it (semantics 6). One that is not there is left
// alone.
func (s *Service) Restore(ctx context.Context, caller Caller, id crm.ActionID) (crm.Action, error) {
	return s.save(ctx, caller, reference{}, func(tx *store.Tx, now time.Time) (saving, error) {
		before, err := tx.Action(id)
		if err != nil {
			return saving{}, err
		}
		if err := caller.permit(RestoreAction, Subject{Action: &before}); err != nil {
			return saving{}, err
		}
		if !before.Deleted() {
			return saving{before: before, after: before}, nil
		}
		after := before
		after.DeletedAt = time.Time{}
		return saving{before: before, after: after, what: crm.Restored, origin: reconcile.OriginChange}, nil
	})
}

func (c Caller) actor() crm.Actor { return crm.Actor{Kind: crm.ActorUser, User: c.User.ID} }

// reference reads what an input is checked against. It is read before the transaction that saves: there it would lock rows
// that every save needs.
func (s *Service) reference(ctx context.Context, follower crm.UserID) (reference, error) {
	ref := reference{users: map[crm.UserID]crm.User{}, zones: s.Zones}
	err := s.read(ctx, func(tx *store.Tx) error {
		var err error
		if ref.settings, err = tx.Settings(); err != nil {
			return err
		}
		if ref.choices, err = tx.Choices(); err != nil || follower.IsZero() {
			return err
		}
		user, err := tx.User(follower)
		if err == nil {
			ref.users[follower] = user
		}
		if errors.Is(err, store.ErrNotFound) {
			return nil // found and told by the check
		}
		return err
	})
	return ref, err
}

// actionToChange loads an action for a deed at the version the caller knows.
func (s *Service) actionToChange(tx *store.Tx, caller Caller, id crm.ActionID, version int64, deed Deed) (crm.Action, error) {
	action, err := tx.Action(id)
	if err != nil {
		return crm.Action{}, err
	}
	if err := caller.permit(deed, Subject{Action: &action}); err != nil {
		return crm.Action{}, err
	}
	if action.Version != version {
		return crm.Action{}, &movedAction{action}
	}
	return action, nil
}

// movedAction becomes a VersionError once the transaction is over and the view can be made.
type movedAction struct{ current crm.Action }

func (m *movedAction) Error() string { return "action " + m.current.ID.String() + " was changed" }

// changed asks for every deed that the difference between before and after amounts to.
func (s *Service) changed(tx *store.Tx, caller Caller, before, after crm.Action, p *problems) (saving, error) {
	origin := reconcile.OriginChange
	fields := differing(before, after)
	if before.FollowedBy != after.FollowedBy {
		origin = reconcile.OriginBulk // reassigning follows rule 2 of semantics 4
		if err := caller.permit(Reassign, Subject{Action: &before, To: after.FollowedBy}); err != nil {
			return saving{}, err
		}
	}
	if len(fields) > 1 || before.FollowedBy == after.FollowedBy {
		if err := caller.permit(ChangeAction, Subject{Action: &before}); err != nil {
			return saving{}, err
		}
	}
	if err := s.checkFollowsUp(tx, caller, before, after, p); err != nil {
		return saving{}, err
	}
	if err := p.err(); err != nil {
		return saving{}, err
	}
	if before.Sync.Name == crm.ReadOnly && (before.FollowedBy != after.FollowedBy || !before.Units.Equal(after.Units)) {
		return saving{}, &Forbidden{Code: CodeCalendarReadOnly}
	}
	if len(fields) == 0 {
		return saving{before: before, after: before}, nil
	}
	return saving{before: before, after: after, what: crm.Changed, origin: origin}, nil
}

// checkFollowsUp: an action follows up one that the caller can see, and never, over any number of steps, itself.
func (s *Service) checkFollowsUp(tx *store.Tx, caller Caller, before, after crm.Action, p *problems) error {
	if after.FollowsUp == before.FollowsUp || after.FollowsUp.IsZero() {
		return nil
	}
	seen := map[crm.ActionID]bool{after.ID: !after.ID.IsZero()}
	for id := after.FollowsUp; !id.IsZero(); {
		if seen[id] {
			p.add(CodeFollowsUpInCircle, "follows_up")
			return nil
		}
		seen[id] = true
		action, err := tx.Action(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && id == after.FollowsUp && caller.permit(SeeHistory, Subject{Action: &action}) != nil {
			p.add(CodeFollowsUpUnknown, "follows_up")
			return nil
		}
		if err != nil {
			return err
		}
		id = action.FollowsUp
	}
	return nil
}

// saving is one action about to be saved. what is "" when there is nothing to save.
type saving struct {
	before, after crm.Action
	what          crm.ChangeKind
	origin        reconcile.Origin
}

// save runs one transaction: the row, its history, the outbox entries that follow from it and the announcement; after the
// commit it wakes the links concerned. prepare may be called again when another transaction was in the way.
func (s *Service) save(ctx context.Context, caller Caller, ref reference, prepare func(*store.Tx, time.Time) (saving, error)) (crm.Action, error) {
	now := s.now()
	var saved crm.Action
	var entries []entry
	err := s.write(ctx, func(tx *store.Tx) error {
		entries = nil
		prepared, err := prepare(tx, now)
		if err != nil || prepared.what == "" {
			saved = prepared.after
			return err
		}
		saved, entries, err = s.commit(tx, caller, prepared, now)
		return err
	})
	if moved, isMoved := errors.AsType[*movedAction](err); isMoved {
		return crm.Action{}, s.actionMoved(ctx, caller, moved.current)
	}
	if err != nil {
		return crm.Action{}, err
	}
	for _, entry := range entries {
		s.Waker.Wake(entry.link)
	}
	return saved, nil
}

// commit is what one save writes.
func (s *Service) commit(tx *store.Tx, caller Caller, prepared saving, now time.Time) (crm.Action, []entry, error) {
	before, after := prepared.before, prepared.after
	places, today, err := s.places(tx, before, after, now)
	if err != nil {
		return crm.Action{}, nil, err
	}
	origin := prepared.origin
	if had, err := s.hadEvent(tx, before, after, places); err != nil {
		return crm.Action{}, nil, err
	} else if had {
		origin = reconcile.OriginMerge // giving a date again, or restoring, brings the event back (semantics 6)
	}
	entries, state := syncWork(before, after, origin, places, today)
	after.Sync, after.ModifiedAt, after.ModifiedBy = state, now, caller.actor()
	if prepared.what == crm.Created {
		err = tx.InsertActions([]crm.Action{after})
	} else {
		err = tx.UpdateAction(after, before.Version)
		after.Version = before.Version + 1
	}
	if err != nil {
		return crm.Action{}, nil, err
	}
	if err := tx.AppendHistory(s.historyOf(caller, prepared, now)); err != nil {
		return crm.Action{}, nil, err
	}
	for _, e := range entries {
		if err := tx.PutOutbox(store.OutboxEntry{Link: e.link, Action: after.ID, Origin: e.origin}); err != nil {
			return crm.Action{}, nil, err
		}
	}
	tx.AnnounceActions([]crm.ActionID{after.ID})
	return after, entries, nil
}

// historyOf is one row for a thing that happened, or one for each unit or field that changed.
func (s *Service) historyOf(caller Caller, prepared saving, now time.Time) []crm.Change {
	row := func() crm.Change {
		return crm.Change{ID: crm.NewID[crm.Change](s.IDs), Action: prepared.after.ID, At: now, Actor: caller.actor(), What: prepared.what}
	}
	if prepared.what != crm.Changed {
		return []crm.Change{row()}
	}
	var rows []crm.Change
	for _, f := range differing(prepared.before, prepared.after) {
		change := row()
		change.Name, change.Before, change.After = f.name, f.text(prepared.before), f.text(prepared.after)
		rows = append(rows, change)
	}
	return rows
}

// places are the links in which a save may have work: the follower's, and those the action is bound to or waits for.
func (s *Service) places(tx *store.Tx, before, after crm.Action, now time.Time) ([]place, crm.Date, error) {
	var places []place
	add := func(link crm.Link) error {
		for _, known := range places {
			if known.link == link.ID {
				return nil
			}
		}
		p := place{link: link.ID, follower: link.User == after.FollowedBy, readOnly: link.ReadOnly}
		waiting, err := tx.OutboxEntry(link.ID, after.ID)
		if err == nil {
			p.waiting = waiting.Origin
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		places = append(places, p)
		return nil
	}
	bindings, err := tx.BindingsOfAction(after.ID)
	if err != nil {
		return nil, crm.Date{}, err
	}
	for _, binding := range bindings {
		link, err := tx.Link(binding.Bound.Link)
		if err != nil {
			return nil, crm.Date{}, err
		}
		if !link.EndedAt.IsZero() {
			continue
		}
		if err := add(link); err != nil {
			return nil, crm.Date{}, err
		}
		for i := range places {
			places[i].bound = places[i].bound || places[i].link == link.ID
		}
	}
	for _, user := range []crm.UserID{before.FollowedBy, after.FollowedBy} {
		if user.IsZero() {
			continue
		}
		link, err := tx.LinkOfUser(user)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, crm.Date{}, err
		}
		if err := add(link); err != nil {
			return nil, crm.Date{}, err
		}
	}
	today, err := s.today(tx, after, now)
	return places, today, err
}

// today is the day in the time zone of the action's follower, in the action's own without one (semantics 4).
func (s *Service) today(tx *store.Tx, action crm.Action, now time.Time) (crm.Date, error) {
	name := action.When.Zone
	if !action.FollowedBy.IsZero() {
		user, err := tx.User(action.FollowedBy)
		if err != nil {
			return crm.Date{}, err
		}
		name = user.TimeZone
	}
	return s.dayIn(name, now), nil
}

// dayIn is the day at an instant in a time zone, in UTC where its name means nothing.
func (s *Service) dayIn(name string, at time.Time) crm.Date {
	z, err := s.Zones.IANA(name)
	if err != nil {
		z = zone.UTC
	}
	day := z.CivilOf(at)
	return crm.Date{Year: day.Year, Month: day.Month, Day: day.Day}
}

// hadEvent reports whether an action that has no event now, and could have one from this save on, had one before.
func (s *Service) hadEvent(tx *store.Tx, before, after crm.Action, places []place) (bool, error) {
	back := before.Deleted() && !after.Deleted() || !before.When.HasDate() && after.When.HasDate() && !before.ID.IsZero()
	if !back {
		return false, nil
	}
	for _, p := range places {
		if p.bound {
			return true, nil
		}
	}
	return tx.HasAlias(after.ID)
}

// wake tells of links that have work, after the commit.
func (s *Service) wake(links []crm.LinkID) {
	for _, link := range links {
		s.Waker.Wake(link)
	}
}
