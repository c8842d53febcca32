package service

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// fakeGranter is an authorisation server where everybody allows: an answer is "STATE code". It counts what it is asked.
type fakeGranter struct {
	w       *world
	revoked int
	polled  int
	device  func() (Granted, *AskedDevice, error) // what is said of a code; nil: not yet
}

func (*fakeGranter) Provider(_ context.Context, _ crm.LinkKind, typed OAuthInput, _ LinkTLS) (OAuthServer, error) {
	return OAuthServer{OAuthInput: typed}, nil
}

func (g *fakeGranter) Ask(_ OAuthServer, redirect, _ string) (Asked, error) {
	state := crm.NewID[fakeGranter](g.w.IDs).String()
	return Asked{State: state, Question: []byte("{}"), Address: "https://accounts.example/" + state, ExpiresAt: g.w.clock.now().Add(10 * time.Minute)}, nil
}

func (*fakeGranter) State(answer string) (string, error) {
	state, _, found := strings.Cut(answer, " ")
	if !found {
		return "", &GrantFailure{Code: "oauth.no_code", Field: "answer"}
	}
	return state, nil
}

func (g *fakeGranter) Redeem(context.Context, OAuthServer, []byte, string) (Granted, error) {
	return Granted{Grant: []byte(`{"access_token":"canary"}`), GrantedAt: g.w.clock.now()}, nil
}

func (g *fakeGranter) AskDevice(context.Context, OAuthServer) (AskedDevice, error) {
	return AskedDevice{Code: "ABCD", Address: "https://accounts.example/device", Question: []byte("{}"), Wait: 5 * time.Second, ExpiresAt: g.w.clock.now().Add(10 * time.Minute)}, nil
}

func (g *fakeGranter) RedeemDevice(context.Context, OAuthServer, []byte) (Granted, *AskedDevice, error) {
	g.polled++
	if g.device == nil {
		return Granted{}, &AskedDevice{Question: []byte("{}"), Wait: 10 * time.Second}, nil
	}
	return g.device()
}

func (g *fakeGranter) Revoke(context.Context, OAuthServer, []byte) (bool, error) {
	g.revoked++
	return true, nil
}

type fakeAppPasswords struct{}

func (fakeAppPasswords) Ask(context.Context, string, LinkTLS) (string, []byte, error) {
	return "https://cloud.example/login", []byte("q"), nil
}

func (fakeAppPasswords) Take(context.Context, []byte, LinkTLS) (string, string, bool, error) {
	return "ann", "canary", true, nil
}

var here = []byte("this session")

// granting gives the service an authorisation server.
func (w *world) granting() *fakeGranter {
	g := &fakeGranter{w: w}
	w.Grants, w.AppPasswords = g, fakeAppPasswords{}
	return g
}

// ask begins a Google link of the third person.
func (w *world) ask(by Caller) (DraftView, error) {
	account := "ann@gmail.example"
	w.tester.put(account, fakeCalendar{found: []FoundCalendar{{Href: "https://calendars.example/ann/", Name: "Ann"}}})
	return w.AskConsent(w.ctx(), by, here, LinkInput{User: w.third.User.ID, Kind: crm.LinkGoogle, Username: account, OAuth: OAuthInput{ClientID: "x", ClientSecret: "y"}}, "http://127.0.0.1:1/")
}

// signed answers the question of a draft.
func (w *world) signed(by Caller, asked DraftView) error {
	_, err := w.TakeAnswer(w.ctx(), by, here, strings.TrimPrefix(asked.Ask, "https://accounts.example/")+" code")
	return err
}

// onDraft does something to a draft that by has begun.
func onDraft(do func(w *world, by Caller, asked DraftView) error) func(*world, Caller, target) error {
	return func(w *world, by Caller, _ target) error {
		w.granting()
		asked, err := w.ask(by)
		if err != nil {
			return err
		}
		return do(w, by, asked)
	}
}

// again begins a new sign-in of the follower's link, which is one of Google's meanwhile.
func again(finish bool) func(*world, Caller, target) error {
	return func(w *world, by Caller, on target) error {
		w.granting()
		w.tester.put("ann@gmail.example", fakeCalendar{found: []FoundCalendar{{Href: on.link.CalendarHref}}})
		kind := func(kind crm.LinkKind, address string) {
			w.writeRows(func(tx *store.Tx) error {
				link, err := tx.Link(on.link.ID)
				if err != nil {
					return err
				}
				link.Kind, link.Address, link.Username = kind, address, address
				sealed, err := SealGrant(w.Keys, link.ID, SealedGrant{Kind: kind, Server: OAuthServer{OAuthInput: OAuthInput{ClientID: "x", ClientSecret: "y"}}, Grant: []byte("{}")})
				if err != nil {
					return err
				}
				return errors.Join(tx.PutGrant(store.Grant{ID: link.ID, Sealed: sealed, GrantedAt: w.clock.now()}), tx.UpdateLink(link, link.Version))
			})
		}
		kind(crm.LinkGoogle, "ann@gmail.example")
		defer kind(crm.LinkSimple, on.link.Address)
		asked, err := w.AskConsentAgain(w.ctx(), by, here, on.link.ID, nil, "http://127.0.0.1:1/")
		if err != nil || !finish {
			return err
		}
		if err := w.signed(by, asked); err != nil {
			return err
		}
		_, err = w.SignInAgain(w.ctx(), by, DraftRef{asked.ID, here})
		return err
	}
}

