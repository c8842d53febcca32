// Package reconcile decides. Given what both sides last agreed on, what the CRM holds and what the calendar holds, it
// returns a plan: steps, each with its reason (semantics 4, 6, 7). It compares values of the three units, never calendar
// text, and does nothing itself: syncer carries a plan out.
//
// One item is one event of a calendar and its action: key (UID, RECURRENCE-ID). Plan looks at one item at a time; what
// needs all of a link's items together (the first sync, the deletion guard) has functions of its own.
//
//	              calendar: unchanged   changed          gone             set aside
//	CRM
//	unknown       -                     create action    -                -
//	unchanged     -                     change action    trash action     mark
//	changed       patch event           merge            create anew      wait
//	no date       delete event          merge, delete    forget           wait
//	left          delete event          merge, delete    forget           wait
//	in the trash  delete event          restore, merge   forget           wait
//
// docs/sync.md has a row for each case, testdata/plan a vector; a test keeps both the same.
package reconcile
