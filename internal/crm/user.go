package crm

import "time"

// Language is one of the languages of the product.
type Language string

// The three languages.
const (
	Dutch   Language = "nl"
	French  Language = "fr"
	English Language = "en"
)

// Languages lists them in the order they are offered.
var Languages = []Language{Dutch, French, English}

// User is one of the company's people.
type User struct {
	ID       UserID
	Version  int64
	Login    string // what is typed at sign-in; compared without regard to case
	Name     string
	Email    string
	Language Language
	TimeZone string // IANA name; the zone of actions made for this user
	Role     Role
	Rights   Rights
	Active   bool

	CreatedAt time.Time
	DeletedAt time.Time // zero: not deleted; the name stays for what the user did
}

// Role is what a user is to the installation.
type Role string

// The roles: administrators run links, users and settings (semantics 12).
const (
	RoleUser          Role = "user"
	RoleAdministrator Role = "administrator"
)

// Rights are given per user, both to everybody by default (semantics 12).
type Rights struct {
	ChangeOthers bool // change actions followed by others
	Reassign     bool // give an action another follower
}

// Settings are those of the installation that a person can change in the CRM parameters; their defaults are those of
// DefaultSettings.
type Settings struct {
	Version int64

	ModuleActive    bool // the CRM module
	OnlineCalendar  bool // the option Online calendar (CalDAV): off means that no request leaves the program
	DefaultDuration time.Duration
	PollInterval    time.Duration // background polling of each link; 0: off
	ConflictPolicy  ConflictPolicy
	TrashKept       time.Duration
	UIDsKept        time.Duration // how long the UIDs of what was purged are known beyond that (semantics 4)
	TimeZone        string        // of actions without follower
	Language        Language      // of pages before sign-in
	DefaultRights   Rights
	OwnCalendars    bool // users may link a calendar of their own

	Guard GuardSettings
}

// GuardSettings are the figures of the deletion guard (semantics 7).
type GuardSettings struct {
	More    int // held when more than More and more than a Part of the links' events are deleted in 24 hours
	Part    float64
	Most    int // held when more than Most are
	Emptied int // a calendar with at least Emptied events that is suddenly empty stops the link
}

// ConflictPolicy says whose value stays when both sides changed a unit differently (semantics 6).
type ConflictPolicy string

// The policies.
const (
	CRMWins      ConflictPolicy = "crm"
	CalendarWins ConflictPolicy = "calendar"
	LatestWins   ConflictPolicy = "latest"
)

// DefaultSettings is what a fresh installation starts with.
func DefaultSettings() Settings {
	return Settings{
		ModuleActive:    true,
		OnlineCalendar:  true,
		DefaultDuration: 30 * time.Minute,
		PollInterval:    5 * time.Minute,
		ConflictPolicy:  CRMWins,
		TrashKept:       30 * 24 * time.Hour,
		UIDsKept:        2 * 365 * 24 * time.Hour,
		TimeZone:        "Europe/Brussels",
		Language:        English,
		DefaultRights:   Rights{ChangeOthers: true, Reassign: true},
		Guard:           GuardSettings{More: 20, Part: 0.25, Most: 200, Emptied: 5},
	}
}

// ChoiceDefaults names the choices that an action made from an event takes.
type ChoiceDefaults struct{ Type, Status, Priority ChoiceID }
