package syncer

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/plant"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

func decimal(n int) string { return strconv.Itoa(n) }

// applier applies what was read of the calendar to the CRM's side, in one transaction: it decides about each event and
// gathers what to write.
type applier struct {
	*run
	tx *store.Tx
	changes

	byHref  map[string]store.Resource
	byUID   map[string][]store.Resource
	aliases map[string]crm.ActionID
	others  map[string]store.Elsewhere // of UIDs that this calendar did not know
	bound   map[store.ResourceID]store.Binding
	actions map[crm.ActionID]crm.Action
	entries map[crm.ActionID]store.OutboxEntry
	vacated map[string]bool           // keys of hrefs that are proven to be empty now
	paired  []crm.ActionID            // a person is asked about from now on
	over    map[store.ResourceID]bool // dropped in this transaction
}

// newApplier loads all that is known of the given events and hrefs.
func (r *run) newApplier(tx *store.Tx, events []*event, hrefs []dav.Href, vacated map[string]bool) (*applier, error) {
	a := &applier{
		run: r, tx: tx, vacated: vacated, bound: map[store.ResourceID]store.Binding{}, actions: map[crm.ActionID]crm.Action{},
		over: map[store.ResourceID]bool{},
	}
	hrefs = slices.Grow(slices.Clone(hrefs), len(events))
	for _, e := range events {
		hrefs = append(hrefs, e.href)
	}
	var err error
	if a.byHref, err = tx.ResourcesByHref(r.link.ID, hrefs); err != nil {
		return nil, err
	}
	a.expect(max(0, len(events)-len(a.byHref)))
	var unknown []string
	for _, e := range events {
		resource, known := a.byHref[e.href.Key()]
		if e.uid != "" && (!known || resource.UID != e.uid || resource.SetAside.Reason != "") {
			unknown = append(unknown, e.uid)
		}
	}
	if a.byUID, err = tx.ResourcesByUIDs(r.link.ID, unknown); err != nil {
		return nil, err
	}
	if a.aliases, err = tx.ActionsOfUIDs(r.link.CalendarHref, unknown); err != nil {
		return nil, err
	}
	if a.others, err = tx.ElsewhereByUID(r.link.ID, unknown); err != nil {
		return nil, err
	}
	if err = a.ownFirst(unknown); err != nil {
		return nil, err
	}
	var ids []store.ResourceID
	for _, resource := range a.byHref {
		ids = append(ids, resource.ID)
	}
	for _, resources := range a.byUID {
		for _, resource := range resources {
			ids = append(ids, resource.ID)
		}
	}
	return a, a.loadBound(ids)
}

