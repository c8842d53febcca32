package scheduler_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/scheduler"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

const poll = 5 * time.Minute

// bench is a store with links, in a bubble whose time is the store's too.
type bench struct {
	*testing.T
	store *store.Store
	links []crm.LinkID

	mu   sync.Mutex
	runs []string // link, trigger
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, links int, test func(*bench)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, store: storetest.Open(t, storetest.SQLite(t))}
		for i := range links {
			b.links = append(b.links, b.link(i))
		}
		test(b)
	})
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) write(fn func(*store.Tx) error) {
	b.Helper()
	b.must(b.store.Write(b.Context(), fn))
}

func (b *bench) link(i int) crm.LinkID {
	ids := crm.IDSource{Now: time.Now, Random: rand.Reader}
	user := crm.User{ID: crm.NewID[crm.User](ids), Version: 1, Login: fmt.Sprint("user", i), Language: crm.English, TimeZone: "UTC", Role: crm.RoleUser, Active: true, CreatedAt: time.Now()}
	link := crm.Link{ID: crm.NewID[crm.Link](ids), Version: 1, User: user.ID, Kind: crm.LinkSimple, CalendarHref: fmt.Sprintf("https://dav.example/%d/", i), CreatedAt: time.Now()}
	b.write(func(tx *store.Tx) error {
		if err := tx.InsertUser(user, ""); err != nil {
			return err
		}
		return tx.InsertLink(link, []byte("sealed"), store.LinkSync{})
	})
	return link.ID
}

// start starts a node; it stops with the test.
func (b *bench) start(owner string, run scheduler.Run, change ...func(*scheduler.Config)) *scheduler.Scheduler {
	b.Helper()
	config := scheduler.Config{Store: b.store, Owner: owner, Run: run}
	for _, c := range change {
		c(&config)
	}
	s := scheduler.New(config)
	s.Start()
	b.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

// note is a run that notes itself and polls.
func (b *bench) note(_ context.Context, lease store.Lease, _ func(store.RunProgress)) (store.RunResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs = append(b.runs, fmt.Sprintf("%d %s", b.index(lease.Link), lease.Trigger))
	return store.RunResult{NextDueAt: time.Now().Add(poll), Pulled: lease.Trigger != crm.TriggerPush, Unchanged: true}, nil
}

func (b *bench) index(link crm.LinkID) int {
	for i, id := range b.links {
		if id == link {
			return i
		}
	}
	return -1
}

// noted are the runs since the last time.
func (b *bench) noted() []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	runs := b.runs
	b.runs = nil
	return runs
}

func (b *bench) same(what string, got, want any) {
	b.Helper()
	if g, x := fmt.Sprint(got), fmt.Sprint(want); g != x {
		b.Errorf("%s: got %s, want %s", what, g, x)
	}
}

// after lets virtual time pass.
func after(span time.Duration) { time.Sleep(span); synctest.Wait() }

func TestScheduler_runs_what_is_due_and_again_at_its_next_poll(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		b.start("one", b.note)
		after(time.Second)
		b.same("at once", b.noted(), "[0 person]")
		after(poll - 2*time.Second)
		b.same("before the poll", b.noted(), "[]")
		after(10 * time.Second)
		b.same("at the poll", b.noted(), "[0 poll]")
		var link crm.Link
		b.must(b.store.Read(b.Context(), func(tx *store.Tx) (err error) { link, err = tx.Link(b.links[0]); return err }))
		b.same("kept as checked", link.LastCheckedAt.IsZero(), false)
	})
}

func TestScheduler_work_committed_by_another_node_starts_at_once(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		b.start("one", b.note)
		after(time.Second)
		b.noted()
		b.write(func(tx *store.Tx) error { return tx.Want(b.links[0], crm.TriggerPush) })
		after(time.Millisecond)
		b.same("woken", b.noted(), "[0 push]")
	})
}

