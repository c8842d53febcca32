package sandbox

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDiscovery_leads_from_the_well_known_address_to_the_calendars(t *testing.T) {
	t.Parallel()
	server, client := newServer(t, Options{})
	if err := server.SetCalendar(Calendar{Owner: "alice", Name: "work", DisplayName: "Work & more", Color: "#FF0000FF", Components: []string{"VEVENT"}}); err != nil {
		t.Fatal(err)
	}
	anonymous := newWire(t, server, "")
	if r := anonymous.do("PROPFIND", "/.well-known/caldav", ""); r.status != http.StatusMovedPermanently || r.header.Get("Location") != "/" {
		t.Errorf("well-known: got %d %q", r.status, r.header.Get("Location"))
	}
	if r := anonymous.do("PROPFIND", "/", ""); r.status != http.StatusUnauthorized || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("without credentials: got %d %v", r.status, r.header)
	}
	for _, step := range []struct{ path, ask, want string }{
		{"/", "<current-user-principal/>", "<D:current-user-principal><D:href>/principals/alice/</D:href></D:current-user-principal>"},
		{home, "<current-user-principal/>", "<D:current-user-principal><D:href>/principals/alice/</D:href></D:current-user-principal>"},
		{"/principals/alice/", "<C:calendar-home-set/>", "<C:calendar-home-set><D:href>/calendars/alice/</D:href></C:calendar-home-set>"},
		{"/principals/alice/", "<C:calendar-user-address-set/>", "<C:calendar-user-address-set><D:href>mailto:alice@example.com</D:href><D:href>/principals/alice/</D:href></C:calendar-user-address-set>"},
		{"/calendars/alice/work", "<resourcetype/>", "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"},
		{"/calendars/alice/work/", "<displayname/>", "<D:displayname>Work &amp; more</D:displayname>"},
		{"/calendars/alice/work/", "<C:supported-calendar-component-set/>", `<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>`},
		{"/calendars/alice/work/", "<owner/>", "<D:owner><D:href>/principals/alice/</D:href></D:owner>"},
	} {
		m := client.propfind(step.path, "0", step.ask)
		if got := m.Responses[0].inner(); got != step.want {
			t.Errorf("%s at %s: got %s, want %s", step.ask, step.path, got, step.want)
		}
	}
	var hrefs []string
	for _, r := range client.propfind("/calendars/alice/", "1", "<resourcetype/>").Responses {
		hrefs = append(hrefs, r.Href)
	}
	if diff := cmp.Diff([]string{"/calendars/alice/", "/calendars/alice/calendar/", "/calendars/alice/work/"}, hrefs); diff != "" {
		t.Errorf("home, want -, got +:\n%s", diff)
	}
	missing := client.do("PROPFIND", home, "<propfind "+spaces+"><prop><getetag/><X:none xmlns:X='urn:x'/></prop></propfind>", "Depth", "0")
	if !strings.Contains(missing.body, "HTTP/1.1 404 Not Found") {
		t.Errorf("properties that are not there: got %s", missing.body)
	}
	if r := client.do("OPTIONS", home, ""); !strings.Contains(r.header.Get("DAV"), "calendar-access") {
		t.Errorf("OPTIONS: got %v", r.header)
	}
	if r := client.do("PROPFIND", home, `<!DOCTYPE a [<!ENTITY b "c">]><propfind xmlns="DAV:"><allprop/></propfind>`); r.status != http.StatusBadRequest {
		t.Errorf("a document type declaration: got %d, want 400", r.status)
	}
}

