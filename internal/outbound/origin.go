package outbound

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Origin is scheme, host and port of a URL in their one form: "https://dav.example.com", the port only where it is not the
// scheme's own, an IPv6 address in brackets.
type Origin string

// OriginOf is the origin of an absolute http or https URL.
func OriginOf(u *url.URL) (Origin, error) {
	scheme := strings.ToLower(u.Scheme)
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if scheme != "http" && scheme != "https" || host == "" {
		return "", fmt.Errorf("%q is no http or https address", u.Redacted())
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != defaultPort(scheme) {
		host += ":" + port
	}
	return Origin(scheme + "://" + host), nil
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// Secure reports whether the origin is reached by https.
func (o Origin) Secure() bool { return strings.HasPrefix(string(o), "https://") }

// Host is the origin's host with its port where that is not the scheme's own.
func (o Origin) Host() string {
	_, host, _ := strings.Cut(string(o), "://")
	return host
}

// Origins is where credentials may go: origins, and families whose first label starts with "*"
// ("https://*-caldav.icloud.com"), which only a preset or an administrator names. The zero Origins is nowhere.
type Origins []Origin

// Contains reports whether credentials may go to the origin. An origin in clear is no part of a family.
func (o Origins) Contains(origin Origin) bool {
	return slices.ContainsFunc(o, func(approved Origin) bool {
		if approved == origin {
			return true
		}
		tail, family := strings.CutPrefix(string(approved), "https://*")
		label, matches := strings.CutSuffix(strings.TrimPrefix(string(origin), "https://"), tail)
		return family && matches && origin.Secure() && label != "" && !strings.ContainsAny(label, ".:/[@")
	})
}
