package sandbox

import (
	"fmt"
	"maps"
	"slices"
)

// Snapshot is the whole state of a server at one time: a backup. It never changes.
type Snapshot struct{ state *state }

// Snapshot takes a backup.
func (s *Server) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Snapshot{s.state.clone()}
}

// Restore puts a backup in place of the state: what was written since is gone, and tokens and ETags given since are of a future
// that the server does not know. The log of writes stays: it is the judge's, not the server's.
func (s *Server) Restore(snapshot Snapshot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(record{State: snapshot.state.clone()})
}

// ForgetTokens makes every sync token that was given for a calendar so far an old one, as a server does that keeps its history
// for some days only. What comes of an old token is a manner (TokenManner.Unknown).
func (s *Server) ForgetTokens(user, calendar string) error {
	return s.onCalendar(user, calendar, "forget tokens", func(c *calendarRef) error {
		return s.keep(record{Prune: c.ID})
	})
}

// Empty removes every member of a calendar, as one client's doing: tombstones are left, the log has a write for each.
func (s *Server) Empty(user, calendar string) error {
	return s.onCalendar(user, calendar, "empty", func(c *calendarRef) error {
		for _, o := range c.living() {
			if _, err := s.remove(c, o, Write{By: ByHuman, User: user, Agent: "emptied", Method: "DELETE", Status: 204, Delivered: true}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Remake puts a new, empty calendar in the place of one: the same path, another collection that knows nothing of the first's
// tokens, as when somebody deleted and made it again.
func (s *Server) Remake(user, calendar string) error {
	return s.onCalendar(user, calendar, "remake", func(c *calendarRef) error {
		info := c.about
		if err := s.keep(record{Drop: c.ID}); err != nil {
			return err
		}
		info.ID = ""
		return s.keep(record{About: &info})
	})
}

// Swap exchanges two calendars of one user: behind each one's path is the other.
func (s *Server) Swap(user, one, other string) error {
	return s.onCalendar(user, one, "swap", func(first *calendarRef) error {
		second, b := s.state.find(user, other)
		if second == nil {
			return fmt.Errorf("swap with %s of %s: %w", other, user, ErrNoCalendar)
		}
		if err := s.keep(record{Bind: &bound{user, one, b}}); err != nil {
			return err
		}
		return s.keep(record{Bind: &bound{user, other, first.binding}})
	})
}

// Drop deletes a calendar with all that is in it.
func (s *Server) Drop(user, calendar string) error {
	return s.onCalendar(user, calendar, "drop", func(c *calendarRef) error { return s.keep(record{Drop: c.ID}) })
}

// Trash makes a calendar one that still answers but is none any more, as Nextcloud does with a deleted one; false undoes it.
func (s *Server) Trash(user, calendar string, trashed bool) error {
	return s.onCalendar(user, calendar, "trash", func(c *calendarRef) error {
		info := c.about
		info.Trashed = trashed
		return s.keep(record{About: &info, Touch: true, At: s.now().UTC()})
	})
}

// PurgeTrash forgets what was deleted from a calendar, as the server does after some weeks (Manners.TrashKeepsUID).
func (s *Server) PurgeTrash(user, calendar string) error {
	return s.onCalendar(user, calendar, "purge trash of", func(c *calendarRef) error { return s.keep(record{Purge: c.ID}) })
}

// calendarRef is a calendar as one user reached it.
type calendarRef struct {
	*calendar
	binding
}

func (s *Server) onCalendar(user, calendar, what string, do func(*calendarRef) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, b := s.state.find(user, calendar)
	if c == nil {
		return fmt.Errorf("%s calendar %s of %s: %w", what, calendar, user, ErrNoCalendar)
	}
	return do(&calendarRef{c, b})
}

func (s *state) clone() *state {
	copied := &state{Users: maps.Clone(s.Users), Calendars: map[string]*calendar{}, Homes: map[string]homes{}, Made: s.Made}
	for id, c := range s.Calendars {
		twin := *c
		twin.Components, twin.Properties = slices.Clone(c.Components), maps.Clone(c.Properties)
		twin.Trash, twin.Trashes = maps.Clone(c.Trash), maps.Clone(c.Trashes)
		twin.Changes, twin.Members = slices.Clone(c.Changes), c.living()
		twin.index()
		copied.Calendars[id] = &twin
	}
	for user, home := range s.Homes {
		copied.Homes[user] = maps.Clone(home)
	}
	return copied
}
