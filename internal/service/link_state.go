package service

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// ReasonUserDeactivated is why a link is paused whose user may not sign in any more.
const ReasonUserDeactivated crm.Reason = "user_deactivated"

// PauseLink sends no more requests for a link; its work waits. One that is paused stays as it is.
func (s *Service) PauseLink(ctx context.Context, caller Caller, id crm.LinkID, version int64) (crm.Link, error) {
	return s.changeLink(ctx, caller, id, version, func(_ *store.Tx, link *crm.Link, now time.Time) (bool, error) {
		if !link.Pause.At.IsZero() {
			return false, nil
		}
		link.Pause = crm.Pause{At: now, By: caller.actor()}
		return true, nil
	})
}

// ResumeLink goes on where a link was paused. That of a user who was deactivated stays paused.
func (s *Service) ResumeLink(ctx context.Context, caller Caller, id crm.LinkID, version int64) (crm.Link, error) {
	return s.changeLink(ctx, caller, id, version, func(tx *store.Tx, link *crm.Link, _ time.Time) (bool, error) {
		if link.Pause.At.IsZero() {
			return false, nil
		}
		user, err := tx.User(link.User)
		if err != nil {
			return false, err
		}
		if !user.Active {
			return false, crm.Problems{crm.NewProblem(CodeLinkUserInactive, "", "name", user.Name)}
		}
		link.Pause = crm.Pause{}
		return true, nil
	})
}

// pauseLinkOf pauses the link of a user who was deactivated, if there is one.
func (s *Service) pauseLinkOf(tx *store.Tx, user crm.UserID, caller Caller) error {
	link, err := tx.LinkOfUser(user)
	if errors.Is(err, store.ErrNotFound) || err == nil && !link.Pause.At.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	link.Pause = crm.Pause{At: s.now(), By: caller.actor(), Reason: ReasonUserDeactivated}
	tx.AnnounceLink(link.ID)
	return tx.UpdateLink(link, link.Version)
}

// SyncNow starts a run of a link.
func (s *Service) SyncNow(ctx context.Context, caller Caller, id crm.LinkID) error {
	err := s.write(ctx, func(tx *store.Tx) error {
		link, err := livingLink(tx, caller, id, SyncLink)
		if err != nil {
			return err
		}
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		switch {
		case !settings.ModuleActive || !settings.OnlineCalendar:
			return crm.Problems{crm.NewProblem(CodeLinkOff, "")}
		case !link.Pause.At.IsZero():
			return crm.Problems{crm.NewProblem(CodeLinkPaused, "")}
		case link.SignInAgain:
			// One more refused password could lock the account: a person enters a new one, or tests the link (semantics 7).
			return crm.Problems{crm.NewProblem(CodeLinkSignInAgain, "")}
		}
		return tx.Want(id, crm.TriggerPerson)
	})
	if err == nil {
		s.Waker.Wake(id)
	}
	return err
}
