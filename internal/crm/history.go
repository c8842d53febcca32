package crm

import "time"

// Actor is who did something.
type Actor struct {
	Kind ActorKind
	User UserID // for ActorUser
	Link LinkID // for ActorLink
}

// ActorKind tells people, calendars and the program apart.
type ActorKind string

// The kinds of actor.
const (
	ActorUser   ActorKind = "user"
	ActorLink   ActorKind = "link"
	ActorSystem ActorKind = "system"
)

// Change is one row of the append-only history of an action: one changed unit or field, or one thing that happened.
type Change struct {
	ID     ChangeID
	Action ActionID
	At     time.Time
	Actor  Actor
	Run    RunID // the run that brought it; zero for a person's own change
	What   ChangeKind
	Name   string // the unit or field that changed, "" when What says it all
	Before string // as HistoryText writes it
	After  string
	Reason Reason
	Winner Side // for a conflict: whose value stayed
}

// ChangeKind is what happened to the action.
type ChangeKind string

// The kinds of change.
const (
	Created   ChangeKind = "created"
	Changed   ChangeKind = "changed"
	Deleted   ChangeKind = "deleted"
	Restored  ChangeKind = "restored"
	Conflict  ChangeKind = "conflict" // both sides changed Name: Before is the value given up, After the one that stayed
	ServerCut ChangeKind = "server_cut"
	Hidden    ChangeKind = "hidden" // taken off the screens
	Unhidden  ChangeKind = "unhidden"
	Noticed   ChangeKind = "noticed" // nothing changed, but a person should know Reason
)

// Side is one of the two sides of the sync.
type Side string

// The two sides.
const (
	SideCRM      Side = "crm"
	SideCalendar Side = "calendar"
)

// HistoryText writes a unit's value so that ParseHistory reads the same value back: text as it is, When as its five
// fields separated by single spaces with "-" for an absent one ("2026-11-25 14:00 - 16:00 Europe/Brussels").
func HistoryText(unit Unit, units Units) string {
	switch unit {
	case UnitSubject:
		return units.Subject
	case UnitDescription:
		return units.Description
	default:
		return units.When.String()
	}
}

// ParseHistory puts the value that HistoryText wrote into units.
func ParseHistory(unit Unit, text string, units Units) (Units, error) {
	switch unit {
	case UnitSubject:
		units.Subject = text
	case UnitDescription:
		units.Description = text
	default:
		when, err := ParseWhen(text)
		if err != nil {
			return units, err
		}
		units.When = when
	}
	return units, nil
}
