package syncer

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/plant"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// settle keeps the outcomes of jobs in one commit.
func (p *round) settle(ctx context.Context, jobs []*job) error {
	return p.commit(ctx, "outcome", func(tx *store.Tx) (crm.Counts, error) {
		var met []*event
		for _, one := range jobs {
			if one.met != nil {
				met = append(met, one.met)
			}
			if one.readBack != nil {
				met = append(met, one.readBack)
			}
		}
		applier, err := p.newApplier(tx, met, nil, nil)
		if err != nil {
			return crm.Counts{}, err
		}
		s := &settling{applier: applier, round: p}
		if err := s.lookAgain(jobs); err != nil {
			return crm.Counts{}, err
		}
		for _, one := range jobs {
			if err := s.job(one); err != nil {
				return crm.Counts{}, err
			}
		}
		return applier.did, applier.write(tx)
	})
}

// settling keeps outcomes within one transaction.
type settling struct {
	*applier
	round *round
	// agreeing are the versions of actions that were only deleted and restored since their job was prepared: nobody typed into them.
	agreeing map[crm.ActionID]int64
}

// sinceJob is how many saves of an action are looked through for that.
const sinceJob = 20

// lookAgain finds those actions. What is not known counts as typed.
func (s *settling) lookAgain(jobs []*job) error {
	ids := make([]crm.ActionID, len(jobs))
	for i, one := range jobs {
		ids[i] = one.action.ID
	}
	found, err := s.tx.Actions(ids)
	if err != nil {
		return err
	}
	now := make(map[crm.ActionID]int64, len(found))
	for _, action := range found {
		now[action.ID] = action.Version
	}
	s.agreeing = map[crm.ActionID]int64{}
	for _, one := range jobs {
		version := now[one.action.ID]
		saves := int(version - one.action.Version)
		if saves <= 0 || saves > sinceJob {
			continue
		}
		changes, err := s.tx.History(one.action.ID, store.HistoryCursor{}, saves)
		if err != nil {
			return err
		}
		// Each save leaves one row of these at least, so they are all saves there were.
		if !slices.ContainsFunc(changes, func(change crm.Change) bool { return change.What != crm.Deleted && change.What != crm.Restored }) {
			s.agreeing[one.action.ID] = version
		}
	}
	return nil
}

func (s *settling) job(one *job) error {
	if one.unguarded {
		s.did.Unguarded++
	}
	switch {
	case one.err != nil:
		return s.failed(one)
	case one.taken:
		s.drop(one.resource) // the next round makes another, under a UID of its own
		return nil
	case one.met != nil:
		return s.met(one)
	case one.missing:
		return s.missing(one)
	case one.kind == reconcile.DeleteEvent:
		return s.deleted(one)
	default:
		return s.written(one)
	}
}

// written: the event is there as it was sent, or as the server made it.
func (s *settling) written(one *job) error {
	resource, binding := one.resource, one.binding
	resource.ETag, resource.Body, resource.State, resource.SeenAt = one.put.ETag, one.body, store.ResourceLive, s.Now()
	if one.put.Href != "" {
		resource.Href = one.put.Href
	}
	if one.put.ETag != "" || one.readBack != nil {
		resource.Sent = nil // else the next pull finds out what the server made of it
	}
	if plant.On(plant.AnswersETagIgnored) {
		resource.ETag, resource.Sent = "", nil
	}
	base, there, err := s.agreed(one)
	if err != nil {
		return err
	}
	edited := there != nil && len(there.edited)+len(there.unseen) > 0
	if one.readBack != nil && !edited {
		resource.Href, resource.ETag = one.readBack.href, one.readBack.etag
		if there != nil {
			resource.Body = one.readBack.body
		}
	}
	s.applier.resource(resource)
	binding.Base, binding.AgreedVersion, binding.AgreedAt = &base, max(one.action.Version, s.agreeing[one.action.ID]), s.Now()
	s.bindings = append(s.bindings, binding)
	s.bound[resource.ID] = binding
	if one.unguarded && edited {
		s.crossed(one)
	}
	if one.kind == reconcile.CreateEvent {
		s.did.Created++
	} else {
		s.did.Patched++
	}
	if one.put.ETag == "" && one.readBack != nil {
		s.learn(dav.NoETagOnPut, "PUT answered without ETag")
	}
	s.serverCut(one, base)
	if err := s.leaveOthers(one.action); err != nil {
		return err
	}
	if err := s.finish(one, crm.SyncState{Name: crm.Synced}); err != nil || !edited {
		return err
	}
	return s.applier.event(one.readBack)
}

