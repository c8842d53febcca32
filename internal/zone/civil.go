package zone

import (
	"cmp"
	"fmt"
	"time"
)

// Civil is a date and a time of day as a clock on the wall shows them, without a zone (Gregorian calendar, also before
// 1582). Two of them are the same time exactly when they are equal.
type Civil struct {
	Year                 int
	Month                time.Month
	Day                  int
	Hour, Minute, Second int
}

// NewCivil brings fields that are out of range into it as time.Date does: 30 February becomes 1 or 2 March, 24:00 the
// next midnight, and second 60, which RFC 5545 section 3.3.12 allows, the next minute.
func NewCivil(year int, month time.Month, day, hour, minute, second int) Civil {
	return civilAt(time.Date(year, month, day, hour, minute, second, 0, time.UTC).Unix())
}

// civilAt is the time that a wall clock shows which stands seconds after 1970-01-01T00:00:00.
func civilAt(seconds int64) Civil {
	t := time.Unix(seconds, 0).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return Civil{year, month, day, hour, minute, second}
}

// seconds counts from 1970-01-01T00:00:00 on the same wall clock.
func (c Civil) seconds() int64 {
	return time.Date(c.Year, c.Month, c.Day, c.Hour, c.Minute, c.Second, 0, time.UTC).Unix()
}

// AddDays moves the date and keeps the time of day.
func (c Civil) AddDays(days int) Civil {
	return NewCivil(c.Year, c.Month, c.Day+days, c.Hour, c.Minute, c.Second)
}

// Midnight is the beginning of c's day, whether or not it exists in some zone.
func (c Civil) Midnight() Civil { return Civil{Year: c.Year, Month: c.Month, Day: c.Day} }

// Weekday is the day of the week of c's date.
func (c Civil) Weekday() time.Weekday {
	return time.Date(c.Year, c.Month, c.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

// Compare is negative where c is before other on the wall clock, zero where they are the same.
func (c Civil) Compare(other Civil) int {
	return cmp.Or(
		cmp.Compare(c.Year, other.Year), cmp.Compare(c.Month, other.Month), cmp.Compare(c.Day, other.Day),
		cmp.Compare(c.Hour, other.Hour), cmp.Compare(c.Minute, other.Minute), cmp.Compare(c.Second, other.Second))
}

// String is the form of ISO 8601: 2026-11-23T14:30:00.
func (c Civil) String() string {
	return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d", c.Year, c.Month, c.Day, c.Hour, c.Minute, c.Second)
}
