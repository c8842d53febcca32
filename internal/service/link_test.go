package service

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// wantProblem wants exactly one problem, with that code and field.
func (w *world) wantProblem(what string, err error, code, field string) *crm.Problem {
	w.t.Helper()
	found, _ := errors.AsType[crm.Problems](err)
	if len(found) != 1 || found[0].Code != code || found[0].Field != field {
		w.t.Errorf("%s: got %v, want %s on %q", what, err, code, field)
		return &crm.Problem{}
	}
	return found[0]
}

func (w *world) noLinks() {
	w.t.Helper()
	if views, err := w.Links(w.ctx(), w.admin); err != nil || len(views) > 0 {
		w.t.Errorf("%d links were saved, %v", len(views), err)
	}
	if woken := w.waker.taken(); len(woken) > 0 {
		w.t.Errorf("%d links were woken", len(woken))
	}
}

func TestCreateLink_tests_and_saves(t *testing.T) {
	eachWorld(t, func(w *world) {
		in := w.linkInput(w.user)
		in.Address = "  " + in.Address + " "
		trait := dav.Traits{}.With(dav.RewritesBodies, dav.Evidence{Seen: "PUT, then GET"})
		w.tester.put(strings.TrimSpace(in.Address), fakeCalendar{password: in.Password, traits: trait, found: []FoundCalendar{{Href: "https://dav.example/a/", Name: "Work"}}})
		link, err := w.CreateLink(w.ctx(), w.admin, in)
		w.must(err)
		if woken := w.waker.taken(); len(woken) != 1 || woken[0] != link.ID {
			w.t.Errorf("woken: %v", woken)
		}
		view, err := w.Link(w.ctx(), w.admin, link.ID)
		w.must(err)
		if view.CalendarHref != "https://dav.example/a/" || view.CalendarName != "Work" || view.UserName != "Follower" || view.States[0] != crm.LinkNew ||
			!view.Traits.Has(dav.RewritesBodies) || !view.MayManage || len(view.Addresses) != 1 || view.WithoutSyncToken {
			w.t.Errorf("saved %+v", view)
		}
		w.rows(func(tx *store.Tx) error {
			sealed, err := tx.Secret(link.ID)
			if opened, openErr := w.Keys.Open(SecretPlace(link.ID), sealed); openErr != nil || string(opened) != in.Password {
				w.t.Errorf("the credentials open as %q, %v", opened, openErr)
			}
			if bytes.Contains(sealed, []byte(in.Password)) {
				w.t.Error("the password is kept in clear")
			}
			return err
		})
		if text := fmt.Sprintf("%+v %+v", link, view); strings.Contains(text, in.Password) {
			w.t.Error("the answer shows the password")
		}
	})
}

func TestCreateLink_says_what_its_first_sync_will_do(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.clock.at = w.clock.at.Add(14*time.Hour + 30*time.Minute) // half past midnight in Brussels, still the 23rd in UTC
		today := func(in *ActionInput) { in.StartDate, in.StartTime = "2026-11-24", "" }
		yesterday := func(in *ActionInput) { in.StartDate, in.StartTime = "2026-11-23", "" }
		want := map[crm.ActionID]crm.SyncState{
			w.action(w.user, today).ID:     {Name: crm.Pending},
			w.action(w.user, yesterday).ID: {Name: crm.NotSynced, Reason: crm.ReasonPast},
			w.action(w.user, noDate).ID:    {Name: crm.NotSynced, Reason: crm.ReasonNoDate},
			w.action(w.peer, today).ID:     {Name: crm.NotSynced, Reason: crm.ReasonFollowerWithout},
		}
		w.link(w.user)
		for id, state := range want {
			view, err := w.Get(w.ctx(), w.user, id)
			w.must(err)
			if view.Sync.Name != state.Name || view.Sync.Reason != state.Reason {
				w.t.Errorf("%s: %+v, want %+v", view.When, view.Sync, state)
			}
		}
	})
}

