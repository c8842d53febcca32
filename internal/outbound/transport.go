package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Config is what a Transport is made from. The zero Config is the strict one.
type Config struct {
	Allow    Allow
	PerHost  int              // requests at a time and connections per host; 0: 8
	Roots    *x509.CertPool   // authorities to trust; nil: the system's
	Resolver *net.Resolver    // nil: the system's
	Now      func() time.Time // nil: time.Now
}

const (
	defaultPerHost    = 8
	dialTimeout       = 10 * time.Second
	handshakeTimeout  = 10 * time.Second
	idleTimeout       = 30 * time.Second
	maxHeaderBytes    = 256 << 10
	maxIdlePerProcess = 1000
)

// Transport sends requests as the package comment shows. It may be used by many goroutines; one serves the whole program, so
// that connections and limits are shared. It decompresses nothing and follows no redirect.
//
// A response's body must be closed or read to its end: it holds one of its host's places until then, so a caller must not
// send another request to the same host in between.
type Transport struct {
	allow    Allow
	resolver *net.Resolver
	now      func() time.Time
	limiter  *limiter
	base     *http.Transport
	trusting *trusting

	// Of a way with a Trust: what is shown, to which host, and the way to all others.
	shows     *x509.Certificate
	host      string
	otherwise *Transport
}

// New makes a Transport. CloseIdleConnections ends what it keeps open.
func New(config Config) *Transport {
	if config.PerHost == 0 {
		config.PerHost = defaultPerHost
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	t := &Transport{
		allow: config.Allow, resolver: config.Resolver, now: config.Now,
		limiter: &limiter{places: config.PerHost, now: config.Now, hosts: map[string]*hostPlaces{}}, trusting: &trusting{},
	}
	t.base = newBase(t.dial, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.Roots, Time: config.Now}, config.PerHost)
	return t
}

func newBase(dial func(ctx context.Context, network, address string) (net.Conn, error), config *tls.Config, perHost int) *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dial,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    handshakeTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxConnsPerHost:        perHost,
		MaxIdleConnsPerHost:    perHost,
		MaxIdleConns:           maxIdlePerProcess,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// RoundTrip sends one request. The error is a *Refused, a *Held, a *Trouble, or the context's own when it was cancelled.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	origin, err := OriginOf(request.URL)
	if err != nil {
		closeBody(request)
		return nil, &Refused{Reason: OtherScheme, Host: request.URL.Hostname()}
	}
	if other := t.elsewhere(hostname(origin)); other != nil {
		return other.RoundTrip(request)
	}
	host := origin.Host()
	release, err := t.limiter.acquire(request.Context(), host)
	if err != nil {
		closeBody(request)
		return nil, Explain(host, err)
	}
	response, err := t.base.RoundTrip(request)
	if err != nil {
		release()
		return nil, t.explain(host, err)
	}
	if kind := certificateAnswer(response); kind != "" {
		_ = response.Body.Close()
		release()
		return nil, &Trouble{Kind: kind, Host: host}
	}
	// A bearer's quota is its user's own; a password is counted against the client's address.
	if response.StatusCode == http.StatusTooManyRequests && !bearer(request) {
		until := t.now().Add(defaultHold)
		if asked, ok := RetryAfter(response.Header, t.now()); ok {
			until = earlier(asked, t.now().Add(maxHold))
		}
		t.limiter.hold(host, until)
	}
	response.Body = &heldBody{response.Body, host, release}
	return response, nil
}

// CloseIdleConnections ends the connections that no request uses.
func (t *Transport) CloseIdleConnections() {
	t.base.CloseIdleConnections()
	t.trusting.closeIdle()
}

// explain is Explain, knowing what was shown to the host.
func (t *Transport) explain(host string, err error) error {
	explained := Explain(host, err)
	trouble, ok := errors.AsType[*Trouble](explained)
	if !ok || t.shows == nil {
		return explained
	}
	if kind := certificateTrouble(err, true); kind != "" {
		trouble.Kind, trouble.NotAfter = kind, t.shows.NotAfter.UTC()
	}
	return explained
}

