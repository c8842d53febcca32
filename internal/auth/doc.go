// Package auth knows who is asking: password hashes, sign-in, the cookie of a browser, the token of a program. What a user
// may do is left to service.
//
//	browser   POST login, password ──► SignIn ──► cookie ──► Who ──► crm.User
//	program   Authorization: Bearer agenda_… ───────────────► Who ──► crm.User
//
// A session ends when it is idle or old, when its user signs out, is deactivated, or gets another password: it carries a
// stamp of the password hash it was signed in with. The database holds the hash of a cookie and the hash of a token, so
// that who reads it can sign in with neither.
//
// Guessing is slowed down per login and per address, for logins that do not exist as for those that do, and every attempt
// costs one hash, so that neither the answer nor its time tells who exists.
package auth
