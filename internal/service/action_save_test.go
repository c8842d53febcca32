package service

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"

	"github.com/google/go-cmp/cmp"
)

var (
	past     = func(in *ActionInput) { in.StartDate = "2026-11-01" }
	noDate   = func(in *ActionInput) { in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", "" }
	renamed  = func(in *ActionInput) { in.Subject = "Renamed" }
	nobody   = func(in *ActionInput) { in.FollowedBy = crm.UserID{} }
	ofPeer   = func(in *ActionInput) { in.FollowedBy = colleague.ID }
	noticing = func(in *ActionInput) { in.Dossier = "D1" }
)

func (w *world) wantState(action crm.Action, name crm.SyncName, reason crm.Reason) {
	w.t.Helper()
	var stored crm.Action
	w.rows(func(tx *store.Tx) (err error) { stored, err = tx.Action(action.ID); return err })
	if diff := cmp.Diff(stored, action, cmp.AllowUnexported(crm.Clock{})); diff != "" {
		w.t.Errorf("the answer is not what is stored (-stored +answer):\n%s", diff)
	}
	if action.Sync.Name != name || action.Sync.Reason != reason {
		w.t.Errorf("state is %s (%s), want %s (%s)", action.Sync.Name, action.Sync.Reason, name, reason)
	}
}

func (w *world) wantWork(action crm.ActionID, want string, links ...crm.Link) {
	w.t.Helper()
	if got := strings.TrimSpace(w.outbox(action, links...)); got != want {
		w.t.Errorf("outbox holds %q, want %q", got, want)
	}
	woken := map[crm.LinkID]bool{}
	for _, link := range w.waker.taken() {
		woken[link] = true
	}
	if len(woken) != len(strings.Fields(want)) {
		w.t.Errorf("%d links were woken, want one for each of %q", len(woken), want)
	}
}

func TestCreate_commits_action_history_and_push_together(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		listener := w.Store.Listen(store.TopicActions)
		defer listener.Close()
		action, err := w.Create(w.ctx(), w.user, ActionInput{Subject: "Call", StartDate: "2026-11-24", StartTime: "10:00", FollowedBy: w.user.User.ID, Documents: []crm.Document{{URL: "https://a.example"}}})
		w.must(err)
		w.wantState(action, crm.Pending, "")
		w.wantWork(action.ID, "0:person", link)
		by := crm.Actor{Kind: crm.ActorUser, User: w.user.User.ID}
		if action.Version != 1 || action.CreatedBy != by || action.ModifiedBy != by || action.When.Zone != "Europe/Brussels" || action.Type != (crm.ChoiceID{1, 1}) {
			w.t.Errorf("made %+v", action)
		}
		history := w.historyOf(action.ID)
		if len(history) != 1 || history[0].What != crm.Created || history[0].Actor != by {
			w.t.Errorf("history is %+v", history)
		}
		if heard, _ := listener.Take(); len(heard) != 1 || heard[0] != action.ID.String() {
			w.t.Errorf("announced %q, want the action", heard)
		}
		var leases []store.Lease
		w.writeRows(func(tx *store.Tx) (err error) {
			leases, err = tx.ClaimLeases("test", 1, 9, nil)
			return err
		})
		if len(leases) != 1 || leases[0].Link != link.ID {
			w.t.Errorf("due links are %+v, want the follower's", leases)
		}
	})
}

func TestCreate_saves_nothing_when_the_input_is_wrong(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.link(w.user)
		_, err := w.Create(w.ctx(), w.user, ActionInput{StartDate: "2026-03-29", StartTime: "02:30", EndDate: "x", FollowedBy: w.user.User.ID})
		found, isProblem := errors.AsType[crm.Problems](err)
		if !isProblem || found[0].Code != "when.date_format" {
			w.t.Errorf("got %v, want the problem with the date", err)
		}
		_, err = w.Create(w.ctx(), w.user, ActionInput{StartDate: "2026-03-29", StartTime: "02:30", FollowedBy: w.user.User.ID})
		if found, _ = errors.AsType[crm.Problems](err); len(found) != 1 || found[0].Code != CodeSkipped || found[0].Params["next_time"] != "03:00" {
			w.t.Errorf("got %v, want the offer of 03:00", err)
		}
		if woken := w.waker.taken(); len(woken) > 0 {
			w.t.Errorf("%d links were woken", len(woken))
		}
	})
}

