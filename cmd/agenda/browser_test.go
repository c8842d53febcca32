package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/web/browsertest"
)

// picturesIn names a folder for a picture of each language's actions, for those who want to look at them.
const picturesIn = "AGENDA_PICTURES"

func TestBrowser_what_happens_in_the_calendar_shows_in_the_open_page_and_back(t *testing.T) {
	t.Parallel()
	browser := browsertest.Open(t)
	if _, err := os.Stat(filepath.Join("..", "..", "internal", "web", "dist", "agenda.js")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the script is not built: run npm ci --ignore-scripts && go run -C tools/assets .")
		}
		t.Skip("skipped without the script: run npm ci --ignore-scripts && go run -C tools/assets .")
	}
	words := map[crm.Language]struct{ title, phone, added string }{
		crm.Dutch:   {"Acties", "Koffie met Karel", "Bezoek aan de bakker"},
		crm.French:  {"Actions", "Café avec Karel", "Visite à la boulangerie"},
		crm.English: {"Actions", "Coffee with Karel", "Visit to the bakery"},
	}
	for _, language := range []crm.Language{crm.Dutch, crm.French, crm.English} {
		t.Run(string(language), func(t *testing.T) {
			d := quietDemo(t, demoOptions{})
			anna := d.callers["anna"]
			in := service.UserInputOf(anna.User)
			in.Language = language
			if _, err := d.program.service.ChangeUser(t.Context(), anna, anna.User.ID, anna.User.Version, in); err != nil {
				t.Fatal(err)
			}
			calendar, err := newTourCalendar(t.Context(), d.calendarAddress(), "anna", d.state.CalendarPassword)
			if err != nil {
				t.Fatal(err)
			}

			tab := browser.Tab(1280, 900)
			tab.Go(d.address() + "/actions")
			tab.Type(`input[name=login]`, "anna")
			tab.Type(`input[name=password]`, d.state.Passwords["anna"])
			tab.Click(`form button.primary`)
			tab.Wait(`location.pathname === "/actions" && document.documentElement.lang === "` + string(language) + `"`)
			tab.Wait(`document.body.innerText.includes("Tandarts") && document.querySelector("h1").innerText.includes("` + words[language].title + `")`)
			tab.Wait(`document.documentElement.dataset.live === "open"`)

			// An event made on the phone arrives in the page that is open: nobody reloads it.
			browsertest.Eval[bool](tab, `window.stayed = true`)
			mark := "phone" + freshWord()
			text := strings.NewReplacer("UID:verlof@example.com", "UID:"+mark, "SUMMARY:Verlof", "SUMMARY:"+words[language].phone, "\r\n", "\n").
				Replace(demoEvents(demoToday())["verlof.ics"])
			if err := calendar.put(t.Context(), calendar.path(mark), text, ""); err != nil {
				t.Fatal(err)
			}
			links, err := d.program.service.Links(t.Context(), anna)
			if err != nil || len(links) != 1 {
				t.Fatalf("got %d links, %v, want 1", len(links), err)
			}
			// As the poll does, or somebody else's screen: this page was opened less than 15 seconds ago.
			if err := d.program.service.SyncNow(t.Context(), anna, links[0].ID); err != nil {
				t.Fatal(err)
			}
			tab.Wait(`document.querySelector("main").innerText.includes("` + words[language].phone + `")`)
			if !browsertest.Eval[bool](tab, `window.stayed === true`) {
				t.Error("the page was loaded again")
			}
			if dir := os.Getenv(picturesIn); dir != "" {
				tab.Wait(`document.querySelector("#pull").dataset.state === "done"`)
				tab.Picture(filepath.Join(dir, "actions."+string(language)+".png"))
			}

			// An action typed into the form is an event on the server.
			subject := words[language].added + " " + freshWord()
			tab.Go(d.address() + "/actions/new")
			tab.Wait(`document.querySelector("input[name=subject]")`)
			tab.Type(`input[name=subject]`, subject)
			browsertest.Eval[bool](tab, `(() => { const set = (name, value) => { document.querySelector("[name=" + name + "]").value = value; };
				set("start_date", "`+demoToday().AddDate(0, 0, 2).Format("02/01/2006")+`"); set("start_time", "09:15"); return true; })()`)
			tab.Click(`main form button.primary`)
			tab.Wait(`location.pathname !== "/actions/new" && document.body.innerText.includes("` + subject + `")`)
			look := &tour{calendar: calendar, within: testWithin, zone: demoZone, today: demoToday()}
			err = look.until(t.Context(), func(ctx context.Context) error {
				event, err := look.event(ctx, "SUMMARY:"+subject)
				if err != nil {
					return err
				}
				return look.startsAt(event, 2, 9, 15)
			})
			if err != nil {
				t.Error(err)
			}
			if trouble := tab.Trouble(); len(trouble) > 0 {
				t.Errorf("the console holds %q", trouble)
			}
		})
	}
}
