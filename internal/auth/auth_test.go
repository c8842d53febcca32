package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"

	"github.com/alexedwards/argon2id"
)

// house is a Door on a fresh database with a page behind it that says who asks.
type house struct {
	*Door
	t     *testing.T
	mu    sync.Mutex
	at    time.Time
	nele  crm.User
	serve *httptest.Server
}

const nelesPassword = "correct horse"

var cheap = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func newHouse(t *testing.T, s *store.Store) *house {
	t.Helper()
	h := &house{t: t, at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	passwords, err := newPasswords(cheap)
	h.must(err)
	h.Door = New(Config{Store: s, Passwords: passwords, Now: h.now})
	h.nele = crm.User{ID: crm.NewID[crm.User](h.ids()), Version: 1, Login: "Nele", Name: "Nele", Language: crm.Dutch, TimeZone: "Europe/Brussels", Role: crm.RoleUser, Active: true, CreatedAt: h.at}
	hash, err := passwords.Hash(nelesPassword)
	h.must(err)
	h.must(s.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(h.nele, hash) }))

	mux := http.NewServeMux()
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		_, err := h.SignIn(r.Context(), r.FormValue("login"), r.FormValue("password"), r.RemoteAddr)
		io.WriteString(w, fmt.Sprint(err))
	})
	mux.HandleFunc("POST /sign-out", func(w http.ResponseWriter, r *http.Request) { h.must(h.SignOut(r.Context())) })
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		user, signedIn, err := h.Who(r)
		fmt.Fprint(w, user.Name, " ", signedIn, " ", err)
	})
	h.serve = httptest.NewServer(h.Sessions(mux))
	t.Cleanup(h.serve.Close)
	return h
}

func eachHouse(t *testing.T, test func(*house)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) { test(newHouse(t, storetest.Open(t, fresh))) })
}

func oneHouse(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	return newHouse(t, storetest.Open(t, storetest.SQLite(t)))
}

func (h *house) ids() crm.IDSource { return crm.IDSource{Now: h.now, Random: rand.Reader} }

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) wait(long time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(long)
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) write(fn func(*store.Tx) error) {
	h.t.Helper()
	h.must(h.Store.Write(h.t.Context(), fn))
}

// browser keeps cookies.
func (h *house) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	h.must(err)
	return &http.Client{Jar: jar}
}

func (h *house) cookie(browser *http.Client) string {
	to, err := url.Parse(h.serve.URL)
	h.must(err)
	for _, cookie := range browser.Jar.Cookies(to) {
		return cookie.Value
	}
	return ""
}

func (h *house) post(browser *http.Client, path string, values url.Values) string {
	h.t.Helper()
	answer, err := browser.PostForm(h.serve.URL+path, values)
	h.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	h.must(err)
	return string(body)
}

func (h *house) signIn(browser *http.Client, login, password string) string {
	h.t.Helper()
	return h.post(browser, "/sign-in", url.Values{"login": {login}, "password": {password}})
}

func (h *house) who(browser *http.Client, header string) string {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.serve.URL+"/who", nil)
	h.must(err)
	if header != "" {
		request.Header.Set("Authorization", header)
	}
	answer, err := browser.Do(request)
	h.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	h.must(err)
	return string(body)
}

func (h *house) wantWho(browser *http.Client, want string) {
	h.t.Helper()
	if got := h.who(browser, ""); got != want {
		h.t.Errorf("who: got %q, want %q", got, want)
	}
}

const (
	isNele = "Nele true <nil>"
	nobody = " false <nil>"
)

func TestSignIn_begins_a_session_that_signing_out_ends(t *testing.T) {
	eachHouse(t, func(h *house) {
		browser := h.browser()
		h.wantWho(browser, nobody)
		if got := h.signIn(browser, " nele ", nelesPassword); got != "<nil>" {
			h.t.Fatalf("sign in: %s", got)
		}
		h.wantWho(browser, isNele)
		h.wantWho(h.browser(), nobody)
		kept := h.cookie(browser)
		h.post(browser, "/sign-out", nil)
		h.wantWho(browser, nobody)
		h.wantWho(h.withCookie(kept), nobody)
	})
}

// withCookie is a browser that was given a session's cookie.
func (h *house) withCookie(value string) *http.Client {
	browser := h.browser()
	to, err := url.Parse(h.serve.URL)
	h.must(err)
	browser.Jar.SetCookies(to, []*http.Cookie{{Name: "agenda_session", Value: value, Path: "/"}})
	return browser
}

