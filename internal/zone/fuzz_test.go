package zone

import (
	"testing"
	"time"
)

// checkInstants holds the laws of Resolve for one local time of any zone.
func checkInstants(t interface {
	Helper()
	Errorf(string, ...any)
}, local Civil, z *Zone) {
	t.Helper()
	got := Resolve(local, z)
	at, last, next := z.CivilOf(got.At), z.CivilOf(got.Last), z.CivilOf(got.NextAt)
	if next != got.Next {
		t.Errorf("%s: clocks show %s at NextAt, want Next, %s", local, next, got.Next)
	}
	switch got.Kind {
	case Exact:
		if at != local || got.Last != got.At || got.NextAt != got.At || next != local {
			t.Errorf("%s exists once, but got %+v, shown as %s", local, got, at)
		}
	case Overlap:
		if at != local || last != local || next != local || !got.At.Before(got.Last) {
			t.Errorf("%s exists twice, but got %+v, shown as %s and %s", local, got, at, last)
		}
	case Gap:
		if at == local || next.Compare(local) <= 0 || got.At.Before(got.NextAt) || got.Last != got.At {
			t.Errorf("%s does not exist, but got %+v, shown as %s", local, got, at)
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []struct {
		zone  string
		local int64
	}{
		{"Europe/Brussels", time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC).Unix()},
		{"Europe/Brussels", time.Date(2026, 10, 25, 2, 30, 0, 0, time.UTC).Unix()},
		{"America/Sao_Paulo", time.Date(2017, 10, 15, 0, 0, 0, 0, time.UTC).Unix()},
		{"Pacific/Apia", time.Date(2011, 12, 30, 12, 0, 0, 0, time.UTC).Unix()},
		{"Africa/Casablanca", time.Date(2080, 1, 1, 0, 0, 0, 0, time.UTC).Unix()},
		{"Asia/Manila", time.Date(1844, 12, 31, 12, 0, 0, 0, time.UTC).Unix()},
		{"Australia/Lord_Howe", time.Date(2048, 12, 31, 23, 59, 59, 0, time.UTC).Unix()},
	} {
		place, _ := search(len(ianaNames), func(i int) int { return compareFold(seed.zone, ianaNames[i]) })
		f.Add(uint16(place), seed.local)
	}
	rules := NewRules(time.LoadLocation)
	f.Fuzz(func(t *testing.T, place uint16, wall int64) {
		z, err := rules.IANA(ianaNames[int(place)%len(ianaNames)])
		if err != nil {
			t.Fatal(err)
		}
		const tenMillennia = 10_000 * 366 * 24 * 60 * 60
		checkInstants(t, civilAt(wall%tenMillennia), z)
	})
}
