package service

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/crm"
)

// subjects are those of a page in its order, "busy" for a busy block.
func subjects(page ActionPage) string {
	texts := make([]string, len(page.Actions))
	for i, view := range page.Actions {
		texts[i] = view.Subject
		if view.Busy {
			texts[i] = "busy"
		}
	}
	return strings.Join(texts, " ")
}

func TestList_asks_for_what_the_query_says(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.link(w.user)
		done := crm.ChoiceID{2, 2}
		for _, in := range []ActionInput{
			{Subject: "boiler", StartDate: "2026-11-24", StartTime: "09:00", FollowedBy: w.peer.User.ID, ThirdParty: "Résidence Les Tilleuls", DueDate: "2026-12-01"},
			{Subject: "visit", StartDate: "2026-11-23", EndDate: "2026-11-27", FollowedBy: w.peer.User.ID, Contact: "Mme Delvaux", Status: done},
			{Subject: "offer", FollowedBy: w.user.User.ID, Dossier: "Offres 2027"},
			{Subject: "free", StartDate: "2026-11-20", Description: "boiler too"},
		} {
			_, err := w.Create(w.ctx(), w.peer, in)
			w.must(err)
		}
		trashed := w.action(w.user, renamed)
		_, err := w.Delete(w.ctx(), w.user, trashed.ID, 1)
		w.must(err)
		date := func(text string) crm.Date { d, err := crm.ParseDate(text); w.must(err); return d }
		for name, test := range map[string]struct {
			query ActionQuery
			want  string
		}{
			"everything, latest first, undated last": {ActionQuery{}, "boiler visit free offer"},
			"text in subject and description":        {ActionQuery{Text: "BOIL"}, "boiler free"},
			"third party without accents":            {ActionQuery{ThirdParty: "residence til"}, "boiler"},
			"contact":                                {ActionQuery{Contact: "delvaux"}, "visit"},
			"dossier":                                {ActionQuery{Dossier: "2027"}, "offer"},
			"status":                                 {ActionQuery{Statuses: []crm.ChoiceID{done}}, "visit"},
			"type":                                   {ActionQuery{Types: []crm.ChoiceID{{1, 2}}}, ""},
			"mine":                                   {ActionQuery{Mine: true, Nobody: true}, "boiler visit"},
			"a follower":                             {ActionQuery{FollowedBy: []crm.UserID{w.user.User.ID}}, "offer"},
			"nobody's":                               {ActionQuery{Nobody: true}, "free"},
			"a follower's or nobody's":               {ActionQuery{FollowedBy: []crm.UserID{w.user.User.ID}, Nobody: true}, "free offer"},
			"going on at a day":                      {ActionQuery{From: date("2026-11-25"), To: date("2026-11-26")}, "visit"},
			"deadline":                               {ActionQuery{DueFrom: date("2026-12-01"), DueTo: date("2026-12-01")}, "boiler"},
			"created before the beginning":           {ActionQuery{CreatedTo: w.clock.at.AddDate(0, 0, -1)}, ""},
			"modified since yesterday":               {ActionQuery{ModifiedFrom: w.clock.at.AddDate(0, 0, -1)}, "boiler visit free offer"},
			"sync state":                             {ActionQuery{Sync: []crm.SyncName{crm.NotSynced}}, "boiler visit free offer"},
			"the trash":                              {ActionQuery{Trash: true}, "Renamed"},
			"text that is no text":                   {ActionQuery{Text: "\x00\xff'\"%;--"}, "boiler visit free offer"},
		} {
			page, err := w.List(w.ctx(), w.peer, test.query)
			w.must(err)
			if got := subjects(page); got != test.want || page.Total != len(page.Actions) {
				w.t.Errorf("%s: got %q (%d in all), want %q", name, got, page.Total, test.want)
			}
		}
	})
}

