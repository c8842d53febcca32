package service

import (
	"time"

	"agendaonline/internal/crm"
)

// Caller is who asks. His rights are those of User as it was read for this request.
type Caller struct {
	User crm.User
	// Guests is what the caller said about telling the guests of an event what he changes; the zero value says nothing.
	Guests Guests
}

// ActionView is an action as one caller may see it.
type ActionView struct {
	crm.Action
	FollowerName string // "" when nobody follows it
	// Busy: it is an action of another that is private, or shown as busy. Only ID, Version, When and FollowedBy of Action are filled then.
	Busy bool

	MayChange   bool
	MayDelete   bool
	MayReassign bool // give it to whomever
	MayRestore  bool // take it out of the trash
	MayPurge    bool // remove it for good
	MayHide     bool // take it off the screens
	MayUnhide   bool
	// WhyNot is why it may not be changed, "" when it may.
	WhyNot string
	// ReadOnlyUnits: its calendar can only be read, so subject, description, dates and times stay as they are there.
	ReadOnlyUnits bool
}

// ActionInput is what was typed for an action: dates as 2026-11-23, times as 14:30 or 14:30:15, "" for an absent one.
type ActionInput struct {
	Subject     string
	Description string
	StartDate   string
	StartTime   string
	EndDate     string
	EndTime     string
	// TimeZone is an IANA name. "": for a new action the follower's, else the installation's; else the one it has.
	TimeZone string

	FollowedBy crm.UserID // zero: nobody
	DueDate    string
	// The zero choice takes the default of its list for a new action, and keeps what an action has.
	Type     crm.ChoiceID
	Status   crm.ChoiceID
	Priority crm.ChoiceID

	ThirdParty     string
	ThirdPartyKind crm.ThirdPartyKind
	Contact        string
	Dossier        string
	FollowsUp      crm.ActionID
	Documents      []crm.Document
}

// InputOf is the input that changes nothing: what a form starts from, and an API patches.
func InputOf(action crm.Action) ActionInput {
	return ActionInput{
		Subject:     action.Subject,
		Description: action.Description,
		StartDate:   action.When.StartDate.String(),
		StartTime:   action.When.StartTime.String(),
		EndDate:     action.When.EndDate.String(),
		EndTime:     action.When.EndTime.String(),
		TimeZone:    action.When.Zone,

		FollowedBy: action.FollowedBy,
		DueDate:    action.DueDate.String(),
		Type:       action.Type,
		Status:     action.Status,
		Priority:   action.Priority,

		ThirdParty:     action.ThirdParty,
		ThirdPartyKind: action.ThirdPartyKind,
		Contact:        action.Contact,
		Dossier:        action.Dossier,
		FollowsUp:      action.FollowsUp,
		Documents:      action.Documents,
	}
}

// ActionQuery is what List looks for; the zero ActionQuery is every action that is not in the trash (semantics 10). Ranges
// are closed on both sides for dates, half-open for instants; a zero end is open.
type ActionQuery struct {
	Text       string // all words, the last as a prefix, in subject, description, third party, contact and dossier
	ThirdParty string
	Contact    string
	Dossier    string
	Types      []crm.ChoiceID
	Statuses   []crm.ChoiceID
	Sync       []crm.SyncName

	FollowedBy []crm.UserID
	Nobody     bool // also, or only, those that nobody follows
	Mine       bool // only those the caller follows

	From, To       crm.Date // the action's days, from start to end, touch the range
	DueFrom, DueTo crm.Date
	CreatedFrom    time.Time
	CreatedTo      time.Time
	ModifiedFrom   time.Time
	ModifiedTo     time.Time
	Trash          bool   // only those in the trash, hidden or not
	Hidden         bool   // only those that were hidden
	Cursor         string // Next or Previous of a page
	Limit          int    // 0: 50; at most 200
}

// ActionPage is one page of a list, in its order: by start, else end, the latest first, undated last.
type ActionPage struct {
	Actions  []ActionView
	Next     string // cursor of the page after this one, "" on the last
	Previous string // cursor of the page before this one, "" on the first
	Total    int    // how many actions match in all
	More     bool   // there are more than Total: counting stopped there
}

// HistoryEntry is one row of an action's history.
type HistoryEntry struct {
	crm.Change
	ActorName string // the user's name, or that of the link's user; "" for the program
	// BeforeShown and AfterShown are Before and After as the caller reads them: a name in his language where the row keeps
	// an id, else the same text.
	BeforeShown string
	AfterShown  string
	Restorable  bool // RestoreValue would bring Before back
}
