package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/oracle"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
	"agendaonline/internal/zone"
)

const (
	zoneOfAll = "Europe/Brussels"
	origin    = "https://dav.example"
)

// workOf names the calendar of a user: some servers have them all at one place.
func workOf(user string) string { return "work-of-" + user }

// start is when each history begins.
var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

var zones = zone.NewRules(time.LoadLocation)

// world is the two sides and the engines between them. The director's goroutine changes it while everybody else waits.
type world struct {
	ctx     context.Context
	random  io.Reader // of ids
	server  *sandbox.Server
	store   *store.Store
	service *service.Service
	people  []service.Caller
	links   map[crm.UserID]crm.Link
	nodes   []*node
	born    int // nodes ever started
	renewed time.Time

	clock struct {
		sync.Mutex
		at time.Time
	}
	gates struct {
		sync.Mutex
		parked []*parked
	}

	changed *store.Listener
	known   map[crm.ActionID]seen
	order   []crm.ActionID
	commits []oracle.Commit
	resets  []oracle.Reset
	unheard map[int]bool // numbers of writes whose answer reached no database
	value   int
	trace   hash.Hash
	told    []string // what happened, for a person
	telling bool
}

// seen is an action as it was after the last thing that happened.
type seen struct {
	action    crm.Action
	href, uid string
}

// template is a migrated database with the settings of every history.
var template = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp(memory(), "simulation-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "agenda.db")
	s, err := store.Open(context.Background(), store.Options{SQLite: path, RelaxedCommits: true})
	if err != nil {
		return nil, err
	}
	err = s.Write(context.Background(), func(tx *store.Tx) error {
		now, err := tx.Settings()
		if err != nil {
			return err
		}
		settings := crm.DefaultSettings()
		settings.ModuleActive, settings.OnlineCalendar, settings.TimeZone = true, true, zoneOfAll
		return tx.UpdateSettings(settings, now.Version)
	})
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// memory is a folder whose files lie in memory where there is one.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// keys seal nothing that is opened here; the service wants some.
var keys = sync.OnceValues(func() (*secret.Ring, error) {
	folder, err := os.MkdirTemp("", "simulation-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	return secret.Create(filepath.Join(folder, "key"), rand.NewChaCha8([32]byte{}))
})

// locked is randomness that several goroutines may draw from.
type locked struct {
	sync.Mutex
	from io.Reader
}

func (l *locked) Read(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.from.Read(p)
}

// broken is how a history ends that cannot go on: the test fails, whatever the oracle would say.
type broken struct{ cause error }

func must(err error) {
	if err != nil {
		panic(broken{err})
	}
}

func newWorld(t *testing.T, p plan, telling bool) *world {
	w := &world{
		ctx: t.Context(), links: map[crm.UserID]crm.Link{}, known: map[crm.ActionID]seen{}, unheard: map[int]bool{}, trace: sha256.New(), telling: telling,
		random: &locked{from: rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, "ids of ", p.Seed)))},
	}
	w.clock.at = start
	bytes, err := template()
	must(err)
	folder, err := os.MkdirTemp(memory(), "simulation-")
	must(err)
	path := filepath.Join(folder, "agenda.db")
	must(os.WriteFile(path, bytes, 0o600))
	w.store, err = store.Open(w.ctx, store.Options{SQLite: path, RelaxedCommits: true, Now: w.now})
	must(err)
	w.changed = w.store.Listen(store.TopicActions)
	t.Cleanup(func() {
		w.changed.Close()
		if err := errors.Join(w.store.Close(), os.RemoveAll(folder)); err != nil {
			t.Error(err)
		}
	})
	w.server, err = sandbox.Open("", sandbox.Options{Now: w.now, Manners: p.manners()})
	must(err)
	ring, err := keys()
	must(err)
	w.service = service.New(service.Config{
		Store: w.store, Keys: ring, Zones: zones, IDs: w.ids(), Waker: nobody{}, Puller: nobody{}, Tester: nobody{}, Passwords: nobody{},
	})
	must(w.store.Write(w.ctx, func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		settings.ConflictPolicy = p.Policy
		return tx.UpdateSettings(settings, settings.Version)
	}))
	must(w.service.Start(w.ctx))
	for i := range p.Links {
		w.addUser([]string{"anna", "ben", "chloe", "daan"}[i])
	}
	for range p.Nodes {
		w.addNode(p)
	}
	return w
}

