package check

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/dav"
	"agendaonline/internal/i18n"
	"agendaonline/internal/outbound"
)

var quiet = log.New(io.Discard, "", 0)

// world is what one test of the connection test stands in.
type world struct {
	transport Transport
	resolver  caldav.Resolver
	request   Request
	timeouts  caldav.Timeouts
	server    *fake
}

var uids atomic.Int64

// trusting is the transport of a test with a certificate or authorities.
func (w world) trusting(host string, trust outbound.Trust) Transport {
	real, is := w.transport.(*outbound.Transport)
	if !is {
		return w.transport
	}
	return real.Trusting(host, trust)
}

func (w world) run(t *testing.T) Verdict {
	t.Helper()
	tester := New(Config{
		Transport: w.transport, Trusting: w.trusting, Resolver: w.resolver, Random: rand.Reader, Timeouts: w.timeouts,
		NewUID: func() string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", uids.Add(1)) },
	})
	if w.request.Username == "" {
		w.request.Username, w.request.Password = canaryName, canaryPassword
	}
	var reported []string
	verdict, err := tester.Test(t.Context(), w.request, func(step Step) { reported = append(reported, step.Name) })
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(reported, Steps) || len(verdict.Steps) != len(Steps) {
		t.Fatalf("got the steps %q, want %q", reported, Steps)
	}
	text := fmt.Sprintf("%+v", verdict)
	for _, secret := range []string{w.request.Password, "secret-plan"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the verdict: %s", secret, text)
		}
	}
	if w.server != nil && !w.server.keepsAll {
		if left := w.server.left(); len(left) > 0 {
			t.Errorf("the test left %q behind", left)
		}
	}
	return verdict
}

// allowing is a transport that may reach these servers only.
func allowing(t *testing.T, roots *x509.CertPool, servers ...string) *outbound.Transport {
	t.Helper()
	var allow outbound.Allow
	for _, server := range servers {
		parsed, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		if allow, err = allow.With(parsed.Host); err != nil {
			t.Fatal(err)
		}
	}
	transport := outbound.New(outbound.Config{Allow: allow, Roots: roots})
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// on is the world of a server by http, its calendar typed as address.
func on(t *testing.T, server *fake) world {
	t.Helper()
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	return world{
		transport: allowing(t, nil, listening.URL), server: server,
		request: Request{Address: listening.URL + "/c/work/", PlainHTTP: true},
	}
}

func (w world) asking(change func(*Request)) world { change(&w.request); return w }

// writing asks for the steps that write.
func (w world) writing() world { w.request.Write = true; return w }

// at is another path of the same server as address; "" is the server itself.
func (w world) at(path string) world {
	w.request.Address = strings.TrimSuffix(w.request.Address, "/c/work/") + path
	return w
}

// answering is a server that gives one answer to everything.
func answering(t *testing.T, code int, body string, fields ...string) world {
	t.Helper()
	return on(t, &fake{before: func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
		return true
	}})
}

// instead answers one method at the calendar and below.
func instead(method string, answer func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request, string) bool {
	return func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method != method {
			return false
		}
		answer(w, r)
		return true
	}
}

// stub is a transport whose connections fail.
type stub struct {
	kinds map[outbound.Origin]outbound.Kind
}

func (s stub) Reach(_ context.Context, origin outbound.Origin) (outbound.Reached, error) {
	if kind, fails := s.kinds[origin]; fails {
		return outbound.Reached{}, &outbound.Trouble{Kind: kind, Host: origin.Host()}
	}
	return outbound.Reached{}, nil
}

func (stub) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &outbound.Trouble{Kind: outbound.Cut, Host: "stub"}
}

func failing(kind outbound.Kind) world {
	return world{transport: stub{map[outbound.Origin]outbound.Kind{"https://dav.example": kind}}, request: Request{Address: "https://dav.example/"}}
}

func typed(address string) world {
	return world{transport: stub{}, request: Request{Address: address}}
}

// records is DNS of a test.
type records map[string][]*net.SRV

func (r records) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	if found, ok := r[name]; ok {
		return name, found, nil
	}
	return "", nil, &net.DNSError{Name: name, IsNotFound: true}
}

