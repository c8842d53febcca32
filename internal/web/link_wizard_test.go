package web

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"agendaonline/internal/check"
	"agendaonline/internal/outbound"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
)

const canary = "canary-7f3a9c"

// wizard is a browser half way through adding a link: the parameters of it come next.
func (b *browser) wizard(of service.Caller) (draft string) {
	b.w.t.Helper()
	kind := b.post("/links/new", url.Values{"user": {of.User.ID.String()}})
	kind.shows(b.w.t, http.StatusOK, of.User.Name)
	parameters := b.post(kind.path, url.Values{"kind": {"simple"}})
	parameters.shows(b.w.t, http.StatusOK, of.User.Name, `name="password"`)
	return strings.TrimSuffix(parameters.path, "/parameters")
}

func typed(password string) url.Values {
	return url.Values{"address": {"https://calendars.example/"}, "username": {"luc"}, "password": {password}}
}

func TestWizard_from_nothing_to_a_link(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tester := &scriptedTester{password: canary, calendars: []service.FoundCalendar{
		{Href: "https://calendars.example/a/", Name: "Werk"}, {Href: "https://calendars.example/b/", Name: "Team", ReadOnly: true, Foreign: true}, {Href: "https://calendars.example/t/", Name: "Taken", NoEvents: true},
	}}
	w.testedBy(tester, nil, nil, nil)
	w.planner.counts = reconcile.FirstCounts{Events: map[string]int{"2019-05-02": 2400, "2026-11-30": 9}, Actions: map[string]int{"2026-11-25": 1}, Twins: 3}
	w.action(w.luc, "Chantier")
	w.action(w.luc, "Archive", func(in *service.ActionInput) { in.StartDate, in.EndDate = "2026-11-01", "2026-11-02" })
	b := w.browse(w.an)
	b.get("/links").shows(t, http.StatusOK, "Nog geen online agenda", "An Peeters, Luc Dubois, Tom Baker")
	b.get("/links/new").shows(t, http.StatusOK, "Wiens acties gaan naar de agenda?", "één actie vanaf vandaag")
	b.post("/links/new", url.Values{"user": {"x"}}).shows(t, http.StatusUnprocessableEntity, "Kies iemand uit de lijst.")
	draft := b.wizard(w.luc)
	pages := []answer{}
	see := func(a answer) answer { pages = append(pages, a); return a }

	see(b.post(draft+"/test", url.Values{"address": {""}, "username": {"a:b"}, "password": {canary}})).shows(t, http.StatusUnprocessableEntity, `id="address-e"`, `id="username-e"`, `value="a:b"`)
	see(b.post(draft+"/test", typed("wrong"))).shows(t, http.StatusOK, "Werkt niet", "Aanmelden", "class=\"fail\"", "Niet geprobeerd")
	b.get(draft+"/plan").shows(t, http.StatusOK, `name="password"`) // back to what is missing
	choose := see(b.post(draft+"/test", typed(canary)))
	choose.shows(t, http.StatusOK, "De verbinding werkt", "Welke agenda?", "Werk", "alleen lezen, van iemand anders", "neemt geen afspraken aan", "disabled")
	choose.hides(t, draft+"/shown")
	see(b.post(draft+"/test", url.Values{"calendar": {"https://calendars.example/a/"}})).shows(t, http.StatusOK, `href="`+draft+`/shown"`)
	if asked := tester.last(); asked.Password != canary || asked.Calendar != "https://calendars.example/a/" {
		t.Errorf("asked %+v", asked)
	}
	see(b.get(draft+"/plan")).shows(t, http.StatusOK, "Wat mogen anderen zien van wat uit de agenda van Luc Dubois komt?", `value="full" checked`) // it is asked first
	see(b.post(draft+"/shown", url.Values{"shown": {"busy"}})).shows(t, http.StatusOK, "Plan van de eerste synchronisatie", "Werk",
		"Afspraken die acties worden: 2.409", "<dt>2019</dt>", "<dt>Acties die afspraken worden</dt><dd>1</dd>", "<dt>Lijken dubbel</dt><dd>3</dd>", "1, blijven alleen in het CRM",
		`value="01/01/2026"`, "Voor u gekozen omdat er meer dan 2.000 zijn", "Met deze datum: 9 acties")
	see(b.post(draft+"/save", url.Values{"start": {"1/1/19"}, "decision": {"count"}})).shows(t, http.StatusOK, "Met deze datum: 2.409 acties", `value="01/01/2019"`)
	see(b.post(draft+"/save", url.Values{"start": {"1/1/19x"}})).shows(t, http.StatusUnprocessableEntity, `id="start-e"`)
	if w.planner.asked != 1 {
		t.Errorf("the calendar was read %d times", w.planner.asked)
	}
	see(b.get(draft+"/parameters")).shows(t, http.StatusOK, `value="https://calendars.example/"`, "Leeg laten houdt het wachtwoord")
	if views, _ := w.Links(t.Context(), w.an); len(views) > 0 {
		t.Error("something was saved before it was asked for")
	}
	done := see(b.post(draft+"/save", url.Values{"start": {""}}))
	done.shows(t, http.StatusOK, "De koppeling is gemaakt.", "Luc Dubois", "Werk", "Nieuw", "Alleen dat er iemand bezet is")
	done.hides(t, "/shown") // that is for Luc to change
	see(b.get("/links")).shows(t, http.StatusOK, "calendars.example · Werk")
	see(b.get(done.path + "/edit"))
	for _, page := range pages {
		page.hides(t, canary) // S10: what is typed is never shown again
	}
	if again := b.get(draft + "/plan"); !strings.HasPrefix(again.path, "/links/new?lost") {
		t.Errorf("the draft is there still: %s", again.path)
	}
}

