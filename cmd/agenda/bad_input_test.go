package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
)

// Bad input is met with a sentence in the person's language that says what was wrong and what to do, and changes nothing.
func TestBadInput_is_told_in_the_persons_language_and_changes_nothing(t *testing.T) {
	t.Parallel()
	box, err := sandbox.Open("", sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	old, err := sandbox.Open("", sandbox.Options{Manners: sandbox.SabreDAV18()})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	for _, one := range []*sandbox.Server{box, old} {
		if err := errors.Join(one.SetUser(sandbox.User{Name: "ann", Password: "secret"}), one.SetCalendar(sandbox.Calendar{Owner: "ann", Name: "work"})); err != nil {
			t.Fatal(err)
		}
	}
	good, tokenless := httptest.NewServer(box), httptest.NewServer(old)
	defer good.Close()
	defer tokenless.Close()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<h1>Welcome</h1>") }))
	defer site.Close()
	nothing := freeAddress(t)

	config := testConfig(t.TempDir())
	config.Allow, err = outbound.ParseAllow(good.Listener.Addr().String(), tokenless.Listener.Addr().String(), site.Listener.Addr().String(), nothing)
	if err != nil {
		t.Fatal(err)
	}
	p, err := openProgram(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	address := start(t, p)

	day := func(fields map[string]any, more ...string) map[string]any {
		for i := 0; i < len(more); i += 2 {
			fields[more[i]] = more[i+1]
		}
		return fields
	}
	link := func(address, password string) map[string]any {
		return map[string]any{"address": address, "username": "ann", "password": password, "plain_http": true}
	}
	cases := []struct {
		name, path string
		body       func() map[string]any
		code       string
	}{
		{"wrong URL", "/links", func() map[string]any { return link("http://"+nothing+"/", "secret") }, "check.not_listening"},
		{"no URL", "/links", func() map[string]any { return link("my calendar", "secret") }, "check.address_no_url"},
		{"wrong password", "/links", func() map[string]any { return link(good.URL+box.CalendarPath("ann", "work"), "wrong-one") }, "check.sign_in_refused"},
		{"not CalDAV", "/links", func() map[string]any { return link(site.URL+"/", "secret") }, "check.not_dav"},
		{"without sync-token", "/links", func() map[string]any { return link(tokenless.URL+old.CalendarPath("ann", "work"), "secret") }, "check.no_sync_token"},
		{"end before start", "/actions", func() map[string]any {
			return day(map[string]any{"subject": "Visit"}, "start_date", "2026-12-01", "start_time", "14:00", "end_date", "2026-12-01", "end_time", "13:00")
		}, ""},
		{"time without date", "/actions", func() map[string]any { return day(map[string]any{"subject": "Visit"}, "start_time", "14:00") }, "when.time_without_date"},
		{"no such day", "/actions", func() map[string]any { return day(map[string]any{"subject": "Visit"}, "start_date", "2026-02-30") }, "when.no_such_day"},
		{"a time that a clock change skips", "/actions", func() map[string]any {
			return day(map[string]any{"subject": "Visit", "time_zone": "Europe/Brussels"}, "start_date", "2027-03-28", "start_time", "02:30")
		}, "when.skipped_by_clock_change"},
	}
	said := map[string]map[string]crm.Language{}
	for _, language := range []crm.Language{crm.Dutch, crm.French, crm.English} {
		user, err := p.service.CreateAdministrator(t.Context(), service.UserInput{
			Login: "ann-" + string(language), Name: "Ann", Language: language, TimeZone: "Europe/Brussels", Password: "quite-long-enough",
		})
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := p.service.CreateToken(t.Context(), service.Caller{User: user}, service.TokenInput{Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		side := &tourCRM{address: address, token: token, client: http.DefaultClient}
		for _, one := range cases {
			body := one.body()
			if one.path == "/links" {
				body["user"] = user.ID.String()
			}
			err := side.do(t.Context(), http.MethodPost, one.path, 0, body, nil)
			var problem *apiProblem
			var network *url.Error
			if errors.As(err, &network) || !errors.As(err, &problem) || problem.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s in %s: got %v, want 422", one.name, language, err)
				continue
			}
			sentence := problem.Detail
			for _, part := range problem.Errors {
				sentence += " " + part.Detail
			}
			t.Logf("%s %s: %s", language, one.name, sentence)
			if one.code != "" && !strings.Contains(fmt.Sprint(err, problem.codes()), one.code) {
				t.Errorf("%s: got %v, want the code %s", one.name, err, one.code)
			}
			if strings.Contains(sentence, "wrong-one") {
				t.Errorf("%s: the password is told", one.name)
			}
			if said[one.name] == nil {
				said[one.name] = map[string]crm.Language{}
			}
			if other, again := said[one.name][sentence]; again {
				t.Errorf("%s: %s and %s say the same: %s", one.name, other, language, sentence)
			}
			said[one.name][sentence] = language
		}
		links, err := side.links(t.Context())
		if err != nil || len(links) != 0 {
			t.Errorf("got %d links, %v, want none", len(links), err)
		}
		if found, err := side.find(t.Context(), "Visit", false); err != nil || len(found) != 0 {
			t.Errorf("got %d actions, %v, want none", len(found), err)
		}
	}
	if writes := append(box.Writes(1), old.Writes(1)...); len(writes) != 0 {
		t.Errorf("got %d writes in the calendars, want none", len(writes))
	}
}
