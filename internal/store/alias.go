package store

import (
	"fmt"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
)

// Alias is a UID that the CRM wrote or knew for an action in a calendar. It survives the link, so that an event is
// recognised when the calendar is linked again.
type Alias struct {
	Calendar string // the calendar's address, however it is written
	UID      string
	Action   crm.ActionID
	KnownAt  time.Time
}

// PutAliases adds aliases. A UID that is known for the calendar goes over to the action given now, the last of several.
func (tx *Tx) PutAliases(aliases []Alias) error {
	type named struct{ calendar, uid string }
	calendars := map[string]string{}
	last := make(map[named]Alias, len(aliases))
	order := make([]named, 0, len(aliases))
	for _, alias := range aliases {
		calendar, known := calendars[alias.Calendar]
		if !known {
			calendar = CalendarKey(alias.Calendar)
			calendars[alias.Calendar] = calendar
		}
		name := named{calendar, alias.UID}
		if _, again := last[name]; !again {
			order = append(order, name)
		}
		last[name] = alias
	}
	columns := []string{"calendar_key", "uid_key", "uid", "action_id", "known_at"}
	conflict := " ON CONFLICT (calendar_key, uid_key) DO UPDATE SET action_id = excluded.action_id, known_at = excluded.known_at"
	return tx.putRows("put aliases", "alias", columns, conflict, len(order), func(i int, values []any) {
		name, alias := order[i], last[order[i]]
		copy(values, []any{key(name.calendar), key(name.uid), opaque(name.uid), idValue(alias.Action), timeValue(alias.KnownAt)})
	})
}

// ActionsOfUIDs are the actions that a calendar's UIDs are known for, by UID; they may lie in the trash or be purged.
func (tx *Tx) ActionsOfUIDs(calendar string, uids []string) (map[string]crm.ActionID, error) {
	known := map[string]crm.ActionID{}
	d := tx.store.dialect
	err := listed(tx, uids, func(uid string) any { return key(uid) }, func(list string, values []any) error {
		query := "SELECT uid, action_id FROM alias WHERE uid_key IN " + list + " AND calendar_key = " + d.param(len(values)+1)
		for row, err := range tx.rows("load actions of UIDs", query, append(values, key(CalendarKey(calendar)))...) {
			if err != nil {
				return err
			}
			var uid string
			var action crm.ActionID
			if err := row.Scan(&uid, intoID(&action)); err != nil {
				return err
			}
			known[uid] = action
		}
		return nil
	})
	return known, err
}

// HasAlias reports whether a calendar ever knew an event of the action.
func (tx *Tx) HasAlias(action crm.ActionID) (bool, error) {
	var has bool
	err := tx.queryRow("look for aliases of action "+action.String(), "SELECT EXISTS (SELECT 1 FROM alias WHERE action_id = $1)", idValue(action)).Scan(&has)
	return has, err
}

// TombstoneID names a tombstone.
type TombstoneID = crm.ID[Tombstone]

// Tombstone is a deletion that was carried out in the calendar, or seen there.
type Tombstone struct {
	ID        TombstoneID
	Link      crm.LinkID
	Action    crm.ActionID // zero: none was bound
	Href      dav.Href
	UID       string
	DeletedAt time.Time
	Reason    crm.Reason
}

// InsertTombstones adds tombstones.
func (tx *Tx) InsertTombstones(tombstones []Tombstone) error {
	columns := []string{"id", "link_id", "action_id", "href", "uid", "deleted_at", "reason"}
	return tx.insertRows("insert tombstones", "tombstone", columns, len(tombstones), func(i int, values []any) {
		t := &tombstones[i]
		copy(values, []any{idValue(t.ID), idValue(t.Link), idValue(t.Action), opaque(t.Href), opaque(t.UID), timeValue(t.DeletedAt), string(t.Reason)})
	})
}

// Tombstones are the deletions of a link from the given instant on, oldest first.
func (tx *Tx) Tombstones(link crm.LinkID, since time.Time) ([]Tombstone, error) {
	var tombstones []Tombstone
	query := "SELECT id, link_id, action_id, href, uid, deleted_at, reason FROM tombstone WHERE link_id = $1 AND deleted_at >= $2 ORDER BY deleted_at, id"
	for row, err := range tx.rows("load tombstones", query, idValue(link), since.UnixMicro()) {
		if err != nil {
			return nil, err
		}
		var t Tombstone
		if err := row.Scan(intoID(&t.ID), intoID(&t.Link), intoID(&t.Action), &t.Href, &t.UID, intoTime(&t.DeletedAt), &t.Reason); err != nil {
			return nil, err
		}
		tombstones = append(tombstones, t)
	}
	return tombstones, nil
}

// ForgetUIDs forgets what was known of purged actions before an instant: their UIDs, and where their events were deleted. It says how many
// UIDs that were.
func (tx *Tx) ForgetUIDs(before time.Time) (int64, error) {
	const purged = "NOT EXISTS (SELECT 1 FROM action a WHERE a.id = %s.action_id)"
	if _, err := tx.exec("forget deletions", "DELETE FROM tombstone WHERE deleted_at < $1 AND "+fmt.Sprintf(purged, "tombstone"), timeValue(before)); err != nil {
		return 0, err
	}
	return tx.exec("forget UIDs", "DELETE FROM alias WHERE known_at < $1 AND "+fmt.Sprintf(purged, "alias"), timeValue(before))
}
