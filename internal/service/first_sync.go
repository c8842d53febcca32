package service

import (
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// HeldFirstSync: the plan of a first sync has so much in it that a person looks at it first (semantics 4). DecideEverything
// brings all of it in, DecideFrom what does not end before a day.
//
// HeldTwins: an event looks like an action that has none. DecideSame makes them one, DecideDifferent keeps both.
const (
	HeldFirstSync = "first_sync"
	HeldTwins     = "twins"

	DecideEverything = "all"
	DecideFrom       = "from"
	DecideSame       = "same"
	DecideDifferent  = "different"
)

// maxTwins bounds how many pairs of one link are shown.
const maxTwins = 200

// PlanView is what a first sync is going to do.
type PlanView struct {
	reconcile.FirstCounts
	Today crm.Date // in the zone of the link's user
	Start crm.Date // the day that is preselected; zero: none is needed
	// Failing is why the calendar of a link that is not made yet could not be looked into: there are no counts then.
	Failing crm.Failing
}

// TwinView is an event that looks like an action.
type TwinView struct {
	Busy      bool // the caller may see only when it is
	Subject   string
	When      crm.When
	Place     string
	Reminders int
}

func (s *Service) viewPlan(tx *store.Tx, user crm.UserID, counts reconcile.FirstCounts) (*PlanView, error) {
	owner, err := tx.User(user)
	if err != nil {
		return nil, err
	}
	today := s.dayIn(owner.TimeZone, s.now())
	return &PlanView{FirstCounts: counts, Today: today, Start: counts.Start(today)}, nil
}

// viewTwin is the event of twins as the caller may see it: one that is private, or of a calendar that is shown as busy, shows
// others only when it is, and so must the action, whose subject is the same.
func (s *Service) viewTwin(tx *store.Tx, caller Caller, link crm.Link, id store.ResourceID) (*TwinView, error) {
	row, err := tx.Resource(id)
	if errors.Is(err, store.ErrNotFound) {
		return &TwinView{Busy: true}, nil // it is gone since: the link's next run sees to that
	}
	if err != nil {
		return nil, err
	}
	owner, err := tx.User(link.User)
	if err != nil {
		return nil, err
	}
	object, err := eventmap.Read(row.Body)
	if err != nil {
		return &TwinView{Busy: true}, nil
	}
	facts := object.Facts()
	view := &TwinView{Busy: (facts.Private || link.ShownBusy) && link.User != caller.User.ID}
	if read, err := object.Extract(eventmap.Reading{Zones: s.Zones, Zone: owner.TimeZone}); err == nil {
		view.Subject, view.When = cut(read.Units.Subject), read.Units.When
	}
	view.Place, view.Reminders = cut(facts.Place), facts.Reminders
	if view.Busy {
		view.Subject, view.Place, view.Reminders = "", "", 0
	}
	return view, nil
}

// DecideStart decides about the plan of a first sync that what ends before a day is left out. It comes in when it changes.
func (s *Service) DecideStart(ctx context.Context, caller Caller, id HeldID, start crm.Date) error {
	return s.decide(ctx, caller, id, DecideFrom, start, false)
}

// DecideAlike decides the same about all twins of a link as about this one.
func (s *Service) DecideAlike(ctx context.Context, caller Caller, id HeldID, decision string) error {
	return s.decide(ctx, caller, id, decision, crm.Date{}, true)
}

// alike are the matters that a decision is about: one, or all twins of its link.
func alike(tx *store.Tx, held store.Held, all bool) ([]HeldID, error) {
	ids := []HeldID{held.ID}
	if !all || held.Kind != HeldTwins {
		return ids, nil
	}
	undecided, err := tx.Undecided(held.Link)
	for _, other := range undecided {
		if other.Kind == HeldTwins && other.ID != held.ID {
			ids = append(ids, other.ID)
		}
	}
	return ids, err
}

// startFirstSync keeps with a new link what was chosen about its first sync, so that nothing of that waits for a person.
func (s *Service) startFirstSync(tx *store.Tx, caller Caller, link crm.Link, in LinkInput) error {
	decision := ""
	switch {
	case !in.Start.IsZero():
		decision = DecideFrom + " " + in.Start.String()
	case in.Everything:
		decision = DecideEverything
	default:
		return nil
	}
	return tx.InsertHeld(store.Held{
		ID: crm.NewID[store.Held](s.IDs), Link: link.ID, Kind: HeldFirstSync, CreatedAt: link.CreatedAt,
		DecidedAt: link.CreatedAt, DecidedBy: caller.User.ID, Decision: decision,
	})
}
