package zone

import (
	"strconv"
	"strings"
)

// A windowsZone is a row of the table of Windows names.
type windowsZone struct {
	name    string // "Romance Standard Time"
	iana    string // what CLDR gives where the territory is not known
	display string // "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris": what Windows shows, and some programs write
}

// windowsName finds the IANA name that a Windows name stands for, in any case.
func windowsName(name string) (string, bool) {
	i, found := search(len(windowsZones[:]), func(i int) int { return compareFold(name, windowsZones[i].name) })
	if !found {
		return "", false
	}
	return windowsZones[i].iana, true
}

// prefixedName finds the IANA name at the end of one that is registered elsewhere, which RFC 5545 section 3.8.3.1 marks
// by a slash: /mozilla.org/20070129_1/Europe/Brussels, /freeassociation.sourceforge.net/Tzfile/Europe/Berlin. Also of
// posix/Europe/Brussels and right/Europe/Brussels, folders of a zone database on Unix, and of tzone://Microsoft/Utc,
// which Outlook for the web writes.
func prefixedName(tzid string) (string, bool) {
	prefix := strings.ToLower(tzid[:min(len(tzid), len("tzone://microsoft/"))])
	switch {
	case strings.HasPrefix(prefix, "/"), strings.HasPrefix(prefix, "posix/"), strings.HasPrefix(prefix, "right/"):
	case prefix == "tzone://microsoft/":
		return ianaName(tzid[len(prefix):])
	default:
		return "", false
	}
	// The longest end that is a name: names have up to three parts.
	name, known := "", false
	for end, parts := len(tzid), 0; parts < 3 && end > 0; parts++ {
		if end = strings.LastIndexByte(tzid[:end], '/'); end < 0 {
			break
		}
		if spelled, found := ianaName(tzid[end+1:]); found {
			name, known = spelled, true
		}
	}
	return name, known
}

// respelledName finds the IANA name that was written with other separators: America_New_York, US-Eastern,
// "America/New York". Only names of areas count; in Etc/GMT-2 the sign means something.
func respelledName(tzid string) (string, bool) {
	separator := func(r rune) bool { return r == '/' || r == '_' || r == '-' || r == ' ' }
	area := strings.IndexFunc(tzid, separator)
	if area <= 0 || len(tzid) > 64 || strings.EqualFold(tzid[:area], "Etc") || strings.EqualFold(tzid[:area], "GMT") {
		return "", false
	}
	same := func(a, b byte) bool {
		return lower(a) == lower(b) || separator(rune(a)) && separator(rune(b))
	}
	for _, name := range ianaNames {
		if len(name) != len(tzid) || !strings.Contains(name, "/") {
			continue
		}
		equal := true
		for i := 0; i < len(name) && equal; i++ {
			equal = same(name[i], tzid[i])
		}
		if equal {
			return name, true
		}
	}
	return "", false
}

// displayedName finds the IANA name of the Windows zone that is shown as, or much like, the text:
// "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris". Lists of cities differ between versions and languages of Windows,
// so the zone is taken that has the same offset and the most of the cities, the first of equals.
func displayedName(text string) (string, bool) {
	offset, cities, ok := splitDisplay(text)
	if !ok {
		return "", false
	}
	best, most := "", 0
	for _, zone := range windowsZones {
		zoneOffset, zoneCities, _ := splitDisplay(zone.display)
		if zoneOffset != offset {
			continue
		}
		common := 0
		for _, city := range cities {
			for _, zoneCity := range zoneCities {
				if strings.EqualFold(city, zoneCity) {
					common++
				}
			}
		}
		if common > most {
			best, most = zone.iana, common
		}
	}
	return best, most > 0
}

// maxDisplay bounds the length of a display name in bytes; those of Windows stay below 80.
const maxDisplay = 200

// splitDisplay reads "(UTC+01:00) Brussels, Copenhagen" as an offset in minutes and names. The offset may also be written
// (GMT+01:00), (UTC +01.00), (UTC+1) or (UTC).
func splitDisplay(text string) (minutes int, names []string, ok bool) {
	text = normalSpace(text)
	head, tail, closed := strings.Cut(text, ")")
	if len(text) > maxDisplay || !closed || len(head) < 4 || head[0] != '(' {
		return 0, nil, false
	}
	if clock := head[1:4]; !strings.EqualFold(clock, "UTC") && !strings.EqualFold(clock, "GMT") {
		return 0, nil, false
	}
	if offset := strings.TrimSpace(head[4:]); offset != "" {
		hours, rest, _ := strings.Cut(strings.ReplaceAll(offset[1:], ".", ":"), ":")
		h, hoursErr := strconv.ParseUint(hours, 10, 5)
		m, minutesErr := strconv.ParseUint("0"+rest, 10, 6)
		if hoursErr != nil || minutesErr != nil {
			return 0, nil, false
		}
		switch minutes = int(h)*60 + int(m); offset[0] {
		case '+':
		case '-':
			minutes = -minutes
		default:
			return 0, nil, false
		}
	}
	for name := range strings.SplitSeq(tail, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return minutes, names, len(names) > 0
}
