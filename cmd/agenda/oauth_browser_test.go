package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/sandbox/authserver"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/web/browsertest"
)

// pictures is where a run leaves pictures of the pages, "" for nowhere.
var pictures = os.Getenv("AGENDA_PICTURES")

// holdPage holds a page to having no barrier, no trouble in its console, and no line wider than it.
func holdPage(t *testing.T, tab *browsertest.Tab, name string) {
	t.Helper()
	if pictures != "" {
		tab.Picture(filepath.Join(pictures, name+".png"))
	}
	for _, violation := range tab.Axe("../..") {
		t.Errorf("%s: %s", name, violation)
	}
	if wide := tab.Wide(); len(wide) > 0 {
		t.Errorf("%s scrolls sideways: %v", name, wide)
	}
	for _, line := range tab.Trouble() {
		t.Errorf("%s: console: %s", name, line)
	}
}

func arrive(tab *browsertest.Tab, expression string) {
	tab.Wait(`document.readyState === "complete" && (` + expression + `)`)
}

// signIn signs a user in.
func (w *grantWorld) signIn(tab *browsertest.Tab, base, login string) {
	tab.Go(base + "/sign-in")
	tab.Type("#login", login)
	tab.Type("#password", "long enough to be one")
	tab.Click("button.primary")
	arrive(tab, `location.pathname === "/"`)
}

// toParameters signs in and goes through the first two steps of the wizard.
func (w *grantWorld) toParameters(tab *browsertest.Tab, base, label string, user service.Caller, kind crm.LinkKind) {
	w.t.Helper()
	w.signIn(tab, base, "admin")
	tab.Go(base + "/links/new")
	tab.Click(`input[value="` + user.User.ID.String() + `"]`)
	tab.Click("form button.primary")
	arrive(tab, `document.querySelector("input[name=kind]")`)
	holdPage(w.t, tab, "kind."+label)
	tab.Click(`input[value="` + string(kind) + `"]`)
	tab.Click("form button.primary")
	arrive(tab, `document.querySelector("#client_id, #address")`)
	holdPage(w.t, tab, "client."+label)
}

// speaks gives a user a language.
func (w *grantWorld) speaks(of service.Caller, language crm.Language) {
	w.t.Helper()
	in := service.UserInputOf(of.User)
	in.Language = language
	_, err := w.p.service.ChangeUser(w.t.Context(), w.admin, of.User.ID, of.User.Version, in)
	w.must(err)
}