func TestSave_states_and_work(t *testing.T) {
	eachWorld(t, func(w *world) {
		if action := w.action(w.user); action.Sync.Reason != crm.ReasonFollowerWithout {
			w.t.Errorf("without link: %+v", action.Sync)
		}
		link, other := w.link(w.user), w.link(w.peer)

		w.t.Log("changed: a unit is pushed, another field is not")
		action := w.action(w.user)
		w.bind(link, action)
		changed, err := w.Change(w.ctx(), w.user, action.ID, 1, edit(action, noticing))
		w.must(err)
		w.wantState(changed, crm.Synced, "")
		w.wantWork(action.ID, "", link)
		changed, err = w.Change(w.ctx(), w.user, action.ID, 2, edit(changed, renamed))
		w.must(err)
		w.wantState(changed, crm.Pending, "")
		w.wantWork(action.ID, "0:change", link)

		w.t.Log("dates cleared, and given again in the past: the event comes back")
		cleared, err := w.Change(w.ctx(), w.user, action.ID, 3, edit(changed, noDate))
		w.must(err)
		w.wantState(cleared, crm.NotSynced, crm.ReasonNoDate)
		w.wantWork(action.ID, "0:change", link)
		w.unbind(link, action)
		dated, err := w.Change(w.ctx(), w.user, action.ID, 4, edit(cleared, past))
		w.must(err)
		w.wantState(dated, crm.Pending, "")
		w.wantWork(action.ID, "0:merge", link)

		w.t.Log("deleted and restored")
		deleted, err := w.Delete(w.ctx(), w.user, action.ID, 5)
		w.must(err)
		w.wantState(deleted, crm.Pending, "")
		w.wantWork(action.ID, "0:merge", link)
		if view, err := w.Get(w.ctx(), w.user, action.ID); err != nil || !view.MayRestore || view.MayChange || view.MayDelete || view.WhyNot != CodeInTrash {
			w.t.Errorf("in the trash: %+v, %v", view, err)
		}
		w.unbind(link, action)
		restored, err := w.Restore(w.ctx(), w.user, action.ID)
		w.must(err)
		w.wantState(restored, crm.Pending, "")
		w.wantWork(action.ID, "0:merge", link)
		if again, err := w.Restore(w.ctx(), w.user, action.ID); err != nil || again.Version != restored.Version {
			w.t.Errorf("restored twice: version %d, %v; want %d", again.Version, err, restored.Version)
		}

		w.t.Log("one that never had an event and is past stays without")
		old := w.action(w.user, noDate)
		old, err = w.Change(w.ctx(), w.user, old.ID, 1, edit(old, past))
		w.must(err)
		w.wantState(old, crm.NotSynced, crm.ReasonPast)
		w.wantWork(old.ID, "", link)

		w.t.Log("reassigned from one calendar to the other")
		moving := w.action(w.peer)
		w.bind(other, moving)
		moved, err := w.Change(w.ctx(), w.peer, moving.ID, 1, edit(moving, func(in *ActionInput) { in.FollowedBy = w.user.User.ID }))
		w.must(err)
		w.wantState(moved, crm.Pending, "")
		w.wantWork(moving.ID, "0:bulk 1:bulk", link, other)
		left, err := w.Change(w.ctx(), w.peer, moving.ID, 2, edit(moved, nobody))
		w.must(err)
		w.wantState(left, crm.NotSynced, crm.ReasonNobodyFollows)
		w.wantWork(moving.ID, "0:bulk 1:bulk", link, other)
	})
}

