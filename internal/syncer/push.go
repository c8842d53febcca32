package syncer

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/plant"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

const (
	perRound = 64 // entries that are prepared in one transaction
	maxTries = 4  // of one entry in one run: what is still not settled then waits
)

// push carries out the entries of the outbox that are due, oldest first. Each round prepares some in one commit, sends
// them several at a time, and settles them as their outcomes come in.
func (r *run) push(ctx context.Context) error {
	tried := map[crm.ActionID]int{}
	looked := false
	for first := true; ; first = false {
		// At the start of a run that has done nothing yet it is known whether an entry is due.
		if waits, err := r.waits(ctx, first && !r.pulled && !r.known); err != nil || !waits {
			return err
		}
		round := &round{run: r, tried: tried}
		if err := round.prepare(ctx); err != nil {
			return err
		}
		if round.entries == 0 {
			return nil
		}
		if err := round.send(ctx); err != nil {
			return err
		}
		if round.missing && !looked {
			// An event that is not at its href: only a tombstone, or a complete listing, says that it is gone.
			looked = true
			if err := r.lookForMissing(ctx); err != nil {
				return err
			}
		}
		r.show()
	}
}

// waits reports whether an entry is due: most runs have none, and need no transaction that writes. certain: nothing has
// happened since the start that could have put one.
func (r *run) waits(ctx context.Context, certain bool) (bool, error) {
	if !r.due || certain {
		return r.due, nil // what was put since then has wanted a run of its own
	}
	var due []store.OutboxEntry
	err := r.Store.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.OutboxOf(r.link.ID, 1)
		return err
	})
	return len(due) > 0, err
}

func (r *run) lookForMissing(ctx context.Context) error {
	if !r.pulled {
		if err := r.pull(ctx); err != nil {
			return err
		}
	}
	return r.compare(ctx)
}

// round is one round of a push.
type round struct {
	*run
	tried   map[crm.ActionID]int
	entries int
	jobs    []*job
	missing bool
	paired  []crm.ActionID // that a person is asked about from now on
}

// job is one write to the calendar, or one look at what became of a write before it.
type job struct {
	kind     reconcile.StepKind // CreateEvent, PatchEvent, DeleteEvent, or look
	entry    store.OutboxEntry
	action   crm.Action
	known    []store.BoundResource // the events of the action in all calendars, as they were before
	resource store.Resource
	binding  store.Binding
	reason   crm.Reason    // of the step
	units    []crm.Unit    // that body writes
	closed   crm.SyncState // how the action stands where its event takes no writes
	body     []byte

	// The outcome.
	err      error
	put      dav.PutResult
	readBack *event // what the server made of it
	met      *event // another version than we know is there
	missing  bool   // nothing is there
	taken    bool   // the UID is another resource's, which cannot be seen
	again    bool   // the event was to be made under this UID before
	unknown  bool   // whether the write was carried out is not known
	wall     bool   // refused, and the calendar's privileges say that we may not write

	unguarded bool // it was carried out, and nothing but our own reading kept it from replacing what we have not seen
}

// look asks what is at an href where a write may have been.
const look reconcile.StepKind = "look"

// prepare decides about the next entries and promises what will be sent: href, UID and text are kept before the request.
func (p *round) prepare(ctx context.Context) error {
	if err := p.lookAtWaiting(ctx); err != nil {
		return err
	}
	err := p.commit(ctx, "promise", func(tx *store.Tx) (crm.Counts, error) {
		p.jobs, p.entries, p.paired = nil, 0, nil
		entries, err := tx.OutboxOf(p.link.ID, perRound)
		if err != nil {
			return crm.Counts{}, err
		}
		p.entries = len(entries)
		w := &preparing{round: p, tx: tx, taken: map[store.ResourceID]bool{}}
		if err := w.decide(entries); err != nil {
			return crm.Counts{}, err
		}
		return w.did, w.write(tx)
	})
	if err == nil {
		for _, id := range p.paired {
			p.twins[id] = true
		}
	}
	return err
}

