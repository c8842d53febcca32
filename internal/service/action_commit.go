package service

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/plant"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
	"agendaonline/internal/zone"
)

// saving is one action about to be saved. what is "" when there is nothing to save.
type saving struct {
	before, after crm.Action
	what          crm.ChangeKind
	origin        reconcile.Origin
}

// save runs one transaction: the row, its history, the outbox entries that follow from it and the announcement; after the
// commit it wakes the links concerned. prepare may be called again when another transaction was in the way.
func (s *Service) save(ctx context.Context, caller Caller, ref reference, prepare func(*store.Tx, time.Time) (saving, error)) (crm.Action, error) {
	now := s.now()
	var saved crm.Action
	var entries []entry
	err := s.write(ctx, func(tx *store.Tx) error {
		entries = nil
		prepared, err := prepare(tx, now)
		if err != nil || prepared.what == "" {
			saved = prepared.after
			return err
		}
		saved, entries, err = s.commit(tx, caller, prepared, now)
		return err
	})
	if moved, isMoved := errors.AsType[*movedAction](err); isMoved {
		return crm.Action{}, s.actionMoved(ctx, caller, moved.current)
	}
	if err != nil {
		return crm.Action{}, err
	}
	for _, entry := range entries {
		s.Waker.Wake(entry.link)
	}
	return saved, nil
}

// commit is what one save writes.
func (s *Service) commit(tx *store.Tx, caller Caller, prepared saving, now time.Time) (crm.Action, []entry, error) {
	before, after := prepared.before, prepared.after
	places, today, err := s.places(tx, before, after, now)
	if err != nil {
		return crm.Action{}, nil, err
	}
	origin := prepared.origin
	if had, err := s.hadEvent(tx, before, after, places); err != nil {
		return crm.Action{}, nil, err
	} else if had {
		origin = reconcile.OriginMerge // giving a date again, or restoring, brings the event back (semantics 6)
	}
	guests, err := s.askGuests(tx, caller, before, after, now)
	if err != nil {
		return crm.Action{}, nil, err
	}
	entries, state := syncWork(before, after, origin, places, today)
	switch {
	case guests.waits > 0:
		state = crm.SyncState{Name: crm.Held, Reason: crm.ReasonGuests, Params: map[string]string{"count": strconv.Itoa(guests.waits)}}
	case guests.agreed && state.Name == crm.Held:
		state = crm.SyncState{Name: crm.Pending}
	}
	after.Sync, after.ModifiedAt, after.ModifiedBy = state, now, caller.actor()
	if prepared.what == crm.Created {
		err = tx.InsertActions([]crm.Action{after})
	} else {
		err = tx.UpdateAction(after, before.Version)
		after.Version = before.Version + 1
	}
	if err != nil {
		return crm.Action{}, nil, err
	}
	if err := tx.AppendHistory(s.historyOf(caller, prepared, now)); err != nil {
		return crm.Action{}, nil, err
	}
	for _, e := range entries {
		if plant.On(plant.OutboxOutside) && now.UnixMicro()%7 == 0 {
			continue // as when the program ended between the two
		}
		if err := tx.PutOutbox(store.OutboxEntry{Link: e.link, Action: after.ID, Origin: e.origin}); err != nil {
			return crm.Action{}, nil, err
		}
	}
	tx.AnnounceActions([]crm.ActionID{after.ID})
	return after, entries, nil
}

// historyOf is one row for a thing that happened, or one for each unit or field that changed.
func (s *Service) historyOf(caller Caller, prepared saving, now time.Time) []crm.Change {
	row := func() crm.Change {
		return crm.Change{ID: crm.NewID[crm.Change](s.IDs), Action: prepared.after.ID, At: now, Actor: caller.actor(), What: prepared.what}
	}
	if prepared.what != crm.Changed {
		return []crm.Change{row()}
	}
	var rows []crm.Change
	for _, f := range differing(prepared.before, prepared.after) {
		change := row()
		change.Name, change.Before, change.After = f.name, f.text(prepared.before), f.text(prepared.after)
		rows = append(rows, change)
	}
	return rows
}

// places are the links in which a save may have work: the follower's, and those the action is bound to or waits for.
//
// Entries are read before bindings, and stay locked: a run that makes an event keeps its entry until the binding is there,
// so that whoever finds no entry finds the binding.
func (s *Service) places(tx *store.Tx, before, after crm.Action, now time.Time) ([]place, crm.Date, error) {
	var places []place
	at := func(link crm.Link) (int, error) {
		if i := slices.IndexFunc(places, func(p place) bool { return p.link == link.ID }); i >= 0 {
			return i, nil
		}
		waiting, err := tx.OutboxEntry(link.ID, after.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, err
		}
		places = append(places, place{link: link.ID, follower: link.User == after.FollowedBy, readOnly: link.ReadOnly, waiting: waiting.Origin})
		return len(places) - 1, nil
	}
	for _, user := range []crm.UserID{before.FollowedBy, after.FollowedBy} {
		link, err := tx.LinkOfUser(user)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err == nil && !link.Leaving() {
			_, err = at(link)
		}
		if err != nil {
			return nil, crm.Date{}, err
		}
	}
	bindings, err := tx.BindingsOfAction(after.ID)
	if err != nil {
		return nil, crm.Date{}, err
	}
	for _, binding := range bindings {
		link, err := tx.Link(binding.Bound.Link)
		if err != nil {
			return nil, crm.Date{}, err
		}
		if link.Leaving() {
			continue
		}
		i, err := at(link)
		if err != nil {
			return nil, crm.Date{}, err
		}
		places[i].bound = places[i].bound || binding.Bound.State != store.ResourceGone
	}
	today, err := s.today(tx, after, now)
	return places, today, err
}

// today is the day in the time zone of the action's follower, in the action's own without one (semantics 4).
func (s *Service) today(tx *store.Tx, action crm.Action, now time.Time) (crm.Date, error) {
	name := action.When.Zone
	if !action.FollowedBy.IsZero() {
		user, err := tx.User(action.FollowedBy)
		if err != nil {
			return crm.Date{}, err
		}
		name = user.TimeZone
	}
	return s.dayIn(name, now), nil
}

// dayIn is the day at an instant in a time zone, in UTC where its name means nothing.
func (s *Service) dayIn(name string, at time.Time) crm.Date {
	z, err := s.Zones.IANA(name)
	if err != nil {
		z = zone.UTC
	}
	day := z.CivilOf(at)
	return crm.Date{Year: day.Year, Month: day.Month, Day: day.Day}
}

// hadEvent reports whether an action that has no event now, and could have one from this save on, had one before.
func (s *Service) hadEvent(tx *store.Tx, before, after crm.Action, places []place) (bool, error) {
	back := before.Deleted() && !after.Deleted() || !before.When.HasDate() && after.When.HasDate() && !before.ID.IsZero()
	if !back {
		return false, nil
	}
	for _, p := range places {
		if p.bound {
			return true, nil
		}
	}
	return tx.HasAlias(after.ID)
}