func TestWizard_without_sync_token_only_when_that_is_ticked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.testedBy(&scriptedTester{password: "secret", noToken: true, calendars: []service.FoundCalendar{{Href: "https://calendars.example/a/", Name: "Werk"}}}, nil, nil, nil)
	b := w.browse(w.an)
	draft := b.wizard(w.luc)
	tested := b.post(draft+"/test", typed("secret"))
	tested.shows(t, http.StatusOK, "Werkt met een beperking", "sync-token", "Toch koppelen, zonder sync-token", `class="limit"`)
	tested.hides(t, `href="`+draft+`/shown"`)
	if refused := b.post(draft+"/plan", nil); !strings.HasSuffix(refused.path, "/parameters") {
		t.Errorf("not ticked, and sent to %s", refused.path)
	}
	b.post(draft+"/save", nil).shows(t, http.StatusOK, `name="password"`)
	b.post(draft+"/test", nil).shows(t, http.StatusOK, "Werkt met een beperking")
	b.post(draft+"/plan", url.Values{"without_sync_token": {"yes"}}).shows(t, http.StatusOK, "Wat anderen zien")
	b.post(draft+"/shown", nil).shows(t, http.StatusOK, "Plan van de eerste synchronisatie")
	done := b.post(draft+"/save", nil)
	done.shows(t, http.StatusOK, "De koppeling is gemaakt.")
	edit := b.get(strings.TrimSuffix(done.path, "?done=links.created") + "/edit")
	edit.shows(t, http.StatusOK, `name="without_sync_token" value="yes" checked`)
}

func TestWizard_a_draft_is_its_owners_and_expires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.testedBy(&scriptedTester{password: canary}, nil, nil, nil)
	boss, err := w.CreateUser(t.Context(), w.an, service.UserInput{Login: "boss", Name: "Boss", Language: "en", TimeZone: "UTC", Role: "administrator", Active: true})
	w.must(err)
	b := w.browse(w.an)
	draft := b.wizard(w.luc)
	other := w.browse(service.Caller{User: boss})
	for _, path := range []string{"/kind", "/parameters", "/shown", "/plan"} {
		if answer := other.get(draft + path); !strings.HasPrefix(answer.path, "/links/new?lost") {
			t.Errorf("another administrator sees %s", answer.path)
		}
	}
	w.clock.move(30 * 60)
	b.get(draft+"/parameters").shows(t, http.StatusOK, "Dit begin is verlopen.")
}

// Each step is on the page as soon as it ended, with no script at work.
func TestConnectionTest_steps_arrive_as_they_end(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tester := &scriptedTester{password: "secret", hold: make(chan struct{}), calendars: []service.FoundCalendar{{Href: "https://calendars.example/a/", Name: "Werk"}}}
	w.testedBy(tester, nil, nil, nil)
	b := w.browse(w.an)
	draft := b.wizard(w.luc)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+draft+"/test", strings.NewReader(typed("secret").Encode()))
	w.must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := b.client.Do(request)
	w.must(err)
	defer response.Body.Close()
	var text strings.Builder
	until := func(want string) {
		t.Helper()
		piece := make([]byte, 4096)
		for !strings.Contains(text.String(), want) {
			n, err := response.Body.Read(piece)
			if text.Write(piece[:n]); err != nil && n == 0 {
				t.Fatalf("the page ended without %q: %v\n%s", want, err, text.String())
			}
		}
	}
	until("<h3>Adres<")
	if shown := text.String(); strings.Contains(shown, "<h3>Aanmelden<") || strings.Contains(shown, "verdict") {
		t.Errorf("more than what has ended is shown:\n%s", shown)
	}
	close(tester.hold)
	until("<h3>Aanmelden<")
	until("verdict")
	until("De verbinding werkt")
	until("</html>")
}

// What is typed wrong is known at once, but a test may be slow to begin with: the page does not wait for it.
func TestConnectionTest_the_page_begins_before_the_first_step(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	slow := slowTester{make(chan struct{})}
	w.testedBy(slow, nil, nil, nil)
	b := w.browse(w.an)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+"/links/"+link.ID.String()+"/test", nil)
	w.must(err)
	response, err := b.client.Do(request)
	w.must(err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() && !strings.Contains(lines.Text(), "De test loopt.") {
	}
	close(slow.hold)
	rest := ""
	for lines.Scan() {
		rest += lines.Text()
	}
	if !strings.Contains(rest, "Werkt niet") || !strings.Contains(rest, "</html>") {
		t.Errorf("it ends with %s", rest)
	}
}

