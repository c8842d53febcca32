package sandbox

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// get answers GET and HEAD.
func (s *Server) get(e *exchange) *answer {
	t := e.target
	if t.kind == kindCalendar && t.ref != nil && s.manners.GetCalendar != 0 {
		return s.refusal(s.manners.GetCalendar, "", "GET is not served here")
	}
	if t.kind == kindCalendar && t.ref != nil || t.kind == kindHome || t.kind == kindRoot || t.kind == kindPrincipal {
		return plain(http.StatusOK, "This is a CalDAV server: give this address to a calendar program.\n")
	}
	if t.object == nil {
		return s.refusal(http.StatusNotFound, "", "Node with name '"+t.name+"' could not be found")
	}
	etag := s.manners.shown(t.object.ETag, s.listings)
	a := &answer{status: http.StatusOK, header: http.Header{}}
	if etag != "" {
		a.header.Set("ETag", etag)
	}
	a.header.Set("Last-Modified", httpTime(t.object.At.Add(s.manners.ClockOff)))
	if none := e.request.Header.Get("If-None-Match"); none != "" && !s.manners.NoNotModified && (none == "*" || slices.Contains(etagList(none), etag)) {
		a.status = http.StatusNotModified
		return a
	}
	a.header.Set("Content-Type", "text/calendar; charset=utf-8; component="+t.object.Component)
	a.body = []byte(t.object.Body)
	return a
}

// etagList splits an If-Match or If-None-Match header.
func etagList(header string) []string {
	var list []string
	for _, entry := range strings.Split(header, ",") {
		list = append(list, strings.TrimSpace(entry))
	}
	return list
}

// stale reports whether the preconditions of a write forbid it.
func (s *Server) stale(old *object, write *Write) bool {
	m := &s.manners
	if write.IfNoneMatch != "" && !m.IgnoresNone && old != nil && (write.IfNoneMatch == "*" || slices.Contains(etagList(write.IfNoneMatch), old.ETag)) {
		return true
	}
	if write.IfMatch == "" || m.IgnoresMatch || (write.Method == http.MethodDelete && m.DeleteUnguarded) {
		return false
	}
	if old == nil {
		return !m.MatchMissingOK
	}
	if write.IfMatch == "*" {
		return false
	}
	list := etagList(write.IfMatch)
	if m.MatchOneOnly && len(list) > 1 {
		return true
	}
	current := old.ETag
	if m.RestlessETags {
		current = m.shown(old.ETag, s.listings)
	}
	if slices.Contains(list, current) {
		return false
	}
	if m.RaceWindow > 0 && old.before != nil && s.now().Sub(old.before.At) < m.RaceWindow && slices.Contains(list, old.before.ETag) {
		return false
	}
	return true
}

// mayWrite refuses a write without the right to it.
func (s *Server) mayWrite(access Access) *answer {
	if access == Writes || access == Owns {
		return nil
	}
	if status := s.manners.ReadOnlyStatus; status != 0 && status != http.StatusForbidden {
		return s.refusal(status, "", "could not be found")
	}
	return s.refusal(http.StatusForbidden, davElement("need-privileges", ""), "the calendar is read-only")
}

// putResult is what became of a PUT.
type putResult struct {
	refused *answer
	object  *object
	created bool
	write   *Write
}

// putRequest answers PUT (RFC 4918 section 9.7, RFC 4791 section 5.3.2).
func (s *Server) putRequest(e *exchange) *answer {
	t := e.target
	if t.kind == kindCalendar && t.ref != nil && s.manners.PutReplaces {
		return s.replaceAll(e)
	}
	if t.kind == kindMember && t.ref == nil {
		status := s.manners.MissingCalendar
		if status == 0 {
			status = http.StatusConflict
		}
		return s.refusal(status, "", "there is no such calendar")
	}
	if t.kind != kindMember {
		return plain(http.StatusMethodNotAllowed, "method not allowed\n")
	}
	result := s.put(t.ref, t.ref.Access, t.name, t.segment, e.body, s.writeOf(e))
	if result.refused != nil {
		return result.refused
	}
	e.writes = append(e.writes, result.write)
	a := plain(result.write.Status, "")
	if result.write.ETagGiven != "" {
		a.header.Set("ETag", result.write.ETagGiven)
	}
	return a
}

