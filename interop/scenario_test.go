package interop

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/interop/servers"
)

var all = flag.Bool("all", false, "play the scenarios at full length")

type scenario struct {
	name string
	play func(*stage)
}

// scenarios are played on every server, each on calendars of its own; the judge looks at each when it has come to rest.
var scenarios = []scenario{
	{"first_sync", (*stage).firstSync},
	{"pairs_of_change_and_delete", (*stage).pairs},
	{"conflict_the_crm_stays", func(s *stage) { s.conflict(crm.CRMWins) }},
	{"conflict_the_calendar_stays", func(s *stage) { s.conflict(crm.CalendarWins) }},
	{"conflict_the_latest_stays", func(s *stage) { s.conflict(crm.LatestWins) }},
	{"reassignment", (*stage).reassignment},
	{"trash_and_restore", (*stage).trashAndRestore},
	{"deletion_guard_and_they_go", func(s *stage) { s.deletionGuard(service.DecideDelete) }},
	{"deletion_guard_and_they_come_back", func(s *stage) { s.deletionGuard(service.DecideWriteBack) }},
	{"relink", (*stage).relink},
	{"database_restored", (*stage).databaseRestored},
}

// TestServers_scenarios: on every server both sides end equal, nothing is lost and nothing doubled, whatever happened.
func TestServers_scenarios(t *testing.T) {
	t.Parallel()
	for _, name := range servers.All {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			h := start(t, name)
			t.Run("on_calendars_of_their_own", func(t *testing.T) {
				for _, scenario := range scenarios {
					t.Run(scenario.name, func(t *testing.T) {
						t.Parallel()
						s := newStage(t, h)
						scenario.play(s)
						s.judge()
					})
				}
			})
			// This one takes the whole server back, so nobody else may be there.
			t.Run("server_restored", func(t *testing.T) {
				s := newStage(t, h)
				s.serverRestored()
				s.judge()
			})
		})
	}
}

// many is how many of a thing a scenario has: few in short.
func many(few, full int) int {
	if *all {
		return full
	}
	return few
}

// Events and actions of every shape meet when a calendar is linked: each comes to the other side once, but for actions without
// a date and those that are past (semantics 4).
func (s *stage) firstSync() {
	n := many(4, 40)
	for i := range n {
		at := s.moment()
		s.appointment(s.anna, [][]string{
			{"DTSTART;TZID=" + zoneOfAll + ":" + at.Format(civil), "DTEND;TZID=" + zoneOfAll + ":" + at.Add(time.Hour).Format(civil)},
			{"DTSTART;VALUE=DATE:" + at.Format("20060102"), "DTEND;VALUE=DATE:" + at.AddDate(0, 0, 2).Format("20060102")},
			{"DTSTART:" + at.Format(civil) + "Z", "DURATION:PT1H15M"},
			{"DTSTART;TZID=America/New_York:" + at.Format(civil)},
		}[i%4]...)
		s.create(s.anna, []edit{
			s.when, s.days,
			func(in *service.ActionInput) { s.when(in); in.EndDate, in.EndTime = "", "" },
			func(in *service.ActionInput) { s.days(in); in.StartDate = "" },
		}[i%4])
	}
	s.create(s.anna, s.undated)
	s.create(s.anna, func(in *service.ActionInput) { in.StartDate, in.EndDate = "2020-03-01", "2020-03-02" })
	s.link(s.anna)
	s.sync(s.anna)
	s.counts(s.anna, 2*n+2, 0, 2*n)
	s.sync(s.anna)
	s.counts(s.anna, 2*n+2, 0, 2*n)
}

// deed is what one side does with an item between two runs.
type deed string

const (
	nothing deed = "nothing"
	subject deed = "subject"
	when    deed = "when"
	deletes deed = "deletes"
)

