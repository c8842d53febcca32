package web

import (
	"net/http"
)

// myCalendarPage is shown to somebody whose calendar is not linked.
type myCalendarPage struct {
	frame
	LinkPath string // where the reader links one, "" where only an administrator may
	Notice   string
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
	f.Toast = done(r)
	p := myCalendarPage{frame: f}
	may, err := s.Service.MayLink(r.Context(), r.caller)
	if err != nil {
		return err
	}
	if may {
		p.LinkPath = calendarPath + "/link"
	}
	if r.URL.Query().Has("lost") {
		p.Notice = r.T("wizard.lost")
	}
	return s.render(w, http.StatusOK, p)
}
