package service

import (
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// What is wrong with a successor.
const CodeSuccessorSame = "hand_over.same_user"

// handOverAtOnce is how many actions one transaction hands over.
const handOverAtOnce = 100

// OpenActions are the open actions of a user: out of the trash, and without a date or with one, a deadline included, that is not
// past. Private ones, and those that others see as busy, stay with their follower: nobody else may see them; those whose event is read-only follow their
// calendar.
type OpenActions struct {
	Count    int // that can be handed over
	Private  int
	ReadOnly int
}

// HandOver is what became of the open actions of a user.
type HandOver struct {
	OpenActions // what is left
	Moved       int
}

// OpenActionsOf counts what a user who leaves has open, for the offer to hand it to a successor (semantics 9).
func (s *Service) OpenActionsOf(ctx context.Context, caller Caller, id crm.UserID) (OpenActions, error) {
	if err := caller.permit(ManageUsers, Subject{}); err != nil {
		return OpenActions{}, err
	}
	var open OpenActions
	err := s.read(ctx, func(tx *store.Tx) error {
		_, counted, err := s.openActions(tx, id)
		open = counted
		return err
	})
	return open, err
}

func (s *Service) openActions(tx *store.Tx, id crm.UserID) ([]crm.ActionID, OpenActions, error) {
	user, err := tx.User(id)
	if err != nil {
		return nil, OpenActions{}, err
	}
	rows, err := tx.OpenActions(id, s.dayIn(user.TimeZone, s.now()))
	var ids []crm.ActionID
	var open OpenActions
	for _, row := range rows {
		switch {
		case row.Private:
			open.Private++
		case row.Sync == crm.ReadOnly:
			open.ReadOnly++
		default:
			ids = append(ids, row.ID)
		}
	}
	open.Count = len(ids)
	return ids, open, err
}

// HandOverActions gives the open actions of a user to another, in parts, each a change like any other: their events move to the
// successor's calendar. Where guests would be told, that waits for a person.
func (s *Service) HandOverActions(ctx context.Context, caller Caller, from, to crm.UserID) (HandOver, error) {
	if err := caller.permit(ManageUsers, Subject{}); err != nil {
		return HandOver{}, err
	}
	var p problems
	var ids []crm.ActionID
	err := s.read(ctx, func(tx *store.Tx) error {
		p = problems{}
		if _, err := tx.User(from); err != nil {
			return err
		}
		if to == from {
			p.add(CodeSuccessorSame, "to")
			return nil
		}
		if to.IsZero() {
			p.add(CodeMissing, "to")
			return nil
		}
		successor, err := tx.User(to)
		switch {
		case errors.Is(err, store.ErrNotFound):
			p.add(CodeUnknownUser, "to")
			return nil
		case err != nil:
			return err
		case !successor.Active:
			p.add(CodeInactiveUser, "to", "name", successor.Name)
			return nil
		}
		ids, _, err = s.openActions(tx, from)
		return err
	})
	if err = errors.Join(err, p.err()); err != nil {
		return HandOver{}, err
	}
	var result HandOver
	caller.Guests = HoldGuests
	for len(ids) > 0 {
		part := ids[:min(handOverAtOnce, len(ids))]
		ids = ids[len(part):]
		var moved int
		var woken []crm.LinkID
		err := s.write(ctx, func(tx *store.Tx) error {
			moved, woken = 0, nil
			actions, err := tx.Actions(part)
			if err != nil {
				return err
			}
			for _, before := range actions {
				if before.FollowedBy != from || before.Deleted() || before.Secluded() || before.Sync.Name == crm.ReadOnly {
					continue // changed meanwhile
				}
				after := before
				after.FollowedBy = to
				_, entries, err := s.commit(tx, caller, saving{before: before, after: after, what: crm.Changed, origin: reconcile.OriginBulk}, s.now())
				if err != nil {
					return err
				}
				moved++
				for _, entry := range entries {
					woken = append(woken, entry.link)
				}
			}
			return nil
		})
		if err != nil {
			return result, err
		}
		result.Moved += moved
		s.wake(woken)
	}
	err = s.read(ctx, func(tx *store.Tx) error {
		_, open, err := s.openActions(tx, from)
		result.OpenActions = open
		return err
	})
	return result, err
}
