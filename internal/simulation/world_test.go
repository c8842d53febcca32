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
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/oracle"
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

const (
	zoneOfAll = "Europe/Brussels"
	origin    = "https://dav.example"
)

// password is what a user signs in with at the calendar server. It may be seen nowhere else.
func password(user string) string { return "canary-of-" + user + "-7d1f" }

// workOf names the calendar of a user: some servers have them all at one place.
func workOf(user string) string { return "work-of-" + user }

// start is when each history begins.
var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

var zones = zone.NewRules(time.LoadLocation)

// world is the two sides and the engines between them. The director's goroutine changes it while everybody else waits.
type world struct {
	ctx     context.Context
	end     context.CancelFunc
	random  io.Reader // of ids
	server  *sandbox.Server
	store   *store.Store
	service *service.Service
	keys    *secret.Ring
	people  []service.Caller
	admin   service.Caller
	links   map[crm.UserID]crm.Link
	names   map[crm.LinkID]string // of all links that ever were
	traits  dav.Traits
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
	returns []oracle.Return
	kept    *sandbox.Snapshot // of the server, where one was taken
	copied  *backup           // of the database
	emptier *storetest.Emptier
	unheard map[int]bool    // numbers of writes whose answer reached no database
	refused map[string]bool // users whose password is not good now
	signIns []oracle.SignIn
	guests  bool                  // there are meetings
	grants  *granting             // nil where links sign in with a password
	logged  *strings.Builder      // what the engines log, where it is searched
	back    map[crm.ActionID]bool // a person wanted its event made again
	waits   map[crm.ActionID]bool // typed into while nobody knew that the event is another's: it waits
	lied    string                // which kind of answer may say that something is gone that is not
	value   int
	trace   hash.Hash
	told    []string // what happened, for a person
	telling struct {
		sync.Mutex
		on bool
	}
}

// seen is an action as it was after the last thing that happened.
type seen struct {
	action crm.Action
	places []place
}

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

// newWorld empties the stage and puts on it what a history begins with. The caller closes it.
func (on *stage) newWorld(p plan, telling bool) *world {
	w := &world{
		store: on.store, emptier: on.emptier, links: map[crm.UserID]crm.Link{}, known: map[crm.ActionID]seen{}, unheard: map[int]bool{}, names: map[crm.LinkID]string{}, refused: map[string]bool{}, waits: map[crm.ActionID]bool{}, back: map[crm.ActionID]bool{}, trace: sha256.New(),
		random: &locked{from: rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, "ids of ", p.Seed)))},
	}
	if p.Seed%searchEach == 0 {
		w.logged = &strings.Builder{}
	}
	w.telling.on, w.guests = telling, p.has(twistGuests)
	on.world = w
	w.ctx, w.end = context.WithCancel(on.Context())
	w.clock.at = start
	must(on.emptier.Empty(w.ctx))
	w.changed = w.store.Listen(store.TopicActions)
	var err error
	w.server, err = sandbox.Open("", sandbox.Options{Now: w.now, Manners: p.manners(), Bearer: func(token string) (string, bool) {
		if w.grants == nil {
			return "", false
		}
		person, _, ok := w.grants.auth.User(token)
		return person, ok
	}})
	must(err)
	w.keys, err = keys()
	must(err)
	w.service = service.New(servicetest.Alone(w.store, w.keys, zones, w.ids()))
	must(w.store.Write(w.ctx, func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		settings.ConflictPolicy, settings.Guard = p.Policy, p.guard()
		return tx.UpdateSettings(settings, settings.Version)
	}))
	must(w.service.Start(w.ctx))
	w.traits = p.traits(start)
	if p.has(twistGrants) {
		w.grants = w.newGranting(rand.New(rand.NewPCG(p.Seed, 10)))
	}
	w.admin = service.Caller{User: w.newUser("admin", crm.RoleAdministrator)}
	for i := range p.Links {
		w.addUser([]string{"anna", "ben", "chloe", "daan"}[i])
	}
	for range p.Nodes {
		w.addNode(p)
	}
	return w
}

