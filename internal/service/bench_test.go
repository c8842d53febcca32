package service

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

// BenchmarkList measures one page of the list over 100,000 actions, with its total and names, on both databases.
func BenchmarkList(b *testing.B) {
	for name, fresh := range map[string]func(testing.TB) store.Options{"SQLite": storetest.SQLite, "PostgreSQL": storetest.PostgreSQL} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, storetest.Open(b, fresh(b)))
			w.fill(100_000)
			for what, query := range map[string]ActionQuery{
				"all": {}, "mine": {Mine: true}, "text": {Text: "visit pir"}, "follower_and_status": {FollowedBy: []crm.UserID{follower.ID}, Statuses: []crm.ChoiceID{{2, 1}}},
				"a_week": {From: crm.Date{Year: 2026, Month: 11, Day: 23}, To: crm.Date{Year: 2026, Month: 11, Day: 29}}, "trash": {Trash: true},
			} {
				b.Run(what, func(b *testing.B) {
					var took []time.Duration
					for b.Loop() {
						began := time.Now()
						if _, err := w.List(b.Context(), w.user, query); err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(began))
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				})
			}
		})
	}
}

// BenchmarkChange measures one saved change of an action with an event, durable on the disk.
func BenchmarkChange(b *testing.B) {
	for name, fresh := range map[string]func(testing.TB) store.Options{"SQLite": storetest.SQLite, "PostgreSQL": storetest.PostgreSQL} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, storetest.Open(b, fresh(b)))
			link := w.link(w.user)
			action := w.action(w.user)
			w.bind(link, action)
			for i := 0; b.Loop(); i++ {
				var err error
				action, err = w.Change(b.Context(), w.user, action.ID, action.Version, edit(action, func(in *ActionInput) { in.Subject = fmt.Sprint(i) }))
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fill adds n actions spread over six years and four followers.
func (w *world) fill(n int) {
	w.t.Helper()
	day := crm.Date{Year: 2022, Month: 1, Day: 1}
	followers := []crm.UserID{follower.ID, colleague.ID, withoutRights.ID, third.ID}
	for from := 0; from < n; from += 1000 {
		var actions []crm.Action
		for i := from; i < min(n, from+1000); i++ {
			actions = append(actions, crm.Action{
				ID: crm.NewID[crm.Action](w.IDs), Version: 1, FollowedBy: followers[i%len(followers)], Type: crm.ChoiceID{1, 1}, Status: crm.ChoiceID{2, byte(i%2 + 1)}, Priority: crm.ChoiceID{3, 1},
				Units: crm.Units{
					Subject: fmt.Sprintf("Visit %d of the boiler", i), Description: "Purge floor by floor, then look at the pump of the second circuit.",
					When: crm.When{StartDate: day.AddDays(i * 2190 / n), StartTime: crm.NewClock(8+i%10, 0, 0), Zone: "Europe/Brussels"},
				},
				ThirdParty: []string{"Boulangerie Piron", "Garage Lambert", "De Regenboog"}[i%3], CreatedAt: w.clock.at, ModifiedAt: w.clock.at,
				CreatedBy: w.user.actor(), ModifiedBy: w.user.actor(), Sync: crm.SyncState{Name: crm.Synced},
			})
		}
		w.writeRows(func(tx *store.Tx) error { return tx.InsertActions(actions) })
	}
}
