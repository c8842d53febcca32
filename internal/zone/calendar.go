package zone

import (
	"fmt"
	"strings"

	"agendaonline/internal/ical"
)

// A Calendar knows what TZIDs mean in one calendar object. It is for one goroutine.
type Calendar struct {
	rules       *Rules
	definitions []*ical.Component
	known       map[string]Meaning // of TZIDs that are no IANA name
}

// Calendar is for an object with these VTIMEZONEs, of which a TZID may name one wherever it stands (RFC 5545 section 3.8.3.1
// wants it in the same object). Of two with one TZID the first counts that can be used.
func (r *Rules) Calendar(definitions []*ical.Component) *Calendar {
	return &Calendar{rules: r, definitions: definitions}
}

// Meaning is what a TZID means. Zone is nil, and By Unresolved, where it means nothing: then Err says why the VTIMEZONE of
// that name, or the rules of the zone, could not be used, and is ErrUnknown where there is neither.
type Meaning struct {
	Zone *Zone
	By   By
	Err  error
}

// Meaning understands a TZID, in the order of the package comment.
func (c *Calendar) Meaning(tzid string) Meaning {
	if name, found := ianaName(tzid); found {
		if z, err := c.rules.IANA(name); err == nil {
			return Meaning{Zone: z, By: ByName}
		}
	}
	if known, found := c.known[tzid]; found {
		return known
	}
	meaning := c.find(tzid)
	if c.known == nil {
		c.known = map[string]Meaning{}
	}
	c.known[strings.Clone(tzid)] = meaning
	return meaning
}

// maxTries bounds how many VTIMEZONEs of one TZID are tried.
const maxTries = 10

func (c *Calendar) find(tzid string) Meaning {
	name := normalSpace(tzid)
	if name == "" {
		return Meaning{Err: ErrUnknown}
	}
	tries, why := 0, ErrUnknown
	_, isName := ianaName(name)
	for _, definition := range c.definitions {
		if defined, _ := definition.TextOf("TZID"); isName || normalSpace(defined) != name {
			continue
		}
		if tries++; tries > maxTries {
			break
		}
		z, err := Own(definition)
		if err == nil {
			return Meaning{Zone: z, By: ByVTimezone}
		}
		if why == ErrUnknown {
			why = err
		}
	}
	z, by, err := c.rules.named(tzid)
	switch {
	case z != nil:
		return Meaning{Zone: z, By: by}
	case err != nil:
		why = err
	}
	return Meaning{Err: why}
}

// Own is the zone that a VTIMEZONE defines. The error says which limit it exceeds, or what of it cannot be read; it quotes
// nothing of the text.
func Own(vtimezone *ical.Component) (*Zone, error) {
	var observances []observance
	for part := range vtimezone.Components("STANDARD", "DAYLIGHT") {
		if len(observances) == maxObservances {
			return nil, fmt.Errorf("use a VTIMEZONE: more than %d observances", maxObservances)
		}
		o, err := observanceOf(part)
		if err != nil {
			return nil, fmt.Errorf("use a VTIMEZONE: line %d: %w", part.Line(), err)
		}
		observances = append(observances, o)
	}
	own, err := define(observances)
	if err != nil {
		return nil, fmt.Errorf("use a VTIMEZONE: line %d: %w", vtimezone.Line(), err)
	}
	return &Zone{own: own}, nil
}

func observanceOf(part *ical.Component) (observance, error) {
	var text observanceText
	for p := range part.Properties() {
		switch p.Name() {
		case "DTSTART":
			text.start = p.Value()
		case "TZOFFSETFROM":
			text.from = p.Value()
		case "TZOFFSETTO":
			text.to = p.Value()
		case "RRULE":
			text.rules = append(text.rules, p.Value())
		case "RDATE":
			text.dates = append(text.dates, p.Value())
		}
	}
	return text.parse()
}