// semantics 4: today is the day in the follower's time zone, whatever zone the action has.
func TestSave_asks_what_is_past_where_the_follower_is(t *testing.T) {
	w := oneWorld(t)
	link := w.link(w.user)
	w.clock.at = time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC) // the 24th in Brussels, the 23rd in New York
	for date, want := range map[string]crm.SyncName{"2026-11-23": crm.NotSynced, "2026-11-24": crm.Pending} {
		action := w.action(w.user, noDate)
		changed, err := w.Change(w.ctx(), w.user, action.ID, 1, edit(action, func(in *ActionInput) { in.StartDate, in.TimeZone = date, "America/New_York" }))
		w.must(err)
		if changed.Sync.Name != want {
			t.Errorf("%s: %+v, want %s", date, changed.Sync, want)
		}
		w.unbind(link, action)
	}
}

func TestChange_of_nothing_changes_nothing(t *testing.T) {
	w := oneWorld(t)
	w.link(w.user)
	action := w.action(w.user)
	same, err := w.Change(w.ctx(), w.user, action.ID, 1, InputOf(action))
	w.must(err)
	if same.Version != 1 || len(w.historyOf(action.ID)) != 1 || len(w.waker.taken()) != 0 {
		w.t.Errorf("version %d, %d rows of history", same.Version, len(w.historyOf(action.ID)))
	}
}

func TestChange_keeps_a_row_for_each_unit_and_field(t *testing.T) {
	w := oneWorld(t)
	action := w.action(w.user)
	_, err := w.Change(w.ctx(), w.user, action.ID, 1, edit(action, renamed, past, noticing, func(in *ActionInput) { in.Status = crm.ChoiceID{2, 2} }))
	w.must(err)
	got := map[string][2]string{}
	for _, change := range w.historyOf(action.ID) {
		if change.What == crm.Changed {
			got[change.Name] = [2]string{change.Before, change.After}
		}
	}
	want := map[string][2]string{
		"subject": {"Call", "Renamed"},
		"when":    {"2026-11-24 10:00 - - Europe/Brussels", "2026-11-01 10:00 - - Europe/Brussels"},
		"dossier": {"", "D1"},
		"status":  {crm.ChoiceID{2, 1}.String(), crm.ChoiceID{2, 2}.String()},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history differs (-want +got):\n%s", diff)
	}
}

// F44: two people edit one action; the second is told, and nothing is overwritten.
func TestChange_of_an_older_version_is_told_the_current_row(t *testing.T) {
	eachWorld(t, func(w *world) {
		action := w.action(w.user)
		first, err := w.Change(w.ctx(), w.user, action.ID, 1, edit(action, renamed))
		w.must(err)
		_, err = w.Change(w.ctx(), w.peer, action.ID, 1, edit(action, noticing))
		version, isVersion := errors.AsType[*VersionError](err)
		if !isVersion || !errors.Is(err, ErrVersion) || version.Version != 2 {
			w.t.Fatalf("got %v, want a VersionError of version 2", err)
		}
		if view := version.Current.(ActionView); view.Subject != "Renamed" || !view.MayChange {
			w.t.Errorf("the current row is %+v", view)
		}
		if _, err = w.Delete(w.ctx(), w.user, action.ID, 1); !errors.Is(err, ErrVersion) {
			w.t.Errorf("deleted an older version: %v", err)
		}
		w.alter(first, func(a *crm.Action) { a.Private = true })
		_, err = w.Change(w.ctx(), w.user, action.ID, 2, edit(first, noticing))
		if !errors.Is(err, ErrVersion) {
			w.t.Errorf("the follower got %v", err)
		}
		_, err = w.Change(w.ctx(), w.peer, action.ID, 2, edit(first, noticing))
		if refusal, isRefusal := errors.AsType[*Forbidden](err); !isRefusal || refusal.Code != CodePrivate {
			w.t.Errorf("private meanwhile: got %v, want refused without the row", err)
		}
	})
}

// B47: two requests race on one version; one wins, and nothing is half done.
func TestChange_race_on_one_version_has_one_winner(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		action := w.action(w.user)
		w.bind(link, action)
		var won, lost atomic.Int32
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				_, err := w.Change(w.ctx(), w.user, action.ID, 1, edit(action, func(in *ActionInput) { in.Subject = string(rune('a' + i)) }))
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, ErrVersion):
					lost.Add(1)
				default:
					w.t.Error(err)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 || lost.Load() != 7 {
			w.t.Errorf("%d won, %d were told; want 1, 7", won.Load(), lost.Load())
		}
		if rows := len(w.historyOf(action.ID)); rows != 2 {
			w.t.Errorf("%d rows of history, want 2", rows)
		}
	})
}

