package web

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/web/browsertest"
)

// In a browser, in every language: sign in, add a link from nothing by the wizard with its connection test, sign out. No page of
// it has a barrier (axe-core), scrolls sideways or troubles the console.
func TestSignIn_to_a_linked_calendar_in_a_browser(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	for _, c := range []struct {
		lang     crm.Language
		width    int64
		magnify  string
		works    string
		created  string
		goodbyes string
	}{
		{crm.Dutch, 1440, "Koppelingen bekijken", "De verbinding werkt", "De koppeling is gemaakt.", "U bent afgemeld."},
		{crm.French, 1000, "Voir les liens", "La connexion fonctionne", "Le lien est créé.", "Vous êtes déconnecté."},
		{crm.English, 390, "Show the links", "The connection works", "The link was made.", "You are signed out."},
	} {
		w, _ := newDoorWorld(t)
		an := service.UserInputOf(w.an.User)
		an.Language = c.lang
		_, err := w.ChangeUser(t.Context(), w.an, w.an.User.ID, 1, an)
		w.must(err)
		tab := b.Tab(c.width, 900)
		page := func(name string) {
			t.Helper()
			label := name + "." + string(c.lang)
			if pictures != "" {
				tab.Picture(filepath.Join(pictures, label+".png"))
			}
			for _, violation := range tab.Axe(root) {
				t.Errorf("%s: %s", label, violation)
			}
			if wide := tab.Wide(); len(wide) > 0 {
				t.Errorf("%s at %d px scrolls sideways: %v", label, c.width, wide)
			}
			for _, line := range tab.Trouble() {
				t.Errorf("%s: console: %s", label, line)
			}
		}
		arrive := func(expression string) {
			t.Helper()
			tab.Wait(`document.readyState === "complete" && (` + expression + `)`)
		}
		tab.Go(w.server.URL + "/sign-in?language=" + string(c.lang))
		page("sign-in")
		tab.Type("#login", "an")
		tab.Type("#password", doorPassword)
		tab.Click("button.primary")
		arrive(`location.pathname === "/"`)
		page("home")
		tab.Go(w.server.URL + "/parameters")
		page("parameters")
		tab.Click(`a[aria-label="` + c.magnify + `"]`)
		arrive(`location.pathname === "/links"`)
		page("links-none")
		tab.Click(`a[href="/links/new"]`)
		arrive(`document.querySelector("input[name=user]")`)
		page("wizard-user")
		tab.Click(`input[value="` + w.luc.User.ID.String() + `"]`)
		tab.Click("form button.primary")
		arrive(`document.querySelector("input[name=kind]")`)
		page("wizard-kind")
		tab.Click("form button.primary")
		arrive(`document.querySelector("#address")`)
		page("wizard-parameters")
		tab.Type("#address", "https://calendars.example/")
		tab.Type("#username", "luc")
		tab.Type("#password", "secret")
		tab.Click("form button.primary")
		arrive(`document.querySelector(".verdict")?.innerText.includes(` + quoted(c.works) + `)`)
		page("connection-test")
		tab.Click("a.primary")
		arrive(`location.pathname.endsWith("/shown")`)
		page("wizard-shown")
		tab.Click("form button.primary")
		arrive(`location.pathname.endsWith("/plan")`)
		page("wizard-plan")
		tab.Click("form button.primary")
		arrive(`document.querySelector(".toast")?.innerText.includes(` + quoted(c.created) + `)`)
		page("link")
		path := browsertest.Eval[string](tab, "location.pathname")
		more := map[string]string{
			"links": "/links", "held": "/held", "runs": "/runs", "users": "/users", "user": "/users/" + w.luc.User.ID.String(), "user-new": "/users/new", "account": "/account",
			"tokens": "/account/tokens", "my-calendar": "/my-calendar", "link-edit": path + "/edit", "link-end": path + "/end",
		}
		if c.lang == crm.French {
			more = nil // two widths of each are enough
		}
		for name, path := range more {
			tab.Go(w.server.URL + path)
			page(name)
		}
		views, err := w.Links(t.Context(), w.an)
		w.must(err)
		if len(views) != 1 || views[0].User != w.luc.User.ID {
			t.Errorf("%s: got %d links", c.lang, len(views))
		}
		browsertest.Eval[bool](tab, `document.querySelector('form[action="/sign-out"]').requestSubmit(), true`)
		arrive(`document.body.innerText.includes(` + quoted(c.goodbyes) + `)`)
	}
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }

// S14 in a browser: nothing that a server, a calendar or a person named runs.
func TestS14_hostile_names_do_not_run_in_a_browser(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	w, _, pages := hostile(t)
	tab := w.tab(b, w.an, 1440)
	for _, path := range pages {
		tab.Go(w.server.URL + path)
		if title := browsertest.Eval[string](tab, `document.title`); strings.Contains(title, "pwned") && !strings.HasSuffix(title, "Agenda Online") {
			t.Errorf("%s: the title became %q", path, title)
		}
		if foreign := browsertest.Eval[int](tab, `document.querySelectorAll("main script, main img, main style, main [onerror], main [onload]").length`); foreign > 0 {
			t.Errorf("%s has %d foreign elements", path, foreign)
		}
		for _, line := range slices.DeleteFunc(tab.Trouble(), func(line string) bool { return strings.Contains(line, "status of 4") }) {
			t.Errorf("%s: console: %s", path, line)
		}
	}
}
