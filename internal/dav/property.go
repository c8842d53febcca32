package dav

import "slices"

// Props is what a server told of a resource: the properties it gave with status 200. A property that it did not give has
// its zero value; where "none" and "not told" differ the field says how.
type Props struct {
	ResourceType []Name
	ETag         ETag
	DisplayName  string
	SyncToken    SyncToken
	CTag         CTag
	Color        string
	Components   []string // nil when not told
	Reports      []Name   // nil when not told
	Privileges   Privileges
	Owner        Href
	Principal    Href
	Homes        []Href
	Addresses    []Href // calendar-user-address-set: mailto: URIs and principals' paths
	MaxSize      int64  // bytes of one calendar object resource; 0 when not told

	Data         []byte // calendar-data, its line ends as the server sent them; nil when not given
	DataTooLarge bool   // it was longer than the limit and is left out
}

// Is reports whether the resource is of a type.
func (p *Props) Is(resourceType Name) bool { return slices.Contains(p.ResourceType, resourceType) }

// Privileges is what the signed-in principal may do with a resource; nil where the server does not tell.
type Privileges []Name

// The privileges that decide about writing (RFC 3744 section 3).
var (
	PrivilegeAll          = davName("all")
	PrivilegeRead         = davName("read")
	PrivilegeWrite        = davName("write")
	PrivilegeWriteContent = davName("write-content")
	PrivilegeBind         = davName("bind")
	PrivilegeUnbind       = davName("unbind")
)

// Told reports whether the server said anything about privileges.
func (p Privileges) Told() bool { return p != nil }

// May reports whether the privilege is granted, itself or within write or all (RFC 3744 section 3.12). Without word from the
// server everything may be tried.
func (p Privileges) May(privilege Name) bool {
	if !p.Told() || slices.Contains(p, privilege) || slices.Contains(p, PrivilegeAll) {
		return true
	}
	withinWrite := privilege == PrivilegeWriteContent || privilege == PrivilegeBind || privilege == PrivilegeUnbind
	return withinWrite && slices.Contains(p, PrivilegeWrite)
}

// Calendar is what a server tells of one calendar collection.
type Calendar struct {
	Href       Href
	Name       string
	Color      string
	Types      []Name
	Components []string // nil when not told: any
	Privileges Privileges
	Owner      Href // principal; "" when not told
	Principal  Href // who we are there; "" when not told
	CTag       CTag
	SyncToken  SyncToken
	Reports    []Name // nil when not told. It does not prove that a report works
	MaxSize    int64  // bytes of one calendar object resource; 0 when not told
}

// maxNameRunes bounds a calendar's name: some servers take a megabyte.
const maxNameRunes = 255

// CalendarOf is the calendar that a response about href tells of.
func CalendarOf(href Href, props Props) Calendar {
	name := props.DisplayName
	if runes := []rune(name); len(runes) > maxNameRunes {
		name = string(runes[:maxNameRunes])
	}
	return Calendar{
		Href: href, Name: name, Color: props.Color, Types: props.ResourceType, Components: props.Components,
		Privileges: props.Privileges, Owner: props.Owner, Principal: props.Principal, CTag: props.CTag,
		SyncToken: props.SyncToken, Reports: props.Reports, MaxSize: props.MaxSize,
	}
}

// IsCalendar reports whether the collection is a calendar that events live in. Nextcloud's trashed calendars and the
// scheduling inbox and outbox are not; neither is a subscription, which the server fills by itself.
func (c Calendar) IsCalendar() bool {
	return slices.Contains(c.Types, TypeCalendar) &&
		!slices.ContainsFunc(c.Types, func(name Name) bool {
			return name == TypeInbox || name == TypeOutbox || name == TypeSubscribed || name.Local == "deleted-calendar"
		})
}

// TakesEvents reports whether VEVENTs may be in it.
func (c Calendar) TakesEvents() bool {
	return c.Components == nil || slices.Contains(c.Components, "VEVENT")
}

// ReadOnly reports whether the server lets us read but not write: write-content or bind is missing (semantics 2). A
// write-properties alone is no right to write events (ownCloud and Nextcloud grant it on read-only shares).
func (c Calendar) ReadOnly() bool {
	return !c.Privileges.May(PrivilegeWriteContent) || !c.Privileges.May(PrivilegeBind)
}

// OfAnother reports whether its owner is told and is not the signed-in principal (semantics 2).
func (c Calendar) OfAnother() bool {
	return c.Owner != "" && c.Principal != "" && !c.Owner.SameCollection(c.Principal)
}

// Claims reports whether supported-report-set names the report. Only trying it shows whether it works.
func (c Calendar) Claims(report Name) bool { return slices.Contains(c.Reports, report) }
