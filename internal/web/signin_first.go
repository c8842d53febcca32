package web

import (
	"errors"
	"net/http"

	"agendaonline/internal/auth"
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// firstPath is where the first administrator is made.
const firstPath = "/first-administrator"

// firstPage asks for the one-time code and for who the first administrator is.
type firstPage struct {
	frame
	Code, Name, Login, Password, Zone input
	Language                          pick
	Problem                           string
	Languages                         []languageLink
}

func (firstPage) view() string { return "first_administrator" }

var firstFields = []string{"name", "login", "password", "time_zone", "language"}

func (s *site) firstNeeded(r *request) error {
	if s.FirstCode == nil {
		return errNoPage
	}
	needed, err := s.Service.NeedsAdministrator(r.Context())
	if err == nil && !needed {
		err = errNoPage
	}
	return err
}

func showFirst(s *site, w http.ResponseWriter, r *request) error {
	keepLanguage(w, r)
	if err := s.firstNeeded(r); err != nil {
		return err
	}
	in := service.UserInput{Language: crm.Language(r.Lang), TimeZone: crm.DefaultSettings().TimeZone}
	return s.render(w, http.StatusOK, newFirstPage(r, in, fieldProblems{}))
}

func newFirstPage(r *request, in service.UserInput, wrong fieldProblems) firstPage {
	return firstPage{
		frame:     frame{words: r.words, Title: r.T("first.title")},
		Code:      input{Name: "code", Label: r.T("first.code"), Hint: r.T("first.code_hint"), Autocomplete: "off"}.on(wrong),
		Name:      input{Name: "name", Label: r.T("people.name"), Value: in.Name, Autocomplete: "name"}.on(wrong),
		Login:     input{Name: "login", Label: r.T("people.login"), Value: in.Login, Hint: r.T("people.login_hint"), Autocomplete: "username"}.on(wrong),
		Password:  input{Name: "password", Label: r.T("people.password"), Type: "password", Autocomplete: "new-password"}.on(wrong),
		Zone:      input{Name: "time_zone", Label: r.T("people.zone"), Value: in.TimeZone, Hint: r.T("people.zone_hint"), Autocomplete: "off"}.on(wrong),
		Language:  pick{Name: "language", Label: r.T("people.language"), Options: languageOptions(in.Language)}.on(wrong),
		Problem:   wrong[""],
		Languages: languageLinks(r, firstPath, nil),
	}
}

func saveFirst(s *site, w http.ResponseWriter, r *request) error {
	if err := s.firstNeeded(r); err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	in := service.UserInput{
		Login: r.PostForm.Get("login"), Name: r.PostForm.Get("name"), Language: crm.Language(r.PostForm.Get("language")),
		TimeZone: r.PostForm.Get("time_zone"), Password: r.PostForm.Get("password"), Rights: crm.DefaultSettings().DefaultRights,
	}
	var made crm.User
	err := s.FirstCode.Redeem(r.PostForm.Get("code"), r.RemoteAddr, func() (err error) {
		made, err = s.Service.CreateFirstAdministrator(r.Context(), in)
		return err
	})
	wrong := fieldProblems{}
	status := http.StatusUnprocessableEntity
	problems, isProblems := errors.AsType[crm.Problems](err)
	switch {
	case err == nil:
		if err := s.Identity.Enter(r.Context(), made.ID); err != nil {
			return err
		}
		return see(w, r, parametersPath)
	case errors.Is(err, auth.ErrCode):
		wrong.add("code", r.T("first.wrong_code"))
	case isProblems:
		wrong = r.fieldProblemsOf(problems, firstFields...)
	default:
		sentence, throttled := r.throttled(w, err)
		if !throttled {
			return err
		}
		wrong.add("code", sentence)
		status = http.StatusTooManyRequests
	}
	return s.render(w, status, newFirstPage(r, in, wrong))
}
