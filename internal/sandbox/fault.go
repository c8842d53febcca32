package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong with some requests, until it has happened Times times or is healed.
type Fault struct {
	Name  string `json:"name"` // for Request.Fault and Heal; need not be unique
	On    Match  `json:"on"`
	Skip  int    `json:"skip"`  // so many matching requests pass unharmed first
	Times int    `json:"times"` // so many are struck; 0 is all until Heal
	Do    Effect `json:"do"`
}

// Match says which requests a fault strikes: those for which all that is set holds.
type Match struct {
	Methods []string   `json:"methods"` // HTTP methods
	Report  string     `json:"report"`  // local name of a REPORT: sync-collection, calendar-multiget, calendar-query
	Path    string     `json:"path"`    // what the decoded path starts with
	Suffix  string     `json:"suffix"`  // what the decoded path ends with
	User    string     `json:"user"`    // who signs in, rightly or not
	Exists  Tri        `json:"exists"`  // whether something is stored under the href: tells a changing PUT from a making one
	Token   TokenMatch `json:"token"`   // of a sync-collection report
	Holds   string     `json:"holds"`   // what the request's body contains
}

// Tri is yes, no, or either.
type Tri string

// Its values.
const (
	Either Tri = ""
	Yes    Tri = "yes"
	No     Tri = "no"
)

// TokenMatch tells first reports from those that go on.
type TokenMatch string

// Its values.
const (
	AnyToken   TokenMatch = ""
	EmptyToken TokenMatch = "empty"
	GivenToken TokenMatch = "given"
)

// Answer is an answer in place of the server's own.
type Answer struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
}

// Effect is what happens to a request; several things can.
type Effect struct {
	// Hang keeps the client waiting until it gives up: Before serves nothing, After serves the request and never answers, InHeader
	// and InBody send a part of the answer first.
	Hang Moment `json:"hang"`
	// Reset ends the connection without an answer: Before it serves the request, After it was served (an answer lost), or InBody.
	Reset Moment `json:"reset"`
	// Refuse is answered, and the request not served.
	Refuse *Answer `json:"refuse"`
	// Twice serves the request two times, as a proxy that sends it again; the second answer goes out.
	Twice bool `json:"twice"`
	// Replace is answered, though the request was served.
	Replace *Answer `json:"replace"`
	// Members changes what a multistatus says of single members.
	Members []MemberFault `json:"members"`
	// Token is told in place of the new sync token when Tells is set.
	Token      string `json:"token"`
	TokenTells bool   `json:"token_tells"`
	// TakesToken serves a sync-collection report as if its token stood for the change TakenFrom, 0 for everything.
	TakesToken bool  `json:"takes_token"`
	TakenFrom  int64 `json:"taken_from"`
	// CutAfter ends the connection after so many bytes of the body as it goes over the wire, compressed or not; Cut alone cuts in
	// the middle.
	Cut      bool `json:"cut"`
	CutAfter int  `json:"cut_after"`
	// CutInside sends a compressed body whose text is cut though the compression is whole.
	CutInside bool `json:"cut_inside"`
	// Slow waits so long for each byte of the body.
	Slow time.Duration `json:"slow"`
	// Header is set on the answer, an empty list takes a header away.
	Header http.Header `json:"header"`
	// Then is called when the request is served and before it is answered, for what happens in between: another client's write.
	Then func() `json:"-"`
	// First is called before the request is served.
	First func() `json:"-"`
}

// Moment is when something happens to an exchange.
type Moment string

// The moments.
const (
	Never     Moment = ""
	Unreached Moment = "unreached" // not even connected: told apart from Before by Transport only
	Before    Moment = "before"    // nothing was served
	After     Moment = "after"     // served, nothing was answered
	InHeader  Moment = "header"    // served, some headers went out
	InBody    Moment = "body"      // served, a part of the body went out
)

// MemberFault is what a multistatus says of members whose decoded path ends with Suffix ("" is all), in place of the truth.
type MemberFault struct {
	Suffix   string `json:"suffix"`
	LeaveOut bool   `json:"leave_out"`
	Status   int    `json:"status"`  // of the whole response
	NoData   bool   `json:"no_data"` // calendar-data is empty
	Data     string `json:"data"`    // another calendar-data
	NoETag   bool   `json:"no_etag"` //
	ETag     string `json:"etag"`    // another ETag
	Href     string `json:"href"`    // another href, as it is
	Both     bool   `json:"both"`    // told as present, and as gone after it
}

// plannedFault is a fault and how often it has been met.
type plannedFault struct {
	Fault
	met int
}

// Plan adds a fault. Of several that match a request the first that was planned strikes.
func (s *Server) Plan(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &plannedFault{Fault: fault})
}

// Heal takes away the faults of a name, all of them for "".
func (s *Server) Heal(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []*plannedFault
	for _, fault := range s.faults {
		if name != "" && fault.Name != name {
			kept = append(kept, fault)
		}
	}
	s.faults = kept
}

// Struck is how many requests the faults of a name have struck, those of all names for "". Healed faults do not count.
func (s *Server) Struck(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	struck := 0
	for _, fault := range s.faults {
		if name == "" || fault.Name == name {
			hits := max(0, fault.met-fault.Skip)
			if fault.Times > 0 {
				hits = min(hits, fault.Times)
			}
			struck += hits
		}
	}
	return struck
}

// strike is the fault for a request. The caller holds mu.
func (s *Server) strike(e *exchange) *Fault {
	var struck *Fault
	for _, fault := range s.faults {
		if !s.matches(fault.On, e) || (fault.Times > 0 && fault.met >= fault.Skip+fault.Times) {
			continue
		}
		if struck != nil {
			continue
		}
		fault.met++
		if fault.met > fault.Skip {
			copied := fault.Fault
			struck = &copied
		}
	}
	return struck
}

func (s *Server) matches(match Match, e *exchange) bool {
	if len(match.Methods) > 0 && !slices.Contains(match.Methods, e.request.Method) {
		return false
	}
	if match.Report != "" && match.Report != e.report {
		return false
	}
	if !strings.HasPrefix(e.decoded, match.Path) || !strings.HasSuffix(e.decoded, match.Suffix) {
		return false
	}
	if match.User != "" && match.User != e.claimed {
		return false
	}
	if match.Exists != Either {
		there := s.stored(e) != nil
		if there != (match.Exists == Yes) {
			return false
		}
	}
	if match.Token != AnyToken && (e.report != reportSync || (e.token == "") != (match.Token == EmptyToken)) {
		return false
	}
	return match.Holds == "" || strings.Contains(string(e.body), match.Holds)
}
