package oracle

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"time"
)

// side is where an edit was made.
type side byte

const (
	sideC side = 'C'
	sideK side = 'K'
)

// edit is one thing a person did to one item, on one side.
type edit struct {
	number int // in order of happening, over both sides
	side   side
	at     time.Time
	node   string // action or event it was done to
	kind   Kind
	unit   Unit     // of a create or change, one edit for each unit
	forms  []string // of its value
	shown  string   // its value, for a person
	saw    map[int]bool
	doubt  map[int]bool // of those it saw, the ones that came by a write whose answer was lost: the engine cannot know that they did
	write  int          // K: number of the write. C: of the last write before it
	who    string
	commit int  // C: index of the commit
	met    int  // number of K's last write when the engine put another value in its place; 0 for never
	agrees bool // the person agreed that guests are told
	asked  bool // a restore that was decided about what had disappeared
	undone bool // its person took it back before it was sent
}

func (e *edit) has(form string) bool { return slices.Contains(e.forms, form) }

// live is a resource that is there.
type live struct {
	Resource
	event
	node string
}

// item is one thing that both sides may show: its actions and events over time, which the values written into them join.
type item struct {
	name    string
	edits   []*edit
	actions []*Action
	events  []*live // at the end
	torn    int     // number of K's last write when one side last went back to a state before something that happened to it; -1 for never
	again   bool    // what had gone of it came back by that, whatever was made in its place
}

// world is a history made ready to be judged.
type world struct {
	*History
	items    map[string]*item // by root
	parent   map[string]string
	owner    map[string]string // node that a value was first written in, by unit and form
	author   map[string]*edit  // the edit that wrote it
	edits    []*edit
	events   []*live                    // at the end
	doubts   map[string]map[int]bool    // by href: edits that came there by a write whose answer was lost
	learnt   map[string][]int           // by action: deletions on K that C has heard of
	followed map[string]map[string]bool // users that an action was ever followed by
	texts    map[string]event           // what was read before
}

// read is what a text says. The same texts are asked about again and again.
func (w *world) read(body string) event {
	if e, known := w.texts[body]; known {
		return e
	}
	e := read(body)
	w.texts[body] = e
	return e
}

func actionNode(id string) string            { return "action " + id }
func eventNode(calendar, uid string) string  { return "event " + uid + " in " + calendar }
func valueKey(unit Unit, form string) string { return string(unit) + "\x00" + form }
func (w *world) root(node string) string {
	for w.parent[node] != "" && w.parent[node] != node {
		node = w.parent[node]
	}
	return node
}

func (w *world) join(a, b string) {
	if a, b = w.root(a), w.root(b); a != b {
		w.parent[b] = a
	}
}

// build reads a history: the edits of people in the order they happened, what each had seen, and which actions and events are
// one item.
func build(h *History) *world {
	w := &world{History: h, items: map[string]*item{}, parent: map[string]string{}, owner: map[string]string{}, author: map[string]*edit{}, doubts: map[string]map[int]bool{}, learnt: map[string][]int{}, followed: map[string]map[string]bool{}, texts: map[string]event{}}
	next := 0
	commits := func(until int) {
		for next < len(h.Commits) && h.Commits[next].After < until {
			w.commit(next)
			next++
		}
	}
	for i := range h.Writes {
		commits(h.Writes[i].Number)
		w.write(&h.Writes[i])
	}
	commits(1 << 62)
	for i := range h.Actions {
		action := &h.Actions[i]
		w.follow(action.ID, action.Follower)
		w.joinUnits(actionNode(action.ID), action.Values)
		for _, entry := range action.History {
			for _, values := range []Units{entry.Before, entry.After} {
				for _, form := range values.forms(entry.Unit, h.DefaultDurations) {
					w.joinValue(actionNode(action.ID), entry.Unit, form)
				}
			}
		}
	}
	for _, resource := range w.resourcesAtEnd() {
		l := &live{Resource: resource, event: w.read(resource.Body)}
		l.node = eventNode(l.Calendar, l.uid)
		w.events = append(w.events, l)
		if l.single {
			for _, unit := range units {
				w.joinValue(l.node, unit, l.unit(unit))
			}
		}
	}
	w.gather()
	return w
}

