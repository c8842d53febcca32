package store

import (
	"time"

	"agendaonline/internal/crm"
)

// The words of a lease, for a package that needs to know nothing else of the domain.
type (
	LinkID  = crm.LinkID
	Trigger = crm.Trigger
	Counts  = crm.Counts
)

// TriggerScreen wants a run because the actions screen opens. TriggerPush wants only what waits to be pushed: such a run
// does not pull.
const (
	TriggerScreen = crm.TriggerScreen
	TriggerPush   = crm.TriggerPush
)

// RunProgress is how a run stands while it goes on.
type RunProgress struct {
	Processed int // resources dealt with
	Expected  int // resources known to be coming, 0 while that is not known
	Counts    crm.Counts
}

// RunResult is how a run ended.
type RunResult struct {
	// NextDueAt is when the link is due again by itself, Never when it is not.
	NextDueAt time.Time
	// Pulled says that the calendar was asked for what changed, and that all of the answer is stored.
	Pulled bool
	// Unchanged says that the run reached the calendar, found nothing to do and wrote nothing: whoever ends the lease keeps
	// that with CheckedLink.
	Unchanged bool
	// Left says that the link is being ended and that nothing is left to do for it: its credentials can be forgotten.
	Left   bool
	Counts crm.Counts
	Reason crm.Reason // why it failed, "" when it did not
}
