package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// Each test of a numbered fault or bad answer ends here: everything is healed, both sides come to rest, and internal/oracle judges the
// whole history from the server's log of writes, what people did, and what both sides show (reliability 1). What people did is
// told by the histories of the actions: nothing else is kept of it.
var numbered = regexp.MustCompile(`^Test[FB]\d+_`)

// story is what is known of the CRM's side so far; it outlives a database that is put back.
type story struct {
	commits map[crm.ChangeID]commit
	resets  []oracle.Reset
	// events are those that actions had, by calendar and UID.
	events map[crm.ActionID]string
	judged bool
	// A copy of the database, and when it was gone back to: zero where it never was.
	copied, reopened time.Time
	kept, after      int // writes by then
	// excepted are the rules that are not judged, and why.
	excepted map[string]string
}

// commit is one row of a history, with the values as the CRM has them.
type commit struct {
	oracle.Commit
	action         crm.ActionID
	before, values crm.Units
}

// except leaves rules out, for a reason.
func (w *world) except(why string, rules ...string) {
	if w.story.excepted == nil {
		w.story.excepted = map[string]string{}
	}
	for _, rule := range rules {
		w.story.excepted[rule] = why
	}
}

// Context outlives the test: its end is judged.
func (w *world) Context() context.Context { return context.WithoutCancel(w.T.Context()) }

// judge has the history judged, once.
func (w *world) judge() {
	w.Helper()
	if w.Failed() || w.Skipped() || w.story.judged || !numbered.MatchString(w.Name()) {
		return
	}
	w.story.judged = true
	report, history := w.judgement()
	judged := 0
	for _, n := range report.Judged {
		judged += n
	}
	if judged == 0 {
		w.Error("nothing was there to be judged")
	}
	for _, violation := range report.Violations {
		if w.story.excepted[violation.Rule] == "" {
			w.Errorf("%s\n%s", violation, history.Story())
		}
	}
}

// judgement heals everything, lets both sides come to rest, and is what the oracle says of the whole history.
func (w *world) judgement() (oracle.Report, oracle.History) {
	w.Helper()
	w.gate, w.through, w.transport, w.patience = nil, nil, nil, 0
	w.server.Heal("")
	var linked []service.Caller
	for _, of := range []service.Caller{w.anna, w.ben} {
		if link, is := w.links[of.User.ID]; is && w.owed(link) {
			linked = append(linked, of)
		}
	}
	for range 3 {
		w.clock.forward(25 * time.Hour)
		for _, of := range linked {
			w.sync(of)
		}
	}
	before := len(w.clients())
	w.requests()
	for range 2 {
		for _, of := range linked {
			w.sync(of)
		}
	}
	each := 1
	if w.server.Manners().NoSync {
		each = 2
	}
	quiet := oracle.JudgeQuiet(oracle.Quiet{Rounds: 2, Links: len(linked), Writes: len(w.clients()) - before, Requests: len(w.requests()), RequestsEach: each})
	history := w.told()
	report := oracle.Add(oracle.Judge(history), quiet)
	return report, history
}

// owed reports whether a link is one that both sides can come to rest by.
func (w *world) owed(link crm.Link) bool {
	w.Helper()
	var now crm.Link
	w.read(func(tx *store.Tx) (err error) { now, err = tx.Link(link.ID); return err })
	if !now.EndedAt.IsZero() {
		return false
	}
	for _, state := range now.States(w.settings()) {
		if state != crm.LinkActive && state != crm.LinkNew && state != crm.LinkFailing {
			return false
		}
	}
	return true
}

