package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

func TestSignIn_in_every_language(t *testing.T) {
	t.Parallel()
	w, _ := newDoorWorld(t)
	for _, c := range []struct{ lang, title, wrong string }{
		{"nl", "Aanmelden", "Identificatie of wachtwoord is onjuist."},
		{"fr", "Connexion", "Identifiant ou mot de passe incorrect."},
		{"en", "Sign in", "Username or password is wrong."},
	} {
		b := w.browse(service.Caller{})
		b.get("/sign-in?language="+c.lang).shows(t, http.StatusOK, `<html lang="`+c.lang+`"`, "<h1>"+c.title+"</h1>", `autocomplete="current-password"`)
		b.get("/sign-in").shows(t, http.StatusOK, "<h1>"+c.title+"</h1>") // the language stays
		wrong := b.signIn("luc", "wrong")
		wrong.shows(t, http.StatusUnprocessableEntity, c.wrong, `aria-invalid="true"`, `value="luc"`)
		wrong.hides(t, `value="wrong"`)
		home := b.signIn("LUC ", doorPassword)
		home.shows(t, http.StatusOK, `<html lang="fr"`, "Luc Dubois")
		if home.path != "/" {
			t.Errorf("signed in, and sent to %s", home.path)
		}
	}
}

func TestS24_a_throttled_sign_in_says_when_to_come_again(t *testing.T) {
	t.Parallel()
	w, _ := newDoorWorld(t)
	var answers []string
	for _, login := range []string{"luc", "nobody"} {
		b := w.browse(service.Caller{})
		for range 10 {
			b.signIn(login, "wrong").shows(t, http.StatusUnprocessableEntity)
		}
		throttled := b.signIn(login, doorPassword)
		throttled.shows(t, http.StatusTooManyRequests, "There were too many attempts. Wait ")
		if throttled.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		answers = append(answers, strings.ReplaceAll(throttled.body, login, "LOGIN"))
	}
	if answers[0] != answers[1] {
		t.Errorf("the answers tell who exists:\n%s\n%s", answers[0], answers[1])
	}
}

func TestS23_the_session_changes_with_signing_in_and_ends_with_signing_out(t *testing.T) {
	t.Parallel()
	w, _ := newDoorWorld(t)
	b := w.browse(service.Caller{})
	b.signIn("luc", doorPassword)
	first := b.cookies()[0].Value
	b.signIn("luc", doorPassword)
	if second := b.cookies()[0].Value; second == first {
		t.Error("the cookie stayed when signing in again")
	}
	b.get("/account").shows(t, http.StatusOK, "Mon compte")
	b.post("/sign-out", nil).shows(t, http.StatusOK, "You are signed out.")
	if answer := b.get("/account"); !strings.HasPrefix(answer.path, "/sign-in?next=") {
		t.Errorf("after signing out: %s", answer.path)
	}
}

