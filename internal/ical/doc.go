// Package ical is iCalendar text (RFC 5545) as a tree that keeps its order: parse, edit one property, print; what was not
// edited comes out byte for byte.
//
//	bytes --Parse--> Text --Print--> the same bytes
//	                  └ Component  VCALENDAR
//	                     ├ Property  VERSION      raw "VERSION:2.0\r\n"
//	                     ├ Component VTIMEZONE
//	                     └ Component VEVENT
//	                        ├ Property  SUMMARY   raw "SUMMARY:Lunch with\r\n  Ann\r\n"
//	                        ├ (a line that could not be read, kept raw)
//	                        └ Component VALARM
//
// A tree is the list of its content lines, each with the bytes it came with: folding, case, line end, NUL and broken
// UTF-8 included. Printing writes these bytes one after the other. A setter writes the line of its own property anew, with
// its parameters, and no other; one that sets what is there already writes nothing. A line that is new or written anew is
// strict: the text's own line end where it has one kind of them and CRLF otherwise, at most 75 octets, escaped, without
// control characters. No value can add a line or a parameter.
//
// What cannot be read does not stop the rest. It stays in the text, and Text.Problems says the line, the component and the
// reason. Parse fails only where there is nothing to keep apart: text over a total limit, and UTF-16.
//
// The broken texts of the wild are read as they are meant:
//
//   - A line ends with LF and any number of CRs before it. Where the first line of a text ends with a bare CR, CRs end lines
//     too; elsewhere a bare CR is a character of its line.
//   - A component without END ends where one begins that it cannot hold, or where a component around it ends.
//   - Octets that are not UTF-8 are read as Windows-1252 and said to be so.
//   - Names are compared without regard to case, and blanks around them are not counted.
//
// Values are text until somebody asks for more: Text, Time, Duration, Period, Offset. A Time is a calendar time with its
// kind and TZID; what a TZID means, and which instant a time is, is left to zone, what a rule means to recur, and what an
// event means to eventmap.
//
// A tree may be read by any number of goroutines; none may edit it meanwhile. Strings that come from it share its memory:
// clone what outlives the text.
package ical
