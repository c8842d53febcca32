package sandbox

import (
	"net/url"
	"slices"
	"strings"
)

type kind int

const (
	kindNothing kind = iota
	kindRoot
	kindPrincipal
	kindHome
	kindExtra // inbox, outbox
	kindCalendar
	kindMember
)

// target is what a path names. It may name what is not there: a calendar without ref, a member without object.
type target struct {
	kind      kind
	principal bool // a home that is the principal as well
	user      string
	calendar  string // name within the user's home
	ref       *calendarRef
	name      string // of a member, decoded
	segment   string // the same as it was asked
	object    *object
	slashless bool // a collection asked without its slash
	extra     string
}

// resolve finds what an escaped path names for somebody.
func (s *Server) resolve(escaped, asker string) target {
	layout := s.manners.Layout
	segments, slash, ok := split(escaped)
	if !ok {
		return target{}
	}
	t := target{slashless: !slash}
	last := len(segments) - 1
	if last >= 0 && !slash {
		if user, calendar, ok := match(layout.Calendar, segments[:last]); ok {
			t = target{kind: kindMember, user: user, calendar: calendar, segment: segments[last]}
			t.name, _ = url.PathUnescape(segments[last])
			s.fill(&t, asker)
			if t.ref != nil || !s.isCollection(segments, asker) {
				return t
			}
			t = target{slashless: true}
		}
	}
	if user, calendar, ok := match(layout.Calendar, segments); ok && !s.isExtra(user, calendar) {
		t.kind, t.user, t.calendar = kindCalendar, user, calendar
		s.fill(&t, asker)
		return t
	}
	if user, _, ok := match(layout.Principal, segments); ok {
		t.kind, t.user, t.principal = kindPrincipal, user, true
		if layout.Principal == layout.Home {
			t.kind = kindHome
		}
		return t
	}
	if user, _, ok := match(layout.Home, segments); ok {
		t.kind, t.user = kindHome, user
		return t
	}
	if len(segments) > 0 {
		if user, _, ok := match(layout.Home, segments[:last]); ok && s.isExtra(user, segments[last]) {
			t.kind, t.user, t.extra = kindExtra, user, segments[last]
			return t
		}
	}
	root, _, _ := split(layout.Root)
	if len(segments) >= len(root) && (isAbove(layout.Principal, segments) || isAbove(layout.Home, segments)) {
		t.kind = kindRoot
	}
	return t
}

// isAbove reports whether segments lead to a template without reaching anything of its own.
func isAbove(template string, segments []string) bool {
	parts, _, _ := split(template)
	if len(segments) >= len(parts) {
		return false
	}
	for i, segment := range segments {
		if parts[i] != segment {
			return false
		}
	}
	return true
}

// isCollection tells a calendar asked without its slash from a member of what lies above it.
func (s *Server) isCollection(segments []string, asker string) bool {
	for _, template := range []string{s.manners.Layout.Calendar, s.manners.Layout.Principal, s.manners.Layout.Home} {
		if _, _, ok := match(template, segments); ok {
			return true
		}
	}
	return false
}

func (s *Server) isExtra(user, name string) bool {
	if s.state.Homes[user] != nil {
		if _, ok := s.state.Homes[user][name]; ok {
			return false
		}
	}
	return slices.Contains(s.manners.HomeExtras, name)
}

func (s *Server) fill(t *target, asker string) {
	if t.user == "" {
		t.user = asker
	}
	c, b := s.state.find(t.user, t.calendar)
	if c == nil {
		return
	}
	t.ref = &calendarRef{c, b}
	if t.kind == kindMember {
		t.object = c.byName[t.name]
	}
}

// split gives the segments of an escaped path. Empty segments and dots within it name nothing here.
func split(escaped string) (segments []string, slash, ok bool) {
	trimmed := strings.TrimPrefix(escaped, "/")
	slash = trimmed == "" || strings.HasSuffix(trimmed, "/")
	trimmed = strings.TrimSuffix(trimmed, "/")
	if trimmed == "" {
		return nil, slash, true
	}
	segments = strings.Split(trimmed, "/")
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return nil, slash, false
		}
	}
	return segments, slash, true
}

// match compares segments to a template.
func match(template string, segments []string) (user, calendar string, ok bool) {
	parts, _, _ := split(template)
	if len(parts) != len(segments) {
		return "", "", false
	}
	for i, part := range parts {
		segment, err := url.PathUnescape(segments[i])
		switch {
		case err != nil:
			return "", "", false
		case part == "{user}":
			user = segment
		case part == "{calendar}":
			calendar = segment
		case part != segment:
			return "", "", false
		}
	}
	return user, calendar, true
}

// pathOf is where a member lies by its calendar's owner, decoded: one resource has one path.
func (s *Server) pathOf(c *calendar, name string) string {
	layout := s.manners.Layout
	return strings.NewReplacer("{user}", c.Owner, "{calendar}", c.Name).Replace(layout.Calendar) + name
}

func escapeSegment(name string) string { return url.PathEscape(name) }

// href is the address of a member of a calendar in an answer.
func (m *Manners) href(base string, segment string, number int, origin string) string {
	switch m.HrefForm {
	case HrefLower:
		segment = lowerEscapes(segment, "_-.~()")
	case HrefLowerAt:
		segment = lowerEscapes(segment, "_-.~()@")
	case HrefAlternate:
		if decoded, err := url.PathUnescape(segment); err == nil {
			segment = url.PathEscape(decoded)
			if number%2 == 0 {
				base, segment = strings.ReplaceAll(base, "@", "%40"), strings.ReplaceAll(segment, "@", "%40")
			}
		}
	case HrefAbsolute:
		return origin + base + segment
	}
	return base + segment
}

// lowerEscapes writes a segment as sabre/dav does: letters, digits and the signs that are kept as they are, the rest with small hexadecimal letters.
func lowerEscapes(segment, kept string) string {
	decoded, err := url.PathUnescape(segment)
	if err != nil {
		return segment
	}
	const hexadecimal = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(decoded); i++ {
		c := decoded[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(kept, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexadecimal[c>>4])
		b.WriteByte(hexadecimal[c&15])
	}
	return b.String()
}
