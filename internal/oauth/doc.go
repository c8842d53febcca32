// Package oauth is grants: ask a person for one, redeem it, refresh it once for all who use it, revoke it, and know when a
// person must sign in again. It knows nothing of calendars, nor of where a grant is kept: that is the Vault it is given.
//
//	Begin ──► the person's browser ──► Finish ──► Grant, kept by a Vault
//	                                                │
//	            a request needs a token             │ Load
//	                     │                          ▼
//	                     ├── good for a while ──► access token
//	                     └── lapsed, or refused by a 401
//	                              │ Claim (one holder, over all nodes; the others wait and read again)
//	                              ▼
//	                        token endpoint ──► Save, then use ──► access token
//	                              └── refused for good: read again, and only if nothing new is there: Dead
//
// RFC 6749 (OAuth 2.0), RFC 7636 (PKCE, S256 always), RFC 7009 (revocation), RFC 8252 (native apps), RFC 8414 (server
// metadata), RFC 8628 (device flow), RFC 9207 (issuer in the answer), RFC 9700 (security practice).
//
// No text of this package, errors included, holds a token, a code, a verifier or a client secret.
package oauth
