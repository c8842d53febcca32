package outbound

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"
)

// allowing is a transport that may reach these servers and nothing else.
func allowing(t *testing.T, config Config, servers ...string) *Transport {
	t.Helper()
	for _, server := range servers {
		parsed, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		if config.Allow, err = config.Allow.With(parsed.Host); err != nil {
			t.Fatal(err)
		}
	}
	transport := New(config)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func get(t *testing.T, transport *Transport, address string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return transport.RoundTrip(request)
}

// names answers lookups of a test: each name gets its addresses in turn, the last one for ever.
func names(t *testing.T, answers map[string][]string) *net.Resolver {
	t.Helper()
	var mu sync.Mutex
	asked := map[string]int{}
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() { // ends when either side closes the pipe, which the resolver does after each question
			defer server.Close()
			size := make([]byte, 2)
			if _, err := io.ReadFull(server, size); err != nil {
				return
			}
			question := make([]byte, int(size[0])<<8|int(size[1]))
			if _, err := io.ReadFull(server, question); err != nil {
				return
			}
			var message dnsmessage.Message
			if err := message.Unpack(question); err != nil {
				return
			}
			name := strings.TrimSuffix(message.Questions[0].Name.String(), ".")
			mu.Lock()
			addresses := answers[name]
			message.Response, message.RecursionAvailable = true, true
			if len(addresses) == 0 {
				message.RCode = dnsmessage.RCodeNameError
			} else if message.Questions[0].Type == dnsmessage.TypeA {
				address := netip.MustParseAddr(addresses[min(asked[name], len(addresses)-1)])
				asked[name]++
				message.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: message.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
					Body:   &dnsmessage.AResource{A: address.As4()},
				}}
			}
			mu.Unlock()
			message.Additionals = nil
			packed, err := message.Pack()
			if err != nil {
				return
			}
			_, _ = server.Write(append([]byte{byte(len(packed) >> 8), byte(len(packed))}, packed...))
		}()
		return client, nil
	}}
}

func TestTransport_s1_private_addresses_are_refused_at_the_dial(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	resolver := names(t, map[string][]string{"innocent.example": {"127.0.0.1"}})
	transport := allowing(t, Config{Resolver: resolver})
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "innocent.example"} {
		_, err := get(t, transport, "http://"+host+":"+port+"/")
		refused, ok := errors.AsType[*Refused](err)
		if !ok || refused.Reason != PrivateAddress || !strings.Contains(err.Error(), SettingAllow) {
			t.Errorf("%s: got %v, want refused as a private address, the setting named", host, err)
		}
	}
	for _, host := range []string{"2130706433", "0x7f000001", "127.1", "017700000001"} {
		if _, err := get(t, transport, "http://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s: got an answer, want none", host)
		}
	}
	if reached {
		t.Error("a request arrived, want none")
	}
}

