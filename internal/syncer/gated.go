package syncer

import (
	"context"

	"agendaonline/internal/dav"
)

// gated asks the gate before and after each request.
type gated struct {
	remote Remote
	run    *run
}

func (g gated) around(ctx context.Context, what string, href dav.Href, request func() error) error {
	if err := g.run.Gate(ctx, Point{g.run.lease.Link, BeforeRequest, href, what}); err != nil {
		return err
	}
	err := request()
	if stopped := g.run.Gate(ctx, Point{g.run.lease.Link, AfterRequest, href, what}); stopped != nil {
		return stopped
	}
	return err
}

func (g gated) Calendar(ctx context.Context) (calendar dav.Calendar, err error) {
	err = g.around(ctx, "calendar", "", func() error { calendar, err = g.remote.Calendar(ctx); return err })
	return calendar, err
}

func (g gated) Sync(ctx context.Context, token dav.SyncToken, visit func(dav.Member) error) (result dav.SyncResult, err error) {
	err = g.around(ctx, "sync", "", func() error { result, err = g.remote.Sync(ctx, token, visit); return err })
	return result, err
}

func (g gated) List(ctx context.Context, visit func(dav.Member) error) error {
	return g.around(ctx, "list", "", func() error { return g.remote.List(ctx, visit) })
}

func (g gated) Multiget(ctx context.Context, hrefs []dav.Href, visit func(dav.Member) error) error {
	return g.around(ctx, "multiget", "", func() error { return g.remote.Multiget(ctx, hrefs, visit) })
}

func (g gated) Get(ctx context.Context, href dav.Href) (resource dav.Resource, err error) {
	err = g.around(ctx, "get", href, func() error { resource, err = g.remote.Get(ctx, href); return err })
	return resource, err
}

func (g gated) Put(ctx context.Context, href dav.Href, body []byte, condition dav.Condition) (result dav.PutResult, err error) {
	err = g.around(ctx, "put", href, func() error { result, err = g.remote.Put(ctx, href, body, condition); return err })
	return result, err
}

func (g gated) Delete(ctx context.Context, href dav.Href, condition dav.Condition) error {
	return g.around(ctx, "delete", href, func() error { return g.remote.Delete(ctx, href, condition) })
}

func (g gated) Traits() dav.Traits { return g.remote.Traits() }
