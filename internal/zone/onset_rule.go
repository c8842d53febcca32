package zone

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An onsetRule is an RRULE of an observance: the days on which its offset begins to hold, at one time of day. Rules of
// clock changes are yearly; MONTHLY within a BYMONTH is the same thing. Other frequencies are not evaluated.
type onsetRule struct {
	start    Civil // no onset is before it; its time of day is that of every onset
	from     int   // the offset in which start, and until where it is local, are meant
	monthly  bool  // INTERVAL, BYSETPOS and the ordinals of BYDAY count in months
	interval int
	count    int   // 0: no COUNT
	until    int64 // the last instant at which an onset may be

	months    uint16 // bit m: month m; 0 for every month
	monthDays numberSet
	yearDays  numberSet
	weekdays  [7]numberSet // by time.Weekday: 2 for the second, -1 for the last, 0 for each
	byWeekday bool
	positions numberSet
}

// A numberSet holds numbers from -366 to 366.
type numberSet struct {
	bits     [12]uint64
	notEmpty bool
}

func (set *numberSet) add(n int) {
	set.bits[(n+384)>>6] |= 1 << ((n + 384) & 63)
	set.notEmpty = true
}

func (set *numberSet) has(n int) bool { return set.bits[(n+384)>>6]&(1<<((n+384)&63)) != 0 }

// maxRuleYears bounds the years that are searched for an onset: the Gregorian calendar repeats after 400, so a rule that
// has none in them has none. lastYear is the last that a calendar can write (RFC 5545 section 3.3.4).
const (
	maxRuleYears = 400
	lastYear     = 9999
)