// Every deed of one side meets every deed of the other, on items of either side. A change beats a deletion; a subject that both
// changed is the CRM's (semantics 6).
func (s *stage) pairs() {
	s.link(s.anna)
	deeds := []deed{nothing, subject, when, deletes}
	type pair struct {
		here, there deed
		id          crm.ActionID
		path        string
	}
	var pairs []pair
	for range many(1, 3) {
		for _, here := range deeds {
			for _, there := range deeds {
				pairs = append(pairs, pair{here: here, there: there, id: s.create(s.anna)}, pair{here: here, there: there, path: s.appointment(s.anna)})
			}
		}
	}
	s.sync(s.anna)
	alive, dead := 0, 0
	for i := range pairs {
		p := &pairs[i]
		if p.path == "" {
			p.path = s.pathOf(p.id)
		} else {
			p.id = s.actionAt(s.anna, p.path)
		}
		switch p.here {
		case subject:
			s.change(s.anna, p.id, s.subject)
		case when:
			s.change(s.anna, p.id, s.when)
		case deletes:
			s.remove(s.anna, p.id)
		}
		switch p.there {
		case subject:
			s.write(s.anna, p.path, s.summary())
		case when:
			s.write(s.anna, p.path, s.zoned()...)
		case deletes:
			s.discard(s.anna, p.path)
		}
		if p.here == deletes && (p.there == deletes || p.there == nothing) || p.there == deletes && p.here == nothing {
			dead++
		} else {
			alive++
		}
	}
	s.sync(s.anna)
	s.counts(s.anna, alive, dead, alive)
}

// Both sides change every unit differently, and more than once. The value that gave way is in the history, and one click
// makes it current on both sides.
func (s *stage) conflict(policy crm.ConflictPolicy) {
	s.must(s.store.Write(s.Context(), func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		settings.ConflictPolicy = policy
		return tx.UpdateSettings(settings, settings.Version)
	}))
	for i := range s.story.Links {
		s.story.Links[i].Policy = map[crm.ConflictPolicy]oracle.Policy{crm.CalendarWins: oracle.PolicyCalendar, crm.LatestWins: oracle.PolicyLatest}[policy]
	}
	s.link(s.anna)
	made, typed := s.create(s.anna), s.appointment(s.anna)
	s.sync(s.anna)
	other := s.actionAt(s.anna, typed)
	for range 2 {
		for _, id := range []crm.ActionID{made, other} {
			s.change(s.anna, id, s.subject, s.description, s.when)
			s.write(s.anna, s.pathOf(id), append(s.zoned(), s.summary(), fmt.Sprintf("DESCRIPTION:d%d", s.next()))...)
		}
		s.sync(s.anna)
		s.counts(s.anna, 2, 0, 2)
	}
	entries, err := s.service.History(s.Context(), s.anna.Caller, made)
	s.must(err)
	for _, entry := range entries {
		if entry.What != crm.Conflict || entry.Name != string(crm.UnitSubject) || !entry.Restorable {
			continue
		}
		before := s.action(made)
		commit := s.commit(s.anna, oracle.Change)
		commit.Before = witnessed(before)
		back, err := s.service.RestoreValue(s.Context(), s.anna.Caller, made, entry.ID, before.Version)
		s.must(err)
		s.typed(commit, back)
		s.sync(s.anna)
		text, _, err := s.anna.Get(s.Context(), s.pathOf(made))
		s.must(err)
		if back.Subject != entry.Before || !strings.Contains(text, "SUMMARY:"+entry.Before) {
			s.Errorf("got %q here and there\n%s\nwant %q on both sides, which had lost", back.Subject, text, entry.Before)
		}
		return
	}
	s.Errorf("no conflict of the subject can be taken back: %+v", entries)
}

