package witness

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/store"
)

// Story is a history while it happens: what people did in the CRM, as they say it themselves, and what the engine did there, as
// the histories of the actions tell. What it has once read it keeps, also when the database is put back to an earlier state.
type Story struct {
	Witness *Witness
	Links   []oracle.Link // Calendar is a path
	// Phones look at the calendars at the end, one for each link.
	Phones []*Phone
	// Unheard are numbers of writes whose answer reached no database, because the program was killed.
	Unheard map[int]bool
	// Read is a resource as a person is shown it, where the server keeps another form (HTML, at Google). nil: as it is.
	Read func(text string) string

	people []oracle.Commit
	engine map[crm.ChangeID]oracle.Commit
	writes []oracle.Write                   // as they were when the database was last looked at
	uids   map[string]map[crm.ActionID]bool // by calendar path and UID: the actions that it was known for
}

// Typed notes what a person did in the CRM. Its After and At are the caller's: as they were before the request was sent.
func (s *Story) Typed(commit oracle.Commit) { s.people = append(s.people, commit) }

// Look reads from the database what the engine did.
func (s *Story) Look(ctx context.Context, db *store.Store) ([]oracle.Action, error) {
	if s.engine == nil {
		s.engine, s.uids = map[crm.ChangeID]oracle.Commit{}, map[string]map[crm.ActionID]bool{}
	}
	s.writes = s.Witness.Writes()
	var actions []oracle.Action
	err := db.Read(ctx, func(tx *store.Tx) error {
		actions = nil
		users, err := tx.Users()
		if err != nil {
			return err
		}
		logins := map[crm.UserID]string{}
		for _, user := range users {
			logins[user.ID] = user.Login
		}
		if err := s.learn(tx); err != nil {
			return err
		}
		for _, user := range users {
			for _, trash := range []bool{false, true} {
				found, err := tx.Search(store.Query{Viewer: user.ID, FollowedBy: []crm.UserID{user.ID}, Trash: trash}, store.Page{Limit: 5000})
				if err != nil {
					return err
				}
				for _, row := range found.Actions {
					action, err := s.action(tx, row.ID, logins)
					if err != nil {
						return err
					}
					actions = append(actions, action)
				}
			}
		}
		return nil
	})
	return actions, err
}

// learn keeps which actions the UIDs of the calendars were known for.
func (s *Story) learn(tx *store.Tx) error {
	links, err := tx.Links()
	if err != nil {
		return err
	}
	for _, link := range links {
		calendar, err := url.Parse(link.CalendarHref)
		if err != nil {
			return err
		}
		var uids []string
		for _, write := range s.writes {
			if write.Calendar != calendar.Path {
				continue
			}
			uids = append(uids, Value(write.Sent+write.Before, "UID"))
		}
		slices.Sort(uids)
		known, err := tx.ActionsOfUIDs(link.CalendarHref, slices.Compact(uids))
		if err != nil {
			return err
		}
		for uid, action := range known {
			key := calendar.Path + "\x00" + uid
			if s.uids[key] == nil {
				s.uids[key] = map[crm.ActionID]bool{}
			}
			s.uids[key][action] = true
		}
	}
	return nil
}

// action is one action with its history; what the engine did in it is noted.
func (s *Story) action(tx *store.Tx, id crm.ActionID, logins map[crm.UserID]string) (oracle.Action, error) {
	now, err := tx.Action(id)
	if err != nil {
		return oracle.Action{}, err
	}
	action := oracle.Action{
		ID: id.String(), Follower: logins[now.FollowedBy], Trashed: now.Deleted(), Held: now.Sync.Name == crm.Held,
		Synced: now.Sync.Name != crm.NotSynced && !now.Deleted(), Values: UnitsOf(now.Units),
	}
	changes, err := tx.History(id, store.HistoryCursor{}, 1000)
	if err != nil {
		return action, err
	}
	for _, change := range changes {
		entry := oracle.Entry{
			Unit: oracle.Unit(change.Name), Conflict: change.What == crm.Conflict, Reason: string(change.Reason),
			Deletion: change.Reason == "edit_beats_delete" || change.Reason == "event_returned" || change.What == crm.Noticed && change.Reason == crm.ReasonEventDeleted,
		}
		commit := oracle.Commit{At: change.At, ByEngine: true, Action: action.ID, Follower: action.Follower}
		if unit := crm.Unit(change.Name); unit == crm.UnitSubject || unit == crm.UnitDescription || unit == crm.UnitWhen {
			before, err := crm.ParseHistory(unit, change.Before, crm.Units{})
			if err != nil {
				return action, fmt.Errorf("history of %s: %w", id, err)
			}
			after, err := crm.ParseHistory(unit, change.After, crm.Units{})
			if err != nil {
				return action, fmt.Errorf("history of %s: %w", id, err)
			}
			entry.Before, entry.After = UnitsOf(before), UnitsOf(after)
			commit.Kind, commit.Before, commit.Values = oracle.Change, entry.Before, entry.After
		}
		action.History = append(action.History, entry)
		switch {
		case change.Actor.Kind == crm.ActorUser:
			continue
		case change.What == crm.Created:
			commit.Kind, commit.Values = oracle.Create, action.Values
		case change.What == crm.Deleted:
			commit.Kind = oracle.Trash
		case change.What == crm.Noticed && change.Reason == crm.ReasonEventDeleted:
			commit.Kind = oracle.Detach
		case change.What != crm.Changed || commit.Kind == "":
			continue
		}
		if _, known := s.engine[change.ID]; known {
			continue
		}
		if change.Actor.Kind == crm.ActorLink { // the follower then, who may be another now
			link, err := tx.Link(change.Actor.Link)
			if err != nil {
				return action, err
			}
			commit.Follower = logins[link.User]
		}
		commit.After = s.lastBefore(change.At)
		if commit.Kind == oracle.Trash || commit.Kind == oracle.Detach {
			commit.Href, commit.UID = s.eventOf(id, commit.After)
		}
		s.engine[change.ID] = commit
	}
	return action, nil
}

