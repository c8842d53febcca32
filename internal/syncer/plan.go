package syncer

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// Plan looks into the calendar of a link that is not kept yet, and says what its first sync would do (semantics 4, rule 3). It changes
// neither the calendar nor the CRM. link has an ID of its own that nothing is kept under, and traits are what the connection test found.
// read, which may be nil, hears how many events were read so far, from the calling goroutine.
//
// A calendar that cannot be read, or that is another user's already, is no error: why says so, and there are no counts.
func (s *Syncer) Plan(ctx context.Context, link crm.Link, traits dav.Traits, remote Remote, read func(events int)) (counts reconcile.FirstCounts, why crm.Failing, err error) {
	if read == nil {
		read = func(int) {}
	}
	r := &run{Syncer: s, lease: store.Lease{Link: link.ID}, started: s.Now(), link: link, remote: remote, traits: traits, own: link.OwnAddresses(), twins: map[crm.ActionID]bool{}, first: &first{}}
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		if r.settings, err = tx.Settings(); err != nil {
			return err
		}
		return r.know(tx)
	})
	if err != nil {
		return counts, why, err
	}
	r.known = true
	events, err := r.lookInto(ctx, read)
	if failure, refused := dav.FailureOf(err); refused && ctx.Err() == nil {
		why.Reason, why.Params = failingOf(failure)
		return counts, why, nil
	}
	if err != nil {
		return counts, why, err
	}
	if user := reconcile.SameCalendar(events); !user.IsZero() {
		why.Reason, why.Params, err = r.linkedTo(ctx, user)
		return counts, why, err
	}
	actions, err := r.firstActions(ctx)
	if err != nil {
		return counts, why, err
	}
	// Decided: the size of a plan that is shown holds nothing back.
	plan := reconcile.PlanFirstSync(events, actions, reconcile.FirstRules{Today: r.today(), Decided: true, ReadOnly: link.ReadOnly})
	return plan.Counts, why, nil
}

// lookInto reads all events of the calendar, in parts, as a first sync sees them.
func (r *run) lookInto(ctx context.Context, read func(events int)) ([]reconcile.FirstEvent, error) {
	a := r.newAnswer(ctx)
	a.whole, a.known, a.seen = true, map[string]knownResource{}, map[string]bool{}
	var facts []reconcile.FirstEvent
	take := func() error {
		events := a.events
		a.events = nil
		part, _, err := r.firstEvents(ctx, events)
		facts = append(facts, part...)
		read(len(facts))
		return err
	}
	visit := func(member dav.Member) error {
		key := member.Href.Key()
		if member.Kind == dav.MemberGone || a.seen[key] {
			return nil
		}
		a.seen[key] = true
		a.members = append(a.members, member)
		a.size += len(member.Data)
		if a.size < planBytes && len(a.members) < planMembers {
			return nil
		}
		a.sort()
		return take()
	}
	if err := r.listAll(ctx, visit); err != nil {
		return nil, err
	}
	if err := a.complete(); err != nil {
		return nil, err
	}
	return facts, take()
}

// How much of a calendar is held while it is looked into, and how many members at least are told of at a time.
const (
	planBytes   = 2 << 20
	planMembers = 1000
)

// listAll tells of every member of the calendar, by sync reports where the link has them.
func (r *run) listAll(ctx context.Context, visit func(dav.Member) error) error {
	if r.link.WithoutSyncToken {
		return r.remote.List(ctx, visit)
	}
	var token dav.SyncToken
	for {
		result, err := r.remote.Sync(ctx, token, visit)
		if dav.ClassOf(err) == dav.ClassTokenInvalid && token != "" {
			return r.remote.List(ctx, visit) // the server does not even know the token of its own page
		}
		if err != nil || !result.Truncated || result.Token == token {
			return err
		}
		token = result.Token
	}
}