// writeOf begins the log's entry of a request.
func (s *Server) writeOf(e *exchange) Write {
	return Write{
		By: ByClient, User: e.user, Agent: e.request.UserAgent(), Method: e.request.Method, Sent: string(e.body),
		IfMatch: strings.Join(e.request.Header.Values("If-Match"), ", "), IfNoneMatch: strings.Join(e.request.Header.Values("If-None-Match"), ", "),
	}
}

// put stores a text. The caller holds mu.
func (s *Server) put(c *calendarRef, access Access, name, segment string, body []byte, write Write) putResult {
	m := &s.manners
	old := c.byName[name]
	if refused := s.mayWrite(access); refused != nil {
		return putResult{refused: refused}
	}
	if s.stale(old, &write) {
		return putResult{refused: s.refusal(http.StatusPreconditionFailed, "", "An If-Match or If-None-Match header did not match")}
	}
	if m.MaxSize > 0 && !m.MaxSizeLoose && int64(len(body)) > m.MaxSize {
		status := m.MaxSizeStatus
		if status == 0 {
			status = http.StatusRequestEntityTooLarge
		}
		return putResult{refused: s.refusal(status, calElement("max-resource-size", ""), "the calendar object resource is too large")}
	}
	text := string(body)
	r := read(text)
	if len(c.Components) > 0 && r.component != "" && !slices.Contains(c.Components, r.component) {
		r.defects[DefectComponent] = true
	}
	href := s.pathOf(c.calendar, name)
	if refused := s.defective(r, href); refused != nil {
		return putResult{refused: refused}
	}
	if refused := s.conflicting(c, old, r, name, href); refused != nil {
		return putResult{refused: refused}
	}
	stored := s.rewrite(text, r, c.Owner)
	if m.Rewrite.MakeUID && r.uid == "" {
		r = read(stored)
	}
	rewritten := stored != text && strings.ReplaceAll(stored, "\r\n", "\n") != strings.ReplaceAll(text, "\r\n", "\n")
	write.Before, write.ETagBefore = "", ""
	if old != nil {
		write.Before, write.ETagBefore = old.Body, old.ETag
	}
	write.At = s.now().UTC()
	o := object{Name: name, Segment: segment, UID: r.uid, Component: r.component, Body: stored, ETag: s.etagFor(c.calendar, stored), At: write.At}
	if err := s.keep(record{Put: &o, In: c.ID}); err != nil {
		return putResult{refused: plain(http.StatusInsufficientStorage, "the change could not be kept\n")}
	}
	write.Calendar, write.Href = s.pathOf(c.calendar, ""), href
	write.After, write.ETagAfter = stored, o.ETag
	write.Mailed = s.mailed(old, r, text)
	write.Status = http.StatusNoContent
	if old == nil {
		write.Status = http.StatusCreated
	} else if m.ChangedStatus != 0 {
		write.Status = m.ChangedStatus
	}
	if !m.NoPutETag && (!rewritten || m.Rewrite.Silently) {
		write.ETagGiven = m.shown(o.ETag, s.listings)
	}
	return putResult{object: c.byName[name], created: old == nil, write: s.logWrite(write)}
}

// order is the one in which defects are looked for.
var order = []Defect{DefectEmpty, DefectNotText, DefectNotCalendar, DefectCut, DefectNoComponent, DefectComponent, DefectMethod, DefectNoUID, DefectTwoUIDs, DefectNoStart, DefectBadStart, DefectFrequency, DefectNoMaster, DefectNoLength}

