package syncer_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/service/servicetest"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
	"agendaonline/internal/zone"
)

var zones = zone.NewRules(time.LoadLocation)

// world is a whole engine: store, service and syncer, and a calendar server in the same process. Anna and Ben are users with
// a calendar each; links are made by link.
type world struct {
	*testing.T
	store   *store.Store
	service *service.Service
	syncer  *syncer.Syncer
	server  *sandbox.Server
	clock   *clock
	gate    syncer.Gate

	timeouts  caldav.Timeouts
	through   func(syncer.Remote) syncer.Remote // nil: as it is
	transport http.RoundTripper                 // nil: the server's own
	admin     service.Caller
	anna      service.Caller
	ben       service.Caller

	patience int // how often more a claim and a release of a lease are tried that fail, as the scheduler does

	mu    sync.Mutex
	links map[crm.UserID]crm.Link
	steps []string
	story story
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

// impatient gives requests little time, for servers that hang.
func (w *world) impatient() {
	const little = 100 * time.Millisecond
	w.timeouts = caldav.Timeouts{Answer: little, Listing: little, Stall: little}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond) // no two instants are the same
	return c.at
}

func (c *clock) forward(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// each runs a test on both databases.
func each(t *testing.T, test func(*world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) { test(newWorld(t, fresh, sandbox.Plain())) })
}

// unlessShort is how many of something a test takes: all of it, or a few with -short. The test command runs this package whole
// without the race detector, which makes it ten times slower, and short with it.
func unlessShort(all, few int) int {
	if testing.Short() {
		return few
	}
	return all
}

func sqlite(t *testing.T) store.Options { return storetest.SQLite(t) }

// one is for what does not depend on the database.
func one(t *testing.T, manners ...sandbox.Manners) *world {
	t.Helper()
	t.Parallel()
	if len(manners) == 0 {
		manners = []sandbox.Manners{sandbox.Plain()}
	}
	return newWorld(t, storetest.SQLite(t), manners[0])
}

func newWorld(t *testing.T, fresh store.Options, manners sandbox.Manners) *world {
	t.Helper()
	w := &world{T: t, clock: &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, links: map[crm.UserID]crm.Link{}}
	fresh.Now, fresh.RelaxedCommits = w.clock.now, true
	w.store = storetest.Open(t, fresh)
	manners.Open = "" // several people sign in, each to a calendar of her own
	server, err := sandbox.Open("", sandbox.Options{Now: w.clock.now, Manners: manners})
	w.must(err)
	t.Cleanup(func() { w.must(server.Close()) })
	w.server = server
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"), rand.Reader)
	w.must(err)
	ids := crm.IDSource{Now: w.clock.now, Random: rand.Reader}
	w.service = service.New(servicetest.Alone(w.store, keys, zones, ids))
	w.must(w.service.Start(t.Context()))
	w.syncer = syncer.New(syncer.Config{
		Store: w.store, Connect: w.connect, IDs: ids, Now: w.clock.now, Zones: zones,
		Gate: func(ctx context.Context, point syncer.Point) error {
			w.mu.Lock()
			w.steps = append(w.steps, string(point.Moment)+" "+point.What)
			gate := w.gate
			w.mu.Unlock()
			if gate == nil {
				return nil
			}
			return gate(ctx, point)
		},
	})
	w.admin.User = w.user("admin", crm.RoleAdministrator)
	w.anna.User, w.ben.User = w.user("anna", crm.RoleUser), w.user("ben", crm.RoleUser)
	settings := crm.DefaultSettings()
	w.must(w.store.Write(t.Context(), func(tx *store.Tx) error {
		now, err := tx.Settings()
		if err != nil {
			return err
		}
		settings.ModuleActive, settings.OnlineCalendar, settings.TimeZone = true, true, "Europe/Brussels"
		return tx.UpdateSettings(settings, now.Version)
	}))
	t.Cleanup(w.judge)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) end(link crm.Link) {
	w.Helper()
	_, err := w.service.EndLink(w.Context(), w.admin, link.ID, link.Version, service.EndInput{})
	w.must(err)
}