// parseOnsetRule reads an RRULE value (RFC 5545 section 3.3.10). Unknown parts are refused, lest a misspelt UNTIL make a
// rule endless; X- parts and WKST, which changes nothing here, are not looked at. Errors quote nothing of value.
func parseOnsetRule(value string, start Civil, from int) (*onsetRule, error) {
	rule := &onsetRule{start: start, from: from, interval: 1, until: never}
	frequency := ""
	for part := range strings.SplitSeq(strings.Trim(strings.ToUpper(value), "; \t"), ";") {
		name, text, _ := strings.Cut(part, "=")
		name, text = strings.TrimSpace(name), strings.TrimSpace(text)
		var err error
		switch name {
		case "FREQ":
			frequency = text
		case "INTERVAL":
			rule.interval, err = parseNumber(text, 1, lastYear*12)
		case "COUNT":
			rule.count, err = parseNumber(text, 1, 1<<31-1)
		case "UNTIL":
			rule.until, err = parseUntil(text, from)
		case "BYMONTH":
			var months numberSet
			err = months.parse(text, 1, 12)
			for month := 1; month <= 12; month++ {
				if months.has(month) {
					rule.months |= 1 << month
				}
			}
		case "BYMONTHDAY":
			err = rule.monthDays.parse(text, -31, 31)
		case "BYYEARDAY":
			err = rule.yearDays.parse(text, -366, 366)
		case "BYSETPOS":
			err = rule.positions.parse(text, -366, 366)
		case "BYDAY":
			err = rule.parseWeekdays(text)
		case "BYHOUR":
			rule.start.Hour, err = parseNumber(text, 0, 23)
		case "BYMINUTE":
			rule.start.Minute, err = parseNumber(text, 0, 59)
		case "BYSECOND":
			rule.start.Second, err = parseNumber(text, 0, 59)
		case "WKST":
		case "RSCALE":
			if text != "GREGORIAN" {
				err = errors.New("another calendar than the Gregorian")
			}
		default:
			if !strings.HasPrefix(name, "X-") {
				err = errors.New("not a part of a rule that is evaluated here")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("read part %s of a rule: %w", safeName(name), err)
		}
	}
	switch frequency {
	case "YEARLY":
	case "MONTHLY":
		rule.monthly = true
	default:
		return nil, errors.New("its frequency is not YEARLY or MONTHLY")
	}
	rule.complete()
	return rule, nil
}

// complete adds what the rule takes from its start where it says nothing (RFC 5545 section 3.3.10).
func (rule *onsetRule) complete() {
	if rule.monthDays.notEmpty || rule.yearDays.notEmpty || rule.byWeekday {
		return
	}
	rule.monthDays.add(rule.start.Day)
	if rule.months == 0 && !rule.monthly {
		rule.months = 1 << rule.start.Month
	}
}

// earliest is the instant of the rule's start.
func (rule *onsetRule) earliest() int64 { return rule.start.seconds() - int64(rule.from) }

// onsets returns the instants of the rule's onsets in one year of its local time, in order. UNTIL holds; COUNT does not.
func (rule *onsetRule) onsets(year int) []int64 {
	if year < rule.start.Year || year > lastYear || !rule.monthly && (year-rule.start.Year)%rule.interval != 0 {
		return nil
	}
	newYear := Civil{Year: year, Month: time.January, Day: 1}
	first := newYear.seconds()
	weekday := newYear.Weekday()
	yearLength := 365
	if daysIn(year, time.February) == 29 {
		yearLength = 366
	}
	offset := int64(rule.start.Hour)*3600 + int64(rule.start.Minute)*60 + int64(rule.start.Second) - int64(rule.from)
	earliest := rule.earliest()

	var all, period []int64
	endPeriod := func() {
		for i, at := range period {
			if !rule.atPosition(i, len(period)) || at < earliest || at > rule.until {
				continue
			}
			all = append(all, at)
		}
		period = period[:0]
	}
	for month, before := time.January, 0; month <= time.December; month++ {
		length := daysIn(year, month)
		if rule.inMonth(year, month) {
			for day := 1; day <= length; day++ {
				position := dayPosition{day, length, before + day, yearLength}
				if rule.onDay(position, (weekday+time.Weekday(before+day-1))%7) {
					period = append(period, first+int64(before+day-1)*86400+offset)
				}
			}
		}
		before += length
		if rule.monthly {
			endPeriod()
		}
	}
	endPeriod()
	return all
}

func (rule *onsetRule) inMonth(year int, month time.Month) bool {
	if rule.months != 0 && rule.months&(1<<month) == 0 {
		return false
	}
	elapsed := (year-rule.start.Year)*12 + int(month-rule.start.Month)
	return !rule.monthly || elapsed >= 0 && elapsed%rule.interval == 0
}

// A dayPosition is where a day stands: in a month, and in a year, of these lengths; all count from 1.
type dayPosition struct{ month, monthLength, year, yearLength int }

func (rule *onsetRule) onDay(at dayPosition, weekday time.Weekday) bool {
	if rule.monthDays.notEmpty && !rule.monthDays.has(at.month) && !rule.monthDays.has(at.month-at.monthLength-1) {
		return false
	}
	if rule.yearDays.notEmpty && !rule.yearDays.has(at.year) && !rule.yearDays.has(at.year-at.yearLength-1) {
		return false
	}
	if !rule.byWeekday {
		return true
	}
	day, length := at.month, at.monthLength
	if !rule.monthly && rule.months == 0 {
		day, length = at.year, at.yearLength
	}
	wanted := &rule.weekdays[weekday]
	return wanted.notEmpty && (wanted.has(0) || wanted.has((day+6)/7) || wanted.has(-((length - day + 7) / 7)))
}

// atPosition says whether the place i among n onsets of a period is asked for by BYSETPOS.
func (rule *onsetRule) atPosition(i, n int) bool {
	return !rule.positions.notEmpty || rule.positions.has(i+1) || rule.positions.has(i-n)
}

// before is the rule's last onset not after an instant, after its first one after it; false where there is none.
func (rule *onsetRule) before(at int64) (int64, bool) {
	year := min(civilAt(min(at, rule.until)+int64(rule.from)).Year, lastYear)
	if !rule.monthly {
		year -= max(0, year-rule.start.Year) % rule.interval
	}
	for range maxRuleYears {
		if year < rule.start.Year {
			break
		}
		onsets := rule.onsets(year)
		for _, onset := range slices.Backward(onsets) {
			if onset <= at {
				return onset, true
			}
		}
		year -= rule.yearStep()
	}
	return 0, false
}

func (rule *onsetRule) after(at int64) (int64, bool) {
	if at >= rule.until {
		return 0, false
	}
	year := rule.start.Year
	if now := civilAt(at + int64(rule.from)).Year; now > year {
		year += (now - year) / rule.yearStep() * rule.yearStep()
	}
	for range maxRuleYears + 1 {
		if year > lastYear {
			break
		}
		for _, onset := range rule.onsets(year) {
			if onset > at {
				return onset, true
			}
		}
		year += rule.yearStep()
	}
	return 0, false
}

// yearStep is the distance of years that can have an onset.
func (rule *onsetRule) yearStep() int {
	if rule.monthly {
		return 1
	}
	return rule.interval
}

// endAfterCount turns COUNT into an UNTIL, looking at no more than *years years, of which it takes away what it used.
// It is false where they do not suffice.
func (rule *onsetRule) endAfterCount(years *int) bool {
	left := rule.count
	for year := rule.start.Year; left > 0 && year <= lastYear; year += rule.yearStep() {
		if *years--; *years < 0 {
			return false
		}
		onsets := rule.onsets(year)
		if len(onsets) >= left {
			rule.until = onsets[left-1]
			return true
		}
		left -= len(onsets)
	}
	return true
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// safeName is the name of a part for an error, or a word in its place where it is none that the RFC has.
func safeName(name string) string {
	switch name {
	case "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "RSCALE", "SKIP":
		return name
	}
	return "(unknown)"
}

func parseNumber(text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("not one number from %d to %d", least, most)
	}
	return n, nil
}

// parse reads numbers with commas between them. 0 is none of them.
func (set *numberSet) parse(text string, least, most int) error {
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < least || n > most || n == 0 {
			return fmt.Errorf("not numbers from %d to %d", least, most)
		}
		set.add(n)
	}
	return nil
}

func (rule *onsetRule) parseWeekdays(text string) error {
	for field := range strings.SplitSeq(text, ",") {
		field = strings.TrimSpace(field)
		number, letters := field[:max(0, len(field)-2)], field[max(0, len(field)-2):]
		day := slices.Index([]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}, letters)
		n := 0
		if number != "" {
			var err error
			if n, err = strconv.Atoi(number); err != nil || n == 0 || n < -53 || n > 53 {
				return errors.New("not days of the week")
			}
		}
		if day < 0 {
			return errors.New("not days of the week")
		}
		rule.weekdays[day].add(n)
		rule.byWeekday = true
	}
	return nil
}
