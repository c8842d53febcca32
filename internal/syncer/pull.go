package syncer

import (
	"context"
	"errors"
	"slices"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/plant"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// errHeld ends a run whose link waits for a person now.
var errHeld = errors.New("the link waits for a decision")

// pull brings in what the calendar changed.
func (r *run) pull(ctx context.Context) error {
	r.askedAt = r.Now()
	first := r.before.FirstSyncedAt.IsZero()
	if first && r.before.Token == "" {
		if err := r.adopt(ctx); err != nil {
			return err
		}
	}
	err := r.pullChanges(ctx)
	if err != nil {
		return err
	}
	r.pulled = true
	if !first || r.first.waits {
		return nil
	}
	if err := r.bringIn(ctx); err != nil {
		return err
	}
	return r.firstPush(ctx)
}

func (r *run) pullChanges(ctx context.Context) error {
	if r.link.WithoutSyncToken || r.has(dav.NoSyncToken) {
		return r.pullByCTag(ctx)
	}
	if r.before.Token == "" {
		return r.pullAll(ctx)
	}
	err := r.pullSince(ctx, r.before.Token)
	if dav.ClassOf(err) == dav.ClassTemporary && plant.On(plant.FailedListingIsEmpty) {
		return r.finishEmpty(ctx)
	}
	if dav.ClassOf(err) == dav.ClassTokenInvalid || r.before.Failures > 0 && faults(err) {
		return r.pullAll(ctx)
	}
	if err != nil {
		return err
	}
	return r.compareWhenDue(ctx)
}

// compareWhenDue compares the whole calendar where that is due by the clock, or after an answer that left something open.
func (r *run) compareWhenDue(ctx context.Context) error {
	if r.CompareEvery > 0 && r.Now().Sub(r.before.ComparedAt) >= r.CompareEvery {
		return r.compare(ctx)
	}
	return nil
}

// faults reports whether a server answered with a fault of its own. Xandikos 0.2.8 does so for a token that it does not know
// any more, so a second fault in a row is taken for that.
func faults(err error) bool {
	failure, ok := dav.FailureOf(err)
	return ok && failure.Status == 500
}

// finishEmpty is a planted fault: what failed is taken as a calendar without anything in it.
func (r *run) finishEmpty(ctx context.Context) error {
	answer := r.newAnswer(ctx)
	if err := answer.compareWith(); err != nil {
		return err
	}
	return r.finishAll(ctx, answer, func(*store.LinkSync) {})
}

// untrashed is a planted fault: what lies in the trash is left out.
func untrashed(tx *store.Tx, ids []crm.ActionID) ([]crm.ActionID, error) {
	actions, err := tx.Actions(ids)
	ids = nil
	for _, action := range actions {
		if !action.Deleted() {
			ids = append(ids, action.ID)
		}
	}
	return ids, err
}

// adopt takes over what an ended link of the same user to the same calendar left. What changed here meanwhile waits in the
// outbox, so that pairs resume by merge (semantics 9).
func (r *run) adopt(ctx context.Context) error {
	return r.commit(ctx, "adopt", func(tx *store.Tx) (crm.Counts, error) {
		n, err := tx.AdoptResources(r.link.ID)
		if err != nil || n == 0 {
			return crm.Counts{}, err
		}
		if err := tx.DropParked(r.link.ID); err != nil {
			return crm.Counts{}, err
		}
		actions, err := tx.BoundActions(r.link.ID)
		if err != nil {
			return crm.Counts{}, err
		}
		if plant.On(plant.TrashForgotten) {
			if actions, err = untrashed(tx, actions); err != nil {
				return crm.Counts{}, err
			}
		}
		entries := make([]store.OutboxEntry, len(actions))
		for i, id := range actions {
			entries[i] = store.OutboxEntry{Link: r.link.ID, Action: id, Origin: reconcile.OriginMerge}
		}
		bound, err := tx.Actions(actions)
		if err != nil {
			return crm.Counts{}, err
		}
		for _, action := range bound {
			if action.Sync.Reason != crm.ReasonFollowerWithout || action.FollowedBy != r.link.User {
				continue
			}
			// Else one that nobody changed would go on saying that there is no calendar for it.
			if err := tx.SetSyncState(action.ID, crm.SyncState{Name: crm.Pending}); err != nil {
				return crm.Counts{}, err
			}
		}
		tx.AnnounceActions(actions)
		return crm.Counts{}, tx.PutOutbox(entries...)
	})
}

// pullSince asks what changed since a token. All pages are one answer: an event that moved may be gone in one page and there
// in a later one.
func (r *run) pullSince(ctx context.Context, before dav.SyncToken) error {
	answer := r.newAnswer(ctx)
	token := before
	for {
		result, err := r.remote.Sync(ctx, token, answer.visit)
		if err != nil {
			return err
		}
		done := !result.Truncated || result.Token == token
		token = result.Token
		if done {
			break
		}
	}
	untold, err := answer.untold()
	if err != nil {
		return err
	}
	if err := answer.complete(); err != nil {
		return err
	}
	vanished := false
	if err := answer.readSingly(untold, func(dav.Href) { vanished = true }); err != nil {
		return err
	}
	if answer.empties() {
		return r.stop(ctx, HeldEmptied, answer.living)
	}
	if keep := r.keepToken(token, before); keep != nil && plant.On(plant.TokenFirst) {
		if err := r.commit(ctx, "token", func(tx *store.Tx) (crm.Counts, error) { return crm.Counts{}, keep(tx) }); err != nil {
			return err
		}
	}
	if err := answer.apply(r.decided, r.keepToken(token, before)); err != nil || !vanished {
		return err
	}
	return r.compare(ctx) // that a report says nothing and one href is not found proves no deletion yet (S4 of the oracle)
}

// keepToken keeps a token in the transaction of what it covers. One that did not move needs none.
func (r *run) keepToken(token, before dav.SyncToken) func(*store.Tx) error {
	if token == before {
		return nil
	}
	return func(tx *store.Tx) error { return r.keep(tx, func(sync *store.LinkSync) { sync.Token = token }) }
}

// pullAll reads the whole calendar: the first time, and when the server does not know our token any more. What is missing
// then is gone only when the listing is complete and its own href says so too.
func (r *run) pullAll(ctx context.Context) error {
	answer := r.newAnswer(ctx)
	if err := answer.compareWith(); err != nil {
		return err
	}
	var token dav.SyncToken
	for {
		result, err := r.remote.Sync(ctx, token, answer.visit)
		if dav.ClassOf(err) == dav.ClassTokenInvalid && token != "" {
			return r.pullListed(ctx) // the server does not even know the token of its own page
		}
		if err != nil {
			return err
		}
		done := !result.Truncated || result.Token == token
		token = result.Token
		if done {
			break
		}
	}
	return r.finishAll(ctx, answer, func(sync *store.LinkSync) { sync.Token = token })
}

// pullListed reads the whole calendar by a listing, and goes on from the sync token that the collection told before it.
func (r *run) pullListed(ctx context.Context) error {
	calendar, err := r.remote.Calendar(ctx)
	if err != nil {
		return err
	}
	return r.list(ctx, func(sync *store.LinkSync) { sync.Token = calendar.SyncToken })
}

// pullByCTag is for calendars without sync token: the ctag says whether anything changed, the ETags say what.
func (r *run) pullByCTag(ctx context.Context) error {
	calendar, err := r.remote.Calendar(ctx)
	if err != nil {
		return err
	}
	if calendar.CTag != "" && calendar.CTag == r.before.CTag {
		return r.compareWhenDue(ctx)
	}
	return r.list(ctx, func(sync *store.LinkSync) { sync.CTag = calendar.CTag })
}

// compare compares all hrefs and ETags, to heal what the server left out of its reports, once it is still the calendar that was linked.
func (r *run) compare(ctx context.Context) error {
	if r.compared {
		return nil
	}
	calendar, err := r.remote.Calendar(ctx)
	if err != nil {
		return err
	}
	if becameAnother(calendar, r.before.Foreign) && r.first == nil && r.decided == guarded {
		living := 0
		err := r.Store.Read(ctx, func(tx *store.Tx) (err error) {
			living, err = tx.LiveResources(r.link.ID)
			return err
		})
		if err != nil {
			return err
		}
		return r.stop(ctx, HeldOther, living)
	}
	return r.list(ctx, func(sync *store.LinkSync) { sync.Foreign = calendar.OfAnother() })
}

// becameAnother reports whether what lies at a calendar's address is no calendar any more, or has become somebody else's (semantics 7).
// What the server does not tell proves nothing.
func becameAnother(calendar dav.Calendar, foreign bool) bool {
	typeless := len(calendar.Types) > 0 && !slices.Contains(calendar.Types, dav.TypeCalendar)
	return typeless || !foreign && calendar.OfAnother()
}

func (r *run) list(ctx context.Context, keep func(*store.LinkSync)) error {
	answer := r.newAnswer(ctx)
	if err := answer.compareWith(); err != nil {
		return err
	}
	if err := r.remote.List(ctx, answer.visit); err != nil && !plant.On(plant.FailedListingIsEmpty) {
		return err
	}
	return r.finishAll(ctx, answer, keep)
}

// finishAll applies a complete listing.
func (r *run) finishAll(ctx context.Context, answer *answer, keep func(*store.LinkSync)) error {
	how := guarded
	if r.first != nil && r.first.look {
		how, r.first.final = relinked, true
	}
	if r.decided != guarded {
		how = r.decided
	}
	if err := answer.complete(); err != nil {
		return err
	}
	if kind, other := answer.anotherCalendar(); other && r.decided == guarded {
		return r.stop(ctx, kind, answer.living)
	}
	if err := answer.findMissing(); err != nil {
		return err
	}
	r.compared = true
	return answer.apply(how, func(tx *store.Tx) error {
		if r.first != nil && r.first.ask {
			if err := r.holdPlan(tx); err != nil {
				return err
			}
		}
		return r.keep(tx, func(sync *store.LinkSync) {
			keep(sync)
			sync.ComparedAt = r.Now()
		})
	})
}

// stop holds a link in both directions until a person decides: its calendar is suddenly empty, or another one (semantics 7).
func (r *run) stop(ctx context.Context, kind string, living int) error {
	err := r.commit(ctx, "pull", func(tx *store.Tx) (crm.Counts, error) {
		a := &applier{run: r, tx: tx}
		return crm.Counts{}, a.wait(kind, nil, map[string]int{"events": living})
	})
	if err != nil {
		return err
	}
	return errHeld
}

// firstPush makes the work of semantics 4, rule 2: every action of the user with a date that is not past becomes an event, but
// for those that end before the start that was chosen, and for those that a person is asked about.
func (r *run) firstPush(ctx context.Context) error {
	err := r.commit(ctx, "pull", func(tx *store.Tx) (crm.Counts, error) {
		if !r.link.ReadOnly {
			if err := r.pushFirst(tx); err != nil {
				return crm.Counts{}, err
			}
		}
		if !r.first.plan.IsZero() {
			if err := tx.HeldDone(r.first.plan, r.Now()); err != nil {
				return crm.Counts{}, err
			}
		}
		now := r.Now()
		tx.AnnounceLink(r.link.ID)
		return crm.Counts{}, r.keep(tx, func(sync *store.LinkSync) {
			sync.FirstSyncedAt, sync.ComparedAt, sync.LastCheckedAt = now, later(sync.ComparedAt, now), r.askedAt
		})
	})
	if err == nil {
		r.first = nil
	}
	return err
}

func (r *run) pushFirst(tx *store.Tx) error {
	actions, err := tx.ActionsToPush(r.link.ID, r.user.ID, r.today())
	if err != nil {
		return err
	}
	rules := r.first.rules
	rules.Today = r.today()
	var entries []store.OutboxEntry
	var told []crm.ActionID
	for _, action := range actions {
		state := crm.SyncState{Name: crm.Pending}
		switch fate := rules.Action(action.When); {
		case r.twins[action.ID]:
			continue
		case fate == reconcile.FirstLeftOut:
			if _, err := tx.OutboxEntry(r.link.ID, action.ID); !errors.Is(err, store.ErrNotFound) {
				if err != nil {
					return err
				}
				continue // a person typed it since the calendar was linked
			}
			state = crm.SyncState{Name: crm.NotSynced, Reason: ReasonLeftOut}
		case fate != reconcile.FirstCreate:
			continue
		default:
			entries = append(entries, store.OutboxEntry{Link: r.link.ID, Action: action.ID, Origin: reconcile.OriginFirstSync})
		}
		told = append(told, action.ID)
		if !same(action.Sync, state) {
			if err := tx.SetSyncState(action.ID, state); err != nil {
				return err
			}
		}
	}
	tx.AnnounceActions(told)
	return tx.PutOutbox(entries...)
}