// Reached is what a connection to an origin showed before any request.
type Reached struct {
	Address    netip.Addr
	TLS        string    // "TLS 1.3"; "" for http
	ValidUntil time.Time // of the certificate; zero for http
}

// Reach connects to an origin and, for https, checks its certificate, without sending a request.
func (t *Transport) Reach(ctx context.Context, origin Origin) (Reached, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout+handshakeTimeout)
	defer cancel()
	parsed, err := url.Parse(string(origin))
	if err != nil {
		return Reached{}, &Refused{Reason: OtherScheme}
	}
	host, port := parsed.Hostname(), parsed.Port()
	if other := t.elsewhere(host); other != nil {
		return other.Reach(ctx, origin)
	}
	if port == "" {
		port = defaultPort(parsed.Scheme)
	}
	connection, err := t.dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return Reached{}, Explain(origin.Host(), err)
	}
	defer connection.Close()
	var reached Reached
	if endpoint, err := netip.ParseAddrPort(connection.RemoteAddr().String()); err == nil {
		reached.Address = endpoint.Addr().Unmap()
	}
	if !origin.Secure() {
		return reached, nil
	}
	config := t.base.TLSClientConfig.Clone()
	config.ServerName = host
	asked, tickets := false, &ticketed{}
	shows := config.GetClientCertificate
	config.ClientSessionCache = tickets
	config.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked = true
		if shows != nil {
			return shows(info)
		}
		return &tls.Certificate{}, nil
	}
	secure := tls.Client(connection, config)
	err = secure.HandshakeContext(ctx)
	if err == nil && asked && secure.ConnectionState().Version >= tls.VersionTLS13 {
		err = taken(ctx, secure, tickets)
	}
	if err != nil {
		explained := t.explain(origin.Host(), err)
		if trouble, ok := errors.AsType[*Trouble](explained); ok && asked && t.shows == nil && strings.Contains(err.Error(), "tls: handshake failure") {
			trouble.Kind = CertificateWanted // what OpenSSL says in TLS 1.2
		}
		return reached, explained
	}
	state := secure.ConnectionState()
	reached.TLS = tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		reached.ValidUntil = state.PeerCertificates[0].NotAfter.UTC()
	}
	return reached, nil
}

// dial connects to "host:port", each address that the host resolves to checked at the moment it is dialled: a name that
// resolves to something else the second time is checked the second time.
func (t *Transport) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", hostPort, err)
	}
	dialler := net.Dialer{
		Timeout:  dialTimeout,
		Resolver: t.resolver,
		Control: func(_, address string, _ syscall.RawConn) error {
			endpoint, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("dial %s: %w", address, err)
			}
			return t.allow.check(host, endpoint)
		},
	}
	connection, err := dialler.DialContext(ctx, network, hostPort)
	if err != nil {
		return nil, err
	}
	return newClientFirst(connection), nil
}

// heldBody gives its host's place back when it is closed or ended, and names what goes wrong while it is read.
type heldBody struct {
	io.ReadCloser
	host    string
	release func()
}

func (b *heldBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.release()
	case err != nil:
		b.release()
		err = Explain(b.host, err)
	}
	return n, err
}

func (b *heldBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}

func bearer(request *http.Request) bool {
	const scheme = "Bearer "
	value := request.Header.Get("Authorization")
	return len(value) > len(scheme) && value[:len(scheme)] == scheme
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// beginning is the first of an answer's body, which is still there to be read.
func beginning(response *http.Response) []byte {
	begin := make([]byte, 4<<10)
	n, err := io.ReadFull(response.Body, begin)
	rest := response.Body
	following := []io.Reader{bytes.NewReader(begin[:n]), rest}
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		following[1] = failing{err}
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(following...), rest}
	return begin[:n]
}

// failing is a reader that has failed.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func closeBody(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
}
