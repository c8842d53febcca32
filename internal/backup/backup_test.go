package backup

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

var monday = time.Date(2026, 11, 23, 8, 30, 0, 123456000, time.UTC)

var ids = crm.IDSource{Now: time.Now, Random: rand.Reader}

var options = Options{Now: func() time.Time { return monday.Add(time.Hour) }, Program: "test"}

// filled is a database with rows in every table, and in every column something that one of the databases could take otherwise.
type filled struct {
	anna, bob    crm.User
	living, idle crm.Link // idle is paused
	ended        crm.Link
	actions      []crm.Action
}

func fill1(t testing.TB, s *store.Store, events int) *filled {
	t.Helper()
	f := &filled{}
	user := func(login string) crm.User {
		return crm.User{ID: crm.NewID[crm.User](ids), Version: 3, Login: login, Name: "Ānna \u2028 <&>", Email: login + "@example.com", Language: crm.Dutch, TimeZone: "Europe/Brussels",
			Role: crm.RoleAdministrator, Rights: crm.Rights{Reassign: true}, Active: login == "anna", CreatedAt: monday}
	}
	f.anna, f.bob = user("anna"), user("bob")
	cara := user("cara")
	link := func(of crm.User, href string) crm.Link {
		return crm.Link{ID: crm.NewID[crm.Link](ids), Version: 2, User: of.ID, Kind: crm.LinkSimple, Address: "https://a.example", CalendarHref: href, Username: of.Login,
			Addresses: []string{"mailto:a"}, WithoutSyncToken: true, CreatedAt: monday}
	}
	f.living, f.idle, f.ended = link(f.anna, "https://a.example/anna/\xff"), link(f.bob, "https://a.example/bob/"), link(cara, "https://a.example/cara/")
	f.idle.Pause = crm.Pause{At: monday, By: crm.Actor{Kind: crm.ActorUser, User: f.anna.ID}, Reason: "because"}
	choices := []crm.Choice{
		{ID: crm.NewID[crm.Choice](ids), Kind: crm.ChoiceType, Names: map[crm.Language]string{crm.Dutch: "Bezoek"}, Default: true},
		{ID: crm.NewID[crm.Choice](ids), Kind: crm.ChoiceStatus, Names: map[crm.Language]string{crm.Dutch: "Klaar"}, Retired: true, Position: 1},
	}
	write := func(fn func(tx *store.Tx) error) {
		t.Helper()
		if err := s.Write(context.Background(), fn); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx *store.Tx) error {
		sync := store.LinkSync{Token: "\x00\xfftoken", CTag: "c", Failures: 3, Failing: crm.Failing{Since: monday, Reason: crm.FailingServer, Params: map[string]string{"status": "500"}}}
		return errors.Join(
			tx.SetInstallation(store.Installation{Identity: "agenda-1", CreatedAt: monday}), tx.UpdateSettings(crm.DefaultSettings(), 0),
			tx.InsertUser(f.anna, "$argon2id$v=19$x"), tx.InsertUser(f.bob, ""), tx.InsertUser(cara, ""),
			tx.InsertToken(store.Token{ID: crm.NewID[store.Token](ids), User: f.anna.ID, Name: "t", Hash: []byte{0, 255, 1}, CreatedAt: monday, ExpiresAt: monday}),
			tx.InsertAnswer(store.Answer{User: f.anna.ID, Key: "k", RequestHash: []byte{}, Status: 201, Body: []byte("\x00{}"), CreatedAt: monday}),
			tx.PutSession("session", []byte("s"), monday.AddDate(1, 0, 0)),
			tx.PutChoice(choices[0]), tx.PutChoice(choices[1]),
			tx.InsertLink(f.living, []byte("v1.key.sealed"), sync), tx.InsertLink(f.idle, nil, store.LinkSync{}), tx.InsertLink(f.ended, []byte("v1.key.gone"), store.LinkSync{}),
			tx.EndLink(f.ended.ID, 2, monday))
	})
	for from := 0; from < events; from += 1000 {
		write(func(tx *store.Tx) error { return f.insertEvents(tx, choices, from, min(from+1000, events)) })
	}
	write(func(tx *store.Tx) error {
		first, last := f.actions[0], f.actions[len(f.actions)-1]
		first.FollowsUp = last.ID // made later
		held := store.Held{ID: crm.NewID[store.Held](ids), Link: f.living.ID, Kind: "deletions", CreatedAt: monday}
		held.Subject.Actions = []crm.ActionID{first.ID}
		return errors.Join(
			tx.UpdateAction(first, first.Version),
			tx.InsertTombstones([]store.Tombstone{{ID: crm.NewID[store.Tombstone](ids), Link: f.living.ID, Href: "/\xfe", UID: "\xfd", DeletedAt: monday, Reason: "x"}}),
			tx.PutOutbox(store.OutboxEntry{Link: f.living.ID, Action: last.ID, Origin: reconcile.OriginPerson}),
			tx.PutRun(crm.Run{ID: crm.NewID[crm.Run](ids), Link: f.living.ID, Trigger: crm.TriggerPoll, StartedAt: monday, Counts: crm.Counts{New: 1}}),
			tx.InsertHeld(held), tx.Decide(held.ID, f.anna.ID, monday, "delete"), tx.Hide(f.actions[1].ID, monday))
	})
	return f
}

