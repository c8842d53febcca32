package crm

import (
	"fmt"
	"strconv"
	"time"
)

// Date is a day of the proleptic Gregorian calendar. The zero Date means "no date".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads "2026-11-23"; "" is no date. A day that does not exist is refused.
func ParseDate(text string) (Date, error) {
	if text == "" {
		return Date{}, nil
	}
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return Date{}, fmt.Errorf("read date %.20q: want the form 2026-11-23", text)
	}
	year, okYear := digits(text[0:4])
	month, okMonth := digits(text[5:7])
	day, okDay := digits(text[8:10])
	date := Date{year, time.Month(month), day}
	if !okYear || !okMonth || !okDay || !date.exists() {
		return Date{}, fmt.Errorf("read date %.20q: there is no such day", text)
	}
	return date, nil
}

// DateOf is the day of t in t's own location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

func (d Date) exists() bool {
	return d.Year >= 1 && d.Year <= 9999 && DateOf(d.midnightUTC()) == d
}

func (d Date) midnightUTC() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// String is "2026-11-23", and "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	if d.Year < 0 || d.Year > 9999 || d.Month < 0 || d.Month > 99 || d.Day < 0 || d.Day > 99 {
		return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) // no such day, but told as it is
	}
	var text [10]byte
	putDigits(text[:4], d.Year)
	putDigits(text[5:7], int(d.Month))
	putDigits(text[8:], d.Day)
	text[4], text[7] = '-', '-'
	return string(text[:])
}

// putDigits writes a number over all of text, with zeros before it. A day is written several times for each event of a first
// sync, and fmt would take a tenth of that.
func putDigits(text []byte, n int) {
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = byte('0' + n%10)
		n /= 10
	}
}

// AddDays is the day n days later, earlier for a negative n.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// DaysSince counts the days from other to d; negative when d comes first.
func (d Date) DaysSince(other Date) int {
	// A time.Duration ends at 292 years; seconds do not.
	return int((d.midnightUTC().Unix() - other.midnightUTC().Unix()) / (24 * 60 * 60))
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.midnightUTC().Weekday() }

// Compare is -1, 0 or +1 as d lies before, on or after other. No date comes before every date.
func (d Date) Compare(other Date) int {
	switch {
	case d == other:
		return 0
	case d.Year != other.Year:
		return sign(d.Year - other.Year)
	case d.Month != other.Month:
		return sign(int(d.Month - other.Month))
	default:
		return sign(d.Day - other.Day)
	}
}

// Clock is a time of day to the second. The zero Clock means "no time"; midnight is NewClock(0, 0, 0).
type Clock struct{ secondsPlusOne int32 }

// NewClock is the time of day hour:minute:second, 0:0:0 to 23:59:59; outside that it panics.
func NewClock(hour, minute, second int) Clock {
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		panic(fmt.Sprintf("crm: no time of day %d:%d:%d", hour, minute, second))
	}
	return Clock{int32(hour*3600+minute*60+second) + 1}
}

// ClockOf is the time of day of t in t's own location, to the second.
func ClockOf(t time.Time) Clock { return NewClock(t.Clock()) }

// ParseClock reads "14:30" or "14:30:15"; "" is no time.
func ParseClock(text string) (Clock, error) {
	if text == "" {
		return Clock{}, nil
	}
	withSeconds := len(text) == 8 && text[5] == ':'
	if (len(text) != 5 && !withSeconds) || text[2] != ':' {
		return Clock{}, fmt.Errorf("read time %.20q: want the form 14:30 or 14:30:15", text)
	}
	hour, okHour := digits(text[0:2])
	minute, okMinute := digits(text[3:5])
	second, okSecond := 0, true
	if withSeconds {
		second, okSecond = digits(text[6:8])
	}
	if !okHour || !okMinute || !okSecond || hour > 23 || minute > 59 || second > 59 {
		return Clock{}, fmt.Errorf("read time %.20q: there is no such time of day", text)
	}
	return NewClock(hour, minute, second), nil
}

// IsZero reports whether there is no time.
func (c Clock) IsZero() bool { return c == Clock{} }

// Seconds counts from midnight, 0 to 86399; no time counts as midnight.
func (c Clock) Seconds() int {
	if c.IsZero() {
		return 0
	}
	return int(c.secondsPlusOne - 1)
}

// HMS is the time of day in its parts; no time is 0, 0, 0.
func (c Clock) HMS() (hour, minute, second int) {
	s := c.Seconds()
	return s / 3600, s / 60 % 60, s % 60
}

// String is "14:30", with seconds only where they are not 0: "14:30:15". No time is "".
func (c Clock) String() string {
	if c.IsZero() {
		return ""
	}
	hour, minute, second := c.HMS()
	text := [8]byte{2: ':', 5: ':'}
	putDigits(text[0:2], hour)
	putDigits(text[3:5], minute)
	if second == 0 {
		return string(text[:5])
	}
	putDigits(text[6:8], second)
	return string(text[:])
}

// digits reads a number made of ASCII digits only: strconv alone would take a sign.
func digits(text string) (int, bool) {
	for _, r := range []byte(text) {
		if r < '0' || r > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
