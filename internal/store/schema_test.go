package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

func queried(t *testing.T, s *store.Store, query string, args ...any) []string {
	t.Helper()
	lines, err := store.Strings(s, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// TestSchema_is_the_same_on_both_databases compares tables, columns and indexes.
func TestSchema_is_the_same_on_both_databases(t *testing.T) {
	t.Parallel()
	sqlite, postgres := storetest.Open(t, storetest.SQLite(t)), storetest.Open(t, storetest.PostgreSQL(t))
	columns := queried(t, sqlite, `SELECT t.name || '.' || c.name, REPLACE(c.type, 'INTEGER', 'BIGINT'), c."notnull"
		FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'action_words%' AND t.name NOT LIKE 'goose%'`)
	want := queried(t, postgres, `SELECT table_name || '.' || column_name,
			CASE data_type WHEN 'bytea' THEN 'BLOB' WHEN 'integer' THEN 'BIGINT' ELSE UPPER(data_type) END, CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%'`)
	if diff := cmp.Diff(want, columns); diff != "" {
		t.Errorf("columns: SQLite +, PostgreSQL -\n%s", diff)
	}
	indexes := queried(t, sqlite, "SELECT tbl_name || '.' || name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
	want = queried(t, postgres, `SELECT tablename || '.' || indexname FROM pg_indexes i WHERE schemaname = 'public' AND indexname <> 'action_words'
		AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)`)
	if diff := cmp.Diff(want, indexes); diff != "" || len(indexes) == 0 {
		t.Errorf("indexes: SQLite +, PostgreSQL -\n%s", diff)
	}
}

func TestOpen_refuses_the_database_of_a_newer_program(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		s := storetest.Open(t, fresh)
		if err := store.Exec(s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
			t.Fatal(err)
		}
		again, err := store.Open(context.Background(), fresh)
		if !errors.Is(err, store.ErrNewerDatabase) {
			t.Errorf("open the database of a newer program: got error %v", err)
		}
		if err == nil {
			again.Close()
		}
	})
}

func TestOpen_of_several_nodes_at_once_migrates_once(t *testing.T) {
	t.Parallel()
	options := storetest.PostgreSQL(t)
	s := storetest.Open(t, options)
	if err := store.Exec(s, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 3)
	for range 3 {
		go func() {
			node, err := store.Open(context.Background(), options)
			if err == nil {
				err = node.Close()
			}
			failed <- err
		}()
	}
	for range 3 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	got := queried(t, s, "SELECT version_id FROM goose_db_version WHERE version_id > 0")
	once := slices.Compact(slices.Clone(got))
	if len(got) == 0 || len(once) != len(got) {
		t.Errorf("migrations carried out: got %v, want each once", got)
	}
}

// mayScan are parts of the queries that go through a whole table because they ask for all of it.
var mayScan = []string{
	"FROM app_user ORDER BY", "FROM choice", "UPDATE choice", // short lists
	"FROM installation", "FROM settings", "UPDATE settings", // one row
	"SELECT 'actions', r.link_id",                                                                                  // the figures of all links
	"FROM link WHERE ended_at IS NULL ORDER BY", "FROM held WHERE done_at IS NULL AND decided_at IS NULL ORDER BY", // all of them
}

// TestQueries_use_an_index asks SQLite for its plan of every statement of a round through the package.
func TestQueries_use_an_index(t *testing.T) {
	t.Parallel()
	c := newClock()
	options := storetest.SQLite(t)
	options.Now = c.now
	f := &fixture{T: t, store: storetest.Open(t, options), clock: c, anna: newUser("anna"), bob: newUser("bob")}
	type statement struct {
		query string
		args  []any
	}
	statements := map[string]statement{}
	store.SetTrace(f.store, func(query string, args []any) {
		statements[query] = statement{query, slices.Clone(args)}
	})
	everyMethod(f)
	if len(statements) < 100 {
		t.Errorf("only %d statements were heard", len(statements))
	}
	for query, s := range statements {
		if slices.ContainsFunc(mayScan, func(part string) bool { return strings.Contains(query, part) }) {
			continue
		}
		plan, err := store.Strings(f.store, "EXPLAIN QUERY PLAN "+query, s.args...)
		if err != nil {
			t.Errorf("explain %s: %v", query, err)
		}
		for _, step := range plan {
			if strings.Contains(step, "SCAN ") && !inOrder(step) && !strings.Contains(step, "VIRTUAL TABLE INDEX") &&
				!strings.Contains(step, "link_shown_busy") && // which lists those links and no others
				!strings.Contains(step, "CONSTANT ROW") && !strings.Contains(step, "SCAN due") && !strings.Contains(step, "SCAN counted") && !strings.Contains(step, "SCAN (subquery") {
				t.Errorf("no index: %s\n%s", query, strings.Join(plan, "\n"))
				break
			}
			if strings.Contains(step, "TEMP B-TREE FOR ORDER BY") && strings.Contains(query, " LIMIT $") {
				t.Errorf("reads all of it again for each part: %s\n%s", query, strings.Join(plan, "\n"))
			}
		}
	}
}

// inOrder reports whether a step walks along an index to read the list in its order, and not to look for something in it.
func inOrder(step string) bool {
	return slices.ContainsFunc([]string{"action_order", "action_trash", "sqlite_autoindex_run_1"}, func(index string) bool {
		return strings.Contains(step, "USING INDEX "+index)
	})
}

// everyMethod calls the methods of a Tx once or more.
func everyMethod(f *fixture) {
	f.link = newLink(f.anna.ID, "https://calendar.example.org/anna/")
	choice := crm.Choice{ID: newID[crm.Choice](), Kind: crm.ChoiceType, Default: true}
	action := newAction(f.anna.ID, "call", "2026-11-24 10:00 2026-11-25 - Europe/Brussels")
	action.Documents = []crm.Document{{Title: "x"}}
	resource := newResource(f.link.ID, "1")
	token := store.Token{ID: newID[store.Token](), User: f.anna.ID, Hash: []byte{1}, CreatedAt: monday}
	held := store.Held{ID: newID[store.Held](), Link: f.link.ID, CreatedAt: monday}
	run := crm.Run{ID: newID[crm.Run](), Link: f.link.ID, StartedAt: monday}
	change := crm.Change{ID: newID[crm.Change](), Action: action.ID, At: monday}
	f.write(func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertUser(f.anna, ""), tx.InsertUser(f.bob, ""), tx.UpdateUser(f.bob, 1), tx.SetPasswordHash(f.bob.ID, "x"),
			tx.PutSession("s", nil, monday), tx.DeleteSession("s"), tx.InsertToken(token), tx.TouchToken(token.ID, monday), tx.RevokeToken(f.anna.ID, token.ID, monday),
			tx.InsertAnswer(store.Answer{User: f.anna.ID, Key: "k", CreatedAt: monday}),
			tx.UpdateSettings(crm.DefaultSettings(), 0), tx.UpdateSettings(crm.DefaultSettings(), 1),
			tx.SetInstallation(store.Installation{Identity: "i", CreatedAt: monday}), tx.PutChoice(choice),
			tx.InsertLink(f.link, nil, store.LinkSync{}), tx.UpdateLink(f.link, 1), tx.ShowBefore(f.link), tx.CheckedLink(f.link.ID, monday), tx.SetSecret(f.link.ID, []byte("x")),
			tx.InsertActions([]crm.Action{action}), tx.UpdateAction(action, 1), tx.SetSyncState(action.ID, action.Sync), tx.AppendHistory([]crm.Change{change}),
			tx.InsertResources([]store.Resource{resource}), tx.UpdateResources([]store.Resource{resource}),
			tx.InsertBindings([]store.Binding{bind(resource, action)}), tx.UpdateBindings([]store.Binding{bind(resource, action)}),
			tx.PutAliases([]store.Alias{{Calendar: "c", UID: "u", Action: action.ID, KnownAt: monday}}),
			tx.DropParked(f.link.ID), tx.InsertTombstones([]store.Tombstone{{ID: newID[store.Tombstone](), Link: f.link.ID, DeletedAt: monday}}),
			tx.PutOutbox(store.OutboxEntry{Link: f.link.ID, Action: action.ID, Origin: reconcile.OriginPerson}),
			tx.PutRun(run), tx.InsertHeld(held), tx.UpdateHeld(held.ID, held.Subject), tx.Decide(held.ID, f.anna.ID, monday, "no"))
	})
	leases := f.claim("one", 1)
	f.write(func(tx *store.Tx) error {
		_, err := tx.RenewLease(leases[0], ttl)
		_, err1 := tx.OutboxRetry(f.link.ID, action.ID, 0, monday, "", nil)
		_, err2 := tx.OutboxDone(f.link.ID, action.ID, 0)
		_, err3 := tx.PurgeTrash(monday, 10)
		_, err4 := tx.PurgeSessions(monday)
		_, err5 := tx.PurgeAnswers(monday)
		return errors.Join(err, err1, err2, err3, err4, err5, tx.RequireLease(leases[0]), tx.ReleaseLease(leases[0], monday))
	})
	f.claim("one", 1, f.link.ID)
	var reads []error
	f.read(func(tx *store.Tx) error {
		keep := func(_ any, err error) {
			if !errors.Is(err, store.ErrNotFound) {
				reads = append(reads, err)
			}
		}
		keep(tx.User(f.anna.ID))
		keep(tx.Users())
		keep(tx.UserByLogin("anna"))
		keep(tx.PasswordHash(f.anna.ID))
		keep(tx.Session("s", monday))
		keep(tx.TokenByHash([]byte{1}))
		keep(tx.TokensOf(f.anna.ID))
		keep(tx.Answer(f.anna.ID, "k"))
		keep(tx.Settings())
		keep(tx.Installation())
		keep(tx.Choices())
		keep(tx.ChoiceDefaults())
		keep(tx.Action(action.ID))
		keep(tx.UnboundActions(f.link.ID, f.anna.ID))
		keep(tx.ParkedResources(f.link.ID, store.ResourceWaiting, resource.ID, 5))
		keep(tx.ActionsToPush(f.link.ID, f.anna.ID, day("2026-11-23")))
		keep(tx.History(action.ID, store.HistoryCursor{}, 5))
		keep(tx.History(action.ID, store.HistoryCursor{At: monday, ID: change.ID}, 5))
		keep(tx.Change(action.ID, change.ID))
		keep(tx.Link(f.link.ID))
		keep(tx.LinkOfUser(f.anna.ID))
		keep(tx.LinkOfCalendar("c"))
		keep(tx.Links())
		keep(tx.LinkSync(f.link.ID))
		keep(tx.Secret(f.link.ID))
		keep(tx.LinkCounts())
		keep(tx.ResourcesByHref(f.link.ID, []dav.Href{"/a", "/b"}))
		keep(tx.ResourcesByUID(f.link.ID, "a"))
		keep(tx.ResourcesByUIDs(f.link.ID, []string{"a", "b"}))
		keep(tx.Resource(resource.ID))
		for _, err := range tx.Resources(f.link.ID) {
			keep(nil, err)
		}
		for _, err := range tx.SetAsideResources(f.link.ID) {
			keep(nil, err)
		}
		keep(tx.BindingsOf([]store.ResourceID{resource.ID, newID[store.Resource]()}))
		keep(tx.BindingsOfAction(action.ID))
		keep(tx.ActionsOfUIDs("c", []string{"a", "b"}))
		keep(tx.Tombstones(f.link.ID, monday))
		keep(tx.OutboxOf(f.link.ID, 10))
		keep(tx.OutboxEntry(f.link.ID, action.ID))
		keep(tx.PendingCount(f.link.ID))
		keep(tx.NextDue())
		keep(tx.Run(run.ID))
		keep(tx.Runs(f.link.ID, run.ID, 5))
		keep(tx.Runs(crm.LinkID{}, crm.RunID{}, 5))
		keep(tx.Held(held.ID))
		keep(tx.Undecided(f.link.ID))
		keep(tx.Undecided(crm.LinkID{}))
		for _, q := range everyQuery(f, choice.ID) {
			for _, narrow := range []int{0, 1000} {
				store.SetWays(f.store, [2]int{narrow, narrow}, [2]int{1, 2})
				keep(tx.Search(q, store.Page{Limit: 10}))
				keep(tx.Search(q, store.Page{Limit: 10, After: store.PlaceOf(action)}))
				keep(tx.Search(q, store.Page{Limit: 10, Before: store.PlaceOf(action)}))
				keep(tx.Count(q, 10))
			}
		}
		return errors.Join(reads...)
	})
	f.write(func(tx *store.Tx) error {
		return errors.Join(tx.DropOutbox(f.link.ID, action.ID), tx.DeleteBinding(resource.ID, ""), tx.DeleteResource(resource.ID), tx.EndLink(f.link.ID, 2, monday))
	})
}

