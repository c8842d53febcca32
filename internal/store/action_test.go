package store_test

import (
	"errors"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// fullAction has a value in every field.
func (f *fixture) fullAction() crm.Action {
	choices := []crm.Choice{
		{ID: newID[crm.Choice](), Kind: crm.ChoiceType}, {ID: newID[crm.Choice](), Kind: crm.ChoiceStatus}, {ID: newID[crm.Choice](), Kind: crm.ChoicePriority},
	}
	first := newAction(f.anna.ID, "first", "2026-11-20 - - - Europe/Brussels")
	f.write(func(tx *store.Tx) error {
		return errors.Join(tx.PutChoice(choices[0]), tx.PutChoice(choices[1]), tx.PutChoice(choices[2]), tx.InsertActions([]crm.Action{first}))
	})
	a := newAction(f.anna.ID, "Réunion ☕", "2026-11-23 14:30:15 2026-11-24 16:00 America/New_York")
	a.Description = "eerste regel\nund zwei"
	a.DueDate = day("2026-12-01")
	a.Type, a.Status, a.Priority = choices[0].ID, choices[1].ID, choices[2].ID
	a.ThirdParty, a.ThirdPartyKind, a.Contact, a.Dossier = "Acme NV", crm.Prospect, "Jan Peeters", "2026/17"
	a.FollowsUp = first.ID
	a.Documents = []crm.Document{{Title: "offer", URL: "https://example.org/1"}, {Title: "plan", URL: "https://example.org/2"}}
	a.Private = true
	a.ModifiedAt, a.ModifiedBy = monday.Add(time.Second), crm.Actor{Kind: crm.ActorLink, Link: f.link.ID}
	a.DeletedAt = monday.Add(time.Minute)
	a.Sync = crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonEventDeleted, Params: map[string]string{"at": "14:30"}}
	return a
}

func (f *fixture) action(id crm.ActionID) crm.Action {
	f.Helper()
	return load(f, func(tx *store.Tx) (crm.Action, error) { return tx.Action(id) })
}

func TestAction_keeps_every_field(t *testing.T) {
	onEach(t, func(f *fixture) {
		full, bare := f.fullAction(), crm.Action{ID: newID[crm.Action](), CreatedAt: monday, ModifiedAt: monday}
		f.write(func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{full, bare}) })
		f.same("full action", f.action(full.ID), full)
		f.same("bare action", f.action(bare.ID), bare)
		got := load(f, func(tx *store.Tx) ([]crm.Action, error) {
			return tx.Actions([]crm.ActionID{bare.ID, newID[crm.Action](), full.ID})
		})
		f.same("actions", got, []crm.Action{full, bare})
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (crm.Action, error) { return tx.Action(newID[crm.Action]()) })
		f.writeFails(store.ErrDuplicate{What: store.UniqueRow}, func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{bare}) })
	})
}

func TestAction_update_replaces_all_and_raises_the_version(t *testing.T) {
	onEach(t, func(f *fixture) {
		action := crm.Action{ID: newID[crm.Action](), Version: 4, CreatedAt: monday, ModifiedAt: monday}
		f.write(func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{action}) })
		full := f.fullAction()
		full.ID = action.ID
		f.write(func(tx *store.Tx) error { return tx.UpdateAction(full, 4) })
		full.Version = 5
		f.same("action", f.action(action.ID), full)
		f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.UpdateAction(full, 4) })
		full.ID = newID[crm.Action]()
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateAction(full, 5) })
	})
}

func TestAction_sync_state_is_no_change_of_the_action(t *testing.T) {
	onEach(t, func(f *fixture) {
		action := newAction(f.anna.ID, "call", "2026-11-24 - - - Europe/Brussels")
		f.write(func(tx *store.Tx) error { return tx.InsertActions([]crm.Action{action}) })
		action.Sync = crm.SyncState{Name: crm.Pending, Reason: "because", Params: map[string]string{"a": "b"}}
		f.write(func(tx *store.Tx) error { return tx.SetSyncState(action.ID, action.Sync) })
		f.same("action", f.action(action.ID), action)
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.SetSyncState(newID[crm.Action](), action.Sync) })
	})
}

