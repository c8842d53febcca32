// Package oracle judges what a two-way sync did, from the outside: from the calendar server's log of writes, from what people did
// and from what both sides show at the end. It knows nothing of how the product works, parses calendar text line by line by
// itself, and reads none of the product's tables. What it looks for are the rules S1 to S7, which hold at every step, and O1 to
// O11, which hold when nothing moves any more:
//
//	S1 no blind write          O1 both sides equal         O7  what is not mapped stays
//	S2 a write is a patch      O2 one action, one event    O8  nothing moves any more
//	S3 one to one              O3 no edit lost             O9  in time
//	S4 no deletion from absence O4 nothing made up         O10 walls
//	S5 what was saved is there O5 conflicts by the rule    O11 no mail
//	S6 secrets                 O6 deletions by the rule
//	S7 no password tried again
//
// It rests on one promise of whoever makes the history: every value that a person writes is unique in it, so that a value found
// anywhere names the edit that wrote it. Empty values name nothing. Recurring resources are judged by S1, S2, S3, S4, O7 and O11 only;
// Report.Unjudged counts them.
package oracle
