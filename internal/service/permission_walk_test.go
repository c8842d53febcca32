package service

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// deedOf is what a method does, and a call of it by somebody: on an action, or about the follower's user and link.
type deedOf struct {
	deed Deed
	call func(w *world, by Caller, on target) error
}

type target struct {
	action crm.Action
	change crm.ChangeID
	link   crm.Link
	held   HeldID
}

// methods has every exported method of Service. A method that does two deeds stands here once for each.
var methods = map[string][]deedOf{
	"List": {{ListActions, func(w *world, by Caller, _ target) error {
		_, err := w.List(w.ctx(), by, ActionQuery{})
		return err
	}}},
	"Get": {{SeeAction, func(w *world, by Caller, on target) error {
		view, err := w.Get(w.ctx(), by, on.action.ID)
		if err == nil && view.Busy {
			return errBusy
		}
		return err
	}}},
	"History": {{SeeHistory, func(w *world, by Caller, on target) error { _, err := w.History(w.ctx(), by, on.action.ID); return err }}},
	"EventOf": {{SeeEvent, func(w *world, by Caller, on target) error {
		_, err := w.EventOf(w.ctx(), by, on.action.ID)
		return err
	}}},
	"Create": {
		{CreateAction, func(w *world, by Caller, _ target) error {
			_, err := w.Create(w.ctx(), by, ActionInput{FollowedBy: by.User.ID})
			return err
		}},
	},
	"Change": {
		{ChangeAction, func(w *world, by Caller, on target) error {
			_, err := w.Change(w.ctx(), by, on.action.ID, on.action.Version, edit(on.action, renamed))
			return err
		}},
		{Reassign, func(w *world, by Caller, on target) error {
			toThird := func(in *ActionInput) { in.FollowedBy = third.ID }
			_, err := w.Change(w.ctx(), by, on.action.ID, on.action.Version, edit(on.action, toThird))
			return err
		}},
	},
	"RestoreValue": {{ChangeAction, func(w *world, by Caller, on target) error {
		_, err := w.RestoreValue(w.ctx(), by, on.action.ID, on.change, on.action.Version)
		return err
	}}},
	"Delete": {{DeleteAction, func(w *world, by Caller, on target) error {
		_, err := w.Delete(w.ctx(), by, on.action.ID, on.action.Version)
		return err
	}}},
	"Hide": {{HideAction, func(w *world, by Caller, on target) error {
		w.writeRows(func(tx *store.Tx) error { return tx.Hide(on.action.ID, w.clock.now()) }) // so that what it is does not matter
		_, err := w.Hide(w.ctx(), by, on.action.ID)
		return err
	}}},
	"Unhide": {{HideAction, func(w *world, by Caller, on target) error { _, err := w.Unhide(w.ctx(), by, on.action.ID); return err }}},
	"Purge": {{PurgeAction, func(w *world, by Caller, on target) error {
		err := w.Purge(w.ctx(), by, on.action.ID)
		if found, _ := errors.AsType[crm.Problems](err); found != nil {
			return nil // allowed, but its deletion waits
		}
		return err
	}}},
	"Restore": {{RestoreAction, func(w *world, by Caller, on target) error { _, err := w.Restore(w.ctx(), by, on.action.ID); return err }}},

	"Once": {{SeeChoices, func(w *world, by Caller, _ target) error { // it does what it is given, for anybody signed in
		_, _, err := w.Once(w.ctx(), by, "key", []byte("hash"), func(*Service) ([]byte, error) { return []byte("answer"), nil })
		return err
	}}},
	"MailTrouble": {{ManageSettings, func(w *world, by Caller, _ target) error { _, err := w.MailTrouble(w.ctx(), by); return err }}},
	"KeepWizard": {{SeeChoices, func(w *world, by Caller, _ target) error {
		return w.KeepWizard(w.ctx(), by, crm.NewID[crm.Link](w.IDs), crm.LinkID{}, []byte("typed"))
	}}},
	"Wizard": {{SeeChoices, func(w *world, by Caller, _ target) error {
		id := crm.NewID[crm.Link](w.IDs)
		if err := w.KeepWizard(w.ctx(), by, id, crm.LinkID{}, []byte("typed")); err != nil {
			return err
		}
		_, err := w.Wizard(w.ctx(), by, id)
		return err
	}}},
	"WizardOfGrant": {{SeeChoices, func(w *world, by Caller, _ target) error {
		id, grant := crm.NewID[crm.Link](w.IDs), crm.NewID[crm.Link](w.IDs)
		if err := w.KeepWizard(w.ctx(), by, id, grant, []byte("typed")); err != nil {
			return err
		}
		_, _, err := w.WizardOfGrant(w.ctx(), by, grant)
		return err
	}}},
	"DropWizard": {{SeeChoices, func(w *world, by Caller, _ target) error {
		return w.DropWizard(w.ctx(), by, crm.NewID[crm.Link](w.IDs))
	}}},
	"OpenActions": {{PullCalendars, func(w *world, by Caller, _ target) error { _, err := w.OpenActions(w.ctx(), by, nil); return err }}},
	"Progress":    {{PullCalendars, func(w *world, by Caller, _ target) error { _, err := w.Progress(w.ctx(), by); return err }}},
	"Choices":     {{SeeChoices, func(w *world, by Caller, _ target) error { _, err := w.Choices(w.ctx(), by); return err }}},
	"Users":       {{SeeUsers, func(w *world, by Caller, _ target) error { _, err := w.Users(w.ctx(), by); return err }}},
	"User":        {{SeeUsers, func(w *world, by Caller, _ target) error { _, err := w.User(w.ctx(), by, follower.ID); return err }}},
	"CreateUser": {{ManageUsers, func(w *world, by Caller, _ target) error {
		_, err := w.CreateUser(w.ctx(), by, newUser("user-"+crm.NewID[crm.User](w.IDs).String()))
		return err
	}}},
	"ChangeUser": {
		{ChangeOwnUser, func(w *world, by Caller, _ target) error {
			in := UserInputOf(w.user.User)
			in.Language = crm.French
			return w.changeFollower(by, in)
		}},
		{ManageUsers, func(w *world, by Caller, _ target) error {
			in := UserInputOf(w.user.User)
			in.Name = "Name " + w.clock.now().String()
			return w.changeFollower(by, in)
		}},
	},
	"ChangePassword": {{ChangeOwnUser, func(w *world, by Caller, _ target) error {
		if by.User.ID != follower.ID && by.User.Active { // everybody changes the own one, and there is no way to name another's
			return Permit(by.User, ChangeOwnUser, Subject{User: follower.ID}).err()
		}
		w.writeRows(func(tx *store.Tx) error { return tx.SetPasswordHash(follower.ID, "hash of present one") })
		return w.ChangePassword(w.ctx(), by, "present one", "the next one")
	}}},
	"Tokens": {{SeeTokens, func(w *world, by Caller, _ target) error { _, err := w.Tokens(w.ctx(), by, follower.ID); return err }}},
	"CreateToken": {{CreateToken, func(w *world, by Caller, _ target) error {
		_, _, err := w.CreateToken(w.ctx(), by, TokenInput{User: follower.ID, Name: "Export"})
		return err
	}}},
	"RevokeToken": {{RevokeToken, func(w *world, by Caller, _ target) error {
		view, _, err := w.CreateToken(w.ctx(), w.user, TokenInput{Name: "Export"})
		w.must(err)
		return w.RevokeToken(w.ctx(), by, follower.ID, view.ID)
	}}},
	"Settings": {{SeeSettings, func(w *world, by Caller, _ target) error { _, err := w.Settings(w.ctx(), by); return err }}},
	"ChangeSettings": {{ManageSettings, func(w *world, by Caller, _ target) error {
		settings, err := w.Settings(w.ctx(), w.admin)
		w.must(err)
		_, err = w.ChangeSettings(w.ctx(), by, settings.Version, SettingsInputOf(settings))
		return err
	}}},

	"Links":     {{SeeChoices, func(w *world, by Caller, _ target) error { _, err := w.Links(w.ctx(), by); return err }}}, // shows each what SeeLink lets him see
	"Held":      {{SeeChoices, func(w *world, by Caller, _ target) error { _, err := w.Held(w.ctx(), by); return err }}},
	"HeldCount": {{SeeChoices, func(w *world, by Caller, _ target) error { _, err := w.HeldCount(w.ctx(), by); return err }}},
	"Link":      {{SeeLink, func(w *world, by Caller, on target) error { _, err := w.Link(w.ctx(), by, on.link.ID); return err }}},
	"SetAside":  {{SeeLink, func(w *world, by Caller, on target) error { _, err := w.SetAside(w.ctx(), by, on.link.ID); return err }}},
	"Runs": {{SeeLink, func(w *world, by Caller, on target) error {
		_, err := w.Runs(w.ctx(), by, RunQuery{Link: on.link.ID})
		return err
	}}},
	"SyncNow": {{SyncLink, func(w *world, by Caller, on target) error { return w.SyncNow(w.ctx(), by, on.link.ID) }}},
	"Decide":  {{Decide, func(w *world, by Caller, on target) error { return w.Decide(w.ctx(), by, on.held, DecideDelete) }}},
	"DecideStart": {{Decide, func(w *world, by Caller, on target) error {
		return w.DecideStart(w.ctx(), by, w.heldAs(on, HeldFirstSync), crm.Date{Year: 2026, Month: 1, Day: 1})
	}}},
	"DecideAlike": {{Decide, func(w *world, by Caller, on target) error {
		return w.DecideAlike(w.ctx(), by, w.heldAs(on, HeldTwins), DecideSame)
	}}},
	"CreateLink": {{ManageLinks, func(w *world, by Caller, on target) error {
		_, err := w.CreateLink(w.ctx(), by, w.linkInput(w.peer))
		if found, _ := errors.AsType[crm.Problems](err); found != nil {
			return nil // allowed, but there is one already
		}
		return err
	}}},
	"PlanLink": {{ManageLinks, func(w *world, by Caller, on target) error {
		_, err := w.PlanLink(w.ctx(), by, w.linkInput(w.peer), nil, nil)
		if found, _ := errors.AsType[crm.Problems](err); found != nil {
			return nil // allowed, but there is a link already
		}
		return err
	}}},
	"ChangeLink": {{ManageLinks, func(w *world, by Caller, on target) error {
		_, err := w.ChangeLink(w.ctx(), by, on.link.ID, on.link.Version, w.linkInput(w.user))
		return err
	}}},
	"SetAddresses": {{SyncLink, func(w *world, by Caller, on target) error {
		_, err := w.SetAddresses(w.ctx(), by, on.link.ID, on.link.Version, nil)
		return err
	}}},
	"PlanLinkEnd": {{ManageLinks, func(w *world, by Caller, on target) error {
		_, err := w.PlanLinkEnd(w.ctx(), by, on.link.ID)
		return err
	}}},
	"OpenActionsOf": {{ManageUsers, func(w *world, by Caller, _ target) error {
		_, err := w.OpenActionsOf(w.ctx(), by, follower.ID)
		return err
	}}},
	"HandOverActions": {{ManageUsers, func(w *world, by Caller, _ target) error {
		_, err := w.HandOverActions(w.ctx(), by, third.ID, follower.ID)
		return err
	}}},
	"DeleteUser": {{ManageUsers, func(w *world, by Caller, _ target) error {
		user, err := w.CreateUser(w.ctx(), w.admin, newUser("user-"+crm.NewID[crm.User](w.IDs).String()))
		w.must(err)
		_, err = w.DeleteUser(w.ctx(), by, user.ID, user.Version)
		return err
	}}},
	"PauseLink": {{ManageLinks, func(w *world, by Caller, on target) error {
		_, err := w.PauseLink(w.ctx(), by, on.link.ID, on.link.Version)
		return err
	}}},
	"ResumeLink": {{ManageLinks, func(w *world, by Caller, on target) error {
		_, err := w.ResumeLink(w.ctx(), by, on.link.ID, on.link.Version)
		return err
	}}},
	"DecideEach": {{Decide, func(w *world, by Caller, on target) error {
		err := w.DecideEach(w.ctx(), by, on.held, nil)
		if found, _ := errors.AsType[crm.Problems](err); found != nil {
			return nil // allowed, but nothing was decided
		}
		return err
	}}},
	"MayLink": {{SeeChoices, func(w *world, by Caller, _ target) error { _, err := w.MayLink(w.ctx(), by); return err }}}, // about the caller
	"ShowLink": {{ChooseShown, func(w *world, by Caller, on target) error {
		_, err := w.ShowLink(w.ctx(), by, on.link.ID, on.link.Version, !on.link.ShownBusy)
		return err
	}}},
	"TestLink": {{ManageLinks, func(w *world, by Caller, _ target) error {
		_, err := w.TestLink(w.ctx(), by, w.linkInput(w.user), func(TestStep) {})
		return err
	}}},
	"TestSavedLink": {{ManageLinks, func(w *world, by Caller, on target) error {
		_, err := w.TestSavedLink(w.ctx(), by, on.link.ID, func(TestStep) {})
		return err
	}}},
}

