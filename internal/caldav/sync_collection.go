package caldav

import (
	"context"
	"errors"
	"net/http"

	"agendaonline/internal/dav"
)

// Sync sends one sync-collection report (RFC 6578) and visits what changed since token, in the server's order; "" asks for
// all members. It asks for the events' text with it unless the server is known to give none. A member may be named twice, and
// one that is gone may never have been known.
//
// A report that is truncated is one page: store what came with its token, then ask again with that. No limit is ever sent:
// Nextcloud 25 and 32 and ownCloud 10.11 lose changes by it.
func (c *Collection) Sync(ctx context.Context, token dav.SyncToken, visit func(dav.Member) error) (dav.SyncResult, error) {
	result, err := c.sync(ctx, token, visit)
	failure, failed := dav.FailureOf(err)
	// Old drafts of RFC 6578 wanted Depth: 1, and so do servers made after them.
	if failed && failure.Status == http.StatusBadRequest && failure.Class != dav.ClassTokenInvalid && result.Members == 0 && !c.has(dav.SyncNeedsDepthOne) {
		retried := &Collection{client: c.client, href: c.href, traits: c.Traits().With(dav.SyncNeedsDepthOne, dav.Evidence{})}
		second, retryErr := retried.sync(ctx, token, visit)
		if retryErr == nil {
			c.learn(dav.SyncNeedsDepthOne, "sync-collection with Depth: 0 was answered 400, with Depth: 1 well")
			return second, nil
		}
		if again, ok := dav.FailureOf(retryErr); !ok || again.Status != http.StatusBadRequest {
			return second, retryErr
		}
	}
	return result, err
}

func (c *Collection) sync(ctx context.Context, token dav.SyncToken, visit func(dav.Member) error) (dav.SyncResult, error) {
	properties := []dav.Name{dav.PropETag, dav.PropResourceType}
	withData := !c.has(dav.NoDataInSync)
	if withData {
		properties = append(properties, dav.PropCalendarData)
	}
	depth := "0"
	if c.has(dav.SyncNeedsDepthOne) {
		depth = "1"
	}
	r := report(dav.ReportSyncCollection, c.href, depth, dav.EncodeSyncCollection(token, properties...))
	r.token = token != ""
	var err error
	if r.target, err = c.address(c.href); err != nil {
		return dav.SyncResult{}, unaddressable(r.op(), c.href, err)
	}
	result := dav.SyncResult{}
	given, withheld := 0, 0
	answered, a, err := c.client.multistatus(ctx, r, 0, func(a *answer, response *dav.Response) error {
		if a.itself(c.href, response.Href) {
			if response.Status == http.StatusInsufficientStorage { // RFC 6578 section 3.6
				result.Truncated = true
				return nil
			}
			return a.collectionFailed(response)
		}
		member, ok := dav.MemberOf(c.href, response)
		if !ok {
			return nil
		}
		result.Members++
		if withData && member.Kind == dav.MemberPresent && !member.TooLarge {
			if member.Data != nil {
				given++
			} else {
				withheld++
			}
		}
		return visit(c.usable(member))
	})
	if err != nil {
		return result, err
	}
	result.Token = answered.SyncToken
	switch {
	case result.Token == "":
		err = &dav.Failure{
			Class: dav.ClassPermanent, Cause: dav.CauseNoToken, Op: r.op(), Href: c.href, Status: a.status, Err: errors.New("no sync-token in the report"),
		}
	case result.Truncated && result.Token == token: // asking again would be answered the same
		err = &dav.Failure{
			Class: dav.ClassTemporary, Cause: dav.CauseTruncated, Op: r.op(), Href: c.href, Status: a.status, Err: errors.New("truncated without a new sync-token"),
		}
	}
	if err != nil {
		a.finish(failed(err))
		return result, err
	}
	if given == 0 && withheld > 0 {
		c.learn(dav.NoDataInSync, "a sync-collection report gave no calendar-data of any member")
	}
	a.found("members: %d", result.Members)
	a.found("sync-token: %s", result.Token)
	if result.Truncated {
		a.found("truncated")
	}
	a.finish("")
	return result, nil
}
