package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"agendaonline/internal/crm"
)

// A search can walk through the list in order until its page is full, or look up the rows that one of its conditions leaves
// and sort them. Which costs less depends on how many rows hold the conditions and how they lie: a word that many actions
// have fills a page within a few rows, and costs most to look up; of a rare one it is the reverse. No statistics say that
// beforehand, so we try: walk along a few rows; look whether an index leaves few; walk along more; and only then choose
// between all rows of an index and all of the walk. PostgreSQL chooses by its statistics after the first walk. SQLite has none
// that matter here, so we count with each index that fits.

// probes are how many rows are walked along before and after the indexes are looked at. What fills a page within the first
// is so common that it is also counted by walking.
var probes = [2]int{300, 3000}

// narrowRows are up to how many rows are looked up and sorted: at once, and when walking along more did not help.
var narrowRows = [2]int{1500, 10_000}

// The ways to look on SQLite, named after the indexes of the schema.
const (
	byWords    = "action_words"
	byOrder    = "action_order"
	byTrash    = "action_trash"
	byFollower = "action_follower"
	byDue      = "action_due"
	byCreated  = "action_created"
	byModified = "action_modified"
	byUnsynced = "action_unsynced"
	bySpan     = "action_span"
	byType     = "action_type"
	byStatus   = "action_status"
)

// part is one condition of a search, and the index that answers it, if any.
type part struct {
	index string
	add   func(c *conditions)
}

// parts are the conditions of a leg but for its words and for the trash.
func (q Query) parts(leg leg) []part {
	var all []part
	add := func(index string, add func(c *conditions)) { all = append(all, part{index, add}) }
	switch leg {
	case within:
		add(byOrder, func(c *conditions) {
			c.literal("a.sort_key <> ''")
			c.days("a.sort_key", q.From, q.Through)
		})
	case reachingIn:
		add(bySpan, func(c *conditions) {
			c.literal("a.spans_days")
			c.add("a.last_date >= %s", q.From.String())
			c.add("a.sort_key < %s", q.From.String())
			c.days("a.sort_key", crm.Date{}, q.Through) // a range may end before it begins
		})
	}
	if followers := q.followers(); len(followers) > 0 {
		add(byFollower, func(c *conditions) { c.in("a.follower_key", followers) })
	}
	if !q.DueFrom.IsZero() || !q.DueThrough.IsZero() {
		add(byDue, func(c *conditions) {
			c.literal("a.due_date <> ''")
			c.days("a.due_date", q.DueFrom, q.DueThrough)
		})
	}
	if !q.CreatedFrom.IsZero() || !q.CreatedBefore.IsZero() {
		add(byCreated, func(c *conditions) { c.instants("a.created_at", q.CreatedFrom, q.CreatedBefore) })
	}
	if !q.ModifiedFrom.IsZero() || !q.ModifiedBefore.IsZero() {
		add(byModified, func(c *conditions) { c.instants("a.modified_at", q.ModifiedFrom, q.ModifiedBefore) })
	}
	if len(q.Sync) > 0 {
		names := make([]any, len(q.Sync))
		for i, name := range q.Sync {
			names[i] = string(name)
		}
		if slices.Contains(q.Sync, crm.Synced) {
			add("", func(c *conditions) { c.in("a.sync_name", names) })
		} else {
			add(byUnsynced, func(c *conditions) {
				c.literal("a.sync_name <> 'synced'")
				c.in("a.sync_name", names)
			})
		}
	}
	if len(q.Types) > 0 {
		add(byType, func(c *conditions) { c.in("a.type_id", ids(q.Types)) })
	}
	if len(q.Statuses) > 0 {
		add(byStatus, func(c *conditions) { c.in("a.status_id", ids(q.Statuses)) })
	}
	if q.hidden() {
		add("", func(c *conditions) {
			c.add("(a.followed_by = %s OR NOT a.private AND ("+notShownBusy+"))", idValue(q.Viewer))
		})
	}
	return all
}

// notShownBusy is crm.Action's Secluded without Private, the other way round.
const notShownBusy = "a.followed_by IS NULL OR a.created_by_id IS NULL OR a.created_by_id NOT IN (SELECT l.id FROM link l WHERE l.shown_busy)"