func (r records) LookupTXT(_ context.Context, name string) ([]string, error) {
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

const readOnly = `<D:current-user-privilege-set><D:privilege><D:read/></D:privilege><D:privilege><D:write-properties/></D:privilege></D:current-user-privilege-set>`

// provocations are, for each code, a world in which the test says it.
var provocations = map[Code]func(t *testing.T) world{
	CodeNotTried:       func(t *testing.T) world { return typed("") },
	CodeNotTriedChoose: func(t *testing.T) world { return several(t) },
	CodeNotAsked:       func(t *testing.T) world { return on(t, &fake{}) },
	CodeNotWritable:    func(t *testing.T) world { return on(t, &fake{privileges: readOnly}).writing() },

	CodeAddressOK:    func(t *testing.T) world { return byTLS(t, "127.0.0.1", time.Now().Add(24*time.Hour), nil) },
	CodeAddressPlain: func(t *testing.T) world { return on(t, &fake{}) },
	CodeAddressCorrected: func(t *testing.T) world {
		return byTLS(t, "127.0.0.1", time.Now().Add(24*time.Hour), nil).asking(func(r *Request) { r.Address = "webcal" + strings.TrimPrefix(r.Address, "https") })
	},
	CodeAddressEmpty:     func(t *testing.T) world { return typed("  ") },
	CodeAddressNoURL:     func(t *testing.T) world { return typed("my calendar") },
	CodeAddressScheme:    func(t *testing.T) world { return typed("ftp://dav.example/") },
	CodeAddressGoogle:    func(t *testing.T) world { return typed("anna@gmail.com") },
	CodeAddressMicrosoft: func(t *testing.T) world { return typed("https://outlook.office.com/calendar/") },
	CodeAddressProton:    func(t *testing.T) world { return typed("https://calendar.proton.me/u/0") },
	CodeAddressFeed: func(t *testing.T) world {
		return answering(t, 404, "").asking(func(r *Request) { r.Address += "feed.ics" })
	},
	CodeRecordElsewhere: func(t *testing.T) world {
		return world{
			transport: stub{map[outbound.Origin]outbound.Kind{"https://firm.example": outbound.UnknownHost}}, request: Request{Address: "anna@firm.example"},
			resolver: records{"firm.example": {{Target: "caldav.provider.example.", Port: 443}}},
		}
	},
	CodePrivateAddress: func(t *testing.T) world {
		w := on(t, &fake{})
		w.transport = allowing(t, nil)
		return w
	},
	CodeOddPort: func(t *testing.T) world {
		return world{transport: allowing(t, nil), request: Request{Address: "https://9.9.9.9:22/"}}
	},
	CodePlainHTTP: func(t *testing.T) world { return on(t, &fake{}).asking(func(r *Request) { r.PlainHTTP = false }) },

	CodeUnknownHost: func(t *testing.T) world { return failing(outbound.UnknownHost) },
	CodeNameLookup:  func(t *testing.T) world { return failing(outbound.NameLookup) },
	CodeUnreachable: func(t *testing.T) world { return failing(outbound.Unreachable) },
	CodeNotListening: func(t *testing.T) world {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := "https://" + listener.Addr().String() + "/"
		_ = listener.Close()
		return world{transport: allowing(t, nil, address), request: Request{Address: address}}
	},
	CodeTimeout: func(t *testing.T) world {
		stop := make(chan struct{})
		listening := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-stop:
			}
		}))
		t.Cleanup(func() { close(stop); listening.Close() })
		return world{
			transport: allowing(t, nil, listening.URL), request: Request{Address: listening.URL, PlainHTTP: true}, timeouts: caldav.Timeouts{Answer: 20 * time.Millisecond},
		}
	},
	CodeCut: func(t *testing.T) world {
		return on(t, &fake{before: func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = connection.Close()
			}
			return true
		}})
	},
	CodeNotTLS: func(t *testing.T) world {
		return on(t, &fake{}).asking(func(r *Request) { r.Address = "https" + strings.TrimPrefix(r.Address, "http") })
	},
	CodeTLSExpired: func(t *testing.T) world { return byTLS(t, "127.0.0.1", time.Now().Add(-time.Hour), nil) },
	CodeTLSHost:    func(t *testing.T) world { return byTLS(t, "other.example", time.Now().Add(24*time.Hour), nil) },
	CodeTLSAuthority: func(t *testing.T) world {
		w := byTLS(t, "127.0.0.1", time.Now().Add(24*time.Hour), nil)
		w.transport = allowing(t, x509.NewCertPool(), w.request.Address)
		return w
	},
	CodeCertificateWanted: func(t *testing.T) world { return mutual(t, nil) },
	CodeCertificateRefused: func(t *testing.T) world {
		return mutual(t, func(r *Request, _ *authority) {
			r.show(t, newAuthority(t).issue(t, "stranger", time.Now().Add(time.Hour)))
		})
	},
	CodeCertificateExpired: func(t *testing.T) world {
		return mutual(t, func(r *Request, ours *authority) { r.show(t, ours.issue(t, "late", time.Now().Add(-time.Hour))) })
	},
	CodeCertificateNotYet: func(t *testing.T) world {
		return mutual(t, func(r *Request, ours *authority) { r.show(t, ours.issue(t, "early", time.Now().Add(96*time.Hour))) })
	},
	CodeCertificateUnreadable: func(t *testing.T) world {
		return mutual(t, func(r *Request, _ *authority) { r.Certificate, r.Key = "MIIB", "MIIB" })
	},
	CodeKeyUnreadable: func(t *testing.T) world {
		return mutual(t, func(r *Request, ours *authority) {
			r.show(t, ours.issue(t, "ann", time.Now().Add(time.Hour)))
			r.Key = ""
		})
	},
	CodeKeyEncrypted: func(t *testing.T) world {
		return mutual(t, func(r *Request, ours *authority) {
			r.show(t, ours.issue(t, "ann", time.Now().Add(time.Hour)))
			r.Key = strings.ReplaceAll(r.Key, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
		})
	},
	CodeKeyOther: func(t *testing.T) world {
		return mutual(t, func(r *Request, ours *authority) {
			r.show(t, ours.issue(t, "ann", time.Now().Add(time.Hour)))
			other := *r
			other.show(t, ours.issue(t, "bob", time.Now().Add(time.Hour)))
			r.Key = other.Key
		})
	},
	CodeAuthorityUnreadable: func(t *testing.T) world {
		return mutual(t, func(r *Request, _ *authority) {
			r.Authorities = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
		})
	},
	CodeAuthorityNone: func(t *testing.T) world {
		return mutual(t, func(r *Request, ours *authority) {
			server := ours.issue(t, "dav.example", time.Now().Add(time.Hour))
			r.Authorities = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate[0]}))
		})
	},
	CodeAuthorityOther: func(t *testing.T) world {
		return mutual(t, func(r *Request, _ *authority) { r.Authorities = newAuthority(t).text() })
	},
	CodeCertificateNoHost: func(t *testing.T) world {
		return mutual(t, func(r *Request, ours *authority) { r.Address, r.Authorities = "ann@dav.example", ours.text() })
	},
	CodeTLSOther: func(t *testing.T) world {
		return byTLS(t, "127.0.0.1", time.Now().Add(24*time.Hour), func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
	},
	CodeNotHTTP: func(t *testing.T) world {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { // ends when the listener is closed, which the cleanup waits for
			defer close(done)
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(connection, "SSH-2.0-OpenSSH_9.2\r\n")
				_ = connection.SetReadDeadline(time.Now().Add(time.Second))
				_, _ = connection.Read(make([]byte, 1024))
				_ = connection.Close()
			}
		}()
		t.Cleanup(func() { _ = listener.Close(); <-done })
		address := "http://" + listener.Addr().String() + "/"
		return world{transport: allowing(t, nil, address), request: Request{Address: address, PlainHTTP: true}}
	},

	CodeFoundAtAddress: func(t *testing.T) world { return on(t, &fake{}) },
	CodeFoundElsewhere: func(t *testing.T) world { return on(t, &fake{}).at("") },
	CodeFoundSignIn:    func(t *testing.T) world { return on(t, &fake{}).asking(wrongPassword) },
	CodeNotFound:       func(t *testing.T) world { return answering(t, 404, "") },
	CodeNotCalDAV: func(t *testing.T) world {
		return on(t, &fake{before: func(w http.ResponseWriter, r *http.Request, _ string) bool {
			multistatus(w, propstat(r.URL.Path, `<D:resourcetype><D:collection/></D:resourcetype>`))
			return true
		}})
	},
	CodeNotDAV: func(t *testing.T) world {
		return answering(t, 200, "<!DOCTYPE html><html><body>Welcome</body></html>", "Content-Type", "text/html")
	},
	CodeMalformed: func(t *testing.T) world {
		return answering(t, 207, `<D:multistatus xmlns:D="DAV:"><D:response></D:multistatus>`)
	},
	CodeRedirectLoop: func(t *testing.T) world { return answering(t, 301, "", "Location", "/round/") },
	CodeRedirectOther: func(t *testing.T) world {
		return answering(t, 301, "", "Location", "https://login.provider.example/start?session=x")
	},
	CodeRedirectHTTP: func(t *testing.T) world {
		w := byTLS(t, "127.0.0.1", time.Now().Add(24*time.Hour), nil)
		w.server.before = func(answer http.ResponseWriter, r *http.Request, _ string) bool {
			http.Redirect(answer, r, "http://"+r.Host+"/", http.StatusFound)
			return true
		}
		return w
	},
	CodeForbidden: func(t *testing.T) world { return answering(t, 403, "") },
	CodeAPIOff: func(t *testing.T) world {
		return answering(t, 403, `<errors xmlns="http://schemas.google.com/g/2005"><error><domain>usageLimits</domain><code>accessNotConfigured</code></error></errors>`)
	},
	CodeThrottled:   func(t *testing.T) world { return answering(t, 429, "", "Retry-After", "60") },
	CodeMaintenance: func(t *testing.T) world { return answering(t, 503, "System is in maintenance mode.") },
	CodeServerError: func(t *testing.T) world { return answering(t, 500, "") },
	CodeRefused:     func(t *testing.T) world { return answering(t, 400, "") },
	CodeTooLarge: func(t *testing.T) world {
		return on(t, &fake{before: instead("PROPFIND", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(207)
			_, _ = io.WriteString(w, `<D:multistatus xmlns:D="DAV:"><D:response><D:href>`)
			block := strings.Repeat("a", 1<<20)
			for range 65 {
				if _, err := io.WriteString(w, block); err != nil {
					return
				}
			}
		})})
	},
	CodeTruncated: func(t *testing.T) world {
		f := &fake{}
		f.before = func(w http.ResponseWriter, r *http.Request, _ string) bool {
			if r.Method != "PROPFIND" || r.Header.Get("Depth") != "1" {
				return false
			}
			multistatus(w, statusOf("/c/work/", 507))
			return true
		}
		return on(t, f)
	},
	CodeStorageFull: func(t *testing.T) world {
		return on(t, &fake{before: instead("PUT", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(507) })}).writing()
	},

	CodeSignedIn:       func(t *testing.T) world { return on(t, &fake{}) },
	CodeSignedInDigest: func(t *testing.T) world { return on(t, &fake{digest: true}) },
	CodeSignInRefused:  func(t *testing.T) world { return on(t, &fake{}).asking(wrongPassword) },
	CodeSignInOther:    func(t *testing.T) world { return answering(t, 401, "", "WWW-Authenticate", `Bearer realm="x"`) },
	CodeAccountDisabled: func(t *testing.T) world {
		return answering(t, 503, "OCA\\DAV\\Connector\\Sabre\\Exception\\DisabledUserException: Account disabled")
	},

	CodeSignedInGrant: func(t *testing.T) world { return withToken(t, nil) },
	CodeGrantRefused: func(t *testing.T) world {
		return withToken(t, func(w http.ResponseWriter, _ *http.Request, _ string) bool { w.WriteHeader(401); return true })
	},
	CodeGrantNoCalDAV: func(t *testing.T) world {
		return withToken(t, func(w http.ResponseWriter, r *http.Request, _ string) bool {
			if r.URL.Path != "/p/alice/" {
				return false
			}
			w.WriteHeader(404)
			_, _ = io.WriteString(w, `<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:exception>Sabre\DAV\Exception\NotFound</s:exception>`+
				`<s:message>File not found: alice in 'principals'</s:message></d:error>`)
			return true
		})
	},

	CodeCalendarChosen:    func(t *testing.T) world { return on(t, &fake{}) },
	CodeCalendarOfAnother: func(t *testing.T) world { return on(t, &fake{owner: `<D:owner><D:href>/p/bob/</D:href></D:owner>`}) },
	CodeChooseCalendar:    several,
	CodeNoCalendars: func(t *testing.T) world {
		return on(t, &fake{types: `<D:resourcetype><D:collection/></D:resourcetype>`}).at("/dav/")
	},
	CodeCalendarElsewhere: func(t *testing.T) world {
		return on(t, &fake{home: `<C:calendar-home-set><D:href>https://p07.provider.example/1/calendars/</D:href></C:calendar-home-set>`}).at("/dav/")
	},
	CodeTasksOnly: func(t *testing.T) world {
		return on(t, &fake{components: `<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>`})
	},
	CodeCalendarGone: func(t *testing.T) world {
		w := on(t, &fake{})
		return w.asking(func(r *Request) { r.Calendar = strings.TrimSuffix(r.Address, "work/") + "gone/" })
	},
	CodeNotACalendar: func(t *testing.T) world {
		return on(t, &fake{types: `<D:resourcetype><D:collection/><N:deleted-calendar xmlns:N="http://nextcloud.com/ns"/></D:resourcetype>`}).
			asking(func(r *Request) { r.Calendar = r.Address })
	},

	CodeRead:      func(t *testing.T) world { return on(t, (&fake{}).holding(someEvent)) },
	CodeReadEmpty: func(t *testing.T) world { return on(t, &fake{}) },
	CodeReadRefused: func(t *testing.T) world {
		f := &fake{}
		f.before = func(w http.ResponseWriter, r *http.Request, _ string) bool {
			if r.Method != "PROPFIND" || r.Header.Get("Depth") != "1" {
				return false
			}
			w.WriteHeader(403)
			return true
		}
		return on(t, f)
	},
	CodeReadNoEvents: func(t *testing.T) world { return on(t, (&fake{}).holding("hello")) },
	CodeWritten:      func(t *testing.T) world { return on(t, &fake{}).writing() },
	CodeReadOnly:     func(t *testing.T) world { return on(t, &fake{privileges: readOnly}) },
	CodeWriteRefused: func(t *testing.T) world {
		return on(t, &fake{before: instead("PUT", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) })}).writing()
	},
	CodeWriteLost:      func(t *testing.T) world { return on(t, &fake{losesWrites: true}).writing() },
	CodeWriteChanged:   func(t *testing.T) world { return on(t, &fake{changesText: true}).writing() },
	CodeWriteLeft:      func(t *testing.T) world { return on(t, &fake{keepsAll: true}).writing() },
	CodePreconditions:  func(t *testing.T) world { return on(t, &fake{}).writing() },
	CodeIfMatch:        func(t *testing.T) world { return on(t, &fake{ignoreIfMatch: true}).writing() },
	CodeIfMatchDelete:  func(t *testing.T) world { return on(t, &fake{ignoreIfMatchOnDelete: true}).writing() },
	CodeIfNoneMatch:    func(t *testing.T) world { return on(t, &fake{ignoreIfNoneMatch: true}).writing() },
	CodeIfMatchRacy:    func(t *testing.T) world { return on(t, &fake{racy: true}).writing() },
	CodeETags:          func(t *testing.T) world { return on(t, (&fake{}).holding(someEvent)) },
	CodeETagsReadBack:  func(t *testing.T) world { return on(t, &fake{noETagOnPut: true}).writing() },
	CodeETagsMissing:   func(t *testing.T) world { return on(t, (&fake{noETags: true}).holding(someEvent)) },
	CodeETagsWeak:      func(t *testing.T) world { return on(t, (&fake{weakETags: true}).holding(someEvent)) },
	CodeETagsUnchanged: func(t *testing.T) world { return on(t, &fake{sameETags: true}).writing() },
	CodeETagsNotSeen:   func(t *testing.T) world { return on(t, &fake{}) },

	CodeSyncToken:        func(t *testing.T) world { return on(t, &fake{}).writing() },
	CodeSyncTokenLies:    func(t *testing.T) world { return on(t, &fake{sync: syncLies}) },
	CodeNoSyncToken:      func(t *testing.T) world { return on(t, &fake{sync: syncAbsent}) },
	CodeSyncTokenClaimed: func(t *testing.T) world { return on(t, &fake{sync: syncClaimed}) },
	CodeSyncTokenNone:    func(t *testing.T) world { return on(t, &fake{sync: syncWithoutToken}) },
	CodeSyncTokenNotKept: func(t *testing.T) world { return on(t, &fake{sync: syncForgets}) },
	CodeSyncTokenMisses:  func(t *testing.T) world { return on(t, &fake{sync: syncMisses}).writing() },
	CodeSyncTokenRepeats: func(t *testing.T) world {
		return on(t, (&fake{sync: syncRepeats}).holding(slices.Repeat([]string{someEvent}, 25)...))
	},

	CodeClock:        func(t *testing.T) world { return on(t, &fake{}) },
	CodeClockAhead:   func(t *testing.T) world { return on(t, &fake{clock: clockAt(10 * time.Minute)}) },
	CodeClockBehind:  func(t *testing.T) world { return on(t, &fake{clock: clockAt(-24 * time.Hour)}) },
	CodeClockUnknown: func(t *testing.T) world { return on(t, &fake{clock: func() string { return "" }}) },
}

