package oracle

import (
	"slices"
	"strings"
	"time"
)

// echoes is O4 for what the engine wrote into C: what a server made of a value is no edit of it, and what C made up in an event -
// a length, a day - is not typed by anybody while the event keeps it (semantics 5 and 6).
func (w *world) echoes(r *Report) {
	for i := range w.Commits {
		c := &w.Commits[i]
		if !c.ByEngine || c.Kind != Change {
			continue
		}
		for _, unit := range []Unit{Subject, Description} {
			before, now := c.Before.forms(unit, nil)[0], c.Values.forms(unit, nil)[0]
			author := w.author[valueKey(unit, now)]
			if before == now || before == "" || now == "" || author == nil {
				continue
			}
			r.judged("O4")
			if author.side == sideC && w.author[valueKey(unit, before)] == author && !w.inDoubt(author) {
				r.broken("O4", 0, "action "+c.Action, "%s %q is what the server made of %q, and was taken as an edit", unit, now, before)
			}
		}
		w.madeUp(r, c)
	}
}

// inDoubt reports whether an edit came to an event by a write whose answer was lost: then nobody can tell what the server made of
// it from what somebody did.
func (w *world) inDoubt(e *edit) bool {
	for _, other := range w.edits {
		if other.doubt[e.number] {
			return true
		}
	}
	for _, numbers := range w.doubts {
		if numbers[e.number] {
			return true
		}
	}
	return false
}

// madeUp judges one change of a time. An event that was moved as a whole, from a time that had fields made up, leaves empty what
// was empty.
func (w *world) madeUp(r *Report, c *Commit) {
	was, is := c.Before.When, c.Values.When
	if was == is || !halfTyped(was) {
		return
	}
	var moved *edit
	for _, form := range is.forms(w.DefaultDurations) {
		if e := w.author[valueKey(Time, form)]; e != nil && form != "" && e.side == sideK {
			moved = e
		}
	}
	if moved == nil {
		return
	}
	write := &w.Writes[w.indexOf(moved.write)]
	from, to := w.read(write.Before).when, w.read(write.After).when
	if !slices.Contains(was.forms(w.DefaultDurations), from) || !sameLength(from, to) {
		return
	}
	r.judged("O4")
	if filled(was) != filled(is) {
		r.broken("O4", 0, "action "+c.Action, "%q became %q though its event was only moved: what was made up flowed back", c.Before.show(Time), c.Values.show(Time))
	}
}

// filled says which of the four fields are typed.
func filled(w When) [4]bool {
	return [4]bool{w.StartDate != "", w.StartTime != "", w.EndDate != "", w.EndTime != ""}
}

// halfTyped reports whether a time is of one date or moment only: of those the rest is made up whatever the event says.
func halfTyped(w When) bool {
	switch filled(w) {
	case [4]bool{true, false, false, false}, [4]bool{true, true, false, false}, [4]bool{false, false, true, false}, [4]bool{false, false, true, true}:
		return true
	}
	return false
}

// sameLength reports whether two forms are of one kind and length.
func sameLength(a, b string) bool {
	length := func(form string) (string, time.Duration) {
		kind, span, _ := strings.Cut(form, " ")
		start, end, _ := strings.Cut(span, "/")
		for _, layout := range []string{dateForm, instantForm, civilForm} {
			from, err := time.Parse(layout, start)
			if err != nil {
				continue
			}
			to, err := time.Parse(layout, end)
			if err != nil {
				return kind, -1 // without an end
			}
			return kind, to.Sub(from)
		}
		return "", 0
	}
	kindA, lengthA := length(a)
	kindB, lengthB := length(b)
	return kindA != "" && kindA == kindB && lengthA == lengthB
}
