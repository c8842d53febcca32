package ical

import "strings"

// ParseOffset reads a UTC-OFFSET value (RFC 5545 section 3.3.14) as seconds ahead of UTC: +0100, -0930, +053015. Colons, a
// missing sign, and -0000, which the RFC forbids, are in use and read as well. The error is a *ValueError.
func ParseOffset(value string) (seconds int, err error) {
	fail := func(reason string) (int, error) { return 0, &ValueError{"UTC-OFFSET", reason} }
	digits := strings.TrimSpace(value)
	sign := 1
	switch {
	case strings.HasPrefix(digits, "-"):
		sign = -1
		digits = digits[1:]
	case strings.HasPrefix(digits, "+"):
		digits = digits[1:]
	}
	digits = strings.ReplaceAll(digits, ":", "")
	if len(digits) != 4 && len(digits) != 6 || !allDigits(digits) {
		return fail("not of the form +0100 or +010000")
	}
	hours, minutes := number(digits[:2]), number(digits[2:4])
	seconds = number(digits[4:])
	if hours > 23 || minutes > 59 || seconds > 59 {
		return fail("a day or more, or more than 59 minutes or seconds")
	}
	return sign * (hours*3600 + minutes*60 + seconds), nil
}
