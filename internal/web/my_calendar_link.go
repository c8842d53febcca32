package web

import (
	"errors"
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// beginMyCalendar begins the wizard for the reader's own calendar: like the administrators', without the choice of the user.
func beginMyCalendar(s *site, w http.ResponseWriter, r *request) error {
	may, err := s.Service.MayLink(r.Context(), r.caller)
	if err != nil {
		return err
	}
	if !may {
		if err := administrator(r); err != nil {
			return err
		}
		return see(w, r, calendarPath) // there is one
	}
	user := r.caller.User
	d := draft{
		id: crm.NewID[crm.Link](s.Service.IDs), userName: user.Name, asksShown: true, own: true,
		in: service.LinkInput{User: user.ID, Kind: crm.LinkSimple, Username: user.Email},
	}
	if err := s.keepDraft(r.Context(), r, d); err != nil {
		return err
	}
	return see(w, r, d.path("kind"))
}

// mayAdd lets administrators add links, and users their own where they may.
func (s *site) mayAdd(r *request) error {
	if r.caller.User.Role == crm.RoleAdministrator {
		return nil
	}
	may, err := s.Service.MayLink(r.Context(), r.caller)
	if err == nil && !may {
		err = administrator(r)
	}
	return err
}

// managed is the link that a page for who may change it is about.
func (s *site) managed(r *request) (service.LinkView, error) {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return service.LinkView{}, errors.Join(administrator(r), err)
	}
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if errors.Is(err, service.ErrNotFound) || err == nil && !view.MayManage {
		if refused := administrator(r); refused != nil {
			return view, refused
		}
	}
	return view, err
}

// exit is where who manages links goes back to.
func exit(r *request) string {
	if r.caller.User.Role == crm.RoleAdministrator {
		return linksPath
	}
	return calendarPath
}
