package store_test

import (
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

func TestAnnounceActions_names_all_of_many(t *testing.T) {
	onEach(t, func(f *fixture) {
		heard := f.store.Listen(store.TopicActions)
		defer heard.Close()
		ids := make([]crm.ActionID, 100)
		var want []string
		for i := range ids {
			ids[i] = newID[crm.Action]()
			want = append(want, ids[i].String())
		}
		f.write(func(tx *store.Tx) error { tx.AnnounceActions(ids); return nil })
		payloads, _ := heard.Take()
		f.same("announced", strings.Split(strings.Join(payloads, ","), ","), want)
	})
}

func TestHasAlias(t *testing.T) {
	onEach(t, func(f *fixture) {
		known, unknown := newID[crm.Action](), newID[crm.Action]()
		f.write(func(tx *store.Tx) error {
			return tx.PutAliases([]store.Alias{{"https://dav.example.org/cal", "a", known, monday}})
		})
		f.same("known", load(f, func(tx *store.Tx) (bool, error) { return tx.HasAlias(known) }), true)
		f.same("unknown", load(f, func(tx *store.Tx) (bool, error) { return tx.HasAlias(unknown) }), false)
	})
}

func TestSetSyncStateOfFollower_leaves_versions_the_undated_and_the_trash(t *testing.T) {
	onEach(t, func(f *fixture) {
		dated := newAction(f.anna.ID, "dated", "2026-11-24 - - - Europe/Brussels")
		past := newAction(f.anna.ID, "past", "2026-11-20 - - - Europe/Brussels")
		undated := newAction(f.anna.ID, "undated", "- - - - Europe/Brussels")
		trashed := newAction(f.anna.ID, "trashed", "2026-11-24 - - - Europe/Brussels")
		trashed.DeletedAt = monday
		other := newAction(f.bob.ID, "of another", "2026-11-24 - - - Europe/Brussels")
		f.write(func(tx *store.Tx) error {
			return tx.InsertActions([]crm.Action{dated, past, undated, trashed, other})
		})
		without := crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonFollowerWithout}
		pending := crm.SyncState{Name: crm.Pending}
		f.write(func(tx *store.Tx) error {
			if err := tx.SetSyncStateOfFollower(f.anna.ID, crm.Date{}, without); err != nil {
				return err
			}
			return tx.SetSyncStateOfFollower(f.anna.ID, day("2026-11-24"), pending)
		})
		dated.Sync, past.Sync = pending, without
		for _, want := range []crm.Action{dated, past, undated, trashed, other} {
			f.same(want.Subject, load(f, func(tx *store.Tx) (crm.Action, error) { return tx.Action(want.ID) }), want)
		}
	})
}
