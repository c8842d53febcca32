package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// company is an authority of a company itself, and what it issued for its calendar server and for one person.
type company struct {
	authority        string // PEM, like the others
	certificate, key string
	server           tls.Certificate
	pool             *x509.CertPool
}

func newCompany(t *testing.T) company {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	now := time.Now()
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		return key
	}
	rootKey := newKey()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Our authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	must(err)
	issue := func(name string, addresses ...net.IP) ([]byte, *ecdsa.PrivateKey) {
		key := newKey()
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, IPAddresses: addresses, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}, root, &key.PublicKey, rootKey)
		must(err)
		return der, key
	}
	c := company{authority: text("CERTIFICATE", rootDER), pool: x509.NewCertPool()}
	c.pool.AppendCertsFromPEM([]byte(c.authority))
	serverDER, serverKey := issue("calendar", net.IPv4(127, 0, 0, 1))
	c.server = tls.Certificate{Certificate: [][]byte{serverDER}, PrivateKey: serverKey}
	personDER, personKey := issue("Bob of the company")
	keyDER, err := x509.MarshalPKCS8PrivateKey(personKey)
	must(err)
	c.certificate, c.key = text("CERTIFICATE", personDER), text("PRIVATE KEY", keyDER)
	return c
}

// canary is a piece of the private key.
func (c company) canary() string { return strings.Split(c.key, "\n")[1] }

// serve is a calendar server that takes the company's own people only.
func (c company) serve(t *testing.T, calendar http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(calendar)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{c.server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: c.pool}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// serveAnybody is a server of the company that asks nobody for a certificate.
func (c company) serveAnybody(t *testing.T) func(http.Handler) *httptest.Server {
	return func(handler http.Handler) *httptest.Server {
		t.Helper()
		server := httptest.NewUnstartedServer(handler)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{c.server}}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		return server
	}
}

// certified makes a user and a link that shows the company's certificate, and pulls it once.
func (w *wall) certified(login string) (crm.User, crm.LinkID) {
	w.t.Helper()
	return w.linkedBy(login, map[string]any{
		"address": w.secure.URL + w.box.CalendarPath(login, "work"), "client_certificate": w.company.certificate, "client_key": w.company.key, "authority": w.company.authority,
	})
}

func TestCertificate_a_link_with_its_own_certificate_and_authority_syncs(t *testing.T) {
	w := newWall(t)
	_, link := w.certified("bob")
	_, err := w.box.Human("bob", "phone").Put("work", "one.ics", demoEvents(demoToday())["lunch.ics"], "*")
	w.must(err)
	w.pull(link)
	var shown struct {
		Version     int64    `json:"version"`
		States      []string `json:"states"`
		Certificate struct {
			Subject   string    `json:"subject"`
			Until     time.Time `json:"until"`
			Authority string    `json:"authority"`
		} `json:"certificate"`
	}
	look := func() {
		t.Helper()
		w.must(w.api.do(t.Context(), http.MethodGet, "/links/"+link.String(), 0, nil, &shown))
	}
	look()
	if shown.States[0] != "active" || shown.Certificate.Subject != "Bob of the company" || shown.Certificate.Authority != "Our authority" || time.Until(shown.Certificate.Until) > time.Hour {
		t.Errorf("got %+v", shown)
	}
	if found, err := w.api.find(t.Context(), "", false); err != nil || len(found) != 1 {
		t.Errorf("%d actions (%v), want the one of the calendar", len(found), err)
	}
	path := "/links/" + link.String()
	_, page := w.get(path + "/edit")
	for _, text := range []string{"Bob of the company", "Our authority", `name="forget_certificate"`} {
		if !strings.Contains(page, text) {
			t.Errorf("the form does not say %q", text)
		}
	}

	// What is left empty stays; what is given up is missed; another host is told nothing of it.
	form := url.Values{"address": {w.secure.URL + w.box.CalendarPath("bob", "work")}, "username": {"bob"}, "version": {"1"}}
	if status, answer := w.post(path+"/edit", form); status != http.StatusSeeOther {
		t.Errorf("a change of nothing is answered %d: %s", status, answer)
	}
	if look(); shown.Certificate.Subject == "" || shown.Version != 2 {
		t.Errorf("after a change of nothing: %+v", shown)
	}
	form.Set("version", "2")
	form.Set("forget_certificate", "yes")
	form.Set("authority", w.company.authority)
	if status, answer := w.post(path+"/edit", form); status != http.StatusUnprocessableEntity || !strings.Contains(answer, `id="client_certificate-e"`) {
		t.Errorf("without the certificate it is answered %d: %s", status, answer)
	}
	form = url.Values{"address": {"https://localhost" + w.box.CalendarPath("bob", "work")}, "username": {"bob"}, "password": {calendarCanary}, "version": {"2"}}
	if status, answer := w.post(path+"/edit", form); status != http.StatusUnprocessableEntity || !strings.Contains(answer, "The address now leads to localhost") {
		t.Errorf("at another host it is answered %d: %s", status, answer)
	}
	if look(); shown.Certificate.Subject == "" || shown.Version != 2 {
		t.Errorf("a refused change has changed it: %+v", shown)
	}
	w.must(w.api.do(t.Context(), http.MethodDelete, path, shown.Version, nil, nil))
	w.mustHoldNoCertificate(link)
}

// mustHoldNoCertificate fails the test when an ended link still has its key, sealed or not.
func (w *wall) mustHoldNoCertificate(link crm.LinkID) {
	w.t.Helper()
	var sealed []byte
	w.must(w.p.store.Read(w.t.Context(), func(tx *store.Tx) (err error) {
		sealed, err = tx.LinkTLS(link)
		return err
	}))
	if sealed != nil {
		w.t.Error("the key of an ended link is still there")
	}
}

func TestCheckCommand_shows_a_certificate_from_files(t *testing.T) {
	w := newWall(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		w.must(os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	certificate, key, authority := write("bob.crt", w.company.certificate), write("bob.key", w.company.key), write("ca.crt", w.company.authority)
	check := func(arguments ...string) (int, string) {
		var out strings.Builder
		code := run(t.Context(), append([]string{"check", w.secure.URL + w.box.CalendarPath("bob", "work"), "--username", "bob"}, arguments...), environment{
			stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(name string) string {
				return map[string]string{passwordVariable: calendarCanary, "LANG": "C"}[name]
			},
		})
		return code, out.String()
	}
	if code, out := check("--client-cert", certificate, "--client-key", key, "--ca", authority); code == 1 {
		t.Errorf("got %d: %s", code, out)
	}
	if code, out := check("--ca", authority); code != 1 || !strings.Contains(out, "asks for a client certificate") {
		t.Errorf("without a certificate got %d: %s", code, out)
	}
	if code, out := check("--ca", filepath.Join(dir, "missing.crt")); code != 1 || !strings.Contains(out, "--ca: open") {
		t.Errorf("a file that is missing: got %d: %s", code, out)
	}
	if code, out := check("--ca", key); code != 1 || !strings.Contains(out, "own authority (CA) cannot be read") || strings.Contains(out, w.company.canary()) {
		t.Errorf("a key as authority: got %d: %s", code, out)
	}
}
