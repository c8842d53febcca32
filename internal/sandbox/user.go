package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// User is somebody with calendars on the server.
type User struct {
	Name        string   `json:"name"` // for signing in, and in paths
	Password    string   `json:"password"`
	DisplayName string   `json:"display_name"`
	Addresses   []string `json:"addresses"` // e-mail addresses, without mailto:
}

// Calendar is what a calendar collection is set to.
type Calendar struct {
	Owner       string
	Name        string // last segment of its path
	DisplayName string
	Color       string   // "#RRGGBB" or "#RRGGBBAA", "" for none
	Components  []string // nil: those of Manners.Components
}

// Access is what a user may do with a calendar.
type Access string

// The kinds of access.
const (
	NoAccess Access = ""
	Reads    Access = "read"
	Writes   Access = "read-write"
	Owns     Access = "owner"
)

// Errors of the methods that set up a server.
var (
	ErrNoUser     = errors.New("no such user")
	ErrNoCalendar = errors.New("no such calendar")
	ErrName       = errors.New("a name must not be empty or hold a slash or control characters")
)

// SetUser adds a user, or changes the one of that name.
func (s *Server) SetUser(user User) error {
	if !goodName(user.Name) {
		return fmt.Errorf("set user %q: %w", user.Name, ErrName)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(record{User: &user})
}

// Users are the users, by name.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	var users []User
	for _, user := range s.state.Users {
		users = append(users, *user)
	}
	slices.SortFunc(users, func(a, b User) int { return strings.Compare(a.Name, b.Name) })
	return users
}

// SetCalendar adds a calendar to its owner's home, or changes the one of that name.
func (s *Server) SetCalendar(calendar Calendar) error {
	if !goodName(calendar.Name) {
		return fmt.Errorf("set calendar %q: %w", calendar.Name, ErrName)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Users[calendar.Owner] == nil {
		return fmt.Errorf("set calendar of %q: %w", calendar.Owner, ErrNoUser)
	}
	info := about{Owner: calendar.Owner, Name: calendar.Name, Properties: map[string]string{}}
	if known, b := s.state.find(calendar.Owner, calendar.Name); known != nil {
		if b.Access != Owns {
			return fmt.Errorf("set calendar %s of %s: it is shared by %s", calendar.Name, calendar.Owner, known.Owner)
		}
		info = known.about
	}
	info.DisplayName, info.Color, info.Components = calendar.DisplayName, calendar.Color, calendar.Components
	if info.Components == nil {
		info.Components = s.defaultComponents()
	}
	return s.keep(record{About: &info})
}

// Share lets a user reach an owner's calendar, under a name of the user's own home; NoAccess ends it.
func (s *Server) Share(owner, calendar, user, as string, access Access) error {
	if !goodName(as) {
		return fmt.Errorf("share calendar as %q: %w", as, ErrName)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _ := s.state.find(owner, calendar)
	if c == nil {
		return fmt.Errorf("share calendar %s of %s: %w", calendar, owner, ErrNoCalendar)
	}
	if s.state.Users[user] == nil {
		return fmt.Errorf("share calendar with %q: %w", user, ErrNoUser)
	}
	return s.keep(record{Bind: &bound{User: user, Name: as, binding: binding{Calendar: c.ID, Access: access}}})
}

// Grant changes what a user, the owner included, may do with a calendar of the user's home: a right is withdrawn or given back.
func (s *Server) Grant(user, calendar string, access Access) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _ := s.state.find(user, calendar)
	if c == nil {
		return fmt.Errorf("grant calendar %s to %s: %w", calendar, user, ErrNoCalendar)
	}
	return s.keep(record{Bind: &bound{User: user, Name: calendar, binding: binding{Calendar: c.ID, Access: access}}})
}

// CalendarPath is the path of a calendar as a user reaches it, with its slash.
func (s *Server) CalendarPath(user, calendar string) string {
	return s.Manners().Layout.calendar(user, calendar)
}

// PrincipalPath is the path of a user's principal.
func (s *Server) PrincipalPath(user string) string { return s.Manners().Layout.principal(user) }

// HomePath is the path of a user's home set.
func (s *Server) HomePath(user string) string { return s.Manners().Layout.home(user) }

// goodName refuses what could not be one segment of a path.
func goodName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsFunc(name, func(r rune) bool { return r == '/' || r < ' ' || r == 0x7f })
}

func (s *Server) defaultComponents() []string {
	if s.manners.Components != nil {
		return slices.Clone(s.manners.Components)
	}
	return []string{"VEVENT", "VTODO"}
}