// followers are the values of follower_key that q asks for.
func (q Query) followers() []any {
	var keys []any
	for _, follower := range q.FollowedBy {
		keys = append(keys, followerKey(follower))
	}
	if q.Nobody {
		keys = append(keys, followerKey(crm.UserID{}))
	}
	return keys
}

// addTrash is the condition that the partial indexes are made with.
func (q Query) addTrash(c *conditions) {
	if q.Trash {
		c.literal("a.deleted_at IS NOT NULL")
	} else {
		c.literal("a.deleted_at IS NULL")
	}
}

// addHidden leaves hidden actions out, or all others.
func (q Query) addHidden(c *conditions) {
	const hidden = "EXISTS (SELECT 1 FROM hidden_action h WHERE h.action_id = a.id)"
	switch {
	case q.Trash:
	case q.Hidden:
		c.literal(hidden)
	default:
		c.literal("NOT " + hidden)
	}
}

// plan are all conditions of a leg and the tables to look in, an index named where we choose it.
func (tx *Tx) plan(q Query, leg leg) (*conditions, string, error) {
	c := &conditions{dialect: tx.store.dialect}
	parts, words := q.parts(leg), q.words()
	from := "action a"
	planned, known := tx.planned[planKey(q, leg)]
	switch {
	case tx.store.dialect.ownPlanning && q.Hidden && !q.Trash:
		from = "hidden_action few CROSS JOIN action a ON a.id = few.action_id" // few are, so they are sorted
		words.addInRow(c)
	case tx.store.dialect.ownPlanning:
		if !known {
			var err error
			if planned, err = tx.choose(q, leg, tx.store.narrowRows[1]); err != nil {
				return nil, "", err
			}
			tx.remember(q, leg, planned)
		}
		if planned.index == byWords {
			from = "action_words CROSS JOIN action a ON a.seq = action_words.rowid"
			c.add("action_words MATCH %s", planned.match.fts5())
			planned.rest.addInRow(c)
		} else {
			from = "action a INDEXED BY " + planned.index
			words.addInRow(c)
		}
	case known:
		words.addInRow(c)
	case !words.empty():
		c.add("a.search_text::tsvector @@ %s::tsquery", words.tsquery())
	}
	for _, part := range parts {
		part.add(c)
	}
	q.addTrash(c)
	q.addHidden(c)
	return c, from, nil
}

// walk is the index that has the order of the list for what q asks.
func (q Query) walk() string {
	switch {
	case q.Trash:
		return byTrash
	case len(q.followers()) == 1:
		return byFollower
	}
	return byOrder
}

// selects reports whether q asks for something that the index of its walk does not answer, and could be looked up otherwise.
func (q Query) selects(leg leg) bool {
	if leg == reachingIn || q.Hidden && !q.Trash {
		return false // few rows, and the walk does not begin where they are
	}
	walk := q.walk()
	return !q.words().empty() || slices.ContainsFunc(q.parts(leg), func(p part) bool { return p.index != "" && p.index != walk && p.index != byOrder })
}

// addWalk adds the conditions that the index of the walk answers by itself.
func (q Query) addWalk(c *conditions, leg leg) {
	walk := q.walk()
	for _, part := range q.parts(leg) {
		if part.index == walk || part.index == byOrder {
			part.add(c)
		}
	}
	q.addTrash(c)
}

// probe walks along so many rows at most. enough: it found as many as are wanted, or there are no more rows.
func (tx *Tx) probe(q Query, leg leg, order direction, cursor Cursor, limit, rows int) (actions []crm.Action, enough bool, err error) {
	// The place of the last row of the probe is found in the index alone.
	c := &conditions{dialect: tx.store.dialect}
	q.addWalk(c, leg)
	c.beyond(order.beyond, cursor)
	var last Cursor
	query := "SELECT a.sort_key, a.id FROM " + tx.walking(q) + " WHERE " + c.text() + order.by() + " LIMIT 1 OFFSET " + c.value(rows-1)
	err = tx.queryRow("plan search", query, c.values...).Scan(&last.sortKey, intoID(&last.id))
	whole := errors.Is(err, ErrNotFound)
	if err != nil && !whole {
		return nil, false, err
	}
	c = &conditions{dialect: tx.store.dialect}
	q.words().addInRow(c)
	for _, part := range q.parts(leg) {
		part.add(c)
	}
	q.addTrash(c)
	q.addHidden(c)
	c.beyond(order.beyond, cursor)
	c.beyond(order.within, last)
	if actions, err = tx.listActions(c, tx.walking(q), order, limit); err != nil {
		return nil, false, err
	}
	return actions, whole || len(actions) >= limit, nil
}

