package web

import (
	"errors"
	"net/http"
	"strconv"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// handOverPage offers to give the open actions of somebody who leaves to a successor.
type handOverPage struct {
	frame
	Name, UserPath string
	Open           service.OpenActions
	To             pick
	Paused         bool // the link of who leaves
}

func (handOverPage) view() string { return "hand_over" }

func showHandOver(s *site, w http.ResponseWriter, r *request) error {
	user, err := s.userOfPath(r)
	if err != nil {
		return err
	}
	return s.showHandOverWith(w, r, http.StatusOK, user, crm.UserID{}, fieldProblems{})
}

func (s *site) showHandOverWith(w http.ResponseWriter, r *request, status int, user crm.User, chosen crm.UserID, wrong fieldProblems) error {
	f, err := s.frame(r, "parameters", r.T("people.hand_over"))
	if err != nil {
		return err
	}
	p := handOverPage{frame: f, Name: user.Name, UserPath: usersPath + "/" + user.ID.String()}
	if p.Open, err = s.Service.OpenActionsOf(r.Context(), r.caller, user.ID); err != nil {
		return err
	}
	_, users, err := s.userNamesOf(r)
	if err != nil {
		return err
	}
	options := []option{{"", r.T("hand_over.choose"), chosen.IsZero()}}
	for _, other := range users {
		if other.Active && other.ID != user.ID {
			options = append(options, option{other.ID.String(), other.Name, other.ID == chosen})
		}
	}
	p.To = pick{Name: "to", Class: "w6 phone-full", Label: r.T("hand_over.successor"), Options: options}.on(wrong)
	link, found, err := s.linkOfUser(r, user.ID)
	p.Paused = found && !link.Pause.At.IsZero()
	if err != nil {
		return err
	}
	return s.render(w, status, p)
}

// linkOfUser is the link of a user, if there is one.
func (s *site) linkOfUser(r *request, user crm.UserID) (service.LinkView, bool, error) {
	links, err := s.Service.Links(r.Context(), r.caller)
	for _, link := range links {
		if link.User == user {
			return link, true, nil
		}
	}
	return service.LinkView{}, false, err
}

func saveHandOver(s *site, w http.ResponseWriter, r *request) error {
	user, err := s.userOfPath(r)
	if err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	to, err := crm.ParseID[crm.User](r.PostForm.Get("to"))
	if err != nil || to.IsZero() {
		return s.showHandOverWith(w, r, http.StatusUnprocessableEntity, user, to, fieldProblems{"to": r.T("hand_over.choose")})
	}
	result, err := s.Service.HandOverActions(r.Context(), r.caller, user.ID, to)
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showHandOverWith(w, r, http.StatusUnprocessableEntity, user, to, r.fieldProblemsOf(problems, "to"))
	}
	if err != nil {
		return err
	}
	return see(w, r, usersPath+"?done=people.handed_over&count="+strconv.Itoa(result.Moved))
}

// userDeletePage asks before a user is deleted for good.
type userDeletePage struct {
	frame
	Name, UserPath, Where, Problem string
	Version                        int64
	Open                           service.OpenActions
}

func (userDeletePage) view() string { return "user_delete" }

func showUserDelete(s *site, w http.ResponseWriter, r *request) error {
	user, err := s.userOfPath(r)
	if err != nil {
		return err
	}
	return s.showUserDeleteWith(w, r, http.StatusOK, user, "")
}

func (s *site) showUserDeleteWith(w http.ResponseWriter, r *request, status int, user crm.User, problem string) error {
	f, err := s.frame(r, "parameters", r.T("people.delete_title", "name", user.Name))
	if err != nil {
		return err
	}
	p := userDeletePage{frame: f, Name: user.Name, UserPath: usersPath + "/" + user.ID.String(), Version: user.Version, Problem: problem}
	if p.Open, err = s.Service.OpenActionsOf(r.Context(), r.caller, user.ID); err != nil {
		return err
	}
	link, found, err := s.linkOfUser(r, user.ID)
	if err != nil {
		return err
	}
	if found {
		p.Where = whereOf(link.Link)
	}
	return s.render(w, status, p)
}

func saveUserDelete(s *site, w http.ResponseWriter, r *request) error {
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
	_, err = s.Service.DeleteUser(r.Context(), r.caller, user.ID, version)
	problems, isProblems := errors.AsType[crm.Problems](err)
	moved, isMoved := errors.AsType[*service.VersionError](err)
	switch {
	case isProblems:
		return s.showUserDeleteWith(w, r, http.StatusUnprocessableEntity, user, r.sentences(problems)[0])
	case isMoved:
		now, _ := moved.Current.(crm.User)
		return s.showUserDeleteWith(w, r, http.StatusConflict, now, r.T("params.moved"))
	case err != nil:
		return err
	}
	return see(w, r, usersPath+"?done=people.deleted")
}
