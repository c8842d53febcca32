package eventmap

import (
	"fmt"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
	"agendaonline/internal/zone"
)

// A clock reads and writes the times of one object for an action in one zone.
type clock struct {
	calendar *zone.Calendar
	zone     *zone.Zone // the action's
}

// newClock fails where the action's zone is not known: nothing can be said about its times then.
func newClock(zones *zone.Rules, name string, definitions []*ical.Component) (clock, error) {
	z, err := zones.IANA(name)
	if err != nil {
		return clock{}, fmt.Errorf("use the time zone %.60q of an action: %w", name, err)
	}
	return clock{zones.Calendar(definitions), z}, nil
}

// A moment is a point in time with what a clock on the action's wall shows then. Usually the one follows from the other; a
// floating time has the wall as written, and one in a gap or in the second hour of an overlap keeps both.
type moment struct {
	at   int64 // seconds since 1970
	wall zone.Civil
}

// local is the moment of a time on the action's wall; of two the first.
func (c clock) local(wall zone.Civil) moment {
	return moment{zone.Resolve(wall, c.zone).At.Unix(), wall}
}

// existing is local for a time that was made up: the next one that exists.
func (c clock) existing(wall zone.Civil) moment {
	resolved := zone.Resolve(wall, c.zone)
	return moment{resolved.NextAt.Unix(), resolved.Next}
}

// instant is the moment of an instant.
func (c clock) instant(at int64) moment { return moment{at, c.zone.CivilOf(unix(at))} }

// A placed time is one of a property: what it means here, and the zone and local time in which days are counted from it.
type placed struct {
	moment
	own     *zone.Zone // nil where it is taken as written: floating, or of a TZID that means nothing
	local   zone.Civil // as written
	unknown string     // a TZID that means nothing
}

// place takes a DATE-TIME to the action's wall.
func (c clock) place(t ical.Time) placed {
	local := zone.NewCivil(t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second)
	p := placed{local: local}
	switch t.Kind {
	case ical.UTC:
		p.own = zone.UTC
	case ical.Zoned:
		if meaning := c.calendar.Meaning(t.TZID); meaning.Zone != nil {
			p.own = meaning.Zone
		} else {
			p.unknown = t.TZID
		}
	}
	if p.own == nil {
		p.moment = c.local(local)
	} else {
		p.moment = c.instant(zone.Resolve(local, p.own).At.Unix())
	}
	return p
}

// write is the moment as a time of the kind and in the zone of another one, which has a time of day. A TZID stays; only an
// instant that no local time of it means, in the second hour of an overlap, is written as UTC. In a series it stays all the
// same: the zone of its start is that of its rule.
func (c clock) write(m moment, like ical.Time, series bool) ical.Time {
	switch like.Kind {
	case ical.UTC:
		return ical.InUTC(unix(m.at))
	case ical.Zoned:
		meaning := c.calendar.Meaning(like.TZID)
		if meaning.Zone == nil {
			break
		}
		local := m.wall
		if meaning.Zone != c.zone || zone.Resolve(local, meaning.Zone).At.Unix() != m.at {
			local = meaning.Zone.CivilOf(unix(m.at))
		}
		if !series && zone.Resolve(local, meaning.Zone).At.Unix() != m.at {
			return ical.InUTC(unix(m.at))
		}
		return timeOf(local, like)
	}
	return timeOf(m.wall, like)
}

func timeOf(c zone.Civil, like ical.Time) ical.Time {
	return ical.Time{Kind: like.Kind, TZID: like.TZID, Year: c.Year, Month: c.Month, Day: c.Day, Hour: c.Hour, Minute: c.Minute, Second: c.Second}
}

// utcNames are the IANA names of UTC, which needs no VTIMEZONE and is written as such.
var utcNames = []string{"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"}

// own is the form of a time in the action's own zone.
func (c clock) own() ical.Time {
	if slices.Contains(utcNames, c.zone.Name()) {
		return ical.Time{Kind: ical.UTC}
	}
	return ical.Time{Kind: ical.Zoned, TZID: c.zone.Name()}
}

// defineZone sees to it that the calendar of an event defines a TZID, an IANA name, from an instant on (RFC 5545 section
// 3.6.5). It is false where the event has no calendar around it, so that there is no place for a definition.
func defineZone(event *ical.Component, zones *zone.Rules, tzid string, from int64) (bool, error) {
	calendar, found := event.Parent()
	if !found {
		return false, nil
	}
	for definition := range calendar.Components("VTIMEZONE") {
		if defined, _ := definition.TextOf("TZID"); defined == tzid {
			return true, nil
		}
	}
	printed, err := zones.PrintVTimezone(tzid, unix(from))
	if err != nil {
		return false, fmt.Errorf("define a time zone: %w", err)
	}
	text, err := ical.Parse([]byte(printed), ical.DefaultLimits())
	if err != nil {
		return false, fmt.Errorf("define a time zone: %w", err)
	}
	before := event
	for first := range calendar.Components() {
		before = first
		break
	}
	for definition := range text.Find("VTIMEZONE") {
		calendar.Insert(definition, before)
	}
	return true, nil
}

func dateOf(c zone.Civil) crm.Date { return crm.Date{Year: c.Year, Month: c.Month, Day: c.Day} }

func clockOf(c zone.Civil) crm.Clock { return crm.NewClock(c.Hour, c.Minute, c.Second) }

func civilOf(d crm.Date, t crm.Clock) zone.Civil {
	hour, minute, second := t.HMS()
	return zone.NewCivil(d.Year, d.Month, d.Day, hour, minute, second)
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
