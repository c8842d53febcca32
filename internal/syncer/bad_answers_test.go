package syncer_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"agendaonline/internal/sandbox"
)

// B37 to B43: answers that are XML as nobody means it. B41 is in twin_test.go.

// rewriter changes what a server answers to PROPFIND and REPORT, and keeps where requests went.
type rewriter struct {
	to      http.RoundTripper
	rewrite func(body string) string

	mu    sync.Mutex
	hosts map[string]int
	met   int // answers that became others
}

func (r *rewriter) RoundTrip(request *http.Request) (*http.Response, error) {
	plain := request.Clone(request.Context())
	plain.Header.Set("Accept-Encoding", "identity")
	response, err := r.to.RoundTrip(plain)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts[request.URL.Scheme+"://"+request.URL.Host]++
	if err != nil || response.StatusCode != http.StatusMultiStatus || r.rewrite == nil {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	text := r.rewrite(string(body))
	if text != string(body) {
		r.met++
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader([]byte(text))), int64(len(text))
	response.Header.Del("Content-Length")
	return response, nil
}

// rewritten makes a world whose answers go through rewrite.
func rewritten(t *testing.T, rewrite func(body string) string) (*world, *rewriter) {
	t.Helper()
	w := newWorld(t, sqlite(t), sandbox.Plain())
	r := &rewriter{to: w.server.Transport(), rewrite: rewrite, hosts: map[string]int{}}
	w.transport = r
	return w, r
}

// endsRight strikes a busy run by a fault at several places: the end must be the one without it.
func endsRight(t *testing.T, want string, fault sandbox.Fault) {
	t.Helper()
	if testing.Short() {
		t.Skip("these answers are read the same with the race detector: -short leaves them out")
	}
	endsRightAt(t, want, fault, 0, 1, 2)
}

// endsRightAt does so after as many requests that pass, and in the short run too.
func endsRightAt(t *testing.T, want string, fault sandbox.Fault, skips ...int) {
	t.Helper()
	fault.Name = "bad"
	struck := 0
	for _, skip := range skips {
		w, r := rewritten(t, nil)
		if fault.On.Report == "calendar-multiget" {
			w.server.Behave(func(m *sandbox.Manners) { m.DataInSync = false })
		}
		busy(w)
		fault.Skip = skip
		w.struckBy(fault)
		for _, request := range w.server.Requests() {
			if request.Fault == fault.Name {
				struck++
			}
		}
		if got := w.whole(); got != want {
			t.Errorf("after %d requests:\n got %s\nwant %s", skip, got, want)
		}
		w.faithful()
		for host := range r.hosts {
			if host != "https://dav.example" {
				t.Errorf("a request went to %s", host)
			}
		}
	}
	if struck == 0 {
		t.Error("nothing was struck")
	}
}

func TestB37_document_types_and_entities_are_refused_before_they_are_expanded(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	const response = `<D:multistatus xmlns:D="DAV:"><D:response><D:href>&a;</D:href></D:response></D:multistatus>`
	nested := `<!DOCTYPE x [<!ENTITY a0 "lol">`
	for i := range 30 {
		nested += fmt.Sprintf(`<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
	}
	wide := "\xff\xfe"
	for _, unit := range utf16.Encode([]rune(`<!DOCTYPE x [<!ENTITY a "b">]>` + response)) {
		wide += string([]byte{byte(unit), byte(unit >> 8)})
	}
	for name, body := range map[string]string{
		"external":           `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + response,
		"external elsewhere": `<!DOCTYPE x SYSTEM "https://evil.example/x.dtd">` + response,
		"nested":             nested + `]>` + strings.Replace(response, "&a;", "&a30;", 1),
		"inside":             `<D:multistatus xmlns:D="DAV:"><!ENTITY a "b"></D:multistatus>`,
		"in UTF-16":          wide,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			answer := &sandbox.Answer{Status: http.StatusMultiStatus, Header: http.Header{"Content-Type": {"application/xml"}}, Body: body}
			endsRight(t, want, sandbox.Fault{On: sandbox.Match{Methods: []string{"PROPFIND", "REPORT"}}, Times: 1, Do: sandbox.Effect{Replace: answer}})
		})
	}
}

// understood runs busy on answers that are all rewritten: they are understood as if they were not.
func understood(t *testing.T, forms map[string]func(body string) string) {
	t.Helper()
	t.Parallel()
	want := undisturbed(t)
	for name, rewrite := range forms {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			for _, multiget := range []bool{false, true}[:unlessShort(2, 1)] {
				w, r := rewritten(t, rewrite)
				w.server.Behave(func(m *sandbox.Manners) { m.DataInSync = !multiget })
				busy(w)
				w.sync(w.anna)
				w.settle()
				if got := w.whole(); got != want {
					t.Errorf("by multiget %t: got %s\nwant %s", multiget, got, want)
				}
				w.faithful()
				if r.met == 0 {
					t.Errorf("by multiget %t: no answer was rewritten", multiget)
				}
			}
		})
	}
}

