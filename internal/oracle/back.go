package oracle

import "slices"

// tear notes which items one side forgot something of: a calendar server that went back to an earlier state (Reset), or a
// database (Return). What becomes of an edit that was taken back, and of what it had met, no rule says; everything else holds:
// nothing doubled, both sides equal, nothing made up, nothing lost that was written since.
func (w *world) tear(of func(node string) *item) {
	mark := func(node string, after int, again bool) {
		it := of(node)
		it.torn, it.again = max(it.torn, after), it.again || again
	}
	for i, reset := range w.Resets {
		before := map[string]Resource{}
		for _, resource := range w.stateBefore(i) {
			before[resource.Href] = resource
		}
		differs := func(resource Resource, again bool) {
			if e := w.read(resource.Body); e.single {
				mark(eventNode(resource.Calendar, e.uid), reset.After, again)
			}
		}
		for _, resource := range reset.Resources {
			had, was := before[resource.Href]
			delete(before, resource.Href)
			if had.Body != resource.Body {
				differs(resource, !was || w.read(had.Body).uid != w.read(resource.Body).uid)
				differs(had, false)
			}
		}
		for _, resource := range before {
			differs(resource, false)
		}
	}
	for _, back := range w.Returns {
		for _, c := range w.Commits[back.From:back.To] {
			mark(actionNode(c.Action), back.After, c.Kind != Change || c.Before.When.None() != c.Values.When.None())
		}
		for i := range w.Writes {
			write := &w.Writes[i]
			if write.Number <= back.Kept || write.Number > back.After {
				continue
			}
			for _, body := range []string{write.Before, write.After} {
				if e := w.read(body); e.single {
					mark(eventNode(write.Calendar, e.uid), back.After, write.Before == "" || write.After == "")
				}
			}
		}
	}
}

// stateBefore is K when a reset came.
func (w *world) stateBefore(reset int) []Resource {
	earlier := *w
	history := *w.History
	history.Resets = slices.Clone(history.Resets[:reset])
	earlier.History = &history
	return earlier.stateAfter(w.Resets[reset].After)
}

// takenBack reports whether an edit was made before its side, or the one that had taken its value over, went back.
func (w *world) takenBack(it *item, e *edit) bool {
	if it.torn < 0 || e.write > it.torn {
		return false
	}
	if slices.ContainsFunc(w.Returns, func(back Return) bool { return e.side == sideK || e.commit >= back.From && e.commit < back.To }) {
		return true
	}
	return e.side == sideK
}
