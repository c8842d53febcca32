package web

import (
	"errors"
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// userPage adds or changes a user.
type userPage struct {
	frame
	Path, TokensPath, Problem string
	LeavePath                 string // where its pages about leaving are, "" for a new user
	Version                   int64
	Name, Login, Email        input
	Language, Role            pick
	Zone, Password            input
	Rights                    []tick
	Active                    tick
	New                       bool
}

func (userPage) view() string { return "user" }

var userFields = []string{"name", "login", "email", "language", "time_zone", "role", "password"}

func showUserAdd(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	settings, err := s.Service.Settings(r.Context(), r.caller)
	if err != nil {
		return err
	}
	in := service.UserInput{Language: settings.Language, TimeZone: settings.TimeZone, Role: crm.RoleUser, Rights: settings.DefaultRights, Active: true}
	return s.showUserWith(w, r, http.StatusOK, crm.User{}, in, fieldProblems{})
}

func showUserEdit(s *site, w http.ResponseWriter, r *request) error {
	user, err := s.userOfPath(r)
	if err != nil {
		return err
	}
	return s.showUserWith(w, r, http.StatusOK, user, service.UserInputOf(user), fieldProblems{})
}

// userOfPath is the user that an administrators' page is about.
func (s *site) userOfPath(r *request) (crm.User, error) {
	if err := administrator(r); err != nil {
		return crm.User{}, err
	}
	id, err := pathID[crm.User](r, "id")
	if err != nil {
		return crm.User{}, err
	}
	return s.Service.User(r.Context(), r.caller, id)
}

// showUserWith shows the form of a user, a new one for the zero User.
func (s *site) showUserWith(w http.ResponseWriter, r *request, status int, user crm.User, in service.UserInput, wrong fieldProblems) error {
	isNew := user.ID.IsZero()
	title := r.T("people.add")
	if !isNew {
		title = user.Name
	}
	f, err := s.frame(r, "parameters", title)
	if err != nil {
		return err
	}
	password := input{Name: "password", Class: "w6 phone-full", Label: r.T("people.password"), Hint: r.T("people.password_new_hint"), Type: "password", Autocomplete: "new-password", Optional: r.T("people.optional")}
	p := userPage{frame: f, Path: usersPath + "/new", Version: user.Version, New: isNew, Problem: wrong[""]}
	if !isNew {
		p.Path = usersPath + "/" + user.ID.String()
		p.TokensPath, p.LeavePath = p.Path+"/tokens", p.Path
		password.Hint = r.T("people.password_keep_hint")
	}
	p.Name = input{Name: "name", Class: "w6 phone-full", Label: r.T("people.name"), Value: in.Name, Autocomplete: "off"}.on(wrong)
	p.Login = input{Name: "login", Class: "w6 phone-full", Label: r.T("people.login"), Hint: r.T("people.login_hint"), Value: in.Login, Autocomplete: "off"}.on(wrong)
	p.Email = input{Name: "email", Class: "w6 phone-full", Label: r.T("people.email"), Type: "email", Value: in.Email, Autocomplete: "off", Optional: r.T("people.optional")}.on(wrong)
	p.Language = pick{Name: "language", Class: "w3 phone-full", Label: r.T("people.language"), Options: languageOptions(in.Language)}.on(wrong)
	p.Zone = input{Name: "time_zone", Class: "w6 phone-full", Label: r.T("people.zone"), Hint: r.T("people.zone_hint"), Value: in.TimeZone, Autocomplete: "off"}.on(wrong)
	p.Role = pick{Name: "role", Class: "w3 phone-full", Label: r.T("people.role"), Options: []option{
		{string(crm.RoleUser), r.T("people.role_user"), in.Role == crm.RoleUser}, {string(crm.RoleAdministrator), r.T("people.role_administrator"), in.Role == crm.RoleAdministrator},
	}}.on(wrong)
	p.Password = password.on(wrong)
	p.Rights = rightTicks(r, in.Rights)
	p.Active = tick{Name: "active", Label: r.T("people.active"), Hint: r.T("people.active_hint"), Checked: in.Active}
	return s.render(w, status, p)
}

func typedUser(r *request) service.UserInput {
	return service.UserInput{
		Login: r.PostForm.Get("login"), Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email"), Language: crm.Language(r.PostForm.Get("language")),
		TimeZone: r.PostForm.Get("time_zone"), Role: crm.Role(r.PostForm.Get("role")), Active: ticked(r, "active"), Password: r.PostForm.Get("password"),
		Rights: crm.Rights{ChangeOthers: ticked(r, "change_others"), Reassign: ticked(r, "reassign")},
	}
}

func saveUserAdd(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	in := typedUser(r)
	_, err := s.Service.CreateUser(r.Context(), r.caller, in)
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showUserWith(w, r, http.StatusUnprocessableEntity, crm.User{}, in, r.fieldProblemsOf(problems, userFields...))
	}
	if err != nil {
		return err
	}
	return see(w, r, usersPath+"?done=people.saved")
}

func saveUserEdit(s *site, w http.ResponseWriter, r *request) error {
	user, err := s.userOfPath(r)
	if err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	version, err := version(r)
	if err != nil {
		return err
	}
	in := typedUser(r)
	_, err = s.Service.ChangeUser(r.Context(), r.caller, user.ID, version, in)
	problems, isProblems := errors.AsType[crm.Problems](err)
	moved, isMoved := errors.AsType[*service.VersionError](err)
	switch {
	case isProblems:
		return s.showUserWith(w, r, http.StatusUnprocessableEntity, user, in, r.fieldProblemsOf(problems, userFields...))
	case isMoved:
		now, _ := moved.Current.(crm.User)
		return s.showUserWith(w, r, http.StatusConflict, now, service.UserInputOf(now), fieldProblems{"": r.T("params.moved")})
	case err != nil:
		return err
	}
	if in.Password != "" && user.ID == r.caller.User.ID { // the session was signed in with the former one
		if err := s.Identity.Enter(r.Context(), user.ID); err != nil {
			return err
		}
	}
	if user.Active && !in.Active {
		open, err := s.Service.OpenActionsOf(r.Context(), r.caller, user.ID)
		if err != nil {
			return err
		}
		if open.Count > 0 {
			return see(w, r, usersPath+"/"+user.ID.String()+"/hand-over")
		}
	}
	return see(w, r, usersPath+"?done=people.saved")
}