// gather puts edits, actions and events to their items.
func (w *world) gather() {
	of := func(node string) *item {
		root := w.root(node)
		if w.items[root] == nil {
			w.items[root] = &item{name: root, torn: -1}
		}
		return w.items[root]
	}
	for _, e := range w.edits {
		it := of(e.node)
		it.edits = append(it.edits, e)
	}
	for i := range w.Actions {
		it := of(actionNode(w.Actions[i].ID))
		it.actions = append(it.actions, &w.Actions[i])
	}
	for _, l := range w.events {
		if l.single {
			it := of(l.node)
			it.events = append(it.events, l)
		}
	}
	w.tear(of)
}

// sorted are the items in a fixed order.
func (w *world) sorted() []*item {
	var roots []string
	for root := range w.items {
		roots = append(roots, root)
	}
	sort.Strings(roots)
	var found []*item
	for _, root := range roots {
		found = append(found, w.items[root])
	}
	return found
}

// resourcesAtEnd is K at the end.
func (w *world) resourcesAtEnd() []Resource {
	if w.Resources != nil {
		return w.Resources
	}
	return w.stateAfter(1 << 62)
}

// stateAfter replays K's log up to a write.
func (w *world) stateAfter(number int) []Resource {
	state := map[string]Resource{}
	reset := 0
	resets := func(until int) {
		for reset < len(w.Resets) && w.Resets[reset].After < until {
			state = map[string]Resource{}
			for _, r := range w.Resets[reset].Resources {
				state[r.Href] = r
			}
			reset++
		}
	}
	for i := range w.Writes {
		write := &w.Writes[i]
		if write.Number > number {
			break
		}
		resets(write.Number)
		apply(state, write)
	}
	if number < 1<<62 {
		resets(number + 1)
	} else {
		resets(1 << 62)
	}
	return listed(state)
}

func apply(state map[string]Resource, write *Write) {
	if write.After == "" {
		delete(state, write.Href)
		return
	}
	state[write.Href] = Resource{write.Calendar, write.Href, write.After}
}

func listed(state map[string]Resource) []Resource {
	resources := make([]Resource, 0, len(state))
	for _, r := range state {
		resources = append(resources, r)
	}
	slices.SortFunc(resources, func(a, b Resource) int { return strings.Compare(a.Href, b.Href) })
	return resources
}

// commit takes one change of C.
func (w *world) commit(index int) {
	c := &w.Commits[index]
	node := actionNode(c.Action)
	w.follow(c.Action, c.Follower)
	if len(w.Returns) > 0 {
		w.joinUnits(node, c.Before) // the action may not be there at the end, and its history neither
		w.joinUnits(node, c.Values)
	}
	if c.ByEngine {
		switch c.Kind {
		case Create: // also where a database that went back knows nothing of it at the end
			w.joinUnits(node, c.Values)
		case Trash, Detach:
			w.learn(c)
		case Change:
			for _, unit := range units {
				forms, now := c.Before.forms(unit, w.DefaultDurations), c.Values.forms(unit, w.DefaultDurations)
				if len(forms) > 0 && !slices.Equal(forms, now) {
					w.replaced(sideC, unit, forms[0], c.After)
				}
			}
		}
		return
	}
	base := edit{side: sideC, at: c.At, node: node, kind: c.Kind, commit: index, write: c.After, who: c.Follower, agrees: c.Consent}
	if c.Kind == WriteBack {
		base.kind, base.asked = Restore, true
	}
	saw := w.sawUnits(c.Before)
	for _, n := range w.learnt[c.Action] {
		saw[n] = true
	}
	for _, unit := range units {
		if c.Kind != Create && slices.Contains(c.Before.forms(unit, w.DefaultDurations), "") {
			w.sawEmpty(saw, node, unit)
		}
	}
	switch c.Kind {
	case Undo:
		w.undo(c)
	case Create, Change:
		recorded := len(w.edits)
		defer func() {
			if len(w.edits) == recorded { // a field that does not travel
				w.record(&base, saw)
			}
		}()
		for _, unit := range units {
			forms := c.Values.forms(unit, w.DefaultDurations)
			if c.Kind == Change && slices.Equal(forms, c.Before.forms(unit, w.DefaultDurations)) {
				continue
			}
			if c.Kind == Create && unit == Time && c.Values.When.None() {
				continue
			}
			e := base
			e.unit, e.forms, e.shown = unit, forms, c.Values.show(unit)
			w.record(&e, saw)
		}
	default:
		w.record(&base, saw)
	}
}

