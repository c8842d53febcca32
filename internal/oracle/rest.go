package oracle

import (
	"fmt"
	"slices"
)

// rest judges the two sides at the end, item by item.
func (w *world) rest(r *Report) {
	for _, l := range w.events {
		if !l.single || l.unknown {
			r.Unjudged++
		}
	}
	for _, it := range w.sorted() {
		w.oneToOne(r, it)
		w.equal(r, it)
		w.kept(r, it)
		w.authored(r, it)
		w.conflicts(r, it)
		w.deletions(r, it)
		w.walls(r, it)
	}
	w.untouched(r)
}

// link is a user's link that is owed something; nil without one.
func (w *world) link(user string) *Link {
	for i := range w.Links {
		if w.Links[i].User == user && !w.Links[i].Ended {
			return &w.Links[i]
		}
	}
	return nil
}

// counts reports whether an event belongs to a living link and is not set aside.
func (w *world) counts(l *live) bool {
	user := w.userOf(l.Calendar)
	return user != "" && w.link(user) != nil && !w.SetAside[l.Href] && !l.cancelled
}

// pair is an item's living action and its event, as far as they are there.
func (w *world) pair(it *item) (action *Action, l *live) {
	for _, a := range it.actions {
		if !a.Trashed {
			action = a
			break
		}
	}
	for _, candidate := range it.events {
		if w.counts(candidate) && (l == nil || (action != nil && w.userOf(candidate.Calendar) == action.Follower)) {
			l = candidate
		}
	}
	return action, l
}

// oneToOne is S3 at rest and O2.
func (w *world) oneToOne(r *Report, it *item) {
	var living []*Action
	for _, a := range it.actions {
		if !a.Trashed {
			living = append(living, a)
		}
	}
	if it.again && len(living) > 1 {
		return // one of them may be what came back
	}
	if len(living) > 1 {
		r.broken("S3", 0, it.name, "%d living actions for one item, %s and %s", len(living), living[0].ID, living[1].ID)
	}
	var events []*live
	for _, l := range it.events {
		if w.counts(l) {
			events = append(events, l)
		}
	}
	if len(events) > 1 && !it.again {
		r.broken("S3", 0, it.name, "%d events for one item, at %s and %s", len(events), events[0].Href, events[1].Href)
	}
	if len(living) > 0 && living[0].Held {
		return
	}
	r.judged("O2")
	if len(events) > 0 && len(living) == 0 {
		r.broken("O2", 0, it.name, "the event at %s has no action", events[0].Href)
	}
	for _, a := range living {
		link := w.link(a.Follower)
		if a.Synced && link != nil && !slices.ContainsFunc(events, func(l *live) bool { return l.Calendar == link.Calendar }) {
			r.broken("O2", 0, it.name, "the action %s says that it has an event, and there is none in %s", a.ID, link.Calendar)
		}
		if !a.Synced && len(events) > 0 {
			r.broken("O2", 0, it.name, "the action %s says that it has no event, and there is one at %s", a.ID, events[0].Href)
		}
	}
}

// equal is O1.
func (w *world) equal(r *Report, it *item) {
	action, l := w.pair(it)
	if action == nil || l == nil || action.Held || it.again && (len(it.events) > 1 || len(it.actions) > 1) {
		return
	}
	r.judged("O1")
	for _, unit := range units {
		if unit == Time && l.unknown {
			continue
		}
		forms, form := action.Values.forms(unit, w.DefaultDurations), l.unit(unit)
		if slices.Contains(forms, form) || w.sameAuthor(unit, forms, form) {
			continue
		}
		r.broken("O1", 0, it.name, "%s is %q in C and %q in K", unit, action.Values.show(unit), form)
	}
}

// sameAuthor reports whether one edit wrote both values: the server has a form of its own.
func (w *world) sameAuthor(unit Unit, forms []string, form string) bool {
	author := w.author[valueKey(unit, form)]
	return author != nil && form != "" && slices.ContainsFunc(forms, func(f string) bool { return f != "" && w.author[valueKey(unit, f)] == author })
}

// concurrent reports whether neither of two edits had seen the other.
func concurrent(a, b *edit) bool { return !a.saw[b.number] && !b.saw[a.number] }

