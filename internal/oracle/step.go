package oracle

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Judge looks at a whole history: S1 to S5 at each step of K's log, O1 to O7, O10 and O11 at its end.
func Judge(h History) Report {
	var r Report
	w := build(&h)
	w.steps(&r)
	w.rest(&r)
	return r
}

// Steps looks at the steps only, for a history that is still going on.
func Steps(h History) Report {
	var r Report
	build(&h).steps(&r)
	return r
}

// steps judges each of the engine's writes by the state it met.
func (w *world) steps(r *Report) {
	state := map[string]Resource{}
	etags := map[string][]string{} // all that an href ever had
	reset, commit := 0, 0
	causes := map[string]cause{} // by item's root
	// What the engine sent and was given an ETag for: the server promised by it that these very bytes are stored (RFC 4791
	// section 5.3.4), which Radicale and Xandikos do not keep.
	promised := map[string]string{}
	for i := range w.Writes {
		write := &w.Writes[i]
		for reset < len(w.Resets) && w.Resets[reset].After < write.Number {
			state = map[string]Resource{}
			for _, resource := range w.Resets[reset].Resources {
				state[resource.Href] = resource
			}
			reset++
		}
		for commit < len(w.Commits) && w.Commits[commit].After < write.Number {
			w.cause(causes, &w.Commits[commit])
			commit++
		}
		if write.engine() {
			w.blind(r, write, etags[write.Href])
			if !w.again(i) {
				w.patch(r, write, promised[write.Href])
			}
			w.doubled(r, write, state)
			w.deletion(r, write, causes)
			w.tooSoon(r, write, causes)
			w.obeyed(causes, write)
			w.mail(r, write)
		}
		delete(promised, write.Href)
		if write.engine() && write.Delivered && write.ETagGiven != "" {
			promised[write.Href] = write.Sent
		}
		apply(state, write)
		if write.ETagAfter != "" {
			etags[write.Href] = append(etags[write.Href], bare(write.ETagAfter))
		}
		if write.ETagBefore != "" {
			etags[write.Href] = append(etags[write.Href], bare(write.ETagBefore))
		}
	}
	w.trashings(r)
	w.echoes(r)
}

// again reports whether a write is the one before it once more: a proxy delivered it twice (F4).
func (w *world) again(i int) bool {
	if i == 0 {
		return false
	}
	one, two := &w.Writes[i-1], &w.Writes[i]
	return one.Method == two.Method && one.Href == two.Href && one.Sent == two.Sent && one.IfMatch == two.IfMatch && one.IfNoneMatch == two.IfNoneMatch && two.At.Sub(one.At) < time.Millisecond
}

