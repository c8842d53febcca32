package caldav

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/dav"
)

func TestClient_b7_huge_xml_is_refused_or_passed_over(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		inside string
		fails  bool
	}{
		"a million elements that nobody knows": {"<D:response><D:href>/cal/a.ics</D:href>" + strings.Repeat("<X/>", 1_000_000) + "<D:status>HTTP/1.1 200 OK</D:status></D:response>", false},
		"an attribute of 10 MiB":               {`<D:response x="` + strings.Repeat("a", 10<<20) + `"/>`, true},
		"elements 100,000 deep":                {strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calendar := memory(func(*http.Request) (*http.Response, error) {
				return respond(207, strings.NewReader(multistatusText(itself+test.inside))), nil
			}, nil)
			err := calendar.List(t.Context(), nothing)
			if !test.fails && err != nil {
				t.Errorf("got %v, want it read", err)
			}
			if test.fails {
				want(t, err, dav.ClassTemporary, dav.CauseMalformed)
			}
		})
	}
}

func TestClient_b37_document_types_and_entities_are_refused(t *testing.T) {
	t.Parallel()
	utf16 := func(text string) string {
		out := "\xff\xfe"
		for _, c := range []byte(text) {
			out += string([]byte{c, 0})
		}
		return out
	}
	for name, body := range map[string]string{
		"nested entities":   `<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><D:multistatus xmlns:D="DAV:"/>`,
		"external entity":   `<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><D:multistatus xmlns:D="DAV:"/>`,
		"an entity, UTF-16": utf16(`<!DOCTYPE a [<!ENTITY b "x">]><D:multistatus xmlns:D="DAV:"/>`),
	} {
		calendar := memory(func(*http.Request) (*http.Response, error) { return respond(207, strings.NewReader(body)), nil }, nil)
		failure, ok := dav.FailureOf(calendar.List(t.Context(), nothing))
		if !ok || failure.Cause != dav.CauseMalformed {
			t.Errorf("%s: got %v, want it malformed", name, failure)
		}
		if _, err := calendar.Sync(t.Context(), "", nothing); dav.ClassOf(err) != dav.ClassTemporary {
			t.Errorf("%s: got %v, want a failure that changes nothing", name, err)
		}
	}
}

func TestClient_b38_any_prefix_cdata_and_comments(t *testing.T) {
	t.Parallel()
	body := `<multistatus xmlns="DAV:" xmlns:x="urn:ietf:params:xml:ns:caldav"><!-- c --><sync-token><![CDATA[t&2]]></sync-token><strange a="b"><c/></strange>` +
		`<response odd="1"><propstat><prop><getetag><!-- c -->"1"</getetag><x:calendar-data><![CDATA[` + event + `]]></x:calendar-data></prop>` +
		`<status>HTTP/1.1 200 OK</status></propstat><href>/cal/<!-- c -->a.ics</href></response></multistatus>`
	calendar := memory(func(*http.Request) (*http.Response, error) { return respond(207, strings.NewReader(body)), nil }, nil)
	var members []dav.Member
	result, err := calendar.Sync(t.Context(), "t1", func(m dav.Member) error { members = append(members, m); return nil })
	if err != nil || result.Token != "t&2" || len(members) != 1 {
		t.Fatalf("got %+v %v %v, want one member and the token t&2", result, members, err)
	}
	if members[0].Href != "/cal/a.ics" || members[0].ETag != `"1"` || string(members[0].Data) != event {
		t.Errorf("got %q %q %q, want /cal/a.ics with its event", members[0].Href, members[0].ETag, members[0].Data)
	}
}

