package syncer

import (
	"context"
	"slices"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// HeldFirstSync is the kind of a plan that waits for a person, HeldTwins that of one event that looks like one action. Of a plan
// DecisionAll brings everything in, DecisionFrom and a day, "from 2026-01-01", what does not end before it. DecisionSame joins
// twins, DecisionDifferent keeps both.
const (
	HeldFirstSync     = "first_sync"
	HeldTwins         = "twins"
	DecisionAll       = "all"
	DecisionFrom      = "from"
	DecisionSame      = "same"
	DecisionDifferent = "different"
)

// Why an action is held, or not synced, by a first sync.
const (
	ReasonFirstSync crm.Reason = HeldFirstSync
	ReasonTwins     crm.Reason = HeldTwins
	ReasonLeftOut   crm.Reason = "left_out"
)

// StartOf is the day of a decision DecisionFrom, the zero Date of any other.
func StartOf(decision string) crm.Date {
	day, _ := strings.CutPrefix(decision, DecisionFrom+" ")
	start, _ := crm.ParseDate(day)
	return start
}

// first is the first sync of a link, until all of it that does not wait for a person is carried out.
type first struct {
	rules reconcile.FirstRules
	plan  store.HeldID // the plan that waits, or that was decided; zero: none
	waits bool         // undecided
	since time.Time    // it waits
	ask   bool         // a person is to be asked, with the end of the answer

	look    bool // the calendar was not read as a whole yet
	final   bool // the answer is whole
	spilled bool // it was too large to be held, and part of it is kept already, waiting
	seen    []reconcile.FirstEvent
	actions []reconcile.FirstAction // without event, when the run began; nil: not loaded
	counts  reconcile.FirstCounts
	fates   map[string]fate // by key of href

	waiting map[reconcile.Likeness][]store.ResourceID // the events that wait for the plan; nil: nobody looked
}

// fate is what becomes of one event that has no action.
type fate struct {
	kind reconcile.FirstFate
	twin crm.ActionID
}

// begin takes up what is open of a link's first sync.
func (r *run) begin(open []store.Held) {
	r.twins = map[crm.ActionID]bool{}
	if r.before.FirstSyncedAt.IsZero() {
		r.first = &first{look: r.before.Token == "" && r.before.CTag == "", fates: map[string]fate{}}
		r.first.rules.ReadOnly, r.first.rules.Most = r.link.ReadOnly, r.LargePlan
	}
	for _, held := range open {
		switch {
		case held.Kind == HeldTwins:
			for _, id := range held.Subject.Actions {
				r.twins[id] = true
			}
		case held.Kind != HeldFirstSync:
		case r.first == nil:
			if !held.DecidedAt.IsZero() {
				r.carried = append(r.carried, held.ID)
			}
		default:
			r.first.plan, r.first.since, r.first.waits = held.ID, held.CreatedAt, held.DecidedAt.IsZero()
			r.first.rules.Decided, r.first.rules.Start = !r.first.waits, StartOf(held.Decision)
			r.first.look = r.first.look && held.Subject.Plan == nil // else it was looked at
		}
	}
}

// linkedAlready: the calendar is another user's link's, under another address.
type linkedAlready struct{ user crm.UserID }

func (linkedAlready) Error() string { return "the calendar is linked already" }

// lookFirst plans a first sync that nobody decided about yet, from all events of the calendar, before any of them is applied.
func (a *answer) lookFirst(events []*event) error {
	f := a.first
	facts, keys, err := a.firstEvents(a.ctx, events)
	if err != nil {
		return err
	}
	f.seen = append(f.seen, facts...)
	if f.spilled = f.spilled || !f.final; f.spilled {
		clear(f.fates)
		for _, key := range keys {
			f.fates[key] = fate{kind: reconcile.FirstWaits}
		}
	}
	if !f.final {
		return nil
	}
	if user := reconcile.SameCalendar(f.seen); !user.IsZero() {
		return &linkedAlready{user}
	}
	actions, err := a.firstActions(a.ctx)
	if err != nil {
		return err
	}
	f.rules.Today = a.today()
	plan := reconcile.PlanFirstSync(f.seen, actions, f.rules)
	f.counts, f.look, f.seen = plan.Counts, false, nil
	f.counts.Known += a.hits
	f.counts.Twins += len(a.twins)
	f.ask, f.waits = plan.Held, plan.Held
	if !f.spilled {
		f.take(plan, keys)
	}
	return nil
}

// planPart decides about events of a first sync that is decided, or that were not there when it was planned.
func (a *answer) planPart(events []*event) error {
	f := a.first
	clear(f.fates)
	if f.actions == nil {
		var err error
		if f.actions, err = a.firstActions(a.ctx); err != nil {
			return err
		}
	}
	actions := slices.DeleteFunc(slices.Clone(f.actions), func(action reconcile.FirstAction) bool { return a.twins[action.ID] })
	if len(actions) == 0 && f.rules.Start.IsZero() {
		return nil // all of them come in
	}
	facts, keys, err := a.firstEvents(a.ctx, events)
	if err != nil {
		return err
	}
	rules := f.rules
	rules.Today, rules.Decided = a.today(), true
	f.take(reconcile.PlanFirstSync(facts, actions, rules), keys)
	return nil
}

// take keeps the fates of the events with the given keys.
func (f *first) take(plan reconcile.FirstPlan, keys []string) {
	for i, key := range keys {
		f.fates[key] = fate{plan.Events[i], plan.Twins[i]}
	}
}

// firstEvents are the events that a first sync has to decide about, with the keys of their hrefs: not those that are bound, nor
// those that a person is asked about. What it reads of them is not kept: it takes room.
func (r *run) firstEvents(ctx context.Context, events []*event) (facts []reconcile.FirstEvent, keys []string, err error) {
	copies := make([]event, len(events))
	ahead := readAhead{left: make([]*event, len(events))}
	for i, e := range events {
		copies[i] = *e
		ahead.left[i] = &copies[i]
	}
	defer ahead.end()
	for final := false; !final; {
		var part []*event
		part, final = ahead.next()
		begun := len(facts)
		err := r.Store.Read(ctx, func(tx *store.Tx) error {
			facts, keys = facts[:begun], keys[:begun]
			if err := r.know(tx); err != nil {
				return err
			}
			a, err := r.newApplier(tx, part, nil, nil)
			if err != nil {
				return err
			}
			for _, e := range part {
				fact, decide, err := a.firstEvent(*e)
				if err != nil {
					return err
				}
				if decide {
					facts, keys = append(facts, fact), append(keys, e.href.Key())
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		for _, e := range part {
			*e = event{}
		}
	}
	return facts, keys, nil
}

// firstEvent is one event as a first sync sees it; false where there is nothing to decide.
func (a *applier) firstEvent(e event) (reconcile.FirstEvent, bool, error) {
	var fact reconcile.FirstEvent
	resource, known := a.byHref[e.href.Key()]
	if known && resource.State == store.ResourceLive && resource.UID != "" && e.uid != "" && resource.UID != e.uid {
		known = false
	}
	if !known {
		var doubled bool
		if resource, known, doubled = a.recognise(&e); doubled {
			e.aside = &store.SetAside{Reason: crm.ReasonUIDElsewhere}
		}
	}
	if _, bound := a.bound[resource.ID]; bound || known && resource.State == store.ResourceTwin {
		return fact, false, nil
	}
	fact.Changed = known && resource.State.Parked() && !e.parked && !a.sameVersion(resource, &e)
	var action crm.Action
	found, err := a.findAction(&e, &action)
	if err != nil || found {
		fact.Known = true
		return fact, true, err
	}
	if e.aside != nil {
		fact.Aside = e.aside.Reason
		return fact, true, nil
	}
	if fact.Aside = a.unwanted(e.facts); fact.Aside != "" {
		return fact, true, nil
	}
	read, err := a.extract(&e, a.user.TimeZone, nil, nil)
	if err != nil {
		fact.Aside = crm.ReasonUnreadable
		return fact, true, nil
	}
	fact.Last = read.Units.When.LastDate()
	if other, is := a.others[e.uid]; is && other.State != store.ResourceGone {
		fact.Elsewhere = other.User
	}
	fact.Meeting = len(e.facts.Attendees) > 0
	fact.Others = !e.facts.Mine(a.link.OwnAddresses())
	fact.Like = reconcile.LikenessOf(read.Units.Subject, a.times(read.Units.When))
	return fact, true, nil
}

// times is when something is, to compare; "" where it is never.
func (r *run) times(when crm.When) string {
	text, err := eventmap.Times(when, r.settings.DefaultDuration, r.Zones)
	if err != nil {
		return "" // without date, or in a zone that is not known: nothing is like it
	}
	return text
}

// firstActions are the actions that have no event here and that nobody is asked about.
func (r *run) firstActions(ctx context.Context) ([]reconcile.FirstAction, error) {
	var actions []reconcile.FirstAction
	err := r.Store.Read(ctx, func(tx *store.Tx) error {
		if err := r.know(tx); err != nil {
			return err
		}
		unbound, err := tx.UnboundActions(r.link.ID, r.link.User)
		actions = make([]reconcile.FirstAction, 0, len(unbound))
		for _, one := range unbound {
			if !r.twins[one.ID] {
				actions = append(actions, reconcile.FirstAction{ID: one.ID, Like: reconcile.LikenessOf(one.Subject, r.times(one.When)), When: one.When})
			}
		}
		return err
	})
	return actions, err
}

// holdPlan asks a person about the plan of a first sync; actions that wait with it say so.
func (r *run) holdPlan(tx *store.Tx) error {
	now, err := tx.Now()
	if err != nil {
		return err
	}
	held := store.Held{ID: crm.NewID[store.Held](r.IDs), Link: r.link.ID, Kind: HeldFirstSync, CreatedAt: now, Subject: store.HeldSubject{Plan: &r.first.counts}}
	if err := tx.InsertHeld(held); err != nil {
		return err
	}
	r.first.plan, r.first.since = held.ID, now
	if err := r.keep(tx, func(sync *store.LinkSync) { sync.NeedsDecision = true }); err != nil {
		return err
	}
	tx.AnnounceLink(r.link.ID)
	if r.link.ReadOnly {
		return nil
	}
	actions, err := tx.ActionsToPush(r.link.ID, r.user.ID, r.today())
	if err != nil {
		return err
	}
	var told []crm.ActionID
	for _, action := range actions {
		if action.Sync.Name == crm.Held {
			continue
		}
		if err := tx.SetSyncState(action.ID, crm.SyncState{Name: crm.Held, Reason: ReasonFirstSync}); err != nil {
			return err
		}
		told = append(told, action.ID)
	}
	tx.AnnounceActions(told)
	return nil
}

// bringIn applies the events that waited for the plan to be decided: their texts are kept, so that nothing is asked.
func (r *run) bringIn(ctx context.Context) error {
	var after store.ResourceID
	for {
		var rows []store.Resource
		err := r.Store.Read(ctx, func(tx *store.Tx) (err error) {
			rows, err = tx.ParkedResources(r.link.ID, store.ResourceWaiting, after, perCommit)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1].ID
		answer := r.newAnswer(ctx)
		for _, row := range rows {
			answer.events = append(answer.events, parkedEvent(row))
		}
		if err := answer.applyEvents(nil, guarded, nil); err != nil {
			return err
		}
	}
}

// parkedEvent is an event that has no action on purpose, as it was read.
func parkedEvent(row store.Resource) *event {
	e := readEvent(dav.Member{Kind: dav.MemberPresent, Href: row.Href, ETag: row.ETag, Data: row.Body})
	e.parked = true
	return e
}

// park keeps an event without action, as a first sync decided. It reports whether it did.
func (a *applier) park(e *event, resource *store.Resource) (bool, error) {
	if a.first == nil || !e.twin.IsZero() {
		return false, nil
	}
	decided := a.first.fates[e.href.Key()]
	switch decided.kind {
	case reconcile.FirstLeftOut:
		resource.State = store.ResourceLeftOut
	case reconcile.FirstWaits:
		resource.State = store.ResourceWaiting
	case reconcile.FirstTwin:
		return a.parkTwin(decided.twin, resource)
	default:
		return false, nil
	}
	return true, nil
}

// parkTwin asks a person whether an event and an action are the same, unless the action is none any more that could be it.
func (a *applier) parkTwin(id crm.ActionID, resource *store.Resource) (bool, error) {
	actions, err := a.tx.Actions([]crm.ActionID{id})
	if err != nil || len(actions) == 0 || actions[0].Deleted() || actions[0].FollowedBy != a.link.User {
		return false, err
	}
	shown, err := a.shownIn(id)
	if err != nil || shown.here {
		return false, err
	}
	if err := a.askTwins(a.tx, actions[0], resource); err != nil {
		return false, err
	}
	a.paired = append(a.paired, id)
	a.state(actions[0], crm.SyncState{Name: crm.Held, Reason: ReasonTwins})
	if len(a.paired) > 1 {
		return true, nil
	}
	return true, a.keep(a.tx, func(sync *store.LinkSync) { sync.NeedsDecision = true })
}

// waitsForPlan reports whether the making of an event waits for a person: its action may be an event of the calendar, or was
// part of a plan that nobody decided about yet.
func (w *preparing) waitsForPlan(one *job) (bool, error) {
	reason := crm.Reason("")
	switch {
	case one.action.FollowedBy != w.link.User:
	case w.twins[one.action.ID]:
		reason = ReasonTwins
	case w.first != nil && w.first.waits && one.entry.CreatedAt.Before(w.first.since):
		reason = ReasonFirstSync
	}
	if reason == "" && w.first != nil && w.first.waits && one.action.FollowedBy == w.link.User {
		paired, err := w.pairWithWaiting(one.action)
		if err != nil {
			return false, err
		}
		if paired {
			reason = ReasonTwins
		}
	}
	if reason == "" {
		return false, nil
	}
	return true, w.later(one, reason, crm.SyncState{Name: crm.Held, Reason: reason}, readOnlyRetry)
}
