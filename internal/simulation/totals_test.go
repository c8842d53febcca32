package simulation

import (
	"fmt"

	"agendaonline/internal/oracle"
)

// totals are the figures of many histories; tools/simulate adds them up by their names.
type totals struct{ histories, clean, edits, faults, kills, writes int }

func (t *totals) add(p plan, report oracle.Report, w *world) {
	t.histories++
	if len(report.Violations) == 0 {
		t.clean++
	}
	for _, s := range p.Steps {
		switch s.What {
		case stepHere, stepThere:
			t.edits++
		case stepFault:
			t.faults++
		case stepKill:
			t.kills++
		}
	}
	if w != nil {
		t.writes += w.server.Written()
	}
}

func (t totals) String() string {
	return fmt.Sprintf("%d histories, %d clean, %d edits, %d faults, %d kills, %d writes", t.histories, t.clean, t.edits, t.faults, t.kills, t.writes)
}
