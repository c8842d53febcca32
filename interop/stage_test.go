package interop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/check"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/oracle"
	"agendaonline/internal/outbound"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/service/servicetest"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
	"agendaonline/internal/zone"
	"agendaonline/interop/servers"
	"agendaonline/interop/witness"
)

const zoneOfAll = "Europe/Brussels"

// host is a running server, and what the connection test found of it.
type host struct {
	*servers.Server
	traits      dav.Traits
	noSyncToken bool
	google      *google // what plays the server, when none is started
}

// backup copies all that the server holds; back puts it back.
func (h *host) backup(t *testing.T) (back func()) {
	if h.google != nil {
		snapshot := h.google.Calendar.Snapshot()
		return func() {
			if err := h.google.Calendar.Restore(snapshot); err != nil {
				t.Fatal(err)
			}
		}
	}
	folder := h.Backup()
	return func() { h.Restore(folder) }
}

// start starts a server and has it tested as before a link is made, with writing.
func start(t *testing.T, name servers.Name) *host {
	t.Helper()
	server := servers.Start(t, name)
	allow, err := outbound.ParseAllow(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	transport := outbound.New(outbound.Config{Allow: allow})
	t.Cleanup(transport.CloseIdleConnections)
	tester := check.New(check.Config{
		Transport: transport, Resolver: net.DefaultResolver, Now: time.Now, Random: rand.Reader, NewUID: func() string { return rand.Text() + "@interop" },
	})
	verdict, err := tester.Test(t.Context(), check.Request{
		Address: server.Calendar, Username: server.Username, Password: server.Password, PlainHTTP: true, Write: true,
	}, func(check.Step) {})
	if err != nil || verdict.Outcome == check.DoesNotWork {
		t.Fatalf("connection test of %s: %v %s %s", name, err, verdict.Outcome, verdict.Code)
	}
	return &host{Server: server, traits: verdict.Traits, noSyncToken: verdict.NoSyncToken}
}

// stage is a whole engine before one server: store, service and syncer in this process, anna and ben with a calendar each that
// nobody else uses, and a witness between.
type stage struct {
	*testing.T
	host    *host
	options store.Options
	store   *store.Store
	service *service.Service
	syncer  *syncer.Syncer
	story   *witness.Story
	anna    *person
	ben     *person
	admin   service.Caller

	transport *outbound.Transport
	mu        sync.Mutex
	ahead     time.Duration // of the clock of all
	gate      syncer.Gate   // what happens between two steps of a run, if anything
	value     int
}

// person is a user, and what lies on the user's desk: a phone.
type person struct {
	service.Caller
	*witness.Phone
	account string // at the server
	link    crm.LinkID
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

// pass lets time pass by itself, for all but the server.
func (s *stage) pass(span time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += span
}

func newStage(t *testing.T, h *host) *stage {
	t.Helper()
	s := &stage{T: t, host: h, options: storetest.SQLite(t)}
	seen, err := witness.Start(h.Origin, s.now)
	s.must(err)
	t.Cleanup(func() { s.must(seen.Close()) })
	s.story = &witness.Story{Witness: seen}
	allow, err := outbound.ParseAllow(strings.TrimPrefix(seen.Origin, "http://"))
	s.must(err)
	if h.google != nil {
		allow, err = allow.With(h.Address)
		s.must(err)
		h.google.follow(s.now)
		s.story.Read = asShown
	}
	s.transport = outbound.New(outbound.Config{Allow: allow, Now: s.now})
	t.Cleanup(s.transport.CloseIdleConnections)
	s.options.Now, s.options.RelaxedCommits = s.now, true
	s.open(s.options)
	settings := crm.DefaultSettings()
	s.must(s.store.Write(t.Context(), func(tx *store.Tx) error {
		now, err := tx.Settings()
		if err != nil {
			return err
		}
		settings.ModuleActive, settings.OnlineCalendar, settings.TimeZone = true, true, zoneOfAll
		return tx.UpdateSettings(settings, now.Version)
	}))
	s.admin.User = s.user("admin", crm.RoleAdministrator)
	name := fmt.Sprintf("c%s", strings.ToLower(rand.Text()[:12]))
	s.anna, s.ben = s.person("anna", "alice", name), s.person("ben", "bob", name)
	return s
}

// open begins with a database: a fresh one, or one that was put back.
func (s *stage) open(options store.Options) {
	s.Helper()
	s.store = storetest.Open(s.T, options)
	keys, err := secret.Create(filepath.Join(s.TempDir(), "key"), rand.Reader)
	s.must(err)
	zones := zone.NewRules(time.LoadLocation)
	s.service = service.New(servicetest.Alone(s.store, keys, zones, s.ids()))
	if s.anna == nil {
		s.must(s.service.Start(s.Context()))
	}
	s.syncer = syncer.New(syncer.Config{
		Store: s.store, Connect: s.connect, IDs: s.ids(), Now: s.now, Zones: zones, Gate: func(ctx context.Context, point syncer.Point) error {
			if s.gate == nil {
				return nil
			}
			return s.gate(ctx, point)
		},
	})
}

func (s *stage) ids() crm.IDSource { return crm.IDSource{Now: s.now, Random: rand.Reader} }

func (s *stage) user(name string, role crm.Role) crm.User {
	s.Helper()
	user := crm.User{
		ID: crm.NewID[crm.User](s.ids()), Version: 1, Login: name, Name: name, Language: crm.English, TimeZone: zoneOfAll, Role: role,
		Active: true, Rights: crm.Rights{ChangeOthers: true, Reassign: true}, CreatedAt: s.now(),
	}
	s.must(s.store.Write(s.Context(), func(tx *store.Tx) error { return tx.InsertUser(user, "") }))
	return user
}

// person is a user with a calendar of a name of its own at the server.
func (s *stage) person(login, account, calendar string) *person {
	s.Helper()
	address, err := url.Parse(strings.TrimSuffix(s.host.Calendar, "calendar/") + calendar + "/")
	s.must(err)
	path := strings.Replace(address.Path, "/alice/", "/"+account+"/", 1)
	if s.host.google != nil {
		account += "@example.com"
		path = s.host.google.Calendar.CalendarPath(account, account)
		path, err = url.PathUnescape(path)
		s.must(err)
	}
	p := &person{service.Caller{User: s.user(login, crm.RoleUser)}, s.story.Witness.Phone(path, account, s.host.Password), account, crm.LinkID{}}
	if s.host.google == nil {
		s.must(p.Make(s.Context()))
	}
	s.story.Links = append(s.story.Links, oracle.Link{User: login, Calendar: path, Ended: true})
	s.story.Phones = append(s.story.Phones, p.Phone)
	return p
}

// link links a person's calendar, as the wizard does after the connection test.
func (s *stage) link(p *person) {
	s.Helper()
	link := crm.Link{
		ID: crm.NewID[crm.Link](s.ids()), Version: 1, User: p.User.ID, Kind: crm.LinkSimple, Username: p.account, PlainHTTP: true,
		CalendarHref: s.story.Witness.Origin + p.Calendar, CalendarName: "work", CreatedAt: s.now(), WithoutSyncToken: s.host.noSyncToken,
	}
	if s.host.google != nil {
		link.Kind, link.Addresses = crm.LinkGoogle, []string{"mailto:" + p.account}
	}
	s.must(s.store.Write(s.Context(), func(tx *store.Tx) error {
		return tx.InsertLink(link, []byte("sealed"), store.LinkSync{CalendarName: "work", Traits: s.host.traits})
	}))
	p.link = link.ID
	s.ended(p, false)
}

func (s *stage) ended(p *person, is bool) {
	for i := range s.story.Links {
		if s.story.Links[i].User == p.User.Login {
			s.story.Links[i].Ended = is
		}
	}
}

// unlink ends a person's link and keeps what is on both sides.
func (s *stage) unlink(p *person) {
	s.Helper()
	var link crm.Link
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) (err error) { link, err = tx.Link(p.link); return err }))
	_, err := s.service.EndLink(s.Context(), s.admin, link.ID, link.Version, service.EndInput{})
	s.must(err)
	p.link = crm.LinkID{}
	s.ended(p, true)
}

