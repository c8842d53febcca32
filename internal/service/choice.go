package service

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// Choices are the types, statuses and priorities, in their order, retired ones included: an action may still have one.
func (s *Service) Choices(ctx context.Context, caller Caller) ([]crm.Choice, error) {
	if err := caller.permit(SeeChoices, Subject{}); err != nil {
		return nil, err
	}
	var choices []crm.Choice
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		choices, err = tx.Choices()
		return err
	})
	return choices, err
}