// undo marks what a person typed in C and took back.
func (w *world) undo(c *Commit) {
	for _, unit := range units {
		if slices.Equal(c.Before.forms(unit, w.DefaultDurations), c.Values.forms(unit, w.DefaultDurations)) {
			continue
		}
		for _, e := range w.edits {
			if e.side == sideC && e.node == actionNode(c.Action) && e.unit == unit && slices.ContainsFunc(c.Before.forms(unit, w.DefaultDurations), e.has) {
				e.undone = true
			}
		}
	}
}

// learn notes that C heard of the deletion of an action's event.
func (w *world) learn(c *Commit) {
	for _, e := range w.edits {
		if e.side == sideK && e.kind == Delete && w.Writes[w.indexOf(e.write)].Href == c.Href {
			w.learnt[c.Action] = append(w.learnt[c.Action], e.number)
		}
	}
}

// indexOf is where the write of a number stands.
func (w *world) indexOf(number int) int {
	at, _ := slices.BinarySearchFunc(w.Writes, number, func(write Write, number int) int { return write.Number - number })
	return at
}

func (w *world) follow(action, user string) {
	if w.followed[action] == nil {
		w.followed[action] = map[string]bool{}
	}
	w.followed[action][user] = true
}

// write takes one write of K: a person's is an edit, the engine's only joins what its values came from.
func (w *world) write(write *Write) {
	before, sent := w.read(write.Before), w.read(write.Sent)
	after := w.read(write.After)
	if write.engine() {
		w.doubted(write, &before, &sent)
		for _, unit := range units {
			if write.Before != "" && write.After != "" && before.unit(unit) != sent.unit(unit) {
				w.replaced(sideK, unit, before.unit(unit), write.Number)
			}
		}
		if write.After != "" && sent.single {
			node := eventNode(write.Calendar, sent.uid)
			for _, unit := range units {
				w.joinValue(node, unit, sent.unit(unit))
				w.alias(unit, sent.unit(unit), after.unit(unit))
			}
		}
		return
	}
	base := edit{side: sideK, at: write.At, write: write.Number, who: write.User, doubt: maps.Clone(w.doubts[write.Href])}
	switch {
	case write.After == "":
		if !before.single {
			return
		}
		base.node, base.kind = eventNode(write.Calendar, before.uid), Delete
		w.record(&base, w.sawEvent(&before))
	case sent.single:
		base.node, base.kind = eventNode(write.Calendar, sent.uid), Create
		saw := map[int]bool{}
		if write.Before != "" && before.uid == sent.uid {
			base.kind = Change
			saw = w.sawEvent(&before)
			for _, unit := range units {
				if before.unit(unit) == "" {
					w.sawEmpty(saw, base.node, unit)
				}
			}
		}
		for _, unit := range units {
			if base.kind == Change && sent.unit(unit) == before.unit(unit) {
				continue
			}
			if base.kind == Create && w.author[valueKey(unit, sent.unit(unit))] != nil {
				// The same event moved or put back: its values are not new, and were seen.
				w.joinValue(base.node, unit, sent.unit(unit))
				for n := range w.seeing(w.author[valueKey(unit, sent.unit(unit))]) {
					saw[n] = true
				}
			}
			e := base
			e.unit, e.forms, e.shown = unit, []string{sent.unit(unit)}, sent.unit(unit)
			if after.unit(unit) != sent.unit(unit) {
				e.forms = append(e.forms, after.unit(unit))
			}
			w.record(&e, saw)
		}
	}
}

