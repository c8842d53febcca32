package sandbox

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// probe asks a server for the facts that a sync client trips over, and gives one line for each: "fact: value". It uses the
// protocol only, so that a real server and its profile are asked the same. The calendar must be scratch.
type probe struct {
	*wire
	calendar string // path
	other    string // path of somebody else's calendar
	facts    []string
}

func (p *probe) say(fact string, values ...any) {
	text := make([]string, len(values))
	for i, value := range values {
		text[i] = p.form(fmt.Sprint(value))
	}
	p.facts = append(p.facts, fact+": "+strings.Join(text, " | "))
}

var forms = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "<hex64>"},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "<hex40>"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "<hex32>"},
}

// form keeps the shape of what differs from run to run.
func (p *probe) form(text string) string {
	text = strings.ReplaceAll(text, p.origin, "ORIGIN")
	for _, f := range forms {
		text = f.pattern.ReplaceAllString(text, f.instead)
	}
	return text
}

var digits = regexp.MustCompile(`[0-9]+$`)

func etagClass(etag string) string {
	switch {
	case etag == "":
		return "no ETag"
	case strings.HasPrefix(etag, "W/"):
		return "weak ETag"
	case !strings.HasPrefix(etag, `"`):
		return "unquoted ETag"
	}
	return "strong ETag"
}

// conditions are the precondition elements that an error's body names.
func conditions(body string) string {
	var found []string
	for _, name := range []string{"no-uid-conflict", "valid-calendar-data", "valid-calendar-object-resource", "supported-calendar-component", "valid-sync-token", "supported-report", "need-privileges", "number-of-matches-within-limits"} {
		if strings.Contains(body, name) {
			found = append(found, name)
		}
	}
	return strings.Join(found, " ")
}

func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return "no"
}

func (p *probe) put(name, body string, headers ...string) reply {
	p.t.Helper()
	return p.do("PUT", p.calendar+name, body, append([]string{"Content-Type", "text/calendar; charset=utf-8"}, headers...)...)
}

// outcome is the status of a PUT, and for a 207 the one inside.
func outcome(r reply) string {
	if r.status != http.StatusMultiStatus {
		return fmt.Sprint(r.status)
	}
	inner := regexp.MustCompile(`HTTP/1\.1 (\d+)`).FindStringSubmatch(r.body)
	return "207 with " + inner[1] + " inside"
}

func (p *probe) etag(name string) string {
	p.t.Helper()
	return p.propfind(p.calendar+name, "0", "<getetag/>").Responses[0].etag()
}

// members are the names in the calendar.
func (p *probe) members() []string {
	p.t.Helper()
	var names []string
	for _, r := range p.propfind(p.calendar, "1", "<getetag/>").Responses {
		if name := r.Href[strings.LastIndexByte(r.Href, '/')+1:]; name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *probe) clear() {
	p.t.Helper()
	for _, name := range p.members() {
		p.do("DELETE", p.calendar+name, "")
	}
}

func (p *probe) report(token string, extra string, headers ...string) reply {
	p.t.Helper()
	return p.do("REPORT", p.calendar, syncBody(token, "<getetag/>", extra), append([]string{"Content-Type", "application/xml; charset=utf-8"}, headers...)...)
}

func list(statuses map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(statuses)) {
		lines = append(lines, name+"="+statuses[name])
	}
	return strings.Join(lines, " ")
}

// present counts the members that are told as there.
func present(m multi) int {
	n := 0
	for _, status := range m.statuses() {
		if status == "200" {
			n++
		}
	}
	return n
}

func (p *probe) run() []string {
	p.clear()
	p.discovery()
	p.writes()
	p.bodies()
	p.deletions()
	p.clear()
	p.syncing()
	p.reports()
	p.rest()
	p.clear()
	return p.facts
}

