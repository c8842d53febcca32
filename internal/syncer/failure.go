package syncer

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/plant"
	"agendaonline/internal/store"
)

// Why a link fails, beside the reasons of crm: the program itself.
const FailingInternal crm.Reason = "internal_error"

// Times of trying again.
const (
	signInAgainAfter = time.Minute      // a refused password is tried once more after this, and then not again (semantics 7)
	firstRetry       = 5 * time.Second  // after a first failure; doubled each time, up to longestRetry
	longestRetry     = time.Minute      // while work waits; a link without work waits for its next poll
	longestRefusal   = time.Hour        // what a server may ask us to wait, whatever it says
	refusedRetry     = 24 * time.Hour   // of work that waits for the event or the calendar to change
	readOnlyRetry    = 10 * time.Minute // of work that waits for a right, or for another calendar
)

// backOff is how long to wait after so many failures in a row, spread so that many who failed together do not come back
// together.
func (s *Syncer) backOff(failures int) time.Duration {
	wait := firstRetry << min(max(failures-1, 0), 8)
	wait = min(wait, longestRetry)
	return wait/2 + time.Duration(s.Jitter()*float64(wait/2))
}

// failed ends a run that the calendar did not let go on: the failure becomes a state of the link.
func (r *run) failed(ctx context.Context, failure *dav.Failure) (store.RunResult, error) {
	reason, params := failingOf(failure)
	return r.failedFor(ctx, failure, reason, params)
}

// refused ends the first run of a link whose calendar is another's already: nothing of it is touched.
func (r *run) refused(ctx context.Context, already *linkedAlready) (store.RunResult, error) {
	reason, params, err := r.linkedTo(ctx, already.user)
	if err != nil {
		return store.RunResult{}, err
	}
	return r.failedFor(ctx, &dav.Failure{Class: dav.ClassPermanent}, reason, params)
}

// linkedTo is why a link fails whose calendar is a user's already.
func (r *run) linkedTo(ctx context.Context, user crm.UserID) (crm.Reason, map[string]string, error) {
	var of crm.User
	err := r.Store.Read(ctx, func(tx *store.Tx) (err error) { of, err = tx.User(user); return err })
	return crm.FailingLinked, map[string]string{"name": of.Name}, err
}

// failedFor ends a run for a reason that becomes a state of the link.
func (r *run) failedFor(ctx context.Context, failure *dav.Failure, reason crm.Reason, params map[string]string) (store.RunResult, error) {
	now := r.Now()
	r.takeTraits()
	failures := r.before.Failures + 1
	dueAt := now.Add(r.backOff(failures))
	// A sign-in by password is tried once more after a minute, and nothing else in between; what refreshes an access token
	// has done so already when the refusal comes here.
	refused := failure.Class == dav.ClassSignIn
	again := refused && r.link.Kind == crm.LinkSimple && (r.before.RefusedAt.IsZero() || plant.On(plant.RetryAfterRefusal))
	retryAt := time.Time{}
	switch {
	case again:
		retryAt = now.Add(signInAgainAfter)
		dueAt = retryAt
	case refused:
		dueAt = now.Add(idle)
	case failure.NotBefore.After(now):
		retryAt = earlier(failure.NotBefore, now.Add(longestRefusal))
		dueAt = later(dueAt, retryAt)
	case failure.Class != dav.ClassTemporary && failure.Class != dav.ClassUnknownOutcome:
		dueAt = later(dueAt, now.Add(readOnlyRetry)) // it will fail again until somebody does something about it
	}
	counts := r.counted()
	err := r.commit(ctx, "end", func(tx *store.Tx) (crm.Counts, error) {
		pending, err := tx.PendingCount(r.link.ID)
		if err != nil {
			return crm.Counts{}, err
		}
		if refused && r.link.Kind == crm.LinkSimple {
			// Whoever gave the link another password meanwhile wants that one tried at once: what was refused is the former.
			secret, err := tx.Secret(r.link.ID)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return crm.Counts{}, err
			}
			if err == nil && !bytes.Equal(secret, r.secret) {
				dueAt = now
				return crm.Counts{}, tx.PutRun(r.failedRun(now, counts, reason))
			}
		}
		if poll := now.Add(r.settings.PollInterval); pending == 0 && r.settings.PollInterval > 0 && !again {
			dueAt = later(dueAt, poll)
		}
		err = r.keep(tx, func(sync *store.LinkSync) {
			sync.Failures, sync.Traits, sync.RetryAt = failures, r.traits, retryAt
			switch {
			case again:
				sync.RefusedAt = now
			case refused:
				sync.SignInAgain, sync.RefusedAt, sync.Failing = true, time.Time{}, crm.Failing{}
			default:
				sync.Failing = crm.Failing{Since: since(sync.Failing, reason, now), Reason: reason, Params: params}
			}
		})
		if err != nil {
			return crm.Counts{}, err
		}
		tx.AnnounceLink(r.link.ID)
		return crm.Counts{}, tx.PutRun(r.failedRun(now, counts, reason))
	})
	r.Log.Info("run failed", "link", r.link.ID.String(), "reason", string(reason), "failures", failures, "error", failure)
	return store.RunResult{NextDueAt: dueAt, Counts: counts, Reason: reason}, err
}

func (r *run) failedRun(now time.Time, counts crm.Counts, reason crm.Reason) crm.Run {
	return crm.Run{
		ID: r.id, Link: r.link.ID, Trigger: r.lease.Trigger, StartedAt: r.started, EndedAt: now, Counts: counts, Outcome: crm.OutcomeFailed, Reason: reason,
	}
}

// failingOf is why a link fails when one of its requests failed so.
func failingOf(failure *dav.Failure) (crm.Reason, map[string]string) {
	params := map[string]string{}
	if failure.Cause != "" {
		params["cause"] = string(failure.Cause)
	}
	if failure.Status != 0 {
		params["status"] = strconv.Itoa(failure.Status)
	}
	switch failure.Class {
	case dav.ClassSignIn:
		return ReasonSignIn, params
	case dav.ClassForbidden:
		return crm.FailingForbidden, params
	case dav.ClassGone:
		return crm.FailingGone, params
	case dav.ClassTemporary, dav.ClassUnknownOutcome:
		switch {
		case failure.Cause == dav.CauseThrottled:
			return crm.FailingThrottled, params
		case failure.Status == 0:
			return crm.FailingUnreachable, params
		}
		return crm.FailingServer, params
	}
	if failure.Status == 0 {
		return crm.FailingUnreachable, params
	}
	return crm.FailingAnswer, params
}

// ReasonSignIn is why a run failed whose sign-in was refused.
const ReasonSignIn crm.Reason = "sign_in_refused"

// stopsRun reports whether a failed request of one event means that no other will do better now.
func stopsRun(failure *dav.Failure) bool {
	switch failure.Class {
	case dav.ClassSignIn:
		return true
	case dav.ClassTemporary, dav.ClassUnknownOutcome, dav.ClassPermanent:
		return failure.Status == 0 || failure.Cause == dav.CauseThrottled || failure.Cause == dav.CauseMaintenance || failure.Cause == dav.CauseAccountOff
	}
	return false
}

// since is when a link began to fail for this reason.
func since(before crm.Failing, reason crm.Reason, now time.Time) time.Time {
	if before.Reason == reason && !before.Since.IsZero() {
		return before.Since
	}
	return now
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
