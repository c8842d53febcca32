package main

import (
	"context"
	"crypto/rand"
	"net"
	"strings"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/check"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
	"agendaonline/internal/preset"
	"agendaonline/internal/service"
)

// tester is the connection test as the service asks for it.
type tester struct {
	*check.Tester
	google string                              // where Google's CalDAV is
	grant  func(crm.LinkID) caldav.Credentials // of a link or draft; nil: there are none
	now    func() time.Time
}

func newTester(transport *outbound.Transport, now func() time.Time) tester {
	return tester{now: now, google: preset.GoogleCalDAV, Tester: check.New(check.Config{
		Transport: transport, Trusting: func(host string, trust outbound.Trust) check.Transport { return transport.Trusting(host, trust) },
		Resolver: net.DefaultResolver, Now: now, Random: rand.Reader,
		NewUID: func() string { return rand.Text() + "@agenda-online" },
	})}
}

// codeOtherAccount says that somebody else signed in than was typed: the principal of the account is not theirs.
const codeOtherAccount = "oauth.other_account" // account

// Test runs the connection test as service.Tester says.
func (t tester) Test(ctx context.Context, request service.TestRequest, report func(service.TestStep)) (service.Verdict, error) {
	google := request.Kind == crm.LinkGoogle
	known, _ := preset.For(request.Address)
	asked := check.Request{
		Address: request.Address, Username: request.Username, Password: request.Password, PlainHTTP: request.PlainHTTP,
		Calendar: request.Calendar, Write: request.Write, Origins: family(request.Address),
		Certificate: request.TLS.Certificate, Key: request.TLS.Key, Authorities: request.TLS.Authorities,
	}
	if known.Kind == preset.Simple && known.Address != "" && strings.Contains(request.Address, "@") && !strings.Contains(request.Address, "/") {
		asked.Address = known.Address // known beforehand, where an e-mail address would have to be looked up
	}
	for _, origin := range request.Origins {
		asked.Origins = append(asked.Origins, outbound.Origin(origin))
	}
	if !request.Grant.IsZero() && t.grant != nil {
		asked.Credentials = t.grant(request.Grant)
	}
	if google {
		asked.Address = preset.GooglePrincipal(t.google, request.Username)
		asked.PlainHTTP = strings.HasPrefix(t.google, "http://") // the sandbox's, on this machine
	}
	shown := func(step check.Step) service.TestStep {
		if google && ofAnother(step) {
			step.Code, step.Params = codeOtherAccount, map[string]string{"account": request.Username}
		}
		return testStep(step)
	}
	verdict, err := t.Tester.Test(ctx, asked, func(step check.Step) { report(shown(step)) })
	if err != nil {
		return service.Verdict{}, err
	}
	told := service.Verdict{
		Outcome: service.VerdictOutcome(verdict.Outcome), Code: string(verdict.Code), Field: verdict.Field, Params: verdict.Params,
		Calendar: service.FoundCalendar(verdict.Calendar), Addresses: verdict.Addresses, Traits: verdict.Traits, NoSyncToken: verdict.NoSyncToken,
		TLS: shownTrust(verdict.Trust),
	}
	for _, step := range verdict.Steps {
		told.Steps = append(told.Steps, shown(step))
	}
	for _, calendar := range verdict.Calendars {
		told.Calendars = append(told.Calendars, service.FoundCalendar(calendar))
	}
	if known.Kind == preset.Simple && !google && told.Outcome != service.Works {
		told.Hint = "preset." + known.ID
	}
	if google {
		t.ofGoogle(&told, verdict, request)
	}
	return told, nil
}

// shownTrust names what a link shows and trusts.
func shownTrust(trust outbound.Trust) crm.LinkTLS {
	subject, _, until, _ := trust.Certificate()
	return crm.LinkTLS{Certificate: subject, Until: until, Authority: trust.Authority()}
}

// family are the origins over which a known provider spreads one account.
func family(address string) outbound.Origins {
	known, ok := preset.For(address)
	if !ok || known.Family == "" {
		return nil
	}
	return outbound.Origins{outbound.Origin(known.Family)}
}

// ofAnother reports whether Google does not show the principal of the account that was typed: somebody else signed in.
func ofAnother(step check.Step) bool {
	if step.Outcome != check.Failed || step.Name != check.StepDiscovery && step.Name != check.StepSignIn && step.Name != check.StepCalendar {
		return false
	}
	switch step.Code {
	case check.CodeForbidden, check.CodeNotFound, check.CodeNotCalDAV, check.CodeNotDAV:
		return true
	}
	return false
}

// googleTraits are what Google does and a test that only reads cannot find out (CalDAV API version 2, providers' documents and
// Google's answers to other clients).
var googleTraits = []dav.Trait{dav.HTMLDescriptions, dav.NoIfMatchOnDelete, dav.NoETagOnPut, dav.RewritesBodies, dav.IgnoresScheduleAgent}

func (t tester) ofGoogle(told *service.Verdict, verdict check.Verdict, request service.TestRequest) {
	for _, step := range verdict.Steps {
		if ofAnother(step) {
			told.Code, told.Field, told.Params = codeOtherAccount, "username", map[string]string{"account": request.Username}
		}
	}
	for _, trait := range googleTraits {
		if !told.Traits.Has(trait) {
			told.Traits = told.Traits.With(trait, dav.Evidence{Seen: "a link of the kind google", At: t.now().UTC()})
		}
	}
}

func testStep(step check.Step) service.TestStep {
	shown := service.TestStep{
		Name: step.Name, Outcome: service.StepOutcome(step.Outcome), Code: string(step.Code), Params: step.Params, Duration: step.Duration,
	}
	for _, exchange := range step.Evidence {
		shown.Evidence = append(shown.Evidence, service.Exchange(exchange))
	}
	return shown
}
