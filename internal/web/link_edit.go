package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// linkEditPage changes how a link signs in. The password is never shown.
type linkEditPage struct {
	frame
	Name, Where, Path           string
	Version                     int64
	Address, Username, Password input
	PlainHTTP                   tick
	Certificate                 *certificateForm
	Without                     *tick // nil: the server has a sync-token, as far as is known
	Problem                     string
}

func (linkEditPage) view() string { return "link_edit" }

// linkFields are the names of the fields of a link as service names them.
var linkFields = append([]string{"address", "username", "password", "plain_http"}, certificateFields...)

func showLinkEdit(s *site, w http.ResponseWriter, r *request) error {
	view, err := s.managed(r)
	if err != nil {
		return err
	}
	if view.Kind != crm.LinkSimple {
		return s.showGrantEdit(w, r, http.StatusOK, view, fieldProblems{})
	}
	in := service.LinkInput{Address: view.Address, Username: view.Username, PlainHTTP: view.PlainHTTP, WithoutSyncToken: view.WithoutSyncToken}
	return s.showLinkEditWith(w, r, http.StatusOK, view, in, fieldProblems{}, false)
}

func (s *site) showLinkEditWith(w http.ResponseWriter, r *request, status int, view service.LinkView, in service.LinkInput, wrong fieldProblems, offerWithout bool) error {
	f, err := s.frame(r, "parameters", r.T("link_edit.title"))
	if err != nil {
		return err
	}
	password := passwordInput(r, r.T("link_edit.keep")).on(wrong)
	password.Optional = r.T("people.optional")
	p := linkEditPage{
		frame: f, Name: view.UserName, Where: whereOf(view.Link), Path: linksPath + "/" + view.ID.String(), Version: view.Version, Problem: wrong[""],
		Address: addressInput(r, in.Address).on(wrong), Username: usernameInput(r, in.Username).on(wrong), Password: password, PlainHTTP: plainTick(r, in.PlainHTTP).on(wrong),
		Certificate: r.certificateForm(view.TLS, service.LinkTLS{}, wrong),
	}
	if in.WithoutSyncToken || offerWithout {
		p.Without = withoutTick(r)
		p.Without.Checked = in.WithoutSyncToken
	}
	return s.render(w, status, p)
}

func addressInput(r *request, value string) input {
	return input{Name: "address", Label: r.T("wizard.address"), Hint: r.T("wizard.address_hint"), Value: value, Autocomplete: "off"}
}

func usernameInput(r *request, value string) input {
	return input{Name: "username", Label: r.T("wizard.username"), Value: value, Autocomplete: "off"}
}

func passwordInput(r *request, hint string) input {
	return input{Name: "password", Label: r.T("wizard.password"), Hint: hint, Type: "password", Autocomplete: "new-password"}
}

// plainTick is nothing for who may not allow http; what an administrator allowed for a link can be taken back.
func plainTick(r *request, checked bool) tick {
	if r.caller.User.Role != crm.RoleAdministrator && !checked {
		return tick{}
	}
	return tick{Name: "plain_http", Label: r.T("wizard.plain"), Hint: r.T("wizard.plain_hint"), Checked: checked}
}

func saveLinkEdit(s *site, w http.ResponseWriter, r *request) error {
	id, version, err := s.linkVersion(r)
	if err != nil {
		return err
	}
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if err != nil {
		return err
	}
	in := service.LinkInput{
		Address: r.PostForm.Get("address"), Username: r.PostForm.Get("username"), Password: r.PostForm.Get("password"),
		PlainHTTP: ticked(r, "plain_http"), WithoutSyncToken: ticked(r, "without_sync_token"),
		TLS: r.typedCertificate(service.LinkTLS{}, true),
	}
	_, err = s.Service.ChangeLink(r.Context(), r.caller, id, version, in)
	if problems, is := errors.AsType[crm.Problems](err); is {
		noToken := slices.ContainsFunc(problems, func(problem *crm.Problem) bool { return strings.Contains(problem.Code, service.StepSyncToken) })
		return s.showLinkEditWith(w, r, http.StatusUnprocessableEntity, view, in, r.fieldProblemsOf(problems, linkFields...), noToken)
	}
	if err != nil {
		return err
	}
	return see(w, r, linksPath+"/"+id.String()+"?done=links.changed")
}
