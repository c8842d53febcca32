package web

import (
	"errors"
	"net/http"
	"strconv"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// linkEndPage asks before a link ends, with the numbers: that cannot be undone.
type linkEndPage struct {
	frame
	Link    linkRow
	Plan    service.EndPlan
	Problem string
	Why     string // why events cannot be deleted, "" when they can
	Deletes bool   // it is ending: events are still being deleted
}

func (linkEndPage) view() string { return "link_end" }

func showLinkEnd(s *site, w http.ResponseWriter, r *request) error {
	view, err := s.managed(r)
	if err != nil {
		return err
	}
	return s.showLinkEndWith(w, r, http.StatusOK, view, "")
}

func (s *site) showLinkEndWith(w http.ResponseWriter, r *request, status int, view service.LinkView, problem string) error {
	f, err := s.frame(r, "parameters", r.T("link_end.title"))
	if err != nil {
		return err
	}
	p := linkEndPage{frame: f, Problem: problem, Link: linkRowOf(r, view, nil), Deletes: !view.Ending.At.IsZero()}
	if p.Plan, err = s.Service.PlanLinkEnd(r.Context(), r.caller, view.ID); err != nil {
		return err
	}
	if p.Plan.WhyNoDelete != "" {
		p.Why = r.T(p.Plan.WhyNoDelete)
	}
	return s.render(w, status, p)
}

func saveLinkEnd(s *site, w http.ResponseWriter, r *request) error {
	id, version, err := s.linkVersion(r)
	if err != nil {
		return err
	}
	caller := r.caller
	if ticked(r, "tell_guests") {
		caller.Guests = service.TellGuests
	}
	ended, err := s.Service.EndLink(r.Context(), caller, id, version, service.EndInput{Actions: r.PostForm.Get("actions"), Events: r.PostForm.Get("events")})
	problems, is := errors.AsType[crm.Problems](err)
	switch {
	case is:
		view, err := s.managed(r)
		if err != nil {
			return err
		}
		return s.showLinkEndWith(w, r, http.StatusUnprocessableEntity, view, r.sentences(problems)[0])
	case err != nil:
		return err
	case ended.Ending:
		return see(w, r, linksPath+"/"+id.String()+"?done=links.ending&count="+strconv.Itoa(ended.Deleting))
	case ended.Revocation != service.NothingToRevoke:
		return see(w, r, exit(r)+"?done=grant.ended_"+string(ended.Revocation))
	}
	return see(w, r, exit(r)+"?done=links.ended")
}
