package caldav

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"agendaonline/internal/dav"
)

// Get reads one member. A resource beyond the limit of Limits.MemberBytes is the cause too_large and stays on the server.
func (c *Collection) Get(ctx context.Context, href dav.Href) (dav.Resource, error) {
	r := &request{method: http.MethodGet, href: href}
	var err error
	if r.target, err = c.address(href); err != nil {
		return dav.Resource{}, unaddressable(r.op(), href, err)
	}
	a, err := c.client.send(ctx, r)
	if err != nil {
		return dav.Resource{}, err
	}
	if a.status != http.StatusOK {
		return dav.Resource{}, a.notDAV("a GET answered by another 2xx than 200")
	}
	body, err := io.ReadAll(newCapped(a.body, c.client.config.Limits.MemberBytes))
	if err != nil {
		return dav.Resource{}, a.broken(err)
	}
	start := bytes.TrimLeft(body, " \t\r\n\uFEFF")
	calendar := bytes.EqualFold(start[:min(len(start), len("BEGIN:"))], []byte("BEGIN:"))
	switch {
	// A login page is a page whatever it is called; an event never starts so.
	case bytes.HasPrefix(start, []byte("<")), !calendar && a.url != r.target:
		return dav.Resource{}, a.notDAV("a page instead of an event")
	// A connection that ends without a length tells nothing: an event taken for whole would be set aside, or worse.
	case calendar && !bytes.Contains(body, []byte("END:VCALENDAR")) && !bytes.Contains(bytes.ToUpper(body), []byte("END:VCALENDAR")):
		return dav.Resource{}, a.broken(io.ErrUnexpectedEOF)
	}
	a.finish("")
	return dav.Resource{Href: href, ETag: dav.ParseETag(a.header.Get("ETag")), Body: body}, nil
}

// Put writes one member under a condition. It is not to be repeated after ClassUnknownOutcome without reading back, and a nil
// error says that the server stored something, not that it stored these bytes (Radicale, Xandikos, Google).
func (c *Collection) Put(ctx context.Context, href dav.Href, body []byte, condition dav.Condition) (dav.PutResult, error) {
	r := &request{method: http.MethodPut, href: href, body: body, header: [][2]string{{"Content-Type", typeCalendar}}}
	if body == nil {
		r.body = []byte{}
	}
	a, err := c.write(ctx, r, condition)
	if err != nil {
		return dav.PutResult{}, err
	}
	result := dav.PutResult{Href: c.placed(a, href), ETag: dav.ParseETag(a.header.Get("ETag")), Created: a.status == http.StatusCreated}
	return result, nil
}

// Delete removes one member under a condition. A member that is not there is ClassGone.
func (c *Collection) Delete(ctx context.Context, href dav.Href, condition dav.Condition) error {
	_, err := c.write(ctx, &request{method: http.MethodDelete, href: href}, condition)
	return err
}

// write sends a PUT or DELETE and reads whether it was done.
func (c *Collection) write(ctx context.Context, r *request, condition dav.Condition) (*answer, error) {
	var err error
	if r.target, err = c.address(r.href); err != nil {
		return nil, unaddressable(r.op(), r.href, err)
	}
	if r.href.SameCollection(c.href) { // Radicale 3.1.8 replaces every member
		return nil, unaddressable(r.op(), r.href, errors.New("the calendar itself is not written"))
	}
	name, value, ok := condition.Header()
	if !ok {
		return nil, unaddressable(r.op(), r.href, errors.New("no condition that can be sent"))
	}
	if name != "" {
		r.header = append(r.header, [2]string{name, value})
	}
	a, err := c.client.send(ctx, r)
	if err != nil {
		return nil, err
	}
	switch {
	case a.status == http.StatusMultiStatus:
		return a, c.inside(a)
	case a.status == http.StatusOK && isPage(a.header):
		return nil, a.notDAV("a web page as answer to a write")
	case a.status == http.StatusOK && r.method == http.MethodDelete && strings.Contains(a.header.Get("Content-Type"), "xml"):
		return a, c.inside(a) // Radicale 3.1.8
	case a.status == http.StatusOK, a.status == http.StatusCreated, a.status == http.StatusNoContent:
		a.discard()
		a.finish("")
		return a, nil
	}
	return nil, a.notDAV("a write answered by a 2xx that does not say that it was done") // 202: perhaps later
}

// inside reads the multistatus that answers a write: the status within it is the one that counts. Xandikos 0.2.8 answers a
// refused PUT so.
func (c *Collection) inside(a *answer) error {
	var refused error
	_, err := dav.DecodeMultistatus(newCapped(a.body, maxBufferedBytes), c.client.config.Limits, func(response *dav.Response) error {
		status := response.Status
		for _, property := range response.Refused {
			if status == 0 && property.Status >= 400 {
				status = property.Status
			}
		}
		if status >= 400 && refused == nil {
			refused = a.classify(status, response.Error, response.Error.Exception)
		}
		return nil
	})
	switch {
	case refused != nil:
		a.finish(failed(refused))
		return refused
	case err != nil:
		return a.broken(err)
	}
	a.finish("")
	return nil
}

// placed is where a PUT put the resource: as asked, unless a Location names another member of the same calendar.
func (c *Collection) placed(a *answer, asked dav.Href) dav.Href {
	location := dav.Href(a.header.Get("Location"))
	if a.status != http.StatusCreated || location == "" {
		return asked
	}
	target, err := within(a.url, location)
	if err != nil {
		return asked
	}
	named := dav.Href(target.EscapedPath())
	parent := strings.TrimSuffix(c.href.Key(), "/") + "/"
	name, member := strings.CutPrefix(named.Key(), parent)
	if !member || name == "" || strings.Contains(name, "/") || named.Same(asked) {
		return asked
	}
	return named
}
