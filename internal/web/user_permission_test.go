package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// S18: every page of this part, asked for by everybody, answers as docs/permissions.md says: the table is service.Permit's, and
// the routes are walked, not listed.
func TestS18_every_page_answers_as_the_table_says(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	held := crm.NewID[store.Held](w.IDs)
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.InsertHeld(store.Held{ID: held, Link: link.ID, Kind: service.HeldDeletions, CreatedAt: w.clock.now()})
	}))
	token, _, err := w.CreateToken(t.Context(), w.luc, service.TokenInput{Name: "x"})
	w.must(err)
	asked := 0
	for _, route := range adminRoutes {
		if route.Public || route.Deed == "" {
			continue
		}
		id, about := link.ID.String(), w.luc.User.ID
		switch object, _, _ := strings.Cut(route.Name, "_"); object {
		case "user", "users":
			id = w.luc.User.ID.String()
		case "held":
			id = held.String()
		}
		path := strings.NewReplacer("{$}", "", "{id}", id, "{token}", token.ID.String()).Replace(route.Pattern)
		for _, who := range []service.Caller{w.an, w.luc, w.tom} {
			if !strings.Contains(route.Pattern, "{id}") { // the reader's own page, or one of everybody
				about = who.User.ID
			}
			b := w.browse(who)
			b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			var got answer
			if route.Method == http.MethodGet {
				got = b.get(path)
			} else {
				got = b.post(path, url.Values{"decision": {"nonsense"}})
			}
			asked++
			permission := service.Permit(who.User, route.Deed, service.Subject{User: about})
			own := strings.HasPrefix(route.Pattern, accountPath)
			var fits bool
			switch permission.Access {
			case service.Allowed:
				fits = got.status != http.StatusForbidden && (got.status != http.StatusNotFound || own && who.User.ID != w.luc.User.ID)
			case service.Hidden:
				fits = got.status == http.StatusNotFound
			default:
				fits = got.status == http.StatusForbidden
			}
			if !fits || got.status >= http.StatusInternalServerError {
				t.Errorf("%s %s (%s) by %s: got %d, permitted %v %s", route.Method, path, route.Deed, who.User.Login, got.status, permission.Access, permission.Code)
			}
		}
	}
	if asked < 100 {
		t.Errorf("only %d were asked", asked)
	}
}

// What is not there, and what is none, is a page that does not exist: no error, no stack, no query.
func TestS28_addresses_that_lead_nowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.an)
	for _, route := range Routes() {
		if route.Method != http.MethodGet || !strings.Contains(route.Pattern, "{") || strings.Contains(route.Pattern, "{$}") || strings.HasPrefix(route.Pattern, "/links/new/") {
			continue
		}
		for _, id := range []string{"01234567-89ab-7def-8123-456789abcdef", "x", "..%2f..%2fetc%2fpasswd", "%00", strings.Repeat("9", 3000), "'%20OR%201=1--", "00000000-0000-0000-0000-000000000000"} {
			path := strings.NewReplacer("{id}", id, "{token}", id).Replace(route.Pattern)
			// A sign-in that is over, or was another's, says to begin again.
			begun := strings.HasPrefix(route.Pattern, grantsPath+"/")
			if got := b.get(path); got.status != http.StatusNotFound && !(begun && got.status == http.StatusUnprocessableEntity) || strings.Contains(got.body, ".go:") || strings.Contains(got.body, "SELECT") {
				t.Errorf("%s: %d", path, got.status)
			}
		}
	}
	for _, path := range []string{"/runs?link=x", "/runs?before=x", "/links/new?q=%00%ff<script>", "/?done=<script>", "/links?done=links.synced_all&count=-1"} {
		if got := b.get(path); got.status != http.StatusNotFound && got.status != http.StatusOK || strings.Contains(got.body, "<script>") {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestUser_is_added_changed_and_refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.an)
	b.get("/users/new").shows(t, http.StatusOK, "Gebruiker toevoegen", `value="Europe/Brussels"`, "facultatief")
	b.post("/users/new", url.Values{"login": {"LUC"}, "name": {""}, "email": {"x"}, "language": {"xx"}, "time_zone": {"Mars"}, "role": {"king"}, "password": {"short"}}).shows(t, http.StatusUnprocessableEntity,
		`id="name-e"`, `id="email-e"`, `id="language-e"`, `id="time_zone-e"`, `id="role-e"`, `id="password-e"`)
	form := url.Values{"login": {"LUC"}, "name": {"Nele"}, "language": {"nl"}, "time_zone": {"Europe/Brussels"}, "role": {"user"}, "active": {"yes"}, "password": {"long enough"}, "reassign": {"yes"}}
	b.post("/users/new", form).shows(t, http.StatusUnprocessableEntity, `id="login-e"`, "LUC")
	form.Set("login", "nele")
	b.post("/users/new", form).shows(t, http.StatusOK, "De gebruiker is bewaard.", "Nele", "toewijzen")
	users, err := w.Users(t.Context(), w.an)
	w.must(err)
	var nele crm.User
	for _, user := range users {
		if user.Login == "nele" {
			nele = user
		}
	}
	if nele.Rights != (crm.Rights{Reassign: true}) || !nele.Active {
		t.Errorf("got %+v", nele)
	}
	path := "/users/" + nele.ID.String()
	b.get(path).hides(t, "long enough")
	form.Set("version", "7")
	b.post(path, form).shows(t, http.StatusConflict, "Iemand anders heeft dit intussen gewijzigd.")
	form.Set("version", "1")
	form.Set("name", "Nele V.")
	b.post(path, form).shows(t, http.StatusOK, "Nele V.")
	form = url.Values{"version": {"1"}, "login": {"an"}, "name": {"An"}, "language": {"nl"}, "time_zone": {"Europe/Brussels"}, "role": {"user"}, "active": {"yes"}}
	b.post("/users/"+w.an.User.ID.String(), form).shows(t, http.StatusUnprocessableEntity, "laatste beheerder")
}

