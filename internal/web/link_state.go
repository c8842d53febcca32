package web

import (
	"net/http"

	"agendaonline/internal/crm"
)

func syncLink(s *site, w http.ResponseWriter, r *request) error {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return err
	}
	if err := s.Service.SyncNow(r.Context(), r.caller, id); err != nil {
		return err
	}
	return see(w, r, linksPath+"/"+id.String()+"?done=links.synced")
}

func pauseLink(s *site, w http.ResponseWriter, r *request) error {
	id, version, err := s.linkVersion(r)
	if err != nil {
		return err
	}
	if _, err := s.Service.PauseLink(r.Context(), r.caller, id, version); err != nil {
		return err
	}
	return see(w, r, linksPath+"/"+id.String()+"?done=links.paused")
}

func resumeLink(s *site, w http.ResponseWriter, r *request) error {
	id, version, err := s.linkVersion(r)
	if err != nil {
		return err
	}
	if _, err := s.Service.ResumeLink(r.Context(), r.caller, id, version); err != nil {
		return err
	}
	return see(w, r, linksPath+"/"+id.String()+"?done=links.resumed")
}

// linkVersion is the link that a form of who may change it is about, and the version it was made from.
func (s *site) linkVersion(r *request) (crm.LinkID, int64, error) {
	view, err := s.managed(r)
	if err != nil {
		return view.ID, 0, err
	}
	if err := posted(r); err != nil {
		return view.ID, 0, err
	}
	version, err := version(r)
	return view.ID, version, err
}