func (p *probe) discovery() {
	r := p.do("OPTIONS", p.calendar, "")
	p.say("OPTIONS", r.status, "calendar-access "+yes(strings.Contains(r.header.Get("DAV"), "calendar-access")), "Date "+yes(r.header.Get("Date") != ""))
	anonymous := *p.wire
	anonymous.user = User{}
	r = anonymous.do("PROPFIND", p.calendar, "<propfind "+spaces+"><prop><resourcetype/></prop></propfind>", "Depth", "0")
	scheme, _, _ := strings.Cut(r.header.Get("WWW-Authenticate"), " ")
	p.say("no credentials", r.status, scheme)
	for _, who := range []*wire{p.wire, &anonymous} {
		for _, method := range []string{"PROPFIND", "GET"} {
			r = who.do(method, "/.well-known/caldav", "", "Depth", "0")
			p.say(fmt.Sprintf("well-known %s signed in %s", method, yes(who == p.wire)), r.status, r.header.Get("Location"))
		}
	}
	first := func(m multi, pattern string) string {
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(m.Responses[0].inner(), -1)
		var hrefs []string
		for _, f := range found {
			hrefs = append(hrefs, strings.TrimSpace(f[1]))
		}
		return strings.Join(hrefs, " ")
	}
	const anyHref = `<(?:\w+:)?href[^>]*>([^<]*)</`
	principal := first(p.propfind(p.calendar, "0", "<current-user-principal/>"), anyHref)
	p.say("principal", principal)
	home := first(p.propfind(principal, "0", "<C:calendar-home-set/>"), anyHref)
	p.say("home set", home)
	p.say("addresses", first(p.propfind(principal, "0", "<C:calendar-user-address-set/>"), anyHref))
	var hrefs []string
	for _, r := range p.propfind(home, "1", "<resourcetype/>").Responses {
		hrefs = append(hrefs, r.Href)
	}
	slices.Sort(hrefs)
	p.say("home", strings.Join(hrefs, " "))
	m := p.propfind(p.calendar, "0", "<sync-token/><CS:getctag/><getetag/>")
	token, ctag := "", ""
	for _, s := range m.Responses[0].Propstats {
		if strings.Contains(s.Status, "200") {
			token, ctag = s.Prop.Token, s.Prop.CTag
		}
	}
	p.say("sync-token", digits.ReplaceAllString(p.form(token), "<n>"))
	p.say("ctag", digits.ReplaceAllString(p.form(ctag), "<n>"), "equals the token "+yes(ctag == token && token != ""))
	p.say("collection's ETag", etagClass(m.Responses[0].etag()), "equals the ctag "+yes(m.Responses[0].etag() == ctag))
	body := p.do("PROPFIND", p.calendar, "<propfind "+spaces+"><prop><supported-report-set/></prop></propfind>", "Depth", "0").body
	var reports []string
	for _, name := range []string{reportSync, reportMultiget, reportQuery} {
		if strings.Contains(body, name) {
			reports = append(reports, name)
		}
	}
	p.say("reports", strings.Join(reports, " "), "wrapped "+yes(regexp.MustCompile(`<(\w+:)?report[ />]`).MatchString(body)))
	body = p.do("PROPFIND", p.calendar, "<propfind "+spaces+"><prop><C:supported-calendar-component-set/></prop></propfind>", "Depth", "0").body
	var components []string
	for _, found := range regexp.MustCompile(`name="(\w+)"`).FindAllStringSubmatch(body, -1) {
		components = append(components, found[1])
	}
	slices.Sort(components)
	p.say("components", strings.Join(components, " "))
	body = p.do("PROPFIND", p.calendar, "<propfind "+spaces+"><allprop/></propfind>", "Depth", "0").body
	p.say("allprop tells the token", yes(strings.Contains(body, "sync-token")))
	p.say("href of a calendar asked without slash", p.propfind(strings.TrimSuffix(p.calendar, "/"), "0", "<resourcetype/>").Responses[0].Href)
	r = p.do("PROPFIND", p.other, "<propfind "+spaces+"><prop><displayname/></prop></propfind>", "Depth", "0")
	p.say("another's calendar", r.status, "403 inside "+yes(strings.Contains(r.body, " 403 ")))
}