func TestTransport_s1_a_name_is_judged_by_what_it_resolves_to_each_time(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	resolver := names(t, map[string][]string{"rebinding.example": {"127.0.0.1", "127.0.0.2"}})
	transport := allowing(t, Config{Resolver: resolver}, server.URL)
	response, err := get(t, transport, "http://rebinding.example:"+port+"/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	transport.CloseIdleConnections()
	_, err = get(t, transport, "http://rebinding.example:"+port+"/")
	if refused, ok := errors.AsType[*Refused](err); !ok || refused.Endpoint.Addr().String() != "127.0.0.2" {
		t.Errorf("got %v for the name's second address, want it refused", err)
	}
}

func TestTransport_s2_only_http_and_https(t *testing.T) {
	t.Parallel()
	transport := allowing(t, Config{})
	for _, address := range []string{"ftp://example.com/", "file:///etc/passwd", "gopher://example.com/"} {
		_, err := get(t, transport, address)
		if refused, ok := errors.AsType[*Refused](err); !ok || refused.Reason != OtherScheme || refused.Setting() != "" {
			t.Errorf("%s: got %v, want refused for its scheme", address, err)
		}
	}
}

func TestTransport_proxies_of_the_environment_are_not_used(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	transport := allowing(t, Config{Resolver: names(t, nil)}, proxy.URL)
	if _, err := get(t, transport, "http://nowhere.example/"); err == nil {
		t.Error("got an answer from nowhere")
	}
}

func TestTransport_names_what_goes_wrong(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	_, securePort, _ := net.SplitHostPort(secure.Listener.Addr().String())

	banner := rawServer(t, func(conn net.Conn) { fmt.Fprint(conn, "SSH-2.0-OpenSSH_9.2p1 canary\r\n") })
	silent := rawServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	closing := rawServer(t, func(net.Conn) {})
	headers := rawServer(t, func(conn net.Conn) {
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nX: %s\r\n\r\n", strings.Repeat("x", 1<<20))
	})
	closed := rawServer(t, nil)

	for name, test := range map[string]struct {
		config  Config
		address string
		want    Kind
	}{
		"an unknown host":               {Config{Resolver: names(t, nil)}, "https://nowhere.example:443/", UnknownHost},
		"nothing listens":               {Config{}, "http://" + closed, NotListening},
		"F15 an unknown authority":      {Config{}, secure.URL, TLSAuthority},
		"F15 a certificate out of date": {Config{Roots: roots, Now: func() time.Time { return time.Now().AddDate(200, 0, 0) }}, secure.URL, TLSExpired},
		"F15 a certificate of another":  {Config{Roots: roots, Resolver: names(t, map[string][]string{"wrong.test": {"127.0.0.1"}})}, "https://wrong.test:" + securePort, TLSHost},
		"https where http is spoken":    {Config{}, strings.Replace(plain.URL, "http:", "https:", 1), NotTLS},
		"something else than HTTP":      {Config{}, "http://" + banner, NotHTTP},
		"headers without end":           {Config{}, "http://" + headers, Cut},
		"F2 no answer":                  {Config{}, "http://" + silent, TimedOut},
		"F3 the connection ends":        {Config{}, "http://" + closing, Cut},
		"F2 no TLS handshake":           {Config{}, "https://" + silent, TimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := allowing(t, test.config, test.address)
			ctx := t.Context()
			if test.want == TimedOut {
				timed, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
				defer cancel()
				ctx = timed
			}
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, test.address, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = transport.RoundTrip(request)
			trouble, ok := errors.AsType[*Trouble](err)
			if !ok || trouble.Kind != test.want {
				t.Fatalf("got %v (%v), want %s", err, errors.Unwrap(err), test.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("got what the other side sent in the text: %v", err)
			}
			switch test.want {
			case TLSExpired:
				if !trouble.NotAfter.Equal(secure.Certificate().NotAfter) {
					t.Errorf("got end %s, want the certificate's", trouble.NotAfter)
				}
			case TLSHost:
				if diff := cmp.Diff(trouble.Names, []string{"example.com", "*.example.com"}); diff != "" {
					t.Errorf("names (-got +want):\n%s", diff)
				}
			}
		})
	}
}

// rawServer listens and hands each connection to serve; with nil it listens no more.
func rawServer(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if serve == nil {
		listener.Close()
		return listener.Addr().String()
	}
	var handlers sync.WaitGroup
	handlers.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			handlers.Go(func() { defer conn.Close(); serve(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); handlers.Wait() })
	return listener.Addr().String()
}

func TestTransport_cancelled_is_not_trouble(t *testing.T) {
	t.Parallel()
	silent := rawServer(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	transport := allowing(t, Config{}, "http://"+silent)
	ctx, cancel := context.WithCancel(t.Context())
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+silent, nil)
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := transport.RoundTrip(request); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's own error", err)
	}
}