// By name and password, on a server without sync-token: the test says so in the person's language, and the calendar is linked only
// by choosing explicitly to do without.
func TestBrowser_simple_on_a_server_without_sync_token(t *testing.T) {
	for _, c := range []struct {
		lang  crm.Language
		width int64
	}{{crm.Dutch, 1000}, {crm.French, 390}, {crm.English, 1440}} {
		t.Run(string(c.lang), func(t *testing.T) {
			b := browsertest.Open(t)
			w := newGrantWorld(t)
			w.box.Behave(func(m *sandbox.Manners) { *m = sandbox.SabreDAV18() })
			w.must(w.box.SetUser(sandbox.User{Name: "luc", Password: "canary-simple", DisplayName: "luc"}))
			w.speaks(w.admin, c.lang)
			tab := b.Tab(c.width, 900)
			label := "simple." + string(c.lang)
			w.toParameters(tab, w.at, label, w.luc, crm.LinkSimple)
			tab.Type("#address", w.base+"/")
			tab.Type("#username", "luc")
			tab.Type("#password", "canary-simple")
			tab.Click("#plain_http")
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector("#without_sync_token")`)
			says := i18n.T(c.lang, "check.no_sync_token", nil)
			if !strings.Contains(browsertest.Eval[string](tab, `document.querySelector("ol.test").innerText`), says) {
				t.Errorf("the step does not say %q:\n%s", says, browsertest.Eval[string](tab, `document.querySelector("main").innerText`))
			}
			holdPage(t, tab, "no-sync-token."+label)
			tab.Click("#without_sync_token")
			tab.Click("form:has(#without_sync_token) button.primary")
			arrive(tab, `location.pathname.endsWith("/shown")`)
			holdPage(t, tab, "shown."+label)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector("form[action$='/save'] button.primary")`)
			holdPage(t, tab, "plan."+label)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector(".toast")`)
			w.linkedInBrowser(t, tab, "link."+label, w.luc, w.box, "luc", "work")
		})
	}
}

func TestBrowser_google_is_linked_by_pasting_back(t *testing.T) {
	for _, c := range []struct {
		lang  crm.Language
		width int64
	}{{crm.Dutch, 1440}, {crm.French, 1000}, {crm.English, 390}} {
		t.Run(string(c.lang), func(t *testing.T) {
			b := browsertest.Open(t)
			w := newGrantWorld(t)
			w.speaks(w.admin, c.lang)
			tab := b.Tab(c.width, 900)
			label := "google." + string(c.lang)
			w.toParameters(tab, strings.Replace(w.at, "127.0.0.1", "localhost", 1), label, w.admin, crm.LinkGoogle)
			tab.Type("#username", annasAccount)
			tab.Type("#client_id", googleClient)
			tab.Type("#client_secret", googleSecret)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector("#answer")`)
			holdPage(t, tab, "consent."+label)
			ask := browsertest.Eval[string](tab, `document.querySelector("main a.primary").href`)

			there := b.Tab(800, 600)
			there.Go(ask)
			arrive(there, `document.querySelector("button[value=allow]")`)
			// What the address bar holds when the page does not load: where the server sends the browser.
			landed := answered(t, w.google.Accounts, service.DraftView{Ask: ask}, annasAccount, sandbox.GoogleScope, true)

			tab.Type("#answer", landed)
			tab.Click("form button.primary")
			arrive(tab, `location.pathname.endsWith("/signed")`)
			holdPage(t, tab, "signed."+label)
			tab.Click("form.panel button.primary")
			arrive(tab, `document.querySelector("a.primary[href$='/shown']")`)
			holdPage(t, tab, "test."+label)
			tab.Click("a.primary[href$='/shown']")
			arrive(tab, `location.pathname.endsWith("/shown")`)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector("form[action$='/save'] button.primary")`)
			holdPage(t, tab, "plan."+label)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector(".toast")`)
			w.linkedInBrowser(t, tab, "link."+label, w.admin, w.google.Calendar, annasAccount, annasAccount)
		})
	}
}

// linkedInBrowser syncs an action of the link whose page is shown.
func (w *grantWorld) linkedInBrowser(t *testing.T, tab *browsertest.Tab, label string, follower service.Caller, box *sandbox.Server, user, calendar string) {
	t.Helper()
	holdPage(t, tab, label)
	id, err := crm.ParseID[crm.Link](strings.TrimPrefix(browsertest.Eval[string](tab, "location.pathname"), "/links/"))
	w.must(err)
	w.action(follower, "Bezoek")
	w.sync(id)
	if items, err := box.Human(user, "phone").Items(calendar); err != nil || len(items) != 1 {
		t.Errorf("the calendar has %d events, %v", len(items), err)
	}
}