// bare is an ETag without weak mark and quotes.
func bare(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

// blind is S1.
func (w *world) blind(r *Report, write *Write, known []string) {
	if w.Unguarded[write.Calendar] {
		return
	}
	r.judged("S1")
	what := write.Method + " " + write.Href
	switch {
	case write.Before == "" && write.After != "":
		if write.IfNoneMatch != "*" {
			r.broken("S1", write.Number, what, "made without If-None-Match: *")
		}
	case write.IfMatch == "" || write.IfMatch == "*":
		r.broken("S1", write.Number, what, "an existing resource written without the ETag it was made from")
	case bare(write.IfMatch) != bare(write.ETagBefore) && !slices.Contains(known, bare(write.IfMatch)):
		r.broken("S1", write.Number, what, "If-Match %s, which it never had", write.IfMatch)
	}
}

// twins are properties that go with a unit (semantics 5).
func allowed(name string, changed map[Unit]bool, series bool) bool {
	switch name {
	case "DTSTAMP", "LAST-MODIFIED", "SEQUENCE":
		return true
	case "SUMMARY":
		return changed[Subject]
	case "DESCRIPTION", "X-ALT-DESC":
		return changed[Description]
	case "DTSTART", "DTEND", "DURATION":
		return changed[Time]
	case "EXDATE", "RDATE", "RRULE", "RECURRENCE-ID":
		return series
	}
	return changed[Time] && strings.HasPrefix(name, "X-") && strings.Contains(name, "ALLDAY")
}

// patch is S2: what the engine sends differs from what was there only in what it may touch.
func (w *world) patch(r *Report, write *Write, promised string) {
	if write.Before == "" || write.After == "" {
		return
	}
	r.judged("S2")
	if before := w.read(write.Before); before.other {
		r.broken("O7", write.Number, "PUT "+write.Href, "a resource without a VEVENT was written")
		return
	}
	wrong := patched(write.Before, write.Sent)
	if wrong != "" && promised != "" && patched(promised, write.Sent) == "" {
		return
	}
	if wrong != "" {
		r.broken("S2", write.Number, "PUT "+write.Href, "%s", wrong)
	}
}

// patched says what makes a text more than a patch of another; "" when it is none.
func patched(had, text string) string {
	before, sent := read(had), read(text)
	if before.uid != sent.uid {
		return fmt.Sprintf("its UID %q became %q", before.uid, sent.uid)
	}
	series := !before.single || !sent.single
	changed := map[Unit]bool{}
	for _, unit := range units {
		changed[unit] = series || before.unit(unit) != sent.unit(unit)
	}
	old, now := split(had), split(text)
	for len(old) > 0 && len(now) > 0 {
		if now[0].name == "VTIMEZONE" && old[0].name != "VTIMEZONE" {
			now = now[1:] // one that is newly referred to
			continue
		}
		if missing, surplus := difference(kept(&old[0], changed, series), kept(&now[0], changed, series)); missing != "" || surplus != "" {
			if series && old[0].name == "VEVENT" && len(now) > len(old) {
				now = now[1:] // an override that was added
				continue
			}
			return fmt.Sprintf("a line that is not its business: had %q, sent %q", missing, surplus)
		}
		old, now = old[1:], now[1:]
	}
	for _, left := range old {
		if !(series && left.name == "VEVENT") {
			return fmt.Sprintf("a %s was taken away", left.name)
		}
	}
	for _, added := range now {
		if added.name != "VTIMEZONE" && !(series && added.name == "VEVENT") {
			return fmt.Sprintf("a %s was added", added.name)
		}
	}
	return ""
}

// kept are the lines of a component that a write may not touch, nested components included.
func kept(c *component, changed map[Unit]bool, series bool) []string {
	lines := []string{c.name}
	depth := 0
	for _, line := range c.lines {
		name := nameOf(line)
		switch {
		case name == "BEGIN":
			depth++
		case name == "END":
			depth--
		case depth == 0 && c.name == "VEVENT" && allowed(name, changed, series):
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// difference is the first line that one of two has and the other has not. Their order means nothing in iCalendar, and some
// servers keep another: Xandikos 0.2.8 sorts them.
func difference(a, b []string) (string, string) {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			return a[0], ""
		case len(a) == 0 || b[0] < a[0]:
			return "", b[0]
		}
		a, b = a[1:], b[1:]
	}
	return "", ""
}

// doubled is S3 on K: no second resource for an item in one calendar.
func (w *world) doubled(r *Report, write *Write, state map[string]Resource) {
	if write.Before != "" || write.After == "" {
		return
	}
	r.judged("S3")
	made := w.read(write.Sent)
	for href, other := range state {
		if href == write.Href || other.Calendar != write.Calendar {
			continue
		}
		e := w.read(other.Body)
		if it := w.items[w.root(eventNode(write.Calendar, made.uid))]; it != nil && it.again && e.uid != made.uid {
			continue
		}
		if e.uid == made.uid || (made.single && e.single && w.same(write.Calendar, &made, &e)) {
			r.broken("S3", write.Number, "PUT "+write.Href, "a second resource for what is at %s", href)
			return
		}
	}
}

// same reports whether two events are one item.
func (w *world) same(calendar string, a, b *event) bool {
	return w.root(eventNode(calendar, a.uid)) == w.root(eventNode(calendar, b.uid))
}

// cause is why an item's event may be deleted by the engine.
type cause struct {
	deleted  bool            // or unlinked
	cleared  bool            // it has no dates
	left     map[string]bool // reassigned away from these users
	follower string
	restored bool // a person took back the deletion
	dated    bool // or gave it dates again
}

// cause notes what a person did that takes an event off a calendar, or puts it back.
func (w *world) cause(causes map[string]cause, c *Commit) {
	if c.ByEngine {
		return
	}
	root := w.root(actionNode(c.Action))
	why := causes[root]
	switch {
	case c.Kind == Delete || c.Kind == Unlink:
		why.deleted, why.restored = true, false
	case c.Kind == Reassign:
		if why.left == nil {
			why.left = map[string]bool{}
		}
		for _, link := range w.Links {
			why.left[link.User] = why.left[link.User] || link.User != c.Follower
		}
	case c.Kind == Restore:
		why.restored = true
	}
	if why.dated = !c.Values.When.None(); !why.dated {
		why.cleared = true
	}
	why.follower = c.Follower
	causes[root] = why
}

// obeyed: the engine wrote an item's event, so that what was undone before is no cause any more. Until then a deletion may
// have been under way.
func (w *world) obeyed(causes map[string]cause, write *Write) {
	if write.After == "" {
		return
	}
	root := w.root(eventNode(write.Calendar, w.read(write.Sent).uid))
	if why, has := causes[root]; has && w.userOf(write.Calendar) == why.follower {
		why.deleted, why.cleared = why.deleted && !why.restored, why.cleared && !why.dated
		delete(why.left, why.follower)
		causes[root] = why
	}
}

// wentBack reports whether a side had gone back before a write.
func (w *world) wentBack(write int) bool {
	return slices.ContainsFunc(w.Returns, func(back Return) bool { return back.After < write }) || slices.ContainsFunc(w.Resets, func(reset Reset) bool { return reset.After < write })
}

// deletion is S4 on K: the engine deletes only what a person took away in C before.
func (w *world) deletion(r *Report, write *Write, causes map[string]cause) {
	if write.After != "" {
		return
	}
	r.judged("S4")
	gone := w.read(write.Before)
	if gone.other {
		r.broken("O7", write.Number, "DELETE "+write.Href, "a resource without a VEVENT was deleted")
		return
	}
	if !gone.single {
		return
	}
	root := w.root(eventNode(write.Calendar, gone.uid))
	if it := w.items[root]; it != nil && it.again && w.wentBack(write.Number) {
		return // one of several that it became when a side went back: which of them a person meant, nobody can tell
	}
	why := causes[root]
	if !why.deleted && !why.cleared && !why.left[w.userOf(write.Calendar)] {
		r.broken("S4", write.Number, "DELETE "+write.Href, "nobody had deleted, cleared, reassigned or unlinked it in C")
	}
}

// tooSoon: an event leaves a calendar for another's only when it is there (semantics 6).
func (w *world) tooSoon(r *Report, write *Write, causes map[string]cause) {
	if write.After != "" {
		return
	}
	gone := w.read(write.Before)
	root := w.root(eventNode(write.Calendar, gone.uid))
	why := causes[root]
	link := w.link(why.follower)
	if !gone.single || !why.left[w.userOf(write.Calendar)] || why.deleted || why.cleared || link == nil || link.Calendar == write.Calendar {
		return
	}
	r.judged("S4")
	for i := range w.Writes { // it may have been deleted there since
		if other := &w.Writes[i]; other.Number < write.Number && other.Calendar == link.Calendar && other.After != "" && w.root(eventNode(other.Calendar, w.read(other.After).uid)) == root {
			return
		}
	}
	r.broken("S4", write.Number, "DELETE "+write.Href, "it left for the calendar of %s, and was not there yet", why.follower)
}

// userOf is whose link a calendar is, "" for nobody's.
func (w *world) userOf(calendar string) string {
	for _, link := range w.Links {
		if link.Calendar == calendar {
			return link.User
		}
	}
	return ""
}

// trashings is S4 on C: the engine puts an action in the trash only when its event had gone from K.
func (w *world) trashings(r *Report) {
	for i := range w.Commits {
		c := &w.Commits[i]
		if !c.ByEngine || (c.Kind != Trash && c.Kind != Detach) {
			continue
		}
		r.judged("S4")
		if !w.absentOnce(c) {
			r.broken("S4", 0, "action "+c.Action, "%s after write %d, while its event was at %s all the time", c.Kind, c.After, c.Href)
		}
	}
}

// absentOnce reports whether an event was seen to be gone, or its href to hold another, before an action was put in the trash.
func (w *world) absentOnce(c *Commit) bool {
	there := false
	for _, reset := range w.Resets {
		if reset.After <= c.After && !slices.ContainsFunc(reset.Resources, func(r Resource) bool { return r.Href == c.Href && w.read(r.Body).uid == c.UID }) {
			return true
		}
	}
	for i := range w.Writes {
		write := &w.Writes[i]
		if write.Number > c.After {
			break
		}
		if write.Href != c.Href {
			continue
		}
		e := w.read(write.After)
		there = write.After != "" && e.uid == c.UID && !e.cancelled
		if !there {
			return true
		}
	}
	return !there
}

// mail is O11. A person's change of the description alone is the edit that the rule leaves room for: which servers tell guests
// of one is not known before, and nobody is asked about it (semantics 7 names subject and when, not the description).
func (w *world) mail(r *Report, write *Write) {
	r.judged("O11")
	if write.Mailed == 0 {
		return
	}
	body := write.Sent
	if write.After == "" {
		body = write.Before
	}
	e := w.read(body)
	root := w.root(eventNode(write.Calendar, e.uid))
	before := w.read(write.Before)
	described := write.Before != "" && write.After != "" && before.single && e.single && before.subject == e.subject && before.when == e.when && before.text != e.text
	for _, edit := range w.edits {
		if edit.write >= write.Number || w.root(edit.node) != root {
			continue
		}
		if edit.agrees || described && edit.side == sideC && edit.unit == Description && edit.has(e.text) {
			return
		}
	}
	r.broken("O11", write.Number, write.Method+" "+write.Href, "%d guests were told, and nobody had agreed to it", write.Mailed)
}
