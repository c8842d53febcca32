package web

import (
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// linkShownPage asks what others see of what comes from a calendar (semantics 12): a step of the wizard, and later a page of the
// link's user.
type linkShownPage struct {
	frame
	Wizard             *wizardSteps // nil for a link that is there
	Path, BackPath     string
	Name, Back, Submit string
	Version            int64 // 0 in the wizard
	Question, Full     string
	Busy               string
	ShownBusy, ForSelf bool
}

func (linkShownPage) view() string { return "link_shown" }

// shownPage puts the question in words: to the user himself, or about him.
func (s *site) shownPage(r *request, name string, self, busy bool) (linkShownPage, error) {
	f, err := s.frame(r, "parameters", r.T("shown.title"))
	p := linkShownPage{frame: f, Name: name, ShownBusy: busy, ForSelf: self, Question: r.T("shown.question"), Full: r.T("shown.full_what"), Busy: r.T("shown.busy_what")}
	if !self {
		p.Question, p.Busy = r.T("shown.question_of", "name", name), r.T("shown.busy_what_of", "name", name)
	}
	return p, err
}

func showWizardShown(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if !d.works() || d.verdict.NoSyncToken && !d.in.WithoutSyncToken {
		return see(w, r, d.path("parameters"))
	}
	p, err := s.shownPage(r, d.userName, d.in.User == r.caller.User.ID, d.in.ShownBusy)
	if err != nil {
		return err
	}
	p.Wizard, p.Path, p.BackPath, p.Back, p.Submit = stepsOf(r, 4, &d), d.path("shown"), d.path("parameters"), r.T("wizard.previous"), r.T("wizard.next")
	return s.render(w, http.StatusOK, p)
}

func saveWizardShown(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	d.in.ShownBusy, d.asksShown = r.PostForm.Get("shown") == "busy", false
	if err := s.keepDraft(r.Context(), r, d); err != nil {
		return err
	}
	return see(w, r, d.path("plan"))
}

// mayShow is a link whose user the reader is: nobody else chooses for him.
func (s *site) mayShow(r *request) (service.LinkView, error) {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return service.LinkView{}, err
	}
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if err == nil && !view.MayShow {
		err = &service.Forbidden{Code: service.CodeOwnChoice}
	}
	return view, err
}

func showLinkShown(s *site, w http.ResponseWriter, r *request) error {
	view, err := s.mayShow(r)
	if err != nil {
		return err
	}
	p, err := s.shownPage(r, view.UserName, true, view.ShownBusy)
	if err != nil {
		return err
	}
	path := linksPath + "/" + view.ID.String()
	p.Path, p.BackPath, p.Back, p.Submit, p.Version = path+"/shown", path, r.T("wizard.cancel"), r.T("shown.save"), view.Version
	return s.render(w, http.StatusOK, p)
}

func saveLinkShown(s *site, w http.ResponseWriter, r *request) error {
	view, err := s.mayShow(r)
	if err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	version, err := version(r)
	if err != nil {
		return err
	}
	busy := r.PostForm.Get("shown") == "busy"
	if _, err := s.Service.ShowLink(r.Context(), r.caller, view.ID, version, busy); err != nil {
		return err
	}
	if busy {
		return see(w, r, linksPath+"/"+view.ID.String()+"?done=shown.saved_busy")
	}
	return see(w, r, linksPath+"/"+view.ID.String()+"?done=shown.saved_full")
}