// told is what the judge is told.
func (w *world) told() oracle.History {
	w.Helper()
	w.look()
	h := oracle.History{DefaultDurations: []time.Duration{30 * time.Minute}, SetAside: map[string]bool{}, Unguarded: map[string]bool{}}
	m := w.server.Manners()
	for _, of := range []service.Caller{w.anna, w.ben} {
		calendar := w.server.CalendarPath(of.User.Login, "work")
		link, is := w.links[of.User.ID]
		told := oracle.Link{User: of.User.Login, Calendar: calendar, Ended: !is || !w.owed(link)}
		switch w.settings().ConflictPolicy {
		case crm.CalendarWins:
			told.Policy = oracle.PolicyCalendar
		case crm.LatestWins:
			told.Policy = oracle.PolicyLatest
		}
		h.Links = append(h.Links, told)
		h.Unguarded[calendar] = m.IgnoresMatch || m.WeakETags || m.NoETags || m.RestlessETags || m.DeleteUnguarded || m.RaceWindow > 0 || m.ETag == sandbox.ETagSeconds
	}
	for _, write := range w.server.Writes(1) {
		h.Writes = append(h.Writes, oracle.Write(write))
	}
	actions := w.all()
	n := w.number(h.Writes, actions)
	for i := range h.Writes {
		write := &h.Writes[i]
		write.Sent, write.Before, write.After = n.body(write.Calendar, write.Sent), n.body(write.Calendar, write.Before), n.body(write.Calendar, write.After)
	}
	for _, reset := range w.story.resets {
		for i, resource := range reset.Resources {
			reset.Resources[i].Body = n.body(resource.Calendar, resource.Body)
		}
		h.Resets = append(h.Resets, reset)
	}
	for _, commit := range w.story.commits {
		commit.Before, commit.Values = unitsOf(n.units(commit.action, commit.before)), unitsOf(n.units(commit.action, commit.values))
		h.Commits = append(h.Commits, commit.Commit)
	}
	slices.SortStableFunc(h.Commits, func(a, b oracle.Commit) int { return a.At.Compare(b.At) })
	if s := w.story; !s.copied.IsZero() && !s.reopened.IsZero() {
		first := func(at time.Time) int {
			return len(slices.DeleteFunc(slices.Clone(h.Commits), func(c oracle.Commit) bool { return c.At.After(at) }))
		}
		h.Returns = append(h.Returns, oracle.Return{From: first(s.copied), To: first(s.reopened), Kept: s.kept, After: s.after})
	}
	for _, action := range actions {
		h.Actions = append(h.Actions, w.shown(n, action))
	}
	w.read(func(tx *store.Tx) error {
		clear(h.SetAside)
		for _, link := range w.links {
			for resource, err := range tx.Resources(link.ID) {
				if err != nil {
					return err
				}
				if resource.SetAside.Reason != "" || resource.State.Parked() {
					h.SetAside[pathOf(string(resource.Href))] = true
				}
			}
		}
		return nil
	})
	return h
}

func pathOf(href string) string {
	parsed, err := url.Parse(href)
	if err != nil {
		return href
	}
	return parsed.Path
}

// all are the actions of everybody, those in the trash included.
func (w *world) all() []crm.Action {
	w.Helper()
	var all []crm.Action
	w.read(func(tx *store.Tx) error {
		all = nil
		users, err := tx.Users()
		if err != nil {
			return err
		}
		followers := []crm.UserID{{}}
		for _, user := range users {
			followers = append(followers, user.ID)
		}
		for _, follower := range followers {
			for _, trash := range []bool{false, true} {
				query := store.Query{Viewer: follower, FollowedBy: []crm.UserID{follower}, Trash: trash}
				if follower.IsZero() {
					query = store.Query{Viewer: w.admin.User.ID, Nobody: true, Trash: trash}
				}
				found, err := tx.Search(query, store.Page{Limit: 5000})
				if err != nil {
					return err
				}
				all = append(all, found.Actions...)
			}
		}
		return nil
	})
	return all
}

func (w *world) login(id crm.UserID) string {
	for _, of := range []service.Caller{w.anna, w.ben, w.admin} {
		if of.User.ID == id {
			return of.User.Login
		}
	}
	return ""
}

// changes are the rows of an action's history, the newest first.
func (w *world) changes(id crm.ActionID) []crm.Change {
	w.Helper()
	var changes []crm.Change
	w.read(func(tx *store.Tx) (err error) { changes, err = tx.History(id, store.HistoryCursor{}, 1000); return err })
	return changes
}

func (w *world) shown(n *numbers, action crm.Action) oracle.Action {
	w.Helper()
	told := oracle.Action{
		ID: action.ID.String(), Follower: w.login(action.FollowedBy), Trashed: action.Deleted(),
		Synced: action.Sync.Name != crm.NotSynced && !action.Deleted(), Values: unitsOf(n.units(action.ID, action.Units)),
		Held: slices.Contains([]crm.SyncName{crm.Held, crm.SetAside, crm.ReadOnly}, action.Sync.Name),
	}
	for _, change := range w.changes(action.ID) {
		entry := oracle.Entry{
			Unit: oracle.Unit(change.Name), Conflict: change.What == crm.Conflict, Reason: string(change.Reason),
			Deletion: change.Reason == "edit_beats_delete" || change.Reason == "event_returned",
		}
		entry.Before = unitsOf(n.units(action.ID, w.with(change, crm.Units{}, change.Before)))
		entry.After = unitsOf(n.units(action.ID, w.with(change, crm.Units{}, change.After)))
		told.History = append(told.History, entry)
	}
	return told
}

// with is units with what a row of history says of one of them.
func (w *world) with(change crm.Change, units crm.Units, text string) crm.Units {
	unit := crm.Unit(change.Name)
	if unit != crm.UnitSubject && unit != crm.UnitDescription && unit != crm.UnitWhen {
		return units
	}
	units, err := crm.ParseHistory(unit, text, units)
	w.must(err)
	return units
}

