package eventmap

import (
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/zone"
)

// Change is what a patch shall write.
type Change struct {
	Units  []crm.Unit // those of Values that are written
	Values crm.Units
	Before crm.Units // what the CRM held when both sides last agreed; the zero Units where that is not known

	RecurrenceID string // as in Reading

	At              time.Time     // of the change: DTSTAMP and LAST-MODIFIED
	DefaultDuration time.Duration // the setting: how long an event is of which only one end was typed
	Zones           *zone.Rules

	// HTML says that the server takes descriptions as HTML (a trait; Google): text is escaped for it.
	HTML bool
	// NeedsLength says that the server refuses events without length (a trait): one that has none gets the default duration
	// with whatever else is written, also where Units is empty.
	NeedsLength bool
}
