package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
)

// typedDate turns what a person typed for a date into the form that service reads: "25/11/2026", "25-11-26", "25.11", "2511",
// "25112026", "2026-11-25" and the words for today, tomorrow and yesterday are understood, day before month in all three
// languages. Without a year it is the year that brings the day closest to today. What is not understood comes back as typed,
// so that service can say so.
func (w words) typedDate(text string) string {
	text = strings.TrimSpace(text)
	for days, word := range map[int]string{-1: "day.yesterday", 0: "day.today", 1: "day.tomorrow"} {
		if text != "" && strings.EqualFold(text, w.T(word)) {
			return w.Today().AddDays(days).String()
		}
	}
	if _, err := crm.ParseDate(text); err == nil {
		return text
	}
	day, month, year, ok := dateParts(text)
	switch {
	case !ok:
		return text
	case year == 0:
		return w.closest(day, month).String()
	case year < 100:
		year += 2000
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// dateParts splits what looks like a date; year is 0 where none was typed.
func dateParts(text string) (day, month, year int, ok bool) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("/-. ", r) })
	if len(parts) == 1 {
		switch run := parts[0]; len(run) {
		case 4:
			parts = []string{run[:2], run[2:]}
		case 6, 8:
			parts = []string{run[:2], run[2:4], run[4:]}
		}
	}
	if len(parts) != 2 && len(parts) != 3 {
		return 0, 0, 0, false
	}
	numbers := make([]int, 3)
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n <= 0 || len(part) > 4 || i < 2 && len(part) > 2 || i == 2 && len(part) == 3 {
			return 0, 0, 0, false
		}
		numbers[i] = n
	}
	return numbers[0], numbers[1], numbers[2], true
}

// closest is the day and month in the year that brings them closest to today; a day that no year has stays as it is, to be
// refused.
func (w words) closest(day, month int) fmt.Stringer {
	today := w.Today()
	var best crm.Date
	distance := -1
	for year := today.Year - 1; year <= today.Year+1; year++ {
		candidate, err := crm.ParseDate(fmt.Sprintf("%04d-%02d-%02d", year, month, day))
		if err != nil {
			continue
		}
		if d := max(candidate.DaysSince(today), today.DaysSince(candidate)); distance < 0 || d < distance {
			best, distance = candidate, d
		}
	}
	if distance < 0 {
		return crm.Date{Year: today.Year, Month: time.Month(month), Day: day}
	}
	return best
}

// typedTime turns what a person typed for a time of day into the form that service reads: "14:30", "1430", "930", "9", "14.30",
// "14h30", "14u". What is not understood comes back as typed.
func typedTime(text string) string {
	text = strings.TrimSpace(text)
	parts := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(":.hu ", r) })
	if len(parts) == 1 && (len(parts[0]) == 3 || len(parts[0]) == 4) {
		at := len(parts[0]) - 2
		parts = []string{parts[0][:at], parts[0][at:]}
	}
	if len(parts) < 1 || len(parts) > 3 {
		return text
	}
	numbers := make([]int, 3)
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 2 {
			return text
		}
		numbers[i] = int(n)
	}
	if numbers[2] != 0 {
		return fmt.Sprintf("%02d:%02d:%02d", numbers[0], numbers[1], numbers[2])
	}
	return fmt.Sprintf("%02d:%02d", numbers[0], numbers[1])
}

// shownDate is a date in the form of service as its form shows it; what is none stays as it is.
func shownDate(text string) string {
	date, err := crm.ParseDate(text)
	if err != nil {
		return text
	}
	return i18n.Typed(i18n.Day(date))
}