// doubtful reports whether one of two edits saw the other by a write whose answer was lost: then nobody can tell whether they are
// a conflict, and either end is right.
func doubtful(a, b *edit) bool { return a.doubt[b.number] || b.doubt[a.number] }

// superseded reports whether a later edit of the same unit replaced a value: by the same side, or having seen it.
func superseded(it *item, e *edit) bool {
	return slices.ContainsFunc(it.edits, func(later *edit) bool {
		return later.unit == e.unit && later.number > e.number && ((later.side == e.side && later.node == e.node) || later.saw[e.number])
	})
}

// ended reports whether a deletion took an edit along: one that had seen it, or a later one at the same place.
func ended(it *item, e *edit) bool {
	return slices.ContainsFunc(it.edits, func(d *edit) bool {
		return (d.kind == Delete || d.kind == Unlink) && takes(d, e) && !slices.ContainsFunc(it.edits, func(back *edit) bool {
			return back.kind == Restore && back.number > d.number
		})
	})
}

// vanished reports whether a person wrote something on K and took it away again there, and C never came to know it.
func (w *world) vanished(it *item, e *edit) bool {
	return e.side == sideK && slices.ContainsFunc(it.edits, func(d *edit) bool { return d.kind == Delete && d.side == sideK && takes(d, e) }) &&
		!slices.ContainsFunc(it.actions, func(a *Action) bool { return w.holds(a, e) || w.remembers(a, e) })
}

func takes(d, e *edit) bool {
	if e.met > 0 && (d.write > e.met || (d.side == sideC && d.write == e.met)) {
		return true // it had lost a conflict before, and is in the history
	}
	return d.saw[e.number] || (d.side == e.side && d.node == e.node && d.number > e.number)
}

func isValue(e *edit) bool {
	return e.unit != "" && slices.ContainsFunc(e.forms, func(f string) bool { return f != "" })
}

// kept is S5 and O3: every value that was written and not replaced is on both sides, or lost a conflict and is in the history.
func (w *world) kept(r *Report, it *item) {
	action, l := w.pair(it)
	for _, e := range it.edits {
		if !isValue(e) || superseded(it, e) || w.outside(it, e) || w.vanished(it, e) || w.takenBack(it, e) {
			continue
		}
		r.judged("O3")
		onC, inHistory := false, false
		for _, a := range it.actions {
			onC = onC || w.holds(a, e)
			inHistory = inHistory || w.remembers(a, e)
		}
		onK := l != nil && slices.ContainsFunc(w.alike(it, e.unit, l.unit(e.unit)), e.has)
		switch {
		case ended(it, e):
			if !onC && !inHistory {
				r.broken("O3", 0, it.name, "%s %q, deleted, is neither in the trash nor in any history", e.unit, e.shown)
			}
		case onC && (onK || l == nil || (action != nil && action.Held)):
		case onC && e.unit == Time && l.unknown:
		case it.torn >= 0 && (onC || inHistory), e.undone && inHistory:
		case inHistory && w.mayLose(it, e):
		case inHistory && !onC && !onK:
			r.broken("O3", 0, it.name, "%s %q stands in the history only, and nothing stood against it", e.unit, e.shown)
		case !onC && !inHistory:
			if w.exempt(e) {
				r.Exempt++
				continue
			}
			rule := "O3"
			if e.side == sideC {
				rule = "S5"
			}
			r.broken(rule, 0, it.name, "%s %q is lost: neither current nor in any history", e.unit, e.shown)
		default:
			r.broken("O3", 0, it.name, "%s %q is on one side only", e.unit, e.shown)
		}
	}
}

// holds reports whether an action's own value is the edit's.
func (w *world) holds(a *Action, e *edit) bool {
	forms := a.Values.forms(e.unit, w.DefaultDurations)
	return slices.ContainsFunc(forms, e.has) || w.sameAuthor(e.unit, forms, e.forms[0])
}

func (w *world) remembers(a *Action, e *edit) bool {
	return slices.ContainsFunc(a.History, func(entry Entry) bool {
		return entry.Unit == e.unit && (slices.ContainsFunc(entry.Before.forms(e.unit, w.DefaultDurations), e.has) || slices.ContainsFunc(entry.After.forms(e.unit, w.DefaultDurations), e.has))
	})
}