// walking names the table, and the index to walk along where we choose it.
func (tx *Tx) walking(q Query) string {
	if tx.store.dialect.ownPlanning {
		return "action a INDEXED BY " + q.walk()
	}
	return "action a"
}

// way is how a leg is looked for.
type way struct {
	index       string
	match, rest wanted // with the index of words: what is looked up in it, and what is tested in the row
	rows        int    // that it leaves, as far as they were counted
}

// remember keeps how a leg is best looked for, so that a count after a search does not find out again.
func (tx *Tx) remember(q Query, leg leg, how way) {
	if tx.planned == nil {
		tx.planned = map[string]way{}
	}
	tx.planned[planKey(q, leg)] = how
}

func planKey(q Query, leg leg) string { return fmt.Sprint(leg, q) }

// choose is the way that leaves fewest rows when it leaves less than most, else the walk.
func (tx *Tx) choose(q Query, leg leg, most int) (way, error) {
	walk := q.walk()
	best := way{index: walk, rows: most}
	consider := func(how way, from string, add func(c *conditions)) error {
		c := &conditions{dialect: tx.store.dialect}
		add(c)
		limit := c.value(best.rows)
		query := "SELECT COUNT(*) FROM (SELECT 1 FROM " + from + " WHERE " + c.text() + " LIMIT " + limit + ")"
		err := tx.queryRow("plan search", query, c.values...).Scan(&how.rows)
		if how.rows < best.rows {
			best = how
		}
		return err
	}
	for _, part := range q.parts(leg) {
		ofLive := part.index != byCreated && part.index != byModified
		if part.index == "" || part.index == walk || q.Trash && ofLive {
			continue
		}
		err := consider(way{index: part.index}, "action a INDEXED BY "+part.index, func(c *conditions) {
			part.add(c)
			if ofLive {
				q.addTrash(c)
			}
		})
		if err != nil {
			return best, err
		}
	}
	for _, how := range q.words().ways() {
		if best.rows < most {
			break // looking at words costs more than looking up and sorting these
		}
		if err := consider(how, "action_words", func(c *conditions) { c.add("action_words MATCH %s", how.match.fts5()) }); err != nil {
			return best, err
		}
	}
	return best, nil
}

// narrow reports whether a way leaves few rows, and remembers it. Where none does, words are counted by their index. PostgreSQL
// has statistics of words, and finds its way from here.
func (tx *Tx) narrow(q Query, leg leg) (bool, error) {
	if !tx.store.dialect.ownPlanning {
		return true, nil
	}
	how, err := tx.choose(q, leg, tx.store.narrowRows[0])
	if err != nil {
		return false, err
	}
	narrow := how.rows < tx.store.narrowRows[0]
	if words := q.words(); !narrow && !words.empty() {
		how = way{index: byWords, match: words}
	}
	tx.remember(q, leg, how)
	return narrow, nil
}

// ways are those to look words up, those that cost least first: whole words alone; beginnings alone, for which the lists of all
// words that begin so are merged; and all of them.
func (w wanted) ways() []way {
	var ways []way
	whole, beginnings := wanted{whole: w.whole}, wanted{beginnings: w.beginnings}
	if !whole.empty() {
		ways = append(ways, way{index: byWords, match: whole, rest: beginnings})
	}
	if !beginnings.empty() {
		ways = append(ways, way{index: byWords, match: beginnings, rest: whole})
	}
	if len(ways) > 1 {
		ways = append(ways, way{index: byWords, match: w})
	}
	return ways
}

// days adds that a civil date, or a text that begins with one, lies within a range, both days included.
func (c *conditions) days(column string, from, through crm.Date) {
	if !from.IsZero() {
		c.add(column+" >= %s", from.String())
	}
	if !through.IsZero() {
		c.add(column+" < %s", through.String()+"~") // which comes after every time of that day
	}
}

// instants adds that an instant lies within a half-open range.
func (c *conditions) instants(column string, from, before time.Time) {
	if !from.IsZero() {
		c.add(column+" >= %s", from.UnixMicro())
	}
	if !before.IsZero() {
		c.add(column+" < %s", before.UnixMicro())
	}
}
