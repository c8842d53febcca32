package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

const ttl = 8 * time.Second

func (f *fixture) claim(owner string, limit int, only ...crm.LinkID) []store.Lease {
	f.Helper()
	var leases []store.Lease
	f.write(func(tx *store.Tx) (err error) {
		leases, err = tx.ClaimLeases(owner, ttl, limit, only)
		return err
	})
	return leases
}

func (f *fixture) release(lease store.Lease, nextDueAt time.Time) {
	f.Helper()
	f.write(func(tx *store.Tx) error { return tx.ReleaseLease(lease, nextDueAt) })
}

func TestLease_is_given_to_one_owner_at_a_time(t *testing.T) {
	onEach(t, func(f *fixture) {
		first := f.claim("one", 10)
		f.same("claimed", len(first), 1)
		f.same("trigger of a new link", first[0].Trigger, crm.TriggerPerson)
		f.same("claimed by another", len(f.claim("two", 10)), 0)
		f.write(func(tx *store.Tx) error { return tx.RequireLease(first[0]) })

		f.clock.forward(ttl - time.Microsecond)
		f.write(func(tx *store.Tx) (err error) {
			first[0], err = tx.RenewLease(first[0], ttl)
			return err
		})
		f.clock.forward(ttl - time.Microsecond)
		f.write(func(tx *store.Tx) error { return tx.RequireLease(first[0]) })
		f.same("claimed after a renewal", len(f.claim("two", 10)), 0)

		f.clock.forward(time.Microsecond)
		f.writeFails(store.ErrLeaseLost, func(tx *store.Tx) error { return tx.RequireLease(first[0]) })
		f.writeFails(store.ErrLeaseLost, func(tx *store.Tx) error { _, err := tx.RenewLease(first[0], ttl); return err })
		second := f.claim("two", 10)
		f.same("claimed after it expired", len(second), 1)
		f.same("generation", second[0].Generation, first[0].Generation+1)
		f.same("trigger of what a dead run left", second[0].Trigger, crm.TriggerPerson)
		f.writeFails(store.ErrLeaseLost, func(tx *store.Tx) error { return tx.ReleaseLease(first[0], store.Never) })
		f.write(func(tx *store.Tx) error { return tx.RequireLease(second[0]) })
	})
}

func TestLease_of_the_same_owner_is_another_by_its_generation(t *testing.T) {
	onEach(t, func(f *fixture) {
		first := f.claim("one", 1)[0]
		f.clock.forward(ttl)
		f.same("claimed anew", len(f.claim("one", 1)), 1)
		f.writeFails(store.ErrLeaseLost, func(tx *store.Tx) error { return tx.RequireLease(first) })
	})
}

func TestLease_is_due_at_the_next_poll_or_when_wanted(t *testing.T) {
	onEach(t, func(f *fixture) {
		poll := 5 * time.Minute
		f.release(f.claim("one", 1)[0], f.clock.now().Add(poll))
		f.same("next due", load(f, (*store.Tx).NextDue), f.clock.now().Add(poll))
		f.same("before the poll", len(f.claim("one", 1)), 0)
		f.clock.forward(poll)
		polled := f.claim("one", 1)
		f.same("at the poll", len(polled), 1)
		f.same("trigger", polled[0].Trigger, crm.TriggerPoll)
		f.release(polled[0], store.Never)
		loadFails(f, store.ErrNotFound, (*store.Tx).NextDue)

		f.write(func(tx *store.Tx) error { return tx.Want(f.link.ID, crm.TriggerScreen) })
		wanted := f.claim("one", 1)
		f.same("when wanted", len(wanted), 1)
		f.same("trigger", wanted[0].Trigger, crm.TriggerScreen)

		// Wanted while it runs: the run that goes on may have read before.
		f.write(func(tx *store.Tx) error { return tx.Want(f.link.ID, crm.TriggerPush) })
		f.same("while it runs", len(f.claim("two", 1)), 0)
		f.release(wanted[0], store.Never)
		again := f.claim("two", 1)
		f.same("after the run", len(again), 1)
		f.same("trigger", again[0].Trigger, crm.TriggerPush)
		f.release(again[0], store.Never)
		f.same("when all are served", len(f.claim("two", 1)), 0)
	})
}