func TestClient_b39_hrefs_that_must_not_be_followed(t *testing.T) {
	t.Parallel()
	inside := itself
	for _, href := range []string{"https://evil.example/cal/a.ics", "https://dav.example@evil.example/a.ics", "javascript:alert(1)", "", "/cal", "/cal/sub/", "http://dav.example/cal/b.ics", "c.ics"} {
		inside += present(href, `"1"`, "")
	}
	var asked []string
	calendar := memory(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		return respond(207, strings.NewReader(multistatusText(inside+"<D:sync-token>t</D:sync-token>"))), nil
	}, nil)
	wanted := []string{
		"unusable https://evil.example/cal/a.ics", "unusable https://dav.example@evil.example/a.ics", "unusable javascript:alert(1)", "unusable ",
		"present http://dav.example/cal/b.ics", "present c.ics", // of the same host, asked by https
	}
	var listed, synced []string
	if err := calendar.List(t.Context(), gather(&listed)); err != nil || !slices.Equal(listed, wanted) {
		t.Errorf("list: got %q %v, want %q", listed, err, wanted)
	}
	if _, err := calendar.Sync(t.Context(), "", gather(&synced)); err != nil || !slices.Equal(synced, wanted) {
		t.Errorf("sync: got %q %v, want %q", synced, err, wanted)
	}
	before := len(asked)
	for _, href := range []dav.Href{"https://evil.example/cal/a.ics", "https://dav.example@evil.example/a.ics", "javascript:alert(1)", ""} {
		if _, err := calendar.Get(t.Context(), href); dav.ClassOf(err) != dav.ClassPermanent {
			t.Errorf("get %q: got %v, want it refused", href, err)
		}
		if _, err := calendar.Put(t.Context(), href, []byte(event), dav.IfNew()); dav.ClassOf(err) != dav.ClassPermanent {
			t.Errorf("put %q: got %v, want it refused", href, err)
		}
	}
	if len(asked) != before {
		t.Errorf("got requests to %q, want none", asked[before:])
	}
	if _, err := calendar.Get(t.Context(), "http://dav.example/cal/b.ics"); err == nil || asked[len(asked)-1] != "https://dav.example/cal/b.ics" {
		t.Errorf("got %q, want the same host asked by https", asked[len(asked)-1])
	}
}

func TestClient_b40_several_propstats_and_odd_status_lines(t *testing.T) {
	t.Parallel()
	prop := func(inside, status string) string {
		return `<D:propstat><D:prop>` + inside + `</D:prop>` + status + `</D:propstat>`
	}
	response := func(href, inside string) string {
		return `<D:response><D:href>` + href + `</D:href>` + inside + `</D:response>`
	}
	inside := response("/cal/two.ics", prop(`<D:getetag>"1"</D:getetag>`, "<D:status>HTTP/1.1 200 OK</D:status>")+prop(`<C:calendar-data/>`, "<D:status>HTTP/1.1 404 Not Found</D:status>")) +
		response("/cal/bare.ics", prop(`<D:getetag>"2"</D:getetag>`, "<D:status>HTTP/1.1 200</D:status>")) +
		response("/cal/small.ics", prop(`<D:getetag>"3"</D:getetag>`, "<D:status>http/1.1 200 ok</D:status>")) +
		response("/cal/missing.ics", prop(`<D:getetag>"4"</D:getetag>`, "")) +
		// sabre/dav 4.4 on a member that is gone
		`<D:response><D:status>HTTP/1.1 404 Not Found</D:status><D:href>/cal/gone.ics</D:href>` + prop("", "<D:status>HTTP/1.1 418 I'm a teapot</D:status>") + `</D:response>` +
		response("/cal", prop(`<D:getetag/>`, "<D:status>HTTP/1.1 404 Not Found</D:status>")) // after a rename, of the calendar itself
	calendar := memory(func(*http.Request) (*http.Response, error) {
		return respond(207, strings.NewReader(multistatusText(inside+"<D:sync-token>t</D:sync-token>"))), nil
	}, nil)
	var got []string
	if _, err := calendar.Sync(t.Context(), "t0", gather(&got)); err != nil {
		t.Fatal(err)
	}
	wanted := []string{"present /cal/two.ics", "present /cal/bare.ics", "present /cal/small.ics", "present /cal/missing.ics", "gone /cal/gone.ics 404"}
	if !slices.Equal(got, wanted) {
		t.Errorf("got %q, want %q", got, wanted)
	}
	if !calendar.Traits().Has(dav.NoDataInSync) {
		t.Error("a report that gives no calendar-data was not noticed")
	}
}

func TestClient_b41_empty_calendar_data_is_asked_for_again(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.Method == "REPORT" {
			multistatus(w, present("/cal/a.ics", `"1"`, " \n ")+present("/cal/b.ics", `"2"`, event))
			return
		}
		_, _ = w.Write([]byte(event))
	})
	var data []string
	err := calendar(t, server).Multiget(t.Context(), []dav.Href{"/cal/a.ics", "/cal/b.ics"}, func(m dav.Member) error {
		data = append(data, string(m.Href)+" "+string(m.Data))
		return nil
	})
	if err != nil || !slices.Equal(data, []string{"/cal/b.ics " + event, "/cal/a.ics " + event}) {
		t.Errorf("got %q %v, want both events, the empty one asked for by itself", data, err)
	}
}