// lastBefore is the number of the last write that had begun at an instant.
func (s *Story) lastBefore(at time.Time) int {
	last := 0
	for _, write := range s.writes {
		if !write.At.After(at) {
			last = max(last, write.Number)
		}
	}
	return last
}

// eventOf is the event that an action had when the engine took it off the screens: of those it ever had, one that was not there
// any more, else the one written last.
func (s *Story) eventOf(id crm.ActionID, number int) (href, uid string) {
	type state struct {
		uid   string
		there bool
		last  int
	}
	states := map[string]*state{}
	resets := s.Witness.Resets()
	for _, write := range s.writes {
		if write.Number > number {
			break
		}
		its := Value(write.Sent+write.Before, "UID")
		if s.uids[write.Calendar+"\x00"+its][id] {
			states[write.Href] = &state{its, write.After != "", write.Number}
		}
	}
	for _, reset := range resets {
		for path, its := range states {
			if reset.After <= number && reset.After >= its.last {
				its.there = slices.ContainsFunc(reset.Resources, func(r oracle.Resource) bool { return r.Href == path })
			}
		}
	}
	best := (*state)(nil)
	for path, its := range states {
		if best == nil || best.there && !its.there || best.there == its.there && its.last > best.last {
			best, href, uid = its, path, its.uid
		}
	}
	return href, uid
}

// History is all of it, for the judge. The calendars are read as they are now.
func (s *Story) History(ctx context.Context, db *store.Store) (oracle.History, error) {
	actions, err := s.Look(ctx, db)
	if err != nil {
		return oracle.History{}, err
	}
	h := oracle.History{
		Links: s.Links, Resets: s.Witness.Resets(), Actions: actions, DefaultDurations: []time.Duration{30 * time.Minute},
		SetAside: map[string]bool{}, Resources: []oracle.Resource{},
	}
	var calendars []string
	for _, phone := range s.Phones {
		calendars = append(calendars, phone.Calendar)
		resources, err := phone.Resources(ctx)
		if err != nil {
			return h, err
		}
		h.Resources = append(h.Resources, resources...)
	}
	h.Writes = s.Witness.Writes(calendars...)
	for i := range h.Writes {
		h.Writes[i].Delivered = h.Writes[i].Delivered && !s.Unheard[h.Writes[i].Number]
	}
	if s.Read != nil {
		for i := range h.Writes {
			write := &h.Writes[i]
			write.Sent, write.Before, write.After = s.Read(write.Sent), s.Read(write.Before), s.Read(write.After)
		}
		for i := range h.Resources {
			h.Resources[i].Body = s.Read(h.Resources[i].Body)
		}
	}
	h.Commits = slices.Clone(s.people)
	for _, commit := range s.engine {
		h.Commits = append(h.Commits, commit)
	}
	slices.SortStableFunc(h.Commits, func(a, b oracle.Commit) int {
		return cmp.Or(cmp.Compare(a.After, b.After), a.At.Compare(b.At))
	})
	return h, nil
}

// UnitsOf are an action's units as the judge has them.
func UnitsOf(u crm.Units) oracle.Units {
	when := oracle.When{Zone: u.When.Zone}
	for _, field := range []struct {
		there bool
		to    *string
		text  string
	}{
		{!u.When.StartDate.IsZero(), &when.StartDate, u.When.StartDate.String()}, {!u.When.StartTime.IsZero(), &when.StartTime, u.When.StartTime.String()},
		{!u.When.EndDate.IsZero(), &when.EndDate, u.When.EndDate.String()}, {!u.When.EndTime.IsZero(), &when.EndTime, u.When.EndTime.String()},
	} {
		if field.there {
			*field.to = field.text
		}
	}
	return oracle.Units{Subject: u.Subject, Description: u.Description, When: when}
}

// Did reports whether a person is known to have done something to an action since an instant.
func (s *Story) Did(action string, kind oracle.Kind, since time.Time) bool {
	return slices.ContainsFunc(s.people, func(c oracle.Commit) bool { return c.Action == action && c.Kind == kind && !c.At.Before(since) })
}
