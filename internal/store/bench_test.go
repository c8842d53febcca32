package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

// benchOnEach runs a benchmark on a store of each database with the clock and the durability of production.
func benchOnEach(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	for _, database := range []struct {
		name  string
		fresh func(testing.TB) store.Options
	}{{"SQLite", storetest.SQLite}, {"PostgreSQL", storetest.PostgreSQL}} {
		b.Run(database.name, func(b *testing.B) { bench(b, storetest.Open(b, database.fresh(b))) })
	}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// spent is the processor time of the process so far.
func spent() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// percentiles reports the p50 and p99 of what was measured, and the processor time of this process for each since cpuBegun:
// on a machine that other work shares only that means something, and of PostgreSQL it is the client's part.
func percentiles(b *testing.B, took []time.Duration, cpuBegun time.Duration) {
	b.ReportMetric(float64((spent()-cpuBegun).Microseconds())/1000/float64(len(took)), "cpu-ms")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

var syllables = strings.Fields("an be co da el fi ga ho in ja ka lo ma ne or pa qu ra si to ul va we xi yo za")

// bulk makes the rows of n events as a first sync brings them, of 864 bytes each, spread over six years.
type bulk struct {
	actions   []crm.Action
	resources []store.Resource
	bindings  []store.Binding
	history   []crm.Change
}

func newBulk(random *rand.Rand, link crm.LinkID, followers []crm.UserID, n int) bulk {
	word := func(rare bool) string {
		count := 2
		if rare {
			count = 4
		}
		var text strings.Builder
		for range count {
			text.WriteString(syllables[random.IntN(len(syllables))])
		}
		return text.String()
	}
	body := []byte("BEGIN:VCALENDAR\r\n" + strings.Repeat("X", 864-34) + "\r\nEND:VCALENDAR\r\n")
	var rows bulk
	for i := range n {
		a := newAction(followers[random.IntN(len(followers))], word(false)+" "+word(true)+" "+word(false), "- - - - -")
		a.Description = strings.Repeat(word(false)+" "+word(true)+" ", 6)
		a.When = crm.When{StartDate: day("2022-01-01").AddDays(random.IntN(6 * 365)), Zone: "Europe/Brussels"}
		if random.IntN(4) > 0 {
			a.When.StartTime, a.When.EndTime = crm.NewClock(8+random.IntN(8), 0, 0), crm.NewClock(17, 0, 0)
		} else {
			a.When.EndDate = a.When.StartDate.AddDays(random.IntN(2) * random.IntN(4))
		}
		if random.IntN(3) == 0 {
			a.ThirdParty, a.Contact = word(true)+" NV", word(false)+" "+word(false)
		}
		if random.IntN(20) == 0 {
			a.DueDate = a.When.StartDate.AddDays(14)
		}
		a.CreatedAt = monday.Add(-time.Duration(random.IntN(6*365*24)) * time.Hour)
		a.ModifiedAt = a.CreatedAt.Add(time.Duration(random.IntN(200)) * time.Hour)
		a.ModifiedBy = crm.Actor{Kind: crm.ActorLink, Link: link}
		r := store.Resource{
			ID: newID[store.Resource](), Link: link, Href: dav.Href(fmt.Sprintf("/calendars/anna/work/%08x-%d.ics", random.Uint32(), i)),
			UID: fmt.Sprintf("%016x-%d@example.org", random.Uint64(), i), ETag: dav.ETag(fmt.Sprintf("%q", fmt.Sprint(random.Uint64()))), State: store.ResourceLive, SeenAt: monday, Body: body,
		}
		rows.actions = append(rows.actions, a)
		rows.resources = append(rows.resources, r)
		rows.bindings = append(rows.bindings, bind(r, a))
		rows.history = append(rows.history, crm.Change{ID: newID[crm.Change](), Action: a.ID, At: monday, Actor: a.ModifiedBy, What: crm.Created, Name: "subject", After: a.Subject})
	}
	return rows
}

func (rows bulk) insert(tx *store.Tx) error {
	return errors.Join(tx.InsertActions(rows.actions), tx.InsertResources(rows.resources), tx.InsertBindings(rows.bindings), tx.AppendHistory(rows.history))
}

// linked adds users and a link of the first.
func linked(b *testing.B, s *store.Store, users int) (crm.Link, []crm.UserID) {
	var ids []crm.UserID
	var link crm.Link
	must(b, s.Write(b.Context(), func(tx *store.Tx) error {
		ids = nil
		for i := range users {
			user := newUser(fmt.Sprint("user", i))
			if err := tx.InsertUser(user, ""); err != nil {
				return err
			}
			ids = append(ids, user.ID)
		}
		link = newLink(ids[0], "https://calendar.example.org/")
		return tx.InsertLink(link, nil, store.LinkSync{})
	}))
	return link, ids
}

// BenchmarkFirstSync10000 stores what a first sync of 10,000 events brings, in one transaction and searchable.
func BenchmarkFirstSync10000(b *testing.B) {
	benchOnEach(b, func(b *testing.B, s *store.Store) {
		random := rand.New(rand.NewPCG(1, 1))
		link, users := linked(b, s, 1)
		for b.Loop() {
			b.StopTimer()
			rows := newBulk(random, link.ID, users, 10_000)
			for i := range rows.actions {
				rows.actions[i].CreatedAt, rows.actions[i].ModifiedAt = monday, monday
			}
			b.StartTimer()
			must(b, s.Write(b.Context(), rows.insert))
		}
	})
}

// BenchmarkSearch100000 asks what people ask of 100,000 actions of 20 users, 50 to a page, with their number as far as the screen
// counts it.
func BenchmarkSearch100000(b *testing.B) {
	benchOnEach(b, func(b *testing.B, s *store.Store) {
		random := rand.New(rand.NewPCG(2, 1))
		link, users := linked(b, s, 20)
		for range 20 {
			rows := newBulk(random, link.ID, users, 5_000)
			must(b, s.Write(b.Context(), rows.insert))
		}
		must(b, s.Optimize(b.Context()))
		nothing := crm.ChoiceID{1}
		for _, c := range []struct {
			name    string
			counted int
			query   func() store.Query
		}{
			{"all", 10_000, func() store.Query { return store.Query{} }},
			{"mine", 10_000, func() store.Query { return store.Query{FollowedBy: users[:1]} }},
			{"of_three", 10_000, func() store.Query { return store.Query{FollowedBy: users[3:6]} }},
			{"rare_word", 1000, func() store.Query {
				return store.Query{Text: syllables[random.IntN(26)] + syllables[random.IntN(26)] + syllables[random.IntN(26)]}
			}},
			{"common_word", 1000, func() store.Query { return store.Query{Text: syllables[random.IntN(26)] + syllables[random.IntN(26)]} }},
			{"two_letters", 1000, func() store.Query { return store.Query{Text: syllables[random.IntN(26)]} }},
			{"one_letter", 1000, func() store.Query { return store.Query{Text: syllables[random.IntN(26)][:1]} }},
			{"two_beginnings_and_mine", 1000, func() store.Query {
				return store.Query{Text: syllables[random.IntN(26)] + syllables[random.IntN(26)] + " " + syllables[random.IntN(26)], FollowedBy: users[:1]}
			}},
			{"third_party", 1000, func() store.Query {
				return store.Query{ThirdParty: syllables[random.IntN(26)] + syllables[random.IntN(26)]}
			}},
			{"a_week", 10_000, func() store.Query {
				from := day("2022-01-01").AddDays(random.IntN(6 * 365))
				return store.Query{From: from, Through: from.AddDays(6)}
			}},
			{"due", 2000, func() store.Query {
				from := day("2022-01-01").AddDays(random.IntN(6 * 365))
				return store.Query{DueFrom: from, DueThrough: from.AddDays(6)}
			}},
			{"created", 2000, func() store.Query {
				from := monday.AddDate(0, 0, -random.IntN(6*365))
				return store.Query{CreatedFrom: from, CreatedBefore: from.AddDate(0, 0, 7)}
			}},
			{"pending", 2000, func() store.Query { return store.Query{Sync: []crm.SyncName{crm.Pending, crm.Held}} }},
			{"type_of_none", 2000, func() store.Query { return store.Query{Types: []crm.ChoiceID{nothing}} }},
			{"trash", 2000, func() store.Query { return store.Query{Trash: true} }},
		} {
			b.Run(c.name, func(b *testing.B) {
				var took []time.Duration
				cpuBegun := spent()
				for b.Loop() {
					q := c.query()
					q.Viewer = users[0]
					begun := time.Now()
					must(b, s.Read(b.Context(), func(tx *store.Tx) error {
						found, err := tx.Search(q, store.Page{Limit: 50})
						if err == nil && !found.Next.IsZero() {
							_, err = tx.Count(q, c.counted+1)
						}
						return err
					}))
					took = append(took, time.Since(begun))
				}
				percentiles(b, took, cpuBegun)
			})
		}
	})
}

// BenchmarkPutToClaim measures from the save of an action with its outbox entry to another goroutine holding the link's
// lease, which it waits for as the scheduler does. The save itself is measured beside it.
func BenchmarkPutToClaim(b *testing.B) {
	benchOnEach(b, func(b *testing.B, s *store.Store) {
		link, users := linked(b, s, 1)
		action := newAction(users[0], "call", "2026-11-24 - - - Europe/Brussels")
		must(b, s.Write(b.Context(), func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{action}) }))
		wake := s.Listen(store.TopicWake)
		defer wake.Close()
		claim := func() (leases []store.Lease) {
			must(b, s.Write(context.Background(), func(tx *store.Tx) (err error) {
				leases, err = tx.ClaimLeases("node", 8*time.Second, 10, nil)
				return err
			}))
			return leases
		}
		release := func(leases []store.Lease) {
			must(b, s.Write(context.Background(), func(tx *store.Tx) error { return tx.ReleaseLease(leases[0], store.Never) }))
		}
		release(claim())
		wake.Take()
		claimed := make(chan time.Time)
		done := make(chan struct{})
		defer close(done)
		go func() {
			for {
				select {
				case <-done:
					return
				case <-wake.Ready():
				}
				wake.Take()
				if leases := claim(); len(leases) > 0 {
					at := time.Now()
					release(leases)
					claimed <- at
				}
			}
		}()
		var saves, latencies []time.Duration
		cpuBegun := spent()
		for b.Loop() {
			begun := time.Now()
			must(b, s.Write(b.Context(), func(tx *store.Tx) error {
				current, err := tx.Action(action.ID)
				if err != nil {
					return err
				}
				return errors.Join(tx.UpdateAction(current, current.Version),
					tx.AppendHistory([]crm.Change{{ID: newID[crm.Change](), Action: action.ID, At: monday, What: crm.Changed, Name: "subject"}}),
					tx.PutOutbox(store.OutboxEntry{Link: link.ID, Action: action.ID, Origin: reconcile.OriginPerson}))
			}))
			saved := time.Now()
			saves = append(saves, saved.Sub(begun))
			latencies = append(latencies, (<-claimed).Sub(begun))
		}
		slices.Sort(saves)
		b.ReportMetric(float64(saves[len(saves)/2].Microseconds())/1000, "save-p50-ms")
		b.ReportMetric(float64(saves[len(saves)*99/100].Microseconds())/1000, "save-p99-ms")
		percentiles(b, latencies, cpuBegun)
	})
}

