package store

import "agendaonline/internal/crm"

// Unbound is an action that a link's calendar has no event of.
type Unbound struct {
	ID      crm.ActionID
	Subject string
	When    crm.When
}

// UnboundActions are the actions with a date that a user follows and that are not bound to an event of link, in order of id;
// those in the trash are none.
func (tx *Tx) UnboundActions(link crm.LinkID, user crm.UserID) ([]Unbound, error) {
	var actions []Unbound
	query := `SELECT a.id, a.subject, a.start_date, a.start_time, a.end_date, a.end_time, a.time_zone FROM action a
		WHERE a.follower_key = $1 AND a.deleted_at IS NULL AND a.last_date <> '' AND NOT EXISTS (
			SELECT 1 FROM binding b JOIN resource r ON r.id = b.resource_id WHERE b.action_id = a.id AND r.link_id = $2)
		ORDER BY a.id`
	for row, err := range tx.rows("load actions without event", query, idValue(user), idValue(link)) {
		if err != nil {
			return nil, err
		}
		var one Unbound
		err := row.Scan(intoID(&one.ID), &one.Subject, intoDate(&one.When.StartDate), intoClock(&one.When.StartTime),
			intoDate(&one.When.EndDate), intoClock(&one.When.EndTime), &one.When.Zone)
		if err != nil {
			return nil, err
		}
		actions = append(actions, one)
	}
	return actions, nil
}

// ParkedResources are the resources of a link in one of the states without action, with their bodies, in order of id: at most
// limit, those after the given id.
func (tx *Tx) ParkedResources(link crm.LinkID, state ResourceState, after ResourceID, limit int) ([]Resource, error) {
	return tx.resources("load resources that are "+string(state), "r.link_id = $1 AND r.state <> 'live' AND r.state = $2 AND r.id > $3 ORDER BY r.id LIMIT $4",
		idValue(link), string(state), after[:], limit)
}

// DropParked forgets the events of a link that have no action on purpose: its first sync looks at them anew.
func (tx *Tx) DropParked(link crm.LinkID) error {
	_, err := tx.exec("forget what a first sync left out", "DELETE FROM resource WHERE link_id = $1 AND state <> 'live' AND state IN ('left_out', 'waiting', 'twin')", idValue(link))
	return err
}