func replacing(pairs ...string) func(string) string {
	return strings.NewReplacer(pairs...).Replace
}

func TestB38_forms_of_XML_that_say_the_same_are_understood(t *testing.T) {
	understood(t, map[string]func(string) string{
		"another prefix":   replacing("<D:", "<x-1:", "</D:", "</x-1:", "xmlns:D=", "xmlns:x-1="),
		"no prefix":        replacing("<D:", "<", "</D:", "</", "xmlns:D=", "xmlns="),
		"comments":         replacing("</D:href>", "<!-- </D:href> --></D:href>", "<D:prop>", "<D:prop><!-- <D:getetag>\"9\"</D:getetag> -->"),
		"unknown elements": replacing("<D:prop>", `<D:prop><z:dead xmlns:z="urn:z" D:a="1"><z:deeper><D:getetag>"9"</D:getetag></z:deeper></z:dead>`, "<D:response>", `<D:response a="b>c">`),
		"character data":   replacing("<D:href>", "<D:href><![CDATA[", "</D:href>", "]]></D:href>"),
	})
}

func TestB38_an_answer_in_the_wrong_namespace_is_no_empty_calendar(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	for name, body := range map[string]string{
		"wrong": `<D:multistatus xmlns:D="DAV"/>`, "none": `<multistatus/>`, "undeclared": `<D:multistatus/>`,
		"a tombstone": `<D:multistatus xmlns:D="DAV"><D:response><D:href>/calendars/anna/work/one.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response></D:multistatus>`,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			answer := &sandbox.Answer{Status: http.StatusMultiStatus, Header: http.Header{"Content-Type": {"application/xml"}}, Body: body}
			endsRightAt(t, want, sandbox.Fault{On: sandbox.Match{Methods: []string{"PROPFIND", "REPORT"}}, Times: 1, Do: sandbox.Effect{Replace: answer}}, []int{1, 0, 2}[:unlessShort(3, 1)]...)
		})
	}
}

func TestB39_hrefs_that_lead_elsewhere_are_not_followed(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	for name, href := range map[string]string{
		"another origin": "https://evil.example/x.ics", "userinfo": "https://dav.example@evil.example/x.ics", "another scheme": "http://dav.example/x.ics",
		"a script": "javascript:alert(1)", "empty": " ", "above": "../../../etc/passwd", "the collection": "/calendars/anna/work/", "no URL": "https://[::1",
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			for _, report := range []string{"sync-collection", "calendar-multiget"} {
				endsRight(t, want, sandbox.Fault{On: sandbox.Match{Report: report}, Times: 1, Do: sandbox.Effect{Members: []sandbox.MemberFault{{Href: href}}}})
			}
		})
	}
}

func TestB40_status_lines_in_every_form_are_understood(t *testing.T) {
	understood(t, map[string]func(string) string{
		"short":         replacing("HTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/1.1 404 Not Found", "HTTP/1.1 404"),
		"small letters": replacing("HTTP/1.1 200 OK", "http/1.1 200 ok", "HTTP/1.1 404 Not Found", "http/1.1 404 not found"),
		"HTTP 2":        replacing("HTTP/1.1 ", "HTTP/2 "),
		"missing":       replacing("<D:status>HTTP/1.1 200 OK</D:status>", ""),
		"several propstat": replacing("<D:propstat>", `<D:propstat><D:prop><D:owner/></D:prop><D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat><D:propstat>`,
			"</D:propstat>", `</D:propstat><D:propstat><D:prop><D:quota-used-bytes/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>`),
	})
}

func TestB42_a_calendar_with_a_hostile_name_is_synchronised(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	for name, display := range map[string]string{"HTML": `<script>alert("1")</script>&amp;`, "1 MiB": strings.Repeat("name", 1<<18)} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sqlite(t), sandbox.Plain())
			w.must(w.server.SetCalendar(sandbox.Calendar{Owner: "anna", Name: "work", DisplayName: display}))
			busy(w)
			asked := slices.Contains(w.requests(), "PROPFIND")
			w.sync(w.anna)
			w.clock.forward(25 * time.Hour)
			w.settle()
			if got := w.whole(); got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
			w.faithful()
			if !asked && !slices.Contains(w.requests(), "PROPFIND") {
				t.Error("the calendar's properties were never asked for")
			}
		})
	}
}

func TestB43_content_types_that_lie_change_nothing(t *testing.T) {
	t.Parallel()
	want := undisturbed(t)
	for name, content := range map[string]string{
		"a web page": "text/html", "none": "", "UTF-16": "application/xml; charset=utf-16", "Latin-1": "text/xml; charset=iso-8859-1", "no charset": `application/xml; charset="nonsense`,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			reads := []string{"PROPFIND", "REPORT", http.MethodGet}
			endsRight(t, want, sandbox.Fault{On: sandbox.Match{Methods: reads}, Do: sandbox.Effect{Header: http.Header{"Content-Type": {content}}}})
		})
	}
}
