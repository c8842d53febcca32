package service

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// HeldGuests: the server would tell the guests of an event of a change that nobody decided they are told of (semantics 7).
// DecideTell sends it, DecideUndo takes the calendar's value back.
const (
	HeldGuests = "guests"
	DecideTell = "tell"
	DecideUndo = "undo"
	// For an event that is made again: with its guests, or without them.
	DecideInvite  = "invite_again"
	DecideWithout = "without_guests"

	countAgain = "again" // in the counts of what waits: it is about an event that is made again
	countMoves = "moves" // its action goes to another calendar, where the guests can be invited again
)

// Guests is what a caller said about telling the guests of an own event.
type Guests string

// Without a word a change is saved, and held until a person decides. It counts only from whose calendar it is.
const (
	HoldGuests Guests = ""
	AskGuests  Guests = "ask"  // save nothing before the person was asked: a *GuestsError
	TellGuests Guests = "tell" // the person agreed; an event that is made again comes without its guests
	// InviteGuests: the person agreed, and invites them to the event that is made again.
	InviteGuests Guests = "invite"
)

// Why an event is read-only, beside a calendar that can only be read.
const (
	CodeOthersEvent    = "action.others_event" // organizer
	CodeEventCancelled = "action.event_cancelled"
	CodeEventDeclined  = "action.event_declined"
	CodeTellsGuests    = "action.tells_guests" // count
)

// GuestsError says that a save was not carried out because the server would tell so many guests of it: the person is asked
// first.
type GuestsError struct {
	Count int
	Again bool // the event is made again in the same calendar: its guests are told only if they are invited again
	Moves bool // the action goes to another calendar, and they can be invited again from there
}

func (e *GuestsError) Error() string { return fmt.Sprintf("the server would tell %d guests", e.Count) }

// WhyReadOnly refuses to change what stands in an event that takes no writes.
func WhyReadOnly(state crm.SyncState) *Forbidden {
	switch state.Reason {
	case "others_event":
		return &Forbidden{Code: CodeOthersEvent, Params: state.Params}
	case "event_cancelled":
		return &Forbidden{Code: CodeEventCancelled}
	case "event_declined":
		return &Forbidden{Code: CodeEventDeclined}
	}
	return &Forbidden{Code: CodeCalendarReadOnly}
}

// OffPlan reports whether an action is none of what is planned: its event is cancelled, or its follower declined it (semantics 5).
func (v ActionView) OffPlan() bool {
	return v.Sync.Name == crm.ReadOnly && (v.Sync.Reason == "event_cancelled" || v.Sync.Reason == "event_declined")
}

// askedGuests is what came of the question.
type askedGuests struct {
	agreed bool // the caller agreed that they are told
	waits  int  // so many guests of an event that is made again: a person decides whether they are invited again
}

// askGuests asks for, or keeps, that guests are told of a save, or are invited again to an event that it makes again, and reports what
// its caller said. What was agreed about an earlier save does not count for this one.
func (s *Service) askGuests(tx *store.Tx, caller Caller, before, after crm.Action, now time.Time) (askedGuests, error) {
	if made := before.Deleted() && !after.Deleted() || !before.When.HasDate() && after.When.HasDate(); made && !before.ID.IsZero() && before.FollowedBy == after.FollowedBy {
		return s.askAboutAgain(tx, caller, after, now)
	}
	agreed, err := s.askAboutChange(tx, caller, before, after, now)
	return askedGuests{agreed: agreed}, err
}