// slowTester has no step at all for a while.
type slowTester struct{ hold chan struct{} }

func (s slowTester) Test(ctx context.Context, _ service.TestRequest, _ func(service.TestStep)) (service.Verdict, error) {
	<-s.hold
	return service.Verdict{Outcome: service.DoesNotWork, Code: "check.timeout"}, ctx.Err()
}

// realTester is the connection test itself.
type realTester struct{ *check.Tester }

func (r realTester) Test(ctx context.Context, request service.TestRequest, report func(service.TestStep)) (service.Verdict, error) {
	step := func(step check.Step) service.TestStep {
		shown := service.TestStep{Name: step.Name, Outcome: service.StepOutcome(step.Outcome), Code: string(step.Code), Params: step.Params, Duration: step.Duration}
		for _, exchange := range step.Evidence {
			shown.Evidence = append(shown.Evidence, service.Exchange(exchange))
		}
		return shown
	}
	verdict, err := r.Tester.Test(ctx, check.Request{
		Address: request.Address, Username: request.Username, Password: request.Password, PlainHTTP: request.PlainHTTP, Calendar: request.Calendar, Write: request.Write,
	}, func(one check.Step) { report(step(one)) })
	shown := service.Verdict{
		Outcome: service.VerdictOutcome(verdict.Outcome), Code: string(verdict.Code), Field: verdict.Field, Params: verdict.Params,
		Calendar: service.FoundCalendar(verdict.Calendar), Addresses: verdict.Addresses, Traits: verdict.Traits, NoSyncToken: verdict.NoSyncToken,
	}
	for _, one := range verdict.Steps {
		shown.Steps = append(shown.Steps, step(one))
	}
	for _, calendar := range verdict.Calendars {
		shown.Calendars = append(shown.Calendars, service.FoundCalendar(calendar))
	}
	return shown, err
}

func TestWizard_with_the_real_connection_test_against_the_sandbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	box, err := sandbox.Open("", sandbox.Options{})
	w.must(err)
	t.Cleanup(func() { w.must(box.Close()) })
	w.must(box.SetUser(sandbox.User{Name: "luc", Password: canary, DisplayName: "Luc", Addresses: []string{"luc@example.com"}}))
	for _, name := range []string{"werk", "prive"} {
		w.must(box.SetCalendar(sandbox.Calendar{Owner: "luc", Name: name, DisplayName: "Agenda " + name, Components: []string{"VEVENT"}}))
	}
	calendars := httptest.NewServer(box)
	t.Cleanup(calendars.Close)
	host := strings.TrimPrefix(calendars.URL, "http://")
	allow, err := outbound.ParseAllow(host)
	w.must(err)
	transport := outbound.New(outbound.Config{Allow: allow})
	uids := 0
	w.testedBy(realTester{check.New(check.Config{Transport: transport, Random: strings.NewReader(strings.Repeat("0123456789", 1000)), NewUID: func() string { uids++; return "uid-" + strings.Repeat("x", uids) }})}, nil, nil, nil)
	b := w.browse(w.luc)
	b.get("/links/new").shows(t, http.StatusForbidden)

	b = w.browse(w.an)
	draft := b.wizard(w.luc)
	form := url.Values{"address": {calendars.URL}, "username": {"luc"}, "password": {"wrong"}, "plain_http": {"yes"}, "test_write": {"yes"}}
	b.post(draft+"/test", form).shows(t, http.StatusOK, "Werkt niet", `class="fail"`, "401")
	form.Set("password", canary)
	choose := b.post(draft+"/test", form)
	choose.shows(t, http.StatusOK, "Welke agenda?", "Agenda werk", "Agenda prive")
	choose.hides(t, canary)
	tested := b.post(draft+"/test", url.Values{"calendar": {calendars.URL + box.CalendarPath("luc", "werk")}})
	tested.shows(t, http.StatusOK, `href="`+draft+`/shown"`, "Schrijven", "Sync-token", "Klokken", "PROPFIND", "207")
	tested.hides(t, canary, `class="fail"`)
	b.post(draft+"/shown", nil).shows(t, http.StatusOK, "Plan van de eerste synchronisatie")
	b.post(draft+"/save", url.Values{"start": {"someday"}}).shows(t, http.StatusUnprocessableEntity, "Afspraken overnemen vanaf", "someday")
	b.post(draft+"/save", url.Values{"start": {"1/1/26"}}).shows(t, http.StatusOK, "De koppeling is gemaakt.", "Agenda werk")
	if got := w.open(w.luc); len(got) != 1 || got[0] != "from 2026-01-01" {
		t.Errorf("got %q, want the start that was chosen", got)
	}
	views, err := w.Links(t.Context(), w.an)
	w.must(err)
	again := b.post("/links/"+views[0].ID.String()+"/test", nil)
	again.shows(t, http.StatusOK, "De verbinding werkt")
	again.hides(t, canary)
	b.get(draft+"/plan").shows(t, http.StatusOK, "Dit begin is verlopen.")
	b.post("/links/new", url.Values{"user": {w.luc.User.ID.String()}}).shows(t, http.StatusUnprocessableEntity) // has one now
}
