package syncer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
	"agendaonline/internal/zone"
)

// run is one run of one link. Its fields are written by its own goroutine only, but for what observe and the senders of a
// push keep under mu.
type run struct {
	*Syncer
	lease    store.Lease
	id       crm.RunID
	started  time.Time
	link     crm.Link
	own      []string       // the addresses that make an event the link's own
	before   store.LinkSync // as it was at the start; a transaction that changes it reads it anew
	settings crm.Settings
	user     crm.User
	defaults crm.ChoiceDefaults
	remote   Remote
	secret   []byte // sealed, as it was at the start
	report   func(store.RunProgress)

	decided removal        // what a person decided about a calendar that was found empty, or another one
	carried []store.HeldID // decisions that the pull of this run carries out

	known    bool      // user and defaults are loaded
	due      bool      // an outbox entry was due at the start, or can be now that something was committed
	kept     bool      // the run has a row
	askedAt  time.Time // when the pull began to ask; zero before it
	pulled   bool
	compared bool                  // hrefs and ETags of the whole calendar were compared in this run
	doubt    bool                  // something was left unanswered: the next run compares
	asks     bool                  // something is open about the guests of an event
	first    *first                // nil after the first sync
	twins    map[crm.ActionID]bool // that a person is asked about, or was and that is to be carried out
	progress store.RunProgress

	mu      sync.Mutex
	traits  dav.Traits
	counts  crm.Counts
	skew    time.Duration // the server's clock less ours
	metWall bool          // the calendar refused a write though its privileges allow it
	letIn   bool          // the server took the sign-in of a request
}

// run carries out one run; see Run.
func (s *Syncer) run(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
	if report == nil {
		report = func(store.RunProgress) {}
	}
	r := &run{Syncer: s, lease: lease, id: crm.NewID[crm.Run](s.IDs), started: s.Now(), report: report}
	secret, open, err := r.load(ctx)
	if err != nil {
		return store.RunResult{}, err
	}
	if dueAt, may := r.mayAsk(open); !may {
		return store.RunResult{NextDueAt: dueAt, Reason: r.before.Failing.Reason}, nil
	}
	r.secret = secret
	err = r.all(ctx, secret, open)
	if failure, refused := dav.FailureOf(err); refused && ctx.Err() == nil {
		return r.failed(ctx, failure)
	}
	if already, is := errors.AsType[*linkedAlready](err); is && ctx.Err() == nil {
		return r.refused(ctx, already)
	}
	if errors.Is(err, errHeld) {
		return store.RunResult{NextDueAt: s.Now().Add(idle), Counts: r.counted(), Reason: crm.FailingEmptied}, nil
	}
	if err != nil {
		return store.RunResult{}, err
	}
	result, err := r.done(ctx)
	if err == nil {
		result.Left, err = r.left(ctx)
	}
	return result, err
}

// load reads what a run needs to know of its link.
func (r *run) load(ctx context.Context) (secret []byte, open []store.Held, err error) {
	start, err := r.Store.RunStart(ctx, r.lease.Link)
	if err != nil {
		return nil, nil, err
	}
	r.link, r.before, r.settings, r.due = start.Link, start.Sync, start.Settings, start.Due
	r.traits, r.own = r.before.Traits, r.link.OwnAddresses()
	if start.Held {
		err = r.Store.Read(ctx, func(tx *store.Tx) (err error) {
			open, err = tx.OpenHeld(r.lease.Link)
			return err
		})
	}
	return start.Secret, open, err
}

// idle is how long a link rests that may not run: whatever lets it run again makes it due.
const idle = time.Hour

// mayAsk reports whether a request may be sent now, and when the link is due otherwise.
func (r *run) mayAsk(open []store.Held) (time.Time, bool) {
	now := r.Now()
	if !r.link.MayRun(r.settings) {
		return now.Add(idle), false
	}
	for _, held := range open {
		if held.DecidedAt.IsZero() && stops(held.Kind) {
			return now.Add(idle), false
		}
	}
	if now.Before(r.before.RetryAt) {
		return r.before.RetryAt, false
	}
	return time.Time{}, true
}

func (r *run) all(ctx context.Context, secret []byte, open []store.Held) error {
	remote, err := r.Connect(ctx, r.link, secret, r.traits, r.observe)
	if err != nil {
		return err
	}
	r.remote = gated{remote, r}
	r.begin(open)
	if r.ending() {
		return r.push(ctx)
	}
	if err := r.carryOut(ctx, open); err != nil {
		return err
	}
	if r.lease.Trigger != crm.TriggerPush || r.before.FirstSyncedAt.IsZero() || len(r.carried) > 0 {
		if err := r.pull(ctx); err != nil {
			return err
		}
	}
	return r.push(ctx)
}

