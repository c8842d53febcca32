package syncer

import (
	"slices"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// Why an event is not imported when new and takes no writes when known (semantics 5, 7): its meeting is cancelled, the
// link's user declined it, or it is somebody else's. Whose it is stands in the parameter organizer.
const (
	ReasonCancelled crm.Reason = "event_cancelled"
	ReasonDeclined  crm.Reason = "event_declined"
	ReasonOthers    crm.Reason = "others_event"
)

// HeldGuests is the kind of what waits until a person decides whether guests are told: one action, and how many guests its
// event has. DecisionTell lets it go out, and so does DecisionInvite, which invites them to the event that is made again; any other
// decision does not. CountAgain marks a matter about an event that is made again, CountMoves one whose action goes to another calendar.
const (
	HeldGuests     = "guests"
	DecisionTell   = "tell"
	DecisionInvite = "invite_again"

	CountAgain = "again"
	CountMoves = "moves"
)

// shownOrganizer is the longest name of an organizer that is kept with an action.
const shownOrganizer = 100

// unwanted is why an event is not imported when new, "" when it is (semantics 5).
func (r *run) unwanted(facts eventmap.Facts) crm.Reason {
	switch {
	case facts.Cancelled:
		return ReasonCancelled
	case facts.AnswerOf(r.own) == "DECLINED":
		return ReasonDeclined
	}
	return ""
}

// closed is how the action of an event stands that takes no writes, the zero state where the event takes them.
func (r *run) closed(private bool, facts eventmap.Facts) crm.SyncState {
	reason := r.readOnly(private)
	if reason == "" {
		reason = r.unwanted(facts)
	}
	switch {
	case reason != "":
		return crm.SyncState{Name: crm.ReadOnly, Reason: reason}
	case !facts.Mine(r.own):
		return others(facts.Organizer)
	}
	return crm.SyncState{}
}

// others is how the action of somebody else's event stands.
func others(organizer eventmap.Person) crm.SyncState {
	name := organizer.Name
	for _, other := range []string{organizer.Email, bareAddress(organizer.Address)} {
		if name == "" {
			name = other
		}
	}
	return crm.SyncState{Name: crm.ReadOnly, Reason: ReasonOthers, Params: map[string]string{"organizer": shown(name, shownOrganizer)}}
}

// factsOf are the facts of a text that was kept; none of one that cannot be read.
func factsOf(body []byte) eventmap.Facts {
	if object := readObject(body); object != nil {
		return object.Facts()
	}
	return eventmap.Facts{}
}

// guests is how many guests a server tells of a change of a link's event.
func guests(link crm.Link, body []byte) int { return factsOf(body).Guests(link.OwnAddresses()) }

// tells reports whether a write makes a server tell the guests: a changed subject or when, and a deletion do. A description
// alone flows quietly (semantics 7).
func tells(step reconcile.Step) bool {
	return step.Kind == reconcile.DeleteEvent || slices.Contains(step.Units, crm.UnitSubject) || slices.Contains(step.Units, crm.UnitWhen)
}

// asking is what is open about the guests of one action's event.
type asking struct {
	rows   []store.Held
	agreed bool // a person decided that they are told
	asked  bool // it waits for a decision
	invite bool // a person decided that they are invited to the event that is made again
	again  bool // what waits is whether they are
}

// asked is what is open about the guests of an action's event in the calendar of a link.
func asked(tx *store.Tx, link crm.LinkID, action crm.ActionID) (asking, error) {
	var a asking
	open, err := tx.OpenHeld(link)
	for _, held := range open {
		if held.Kind != HeldGuests || !slices.Contains(held.Subject.Actions, action) {
			continue
		}
		a.rows = append(a.rows, held)
		a.asked = a.asked || held.DecidedAt.IsZero()
		a.agreed = a.agreed || held.Decision == DecisionTell || held.Decision == DecisionInvite
		a.invite = a.invite || held.Decision == DecisionInvite
		a.again = a.again || held.DecidedAt.IsZero() && held.Subject.Counts[CountAgain] > 0
	}
	return a, err
}

// waitsForGuests keeps a write that makes the server tell guests until a person decided so (semantics 7).
func (w *preparing) waitsForGuests(one *job, step reconcile.Step) (bool, error) {
	count := guests(w.link, one.resource.Body)
	if count == 0 || !tells(step) {
		return false, nil
	}
	w.asks = true
	open, err := asked(w.tx, w.link.ID, one.action.ID)
	if err != nil || open.agreed {
		return false, err
	}
	if !open.asked {
		counts := map[string]int{"guests": count}
		if _, linked, err := linkOf(w.tx, one.action.FollowedBy); err != nil {
			return false, err
		} else if linked && step.Reason == reconcile.ReasonReassigned && one.action.When.HasDate() {
			counts[CountMoves] = 1
		}
		w.tx.AnnounceLink(w.link.ID)
		err := w.tx.InsertHeld(store.Held{
			ID: crm.NewID[store.Held](w.IDs), Link: w.link.ID, Kind: HeldGuests, CreatedAt: w.Now(),
			Subject: store.HeldSubject{Actions: []crm.ActionID{one.action.ID}, Counts: counts},
		})
		if err != nil {
			return false, err
		}
		if err := w.keep(w.tx, func(sync *store.LinkSync) { sync.NeedsDecision = true }); err != nil {
			return false, err
		}
	}
	return true, w.holdForGuests(one, count)
}

// invitesAgain reports whether the guests of an earlier event are invited to the one that is made again, and whether that waits for
// a decision: it does where a person had the event made again without a word about them. What the sync makes again by itself comes
// without guests (semantics 7).
func (w *preparing) invitesAgain(one *job, earlier []byte) (invite, waits bool, err error) {
	facts := factsOf(earlier)
	if len(facts.Attendees) == 0 {
		return false, false, nil
	}
	open, err := asked(w.tx, w.link.ID, one.action.ID)
	if err != nil || len(open.rows) == 0 {
		return false, false, err
	}
	w.asks = true
	if open.again {
		return false, true, w.holdForGuests(one, facts.Guests(append(w.link.OwnAddresses(), facts.Organizer.Address)))
	}
	return open.invite, false, nil
}

// waitsForGuestsElsewhere keeps the making of an event whose action leaves another calendar where guests would be told of
// that, until a person decided so: an action has never two events.
func (w *preparing) waitsForGuestsElsewhere(one *job) (bool, error) {
	for _, binding := range one.known {
		if binding.Bound.Link == w.link.ID || binding.Bound.State != store.ResourceLive {
			continue
		}
		link, err := w.tx.Link(binding.Bound.Link)
		if err != nil {
			return false, err
		}
		count := guests(link, binding.Bound.Body)
		if count == 0 || link.Leaving() {
			continue
		}
		if open, err := asked(w.tx, link.ID, one.action.ID); err != nil || !open.agreed {
			if err == nil {
				err = w.holdForGuests(one, count)
			}
			return true, err
		}
	}
	return false, nil
}

// holdForGuests keeps an entry until a person decided, or nothing is to be told any more. Whoever follows the action sees it.
func (w *preparing) holdForGuests(one *job, count int) error {
	state := crm.SyncState{Name: crm.Held, Reason: crm.ReasonGuests, Params: map[string]string{"count": decimal(count)}}
	w.state(one.action, state)
	return w.later(one, crm.ReasonGuests, state, readOnlyRetry)
}

// guestsSettled ends what was asked or decided about the guests of an action's event: what it was about is done, or not
// wanted any more.
func (r *run) guestsSettled(tx *store.Tx, action crm.Action) error {
	if !r.asks && action.Sync.Reason != crm.ReasonGuests {
		return nil
	}
	open, err := asked(tx, r.link.ID, action.ID)
	if err != nil || len(open.rows) == 0 {
		return err
	}
	for _, held := range open.rows {
		if err := tx.HeldDone(held.ID, r.Now()); err != nil {
			return err
		}
	}
	if !open.asked {
		return nil
	}
	return r.noMoreAsked(tx)
}

// bareAddress is a calendar user address as people write it.
func bareAddress(address string) string {
	if scheme, bare, found := strings.Cut(address, ":"); found && strings.EqualFold(scheme, "mailto") {
		return bare
	}
	return address
}
