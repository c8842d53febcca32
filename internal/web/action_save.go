package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// form reads the form of a request.
func (r *request) form() error {
	err := r.ParseForm()
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return err
	}
	if err != nil {
		return errBadForm
	}
	return nil
}

// version is the version of the row that a form was made from.
func (r *request) version() (int64, error) {
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return 0, errBadForm
	}
	return version, nil
}

func createAction(s *site, w http.ResponseWriter, r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	typed := typedFrom(r.PostForm)
	typed.take(r.PostFormValue("offer"))
	action, err := s.Service.Create(r.Context(), r.caller, typed.input(r.words, service.ActionInput{}))
	if err == nil {
		return see(w, r, saidOf("/actions/"+action.ID.String(), "saved", action.ID))
	}
	p, pageErr := s.formPage(r, r.T("action.new"), service.ActionView{MayChange: true, MayReassign: r.caller.User.Rights.Reassign}, typed)
	if pageErr != nil {
		return pageErr
	}
	return s.notSaved(w, p, err)
}

func changeAction(s *site, w http.ResponseWriter, r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	version, err := r.version()
	if err != nil {
		return err
	}
	before, err := s.actionOf(r)
	if err != nil {
		return err
	}
	typed := typedFrom(r.PostForm)
	typed.take(r.PostFormValue("offer"))
	if before.Version != version {
		return s.changedElsewhere(w, r, before, typed)
	}
	_, err = s.Service.Change(r.Context(), r.aboutGuests(), before.ID, version, typed.input(r.words, service.InputOf(before.Action)))
	if err == nil {
		return see(w, r, saidOf("/actions/"+before.ID.String(), "saved", before.ID))
	}
	if conflict, is := errors.AsType[*service.VersionError](err); is {
		if now, isAction := conflict.Current.(service.ActionView); isAction {
			return s.changedElsewhere(w, r, now, typed)
		}
	}
	p, pageErr := s.actionPage(r, before, typed)
	if pageErr != nil {
		return pageErr
	}
	p.Marks = r.PostFormValue("marks")
	if ask, is := errors.AsType[*service.GuestsError](err); is {
		p.Guests, p.GuestsAgain, p.GuestsMove = ask.Count, ask.Again, ask.Moves
		return s.render(w, http.StatusOK, p)
	}
	return s.notSaved(w, p, err)
}

// notSaved shows the form again with what is wrong; an error that is none of the person's goes on.
func (s *site) notSaved(w http.ResponseWriter, p actionPage, err error) error {
	problems, wrong := errors.AsType[crm.Problems](err)
	forbidden, refused := errors.AsType[*service.Forbidden](err)
	switch {
	case wrong:
		p.explainProblems(problems)
		return s.render(w, http.StatusUnprocessableEntity, p)
	case refused:
		p.General = append(p.General, i18n.T(p.Lang, forbidden.Code, forbidden.Params))
		return s.render(w, http.StatusForbidden, p)
	}
	return err
}

// changedElsewhere shows the form again with what was typed, on the action as it is now. Nothing was saved.
func (s *site) changedElsewhere(w http.ResponseWriter, r *request, now service.ActionView, typed typedAction) error {
	current := typedOf(service.InputOf(now.Action))
	merged, disputed := typed.onto(current, r.PostFormValue("marks"))
	p, err := s.actionPage(r, now, merged)
	if err != nil {
		return err
	}
	p.Elsewhere = []string{r.T("form.changed_elsewhere")}
	for _, name := range disputed {
		p.Elsewhere = append(p.Elsewhere, r.T("form.disputed", "field", r.T("field."+name), "value", p.shownValue(name, current.Get(name))))
	}
	return s.render(w, http.StatusConflict, p)
}

// shownValue is the value of a field in words.
func (p actionPage) shownValue(name, value string) string {
	for _, one := range p.Boxes[name].Options {
		if one.Value == value {
			return one.Text
		}
	}
	if value == "" {
		return p.T("history.empty")
	}
	return shortened(value)
}

// listBefore is the address of the list that a form was sent from, saying what was done to an action.
func (r *request) listBefore(said string, id crm.ActionID) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Path != "/actions" {
		return saidOf("/actions", said, id)
	}
	values := from.Query()
	values.Set("said", said)
	values.Set("of", id.String())
	return "/actions?" + values.Encode()
}

// saidOf is an address that says what was done to an action.
func saidOf(path, said string, id crm.ActionID) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "said=" + said + "&of=" + id.String()
}

func deleteAction(s *site, w http.ResponseWriter, r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	version, err := r.version()
	if err != nil {
		return err
	}
	id, err := actionID(r)
	if err != nil {
		return err
	}
	_, err = s.Service.Delete(r.Context(), r.aboutGuests(), id, version)
	if ask, is := errors.AsType[*service.GuestsError](err); is {
		return s.askBeforeDelete(w, r, ask.Count)
	}
	if conflict, is := errors.AsType[*service.VersionError](err); is {
		if now, isAction := conflict.Current.(service.ActionView); isAction {
			p, err := s.actionPage(r, now, typedOf(service.InputOf(now.Action)))
			if err != nil {
				return err
			}
			p.Elsewhere = []string{r.T("form.not_deleted")}
			return s.render(w, http.StatusConflict, p)
		}
	}
	if err != nil {
		return err
	}
	return see(w, r, saidOf("/actions", "deleted", id))
}

