package reconcile

import (
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/plant"
)

// Base is what both sides last agreed on for one item. Agreed is the value as the CRM holds it; Server is the server's
// form of the same value, as it was read back. They differ where a server rewrites what it is given (semantics 6): only
// what departs from Server is an edit of the calendar.
type Base struct {
	Agreed crm.Units
	Server crm.Units
}

// Merged is the outcome of merging the three units, each for itself.
type Merged struct {
	Units      crm.Units  // what both sides shall hold
	ToCRM      []crm.Unit // units whose value comes from the calendar
	ToCalendar []crm.Unit // units whose value must be written to the calendar
	Conflicts  []Conflict
}

// Base is what both sides agree on once the CRM's part of the merge is committed and before the calendar's part is
// written: a unit that still has to be written departs from Agreed, and what the calendar holds now is no longer news.
func (m Merged) Base(before *Base, remote crm.Units) Base {
	after := Base{Agreed: m.Units, Server: remote}
	for _, unit := range m.ToCalendar {
		agreed := remote
		if before != nil && !m.conflicts(unit) {
			agreed = before.Agreed
		}
		after.Agreed = after.Agreed.With(unit, agreed)
	}
	return after
}

func (m Merged) conflicts(unit crm.Unit) bool {
	for _, conflict := range m.Conflicts {
		if conflict.Unit == unit {
			return true
		}
	}
	return false
}

// Conflict is a unit that both sides changed differently. One value stays in force; the other is kept in the history.
type Conflict struct {
	Unit    crm.Unit
	Winner  crm.Side
	Stays   crm.Units // only Unit of it counts
	GivenUp crm.Units // only Unit of it counts
}

// Moments say when each side's edit was made, for the policy "latest": the CRM's commit, and LAST-MODIFIED corrected by
// the measured clock difference, else the moment of the pull. Both are UTC.
type Moments struct{ CRM, Calendar time.Time }

// Merge merges by unit (semantics 6): changed on one side only, that side; on both to the same, nothing to do; on both
// differently, a conflict decided by policy. base nil means that the sides never agreed: then every unit in which they
// differ was changed on both.
func Merge(base *Base, local, remote crm.Units, policy crm.ConflictPolicy, moments Moments) Merged {
	merged := Merged{Units: local}
	for _, unit := range crm.AllUnits {
		changedHere := base == nil || differs(unit, base.Agreed, local)
		changedThere := base == nil || differs(unit, base.Server, remote)
		if plant.On(plant.WholeItems) && base != nil && !local.Equal(base.Agreed) {
			changedHere, changedThere = true, false
		}
		switch {
		case !changedThere && !changedHere:
		case !changedThere:
			merged.ToCalendar = append(merged.ToCalendar, unit)
		case !differs(unit, local, remote):
		case !changedHere:
			merged.Units = merged.Units.With(unit, remote)
			merged.ToCRM = append(merged.ToCRM, unit)
		case calendarWins(policy, moments):
			merged.Units = merged.Units.With(unit, remote)
			merged.ToCRM = append(merged.ToCRM, unit)
			merged.Conflicts = append(merged.Conflicts, Conflict{unit, crm.SideCalendar, remote, local})
		default:
			merged.ToCalendar = append(merged.ToCalendar, unit)
			merged.Conflicts = append(merged.Conflicts, Conflict{unit, crm.SideCRM, local, remote})
		}
	}
	return merged
}

func calendarWins(policy crm.ConflictPolicy, moments Moments) bool {
	if plant.On(plant.Arrival) {
		return true
	}
	switch policy {
	case crm.CalendarWins:
		return true
	case crm.LatestWins:
		return moments.Calendar.After(moments.CRM)
	default:
		return false
	}
}

func differs(unit crm.Unit, a, b crm.Units) bool {
	switch unit {
	case crm.UnitSubject:
		return a.Subject != b.Subject
	case crm.UnitDescription:
		return a.Description != b.Description
	default:
		return !a.When.Equal(b.When)
	}
}