func TestS23_signing_in_changes_the_cookie(t *testing.T) {
	h := oneHouse(t)
	const planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	victim := h.withCookie(planted)
	h.signIn(victim, "nele", nelesPassword)
	h.wantWho(victim, isNele)
	if h.cookie(victim) == planted {
		t.Error("the cookie that somebody planted is the session's")
	}
	h.wantWho(h.withCookie(planted), nobody)

	first := h.cookie(victim)
	h.signIn(victim, "nele", nelesPassword)
	if h.cookie(victim) == first {
		t.Error("the cookie stayed the same when signing in again")
	}
	h.wantWho(h.withCookie(first), nobody)
}

func TestS23_the_cookie_is_kept_from_scripts_and_other_sites(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.Open(t, storetest.SQLite(t)))
	for _, secure := range []bool{false, true} {
		door := New(Config{Store: h.Store, Passwords: h.Passwords, Now: h.now, Secure: secure})
		answer := httptest.NewRecorder()
		door.Sessions(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := door.SignIn(r.Context(), "nele", nelesPassword, r.RemoteAddr)
			h.must(err)
		})).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", nil))
		cookie := answer.Result().Cookies()[0]
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure != secure || cookie.Path != "/" || cookie.Domain != "" || strings.HasPrefix(cookie.Name, "__Host-") != secure {
			t.Errorf("secure %v: got %v", secure, cookie)
		}
	}
}

func TestSession_the_database_does_not_hold_the_cookie(t *testing.T) {
	h := oneHouse(t)
	browser := h.browser()
	h.signIn(browser, "nele", nelesPassword)
	h.must(h.Store.Read(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Session(h.cookie(browser), h.now()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the cookie itself is a key: %v", err)
		}
		return nil
	}))
}

