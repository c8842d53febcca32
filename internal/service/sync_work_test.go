package service

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"

	"pgregory.net/rapid"
)

func TestSyncWork(t *testing.T) {
	t.Parallel()
	today := crm.Date{Year: 2026, Month: 11, Day: 23}
	linkA, linkB := crm.LinkID{0xA}, crm.LinkID{0xB}
	at := func(days int) crm.Action {
		return crm.Action{FollowedBy: follower.ID, Units: crm.Units{Subject: "x", When: crm.When{StartDate: today.AddDays(days), Zone: "Europe/Brussels"}}}
	}
	with := func(a crm.Action, changes ...func(*crm.Action)) crm.Action {
		for _, change := range changes {
			change(&a)
		}
		return a
	}
	subject := func(a *crm.Action) { a.Subject = "y" }
	status := func(a *crm.Action) { a.Status = crm.ChoiceID{9} }
	noDate := func(a *crm.Action) { a.When.StartDate = crm.Date{} }
	nobody := func(a *crm.Action) { a.FollowedBy = crm.UserID{} }
	toThird := func(a *crm.Action) { a.FollowedBy = third.ID }
	trashed := func(a *crm.Action) { a.DeletedAt = time.Unix(1, 0) }
	state := func(name crm.SyncName, reason crm.Reason) func(*crm.Action) {
		return func(a *crm.Action) { a.Sync = crm.SyncState{Name: name, Reason: reason} }
	}
	synced := state(crm.Synced, "")
	a := place{link: linkA, follower: true}
	bound := func(p place) place { p.bound = true; return p }
	waiting := func(p place, origin reconcile.Origin) place { p.waiting = origin; return p }
	readOnly := func(p place) place { p.readOnly = true; return p }
	oldA, b := place{link: linkA}, place{link: linkB, follower: true}

	for name, test := range map[string]struct {
		before, after crm.Action
		origin        reconcile.Origin
		places        []place
		want          string
	}{
		"a_new_action_is_pushed":                                     {crm.Action{}, at(0), reconcile.OriginPerson, []place{a}, "A person: pending"},
		"a_new_action_in_the_past_is_pushed":                         {crm.Action{}, at(-9), reconcile.OriginPerson, []place{a}, "A person: pending"},
		"an_imported_one_in_the_past_is_not":                         {crm.Action{}, at(-9), reconcile.OriginBulk, []place{a}, ": not_synced past"},
		"without_date_there_is_no_event":                             {crm.Action{}, with(at(0), noDate), reconcile.OriginPerson, []place{a}, ": not_synced no_date"},
		"nor_without_follower":                                       {crm.Action{}, with(at(0), nobody), reconcile.OriginPerson, nil, ": not_synced nobody_follows"},
		"nor_with_a_follower_without_link":                           {crm.Action{}, at(0), reconcile.OriginPerson, nil, ": not_synced follower_without_link"},
		"nor_in_a_calendar_that_is_read_only":                        {crm.Action{}, at(0), reconcile.OriginPerson, []place{readOnly(a)}, ": not_synced calendar_read_only"},
		"a_change_of_a_unit_is_pushed":                               {with(at(-9), synced), with(at(-9), synced, subject), reconcile.OriginChange, []place{bound(a)}, "A change: pending"},
		"a_change_of_another_field_is_not":                           {with(at(0), synced), with(at(0), synced, status), reconcile.OriginChange, []place{bound(a)}, ": synced"},
		"but_raises_an_entry_that_waits":                             {with(at(0), state(crm.Pending, "")), with(at(0), state(crm.Pending, ""), status), reconcile.OriginChange, []place{waiting(bound(a), reconcile.OriginChange)}, "A change: pending"},
		"a_change_without_event_and_not_past_is_pushed":              {with(at(1), state(crm.NotSynced, crm.ReasonPast)), with(at(1), subject), reconcile.OriginChange, []place{a}, "A change: pending"},
		"a_change_without_event_in_the_past_is_not":                  {with(at(-9), state(crm.NotSynced, crm.ReasonPast)), with(at(-9), subject), reconcile.OriginChange, []place{a}, ": not_synced past"},
		"a_change_keeps_the_push_that_was_promised":                  {with(at(-9), state(crm.Pending, "")), with(at(-9), subject), reconcile.OriginChange, []place{waiting(a, reconcile.OriginPerson)}, "A person: pending"},
		"an_event_deleted_there_is_not_made_again_for_another_field": {with(at(0), state(crm.NotSynced, crm.ReasonEventDeleted)), with(at(0), state(crm.NotSynced, crm.ReasonEventDeleted), status), reconcile.OriginChange, []place{a}, ": not_synced event_deleted"},
		"but_for_a_unit":                                             {with(at(0), state(crm.NotSynced, crm.ReasonEventDeleted)), with(at(0), state(crm.NotSynced, crm.ReasonEventDeleted), subject), reconcile.OriginChange, []place{a}, "A change: pending"},

		"the_last_date_cleared_removes_the_event":         {with(at(0), synced), with(at(0), synced, noDate), reconcile.OriginChange, []place{bound(a)}, "A change: not_synced no_date"},
		"cleared_before_it_was_pushed_raises_the_entry":   {at(0), with(at(0), noDate), reconcile.OriginChange, []place{waiting(a, reconcile.OriginPerson)}, "A person: not_synced no_date"},
		"a_change_without_date_does_nothing":              {with(at(0), noDate), with(at(0), noDate, subject), reconcile.OriginChange, []place{a}, ": not_synced no_date"},
		"deleted_with_an_event":                           {with(at(0), synced), with(at(0), synced, trashed), reconcile.OriginChange, []place{bound(a)}, "A change: pending"},
		"deleted_while_its_push_waits":                    {at(0), with(at(0), trashed), reconcile.OriginChange, []place{waiting(a, reconcile.OriginPerson)}, "A person: pending"},
		"deleted_without_event":                           {with(at(0), noDate, state(crm.NotSynced, crm.ReasonNoDate)), with(at(0), noDate, trashed), reconcile.OriginChange, []place{a}, ": not_synced no_date"},
		"restored_brings_its_event_back_though_past":      {with(at(-9), trashed), at(-9), reconcile.OriginMerge, []place{a}, "A merge: pending"},
		"restored_before_its_event_was_deleted":           {with(at(-9), trashed), at(-9), reconcile.OriginMerge, []place{waiting(bound(a), reconcile.OriginChange)}, "A merge: pending"},
		"restored_that_never_had_an_event_and_is_past":    {with(at(-9), trashed), at(-9), reconcile.OriginChange, []place{a}, ": not_synced past"},
		"reassigned_leaves_one_calendar_for_the_other":    {with(at(0), synced), with(at(0), synced, toThird), reconcile.OriginBulk, []place{bound(oldA), b}, "A bulk, B bulk: pending"},
		"reassigned_in_the_past_only_leaves":              {with(at(-9), synced), with(at(-9), synced, toThird), reconcile.OriginBulk, []place{bound(oldA), b}, "A bulk: not_synced past"},
		"reassigned_to_one_without_link_only_leaves":      {with(at(0), synced), with(at(0), synced, toThird), reconcile.OriginBulk, []place{bound(oldA)}, "A bulk: not_synced follower_without_link"},
		"reassigned_to_nobody_only_leaves":                {with(at(0), synced), with(at(0), synced, nobody), reconcile.OriginBulk, []place{bound(oldA)}, "A bulk: not_synced nobody_follows"},
		"reassigned_while_its_push_waits_raises_that":     {at(0), with(at(0), toThird), reconcile.OriginBulk, []place{waiting(oldA, reconcile.OriginPerson), b}, "A person, B bulk: pending"},
		"reassigned_back_is_bound_there_still":            {with(at(0), toThird), at(0), reconcile.OriginBulk, []place{bound(a), waiting(place{link: linkB}, reconcile.OriginBulk)}, "B bulk, A bulk: pending"},
		"reassigned_without_ever_having_had_an_event":     {with(at(0), state(crm.NotSynced, crm.ReasonFollowerWithout)), with(at(0), toThird), reconcile.OriginBulk, []place{b}, "B bulk: pending"},
		"what_is_set_aside_stays_so_and_waits":            {with(at(0), state(crm.SetAside, crm.ReasonSeries)), with(at(0), state(crm.SetAside, crm.ReasonSeries), subject), reconcile.OriginChange, []place{bound(a)}, "A change: set_aside series"},
		"what_is_held_stays_so":                           {with(at(0), state(crm.Held, "")), with(at(0), state(crm.Held, ""), subject), reconcile.OriginChange, []place{bound(a)}, "A change: held"},
		"reassigned_what_was_set_aside_goes_to_the_other": {with(at(0), state(crm.SetAside, crm.ReasonSeries)), with(at(0), toThird), reconcile.OriginBulk, []place{bound(oldA), b}, "A bulk, B bulk: pending"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries, got := syncWork(test.before, test.after, test.origin, test.places, today)
			if text := describeWork(entries, got); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
		})
	}
}

