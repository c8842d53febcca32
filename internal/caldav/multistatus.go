package caldav

import (
	"context"
	"io"
	"net/http"
	"strings"

	"agendaonline/internal/dav"
)

const (
	typeXML      = "application/xml; charset=utf-8"
	typeCalendar = "text/calendar; charset=utf-8"
)

// propfind is a PROPFIND to be sent.
func propfind(href dav.Href, depth string, properties ...dav.Name) *request {
	return &request{
		method: "PROPFIND", href: href, depth: depth, body: dav.EncodePropfind(properties...),
		header: [][2]string{{"Content-Type", typeXML}}, zipped: true, listing: depth != "0",
	}
}

// report is a REPORT to be sent.
func report(name dav.Name, href dav.Href, depth string, body []byte) *request {
	return &request{
		method: "REPORT", report: name.Local, href: href, depth: depth, body: body,
		header: [][2]string{{"Content-Type", typeXML}}, zipped: true, listing: true,
	}
}

// multistatus sends a request and visits the responses of its answer as they come. An error of visit is given back as it
// is. limit bounds the whole answer, 0 only its members.
func (c *Client) multistatus(ctx context.Context, r *request, limit int, visit func(*answer, *dav.Response) error) (dav.Multistatus, *answer, error) {
	a, err := c.send(ctx, r)
	if err != nil {
		return dav.Multistatus{}, nil, err
	}
	if a.status != http.StatusMultiStatus && a.status != http.StatusOK {
		return dav.Multistatus{}, nil, a.notDAV("not a multistatus")
	}
	var body io.Reader = a.body
	if limit > 0 {
		body = newCapped(body, limit)
	}
	var visited error
	result, err := dav.DecodeMultistatus(body, c.config.Limits, func(response *dav.Response) error {
		visited = visit(a, response)
		return visited
	})
	switch {
	case visited != nil:
		a.finish(failed(visited))
		return dav.Multistatus{}, nil, visited
	case err != nil:
		return dav.Multistatus{}, nil, a.broken(err)
	}
	return result, a, nil
}

// itself reports whether a response is about the collection that was asked: by the href asked for, or by the one that a
// redirect led to.
func (a *answer) itself(collection, href dav.Href) bool {
	if a.own[0] == "" {
		a.own = [2]string{collectionKey(collection), collectionKey(dav.Href(a.url.EscapedPath()))}
	}
	key := collectionKey(href)
	return key == a.own[0] || key == a.own[1]
}

// collectionKey is what two hrefs of one collection share, with and without the closing slash.
func collectionKey(href dav.Href) string {
	key := href.Key()
	if len(key) > 1 {
		key = strings.TrimSuffix(key, "/")
	}
	return key
}

// collectionFailed is the failure of a report or listing whose response about the collection itself is a refusal.
func (a *answer) collectionFailed(response *dav.Response) error {
	if response.Status < 400 {
		return nil
	}
	return a.classify(response.Status, response.Error, response.Error.Exception)
}
