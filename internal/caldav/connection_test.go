package caldav

import (
	"bufio"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// closing is a server that answers the first request of each connection and ends it, unannounced, when it has read the
// second: how Apache ends connections that were kept, seen from a client that is quicker.
func closing(t *testing.T, answer func(*http.Request) string) (address string, read func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	count := 0
	one := func(reader *bufio.Reader) *http.Request {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return nil
		}
		_, _ = io.Copy(io.Discard, request.Body)
		mu.Lock()
		defer mu.Unlock()
		count++
		return request
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer connection.Close()
				reader := bufio.NewReader(connection)
				if request := one(reader); request != nil {
					body := answer(request)
					fmt.Fprintf(connection, "HTTP/1.1 207 Multi-Status\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
					one(reader)
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); group.Wait() })
	return "http://" + listener.Addr().String(), func() int { mu.Lock(); defer mu.Unlock(); return count }
}

func TestClient_reading_is_repeated_on_a_kept_connection_that_ends_and_writing_is_not(t *testing.T) {
	t.Parallel()
	address, read := closing(t, func(*http.Request) string { return multistatusText(itself + `<D:sync-token>t</D:sync-token>`) })
	allow, err := outbound.ParseAllow(address[len("http://"):])
	if err != nil {
		t.Fatal(err)
	}
	transport := outbound.New(outbound.Config{Allow: allow})
	t.Cleanup(transport.CloseIdleConnections)
	client := New(Config{RoundTripper: transport, Origins: outbound.Origins{outbound.Origin(address)}})
	calendar := client.Collection(dav.Href(address+"/cal/"), dav.Traits{})
	for i := range 3 {
		if _, err := calendar.Sync(t.Context(), "t", nothing); err != nil {
			t.Fatalf("report %d: %v", i+1, err)
		}
	}
	if got := read(); got != 5 { // each but the first once more on a connection of its own
		t.Errorf("got %d requests read, want 5", got)
	}
	_, err = calendar.Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfNew())
	want(t, err, dav.ClassUnknownOutcome, dav.CauseCut)
	if got := read(); got != 6 {
		t.Errorf("got %d requests read, want the PUT sent once", got)
	}
	transport.CloseIdleConnections()
}

func TestClient_http_2_where_it_is_offered(t *testing.T) {
	t.Parallel()
	var protocol string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol = r.Proto
		multistatus(w, itself)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	parsed, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	allow, err := outbound.ParseAllow(parsed.Host)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	transport := outbound.New(outbound.Config{Allow: allow, Roots: roots})
	t.Cleanup(transport.CloseIdleConnections)
	client := New(Config{RoundTripper: transport, Origins: outbound.Origins{outbound.Origin(server.URL)}})
	if err := client.Collection(dav.Href(server.URL+"/cal/"), dav.Traits{}).List(t.Context(), nothing); err != nil || protocol != "HTTP/2.0" {
		t.Errorf("got %s %v, want HTTP/2.0", protocol, err)
	}
}

func TestClient_s1_a_redirect_into_the_network_of_the_program_is_refused(t *testing.T) {
	t.Parallel()
	const metadata = "http://169.254.169.254"
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		http.Redirect(w, r, metadata+"/latest/", http.StatusTemporaryRedirect)
	})
	want(t, client(t, nil, server).Collection(dav.Href(server.URL+"/cal/"), dav.Traits{}).List(t.Context(), nothing), dav.ClassPermanent, dav.CauseRedirectOther)
	// Even to somebody who approved the origin: the address is judged where it is dialled.
	approving := client(t, func(c *Config) { c.Origins = append(c.Origins, metadata) }, server)
	err := approving.Collection(dav.Href(server.URL+"/cal/"), dav.Traits{}).List(t.Context(), nothing)
	if _, ok := errors.AsType[*outbound.Refused](want(t, err, dav.ClassPermanent, dav.CauseNotAllowed)); !ok {
		t.Errorf("got %v, want the refusal within", err)
	}
}

func TestClient_f7_a_host_that_asks_to_wait_gets_nothing_more(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	calendar := calendar(t, server)
	for range 3 {
		failure := want(t, calendar.List(t.Context(), nothing), dav.ClassTemporary, dav.CauseThrottled)
		if wait := time.Until(failure.NotBefore); wait < 50*time.Second || wait > 61*time.Second {
			t.Errorf("got not before %s from now, want about a minute", wait)
		}
	}
	if got := len(server.seen()); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}

func TestCollection_multiget_is_halved_when_it_takes_too_long(t *testing.T) {
	t.Parallel()
	var hrefs []dav.Href
	for i := range 120 {
		hrefs = append(hrefs, dav.Href(fmt.Sprintf("/cal/%d.ics", i)))
	}
	synctest.Test(t, func(t *testing.T) {
		requests := 0
		calendar := memory(func(r *http.Request) (*http.Response, error) {
			requests++
			body, _ := io.ReadAll(r.Body)
			asked := strings.Split(string(body), "<D:href>")[1:]
			if len(asked) > 30 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			inside := ""
			for _, part := range asked {
				href, _, _ := strings.Cut(part, "<")
				inside += present(href, `"1"`, event)
			}
			return respond(207, strings.NewReader(multistatusText(inside))), nil
		}, nil)
		visited := 0
		if err := calendar.Multiget(t.Context(), hrefs, func(dav.Member) error { visited++; return nil }); err != nil || visited != len(hrefs) {
			t.Errorf("got %d members %v, want %d", visited, err, len(hrefs))
		}
		if requests != 7 { // 100, 50, then 25 four times, and the last 20
			t.Errorf("got %d requests, want 7: what took too long is not tried as large again", requests)
		}
	})
}
