package service

import (
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// CodeDeleteSelf refuses to delete whoever is asking.
const CodeDeleteSelf = "user.delete_self"

// DeleteUser takes a user away for good. His link ends and keeps everything on both sides (semantics 9); what was made of its grant
// is returned. His name stays in histories, and the actions that he follows stay as they are: HandOverActions gives the open ones
// to somebody else before or after. His login is free again.
func (s *Service) DeleteUser(ctx context.Context, caller Caller, id crm.UserID, version int64) (Revocation, error) {
	if err := caller.permit(ManageUsers, Subject{}); err != nil {
		return NothingToRevoke, err
	}
	if id == caller.User.ID {
		return NothingToRevoke, crm.Problems{crm.NewProblem(CodeDeleteSelf, "")}
	}
	var ended endedLink
	err := s.write(ctx, func(tx *store.Tx) error {
		ended = endedLink{}
		user, err := livingUser(tx, id)
		if err != nil {
			return err
		}
		if user.Version != version {
			return &VersionError{user.Version, user}
		}
		gone := user
		gone.Active = false
		if err := s.keepAdministrator(tx, user, gone); err != nil {
			return err
		}
		if ended, err = s.endLinkOf(tx, id); err != nil {
			return err
		}
		return tx.DeleteUser(id, version, s.now())
	})
	if errors.Is(err, store.ErrVersion) {
		return NothingToRevoke, s.movedUser(ctx, id)
	}
	if err != nil {
		return NothingToRevoke, err
	}
	return s.giveUp(ctx, ended), nil
}

// livingUser loads a user who was not deleted.
func livingUser(tx *store.Tx, id crm.UserID) (crm.User, error) {
	user, err := tx.User(id)
	if err == nil && !user.DeletedAt.IsZero() {
		err = store.ErrNotFound
	}
	return user, err
}
