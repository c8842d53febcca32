package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Kind is what went wrong on the way to a server, before it answered.
type Kind string

// The kinds of trouble.
const (
	TimedOut     Kind = "timed_out"
	UnknownHost  Kind = "unknown_host"  // the name does not exist
	NameLookup   Kind = "name_lookup"   // the name could not be looked up
	NotListening Kind = "not_listening" // connection refused
	Unreachable  Kind = "unreachable"   // no way there
	Cut          Kind = "cut"           // the connection ended too early
	NotTLS       Kind = "not_tls"       // the port does not speak TLS
	TLSExpired   Kind = "tls_expired"   // the certificate is out of date, or not yet valid
	TLSHost      Kind = "tls_host"      // the certificate is another host's
	TLSAuthority Kind = "tls_authority" // the certificate's authority is not known
	TLSOther     Kind = "tls_other"
	NotHTTP      Kind = "not_http" // something else than HTTP came back

	CertificateWanted  Kind = "certificate_wanted"  // the server wants a client certificate, and was shown none
	CertificateRefused Kind = "certificate_refused" // the server does not take the client certificate
	CertificateExpired Kind = "certificate_expired" // the client certificate is out of date

	OtherTrouble Kind = "other"
)

// Trouble is a request that got no answer, named. Its text holds nothing that was received: neither banner nor body.
type Trouble struct {
	Kind     Kind
	Host     string
	NotAfter time.Time // of TLSExpired and CertificateExpired: the end of the certificate
	Names    []string  // of TLSHost: whom the certificate is for, at most five
	Err      error
}

func (t *Trouble) Error() string {
	if t.Kind == NotHTTP || t.Kind == Cut || t.Err == nil { // their causes may quote what was received
		return fmt.Sprintf("reach %s: %s", t.Host, t.Kind)
	}
	return fmt.Sprintf("reach %s: %s: %v", t.Host, t.Kind, t.Err)
}

func (t *Trouble) Unwrap() error { return t.Err }

// Explain names the error of a request to host, also one of another round tripper than Transport. Refusals and holds of our
// own and a cancelled context are given as they are.
func Explain(host string, err error) error {
	if refused, ok := errors.AsType[*Refused](err); ok {
		return refused
	}
	if held, ok := errors.AsType[*Held](err); ok {
		return held
	}
	if named, ok := errors.AsType[*Trouble](err); ok {
		return named
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	trouble := &Trouble{Kind: kindOf(err), Host: host, Err: err}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Cert != nil {
		trouble.NotAfter = invalid.Cert.NotAfter.UTC()
	}
	if other, ok := errors.AsType[x509.HostnameError](err); ok && other.Certificate != nil {
		trouble.Names = other.Certificate.DNSNames[:min(len(other.Certificate.DNSNames), 5)]
	}
	return trouble
}

func kindOf(err error) Kind {
	if lookup, ok := errors.AsType[*net.DNSError](err); ok {
		switch {
		case lookup.IsNotFound:
			return UnknownHost
		case lookup.IsTimeout && errors.Is(err, context.DeadlineExceeded):
			return TimedOut
		}
		return NameLookup
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return TLSExpired
		}
		return TLSOther
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return TLSHost
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return TLSAuthority
	}
	if _, ok := errors.AsType[x509.SystemRootsError](err); ok {
		return TLSAuthority
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return NotTLS
	}
	if kind := certificateTrouble(err, false); kind != "" {
		return kind
	}
	var alert tls.AlertError
	if errors.As(err, &alert) {
		return TLSOther
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return TimedOut
	}
	// net/http has no types for these.
	if text := err.Error(); strings.Contains(text, "malformed HTTP") {
		return NotHTTP
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return NotListening
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return Unreachable
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed):
		return Cut
	}
	switch text := err.Error(); {
	case strings.Contains(text, "tls: "), strings.Contains(text, "x509: "):
		return TLSOther
	case strings.Contains(text, "server closed idle connection"), strings.Contains(text, "connection broken"),
		strings.Contains(text, "connection lost"), strings.Contains(text, "GOAWAY"), strings.Contains(text, "stream error"):
		return Cut
	}
	return OtherTrouble
}
