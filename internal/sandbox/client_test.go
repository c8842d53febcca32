package sandbox

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// start is the first moment of every clock here.
var start = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// clock is a time that moves by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// wire is a bare HTTP client with the credentials of one user.
type wire struct {
	t         testing.TB
	transport http.RoundTripper
	origin    string
	user      User
	ctx       context.Context
}

type reply struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

// newServer is a server in memory with alice's and bob's calendars.
func newServer(t testing.TB, options Options) (*Server, *wire) {
	t.Helper()
	server, err := Open("", options)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, server)
	return server, newWire(t, server, "alice")
}

func settle(t testing.TB, server *Server) {
	t.Helper()
	for _, name := range []string{"alice", "bob"} {
		if err := server.SetUser(User{Name: name, Password: "secret", DisplayName: strings.ToUpper(name[:1]) + name[1:], Addresses: []string{name + "@example.com"}}); err != nil {
			t.Fatal(err)
		}
		if err := server.SetCalendar(Calendar{Owner: name, Name: "calendar", DisplayName: "Calendar"}); err != nil {
			t.Fatal(err)
		}
	}
}

func newWire(t testing.TB, server *Server, user string) *wire {
	return &wire{t: t, transport: server.Transport(), origin: "http://sandbox.invalid", user: User{Name: user, Password: "secret"}, ctx: context.Background()}
}

func (w *wire) try(method, path, body string, headers ...string) (reply, error) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.ctx, method, w.origin+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.user.Name != "" {
		request.SetBasicAuth(w.user.Name, w.user.Password)
	}
	if strings.HasPrefix(body, "<") {
		request.Header.Set("Content-Type", "application/xml; charset=utf-8")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := w.transport.RoundTrip(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text), err}, nil
}

func (w *wire) do(method, path, body string, headers ...string) reply {
	w.t.Helper()
	r, err := w.try(method, path, body, headers...)
	if err == nil {
		err = r.err
	}
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

const spaces = `xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"`

func (w *wire) propfind(path, depth, props string) multi {
	w.t.Helper()
	r := w.do("PROPFIND", path, "<propfind "+spaces+"><prop>"+props+"</prop></propfind>", "Depth", depth)
	return w.multistatus(r)
}

func syncBody(token, props, extra string) string {
	return "<sync-collection " + spaces + "><sync-token>" + token + "</sync-token><sync-level>1</sync-level>" + extra + "<prop>" + props + "</prop></sync-collection>"
}

func (w *wire) sync(path, token string) multi {
	w.t.Helper()
	return w.multistatus(w.do("REPORT", path, syncBody(token, "<getetag/><C:calendar-data/>", ""), "Depth", "0"))
}

func (w *wire) multistatus(r reply) multi {
	w.t.Helper()
	if r.status != http.StatusMultiStatus {
		w.t.Fatalf("got status %d, want 207: %s", r.status, r.body)
	}
	var m multi
	if err := xml.Unmarshal([]byte(r.body), &m); err != nil {
		w.t.Fatalf("%v in %s", err, r.body)
	}
	return m
}

type multi struct {
	Responses []single `xml:"DAV: response"`
	Token     string   `xml:"DAV: sync-token"`
}

type single struct {
	Href      string `xml:"DAV: href"`
	Status    string `xml:"DAV: status"`
	Propstats []struct {
		Status string `xml:"DAV: status"`
		Prop   struct {
			ETag  string `xml:"DAV: getetag"`
			Data  string `xml:"urn:ietf:params:xml:ns:caldav calendar-data"`
			Token string `xml:"DAV: sync-token"`
			CTag  string `xml:"http://calendarserver.org/ns/ getctag"`
			Name  string `xml:"DAV: displayname"`
			Inner string `xml:",innerxml"`
		} `xml:"DAV: prop"`
	} `xml:"DAV: propstat"`
}

func (s single) inner() string {
	if len(s.Propstats) == 0 {
		return ""
	}
	return s.Propstats[0].Prop.Inner
}

func (s single) etag() string {
	for _, p := range s.Propstats {
		if p.Prop.ETag != "" {
			return p.Prop.ETag
		}
	}
	return ""
}

func (s single) data() string {
	for _, p := range s.Propstats {
		if p.Prop.Data != "" {
			return p.Prop.Data
		}
	}
	return ""
}

// statuses are the members of a multistatus by the end of their href: the status in place of a member, or "200".
func (m multi) statuses() map[string]string {
	found := map[string]string{}
	for _, r := range m.Responses {
		status := "200"
		if r.Status != "" {
			status = strings.Fields(r.Status)[1]
		}
		found[r.Href[strings.LastIndexByte(r.Href, '/')+1:]] = status
	}
	return found
}

// event is a small VCALENDAR.
func event(uid, summary string, lines ...string) string {
	all := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//test//EN", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20260101T000000Z",
		"DTSTART:20260301T100000Z", "DTEND:20260301T110000Z", "SUMMARY:" + summary}, lines...)
	return strings.Join(append(all, "END:VEVENT", "END:VCALENDAR", ""), "\r\n")
}

const home = "/calendars/alice/calendar/"

// fill puts n events.
func fillCalendar(t testing.TB, server *Server, n int, size int) {
	t.Helper()
	human := server.Human("alice", "filler")
	for i := range n {
		body := event(fmt.Sprintf("u%d", i), fmt.Sprintf("event %d", i), "DESCRIPTION:"+strings.Repeat("x", size))
		if _, err := human.Put("calendar", fmt.Sprintf("e%d.ics", i), body, "*"); err != nil {
			t.Fatal(err)
		}
	}
}
