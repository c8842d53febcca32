package web

import (
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// linkEndPage asks before a link ends, with the numbers: that cannot be undone.
type linkEndPage struct {
	frame
	Link linkRow
}

func (linkEndPage) view() string { return "link_end" }

func showLinkEnd(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return err
	}
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if err != nil {
		return err
	}
	f, err := s.frame(r, "parameters", r.T("link_end.title"))
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, linkEndPage{frame: f, Link: linkRowOf(r, view, nil)})
}

func saveLinkEnd(s *site, w http.ResponseWriter, r *request) error {
	id, version, err := linkVersion(r)
	if err != nil {
		return err
	}
	revoked, err := s.Service.EndLink(r.Context(), r.caller, id, version)
	if err != nil {
		return err
	}
	if revoked != service.NothingToRevoke {
		return see(w, r, linksPath+"?done=grant.ended_"+string(revoked))
	}
	return see(w, r, linksPath+"?done=links.ended")
}