// observe counts a request and measures the server's clock.
func (r *run) observe(exchange dav.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Requests++
	r.letIn = r.letIn || exchange.Status >= 200 && exchange.Status < 500 && exchange.Status != http.StatusUnauthorized && exchange.Status != http.StatusTooManyRequests
	if !exchange.ServerDate.IsZero() && !exchange.SentAt.IsZero() {
		// The Date header has whole seconds; half a second is its mean error.
		r.skew = exchange.ServerDate.Add(500 * time.Millisecond).Sub(exchange.SentAt.Add(exchange.Took / 2))
	}
}

func (r *run) count(change func(*crm.Counts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.counts)
}

func (r *run) counted() crm.Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

func (r *run) has(trait dav.Trait) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.traits.Has(trait)
}

// show tells how the run stands.
func (r *run) show() {
	r.progress.Counts = r.counted()
	r.report(r.progress)
}

// commit is one transaction of the run: the lease holds, the run has its row when it changes something, and the gate is
// asked around it. fn may be called again, so it counts nothing by itself: it returns what it did.
func (r *run) commit(ctx context.Context, what string, fn func(tx *store.Tx) (crm.Counts, error)) error {
	if err := r.Gate(ctx, Point{r.lease.Link, BeforeCommit, "", what}); err != nil {
		return err
	}
	var did crm.Counts
	err := r.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RequireLease(r.lease); err != nil {
			return err
		}
		if err := r.know(tx); err != nil {
			return err
		}
		var err error
		if did, err = fn(tx); err != nil {
			return err
		}
		if r.kept || did.Nothing() {
			return nil
		}
		return tx.PutRun(crm.Run{ID: r.id, Link: r.link.ID, Trigger: r.lease.Trigger, StartedAt: r.started, Counts: add(r.counted(), did)})
	})
	if err != nil {
		return err
	}
	r.known, r.due = true, true
	r.kept = r.kept || !did.Nothing()
	r.count(func(c *crm.Counts) { *c = add(*c, did) })
	return r.Gate(ctx, Point{r.lease.Link, AfterCommit, "", what})
}

// know loads what only a run needs that has something to do.
func (r *run) know(tx *store.Tx) error {
	if r.known {
		return nil
	}
	var err error
	if r.user, err = tx.User(r.link.User); err != nil {
		return err
	}
	r.defaults, err = tx.ChoiceDefaults()
	return err
}

func add(a, b crm.Counts) crm.Counts {
	return crm.Counts{
		New: a.New + b.New, Changed: a.Changed + b.Changed, Removed: a.Removed + b.Removed, SetAside: a.SetAside + b.SetAside,
		Created: a.Created + b.Created, Patched: a.Patched + b.Patched, Deleted: a.Deleted + b.Deleted, Refused: a.Refused + b.Refused,
		Conflicts: a.Conflicts + b.Conflicts, Unguarded: a.Unguarded + b.Unguarded, Crossed: a.Crossed + b.Crossed, Requests: a.Requests + b.Requests,
	}
}

// done ends a run that reached the calendar and carried out what it could.
func (r *run) done(ctx context.Context) (store.RunResult, error) {
	counts := r.counted()
	result := store.RunResult{Pulled: r.pulled, Counts: counts, NextDueAt: r.nextPoll()}
	if counts.Requests == 0 && !r.kept && len(r.carried) == 0 {
		return result, nil // nothing was asked, so nothing is known
	}
	failing := !r.before.Failing.Since.IsZero() || r.before.Failures > 0 || !r.before.RefusedAt.IsZero()
	r.takeTraits()
	moved := len(r.traits.All()) != len(r.before.Traits.All())
	if counts.Nothing() && !failing && !moved && !r.kept && !r.metWall && !r.doubt && len(r.carried) == 0 {
		result.Unchanged = r.pulled
		return result, nil
	}
	err := r.commit(ctx, "end", func(tx *store.Tx) (crm.Counts, error) {
		pending, err := tx.PendingCount(r.link.ID)
		if err != nil {
			return crm.Counts{}, err
		}
		err = r.keep(tx, func(sync *store.LinkSync) {
			// That we may not write shows until a write succeeds, or none is wanted any more.
			if wall := sync.Failing.Reason == crm.FailingForbidden && pending > 0 && counts.Created+counts.Patched+counts.Deleted == 0; !wall {
				sync.Failing = crm.Failing{}
			}
			sync.Failures, sync.RetryAt = 0, time.Time{}
			if r.letIn { // else all that was sent met a fault before the password was looked at
				sync.RefusedAt = time.Time{}
			}
			if r.metWall {
				sync.Failing = crm.Failing{Since: since(r.before.Failing, crm.FailingForbidden, r.Now()), Reason: crm.FailingForbidden}
			}
			sync.Traits = r.traits
			if r.doubt {
				sync.ComparedAt = time.Time{}
			}
			if r.pulled {
				// Not the end of the run: what it pushed after it had asked is still to be told (answer.untold).
				sync.LastCheckedAt = r.askedAt
			}
		})
		if err != nil {
			return crm.Counts{}, err
		}
		for _, id := range r.carried {
			if err := tx.HeldDone(id, r.Now()); err != nil {
				return crm.Counts{}, err
			}
		}
		if !counts.Nothing() {
			err = tx.PutRun(crm.Run{ID: r.id, Link: r.link.ID, Trigger: r.lease.Trigger, StartedAt: r.started, EndedAt: r.Now(), Counts: counts, Outcome: crm.OutcomeDone})
		}
		tx.AnnounceLink(r.link.ID)
		return crm.Counts{}, err
	})
	return result, err
}

