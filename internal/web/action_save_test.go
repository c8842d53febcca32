package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// formOf is the form of a page as a browser without script sends it back.
func formOf(t testing.TB, a answer) url.Values {
	t.Helper()
	start := strings.Index(a.body, "data-save>")
	if start < 0 {
		t.Fatalf("%s has no form", a.path)
	}
	body := a.body[start:]
	body = body[:strings.Index(body, "</form>")]
	form := url.Values{}
	unescape := strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&#43;", "+", "&amp;", "&").Replace
	attribute := func(tag, name string) (string, bool) {
		found := regexp.MustCompile(`\s` + name + `="([^"]*)"`).FindStringSubmatch(tag)
		if found == nil {
			return "", false
		}
		return unescape(found[1]), true
	}
	for _, tag := range regexp.MustCompile(`(?s)<input[^>]*>|<select.*?</select>|<textarea.*?</textarea>`).FindAllString(body, -1) {
		open := tag[:strings.Index(tag, ">")+1]
		name, named := attribute(open, "name")
		if !named || strings.Contains(open, " disabled") || strings.Contains(open, `type="checkbox"`) && !strings.Contains(open, " checked") {
			continue
		}
		value, _ := attribute(open, "value")
		switch {
		case strings.HasPrefix(tag, "<textarea"):
			value = unescape(strings.TrimPrefix(strings.TrimSuffix(tag[len(open):], "</textarea>"), "\n"))
			value = strings.ReplaceAll(value, "\n", "\r\n")
		case strings.HasPrefix(tag, "<select"):
			options := regexp.MustCompile(`<option[^>]*>`).FindAllString(tag, -1)
			for i, option := range options {
				if strings.Contains(option, " selected") || i == 0 {
					value, _ = attribute(option, "value")
				}
			}
		}
		form.Add(name, value)
	}
	return form
}

func (w *world) list(who service.Caller) []service.ActionView {
	w.t.Helper()
	page, err := w.List(w.t.Context(), who, service.ActionQuery{})
	w.must(err)
	return page.Actions
}

func TestAction_is_made_from_short_forms_without_script(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.an)
	form := formOf(t, b.get("/actions/new"))
	form.Set("subject", "Bellen & afspreken")
	form.Set("start_date", "25/11")
	form.Set("start_time", "1430")
	form.Set("due_date", "1/12")
	form.Set("description", "een\r\ntwee")
	form["document_title"], form["document_url"] = []string{"Plan"}, []string{"https://docs.example/plan?a=1&b=2"}
	saved := b.post("/actions", form)
	saved.shows(t, http.StatusOK, "Opgeslagen.", "<h1>Bellen &amp; afspreken</h1>", `value="25/11/2026"`, `value="14:30"`, `href="https://docs.example/plan?a=1&amp;b=2"`, "maakte de actie")
	made := w.list(w.an)
	if len(made) != 1 || made[0].When.String() != "2026-11-25 14:30 - - Europe/Brussels" || made[0].FollowedBy != w.an.User.ID || made[0].Description != "een\ntwee" || made[0].DueDate.String() != "2026-12-01" {
		t.Errorf("got %+v", made)
	}
}

func TestAction_saving_what_the_form_shows_changes_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.action(w.an, `"Quotes" <b>& more`, func(in *service.ActionInput) {
		in.Description, in.StartTime, in.DueDate = "een\n\n  twee\t& <i>drie</i>\n", "10:00:30", "2026-12-01"
		in.Documents = []crm.Document{{Title: "a", URL: "https://a.example/"}, {URL: "https://b.example/"}}
	})
	// What came from a calendar may hold what no form lets a person type.
	w.alter(action.ID, func(a *crm.Action) { a.Subject += "\nsecond line\u0007" })
	b := w.browse(w.an)
	page := b.get("/actions/" + action.ID.String())
	version := page.body
	form := formOf(t, page)
	form.Set("subject", strings.ReplaceAll(form.Get("subject"), "\n", "")) // a browser takes line ends out of a line
	b.post("/actions/"+action.ID.String(), form).shows(t, http.StatusOK, "Opgeslagen.")
	after, err := w.Get(t.Context(), w.an, action.ID)
	w.must(err)
	if after.Version != action.Version+1 || after.Subject != action.Subject+"\nsecond line\u0007" || after.Description != action.Description {
		t.Errorf("got version %d (made %d, altered once), subject %q, description %q\n%s", after.Version, action.Version, after.Subject, after.Description, version)
	}
	if history, err := w.History(t.Context(), w.an, action.ID); err != nil || len(history) != 1 {
		t.Errorf("got %d rows of history, %v, want that it was made", len(history), err)
	}
}