func TestPut_obeys_preconditions(t *testing.T) {
	t.Parallel()
	_, client := newServer(t, Options{})
	one, two := event("u1", "one"), event("u1", "two")
	r := client.do("PUT", home+"e1.ics", one, "If-None-Match", "*")
	first := r.header.Get("ETag")
	if r.status != http.StatusCreated || first == "" {
		t.Fatalf("new: got %d, ETag %q", r.status, first)
	}
	for _, step := range []struct {
		what, method, path string
		headers            []string
		want               int
	}{
		{"a making PUT onto something", "PUT", "e1.ics", []string{"If-None-Match", "*"}, 412},
		{"a wrong ETag", "PUT", "e1.ics", []string{"If-Match", `"wrong"`}, 412},
		{"the weak form", "PUT", "e1.ics", []string{"If-Match", "W/" + first}, 412},
		{"without quotes", "PUT", "e1.ics", []string{"If-Match", strings.Trim(first, `"`)}, 412},
		{"an ETag where nothing is", "PUT", "none.ics", []string{"If-Match", first}, 412},
		{"the right one in a list", "PUT", "e1.ics", []string{"If-Match", `"other", ` + first}, 204},
		{"what was replaced", "DELETE", "e1.ics", []string{"If-Match", first}, 412},
		{"deleting what is not there", "DELETE", "none.ics", nil, 404},
		{"deleting", "DELETE", "e1.ics", nil, 204},
		{"deleting again", "DELETE", "e1.ics", nil, 404},
	} {
		if r := client.do(step.method, home+step.path, two, step.headers...); r.status != step.want {
			t.Errorf("%s: got %d, want %d: %s", step.what, r.status, step.want, r.body)
		}
	}
}

func TestPut_refuses_what_is_no_calendar_object_resource(t *testing.T) {
	t.Parallel()
	_, client := newServer(t, Options{})
	good := event("u1", "x")
	for what, body := range map[string]string{
		"empty": "", "text": "hello", "cut": good[:120], "nothing in it": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
		"no UID": strings.Replace(good, "UID:u1\r\n", "", 1), "no start": strings.Replace(good, "DTSTART:20260301T100000Z\r\n", "", 1),
		"bad start": strings.Replace(good, "20260301T100000Z", "yesterday", 1), "method": strings.Replace(good, "VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST", 1),
		"journal":  strings.ReplaceAll(good, "VEVENT", "VJOURNAL"),
		"two UIDs": strings.Replace(good, "END:VCALENDAR", "BEGIN:VEVENT\r\nUID:u2\r\nDTSTART:20260301\r\nEND:VEVENT\r\nEND:VCALENDAR", 1),
	} {
		if r := client.do("PUT", home+"e.ics", body); r.status != http.StatusForbidden || !strings.Contains(r.body, "<C:") {
			t.Errorf("%s: got %d %s, want 403 with its precondition", what, r.status, r.body)
		}
	}
	client.do("PUT", home+"e1.ics", good)
	if r := client.do("PUT", home+"e2.ics", good); r.status != http.StatusConflict || !strings.Contains(r.body, "<C:no-uid-conflict><D:href>"+home+"e1.ics") {
		t.Errorf("a UID twice: got %d %s", r.status, r.body)
	}
	if r := client.do("PUT", "/calendars/alice/none/e.ics", good); r.status != http.StatusConflict {
		t.Errorf("a calendar that is not there: got %d, want 409", r.status)
	}
}

func TestSync_tells_what_changed_since_a_token(t *testing.T) {
	t.Parallel()
	_, client := newServer(t, Options{})
	for _, name := range []string{"a", "b", "c"} {
		client.do("PUT", home+name+".ics", event(name, name))
	}
	first := client.sync(home, "")
	if diff := cmp.Diff(map[string]string{"a.ics": "200", "b.ics": "200", "c.ics": "200"}, first.statuses()); diff != "" {
		t.Errorf("first, want -, got +:\n%s", diff)
	}
	if got := strings.ReplaceAll(first.Responses[0].data(), "\n", "\r\n"); got != event("a", "a") {
		t.Errorf("calendar-data: got %q", got)
	}
	again := client.sync(home, first.Token)
	if len(again.Responses) != 0 || again.Token != first.Token {
		t.Errorf("nothing changed: got %+v", again)
	}
	client.do("PUT", home+"a.ics", event("a", "changed"))
	client.do("PUT", home+"d.ics", event("d", "made"))
	client.do("DELETE", home+"b.ics", "")
	client.do("PUT", home+"e.ics", event("e", "passing"))
	client.do("DELETE", home+"e.ics", "")
	next := client.sync(home, first.Token)
	if diff := cmp.Diff(map[string]string{"a.ics": "200", "d.ics": "200", "b.ics": "404", "e.ics": "404"}, next.statuses()); diff != "" {
		t.Errorf("changes, want -, got +:\n%s", diff)
	}
	for _, token := range []string{"garbage", "http://agenda.invalid/ns/sync/99", "http://agenda.invalid/ns/sync/-1", "http://agenda.invalid/ns/sync/x"} {
		r := client.do("REPORT", home, syncBody(token, "<getetag/>", ""))
		if r.status != http.StatusForbidden || !strings.Contains(r.body, "<D:valid-sync-token/>") {
			t.Errorf("token %q: got %d %s", token, r.status, r.body)
		}
	}
}

