package store

import (
	"slices"
	"time"

	"agendaonline/internal/crm"
)

// A search can walk through the list in order until its page is full, or look up the few rows that one of its conditions
// leaves and sort them. PostgreSQL chooses by its statistics. SQLite knows nothing of what matters here (how many actions
// hold a word, how the dates lie), so we count up to narrowRows with each index that fits, and walk when none leaves less.

// narrowRows is up to how many rows are looked up and sorted. Where more of 100,000 actions match, the first page of a walk
// is soon full.
const narrowRows = 3000

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

// plan are all conditions of a leg and the tables to look in, an index named where we choose it.
func (tx *Tx) plan(q Query, leg leg) (*conditions, string, error) {
	c := &conditions{dialect: tx.store.dialect}
	parts, words := q.parts(leg), q.words()
	from := "action a"
	if tx.store.dialect.ownPlanning {
		index, err := tx.chooseIndex(q, parts, words)
		if err != nil {
			return nil, "", err
		}
		if index == byWords {
			from = "action_words CROSS JOIN action a ON a.seq = action_words.rowid"
			c.add("action_words MATCH %s", words.fts5())
		} else {
			from = "action a INDEXED BY " + index
			words.addInRow(c)
		}
	} else if !words.empty() {
		c.add("a.search_text::tsvector @@ %s::tsquery", words.tsquery())
	}
	for _, part := range parts {
		part.add(c)
	}
	q.addTrash(c)
	return c, from, nil
}

// chooseIndex is the index of the condition that leaves fewest rows, or the one to walk along.
func (tx *Tx) chooseIndex(q Query, parts []part, words wanted) (string, error) {
	walk := byOrder
	switch {
	case q.Trash:
		walk = byTrash
	case len(q.followers()) == 1:
		walk = byFollower // which has the order of the list within one follower
	}
	best, fewest := walk, tx.store.narrowRows
	consider := func(index, from string, add func(c *conditions)) error {
		c := &conditions{dialect: tx.store.dialect}
		add(c)
		limit := c.value(fewest)
		var n int
		err := tx.queryRow("plan search", "SELECT COUNT(*) FROM (SELECT 1 FROM "+from+" WHERE "+c.text()+" LIMIT "+limit+")", c.values...).Scan(&n)
		if n < fewest {
			best, fewest = index, n
		}
		return err
	}
	if !words.empty() {
		if err := consider(byWords, "action_words", func(c *conditions) { c.add("action_words MATCH %s", words.fts5()) }); err != nil {
			return "", err
		}
	}
	for _, part := range parts {
		ofLive := part.index != byCreated && part.index != byModified
		if part.index == "" || part.index == walk || q.Trash && ofLive {
			continue
		}
		err := consider(part.index, "action a INDEXED BY "+part.index, func(c *conditions) {
			part.add(c)
			if ofLive {
				q.addTrash(c)
			}
		})
		if err != nil {
			return "", err
		}
	}
	return best, nil
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
