package reconcile

import "agendaonline/internal/crm"

// Origin is how a piece of work came about: it decides whether an action without event is pushed (semantics 4).
type Origin string

// The origins of work.
const (
	OriginPerson    Origin = "person"     // typed one by one: pushed whatever its dates
	OriginBulk      Origin = "bulk"       // import, bulk change, reassignment: only with a date that is not past
	OriginFirstSync Origin = "first_sync" // only with a date that is not past
	OriginChange    Origin = "change"     // a change of an action without event: only with a date that is not past
	OriginMerge     Origin = "merge"      // the calendar's part of a merge: there is an event already, or one to make again
)

// ShouldCreate reports whether a live action without event gets one, and the reason when it does not. today is the day
// in the time zone of the action's follower; today is not past.
func ShouldCreate(when crm.When, origin Origin, today crm.Date) (bool, crm.Reason) {
	switch {
	case !when.HasDate():
		return false, crm.ReasonNoDate
	case origin == OriginPerson || origin == OriginMerge:
		return true, ""
	case when.Past(today):
		return false, crm.ReasonPast
	default:
		return true, ""
	}
}
