// Package service is what a person can do, for pages, API and command line alike: permission, rule, one transaction with
// its outbox entry. It parses and checks what was typed, commits what it means together with the work that follows from
// it, and tells those who carry that work out. It sends no request itself: the connection test, the pull and the password
// hash are interfaces that others fit, the calendar is reached by syncer.
//
//	caller, input
//	     |
//	     v
//	Permit ------------> ErrForbidden, ErrNotFound        docs/permissions.md
//	     |
//	     v
//	check -------------> crm.Problems, all at once
//	     |
//	     v
//	one store.Write: row, history, outbox entry, lease wanted, announcement
//	     |
//	     v
//	Waker.Wake, after the commit
//
// Every method takes the Caller and asks Permit before it reads or writes anything for him. An action of
// another that is private, or that his link shows as busy, leaves this package only as a busy block (semantics 12).
package service
