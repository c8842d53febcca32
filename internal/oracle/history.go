package oracle

import "time"

// History is one run of the world: everything a judge is told. C is the side of the actions, K the calendars as the server holds
// them.
type History struct {
	Links   []Link   `json:"links"`
	Writes  []Write  `json:"writes"`  // K's log, complete, in order, numbered from 1
	Resets  []Reset  `json:"resets"`  // K's state replaced as a whole
	Returns []Return `json:"returns"` // C's state replaced by an earlier one
	Commits []Commit `json:"commits"` // C's log, in order
	Actions []Action `json:"actions"` // C at the end, those in the trash included
	// Resources is K at the end. nil is what Writes and Resets leave; against a real server, whose log is not had, it is what
	// the server lists.
	Resources []Resource `json:"resources"`
	// SetAside are resources that C said it cannot use or must not show, by href.
	SetAside map[string]bool `json:"set_aside"`
	// DefaultDurations are the lengths made up for an action with one time only, in this history.
	DefaultDurations []time.Duration `json:"default_durations"`
	// Unguarded are calendars on a server that honours no preconditions or gives no strong ETags: S1 does not hold there, and
	// an edit lost by it is counted in Report.Exempt.
	Unguarded map[string]bool `json:"unguarded"`
}

// Link joins a user of C and a calendar of K.
type Link struct {
	User     string `json:"user"`
	Calendar string `json:"calendar"` // as Write.Calendar
	Policy   Policy `json:"policy"`
	Ended    bool   `json:"ended"` // removed, paused or read-only at the end: nothing is owed to it
}

// Policy says who wins a conflict.
type Policy string

// The policies.
const (
	PolicyCRM      Policy = ""
	PolicyCalendar Policy = "calendar"
	PolicyLatest   Policy = "latest"
)

// ByHuman in Write.By is a person's own calendar program; anything else is the engine.
const ByHuman = "human"

// Write is one applied PUT or DELETE. Its fields are those of the log of the sandbox, so that one converts to the other.
type Write struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	User   string    `json:"user"`
	Agent  string    `json:"agent"`
	Method string    `json:"method"`

	Calendar string `json:"calendar"`
	Href     string `json:"href"`

	Sent       string `json:"sent"`
	Before     string `json:"before"`
	After      string `json:"after"`
	ETagBefore string `json:"etag_before"`
	ETagAfter  string `json:"etag_after"`

	IfMatch     string `json:"if_match"`
	IfNoneMatch string `json:"if_none_match"`

	Status    int    `json:"status"`
	ETagGiven string `json:"etag_told"`
	Delivered bool   `json:"delivered"`
	Mailed    int    `json:"mailed"`
}

func (w *Write) engine() bool { return w.By != ByHuman }

// Reset is K's state being replaced: a backup restored, a calendar emptied or deleted behind everybody's back.
type Reset struct {
	After     int        `json:"after"` // number of the last write before it
	Resources []Resource `json:"resources"`
}

// Return is C put back to a backup: what was committed since is not known to it any more.
type Return struct {
	From  int `json:"from"`  // index of the first commit that is forgotten
	To    int `json:"to"`    // and of the first after it
	Kept  int `json:"kept"`  // number of K's last write when the backup was made
	After int `json:"after"` // and when it was put back
}

// Resource is one calendar object resource as K holds it.
type Resource struct {
	Calendar string `json:"calendar"`
	Href     string `json:"href"`
	Body     string `json:"body"`
}

// Unit is what is merged by itself.
type Unit string

// The units.
const (
	Subject     Unit = "subject"
	Description Unit = "description"
	Time        Unit = "when"
)

var units = []Unit{Subject, Description, Time}

// Units are the values of an action's three units.
type Units struct {
	Subject     string `json:"subject"`
	Description string `json:"description"`
	When        When   `json:"when"`
}

// When is an action's four date and time fields with their zone.
type When struct {
	StartDate string `json:"start_date"` // 2006-01-02, "" for none
	StartTime string `json:"start_time"` // 15:04 or 15:04:05
	EndDate   string `json:"end_date"`
	EndTime   string `json:"end_time"`
	Zone      string `json:"zone"` // IANA name
}

// None reports whether it has no date: then the action has no event.
func (w When) None() bool { return w.StartDate == "" && w.EndDate == "" }

// Kind is what a commit did.
type Kind string

// The kinds of commit. Giving and clearing dates are changes.
const (
	Create   Kind = "create"
	Change   Kind = "change"
	Delete   Kind = "delete"
	Restore  Kind = "restore"
	Reassign Kind = "reassign"
	Unlink   Kind = "unlink" // the link was ended and its events were asked to be removed
	Trash    Kind = "trash"  // by the engine only: an action put in the trash because its event went
	Agree    Kind = "agree"  // a person decided that guests are told of what waits: Consent
	Undo     Kind = "undo"   // a person takes back what was typed and not sent: Values are the calendar's again
	// WriteBack is a person's decision that an event which disappeared is made again.
	WriteBack Kind = "write_back"
	Detach    Kind = "detach" // by the engine only: an action that stays without its event, which went
)

// Commit is one committed change of an action, by a person or by the engine. Of the engine's Trash and
// Detach are needed, and Change where a calendar's value may win a conflict.
type Commit struct {
	After    int       `json:"after"` // number of K's last write when it committed
	At       time.Time `json:"at"`
	ByEngine bool      `json:"by_engine"`
	Action   string    `json:"action"` // its id
	Kind     Kind      `json:"kind"`
	Follower string    `json:"follower"` // user, after it
	Before   Units     `json:"before"`   // as the person saw the action; zero for Create
	Values   Units     `json:"values"`   // after it
	Href     string    `json:"href"`     // for Trash and Detach: of the event it had
	UID      string    `json:"uid"`      // for Trash and Detach
	Consent  bool      `json:"consent"`  // the person agreed that guests are told
}

// Action is one action as C shows it at the end.
type Action struct {
	ID       string  `json:"id"`
	Follower string  `json:"follower"`
	Trashed  bool    `json:"trashed"`
	Synced   bool    `json:"synced"` // it says that it has an event
	Held     bool    `json:"held"`   // it waits for a person: nothing is owed to it but its values
	Values   Units   `json:"values"`
	History  []Entry `json:"history"`
}

// Entry is one row of an action's history. Of Before and After the field of Unit counts.
type Entry struct {
	Unit     Unit   `json:"unit"`
	Before   Units  `json:"before"`
	After    Units  `json:"after"`
	Conflict bool   `json:"conflict"` // both sides had changed the unit: After won, Before lost
	Deletion bool   `json:"deletion"` // a change met a deletion
	Reason   string `json:"reason"`
}
