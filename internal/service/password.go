package service

import (
	"context"
	"fmt"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// CodePasswordWrong refuses a new password to somebody who does not know the one that is there.
const CodePasswordWrong = "password.wrong"

// ChangePassword gives the caller another password. The present one is asked for, so that an unattended screen is not
// enough; how often it may be guessed is limited where the request comes in. Sessions that were signed in with it end.
func (s *Service) ChangePassword(ctx context.Context, caller Caller, present, password string) error {
	if err := caller.permit(ChangeOwnUser, Subject{User: caller.User.ID}); err != nil {
		return err
	}
	var before string
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		before, err = tx.PasswordHash(caller.User.ID)
		return err
	})
	if err != nil {
		return err
	}
	matches, err := s.Passwords.Matches(present, before)
	if err != nil {
		return fmt.Errorf("compare a password: %w", err)
	}
	if !matches {
		return crm.Problems{crm.NewProblem(CodePasswordWrong, "present")}
	}
	var p problems
	p.password(password)
	if err := p.err(); err != nil {
		return err
	}
	hash, err := s.passwordHash(password)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *store.Tx) error {
		now, err := tx.PasswordHash(caller.User.ID)
		if err != nil {
			return err
		}
		if now != before { // changed meanwhile: whoever knew the former one does not decide any more
			return crm.Problems{crm.NewProblem(CodePasswordWrong, "present")}
		}
		return tx.SetPasswordHash(caller.User.ID, hash)
	})
}
