// Package preset is what is known beforehand of calendar providers: where their calendars are, what to type as username and
// password, and which do not offer CalDAV at all. It is a hint for a person and a first address for the connection test;
// what a server can do is found out by asking it, never read here.
package preset

import (
	"net/url"
	"strings"
)

// Kind is how one signs in at a provider.
type Kind string

// The kinds of link a provider takes, and None for one without CalDAV.
const (
	Simple Kind = "simple"
	Google Kind = "google"
	None   Kind = "none"
)

// Preset is one provider.
type Preset struct {
	// ID names the provider in code; "preset.ID" is the key of the sentence that says what to type.
	ID   string
	Name string
	Kind Kind
	// Address is where discovery begins, "" where each customer has a server of his own.
	Address string
	// Domains are those of its people's e-mail addresses; a person's own domain may be anywhere.
	Domains []string
	// Hosts are its servers' names; one that begins with a dot stands for every name below it.
	Hosts []string
	// Family is the origin pattern of servers that one account is spread over, "" for one server ("*" stands for a first
	// label). Credentials go to the whole family.
	Family string
	// AppPassword: the account's own password is not taken, or not with two-factor sign-in.
	AppPassword bool
	// ShortID: the username is a short id, not the e-mail address.
	ShortID bool
	// NoSyncToken: it was seen without sync-token, so the connection test is going to say so.
	NoSyncToken bool
	// LoginFlow: an app password can be fetched by Nextcloud's login flow v2.
	LoginFlow bool
}

// ownCloud's hint is right for Nextcloud too where only the path tells that it is one of the two: both take an app password,
// and only Nextcloud hands one out by itself.
var ownCloud = Preset{ID: "owncloud", Name: "ownCloud", Kind: Simple, AppPassword: true}

// All are the presets, in the order a page offers them.
var All = []Preset{
	{ID: "google", Name: "Google", Kind: Google, Address: GoogleCalDAV, Domains: []string{"gmail.com", "googlemail.com"},
		Hosts: []string{"apidata.googleusercontent.com", "calendar.google.com", "www.google.com"}},
	{ID: "nextcloud", Name: "Nextcloud", Kind: Simple, AppPassword: true, LoginFlow: true},
	ownCloud,
	{ID: "icloud", Name: "iCloud", Kind: Simple, Address: "https://caldav.icloud.com/", Domains: []string{"icloud.com", "me.com", "mac.com"},
		Hosts: []string{"caldav.icloud.com", ".icloud.com"}, Family: "https://*-caldav.icloud.com", AppPassword: true},
	{ID: "fastmail", Name: "Fastmail", Kind: Simple, Address: "https://caldav.fastmail.com/dav/", Domains: []string{"fastmail.com", "fastmail.fm"},
		Hosts: []string{"caldav.fastmail.com"}, AppPassword: true},
	{ID: "infomaniak", Name: "Infomaniak", Kind: Simple, Address: "https://sync.infomaniak.com/", Domains: []string{"ik.me", "ikmail.com", "etik.com"},
		Hosts: []string{"sync.infomaniak.com", "caldav.infomaniak.com"}, AppPassword: true, ShortID: true},
	{ID: "yahoo", Name: "Yahoo", Kind: Simple, Address: "https://caldav.calendar.yahoo.com/", Domains: []string{"yahoo.com", "yahoo.fr", "yahoo.co.uk", "ymail.com"},
		Hosts: []string{"caldav.calendar.yahoo.com"}, AppPassword: true},
	{ID: "zoho", Name: "Zoho", Kind: Simple, Address: "https://calendar.zoho.eu/caldav/", Domains: []string{"zohomail.com", "zohomail.eu"},
		Hosts: []string{"calendar.zoho.com", "calendar.zoho.eu", "calendar.zoho.in"}, AppPassword: true},
	{ID: "mailbox", Name: "mailbox.org", Kind: Simple, Address: "https://dav.mailbox.org/caldav/", Domains: []string{"mailbox.org"},
		Hosts: []string{"dav.mailbox.org"}, AppPassword: true},
	{ID: "posteo", Name: "Posteo", Kind: Simple, Address: "https://posteo.de:8443/", Domains: []string{"posteo.de", "posteo.net", "posteo.be"},
		Hosts: []string{"posteo.de"}, NoSyncToken: true},
	{ID: "gmx", Name: "GMX", Kind: Simple, Address: "https://caldav.gmx.net/", Domains: []string{"gmx.net", "gmx.de", "gmx.at", "gmx.ch"},
		Hosts: []string{"caldav.gmx.net", "caldav.gmx.com"}, AppPassword: true, NoSyncToken: true},
	{ID: "webde", Name: "web.de", Kind: Simple, Address: "https://caldav.web.de/", Domains: []string{"web.de"},
		Hosts: []string{"caldav.web.de"}, AppPassword: true, NoSyncToken: true},
	{ID: "microsoft", Name: "Microsoft 365, Outlook.com", Kind: None,
		Domains: []string{"outlook.com", "outlook.be", "outlook.fr", "hotmail.com", "hotmail.be", "hotmail.fr", "live.com", "live.be", "live.fr", "msn.com"},
		Hosts:   []string{"outlook.office365.com", "outlook.office.com", "outlook.live.com", ".outlook.com"}},
	{ID: "proton", Name: "Proton", Kind: None, Domains: []string{"proton.me", "protonmail.com", "pm.me"}, Hosts: []string{"calendar.proton.me"}},
}

// For is the preset of what a person typed: an e-mail address, a host name or a URL. ok is false when nothing is known of it,
// which is the ordinary case of a company's own server.
func For(typed string) (preset Preset, ok bool) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if local, domain, isMail := strings.Cut(typed, "@"); isMail && local != "" && !strings.ContainsAny(typed, "/:") {
		for _, preset := range All {
			for _, known := range preset.Domains {
				if domain == known {
					return preset, true
				}
			}
		}
		return Preset{}, false
	}
	if !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	u, err := url.Parse(typed)
	if err != nil || u.Hostname() == "" {
		return Preset{}, false
	}
	for _, preset := range All {
		for _, known := range preset.Hosts {
			if u.Hostname() == known || strings.HasPrefix(known, ".") && strings.HasSuffix(u.Hostname(), known) {
				return preset, true
			}
		}
	}
	if strings.Contains(u.Path, "/remote.php/") {
		return ownCloud, true
	}
	return Preset{}, false
}
