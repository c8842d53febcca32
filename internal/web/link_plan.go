package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// wizardPlanPage says what the first sync is going to do. Reading a large calendar takes its time: the page is sent piece by piece then,
// how many events were read so far between its head and the plan.
type wizardPlanPage struct {
	frame
	Wizard         *wizardSteps
	Calendar       string
	ReadOnly       bool
	Mark           string // where the pieces go in
	Ended          bool
	Problem        string // why there are no figures
	BackPath       string // to what is to be changed, where the link cannot be made
	Plan           *firstPlan
	Start          formInput
	SavePath       string
	ChoosePath     string
	AgainPath      string
	ReadAt         string // "": just now
	Past, PastWhat string // actions that stay in the CRM
}

func (wizardPlanPage) view() string { return "wizard_plan" }

// planRead is how far the reading is.
type planRead struct{ Text string }

// plannedFor is how long a plan is shown without reading the calendar again.
const plannedFor = 10 * time.Minute

// missing is the page of the wizard that a draft has to go back to before its plan, "" for none.
func (d draft) missing() string {
	switch {
	case !d.works(), d.verdict.NoSyncToken && !d.in.WithoutSyncToken:
		return "parameters"
	case d.asksShown:
		return "shown"
	}
	return ""
}

func showWizardPlan(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if missing := d.missing(); missing != "" {
		return see(w, r, d.path(missing))
	}
	if d.plan != nil && r.now.Sub(d.plannedAt) < plannedFor && !r.URL.Query().Has("again") {
		return s.planAgain(w, r, d, http.StatusOK, "")
	}
	p, err := s.wizardPlan(r, d)
	if err != nil {
		return err
	}
	return s.lookInto(w, r, d, p)
}

// wizardPlan is the page before anything is known.
func (s *site) wizardPlan(r *request, d draft) (*wizardPlanPage, error) {
	f, err := s.frame(r, "parameters", r.T("wizard.plan"))
	if err != nil {
		return nil, err
	}
	calendar := d.verdict.Calendar
	return &wizardPlanPage{
		frame: f, Wizard: stepsOf(r, 4, &d), Calendar: calendar.Name, ReadOnly: calendar.ReadOnly, Mark: crm.NewID[wizardPlanPage](s.Service.IDs).String(),
		SavePath: d.path("save"), ChoosePath: d.path("shown"), AgainPath: d.path("plan") + "?again=",
	}, nil
}

// show fills in a plan, with what is typed as the start.
func (s *site) show(r *request, d draft, p *wizardPlanPage, plan service.PlanView, typed string) error {
	shown := planOf(r, plan, p.ReadOnly)
	p.Ended, p.Plan, p.Start = true, &shown, startInput(r, "start", plan, typed)
	dated, err := s.actionsFrom(r, d.in.User, crm.Date{Year: 1, Month: 1, Day: 1})
	if err != nil {
		return err
	}
	ahead, err := s.actionsFrom(r, d.in.User, r.Today())
	if past := dated - ahead; err == nil && past > 0 && !p.ReadOnly {
		p.Past, p.PastWhat = r.Number(past), r.T("wizard.plan_past_what")
	}
	return err
}

// planAgain shows the plan that was made before.
func (s *site) planAgain(w http.ResponseWriter, r *request, d draft, status int, problem string) error {
	p, err := s.wizardPlan(r, d)
	if err != nil {
		return err
	}
	plan, typed := service.PlanView{}, r.PostForm.Get("start")
	if d.plan != nil {
		plan, p.ReadAt = *d.plan, r.Moment(d.plannedAt)
		if r.PostForm == nil {
			typed = plan.Start.String()
		}
	}
	if err := s.show(r, d, p, plan, typed); err != nil {
		return err
	}
	if d.plan == nil {
		p.Plan, p.Past = nil, ""
	}
	p.Start.Error = fieldError{Sentence: problem}
	p.Mark = ""
	return s.render(w, status, p)
}

// lookInto reads the calendar and sends the page meanwhile. An error comes back only while nothing was sent.
func (s *site) lookInto(w http.ResponseWriter, r *request, d draft, p *wizardPlanPage) error {
	type end struct {
		plan service.PlanView
		err  error
	}
	read, ended := make(chan int), make(chan end, 1)
	go func() { // the loop below ends when it does
		in := d.in
		in.Calendar = d.verdict.Calendar.Href
		plan, err := s.Service.PlanLink(r.Context(), r.caller, in, d.verdict, func(events int) {
			select {
			case read <- events:
			case <-r.Context().Done():
			}
		})
		ended <- end{plan, err}
	}()
	out := &growing{site: s, w: w, page: p, mark: p.Mark}
	wait := time.NewTimer(beforeSteps)
	defer wait.Stop()
	for {
		var err error
		select {
		case <-wait.C:
			err = out.begin()
		case events := <-read:
			if out.begun {
				err = out.piece("plan_read", planRead{r.T("wizard.plan_read", "count", events)})
			}
		case end := <-ended:
			return s.looked(out, r, d, p, end.plan, end.err)
		}
		if err != nil && !out.begun {
			<-ended
			return err
		}
	}
}

// looked sends what was found.
func (s *site) looked(out *growing, r *request, d draft, p *wizardPlanPage, plan service.PlanView, err error) error {
	problems, isProblems := errors.AsType[crm.Problems](err)
	switch {
	case isProblems && !out.begun:
		return s.showWizardParametersWith(out.w, r, http.StatusUnprocessableEntity, d, r.fieldProblemsOf(problems, linkFields...))
	case err != nil && !out.begun:
		return err
	case isProblems:
		p.Ended, p.Problem, p.BackPath = true, r.sentences(problems)[0], d.path("parameters")
	case err != nil:
		if r.Context().Err() == nil {
			s.Log.ErrorContext(r.Context(), "look into a calendar", "path", r.URL.Path, "error", err)
		}
		p.Ended, p.Problem = true, r.T("linktest.interrupted")
	case plan.Failing.Reason != "":
		p.Ended, p.Problem = true, r.T("wizard.plan_failed", "why", strings.TrimSuffix(r.Reason(plan.Failing.Reason, plan.Failing.Params), "."))
		p.Start = startInput(r, "start", plan, "")
	default:
		if err := s.planned(r.Context(), r, d, p, plan); err != nil && !out.begun {
			return err
		}
	}
	if !out.begun {
		p.Mark = "" // it was quick: nothing to follow
		return s.render(out.w, http.StatusOK, p)
	}
	return out.end(r)
}

// planned keeps a plan with its draft, and shows it.
func (s *site) planned(ctx context.Context, r *request, d draft, p *wizardPlanPage, plan service.PlanView) error {
	d.plan, d.plannedAt = &plan, r.now
	return errors.Join(s.keepDraft(ctx, r, d), s.show(r, d, p, plan, plan.Start.String()))
}