// send sends the jobs and settles them, as many in one commit as have an outcome by then.
func (p *round) send(ctx context.Context) error {
	if len(p.jobs) == 0 {
		return nil
	}
	sending, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *job, len(p.jobs))
	settled := make(chan *job, len(p.jobs))
	for _, one := range p.jobs {
		next <- one
	}
	close(next)
	// The first of a run goes alone until one is answered for itself: a password that is not good any more would be refused as
	// often as requests can be on their way at once, and servers lock accounts for that (semantics 7).
	for alone := p.counted().Requests == 0; alone; {
		one, more := <-next
		if !more {
			break
		}
		one.err = p.sendSafely(sending, one)
		settled <- one
		failure, failed := dav.FailureOf(one.err)
		if failed && stopsRun(failure) {
			cancel(one.err)
		}
		alone = failed && sending.Err() == nil && (failure.Class == dav.ClassTemporary || failure.Class == dav.ClassUnknownOutcome)
	}
	var group sync.WaitGroup
	for range min(p.AtOnce, len(p.jobs)) {
		group.Go(func() {
			for one := range next {
				if sending.Err() == nil {
					one.err = p.sendSafely(sending, one)
				} else {
					one.err = context.Cause(sending)
				}
				settled <- one
			}
		})
	}
	go func() { group.Wait(); close(settled) }() // ends when the range below has
	var stop error
	for first := range settled {
		batch := []*job{first}
		for more := true; more; {
			select {
			case one, ok := <-settled:
				if more = ok; ok {
					batch = append(batch, one)
				}
			default:
				more = false
			}
		}
		var answered []*job
		for _, one := range batch {
			failure, isFailure := dav.FailureOf(one.err)
			switch {
			case one.err != nil && (!isFailure || ctx.Err() != nil):
				stop = firstOf(stop, one.err)
			case isFailure && failure.Class == dav.ClassSignIn:
				// Whatever else failed beside it: a refusal that is not kept is a password tried too often (semantics 7).
				if former, isFailure := dav.FailureOf(stop); stop == nil || isFailure && former.Class != dav.ClassSignIn {
					stop = one.err
				}
			case isFailure && sending.Err() != nil, isFailure && stopsRun(failure):
				stop = firstOf(stop, one.err)
			default:
				answered = append(answered, one)
				continue
			}
			cancel(stop) // those not sent yet wait for the next run
		}
		if len(answered) == 0 || ctx.Err() != nil {
			continue
		}
		if _, isFailure := dav.FailureOf(stop); stop != nil && !isFailure {
			continue // as after a crash: nothing more is written
		}
		if err := p.settle(ctx, answered); err != nil {
			stop = firstOf(stop, err)
			cancel(err)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return stop
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// sendSafely turns a panic of one sender into an error of the run.
func (p *round) sendSafely(ctx context.Context, one *job) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("sending to the calendar panicked: %v\n%s", thrown, debug.Stack())
		}
	}()
	switch one.kind {
	case reconcile.CreateEvent:
		return p.create(ctx, one)
	case reconcile.PatchEvent:
		return p.patch(ctx, one)
	case reconcile.DeleteEvent:
		return p.remove(ctx, one)
	default:
		return p.readInstead(ctx, one, one.resource.Href)
	}
}

func (p *round) create(ctx context.Context, one *job) error {
	put, err := p.put(ctx, one, dav.IfNew())
	failure, _ := dav.FailureOf(err)
	switch dav.ClassOf(err) {
	case "":
		if err != nil {
			return err
		}
		one.put = put
		return p.readAfter(ctx, one, false)
	case dav.ClassPreconditionFailed, dav.ClassUnknownOutcome:
		// Ours, whose answer was lost: it is there now, or it is not.
		if instead := p.readInstead(ctx, one, one.resource.Href); instead != nil {
			return firstFailure(err, instead)
		}
		if one.missing {
			return err
		}
		return nil
	case dav.ClassUIDTaken:
		// Ours, put elsewhere by the server; or one that is nowhere to be seen, in the trash of Nextcloud 32.
		if failure.Related != "" {
			if instead := p.readInstead(ctx, one, dav.Href(failure.Related)); instead != nil {
				return err
			}
		}
		one.taken = failure.Related == "" || one.missing
		one.missing = false
		return nil
	}
	if failure != nil && failure.Status == http.StatusConflict && one.again {
		// Ours was made by an attempt whose answer was lost, and deleted there since: Google takes no UID twice.
		one.taken = true
		return nil
	}
	return p.refused(ctx, one, err)
}

