package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/plant"
)

// Local is the CRM's side of one item.
type Local struct {
	State LocalState
	Units crm.Units
	// OtherEdited says that a person changed a field other than the three units since both sides last agreed.
	OtherEdited bool
}

// LocalState is how the action stands towards this link.
type LocalState string

// The states of the CRM's side.
const (
	LocalUnknown LocalState = "unknown" // there is no such action
	LocalLive    LocalState = "live"    // followed by the link's user
	LocalLeft    LocalState = "left"    // followed by somebody else, or by nobody
	LocalTrashed LocalState = "trashed"
	LocalEnding  LocalState = "ending" // its link ends, and a person wants the events that the CRM wrote gone (semantics 9)
)

// Remote is the calendar's side of one item.
type Remote struct {
	State  RemoteState
	Units  crm.Units // for RemotePresent: extracted against the base, in the action's time zone
	Reason crm.Reason
	// PlaceOrRuleEdited says that the event's place or rule changed since both sides last agreed: together with the units
	// that is what counts as a change against a deletion (semantics 6).
	PlaceOrRuleEdited bool
}

// RemoteState is how the event stands in the calendar.
type RemoteState string

// The states of the calendar's side.
const (
	RemoteNone      RemoteState = "none"      // it was never there
	RemoteUnchanged RemoteState = "unchanged" // its ETag is the one we know
	RemotePresent   RemoteState = "present"   // it was read
	RemoteGone      RemoteState = "gone"      // proven: a tombstone, or missing from a complete listing and at its own href
	RemoteSetAside  RemoteState = "set_aside" // it cannot be used: Reason
)

// Item is what Plan decides about. Base is nil where both sides never agreed.
type Item struct {
	Base   *Base
	Local  Local
	Remote Remote
}

// Rules are the settings that Plan needs.
type Rules struct {
	Policy crm.ConflictPolicy
	// ReadOnly: the calendar takes no writes. Edits of the CRM wait.
	ReadOnly bool
	// Others: the event is somebody else's. It is never deleted, so it brings back an action that lies in the trash.
	Others bool
}

// StepKind is what a step does.
type StepKind string

// The kinds of step. Those on the CRM's side take effect in one transaction; those on the calendar's side are one request
// each, and change the base only once it is answered.
const (
	CreateAction  StepKind = "create_action"
	ChangeAction  StepKind = "change_action"  // Units of Values come from the calendar
	TrashAction   StepKind = "trash_action"   // its event was deleted
	RestoreAction StepKind = "restore_action" // out of the trash
	DetachAction  StepKind = "detach_action"  // stays, without event: Reason is why it is not_synced
	MarkAction    StepKind = "mark_action"    // set aside: Reason
	Agree         StepKind = "agree"          // both sides hold Values: a new base, nothing to write

	CreateEvent StepKind = "create_event" // a new UID and href
	PatchEvent  StepKind = "patch_event"  // Units of Values are written
	DeleteEvent StepKind = "delete_event"
	Forget      StepKind = "forget" // the event is gone on purpose: end the binding
	Wait        StepKind = "wait"   // the work stays in the outbox: Reason
)

// Step is one thing to do, and why.
type Step struct {
	Kind   StepKind
	Units  []crm.Unit
	Values crm.Units
	Reason crm.Reason
}

// Plan is what to do about one item: a value to print, test, show to a person and store with the run.
type Plan struct {
	Steps     []Step
	Conflicts []Conflict
	// Base is what both sides agree on once the steps of the CRM's side are committed and before those of the calendar's
	// side are taken; nil where that does not change, or where they agree on nothing.
	Base *Base
}

// Writes is the step on the calendar's side, if there is one: there is never more than one.
func (p Plan) Writes() (Step, bool) {
	for _, step := range p.Steps {
		switch step.Kind {
		case CreateEvent, PatchEvent, DeleteEvent, Wait:
			return step, true
		}
	}
	return Step{}, false
}

// Has reports whether the plan has a step of that kind.
func (p Plan) Has(kind StepKind) bool {
	return slices.ContainsFunc(p.Steps, func(step Step) bool { return step.Kind == kind })
}

// String writes one line per step and conflict: kind, units, reason.
func (p Plan) String() string {
	var text strings.Builder
	for _, conflict := range p.Conflicts {
		fmt.Fprintf(&text, "conflict %s: %s stays\n", conflict.Unit, conflict.Winner)
	}
	for _, step := range p.Steps {
		text.WriteString(string(step.Kind))
		for _, unit := range step.Units {
			value := crm.HistoryText(unit, step.Values)
			fmt.Fprintf(&text, " %s=%q", unit, value)
		}
		fmt.Fprintf(&text, " (%s)\n", step.Reason)
	}
	return text.String()
}

