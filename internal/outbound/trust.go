package outbound

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Trust is what one link shows to its own host, and trusts there, beyond what the whole program does: a client certificate, and
// authorities of the company itself. The zero Trust is neither.
type Trust struct {
	certificate tls.Certificate
	authorities []*x509.Certificate
	sum         [sha256.Size]byte
}

// TrustProblem is why PEM text cannot be used. Its text holds nothing of what was typed.
type TrustProblem string

// The problems of a Trust.
const (
	NoCertificate   TrustProblem = "no_certificate"    // the text holds no certificate that can be read
	NoKey           TrustProblem = "no_key"            // there is no private key that can be read
	EncryptedKey    TrustProblem = "encrypted_key"     // the private key is protected by a passphrase
	KeyDoesNotMatch TrustProblem = "key_does_not_fit"  // the key is not that of the certificate
	NoAuthority     TrustProblem = "no_authority"      // the text of an authority holds no certificate that can be read
	NotAuthority    TrustProblem = "no_such_authority" // a certificate that may not sign others, and is not its own authority
)

func (p TrustProblem) Error() string { return "use a client certificate: " + string(p) }

// ParseTrust reads a client certificate (its chain behind it), its private key (PKCS #8, PKCS #1 or SEC 1) and the authorities to
// trust, each as PEM and each possibly empty; the key may stand in the certificate's text. The error is a TrustProblem.
func ParseTrust(certificate, key, authorities string) (Trust, error) {
	t := Trust{sum: sha256.Sum256([]byte(certificate + "\x00" + key + "\x00" + authorities))}
	if strings.TrimSpace(certificate+key) != "" {
		if strings.TrimSpace(key) == "" {
			key = certificate
		}
		if err := t.readPair([]byte(certificate), []byte(key)); err != nil {
			return Trust{}, err
		}
	}
	if strings.TrimSpace(authorities) != "" {
		if err := t.readAuthorities([]byte(authorities)); err != nil {
			return Trust{}, err
		}
	}
	return t, nil
}

func (t *Trust) readPair(certificate, key []byte) error {
	blocks := certificates(certificate)
	if len(blocks) == 0 {
		return NoCertificate
	}
	if _, err := x509.ParseCertificate(blocks[0].Bytes); err != nil {
		return NoCertificate
	}
	switch found := keyBlock(key); {
	case found == nil:
		return NoKey
	case found.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(found.Headers["Proc-Type"], "ENCRYPTED"):
		return EncryptedKey
	}
	pair, err := tls.X509KeyPair(certificate, key)
	switch { // crypto/tls has no types for these
	case err == nil:
	case strings.Contains(err.Error(), "does not match"):
		return KeyDoesNotMatch
	case strings.Contains(err.Error(), "private key"):
		return NoKey
	default:
		return NoCertificate
	}
	t.certificate = pair
	return nil
}

func (t *Trust) readAuthorities(text []byte) error {
	for _, block := range certificates(text) {
		found, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return NoAuthority
		}
		if !found.IsCA && !bytes.Equal(found.RawIssuer, found.RawSubject) {
			return NotAuthority
		}
		t.authorities = append(t.authorities, found)
	}
	if len(t.authorities) == 0 {
		return NoAuthority
	}
	return nil
}

func certificates(text []byte) []*pem.Block {
	var found []*pem.Block
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return found
		}
		if block.Type == "CERTIFICATE" {
			found = append(found, block)
		}
	}
}

func keyBlock(text []byte) *pem.Block {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil || strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block
		}
	}
}

// IsZero reports whether there is nothing to show and nothing more to trust.
func (t Trust) IsZero() bool { return t.certificate.Leaf == nil && len(t.authorities) == 0 }

// Certificate names the client certificate: its subject, and from when until when it holds. ok is false without one.
func (t Trust) Certificate() (subject string, from, until time.Time, ok bool) {
	leaf := t.certificate.Leaf
	if leaf == nil {
		return "", time.Time{}, time.Time{}, false
	}
	return nameOf(leaf), leaf.NotBefore.UTC(), leaf.NotAfter.UTC(), true
}

// Authority names the first of the authorities; "" without any.
func (t Trust) Authority() string {
	if len(t.authorities) == 0 {
		return ""
	}
	return nameOf(t.authorities[0])
}

func nameOf(certificate *x509.Certificate) string {
	if name := certificate.Subject.CommonName; name != "" {
		return name
	}
	return certificate.Subject.String()
}

// String names no key.
func (t Trust) String() string {
	return fmt.Sprintf("certificate %t, %d authorities", t.certificate.Leaf != nil, len(t.authorities))
}

// GoString is String: %#v would print the key.
func (t Trust) GoString() string { return t.String() }

// maxTrusting is how many ways with a Trust of their own keep their connections; the one unused for longest goes first.
const maxTrusting = 256

// trusting are the ways of a Transport that have a Trust: one for each host and Trust, so that runs share connections.
type trusting struct {
	mu   sync.Mutex
	ways map[string]*trustingWay
}

type trustingWay struct {
	*Transport
	usedAt time.Time
}