func clockAt(ahead time.Duration) func() string {
	return func() string { return time.Now().Add(ahead).UTC().Format(http.TimeFormat) }
}

func wrongPassword(r *Request) { r.Username, r.Password = canaryName, "canary-wrong-55" }

// token signs in by an access token that cannot be refreshed.
type token string

func (a token) Authorize(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+string(a))
	return nil
}

func (token) Refused(*http.Request, *http.Response) (bool, error) { return false, nil }

func withToken(t *testing.T, before func(http.ResponseWriter, *http.Request, string) bool) world {
	return on(t, &fake{before: before, token: "good"}).at("/dav/").asking(func(r *Request) { r.Credentials = token("good") })
}

func several(t *testing.T) world {
	return on(t, &fake{more: propstat("/c/home/", `<D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Thuis</D:displayname>`)}).at("/dav/")
}

func byTLS(t *testing.T, name string, until time.Time, change func(*tls.Config)) world {
	t.Helper()
	issuer := newAuthority(t)
	server := &fake{}
	listening := secure(t, server, issuer.issue(t, name, until), change)
	return world{transport: allowing(t, issuer.pool, listening.URL), server: server, request: Request{Address: listening.URL + "/c/work/"}}
}

// mutual is a server of a company's own authority that takes its own people's certificates only. Without change the authority is
// trusted, and no certificate is shown.
func mutual(t *testing.T, change func(*Request, *authority), versions ...uint16) world {
	t.Helper()
	ours := newAuthority(t)
	server := &fake{}
	listening := secure(t, server, ours.issue(t, "127.0.0.1", time.Now().Add(24*time.Hour)), func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ours.pool
		for _, version := range versions {
			c.MinVersion, c.MaxVersion = version, version
		}
	})
	w := world{transport: allowing(t, x509.NewCertPool(), listening.URL), server: server, request: Request{Address: listening.URL + "/c/work/", Authorities: ours.text()}}
	if change != nil {
		change(&w.request, ours)
	}
	return w
}

