package dav

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// decodeMembers reads a body as the members of /cal/, one byte at a time so that every boundary is met.
func decodeMembers(t *testing.T, body string) ([]Member, Multistatus, error) {
	t.Helper()
	var members []Member
	result, err := DecodeMultistatus(iotest.OneByteReader(strings.NewReader(body)), DefaultLimits, func(r *Response) error {
		if member, ok := MemberOf("/cal/", r); ok {
			members = append(members, member)
		}
		return nil
	})
	return members, result, err
}

func TestDecodeMultistatus_members_as_servers_write_them(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body  string
		want  []Member
		token SyncToken
	}{
		"changed, with data beside it": {
			`<?xml version="1.0"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><sync-token>http://radicale.org/ns/sync/1</sync-token>` +
				`<response><href>/cal/a.ics</href><propstat><prop><getetag>"1"</getetag><C:calendar-data>BEGIN:VCALENDAR&#13;
SUMMARY:a &lt;b&gt; &amp; c&#13;
END:VCALENDAR&#13;
</C:calendar-data></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`,
			[]Member{{Kind: MemberPresent, Href: "/cal/a.ics", ETag: `"1"`, Data: []byte("BEGIN:VCALENDAR\r\nSUMMARY:a <b> & c\r\nEND:VCALENDAR\r\n")}},
			"http://radicale.org/ns/sync/1",
		},
		"calendar-data refused beside what is given": {
			`<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:response><D:href>/cal/a.ics</D:href>` +
				`<D:propstat><D:prop><C:calendar-data/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>` +
				`<D:propstat><D:prop><D:getetag>"1"</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>` +
				`<D:sync-token>data:,7</D:sync-token></D:multistatus>`,
			[]Member{{Kind: MemberPresent, Href: "/cal/a.ics", ETag: `"1"`}}, "data:,7",
		},
		"removed": {
			`<D:multistatus xmlns:D="DAV:"><D:response><D:href>/cal/a.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response><D:sync-token>2</D:sync-token></D:multistatus>`,
			[]Member{{Kind: MemberGone, Href: "/cal/a.ics", Status: 404}}, "2",
		},
		"removed, as sabre/dav 4.4 writes it": {
			`<d:multistatus xmlns:d="DAV:"><d:response><d:status>HTTP/1.1 404 Not Found</d:status><d:href>/cal/e2.ics</d:href>` +
				`<d:propstat><d:prop/><d:status>HTTP/1.1 418 I'm a teapot</d:status></d:propstat></d:response></d:multistatus>`,
			[]Member{{Kind: MemberGone, Href: "/cal/e2.ics", Status: 404}}, "",
		},
		"the collection itself is no member, with or without slash": {
			`<d:multistatus xmlns:d="DAV:"><d:response><d:href>/cal</d:href><d:propstat><d:prop><d:getetag/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response>` +
				`<d:response><d:href>https://h.example/cal/</d:href><d:propstat><d:prop><d:getetag>"9"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`,
			nil, "",
		},
		"a collection within is no member": {
			`<d:multistatus xmlns:d="DAV:"><d:response><d:href>/cal/sub</d:href><d:propstat><d:prop><d:resourcetype><d:collection/></d:resourcetype><d:getetag>"9"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`,
			nil, "",
		},
		"B40 status lines short, in small letters, missing": {
			`<d:multistatus xmlns:d="DAV:">` +
				`<d:response><d:href>/cal/1</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag></d:prop><d:status>HTTP/1.1 200</d:status></d:propstat></d:response>` +
				`<d:response><d:href>/cal/2</d:href><d:status>http/1.1 404 not found</d:status></d:response>` +
				`<d:response><d:href>/cal/3</d:href><d:propstat><d:prop><d:getetag>"3"</d:getetag></d:prop></d:propstat></d:response>` +
				`<d:response><d:href>/cal/4</d:href><d:status>HTTP/2 410</d:status></d:response>` +
				`<d:response><d:href>/cal/5</d:href><d:propstat><d:status>HTTP/1.1 403 Forbidden</d:status><d:prop><d:getetag/></d:prop></d:propstat></d:response>` +
				`<d:response><d:href>/cal/6</d:href><d:status>HTTP/1.1 507 Insufficient Storage</d:status></d:response></d:multistatus>`,
			[]Member{
				{Kind: MemberPresent, Href: "/cal/1", ETag: `"1"`}, {Kind: MemberGone, Href: "/cal/2", Status: 404},
				{Kind: MemberPresent, Href: "/cal/3", ETag: `"3"`}, {Kind: MemberGone, Href: "/cal/4", Status: 410},
				{Kind: MemberUnanswered, Href: "/cal/5", Status: 403}, {Kind: MemberUnanswered, Href: "/cal/6", Status: 507},
			}, "",
		},
		"several hrefs under one status": {
			`<d:multistatus xmlns:d="DAV:"><d:response><d:href>/cal/1</d:href><d:href>/cal/2</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response></d:multistatus>`,
			[]Member{{Kind: MemberGone, Href: "/cal/1", Status: 404}, {Kind: MemberGone, Href: "/cal/2", Status: 404}}, "",
		},
		"a server without ETags": {
			`<d:multistatus xmlns:d="DAV:"><d:response><d:href>/cal/1</d:href><d:propstat><d:prop><d:getetag/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat></d:response></d:multistatus>`,
			[]Member{{Kind: MemberPresent, Href: "/cal/1"}}, "",
		},
		"B38 prefixes, default namespaces, CDATA, comments, unknown elements, attributes": {
			"\xef\xbb\xbf\n<?xml version='1.0' encoding='UTF-8'?>\n<!-- hello --><x:multistatus xmlns:x='DAV:' xmlns:y = \"urn:ietf:params:xml:ns:caldav\" lang='a>b'>\n" +
				"<x:response a=\"1\"><unknown><x:href>/cal/wrong</x:href></unknown><x:href>\n /cal/<!-- in the middle -->a.ics </x:href>" +
				"<propstat xmlns=\"DAV:\"><prop><getetag><![CDATA[\"1&amp;\"]]></getetag><z:dead xmlns:z=\"urn:z\"><z:deeper/>text</z:dead>" +
				"<y:calendar-data content-type='text/calendar'>\n<![CDATA[BEGIN:VCALENDAR\n]]]>]]>END:VCALENDAR\n   </y:calendar-data></prop><status>HTTP/1.1 200 OK</status></propstat>" +
				"</x:response ><x:sync-token/></x:multistatus>\n<!-- bye -->\n",
			[]Member{{Kind: MemberPresent, Href: "/cal/a.ics", ETag: `"1&amp;"`, Data: []byte("BEGIN:VCALENDAR\n]]]>END:VCALENDAR\n")}}, "",
		},
		"B41 empty calendar-data is none": {
			`<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:response><d:href>/cal/1</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag><c:calendar-data>
			</c:calendar-data></d:prop></d:propstat></d:response></d:multistatus>`,
			[]Member{{Kind: MemberPresent, Href: "/cal/1", ETag: `"1"`}}, "",
		},
		"what XML forbids in one event stays that event's affair": {
			"<d:multistatus xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\"><d:response><d:href>/cal/1</d:href><d:propstat><d:prop><d:getetag>\"1\"</d:getetag><c:calendar-data>SUMMARY:\x0b caf\xe9 &nbsp; &#0; &</c:calendar-data></d:prop></d:propstat></d:response></d:multistatus>",
			[]Member{{Kind: MemberPresent, Href: "/cal/1", ETag: `"1"`, Data: []byte("SUMMARY:\x0b caf\xe9 &nbsp; &#0; &")}}, "",
		},
		"no href": {
			`<d:multistatus xmlns:d="DAV:"><d:response><d:propstat><d:prop><d:getetag>"1"</d:getetag></d:prop></d:propstat></d:response></d:multistatus>`,
			[]Member{{Kind: MemberUnusable, ETag: `"1"`}}, "",
		},
		"nothing in it": {`<multistatus xmlns="DAV:"/>`, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members, result, err := decodeMembers(t, test.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(members, test.want, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("members (-got +want):\n%s", diff)
			}
			if result.SyncToken != test.token {
				t.Errorf("got token %q, want %q", result.SyncToken, test.token)
			}
		})
	}
}