// put sends a job's text. One without length that is refused is sent once more with the default duration, which some servers
// want of every event (semantics 5).
func (p *round) put(ctx context.Context, one *job, condition dav.Condition) (dav.PutResult, error) {
	put, err := p.remote.Put(ctx, one.resource.Href, one.body, condition)
	if class := dav.ClassOf(err); class != dav.ClassPermanent && class != dav.ClassForbidden {
		return put, err
	}
	longer := p.withLength(one.body)
	if longer == nil {
		return put, err
	}
	again, failed := p.remote.Put(ctx, one.resource.Href, longer, condition)
	if failed != nil {
		return put, firstFailure(err, failed)
	}
	one.body = longer
	p.learn(dav.NeedsLength, "a text without length was refused, and taken with one")
	return again, nil
}

func (p *round) patch(ctx context.Context, one *job) error {
	unsure := p.unsure(one.resource.ETag, dav.NoIfMatch)
	if unsure {
		if done, err := p.readBefore(ctx, one); done || err != nil {
			return err
		}
	}
	put, err := p.put(ctx, one, condition(one.resource.ETag))
	if err == nil {
		one.put, one.unguarded = put, unsure
		return p.readAfter(ctx, one, unsure)
	}
	return p.notWritten(ctx, one, err)
}

func (p *round) remove(ctx context.Context, one *job) error {
	unsure := p.unsure(one.resource.ETag, dav.NoIfMatchOnDelete)
	if unsure {
		if done, err := p.readBefore(ctx, one); done || err != nil {
			return err
		}
	}
	err := p.remote.Delete(ctx, one.resource.Href, condition(one.resource.ETag))
	if err == nil {
		one.unguarded = unsure
		return p.lookAfter(ctx, one)
	}
	gone := dav.ClassOf(err) == dav.ClassGone
	if err = p.notWritten(ctx, one, err); gone && one.missing {
		one.missing = false // it was deleted already
	}
	return err
}

// notWritten finds out what is at the href of an event that could not be written, where that helps.
func (p *round) notWritten(ctx context.Context, one *job, err error) error {
	one.unknown = dav.ClassOf(err) == dav.ClassUnknownOutcome
	switch dav.ClassOf(err) {
	case dav.ClassPreconditionFailed, dav.ClassUnknownOutcome:
		if instead := p.readInstead(ctx, one, one.resource.Href); instead != nil {
			return firstFailure(err, instead)
		}
		if one.met != nil {
			one.met.refusedOurs = dav.ClassOf(err) == dav.ClassPreconditionFailed
		}
		return nil
	case dav.ClassGone:
		// Some servers answer 404 where we may not write.
		if instead := p.readInstead(ctx, one, one.resource.Href); instead != nil || one.missing {
			return instead
		}
		if p.sameVersion(one.resource, one.met) {
			one.met = nil
			return p.refused(ctx, one, err)
		}
		return nil
	}
	return p.refused(ctx, one, err)
}

// firstFailure is the failure that says more: why we could not look, when that stops everything.
func firstFailure(write, read error) error {
	if failure, ok := dav.FailureOf(read); !ok || stopsRun(failure) {
		return read
	}
	return write
}