func TestCreateLink_saves_nothing_when_it_does_not_work(t *testing.T) {
	eachWorld(t, func(w *world) {
		good := w.linkInput(w.user)
		for name, test := range map[string]struct {
			change      func(*LinkInput)
			server      fakeCalendar
			code, field string
		}{
			"no server there":           {func(in *LinkInput) { in.Address = "https://nowhere.example" }, fakeCalendar{}, "check.unknown_host", "address"},
			"wrong password":            {func(in *LinkInput) { in.Password = "guess" }, fakeCalendar{}, "check.password", "password"},
			"no sync-token":             {func(in *LinkInput) {}, fakeCalendar{password: good.Password, noSyncToken: true, found: []FoundCalendar{{Href: "https://a.example/"}}}, "check.no_sync_token", "address"},
			"several calendars":         {func(in *LinkInput) {}, fakeCalendar{password: good.Password, found: []FoundCalendar{{Href: "https://a.example/1/"}, {Href: "https://a.example/2/"}}}, CodeLinkChooseCalendar, "calendar"},
			"no address":                {func(in *LinkInput) { in.Address = " " }, fakeCalendar{}, CodeMissing, "address"},
			"no password":               {func(in *LinkInput) { in.Password = "" }, fakeCalendar{}, CodeMissing, "password"},
			"a colon in the username":   {func(in *LinkInput) { in.Username = "a:b" }, fakeCalendar{}, CodeLinkUsernameColon, "username"},
			"a line end in the address": {func(in *LinkInput) { in.Address = "https://a.example/\r\nHost: b" }, fakeCalendar{}, CodeControlCharacter, "address"},
			"a kind not offered":        {func(in *LinkInput) { in.Kind = "carrier pigeon" }, fakeCalendar{}, CodeLinkKind, "kind"},
			"no user":                   {func(in *LinkInput) { in.User = crm.UserID{} }, fakeCalendar{}, CodeMissing, "user"},
			"an unknown user":           {func(in *LinkInput) { in.User = crm.UserID{9} }, fakeCalendar{}, CodeUnknownUser, "user"},
		} {
			in := good
			test.change(&in)
			if test.server.password != "" {
				w.tester.put(good.Address, test.server)
			} else {
				w.linkInput(w.user)
			}
			_, err := w.CreateLink(w.ctx(), w.admin, in)
			w.wantProblem(name, err, test.code, test.field)
			if err != nil && strings.Contains(err.Error(), in.Password) && in.Password != "" {
				w.t.Errorf("%s: the error shows the password: %v", name, err)
			}
		}
		w.noLinks()
	})
}

func TestCreateLink_takes_the_calendar_chosen_among_several(t *testing.T) {
	w := oneWorld(t)
	in := w.linkInput(w.user)
	w.tester.put(in.Address, fakeCalendar{password: in.Password, found: []FoundCalendar{{Href: "https://a.example/1/"}, {Href: "https://a.example/2/", Name: "Two"}}})
	in.Calendar = "https://a.example/2/"
	link, err := w.CreateLink(w.ctx(), w.admin, in)
	w.must(err)
	if link.CalendarHref != in.Calendar || link.CalendarName != "Two" {
		t.Errorf("linked to %s", link.CalendarHref)
	}
}

func TestCreateLink_once_per_user_and_calendar(t *testing.T) {
	eachWorld(t, func(w *world) {
		first := w.link(w.user)
		tried := len(w.tester.tried)
		_, err := w.CreateLink(w.ctx(), w.admin, w.linkInput(w.user))
		if problem := w.wantProblem("second link of a user", err, CodeLinkUserHasLink, "user"); problem.Params["name"] != "Follower" {
			w.t.Errorf("names %q", problem.Params["name"])
		}
		if len(w.tester.tried) != tried {
			w.t.Error("a link that cannot be was tested")
		}
		in := w.linkInput(w.peer)
		w.tester.put(in.Address, fakeCalendar{password: in.Password, found: []FoundCalendar{{Href: strings.Replace(first.CalendarHref, "/cal/", "/c%61l", 1)}}})
		_, err = w.CreateLink(w.ctx(), w.admin, in)
		if problem := w.wantProblem("second link to a calendar", err, CodeLinkCalendarTaken, "calendar"); problem.Params["name"] != "Follower" {
			w.t.Errorf("names %q, want the first user", problem.Params["name"])
		}
		gone := w.third.User
		gone.Active = false
		w.writeRows(func(tx *store.Tx) error { return tx.UpdateUser(gone, 1) })
		_, err = w.CreateLink(w.ctx(), w.admin, w.linkInput(w.third))
		w.wantProblem("a user who left", err, CodeInactiveUser, "user")
	})
}

