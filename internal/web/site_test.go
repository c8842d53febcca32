package web

import (
	"bufio"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"agendaonline/internal/crm"
	"agendaonline/internal/live"
	"agendaonline/internal/service"
)

func TestSite_every_page_carries_a_policy_without_inline_code(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.browse(w.an).get("/keys")
	page.shows(t, http.StatusOK, `<html lang="nl">`, "Sneltoetsen", "An Peeters")
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("got policy %q", policy)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if inline := regexp.MustCompile(`(?i)<script>|<style|\son[a-z]+=|\sstyle=|javascript:`).FindString(page.body); inline != "" {
		t.Errorf("the page has inline code: %q", inline)
	}
}

func TestSite_whoever_is_not_signed_in_is_sent_to_sign_in_and_back(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, route := range Routes() {
		if route.Public {
			continue
		}
		path := strings.NewReplacer("{id}", "01234567-89ab-7def-8123-456789abcdef", "{$}", "").Replace(route.Pattern)
		request, err := http.NewRequestWithContext(t.Context(), route.Method, w.server.URL+path, nil)
		w.must(err)
		response, err := client.Do(request)
		w.must(err)
		response.Body.Close()
		location := response.Header.Get("Location")
		if response.StatusCode != http.StatusSeeOther || !strings.HasPrefix(location, signInPath) {
			t.Errorf("%s %s: got %d to %q", route.Method, path, response.StatusCode, location)
		}
		if next := (url.Values{"next": {path}}).Encode(); route.Method == http.MethodGet && path != "/" && !strings.HasSuffix(location, next) {
			t.Errorf("%s: %q does not lead back", path, location)
		}
	}
}

func TestSite_a_form_of_another_site_is_refused_in_the_readers_language(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.luc)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+"/actions", strings.NewReader("subject=x"))
	w.must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := b.client.Do(request)
	b.answer(response, err).shows(t, http.StatusForbidden, "Ce formulaire venait d’un autre site", "Rien n’a été modifié.")
}

func TestSite_what_does_not_exist_is_said_in_every_language(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, one := range []struct {
		who  service.Caller
		want string
	}{{w.an, "Deze pagina is er niet"}, {w.luc, "Cette page n’existe pas"}, {w.tom, "There is no such page"}} {
		w.browse(one.who).get("/nowhere").shows(t, http.StatusNotFound, one.want)
	}
	nobody := w.browse(service.Caller{}).get("/nowhere?language=fr")
	nobody.shows(t, http.StatusNotFound, "Cette page n’existe pas")
	nobody.hides(t, `class="appbar"`)
}

func TestAssets_are_served_under_their_hash_for_ever(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.an)
	href := regexp.MustCompile(`href="(/static/[0-9a-f]{12}/style\.css)"`).FindStringSubmatch(b.get("/keys").body)
	if href == nil {
		t.Fatal("the page names no style sheet")
	}
	sheet := b.get(href[1])
	sheet.shows(t, http.StatusOK, "light-dark(")
	if got := sheet.header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("got Cache-Control %q", got)
	}
	if got := b.get("/static/000000000000/style.css").header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a style sheet of another version: got Cache-Control %q", got)
	}
	b.get("/static/000000000000/site.go").shows(t, http.StatusNotFound)
}

func TestTypedLanguage_is_the_one_asked_for_then_chosen_then_the_browsers(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if got := chosenLanguage(r); got != "en" {
		t.Errorf("got %q without any wish", got)
	}
	r.Header.Set("Accept-Language", "fr-BE,nl;q=0.5")
	if got := chosenLanguage(r); got != "fr" {
		t.Errorf("got %q, want what the browser asks for", got)
	}
	r.AddCookie(&http.Cookie{Name: languageCookie, Value: "nl"})
	if got := chosenLanguage(r); got != "nl" {
		t.Errorf("got %q, want what was chosen", got)
	}
}

func TestAssets_without_a_build_every_page_works_and_the_log_says_once_what_is_missing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var log strings.Builder
	handler, err := New(Config{
		Service: w.Service, Identity: cookieIdentity{w}, Live: live.New(w.Store), Now: w.clock.now,
		Log: slog.New(slog.NewTextHandler(&log, nil)), Assets: fstest.MapFS{},
	})
	w.must(err)
	w.server.Config.Handler = handler
	b := w.browse(w.tom)
	for range 2 {
		page := b.get("/actions")
		page.shows(t, http.StatusOK, "style.css", `<a class="push" href="/actions">Refresh</a>`)
		page.hides(t, "<script", "noscript")
	}
	if said := strings.Count(log.String(), "npm ci"); said != 1 {
		t.Errorf("the log says %d times what is missing, want once:\n%s", said, log.String())
	}
}

func TestLive_a_stream_carries_ids_only(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.action(w.luc, "Secret")
	b := w.browse(w.tom)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/live", nil)
	w.must(err)
	response, err := b.client.Do(request)
	w.must(err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	if !lines.Scan() || lines.Text() != "retry: 2000" {
		t.Fatalf("got the first line %q", lines.Text())
	}
	w.alter(action.ID, func(a *crm.Action) { a.Subject = "More secret" })
	var got []string
	for lines.Scan() {
		if lines.Text() != "" {
			got = append(got, lines.Text())
		}
		if len(got) == 2 {
			break
		}
	}
	if want := []string{"event: actions", "data: " + action.ID.String()}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
