package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// grantConsentPage sends the person to the authorisation server, and takes the answer where it does not come back by itself.
type grantConsentPage struct {
	frame
	Wizard     *wizardSteps // nil for a link that is signed in again
	Problem    string
	Ask, Open  string // where the browser goes, and what the button says
	How, Then  string
	Until      string
	Paste      bool
	Answer     input
	AnswerPath string
	BackPath   string
}

func (grantConsentPage) view() string { return "grant_consent" }

// grantSignedPage is between the sign-in and the connection test.
type grantSignedPage struct {
	frame
	Wizard             *wizardSteps
	Text               string
	Write              tick
	TestPath, BackPath string
}

func (grantSignedPage) view() string { return "grant_signed" }

// binding names the session that a question is asked in.
func (s *site) binding(ctx context.Context) []byte { return []byte(s.Identity.Session(ctx)) }

// askConsent takes what was typed in the wizard and has the question made.
func askConsent(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	d.in, d.verdict = typedGrant(r, d.in), nil
	if err := s.keepDraft(r.Context(), r, d); err != nil {
		return err
	}
	asked, err := s.Service.AskConsent(r.Context(), r.caller, s.binding(r.Context()), d.in, s.redirectFor(r, d.in.Kind))
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showWizardGrant(w, r, http.StatusUnprocessableEntity, d, r.fieldProblemsOf(problems, grantFields...))
	}
	if err != nil {
		return err
	}
	d.in.Draft = service.DraftRef{ID: asked.ID, Binding: s.binding(r.Context())}
	if err := s.keepDraft(r.Context(), r, d); err != nil {
		return err
	}
	return see(w, r, d.path("consent"))
}

// showWizardGrant is the third step of the wizard for a link that signs in by a grant.
func (s *site) showWizardGrant(w http.ResponseWriter, r *request, status int, d draft, wrong fieldProblems) error {
	f, err := s.frame(r, "parameters", r.T("wizard.title"))
	if err != nil {
		return err
	}
	hint := ""
	switch {
	case d.in.OAuth.ClientSecret != "":
		hint = r.T("grant.secret_kept")
	case d.in.Kind == crm.LinkOAuth:
		hint = r.T("grant.secret_optional")
	}
	p := s.grantForm(r, f, d.in, wrong, hint)
	p.Wizard, p.Path, p.Back = stepsOf(r, 3, &d), d.path("consent"), d.path("kind")
	return s.render(w, status, p)
}

func showConsent(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	return s.showWizardConsent(w, r, http.StatusOK, d, "", "")
}

func (s *site) showWizardConsent(w http.ResponseWriter, r *request, status int, d draft, typed, problem string) error {
	asked, err := s.Service.Draft(r.Context(), r.caller, d.in.Draft)
	if _, is := errors.AsType[crm.Problems](err); is {
		return see(w, r, d.path("parameters"))
	}
	if err != nil {
		return err
	}
	if asked.Signed {
		return see(w, r, d.path("signed"))
	}
	if asked.Device.Code != "" {
		return s.showDevice(w, r, status, asked, stepsOf(r, 3, &d), d.path("device"), d.path("parameters"), "")
	}
	return s.showConsentOf(w, r, status, asked, stepsOf(r, 3, &d), d.path("answer"), d.path("parameters"), typed, problem)
}

func (s *site) showConsentOf(w http.ResponseWriter, r *request, status int, asked service.DraftView, wizard *wizardSteps, answerPath, backPath, typed, problem string) error {
	host := hostOf(asked.Ask)
	f, err := s.frame(r, "parameters", r.T("grant.title", "host", host))
	if err != nil {
		return err
	}
	p := grantConsentPage{
		frame: f, Wizard: wizard, Ask: asked.Ask, Open: r.T("grant.open", "host", host), How: r.T("grant.open_how_any"), Then: r.T("grant.comes_back"),
		Until: r.T("grant.until", "moment", r.Moment(asked.ExpiresAt)), Paste: !strings.HasSuffix(asked.Redirect, callbackPath), AnswerPath: answerPath, BackPath: backPath,
	}
	if asked.Username != "" {
		p.How = r.T("grant.open_how", "account", asked.Username)
	}
	if p.Paste {
		p.Then = r.T("grant.paste_how")
	}
	p.Answer = input{Name: "answer", Label: r.T("grant.answer"), Hint: r.T("grant.answer_hint", "redirect", asked.Redirect), Value: typed, Problem: problem, Autocomplete: "off"}
	return s.render(w, status, p)
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Host
}

// takeWizardAnswer takes the address that was pasted. A question that was answered in vain is asked anew.
func takeWizardAnswer(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	_, err = s.Service.TakeAnswer(r.Context(), r.caller, s.binding(r.Context()), r.PostForm.Get("answer"))
	if problems, is := errors.AsType[crm.Problems](err); is {
		sentence := strings.Join(r.sentences(problems), " ")
		if problems[0].Code == "oauth.no_code" { // it was not sent anywhere: the question still waits
			return s.showWizardConsent(w, r, http.StatusUnprocessableEntity, d, "", sentence)
		}
		return s.showWizardGrant(w, r, http.StatusUnprocessableEntity, d, fieldProblems{"": sentence})
	}
	if err != nil {
		return err
	}
	return see(w, r, d.path("signed"))
}

