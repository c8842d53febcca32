package check

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	canaryName     = "alice"
	canaryPassword = "canary-93b1f2"
)

// fake is a calendar server that holds what it is given, with its manners as switches.
type fake struct {
	// before answers a request in place of the server and reports whether it did.
	before func(w http.ResponseWriter, r *http.Request, body string) bool

	privileges, owner, components, types, name, home string // of the calendar, in XML; "" for the usual

	ignoreIfMatch, ignoreIfMatchOnDelete, ignoreIfNoneMatch, racy, oneUID bool
	noETags, weakETags, sameETags, noETagOnPut                            bool
	losesWrites, changesText, keepsAll                                    bool
	sync                                                                  syncManner
	clock                                                                 func() string // the Date header, "" for none; nil: the real one
	digest                                                                bool
	token                                                                 string // taken as Bearer; "" for none
	more                                                                  string // calendars beside the first, as responses

	mu      sync.Mutex
	events  map[string]*stored
	version int
	log     []string // every put and delete, in order
	seen    []string // every request
}

type stored struct {
	body      string
	etag, was string
	version   int
	gone      bool
}

type syncManner int

const (
	syncWell syncManner = iota
	syncAbsent
	syncClaimed
	syncWithoutToken
	syncForgets
	syncMisses
	syncRepeats
	syncLies
)

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	body := string(raw)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r.Method+" "+r.URL.Path)
	if f.clock != nil {
		w.Header()["Date"] = nil
		if date := f.clock(); date != "" {
			w.Header().Set("Date", date)
		}
	}
	if f.before != nil && f.before(w, r, body) {
		return
	}
	if !f.signedIn(w, r) {
		return
	}
	switch {
	case r.URL.Path == "/.well-known/caldav":
		http.Redirect(w, r, "/dav/", http.StatusMovedPermanently)
	case r.Method == "PROPFIND":
		f.propfind(w, r)
	case r.Method == "REPORT":
		f.report(w, body)
	case r.Method == "PUT":
		f.put(w, r, body)
	case r.Method == "GET":
		f.get(w, r)
	case r.Method == "DELETE":
		f.remove(w, r)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (f *fake) signedIn(w http.ResponseWriter, r *http.Request) bool {
	name, password, _ := r.BasicAuth()
	switch {
	case f.token != "" && r.Header.Get("Authorization") == "Bearer "+f.token:
		return true
	case f.digest && strings.HasPrefix(r.Header.Get("Authorization"), "Digest "):
		return true
	case f.digest:
		w.Header().Set("WWW-Authenticate", `Digest realm="test", nonce="n", qop="auth"`)
	case name == canaryName && password == canaryPassword:
		return true
	default:
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
	}
	w.WriteHeader(http.StatusUnauthorized)
	return false
}

func multistatus(w http.ResponseWriter, inside string) {
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(http.StatusMultiStatus)
	_, _ = io.WriteString(w, `<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">`+inside+`</D:multistatus>`)
}

func propstat(href, inside string) string {
	return `<D:response><D:href>` + href + `</D:href><D:propstat><D:prop>` + inside + `</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
}

func statusOf(href string, code int) string {
	return fmt.Sprintf(`<D:response><D:href>%s</D:href><D:status>HTTP/1.1 %d X</D:status></D:response>`, href, code)
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

const principalOf = `<D:current-user-principal><D:href>/p/alice/</D:href></D:current-user-principal>`

func (f *fake) calendarProps() string {
	props := or(f.types, `<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>`) + `<D:displayname>` + or(f.name, "Werk") + `</D:displayname>` +
		principalOf + or(f.owner, `<D:owner><D:href>/p/alice/</D:href></D:owner>`) + f.privileges + f.components
	switch f.sync {
	case syncAbsent:
	case syncClaimed:
		props += `<D:supported-report-set><D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report></D:supported-report-set>`
	default:
		props += fmt.Sprintf(`<D:sync-token>urn:t:%d</D:sync-token>`, f.version)
	}
	return props
}

func (f *fake) propfind(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/dav/":
		multistatus(w, propstat("/dav/", `<D:resourcetype><D:collection/></D:resourcetype>`+principalOf))
	case "/p/alice/":
		multistatus(w, propstat("/p/alice/", or(f.home, `<C:calendar-home-set><D:href>/c/</D:href></C:calendar-home-set>`)+
			`<C:calendar-user-address-set><D:href>mailto:alice@example.com</D:href></C:calendar-user-address-set>`))
	case "/c/":
		multistatus(w, propstat("/c/", `<D:resourcetype><D:collection/></D:resourcetype>`)+propstat("/c/work/", f.calendarProps())+f.more)
	case "/c/work/":
		inside := propstat("/c/work/", f.calendarProps())
		if r.Header.Get("Depth") == "1" {
			for href, event := range f.events {
				if !event.gone {
					inside += propstat(href, f.etagProp(event))
				}
			}
		}
		multistatus(w, inside)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (f *fake) etagProp(event *stored) string {
	if f.noETags {
		return `<D:resourcetype/>`
	}
	return `<D:getetag>` + event.etag + `</D:getetag>`
}

func (f *fake) report(w http.ResponseWriter, body string) {
	if !strings.Contains(body, "sync-collection") {
		inside := ""
		for href, event := range f.events {
			if strings.Contains(body, ">"+href+"<") && !event.gone {
				inside += propstat(href, f.etagProp(event)+`<C:calendar-data>`+event.body+`</C:calendar-data>`)
			}
		}
		multistatus(w, inside)
		return
	}
	_, after, _ := strings.Cut(body, "<D:sync-token>")
	token, _, _ := strings.Cut(after, "<")
	since := 0
	_, err := fmt.Sscanf(token, "urn:t:%d", &since)
	known := token == "" || err == nil && since <= f.version
	refused := func(code int, condition string) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, `<D:error xmlns:D="DAV:"><D:`+condition+`/></D:error>`)
	}
	switch {
	case f.sync == syncAbsent || f.sync == syncClaimed:
		refused(http.StatusForbidden, "supported-report")
		return
	case f.sync == syncForgets && token != "":
		refused(http.StatusForbidden, "valid-sync-token")
		return
	case !known && f.sync != syncLies:
		refused(http.StatusForbidden, "valid-sync-token")
		return
	}
	if f.sync == syncRepeats {
		since = 0
	}
	inside := ""
	for href, event := range f.events {
		switch {
		case event.version <= since || f.sync == syncMisses && token != "":
		case event.gone && token != "":
			inside += statusOf(href, 404)
		case !event.gone:
			inside += propstat(href, f.etagProp(event)+`<C:calendar-data>`+event.body+`</C:calendar-data>`)
		}
	}
	if f.sync != syncWithoutToken {
		inside += fmt.Sprintf(`<D:sync-token>urn:t:%d</D:sync-token>`, f.version)
	}
	multistatus(w, inside)
}

func (f *fake) put(w http.ResponseWriter, r *http.Request, body string) {
	if f.events == nil {
		f.events = map[string]*stored{}
	}
	href := r.URL.Path
	event := f.events[href]
	there := event != nil && !event.gone
	if there && r.Header.Get("If-None-Match") == "*" && !f.ignoreIfNoneMatch {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	if match := r.Header.Get("If-Match"); match != "" && !f.ignoreIfMatch {
		if !there || match != event.etag && match != strings.TrimPrefix(event.etag, "W/") && (!f.racy || match != event.was) {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
	}
	if f.oneUID && !there {
		for _, other := range f.events {
			if !other.gone && uidOf(other.body) == uidOf(body) {
				w.WriteHeader(http.StatusConflict)
				return
			}
		}
	}
	f.log = append(f.log, "PUT "+href)
	code := http.StatusNoContent
	if !there {
		code = http.StatusCreated
	}
	if f.losesWrites {
		w.WriteHeader(code)
		return
	}
	if f.changesText {
		body = strings.ReplaceAll(body, " (changed)", "")
	}
	f.version++
	if event == nil {
		event = &stored{}
		f.events[href] = event
	}
	event.body, event.gone, event.version = body, false, f.version
	// Several that write with one version each name the version that they all saw.
	if !f.racy || event.was == "" {
		event.was = event.etag
	}
	etag := fmt.Sprintf(`"%d"`, f.version)
	if f.sameETags {
		etag = `"same"`
	}
	if f.weakETags {
		etag = "W/" + etag
	}
	event.etag = etag
	if !f.noETags && !f.noETagOnPut {
		w.Header().Set("ETag", etag)
	}
	w.WriteHeader(code)
}

func uidOf(body string) string {
	_, after, _ := strings.Cut(body, "UID:")
	uid, _, _ := strings.Cut(after, "\r")
	return uid
}

func (f *fake) get(w http.ResponseWriter, r *http.Request) {
	event := f.events[r.URL.Path]
	if event == nil || event.gone {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if !f.noETags {
		w.Header().Set("ETag", event.etag)
	}
	_, _ = io.WriteString(w, event.body)
}

func (f *fake) remove(w http.ResponseWriter, r *http.Request) {
	event := f.events[r.URL.Path]
	switch match := r.Header.Get("If-Match"); {
	case event == nil || event.gone:
		w.WriteHeader(http.StatusNotFound)
	case f.keepsAll:
		w.WriteHeader(http.StatusForbidden)
	case match != "" && match != event.etag && !f.ignoreIfMatchOnDelete:
		w.WriteHeader(http.StatusPreconditionFailed)
	default:
		f.version++
		event.gone, event.version = true, f.version
		f.log = append(f.log, "DELETE "+r.URL.Path)
		w.WriteHeader(http.StatusNoContent)
	}
}

// holding puts events there before the test begins.
func (f *fake) holding(bodies ...string) *fake {
	f.events = map[string]*stored{}
	for i, body := range bodies {
		f.version++
		etag := fmt.Sprintf(`"%d"`, f.version)
		if f.weakETags {
			etag = fmt.Sprint(f.version)
		}
		f.events[fmt.Sprintf("/c/work/%d.ics", i)] = &stored{body: body, etag: etag, version: f.version}
	}
	return f
}

// left is what is there of what the test itself made.
func (f *fake) left() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var hrefs []string
	for href, event := range f.events {
		if !event.gone && strings.Contains(event.body, "connection test") {
			hrefs = append(hrefs, href)
		}
	}
	return hrefs
}

const someEvent = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:x\r\nSUMMARY:secret-plan\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

// authority issues certificates of a test.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-24 * time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &authority{key, certificate, pool}
}

// issue makes a certificate for an address or a name.
func (a *authority) issue(t *testing.T, name string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secure serves by https with a certificate.
func secure(t *testing.T, handler http.Handler, certificate tls.Certificate, change func(*tls.Config)) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	if change != nil {
		change(server.TLS)
	}
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}