func TestSignIn_goes_on_to_where_the_person_wanted_to_be(t *testing.T) {
	t.Parallel()
	w, _ := newDoorWorld(t)
	b := w.browse(service.Caller{})
	asked := b.get("/account/tokens?done=x")
	asked.shows(t, http.StatusOK, `name="next" value="/account/tokens?done=x"`, "Sign in to go on.")
	answer := b.post("/sign-in", url.Values{"login": {"tom"}, "password": {doorPassword}, "next": {"/account/tokens?done=x"}})
	answer.shows(t, http.StatusOK, "API tokens")
	if answer.path != "/account/tokens?done=x" {
		t.Errorf("sent to %s", answer.path)
	}
	for next, want := range map[string]string{
		"/links/1?x=%20y": "/links/1?x=%20y", "": "/", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/", "/%2f/evil": "/", "javascript:alert(1)": "/",
		"evil": "/", "/sign-in?next=/sign-in": "/", "/\r\nSet-Cookie: x=y": "/", "http:/evil": "/",
	} {
		if got := safeNext(next); got != want && got != next || strings.HasPrefix(got, "//") || got == next && want != next {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

// S23: everything that a form can do is refused when another site sends it, and nothing changes.
func TestS23_forms_of_another_site_change_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	b := w.browse(w.an)
	before := w.everything()
	for _, route := range Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		path := strings.NewReplacer("{id}", link.ID.String(), "{token}", link.ID.String(), "{change}", link.ID.String()).Replace(route.Pattern)
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			form := url.Values{"version": {"1"}, "user": {w.tom.User.ID.String()}, "login": {"an"}, "password": {"long enough"}, "name": {"x"}, "language": {"en"}, "time_zone": {"UTC"}}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+path, strings.NewReader(form.Encode()))
			w.must(err)
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set(header, value)
			response, err := b.client.Do(request)
			if answer := b.answer(response, err); answer.status != http.StatusForbidden {
				t.Errorf("%s with %s %s: %d", path, header, value, answer.status)
			}
		}
	}
	if after := w.everything(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// everything says what the administrators' pages could have changed.
func (w *world) everything() string {
	w.t.Helper()
	var text strings.Builder
	users, err := w.Users(w.t.Context(), w.an)
	w.must(err)
	links, err := w.Links(w.t.Context(), w.an)
	w.must(err)
	settings, err := w.Settings(w.t.Context(), w.an)
	w.must(err)
	for _, user := range users {
		text.WriteString(user.Login + " " + user.Name + " " + string(user.Language) + "\n")
	}
	for _, link := range links {
		text.WriteString(link.ID.String() + " " + string(link.States[0]) + "\n")
	}
	text.WriteString(settings.TimeZone)
	return text.String()
}

func TestAccount_a_new_password_ends_the_other_sessions(t *testing.T) {
	t.Parallel()
	w, _ := newDoorWorld(t)
	here, elsewhere := w.browse(service.Caller{}), w.browse(service.Caller{})
	here.signIn("tom", doorPassword)
	elsewhere.signIn("tom", doorPassword)
	here.post("/account/password", url.Values{"present": {"guess"}, "password": {"battery staple"}}).shows(t, http.StatusUnprocessableEntity, "This is not your current password.")
	here.post("/account/password", url.Values{"present": {doorPassword}, "password": {"short"}}).shows(t, http.StatusUnprocessableEntity, "This password is too short.")
	elsewhere.get("/account").shows(t, http.StatusOK, "My account")
	here.post("/account/password", url.Values{"present": {doorPassword}, "password": {"battery staple"}}).shows(t, http.StatusOK, "Your password was changed.")
	here.get("/account").shows(t, http.StatusOK, "My account")
	if answer := elsewhere.get("/account"); !strings.HasPrefix(answer.path, "/sign-in") {
		t.Errorf("elsewhere: %s", answer.path)
	}
	elsewhere.signIn("tom", doorPassword).shows(t, http.StatusUnprocessableEntity)
	elsewhere.signIn("tom", "battery staple").shows(t, http.StatusOK, "Tom Baker")
}

func TestS24_guessing_the_present_password_is_throttled(t *testing.T) {
	t.Parallel()
	w, _ := newDoorWorld(t)
	b := w.browse(service.Caller{})
	b.signIn("tom", doorPassword)
	guess := url.Values{"present": {"guess"}, "password": {"battery staple"}}
	for range 10 {
		b.post("/account/password", guess).shows(t, http.StatusUnprocessableEntity)
	}
	guess.Set("present", doorPassword)
	b.post("/account/password", guess).shows(t, http.StatusTooManyRequests, "There were too many attempts.")
}

func TestAccount_language_and_zone_are_ones_own(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.tom)
	form := url.Values{"version": {"1"}, "language": {"fr"}, "time_zone": {"Mars/Olympus"}, "role": {"administrator"}, "name": {"The boss"}}
	b.post("/account", form).shows(t, http.StatusUnprocessableEntity, "The time zone “Mars/Olympus” is not known.", `value="Mars/Olympus"`)
	form.Set("time_zone", "Europe/Lisbon")
	b.post("/account", form).shows(t, http.StatusOK, `<html lang="fr"`, "Vos préférences sont enregistrées.", "Europe/Lisbon")
	user, err := w.User(t.Context(), w.an, w.tom.User.ID)
	w.must(err)
	if user.Role != crm.RoleUser || user.Name != "Tom Baker" { // S22: what is not on the form is not taken from it
		t.Errorf("got %+v", user)
	}
	b.post("/account", form).shows(t, http.StatusConflict)
}

