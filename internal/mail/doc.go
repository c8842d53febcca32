// Package mail tells people by mail what a screen would tell them if they looked: that a link waits to be signed in again (semantics
// 7). One mail goes to the link's user and one to each administrator, in their language, when a link begins to wait; the next
// only when it waits anew. What is to be sent is kept in the database, so that a restart loses nothing and of several nodes one
// sends; the Message-ID stays the same when a mail is tried again.
//
// SMTP is RFC 5321, its TLS RFC 3207 or 8314. A mail holds no calendar text.
package mail