func TestReports_find_members(t *testing.T) {
	t.Parallel()
	_, client := newServer(t, Options{})
	client.do("PUT", home+"march.ics", event("march", "Spring & <tea>"))
	client.do("PUT", home+"weekly.ics", event("weekly", "Weekly", "RRULE:FREQ=WEEKLY"))
	client.do("PUT", home+"todo.ics", strings.ReplaceAll(event("todo", "Do"), "VEVENT", "VTODO"))
	client.do("PUT", home+"caf%C3%A9%20%40.ics", strings.Replace(event("cafe", "Café"), "20260301T110000Z", "20260501T110000Z", 1))
	multiget := func(hrefs ...string) multi {
		body := "<C:calendar-multiget " + spaces + "><prop><getetag/><C:calendar-data/></prop>"
		for _, href := range hrefs {
			body += "<href>" + href + "</href>"
		}
		return client.multistatus(client.do("REPORT", home, body+"</C:calendar-multiget>"))
	}
	m := multiget(home+"march.ics", home+"gone.ics", "http://sandbox.invalid"+home+"caf%c3%a9%20@.ics")
	if diff := cmp.Diff(map[string]string{"march.ics": "200", "gone.ics": "404", "caf%C3%A9%20%40.ics": "200"}, m.statuses()); diff != "" {
		t.Errorf("multiget, want -, got +:\n%s", diff)
	}
	if !strings.Contains(m.Responses[0].data(), "SUMMARY:Spring & <tea>") {
		t.Errorf("multiget: got %q", m.Responses[0].data())
	}
	query := func(filter string) []string {
		r := client.do("REPORT", home, "<C:calendar-query "+spaces+`><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR">`+filter+"</C:comp-filter></C:filter></C:calendar-query>", "Depth", "1")
		var names []string
		for _, r := range client.multistatus(r).Responses {
			names = append(names, strings.TrimPrefix(r.Href, home))
		}
		slices.Sort(names)
		return names
	}
	for _, test := range []struct {
		filter string
		want   []string
	}{
		{"", []string{"caf%C3%A9%20%40.ics", "march.ics", "todo.ics", "weekly.ics"}},
		{`<C:comp-filter name="VTODO"/>`, []string{"todo.ics"}},
		{`<C:comp-filter name="VEVENT"><C:time-range start="20260301T000000Z" end="20260302T000000Z"/></C:comp-filter>`, []string{"caf%C3%A9%20%40.ics", "march.ics", "weekly.ics"}},
		{`<C:comp-filter name="VEVENT"><C:time-range start="20260401T000000Z" end="20260402T000000Z"/></C:comp-filter>`, []string{"caf%C3%A9%20%40.ics", "weekly.ics"}},
		{`<C:comp-filter name="VEVENT"><C:time-range start="20250401T000000Z" end="20250402T000000Z"/></C:comp-filter>`, nil},
		{`<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match collation="i;octet">march</C:text-match></C:prop-filter></C:comp-filter>`, []string{"march.ics"}},
	} {
		if diff := cmp.Diff(test.want, query(test.filter)); diff != "" {
			t.Errorf("query %s, want -, got +:\n%s", test.filter, diff)
		}
	}
}