func TestParameters_are_checked_and_saved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.luc)
	b := w.browse(w.an)
	b.get("/parameters").shows(t, http.StatusOK, "Agenda online (CalDAV)", `href="/links" aria-label="Koppelingen bekijken"`, "Luc Dubois", "elke 5 minuten")
	b.post("/parameters/module", url.Values{"version": {"0"}, "module_active": {"yes"}}).shows(t, http.StatusOK, "Bewaard.", "Uit")
	settings, err := w.Settings(t.Context(), w.an)
	w.must(err)
	if settings.OnlineCalendar || !settings.ModuleActive || settings.Guard != crm.DefaultSettings().Guard {
		t.Errorf("got %+v", settings)
	}
	form := url.Values{
		"version": {"1"}, "poll_interval": {"900"}, "default_duration": {"45"}, "conflict_policy": {"latest"}, "trash_kept": {"60"}, "uids_kept": {"400"}, "time_zone": {"Europe/Lisbon"}, "language": {"fr"},
		"guard.more": {"1.000"}, "guard.part": {"50"}, "guard.most": {"2000"}, "guard.emptied": {"5"}, "reassign": {"yes"},
	}
	b.post("/parameters/settings", form).shows(t, http.StatusOK, "Bewaard.", "elke 15 minuten", `value="45"`, `value="1000"`)
	b.post("/parameters/settings", form).shows(t, http.StatusConflict, "Iemand anders heeft dit intussen gewijzigd.", `name="version" value="2"`)
	form.Set("version", "2")
	for name, value := range map[string]string{"default_duration": "half an hour", "trash_kept": "0", "uids_kept": "5000", "guard.part": "101", "time_zone": "Mars", "conflict_policy": "mine", "poll_interval": "99999999999999999999"} {
		form.Set(name, value)
	}
	wrong := b.post("/parameters/settings", form)
	wrong.shows(t, http.StatusUnprocessableEntity, `value="half an hour"`, `id="default_duration-e"`, `id="trash_kept-e"`, `id="guard.part-e"`, "Kies een getal van 0 tot 100.", `id="poll_interval-e"`)
	after, err := w.Settings(t.Context(), w.an)
	w.must(err)
	if after.Version != 2 || after.DefaultRights != (crm.Rights{Reassign: true}) || after.ConflictPolicy != crm.LatestWins || after.OnlineCalendar {
		t.Errorf("got %+v", after)
	}
}

