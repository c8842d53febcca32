package caldav

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

func TestParseAddress_b46_what_people_type_and_paste(t *testing.T) {
	t.Parallel()
	for typed, wanted := range map[string]string{
		"https://dav.example.com/cal/":                                     "https://dav.example.com/cal/",
		"dav.example.com":                                                  "https://dav.example.com/ scheme",
		"  dav.example.com:8443/x/ ":                                       "https://dav.example.com:8443/x/ scheme",
		"HTTPS://DAV.Example.COM/Cal/":                                     "https://dav.example.com/Cal/",
		"http://dav.example.com/":                                          "http://dav.example.com/",
		"webcal://dav.example.com/cal/":                                    "https://dav.example.com/cal/ scheme",
		"caldavs://dav.example.com/cal/":                                   "https://dav.example.com/cal/ scheme",
		"https:/dav.example.com/cal/":                                      "https://dav.example.com/cal/ scheme",
		"https//dav.example.com/cal/":                                      "https://dav.example.com/cal/ scheme",
		"https://https://dav.example.com/cal/":                             "https://dav.example.com/cal/ scheme",
		`https:\\dav.example.com\cal\`:                                     "https://dav.example.com/cal/ text",
		"<https://dav.example.com/cal/>.":                                  "https://dav.example.com/cal/ text",
		"“https://dav.example.com/cal/”":                                   "https://dav.example.com/cal/ text",
		"https://dav.example.com/cal/ (the new one)":                       "https://dav.example.com/cal/ text",
		"https://dav.example.com/cal/\r\nuser: anna":                       "https://dav.example.com/cal/ text",
		"https://dav.example.com/My Calendar/":                             "https://dav.example.com/My%20Calendar/ text",
		"https://dav.example.com/a%2fb%40c/":                               "https://dav.example.com/a%2fb%40c/",
		"https://dav.example.com/100%/":                                    "https://dav.example.com/100%25/",
		"https://dav.example.com/cal/?tab=1#x":                             "https://dav.example.com/cal/ query",
		"https://anna:secret@dav.example.com/cal/":                         "https://dav.example.com/cal/ user",
		"https://www.brüssel.example/cal/":                                 "https://www.xn--brssel-4ya.example/cal/ host",
		"nas_2.local:5006/caldav/":                                         "https://nas_2.local:5006/caldav/ scheme",
		"192.168.1.4:5232":                                                 "https://192.168.1.4:5232/ scheme",
		"https://[2001:db8::1]:8443/cal/":                                  "https://[2001:db8::1]:8443/cal/",
		"https://cloud.example/index.php/apps/calendar/timeGrid":           "https://cloud.example/remote.php/dav/ page",
		"https://cloud.example/nc/apps/calendar/dayGridMonth/now":          "https://cloud.example/nc/remote.php/dav/ page",
		"https://mail.example/SOGo/so/anna/Calendar/view":                  "https://mail.example/SOGo/dav/ page",
		"https://mail.example/SOGo/dav/anna/":                              "https://mail.example/SOGo/dav/anna/",
		"https://www.icloud.com/calendar/":                                 "https://caldav.icloud.com/ page",
		"https://app.fastmail.com/calendar/month":                          "https://caldav.fastmail.com/dav/ page",
		"anna@example.com":                                                 "anna@example.com",
		"mailto:anna@example.com":                                          "anna@example.com",
		"":                                                                 "empty",
		" \n ":                                                             "empty",
		"https://":                                                         "no_url",
		"my calendar":                                                      "no_url",
		"ftp://dav.example.com/":                                           "scheme",
		"file:///etc/passwd":                                               "scheme",
		"javascript://x/":                                                  "scheme",
		"anna@gmail.com":                                                   "google",
		"https://calendar.google.com/calendar/u/0/r":                       "google",
		"https://calendar.google.com/calendar/ical/x/basic.ics":            "google",
		"https://apidata.googleusercontent.com/caldav/v2/a/user":           "google",
		"https://outlook.office.com/calendar/view/month":                   "microsoft",
		"anna@hotmail.be":                                                  "microsoft",
		"https://calendar.proton.me/u/0":                                   "proton",
		"https://cloud.example/remote.php/dav/public-calendars/abc?export": "feed",
	} {
		address, err := ParseAddress(typed)
		got := address.String()
		for _, repair := range address.Repairs {
			got += " " + string(repair)
		}
		if problem, ok := errors.AsType[AddressProblem](err); ok {
			got = string(problem)
		}
		if got != wanted {
			t.Errorf("%q: got %q, want %q", typed, got, wanted)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"dav.example.com", "https:https:https://", "a@b", "https://x/%", "//", "http:\\\\é\u200b/ x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		address, err := ParseAddress(typed)
		if err != nil {
			if _, ok := errors.AsType[AddressProblem](err); !ok {
				t.Fatalf("got %v, want an AddressProblem", err)
			}
			return
		}
		if address.URL.User != nil || address.URL.Hostname() == "" || address.URL.Scheme != "https" && address.URL.Scheme != "http" {
			t.Fatalf("got %q of %q", address.URL, typed)
		}
		if _, err := outbound.OriginOf(address.URL); err != nil {
			t.Fatalf("%q: %v", typed, err)
		}
	})
}

// records is DNS of a test.
type records struct {
	srv  map[string][]*net.SRV
	text map[string][]string
}

func (r records) LookupSRV(_ context.Context, service, protocol, name string) (string, []*net.SRV, error) {
	key := "_" + service + "._" + protocol + "." + name
	if found, ok := r.srv[key]; ok {
		return key, found, nil
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (r records) LookupTXT(_ context.Context, name string) ([]string, error) {
	if found, ok := r.text[name]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func TestCandidates_rfc_6764(t *testing.T) {
	t.Parallel()
	resolver := records{
		srv: map[string][]*net.SRV{
			"_caldavs._tcp.example.com": {{Target: "backup.example.com.", Port: 443, Priority: 20}, {Target: "dav.example.com.", Port: 8443, Priority: 10}},
			"_caldavs._tcp.hosted.be":   {{Target: "caldav.provider.net.", Port: 443}},
			"_caldavs._tcp.none.be":     {{Target: ".", Port: 0}},
		},
		text: map[string][]string{"_caldavs._tcp.example.com": {"other", "path=/dav/"}},
	}
	list := func(typed string) (lines []string) {
		address, err := ParseAddress(typed)
		if err != nil {
			t.Fatal(err)
		}
		for _, candidate := range Candidates(t.Context(), address, resolver) {
			line := string(candidate.Via) + " " + candidate.URL.String()
			if !candidate.Trusted {
				line += " not trusted"
			}
			lines = append(lines, line)
		}
		return lines
	}
	for typed, wanted := range map[string][]string{
		"anna@example.com": {"record https://dav.example.com:8443/dav/", "record https://dav.example.com:8443/.well-known/caldav",
			"record https://backup.example.com/dav/", "record https://backup.example.com/.well-known/caldav",
			"well_known https://example.com/.well-known/caldav", "guess https://example.com/"},
		"anna@hosted.be":         {"record https://caldav.provider.net/.well-known/caldav not trusted", "well_known https://hosted.be/.well-known/caldav"},
		"anna@none.be":           {"well_known https://none.be/.well-known/caldav"},
		"example.com":            {"well_known https://example.com/.well-known/caldav", "guess https://example.com/", "record https://dav.example.com:8443/dav/"},
		"https://example.com/x":  {"address https://example.com/x", "address https://example.com/x/", "well_known https://example.com/.well-known/caldav", "guess https://example.com/"},
		"https://example.com/x/": {"address https://example.com/x/", "well_known https://example.com/.well-known/caldav"},
	} {
		if got := list(typed); !slices.Equal(got[:len(wanted)], wanted) {
			t.Errorf("%s: got\n%s\nwant it to begin\n%s", typed, strings.Join(got, "\n"), strings.Join(wanted, "\n"))
		}
	}
}

// world is a server with a principal, a home and calendars, behind a well-known address.
func world(w http.ResponseWriter, r *http.Request, _ string) {
	prop := func(href, inside string) string {
		return `<D:response><D:href>` + href + `</D:href><D:propstat><D:prop>` + inside + `</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`
	}
	const (
		principal = `<D:current-user-principal><D:href>/p/alice/</D:href></D:current-user-principal>`
		calendar  = `<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>`
	)
	switch r.URL.Path {
	case "/.well-known/caldav":
		http.Redirect(w, r, "/dav/", http.StatusMovedPermanently)
	case "/dav/":
		multistatus(w, prop("/dav/", `<D:resourcetype><D:collection/></D:resourcetype>`+principal))
	case "/p/alice/":
		multistatus(w, prop("/p/alice/", principal+`<C:calendar-home-set><D:href>/c/alice/</D:href><D:href>/c/shared/</D:href></C:calendar-home-set>`+
			`<C:calendar-user-address-set><D:href>mailto:alice@example.com</D:href><D:href>/p/alice/</D:href></C:calendar-user-address-set>`))
	case "/c/alice/":
		multistatus(w, prop("/c/alice/", `<D:resourcetype><D:collection/></D:resourcetype>`)+
			prop("/c/alice/inbox/", `<D:resourcetype><D:collection/><C:schedule-inbox/></D:resourcetype>`)+
			prop("/c/alice/w%c3%a9rk/", calendar+`<D:displayname>Werk</D:displayname><D:owner><D:href>/p/alice/</D:href></D:owner>`)+
			prop("/c/alice/tasks/", calendar+`<C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set>`)+
			prop("/c/alice/trashed/", `<D:resourcetype><D:collection/><N:deleted-calendar xmlns:N="http://nextcloud.com/ns"/></D:resourcetype>`))
	case "/c/shared/":
		multistatus(w, prop("/c/shared/", `<D:resourcetype><D:collection/></D:resourcetype>`)+
			prop("/c/shared/bob/", calendar+`<D:owner><D:href>/p/bob/</D:href></D:owner><D:current-user-privilege-set><D:privilege><D:read/></D:privilege></D:current-user-privilege-set>`)+
			prop("/c/alice/w%C3%A9rk/", calendar))
	case "/c/alice/wérk/":
		multistatus(w, prop("/c/alice/w%c3%a9rk/", calendar+principal))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func TestClient_finds_calendars_from_any_depth(t *testing.T) {
	t.Parallel()
	server := serve(t, world)
	for path, one := range map[string]bool{"": false, "/": false, "/dav/": false, "/p/alice/": false, "/c/alice/": false, "/c/alice/w%C3%A9rk/": true, "/nonsense/": false} {
		address, err := ParseAddress(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		client := client(t, nil, server)
		located, err := client.Locate(t.Context(), Candidates(t.Context(), address, nil))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		found, err := client.Find(t.Context(), located)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var got []string
		for _, calendar := range found.Calendars {
			line := strings.TrimPrefix(string(calendar.Href), server.URL) + " " + calendar.Name
			got = append(got, line+fmt.Sprintf(" events=%v read-only=%v another's=%v", calendar.TakesEvents(), calendar.ReadOnly(), calendar.OfAnother()))
		}
		wanted := []string{"/c/alice/w%c3%a9rk/ Werk events=true read-only=false another's=false", "/c/alice/tasks/  events=false read-only=false another's=false",
			"/c/shared/bob/  events=true read-only=true another's=true"}
		if path == "/c/alice/w%C3%A9rk/" {
			wanted = []string{"/c/alice/w%c3%a9rk/  events=true read-only=false another's=false"}
		}
		if !slices.Equal(got, wanted) {
			t.Errorf("%q: got\n%s\nwant\n%s", path, strings.Join(got, "\n"), strings.Join(wanted, "\n"))
		}
		if !one && !slices.Equal(found.Addresses, []string{"mailto:alice@example.com", "/p/alice/"}) {
			t.Errorf("%q: got addresses %q", path, found.Addresses)
		}
	}
}

func TestClient_a_refused_sign_in_ends_the_search(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(401)
	})
	address, _ := ParseAddress(server.URL)
	_, err := client(t, nil, server).Locate(t.Context(), Candidates(t.Context(), address, nil))
	want(t, err, dav.ClassSignIn, "")
	if got := len(server.seen()); got != 1 {
		t.Errorf("got %d sign-ins, want 1", got)
	}
}

func TestClient_the_failure_that_tells_most_is_given(t *testing.T) {
	t.Parallel()
	other := serve(t, func(http.ResponseWriter, *http.Request, string) {})
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.URL.Path == "/.well-known/caldav" {
			http.Redirect(w, r, other.URL+"/dav/", http.StatusMovedPermanently)
			return
		}
		w.WriteHeader(404)
	})
	address, _ := ParseAddress(server.URL + "/calendar")
	_, err := client(t, nil, server).Locate(t.Context(), Candidates(t.Context(), address, nil))
	if failure := want(t, err, dav.ClassPermanent, dav.CauseRedirectOther); failure.Related != other.URL+"/dav/" {
		t.Errorf("got %q, want the place it leads to", failure.Related)
	}
}

func TestClient_a_server_that_gives_no_answer_is_asked_once(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = connection.Close()
		}
	})
	address, _ := ParseAddress(server.URL)
	_, err := client(t, nil, server).Locate(t.Context(), Candidates(t.Context(), address, nil))
	want(t, err, dav.ClassTemporary, dav.CauseCut)
	if got := server.lines(); strings.Contains(got, "/remote.php") {
		t.Errorf("got\n%s\nwant no other path tried", got)
	}
}
