package sandbox

import (
	"bufio"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// propfind answers RFC 4918 section 9.1.
func (s *Server) propfind(e *exchange) *answer {
	if e.docErr != nil || (e.doc != nil && e.doc.name != dav("propfind")) {
		return s.refusal(http.StatusBadRequest, "", "the body is no propfind")
	}
	depth := e.depth
	if depth == "" {
		depth = "infinity"
	}
	if depth == "infinity" && s.manners.InfiniteDepth != 0 {
		return s.refusal(s.manners.InfiniteDepth, davElement("propfind-finite-depth", ""), "Depth: infinity is not served")
	}
	wanted := askedOf(e.doc)
	var responses []*response
	var members *listing
	t := e.target
	switch t.kind {
	case kindRoot:
		responses = append(responses, s.describe(e, t, e.escaped, wanted))
	case kindPrincipal:
		if s.state.Users[t.user] == nil {
			return s.refusal(http.StatusNotFound, "", "not found")
		}
		responses = append(responses, s.describe(e, t, s.manners.Layout.principal(t.user), wanted))
	case kindHome:
		if s.state.Users[t.user] == nil {
			return s.refusal(http.StatusNotFound, "", "not found")
		}
		responses = append(responses, s.describe(e, t, s.manners.Layout.home(t.user), wanted))
		if depth != "0" && (t.user == e.user || s.manners.Open != "") {
			for _, name := range s.state.names(t.user) {
				c, b := s.state.find(t.user, name)
				inner := target{kind: kindCalendar, user: t.user, calendar: name, ref: &calendarRef{c, b}}
				responses = append(responses, s.describe(e, inner, s.manners.Layout.calendar(t.user, name), wanted))
			}
			for _, extra := range s.manners.HomeExtras {
				if s.isExtra(t.user, extra) {
					inner := target{kind: kindExtra, user: t.user, extra: extra}
					responses = append(responses, s.describe(e, inner, s.manners.Layout.home(t.user)+extra+"/", wanted))
				}
			}
		}
	case kindExtra:
		responses = append(responses, s.describe(e, t, s.manners.Layout.home(t.user)+t.extra+"/", wanted))
	case kindCalendar:
		if t.ref == nil {
			return s.refusal(http.StatusNotFound, "", "Calendar with name '"+t.calendar+"' could not be found")
		}
		href := s.manners.Layout.calendar(t.user, t.calendar)
		if t.slashless && s.manners.SlashlessHref {
			href = href[:len(href)-1]
		}
		responses = append(responses, s.describe(e, t, href, wanted))
		if depth != "0" {
			members = s.list(e, t.ref, wanted)
			for _, o := range t.ref.living() {
				members.add(o)
			}
		}
	case kindMember:
		if t.object == nil {
			return s.refusal(http.StatusNotFound, "", "Node with name '"+t.name+"' could not be found")
		}
		members = s.list(e, t.ref, wanted)
		members.add(t.object)
	default:
		if e.escaped == "/" {
			return plain(http.StatusMethodNotAllowed, "method not allowed\n")
		}
		return s.refusal(http.StatusNotFound, "", "not found")
	}
	return multistatus(responses, members, "")
}

// multistatus streams responses, then members, then a sync token when there is one.
func multistatus(responses []*response, members *listing, token string) *answer {
	a := &answer{status: http.StatusMultiStatus, header: http.Header{}}
	a.header.Set("Content-Type", "application/xml; charset=utf-8")
	if members != nil && members.manners.Backwards {
		slices.Reverse(members.entries)
	}
	a.stream = func(w *bufio.Writer) {
		w.WriteString(prolog + "<D:multistatus" + declarations + ">\n")
		for _, r := range responses {
			r.writeTo(w)
		}
		if members != nil {
			members.writeTo(w)
		}
		if token != "" {
			w.WriteString("<D:sync-token>" + escape(token) + "</D:sync-token>\n")
		}
		w.WriteString("</D:multistatus>\n")
	}
	return a
}

// listing is what a multistatus says of the members of one calendar. It is filled while mu is held and written when it is not.
type listing struct {
	manners *Manners
	base    string // of hrefs
	origin  string
	number  int // of the listing, for ETags that change for nothing
	asked   asked
	data    bool // calendar-data is given when asked for
	empty   bool // and is empty
	faults  []MemberFault
	entries []entry
	tail    []entry
}

// entry is one member, or what is said of one that is not there.
type entry struct {
	object *object
	href   string // instead of the object's own
	status int
	told   string // XML within the response, instead of everything else
}

// list begins a listing for a client.
func (s *Server) list(e *exchange, c *calendarRef, wanted asked) *listing {
	s.listings++
	base := s.manners.Layout.calendar(e.target.user, e.target.calendar)
	l := &listing{manners: &e.manners, base: base, origin: origin(e.request), number: s.listings, asked: wanted, data: true}
	if wanted.all {
		l.asked.names = allOfMember
	}
	if e.fault != nil {
		l.faults = e.fault.Do.Members
	}
	return l
}

func (l *listing) add(o *object) {
	entry := entry{object: o}
	for _, fault := range l.faults {
		if !hasSuffix(o, fault.Suffix) {
			continue
		}
		if fault.LeaveOut {
			return
		}
		entry.href, entry.status = fault.Href, fault.Status
		if fault.Both {
			l.tail = append(l.tail, l.gone(o.Name, o.Segment, false))
		}
	}
	l.entries = append(l.entries, entry)
}

func hasSuffix(o *object, suffix string) bool {
	return len(o.Name) >= len(suffix) && o.Name[len(o.Name)-len(suffix):] == suffix
}

// gone is the entry of a member that was deleted.
func (l *listing) gone(name, segment string, teapot bool) entry {
	href := l.manners.href(l.base, segment, len(l.entries), l.origin)
	if teapot {
		return entry{href: href, told: "<D:status>" + statusLine(http.StatusNotFound) + "</D:status>" + hrefElement(href) +
			"<D:propstat><D:prop/><D:status>" + statusLine(http.StatusTeapot) + "</D:status></D:propstat>"}
	}
	return entry{href: href, status: http.StatusNotFound}
}

func (l *listing) writeTo(w *bufio.Writer) {
	var missing []xml.Name
	for number, entry := range append(l.entries, l.tail...) {
		w.WriteString("<D:response>")
		if entry.told != "" {
			w.WriteString(entry.told)
			w.WriteString("</D:response>\n")
			continue
		}
		href := entry.href
		if href == "" && entry.object != nil {
			href = l.manners.href(l.base, entry.object.Segment, number, l.origin)
		}
		w.WriteString("<D:href>")
		writeText(w, href, false)
		w.WriteString("</D:href>")
		if entry.status != 0 {
			w.WriteString("<D:status>" + statusLine(entry.status) + "</D:status></D:response>\n")
			continue
		}
		w.WriteString("<D:propstat><D:prop>")
		missing = missing[:0]
		for _, name := range l.asked.names {
			if !l.writeProperty(w, entry.object, name) && !l.asked.all {
				missing = append(missing, name)
			}
		}
		w.WriteString("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
		writeMissing(w, missing, 0)
		w.WriteString("</D:response>\n")
	}
}

// writeProperty writes one property of a member, and reports whether it has it.
func (l *listing) writeProperty(w *bufio.Writer, o *object, name xml.Name) bool {
	switch name.Space {
	case spaceDAV:
		switch name.Local {
		case "resourcetype":
			w.WriteString("<D:resourcetype/>")
			return true
		case "getetag":
			etag := l.manners.shown(o.ETag, l.number)
			for _, fault := range l.faults {
				if hasSuffix(o, fault.Suffix) && (fault.NoETag || fault.ETag != "") {
					etag = fault.ETag
				}
			}
			if etag == "" {
				return false
			}
			w.WriteString("<D:getetag>")
			writeText(w, etag, false)
			w.WriteString("</D:getetag>")
			return true
		case "getcontenttype":
			w.WriteString("<D:getcontenttype>text/calendar; charset=utf-8; component=")
			writeText(w, o.Component, false)
			w.WriteString("</D:getcontenttype>")
			return true
		case "getcontentlength":
			w.WriteString("<D:getcontentlength>" + strconv.Itoa(len(o.Body)) + "</D:getcontentlength>")
			return true
		case "getlastmodified":
			w.WriteString("<D:getlastmodified>" + httpTime(o.At.Add(l.manners.ClockOff)) + "</D:getlastmodified>")
			return true
		case "current-user-privilege-set":
			return false
		}
	case spaceCalDAV:
		if name.Local == "calendar-data" && l.data {
			body := o.Body
			for _, fault := range l.faults {
				if hasSuffix(o, fault.Suffix) && (fault.NoData || fault.Data != "") {
					body = fault.Data
				}
			}
			if l.empty {
				body = ""
			}
			if l.manners.LFData {
				body = strings.ReplaceAll(body, "\r\n", "\n")
			}
			w.WriteString("<C:calendar-data>")
			writeText(w, body, l.manners.CRReferences)
			w.WriteString("</C:calendar-data>")
			return true
		}
	}
	return false
}