func TestParameters_the_module_off_hides_its_screens_and_deletes_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.action(w.luc, "Chaudière", func(in *service.ActionInput) { in.StartDate = "2026-11-23" })
	boss, luc := w.browse(w.an), w.browse(w.luc)
	boss.post("/parameters/module", url.Values{"version": {"0"}}).shows(t, http.StatusOK, "Bewaard.")
	home := luc.get("/")
	home.shows(t, http.StatusOK, "Lundi 23 novembre")
	home.hides(t, `href="/actions"`, "/actions/new", "Chaudière")
	for _, path := range []string{"/actions", "/actions/new", "/actions/" + action.ID.String(), "/actions/export.csv"} {
		luc.get(path).shows(t, http.StatusForbidden, "Le module CRM est désactivé.")
	}
	luc.post("/actions", url.Values{"subject": {"x"}}).shows(t, http.StatusForbidden)
	boss.post("/parameters/module", url.Values{"version": {"1"}, "module_active": {"yes"}, "online_calendar": {"yes"}}).shows(t, http.StatusOK, "Bewaard.")
	luc.get("/").shows(t, http.StatusOK, "Chaudière", "/actions/new")
}

func TestLink_is_paused_resumed_synced_changed_and_ended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tester := &scriptedTester{password: "secret", calendars: []service.FoundCalendar{{Href: "https://calendars.example/luc/", Name: "Werk"}}}
	w.testedBy(tester, nil, nil, nil)
	link := w.link(w.luc)
	path := "/links/" + link.ID.String()
	b := w.browse(w.an)
	b.post(path+"/pause", url.Values{"version": {"1"}}).shows(t, http.StatusOK, "De koppeling is gepauzeerd.", "Gepauzeerd", "door An Peeters")
	b.post(path+"/sync", nil).shows(t, http.StatusUnprocessableEntity, "gepauzeerd")
	b.post(path+"/resume", url.Values{"version": {"1"}}).shows(t, http.StatusConflict)
	b.post(path+"/resume", url.Values{"version": {"2"}}).shows(t, http.StatusOK, "De koppeling gaat verder waar ze stopte.")
	b.post(path+"/sync", nil).shows(t, http.StatusOK, "De synchronisatie is gestart.")
	b.post("/links/sync", nil).shows(t, http.StatusOK, "Eén koppeling synchroniseert nu.")

	edit := b.get(path + "/edit")
	edit.shows(t, http.StatusOK, `value="https://calendars.example/"`, "Leeg laten houdt het wachtwoord")
	edit.hides(t, "secret")
	form := url.Values{"version": {"3"}, "address": {"https://calendars.example/dav/"}, "username": {"luc"}, "password": {""}}
	b.post(path+"/edit", form).shows(t, http.StatusOK, "De koppeling is aangepast en getest.")
	if asked := tester.last(); asked.Password != "secret" || asked.Address != "https://calendars.example/dav/" {
		t.Errorf("tested %+v", asked)
	}
	form.Set("version", "4")
	form.Set("address", "https://elsewhere.example/")
	b.post(path+"/edit", form).shows(t, http.StatusUnprocessableEntity, `id="password-e"`, "elsewhere.example") // S5: it goes only where it was typed for

	w.action(w.luc, "Waits")
	b.get(path+"/end").shows(t, http.StatusOK, "Eén wijziging is nog niet verstuurd", "Er kwam geen actie uit de agenda.", "Er kwam geen afspraak uit het CRM.")
	b.post(path+"/end", url.Values{"version": {"4"}}).shows(t, http.StatusOK, "De koppeling is beëindigd.", "Nog geen online agenda")
	b.get(path).shows(t, http.StatusNotFound)
}

func TestMyCalendar_is_ones_own_link(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.luc)
	own := w.browse(w.luc).get("/my-calendar")
	own.shows(t, http.StatusOK, "Luc Dubois", "Synchroniser maintenant")
	own.hides(t, "/edit", "/end", "/pause", "/test")
	w.browse(w.tom).get("/my-calendar").shows(t, http.StatusOK, "Your calendar is not linked yet")
}