// replaced notes that the engine put another value in the place of an edit's, on the side it was made.
func (w *world) replaced(s side, unit Unit, form string, write int) {
	if e := w.author[valueKey(unit, form)]; e != nil && form != "" && e.side == s && e.met == 0 {
		e.met = write
	}
}

// doubted notes what an engine's write brought to an href without hearing that it did.
func (w *world) doubted(write *Write, before, sent *event) {
	if write.Delivered {
		delete(w.doubts, write.Href)
		return
	}
	if w.doubts[write.Href] == nil {
		w.doubts[write.Href] = map[int]bool{}
	}
	for _, unit := range units {
		if e := w.author[valueKey(unit, sent.unit(unit))]; e != nil && sent.unit(unit) != before.unit(unit) {
			w.doubts[write.Href][e.number] = true
		}
	}
}

// record numbers an edit and makes its value its own.
func (w *world) record(e *edit, saw map[int]bool) {
	e.number, e.saw = len(w.edits)+1, saw
	w.edits = append(w.edits, e)
	if e.unit == "" {
		return
	}
	for _, form := range e.forms {
		if form == "" {
			continue
		}
		key := valueKey(e.unit, form)
		if w.author[key] == nil {
			w.author[key], w.owner[key] = e, e.node
		}
	}
}

// alias makes a server's form of a value name the same edit.
func (w *world) alias(unit Unit, sent, stored string) {
	if sent == stored || stored == "" {
		return
	}
	if e := w.author[valueKey(unit, sent)]; e != nil && w.author[valueKey(unit, stored)] == nil {
		w.author[valueKey(unit, stored)], w.owner[valueKey(unit, stored)] = e, e.node
		e.forms = append(slices.Clone(e.forms), stored)
	}
}

func (w *world) joinValue(node string, unit Unit, form string) {
	if owner := w.owner[valueKey(unit, form)]; owner != "" && form != "" {
		w.join(owner, node)
	}
}

func (w *world) joinUnits(node string, values Units) {
	for _, unit := range units {
		for _, form := range values.forms(unit, w.DefaultDurations) {
			w.joinValue(node, unit, form)
		}
	}
}

// seeing is an edit and all it had seen.
func (w *world) seeing(e *edit) map[int]bool {
	found := map[int]bool{e.number: true}
	for n := range e.saw {
		found[n] = true
	}
	return found
}

// sawUnits are the edits whose values a person had before the eyes, and what those had seen.
func (w *world) sawUnits(values Units) map[int]bool {
	saw := map[int]bool{}
	for _, unit := range units {
		for _, form := range values.forms(unit, w.DefaultDurations) {
			w.sawForm(saw, unit, form)
		}
	}
	return saw
}

func (w *world) sawEvent(e *event) map[int]bool {
	saw := map[int]bool{}
	for _, unit := range units {
		w.sawForm(saw, unit, e.unit(unit))
	}
	return saw
}

func (w *world) sawForm(saw map[int]bool, unit Unit, form string) {
	if e := w.author[valueKey(unit, form)]; e != nil && form != "" {
		for n := range w.seeing(e) {
			saw[n] = true
		}
	}
}

// sawEmpty adds the edit that made a unit empty: an empty value does not name it.
func (w *world) sawEmpty(saw map[int]bool, node string, unit Unit) {
	root := w.root(node)
	for i := len(w.edits) - 1; i >= 0; i-- {
		if e := w.edits[i]; e.unit == unit && e.has("") && w.root(e.node) == root {
			for n := range w.seeing(e) {
				saw[n] = true
			}
			return
		}
	}
}

func (u Units) show(unit Unit) string {
	switch unit {
	case Subject:
		return u.Subject
	case Description:
		return u.Description
	}
	return strings.TrimSpace(u.When.StartDate + " " + u.When.StartTime + " to " + u.When.EndDate + " " + u.When.EndTime)
}
