package outbound

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// issued is a certificate for names and the authority that issued it, as PEM.
func issued(t *testing.T, names ...string) (certificate, key, authority string) {
	t.Helper()
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	issuerKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	now := time.Now()
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	issuerDER, err := x509.CreateCertificate(rand.Reader, issuer, issuer, &issuerKey.PublicKey, issuerKey)
	must(err)
	ownKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	own := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	ownDER, err := x509.CreateCertificate(rand.Reader, own, issuer, &ownKey.PublicKey, issuerKey)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(ownKey)
	must(err)
	return text("CERTIFICATE", ownDER), text("PRIVATE KEY", keyDER), text("CERTIFICATE", issuerDER)
}

// A link's certificate is not shown, and its authority not trusted, anywhere but at its own host: wherever a redirect or an href
// may lead.
func TestTrusting_s5_holds_for_the_links_host_only(t *testing.T) {
	t.Parallel()
	certificate, key, authority := issued(t, "ours.example", "other.example")
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, len(r.TLS.PeerCertificates)) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	resolver := names(t, map[string][]string{"ours.example": {"127.0.0.1"}, "other.example": {"127.0.0.1"}})
	known := x509.NewCertPool()
	known.AppendCertsFromPEM([]byte(authority))
	ask := func(transport *Transport, host string) string {
		response, err := get(t, transport, "https://"+host+":"+port+"/")
		if err != nil {
			return fmt.Sprint(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return string(body)
	}
	for _, c := range []struct {
		what            string
		roots           *x509.CertPool
		certificate     string
		authority       string
		at, ours, other string
	}{
		{"a certificate, where everybody knows the authority", known, certificate, "", "ours.example", "1", "0"},
		{"however the host is written", known, certificate, "", "OURS.example.", "1", "0"},
		{"an authority", x509.NewCertPool(), "", authority, "ours.example", "0", string(TLSAuthority)},
		{"both", x509.NewCertPool(), certificate, authority, "ours.example", "1", string(TLSAuthority)},
		{"neither", known, "", "", "ours.example", "0", "0"},
	} {
		shownKey := key
		if c.certificate == "" {
			shownKey = ""
		}
		trust, err := ParseTrust(c.certificate, shownKey, c.authority)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		base := allowing(t, Config{Resolver: resolver, Roots: c.roots}, "https://ours.example:"+port, "https://other.example:"+port)
		way := base.Trusting(c.at, trust)
		if again := base.Trusting(c.at, trust); again != way {
			t.Errorf("%s: a second way has connections of its own", c.what)
		}
		if got := ask(way, "ours.example"); got != c.ours {
			t.Errorf("%s: at its host got %q, want %q", c.what, got, c.ours)
		}
		if got := ask(way, "other.example"); !strings.Contains(got, c.other) {
			t.Errorf("%s: at another host got %q, want %q", c.what, got, c.other)
		}
		if _, err := way.Reach(t.Context(), Origin("https://other.example:"+port)); (err == nil) != (c.other == "0") {
			t.Errorf("%s: reach another host: %v", c.what, err)
		}
		if got := ask(base, "ours.example"); c.roots == known && got != "0" {
			t.Errorf("%s: another link showed it too: %q", c.what, got)
		}
	}
}

func TestParseTrust_shows_no_key(t *testing.T) {
	t.Parallel()
	certificate, key, _ := issued(t, "ours.example")
	trust, err := ParseTrust(certificate+key, "", "")
	if err != nil {
		t.Fatalf("a key in the certificate's text: %v", err)
	}
	for _, text := range []string{fmt.Sprint(trust), fmt.Sprintf("%+v", trust), fmt.Sprintf("%#v", trust)} {
		if len(text) > 80 {
			t.Errorf("printed: %s", text)
		}
	}
	_, err = ParseTrust(certificate, "canary-key", "")
	if err != NoKey || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v, want that there is no key", err)
	}
}