func (w *world) user(name string, role crm.Role) crm.User {
	user := crm.User{
		ID: crm.NewID[crm.User](crm.IDSource{Now: w.clock.now, Random: rand.Reader}), Version: 1, Login: name, Name: name, Language: crm.English,
		TimeZone: "Europe/Brussels", Role: role, Active: true, Rights: crm.Rights{ChangeOthers: true, Reassign: true}, CreatedAt: w.clock.now(),
	}
	w.must(w.store.Write(w.Context(), func(tx *store.Tx) error { return tx.InsertUser(user, "") }))
	w.must(w.server.SetUser(sandbox.User{Name: name, Password: name}))
	w.must(w.server.SetCalendar(sandbox.Calendar{Owner: name, Name: "work"}))
	return user
}

// connect opens a link's calendar over the server's own transport.
func (w *world) connect(_ context.Context, link crm.Link, _ []byte, traits dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
	parsed, err := url.Parse(link.CalendarHref)
	if err != nil {
		return nil, err
	}
	origin, err := outbound.OriginOf(parsed)
	if err != nil {
		return nil, err
	}
	transport := w.transport
	if transport == nil {
		transport = w.server.Transport()
	}
	client := caldav.New(caldav.Config{
		RoundTripper: transport, Credentials: caldav.NewPassword(link.Username, link.Username, traits, rand.Reader),
		Origins: outbound.Origins{origin}, Now: w.clock.now, Observe: observe, Timeouts: w.timeouts,
	})
	var remote syncer.Remote = client.Collection(dav.Href(link.CalendarHref), traits)
	if w.through != nil {
		remote = w.through(remote)
	}
	return remote, nil
}

// link links a user's calendar.
func (w *world) link(of service.Caller, change ...func(*crm.Link, *store.LinkSync)) crm.Link {
	w.Helper()
	name := of.User.Login
	link := crm.Link{
		ID: crm.NewID[crm.Link](crm.IDSource{Now: w.clock.now, Random: rand.Reader}), Version: 1, User: of.User.ID, Kind: crm.LinkSimple, Username: name,
		CalendarHref: "https://dav.example" + w.server.CalendarPath(name, "work"), CalendarName: "work", CreatedAt: w.clock.now(),
	}
	link.WithoutSyncToken = w.server.Manners().NoSync
	sync := store.LinkSync{CalendarName: "work"}
	for _, c := range change {
		c(&link, &sync)
	}
	w.must(w.store.Write(w.Context(), func(tx *store.Tx) error { return tx.InsertLink(link, []byte("sealed"), sync) }))
	w.links[of.User.ID] = link
	return link
}

// run runs what is due of a user's link until nothing is wanted any more, and returns the result of the last run.
func (w *world) run(of service.Caller, trigger crm.Trigger) store.RunResult {
	w.Helper()
	result, err := w.tryRun(of, trigger)
	w.must(err)
	return result
}

func (w *world) tryRun(of service.Caller, trigger crm.Trigger) (store.RunResult, error) {
	w.Helper()
	link := w.links[of.User.ID]
	var result store.RunResult
	w.must(w.write(func(tx *store.Tx) error { return tx.Want(link.ID, trigger) }))
	for range 20 {
		var leases []store.Lease
		w.must(w.write(func(tx *store.Tx) (err error) {
			leases, err = tx.ClaimLeases("test", time.Hour, 1, []crm.LinkID{link.ID})
			return err
		}))
		if len(leases) == 0 {
			return result, nil
		}
		var err error
		result, err = w.syncer.Run(w.Context(), leases[0], nil)
		next := result.NextDueAt
		if next.IsZero() {
			next = store.Never
		}
		w.must(w.write(func(tx *store.Tx) error {
			if result.Unchanged {
				if err := tx.CheckedLink(link.ID, w.clock.now()); err != nil {
					return err
				}
			}
			return tx.ReleaseLease(leases[0], next)
		}))
		if err != nil {
			return result, err
		}
	}
	w.Fatal("the link is wanted again and again")
	return result, nil
}