// now is the time of all sides; no two instants are the same.
func (w *world) now() time.Time {
	w.clock.Lock()
	defer w.clock.Unlock()
	w.clock.at = w.clock.at.Add(time.Microsecond)
	return w.clock.at
}

// pass lets time pass by itself, for all sides.
func (w *world) pass(span time.Duration) {
	w.clock.Lock()
	defer w.clock.Unlock()
	w.clock.at = w.clock.at.Add(span)
}

func (w *world) ids() crm.IDSource { return crm.IDSource{Now: w.now, Random: w.random} }

func (w *world) addUser(name string) {
	user := crm.User{
		ID: crm.NewID[crm.User](w.ids()), Version: 1, Login: name, Name: name, Language: crm.English, TimeZone: zoneOfAll, Role: crm.RoleUser,
		Active: true, Rights: crm.Rights{ChangeOthers: true, Reassign: true}, CreatedAt: w.now(),
	}
	must(w.server.SetUser(sandbox.User{Name: name, Password: name}))
	must(w.server.SetCalendar(sandbox.Calendar{Owner: name, Name: workOf(name)}))
	link := crm.Link{
		ID: crm.NewID[crm.Link](w.ids()), Version: 1, User: user.ID, Kind: crm.LinkSimple, Username: name, CreatedAt: w.now(),
		CalendarHref: origin + w.server.CalendarPath(name, workOf(name)), CalendarName: workOf(name), WithoutSyncToken: w.server.Manners().NoSync,
	}
	must(w.store.Write(w.ctx, func(tx *store.Tx) error {
		if err := tx.InsertUser(user, ""); err != nil {
			return err
		}
		return tx.InsertLink(link, []byte("sealed"), store.LinkSync{CalendarName: workOf(name)})
	}))
	w.links[user.ID] = link
	w.people = append(w.people, service.Caller{User: user})
}

func (w *world) connect(_ context.Context, link crm.Link, _ []byte, traits dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
	parsed, err := url.Parse(link.CalendarHref)
	if err != nil {
		return nil, err
	}
	at, err := outbound.OriginOf(parsed)
	if err != nil {
		return nil, err
	}
	client := caldav.New(caldav.Config{
		RoundTripper: w.server.Transport(), Credentials: caldav.NewPassword(link.Username, link.Username, traits, w.random),
		Origins: outbound.Origins{at}, Now: w.now, Observe: observe,
	})
	return client.Collection(dav.Href(link.CalendarHref), traits), nil
}

// tell notes what happened: into the trace, which is the same whenever a seed is run again, and for a person who reads.
func (w *world) tell(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintln(w.trace, line)
	if w.telling {
		w.told = append(w.told, w.clock.at.Format("02 15:04:05 ")+line)
	}
}

// traceHash is what a history left, as one number: all that was told, and every write to the calendars.
func (w *world) traceHash() string {
	for _, write := range w.server.Writes(1) {
		fmt.Fprintln(w.trace, write)
	}
	return hex.EncodeToString(w.trace.Sum(nil))
}

func (w *world) login(id crm.UserID) string {
	for _, of := range w.people {
		if of.User.ID == id {
			return of.User.Login
		}
	}
	return ""
}

func (w *world) linkName(id crm.LinkID) string {
	for user, link := range w.links {
		if link.ID == id {
			return w.login(user)
		}
	}
	return ""
}

// nobody stands for what a history does without: wakes are in the database, and nodes look there.
type nobody struct{}

func (nobody) Wake(crm.LinkID)                      {}
func (nobody) Hash(string) (string, error)          { return "hash", nil }
func (nobody) Matches(string, string) (bool, error) { return false, nil }
func (nobody) Pull(context.Context, []crm.LinkID, time.Duration) (service.PullTicket, error) {
	return nil, errors.New("not used")
}
func (nobody) Progress([]crm.LinkID) []service.LinkPull { return nil }
func (nobody) Test(context.Context, service.TestRequest, func(service.TestStep)) (service.Verdict, error) {
	return service.Verdict{}, errors.New("not used")
}
