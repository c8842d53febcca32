package oracle_test

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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
	"agendaonline/internal/service/servicetest"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
	"agendaonline/internal/zone"
)

// stage is a whole engine before the judge: store, service and syncer on SQLite, the sandbox, anna and ben with a calendar each,
// and what people did, written down.
type stage struct {
	*testing.T
	random  *rand.Rand
	clock   sync.Mutex // several requests of a run ask for the time at once
	at      time.Time
	server  *sandbox.Server
	store   *store.Store
	service *service.Service
	syncer  *syncer.Syncer
	people  []service.Caller
	links   map[crm.UserID]crm.Link
	known   map[crm.ActionID]seen
	order   []crm.ActionID
	commits []oracle.Commit
	value   int
	planted string
}

// seen is an action as it was after the last thing that happened.
type seen struct {
	action crm.Action
	href   string
	uid    string
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) now() time.Time { return s.pass(time.Microsecond) }

// pass moves the clock.
func (s *stage) pass(by time.Duration) time.Time {
	s.clock.Lock()
	defer s.clock.Unlock()
	s.at = s.at.Add(by)
	return s.at
}

func newStage(t *testing.T, seed uint64, manners sandbox.Manners) *stage {
	s := &stage{T: t, random: rand.New(rand.NewPCG(seed, 7)), at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), links: map[crm.UserID]crm.Link{}, known: map[crm.ActionID]seen{}}
	options := storetest.SQLite(t)
	options.Now, options.RelaxedCommits = s.now, true
	s.store = storetest.Open(t, options)
	server, err := sandbox.Open("", sandbox.Options{Now: s.now, Manners: manners})
	s.must(err)
	s.server = server
	keys, err := secret.Create(filepath.Join(t.TempDir(), "key"), cryptorand.Reader)
	s.must(err)
	zones := zone.NewRules(time.LoadLocation)
	ids := crm.IDSource{Now: s.now, Random: cryptorand.Reader}
	s.service = service.New(servicetest.Alone(s.store, keys, zones, ids))
	s.must(s.service.Start(t.Context()))
	s.syncer = syncer.New(syncer.Config{Store: s.store, Connect: s.connect, IDs: ids, Now: s.now, Zones: zones, Gate: func(context.Context, syncer.Point) error { return nil }})
	s.must(s.store.Write(t.Context(), func(tx *store.Tx) error {
		now, err := tx.Settings()
		if err != nil {
			return err
		}
		settings := crm.DefaultSettings()
		settings.ModuleActive, settings.OnlineCalendar, settings.TimeZone = true, true, "Europe/Brussels"
		return tx.UpdateSettings(settings, now.Version)
	}))
	for _, name := range []string{"anna", "ben"} {
		user := crm.User{
			ID: crm.NewID[crm.User](ids), Version: 1, Login: name, Name: name, Language: crm.English, TimeZone: "Europe/Brussels", Role: crm.RoleUser,
			Active: true, Rights: crm.Rights{ChangeOthers: true, Reassign: true}, CreatedAt: s.now(),
		}
		s.must(s.server.SetUser(sandbox.User{Name: name, Password: name}))
		s.must(s.server.SetCalendar(sandbox.Calendar{Owner: name, Name: "work"}))
		link := crm.Link{
			ID: crm.NewID[crm.Link](ids), Version: 1, User: user.ID, Kind: crm.LinkSimple, Username: name,
			CalendarHref: "https://dav.example" + s.server.CalendarPath(name, "work"), CalendarName: "work", CreatedAt: s.now(),
		}
		s.must(s.store.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertUser(user, ""); err != nil {
				return err
			}
			return tx.InsertLink(link, []byte("sealed"), store.LinkSync{CalendarName: "work"})
		}))
		s.links[user.ID] = link
		s.people = append(s.people, service.Caller{User: user})
	}
	return s
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
	client := caldav.New(caldav.Config{
		RoundTripper: s, Credentials: caldav.NewPassword(link.Username, link.Username, traits, cryptorand.Reader),
		Origins: outbound.Origins{origin}, Now: s.now, Observe: observe,
	})
	return client.Collection(dav.Href(link.CalendarHref), traits), nil
}

