package web

import (
	"errors"
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// purgePage asks before an action is removed for good.
type purgePage struct {
	frame
	Path, Subject, When, Problem string
}

func (purgePage) view() string { return "action_purge" }

func askBeforePurge(s *site, w http.ResponseWriter, r *request) error {
	return s.askBeforePurgeWith(w, r, http.StatusOK, "")
}

func (s *site) askBeforePurgeWith(w http.ResponseWriter, r *request, status int, problem string) error {
	action, err := s.actionOf(r)
	if err != nil {
		return err
	}
	if !action.Deleted() {
		return &service.Forbidden{Code: service.CodeNotInTrash}
	}
	if !action.MayPurge {
		return &service.Forbidden{Code: service.CodeAdministrator}
	}
	f, err := s.frame(r, "actions", r.T("purge.title"))
	if err != nil {
		return err
	}
	subject, _ := r.subject(action.Subject)
	return s.render(w, status, purgePage{frame: f, Path: "/actions/" + action.ID.String(), Subject: subject, When: r.When(action.When), Problem: problem})
}

func purgeAction(s *site, w http.ResponseWriter, r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	id, err := actionID(r)
	if err != nil {
		return err
	}
	err = s.Service.Purge(r.Context(), r.caller, id)
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.askBeforePurgeWith(w, r, http.StatusConflict, r.sentences(problems)[0])
	}
	if err != nil {
		return err
	}
	return see(w, r, saidOf("/actions?tab="+tabTrash, "purged", id))
}
