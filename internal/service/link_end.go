package service

import (
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// What becomes of something when its link ends (semantics 9): keep is the default of both.
const (
	EndKeep   = "keep"
	EndTrash  = "trash"  // of the actions that came from the calendar
	EndDelete = "delete" // of the events that the CRM wrote
)

// What is wrong with the end of a link.
const (
	CodeEndChoice   = "link_end.unknown_choice" // choice
	CodeEndReadOnly = "link_end.read_only"      // events cannot be deleted from a calendar that can only be read
	CodeEndStopped  = "link_end.stopped"        // nor while nothing is sent to it
)

// ReasonLinkEnded is why an action is in the trash whose link was ended together with what came from its calendar.
const ReasonLinkEnded crm.Reason = "link_ended"

// EndInput is what a person chose about the end of a link; "" keeps. Events with guests are deleted only where the caller says
// TellGuests.
type EndInput struct {
	Actions string // EndKeep or EndTrash
	Events  string // EndKeep or EndDelete
}

// EndPlan is what the end of a link can do.
type EndPlan struct {
	FromCalendar int // actions that came from the calendar
	FromCRM      int // events that the CRM wrote, those with guests among them
	WithGuests   int // events of these whose deletion the server tells guests of
	Guests       int // how many guests, counted per event
	Pending      int // changes that are not sent yet, and will not be
	WhyNoDelete  string
}

// EndResult is what an end did. While events are still to be deleted the link is ending, and its credentials are kept.
type EndResult struct {
	Revocation Revocation
	Trashed    int // actions
	Deleting   int // events
	Kept       int // events with guests that nobody agreed to tell
	Ending     bool
}

// PlanLinkEnd counts what the end of a link is about.
func (s *Service) PlanLinkEnd(ctx context.Context, caller Caller, id crm.LinkID) (EndPlan, error) {
	var plan EndPlan
	err := s.read(ctx, func(tx *store.Tx) error {
		link, err := livingLink(tx, caller, id, ManageLinks)
		if err != nil {
			return err
		}
		made, err := tx.ActionsFromCalendar(link)
		if err != nil {
			return err
		}
		events, err := tx.EventsFromCRM(link)
		if err != nil {
			return err
		}
		plan = EndPlan{FromCalendar: len(made), FromCRM: len(events)}
		for _, event := range events {
			if guests := guestsIn(link, event.Body); guests > 0 {
				plan.WithGuests++
				plan.Guests += guests
			}
		}
		if plan.Pending, err = tx.PendingCount(id); err != nil {
			return err
		}
		plan.WhyNoDelete, err = whyNoDelete(tx, link)
		return err
	})
	return plan, err
}

// guestsIn is how many guests a server tells of the deletion of an event of a link.
func guestsIn(link crm.Link, body []byte) int {
	object, err := eventmap.Read(body)
	if err != nil {
		return 0
	}
	return object.Facts().Guests(link.OwnAddresses())
}

// whyNoDelete is why events cannot be deleted at the end of a link, "" when they can. One that is paused may be a copy of the
// database, and a lapsed sign-in deletes nothing.
func whyNoDelete(tx *store.Tx, link crm.Link) (string, error) {
	settings, err := tx.Settings()
	switch {
	case err != nil:
		return "", err
	case link.ReadOnly:
		return CodeEndReadOnly, nil
	case !link.MayRun(settings):
		return CodeEndStopped, nil
	}
	return "", nil
}

// EndLink ends a link. By default both sides keep everything: actions stay in the CRM, events in the calendar. What was chosen
// otherwise is done: actions that came from the calendar go to the trash, without their events; events that the CRM wrote are
// deleted by runs like any other change, and until the last is, the link is ending and keeps its credentials. To end it again
// while it is ending gives the rest up: what is there stays.
//
// At the end credentials are forgotten and a grant is given back. What both sides last agreed on stays with the ended link, and
// UIDs stay known, so that linking the calendar again recognises its events (semantics 9).
func (s *Service) EndLink(ctx context.Context, caller Caller, id crm.LinkID, version int64, in EndInput) (EndResult, error) {
	var p problems
	p.endChoice("actions", in.Actions, EndTrash)
	p.endChoice("events", in.Events, EndDelete)
	if err := p.err(); err != nil {
		return EndResult{}, err
	}
	var result EndResult
	var ended endedLink
	err := s.write(ctx, func(tx *store.Tx) error {
		result, ended = EndResult{}, endedLink{}
		link, err := livingLink(tx, caller, id, ManageLinks)
		if err != nil {
			return err
		}
		if link.Version != version {
			return ErrVersion
		}
		if in.Actions == EndTrash {
			if result.Trashed, err = s.trashFromCalendar(tx, caller, link); err != nil {
				return err
			}
		}
		if in.Events == EndDelete && link.Ending.At.IsZero() {
			if err := s.deleteFromCRM(tx, caller, link, &result); err != nil {
				return err
			}
			if result.Deleting > 0 {
				result.Ending = true
				return nil
			}
			link.Version++
		}
		ended, err = s.forgetLink(tx, link)
		return err
	})
	switch {
	case errors.Is(err, ErrVersion) || errors.Is(err, store.ErrVersion):
		return EndResult{}, s.linkMoved(ctx, caller, id)
	case err != nil:
		return EndResult{}, err
	case result.Ending:
		s.Waker.Wake(id)
		return result, nil
	}
	result.Revocation = s.giveUp(ctx, ended)
	return result, nil
}

func (p *problems) endChoice(field, choice, other string) {
	if choice != "" && choice != EndKeep && choice != other {
		p.add(CodeEndChoice, field, "choice", shortened(choice))
	}
}

// trashFromCalendar puts the actions that came from a link's calendar into the trash. Their events stay, so what is kept of them
// is forgotten: linked again, an event whose UID is known brings its action back (semantics 4).
func (s *Service) trashFromCalendar(tx *store.Tx, caller Caller, link crm.Link) (int, error) {
	ids, err := tx.ActionsFromCalendar(link)
	if err != nil {
		return 0, err
	}
	actions, err := tx.Actions(ids)
	if err != nil {
		return 0, err
	}
	now := s.now()
	var rows []crm.Change
	for _, action := range actions {
		action.DeletedAt, action.ModifiedAt, action.ModifiedBy = now, now, caller.actor()
		action.Sync = notSynced(crm.ReasonFollowerWithout)
		if err := tx.UpdateAction(action, action.Version); err != nil {
			return 0, err
		}
		if err := tx.ForgetEvents(link.ID, action.ID); err != nil {
			return 0, err
		}
		if err := tx.DropOutbox(link.ID, action.ID); err != nil {
			return 0, err
		}
		rows = append(rows, crm.Change{ID: crm.NewID[crm.Change](s.IDs), Action: action.ID, At: now, Actor: caller.actor(), What: crm.Deleted, Reason: ReasonLinkEnded})
	}
	tx.AnnounceActions(ids)
	return len(ids), tx.AppendHistory(rows)
}

// deleteFromCRM begins to end a link: all its other work is given up, and the events that the CRM wrote are to be deleted.
func (s *Service) deleteFromCRM(tx *store.Tx, caller Caller, link crm.Link, result *EndResult) error {
	if why, err := whyNoDelete(tx, link); err != nil {
		return err
	} else if why != "" {
		return crm.Problems{crm.NewProblem(why, "events")}
	}
	tells := caller.Guests == TellGuests
	events, err := tx.EventsFromCRM(link)
	if err != nil {
		return err
	}
	var entries []store.OutboxEntry
	for _, event := range events {
		if !tells && guestsIn(link, event.Body) > 0 {
			result.Kept++
			continue
		}
		entries = append(entries, store.OutboxEntry{Link: link.ID, Action: event.Action, Origin: reconcile.OriginMerge})
	}
	result.Deleting = len(entries)
	now := s.now()
	open, err := tx.OpenHeld(link.ID)
	if err != nil {
		return err
	}
	for _, held := range open { // nothing of it is wanted any more
		if err := tx.HeldDone(held.ID, now); err != nil {
			return err
		}
	}
	sync, err := tx.LinkSync(link.ID)
	if err != nil {
		return err
	}
	sync.NeedsDecision = false
	if err := tx.UpdateLinkSync(link.ID, sync); err != nil {
		return err
	}
	version := link.Version
	link.Ending = crm.Ending{At: now, By: caller.User.ID, TellGuests: tells}
	if err := tx.UpdateLink(link, version); err != nil {
		return err
	}
	if err := tx.DropAllOutbox(link.ID); err != nil {
		return err
	}
	tx.AnnounceLink(link.ID)
	if err := tx.SetSyncStateOfFollower(link.User, crm.Date{}, notSynced(crm.ReasonFollowerWithout)); err != nil {
		return err
	}
	return tx.PutOutbox(entries...)
}

// endedLink is what is still to be done outside the transaction that ended a link.
type endedLink struct {
	grant  SealedGrant
	shared bool
}

// forgetLink ends a link and forgets its credentials.
func (s *Service) forgetLink(tx *store.Tx, link crm.Link) (endedLink, error) {
	var ended endedLink
	var err error
	if ended.grant, err = s.grantOf(tx, link.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return ended, err
	}
	if ended.shared, err = s.sharesAccount(tx, link.ID, ended.grant); err != nil {
		return ended, err
	}
	if err := errors.Join(tx.SetLinkTLS(link.ID, nil, crm.LinkTLS{}), tx.EndLink(link.ID, link.Version, s.now()), tx.DeleteGrant(link.ID)); err != nil {
		return ended, err
	}
	tx.AnnounceLink(link.ID)
	return ended, tx.SetSyncStateOfFollower(link.User, crm.Date{}, notSynced(crm.ReasonFollowerWithout))
}

// giveUp gives the grant of a link back that has ended.
func (s *Service) giveUp(ctx context.Context, ended endedLink) Revocation {
	switch {
	case len(ended.grant.Grant) == 0:
		return NothingToRevoke
	case ended.shared:
		return RevocationUnwanted
	case s.tx != nil: // a server is not asked in a transaction
		return RevocationFailed
	}
	return s.revoke(ctx, ended.grant)
}

// FinishedEnd is a link that has ended now, with what became of its grant.
type FinishedEnd struct {
	Link       crm.LinkID
	Revocation Revocation
}

// FinishEnds ends the links that are being ended and have nothing left to do. It is called when a run says so, and now and then:
// the program may have stopped in between.
func (s *Service) FinishEnds(ctx context.Context) ([]FinishedEnd, error) {
	var due []crm.LinkID
	err := s.read(ctx, func(tx *store.Tx) error {
		due = nil
		links, err := tx.Links()
		for _, link := range links {
			if !link.Ending.At.IsZero() {
				due = append(due, link.ID)
			}
		}
		return err
	})
	var finished []FinishedEnd
	for _, id := range due {
		var ended endedLink
		done := false
		failed := s.write(ctx, func(tx *store.Tx) error {
			ended, done = endedLink{}, false
			link, err := tx.Link(id)
			if err != nil || !link.EndedAt.IsZero() || link.Ending.At.IsZero() {
				return err
			}
			pending, err := tx.PendingCount(id)
			if err != nil || pending > 0 {
				return err
			}
			ended, err = s.forgetLink(tx, link)
			done = err == nil
			return err
		})
		err = errors.Join(err, failed)
		if done && failed == nil {
			finished = append(finished, FinishedEnd{id, s.giveUp(ctx, ended)})
		}
	}
	return finished, err
}

// endLinkOf ends the link of a user who is deleted, and keeps everything (semantics 9).
func (s *Service) endLinkOf(tx *store.Tx, user crm.UserID) (endedLink, error) {
	link, err := tx.LinkOfUser(user)
	if errors.Is(err, store.ErrNotFound) {
		return endedLink{}, nil
	}
	if err != nil {
		return endedLink{}, err
	}
	return s.forgetLink(tx, link)
}
