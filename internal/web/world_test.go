package web

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/live"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/zone"
)

// world is the pages on a real service and a fresh SQLite database, with three people: An (nl, administrator), Luc (fr) and
// Tom (en, without rights over others' actions).
type world struct {
	*service.Service
	t       testing.TB
	server  *httptest.Server
	clock   *clock
	puller  *fakePuller
	planner *fakePlanner
	an      service.Caller
	luc     service.Caller
	tom     service.Caller
	choices []crm.Choice
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s := storetest.Open(t, storetest.SQLite(t))
	keys, err := secret.Create(filepath.Join(t.TempDir(), "agenda.key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, puller: &fakePuller{}, planner: &fakePlanner{}}
	w.Service = service.New(service.Config{
		Store: s, Keys: keys, Zones: zone.NewRules(time.LoadLocation), IDs: crm.IDSource{Now: w.clock.now, Random: rand.Reader},
		Waker: noWaker{}, Puller: w.puller, Tester: oneCalendar{}, Planner: w.planner, Passwords: plainHasher{},
	})
	w.must(w.Start(t.Context()))
	both := crm.Rights{ChangeOthers: true, Reassign: true}
	for _, one := range []struct {
		caller *service.Caller
		user   crm.User
	}{
		{&w.an, crm.User{ID: crm.UserID{1}, Name: "An Peeters", Login: "an", Language: crm.Dutch, Role: crm.RoleAdministrator, Rights: both}},
		{&w.luc, crm.User{ID: crm.UserID{2}, Name: "Luc Dubois", Login: "luc", Language: crm.French, Role: crm.RoleUser, Rights: both}},
		{&w.tom, crm.User{ID: crm.UserID{3}, Name: "Tom Baker", Login: "tom", Language: crm.English, Role: crm.RoleUser}},
	} {
		user := one.user
		user.Version, user.TimeZone, user.Active, user.CreatedAt = 1, "Europe/Brussels", true, w.clock.now()
		one.caller.User = user
		w.must(s.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(user, "") }))
	}
	if w.choices, err = w.Choices(t.Context(), w.an); err != nil {
		t.Fatal(err)
	}
	handler, err := New(Config{Service: w.Service, Identity: cookieIdentity{w}, Live: live.New(s), Now: w.clock.now, Log: slog.New(slog.NewTextHandler(testLog{t}, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(handler)
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// action makes an action followed by who makes it.
func (w *world) action(by service.Caller, subject string, changes ...func(*service.ActionInput)) crm.Action {
	w.t.Helper()
	in := service.ActionInput{Subject: subject, StartDate: "2026-11-24", StartTime: "10:00", EndTime: "11:30", FollowedBy: by.User.ID}
	for _, change := range changes {
		change(&in)
	}
	action, err := w.Create(w.t.Context(), by, in)
	w.must(err)
	return action
}

// alter changes an action as a sync would, behind the service's back, and announces it.
func (w *world) alter(id crm.ActionID, change func(*crm.Action)) {
	w.t.Helper()
	w.must(w.Store.Write(w.t.Context(), func(tx *store.Tx) error {
		action, err := tx.Action(id)
		if err != nil {
			return err
		}
		change(&action)
		tx.AnnounceActions([]crm.ActionID{id})
		return tx.UpdateAction(action, action.Version)
	}))
}

// browser is a browser without JavaScript.
type browser struct {
	w      *world
	client *http.Client
}

// browse opens a browser in which a user is signed in; the zero caller is nobody.
func (w *world) browse(who service.Caller) *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	if who.User.Login != "" {
		base, err := url.Parse(w.server.URL)
		w.must(err)
		jar.SetCookies(base, []*http.Cookie{{Name: "who", Value: who.User.Login, Path: "/"}})
	}
	return &browser{w, &http.Client{Jar: jar}}
}

// answer is what came back, redirects followed.
type answer struct {
	status int
	body   string
	path   string // where it came from in the end, with the query
	header http.Header
}

func (b *browser) get(path string) answer {
	b.w.t.Helper()
	response, err := b.client.Get(b.w.server.URL + path)
	return b.answer(response, err)
}

// post sends a form as a browser does from a page of the same origin.
func (b *browser) post(path string, form url.Values) answer {
	b.w.t.Helper()
	request, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, b.w.server.URL+path, strings.NewReader(form.Encode()))
	b.w.must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := b.client.Do(request)
	return b.answer(response, err)
}

func (b *browser) answer(response *http.Response, err error) answer {
	b.w.t.Helper()
	b.w.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	b.w.must(err)
	return answer{response.StatusCode, string(body), response.Request.URL.RequestURI(), response.Header}
}

// shows fails the test for each text that the answer does not have.
func (a answer) shows(t testing.TB, status int, texts ...string) {
	t.Helper()
	right := a.status == status
	if !right {
		t.Errorf("%s: got status %d, want %d", a.path, a.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s does not show %q", a.path, text)
			right = false
		}
	}
	if !right {
		t.Logf("%s", a.body)
	}
}

// hides fails the test for each text that the answer has.
func (a answer) hides(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("%s shows %q", a.path, text)
		}
	}
}

// cookieIdentity believes a cookie that names a login.
type cookieIdentity struct{ w *world }

func (cookieIdentity) Sessions(next http.Handler) http.Handler { return next }

func (i cookieIdentity) Who(r *http.Request) (crm.User, bool, error) {
	cookie, err := r.Cookie("who")
	if err != nil {
		return crm.User{}, false, nil
	}
	var found crm.User
	err = i.w.Store.Read(r.Context(), func(tx *store.Tx) error {
		users, err := tx.Users()
		if err != nil {
			return err
		}
		for _, user := range users {
			if user.Login == cookie.Value && user.Active {
				found = user
			}
		}
		return nil
	})
	return found, !found.ID.IsZero(), err
}

// clock stands still until a test moves it; each reading is a millisecond later, so that rows have an order.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

// move lets seconds pass.
func (c *clock) move(seconds int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Duration(seconds) * time.Second)
}

