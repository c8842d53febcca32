package caldav

import (
	"context"
	"strings"

	"agendaonline/internal/dav"
)

// calendarProperties are what is asked of a calendar.
var calendarProperties = []dav.Name{
	dav.PropResourceType, dav.PropDisplayName, dav.PropColor, dav.PropComponents, dav.PropPrivileges, dav.PropOwner, dav.PropPrincipal,
	dav.PropReports, dav.PropCTag, dav.PropSyncToken, dav.PropMaxSize,
}

// Calendar asks what the collection is now (PROPFIND, Depth 0): also whether it is a calendar still, which the caller looks
// at with IsCalendar.
func (c *Collection) Calendar(ctx context.Context) (dav.Calendar, error) {
	response, err := c.client.properties(ctx, c.href, calendarProperties...)
	if err != nil {
		return dav.Calendar{}, err
	}
	return dav.CalendarOf(c.href, response.Props), nil
}

// described is what a server says of one resource.
type described struct {
	dav.Response
	href dav.Href // an absolute URL: where the answer came from, or the href within it
}

// properties asks for properties of one resource (PROPFIND, Depth 0).
func (c *Client) properties(ctx context.Context, href dav.Href, properties ...dav.Name) (described, error) {
	r := propfind(href, "0", properties...)
	var err error
	if r.target, err = absolute(href); err != nil {
		return described{}, unaddressable(r.op(), href, err)
	}
	var result described
	found := 0
	_, a, err := c.multistatus(ctx, r, maxBufferedBytes, func(_ *answer, response *dav.Response) error {
		// The first is taken when none has the href asked for: DAViCal 1.1.12 has two paths to everything.
		if found++; found == 1 || response.Href.SameCollection(dav.Href(r.target.String())) {
			result.Response = *response
		}
		return nil
	})
	if err != nil {
		return described{}, err
	}
	if found == 0 {
		return described{}, a.notDAV("a multistatus without a response")
	}
	if result.Status >= 400 {
		failure := a.classify(result.Status, result.Error, result.Error.Exception)
		a.finish(failed(failure))
		return described{}, failure
	}
	result.href = dav.Href(a.url.String())
	if own, err := within(a.url, result.Href); err == nil && result.Href.SameCollection(result.href) {
		result.href = dav.Href(own.String())
	}
	a.facts(result.Props)
	a.finish("")
	return result, nil
}

// facts keeps what a PROPFIND told, for evidence: no texts that people wrote.
func (a *answer) facts(props dav.Props) {
	names := func(list []dav.Name) string {
		locals := make([]string, len(list))
		for i, name := range list {
			locals[i] = name.Local
		}
		return strings.Join(locals, " ")
	}
	if props.ResourceType != nil {
		a.found("resourcetype: %s", names(props.ResourceType))
	}
	if props.Principal != "" {
		a.found("current-user-principal: %s", props.Principal)
	}
	for _, home := range props.Homes {
		a.found("calendar-home-set: %s", home)
	}
	if props.Components != nil {
		a.found("supported-calendar-component-set: %s", strings.Join(props.Components, " "))
	}
	if props.Privileges.Told() {
		a.found("current-user-privilege-set: %s", names(props.Privileges))
	}
	if props.Owner != "" {
		a.found("owner: %s", props.Owner)
	}
	if props.Reports != nil {
		a.found("supported-report-set: %s", names(props.Reports))
	}
	if props.CTag != "" {
		a.found("getctag: %s", props.CTag)
	}
	if props.SyncToken != "" {
		a.found("sync-token: %s", props.SyncToken)
	}
}
