package store

import (
	"time"

	"agendaonline/internal/crm"
)

// Hide takes an action off the screens until Unhide; its version stays, for nothing of it changed (semantics 7). One that is
// hidden stays so.
func (tx *Tx) Hide(action crm.ActionID, at time.Time) error {
	_, err := tx.exec("hide action "+action.String(), "INSERT INTO hidden_action (action_id, hidden_at) VALUES ($1, $2) ON CONFLICT (action_id) DO NOTHING",
		idValue(action), timeValue(at))
	return err
}

// Unhide shows an action again; one that is not hidden is left alone.
func (tx *Tx) Unhide(action crm.ActionID) error {
	_, err := tx.exec("show action "+action.String(), "DELETE FROM hidden_action WHERE action_id = $1", idValue(action))
	return err
}
