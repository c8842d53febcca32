package simulation

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

var (
	seeds = flag.Int("seeds", 100, "how many histories are played")
	from  = flag.Uint64("from", 1, "the seed of the first")
	// stories is not more by default, because whoever breaks something at the root breaks every second history.
	stories = flag.Int("stories", 2, "how many of those that fail are shrunk and told")
	bodies  = flag.Bool("bodies", false, "tell also what was written to the calendars")
)

// TestHistories: no history breaks a rule of the oracle. One that does is shrunk and told.
func TestHistories(t *testing.T) {
	next := *from
	var mu sync.Mutex
	told := 0
	var all totals
	t.Cleanup(func() { t.Logf("seeds from %d: %s", *from, all) })
	for worker := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprint("worker ", worker), func(t *testing.T) {
			t.Parallel()
			onStage(t, func(on *stage) {
				for {
					mu.Lock()
					seed := next
					next++
					mu.Unlock()
					if seed >= *from+uint64(*seeds) {
						return
					}
					p := draw(seed)
					report, w := on.play(p, false)
					mu.Lock()
					all.add(p, report, w)
					mu.Unlock()
					if len(report.Violations) == 0 {
						continue
					}
					on.Errorf("seed %d (%s): %s", seed, p, strings.Join(report.Broken(), " "))
					mu.Lock()
					told++
					tell := told <= *stories
					mu.Unlock()
					if tell {
						p = on.shrink(p, report.Broken()[0])
						text, _ := on.story(p)
						on.Logf("seed %d, shrunk: %s", seed, text)
						keepPlan(on.T, p)
					}
				}
			})
		})
	}
}

// TestSeed_run_twice_leaves_the_same_trace: nothing but the seed decides what happens.
func TestSeed_run_twice_leaves_the_same_trace(t *testing.T) {
	onStage(t, func(on *stage) {
		for seed := uint64(1); seed <= 20; seed++ {
			p := draw(seed)
			_, one := on.play(p, false)
			_, other := on.play(p, false)
			if one.traceHash() != other.traceHash() {
				_, one = on.play(p, true)
				_, other = on.play(p, true)
				for i := range min(len(one.told), len(other.told)) {
					if one.told[i] != other.told[i] {
						on.Fatalf("seed %d, line %d:\n%s\n%s", seed, i, one.told[i], other.told[i])
					}
				}
				these, those := one.server.Writes(1), other.server.Writes(1)
				for i := range min(len(these), len(those)) {
					if these[i] != those[i] {
						on.Fatalf("seed %d, write %d:\n%+v\n%+v", seed, i+1, these[i], those[i])
					}
				}
				on.Fatalf("seed %d leaves two traces: %d and %d lines", seed, len(one.told), len(other.told))
			}
		}
	})
}
