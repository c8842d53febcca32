package store

import (
	"agendaonline/internal/crm"
)

// ActionsFromCalendar are the living actions of a link's user that were made from events of its calendar, by this link or by one
// to the same calendar before it (semantics 9). In order of id.
func (tx *Tx) ActionsFromCalendar(link crm.Link) ([]crm.ActionID, error) {
	var actions []crm.ActionID
	query := `SELECT a.id FROM action a JOIN link made ON made.id = a.created_by_id
		WHERE a.follower_key = $1 AND a.deleted_at IS NULL AND a.created_by_kind = 'link' AND made.calendar_key = $2 ORDER BY a.id`
	for row, err := range tx.rows("load actions from calendar", query, idValue(link.User), key(CalendarKey(link.CalendarHref))) {
		if err != nil {
			return nil, err
		}
		var id crm.ActionID
		if err := row.Scan(intoID(&id)); err != nil {
			return nil, err
		}
		actions = append(actions, id)
	}
	return actions, nil
}

// CRMEvent is an event of a link that the CRM wrote: its action was not made from this calendar.
type CRMEvent struct {
	Action crm.ActionID
	Body   []byte // as last seen, else as it was sent
}

// EventsFromCRM are those of a link that are there, or may be: a write of theirs is under way. In order of action.
func (tx *Tx) EventsFromCRM(link crm.Link) ([]CRMEvent, error) {
	var events []CRMEvent
	query := `SELECT a.id, COALESCE(r.body, r.sent_body) FROM resource r JOIN binding b ON b.resource_id = r.id JOIN action a ON a.id = b.action_id
		WHERE r.link_id = $1 AND r.state <> 'gone' AND r.set_aside_reason = '' AND NOT (a.created_by_kind = 'link'
			AND EXISTS (SELECT 1 FROM link made WHERE made.id = a.created_by_id AND made.calendar_key = $2)) ORDER BY a.id, r.id`
	for row, err := range tx.rows("load events from the CRM", query, idValue(link.ID), key(CalendarKey(link.CalendarHref))) {
		if err != nil {
			return nil, err
		}
		var event CRMEvent
		if err := row.Scan(intoID(&event.Action), &event.Body); err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

// BoundEvents are the living, usable events of a link that an action is bound to.
func (tx *Tx) BoundEvents(link crm.LinkID) ([]CRMEvent, error) {
	var events []CRMEvent
	query := `SELECT b.action_id, r.body FROM resource r JOIN binding b ON b.resource_id = r.id
		WHERE r.link_id = $1 AND r.state = 'live' AND r.set_aside_reason = '' ORDER BY b.action_id, r.id`
	for row, err := range tx.rows("load bound events", query, idValue(link)) {
		if err != nil {
			return nil, err
		}
		var event CRMEvent
		if err := row.Scan(intoID(&event.Action), &event.Body); err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

// IsFromCalendar reports whether an action was made from an event of the link's calendar.
func (tx *Tx) IsFromCalendar(link crm.Link, action crm.Action) (bool, error) {
	if action.CreatedBy.Kind != crm.ActorLink {
		return false, nil
	}
	made, err := tx.Link(action.CreatedBy.Link)
	return CalendarKey(made.CalendarHref) == CalendarKey(link.CalendarHref), err
}

// ForgetEvents removes what is kept of an action's events in a calendar; their UIDs stay known.
func (tx *Tx) ForgetEvents(link crm.LinkID, action crm.ActionID) error {
	attempted := "forget events of action " + action.String()
	var resources []ResourceID
	for row, err := range tx.rows(attempted, "SELECT r.id FROM resource r JOIN binding b ON b.resource_id = r.id WHERE b.action_id = $1 AND r.link_id = $2", idValue(action), idValue(link)) {
		if err != nil {
			return err
		}
		var id ResourceID
		if err := row.Scan(intoID(&id)); err != nil {
			return err
		}
		resources = append(resources, id)
	}
	for _, id := range resources {
		if err := tx.DeleteResource(id); err != nil {
			return err
		}
	}
	return nil
}

// DropAllOutbox takes all work of a link away.
func (tx *Tx) DropAllOutbox(link crm.LinkID) error {
	_, err := tx.exec("drop outbox of link "+link.String(), "DELETE FROM outbox WHERE link_id = $1", idValue(link))
	return err
}
