package syncer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/sandbox"
)

// busy is much at once: edits, new items and deletions on both sides, one conflict.
func busy(w *world) {
	w.Helper()
	w.link(w.anna)
	for _, uid := range []string{"one", "two", "three", "four"} {
		w.put(w.anna, uid, "event "+uid, "20261125T110000Z", "LOCATION:Canteen")
	}
	w.sync(w.anna)
	w.clock.forward(time.Minute)
	w.change(w.anna, w.named("event one"), subject("one, changed here"))
	w.line("one", "DESCRIPTION:one, changed there")
	w.change(w.anna, w.named("event four"), subject("four, changed here"))
	w.line("four", "SUMMARY:four, changed there")
	w.delete(w.anna, w.named("event two"))
	w.must(w.phone(w.anna).Delete("work", "three.ics", ""))
	w.create(w.anna, "five, new here", "2026-11-25 14:00 - 16:00")
	w.put(w.anna, "six", "six, new there", "20261126T110000Z")
}

// undisturbed is how busy ends when nothing goes wrong.
func undisturbed(t *testing.T) string {
	t.Helper()
	w := newWorld(t, sqlite(t), sandbox.Plain())
	busy(w)
	w.sync(w.anna)
	w.settle()
	return w.whole()
}

// TestFaults_of_single_requests runs the sandbox's whole catalogue: each fault strikes one request of a busy run, at several
// places, and the end must be the one without it.
func TestFaults_of_single_requests(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	for _, fault := range sandbox.Catalogue(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)) {
		t.Run(strings.ReplaceAll(fault.Name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			for _, skip := range []int{1, 0, 2, 4}[:unlessShort(4, 1)] {
				w := newWorld(t, sqlite(t), sandbox.Plain())
				busy(w)
				fault.Skip = skip
				if strings.Contains(fault.Name, "hangs") {
					w.impatient()
				}
				w.struckBy(fault)
				got, want := w.whole(), want
				if fault.Name == "F13 members 404" {
					// A tombstone that lies is believed until the server says otherwise: trashed, and back.
					got, want = withoutHistory(got), withoutHistory(want)
				}
				if got != want {
					t.Errorf("%s after %d requests, struck %d:\n got %s\nwant %s", fault.Name, skip, w.server.Struck(""), got, want)
				}
				w.faithful()
			}
		})
	}
}

// struckBy runs under a fault, heals it and runs until nothing more happens. Time passes in between, as long as the longest
// retry takes.
func (w *world) struckBy(fault sandbox.Fault) {
	w.Helper()
	w.server.Plan(fault)
	for range 2 {
		w.sync(w.anna)
		w.clock.forward(5 * time.Second)
	}
	w.server.Heal("")
	w.clock.forward(2 * time.Hour)
	w.sync(w.anna)
	w.clock.forward(24 * time.Hour)
	w.settle()
}

// faithful looks at the server's log: every write of ours stood under a precondition that names what was there, and no
// event was made twice (S1, S3 of the oracle).
func (w *world) faithful() {
	w.Helper()
	made := map[string]int{}
	for _, write := range w.server.Writes(1) {
		if write.By != sandbox.ByClient {
			continue
		}
		switch {
		case write.Before == "" && write.IfNoneMatch != "*" && write.Method == "PUT":
			w.Errorf("write %d makes %s without If-None-Match", write.Number, write.Href)
		case write.Before != "" && write.IfMatch != write.ETagBefore:
			w.Errorf("write %d to %s has If-Match %q, there was %q", write.Number, write.Href, write.IfMatch, write.ETagBefore)
		}
	}
	for _, item := range w.items(w.anna) {
		made[item.UID]++
		made[item.Line("SUMMARY")]++
	}
	for name, count := range made {
		if count > 1 {
			w.Errorf("%q is there %d times", name, count)
		}
	}
}

func (w *world) trouble() string {
	w.Helper()
	link := w.stored(w.anna)
	return strings.TrimSpace(fmt.Sprint(link.States(w.settings())[0], " ", link.Failing.Reason))
}

func (w *world) clients() []sandbox.Write {
	return slices.DeleteFunc(w.server.Writes(1), func(write sandbox.Write) bool { return write.By != sandbox.ByClient })
}

// withoutHistory leaves the histories out of what whole gives.
func withoutHistory(whole string) string {
	var kept []string
	for line := range strings.Lines(whole) {
		if at := strings.LastIndex(line, " | ["); at >= 0 {
			line = line[:at] + "\n"
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "")
}
