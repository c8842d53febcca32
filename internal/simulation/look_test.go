package simulation

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/store"
)

// look notes what engines did to actions since the last look. It is asked after each of their commits, so that the judge
// learns how many writes the calendars had by then. The store announces which actions changed.
func (w *world) look() {
	payloads, missed := w.changed.Take()
	if missed {
		panic(broken{errors.New("announcements were missed")})
	}
	if len(payloads) == 0 {
		return
	}
	var ids []crm.ActionID
	for _, text := range strings.Split(strings.Join(payloads, ","), ",") {
		id, err := crm.ParseID[crm.Action](text)
		must(err)
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b crm.ActionID) int { return slices.Compare(a[:], b[:]) })
	var actions []crm.Action
	shown := map[crm.ActionID][]place{}
	must(w.store.Read(w.ctx, func(tx *store.Tx) (err error) {
		clear(shown)
		if actions, err = tx.Actions(ids); err != nil {
			return err
		}
		for _, id := range ids {
			bindings, err := tx.BindingsOfAction(id)
			if err != nil {
				return err
			}
			for _, binding := range bindings {
				if binding.Bound.State == store.ResourceGone {
					continue
				}
				href, err := url.Parse(string(binding.Bound.Href))
				if err != nil {
					return err
				}
				shown[id] = append(shown[id], place{href.Path, binding.Bound.UID, w.linkName(binding.Bound.Link)})
			}
		}
		return nil
	}))
	slices.SortFunc(actions, func(a, b crm.Action) int { return slices.Compare(a.ID[:], b.ID[:]) })
	for _, now := range actions {
		id := now.ID
		before, known := w.known[id]
		was := before.left(shown[id], w.login(before.action.FollowedBy))
		commit := oracle.Commit{
			ByEngine: true, Action: id.String(), Kind: oracle.Change, Follower: w.login(now.FollowedBy),
			Before: unitsOf(before.action.Units), Values: unitsOf(now.Units), Href: was.href, UID: was.uid,
		}
		switch {
		case !known:
			w.order = append(w.order, id)
			commit.Kind, commit.Before = oracle.Create, oracle.Units{}
			w.note(commit)
		case now.Deleted() && !before.action.Deleted():
			commit.Kind = oracle.Trash
			w.note(commit)
		case now.Sync.Reason == crm.ReasonEventDeleted && before.action.Sync.Reason != crm.ReasonEventDeleted && was.href != "":
			commit.Kind = oracle.Detach
			w.note(commit)
		case !now.Units.Equal(before.action.Units):
			w.note(commit)
		}
		w.known[id] = seen{now, shown[id]}
	}
}

func (w *world) note(c oracle.Commit) {
	c.After, c.At = w.server.Written(), w.clock.at
	w.commits = append(w.commits, c)
	if c.ByEngine {
		w.tell("  so %s of %q by the engine: %s", c.Kind, c.Before.Subject, showUnits(c.Values))
	}
}

// place is where the event of an action is, as the engine knows it.
type place struct{ href, uid, user string }

// left is the place that an action's event has left since, of several the one in its follower's calendar; where it has left none,
// one of those it was at.
func (s seen) left(now []place, follower string) place {
	var found, any place
	for _, was := range s.places {
		any = was
		if !slices.Contains(now, was) && (found.href == "" || was.user == follower) {
			found = was
		}
	}
	if found.href == "" {
		return any
	}
	return found
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

func showUnits(u oracle.Units) string {
	return u.Subject + " | " + u.Description + " | " + u.When.StartDate + " " + u.When.StartTime + " - " + u.When.EndDate + " " + u.When.EndTime
}
