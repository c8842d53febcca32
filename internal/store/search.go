package store

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"agendaonline/internal/crm"
)

// Query says which actions are wanted (semantics 10). A zero field asks for nothing; those that ask must all hold, of a list
// one. The zero Query is every action out of the trash.
type Query struct {
	// Viewer is who looks. Actions of others that are private, or shown as busy, are found by when they are and by who follows
	// them, never by what they hide; in the trash they are not found at all (semantics 12).
	Viewer crm.UserID

	// Words in any order, without regard to case and diacritics, the last as the beginning of one. Text is looked for in
	// subject, description, third party, contact and dossier, the others in their field.
	Text       string
	ThirdParty string
	Contact    string
	Dossier    string

	Types      []crm.ChoiceID
	Statuses   []crm.ChoiceID
	FollowedBy []crm.UserID
	Nobody     bool // also, or only, what nobody follows
	Sync       []crm.SyncName

	From, Through       crm.Date // some day of the action lies within, both included; dateless ones do not
	DueFrom, DueThrough crm.Date
	// Instants are half-open: from in, before out.
	CreatedFrom, CreatedBefore   time.Time
	ModifiedFrom, ModifiedBefore time.Time

	Trash  bool // what lies in the trash instead, hidden or not
	Hidden bool // what was hidden instead
}

// Cursor is the place of an action in the list; the zero Cursor is no place.
type Cursor struct {
	sortKey string
	id      crm.ActionID
}

// PlaceOf is the place of an action in the list.
func PlaceOf(action crm.Action) Cursor { return Cursor{sortKey(action.When), action.ID} }

// IsZero reports whether it is no place.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// String is a form that fits in a URL, "" for no place.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(c.id[:], c.sortKey...))
}

// ParseCursor reads what String writes.
func ParseCursor(text string) (Cursor, error) {
	var cursor Cursor
	if text == "" {
		return cursor, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) < len(cursor.id) || len(data) > len(cursor.id)+len("2026-11-23 14:30:15") {
		return cursor, errors.New("read cursor: it is not one of ours")
	}
	copy(cursor.id[:], data)
	cursor.sortKey = string(data[len(cursor.id):])
	if cursor.id.IsZero() || strings.Trim(cursor.sortKey, "0123456789-: ") != "" {
		return Cursor{}, errors.New("read cursor: it is not one of ours")
	}
	return cursor, nil
}

// Page says which part of the list is wanted: Limit actions After a place, or those just Before one; from the beginning when
// neither is given.
type Page struct {
	After, Before Cursor
	Limit         int
}

// Found is a page of actions by start, else end, the latest first and the undated last, without their documents.
type Found struct {
	Actions  []crm.Action
	Next     Cursor // the place to go on after, zero when this is the end
	Previous Cursor // the place to go back before, zero when this is the beginning
}

// Search is one page of the actions that q asks for.
func (tx *Tx) Search(q Query, page Page) (Found, error) {
	if page.Limit < 1 {
		return Found{}, fmt.Errorf("search: limit is %d", page.Limit)
	}
	order := descending
	cursor := page.After
	if !page.Before.IsZero() {
		order, cursor = ascending, page.Before
	}
	var actions []crm.Action
	legs := q.legs()
	if order == ascending {
		slices.Reverse(legs)
	}
	for _, leg := range legs {
		more, err := tx.searchLeg(q, leg, order, cursor, page.Limit+1-len(actions))
		if err != nil {
			return Found{}, err
		}
		if actions = append(actions, more...); len(actions) > page.Limit {
			break
		}
	}
	further := len(actions) > page.Limit
	if further {
		actions = actions[:page.Limit]
	}
	if order == ascending {
		slices.Reverse(actions)
	}
	found := Found{Actions: actions}
	if len(actions) > 0 {
		first, last := actions[0], actions[len(actions)-1]
		if order == ascending || further {
			found.Next = PlaceOf(last)
		}
		if order == descending && !cursor.IsZero() || order == ascending && further {
			found.Previous = PlaceOf(first)
		}
	}
	return found, nil
}

// Count is how many actions q asks for; atMost when there are more, so that a count costs no more than it is worth.
func (tx *Tx) Count(q Query, atMost int) (int, error) {
	total := 0
	for _, leg := range q.legs() {
		if len(q.followers()) > 1 && q.words().empty() && !q.Trash && leg != reachingIn {
			// The list is walked in its order, which their index does not have together; it counts them without the others.
			tx.remember(q, leg, way{index: byFollower})
		}
		c, from, err := tx.plan(q, leg)
		if err != nil {
			return 0, err
		}
		limit := c.value(atMost - total)
		var n int
		query := "SELECT COUNT(*) FROM (SELECT 1 FROM " + from + " WHERE " + c.text() + " LIMIT " + limit + ") counted"
		if err := tx.queryRow("count actions", query, c.values...).Scan(&n); err != nil {
			return 0, err
		}
		if total += n; total >= atMost {
			break
		}
	}
	return total, nil
}