func (p *probe) writes() {
	text := event("u1", "probe")
	r := p.put("e1.ics", text, "If-None-Match", "*")
	p.say("PUT new", r.status, etagClass(r.header.Get("ETag")))
	told := r.header.Get("ETag")
	r = p.do("GET", p.calendar+"e1.ics", "")
	p.say("GET", r.status, "same bytes "+yes(r.body == text), "ETag of the PUT "+yes(told == r.header.Get("ETag")))
	p.say("GET If-None-Match", p.do("GET", p.calendar+"e1.ics", "", "If-None-Match", r.header.Get("ETag")).status)
	p.say("HEAD", p.do("HEAD", p.calendar+"e1.ics", "").status)
	changed := event("u1", "b")
	p.say("PUT If-None-Match * on existing", outcome(p.put("e1.ics", changed, "If-None-Match", "*")))
	p.say("PUT If-Match wrong", outcome(p.put("e1.ics", changed, "If-Match", `"wrong"`)))
	p.say("PUT If-Match on missing", outcome(p.put("none.ics", event("none", "x"), "If-Match", `"wrong"`)))
	p.say("PUT If-Match * on missing", outcome(p.put("none.ics", event("none", "x"), "If-Match", "*")))
	r = p.put("e1.ics", changed, "If-Match", p.etag("e1.ics"))
	p.say("PUT changed", r.status, etagClass(r.header.Get("ETag")))
	etag := p.etag("e1.ics")
	p.put("e1.ics", changed, "If-Match", etag)
	p.say("same bytes again, ETag kept", yes(etag == p.etag("e1.ics")))
	p.say("If-Match weak form", outcome(p.put("e1.ics", event("u1", "c"), "If-Match", "W/"+p.etag("e1.ics"))))
	p.say("If-Match list", outcome(p.put("e1.ics", event("u1", "d"), "If-Match", `"other", `+p.etag("e1.ics"))))
	p.say("If-Match without quotes", outcome(p.put("e1.ics", event("u1", "e"), "If-Match", strings.Trim(p.etag("e1.ics"), `"`))))
	r = p.put("copy.ics", event("u1", "copy"), "If-None-Match", "*")
	p.say("same UID, other href", outcome(r), conditions(r.body), "stored "+yes(slices.Contains(p.members(), "copy.ics")))
	p.do("DELETE", p.calendar+"copy.ics", "")
	r = p.put("e1.ics", event("u1-other", "x"))
	p.say("other UID, same href", outcome(r), conditions(r.body))
	if r.status < 300 {
		p.put("e1.ics", event("u1", "x"))
	}
	r = p.do("PUT", strings.TrimSuffix(p.calendar, "/")+"-none/a.ics", event("a", "a"), "Content-Type", "text/calendar")
	p.say("PUT into a missing calendar", r.status)
	racing := 0
	for round := 0; round < 12 && racing == 0; round++ {
		p.put("race.ics", event("race", "start"))
		etag := p.etag("race.ics")
		var wait sync.WaitGroup
		statuses := make([]int, 4)
		for i := range statuses {
			wait.Go(func() {
				r, err := p.try("PUT", p.calendar+"race.ics", event("race", fmt.Sprint("writer ", i)), "If-Match", etag, "Content-Type", "text/calendar; charset=utf-8")
				if err == nil {
					statuses[i] = r.status
				}
			})
		}
		wait.Wait()
		won := 0
		for _, status := range statuses {
			if status == 200 || status == 201 || status == 204 {
				won++
			}
		}
		if won > 1 {
			racing++
		}
	}
	p.say("several of 4 parallel PUTs with one If-Match win", yes(racing > 0))
	p.say("a stale ETag one after the other", outcome(p.put("race.ics", event("race", "late"), "If-Match", `"stale"`)))
}

