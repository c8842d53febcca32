package caldav

import (
	"context"
	"errors"
	"net/http"

	"agendaonline/internal/dav"
)

// List visits all members of the calendar with their ETags (PROPFIND, Depth 1), in the server's order. When it returns nil
// the listing was complete: it named the collection itself and nothing in it said otherwise.
func (c *Collection) List(ctx context.Context, visit func(dav.Member) error) error {
	r := propfind(c.href, "1", dav.PropETag, dav.PropResourceType)
	var err error
	if r.target, err = c.address(c.href); err != nil {
		return unaddressable(r.op(), c.href, err)
	}
	itself, members := false, 0
	_, a, err := c.client.multistatus(ctx, r, 0, func(a *answer, response *dav.Response) error {
		if a.itself(c.href, response.Href) {
			itself = true
			if response.Status == http.StatusInsufficientStorage {
				return &dav.Failure{
					Class: dav.ClassTemporary, Cause: dav.CauseTruncated, Op: r.op(), Href: c.href, Status: response.Status,
					Err: errors.New("the server does not list all members"),
				}
			}
			return a.collectionFailed(response)
		}
		member, ok := dav.MemberOf(c.href, response)
		if !ok {
			return nil
		}
		members++
		return visit(c.usable(member))
	})
	if err != nil {
		return err
	}
	if !itself && members == 0 { // Infomaniak's root answers so: it looks like a calendar without events
		return a.notDAV("a listing without the collection itself")
	}
	a.found("members: %d", members)
	a.finish("")
	return nil
}