// defective refuses a text that is not as it should be.
func (s *Server) defective(r reading, href string) *answer {
	for _, defect := range order {
		status := s.manners.Refusals[defect]
		if !r.defects[defect] || status == 0 {
			continue
		}
		inner := calElement("valid-calendar-object-resource", "")
		switch defect {
		case DefectEmpty, DefectNotCalendar, DefectCut, DefectNotText:
			inner = calElement("valid-calendar-data", "")
		case DefectComponent:
			inner = calElement("supported-calendar-component", "")
		}
		text := "the text is no calendar object resource: " + string(defect)
		switch status {
		case http.StatusMultiStatus:
			return insideMultistatus(href, http.StatusPreconditionFailed, inner)
		case http.StatusForbidden, http.StatusConflict, http.StatusPreconditionFailed:
			return s.refusal(status, inner, text)
		}
		return s.refusal(status, "", text)
	}
	return nil
}

// conflicting refuses a text that may not stand under its href.
func (s *Server) conflicting(c *calendarRef, old *object, r reading, name, href string) *answer {
	m := &s.manners
	if status := m.OtherUID; status != 0 && old != nil && old.UID != r.uid {
		return s.refusal(status, calElement("no-uid-conflict", hrefElement(href)), "the href has another UID")
	}
	if _, trashed := c.Trash[r.uid]; trashed && m.TrashKeepsUID != 0 && old == nil {
		return s.refusal(m.TrashKeepsUID, "", `An exception occurred while executing a query: SQLSTATE[23000]: UNIQUE constraint failed: oc_calendarobjects.calendarid, oc_calendarobjects.calendartype, oc_calendarobjects.uid`)
	}
	if m.Sequence && old != nil {
		if r.sequence < read(old.Body).sequence {
			return s.refusal(http.StatusConflict, "", "SEQUENCE is lower than the stored one")
		}
	}
	if m.Organizers != 0 && old != nil && r.organizer != "" && !s.isOwn(c.Owner, r.organizer) {
		return s.refusal(m.Organizers, "", "the event is organized by somebody else")
	}
	twin := s.twin(c, r.uid, name)
	if twin == "" || r.uid == "" {
		return nil
	}
	inner := calElement("no-uid-conflict", hrefElement(twin))
	switch m.UIDConflict {
	case UIDDoubled:
		return nil
	case UIDMultistatus:
		return insideMultistatus(href, http.StatusPreconditionFailed, inner)
	case UIDText:
		return s.refusal(http.StatusBadRequest, "", "Calendar object with uid already exists in this calendar collection.")
	case UIDForbidden:
		return s.refusal(http.StatusForbidden, inner, "the UID is in use")
	}
	return s.refusal(http.StatusConflict, inner, "the UID is in use")
}

// twin is the escaped path of another resource with a UID, "" without one.
func (s *Server) twin(c *calendarRef, uid, name string) string {
	for _, other := range c.byUID[uid] {
		if other != name {
			return s.manners.Layout.calendar(c.Owner, c.Name) + c.byName[other].Segment
		}
	}
	if s.manners.UIDTaken {
		for _, calendarName := range s.state.names(c.Owner) {
			other, _ := s.state.find(c.Owner, calendarName)
			if other != c.calendar && other.Owner == c.Owner && len(other.byUID[uid]) > 0 {
				return s.manners.Layout.calendar(other.Owner, other.Name) + other.byName[other.byUID[uid][0]].Segment
			}
		}
	}
	return ""
}

func (s *Server) isOwn(user, organizer string) bool {
	known := s.state.Users[user]
	address := strings.ToLower(strings.TrimPrefix(strings.ToLower(organizer), "mailto:"))
	return known != nil && slices.ContainsFunc(known.Addresses, func(own string) bool { return strings.ToLower(own) == address })
}

