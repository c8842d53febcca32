package main

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// typeCode is a person who types a code on another device.
func (w *grantWorld) typeCode(address, code, person, answer string) {
	w.t.Helper()
	response, err := http.PostForm(address, url.Values{"user_code": {code}, "person": {person}, "answer": {answer}})
	w.must(err)
	defer response.Body.Close()
	if page, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(page), "Done") {
		w.t.Fatalf("the code is answered %s: %s", response.Status, page)
	}
}

func TestDevice_from_a_code_to_a_synced_action(t *testing.T) {
	w := newGrantWorld(t)
	asked, err := w.p.service.AskConsent(t.Context(), w.admin, session, w.oauthInput(), service.OnAnotherDevice)
	w.must(err)
	ref := service.DraftRef{ID: asked.ID, Binding: session}
	if asked.Device.Address != w.base+"/activate" || !strings.HasSuffix(asked.Device.Complete, "?user_code="+asked.Device.Code) {
		t.Fatalf("asked %+v", asked.Device)
	}
	w.clock.move(asked.Device.Wait)
	if asked, err = w.p.service.PollDraft(t.Context(), w.admin, ref); err != nil || asked.Signed {
		t.Fatalf("before the code was typed: %+v, %v", asked, err)
	}
	w.typeCode(asked.Device.Address, asked.Device.Code, "luc", "allow")
	w.clock.move(asked.Device.Wait)
	if asked, err = w.p.service.PollDraft(t.Context(), w.admin, ref); err != nil || !asked.Signed {
		t.Fatalf("after it: %+v, %v", asked, err)
	}
	link, err := w.p.service.CreateLink(t.Context(), w.admin, service.LinkInput{Draft: ref, TestWrite: true})
	w.must(err)
	w.action(w.luc, "Réunion")
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive {
		t.Errorf("the link is %v", view.States)
	}
	if items, err := w.box.Human("luc", "phone").Items("work"); err != nil || len(items) != 1 {
		t.Errorf("the calendar has %+v, %v", items, err)
	}
}

func TestDevice_is_not_offered_by_google_nor_without_an_address(t *testing.T) {
	w := newGrantWorld(t)
	_, err := w.p.service.AskConsent(t.Context(), w.admin, session, w.googleInput(), service.OnAnotherDevice)
	w.wantCode("Google", err, "oauth.no_device")
	in := w.oauthInput()
	in.OAuth.Issuer, in.OAuth.AuthorizationEndpoint, in.OAuth.TokenEndpoint = "", w.base+"/authorize", w.base+"/token"
	_, err = w.p.service.AskConsent(t.Context(), w.admin, session, in, service.OnAnotherDevice)
	w.wantCode("no address for codes", err, "oauth.no_device")
	in.OAuth.DeviceEndpoint = w.base + "/device"
	_, err = w.p.service.AskConsent(t.Context(), w.admin, session, in, service.OnAnotherDevice)
	w.must(err)
}

func TestLinkCommands_sign_in_on_another_device(t *testing.T) {
	w := newGrantWorld(t)
	link := w.oauthLink()
	w.accounts.RevokeAll("luc")
	w.accounts.ExpireAccess()
	if view := w.sync(link.ID); !view.SignInAgain {
		t.Fatalf("revoked: %v", view.States)
	}
	typed := make(chan struct{})
	said := &listeningWriter{until: regexp.MustCompile(`open\s+(\S+)\s+and type the code\s+(\S+)`), then: func(found []string) {
		w.typeCode(found[1], found[2], "luc", "allow")
		close(typed)
	}}
	d := &desk{program: w.p, caller: w.admin, users: []crm.User{w.admin.User, w.luc.User}, env: environment{stdout: io.Discard, stderr: said, getenv: func(string) string { return "" }}}
	again := linkSignInCommand{Device: true}
	again.User = "luc"
	w.must(again.signInAgain(t.Context(), d))
	<-typed
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive {
		t.Errorf("signed in again: %v", view.States)
	}
}

// listeningWriter calls then with what matches in what is written, once.
type listeningWriter struct {
	lockedWriter
	until *regexp.Regexp
	then  func(found []string)
	done  bool
}

func (l *listeningWriter) Write(text []byte) (int, error) {
	n, err := l.lockedWriter.Write(text)
	if found := l.until.FindStringSubmatch(string(l.text())); found != nil && !l.done {
		l.done = true
		l.then(found)
	}
	return n, err
}
