package oauth

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/sandbox/authserver"
)

func (w *world) request() *http.Request {
	request, err := http.NewRequestWithContext(w.t.Context(), "PROPFIND", "https://dav.example/", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return request
}

// signed is who a request is signed in as.
func (w *world) signed(request *http.Request) string {
	var token string
	fmt.Sscanf(request.Header.Get("Authorization"), "Bearer %s", &token)
	person, _, _ := w.auth.User(token)
	return person
}

func TestBearer_refreshes_before_a_token_lapses_and_keeps_what_it_got_first(t *testing.T) {
	t.Parallel()
	for _, rotates := range []bool{false, true} {
		t.Run(fmt.Sprintf("rotates %v", rotates), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, authserver.Manners{Rotates: rotates, ExpiresIn: "3600", ReuseKills: true})
			v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
			bearer := w.client.NewBearer(v, yieldOnly)
			for hour := range 5 {
				request := w.request()
				if err := bearer.Authorize(request); err != nil {
					t.Fatal(err)
				}
				if got := w.signed(request); got != "jan@example.com" {
					t.Fatalf("hour %d: got signed in as %q, want jan", hour, got)
				}
				if v.kept.Number != int64(hour) {
					t.Errorf("hour %d: got grant number %d, want one refresh an hour", hour, v.kept.Number)
				}
				w.pass(time.Hour - time.Minute)
			}
		})
	}
}

func TestF57_one_refresh_serves_all_goroutines_and_nodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{Rotates: true, ReuseKills: true, ExpiresIn: "3600"})
	v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
	w.pass(2 * time.Hour)
	var nodes []*Bearer
	for range 4 {
		nodes = append(nodes, w.client.NewBearer(v, func(ctx context.Context, _ time.Duration) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Millisecond):
				return nil
			}
		}))
	}
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			request := w.request()
			if err := nodes[i%4].Authorize(request); err != nil {
				t.Error(err)
			} else if got := w.signed(request); got != "jan@example.com" {
				t.Errorf("got signed in as %q, want jan", got)
			}
		})
	}
	wait.Wait()
	if got := w.auth.Requests()["token:refresh_token"]; got != 1 {
		t.Errorf("got %d refreshes, want 1", got)
	}
}

func TestF56_a_rotated_token_that_could_not_be_kept_is_brought_again(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{Rotates: true, ReuseKills: true, ExpiresIn: "3600"})
	v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}, failSaves: saveAttempts}
	w.pass(2 * time.Hour)
	bearer := w.client.NewBearer(v, yieldOnly)
	if err := bearer.Authorize(w.request()); err == nil {
		t.Fatal("got a token used that was not kept, want an error")
	}
	request := w.request()
	if err := bearer.Authorize(request); err != nil {
		t.Fatal(err)
	}
	if got := w.signed(request); got != "jan@example.com" || v.dead != "" || v.kept.Number != 1 {
		t.Errorf("got signed in as %q, dead %q, number %d; want the grant alive", got, v.dead, v.kept.Number)
	}
	if got := w.auth.Requests()["token:refresh_token"]; got != 1 {
		t.Errorf("got %d refreshes, want 1", got)
	}
}

func TestF56_a_lost_answer_of_a_rotating_server_ends_in_sign_in_again(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{Rotates: true, ReuseKills: true, ExpiresIn: "3600"})
	v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
	w.pass(2 * time.Hour)
	if _, err := w.client.Refresh(t.Context(), w.server, v.kept.Grant); err != nil {
		t.Fatal(err)
	} // answered, and the program died before it kept anything
	err := w.client.NewBearer(v, yieldOnly).Authorize(w.request())
	kindIs(t, err, SignInAgain)
	if v.dead != SignInAgain {
		t.Errorf("got dead %q, want it kept that a person must sign in", v.dead)
	}
}

func TestF09_a_revoked_grant_asks_the_server_once_and_then_waits_for_a_person(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		manners authserver.Manners
	}{
		{"invalid_grant", authserver.Manners{ExpiresIn: "3600"}},
		{"Nextcloud's invalid_request", authserver.Manners{ExpiresIn: "3600", Rotates: true, ReuseError: "invalid_request"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.manners)
			v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
			if test.manners.ReuseError != "" {
				v.kept.Grant.RefreshToken = "refresh-unknown"
			}
			w.auth.RevokeAll("jan@example.com")
			w.pass(2 * time.Hour)
			bearer := w.client.NewBearer(v, yieldOnly)
			for range 3 {
				kindIs(t, bearer.Authorize(w.request()), SignInAgain)
			}
			if got := w.auth.Requests()["token:refresh_token"]; got != 1 {
				t.Errorf("got %d refreshes, want 1 and no more", got)
			}
		})
	}
}

