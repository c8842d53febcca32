package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"agendaonline/internal/auth"
	"agendaonline/internal/crm"
	"agendaonline/internal/live"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// Nobody signs in to the pages of a cookieIdentity; the tests of signing in have a real door.

func (cookieIdentity) SignIn(context.Context, string, string, string) (crm.User, error) {
	return crm.User{}, auth.ErrWrong
}

func (cookieIdentity) Enter(context.Context, crm.UserID) error { return nil }

func (cookieIdentity) Session(context.Context) string { return "the only one" }

func (cookieIdentity) SignOut(context.Context) error { return nil }

func (cookieIdentity) Guess(string, string) (func(), error) { return func() {}, nil }

// testedBy gives the world another connection test, and what signs in: identity, or the cookie of the world when that is nil.
func (w *world) testedBy(tester service.Tester, passwords service.PasswordHasher, identity Identity, code *auth.FirstCode) {
	w.t.Helper()
	config := w.Service.Config
	if tester != nil {
		config.Tester = tester
	}
	if passwords != nil {
		config.Passwords = passwords
	}
	if identity == nil {
		identity = cookieIdentity{w}
	}
	w.Service = service.New(config)
	handler, err := New(Config{
		Service: w.Service, Identity: identity, Live: live.New(w.Store), Now: w.clock.now, Log: slog.New(slog.NewTextHandler(testLog{w.t}, nil)), FirstCode: code,
	})
	w.must(err)
	w.server = httptest.NewServer(handler)
	w.t.Cleanup(w.server.Close)
}

// doorPassword is everybody's where there is a door.
const doorPassword = "correct horse"

// newDoorWorld is a world that people sign in to.
func newDoorWorld(t testing.TB) (*world, *auth.FirstCode) {
	t.Helper()
	w := newWorld(t)
	passwords, err := auth.NewPasswords()
	w.must(err)
	hash, err := passwords.Hash(doorPassword)
	w.must(err)
	for _, who := range []service.Caller{w.an, w.luc, w.tom} {
		w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.SetPasswordHash(who.User.ID, hash) }))
	}
	code, err := auth.NewFirstCode(rand.Reader, w.clock.now)
	w.must(err)
	w.testedBy(nil, passwords, auth.New(auth.Config{Store: w.Store, Passwords: passwords, Now: w.clock.now}), code)
	return w, code
}

// signIn signs a browser in.
func (b *browser) signIn(login, password string) answer {
	b.w.t.Helper()
	return b.post("/sign-in", url.Values{"login": {login}, "password": {password}})
}

// cookies are those that the browser would send.
func (b *browser) cookies() []*http.Cookie {
	to, err := url.Parse(b.w.server.URL)
	b.w.must(err)
	return b.client.Jar.Cookies(to)
}

// scriptedTester is a server with the calendars it is given. It takes one password, and keeps what it was asked.
type scriptedTester struct {
	mu        sync.Mutex
	password  string
	calendars []service.FoundCalendar
	noToken   bool
	exchange  service.Exchange // the evidence of its steps
	asked     []service.TestRequest
	hold      chan struct{} // unless nil: after the first step it waits until this is closed
}

func (s *scriptedTester) Test(ctx context.Context, request service.TestRequest, report func(service.TestStep)) (service.Verdict, error) {
	s.mu.Lock()
	s.asked = append(s.asked, request)
	s.mu.Unlock()
	verdict := service.Verdict{Outcome: service.Works}
	end := func(name string, outcome service.StepOutcome, code string, params map[string]string) {
		step := service.TestStep{Name: name, Outcome: outcome, Code: code, Params: params, Evidence: []service.Exchange{s.exchange}}
		verdict.Steps = append(verdict.Steps, step)
		report(step)
	}
	end("address", service.StepPassed, "", nil)
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return service.Verdict{}, ctx.Err()
		}
	}
	if request.Password != s.password {
		end("sign_in", service.StepFailed, "check.sign_in_refused", map[string]string{"host": "calendars.example", "username": request.Username})
		end("calendar", service.StepSkipped, "check.not_tried", nil)
		verdict.Outcome, verdict.Code, verdict.Field, verdict.Params = service.DoesNotWork, "check.sign_in_refused", "password", map[string]string{"host": "calendars.example", "username": request.Username}
		return verdict, nil
	}
	end("sign_in", service.StepPassed, "", nil)
	verdict.Calendars = s.calendars
	chosen := slices.IndexFunc(s.calendars, func(calendar service.FoundCalendar) bool { return calendar.Href == request.Calendar })
	if len(s.calendars) == 1 {
		chosen = 0
	}
	if chosen >= 0 {
		verdict.Calendar = s.calendars[chosen]
	}
	if s.noToken {
		end(service.StepSyncToken, service.StepLimited, "check.no_sync_token", nil)
		verdict.Outcome, verdict.Code, verdict.NoSyncToken = service.WorksLimited, "check.no_sync_token", true
	}
	return verdict, nil
}

func (s *scriptedTester) last() service.TestRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[len(s.asked)-1]
}
