package service

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/plant"
	"agendaonline/internal/store"
)

// Get is one action as the caller may see it.
func (s *Service) Get(ctx context.Context, caller Caller, id crm.ActionID) (ActionView, error) {
	var view ActionView
	err := s.read(ctx, func(tx *store.Tx) error {
		action, err := tx.Action(id)
		if err != nil {
			return err
		}
		view, err = viewOf(tx, caller, action)
		return err
	})
	return view, err
}

// actionMoved is the error for an action that somebody else changed, with the action as the caller may see it now.
func (s *Service) actionMoved(ctx context.Context, caller Caller, current crm.Action) error {
	var view ActionView
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		view, err = viewOf(tx, caller, current)
		return err
	})
	if err != nil {
		return err
	}
	return &VersionError{current.Version, view}
}

// viewOf is one action as the caller may see it.
func viewOf(tx *store.Tx, caller Caller, action crm.Action) (ActionView, error) {
	names := map[crm.UserID]string{}
	if !action.FollowedBy.IsZero() {
		user, err := tx.User(action.FollowedBy)
		if err != nil {
			return ActionView{}, err
		}
		names[user.ID] = user.Name
	}
	view, err := see(caller, action, names)
	return view, err
}

// userNames are the names of all users.
func userNames(tx *store.Tx) (map[crm.UserID]string, error) {
	users, err := tx.Users()
	if err != nil {
		return nil, err
	}
	names := make(map[crm.UserID]string, len(users))
	for _, user := range users {
		names[user.ID] = user.Name
	}
	return names, nil
}

// see is the only way an action leaves this package for somebody: in full, as a busy block, or not at all.
func see(caller Caller, action crm.Action, names map[crm.UserID]string) (ActionView, error) {
	permission := Permit(caller.User, SeeAction, Subject{Action: &action})
	switch permission.Access {
	case Allowed:
	case Busy:
		if plant.On(plant.PrivateShown) {
			break
		}
		return busy(ActionView{Action: action, FollowerName: names[action.FollowedBy]}), nil
	default:
		return ActionView{}, permission.err()
	}
	on := Subject{Action: &action}
	change := Permit(caller.User, ChangeAction, on)
	view := ActionView{
		Action:        action,
		FollowerName:  names[action.FollowedBy],
		MayChange:     change.Access == Allowed,
		MayDelete:     Permit(caller.User, DeleteAction, on).Access == Allowed,
		MayReassign:   Permit(caller.User, Reassign, Subject{Action: &action, To: anotherThan(action.FollowedBy, caller.User.ID)}).Access == Allowed,
		MayRestore:    action.Deleted() && Permit(caller.User, RestoreAction, on).Access == Allowed,
		MayPurge:      Permit(caller.User, PurgeAction, on).Access == Allowed,
		WhyNot:        change.Code,
		ReadOnlyUnits: action.Sync.Name == crm.ReadOnly,
	}
	if view.ReadOnlyUnits {
		view.MayDelete, view.MayReassign = false, false
	}
	if Permit(caller.User, HideAction, on).Access == Allowed {
		view.MayHide, view.MayUnhide = view.ReadOnlyUnits && !action.Hidden, action.Hidden
	}
	return view, nil
}

// busy is what others see of a private action: that its follower is busy then.
func busy(view ActionView) ActionView {
	action := view.Action
	return ActionView{
		Action: crm.Action{
			ID: action.ID, Version: action.Version, FollowedBy: action.FollowedBy, Private: true,
			Units: crm.Units{When: action.When},
			Sync:  crm.SyncState{},
		},
		FollowerName: view.FollowerName,
		Busy:         true,
		WhyNot:       CodePrivate,
	}
}

// anotherThan names some user who is neither of the two: giving an action to a third person is the full right.
func anotherThan(one, other crm.UserID) crm.UserID {
	third := crm.UserID{0: 1}
	for third == one || third == other {
		third[0]++
	}
	return third
}
