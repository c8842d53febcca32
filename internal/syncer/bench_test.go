package syncer_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/scheduler"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
)

// still is a calendar in which nothing ever changes, without any network.
type still struct{ syncer.Remote }

func (still) Sync(_ context.Context, token dav.SyncToken, _ func(dav.Member) error) (dav.SyncResult, error) {
	if token == "" {
		token = "1"
	}
	return dav.SyncResult{Token: token}, nil
}

func (still) Traits() dav.Traits { return dav.Traits{} }

// engineBench is a store with linked users, and the engine on a calendar that the benchmark makes.
type engineBench struct {
	store  *store.Store
	engine *syncer.Syncer
	links  []crm.LinkID
	ids    crm.IDSource
}

func newEngineBench(b *testing.B, links int, sync store.LinkSync, remote func(crm.Link) syncer.Remote) *engineBench {
	b.Helper()
	return newEngineBenchOn(b, storetest.SQLite(b), links, sync, remote)
}

func newEngineBenchOn(b *testing.B, options store.Options, links int, sync store.LinkSync, remote func(crm.Link) syncer.Remote) *engineBench {
	b.Helper()
	bench := &engineBench{store: storetest.Open(b, options), ids: crm.IDSource{Now: time.Now, Random: rand.Reader}}
	bench.engine = syncer.New(syncer.Config{
		LargePlan: 1_000_000,
		Store:     bench.store, IDs: bench.ids, Now: time.Now, Zones: zones,
		Connect: func(_ context.Context, link crm.Link, _ []byte, _ dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
			observe(dav.Exchange{})
			return remote(link), nil
		},
	})
	err := bench.store.Write(b.Context(), func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		settings.ModuleActive, settings.OnlineCalendar, settings.TimeZone = true, true, "UTC"
		if err := tx.UpdateSettings(settings, settings.Version); err != nil {
			return err
		}
		for i := range links {
			user := crm.User{
				ID: crm.NewID[crm.User](bench.ids), Version: 1, Login: fmt.Sprint("user", i), Language: crm.English, TimeZone: "UTC",
				Role: crm.RoleUser, Active: true, CreatedAt: time.Now(),
			}
			link := crm.Link{
				ID: crm.NewID[crm.Link](bench.ids), Version: 1, User: user.ID, Kind: crm.LinkSimple,
				CalendarHref: fmt.Sprintf("https://dav.example/%d/", i), CreatedAt: time.Now(),
			}
			bench.links = append(bench.links, link.ID)
			if err := tx.InsertUser(user, ""); err != nil {
				return err
			}
			if err := tx.InsertLink(link, []byte("sealed"), sync); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return bench
}

// run runs one link once.
func (e *engineBench) run(b *testing.B, link crm.LinkID) {
	b.Helper()
	var leases []store.Lease
	err := e.store.Write(b.Context(), func(tx *store.Tx) (err error) {
		leases, err = tx.ClaimLeases("bench", time.Hour, 1, []crm.LinkID{link})
		return err
	})
	if err != nil || len(leases) == 0 {
		b.Fatal("claim: ", err, len(leases))
	}
	result, err := e.engine.Run(b.Context(), leases[0], nil)
	if err != nil || result.Reason != "" {
		b.Fatal(err, result)
	}
	if err := e.store.Write(b.Context(), func(tx *store.Tx) error { return tx.ReleaseLease(leases[0], store.Never) }); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkNoChange runs links that find nothing to do, engine, scheduler and store included: an operation is one link.
// The budget of docs/performance.md is 10,000 links a second.
func BenchmarkNoChange(b *testing.B) {
	bench := newEngineBench(b, 2000, store.LinkSync{Token: "1", FirstSyncedAt: time.Now(), ComparedAt: time.Now()}, func(crm.Link) syncer.Remote { return still{} })
	var done atomic.Int64
	finished := make(chan struct{})
	runs := scheduler.New(scheduler.Config{Store: bench.store, Owner: "bench", Workers: 256, Run: func(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
		result, err := bench.engine.Run(ctx, lease, report)
		result.NextDueAt = time.Now() // due again at once
		if done.Add(1) == int64(b.N) {
			close(finished)
		}
		return result, err
	}})
	cpuBegun := spent()
	b.ResetTimer()
	runs.Start()
	<-finished
	b.StopTimer()
	b.ReportMetric((spent()-cpuBegun).Seconds()*1e6/float64(b.N), "cpu-µs/link")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "links/s")
	if err := runs.Stop(b.Context()); err != nil {
		b.Fatal(err)
	}
}

var amongLinks = flag.Int("among", 20_000, "how many links BenchmarkAmong has at most")

// BenchmarkAmong wants, claims, runs and gives back one link that finds nothing to do, among others that are all due: what a run
// costs does not depend on how many there are. 100,000 links take about a minute to be made.
func BenchmarkAmong(b *testing.B) {
	for _, links := range []int{1, *amongLinks} {
		b.Run(fmt.Sprint(links), func(b *testing.B) {
			bench := newEngineBench(b, links, synced(), func(crm.Link) syncer.Remote { return still{} })
			one := bench.links[len(bench.links)/2]
			cpuBegun := spent()
			b.ResetTimer()
			for range b.N {
				must(b, bench.store.Write(b.Context(), func(tx *store.Tx) error { return tx.Want(one, crm.TriggerPush) }))
				bench.run(b, one)
			}
			b.ReportMetric((spent()-cpuBegun).Seconds()*1e6/float64(b.N), "cpu-µs/run")
		})
	}
}