func (p *probe) bodies() {
	good := event("bad", "x")
	for _, bad := range []struct{ what, body string }{
		{"not iCalendar", "hello"}, {"cut short", good[:120]}, {"empty", ""},
		{"no component", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"},
		{"no UID", strings.Replace(good, "UID:bad\r\n", "", 1)},
		{"no DTSTART", strings.Replace(good, "DTSTART:20260301T100000Z\r\n", "", 1)},
		{"bad DTSTART", strings.Replace(good, "20260301T100000Z", "yesterday", 1)},
		{"two UIDs", strings.Replace(good, "END:VCALENDAR", "BEGIN:VEVENT\r\nUID:two2\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260302T100000Z\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR", 1)},
		{"METHOD", strings.Replace(good, "VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST", 1)},
		{"override without master", strings.Replace(good, "UID:bad", "UID:bad\r\nRECURRENCE-ID:20260301T100000Z", 1)},
		{"VTODO", strings.ReplaceAll(strings.ReplaceAll(good, "VEVENT", "VTODO"), "DTEND", "DUE")},
		{"no end", strings.Replace(good, "DTEND:20260301T110000Z\r\n", "", 1)},
		{"end equal to start", strings.Replace(good, "20260301T110000Z", "20260301T100000Z", 1)},
	} {
		r := p.put("bad.ics", bad.body)
		p.say("PUT "+bad.what, outcome(r), "stored "+yes(slices.Contains(p.members(), "bad.ics")))
		p.do("DELETE", p.calendar+"bad.ics", "")
	}
	p.say("PUT as application/octet-stream", p.do("PUT", p.calendar+"ct.ics", event("ct", "x"), "Content-Type", "application/octet-stream").status)
	p.say("PUT without .ics", p.put("noext", event("noext", "x")).status)
	r := p.put("sp%20ace%C3%A9%2B%40.ics", event("space", "x"))
	listed := ""
	for _, name := range p.members() {
		if strings.HasPrefix(name, "sp") {
			listed = name
		}
	}
	p.say("PUT with escapes", r.status, listed)
	rich := event("rich", "x", `X-PROBE;X-PARAM="a:b":kept\, text`, `DESCRIPTION:line one\nline two\, with comma\; semicolon and äöü €`,
		"CATEGORIES:one,two", "ATTACH;FMTTYPE=text/plain:http://example.com/a.txt", "SEQUENCE:0", "RRULE:FREQ=WEEKLY;COUNT=10", "EXDATE:20260315T100000Z",
		"BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:ring", "TRIGGER:-PT15M", "X-ALARM:kept", "END:VALARM")
	p.stored("rich", rich)
	p.stored("attendee", event("att", "x", "ORGANIZER;CN=Alice:mailto:alice@example.com", `ATTENDEE;CN="Bob; B";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:nobody@example.org`))
	p.stored("LF", strings.ReplaceAll(event("lf", "x"), "\r\n", "\n"))
	p.say("PUT chunked", p.chunked("chunk.ics", event("chunk", "x")))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, event("gz", "x"))
	z.Close()
	p.say("PUT compressed", p.put("gz.ics", packed.String(), "Content-Encoding", "gzip").status)
}

// stored says what became of a text.
func (p *probe) stored(what, text string) {
	r := p.put(what+".ics", text)
	g := p.do("GET", p.calendar+what+".ics", "")
	lines := func(body string) map[string]bool {
		found := map[string]bool{}
		for _, line := range strings.Split(strings.ReplaceAll(regexp.MustCompile("\r?\n[ \t]").ReplaceAllString(body, ""), "\r", ""), "\n") {
			found[line] = line != ""
		}
		return found
	}
	sent, kept := lines(text), lines(g.body)
	var lost, fresh []string
	for line := range sent {
		if !kept[line] {
			lost = append(lost, line)
		}
	}
	for line := range kept {
		if !sent[line] {
			fresh = append(fresh, line)
		}
	}
	slices.Sort(lost)
	slices.Sort(fresh)
	p.say("PUT "+what, r.status, etagClass(r.header.Get("ETag")), "same bytes "+yes(g.body == text), fmt.Sprint("lost ", lost, " new ", fresh))
}

