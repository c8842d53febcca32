// Package sandbox is a CalDAV server that behaves as it is told: the calendar of the demo, and the peer of tests. By itself
// it is a correct server that Thunderbird and DAVx5 can use (RFC 4918, RFC 4791, RFC 6578, RFC 3744, RFC 5397, RFC 6764).
// A Profile gives it the manners of a real server; a Fault makes single requests go wrong in one of the ways that servers and
// networks do; a Human changes calendars as somebody's own calendar program would. Every applied write stands in a log that a
// judge reads as plain values.
//
//	Open ── Server ── ServeHTTP ── fault? ── who ── what ── answer ── fault? ── the client
//	           │                                     │
//	        Human ───────────────────────────────── state ── journal in a folder
//
// It starts no goroutine, and takes its time from Options, so that the same requests in the same order give the same answers.
// It does not use the product's own parser of calendar text: what both would misread, no test would see.
package sandbox
