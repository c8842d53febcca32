package service

import (
	"crypto/rand"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"

	"github.com/google/go-cmp/cmp"
)

func TestChangeSettings(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		in := SettingsInputOf(crm.DefaultSettings())
		in.OnlineCalendar, in.DefaultDuration, in.TimeZone = false, 45*time.Minute, "europe/lisbon"
		off, err := w.ChangeSettings(w.ctx(), w.admin, 0, in)
		w.must(err)
		stored, err := w.Settings(w.ctx(), w.stranger)
		w.must(err)
		if diff := cmp.Diff(off, stored); diff != "" || off.Version != 1 || off.TimeZone != "Europe/Lisbon" {
			w.t.Errorf("the answer is not what is stored (-answer +stored):\n%s", diff)
		}
		view, err := w.Link(w.ctx(), w.admin, link.ID)
		w.must(err)
		if view.States[0] != crm.LinkOff || len(w.waker.taken()) > 0 {
			w.t.Errorf("switched off: %v", view.States)
		}

		w.t.Log("saving goes on, and the work waits until it is on again")
		action, err := w.Create(w.ctx(), w.user, ActionInput{StartDate: "2026-11-24", FollowedBy: w.user.User.ID})
		w.must(err)
		w.wantState(action, crm.Pending, "")
		w.wantWork(action.ID, "0:person", link)
		in.OnlineCalendar = true
		if _, err := w.ChangeSettings(w.ctx(), w.admin, 0, in); !errors.Is(err, ErrVersion) {
			w.t.Errorf("an older version: %v", err)
		}
		_, err = w.ChangeSettings(w.ctx(), w.admin, 1, in)
		w.must(err)
		if woken := w.waker.taken(); len(woken) != 1 || woken[0] != link.ID {
			w.t.Errorf("switched on: woken %v", woken)
		}
	})
}

func TestChangeSettings_refuses_everything_that_is_wrong_at_once(t *testing.T) {
	w := oneWorld(t)
	in := SettingsInput{
		DefaultDuration: 90 * time.Second, PollInterval: time.Second, TrashKept: time.Hour, ConflictPolicy: "mine", TimeZone: "Mars", Language: "xx",
		Guard: crm.GuardSettings{More: -1, Part: math.NaN(), Most: 0, Emptied: 0},
	}
	_, err := w.ChangeSettings(w.ctx(), w.admin, 0, in)
	found, _ := errors.AsType[crm.Problems](err)
	fields := make([]string, len(found))
	for i, problem := range found {
		fields[i] = problem.Field
	}
	want := "default_duration poll_interval trash_kept uids_kept conflict_policy time_zone language guard.more guard.most guard.emptied guard.part"
	if got := strings.Join(fields, " "); got != want {
		t.Errorf("problems with %q, want %q", got, want)
	}
	if settings, err := w.Settings(w.ctx(), w.admin); err != nil || settings.Version != 0 {
		t.Errorf("version %d, %v", settings.Version, err)
	}
}

func newUser(login string) UserInput {
	return UserInput{Login: login, Name: "Nele", Email: "nele@example.com", Language: crm.Dutch, TimeZone: "Europe/Brussels", Role: crm.RoleUser, Active: true, Password: "long enough"}
}

func TestCreateUser(t *testing.T) {
	eachWorld(t, func(w *world) {
		user, err := w.CreateUser(w.ctx(), w.admin, newUser("nele"))
		w.must(err)
		stored, err := w.User(w.ctx(), w.stranger, user.ID)
		w.must(err)
		if diff := cmp.Diff(user, stored); diff != "" || user.Version != 1 {
			w.t.Errorf("the answer is not what is stored (-answer +stored):\n%s", diff)
		}
		w.rows(func(tx *store.Tx) error {
			hash, err := tx.PasswordHash(user.ID)
			if hash != "hash of long enough" {
				w.t.Errorf("hash is %q", hash)
			}
			return err
		})
		_, err = w.CreateUser(w.ctx(), w.admin, newUser("NELE"))
		w.wantProblem("the login in capitals", err, CodeLoginTaken, "login")
		first, err := w.CreateAdministrator(w.ctx(), newUser("root"))
		w.must(err)
		if first.Role != crm.RoleAdministrator || !first.Active {
			w.t.Errorf("made %+v", first)
		}
	})
}