// mayLose reports whether something stood against an edit: a change of the same unit, or a deletion, made without having seen it.
func (w *world) mayLose(it *item, e *edit) bool {
	return slices.ContainsFunc(it.edits, func(other *edit) bool {
		return (other.side != e.side || other.node != e.node) && (concurrent(e, other) || doubtful(e, other)) && (other.unit == e.unit || other.kind == Delete || other.kind == Unlink)
	})
}

// outside reports whether an edit was made where no link reaches, or in what C may not show.
func (w *world) outside(it *item, e *edit) bool {
	if e.side == sideC {
		return false
	}
	for _, l := range it.events {
		if l.node == e.node && w.counts(l) {
			return false
		}
	}
	write := &w.Writes[w.indexOf(e.write)]
	calendar := write.Calendar
	return w.SetAside[write.Href] || w.userOf(calendar) == "" || w.link(w.userOf(calendar)) == nil
}

// exempt reports whether an edit was lost on a server that honours no preconditions.
func (w *world) exempt(e *edit) bool {
	return e.side == sideK && w.Unguarded[w.Writes[w.indexOf(e.write)].Calendar]
}

// authored is O4: every value was written by a person, to this unit of this item.
func (w *world) authored(r *Report, it *item) {
	check := func(unit Unit, forms []string, shown, where string) {
		r.judged("O4")
		if len(forms) == 0 || slices.Contains(forms, "") {
			return
		}
		for _, form := range forms {
			if author := w.author[valueKey(unit, form)]; author != nil && w.root(author.node) == it.name {
				return
			}
		}
		r.broken("O4", 0, it.name, "%s %q in %s was written there by nobody", unit, shown, where)
	}
	for _, a := range it.actions {
		for _, unit := range units {
			check(unit, a.Values.forms(unit, w.DefaultDurations), a.Values.show(unit), "C")
		}
	}
	for _, l := range it.events {
		for _, unit := range units {
			if unit != Time || !l.unknown {
				check(unit, w.alike(it, unit, l.unit(unit)), l.unit(unit), "K")
			}
		}
	}
}

// alike are a value of K and, where an action says the same, all forms of that: a time that was written in nobody's zone is
// taken as the action's, and written so where C makes another event of it.
func (w *world) alike(it *item, unit Unit, form string) []string {
	found := []string{form}
	for _, a := range it.actions {
		if forms := a.Values.forms(unit, w.DefaultDurations); !a.Trashed && slices.Contains(forms, form) {
			found = append(found, forms...)
		}
	}
	return found
}

// lastOf is the last edit of a unit on one side.
func lastOf(it *item, s side, unit Unit) *edit {
	var last *edit
	for _, e := range it.edits {
		if e.side == s && e.unit == unit && !e.undone {
			last = e
		}
	}
	return last
}

// conflicts is O5.
func (w *world) conflicts(r *Report, it *item) {
	action, l := w.pair(it)
	for _, a := range it.actions {
		if it.torn < 0 {
			w.records(r, it, a)
		}
	}
	if it.torn >= 0 || action == nil || l == nil || action.Held {
		return
	}
	policy := PolicyCRM
	if link := w.link(w.userOf(l.Calendar)); link != nil {
		policy = link.Policy
	}
	for _, unit := range units {
		c, k := lastOf(it, sideC, unit), lastOf(it, sideK, unit)
		if c == nil || k == nil || !concurrent(c, k) || doubtful(c, k) || slices.ContainsFunc(c.forms, k.has) || ended(it, c) || ended(it, k) || w.outside(it, k) || w.vanished(it, k) {
			continue
		}
		if w.exempt(k) && !slices.ContainsFunc(it.actions, func(a *Action) bool { return w.holds(a, k) || w.remembers(a, k) }) {
			continue // overwritten or deleted within one exchange: it met nothing
		}
		if superseded(it, c) || superseded(it, k) {
			continue // an event that moves to another calendar is edited in both: what replaced one of them decides
		}
		r.judged("O5")
		winner, loser := c, k
		switch {
		case policy == PolicyCalendar:
			winner, loser = k, c
		case policy == PolicyLatest && !w.holds(action, c):
			winner, loser = k, c // when a calendar's edit was made is known to the minute of a pull only: either may win
		}
		if !w.holds(action, winner) {
			r.broken("O5", 0, it.name, "%s: %q met %q, and %q is not what stands in C", unit, c.shown, k.shown, winner.shown)
			continue
		}
		if !isValue(loser) {
			continue
		}
		records := 0
		for _, a := range it.actions {
			for _, entry := range a.History {
				if entry.Conflict && entry.Unit == unit && slices.ContainsFunc(entry.Before.forms(unit, w.DefaultDurations), loser.has) {
					records++
				}
			}
		}
		if records != 1 && !w.exempt(loser) {
			r.broken("O5", 0, it.name, "%s: %q lost against %q, and %d records say so", unit, loser.shown, winner.shown, records)
		}
	}
}

