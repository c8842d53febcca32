package web

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/web/browsertest"
)

// root is the repository.
const root = "../.."

// tab opens a page of the world in which a user is signed in.
func (w *world) tab(b *browsertest.Browser, who service.Caller, width int64) *browsertest.Tab {
	w.t.Helper()
	tab := b.Tab(width, 900)
	tab.Cookie(w.server.URL, "who", who.User.Login)
	return tab
}

// needScript skips a test of what the script does when it was not built; with CI=true it fails.
func needScript(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("dist", script)); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("the script is not built: run npm ci --ignore-scripts && go run -C tools/assets .")
	}
	t.Skip("skipped without the script: run npm ci --ignore-scripts && go run -C tools/assets .")
}

// furnished has actions of every look.
func furnished(t *testing.T) (*world, crm.Action) {
	t.Helper()
	w := newWorld(t)
	w.link(w.luc)
	choice := func(kind crm.ChoiceKind, n int) crm.ChoiceID {
		for _, one := range w.choices {
			if one.Kind == kind {
				if n == 0 {
					return one.ID
				}
				n--
			}
		}
		t.Fatalf("no choice %s", kind)
		return crm.ChoiceID{}
	}
	at := func(day, start, endDay, end string) func(*service.ActionInput) {
		return func(in *service.ActionInput) {
			in.StartDate, in.StartTime, in.EndDate, in.EndTime = day, start, endDay, end
		}
	}
	third := func(name, due string) func(*service.ActionInput) {
		return func(in *service.ActionInput) { in.ThirdParty, in.DueDate = name, due }
	}
	of := func(typ, status int) func(*service.ActionInput) {
		return func(in *service.ActionInput) {
			in.Type, in.Status = choice(crm.ChoiceType, typ), choice(crm.ChoiceStatus, status)
		}
	}
	w.action(w.an, "Bespreking aansprakelijkheidsverzekeringsvoorstel", at("2026-11-26", "14:00", "", "15:30"), third("Woonzorgcentrum Sint-Jozef vzw", "2026-11-30"), of(0, 1))
	w.action(w.an, "Opleiding warmtepompen", at("2026-11-26", "", "2026-11-27", ""), third("Vakopleiding Bouw Mechelen", ""))
	w.action(w.luc, "Oude ketel afbreken en nieuwe plaatsen", at("2026-11-24", "16:00", "2026-11-25", "12:00"), third("Van Hecke & Zonen bv", "2026-11-25"))
	w.action(w.an, "Terugbellen over factuur 2026-1187", at("2026-11-24", "11:00", "", ""), third("Garage Lambert SRL", "2026-11-24"), of(2, 0))
	w.action(w.tom, "Plaatsbezoek nieuwe koelinstallatie", at("2026-11-24", "09:30", "", "10:30"), third("Bakkerij De Smet bv", ""), of(1, 1))
	private := w.action(w.luc, "Geheim", at("2026-11-23", "15:00", "", "16:00"))
	w.alter(private.ID, func(a *crm.Action) { a.Private = true })
	aside := w.action(w.tom, "Onderhoudscontract verlengen", at("2026-11-23", "13:00", "", ""), third("Apotheek Van den Bossche", "2026-11-20"), of(2, 0))
	w.alter(aside.ID, func(a *crm.Action) { a.Sync = crm.SyncState{Name: crm.SetAside, Reason: crm.ReasonUnreadable} })
	for i, name := range []crm.SyncName{crm.Synced, crm.Held, crm.ReadOnly} {
		action := w.action(w.an, []string{"Offerte zonnepanelen overlopen", "Weekstart ploeg", "Kennismaking"}[i], at("2026-11-2"+fmt.Sprint(3-i), "10:00", "", "11:30"), third("Familie Vermeersch", "2026-11-27"), of(i, 2))
		w.alter(action.ID, func(a *crm.Action) { a.Sync = crm.SyncState{Name: name} })
	}
	w.action(w.an, "Levering boilers in het magazijn", at("2026-11-23", "", "", ""), func(in *service.ActionInput) { in.FollowedBy = crm.UserID{} })
	w.action(w.an, "Beurscontacten Energiedagen nabellen (34 adressen)", at("", "", "", ""), third("", "2026-12-11"))
	main := w.action(w.luc, "Réunion chantier", at("2026-11-25", "13:00", "", "15:00"), third("Résidence Les Tilleuls ASBL", "2026-11-25"))
	in := service.InputOf(main)
	in.Subject, in.StartTime, in.EndTime, in.Description = "Réunion de chantier, lot chauffage", "14:00", "16:00", "Ordre du jour :\n1. raccordement de la chaufferie au réseau ;\n2. planning des purges, étage par étage ;\n3. réception provisoire, date à fixer avec le syndic."
	in.Documents = []crm.Document{{Title: "Plan chaufferie, indice C", URL: "https://docs.example/plan"}}
	main, err := w.Change(t.Context(), w.luc, main.ID, main.Version, in)
	w.must(err)
	w.conflict(main)
	w.event(main, "SUMMARY:"+main.Subject, "DTSTART;TZID=Europe/Brussels:20261125T140000", "DTEND;TZID=Europe/Brussels:20261125T160000", "LOCATION:Avenue des Tilleuls 12\\, 1050 Ixelles",
		"ORGANIZER;CN=Luc Dubois:mailto:luc@example.com", "ATTENDEE;CN=Hélène Delvaux;PARTSTAT=ACCEPTED:mailto:helene@example.com", "ATTENDEE;CN=Olivier Piron:mailto:olivier@example.com",
		"ATTENDEE;CN=Sofie Claes;PARTSTAT=DECLINED:mailto:sofie@example.com")
	return w, main
}