// readBackForm is what a text that was read back differs in from what was sent: units that somebody edited since, and those that
// somebody wrote as they had been, who had not seen ours.
type readBackForm struct{ edited, unseen []crm.Unit }

// agreed is the base after a write: our values, and beside them the server's form of them as it was read back. A unit that we
// did not write, or that holds what no server makes of our text, was edited by somebody in between: there the base stays what
// was sent, so that the edit is found. It is nil where nothing was read back that can be used.
func (s *settling) agreed(one *job) (reconcile.Base, *readBackForm, error) {
	base := reconcile.Base{Agreed: one.action.Units, Server: one.action.Units}
	sent := &event{object: readObject(one.body)}
	if sent.object == nil {
		return base, nil, nil
	}
	ours, err := s.extract(sent, one.action.When.Zone, &base, sent.object)
	if err != nil {
		return base, nil, nil
	}
	base.Server = ours.Units
	if one.readBack == nil || one.readBack.object == nil || one.readBack.aside != nil {
		return base, nil, nil
	}
	there, err := s.extract(one.readBack, one.action.When.Zone, &base, sent.object)
	if err != nil {
		return base, nil, nil
	}
	form := &readBackForm{}
	for _, unit := range there.Units.Differing(ours.Units) {
		before := one.binding.Base
		switch {
		case s.overwritten(one, unit, there.Units):
			base.Agreed, base.Server = base.Agreed.With(unit, before.Agreed), base.Server.With(unit, before.Server)
			form.unseen = append(form.unseen, unit)
		case !plant.On(plant.OwnWriteIsEdit) && slices.Contains(one.units, unit) && serverForm(ours.Units, ours.Units.With(unit, there.Units)):
			s.learn(dav.RewritesBodies, "a text read back differs from what was sent")
			base.Server = base.Server.With(unit, there.Units)
		case !slices.Contains(one.units, unit) && before != nil && crm.HistoryText(unit, before.Server) == crm.HistoryText(unit, there.Units):
			base.Server = base.Server.With(unit, there.Units)
		default:
			form.edited = append(form.edited, unit)
		}
	}
	return base, form, nil
}

// overwritten reports whether somebody put a unit that we wrote back to what it was, without having seen ours: the text has an ETag
// other than the one we were told for ours, on a server that lets two writers of one version both succeed. Then ours is still to be
// written. Once in a run: where an ETag changes for nothing and the server keeps to its own value, that is an edit.
func (s *settling) overwritten(one *job, unit crm.Unit, there crm.Units) bool {
	before, told := one.binding.Base, one.put.ETag
	return one.unguarded && one.kind == reconcile.PatchEvent && before != nil && slices.Contains(one.units, unit) && s.round.tried[one.action.ID] == 1 &&
		told.Strong() && one.readBack.etag.Strong() && !told.Same(one.readBack.etag) && crm.HistoryText(unit, before.Server) == crm.HistoryText(unit, there)
}

// crossed keeps that somebody wrote in the same exchange as we did: what each of the two had not seen may have replaced the other's.
func (s *settling) crossed(one *job) {
	s.did.Crossed++
	s.history = append(s.history, s.row(one.action, crm.Noticed, ReasonCrossed))
}

// ReasonCrossed is why a history has a notice: the calendar was written by two at once, and the server stops neither.
const ReasonCrossed crm.Reason = "written_at_once"

