package service

import (
	"context"

	"agendaonline/internal/store"
)

// MailTrouble says how many mails could not be sent up to now, and why the last of them: Code is the key of the sentence. They are
// tried again.
type MailTrouble struct {
	Count int
	Code  string
}

// MailTrouble is for administrators.
func (s *Service) MailTrouble(ctx context.Context, caller Caller) (MailTrouble, error) {
	if err := caller.permit(ManageSettings, Subject{}); err != nil {
		return MailTrouble{}, err
	}
	var trouble MailTrouble
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		trouble.Count, trouble.Code, err = tx.MailTrouble()
		return err
	})
	return trouble, err
}
