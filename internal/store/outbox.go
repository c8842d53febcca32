package store

import (
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/plant"
	"agendaonline/internal/reconcile"
)

// OutboxEntry says that an action must be brought to the calendar of a link: whatever the action is when its turn comes.
// There is one per link and action; Revision rises each time it is put.
type OutboxEntry struct {
	Link      crm.LinkID
	Action    crm.ActionID
	Revision  int64
	Origin    reconcile.Origin
	CreatedAt time.Time
	Attempts  int
	NotBefore time.Time
	Reason    crm.Reason // why it still waits after an attempt
	Params    map[string]string
}

// PutOutbox puts work into the outbox, in the transaction of its cause: only Link, Action and Origin count. Work that
// waits is due again at once under a higher revision, and what was typed by a person stays a person's. The links are wanted
// with it. Of two entries for one link and action the last counts.
func (tx *Tx) PutOutbox(entries ...OutboxEntry) error {
	type named struct {
		link   crm.LinkID
		action crm.ActionID
	}
	last := make(map[named]reconcile.Origin, len(entries))
	order := make([]named, 0, len(entries))
	for _, entry := range entries {
		name := named{entry.Link, entry.Action}
		if _, again := last[name]; !again {
			order = append(order, name)
		}
		last[name] = entry.Origin
		if err := tx.Want(entry.Link, crm.TriggerPush); err != nil {
			return err
		}
	}
	if len(order) == 0 {
		return nil
	}
	now, err := tx.Now()
	if err != nil {
		return err
	}
	// Revisions begin at the clock, so that one is never used twice, also after its entry was done and put again.
	columns := []string{"link_id", "action_id", "revision", "origin", "created_at", "attempts", "not_before", "reason", "params"}
	conflict := ` ON CONFLICT (link_id, action_id) DO UPDATE SET
		revision = CASE WHEN excluded.revision > outbox.revision THEN excluded.revision ELSE outbox.revision + 1 END,
		origin = CASE WHEN outbox.origin IN ('person', 'merge') THEN outbox.origin ELSE excluded.origin END,
		attempts = 0, reason = '', params = '',
		not_before = CASE WHEN outbox.not_before < excluded.not_before THEN outbox.not_before ELSE excluded.not_before END`
	return tx.putRows("put into the outbox", "outbox", columns, conflict, len(order), func(i int, values []any) {
		at := now.UnixMicro()
		copy(values, []any{idValue(order[i].link), idValue(order[i].action), at, string(last[order[i]]), at, 0, at, "", ""})
	})
}

const selectedOutbox = "SELECT link_id, action_id, revision, origin, created_at, attempts, not_before, reason, params FROM outbox"

func scanOutbox(row scanner) (OutboxEntry, error) {
	var entry OutboxEntry
	err := row.Scan(intoID(&entry.Link), intoID(&entry.Action), &entry.Revision, &entry.Origin, intoTime(&entry.CreatedAt),
		&entry.Attempts, intoTime(&entry.NotBefore), &entry.Reason, intoJSON(&entry.Params))
	return entry, err
}

// OutboxOf are the entries of a link that are due, those first that are so for longest, at most limit.
func (tx *Tx) OutboxOf(link crm.LinkID, limit int) ([]OutboxEntry, error) {
	now, err := tx.Now()
	if err != nil {
		return nil, err
	}
	var entries []OutboxEntry
	query := selectedOutbox + " WHERE link_id = $1 AND not_before <= $2 ORDER BY not_before, action_id LIMIT $3"
	for row, err := range tx.rows("load outbox of link "+link.String(), query, idValue(link), now.UnixMicro(), limit) {
		if err != nil {
			return nil, err
		}
		entry, err := scanOutbox(row)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// OutboxEntry is the entry of an action for a link, due or not.
func (tx *Tx) OutboxEntry(link crm.LinkID, action crm.ActionID) (OutboxEntry, error) {
	return scanOutbox(tx.queryRow("load outbox entry of action "+action.String(),
		selectedOutbox+" WHERE link_id = $1 AND action_id = $2"+tx.forChange(), idValue(link), idValue(action)))
}

// OutboxDone takes an entry away unless it was put again since that revision, and reports whether it did.
func (tx *Tx) OutboxDone(link crm.LinkID, action crm.ActionID, revision int64) (bool, error) {
	if plant.On(plant.RevisionIgnored) {
		return true, tx.DropOutbox(link, action)
	}
	n, err := tx.exec("finish outbox entry of action "+action.String(),
		"DELETE FROM outbox WHERE link_id = $1 AND action_id = $2 AND revision = $3", idValue(link), idValue(action), revision)
	return n > 0, err
}

// OutboxRetry keeps an entry for another attempt not before an instant, unless it was put again since that revision: then
// it is due now. It reports whether it did.
func (tx *Tx) OutboxRetry(link crm.LinkID, action crm.ActionID, revision int64, notBefore time.Time, reason crm.Reason, params map[string]string) (bool, error) {
	n, err := tx.exec("keep outbox entry of action "+action.String(),
		`UPDATE outbox SET attempts = attempts + 1, not_before = $4, reason = $5, params = $6
		WHERE link_id = $1 AND action_id = $2 AND revision = $3`,
		idValue(link), idValue(action), revision, notBefore.UnixMicro(), string(reason), paramsValue(params))
	return n > 0, err
}

// PendingCount is how many entries a link has, due or not.
func (tx *Tx) PendingCount(link crm.LinkID) (int, error) {
	var n int
	err := tx.queryRow("count outbox of link "+link.String(), "SELECT COUNT(*) FROM outbox WHERE link_id = $1", idValue(link)).Scan(&n)
	return n, err
}

// DropOutbox takes the entry of an action for a link away, whatever its revision; none is fine.
func (tx *Tx) DropOutbox(link crm.LinkID, action crm.ActionID) error {
	_, err := tx.exec("drop outbox entry of action "+action.String(), "DELETE FROM outbox WHERE link_id = $1 AND action_id = $2", idValue(link), idValue(action))
	return err
}

// OutboxOfActions are the entries of the given actions for a link, due or not, by action.
func (tx *Tx) OutboxOfActions(link crm.LinkID, actions []crm.ActionID) (map[crm.ActionID]OutboxEntry, error) {
	found := map[crm.ActionID]OutboxEntry{}
	d := tx.store.dialect
	err := listed(tx, actions, idValue[crm.Action], func(list string, values []any) error {
		query := selectedOutbox + " WHERE link_id = " + d.param(len(values)+1) + " AND action_id IN " + list
		for row, err := range tx.rows("load outbox entries of actions", query, append(values, idValue(link))...) {
			if err != nil {
				return err
			}
			entry, err := scanOutbox(row)
			if err != nil {
				return err
			}
			found[entry.Action] = entry
		}
		return nil
	})
	return found, err
}
