package service

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
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
			return saving{}, WhyReadOnly(before.Sync)
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
		return saving{}, WhyReadOnly(before.Sync)
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