func TestChangeLink(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		w.writeRows(func(tx *store.Tx) error {
			return tx.UpdateLinkSync(link.ID, store.LinkSync{Token: "t1", CalendarName: "Work", SignInAgain: true, Failing: crm.Failing{Since: w.clock.now(), Reason: crm.FailingForbidden}})
		})
		in := w.linkInput(w.user)
		server := fakeCalendar{password: "new password", found: []FoundCalendar{{Href: link.CalendarHref, Name: "Work"}}}
		w.tester.put(in.Address, server)

		w.t.Log("the old password is not taken any more, so nothing is saved")
		kept := in
		kept.Password = ""
		_, err := w.ChangeLink(w.ctx(), w.admin, link.ID, 1, kept)
		w.wantProblem("old password", err, "check.password", "password")

		w.t.Log("a new one lets it go on")
		in.Password = "new password"
		changed, err := w.ChangeLink(w.ctx(), w.admin, link.ID, 1, in)
		w.must(err)
		view, err := w.Link(w.ctx(), w.admin, link.ID)
		w.must(err)
		if changed.Version != 2 || view.Version != 2 || view.SignInAgain || !view.Failing.Since.IsZero() {
			w.t.Errorf("changed to %+v", view.Link)
		}
		if woken := w.waker.taken(); len(woken) != 1 {
			w.t.Errorf("woken: %v", woken)
		}
		w.rows(func(tx *store.Tx) error {
			sync, err := tx.LinkSync(link.ID)
			if sync.Token != "t1" {
				w.t.Errorf("the sync token is %q, want it kept", sync.Token)
			}
			return err
		})

		w.t.Log("a saved password goes nowhere else than where it was typed for")
		tried := len(w.tester.tried)
		for _, address := range []string{"https://evil.example", "http://" + strings.TrimPrefix(in.Address, "https://"), in.Address + ":8443"} {
			moved := in
			moved.Password, moved.Address = "", address
			_, err = w.ChangeLink(w.ctx(), w.admin, link.ID, 2, moved)
			w.wantProblem(address, err, CodeLinkPasswordAgain, "password")
		}
		if len(w.tester.tried) != tried {
			w.t.Errorf("tried %+v", w.tester.tried[tried:])
		}

		w.t.Log("user and calendar stay")
		other := in
		other.User = w.peer.User.ID
		_, err = w.ChangeLink(w.ctx(), w.admin, link.ID, 2, other)
		w.wantProblem("other user", err, CodeLinkOtherUser, "user")
		other = in
		other.Calendar = "https://other.example/"
		_, err = w.ChangeLink(w.ctx(), w.admin, link.ID, 2, other)
		w.wantProblem("other calendar", err, CodeLinkOtherCalendar, "calendar")
		w.tester.put("https://other.example", fakeCalendar{password: "x", found: []FoundCalendar{{Href: "https://other.example/"}}})
		other = in
		other.Address, other.Password = "https://other.example", "x"
		_, err = w.ChangeLink(w.ctx(), w.admin, link.ID, 2, other)
		w.wantProblem("an address that leads to another calendar", err, CodeLinkOtherCalendar, "address")

		_, err = w.ChangeLink(w.ctx(), w.admin, link.ID, 1, in)
		if version, isVersion := errors.AsType[*VersionError](err); !isVersion || version.Current.(LinkView).Version != 2 {
			w.t.Errorf("an older version: %v", err)
		}
	})
}

