package outbound

import (
	"fmt"
	"net/netip"
)

// Refusal is why the program itself does not send a request.
type Refusal string

// The refusals.
const (
	PrivateAddress Refusal = "private_address" // an address that is not on the public internet
	OddPort        Refusal = "odd_port"        // a port on which no calendar server is expected
	OtherScheme    Refusal = "other_scheme"    // neither http nor https
)

// Refused is a request that the program does not send. An administrator can open what PrivateAddress and OddPort refuse, by
// the setting that Setting names.
type Refused struct {
	Reason   Refusal
	Host     string
	Endpoint netip.AddrPort // where Host resolved to; zero for OtherScheme
}

// Setting is the setting that would allow the request, "" where none does.
func (r *Refused) Setting() string {
	if r.Reason == OtherScheme {
		return ""
	}
	return SettingAllow
}

// Entry is what to add to that setting.
func (r *Refused) Entry() string {
	if !r.Endpoint.IsValid() {
		return ""
	}
	return nameKey(r.Host, r.Endpoint.Port())
}

func (r *Refused) Error() string {
	switch r.Reason {
	case PrivateAddress:
		return fmt.Sprintf("%s is at %s, which is not a public address; the setting %s does not open it", r.Host, r.Endpoint, SettingAllow)
	case OddPort:
		return fmt.Sprintf("%s is not expected on port %d; the setting %s does not open it", r.Host, r.Endpoint.Port(), SettingAllow)
	}
	return "only http and https leave the program"
}