// mailed is how many messages a write makes the server send (RFC 6638 section 3.2): one for each guest of the text before or
// after, when it changed. The organizer's own line is no guest.
func (s *Server) mailed(old *object, now reading, text string) int {
	if !s.manners.Mails {
		return 0
	}
	guests := map[string]bool{}
	count := func(r reading) {
		for _, guest := range r.attendees {
			agent := strings.ToUpper(guest.parameter("SCHEDULE-AGENT"))
			if (agent == "CLIENT" || agent == "NONE") && !s.manners.IgnoresAgent {
				continue
			}
			if r.organizer != "" && !strings.EqualFold(guest.value(), r.organizer) {
				guests[strings.ToLower(guest.value())] = true
			}
		}
	}
	count(now)
	if old != nil {
		if old.Body == text {
			return 0
		}
		count(read(old.Body))
	}
	return len(guests)
}

// replaceAll puts one text in the place of all members, as Radicale does with a PUT onto the collection.
func (s *Server) replaceAll(e *exchange) *answer {
	c := e.target.ref
	if refused := s.mayWrite(c.Access); refused != nil {
		return refused
	}
	for _, o := range c.living() {
		write := s.writeOf(e)
		write.Method, write.Status = http.MethodDelete, http.StatusCreated
		removed, err := s.remove(c, o, write)
		if err != nil {
			return plain(http.StatusInsufficientStorage, "the change could not be kept\n")
		}
		e.writes = append(e.writes, removed)
	}
	if r := read(string(e.body)); len(r.defects) == 0 {
		write := s.writeOf(e)
		write.IfMatch, write.IfNoneMatch = "", ""
		if result := s.put(c, Owns, r.uid+".ics", escapeSegment(r.uid+".ics"), e.body, write); result.write != nil {
			e.writes = append(e.writes, result.write)
		}
	}
	return plain(http.StatusCreated, "")
}

// deleteRequest answers DELETE (RFC 4918 section 9.6).
func (s *Server) deleteRequest(e *exchange) *answer {
	t := e.target
	if t.kind == kindCalendar && t.ref != nil {
		if t.ref.Access != Owns {
			return s.refusal(http.StatusForbidden, davElement("need-privileges", ""), "the calendar belongs to somebody else")
		}
		if err := s.keep(record{Drop: t.ref.ID}); err != nil {
			return plain(http.StatusInsufficientStorage, "the change could not be kept\n")
		}
		return plain(http.StatusNoContent, "")
	}
	if t.kind != kindMember {
		return plain(http.StatusForbidden, "this cannot be deleted\n")
	}
	if t.ref == nil {
		return s.refusal(http.StatusNotFound, "", "not found")
	}
	removed, refused := s.delete(t.ref, t.ref.Access, t.object, s.writeOf(e))
	if refused != nil {
		return refused
	}
	e.writes = append(e.writes, removed)
	if s.manners.DeleteBody {
		return document(http.StatusOK, "<D:multistatus"+declarations+"><D:response>"+hrefElement(e.escaped)+"<D:status>HTTP/1.1 200 OK</D:status></D:response></D:multistatus>")
	}
	return plain(http.StatusNoContent, "")
}

// delete removes a member, or says why not. The caller holds mu.
func (s *Server) delete(c *calendarRef, access Access, o *object, write Write) (*Write, *answer) {
	if o == nil {
		status := http.StatusNotFound
		if write.IfMatch != "" && s.manners.DeleteMissing != 0 {
			status = s.manners.DeleteMissing
		}
		return nil, s.refusal(status, "", "Node could not be found")
	}
	if refused := s.mayWrite(access); refused != nil {
		return nil, refused
	}
	if s.stale(o, &write) {
		return nil, s.refusal(http.StatusPreconditionFailed, "", "An If-Match header did not match")
	}
	if most := s.manners.TrashKeepsName; most > 0 && c.Trashes[o.Name] >= most {
		return nil, s.refusal(http.StatusForbidden, "", o.Name+"-deleted.ics already exists in this calendar")
	}
	write.Status = http.StatusNoContent
	if s.manners.DeleteBody {
		write.Status = http.StatusOK
	}
	removed, err := s.remove(c, o, write)
	if err != nil {
		return nil, plain(http.StatusInsufficientStorage, "the change could not be kept\n")
	}
	return removed, nil
}