func TestCalendars_are_made_renamed_and_deleted_by_clients(t *testing.T) {
	t.Parallel()
	_, client := newServer(t, Options{})
	body := `<C:mkcalendar ` + spaces + `><set><prop><displayname>Team</displayname><C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>`
	if r := client.do("MKCALENDAR", "/calendars/alice/team/", body); r.status != http.StatusCreated {
		t.Fatalf("MKCALENDAR: got %d %s", r.status, r.body)
	}
	if r := client.do("MKCALENDAR", "/calendars/alice/team/", body); r.status != http.StatusMethodNotAllowed {
		t.Errorf("MKCALENDAR again: got %d, want 405", r.status)
	}
	if r := client.do("MKCALENDAR", "/calendars/bob/team/", body); r.status != http.StatusForbidden {
		t.Errorf("MKCALENDAR for another: got %d, want 403", r.status)
	}
	patch := `<propertyupdate ` + spaces + `><set><prop><displayname>Crew</displayname><C:calendar-description>Ours</C:calendar-description></prop></set></propertyupdate>`
	if r := client.do("PROPPATCH", "/calendars/alice/team/", patch); r.status != http.StatusMultiStatus {
		t.Errorf("PROPPATCH: got %d", r.status)
	}
	got := client.propfind("/calendars/alice/team/", "0", "<displayname/><C:calendar-description/>").Responses[0].inner()
	if want := "<D:displayname>Crew</D:displayname><C:calendar-description>Ours</C:calendar-description>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	protected := `<propertyupdate ` + spaces + `><set><prop><displayname>No</displayname><getetag>x</getetag></prop></set></propertyupdate>`
	client.do("PROPPATCH", "/calendars/alice/team/", protected)
	if got := client.propfind("/calendars/alice/team/", "0", "<displayname/>").Responses[0].inner(); !strings.Contains(got, "Crew") {
		t.Errorf("half of a PROPPATCH was done: %s", got)
	}
	if r := client.do("DELETE", "/calendars/alice/team/", ""); r.status != http.StatusNoContent {
		t.Errorf("DELETE: got %d", r.status)
	}
	if r := client.do("PROPFIND", "/calendars/alice/team/", ""); r.status != http.StatusNotFound {
		t.Errorf("after DELETE: got %d, want 404", r.status)
	}
}

func TestWalls_between_users(t *testing.T) {
	t.Parallel()
	server, alice := newServer(t, Options{})
	bob := newWire(t, server, "bob")
	alice.do("PUT", home+"e.ics", event("u", "x"))
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if r := bob.do(method, home+"e.ics", event("u", "y")); r.status != http.StatusForbidden {
			t.Errorf("%s of another's event: got %d, want 403", method, r.status)
		}
	}
	if err := server.Share("alice", "calendar", "bob", "alices", Reads); err != nil {
		t.Fatal(err)
	}
	shared := "/calendars/bob/alices/"
	if r := bob.do("GET", shared+"e.ics", ""); r.status != http.StatusOK {
		t.Errorf("GET of a shared event: got %d", r.status)
	}
	if r := bob.do("PUT", shared+"e.ics", event("u", "y")); r.status != http.StatusForbidden || !strings.Contains(r.body, "need-privileges") {
		t.Errorf("PUT into a read-only share: got %d %s", r.status, r.body)
	}
	inner := bob.propfind(shared, "0", "<current-user-privilege-set/>").Responses[0].inner()
	if strings.Contains(inner, "write-content") || !strings.Contains(inner, "<D:read/>") {
		t.Errorf("privileges of a read-only share: %s", inner)
	}
	if err := server.Grant("bob", "alices", Writes); err != nil {
		t.Fatal(err)
	}
	if r := bob.do("PUT", shared+"e.ics", event("u", "y")); r.status != http.StatusNoContent {
		t.Errorf("PUT into a share: got %d", r.status)
	}
	writes := server.Writes(1)
	if last := writes[len(writes)-1]; last.User != "bob" || last.Href != home+"e.ics" {
		t.Errorf("log: got %s at %s, want bob at the owner's path", last.User, last.Href)
	}
}

