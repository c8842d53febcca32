package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/sandbox/authserver"
	"agendaonline/internal/service"
)

// visitor is a browser without JavaScript at the pages of the program, signed in.
type visitor struct {
	w      *grantWorld
	base   string
	client *http.Client
	body   string // of the last page
	at     *url.URL
}

// pages opens a browser that calls the machine host, and signs a user in.
func (w *grantWorld) pages(host, login string) *visitor {
	w.t.Helper()
	return w.visit(strings.Replace(w.at, "127.0.0.1", host, 1), login)
}

func (w *grantWorld) visit(base, login string) *visitor {
	w.t.Helper()
	return w.visitAs(base, login, "long enough to be one")
}

func (w *grantWorld) visitAs(base, login, password string) *visitor {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	v := &visitor{w: w, base: base, client: &http.Client{Jar: jar}}
	v.post("/sign-in", "login", login, "password", password)
	return v
}

func (v *visitor) get(address string) int {
	v.w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = v.base + address
	}
	return v.answer(v.client.Get(address))
}

func (v *visitor) post(path string, pairs ...string) int {
	v.w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	request, err := http.NewRequestWithContext(v.w.t.Context(), http.MethodPost, v.base+path, strings.NewReader(form.Encode()))
	v.w.must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.answer(v.client.Do(request))
}

func (v *visitor) answer(response *http.Response, err error) int {
	v.w.t.Helper()
	v.w.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	v.w.must(err)
	v.body, v.at = string(body), response.Request.URL
	if strings.Contains(v.body, googleSecret) || strings.Contains(v.body, demoClientSecret) || strings.Contains(v.body, "canary-generic-secret") || strings.Contains(v.body, "access-") || strings.Contains(v.body, "refresh-") {
		v.w.t.Errorf("%s shows a secret", response.Request.URL.Path)
	}
	return response.StatusCode
}

// shows fails the test where the last page lacks a text.
func (v *visitor) shows(text string) {
	v.w.t.Helper()
	if !strings.Contains(v.body, text) {
		v.w.t.Fatalf("%s does not show %q:\n%s", v.at, text, v.body)
	}
}

// found is the first group of a pattern in the last page.
func (v *visitor) found(pattern string) string {
	v.w.t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(v.body)
	if match == nil {
		v.w.t.Fatalf("%s has no %s:\n%s", v.at, pattern, v.body)
	}
	return strings.ReplaceAll(match[1], "&amp;", "&")
}

// asked is where the person lands who answers the question that the page leads to.
func (v *visitor) asked(accounts *authserver.Server, person, scope string) string {
	v.w.t.Helper()
	ask, err := url.Parse(v.found(`class="button primary" href="([^"]+)"`))
	v.w.must(err)
	return accounts.Answer(ask.Query(), person, scope, true)
}

// begin goes to the parameters of a new link of a user, of a kind, and returns the path of its draft.
func (v *visitor) begin(user service.Caller, kind crm.LinkKind) string {
	v.w.t.Helper()
	v.get("/links/new")
	v.post("/links/new", "user", user.User.ID.String())
	draft := strings.TrimSuffix(v.at.Path, "/kind")
	v.shows(`value="google"`)
	v.post(draft+"/kind", "kind", string(kind))
	return draft
}

// finish tests, looks at the plan and saves.
func (v *visitor) finish(draft string) crm.LinkID {
	v.w.t.Helper()
	if !strings.HasSuffix(v.at.Path, "/signed") {
		v.w.t.Fatalf("got to %s, want the page after the sign-in:\n%s", v.at, v.body)
	}
	v.post(draft+"/test", "signed", "yes", "test_write", "yes")
	v.shows(draft + "/shown")
	v.post(draft+"/shown", "shown", "full")
	v.post(draft + "/save")
	id, err := crm.ParseID[crm.Link](strings.TrimPrefix(v.at.Path, "/links/"))
	if err != nil {
		v.w.t.Fatalf("saved, and got to %s:\n%s", v.at, v.body)
	}
	return id
}

