package i18n

import (
	"strconv"
	"strings"
)

// The languages by their names in code, API and database.
const (
	Dutch   = "nl"
	French  = "fr"
	English = "en"
)

// Languages lists them in the order they are offered.
var Languages = []string{Dutch, French, English}

// Known reports whether lang is one of Languages.
func Known[L ~string](lang L) bool {
	switch string(lang) {
	case Dutch, French, English:
		return true
	}
	return false
}

// Match is the language that an Accept-Language header asks for first among ours (RFC 9110 section 12.5.4), fallback when
// it asks for none of them. "nl-BE" is Dutch.
func Match(header, fallback string) string {
	best, bestWeight := fallback, 0.0
	for part := range strings.SplitSeq(header, ",") {
		name, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
		weight := 1.0
		if q, found := strings.CutPrefix(strings.TrimSpace(parameter), "q="); found {
			parsed, err := strconv.ParseFloat(q, 64)
			if err != nil {
				continue
			}
			weight = parsed
		}
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "-")
		if Known(primary) && weight > bestWeight {
			best, bestWeight = primary, weight
		}
	}
	return best
}