func TestAction_bad_input_is_said_beside_its_field_with_an_offer_and_nothing_is_saved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.luc)
	form := formOf(t, b.get("/actions/new"))
	form.Set("subject", "Réunion")
	form.Set("start_date", "25/11/2026")
	form.Set("start_time", "14:00")
	form.Set("end_time", "13h30")
	form.Set("due_date", "31/2/2027")
	wrong := b.post("/actions", form)
	wrong.shows(t, http.StatusUnprocessableEntity, "Rien n’est encore enregistré.", `id="end_time" name="end_time" value="13h30"`, `aria-describedby="end_time-e"`,
		"La fin ne suit pas le début.", "Finir le jeudi 26 novembre à 13:30", "Ce jour n’existe pas (31/2/2027).", `value="Réunion"`)
	if made := w.list(w.luc); len(made) != 0 {
		t.Errorf("got %+v saved", made)
	}

	form = formOf(t, wrong)
	form.Set("due_date", "")
	form.Set("offer", "end_date=2026-11-26&end_time=13%3A30")
	b.post("/actions", form).shows(t, http.StatusOK, "Enregistrée.")
	if made := w.list(w.luc); len(made) != 1 || made[0].When.String() != "2026-11-25 14:00 2026-11-26 13:30 Europe/Brussels" {
		t.Errorf("got %+v after the offer was taken", made)
	}
}

func TestAction_a_time_that_a_clock_change_skips_is_offered_as_the_next_existing_one(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.tom)
	form := formOf(t, b.get("/actions/new"))
	form.Set("subject", "Early")
	form.Set("start_date", "28/3/2027")
	form.Set("start_time", "2:30")
	wrong := b.post("/actions", form)
	wrong.shows(t, http.StatusUnprocessableEntity, "On Sunday 28 March 2027 the clock skips 02:30.", `name="offer" value="start_time=03%3A00">Use 03:00`)
	form = formOf(t, wrong)
	form.Set("offer", "start_time=03%3A00")
	b.post("/actions", form).shows(t, http.StatusOK, "Saved.", `value="03:00"`)
}

func TestAction_changed_meanwhile_keeps_what_was_typed_and_what_the_other_changed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.action(w.luc, "Rappeler")
	b := w.browse(w.luc)
	form := formOf(t, b.get("/actions/"+action.ID.String()))
	in := service.InputOf(action)
	in.Subject, in.Dossier = "Rappeler Mme Delvaux", "2026-041"
	_, err := w.Change(t.Context(), w.an, action.ID, action.Version, in)
	w.must(err)

	form.Set("subject", "Rappeler demain")
	form.Set("contact", "M. Piron")
	conflict := b.post("/actions/"+action.ID.String(), form)
	conflict.shows(t, http.StatusConflict, "Votre saisie est toujours là", "Sujet\u00a0: on y lit entre-temps «\u00a0Rappeler Mme Delvaux\u00a0»", `value="Rappeler demain"`, `value="M. Piron"`, `value="2026-041"`)
	conflict.hides(t, "Dossier\u00a0: on y lit")

	b.post("/actions/"+action.ID.String(), formOf(t, conflict)).shows(t, http.StatusOK, "Enregistrée.")
	after, err := w.Get(t.Context(), w.luc, action.ID)
	w.must(err)
	if after.Subject != "Rappeler demain" || after.Dossier != "2026-041" || after.Contact != "M. Piron" {
		t.Errorf("got %q %q %q", after.Subject, after.Dossier, after.Contact)
	}
}

func TestAction_deleted_can_be_undone_and_found_in_the_trash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.action(w.an, "Weg ermee")
	b := w.browse(w.an)
	path := "/actions/" + action.ID.String()
	stale := b.post(path+"/delete", url.Values{"version": {"99"}})
	stale.shows(t, http.StatusConflict, "dus ze is niet verwijderd")
	deleted := b.post(path+"/delete", url.Values{"version": {"1"}})
	deleted.shows(t, http.StatusOK, "Verwijderd.", "Ongedaan maken", `action="`+path+`/restore"`)
	if got := subjects(deleted); len(got) != 0 {
		t.Errorf("the list still has %q", got)
	}
	b.get("/actions?tab=trash").shows(t, http.StatusOK, "Weg ermee", "Herstellen")
	b.get(path).shows(t, http.StatusOK, "Deze actie ligt in de prullenbak. Herstel haar eerst.", "verwijderde de actie")
	b.get(path+"/row").shows(t, http.StatusOK, `class="gone"`, "verwijderd", "Herstellen")
	b.post(path+"/restore", url.Values{"back": {"list"}}).shows(t, http.StatusOK, "Hersteld.", "Weg ermee")
	if _, err := w.Get(t.Context(), w.an, action.ID); err != nil {
		t.Error(err)
	}
}