// withoutPermission are the methods that nobody but the program itself, its operator at the command line, and the holder of
// the code that the operator's terminal showed can reach.
var withoutPermission = []string{"Start", "FinishEnds", "PurgeExpired", "ForgetUIDs", "CreateAdministrator", "NeedsAdministrator", "CreateFirstAdministrator"}

var onActions = []Deed{SeeAction, SeeHistory, SeeEvent, ChangeAction, DeleteAction, RestoreAction, PurgeAction, HideAction, Reassign}

var errBusy = errors.New("busy")

func (w *world) changeFollower(by Caller, in UserInput) error {
	user, err := w.User(w.ctx(), w.admin, follower.ID)
	w.must(err)
	_, err = w.ChangeUser(w.ctx(), by, follower.ID, user.Version, in)
	return err
}

// heldAs holds something of another kind on the link.
func (w *world) heldAs(on target, kind string) HeldID {
	id := crm.NewID[store.Held](w.IDs)
	w.writeRows(func(tx *store.Tx) error {
		return tx.InsertHeld(store.Held{ID: id, Link: on.link.ID, Kind: kind, CreatedAt: time.Unix(1, 0)})
	})
	return id
}

// target makes something for one call to be done to.
func (w *world) target(kind string) target {
	w.t.Helper()
	if views, err := w.Links(w.ctx(), w.user); err != nil || len(views) == 0 {
		w.link(w.user) // the first time, and after EndLink
	}
	action := w.action(w.user)
	change := crm.Change{ID: crm.NewID[crm.Change](w.IDs), Action: action.ID, At: w.clock.now(), Actor: w.user.actor(), What: crm.Changed, Name: "subject", Before: "Before"}
	w.writeRows(func(tx *store.Tx) error { return tx.AppendHistory([]crm.Change{change}) })
	on := target{change: change.ID}
	w.writeRows(func(tx *store.Tx) error {
		var err error
		if on.link, err = tx.LinkOfUser(follower.ID); err != nil {
			return err
		}
		if want := actionKinds[kind].ShownBusy; on.link.ShownBusy != want {
			on.link.ShownBusy = want
			if err := tx.UpdateLink(on.link, on.link.Version); err != nil {
				return err
			}
			on.link.Version++
		}
		on.held = crm.NewID[store.Held](w.IDs)
		return tx.InsertHeld(store.Held{ID: on.held, Link: on.link.ID, Kind: HeldDeletions, CreatedAt: time.Unix(1, 0)})
	})
	on.action = w.alter(action, func(a *crm.Action) {
		want := actionKinds[kind]
		a.FollowedBy, a.Private, a.DeletedAt, a.CreatedBy = want.FollowedBy, want.Private, want.DeletedAt, crm.Actor{Kind: crm.ActorLink, Link: on.link.ID}
	})
	on.action.ShownBusy = on.link.ShownBusy
	return on
}

