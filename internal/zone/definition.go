package zone

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
)

// Limits of one VTIMEZONE. The largest known honest ones, full histories of Morocco through 2087, have some 200
// observances or as many RDATEs.
const (
	maxObservances  = 1000
	maxSingleOnsets = 5000
	maxOnsetRules   = 100
	maxCountedYears = 10_000 // years of rules looked at to find their first and last onset
)

var (
	errTooManyOnsets = fmt.Errorf("more than %d single onsets", maxSingleOnsets)
	errTooManyRules  = fmt.Errorf("more than %d rules", maxOnsetRules)
	errNoObservance  = errors.New("no observance")
)

// A definition is what a VTIMEZONE defines: the onsets of all its observances.
type definition struct {
	initial int // the offset before the first onset
	single  []onset
	rules   []endingRule
	last    atomic.Pointer[span] // the span asked for last: an object asks for the same one again and again
}

// An onset is an instant and the offset that holds from it on. Of two at one instant the one written later counts.
type onset struct {
	at    int64
	to    int
	place int // of its observance in the VTIMEZONE
}

// An endingRule is a rule and its first and last onset (never where it has no end).
type endingRule struct {
	*onsetRule
	to, place   int
	first, last int64
}

// A span is a stretch of time, end excluded, and its offset.
type span struct {
	start, end int64
	offset     int
}

// define takes the observances together.
func define(observances []observance) (*definition, error) {
	if len(observances) == 0 {
		return nil, errNoObservance
	}
	d := &definition{}
	years := maxCountedYears
	first := int64(never)
	begin := func(at int64, from int) {
		if at < first {
			first, d.initial = at, from
		}
	}
	for place, o := range observances {
		for _, at := range o.single {
			begin(at, o.from)
			d.single = append(d.single, onset{at, o.to, place})
		}
		for _, rule := range o.rules {
			ending, err := endRule(rule, &years)
			if err != nil {
				return nil, err
			}
			ending.to, ending.place = o.to, place
			begin(ending.first, o.from)
			d.rules = append(d.rules, ending)
		}
		if len(d.single) > maxSingleOnsets {
			return nil, errTooManyOnsets
		}
		if len(d.rules) > maxOnsetRules {
			return nil, errTooManyRules
		}
	}
	slices.SortStableFunc(d.single, func(a, b onset) int { return cmp.Compare(a.at, b.at) })
	return d, nil
}

// endRule finds the first and last onset of a rule.
func endRule(rule *onsetRule, years *int) (endingRule, error) {
	if rule.count > 0 && !rule.endAfterCount(years) {
		return endingRule{}, fmt.Errorf("rules with COUNT that span more than %d years", maxCountedYears)
	}
	first, found := rule.after(rule.earliest() - 1)
	if !found {
		return endingRule{}, errors.New("a rule without any onset")
	}
	last := int64(never)
	if rule.until != never {
		if at, found := rule.before(rule.until); found {
			last = at
		}
	}
	return endingRule{onsetRule: rule, first: first, last: last}, nil
}

// holds is Zone.holds.
func (d *definition) holds(at int64) (offset int, until int64) {
	if span := d.last.Load(); span != nil && span.start <= at && at < span.end {
		return span.offset, span.end
	}
	span := d.span(at)
	d.last.Store(&span)
	return span.offset, span.end
}

func (d *definition) span(at int64) span {
	now := onset{math.MinInt64, d.initial, -1}
	end := int64(never)
	take := func(o onset) {
		if o.at > now.at || o.at == now.at && o.place > now.place {
			now = o
		}
	}
	after, _ := slices.BinarySearchFunc(d.single, at+1, func(o onset, at int64) int { return cmp.Compare(o.at, at) })
	if after < len(d.single) {
		end = d.single[after].at
	}
	if after > 0 {
		take(d.single[after-1]) // of equal ones the last, which was written last
	}
	for i := range d.rules {
		rule := &d.rules[i]
		switch {
		case at < rule.first:
			end = min(end, rule.first)
		case at >= rule.last:
			take(onset{rule.last, rule.to, rule.place})
		default:
			if before, found := rule.before(at); found {
				take(onset{before, rule.to, rule.place})
			}
			if after, found := rule.after(at); found {
				end = min(end, after)
			}
		}
	}
	return span{now.at, end, now.to}
}
