package outbound

import (
	"errors"
	"net/netip"
	"net/url"
	"testing"
)

func TestPublic_s1_what_is_not_the_internet(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"127.0.0.1", "127.255.0.1", "::1", "0.0.0.0", "0.1.2.3", "::", "169.254.169.254", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
		"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "192.0.0.8", "198.18.0.1", "198.19.255.255",
		"224.0.0.1", "239.255.255.255", "ff02::1", "255.255.255.255", "240.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
		"64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "::7f00:1", "fec0::1", "100::1", "192.0.2.1", "203.0.113.9",
	} {
		if Public(netip.MustParseAddr(text)) {
			t.Errorf("got %s public, want refused", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "::ffff:1.1.1.1", "2606:4700::1111", "2a00:1450::1", "192.0.1.1", "223.255.255.255"} {
		if !Public(netip.MustParseAddr(text)) {
			t.Errorf("got %s refused, want public", text)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("got no address public, want refused")
	}
}

func TestAllow_opens_what_it_names_and_no_more(t *testing.T) {
	t.Parallel()
	allow, err := ParseAllow(" 10.1.0.0/16 ", "192.168.1.5", "127.0.0.1:5232", "[::1]:8443", "Nas.Local:5001", "mail.example.com:25")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		host, endpoint string
		want           Refusal
	}{
		{"a.example", "10.1.2.3:443", ""},
		{"a.example", "10.1.2.3:25", ""},
		{"a.example", "10.2.0.1:443", PrivateAddress},
		{"a.example", "192.168.1.5:5232", ""},
		{"a.example", "192.168.1.6:5232", PrivateAddress},
		{"127.0.0.1", "127.0.0.1:5232", ""},
		{"127.0.0.1", "127.0.0.1:5233", PrivateAddress},
		{"a.example", "[::ffff:127.0.0.1]:5232", ""},
		{"localhost", "[::1]:8443", ""},
		{"nas.local", "172.20.0.9:5001", ""},
		{"NAS.local.", "172.20.0.9:5001", ""},
		{"nas.local", "172.20.0.9:5002", PrivateAddress},
		{"other.local", "172.20.0.9:5001", PrivateAddress},
		{"mail.example.com", "1.1.1.1:25", ""},
		{"a.example", "1.1.1.1:25", OddPort},
		{"a.example", "1.1.1.1:6379", OddPort},
		{"a.example", "1.1.1.1:443", ""},
		{"a.example", "1.1.1.1:80", ""},
		{"a.example", "1.1.1.1:8443", ""},
	} {
		err := allow.check(test.host, netip.MustParseAddrPort(test.endpoint))
		var got Refusal
		if refused, ok := errors.AsType[*Refused](err); ok {
			got = refused.Reason
			if refused.Setting() != SettingAllow {
				t.Errorf("%s: got setting %q, want the one to change", test.endpoint, refused.Setting())
			}
			if opened, err := allow.With(refused.Entry()); err != nil || opened.check(test.host, netip.MustParseAddrPort(test.endpoint)) != nil {
				t.Errorf("%s: got entry %q that does not open it: %v", test.endpoint, refused.Entry(), err)
			}
		}
		if got != test.want {
			t.Errorf("%s at %s: got %q, want %q", test.host, test.endpoint, got, test.want)
		}
	}
	if (Allow{}).check("localhost", netip.MustParseAddrPort("127.0.0.1:80")) == nil {
		t.Error("got this machine open without an entry")
	}
}

func TestParseAllow_says_which_entry_is_wrong(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{"", "nas.local", "10.0.0.0/33", "http://nas.local:80", "nas.local:0", "nas.local:70000", "*.local:80", "a b:80", ":80", "nas.local:http"} {
		if _, err := ParseAllow("10.0.0.0/8", entry); err == nil {
			t.Errorf("got %q accepted, want an error", entry)
		}
	}
}

func TestOrigin_one_form(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Origin{
		"https://DAV.example.com:443/cal/?x#y": "https://dav.example.com",
		"http://dav.example.com.:80":           "http://dav.example.com",
		"http://dav.example.com:443":           "http://dav.example.com:443",
		"https://user:pw@dav.example.com:8443": "https://dav.example.com:8443",
		"https://[::1]:8443/":                  "https://[::1]:8443",
		"ftp://dav.example.com":                "",
		"//dav.example.com":                    "",
		"https:///x":                           "",
	} {
		parsed, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OriginOf(parsed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q %v, want %q", text, got, err, want)
		}
	}
}

func TestOrigins_s5_credentials_go_nowhere_else(t *testing.T) {
	t.Parallel()
	approved := Origins{"https://dav.example.com", "https://*-caldav.icloud.com"}
	for origin, want := range map[Origin]bool{
		"https://dav.example.com":                true,
		"http://dav.example.com":                 false,
		"https://dav.example.com:8443":           false,
		"https://sub.dav.example.com":            false,
		"https://example.com":                    false,
		"https://p07-caldav.icloud.com":          true,
		"http://p07-caldav.icloud.com":           false,
		"https://p07-caldav.icloud.com:8443":     false,
		"https://-caldav.icloud.com":             false,
		"https://evil.com.p07-caldav.icloud.com": false,
		"https://p07-caldav.icloud.com.evil.com": false,
		"https://evil.com/-caldav.icloud.com":    false,
		"":                                       false,
	} {
		if got := approved.Contains(origin); got != want {
			t.Errorf("%q: got %v, want %v", origin, got, want)
		}
	}
	if (Origins{}).Contains("https://dav.example.com") {
		t.Error("got an origin within nothing")
	}
}
