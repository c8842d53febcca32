package outbound

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// SettingAllow is the setting that opens addresses the dialler refuses by itself.
const SettingAllow = "outbound.allow"

// Allow is what an administrator opens: networks, and single endpoints by address or name. The zero Allow opens nothing. It
// is a value: With gives a new one.
type Allow struct {
	networks  []netip.Prefix
	endpoints map[netip.AddrPort]bool
	names     map[string]bool // "host:port" in lower case
}

// ParseAllow reads the entries of outbound.allow, each a network ("10.1.0.0/16"), an address ("10.1.2.3"), or an endpoint
// ("10.1.2.3:8443", "nas.local:5001"). A name is trusted with whatever it resolves to.
func ParseAllow(entries ...string) (Allow, error) {
	return Allow{}.With(entries...)
}

// With is a and more entries, as ParseAllow reads them.
func (a Allow) With(entries ...string) (Allow, error) {
	result := Allow{slices.Clone(a.networks), maps.Clone(a.endpoints), maps.Clone(a.names)}
	if result.endpoints == nil {
		result.endpoints, result.names = map[netip.AddrPort]bool{}, map[string]bool{}
	}
	for _, entry := range entries {
		entry = strings.TrimSpace(entry)
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			result.networks = append(result.networks, prefix.Masked())
			continue
		}
		if address, err := netip.ParseAddr(entry); err == nil {
			result.networks = append(result.networks, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		if endpoint, err := netip.ParseAddrPort(entry); err == nil {
			result.endpoints[netip.AddrPortFrom(endpoint.Addr().Unmap(), endpoint.Port())] = true
			continue
		}
		host, port, err := net.SplitHostPort(entry)
		number, portErr := strconv.ParseUint(port, 10, 16)
		if err != nil || portErr != nil || number == 0 || host == "" || strings.ContainsAny(host, "/@ *") {
			return Allow{}, fmt.Errorf("%s: %q is neither a network such as 10.1.0.0/16 nor host:port", SettingAllow, entry)
		}
		result.names[nameKey(host, uint16(number))] = true
	}
	return result, nil
}

func nameKey(host string, port uint16) string {
	return strings.ToLower(strings.TrimSuffix(host, ".")) + ":" + strconv.Itoa(int(port))
}

// opens reports whether an entry opens the endpoint that host resolved to.
func (a Allow) opens(host string, endpoint netip.AddrPort) bool {
	address := endpoint.Addr().Unmap().WithZone("")
	return a.names[nameKey(host, endpoint.Port())] ||
		a.endpoints[netip.AddrPortFrom(address, endpoint.Port())] ||
		slices.ContainsFunc(a.networks, func(network netip.Prefix) bool { return network.Contains(address) })
}

// check is nil when the endpoint, which host resolved to, may be dialled.
func (a Allow) check(host string, endpoint netip.AddrPort) error {
	switch {
	case a.opens(host, endpoint):
		return nil
	case !Public(endpoint.Addr()):
		return &Refused{Reason: PrivateAddress, Host: host, Endpoint: endpoint}
	case !usualPort(endpoint.Port()):
		return &Refused{Reason: OddPort, Host: host, Endpoint: endpoint}
	}
	return nil
}