// pictures is where a run leaves pictures of the pages, "" for nowhere.
var pictures = os.Getenv("AGENDA_PICTURES")

func TestPages_have_no_barrier_and_fit_their_width(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	w, main := furnished(t)
	w.puller.set(service.LinkPull{Running: true, Processed: 41, Expected: 60, StartedAt: w.clock.now()})
	pages := map[string]string{
		"actions": "/actions?tab=all&from=16/11", "mine": "/actions", "trash": "/actions?tab=trash", "filters": "/actions/filters?tab=all&due_from=x", "action": "/actions/" + main.ID.String(),
		"new": "/actions/new", "saved": "/actions?tab=all&said=saved&of=" + main.ID.String(), "keys": "/keys", "error": "/nowhere", "empty": "/actions?q=zzz",
	}
	for _, route := range Routes() {
		_, listed := pages[route.Name]
		part := slices.Contains([]string{"live", "action_rows", "pull_show", "action_export"}, route.Name)
		if route.Method == http.MethodGet && !strings.Contains(strings.TrimSuffix(route.Pattern, "{$}"), "{") && !listed && !part {
			pages[route.Name] = strings.TrimSuffix(route.Pattern, "{$}")
		}
	}
	for _, one := range []struct {
		who    service.Caller
		width  int64
		themes []string
	}{{w.an, 1440, []string{"light", "dark"}}, {w.luc, 1000, []string{"light"}}, {w.tom, 390, []string{"dark"}}, {w.an, 390, []string{"light"}}} {
		tab := w.tab(b, one.who, one.width)
		for name, path := range pages {
			tab.Go(w.server.URL + path)
			for _, theme := range one.themes {
				browsertest.Eval[string](tab, `document.documentElement.dataset.theme = "`+theme+`"`)
				label := fmt.Sprintf("%s.%s-%d-%s", name, one.who.User.Language, one.width, theme)
				if pictures != "" {
					tab.Picture(filepath.Join(pictures, label+".png"))
				}
				for _, violation := range tab.Axe(root) {
					t.Errorf("%s: %s", label, violation)
				}
			}
			if wide := tab.Wide(); len(wide) > 0 {
				t.Errorf("%s at %d px scrolls sideways: %v", name, one.width, wide)
			}
			for _, line := range tab.Trouble() {
				if !strings.Contains(line, "Failed to load resource") { // what is not a page for this person is answered so on purpose
					t.Errorf("%s: console: %s", name, line)
				}
			}
		}
	}
}

func TestActions_an_open_page_shows_what_arrives_changes_and_goes(t *testing.T) {
	t.Parallel()
	needScript(t)
	b := browsertest.Open(t)
	w := newWorld(t)
	kept := w.action(w.luc, "Blijft")
	goes := w.action(w.luc, "Verdwijnt")
	tab := w.tab(b, w.an, 1440)
	tab.Go(w.server.URL + "/actions?tab=all")
	tab.Wait(`document.documentElement.dataset.live === "open"`)

	w.action(w.luc, "Komt uit de agenda", func(in *service.ActionInput) { in.StartDate = "2026-12-24" })
	tab.Wait(`document.body.innerText.includes("Komt uit de agenda") && document.querySelector(".tag.fresh")?.textContent === "nieuw"`)

	// The heading of its day came with it, above the earlier days.
	if first := browsertest.Eval[string](tab, `document.querySelector(".day-row").innerText`); first != "Donderdag24 december" {
		t.Errorf("got the first heading %q", first)
	}

	in := service.InputOf(kept)
	in.Subject = "Blijft, met een andere naam"
	_, err := w.Change(t.Context(), w.luc, kept.ID, kept.Version, in)
	w.must(err)
	tab.Wait(`document.getElementById("a-` + kept.ID.String() + `").innerText.includes("Blijft, met een andere naam")`)

	_, err = w.Delete(t.Context(), w.luc, goes.ID, goes.Version)
	w.must(err)
	tab.Wait(`document.querySelector("#a-` + goes.ID.String() + `.gone button")`)
	tab.Click("#a-" + goes.ID.String() + " button")
	tab.Wait(`document.querySelector(".toast") && document.querySelector("#a-` + goes.ID.String() + `:not(.gone)")`)
	if trouble := tab.Trouble(); len(trouble) > 0 {
		t.Errorf("console: %q", trouble)
	}
}