func TestBrowser_oauth_comes_back_by_itself(t *testing.T) {
	for _, c := range []struct {
		lang  crm.Language
		width int64
	}{{crm.Dutch, 1000}, {crm.French, 1440}, {crm.English, 390}} {
		t.Run(string(c.lang), func(t *testing.T) {
			b := browsertest.Open(t)
			w := newGrantWorld(t)
			w.speaks(w.admin, c.lang)
			label := "oauth." + string(c.lang)
			w.accounts.Register(authserver.Registration{ID: "agenda", Secret: "canary-generic-secret", Redirects: []string{w.at + "/oauth/callback"}})
			tab := b.Tab(c.width, 900)
			w.toParameters(tab, w.at, label, w.luc, crm.LinkOAuth)
			for field, value := range map[string]string{"address": w.base, "username": "luc", "issuer": w.base, "client_id": "agenda", "client_secret": "canary-generic-secret", "scopes": "calendar"} {
				tab.Type("#"+field, value)
			}
			tab.Click("#plain_http")
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector("main a.primary")`)
			holdPage(t, tab, "consent."+label)
			tab.Click("main a.primary")
			arrive(tab, `document.querySelector("button[value=allow]") && location.origin === `+strconv.Quote(w.base))
			tab.Click("button[value=allow]")
			arrive(tab, `location.pathname.endsWith("/signed")`)
			tab.Trouble() // the sandbox has no icon
			tab.Click("form.panel button.primary")
			arrive(tab, `document.querySelector("a.primary[href$='/shown']")`)
			tab.Click("a.primary[href$='/shown']")
			arrive(tab, `location.pathname.endsWith("/shown")`)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector("form[action$='/save'] button.primary")`)
			holdPage(t, tab, "plan."+label)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector(".toast")`)
			w.linkedInBrowser(t, tab, "link."+label, w.luc, w.box, "luc", "work")
		})
	}
}

// Where the administrator allows it, a user who is none links a calendar of her own from My calendar, from nothing to a synced action: here
// on a server of a company whose authority nobody else knows.
func TestBrowser_a_user_links_a_calendar_of_her_own(t *testing.T) {
	for _, c := range []struct {
		lang  crm.Language
		width int64
	}{{crm.Dutch, 390}, {crm.French, 1440}, {crm.English, 1000}} {
		t.Run(string(c.lang), func(t *testing.T) {
			b := browsertest.Open(t)
			own := newCompany(t)
			w := newGrantWorldBehind(t, store.Options{}, own.serveAnybody(t))
			w.must(w.box.SetUser(sandbox.User{Name: "luc", Password: "canary-simple", DisplayName: "luc"}))
			w.speaks(w.luc, c.lang)
			settings, err := w.p.service.Settings(t.Context(), w.admin)
			w.must(err)
			in := service.SettingsInputOf(settings)
			in.OwnCalendars = true
			_, err = w.p.service.ChangeSettings(t.Context(), w.admin, settings.Version, in)
			w.must(err)
			_, err = w.box.Human("luc", "phone").Put("work", "one.ics", demoEvents(demoToday())["lunch.ics"], "*")
			w.must(err)

			tab := b.Tab(c.width, 900)
			label := "own." + string(c.lang)
			w.signIn(tab, w.at, "luc")
			tab.Go(w.at + "/my-calendar")
			holdPage(t, tab, "mine."+label)
			tab.Click("main form button.primary")
			arrive(tab, `document.querySelector("input[name=kind]")`)
			holdPage(t, tab, "kind."+label)
			tab.Click(`input[value="simple"]`)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector("#address")`)
			holdPage(t, tab, "parameters."+label)
			tab.Type("#address", w.base+"/")
			tab.Type("#username", "luc")
			tab.Type("#password", "canary-simple")
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector(".verdict")`)
			says := i18n.T(c.lang, "check.tls_authority", map[string]string{"host": strings.TrimPrefix(w.base, "https://")})
			if !strings.Contains(browsertest.Eval[string](tab, `document.querySelector("main").innerText`), says) {
				t.Errorf("the test does not say %q:\n%s", says, browsertest.Eval[string](tab, `document.querySelector("main").innerText`))
			}
			holdPage(t, tab, "unknown-authority."+label)
			tab.Click(".back a")
			arrive(tab, `document.querySelector("#authority")`)
			browsertest.Eval[bool](tab, `!!(document.querySelector("#authority").value = `+strconv.Quote(own.authority)+`)`)
			tab.Click("form.panel button.primary")
			arrive(tab, `document.querySelector("a.primary[href$='/shown']")`)
			holdPage(t, tab, "test."+label)
			tab.Click("a.primary[href$='/shown']")
			arrive(tab, `location.pathname.endsWith("/shown")`)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector("form[action$='/save'] button.primary")`)
			holdPage(t, tab, "plan."+label)
			tab.Click("form button.primary")
			arrive(tab, `document.querySelector(".toast")`)
			id, err := crm.ParseID[crm.Link](strings.TrimPrefix(browsertest.Eval[string](tab, "location.pathname"), "/links/"))
			w.must(err)
			tab.Go(w.at + "/my-calendar")
			holdPage(t, tab, "linked."+label)
			w.action(w.luc, "Bezoek")
			w.sync(id)
			if items, err := w.box.Human("luc", "phone").Items("work"); err != nil || len(items) != 2 {
				t.Errorf("the calendar has %d events, %v", len(items), err)
			}
			tab.Go(w.at + "/actions?tab=all")
			if shown := browsertest.Eval[string](tab, `document.querySelector("main").innerText`); !strings.Contains(shown, "Bezoek") || !strings.Contains(shown, "Lunch") {
				t.Errorf("the actions are\n%s", shown)
			}
			holdPage(t, tab, "actions."+label)
		})
	}
}
