package zone

// By says by what a TZID was understood.
type By uint8

// Unresolved: by nothing; the local time is taken as written, with a notice (semantics 5). ByName: it is an IANA name, in
// any case. ByVTimezone: its calendar object defines it. ByPrefix: behind a vendor's prefix stands an IANA name.
// ByRespelling: it is an IANA name but for its separators. ByWindowsName and ByDisplayName: Windows calls, or shows, a
// zone like that.
const (
	Unresolved By = iota
	ByName
	ByVTimezone
	ByPrefix
	ByRespelling
	ByWindowsName
	ByDisplayName
)

// String is a word for what was understood, for output that people read in English and programs compare.
func (by By) String() string {
	return [...]string{"unresolved", "name", "vtimezone", "prefix", "respelling", "windows name", "display name"}[by]
}

// named understands a TZID by nothing but itself. The error is that of a known zone whose rules could not be loaded.
func (r *Rules) named(tzid string) (*Zone, By, error) {
	tzid = normalSpace(tzid)
	for _, reading := range []struct {
		by   By
		name func(string) (string, bool)
	}{
		{ByName, ianaName},
		{ByPrefix, prefixedName},
		{ByWindowsName, windowsName},
		{ByDisplayName, displayedName},
		{ByRespelling, respelledName},
	} {
		name, found := reading.name(tzid)
		if !found {
			continue
		}
		z, err := r.IANA(name)
		if err != nil {
			return nil, Unresolved, err
		}
		return z, reading.by, nil
	}
	return nil, Unresolved, nil
}
