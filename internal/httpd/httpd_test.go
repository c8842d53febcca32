package httpd

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is a log that a test reads.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func newServer(t *testing.T, web http.HandlerFunc, change func(*Config)) (*Server, *output) {
	t.Helper()
	log := &output{}
	config := Config{Web: web, Log: slog.New(slog.NewTextHandler(log, nil))}
	if change != nil {
		change(&config)
	}
	server, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return server, log
}

// serve runs a server until the test ends and returns its URL, and what stops it earlier.
func serve(t *testing.T, server *Server) (url string, stop func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return "http://" + listener.Addr().String(), stop
}

func answerOf(handler http.Handler, request *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

func get(path string) *http.Request {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.RemoteAddr = "127.0.0.1:5000"
	return request
}

func read(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAddress_is_believed_of_named_proxies_only(t *testing.T) {
	t.Parallel()
	server, _ := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RemoteAddr, " ", r.Host, " ", r.Header.Get("X-Forwarded-Proto"), " ", r.Header.Get("X-Forwarded-For"))
	}, func(config *Config) {
		config.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	})
	for _, c := range []struct{ from, forwardedFor, host, proto, want string }{
		{"192.0.2.9:5", "", "", "", "192.0.2.9:5 example.com http "},
		{"192.0.2.9:5", "198.51.100.1", "evil.example", "https", "192.0.2.9:5 example.com http "},
		{"10.0.0.1:5", "198.51.100.1", "crm.example", "https", "198.51.100.1:0 crm.example https "},
		{"10.0.0.1:5", "127.0.0.1, 198.51.100.1", "", "", "198.51.100.1:0 example.com http "},
		{"10.0.0.1:5", "203.0.113.1, 198.51.100.1, 10.1.2.3", "a.example, b.example", "http, https", "198.51.100.1:0 b.example https "},
		{"10.0.0.1:5", "rubbish, 10.1.2.3", "", "HTTPS", "10.1.2.3:0 example.com https "},
		{"10.0.0.1:5", "rubbish", "crm.example/x", "gopher", "10.0.0.1:5 example.com http "},
		{"[fd00::1]:5", "[2001:db8::1]:443", "", "", "[2001:db8::1]:0 example.com http "},
		{"[fd00::1]:5", "::ffff:192.0.2.7", "", "", "192.0.2.7:0 example.com http "},
		{"[::ffff:10.0.0.1]:5", "192.0.2.7", "", "", "192.0.2.7:0 example.com http "},
	} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.RemoteAddr = c.from
		for name, value := range map[string]string{"X-Forwarded-For": c.forwardedFor, "X-Forwarded-Host": c.host, "X-Forwarded-Proto": c.proto} {
			if value != "" {
				request.Header.Set(name, value)
			}
		}
		if got := read(t, answerOf(server.Handler(), request).Body); got != c.want {
			t.Errorf("from %s for %q: got %q, want %q", c.from, c.forwardedFor, got, c.want)
		}
	}
}

func TestS9_the_log_holds_no_query_header_or_body(t *testing.T) {
	t.Parallel()
	server, log := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
	}, nil)
	request := httptest.NewRequest(http.MethodPost, "/sign-in?password=canary-1", strings.NewReader("password=canary-2"))
	request.Header.Set("Authorization", "Bearer canary-3")
	request.Header.Set("Cookie", "agenda_session=canary-4")
	request.Header.Set("User-Agent", "canary-5\nforged=line")
	response := answerOf(server.Handler(), request)
	id := response.Header.Get(HeaderRequestID)
	line := log.String()
	if strings.Contains(line, "canary") || strings.Count(line, "\n") != 1 {
		t.Errorf("the log is %s", line)
	}
	for _, want := range []string{"request=" + id, "method=POST", "path=/sign-in", "status=418"} {
		if !strings.Contains(line, want) || len(id) != 16 {
			t.Errorf("%s is not in %s", want, line)
		}
	}
}

