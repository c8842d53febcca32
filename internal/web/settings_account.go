package web

import (
	"errors"
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// accountPage is a person's own language, time zone and password.
type accountPage struct {
	frame
	Version      int64
	Language     pick
	Zone         input
	Present, New input
	Problem      string
}

func (accountPage) view() string { return "account" }

func showAccount(s *site, w http.ResponseWriter, r *request) error {
	return s.showAccountWith(w, r, http.StatusOK, r.caller.User, fieldProblems{})
}

func (s *site) showAccountWith(w http.ResponseWriter, r *request, status int, user crm.User, wrong fieldProblems) error {
	f, err := s.frame(r, "", r.T("account.title"))
	if err != nil {
		return err
	}
	f.Toast = done(r)
	return s.render(w, status, accountPage{
		frame: f, Version: user.Version, Problem: wrong[""],
		Language: pick{Name: "language", Class: "w6 phone-full", Label: r.T("people.language"), Options: languageOptions(user.Language)}.on(wrong),
		Zone:     input{Name: "time_zone", Class: "w6 phone-full", Label: r.T("people.zone"), Hint: r.T("people.zone_hint"), Value: user.TimeZone, Autocomplete: "off"}.on(wrong),
		Present:  input{Name: "present", Class: "w6 phone-full", Label: r.T("account.present"), Type: "password", Autocomplete: "current-password"}.on(wrong),
		New:      input{Name: "password", Class: "w6 phone-full", Label: r.T("account.new"), Hint: r.T("account.new_hint"), Type: "password", Autocomplete: "new-password"}.on(wrong),
	})
}

func saveAccount(s *site, w http.ResponseWriter, r *request) error {
	if err := posted(r); err != nil {
		return err
	}
	version, err := version(r)
	if err != nil {
		return err
	}
	in := service.UserInputOf(r.caller.User)
	in.Language, in.TimeZone = crm.Language(r.PostForm.Get("language")), r.PostForm.Get("time_zone")
	_, err = s.Service.ChangeUser(r.Context(), r.caller, r.caller.User.ID, version, in)
	if problems, is := errors.AsType[crm.Problems](err); is {
		typed := r.caller.User
		typed.Language, typed.TimeZone = in.Language, in.TimeZone
		return s.showAccountWith(w, r, http.StatusUnprocessableEntity, typed, r.fieldProblemsOf(problems, "language", "time_zone"))
	}
	if err != nil {
		return err
	}
	return see(w, r, accountPath+"?done=account.saved")
}

// savePassword changes the own password. Guesses at the present one are counted as those at sign-in are.
func savePassword(s *site, w http.ResponseWriter, r *request) error {
	if err := posted(r); err != nil {
		return err
	}
	user := r.caller.User
	right, err := s.Identity.Guess(user.Login, r.RemoteAddr)
	if sentence, throttled := r.throttled(w, err); throttled {
		return s.showAccountWith(w, r, http.StatusTooManyRequests, user, fieldProblems{"present": sentence})
	}
	if err != nil {
		return err
	}
	err = s.Service.ChangePassword(r.Context(), r.caller, r.PostForm.Get("present"), r.PostForm.Get("password"))
	problems, isProblems := errors.AsType[crm.Problems](err)
	if !isProblems || problems[0].Code != service.CodePasswordWrong {
		right()
	}
	if isProblems {
		return s.showAccountWith(w, r, http.StatusUnprocessableEntity, user, r.fieldProblemsOf(problems, "present", "password"))
	}
	if err != nil {
		return err
	}
	if err := s.Identity.Enter(r.Context(), user.ID); err != nil { // the session was signed in with the former one
		return err
	}
	return see(w, r, accountPath+"?done=account.changed")
}
