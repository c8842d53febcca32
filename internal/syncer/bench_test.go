package syncer_test

import (
	"context"
	"crypto/rand"
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

// BenchmarkNoChange runs links that find nothing to do, engine, scheduler and store included: an operation is one link.
// The budget of docs/performance.md is 10,000 links a second.
func BenchmarkNoChange(b *testing.B) {
	ctx := b.Context()
	ids := crm.IDSource{Now: time.Now, Random: rand.Reader}
	s := storetest.Open(b, storetest.SQLite(b))
	engine := syncer.New(syncer.Config{
		Store: s, IDs: ids, Now: time.Now, Zones: zones,
		Connect: func(_ context.Context, _ crm.Link, _ []byte, _ dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
			observe(dav.Exchange{})
			return still{}, nil
		},
	})
	const links = 2000
	var leases []crm.LinkID
	err := s.Write(ctx, func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		settings.ModuleActive, settings.OnlineCalendar, settings.TimeZone = true, true, "UTC"
		if err := tx.UpdateSettings(settings, settings.Version); err != nil {
			return err
		}
		for i := range links {
			user := crm.User{ID: crm.NewID[crm.User](ids), Version: 1, Login: fmt.Sprint("user", i), Language: crm.English, TimeZone: "UTC", Role: crm.RoleUser, Active: true, CreatedAt: time.Now()}
			link := crm.Link{ID: crm.NewID[crm.Link](ids), Version: 1, User: user.ID, Kind: crm.LinkSimple, CalendarHref: fmt.Sprintf("https://dav.example/%d/", i), CreatedAt: time.Now()}
			leases = append(leases, link.ID)
			if err := tx.InsertUser(user, ""); err != nil {
				return err
			}
			if err := tx.InsertLink(link, []byte("sealed"), store.LinkSync{Token: "1", FirstSyncedAt: time.Now(), ComparedAt: time.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var done atomic.Int64
	finished := make(chan struct{})
	s2 := scheduler.New(scheduler.Config{Store: s, Owner: "bench", Workers: 256, Run: func(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
		result, err := engine.Run(ctx, lease, report)
		result.NextDueAt = time.Now() // due again at once
		if done.Add(1) == int64(b.N) {
			close(finished)
		}
		return result, err
	}})
	b.ResetTimer()
	s2.Start()
	<-finished
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "links/s")
	if err := s2.Stop(ctx); err != nil {
		b.Fatal(err)
	}
}
