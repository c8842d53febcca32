package service

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
)

// How long what is typed in a wizard is kept after it was last used, and how many of one person; the one unused for longest goes
// first.
const (
	wizardLasts = 30 * time.Minute
	maxWizards  = 20
)

func wizardPlace(id crm.LinkID) secret.Place {
	return secret.Place{Table: "wizard", Column: "sealed", Row: id.String()}
}

// KeepWizard keeps what a person is typing for a link, page after page, so that any node finds it: sealed, for that person only,
// and for half an hour after it was last kept. grant names the draft that waits for a sign-in; zero: none. What is typed gives no
// right to anything: that is asked of whoever makes the link.
func (s *Service) KeepWizard(ctx context.Context, caller Caller, id, grant crm.LinkID, typed []byte) error {
	if err := caller.permit(SeeChoices, Subject{}); err != nil {
		return err
	}
	row := store.Wizard{ID: id, Owner: caller.User.ID, Grant: grant, Sealed: s.Keys.Seal(wizardPlace(id), typed), ExpiresAt: s.now().Add(wizardLasts)}
	return s.write(ctx, func(tx *store.Tx) error { return tx.PutWizard(row, maxWizards) })
}

// Wizard is what the caller typed; ErrNotFound when it is another's, or too long ago.
func (s *Service) Wizard(ctx context.Context, caller Caller, id crm.LinkID) ([]byte, error) {
	_, typed, err := s.wizard(ctx, caller, func(tx *store.Tx) (store.Wizard, error) { return tx.Wizard(id) })
	return typed, err
}

// WizardOfGrant is what the caller typed for the link that a draft is going to be.
func (s *Service) WizardOfGrant(ctx context.Context, caller Caller, grant crm.LinkID) (crm.LinkID, []byte, error) {
	return s.wizard(ctx, caller, func(tx *store.Tx) (store.Wizard, error) { return tx.WizardOfGrant(caller.User.ID, grant) })
}

func (s *Service) wizard(ctx context.Context, caller Caller, load func(*store.Tx) (store.Wizard, error)) (crm.LinkID, []byte, error) {
	if err := caller.permit(SeeChoices, Subject{}); err != nil {
		return crm.LinkID{}, nil, err
	}
	var row store.Wizard
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		row, err = load(tx)
		return err
	})
	switch {
	case err != nil:
		return crm.LinkID{}, nil, err
	case row.Owner != caller.User.ID || !s.now().Before(row.ExpiresAt):
		return crm.LinkID{}, nil, ErrNotFound
	}
	typed, err := s.Keys.Open(wizardPlace(row.ID), row.Sealed)
	return row.ID, typed, err
}

// DropWizard forgets what the caller typed; nothing there is fine.
func (s *Service) DropWizard(ctx context.Context, caller Caller, id crm.LinkID) error {
	if err := caller.permit(SeeChoices, Subject{}); err != nil {
		return err
	}
	return s.write(ctx, func(tx *store.Tx) error {
		row, err := tx.Wizard(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && row.Owner != caller.User.ID {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.DeleteWizard(id)
	})
}
