package syncer

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
)

// Moment is a place in a run where the gate is asked.
type Moment string

// The moments.
const (
	BeforeCommit  Moment = "before_commit"
	AfterCommit   Moment = "after_commit"
	BeforeRequest Moment = "before_request"
	AfterRequest  Moment = "after_request"
)

// Point is one passage of the gate: where, and what is about to happen or has just happened.
type Point struct {
	Link   crm.LinkID
	Moment Moment
	Href   dav.Href // of the member a request is about, "" for all other points
	What   string   // "sync", "list", "multiget", "get", "put", "delete", "calendar"; for commits "pull", "token", "promise", "outcome", "end"
}

// Gate is asked before and after each commit and each request of a run. It may block. Its error ends the run at that place
// as a crash would: nothing more is sent or written. In production it is nil; tests stop, crash and reorder there.
type Gate func(ctx context.Context, point Point) error