// Trusting is the same way out, with the same limits, where trust holds for every port of one host and nowhere else. It may be
// used as long as t is; t's CloseIdleConnections closes its connections too.
func (t *Transport) Trusting(host string, trust Trust) *Transport {
	if trust.IsZero() || host == "" {
		return t
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	key := host + "\x00" + string(trust.sum[:])
	t.trusting.mu.Lock()
	defer t.trusting.mu.Unlock()
	if found := t.trusting.ways[key]; found != nil {
		found.usedAt = t.now()
		return found.Transport
	}
	config := t.base.TLSClientConfig.Clone()
	if len(trust.authorities) > 0 {
		config.RootCAs = withAuthorities(config.RootCAs, trust.authorities)
	}
	if trust.certificate.Leaf != nil {
		// Shown whichever authorities the server names: it is the one that a person chose for it.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &trust.certificate, nil }
	}
	way := &Transport{
		allow: t.allow, resolver: t.resolver, now: t.now, limiter: t.limiter, trusting: t.trusting, shows: trust.certificate.Leaf,
		host: host, otherwise: t,
	}
	way.base = newBase(way.dial, config, t.base.MaxConnsPerHost)
	if t.trusting.ways == nil {
		t.trusting.ways = map[string]*trustingWay{}
	}
	t.trusting.ways[key] = &trustingWay{way, t.now()}
	t.trusting.forget()
	return way
}

func (t *trusting) forget() {
	if len(t.ways) <= maxTrusting {
		return
	}
	var oldest string
	for key, way := range t.ways {
		if oldest == "" || way.usedAt.Before(t.ways[oldest].usedAt) {
			oldest = key
		}
	}
	t.ways[oldest].base.CloseIdleConnections()
	delete(t.ways, oldest)
}

func (t *trusting) closeIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, way := range t.ways {
		way.base.CloseIdleConnections()
	}
}

// withAuthorities are the roots that hold already and these; nil roots are the system's.
func withAuthorities(roots *x509.CertPool, more []*x509.Certificate) *x509.CertPool {
	if roots != nil {
		roots = roots.Clone()
	} else if system, err := x509.SystemCertPool(); err == nil {
		roots = system
	} else {
		roots = x509.NewCertPool() // a machine without roots of its own
	}
	for _, one := range more {
		roots.AddCert(one)
	}
	return roots
}

// elsewhere is the way for hosts that the Trust does not hold for; nil: it holds for this one.
func (t *Transport) elsewhere(host string) *Transport {
	if t.otherwise == nil || strings.EqualFold(strings.TrimSuffix(host, "."), t.host) {
		return nil
	}
	return t.otherwise
}

// verdictWithin is how long a server that asks for a certificate may take to say that it takes ours: TLS 1.3 lets the client's
// handshake end before that.
const verdictWithin = time.Second

// taken waits for the server's word about the certificate: a session ticket, the first bytes of HTTP/2, or an alert. Silence is
// consent: servers of HTTP/1.1 without tickets say nothing.
func taken(ctx context.Context, connection *tls.Conn, tickets *ticketed) error {
	until := time.Now().Add(verdictWithin)
	if limit, ok := ctx.Deadline(); ok && limit.Before(until) {
		until = limit
	}
	if err := connection.SetReadDeadline(until); err != nil {
		return err
	}
	tickets.heard(func() { _ = connection.SetReadDeadline(time.Unix(1, 0)) })
	_, err := connection.Read(make([]byte, 1))
	if err == nil || isTimeout(err) {
		return nil
	}
	return err
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}

// ticketed is a cache of sessions that keeps none, and hears of the first.
type ticketed struct {
	mu   sync.Mutex
	came bool
	then func()
}

func (c *ticketed) Get(string) (*tls.ClientSessionState, bool) { return nil, false }

func (c *ticketed) Put(string, *tls.ClientSessionState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came = true
	if c.then != nil {
		c.then()
	}
}

func (c *ticketed) heard(then func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.then = then
	if c.came {
		then()
	}
}

// certificateStatus are the answers of nginx to a certificate that is missing (496) or not taken (495), should it let them out.
const (
	statusCertificateRefused = 495
	statusCertificateWanted  = 496
)

// certificateAnswer is what an answer says about the client certificate: nginx ends the handshake and then answers 400 with a
// page of its own (ngx_http_special_response.c).
func certificateAnswer(response *http.Response) Kind {
	switch response.StatusCode {
	case statusCertificateRefused:
		return CertificateRefused
	case statusCertificateWanted:
		return CertificateWanted
	case http.StatusBadRequest:
	default:
		return ""
	}
	if response.TLS == nil || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		return ""
	}
	begin := beginning(response)
	switch {
	case bytes.Contains(begin, []byte("No required SSL certificate was sent")):
		return CertificateWanted
	case bytes.Contains(begin, []byte("The SSL certificate error")):
		return CertificateRefused
	}
	return ""
}

// certificateTrouble is the kind of trouble of a handshake about the client certificate; "" for any other. Alerts of the peer
// have no exported type (RFC 8446 section 6.2).
func certificateTrouble(err error, shown bool) Kind {
	_, alert, found := strings.Cut(err.Error(), "remote error: tls: ")
	if !found {
		return ""
	}
	switch {
	case strings.HasPrefix(alert, "certificate required"):
		return CertificateWanted
	case strings.HasPrefix(alert, "expired certificate"):
		return CertificateExpired
	case strings.HasPrefix(alert, "bad certificate"), strings.HasPrefix(alert, "unsupported certificate"), strings.HasPrefix(alert, "revoked certificate"),
		strings.HasPrefix(alert, "unknown certificate"), strings.HasPrefix(alert, "access denied"):
		if !shown {
			return CertificateWanted // TLS 1.2 has no alert of its own for that
		}
		return CertificateRefused
	}
	return ""
}

func hostname(origin Origin) string {
	parsed, err := url.Parse(string(origin))
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}