// BenchmarkUnchangedRuns claims links that are due, 100 at a time, reads what a run needs to ask the server whether anything
// changed, keeps that nothing did, and gives the links back.
func BenchmarkUnchangedRuns(b *testing.B) {
	const links, part = 2_000, 100
	benchOnEach(b, func(b *testing.B, s *store.Store) {
		must(b, s.Write(b.Context(), func(tx *store.Tx) error {
			for i := range links {
				user := newUser(fmt.Sprint("user", i))
				if err := errors.Join(tx.InsertUser(user, ""), tx.InsertLink(newLink(user.ID, fmt.Sprint("https://example.org/", i)), nil, store.LinkSync{})); err != nil {
					return err
				}
			}
			return nil
		}))
		runs := 0
		begun := time.Now()
		for b.Loop() {
			var leases []store.Lease
			must(b, s.Write(b.Context(), func(tx *store.Tx) (err error) {
				leases, err = tx.ClaimLeases("node", 8*time.Second, part, nil)
				return err
			}))
			must(b, s.Read(b.Context(), func(tx *store.Tx) error {
				for _, lease := range leases {
					_, errLink := tx.Link(lease.Link)
					_, errSync := tx.LinkSync(lease.Link)
					if err := errors.Join(errLink, errSync); err != nil {
						return err
					}
				}
				return nil
			}))
			now := time.Now()
			must(b, s.Write(b.Context(), func(tx *store.Tx) error {
				for _, lease := range leases {
					if err := errors.Join(tx.RequireLease(lease), tx.CheckedLink(lease.Link, now), tx.ReleaseLease(lease, now)); err != nil {
						return err
					}
				}
				return nil
			}))
			runs += len(leases)
		}
		b.ReportMetric(float64(runs)/time.Since(begun).Seconds(), "runs/s")
		b.ReportMetric(0, "ns/op")
	})
}