func TestDecodeMultistatus_what_is_refused_whole(t *testing.T) {
	t.Parallel()
	const open, end = `<d:multistatus xmlns:d="DAV:">`, `</d:multistatus>`
	for name, test := range map[string]struct {
		body string
		want error
	}{
		"B37 a document type":          {`<!DOCTYPE d:multistatus [<!ENTITY x "y">]>` + open + end, ErrDoctype},
		"B37 an external entity":       {`<?xml version="1.0"?><!DOCTYPE m SYSTEM "file:///etc/passwd">` + open + end, ErrDoctype},
		"B37 an entity inside":         {open + `<!ENTITY x "y">` + end, ErrDoctype},
		"B37 in UTF-16":                {"\xff\xfe<\x00!\x00D\x00", ErrEncoding},
		"B37 in UTF-16 without a mark": {"\x00<\x00!\x00D", ErrEncoding},
		"B43 a web page":               {"<!doctype html><html><body>Sign in</body></html>", ErrDoctype},
		"B43 a web page without type":  {"<html><body><p>Sign in<br></body></html>", ErrNotExpected},
		"text":                         {"Not Found", ErrNotXML},
		"text before the document":     {"Warning: x in y.php\n" + open + end, ErrNotXML},
		"nothing":                      {"", ErrNotXML},
		"white space":                  {" \n ", ErrNotXML},
		"another document":             {`<d:error xmlns:d="DAV:"/>`, ErrNotExpected},
		"B38 the wrong namespace":      {`<d:multistatus xmlns:d="DAV"/>`, ErrNotExpected},
		"B38 an undeclared prefix":     {`<D:multistatus/>`, ErrNotExpected},
		"B38 no namespace":             {`<multistatus/>`, ErrNotExpected},
		"F5 cut within an element":     {open + `<d:response><d:href>/cal/a`, io.ErrUnexpectedEOF},
		"F5 cut within a tag":          {open + `<d:respon`, io.ErrUnexpectedEOF},
		"F5 cut before the last tag":   {open + `<d:response></d:response>`, io.ErrUnexpectedEOF},
		"F5 cut within a comment":      {open + `<!-- `, io.ErrUnexpectedEOF},
		"F5 cut within CDATA":          {open + `<d:response><d:href><![CDATA[x]]`, io.ErrUnexpectedEOF},
		"F5 cut after the bracket":     {open + `<`, io.ErrUnexpectedEOF},
		"end tags that do not match":   {open + `<d:response></d:href>`, ErrMalformed},
		"attributes without quotes":    {`<d:multistatus xmlns:d=DAV:></d:multistatus>`, ErrMalformed},
		"an attribute without value":   {`<d:multistatus xmlns:d="DAV:" checked></d:multistatus>`, ErrMalformed},
		"B7 elements 100,000 deep":     {open + strings.Repeat("<d:x>", 100_000), ErrTooDeep},
		"B7 an attribute of 10 MiB":    {open + `<d:x a="` + strings.Repeat("a", 10<<20) + `"/>` + end, ErrTagTooLong},
		"B7 a name of 10 MiB":          {open + `<d:` + strings.Repeat("a", 10<<20) + `/>` + end, ErrTagTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeMultistatus(strings.NewReader(test.body), DefaultLimits, func(*Response) error { return nil })
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestDecodeMultistatus_one_member_beyond_the_limit_is_left_out_alone(t *testing.T) {
	t.Parallel()
	member := func(href, data string) string {
		return `<d:response><d:href>` + href + `</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag><c:calendar-data>` + data + `</c:calendar-data></d:prop></d:propstat></d:response>`
	}
	body := `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">` +
		member("/cal/big", strings.Repeat("x", 1001)) + member("/cal/fits", strings.Repeat("x", 1000)) +
		member("/cal/cdata", "<![CDATA["+strings.Repeat("x", 1001)+"]]>") + `</d:multistatus>`
	var got []Member
	_, err := DecodeMultistatus(strings.NewReader(body), Limits{MemberBytes: 1000, Members: 3}, func(r *Response) error {
		member, _ := MemberOf("/cal/", r)
		got = append(got, member)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Member{
		{Kind: MemberPresent, Href: "/cal/big", ETag: `"1"`, TooLarge: true},
		{Kind: MemberPresent, Href: "/cal/fits", ETag: `"1"`, Data: bytes.Repeat([]byte("x"), 1000)},
		{Kind: MemberPresent, Href: "/cal/cdata", ETag: `"1"`, TooLarge: true},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("members (-got +want):\n%s", diff)
	}
	_, err = DecodeMultistatus(strings.NewReader(body), Limits{MemberBytes: 1000, Members: 2}, func(*Response) error { return nil })
	if !errors.Is(err, ErrTooMany) {
		t.Errorf("got %v for one member too many, want %v", err, ErrTooMany)
	}
}

func TestDecodeMultistatus_errors_of_reader_and_visit_come_through(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	const body = `<d:multistatus xmlns:d="DAV:"><d:response><d:href>/a</d:href></d:response></d:multistatus>`
	for cut := range len(body) + 1 {
		reader := io.MultiReader(strings.NewReader(body[:cut]), iotest.ErrReader(broken))
		if _, err := DecodeMultistatus(reader, DefaultLimits, func(*Response) error { return nil }); !errors.Is(err, broken) {
			t.Fatalf("got %v after %d bytes, want the reader's error, also behind a whole document", err, cut)
		}
	}
	stop := errors.New("stop")
	_, err := DecodeMultistatus(strings.NewReader(body), DefaultLimits, func(*Response) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("got %v, want visit's own error", err)
	}
}

func TestDecodeMultistatus_properties_of_a_calendar(t *testing.T) {
	t.Parallel()
	const body = `<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/">
	<D:response><D:href>/cal/</D:href><D:propstat><D:prop>
		<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname> Werk &amp; zo </D:displayname>
		<D:sync-token>data:,7</D:sync-token><CS:getctag>"5"</CS:getctag><A:calendar-color>#FF0000</A:calendar-color>
		<C:supported-calendar-component-set><C:comp name="VEVENT"/><C:comp name='vtodo'></C:comp></C:supported-calendar-component-set>
		<D:supported-report-set><D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report>
			<D:supported-report><C:calendar-multiget/></D:supported-report></D:supported-report-set>
		<D:current-user-privilege-set><D:privilege><D:read/></D:privilege><D:privilege><D:write-content/></D:privilege></D:current-user-privilege-set>
		<D:owner><D:href>/principals/an/</D:href></D:owner>
		<D:current-user-principal><D:href>/principals/an</D:href></D:current-user-principal>
		<C:max-resource-size>10000000</C:max-resource-size>
		<C:calendar-home-set><D:href>/h1/</D:href><D:href>/h2/</D:href></C:calendar-home-set>
		<C:calendar-user-address-set><D:href>mailto:an@example.com</D:href></C:calendar-user-address-set>
	</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>
	<D:propstat><D:prop><D:quota/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response></D:multistatus>`
	var props Props
	var refused []PropStatus
	_, err := DecodeMultistatus(strings.NewReader(body), DefaultLimits, func(r *Response) error {
		props, refused = r.Props, r.Refused
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Props{
		ResourceType: []Name{TypeCollection, TypeCalendar}, DisplayName: "Werk & zo", SyncToken: "data:,7", CTag: `"5"`, Color: "#FF0000",
		Components: []string{"VEVENT", "VTODO"}, Reports: []Name{ReportSyncCollection, ReportCalendarMultiget},
		Privileges: Privileges{PrivilegeRead, PrivilegeWriteContent}, Owner: "/principals/an/", Principal: "/principals/an",
		MaxSize: 10000000, Homes: []Href{"/h1/", "/h2/"}, Addresses: []Href{"mailto:an@example.com"},
	}
	if diff := cmp.Diff(props, want); diff != "" {
		t.Errorf("properties (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(refused, []PropStatus{{davName("quota"), 404}}); diff != "" {
		t.Errorf("refused (-got +want):\n%s", diff)
	}
	calendar := CalendarOf("/cal/", props)
	if !calendar.IsCalendar() || !calendar.TakesEvents() || !calendar.ReadOnly() || calendar.OfAnother() || !calendar.Claims(ReportSyncCollection) {
		t.Errorf("got calendar %v, events %v, read-only %v, of another %v, sync-collection %v", calendar.IsCalendar(), calendar.TakesEvents(),
			calendar.ReadOnly(), calendar.OfAnother(), calendar.Claims(ReportSyncCollection))
	}
}

func TestDecodeMultistatus_b42_a_name_of_a_megabyte(t *testing.T) {
	t.Parallel()
	body := `<d:multistatus xmlns:d="DAV:"><d:response><d:href>/cal/</d:href><d:propstat><d:prop><d:displayname>` +
		strings.Repeat("é&lt;b&gt;", 1<<17) + `</d:displayname></d:prop></d:propstat></d:response></d:multistatus>`
	_, err := DecodeMultistatus(strings.NewReader(body), DefaultLimits, func(r *Response) error {
		if got := []rune(CalendarOf(r.Href, r.Props).Name); len(got) != maxNameRunes || string(got[:4]) != "é<b>" {
			t.Errorf("got a name of %d letters, want %d", len(got), maxNameRunes)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDecodeError_what_servers_answer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want ErrorBody
	}{
		"RFC 6578, Radicale": {`<?xml version='1.0'?><error xmlns="DAV:"><valid-sync-token /></error>`, ErrorBody{Precondition: PreconditionValidSyncToken}},
		"Google's throttle":  {`<D:error xmlns:D="DAV:"/>`, ErrorBody{Empty: true}},
		"the twin of a UID": {
			`<d:error xmlns:d="DAV:"><c:no-uid-conflict xmlns:c="urn:ietf:params:xml:ns:caldav"><d:href>/cal/b.ics</d:href></c:no-uid-conflict></d:error>`,
			ErrorBody{Precondition: PreconditionUIDConflict, Href: "/cal/b.ics", Excerpt: "/cal/b.ics"},
		},
		"sabre/dav, exception first": {
			`<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:exception>Sabre\DAV\Exception\ReportNotSupported</s:exception><s:message>no &lt;such&gt; report</s:message><d:supported-report/></d:error>`,
			ErrorBody{Precondition: PreconditionSupportedReport, Exception: `Sabre\DAV\Exception\ReportNotSupported`, Excerpt: `Sabre\DAV\Exception\ReportNotSupported no <such> report`},
		},
		"Google's other language": {
			`<errors xmlns="http://schemas.google.com/g/2005"><error><domain>usageLimits</domain><code>accessNotConfigured</code></error></errors>`,
			ErrorBody{Excerpt: "usageLimits accessNotConfigured"},
		},
		"a web page": {
			"<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body><script>evil()</script><h1>404</h1>\n<p>Not\x00 found</p></body></html>",
			ErrorBody{Excerpt: "404 Not found"},
		},
		"text":    {"Precondition\r\nfailed\x1b[31m", ErrorBody{Excerpt: "Precondition failed [31m"}},
		"nothing": {"", ErrorBody{}},
		"cut":     {`<error xmlns="DAV:"><valid-sync-`, ErrorBody{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(DecodeError([]byte(test.body)), test.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
	long := DecodeError([]byte(strings.Repeat("x", 10000))).Excerpt
	if got := len([]rune(long)); got != maxExcerptRunes+1 {
		t.Errorf("got an excerpt of %d letters, want %d and a mark", got, maxExcerptRunes)
	}
}

func TestEncode_is_what_the_standards_ask_for(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{
		"propfind": EncodePropfind(PropETag, PropCTag, PropComponents, Name{Space: "urn:x", Local: "y"}),
		"sync":     EncodeSyncCollection(`a<b>&"c`, PropETag, PropCalendarData),
		"multiget": EncodeMultiget([]Href{"/cal/a%20b.ics", "/cal/?a=1&b=2"}, PropETag, PropCalendarData),
	} {
		decoder := xml.NewDecoder(bytes.NewReader(body))
		var seen []string
		for {
			token, err := decoder.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v in %s", name, err, body)
			}
			switch token := token.(type) {
			case xml.StartElement:
				seen = append(seen, token.Name.Space+" "+token.Name.Local)
			case xml.CharData:
				if text := strings.TrimSpace(string(token)); text != "" {
					seen = append(seen, text)
				}
			}
		}
		want := map[string][]string{
			"propfind": {"DAV: propfind", "DAV: prop", "DAV: getetag", "http://calendarserver.org/ns/ getctag", SpaceCalDAV + " supported-calendar-component-set", "urn:x y"},
			"sync":     {"DAV: sync-collection", "DAV: sync-token", `a<b>&"c`, "DAV: sync-level", "1", "DAV: prop", "DAV: getetag", SpaceCalDAV + " calendar-data"},
			"multiget": {SpaceCalDAV + " calendar-multiget", "DAV: prop", "DAV: getetag", SpaceCalDAV + " calendar-data", "DAV: href", "/cal/a%20b.ics", "DAV: href", "/cal/?a=1&b=2"},
		}[name]
		if diff := cmp.Diff(seen, want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", name, diff)
		}
	}
}
