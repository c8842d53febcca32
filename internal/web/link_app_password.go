package web

import (
	"errors"
	"net/http"
	"strings"

	"agendaonline/internal/crm"
)

// appPasswordPage sends the person to the calendar server's own page, which makes a password for this program.
type appPasswordPage struct {
	frame
	Wizard                     *wizardSteps
	Problem                    string
	Ask, Open, How, Then       string
	TakePath, BackPath, Button string
}

func (appPasswordPage) view() string { return "app_password" }

// askAppPassword takes the address that was typed and asks its server for a page.
func askAppPassword(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	d.in, d.verdict = typedLink(r, d.in), nil
	page, question, err := s.Service.AskAppPassword(r.Context(), r.caller, d.in.Address, d.in.TLS)
	if problems, is := errors.AsType[crm.Problems](err); is {
		if err := s.keepDraft(r.Context(), r, d); err != nil {
			return err
		}
		return s.showWizardParametersWith(w, r, http.StatusUnprocessableEntity, d, r.fieldProblemsOf(problems, linkFields...))
	}
	if err != nil {
		return err
	}
	d.asked, d.question = page, question
	if err := s.keepDraft(r.Context(), r, d); err != nil {
		return err
	}
	return see(w, r, d.path("app-password"))
}

func showAppPassword(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	return s.showAppPasswordWith(w, r, http.StatusOK, d, "")
}

func (s *site) showAppPasswordWith(w http.ResponseWriter, r *request, status int, d draft, problem string) error {
	if d.asked == "" {
		return see(w, r, d.path("parameters"))
	}
	host := hostOf(d.asked)
	f, err := s.frame(r, "parameters", r.T("app_password.title", "host", host))
	if err != nil {
		return err
	}
	return s.render(w, status, appPasswordPage{
		frame: f, Wizard: stepsOf(r, 3, &d), Problem: problem, Ask: d.asked, Open: r.T("app_password.open", "host", host), How: r.T("app_password.how"),
		Then: r.T("app_password.then"), TakePath: d.path("app-password/take"), BackPath: d.path("parameters"), Button: r.T("app_password.take"),
	})
}

// takeAppPassword fetches the password and goes back to the parameters, where it is kept unseen.
func takeAppPassword(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if d.asked == "" {
		return see(w, r, d.path("parameters"))
	}
	username, password, err := s.Service.TakeAppPassword(r.Context(), r.caller, d.question, d.in.TLS)
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showAppPasswordWith(w, r, http.StatusUnprocessableEntity, d, strings.Join(r.sentences(problems), " "))
	}
	if err != nil {
		return err
	}
	d.in.Username, d.in.Password, d.asked, d.question = username, password, "", nil
	if err := s.keepDraft(r.Context(), r, d); err != nil {
		return err
	}
	return see(w, r, d.path("parameters"))
}