// letOwnCalendars lets users link a calendar of their own, or not.
func (w *world) letOwnCalendars(allowed bool) {
	w.t.Helper()
	w.writeRows(func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil || settings.OwnCalendars == allowed {
			return err
		}
		settings.OwnCalendars = allowed
		return tx.UpdateSettings(settings, settings.Version)
	})
}

// S18: every method, by everybody, on everything, answers as Permit does.
func TestService_every_method_asks_Permit(t *testing.T) {
	w := oneWorld(t)
	var kinds []string
	for kind := range actionKinds {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	signedOut := Caller{User: crm.User{ID: follower.ID, Role: crm.RoleAdministrator}}
	for method := range reflect.TypeFor[*Service]().Methods() {
		if slices.Contains(withoutPermission, method.Name) {
			continue
		}
		deeds := methods[method.Name]
		if len(deeds) == 0 {
			t.Errorf("%s is not in the table of this test: what does it do?", method.Name)
		}
		for _, does := range deeds {
			kinds := kinds
			if !slices.Contains(onActions, does.deed) {
				kinds = kinds[:1]
			}
			for _, kind := range kinds {
				for _, by := range []Caller{w.user, w.peer, w.stranger, w.admin, signedOut} {
					for _, own := range []bool{false, true} {
						if own && does.deed != ManageLinks {
							continue
						}
						w.letOwnCalendars(own)
						on := w.target(kind)
						about := follower.ID
						switch method.Name { // what is about a link that is not there yet
						case "AskAppPassword", "TakeAppPassword":
							about = by.User.ID
						case "CreateLink", "PlanLink":
							about = colleague.ID
						case "AskConsent", "Draft", "DropDraft", "TakeAnswer", "PollDraft":
							about = third.ID
						}
						want := Permit(by.User, does.deed, Subject{Action: &on.action, To: third.ID, User: about, OwnCalendars: own})
						got := does.call(w, by, on)
						if !answeredAs(want, got) {
							t.Errorf("%s (%s, own calendars %v) by %s on %q: got %v, want %s %s", method.Name, does.deed, own, by.User.Name, kind, got, answers[want.Access], want.Code)
						}
					}
				}
			}
		}
	}
}

func answeredAs(want Permission, got error) bool {
	switch want.Access {
	case Allowed:
		return got == nil
	case Busy:
		return got == errBusy
	case Hidden:
		return errors.Is(got, ErrNotFound)
	default:
		refusal, isRefusal := errors.AsType[*Forbidden](got)
		return isRefusal && refusal.Code == want.Code
	}
}