// askAboutAgain: the event of an action is made again in its calendar, and the one before had guests.
func (s *Service) askAboutAgain(tx *store.Tx, caller Caller, after crm.Action, now time.Time) (askedGuests, error) {
	bindings, err := tx.BindingsOfAction(after.ID)
	if err != nil || after.Deleted() || !after.When.HasDate() {
		return askedGuests{}, err
	}
	count, own := 0, crm.Link{}
	for _, binding := range bindings {
		link, err := tx.Link(binding.Bound.Link)
		if err != nil {
			return askedGuests{}, err
		}
		if link.User != after.FollowedBy || link.Leaving() || link.ReadOnly {
			continue
		}
		if binding.Bound.State != store.ResourceGone {
			return askedGuests{}, nil // it is there still
		}
		if guests := guestsIn(link, binding.Bound.Body); guests > 0 {
			count, own = guests, link
		}
	}
	if count == 0 {
		return askedGuests{}, nil
	}
	mine := own.User == caller.User.ID
	if mine && caller.Guests == AskGuests {
		return askedGuests{}, &GuestsError{Count: count, Again: true}
	}
	if err := s.closeGuests(tx, own.ID, after.ID, now); err != nil {
		return askedGuests{}, err
	}
	held := store.Held{
		ID: crm.NewID[store.Held](s.IDs), Link: own.ID, Kind: HeldGuests, CreatedAt: now,
		Subject: store.HeldSubject{Actions: []crm.ActionID{after.ID}, Counts: map[string]int{"guests": count, countAgain: 1}},
	}
	switch {
	case mine && caller.Guests == TellGuests:
		return askedGuests{}, nil // without them nobody is told
	case mine && caller.Guests == InviteGuests:
		held.DecidedAt, held.DecidedBy, held.Decision = now, caller.User.ID, DecideInvite
		return askedGuests{agreed: true}, tx.InsertHeld(held)
	}
	if err := tx.InsertHeld(held); err != nil {
		return askedGuests{}, err
	}
	sync, err := tx.LinkSync(own.ID)
	if err != nil {
		return askedGuests{}, err
	}
	sync.NeedsDecision = true
	tx.AnnounceLink(own.ID)
	return askedGuests{waits: count}, tx.UpdateLinkSync(own.ID, sync)
}

// closeGuests ends what was asked or decided about the guests of an action's event in the calendar of a link.
func (s *Service) closeGuests(tx *store.Tx, link crm.LinkID, action crm.ActionID, now time.Time) error {
	open, err := tx.OpenHeld(link)
	if err != nil {
		return err
	}
	closed := false
	for _, held := range open {
		if held.Kind == HeldGuests && slices.Contains(held.Subject.Actions, action) {
			closed = true
			if err := tx.HeldDone(held.ID, now); err != nil {
				return err
			}
		}
	}
	if !closed {
		return nil
	}
	return s.decided(tx, link)
}

