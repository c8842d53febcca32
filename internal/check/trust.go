package check

import (
	"errors"
	"strings"

	"agendaonline/internal/outbound"
)

var trustCodes = map[outbound.TrustProblem]Code{
	outbound.NoCertificate: CodeCertificateUnreadable, outbound.NoKey: CodeKeyUnreadable, outbound.EncryptedKey: CodeKeyEncrypted,
	outbound.KeyDoesNotMatch: CodeKeyOther, outbound.NoAuthority: CodeAuthorityUnreadable, outbound.NotAuthority: CodeAuthorityNone,
}

// CodeOfTrust is the key of the sentence for what is wrong with a certificate, a key or an authority.
func CodeOfTrust(problem outbound.TrustProblem) Code { return trustCodes[problem] }

// FieldOf is the input that corrects what a code says, "" where there is none.
func FieldOf(code Code) string { return fields[code] }

// trust reads the client certificate and the authorities of the request, which hold for the host that was typed. A certificate
// whose time is not now is not even shown.
func (r *run) trust() (how result, wrong bool) {
	r.transport = r.tester.config.Transport
	trust, err := outbound.ParseTrust(r.request.Certificate, r.request.Key, r.request.Authorities)
	if problem, ok := errors.AsType[outbound.TrustProblem](err); ok {
		return failed(trustCodes[problem]), true
	}
	if trust.IsZero() || r.tester.config.Trusting == nil {
		return result{}, false
	}
	if strings.Contains(r.request.Address, "@") && !strings.Contains(r.request.Address, "/") {
		return failed(CodeCertificateNoHost), true
	}
	now := r.tester.config.Now()
	if subject, from, until, ok := trust.Certificate(); ok {
		switch {
		case now.After(until):
			return failed(CodeCertificateExpired, "subject", subject, "until", until.Format(dayFormat)), true
		case now.Before(from):
			return failed(CodeCertificateNotYet, "subject", subject, "from", from.Format(dayFormat)), true
		}
	}
	r.verdict.Trust = trust
	r.transport = r.tester.config.Trusting(r.typed.URL.Hostname(), trust)
	return result{}, false
}