func TestSave_of_an_ended_context_leaves_nothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		action := w.action(w.user)
		w.bind(link, action)
		ctx, cancel := context.WithCancel(w.ctx())
		cancel()
		if _, err := w.Change(ctx, w.user, action.ID, 1, edit(action, renamed)); !errors.Is(err, context.Canceled) {
			w.t.Errorf("got %v", err)
		}
		w.wantWork(action.ID, "", link)
		if view, err := w.Get(w.ctx(), w.user, action.ID); err != nil || view.Version != 1 {
			w.t.Errorf("the action has version %d, %v", view.Version, err)
		}
	})
}

func TestSave_of_a_read_only_calendar(t *testing.T) {
	eachWorld(t, func(w *world) {
		in := w.linkInput(w.user)
		w.tester.put(in.Address, fakeCalendar{password: in.Password, found: []FoundCalendar{{Href: in.Address + "/cal/", ReadOnly: true}}})
		link, err := w.CreateLink(w.ctx(), w.admin, in)
		w.must(err)
		own := w.action(w.user)
		w.wantState(own, crm.NotSynced, crm.ReasonCalendarReadOnly)
		w.bind(link, own)
		event := w.alter(own, func(a *crm.Action) { a.Sync = crm.SyncState{Name: crm.ReadOnly} })
		for name, change := range map[string]func(*ActionInput){"subject": renamed, "when": noDate} {
			_, err := w.Change(w.ctx(), w.user, event.ID, event.Version, edit(event, change))
			if refusal, isRefusal := errors.AsType[*Forbidden](err); !isRefusal || refusal.Code != CodeCalendarReadOnly {
				w.t.Errorf("%s: got %v, want refused", name, err)
			}
		}
		if _, err := w.Delete(w.ctx(), w.user, event.ID, event.Version); !errors.Is(err, ErrForbidden) {
			w.t.Errorf("deleted: %v", err)
		}
		changed, err := w.Change(w.ctx(), w.user, event.ID, event.Version, edit(event, noticing))
		w.must(err)
		w.wantState(changed, crm.ReadOnly, "")
		view, err := w.Get(w.ctx(), w.user, event.ID)
		w.must(err)
		if !view.ReadOnlyUnits || view.MayDelete || !view.MayChange {
			w.t.Errorf("the view is %+v", view)
		}
	})
}

func TestSave_followed_up_action(t *testing.T) {
	eachWorld(t, func(w *world) {
		first := w.action(w.user)
		second := w.action(w.user, func(in *ActionInput) { in.FollowsUp = first.ID })
		third := w.action(w.user, func(in *ActionInput) { in.FollowsUp = second.ID })
		secret := w.alter(w.action(w.peer), func(a *crm.Action) { a.Private = true })
		for name, test := range map[string]struct {
			action crm.Action
			upon   crm.ActionID
			want   string
		}{
			"itself":                         {first, first.ID, CodeFollowsUpInCircle},
			"one that follows it up":         {first, third.ID, CodeFollowsUpInCircle},
			"one that is not there":          {first, crm.ActionID{9}, CodeFollowsUpUnknown},
			"one that the caller cannot see": {first, secret.ID, CodeFollowsUpUnknown},
		} {
			_, err := w.Change(w.ctx(), w.user, test.action.ID, 1, edit(test.action, func(in *ActionInput) { in.FollowsUp = test.upon }))
			if found, _ := errors.AsType[crm.Problems](err); len(found) != 1 || found[0].Code != test.want {
				w.t.Errorf("%s: got %v, want %s", name, err, test.want)
			}
		}
	})
}

