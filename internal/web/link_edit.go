package web

import (
	"errors"
	"net/http"

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
	Problem                     string
}

func (linkEditPage) view() string { return "link_edit" }

// linkFields are the names of the fields of a link as service names them.
var linkFields = []string{"address", "username", "password", "plain_http"}

func showLinkEdit(s *site, w http.ResponseWriter, r *request) error {
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
	in := service.LinkInput{Address: view.Address, Username: view.Username, PlainHTTP: view.PlainHTTP}
	return s.showLinkEditWith(w, r, http.StatusOK, view, in, fieldProblems{})
}

func (s *site) showLinkEditWith(w http.ResponseWriter, r *request, status int, view service.LinkView, in service.LinkInput, wrong fieldProblems) error {
	f, err := s.frame(r, "parameters", r.T("link_edit.title"))
	if err != nil {
		return err
	}
	password := passwordInput(r, r.T("link_edit.keep")).on(wrong)
	password.Optional = r.T("people.optional")
	return s.render(w, status, linkEditPage{
		frame: f, Name: view.UserName, Where: whereOf(view.Link), Path: linksPath + "/" + view.ID.String(), Version: view.Version, Problem: wrong[""],
		Address: addressInput(r, in.Address).on(wrong), Username: usernameInput(r, in.Username).on(wrong), Password: password, PlainHTTP: plainTick(r, in.PlainHTTP).on(wrong),
	})
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

func plainTick(r *request, checked bool) tick {
	return tick{Name: "plain_http", Label: r.T("wizard.plain"), Hint: r.T("wizard.plain_hint"), Checked: checked}
}

func saveLinkEdit(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	id, version, err := linkVersion(r)
	if err != nil {
		return err
	}
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if err != nil {
		return err
	}
	in := service.LinkInput{
		Address: r.PostForm.Get("address"), Username: r.PostForm.Get("username"), Password: r.PostForm.Get("password"),
		PlainHTTP: ticked(r, "plain_http"), WithoutSyncToken: view.WithoutSyncToken,
	}
	_, err = s.Service.ChangeLink(r.Context(), r.caller, id, version, in)
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showLinkEditWith(w, r, http.StatusUnprocessableEntity, view, in, r.fieldProblemsOf(problems, linkFields...))
	}
	if err != nil {
		return err
	}
	return see(w, r, linksPath+"/"+id.String()+"?done=links.changed")
}
