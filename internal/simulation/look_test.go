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
	bound := map[crm.ActionID]store.Resource{}
	must(w.store.Read(w.ctx, func(tx *store.Tx) (err error) {
		if actions, err = tx.Actions(ids); err != nil {
			return err
		}
		for _, id := range ids {
			bindings, err := tx.BindingsOfAction(id)
			if err != nil {
				return err
			}
			for _, binding := range bindings {
				if before, has := bound[id]; !has || before.State != store.ResourceLive {
					bound[id] = binding.Bound
				}
			}
		}
		return nil
	}))
	slices.SortFunc(actions, func(a, b crm.Action) int { return slices.Compare(a.ID[:], b.ID[:]) })
	for _, now := range actions {
		id := now.ID
		w.remember(id, bound[id])
		before, known := w.known[id]
		commit := oracle.Commit{
			ByEngine: true, Action: id.String(), Kind: oracle.Change, Follower: w.login(now.FollowedBy),
			Before: unitsOf(before.action.Units), Values: unitsOf(now.Units), Href: before.href, UID: before.uid,
		}
		switch {
		case !known:
			w.order = append(w.order, id)
			commit.Kind, commit.Before = oracle.Create, oracle.Units{}
			w.note(commit)
		case now.Deleted() && !before.action.Deleted():
			commit.Kind = oracle.Trash
			w.note(commit)
		case now.Sync.Reason == crm.ReasonEventDeleted && before.action.Sync.Reason != crm.ReasonEventDeleted && before.href != "":
			commit.Kind = oracle.Detach
			w.note(commit)
		case !now.Units.Equal(before.action.Units):
			w.note(commit)
		}
		before = w.known[id]
		before.action = now
		w.known[id] = before
		w.remember(id, bound[id])
	}
}

func (w *world) note(c oracle.Commit) {
	c.After, c.At = len(w.server.Writes(1)), w.clock.at
	w.commits = append(w.commits, c)
	if c.ByEngine {
		w.tell("  so %s of %q by the engine: %s", c.Kind, c.Before.Subject, showUnits(c.Values))
	}
}

// remember keeps where the event of an action is, or was at last.
func (w *world) remember(id crm.ActionID, resource store.Resource) {
	if resource.Href == "" {
		return
	}
	found, known := w.known[id]
	if !known {
		return
	}
	href, err := url.Parse(string(resource.Href))
	must(err)
	found.href, found.uid = href.Path, resource.UID
	w.known[id] = found
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
