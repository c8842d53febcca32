package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// found are the subjects that a query finds, in order, read in pages of 3 forth and back.
func (f *fixture) found(q store.Query) []string {
	f.Helper()
	subjects := func(page store.Page) (subjects []string, found store.Found) {
		found = load(f, func(tx *store.Tx) (store.Found, error) { return tx.Search(q, page) })
		for _, action := range found.Actions {
			subjects = append(subjects, action.Subject)
		}
		return subjects, found
	}
	var forth, back []string
	page := store.Page{Limit: 3}
	for {
		more, found := subjects(page)
		forth = append(forth, more...)
		if page.After.IsZero() != found.Previous.IsZero() {
			f.Errorf("page after %v: the place to go back to is %v", page.After, found.Previous)
		}
		if found.Next.IsZero() {
			break
		}
		cursor, err := store.ParseCursor(found.Next.String())
		if err != nil || cursor != found.Next {
			f.Fatalf("cursor %v written and read: got %v, error %v", found.Next, cursor, err)
		}
		page.After = cursor
	}
	all, _ := subjects(store.Page{Limit: 10_000})
	if !slices.Equal(forth, all) {
		f.Errorf("pages: got %q, want %q", forth, all)
	}
	// Back from the last action, which the pages before it do not hold.
	if len(all) > 0 {
		_, last := subjects(store.Page{Limit: len(all)})
		if !last.Next.IsZero() {
			f.Errorf("the whole list: the place to go on after is %v", last.Next)
		}
		lastOne := last.Actions[len(last.Actions)-1]
		back = []string{lastOne.Subject}
		// The place of the last action is that of the page before the one that it begins.
		page := store.Page{Limit: 3, Before: store.PlaceOf(lastOne)}
		for {
			more, found := subjects(page)
			back = append(more, back...)
			if found.Previous.IsZero() {
				break
			}
			page.Before = found.Previous
		}
		if !slices.Equal(back, all) {
			f.Errorf("pages back: got %q, want %q", back, all)
		}
	}
	for _, atMost := range []int{1, len(all), len(all) + 1} {
		count := load(f, func(tx *store.Tx) (int, error) { return tx.Count(q, atMost) })
		if want := min(len(all), atMost); count != want {
			f.Errorf("count of at most %d: got %d, want %d", atMost, count, want)
		}
	}
	return all
}

func TestSearch_lists_by_start_else_end_the_latest_first_and_the_undated_last(t *testing.T) {
	onEach(t, func(f *fixture) {
		const zone = " Europe/Brussels"
		list := []string{"1 evening", "2 morning", "3 all day", "4 end only", "5 with seconds", "6 undated"}
		whens := []string{"2026-11-24 18:00 - -" + zone, "2026-11-24 09:00 2026-11-30 -" + zone, "2026-11-24 - 2026-11-25 -" + zone,
			"- - 2026-11-23 20:00" + zone, "2026-11-23 08:00:01 - 09:00" + zone, "- - - -" + zone}
		var actions []crm.Action
		for i := range list {
			actions = append(actions, newAction(f.anna.ID, list[i], whens[i]))
		}
		f.write(func(tx *store.Tx) error { return tx.InsertActions(actions) })
		f.same("list", f.found(store.Query{}), list)
	})
}

func TestSearch_words(t *testing.T) {
	onEach(t, func(f *fixture) {
		a := newAction(f.anna.ID, "Réunion chez Ørsted, l'été 1e5abc", "2026-11-24 - - - -")
		a.Description, a.ThirdParty, a.Contact, a.Dossier = "Bespreek de NAFTA-nota; Cœur & Straße. 会议 Ελλάς", "Acme (Belgium) NV", "Jan d'Hondt", "2026/17"
		b := newAction(f.anna.ID, "Acme bellen over jan", "2026-11-25 - - - -")
		f.write(func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{a, b}) })
		for _, narrow := range []int{0, 1000} {
			for _, walked := range []int{1, 1000} {
				store.SetWays(f.store, [2]int{narrow, narrow}, [2]int{walked, walked})
				f.findsWords(a, b)
			}
		}
		a.Description, a.ThirdParty = "", "Globex"
		f.write(func(tx *store.Tx) error { return tx.UpdateAction(a, 1) })
		f.same("found by a word that is gone", f.found(store.Query{Text: "nota"}), []string(nil))
		f.same("found by a word that came", f.found(store.Query{ThirdParty: "globex"}), []string{a.Subject})
	})
}

