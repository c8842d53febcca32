package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// checkPage is a connection test. It is sent piece by piece: what stands above the steps at once, each step as it ends, and
// the verdict with what can be done then. So it grows before the reader's eyes with JavaScript or without.
type checkPage struct {
	frame
	Wizard   *wizardSteps // for a link that is being added
	BackPath string
	BackText string
	About    string // whose calendar, and where

	Mark    string // where the steps go in
	Ended   bool
	Verdict verdictView
	Count   string // how many steps in what time
	Report  string

	AgainPath string
	Choice    []calendarChoice // calendars to choose among; the form goes to AgainPath
	PlanPath  string           // the step after this one, "" where there is none
	// WithoutPath is where Without goes.
	WithoutPath string
	Without     *tick // to be ticked before that step, where the server has no sync-token
}

func (checkPage) view() string { return "link_check" }

// verdictView is the end of a test in words.
type verdictView struct{ Tone, Icon, Heading, Text string }

// checkStep is one step of a test in words.
type checkStep struct {
	words
	Class, Icon, Name, Outcome, Result, Took string
	Evidence                                 []service.Exchange
	Open                                     bool
}

// calendarChoice is a calendar that was found.
type calendarChoice struct {
	Href, Name, Notes string
	Checked, Usable   bool
}

// beforeSteps is how long a test may take before the page begins without its first step: what was typed wrong is known
// sooner, and shown in the form instead.
const beforeSteps = 300 * time.Millisecond

// stream runs a test and sends its page. An error comes back only while nothing was sent. conclude fills in what can be done
// after the verdict.
func (s *site) stream(w http.ResponseWriter, r *request, p checkPage, test func(ctx context.Context, report func(service.TestStep)) (service.Verdict, error), conclude func(*checkPage, service.Verdict)) error {
	type end struct {
		verdict service.Verdict
		err     error
	}
	steps, ended := make(chan service.TestStep), make(chan end, 1)
	began := time.Now()
	go func() { // the loop below ends when it does
		verdict, err := test(r.Context(), func(step service.TestStep) {
			select {
			case steps <- step:
			case <-r.Context().Done():
			}
		})
		ended <- end{verdict, err}
	}()
	p.Mark = crm.NewID[checkPage](s.Service.IDs).String()
	out := &growing{site: s, w: w, page: &p, mark: p.Mark}
	wait := time.NewTimer(beforeSteps)
	defer wait.Stop()
	for {
		var err error
		select {
		case <-wait.C:
			err = out.begin()
		case step := <-steps:
			err = out.piece("check_step", stepOf(r, step))
		case end := <-ended:
			if end.err != nil && !out.begun {
				return end.err
			}
			return s.finishStream(out, &p, r, end.verdict, end.err, time.Since(began), conclude)
		}
		if err != nil && !out.begun {
			<-ended
			return err
		}
	}
}

// finishStream sends the verdict.
func (s *site) finishStream(out *growing, p *checkPage, r *request, verdict service.Verdict, err error, took time.Duration, conclude func(*checkPage, service.Verdict)) error {
	if beginErr := out.begin(); beginErr != nil && !out.begun {
		return beginErr
	}
	p.Ended = true
	problems, isProblems := errors.AsType[crm.Problems](err)
	switch {
	case isProblems:
		p.Verdict = verdictView{"signin", "warning", r.T("linktest.does_not"), strings.Join(r.sentences(problems), " ")}
	case err != nil:
		if r.Context().Err() == nil {
			s.Log.ErrorContext(r.Context(), "run a connection test", "path", r.URL.Path, "error", err)
		}
		p.Verdict = verdictView{"signin", "warning", r.T("linktest.does_not"), r.T("linktest.interrupted")}
	default:
		p.Verdict = verdictOf(r, verdict)
		p.Count = r.T("linktest.done", "count", len(verdict.Steps), "duration", r.Duration(took))
		if p.Verdict.Text == "" {
			p.Verdict.Text = capital(p.Count) + "."
		}
		p.Report = reportOf(r, verdict)
		conclude(p, verdict)
	}
	return out.end(r)
}

func verdictOf(r *request, verdict service.Verdict) verdictView {
	text := ""
	if verdict.Code != "" {
		text = i18n.T(r.Lang, verdict.Code, verdict.Params)
	}
	if verdict.Hint != "" {
		text += " " + r.T(verdict.Hint)
	}
	switch verdict.Outcome {
	case service.Works:
		return verdictView{"good", "check", r.T("linktest.works"), text}
	case service.WorksLimited:
		return verdictView{"held", "hand", r.T("linktest.works_limited"), text}
	}
	return verdictView{"signin", "warning", r.T("linktest.does_not"), text}
}

func stepOf(r *request, step service.TestStep) checkStep {
	shown := checkStep{
		words: r.words, Name: stepName(r, step.Name), Outcome: r.T("linktest." + string(step.Outcome)), Evidence: step.Evidence,
		Open: step.Outcome == service.StepFailed || step.Outcome == service.StepLimited,
	}
	if shown.Result = shown.Outcome; step.Code != "" {
		shown.Result = i18n.T(r.Lang, step.Code, step.Params)
	}
	switch step.Outcome {
	case service.StepPassed:
		shown.Class, shown.Icon = "pass", "check"
	case service.StepLimited:
		shown.Class, shown.Icon = "limit", "hand"
	case service.StepFailed:
		shown.Class, shown.Icon = "fail", "warning"
	default:
		shown.Icon = "none"
	}
	if step.Duration > 0 {
		shown.Took = r.Duration(step.Duration)
	}
	return shown
}

// stepName is the title of a step; the test names its own.
func stepName(r *request, name string) string {
	if key := "check.step." + name; i18n.Has(key) {
		return r.T(key)
	}
	return name
}

// reportOf is the test as plain text, to be sent to somebody who helps.
func reportOf(r *request, verdict service.Verdict) string {
	var text strings.Builder
	end := verdictOf(r, verdict)
	fmt.Fprintf(&text, "Agenda Online, %s\n%s %s\n", r.now.UTC().Format(time.RFC3339), end.Heading, end.Text)
	for _, step := range verdict.Steps {
		shown := stepOf(r, step)
		fmt.Fprintf(&text, "\n%s: %s (%s, %d ms)\n%s\n", shown.Name, shown.Outcome, step.Code, step.Duration.Milliseconds(), shown.Result)
		for _, exchange := range step.Evidence {
			fmt.Fprintf(&text, "> %s\n< %s\n", strings.ReplaceAll(exchange.Asked, "\n", "\n> "), strings.ReplaceAll(exchange.Answered, "\n", "\n< "))
		}
	}
	return text.String()
}

// testLink runs the connection test of a saved link. It only reads.
func testLink(s *site, w http.ResponseWriter, r *request) error {
	if err := posted(r); err != nil { // a request whose body was not read cannot tell that its client went away
		return err
	}
	view, err := s.managed(r)
	if err != nil {
		return err
	}
	f, err := s.frame(r, "parameters", r.T("linktest.title"))
	if err != nil {
		return err
	}
	id, path := view.ID, linksPath+"/"+view.ID.String()
	p := checkPage{
		frame: f, BackPath: path, BackText: view.UserName, About: view.UserName + " · " + whereOf(view.Link), AgainPath: path + "/test",
	}
	return s.stream(w, r, p, func(ctx context.Context, report func(service.TestStep)) (service.Verdict, error) {
		return s.Service.TestSavedLink(ctx, r.caller, id, report)
	}, func(*checkPage, service.Verdict) {})
}