// records judges the conflicts that an action's history tells of.
func (w *world) records(r *Report, it *item, a *Action) {
	for _, entry := range a.History {
		if !entry.Conflict {
			continue
		}
		lost := w.authorOf(entry.Unit, entry.Before)
		won := w.authorOf(entry.Unit, entry.After)
		if lost == nil || won == nil {
			continue
		}
		r.judged("O5")
		if (lost.side == won.side && lost.node == won.node) || (!concurrent(lost, won) && !doubtful(lost, won)) {
			r.broken("O5", 0, it.name, "a conflict of %s is told between %q and %q, which were none", entry.Unit, lost.shown, won.shown)
		}
	}
}

func (w *world) authorOf(unit Unit, values Units) *edit {
	for _, form := range values.forms(unit, w.DefaultDurations) {
		if e := w.author[valueKey(unit, form)]; e != nil && form != "" {
			return e
		}
	}
	return nil
}

// deletions is O6.
func (w *world) deletions(r *Report, it *item) {
	var gone []*edit
	var alive *edit
	beaten := false // something stood against a deletion that had lost, or lost with it, a conflict: either end is right
	for _, e := range it.edits {
		switch {
		case e.kind == Delete:
			gone = append(gone, e)
		case e.kind == Restore:
			stands, known := w.stands(it, e)
			if !known {
				return
			}
			if stands {
				alive = e
			}
		case (e.kind == Create && isValue(e) || e.kind == Change && e.unit != "") && !w.outside(it, e): // made without a text is no edit of it
			if !e.undone && !ended(it, e) && !superseded(it, e) && !w.vanished(it, e) {
				if w.exempt(e) && !slices.ContainsFunc(it.actions, func(a *Action) bool { return w.holds(a, e) || w.remembers(a, e) }) {
					r.Exempt++ // overwritten or deleted within one exchange, before C could know of it
					continue
				}
				if w.beaten(it, e) {
					beaten = true
					continue
				}
				alive = e
			}
		}
	}
	action, l := w.pair(it)
	if len(gone) == 0 || it.torn >= 0 || (action != nil && action.Held) {
		return
	}
	for _, d := range gone {
		if slices.ContainsFunc(it.edits, func(e *edit) bool { return doubtful(d, e) }) || d.side == sideK && w.neverHeard(it, d.write) {
			return
		}
	}
	typed := notTravelling(it, gone)
	if alive == nil && (beaten || typed == either || annulled(it, gone)) {
		return
	}
	r.judged("O6")
	if alive == nil && typed == stays {
		if action == nil || l != nil {
			r.broken("O6", 0, it.name, "a field that does not travel was typed before C heard of the deletion: the action stays, without an event")
		}
		return
	}
	if alive == nil {
		if action != nil {
			r.broken("O6", 0, it.name, "deleted, and the action %s lives", action.ID)
		}
		if l != nil {
			r.broken("O6", 0, it.name, "deleted, and the event at %s lives", l.Href)
		}
		for _, a := range it.actions {
			if a.Trashed && a.Values.Subject == "" && slices.ContainsFunc(it.edits, func(e *edit) bool { return e.unit == Subject && isValue(e) }) {
				r.broken("O6", 0, it.name, "the action %s in the trash has lost what it held", a.ID)
			}
		}
		return
	}
	if action == nil {
		r.broken("O6", 0, it.name, "%s had not been seen by whoever deleted it, and the action is gone", describe(alive))
		return
	}
	if alive.unit != "" && l == nil && !action.Values.When.None() && w.link(action.Follower) != nil {
		r.broken("O6", 0, it.name, "%s had not been seen by whoever deleted it, and there is no event", describe(alive))
	}
	met := slices.ContainsFunc(gone, func(d *edit) bool {
		undone := slices.ContainsFunc(it.edits, func(e *edit) bool { return e.kind == Restore && e.number > d.number })
		return d.side != alive.side && alive.kind != Restore && concurrent(d, alive) && !undone
	})
	told := slices.ContainsFunc(it.actions, func(a *Action) bool {
		return slices.ContainsFunc(a.History, func(entry Entry) bool { return entry.Deletion })
	})
	// Without dates it owes no event: there was nothing to meet. What C took off the calendar itself once, by an attempt of which it
	// heard nothing, it cannot tell from another's deletion.
	attempted := slices.ContainsFunc(it.edits, func(e *edit) bool {
		return e.side == sideC && (e.kind == Delete || e.kind == Reassign || (e.unit == Time && e.has("")))
	})
	if met && !told && !action.Values.When.None() && !attempted {
		r.broken("O6", 0, it.name, "a change met a deletion, and no record says so")
	}
}

