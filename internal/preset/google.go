package preset

import (
	"net/url"
	"strings"
)

// Google's addresses, as of 2026-11: CalDAV v2 guide, OAuth 2.0 for installed applications.
const (
	GoogleCalDAV        = "https://apidata.googleusercontent.com/caldav/v2/"
	GoogleAuthorization = "https://accounts.google.com/o/oauth2/v2/auth"
	GoogleToken         = "https://oauth2.googleapis.com/token"
	GoogleRevocation    = "https://oauth2.googleapis.com/revoke"
	GoogleIssuer        = "https://accounts.google.com"
	GoogleScope         = "https://www.googleapis.com/auth/calendar"
)

// GoogleConsent are the parameters without which Google gives no refresh token, or gives it once in a lifetime.
var GoogleConsent = map[string]string{"access_type": "offline", "prompt": "consent", "include_granted_scopes": "false"}

// GooglePrincipal is where discovery begins for an account, below root (GoogleCalDAV, or a sandbox's): the principal of a
// calendar id, whose "#" must be escaped. /caldav/v2/ itself answers 403.
func GooglePrincipal(root, account string) string {
	return strings.TrimSuffix(root, "/") + "/" + url.PathEscape(account) + "/user"
}