func TestPauseLink_and_ResumeLink(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		paused, err := w.PauseLink(w.ctx(), w.admin, link.ID, 1)
		w.must(err)
		view, err := w.Link(w.ctx(), w.user, link.ID)
		w.must(err)
		if view.States[0] != crm.LinkPaused || view.Pause.By.User != w.admin.User.ID || view.MayManage || paused.Version != 2 {
			w.t.Errorf("paused: %+v", view)
		}
		if woken := w.waker.taken(); len(woken) > 0 {
			w.t.Error("a paused link was woken")
		}
		w.wantProblem("sync now", w.SyncNow(w.ctx(), w.user, link.ID), CodeLinkPaused, "")
		again, err := w.PauseLink(w.ctx(), w.admin, link.ID, 2)
		w.must(err)
		if again.Version != 2 || !again.Pause.At.Equal(paused.Pause.At) {
			w.t.Errorf("paused twice: %+v", again)
		}
		if _, err := w.PauseLink(w.ctx(), w.admin, link.ID, 1); !errors.Is(err, ErrVersion) {
			w.t.Errorf("paused twice, knowing an older version: %v", err)
		}
		resumed, err := w.ResumeLink(w.ctx(), w.admin, link.ID, 2)
		w.must(err)
		if !resumed.Pause.At.IsZero() || len(w.waker.taken()) != 1 {
			w.t.Errorf("resumed: %+v", resumed)
		}
		w.must(w.SyncNow(w.ctx(), w.user, link.ID))
		if len(w.waker.taken()) != 1 {
			w.t.Error("sync now did not wake the link")
		}
	})
}

func TestSyncNow_does_not_try_a_refused_password(t *testing.T) {
	w := oneWorld(t)
	link := w.link(w.user)
	w.writeRows(func(tx *store.Tx) error { return tx.UpdateLinkSync(link.ID, store.LinkSync{SignInAgain: true}) })
	w.wantProblem("sync now", w.SyncNow(w.ctx(), w.admin, link.ID), CodeLinkSignInAgain, "")
	if len(w.waker.taken()) > 0 {
		t.Error("the link was woken")
	}

	t.Log("a test that works lets it go on")
	var steps int
	verdict, err := w.TestSavedLink(w.ctx(), w.admin, link.ID, func(TestStep) { steps++ })
	w.must(err)
	view, err := w.Link(w.ctx(), w.admin, link.ID)
	w.must(err)
	if verdict.Outcome != Works || view.SignInAgain || len(w.waker.taken()) != 1 {
		t.Errorf("verdict %s, link %+v", verdict.Outcome, view.Link)
	}
	if last := w.tester.tried[len(w.tester.tried)-1]; last.Password != "pass word" || last.Write || last.Calendar != link.CalendarHref {
		t.Errorf("tested with %+v", last)
	}
}

func TestTestLink_reports_steps_and_keeps_nothing(t *testing.T) {
	w := oneWorld(t)
	in := w.linkInput(w.user)
	in.Password, in.TestWrite = "guess", true
	var steps []string
	verdict, err := w.TestLink(w.ctx(), w.admin, in, func(step TestStep) { steps = append(steps, step.Name+" "+string(step.Outcome)) })
	w.must(err)
	if verdict.Outcome != DoesNotWork || len(steps) != 1 || steps[0] != "sign_in failed" || !w.tester.tried[0].Write {
		t.Errorf("verdict %+v, steps %q", verdict, steps)
	}
	w.noLinks()
	in.Address = ""
	_, err = w.TestLink(w.ctx(), w.admin, in, func(TestStep) {})
	w.wantProblem("no address", err, CodeMissing, "address")
}

