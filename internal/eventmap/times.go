package eventmap

import (
	"fmt"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/zone"
)

// Times is a text that is the same for two values of the date and time fields whose events are at the same times, in whatever
// zones and with whichever fields they say so: days, or two instants. length is the default duration, which counts where an end
// is missing. The error says why the values have no event: no date, or a zone that is not known.
func Times(when crm.When, length time.Duration, zones *zone.Rules) (string, error) {
	if !when.HasDate() {
		return "", errNoDate
	}
	if err := when.Check(); err != nil {
		return "", err
	}
	name := when.Zone
	if when.AllDay() && name == "" {
		name = "UTC" // days are the same in every zone
	}
	c, err := newClock(zones, name, nil)
	if err != nil {
		return "", err
	}
	s := c.spanOfWhen(when, seconds(length), nil)
	if s.allDay {
		return s.first.String() + "/" + s.after.String(), nil
	}
	return fmt.Sprintf("%d/%d", s.start.at, s.end.at), nil
}
