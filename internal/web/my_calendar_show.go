package web

import (
	"net/http"

	"agendaonline/internal/crm"
)

// myCalendarPage is shown to somebody whose calendar is not linked.
type myCalendarPage struct {
	frame
	WizardPath string // where an administrator links one, "" for others
}

func (myCalendarPage) view() string { return "my_calendar" }

// showMyCalendar shows a person's own link.
func showMyCalendar(s *site, w http.ResponseWriter, r *request) error {
	views, err := s.Service.Links(r.Context(), r.caller)
	if err != nil {
		return err
	}
	for _, view := range views {
		if view.User == r.caller.User.ID {
			return s.showLinkOf(w, r, view.ID, "")
		}
	}
	f, err := s.frame(r, "", r.T("mycal.title"))
	if err != nil {
		return err
	}
	p := myCalendarPage{frame: f}
	if r.caller.User.Role == crm.RoleAdministrator {
		p.WizardPath = wizardPath
	}
	return s.render(w, http.StatusOK, p)
}