// text is the authority's certificate as PEM.
func (a *authority) text() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}))
}

// show puts a client certificate and its key into a request.
func (r *Request) show(t *testing.T, certificate tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	r.Certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}))
	r.Key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}

func TestCheck_a_client_certificate_and_an_own_authority_let_in(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		w := mutual(t, func(r *Request, ours *authority) { r.show(t, ours.issue(t, "ann", time.Now().Add(time.Hour))) }, version)
		verdict := w.writing().run(t)
		if verdict.Outcome == DoesNotWork {
			t.Errorf("TLS %x: got %s", version, codesOf(verdict))
		}
		if subject, _, _, _ := verdict.Trust.Certificate(); subject != "ann" || verdict.Trust.Authority() != "test authority" {
			t.Errorf("got the certificate %q and the authority %q", subject, verdict.Trust.Authority())
		}
	}
}

// TLS 1.2 refuses within the handshake, with alerts that say less.
func TestCheck_a_client_certificate_that_tls_12_misses_or_refuses(t *testing.T) {
	t.Parallel()
	for code, change := range map[Code]func(*Request, *authority){
		CodeCertificateWanted: nil,
		CodeCertificateRefused: func(r *Request, _ *authority) {
			r.show(t, newAuthority(t).issue(t, "stranger", time.Now().Add(time.Hour)))
		},
	} {
		w := mutual(t, change, tls.VersionTLS12)
		if verdict := w.run(t); verdict.Code != code || verdict.Field != "client_certificate" {
			t.Errorf("got %s (%s), want %s", verdict.Code, verdict.Field, code)
		}
	}
}