func (s *stage) connect(_ context.Context, link crm.Link, _ []byte, traits dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
	parsed, err := url.Parse(link.CalendarHref)
	if err != nil {
		return nil, err
	}
	origin, err := outbound.OriginOf(parsed)
	if err != nil {
		return nil, err
	}
	var credentials caldav.Credentials = caldav.NewPassword(link.Username, s.host.Password, traits, rand.Reader)
	if s.host.google != nil {
		credentials = s.host.google.bearer(s.transport, s.now, link.Username)
	}
	client := caldav.New(caldav.Config{
		RoundTripper: s.transport, Credentials: credentials,
		Origins: outbound.Origins{origin}, PlainHTTP: true, Now: s.now, Observe: observe,
	})
	return client.Collection(dav.Href(link.CalendarHref), traits), nil
}

// sync runs the links of persons, as a screen that is opened does, until nothing of them is wanted any more.
func (s *stage) sync(people ...*person) {
	s.Helper()
	for _, p := range people {
		if p.link == (crm.LinkID{}) {
			continue
		}
		s.must(s.store.Write(s.Context(), func(tx *store.Tx) error { return tx.Want(p.link, crm.TriggerScreen) }))
	}
	for range 40 {
		var leases []store.Lease
		s.must(s.store.Write(s.Context(), func(tx *store.Tx) (err error) {
			leases, err = tx.ClaimLeases("interop", time.Hour, 1, nil)
			return err
		}))
		if len(leases) == 0 {
			_, err := s.story.Look(s.Context(), s.store)
			s.must(err)
			return
		}
		result, err := s.syncer.Run(s.Context(), leases[0], nil)
		s.must(err)
		next := result.NextDueAt
		if next.IsZero() {
			next = store.Never
		}
		s.must(s.store.Write(s.Context(), func(tx *store.Tx) error {
			if result.Unchanged {
				if err := tx.CheckedLink(leases[0].Link, s.now()); err != nil {
					return err
				}
			}
			return tx.ReleaseLease(leases[0], next)
		}))
	}
	s.Fatal("links are wanted again and again")
}