// findsWords: what is found by words of TestSearch_words, whichever way is taken.
func (f *fixture) findsWords(a, b crm.Action) {
	f.Helper()
	for _, c := range []struct {
		query store.Query
		want  []string
	}{
		{store.Query{Text: "reunion"}, []string{a.Subject}},
		{store.Query{Text: "REU"}, []string{a.Subject}},
		{store.Query{Text: "reu reunion"}, nil}, // only the last word is a beginning
		{store.Query{Text: "eunion"}, nil},
		{store.Query{Text: "nota orsted ete"}, []string{a.Subject}},
		{store.Query{Text: "coeur strasse"}, []string{a.Subject}},
		{store.Query{Text: "会议"}, []string{a.Subject}},
		{store.Query{Text: "ΕΛΛΑΣ"}, []string{a.Subject}},
		{store.Query{Text: "1e5abc"}, []string{a.Subject}},
		{store.Query{Text: "5abc"}, nil},
		{store.Query{Text: "acme"}, []string{b.Subject, a.Subject}},
		{store.Query{Text: "17"}, []string{a.Subject}},
		{store.Query{Text: "2026/1"}, []string{a.Subject}},
		{store.Query{Text: `"* OR zz ' & | ! : ( @ ~ # %_`}, nil},
		{store.Query{Text: `' "-*`}, []string{b.Subject, a.Subject}}, // no word asks for nothing
		{store.Query{ThirdParty: "acme"}, []string{a.Subject}},
		{store.Query{ThirdParty: "belg"}, []string{a.Subject}},
		{store.Query{ThirdParty: "jan"}, nil},
		{store.Query{Contact: "jan", Text: "acme"}, []string{a.Subject}},
		{store.Query{Dossier: "2026"}, []string{a.Subject}},
		{store.Query{Dossier: "acme"}, nil},
	} {
		f.same(fmt.Sprintf("found by %+v", c.query), f.found(c.query), c.want)
	}
}

func TestSearch_enormous_texts_are_found_by_what_comes_first(t *testing.T) {
	onEach(t, func(f *fixture) {
		a := newAction(f.anna.ID, "needle "+strings.Repeat("x", 5000), "2026-11-24 - - - -")
		var text strings.Builder
		for i := range 200_000 {
			fmt.Fprintf(&text, "w%d ", i)
		}
		a.Description = text.String()
		f.write(func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{a}) })
		f.same("by the subject", len(f.found(store.Query{Text: "needle"})), 1)
		f.same("by a long word", len(f.found(store.Query{Text: strings.Repeat("x", 4000)})), 1)
		f.same("by an early word", len(f.found(store.Query{Text: "w100"})), 1)
	})
}

func TestSearch_private_actions_of_others_are_not_found_by_what_they_hide(t *testing.T) {
	onEach(t, func(f *fixture) {
		private := newAction(f.anna.ID, "therapy", "2026-11-24 10:00 - 11:00 Europe/Brussels")
		private.Private, private.DueDate, private.Sync.Name = true, day("2026-11-30"), crm.Pending
		private.Contact = "Dr Who"
		f.write(func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{private}) })
		seen := func(q store.Query, viewer crm.User) int {
			q.Viewer = viewer.ID
			return len(f.found(q))
		}
		open := []store.Query{{}, {FollowedBy: []crm.UserID{f.anna.ID}}, {From: day("2026-11-24"), Through: day("2026-11-24")}}
		for _, q := range open {
			f.same(fmt.Sprintf("%+v seen by another", q), seen(q, f.bob), 1)
		}
		hidden := []store.Query{
			{Text: "therapy"}, {Contact: "who"}, {DueFrom: day("2026-01-01")}, {Sync: []crm.SyncName{crm.Pending}},
			{CreatedFrom: monday}, {ModifiedBefore: monday.Add(time.Hour)},
		}
		for _, q := range hidden {
			f.same(fmt.Sprintf("%+v seen by another", q), seen(q, f.bob), 0)
			f.same(fmt.Sprintf("%+v seen by nobody", q), seen(q, crm.User{}), 0)
			f.same(fmt.Sprintf("%+v seen by its follower", q), seen(q, f.anna), 1)
		}
		private.DeletedAt = monday
		f.write(func(tx *store.Tx) error { return tx.UpdateAction(private, 1) })
		f.same("trash seen by another", seen(store.Query{Trash: true}, f.bob), 0)
		f.same("trash seen by its follower", seen(store.Query{Trash: true}, f.anna), 1)
		f.same("list", seen(store.Query{}, f.anna), 0)
	})
}

