package eventmap

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
)

// An Object is one calendar object resource, read: the events of one UID with all that stands beside them. It does not change;
// any number of goroutines may use it.
type Object struct {
	text   *ical.Text // nil where it was made of one component of a larger text
	uid    string
	events []*ical.Component // master first where there is one, then overrides in order
	master bool              // events[0] has no RECURRENCE-ID

	definitions []*ical.Component // VTIMEZONEs
	problems    []ical.Problem
}

// An Unusable says why an event cannot be used: its resource is set aside with the reason, until it changes (semantics 7).
type Unusable struct {
	Reason crm.Reason        // one of crm's reasons for set aside
	Line   int               // of the text, from 1; 0 where it is about the whole
	Params map[string]string // places of the reason's sentence: "property", "limit", "count"
	UID    string            // where it could be read
}

// Error is for the log: it has no word of the calendar text.
func (u *Unusable) Error() string {
	at := ""
	if u.Line > 0 {
		at = " in line " + strconv.Itoa(u.Line)
	}
	if name := u.Params["property"]; name != "" {
		at += " at " + name
	}
	return fmt.Sprintf("use event%s: %s", at, u.Reason)
}

func unusable(reason crm.Reason, line int, property string) *Unusable {
	u := &Unusable{Reason: reason, Line: line}
	if property != "" {
		u.Params = map[string]string{"property": property}
	}
	return u
}

// Read reads a calendar object resource. The error is an *Unusable for a text that holds no event (crm.ReasonOtherKind),
// events of several UIDs or several masters (ReasonTwoMasters), one without UID (ReasonNoUID), too much of something
// (ReasonTooLarge), or no UTF-8 (ReasonUnreadable). Whether the event has dates that an action can have, Extract says.
func Read(body []byte) (*Object, error) {
	text, err := ical.Parse(body, ical.DefaultLimits())
	var limit *ical.LimitError
	switch {
	case errors.As(err, &limit):
		return nil, &Unusable{Reason: crm.ReasonTooLarge, Params: map[string]string{"limit": limit.Limit, "count": strconv.Itoa(limit.Max)}}
	case err != nil:
		return nil, &Unusable{Reason: crm.ReasonUnreadable}
	}
	o := &Object{text: text, problems: text.Problems()}
	for _, problem := range o.problems {
		if problem.Code == ical.TooManyProperties {
			// A property beyond the limit looks like one that is gone.
			return nil, &Unusable{Reason: crm.ReasonTooLarge, Line: problem.Line, Params: map[string]string{"limit": "properties", "count": strconv.Itoa(problem.Max)}}
		}
	}
	for component := range text.Find("VEVENT", "VTIMEZONE") {
		if component.Name() == "VTIMEZONE" {
			o.definitions = append(o.definitions, component)
			continue
		}
		if err := o.add(component); err != nil {
			return nil, err
		}
	}
	if len(o.events) == 0 {
		return nil, &Unusable{Reason: crm.ReasonOtherKind}
	}
	return o, nil
}

// ReadEvent reads one event out of a text that holds many, as an export does: definitions are the VTIMEZONEs of that text,
// problems those of the event. The error is that of Read. Such an Object cannot be patched.
func ReadEvent(event *ical.Component, definitions []*ical.Component, problems []ical.Problem) (*Object, error) {
	o := &Object{definitions: definitions, problems: problems}
	if err := o.add(event); err != nil {
		return nil, err
	}
	return o, nil
}

// add takes an event in, at its place.
func (o *Object) add(event *ical.Component) error {
	uid, _ := event.TextOf("UID")
	uid = strings.TrimSpace(uid)
	_, isOverride := event.Property("RECURRENCE-ID")
	switch {
	case uid == "":
		return unusable(crm.ReasonNoUID, event.Line(), "UID")
	case o.uid != "" && o.uid != uid, !isOverride && o.master:
		return &Unusable{Reason: crm.ReasonTwoMasters, Line: event.Line(), UID: o.uid}
	}
	o.uid = uid
	if isOverride {
		o.events = append(o.events, event)
		return nil
	}
	o.master = true
	o.events = append([]*ical.Component{event}, o.events...)
	return nil
}

// UID is the UID that all events of the object have.
func (o *Object) UID() string { return strings.Clone(o.uid) }

// event finds the event with a RECURRENCE-ID, its value as written; the empty one is the master, or the first override where
// there is no master.
func (o *Object) event(recurrenceID string) (*ical.Component, bool) {
	if recurrenceID == "" {
		return o.events[0], true
	}
	for _, event := range o.events {
		if id, found := event.Property("RECURRENCE-ID"); found && id.Value() == recurrenceID {
			return event, true
		}
	}
	return nil, false
}

// unread reports whether a property that is not there may have been: its line could not be read, or the event was cut off.
func (o *Object) unread(event *ical.Component, name string) bool {
	return len(o.problems) > 0 && (o.lineUnread(event, name) || o.cutOff(event))
}

func (o *Object) lineUnread(event *ical.Component, name string) bool {
	for problem := range o.problemsOf(event) {
		if problem.Component == event && problem.Property == name && (problem.Code == ical.NoColon || problem.Code == ical.LineTooLong) {
			return true
		}
	}
	return false
}

func (o *Object) cutOff(event *ical.Component) bool {
	for problem := range o.problemsOf(event) {
		if problem.Component == event && problem.Code == ical.MissingEnd {
			return true
		}
	}
	return false
}

func (o *Object) problemsOf(event *ical.Component) iter.Seq[ical.Problem] {
	if o.text != nil {
		return o.text.ProblemsOf(event)
	}
	return slices.Values(o.problems)
}
