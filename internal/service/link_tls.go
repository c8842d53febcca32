package service

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"agendaonline/internal/crm"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
)

// CodeLinkCertificateAgain says that the certificate of a link was given for another host.
const CodeLinkCertificateAgain = "link.certificate_again" // host

// maxPEM is the longest certificate, key or list of authorities, in bytes: some fifty certificates.
const maxPEM = 100_000

// LinkTLS is what a link shows to its own host and trusts there, beyond what the whole program does: PEM text, each possibly empty.
// It is kept sealed and never shown again.
type LinkTLS struct {
	Certificate string `json:"certificate,omitempty"` // with its chain behind it
	Key         string `json:"key,omitempty"`         // of the certificate; may stand in its text instead
	Authorities string `json:"authorities,omitempty"`
	// Forget is for a change of a link: certificate, key and authorities that are there are given up. Without it whatever is left
	// empty stays.
	Forget bool `json:"forget,omitempty"`
}

// String hides the key.
func (LinkTLS) String() string { return "a client certificate and authorities" }

// GoString hides it from %#v.
func (t LinkTLS) GoString() string { return t.String() }

func (t LinkTLS) isZero() bool { return t == LinkTLS{} }

// none reports whether nothing is shown and nothing more trusted.
func (t LinkTLS) none() bool { return t.Certificate == "" && t.Key == "" && t.Authorities == "" }

func tlsPlace(id crm.LinkID) secret.Place {
	return secret.Place{Table: "link", Column: "tls_sealed", Row: id.String()}
}

// OpenLinkTLS opens the sealed certificate, key and authorities of a link; nil is none.
func OpenLinkTLS(keys *secret.Ring, id crm.LinkID, sealed []byte) (LinkTLS, error) {
	var opened LinkTLS
	if sealed == nil {
		return opened, nil
	}
	err := openJSON(keys, tlsPlace(id), sealed, &opened)
	return opened, err
}

// tlsOf opens those of a link.
func (s *Service) tlsOf(tx *store.Tx, link crm.Link) (LinkTLS, error) {
	if link.TLS.IsZero() {
		return LinkTLS{}, nil
	}
	sealed, err := tx.LinkTLS(link.ID)
	if err != nil {
		return LinkTLS{}, err
	}
	return OpenLinkTLS(s.Keys, link.ID, sealed)
}

// setTLS keeps what a connection test has found to work.
func (s *Service) setTLS(tx *store.Tx, id crm.LinkID, typed LinkTLS, shown crm.LinkTLS) error {
	if typed.none() {
		return tx.SetLinkTLS(id, nil, crm.LinkTLS{})
	}
	sealed, err := sealJSON(s.Keys, tlsPlace(id), typed)
	if err != nil {
		return err
	}
	return tx.SetLinkTLS(id, sealed, shown)
}

// checkTLS checks what was typed, as far as that needs no reading of it: that is the connection test's.
func checkTLS(p *problems, typed LinkTLS) LinkTLS {
	for _, one := range []struct {
		field string
		text  *string
	}{{"client_certificate", &typed.Certificate}, {"client_key", &typed.Key}, {"authority", &typed.Authorities}} {
		*one.text = strings.TrimSpace(*one.text)
		if len(*one.text) > maxPEM || !utf8.ValidString(*one.text) {
			p.add(CodeTooLong, one.field, "max", strconv.Itoa(maxPEM), "length", strconv.Itoa(len(*one.text)))
		}
	}
	return typed
}

// changedTLS is what holds after a change: what is left empty stays, where it was given for the same host.
func changedTLS(p *problems, before, typed LinkTLS, from, to string) LinkTLS {
	if typed.Forget {
		return LinkTLS{Certificate: typed.Certificate, Key: typed.Key, Authorities: typed.Authorities}
	}
	if typed.isZero() && !before.none() && hostOf(from) != hostOf(to) {
		p.add(CodeLinkCertificateAgain, "client_certificate", "host", shortened(hostOf(to)))
		return typed
	}
	if hostOf(from) != hostOf(to) {
		return typed
	}
	if typed.Certificate == "" && typed.Key == "" {
		typed.Certificate, typed.Key = before.Certificate, before.Key
	}
	if typed.Authorities == "" {
		typed.Authorities = before.Authorities
	}
	return typed
}

// hostOf is the host of an address, without its port.
func hostOf(address string) string {
	_, host, _ := strings.Cut(origin(address), "://")
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	return host
}
