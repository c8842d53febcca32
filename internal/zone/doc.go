// Package zone knows what a TZID means and turns local times into instants.
//
// A TZID means, in this order (semantics 5): the IANA name that it is; the VTIMEZONE that its calendar object defines it by;
// the IANA name behind a vendor's prefix; the Windows name; or nothing, and then the reason is said. A VTIMEZONE under an
// IANA name is not asked: what is written there is often a shortened or outdated copy of the rules.
//
//	TZID --Calendar.Meaning--> *Zone --Resolve--> instant
//	                                 <--CivilOf--
//
// The package loads no rules itself. NewRules is given a function that does: cmd/agenda imports time/tzdata and passes
// time.LoadLocation, so that a machine without a zone database has the embedded one.
//
// A Zone is either such rules or those of a VTIMEZONE. Resolve treats both alike, and it is the one place where a local
// time that a clock change skips or repeats is decided; time.Date decides it differently from zone to zone. Its result
// carries every answer that semantics 5 asks for: the instant of RFC 5545 section 3.3.5, the next local time that exists,
// and the second of two.
//
// What a VTIMEZONE asks for is bounded: the limits are constants beside the code that keeps them, and one that exceeds
// them is not used, with the reason.
package zone

//go:generate go -C ../../tools/zonetables run . -out ../../internal/zone
