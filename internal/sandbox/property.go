package sandbox

import (
	"bufio"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// asked is what a PROPFIND or REPORT wants to know.
type asked struct {
	names    []xml.Name
	all      bool // allprop: names are those of the kind of resource
	onlyName bool // propname
}

// askedOf reads the prop, allprop or propname within a request's root element.
func askedOf(doc *node) asked {
	if doc == nil || doc.child(spaceDAV, "allprop") != nil {
		return asked{all: true}
	}
	if doc.child(spaceDAV, "propname") != nil {
		return asked{all: true, onlyName: true}
	}
	var a asked
	if prop := doc.child(spaceDAV, "prop"); prop != nil {
		for _, child := range prop.children {
			a.names = append(a.names, child.name)
		}
	}
	return a
}

func dav(local string) xml.Name { return xml.Name{Space: spaceDAV, Local: local} }
func cal(local string) xml.Name { return xml.Name{Space: spaceCalDAV, Local: local} }

var (
	allOfCalendar = []xml.Name{dav("resourcetype"), dav("displayname"), dav("owner"), dav("getcontenttype"), {Space: spaceServer, Local: "getctag"}, {Space: spaceApple, Local: "calendar-color"}, dav("sync-token")}
	allOfMember   = []xml.Name{dav("resourcetype"), dav("getetag"), dav("getcontenttype"), dav("getcontentlength"), dav("getlastmodified")}
	allOfOther    = []xml.Name{dav("resourcetype"), dav("displayname"), dav("owner")}
)

// response is one resource of a multistatus, rendered while mu is held.
type response struct {
	href    string
	given   strings.Builder
	missing []xml.Name
	status  int // of the missing ones; 0 is 404
}

// writeTo writes the response element.
func (r *response) writeTo(w *bufio.Writer) {
	w.WriteString("<D:response>")
	w.WriteString(hrefElement(r.href))
	if r.given.Len() > 0 || len(r.missing) == 0 {
		w.WriteString("<D:propstat><D:prop>")
		w.WriteString(r.given.String())
		w.WriteString("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
	}
	writeMissing(w, r.missing, r.status)
	w.WriteString("</D:response>\n")
}

func writeMissing(w *bufio.Writer, missing []xml.Name, status int) {
	if len(missing) == 0 {
		return
	}
	if status == 0 {
		status = http.StatusNotFound
	}
	w.WriteString("<D:propstat><D:prop>")
	for _, name := range missing {
		w.WriteString(element(name, ""))
	}
	w.WriteString("</D:prop><D:status>" + statusLine(status) + "</D:status></D:propstat>")
}

// describe answers what was asked about a collection or principal.
func (s *Server) describe(e *exchange, t target, href string, a asked) *response {
	r := &response{href: href}
	names := a.names
	if a.all {
		names = allOfOther
		if t.kind == kindCalendar {
			names = allOfCalendar
		}
	}
	refusedAll := t.user != "" && t.user != e.user && t.kind != kindPrincipal && s.manners.Open == ""
	for _, name := range names {
		if a.all && name.Local == "sync-token" && !s.manners.AllpropTellsToken {
			continue
		}
		inner, ok := s.property(e, t, name)
		switch {
		case refusedAll:
			r.missing, r.status = append(r.missing, name), http.StatusForbidden
		case ok && a.onlyName:
			r.given.WriteString(element(name, ""))
		case ok:
			r.given.WriteString(element(name, inner))
		case !a.all:
			r.missing = append(r.missing, name)
		}
	}
	return r
}

// property is what stands within a property of a collection or principal.
func (s *Server) property(e *exchange, t target, name xml.Name) (inner string, ok bool) {
	layout := s.manners.Layout
	switch name.Space {
	case spaceDAV:
		switch name.Local {
		case "resourcetype":
			return s.resourceType(t), true
		case "current-user-principal":
			return hrefElement(layout.principal(e.user)), true
		case "principal-URL":
			return hrefElement(layout.principal(e.user)), t.principal
		case "principal-collection-set":
			above, _, _ := strings.Cut(layout.Principal, "{user}")
			return hrefElement(above), true
		case "displayname":
			if t.ref != nil {
				return escape(t.ref.DisplayName), t.ref.DisplayName != ""
			}
			if user := s.state.Users[t.user]; user != nil && t.principal {
				return escape(user.DisplayName), true
			}
			return "", false
		case "owner":
			if t.ref != nil {
				return hrefElement(layout.principal(t.ref.Owner)), true
			}
			return hrefElement(layout.principal(t.user)), t.user != ""
		}
	case spaceCalDAV:
		switch name.Local {
		case "calendar-home-set":
			return hrefElement(layout.home(t.user)), t.principal
		case "calendar-user-address-set":
			user := s.state.Users[t.user]
			if user == nil || !t.principal || s.manners.Addresses == AddressNone {
				return "", false
			}
			var b strings.Builder
			for _, address := range user.Addresses {
				if s.manners.Addresses == AddressMail {
					b.WriteString(hrefElement("mailto:" + address))
				}
			}
			b.WriteString(hrefElement(layout.principal(t.user)))
			return b.String(), true
		}
	}
	if t.kind == kindCalendar && t.ref != nil {
		return s.calendarProperty(t.ref, name)
	}
	if name.Space == spaceDAV && name.Local == "current-user-privilege-set" && !s.manners.NoPrivileges {
		return privileges("read", "write", "bind", "unbind"), t.user == e.user
	}
	return "", false
}

func (s *Server) resourceType(t target) string {
	switch {
	case t.kind == kindCalendar && t.ref != nil && t.ref.Trashed:
		return davElement("collection", "") + element(xml.Name{Space: spaceNC, Local: "deleted-calendar"}, "")
	case t.kind == kindCalendar:
		return davElement("collection", "") + calElement("calendar", "")
	case t.kind == kindExtra && strings.Contains(t.extra, "outbox"):
		return davElement("collection", "") + calElement("schedule-outbox", "")
	case t.kind == kindExtra && strings.Contains(t.extra, "inbox"):
		return davElement("collection", "") + calElement("schedule-inbox", "")
	case t.principal && t.kind == kindHome:
		return davElement("collection", "") + davElement("principal", "")
	case t.principal:
		return davElement("principal", "")
	}
	return davElement("collection", "")
}

func (s *Server) calendarProperty(c *calendarRef, name xml.Name) (string, bool) {
	m := &s.manners
	switch name.Space {
	case spaceDAV:
		switch name.Local {
		case "sync-token":
			return escape(s.tokenOf(c.calendar, c.Sequence)), !m.NoSync
		case "getcontenttype":
			return "text/calendar", true
		case "getetag":
			return escape(`"` + strings.Trim(s.ctag(c.calendar), `"`) + `"`), m.CalendarETag
		case "supported-report-set":
			return s.reports(), true
		case "current-user-privilege-set":
			if m.NoPrivileges {
				return "", false
			}
			switch c.Access {
			case Reads:
				// A right to write properties is no right to write events: ownCloud and Nextcloud grant it on read-only shares.
				return privileges("read", "read-acl", "read-current-user-privilege-set", "write-properties"), true
			case Writes:
				return privileges("read", "read-current-user-privilege-set", "write", "write-content", "write-properties", "bind", "unbind"), true
			}
			return privileges("all", "read", "read-acl", "read-current-user-privilege-set", "write", "write-acl", "write-content", "write-properties", "bind", "unbind", "unlock"), true
		}
	case spaceServer:
		if name.Local == "getctag" {
			return escape(s.ctag(c.calendar)), !m.NoCTag
		}
	case spaceApple:
		if name.Local == "calendar-color" {
			return escape(c.Color), c.Color != ""
		}
	case spaceCalDAV:
		switch name.Local {
		case "supported-calendar-component-set":
			var b strings.Builder
			for _, component := range c.Components {
				b.WriteString(`<C:comp name="` + escape(component) + `"/>`)
			}
			return b.String(), true
		case "supported-calendar-data":
			return `<C:calendar-data content-type="text/calendar" version="2.0"/>`, true
		case "max-resource-size":
			return strconv.FormatInt(m.MaxSize, 10), m.MaxSize > 0
		}
	}
	text, ok := c.Properties[propertyKey(name)]
	return escape(text), ok
}

func propertyKey(name xml.Name) string { return "{" + name.Space + "}" + name.Local }

func privileges(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(davElement("privilege", davElement(name, "")))
	}
	return b.String()
}

func (s *Server) reports() string {
	names := []string{calElement(reportMultiget, ""), calElement(reportQuery, "")}
	if !s.manners.NoSync {
		names = append(names, davElement(reportSync, ""))
	}
	var b strings.Builder
	for _, name := range names {
		if !s.manners.BareReports {
			name = davElement("report", name)
		}
		b.WriteString(davElement("supported-report", name))
	}
	return b.String()
}

func (s *Server) ctag(c *calendar) string {
	switch s.manners.CTag {
	case CTagToken:
		return s.tokenOf(c, c.Sequence)
	case CTagQuoted:
		return `"` + s.hash(c.ID+" "+s.tokenOf(c, c.Sequence)) + `"`
	}
	return strconv.FormatInt(c.Sequence, 10)
}

// etagFor makes the ETag of a text that is stored now, strong and quoted.
func (s *Server) etagFor(c *calendar, body string) string {
	switch s.manners.ETag {
	case ETagCounter:
		return fmt.Sprintf(`"%s-%d"`, c.ID, c.Sequence+1)
	case ETagSeconds:
		return fmt.Sprintf(`"%d"`, s.now().Add(s.manners.ClockOff).Unix())
	}
	return `"` + s.hash(body) + `"`
}

// hash is as long as this server's ETags are.
func (s *Server) hash(text string) string {
	switch s.manners.ETag {
	case ETagMiddle:
		return fmt.Sprintf("%x", sha1.Sum([]byte(text)))
	case ETagLong:
		return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	}
	return fmt.Sprintf("%x", md5.Sum([]byte(text)))
}

// shown is an ETag as this server tells it; "" when it does not.
func (m *Manners) shown(etag string, listing int) string {
	if m.NoETags {
		return ""
	}
	if m.RestlessETags {
		etag = fmt.Sprintf(`%s-%d"`, strings.TrimSuffix(etag, `"`), listing)
	}
	if m.UnquotedETags {
		return strings.Trim(etag, `"`)
	}
	if m.WeakETags {
		return "W/" + etag
	}
	return etag
}