func TestRestoreValue(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		action := w.action(w.user)
		w.bind(link, action)
		changed, err := w.Change(w.ctx(), w.user, action.ID, 1, edit(action, renamed, noticing))
		w.must(err)
		w.waker.taken()
		entries, err := w.History(w.ctx(), w.user, action.ID)
		w.must(err)
		for _, entry := range entries {
			switch {
			case entry.What == crm.Created && entry.Restorable:
				w.t.Error("the row of the creation can be restored")
			case entry.Name == "subject":
				if !entry.Restorable || entry.ActorName != "Follower" {
					w.t.Errorf("subject row %+v", entry)
				}
				changed, err = w.RestoreValue(w.ctx(), w.user, action.ID, entry.ID, 2)
				w.must(err)
			}
		}
		if changed.Subject != "Call" || changed.Dossier != "D1" || changed.Version != 3 {
			w.t.Errorf("restored %+v", changed)
		}
		w.wantWork(action.ID, "0:change", link)
		rows := w.historyOf(action.ID)
		if rows[0].Name != "subject" || rows[0].Before != "Renamed" || rows[0].After != "Call" {
			w.t.Errorf("newest row %+v", rows[0])
		}

		w.t.Log("the value that a conflict gave up, whatever the calendar put into it")
		conflict := crm.Change{
			ID: crm.NewID[crm.Change](w.IDs), Action: action.ID, At: w.clock.now(), Actor: crm.Actor{Kind: crm.ActorLink, Link: link.ID}, What: crm.Conflict,
			Name: "description", Before: "from the calendar\x07" + strings.Repeat("x", maxDescription), Reason: reconcile.ReasonEventChanged, Winner: crm.SideCRM,
		}
		w.writeRows(func(tx *store.Tx) error { return tx.AppendHistory([]crm.Change{conflict}) })
		restored, err := w.RestoreValue(w.ctx(), w.user, action.ID, conflict.ID, 3)
		w.must(err)
		if restored.Description != conflict.Before {
			w.t.Errorf("restored %d characters, want %d", len(restored.Description), len(conflict.Before))
		}

		w.t.Log("not one of another action, and not over a newer version")
		if _, err := w.RestoreValue(w.ctx(), w.user, w.action(w.user).ID, conflict.ID, 1); !errors.Is(err, ErrNotFound) {
			w.t.Errorf("of another action: %v", err)
		}
		if _, err := w.RestoreValue(w.ctx(), w.user, action.ID, conflict.ID, 3); !errors.Is(err, ErrVersion) {
			w.t.Errorf("over a newer version: %v", err)
		}
	})
}

func TestRestoreValue_of_a_follower_who_left_is_refused(t *testing.T) {
	w := oneWorld(t)
	action := w.action(w.third)
	changed, err := w.Change(w.ctx(), w.peer, action.ID, 1, edit(action, ofPeer))
	w.must(err)
	in := UserInputOf(w.third.User)
	in.Active = false
	_, err = w.ChangeUser(w.ctx(), w.admin, w.third.User.ID, 1, in)
	w.must(err)
	_, err = w.RestoreValue(w.ctx(), w.peer, action.ID, w.historyOf(action.ID)[0].ID, changed.Version)
	if found, _ := errors.AsType[crm.Problems](err); len(found) != 1 || found[0].Code != CodeInactiveUser {
		t.Errorf("got %v, want %s", err, CodeInactiveUser)
	}
}

func TestHistory_shows_names_and_no_private_subjects(t *testing.T) {
	w := oneWorld(t)
	secret := w.alter(w.action(w.user, renamed), func(a *crm.Action) { a.Private = true })
	action := w.action(w.user)
	_, err := w.Change(w.ctx(), w.user, action.ID, 1, edit(action, func(in *ActionInput) { in.FollowsUp, in.Status = secret.ID, crm.ChoiceID{2, 2} }))
	w.must(err)
	for caller, want := range map[*Caller]string{&w.user: "Renamed", &w.peer: ""} {
		entries, err := w.History(w.ctx(), *caller, action.ID)
		w.must(err)
		for _, entry := range entries {
			if entry.Name == "follows_up" && entry.AfterShown != want {
				t.Errorf("%s sees %q of the action followed up, want %q", caller.User.Name, entry.AfterShown, want)
			}
			if entry.Name == "status" && (entry.BeforeShown != "status 0" || entry.AfterShown != "status 1") {
				t.Errorf("status: %q to %q", entry.BeforeShown, entry.AfterShown)
			}
		}
	}
}