// An action that is followed by another goes to that calendar, with what was changed meanwhile, and leaves the first; without a
// link there it only leaves.
func (s *stage) reassignment() {
	s.link(s.anna)
	s.link(s.ben)
	var paths []string
	for range many(5, 15) {
		paths = append(paths, s.appointment(s.anna))
	}
	s.sync(s.anna, s.ben)
	n := len(paths)
	for i, path := range paths {
		id := s.actionAt(s.anna, path)
		switch i % 5 {
		case 1:
			s.write(s.anna, path, s.summary())
		case 2:
			s.change(s.anna, id, s.description)
		case 3:
			s.write(s.anna, path, s.zoned()...)
		case 4:
			s.change(s.anna, id, s.subject)
		}
		s.change(s.anna, id, followedBy(s.ben))
		if i%5 == 3 {
			s.write(s.anna, path, s.summary()) // after it was reassigned, before the calendar knows
		}
	}
	s.sync(s.ben)
	s.sync(s.anna, s.ben)
	s.counts(s.anna, 0, 0, 0)
	s.counts(s.ben, n, 0, n)

	back, err := s.ben.Paths(s.Context())
	s.must(err)
	id := s.actionAt(s.ben, back[0])
	s.change(s.ben, id, followedBy(s.anna))
	s.sync(s.anna)
	s.sync(s.ben, s.anna)
	s.counts(s.anna, 1, 0, 1)
	s.counts(s.ben, n-1, 0, n-1)

	s.unlink(s.ben)
	s.change(s.anna, id, followedBy(s.ben))
	s.sync(s.anna)
	s.counts(s.anna, 0, 0, 0)
	s.counts(s.ben, n, 0, n-1)
}

// What is deleted on one side is in the trash, and comes back with all it held.
func (s *stage) trashAndRestore() {
	s.link(s.anna)
	here, there := s.appointment(s.anna), s.appointment(s.anna)
	s.create(s.anna)
	s.sync(s.anna)
	first, second := s.actionAt(s.anna, here), s.actionAt(s.anna, there)
	s.remove(s.anna, first)
	s.discard(s.anna, there)
	s.sync(s.anna)
	s.counts(s.anna, 1, 2, 1)
	for range 2 { // and once more, so that its UIDs pile up
		s.restore(s.anna, first)
		s.restore(s.anna, second)
		s.sync(s.anna)
		s.counts(s.anna, 3, 0, 3)
		for _, id := range []crm.ActionID{first, second} {
			text, _, err := s.anna.Get(s.Context(), s.pathOf(id))
			s.must(err)
			if !strings.Contains(text, "LOCATION:there") || !strings.Contains(text, "BEGIN:VALARM") || s.host.google == nil && !strings.Contains(text, "X-OWN") {
				s.Errorf("the event did not come back with all it held:\n%s", text)
			}
		}
		s.remove(s.anna, first)
		s.remove(s.anna, second)
		s.sync(s.anna)
		s.counts(s.anna, 1, 2, 1)
	}
	// Restored before the calendar knows of the deletion, and after.
	s.restore(s.anna, first)
	s.remove(s.anna, first)
	s.restore(s.anna, first)
	s.sync(s.anna)
	s.counts(s.anna, 2, 1, 2)
}

// More than 20 events and a quarter of them vanish: their actions wait for a person, and everything else goes on.
func (s *stage) deletionGuard(decision string) {
	if !*all { // the same with fewer
		s.must(s.store.Write(s.Context(), func(tx *store.Tx) error {
			settings, err := tx.Settings()
			if err != nil {
				return err
			}
			settings.Guard.More = 4
			return tx.UpdateSettings(settings, settings.Version)
		}))
	}
	s.link(s.anna)
	n, gone := many(7, 24), many(5, 22)
	var paths []string
	for range n {
		paths = append(paths, s.appointment(s.anna))
	}
	s.sync(s.anna)
	for _, path := range paths[:gone] {
		s.discard(s.anna, path)
	}
	s.write(s.anna, paths[n-1], s.summary())
	s.create(s.anna)
	s.sync(s.anna)
	s.counts(s.anna, n+1, 0, n-gone+1)
	commit := s.commit(s.anna, oracle.Restore)
	waiting := s.decide(decision)
	if len(waiting) != gone {
		s.Errorf("got %d actions waiting, want %d", len(waiting), gone)
	}
	if decision == service.DecideDelete {
		s.sync(s.anna)
		s.counts(s.anna, n-gone+1, gone, n-gone+1)
		return
	}
	for _, id := range waiting {
		// A person says that they are to be there: as good as restoring them.
		commit.Before = witnessed(s.action(id))
		s.typed(commit, s.action(id))
	}
	s.sync(s.anna)
	s.counts(s.anna, n+1, 0, n+1)
}

