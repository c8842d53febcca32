package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// subjects lists the subjects of the rows of a list.
func subjects(a answer) []string {
	var all []string
	for _, found := range regexp.MustCompile(`<span class="subject"><a [^>]*>([^<]*)</a>`).FindAllStringSubmatch(a.body, -1) {
		all = append(all, found[1])
	}
	return all
}

func TestActions_the_screen_that_is_opened_pulls_the_calendars_it_can_show(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	an, luc := w.link(w.an), w.link(w.luc)
	b := w.browse(w.luc)
	b.get("/actions").shows(t, http.StatusOK, "Mes actions")
	b.get("/actions?tab=all").shows(t, http.StatusOK, "Tout le monde")
	b.get("/actions?tab=all&by="+w.an.User.ID.String()).shows(t, http.StatusOK)
	b.get("/actions/rows?tab=all").shows(t, http.StatusOK)
	b.get("/actions/pull").shows(t, http.StatusOK)
	b.post("/actions/open?tab=all", nil).shows(t, http.StatusOK)
	want := [][]crm.LinkID{{luc.ID}, {luc.ID, an.ID}, {an.ID}, {luc.ID, an.ID}, {luc.ID, an.ID}}
	if difference := cmp.Diff(want, w.puller.asked); difference != "" {
		t.Errorf("pulls: own first; rows and progress alone start none (the last one is the list that the form led to) (-want +got):\n%s", difference)
	}
}

func TestActions_are_grouped_by_day_with_their_state_and_its_reason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.action(w.an, "Overmorgen", func(in *service.ActionInput) { in.StartDate = "2026-11-25" })
	w.action(w.an, "Ooit", func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndTime = "", "", "" })
	w.action(w.an, "Vandaag", func(in *service.ActionInput) { in.StartDate, in.DueDate = "2026-11-23", "2026-11-20" })
	aside := w.action(w.an, "Kapot")
	w.alter(aside.ID, func(a *crm.Action) { a.Sync = crm.SyncState{Name: crm.SetAside, Reason: crm.ReasonNoStart} })
	page := w.browse(w.an).get("/actions")
	page.shows(t, http.StatusOK, "<b>Woensdag</b>25 november", "<b>Morgen</b>dinsdag 24 november", "<b>Vandaag</b>maandag 23 november", "<b>Zonder datum</b>",
		`data-state="set_aside"`, "Terzijde gezet", "het begin ontbreekt", "Niet in agenda", "opvolger zonder koppeling", `c-due late">20 nov`, "10:00 – 11:30", "4 van 4 acties")
	if got, want := subjects(page), []string{"Overmorgen", "Kapot", "Vandaag", "Ooit"}; !slices.Equal(got, want) {
		t.Errorf("got rows %q, want %q", got, want)
	}
}

