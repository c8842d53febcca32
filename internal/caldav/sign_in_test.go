package caldav

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

func TestClient_s5_credentials_go_to_approved_origins_only(t *testing.T) {
	t.Parallel()
	var other *peer
	answer := func(w http.ResponseWriter, r *http.Request, _ string) {
		switch r.URL.Path {
		case "/away/":
			http.Redirect(w, r, other.URL+"/cal/", http.StatusTemporaryRedirect)
		case "/and-back/": // over another origin and home again
			http.Redirect(w, r, other.URL+"/back/", http.StatusTemporaryRedirect)
		default:
			multistatus(w, itself)
		}
	}
	home := serve(t, answer)
	other = serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		http.Redirect(w, r, home.URL+"/cal/", http.StatusTemporaryRedirect)
	})
	unknowing := client(t, nil, home)
	for _, path := range []string{"/away/", "/and-back/"} {
		failure := want(t, unknowing.Collection(dav.Href(home.URL+path), dav.Traits{}).List(t.Context(), nothing), dav.ClassPermanent, dav.CauseRedirectOther)
		if !strings.HasPrefix(failure.Related, other.URL) {
			t.Errorf("got %q, want the other origin named", failure.Related)
		}
	}
	want(t, unknowing.Collection(dav.Href(other.URL+"/cal/"), dav.Traits{}).List(t.Context(), nothing), dav.ClassPermanent, dav.CauseRedirectOther)
	if got := other.lines(); got != "" {
		t.Fatalf("got %s at an origin that nobody approved", got)
	}
	if err := client(t, nil, home, other).Collection(dav.Href(home.URL+"/and-back/"), dav.Traits{}).List(t.Context(), nothing); err != nil {
		t.Errorf("got %v, want it followed between approved origins", err)
	}
}

func TestClient_s6_no_password_over_http_unless_it_is_ticked(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { multistatus(w, itself) })
	plain := client(t, func(c *Config) { c.PlainHTTP = false }, server).Collection(dav.Href(server.URL+"/cal/"), dav.Traits{})
	want(t, plain.List(t.Context(), nothing), dav.ClassPermanent, dav.CausePlainHTTP)
	if got := server.lines(); got != "" {
		t.Errorf("got %s, want nothing sent", got)
	}
	if err := calendar(t, server).List(t.Context(), nothing); err != nil {
		t.Errorf("got %v, want it allowed where it is ticked", err)
	}
}

func TestClient_a_password_that_is_refused_is_not_tried_again(t *testing.T) {
	t.Parallel()
	for _, offered := range []string{`Basic realm="x"`, `Bearer realm="x", Basic realm="x"`, `Digest realm="x", nonce="n", qop="auth", Basic realm="x"`, ``, `Negotiate`} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			if offered != "" {
				w.Header().Set("WWW-Authenticate", offered)
			}
			w.WriteHeader(401)
		})
		calendar := calendar(t, server)
		want(t, calendar.List(t.Context(), nothing), dav.ClassSignIn, "")
		if got := len(server.seen()); got != 1 {
			t.Errorf("%q: got %d requests, want 1", offered, got)
		}
	}
}

// grant is a bearer's token that can be refreshed.
type grant struct {
	token, next string
	refreshed   int
}

func (g *grant) Authorize(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+g.token)
	return nil
}

func (g *grant) Refused(*http.Request, *http.Response) (bool, error) {
	g.refreshed++
	g.token = g.next
	return true, nil
}

func TestClient_f8_a_bearer_is_refreshed_once_and_tried_once_more(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"good", "bad too"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			if r.Header.Get("Authorization") != "Bearer good" { // Google names no scheme
				w.WriteHeader(401)
				return
			}
			multistatus(w, itself)
		})
		signIn := &grant{token: "bad", next: next}
		calendar := client(t, func(c *Config) { c.Credentials = signIn }, server).Collection(dav.Href(server.URL+"/cal/"), dav.Traits{})
		err := calendar.List(t.Context(), nothing)
		if next == "good" && err != nil {
			t.Errorf("got %v, want the refreshed token taken", err)
		}
		if next != "good" {
			want(t, err, dav.ClassSignIn, "")
		}
		if got := len(server.seen()); got != 2 || signIn.refreshed != 1 {
			t.Errorf("%s: got %d requests and %d refreshes, want 2 and 1", next, got, signIn.refreshed)
		}
	}
}

func TestPassword_digest_as_the_standard_computes_it(t *testing.T) {
	t.Parallel()
	// RFC 7616 section 3.9.1.
	for algorithm, response := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		header := http.Header{"Www-Authenticate": {fmt.Sprintf(`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=%s, `+
			`nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`, algorithm)}}
		value := newDigest(bestDigest(challenges(header))).authorization("Mufasa", "Circle of Life", "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
		for _, part := range []string{`response="` + response + `"`, `uri="/dir/index.html"`, "qop=auth", "nc=00000001", "algorithm=" + algorithm,
			`opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`} {
			if !strings.Contains(value, part) {
				t.Errorf("%s: got %s, want %s in it", algorithm, value, part)
			}
		}
	}
}