func TestClient_b42_a_name_of_a_mebibyte_is_cut_and_kept_as_text(t *testing.T) {
	t.Parallel()
	name := "&lt;script&gt;" + strings.Repeat("é", 1<<19)
	calendar := memory(func(*http.Request) (*http.Response, error) {
		return respond(207, strings.NewReader(multistatusText(`<D:response><D:href>/cal/</D:href><D:propstat><D:prop><D:displayname>`+name+
			`</D:displayname></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`))), nil
	}, nil)
	got, err := calendar.Calendar(t.Context())
	if err != nil || !strings.HasPrefix(got.Name, "<script>é") || len([]rune(got.Name)) != 255 {
		t.Errorf("got a name of %d characters, %v, want 255", len([]rune(got.Name)), err)
	}
}

func TestClient_b43_a_content_type_that_lies(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"text/html; charset=iso-8859-1", "text/plain", "application/json", ""} {
		calendar := memory(func(r *http.Request) (*http.Response, error) {
			if r.Method == "GET" {
				return respond(200, strings.NewReader(event), "Content-Type", kind), nil
			}
			return respond(207, strings.NewReader(multistatusText(itself+present("/cal/é.ics", `"1"`, ""))), "Content-Type", kind), nil
		}, nil)
		var got []string
		if err := calendar.List(t.Context(), gather(&got)); err != nil || !slices.Equal(got, []string{"present /cal/é.ics"}) {
			t.Errorf("%q: got %q %v, want the member", kind, got, err)
		}
		if resource, err := calendar.Get(t.Context(), "/cal/é.ics"); err != nil || string(resource.Body) != event {
			t.Errorf("%q: got %v, want the event", kind, err)
		}
	}
}