// Why a step is taken, beside the reasons of crm.
const (
	ReasonNewEvent        crm.Reason = "new_event"      // an event the CRM does not know
	ReasonEventChanged    crm.Reason = "event_changed"  // the calendar changed it
	ReasonActionChanged   crm.Reason = "action_changed" // the CRM changed it
	ReasonActionNew       crm.Reason = "action_new"     // the action has no event yet
	ReasonActionDeleted   crm.Reason = "action_deleted" // the CRM deleted it
	ReasonReassigned      crm.Reason = "reassigned"     // somebody else follows it now
	ReasonLinkEnds        crm.Reason = "link_ends"
	ReasonDatesCleared    crm.Reason = "dates_cleared"     // its last date was cleared
	ReasonEditBeatsDelete crm.Reason = "edit_beats_delete" // one side changed what the other deleted
	ReasonReturned        crm.Reason = "event_returned"    // the event of a trashed action is there (again)
	ReasonBothSame        crm.Reason = "both_same"         // both sides hold the same
)

// Decide plans one item (the table of the package comment; semantics 6).
func Decide(item Item, rules Rules, moments Moments) Plan {
	if item.Remote.State == RemoteSetAside {
		return decideSetAside(item)
	}
	switch item.Local.State {
	case LocalUnknown:
		return decideUnknown(item)
	case LocalTrashed:
		return decideTrashed(item, rules, moments)
	case LocalLeft:
		return decideWithdrawn(item, rules, moments, ReasonReassigned)
	case LocalEnding:
		return decideWithdrawn(item, rules, moments, ReasonLinkEnds)
	}
	if !item.Local.Units.When.HasDate() {
		return decideWithdrawn(item, rules, moments, ReasonDatesCleared)
	}
	return decideLive(item, rules, moments)
}

func decideUnknown(item Item) Plan {
	if item.Remote.State != RemotePresent {
		return Plan{}
	}
	return Plan{
		Steps: []Step{{Kind: CreateAction, Units: crm.AllUnits, Values: item.Remote.Units, Reason: ReasonNewEvent}},
		Base:  &Base{Agreed: item.Remote.Units, Server: item.Remote.Units},
	}
}

func decideLive(item Item, rules Rules, moments Moments) Plan {
	local := item.Local
	switch item.Remote.State {
	case RemoteNone:
		return write(rules, Step{Kind: CreateEvent, Units: crm.AllUnits, Values: local.Units, Reason: ReasonActionNew})
	case RemoteUnchanged:
		units := crm.AllUnits
		if item.Base != nil {
			units = local.Units.Differing(item.Base.Agreed)
		}
		if len(units) == 0 {
			return Plan{}
		}
		return write(rules, Step{Kind: PatchEvent, Units: units, Values: local.Units, Reason: ReasonActionChanged})
	case RemoteGone:
		switch {
		case plant.On(plant.EditLosesToDeletion):
			return Plan{Steps: []Step{{Kind: TrashAction, Reason: crm.ReasonEventDeleted}}}
		case item.Base == nil || !local.Units.Equal(item.Base.Agreed):
			return write(rules, Step{Kind: CreateEvent, Units: crm.AllUnits, Values: local.Units, Reason: ReasonEditBeatsDelete})
		case local.OtherEdited:
			return Plan{Steps: []Step{{Kind: DetachAction, Reason: crm.ReasonEventDeleted}}}
		default:
			return Plan{Steps: []Step{{Kind: TrashAction, Reason: crm.ReasonEventDeleted}}}
		}
	}
	merged := Merge(item.Base, local.Units, item.Remote.Units, rules.Policy, moments)
	plan := incoming(merged, item.Base, item.Remote.Units)
	if len(merged.ToCalendar) > 0 {
		plan.Steps = append(plan.Steps, write(rules, Step{Kind: PatchEvent, Units: merged.ToCalendar, Values: merged.Units, Reason: ReasonActionChanged}).Steps...)
	}
	return plan
}

