package crm

import "time"

// Link joins one user and one online calendar (semantics 2). Its user and calendar never change. Credentials are not part
// of it: they are sealed, and opened only where a request is made.
type Link struct {
	ID      LinkID
	Version int64
	User    UserID
	Kind    LinkKind

	Address      string // as typed
	CalendarHref string // the collection, an absolute URL as the server writes it
	CalendarName string
	Username     string
	Addresses    []string // calendar-user-address-set: what makes an event "mine"
	Added        []string // addresses that make one mine too, as a person added them (semantics 7)

	PlainHTTP        bool // Basic over http was ticked for this link
	WithoutSyncToken bool // chosen explicitly: by ctag and ETags, slower
	ReadOnly         bool // the server lets us read only
	ShownBusy        bool // others see of what comes from the calendar only that somebody is busy (semantics 12)
	TLS              LinkTLS

	FirstSyncedAt time.Time // zero: new
	Pause         Pause
	Ending        Ending
	SignInAgain   bool
	Failing       Failing
	NeedsDecision bool

	LastCheckedAt time.Time // when the calendar was last asked what changed, also when nothing had
	CreatedAt     time.Time
	EndedAt       time.Time // zero: it lives
}

// LinkTLS says what a link shows to its host and trusts there beyond what the whole program does; the zero LinkTLS is nothing.
type LinkTLS struct {
	Certificate string    `json:"certificate,omitempty"` // whose client certificate is shown; "": none
	Until       time.Time `json:"until,omitzero"`        // the end of that certificate, UTC
	Authority   string    `json:"authority,omitempty"`   // the authority that is trusted; "": no other than everybody's
}

// IsZero reports whether there is nothing.
func (t LinkTLS) IsZero() bool { return t == LinkTLS{} }

// LinkKind is how a link signs in.
type LinkKind string

// The kinds of link.
const (
	LinkSimple LinkKind = "simple"
	LinkOAuth  LinkKind = "oauth2"
	LinkGoogle LinkKind = "google"
)

// Pause says since when and by whom a link is paused; the zero Pause is none.
type Pause struct {
	At     time.Time
	By     Actor
	Reason Reason
}

// Ending says since when and by whom a link is being ended whose events are still to be deleted from its calendar, and whether
// servers may tell guests of that (semantics 9); the zero Ending is none.
type Ending struct {
	At         time.Time
	By         UserID
	TellGuests bool
}

// Failing says since when a link fails and why; the zero Failing is none.
type Failing struct {
	Since  time.Time
	Reason Reason
	Params map[string]string
}

// LinkState is one of the states of a link, its name in code, API and database.
type LinkState string

// The states of a link.
const (
	LinkNew           LinkState = "new"
	LinkActive        LinkState = "active"
	LinkPaused        LinkState = "paused"
	LinkOff           LinkState = "off"
	LinkReadOnly      LinkState = "read_only"
	LinkSignInAgain   LinkState = "sign_in_again"
	LinkNeedsDecision LinkState = "needs_decision"
	LinkFailing       LinkState = "failing"
)

// States lists every state that holds, the most urgent first (semantics 1). There is always at least one. A link that is being
// ended is in none of its own: Ending says why its work is another (docs/decisions/0001).
func (l Link) States(settings Settings) []LinkState {
	var states []LinkState
	add := func(holds bool, state LinkState) {
		if holds {
			states = append(states, state)
		}
	}
	add(!settings.ModuleActive || !settings.OnlineCalendar, LinkOff)
	add(l.SignInAgain, LinkSignInAgain)
	add(l.NeedsDecision, LinkNeedsDecision)
	add(!l.Failing.Since.IsZero(), LinkFailing)
	add(!l.Pause.At.IsZero(), LinkPaused)
	add(l.FirstSyncedAt.IsZero(), LinkNew)
	add(l.ReadOnly, LinkReadOnly)
	add(len(states) == 0, LinkActive)
	return states
}

// Leaving reports whether the link has ended, or is about to: nothing new is brought to its calendar.
func (l Link) Leaving() bool { return !l.EndedAt.IsZero() || !l.Ending.At.IsZero() }

// MayRun reports whether a run may send requests for this link now.
func (l Link) MayRun(settings Settings) bool {
	return settings.ModuleActive && settings.OnlineCalendar && l.EndedAt.IsZero() && l.Pause.At.IsZero() && !l.SignInAgain
}

// Why a link fails, beside the codes of the connection test.
const (
	FailingUnreachable Reason = "unreachable"
	FailingForbidden   Reason = "forbidden"
	FailingGone        Reason = "calendar_gone"
	FailingServer      Reason = "server_error"
	FailingAnswer      Reason = "answer_not_understood"
	FailingThrottled   Reason = "throttled"
	FailingEmptied     Reason = "calendar_emptied"
	FailingLinked      Reason = "calendar_linked" // it is another user's already, by its events; param name
)

// Run is one sync of one link, kept when it changed something or failed.
type Run struct {
	ID        RunID
	Link      LinkID
	Trigger   Trigger
	StartedAt time.Time
	EndedAt   time.Time // zero while it runs
	Counts    Counts
	Outcome   Outcome
	Reason    Reason // why it did not end well
}

// Trigger is what started a run.
type Trigger string

// The triggers of a run.
const (
	TriggerScreen Trigger = "screen"
	TriggerPoll   Trigger = "poll"
	TriggerPush   Trigger = "push"
	TriggerPerson Trigger = "person" // sync now
)

// Counts are what a run did; the CRM side is what came in, the calendar side what was written there.
type Counts struct {
	New, Changed, Removed, SetAside    int // actions
	Created, Patched, Deleted, Refused int // events
	Conflicts                          int
	// Unguarded are writes of what existed under no precondition that the server holds: an edit in that one exchange is lost unseen.
	// Crossed are those of them of which it is seen that somebody else wrote in the same exchange.
	Unguarded int `json:",omitempty"` // omitted where there are none, as rows of before have it
	Crossed   int `json:",omitempty"`
	Requests  int
}

// Nothing reports whether the run changed nothing on either side.
func (c Counts) Nothing() bool { c.Requests = 0; return c == Counts{} }

// Outcome is how a run ended.
type Outcome string

// The outcomes of a run.
const (
	OutcomeDone    Outcome = "done"
	OutcomeFailed  Outcome = "failed"
	OutcomeStopped Outcome = "stopped" // its lease or the program ended; the rest is done by the next run
)