func (f *filled) insertEvents(tx *store.Tx, choices []crm.Choice, from, to int) error {
	var actions []crm.Action
	var resources []store.Resource
	var bindings []store.Binding
	var aliases []store.Alias
	var history []crm.Change
	for i := from; i < to; i++ {
		day := crm.DateOf(monday).AddDays(i % 2000)
		action := crm.Action{ID: crm.NewID[crm.Action](ids), Version: int64(i + 1), Type: choices[0].ID, Status: choices[1].ID, CreatedAt: monday, ModifiedAt: monday,
			CreatedBy: crm.Actor{Kind: crm.ActorLink, Link: f.living.ID}, ModifiedBy: crm.Actor{Kind: crm.ActorUser, User: f.anna.ID},
			Sync: crm.SyncState{Name: crm.Synced}, Private: i%7 == 0, ThirdParty: "Été & Fils", Documents: []crm.Document{{Title: "<t>", URL: "https://x.example"}}}
		action.Subject, action.Description = fmt.Sprintf("Visit %d \u2028 \"é\" 😀", i), "line 1\nline 2\t\\"
		action.When = crm.When{StartDate: day, StartTime: crm.NewClock(i%24, 0, 0), Zone: "Europe/Brussels"}
		if i%5 != 0 {
			action.FollowedBy = f.anna.ID
		}
		if i%11 == 10 {
			action.DeletedAt = monday
		}
		if i > 0 && i%13 == 0 {
			action.FollowsUp = f.actions[len(f.actions)-1].ID
		}
		actions = append(actions, action)
		f.actions = append(f.actions, action)
		uid := fmt.Sprintf("uid-%d", i)
		resource := store.Resource{ID: crm.NewID[store.Resource](ids), Link: f.living.ID, Href: dav.Href("/cal/" + uid + "\xff.ics"), UID: uid, ETag: `"1"`, State: store.ResourceLive, SeenAt: monday,
			Body: []byte("BEGIN:VCALENDAR\r\nX-BYTES:\x00\xff\r\n" + strings.Repeat("DESCRIPTION:abc\r\n", 10))}
		if i%9 == 0 {
			resource.Body, resource.SetAside = nil, store.SetAside{Reason: crm.ReasonNoStart, Subject: "s", When: "w"}
		}
		resources = append(resources, resource)
		binding := store.Binding{Resource: resource.ID, Action: action.ID, AgreedVersion: action.Version, AgreedAt: monday}
		if i%3 != 0 {
			server := action.Units
			server.Description = "cut"
			binding.Base = &reconcile.Base{Agreed: action.Units, Server: server}
		}
		bindings = append(bindings, binding)
		aliases = append(aliases, store.Alias{Calendar: f.living.CalendarHref, UID: uid, Action: action.ID, KnownAt: monday})
		history = append(history, crm.Change{ID: crm.NewID[crm.Change](ids), Action: action.ID, At: monday, Actor: action.CreatedBy, What: crm.Changed, Name: "subject", Before: "a", After: "b"})
	}
	return errors.Join(tx.InsertActions(actions), tx.InsertResources(resources), tx.InsertBindings(bindings), tx.PutAliases(aliases), tx.AppendHistory(history))
}

// rowsOf are all rows of a database as a dump has them, by section, sorted.
func rowsOf(t testing.TB, s *store.Store) map[string][]string {
	t.Helper()
	return rowsWithin(t, s, func(string, string) bool { return true })
}

