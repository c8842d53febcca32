package service

import (
	"context"
	"errors"
	"slices"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// HeldDeletions: so many events disappeared that nothing was deleted here (semantics 7). DecideDelete puts their actions
// into the trash, DecideWriteBack writes the events back.
//
// HeldEmptied and HeldOtherCalendar: the calendar is suddenly empty, or another one is there, and its link stopped in both
// directions. DecideDelete takes the calendar as it is, DecideWriteBack writes the events that are missing.
const (
	HeldDeletions     = "deletions"
	HeldEmptied       = "calendar_emptied"
	HeldOtherCalendar = "other_calendar"

	DecideDelete    = "delete"
	DecideWriteBack = "write_back"
)

// What is wrong with a decision.
const (
	CodeUnknownDecision = "held.unknown_decision"
	CodeDecidedAlready  = "held.decided_already"
)

// decisions are what can be decided about each kind.
var decisions = map[string][]string{
	HeldDeletions:     {DecideDelete, DecideWriteBack},
	HeldEmptied:       {DecideDelete, DecideWriteBack},
	HeldOtherCalendar: {DecideDelete, DecideWriteBack},
	HeldGuests:        {DecideTell, DecideUndo},
	HeldFirstSync:     {DecideEverything, DecideFrom},
	HeldTwins:         {DecideDifferent, DecideSame},
}

// decisionsAbout are what can be decided about one thing.
func decisionsAbout(held store.Held) []string {
	switch {
	case held.Kind != HeldGuests:
		return slices.Clone(decisions[held.Kind])
	case held.Subject.Counts[countAgain] > 0:
		return []string{DecideInvite, DecideWithout}
	case held.Subject.Counts[countMoves] > 0:
		return []string{DecideTell, DecideInvite, DecideUndo}
	}
	return slices.Clone(decisions[held.Kind])
}

// maxHeldActions bounds how many actions of one decision are shown.
const maxHeldActions = 200

// Held is what waits for a decision that the caller may take, the oldest first.
func (s *Service) Held(ctx context.Context, caller Caller) ([]HeldView, error) {
	if err := caller.permit(Decide, Subject{User: caller.User.ID}); err != nil {
		return nil, err
	}
	var views []HeldView
	err := s.read(ctx, func(tx *store.Tx) error {
		undecided, err := tx.Undecided(crm.LinkID{})
		if err != nil {
			return err
		}
		names, err := userNames(tx)
		if err != nil {
			return err
		}
		twins := map[crm.LinkID]int{}
		for _, held := range undecided {
			if held.Kind == HeldTwins {
				twins[held.Link]++
			}
		}
		shown := map[crm.LinkID]int{}
		for _, held := range undecided {
			if held.Kind == HeldTwins {
				if shown[held.Link]++; shown[held.Link] > maxTwins {
					continue
				}
			}
			link, err := livingLink(tx, caller, held.Link, Decide)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			view := HeldView{
				ID: held.ID, Link: held.Link, UserName: names[link.User], Kind: held.Kind, CreatedAt: held.CreatedAt,
				Count: max(len(held.Subject.Actions), held.Subject.Counts["events"]), Guests: held.Subject.Counts["guests"],
				Again: held.Subject.Counts[countAgain] > 0, Decisions: decisionsAbout(held),
			}
			if view.Actions, err = heldActions(tx, caller, held, names); err != nil {
				return err
			}
			if held.Subject.Plan != nil {
				if view.Plan, err = s.viewPlan(tx, link.User, *held.Subject.Plan); err != nil {
					return err
				}
				view.Count = view.Plan.Items()
			}
			if held.Kind == HeldTwins {
				view.Pairs = twins[held.Link]
				if view.Twin, err = s.viewTwin(tx, caller, link, held.Subject.Event); err != nil {
					return err
				}
				for i, action := range view.Actions {
					if view.Twin.Busy && !action.Busy {
						view.Actions[i] = busy(action)
					}
				}
			}
			views = append(views, view)
		}
		return nil
	})
	return views, err
}

// HeldCount is how many of these there are; the pairs of one link that look like twins are one.
func (s *Service) HeldCount(ctx context.Context, caller Caller) (int, error) {
	if err := caller.permit(Decide, Subject{User: caller.User.ID}); err != nil {
		return 0, err
	}
	count := 0
	err := s.read(ctx, func(tx *store.Tx) error {
		undecided, err := tx.Undecided(crm.LinkID{})
		if err != nil {
			return err
		}
		count = 0
		links, twins := map[crm.LinkID]bool{}, map[crm.LinkID]bool{}
		for _, held := range undecided {
			mine, known := links[held.Link]
			if !known {
				_, err := livingLink(tx, caller, held.Link, Decide)
				if err != nil && !errors.Is(err, ErrNotFound) {
					return err
				}
				mine = err == nil
				links[held.Link] = mine
			}
			if !mine || held.Kind == HeldTwins && twins[held.Link] {
				continue
			}
			twins[held.Link] = twins[held.Link] || held.Kind == HeldTwins
			count++
		}
		return nil
	})
	return count, err
}

func heldActions(tx *store.Tx, caller Caller, held store.Held, names map[crm.UserID]string) ([]ActionView, error) {
	actions, err := tx.Actions(held.Subject.Actions[:min(len(held.Subject.Actions), maxHeldActions)])
	if err != nil {
		return nil, err
	}
	var views []ActionView
	for _, action := range actions {
		if view, err := see(caller, action, names); err == nil {
			views = append(views, view)
		}
	}
	return views, nil
}

// Decide takes a decision; the link's next run, which starts at once, carries it out.
func (s *Service) Decide(ctx context.Context, caller Caller, id HeldID, decision string) error {
	return s.decide(ctx, caller, id, decision, crm.Date{}, false)
}

func (s *Service) decide(ctx context.Context, caller Caller, id HeldID, decision string, start crm.Date, all bool) error {
	var link crm.LinkID
	var also []entry
	err := s.write(ctx, func(tx *store.Tx) error {
		held, err := tx.Held(id)
		if err != nil {
			return err
		}
		link = held.Link
		if _, err := livingLink(tx, caller, link, Decide); err != nil {
			return err
		}
		if !slices.Contains(decisionsAbout(held), decision) {
			return crm.Problems{crm.NewProblem(CodeUnknownDecision, "decision", "decision", shortened(decision))}
		}
		kept := decision
		if held.Kind == HeldFirstSync && decision == DecideFrom {
			if start.IsZero() {
				return crm.Problems{crm.NewProblem(CodeMissing, "start")}
			}
			kept += " " + start.String()
		}
		ids, err := alike(tx, held, all)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := tx.Decide(id, caller.User.ID, s.now(), kept); err != nil {
				return err
			}
		}
		if held.Kind == HeldGuests {
			if also, err = s.decideGuests(tx, caller, held, decision); err != nil {
				return err
			}
		}
		if err := s.decided(tx, link); err != nil {
			return err
		}
		tx.AnnounceLink(link)
		return tx.Want(link, crm.TriggerPerson)
	})
	if errors.Is(err, store.ErrVersion) {
		return crm.Problems{crm.NewProblem(CodeDecidedAlready, "")}
	}
	if err == nil {
		s.Waker.Wake(link)
		for _, entry := range also {
			if entry.link != link {
				s.Waker.Wake(entry.link)
			}
		}
	}
	return err
}

// decided takes the mark off a link for which nothing waits any more.
func (s *Service) decided(tx *store.Tx, link crm.LinkID) error {
	undecided, err := tx.Undecided(link)
	if err != nil || len(undecided) > 0 {
		return err
	}
	sync, err := tx.LinkSync(link)
	if err != nil {
		return err
	}
	sync.NeedsDecision = false
	return tx.UpdateLinkSync(link, sync)
}
