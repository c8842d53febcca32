package store_test

import (
	"slices"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

func TestSealed_every_value_is_found_and_replaced_once(t *testing.T) {
	onEach(t, func(f *fixture) {
		second := newLink(f.bob.ID, "https://calendar.example.org/bob/")
		f.write(func(tx *store.Tx) error { return tx.InsertLink(second, nil, store.LinkSync{}) })
		f.write(func(tx *store.Tx) error {
			return tx.SetLinkTLS(second.ID, []byte("certified"), crm.LinkTLS{Certificate: "bob"})
		})
		f.write(func(tx *store.Tx) error {
			return tx.PutGrant(store.Grant{ID: second.ID, Sealed: []byte("granted"), GrantedAt: monday})
		})
		draft := store.Draft{ID: newID[crm.Link](), Owner: f.bob.ID, Binding: []byte("session"), Sealed: []byte("typed"), ExpiresAt: monday}
		f.write(func(tx *store.Tx) error { return tx.PutDraft(draft) })
		wizard := store.Wizard{ID: newID[crm.Link](), Owner: f.bob.ID, Sealed: []byte("typing"), ExpiresAt: monday}
		f.write(func(tx *store.Tx) error { return tx.PutWizard(wizard, 5) })
		want := []store.Sealed{
			{Table: "link", Column: "secret", ID: f.link.ID, Value: []byte("sealed")},
			{Table: "link", Column: "tls_sealed", ID: second.ID, Value: []byte("certified")},
			{Table: "oauth_grant", Column: "sealed", ID: second.ID, Value: []byte("granted")},
			{Table: "link_draft", Column: "sealed", ID: draft.ID, Value: []byte("typed")},
			{Table: "wizard", Column: "sealed", ID: wizard.ID, Value: []byte("typing")},
		}
		for _, limit := range []int{1, 2, 3, 10} {
			var got []store.Sealed
			for after := (store.Sealed{}); ; after = got[len(got)-1] {
				page := load(f, func(tx *store.Tx) ([]store.Sealed, error) { return tx.SealedValues(after, limit) })
				if len(page) > limit {
					t.Fatalf("%d values, want at most %d", len(page), limit)
				}
				if got = append(got, page...); len(page) < limit {
					break
				}
			}
			f.same("sealed values", got, want)
		}
		for _, one := range want {
			f.write(func(tx *store.Tx) error { return tx.Reseal(one, []byte("anew")) })
			f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.Reseal(one, []byte("again")) })
		}
		for _, one := range load(f, func(tx *store.Tx) ([]store.Sealed, error) { return tx.SealedValues(store.Sealed{}, 10) }) {
			f.same("value of "+one.Table, string(one.Value), "anew")
		}
	})
}

func TestSealed_no_column_of_sealed_values_is_missing(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	columns := queried(t, s, `SELECT t.name || '.' || c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
		WHERE t.type = 'table' AND (c.name LIKE '%secret%' OR c.name LIKE '%sealed%' OR c.name LIKE '%credential%') ORDER BY 1`)
	if want := []string{"link.secret", "link.tls_sealed", "link_draft.sealed", "oauth_grant.sealed", "wizard.sealed"}; !slices.Equal(columns, want) {
		t.Errorf("columns of sealed values: got %v, want %v, the ones that SealedValues reads", columns, want)
	}
}