func TestClient_answers_are_classed(t *testing.T) {
	t.Parallel()
	const (
		syncOp = "sync"
		getOp  = "get"
		putOp  = "put"
		delOp  = "delete"
		list   = "list"
	)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	davError := func(inside string) string {
		return `<D:error xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">` + inside + `</D:error>`
	}
	for name, test := range map[string]struct {
		ops    string
		status int
		body   string
		header []string
		class  dav.Class
		cause  dav.Cause
		check  func(*dav.Failure) bool
	}{
		"unknown token":                  {syncOp, 403, davError("<D:valid-sync-token/>"), nil, dav.ClassTokenInvalid, "", nil},
		"unknown token, 409":             {syncOp, 409, davError("<D:valid-sync-token/>"), nil, dav.ClassTokenInvalid, "", nil},
		"unknown token, 418":             {syncOp, 418, davError("<D:valid-sync-token/>"), nil, dav.ClassTokenInvalid, "", nil},
		"token gone":                     {syncOp, 410, "", nil, dav.ClassTokenInvalid, "", nil},
		"unknown token on Xandikos":      {syncOp, 500, "Internal server error", nil, dav.ClassTemporary, dav.CauseTokenSuspect, nil},
		"a bare 400 with a token":        {syncOp, 400, "", nil, dav.ClassTemporary, dav.CauseTokenSuspect, nil},
		"no such report":                 {syncOp, 403, davError("<D:supported-report/>"), nil, dav.ClassForbidden, "", nil},
		"Google throttles a report":      {syncOp, 403, `<D:error xmlns:D="DAV:"/>`, nil, dav.ClassTemporary, dav.CauseThrottled, nil},
		"Google throttles by its reason": {putOp + getOp, 403, `<errors><error><code>rateLimitExceeded</code></error></errors>`, nil, dav.ClassTemporary, dav.CauseThrottled, nil},
		"the API is off":                 {list, 403, `<errors xmlns="http://schemas.google.com/g/2005"><error><domain>usageLimits</domain><code>accessNotConfigured</code></error></errors>`, nil, dav.ClassPermanent, dav.CauseAPIOff, nil},
		"forbidden":                      {getOp + putOp + delOp, 403, davError("<D:need-privileges/>"), nil, dav.ClassForbidden, "", nil},
		"gone":                           {getOp + putOp + delOp, 404, "", nil, dav.ClassGone, "", nil},
		"gone for good":                  {getOp + delOp, 410, "", nil, dav.ClassGone, "", nil},
		"another version":                {putOp + delOp, 412, "", nil, dav.ClassPreconditionFailed, "", nil},
		"UID taken": {putOp, 409, davError("<C:no-uid-conflict><D:href>/cal/twin.ics</D:href></C:no-uid-conflict>"), nil, dav.ClassUIDTaken, "",
			func(f *dav.Failure) bool { return f.Related == "/cal/twin.ics" }},
		"UID taken on Nextcloud":   {putOp, 400, "Calendar object with uid already exists in this calendar collection.", nil, dav.ClassUIDTaken, "", nil},
		"UID in Nextcloud's trash": {putOp, 500, "UNIQUE constraint failed: oc_calendarobjects.calendarid, oc_calendarobjects.calendartype, oc_calendarobjects.uid", nil, dav.ClassUIDTaken, "", nil},
		"UID in the trash, index":  {putOp, 500, "Duplicate entry for key 'calobjects_by_uid_index'", nil, dav.ClassUIDTaken, "", nil},
		"another conflict":         {putOp, 409, "", nil, dav.ClassPermanent, "", nil},
		"too large":                {putOp, 413, "", nil, dav.ClassPermanent, dav.CauseTooLarge, nil},
		"too large, precondition":  {putOp, 403, davError("<C:max-resource-size/>"), nil, dav.ClassPermanent, dav.CauseTooLarge, nil},
		"too large on Nextcloud":   {putOp, 403, "This object exceeds 10485760 bytes", nil, dav.ClassPermanent, dav.CauseTooLarge, nil},
		"not understood":           {putOp, 415, "", nil, dav.ClassPermanent, "", nil},
		"storage full":             {putOp, 507, "", nil, dav.ClassPermanent, dav.CauseStorageFull, nil},
		"locked":                   {putOp + delOp, 423, "", nil, dav.ClassTemporary, "", nil},
		"not offered":              {list + syncOp, 501, "", nil, dav.ClassPermanent, "", nil},
		"signed out": {list + putOp, 401, "", []string{"WWW-Authenticate", `Basic realm="a, b", Bearer`}, dav.ClassSignIn, "",
			func(f *dav.Failure) bool { return slices.Equal(f.Challenges, []string{"basic", "bearer"}) }},
		"account off on ownCloud":  {list, 401, "User disabled", nil, dav.ClassSignIn, dav.CauseAccountOff, nil},
		"account off on Nextcloud": {list, 503, "OCA\\DAV\\Connector\\Sabre\\Exception\\DisabledUserException: Account disabled", nil, dav.ClassPermanent, dav.CauseAccountOff, nil},
		"maintenance":              {list, 503, "System is in maintenance mode.", nil, dav.ClassTemporary, dav.CauseMaintenance, nil},
		"throttled, in seconds": {list, 429, "", []string{"Retry-After", "30"}, dav.ClassTemporary, dav.CauseThrottled,
			func(f *dav.Failure) bool { return f.NotBefore.Equal(now.Add(30 * time.Second)) }},
		"away, until a date": {putOp, 503, "", []string{"Retry-After", "Mon, 23 Nov 2026 13:00:00 GMT", "Date", "Mon, 23 Nov 2026 12:50:00 GMT"}, dav.ClassTemporary, "",
			func(f *dav.Failure) bool { return f.NotBefore.Equal(now.Add(10 * time.Minute)) }},
		"away, for a year": {list, 503, "", []string{"Retry-After", "31536000"}, dav.ClassTemporary, "",
			func(f *dav.Failure) bool { return f.NotBefore.Equal(now.Add(2 * time.Hour)) }},
		"a gateway, of a write":   {putOp + delOp, 504, "", nil, dav.ClassUnknownOutcome, "", nil},
		"a gateway, of a listing": {list, 502, "", nil, dav.ClassTemporary, "", nil},
		"broken":                  {list + putOp + delOp, 500, "", nil, dav.ClassTemporary, "", nil},
		"accepted for later":      {putOp + delOp, 202, "", nil, dav.ClassUnknownOutcome, dav.CauseNotDAV, nil},
	} {
		for _, op := range []string{syncOp, getOp, putOp, delOp, list} {
			if !strings.Contains(test.ops, op) {
				continue
			}
			t.Run(op+" "+name, func(t *testing.T) {
				t.Parallel()
				calendar := memory(func(*http.Request) (*http.Response, error) {
					return respond(test.status, strings.NewReader(test.body), test.header...), nil
				}, func(c *Config) { c.Now = func() time.Time { return now } })
				var err error
				switch op {
				case syncOp:
					_, err = calendar.Sync(t.Context(), "t1", nothing)
				case getOp:
					_, err = calendar.Get(t.Context(), "/cal/a.ics")
				case putOp:
					_, err = calendar.Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfMatch(`"1"`))
				case delOp:
					err = calendar.Delete(t.Context(), "/cal/a.ics", dav.IfMatch(`"1"`))
				case list:
					err = calendar.List(t.Context(), nothing)
				}
				failure := want(t, err, test.class, test.cause)
				if test.check != nil && !test.check(failure) {
					t.Errorf("got %+v", failure)
				}
				if failure.Status != test.status {
					t.Errorf("got status %d, want %d", failure.Status, test.status)
				}
			})
		}
	}
}