// ownFirst finds the actions whose first event was made before the database went back to an earlier state: its UID is the action's
// id (F21). Only those of this link's user, because anybody may write a UID.
func (a *applier) ownFirst(uids []string) error {
	var ids []crm.ActionID
	for _, uid := range uids {
		_, known := a.aliases[uid]
		if id, err := crm.ParseID[crm.Action](uid); err == nil && !known && !id.IsZero() && len(a.byUID[uid]) == 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	actions, err := a.tx.Actions(ids)
	for _, action := range actions {
		// One without dates would take them from the event, which is an edit that was made since.
		if action.FollowedBy == a.link.User && action.When.HasDate() {
			a.aliases[action.ID.String()] = action.ID
		}
	}
	return err
}

// loadBound loads the bindings of resources with their actions, and the work that waits for these.
func (a *applier) loadBound(ids []store.ResourceID) error {
	bindings, err := a.tx.BindingsOf(ids)
	if err != nil {
		return err
	}
	var actions []crm.ActionID
	for _, binding := range bindings {
		a.bound[binding.Resource] = binding.Binding
		actions = append(actions, binding.Action)
	}
	for _, id := range a.aliases {
		actions = append(actions, id)
	}
	for _, other := range a.others {
		actions = append(actions, other.Action)
	}
	// With their documents, which a changed action keeps.
	loaded, err := a.tx.Actions(actions)
	if err != nil {
		return err
	}
	for _, action := range loaded {
		a.actions[action.ID] = action
	}
	a.entries, err = a.tx.OutboxOfActions(a.link.ID, actions)
	return err
}

// event applies one event that was read.
func (a *applier) event(e *event) error {
	resource, known := a.byHref[e.href.Key()]
	if known && resource.State.There() && !e.parked && resource.Sent == nil && (a.sameVersion(resource, e) || resource.ETag == "" && plant.On(plant.AnswersETagIgnored)) {
		if resource.ETag != e.etag {
			resource.ETag = e.etag
			a.resource(resource)
		}
		return nil
	}
	if known && resource.State == store.ResourceLive && resource.UID != "" && e.uid != "" && resource.UID != e.uid {
		// Another event stands under the href now: the one we knew is gone.
		if err := a.replaced(resource); err != nil {
			return err
		}
		known = false
	}
	if !known {
		var doubled bool
		if resource, known, doubled = a.recognise(e); doubled {
			e.aside = &store.SetAside{Reason: crm.ReasonUIDElsewhere}
			e.showAside()
		}
	}
	if known && resource.State.Parked() && !e.parked && (resource.State == store.ResourceTwin || bytes.Equal(resource.Body, e.body)) {
		// It moved only, or a person is asked about it already.
		resource.Href, resource.ETag, resource.Body, resource.SeenAt = e.href, e.etag, e.body, a.Now()
		a.resource(resource)
		return nil
	}
	if !known {
		resource = store.Resource{ID: crm.NewID[store.Resource](a.IDs), Link: a.link.ID, State: store.ResourceLive}
	}
	binding, isBound := a.bound[resource.ID]
	var action crm.Action
	var item reconcile.Item
	if isBound {
		action = a.actions[binding.Action]
		item.Local, item.Base = a.local(action, binding), binding.Base
	} else if !e.twin.IsZero() {
		action = a.actions[e.twin]
		item.Local = a.local(action, store.Binding{AgreedVersion: action.Version})
	} else if found, err := a.findAction(e, &action); err != nil {
		return err
	} else if found {
		action.FollowedBy = a.link.User
		item.Local = a.local(action, store.Binding{AgreedVersion: action.Version})
	} else {
		item.Local.State = reconcile.LocalUnknown
	}
	before := readObject(resource.Body)
	if resource.Sent != nil && e.object != nil {
		item.Base, before = a.recovered(resource, item.Base, e, action, before)
	}
	zone := a.user.TimeZone
	if !action.ID.IsZero() {
		zone = action.When.Zone
	}
	if isBound && item.Base == nil && item.Local.State == reconcile.LocalLive && resource.State == store.ResourceGone {
		item.Base = a.heldBefore(before, zone)
	}
	var read eventmap.Extracted
	if e.aside == nil {
		var err error
		against := item.Base
		if against == nil && before != nil && isBound && action.Version == binding.AgreedVersion {
			// It comes back, and nobody changed the action since: what the CRM made up in the event as it was is still not
			// typed by anybody.
			against = &reconcile.Base{Agreed: action.Units, Server: action.Units}
		}
		if read, err = a.extract(e, zone, against, before); err != nil {
			e.setAside(err)
		}
	}
	if reason := a.unwanted(e.facts); e.aside == nil && item.Local.State == reconcile.LocalUnknown && reason != "" {
		e.aside = &store.SetAside{Reason: reason}
		e.showAside()
	}
	item.Remote = reconcile.Remote{State: reconcile.RemotePresent, Units: read.Units, PlaceOrRuleEdited: before != nil && e.object != nil && eventmap.PlaceOrRuleEdited(before, e.object)}
	if e.aside != nil {
		item.Remote = reconcile.Remote{State: reconcile.RemoteSetAside, Reason: e.aside.Reason}
	}
	closed := a.closed(e.facts.Private, e.facts)
	rules := a.rules(closed.Reason)
	var plan reconcile.Plan
	if e.twin.IsZero() {
		plan = reconcile.Decide(item, rules, a.moments(action, e))
	} else {
		plan = a.joined(item, rules, a.moments(action, e))
	}

	creating := known && resource.State == store.ResourceCreating
	resource.Href, resource.SeenAt = e.href, a.seenAt()
	if e.aside == nil || resource.Sent == nil { // else what became of our write cannot be seen yet (F5)
		resource.ETag, resource.State, resource.Sent = e.etag, store.ResourceLive, nil
	}
	if e.uid != "" {
		resource.UID = e.uid
	}
	if e.aside != nil {
		resource.SetAside = *e.aside
		if !isBound { // else the text that both sides agreed on stays
			resource.Body = e.body
		}
	} else {
		resource.SetAside, resource.Body = store.SetAside{}, e.body
	}
	parked := false
	if item.Local.State == reconcile.LocalUnknown && e.aside == nil {
		var err error
		if parked, err = a.park(e, &resource); err != nil {
			return err
		}
	}
	if known {
		a.resource(resource)
	} else {
		a.newResources = append(a.newResources, resource)
		a.byHref[e.href.Key()] = resource
		if e.uid != "" {
			a.byUID[e.uid] = append(a.byUID[e.uid], resource)
		}
	}
	if parked {
		return nil
	}
	if item.Local.State == reconcile.LocalUnknown && e.aside != nil {
		a.did.SetAside++
		return nil
	}
	if !isBound {
		binding = store.Binding{Resource: resource.ID}
	}
	binding.Base = item.Base
	if creating && isBound && resource.State == store.ResourceLive {
		// Our PUT, whose answer was lost: only now is it certain that the event is here.
		if err := a.leaveOthers(action); err != nil {
			return err
		}
	}
	return a.carry(plan, carrying{action: action, binding: binding, bound: isBound, event: e, closed: closed, notices: read.Notices})
}

// leaveOthers wakes the calendars that an action has still to leave, now that it is in its follower's.
func (a *applier) leaveOthers(action crm.Action) error {
	bindings, err := a.tx.BindingsOfAction(action.ID)
	if err != nil {
		return err
	}
	for _, binding := range bindings {
		if binding.Bound.Link == a.link.ID || binding.Bound.State == store.ResourceGone {
			continue
		}
		link, err := a.tx.Link(binding.Bound.Link)
		if err != nil {
			return err
		}
		if !link.Leaving() {
			a.outbox = append(a.outbox, store.OutboxEntry{Link: link.ID, Action: action.ID, Origin: reconcile.OriginMerge})
		}
	}
	return nil
}

// replaced ends a resource whose href another event has taken.
func (a *applier) replaced(resource store.Resource) error {
	binding, isBound := a.bound[resource.ID]
	if isBound {
		delete(a.byHref, resource.Href.Key())
		if took, err := a.twinTakesOver(resource); took || err != nil {
			return err
		}
	}
	a.drop(resource)
	a.unbind(resource.ID)
	if !isBound {
		return nil
	}
	action := a.actions[binding.Action]
	item := reconcile.Item{Base: binding.Base, Local: a.local(action, binding), Remote: reconcile.Remote{State: reconcile.RemoteGone}}
	plan := reconcile.Decide(item, a.rules(a.readOnly(action.Private)), reconcile.Moments{})
	return a.carry(plan, carrying{action: action, binding: binding, bound: true, ended: true})
}

// drop ends a resource, once. Nothing that is looked for later in the transaction finds it any more.
func (a *applier) drop(resource store.Resource) {
	if a.over[resource.ID] {
		return
	}
	a.over[resource.ID] = true
	a.dropped = append(a.dropped, resource.ID)
	if now, is := a.byHref[resource.Href.Key()]; is && now.ID == resource.ID {
		delete(a.byHref, resource.Href.Key())
	}
}

// current is a resource that was read of the database, as this transaction has it by now; false when it is dropped.
func (a *applier) current(resource store.Resource) (store.Resource, bool) {
	for i := range a.resources {
		if a.resources[i].ID == resource.ID {
			resource = a.resources[i]
		}
	}
	return resource, !a.over[resource.ID]
}

// sameVersion reports whether the calendar's version of a resource is the one we have. Where no ETag comes with the answer to a
// PUT, what we have is always what was read, and texts that differ under one ETag are two versions: Google counts seconds in its
// ETags, and an edit in the second of our own would never be seen. Line ends are no version: SabreDAV 1.8 has others in reports.
func (r *run) sameVersion(resource store.Resource, e *event) bool {
	if len(e.body) > 0 && len(resource.Body) > 0 && r.has(dav.NoETagOnPut) {
		return bytes.Equal(resource.Body, e.body) || resource.ETag.Same(e.etag) && bytes.Equal(withoutCR(resource.Body), withoutCR(e.body))
	}
	return resource.ETag.Same(e.etag) || len(e.body) > 0 && bytes.Equal(resource.Body, e.body)
}

func withoutCR(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r"), nil) }

// resource writes a resource once, however often it changes.
func (a *applier) resource(resource store.Resource) {
	a.byHref[resource.Href.Key()] = resource
	for i := range a.resources {
		if a.resources[i].ID == resource.ID {
			a.resources[i] = resource
			return
		}
	}
	a.resources = append(a.resources, resource)
}

// recognise looks for the resource that an event at an unknown href is: one that moved, that came back, or that we made and
// the server put elsewhere. doubled: its UID lives under another href of this calendar.
func (a *applier) recognise(e *event) (resource store.Resource, known, doubled bool) {
	if e.uid == "" {
		return store.Resource{}, false, false
	}
	for _, candidate := range a.byUID[e.uid] {
		candidate, lives := a.current(candidate)
		switch {
		case !lives:
		case candidate.SetAside.Reason == crm.ReasonUIDElsewhere:
		case candidate.State != store.ResourceLive, a.vacated[candidate.Href.Key()]:
			delete(a.byHref, candidate.Href.Key())
			return candidate, true, false
		default:
			doubled = true
		}
	}
	return store.Resource{}, false, doubled
}

// findAction looks for the action that an event is known to belong to: by its UID, or an alias (semantics 4). One that
// somebody else follows comes over to this link's user, unless it is still shown in the other's calendar.
func (a *applier) findAction(e *event, action *crm.Action) (bool, error) {
	if e.aside != nil && e.aside.Reason == crm.ReasonUIDElsewhere {
		return false, nil
	}
	id, known := a.aliases[e.uid]
	// The copies of one meeting in its guests' calendars come and go by themselves: nobody drags them.
	if other := a.others[e.uid]; !known && len(e.facts.Attendees) == 0 && other.State == store.ResourceGone && a.justMoved(a.actions[other.Action]) {
		id, known = other.Action, true
	}
	if !known {
		return false, nil
	}
	found, exists := a.actions[id]
	if !exists {
		return false, nil // purged
	}
	shown, err := a.shownIn(id)
	if err != nil {
		return false, err
	}
	if shown.here || found.FollowedBy != a.link.User && shown.elsewhere {
		return false, nil // it has its event; this one is another action's
	}
	*action = found
	return true, nil
}

// justMoved reports whether an action went to the trash a short while ago because its event left another calendar: the same
// event here is that one, dragged over (semantics 6).
func (a *applier) justMoved(action crm.Action) bool {
	return action.Deleted() && action.Sync.Reason == crm.ReasonEventDeleted && a.Now().Sub(action.DeletedAt) < dragged
}

// dragged is how long after it left one linked calendar an event is taken to have been moved when it appears in another, or
// the reverse. What stands in two calendars for longer is a meeting that two users have.
const dragged = time.Hour

// places are where an action has a living event.
type places struct{ here, elsewhere bool }

func (a *applier) shownIn(id crm.ActionID) (places, error) {
	var shown places
	bindings, err := a.tx.BindingsOfAction(id)
	if err != nil {
		return shown, err
	}
	for _, binding := range bindings {
		switch {
		case binding.Bound.State == store.ResourceGone:
		case binding.Bound.Link == a.link.ID:
			shown.here = true
		default:
			link, err := a.tx.Link(binding.Bound.Link)
			if err != nil {
				return shown, err
			}
			shown.elsewhere = shown.elsewhere || !link.Leaving()
		}
	}
	return shown, nil
}

// local is the CRM's side of an item.
func (a *applier) local(action crm.Action, binding store.Binding) reconcile.Local {
	return localOf(a.run, action, binding)
}

func localOf(r *run, action crm.Action, binding store.Binding) reconcile.Local {
	local := reconcile.Local{State: reconcile.LocalLive, Units: action.Units, OtherEdited: action.Version > binding.AgreedVersion}
	switch {
	case action.ID.IsZero():
		local.State = reconcile.LocalUnknown
	case r.ending():
		local.State = reconcile.LocalEnding
	case action.Deleted():
		local.State = reconcile.LocalTrashed
	case action.FollowedBy != r.link.User:
		local.State = reconcile.LocalLeft
	}
	return local
}

// heldBefore is what both sides agreed on of an event until it was deleted: its action was restored, and the event was made again by
// somebody else meanwhile. What only one of them changed since is no conflict. nil where that cannot be read any more.
func (a *applier) heldBefore(before *eventmap.Object, zone string) *reconcile.Base {
	if before == nil {
		return nil
	}
	read, err := a.extract(&event{object: before}, zone, nil, nil)
	if err != nil {
		return nil
	}
	return &reconcile.Base{Agreed: read.Units, Server: read.Units}
}

// recovered is the base to merge with where a write of ours was under way whose outcome was not known: what the event shows
// of it was agreed on, and before is then the text that was sent.
func (a *applier) recovered(resource store.Resource, base *reconcile.Base, e *event, action crm.Action, before *eventmap.Object) (*reconcile.Base, *eventmap.Object) {
	sent := readObject(resource.Sent.Body)
	if sent == nil || resource.State == store.ResourceLive && a.sameVersion(resource, e) {
		return base, before // it never arrived
	}
	values := &reconcile.Base{Agreed: resource.Sent.Values, Server: resource.Sent.Values}
	ours, err := a.extract(&event{object: sent}, action.When.Zone, values, sent)
	if err != nil {
		return base, before
	}
	theirs, err := a.extract(e, action.When.Zone, &reconcile.Base{Agreed: values.Agreed, Server: ours.Units}, sent)
	if err != nil {
		return base, before
	}
	merged := reconcile.Base{Agreed: values.Agreed, Server: ours.Units}
	units := crm.AllUnits
	if base != nil {
		merged, units = *base, resource.Sent.Values.Differing(base.Agreed)
		if len(units) == 0 { // it was answered well, but what the server made of it was never read
			units = crm.AllUnits
		}
	}
	arrived := base == nil // nobody else knows the UID of an event that we were making
	for _, unit := range units {
		there := crm.HistoryText(unit, theirs.Units)
		// What was there before is no form of ours, however it looks: the write never came.
		form := there != "" && !e.refusedOurs && (base == nil || there != crm.HistoryText(unit, base.Server)) && serverForm(ours.Units, ours.Units.With(unit, theirs.Units))
		if there == crm.HistoryText(unit, ours.Units) || form {
			merged.Agreed, merged.Server = merged.Agreed.With(unit, values.Agreed), merged.Server.With(unit, theirs.Units)
			arrived = true
		}
	}
	if arrived {
		before = sent
	}
	return &merged, before
}
