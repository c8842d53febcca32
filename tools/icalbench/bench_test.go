package icalbench

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	_ "time/tzdata"

	goical "github.com/emersion/go-ical"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/zone"
)

const events = 10_000

// object is a calendar object resource as servers hold them: 864 bytes with an UID of 48, of which 321 are the VTIMEZONE.
const object = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//A//B//EN
BEGIN:VTIMEZONE
TZID:Europe/Brussels
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:%048d
DTSTAMP:20261101T100000Z
CREATED:20261101T100000Z
LAST-MODIFIED:20261102T110000Z
SEQUENCE:12
SUMMARY:Quarterly reviews with the customer
LOCATION:Meeting room 2\, first floor
DESCRIPTION:Agenda:\n- figures of the third quarters\n- open questions\, wh
 o answers them\n- next steps.
DTSTART;TZID=Europe/Brussels:20261123T143000
DTEND;TZID=Europe/Brussels:20261123T153000
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
`

func objects(t testing.TB) []string {
	t.Helper()
	texts := make([]string, events)
	for i := range texts {
		texts[i] = strings.ReplaceAll(fmt.Sprintf(object, i), "\n", "\r\n")
	}
	if len(texts[0]) != 864 {
		t.Fatalf("got an object of %d bytes, want 864", len(texts[0]))
	}
	return texts
}

var (
	zones       = zone.NewRules(time.LoadLocation)
	brussels, _ = time.LoadLocation("Europe/Brussels")
)

// readOurs parses an object and extracts the six fields.
func readOurs(text string) (*eventmap.Object, crm.Units, error) {
	o, err := eventmap.Read([]byte(text))
	if err != nil {
		return nil, crm.Units{}, err
	}
	read, err := o.Extract(eventmap.Reading{Zones: zones, Zone: "Europe/Brussels"})
	return o, read.Units, err
}

// readGoICal does the same with the other library.
func readGoICal(text string) (*goical.Calendar, crm.Units, error) {
	calendar, err := goical.NewDecoder(strings.NewReader(text)).Decode()
	if err != nil {
		return nil, crm.Units{}, err
	}
	var units crm.Units
	for _, event := range calendar.Events() {
		if units.Subject, err = event.Props.Text(goical.PropSummary); err != nil {
			return nil, units, err
		}
		if units.Description, err = event.Props.Text(goical.PropDescription); err != nil {
			return nil, units, err
		}
		start, err := event.DateTimeStart(brussels)
		if err != nil {
			return nil, units, err
		}
		end, err := event.DateTimeEnd(brussels)
		if err != nil {
			return nil, units, err
		}
		start, end = start.In(brussels), end.In(brussels)
		units.When = crm.When{StartDate: crm.DateOf(start), StartTime: crm.ClockOf(start), EndDate: crm.DateOf(end), EndTime: crm.ClockOf(end), Zone: "Europe/Brussels"}
	}
	return calendar, units, nil
}

func benchmark[Kept any](b *testing.B, read func(string) (Kept, crm.Units, error)) {
	texts := objects(b)
	b.SetBytes(int64(events * len(texts[0])))
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range texts {
			if _, _, err := read(text); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
}

func BenchmarkAgendaOnline(b *testing.B) { benchmark(b, readOurs) }

func BenchmarkGoICal(b *testing.B) { benchmark(b, readGoICal) }

// Both read the same of an event.
func TestBoth_read_the_same(t *testing.T) {
	text := objects(t)[7]
	_, ours, err := readOurs(text)
	if err != nil {
		t.Fatal(err)
	}
	_, theirs, err := readGoICal(text)
	if err != nil {
		t.Fatal(err)
	}
	if ours != theirs {
		t.Errorf("got %+v, go-ical %+v", ours, theirs)
	}
}

// At most a fifth of the allocations of the other library, which are counted and do not depend on the machine.
func TestAllocations(t *testing.T) {
	text := objects(t)[7]
	ours := testing.AllocsPerRun(1000, func() { _, _, _ = readOurs(text) })
	theirs := testing.AllocsPerRun(1000, func() { _, _, _ = readGoICal(text) })
	t.Logf("allocations of an event: %v, go-ical %v", ours, theirs)
	if ours*5 > theirs {
		t.Errorf("got %v allocations, want at most a fifth of go-ical's %v", ours, theirs)
	}
}

// What an event keeps in memory: as an object that can be patched, and as the values of an action.
func TestMemory_kept(t *testing.T) {
	texts := objects(t)
	type kept struct {
		object any
		units  crm.Units
	}
	measure := func(name string, read func(string) kept) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		all := make([]kept, events)
		for i, text := range texts {
			all[i] = read(text)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		t.Logf("%s: %d bytes for each event", name, (int64(after.HeapAlloc)-int64(before.HeapAlloc))/events)
		runtime.KeepAlive(all)
	}
	measure("values only", func(text string) kept { _, units, _ := readOurs(text); return kept{nil, units} })
	measure("object and values", func(text string) kept { o, units, _ := readOurs(text); return kept{o, units} })
	measure("go-ical's calendar and values", func(text string) kept { c, units, _ := readGoICal(text); return kept{c, units} })
}

// The ratio of speeds, in one run, several times in turn; the middle of them is what is said. It is that of the time that the
// processors worked, garbage collection included: what else runs on the machine does not count.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	texts := objects(t)
	took := func(read func(string) error) time.Duration {
		runtime.GC()
		began := worked(t)
		for _, text := range texts {
			if err := read(text); err != nil {
				t.Fatal(err)
			}
		}
		return worked(t) - began
	}
	var ratios []float64
	var all []time.Duration
	for range 9 {
		ours := took(func(text string) error { _, _, err := readOurs(text); return err })
		theirs := took(func(text string) error { _, _, err := readGoICal(text); return err })
		all = append(all, ours)
		ratios = append(ratios, float64(theirs)/float64(ours))
	}
	slices.Sort(ratios)
	slices.Sort(all)
	t.Logf("%d events in %s; %.1f times as fast as go-ical (from %.1f to %.1f)", events, all[len(all)/2], ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
}

// worked is the time that processors worked for this process.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Skipf("cannot tell what the processors did: %v", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