func TestParseCursor_refuses_what_is_not_ours(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"?", "AAAA", strings.Repeat("A", 22), strings.Repeat("B", 400), strings.Repeat("B", 44)} {
		if cursor, err := store.ParseCursor(text); err == nil {
			t.Errorf("ParseCursor(%q): got %v, want an error", text, cursor)
		}
	}
}

// TestSearch_finds_what_a_scan_of_all_actions_finds compares the databases, and the ways to look on SQLite, with a loop over
// all actions in memory.
func TestSearch_finds_what_a_scan_of_all_actions_finds(t *testing.T) {
	onEach(t, func(f *fixture) {
		random := rand.New(rand.NewPCG(3, 1))
		choices := []crm.Choice{{ID: newID[crm.Choice](), Kind: crm.ChoiceType}, {ID: newID[crm.Choice](), Kind: crm.ChoiceStatus}}
		f.write(func(tx *store.Tx) error { return tx.PutChoice(choices[0]) })
		f.write(func(tx *store.Tx) error { return tx.PutChoice(choices[1]) })
		actions := make([]crm.Action, 120)
		for i := range actions {
			actions[i] = randomAction(random, f, choices, i)
		}
		f.write(func(tx *store.Tx) error { return tx.InsertActions(actions) })
		slices.SortFunc(actions, func(a, b crm.Action) int {
			return -strings.Compare(store.PlaceOf(a).Key(), store.PlaceOf(b).Key())
		})
		for range 150 {
			q := randomQuery(random, f, choices)
			var want []string
			for _, action := range actions {
				if asksFor(q, action) {
					want = append(want, action.Subject)
				}
			}
			store.SetWays(f.store, [2]int{random.IntN(20), random.IntN(40)}, [2]int{1 + random.IntN(8), 1 + random.IntN(60)})
			f.same(fmt.Sprintf("found by %+v", q), f.found(q), want)
		}
	})
}

var someWords = []string{"call", "visit", "offer", "Acme", "acorn", "jan"}

func randomWhen(random *rand.Rand) crm.When {
	var when crm.When
	start := day("2026-11-20").AddDays(random.IntN(12))
	if random.IntN(6) > 0 {
		when.StartDate = start
		if random.IntN(2) == 0 {
			when.StartTime = crm.NewClock(random.IntN(24), random.IntN(2)*30, 0)
		}
	}
	if random.IntN(2) == 0 {
		when.EndDate = start.AddDays(random.IntN(2) * random.IntN(10))
	}
	return when
}

func randomAction(random *rand.Rand, f *fixture, choices []crm.Choice, i int) crm.Action {
	pick := func(words []string) string { return words[random.IntN(len(words))] }
	a := newAction(f.anna.ID, fmt.Sprintf("%s %s %d", pick(someWords), pick(someWords), i), "- - - - -")
	a.When = randomWhen(random)
	a.ThirdParty, a.Contact = pick([]string{"", "Acme", "Globex"}), pick([]string{"", "Jan"})
	a.FollowedBy = []crm.UserID{f.anna.ID, f.bob.ID, {}}[random.IntN(3)]
	a.Type = []crm.ChoiceID{{}, choices[0].ID}[random.IntN(2)]
	a.Status = []crm.ChoiceID{{}, choices[1].ID}[random.IntN(2)]
	a.Private = random.IntN(5) == 0
	if random.IntN(3) == 0 {
		a.DueDate = day("2026-11-20").AddDays(random.IntN(5))
	}
	if random.IntN(6) == 0 {
		a.DeletedAt = monday
	}
	a.CreatedAt = monday.Add(time.Duration(random.IntN(5)) * time.Hour)
	a.ModifiedAt = a.CreatedAt.Add(time.Duration(random.IntN(3)) * time.Hour)
	a.Sync.Name = []crm.SyncName{crm.Synced, crm.Synced, crm.Pending, crm.Held}[random.IntN(4)]
	return a
}