func TestCollection_sync(t *testing.T) {
	t.Parallel()
	t.Run("a page says that there is more", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			multistatus(w, present("/cal/a.ics", `"1"`, event)+status("/cal/", 507)+"<D:sync-token>t2</D:sync-token>")
		})
		result, err := calendar(t, server).Sync(t.Context(), "t1", nothing)
		if wanted := (dav.SyncResult{Token: "t2", Truncated: true, Members: 1}); err != nil || result != wanted {
			t.Errorf("got %+v %v, want %+v", result, err, wanted)
		}
		if body := server.seen()[0].body; strings.Contains(body, "limit") || !strings.Contains(body, "<D:sync-level>1<") {
			t.Errorf("got %s, want no limit and a sync-level", body)
		}
	})
	t.Run("a page that leads to itself ends", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			multistatus(w, status("/cal", 507)+"<D:sync-token>t1</D:sync-token>")
		})
		_, err := calendar(t, server).Sync(t.Context(), "t1", nothing)
		want(t, err, dav.ClassTemporary, dav.CauseTruncated)
	})
	t.Run("no token", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			multistatus(w, present("/cal/a.ics", `"1"`, ""))
		})
		_, err := calendar(t, server).Sync(t.Context(), "", nothing)
		want(t, err, dav.ClassPermanent, dav.CauseNoToken)
	})
	t.Run("the collection itself is refused", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { multistatus(w, status("/cal/", 404)) })
		_, err := calendar(t, server).Sync(t.Context(), "t1", nothing)
		want(t, err, dav.ClassGone, "")
	})
	t.Run("Depth: 1 where Depth: 0 is refused, remembered", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			if r.Header.Get("Depth") != "1" {
				w.WriteHeader(400)
				return
			}
			multistatus(w, "<D:sync-token>t2</D:sync-token>")
		})
		calendar := calendar(t, server)
		for _, token := range []dav.SyncToken{"", "t1"} {
			if result, err := calendar.Sync(t.Context(), token, nothing); err != nil || result.Token != "t2" {
				t.Fatalf("got %+v %v, want t2", result, err)
			}
		}
		if evidence, ok := calendar.Traits().Evidence(dav.SyncNeedsDepthOne); !ok || evidence.Seen == "" || len(server.seen()) != 3 {
			t.Errorf("got %d requests, trait %v, want 3 and the trait with its evidence", len(server.seen()), ok)
		}
	})
	t.Run("no text is asked for where none is given", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			multistatus(w, "<D:sync-token>t2</D:sync-token>")
		})
		_, err := calendar(t, server, dav.NoDataInSync).Sync(t.Context(), "", nothing)
		if err != nil || strings.Contains(server.seen()[0].body, "calendar-data") {
			t.Errorf("got %v %s", err, server.seen()[0].body)
		}
	})
	t.Run("a listing that is not whole is a failure", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			multistatus(w, present("/cal/a.ics", `"1"`, "")+status("/cal/", 507))
		})
		want(t, calendar(t, server).List(t.Context(), nothing), dav.ClassTemporary, dav.CauseTruncated)
	})
	t.Run("an empty answer is no empty calendar", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { multistatus(w, "") })
		want(t, calendar(t, server).List(t.Context(), nothing), dav.ClassTemporary, dav.CauseNotDAV)
	})
	t.Run("one request for each, the connection kept", func(t *testing.T) {
		t.Parallel()
		remotes := map[string]bool{}
		server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			remotes[r.RemoteAddr] = true
			multistatus(w, "<D:sync-token>t1</D:sync-token>")
		})
		calendar := calendar(t, server)
		for range 5 {
			if _, err := calendar.Sync(t.Context(), "t1", nothing); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(server.seen()); got != 5 || len(remotes) != 1 {
			t.Errorf("got %d requests over %d connections, want 5 over one", got, len(remotes))
		}
	})
}

