package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
)

// personAtTerminal answers the question that was printed, by pasting.
type personAtTerminal struct {
	printed *lockedWriter
	answer  func(ask string) string
}

func (p personAtTerminal) Read(into []byte) (int, error) {
	asked := regexp.MustCompile(`http\S+/auth\?\S+`).FindAllString(string(p.printed.text()), -1)
	if len(asked) == 0 {
		return 0, io.EOF
	}
	return copy(into, p.answer(asked[len(asked)-1])+"\n"), nil
}

func TestLinkCommands_google_is_linked_and_signed_in_again_at_a_terminal(t *testing.T) {
	w := newGrantWorld(t)
	said, shown := &lockedWriter{}, &lockedWriter{}
	allow := func(ask string) string {
		return answered(t, w.google.Accounts, service.DraftView{Ask: ask}, annasAccount, sandbox.GoogleScope, true)
	}
	env := environment{stdout: shown, stderr: said, stdin: personAtTerminal{said, allow}, getenv: func(name string) string {
		return map[string]string{clientSecretVariable: googleSecret}[name]
	}}
	d := &desk{program: w.p, caller: w.admin, users: []crm.User{w.admin.User, w.luc.User}, env: env}
	command := linkGoogleCommand{Account: annasAccount, ClientID: googleClient}
	command.User = "luc"
	w.must(command.link(t.Context(), d))
	if !strings.HasPrefix(string(shown.text()), "luc is linked to ") {
		t.Errorf("printed %q", shown.text())
	}
	link, err := d.linkOf(t.Context(), "luc")
	w.must(err)
	w.google.Accounts.RevokeAll(annasAccount)
	w.google.Accounts.ExpireAccess()
	if view := w.sync(link.ID); !view.SignInAgain {
		t.Errorf("revoked: %v", view.States)
	}
	again := linkSignInCommand{}
	again.User = "luc"
	d.env.stdin = personAtTerminal{said, func(string) string { return "what is no address" }}
	w.wantCode("nonsense pasted", again.signInAgain(t.Context(), d), "oauth.no_code")
	d.env.stdin = env.stdin
	w.must(again.signInAgain(t.Context(), d))
	if view := w.sync(link.ID); view.States[0] != crm.LinkActive {
		t.Errorf("signed in again: %v", view.States)
	}
	if text := string(said.text()) + string(shown.text()); strings.Contains(text, googleSecret) || strings.Contains(text, "access-") {
		t.Error("a secret was printed")
	}
}
