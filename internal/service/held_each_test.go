package service

import (
	"slices"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// Deletions that wait together are decided one by one: what is decided becomes due, each decision for itself, and the rest waits.
func TestDecideEach_the_rest_waits_on(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		var ids []crm.ActionID
		for range 4 {
			ids = append(ids, w.action(w.user).ID)
		}
		held := crm.NewID[store.Held](w.IDs)
		w.writeRows(func(tx *store.Tx) error {
			sync, err := tx.LinkSync(link.ID)
			if err != nil {
				return err
			}
			sync.NeedsDecision = true
			if err := tx.UpdateLinkSync(link.ID, sync); err != nil {
				return err
			}
			return tx.InsertHeld(store.Held{ID: held, Link: link.ID, Kind: HeldDeletions, CreatedAt: w.clock.now(), Subject: store.HeldSubject{Actions: ids}})
		})
		waits := func(want ...crm.ActionID) {
			w.t.Helper()
			views, err := w.Held(w.ctx(), w.user)
			w.must(err)
			var got []crm.ActionID
			for _, view := range views {
				for _, action := range view.Actions {
					got = append(got, action.ID)
				}
			}
			slices.SortFunc(got, func(a, b crm.ActionID) int { return slices.Compare(a[:], b[:]) })
			if !slices.Equal(got, want) {
				w.t.Errorf("waits %v, want %v", got, want)
			}
			if view, err := w.Link(w.ctx(), w.user, link.ID); err != nil || view.NeedsDecision != (len(want) > 0) {
				w.t.Errorf("the link needs a decision: %v, %v", view.NeedsDecision, err)
			}
		}
		w.wantProblem("nothing", w.DecideEach(w.ctx(), w.user, held, nil), CodeNothingDecided, "decisions")
		w.wantProblem("another action", w.DecideEach(w.ctx(), w.user, held, map[crm.ActionID]string{{9}: DecideDelete}), CodeNothingDecided, "decisions")
		w.wantProblem("nonsense", w.DecideEach(w.ctx(), w.user, held, map[crm.ActionID]string{ids[0]: "burn"}), CodeUnknownDecision, "decisions")
		waits(ids...)
		w.waker.taken()
		w.must(w.DecideEach(w.ctx(), w.user, held, map[crm.ActionID]string{ids[0]: DecideDelete, ids[2]: DecideWriteBack}))
		waits(ids[1], ids[3])
		if woken := w.waker.taken(); len(woken) != 1 {
			w.t.Errorf("woke %v", woken)
		}
		w.rows(func(tx *store.Tx) error {
			open, err := tx.OpenHeld(link.ID)
			got := map[string][]crm.ActionID{}
			for _, one := range open {
				got[one.Decision] = one.Subject.Actions
			}
			if !slices.Equal(got[DecideDelete], ids[:1]) || !slices.Equal(got[DecideWriteBack], ids[2:3]) || len(open) != 3 {
				w.t.Errorf("to be carried out: %v", got)
			}
			return err
		})
		w.must(w.DecideEach(w.ctx(), w.admin, held, map[crm.ActionID]string{ids[1]: DecideDelete, ids[3]: DecideDelete}))
		waits()
		w.wantProblem("when all is decided", w.DecideEach(w.ctx(), w.user, held, map[crm.ActionID]string{ids[1]: DecideDelete}), CodeDecidedAlready, "")
	})
}