type direction struct{ order, beyond, within string }

var (
	descending = direction{"DESC", "<", ">="}
	ascending  = direction{"ASC", ">", "<="}
)

// by sorts in the order of the list.
func (d direction) by() string { return " ORDER BY a.sort_key " + d.order + ", a.id " + d.order }

// leg is a part of a search whose actions all come before those of the next leg.
type leg uint8

const (
	everything leg = iota // no range of dates is asked for
	within                // those listed at a day within the range
	reachingIn            // those listed at a day before the range that go on into it
)

func (q Query) legs() []leg {
	switch {
	case q.From.IsZero() && q.Through.IsZero():
		return []leg{everything}
	case q.From.IsZero():
		return []leg{within}
	}
	return []leg{within, reachingIn}
}

// searchLeg is at most limit actions of a leg from a place on.
func (tx *Tx) searchLeg(q Query, leg leg, order direction, cursor Cursor, limit int) ([]crm.Action, error) {
	if q.selects(leg) {
		actions, enough, err := tx.probe(q, leg, order, cursor, limit, tx.store.probes[0])
		if err != nil {
			return nil, err
		}
		if enough {
			tx.remember(q, leg, way{index: q.walk()})
			return actions, nil
		}
		narrow, err := tx.narrow(q, leg)
		if err != nil {
			return nil, err
		}
		if !narrow {
			if actions, enough, err = tx.probe(q, leg, order, cursor, limit, tx.store.probes[1]); err != nil || enough {
				return actions, err
			}
			delete(tx.planned, planKey(q, leg))
		}
	}
	c, from, err := tx.plan(q, leg)
	if err != nil {
		return nil, err
	}
	c.beyond(order.beyond, cursor)
	return tx.listActions(c, from, order, limit)
}

// beyond adds that a row comes after a place, in the given direction.
func (c *conditions) beyond(direction string, cursor Cursor) {
	if !cursor.IsZero() {
		c.add("(a.sort_key, a.id) "+direction+" (%s, %s)", cursor.sortKey, idValue(cursor.id))
	}
}

// listActions are the first rows, in order, of those that hold all conditions.
func (tx *Tx) listActions(c *conditions, from string, order direction, limit int) ([]crm.Action, error) {
	inOrder := order.by()
	// The rows are looked up only once it is known which ones are shown, so that sorting carries no texts.
	query := "SELECT " + selectedAction + " FROM action a WHERE a.seq IN (SELECT a.seq FROM " + from + " WHERE " + c.text() +
		inOrder + " LIMIT " + c.value(limit) + ")" + inOrder
	var actions []crm.Action
	for row, err := range tx.rows("search actions", query, c.values...) {
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

// hidden reports whether q asks for anything that an action that is private or shown as busy hides from others.
func (q Query) hidden() bool {
	return q.Trash || q.Text != "" || q.ThirdParty != "" || q.Contact != "" || q.Dossier != "" || len(q.Types)+len(q.Statuses)+len(q.Sync) > 0 ||
		!q.DueFrom.IsZero() || !q.DueThrough.IsZero() || !q.CreatedFrom.IsZero() || !q.CreatedBefore.IsZero() ||
		!q.ModifiedFrom.IsZero() || !q.ModifiedBefore.IsZero()
}

// conditions gathers what must hold, with its parameters.
type conditions struct {
	dialect *dialect
	parts   []string
	values  []any
}

// value makes a parameter and returns its name.
func (c *conditions) value(value any) string {
	c.values = append(c.values, value)
	return c.dialect.param(len(c.values))
}

// add adds a condition whose %s are the values.
func (c *conditions) add(condition string, values ...any) {
	names := make([]any, len(values))
	for i, value := range values {
		names[i] = c.value(value)
	}
	c.parts = append(c.parts, fmt.Sprintf(condition, names...))
}

// in adds that a column has one of the values; an empty list asks for nothing.
func (c *conditions) in(column string, values []any) {
	switch len(values) {
	case 0:
	case 1:
		c.add(column+" = %s", values[0])
	default:
		names := make([]string, len(values))
		for i, value := range values {
			names[i] = c.value(value)
		}
		c.literal(column + " IN (" + strings.Join(names, ", ") + ")")
	}
}

// literal adds a condition without values.
func (c *conditions) literal(condition string) { c.parts = append(c.parts, condition) }

func (c *conditions) text() string { return strings.Join(c.parts, " AND ") }

func ids[Of any](ids []crm.ID[Of]) []any {
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = idValue(id)
	}
	return values
}