func TestSession_ends(t *testing.T) {
	for name, end := range map[string]func(h *house, browser *http.Client){
		"idle": func(h *house, _ *http.Client) { h.wait(12 * time.Hour) },
		"old": func(h *house, browser *http.Client) {
			for range 7 * 3 {
				h.wantWho(browser, isNele)
				h.wait(8 * time.Hour)
			}
		},
		"user deactivated": func(h *house, _ *http.Client) {
			user := h.nele
			user.Active = false
			h.write(func(tx *store.Tx) error { return tx.UpdateUser(user, 1) })
		},
		"other password": func(h *house, _ *http.Client) {
			hash, err := h.Passwords.Hash("another horse")
			h.must(err)
			h.write(func(tx *store.Tx) error { return tx.SetPasswordHash(h.nele.ID, hash) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := oneHouse(t)
			browser := h.browser()
			h.signIn(browser, "nele", nelesPassword)
			h.wantWho(browser, isNele)
			end(h, browser)
			h.wantWho(browser, nobody)
			h.must(h.Purge(t.Context()))
		})
	}
}

func TestSession_goes_on_while_it_is_used(t *testing.T) {
	h := oneHouse(t)
	browser := h.browser()
	h.signIn(browser, "nele", nelesPassword)
	for range 4 {
		h.wait(11 * time.Hour)
		h.wantWho(browser, isNele)
	}
}

func TestS24_guessing_is_throttled_per_login(t *testing.T) {
	h := oneHouse(t)
	for _, login := range []string{"nele", "who does not exist"} {
		for i := range perLogin.burst {
			if got := h.signIn(h.browser(), login, fmt.Sprint("guess ", i)); got != ErrWrong.Error() {
				t.Fatalf("%s, guess %d: %s", login, i, got)
			}
		}
		got := h.signIn(h.browser(), strings.ToUpper(login)+" ", nelesPassword)
		if !strings.HasPrefix(got, "too many attempts") {
			t.Errorf("%s: the right password after too many: %s", login, got)
		}
	}
	h.wait(perLogin.every)
	browser := h.browser()
	if got := h.signIn(browser, "nele", nelesPassword); got != "<nil>" {
		t.Errorf("a minute later: %s", got)
	}
	h.wantWho(browser, isNele)
}

func TestS24_guessing_is_throttled_per_address(t *testing.T) {
	h := oneHouse(t)
	try := func(login, address string) error {
		ctx, err := h.sessions.Load(t.Context(), "")
		h.must(err)
		_, err = h.SignIn(ctx, login, "guess", address)
		return err
	}
	for i := range perAddress.burst {
		if err := try(fmt.Sprint("login ", i), fmt.Sprintf("[2001:db8:1:2::%x]:4000", i)); !errors.Is(err, ErrWrong) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	throttled, is := errors.AsType[*Throttled](try("one more", "[2001:db8:1:2:ffff::1]:4000"))
	if !is || throttled.RetryAfter <= 0 || throttled.RetryAfter > perAddress.every {
		t.Errorf("the same network: %+v", throttled)
	}
	if err := try("one more", "[2001:db8:1:3::1]:4000"); !errors.Is(err, ErrWrong) {
		t.Errorf("another network: %v", err)
	}
}

func TestS24_many_guesses_at_once_do_not_slip_through(t *testing.T) {
	h := oneHouse(t)
	var wrong, throttled int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 4 * perLogin.burst {
		all.Go(func() {
			ctx, err := h.sessions.Load(context.Background(), "")
			if err == nil {
				_, err = h.SignIn(ctx, "nele", "guess", fmt.Sprintf("192.0.2.%d:1", i))
			}
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, ErrWrong) {
				wrong++
			} else {
				throttled++
			}
		})
	}
	all.Wait()
	if wrong != perLogin.burst || throttled != 3*perLogin.burst {
		t.Errorf("%d were tried, %d throttled", wrong, throttled)
	}
}

func TestS24_signing_in_often_is_not_guessing(t *testing.T) {
	h := oneHouse(t)
	for i := range 2 * perAddress.burst {
		if got := h.signIn(h.browser(), "nele", nelesPassword); got != "<nil>" {
			t.Fatalf("time %d: %s", i, got)
		}
	}
}

// The answer is the same, and so is what it costs: a hash of the same parameters is computed for a login that does not exist.
func TestS24_who_exists_is_not_told(t *testing.T) {
	h := oneHouse(t)
	off := crm.User{ID: crm.NewID[crm.User](h.ids()), Version: 1, Login: "off", Name: "Off", Language: crm.Dutch, TimeZone: "UTC", Role: crm.RoleUser, CreatedAt: h.at}
	hash, err := h.Passwords.Hash(nelesPassword)
	h.must(err)
	h.write(func(tx *store.Tx) error { return tx.InsertUser(off, hash) })
	for _, login := range []string{"nele", "nobody", "", "off", strings.Repeat("x", 10_000), "\x00\xff"} {
		password := nelesPassword
		if login == "nele" {
			password = "wrong"
		}
		if got := h.signIn(h.browser(), login, password); got != ErrWrong.Error() {
			t.Errorf("%.20q: %s", login, got)
		}
	}
	params, _, _, err := argon2id.DecodeHash(h.Passwords.nobody)
	if err != nil || *params != cheap {
		t.Errorf("for nobody %+v is computed, %v", params, err)
	}
}

func TestThrottle_lasts_no_longer_when_the_clock_is_set_back(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	throttle := newThrottle(func() time.Time { return at })
	for range perLogin.burst {
		if _, err := throttle.take(guessLogin("nele")); err != nil {
			t.Fatal(err)
		}
	}
	at = at.Add(-24 * time.Hour)
	_, err := throttle.take(guessLogin("nele"))
	if throttled, is := errors.AsType[*Throttled](err); !is || throttled.RetryAfter != perLogin.every {
		t.Errorf("got %v", err)
	}
}

func TestS25_passwords_are_hashed_with_argon2id(t *testing.T) {
	t.Parallel()
	passwords, err := NewPasswords()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := passwords.Hash(nelesPassword)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("got %.40s, %v", hash, err)
	}
	for _, c := range []struct {
		password, hash string
		want           bool
	}{
		{nelesPassword, hash, true},
		{nelesPassword + " ", hash, false},
		{"", hash, false},
		{"", "", false},
		{"nobody has this password", "", false},
		{strings.Repeat("x", 10_000_000), hash, false},
	} {
		if got, err := passwords.Matches(c.password, c.hash); got != c.want || err != nil {
			t.Errorf("%.30q: got %v, %v", c.password, got, err)
		}
	}
	if _, err := passwords.Matches(nelesPassword, "md5:1234"); err == nil {
		t.Error("a hash that is none was compared")
	}
}

