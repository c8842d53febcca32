package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"agendaonline/internal/outbound"
	"agendaonline/internal/service"
)

// nextcloudLogin answers login flow v2 as Nextcloud 32 does: 404 with an empty list until the person has allowed it.
func nextcloudLogin(t *testing.T, login string) (base string, allowed *atomic.Bool) {
	t.Helper()
	allowed = &atomic.Bool{}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("POST /cloud/index.php/login/v2", func(w http.ResponseWriter, r *http.Request) {
		if login == "" {
			login = server.URL + "/cloud/index.php/login/v2/flow/x"
		}
		json.NewEncoder(w).Encode(map[string]any{"poll": map[string]string{"token": "canary-poll", "endpoint": server.URL + "/cloud/index.php/login/v2/poll"}, "login": login})
	})
	mux.HandleFunc("POST /cloud/index.php/login/v2/poll", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("token") != "canary-poll" || !allowed.Load() {
			w.WriteHeader(http.StatusNotFound)
			w.Write([]byte("[]"))
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"server": server.URL, "loginName": "luc", "appPassword": "canary-app-password"})
	})
	return server.URL, allowed
}

func flowThrough(transport *outbound.Transport) appPasswords {
	return appPasswords{(&program{transport: transport}).way}
}

func TestAppPassword_is_fetched_when_it_was_allowed(t *testing.T) {
	t.Parallel()
	base, allowed := nextcloudLogin(t, "")
	allow, err := outbound.Allow{}.With(strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	flow := flowThrough(outbound.New(outbound.Config{Allow: allow}))
	page, question, err := flow.Ask(t.Context(), base+"/cloud/remote.php/dav/calendars/luc/work/", service.LinkTLS{})
	if err != nil || page != base+"/cloud/index.php/login/v2/flow/x" {
		t.Fatalf("the page is %s, %v", page, err)
	}
	if _, _, ok, err := flow.Take(t.Context(), question, service.LinkTLS{}); ok || err != nil {
		t.Errorf("before it was allowed: %v, %v", ok, err)
	}
	allowed.Store(true)
	username, password, ok, err := flow.Take(t.Context(), question, service.LinkTLS{})
	if !ok || err != nil || username != "luc" || password != "canary-app-password" {
		t.Errorf("fetched %s %s, %v, %v", username, password, ok, err)
	}
}

func TestAppPassword_goes_nowhere_but_to_the_server_that_was_typed(t *testing.T) {
	t.Parallel()
	base, _ := nextcloudLogin(t, "https://evil.example/login")
	allow, err := outbound.Allow{}.With(strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	flow := flowThrough(outbound.New(outbound.Config{Allow: allow}))
	for _, address := range []string{base + "/cloud", base + "/elsewhere", "ann@example.com", ""} {
		_, _, err := flow.Ask(t.Context(), address, service.LinkTLS{})
		failure, is := err.(*service.GrantFailure)
		if !is || failure.Code != codeNoLoginFlow {
			t.Errorf("%s: got %v, want %s", address, err, codeNoLoginFlow)
		}
	}
	_, _, err = flowThrough(outbound.New(outbound.Config{})).Ask(t.Context(), base+"/cloud", service.LinkTLS{})
	if failure, is := err.(*service.GrantFailure); !is || failure.Code != "oauth.not_allowed" {
		t.Errorf("a private address: %v", err)
	}
}

func TestPages_an_app_password_is_fetched_unseen(t *testing.T) {
	w := newGrantWorld(t)
	v := w.pages("127.0.0.1", "admin")
	v.get("/links/new")
	v.post("/links/new", "user", w.luc.User.ID.String())
	draft := strings.TrimSuffix(v.at.Path, "/kind")
	v.post(draft+"/kind", "kind", "simple")
	v.shows(draft + "/app-password")
	if status := v.post(draft+"/app-password", "address", w.base, "username", ""); status != http.StatusUnprocessableEntity {
		t.Errorf("a server without login flow: status %d", status)
	}
	v.get(draft + "/app-password")
	if v.at.Path != draft+"/parameters" {
		t.Errorf("nothing was asked, and the page is %s", v.at.Path)
	}
}

// A company's own authority, and the certificate that its server asks for, hold from the first request of a link that is being made.
func TestAppPassword_is_fetched_with_the_certificate_and_authority_of_the_link(t *testing.T) {
	t.Parallel()
	plain, allowed := nextcloudLogin(t, "")
	behind, err := url.Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	own := newCompany(t)
	server := own.serve(t, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind); r.SetXForwarded() }, ModifyResponse: func(answer *http.Response) error {
		text, err := io.ReadAll(answer.Body)
		text = bytes.ReplaceAll(text, []byte(plain), []byte("https://"+answer.Request.Header.Get("X-Forwarded-Host")))
		answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		answer.Header.Set("Content-Length", strconv.Itoa(len(text)))
		return err
	}})
	allow, err := outbound.Allow{}.With(strings.TrimPrefix(server.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	flow := flowThrough(outbound.New(outbound.Config{Allow: allow}))
	_, _, err = flow.Ask(t.Context(), server.URL+"/cloud", service.LinkTLS{})
	if failure, is := err.(*service.GrantFailure); !is || failure.Code != "oauth.untrusted" || failure.Params["host"] != "127.0.0.1" {
		t.Errorf("without them: %v", err)
	}
	_, _, err = flow.Ask(t.Context(), server.URL+"/cloud", service.LinkTLS{Certificate: own.certificate, Authorities: own.authority})
	if failure, is := err.(*service.GrantFailure); !is || failure.Field != "client_key" {
		t.Errorf("without the key: %v", err)
	}
	shown := service.LinkTLS{Certificate: own.certificate, Key: own.key, Authorities: own.authority}
	page, question, err := flow.Ask(t.Context(), server.URL+"/cloud", shown)
	if err != nil || !strings.HasPrefix(page, server.URL) {
		t.Fatalf("the page is %s, %v", page, err)
	}
	allowed.Store(true)
	if _, password, ok, err := flow.Take(t.Context(), question, shown); !ok || err != nil || password != "canary-app-password" {
		t.Errorf("fetched %s, %v, %v", password, ok, err)
	}
}