// nginx ends the handshake and answers with a page of its own.
func TestCheck_a_client_certificate_that_nginx_misses_or_refuses(t *testing.T) {
	t.Parallel()
	for said, code := range map[string]Code{
		"<html><head><title>400 No required SSL certificate was sent</title></head></html>": CodeCertificateWanted,
		"<html><head><title>400 The SSL certificate error</title></head></html>":            CodeCertificateRefused,
		"<html><head><title>400 Bad Request</title></head></html>":                          CodeRefused,
	} {
		ours := newAuthority(t)
		server := secure(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, said)
		}), ours.issue(t, "127.0.0.1", time.Now().Add(24*time.Hour)), nil)
		w := world{transport: allowing(t, nil, server.URL), request: Request{Address: server.URL + "/c/work/", Authorities: ours.text()}}
		if code == CodeCertificateRefused {
			w.request.show(t, ours.issue(t, "ann", time.Now().Add(time.Hour)))
		}
		if verdict := w.run(t); verdict.Code != code {
			t.Errorf("%s: got %s, want %s", said, codesOf(verdict), code)
		}
	}
}

var place = regexp.MustCompile(`\{([a-z_]+)[,}]`)

// TestCheck_every_code_is_provoked_and_has_its_sentence lists the codes that no condition provokes, and those without a
// sentence in some language or with a place in it that gets no value.
func TestCheck_every_code_is_provoked_and_has_its_sentence(t *testing.T) {
	t.Parallel()
	sentences := map[string]map[string]string{}
	for _, lang := range i18n.Languages {
		raw, err := os.ReadFile(filepath.Join("..", "i18n", "messages", "check."+lang+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, new(map[string]string)); err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		_ = json.Unmarshal(raw, &texts)
		sentences[lang] = texts
	}
	for code := range provocations {
		if !slices.Contains(Codes, code) {
			t.Errorf("%s is provoked and is in no list", code)
		}
	}
	for _, code := range Codes {
		provoke, known := provocations[code]
		if !known {
			t.Errorf("nothing provokes %s", code)
			continue
		}
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			verdict := provoke(t).run(t)
			at := slices.IndexFunc(verdict.Steps, func(step Step) bool { return step.Code == code })
			if at < 0 {
				t.Fatalf("got %s, want %s in a step", codesOf(verdict), code)
			}
			step := verdict.Steps[at]
			for _, lang := range i18n.Languages {
				text, has := sentences[lang][string(code)]
				if !has {
					t.Errorf("%s has no sentence in %s", code, lang)
				}
				for _, found := range place.FindAllStringSubmatch(text, -1) {
					if step.Params[found[1]] == "" && found[1] != "names" {
						t.Errorf("%s in %s: {%s} has no value in %v", code, lang, found[1], step.Params)
					}
				}
				if shown := i18n.T(lang, string(code), i18n.Params(step.Params)); strings.ContainsAny(shown, "{}") {
					t.Errorf("%s in %s: got %q", code, lang, shown)
				}
			}
			switch step.Outcome {
			case Failed:
				if verdict.Outcome != DoesNotWork || verdict.Code == "" {
					t.Errorf("got the verdict %s %s, want one that does not work", verdict.Outcome, verdict.Code)
				}
			case Limited:
				if verdict.Outcome == Works {
					t.Errorf("got the verdict %s, want a limit named", verdict.Outcome)
				}
				if weightOf(code) == len(limitsByWeight) {
					t.Errorf("%s is a limit without a weight", code)
				}
			}
		})
	}
}