func TestActionsToPush_are_those_of_the_first_sync(t *testing.T) {
	onEach(t, func(f *fixture) {
		const zone = " Europe/Brussels"
		past := newAction(f.anna.ID, "past", "2026-11-20 09:00 2026-11-22 10:00"+zone)
		today := newAction(f.anna.ID, "today", "2026-11-23 - - -"+zone)
		ends := newAction(f.anna.ID, "began before, ends today", "2026-11-20 - 2026-11-23 -"+zone)
		endOnly := newAction(f.anna.ID, "end only", "- - 2026-12-01 10:00"+zone)
		dateless := newAction(f.anna.ID, "no date", "- - - -"+zone)
		others := newAction(f.bob.ID, "another's", "2026-11-25 - - -"+zone)
		trashed := newAction(f.anna.ID, "trashed", "2026-11-25 - - -"+zone)
		trashed.DeletedAt = monday
		bound := newAction(f.anna.ID, "bound", "2026-11-25 - - -"+zone)
		elsewhere := newAction(f.anna.ID, "bound in another calendar", "2026-11-25 - - -"+zone)
		links := []crm.Link{f.link, newLink(f.bob.ID, "https://calendar.example.org/bob/")}
		resources := []store.Resource{newResource(links[0].ID, "1"), newResource(links[1].ID, "2")}
		f.write(func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertLink(links[1], nil, store.LinkSync{}),
				tx.InsertActions([]crm.Action{past, today, ends, endOnly, dateless, others, trashed, bound, elsewhere}),
				tx.InsertResources(resources),
				tx.InsertBindings([]store.Binding{bind(resources[0], bound), bind(resources[1], elsewhere)}))
		})
		got := load(f, func(tx *store.Tx) ([]crm.Action, error) {
			return tx.ActionsToPush(f.link.ID, f.anna.ID, day("2026-11-23"))
		})
		f.same("actions", got, []crm.Action{today, ends, endOnly, elsewhere})
	})
}

func TestPurgeTrash_leaves_what_a_person_must_purge(t *testing.T) {
	onEach(t, func(f *fixture) {
		trashed := func(subject string, change func(*crm.Action)) crm.Action {
			a := newAction(f.anna.ID, subject, "2026-10-01 - - - Europe/Brussels")
			a.DeletedAt = monday.Add(-40 * 24 * time.Hour)
			change(&a)
			return a
		}
		byCalendar := crm.Actor{Kind: crm.ActorLink, Link: f.link.ID}
		expired := trashed("by a person", func(a *crm.Action) { a.Dossier = "17" })
		bare := trashed("by the calendar, bare", func(a *crm.Action) { a.ModifiedBy = byCalendar })
		own := trashed("by the calendar, with a third party", func(a *crm.Action) { a.ModifiedBy = byCalendar; a.ThirdParty = "Acme" })
		status := crm.Choice{ID: newID[crm.Choice](), Kind: crm.ChoiceStatus, Names: map[crm.Language]string{crm.Dutch: "Gedaan"}}
		f.write(func(tx *store.Tx) error { return tx.PutChoice(status) })
		done := trashed("by the calendar, and done", func(a *crm.Action) { a.ModifiedBy, a.Status = byCalendar, status.ID })
		documented := trashed("by the calendar, with a document", func(a *crm.Action) { a.ModifiedBy = byCalendar; a.Documents = []crm.Document{{Title: "x"}} })
		recent := trashed("recent", func(a *crm.Action) { a.DeletedAt = monday })
		working := trashed("its event is still there", func(*crm.Action) {})
		waiting := trashed("its deletion waits", func(*crm.Action) {})
		live := newAction(f.anna.ID, "follows up what expired", "2026-10-01 - - - Europe/Brussels")
		live.FollowsUp = expired.ID
		resource := newResource(f.link.ID, "1")
		f.write(func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertActions([]crm.Action{expired, bare, own, done, documented, recent, working, waiting}), tx.InsertActions([]crm.Action{live}),
				tx.InsertResources([]store.Resource{resource}), tx.InsertBindings([]store.Binding{bind(resource, working)}),
				tx.PutOutbox(store.OutboxEntry{Link: f.link.ID, Action: waiting.ID}),
				tx.AppendHistory([]crm.Change{{ID: newID[crm.Change](), Action: expired.ID, At: monday, What: crm.Deleted}}))
		})
		f.write(func(tx *store.Tx) error {
			purged, err := tx.PurgeTrash(monday.Add(-30*24*time.Hour), 100)
			f.same("purged", len(purged), 2)
			return err
		})
		for _, left := range []crm.Action{own, done, documented, recent, working, waiting} {
			f.action(left.ID)
		}
		for _, gone := range []crm.Action{expired, bare} {
			loadFails(f, store.ErrNotFound, func(tx *store.Tx) (crm.Action, error) { return tx.Action(gone.ID) })
		}
		live.FollowsUp = crm.ActionID{}
		f.same("follow-up", f.action(live.ID), live)
		history := load(f, func(tx *store.Tx) ([]crm.Change, error) { return tx.History(expired.ID, store.HistoryCursor{}, 10) })
		f.same("changes that outlive the action", len(history), 1)
	})
}

