package syncer

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
)

// Remote is one calendar on a server. Its methods may be called by several goroutines. All errors are *dav.Failure, or the
// context's.
type Remote interface {
	// Calendar asks what the server tells of the collection: PROPFIND, Depth 0.
	Calendar(ctx context.Context) (dav.Calendar, error)
	// Sync is one sync-collection report (RFC 6578): visit gets each member as it is read. It asks for calendar-data where
	// the server gives that. After an error nothing of what visit got may be trusted to be complete.
	Sync(ctx context.Context, token dav.SyncToken, visit func(dav.Member) error) (dav.SyncResult, error)
	// List visits all members of the collection with their ETags: PROPFIND, Depth 1.
	List(ctx context.Context, visit func(dav.Member) error) error
	// Multiget reads the given members, in as many reports as it takes. One that was not answered is visited as
	// dav.MemberUnanswered.
	Multiget(ctx context.Context, hrefs []dav.Href, visit func(dav.Member) error) error
	// Get reads one member.
	Get(ctx context.Context, href dav.Href) (dav.Resource, error)
	// Put writes one member while condition holds.
	Put(ctx context.Context, href dav.Href, body []byte, condition dav.Condition) (dav.PutResult, error)
	// Delete removes one member while condition holds.
	Delete(ctx context.Context, href dav.Href, condition dav.Condition) error
	// Traits are those the link had and those the server showed by surprise since.
	Traits() dav.Traits
}

// Connect opens the calendar of a link for one run. secret are the link's credentials as they are sealed in the store;
// whoever provides the function opens them. observe, which may be called by several goroutines, hears of each request that
// left. An error that is a *dav.Failure counts as the calendar's answer; any other ends the run as it is.
type Connect func(ctx context.Context, link crm.Link, secret []byte, traits dav.Traits, observe func(dav.Exchange)) (Remote, error)
