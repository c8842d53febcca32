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
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// authority is an ACME server (RFC 8555) with one order at a time. It comes to target to prove a host, as RFC 8737 wants.
type authority struct {
	*httptest.Server
	root   *x509.Certificate
	key    *ecdsa.PrivateKey
	target string // host:port

	mu     sync.Mutex
	orders int
	host   string
	proven bool
	issued []byte // PEM
	errs   []error
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	text, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key}
	if a.root, err = x509.ParseCertificate(text); err != nil {
		t.Fatal(err)
	}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	var signed struct{ Payload string }
	_ = json.NewDecoder(r.Body).Decode(&signed)
	payload, _ := base64.RawURLEncoding.DecodeString(signed.Payload)
	say := func(status int, place string, body any) {
		if place != "" {
			w.Header().Set("Location", a.URL+place)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	status := func() string {
		switch {
		case a.issued != nil:
			return "valid"
		case a.proven:
			return "ready"
		}
		return "pending"
	}
	order := func() map[string]any {
		order := map[string]any{"status": status(), "identifiers": []any{map[string]string{"type": "dns", "value": a.host}}, "authorizations": []string{a.URL + "/authz"}, "finalize": a.URL + "/finalize"}
		if a.issued != nil {
			order["certificate"] = a.URL + "/certificate"
		}
		return order
	}
	challenge := map[string]string{"type": "tls-alpn-01", "url": a.URL + "/challenge", "token": "token", "status": "pending"}
	proven := "pending"
	if a.proven {
		proven, challenge["status"] = "valid", "valid"
	}
	switch r.URL.Path {
	case "/directory":
		say(http.StatusOK, "", map[string]string{"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/account", "newOrder": a.URL + "/order/new", "revokeCert": a.URL + "/revoke", "keyChange": a.URL + "/change"})
	case "/nonce":
	case "/account":
		say(http.StatusCreated, "/account/1", map[string]string{"status": "valid"})
	case "/order/new":
		var wanted struct{ Identifiers []struct{ Value string } }
		_ = json.Unmarshal(payload, &wanted)
		a.orders++
		a.host, a.proven, a.issued = wanted.Identifiers[0].Value, false, nil
		say(http.StatusCreated, "/order/1", order())
	case "/order/1":
		say(http.StatusOK, "", order())
	case "/authz":
		say(http.StatusOK, "", map[string]any{"status": proven, "identifier": map[string]string{"type": "dns", "value": a.host}, "challenges": []any{challenge}})
	case "/challenge":
		if err := a.prove(r.Context()); err != nil {
			a.errs = append(a.errs, err)
		}
		say(http.StatusOK, "", challenge)
	case "/finalize":
		var wanted struct{ CSR string }
		_ = json.Unmarshal(payload, &wanted)
		if err := a.issue(wanted.CSR); err != nil {
			a.errs = append(a.errs, err)
		}
		say(http.StatusOK, "/order/1", order())
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.issued)
	default:
		http.NotFound(w, r)
	}
}

// prove looks for the certificate that only who runs the host can show.
func (a *authority) prove(ctx context.Context) error {
	dialer := tls.Dialer{Config: &tls.Config{ServerName: a.host, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}} // RFC 8737 section 3: self-signed
	connection, err := dialer.DialContext(ctx, "tcp", a.target)
	if err != nil {
		return fmt.Errorf("prove %s: %w", a.host, err)
	}
	defer connection.Close()
	state := connection.(*tls.Conn).ConnectionState()
	leaf := state.PeerCertificates[0]
	if state.NegotiatedProtocol != "acme-tls/1" || leaf.VerifyHostname(a.host) != nil {
		return fmt.Errorf("prove %s: %q with a certificate of %v", a.host, state.NegotiatedProtocol, leaf.DNSNames)
	}
	for _, extension := range leaf.Extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) {
			a.proven = true
			return nil
		}
	}
	return fmt.Errorf("prove %s: no answer to the challenge", a.host)
}

func (a *authority) issue(text string) error {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	request, err := x509.ParseCertificateRequest(raw)
	if err != nil {
		return err
	}
	if !a.proven || len(request.DNSNames) != 1 || request.DNSNames[0] != a.host {
		return fmt.Errorf("a certificate for %v is asked for, %s is proven: %t", request.DNSNames, a.host, a.proven)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: a.host}, DNSNames: request.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	issued, err := x509.CreateCertificate(rand.Reader, leaf, a.root, request.PublicKey, a.key)
	if err != nil {
		return err
	}
	var chain bytes.Buffer
	for _, one := range [][]byte{issued, a.root.Raw} {
		_ = pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: one})
	}
	a.issued = chain.Bytes()
	return nil
}

// serving runs a server with certificates of the authority until the test ends.
func (a *authority) serving(t *testing.T, folder string) (address string) {
	t.Helper()
	server, err := New(Config{
		Web: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler),
		ACME: &ACME{Hosts: []string{"crm.example.com"}, Folder: folder, Directory: a.URL + "/directory"},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// visit asks for a page as a browser that trusts the authority.
func (a *authority) visit(t *testing.T, address, host string) error {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.root)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get("https://" + host + "/healthz")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}

func TestACME_a_certificate_is_fetched_once_and_kept(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	folder := filepath.Join(t.TempDir(), "acme")
	first := a.serving(t, folder)
	a.target = first
	for range 2 {
		if err := a.visit(t, first, "crm.example.com"); err != nil {
			t.Fatalf("%v; the authority met %v", err, a.errs)
		}
	}
	second := a.serving(t, folder)
	if err := a.visit(t, second, "crm.example.com"); err != nil {
		t.Errorf("another start: %v", err)
	}
	if a.orders != 1 {
		t.Errorf("%d certificates were ordered, want 1", a.orders)
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, want it for the owner only", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestACME_no_certificate_is_ordered_for_a_host_that_was_not_named(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.target = a.serving(t, filepath.Join(t.TempDir(), "acme"))
	if err := a.visit(t, a.target, "evil.example.net"); err == nil || !strings.Contains(err.Error(), "tls") {
		t.Errorf("got %v, want a refused handshake", err)
	}
	if a.orders != 0 {
		t.Errorf("%d certificates were ordered", a.orders)
	}
}
