// Package syncer carries out one run of one link: it gathers the three states of each item (what both sides last agreed on,
// the action, the event), asks reconcile, executes the steps and records each outcome (semantics 2 to 7, 9; docs/sync.md).
//
//	pull                                              push
//	  sync-collection, or a comparison of ETags         outbox entries that are due, oldest first
//	    | members, held until the answer is whole         | several at a time, one per resource
//	    v                                                 v
//	  reconcile.Decide for each                         reconcile.Decide: the event as it was last seen
//	    |                                                 |
//	    v                                                 v
//	  one commit for many: actions, history, bases,     commit: href, UID and text of what will be sent
//	  outbox entries for what must still be written       | PUT or DELETE, with its condition
//	    |                                                 v
//	    v                                               commit: ETag, new base, entry done
//	  commit: the token, after all it covers
//
// A pull never writes to the calendar: what a merge has to write there becomes an outbox entry in the commit of the CRM's
// part, and the push that follows carries it out. So each commit leaves a state from which the next run goes on, whatever
// happened to this one.
//
// Nothing calls the calendar inside a transaction. Every transaction of a run names its lease. Before and after each commit
// and each request the run asks its Gate.
package syncer
