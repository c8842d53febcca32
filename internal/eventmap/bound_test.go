package eventmap

import (
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/crm"
)

// What one event may cost grows no faster than its text: these are megabytes of what could make it, and take no minutes.
func TestExtract_costs_no_more_than_the_text_is_long(t *testing.T) {
	t.Parallel()
	long := func(pattern string) string { return strings.Repeat(pattern, 1_000_000/len(pattern)) }
	var overrides []string
	for range 30_000 {
		overrides = append(overrides, "BEGIN:VEVENT", "UID:1", "RECURRENCE-ID:20261123", "CLASS", "DTSTART:20261123", "END:VEVENT")
	}
	var definitions []string
	for range 30_000 {
		definitions = append(definitions, "BEGIN:VTIMEZONE", "TZID:Office", "BEGIN:STANDARD", "DTSTART:00010101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100",
			"RRULE:FREQ=YEARLY;COUNT=2147483647;BYMONTH=2;BYMONTHDAY=29", "END:STANDARD", "END:VTIMEZONE")
	}
	for name, body := range map[string][]byte{
		"tags that do not end":      eventOf("DTSTART:20261123", "DESCRIPTION:"+long("<")+">"),
		"tags that do not begin":    eventOf("DTSTART:20261123", "DESCRIPTION:"+long(">")),
		"tags within tags":          eventOf("DTSTART:20261123", "DESCRIPTION:"+long("<div>")),
		"links that do not end":     eventOf("DTSTART:20261123", "DESCRIPTION:"+long(`<a href="x">y`)),
		"attributes":                eventOf("DTSTART:20261123", "DESCRIPTION:<p "+long("a=b ")+">"),
		"breaks":                    eventOf("DTSTART:20261123", "DESCRIPTION:"+long("<br>")),
		"comments":                  eventOf("DTSTART:20261123", "DESCRIPTION:<b>"+long("<!--")),
		"a list of nothing":         eventOf("DTSTART:20261123", "RDATE:"+long(",")),
		"overrides with problems":   calendarOf(overrides...),
		"definitions of one zone":   calendarOf(append(definitions, "BEGIN:VEVENT", "UID:1", "DTSTART;TZID=Office:20261123T100000", "END:VEVENT")...),
		"a duration of many digits": eventOf("DTSTART:20261123T100000Z", "DURATION:P"+long("9")+"D"),
		"combining characters":      eventOf("DTSTART:20261123", "SUMMARY:"+long("e\u0301\u0302")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := Read(body)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			o.Facts()
			_, err = o.Extract(Reading{Zones: zones, Zone: "Europe/Brussels", HTML: true})
			PlaceOrRuleEdited(o, o)
			t.Logf("%s, %v", time.Since(began), err)
		})
	}
}

// An object is read and patched by many at once: none of it edits what the others see.
func TestObject_is_used_by_many_at_once(t *testing.T) {
	t.Parallel()
	body := calendarOf(append(append(strings.Split(ownZone, "\n"), everything[4:18]...), "END:VEVENT")...)
	o := mustRead(t, body)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			zone := []string{"Europe/Brussels", "Asia/Kolkata"}[i%2]
			first, err := o.Extract(Reading{Zones: zones, Zone: zone, Base: &BaseSide{Before: o}})
			if err != nil {
				t.Error(err)
				return
			}
			change := changeOf(crm.AllUnits...)
			change.Values = first.Units
			change.Values.Subject += strings.Repeat("!", i)
			if _, err := o.Patch(change); err != nil {
				t.Error(err)
			}
			o.Facts()
		})
	}
	all.Wait()
	wantSame(t, o.text.Print(), body)
}