func TestLease_is_due_when_an_entry_is_to_be_tried_again(t *testing.T) {
	onEach(t, func(f *fixture) {
		later, blocked := newAction(f.anna.ID, "later", "2026-11-24 - - - -"), newAction(f.anna.ID, "blocked", "2026-11-24 - - - -")
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.InsertActions([]crm.Action{later, blocked}),
				tx.PutOutbox(store.OutboxEntry{Link: f.link.ID, Action: later.ID}, store.OutboxEntry{Link: f.link.ID, Action: blocked.ID}))
		})
		lease := f.claim("one", 1)[0]
		retryAt := f.clock.now().Add(time.Minute)
		f.write(func(tx *store.Tx) error {
			entry, err := tx.OutboxEntry(f.link.ID, later.ID)
			if err != nil {
				return err
			}
			_, err = tx.OutboxRetry(f.link.ID, later.ID, entry.Revision, retryAt, crm.FailingServer, nil)
			return err
		})
		f.clock.forward(time.Second)
		f.release(lease, f.clock.now().Add(time.Hour))
		f.same("next due", load(f, (*store.Tx).NextDue), retryAt)
	})
}

func TestLease_only_the_given_links_are_claimed(t *testing.T) {
	onEach(t, func(f *fixture) {
		other := newLink(f.bob.ID, "https://calendar.example.org/bob/")
		f.write(func(tx *store.Tx) error { return tx.InsertLink(other, nil, store.LinkSync{}) })
		f.same("another link", len(f.claim("one", 5, newID[crm.Link]())), 0)
		got := f.claim("one", 5, other.ID)
		f.same("claimed", len(got), 1)
		f.same("link", got[0].Link, other.ID)
		f.same("limit", len(f.claim("one", 0)), 0)
	})
}

func TestLease_many_claim_at_once_and_nobody_gets_the_same(t *testing.T) {
	onEach(t, func(f *fixture) {
		const links, claimers = 40, 4
		f.write(func(tx *store.Tx) error {
			for i := range links - 1 {
				user := newUser("user" + string(rune('a'+i)))
				if err := errors.Join(tx.InsertUser(user, ""), tx.InsertLink(newLink(user.ID, "https://example.org/"+user.Login), nil, store.LinkSync{})); err != nil {
					return err
				}
			}
			return nil
		})
		type result struct {
			leases []store.Lease
			err    error
		}
		results := make(chan result, claimers)
		for i := range claimers {
			go func() {
				var all result
				for all.err == nil {
					var got []store.Lease
					all.err = f.store.Write(context.Background(), func(tx *store.Tx) (err error) {
						got, err = tx.ClaimLeases(string(rune('A'+i)), ttl, 3, nil)
						return err
					})
					if len(got) > 3 {
						all.err = errors.New("more than the limit")
					}
					if len(got) == 0 {
						break
					}
					all.leases = append(all.leases, got...)
				}
				results <- all
			}()
		}
		var claimed []string
		for range claimers {
			all := <-results
			if all.err != nil {
				f.Error(all.err)
			}
			for _, lease := range all.leases {
				claimed = append(claimed, lease.Link.String())
			}
		}
		slices.Sort(claimed)
		f.same("claims", len(claimed), links)
		f.same("links claimed", len(slices.Compact(claimed)), links)
	})
}

func TestWant_a_push_does_not_hide_what_else_is_wanted(t *testing.T) {
	onEach(t, func(f *fixture) {
		f.release(f.claim("one", 1)[0], store.Never)
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.Want(f.link.ID, crm.TriggerPush), tx.Want(f.link.ID, crm.TriggerPerson), tx.Want(f.link.ID, crm.TriggerPush))
		})
		f.same("trigger", f.claim("one", 1)[0].Trigger, crm.TriggerPerson)
	})
}

// TestRequireLease_keeps_claimers_out_and_nobody_waiting is about PostgreSQL: on SQLite one Write waits for the other.
func TestRequireLease_keeps_claimers_out_and_nobody_waiting(t *testing.T) {
	t.Parallel()
	options := storetest.PostgreSQL(t)
	c := newClock()
	options.Now = c.now
	f := &fixture{T: t, store: storetest.Open(t, options), clock: c, anna: newUser("anna")}
	f.link = newLink(f.anna.ID, "https://calendar.example.org/anna/")
	f.write(func(tx *store.Tx) error {
		return errors.Join(tx.InsertUser(f.anna, ""), tx.InsertLink(f.link, nil, store.LinkSync{}))
	})
	action := f.insertActions("call")[0]
	lease := f.claim("one", 1)[0]
	f.write(func(tx *store.Tx) error {
		if err := tx.RequireLease(lease); err != nil {
			return err
		}
		// A person saves meanwhile, and is not kept waiting.
		f.put(action, reconcile.OriginPerson)
		c.forward(ttl)
		if got := f.claim("two", 1); len(got) != 0 {
			f.Errorf("claimed during a write of the run before: %v", got)
		}
		return tx.ReleaseLease(lease, store.Never)
	})
	f.same("claimed after it", len(f.claim("two", 1)), 1)
}