// semantics 9: both sides keep what they have; credentials are forgotten, UIDs stay known.
func TestEndLink_keeps_everything_but_the_credentials(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		bound, waiting := w.action(w.user), w.action(w.user)
		undated := w.action(w.user, noDate)
		w.bind(link, bound)
		if _, err := w.PauseLink(w.ctx(), w.admin, link.ID, 1); err != nil {
			w.t.Fatal(err)
		}
		if err := w.end(w.admin, link.ID, 1); !errors.Is(err, ErrVersion) {
			w.t.Errorf("an older version: %v", err)
		}
		w.must(w.end(w.admin, link.ID, 2))
		for id, want := range map[crm.ActionID]crm.Reason{bound.ID: crm.ReasonFollowerWithout, waiting.ID: crm.ReasonFollowerWithout, undated.ID: crm.ReasonNoDate} {
			view, err := w.Get(w.ctx(), w.user, id)
			w.must(err)
			if view.Sync.Name != crm.NotSynced || view.Sync.Reason != want || view.Version != 1 || view.Deleted() {
				w.t.Errorf("action is %+v (version %d), want not_synced %s", view.Sync, view.Version, want)
			}
		}
		w.rows(func(tx *store.Tx) error {
			if _, err := tx.Secret(link.ID); !errors.Is(err, store.ErrNotFound) {
				w.t.Errorf("credentials are there: %v", err)
			}
			if has, err := tx.HasAlias(bound.ID); err != nil || !has {
				w.t.Errorf("the UID is forgotten: %v", err)
			}
			return nil
		})
		if _, err := w.Link(w.ctx(), w.admin, link.ID); !errors.Is(err, ErrNotFound) {
			w.t.Errorf("the ended link: %v", err)
		}

		w.t.Log("its actions are edited as those of one without link, and have no work there")
		changed, err := w.Change(w.ctx(), w.user, bound.ID, 1, edit(bound, renamed))
		w.must(err)
		w.wantState(changed, crm.NotSynced, crm.ReasonFollowerWithout)
		w.wantWork(bound.ID, "", link)

		w.t.Log("the same calendar can be linked again")
		again := w.link(w.user)
		if again.ID == link.ID {
			w.t.Error("the ended link came back")
		}
	})
}

func TestLinks_are_the_administrators_and_the_own_one(t *testing.T) {
	w := oneWorld(t)
	own, other := w.link(w.user), w.link(w.peer)
	for caller, want := range map[*Caller]int{&w.admin: 2, &w.user: 1, &w.stranger: 0} {
		views, err := w.Links(w.ctx(), *caller)
		w.must(err)
		if len(views) != want {
			t.Errorf("%s sees %d links, want %d", caller.User.Name, len(views), want)
		}
	}
	if _, err := w.Link(w.ctx(), w.user, own.ID); err != nil {
		t.Errorf("the own link: %v", err)
	}
	for _, read := range []func() error{
		func() error { _, err := w.Link(w.ctx(), w.user, other.ID); return err },
		func() error { _, err := w.SetAside(w.ctx(), w.user, other.ID); return err },
		func() error { _, err := w.Runs(w.ctx(), w.user, RunQuery{Link: other.ID}); return err },
		func() error { return w.SyncNow(w.ctx(), w.user, other.ID) },
	} {
		if err := read(); !errors.Is(err, ErrNotFound) {
			t.Errorf("another's link: %v, want not found", err)
		}
	}
}

func TestSetAside_shows_others_only_what_is_sure_not_to_be_private(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		event := func(lines string) string {
			return "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + lines + "END:VEVENT\r\nEND:VCALENDAR\r\n"
		}
		bodies := map[string]string{
			"open":         event("SUMMARY:open\r\n"),
			"public":       event("CLASS:public\r\n"),
			"private":      event("CLASS:PRIVATE\r\n"),
			"confidential": event("class;x=y:Confidential\r\n"),
			"own class":    event("CLASS:X-BOARD\r\n"),
			"unreadable":   event("CLASS PRIVATE\r\n"),
			"empty":        "",
		}
		for subject, body := range bodies {
			w.writeRows(func(tx *store.Tx) error {
				return tx.InsertResources([]store.Resource{{
					ID: crm.NewID[store.Resource](w.IDs), Link: link.ID, Href: dav.Href("/cal/" + strings.ReplaceAll(subject, " ", "-")), UID: subject, State: store.ResourceLive, SeenAt: w.clock.now(),
					SetAside: store.SetAside{Reason: crm.ReasonSeries, Subject: subject, When: "2026-11-25"}, Body: []byte(body),
				}})
			})
		}
		for caller, want := range map[*Caller]string{&w.user: "confidential empty open own class private public unreadable", &w.admin: "open public"} {
			views, err := w.SetAside(w.ctx(), *caller, link.ID)
			w.must(err)
			var seen []string
			for _, view := range views {
				if view.Subject != "" {
					seen = append(seen, view.Subject)
				}
			}
			slices.Sort(seen)
			if got := strings.Join(seen, " "); got != want || len(views) != len(bodies) || views[0].Reason != crm.ReasonSeries {
				w.t.Errorf("%s sees %q of %d, want %q", caller.User.Name, got, len(views), want)
			}
		}
		view, err := w.Link(w.ctx(), w.admin, link.ID)
		w.must(err)
		if view.SetAside != len(bodies) {
			w.t.Errorf("the link counts %d", view.SetAside)
		}
	})
}

