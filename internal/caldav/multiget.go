package caldav

import (
	"context"
	"net/http"

	"agendaonline/internal/dav"
	"agendaonline/internal/plant"
)

// Multiget reads members by their hrefs (RFC 4791 section 7.9), in batches that are halved when a server refuses them or
// takes too long. Each href is visited once: a member with its text, one that is gone because its own href says so, or one
// that is unanswered with the status it got. A member that a batch left out (DAViCal, sabre/dav) or answered otherwise, also as
// gone, is asked for by itself. Hrefs are sent as the server wrote them.
//
// The error is that of visit, of the context, or one that concerns the calendar as a whole.
func (c *Collection) Multiget(ctx context.Context, hrefs []dav.Href, visit func(dav.Member) error) error {
	fetch := &fetching{collection: c, visit: visit}
	for start := 0; start < len(hrefs); start += c.client.config.Batch {
		if err := fetch.batch(ctx, hrefs[start:min(start+c.client.config.Batch, len(hrefs))]); err != nil {
			return err
		}
	}
	return nil
}

type fetching struct {
	collection *Collection
	visit      func(dav.Member) error
	alive      bool // the collection itself was seen to be there since a report was answered 404
	smaller    int  // the largest batch that is tried since one was refused; 0: any
}

func (f *fetching) batch(ctx context.Context, hrefs []dav.Href) error {
	if len(hrefs) == 1 || f.smaller == 1 {
		for _, href := range hrefs {
			if err := f.single(ctx, href); err != nil {
				return err
			}
		}
		return nil
	}
	if f.smaller > 0 && len(hrefs) > f.smaller {
		return f.halves(ctx, hrefs)
	}
	left, err := f.report(ctx, hrefs)
	if err != nil {
		failure, ok := dav.FailureOf(err)
		switch {
		case !ok:
			return err
		case failure.Status == http.StatusNotFound:
			// SabreDAV 1.8 answers so when one of the members is missing; or the calendar is.
			if !f.alive {
				if _, err := f.collection.Calendar(ctx); err != nil {
					return err
				}
				f.alive = true
			}
			return f.halves(ctx, hrefs)
		case failure.Status == http.StatusRequestEntityTooLarge, failure.Status == http.StatusInsufficientStorage,
			failure.Cause == dav.CauseTimeout, failure.Cause == dav.CauseTooLarge:
			f.smaller = (len(hrefs) + 1) / 2
			return f.halves(ctx, hrefs)
		case failure.Class == dav.ClassPermanent && failure.Cause == dav.CauseStatus:
			f.smaller = 1 // the report itself is refused: 400, 405, 415, 501
			return f.batch(ctx, hrefs)
		}
		return err
	}
	for _, href := range left {
		if err := f.single(ctx, href); err != nil {
			return err
		}
	}
	return nil
}

func (f *fetching) halves(ctx context.Context, hrefs []dav.Href) error {
	half := len(hrefs) / 2
	if err := f.batch(ctx, hrefs[:half]); err != nil {
		return err
	}
	return f.batch(ctx, hrefs[half:])
}

// report sends one multiget. It visits what was answered well and gives back what was not, in the order asked.
func (f *fetching) report(ctx context.Context, hrefs []dav.Href) (left []dav.Href, err error) {
	c := f.collection
	r := report(dav.ReportCalendarMultiget, c.href, "1", dav.EncodeMultiget(hrefs, dav.PropETag, dav.PropCalendarData))
	if r.target, err = c.address(c.href); err != nil {
		return nil, unaddressable(r.op(), c.href, err)
	}
	asked := make(map[string]dav.Href, len(hrefs))
	order := make([]string, 0, len(hrefs))
	for _, href := range hrefs {
		if _, err := c.address(href); err != nil {
			if err := f.visit(dav.Member{Kind: dav.MemberUnusable, Href: href}); err != nil {
				return nil, err
			}
			continue
		}
		key := href.Key()
		if _, twice := asked[key]; !twice {
			asked[key] = href
			order = append(order, key)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	answered := 0
	_, a, err := c.client.multistatus(ctx, r, 0, func(_ *answer, response *dav.Response) error {
		member, ok := dav.MemberOf(c.href, response)
		if !ok {
			return nil
		}
		key := member.Href.Key()
		href, wanted := asked[key]
		complete := member.Kind == dav.MemberPresent && (member.Data != nil || member.TooLarge) || member.Kind == dav.MemberGone && plant.On(plant.MultigetGone)
		if !wanted || !complete {
			return nil
		}
		member.Href = href
		delete(asked, key)
		answered++
		return f.visit(member)
	})
	if err != nil {
		return nil, err
	}
	a.found("members: %d of %d", answered, len(order))
	a.finish("")
	for _, key := range order {
		if href, missing := asked[key]; missing {
			left = append(left, href)
		}
	}
	return left, nil
}

// single reads one member by itself.
func (f *fetching) single(ctx context.Context, href dav.Href) error {
	resource, err := f.collection.Get(ctx, href)
	if err == nil {
		return f.visit(dav.Member{Kind: dav.MemberPresent, Href: href, ETag: resource.ETag, Data: resource.Body})
	}
	failure, ok := dav.FailureOf(err)
	switch {
	case !ok:
		return err
	case failure.Cause == dav.CauseTooLarge:
		return f.visit(dav.Member{Kind: dav.MemberPresent, Href: href, TooLarge: true})
	case failure.Cause == dav.CauseRedirectOther && failure.Status == 0, failure.Cause == dav.CauseMalformed && failure.Status == 0:
		return f.visit(dav.Member{Kind: dav.MemberUnusable, Href: href})
	case failure.Class == dav.ClassGone:
		return f.visit(dav.Member{Kind: dav.MemberGone, Href: href, Status: failure.Status})
	case failure.Class == dav.ClassSignIn, failure.Cause == dav.CauseThrottled, failure.Status == 0:
		return err // the next would fare no better
	}
	return f.visit(dav.Member{Kind: dav.MemberUnanswered, Href: href, Status: failure.Status})
}
