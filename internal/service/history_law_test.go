package service

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Laws over random edits of one action, with runs that carry out some of the work in between:
//
//   - no value is lost: the rows of history of a field form a chain from its first value to the one in force;
//   - no work is lost: where the calendar does not hold what the action says, an outbox entry waits;
//   - the version rises with each change, and a refused one leaves everything as it was.
func TestSave_laws(t *testing.T) {
	w := oneWorld(t)
	links := map[crm.UserID]crm.Link{w.user.User.ID: w.link(w.user), w.peer.User.ID: w.link(w.peer)}
	callers := []Caller{w.peer, w.user, w.stranger}
	rapid.Check(t, func(t *rapid.T) {
		action := w.action(w.peer, ofPeer)
		first, agreed := action, map[crm.LinkID]crm.Units{}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			caller := rapid.SampledFrom(callers).Draw(t, "caller")
			before := action
			after, err := action, error(nil)
			switch step := rapid.SampledFrom([]string{"change", "change", "change", "delete", "restore", "restore value", "stale", "run"}).Draw(t, "step"); step {
			case "change":
				after, err = w.Change(w.ctx(), caller, action.ID, action.Version, drawEdit(t, action))
			case "delete":
				after, err = w.Delete(w.ctx(), caller, action.ID, action.Version)
			case "restore":
				after, err = w.Restore(w.ctx(), caller, action.ID)
			case "restore value":
				rows := w.historyOf(action.ID)
				after, err = w.RestoreValue(w.ctx(), caller, action.ID, rapid.SampledFrom(rows).Draw(t, "row").ID, action.Version)
			case "stale":
				after, err = w.Change(w.ctx(), caller, action.ID, action.Version-1, drawEdit(t, action))
				if err == nil {
					t.Fatalf("an older version was saved")
				}
			case "run":
				for _, link := range links {
					w.carryOut(link, action, agreed)
				}
			}
			var refused *Forbidden
			if err != nil && !errors.As(err, &refused) && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrVersion) && !isProblem(err) {
				t.Fatal(err)
			}
			if err == nil {
				action = after
			}
			stored := w.stored(action.ID)
			stored.Sync, action.Sync = crm.SyncState{}, crm.SyncState{} // a run changes the state without a version
			if diff := cmp.Diff(stored, action, cmp.AllowUnexported(crm.Clock{})); diff != "" {
				t.Fatalf("stored is not what was answered (-stored +answer):\n%s", diff)
			}
			if rise := action.Version - before.Version; rise != 0 && rise != 1 || rise == 0 && len(differing(before, action)) > 0 {
				t.Fatalf("the version went from %d to %d", before.Version, action.Version)
			}
			for _, link := range links {
				if text := w.missingWork(link, action, agreed); text != "" {
					t.Fatal(text)
				}
			}
		}
		for _, f := range fields {
			if text := brokenChain(f, first, action, w.historyOf(action.ID)); text != "" {
				t.Fatal(text)
			}
		}
	})
}

func isProblem(err error) bool { _, is := errors.AsType[crm.Problems](err); return is }

// drawEdit changes some fields; some edits make no sense and are refused.
func drawEdit(t *rapid.T, action crm.Action) ActionInput {
	in := InputOf(action)
	value := rapid.StringMatching(`[a-z]{1,3}`)
	for range rapid.IntRange(1, 3).Draw(t, "fields") {
		switch rapid.IntRange(0, 8).Draw(t, "field") {
		case 0:
			in.Subject = value.Draw(t, "subject")
		case 1:
			in.Description = value.Draw(t, "description")
		case 2:
			in.StartDate, in.StartTime, in.EndTime = "", "", ""
		case 3:
			in.StartDate = fmt.Sprintf("2026-11-%02d", rapid.IntRange(1, 30).Draw(t, "day"))
		case 4:
			in.StartTime = rapid.SampledFrom([]string{"", "09:00", "10:30"}).Draw(t, "time")
		case 5:
			in.FollowedBy = rapid.SampledFrom([]crm.UserID{{}, follower.ID, colleague.ID, third.ID}).Draw(t, "follower")
		case 6:
			in.ThirdParty = value.Draw(t, "third party")
		case 7:
			in.Status = crm.ChoiceID{2, byte(rapid.IntRange(1, 3).Draw(t, "status"))}
		case 8:
			in.Documents = []crm.Document{{URL: "https://" + value.Draw(t, "document") + ".example"}}
		}
	}
	return in
}

func (w *world) stored(id crm.ActionID) crm.Action {
	w.t.Helper()
	var action crm.Action
	w.rows(func(tx *store.Tx) (err error) { action, err = tx.Action(id); return err })
	return action
}

// wanted says whether the calendar of a link is to hold the action.
func wanted(link crm.Link, action crm.Action) bool {
	return !action.Deleted() && action.When.HasDate() && action.FollowedBy == link.User
}

// carryOut does with an entry what a run would, when there is one.
func (w *world) carryOut(link crm.Link, action crm.Action, agreed map[crm.LinkID]crm.Units) {
	w.t.Helper()
	if w.outbox(action.ID, link) == "" {
		return
	}
	if _, bound := agreed[link.ID]; bound {
		w.unbind(link, action)
		delete(agreed, link.ID)
	}
	if wanted(link, action) {
		w.bind(link, action)
		agreed[link.ID] = action.Units
	}
	w.writeRows(func(tx *store.Tx) error { return tx.DropOutbox(link.ID, action.ID) })
}

// missingWork says what is wrong when a calendar is not as the action says and nothing is going to change it.
func (w *world) missingWork(link crm.Link, action crm.Action, agreed map[crm.LinkID]crm.Units) string {
	units, bound := agreed[link.ID]
	inStep := bound == wanted(link, action) && (!bound || units.Equal(action.Units))
	if bound && !inStep && w.outbox(action.ID, link) == "" {
		return fmt.Sprintf("the event of %s in the calendar of %s is not what the action says, and no work waits", action.When, link.Username)
	}
	return ""
}

// brokenChain says where the rows of a field do not lead from its first value to the one in force.
func brokenChain(f field, first, last crm.Action, rows []crm.Change) string {
	value := f.text(first)
	for _, row := range slices.Backward(rows) {
		if row.Name != f.name {
			continue
		}
		if row.Before != value {
			return fmt.Sprintf("%s was %q, history says %q", f.name, value, row.Before)
		}
		value = row.After
	}
	if value != f.text(last) {
		return fmt.Sprintf("%s is %q, history ends with %q", f.name, f.text(last), value)
	}
	return ""
}
