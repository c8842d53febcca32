package zone

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// location loads the rules that tests compare with.
func location(t testing.TB, name string) *time.Location {
	t.Helper()
	loaded, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func ianaZone(t testing.TB, name string) *Zone {
	t.Helper()
	z, err := NewRules(time.LoadLocation).IANA(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func civil(t testing.TB, text string) Civil {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		t.Fatal(err)
	}
	return civilAt(at.Unix())
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, zone, local string
		kind              Kind
		at, last          string
		next              string // local
	}{
		{"winter", "Europe/Brussels", "2026-01-15T12:00:00", Exact, "2026-01-15T11:00:00Z", "", ""},
		{"summer", "Europe/Brussels", "2026-07-15T12:00:00", Exact, "2026-07-15T10:00:00Z", "", ""},
		{"the gap takes the offset before it", "Europe/Brussels", "2026-03-29T02:30:00", Gap, "2026-03-29T01:30:00Z", "", "2026-03-29T03:00:00"},
		{"so does a gap where time.Date takes the other", "America/New_York", "2026-03-08T02:30:00", Gap, "2026-03-08T07:30:00Z", "", "2026-03-08T03:00:00"},
		{"the first second of a gap", "Europe/Brussels", "2026-03-29T02:00:00", Gap, "2026-03-29T01:00:00Z", "", "2026-03-29T03:00:00"},
		{"the second before a gap", "Europe/Brussels", "2026-03-29T01:59:59", Exact, "2026-03-29T00:59:59Z", "", ""},
		{"the second after a gap", "Europe/Brussels", "2026-03-29T03:00:00", Exact, "2026-03-29T01:00:00Z", "", ""},
		{"an overlap takes the first", "Europe/Brussels", "2026-10-25T02:30:00", Overlap, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", ""},
		{"so does an overlap where time.Date agrees", "America/New_York", "2026-11-01T01:30:00", Overlap, "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", ""},
		{"the second after an overlap", "Europe/Brussels", "2026-10-25T03:00:00", Exact, "2026-10-25T02:00:00Z", "", ""},
		{"midnight that does not exist", "America/Sao_Paulo", "2017-10-15T00:00:00", Gap, "2017-10-15T03:00:00Z", "", "2017-10-15T01:00:00"},
		{"midnight that does not exist, in the future", "Asia/Beirut", "2045-03-26T00:00:00", Gap, "2045-03-25T22:00:00Z", "", "2045-03-26T01:00:00"},
		{"midnight that exists twice", "America/Havana", "2026-11-01T00:00:00", Overlap, "2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z", ""},
		{"half an hour skipped", "Australia/Lord_Howe", "2026-10-04T02:15:00", Gap, "2026-10-03T15:45:00Z", "", "2026-10-04T02:30:00"},
		{"half an hour repeated", "Australia/Lord_Howe", "2026-04-05T01:45:00", Overlap, "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", ""},
		{"a day that does not exist", "Pacific/Apia", "2011-12-30T12:00:00", Gap, "2011-12-30T22:00:00Z", "", "2011-12-31T00:00:00"},
		{"a day that exists twice", "Pacific/Kwajalein", "1969-09-30T12:00:00", Overlap, "1969-09-30T01:00:00Z", "1969-10-01T00:00:00Z", ""},
		{"daylight time in winter", "Europe/Dublin", "2026-03-29T01:30:00", Gap, "2026-03-29T01:30:00Z", "", "2026-03-29T02:00:00"},
		{"31 December of a leap year beyond the tables", "Europe/Brussels", "2048-12-31T12:00:00", Exact, "2048-12-31T11:00:00Z", "", ""},
		{"the last year that can be written", "Australia/Sydney", "9999-12-31T23:59:59", Exact, "9999-12-31T12:59:59Z", "", ""},
		{"the first year that can be written", "Europe/Brussels", "0001-01-01T00:00:00", Exact, "0000-12-31T23:42:30Z", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.last == "" {
				test.last = test.at
			}
			if test.next == "" {
				test.next = test.local
			}
			got := Resolve(civil(t, test.local), ianaZone(t, test.zone))
			if got.Kind != test.kind {
				t.Errorf("got kind %s, want %s", got.Kind, test.kind)
			}
			if at := got.At.Format(time.RFC3339); at != test.at {
				t.Errorf("got At %s, want %s", at, test.at)
			}
			if last := got.Last.Format(time.RFC3339); last != test.last {
				t.Errorf("got Last %s, want %s", last, test.last)
			}
			if next := got.Next.String(); next != test.next {
				t.Errorf("got Next %s, want %s", next, test.next)
			}
			if shown := got.NextAt.In(location(t, test.zone)).Format("2006-01-02T15:04:05"); shown != test.next {
				t.Errorf("got NextAt, which clocks show as %s, want %s", shown, test.next)
			}
		})
	}
}

// An oracle that knows nothing of periods: it finds clock changes by looking at what clocks show twice a day, and the
// instants of a local time by trying every offset that holds around it.
type oracle struct{ location *time.Location }

func (o oracle) offset(at int64) int64 {
	_, offset := time.Unix(at, 0).In(o.location).Zone()
	return int64(offset)
}

func (o oracle) changes(start, end int64) []int64 {
	var changes []int64
	const step = 12 * 60 * 60
	for at := start; at < end; at += step {
		if before := o.offset(at); before != o.offset(at+step) {
			low, high := at, at+step // the offset at low is before, that at high is not
			for high-low > 1 {
				if middle := (low + high) / 2; o.offset(middle) == before {
					low = middle
				} else {
					high = middle
				}
			}
			changes = append(changes, high)
		}
	}
	return changes
}

func (o oracle) instants(wall int64) (instants []int64) {
	tried := map[int64]bool{}
	for at := wall - 27*3600; at <= wall+27*3600; at += 1800 {
		offset := o.offset(at)
		if instant := wall - offset; !tried[offset] && o.offset(instant) == offset {
			instants = append(instants, instant)
		}
		tried[offset] = true
	}
	return instants
}

// TestResolve_agrees_with_trying_every_offset looks at every clock change of every zone from 1970 to 2060: past the
// tables of package time, which for most zones end by 2037.
func TestResolve_agrees_with_trying_every_offset(t *testing.T) {
	t.Parallel()
	start := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	end := time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	names := IANANames()
	if testing.Short() {
		names = []string{"Europe/Brussels", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Europe/Dublin",
			"Africa/Casablanca", "Africa/Cairo", "Asia/Gaza", "Antarctica/Troll", "America/Nuuk", "Asia/Tehran", "America/Caracas"}
	}
	compared := 0
	for _, name := range names {
		truth := oracle{location(t, name)}
		z := ianaZone(t, name)
		for _, change := range truth.changes(start, end) {
			before, after := truth.offset(change-1), truth.offset(change)
			early, late := change+min(before, after), change+max(before, after) // on the wall: the gap or overlap
			for _, wall := range []int64{early - 3600, early - 1, early, (early + late) / 2, late - 1, late, late + 3600, change + before - 86400, change + after + 86400} {
				compared++
				local := civilAt(wall)
				got := Resolve(local, z)
				instants := truth.instants(wall)
				want := Instants{Next: local}
				switch len(instants) {
				case 0:
					want.Kind, want.At, want.NextAt, want.Next = Gap, utc(wall-before), utc(change), civilAt(change+after)
					want.Last = want.At
				case 1:
					want.At = utc(instants[0])
					want.Last, want.NextAt = want.At, want.At
				default:
					want.Kind, want.At, want.Last = Overlap, utc(min(instants[0], instants[1])), utc(max(instants[0], instants[1]))
					want.NextAt = want.At
				}
				if got != want {
					t.Fatalf("%s in %s: got %+v, want %+v", local, name, got, want)
				}
			}
			if got, found := z.NextChange(utc(change - 1)); !found || got != utc(change) {
				t.Fatalf("next change in %s after %s: got %s %t, want %s", name, utc(change-1), got, found, utc(change))
			}
		}
	}
	t.Logf("compared %d local times", compared)
}

func TestStartOfDay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, zone, date, want string }{
		{"an ordinary day", "Europe/Brussels", "2026-11-23T14:00:00", "2026-11-22T23:00:00Z"},
		{"midnight is skipped", "America/Sao_Paulo", "2017-10-15T00:00:00", "2017-10-15T03:00:00Z"},
		{"the day is skipped", "Pacific/Apia", "2011-12-30T00:00:00", "2011-12-30T10:00:00Z"},
		{"midnight comes twice", "America/Havana", "2026-11-01T00:00:00", "2026-11-01T04:00:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := StartOfDay(civil(t, test.date), ianaZone(t, test.zone)).Format(time.RFC3339); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
