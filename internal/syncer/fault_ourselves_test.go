package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
)

// long is a text that needs room of its own in a database.
var long = strings.TrimSpace(strings.Repeat("long ", 20_000))

// TestF34_a_full_disk_acknowledges_nothing_and_goes_on_once_there_is_room fills the disk before, and in the middle of, a run that has
// much to do on both sides.
func TestF34_a_full_disk_acknowledges_nothing_and_goes_on_once_there_is_room(t *testing.T) {
	t.Parallel()
	larger := func(w *world) {
		busy(w)
		w.change(w.anna, w.named("four, changed here"), func(in *service.ActionInput) { in.Description = long })
		w.put(w.anna, "seven", "seven, long and new there", "20261127T110000Z", "DESCRIPTION:"+long)
	}
	w := newWorld(t, sqlite(t), sandbox.Plain())
	larger(w)
	w.sync(w.anna)
	w.settle()
	want := w.whole()
	for _, moment := range []syncer.Point{
		{}, {Moment: syncer.BeforeCommit, What: "pull"}, {Moment: syncer.AfterRequest, What: "sync"}, {Moment: syncer.BeforeRequest, What: "put"},
		{Moment: syncer.AfterRequest, What: "put"},
	} {
		t.Run(fmt.Sprintf("%s_%s", moment.Moment, moment.What), func(t *testing.T) {
			t.Parallel()
			fresh, disk := storetest.SmallDisk(t)
			w := newWorld(t, fresh, sandbox.Plain())
			larger(w)
			var filled atomic.Bool
			if moment.Moment == "" {
				filled.Store(true)
				disk.Fill(t)
			} else {
				w.setGate(func(_ context.Context, point syncer.Point) error {
					if point.Moment == moment.Moment && point.What == moment.What && filled.CompareAndSwap(false, true) {
						disk.Fill(t)
					}
					return nil
				})
			}
			_, err := w.tryRun(w.anna, crm.TriggerScreen)
			// None where what was left to write fitted into pages that were there.
			if err != nil && !errors.Is(err, store.ErrFull) || !filled.Load() {
				t.Errorf("the run: got error %v, want %v; the disk was filled: %v", err, store.ErrFull, filled.Load())
			}
			w.setGate(nil)
			disk.Fill(t) // what the run itself freed
			in := input("Not acknowledged", "2026-11-25 14:00 - 16:00", w.anna.User.ID)
			in.Description = long
			if _, err := w.service.Create(w.Context(), w.anna, in); !errors.Is(err, store.ErrFull) {
				t.Errorf("save on a full disk: got error %v, want %v", err, store.ErrFull)
			}
			disk.Free(t)
			w.clock.forward(2 * time.Hour) // more than the longest wait between tries
			w.settle()
			if got := w.whole(); got != want {
				t.Errorf("with room again:\n got %s\nwant %s", got, want)
			}
			w.faithful()
			w.quiet(w.anna)
		})
	}
}

func (w *world) setGate(gate syncer.Gate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gate = gate
}

// TestF35_a_connection_cut_at_any_commit_is_looked_up cuts the connection to PostgreSQL at commits of a run, before each arrives and
// after it was carried out.
func TestF35_a_connection_cut_at_any_commit_is_looked_up(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.PostgreSQL(t), sandbox.Plain())
	busy(w)
	w.steps = nil
	w.sync(w.anna)
	commits := 0
	for _, step := range w.steps {
		if strings.HasPrefix(step, string(syncer.BeforeCommit)) {
			commits++
		}
	}
	w.settle()
	want := w.whole()
	for _, after := range []bool{false, true} {
		for at := 0; at < commits; at += unlessShort(1, 5) {
			t.Run(fmt.Sprintf("commit_%d_carried_out_%v", at, after), func(t *testing.T) {
				t.Parallel()
				fresh, cutter := storetest.Cuttable(t)
				w := newWorld(t, fresh, sandbox.Plain())
				busy(w)
				var passed, cut atomic.Int64
				w.setGate(func(_ context.Context, point syncer.Point) error {
					if point.Moment == syncer.BeforeCommit && passed.Add(1) == int64(at)+1 {
						cut.Add(1)
						cutter.Cut(after)
					}
					return nil
				})
				_, err := w.tryRun(w.anna, crm.TriggerScreen)
				if cut.Load() == 1 && err == nil {
					t.Errorf("the run whose commit %d was cut ended well", at)
				}
				w.setGate(nil)
				w.unlocked(w.anna)
				w.clock.forward(2 * time.Hour) // more than the longest wait between tries
				w.settle()
				if got := w.whole(); got != want {
					t.Errorf("commit %d of %d cut, carried out %v:\n got %s\nwant %s", at, commits, after, got, want)
				}
				w.faithful()
			})
		}
	}
}

