package service

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// CodeHideOwn refuses to hide what can be deleted instead: only an action whose event takes no writes is hidden.
const CodeHideOwn = "action.hide_own"

// Hide takes the action of somebody else's event, or of one that can only be read, off the screens: it is in nobody's list, search or
// planning any more, while its address still shows it and Unhide brings it back. Nothing is written to the calendar, and the action
// goes on following its event (semantics 7). One that is hidden stays so.
func (s *Service) Hide(ctx context.Context, caller Caller, id crm.ActionID) (crm.Action, error) {
	return s.hide(ctx, caller, id, true)
}

// Unhide shows a hidden action again; one that is not hidden is left alone.
func (s *Service) Unhide(ctx context.Context, caller Caller, id crm.ActionID) (crm.Action, error) {
	return s.hide(ctx, caller, id, false)
}

func (s *Service) hide(ctx context.Context, caller Caller, id crm.ActionID, hidden bool) (crm.Action, error) {
	var action crm.Action
	err := s.write(ctx, func(tx *store.Tx) error {
		var err error
		if action, err = tx.Action(id); err != nil {
			return err
		}
		if err := caller.permit(HideAction, Subject{Action: &action}); err != nil {
			return err
		}
		if action.Hidden == hidden {
			return nil
		}
		if hidden && action.Sync.Name != crm.ReadOnly {
			return &Forbidden{Code: CodeHideOwn}
		}
		now := s.now()
		what := crm.Hidden
		if hidden {
			err = tx.Hide(id, now)
		} else {
			what, err = crm.Unhidden, tx.Unhide(id)
		}
		if err != nil {
			return err
		}
		action.Hidden = hidden
		tx.AnnounceActions([]crm.ActionID{id})
		return tx.AppendHistory([]crm.Change{{ID: crm.NewID[crm.Change](s.IDs), Action: id, At: now, Actor: caller.actor(), What: what}})
	})
	return action, err
}
