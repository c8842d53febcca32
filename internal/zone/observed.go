package zone

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The rules of an IANA zone as observances: which of its clock changes follow a yearly rule, and which stand alone. They
// are looked at from observedSince, or the year before the one asked for, through the horizon; what has held every year
// up to there is taken to hold for ever, as the database itself does after its last table entry. Every constellation of
// weekdays and leap years comes in 40 years, and Morocco's and Gaza's tables end before 2090.
const (
	observedSince = 1970
	horizon       = 2130
	// Runs shorter than minRun are written as dates; one that reaches the horizon is endless when it has minEndless.
	minRun     = 3
	minEndless = 10
)

// A changeKind is what the changes of a zone's offset that one observance holds have in common.
type changeKind struct {
	from, to int
	daylight bool
	name     string // the abbreviation that holds afterwards
}

// An observed is changes that can be written as one observance: those that a yearly rule gives, or single ones.
type observed struct {
	changeKind
	changes []int64 // at least one; of an endless rule those before the horizon
	rule    string  // RRULE without UNTIL, or empty for single changes
	endless bool
}

// observe explains all changes of an IANA zone since New Year of a year. The first is no change: it says what holds then.
func observe(z *Zone, sinceYear int) []observed {
	start := newYear(sinceYear)
	end := newYear(max(horizon, sinceYear+60))
	offset, _ := z.holds(start)
	start -= int64(offset)
	name, _ := time.Unix(start, 0).In(z.location).Zone()
	kinds := []changeKind{{offset, offset, false, name}}
	changes := map[changeKind][]int64{kinds[0]: {start}}
	for at, found := z.nextChange(start); found && at < end; at, found = z.nextChange(at) {
		kind := z.changeKindAt(at)
		if changes[kind] == nil {
			kinds = append(kinds, kind)
		}
		changes[kind] = append(changes[kind], at)
	}
	var all []observed
	for _, kind := range kinds {
		all = append(all, explain(kind, changes[kind], end)...)
	}
	slices.SortStableFunc(all, func(a, b observed) int { return cmp.Compare(a.changes[0], b.changes[0]) })
	return all
}

// changeKindAt describes the change at an instant. Where the database calls winter the exception (Dublin: standard time in
// summer, an hour less in winter), the later clock is called daylight all the same, as everybody writes it.
func (z *Zone) changeKindAt(at int64) changeKind {
	before, after := time.Unix(at-1, 0).In(z.location), time.Unix(at, 0).In(z.location)
	_, from := before.Zone()
	name, to := after.Zone()
	daylight := to > from && (after.IsDST() || before.IsDST())
	return changeKind{from, to, daylight, name}
}

// explain finds rules for the changes of one kind, in order, all before end. It begins with the last: the rule of today
// is what holds for ever, and history must not take single years out of it.
func explain(kind changeKind, changes []int64, end int64) []observed {
	var all []observed
	var single []int64
	for len(changes) > 0 {
		best := observed{changeKind: kind}
		last := changes[len(changes)-1]
		for _, rule := range candidateRules(civilAt(last + int64(kind.from))) {
			run, endless := follow(rule, kind.from, changes, end)
			if len(run) > len(best.changes) {
				best.changes, best.rule, best.endless = run, rule, endless
			}
		}
		if len(best.changes) < minRun {
			single = append(single, last)
			changes = changes[:len(changes)-1]
			continue
		}
		all = append(all, best)
		changes = slices.DeleteFunc(slices.Clone(changes), func(at int64) bool {
			_, explained := slices.BinarySearch(best.changes, at)
			return explained
		})
	}
	if single != nil {
		slices.Reverse(single)
		all = append(all, observed{changeKind: kind, changes: single})
	}
	return all
}

// candidateRules are the yearly rules that a local time may follow, the usual forms first.
func candidateRules(local Civil) []string {
	weekday := strings.ToUpper(local.Weekday().String()[:2])
	length := daysIn(2000, local.Month) // 29 days of February
	month := fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d", int(local.Month))
	var rules []string
	if local.Day+7 > daysIn(local.Year, local.Month) {
		rules = append(rules, month+";BYDAY=-1"+weekday)
	}
	if n := (local.Day + 6) / 7; n <= 4 {
		rules = append(rules, fmt.Sprintf("%s;BYDAY=%d%s", month, n, weekday))
	}
	// The first such weekday on or after a day of the month: of a window of seven days, cut off where the month ends. What
	// is beyond follows a rule of the other month (Cairo: the Friday after the last Thursday of October).
	for first := local.Day - 6; first <= local.Day; first++ {
		var days []string
		for day := max(first, 1); day <= min(first+6, length); day++ {
			days = append(days, fmt.Sprint(day))
		}
		rules = append(rules, month+";BYMONTHDAY="+strings.Join(days, ",")+";BYDAY="+weekday)
	}
	return append(rules, fmt.Sprintf("%s;BYMONTHDAY=%d", month, local.Day))
}

// follow returns the changes that a rule gives back from the last of changes, down to the first that it should not give;
// endless says that it gives the later ones too, up to end.
func follow(text string, from int, changes []int64, end int64) (run []int64, endless bool) {
	last := changes[len(changes)-1]
	start := civilAt(last + int64(from))
	start.Year, start.Month, start.Day = civilAt(changes[0]).Year-1, time.January, 1
	rule, err := parseOnsetRule(text, start, from)
	if err != nil {
		return nil, false
	}
	for at, found := rule.before(last); found; at, found = rule.before(at - 1) {
		if _, right := slices.BinarySearch(changes, at); !right {
			break
		}
		run = append(run, at)
	}
	slices.Reverse(run)
	next, found := rule.after(last)
	return run, len(run) >= minEndless && (!found || next >= end)
}

// since leaves out what has ended before an instant, and keeps all that the offsets from then on need.
func since(all []observed, start int64) []observed {
	inForce := all[0].changes[0] // the last change not after start
	current := all[0].changeKind
	coming := false
	for _, o := range all {
		after, _ := slices.BinarySearch(o.changes, start+1)
		if after > 0 && o.changes[after-1] >= inForce {
			inForce, current = o.changes[after-1], o.changeKind
		}
		coming = coming || o.endless || after < len(o.changes)
	}
	if !coming {
		// The offset without its history, from a beginning that every program can read.
		current.from, current.daylight = current.to, false
		return []observed{{changeKind: current, changes: []int64{newYear(observedSince) - int64(current.to)}}}
	}
	var needed []observed
	for _, o := range all {
		if last := o.changes[len(o.changes)-1]; last < inForce && !o.endless {
			continue
		}
		if o.rule == "" {
			first, _ := slices.BinarySearch(o.changes, inForce)
			o.changes = o.changes[first:]
		}
		needed = append(needed, o)
	}
	return needed
}

// newYear is the beginning of a year on the wall clock.
func newYear(year int) int64 { return Civil{Year: year, Month: time.January, Day: 1}.seconds() }
