package store

import (
	"database/sql"
	"fmt"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
)

// Binding joins an action and the event of a resource that it is shown as.
type Binding struct {
	Resource     ResourceID
	RecurrenceID string // which occurrence, "" for a single event
	Action       crm.ActionID
	Base         *reconcile.Base // nil: both sides have not agreed yet
	// AgreedVersion is the version of the action that both sides agreed on: a higher one was changed since.
	AgreedVersion int64
	AgreedAt      time.Time
}

// BoundAction is a binding with its action, which has no documents here.
type BoundAction struct {
	Binding
	Bound crm.Action
}

// BoundResource is a binding with its resource.
type BoundResource struct {
	Binding
	Bound Resource
}

const selectedBinding = `b.resource_id, b.recurrence_id, b.action_id, b.agreed_version, b.agreed_at,
	b.agreed_when, b.agreed_subject, b.agreed_description, b.server_when, b.server_subject, b.server_description`

// baseColumns are the columns of a base, each NULL when it says nothing of its own.
type baseColumns struct{ agreed, server [3]sql.NullString } // when, subject, description

func bindingTargets(b *Binding, base *baseColumns) []any {
	return []any{
		intoID(&b.Resource), &b.RecurrenceID, intoID(&b.Action), &b.AgreedVersion, intoTime(&b.AgreedAt),
		&base.agreed[0], &base.agreed[1], &base.agreed[2], &base.server[0], &base.server[1], &base.server[2],
	}
}

func (c baseColumns) base() (*reconcile.Base, error) {
	if !c.agreed[0].Valid {
		return nil, nil
	}
	for i := range c.server {
		if !c.server[i].Valid {
			c.server[i] = c.agreed[i]
		}
	}
	agreed, err := unitsOf(c.agreed)
	if err != nil {
		return nil, err
	}
	server, err := unitsOf(c.server)
	return &reconcile.Base{Agreed: agreed, Server: server}, err
}

func unitsOf(columns [3]sql.NullString) (crm.Units, error) {
	when, err := crm.ParseWhen(columns[0].String)
	if err != nil {
		return crm.Units{}, fmt.Errorf("load base: %w", err)
	}
	return crm.Units{Subject: columns[1].String, Description: columns[2].String, When: when}, nil
}

func bindingValues(b *Binding, values []any) {
	copy(values, []any{idValue(b.Resource), b.RecurrenceID, idValue(b.Action), b.AgreedVersion, timeValue(b.AgreedAt), nil, nil, nil, nil, nil, nil})
	if b.Base == nil {
		return
	}
	agreed := [3]string{b.Base.Agreed.When.String(), b.Base.Agreed.Subject, b.Base.Agreed.Description}
	server := [3]string{b.Base.Server.When.String(), b.Base.Server.Subject, b.Base.Server.Description}
	for i := range agreed {
		values[5+i] = agreed[i]
		if server[i] != agreed[i] {
			values[8+i] = server[i]
		}
	}
}

// BindingsOf are the bindings of the given resources with their actions, in no particular order.
func (tx *Tx) BindingsOf(resources []ResourceID) ([]BoundAction, error) {
	var bound []BoundAction
	lock := tx.forChange()
	if lock != "" {
		lock += " OF a"
	}
	err := listed(tx, resources, idValue[Resource], func(list string, values []any) error {
		query := "SELECT " + selectedBinding + ", " + selectedAction + " FROM binding b JOIN action a ON a.id = b.action_id WHERE b.resource_id IN " + list + lock
		for row, err := range tx.rows("load bindings of resources", query, values...) {
			if err != nil {
				return err
			}
			var one BoundAction
			var base baseColumns
			if err := row.Scan(append(bindingTargets(&one.Binding, &base), actionTargets(&one.Bound)...)...); err != nil {
				return err
			}
			if one.Base, err = base.base(); err != nil {
				return err
			}
			bound = append(bound, one)
		}
		return nil
	})
	return bound, err
}

// BindingsOfAction are the bindings of an action with their resources, of all links, the oldest resource first. An action
// that moves from one calendar to another has two.
func (tx *Tx) BindingsOfAction(action crm.ActionID) ([]BoundResource, error) {
	var bound []BoundResource
	query := "SELECT " + selectedBinding + ", " + selectedResource + resourceTexts + " FROM binding b JOIN resource r ON r.id = b.resource_id WHERE b.action_id = $1 ORDER BY r.id, b.recurrence_id"
	for row, err := range tx.rows("load bindings of action "+action.String(), query, idValue(action)) {
		if err != nil {
			return nil, err
		}
		var one BoundResource
		var base baseColumns
		targets := append(bindingTargets(&one.Binding, &base), resourceTargets(&one.Bound)...)
		var sent sentColumns
		if err := row.Scan(append(targets, &one.Bound.Body, &sent.body, &sent.values)...); err != nil {
			return nil, err
		}
		if one.Bound.Sent, err = sent.sent(); err != nil {
			return nil, err
		}
		if one.Base, err = base.base(); err != nil {
			return nil, err
		}
		bound = append(bound, one)
	}
	return bound, nil
}