func TestList_goes_there_and_back(t *testing.T) {
	eachWorld(t, func(w *world) {
		var want []string
		for i := range 7 {
			action := w.action(w.user, func(in *ActionInput) { in.Subject, in.StartDate = fmt.Sprint(i), fmt.Sprintf("2026-12-%02d", i/2+1) })
			want = append(want, action.Subject)
		}
		var pages []ActionPage
		for cursor := ""; len(pages) == 0 || cursor != ""; {
			page, err := w.List(w.ctx(), w.user, ActionQuery{Limit: 3, Cursor: cursor})
			w.must(err)
			pages = append(pages, page)
			cursor = page.Next
		}
		var forth, back []string
		for _, page := range pages {
			forth = append(forth, strings.Fields(subjects(page))...)
		}
		for cursor := pages[len(pages)-1].Previous; cursor != ""; {
			page, err := w.List(w.ctx(), w.user, ActionQuery{Limit: 3, Cursor: cursor})
			w.must(err)
			back = append(strings.Fields(subjects(page)), back...)
			cursor = page.Previous
		}
		sorted := slices.Sorted(slices.Values(forth))
		if len(pages) != 3 || !slices.Equal(sorted, want) || !slices.Equal(back, forth[:6]) || pages[0].Previous != "" || pages[0].Total != 7 {
			w.t.Errorf("%d pages, forth %v, back %v", len(pages), forth, back)
		}
		for _, cursor := range []string{"x", "n.", "n.AAAA", "q." + strings.TrimPrefix(pages[0].Next, "n."), strings.Repeat("n", 1<<16)} {
			_, err := w.List(w.ctx(), w.user, ActionQuery{Cursor: cursor})
			w.wantProblem("cursor "+shortened(cursor), err, CodeCursor, "cursor")
		}
	})
}

func TestList_stops_counting(t *testing.T) {
	w := oneWorld(t)
	w.fill(mostCountedByWords + 1)
	for text, want := range map[string]string{"boiler": "1000 true", "": "1001 false", "floor nothing": "0 false"} {
		page, err := w.List(w.ctx(), w.user, ActionQuery{Text: text})
		w.must(err)
		if got := fmt.Sprint(page.Total, page.More); got != want {
			t.Errorf("%q: total %s, want %s", text, got, want)
		}
	}
}

// S20: of a private action others learn when its follower is busy, and nothing else: not by a filter, a word, a count, the
// trash, a conflict of versions or the order of fields.
func TestList_shows_others_only_that_somebody_is_busy(t *testing.T) {
	eachWorld(t, func(w *world) {
		secret := w.action(w.user, func(in *ActionInput) {
			in.Subject, in.Description, in.ThirdParty, in.Contact, in.Dossier = "canary1", "canary2", "canary3", "canary4", "canary5"
			in.Documents, in.DueDate = []crm.Document{{Title: "canary6", URL: "https://canary7.example"}}, "2026-12-24"
		})
		secret = w.alter(secret, func(a *crm.Action) { a.Private = true })
		for _, query := range []ActionQuery{
			{Text: "canary1"}, {Text: "can"}, {Text: "canary2"}, {ThirdParty: "canary3"}, {Contact: "canary4"}, {Dossier: "canary5"}, {Types: []crm.ChoiceID{secret.Type}},
			{Statuses: []crm.ChoiceID{secret.Status}}, {Sync: []crm.SyncName{secret.Sync.Name}}, {DueFrom: secret.DueDate, DueTo: secret.DueDate},
			{CreatedFrom: secret.CreatedAt}, {ModifiedFrom: secret.ModifiedAt},
		} {
			for caller, want := range map[*Caller]int{&w.user: 1, &w.peer: 0, &w.admin: 0} {
				page, err := w.List(w.ctx(), *caller, query)
				w.must(err)
				if len(page.Actions) != want || page.Total != want {
					w.t.Errorf("%s finds %d (%d in all) by %+v, want %d", caller.User.Name, len(page.Actions), page.Total, query, want)
				}
			}
		}
		for _, query := range []ActionQuery{{}, {FollowedBy: []crm.UserID{w.user.User.ID}}, {From: secret.When.StartDate, To: secret.When.StartDate}} {
			for _, caller := range []Caller{w.peer, w.admin} {
				page, err := w.List(w.ctx(), caller, query)
				w.must(err)
				if len(page.Actions) != 1 {
					w.t.Fatalf("%s sees %d by %+v", caller.User.Name, len(page.Actions), query)
				}
				view := page.Actions[0]
				got := fmt.Sprintf("%+v", view)
				if !view.Busy || view.When != secret.When || view.FollowerName != "Follower" || strings.Contains(got, "canary") {
					w.t.Errorf("%s sees %s", caller.User.Name, got)
				}
				if view.Type != (crm.ChoiceID{}) || !view.DueDate.IsZero() || view.Sync.Name != "" || !view.ModifiedAt.IsZero() {
					w.t.Errorf("%s sees more than that: %s", caller.User.Name, got)
				}
			}
		}
		_, err := w.Delete(w.ctx(), w.user, secret.ID, secret.Version)
		w.must(err)
		page, err := w.List(w.ctx(), w.peer, ActionQuery{Trash: true})
		w.must(err)
		if len(page.Actions) != 0 || page.Total != 0 {
			w.t.Errorf("the trash shows %d of another", page.Total)
		}
		if _, err := w.Get(w.ctx(), w.peer, secret.ID); !errors.Is(err, ErrNotFound) {
			w.t.Errorf("in the trash: %v, want not found", err)
		}
	})
}
