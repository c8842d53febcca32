package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/store"
)

func TestCalendarKey_is_the_same_however_the_address_is_written(t *testing.T) {
	t.Parallel()
	want := store.CalendarKey("https://dav.example.org/cal/anna/w%20rk/")
	for _, href := range []string{"https://DAV.example.org:443/cal/anna/w%20rk", "http://dav.example.org/cal//anna/w rk/", "https://dav.example.org/cal/bob/../anna/w%20rk/"} {
		if got := store.CalendarKey(href); got != want {
			t.Errorf("key of %s: got %q, want %q", href, got, want)
		}
	}
	for _, href := range []string{"https://dav.example.org/cal/anna/home/", "https://dav.example.com/cal/anna/w%20rk/", "https://dav.example.org:8443/cal/anna/w%20rk/"} {
		if got := store.CalendarKey(href); got == want {
			t.Errorf("key of %s: got %q, want another", href, got)
		}
	}
}

func TestLink_user_and_calendar_are_linked_once(t *testing.T) {
	onEach(t, func(f *fixture) {
		second := newLink(f.anna.ID, "https://other.example.org/")
		f.writeFails(store.ErrDuplicate{What: store.UniqueUserLink}, func(tx *store.Tx) error { return tx.InsertLink(second, nil, store.LinkSync{}) })
		same := newLink(f.bob.ID, strings.TrimSuffix(f.link.CalendarHref, "/"))
		f.writeFails(store.ErrDuplicate{What: store.UniqueCalendar}, func(tx *store.Tx) error { return tx.InsertLink(same, nil, store.LinkSync{}) })
		f.write(func(tx *store.Tx) error { return tx.EndLink(f.link.ID, 1, monday) })
		f.write(func(tx *store.Tx) error { return tx.InsertLink(same, nil, store.LinkSync{}) })
		f.same("living links", load(f, (*store.Tx).Links), []crm.Link{same})
		f.same("link of the calendar", load(f, func(tx *store.Tx) (crm.Link, error) { return tx.LinkOfCalendar(f.link.CalendarHref) }), same)
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (crm.Link, error) { return tx.LinkOfUser(f.anna.ID) })
	})
}

func TestLink_keeps_what_persons_and_what_runs_say_apart(t *testing.T) {
	onEach(t, func(f *fixture) {
		sync := store.LinkSync{
			Token: "https://example.org/sync/\xff7", CTag: `"3"`, Traits: dav.Traits{}.With(dav.WeakETags, dav.Evidence{At: monday, Seen: "W/"}),
			CalendarName: "Werk", ReadOnly: true, FirstSyncedAt: monday, SignInAgain: true, NeedsDecision: true,
			Failing:  crm.Failing{Since: monday, Reason: crm.FailingServer, Params: map[string]string{"status": "500"}},
			Failures: 3, LastCheckedAt: monday.Add(time.Hour), UnchangedRuns: 12,
		}
		f.write(func(tx *store.Tx) error { return tx.UpdateLinkSync(f.link.ID, sync) })
		f.same("sync state", load(f, func(tx *store.Tx) (store.LinkSync, error) { return tx.LinkSync(f.link.ID) }), sync)

		want := f.link
		want.CalendarName, want.ReadOnly, want.FirstSyncedAt, want.SignInAgain, want.NeedsDecision = "Werk", true, monday, true, true
		want.Failing, want.LastCheckedAt = sync.Failing, sync.LastCheckedAt
		f.same("link", load(f, func(tx *store.Tx) (crm.Link, error) { return tx.Link(f.link.ID) }), want)

		changed := f.link // as a person saw it before the run
		changed.Username, changed.PlainHTTP, changed.WithoutSyncToken = "anna", true, true
		changed.Pause = crm.Pause{At: monday, By: crm.Actor{Kind: crm.ActorUser, User: f.bob.ID}, Reason: "copied_database"}
		f.write(func(tx *store.Tx) error { return tx.UpdateLink(changed, 1) })
		want.Username, want.PlainHTTP, want.WithoutSyncToken, want.Pause, want.Version = "anna", true, true, changed.Pause, 2
		f.same("changed link", load(f, func(tx *store.Tx) (crm.Link, error) { return tx.LinkOfUser(f.anna.ID) }), want)
		f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.UpdateLink(changed, 1) })

		f.write(func(tx *store.Tx) error { return tx.CheckedLink(f.link.ID, monday.Add(2*time.Hour)) })
		sync.LastCheckedAt, sync.UnchangedRuns = monday.Add(2*time.Hour), 13
		f.same("sync state", load(f, func(tx *store.Tx) (store.LinkSync, error) { return tx.LinkSync(f.link.ID) }), sync)
	})
}

func TestLink_end_forgets_credentials_work_and_lease(t *testing.T) {
	onEach(t, func(f *fixture) {
		secret := func(tx *store.Tx) ([]byte, error) { return tx.Secret(f.link.ID) }
		f.same("secret", load(f, secret), []byte("sealed"))
		f.write(func(tx *store.Tx) error { return tx.SetSecret(f.link.ID, []byte("sealed anew")) })
		f.same("secret", load(f, secret), []byte("sealed anew"))
		action, resource := newAction(f.anna.ID, "call", "2026-11-24 - - - Europe/Brussels"), newResource(f.link.ID, "1")
		var lease store.Lease
		f.write(func(tx *store.Tx) error {
			leases, err := tx.ClaimLeases("node", 8*time.Second, 1, nil)
			lease = leases[0]
			return errors.Join(err, tx.InsertActions([]crm.Action{action}), tx.InsertResources([]store.Resource{resource}),
				tx.InsertBindings([]store.Binding{bind(resource, action)}), tx.PutOutbox(store.OutboxEntry{Link: f.link.ID, Action: action.ID}))
		})
		f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.EndLink(f.link.ID, 7, monday) })
		f.write(func(tx *store.Tx) error { return tx.EndLink(f.link.ID, 1, monday) })
		loadFails(f, store.ErrNotFound, secret)
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.SetSecret(f.link.ID, []byte("x")) })
		f.writeFails(store.ErrLeaseLost, func(tx *store.Tx) error { return tx.RequireLease(lease) })
		f.same("pending", load(f, func(tx *store.Tx) (int, error) { return tx.PendingCount(f.link.ID) }), 0)
		f.write(func(tx *store.Tx) error { return tx.Want(f.link.ID, crm.TriggerPerson) })
		bound := load(f, func(tx *store.Tx) ([]store.BoundResource, error) { return tx.BindingsOfAction(action.ID) })
		f.same("bindings that stay", len(bound), 1)
	})
}