func TestCollection_multiget_in_batches_that_are_halved(t *testing.T) {
	t.Parallel()
	var hrefs []dav.Href
	for i := range 250 {
		hrefs = append(hrefs, dav.Href(fmt.Sprintf("/cal/%%c3%%a9-%d.ics", i)))
	}
	asked := func(body string) (all []string) {
		for _, part := range strings.Split(body, "<D:href>")[1:] {
			href, _, _ := strings.Cut(part, "<")
			all = append(all, href)
		}
		return all
	}
	for name, test := range map[string]struct {
		status, most, requests int
	}{
		"taken":                      {0, 100, 3},
		"413 above 30":               {413, 30, 12},
		"507 above 60":               {507, 60, 6},
		"404, one member is missing": {404, 0, 18}, // SabreDAV 1.8
		"501, no such report":        {501, -1, 251},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, r *http.Request, body string) {
				switch {
				case r.Method == "PROPFIND":
					multistatus(w, itself)
				case r.Method == "GET" && r.RequestURI == string(hrefs[42]) && test.status == 404:
					w.WriteHeader(404)
				case r.Method == "GET":
					_, _ = w.Write([]byte(event))
				default:
					wanted := asked(body)
					if test.status == 404 && slices.Contains(wanted, string(hrefs[42])) || test.status != 404 && test.status != 0 && len(wanted) > test.most {
						w.WriteHeader(test.status)
						return
					}
					var inside string
					for _, href := range wanted {
						inside += present(strings.ReplaceAll(href, "%c3%a9", "%C3%A9"), `"1"`, event)
					}
					multistatus(w, inside)
				}
			})
			visited := map[dav.Href]int{}
			var gone []dav.Href
			err := calendar(t, server).Multiget(t.Context(), hrefs, func(m dav.Member) error {
				visited[m.Href]++
				if m.Kind == dav.MemberGone {
					gone = append(gone, m.Href)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, href := range hrefs {
				if visited[href] != 1 {
					t.Fatalf("%s was visited %d times, want once", href, visited[href])
				}
			}
			if test.status == 404 && !slices.Equal(gone, hrefs[42:43]) {
				t.Errorf("got gone %v, want the one that is missing", gone)
			}
			if got := len(server.seen()); got > test.requests {
				t.Errorf("got %d requests, want at most %d:\n%s", got, test.requests, server.lines())
			}
			for _, request := range server.seen() {
				if request.method == "REPORT" && len(asked(request.body)) > 100 {
					t.Errorf("got %d hrefs in one report, want at most 100", len(asked(request.body)))
				}
			}
		})
	}
	t.Run("a calendar that is gone is one failure", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(404) })
		err := calendar(t, server).Multiget(t.Context(), hrefs, func(m dav.Member) error { t.Errorf("got %+v, want nothing said of members", m); return nil })
		want(t, err, dav.ClassGone, "")
		if got := len(server.seen()); got != 2 {
			t.Errorf("got %d requests, want 2", got)
		}
	})
}

