package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"agendaonline/internal/crm"
)

var actionColumns = []string{
	"id", "version", "sort_key", "last_date", "spans_days", "followed_by", "follower_key", "private", "deleted_at",
	"type_id", "status_id", "priority_id", "due_date",
	"created_at", "created_by_kind", "created_by_id", "modified_at", "modified_by_kind", "modified_by_id",
	"sync_name", "sync_reason", "sync_params", "start_date", "start_time", "end_date", "end_time", "time_zone",
	"follows_up", "third_party_kind", "third_party", "contact", "dossier", "subject", "search_text", "description",
}

// What actionTargets scans, of a table named a.
const selectedAction = `a.id, a.version, a.followed_by, a.private, a.deleted_at, a.type_id, a.status_id, a.priority_id, a.due_date,
	a.created_at, a.created_by_kind, a.created_by_id, a.modified_at, a.modified_by_kind, a.modified_by_id,
	a.sync_name, a.sync_reason, a.sync_params, a.start_date, a.start_time, a.end_date, a.end_time, a.time_zone,
	a.follows_up, a.third_party_kind, a.third_party, a.contact, a.dossier, a.subject, a.description,
	EXISTS (SELECT 1 FROM link l WHERE l.id = a.created_by_id AND l.shown_busy),
	EXISTS (SELECT 1 FROM hidden_action h WHERE h.action_id = a.id)`

func actionTargets(a *crm.Action) []any {
	return []any{
		intoID(&a.ID), &a.Version, intoID(&a.FollowedBy), &a.Private, intoTime(&a.DeletedAt),
		intoID(&a.Type), intoID(&a.Status), intoID(&a.Priority), intoDate(&a.DueDate),
		intoTime(&a.CreatedAt), &a.CreatedBy.Kind, intoActorID(&a.CreatedBy),
		intoTime(&a.ModifiedAt), &a.ModifiedBy.Kind, intoActorID(&a.ModifiedBy),
		&a.Sync.Name, &a.Sync.Reason, intoJSON(&a.Sync.Params),
		intoDate(&a.When.StartDate), intoClock(&a.When.StartTime), intoDate(&a.When.EndDate), intoClock(&a.When.EndTime), &a.When.Zone,
		intoID(&a.FollowsUp), &a.ThirdPartyKind, &a.ThirdParty, &a.Contact, &a.Dossier, &a.Subject, &a.Description,
		&a.ShownBusy, &a.Hidden,
	}
}

// actionValues are the values of actionColumns.
func actionValues(a *crm.Action, values []any) {
	when := a.When
	start, end := when.StartDate.String(), when.EndDate.String()
	copy(values, []any{
		idValue(a.ID), a.Version, sortKey(when), max(start, end), spansDays(when), idValue(a.FollowedBy), followerKey(a.FollowedBy), a.Private, timeValue(a.DeletedAt),
		idValue(a.Type), idValue(a.Status), idValue(a.Priority), a.DueDate.String(),
		timeValue(a.CreatedAt), string(a.CreatedBy.Kind), actorID(a.CreatedBy), timeValue(a.ModifiedAt), string(a.ModifiedBy.Kind), actorID(a.ModifiedBy),
		string(a.Sync.Name), string(a.Sync.Reason), paramsValue(a.Sync.Params),
		start, when.StartTime.String(), end, when.EndTime.String(), when.Zone,
		idValue(a.FollowsUp), string(a.ThirdPartyKind), a.ThirdParty, a.Contact, a.Dossier, a.Subject, searchText(a), a.Description,
	})
}

// sortKey orders actions by start, else end, as text: "2026-11-23 14:30". Those without date have "", before all others.
func sortKey(when crm.When) string {
	date, clock := when.StartDate, when.StartTime
	if date.IsZero() {
		date, clock = when.EndDate, when.EndTime
	}
	if clock.IsZero() {
		return date.String()
	}
	return date.String() + " " + clock.String()
}

// followerKey is the follower, or no bytes for nobody, so that one index answers for both.
func followerKey(follower crm.UserID) any {
	if follower.IsZero() {
		return []byte{}
	}
	return idValue(follower)
}

