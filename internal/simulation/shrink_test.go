package simulation

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"agendaonline/internal/oracle"
)

var (
	most = flag.Int("shrink", 250, "how many histories are played at most to shrink one")
	keep = flag.String("keep", "", "a folder that shrunk histories are written to, for testdata/found")
)

// shrink leaves out of a history that breaks a rule whatever it can, as long as it still breaks that rule.
func (on *stage) shrink(p plan, rule string) plan {
	played := 0
	breaks := func(tried plan) bool {
		played++
		report, _ := on.play(tried, false)
		return slices.Contains(report.Broken(), rule)
	}
	smaller := func(change func(*plan)) {
		tried := p
		tried.Steps = slices.Clone(p.Steps)
		change(&tried)
		if breaks(tried) {
			p = tried
		}
	}
	for _, change := range []func(*plan){
		func(p *plan) { p.Profile = 0 }, func(p *plan) { p.Nodes = 1 }, func(p *plan) { p.Links = 1 }, func(p *plan) { p.Links = 2 },
		func(p *plan) {
			p.Steps = slices.DeleteFunc(p.Steps, func(s step) bool {
				return !edits(s) && s.What != stepLand && s.What != stepTake && s.What != stepOpen && s.What != stepMove
			})
		},
	} {
		smaller(change)
	}
	for size := max(1, len(p.Steps)/2); size > 0; size /= 2 {
		for again := true; again; {
			again = false
			for at := 0; at < len(p.Steps) && played < *most; {
				tried := p
				tried.Steps = slices.Delete(slices.Clone(p.Steps), at, min(at+size, len(p.Steps)))
				if breaks(tried) {
					p, again = tried, size == 1
				} else {
					at += size
				}
			}
		}
	}
	return p
}

func edits(s step) bool { return s.What == stepHere || s.What == stepThere }

// story is a history as a person reads it.
func (on *stage) story(p plan) (string, oracle.Report) {
	report, w := on.play(p, true)
	text := "a history of " + p.String() + "\n"
	if w != nil {
		text += strings.Join(w.told, "\n") + "\n"
		for _, id := range w.order {
			action := w.known[id].action
			text += fmt.Sprintf("action %s of %s: %s, %s %s; %s\n", id, w.login(action.FollowedBy), map[bool]string{true: "in the trash"}[action.Deleted()], action.Sync.Name, action.Sync.Reason, showUnits(unitsOf(action.Units)))
		}
	}
	if *bodies && w != nil {
		for _, write := range w.server.Writes(1) {
			text += fmt.Sprintf("write %d by %s, %s %s, if-match %s: %d, etag %s\nsent\n%s\nafter\n%s\n", write.Number, write.By, write.Method, write.Href, write.IfMatch, write.Status, write.ETagAfter, write.Sent, write.After)
		}
	}
	return text + report.String(), report
}