func TestCreateUser_refuses(t *testing.T) {
	w := oneWorld(t)
	for name, test := range map[string]struct {
		change      func(*UserInput)
		code, field string
	}{
		"no login":               {func(in *UserInput) { in.Login = " " }, CodeMissing, "login"},
		"a blank in the login":   {func(in *UserInput) { in.Login = "a b" }, CodeLoginBlank, "login"},
		"no name":                {func(in *UserInput) { in.Name = "" }, CodeMissing, "name"},
		"no e-mail address":      {func(in *UserInput) { in.Email = "Nele <nele@example.com>" }, CodeUserEmail, "email"},
		"an unknown language":    {func(in *UserInput) { in.Language = "de" }, CodeLanguage, "language"},
		"an unknown zone":        {func(in *UserInput) { in.TimeZone = "Mars" }, CodeUnknownZone, "time_zone"},
		"no zone":                {func(in *UserInput) { in.TimeZone = "" }, CodeMissing, "time_zone"},
		"an unknown role":        {func(in *UserInput) { in.Role = "king" }, CodeUserRole, "role"},
		"a short password":       {func(in *UserInput) { in.Password = "secret" }, CodePasswordShort, "password"},
		"an endless password":    {func(in *UserInput) { in.Password = strings.Repeat("x", 1<<20) }, CodePasswordLong, "password"},
		"a login with an escape": {func(in *UserInput) { in.Login = "a\x1b" }, CodeControlCharacter, "login"},
	} {
		in := newUser("nele")
		test.change(&in)
		_, err := w.CreateUser(w.ctx(), w.admin, in)
		w.wantProblem(name, err, test.code, test.field)
	}
	if users, err := w.Users(w.ctx(), w.admin); err != nil || len(users) != 5 {
		t.Errorf("%d users, %v; want the 5 of before", len(users), err)
	}
}

func TestChangeUser(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.t.Log("users change their own language and time zone, and no more")
		in := UserInputOf(w.stranger.User)
		in.Language, in.TimeZone = crm.French, "Europe/Paris"
		changed, err := w.ChangeUser(w.ctx(), w.stranger, w.stranger.User.ID, 1, in)
		w.must(err)
		for name, change := range map[string]func(*UserInput){
			"rights":   func(in *UserInput) { in.Rights.ChangeOthers = true },
			"role":     func(in *UserInput) { in.Role = crm.RoleAdministrator },
			"login":    func(in *UserInput) { in.Login = "other" },
			"password": func(in *UserInput) { in.Password = "long enough" },
		} {
			more := UserInputOf(changed)
			change(&more)
			_, err := w.ChangeUser(w.ctx(), w.stranger, w.stranger.User.ID, 2, more)
			if refusal, isRefusal := errors.AsType[*Forbidden](err); !isRefusal || refusal.Code != CodeAdministrator {
				w.t.Errorf("own %s: got %v, want refused", name, err)
			}
		}
		if _, err := w.ChangeUser(w.ctx(), w.stranger, w.user.User.ID, 1, UserInputOf(w.user.User)); !errors.Is(err, ErrForbidden) {
			w.t.Errorf("another user: %v", err)
		}

		w.t.Log("an administrator who deactivates a user pauses the link in the same moment")
		link := w.link(w.user)
		in = UserInputOf(w.user.User)
		in.Active, in.Password = false, "a new password"
		_, err = w.ChangeUser(w.ctx(), w.admin, w.user.User.ID, 1, in)
		w.must(err)
		view, err := w.Link(w.ctx(), w.admin, link.ID)
		w.must(err)
		if view.States[0] != crm.LinkPaused || view.Pause.Reason != ReasonUserDeactivated {
			w.t.Errorf("the link is %v", view.States)
		}
		w.rows(func(tx *store.Tx) error {
			hash, err := tx.PasswordHash(w.user.User.ID)
			if hash != "hash of a new password" {
				w.t.Errorf("hash is %q", hash)
			}
			return err
		})
		_, err = w.ChangeUser(w.ctx(), w.admin, w.user.User.ID, 1, in)
		if version, isVersion := errors.AsType[*VersionError](err); !isVersion || version.Current.(crm.User).Version != 2 {
			w.t.Errorf("an older version: %v", err)
		}

		w.t.Log("the last administrator stays one")
		in = UserInputOf(w.admin.User)
		in.Role = crm.RoleUser
		_, err = w.ChangeUser(w.ctx(), w.admin, w.admin.User.ID, 1, in)
		w.wantProblem("the last administrator", err, CodeLastAdministrator, "role")
		_, err = w.CreateUser(w.ctx(), w.admin, func() UserInput { in := newUser("second"); in.Role = crm.RoleAdministrator; return in }())
		w.must(err)
		_, err = w.ChangeUser(w.ctx(), w.admin, w.admin.User.ID, 1, in)
		w.must(err)
		in = UserInputOf(w.peer.User)
		in.Login = "SECOND"
		_, err = w.ChangeUser(w.ctx(), Caller{User: crm.User{ID: crm.UserID{99}, Role: crm.RoleAdministrator, Active: true}}, w.peer.User.ID, 1, in)
		w.wantProblem("a login that is taken", err, CodeLoginTaken, "login")
	})
}

