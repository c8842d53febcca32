package service

import (
	"testing"
	"time"

	"agendaonline/internal/crm"
)

// askDevice begins a link of the third person whose sign-in happens on another device.
func (w *world) askDevice(by Caller) DraftView {
	w.t.Helper()
	w.tester.put("https://calendars.example/", fakeCalendar{found: []FoundCalendar{{Href: "https://calendars.example/ann/", Name: "Ann"}}})
	asked, err := w.AskConsent(w.ctx(), by, here, LinkInput{
		User: w.third.User.ID, Kind: crm.LinkOAuth, Address: "https://calendars.example/", Username: "ann", OAuth: OAuthInput{Issuer: "https://accounts.example", ClientID: "x"},
	}, OnAnotherDevice)
	w.must(err)
	return asked
}

// However many pages and nodes look, the server is asked in its own time.
func TestDevice_the_server_is_asked_no_oftener_than_it_wants(t *testing.T) {
	w := oneWorld(t)
	g := w.granting()
	asked := w.askDevice(w.admin)
	if asked.Device.Code != "ABCD" || asked.Device.Wait != 5*time.Second || asked.Signed {
		t.Fatalf("asked %+v", asked)
	}
	poll := func(after time.Duration, want int) {
		t.Helper()
		w.clock.pass(after)
		for range 3 {
			if view, err := w.PollDraft(w.ctx(), w.admin, DraftRef{asked.ID, here}); err != nil || view.Signed || view.Device.Code != "ABCD" {
				t.Errorf("not answered: %+v, %v", view, err)
			}
		}
		if g.polled != want {
			t.Errorf("the server was asked %d times, want %d", g.polled, want)
		}
	}
	poll(0, 0)
	poll(5*time.Second, 1)
	poll(5*time.Second, 1) // it wants 10 by now
	poll(5*time.Second, 2)
	g.device = func() (Granted, *AskedDevice, error) {
		return Granted{}, nil, &GrantFailure{Code: "oauth.temporary", Temporary: true}
	}
	poll(10*time.Second, 3)
	g.device = func() (Granted, *AskedDevice, error) {
		return Granted{Grant: []byte(`{"access_token":"canary"}`), GrantedAt: w.clock.now()}, nil, nil
	}
	w.clock.pass(time.Minute)
	for range 2 {
		if view, err := w.PollDraft(w.ctx(), w.admin, DraftRef{asked.ID, here}); err != nil || !view.Signed || g.polled != 4 {
			t.Errorf("answered: %+v, %v, asked %d times", view, err, g.polled)
		}
	}
	_, err := w.PollDraft(w.ctx(), w.admin, DraftRef{asked.ID, []byte("another session")})
	w.wantProblem("another session", err, CodeGrantDraftGone, "")
	link, err := w.CreateLink(w.ctx(), w.admin, LinkInput{Draft: DraftRef{asked.ID, here}})
	if w.must(err); link.Kind != crm.LinkOAuth {
		t.Errorf("made %+v", link)
	}
}

func TestDevice_a_no_is_told_each_time_and_nothing_is_kept(t *testing.T) {
	w := oneWorld(t)
	g := w.granting()
	asked := w.askDevice(w.admin)
	g.device = func() (Granted, *AskedDevice, error) {
		return Granted{Grant: []byte(`{"access_token":"canary"}`)}, nil, &GrantFailure{Code: "oauth.denied"}
	}
	w.clock.pass(time.Minute)
	for range 2 {
		_, err := w.PollDraft(w.ctx(), w.admin, DraftRef{asked.ID, here})
		w.wantProblem("denied", err, "oauth.denied", "")
	}
	if g.polled != 1 || g.revoked != 1 {
		t.Errorf("asked %d times, gave back %d", g.polled, g.revoked)
	}
	if _, err := w.CreateLink(w.ctx(), w.admin, LinkInput{Draft: DraftRef{asked.ID, here}}); err == nil {
		t.Error("a link was made without permission")
	}
}

func (c *clock) pass(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}