func (s *stage) everybody() []*person { return []*person{s.anna, s.ben} }

// judge lets both sides come to rest, sees whether they stay there, and has the whole history judged.
func (s *stage) judge() {
	s.Helper()
	for range 3 {
		s.sync(s.everybody()...)
	}
	before := len(s.story.Witness.Writes())
	s.story.Witness.Requests()
	for range 2 {
		s.sync(s.everybody()...)
	}
	links := 0
	for _, p := range s.everybody() {
		if p.link != (crm.LinkID{}) {
			links++
		}
	}
	quiet := oracle.JudgeQuiet(oracle.Quiet{Rounds: 2, Links: links, Writes: len(s.story.Witness.Writes()) - before, Requests: s.story.Witness.Requests()})
	history, err := s.story.History(s.Context(), s.store)
	s.must(err)
	report := oracle.Add(oracle.Judge(history), quiet)
	judged := 0
	for _, n := range report.Judged {
		judged += n
	}
	s.Logf("%d writes, %d commits, judged %d times, exempt %d, unjudged %d", len(history.Writes), len(history.Commits), judged, report.Exempt, report.Unjudged)
	if len(report.Violations) > 0 {
		s.Errorf("%s\n%s", history.Story(), report.String())
	}
}

// ---- what people do

// next numbers values: no two edits of a history write the same.
func (s *stage) next() int { s.value++; return s.value }

// moment is a time that no other edit names, on a day of its own.
func (s *stage) moment() time.Time {
	n := s.next()
	day := s.now().In(time.UTC).Truncate(24 * time.Hour)
	return day.AddDate(0, 0, 10+n).Add(time.Duration(8+n%7)*time.Hour + time.Duration(5*(n%11))*time.Minute)
}

type edit func(*service.ActionInput)

func (s *stage) subject(in *service.ActionInput) { in.Subject = fmt.Sprintf("s%d", s.next()) }

func (s *stage) description(in *service.ActionInput) {
	in.Description = fmt.Sprintf("d%d, with a comma;\nand a line", s.next())
}

func (s *stage) when(in *service.ActionInput) {
	at := s.moment()
	end := at.Add(45 * time.Minute)
	in.StartDate, in.StartTime, in.EndDate, in.EndTime = at.Format("2006-01-02"), at.Format("15:04"), end.Format("2006-01-02"), end.Format("15:04")
}