// write writes, once more while it fails and there is patience left.
func (w *world) write(fn func(*store.Tx) error) error {
	var err error
	for range 1 + w.patience {
		if err = w.store.Write(w.Context(), fn); err == nil {
			break
		}
	}
	return err
}

// sync pulls and pushes.
func (w *world) sync(of service.Caller) store.RunResult {
	w.Helper()
	return w.run(of, crm.TriggerScreen)
}

// push runs what waits to be pushed.
func (w *world) push(of service.Caller) store.RunResult {
	w.Helper()
	return w.run(of, crm.TriggerPush)
}

// create types an action: subject and when, "2026-11-25 14:00 - 16:00" as a history has it.
func (w *world) create(by service.Caller, subject, when string) crm.Action {
	w.Helper()
	action, err := w.service.Create(w.Context(), by, input(subject, when, by.User.ID))
	w.must(err)
	return action
}

func input(subject, when string, follower crm.UserID) service.ActionInput {
	fields := strings.Fields(when)
	for i := range fields {
		if fields[i] == "-" {
			fields[i] = ""
		}
	}
	return service.ActionInput{Subject: subject, StartDate: fields[0], StartTime: fields[1], EndDate: fields[2], EndTime: fields[3], FollowedBy: follower}
}

// change changes an action as a person does.
func (w *world) change(by service.Caller, id crm.ActionID, edit func(*service.ActionInput)) crm.Action {
	w.Helper()
	action := w.action(id)
	in := service.InputOf(action)
	edit(&in)
	changed, err := w.service.Change(w.Context(), by, id, action.Version, in)
	w.must(err)
	return changed
}

func subject(text string) func(*service.ActionInput) {
	return func(in *service.ActionInput) { in.Subject = text }
}

func (w *world) delete(by service.Caller, id crm.ActionID) {
	w.Helper()
	_, err := w.service.Delete(w.Context(), by, id, w.action(id).Version)
	w.must(err)
}

// action is an action as it is stored.
func (w *world) action(id crm.ActionID) crm.Action {
	w.Helper()
	var action crm.Action
	w.read(func(tx *store.Tx) (err error) { action, err = tx.Action(id); return err })
	return action
}

func (w *world) read(fn func(*store.Tx) error) {
	w.Helper()
	w.must(w.store.Read(w.Context(), fn))
}

// actions are the living actions of a user, "subject | when" in order.
func (w *world) actions(of service.Caller) []string {
	w.Helper()
	var texts []string
	for _, action := range w.found(of) {
		texts = append(texts, action.Subject+" | "+when(action))
	}
	slices.Sort(texts)
	return texts
}

func (w *world) found(of service.Caller) []crm.Action {
	w.Helper()
	var found store.Found
	w.read(func(tx *store.Tx) (err error) {
		found, err = tx.Search(store.Query{Viewer: of.User.ID, FollowedBy: []crm.UserID{of.User.ID}}, store.Page{Limit: 5000})
		return err
	})
	return found.Actions
}

func (w *world) trash(of service.Caller) []crm.Action {
	w.Helper()
	var found store.Found
	w.read(func(tx *store.Tx) (err error) {
		found, err = tx.Search(store.Query{Viewer: of.User.ID, FollowedBy: []crm.UserID{of.User.ID}, Trash: true}, store.Page{Limit: 5000})
		return err
	})
	return found.Actions
}

func when(action crm.Action) string {
	text := action.When.String()
	return text[:strings.LastIndex(text, " ")]
}