// everyQuery has each field of a Query at least once, alone and beside a word.
func everyQuery(f *fixture, choice crm.ChoiceID) []store.Query {
	queries := []store.Query{
		{}, {Trash: true}, {ThirdParty: "a"}, {Types: []crm.ChoiceID{choice}}, {Statuses: []crm.ChoiceID{choice}}, {Nobody: true},
		{FollowedBy: []crm.UserID{f.anna.ID}}, {FollowedBy: []crm.UserID{f.anna.ID, f.bob.ID}}, {FollowedBy: []crm.UserID{f.anna.ID}, Nobody: true},
		{Sync: []crm.SyncName{crm.Pending, crm.Held}}, {Sync: []crm.SyncName{crm.Synced}},
		{From: day("2026-11-01")}, {Through: day("2026-12-01")}, {From: day("2026-11-01"), Through: day("2026-12-01")},
		{DueFrom: day("2026-11-01")}, {DueThrough: day("2026-11-01")}, {CreatedFrom: monday}, {CreatedBefore: monday}, {ModifiedFrom: monday}, {ModifiedBefore: monday},
	}
	for _, q := range slices.Clone(queries) {
		q.Text = "call"
		queries = append(queries, q)
	}
	return queries
}

// TestStored_JSON_is_what_released_versions_wrote: a field of crm that is renamed must not be forgotten in old rows.
func TestStored_JSON_is_what_released_versions_wrote(t *testing.T) {
	onEach(t, func(f *fixture) {
		settings := crm.DefaultSettings()
		run := crm.Run{ID: newID[crm.Run](), Link: f.link.ID, StartedAt: monday, Counts: crm.Counts{New: 1, Requests: 2}}
		f.write(func(tx *store.Tx) error { return errors.Join(tx.UpdateSettings(settings, 0), tx.PutRun(run)) })
		for query, want := range map[string]string{
			"SELECT data FROM settings": `{"Version":0,"ModuleActive":true,"OnlineCalendar":true,"DefaultDuration":1800000000000,"PollInterval":300000000000,` +
				`"ConflictPolicy":"crm","TrashKept":2592000000000000,"UIDsKept":63072000000000000,"TimeZone":"Europe/Brussels","Language":"en","DefaultRights":{"ChangeOthers":true,"Reassign":true},"OwnCalendars":false,` +
				`"Guard":{"More":20,"Part":0.25,"Most":200,"Emptied":5}}`,
			"SELECT counts FROM run": `{"New":1,"Changed":0,"Removed":0,"SetAside":0,"Created":0,"Patched":0,"Deleted":0,"Refused":0,"Conflicts":0,"Requests":2}`,
		} {
			f.same(query, queried(f.T, f.store, query), []string{want})
		}
	})
}