func codesOf(verdict Verdict) string {
	var lines []string
	for _, step := range verdict.Steps {
		lines = append(lines, fmt.Sprintf("%s=%s(%s)", step.Name, step.Code, step.Outcome))
	}
	return string(verdict.Outcome) + " " + string(verdict.Code) + ": " + strings.Join(lines, " ")
}

func TestCheck_steps_have_names_and_verdicts_words_in_each_language(t *testing.T) {
	t.Parallel()
	for _, name := range Steps {
		if !i18n.Has("check.step." + name) {
			t.Errorf("the step %s has no name", name)
		}
	}
	for _, outcome := range []VerdictOutcome{Works, WorksLimited, DoesNotWork} {
		if !i18n.Has("check.verdict." + string(outcome)) {
			t.Errorf("the verdict %s has no words", outcome)
		}
	}
}

func TestCheck_a_good_server_works(t *testing.T) {
	t.Parallel()
	w := on(t, (&fake{oneUID: true}).holding(someEvent)).writing()
	verdict := w.run(t)
	if verdict.Outcome != Works || verdict.Code != "" || verdict.NoSyncToken {
		t.Fatalf("got %s", codesOf(verdict))
	}
	if got := verdict.Traits.All(); len(got) != 0 {
		t.Errorf("got traits %v, want none", got)
	}
	base := strings.TrimSuffix(w.request.Address, "/c/work/")
	if wanted := (Calendar{Href: base + "/c/work/", Name: "Werk"}); verdict.Calendar != wanted {
		t.Errorf("got %+v, want %+v", verdict.Calendar, wanted)
	}
	if !slices.Equal(verdict.Addresses, []string{"mailto:alice@example.com"}) {
		t.Errorf("got addresses %q", verdict.Addresses)
	}
	if !slices.Equal(verdict.Origins, outbound.Origins{outbound.Origin(base)}) {
		t.Errorf("got origins %q", verdict.Origins)
	}
	for _, step := range verdict.Steps {
		if step.Name != StepETags && step.Name != StepClock && len(step.Evidence) == 0 {
			t.Errorf("the step %s has no evidence", step.Name)
		}
	}
}

