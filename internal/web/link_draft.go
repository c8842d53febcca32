package web

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// draft is a link that is being added. A page must not carry the password that was typed from step to step, and the next page may
// be asked of another node: the service keeps all of it, sealed.
type draft struct {
	id       crm.LinkID // of the pages
	userName string     // of the user who gets the link
	in       service.LinkInput
	verdict  *service.Verdict // of the last test of what stands in in
	// plan is what the first sync of it would do, by a calendar that was read at plannedAt; nil: nobody looked.
	plan      *service.PlanView
	plannedAt time.Time
	// asksShown: what others see is still to be asked.
	asksShown bool
	own       bool   // it was begun on the page My calendar
	asked     string // the page of the server where an app password is allowed, "" when none is being fetched
	question  []byte // fetches it
}

// keptDraft is how the service is given it: every field of draft but the id.
type keptDraft struct {
	UserName  string            `json:"user_name"`
	In        service.LinkInput `json:"in"`
	Verdict   *service.Verdict  `json:"verdict,omitempty"`
	Plan      *service.PlanView `json:"plan,omitempty"`
	PlannedAt time.Time         `json:"planned_at,omitzero"`
	Own       bool              `json:"own,omitempty"`
	AsksShown bool              `json:"asks_shown,omitempty"`
	Asked     string            `json:"asked,omitempty"`
	Question  []byte            `json:"question,omitempty"`
}

// keepDraft keeps a draft as it is now.
func (s *site) keepDraft(ctx context.Context, r *request, d draft) error {
	text, err := json.Marshal(keptDraft{d.userName, d.in, d.verdict, d.plan, d.plannedAt, d.own, d.asksShown, d.asked, d.question})
	if err != nil {
		return errors.New("write down what is typed for a link") // the cause may quote it
	}
	return s.Service.KeepWizard(ctx, r.caller, d.id, d.in.Draft.ID, text)
}

// draftOf is the caller's draft; false when there is none any more.
func (s *site) draftOf(r *request, id crm.LinkID) (draft, bool, error) {
	text, err := s.Service.Wizard(r.Context(), r.caller, id)
	return readDraft(id, text, err)
}

// draftOfGrant is the caller's draft that waits for a grant.
func (s *site) draftOfGrant(r *request, grant crm.LinkID) (draft, bool, error) {
	id, text, err := s.Service.WizardOfGrant(r.Context(), r.caller, grant)
	return readDraft(id, text, err)
}

func readDraft(id crm.LinkID, text []byte, err error) (draft, bool, error) {
	if errors.Is(err, service.ErrNotFound) {
		return draft{}, false, nil
	}
	if err != nil {
		return draft{}, false, err
	}
	var kept keptDraft
	if json.Unmarshal(text, &kept) != nil {
		return draft{}, false, nil // another version of the program wrote it: it is typed anew
	}
	return draft{id, kept.UserName, kept.In, kept.Verdict, kept.Plan, kept.PlannedAt, kept.AsksShown, kept.Own, kept.Asked, kept.Question}, true, nil
}