// remove takes an object away and logs it.
func (s *Server) remove(c *calendarRef, o *object, write Write) (*Write, error) {
	write.At = s.now().UTC()
	write.Calendar, write.Href = s.pathOf(c.calendar, ""), s.pathOf(c.calendar, o.Name)
	write.Before, write.ETagBefore = o.Body, o.ETag
	write.Mailed = s.mailed(nil, read(o.Body), "")
	if err := s.keep(record{Remove: o.Name, In: c.ID, At: write.At}); err != nil {
		return nil, err
	}
	return s.logWrite(write), nil
}

// move answers MOVE of a member, within a calendar or between two of the same user (RFC 4918 section 9.9).
func (s *Server) move(e *exchange) *answer {
	t := e.target
	status := s.manners.MoveStatus
	if status == 0 {
		status = http.StatusCreated
	}
	if status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented {
		return s.refusal(status, "", "MOVE is not served here")
	}
	if t.object == nil {
		return s.refusal(http.StatusNotFound, "", "not found")
	}
	destination, err := url.Parse(e.request.Header.Get("Destination"))
	if err != nil {
		return plain(http.StatusBadRequest, "the Destination is no URL\n")
	}
	to := s.resolve(destination.EscapedPath(), e.user)
	if to.kind != kindMember || to.ref == nil || to.user != t.user {
		return s.refusal(http.StatusConflict, "", "there is no such calendar")
	}
	if status >= 400 {
		if to.ref.calendar == t.ref.calendar {
			return s.refusal(status, "", "MOVE within a calendar is not served")
		}
		status = http.StatusCreated
	}
	if to.object != nil && e.request.Header.Get("Overwrite") == "F" {
		return s.refusal(http.StatusPreconditionFailed, "", "the destination exists")
	}
	for _, access := range []Access{t.ref.Access, to.ref.Access} {
		if refused := s.mayWrite(access); refused != nil {
			return refused
		}
	}
	write := s.writeOf(e)
	write.Status = status
	removed, err := s.remove(t.ref, t.object, write)
	if err != nil {
		return plain(http.StatusInsufficientStorage, "the change could not be kept\n")
	}
	e.writes = append(e.writes, removed)
	result := s.put(to.ref, to.ref.Access, to.name, to.segment, []byte(t.object.Body), write)
	if result.refused != nil {
		return result.refused
	}
	result.write.Status = status
	e.writes = append(e.writes, result.write)
	return plain(status, "")
}

// mkcalendar answers RFC 4791 section 5.3.1.
func (s *Server) mkcalendar(e *exchange) *answer {
	t := e.target
	switch {
	case s.manners.NoMkcalendar:
		return plain(http.StatusMethodNotAllowed, "method not allowed\n")
	case e.docErr != nil:
		return s.refusal(http.StatusBadRequest, "", "the body is no mkcalendar")
	case t.kind == kindCalendar && t.ref != nil && s.manners.MkcalendarAgain == http.StatusMultiStatus:
		return insideMultistatus(e.escaped, http.StatusForbidden, davElement("resource-must-be-null", ""))
	case t.kind == kindCalendar && t.ref != nil:
		status := s.manners.MkcalendarAgain
		if status == 0 {
			status = http.StatusMethodNotAllowed
		}
		return s.refusal(status, davElement("resource-must-be-null", ""), "something is there already")
	case t.kind != kindCalendar || !goodName(t.calendar):
		return s.refusal(http.StatusForbidden, calElement("calendar-collection-location-ok", ""), "a calendar cannot be here")
	case t.user != e.user:
		return s.refusal(http.StatusForbidden, davElement("need-privileges", ""), "this is somebody else's home")
	}
	info := about{Owner: t.user, Name: t.calendar, Components: s.defaultComponents(), Properties: map[string]string{}}
	if e.doc != nil {
		set := e.doc.child(spaceDAV, "set").child(spaceDAV, "prop")
		if set != nil {
			for _, property := range set.children {
				info.set(property)
			}
		}
	}
	if err := s.keep(record{About: &info}); err != nil {
		return plain(http.StatusInsufficientStorage, "the change could not be kept\n")
	}
	return plain(http.StatusCreated, "")
}