func TestPurge_removes_what_lies_in_the_trash_unless_its_event_is_there(t *testing.T) {
	onEach(t, func(f *fixture) {
		own := newAction(f.anna.ID, "own", "2026-10-01 - - - Europe/Brussels")
		own.Dossier, own.ModifiedBy, own.DeletedAt = "17", crm.Actor{Kind: crm.ActorLink, Link: f.link.ID}, monday
		working, living := own, own
		working.ID, living.ID, living.DeletedAt = newID[crm.Action](), newID[crm.Action](), time.Time{}
		resource := newResource(f.link.ID, "1")
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.InsertActions([]crm.Action{own, working, living}), tx.InsertResources([]store.Resource{resource}), tx.InsertBindings([]store.Binding{bind(resource, working)}))
		})
		for action, want := range map[crm.ActionID]bool{own.ID: true, working.ID: false, living.ID: false, newID[crm.Action](): false} {
			f.write(func(tx *store.Tx) error {
				purged, err := tx.Purge(action)
				f.same("purged", purged, want)
				return err
			})
		}
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (crm.Action, error) { return tx.Action(own.ID) })
		f.action(working.ID)
		f.action(living.ID)
	})
}

// Semantics 4: UIDs are remembered beyond the trash for a while, which begins with the purging.
func TestForgetUIDs_of_purged_actions_after_a_while(t *testing.T) {
	onEach(t, func(f *fixture) {
		purged, kept := newAction(f.anna.ID, "purged", "2026-10-01 - - - Europe/Brussels"), newAction(f.anna.ID, "kept", "2026-10-01 - - - Europe/Brussels")
		purged.DeletedAt = monday.Add(-40 * 24 * time.Hour)
		long := monday.Add(-3 * 365 * 24 * time.Hour)
		f.write(func(tx *store.Tx) error {
			aliases := []store.Alias{
				{Calendar: f.link.CalendarHref, UID: "purged", Action: purged.ID, KnownAt: long}, {Calendar: f.link.CalendarHref, UID: "kept", Action: kept.ID, KnownAt: long},
			}
			tombstone := store.Tombstone{ID: newID[store.Tombstone](), Link: f.link.ID, Action: purged.ID, Href: "/1", UID: "purged", DeletedAt: long, Reason: "event_deleted"}
			return errors.Join(tx.InsertActions([]crm.Action{purged, kept}), tx.PutAliases(aliases), tx.InsertTombstones([]store.Tombstone{tombstone}))
		})
		f.write(func(tx *store.Tx) error {
			_, err := tx.PurgeTrash(monday, 10)
			return err
		})
		for _, step := range []struct {
			before time.Time
			uids   int64
			left   int
		}{{monday.Add(-2 * 365 * 24 * time.Hour), 0, 2}, {monday.Add(time.Hour), 1, 1}} {
			f.write(func(tx *store.Tx) error {
				n, err := tx.ForgetUIDs(step.before)
				f.same("UIDs forgotten", n, step.uids)
				return err
			})
			known := load(f, func(tx *store.Tx) (map[string]crm.ActionID, error) {
				return tx.ActionsOfUIDs(f.link.CalendarHref, []string{"purged", "kept"})
			})
			f.same("UIDs known", len(known), step.left)
		}
		left := load(f, func(tx *store.Tx) ([]store.Tombstone, error) { return tx.Tombstones(f.link.ID, time.Time{}) })
		f.same("deletions known", len(left), 0)
	})
}

func TestHistory_is_newest_first_in_pages(t *testing.T) {
	onEach(t, func(f *fixture) {
		action, run := newID[crm.Action](), newID[crm.Run]()
		var changes []crm.Change
		for i := range 5 {
			changes = append(changes, crm.Change{
				ID: newID[crm.Change](), Action: action, At: monday.Add(time.Duration(i/2) * time.Second), Actor: crm.Actor{Kind: crm.ActorUser, User: f.anna.ID},
				What: crm.Changed, Name: "subject", Before: "a", After: "b",
			})
		}
		changes[4].Actor, changes[4].Run = crm.Actor{Kind: crm.ActorLink, Link: f.link.ID}, run
		changes[4].What, changes[4].Reason, changes[4].Winner = crm.Conflict, "both_changed", crm.SideCRM
		changes[3].Actor = crm.Actor{Kind: crm.ActorSystem}
		other := crm.Change{ID: newID[crm.Change](), Action: newID[crm.Action](), At: monday, What: crm.Created}
		f.write(func(tx *store.Tx) error { return tx.AppendHistory(append([]crm.Change{other}, changes...)) })
		var got []crm.Change
		var after store.HistoryCursor
		for {
			page := load(f, func(tx *store.Tx) ([]crm.Change, error) { return tx.History(action, after, 2) })
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			after = store.HistoryCursor{At: page[len(page)-1].At, ID: page[len(page)-1].ID}
		}
		f.same("history", got, []crm.Change{changes[4], changes[3], changes[2], changes[1], changes[0]})
		one := load(f, func(tx *store.Tx) (crm.Change, error) { return tx.Change(action, changes[2].ID) })
		f.same("one change", one, changes[2])
		loadFails(f, store.ErrNotFound, func(tx *store.Tx) (crm.Change, error) { return tx.Change(action, other.ID) })
	})
}
