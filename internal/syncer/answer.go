package syncer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/plant"
	"agendaonline/internal/store"
)

// Bounds of one answer: how much of it is held until it is known to be whole, how many events one transaction applies, and
// how many one multiget asks for.
const (
	heldBytes   = 16 << 20
	heldMembers = 20_000
	perCommit   = 250
	perMultiget = 100
)

// answer gathers what a report or listing says of the members of the calendar. It is held until it is known to be whole, so
// that a cut answer is nothing; one that is too large for that is applied in parts as it comes, deletions at its end.
type answer struct {
	*run
	ctx     context.Context
	members []dav.Member   // the last word about each
	index   map[string]int // into members, by key of href
	size    int
	parted  bool       // a part of it is applied already
	unread  []dav.Href // there, but not with their text
	etags   map[string]dav.ETag
	torn    map[string]bool // told as present and as gone
	events  []*event        // to be read and applied
	gone    []dav.Href

	// For a listing of the whole calendar: what we know of it.
	whole  bool
	known  map[string]knownResource
	seen   map[string]bool
	living int
	hits   int // known ones that were seen
}

type knownResource struct {
	href  dav.Href
	uid   string
	etag  dav.ETag
	state store.ResourceState
}

func (r *run) newAnswer(ctx context.Context) *answer {
	return &answer{run: r, ctx: ctx, index: map[string]int{}, etags: map[string]dav.ETag{}, torn: map[string]bool{}, living: -1}
}

// compareWith loads what is known of the calendar, for an answer that lists all of it.
func (a *answer) compareWith() error {
	a.whole, a.known, a.seen, a.living = true, map[string]knownResource{}, map[string]bool{}, 0
	return a.Store.Read(a.ctx, func(tx *store.Tx) error {
		clear(a.known)
		a.living = 0
		for resource, err := range tx.Resources(a.link.ID) {
			if err != nil {
				return err
			}
			a.known[resource.Href.Key()] = knownResource{resource.Href, resource.UID, resource.ETag, resource.State}
			if resource.State == store.ResourceLive && resource.SetAside.Reason == "" {
				a.living++
			}
		}
		return nil
	})
}

// untold are the events made here since the calendar was asked last, of which the report says nothing: neither that they are
// there nor that they are gone. A server may hide what came and went between two reports (Xandikos 0.2.8), so a person may have
// deleted them. It is asked before complete, which takes the members apart.
func (a *answer) untold() ([]dav.Href, error) {
	var hrefs []dav.Href
	err := a.Store.Read(a.ctx, func(tx *store.Tx) error {
		hrefs = nil
		made, err := tx.UntoldResources(a.link.ID, a.before.LastCheckedAt)
		for _, resource := range made {
			if _, told := a.index[resource.Href.Key()]; !told {
				hrefs = append(hrefs, resource.Href)
			}
		}
		return err
	})
	return hrefs, err
}

// visit takes one member.
func (a *answer) visit(member dav.Member) error {
	key := member.Href.Key()
	if a.whole && member.Kind != dav.MemberGone && !a.seen[key] {
		a.seen[key] = true
		if known, ok := a.known[key]; ok && known.state.There() {
			a.hits++
		}
	}
	if at, again := a.index[key]; again {
		if (member.Kind == dav.MemberGone) != (a.members[at].Kind == dav.MemberGone) {
			a.torn[key] = true
		}
		a.size += len(member.Data) - len(a.members[at].Data)
		a.members[at] = member // the last word counts (F24)
	} else {
		a.index[key] = len(a.members)
		a.members = append(a.members, member)
		a.size += len(member.Data)
	}
	a.progress.Expected++
	share := 1
	if a.parted {
		share = 4 // nothing is gained by holding much any more, and room lost
	}
	if a.size < heldBytes/share && len(a.members) < heldMembers/share || a.whole && a.living > 0 && a.hits == 0 {
		return nil
	}
	a.parted = true
	a.sort()
	return a.applyEvents(nil, guarded, nil)
}