// neverHeard reports whether all that the engine wrote of an item before a deletion on K was one PUT of a new event whose answer
// it never had: where the server keeps no trace of what came and went, it cannot know that the event was there.
func (w *world) neverHeard(it *item, deletion int) bool {
	heard, made := false, false
	for i := range w.Writes {
		write := &w.Writes[i]
		if write.Number >= deletion {
			break
		}
		if e := w.read(write.Sent); write.engine() && write.After != "" && w.root(eventNode(write.Calendar, e.uid)) == it.name {
			made, heard = true, heard || write.Delivered
		}
	}
	return made && !heard
}

// annulled reports whether deletions of both sides met changes of the other: each may have brought the item back before the
// next came, or not.
func annulled(it *item, gone []*edit) bool {
	sides := map[side]bool{}
	met := false
	for _, d := range gone {
		sides[d.side] = true
		met = met || slices.ContainsFunc(it.edits, func(e *edit) bool { return e.side != d.side && e.unit != "" && concurrent(d, e) })
	}
	return len(sides) == 2 && met
}

// What a person typed in a field that does not travel does to a deletion on K.
type staying int

const (
	goes   staying = iota // nothing
	either                // C may have heard of the deletion as one of what it had then, or not
	stays                 // the action stays, without an event (semantics 6)
)

func notTravelling(it *item, gone []*edit) staying {
	found := goes
	var last *edit // of K: what was deleted before it had come back
	for _, d := range gone {
		if d.side == sideK {
			last = d
		} else if !slices.ContainsFunc(it.edits, func(e *edit) bool { return e.kind == Restore && e.number > d.number }) {
			return goes
		}
	}
	if d := last; d != nil {
		for _, f := range it.edits {
			switch {
			case f.side != sideC || f.saw[d.number]:
			case f.kind == Reassign:
				return either
			case f.kind == Change && f.unit == "" && f.number > d.number:
				found = stays
			case f.kind == Change && f.unit == "" && found == goes:
				found = either
			}
		}
	}
	return found
}

// beaten reports whether an edit is told to have lost a conflict.
func (w *world) beaten(it *item, e *edit) bool {
	return slices.ContainsFunc(it.actions, func(a *Action) bool {
		return slices.ContainsFunc(a.History, func(entry Entry) bool {
			return entry.Conflict && entry.Unit == e.unit && slices.ContainsFunc(entry.Before.forms(e.unit, w.DefaultDurations), e.has)
		})
	})
}