func init() {
	methods["AskConsent"] = []deedOf{{ManageLinks, onDraft(func(*world, Caller, DraftView) error { return nil })}}
	methods["TakeAnswer"] = []deedOf{{ManageLinks, onDraft(func(w *world, by Caller, asked DraftView) error { return w.signed(by, asked) })}}
	methods["Draft"] = []deedOf{{ManageLinks, onDraft(func(w *world, by Caller, asked DraftView) error {
		_, err := w.Draft(w.ctx(), by, DraftRef{asked.ID, here})
		return err
	})}}
	methods["PollDraft"] = []deedOf{{ManageLinks, onDraft(func(w *world, by Caller, asked DraftView) error {
		_, err := w.PollDraft(w.ctx(), by, DraftRef{asked.ID, here})
		return err
	})}}
	methods["DropDraft"] = []deedOf{{ManageLinks, onDraft(func(w *world, by Caller, asked DraftView) error {
		return w.DropDraft(w.ctx(), by, DraftRef{asked.ID, here})
	})}}
	methods["AskConsentAgain"] = []deedOf{{SyncLink, again(false)}}
	methods["SignInAgain"] = []deedOf{{SyncLink, again(true)}}
	methods["Client"] = []deedOf{{ManageLinks, func(w *world, by Caller, on target) error { _, err := w.Client(w.ctx(), by, on.link.ID); return err }}}
	methods["EndLink"] = []deedOf{{ManageLinks, func(w *world, by Caller, on target) error {
		_, err := w.EndLink(w.ctx(), by, on.link.ID, on.link.Version, EndInput{})
		return err
	}}}
	methods["AskAppPassword"] = []deedOf{{ManageLinks, func(w *world, by Caller, _ target) error {
		w.granting()
		_, _, err := w.AskAppPassword(w.ctx(), by, "https://cloud.example", LinkTLS{})
		return err
	}}}
	methods["TakeAppPassword"] = []deedOf{{ManageLinks, func(w *world, by Caller, _ target) error {
		w.granting()
		_, _, err := w.TakeAppPassword(w.ctx(), by, []byte("q"), LinkTLS{})
		return err
	}}}
	withoutPermission = append(withoutPermission, "PurgeDrafts")
}

func TestDraft_of_who_has_lost_the_right_is_worth_nothing(t *testing.T) {
	w := oneWorld(t)
	w.granting()
	asked, err := w.ask(w.admin)
	w.must(err)
	demoted := w.admin
	demoted.User.Role = crm.RoleUser
	if err := w.signed(demoted, asked); !errors.Is(err, ErrForbidden) {
		t.Errorf("answered by who may not make links any more: %v", err)
	}
	w.must(w.signed(w.admin, asked))
	if _, err := w.CreateLink(w.ctx(), demoted, LinkInput{Draft: DraftRef{asked.ID, here}}); !errors.Is(err, ErrForbidden) {
		t.Errorf("saved: %v", err)
	}
}

func TestGrant_of_one_account_that_two_links_share_is_not_revoked_with_one(t *testing.T) {
	w := oneWorld(t)
	g := w.granting()
	asked, err := w.ask(w.admin)
	w.must(err)
	w.must(w.signed(w.admin, asked))
	other, err := w.ask(w.admin)
	w.must(err)
	w.must(w.signed(w.admin, other))
	link, err := w.CreateLink(w.ctx(), w.admin, LinkInput{Draft: DraftRef{asked.ID, here}})
	w.must(err)
	w.must(w.DropDraft(w.ctx(), w.admin, DraftRef{other.ID, here}))
	if g.revoked != 0 {
		t.Error("the link lost its grant with a draft of the same account and client")
	}
	if ended, err := w.EndLink(w.ctx(), w.admin, link.ID, 1, EndInput{}); ended.Revocation != Revoked || err != nil || g.revoked != 1 {
		t.Errorf("the last one: %q, %v, revoked %d times", ended.Revocation, err, g.revoked)
	}
}