func TestPages_google_is_linked_by_pasting_back(t *testing.T) {
	w := newGrantWorld(t)
	v := w.pages("localhost", "admin")
	draft := v.begin(w.admin, crm.LinkGoogle)
	v.post(draft+"/consent", "username", annasAccount, "client_id", googleClient, "client_secret", googleSecret)
	v.shows("name=\"answer\"")
	landed := v.asked(w.google.Accounts, annasAccount, sandbox.GoogleScope)
	if v.post(draft+"/answer", "answer", "http://127.0.0.1/nothing"); !strings.Contains(v.body, "code=") || !strings.HasPrefix(landed, "http://127.0.0.1:") {
		t.Errorf("what is no answer: got\n%s", v.body)
	}
	v.post(draft+"/answer", "answer", "  "+landed+" \n")
	id := v.finish(draft)
	w.action(w.admin, "Bezoek")
	w.sync(id)
	items, err := w.google.Calendar.Human(annasAccount, "phone").Items(annasAccount)
	if err != nil || len(items) != 1 {
		t.Errorf("the calendar has %v, %v", items, err)
	}
	v.post(draft+"/answer", "answer", landed)
	if v.get("/links/" + id.String()); !strings.Contains(v.body, "Google") {
		t.Errorf("the link's page:\n%s", v.body)
	}

	t.Log("ended, and the grant with it")
	view := w.sync(id)
	v.post("/links/"+id.String()+"/end", "version", "1")
	if _, err := w.p.service.Link(t.Context(), w.admin, id); err == nil || w.google.Accounts.LiveGrants(annasAccount) != 0 {
		t.Errorf("the link %v is there: %v; %d grants live", view.ID, err, w.google.Accounts.LiveGrants(annasAccount))
	}
	v.shows("ingetrokken")
}

func TestPages_oauth_comes_back_to_the_session_that_asked_only(t *testing.T) {
	w := newGrantWorld(t)
	v := w.pages("127.0.0.1", "admin")
	callback := v.base + "/oauth/callback"
	w.accounts.Register(authserver.Registration{ID: "agenda", Secret: "canary-generic-secret", Redirects: []string{callback}})
	draft := v.begin(w.luc, crm.LinkOAuth)
	v.post(draft+"/consent", "address", w.base, "username", "luc", "plain_http", "yes", "issuer", w.base, "client_id", "agenda", "client_secret", "canary-generic-secret", "scopes", "calendar", "redirect", "local")
	landed := v.asked(w.accounts, "luc", "calendar")
	if !strings.HasPrefix(landed, callback+"?") {
		t.Fatalf("the answer goes to %s", landed)
	}
	for name, other := range map[string]*visitor{"another user": w.visit(v.base, "luc"), "the same user in another browser": w.visit(v.base, "admin")} {
		if status := other.get(landed); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got status %d", name, status)
		}
	}
	stranger := &visitor{w: w, base: v.base, client: &http.Client{}}
	if status := stranger.get(landed); status != http.StatusUnprocessableEntity {
		t.Errorf("nobody: got status %d", status)
	}
	if requests := w.accounts.Requests()["token:authorization_code"]; requests != 0 {
		t.Errorf("the code was sent %d times for others", requests)
	}
	v.get(landed)
	id := v.finish(draft)
	if status := v.get(landed); status != http.StatusUnprocessableEntity {
		t.Errorf("the same answer again: got status %d", status)
	}
	w.action(w.luc, "Réunion")
	w.sync(id)

	t.Log("revoked there: its own user signs in again with one form, and the work goes on")
	w.accounts.RevokeAll("luc")
	w.action(w.luc, "Deuxième")
	if view := w.sync(id); view.States[0] != crm.LinkSignInAgain || view.WhySignIn != service.ReasonGrantGone || view.Pending == 0 {
		t.Errorf("the link is %v, %s, %d wait", view.States, view.WhySignIn, view.Pending)
	}
	luc := w.visit(v.base, "luc")
	luc.get("/actions")
	luc.shows("banner signin")
	luc.get("/links/" + id.String())
	luc.shows("/links/" + id.String() + "/sign-in")
	luc.post("/links/"+id.String()+"/sign-in", "redirect", "local")
	luc.get(luc.asked(w.accounts, "luc", "calendar"))
	if luc.at.Path != "/links/"+id.String() {
		t.Fatalf("got to %s:\n%s", luc.at, luc.body)
	}
	if view := w.sync(id); view.States[0] != crm.LinkActive || view.Pending != 0 {
		t.Errorf("signed in again: %v, %d wait", view.States, view.Pending)
	}
	if items, _ := w.box.Human("luc", "phone").Items("work"); len(items) != 2 {
		t.Errorf("the calendar has %d events, want 2", len(items))
	}

	t.Log("somebody else's account is not taken, and the link stays as it is")
	luc.post("/links/"+id.String()+"/sign-in", "redirect", "local")
	luc.get(luc.asked(w.accounts, "anna", "calendar"))
	if luc.at.Path != "/oauth/callback" || w.accounts.LiveGrants("anna") != 0 {
		t.Errorf("another account: got to %s, %d of its grants live:\n%s", luc.at, w.accounts.LiveGrants("anna"), luc.body)
	}
	if view := w.sync(id); view.States[0] != crm.LinkActive {
		t.Errorf("afterwards: %v", view.States)
	}
}