func TestCheck_without_being_asked_nothing_is_written(t *testing.T) {
	t.Parallel()
	w := on(t, (&fake{}).holding(someEvent))
	w.run(t)
	for _, request := range w.server.seen {
		if strings.HasPrefix(request, "PUT ") || strings.HasPrefix(request, "DELETE ") {
			t.Errorf("got %s", request)
		}
	}
}

func TestCheck_a_refused_password_is_tried_once(t *testing.T) {
	t.Parallel()
	w := on(t, &fake{}).at("").asking(wrongPassword)
	verdict := w.run(t)
	if verdict.Code != CodeSignInRefused || verdict.Field != "password" || len(w.server.seen) != 1 {
		t.Errorf("got %s and %q, want one refused sign-in", codesOf(verdict), w.server.seen)
	}
}

// S3: the connection test must not be a way to look at what is behind a firewall.
func TestCheck_s3_nothing_of_a_body_or_banner_comes_back(t *testing.T) {
	t.Parallel()
	const banner = "canary-banner-77"
	for _, code := range []int{200, 207, 301, 400, 401, 403, 404, 500, 503} {
		w := answering(t, code, "<html><title>"+banner+"</title>"+banner+"</html>", "X-Banner", banner, "Server", banner)
		if text := fmt.Sprintf("%+v", w.run(t)); strings.Contains(text, banner) {
			t.Errorf("%d: the body is in %s", code, text)
		}
	}
	if text := fmt.Sprintf("%+v", provocations[CodeNotHTTP](t).run(t)); strings.Contains(text, "OpenSSH") {
		t.Errorf("the banner is in %s", text)
	}
}

