package syncer

import (
	"bytes"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/ical"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// event is one member of the calendar as it was read.
type event struct {
	href   dav.Href
	etag   dav.ETag
	body   []byte
	unread bool // body has not been looked into; see read
	uid    string
	object *eventmap.Object // nil where the text cannot be read
	facts  eventmap.Facts
	aside  *store.SetAside // why it cannot be used, nil where nothing speaks against it so far

	parked bool         // it was kept without action, and is to be applied now
	twin   crm.ActionID // a person decided that it is this action

	refusedOurs bool // the server said that it did not take our write: what it holds is not made of that
}

// The longest texts that are kept of an event only to be shown.
const (
	shownSubject = 200
	shownWhen    = 80
)

// readEvent reads a member that has its text.
func readEvent(member dav.Member) *event {
	e := newEvent(member)
	e.read()
	return e
}

// newEvent is a member that has its text and is to be read later. What is read of it takes five times the room of the text.
func newEvent(member dav.Member) *event {
	e := &event{href: member.Href, etag: member.ETag, body: member.Data, unread: true}
	if member.TooLarge {
		e.aside, e.unread = &store.SetAside{Reason: crm.ReasonTooLarge}, false
	}
	return e
}

// read reads the text, once. What no run can use yet says so: a series.
func (e *event) read() {
	if !e.unread {
		return
	}
	e.unread = false
	object, err := eventmap.Read(e.body)
	if err != nil {
		e.setAside(err)
		return
	}
	e.object, e.uid, e.facts = object, object.UID(), object.Facts()
	if e.facts.Series || len(e.facts.RecurrenceIDs) > 0 || e.facts.Orphan {
		e.aside = &store.SetAside{Reason: crm.ReasonSeries}
	}
	e.showAside()
}

// setAside keeps why an event cannot be used.
func (e *event) setAside(err error) {
	unusable, ok := errors.AsType[*eventmap.Unusable](err)
	if !ok {
		unusable = &eventmap.Unusable{Reason: crm.ReasonUnreadable}
	}
	if e.uid == "" {
		e.uid = unusable.UID
	}
	params := unusable.Params
	if unusable.Line > 0 {
		params = map[string]string{"line": decimal(unusable.Line)}
		for name, value := range unusable.Params {
			params[name] = value
		}
	}
	e.aside = &store.SetAside{Reason: unusable.Reason, Params: params}
	e.showAside()
}

func (e *event) showAside() {
	if e.aside != nil {
		e.aside.Subject, e.aside.When = shown(e.facts.Subject, shownSubject), shown(e.facts.WhenText, shownWhen)
	}
}

// shown is the start of a text that a row can keep.
func shown(text string, most int) string {
	text = string(bytes.ToValidUTF8(bytes.ReplaceAll([]byte(text), []byte{0}, nil), []byte("?")))
	for len(text) > most {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// moments are when each side's edit was made, for the policy "latest" (semantics 6).
func (r *run) moments(action crm.Action, e *event) reconcile.Moments {
	at := r.Now()
	if !e.facts.LastModified.IsZero() {
		r.mu.Lock()
		at = e.facts.LastModified.Add(-r.skew)
		r.mu.Unlock()
	}
	return reconcile.Moments{CRM: action.ModifiedAt, Calendar: at}
}

// extract reads the units of an event, in a time zone, against what both sides last agreed on.
func (r *run) extract(e *event, zone string, base *reconcile.Base, before *eventmap.Object) (eventmap.Extracted, error) {
	in := eventmap.Reading{Zones: r.Zones, Zone: zone, DefaultDuration: r.settings.DefaultDuration, HTML: r.has(dav.HTMLDescriptions)}
	if base != nil {
		in.Base = &eventmap.BaseSide{Agreed: base.Agreed, Server: base.Server, Before: before}
	}
	return e.object.Extract(in)
}

// readObject reads a text that was usable when it was kept; nil where it is not any more.
func readObject(body []byte) *eventmap.Object {
	if len(body) == 0 {
		return nil
	}
	object, err := eventmap.Read(body)
	if err != nil {
		return nil
	}
	return object
}

// writing is what eventmap needs to know to write values into an event.
func (r *run) writing(units []crm.Unit, values crm.Units, base *reconcile.Base, at time.Time) eventmap.Change {
	change := eventmap.Change{
		Units: units, Values: values, At: at, DefaultDuration: r.settings.DefaultDuration, Zones: r.Zones,
		HTML: r.has(dav.HTMLDescriptions), NeedsLength: r.has(dav.NeedsLength),
	}
	if base != nil {
		change.Before = base.Agreed
	}
	return change
}

// withLength is a text with the default duration where it has no length; nil where it has one, or none can be given.
func (r *run) withLength(body []byte) []byte {
	object := readObject(body)
	if object == nil || r.has(dav.NeedsLength) {
		return nil
	}
	change := r.writing(nil, crm.Units{}, nil, r.Now())
	change.NeedsLength = true
	longer, err := object.Patch(change)
	if err != nil || bytes.Equal(longer, body) {
		return nil
	}
	return longer
}

// madeAgain is the text of an event that is made anew out of what an earlier one held: the same lines under a new UID, but
// for whom it would invite, unless a person chose to invite them again (semantics 6, 7).
func (r *run) madeAgain(old []byte, uid string, values crm.Units, base *reconcile.Base, invite bool, at time.Time) ([]byte, error) {
	if len(old) > 0 {
		if text, err := ical.Parse(old, ical.DefaultLimits()); err == nil {
			for component := range text.Find("VEVENT") {
				component.SetText("UID", uid)
				if status, _ := component.TextOf("STATUS"); strings.EqualFold(status, "CANCELLED") {
					component.RemoveAll("STATUS") // it takes place again
				}
				if !invite || !eventmap.InviteAgain(component, r.link.OwnAddresses()) {
					component.RemoveAll("ORGANIZER", "ATTENDEE")
				}
			}
			if object, err := eventmap.Read(text.Print()); err == nil {
				if body, err := object.Patch(r.writing(crm.AllUnits, values, base, at)); err == nil {
					return body, nil
				}
			}
		}
	}
	return eventmap.New(uid, r.writing(crm.AllUnits, values, nil, at))
}