func (s *stage) days(in *service.ActionInput) {
	at := s.moment()
	in.StartDate, in.StartTime, in.EndDate, in.EndTime = at.Format("2006-01-02"), "", at.AddDate(0, 0, 2).Format("2006-01-02"), ""
}

func (s *stage) undated(in *service.ActionInput) {
	in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", ""
}

func followedBy(p *person) edit { return func(in *service.ActionInput) { in.FollowedBy = p.User.ID } }

// commit is what a person is about to do.
func (s *stage) commit(by *person, kind oracle.Kind) oracle.Commit {
	return oracle.Commit{Kind: kind, Follower: by.User.Login, After: s.story.Witness.Last(), At: s.now()}
}

func (s *stage) typed(commit oracle.Commit, after crm.Action) {
	commit.Action, commit.Values = after.ID.String(), witness.UnitsOf(after.Units)
	s.story.Typed(commit)
}

// create types an action: subject, description and what else edits say, a time by default.
func (s *stage) create(by *person, edits ...edit) crm.ActionID {
	s.Helper()
	in := service.ActionInput{FollowedBy: by.User.ID}
	s.subject(&in)
	s.description(&in)
	s.when(&in)
	for _, e := range edits {
		e(&in)
	}
	commit := s.commit(by, oracle.Create)
	made, err := s.service.Create(s.Context(), by.Caller, in)
	s.must(err)
	s.typed(commit, made)
	return made.ID
}

func (s *stage) action(id crm.ActionID) crm.Action {
	s.Helper()
	var action crm.Action
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) (err error) { action, err = tx.Action(id); return err }))
	return action
}

func (s *stage) change(by *person, id crm.ActionID, edits ...edit) {
	s.Helper()
	action := s.action(id)
	in := service.InputOf(action)
	for _, e := range edits {
		e(&in)
	}
	commit := s.commit(by, oracle.Change)
	commit.Before = witness.UnitsOf(action.Units)
	for _, p := range s.everybody() {
		if in.FollowedBy != action.FollowedBy && in.FollowedBy == p.User.ID {
			commit.Kind, commit.Follower = oracle.Reassign, p.User.Login
		}
	}
	changed, err := s.service.Change(s.Context(), by.Caller, id, action.Version, in)
	s.must(err)
	s.typed(commit, changed)
}

func (s *stage) remove(by *person, id crm.ActionID) {
	s.Helper()
	action := s.action(id)
	commit := s.commit(by, oracle.Delete)
	commit.Before = witness.UnitsOf(action.Units)
	gone, err := s.service.Delete(s.Context(), by.Caller, id, action.Version)
	s.must(err)
	s.typed(commit, gone)
}

func (s *stage) restore(by *person, id crm.ActionID) {
	s.Helper()
	commit := s.commit(by, oracle.Restore)
	commit.Before = witness.UnitsOf(s.action(id).Units)
	back, err := s.service.Restore(s.Context(), by.Caller, id)
	s.must(err)
	s.typed(commit, back)
}

// decide takes the one decision that waits.
func (s *stage) decide(decision string) (actions []crm.ActionID) {
	s.Helper()
	held, err := s.service.Held(s.Context(), s.admin)
	s.must(err)
	if len(held) != 1 {
		s.Fatalf("got %d things held, want 1: %+v", len(held), held)
	}
	for _, view := range held[0].Actions {
		actions = append(actions, view.ID)
	}
	s.must(s.service.Decide(s.Context(), s.admin, held[0].ID, decision))
	return actions
}

