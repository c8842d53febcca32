package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/service"
)

// planning is a wizard whose next page is the plan of the first sync.
func planning(t *testing.T, w *world) (*browser, string) {
	t.Helper()
	w.testedBy(&scriptedTester{password: "secret", calendars: []service.FoundCalendar{{Href: "https://calendars.example/a/", Name: "Werk"}}}, nil, nil, nil)
	b := w.browse(w.an)
	draft := b.wizard(w.luc)
	b.post(draft+"/test", typed("secret")).shows(t, http.StatusOK, "De verbinding werkt")
	return b, draft
}

// A large calendar is read for a while: the page says so at once, and how far it is, with no script at work.
func TestWizard_the_plan_of_a_large_calendar_shows_how_far_the_reading_is(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.planner.begun = make(chan struct{})
	w.planner.counts = reconcile.FirstCounts{Events: map[string]int{"2026-11-30": 2000}}
	w.planner.read = []int{1000, 2000}
	b, draft := planning(t, w)
	choose, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+draft+"/shown", strings.NewReader(url.Values{"shown": {"full"}}.Encode()))
	w.must(err)
	choose.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := b.client.Do(choose)
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
	until("De agenda Werk wordt gelezen.")
	if strings.Contains(text.String(), "<form class=\"panel\"") {
		t.Errorf("the plan stands there before it is known:\n%s", text.String())
	}
	close(w.planner.begun)
	until("1.000 afspraken gelezen tot nu toe.")
	until("Afspraken die acties worden: 2.000")
	until("</html>")
}

// A calendar that cannot be read now stands in no one's way: the page says why, offers to read again, and the link can be saved.
func TestWizard_a_calendar_that_cannot_be_read_says_why(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.planner.why = crm.Failing{Reason: crm.FailingServer, Params: map[string]string{"status": "503"}}
	b, draft := planning(t, w)
	b.post(draft+"/shown", url.Values{"shown": {"full"}}).shows(t, http.StatusOK, `role="alert"`, "De agenda kon zonet niet gelezen worden: storing bij de server.", "De agenda opnieuw lezen", "Koppeling bewaren")
	w.planner.why = crm.Failing{}
	b.get(draft+"/plan?again=").shows(t, http.StatusOK, "Afspraken die acties worden: 0")
	b.post(draft+"/save", nil).shows(t, http.StatusOK, "De koppeling is gemaakt.")
	if w.planner.asked != 2 {
		t.Errorf("the calendar was read %d times", w.planner.asked)
	}
}

// Semantics 2: a calendar that is another user's already, by its events, is no link, and whose it is is said.
func TestWizard_a_calendar_that_is_anothers_by_its_events_is_not_linked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.planner.why = crm.Failing{Reason: crm.FailingLinked, Params: map[string]string{"name": "Tom Baker"}}
	b, draft := planning(t, w)
	page := b.post(draft+"/shown", url.Values{"shown": {"full"}})
	page.shows(t, http.StatusUnprocessableEntity, "Tom Baker")
	page.hides(t, fmt.Sprintf("action=%q", draft+"/save"))
}
