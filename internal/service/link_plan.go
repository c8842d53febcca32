package service

import (
	"cmp"
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// Planner looks into the calendar of a link that is not made yet.
type Planner interface {
	// Plan says what its first sync would do, and changes neither side. read hears how many events were read so far, from the calling
	// goroutine. Where the calendar cannot be read or is another user's already, why says so and there are no counts.
	Plan(ctx context.Context, request PlanRequest, read func(events int)) (counts reconcile.FirstCounts, why crm.Failing, err error)
}

// PlanRequest is a link as it would be made, and how it signs in.
type PlanRequest struct {
	Link     crm.Link // under an ID that nothing is kept under
	Traits   dav.Traits
	Password string
	Grant    crm.LinkID // the draft whose grant signs in, in place of the password; zero: that does
	TLS      LinkTLS
}

// PlanLink says what the first sync of a link would do that is not made yet (semantics 4, rule 3). Nothing is kept, and nothing written
// to the calendar. tested is the verdict of a connection test of the same input, nil to have it run now, without writing; what stands
// against the link is crm.Problems, as CreateLink has it. read, which may be nil, hears how many events were read so far.
func (s *Service) PlanLink(ctx context.Context, caller Caller, in LinkInput, tested *Verdict, read func(events int)) (PlanView, error) {
	if s.tx != nil {
		return PlanView{}, errNoNetwork
	}
	in, err := s.newLink(ctx, caller, in)
	if err != nil {
		return PlanView{}, err
	}
	if tested == nil {
		in.TestWrite = false
		verdict, err := s.tried(ctx, in, in.Password)
		if err != nil {
			return PlanView{}, err
		}
		tested = &verdict
	}
	if read == nil {
		read = func(int) {}
	}
	link := s.linkOf(in, *tested, crm.NewID[crm.Link](s.IDs))
	err = s.read(ctx, func(tx *store.Tx) error {
		_, err := tx.LinkOfCalendar(link.CalendarHref)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return cmp.Or[error](err, store.ErrDuplicate{What: store.UniqueCalendar})
	})
	if err != nil {
		return PlanView{}, s.duplicateLink(ctx, err, in.User, link.CalendarHref)
	}
	counts, why, err := s.Planner.Plan(ctx, PlanRequest{Link: link, Traits: tested.Traits, Password: in.Password, Grant: in.grant, TLS: in.TLS}, read)
	switch {
	case err != nil:
		return PlanView{}, err
	case why.Reason == crm.FailingLinked:
		return PlanView{}, crm.Problems{{Code: CodeLinkCalendarTaken, Field: "calendar", Params: why.Params}}
	}
	var view *PlanView
	err = s.read(ctx, func(tx *store.Tx) (err error) {
		view, err = s.viewPlan(tx, in.User, counts)
		return err
	})
	if err != nil {
		return PlanView{}, err
	}
	view.Failing = why
	return *view, nil
}
