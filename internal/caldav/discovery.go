package caldav

import (
	"context"
	"errors"
	"strings"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// Located is a resource of a CalDAV server from which a person's calendars can be found.
type Located struct {
	Candidate Candidate
	Href      dav.Href // absolute
	Props     dav.Props
}

// IsCalendar reports whether the resource is itself a calendar.
func (l Located) IsCalendar() bool { return dav.CalendarOf(l.Href, l.Props).IsCalendar() }

// Found is what a person has on a server.
type Found struct {
	Principal dav.Href   // absolute; "" where the server names none
	Homes     []dav.Href // absolute
	Calendars []dav.Calendar
	Addresses []string // calendar-user-address-set of the principal
	// Elsewhere are the origins of homes that are not approved, so that nothing was asked there.
	Elsewhere []outbound.Origin
}

// browsing is what tells calendars apart. sync-token is not part of it: DAViCal 1.1.12 answers 500 when it is asked for at
// the root of the server.
var browsing = []dav.Name{
	dav.PropResourceType, dav.PropDisplayName, dav.PropColor, dav.PropComponents, dav.PropPrivileges, dav.PropOwner, dav.PropPrincipal, dav.PropReports,
}

// locating is what tells a calendar, a home, a principal and a server apart in one request.
var locating = append([]dav.Name{dav.PropHomes, dav.PropUserAddresses}, browsing...)

// Locate asks each candidate in turn until one answers as WebDAV, and gives the failure that tells most when none does. It
// stops at what another candidate would only repeat: a refused sign-in above all.
func (c *Client) Locate(ctx context.Context, candidates []Candidate) (Located, error) {
	var told error
	var plain *Located          // WebDAV, but nothing in it tells of calendars
	silent := map[string]bool{} // hosts that gave no answer at all: another path would have to be waited for in vain too
	for _, candidate := range candidates {
		if silent[candidate.URL.Host] {
			continue
		}
		response, err := c.properties(ctx, dav.Href(candidate.URL.String()), locating...)
		if err == nil {
			located := Located{candidate, response.href, response.Props}
			if located.leads() {
				return located, nil
			}
			if plain == nil {
				plain = &located
			}
			continue
		}
		failure, ok := dav.FailureOf(err)
		if !ok || ends(failure) {
			return Located{}, err
		}
		if told == nil || telling(failure) > tellingOf(told) {
			told = err
		}
		silent[candidate.URL.Host] = failure.Status == 0 && failure.Related == "" && failure.Cause != dav.CauseRedirectLoop && failure.Cause != dav.CauseNotDAV
	}
	switch {
	case plain != nil:
		return *plain, nil
	case told == nil:
		told = &dav.Failure{Class: dav.ClassPermanent, Cause: dav.CauseNotDAV, Op: "PROPFIND", Err: errors.New("nowhere to look")}
	}
	return Located{}, told
}

// leads reports whether calendars can be found from here.
func (l Located) leads() bool {
	return l.IsCalendar() || len(l.Props.Homes) > 0 || l.Props.Principal != ""
}

// ends reports whether other candidates would only repeat the failure.
func ends(failure *dav.Failure) bool {
	switch failure.Cause {
	case dav.CauseThrottled, dav.CauseMaintenance, dav.CauseAccountOff, dav.CauseAPIOff, dav.CausePlainHTTP, dav.CauseNotAllowed:
		return true
	}
	return failure.Class == dav.ClassSignIn
}

// telling ranks failures: one that names a cause says more than a page that is not there.
func telling(failure *dav.Failure) int {
	switch {
	case failure.Cause == dav.CauseRedirectOther, failure.Cause == dav.CauseDowngrade, failure.Cause == dav.CauseRedirectLoop:
		return 4
	case failure.Class == dav.ClassForbidden, failure.Status >= 500 && failure.Status != 501:
		return 3
	case failure.Cause == dav.CauseNotDAV, failure.Cause == dav.CauseMalformed, failure.Status == 0:
		return 2
	}
	return 1
}

func tellingOf(err error) int {
	failure, ok := dav.FailureOf(err)
	if !ok {
		return 0
	}
	return telling(failure)
}

// Find lists the calendars that can be reached from a located resource: itself, or those in the homes of the principal. It
// gives collections that are calendars only, in the server's order, without their ctags and sync tokens.
func (c *Client) Find(ctx context.Context, located Located) (Found, error) {
	var found Found
	props := located.Props
	found.addresses(props.Addresses)
	from := located.Href
	if props.Principal != "" {
		principal, err := c.reachable(from, props.Principal)
		if err != nil {
			return Found{}, c.notReachable(&found, from, props.Principal, err)
		}
		found.Principal = principal
		if len(props.Homes) == 0 || len(found.Addresses) == 0 {
			response, err := c.properties(ctx, principal, dav.PropHomes, dav.PropUserAddresses, dav.PropResourceType)
			switch {
			case err == nil:
				found.addresses(response.Props.Addresses)
				if len(response.Props.Homes) > 0 {
					props.Homes, from = response.Props.Homes, response.href
				}
			case !located.IsCalendar() && len(props.Homes) == 0:
				return Found{}, err
			case dav.ClassOf(err) == "":
				return Found{}, err
			}
		}
	}
	if located.IsCalendar() {
		found.Calendars = []dav.Calendar{c.calendarOf(located.Href, located.Props, found.Principal)}
		return found, nil
	}
	for _, home := range props.Homes {
		target, err := c.reachable(from, home)
		if other, ok := errors.AsType[*otherOrigin](err); ok {
			found.Elsewhere = append(found.Elsewhere, other.origin)
			continue
		}
		if err != nil {
			continue // an href of no use among others
		}
		found.Homes = append(found.Homes, target)
	}
	if len(props.Homes) == 0 { // a home that was typed, on a server without principals
		found.Homes = []dav.Href{located.Href}
	}
	if len(found.Homes) == 0 && len(found.Elsewhere) > 0 {
		return found, &dav.Failure{
			Class: dav.ClassPermanent, Cause: dav.CauseRedirectOther, Op: "PROPFIND", Href: from, Related: string(found.Elsewhere[0]),
			Err: errors.New("calendar-home-set is on another origin"),
		}
	}
	for _, home := range found.Homes {
		if err := c.home(ctx, home, &found); err != nil {
			return found, err
		}
	}
	return found, nil
}

// home adds the calendars of one home.
func (c *Client) home(ctx context.Context, home dav.Href, found *Found) error {
	r := propfind(home, "1", browsing...)
	var err error
	if r.target, err = absolute(home); err != nil {
		return unaddressable(r.op(), home, err)
	}
	_, a, err := c.multistatus(ctx, r, maxBufferedBytes, func(a *answer, response *dav.Response) error {
		if a.itself(home, response.Href) {
			if failed := a.collectionFailed(response); failed != nil {
				return failed
			}
		}
		if response.Status >= 400 {
			return nil
		}
		target, err := c.reachable(dav.Href(a.url.String()), response.Href)
		if err != nil {
			return nil
		}
		calendar := c.calendarOf(target, response.Props, found.Principal)
		if !calendar.IsCalendar() {
			return nil
		}
		for _, known := range found.Calendars {
			if known.Href.SameCollection(calendar.Href) {
				return nil
			}
		}
		found.Calendars = append(found.Calendars, calendar)
		return nil
	})
	if err != nil {
		return err
	}
	a.found("calendars: %d", len(found.Calendars))
	a.finish("")
	return nil
}

func (c *Client) calendarOf(href dav.Href, props dav.Props, principal dav.Href) dav.Calendar {
	calendar := dav.CalendarOf(href, props)
	if calendar.Principal == "" {
		calendar.Principal = principal
	}
	return calendar
}

// reachable is an href as an absolute one, if requests may go to its origin.
func (c *Client) reachable(from, href dav.Href) (dav.Href, error) {
	base, err := absolute(from)
	if err != nil {
		return "", err
	}
	target, err := within(base, href)
	if other, ok := errors.AsType[*otherOrigin](err); ok && c.config.Origins.Contains(other.origin) {
		target, err = href.Resolve(base)
	}
	if err != nil {
		return "", err
	}
	return dav.Href(target.String()), nil
}

func (c *Client) notReachable(found *Found, from, href dav.Href, err error) error {
	if other, ok := errors.AsType[*otherOrigin](err); ok {
		found.Elsewhere = append(found.Elsewhere, other.origin)
	}
	return unaddressable("PROPFIND", from, err)
}

func (f *Found) addresses(hrefs []dav.Href) {
	for _, href := range hrefs {
		text := strings.TrimSpace(string(href))
		known := text == ""
		for _, address := range f.Addresses {
			known = known || address == text
		}
		if !known {
			f.Addresses = append(f.Addresses, text)
		}
	}
}
