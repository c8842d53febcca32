package service

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// fromCalendar makes an action as a pull makes one of an event of link.
func (w *world) fromCalendar(link crm.Link, subject string) crm.Action {
	w.t.Helper()
	by := crm.Actor{Kind: crm.ActorLink, Link: link.ID}
	action := crm.Action{
		ID: crm.NewID[crm.Action](w.IDs), Version: 1, Units: crm.Units{Subject: subject, When: whenOf(w.t, "2026-11-24 10:00 - - Europe/Brussels")}, FollowedBy: link.User,
		CreatedAt: w.clock.now(), CreatedBy: by, ModifiedAt: w.clock.now(), ModifiedBy: by, Sync: crm.SyncState{Name: crm.Synced},
	}
	row := crm.Change{ID: crm.NewID[crm.Change](w.IDs), Action: action.ID, At: w.clock.now(), Actor: by, What: crm.Changed, Name: "subject", Before: subject + " before"}
	w.writeRows(func(tx *store.Tx) error {
		if err := tx.InsertActions([]crm.Action{action}); err != nil {
			return err
		}
		return tx.AppendHistory([]crm.Change{row})
	})
	return action
}

func whenOf(t testing.TB, text string) crm.When {
	t.Helper()
	when, err := crm.ParseWhen(text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestShownBusy_is_the_choice_of_the_links_user_and_takes_effect_at_once(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		came, made := w.fromCalendar(link, "Dentist"), w.action(w.user)
		sees := func(when string, who Caller, action crm.Action, want bool) {
			w.t.Helper()
			view, err := w.Get(w.ctx(), who, action.ID)
			w.must(err)
			if got := !view.Busy && view.Subject == action.Subject; got != want || view.Busy == want {
				w.t.Errorf("%s, %s sees %q: %v (%+v), want %v", when, who.User.Name, action.Subject, got, view, want)
			}
		}
		for _, who := range []Caller{w.user, w.peer, w.stranger, w.admin} {
			sees("before the choice", who, came, true)
		}
		link, err := w.ShowLink(w.ctx(), w.user, link.ID, link.Version, true)
		w.must(err)
		for _, who := range []Caller{w.peer, w.stranger, w.admin} {
			sees("as busy", who, came, false)
			sees("as busy", who, made, true) // it was made in the CRM
			_, err := w.History(w.ctx(), who, came.ID)
			w.wantRefused("history of what is busy", err, CodePrivate)
		}
		sees("as busy", w.user, came, true)
		if waked := w.waker.taken(); len(waked) > 0 {
			w.t.Errorf("a choice woke links %v", waked)
		}

		// It does not end with the link, and an administrator who links the calendar again cannot undo it.
		w.must(w.end(w.admin, link.ID, link.Version))
		sees("after the link ended", w.admin, came, false)
		again := w.link(w.user)
		if !again.ShownBusy {
			w.t.Error("an administrator linked the calendar again, and showed it in full")
		}
		later := w.fromCalendar(again, "Dentist again")
		sees("after the calendar was linked again", w.admin, later, false)
		_, err = w.ShowLink(w.ctx(), w.admin, again.ID, again.Version, false)
		w.wantRefused("an administrator's choice", err, CodeOwnChoice)
		_, err = w.ShowLink(w.ctx(), w.user, again.ID, again.Version, false)
		w.must(err)
		sees("in full again", w.stranger, came, true)
		sees("in full again", w.stranger, later, true)
	})
}

func (w *world) wantRefused(what string, err error, code string) {
	w.t.Helper()
	if forbidden, _ := err.(*Forbidden); forbidden == nil || forbidden.Code != code {
		w.t.Errorf("%s: got %v, want refused with %s", what, err, code)
	}
}

// What nobody follows makes nobody busy: everybody may take it on, and its words are nobody's own any more. So what is shown
// as busy is not left without a follower.
func TestShownBusy_needs_a_follower(t *testing.T) {
	w := oneWorld(t)
	link := w.link(w.user)
	came := w.fromCalendar(link, "Dentist")
	left := w.alter(w.fromCalendar(link, "Fair"), func(a *crm.Action) { a.FollowedBy = crm.UserID{} })
	if _, err := w.ShowLink(w.ctx(), w.user, link.ID, link.Version, true); err != nil {
		t.Fatal(err)
	}
	if view, err := w.Get(w.ctx(), w.stranger, left.ID); err != nil || view.Busy {
		t.Errorf("what nobody follows: %+v, %v", view, err)
	}
	_, err := w.Change(w.ctx(), w.user, came.ID, came.Version, edit(came, func(in *ActionInput) { in.FollowedBy = crm.UserID{} }))
	w.wantRefused("followed by nobody", err, CodePrivateNobody)
	found, err := w.List(w.ctx(), w.stranger, ActionQuery{Text: "fair dentist"})
	w.must(err)
	both, err := w.List(w.ctx(), w.stranger, ActionQuery{Text: "fair"})
	w.must(err)
	if len(found.Actions) != 0 || len(both.Actions) != 1 {
		t.Errorf("words find %d and %d, want 0 and 1", len(found.Actions), len(both.Actions))
	}
}