// unlocked waits until a link can be claimed: PostgreSQL ends the transaction of a connection that was cut in its own time, and
// until then nobody else gets at the lease that it holds.
func (w *world) unlocked(of service.Caller) {
	w.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		claimed := 0
		w.must(w.write(func(tx *store.Tx) error {
			leases, err := tx.ClaimLeases("test", time.Hour, 1, []crm.LinkID{w.links[of.User.ID].ID})
			if claimed = len(leases); err != nil || claimed == 0 {
				return err
			}
			return tx.ReleaseLease(leases[0], w.clock.now())
		}))
		if claimed == 1 {
			return
		}
		if time.Now().After(deadline) {
			w.Fatal("the lease of a run whose connection was cut stays locked")
		}
		w.must(w.write(func(tx *store.Tx) error { return tx.Want(w.links[of.User.ID].ID, crm.TriggerScreen) }))
	}
}

// TestF35_PostgreSQL_restarted_in_a_run cuts every connection there is, the idle ones of the pool among them.
func TestF35_PostgreSQL_restarted_in_a_run(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	for _, moment := range []syncer.Point{{Moment: syncer.AfterRequest, What: "sync"}, {Moment: syncer.BeforeCommit, What: "pull"}, {Moment: syncer.AfterRequest, What: "put"}} {
		t.Run(fmt.Sprintf("%s_%s", moment.Moment, moment.What), func(t *testing.T) {
			t.Parallel()
			fresh, cutter := storetest.Cuttable(t)
			w := newWorld(t, fresh, sandbox.Plain())
			busy(w)
			var met atomic.Bool
			w.setGate(func(_ context.Context, point syncer.Point) error {
				if point.Moment == moment.Moment && point.What == moment.What && met.CompareAndSwap(false, true) {
					cutter.CutAll()
				}
				return nil
			})
			w.patience = 32
			_, err := w.tryRun(w.anna, crm.TriggerScreen)
			t.Logf("the run: %v", err) // none where the pool found out first
			if !met.Load() {
				t.Errorf("the run never came to %v", moment)
			}
			w.reconnect(16)
			w.setGate(nil)
			w.unlocked(w.anna)
			w.clock.forward(2 * time.Hour)
			w.settle()
			if got := w.whole(); got != want {
				t.Errorf("restarted:\n got %s\nwant %s", got, want)
			}
			w.faithful()
		})
	}
}

// reconnect meets every connection of the pool, so many at once, so that those that were cut are found and given up.
func (w *world) reconnect(more int) {
	w.Helper()
	if more == 0 {
		return
	}
	met := false
	var err error
	for range w.patience {
		if err = w.store.Read(w.Context(), func(*store.Tx) error { met = true; w.reconnect(more - 1); return nil }); met {
			break
		}
	}
	w.must(err)
}

// TestF38_an_upgrade_in_mid_push ends the program in the middle of a push and goes on with the database as a program of the first released
// schema would have left it, its outbox full: migrated, everything is pushed once. That older program refuses what was migrated.
func TestF38_an_upgrade_in_mid_push(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	const released = 2
	for name, end := range map[string]syncer.Point{
		"nothing sent":    {Moment: syncer.BeforeRequest, What: "put"},
		"one sent":        {Moment: syncer.AfterRequest, What: "put"},
		"before it began": {Moment: syncer.BeforeCommit, What: "promise"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			fresh := sqlite(t)
			w := newWorld(t, fresh, sandbox.Plain())
			busy(w)
			var ended atomic.Bool
			w.setGate(func(_ context.Context, point syncer.Point) error {
				if point.Moment == end.Moment && point.What == end.What {
					ended.Store(true)
				}
				if ended.Load() {
					return errCrash
				}
				return nil
			})
			if _, err := w.tryRun(w.anna, crm.TriggerScreen); !errors.Is(err, errCrash) {
				t.Fatalf("the run: got error %v, want the end of the program", err)
			}
			w.setGate(nil)
			pending := 0
			w.read(func(tx *store.Tx) (err error) { pending, err = tx.PendingCount(w.links[w.anna.User.ID].ID); return err })
			if pending < 4 {
				t.Errorf("got %d in the outbox, want it full", pending)
			}
			older := storetest.Older(t, fresh, released)
			w.reopen(older.SQLite)
			before := len(w.clients())
			downgraded, err := store.Open(w.Context(), store.Options{SQLite: older.SQLite, Schema: released})
			if !errors.Is(err, store.ErrNewerDatabase) {
				t.Errorf("open with the older program: got error %v, want %v", err, store.ErrNewerDatabase)
			}
			if err == nil {
				w.must(downgraded.Close())
			}
			w.same("writes of the upgrade itself", len(w.clients())-before, 0)
			w.settle()
			if got := w.whole(); got != want {
				t.Errorf("upgraded:\n got %s\nwant %s", got, want)
			}
			w.faithful()
			w.quiet(w.anna)
		})
	}
}
