package service

import (
	"testing"

	"agendaonline/internal/crm"
)

// While the setting is on, a user does with the own link whatever an administrator may, and with nobody else's.
func TestOwnCalendars_are_their_users_own(t *testing.T) {
	t.Parallel()
	on := Subject{User: follower.ID, OwnCalendars: true}
	for _, c := range []struct {
		user crm.User
		on   Subject
		want Access
	}{
		{follower, on, Allowed}, {follower, Subject{User: follower.ID}, Refused}, {follower, Subject{OwnCalendars: true}, Refused},
		{colleague, on, Refused}, {administrator, on, Allowed}, {administrator, Subject{}, Allowed},
	} {
		if got := Permit(c.user, ManageLinks, c.on); got.Access != c.want {
			t.Errorf("%s, %+v: got %v, want %v", c.user.Name, c.on, got, c.want)
		}
	}
}

func TestOwnCalendars_a_link_from_beginning_to_end(t *testing.T) {
	w := oneWorld(t)
	may := func(want bool) {
		t.Helper()
		if got, err := w.MayLink(w.ctx(), w.user); err != nil || got != want {
			t.Errorf("may link: %v, %v, want %v", got, err, want)
		}
	}
	in := w.linkInput(w.user)
	may(false)
	_, err := w.CreateLink(w.ctx(), w.user, in)
	w.wantRefused("while it is off", err, CodeAdministrator)
	w.letOwnCalendars(true)
	may(true)
	plain := in
	plain.PlainHTTP = true
	_, err = w.TestLink(w.ctx(), w.user, plain, func(TestStep) {})
	w.wantProblem("a test over http", err, CodePlainAdministrator, "plain_http")
	_, err = w.CreateLink(w.ctx(), w.user, plain)
	w.wantProblem("over http", err, CodePlainAdministrator, "plain_http")
	in.ShownBusy = true
	link, err := w.CreateLink(w.ctx(), w.user, in)
	w.must(err)
	may(false)
	if view, err := w.Link(w.ctx(), w.user, link.ID); err != nil || !view.MayManage || !view.ShownBusy {
		t.Errorf("%+v, %v", view, err)
	}
	link, err = w.PauseLink(w.ctx(), w.user, link.ID, link.Version)
	w.must(err)
	link, err = w.ResumeLink(w.ctx(), w.user, link.ID, link.Version)
	w.must(err)
	changed := in
	changed.Password, changed.PlainHTTP = "", true
	_, err = w.ChangeLink(w.ctx(), w.user, link.ID, link.Version, changed)
	w.wantProblem("changed to http", err, CodePlainAdministrator, "plain_http")

	// What was made stays when the setting goes, and is run by administrators then.
	w.letOwnCalendars(false)
	_, err = w.PauseLink(w.ctx(), w.user, link.ID, link.Version)
	w.wantRefused("while it is off again", err, CodeAdministrator)
	if view, err := w.Link(w.ctx(), w.user, link.ID); err != nil || view.MayManage {
		t.Errorf("%+v, %v", view, err)
	}
	w.letOwnCalendars(true)
	w.must(w.end(w.user, link.ID, link.Version))
	may(true)
}
