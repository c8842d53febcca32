package outbound

import "net/netip"

// notPublic are the networks that nobody means when typing the address of a calendar on the internet: this machine, the
// local network, those that translate to them, and those that are no single host (RFC 6890 and the IANA registries of
// special-purpose addresses).
var notPublic = parsePrefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private, RFC 1918
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local; cloud metadata lives here
	"172.16.0.0/12",   // private, RFC 1918
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private, RFC 1918
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
	"::/128",          // unspecified
	"::1/128",         // loopback
	"::/96",           // IPv4-compatible, obsolete
	"64:ff9b::/96",    // NAT64: any IPv4 address behind it
	"64:ff9b:1::/48",  // NAT64, local
	"100::/64",        // discard
	"2001::/23",       // protocol assignments, Teredo within
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4: any IPv4 address behind it
	"3fff::/20",       // documentation
	"5f00::/16",       // segment routing
	"fc00::/7",        // unique local
	"fe80::/10",       // link-local
	"fec0::/10",       // site-local, obsolete
	"ff00::/8",        // multicast
)

func parsePrefixes(texts ...string) []netip.Prefix {
	prefixes := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		prefixes[i] = netip.MustParsePrefix(text)
	}
	return prefixes
}

// Public reports whether an address may be dialled without an administrator's word. An IPv4 address in IPv6 clothes
// (::ffff:0:0/96) is judged as the IPv4 address it is.
func Public(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsValid() {
		return false
	}
	for _, prefix := range notPublic {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}

// usualPort reports whether a port is one on which a calendar server may be expected: of the system's ports only those of
// HTTP, of the others all but those of services that mistake an HTTP request for commands.
func usualPort(port uint16) bool {
	switch port {
	case 80, 443:
		return true
	case 1719, 1720, 1723, 2049, 2375, 2376, 3128, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5900, 5984, 6000, 6379,
		6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9200, 9300, 10080, 11211, 27017:
		return false
	}
	return port >= 1024
}
