package check

import (
	"context"
	"io"
	"net/http"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// Transport is the way out; outbound's fits it.
type Transport interface {
	http.RoundTripper
	// Reach connects to an origin and checks its certificate, without sending a request.
	Reach(ctx context.Context, origin outbound.Origin) (outbound.Reached, error)
}

// Config is what a Tester is made from.
type Config struct {
	Transport Transport
	// Trusting is Transport with a client certificate or authorities that hold for one host; outbound's Trusting fits it.
	Trusting func(host string, trust outbound.Trust) Transport
	Resolver caldav.Resolver  // for SRV and TXT records of e-mail addresses; nil asks no DNS
	Now      func() time.Time // nil: time.Now
	NewUID   func() string    // a UID that nobody has
	Random   io.Reader        // for nonces
	Timeouts caldav.Timeouts  // zero fields: the client's, but 2 min for listings and 5 min in all
}

// Tester runs connection tests. It may be used by many goroutines, keeps nothing of a test, and holds nothing to be closed.
type Tester struct{ config Config }

// New makes a Tester.
func New(config Config) *Tester {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Timeouts.Listing == 0 {
		config.Timeouts.Listing = 2 * time.Minute
	}
	if config.Timeouts.Total == 0 {
		config.Timeouts.Total = 5 * time.Minute
	}
	return &Tester{config}
}

// Request is what a test needs to know.
type Request struct {
	Address  string // as typed: a server, a principal, a home, a calendar or an e-mail address
	Username string
	Password string
	// Credentials sign in by other means than name and password, which are then not used.
	Credentials caldav.Credentials
	PlainHTTP   bool   // credentials may go over http
	Calendar    string // the calendar chosen among several, an absolute URL; "": the test picks when there is one
	Write       bool   // the steps that write were asked for
	// Certificate and Key are shown to the host of the address, and Authorities are trusted there beside the usual ones: PEM text,
	// each possibly empty.
	Certificate, Key, Authorities string
	// Origins are approved beside that of the address: the family of a preset.
	Origins outbound.Origins
}

// Step is one step of the test, as it ended. Code is the key of the sentence that says how, and what to do about it.
type Step struct {
	Name     string
	Outcome  Outcome
	Code     Code
	Params   map[string]string
	Evidence []Exchange
	Duration time.Duration
}

// The names of the steps, in their order.
const (
	StepAddress       = "address"
	StepDiscovery     = "discovery"
	StepSignIn        = "sign_in"
	StepCalendar      = "calendar"
	StepRead          = "read"
	StepWrite         = "write"
	StepPreconditions = "preconditions"
	StepETags         = "etags"
	StepSyncToken     = "sync_token"
	StepClock         = "clock"
)

// Steps lists the names of all steps in their order.
var Steps = []string{
	StepAddress, StepDiscovery, StepSignIn, StepCalendar, StepRead, StepWrite, StepPreconditions, StepETags, StepSyncToken, StepClock,
}

// Exchange is one request of a step: what was asked and what came back, without credentials and calendar text.
type Exchange struct {
	Asked    string
	Answered string
}

// Outcome is how a step ended.
type Outcome string

// The outcomes of a step.
const (
	Passed  Outcome = "passed"
	Limited Outcome = "limited" // it works with a limit
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // not tried: something before it failed, or it was not asked for
)

// Verdict is the end of a test.
type Verdict struct {
	Outcome VerdictOutcome
	// Code names the limit, or what does not work; "" when it works. Field is the input to correct, where there is one: address,
	// username, password, calendar, plain_http.
	Code   Code
	Field  string
	Params map[string]string
	Steps  []Step

	Calendars []Calendar // all that were found, in the server's order
	Calendar  Calendar   // the one the test looked at; zero when it did not come so far
	Addresses []string   // calendar-user-address-set of the principal
	Traits    dav.Traits
	// NoSyncToken: the calendar does not offer a sync token that works.
	NoSyncToken bool
	// Origins are where credentials went and may go for this link.
	Origins outbound.Origins
	// Trust is what the certificate and the authorities of the request are; zero without any.
	Trust outbound.Trust
}

// VerdictOutcome is the verdict in one word.
type VerdictOutcome string

// The verdicts.
const (
	Works        VerdictOutcome = "works"
	WorksLimited VerdictOutcome = "works_with_a_limit"
	DoesNotWork  VerdictOutcome = "does_not_work"
)

// Calendar is one calendar of the server.
type Calendar struct {
	Href     string // an absolute URL, as the server writes it
	Name     string
	ReadOnly bool
	Foreign  bool // its owner is not the signed-in principal
	NoEvents bool // it takes no VEVENT
}

func shown(calendar dav.Calendar) Calendar {
	return Calendar{
		Href: string(calendar.Href), Name: calendar.Name, ReadOnly: calendar.ReadOnly(), Foreign: calendar.OfAnother(), NoEvents: !calendar.TakesEvents(),
	}
}

// Test runs the test, calls report with each step as it ends, never from two goroutines at once, and returns the verdict. The
// error is that of ctx: everything else that goes wrong is a step that failed.
func (t *Tester) Test(ctx context.Context, request Request, report func(Step)) (Verdict, error) {
	r := &run{tester: t, request: request, report: report}
	for _, step := range []struct {
		name string
		do   func(context.Context) result
	}{
		{StepAddress, r.address},
		{StepDiscovery, r.discovery},
		{StepSignIn, r.signIn},
		{StepCalendar, r.calendar},
		{StepRead, r.read},
		{StepWrite, r.write},
		{StepPreconditions, r.preconditions},
		{StepETags, r.etags},
		{StepSyncToken, r.syncToken},
		{StepClock, r.clock},
	} {
		if err := r.step(ctx, step.name, step.do); err != nil {
			return Verdict{}, err
		}
	}
	return r.end(), nil
}