// RoundTrip carries a request of the engine to the server, changed in the way that is planted.
func (s *stage) RoundTrip(request *http.Request) (*http.Response, error) {
	switch {
	case s.planted == "no If-Match":
		request.Header.Del("If-Match")
	case s.planted == "no If-None-Match":
		request.Header.Del("If-None-Match")
	case request.Method == http.MethodPut && s.planted != "":
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		text := string(body)
		switch s.planted {
		case "unmapped line dropped":
			text = regexp.MustCompile(`(?m)^X-.*\r\n`).ReplaceAllString(text, "")
		case "another subject":
			text = regexp.MustCompile(`(?m)^SUMMARY:.*\r$`).ReplaceAllString(text, "SUMMARY:made up\r")
		case "a changed UID":
			if request.Header.Get("If-Match") != "" {
				text = regexp.MustCompile(`(?m)^UID:.*\r$`).ReplaceAllString(text, "UID:changed-"+request.URL.Path+"\r")
			}
		}
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
	return s.server.Transport().RoundTrip(request)
}

// sync runs a user's link until nothing is wanted, and notes what the engine took off the screens.
func (s *stage) sync(of service.Caller) {
	link := s.links[of.User.ID]
	s.must(s.store.Write(s.Context(), func(tx *store.Tx) error { return tx.Want(link.ID, crm.TriggerScreen) }))
	for range 20 {
		var leases []store.Lease
		s.must(s.store.Write(s.Context(), func(tx *store.Tx) (err error) {
			leases, err = tx.ClaimLeases("judge", time.Hour, 1, []crm.LinkID{link.ID})
			return err
		}))
		if len(leases) == 0 {
			break
		}
		result, err := s.syncer.Run(s.Context(), leases[0], nil)
		next := result.NextDueAt
		if next.IsZero() {
			next = store.Never
		}
		s.must(s.store.Write(s.Context(), func(tx *store.Tx) error {
			if result.Unchanged {
				if err := tx.CheckedLink(link.ID, s.now()); err != nil {
					return err
				}
			}
			return tx.ReleaseLease(leases[0], next)
		}))
		if err != nil {
			break
		}
	}
	s.look()
}

// look finds what the engine did to actions since the last look.
func (s *stage) look() {
	all := map[crm.ActionID]crm.Action{}
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) error {
		for _, of := range s.people {
			for _, trash := range []bool{false, true} {
				found, err := tx.Search(store.Query{Viewer: of.User.ID, FollowedBy: []crm.UserID{of.User.ID}, Trash: trash}, store.Page{Limit: 5000})
				if err != nil {
					return err
				}
				for _, action := range found.Actions {
					if all[action.ID], err = tx.Action(action.ID); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}))
	for _, id := range s.order {
		if _, still := all[id]; !still {
			s.Fatalf("the action %s is gone", id)
		}
	}
	for id, now := range all {
		before, known := s.known[id]
		commit := oracle.Commit{ByEngine: true, Action: id.String(), Kind: oracle.Change, Follower: s.login(now.FollowedBy), Before: unitsOf(before.action.Units), Values: unitsOf(now.Units), Href: before.href, UID: before.uid}
		switch {
		case !known:
			s.order = append(s.order, id)
			commit.Kind, commit.Before = oracle.Create, oracle.Units{}
			s.note(commit)
		case now.Deleted() && !before.action.Deleted():
			commit.Kind = oracle.Trash
			s.note(commit)
		case now.Sync.Reason == crm.ReasonEventDeleted && before.action.Sync.Reason != crm.ReasonEventDeleted && before.href != "":
			commit.Kind = oracle.Detach
			s.note(commit)
		case !now.Units.Equal(before.action.Units):
			s.note(commit)
		}
		s.remember(now)
	}
}

func (s *stage) note(c oracle.Commit) {
	c.After, c.At = len(s.server.Writes(1)), s.pass(0)
	s.commits = append(s.commits, c)
}

func (s *stage) remember(action crm.Action) {
	found := seen{action: action}
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) error {
		bound, err := tx.BindingsOfAction(action.ID)
		for _, b := range bound {
			if b.Bound.State == store.ResourceLive {
				href, err := url.Parse(string(b.Bound.Href))
				if err != nil {
					return err
				}
				found.href = href.Path
				found.uid = b.Bound.UID
			}
		}
		return err
	}))
	s.known[action.ID] = found
}