// refused asks, once in a run, whether the calendar still lets us write, before a refusal is taken for one event's.
func (p *round) refused(ctx context.Context, one *job, err error) error {
	class := dav.ClassOf(err)
	if class != dav.ClassForbidden && class != dav.ClassGone {
		return err
	}
	calendar, asked := p.remote.Calendar(ctx)
	if asked != nil {
		if failure, ok := dav.FailureOf(asked); !ok || stopsRun(failure) {
			return asked
		}
		return err
	}
	one.wall = calendar.ReadOnly()
	return err
}

// unsure reports whether a precondition on an ETag cannot be relied on: then we read before and after (semantics 7).
func (r *run) unsure(etag dav.ETag, trait dav.Trait) bool {
	return !etag.Strong() || r.has(trait) || r.has(dav.RacyIfMatch)
}

// condition is If-Match where there is an ETag that can be sent.
func condition(etag dav.ETag) dav.Condition {
	match := dav.IfMatch(etag)
	if _, _, ok := match.Header(); !ok || plant.On(plant.NoIfMatch) {
		return dav.Unconditionally()
	}
	return match
}

// readBefore reads a resource that is about to be written. done: there is another version, or none, so it is not.
func (p *round) readBefore(ctx context.Context, one *job) (done bool, err error) {
	if err := p.readInstead(ctx, one, one.resource.Href); err != nil {
		return false, err
	}
	if one.missing {
		return true, nil
	}
	if !p.sameVersion(one.resource, one.met) {
		one.met.refusedOurs = true // it was not even sent
		return true, nil
	}
	one.resource.ETag, one.met = one.met.etag, nil
	return false, nil
}

// readInstead reads what is at an href now.
func (p *round) readInstead(ctx context.Context, one *job, href dav.Href) error {
	resource, err := p.remote.Get(ctx, href)
	if dav.ClassOf(err) == dav.ClassGone {
		one.missing = true
		return nil
	}
	if err != nil {
		return err
	}
	one.met = readEvent(dav.Member{Kind: dav.MemberPresent, Href: href, ETag: resource.ETag, Data: resource.Body})
	return nil
}

// readAfter reads back what the server made of a write, where its answer does not say, the server is known to rewrite, or it
// is unsure whether the write replaced what was meant. A read that fails leaves that to the next pull.
func (p *round) readAfter(ctx context.Context, one *job, unsure bool) error {
	if !unsure && one.put.ETag != "" && !p.has(dav.RewritesBodies) && !p.has(dav.HTMLDescriptions) {
		return nil
	}
	href := one.put.Href
	if href == "" {
		href = one.resource.Href
	}
	resource, err := p.remote.Get(ctx, href)
	if err != nil {
		if _, ok := dav.FailureOf(err); !ok || ctx.Err() != nil {
			return err
		}
		one.put.ETag = "" // as if it had not been told: the next pull reads what the server made of it, which is no edit
		return nil
	}
	one.readBack = readEvent(dav.Member{Kind: dav.MemberPresent, Href: href, ETag: resource.ETag, Data: resource.Body})
	return nil
}

// lookAfter looks at what stands where an event was deleted under no precondition that can be relied on: what somebody wrote in the
// same moment is there again. A look that fails leaves that to the next pull.
func (p *round) lookAfter(ctx context.Context, one *job) error {
	if !one.unguarded {
		return nil
	}
	err := p.readInstead(ctx, one, one.resource.Href)
	one.missing = false // as it should be
	if _, ok := dav.FailureOf(err); ok && ctx.Err() == nil {
		return nil
	}
	return err
}

// retryAt is when an entry is tried again that failed by itself, by the store's clock: entries are due by that one, and where
// this node's is behind it they would be due again at once, round after round (F37).
func (p *round) retryAt(tx *store.Tx, entry store.OutboxEntry, failure *dav.Failure) (time.Time, error) {
	now, err := tx.Now()
	at := now.Add(p.backOff(entry.Attempts + 1))
	if failure != nil {
		at = later(at, now.Add(min(failure.NotBefore.Sub(p.Now()), longestRefusal)))
	}
	return at, err
}
