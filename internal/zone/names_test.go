package zone

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRules_IANA(t *testing.T) {
	t.Parallel()
	rules := NewRules(time.LoadLocation)
	for _, test := range []struct{ name, asked, want string }{
		{"as the database spells it", "Europe/Brussels", "Europe/Brussels"},
		{"in another case", "europe/BRUSSELS", "Europe/Brussels"},
		{"an alias keeps its name", "US/Eastern", "US/Eastern"},
		{"an old name", "Asia/Calcutta", "Asia/Calcutta"},
		{"UTC", "UTC", "UTC"},
		{"three parts", "america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"},
		{"a sign", "Etc/GMT-2", "Etc/GMT-2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			z, err := rules.IANA(test.asked)
			if err != nil {
				t.Fatal(err)
			}
			if z.Name() != test.want {
				t.Errorf("got %s, want %s", z.Name(), test.want)
			}
		})
	}
}

// TestRules_IANA_asks_the_source_for_names_only guards against names that a zone database's folder or package time
// would answer with something else: the machine's own zone, leap seconds, any file.
func TestRules_IANA_asks_the_source_for_names_only(t *testing.T) {
	t.Parallel()
	rules := NewRules(func(name string) (*time.Location, error) {
		t.Errorf("the source was asked for %q", name)
		return nil, errors.New("asked")
	})
	for _, name := range []string{"", "Local", "localtime", "posixrules", "Factory", "right/Europe/Brussels", "../../etc/passwd", "/etc/passwd",
		"Europe", "Europe/", "Europe/Brussels ", "Europe/Brussels\x00", "tzdata.zi", strings.Repeat("Europe/", 1500)} {
		if z, err := rules.IANA(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("got %v, %v for %q, want ErrUnknown", z, err, name)
		}
	}
}

func TestRules_IANA_says_why_rules_cannot_be_loaded(t *testing.T) {
	t.Parallel()
	broken := errors.New("no zone database")
	_, err := NewRules(func(string) (*time.Location, error) { return nil, broken }).IANA("Europe/Brussels")
	if !errors.Is(err, broken) || errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want the source's error", err)
	}
}

func TestRules_IANA_loads_each_zone_once(t *testing.T) {
	t.Parallel()
	loads := 0
	rules := NewRules(func(name string) (*time.Location, error) { loads++; return time.LoadLocation(name) })
	for range 3 {
		if _, err := rules.IANA("Europe/Brussels"); err != nil {
			t.Fatal(err)
		}
	}
	if loads != 1 {
		t.Errorf("got %d loads, want 1", loads)
	}
}

func TestIANANames(t *testing.T) {
	t.Parallel()
	names := IANANames()
	for _, name := range names {
		if _, err := time.LoadLocation(name); err != nil {
			t.Errorf("the table has a name without rules: %v", err)
		}
		if spelled, found := ianaName(strings.ToUpper(name)); !found || spelled != name {
			t.Errorf("got %q, %t for %s in capitals", spelled, found, name)
		}
	}
	if len(names) < 590 || !slices.Contains(names, "Europe/Kyiv") {
		t.Errorf("got %d names, want the whole database", len(names))
	}
}

func TestWindowsNames(t *testing.T) {
	t.Parallel()
	for _, row := range windowsZones {
		if iana, found := windowsName(strings.ToLower(row.name)); !found || iana != row.iana {
			t.Errorf("got %q, %t for %s, want %s", iana, found, row.name, row.iana)
		}
		if _, found := ianaName(row.iana); !found {
			t.Errorf("%s stands for %s, which is no name", row.name, row.iana)
		}
	}
	if len(windowsZones) < 139 {
		t.Errorf("got %d Windows zones, want at least 139", len(windowsZones))
	}
}

// Every display name finds its own zone; two that Windows shows alike would have to stand for the same one.
func TestDisplayNames(t *testing.T) {
	t.Parallel()
	for _, row := range windowsZones {
		if got, found := displayedName(row.display); !found || got != row.iana {
			t.Errorf("got %q, %t for %s, want %s", got, found, row.display, row.iana)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	rules := NewRules(time.LoadLocation)
	for _, test := range []struct {
		name, tzid, want string
		by               By
	}{
		{"an IANA name", "Europe/Brussels", "Europe/Brussels", ByName},
		{"with blanks around it", " Europe/Brussels ", "Europe/Brussels", ByName},
		{"a Windows name", "Romance Standard Time", "Europe/Paris", ByWindowsName},
		{"a Windows name in another case", "w. europe standard time", "Europe/Berlin", ByWindowsName},
		{"a Windows name that looks like an offset", "UTC+12", "Etc/GMT-12", ByWindowsName},
		{"Mozilla's prefix", "/mozilla.org/20070129_1/Europe/Brussels", "Europe/Brussels", ByPrefix},
		{"Evolution's prefix", "/freeassociation.sourceforge.net/Tzfile/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires", ByPrefix},
		{"libical's prefix", "/softwarestudio.org/Olson_20011030_5/America/Chicago", "America/Chicago", ByPrefix},
		{"Citadel's prefix before a name of one part", "/citadel.org/20210210_1/UTC", "UTC", ByPrefix},
		{"a slash only", "/Europe/Stockholm", "Europe/Stockholm", ByPrefix},
		{"a folder of a zone database", "posix/Europe/Vaduz", "Europe/Vaduz", ByPrefix},
		{"Outlook's scheme", "tzone://Microsoft/Utc", "UTC", ByPrefix},
		{"underscores", "America_New_York", "America/New_York", ByRespelling},
		{"hyphens", "US-Eastern", "US/Eastern", ByRespelling},
		{"a blank", "America/New York", "America/New_York", ByRespelling},
		{"a display name of Windows", "(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", "Europe/Paris", ByDisplayName},
		{"an older one", "(GMT+01.00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin", ByDisplayName},
		{"one in Dutch", "(UTC+01:00) Brussel, Kopenhagen, Madrid, Parijs", "Europe/Paris", ByDisplayName},
		{"one with a comma within brackets", "(UTC-05:00) Eastern Time (US & Canada)", "America/New_York", ByDisplayName},
		{"UTC's", "(UTC) Coordinated Universal Time", "Etc/UTC", ByDisplayName},

		{"nothing", "", "", Unresolved},
		{"blanks", "  ", "", Unresolved},
		{"another city of the same offset", "(UTC+01:00) Atlantis", "", Unresolved},
		{"the same city under another offset", "(UTC+05:00) Brussels, Copenhagen, Madrid, Paris", "", Unresolved},
		{"Outlook's own zone", "Customized Time Zone", "", Unresolved},
		{"Outlook's own zone as a scheme", "tzone://Microsoft/Custom", "", Unresolved},
		{"a path", "../../etc/passwd", "", Unresolved},
		{"a path from the root", "/etc/passwd", "", Unresolved},
		{"a vendor's own zone", "/Europe/CUSTOM", "", Unresolved},
		{"an offset respelled", "Etc GMT 2", "", Unresolved},
		{"10 KiB of slashes", strings.Repeat("/", 10<<10), "", Unresolved},
		{"10 KiB in brackets", "(UTC+01:00)" + strings.Repeat(" Brussels,", 1<<10), "", Unresolved},
		{"the machine's zone", "Local", "", Unresolved},
		{"a number of hours that wraps", "(UTC+99999999999999999999:00) Brussels", "", Unresolved},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			z, by, err := rules.named(test.tzid)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if z != nil {
				got = z.Name()
			}
			if got != test.want || by != test.by {
				t.Errorf("got %q by %s, want %q by %s", got, by, test.want, test.by)
			}
		})
	}
}