// Whatever others ask for, what they get does not depend on anything that a busy action hides: neither its words nor its other
// fields, so no row, count, cursor or order lets them guess.
func TestShownBusy_nothing_that_is_hidden_changes_what_others_find(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		if _, err := w.ShowLink(w.ctx(), w.user, link.ID, link.Version, true); err != nil {
			w.t.Fatal(err)
		}
		words := []string{"zebra", "quartz", "violin", "jigsaw", "meeting"}
		var hidden []crm.Action
		for i := range 6 {
			hidden = append(hidden, w.fromCalendar(link, words[i%4]))
		}
		hidden[5] = w.alter(hidden[5], func(a *crm.Action) { a.DeletedAt = w.clock.now() })
		w.action(w.peer, func(in *ActionInput) { in.Subject = "meeting" })

		random := rand.New(rand.NewPCG(12, 7))
		pick := func() string {
			if random.IntN(3) > 0 {
				return ""
			}
			word := words[random.IntN(len(words))]
			return word[:1+random.IntN(len(word))]
		}
		var queries []ActionQuery
		for range 60 {
			q := ActionQuery{Text: pick(), ThirdParty: pick(), Contact: pick(), Dossier: pick(), Trash: random.IntN(6) == 0, Limit: 1 + random.IntN(3)}
			if random.IntN(5) == 0 {
				q.Types = []crm.ChoiceID{{1, byte(1 + random.IntN(2))}}
			}
			if random.IntN(5) == 0 {
				q.Statuses = []crm.ChoiceID{{2, byte(1 + random.IntN(2))}}
			}
			if random.IntN(5) == 0 {
				q.Sync = []crm.SyncName{crm.Synced}
			}
			if random.IntN(5) == 0 {
				q.DueFrom = crm.Date{Year: 2026, Month: 1, Day: 1}
			}
			if random.IntN(5) == 0 {
				q.ModifiedFrom = w.clock.now().Add(-time.Hour)
			}
			if random.IntN(5) == 0 {
				q.FollowedBy = []crm.UserID{follower.ID}
			}
			queries = append(queries, q)
		}
		answers := func() []string {
			var all []string
			for _, who := range []Caller{w.peer, w.admin} {
				for _, query := range queries {
					page, err := w.List(w.ctx(), who, query)
					w.must(err)
					for i := range page.Actions {
						page.Actions[i].Version = 0
					}
					text, err := json.Marshal(page)
					w.must(err)
					all = append(all, fmt.Sprintf("%s %+v: %s", who.User.Name, query, text))
				}
			}
			return all
		}
		first := answers()
		for i, action := range hidden {
			hidden[i] = w.alter(action, func(a *crm.Action) {
				a.Subject, a.Description, a.ThirdParty, a.Contact, a.Dossier = words[(i+1)%4]+" changed", words[(i+2)%4], words[i%4], words[(i+3)%4], words[(i+1)%4]
				a.Type, a.Status, a.Priority = crm.ChoiceID{1, byte(1 + i%2)}, crm.ChoiceID{2, byte(1 + i%2)}, crm.ChoiceID{3, 1}
				a.DueDate, a.ModifiedAt = crm.Date{Year: 2026, Month: 12, Day: 1 + i}, w.clock.now().Add(time.Minute)
				a.Documents = []crm.Document{{Title: "zebra", URL: "https://zebra.example"}}
				a.Sync = crm.SyncState{Name: crm.SetAside, Reason: crm.ReasonUnreadable}
			})
		}
		for i, after := range answers() {
			if after != first[i] {
				w.t.Errorf("what is hidden changed the answer:\n%s\n%s", first[i], after)
			}
			for _, word := range words[:4] {
				if _, answer, _ := strings.Cut(after, "}: "); strings.Contains(answer, word) {
					w.t.Errorf("%q is in the answer: %s", word, after)
				}
			}
		}
		own, err := w.List(w.ctx(), w.user, ActionQuery{Text: "zebra"})
		w.must(err)
		if own.Total == 0 {
			w.t.Error("the follower does not find what is his")
		}
	})
}
