package store_test

import (
	"errors"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

func TestGrant_is_refreshed_by_one_and_saved_once(t *testing.T) {
	onEach(t, func(f *fixture) {
		id := newID[crm.Link]()
		claim := func(number int64, owner string) (claimed bool) {
			f.write(func(tx *store.Tx) (err error) {
				claimed, err = tx.ClaimGrant(id, number, owner, time.Minute)
				return err
			})
			return claimed
		}
		load := func() (grant store.Grant) {
			f.read(func(tx *store.Tx) (err error) { grant, err = tx.Grant(id); return err })
			return grant
		}
		f.write(func(tx *store.Tx) error {
			return tx.PutGrant(store.Grant{ID: id, Sealed: []byte("one"), GrantedAt: monday, EndsAt: monday.Add(time.Hour)})
		})
		if got := load(); got.Number != 1 || string(got.Sealed) != "one" || !got.GrantedAt.Equal(monday) || !got.EndsAt.Equal(monday.Add(time.Hour)) || got.Dead != "" {
			t.Errorf("put: %+v", got)
		}
		if claim(2, "a") || !claim(1, "a") || claim(1, "b") {
			t.Error("a claim is for the number that is there, and one owner's")
		}
		f.write(func(tx *store.Tx) error { return tx.ReleaseGrant(id, 1, "b") })
		if claim(1, "b") {
			t.Error("another ended the claim")
		}
		f.write(func(tx *store.Tx) error { return tx.ReleaseGrant(id, 1, "a") })
		if !claim(1, "b") {
			t.Error("a released grant cannot be claimed")
		}
		f.write(func(tx *store.Tx) error { return tx.SaveGrant(id, 1, []byte("two"), time.Time{}) })
		if got := load(); got.Number != 2 || string(got.Sealed) != "two" || !got.GrantedAt.Equal(monday) || !got.EndsAt.IsZero() {
			t.Errorf("saved: %+v", got)
		}
		err := f.store.Write(t.Context(), func(tx *store.Tx) error { return tx.SaveGrant(id, 1, []byte("late"), time.Time{}) })
		if !errors.Is(err, store.ErrVersion) {
			t.Errorf("a save of an older number: %v, want ErrVersion", err)
		}
		var died bool
		f.write(func(tx *store.Tx) (err error) { died, err = tx.GrantDied(id, 1, "gone"); return err })
		if died || load().Dead != "" {
			t.Error("a grant died of the end of an older one")
		}
		f.write(func(tx *store.Tx) (err error) { died, err = tx.GrantDied(id, 2, "gone"); return err })
		if !died || load().Dead != "gone" || claim(2, "a") {
			t.Errorf("dead: %+v", load())
		}
		f.write(func(tx *store.Tx) error {
			return tx.PutGrant(store.Grant{ID: id, Sealed: []byte("three"), GrantedAt: monday})
		})
		if got := load(); got.Number != 3 || got.Dead != "" || !claim(3, "a") {
			t.Errorf("given anew: %+v", got)
		}
	})
}

func TestDraft_is_answered_once_and_forgotten_when_its_time_is_over(t *testing.T) {
	onEach(t, func(f *fixture) {
		draft := store.Draft{ID: newID[crm.Link](), Owner: f.anna.ID, Binding: []byte("session"), StateHash: []byte("state"), Sealed: []byte("x"), ExpiresAt: monday}
		f.write(func(tx *store.Tx) error { return tx.PutDraft(draft) })
		var found store.Draft
		f.read(func(tx *store.Tx) (err error) { found, err = tx.DraftOfState([]byte("state")); return err })
		if found.ID != draft.ID || found.Owner != f.anna.ID || string(found.Binding) != "session" || !found.ExpiresAt.Equal(monday) {
			t.Errorf("found %+v", found)
		}
		f.write(func(tx *store.Tx) error { return tx.AnswerDraft(found) })
		err := f.store.Write(t.Context(), func(tx *store.Tx) error { return tx.AnswerDraft(found) })
		if !errors.Is(err, store.ErrVersion) {
			t.Errorf("answered twice: %v, want ErrVersion", err)
		}
		err = f.store.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.DraftOfState([]byte("state")); return err })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the state is known after the answer: %v", err)
		}

		link := f.link
		orphan := newID[crm.Link]()
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.PutGrant(store.Grant{ID: link.ID, Sealed: []byte("x"), GrantedAt: monday}),
				tx.PutGrant(store.Grant{ID: draft.ID, Sealed: []byte("x"), GrantedAt: monday}), tx.PutGrant(store.Grant{ID: orphan, Sealed: []byte("x"), GrantedAt: monday}))
		})
		for _, c := range []struct {
			at   time.Time
			want int
		}{{monday.Add(-time.Second), 1}, {monday, 2}} {
			var ended []crm.LinkID
			f.read(func(tx *store.Tx) (err error) { ended, err = tx.EndedDrafts(c.at); return err })
			if len(ended) != c.want {
				t.Errorf("at %s %d ended, want %d", c.at, len(ended), c.want)
			}
		}
		f.write(func(tx *store.Tx) error { return tx.ForgetDrafts() })
		var grants []store.Grant
		f.read(func(tx *store.Tx) (err error) { grants, err = tx.Grants(); return err })
		if len(grants) != 1 || grants[0].ID != link.ID {
			t.Errorf("%d grants are left, want that of the link", len(grants))
		}
	})
}
