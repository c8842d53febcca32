package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"agendaonline/internal/service"
)

// A user links, pauses and ends the own calendar by the pages alone, once the administrators allow it, and never another's.
func TestMyCalendar_is_linked_by_its_user_where_that_is_allowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.testedBy(&scriptedTester{password: canary, calendars: []service.FoundCalendar{{Href: "https://calendars.example/a/", Name: "Travail"}}}, nil, nil, nil)
	b := w.browse(w.luc)
	off := b.get("/my-calendar")
	off.shows(t, http.StatusOK, "Un administrateur peut lier votre agenda")
	off.hides(t, "/my-calendar/link")
	b.post("/my-calendar/link", nil).shows(t, http.StatusForbidden)

	boss := w.browse(w.an)
	boss.get("/parameters").shows(t, http.StatusOK, `name="own_calendars"`)
	settings, err := w.Settings(t.Context(), w.an)
	w.must(err)
	in := service.SettingsInputOf(settings)
	in.OwnCalendars = true
	_, err = w.ChangeSettings(t.Context(), w.an, settings.Version, in)
	w.must(err)
	boss.get("/parameters").shows(t, http.StatusOK, `name="own_calendars" value="yes" checked`)

	b.get("/my-calendar").shows(t, http.StatusOK, "Lier mon agenda")
	kind := b.post("/my-calendar/link", nil)
	kind.shows(t, http.StatusOK, "Où se trouve votre agenda", "Mon agenda")
	kind.hides(t, `href="/links`)
	parameters := b.post(kind.path, url.Values{"kind": {"simple"}})
	parameters.shows(t, http.StatusOK, `name="password"`)
	parameters.hides(t, `href="/links"`, "plain_http")
	draft := strings.TrimSuffix(parameters.path, "/parameters")
	http1 := typed(canary)
	http1.Set("plain_http", "yes") // past what the form offers
	b.post(draft+"/test", http1).shows(t, http.StatusUnprocessableEntity, "seul un administrateur peut le permettre")
	b.post(draft+"/test", typed(canary)).shows(t, http.StatusOK, `href="`+draft+`/shown"`)
	b.get(draft+"/shown").shows(t, http.StatusOK, "Que peuvent voir les autres de ce qui vient de votre agenda")
	b.post(draft+"/shown", url.Values{"shown": {"busy"}}).shows(t, http.StatusOK, "Travail")
	w.browse(w.tom).get(draft+"/kind").hides(t, "Luc")
	made := b.post(draft+"/save", nil)
	made.shows(t, http.StatusOK, "Le lien est créé.", "Travail", "/pause", "/edit", "/end", "/test", "Seulement que quelqu’un est occupé")
	link := strings.TrimSuffix(made.path, "?done=links.created")
	b.get("/my-calendar").shows(t, http.StatusOK, "Travail", link+"/edit")
	b.post(link+"/pause", url.Values{"version": {"1"}}).shows(t, http.StatusOK, link+"/resume")
	b.post(link+"/resume", url.Values{"version": {"2"}}).shows(t, http.StatusOK, link+"/pause")
	b.post(link+"/test", nil).shows(t, http.StatusOK)
	edit := b.get(link + "/edit")
	edit.shows(t, http.StatusOK, "https://calendars.example/")
	edit.hides(t, "plain_http")
	w.browse(w.tom).post(link+"/pause", url.Values{"version": {"3"}}).shows(t, http.StatusForbidden)
	b.get("/links").shows(t, http.StatusForbidden)
	b.get("/links/new").shows(t, http.StatusForbidden)
	b.post(link+"/end", url.Values{"version": {"3"}}).shows(t, http.StatusOK, "Le lien est terminé", "Lier mon agenda")
	if again := b.get(draft + "/parameters"); !strings.HasPrefix(again.path, "/my-calendar?lost") {
		t.Errorf("a draft that is over leads to %s", again.path)
	}
}

// What a page offers a user leads somewhere: no link of the pages that a user who is no administrator gets is refused or dead.
func TestMyCalendar_no_link_of_a_users_pages_is_refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, err := w.Settings(t.Context(), w.an)
	w.must(err)
	in := service.SettingsInputOf(settings)
	in.OwnCalendars = true
	_, err = w.ChangeSettings(t.Context(), w.an, settings.Version, in)
	w.must(err)
	link := w.link(w.luc)
	action := w.action(w.luc, "Chantier")
	b := w.browse(w.luc)
	href := regexp.MustCompile(`href="(/[^"#]*)`)
	seen := map[string]bool{}
	for _, page := range []string{
		"/", "/actions", "/actions?tab=trash", "/actions/" + action.ID.String(), "/my-calendar", "/links/" + link.ID.String(), "/links/" + link.ID.String() + "/edit",
		"/links/" + link.ID.String() + "/end", "/runs?link=" + link.ID.String(), "/held", "/account", "/account/tokens",
	} {
		shown := b.get(page)
		for _, found := range href.FindAllStringSubmatch(shown.body, -1) {
			to := html.UnescapeString(found[1])
			if seen[to] || strings.HasPrefix(to, "/static/") {
				continue
			}
			seen[to] = true
			if got := b.get(to); got.status >= 400 {
				t.Errorf("%s leads to %s, which is %d", page, to, got.status)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d links were followed", len(seen))
	}
}