// look takes from the histories what happened since the last time: each row is a commit, of a person or of the engine. An action is
// followed back from what it is now.
func (w *world) look() {
	w.Helper()
	if w.story.events == nil {
		w.story.events, w.story.commits = map[crm.ActionID]string{}, map[crm.ChangeID]commit{}
	}
	writes := w.server.Writes(1)
	lastBefore := func(at time.Time) int {
		last := 0
		for _, write := range writes {
			if !write.At.After(at) {
				last = max(last, write.Number)
			}
		}
		return last
	}
	for _, action := range w.all() {
		units, follower := action.Units, w.login(action.FollowedBy)
		left := w.leftBy(action.ID, writes)
		for _, change := range w.changes(action.ID) {
			done := commit{action: action.ID, values: units, Commit: oracle.Commit{
				At: change.At, After: lastBefore(change.At), ByEngine: change.Actor.Kind != crm.ActorUser, Action: action.ID.String(), Follower: follower,
				Consent: change.Actor.Kind == crm.ActorUser,
			}}
			for user, link := range w.links {
				if change.Actor.Link == link.ID {
					done.Follower = w.login(user)
				}
			}
			switch {
			case change.What == crm.Created:
				done.Kind = oracle.Create
			case change.What == crm.Deleted && done.ByEngine:
				done.Kind = oracle.Trash
				done.Href, done.UID = left(done.After)
			case change.What == crm.Deleted:
				done.Kind = oracle.Delete
			case change.What == crm.Restored && !done.ByEngine:
				done.Kind = oracle.Restore
			case change.What == crm.Noticed && change.Reason == crm.ReasonEventDeleted:
				done.Kind = oracle.Detach
				done.Href, done.UID = left(done.After)
			case change.What == crm.Changed && change.Name == "followed_by":
				if done.Kind = oracle.Reassign; done.ByEngine { // dragged over
					done.Kind = oracle.Change
				}
				if id, err := crm.ParseID[crm.User](change.Before); err == nil {
					follower = w.login(id)
				} else {
					follower = ""
				}
			case change.What == crm.Changed:
				units = w.with(change, units, change.Before)
				done.Kind = oracle.Change
				if units.Equal(done.values) && done.ByEngine {
					continue
				}
			default:
				if change.What == crm.Conflict && change.Winner == crm.SideCalendar {
					units = w.with(change, units, change.Before)
				}
				continue
			}
			if done.Kind != oracle.Create {
				done.before = units
			}
			if _, known := w.story.commits[change.ID]; !known {
				w.story.commits[change.ID] = done
			}
		}
	}
}

// leftBy tells which event an action had when it was taken off the screens after a write: of all it ever had, the one that went last.
func (w *world) leftBy(id crm.ActionID, writes []sandbox.Write) func(after int) (href, uid string) {
	w.Helper()
	uids := map[string]bool{}
	var anyHref, anyUID string
	w.read(func(tx *store.Tx) error {
		bound, err := tx.BindingsOfAction(id)
		for _, binding := range bound {
			anyHref, anyUID = pathOf(string(binding.Bound.Href)), binding.Bound.UID
			for _, link := range w.links {
				if link.ID == binding.Bound.Link {
					w.story.events[id] = pathOf(link.CalendarHref) + " " + anyUID
				}
			}
			uids[binding.Bound.UID] = true
		}
		for _, link := range w.links {
			var all []string
			for _, write := range writes {
				all = append(all, uidOf(write.Sent+write.Before))
			}
			known, unread := tx.ActionsOfUIDs(link.CalendarHref, all)
			for uid, action := range known {
				uids[uid] = uids[uid] || action == id
			}
			err = errors.Join(err, unread)
		}
		return err
	})
	return func(after int) (string, string) {
		href, uid := anyHref, anyUID
		for _, write := range writes {
			if its := uidOf(write.Before); write.Number <= after && write.After == "" && uids[its] {
				href, uid = write.Href, its
			}
		}
		return href, uid
	}
}

// replaced notes that the server's state was put in place of another as a whole.
func (w *world) replaced() {
	w.Helper()
	reset := oracle.Reset{After: len(w.server.Writes(1))}
	for _, of := range []service.Caller{w.anna, w.ben} {
		for _, item := range w.items(of) {
			reset.Resources = append(reset.Resources, oracle.Resource{Calendar: w.server.CalendarPath(of.User.Login, "work"), Href: item.Href, Body: item.Body})
		}
	}
	w.story.resets = append(w.story.resets, reset)
}

func unitsOf(u crm.Units) oracle.Units {
	text := func(there bool, text fmt.Stringer) string {
		if !there {
			return ""
		}
		return text.String()
	}
	return oracle.Units{Subject: u.Subject, Description: u.Description, When: oracle.When{
		Zone: u.When.Zone, StartDate: text(!u.When.StartDate.IsZero(), u.When.StartDate), StartTime: text(!u.When.StartTime.IsZero(), u.When.StartTime),
		EndDate: text(!u.When.EndDate.IsZero(), u.When.EndDate), EndTime: text(!u.When.EndTime.IsZero(), u.When.EndTime),
	}}
}