func TestAction_history_and_conflicts_bring_a_value_back(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.luc)
	action := w.action(w.luc, "Réunion", func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndTime = "2026-11-25", "13:00", "15:00" })
	in := service.InputOf(action)
	in.StartTime, in.EndTime, in.Subject = "14:00", "16:00", "Réunion de chantier"
	action, err := w.Change(t.Context(), w.luc, action.ID, action.Version, in)
	w.must(err)
	w.conflict(action)
	b := w.browse(w.luc)
	path := "/actions/" + action.ID.String()
	page := b.get(path)
	page.shows(t, http.StatusOK, "Modifié des deux côtés\u00a0: quand", "mer. 25 nov., 14:00 – 16:00", "jeu. 26 nov., 10:00 – 12:00", "Prendre cette valeur",
		"<del>Réunion</del>", "<ins>Réunion de chantier</ins>", "a créé l’action", "4 modifications")
	take := regexp.MustCompile(`class="foot" method="post" action="([^"]+)"`).FindStringSubmatch(page.body)
	if take == nil {
		t.Fatal("the conflict offers no other value")
	}
	version := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(page.body)[1]
	b.post(take[1], url.Values{"version": {"99"}}).shows(t, http.StatusConflict, "rien n’a donc été restauré")
	b.post(take[1], url.Values{"version": {version}}).shows(t, http.StatusOK, "Enregistrée.", `value="26/11/2026"`, `value="10:00"`)
	b.get(path).hides(t, "Prendre cette valeur")
}

func TestAction_copies_and_follow_ups_begin_with_what_they_come_from(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.action(w.an, "Offerte", func(in *service.ActionInput) { in.ThirdParty, in.Description = "De Smet", "lang verhaal" })
	b := w.browse(w.an)
	copied := formOf(t, b.get("/actions/new?copy="+action.ID.String()))
	for name, want := range map[string]string{"subject": "Offerte", "third_party": "De Smet", "description": "lang verhaal", "start_date": "24/11/2026", "follows_up": ""} {
		if got := copied.Get(name); got != want {
			t.Errorf("copy: %s is %q, want %q", name, got, want)
		}
	}
	next := b.get("/actions/new?follows=" + action.ID.String())
	next.shows(t, http.StatusOK, "Vervolg op", `<a href="/actions/`+action.ID.String()+`">Offerte</a>`)
	form := formOf(t, next)
	if form.Get("start_date") != "" || form.Get("description") != "" || form.Get("third_party") != "De Smet" || form.Get("follows_up") != action.ID.String() {
		t.Errorf("follow-up begins with %v", form)
	}
	saved := b.post("/actions", form)
	saved.shows(t, http.StatusOK, "Opgeslagen.")
	form = formOf(t, saved)
	form.Set("no_follows_up", "on")
	b.post(strings.Split(saved.path, "?")[0], form).hides(t, `<a href="/actions/`+action.ID.String()+`">Offerte</a></span>`)
}

func TestAction_who_may_not_change_it_sees_it_and_why(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.action(w.luc, "Réunion")
	b := w.browse(w.tom)
	path := "/actions/" + action.ID.String()
	page := b.get(path)
	page.shows(t, http.StatusOK, "Somebody else follows this action, and you may not change actions of others.", "readonly")
	page.hides(t, `class="primary"`, "Delete")
	form := formOf(t, w.browse(w.luc).get(path))
	form.Set("subject", "Hacked")
	b.post(path, form).shows(t, http.StatusForbidden, "you may not change actions of others")
	b.post(path+"/delete", url.Values{"version": {"1"}}).shows(t, http.StatusForbidden, "You may not do this")
	b.post(path+"/delete", nil).shows(t, http.StatusBadRequest, "This form cannot be read")
	b.get("/actions/00000000-0000-7000-8000-000000000001").shows(t, http.StatusNotFound, "There is no such page")
	b.get("/actions/nonsense").shows(t, http.StatusNotFound, "There is no such page")
	b.post("/actions", url.Values{"subject": {"For Luc"}, "followed_by": {w.luc.User.ID.String()}}).shows(t, http.StatusForbidden, "You may not give actions to somebody else.")
}

