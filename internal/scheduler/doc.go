// Package scheduler decides when a link is due and which node holds it: it claims the leases of links that are due, calls a
// function for each, renews the lease meanwhile and gives it back (semantics 3). It knows nothing of calendars.
//
//	due (poll, retry, wake, screen) --claim--> running --result--> released, due again at NextDueAt
//	                                             |  ^
//	                                             |  +-- every RenewEvery; when that fails the run's context ends
//	                                             +-- panic: recovered, the link is due again later
//
// Goroutines: one that claims, one that renews, one that releases, one for each run. Stop ends and waits for all of them.
package scheduler
