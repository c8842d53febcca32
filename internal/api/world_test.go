package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/auth"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/zone"
)

// world is an API over a real service on a fresh SQLite database, with people and a token for each.
type world struct {
	t       *testing.T
	api     *API
	service *service.Service
	store   *store.Store
	clock   *clock
	puller  *puller
	tester  *tester
	log     *bytes.Buffer

	follower somebody // no rights beyond the own actions, Dutch
	peer     somebody // both rights, French
	stranger somebody // no rights, English
	admin    somebody // administrator without rights over actions
	third    somebody
}

// somebody is somebody with a token.
type somebody struct {
	user  crm.User
	token string
}

func (p somebody) caller() service.Caller { return service.Caller{User: p.user} }

var sharedPasswords = sync.OnceValue(func() *auth.Passwords {
	passwords, err := auth.NewPasswords()
	if err != nil {
		panic(err)
	}
	return passwords
})

var sharedZones = zone.NewRules(time.LoadLocation)

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	keys, err := secret.Create(filepath.Join(t.TempDir(), "agenda.key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fresh := storetest.SQLite(t)
	fresh.RelaxedCommits = true
	w := &world{
		t: t, store: storetest.Open(t, fresh), clock: &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)},
		puller: &puller{}, tester: &tester{calendars: map[string]service.FoundCalendar{}}, log: &bytes.Buffer{},
	}
	w.service = service.New(service.Config{
		Store: w.store, Keys: keys, Zones: sharedZones, IDs: crm.IDSource{Now: w.clock.now, Random: rand.Reader},
		Waker: waker{}, Puller: w.puller, Tester: w.tester, Planner: planner{}, Passwords: sharedPasswords(), Grants: easyGranter{w.clock.now},
	})
	w.must(w.service.Start(t.Context()))
	door := auth.New(auth.Config{Store: w.store, Passwords: sharedPasswords(), Now: w.clock.now})
	w.api = New(Config{Service: w.service, Door: door, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	w.follower = w.person("follower", crm.Dutch, crm.RoleUser, crm.Rights{})
	w.peer = w.person("peer", crm.French, crm.RoleUser, crm.Rights{ChangeOthers: true, Reassign: true})
	w.stranger = w.person("stranger", crm.English, crm.RoleUser, crm.Rights{})
	w.admin = w.person("admin", crm.English, crm.RoleAdministrator, crm.Rights{})
	w.third = w.person("third", crm.English, crm.RoleUser, crm.Rights{})
	return w
}

func (w *world) person(login string, language crm.Language, role crm.Role, rights crm.Rights) somebody {
	w.t.Helper()
	user := crm.User{
		ID: crm.NewID[crm.User](w.service.IDs), Version: 1, Login: login, Name: "Name of " + login, Language: language, TimeZone: "Europe/Brussels",
		Role: role, Rights: rights, Active: true, CreatedAt: w.clock.now(),
	}
	w.rows(func(tx *store.Tx) error { return tx.InsertUser(user, "") })
	_, token, err := w.service.CreateToken(w.t.Context(), service.Caller{User: user}, service.TokenInput{Name: "test"})
	w.must(err)
	return somebody{user, token}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) rows(fn func(*store.Tx) error) {
	w.t.Helper()
	w.must(w.store.Write(w.t.Context(), fn))
}

// answered is an answer of the API.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// json is the body as a Go value.
func (a answered) json() map[string]any {
	var value map[string]any
	_ = json.Unmarshal(a.body, &value)
	return value
}

func (a answered) problem() Problem {
	var made Problem
	_ = json.Unmarshal(a.body, &made)
	return made
}

// field is the code of what is wrong with a field.
func (a answered) field(name string) string {
	for _, one := range a.problem().Errors {
		if one.Field == name {
			return one.Code
		}
	}
	return ""
}

func (a answered) text(name string) string {
	text, _ := a.json()[name].(string)
	return text
}

// ask sends a request; body may be nil, a text or a value for JSON. headers are pairs.
func (w *world) ask(by somebody, method, path string, body any, headers ...string) answered {
	w.t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(body))
	default:
		text, err := json.Marshal(body)
		w.must(err)
		reader = bytes.NewReader(text)
	}
	request := httptest.NewRequestWithContext(w.t.Context(), method, Prefix+path, reader)
	if by.token != "" {
		request.Header.Set("Authorization", "Bearer "+by.token)
	}
	if reader != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.api.ServeHTTP(recorder, request)
	return answered{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

func (w *world) want(got answered, status int) answered {
	w.t.Helper()
	if got.status != status {
		w.t.Fatalf("status %d, want %d: %s", got.status, status, got.body)
	}
	return got
}

type object = map[string]any

// action makes an action of somebody and returns its id.
func (w *world) action(of somebody, fields object) string {
	w.t.Helper()
	body := object{"subject": "Call", "start_date": "2026-11-24", "start_time": "10:00", "followed_by": of.user.ID.String()}
	for name, value := range fields {
		body[name] = value
	}
	return w.want(w.ask(of, "POST", "/actions", body), 201).text("id")
}

// link gives somebody a link that works, made by the administrator, and returns its id.
func (w *world) link(of somebody) string {
	w.t.Helper()
	return w.want(w.ask(w.admin, "POST", "/links", w.linkBody(of)), 201).text("id")
}

func (w *world) linkBody(of somebody) object {
	host := "https://" + of.user.Login + ".example"
	w.tester.put(host, service.FoundCalendar{Href: host + "/cal/", Name: "Work"})
	return object{"user": of.user.ID.String(), "address": host, "username": of.user.Login, "password": "pass word"}
}

// alter changes an action as a sync would, behind the back of service.
func (w *world) alter(id string, change func(*crm.Action)) {
	w.t.Helper()
	parsed, err := crm.ParseID[crm.Action](id)
	w.must(err)
	w.rows(func(tx *store.Tx) error {
		action, err := tx.Action(parsed)
		if err != nil {
			return err
		}
		change(&action)
		return tx.UpdateAction(action, action.Version)
	})
}

// clock moves on by a millisecond each time it is read, so that rows have an order.
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

type waker struct{}

func (waker) Wake(crm.LinkID) {}

// puller keeps what it was asked for. Its pulls end at once, unless hang is set.
type puller struct {
	mu    sync.Mutex
	asked [][]crm.LinkID
	hang  bool
	pulls []service.LinkPull
}

func (p *puller) Pull(_ context.Context, links []crm.LinkID, _ time.Duration) (service.PullTicket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, links)
	return ticket{p.hang}, nil
}