func TestPasswords_wait_for_their_turn_no_longer_than_the_request(t *testing.T) {
	t.Parallel()
	passwords, err := newPasswords(cheap)
	if err != nil {
		t.Fatal(err)
	}
	for range maxHashesAtOnce {
		passwords.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := passwords.matches(ctx, "x", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestBearer_a_token_acts_as_its_user_until_it_ends(t *testing.T) {
	eachHouse(t, func(h *house) {
		const secret = service.TokenPrefix + "the secret of a test"
		id := crm.NewID[store.Token](h.ids())
		h.write(func(tx *store.Tx) error {
			return tx.InsertToken(store.Token{ID: id, User: h.nele.ID, Name: "test", Hash: service.TokenHash(secret), CreatedAt: h.at, ExpiresAt: h.at.Add(time.Hour)})
		})
		none := " false " + ErrToken.Error()
		for header, want := range map[string]string{
			"Bearer " + secret: isNele, "bearer  " + secret: isNele,
			"Bearer": none, "Bearer ": none, "Bearer x": none, "Basic " + secret: none, secret: none,
		} {
			if got := h.who(h.browser(), header); got != want {
				h.t.Errorf("%s: got %q, want %q", header, got, want)
			}
		}
		h.must(h.Store.Read(h.t.Context(), func(tx *store.Tx) error {
			token, err := tx.TokenByHash(service.TokenHash(secret))
			if !token.LastUsedAt.Equal(h.at) {
				h.t.Errorf("last used at %v", token.LastUsedAt)
			}
			return err
		}))
		signedIn := h.browser()
		h.signIn(signedIn, "nele", nelesPassword)
		if got := h.who(signedIn, "Bearer x"); got != none {
			h.t.Errorf("a wrong token beside a session: %q", got)
		}
		h.wait(time.Hour)
		if got := h.who(h.browser(), "Bearer "+secret); got != none {
			h.t.Errorf("expired: %q", got)
		}
	})
}

func TestBearer_ends_when_revoked_or_its_user_is_deactivated(t *testing.T) {
	h := oneHouse(t)
	for i, end := range []func(*store.Tx, store.TokenID) error{
		func(tx *store.Tx, id store.TokenID) error { return tx.RevokeToken(h.nele.ID, id, h.at) },
		func(tx *store.Tx, _ store.TokenID) error {
			user := h.nele
			user.Active = false
			return tx.UpdateUser(user, 1)
		},
	} {
		secret, id := fmt.Sprint("secret ", i), crm.NewID[store.Token](h.ids())
		h.write(func(tx *store.Tx) error {
			return tx.InsertToken(store.Token{ID: id, User: h.nele.ID, Name: "test", Hash: service.TokenHash(secret), CreatedAt: h.at})
		})
		if got := h.who(h.browser(), "Bearer "+secret); got != isNele {
			t.Errorf("in force: %q", got)
		}
		h.write(func(tx *store.Tx) error { return end(tx, id) })
		if got := h.who(h.browser(), "Bearer "+secret); got == isNele {
			t.Errorf("ended: %q", got)
		}
	}
}

func TestS44_only_the_code_of_the_terminal_is_redeemed_and_once(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	code, err := NewFirstCode(rand.Reader, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	if len(code.String()) != 19 {
		t.Errorf("shown as %q", code)
	}
	used := 0
	use := func() error { used++; return nil }
	failing := errors.New("the name is missing")
	for _, typed := range []string{"", "0000-0000-0000-0000", code.String()[:18]} {
		if err := code.Redeem(typed, "192.0.2.1:1", use); !errors.Is(err, ErrCode) || used != 0 {
			t.Errorf("%q: %v", typed, err)
		}
	}
	if err := code.Redeem(code.String(), "192.0.2.1:1", func() error { return failing }); !errors.Is(err, failing) {
		t.Errorf("what is typed beside is wrong: %v", err)
	}
	typed := strings.ToLower(strings.ReplaceAll(code.String(), "-", " "))
	if err := code.Redeem(typed, "192.0.2.1:1", use); err != nil || used != 1 {
		t.Errorf("the code: %v", err)
	}
	if err := code.Redeem(code.String(), "192.0.2.1:1", use); !errors.Is(err, ErrCode) || used != 1 {
		t.Errorf("a second time: %v", err)
	}
	for range perLogin.burst {
		err = code.Redeem("guess", "192.0.2.1:1", use)
	}
	if _, throttled := errors.AsType[*Throttled](err); !throttled {
		t.Errorf("guessing on: %v", err)
	}
}