func TestRuns(t *testing.T) {
	eachWorld(t, func(w *world) {
		own, other := w.link(w.user), w.link(w.peer)
		var last crm.RunID
		for i, link := range []crm.Link{own, other, own} {
			last = crm.NewID[crm.Run](w.IDs)
			run := crm.Run{ID: last, Link: link.ID, Trigger: crm.TriggerPoll, StartedAt: w.clock.now(), EndedAt: w.clock.now(), Counts: crm.Counts{New: i + 1}, Outcome: crm.OutcomeDone}
			w.writeRows(func(tx *store.Tx) error { return tx.PutRun(run) })
		}
		for _, test := range []struct {
			caller Caller
			query  RunQuery
			want   string
		}{
			{w.admin, RunQuery{}, "3 Follower, 2 Colleague, 1 Follower"},
			{w.admin, RunQuery{Link: other.ID}, "2 Colleague"},
			{w.admin, RunQuery{Before: last, Limit: 1}, "2 Colleague"},
			{w.user, RunQuery{}, "3 Follower, 1 Follower"},
			{w.stranger, RunQuery{}, ""},
		} {
			views, err := w.Runs(w.ctx(), test.caller, test.query)
			w.must(err)
			var texts []string
			for _, view := range views {
				texts = append(texts, fmt.Sprintf("%d %s", view.Counts.New, view.UserName))
			}
			if got := strings.Join(texts, ", "); got != test.want {
				w.t.Errorf("%s asks %+v: got %q, want %q", test.caller.User.Name, test.query, got, test.want)
			}
		}
	})
}

func TestHeld_and_Decide(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		open := w.action(w.user)
		secret := w.alter(w.action(w.user), func(a *crm.Action) { a.Private = true })
		id := crm.NewID[store.Held](w.IDs)
		w.writeRows(func(tx *store.Tx) error {
			if err := tx.UpdateLinkSync(link.ID, store.LinkSync{NeedsDecision: true}); err != nil {
				return err
			}
			return tx.InsertHeld(store.Held{ID: id, Link: link.ID, Kind: HeldDeletions, CreatedAt: w.clock.now(), Subject: store.HeldSubject{Actions: []crm.ActionID{open.ID, secret.ID}}})
		})
		for caller, busy := range map[*Caller]int{&w.user: 0, &w.admin: 1} {
			views, err := w.Held(w.ctx(), *caller)
			w.must(err)
			if len(views) != 1 || views[0].Count != 2 || len(views[0].Actions) != 2 || len(views[0].Decisions) != 2 {
				w.t.Fatalf("%s sees %+v", caller.User.Name, views)
			}
			count := 0
			for _, view := range views[0].Actions {
				if view.Busy {
					count++
				}
			}
			if count != busy {
				w.t.Errorf("%s sees %d as busy, want %d", caller.User.Name, count, busy)
			}
		}
		if views, err := w.Held(w.ctx(), w.stranger); err != nil || len(views) > 0 {
			w.t.Errorf("a stranger sees %d, %v", len(views), err)
		}
		if err := w.Decide(w.ctx(), w.stranger, id, DecideDelete); !errors.Is(err, ErrNotFound) {
			w.t.Errorf("a stranger decides: %v", err)
		}
		w.wantProblem("a senseless decision", w.Decide(w.ctx(), w.user, id, "perhaps"), CodeUnknownDecision, "decision")
		w.must(w.Decide(w.ctx(), w.user, id, DecideWriteBack))
		if woken := w.waker.taken(); len(woken) != 1 || woken[0] != link.ID {
			w.t.Errorf("woken: %v", woken)
		}
		w.wantProblem("decided twice", w.Decide(w.ctx(), w.admin, id, DecideDelete), CodeDecidedAlready, "")
		w.rows(func(tx *store.Tx) error {
			held, err := tx.Held(id)
			if held.Decision != DecideWriteBack || held.DecidedBy != w.user.User.ID {
				w.t.Errorf("kept %+v", held)
			}
			return err
		})
		view, err := w.Link(w.ctx(), w.user, link.ID)
		w.must(err)
		if view.NeedsDecision || view.Held != 0 {
			w.t.Errorf("the link still asks: %+v", view)
		}
	})
}