func (p *probe) chunked(name, body string) int {
	request, err := http.NewRequestWithContext(p.ctx, "PUT", p.origin+p.calendar+name, io.MultiReader(strings.NewReader(body)))
	if err != nil {
		p.t.Fatal(err)
	}
	request.SetBasicAuth(p.user.Name, p.user.Password)
	request.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	request.Header.Set("Connection", "close")
	// A server that refuses chunks may answer and close before it has read them (Radicale 3.1.8). All goes out in one write, so
	// that its answer is read whatever became of the rest.
	var wire bytes.Buffer
	if err := request.Write(&wire); err != nil {
		p.t.Fatal(err)
	}
	connection, err := (&net.Dialer{}).DialContext(p.ctx, "tcp", request.URL.Host)
	if err != nil {
		p.t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write(wire.Bytes()); err != nil {
		p.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		p.t.Fatal(err)
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return response.StatusCode
}

func (p *probe) deletions() {
	etag := p.etag("e1.ics")
	p.say("DELETE If-Match wrong", p.do("DELETE", p.calendar+"e1.ics", "", "If-Match", `"wrong"`).status)
	r := p.do("DELETE", p.calendar+"e1.ics", "", "If-Match", etag)
	p.say("DELETE", r.status, "multistatus "+yes(strings.Contains(r.body, "multistatus")))
	p.say("DELETE again with If-Match", p.do("DELETE", p.calendar+"e1.ics", "", "If-Match", etag).status)
	p.say("DELETE again", p.do("DELETE", p.calendar+"e1.ics", "").status)
	p.say("GET deleted", p.do("GET", p.calendar+"e1.ics", "").status)
	p.say("UID of a deleted event again", outcome(p.put("e1.ics", event("u1", "again"), "If-None-Match", "*")))
	p.say("its deletion", p.do("DELETE", p.calendar+"e1.ics", "").status)
}

func (p *probe) syncing() {
	for i := range 5 {
		p.put(fmt.Sprintf("s%d.ics", i), event(fmt.Sprintf("s%d", i), "x"))
	}
	r := p.report("", "")
	p.say("sync, empty token", r.status, conditions(r.body))
	if r.status != http.StatusMultiStatus {
		return
	}
	m := p.multistatus(r)
	t0 := m.Token
	p.say("members", present(m), "gone ones listed "+yes(len(m.Responses) > present(m)), "the property's token "+yes(t0 == p.propfind(p.calendar, "0", "<sync-token/>").Responses[0].Propstats[0].Prop.Token))
	data := 0
	for _, r := range p.sync(p.calendar, "").Responses {
		if r.data() != "" {
			data++
		}
	}
	p.say("members with calendar-data", data)
	for _, depth := range []string{"0", "1", ""} {
		p.say("sync with Depth "+depth, p.withDepth(depth, syncBody("", "<getetag/>", "")).status)
	}
	level := strings.Replace(syncBody("", "<getetag/>", ""), "<sync-level>1</sync-level>", "", 1)
	p.say("without sync-level, Depth 1", p.withDepth("1", level).status)
	p.say("sync-level infinite", p.withDepth("", strings.Replace(syncBody("", "<getetag/>", ""), ">1<", ">infinite<", 1)).status)
	p.say("without sync-token", p.withDepth("1", strings.Replace(syncBody("", "<getetag/>", ""), "<sync-token></sync-token>", "", 1)).status)
	m = p.multistatus(p.report(t0, ""))
	p.say("nothing changed", len(m.Responses), "same token "+yes(m.Token == t0))
	p.put("s0.ics", event("s0", "changed"))
	p.put("s5.ics", event("s5", "made"))
	p.do("DELETE", p.calendar+"s1.ics", "")
	p.put("s6.ics", event("s6", "passing"))
	p.do("DELETE", p.calendar+"s6.ics", "")
	p.put("s7.ics", event("s7", "once"))
	p.put("s7.ics", event("s7", "twice"))
	p.do("DELETE", p.calendar+"s2.ics", "")
	p.put("s2.ics", event("s2", "back"))
	m = p.multistatus(p.report(t0, ""))
	p.say("changes", list(m.statuses()))
	t1 := m.Token
	p.say("an older token again", list(p.multistatus(p.report(t0, "")).statuses()))
	p.do("DELETE", p.calendar+"s3.ics", "")
	r = p.report(t1, "")
	p.say("a deleted member", list(p.multistatus(r).statuses()), "teapot "+yes(strings.Contains(r.body, " 418 ")))
	p.say("first report again", present(p.multistatus(p.report("", ""))), "gone ones listed "+yes(strings.Contains(p.report("", "").body, " 404 ")))
	state := p.multistatus(p.report("", "")).Token
	p.put("s9.ics", event("s9", "undone"))
	p.do("DELETE", p.calendar+"s9.ics", "")
	p.say("an undone change gives the old token", yes(state == p.multistatus(p.report("", "")).Token))
	for _, limit := range []struct{ what, text string }{{"limit", "<limit><nresults>2</nresults></limit>"}, {"limit with white space", "<limit>\n <nresults>2</nresults>\n</limit>"}} {
		r := p.report("", limit.text)
		if r.status != http.StatusMultiStatus {
			p.say("sync with "+limit.what, r.status, conditions(r.body))
			continue
		}
		m := p.multistatus(r)
		p.say("sync with "+limit.what, r.status, present(m), "507 "+yes(strings.Contains(r.body, " 507 ")))
	}
	known := present(p.multistatus(p.report("", "")))
	high := t1 + "99999999"
	if digits.MatchString(t1) {
		high = digits.ReplaceAllString(t1, "99999999")
	}
	for _, bad := range []struct{ what, token string }{
		{"bogus", "bogus"}, {"foreign", "http://example.com/ns/sync/999999"}, {"too high", high}, {"spoilt", t1[:len(t1)-3] + "zzz"},
	} {
		r := p.report(bad.token, "")
		if r.status != http.StatusMultiStatus {
			p.say("token "+bad.what, r.status, conditions(r.body))
			continue
		}
		m := p.multistatus(r)
		p.say("token "+bad.what, r.status, "all members "+yes(present(m) == known), "none "+yes(present(m) == 0), "gone ones "+yes(len(m.Responses) > present(m)), "echoed "+yes(m.Token == bad.token))
	}
}

func (p *probe) withDepth(depth, body string) reply {
	headers := []string{"Content-Type", "application/xml; charset=utf-8"}
	if depth != "" {
		headers = append(headers, "Depth", depth)
	}
	return p.do("REPORT", p.calendar, body, headers...)
}

func (p *probe) reports() {
	p.put("m1.ics", event("m1", "one"))
	p.put("m2.ics", event("m2", "two"))
	multiget := func(hrefs ...string) reply {
		body := "<C:calendar-multiget " + spaces + "><prop><getetag/><C:calendar-data/></prop>"
		for _, href := range hrefs {
			body += "<href>" + href + "</href>"
		}
		return p.do("REPORT", p.calendar, body+"</C:calendar-multiget>", "Content-Type", "application/xml; charset=utf-8", "Depth", "1")
	}
	r := multiget(p.calendar+"m1.ics", p.calendar+"m2.ics")
	p.say("multiget", r.status, list(p.multistatus(r).statuses()))
	p.say("line ends in calendar-data", "CRLF "+yes(strings.Contains(r.body, "\r\nSUMMARY")), "references "+yes(strings.Contains(r.body, "#13;") || strings.Contains(r.body, "#xD;")))
	r = multiget(p.calendar+"gone.ics", p.calendar+"m1.ics")
	if r.status == http.StatusMultiStatus {
		p.say("multiget with a missing href", r.status, list(p.multistatus(r).statuses()))
	} else {
		p.say("multiget with a missing href", r.status)
	}
	r = multiget(p.origin + p.calendar + "m1.ics")
	p.say("multiget with a whole URL", r.status, p.multistatus(r).Responses[0].Href)
	query := func(depth string) string {
		headers := []string{"Content-Type", "application/xml; charset=utf-8"}
		if depth != "" {
			headers = append(headers, "Depth", depth)
		}
		r := p.do("REPORT", p.calendar, "<C:calendar-query "+spaces+`><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20260301T000000Z" end="20260302T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`, headers...)
		if r.status != http.StatusMultiStatus {
			return fmt.Sprint(r.status)
		}
		return fmt.Sprintf("%d, all members %s", r.status, yes(len(p.multistatus(r).Responses) == len(p.members())))
	}
	p.say("calendar-query, Depth 1", query("1"))
}

func (p *probe) rest() {
	p.say("gzip of a listing", yes(p.do("PROPFIND", p.calendar, "<propfind "+spaces+"><prop><getetag/></prop></propfind>", "Depth", "1", "Accept-Encoding", "gzip").header.Get("Content-Encoding") == "gzip"))
	r := p.do("MOVE", p.calendar+"m2.ics", "", "Destination", p.origin+p.calendar+"moved.ics")
	p.say("MOVE", r.status, "moved "+yes(slices.Contains(p.members(), "moved.ics")))
	r = p.do("MKCALENDAR", p.calendar, "<C:mkcalendar "+spaces+"><set><prop><displayname>x</displayname></prop></set></C:mkcalendar>", "Content-Type", "application/xml; charset=utf-8")
	p.say("MKCALENDAR of an existing one", outcome(r))
	r = p.do("PROPPATCH", p.calendar, "<propertyupdate "+spaces+"><set><prop><displayname>Renamed</displayname></prop></set></propertyupdate>", "Content-Type", "application/xml; charset=utf-8")
	p.say("PROPPATCH", r.status, p.propfind(p.calendar, "0", "<displayname/>").Responses[0].Propstats[0].Prop.Name)
	p.say("connection kept", yes(!p.closes()))
}

// closes reports whether the server ends the connection after an answer.
func (p *probe) closes() bool {
	request, err := http.NewRequestWithContext(p.ctx, "OPTIONS", p.origin+p.calendar, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.SetBasicAuth(p.user.Name, p.user.Password)
	response, err := p.transport.RoundTrip(request)
	if err != nil {
		p.t.Fatal(err)
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return response.Close
}

// newProbe asks a server by the URL of alice's calendar.
func newProbe(t testing.TB, transport http.RoundTripper, origin, calendar, other string) *probe {
	client := &wire{t: t, transport: transport, origin: origin, user: User{Name: "alice", Password: "secret"}, ctx: t.Context()}
	return &probe{wire: client, calendar: calendar, other: other}
}
