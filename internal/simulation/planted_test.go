//go:build plant

package simulation

import (
	"flag"
	"strings"
	"testing"

	"agendaonline/internal/plant"
)

var (
	tries = flag.Uint64("tries", 0, "look for the planted faults in so many histories, instead of in those that are known to find them")
	only  = flag.String("only", "", "the planted fault that is looked for; all when empty")
)

// found are the histories that find each fault.
var found = map[plant.Fault]uint64{
	plant.NoIfMatch: 1, plant.FailedListingIsEmpty: 9, plant.TokenFirst: 302, plant.AnswersETagIgnored: 2, plant.BaseFirst: 2, plant.SecondResource: 10,
	plant.WholeItems: 1, plant.LoserNotKept: 1, plant.Arrival: 7, plant.Absence: 31, plant.MultigetGone: 116, plant.OutboxOutside: 1, plant.RevisionIgnored: 58,
	plant.NoGeneration: 1392, plant.MadeUpFlowsBack: 1, plant.UnmappedDropped: 1, plant.OwnWriteIsEdit: 14, plant.ReassignForgetsOld: 1, plant.EditLosesToDeletion: 14,
	plant.PrivateShown: 2, plant.RetryAfterRefusal: 23, plant.TrashForgotten: 104, plant.LeavesTooSoon: 2,
}

// TestPlanted: each planted fault is found by the oracle, by a rule and not by a panic. One at a time: the switch is the
// process's.
func TestPlanted(t *testing.T) {
	defer plant.Set(plant.None)
	for _, fault := range plant.All {
		if *only != "" && !strings.Contains(*only, string(fault)) {
			continue
		}
		t.Run(strings.ReplaceAll(string(fault), " ", "_"), func(t *testing.T) {
			if compareEvery = 0; fault == plant.TokenFirst {
				compareEvery = -1
			}
			first, most := found[fault], uint64(1)
			if *tries > 0 {
				first, most = *from, *tries
			}
			onStage(t, func(on *stage) {
				for seed := first; seed < first+most; seed++ {
					p := draw(seed)
					plant.Set(fault)
					report, _ := on.play(p, false)
					plant.Set(plant.None)
					broken := report.Broken()
					if len(broken) == 0 || broken[0] == "broken" {
						continue
					}
					// A seed that breaks a rule by itself finds nothing.
					if sound, _ := on.play(p, false); len(sound.Violations) > 0 {
						on.Logf("seed %d breaks a rule by itself: %s", seed, sound.String())
						continue
					}
					on.Logf("found by seed %d: %s", seed, strings.Join(broken, " "))
					return
				}
				on.Errorf("not found by %d histories from seed %d", most, first)
			})
		})
	}
}
