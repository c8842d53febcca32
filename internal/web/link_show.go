package web

import (
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// linkPage is one link: its state, what it did, what it could not use.
type linkPage struct {
	frame
	Link   linkRow
	Traits []string
	// Unguarded says, "" where there is nothing to say, that the server keeps nobody from overwriting another, and how often that may
	// have been.
	Unguarded string
	SetAside  []asideRow
	Runs      []runRow
	RunsPath  string
	BackPath  string // "": nowhere to go back to
}

func (linkPage) view() string { return "link" }

// asideRow is an event that cannot be used.
type asideRow struct {
	service.SetAsideView
	Why string
}

// lastRuns is how many runs a page about something else shows.
const lastRuns = 10

func showLink(s *site, w http.ResponseWriter, r *request) error {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return err
	}
	return s.showLinkOf(w, r, id, "parameters")
}

func (s *site) showLinkOf(w http.ResponseWriter, r *request, id crm.LinkID, current string) error {
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if err != nil {
		return err
	}
	aside, err := s.Service.SetAside(r.Context(), r.caller, id)
	if err != nil {
		return err
	}
	runs, err := s.Service.Runs(r.Context(), r.caller, service.RunQuery{Link: id, Limit: lastRuns})
	if err != nil {
		return err
	}
	names, _, err := s.userNamesOf(r)
	if err != nil {
		return err
	}
	f, err := s.frame(r, current, view.UserName)
	if err != nil {
		return err
	}
	f.Toast = done(r)
	p := linkPage{frame: f, Link: linkRowOf(r, view, names), Runs: runRows(r, runs), RunsPath: runsPath + "?link=" + id.String()}
	if r.caller.User.Role == crm.RoleAdministrator {
		p.BackPath = linksPath
	}
	if p.Unguarded, err = s.unguarded(r, view); err != nil {
		return err
	}
	for _, trait := range view.Traits.All() {
		p.Traits = append(p.Traits, string(trait))
	}
	for _, event := range aside {
		p.SetAside = append(p.SetAside, asideRow{event, r.Reason(event.Reason, event.Params)})
	}
	return s.render(w, http.StatusOK, p)
}

// countedRuns is of how many runs at most the writes are counted that the server does not guard.
const countedRuns = 200

func (s *site) unguarded(r *request, view service.LinkView) (string, error) {
	if !view.Traits.Unguarded() {
		return "", nil
	}
	runs, err := s.Service.Runs(r.Context(), r.caller, service.RunQuery{Link: view.ID, Limit: countedRuns})
	writes, crossed := 0, 0
	for _, run := range runs {
		writes, crossed = writes+run.Counts.Unguarded, crossed+run.Counts.Crossed
	}
	return r.T("link_page.unguarded", "writes", writes, "crossed", crossed), err
}
