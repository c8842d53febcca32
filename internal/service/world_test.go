package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

// world is a Service on a fresh database with the people of docs/permissions.md, each a Caller, and one default per list.
type world struct {
	*Service
	t        testing.TB
	clock    *clock
	waker    *fakeWaker
	puller   *fakePuller
	tester   *fakeTester
	planner  *fakePlanner
	user     Caller // has no rights beyond the own actions
	peer     Caller // has both rights
	stranger Caller // has none
	admin    Caller // has none over actions
	third    Caller
}

// eachWorld runs a test on both databases.
func eachWorld(t *testing.T, test func(*world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) { test(newWorld(t, storetest.Open(t, fresh))) })
}

// oneWorld is for what does not depend on the database.
func oneWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return newWorld(t, storetest.Open(t, storetest.SQLite(t)))
}

func newWorld(t testing.TB, s *store.Store) *world {
	t.Helper()
	keys, err := secret.Create(filepath.Join(t.TempDir(), "agenda.key"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, waker: &fakeWaker{}, puller: &fakePuller{}, tester: &fakeTester{calendars: map[string]fakeCalendar{}}, planner: &fakePlanner{}}
	w.Service = New(Config{
		Store: s, Keys: keys, Zones: testZones, IDs: crm.IDSource{Now: w.clock.now, Random: rand.Reader},
		Waker: w.waker, Puller: w.puller, Tester: w.tester, Planner: w.planner, Passwords: fakeHasher{},
	})
	for _, one := range []struct {
		caller *Caller
		user   crm.User
	}{{&w.user, follower}, {&w.peer, colleague}, {&w.stranger, withoutRights}, {&w.admin, administrator}, {&w.third, third}} {
		user := one.user
		user.Version, user.Login, user.Language, user.TimeZone, user.CreatedAt = 1, "login"+user.Name, crm.English, "Europe/Brussels", w.clock.at
		one.caller.User = user
		w.must(s.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(user, "") }))
	}
	for i, kind := range []crm.ChoiceKind{crm.ChoiceType, crm.ChoiceStatus, crm.ChoicePriority} {
		for j := range 2 {
			choice := crm.Choice{ID: crm.ChoiceID{byte(i + 1), byte(j + 1)}, Kind: kind, Names: map[crm.Language]string{crm.English: fmt.Sprintf("%s %d", kind, j)}, Position: j, Default: j == 0}
			w.must(s.Write(t.Context(), func(tx *store.Tx) error { return tx.PutChoice(choice) }))
		}
	}
	return w
}

// newService is another Service like that of w, on a database without any row.
func newService(t *testing.T, w *world) *Service {
	t.Helper()
	config := w.Config
	config.Store = storetest.Open(t, storetest.SQLite(t))
	return New(config)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) end(caller Caller, id crm.LinkID, version int64) error {
	_, err := w.EndLink(w.ctx(), caller, id, version, EndInput{})
	return err
}

func (w *world) ctx() context.Context { return w.t.Context() }

// read reads rows behind the service's back.
func (w *world) rows(fn func(*store.Tx) error) {
	w.t.Helper()
	w.must(w.Store.Read(w.ctx(), fn))
}

func (w *world) writeRows(fn func(*store.Tx) error) {
	w.t.Helper()
	w.must(w.Store.Write(w.ctx(), fn))
}

// link gives a user a link that works.
func (w *world) link(of Caller) crm.Link {
	w.t.Helper()
	link, err := w.CreateLink(w.ctx(), w.admin, w.linkInput(of))
	w.must(err)
	w.waker.taken()
	return link
}

func (w *world) linkInput(of Caller) LinkInput {
	host := "https://" + of.User.Login + ".example"
	w.tester.put(host, fakeCalendar{password: "pass word", found: []FoundCalendar{{Href: host + "/cal/", Name: "Work"}}})
	return LinkInput{User: of.User.ID, Address: host, Username: of.User.Login, Password: "pass word"}
}

// action makes an action and returns it; its changes are given as functions on the input.
func (w *world) action(by Caller, changes ...func(*ActionInput)) crm.Action {
	w.t.Helper()
	in := ActionInput{Subject: "Call", StartDate: "2026-11-24", StartTime: "10:00", FollowedBy: by.User.ID}
	for _, change := range changes {
		change(&in)
	}
	action, err := w.Create(w.ctx(), by, in)
	w.must(err)
	w.waker.taken()
	return action
}

// edit is InputOf with changes.
func edit(action crm.Action, changes ...func(*ActionInput)) ActionInput {
	in := InputOf(action)
	for _, change := range changes {
		change(&in)
	}
	return in
}

// alter changes an action as a sync would, behind the service's back.
func (w *world) alter(action crm.Action, change func(*crm.Action)) crm.Action {
	w.t.Helper()
	change(&action)
	w.writeRows(func(tx *store.Tx) error { return tx.UpdateAction(action, action.Version) })
	action.Version++
	return action
}

// bind gives an action an event in a link's calendar, as a push would have, and takes the entry away.
func (w *world) bind(link crm.Link, action crm.Action) {
	w.t.Helper()
	id := crm.NewID[store.Resource](w.IDs)
	uid := id.String()
	w.writeRows(func(tx *store.Tx) error {
		if err := tx.DropOutbox(link.ID, action.ID); err != nil {
			return err
		}
		err := tx.InsertResources([]store.Resource{{ID: id, Link: link.ID, Href: dav.Href(link.CalendarHref + uid + ".ics"), UID: uid, ETag: `"1"`, State: store.ResourceLive, SeenAt: w.clock.now()}})
		if err != nil {
			return err
		}
		if err := tx.InsertBindings([]store.Binding{{Resource: id, Action: action.ID, AgreedVersion: action.Version, AgreedAt: w.clock.now()}}); err != nil {
			return err
		}
		if err := tx.PutAliases([]store.Alias{{Calendar: link.CalendarHref, UID: uid, Action: action.ID, KnownAt: w.clock.now()}}); err != nil {
			return err
		}
		return tx.SetSyncState(action.ID, crm.SyncState{Name: crm.Synced})
	})
}

