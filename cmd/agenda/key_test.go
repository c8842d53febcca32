package main

import (
	"crypto/rand"
	"maps"
	"path/filepath"
	"testing"

	"agendaonline/internal/secret"
	"agendaonline/internal/service"
)

// F60: another process rotates the key. The program that runs reads what either key sealed, seals with the new one, and goes on
// when the old one is forgotten.
func TestF60_a_running_program_goes_on_through_a_rotation(t *testing.T) {
	w := newWall(t)
	_, link := w.linked("ann")
	path := filepath.Join(w.dir, "agenda.key")
	second, err := secret.Rotate(path, rand.Reader)
	w.must(err)
	healthy := func(when string) {
		t.Helper()
		w.box.ForgetRequests()
		w.pull(link)
		view, err := w.p.service.Link(t.Context(), w.admin, link)
		w.must(err)
		if requests := w.box.Requests(); len(requests) == 0 || !view.Failing.Since.IsZero() || view.SignInAgain {
			t.Errorf("%s: %d requests, the link is %+v", when, len(requests), view.Link)
		}
	}
	healthy("both keys are there")
	other, err := secret.Load(path)
	w.must(err)
	done, err := service.Reseal(t.Context(), w.p.store, other)
	if w.must(err); done.Anew != 1 {
		t.Errorf("resealed %+v, want the password of ann", done)
	}
	healthy("everything is sealed anew")
	_, _ = w.linked("bob")
	counts, err := service.SealedBy(t.Context(), w.p.store)
	w.must(err)
	if want := map[string]int{second: 2}; !maps.Equal(counts, want) {
		t.Errorf("sealed by %v, want %v", counts, want)
	}
	_, err = secret.Forget(path, second)
	w.must(err)
	healthy("the old key is forgotten")
}