// spansDays reports whether the action still goes on the day after the one it is listed at.
func spansDays(when crm.When) bool {
	return !when.StartDate.IsZero() && when.EndDate.Compare(when.StartDate) > 0
}

// Action is one action with its documents, in the trash or not.
func (tx *Tx) Action(id crm.ActionID) (crm.Action, error) {
	actions, err := tx.Actions([]crm.ActionID{id})
	if err != nil {
		return crm.Action{}, err
	}
	if len(actions) == 0 {
		return crm.Action{}, fmt.Errorf("load action %s: %w", id, ErrNotFound)
	}
	return actions[0], nil
}

// Actions are those of the given ids that exist, with their documents, in order of id.
func (tx *Tx) Actions(ids []crm.ActionID) ([]crm.Action, error) {
	var actions []crm.Action
	err := listed(tx, ids, idValue[crm.Action], func(list string, values []any) error {
		query := "SELECT " + selectedAction + " FROM action a WHERE a.id IN " + list + " ORDER BY a.id" + tx.forChange()
		for row, err := range tx.rows("load actions", query, values...) {
			if err != nil {
				return err
			}
			var action crm.Action
			if err := row.Scan(actionTargets(&action)...); err != nil {
				return err
			}
			actions = append(actions, action)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(actions, func(a, b crm.Action) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return actions, tx.loadDocuments(actions)
}

// loadDocuments fills in the documents of actions.
func (tx *Tx) loadDocuments(actions []crm.Action) error {
	byID := make(map[crm.ActionID]*crm.Action, len(actions))
	for i := range actions {
		byID[actions[i].ID] = &actions[i]
	}
	return listed(tx, actions, func(a crm.Action) any { return idValue(a.ID) }, func(list string, values []any) error {
		query := "SELECT action_id, title, url FROM document WHERE action_id IN " + list + " ORDER BY action_id, position"
		for row, err := range tx.rows("load documents", query, values...) {
			if err != nil {
				return err
			}
			var id crm.ActionID
			var document crm.Document
			if err := row.Scan(intoID(&id), &document.Title, &document.URL); err != nil {
				return err
			}
			byID[id].Documents = append(byID[id].Documents, document)
		}
		return nil
	})
}

// InsertActions adds actions as they are, their versions included.
func (tx *Tx) InsertActions(actions []crm.Action) error {
	if len(actions) == 0 {
		return nil
	}
	err := tx.insertRows("insert actions", "action", actionColumns, len(actions), func(i int, values []any) {
		actionValues(&actions[i], values)
	})
	if err != nil {
		return err
	}
	if enter := tx.store.dialect.enterWords; enter != "" {
		if _, err := tx.exec("enter words of actions", enter); err != nil {
			return err
		}
	}
	return tx.insertDocuments(actions)
}

func (tx *Tx) insertDocuments(actions []crm.Action) error {
	type placed struct {
		action   crm.ActionID
		position int
		crm.Document
	}
	var documents []placed
	for i := range actions {
		for position, document := range actions[i].Documents {
			documents = append(documents, placed{actions[i].ID, position, document})
		}
	}
	columns := []string{"action_id", "position", "title", "url"}
	return tx.insertRows("insert documents", "document", columns, len(documents), func(i int, values []any) {
		document := documents[i]
		copy(values, []any{idValue(document.action), document.position, document.Title, document.URL})
	})
}

// updateAction sets all columns but the id, and the version to one more.
var updateAction = func() string {
	var text strings.Builder
	text.WriteString("UPDATE action SET ")
	parameter := 3
	for _, column := range actionColumns {
		switch column {
		case "id":
			continue
		case "version":
			text.WriteString("version = version + 1")
		default:
			fmt.Fprintf(&text, ", %s = $%d", column, parameter)
			parameter++
		}
	}
	text.WriteString(" WHERE id = $1 AND version = $2")
	return text.String()
}()

// UpdateAction replaces all of an action but whether it is hidden, its sync state and documents included, and raises its version from
// expectVersion by one. ErrVersion: it has another version by now. Moving to the trash and out of it is an update too.
func (tx *Tx) UpdateAction(action crm.Action, expectVersion int64) error {
	attempted := "update action " + action.ID.String()
	values := make([]any, len(actionColumns))
	actionValues(&action, values)
	values[1] = expectVersion
	n, err := tx.exec(attempted, updateAction, values...)
	if err != nil {
		return err
	}
	if n == 0 {
		return tx.missingOrMoved(attempted, "SELECT version FROM action WHERE id = $1", idValue(action.ID))
	}
	if _, err := tx.exec(attempted, "DELETE FROM document WHERE action_id = $1", idValue(action.ID)); err != nil {
		return err
	}
	return tx.insertDocuments([]crm.Action{action})
}

// missingOrMoved says why an update by id and version touched no row.
func (tx *Tx) missingOrMoved(attempted, query string, id any) error {
	var version int64
	if err := tx.queryRow(attempted, query, id).Scan(&version); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", attempted, ErrVersion)
}

// SetSyncState changes how an action stands towards the calendar. That is no change of the action: its version stays.
func (tx *Tx) SetSyncState(id crm.ActionID, state crm.SyncState) error {
	return tx.execOne(ErrNotFound, "set sync state of action "+id.String(),
		"UPDATE action SET sync_name = $2, sync_reason = $3, sync_params = $4 WHERE id = $1",
		idValue(id), string(state.Name), string(state.Reason), paramsValue(state.Params))
}

// SetSyncStateOfFollower changes how the actions that a user follows stand towards the calendar: those with a date that is
// not before from, all dated ones for the zero Date. Those in the trash are left alone, and those whose event was deleted; versions stay.
func (tx *Tx) SetSyncStateOfFollower(user crm.UserID, from crm.Date, state crm.SyncState) error {
	_, err := tx.exec("set sync state of the actions of user "+user.String(), `UPDATE action SET sync_name = $2, sync_reason = $3, sync_params = $4
		WHERE followed_by = $1 AND deleted_at IS NULL AND last_date <> '' AND last_date >= $5 AND sync_reason <> 'event_deleted'`,
		idValue(user), string(state.Name), string(state.Reason), paramsValue(state.Params), from.String())
	return err
}

// ActionsToPush are the actions that a first sync of link makes events of: followed by user, out of the trash, with a date
// that is not past today, and not bound to an event of link (semantics 4, rule 2): neither to one that is there, nor to one that is
// gone and was deleted in the calendar, which is not made again. In order of id, without documents.
func (tx *Tx) ActionsToPush(link crm.LinkID, user crm.UserID, today crm.Date) ([]crm.Action, error) {
	var actions []crm.Action
	query := "SELECT " + selectedAction + ` FROM action a
		WHERE a.follower_key = $1 AND a.deleted_at IS NULL AND a.last_date >= $2 AND NOT EXISTS (
			SELECT 1 FROM binding b JOIN resource r ON r.id = b.resource_id WHERE b.action_id = a.id AND r.link_id = $3
				AND (r.state <> 'gone' OR b.agreed_when IS NOT NULL OR a.sync_reason = 'event_deleted'))
		ORDER BY a.id`
	for row, err := range tx.rows("load actions to push", query, idValue(user), today.String(), idValue(link)) {
		if err != nil {
			return nil, err
		}
		var action crm.Action
		if err := row.Scan(actionTargets(&action)...); err != nil {
			return nil, err
		}
		actions = append(actions, action)
	}
	return actions, nil
}

// OpenAction is an action that is still to be done, with what decides whether another can take it over.
type OpenAction struct {
	ID      crm.ActionID
	Private bool // or shown to others as busy
	Sync    crm.SyncName
}

// OpenActions are the actions of a follower that are out of the trash and have no date, or one, a deadline included, that is not
// before today. In order of id.
func (tx *Tx) OpenActions(follower crm.UserID, today crm.Date) ([]OpenAction, error) {
	var actions []OpenAction
	query := `SELECT a.id, a.private OR EXISTS (SELECT 1 FROM link l WHERE l.id = a.created_by_id AND l.shown_busy), a.sync_name FROM action a
		WHERE a.follower_key = $1 AND a.deleted_at IS NULL AND (a.last_date = '' OR a.last_date >= $2 OR a.due_date >= $2) ORDER BY a.id`
	for row, err := range tx.rows("load open actions", query, idValue(follower), today.String()) {
		if err != nil {
			return nil, err
		}
		var action OpenAction
		if err := row.Scan(intoID(&action.ID), &action.Private, &action.Sync); err != nil {
			return nil, err
		}
		actions = append(actions, action)
	}
	return actions, nil
}

// PurgeTrash removes for good at most limit actions that went to the trash before the given instant, and returns their ids. What the
// calendar took there stays where work of the CRM hangs on it: a third party, a dossier, a document, a choice other than an event's action
// begins with (semantics 6). So does what still has an event, or a deletion that waits. Their UIDs are known from now on for a while.
func (tx *Tx) PurgeTrash(before time.Time, limit int) ([]crm.ActionID, error) {
	var ids []crm.ActionID
	query := `SELECT a.id FROM action a
		WHERE a.deleted_at IS NOT NULL AND a.deleted_at < $1
			AND (a.modified_by_kind <> 'link' OR a.third_party = '' AND a.contact = '' AND a.dossier = '' AND a.due_date = '' AND a.follows_up IS NULL
				AND NOT EXISTS (SELECT 1 FROM document d WHERE d.action_id = a.id)
				AND NOT EXISTS (SELECT 1 FROM choice c WHERE c.id IN (a.type_id, a.status_id, a.priority_id) AND NOT c.is_default))
			AND ` + notInCalendar + `
		ORDER BY a.deleted_at LIMIT $2` + tx.forChange()
	for row, err := range tx.rows("purge trash", query, timeValue(before), limit) {
		if err != nil {
			return nil, err
		}
		var id crm.ActionID
		if err := row.Scan(intoID(&id)); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, tx.purge(ids)
}

// notInCalendar holds for the actions a that no calendar has, or is still to lose.
const notInCalendar = `NOT EXISTS (SELECT 1 FROM binding b JOIN resource r ON r.id = b.resource_id
				WHERE b.action_id = a.id AND (r.state <> 'gone' OR b.agreed_when IS NOT NULL))
			AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.action_id = a.id)`

// Purge removes an action for good that lies in the trash, whatever hangs on it. It reports whether it did: not while a calendar has its
// event, or its deletion waits.
func (tx *Tx) Purge(id crm.ActionID) (bool, error) {
	var found int
	err := tx.queryRow("purge action "+id.String(), "SELECT COUNT(*) FROM action a WHERE a.id = $1 AND a.deleted_at IS NOT NULL AND "+notInCalendar, idValue(id)).Scan(&found)
	if err != nil || found == 0 {
		return false, err
	}
	return true, tx.purge([]crm.ActionID{id})
}

// purge removes actions, and what their events held with them: resources that are gone and that nothing else refers to.
func (tx *Tx) purge(ids []crm.ActionID) error {
	now, err := tx.Now()
	if err != nil {
		return err
	}
	return listed(tx, ids, idValue[crm.Action], func(list string, values []any) error {
		resources, err := tx.boundTo(list, values)
		if err != nil {
			return err
		}
		if _, err := tx.exec("purge actions", "DELETE FROM binding WHERE action_id IN "+list, values...); err != nil {
			return err
		}
		err = listed(tx, resources, idValue[Resource], func(list string, values []any) error {
			_, err := tx.exec("purge actions", "DELETE FROM resource WHERE id IN "+list+" AND NOT EXISTS (SELECT 1 FROM binding b WHERE b.resource_id = resource.id)", values...)
			return err
		})
		if err != nil {
			return err
		}
		d := tx.store.dialect
		if _, err := tx.exec("purge actions", "UPDATE alias SET known_at = "+d.param(len(values)+1)+" WHERE action_id IN "+list, append(slices.Clone(values), timeValue(now))...); err != nil {
			return err
		}
		_, err = tx.exec("purge actions", "DELETE FROM action WHERE id IN "+list, values...)
		return err
	})
}

// boundTo are the resources that any of the listed actions is bound to.
func (tx *Tx) boundTo(list string, values []any) ([]ResourceID, error) {
	var resources []ResourceID
	for row, err := range tx.rows("load resources of actions", "SELECT resource_id FROM binding WHERE action_id IN "+list, values...) {
		if err != nil {
			return nil, err
		}
		var id ResourceID
		if err := row.Scan(intoID(&id)); err != nil {
			return nil, err
		}
		resources = append(resources, id)
	}
	return resources, nil
}