func TestLinkCounts_are_the_figures_of_every_link(t *testing.T) {
	onEach(t, func(f *fixture) {
		other := newLink(f.bob.ID, "https://calendar.example.org/bob/")
		actions := []crm.Action{newAction(f.anna.ID, "a", "- - - - -"), newAction(f.anna.ID, "b", "- - - - -"), newAction(f.bob.ID, "c", "- - - - -")}
		resources := []store.Resource{newResource(f.link.ID, "1"), newResource(f.link.ID, "2"), newResource(other.ID, "3")}
		resources[2].SetAside = store.SetAside{Reason: crm.ReasonSeries}
		held := store.Held{ID: newID[store.Held](), Link: other.ID, Kind: "deletions", CreatedAt: monday}
		decided := store.Held{ID: newID[store.Held](), Link: other.ID, Kind: "twins", CreatedAt: monday, DecidedAt: monday}
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.InsertLink(other, nil, store.LinkSync{}), tx.InsertActions(actions), tx.InsertResources(resources),
				tx.InsertBindings([]store.Binding{bind(resources[0], actions[0]), bind(resources[1], actions[1])}),
				tx.PutOutbox(store.OutboxEntry{Link: f.link.ID, Action: actions[0].ID}), tx.InsertHeld(held), tx.InsertHeld(decided))
		})
		f.same("counts", load(f, (*store.Tx).LinkCounts), map[crm.LinkID]store.LinkCounts{
			f.link.ID: {Actions: 2, Pending: 1}, other.ID: {Held: 1, SetAside: 1},
		})
	})
}

func TestRun_is_listed_newest_first(t *testing.T) {
	onEach(t, func(f *fixture) {
		var runs []crm.Run
		for i := range 3 {
			runs = append(runs, crm.Run{ID: newID[crm.Run](), Link: f.link.ID, Trigger: crm.TriggerPush, StartedAt: monday.Add(time.Duration(i) * time.Second)})
		}
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.PutRun(runs[0]), tx.PutRun(runs[1]), tx.PutRun(runs[2]))
		})
		runs[1].EndedAt, runs[1].Outcome, runs[1].Reason = monday.Add(time.Minute), crm.OutcomeFailed, crm.FailingServer
		runs[1].Counts = crm.Counts{New: 2, Requests: 5}
		f.write(func(tx *store.Tx) error { return tx.PutRun(runs[1]) })
		f.same("run", load(f, func(tx *store.Tx) (crm.Run, error) { return tx.Run(runs[1].ID) }), runs[1])
		page := func(link crm.LinkID, before crm.RunID) []crm.Run {
			return load(f, func(tx *store.Tx) ([]crm.Run, error) { return tx.Runs(link, before, 2) })
		}
		f.same("first page", page(f.link.ID, crm.RunID{}), []crm.Run{runs[2], runs[1]})
		f.same("second page", page(f.link.ID, runs[1].ID), []crm.Run{runs[0]})
		f.same("all links", page(crm.LinkID{}, runs[2].ID), []crm.Run{runs[1], runs[0]})
		f.same("another link", len(page(newID[crm.Link](), crm.RunID{})), 0)
	})
}

func TestHeld_is_decided_once(t *testing.T) {
	onEach(t, func(f *fixture) {
		held := store.Held{
			ID: newID[store.Held](), Link: f.link.ID, Kind: "deletions", CreatedAt: monday,
			Subject: store.HeldSubject{Actions: []crm.ActionID{newID[crm.Action]()}, Counts: map[string]int{"deletions": 30}},
		}
		f.write(func(tx *store.Tx) error { return tx.InsertHeld(held) })
		held.Subject.Counts["deletions"] = 40
		f.write(func(tx *store.Tx) error { return tx.UpdateHeld(held.ID, held.Subject) })
		f.same("undecided", load(f, func(tx *store.Tx) ([]store.Held, error) { return tx.Undecided(f.link.ID) }), []store.Held{held})
		f.write(func(tx *store.Tx) error { return tx.Decide(held.ID, f.bob.ID, monday.Add(time.Hour), "no") })
		f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.Decide(held.ID, f.anna.ID, monday, "yes") })
		f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.UpdateHeld(held.ID, held.Subject) })
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.Decide(newID[store.Held](), f.anna.ID, monday, "yes") })
		held.DecidedAt, held.DecidedBy, held.Decision = monday.Add(time.Hour), f.bob.ID, "no"
		f.same("held", load(f, func(tx *store.Tx) (store.Held, error) { return tx.Held(held.ID) }), held)
		f.same("undecided", len(load(f, func(tx *store.Tx) ([]store.Held, error) { return tx.Undecided(crm.LinkID{}) })), 0)
	})
}