// columnsOf are the columns that a backup of a schema has, as section.column.
func columnsOf(t testing.TB, s *store.Store) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := s.Read(context.Background(), func(tx *store.Tx) error {
		sections, err := tx.DumpSections()
		for _, section := range sections {
			for _, column := range section.Columns {
				all[section.Name+"."+column.Name] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// rowsWithin is rowsOf with the columns that are wanted.
func rowsWithin(t testing.TB, s *store.Store, wanted func(section, column string) bool) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := s.Read(context.Background(), func(tx *store.Tx) error {
		sections, err := tx.DumpSections()
		if err != nil {
			return err
		}
		for _, section := range sections {
			all[section.Name] = []string{}
			err := tx.DumpRows(section, func(values []any) error {
				text := ""
				for i, column := range section.Columns {
					if !wanted(section.Name, column.Name) {
						continue
					}
					text += fmt.Sprintf("%s=%T:%q ", column.Name, values[i], fmt.Sprint(values[i]))
				}
				all[section.Name] = append(all[section.Name], text)
				return nil
			})
			if err != nil {
				return err
			}
			slices.Sort(all[section.Name])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func written(t testing.TB, s *store.Store) []byte {
	t.Helper()
	var archive bytes.Buffer
	if _, err := Write(context.Background(), s, &archive, options); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func opener(archive []byte) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil }
}

func restored(t testing.TB, into store.Options, archive []byte) *store.Store {
	t.Helper()
	if _, err := Restore(context.Background(), into, opener(archive), options); err != nil {
		t.Fatal(err)
	}
	return storetest.Open(t, into)
}

// S32: from SQLite to PostgreSQL and back every row is as it was, but that the links are paused.
func TestRoundTrip_between_both_databases(t *testing.T) {
	t.Parallel()
	first := storetest.Open(t, storetest.SQLite(t))
	f := fill1(t, first, 1234)
	before := rowsOf(t, first)
	for name, rows := range before {
		if len(rows) == 0 && name != "oauth_grant" { // it is like any other
			t.Errorf("the test has no row of %s", name)
		}
	}
	second := restored(t, storetest.PostgreSQL(t), written(t, first))
	third := restored(t, storetest.SQLite(t), written(t, second))
	inSecond, inThird := rowsOf(t, second), rowsOf(t, third)
	if diff := cmp.Diff(inSecond, inThird); diff != "" {
		t.Errorf("PostgreSQL to SQLite:\n%s", diff)
	}
	delete(before, "link")
	delete(inSecond, "link")
	if diff := cmp.Diff(before, inSecond); diff != "" {
		t.Errorf("SQLite to PostgreSQL:\n%s", diff)
	}
	for _, s := range []*store.Store{second, third} {
		f.checkRestored(t, s)
	}
}

// checkRestored looks at a restored database through the methods that the program uses.
func (f *filled) checkRestored(t *testing.T, s *store.Store) {
	t.Helper()
	err := s.Read(context.Background(), func(tx *store.Tx) error {
		living, err := tx.Link(f.living.ID)
		if err != nil {
			return err
		}
		if living.Pause.Reason != reasonCopied || living.Pause.By.Kind != crm.ActorSystem || living.Version != f.living.Version+1 || !living.Pause.At.Equal(options.Now()) {
			t.Errorf("%s: a living link has the pause %+v", s.Database(), living.Pause)
		}
		idle, err := tx.Link(f.idle.ID)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(f.idle.Pause, idle.Pause); diff != "" {
			t.Errorf("%s: a link that was paused: %s", s.Database(), diff)
		}
		sync, err := tx.LinkSync(f.living.ID)
		if err != nil {
			return err
		}
		sealed, err := tx.Secret(f.living.ID)
		if err != nil || string(sealed) != "v1.key.sealed" || sync.Token != "\x00\xfftoken" {
			t.Errorf("%s: sealed %q, token %q, %v", s.Database(), sealed, sync.Token, err)
		}
		last := len(f.actions) - 1
		found, err := tx.Search(store.Query{Viewer: f.anna.ID, Text: fmt.Sprint("visit ", last)}, store.Page{Limit: 5})
		if err != nil || len(found.Actions) != 1 || found.Actions[0].Subject != f.actions[last].Subject {
			t.Errorf("%s: the search finds %d actions, %v", s.Database(), len(found.Actions), err)
		}
		action, err := tx.Action(f.actions[0].ID)
		if err != nil || action.FollowsUp != f.actions[last].ID {
			t.Errorf("%s: follows up %v, %v", s.Database(), action.FollowsUp, err)
		}
		if _, err := tx.Session("session", monday); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: a session was restored: %v", s.Database(), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	err = s.Write(context.Background(), func(tx *store.Tx) error {
		leases, err := tx.ClaimLeases("node", time.Minute, 10, nil)
		if len(leases) != 2 {
			t.Errorf("%s: %d links can be claimed, want 2", s.Database(), len(leases))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWrite_says_how_far_it_is_and_what_is_inside(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		s := storetest.Open(t, fresh)
		fill1(t, s, 1500)
		var seen []Progress
		watched := options
		watched.Progress = func(p Progress) { seen = append(seen, p) }
		var archive bytes.Buffer
		header, err := Write(t.Context(), s, &archive, watched)
		if err != nil {
			t.Fatal(err)
		}
		last := seen[len(seen)-1]
		if last.Rows != header.Rows || last.Total != header.Rows || len(seen) < len(header.Sections) || !slices.IsSortedFunc(seen, func(a, b Progress) int { return int(a.Rows - b.Rows) }) {
			t.Errorf("progress ends at %+v of %d rows", last, header.Rows)
		}
		read, err := Verify(t.Context(), bytes.NewReader(archive.Bytes()), options)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(header, read); diff != "" || read.Identity != "agenda-1" || read.Program != "test" || read.Database != s.Database() || read.Schema < 1 {
			t.Errorf("%+v\n%s", read, diff)
		}
	})
}

// The backup is of one moment: what is written meanwhile is in it altogether or not at all.
func TestWrite_while_the_program_runs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		s := storetest.Open(t, fresh)
		f := fill1(t, s, 300)
		ctx, stop := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		writers.Go(func() { // each transaction adds an action and its history: as many of one as of the other
			for ctx.Err() == nil {
				action := f.actions[1]
				action.ID = crm.NewID[crm.Action](ids)
				change := crm.Change{ID: crm.NewID[crm.Change](ids), Action: action.ID, At: monday, What: crm.Created}
				err := s.Write(t.Context(), func(tx *store.Tx) error {
					return errors.Join(tx.InsertActions([]crm.Action{action}), tx.AppendHistory([]crm.Change{change}))
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
		for range 5 {
			header, err := Verify(t.Context(), bytes.NewReader(written(t, s)), options)
			if err != nil {
				t.Fatal(err)
			}
			rows := map[string]int64{}
			for _, section := range header.Sections {
				rows[section.Name] = section.Rows
			}
			if rows["action"] != rows["history"] {
				t.Errorf("%d actions and %d rows of history", rows["action"], rows["history"])
			}
		}
		stop()
		writers.Wait()
	})
}

// lines takes an archive apart, and put makes one of lines.
func lines(t *testing.T, archive []byte) []string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.SplitAfter(string(text), "\n")
	return all[:len(all)-1]
}

func put(lines ...string) []byte {
	var archive bytes.Buffer
	zip := gzip.NewWriter(&archive)
	io.WriteString(zip, strings.Join(lines, ""))
	zip.Close()
	return archive.Bytes()
}

func TestRestore_refuses_what_is_no_whole_backup_and_changes_nothing(t *testing.T) {
	t.Parallel()
	source := storetest.Open(t, storetest.SQLite(t))
	fill1(t, source, 40)
	good := written(t, source)
	all := lines(t, good)
	edit := func(change func(header map[string]any)) string {
		var header map[string]any
		if err := json.Unmarshal([]byte(all[0]), &header); err != nil {
			t.Fatal(err)
		}
		change(header)
		text, _ := json.Marshal(header)
		return string(text) + "\n"
	}
	row := slices.IndexFunc(all, func(line string) bool { return strings.Contains(line, "Visit 3 ") })
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	cases := map[string]struct {
		archive []byte
		want    error
	}{
		"nothing":                    {nil, ErrNoArchive},
		"a text":                     {[]byte("BEGIN:VCALENDAR"), ErrNoArchive},
		"another gzip file":          {put("hello\n"), ErrNoArchive},
		"other JSON":                 {put("{\"format\":\"other\",\"version\":1}\n"), ErrNoArchive},
		"a newer form":               {put(append([]string{edit(func(h map[string]any) { h["version"] = 2 })}, all[1:]...)...), ErrNewerArchive},
		"a newer schema":             {put(reheaded(t, all, func(h *Header) { h.Schema = 99 })...), ErrNewerArchive},
		"no schema":                  {put(reheaded(t, all, func(h *Header) { h.Schema = 0 })...), ErrDamaged},
		"a column that is not there": {put(reheaded(t, all, func(h *Header) { h.Sections[2].Columns[0].Name = "activ" })...), ErrDamaged},
		"a header that was changed":  {put(append([]string{edit(func(h map[string]any) { h["identity"] = "x" })}, all[1:]...)...), ErrDamaged},
		"a flipped bit":              {flipped, ErrDamaged},
		"a value that was changed":   {put(replaced(all, row, strings.Replace(all[row], "Visit 3 ", "Visit 4 ", 1))...), ErrDamaged},
		"a row too few":              {put(slices.Delete(slices.Clone(all), row, row+1)...), ErrDamaged},
		"a row twice":                {put(slices.Insert(slices.Clone(all), row, all[row])...), ErrDamaged},
		"two rows exchanged":         {put(replaced(replaced(all, row, all[row+1]), row+1, all[row])...), ErrDamaged},
		"no end":                     {put(all[:len(all)-1]...), ErrDamaged},
		"something behind":           {put(append(slices.Clone(all), "\n[1]\n")...), ErrDamaged},
		"something behind the gzip":  {append(slices.Clone(good), "tail"...), ErrDamaged},
		"a row that is no JSON":      {put(replaced(all, row, "[\n")...), ErrDamaged},
		"an endless line":            {put(append(all[:row:row], strings.Repeat("[", maxLine+100_000))...), ErrDamaged},
	}
	for _, part := range []int{1, 10, 50, 90, 99} {
		cases[fmt.Sprintf("cut off at %d%%", part)] = struct {
			archive []byte
			want    error
		}{good[:len(good)*part/100], ErrDamaged}
	}
	cases["cut off in the last bytes"] = struct {
		archive []byte
		want    error
	}{good[:len(good)-3], ErrDamaged}
	into := storetest.SQLite(t)
	target := storetest.Open(t, into)
	for name, test := range cases {
		_, err := Restore(t.Context(), into, opener(test.archive), options)
		if (name == "cut off at 1%" || name == "cut off at 10%") && errors.Is(err, ErrNoArchive) {
			continue // within its first line
		}
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		if err := target.Read(t.Context(), func(tx *store.Tx) error { return tx.RequireEmpty() }); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if _, err := Restore(t.Context(), into, opener(good), options); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// reheaded changes the header of an archive and keeps its digests right.
func reheaded(t *testing.T, all []string, change func(*Header)) []string {
	t.Helper()
	archive, err := newReader(bytes.NewReader(put(all...)))
	if err != nil {
		t.Fatal(err)
	}
	header := archive.header
	change(&header)
	var made bytes.Buffer
	w := newWriter(&made)
	name, rows, total := "", int64(0), int64(0)
	endSection := func() error {
		if name == "" {
			return nil
		}
		return w.endSection(name, rows)
	}
	err = errors.Join(w.value(header), archive.read(func(section Section) error {
		err := endSection()
		name, rows = section.Name, 0
		return err
	}, func(values []any) error {
		rows++
		total++
		return w.row(values)
	}), endSection(), w.end(total))
	if err != nil {
		t.Fatal(err)
	}
	return lines(t, made.Bytes())
}

func replaced(all []string, at int, line string) []string {
	changed := slices.Clone(all)
	changed[at] = line
	return changed
}

func TestRestore_refuses_a_database_with_rows(t *testing.T) {
	t.Parallel()
	source := storetest.Open(t, storetest.SQLite(t))
	fill1(t, source, 5)
	archive := written(t, source)
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		for name, begin := range map[string]func(tx *store.Tx) error{
			"an installation": func(tx *store.Tx) error {
				return tx.SetInstallation(store.Installation{Identity: "other", CreatedAt: monday})
			},
			"a session": func(tx *store.Tx) error { return tx.PutSession("s", nil, monday) },
		} {
			s := storetest.Open(t, fresh)
			if err := s.Write(t.Context(), begin); err != nil {
				t.Fatal(err)
			}
			before := rowsOf(t, s)
			if _, err := Restore(t.Context(), fresh, opener(archive), options); !errors.Is(err, store.ErrNotEmpty) {
				t.Errorf("%s: got %v", name, err)
			}
			if diff := cmp.Diff(before, rowsOf(t, s)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

// What goes wrong in the middle of restoring leaves the database empty, and so does who gives up.
func TestRestore_is_all_or_nothing(t *testing.T) {
	t.Parallel()
	source := storetest.Open(t, storetest.SQLite(t))
	fill1(t, source, 1500)
	good := written(t, source)
	all := lines(t, good)
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		s := storetest.Open(t, fresh)
		ctx, cancel := context.WithCancel(t.Context())
		watched := options
		watched.Progress = func(p Progress) {
			if p.Rows > 1000 {
				cancel()
			}
		}
		if _, err := Restore(ctx, fresh, opener(good), watched); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		opened := 0
		changing := func() (io.ReadCloser, error) { // the file is cut off between the two times it is read
			if opened++; opened > 1 {
				return io.NopCloser(bytes.NewReader(put(all[:len(all)-10]...))), nil
			}
			return opener(good)()
		}
		if _, err := Restore(t.Context(), fresh, changing, options); !errors.Is(err, ErrDamaged) {
			t.Errorf("cut off meanwhile: %v", err)
		}
		if err := s.Read(t.Context(), func(tx *store.Tx) error { return tx.RequireEmpty() }); err != nil {
			t.Error(err)
		}
	})
}

// fillOld fills a database of an older schema with what fill1 fills one with: this program writes the newest schema only.
func fillOld(t testing.TB, old string, events int) *filled {
	t.Helper()
	newest := storetest.SQLite(t)
	f := fill1(t, storetest.Open(t, newest), events)
	database, err := sql.Open("sqlite", old)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	connection, err := database.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	run := func(statement string, args ...any) {
		t.Helper()
		if _, err := connection.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run("ATTACH $1 AS newest", newest.SQLite)
	run("PRAGMA foreign_keys = OFF")
	rows, err := connection.QueryContext(t.Context(), `SELECT 'INSERT INTO main.' || t.name || ' (' || group_concat(c.name) || ') SELECT ' || group_concat(c.name) || ' FROM newest.' || t.name
		FROM main.sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'action_words%' AND t.name NOT LIKE 'goose%' AND t.name NOT LIKE 'sqlite%' GROUP BY t.name`)
	if err != nil {
		t.Fatal(err)
	}
	var statements []string
	for rows.Next() {
		var statement string
		if err := rows.Scan(&statement); err != nil {
			t.Fatal(err)
		}
		statements = append(statements, statement)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(statements) < 15 {
		t.Fatalf("%d tables, %v", len(statements), err)
	}
	for _, statement := range statements {
		run(statement)
	}
	return f
}

// A backup of every version of the schema there ever was is restored, and the database is that of this program then.
func TestRestore_of_an_older_program(t *testing.T) {
	t.Parallel()
	newest, err := store.NewestSchema()
	if err != nil {
		t.Fatal(err)
	}
	for schema := int64(1); schema <= newest; schema++ {
		t.Run(fmt.Sprint("schema ", schema), func(t *testing.T) {
			t.Parallel()
			// storetest makes databases with the newest schema.
			old := store.Options{SQLite: filepath.Join(t.TempDir(), "data", "agenda.db"), Schema: schema}
			target := store.Options{SQLite: filepath.Join(t.TempDir(), "data", "agenda.db")}
			source := storetest.Open(t, old)
			f := fillOld(t, old.SQLite, 30)
			s := restored(t, target, written(t, source))

			f.checkRestored(t, s)
			columns := columnsOf(t, source)
			before := rowsOf(t, source)
			delete(before, "link") // they are paused; checkRestored looks at them
			after := rowsWithin(t, s, func(section, column string) bool { return columns[section+"."+column] })
			for name := range before {
				if diff := cmp.Diff(before[name], after[name]); diff != "" {
					t.Errorf("schema %d: %s: %s", schema, name, diff)
				}
			}
			err := s.Read(t.Context(), func(tx *store.Tx) error {
				now, err := tx.Schema()
				if now != newest {
					t.Errorf("restored from schema %d to %d, want %d", schema, now, newest)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if schema == newest {
				return
			}
			used := storetest.SQLite(t)
			storetest.Open(t, used) // by this program, which gave it the newest schema
			if _, err := Restore(t.Context(), used, opener(written(t, source)), options); !errors.Is(err, store.ErrNotEmpty) {
				t.Errorf("into a newer schema: %v", err)
			}
		})
	}
}

// An archive holds nothing in clear that the database does not: sealed credentials stay sealed.
func TestWrite_keeps_credentials_sealed(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	fill1(t, s, 3)
	text := strings.Join(lines(t, written(t, s)), "")
	if strings.Contains(text, `"session"`) || !strings.Contains(text, "djEua2V5LnNlYWxlZA==") {
		t.Error("a session is in it, or the sealed credentials are not as they were")
	}
}