func TestTransport_reach_shows_address_and_certificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	got, err := allowing(t, Config{Roots: roots}, server.URL).Reach(t.Context(), Origin(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	want := Reached{netip.MustParseAddr("127.0.0.1"), "TLS 1.3", server.Certificate().NotAfter.UTC()}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := New(Config{Roots: roots}).Reach(t.Context(), Origin(server.URL)); err == nil {
		t.Error("got a private address reached without an entry")
	}
}

func TestTransport_speaks_http2_where_it_is_offered(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	response, err := get(t, allowing(t, Config{Roots: roots}, server.URL), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); string(body) != "HTTP/2.0" {
		t.Errorf("got %s, want HTTP/2.0", body)
	}
}

func TestTransport_f40_at_most_eight_at_a_time_per_host(t *testing.T) {
	t.Parallel()
	var inside, most atomic.Int32
	gate := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		now := inside.Add(1)
		defer inside.Add(-1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		if now == defaultPerHost {
			close(gate) // the last place is taken: let go
		}
		<-gate
		fmt.Fprint(w, "done")
	}))
	t.Cleanup(server.Close)
	transport := allowing(t, Config{}, server.URL)
	var group sync.WaitGroup
	for range 3 * defaultPerHost {
		group.Go(func() {
			response, err := get(t, transport, server.URL)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		})
	}
	group.Wait()
	if got := most.Load(); got != defaultPerHost {
		t.Errorf("got %d requests at once, want %d", got, defaultPerHost)
	}
	if got := len(transport.limiter.hosts); got != 0 {
		t.Errorf("got %d hosts kept after the last request, want 0", got)
	}
}

func TestTransport_a_429_closes_the_host_for_a_while(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	start := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return start.Add(time.Duration(now.Load())) }
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(server.Close)
	transport := allowing(t, Config{Now: clock}, server.URL)
	ask := func(authorization string) error {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		request.Header.Set("Authorization", authorization)
		response, err := transport.RoundTrip(request)
		if err == nil {
			response.Body.Close()
		}
		return err
	}
	if err := ask("Bearer x"); err != nil {
		t.Fatal(err)
	}
	if err := ask("Basic x"); err != nil {
		t.Fatalf("got %v after a bearer's 429, want the host open: that quota is its own", err)
	}
	held, ok := errors.AsType[*Held](ask("Basic x"))
	if want := start.Add(2 * time.Minute); !ok || !held.Until.Equal(want) {
		t.Fatalf("got %v, want held until %s", held, want)
	}
	now.Store(int64(2 * time.Minute))
	if err := ask("Basic x"); err != nil {
		t.Errorf("got %v after the time asked for, want a request", err)
	}
	if requests != 3 {
		t.Errorf("got %d requests, want 3", requests)
	}
}

func TestRetryAfter_f6_seconds_dates_and_nonsense(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		text, date string
		want       time.Duration
		ok         bool
	}{
		{"", "", 0, false},
		{"soon", "", 0, false},
		{"-5", "", 0, false},
		{"0", "", 0, true},
		{" 30 ", "", 30 * time.Second, true},
		{"999999999999", "", maxRetryTime, true},
		{"99999999999999999999999", "", 0, false},
		{"Tue, 24 Nov 2026 09:10:00 GMT", "", 10 * time.Minute, true},
		{"Tue, 24 Nov 2026 08:00:00 GMT", "", 0, true},
		{"Tue, 24 Nov 2099 08:00:00 GMT", "", maxRetryTime, true},
		{"Tue, 24 Nov 2026 19:10:00 GMT", "Tue, 24 Nov 2026 19:00:00 GMT", 10 * time.Minute, true},
	} {
		header := http.Header{"Retry-After": {test.text}, "Date": {test.date}}
		got, ok := RetryAfter(header, now)
		if ok != test.ok || ok && !got.Equal(now.Add(test.want)) {
			t.Errorf("%q: got %s %v, want %s %v", test.text, got.Sub(now), ok, test.want, test.ok)
		}
	}
}