func TestS28_a_panic_answers_500_and_says_nothing(t *testing.T) {
	t.Parallel()
	server, log := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/late" {
			io.WriteString(w, "half an ")
		}
		panic("the secret cause")
	}, nil)
	url, _ := serve(t, server)
	response, err := http.Get(url + "/")
	if err != nil {
		t.Fatal(err)
	}
	body := read(t, response.Body)
	if response.StatusCode != http.StatusInternalServerError || body != "Internal Server Error\n" || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("got %d %q", response.StatusCode, body)
	}
	if !strings.Contains(log.String(), "the secret cause") || !strings.Contains(log.String(), "httpd_test.go") {
		t.Errorf("the log does not say why: %s", log)
	}
	if response, err = http.Get(url + "/late"); err == nil {
		_, err = io.ReadAll(response.Body)
		response.Body.Close()
	}
	if err == nil {
		t.Error("half an answer looks whole")
	}
	if response, err = http.Get(url + "/healthz"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %v", err)
	} else {
		response.Body.Close()
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	why := errors.New("the database at /var/lib is away")
	server, log := newServer(t, http.NotFound, func(config *Config) { config.Ready = func(context.Context) error { return why } })
	if response := answerOf(server.Handler(), get("/healthz")); response.StatusCode != http.StatusOK {
		t.Errorf("alive: %d", response.StatusCode)
	}
	response := answerOf(server.Handler(), get("/readyz"))
	if body := read(t, response.Body); response.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "/var") || !strings.Contains(log.String(), "/var/lib") {
		t.Errorf("not ready: %d %q", response.StatusCode, body)
	}
	why = nil
	if response := answerOf(server.Handler(), get("/readyz")); response.StatusCode != http.StatusOK {
		t.Errorf("ready: %d", response.StatusCode)
	}
}

func TestMetrics_count_without_naming_anybody(t *testing.T) {
	t.Parallel()
	server, _ := newServer(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) }, func(config *Config) {
		config.MetricsFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	answerOf(server.Handler(), get("/links/secret-id?user=nele"))
	odd := get("/")
	odd.Method = "SECRET"
	answerOf(server.Handler(), odd)
	for from, want := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "192.0.2.8:1": 200, "198.51.100.1:1": 404, "nonsense": 404} {
		request := get("/metrics")
		request.RemoteAddr = from
		response := answerOf(server.Handler(), request)
		if response.StatusCode != want {
			t.Errorf("from %s: %d, want %d", from, response.StatusCode, want)
		}
		body := read(t, response.Body)
		if want == 200 && !strings.Contains(body, `agenda_http_requests_total{method="GET",status="4xx"}`) || strings.Contains(strings.ToLower(body), "secret") || strings.Contains(body, "nele") {
			t.Errorf("from %s: %s", from, body)
		}
	}
}