// only is the one living action of a user.
func (w *world) only(of service.Caller) crm.Action {
	w.Helper()
	found := w.found(of)
	if len(found) != 1 {
		w.Fatalf("got %d actions, want 1: %v", len(found), w.actions(of))
	}
	return w.action(found[0].ID)
}

// phone is a user's own calendar program.
func (w *world) phone(of service.Caller) *sandbox.Human {
	return w.server.Human(of.User.Login, "phone")
}

// events are the events of a user's calendar, "SUMMARY | DTSTART | DTEND" in order.
func (w *world) events(of service.Caller) []string {
	w.Helper()
	var texts []string
	for _, item := range w.items(of) {
		texts = append(texts, item.Line("SUMMARY")+" | "+item.Line("DTSTART")+" | "+item.Line("DTEND"))
	}
	slices.Sort(texts)
	return texts
}

func (w *world) items(of service.Caller) []sandbox.Item {
	w.Helper()
	items, err := w.phone(of).Items("work")
	w.must(err)
	return items
}

// onlyItem is the one event of a user's calendar.
func (w *world) onlyItem(of service.Caller) sandbox.Item {
	w.Helper()
	items := w.items(of)
	if len(items) != 1 {
		w.Fatalf("got %d events, want 1: %v", len(items), w.events(of))
	}
	return items[0]
}

// put makes an event on the phone.
func (w *world) put(of service.Caller, uid, summary, start string, lines ...string) sandbox.Item {
	w.Helper()
	item, err := w.phone(of).Put("work", uid+".ics", text(uid, summary, start, lines...), "*")
	w.must(err)
	return item
}

// text is an event of one hour in UTC.
func text(uid, summary, start string, lines ...string) string {
	at, err := time.Parse("20060102T150405Z", start)
	if err != nil {
		panic(err)
	}
	all := append([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20261101T000000Z", "SUMMARY:" + summary,
		"DTSTART:" + start, "DTEND:" + at.Add(time.Hour).Format("20060102T150405Z"),
	}, lines...)
	return strings.Join(append(all, "END:VEVENT", "END:VCALENDAR", ""), "\r\n")
}

// requests are those that reached the server since the last time, methods and reports.
func (w *world) requests() []string {
	var all []string
	for _, request := range w.server.Requests() {
		name := request.Method
		if request.Report != "" {
			name = request.Report
		}
		all = append(all, name)
	}
	w.server.ForgetRequests()
	return all
}

func (w *world) same(what string, got, want any) {
	w.Helper()
	if g, x := fmt.Sprintf("%v", got), fmt.Sprintf("%v", want); g != x {
		w.Errorf("%s:\n got %s\nwant %s", what, g, x)
	}
}

func (w *world) state(id crm.ActionID) string {
	w.Helper()
	state := w.action(id).Sync
	return strings.TrimSpace(string(state.Name) + " " + string(state.Reason))
}

// history is what happened to an action, oldest first: what, name, reason.
func (w *world) history(id crm.ActionID) []string {
	w.Helper()
	var rows []string
	w.read(func(tx *store.Tx) error {
		changes, err := tx.History(id, store.HistoryCursor{}, 1000)
		rows = nil
		for _, change := range slices.Backward(changes) {
			rows = append(rows, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", change.What, change.Name, change.Reason)), " "))
		}
		return err
	})
	return rows
}

func (w *world) linkStates(of service.Caller) []crm.LinkState {
	w.Helper()
	return w.stored(of).States(w.settings())
}

func (w *world) stored(of service.Caller) crm.Link {
	w.Helper()
	var link crm.Link
	w.read(func(tx *store.Tx) (err error) { link, err = tx.Link(w.links[of.User.ID].ID); return err })
	return link
}

func (w *world) settings() crm.Settings {
	w.Helper()
	var settings crm.Settings
	w.read(func(tx *store.Tx) (err error) { settings, err = tx.Settings(); return err })
	return settings
}