func TestActions_nothing_moves_under_the_focus(t *testing.T) {
	t.Parallel()
	needScript(t)
	b := browsertest.Open(t)
	w := newWorld(t)
	first := w.action(w.luc, "Met de focus")
	tab := w.tab(b, w.an, 1440)
	tab.Go(w.server.URL + "/actions?tab=all")
	tab.Wait(`document.documentElement.dataset.live === "open"`)
	tab.Press("j")
	tab.Wait(`document.activeElement.textContent === "Met de focus"`)
	w.action(w.luc, "Eerste nieuwe")
	tab.Wait(`!document.getElementById("arrived").hidden && document.getElementById("arrived").innerText.startsWith("Eén nieuwe actie")`)
	w.action(w.luc, "Tweede nieuwe")
	tab.Wait(`document.getElementById("arrived").innerText.startsWith("2 nieuwe acties")`)
	if shown := browsertest.Eval[bool](tab, `document.getElementById("results").innerText.includes("nieuwe")`); shown {
		t.Error("rows came in under the focus")
	}
	in := service.InputOf(first)
	in.Subject = "Anders"
	_, err := w.Change(t.Context(), w.luc, first.ID, first.Version, in)
	w.must(err)
	tab.Press(".")
	tab.Wait(`document.getElementById("results").innerText.includes("Eerste nieuwe") && document.getElementById("results").innerText.includes("Tweede nieuwe") && document.getElementById("arrived").hidden`)
	tab.Wait(`document.getElementById("a-` + first.ID.String() + `").innerText.includes("Anders")`)
}

func TestAction_a_form_says_when_it_changed_elsewhere_and_keeps_what_was_typed(t *testing.T) {
	t.Parallel()
	needScript(t)
	b := browsertest.Open(t)
	w := newWorld(t)
	action := w.action(w.luc, "Rappeler")
	tab := w.tab(b, w.luc, 1440)
	tab.Go(w.server.URL + "/actions/" + action.ID.String())
	tab.Wait(`document.documentElement.dataset.live === "open"`)
	tab.Type("#subject", "Rappeler demain")
	in := service.InputOf(action)
	in.Dossier = "2026-041"
	_, err := w.Change(t.Context(), w.an, action.ID, action.Version, in)
	w.must(err)
	tab.Wait(`!document.getElementById("changed-elsewhere").hidden`)
	tab.Press("\r")
	tab.Wait(`document.querySelector(".notice.held")?.innerText.includes("Votre saisie est toujours là")`)
	if got := browsertest.Eval[[]string](tab, `["subject", "dossier"].map((id) => document.getElementById(id).value)`); !slices.Equal(got, []string{"Rappeler demain", "2026-041"}) {
		t.Errorf("got fields %q", got)
	}
	tab.Click("form[data-save] .primary")
	tab.Wait(`document.querySelector(".toast")?.innerText.includes("Enregistrée")`)
}

func TestPull_its_progress_moves_in_place_until_the_result(t *testing.T) {
	t.Parallel()
	needScript(t)
	b := browsertest.Open(t)
	w := newWorld(t)
	link := w.link(w.luc)
	w.puller.set(service.LinkPull{Link: link.ID, Running: true, Processed: 1, Expected: 60, StartedAt: w.clock.now()})
	tab := w.tab(b, w.luc, 1440)
	tab.Go(w.server.URL + "/actions")
	tab.Wait(`document.querySelector("#pull progress")?.value === 1`)
	w.puller.set(service.LinkPull{Link: link.ID, Running: true, Processed: 41, Expected: 60, StartedAt: w.clock.now()})
	tab.Wait(`document.querySelector("#pull progress")?.value === 41`)
	w.puller.set(service.LinkPull{Link: link.ID, EndedAt: w.clock.now().Add(-12 * time.Second), Counts: crm.Counts{New: 3, Changed: 1, Removed: 1}})
	tab.Wait(`document.getElementById("pull").innerText.includes("3 nouvelles, 1 modifiée, 1 supprimée")`)
	tab.Wait(`document.getElementById("pull-said").textContent === "3 nouvelles, 1 modifiée, 1 supprimée"`)
	if w.puller.count() == 0 {
		t.Error("opening the screen started no pull")
	}
}