func (s *stage) login(id crm.UserID) string {
	for _, of := range s.people {
		if of.User.ID == id {
			return of.User.Login
		}
	}
	return ""
}

func unitsOf(u crm.Units) oracle.Units {
	w := oracle.When{Zone: u.When.Zone}
	for _, field := range []struct {
		there bool
		to    *string
		text  string
	}{
		{!u.When.StartDate.IsZero(), &w.StartDate, u.When.StartDate.String()}, {!u.When.StartTime.IsZero(), &w.StartTime, u.When.StartTime.String()},
		{!u.When.EndDate.IsZero(), &w.EndDate, u.When.EndDate.String()}, {!u.When.EndTime.IsZero(), &w.EndTime, u.When.EndTime.String()},
	} {
		if field.there {
			*field.to = field.text
		}
	}
	return oracle.Units{Subject: u.Subject, Description: u.Description, When: w}
}

// ---- people

func (s *stage) next() int { s.value++; return s.value }

func (s *stage) setWhen(in *service.ActionInput) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(s.next()) * time.Hour)
	in.StartDate, in.StartTime, in.EndDate, in.EndTime = at.Format("2006-01-02"), at.Format("15:04"), "", ""
	if s.random.IntN(2) == 0 {
		end := at.Add(45 * time.Minute)
		in.EndDate, in.EndTime = end.Format("2006-01-02"), end.Format("15:04")
	}
}

func (s *stage) editC(by service.Caller) {
	var mine []crm.ActionID
	for _, id := range s.order {
		if s.known[id].action.FollowedBy == by.User.ID {
			mine = append(mine, id)
		}
	}
	commit := oracle.Commit{Kind: oracle.Change, Follower: by.User.Login}
	var after crm.Action
	var err error
	if len(mine) == 0 || s.random.IntN(4) == 0 {
		in := service.ActionInput{Subject: fmt.Sprintf("s%d", s.next()), Description: fmt.Sprintf("d%d", s.next()), FollowedBy: by.User.ID}
		s.setWhen(&in)
		after, err = s.service.Create(s.Context(), by, in)
		s.must(err)
		commit.Kind = oracle.Create
		s.order = append(s.order, after.ID)
	} else {
		action := s.known[mine[s.random.IntN(len(mine))]].action
		commit.Before = unitsOf(action.Units)
		in := service.InputOf(action)
		switch kind := s.random.IntN(9); {
		case action.Deleted():
			after, err = s.service.Restore(s.Context(), by, action.ID)
			commit.Kind = oracle.Restore
		case kind == 0:
			after, err = s.service.Delete(s.Context(), by, action.ID, action.Version)
			commit.Kind = oracle.Delete
		default:
			switch kind {
			case 1, 2, 3:
				in.Subject = fmt.Sprintf("s%d", s.next())
			case 4:
				in.Description = fmt.Sprintf("d%d", s.next())
			case 5:
				in.Contact = fmt.Sprintf("c%d", s.next())
			case 6:
				in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", ""
			case 7:
				s.setWhen(&in)
			case 8:
				for _, other := range s.people {
					if other.User.ID != by.User.ID {
						in.FollowedBy = other.User.ID
						commit.Kind, commit.Follower = oracle.Reassign, other.User.Login
					}
				}
			}
			after, err = s.service.Change(s.Context(), by, action.ID, action.Version, in)
		}
		s.must(err)
	}
	commit.Action, commit.Values = after.ID.String(), unitsOf(after.Units)
	s.note(commit)
	s.remember(after)
}