// A calendar is linked again after both sides went on without each other: pairs resume, and what vanished meanwhile waits for
// a person (semantics 9).
func (s *stage) relink() {
	s.link(s.anna)
	var paths []string
	var ids []crm.ActionID
	for range 6 {
		paths = append(paths, s.appointment(s.anna))
		ids = append(ids, s.create(s.anna))
	}
	s.sync(s.anna)
	var theirs []crm.ActionID
	for _, path := range paths {
		theirs = append(theirs, s.actionAt(s.anna, path))
	}
	s.unlink(s.anna)
	s.change(s.anna, ids[0], s.subject)
	s.change(s.anna, theirs[0], s.subject)
	s.write(s.anna, paths[0], s.summary())
	s.write(s.anna, paths[1], s.zoned()...)
	s.change(s.anna, theirs[1], s.description)
	s.remove(s.anna, ids[1])
	s.remove(s.anna, theirs[2])
	s.write(s.anna, paths[2], s.summary()) // deleted here, changed there
	s.discard(s.anna, paths[3])
	s.discard(s.anna, paths[4])
	s.change(s.anna, theirs[4], s.subject) // deleted there, changed here
	s.create(s.anna)
	s.appointment(s.anna)
	s.link(s.anna)
	s.sync(s.anna)
	s.sync(s.anna)
	// ids[1] is deleted; theirs[3] waits; all the others, the two new ones among them, are on both sides.
	s.counts(s.anna, 13, 1, 12)
	if waiting := s.decide(service.DecideDelete); !slices.Equal(waiting, []crm.ActionID{theirs[3]}) {
		s.Errorf("got %v waiting, want %v", waiting, theirs[3])
	}
	s.sync(s.anna)
	s.counts(s.anna, 12, 2, 12)
}

// The database is put back to an earlier state, while the calendar went on (F21).
func (s *stage) databaseRestored() {
	s.link(s.anna)
	var paths []string
	var ids []crm.ActionID
	for range 4 {
		paths = append(paths, s.appointment(s.anna))
		ids = append(ids, s.create(s.anna))
	}
	s.sync(s.anna)
	back := s.backup()
	s.change(s.anna, ids[0], s.subject)
	s.remove(s.anna, ids[1])
	s.create(s.anna)
	s.write(s.anna, paths[0], s.summary())
	s.discard(s.anna, paths[1])
	s.appointment(s.anna)
	s.change(s.anna, s.actionAt(s.anna, paths[2]), s.when)
	s.sync(s.anna)
	s.counts(s.anna, 8, 2, 8)
	s.write(s.anna, paths[3], s.summary())

	back()
	s.sync(s.anna)
	s.counts(s.anna, 8, 2, 8)
	s.pass(25 * time.Hour)
	s.sync(s.anna)
	s.counts(s.anna, 8, 2, 8)
}

// The calendar server is put back to an earlier state, while the CRM went on (F22).
func (s *stage) serverRestored() {
	s.link(s.anna)
	var paths []string
	var ids []crm.ActionID
	for range 4 {
		paths = append(paths, s.appointment(s.anna))
		ids = append(ids, s.create(s.anna))
	}
	s.sync(s.anna)
	back := s.host.backup(s.T)
	s.story.Witness.Restarted()
	s.change(s.anna, ids[0], s.subject)
	s.create(s.anna)
	s.write(s.anna, paths[0], s.summary())
	s.appointment(s.anna)
	s.sync(s.anna)
	s.counts(s.anna, 10, 0, 10)
	back()
	s.story.Witness.Restarted()
	resources, err := s.anna.Resources(s.Context())
	s.must(err)
	s.story.Witness.Reset(resources)
	s.pass(25 * time.Hour)
	for range 3 {
		s.sync(s.anna)
		s.pass(25 * time.Hour)
	}
	living := len(s.living(s.anna))
	paths, err = s.anna.Paths(s.Context())
	s.must(err)
	if living != len(paths) {
		s.Errorf("got %d actions and %d events, want as many", living, len(paths))
	}
}
