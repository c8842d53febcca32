package sandbox

import (
	"slices"
	"time"
)

// Actor is who made a write: a client over HTTP, or a Human of this package.
type Actor = string

// The actors.
const (
	ByClient Actor = "client"
	ByHuman  Actor = "human"
)

// Write is one PUT, DELETE or MOVE that the server applied. Requests that it refused are not writes. It is plain values, for
// a judge that knows nothing of this package.
type Write struct {
	Number int       `json:"number"` // 1 for the first
	At     time.Time `json:"at"`     // UTC, of the clock behind Options.Now: the server's own may be set off
	By     Actor     `json:"by"`
	User   string    `json:"user"`
	Agent  string    `json:"agent"`  // the client's User-Agent, or the Human's device
	Method string    `json:"method"` // PUT, DELETE, or MOVE, which is two writes

	Calendar string `json:"calendar"` // path of the collection, by its owner
	Href     string `json:"href"`     // path of the resource, decoded, by its owner, so that one resource has one href

	Sent       string `json:"sent"`   // the body as it came
	Before     string `json:"before"` // what was stored under the href until then; "" when nothing
	After      string `json:"after"`  // what is stored now; "" when nothing
	ETagBefore string `json:"etag_before"`
	ETagAfter  string `json:"etag_after"`

	IfMatch     string `json:"if_match"` // preconditions as they were sent
	IfNoneMatch string `json:"if_none_match"`

	Status    int    `json:"status"`    // of the answer, whether it was delivered or not
	ETagGiven string `json:"etag_told"` // the ETag that the answer gave
	Delivered bool   `json:"delivered"` // the answer went out whole
	Mailed    int    `json:"mailed"`    // invitations, changes and cancellations the server sent to guests because of it
}

// Request is one request that came over HTTP, as tests count them.
type Request struct {
	At     time.Time `json:"at"` // UTC
	User   string    `json:"user"`
	Method string    `json:"method"`
	Report string    `json:"report"` // local name of the report, "" for other methods
	Depth  string    `json:"depth"`
	Path   string    `json:"path"` // as it was asked
	Status int       `json:"status"`
	Fault  string    `json:"fault"` // name of the fault that struck it
	Sent   int64     `json:"sent"`  // bytes of the answer's body, after compression
}

// Writes are the writes from the number on, oldest first: Writes(1) is all that are remembered.
func (s *Server) Writes(from int) []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Write
	for _, write := range s.writes {
		if write.Number >= from {
			found = append(found, *write)
		}
	}
	return found
}

// Written is how many writes there were: the number of the last.
func (s *Server) Written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrote
}

// Requests are the requests since Open or ForgetRequests, oldest first. One whose answer is not finished is not among them.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests starts the counting anew.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// logWrite remembers an applied write. The caller holds mu.
func (s *Server) logWrite(write Write) *Write {
	s.wrote++
	write.Number = s.wrote
	if s.limit > 0 && len(s.writes) >= 2*s.limit {
		s.writes = slices.Clone(s.writes[len(s.writes)-s.limit:])
	}
	s.writes = append(s.writes, &write)
	return &write
}

// logRequest remembers a finished request. The caller holds mu.
func (s *Server) logRequest(request Request) {
	if s.limit > 0 && len(s.requests) >= 2*s.limit {
		s.requests = slices.Clone(s.requests[len(s.requests)-s.limit:])
	}
	s.requests = append(s.requests, request)
}