type noWaker struct{}

func (noWaker) Wake(crm.LinkID) {}

// fakePuller keeps what it was asked for; its pulls stand as the test says.
type fakePuller struct {
	mu    sync.Mutex
	asked [][]crm.LinkID
	pulls []service.LinkPull
}

func (f *fakePuller) Pull(_ context.Context, links []crm.LinkID, _ time.Duration) (service.PullTicket, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, links)
	return endedTicket{}, nil
}

func (f *fakePuller) Progress([]crm.LinkID) []service.LinkPull {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pulls
}

func (f *fakePuller) set(pulls ...service.LinkPull) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pulls = pulls
}

func (f *fakePuller) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

type endedTicket struct{}

func (endedTicket) Wait(ctx context.Context) error { return ctx.Err() }

// oneCalendar is a server on which every sign-in works and finds one calendar, named after the user.
type oneCalendar struct{}

func (oneCalendar) Test(_ context.Context, request service.TestRequest, report func(service.TestStep)) (service.Verdict, error) {
	step := service.TestStep{Name: service.StepSyncToken, Outcome: service.StepPassed}
	report(step)
	calendar := service.FoundCalendar{Href: request.Address + request.Username + "/", Name: "Agenda van " + request.Username}
	return service.Verdict{Outcome: service.Works, Steps: []service.TestStep{step}, Calendars: []service.FoundCalendar{calendar}, Calendar: calendar}, nil
}

// fakePlanner has one plan for every calendar. begun, where it is there, is closed by who has seen the page begin.
type fakePlanner struct {
	mu     sync.Mutex
	asked  int
	counts reconcile.FirstCounts
	why    crm.Failing
	read   []int
	begun  chan struct{}
}

func (f *fakePlanner) Plan(ctx context.Context, request service.PlanRequest, read func(events int)) (reconcile.FirstCounts, crm.Failing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.begun != nil {
		select {
		case <-f.begun:
		case <-ctx.Done():
			return reconcile.FirstCounts{}, crm.Failing{}, ctx.Err()
		}
	}
	for _, events := range f.read {
		read(events)
	}
	return f.counts, f.why, nil
}

// link gives a user a link.
func (w *world) link(of service.Caller) crm.Link {
	w.t.Helper()
	link, err := w.CreateLink(w.t.Context(), w.an, service.LinkInput{User: of.User.ID, Address: "https://calendars.example/", Username: of.User.Login, Password: "secret"})
	w.must(err)
	return link
}

type plainHasher struct{}

func (plainHasher) Hash(password string) (string, error) {
	if password == "" {
		return "", errors.New("no password")
	}
	return "hash of " + password, nil
}

func (plainHasher) Matches(password, hash string) (bool, error) {
	return hash == "hash of "+password, nil
}

// testLog writes the log of the pages into that of the test; what is logged there as an error fails the test.
type testLog struct{ t testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "level=ERROR") {
		l.t.Errorf("logged: %s", line)
	}
	return len(line), nil
}

// conflict lets a calendar change when an action is while its person did, and lose.
func (w *world) conflict(action crm.Action) {
	w.t.Helper()
	other := action.When
	other.StartDate, other.StartTime, other.EndTime = other.StartDate.AddDays(1), crm.NewClock(10, 0, 0), crm.NewClock(12, 0, 0)
	w.must(w.Store.Write(w.t.Context(), func(tx *store.Tx) error {
		link, err := tx.LinkOfUser(action.FollowedBy)
		if err != nil {
			return err
		}
		return tx.AppendHistory([]crm.Change{{
			ID: crm.NewID[crm.Change](w.IDs), Action: action.ID, At: w.clock.now(), Actor: crm.Actor{Kind: crm.ActorLink, Link: link.ID}, What: crm.Conflict, Name: "when",
			Before: other.String(), After: action.When.String(), Winner: crm.SideCRM,
		}})
	}))
}
