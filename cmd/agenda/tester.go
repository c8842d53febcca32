package main

import (
	"context"
	"crypto/rand"
	"net"
	"time"

	"agendaonline/internal/check"
	"agendaonline/internal/outbound"
	"agendaonline/internal/service"
)

// tester is the connection test as the service asks for it.
type tester struct{ *check.Tester }

func newTester(transport *outbound.Transport, now func() time.Time) tester {
	return tester{check.New(check.Config{
		Transport: transport, Resolver: net.DefaultResolver, Now: now, Random: rand.Reader,
		NewUID: func() string { return rand.Text() + "@agenda-online" },
	})}
}

// Test runs the connection test as service.Tester says.
func (t tester) Test(ctx context.Context, request service.TestRequest, report func(service.TestStep)) (service.Verdict, error) {
	verdict, err := t.Tester.Test(ctx, check.Request{
		Address: request.Address, Username: request.Username, Password: request.Password, PlainHTTP: request.PlainHTTP,
		Calendar: request.Calendar, Write: request.Write,
	}, func(step check.Step) { report(testStep(step)) })
	if err != nil {
		return service.Verdict{}, err
	}
	shown := service.Verdict{
		Outcome: service.VerdictOutcome(verdict.Outcome), Code: string(verdict.Code), Field: verdict.Field, Params: verdict.Params,
		Calendar: service.FoundCalendar(verdict.Calendar), Addresses: verdict.Addresses, Traits: verdict.Traits, NoSyncToken: verdict.NoSyncToken,
	}
	for _, step := range verdict.Steps {
		shown.Steps = append(shown.Steps, testStep(step))
	}
	for _, calendar := range verdict.Calendars {
		shown.Calendars = append(shown.Calendars, service.FoundCalendar(calendar))
	}
	return shown, nil
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