func randomQuery(random *rand.Rand, f *fixture, choices []crm.Choice) store.Query {
	q := store.Query{Viewer: f.anna.ID, Trash: random.IntN(8) == 0}
	maybe := func(of int, set func()) {
		if random.IntN(of) == 0 {
			set()
		}
	}
	text := func() string {
		return []string{"a", "AC", "jan", "call vis", "offer", "acme call", "zebra"}[random.IntN(7)]
	}
	date := func() crm.Date { return day("2026-11-19").AddDays(random.IntN(14)) }
	instant := func() time.Time { return monday.Add(time.Duration(random.IntN(6)) * time.Hour) }
	maybe(3, func() { q.Text = text() })
	maybe(8, func() { q.ThirdParty = text() })
	maybe(8, func() { q.Contact = text() })
	maybe(4, func() {
		q.FollowedBy = [][]crm.UserID{{f.anna.ID}, {f.bob.ID, f.anna.ID}}[random.IntN(2)]
	})
	maybe(6, func() { q.Nobody = true })
	maybe(6, func() { q.Types = []crm.ChoiceID{choices[0].ID} })
	maybe(6, func() { q.Statuses = []crm.ChoiceID{choices[1].ID} })
	maybe(4, func() { q.From = date() })
	maybe(4, func() { q.Through = date() })
	maybe(8, func() { q.DueFrom = date() })
	maybe(8, func() { q.DueThrough = date() })
	maybe(8, func() { q.CreatedFrom = instant() })
	maybe(8, func() { q.CreatedBefore = instant() })
	maybe(8, func() { q.ModifiedFrom = instant() })
	maybe(8, func() { q.ModifiedBefore = instant() })
	maybe(5, func() { q.Sync = []crm.SyncName{crm.Pending, crm.Held} })
	maybe(9, func() { q.Sync = []crm.SyncName{crm.Synced} })
	return q
}

// asksFor says in plain words what a Query means; the texts of these tests hold nothing but ASCII letters.
func asksFor(q store.Query, a crm.Action) bool {
	holds := func(text, words string) bool {
		have, wanted := strings.Fields(strings.ToLower(text)), strings.Fields(strings.ToLower(words))
		for i, word := range wanted {
			if !slices.ContainsFunc(have, func(h string) bool { return h == word || i == len(wanted)-1 && strings.HasPrefix(h, word) }) {
				return false
			}
		}
		return true
	}
	oneOf := func(n int, contains bool) bool { return n == 0 || contains }
	first := a.When.StartDate
	if first.IsZero() {
		first = a.When.EndDate
	}
	last := a.When.LastDate()
	days := func(from, through, first, last crm.Date) bool {
		return from.IsZero() && through.IsZero() || !first.IsZero() && last.Compare(from) >= 0 && (through.IsZero() || first.Compare(through) <= 0)
	}
	instants := func(from, before, at time.Time) bool {
		return !at.Before(from) && (before.IsZero() || at.Before(before))
	}
	asksForHidden := q.Trash || q.Text+q.ThirdParty+q.Contact != "" || len(q.Types)+len(q.Statuses)+len(q.Sync) > 0 || !q.DueFrom.IsZero() || !q.DueThrough.IsZero() ||
		!q.CreatedFrom.IsZero() || !q.CreatedBefore.IsZero() || !q.ModifiedFrom.IsZero() || !q.ModifiedBefore.IsZero()
	return q.Trash == a.Deleted() &&
		(!a.Private || a.FollowedBy == q.Viewer || !asksForHidden) &&
		holds(a.Subject+" "+a.ThirdParty+" "+a.Contact, q.Text) && holds(a.ThirdParty, q.ThirdParty) && holds(a.Contact, q.Contact) &&
		(len(q.FollowedBy) == 0 && !q.Nobody || slices.Contains(q.FollowedBy, a.FollowedBy) || q.Nobody && a.FollowedBy.IsZero()) &&
		oneOf(len(q.Types), slices.Contains(q.Types, a.Type)) && oneOf(len(q.Statuses), slices.Contains(q.Statuses, a.Status)) &&
		oneOf(len(q.Sync), slices.Contains(q.Sync, a.Sync.Name)) &&
		days(q.From, q.Through, first, last) && days(q.DueFrom, q.DueThrough, a.DueDate, a.DueDate) &&
		instants(q.CreatedFrom, q.CreatedBefore, a.CreatedAt) && instants(q.ModifiedFrom, q.ModifiedBefore, a.ModifiedAt)
}
