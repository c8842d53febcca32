package scheduler

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"agendaonline/internal/store"
)

// longestWait is how long the claiming loop sleeps at most: what becomes due by another node's hand is announced, and
// announcements can be lost.
const longestWait = 5 * time.Second

// afterFailure is how long it waits when the database does not answer.
const afterFailure = time.Second

// claim claims what is due as long as there are workers free, and starts a run for each.
func (s *Scheduler) claim() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		wait, err := s.claimDue()
		if err != nil && s.life.Err() == nil {
			s.config.Log.Error("claim links", "error", err)
			wait = afterFailure
		}
		timer.Reset(wait)
	}
}

// claimDue claims until nothing more is due or no worker is free, and says how long there is nothing to do then. A run that
// ends makes a worker free and signals.
func (s *Scheduler) claimDue() (time.Duration, error) {
	for {
		s.mu.Lock()
		free := s.config.Workers - len(s.running)
		var named []store.LinkID
		if !s.inOrder {
			named = s.first[:min(len(s.first), free)]
			s.first = s.first[len(named):]
		}
		s.mu.Unlock()
		if free == 0 {
			return longestWait, nil
		}
		var leases []store.Lease
		var dueIn time.Duration
		claimedAt := s.config.Now()
		err := s.config.Store.WriteLightly(s.life, func(tx *store.Tx) (err error) {
			leases, dueIn = nil, longestWait
			if len(named) > 0 {
				if leases, err = tx.ClaimLeases(s.config.Owner, s.config.TTL, len(named), named); err != nil {
					return err
				}
			}
			if rest := free - len(leases); rest > 0 {
				due, err := tx.ClaimLeases(s.config.Owner, s.config.TTL, rest, nil)
				if err != nil {
					return err
				}
				leases = append(leases, due...)
			}
			if len(leases) < free {
				dueIn, err = untilDue(tx)
			}
			return err
		})
		if err != nil {
			return 0, err
		}
		// Links woken by name that took every place must not do so again before what has been due for longer.
		s.inOrder = len(named) > 0 && len(leases) == free
		for _, lease := range leases {
			s.start(lease, claimedAt)
		}
		if len(leases) < free {
			s.mu.Lock()
			more := len(s.first) > 0
			s.mu.Unlock()
			if !more {
				return dueIn, nil
			}
		}
	}
}

// untilDue is how long it takes until the next link is due.
func untilDue(tx *store.Tx) (time.Duration, error) {
	next, err := tx.NextDue()
	if errors.Is(err, store.ErrNotFound) {
		return longestWait, nil
	}
	if err != nil {
		return 0, err
	}
	now, err := tx.Now()
	return min(longestWait, max(time.Millisecond, next.Sub(now))), err
}

// start starts the run of a lease that was claimed not before claimedAt.
func (s *Scheduler) start(lease store.Lease, claimedAt time.Time) {
	ctx, cancel := context.WithCancelCause(s.runs)
	r := &running{lease: lease, cancel: cancel}
	// This process stops trusting the lease before the database does.
	r.expiry = time.AfterFunc(s.config.TTL*7/8-s.config.Now().Sub(claimedAt), func() { cancel(errLost) })
	s.mu.Lock()
	s.running[lease.Link] = r
	s.mu.Unlock()
	s.pullStarts(lease)
	s.workers.Go(func() {
		defer cancel(nil)
		result, err := s.runSafely(ctx, r.lease)
		if err != nil && ctx.Err() == nil {
			s.config.Log.Error("run link", "link", lease.Link.String(), "error", err)
			if s.config.Failed != nil {
				s.config.Failed(ctx, lease, err)
			}
		}
		if result.NextDueAt.IsZero() {
			result.NextDueAt = s.config.Now().Add(s.config.RetryAfter)
		}
		if context.Cause(ctx) == errStopped {
			result.NextDueAt = s.config.Now() // another node, or the next start, goes on at once
		}
		s.ended <- ended{r, result, s.config.Now()}
	})
}

// runSafely calls the run and turns a panic into an error (F42).
func (s *Scheduler) runSafely(ctx context.Context, lease store.Lease) (result store.RunResult, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("the run of link %s panicked: %v\n%s", lease.Link, thrown, debug.Stack())
		}
	}()
	return s.config.Run(ctx, lease, func(progress store.RunProgress) { s.pullProgress(lease, progress) })
}

// renew renews the leases of all runs, in one transaction each time. A run whose lease is lost ends.
func (s *Scheduler) renew() {
	ticker := time.NewTicker(s.config.RenewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.runs.Done():
			return
		case <-ticker.C:
		}
		s.renewAll()
		s.lookElsewhere()
	}
}

func (s *Scheduler) renewAll() {
	s.mu.Lock()
	runs := make([]*running, 0, len(s.running))
	for _, r := range s.running {
		runs = append(runs, r)
	}
	s.mu.Unlock()
	if len(runs) == 0 {
		return
	}
	var lost []*running
	renewedAt := s.config.Now()
	err := s.config.Store.WriteLightly(s.runs, func(tx *store.Tx) error {
		lost = nil
		for _, r := range runs {
			_, err := tx.RenewLease(r.lease, s.config.TTL)
			if errors.Is(err, store.ErrLeaseLost) {
				lost = append(lost, r)
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		// Not lost yet: the next tick tries again, and each run ends by its own timer when that fails too.
		if s.runs.Err() == nil {
			s.config.Log.Error("renew leases", "error", err)
		}
		return
	}
	for _, r := range runs {
		r.expiry.Reset(s.config.TTL*7/8 - s.config.Now().Sub(renewedAt))
	}
	for _, r := range lost {
		r.cancel(errLost)
	}
}

// release gives the leases of ended runs back, as many in one transaction as have ended meanwhile.
func (s *Scheduler) release() {
	for first := range s.ended {
		all := []ended{first}
		for more := true; more; {
			select {
			case next, ok := <-s.ended:
				if more = ok; ok {
					all = append(all, next)
				}
			default:
				more = false
			}
		}
		s.releaseAll(all)
	}
}

func (s *Scheduler) releaseAll(all []ended) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.runs), s.config.TTL)
	defer cancel()
	released := make([]store.Released, len(all))
	for i, e := range all {
		// Links are due by the store's clock: where this node's is behind it they would be due again at once (F37).
		released[i] = store.Released{Lease: e.run.lease, DueIn: -1}
		if e.result.NextDueAt.Before(store.Never) {
			released[i].DueIn = max(0, e.result.NextDueAt.Sub(s.config.Now()))
		}
		if e.result.Unchanged {
			released[i].CheckedAt = e.at
		}
	}
	err := s.config.Store.WriteLightly(ctx, func(tx *store.Tx) error { return tx.ReleaseLeases(released) })
	if err != nil {
		s.config.Log.Error("release leases", "error", err) // they expire
	}
	s.mu.Lock()
	for _, e := range all {
		e.run.expiry.Stop()
		delete(s.running, e.run.lease.Link)
	}
	s.mu.Unlock()
	for _, e := range all {
		s.pullEnds(e)
	}
	s.signal()
}