func TestActions_filters_are_addresses_and_stand_in_the_page(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var visit, phone crm.ChoiceID
	for _, choice := range w.choices {
		switch choice.Names[crm.English] {
		case "Visit":
			visit = choice.ID
		case "Telephone":
			phone = choice.ID
		}
	}
	w.action(w.an, "Bezoek bij De Smet", func(in *service.ActionInput) { in.Type, in.ThirdParty = visit, "Bakkerij De Smet" })
	w.action(w.an, "Bellen met Lambert", func(in *service.ActionInput) { in.Type, in.StartDate = phone, "2026-12-01" })
	w.action(w.luc, "Réunion")
	w.action(w.luc, "Orpheline", func(in *service.ActionInput) { in.FollowedBy = crm.UserID{} })
	b := w.browse(w.an)
	for query, want := range map[string][]string{
		"":                                     {"Bellen met Lambert", "Bezoek bij De Smet"},
		"tab=all":                              {"Bellen met Lambert", "Orpheline", "Réunion", "Bezoek bij De Smet"},
		"tab=all&q=reunion":                    {"Réunion"},
		"tab=all&by=nobody":                    {"Orpheline"},
		"tab=all&by=" + w.luc.User.ID.String(): {"Réunion"},
		"type=" + visit.String():               {"Bezoek bij De Smet"},
		"type=" + visit.String() + "&type=" + phone.String(): {"Bellen met Lambert", "Bezoek bij De Smet"},
		"third_party=smet":       {"Bezoek bij De Smet"},
		"from=1/12":              {"Bellen met Lambert"},
		"to=30/11/2026":          {"Bezoek bij De Smet"},
		"created_from=vandaag":   {"Bellen met Lambert", "Bezoek bij De Smet"},
		"created_to=gisteren":    nil,
		"sync=synced":            nil,
		"tab=trash":              nil,
		"tab=nonsense&type=none": {"Bellen met Lambert", "Bezoek bij De Smet"},
	} {
		page := b.get("/actions?" + query)
		page.shows(t, http.StatusOK)
		got := subjects(page)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	page := b.get("/actions?from=1/12&q=bellen")
	page.shows(t, http.StatusOK, "vanaf 1 december", `href="/actions?q=bellen"`, `name="from" value="2026-12-01"`, `value="bellen"`)
	b.get("/actions?q=niets").shows(t, http.StatusOK, "Niets gevonden", "Alle filters weghalen")
	wrong := b.get("/actions?due_from=soon&q=x")
	wrong.shows(t, http.StatusUnprocessableEntity, "“soon” is geen datum", `value="soon"`, `value="x"`)
}

func TestActions_pages_lead_on_and_back(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 60 {
		w.action(w.tom, fmt.Sprintf("Call %02d", i), func(in *service.ActionInput) {
			in.StartDate = crm.Date{Year: 2026, Month: 12, Day: 1}.AddDays(i).String()
		})
	}
	b := w.browse(w.tom)
	first := b.get("/actions?q=call")
	first.shows(t, http.StatusOK, "50 of 60 actions", "Older")
	first.hides(t, "Newer")
	link := func(a answer, rel string) string {
		t.Helper()
		found := regexp.MustCompile(`href="([^"]*)" rel="` + rel + `"`).FindStringSubmatch(a.body)
		if found == nil {
			t.Fatalf("%s has no link %s", a.path, rel)
		}
		return strings.ReplaceAll(found[1], "&amp;", "&")
	}
	second := b.get(link(first, "next"))
	if got := subjects(second); len(got) != 10 || got[9] != "Call 00" {
		t.Errorf("got the second page %q", got)
	}
	if got := subjects(b.get(link(second, "prev"))); !slices.Equal(got, subjects(first)) {
		t.Errorf("the way back leads to %q", got)
	}
	b.get("/actions?cursor=n.nonsense").shows(t, http.StatusUnprocessableEntity, "This place in the list does not exist any more.")
}

func TestActions_a_private_action_of_another_is_a_busy_block(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	private := w.action(w.luc, "Chez le médecin", func(in *service.ActionInput) { in.ThirdParty, in.Description = "Dr Piron", "genou" })
	w.alter(private.ID, func(a *crm.Action) { a.Private = true })
	for _, who := range []service.Caller{w.an, w.tom} {
		b := w.browse(who)
		for _, path := range []string{"/actions?tab=all", "/actions/" + private.ID.String(), "/actions/" + private.ID.String() + "/row", "/actions/export.csv?tab=all", "/actions/new?copy=" + private.ID.String()} {
			page := b.get(path)
			page.hides(t, "médecin", "Piron", "genou")
			if page.status == http.StatusOK && !strings.Contains(page.body, "Luc Dubois") {
				t.Errorf("%s does not say who is busy", path)
			}
		}
		b.get("/actions?tab=all&q=médecin").hides(t, private.ID.String())
	}
	w.browse(w.luc).get("/actions/"+private.ID.String()).shows(t, http.StatusOK, "Chez le médecin", "genou")
}

func TestPull_what_a_calendar_did_is_said_in_every_language(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	for _, c := range []struct {
		pulls []service.LinkPull
		want  map[*service.Caller]string
	}{
		{nil, map[*service.Caller]string{&w.an: "Er is nog geen agenda opgehaald.", &w.luc: "Aucun agenda n’a encore été récupéré.", &w.tom: "No calendar was fetched yet."}},
		{
			[]service.LinkPull{{Link: link.ID, Running: true, Processed: 1041, Expected: 2060}},
			map[*service.Caller]string{&w.an: "1.041 van 2.060 wijzigingen verwerkt", &w.luc: "1\u202f041 modifications sur 2\u202f060 traitées", &w.tom: "1,041 of 2,060 changes dealt with"},
		},
		{
			[]service.LinkPull{{Link: link.ID, EndedAt: w.clock.now().Add(-12 * time.Second), Counts: crm.Counts{New: 3, Changed: 1, Removed: 1}}},
			map[*service.Caller]string{&w.an: "3 nieuwe, 1 gewijzigd, 1 verwijderd</b> <span class=\"when\" data-age=\"12\">12 s geleden", &w.luc: "3 nouvelles, 1 modifiée, 1 supprimée", &w.tom: "3 new, 1 changed, 1 removed"},
		},
		{
			[]service.LinkPull{{Link: link.ID, EndedAt: w.clock.now()}},
			map[*service.Caller]string{&w.an: "Niets gewijzigd", &w.luc: "Rien de modifié", &w.tom: "Nothing changed"},
		},
	} {
		w.puller.set(c.pulls...)
		for who, want := range c.want {
			w.browse(*who).get("/actions/pull").shows(t, http.StatusOK, want)
		}
	}
	settings, err := w.Settings(t.Context(), w.an)
	w.must(err)
	in := service.SettingsInputOf(settings)
	in.OnlineCalendar = false
	_, err = w.ChangeSettings(t.Context(), w.an, settings.Version, in)
	w.must(err)
	w.browse(w.tom).get("/actions").shows(t, http.StatusOK, "Calendars are not fetched.")
}

func TestExport_is_a_file_that_a_spreadsheet_of_the_language_opens_and_reckons_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 230 {
		w.action(w.an, fmt.Sprintf("Actie %d", i))
	}
	w.action(w.an, `=HYPERLINK("http://evil.example";"x")`, func(in *service.ActionInput) {
		in.StartDate, in.ThirdParty, in.Contact, in.Dossier, in.Description = "2027-01-01", "+32 2", "-1", "@SUM(A1)", "een; \"twee\"\ndrie"
	})
	file := w.browse(w.an).get("/actions/export.csv")
	file.shows(t, http.StatusOK, "\ufeffOnderwerp;Startdatum;")
	if got := file.header.Get("Content-Disposition"); got != `attachment; filename="acties-2026-11-23.csv"` {
		t.Errorf("got Content-Disposition %q", got)
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff")))
	reader.Comma = ';'
	lines, err := reader.ReadAll()
	w.must(err)
	if len(lines) != 232 {
		t.Fatalf("got %d lines, want the names of the columns and 231 actions", len(lines))
	}
	want := []string{
		`'=HYPERLINK("http://evil.example";"x")`, "2027-01-01", "10:00", "", "11:30", "Europe/Brussels", "An Peeters", "'+32 2", "", "'-1", "'@SUM(A1)",
		"Vergadering", "Gepland", "Normaal", "", "een; \"twee\"\ndrie", "Niet in agenda (opvolger zonder koppeling)",
	}
	if difference := cmp.Diff(want, lines[1]); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
	w.browse(w.tom).get("/actions/export.csv?tab=all").shows(t, http.StatusOK, "\ufeffSubject,Start date,")
}

func TestActions_the_list_opens_filters_from_a_form_without_script(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.browse(w.an).get("/actions/filters?tab=all&q=bel&due_to=30/11")
	page.shows(t, http.StatusOK, `action="/actions"`, `name="q" type="search" value="bel"`, `name="due_to" value="30/11/2026"`, `name="tab" value="all"`, "An Peeters", "Luc Dubois")
	form := url.Values{"q": {"bel"}}
	if got := w.browse(w.an).get("/actions?" + form.Encode()); got.status != http.StatusOK {
		t.Errorf("got status %d", got.status)
	}
}
