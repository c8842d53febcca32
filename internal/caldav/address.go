package caldav

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Address is what a person typed as the address of a calendar, understood: a URL of any depth or an e-mail address.
type Address struct {
	URL     *url.URL // without user, query and fragment; for an e-mail address its domain by https
	Email   string   // "" for a URL
	Repairs []Repair // what was corrected, in the order done
	// Bare: nothing but a host was typed, so where its calendars are is to be found out.
	Bare bool
}

// Repair is one correction of what was typed.
type Repair string

// The repairs.
const (
	RepairScheme Repair = "scheme" // https put before it, or in place of webcal and the like
	RepairText   Repair = "text"   // spaces, quotes, line ends, what stood behind it
	RepairHost   Repair = "host"   // letters beyond ASCII written as DNS has them
	RepairUser   Repair = "user"   // a user name or password in it left out
	RepairPage   Repair = "page"   // the page of a calendar in the browser, replaced by the address of the server behind it
	RepairQuery  Repair = "query"  // what stood behind "?" or "#" left out
)

// AddressProblem is why an address cannot be used.
type AddressProblem string

// The problems of addresses.
const (
	AddressEmpty     AddressProblem = "empty"
	AddressNoURL     AddressProblem = "no_url"    // neither URL nor e-mail address
	AddressScheme    AddressProblem = "scheme"    // ftp, file and others
	AddressGoogle    AddressProblem = "google"    // Google takes no password: the kind of link is another
	AddressMicrosoft AddressProblem = "microsoft" // Outlook.com and Microsoft 365 have no CalDAV
	AddressProton    AddressProblem = "proton"    // nor has Proton
	AddressFeed      AddressProblem = "feed"      // a published file, which cannot be written and has no sync token
)

func (p AddressProblem) Error() string { return "address of a calendar: " + string(p) }

// ParseAddress understands what was typed or pasted; the error is an AddressProblem.
func ParseAddress(typed string) (Address, error) {
	var address Address
	text := address.tidy(typed)
	if text == "" {
		return Address{}, AddressEmpty
	}
	if mail, found := strings.CutPrefix(text, "mailto:"); found || !strings.Contains(text, "/") && strings.Count(text, "@") == 1 {
		return address.mailbox(mail)
	}
	scheme, rest, err := address.scheme(text)
	if err != nil {
		return Address{}, err
	}
	authority, path := rest, ""
	if slash := strings.IndexAny(rest, "/?#"); slash >= 0 {
		authority, path = rest[:slash], rest[slash:]
	}
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = authority[at+1:]
		address.repaired(RepairUser)
	}
	if authority, err = address.host(authority); err != nil {
		return Address{}, err
	}
	path, query, _ := strings.Cut(path, "#")
	if query != "" {
		address.repaired(RepairQuery)
	}
	path, query, _ = strings.Cut(path, "?")
	if query != "" {
		address.repaired(RepairQuery)
	}
	if strings.Contains(path, " ") {
		path = strings.ReplaceAll(path, " ", "%20")
		address.repaired(RepairText)
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		path = strings.ReplaceAll(path, "%", "%25")
		if decoded, err = url.PathUnescape(path); err != nil {
			return Address{}, AddressNoURL
		}
	}
	address.URL = &url.URL{Scheme: scheme, Host: authority, Path: decoded, RawPath: path}
	if err := address.page(query); err != nil {
		return Address{}, err
	}
	address.Bare = strings.Trim(address.URL.Path, "/") == ""
	if address.Bare {
		address.URL.Path, address.URL.RawPath = "/", ""
	}
	return address, nil
}

func (a *Address) repaired(repair Repair) {
	for _, known := range a.Repairs {
		if known == repair {
			return
		}
	}
	a.Repairs = append(a.Repairs, repair)
}

// tidy takes from a text what pasting puts around an address.
func (a *Address) tidy(typed string) string {
	text := strings.TrimFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFEFF' || r == '\u200B' })
	plain := text
	if first, _, more := strings.Cut(text, "\n"); more {
		text = first
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case r == '\t' || r == '\u00A0':
			return ' '
		case unicode.IsControl(r) || r == '\u200B' || r == '\uFEFF':
			return -1
		}
		return r
	}, text)
	text = strings.Trim(text, " \"'<>`“”‘’«»")
	// A segment of a path does not begin with a space: what follows is a remark.
	if end := strings.Index(text, "/ "); end >= 0 {
		text = text[:end+1]
	}
	text = strings.TrimRight(text, " .,;:)>\"'")
	if text != plain {
		a.repaired(RepairText)
	}
	return text
}