// aboutGuests is the caller with what he chose about the guests of an own event; before that he is asked (semantics 7).
func (r *request) aboutGuests() service.Caller {
	caller := r.caller
	switch r.PostFormValue("guests") {
	case "tell":
		caller.Guests = service.TellGuests
	case "invite":
		caller.Guests = service.InviteGuests
	case "hold":
		caller.Guests = service.HoldGuests
	default:
		caller.Guests = service.AskGuests
	}
	return caller
}

// askBeforeDelete shows the action with the question whether guests are told of its deletion. Nothing was deleted.
func (s *site) askBeforeDelete(w http.ResponseWriter, r *request, guests int) error {
	now, err := s.actionOf(r)
	if err != nil {
		return err
	}
	p, err := s.actionPage(r, now, typedOf(service.InputOf(now.Action)))
	if err != nil {
		return err
	}
	p.Guests, p.Deletes = guests, true
	return s.render(w, http.StatusOK, p)
}

// askBeforeRestore shows the action with the question whether the guests of its event, which is made again, are invited again. Nothing
// was restored.
func (s *site) askBeforeRestore(w http.ResponseWriter, r *request, guests int) error {
	now, err := s.actionOf(r)
	if err != nil {
		return err
	}
	p, err := s.actionPage(r, now, typedOf(service.InputOf(now.Action)))
	if err != nil {
		return err
	}
	p.Guests, p.Restores = guests, true
	return s.render(w, http.StatusOK, p)
}

func restoreAction(s *site, w http.ResponseWriter, r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	id, err := actionID(r)
	if err != nil {
		return err
	}
	_, err = s.Service.Restore(r.Context(), r.aboutGuests(), id)
	if ask, is := errors.AsType[*service.GuestsError](err); is {
		return s.askBeforeRestore(w, r, ask.Count)
	}
	if err != nil {
		return err
	}
	if r.PostFormValue("back") == "list" {
		return see(w, r, r.listBefore("restored", id))
	}
	return see(w, r, saidOf("/actions/"+id.String(), "restored", id))
}

func hideAction(s *site, w http.ResponseWriter, r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	id, err := actionID(r)
	if err != nil {
		return err
	}
	if _, err := s.Service.Hide(r.Context(), r.caller, id); err != nil {
		return err
	}
	return see(w, r, saidOf("/actions", "hidden", id))
}

func unhideAction(s *site, w http.ResponseWriter, r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	id, err := actionID(r)
	if err != nil {
		return err
	}
	if _, err := s.Service.Unhide(r.Context(), r.caller, id); err != nil {
		return err
	}
	return see(w, r, saidOf("/actions/"+id.String(), "unhidden", id))
}

// restoreValue brings back the value that a row of the history keeps; taking the other value of a conflict is the same.
func restoreValue(s *site, w http.ResponseWriter, r *request) error {
	if err := r.form(); err != nil {
		return err
	}
	version, err := r.version()
	if err != nil {
		return err
	}
	id, err := actionID(r)
	if err != nil {
		return err
	}
	change, err := crm.ParseID[crm.Change](r.PathValue("change"))
	if err != nil {
		return service.ErrNotFound
	}
	_, err = s.Service.RestoreValue(r.Context(), r.caller, id, change, version)
	if err == nil {
		return see(w, r, saidOf("/actions/"+id.String(), "saved", id))
	}
	problems, wrong := errors.AsType[crm.Problems](err)
	if !wrong && !errors.Is(err, service.ErrVersion) {
		return err
	}
	now, err := s.actionOf(r)
	if err != nil {
		return err
	}
	p, err := s.actionPage(r, now, typedOf(service.InputOf(now.Action)))
	if err != nil {
		return err
	}
	if !wrong {
		p.Elsewhere = []string{r.T("form.not_restored")}
		return s.render(w, http.StatusConflict, p)
	}
	p.General = r.sentences(problems)
	return s.render(w, http.StatusUnprocessableEntity, p)
}

// showRow answers with the row of one action, wherever it lies now: the script asks for it when a row left the list.
func showRow(s *site, w http.ResponseWriter, r *request) error {
	action, err := s.actionOf(r)
	if err != nil {
		return err
	}
	choices, err := s.Service.Choices(r.Context(), r.caller)
	if err != nil {
		return err
	}
	row := r.row(action, r.choiceNames(choices))
	row.Gone = action.Deleted() || action.Hidden
	row.MayRestore = action.Deleted() && action.MayRestore
	row.MayUnhide = action.Hidden && !action.Deleted() && action.MayUnhide
	p := actionsPage{frame: frame{words: r.words}, List: actionList{Groups: []dayGroup{{Rows: []actionRow{row}}}}}
	return s.renderPart(w, http.StatusOK, p, "one-row")
}