// protected are properties that no client may set.
var protected = []string{"resourcetype", "getetag", "getcontenttype", "getcontentlength", "getlastmodified", "sync-token", "supported-report-set", "current-user-privilege-set", "owner", "current-user-principal"}

// set sets a property, and reports whether it may be set. Of a property with elements inside only the text is kept.
func (a *about) set(property *node) bool {
	switch {
	case property.name == dav("displayname"):
		a.DisplayName = strings.TrimSpace(property.text)
	case property.name == (xml.Name{Space: spaceApple, Local: "calendar-color"}):
		a.Color = property.value()
	case property.name == cal("supported-calendar-component-set"):
		var components []string
		for _, child := range property.children {
			components = append(components, strings.ToUpper(child.attr("name")))
		}
		a.Components = components
	case property.name.Space == spaceDAV && slices.Contains(protected, property.name.Local):
		return false
	default:
		a.Properties[propertyKey(property.name)] = property.text
	}
	return true
}

func (a *about) unset(name xml.Name) {
	switch name {
	case dav("displayname"):
		a.DisplayName = ""
	case xml.Name{Space: spaceApple, Local: "calendar-color"}:
		a.Color = ""
	}
	delete(a.Properties, propertyKey(name))
}

// proppatch answers RFC 4918 section 9.2: all of it or nothing.
func (s *Server) proppatch(e *exchange) *answer {
	t := e.target
	if e.docErr != nil || e.doc == nil || e.doc.name != dav("propertyupdate") {
		return s.refusal(http.StatusBadRequest, "", "the body is no propertyupdate")
	}
	if t.kind != kindCalendar || t.ref == nil {
		return s.refusal(http.StatusForbidden, "", "nothing can be set here")
	}
	if t.ref.Access == NoAccess || t.ref.Access == Reads {
		return s.refusal(http.StatusForbidden, davElement("need-privileges", ""), "the calendar is read-only")
	}
	info := t.ref.about
	info.Properties = map[string]string{}
	for key, value := range t.ref.Properties {
		info.Properties[key] = value
	}
	var names, refused []xml.Name
	for _, part := range e.doc.children {
		prop := part.child(spaceDAV, "prop")
		if prop == nil {
			continue
		}
		for _, property := range prop.children {
			names = append(names, property.name)
			switch {
			case part.name == dav("remove"):
				info.unset(property.name)
			case property.name == cal("supported-calendar-component-set") || !info.set(property):
				refused = append(refused, property.name)
			}
		}
	}
	var b bytes.Buffer
	b.WriteString("<D:multistatus" + declarations + "><D:response>" + hrefElement(e.escaped))
	propstat := func(names []xml.Name, status int) {
		if len(names) == 0 {
			return
		}
		b.WriteString("<D:propstat><D:prop>")
		for _, name := range names {
			b.WriteString(element(name, ""))
		}
		b.WriteString("</D:prop><D:status>" + statusLine(status) + "</D:status></D:propstat>")
	}
	if len(refused) > 0 {
		propstat(refused, http.StatusForbidden)
		propstat(slices.DeleteFunc(names, func(name xml.Name) bool { return slices.Contains(refused, name) }), http.StatusFailedDependency)
	} else {
		if err := s.keep(record{About: &info, Touch: true, At: s.now().UTC()}); err != nil {
			return plain(http.StatusInsufficientStorage, "the change could not be kept\n")
		}
		propstat(names, http.StatusOK)
	}
	b.WriteString("</D:response></D:multistatus>")
	return document(http.StatusMultiStatus, b.String())
}
