package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

func (f *fixture) put(action crm.Action, origin reconcile.Origin) store.OutboxEntry {
	f.Helper()
	f.write(func(tx *store.Tx) error {
		return tx.PutOutbox(store.OutboxEntry{Link: f.link.ID, Action: action.ID, Origin: origin})
	})
	return f.entry(action)
}

func (f *fixture) entry(action crm.Action) store.OutboxEntry {
	f.Helper()
	return load(f, func(tx *store.Tx) (store.OutboxEntry, error) { return tx.OutboxEntry(f.link.ID, action.ID) })
}

func (f *fixture) due() []store.OutboxEntry {
	f.Helper()
	return load(f, func(tx *store.Tx) ([]store.OutboxEntry, error) { return tx.OutboxOf(f.link.ID, 10) })
}

func (f *fixture) insertActions(subjects ...string) []crm.Action {
	f.Helper()
	var actions []crm.Action
	for _, subject := range subjects {
		actions = append(actions, newAction(f.anna.ID, subject, "2026-11-24 - - - Europe/Brussels"))
	}
	f.write(func(tx *store.Tx) error { return tx.InsertActions(actions) })
	return actions
}

func TestOutbox_entry_put_again_outlives_the_one_being_done(t *testing.T) {
	onEach(t, func(f *fixture) {
		action := f.insertActions("call")[0]
		first := f.put(action, reconcile.OriginPerson)
		f.same("entry", first, store.OutboxEntry{Link: f.link.ID, Action: action.ID, Revision: first.Revision, Origin: reconcile.OriginPerson, CreatedAt: f.clock.now(), NotBefore: f.clock.now()})
		second := f.put(action, reconcile.OriginPerson) // at the same instant
		done := func(entry store.OutboxEntry) (ok bool) {
			f.write(func(tx *store.Tx) (err error) {
				ok, err = tx.OutboxDone(f.link.ID, action.ID, entry.Revision)
				return err
			})
			return ok
		}
		f.same("done with the first revision", done(first), false)
		f.same("due", f.due(), []store.OutboxEntry{second})
		f.same("done with the second", done(second), true)
		f.same("due", len(f.due()), 0)
		f.clock.forward(time.Millisecond)
		f.put(action, reconcile.OriginPerson)
		f.same("done with the second once more", done(second), false)
		f.same("due", len(f.due()), 1)
	})
}

func TestOutbox_retry_waits_and_a_new_edit_does_not(t *testing.T) {
	onEach(t, func(f *fixture) {
		action := f.insertActions("call")[0]
		entry := f.put(action, reconcile.OriginPerson)
		later := f.clock.now().Add(time.Minute)
		f.write(func(tx *store.Tx) error {
			ok, err := tx.OutboxRetry(f.link.ID, action.ID, entry.Revision, later, crm.FailingServer, map[string]string{"status": "503"})
			f.same("kept", ok, true)
			return err
		})
		f.same("due before its time", len(f.due()), 0)
		entry.Attempts, entry.NotBefore, entry.Reason, entry.Params = 1, later, crm.FailingServer, map[string]string{"status": "503"}
		f.same("entry", f.entry(action), entry)
		f.same("pending", load(f, func(tx *store.Tx) (int, error) { return tx.PendingCount(f.link.ID) }), 1)
		f.clock.forward(time.Minute)
		f.same("due in its time", f.due(), []store.OutboxEntry{entry})

		f.write(func(tx *store.Tx) error {
			_, err := tx.OutboxRetry(f.link.ID, action.ID, entry.Revision, later.Add(time.Hour), crm.FailingServer, nil)
			return err
		})
		again := f.put(action, reconcile.OriginChange)
		f.same("due after an edit", f.due(), []store.OutboxEntry{again})
		f.same("attempts after an edit", again.Attempts, 0)
		f.write(func(tx *store.Tx) error {
			ok, err := tx.OutboxRetry(f.link.ID, action.ID, entry.Revision, later.Add(time.Hour), crm.FailingServer, nil)
			f.same("retry of the revision before", ok, false)
			return err
		})
		f.same("still due", f.due(), []store.OutboxEntry{again})
	})
}

func TestOutbox_what_a_person_typed_stays_a_persons(t *testing.T) {
	onEach(t, func(f *fixture) {
		action := f.insertActions("call")[0]
		for _, step := range []struct{ put, want reconcile.Origin }{
			{reconcile.OriginBulk, reconcile.OriginBulk}, {reconcile.OriginChange, reconcile.OriginChange},
			{reconcile.OriginPerson, reconcile.OriginPerson}, {reconcile.OriginBulk, reconcile.OriginPerson},
		} {
			f.same("origin after "+string(step.put), f.put(action, step.put).Origin, step.want)
		}
	})
}

func TestOutbox_is_worked_off_in_order_of_creation(t *testing.T) {
	onEach(t, func(f *fixture) {
		actions := f.insertActions("a", "b", "c")
		for _, i := range []int{1, 0, 2, 1} { // the one put again keeps its place
			f.put(actions[i], reconcile.OriginPerson)
			f.clock.forward(time.Second)
		}
		var got []crm.ActionID
		for _, entry := range f.due() {
			got = append(got, entry.Action)
		}
		f.same("order", got, []crm.ActionID{actions[1].ID, actions[0].ID, actions[2].ID})
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.DropOutbox(f.link.ID, actions[0].ID), tx.DropOutbox(f.link.ID, actions[0].ID))
		})
		f.same("due", len(f.due()), 2)
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (store.OutboxEntry, error) { return tx.OutboxEntry(f.link.ID, actions[0].ID) })
	})
}

func TestOutbox_of_many_is_put_at_once(t *testing.T) {
	onEach(t, func(f *fixture) {
		var entries []store.OutboxEntry
		for _, action := range f.insertActions(strings.Split(strings.Repeat("x,", 999)+"x", ",")...) {
			entries = append(entries, store.OutboxEntry{Link: f.link.ID, Action: action.ID, Origin: reconcile.OriginBulk})
		}
		again := entries[0]
		again.Origin = reconcile.OriginPerson
		f.write(func(tx *store.Tx) error { return tx.PutOutbox(append(entries, again)...) })
		f.write(func(tx *store.Tx) error { return tx.PutOutbox() })
		f.same("pending", load(f, func(tx *store.Tx) (int, error) { return tx.PendingCount(f.link.ID) }), 1000)
		f.same("origin of the one put twice", load(f, func(tx *store.Tx) (store.OutboxEntry, error) {
			return tx.OutboxEntry(f.link.ID, again.Action)
		}).Origin, reconcile.OriginPerson)
	})
}

func TestOutbox_put_makes_the_link_due(t *testing.T) {
	onEach(t, func(f *fixture) {
		f.release(f.claim("one", 1)[0], store.Never)
		heard := f.store.Listen(store.TopicWake)
		defer heard.Close()
		f.put(f.insertActions("call")[0], reconcile.OriginPerson)
		leases := f.claim("one", 1)
		f.same("claimed", len(leases), 1)
		f.same("trigger", leases[0].Trigger, crm.TriggerPush)
		payloads, _ := heard.Take()
		f.same("announced", payloads, []string{f.link.ID.String()})
	})
}