func TestStart(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.must(w.Start(w.ctx()))
		link := w.link(w.user)
		w.must(w.Start(w.ctx()))
		view, err := w.Link(w.ctx(), w.admin, link.ID)
		w.must(err)
		if !view.Pause.At.IsZero() || view.Version != 1 {
			w.t.Errorf("started twice: %+v", view.Link)
		}

		w.t.Log("F60: keys that do not open what is there: refused, naming the key, and nothing changed")
		keys := w.Keys
		other, err := secret.Create(filepath.Join(w.t.TempDir(), "other.key"), rand.Reader)
		w.must(err)
		w.Keys = other
		if err := w.Start(w.ctx()); !errors.Is(err, secret.ErrUnknownKey) || !strings.Contains(err.Error(), keys.KeyID()) {
			w.t.Errorf("got %v, want ErrUnknownKey naming %s", err, keys.KeyID())
		}
		w.Keys = keys

		w.t.Log("a database that carries another identity is a copy: its links are paused, once")
		w.writeRows(func(tx *store.Tx) error {
			return tx.SetInstallation(store.Installation{Identity: "another", CreatedAt: w.clock.now()})
		})
		w.must(w.Start(w.ctx()))
		view, err = w.Link(w.ctx(), w.admin, link.ID)
		w.must(err)
		if view.Pause.Reason != ReasonCopiedDatabase {
			w.t.Errorf("the link of a copy: %+v", view.Pause)
		}
		_, err = w.ResumeLink(w.ctx(), w.admin, link.ID, view.Version)
		w.must(err)
		w.must(w.Start(w.ctx()))
		if view, err = w.Link(w.ctx(), w.admin, link.ID); err != nil || !view.Pause.At.IsZero() {
			w.t.Errorf("resumed and started again: %+v, %v", view.Pause, err)
		}
	})
}

func TestStart_gives_a_fresh_database_its_lists(t *testing.T) {
	w := oneWorld(t)
	fresh := newService(t, w)
	w.must(fresh.Start(w.ctx()))
	w.must(fresh.Start(w.ctx()))
	choices, err := fresh.Choices(w.ctx(), w.admin)
	w.must(err)
	defaults, count := 0, map[crm.ChoiceKind]int{}
	for _, choice := range choices {
		count[choice.Kind]++
		if choice.Default {
			defaults++
		}
		for _, language := range crm.Languages {
			if choice.Names[language] == "" {
				t.Errorf("%v has no name in %s", choice.Names, language)
			}
		}
	}
	if diff := cmp.Diff(map[crm.ChoiceKind]int{crm.ChoiceType: 3, crm.ChoiceStatus: 3, crm.ChoicePriority: 3}, count); diff != "" || defaults != 3 {
		t.Errorf("%d defaults; lists differ (-want +got):\n%s", defaults, diff)
	}
}