func TestScheduler_a_long_run_keeps_its_lease_and_no_other_node_runs_it(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		var at, most, runs atomic.Int32
		run := func(ctx context.Context, _ store.Lease, _ func(store.RunProgress)) (store.RunResult, error) {
			most.Store(max(most.Load(), at.Add(1)))
			defer at.Add(-1)
			runs.Add(1)
			select {
			case <-time.After(time.Minute):
				return store.RunResult{NextDueAt: store.Never}, nil
			case <-ctx.Done():
				return store.RunResult{}, context.Cause(ctx)
			}
		}
		b.start("one", run)
		b.start("two", run)
		after(2 * time.Minute)
		b.same("runs, at a time", fmt.Sprint(runs.Load(), most.Load()), "1 1")
	})
}

func TestF36_a_run_ends_when_its_lease_is_lost(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		ended := make(chan time.Duration, 1)
		b.start("one", func(ctx context.Context, _ store.Lease, _ func(store.RunProgress)) (store.RunResult, error) {
			began := time.Now()
			<-ctx.Done()
			ended <- time.Since(began)
			return store.RunResult{}, context.Cause(ctx)
		})
		after(time.Second)
		b.write(func(tx *store.Tx) error { return tx.EndLink(b.links[0], 1, time.Now()) })
		after(8 * time.Second)
		select {
		case took := <-ended:
			b.same("within the lease", took < 8*time.Second, true)
		default:
			b.Error("the run goes on though its lease is gone")
		}
	})
}

func TestF36_two_nodes_run_each_link_once(t *testing.T) {
	bubble(t, 40, func(b *bench) {
		var mu sync.Mutex
		count := map[crm.LinkID]int{}
		run := func(_ context.Context, lease store.Lease, _ func(store.RunProgress)) (store.RunResult, error) {
			mu.Lock()
			defer mu.Unlock()
			count[lease.Link]++
			return store.RunResult{NextDueAt: store.Never}, nil
		}
		few := func(c *scheduler.Config) { c.Workers = 4 }
		b.start("one", run, few)
		b.start("two", run, few)
		after(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		for _, link := range b.links {
			if count[link] != 1 {
				b.Errorf("link %d ran %d times, want once", b.index(link), count[link])
			}
		}
	})
}

func TestF42_a_panic_is_recovered_and_told_and_others_go_on(t *testing.T) {
	bubble(t, 2, func(b *bench) {
		var failed atomic.Int32
		bad := b.links[0]
		b.start("one", func(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
			if lease.Link == bad {
				panic("poison")
			}
			return b.note(ctx, lease, report)
		}, func(c *scheduler.Config) {
			c.Failed = func(_ context.Context, lease store.Lease, cause error) {
				if lease.Link == bad && cause != nil {
					failed.Add(1)
				}
			}
		})
		after(time.Second)
		b.same("others", b.noted(), "[1 person]")
		b.same("told", failed.Load(), 1)
		after(time.Minute)
		b.same("tried again", failed.Load(), 2)
	})
}

func TestF43_stop_ends_within_ten_seconds_and_gives_the_leases_back(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		s := b.start("one", func(ctx context.Context, _ store.Lease, _ func(store.RunProgress)) (store.RunResult, error) {
			<-ctx.Done()
			return store.RunResult{}, context.Cause(ctx)
		})
		after(time.Second)
		began := time.Now()
		b.must(s.Stop(b.Context()))
		b.same("in time", time.Since(began) <= 10*time.Second, true)
		b.start("two", b.note)
		after(time.Second)
		b.same("the next node goes on at once", len(b.noted()), 1)
	})
}

func TestF43_stop_lets_a_run_come_to_its_end(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		var whole atomic.Bool
		s := b.start("one", func(ctx context.Context, _ store.Lease, _ func(store.RunProgress)) (store.RunResult, error) {
			time.Sleep(3 * time.Second)
			whole.Store(ctx.Err() == nil)
			return store.RunResult{NextDueAt: store.Never}, nil
		})
		after(time.Second)
		b.must(s.Stop(b.Context()))
		b.same("not interrupted", whole.Load(), true)
	})
}

