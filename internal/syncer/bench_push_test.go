package syncer_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/scheduler"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
)

// putServer takes every PUT over loopback, after a while.
type putServer struct {
	*httptest.Server
	puts      atomic.Int64
	transport *http.Transport
	first     chan time.Time // when the first byte of a request was written, while somebody waits for it
}

func newPutServer(b *testing.B, after time.Duration) *putServer {
	b.Helper()
	s := &putServer{first: make(chan time.Time, 1000)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		n := s.puts.Add(1)
		time.Sleep(after)
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n))
		w.WriteHeader(http.StatusCreated)
	}))
	dialer := &net.Dialer{}
	s.transport = &http.Transport{MaxIdleConnsPerHost: 8, MaxConnsPerHost: 8, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		return &timedConn{conn, s.first}, err
	}}
	b.Cleanup(func() {
		s.transport.CloseIdleConnections()
		s.Close()
	})
	return s
}

// timedConn tells when something is written.
type timedConn struct {
	net.Conn
	written chan time.Time
}

func (c *timedConn) Write(p []byte) (int, error) {
	select {
	case c.written <- time.Now():
	default:
	}
	return c.Conn.Write(p)
}

// connect opens the calendar of a link as the program does.
func (s *putServer) connect(b *testing.B) syncer.Connect {
	parsed, err := url.Parse(s.URL)
	must(b, err)
	origin, err := outbound.OriginOf(parsed)
	must(b, err)
	return func(_ context.Context, link crm.Link, _ []byte, traits dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
		client := caldav.New(caldav.Config{
			RoundTripper: s.transport, Credentials: caldav.NewPassword("anna", "secret", traits, rand.Reader), Origins: outbound.Origins{origin}, PlainHTTP: true, Now: time.Now, Observe: observe,
		})
		return client.Collection(dav.Href(link.CalendarHref), traits), nil
	}
}

// push puts n new actions with their work into the store, and returns the first.
func (e *engineBench) push(b *testing.B, n int) crm.Action {
	b.Helper()
	var actions []crm.Action
	must(b, e.store.Write(b.Context(), func(tx *store.Tx) error {
		link, err := tx.Link(e.links[0])
		if err != nil {
			return err
		}
		actions = nil
		var entries []store.OutboxEntry
		for i := range n {
			action := crm.Action{
				ID: crm.NewID[crm.Action](e.ids), Version: 1, FollowedBy: link.User, CreatedAt: time.Now(), ModifiedAt: time.Now(),
				CreatedBy: crm.Actor{Kind: crm.ActorSystem}, ModifiedBy: crm.Actor{Kind: crm.ActorSystem},
				Units: crm.Units{Subject: fmt.Sprint("Call ", i), When: crm.When{StartDate: crm.Date{Year: 2026, Month: 11, Day: 25}, Zone: "UTC"}},
			}
			actions = append(actions, action)
			entries = append(entries, store.OutboxEntry{Link: link.ID, Action: action.ID, Origin: reconcile.OriginPerson})
		}
		return errors.Join(tx.InsertActions(actions), tx.PutOutbox(entries...))
	}))
	return actions[0]
}

// synced is a link that has nothing left to do but what is put into its outbox.
func synced() store.LinkSync {
	return store.LinkSync{Token: "1", FirstSyncedAt: time.Now(), ComparedAt: time.Now()}
}

// BenchmarkPush100 pushes 100 new actions to a server that answers after 30 ms, over loopback: an operation is all 100. The
// budget of docs/performance.md is 0.5 s; limit-wall-ms is only the exchange, 100 bare PUTs over 8 connections in the same turn.
func BenchmarkPush100(b *testing.B) {
	const events = 100
	server := newPutServer(b, 30*time.Millisecond)
	bench := newEngineBench(b, 1, synced(), nil)
	bench.engine.Connect = server.connect(b)
	bench.relocate(b, server.URL)
	bench.release(b)
	var wall, cpu, limit time.Duration
	for range b.N {
		b.StopTimer()
		limit += server.bare(b, events)
		bench.push(b, events)
		server.puts.Store(0)
		begun, cpuBegun := time.Now(), spent()
		b.StartTimer()
		bench.run(b, bench.links[0])
		wall, cpu = wall+time.Since(begun), cpu+spent()-cpuBegun
		if puts := server.puts.Load(); puts != events {
			b.Fatalf("got %d requests, want %d", puts, events)
		}
	}
	turns := float64(b.N)
	b.ReportMetric(wall.Seconds()*1000/turns, "wall-ms")
	b.ReportMetric(limit.Seconds()*1000/turns, "limit-wall-ms")
	b.ReportMetric(wall.Seconds()/limit.Seconds(), "wall/limit")
	b.ReportMetric(cpu.Seconds()*1000/turns, "cpu-ms")
}