// serverCut tells of text that the server did not keep (semantics 6).
func (s *settling) serverCut(one *job, base reconcile.Base) {
	for _, unit := range []crm.Unit{crm.UnitSubject, crm.UnitDescription} {
		ours, theirs := crm.HistoryText(unit, base.Agreed), crm.HistoryText(unit, base.Server)
		if len(theirs) < len(ours) && strings.HasPrefix(ours, theirs) {
			row := s.row(one.action, crm.ServerCut, ReasonServerCut)
			row.Name, row.Before, row.After = string(unit), ours, theirs
			s.history = append(s.history, row)
		}
	}
}

// ReasonServerCut is why a history has a server_cut: the server keeps less of the text than it was given.
const ReasonServerCut crm.Reason = "server_shortens"

// finish ends an entry, unless it was put again meanwhile.
func (s *settling) finish(one *job, state crm.SyncState) error {
	done, err := s.tx.OutboxDone(s.link.ID, one.action.ID, one.entry.Revision)
	if err != nil || !done {
		return err
	}
	if one.action.FollowedBy == s.link.User {
		s.state(one.action, state)
	} else if err := s.leftBehind(s.tx, s.link, one.action.ID); err != nil {
		return err
	}
	return s.guestsSettled(s.tx, one.action)
}

// deleted: the event is gone on purpose. What it held stays for as long as it may be made again.
func (s *settling) deleted(one *job) error {
	s.did.Deleted++
	s.tombstones = append(s.tombstones, store.Tombstone{
		ID: crm.NewID[store.Tombstone](s.IDs), Link: s.link.ID, Action: one.action.ID, Href: one.resource.Href, UID: one.resource.UID,
		DeletedAt: s.Now(), Reason: one.reason,
	})
	if one.reason == reconcile.ReasonReassigned || one.reason == reconcile.ReasonLinkEnds {
		s.drop(one.resource)
	} else {
		one.resource.State, one.resource.Sent, one.resource.SeenAt = store.ResourceGone, nil, s.Now()
		if one.binding.Base != nil && one.action.Units.Equal(one.binding.Base.Agreed) {
			one.binding.AgreedVersion = one.action.Version
		}
		one.binding.Base = nil
		s.applier.resource(one.resource)
		s.bindings = append(s.bindings, one.binding)
	}
	state := crm.SyncState{Name: crm.NotSynced, Reason: crm.ReasonNoDate}
	if one.action.Deleted() {
		state.Reason = ReasonActionTrashed
	} else if s.ending() {
		state = withoutLink
	}
	return s.finish(one, state)
}

// ReasonActionTrashed is why an action is not_synced that a person deleted.
const ReasonActionTrashed = reconcile.ReasonActionDeleted

// met: another version of the event is there than we knew. It is merged; what is then still to be written is a new entry.
func (s *settling) met(one *job) error {
	if one.met.uid != one.resource.UID && one.met.uid != "" && one.resource.State == store.ResourceCreating {
		// Somebody else's event under the href we chose.
		s.drop(one.resource)
		return nil
	}
	done, err := s.tx.OutboxDone(s.link.ID, one.action.ID, one.entry.Revision)
	if err != nil {
		return err
	}
	if done {
		delete(s.entries, one.action.ID)
	}
	if one.kind == reconcile.CreateEvent || one.resource.State == store.ResourceCreating {
		s.did.Created++
	}
	same := s.sameVersion(one.resource, one.met)
	if one.unguarded && !same {
		s.crossed(one)
	}
	if same && one.resource.State == store.ResourceLive {
		// What was under way never arrived: it is still to be written.
		one.resource.Sent, one.resource.ETag = nil, one.met.etag
		s.applier.resource(one.resource)
		s.outbox = append(s.outbox, store.OutboxEntry{Link: s.link.ID, Action: one.action.ID, Origin: one.entry.Origin})
		return nil
	}
	return s.applier.event(one.met)
}

