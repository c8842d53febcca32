package web

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"agendaonline/internal/auth"
)

// signInPage asks for login and password.
type signInPage struct {
	frame
	Login, Password input
	Notice          string // what brought the person here
	Next            string
	Languages       []languageLink
}

func (signInPage) view() string { return "sign_in" }

// languageLink changes the language of a page before sign-in.
type languageLink struct {
	Lang, Name, Path string
	Current          bool
}

func languageLinks(r *request, path string, keep url.Values) []languageLink {
	var links []languageLink
	for _, offered := range languageOptions("") {
		query := url.Values{"language": {offered.Value}}
		for key, values := range keep {
			query[key] = values
		}
		links = append(links, languageLink{offered.Value, offered.Text, path + "?" + query.Encode(), offered.Value == r.Lang})
	}
	return links
}

func showSignIn(s *site, w http.ResponseWriter, r *request) error {
	keepLanguage(w, r)
	if r.signedIn {
		return see(w, r, safeNext(r.URL.Query().Get("next")))
	}
	if s.FirstCode != nil {
		needed, err := s.Service.NeedsAdministrator(r.Context())
		if err != nil {
			return err
		}
		if needed {
			return see(w, r, firstPath)
		}
	}
	p := newSignInPage(r, "", r.URL.Query().Get("next"), "")
	switch {
	case r.URL.Query().Has("ended"):
		p.Notice = r.T("signin.ended")
	case p.Next != "":
		p.Notice = r.T("signin.expired")
	}
	return s.render(w, http.StatusOK, p)
}

func newSignInPage(r *request, login, next, problem string) signInPage {
	keep := url.Values{}
	if next != "" {
		keep.Set("next", next)
	}
	return signInPage{
		frame:     frame{words: r.words, Title: r.T("signin.title")},
		Login:     input{Name: "login", Label: r.T("signin.login"), Value: login, Autocomplete: "username"},
		Password:  input{Name: "password", Label: r.T("signin.password"), Type: "password", Autocomplete: "current-password", Problem: problem},
		Next:      next,
		Languages: languageLinks(r, signInPath, keep),
	}
}

func signIn(s *site, w http.ResponseWriter, r *request) error {
	if err := posted(r); err != nil {
		return err
	}
	login, next := r.PostForm.Get("login"), r.PostForm.Get("next")
	_, err := s.Identity.SignIn(r.Context(), login, r.PostForm.Get("password"), r.RemoteAddr)
	switch {
	case errors.Is(err, auth.ErrWrong):
		return s.render(w, http.StatusUnprocessableEntity, newSignInPage(r, login, next, r.T("signin.wrong")))
	case err != nil:
		sentence, throttled := r.throttled(w, err)
		if !throttled {
			return err
		}
		return s.render(w, http.StatusTooManyRequests, newSignInPage(r, login, next, sentence))
	}
	return see(w, r, safeNext(next))
}

// throttled is the sentence for a guess that came too soon, and tells the browser when to come again.
func (r *request) throttled(w http.ResponseWriter, err error) (string, bool) {
	throttled, is := errors.AsType[*auth.Throttled](err)
	if !is {
		return "", false
	}
	seconds := max(1, int(math.Ceil(throttled.RetryAfter.Seconds())))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return r.T("signin.throttled", "seconds", seconds), true
}

// safeNext is a page of this site to go to after signing in: an address that leads elsewhere is home.
func safeNext(next string) string {
	to, err := url.Parse(next)
	if err != nil || to.IsAbs() || to.Host != "" || to.User != nil || !strings.HasPrefix(to.Path, "/") || strings.HasPrefix(to.Path, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(to.Path, signInPath) {
		return homePath
	}
	return to.RequestURI()
}

func signOut(s *site, w http.ResponseWriter, r *request) error {
	if err := s.Identity.SignOut(r.Context()); err != nil {
		return err
	}
	return see(w, r, signInPath+"?ended=")
}
