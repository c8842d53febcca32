package service

import (
	"context"
	"slices"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// CodeNothingDecided refuses decisions about nothing that waits.
const CodeNothingDecided = "held.nothing_decided"

// DecideEach takes a decision about some of the deletions that wait together, each for itself: those of one decision become a
// matter of their own, which the link's next run carries out, and the rest waits on under the id it had (semantics 7).
func (s *Service) DecideEach(ctx context.Context, caller Caller, id HeldID, each map[crm.ActionID]string) error {
	var link crm.LinkID
	err := s.write(ctx, func(tx *store.Tx) error {
		held, err := tx.Held(id)
		if err != nil {
			return err
		}
		link = held.Link
		if _, err := livingLink(tx, caller, link, Decide); err != nil {
			return err
		}
		switch {
		case !held.DecidedAt.IsZero() || !held.DoneAt.IsZero():
			return crm.Problems{crm.NewProblem(CodeDecidedAlready, "")}
		case held.Kind != HeldDeletions:
			return crm.Problems{crm.NewProblem(CodeUnknownDecision, "decisions", "decision", shortened(held.Kind))}
		}
		for _, decision := range each {
			if !slices.Contains(decisions[HeldDeletions], decision) {
				return crm.Problems{crm.NewProblem(CodeUnknownDecision, "decisions", "decision", shortened(decision))}
			}
		}
		now, left := s.now(), held.Subject.Actions
		for _, decision := range decisions[HeldDeletions] {
			var of []crm.ActionID
			left = slices.DeleteFunc(slices.Clone(left), func(action crm.ActionID) bool {
				if each[action] != decision {
					return false
				}
				of = append(of, action)
				return true
			})
			if len(of) == 0 {
				continue
			}
			part := store.Held{
				ID: crm.NewID[store.Held](s.IDs), Link: link, Kind: held.Kind, CreatedAt: held.CreatedAt, DecidedAt: now, DecidedBy: caller.User.ID, Decision: decision,
				Subject: store.HeldSubject{Actions: of},
			}
			if err := tx.InsertHeld(part); err != nil {
				return err
			}
		}
		switch {
		case len(left) == len(held.Subject.Actions):
			return crm.Problems{crm.NewProblem(CodeNothingDecided, "decisions")}
		case len(left) == 0:
			err = tx.HeldDone(id, now)
		default:
			held.Subject.Actions = left
			err = tx.UpdateHeld(id, held.Subject)
		}
		if err != nil {
			return err
		}
		if err := s.decided(tx, link); err != nil {
			return err
		}
		tx.AnnounceLink(link)
		return tx.Want(link, crm.TriggerPerson)
	})
	if err == nil {
		s.Waker.Wake(link)
	}
	return err
}
