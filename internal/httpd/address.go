package httpd

import (
	"net/http"
	"net/netip"
	"strings"
)

// forwarded are the headers by which a proxy says who asked it, and how. The one that RFC 7239 defines is not read: proxies
// that write it write the others too.
var forwarded = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded"}

// addressed puts the client's own address, host and scheme into a request that came by a named proxy, and takes what anybody
// else forwards away, so that nobody can make up where he comes from. The scheme is left in X-Forwarded-Proto.
func (s *Server) addressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		trusted := err == nil && contains(s.config.Proxies, from.Addr())
		scheme := ""
		if trusted {
			if client := client(r.Header.Values("X-Forwarded-For"), s.config.Proxies); client.IsValid() {
				r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
			}
			if host := last(r.Header.Values("X-Forwarded-Host")); host != "" && !strings.ContainsAny(host, " /\\@?#") {
				r.Host = host
			}
			scheme = strings.ToLower(last(r.Header.Values("X-Forwarded-Proto")))
		}
		for _, name := range forwarded {
			r.Header.Del(name)
		}
		switch {
		case r.TLS != nil:
			scheme = "https"
		case scheme != "https":
			scheme = "http"
		}
		r.Header.Set("X-Forwarded-Proto", scheme)
		next.ServeHTTP(w, r)
	})
}

// client is the last address that no proxy of ours added; what stands before it was sent by the client itself.
func client(headers []string, proxies []netip.Prefix) netip.Addr {
	parts := strings.Split(strings.Join(headers, ","), ",")
	var client netip.Addr
	for i := len(parts) - 1; i >= 0; i-- {
		text := strings.TrimSpace(parts[i])
		address, err := netip.ParseAddr(strings.Trim(text, "[]"))
		if err != nil {
			withPort, err := netip.ParseAddrPort(text)
			if err != nil {
				return client
			}
			address = withPort.Addr()
		}
		client = address.Unmap().WithZone("")
		if !contains(proxies, client) {
			return client
		}
	}
	return client
}

// last is the value that the nearest proxy added.
func last(headers []string) string {
	parts := strings.Split(strings.Join(headers, ","), ",")
	return strings.TrimSpace(parts[len(parts)-1])
}

func contains(networks []netip.Prefix, address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	for _, network := range networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}