func TestPassword_digest(t *testing.T) {
	t.Parallel()
	nonce := "one"
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		sent := r.Header.Get("Authorization")
		if !strings.HasPrefix(sent, "Digest ") || !strings.Contains(sent, `nonce="`+nonce+`"`) {
			stale := ""
			if strings.HasPrefix(sent, "Digest ") {
				stale = ", stale=true"
			}
			w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="`+nonce+`", qop="auth", algorithm=SHA-256`+stale)
			w.Header().Add("WWW-Authenticate", `Digest realm="x", nonce="`+nonce+`", qop="auth", algorithm=MD5`+stale)
			w.WriteHeader(401)
			return
		}
		multistatus(w, itself)
	})
	var known dav.Traits
	password := NewPassword(canaryName, canaryPassword, known.With(dav.DigestSignIn, dav.Evidence{}), rand.Reader)
	calendar := client(t, func(c *Config) { c.Credentials = password }, server).Collection(dav.Href(server.URL+"/cal/"), dav.Traits{})
	list := func() {
		t.Helper()
		if err := calendar.List(t.Context(), nothing); err != nil {
			t.Fatal(err)
		}
	}
	list()
	list()
	nonce = "two"
	list()
	var sent []string
	for _, request := range server.seen() {
		value := request.header.Get("Authorization")
		scheme, _, _ := strings.Cut(value, " ")
		count := ""
		if _, after, found := strings.Cut(value, "nc="); found {
			count = " " + after[:8]
		}
		sent = append(sent, scheme+count)
	}
	wanted := []string{"", "Digest 00000001", "Digest 00000002", "Digest 00000003", "Digest 00000001"}
	if !slices.Equal(sent, wanted) || !password.ByDigest() {
		t.Errorf("got %q, want %q: never the password itself, and a stale nonce renewed once", sent, wanted)
	}
	wrong := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="n", qop="auth"`)
		w.WriteHeader(401)
	})
	want(t, client(t, nil, wrong).Collection(dav.Href(wrong.URL+"/cal/"), dav.Traits{}).List(t.Context(), nothing), dav.ClassSignIn, "")
	if got := len(wrong.seen()); got != 2 { // by Basic, not knowing, then once by Digest
		t.Errorf("got %d requests, want 2", got)
	}
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	for text, wanted := range map[string][]string{
		`Basic realm="a, b", Bearer`:                 {"basic", "bearer"},
		`Basic`:                                      {"basic"},
		`Basic, X-MobileMe-AuthToken realm="x"`:      {"basic", "x-mobileme-authtoken"},
		`Negotiate YIIabc==, Basic realm=x`:          {"negotiate", "basic"},
		`Digest realm = "x" , nonce="a\"b",qop=auth`: {"digest"},
		``:      nil,
		`,,`:    nil,
		`"odd"`: nil,
	} {
		if got := schemes(http.Header{"Www-Authenticate": {text}}); !slices.Equal(got, wanted) {
			t.Errorf("%s: got %q, want %q", text, got, wanted)
		}
	}
	if got := parseChallenges(`Digest realm = "x" , nonce="a\"b",qop=auth`)[0].parameters; got["nonce"] != `a"b` || got["realm"] != "x" || got["qop"] != "auth" {
		t.Errorf("got %v", got)
	}
}

func TestClient_observes_each_request_without_secrets(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		switch {
		case r.URL.Path == "/old/":
			http.Redirect(w, r, "/cal/?session=secret", http.StatusMovedPermanently)
		case r.Method == "REPORT":
			w.Header().Set("WWW-Authenticate", `Digest realm="x", nonce="secret", Basic realm="x"`)
			w.WriteHeader(401)
		default:
			multistatus(w, itself+present("/cal/a.ics", `"1"`, ""))
		}
	})
	var seen []dav.Exchange
	observing := client(t, func(c *Config) { c.Observe = func(e dav.Exchange) { seen = append(seen, e) } }, server)
	if err := observing.Collection(dav.Href(server.URL+"/old/"), dav.Traits{}).List(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	_, err := observing.Collection(dav.Href(server.URL+"/cal/"), dav.Traits{}).Sync(t.Context(), "t", nothing)
	want(t, err, dav.ClassSignIn, "")
	if len(seen) != 3 || seen[0].Status != 301 || seen[0].Location != "/cal/" || seen[1].Status != 207 || seen[2].Status != 401 ||
		seen[2].Failed != "sign_in" || seen[1].ServerDate.IsZero() || seen[1].Report != "" || seen[2].Report != "sync-collection" {
		t.Errorf("got %+v", seen)
	}
	if text := fmt.Sprintf("%+v %v", seen, err); strings.Contains(text, "secret") || strings.Contains(text, canaryPassword) {
		t.Errorf("a secret is in %s", text)
	}
}

func TestClient_an_origin_that_is_not_approved_gets_nothing_at_all(t *testing.T) {
	t.Parallel()
	none := New(Config{RoundTripper: roundTripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("got %s %s, want nothing sent", r.Method, r.URL)
		return nil, &outbound.Trouble{}
	})})
	for _, href := range []dav.Href{"https://dav.example/cal/", "ftp://dav.example/", "/cal/", "", "https://"} {
		if err := none.Collection(href, dav.Traits{}).List(t.Context(), nothing); dav.ClassOf(err) != dav.ClassPermanent {
			t.Errorf("%s: got %v, want it refused", href, err)
		}
	}
}

// Semantics 7: servers lock whole companies out for passwords that are refused again and again.
func TestPassword_refused_once_is_not_sent_there_again(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	calendar := calendar(t, server)
	for range 3 {
		if err := calendar.List(t.Context(), nothing); dav.ClassOf(err) != dav.ClassSignIn {
			t.Errorf("got %v, want that the sign-in is refused", err)
		}
	}
	if got := len(server.seen()); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}
