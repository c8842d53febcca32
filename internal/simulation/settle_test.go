package simulation

import (
	"math/rand/v2"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/store"
)

// settle gives healed sides three rounds within a minute, after what servers asked to wait, and has it judged whether work is left
// (O9). What waits for a person does not count, nor what a server refused for good: that says why, and waits for a change or a day.
func (w *world) settle(random *rand.Rand) oracle.Report {
	asked := time.Duration(0)
	must(w.store.Read(w.ctx, func(tx *store.Tx) error {
		for _, of := range w.people {
			sync, err := tx.LinkSync(w.links[of.User.ID].ID)
			if err != nil {
				return err
			}
			asked = max(asked, sync.RetryAt.Sub(w.clock.at))
		}
		return nil
	}))
	began := w.clock.at
	w.pass(asked)
	rounds := 0
	for left := w.left(); rounds < 3 && (rounds == 0 || len(left) > 0); left = w.left() {
		rounds++
		w.pass(15 * time.Second)
		w.decide(random)
		w.round(random)
	}
	settling, left := oracle.Settling{Links: map[string]oracle.Settled{}}, w.left()
	for _, of := range w.people {
		name := of.User.Login
		settling.Links[name] = oracle.Settled{Done: left[name] == 0, Rounds: rounds, Took: w.clock.at.Sub(began), RetryAfter: asked}
	}
	return oracle.JudgeSettling(settling)
}

// left is how many actions wait to be written, by user of the link, but for those that wait for somebody.
func (w *world) left() map[string]int {
	left := map[string]int{}
	must(w.store.Read(w.ctx, func(tx *store.Tx) error {
		clear(left)
		for _, of := range w.people {
			entries, err := tx.OutboxOfActions(w.links[of.User.ID].ID, w.order)
			if err != nil {
				return err
			}
			for _, entry := range entries {
				action, err := tx.Action(entry.Action)
				if err != nil {
					return err
				}
				refused := entry.Reason != "" && entry.NotBefore.Sub(w.clock.at) > 2*time.Minute
				if action.Sync.Name != crm.Held && action.Sync.Name != crm.ReadOnly && !refused {
					left[of.User.Login]++
				}
			}
		}
		return nil
	}))
	return left
}
