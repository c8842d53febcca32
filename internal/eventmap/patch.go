package eventmap

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
	"agendaonline/internal/plant"
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

// A Twin is a second form of a value that a patch takes away: HTML beside a description.
type Twin struct {
	Name  string // X-ALT-DESC, STYLED-DESCRIPTION, or DESCRIPTION;ALTREP
	Value string
}

// Patch is the object's text with the values of a change: nothing else of it changes but the known twins of what is written,
// and SEQUENCE, DTSTAMP and LAST-MODIFIED. Where the event has the values already, the bytes are the same. The error is an
// *Unusable where the event's dates are to be written and cannot be read, and plain where the values are none of an event: no
// date, or one in a zone that is not known.
func (o *Object) Patch(change Change) ([]byte, error) {
	patched, _, err := o.patch(change)
	if plant.On(plant.UnmappedDropped) {
		patched = plant.WithoutX(patched)
	}
	return patched, err
}

// Twins are what Patch takes away: they belong into the history.
func (o *Object) Twins(change Change) []Twin {
	_, lost, _ := o.patch(change)
	return lost
}

// A writing is a patch under way, on a tree of its own.
type writing struct {
	*Object
	event  *ical.Component
	change Change

	changed     bool // something was written
	rescheduled bool // of when
	lost        []Twin
}

func (w *writing) lose(name, value string) {
	w.lost = append(w.lost, Twin{strings.Clone(name), strings.Clone(value)})
}

func (o *Object) patch(change Change) ([]byte, []Twin, error) {
	if o.text == nil {
		return nil, nil, errors.New("patch an event: it was read out of a larger text")
	}
	before := o.text.Print()
	own, err := Read(before)
	if err != nil {
		return nil, nil, fmt.Errorf("patch an event: %w", err)
	}
	event, found := own.event(change.RecurrenceID)
	if !found {
		return nil, nil, unusable(crm.ReasonEventDeleted, 0, "RECURRENCE-ID")
	}
	w := &writing{Object: own, event: event, change: change}
	if err := w.write(); err != nil {
		return nil, nil, fmt.Errorf("patch an event: %w", err)
	}
	if !w.changed {
		return before, nil, nil
	}
	revise(event, change.At, w.rescheduled)
	return own.text.Print(), w.lost, nil
}

func (w *writing) write() error {
	for _, unit := range w.change.Units {
		switch unit {
		case crm.UnitSubject:
			w.setSubject(w.change.Values.Subject)
		case crm.UnitDescription:
			w.setDescription(w.change.Values.Description)
		case crm.UnitWhen:
			if err := w.setWhen(w.change.Values.When); err != nil {
				return err
			}
		}
	}
	if w.change.NeedsLength {
		return w.giveLength()
	}
	return nil
}

// product names who made an event (RFC 5545 section 3.7.3).
const product = "-//Agenda Online//EN"

// New is the calendar text of a new event with the values of a change, whose Units do not count. It carries no CLASS, no alarm
// and no guests; all-day events leave their days free, timed ones block their time (semantics 5). An action without date has
// none: that is an error.
func New(uid string, change Change) ([]byte, error) {
	text := ical.New()
	calendar := text.Add("VCALENDAR")
	calendar.SetText("VERSION", "2.0")
	calendar.SetText("PRODID", product)
	event := calendar.AddComponent("VEVENT")
	event.SetText("UID", uid)
	stamp := ical.InUTC(change.At)
	for _, name := range []string{"DTSTAMP", "CREATED", "LAST-MODIFIED"} {
		event.SetTime(name, stamp)
	}
	w := &writing{Object: &Object{text: text, uid: uid, events: []*ical.Component{event}, master: true}, event: event, change: change}
	w.setSubject(change.Values.Subject)
	w.setDescription(change.Values.Description)
	if err := w.newWhen(change.Values.When); err != nil {
		return nil, fmt.Errorf("make an event: %w", err)
	}
	free := "OPAQUE"
	if change.Values.When.AllDay() {
		free = "TRANSPARENT"
	}
	event.SetText("TRANSP", free)
	_ = event.SetValue("SEQUENCE", "0")
	return text.Print(), nil
}