// close lets go of what the history held.
func (w *world) close() {
	w.changed.Close()
	w.end()
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

func (w *world) newUser(name string, role crm.Role) crm.User {
	user := crm.User{
		ID: crm.NewID[crm.User](w.ids()), Version: 1, Login: name, Name: name, Language: crm.English, TimeZone: zoneOfAll, Role: role,
		Active: true, Rights: crm.Rights{ChangeOthers: true, Reassign: true}, CreatedAt: w.now(),
	}
	must(w.store.Write(w.ctx, func(tx *store.Tx) error { return tx.InsertUser(user, "") }))
	return user
}

func (w *world) addUser(name string) {
	user := w.newUser(name, crm.RoleUser)
	must(w.server.SetUser(w.account(name)))
	must(w.server.SetCalendar(sandbox.Calendar{Owner: name, Name: workOf(name)}))
	w.people = append(w.people, service.Caller{User: user})
	w.addLink(user.ID, crm.Link{
		User: user.ID, Kind: crm.LinkSimple, Username: name, Addresses: []string{address(name)}, CalendarHref: origin + w.server.CalendarPath(name, workOf(name)), CalendarName: workOf(name),
		WithoutSyncToken: w.server.Manners().NoSync,
	})
}

// addLink makes a new link of a user, like another.
func (w *world) addLink(user crm.UserID, link crm.Link) {
	link.ID, link.Version, link.CreatedAt = crm.NewID[crm.Link](w.ids()), 1, w.now()
	var sealed, grant []byte
	if w.grants == nil {
		sealed = w.keys.Seal(service.SecretPlace(link.ID), []byte(password(link.Username)))
	} else {
		link.Kind, grant = crm.LinkOAuth, w.grants.consent(link.Username)
	}
	must(w.store.Write(w.ctx, func(tx *store.Tx) (err error) {
		if w.grants != nil {
			defer func() { err = errors.Join(err, w.grants.grant(tx, link, grant)) }()
		}
		return tx.InsertLink(link, sealed, store.LinkSync{CalendarName: link.CalendarName, Traits: w.traits})
	}))
	w.links[user], w.names[link.ID] = link, w.login(user)
}

func (w *world) linkOf(name string) crm.Link {
	for _, of := range w.people {
		if of.User.Login == name {
			return w.links[of.User.ID]
		}
	}
	return crm.Link{}
}

func (n *node) connect(_ context.Context, link crm.Link, sealed []byte, traits dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
	parsed, err := url.Parse(link.CalendarHref)
	if err != nil {
		return nil, err
	}
	at, err := outbound.OriginOf(parsed)
	if err != nil {
		return nil, err
	}
	w := n.w
	var credentials caldav.Credentials
	if w.grants != nil {
		credentials = n.bearer(link.ID)
	} else {
		password, err := w.keys.Open(service.SecretPlace(link.ID), sealed)
		if err != nil {
			return nil, err
		}
		credentials = caldav.NewPassword(link.Username, string(password), traits, w.random)
	}
	client := caldav.New(caldav.Config{
		RoundTripper: w.server.Transport(), Credentials: credentials,
		Origins: outbound.Origins{at}, Now: w.now, Observe: func(e dav.Exchange) { w.heard(link.Username, e); observe(e) },
	})
	return client.Collection(dav.Href(link.CalendarHref), traits), nil
}

// tell notes what happened: into the trace, which is the same whenever a seed is run again, and for a person who reads.
func (w *world) tell(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	w.telling.Lock()
	defer w.telling.Unlock()
	io.WriteString(w.trace, line+"\n")
	if w.telling.on {
		w.told = append(w.told, w.clock.at.Format("02 15:04:05 ")+line)
	}
}

// heard notes one exchange of an engine with a calendar server.
func (w *world) heard(user string, e dav.Exchange) {
	w.telling.Lock()
	defer w.telling.Unlock()
	if last := len(w.signIns) - 1; w.grants == nil && (e.Status == http.StatusUnauthorized || e.Status != 0 && last >= 0 && w.signIns[last].Refused) {
		w.signIns = append(w.signIns, oracle.SignIn{User: user, At: e.SentAt, Refused: e.Status == http.StatusUnauthorized})
	}
	if w.telling.on {
		w.told = append(w.told, fmt.Sprintf("    %s %s %s: %d %s %s", e.Method, e.Report, e.Href, e.Status, e.Failed, e.Location))
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

func (w *world) linkName(id crm.LinkID) string { return w.names[id] }