// decideTrashed: a change of the calendar wins over the deletion, anything else is deleted there too.
func decideTrashed(item Item, rules Rules, moments Moments) Plan {
	switch item.Remote.State {
	case RemoteNone:
		return Plan{}
	case RemoteGone:
		return Plan{Steps: []Step{{Kind: Forget, Reason: ReasonActionDeleted}}}
	case RemoteUnchanged:
		return takeAway(rules)
	}
	if item.Base != nil && item.Remote.Units.Equal(item.Base.Server) && !item.Remote.PlaceOrRuleEdited {
		return takeAway(rules)
	}
	base, reason := item.Base, ReasonEditBeatsDelete
	if base == nil {
		// Nobody edits what lies in the trash: the event that came back is the newer word, the old values go to history.
		base, reason = &Base{Agreed: item.Local.Units, Server: item.Local.Units}, ReasonReturned
	}
	merged := Merge(base, item.Local.Units, item.Remote.Units, rules.Policy, moments)
	plan := incoming(merged, base, item.Remote.Units)
	plan.Steps = append([]Step{{Kind: RestoreAction, Reason: reason}}, plan.Steps...)
	if len(merged.ToCalendar) > 0 {
		plan.Steps = append(plan.Steps, write(rules, Step{Kind: PatchEvent, Units: merged.ToCalendar, Values: merged.Units, Reason: ReasonActionChanged}).Steps...)
	}
	return plan
}

// takeAway deletes the event of a trashed action, unless it is somebody else's: that one can be in the trash only because it was put there
// while there was no link, and an event that stays has an action.
func takeAway(rules Rules) Plan {
	if rules.Others {
		return Plan{Steps: []Step{{Kind: RestoreAction, Reason: ReasonReturned}}}
	}
	return write(rules, Step{Kind: DeleteEvent, Reason: ReasonActionDeleted})
}

// decideWithdrawn: the action lives on without an event in this calendar, because its last date was cleared or because
// somebody else follows it now, or because its link ends. What the calendar changed meanwhile is merged first. When the calendar deleted the event
// itself there is nothing left to do there.
func decideWithdrawn(item Item, rules Rules, moments Moments, why crm.Reason) Plan {
	switch item.Remote.State {
	case RemoteNone:
		return Plan{}
	case RemoteGone:
		return Plan{Steps: []Step{{Kind: Forget, Reason: why}}}
	case RemoteUnchanged:
		return write(rules, Step{Kind: DeleteEvent, Reason: why})
	}
	merged := Merge(item.Base, item.Local.Units, item.Remote.Units, rules.Policy, moments)
	plan := incoming(merged, item.Base, item.Remote.Units)
	if why == ReasonDatesCleared && merged.Units.When.HasDate() {
		// The calendar's new date was kept: there is an event to have after all.
		if len(merged.ToCalendar) > 0 {
			plan.Steps = append(plan.Steps, write(rules, Step{Kind: PatchEvent, Units: merged.ToCalendar, Values: merged.Units, Reason: ReasonActionChanged}).Steps...)
		}
		return plan
	}
	// The event goes, so a base that says otherwise would only be in the way.
	plan.Steps = slices.DeleteFunc(plan.Steps, func(step Step) bool { return step.Kind == Agree })
	plan.Steps = append(plan.Steps, write(rules, Step{Kind: DeleteEvent, Reason: why}).Steps...)
	return plan
}

// decideSetAside: an event that cannot be used is neither written nor deleted; what the CRM wants of it waits.
func decideSetAside(item Item) Plan {
	if item.Local.State == LocalUnknown {
		return Plan{}
	}
	return Plan{Steps: []Step{{Kind: MarkAction, Reason: item.Remote.Reason}}}
}

// incoming is the CRM's part of a merge.
func incoming(merged Merged, base *Base, remote crm.Units) Plan {
	after := merged.Base(base, remote)
	plan := Plan{Conflicts: merged.Conflicts, Base: &after}
	if len(merged.ToCRM) > 0 {
		plan.Steps = append(plan.Steps, Step{Kind: ChangeAction, Units: merged.ToCRM, Values: merged.Units, Reason: ReasonEventChanged})
	} else if len(merged.ToCalendar) == 0 {
		plan.Steps = append(plan.Steps, Step{Kind: Agree, Values: merged.Units, Reason: ReasonBothSame})
	}
	return plan
}

// write is a plan of one step on the calendar's side, or of waiting where the calendar takes no writes.
func write(rules Rules, step Step) Plan {
	if rules.ReadOnly {
		return Plan{Steps: []Step{{Kind: Wait, Reason: crm.ReasonCalendarReadOnly}}}
	}
	return Plan{Steps: []Step{step}}
}