// sort takes the members apart by what is to be done about them. What the calendar has as we know it, is done.
func (a *answer) sort() {
	for i := range a.members {
		member := &a.members[i]
		switch {
		case member.Kind == dav.MemberGone:
			a.gone = append(a.gone, member.Href)
		case member.Kind == dav.MemberUnusable:
			a.Log.Info("member with an href that is not followed", "link", a.link.ID.String())
		case member.Kind == dav.MemberPresent && (member.Data != nil || member.TooLarge):
			a.events = append(a.events, newEvent(*member))
		case a.isKnown(member):
		default:
			a.unread = append(a.unread, member.Href)
			a.etags[member.Href.Key()] = member.ETag
		}
	}
	a.members, a.size = nil, 0
	clear(a.index)
}

// isKnown reports whether a member of a whole listing has the ETag we know.
func (a *answer) isKnown(member *dav.Member) bool {
	known, ok := a.known[member.Href.Key()]
	return ok && known.state.There() && known.etag.Same(member.ETag)
}

// complete reads what the answer left out, once it is known to be whole.
func (a *answer) complete() error {
	a.sort()
	if !a.whole && len(a.unread) > 0 {
		if err := a.dropKnown(); err != nil {
			return err
		}
	}
	var singly []dav.Href
	for hrefs := range slices.Chunk(a.unread, perMultiget) {
		if len(a.unread) == 1 {
			singly = hrefs
			break
		}
		asked := map[string]dav.Href{}
		for _, href := range hrefs {
			asked[href.Key()] = href
		}
		err := a.remote.Multiget(a.ctx, hrefs, func(member dav.Member) error {
			delete(asked, member.Href.Key())
			switch {
			case member.Kind == dav.MemberPresent && (member.Data != nil || member.TooLarge):
				a.events = append(a.events, newEvent(member))
			case member.Kind == dav.MemberGone && plant.On(plant.MultigetGone):
				a.gone = append(a.gone, member.Href)
			case member.Kind == dav.MemberUnanswered && member.Status != 403:
				a.doubt = true
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, href := range hrefs { // in order
			if _, open := asked[href.Key()]; open {
				singly = append(singly, href)
			}
		}
	}
	a.unread = nil
	if err := a.confirmTexts(); err != nil {
		return err
	}
	if err := a.readSingly(singly, func(dav.Href) {}); err != nil {
		return err
	}
	return a.confirmGone()
}

// confirmGone asks for those at their own hrefs that were told as present, too, and for those that were changed here and
// would be made again: there a server's mistake would double an event (F13, F24). For the others its word is enough.
func (a *answer) confirmGone() error {
	if len(a.gone) == 0 {
		return nil
	}
	doubtful := map[string]bool{}
	err := a.Store.Read(a.ctx, func(tx *store.Tx) error {
		clear(doubtful)
		known, err := tx.ResourcesByHref(a.link.ID, a.gone)
		if err != nil {
			return err
		}
		keys := map[store.ResourceID]string{}
		var ids []store.ResourceID
		for key, resource := range known {
			if resource.State == store.ResourceLive {
				keys[resource.ID] = key
				ids = append(ids, resource.ID)
			}
		}
		bound, err := tx.BindingsOf(ids)
		for _, one := range bound {
			if one.Base == nil || !one.Bound.Units.Equal(one.Base.Agreed) {
				doubtful[keys[one.Resource]] = true
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	var ask []dav.Href
	a.gone = slices.DeleteFunc(a.gone, func(href dav.Href) bool {
		if !doubtful[href.Key()] && !a.torn[href.Key()] {
			return false
		}
		ask = append(ask, href)
		return true
	})
	return a.readSingly(ask, func(href dav.Href) { a.gone = append(a.gone, href) })
}

// dropKnown leaves out of what is still to be read what has the ETag we know; a sync report repeats our own writes.
func (a *answer) dropKnown() error {
	return a.Store.Read(a.ctx, func(tx *store.Tx) error {
		known, err := tx.ResourcesByHref(a.link.ID, a.unread)
		if err != nil {
			return err
		}
		a.unread = slices.DeleteFunc(a.unread, func(href dav.Href) bool {
			resource, ok := known[href.Key()]
			return ok && resource.State.There() && resource.Sent == nil && resource.ETag.Same(a.etags[href.Key()])
		})
		return nil
	})
}

// readSingly reads members one by one, several at a time. One that is not there is told to missing; nothing follows from
// that alone.
func (a *answer) readSingly(hrefs []dav.Href, missing func(dav.Href)) error {
	if len(hrefs) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancelCause(a.ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var group sync.WaitGroup
	next := make(chan dav.Href)
	for range min(a.AtOnce, len(hrefs)) {
		group.Go(func() {
			for href := range next {
				resource, err := a.remote.Get(ctx, href)
				mu.Lock()
				switch {
				case err == nil:
					a.events = append(a.events, newEvent(dav.Member{Kind: dav.MemberPresent, Href: href, ETag: resource.ETag, Data: resource.Body}))
				case dav.ClassOf(err) == dav.ClassGone:
					missing(href)
				case dav.ClassOf(err) == dav.ClassForbidden, dav.ClassOf(err) == dav.ClassPermanent:
					// One that may not be read is left as it is, and does not stop the rest.
				default:
					cancel(err)
				}
				mu.Unlock()
			}
		})
	}
	for _, href := range hrefs {
		select {
		case next <- href:
		case <-ctx.Done():
		}
	}
	close(next)
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// findMissing asks for each known event that a whole listing left out, at its own href.
func (a *answer) findMissing() error {
	var absent []dav.Href
	for key, known := range a.known {
		if known.state.There() && known.state != store.ResourceLeftOut && !a.seen[key] {
			absent = append(absent, known.href)
		}
	}
	slices.Sort(absent)
	if plant.On(plant.Absence) || plant.On(plant.FailedListingIsEmpty) {
		a.gone = append(a.gone, absent...)
		return nil
	}
	return a.readSingly(absent, func(href dav.Href) { a.gone = append(a.gone, href) })
}

// empties reports whether a report takes away all that is known of a calendar with several events, at once.
func (a *answer) empties() bool {
	if a.settings.Guard.Emptied <= 0 || len(a.gone) < a.settings.Guard.Emptied || len(a.events) > 0 || a.decided != guarded {
		return false
	}
	lost := 0
	err := a.Store.Read(a.ctx, func(tx *store.Tx) error {
		var err error
		if a.living, err = tx.LiveResources(a.link.ID); err != nil {
			return err
		}
		resources, err := tx.ResourcesByHref(a.link.ID, a.gone)
		lost = 0
		for _, resource := range resources {
			if resource.State == store.ResourceLive && resource.SetAside.Reason == "" {
				lost++
			}
		}
		return err
	})
	return err == nil && a.living >= a.settings.Guard.Emptied && lost >= a.living
}

// anotherCalendar reports whether a whole listing is that of an emptied calendar, or of another one: nothing of what we
// know is there, neither by href nor by UID.
func (a *answer) anotherCalendar() (kind string, other bool) {
	switch {
	case a.settings.Guard.Emptied <= 0, a.living < a.settings.Guard.Emptied, a.hits > 0:
		return "", false
	case len(a.seen) == 0:
		return HeldEmptied, true
	}
	uids := map[string]bool{}
	for _, e := range a.events {
		read := *e
		read.read()
		uids[read.uid] = true
	}
	for _, known := range a.known {
		if known.state == store.ResourceLive && uids[known.uid] {
			return "", false
		}
	}
	return HeldOther, true
}

// apply applies all of the answer; last runs in the transaction of its end.
func (a *answer) apply(how removal, last func(*store.Tx) error) error {
	return a.applyEvents(a.gone, how, last)
}

// applyEvents applies events in parts, each in one transaction; the last of them with what is gone. While a part is
// written, the next is read.
func (a *answer) applyEvents(gone []dav.Href, how removal, last func(*store.Tx) error) error {
	events := a.events
	a.events = nil
	planned := a.first != nil && a.first.look && !a.first.rules.Decided
	if planned {
		if err := a.lookFirst(events); err != nil {
			return err
		}
	}
	vacated := map[string]bool{}
	for _, href := range append(slices.Clone(gone), a.gone...) {
		vacated[href.Key()] = true
	}
	present := make(map[string]bool, len(events))
	for _, e := range events {
		present[e.href.Key()] = true
	}
	ahead := readAhead{left: events}
	defer ahead.end()
	for {
		part, final := ahead.next()
		if final && len(part) == 0 && len(gone) == 0 && last == nil {
			return nil
		}
		if err := a.vacate(part, present, vacated); err != nil {
			return err
		}
		if a.first != nil && !planned {
			if err := a.planPart(part); err != nil {
				return err
			}
		}
		var paired []crm.ActionID
		err := a.commit(a.ctx, "pull", func(tx *store.Tx) (crm.Counts, error) {
			var lost []dav.Href
			if final {
				lost = gone
			}
			applier, err := a.newApplier(tx, part, lost, vacated)
			if err != nil {
				return crm.Counts{}, err
			}
			for _, e := range part {
				fresh := *e // an event may be set aside on the way, and the transaction begin again
				if err := applier.event(&fresh); err != nil {
					return crm.Counts{}, err
				}
			}
			if final {
				if err := applier.gone(lost, how); err != nil {
					return crm.Counts{}, err
				}
				if last != nil {
					if err := last(tx); err != nil {
						return crm.Counts{}, err
					}
				}
			}
			paired = applier.paired
			return applier.did, applier.write(tx)
		})
		if err != nil {
			return err
		}
		for _, id := range paired {
			a.twins[id] = true
		}
		a.progress.Processed += len(part)
		a.show()
		if final {
			return nil
		}
	}
}

// readAhead hands events out in parts that have been read, and reads one part ahead.
type readAhead struct {
	left    []*event // the first reading of which are being read, or have been
	reading int
	group   sync.WaitGroup
	thrown  any // of the reading, to be thrown again where the run sees to it (F42)
}

// next is the next part, and whether it is the last.
func (r *readAhead) next() (part []*event, final bool) {
	if r.reading == 0 {
		r.begin()
	}
	r.group.Wait()
	if r.thrown != nil {
		panic(r.thrown)
	}
	part = slices.Clone(r.left[:r.reading])
	clear(r.left[:r.reading]) // what was read takes room
	r.left, r.reading = r.left[r.reading:], 0
	r.begin()
	return part, len(r.left) == 0
}

func (r *readAhead) begin() {
	r.reading = min(perCommit, len(r.left))
	if r.reading == 0 {
		return
	}
	part := r.left[:r.reading]
	r.group.Go(func() {
		defer func() {
			if thrown := recover(); thrown != nil {
				r.thrown = fmt.Sprintf("reading an event panicked: %v\n%s", thrown, debug.Stack())
			}
		}()
		for _, e := range part {
			e.read()
		}
	})
}

// end waits for the reading that goes on.
func (r *readAhead) end() { r.group.Wait() }

// vacate finds out about events at unknown hrefs whose UID we know at another one: whether that one is empty now, so that
// the event moved, or still there, so that it is doubled (F24, F25). present are the keys of the hrefs that the answer told as
// present.
func (a *answer) vacate(events []*event, present, vacated map[string]bool) error {
	if a.whole && len(a.known) == 0 {
		return nil // nothing is known at any other href but what this answer told
	}
	var uids []string
	byUID := map[string]dav.Href{}
	for _, e := range events {
		if e.uid != "" {
			uids = append(uids, e.uid)
			byUID[e.uid] = e.href
		}
	}
	var ask []dav.Href
	err := a.Store.Read(a.ctx, func(tx *store.Tx) error {
		ask = nil
		known, err := tx.ResourcesByUIDs(a.link.ID, uids)
		for uid, resources := range known {
			for _, resource := range resources {
				key := resource.Href.Key()
				if resource.State == store.ResourceLive && resource.SetAside.Reason != crm.ReasonUIDElsewhere && key != byUID[uid].Key() && !present[key] && !vacated[key] && !a.seen[key] {
					ask = append(ask, resource.Href)
				}
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(ask)
	for _, href := range ask {
		_, err := a.remote.Get(a.ctx, href)
		switch {
		case dav.ClassOf(err) == dav.ClassGone:
			vacated[href.Key()] = true
		case err != nil && errors.Is(err, a.ctx.Err()):
			return err
		case err != nil && dav.ClassOf(err) != dav.ClassForbidden:
			return err
		}
	}
	return nil
}
