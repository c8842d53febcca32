package store_test

import (
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

func TestWizard_is_its_owners_and_the_last_used_are_kept(t *testing.T) {
	onEach(t, func(f *fixture) {
		grant := newID[crm.Link]()
		var all []store.Wizard
		for i := range 4 {
			one := store.Wizard{ID: newID[crm.Link](), Owner: f.bob.ID, Sealed: []byte{byte(i)}, ExpiresAt: monday.Add(time.Duration(i) * time.Minute)}
			if i == 3 {
				one.Grant = grant
			}
			all = append(all, one)
			f.write(func(tx *store.Tx) error { return tx.PutWizard(one, 3) })
		}
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (store.Wizard, error) { return tx.Wizard(all[0].ID) })
		f.same("the second", load(f, func(tx *store.Tx) (store.Wizard, error) { return tx.Wizard(all[1].ID) }), all[1])
		f.same("by grant", load(f, func(tx *store.Tx) (store.Wizard, error) { return tx.WizardOfGrant(f.bob.ID, grant) }), all[3])
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (store.Wizard, error) { return tx.WizardOfGrant(f.anna.ID, grant) })

		stolen := all[2]
		stolen.Owner = f.anna.ID
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.PutWizard(stolen, 3) })
		all[1].Sealed, all[1].ExpiresAt = []byte("anew"), monday.Add(time.Hour)
		f.write(func(tx *store.Tx) error { return tx.PutWizard(all[1], 3) })
		f.write(func(tx *store.Tx) error { return tx.PurgeWizards(all[3].ExpiresAt) })
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (store.Wizard, error) { return tx.Wizard(all[3].ID) })
		f.same("used again", load(f, func(tx *store.Tx) (store.Wizard, error) { return tx.Wizard(all[1].ID) }), all[1])
		for range 2 {
			f.write(func(tx *store.Tx) error { return tx.DeleteWizard(all[1].ID) })
		}
	})
}
