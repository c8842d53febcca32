package service

import (
	"crypto/rand"
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
)

// sealedWorld is a world whose key file is at path, with values of each kind that the key has sealed.
func sealedWorld(w *world, values int) (path string, places map[secret.Place]string) {
	w.t.Helper()
	path = filepath.Join(w.t.TempDir(), "agenda.key")
	keys, err := secret.Create(path, rand.Reader)
	w.must(err)
	w.Keys = keys
	w.must(w.Start(w.ctx()))
	link := w.link(w.user)
	places = map[secret.Place]string{SecretPlace(link.ID): w.linkInput(w.user).Password}
	w.writeRows(func(tx *store.Tx) error {
		for range values {
			id := crm.NewID[crm.Link](w.IDs)
			places[GrantPlace(id)], places[draftPlace(id)] = `{"account":"`+id.String()+`"}`, "draft "+id.String()
			if err := errors.Join(
				tx.PutGrant(store.Grant{ID: id, Sealed: keys.Seal(GrantPlace(id), []byte(places[GrantPlace(id)])), GrantedAt: w.clock.now()}),
				tx.PutDraft(store.Draft{ID: id, Owner: w.user.User.ID, Binding: []byte("b"), Sealed: keys.Seal(draftPlace(id), []byte(places[draftPlace(id)])), ExpiresAt: w.clock.now()}),
			); err != nil {
				return err
			}
		}
		return nil
	})
	return path, places
}

// wantOpen checks that everything opens, at its place and nowhere else.
func (w *world) wantOpen(keys *secret.Ring, want map[secret.Place]string) {
	w.t.Helper()
	got := map[secret.Place]string{}
	w.must(eachSealed(w.ctx(), w.Store, func(one store.Sealed) error {
		value, err := keys.Open(placeOf(one), one.Value)
		got[placeOf(one)] = string(value)
		return err
	}))
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("what is sealed (-want +got):\n%s", diff)
	}
}

// F60: old and new key are both read during a rotation, and every value is sealed with the new one after it.
func TestF60_a_rotation_reseals_every_value(t *testing.T) {
	eachWorld(t, func(w *world) {
		const pairs = 130 // more than a transaction takes
		path, places := sealedWorld(w, pairs)
		first := w.Keys.KeyID()
		second, err := secret.Rotate(path, rand.Reader)
		w.must(err)
		w.wantOpen(w.Keys, places)
		done, err := Reseal(w.ctx(), w.Store, w.Keys)
		w.must(err)
		if want := (Resealed{Anew: 2*pairs + 1, All: 2*pairs + 1}); done != want {
			t.Errorf("resealed %+v, want %+v", done, want)
		}
		counts, err := SealedBy(w.ctx(), w.Store)
		w.must(err)
		if want := map[string]int{second: 2*pairs + 1}; !maps.Equal(counts, want) {
			t.Errorf("sealed by %v, want %v", counts, want)
		}
		if again, err := Reseal(w.ctx(), w.Store, w.Keys); err != nil || again.Anew != 0 {
			t.Errorf("a second time: %+v, %v; want nothing to do", again, err)
		}
		_, err = secret.Forget(path, second)
		w.must(err)
		alone, err := secret.Load(path)
		w.must(err)
		if got := alone.KeyIDs(); len(got) != 1 || got[0] == first {
			t.Errorf("the file holds %v", got)
		}
		w.wantOpen(alone, places)
		w.must(w.Start(w.ctx()))
	})
}

// F60: a key that is not there stops a rotation before it changes a value, and is named.
func TestF60_a_value_that_does_not_open_stops_a_rotation(t *testing.T) {
	eachWorld(t, func(w *world) {
		path, places := sealedWorld(w, 3)
		stranger, err := secret.Create(filepath.Join(t.TempDir(), "stranger.key"), rand.Reader)
		w.must(err)
		id := crm.NewID[crm.Link](w.IDs)
		w.writeRows(func(tx *store.Tx) error {
			return tx.PutGrant(store.Grant{ID: id, Sealed: stranger.Seal(GrantPlace(id), []byte("canary")), GrantedAt: w.clock.now()})
		})
		first := w.Keys.KeyID()
		_, err = secret.Rotate(path, rand.Reader)
		w.must(err)
		if _, err := Reseal(w.ctx(), w.Store, w.Keys); !errors.Is(err, secret.ErrUnknownKey) || !strings.Contains(err.Error(), stranger.KeyID()) {
			t.Errorf("got %v, want ErrUnknownKey naming %s", err, stranger.KeyID())
		}
		counts, err := SealedBy(w.ctx(), w.Store)
		w.must(err)
		if want := map[string]int{first: len(places), stranger.KeyID(): 1}; !maps.Equal(counts, want) {
			t.Errorf("sealed by %v, want %v", counts, want)
		}
	})
}

// A running program that writes while the values are resealed loses nothing.
func TestReseal_beside_writers(t *testing.T) {
	eachWorld(t, func(w *world) {
		path, places := sealedWorld(w, 60)
		id := crm.NewID[crm.Link](w.IDs)
		w.writeRows(func(tx *store.Tx) error {
			return tx.PutGrant(store.Grant{ID: id, Sealed: w.Keys.Seal(GrantPlace(id), []byte("0")), GrantedAt: w.clock.now()})
		})
		ended := make(chan error, 1)
		go func() {
			for i := range 40 {
				value := []byte{byte('a' + i%26)}
				if err := w.Store.Write(w.ctx(), func(tx *store.Tx) error {
					return tx.PutGrant(store.Grant{ID: id, Sealed: w.Keys.Seal(GrantPlace(id), value), GrantedAt: w.clock.now()})
				}); err != nil {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
		second, err := secret.Rotate(path, rand.Reader)
		w.must(err)
		_, err = Reseal(w.ctx(), w.Store, w.Keys)
		w.must(err)
		w.must(<-ended)
		_, err = Reseal(w.ctx(), w.Store, w.Keys)
		w.must(err)
		counts, err := SealedBy(w.ctx(), w.Store)
		w.must(err)
		if want := map[string]int{second: len(places) + 1}; !maps.Equal(counts, want) {
			t.Errorf("sealed by %v, want %v", counts, want)
		}
		places[GrantPlace(id)] = string([]byte{byte('a' + 39%26)})
		w.wantOpen(w.Keys, places)
	})
}