// InsertBindings adds bindings. ErrDuplicate: one has the resource and RECURRENCE-ID of another.
func (tx *Tx) InsertBindings(bindings []Binding) error {
	columns := []string{"resource_id", "recurrence_id", "action_id", "agreed_version", "agreed_at",
		"agreed_when", "agreed_subject", "agreed_description", "server_when", "server_subject", "server_description"}
	return tx.insertRows("insert bindings", "binding", columns, len(bindings), func(i int, values []any) {
		bindingValues(&bindings[i], values)
	})
}

// UpdateBindings replaces the action and the base of bindings.
func (tx *Tx) UpdateBindings(bindings []Binding) error {
	for i := range bindings {
		values := make([]any, 11)
		bindingValues(&bindings[i], values)
		err := tx.execOne(ErrNotFound, "update binding of resource "+bindings[i].Resource.String(), `UPDATE binding SET action_id = $3, agreed_version = $4, agreed_at = $5,
				agreed_when = $6, agreed_subject = $7, agreed_description = $8, server_when = $9, server_subject = $10, server_description = $11
			WHERE resource_id = $1 AND recurrence_id = $2`, values...)
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteBinding ends a binding; its resource and action stay.
func (tx *Tx) DeleteBinding(resource ResourceID, recurrenceID string) error {
	return tx.execOne(ErrNotFound, "delete binding of resource "+resource.String(),
		"DELETE FROM binding WHERE resource_id = $1 AND recurrence_id = $2", idValue(resource), recurrenceID)
}

// Elsewhere is an event of another link's calendar and its action.
type Elsewhere struct {
	Link   crm.LinkID
	User   crm.UserID // of that link
	State  ResourceState
	Action crm.ActionID
	// Untouched: the action is as the calendar has it; no person changed it since both sides agreed.
	Untouched bool
	Since     time.Time // when the action was made
}

// ElsewhereByUID are the events with one of the UIDs in the calendars of other living links, by UID; a living event before
// one that is gone.
func (tx *Tx) ElsewhereByUID(link crm.LinkID, uids []string) (map[string]Elsewhere, error) {
	found := map[string]Elsewhere{}
	d := tx.store.dialect
	err := listed(tx, uids, func(uid string) any { return key(uid) }, func(list string, values []any) error {
		query := `SELECT r.uid, r.link_id, l.user_id, r.state, b.action_id, a.version = b.agreed_version AND a.created_by_kind = 'link' AND a.modified_by_kind = 'link', a.created_at
			FROM resource r JOIN link l ON l.id = r.link_id JOIN binding b ON b.resource_id = r.id JOIN action a ON a.id = b.action_id
			WHERE r.uid_key IN ` + list + " AND r.link_id <> " + d.param(len(values)+1) + " AND l.ended_at IS NULL AND b.recurrence_id = ''"
		for row, err := range tx.rows("load events of other calendars by UID", query, append(values, idValue(link))...) {
			if err != nil {
				return err
			}
			var uid string
			var one Elsewhere
			if err := row.Scan(&uid, intoID(&one.Link), intoID(&one.User), &one.State, intoID(&one.Action), &one.Untouched, intoTime(&one.Since)); err != nil {
				return err
			}
			if before, known := found[uid]; !known || before.State == ResourceGone {
				found[uid] = one
			}
		}
		return nil
	})
	return found, err
}

// BoundActions are the actions that are bound to events of a link which are there, or on which both sides agreed when they last
// were: not to what is gone and settled. In order of id.
func (tx *Tx) BoundActions(link crm.LinkID) ([]crm.ActionID, error) {
	var ids []crm.ActionID
	for row, err := range tx.rows("load actions bound to link "+link.String(),
		"SELECT DISTINCT b.action_id FROM resource r JOIN binding b ON b.resource_id = r.id WHERE r.link_id = $1 AND (r.state <> 'gone' OR b.agreed_when IS NOT NULL) ORDER BY b.action_id", idValue(link)) {
		if err != nil {
			return nil, err
		}
		var id crm.ActionID
		if err := row.Scan(intoID(&id)); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