func showSigned(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	asked, err := s.Service.Draft(r.Context(), r.caller, d.in.Draft)
	if _, is := errors.AsType[crm.Problems](err); is || err == nil && !asked.Signed {
		return see(w, r, d.path("parameters"))
	}
	if err != nil {
		return err
	}
	f, err := s.frame(r, "parameters", r.T("grant.signed_title"))
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, grantSignedPage{
		frame: f, Wizard: stepsOf(r, 3, &d), Text: r.T("grant.signed", "host", hostOf(asked.Ask)), TestPath: d.path("test"), BackPath: d.path("parameters"),
		Write: tick{Name: "test_write", Label: r.T("wizard.write"), Hint: r.T("wizard.write_hint"), Checked: true},
	})
}

// takeCallback takes the answer that comes back with the browser. Nobody who is not signed in here asked anything: the answer is
// not kept for after a sign-in, whose session is another.
func takeCallback(s *site, w http.ResponseWriter, r *request) error {
	if !r.signedIn {
		return crm.Problems{crm.NewProblem(service.CodeGrantStateUnknown, "")}
	}
	binding := s.binding(r.Context())
	taken, err := s.Service.TakeAnswer(r.Context(), r.caller, binding, r.URL.RawQuery)
	if err != nil {
		return err
	}
	if !taken.Link.IsZero() {
		return s.signedAgain(w, r, taken.ID)
	}
	d, found, err := s.draftOfGrant(r, taken.ID)
	if err != nil {
		return err
	}
	if !found { // the draft of the sign-in outlived that of the pages
		names, _, err := s.userNamesOf(r)
		if err != nil {
			return err
		}
		d = draft{id: crm.NewID[crm.Link](s.Service.IDs), userName: names[taken.User], asksShown: true, in: service.LinkInput{
			User: taken.User, Kind: taken.Kind, Address: taken.Address, Username: taken.Username, PlainHTTP: taken.PlainHTTP, OAuth: taken.OAuth,
			Draft: service.DraftRef{ID: taken.ID, Binding: binding},
		}}
		if err := s.keepDraft(r.Context(), r, d); err != nil {
			return err
		}
	}
	return see(w, r, d.path("signed"))
}

// askConsentAgain begins the sign-in of a link that is there, with another client where one was typed.
func askConsentAgain(s *site, w http.ResponseWriter, r *request) error {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if err != nil {
		return err
	}
	var change *service.GrantChange
	if r.PostForm.Has("client_id") {
		typed := typedGrant(r, service.LinkInput{})
		change = &service.GrantChange{OAuthInput: typed.OAuth, TLS: typed.TLS}
	}
	asked, err := s.Service.AskConsentAgain(r.Context(), r.caller, s.binding(r.Context()), id, change, s.redirectFor(r, view.Kind))
	if problems, is := errors.AsType[crm.Problems](err); is && change != nil {
		return s.showGrantEdit(w, r, http.StatusUnprocessableEntity, view, r.fieldProblemsOf(problems, grantFields...))
	}
	if err != nil {
		return err
	}
	return see(w, r, grantsPath+"/"+asked.ID.String())
}

func (s *site) draftOfPath(r *request) (service.DraftView, service.DraftRef, error) {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return service.DraftView{}, service.DraftRef{}, err
	}
	ref := service.DraftRef{ID: id, Binding: s.binding(r.Context())}
	asked, err := s.Service.Draft(r.Context(), r.caller, ref)
	return asked, ref, err
}

func showConsentAgain(s *site, w http.ResponseWriter, r *request) error {
	asked, ref, err := s.draftOfPath(r)
	if err != nil {
		return err
	}
	if asked.Signed {
		return s.signedAgain(w, r, ref.ID)
	}
	if asked.Device.Code != "" {
		return s.showDevice(w, r, http.StatusOK, asked, nil, grantsPath+"/"+ref.ID.String()+"/device", linksPath+"/"+asked.Link.String(), "")
	}
	if strings.HasSuffix(asked.Redirect, callbackPath) {
		w.Header().Set("Refresh", "0;url="+asked.Ask) // a form may not lead there by itself: Content-Security-Policy form-action
	}
	return s.showConsentOf(w, r, http.StatusOK, asked, nil, grantsPath+"/"+ref.ID.String()+"/answer", linksPath+"/"+asked.Link.String(), "", "")
}

func takeAnswerAgain(s *site, w http.ResponseWriter, r *request) error {
	if err := posted(r); err != nil {
		return err
	}
	asked, ref, err := s.draftOfPath(r)
	if err != nil {
		return err
	}
	_, err = s.Service.TakeAnswer(r.Context(), r.caller, ref.Binding, r.PostForm.Get("answer"))
	if problems, is := errors.AsType[crm.Problems](err); is && problems[0].Code == "oauth.no_code" {
		return s.showConsentOf(w, r, http.StatusUnprocessableEntity, asked, nil, grantsPath+"/"+ref.ID.String()+"/answer", linksPath+"/"+asked.Link.String(), "", r.Problem(problems[0]))
	}
	if err != nil {
		return err
	}
	return s.signedAgain(w, r, ref.ID)
}

// signedAgain lets a link go on with its new grant.
func (s *site) signedAgain(w http.ResponseWriter, r *request, draft crm.LinkID) error {
	link, err := s.Service.SignInAgain(r.Context(), r.caller, service.DraftRef{ID: draft, Binding: s.binding(r.Context())})
	if err != nil {
		return err
	}
	return see(w, r, linksPath+"/"+link.String()+"?done=grant.signed_again")
}
