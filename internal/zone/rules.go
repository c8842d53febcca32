package zone

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ErrUnknown says that no zone has the name asked for.
var ErrUnknown = errors.New("not the name of a time zone")

// Rules knows the zones of the IANA database by name. Any number of goroutines may use it.
type Rules struct {
	load func(name string) (*time.Location, error)

	mu       sync.RWMutex
	zones    map[string]*Zone      // by the database's spelling; at most as many as there are names
	observed map[string][]observed // what PrintVTimezone found of a zone since observedSince
}

// NewRules takes its rules from load, which gets a name as the database spells it; time.LoadLocation fits. Each name is
// loaded once, when it is first asked for.
func NewRules(load func(name string) (*time.Location, error)) *Rules {
	return &Rules{load: load, zones: map[string]*Zone{}, observed: map[string][]observed{}}
}

// IANA returns the zone of a name of the IANA database, aliases ("links") included, in any case. The error is ErrUnknown
// where there is none, and otherwise says why its rules could not be loaded.
func (r *Rules) IANA(name string) (*Zone, error) {
	spelled, known := ianaName(name)
	if !known {
		return nil, ErrUnknown
	}
	r.mu.RLock()
	z := r.zones[spelled]
	r.mu.RUnlock()
	if z != nil {
		return z, nil
	}
	location, err := r.load(spelled)
	if err != nil {
		return nil, fmt.Errorf("load the rules of time zone %s: %w", spelled, err)
	}
	z = &Zone{name: spelled, location: location}
	r.mu.Lock()
	defer r.mu.Unlock()
	if earlier := r.zones[spelled]; earlier != nil {
		return earlier, nil
	}
	r.zones[spelled] = z
	return z, nil
}

// ianaName finds a name, in any case, as the database spells it. Only names of the table are ever loaded: others could
// name the machine's own zone ("Local", "localtime"), a file that counts leap seconds ("right/..."), or one that is no zone.
func ianaName(name string) (string, bool) {
	i, found := search(len(ianaNames), func(i int) int { return compareFold(name, ianaNames[i]) })
	if !found {
		return "", false
	}
	return ianaNames[i], true
}

// search finds the place where compare is zero in n places sorted by it.
func search(n int, compare func(i int) int) (place int, found bool) {
	low, high := 0, n
	for low < high {
		middle := int(uint(low+high) >> 1)
		switch order := compare(middle); {
		case order == 0:
			return middle, true
		case order < 0:
			high = middle
		default:
			low = middle + 1
		}
	}
	return 0, false
}

// compareFold orders as strings.Compare does the lower-case forms, for ASCII letters.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// IANANames returns every name that IANA knows, as the database spells them, sorted.
func IANANames() []string { return append([]string(nil), ianaNames[:]...) }

// normalSpace trims and makes one blank of several.
func normalSpace(s string) string { return strings.Join(strings.Fields(s), " ") }
