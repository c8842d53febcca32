package main

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/scheduler"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// connect opens the calendar of a link for a run. Its credentials go to the origin of the calendar that the connection test
// found, and nowhere else.
func (p *program) connect(ctx context.Context, link crm.Link, sealed []byte, traits dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
	transport, err := p.transportOf(ctx, link)
	if err != nil {
		return nil, err
	}
	credentials, err := p.credentials(link, sealed, traits)
	if err != nil {
		return nil, err
	}
	return p.collection(link, transport, credentials, traits, observe)
}

// collection is the calendar of a link as the protocol has it.
func (p *program) collection(link crm.Link, transport *outbound.Transport, credentials caldav.Credentials, traits dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
	address, err := url.Parse(link.CalendarHref)
	if err != nil {
		return nil, fmt.Errorf("read the address of link %s: %w", link.ID, err)
	}
	origin, err := outbound.OriginOf(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of link %s: %w", link.ID, err)
	}
	config := caldav.Config{
		RoundTripper: transport, Credentials: credentials, Origins: append(outbound.Origins{origin}, family(link.Address)...), PlainHTTP: link.PlainHTTP, Now: p.Now, Observe: observe,
	}
	if link.Kind == crm.LinkGoogle {
		config.PlainHTTP = strings.HasPrefix(p.Google.CalDAV, "http://") // the sandbox's, on this machine
	}
	return caldav.New(config).Collection(dav.Href(link.CalendarHref), traits), nil
}

// planner looks into the calendar of a link that is not made yet.
type planner struct {
	*program
	engine *syncer.Syncer
}

// Plan says what a first sync would do as service.Planner says.
func (p planner) Plan(ctx context.Context, request service.PlanRequest, read func(events int)) (reconcile.FirstCounts, crm.Failing, error) {
	remote, err := p.remote(request)
	if err != nil {
		return reconcile.FirstCounts{}, crm.Failing{}, err
	}
	return p.engine.Plan(ctx, request.Link, request.Traits, remote, read)
}

func (p planner) remote(request service.PlanRequest) (syncer.Remote, error) {
	transport, err := p.trusting(request.Link, request.TLS)
	if err != nil {
		return nil, err
	}
	credentials := caldav.Credentials(caldav.NewPassword(request.Link.Username, request.Password, request.Traits, rand.Reader))
	if !request.Grant.IsZero() {
		credentials = p.bearer(request.Grant)
	}
	return p.collection(request.Link, transport, credentials, request.Traits, func(dav.Exchange) {})
}

// transportOf is the way to the calendar of a link, with its own certificate and authorities where it has some.
func (p *program) transportOf(ctx context.Context, link crm.Link) (*outbound.Transport, error) {
	if link.TLS.IsZero() {
		return p.transport, nil
	}
	var sealed []byte
	err := p.store.Read(ctx, func(tx *store.Tx) (err error) {
		sealed, err = tx.LinkTLS(link.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	kept, err := service.OpenLinkTLS(p.keys, link.ID, sealed)
	if err != nil {
		return nil, fmt.Errorf("open the certificate of link %s: %w", link.ID, err)
	}
	return p.trusting(link, kept)
}

// trustedWay is the way to the servers that a person named for one link, with the certificate and authorities of that link, for each
// host by itself.
type trustedWay struct {
	transport *outbound.Transport
	trust     outbound.Trust
}

func (w trustedWay) RoundTrip(request *http.Request) (*http.Response, error) {
	return w.transport.Trusting(request.URL.Hostname(), w.trust).RoundTrip(request)
}

// way is the way to an authorisation server, or to one that gives app passwords. The error is an outbound.TrustProblem.
func (p *program) way(own service.LinkTLS) (http.RoundTripper, error) {
	trust, err := outbound.ParseTrust(own.Certificate, own.Key, own.Authorities)
	if err != nil {
		return nil, err
	}
	return trustedWay{p.transport, trust}, nil
}

// trusting is the way to a calendar with a certificate and authorities of its own.
func (p *program) trusting(link crm.Link, own service.LinkTLS) (*outbound.Transport, error) {
	if own.Certificate == "" && own.Key == "" && own.Authorities == "" {
		return p.transport, nil
	}
	trust, err := outbound.ParseTrust(own.Certificate, own.Key, own.Authorities)
	if err != nil {
		return nil, fmt.Errorf("link %s: %w", link.ID, err)
	}
	typed, err := caldav.ParseAddress(link.Address)
	if err != nil {
		return nil, fmt.Errorf("read the address of link %s: %w", link.ID, err)
	}
	return p.transport.Trusting(typed.URL.Hostname(), trust), nil
}

// credentials are a link's: its grant, or its name and password.
func (p *program) credentials(link crm.Link, sealed []byte, traits dav.Traits) (caldav.Credentials, error) {
	if link.Kind != crm.LinkSimple {
		return p.bearer(link.ID), nil
	}
	password, err := p.keys.Open(service.SecretPlace(link.ID), sealed)
	if err != nil {
		return nil, fmt.Errorf("open the credentials of link %s: %w", link.ID, err)
	}
	return caldav.NewPassword(link.Username, string(password), traits, rand.Reader), nil
}

// jitter spreads retries, so that links that failed together do not come back together.
func jitter() float64 { return mathrand.Float64() }

// puller is the scheduler as the service asks for it.
type puller struct{ *scheduler.Scheduler }

// Pull starts pulls as service.Puller says.
func (p puller) Pull(ctx context.Context, links []crm.LinkID, notOlderThan time.Duration) (service.PullTicket, error) {
	ticket, err := p.Scheduler.Pull(ctx, links, notOlderThan)
	if err != nil {
		return nil, err
	}
	return ticket, nil
}

// Progress says how pulls stand as service.Puller says.
func (p puller) Progress(links []crm.LinkID) []service.LinkPull {
	pulls := p.Scheduler.Progress(links)
	stand := make([]service.LinkPull, len(pulls))
	for i, pull := range pulls {
		stand[i] = service.LinkPull{
			Link: pull.Link, Running: pull.Running, Processed: pull.Progress.Processed, Expected: pull.Progress.Expected,
			Counts: pull.Progress.Counts, StartedAt: pull.StartedAt, EndedAt: pull.EndedAt, Reason: crm.Reason(pull.Reason),
		}
	}
	return stand
}

// allowAddress opens the host of an address that the operator typed on this command line: typing it is the permission.
// What is no URL with a host, an e-mail address say, opens nothing.
func allowAddress(allow outbound.Allow, typed string) (outbound.Allow, error) {
	address, err := url.Parse(typed)
	if err != nil || address.Hostname() == "" {
		return allow, nil
	}
	port := address.Port()
	if port == "" {
		if port = "443"; address.Scheme == "http" {
			port = "80"
		}
	}
	return allow.With(net.JoinHostPort(address.Hostname(), port))
}