func TestF40_a_thousand_screens_share_one_pull(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		release := make(chan struct{})
		var pulls atomic.Int32
		s := b.start("one", func(_ context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
			pulls.Add(1)
			report(store.RunProgress{Processed: 3, Expected: 10})
			<-release
			return store.RunResult{NextDueAt: store.Never, Pulled: true, Counts: crm.Counts{New: 10}}, nil
		})
		after(time.Second)
		close(release)
		after(time.Second)
		b.same("the first sync", pulls.Swap(0), 1)
		release = make(chan struct{})

		after(time.Minute)
		var group sync.WaitGroup
		for range 1000 {
			group.Go(func() {
				ticket, err := s.Pull(b.Context(), b.links, 15*time.Second)
				if err == nil {
					err = ticket.Wait(b.Context())
				}
				if err != nil {
					b.Error(err)
				}
			})
		}
		synctest.Wait()
		progress := s.Progress(b.links)
		b.same("progress", fmt.Sprint(len(progress), progress[0].Running, progress[0].Progress.Processed, progress[0].Progress.Expected), "1 true 3 10")
		close(release)
		group.Wait()
		b.same("pulls", pulls.Load(), 1)
		progress = s.Progress(b.links)
		b.same("result", fmt.Sprint(progress[0].Running, progress[0].Progress.Counts.New), "false 10")

		ticket, err := s.Pull(b.Context(), b.links, 15*time.Second)
		b.must(err)
		b.must(ticket.Wait(b.Context()))
		b.same("fresh enough", pulls.Load(), 1)
	})
}

func TestPull_that_another_node_runs_ends_here_too(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		// This node has no worker to spare.
		busy := b.start("busy", b.note, func(c *scheduler.Config) { c.Workers = 1 })
		after(time.Second)
		b.noted()
		b.must(busy.Stop(b.Context()))
		waiting := scheduler.New(scheduler.Config{Store: b.store, Owner: "waiting", Run: func(context.Context, store.Lease, func(store.RunProgress)) (store.RunResult, error) {
			return store.RunResult{}, errors.New("must not run")
		}})
		b.write(func(tx *store.Tx) error { return tx.Want(b.links[0], crm.TriggerPoll) })
		var held []store.Lease
		b.write(func(tx *store.Tx) (err error) { held, err = tx.ClaimLeases("other", time.Hour, 1, nil); return err })
		waiting.Start()
		defer func() { b.must(waiting.Stop(b.Context())) }()
		ticket, err := waiting.Pull(b.Context(), b.links, 0)
		b.must(err)
		b.write(func(tx *store.Tx) error { return tx.ReleaseLease(held[0], store.Never) })
		// The wish came after the claim, so the link is due again: the other node takes it, and serves the wish.
		var again []store.Lease
		b.write(func(tx *store.Tx) (err error) { again, err = tx.ClaimLeases("other", time.Hour, 1, nil); return err })
		if len(again) == 1 {
			b.write(func(tx *store.Tx) error { return tx.ReleaseLease(again[0], store.Never) })
		}
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		defer cancel()
		b.must(ticket.Wait(ctx))
	})
}

func TestScheduler_is_fair_a_link_that_is_always_wanted_does_not_keep_others_waiting(t *testing.T) {
	bubble(t, 3, func(b *bench) {
		greedy := b.links[0]
		b.start("one", func(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
			if lease.Link == greedy {
				if err := b.store.Write(ctx, func(tx *store.Tx) error { return tx.Want(greedy, crm.TriggerPush) }); err != nil {
					return store.RunResult{}, err
				}
			}
			time.Sleep(time.Second)
			return b.note(ctx, lease, report)
		}, func(c *scheduler.Config) { c.Workers = 1 })
		after(10 * time.Second)
		seen := map[string]bool{}
		for _, run := range b.noted() {
			seen[run[:1]] = true
		}
		b.same("all three ran", len(seen), 3)
	})
}

// F37: links are due by the clock of the database, whatever the clock of a node says.
func TestScheduler_of_a_node_whose_clock_is_behind_runs_no_more_often(t *testing.T) {
	bubble(t, 1, func(b *bench) {
		behind := func() time.Time { return time.Now().Add(-time.Hour) }
		b.start("behind", func(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
			result, err := b.note(ctx, lease, report)
			result.NextDueAt = behind().Add(poll)
			return result, err
		}, func(config *scheduler.Config) { config.Now = behind })
		after(poll + poll/2)
		b.same("runs", b.noted(), []string{"0 person", "0 poll"})
	})
}
