package service

import (
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/store"
)

// LinkView is a link with what its row of the screen shows.
type LinkView struct {
	crm.Link
	UserName string
	States   []crm.LinkState // all that hold, the most urgent first
	Actions  int             // bound to an event
	Pending  int             // actions whose push waits or runs
	Held     int             // decisions that wait for a person
	SetAside int             // events that cannot be used
	Traits   dav.Traits
	// Running: a run of it is under way, of whose Expected changes so many are Processed; 0 while that is not known.
	Running             bool
	Processed, Expected int
	MayManage           bool // the caller may change, pause and end it
	MayShow             bool // the caller may choose what others see
	// WhySignIn is why a link that signs in by a grant waits to be signed in again. GrantEndsAt is when its grant ends by itself,
	// where the server says so: a Google app in testing.
	WhySignIn   crm.Reason
	GrantEndsAt time.Time
}

// LinkInput is what was typed for a link.
type LinkInput struct {
	User     crm.UserID
	Kind     crm.LinkKind // "": simple
	Address  string
	Username string
	// Password is never shown again. For ChangeLink "" keeps the one that is there, unless the address moves to another
	// origin: a password goes only where it was typed for.
	Password  string
	PlainHTTP bool
	// WithoutSyncToken is ticked explicitly.
	WithoutSyncToken bool
	// ShownBusy: others see of what comes from the calendar only that somebody is busy. For CreateLink; later ShowLink.
	ShownBusy bool
	Calendar  string // the href chosen among Verdict.Calendars; "": the only one
	// TestWrite asks for the step of the connection test that writes an event and takes it away again.
	TestWrite bool
	// TLS is for the kinds simple and OAuth 2.0.
	TLS LinkTLS
	// OAuth is for AskConsent, of the kinds that sign in by a grant. Draft is what became of that: everything but Calendar,
	// WithoutSyncToken and TestWrite is then the draft's.
	OAuth OAuthInput
	Draft DraftRef

	// Start is the day before which events and actions are left out of the first sync; Everything lets it go on whatever its
	// size. Both only count for a new link; without either a large first sync waits for a person (semantics 4).
	Start      crm.Date
	Everything bool

	grant   crm.LinkID // whose grant signs in
	origins []string   // where the credentials of the saved link go
}

// SetAsideView is an event that cannot be used, with the reason.
type SetAsideView struct {
	Href    string
	Subject string // "" where the caller may not see it
	When    string // as the event says it
	Private bool   // or shown as busy, or not sure not to be
	Reason  crm.Reason
	Params  map[string]string
	SeenAt  time.Time
}

// RunQuery asks for runs, the newest first.
type RunQuery struct {
	Link   crm.LinkID // zero: of every link that the caller may see
	Before crm.RunID  // the last one of the page before; zero: the newest
	Limit  int        // 0: 50; at most 200
}

// RunView is one run with the name of its link's user.
type RunView struct {
	crm.Run
	UserName string
}

// HeldID names one thing that waits for a person.
type HeldID = store.HeldID

// HeldView is one thing that waits for a person's decision.
type HeldView struct {
	ID        HeldID
	Link      crm.LinkID
	UserName  string
	Kind      string // one of the Held... kinds
	CreatedAt time.Time
	Count     int
	Guests    int          // whom the server would tell, of HeldGuests
	Again     bool         // of HeldGuests: the event is made again, and its guests would be invited again
	Actions   []ActionView // as the caller may see them
	Decisions []string     // what Decide takes
	Plan      *PlanView    // of HeldFirstSync
	Twin      *TwinView    // of HeldTwins: the event beside the action
	Pairs     int          // how many twins of the link wait, this one among them
}

// Progress of the pull that a screen started.
type PullProgress struct {
	Running    bool
	LinksDone  int
	LinksTotal int
	Processed  int
	Expected   int
	New        int
	Changed    int
	Removed    int
	// Age is how long ago the result came in, the oldest of the links'; 0 while it runs and when there is none.
	Age     time.Duration
	Failing []LinkFailure
}

// LinkFailure names a calendar that does not answer, or not to us.
type LinkFailure struct {
	Link     crm.LinkID
	UserName string
	State    crm.LinkState // failing, sign_in_again, needs_decision
	Reason   crm.Reason
	Params   map[string]string
	Since    time.Time // zero when not known
}