func (s *stage) editK(of service.Caller) {
	phone := s.server.Human(of.User.Login, "phone")
	items, err := phone.Items("work")
	s.must(err)
	stamp := func() (string, string) {
		at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(s.next()) * time.Hour)
		return "DTSTART;TZID=Europe/Brussels:" + at.Format("20060102T150405"), "DTEND;TZID=Europe/Brussels:" + at.Add(50*time.Minute).Format("20060102T150405")
	}
	if len(items) == 0 || s.random.IntN(4) == 0 {
		n := s.next()
		start, end := stamp()
		_, err := phone.Put("work", fmt.Sprintf("k%d.ics", n), strings.Join([]string{
			"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", fmt.Sprintf("UID:k%d", n), "DTSTAMP:20261101T000000Z", start, end,
			fmt.Sprintf("SUMMARY:s%d", n), fmt.Sprintf("DESCRIPTION:d%d", s.next()), "LOCATION:there", "X-OWN;P=1:kept", "END:VEVENT", "END:VCALENDAR", "",
		}, "\r\n"), "*")
		s.must(err)
		return
	}
	name := items[s.random.IntN(len(items))].Name()
	switch s.random.IntN(6) {
	case 0:
		err = phone.Delete("work", name, "")
	case 1, 2:
		_, err = phone.SetLine("work", name, fmt.Sprintf("SUMMARY:s%d", s.next()))
	case 3:
		_, err = phone.SetLine("work", name, fmt.Sprintf("DESCRIPTION:d%d", s.next()))
	case 4:
		start, end := stamp()
		_, err = phone.Edit("work", name, func(body string) string { return sandboxLine(sandboxLine(body, start), end) })
	case 5:
		_, err = phone.SetLine("work", name, fmt.Sprintf("X-LINE-%d:unmapped", s.next()))
	}
	s.must(err)
}

// sandboxLine puts a line in the place of the one with its name.
func sandboxLine(body, line string) string {
	name, _, _ := strings.Cut(line, ";")
	lines := strings.Split(body, "\r\n")
	for i := range lines {
		if strings.HasPrefix(lines[i], name+":") || strings.HasPrefix(lines[i], name+";") {
			lines[i] = line
		}
	}
	return strings.Join(lines, "\r\n")
}

// history is what the judge is told.
func (s *stage) history() oracle.History {
	h := oracle.History{Commits: s.commits, DefaultDurations: []time.Duration{30 * time.Minute}}
	for _, of := range s.people {
		h.Links = append(h.Links, oracle.Link{User: of.User.Login, Calendar: s.server.CalendarPath(of.User.Login, "work")})
	}
	for _, write := range s.server.Writes(1) {
		h.Writes = append(h.Writes, oracle.Write(write))
	}
	for _, id := range s.order {
		known := s.known[id]
		action := oracle.Action{
			ID: id.String(), Follower: s.login(known.action.FollowedBy), Trashed: known.action.Deleted(),
			Synced: known.action.Sync.Name != crm.NotSynced && !known.action.Deleted(), Values: unitsOf(known.action.Units),
			// What a server refused waits for a change of the action, with its reason.
			Held: known.action.Sync.Name == crm.Held || known.action.Sync.Name == crm.SetAside,
		}
		s.must(s.store.Read(s.Context(), func(tx *store.Tx) error {
			changes, err := tx.History(id, store.HistoryCursor{}, 1000)
			for _, change := range changes {
				entry := oracle.Entry{Unit: oracle.Unit(change.Name), Conflict: change.What == crm.Conflict, Reason: string(change.Reason), Deletion: change.Reason == "edit_beats_delete" || change.Reason == "event_returned" || change.What == crm.Noticed && change.Reason == crm.ReasonEventDeleted}
				if unit := crm.Unit(change.Name); unit == crm.UnitSubject || unit == crm.UnitDescription || unit == crm.UnitWhen {
					before, err := crm.ParseHistory(unit, change.Before, crm.Units{})
					after, errAfter := crm.ParseHistory(unit, change.After, crm.Units{})
					if err := errors.Join(err, errAfter); err != nil {
						return err
					}
					entry.Before, entry.After = unitsOf(before), unitsOf(after)
				}
				action.History = append(action.History, entry)
			}
			return err
		}))
		h.Actions = append(h.Actions, action)
	}
	return h
}