func TestOpenActions_pulls_who_can_be_shown_own_first(t *testing.T) {
	w := oneWorld(t)
	peers, own, paused := w.link(w.peer), w.link(w.user), w.link(w.third)
	_, err := w.PauseLink(w.ctx(), w.admin, paused.ID, 1)
	w.must(err)
	ticket, err := w.OpenActions(w.ctx(), w.user, nil)
	w.must(err)
	w.must(ticket.Wait(w.ctx()))
	_, err = w.OpenActions(w.ctx(), w.user, []crm.UserID{w.peer.User.ID, w.third.User.ID})
	w.must(err)
	want := fmt.Sprint([][]crm.LinkID{{own.ID, peers.ID}, {peers.ID}})
	if got := fmt.Sprint(w.puller.asked); got != want || w.puller.fresh != 15*time.Second {
		t.Errorf("pulled %s (not older than %s), want %s", got, w.puller.fresh, want)
	}

	t.Log("with the option off nothing is asked for")
	in := SettingsInputOf(crm.DefaultSettings())
	in.OnlineCalendar = false
	_, err = w.ChangeSettings(w.ctx(), w.admin, 0, in)
	w.must(err)
	ticket, err = w.OpenActions(w.ctx(), w.user, nil)
	w.must(err)
	w.must(ticket.Wait(w.ctx()))
	if len(w.puller.asked) != 2 {
		t.Errorf("pulled %v", w.puller.asked)
	}
}

func TestProgress(t *testing.T) {
	w := oneWorld(t)
	a, b, old := w.link(w.user), w.link(w.peer), w.link(w.third)
	w.writeRows(func(tx *store.Tx) error {
		return tx.UpdateLinkSync(old.ID, store.LinkSync{FirstSyncedAt: w.clock.at, Failing: crm.Failing{Since: w.clock.at, Reason: crm.FailingUnreachable}})
	})
	now := w.clock.at
	w.puller.pulls = []LinkPull{
		{Link: a.ID, Processed: 10, Expected: 10, Counts: crm.Counts{New: 2, Removed: 1}, EndedAt: now.Add(-12 * time.Second)},
		{Link: b.ID, Running: true, Processed: 4, Expected: 20, Counts: crm.Counts{New: 1, Changed: 3}},
		{Link: old.ID, Processed: 99, Expected: 99, Counts: crm.Counts{New: 99}, EndedAt: now.Add(-time.Hour)},
	}
	progress, err := w.Progress(w.ctx(), w.user)
	w.must(err)
	if len(progress.Failing) != 1 || progress.Failing[0].UserName != "Third" || progress.Failing[0].State != crm.LinkFailing || progress.Failing[0].Reason != crm.FailingUnreachable {
		t.Errorf("failing: %+v", progress.Failing)
	}
	progress.Failing = nil
	want := PullProgress{Running: true, LinksDone: 1, LinksTotal: 2, Processed: 14, Expected: 30, New: 3, Changed: 3, Removed: 1}
	if fmt.Sprint(progress) != fmt.Sprint(want) {
		t.Errorf("while it runs: %+v, want %+v", progress, want)
	}
	w.puller.pulls[1].Running, w.puller.pulls[1].EndedAt = false, now
	progress, err = w.Progress(w.ctx(), w.user)
	w.must(err)
	if progress.Running || progress.LinksDone != 2 || progress.Age.Round(time.Second) != 12*time.Second {
		t.Errorf("ended: %+v", progress)
	}
}

