package check

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"agendaonline/internal/caldav"
	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

var addressCodes = map[caldav.AddressProblem]Code{
	caldav.AddressEmpty: CodeAddressEmpty, caldav.AddressNoURL: CodeAddressNoURL, caldav.AddressScheme: CodeAddressScheme,
	caldav.AddressGoogle: CodeAddressGoogle, caldav.AddressMicrosoft: CodeAddressMicrosoft, caldav.AddressProton: CodeAddressProton,
	caldav.AddressFeed: CodeAddressFeed,
}

// address understands what was typed, looks where to begin, and connects without asking anything.
func (r *run) address(ctx context.Context) result {
	typed, err := r.typedAddress()
	if problem, ok := errors.AsType[caldav.AddressProblem](err); ok {
		return failed(addressCodes[problem])
	}
	r.typed = typed
	if how, wrong := r.trust(); wrong {
		return how
	}
	if typed.URL.Scheme == "http" && !r.request.PlainHTTP {
		// A password must not go over http; the same server may well take https.
		secure := *typed.URL
		secure.Scheme = "https"
		origin, err := outbound.OriginOf(&secure)
		if err == nil {
			_, err = r.reach(ctx, origin)
		}
		if err != nil {
			if how, known := r.reaching(origin, err); known && (how.code == CodePrivateAddress || how.code == CodeOddPort) {
				return how
			}
			return failed(CodePlainHTTP, "host", typed.URL.Host)
		}
		r.typed.URL = &secure
		r.typed.Repairs = append(r.typed.Repairs, caldav.RepairScheme)
	}
	var first outbound.Reached
	var firstErr error
	var failedAt outbound.Origin
	reached := map[outbound.Origin]bool{}
	for _, candidate := range caldav.Candidates(ctx, r.typed, r.tester.config.Resolver) {
		origin, err := outbound.OriginOf(candidate.URL)
		if err != nil {
			continue
		}
		if !candidate.Trusted && !r.request.Origins.Contains(origin) {
			r.elsewhere = append(r.elsewhere, candidate)
			continue
		}
		if ok, tried := reached[origin]; tried {
			if ok {
				r.candidates = append(r.candidates, candidate)
			}
			continue
		}
		found, err := r.reach(ctx, origin)
		reached[origin] = err == nil
		switch {
		case err == nil:
			if len(r.candidates) == 0 {
				first = found
			}
			r.candidates = append(r.candidates, candidate)
			r.verdict.Origins = append(r.verdict.Origins, origin)
		case firstErr == nil:
			firstErr, failedAt = err, origin
		}
	}
	if len(r.candidates) == 0 {
		if len(r.elsewhere) > 0 {
			return r.recordElsewhere()
		}
		if how, known := r.reaching(failedAt, firstErr); known {
			return how
		}
		return failed(CodeCut, "host", r.typed.URL.Host)
	}
	r.verdict.Origins = append(r.verdict.Origins, r.request.Origins...)
	r.client = caldav.New(caldav.Config{
		RoundTripper: r.transport, Credentials: r.credentials(), Origins: r.verdict.Origins, PlainHTTP: r.request.PlainHTTP,
		Now: r.tester.config.Now, Observe: r.observe, Timeouts: r.tester.config.Timeouts,
	})
	host := r.candidates[0].URL.Host
	switch {
	case slices.ContainsFunc(r.typed.Repairs, func(repair caldav.Repair) bool { return repair != caldav.RepairText }) && !r.onlyScheme():
		return passed(CodeAddressCorrected, "url", r.typed, "ip", first.Address)
	case first.TLS == "":
		return passed(CodeAddressPlain, "host", host, "ip", first.Address)
	}
	return passed(CodeAddressOK, "host", host, "ip", first.Address, "tls", first.TLS, "until", first.ValidUntil.Format(dayFormat))
}

// typedAddress understands what was typed. What is known to take a grant only is refused to a password, not to a grant.
func (r *run) typedAddress() (caldav.Address, error) {
	typed, err := caldav.ParseAddress(r.request.Address)
	if err != caldav.AddressGoogle || r.request.Credentials == nil {
		return typed, err
	}
	exact, parseErr := url.Parse(r.request.Address)
	if parseErr != nil || exact.Host == "" || exact.User != nil {
		return typed, err
	}
	return caldav.Address{URL: exact}, nil
}

// onlyScheme reports whether nothing but a missing https:// was put before the address, which is no news to anybody.
func (r *run) onlyScheme() bool {
	return !strings.Contains(r.request.Address, "//") &&
		!slices.ContainsFunc(r.typed.Repairs, func(repair caldav.Repair) bool { return repair != caldav.RepairScheme && repair != caldav.RepairText })
}

func (r *run) credentials() caldav.Credentials {
	if r.request.Credentials != nil {
		return r.request.Credentials
	}
	r.password = caldav.NewPassword(r.request.Username, r.request.Password, dav.Traits{}, r.tester.config.Random)
	return r.password
}

// reach connects to an origin and keeps that as evidence.
func (r *run) reach(ctx context.Context, origin outbound.Origin) (outbound.Reached, error) {
	began := r.tester.config.Now()
	found, err := r.transport.Reach(ctx, origin)
	exchange := dav.Exchange{Method: "CONNECT", Href: dav.Href(origin), SentAt: began.UTC(), Took: r.tester.config.Now().Sub(began)}
	if found.Address.IsValid() {
		exchange.Found = append(exchange.Found, found.Address.String())
	}
	if found.TLS != "" {
		exchange.Found = append(exchange.Found, fmt.Sprintf("%s, certificate until %s", found.TLS, found.ValidUntil.Format(dayFormat)))
	}
	if err != nil {
		exchange.Failed = "unreachable"
		if how, known := r.reaching(origin, err); known {
			exchange.Failed = strings.TrimPrefix(string(how.code), "check.")
		}
	}
	r.noted(exchange)
	return found, err
}

// recordElsewhere says that the domain's own DNS points to a server that only a person can confirm.
func (r *run) recordElsewhere() result {
	target := *r.elsewhere[0].URL
	if strings.HasPrefix(target.Path, "/.well-known/") {
		target.Path = "/"
	}
	domain := r.typed.URL.Hostname()
	if host, _, err := net.SplitHostPort(domain); err == nil {
		domain = host
	}
	return failed(CodeRecordElsewhere, "domain", domain, "url", target.String())
}
