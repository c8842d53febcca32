package caldav

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Resolver looks up where a domain says its calendars are; a *net.Resolver fits.
type Resolver interface {
	LookupSRV(ctx context.Context, service, protocol, name string) (canonical string, records []*net.SRV, err error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

const lookupTimeout = 5 * time.Second

// Via is how a candidate came up.
type Via string

// The ways to a candidate.
const (
	ViaAddress   Via = "address"    // as typed
	ViaWellKnown Via = "well_known" // /.well-known/caldav (RFC 6764 section 5)
	ViaRecord    Via = "record"     // SRV and TXT (RFC 6764 section 3)
	ViaGuess     Via = "guess"      // where servers usually have it
)

// Candidate is a URL at which CalDAV may be found.
type Candidate struct {
	URL *url.URL
	Via Via
	// Trusted: credentials may go there, for it is the host that was typed, or a host within the domain that was typed whose
	// name TLS vouches for. DNS alone proves nothing (RFC 6764 section 8), so another domain's host is the person's to type.
	Trusted bool
}

// usualPaths are tried when a server says nowhere where its calendars are.
var usualPaths = []string{"/remote.php/dav/", "/dav/", "/caldav/", "/dav.php/", "/caldav.php/", "/SOGo/dav/", "/davical/caldav.php/"}

const wellKnown = "/.well-known/caldav"

// Candidates lists where to look for the calendars of an address, in order (RFC 6764 section 6). A resolver of nil asks no
// DNS. It never fails: what cannot be looked up is left out.
func Candidates(ctx context.Context, address Address, resolver Resolver) []Candidate {
	var list []Candidate
	add := func(target *url.URL, via Via, trusted bool) {
		for _, known := range list {
			if known.URL.String() == target.String() {
				return
			}
		}
		list = append(list, Candidate{target, via, trusted})
	}
	at := func(path string) *url.URL {
		return &url.URL{Scheme: address.URL.Scheme, Host: address.URL.Host, Path: path}
	}
	records := func() {
		for _, found := range lookUp(ctx, address, resolver) {
			add(found.URL, found.Via, found.Trusted)
		}
	}
	if address.Email != "" {
		records()
	}
	if !address.Bare {
		add(address.URL, ViaAddress, true)
		if !strings.HasSuffix(address.URL.Path, "/") { // Zoho and Fastmail answer 404 without it
			slashed := *address.URL
			slashed.Path += "/"
			if slashed.RawPath != "" {
				slashed.RawPath += "/"
			}
			add(&slashed, ViaAddress, true)
		}
	}
	add(at(wellKnown), ViaWellKnown, true)
	add(at("/"), ViaGuess, true)
	if address.Email == "" && address.Bare {
		records()
	}
	for _, path := range usualPaths {
		add(at(path), ViaGuess, true)
	}
	return list
}

// lookUp asks DNS for the domain's records.
func lookUp(ctx context.Context, address Address, resolver Resolver) []Candidate {
	domain := address.URL.Hostname()
	if _, err := netip.ParseAddr(domain); err == nil || resolver == nil || !strings.Contains(domain, ".") {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	_, records, err := resolver.LookupSRV(ctx, "caldavs", "tcp", domain)
	if err != nil {
		return nil
	}
	// LookupSRV gives them in the order of priority and chance; a test that is repeated should go the same way.
	slices.SortStableFunc(records, func(a, b *net.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.Target, b.Target))
	})
	path := wellKnown
	if texts, err := resolver.LookupTXT(ctx, "_caldavs._tcp."+domain); err == nil {
		for _, text := range texts {
			if given, found := strings.CutPrefix(text, "path="); found && strings.HasPrefix(given, "/") {
				path = given
				break
			}
		}
	}
	var list []Candidate
	for _, record := range records {
		target := strings.ToLower(strings.TrimSuffix(record.Target, "."))
		if target == "" { // RFC 2782: not offered here
			continue
		}
		host := target
		if record.Port != 443 {
			host = net.JoinHostPort(target, strconv.Itoa(int(record.Port)))
		}
		trusted := target == domain || strings.HasSuffix(target, "."+domain)
		decoded, err := url.PathUnescape(path)
		if err != nil {
			decoded = wellKnown
		}
		list = append(list, Candidate{&url.URL{Scheme: "https", Host: host, Path: decoded}, ViaRecord, trusted})
		if path != wellKnown {
			list = append(list, Candidate{&url.URL{Scheme: "https", Host: host, Path: wellKnown}, ViaRecord, trusted})
		}
	}
	return list
}
