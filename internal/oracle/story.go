package oracle

import (
	"fmt"
	"strings"
)

// Story tells a history as a person reads it: what people did and what the engine wrote, in order.
func (h History) Story() string {
	var b strings.Builder
	next := 0
	commits := func(until int) {
		for next < len(h.Commits) && h.Commits[next].After < until {
			c := h.Commits[next]
			who := c.Follower
			if c.ByEngine {
				who = "engine"
			}
			fmt.Fprintf(&b, "     C %-8s %-8s %s", who, c.Kind, c.Action)
			if c.Kind == Trash || c.Kind == Detach {
				fmt.Fprintf(&b, " (%s)", c.Href)
			}
			for _, unit := range units {
				if was, is := c.Before.show(unit), c.Values.show(unit); was != is && c.Href == "" {
					fmt.Fprintf(&b, "  %s %q", unit, is)
				}
			}
			b.WriteByte('\n')
			next++
		}
	}
	for _, w := range h.Writes {
		commits(w.Number)
		who := w.User
		if w.engine() {
			who = "engine"
		}
		fmt.Fprintf(&b, "%4d K %-8s %-8s %s", w.Number, who, w.Method, w.Href)
		before, after := read(w.Before), read(w.After)
		for _, unit := range units {
			if was, is := before.unit(unit), after.unit(unit); was != is && w.After != "" {
				fmt.Fprintf(&b, "  %s %q", unit, is)
			}
		}
		if !w.Delivered {
			b.WriteString("  (answer lost)")
		}
		b.WriteByte('\n')
	}
	commits(1 << 62)
	for _, a := range h.Actions {
		fmt.Fprintf(&b, "     = %-8s %s trashed %v synced %v: %q %q %q\n", a.Follower, a.ID, a.Trashed, a.Synced, a.Values.Subject, a.Values.Description, a.Values.show(Time))
		for _, e := range a.History {
			fmt.Fprintf(&b, "         %s %q -> %q conflict %v deletion %v\n", e.Unit, e.Before.show(e.Unit), e.After.show(e.Unit), e.Conflict, e.Deletion)
		}
	}
	return b.String()
}
