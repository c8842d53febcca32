package web

import (
	"net/http"

	"agendaonline/internal/service"
)

// linkEndPage asks before a link ends, with the numbers: that cannot be undone.
type linkEndPage struct {
	frame
	Link linkRow
}

func (linkEndPage) view() string { return "link_end" }

func showLinkEnd(s *site, w http.ResponseWriter, r *request) error {
	view, err := s.managed(r)
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
	id, version, err := s.linkVersion(r)
	if err != nil {
		return err
	}
	revoked, err := s.Service.EndLink(r.Context(), r.caller, id, version)
	if err != nil {
		return err
	}
	if revoked != service.NothingToRevoke {
		return see(w, r, exit(r)+"?done=grant.ended_"+string(revoked))
	}
	return see(w, r, exit(r)+"?done=links.ended")
}
