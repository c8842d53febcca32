package web

import (
	"errors"
	"net/http"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// linkAddressesPage is where addresses are added that make a meeting the user's own (semantics 7): servers that tell none make the
// user's own meetings look like another's.
type linkAddressesPage struct {
	frame
	Name, Path, Problem string
	Version             int64
	Told                []string // by the server
	Addresses           input
}

func (linkAddressesPage) view() string { return "link_addresses" }

func showLinkAddresses(s *site, w http.ResponseWriter, r *request) error {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return err
	}
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if err != nil {
		return err
	}
	return s.showLinkAddressesWith(w, r, http.StatusOK, view, strings.Join(view.Added, ", "), fieldProblems{})
}

func (s *site) showLinkAddressesWith(w http.ResponseWriter, r *request, status int, view service.LinkView, typed string, wrong fieldProblems) error {
	f, err := s.frame(r, "parameters", r.T("link_addresses.title"))
	if err != nil {
		return err
	}
	p := linkAddressesPage{frame: f, Name: view.UserName, Path: linksPath + "/" + view.ID.String(), Problem: wrong[""], Version: view.Version}
	for _, address := range view.Addresses {
		if mail, is := strings.CutPrefix(address, "mailto:"); is { // servers also tell paths and other schemes
			p.Told = append(p.Told, mail)
		}
	}
	p.Addresses = input{Name: "addresses", Label: r.T("link_addresses.added"), Hint: r.T("link_addresses.added_hint"), Value: typed, Autocomplete: "off"}.on(wrong)
	return s.render(w, status, p)
}

func saveLinkAddresses(s *site, w http.ResponseWriter, r *request) error {
	id, err := pathID[crm.Link](r, "id")
	if err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	view, err := s.Service.Link(r.Context(), r.caller, id)
	if err != nil {
		return err
	}
	version, err := version(r)
	if err != nil {
		return err
	}
	typed := r.PostForm.Get("addresses")
	_, err = s.Service.SetAddresses(r.Context(), r.caller, id, version, strings.FieldsFunc(typed, func(c rune) bool { return strings.ContainsRune(",; \t\r\n", c) }))
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showLinkAddressesWith(w, r, http.StatusUnprocessableEntity, view, typed, r.fieldProblemsOf(problems, "addresses"))
	}
	if err != nil {
		return err
	}
	return see(w, r, linksPath+"/"+id.String()+"?done=links.addresses")
}
