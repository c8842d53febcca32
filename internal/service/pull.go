package service

import (
	"context"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// freshPull is how long the result of a pull is good enough for another screen (semantics 3).
const freshPull = 15 * time.Second

// OpenActions says that the actions screen was opened, or opened anew: it starts a pull of the links of the followers the
// screen can show, everybody's when none is named, and returns at once. The caller's own comes first.
func (s *Service) OpenActions(ctx context.Context, caller Caller, followers []crm.UserID) (PullTicket, error) {
	if err := caller.permit(PullCalendars, Subject{}); err != nil {
		return nil, err
	}
	var links []crm.LinkID
	err := s.read(ctx, func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		all, err := tx.Links()
		if err != nil {
			return err
		}
		for _, link := range all {
			switch {
			case !link.MayRun(settings), len(followers) > 0 && !slices.Contains(followers, link.User):
			case link.User == caller.User.ID:
				links = slices.Insert(links, 0, link.ID)
			default:
				links = append(links, link.ID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(links) == 0 {
		return nothingToPull{}, nil
	}
	return s.Puller.Pull(ctx, links, freshPull)
}

// nothingToPull is the ticket of a screen whose followers have no link.
type nothingToPull struct{}

// Wait returns at once.
func (nothingToPull) Wait(ctx context.Context) error { return ctx.Err() }

// sameRound is how far apart the pulls that one opening of a screen started, or found fresh, can have ended and still be
// told as one result.
const sameRound = time.Minute

// Progress is how the last round of pulls stands, with the calendars that do not answer.
func (s *Service) Progress(ctx context.Context, caller Caller) (PullProgress, error) {
	if err := caller.permit(PullCalendars, Subject{}); err != nil {
		return PullProgress{}, err
	}
	var links []crm.LinkID
	var failing []LinkFailure
	err := s.read(ctx, func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		all, err := tx.Links()
		if err != nil {
			return err
		}
		names, err := userNames(tx)
		if err != nil {
			return err
		}
		for _, link := range all {
			links = append(links, link.ID)
			if failure, fails := failureOf(link, settings); fails {
				failure.UserName = names[link.User]
				failing = append(failing, failure)
			}
		}
		return nil
	})
	if err != nil {
		return PullProgress{}, err
	}
	progress := sumUp(s.Puller.Progress(links), s.now())
	progress.Failing = failing
	return progress, nil
}

// failureOf says why a link that is not paused brings nothing in.
func failureOf(link crm.Link, settings crm.Settings) (LinkFailure, bool) {
	state := link.States(settings)[0]
	switch state {
	case crm.LinkSignInAgain, crm.LinkNeedsDecision, crm.LinkFailing:
		return LinkFailure{Link: link.ID, State: state, Reason: link.Failing.Reason, Params: link.Failing.Params, Since: link.Failing.Since}, true
	}
	return LinkFailure{}, false
}

// sumUp adds up the pulls of the last round.
func sumUp(pulls []LinkPull, now time.Time) PullProgress {
	endedAt := func(pull LinkPull) time.Time {
		if pull.Running {
			return now
		}
		return pull.EndedAt
	}
	var latest time.Time
	for _, pull := range pulls {
		if endedAt(pull).After(latest) {
			latest = endedAt(pull)
		}
	}
	var sum PullProgress
	oldest := latest
	for _, pull := range pulls {
		if latest.Sub(endedAt(pull)) > sameRound {
			continue
		}
		sum.LinksTotal++
		if pull.Running {
			sum.Running = true
		} else {
			sum.LinksDone++
		}
		if endedAt(pull).Before(oldest) {
			oldest = endedAt(pull)
		}
		sum.Processed += pull.Processed
		sum.Expected += pull.Expected
		sum.New += pull.Counts.New
		sum.Changed += pull.Counts.Changed
		sum.Removed += pull.Counts.Removed
	}
	if !sum.Running && sum.LinksTotal > 0 {
		sum.Age = max(0, now.Sub(oldest))
	}
	return sum
}