func TestLink_without_sync_token_only_when_that_was_chosen(t *testing.T) {
	w := oneWorld(t)
	in := w.linkInput(w.user)
	server := fakeCalendar{password: in.Password, noSyncToken: true, found: []FoundCalendar{{Href: in.Address + "/cal/", Name: "Work"}}}
	w.tester.put(in.Address, server)
	if _, err := w.CreateLink(w.ctx(), w.admin, in); err == nil {
		t.Fatal("saved without being asked")
	}
	in.WithoutSyncToken = true
	link, err := w.CreateLink(w.ctx(), w.admin, in)
	if err != nil || !link.WithoutSyncToken {
		t.Fatalf("chosen: %+v, %v", link, err)
	}
	if link, err = w.ChangeLink(w.ctx(), w.admin, link.ID, link.Version, in); err != nil || !link.WithoutSyncToken {
		t.Errorf("changed: %+v, %v", link, err)
	}
	server.noSyncToken = false
	w.tester.put(in.Address, server)
	if link, err = w.ChangeLink(w.ctx(), w.admin, link.ID, link.Version, in); err != nil || link.WithoutSyncToken {
		t.Errorf("the server has learnt it: %+v, %v", link, err)
	}
}

// Semantics 4, rule 3: what the first sync would do is said before the link is made, with the credentials that were typed, and nothing is
// kept of it.
func TestPlanLink_looks_into_the_calendar_of_a_link_that_is_not_made(t *testing.T) {
	eachWorld(t, func(w *world) {
		in := w.linkInput(w.user)
		in.TestWrite = true
		w.planner.counts = reconcile.FirstCounts{Events: map[string]int{"2020-01-05": 3000, "2026-11-25": 2}, Actions: map[string]int{"2026-11-26": 1}, Twins: 1}
		read := 0
		view, err := w.PlanLink(w.ctx(), w.admin, in, nil, func(events int) { read = events })
		w.must(err)
		if view.EventsFrom(crm.Date{}) != 3002 || view.Start.String() != "2026-01-01" || view.Twins != 1 || read != 3004 {
			w.t.Errorf("the plan is %+v, %d were read", view, read)
		}
		asked := w.planner.asked[0]
		if asked.Password != in.Password || asked.Link.User != in.User || asked.Link.CalendarHref == "" || len(asked.Link.Addresses) != 1 {
			w.t.Errorf("asked with %+v", asked)
		}
		if w.tester.tried[0].Write {
			w.t.Error("the test wrote to the calendar")
		}
		w.noLinks()

		verdict := Verdict{Outcome: Works, Calendar: FoundCalendar{Href: "https://dav.example/other/", ReadOnly: true}}
		w.planner.why = crm.Failing{Reason: crm.FailingUnreachable}
		view, err = w.PlanLink(w.ctx(), w.admin, in, &verdict, nil)
		w.must(err)
		if len(w.tester.tried) != 1 || !w.planner.asked[1].Link.ReadOnly || view.Failing.Reason != crm.FailingUnreachable {
			w.t.Errorf("with a verdict: %d tests, %+v, %+v", len(w.tester.tried), w.planner.asked[1], view)
		}
	})
}

func TestPlanLink_refuses_what_CreateLink_refuses(t *testing.T) {
	w := oneWorld(t)
	first := w.link(w.user)
	tried := len(w.tester.tried)
	_, err := w.PlanLink(w.ctx(), w.admin, w.linkInput(w.user), nil, nil)
	w.wantProblem("second link of a user", err, CodeLinkUserHasLink, "user")
	if len(w.tester.tried) != tried {
		t.Error("a link that cannot be was tested")
	}
	in := w.linkInput(w.peer)
	w.tester.put(in.Address, fakeCalendar{password: in.Password, found: []FoundCalendar{{Href: first.CalendarHref}}})
	_, err = w.PlanLink(w.ctx(), w.admin, in, nil, nil)
	if problem := w.wantProblem("a calendar that is linked", err, CodeLinkCalendarTaken, "calendar"); problem.Params["name"] != "Follower" {
		t.Errorf("names %q", problem.Params["name"])
	}
	in.Password = "guess"
	_, err = w.PlanLink(w.ctx(), w.admin, in, nil, nil)
	w.wantProblem("a wrong password", err, "check.password", "password")
	if _, err := w.PlanLink(w.ctx(), w.peer, w.linkInput(w.third), nil, nil); err == nil {
		t.Error("a user planned another's link")
	}
	if len(w.planner.asked) > 0 {
		t.Errorf("%d calendars were looked into", len(w.planner.asked))
	}
}