// perform plays one history on the whole engine and has it judged.
func perform(t *testing.T, seed uint64, planted string) (oracle.Report, *stage) {
	profiles := []sandbox.Manners{sandbox.Plain(), sandbox.Plain(), sandbox.Radicale(), sandbox.Sabre4()}
	s := newStage(t, seed, profiles[seed%uint64(len(profiles))])
	s.planted = planted
	faults := slices.DeleteFunc(sandbox.Catalogue(s.pass(0)), func(fault sandbox.Fault) bool {
		// What hangs needs a clock that runs; a tombstone that lies is believed, and a refused sign-in waits for a person.
		return strings.Contains(fault.Name, "hangs") || fault.Name == "F13 members 404" || strings.HasPrefix(fault.Name, "F24") || strings.HasPrefix(fault.Name, "F8")
	})
	for _, of := range s.people {
		s.sync(of)
	}
	for range 10 + s.random.IntN(30) {
		s.pass(time.Minute)
		of := s.people[s.random.IntN(2)]
		switch s.random.IntN(7) {
		case 6:
			fault := faults[s.random.IntN(len(faults))]
			fault.Skip = s.random.IntN(3)
			s.server.Plan(fault)
			s.sync(of)
			s.server.Heal("")
		case 0, 1:
			s.editC(of)
		case 2:
			s.editK(of)
		case 3:
			s.server.Plan(sandbox.Fault{Times: 1, Skip: s.random.IntN(3), Do: sandbox.Effect{Reset: []sandbox.Moment{sandbox.Before, sandbox.After}[s.random.IntN(2)]}})
			s.sync(of)
		case 4:
			s.server.Plan(sandbox.Fault{Times: 1, Skip: s.random.IntN(2), Do: sandbox.Effect{First: func() { s.editK(of) }}})
			s.sync(of)
			s.server.Heal("")
		case 5:
			s.sync(of)
		}
	}
	s.server.Heal("")
	for range 3 {
		s.pass(3 * time.Hour)
		for _, of := range s.people {
			s.sync(of)
		}
	}
	writes := len(s.server.Writes(1))
	s.server.ForgetRequests()
	for _, of := range s.people {
		s.sync(of)
		s.sync(of)
	}
	quiet := oracle.JudgeQuiet(oracle.Quiet{Rounds: 2, Links: 2, Writes: len(s.server.Writes(1)) - writes, Requests: len(s.server.Requests())})
	return oracle.Add(oracle.Judge(s.history()), quiet), s
}

// The whole engine - service, store, planner, syncer, client - before the judge: histories of edits on both sides with lost
// requests, lost answers and people who come between.
func TestEngine_keeps_the_rules(t *testing.T) {
	t.Parallel()
	for seed := range uint64(25) {
		report, s := perform(t, seed, "")
		if len(report.Violations) > 0 {
			t.Fatalf("seed %d:\n%s\n%s", seed, s.history().Story(), report.String())
		}
	}
}

func TestEngine_is_seen_to_break_the_rules_when_it_does(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ planted, rule string }{
		{"no If-Match", "S1"}, {"no If-None-Match", "S1"}, {"unmapped line dropped", "S2"}, {"another subject", "O4"}, {"a changed UID", "S2"},
	} {
		t.Run(test.planted, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(40) {
				if report, _ := perform(t, seed, test.planted); slices.Contains(report.Broken(), test.rule) {
					t.Logf("seed %d", seed)
					return
				}
			}
			t.Errorf("%s is not found to break %s", test.planted, test.rule)
		})
	}
}