// unbind takes the event of an action away, as a run that deleted it would.
func (w *world) unbind(link crm.Link, action crm.Action) {
	w.t.Helper()
	w.writeRows(func(tx *store.Tx) error {
		bindings, err := tx.BindingsOfAction(action.ID)
		if err != nil {
			return err
		}
		for _, binding := range bindings {
			if binding.Bound.Link != link.ID {
				continue
			}
			if err := tx.DeleteResource(binding.Resource); err != nil {
				return err
			}
		}
		return tx.DropOutbox(link.ID, action.ID)
	})
}

// outbox writes the entries of an action: who follows the link's user, and the origin.
func (w *world) outbox(action crm.ActionID, links ...crm.Link) string {
	w.t.Helper()
	text := ""
	w.rows(func(tx *store.Tx) error {
		for i, link := range links {
			entry, err := tx.OutboxEntry(link.ID, action)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			text += fmt.Sprintf("%d:%s ", i, entry.Origin)
		}
		return nil
	})
	return text
}

func (w *world) historyOf(id crm.ActionID) []crm.Change {
	w.t.Helper()
	var changes []crm.Change
	w.rows(func(tx *store.Tx) (err error) {
		changes, err = tx.History(id, store.HistoryCursor{}, 100)
		return err
	})
	return changes
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

func (c *clock) forward(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

type fakeWaker struct {
	mu    sync.Mutex
	woken []crm.LinkID
}

func (f *fakeWaker) Wake(link crm.LinkID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.woken = append(f.woken, link)
}

// taken is who was woken since the last time.
func (f *fakeWaker) taken() []crm.LinkID {
	f.mu.Lock()
	defer f.mu.Unlock()
	woken := f.woken
	f.woken = nil
	return woken
}

// fakePuller keeps what it was asked for; its pulls end when the test says so.
type fakePuller struct {
	asked [][]crm.LinkID
	fresh time.Duration
	pulls []LinkPull
}

func (f *fakePuller) Pull(_ context.Context, links []crm.LinkID, notOlderThan time.Duration) (PullTicket, error) {
	f.asked = append(f.asked, links)
	f.fresh = notOlderThan
	return nothingToPull{}, nil
}

func (f *fakePuller) Progress(links []crm.LinkID) []LinkPull {
	return slices.DeleteFunc(slices.Clone(f.pulls), func(pull LinkPull) bool { return !slices.Contains(links, pull.Link) })
}

// fakePlanner has one plan for every calendar, and keeps what it was asked.
type fakePlanner struct {
	asked  []PlanRequest
	counts reconcile.FirstCounts
	why    crm.Failing
}

func (f *fakePlanner) Plan(_ context.Context, request PlanRequest, read func(events int)) (reconcile.FirstCounts, crm.Failing, error) {
	f.asked = append(f.asked, request)
	read(f.counts.Items())
	return f.counts, f.why, nil
}

// fakeTester knows servers by address. It takes a password as right or wrong and counts how often it was tried.
type fakeTester struct {
	mu        sync.Mutex
	calendars map[string]fakeCalendar
	tried     []TestRequest
}

type fakeCalendar struct {
	password    string
	found       []FoundCalendar
	noSyncToken bool
	traits      dav.Traits
}

func (f *fakeTester) put(address string, calendar fakeCalendar) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calendars[address] = calendar
}

func (f *fakeTester) Test(ctx context.Context, request TestRequest, report func(TestStep)) (Verdict, error) {
	f.mu.Lock()
	f.tried = append(f.tried, request)
	server, known := f.calendars[request.Address]
	f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Verdict{}, err
	}
	verdict := Verdict{Outcome: Works, Traits: server.traits, Addresses: []string{request.Username + "@example.com"}}
	end := func(name string, outcome StepOutcome, code string) {
		step := TestStep{Name: name, Outcome: outcome, Code: code}
		verdict.Steps = append(verdict.Steps, step)
		report(step)
	}
	switch {
	case !known:
		end("address", StepFailed, "check.unknown_host")
		verdict.Outcome, verdict.Code, verdict.Field, verdict.Params = DoesNotWork, "check.unknown_host", "address", map[string]string{"host": request.Address}
		return verdict, nil
	case server.password != request.Password:
		end("sign_in", StepFailed, "check.password")
		verdict.Outcome, verdict.Code, verdict.Field = DoesNotWork, "check.password", "password"
		return verdict, nil
	}
	verdict.Calendars = server.found
	if len(server.found) == 1 {
		verdict.Calendar = server.found[0]
	}
	for _, calendar := range server.found {
		if request.Calendar != "" && store.CalendarKey(calendar.Href) == store.CalendarKey(request.Calendar) {
			verdict.Calendar = calendar
		}
	}
	if server.noSyncToken {
		end(StepSyncToken, StepLimited, "check.no_sync_token")
		verdict.Outcome, verdict.Code, verdict.NoSyncToken = WorksLimited, "check.clock", true
	}
	return verdict, nil
}

type fakeHasher struct{}

func (fakeHasher) Hash(password string) (string, error) { return "hash of " + password, nil }

func (fakeHasher) Matches(password, hash string) (bool, error) {
	return hash == "hash of "+password, nil
}
