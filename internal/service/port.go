package service

import (
	"context"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
)

// Waker hears, after the commit, that a link has work to do. Wake returns at once and may be called by several goroutines.
// A wake that is lost costs time only: the work is in the database.
type Waker interface {
	Wake(link crm.LinkID)
}

// Puller pulls calendars. All who ask for a link while it is being pulled share that pull (semantics 3).
type Puller interface {
	// Pull starts pulling each link that was not pulled within notOlderThan, in the order given, joins the pulls that run,
	// and returns at once. What it starts does not end with ctx.
	Pull(ctx context.Context, links []crm.LinkID, notOlderThan time.Duration) (PullTicket, error)
	// Progress says how the last pull of each link stands, or stood when it ended; links never pulled since the program
	// started are left out.
	Progress(links []crm.LinkID) []LinkPull
}

// PullTicket is what somebody who asked for a pull waits on.
type PullTicket interface {
	// Wait returns when every pull of the ticket has ended, whatever its outcome, or with the error of ctx.
	Wait(ctx context.Context) error
}

// LinkPull is how the pull of one link stands.
type LinkPull struct {
	Link      crm.LinkID
	Running   bool
	Processed int        // resources dealt with
	Expected  int        // resources known to be coming, 0 while that is not known
	Counts    crm.Counts // what it changed so far
	StartedAt time.Time
	EndedAt   time.Time  // zero while it runs
	Reason    crm.Reason // why it failed, "" when it did not
}

// Tester runs the connection test (semantics 11).
type Tester interface {
	// Test calls report with each step as it ends, never from two goroutines at once, and returns the verdict. The error is
	// that of ctx: everything else that goes wrong is a step that failed. It keeps no credentials.
	Test(ctx context.Context, request TestRequest, report func(TestStep)) (Verdict, error)
}

// TestRequest is what a connection test needs to know.
type TestRequest struct {
	Kind      crm.LinkKind
	Address   string // as typed: a server, a principal, a home, a calendar or an e-mail address
	Username  string
	Password  string
	PlainHTTP bool   // Basic over http is allowed for this link
	Calendar  string // the calendar chosen among several, an absolute URL; "": the test picks when there is one
	Write     bool   // the step that writes was asked for
	// TLS is shown to the host of Address and trusted there.
	TLS LinkTLS
	// Grant is the link or draft whose kept grant signs in, in place of name and password; zero: those do.
	Grant crm.LinkID
	// Origins are where this link's credentials go already: "https://host:port". Others are a person's to confirm.
	Origins []string
}

// TestStep is one step of the test, as it ended. Code is the key of the sentence that says how, and what to do about it.
type TestStep struct {
	Name     string
	Outcome  StepOutcome
	Code     string
	Params   map[string]string
	Evidence []Exchange
	Duration time.Duration
}

// Exchange is one request of a step: what was asked and what came back, without credentials and calendar text.
type Exchange struct {
	Asked    string
	Answered string
}

// StepSyncToken is the name of the step that asks for changes twice; Service looks for what it says.
const StepSyncToken = "sync_token"

// StepOutcome is how a step ended.
type StepOutcome string

// The outcomes of a step.
const (
	StepPassed  StepOutcome = "passed"
	StepLimited StepOutcome = "limited" // it works with a limit
	StepFailed  StepOutcome = "failed"
	StepSkipped StepOutcome = "skipped" // not tried: something before it failed, or it was not asked for
)

// Verdict is the end of a connection test.
type Verdict struct {
	Outcome VerdictOutcome
	// Code is the key of the sentence that names the limit, or what does not work; "" when it works. Field is the input to
	// correct, where there is one: address, username, password, calendar, plain_http,
	// client_certificate, client_key, authority.
	Code   string
	Field  string
	Params map[string]string
	Steps  []TestStep

	Calendars []FoundCalendar // all that were found, in the server's order
	Calendar  FoundCalendar   // the one the test looked at; zero when it did not come so far
	Addresses []string        // calendar-user-address-set of the principal
	Traits    dav.Traits
	TLS       crm.LinkTLS // what was shown and trusted, by name
	// Hint is the key of a sentence about a provider that is known beforehand: what to type there. "" for any other server.
	Hint string
	// NoSyncToken: the calendar does not offer a sync token that works.
	NoSyncToken bool
}

// VerdictOutcome is the verdict in one word.
type VerdictOutcome string

// The verdicts.
const (
	Works        VerdictOutcome = "works"
	WorksLimited VerdictOutcome = "works_with_a_limit"
	DoesNotWork  VerdictOutcome = "does_not_work"
)

// FoundCalendar is one calendar of the server.
type FoundCalendar struct {
	Href     string // an absolute URL, as the server writes it
	Name     string
	ReadOnly bool
	Foreign  bool // its owner is not the signed-in principal
	NoEvents bool // it takes no VEVENT
}

// PasswordHasher makes the stored form of a password and recognises a password by it; auth fits it.
type PasswordHasher interface {
	Hash(password string) (string, error)
	// Matches reports whether the password is the one that hash was made of. No password matches an empty hash.
	Matches(password, hash string) (bool, error)
}