func (p *puller) Progress(links []crm.LinkID) []service.LinkPull {
	return slices.DeleteFunc(slices.Clone(p.pulls), func(pull service.LinkPull) bool { return !slices.Contains(links, pull.Link) })
}

type ticket struct{ hang bool }

func (t ticket) Wait(ctx context.Context) error {
	if t.hang {
		<-ctx.Done()
	}
	return ctx.Err()
}

// tester knows servers by address, each with one calendar and the password "pass word".
type tester struct {
	mu        sync.Mutex
	calendars map[string]service.FoundCalendar
	tried     int
}

func (t *tester) put(address string, calendar service.FoundCalendar) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calendars[address] = calendar
}

// planner finds two events in every calendar, but for one whose server fails.
type planner struct{}

func (planner) Plan(_ context.Context, request service.PlanRequest, _ func(int)) (reconcile.FirstCounts, crm.Failing, error) {
	if strings.HasPrefix(request.Link.Address, "https://failing.") {
		return reconcile.FirstCounts{}, crm.Failing{Reason: crm.FailingServer, Params: map[string]string{"status": "503"}}, nil
	}
	return reconcile.FirstCounts{Events: map[string]int{"2026-11-25": 2}, Twins: 1}, crm.Failing{}, nil
}

func (t *tester) Test(ctx context.Context, request service.TestRequest, report func(service.TestStep)) (service.Verdict, error) {
	t.mu.Lock()
	calendar, known := t.calendars[request.Address]
	t.tried++
	t.mu.Unlock()
	end := func(step service.TestStep, verdict service.Verdict) (service.Verdict, error) {
		report(service.TestStep{Name: "address", Outcome: service.StepPassed, Code: "check.address.passed"})
		report(step)
		verdict.Steps = []service.TestStep{step}
		return verdict, ctx.Err()
	}
	switch {
	case !known:
		return end(service.TestStep{Name: "discovery", Outcome: service.StepFailed, Code: "check.unknown_host"},
			service.Verdict{Outcome: service.DoesNotWork, Code: "check.unknown_host", Field: "address", Params: map[string]string{"host": request.Address}})
	case request.Password != "pass word" && request.Grant.IsZero():
		return end(service.TestStep{Name: "sign_in", Outcome: service.StepFailed, Code: "check.password"},
			service.Verdict{Outcome: service.DoesNotWork, Code: "check.password", Field: "password"})
	}
	return end(service.TestStep{Name: "sign_in", Outcome: service.StepPassed, Duration: 3 * time.Millisecond, Evidence: []service.Exchange{{Asked: "PROPFIND /", Answered: "207"}}},
		service.Verdict{Outcome: service.Works, Calendars: []service.FoundCalendar{calendar}, Calendar: calendar, Traits: dav.Traits{}})
}
