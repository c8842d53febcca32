package sandbox

import (
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// reportRequest answers RFC 3253 section 3.6 for the reports of a sync client.
func (s *Server) reportRequest(e *exchange) *answer {
	if e.docErr != nil || e.doc == nil {
		return s.refusal(http.StatusBadRequest, "", "the body is no report")
	}
	t := e.target
	if t.kind == kindMember && t.object == nil || t.kind == kindCalendar && t.ref == nil || t.kind == kindNothing {
		return s.refusal(http.StatusNotFound, "", "not found")
	}
	if t.ref == nil {
		return s.refusal(http.StatusForbidden, davElement("supported-report", ""), "this report is not for this resource")
	}
	switch {
	case e.doc.name == dav(reportSync) && t.kind == kindCalendar && !s.manners.NoSync:
		return s.syncCollection(e)
	case e.doc.name == cal(reportMultiget):
		return s.multiget(e)
	case e.doc.name == cal(reportQuery):
		return s.query(e)
	}
	return s.refusal(http.StatusForbidden, davElement("supported-report", ""), "this report is not supported")
}

// syncCollection answers RFC 6578 section 3.2.
func (s *Server) syncCollection(e *exchange) *answer {
	m, c := &s.manners, e.target.ref
	if m.ReportFails != 0 {
		return plain(m.ReportFails, http.StatusText(m.ReportFails)+"\n")
	}
	sent := e.doc.child(spaceDAV, "sync-token")
	level := e.doc.child(spaceDAV, "sync-level")
	switch {
	case sent == nil && m.TokenNeeded != 0:
		return s.refusal(m.TokenNeeded, "", "sync-token is missing")
	case level == nil && m.LevelNeeded != 0:
		return s.refusal(m.LevelNeeded, "", "sync-level is missing")
	case level == nil && m.LevelOneOnly, level != nil && m.LevelOneOnly && level.value() != "1":
		return s.refusal(http.StatusBadRequest, "", "sync-level is not 1")
	case m.DepthZeroOnly && e.depth != "" && e.depth != "0":
		return s.refusal(http.StatusBadRequest, "", "Depth is not 0")
	}
	limit, refused := s.limitOf(e)
	if refused != nil {
		return refused
	}
	from, first, known := int64(0), e.token == "", true
	if !first {
		from, known = s.given(c.calendar, e.token)
		if known && from < c.Pruned && !m.Token.Silent {
			known = false
		}
	}
	if known && m.Token.Silent && from == 0 {
		first = true // sabre/dav takes a zero for no token
	}
	if e.fault != nil && e.fault.Do.TakesToken {
		from, known = e.fault.Do.TakenFrom, true
		first = from == 0
	}
	if !known {
		if refused := s.unknownToken(); refused != nil {
			return refused
		}
		first, from = true, 0
	}
	l := s.list(e, c, askedOf(e.doc))
	l.data = m.DataInSync
	until := c.Sequence
	var told []change
	if first {
		until, refused = s.syncAll(e, l, c, limit)
		if refused != nil {
			return refused
		}
	} else {
		told = c.since(from)
		if m.RepeatsMoment > 0 && from < c.Sequence {
			told = s.repeated(c.calendar, from)
		}
		cut := false
		if limit > 0 && len(told) > limit {
			told, cut = told[:limit], true
			if (m.Limit != LimitLossy && m.Limit != LimitLossyNext) || m.PageSize > 0 {
				until = told[len(told)-1].Sequence
			}
		}
		s.tell(l, c, told, from)
		if cut && until != c.Sequence {
			l.tail = append(l.tail, s.more(l))
		}
	}
	token := s.tokenOf(c.calendar, until)
	if m.Token.Silent && m.Token.Echo && from > c.Sequence {
		token = e.token
	}
	if e.fault != nil && e.fault.Do.TokenTells {
		token = e.fault.Do.Token
	}
	return multistatus(nil, l, token)
}

// limitOf is how many members one report may tell of, 0 is any number.
func (s *Server) limitOf(e *exchange) (int, *answer) {
	limit := s.manners.PageSize
	wanted := e.doc.child(spaceDAV, "limit")
	if wanted == nil {
		return limit, nil
	}
	if s.manners.Limit == LimitStrict && wanted.text != "" {
		return 0, s.refusal(http.StatusBadRequest, "", "unexpected text in limit")
	}
	if s.manners.Limit == LimitLossyNext && e.token == "" {
		return limit, nil
	}
	if s.manners.Limit == LimitHonoured || s.manners.Limit == LimitLossy || s.manners.Limit == LimitLossyNext {
		n, err := strconv.Atoi(wanted.child(spaceDAV, "nresults").value())
		if err != nil || n < 1 {
			return 0, s.refusal(http.StatusBadRequest, "", "nresults is no number")
		}
		if limit == 0 || n < limit {
			limit = n
		}
		if s.manners.Limit == LimitLossy && e.token == "" {
			return 0, s.refusal(http.StatusInsufficientStorage, davElement("number-of-matches-within-limits", ""), "limit on initial sync is not supported")
		}
	}
	return limit, nil
}

// syncAll lists everything, as far as a page goes, and gives the change up to which it told.
func (s *Server) syncAll(e *exchange, l *listing, c *calendarRef, limit int) (int64, *answer) {
	members := c.living()
	if limit == 0 || len(members) <= limit {
		for _, o := range members {
			l.add(o)
		}
		if s.manners.ListsDeleted {
			for _, change := range lastOfEach(c.Changes) {
				if change.Gone {
					l.entries = append(l.entries, l.gone(change.Name, change.Segment, s.manners.Teapot))
				}
			}
		}
		return c.Sequence, nil
	}
	// A page goes on where its token stands: what is told is what changed first.
	sort.Slice(members, func(i, j int) bool { return members[i].Sequence < members[j].Sequence })
	for _, o := range members[:limit] {
		l.add(o)
	}
	l.tail = append(l.tail, s.more(l))
	return members[limit-1].Sequence, nil
}

// more is the entry that says there is more to ask for (RFC 6578 section 3.6).
func (s *Server) more(l *listing) entry {
	return entry{told: hrefElement(l.base) + "<D:status>" + statusLine(http.StatusInsufficientStorage) + "</D:status><D:error><D:number-of-matches-within-limits/></D:error>"}
}

// repeated are the changes since a sequence and those of the same moment, which such a server cannot tell apart.
func (s *Server) repeated(c *calendar, from int64) []change {
	moment := c.at(from).At.Truncate(s.manners.RepeatsMoment)
	start := sort.Search(len(c.Changes), func(i int) bool {
		return c.Changes[i].Sequence > from || !c.Changes[i].At.Before(moment)
	})
	return lastOfEach(c.Changes[start:])
}

// tell lists changes.
func (s *Server) tell(l *listing, c *calendarRef, told []change, from int64) {
	for _, change := range told {
		o := c.byName[change.Name]
		switch {
		case change.Name == "":
			if s.manners.TellsCollection {
				l.entries = append(l.entries, entry{told: hrefElement(strings.TrimSuffix(l.base, "/")) +
					"<D:propstat><D:prop><D:getetag/></D:prop><D:status>" + statusLine(http.StatusNotFound) + "</D:status></D:propstat>"})
			}
		case o != nil:
			l.add(o)
		case s.manners.HidesPassing && c.bornAfter(change.Name, from):
		default:
			l.entries = append(l.entries, l.gone(change.Name, change.Segment, s.manners.Teapot))
		}
	}
}

// bornAfter reports whether nothing was stored under a name at a sequence.
func (c *calendar) bornAfter(name string, sequence int64) bool {
	for i := len(c.Changes) - 1; i >= 0; i-- {
		if c.Changes[i].Name == name && c.Changes[i].Sequence <= sequence {
			return c.Changes[i].Gone
		}
	}
	return c.Pruned == 0
}

// multiget answers RFC 4791 section 7.9.
func (s *Server) multiget(e *exchange) *answer {
	l := s.list(e, e.target.ref, askedOf(e.doc))
	seen := map[string]bool{}
	for _, child := range e.doc.children {
		if child.name != dav("href") {
			continue
		}
		href := child.value()
		path := href
		if parsed, err := url.Parse(href); err == nil {
			path = parsed.EscapedPath()
		}
		t := s.resolve(path, e.user)
		if t.object != nil && t.user == e.target.user {
			key := t.user + "/" + t.calendar + "/" + t.name
			if !seen[key] {
				seen[key] = true
				l.add(t.object)
			}
			continue
		}
		switch s.manners.MultigetMissing {
		case MissingFails:
			return s.refusal(http.StatusNotFound, "", "Node with name '"+t.name+"' could not be found")
		case MissingTold:
			l.entries = append(l.entries, entry{href: href, status: http.StatusNotFound})
		}
	}
	return multistatus(nil, l, "")
}

// query answers RFC 4791 section 7.8. Recurring components match from their start on.
func (s *Server) query(e *exchange) *answer {
	filter := e.doc.child(spaceCalDAV, "filter")
	if filter == nil || filter.child(spaceCalDAV, "comp-filter") == nil {
		return s.refusal(http.StatusBadRequest, calElement("valid-filter", ""), "the filter is missing")
	}
	l := s.list(e, e.target.ref, askedOf(e.doc))
	l.empty = s.manners.QueryWithoutData
	if e.target.kind == kindMember {
		if matchesFilter(e.target.object, filter) {
			l.add(e.target.object)
		}
		return multistatus(nil, l, "")
	}
	if s.manners.QueryNeedsDepth && e.depth != "1" {
		return s.refusal(http.StatusBadRequest, "", "calendar-query needs Depth: 1")
	}
	if e.depth == "1" || e.depth == "infinity" {
		for _, o := range e.target.ref.living() {
			if matchesFilter(o, filter) {
				l.add(o)
			}
		}
	}
	return multistatus(nil, l, "")
}

func matchesFilter(o *object, filter *node) bool {
	outer := filter.child(spaceCalDAV, "comp-filter")
	if !strings.EqualFold(outer.attr("name"), "VCALENDAR") {
		return false
	}
	var r *reading
	for _, f := range outer.children {
		if f.name != cal("comp-filter") {
			continue
		}
		there := strings.EqualFold(o.Component, f.attr("name"))
		if f.child(spaceCalDAV, "is-not-defined") != nil {
			if there {
				return false
			}
			continue
		}
		if !there {
			return false
		}
		if len(f.children) == 0 {
			continue
		}
		if r == nil {
			found := read(o.Body)
			r = &found
		}
		if !matchesComponent(r, f) {
			return false
		}
	}
	return true
}

func matchesComponent(r *reading, filter *node) bool {
	for _, f := range filter.children {
		switch f.name {
		case cal("time-range"):
			start, _ := time.Parse("20060102T150405Z", f.attr("start"))
			end, _ := time.Parse("20060102T150405Z", f.attr("end"))
			if !r.span.overlaps(start, end) {
				return false
			}
		case cal("prop-filter"):
			if !matchesProperty(r, f) {
				return false
			}
		}
	}
	return true
}

func matchesProperty(r *reading, filter *node) bool {
	var lines []contentLine
	for _, line := range r.rows {
		if line.name() == strings.ToUpper(filter.attr("name")) {
			lines = append(lines, line)
		}
	}
	if filter.child(spaceCalDAV, "is-not-defined") != nil {
		return len(lines) == 0
	}
	wanted := filter.child(spaceCalDAV, "text-match")
	if wanted == nil {
		return len(lines) > 0
	}
	negate := wanted.attr("negate-condition") == "yes"
	for _, line := range lines {
		if strings.Contains(strings.ToLower(line.value()), strings.ToLower(wanted.text)) {
			return !negate
		}
	}
	return negate
}