func TestHeld_a_decision_is_shown_with_what_it_is_about_and_taken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	open := w.action(w.luc, "Chaudière")
	secret := w.action(w.luc, "Secret médical")
	w.alter(secret.ID, func(a *crm.Action) { a.Private = true })
	held := crm.NewID[store.Held](w.IDs)
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.InsertHeld(store.Held{ID: held, Link: link.ID, Kind: service.HeldDeletions, CreatedAt: w.clock.now(), Subject: store.HeldSubject{Actions: []crm.ActionID{open.ID, secret.ID}}})
	}))
	boss := w.browse(w.an)
	page := boss.get("/held")
	page.shows(t, http.StatusOK, "Luc Dubois: 2 verwijderingen wachten", "Chaudière", "Bezet", "di 24 nov, 10:00 – 11:30", "30 dagen")
	page.hides(t, "Secret", secret.ID.String()) // S20
	boss.get("/").shows(t, http.StatusOK, "2 verwijderingen in de agenda van Luc Dubois wachten")
	w.browse(w.luc).get("/held").shows(t, http.StatusOK, "Secret médical")
	w.browse(w.tom).get("/held").shows(t, http.StatusOK, "Nothing waits for a decision")
	path := "/held/" + held.String()
	w.browse(w.tom).post(path, url.Values{"decision": {"delete"}}).shows(t, http.StatusNotFound)
	boss.post(path, nil).shows(t, http.StatusUnprocessableEntity, "Kies eerst een van de twee.")
	boss.post(path, url.Values{"decision": {"burn"}}).shows(t, http.StatusUnprocessableEntity, "burn")
	boss.post(path, url.Values{"decision": {"write_back"}}).shows(t, http.StatusOK, "De beslissing is bewaard", "Er wacht niets op een beslissing")
}

func TestRuns_page_by_page_with_their_reasons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		for i := range runsPerPage + 1 {
			run := crm.Run{ID: crm.NewID[crm.Run](w.IDs), Link: link.ID, Trigger: crm.TriggerPoll, StartedAt: w.clock.now(), Outcome: crm.OutcomeDone, Counts: crm.Counts{New: i + 1, Patched: 1, Requests: 1500}}
			run.EndedAt = run.StartedAt.Add(1_240_000_000)
			if i == 0 {
				run.Outcome, run.Reason = crm.OutcomeFailed, crm.FailingThrottled
			}
			if err := tx.PutRun(run); err != nil {
				return err
			}
		}
		return nil
	}))
	b := w.browse(w.an)
	first := b.get("/runs")
	first.shows(t, http.StatusOK, "51 nieuw", "één aangepast", "1,2 s", "1.500", "achtergrond", "Oudere")
	first.hides(t, "de server vraagt te wachten")
	_, rest, _ := strings.Cut(first.body, `class="push" href="`)
	older, _, _ := strings.Cut(rest, `"`)
	b.get(strings.ReplaceAll(older, "&amp;", "&")).shows(t, http.StatusOK, "mislukt", "de server vraagt te wachten", "één nieuw", "Nieuwste")
	w.browse(w.luc).get("/runs?link="+link.ID.String()).shows(t, http.StatusOK, "Synchronisations de Luc Dubois")
	w.browse(w.tom).get("/runs?link="+link.ID.String()).shows(t, http.StatusNotFound)
	w.browse(w.tom).get("/runs").shows(t, http.StatusOK, "No runs yet")
}

// payloads would run where text became markup.
var payloads = []string{
	`<script>document.title="pwned"</script>`, `"><img src=x onerror="document.title='pwned'">`, `'><svg onload=alert(1)>`, `javascript:alert(1)`, `</textarea><script>alert(1)</script>`,
	`</title><script>alert(1)</script>`, `{{.T "x"}}`, `<!--`, `&lt;script&gt;`, "\u202e\u2028<b>", `<a href="javascript:alert(1)">x</a>`, `<style>*{display:none}</style>`,
}

