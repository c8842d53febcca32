package service

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

func TestCreateToken_is_shown_once_and_kept_as_a_hash(t *testing.T) {
	eachWorld(t, func(w *world) {
		view, secret, err := w.CreateToken(w.ctx(), w.user, TokenInput{Name: " Export ", ExpiresAt: w.clock.now().Add(time.Hour)})
		w.must(err)
		if view.Name != "Export" || view.User != w.user.User.ID || !view.InForce || !strings.HasPrefix(secret, TokenPrefix) || len(secret) < 40 {
			w.t.Errorf("got %+v", view)
		}
		_, other, err := w.CreateToken(w.ctx(), w.user, TokenInput{Name: "Export"})
		w.must(err)
		if other == secret {
			w.t.Error("two tokens are the same")
		}
		w.rows(func(tx *store.Tx) error {
			kept, err := tx.TokenByHash(TokenHash(secret))
			if err != nil || kept.ID != view.ID || bytes.Contains(kept.Hash, []byte(secret)) {
				w.t.Errorf("got %+v, %v", kept, err)
			}
			return nil
		})
		listed, err := w.Tokens(w.ctx(), w.admin, w.user.User.ID)
		if err != nil || len(listed) != 2 || listed[0] != view {
			w.t.Errorf("got %+v, %v", listed, err)
		}
	})
}

func TestToken_ends_when_it_expires_or_is_revoked(t *testing.T) {
	w := oneWorld(t)
	view, _, err := w.CreateToken(w.ctx(), w.user, TokenInput{Name: "short", ExpiresAt: w.clock.now().Add(time.Hour)})
	w.must(err)
	longer, _, err := w.CreateToken(w.ctx(), w.user, TokenInput{Name: "long"})
	w.must(err)
	w.clock.at = w.clock.at.Add(2 * time.Hour)
	w.must(w.RevokeToken(w.ctx(), w.admin, w.user.User.ID, longer.ID))
	first, err := w.Tokens(w.ctx(), w.user, w.user.User.ID)
	w.must(err)
	w.must(w.RevokeToken(w.ctx(), w.user, w.user.User.ID, longer.ID))
	again, err := w.Tokens(w.ctx(), w.user, w.user.User.ID)
	w.must(err)
	if first[0].InForce || first[0].ID != view.ID || first[1].InForce || first[1].RevokedAt.IsZero() || again[1] != first[1] {
		t.Errorf("got %+v, then %+v", first, again)
	}
	if err := w.RevokeToken(w.ctx(), w.peer, w.peer.User.ID, longer.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the token of another, named as one's own: %v", err)
	}
}

func TestCreateToken_refuses_what_is_wrong(t *testing.T) {
	w := oneWorld(t)
	_, _, err := w.CreateToken(w.ctx(), w.user, TokenInput{ExpiresAt: w.clock.at.Add(-time.Hour)})
	found, _ := errors.AsType[crm.Problems](err)
	if len(found) != 2 || found[0].Code != CodeMissing || found[1].Code != CodeTokenExpired {
		t.Errorf("got %v", err)
	}
	for range maxTokens {
		_, _, err := w.CreateToken(w.ctx(), w.user, TokenInput{Name: "one of many"})
		w.must(err)
	}
	_, _, err = w.CreateToken(w.ctx(), w.user, TokenInput{Name: "one too many"})
	if found, _ := errors.AsType[crm.Problems](err); len(found) != 1 || found[0].Code != CodeTooManyTokens {
		t.Errorf("got %v", err)
	}
}

func TestChangePassword_asks_for_the_present_one(t *testing.T) {
	w := oneWorld(t)
	w.writeRows(func(tx *store.Tx) error { return tx.SetPasswordHash(w.user.User.ID, "hash of present one") })
	for _, c := range []struct{ present, password, code string }{
		{"another one", "the next one", CodePasswordWrong},
		{"", "the next one", CodePasswordWrong},
		{"present one", "short", CodePasswordShort},
		{"another one", "short", CodePasswordWrong}, // says nothing more to somebody who does not know it
		{"present one", strings.Repeat("x", maxPassword+1), CodePasswordLong},
		{"present one", "the next one", ""},
		{"present one", "the one after", CodePasswordWrong},
	} {
		err := w.ChangePassword(w.ctx(), w.user, c.present, c.password)
		found, _ := errors.AsType[crm.Problems](err)
		if got := len(found) == 1 && found[0].Code == c.code; got != (c.code != "") || c.code == "" && err != nil {
			t.Errorf("%q, %q: got %v, want %q", c.present, c.password, err, c.code)
		}
	}
	w.rows(func(tx *store.Tx) error {
		if hash, err := tx.PasswordHash(w.user.User.ID); hash != "hash of the next one" || err != nil {
			t.Errorf("kept %q, %v", hash, err)
		}
		return nil
	})
}

func TestS44_the_first_administrator_is_made_once(t *testing.T) {
	w := oneWorld(t)
	fresh := newService(t, w)
	if needed, err := fresh.NeedsAdministrator(w.ctx()); err != nil || !needed {
		t.Errorf("needed: %v, %v", needed, err)
	}
	withoutPassword := newUser("root")
	withoutPassword.Password = ""
	if _, err := fresh.CreateFirstAdministrator(w.ctx(), withoutPassword); err == nil {
		t.Error("one that cannot sign in was made")
	}
	first, err := fresh.CreateFirstAdministrator(w.ctx(), newUser("root"))
	if err != nil || first.Role != crm.RoleAdministrator || !first.Active {
		t.Fatalf("got %+v, %v", first, err)
	}
	if needed, err := fresh.NeedsAdministrator(w.ctx()); err != nil || needed {
		t.Errorf("needed afterwards: %v, %v", needed, err)
	}
	if _, err := fresh.CreateFirstAdministrator(w.ctx(), newUser("second")); !errors.Is(err, ErrForbidden) {
		t.Errorf("a second one: %v", err)
	}
}