func TestCheck_the_event_is_taken_away_though_the_test_is_stopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := &fake{}
	f.before = func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method == "GET" {
			cancel()
		}
		return false
	}
	w := on(t, f)
	tester := New(Config{Transport: w.transport, Random: rand.Reader, NewUID: func() string { return "stopped" }})
	_, err := tester.Test(ctx, Request{Address: w.request.Address, Username: canaryName, Password: canaryPassword, PlainHTTP: true, Write: true}, func(Step) {})
	if err != context.Canceled {
		t.Errorf("got %v, want the context's error", err)
	}
	if left := f.left(); len(left) > 0 || !slices.Contains(f.log, "PUT /c/work/stopped.ics") {
		t.Errorf("got %q left behind after %q", left, f.log)
	}
}

func TestCheck_traits_come_with_their_evidence(t *testing.T) {
	t.Parallel()
	verdict := on(t, (&fake{ignoreIfMatchOnDelete: true, noETagOnPut: true, sync: syncLies}).holding(someEvent)).writing().run(t)
	for _, trait := range []dav.Trait{dav.NoIfMatchOnDelete, dav.NoETagOnPut, dav.LiesAboutTokens, dav.DoubledUIDs} {
		if evidence, ok := verdict.Traits.Evidence(trait); !ok || evidence.Seen == "" || evidence.At.IsZero() {
			t.Errorf("%s: got %+v %v", trait, evidence, ok)
		}
	}
}

func TestCheck_several_calendars_and_one_of_them_chosen(t *testing.T) {
	t.Parallel()
	w := several(t)
	verdict := w.run(t)
	if verdict.Outcome != WorksLimited || verdict.Code != CodeChooseCalendar || verdict.Field != "calendar" || len(verdict.Calendars) != 2 || verdict.Calendar.Href != "" {
		t.Fatalf("got %s %+v", codesOf(verdict), verdict.Calendars)
	}
	verdict = w.asking(func(r *Request) { r.Calendar = verdict.Calendars[0].Href }).run(t)
	if verdict.Outcome != Works || verdict.Calendar.Name != "Werk" {
		t.Errorf("got %s %+v", codesOf(verdict), verdict.Calendar)
	}
}