// invite keeps that the guests of an event are invited again from the calendar of an action's follower, where it is made.
func (s *Service) invite(tx *store.Tx, caller Caller, action crm.Action, count int, now time.Time) error {
	link, err := tx.LinkOfUser(action.FollowedBy)
	if errors.Is(err, store.ErrNotFound) || err == nil && link.Leaving() {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.InsertHeld(store.Held{
		ID: crm.NewID[store.Held](s.IDs), Link: link.ID, Kind: HeldGuests, CreatedAt: now, DecidedAt: now, DecidedBy: caller.User.ID, Decision: DecideInvite,
		Subject: store.HeldSubject{Actions: []crm.ActionID{action.ID}, Counts: map[string]int{"guests": count, countAgain: 1}},
	})
}

// moves reports whether an action goes to another calendar with a save.
func moves(tx *store.Tx, before, after crm.Action) (bool, error) {
	if before.FollowedBy == after.FollowedBy || after.FollowedBy.IsZero() || !after.When.HasDate() {
		return false, nil
	}
	link, err := tx.LinkOfUser(after.FollowedBy)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && !link.Leaving(), err
}

// askAboutChange: the event of an action changes, or leaves its calendar.
func (s *Service) askAboutChange(tx *store.Tx, caller Caller, before, after crm.Action, now time.Time) (bool, error) {
	tells := before.Subject != after.Subject || !before.When.Equal(after.When) || before.FollowedBy != after.FollowedBy || after.Deleted() && !before.Deleted()
	if before.ID.IsZero() || !tells {
		return false, nil
	}
	bindings, err := tx.BindingsOfAction(after.ID)
	if err != nil {
		return false, err
	}
	agreed := false
	for _, binding := range bindings {
		count, link, err := guestsOf(tx, binding)
		if err != nil {
			return false, err
		}
		if count == 0 {
			continue
		}
		own := link.User == caller.User.ID
		if own && caller.Guests == AskGuests {
			moving, err := moves(tx, before, after)
			if err != nil {
				return false, err
			}
			return false, &GuestsError{Count: count, Moves: moving}
		}
		yes := own && (caller.Guests == TellGuests || caller.Guests == InviteGuests)
		if moving, err := moves(tx, before, after); err != nil {
			return false, err
		} else if moving && yes && caller.Guests == InviteGuests {
			if err := s.invite(tx, caller, after, count, now); err != nil {
				return false, err
			}
		}
		if err := s.keepGuests(tx, caller, link.ID, after.ID, count, yes, now); err != nil {
			return false, err
		}
		agreed = agreed || yes
	}
	return agreed, nil
}

// guestsOf is how many guests the server tells of a change of an action's event, with its link.
func guestsOf(tx *store.Tx, binding store.BoundResource) (int, crm.Link, error) {
	if binding.Bound.State == store.ResourceGone {
		return 0, crm.Link{}, nil
	}
	object, err := eventmap.Read(binding.Bound.Body)
	if err != nil {
		return 0, crm.Link{}, nil // what cannot be read is not written
	}
	facts := object.Facts()
	if len(facts.Attendees) == 0 {
		return 0, crm.Link{}, nil
	}
	link, err := tx.Link(binding.Bound.Link)
	if err != nil || link.Leaving() {
		return 0, link, err
	}
	return facts.Guests(link.OwnAddresses()), link, nil
}

// keepGuests keeps that guests are told of what waits of an action, or takes back that they are.
func (s *Service) keepGuests(tx *store.Tx, caller Caller, link crm.LinkID, action crm.ActionID, count int, yes bool, now time.Time) error {
	open, err := tx.OpenHeld(link)
	if err != nil {
		return err
	}
	kept := false
	for _, held := range open {
		if held.Kind != HeldGuests || !slices.Contains(held.Subject.Actions, action) {
			continue
		}
		switch waits := held.DecidedAt.IsZero(); {
		case waits && yes:
			kept, err = true, tx.Decide(held.ID, caller.User.ID, now, DecideTell)
		case !waits && yes && held.Decision == DecideTell:
			kept = true
		case !waits:
			err = tx.HeldDone(held.ID, now)
		}
		if err != nil {
			return err
		}
	}
	if !yes {
		return nil
	}
	if !kept {
		err := tx.InsertHeld(store.Held{
			ID: crm.NewID[store.Held](s.IDs), Link: link, Kind: HeldGuests, CreatedAt: now, DecidedAt: now, DecidedBy: caller.User.ID, Decision: DecideTell,
			Subject: store.HeldSubject{Actions: []crm.ActionID{action}, Counts: map[string]int{"guests": count}},
		})
		if err != nil {
			return err
		}
	}
	return s.decided(tx, link)
}

// decideGuests carries a decision out: what waits is due at once, or the action is as the calendar has it.
func (s *Service) decideGuests(tx *store.Tx, caller Caller, held store.Held, decision string) ([]entry, error) {
	link, err := tx.Link(held.Link)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, id := range held.Subject.Actions {
		action, err := tx.Action(id)
		if err != nil {
			return nil, err
		}
		var entries []entry
		if decision == DecideUndo {
			entries, err = s.undo(tx, caller, link, action)
		} else {
			entries, err = s.tellGuests(tx, link, action)
		}
		if err == nil && decision == DecideInvite && held.Subject.Counts[countMoves] > 0 {
			err = s.invite(tx, caller, action, held.Subject.Counts["guests"], s.now())
		}
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	if decision == DecideTell || decision == DecideInvite {
		return all, nil // until what waited was sent
	}
	return all, tx.HeldDone(held.ID, s.now())
}

// tellGuests makes what waits of an action due: in the calendar with the guests, and in its follower's where it moves there.
func (s *Service) tellGuests(tx *store.Tx, link crm.Link, action crm.Action) ([]entry, error) {
	places, _, err := s.places(tx, action, action, s.now())
	if err != nil {
		return nil, err
	}
	state := notSynced(crm.ReasonFollowerWithout)
	if action.FollowedBy.IsZero() {
		state = notSynced(crm.ReasonNobodyFollows)
	}
	var entries []entry
	for _, p := range places {
		if p.follower && !p.readOnly || p.link == link.ID {
			entries = append(entries, entry{p.link, p.origin(reconcile.OriginMerge)})
		}
		if p.follower {
			state = crm.SyncState{Name: crm.Pending}
		}
	}
	for _, e := range entries {
		if err := tx.PutOutbox(store.OutboxEntry{Link: e.link, Action: action.ID, Origin: e.origin}); err != nil {
			return nil, err
		}
	}
	tx.AnnounceActions([]crm.ActionID{action.ID})
	return entries, tx.SetSyncState(action.ID, state)
}

// undo makes an action what its event is: out of the trash, followed by whose calendar it is, with what both sides last
// agreed on. What is given up stays in its history.
func (s *Service) undo(tx *store.Tx, caller Caller, link crm.Link, action crm.Action) ([]entry, error) {
	now := s.now()
	caller.Guests = HoldGuests
	var all []entry
	save := func(after crm.Action, what crm.ChangeKind) error {
		saved, entries, err := s.commit(tx, caller, saving{before: action, after: after, what: what, origin: reconcile.OriginMerge}, now)
		action, all = saved, append(all, entries...)
		return err
	}
	if action.Deleted() {
		after := action
		after.DeletedAt = time.Time{}
		if err := save(after, crm.Restored); err != nil {
			return nil, err
		}
	}
	after := action
	after.FollowedBy = link.User
	bindings, err := tx.BindingsOfAction(action.ID)
	if err != nil {
		return nil, err
	}
	for _, binding := range bindings {
		if binding.Bound.Link == link.ID && binding.Base != nil {
			after.Units = binding.Base.Agreed
		}
	}
	if len(differing(action, after)) > 0 {
		if err := save(after, crm.Changed); err != nil {
			return nil, err
		}
	}
	return all, asAgreed(tx, link, action, bindings)
}

// asAgreed: nothing of an action that is what its event is was typed by a person any more, so that it goes with its event; unless
// another field than those of the event was changed since both sides agreed (semantics 6).
func asAgreed(tx *store.Tx, link crm.Link, action crm.Action, bindings []store.BoundResource) error {
	for _, binding := range bindings {
		if binding.Bound.Link != link.ID || binding.Base == nil || !action.Units.Equal(binding.Base.Agreed) {
			continue
		}
		changes, err := tx.History(action.ID, store.HistoryCursor{}, undoneChanges)
		if err != nil {
			return err
		}
		other := slices.ContainsFunc(changes, func(change crm.Change) bool {
			return change.At.After(binding.AgreedAt) && change.What == crm.Changed && change.Name != "followed_by" && !slices.Contains(crm.AllUnits, crm.Unit(change.Name))
		})
		if other || len(changes) == undoneChanges {
			continue
		}
		binding.AgreedVersion = action.Version
		if err := tx.UpdateBindings([]store.Binding{binding.Binding}); err != nil {
			return err
		}
	}
	return nil
}

// undoneChanges is how much of a history is looked through for fields that a person typed.
const undoneChanges = 1000