func TestOpen_finds_the_state_as_it_was(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "calendars")
	server, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, server)
	client := newWire(t, server, "alice")
	client.do("PUT", home+"a.ics", event("a", "a"))
	client.do("PUT", home+"b%20c.ics", event("b", "b"))
	token := client.sync(home, "").Token
	client.do("DELETE", home+"a.ics", "")
	client.do("PROPPATCH", home, `<propertyupdate `+spaces+`><set><prop><displayname>Renamed</displayname></prop></set></propertyupdate>`)
	listing := client.do("PROPFIND", home, "", "Depth", "1").body
	// A record that was being written when the machine stopped.
	file, err := os.OpenFile(filepath.Join(dir, journalName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"put":{"name":"half.ics"`); err != nil {
		t.Fatal(err)
	}
	file.Close()
	for range 2 {
		again, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		client := newWire(t, again, "alice")
		if got := client.do("PROPFIND", home, "", "Depth", "1").body; got != listing {
			t.Errorf("got %s, want %s", got, listing)
		}
		if diff := cmp.Diff(map[string]string{"a.ics": "404"}, client.sync(home, token).statuses()); diff != "" {
			t.Errorf("an old token, want -, got +:\n%s", diff)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if r := client.do("PUT", home+"late.ics", event("late", "x")); r.status != http.StatusInsufficientStorage {
			t.Errorf("after Close: got %d, want 507", r.status)
		}
	}
}

func TestWrites_tell_what_was_there_before_and_after(t *testing.T) {
	t.Parallel()
	at := &clock{start}
	server, client := newServer(t, Options{Now: at.now})
	one, two := event("u1", "one"), event("u1", "two")
	e1 := client.do("PUT", home+"e%201.ics", one, "If-None-Match", "*", "User-Agent", "engine").header.Get("ETag")
	human := server.Human("alice", "phone")
	at.at = start.Add(time.Minute)
	item, err := human.SetLine("calendar", "e 1.ics", "SUMMARY:two")
	if err != nil || item.Body != two || item.Line("summary") != "two" {
		t.Fatalf("got %v %+v", err, item)
	}
	client.do("DELETE", home+"e%201.ics", "", "If-Match", e1) // refused
	client.do("DELETE", home+"e%201.ics", "", "If-Match", item.ETag, "User-Agent", "engine")
	want := []Write{
		{Number: 1, At: start, By: ByClient, User: "alice", Agent: "engine", Method: "PUT", Calendar: home, Href: home + "e 1.ics", Sent: one, After: one, ETagAfter: e1, IfNoneMatch: "*", Status: 201, ETagGiven: e1, Delivered: true},
		{Number: 2, At: at.at, By: ByHuman, User: "alice", Agent: "phone", Method: "PUT", Calendar: home, Href: home + "e 1.ics", Sent: two, Before: one, After: two, ETagBefore: e1, ETagAfter: item.ETag, IfMatch: e1, Status: 204, ETagGiven: item.ETag, Delivered: true},
		{Number: 3, At: at.at, By: ByClient, User: "alice", Agent: "engine", Method: "DELETE", Calendar: home, Href: home + "e 1.ics", Before: two, ETagBefore: item.ETag, IfMatch: item.ETag, Status: 204, Delivered: true},
	}
	if diff := cmp.Diff(want, server.Writes(1)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestServer_speaks_over_a_real_connection(t *testing.T) {
	t.Parallel()
	server, client := newServer(t, Options{})
	fillCalendar(t, server, 200, 100)
	listener := httptest.NewServer(server)
	defer listener.Close()
	client.origin, client.transport = listener.URL, listener.Client().Transport
	m := client.sync(home, "")
	if len(m.Responses) != 200 {
		t.Errorf("got %d members, want 200", len(m.Responses))
	}
	requests := server.Requests()
	if len(requests) != 1 || requests[0].Report != reportSync || requests[0].Sent == 0 || requests[0].Sent > 20_000 {
		t.Errorf("got %+v, want one compressed report", requests)
	}
}

func TestHuman_edits_lines_without_touching_others(t *testing.T) {
	t.Parallel()
	server, _ := newServer(t, Options{})
	human := server.Human("alice", "phone")
	body := strings.Replace(event("u", "x", "DESCRIPTION:long\r\n  and folded", "BEGIN:VALARM", "DESCRIPTION:alarm", "END:VALARM"), "BEGIN:VEVENT", "BEGIN:VTIMEZONE\r\nTZID:Z\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT", 1)
	if _, err := human.Put("calendar", "e.ics", body, "*"); err != nil {
		t.Fatal(err)
	}
	item, err := human.SetLine("calendar", "e.ics", "DESCRIPTION:short")
	if want := strings.Replace(body, "DESCRIPTION:long\r\n  and folded", "DESCRIPTION:short", 1); err != nil || item.Body != want {
		t.Errorf("got %v %q, want %q", err, item.Body, want)
	}
	item, err = human.DropLine("calendar", "e.ics", "DESCRIPTION")
	if err != nil || !strings.Contains(item.Body, "DESCRIPTION:alarm") || strings.Contains(item.Body, "short") {
		t.Errorf("got %v %q", err, item.Body)
	}
	item, err = human.SetLine("calendar", "e.ics", "LOCATION:"+strings.Repeat("é", 60))
	if err != nil || item.Line("LOCATION") != strings.Repeat("é", 60) {
		t.Errorf("got %v %q", err, item.Body)
	}
	for _, line := range strings.Split(item.Body, "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d octets", len(line))
		}
	}
}