// hostile is a world in which everything that a server, a calendar or a person can name is a payload.
func hostile(t *testing.T) (w *world, draft func(*browser) answer, pages []string) {
	t.Helper()
	w = newWorld(t)
	all := strings.Join(payloads, " ")
	tester := &scriptedTester{password: "secret", exchange: service.Exchange{Asked: all, Answered: all}, calendars: []service.FoundCalendar{{Href: "https://calendars.example/a/" + url.PathEscape(payloads[0]), Name: all}}}
	w.testedBy(tester, nil, nil, nil)
	evil, err := w.CreateUser(t.Context(), w.an, service.UserInput{Login: "evil", Name: payloads[1], Language: "en", TimeZone: "UTC", Role: crm.RoleUser, Active: true, Rights: crm.Rights{ChangeOthers: true}})
	w.must(err)
	by := service.Caller{User: evil}
	link, err := w.CreateLink(t.Context(), w.an, service.LinkInput{User: evil.ID, Address: "https://calendars.example/" + payloads[1], Username: payloads[0], Password: "secret"})
	w.must(err)
	action := w.action(by, payloads[0], func(in *service.ActionInput) { in.StartDate, in.ThirdParty = "2026-11-23", payloads[1] })
	w.alter(action.ID, func(a *crm.Action) {
		a.ModifiedBy, a.ModifiedAt = crm.Actor{Kind: crm.ActorLink, Link: link.ID}, w.clock.now()
	})
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		err := tx.InsertHeld(store.Held{ID: crm.NewID[store.Held](w.IDs), Link: link.ID, Kind: service.HeldDeletions, CreatedAt: w.clock.now(), Subject: store.HeldSubject{Actions: []crm.ActionID{action.ID}}})
		if err != nil {
			return err
		}
		sync, err := tx.LinkSync(link.ID)
		if err != nil {
			return err
		}
		sync.Failing = crm.Failing{Since: w.clock.now(), Reason: "check.unknown_host", Params: map[string]string{"host": all}}
		sync.Traits = sync.Traits.With(dav.RewritesBodies, dav.Evidence{})
		if err := tx.UpdateLinkSync(link.ID, sync); err != nil {
			return err
		}
		return tx.InsertResources([]store.Resource{{
			ID: crm.NewID[store.Resource](w.IDs), Link: link.ID, Href: "/x.ics", UID: "x", State: store.ResourceLive, SeenAt: w.clock.now(), Body: []byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
			SetAside: store.SetAside{Reason: crm.ReasonUnreadable, Subject: all, When: all, Params: map[string]string{"name": all}},
		}})
	}))
	_, _, err = w.CreateToken(t.Context(), w.an, service.TokenInput{Name: payloads[1]})
	w.must(err)
	path := "/links/" + link.ID.String()
	pages = []string{"/", "/parameters", "/links", path, path + "/edit", path + "/end", "/held", "/runs", "/users", "/users/" + evil.ID.String(), "/users/" + evil.ID.String() + "/tokens", "/account/tokens", "/links/new?q=" + url.QueryEscape(payloads[1]), "/sign-in?next=" + url.QueryEscape(payloads[1])}
	return w, func(b *browser) answer { return b.post(path+"/test", nil) }, pages
}

// S14: what a server, a calendar or a person names things is text on every page of this part.
func TestS14_names_and_server_texts_are_inert(t *testing.T) {
	t.Parallel()
	w, test, pages := hostile(t)
	b := w.browse(w.an)
	answers := []answer{test(b)}
	for _, path := range pages {
		answers = append(answers, b.get(path))
	}
	draft := b.wizard(w.tom)
	answers = append(answers, b.post(draft+"/test", url.Values{"address": {payloads[1]}, "username": {payloads[0]}, "password": {"secret"}}), b.get(draft+"/shown"), b.post(draft+"/shown", nil), b.get(draft+"/parameters"))
	shown := 0
	for _, page := range answers {
		if page.status >= 500 {
			t.Errorf("%s: %d", page.path, page.status)
		}
		if strings.Contains(page.body, "&lt;script&gt;") || strings.Contains(page.body, "&lt;img") {
			shown++
		}
		for _, payload := range payloads {
			if payload[0] == '<' && strings.Contains(page.body, payload) && payload != "<!--" || strings.Contains(page.body, "<img") || strings.Contains(page.body, `href="javascript`) {
				t.Errorf("%s has %s as markup", page.path, payload)
			}
		}
	}
	if shown < 12 {
		t.Errorf("only %d of %d pages show what is hostile", shown, len(answers))
	}
}
