package caldav

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// seen is a request as it arrived.
type seen struct {
	method, path, host, body string
	header                   http.Header
	length                   int64
	chunked                  bool
}

func (s seen) String() string { return s.method + " " + s.path }

// peer is a server of a test: it keeps what arrived and answers by its handler.
type peer struct {
	*httptest.Server
	mu       sync.Mutex
	requests []seen
}

func serve(t *testing.T, handler func(w http.ResponseWriter, r *http.Request, body string)) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.requests = append(p.requests, seen{
			method: r.Method, path: r.RequestURI, host: r.Host, body: string(body), header: r.Header.Clone(),
			length: r.ContentLength, chunked: len(r.TransferEncoding) > 0,
		})
		p.mu.Unlock()
		handler(w, r, string(body))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *peer) seen() []seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]seen(nil), p.requests...)
}

func (p *peer) lines() string {
	var lines []string
	for _, request := range p.seen() {
		lines = append(lines, request.String())
	}
	return strings.Join(lines, "\n")
}

const (
	canaryName     = "alice"
	canaryPassword = "canary-7c1d0e"
)

// client is one that may reach these peers with the canary's credentials, and nothing else.
func client(t *testing.T, change func(*Config), peers ...*peer) *Client {
	t.Helper()
	var allow outbound.Allow
	var origins outbound.Origins
	for _, p := range peers {
		parsed, err := url.Parse(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		if allow, err = allow.With(parsed.Host); err != nil {
			t.Fatal(err)
		}
		origins = append(origins, outbound.Origin(p.URL))
	}
	transport := outbound.New(outbound.Config{Allow: allow})
	t.Cleanup(transport.CloseIdleConnections)
	config := Config{
		RoundTripper: transport, Credentials: NewPassword(canaryName, canaryPassword, dav.Traits{}, rand.Reader), Origins: origins, PlainHTTP: true,
	}
	if change != nil {
		change(&config)
	}
	return New(config)
}

// calendar is the collection /cal/ of a peer.
func calendar(t *testing.T, p *peer, traits ...dav.Trait) *Collection {
	t.Helper()
	var known dav.Traits
	for _, trait := range traits {
		known = known.With(trait, dav.Evidence{})
	}
	return client(t, nil, p).Collection(dav.Href(p.URL+"/cal/"), known)
}

// roundTripper answers in memory.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// memory is the collection https://dav.example/cal/ behind a round tripper.
func memory(answer roundTripper, change func(*Config)) *Collection {
	config := Config{
		RoundTripper: answer, Credentials: NewPassword(canaryName, canaryPassword, dav.Traits{}, rand.Reader),
		Origins: outbound.Origins{"https://dav.example"},
	}
	if change != nil {
		change(&config)
	}
	return New(config).Collection("https://dav.example/cal/", dav.Traits{})
}

func respond(status int, body io.Reader, fields ...string) *http.Response {
	header := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		header.Add(fields[i], fields[i+1])
	}
	closer, ok := body.(io.ReadCloser)
	if !ok {
		closer = io.NopCloser(body)
	}
	return &http.Response{StatusCode: status, Header: header, Body: closer}
}

func multistatus(w http.ResponseWriter, inside string) {
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = io.WriteString(w, multistatusText(inside))
}

func multistatusText(inside string) string {
	return `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">` + inside + `</D:multistatus>`
}

func present(href, etag, data string) string {
	text := `<D:response><D:href>` + href + `</D:href><D:propstat><D:prop><D:getetag>` + etag + `</D:getetag>`
	if data != "" {
		text += `<C:calendar-data>` + data + `</C:calendar-data>`
	}
	return text + `</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
}

func status(href string, code int) string {
	return fmt.Sprintf(`<D:response><D:href>%s</D:href><D:status>HTTP/1.1 %d X</D:status></D:response>`, href, code)
}

// itself is the response about the collection in a listing.
const itself = `<D:response><D:href>/cal/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop>` +
	`<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`

const event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20261123T000000Z\r\nDTSTART:20261123T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

func zip(text string) []byte {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = io.WriteString(writer, text)
	_ = writer.Close()
	return packed.Bytes()
}

// gather collects members as "kind href".
func gather(into *[]string) func(dav.Member) error {
	names := map[dav.MemberKind]string{
		dav.MemberPresent: "present", dav.MemberGone: "gone", dav.MemberUnanswered: "unanswered", dav.MemberUnusable: "unusable",
	}
	return func(member dav.Member) error {
		line := names[member.Kind] + " " + string(member.Href)
		if member.Status != 0 {
			line += fmt.Sprintf(" %d", member.Status)
		}
		if member.TooLarge {
			line += " too large"
		}
		*into = append(*into, line)
		return nil
	}
}

func nothing(dav.Member) error { return nil }

// want holds an error to a class and a cause.
func want(t *testing.T, err error, class dav.Class, cause dav.Cause) *dav.Failure {
	t.Helper()
	failure, ok := errors.AsType[*dav.Failure](err)
	if !ok {
		t.Fatalf("got %v, want a failure of class %s and cause %q", err, class, cause)
	}
	if failure.Class != class || failure.Cause != cause {
		t.Fatalf("got class %s, cause %q (%v), want %s, %q", failure.Class, failure.Cause, err, class, cause)
	}
	if strings.Contains(err.Error(), canaryPassword) {
		t.Fatalf("the password is in %v", err)
	}
	return failure
}

// slowly gives one byte each second, for ever when text is empty.
type slowly struct {
	text string
	at   int
}

func (s *slowly) Read(p []byte) (int, error) {
	time.Sleep(time.Second)
	if s.text == "" {
		p[0] = ' '
		return 1, nil
	}
	if s.at == len(s.text) {
		return 0, io.EOF
	}
	p[0] = s.text[s.at]
	s.at++
	return 1, nil
}