func TestBearer_a_server_in_trouble_ends_no_grant(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 502, 503, 429} {
		w := newWorld(t, authserver.Manners{ExpiresIn: "3600"})
		v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
		w.pass(2 * time.Hour)
		w.auth.SetManners(func(m *authserver.Manners) { m.Trouble = status })
		bearer := w.client.NewBearer(v, yieldOnly)
		err := bearer.Authorize(w.request())
		kindIs(t, err, Temporary)
		if v.dead != "" || v.claimed {
			t.Errorf("%d: got dead %q, claimed %v; want the grant free and alive", status, v.dead, v.claimed)
		}
		w.auth.SetManners(func(m *authserver.Manners) { m.Trouble = 0 })
		if err := bearer.Authorize(w.request()); err != nil {
			t.Errorf("%d: after it: %v", status, err)
		}
	}
}

func TestF58_whatever_expires_in_says_a_token_is_used_until_a_401_and_refreshed_once(t *testing.T) {
	t.Parallel()
	for _, expires := range []string{"", "0", "-1", `"3600"`, "3600", "null"} {
		t.Run(expires, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, authserver.Manners{ExpiresIn: expires})
			v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
			bearer := w.client.NewBearer(v, yieldOnly)
			request := w.request()
			if err := bearer.Authorize(request); err != nil {
				t.Fatal(err)
			}
			if got := w.auth.Requests()["token:refresh_token"]; got != 0 {
				t.Fatalf("got %d refreshes of a fresh token, want 0", got)
			}
			w.auth.ExpireAccess()
			again, err := bearer.Refused(request, nil)
			if err != nil || !again {
				t.Fatalf("got %v %v, want it worth another try", again, err)
			}
			if err := bearer.Authorize(request); err != nil {
				t.Fatal(err)
			}
			if got := w.signed(request); got != "jan@example.com" || w.auth.Requests()["token:refresh_token"] != 1 {
				t.Errorf("got signed in as %q after %d refreshes, want jan after 1", got, w.auth.Requests()["token:refresh_token"])
			}
		})
	}
}

func TestF59_a_withdrawn_scope_or_a_changed_secret_stops_and_says_why(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{ExpiresIn: "3600", Rotates: true})
	v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
	w.auth.SetManners(func(m *authserver.Manners) { m.GrantScope = "openid" })
	w.pass(2 * time.Hour)
	kindIs(t, w.client.NewBearer(v, yieldOnly).Authorize(w.request()), ScopeMissing)
	if v.dead != ScopeMissing || v.saves != 1 {
		t.Errorf("got dead %q after %d saves, want the rotated grant kept and the link waiting", v.dead, v.saves)
	}

	w = newWorld(t, authserver.Manners{ExpiresIn: "3600"})
	v = &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
	w.auth.Register(authserver.Registration{ID: "agenda", Secret: "changed"})
	w.pass(2 * time.Hour)
	err := w.client.NewBearer(v, yieldOnly).Authorize(w.request())
	kindIs(t, err, ClientRefused)
	tokensHidden(t, err.Error(), v.kept.Grant)
	if v.dead != ClientRefused {
		t.Errorf("got dead %q, want client_refused", v.dead)
	}
}

func TestBearer_a_run_that_ends_does_not_lose_the_refresh_it_began(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authserver.Manners{Rotates: true, ReuseKills: true, ExpiresIn: "3600"})
	v := &vault{kept: Kept{Server: w.server, Grant: w.grant()}}
	w.pass(2 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	w.auth.Delay(cancel) // the run is stopped while the server thinks
	_ = w.client.NewBearer(v, yieldOnly).Authorize(w.request().WithContext(ctx))
	if v.kept.Number != 1 || v.dead != "" {
		t.Fatalf("got number %d, dead %q; want the new grant kept", v.kept.Number, v.dead)
	}
	if person, _, ok := w.auth.User(v.kept.Grant.AccessToken); !ok || person != "jan@example.com" {
		t.Errorf("got %q %v, want the kept token good", person, ok)
	}
}
