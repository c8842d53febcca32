// Package eventmap is an action as an event and an event as an action (semantics 5): it reads the three units of crm out of
// calendar text, and writes them into it by patching. It decides nothing about which side wins; that is reconcile's.
//
//	bytes --Read--> Object --Extract(against the base)--> crm.Units, notices
//	                   |---Facts---> what the event is: series, invitation, cancelled, private, place, zone
//	                   └---Patch(units)--> bytes        New(units) --> bytes
//
// An event is patched, never rebuilt: a patch writes the lines of what it changes and no other, and one that changes nothing
// gives the same bytes. Each property group has a file with both directions:
//
//	text.go         SUMMARY, DESCRIPTION and their twins        html.go  descriptions that are HTML
//	when.go         DTSTART, DTEND, DURATION as a span of time  shape.go what the CRM made up of it
//	when_write.go   a span into these properties                zones.go TZIDs and VTIMEZONEs
//	revision.go     SEQUENCE, DTSTAMP, LAST-MODIFIED            facts.go all that is only read
//
// A span is half-open: its end is not in it. An action's all-day end date is in it, the day before DTEND.
//
// What the CRM made up, a duration or a day, never flows back: Extract compares the event with the text that both sides
// agreed on, and as long as it has the kind and the length it had there, only the fields that a person typed move.
package eventmap