// missing: nothing is at the href. One that was to be made is made now; one that lived is looked for.
func (s *settling) missing(one *job) error {
	if one.resource.State == store.ResourceCreating {
		one.resource.Sent = nil
		s.applier.resource(one.resource)
		return nil
	}
	if one.kind == look && one.resource.Sent.Deletion() || one.kind == reconcile.DeleteEvent && one.unknown {
		return s.deletedBefore(one)
	}
	if s.ending() {
		one.reason = reconcile.ReasonLinkEnds
		return s.deleted(one)
	}
	s.round.missing = true
	if one.kind == look || one.unknown {
		return nil // what was sent stays known: should the event be there after all, it shows whether that arrived
	}
	one.resource.Sent = nil
	s.applier.resource(one.resource)
	return nil
}

// deletedBefore: a deletion that we sent was carried out, and its outcome was lost. An action that is to have an event again by
// now, because it was restored or got a date, keeps its entry: the next round makes the event anew.
func (s *settling) deletedBefore(one *job) error {
	local := localOf(s.run, one.action, one.binding)
	switch {
	case local.State == reconcile.LocalEnding:
		one.reason = reconcile.ReasonLinkEnds
	case local.State == reconcile.LocalTrashed:
		one.reason = reconcile.ReasonActionDeleted
	case local.State == reconcile.LocalLeft:
		one.reason = reconcile.ReasonReassigned
	case !one.action.When.HasDate():
		one.reason = reconcile.ReasonDatesCleared
	default:
		one.resource.State, one.resource.Sent, one.binding.Base = store.ResourceGone, nil, nil
		s.applier.resource(one.resource)
		s.bindings = append(s.bindings, one.binding)
		return nil
	}
	return s.deleted(one)
}

// refusedWrite reports whether a failure says for certain that what was sent never arrived. A look that failed does not, nor
// does a proxy's page, nor that a new event is there already, which may be ours.
func refusedWrite(kind reconcile.StepKind, failure *dav.Failure) bool {
	switch {
	case kind == look, failure.Class == dav.ClassUnknownOutcome, kind == reconcile.CreateEvent && failure.Class == dav.ClassPreconditionFailed:
		return false
	}
	return failure.Status >= 400 && failure.Status < 500
}

// failed: the server refused one event, and goes on with others.
func (s *settling) failed(one *job) error {
	failure, _ := dav.FailureOf(one.err)
	reason, params := failingOf(failure)
	if one.resource.Sent != nil && refusedWrite(one.kind, failure) {
		one.resource.Sent = nil
		s.applier.resource(one.resource)
	}
	if s.ending() && (one.wall || forGood(failure)) {
		s.did.Refused++
		return s.leave(s.tx, one, &s.applier.changes)
	}
	now, err := s.tx.Now()
	if err != nil {
		return err
	}
	retryAt, err := s.round.retryAt(s.tx, one.entry, failure)
	if err != nil {
		return err
	}
	state := crm.SyncState{Name: crm.Pending, Reason: reason, Params: params}
	switch {
	case one.wall:
		s.mu.Lock()
		s.metWall = true
		s.mu.Unlock()
		reason, retryAt = crm.ReasonCalendarReadOnly, now.Add(readOnlyRetry)
		state = crm.SyncState{Name: crm.Pending, Reason: reason}
	case failure.Class == dav.ClassTemporary, failure.Class == dav.ClassUnknownOutcome, failure.Class == dav.ClassPreconditionFailed:
	default:
		reason, retryAt = crm.ReasonRefused, now.Add(refusedRetry)
		if failure.Status != 0 {
			params = map[string]string{"status": strconv.Itoa(failure.Status)}
		}
		state = crm.SyncState{Name: crm.SetAside, Reason: reason, Params: params}
		if facts := factsOf(one.resource.Body); failure.Class == dav.ClassForbidden && one.kind != reconcile.CreateEvent && facts.Organizer != (eventmap.Person{}) {
			state = others(facts.Organizer) // the server says that it is not ours (semantics 7)
		}
		s.did.Refused++
	}
	kept, err := s.tx.OutboxRetry(s.link.ID, one.action.ID, one.entry.Revision, retryAt, reason, params)
	if err == nil && kept && one.action.FollowedBy == s.link.User {
		s.state(one.action, state)
	}
	return err
}