func TestS27_bodies_are_bounded(t *testing.T) {
	t.Parallel()
	server, _ := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if tooLarge, is := errors.AsType[*http.MaxBytesError](err); is {
			http.Error(w, tooLarge.Error(), http.StatusRequestEntityTooLarge)
		}
	}, func(config *Config) { config.MaxBodyBytes = 1000 })
	url, _ := serve(t, server)
	for length, want := range map[int]int{1000: 200, 1001: 413} {
		for name, body := range map[string]io.Reader{"known": strings.NewReader(strings.Repeat("x", length)), "chunked": io.LimitReader(endless{}, int64(length))} {
			response, err := http.Post(url+"/", "text/plain", body)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%d bytes, length %s: %d, want %d", length, name, response.StatusCode, want)
			}
		}
	}
	header := get("/")
	header.URL.Host, header.URL.Scheme, header.RequestURI = strings.TrimPrefix(url, "http://"), "http", ""
	header.Header.Set("X-Large", strings.Repeat("x", 2*maxHeaderBytes))
	if response, err := http.DefaultClient.Do(header); err != nil || response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: %v, %v", response, err)
	} else {
		response.Body.Close()
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// An event stream is answered piece by piece, and ends as soon as the program stops; a request that works is let finish.
func TestF43_stopping_lets_work_finish_and_streams_go(t *testing.T) {
	t.Parallel()
	working, finish := make(chan struct{}), make(chan struct{})
	server, _ := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			fmt.Fprint(w, "data: first\n\n")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-r.Context().Done()
			return
		}
		close(working)
		<-finish
		fmt.Fprint(w, r.Context().Err())
	}, nil)
	url, stop := serve(t, server)
	request, err := http.NewRequest(http.MethodGet, url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	first := make([]byte, 11)
	if _, err := io.ReadFull(stream.Body, first); err != nil || string(first) != "data: first" {
		t.Fatalf("the first event: %q, %v", first, err)
	}
	worked := make(chan string, 1)
	go func() {
		response, err := http.Get(url + "/work")
		if err != nil {
			worked <- err.Error()
			return
		}
		worked <- read(t, response.Body)
	}()
	<-working
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	if rest := read(t, stream.Body); strings.TrimSpace(rest) != "" {
		t.Errorf("the stream went on with %q", rest)
	}
	close(finish)
	if got := <-worked; got != "<nil>" {
		t.Errorf("the work ended with %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestF43_stopping_does_not_wait_for_ever(t *testing.T) {
	t.Parallel()
	working := make(chan struct{})
	server, _ := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		close(working)
		<-r.Context().Done()
	}, func(config *Config) { config.Stop = 20 * time.Millisecond })
	url, stop := serve(t, server)
	go func() {
		if response, err := http.Get(url); err == nil {
			response.Body.Close()
		}
	}()
	<-working
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func writeCertificate(t *testing.T, folder, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestTLS_by_files_that_may_be_renewed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certFile, keyFile := writeCertificate(t, folder, "crm.example")
	server, _ := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-Forwarded-Proto")) }, func(config *Config) {
		config.CertFile, config.KeyFile = certFile, keyFile
	})
	url, _ := serve(t, server)
	pool := x509.NewCertPool()
	text, err := os.ReadFile(certFile)
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "crm.example"}, ForceAttemptHTTP2: true}}
	response, err := client.Get(strings.Replace(url, "http:", "https:", 1))
	if err != nil {
		t.Fatal(err)
	}
	if scheme := read(t, response.Body); response.ProtoMajor != 2 || scheme != "https" {
		t.Errorf("%s over %s", scheme, response.Proto)
	}

	files := &certificateFiles{cert: certFile, key: keyFile}
	first, err := files.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, folder, "renewed.example")
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(certFile, later, later); err != nil {
		t.Fatal(err)
	}
	files.checkedAt = time.Time{}
	if second, err := files.get(nil); err != nil || bytes.Equal(first.Certificate[0], second.Certificate[0]) {
		t.Errorf("the renewed one was not taken: %v", err)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	files.checkedAt = time.Time{}
	if _, err := files.get(nil); err != nil {
		t.Errorf("the former one was not kept: %v", err)
	}
	if _, err := New(Config{Web: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler), CertFile: certFile, KeyFile: keyFile}); err == nil || !strings.Contains(err.Error(), keyFile) {
		t.Errorf("a key that is missing: %v", err)
	}
}

// A client that opens a connection and says little of its request does not keep it.
func TestS29_slow_requests_are_cut(t *testing.T) {
	t.Parallel()
	server, _ := newServer(t, http.NotFound, nil)
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x"))
	deadlines := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	server.config.Web = http.NotFoundHandler()
	server.limited(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if until := time.Until(deadlines.read); until <= 0 || until > bodyTimeout {
			t.Errorf("the body may take %v", until)
		}
		_, _ = io.ReadAll(r.Body)
		if !deadlines.read.IsZero() {
			t.Error("the deadline stays when the body is in")
		}
	})).ServeHTTP(deadlines, request)
}

type deadlines struct {
	*httptest.ResponseRecorder
	read time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error { d.read = at; return nil }
