package oracle_test

import (
	"testing"
	"time"

	"agendaonline/internal/oracle"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
)

// A large first sync, on calendars and lists that people went on editing while its plan waited, before the judge.
func TestEngine_keeps_the_rules_while_a_first_sync_waits_and_after(t *testing.T) {
	t.Parallel()
	decided := 0
	for seed := range uint64(6) {
		s := newStage(t, seed, []sandbox.Manners{sandbox.Plain(), sandbox.Sabre4()}[seed%2])
		s.syncer.LargePlan = 3
		edit := func(times int) {
			for range times {
				s.pass(time.Minute)
				of := s.people[s.random.IntN(2)]
				if s.random.IntN(2) == 0 {
					s.editC(of)
				} else {
					s.editK(of)
				}
			}
		}
		all := func() {
			for _, of := range s.people {
				s.sync(of)
			}
		}
		edit(30)
		all()
		edit(10)
		all()
		for _, of := range s.people {
			waiting, err := s.service.Held(s.Context(), of)
			s.must(err)
			for _, held := range waiting {
				if held.Kind == service.HeldFirstSync {
					decided++
					s.must(s.service.Decide(s.Context(), of, held.ID, service.DecideEverything))
				}
			}
		}
		all()
		edit(10)
		for range 3 {
			s.pass(3 * time.Hour)
			all()
		}
		if report := oracle.Judge(s.history()); len(report.Violations) > 0 {
			t.Fatalf("seed %d:\n%s\n%s", seed, s.history().Story(), report.String())
		}
	}
	if decided < 6 {
		t.Errorf("only %d plans waited", decided)
	}
}
