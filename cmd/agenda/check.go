package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"agendaonline/internal/i18n"
	"agendaonline/internal/outbound"
	"agendaonline/internal/service"
)

type checkCommand struct {
	Address   string   `arg:"" help:"Address of a server, a principal or a calendar, or an e-mail address."`
	Username  string   `help:"Username for the calendar server." required:"" placeholder:"NAME"`
	Calendar  string   `help:"Which calendar, when there are several: one of the addresses that the test lists." placeholder:"URL"`
	Write     bool     `help:"Test writing too: an event is made and taken away again."`
	PlainHTTP bool     `name:"plain-http" help:"Send the password over http, where everybody on the way can read it."`
	Allow     []string `name:"outbound-allow" help:"Private networks and hosts that may be asked; the host of ADDRESS is." placeholder:"ENTRY"`
	JSON      bool     `help:"Print the verdict as JSON."`
	certificateFiles
}

// Help says where the password comes from.
func (checkCommand) Help() string {
	return `The connection test, on its own: it needs no installation and keeps nothing. Each step is shown as it ends, with what was
asked, what came back and how long it took. The password is read from AGENDA_PASSWORD, else asked for at the terminal, else
read as one line of standard input. The sentences are in Dutch or French where LANG asks for it.

  agenda check https://dav.example.com/ --username ann --write

Exit codes: 0 works; 2 works with a limit, which is named; 1 does not work, and why.`
}

// Run tests the connection.
func (c checkCommand) Run(ctx context.Context, env environment) error {
	password, err := env.secretFrom(passwordVariable, "Password of "+c.Username)
	if err != nil {
		return err
	}
	certificate, err := c.read()
	if err != nil {
		return err
	}
	allow, err := outbound.ParseAllow(c.Allow...)
	if err != nil {
		return fmt.Errorf("--outbound-allow: %w", err)
	}
	if allow, err = allowAddress(allow, c.Address); err != nil {
		return err
	}
	transport := outbound.New(outbound.Config{Allow: allow})
	defer transport.CloseIdleConnections()
	probe := newTester(transport, time.Now)
	return env.tellTest(c.JSON, func(report func(service.TestStep)) (service.Verdict, error) {
		return probe.Test(ctx, service.TestRequest{
			Address: c.Address, Username: c.Username, Password: password, PlainHTTP: c.PlainHTTP, Calendar: c.Calendar, Write: c.Write, TLS: certificate,
		}, report)
	})
}

// shownStep is a step of the test in JSON.
type shownStep struct {
	Name     string              `json:"name"`
	Outcome  service.StepOutcome `json:"outcome"`
	Code     string              `json:"code,omitempty"`
	Sentence string              `json:"sentence,omitempty"`
	Seconds  float64             `json:"seconds"`
	Evidence []shownExchange     `json:"evidence,omitempty"`
}

// shownExchange is one request of a step in JSON.
type shownExchange struct {
	Asked    string `json:"asked"`
	Answered string `json:"answered"`
}

// shownVerdict is the end of the test in JSON.
type shownVerdict struct {
	Outcome   service.VerdictOutcome `json:"outcome"`
	Code      string                 `json:"code,omitempty"`
	Sentence  string                 `json:"sentence,omitempty"`
	Calendar  string                 `json:"calendar,omitempty"`
	Calendars []string               `json:"calendars,omitempty"`
	Steps     []shownStep            `json:"steps"`
}

// tellTest runs a connection test, shows its steps as they end, and ends with the exit code of its verdict.
func (env environment) tellTest(asJSON bool, test func(report func(service.TestStep)) (service.Verdict, error)) error {
	language := env.language()
	sentence := func(code string, params map[string]string) string {
		if code == "" {
			return ""
		}
		return i18n.T(language, code, params)
	}
	marks := map[service.StepOutcome]string{service.StepPassed: "ok   ", service.StepLimited: "limit", service.StepFailed: "FAIL ", service.StepSkipped: "-    "}
	verdict, err := test(func(step service.TestStep) {
		if asJSON {
			return
		}
		fmt.Fprintf(env.stdout, "%s %7s  %s\n", marks[step.Outcome], step.Duration.Round(time.Millisecond), i18n.T(language, "check.step."+step.Name, nil))
		if said := sentence(step.Code, step.Params); said != "" {
			fmt.Fprintf(env.stdout, "               %s\n", said)
		}
		for _, exchange := range step.Evidence {
			fmt.Fprintf(env.stdout, "               %s: %s\n", exchange.Asked, strings.ReplaceAll(exchange.Answered, "\n", "\n                 "))
		}
	})
	if err != nil {
		return err
	}
	if asJSON {
		shown := shownVerdict{Outcome: verdict.Outcome, Code: verdict.Code, Sentence: sentence(verdict.Code, verdict.Params), Calendar: verdict.Calendar.Href}
		for _, calendar := range verdict.Calendars {
			shown.Calendars = append(shown.Calendars, calendar.Href)
		}
		for _, step := range verdict.Steps {
			one := shownStep{Name: step.Name, Outcome: step.Outcome, Code: step.Code, Sentence: sentence(step.Code, step.Params), Seconds: step.Duration.Seconds()}
			for _, exchange := range step.Evidence {
				one.Evidence = append(one.Evidence, shownExchange(exchange))
			}
			shown.Steps = append(shown.Steps, one)
		}
		if err := printJSON(env.stdout, shown); err != nil {
			return err
		}
	} else {
		env.tellVerdict(verdict, sentence(verdict.Code, verdict.Params))
	}
	switch verdict.Outcome {
	case service.Works:
		return nil
	case service.WorksLimited:
		return exitCode(2)
	default:
		return exitCode(1)
	}
}

func (env environment) tellVerdict(verdict service.Verdict, sentence string) {
	if len(verdict.Calendars) > 1 {
		fmt.Fprintln(env.stdout, "\nCalendars:")
		for _, calendar := range verdict.Calendars {
			fmt.Fprintf(env.stdout, "  %s  %s\n", calendar.Href, calendar.Name)
		}
	}
	words := map[service.VerdictOutcome]string{service.Works: "Works.", service.WorksLimited: "Works with a limit:", service.DoesNotWork: "Does not work:"}
	fmt.Fprintf(env.stdout, "\n%s %s\n", words[verdict.Outcome], sentence)
}