// bare is how long n PUTs take that are only the exchange, over 8 connections.
func (s *putServer) bare(b *testing.B, n int) time.Duration {
	b.Helper()
	begun := time.Now()
	next := make(chan struct{}, n)
	for range n {
		next <- struct{}{}
	}
	close(next)
	failed := make(chan error, 8)
	for range cap(failed) {
		go func() {
			for range next {
				request, err := http.NewRequestWithContext(b.Context(), http.MethodPut, s.URL+"/0/bare.ics", http.NoBody)
				if err != nil {
					failed <- err
					return
				}
				response, err := s.transport.RoundTrip(request)
				if err != nil {
					failed <- err
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
			failed <- nil
		}()
	}
	for range cap(failed) {
		must(b, <-failed)
	}
	return time.Since(begun)
}

// relocate moves the first link's calendar to a server.
func (e *engineBench) relocate(b *testing.B, address string) {
	b.Helper()
	must(b, e.store.Write(b.Context(), func(tx *store.Tx) error {
		link, err := tx.Link(e.links[0])
		if err != nil {
			return err
		}
		if err := tx.EndLink(link.ID, link.Version, time.Now()); err != nil {
			return err
		}
		link.ID, link.CalendarHref = crm.NewID[crm.Link](e.ids), address+"/0/"
		e.links[0] = link.ID
		return tx.InsertLink(link, []byte("sealed"), synced())
	}))
}

// release takes back that a new link is wanted at once.
func (e *engineBench) release(b *testing.B) {
	b.Helper()
	must(b, e.store.Write(b.Context(), func(tx *store.Tx) error {
		leases, err := tx.ClaimLeases("bench", time.Hour, 10, nil)
		if err != nil {
			return err
		}
		for _, lease := range leases {
			if err := tx.ReleaseLease(lease, store.Never); err != nil {
				return err
			}
		}
		return nil
	}))
}

// BenchmarkSaveToPut measures from a save to the first byte of its PUT on the wire: the save of an action that has an event,
// with its history and outbox entry, durable; the wake, the lease, the promise, durable; and the request over an open
// connection. The budget of docs/performance.md is p50 2 ms and p99 10 ms on SQLite, p99 25 ms on PostgreSQL. save-... is the
// save alone, commit-... a durable commit of one row, bare, in the same turn.
func BenchmarkSaveToPut(b *testing.B) {
	for _, database := range []struct {
		name  string
		fresh func(testing.TB) store.Options
	}{{"SQLite", storetest.SQLite}, {"PostgreSQL", storetest.PostgreSQL}} {
		b.Run(database.name, func(b *testing.B) {
			server := newPutServer(b, 0)
			bench := newEngineBenchOn(b, database.fresh(b), 1, synced(), nil)
			bench.engine.Connect = server.connect(b)
			bench.relocate(b, server.URL)
			bench.release(b)
			action := bench.push(b, 1)
			bench.run(b, bench.links[0])
			done := make(chan struct{}, 1)
			runs := scheduler.New(scheduler.Config{Store: bench.store, Owner: "bench", Run: func(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
				result, err := bench.engine.Run(ctx, lease, report)
				result.NextDueAt = store.Never
				done <- struct{}{}
				return result, err
			}})
			runs.Start()
			var saves, firsts, fromSave, commits []time.Duration
			cpuBegun := spent()
			for i := range b.N {
				for len(server.first) > 0 {
					<-server.first
				}
				begun := time.Now()
				must(b, bench.store.Write(b.Context(), func(tx *store.Tx) error {
					current, err := tx.Action(action.ID)
					if err != nil {
						return err
					}
					current.Subject = fmt.Sprint("Call again ", i)
					change := crm.Change{ID: crm.NewID[crm.Change](bench.ids), Action: action.ID, At: time.Now(), What: crm.Changed, Name: "subject", Actor: crm.Actor{Kind: crm.ActorSystem}}
					return errors.Join(tx.UpdateAction(current, current.Version), tx.AppendHistory([]crm.Change{change}),
						tx.PutOutbox(store.OutboxEntry{Link: bench.links[0], Action: action.ID, Origin: reconcile.OriginPerson}))
				}))
				saved := time.Now()
				first := <-server.first
				saves, firsts, fromSave = append(saves, saved.Sub(begun)), append(firsts, first.Sub(saved)), append(fromSave, first.Sub(begun))
				<-done
				begun = time.Now()
				must(b, bench.store.Write(b.Context(), func(tx *store.Tx) error { return tx.SetSecret(bench.links[0], []byte("sealed")) }))
				commits = append(commits, time.Since(begun))
			}
			b.ReportMetric((spent()-cpuBegun).Seconds()*1000/float64(b.N), "cpu-ms")
			must(b, runs.Stop(b.Context()))
			for name, took := range map[string][]time.Duration{"save": saves, "put": firsts, "save+put": fromSave, "commit": commits} {
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, name+"-p50-ms")
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, name+"-p99-ms")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
