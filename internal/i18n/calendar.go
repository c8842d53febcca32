package i18n

import (
	"fmt"
	"time"
)

// Day is a day of the calendar; the zero Day is none. A crm.Date converts to it as it is.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf is the day of t in t's own location.
func DayOf(t time.Time) Day {
	year, month, day := t.Date()
	return Day{year, month, day}
}

func (d Day) weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

func (d Day) daysSince(other Day) int {
	midnight := func(d Day) time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }
	return int(midnight(d).Sub(midnight(other)) / (24 * time.Hour))
}

// Short is "23 nov", "23 nov.", "23 Nov"; with the year where it is not that of today.
func Short[L ~string](lang L, day, today Day) string {
	return withYear(T(lang, "day.short", dayParams(lang, day)), day, today)
}

// ShortWeekday is Short with the day of the week: "ma 23 nov", "lun. 23 nov.", "Mon 23 Nov".
func ShortWeekday[L ~string](lang L, day, today Day) string {
	return withYear(T(lang, "day.short_weekday", dayParams(lang, day)), day, today)
}

// Long is "23 november", "1er novembre", "23 November"; with the year where it is not that of today.
func Long[L ~string](lang L, day, today Day) string {
	return withYear(T(lang, "day.long", dayParams(lang, day)), day, today)
}

// LongWeekday is Long with the day of the week: "maandag 23 november".
func LongWeekday[L ~string](lang L, day, today Day) string {
	return withYear(T(lang, "day.long_weekday", dayParams(lang, day)), day, today)
}

// Weekday is the name of the day of the week, as it stands within a sentence.
func Weekday[L ~string](lang L, day Day) string {
	return T(lang, fmt.Sprintf("weekday.%d", day.weekday()), nil)
}

// Nearby is the word for today, tomorrow and yesterday; "" for another day.
func Nearby[L ~string](lang L, day, today Day) string {
	switch day.daysSince(today) {
	case -1:
		return T(lang, "day.yesterday", nil)
	case 0:
		return T(lang, "day.today", nil)
	case 1:
		return T(lang, "day.tomorrow", nil)
	}
	return ""
}

// Typed is the day as a person types it in a form: 23/11/2026 in all three languages. It is "" for no day.
func Typed(day Day) string {
	if day == (Day{}) {
		return ""
	}
	return fmt.Sprintf("%02d/%02d/%04d", day.Day, day.Month, day.Year)
}

// Moment is an instant as its reader sees it, both instants in his zone: "vandaag, 09:12", "vrijdag 20 november, 17:41".
func Moment[L ~string](lang L, at, now time.Time) string {
	day := Nearby(lang, DayOf(at), DayOf(now))
	if day == "" {
		day = LongWeekday(lang, DayOf(at), DayOf(now))
	}
	return T(lang, "day.moment", Params{"day": day, "time": at.Format("15:04")})
}

// Range joins two ends with an en dash between spaces.
func Range(from, to string) string { return from + " – " + to }

// Ago says how long ago something was: "12 s ago", "il y a 3 min".
func Ago[L ~string](lang L, age time.Duration) string {
	age = max(0, age)
	switch {
	case age < time.Minute:
		return T(lang, "ago.seconds", P("count", int(age/time.Second)))
	case age < time.Hour:
		return T(lang, "ago.minutes", P("count", int(age/time.Minute)))
	case age < 48*time.Hour:
		return T(lang, "ago.hours", P("count", int(age/time.Hour)))
	}
	return T(lang, "ago.days", P("count", int(age/(24*time.Hour))))
}

func dayParams[L ~string](lang L, day Day) Params {
	figure := fmt.Sprint(day.Day)
	if language(lang) == French && day.Day == 1 {
		figure = "1er"
	}
	return Params{
		"day": figure, "weekday": Weekday(lang, day), "weekday_short": T(lang, fmt.Sprintf("weekday_short.%d", day.weekday()), nil),
		"month": T(lang, fmt.Sprintf("month.%d", day.Month), nil), "month_short": T(lang, fmt.Sprintf("month_short.%d", day.Month), nil),
	}
}

func withYear(text string, day, today Day) string {
	if day.Year == today.Year {
		return text
	}
	return fmt.Sprintf("%s %04d", text, day.Year)
}

// dateText writes a value like 2026-11-23 in words with its year, and another as it is.
func dateText(lang, value string) string {
	t, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return value
	}
	return LongWeekday(lang, DayOf(t), Day{})
}
