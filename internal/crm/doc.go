// Package crm is the domain: actions, users, links, history, the trash and the civil When, with the rules that need
// nothing else (semantics 1, 2, 9, 12). It knows no calendar text, no protocol and no storage; what a TZID or an event
// means is left to zone and eventmap, what to merge to reconcile.
//
// Dates and times of an action are civil: a Date and a Clock as a person wrote them, in the action's IANA time zone.
// They become instants only where a zone is chosen. An instant is a UTC time.Time in a field named ...At.
package crm