func TestUser_deactivating_ends_the_session_and_pauses_the_link(t *testing.T) {
	t.Parallel()
	w, _ := newDoorWorld(t)
	w.link(w.luc)
	boss, luc := w.browse(service.Caller{}), w.browse(service.Caller{})
	boss.signIn("an", doorPassword)
	luc.signIn("luc", doorPassword)
	form := url.Values{"version": {"1"}, "login": {"luc"}, "name": {"Luc Dubois"}, "language": {"fr"}, "time_zone": {"Europe/Brussels"}, "role": {"user"}}
	boss.post("/users/"+w.luc.User.ID.String(), form).shows(t, http.StatusOK, "De gebruiker is bewaard.", "Uitgeschakeld", "Gepauzeerd")
	if answer := luc.get("/account"); !strings.HasPrefix(answer.path, "/sign-in") {
		t.Errorf("signed in still: %s", answer.path)
	}
	luc.signIn("luc", doorPassword).shows(t, http.StatusUnprocessableEntity)
}

func TestS44_only_the_code_makes_the_first_administrator(t *testing.T) {
	t.Parallel()
	w, code := newDoorWorld(t)
	w.browse(service.Caller{}).get("/first-administrator").shows(t, http.StatusNotFound) // there is one
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		an := w.an.User
		an.Role = crm.RoleUser
		return tx.UpdateUser(an, 1)
	}))
	passerBy := w.browse(service.Caller{})
	page := passerBy.get("/sign-in?language=nl")
	if page = passerBy.get("/sign-in"); page.path != "/first-administrator" {
		t.Fatalf("sent to %s", page.path)
	}
	page.shows(t, http.StatusOK, "Eerste beheerder", "Eenmalige code")
	page.hides(t, code.String())
	form := url.Values{"code": {"BCDF-BCDF-BCDF-BCDF"}, "name": {"Mallory"}, "login": {"mallory"}, "password": {"long enough"}, "language": {"nl"}, "time_zone": {"Europe/Brussels"}}
	passerBy.post("/first-administrator", form).shows(t, http.StatusUnprocessableEntity, "Deze code is niet de juiste")

	operator := w.browse(service.Caller{})
	form.Set("code", strings.ToLower(code.String()))
	form.Set("password", "short")
	operator.post("/first-administrator", form).shows(t, http.StatusUnprocessableEntity, "This password is too short.")
	form.Set("login", "boss")
	form.Set("password", "long enough")
	operator.post("/first-administrator", form).shows(t, http.StatusOK, "CRM-parameters", "Mallory")
	form.Set("login", "second")
	passerBy.post("/first-administrator", form).shows(t, http.StatusNotFound)
	passerBy.get("/first-administrator").shows(t, http.StatusNotFound)
	passerBy.get("/sign-in").shows(t, http.StatusOK, "Aanmelden")
	passerBy.signIn("boss", "long enough").shows(t, http.StatusOK, "Mallory")
}

func TestToken_is_shown_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse(w.luc)
	b.post("/account/tokens", url.Values{"name": {""}, "expires_at": {"32/13/2027"}}).shows(t, http.StatusUnprocessableEntity, "Ce n’est pas une date.")
	b.post("/account/tokens", url.Values{"name": {""}, "expires_at": {"01/01/2020"}}).shows(t, http.StatusUnprocessableEntity, i18n.T("fr", service.CodeTokenExpired, nil), i18n.T("fr", service.CodeMissing, nil))
	made := b.post("/account/tokens", url.Values{"name": {"Compta"}, "expires_at": {"31/12/2027"}})
	made.shows(t, http.StatusOK, "il ne sera plus jamais affiché", service.TokenPrefix, "31 décembre 2027", "valable")
	listed := b.get("/account/tokens")
	listed.shows(t, http.StatusOK, "Compta")
	listed.hides(t, service.TokenPrefix)

	tokens, err := w.Tokens(t.Context(), w.luc, w.luc.User.ID)
	w.must(err)
	path := "/users/" + w.luc.User.ID.String() + "/tokens"
	boss := w.browse(w.an)
	boss.get(path).shows(t, http.StatusOK, "API-tokens van Luc Dubois", "Compta")
	boss.get(path).hides(t, `action="/account/tokens"`)
	w.browse(w.tom).post("/account/tokens/"+tokens[0].ID.String()+"/revoke", nil).shows(t, http.StatusNotFound)
	boss.post(path+"/"+tokens[0].ID.String()+"/revoke", nil).shows(t, http.StatusOK, "Het token is ingetrokken", "ingetrokken")
}