func TestCollection_writes(t *testing.T) {
	t.Parallel()
	t.Run("with length, type and condition, the href as it was received", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			w.Header().Set("ETag", `W/"9"`)
			w.WriteHeader(201)
		})
		calendar := calendar(t, server)
		result, err := calendar.Put(t.Context(), "/cal/a%2bb@c%2F.ics", []byte(event), dav.IfNew())
		if err != nil || result.ETag != `W/"9"` || !result.Created || result.Href != "/cal/a%2bb@c%2F.ics" {
			t.Fatalf("got %+v %v", result, err)
		}
		if _, err := calendar.Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfMatch(`W/"9"`)); err != nil {
			t.Fatal(err)
		}
		if _, err := calendar.Put(t.Context(), "/cal/a.ics", nil, dav.Unconditionally()); err != nil {
			t.Fatal(err)
		}
		first, second, third := server.seen()[0], server.seen()[1], server.seen()[2]
		if first.path != "/cal/a%2bb@c%2F.ics" || first.length != int64(len(event)) || first.chunked || first.header.Get("If-None-Match") != "*" ||
			first.header.Get("Content-Type") != "text/calendar; charset=utf-8" || first.header.Get("Accept-Encoding") != "identity" {
			t.Errorf("got %+v", first)
		}
		if second.header.Get("If-Match") != `"9"` || second.header.Get("If-None-Match") != "" {
			t.Errorf("got %v, want the ETag quoted and without its mark", second.header)
		}
		if third.length != 0 || third.chunked || third.header.Get("If-Match") != "" {
			t.Errorf("got %+v, want a length of 0", third)
		}
	})
	t.Run("a 207 is read inside", func(t *testing.T) {
		t.Parallel()
		// Xandikos 0.2.8 on a PUT of a UID that lives elsewhere.
		server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			multistatus(w, `<D:response><D:href>http%3A//127.0.0.1/cal/b.ics</D:href><D:status>HTTP/1.1 412 Precondition Failed</D:status><D:error><C:no-uid-conflict><D:href>/cal/a.ics</D:href></C:no-uid-conflict></D:error></D:response>`)
		})
		_, err := calendar(t, server).Put(t.Context(), "/cal/b.ics", []byte(event), dav.IfNew())
		if failure := want(t, err, dav.ClassUIDTaken, ""); failure.Status != 412 || failure.Related != "/cal/a.ics" {
			t.Errorf("got %+v", failure)
		}
	})
	t.Run("a DELETE answered by a multistatus", func(t *testing.T) {
		t.Parallel()
		for _, test := range []struct {
			outer, inner int
			class        dav.Class
		}{{200, 200, ""}, {207, 204, ""}, {207, 403, dav.ClassForbidden}, {200, 412, dav.ClassPreconditionFailed}, {207, 404, dav.ClassGone}} {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
				w.Header().Set("Content-Type", "text/xml; charset=utf-8")
				w.WriteHeader(test.outer)
				_, _ = w.Write([]byte(multistatusText(status("/cal/a.ics", test.inner))))
			})
			err := calendar(t, server).Delete(t.Context(), "/cal/a.ics", dav.IfMatch(`"1"`))
			if dav.ClassOf(err) != test.class || (err != nil) != (test.class != "") {
				t.Errorf("%d with %d inside: got %v, want %q", test.outer, test.inner, err, test.class)
			}
		}
	})
	t.Run("a Location names the place, if it is one of the calendar", func(t *testing.T) {
		t.Parallel()
		for location, wanted := range map[string]dav.Href{
			"/cal/other.ics": "/cal/other.ics", "https://evil.example/cal/x.ics": "/cal/a.ics", "/elsewhere/x.ics": "/cal/a.ics", "/cal/": "/cal/a.ics", "/cal/a.ics": "/cal/a.ics",
		} {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
				w.Header().Set("Location", location)
				w.WriteHeader(201)
			})
			if result, err := calendar(t, server).Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfNew()); err != nil || result.Href != wanted {
				t.Errorf("%s: got %q %v, want %q", location, result.Href, err, wanted)
			}
		}
	})
	t.Run("never without a condition asked for, nor to the calendar itself", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(http.ResponseWriter, *http.Request, string) {})
		calendar := calendar(t, server)
		for _, try := range []func() error{
			func() error { _, err := calendar.Put(t.Context(), "/cal/a.ics", nil, dav.Condition{}); return err },
			func() error { _, err := calendar.Put(t.Context(), "/cal/a.ics", nil, dav.IfMatch("")); return err },
			func() error { _, err := calendar.Put(t.Context(), "/cal", nil, dav.IfNew()); return err },
			func() error { return calendar.Delete(t.Context(), "/cal/", dav.Unconditionally()) },
			func() error { return calendar.Delete(t.Context(), "/cal/a.ics", dav.IfMatch("\"a\r\nX: y\"")) },
		} {
			if err := try(); dav.ClassOf(err) != dav.ClassPermanent {
				t.Errorf("got %v, want it refused", err)
			}
		}
		if got := server.lines(); got != "" {
			t.Errorf("got %s, want no request", got)
		}
	})
}