func describeWork(entries []entry, state crm.SyncState) string {
	texts := make([]string, len(entries))
	for i, e := range entries {
		texts[i] = fmt.Sprintf("%X %s", e.link[0], e.origin)
	}
	return strings.TrimSpace(strings.Join(texts, ", ") + ": " + string(state.Name) + " " + string(state.Reason))
}

// A run that is just carrying an entry out marks it done only when it was not raised meanwhile: so no save may leave one
// where it stands.
func TestSyncWork_raises_every_entry_that_waits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		action := rapid.Custom(func(t *rapid.T) crm.Action {
			a := crm.Action{FollowedBy: crm.UserID{byte(rapid.IntRange(0, 2).Draw(t, "follower"))}}
			if rapid.Bool().Draw(t, "dated") {
				a.When.StartDate = crm.Date{Year: 2026, Month: 11, Day: rapid.IntRange(1, 30).Draw(t, "day")}
			}
			if rapid.Bool().Draw(t, "deleted") {
				a.DeletedAt = time.Unix(1, 0)
			}
			a.Sync.Name = rapid.SampledFrom([]crm.SyncName{crm.Synced, crm.Pending, crm.Held, crm.SetAside, crm.NotSynced}).Draw(t, "state")
			a.Sync.Reason = rapid.SampledFrom([]crm.Reason{"", crm.ReasonEventDeleted, crm.ReasonPast}).Draw(t, "reason")
			return a
		})
		before, after := action.Draw(t, "before"), action.Draw(t, "after")
		after.Sync = before.Sync
		origins := []reconcile.Origin{"", reconcile.OriginPerson, reconcile.OriginBulk, reconcile.OriginMerge, reconcile.OriginChange}
		var places []place
		for i := range 2 {
			places = append(places, place{
				link: crm.LinkID{byte(10 + i)}, follower: i == 0 && !after.FollowedBy.IsZero(), readOnly: rapid.Bool().Draw(t, "read-only"),
				bound: rapid.Bool().Draw(t, "bound"), waiting: rapid.SampledFrom(origins).Draw(t, "waiting"),
			})
		}
		origin := rapid.SampledFrom(origins[1:]).Draw(t, "origin")
		entries, state := syncWork(before, after, origin, places, crm.Date{Year: 2026, Month: 11, Day: 15})
		for _, p := range places {
			count := 0
			for _, e := range entries {
				if e.link == p.link {
					count++
				}
			}
			if p.waiting != "" && count != 1 || count > 1 {
				t.Errorf("link %X, waiting %q: %d entries, state %v", p.link[0], p.waiting, count, state)
			}
		}
		if state.Name == crm.Pending && len(entries) == 0 && before.Sync.Name != crm.Pending {
			t.Errorf("pending without an entry")
		}
	})
}
