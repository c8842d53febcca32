package web

import (
	"errors"
	"net/http"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// grantDevicePage shows the code that a person types on another device, and looks for the answer (RFC 8628).
type grantDevicePage struct {
	frame
	Wizard             *wizardSteps // nil for a link that is signed in again
	Notice             string
	How, Then, Until   string
	Address, Open      string // what is typed there, and where the link leads
	Code               string
	PollPath, BackPath string
	Seconds            int // between two looks
}

func (grantDevicePage) view() string { return "grant_device" }

func (s *site) showDevice(w http.ResponseWriter, r *request, status int, asked service.DraftView, wizard *wizardSteps, pollPath, backPath, notice string) error {
	device := asked.Device
	f, err := s.frame(r, "parameters", r.T("grant.title", "host", hostOf(device.Address)))
	if err != nil {
		return err
	}
	p := grantDevicePage{
		frame: f, Wizard: wizard, Notice: notice, How: r.T("device.how"), Then: r.T("device.then"), Until: r.T("grant.until", "moment", r.Moment(asked.ExpiresAt)),
		Address: device.Address, Open: device.Complete, Code: device.Code, PollPath: pollPath, BackPath: backPath, Seconds: max(1, int(device.Wait.Seconds())),
	}
	if p.Open == "" {
		p.Open = device.Address
	}
	if asked.Username != "" {
		p.How = r.T("device.how_account", "account", asked.Username)
	}
	return s.render(w, status, p)
}

// polling reports whether a script looks for the answer: it is told in a word, without a page.
func polling(r *request) bool { return r.Header.Get("HX-Request") == "true" }

// pollWizardDevice looks whether the question of the wizard was answered.
func pollWizardDevice(s *site, w http.ResponseWriter, r *request) error {
	d, found, err := s.draft(w, r)
	if !found || err != nil {
		return err
	}
	asked, err := s.Service.PollDraft(r.Context(), r.caller, d.in.Draft)
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showWizardGrant(w, r, http.StatusUnprocessableEntity, d, fieldProblems{"": strings.Join(r.sentences(problems), " ")})
	}
	switch {
	case err != nil:
		return err
	case asked.Signed:
		return see(w, r, d.path("signed"))
	case polling(r):
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	return s.showDevice(w, r, http.StatusOK, asked, stepsOf(r, 3, &d), d.path("device"), d.path("parameters"), r.T("device.not_yet"))
}

// pollDeviceAgain looks whether the question of a link that is signed in again was answered.
func pollDeviceAgain(s *site, w http.ResponseWriter, r *request) error {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return err
	}
	asked, err := s.Service.PollDraft(r.Context(), r.caller, service.DraftRef{ID: id, Binding: s.binding(r.Context())})
	switch {
	case err != nil:
		return err
	case asked.Signed:
		return s.signedAgain(w, r, id)
	case polling(r):
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	return s.showDevice(w, r, http.StatusOK, asked, nil, grantsPath+"/"+id.String()+"/device", linksPath+"/"+asked.Link.String(), r.T("device.not_yet"))
}
