package service

import (
	"testing"

	"agendaonline/internal/store"
)

// A password that was refused a moment ago is not waited for any more once a person has seen that it is taken (semantics 7).
func TestTestSavedLink_that_works_lets_a_refused_password_be_tried_at_once(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		w.writeRows(func(tx *store.Tx) error {
			sync, err := tx.LinkSync(link.ID)
			if err != nil {
				return err
			}
			sync.RefusedAt, sync.RetryAt = w.clock.at, w.clock.at.AddDate(0, 0, 1)
			return tx.UpdateLinkSync(link.ID, sync)
		})
		w.waker.taken()
		_, err := w.TestSavedLink(w.ctx(), w.admin, link.ID, func(TestStep) {})
		w.must(err)
		w.rows(func(tx *store.Tx) error {
			sync, err := tx.LinkSync(link.ID)
			if !sync.RetryAt.IsZero() || !sync.RefusedAt.IsZero() {
				t.Errorf("got retry at %v after a refusal at %v, want neither", sync.RetryAt, sync.RefusedAt)
			}
			return err
		})
		if woken := w.waker.taken(); len(woken) != 1 {
			t.Errorf("woken %d links, want the one", len(woken))
		}
	})
}