// scheme splits off the scheme, which may be missing, doubled, misspelt or one that other programs use for calendars.
func (a *Address) scheme(text string) (scheme, rest string, err error) {
	scheme, rest = "https", text
	written := ""
	for {
		word := strings.ToLower(rest[:len(rest)-len(strings.TrimLeft(rest, letters))])
		after := rest[len(word):]
		known, isScheme := schemeNames[word]
		switch {
		case strings.HasPrefix(after, "://"):
			after = after[3:]
		case isScheme && strings.HasPrefix(after, ":/"), isScheme && strings.HasPrefix(after, "//"):
			after = after[2:]
		case isScheme && strings.HasPrefix(after, ":") && !startsWithDigit(after[1:]):
			after = after[1:]
		default:
			if written == "" || written != scheme {
				a.repaired(RepairScheme)
			}
			if rest = strings.TrimLeft(rest, "/"); rest == "" {
				return "", "", AddressNoURL
			}
			return scheme, rest, nil
		}
		if !isScheme {
			return "", "", AddressScheme
		}
		if written != "" || !strings.HasPrefix(rest[len(word):], "://") {
			a.repaired(RepairScheme)
		}
		scheme, written, rest = known, word, after
	}
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

var schemeNames = map[string]string{
	"https": "https", "http": "http", "webcal": "https", "webcals": "https", "caldav": "https", "caldavs": "https", "dav": "https", "davs": "https",
}

func startsWithDigit(text string) bool { return text != "" && text[0] >= '0' && text[0] <= '9' }

// host is the host, with its port, as DNS has it (RFC 5890).
func (a *Address) host(authority string) (string, error) {
	parsed, err := url.Parse("https://" + authority)
	if err != nil || parsed.Hostname() == "" || strings.ContainsAny(authority, " ") {
		return "", AddressNoURL
	}
	name, port := strings.TrimRight(parsed.Hostname(), "."), parsed.Port()
	if name == "" || strings.Contains(name, "..") || strings.HasPrefix(name, ".") {
		return "", AddressNoURL
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return parsed.Host, nil
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		// Names of local networks have underscores, which the profile for look-ups refuses.
		if ascii = strings.ToLower(name); strings.ContainsFunc(ascii, func(r rune) bool { return r > unicode.MaxASCII }) {
			return "", AddressNoURL
		}
	}
	if !strings.EqualFold(ascii, name) {
		a.repaired(RepairHost)
	}
	if port != "" {
		ascii += ":" + port
	}
	return ascii, nil
}

// mailbox takes an e-mail address.
func (a *Address) mailbox(text string) (Address, error) {
	local, domain, found := strings.Cut(text, "@")
	if !found || local == "" || domain == "" || strings.ContainsAny(text, " :") {
		return Address{}, AddressNoURL
	}
	host, err := a.host(domain)
	if err != nil {
		return Address{}, err
	}
	if problem, known := mailDomains[host]; known {
		return Address{}, problem
	}
	a.Email, a.URL, a.Bare = local+"@"+host, &url.URL{Scheme: "https", Host: host, Path: "/"}, true
	return *a, nil
}

var mailDomains = map[string]AddressProblem{
	"gmail.com": AddressGoogle, "googlemail.com": AddressGoogle,
	"outlook.com": AddressMicrosoft, "outlook.be": AddressMicrosoft, "outlook.fr": AddressMicrosoft, "hotmail.com": AddressMicrosoft,
	"hotmail.be": AddressMicrosoft, "hotmail.fr": AddressMicrosoft, "hotmail.nl": AddressMicrosoft, "live.com": AddressMicrosoft,
	"live.be": AddressMicrosoft, "live.fr": AddressMicrosoft, "live.nl": AddressMicrosoft, "msn.com": AddressMicrosoft,
	"proton.me": AddressProton, "protonmail.com": AddressProton, "pm.me": AddressProton,
}

// pageHosts are servers of calendars for people, and where the same calendars are for programs.
var pageHosts = map[string]string{
	"icloud.com":         "https://caldav.icloud.com/",
	"www.icloud.com":     "https://caldav.icloud.com/",
	"app.fastmail.com":   "https://caldav.fastmail.com/dav/",
	"www.fastmail.com":   "https://caldav.fastmail.com/dav/",
	"office.mailbox.org": "https://dav.mailbox.org/caldav/",
	"app.mailbox.org":    "https://dav.mailbox.org/caldav/",
}

var problemHosts = map[string]AddressProblem{
	"calendar.google.com": AddressGoogle, "apidata.googleusercontent.com": AddressGoogle, "mail.google.com": AddressGoogle,
	"outlook.office.com": AddressMicrosoft, "outlook.office365.com": AddressMicrosoft, "outlook.live.com": AddressMicrosoft,
	"outlook.cloud.microsoft": AddressMicrosoft, "outlook.com": AddressMicrosoft,
	"calendar.proton.me": AddressProton, "proton.me": AddressProton,
}

// page replaces the address of a page that people see in the browser by that of the server behind it.
func (a *Address) page(query string) error {
	host, path := a.URL.Hostname(), a.URL.Path
	if problem, known := problemHosts[host]; known {
		return problem
	}
	if host == "www.google.com" && strings.HasPrefix(path, "/calendar") {
		return AddressGoogle
	}
	if query == "export" || strings.Contains(path, "/public-calendars/") {
		return AddressFeed
	}
	replace := func(path string) {
		a.URL.Path, a.URL.RawPath = path, ""
		a.repaired(RepairPage)
	}
	if target, known := pageHosts[host]; known {
		a.URL, _ = url.Parse(target)
		a.repaired(RepairPage)
		return nil
	}
	for _, mark := range []string{"/index.php/", "/apps/calendar", "/apps/dashboard", "/apps/files"} { // Nextcloud, ownCloud
		if base, _, found := strings.Cut(path, mark); found {
			replace(base + "/remote.php/dav/")
			return nil
		}
	}
	if base, rest, found := strings.Cut(path, "/SOGo"); found && !strings.HasPrefix(rest, "/dav") {
		replace(base + "/SOGo/dav/")
		return nil
	}
	if base, _, found := strings.Cut(path, "/appsuite"); found { // Open-Xchange
		replace(base + "/caldav/")
	}
	return nil
}

// String is the address as it will be asked for.
func (a Address) String() string {
	if a.Email != "" {
		return a.Email
	}
	return fmt.Sprint(a.URL)
}