// appointment types an event on the phone, with lines that the CRM does not know, and returns its path.
func (s *stage) appointment(of *person, when ...string) string {
	s.Helper()
	n := s.next()
	if len(when) == 0 {
		when = s.zoned()
	}
	lines := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", fmt.Sprintf("UID:k%d-%s", n, rand.Text()), "DTSTAMP:20261101T000000Z"}, when...)
	lines = append(lines, fmt.Sprintf("SUMMARY:s%d", n), fmt.Sprintf("DESCRIPTION:d%d", s.next()), "LOCATION:there", fmt.Sprintf("X-OWN;P=%d:kept", n),
		"BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "DESCRIPTION:alarm", "END:VALARM", "END:VEVENT", "END:VCALENDAR", "")
	name := fmt.Sprintf("k%d.ics", n)
	s.must(of.Put(s.Context(), name, strings.Join(lines, "\r\n")))
	return of.Calendar + name
}

const civil = "20060102T150405"

func (s *stage) zoned() []string {
	at := s.moment()
	return []string{"DTSTART;TZID=" + zoneOfAll + ":" + at.Format(civil), "DTEND;TZID=" + zoneOfAll + ":" + at.Add(50*time.Minute).Format(civil)}
}

// write changes lines of an event on the phone.
func (s *stage) write(of *person, path string, lines ...string) {
	s.Helper()
	var drop []string
	if slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "DTSTART") }) {
		drop = []string{"DTEND", "DURATION"}
	}
	s.must(of.Edit(s.Context(), path, func(text string) string { return witness.Lines(text, lines, drop...) }))
}

func (s *stage) summary() string { return fmt.Sprintf("SUMMARY:s%d", s.next()) }

func (s *stage) discard(of *person, path string) {
	s.Helper()
	s.must(of.Delete(s.Context(), path))
}

// pathOf is where the event of an action is.
func (s *stage) pathOf(id crm.ActionID) string {
	s.Helper()
	path := ""
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) error {
		bound, err := tx.BindingsOfAction(id)
		for _, b := range bound {
			if b.Bound.State == store.ResourceLive {
				href, err := url.Parse(string(b.Bound.Href))
				if err != nil {
					return err
				}
				path = href.Path
			}
		}
		return err
	}))
	if path == "" {
		s.Fatalf("action %s has no event", id)
	}
	return path
}

// actionAt is the action of the event at a path.
func (s *stage) actionAt(p *person, path string) crm.ActionID {
	s.Helper()
	var id crm.ActionID
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) error {
		for resource, err := range tx.Resources(p.link) {
			if err != nil {
				return err
			}
			href, err := url.Parse(string(resource.Href))
			if err != nil {
				return err
			}
			if href.Path != path {
				continue
			}
			bound, err := tx.BindingsOf([]store.ResourceID{resource.ID})
			if err != nil {
				return err
			}
			for _, b := range bound {
				id = b.Action
			}
		}
		return nil
	}))
	if id == (crm.ActionID{}) {
		s.Fatalf("no action is bound to %s", path)
	}
	return id
}

// living are the actions that a person follows.
func (s *stage) living(p *person) []crm.Action {
	s.Helper()
	var found store.Found
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) (err error) {
		found, err = tx.Search(store.Query{Viewer: p.User.ID, FollowedBy: []crm.UserID{p.User.ID}}, store.Page{Limit: 5000})
		return err
	}))
	return found.Actions
}

func witnessed(action crm.Action) oracle.Units { return witness.UnitsOf(action.Units) }

// counts is how many living actions a person follows, how many lie in the trash, and how many events the calendar has.
func (s *stage) counts(p *person, living, trashed, events int) {
	s.Helper()
	var got [2]int
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) error {
		for i, trash := range []bool{false, true} {
			found, err := tx.Search(store.Query{Viewer: p.User.ID, FollowedBy: []crm.UserID{p.User.ID}, Trash: trash}, store.Page{Limit: 5000})
			if err != nil {
				return err
			}
			got[i] = len(found.Actions)
		}
		return nil
	}))
	paths, err := p.Paths(s.Context())
	s.must(err)
	if got[0] != living || got[1] != trashed || len(paths) != events {
		s.Errorf("%s: got %d actions, %d in the trash, %d events; want %d, %d, %d", p.User.Login, got[0], got[1], len(paths), living, trashed, events)
	}
}

// backup copies the database as it is; back puts it back.
func (s *stage) backup() (back func()) {
	s.Helper()
	saved := filepath.Join(s.TempDir(), "saved.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(s.options.SQLite + suffix)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		s.must(err)
		s.must(os.WriteFile(saved+suffix, data, 0o600))
	}
	return func() {
		s.Helper()
		options := s.options
		options.SQLite = saved
		s.open(options)
	}
}