func TestPages_what_people_and_calendars_write_is_shown_and_never_run(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.an)
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}z${7*7}z`
	action := w.action(w.an, evil, func(in *service.ActionInput) {
		in.ThirdParty, in.Contact, in.Dossier, in.Description = evil, evil, evil, "</textarea>"+evil
		in.Documents = []crm.Document{{Title: evil, URL: "https://a.example/"}}
	})
	w.alter(action.ID, func(a *crm.Action) {
		a.Documents = append(a.Documents, crm.Document{Title: "x", URL: "javascript:alert(1)"})
		a.Sync = crm.SyncState{Name: crm.SetAside, Reason: crm.Reason(evil), Params: map[string]string{"x": evil}}
	})
	w.conflict(action)
	b := w.browse(w.an)
	for _, path := range []string{
		"/actions", "/actions?q=" + url.QueryEscape(evil), "/actions?third_party=" + url.QueryEscape(evil), "/actions?from=" + url.QueryEscape(evil),
		"/actions/" + action.ID.String(), "/actions/" + action.ID.String() + "/row", "/actions/new?copy=" + action.ID.String(), "/actions?said=" + url.QueryEscape(evil) + "&of=" + url.QueryEscape(evil),
		"/actions?tab=" + url.QueryEscape(evil), "/actions/rows?q=" + url.QueryEscape(evil), "/" + url.PathEscape(evil),
	} {
		page := b.get(path)
		page.hides(t, "<script>alert", "<img src=x", `href="javascript:`, "</textarea>&#34;&#39;&gt;<", "z49z")
		if page.status >= 500 {
			t.Errorf("%s: got status %d", path, page.status)
		}
	}
	form := formOf(t, b.get("/actions/"+action.ID.String()))
	form.Set("start_time", evil)
	b.post("/actions/"+action.ID.String(), form).hides(t, "<script>alert", "<img src=x")
}

// event gives an action an event in its follower's calendar, as a pull would have.
func (w *world) event(action crm.Action, lines ...string) {
	w.t.Helper()
	body := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\nBEGIN:VEVENT\r\nUID:u-1\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	w.must(w.Store.Write(w.t.Context(), func(tx *store.Tx) error {
		link, err := tx.LinkOfUser(action.FollowedBy)
		if err != nil {
			return err
		}
		resource := store.Resource{
			ID: crm.NewID[store.Resource](w.IDs), Link: link.ID, Href: dav.Href(link.CalendarHref + "u-1.ics"), UID: "u-1", ETag: `"1"`, State: store.ResourceLive,
			SeenAt: w.clock.now(), Body: []byte(body),
		}
		if err := tx.InsertResources([]store.Resource{resource}); err != nil {
			return err
		}
		base := &reconcile.Base{Agreed: action.Units, Server: action.Units}
		return tx.InsertBindings([]store.Binding{{Resource: resource.ID, Action: action.ID, Base: base, AgreedVersion: action.Version, AgreedAt: w.clock.now()}})
	}))
}

func TestAction_its_event_is_shown_as_the_calendar_has_it(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.link(w.luc)
	action := w.action(w.luc, "Réunion de chantier")
	w.event(action, "SUMMARY:Réunion de chantier", "DTSTART;TZID=Europe/Lisbon:20261124T090000", "DTEND;TZID=Europe/Lisbon:20261124T103000",
		"LOCATION:Avenue des Tilleuls 12\\, 1050 Ixelles", "ORGANIZER;CN=Luc Dubois:mailto:luc@example.com", "ATTENDEE;CN=Hélène Delvaux;PARTSTAT=ACCEPTED:mailto:helene@example.com",
		"ATTENDEE;CN=<b>Olivier</b>;PARTSTAT=NEEDS-ACTION:mailto:olivier@example.com", "ATTENDEE;PARTSTAT=DECLINED:mailto:sofie@example.com", "RRULE:FREQ=WEEKLY",
		"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT30M\r\nEND:VALARM")
	w.clock.move(12)
	page := w.browse(w.luc).get("/actions/" + action.ID.String())
	page.shows(t, http.StatusOK, "Dans l’agenda de Luc Dubois", "Avenue des Tilleuls 12, 1050 Ixelles", "Europe/Lisbon", "Hélène Delvaux <span>accepte", "&lt;b&gt;Olivier&lt;/b&gt; <span>n’a pas répondu",
		"sofie@example.com <span>refuse", "Série", "Rappels", "Agenda van luc", "Lu il y a 12 s.")
	w.browse(w.an).get("/actions/"+action.ID.String()).shows(t, http.StatusOK, "In de agenda van Luc Dubois", "heeft niet geantwoord", "Gelezen 12 s geleden.")
}