// nextPoll is when the link is polled next: PollInterval after it was last asked what changed.
func (r *run) nextPoll() time.Time {
	if r.ending() {
		return r.Now().Add(idle) // it asks for no changes; its work is due by itself
	}
	if r.settings.PollInterval <= 0 {
		return store.Never
	}
	asked := r.before.LastCheckedAt
	if r.pulled {
		asked = r.Now()
	}
	return asked.Add(r.settings.PollInterval)
}

// keep changes what runs keep on the link, as it is now.
func (r *run) keep(tx *store.Tx, change func(*store.LinkSync)) error {
	sync, err := tx.LinkSync(r.link.ID)
	if err != nil {
		return err
	}
	change(&sync)
	return tx.UpdateLinkSync(r.link.ID, sync)
}

// takeTraits adds what the remote learned.
func (r *run) takeTraits() {
	if r.remote == nil {
		return
	}
	learned := r.remote.Traits()
	for _, trait := range learned.All() {
		evidence, _ := learned.Evidence(trait)
		r.mu.Lock()
		r.traits = r.traits.With(trait, evidence)
		r.mu.Unlock()
	}
}

// learn keeps a trait that the server showed by surprise.
func (r *run) learn(trait dav.Trait, seen string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.traits = r.traits.With(trait, dav.Evidence{At: r.Now(), Seen: seen})
}

// rules are the settings for one item; readOnly is why its event takes no writes, "" when it does.
func (r *run) rules(readOnly crm.Reason) reconcile.Rules {
	return reconcile.Rules{Policy: r.settings.ConflictPolicy, ReadOnly: readOnly != "", Others: readOnly == ReasonOthers}
}

// readOnly is why no event of this kind takes writes: the calendar takes none, or it is a busy block in another's calendar
// (semantics 2). What one event says of itself is closed's.
func (r *run) readOnly(private bool) crm.Reason {
	switch {
	case r.link.ReadOnly:
		return crm.ReasonCalendarReadOnly
	case private && r.before.Foreign:
		return crm.ReasonPrivate
	}
	return ""
}

// seenAt is when an event that is taken over was read: while the run pulls, when it began to ask.
func (r *run) seenAt() time.Time {
	if r.pulled || r.askedAt.IsZero() {
		return r.Now()
	}
	return r.askedAt
}

// actor is who the history names for what the calendar did.
func (r *run) actor() crm.Actor { return crm.Actor{Kind: crm.ActorLink, Link: r.link.ID} }

// today is the day in the time zone of the link's user (semantics 4).
func (r *run) today() crm.Date {
	z, err := r.Zones.IANA(r.user.TimeZone)
	if err != nil {
		z = zone.UTC
	}
	day := z.CivilOf(r.Now())
	return crm.Date{Year: day.Year, Month: day.Month, Day: day.Day}
}

// Failed keeps that a run ended in an error of the program, so that the link shows it: a run that panicked, for one. The
// scheduler calls it while it holds the lease.
func (s *Syncer) Failed(ctx context.Context, lease store.Lease, cause error) {
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RequireLease(lease); err != nil {
			return err
		}
		sync, err := tx.LinkSync(lease.Link)
		if err != nil {
			return err
		}
		sync.Failing = crm.Failing{Since: since(sync.Failing, FailingInternal, s.Now()), Reason: FailingInternal}
		sync.Failures++
		tx.AnnounceLink(lease.Link)
		return tx.UpdateLinkSync(lease.Link, sync)
	})
	if err != nil {
		s.Log.Error("keep that a run failed", "link", lease.Link.String(), "error", err, "cause", fmt.Sprint(cause))
	}
}
