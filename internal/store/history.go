package store

import (
	"time"

	"agendaonline/internal/crm"
)

// AppendHistory adds changes. There is no way to alter or take one away.
func (tx *Tx) AppendHistory(changes []crm.Change) error {
	columns := []string{"action_id", "changed_at", "id", "actor_kind", "actor_id", "run_id", "what", "name", "value_before", "value_after", "reason", "winner"}
	return tx.insertRows("append history", "history", columns, len(changes), func(i int, values []any) {
		change := &changes[i]
		copy(values, []any{
			idValue(change.Action), timeValue(change.At), idValue(change.ID), string(change.Actor.Kind), actorID(change.Actor), idValue(change.Run),
			string(change.What), change.Name, change.Before, change.After, string(change.Reason), string(change.Winner),
		})
	})
}

// HistoryCursor is the place after the last change of a page; the zero HistoryCursor begins with the newest.
type HistoryCursor struct {
	At time.Time
	ID crm.ChangeID
}

const selectedChange = "SELECT id, action_id, changed_at, actor_kind, actor_id, run_id, what, name, value_before, value_after, reason, winner FROM history"

func scanChange(row scanner) (crm.Change, error) {
	var change crm.Change
	err := row.Scan(intoID(&change.ID), intoID(&change.Action), intoTime(&change.At), &change.Actor.Kind, intoActorID(&change.Actor), intoID(&change.Run),
		&change.What, &change.Name, &change.Before, &change.After, &change.Reason, &change.Winner)
	return change, err
}

// History is the history of an action, newest first, at most limit changes after the cursor.
func (tx *Tx) History(action crm.ActionID, after HistoryCursor, limit int) ([]crm.Change, error) {
	query, args := selectedChange+" WHERE action_id = $1 ORDER BY changed_at DESC, id DESC LIMIT $2", []any{idValue(action), limit}
	if after != (HistoryCursor{}) {
		query = selectedChange + " WHERE action_id = $1 AND (changed_at, id) < ($3, $4) ORDER BY changed_at DESC, id DESC LIMIT $2"
		args = append(args, timeValue(after.At), idValue(after.ID))
	}
	var changes []crm.Change
	for row, err := range tx.rows("load history of action "+action.String(), query, args...) {
		if err != nil {
			return nil, err
		}
		change, err := scanChange(row)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// Change is one change of an action.
func (tx *Tx) Change(action crm.ActionID, id crm.ChangeID) (crm.Change, error) {
	return scanChange(tx.queryRow("load change "+id.String(), selectedChange+" WHERE action_id = $1 AND id = $2", idValue(action), idValue(id)))
}
