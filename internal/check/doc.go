// Package check is the connection test: it finds out, step by step, whether a calendar can be linked, and says what stands
// in the way in codes that have a sentence in each language (i18n, area check).
//
//	address -> discovery -> sign_in -> calendar -> read -> write -> preconditions -> etags -> sync_token -> clock
//
// A step that fails ends the test where the next would only fail for the same reason; those that were not tried say so. Each
// step carries what was asked and what came back: methods, addresses, statuses and facts of the protocol, never credentials,
// bodies or anything a person wrote in a calendar. A refused sign-in is never repeated. The test believes no claim of a server:
// what matters is tried, sync-token by real reports. The steps that write are asked for, use a fresh UID and href, and take
// away what they made.
package check