// stands reports whether a restore is the last word. It is not when somebody deletes the event after it. A restore that undid a
// deletion of the same side, and met one of the other side that C had not heard of, changed nothing by itself: known is false
// and either end is right.
func (w *world) stands(it *item, restore *edit) (stands, known bool) {
	for _, d := range it.edits {
		if d.kind != Delete {
			continue
		}
		if d.number > restore.number {
			// A deletion that the engine sent before the restore, and of which it heard nothing, looks to it like this one.
			return false, d.side == sideC || w.wroteBetween(it, restore.write, d.write)
		}
		if d.side == sideK && !restore.asked && !slices.ContainsFunc(w.Commits[:restore.commit], func(c Commit) bool {
			return c.ByEngine && (c.Kind == Trash || c.Kind == Detach) && actionNode(c.Action) == restore.node && c.After >= d.write
		}) {
			return false, false
		}
	}
	return true, true
}

// wroteBetween reports whether the engine wrote an item's event after one write and before another.
func (w *world) wroteBetween(it *item, after, before int) bool {
	return slices.ContainsFunc(w.Writes, func(write Write) bool {
		if !write.engine() || write.Number <= after || write.Number >= before {
			return false
		}
		e := w.read(write.Sent)
		return w.root(eventNode(write.Calendar, e.uid)) == it.name
	})
}

func describe(e *edit) string {
	if e.unit == "" {
		return "its " + string(e.kind)
	}
	return fmt.Sprintf("%s %q", e.unit, e.shown)
}

// walls is O10: a value is in a user's calendar or action only when its action was once followed by that user, or the user wrote it.
func (w *world) walls(r *Report, it *item) {
	for _, l := range it.events {
		user := w.userOf(l.Calendar)
		if user == "" {
			continue
		}
		r.judged("O10")
		for _, unit := range units {
			author := w.author[valueKey(unit, l.unit(unit))]
			if author == nil || l.unit(unit) == "" || author.who == user {
				continue
			}
			if !slices.ContainsFunc(it.actions, func(a *Action) bool { return w.followed[a.ID][user] }) {
				r.broken("O10", 0, it.name, "%s %q of %s is in the calendar of %s", unit, author.shown, author.who, user)
			}
		}
	}
	if it.again {
		return // who followed its action is not known to what is there now
	}
	for _, a := range it.actions {
		for _, e := range it.edits {
			if e.side != sideK || !isValue(e) || !w.holds(a, e) {
				continue
			}
			if user := w.userOf(w.Writes[w.indexOf(e.write)].Calendar); user != "" && !w.followed[a.ID][user] {
				r.broken("O10", 0, it.name, "%s %q from the calendar of %s is in an action that %s never followed", e.unit, e.shown, user, user)
			}
		}
	}
}

// untouched is O7: what is not mapped equals what its last human writer left.
func (w *world) untouched(r *Report) {
	left := map[string]*Write{}
	for i := range w.Writes {
		write := &w.Writes[i]
		switch {
		case write.After == "":
			delete(left, write.Href)
		case !write.engine():
			left[write.Href] = write
		}
	}
	everything := map[Unit]bool{Subject: true, Description: true, Time: true}
	for _, l := range w.events {
		write := left[l.Href]
		if write == nil || w.resetSince(write.Number) {
			continue
		}
		r.judged("O7")
		if l.other {
			if l.Body != write.After {
				r.broken("O7", 0, l.Href, "a resource without a VEVENT was changed")
			}
			continue
		}
		if !l.single {
			continue // judged write by write, as S2
		}
		old, now := split(write.After), split(l.Body)
		now = slices.DeleteFunc(now, func(c component) bool {
			return c.name == "VTIMEZONE" && !slices.ContainsFunc(old, func(o component) bool { return o.name == c.name && o.value("TZID") == c.value("TZID") })
		})
		if len(old) != len(now) {
			r.broken("O7", 0, l.Href, "%d components, of %d", len(now), len(old))
			continue
		}
		for i := range old {
			if had, has := difference(kept(&old[i], everything, false), kept(&now[i], everything, false)); had != has {
				r.broken("O7", 0, l.Href, "the line %q became %q", had, has)
				break
			}
		}
	}
}

func (w *world) resetSince(number int) bool {
	return slices.ContainsFunc(w.Resets, func(reset Reset) bool { return reset.After >= number })
}
