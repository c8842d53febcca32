package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/sandbox/authserver"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// signIns are ways to sign in that fail, by the key of the sentence that says so.
var signIns = map[string]func(t *testing.T) error{
	"oauth.by_consent": func(t *testing.T) error {
		w := newGrantWorld(t)
		link := w.oauthLink()
		_, err := w.p.service.ChangeLink(t.Context(), w.admin, link.ID, link.Version, service.LinkInput{Address: w.base, Username: "anna"})
		return err
	},
	"oauth.client_refused": takes(func(w *grantWorld, in *service.LinkInput) { in.OAuth.ClientSecret = "another" }, nil),
	"oauth.denied": func(t *testing.T) error {
		w := newGrantWorld(t)
		return w.take(w.draft(w.oauthInput()), false, "calendar", nil)
	},
	"oauth.draft_gone": func(t *testing.T) error {
		w := newGrantWorld(t)
		_, err := w.p.service.CreateLink(t.Context(), w.admin, service.LinkInput{Draft: service.DraftRef{ID: crm.NewID[crm.Link](w.p.service.IDs), Binding: session}})
		return err
	},
	"oauth.endpoints": asks(func(_ *grantWorld, in *service.LinkInput) { in.OAuth.Issuer = "" }),
	"oauth.google_account": func(t *testing.T) error {
		w := newGrantWorld(t)
		in := w.googleInput()
		in.Username = "anna"
		return w.ask(in, loopbackRedirect)
	},
	"oauth.no_code": func(t *testing.T) error {
		w := newGrantWorld(t)
		w.draft(w.oauthInput())
		_, err := w.p.service.TakeAnswer(t.Context(), w.admin, session, "http://127.0.0.1:8765/")
		return err
	},
	"oauth.no_device": func(t *testing.T) error {
		w := newGrantWorld(t)
		return w.ask(w.googleInput(), service.OnAnotherDevice)
	},
	"oauth.no_refresh_token": takes(func(w *grantWorld, _ *service.LinkInput) {
		w.accounts.SetManners(func(m *authserver.Manners) { m.NoRefreshToken = true })
	}, nil),
	"oauth.not_allowed": asks(func(_ *grantWorld, in *service.LinkInput) { in.OAuth.Issuer = "https://127.0.0.1:1" }),
	"oauth.not_configured": asks(func(w *grantWorld, in *service.LinkInput) {
		in.OAuth.AuthorizationEndpoint, in.OAuth.TokenEndpoint = "ftp://sign-in.example", w.base+"/token"
	}),
	"oauth.not_signed_in": func(t *testing.T) error {
		w := newGrantWorld(t)
		draft := w.draft(w.oauthInput())
		_, err := w.p.service.CreateLink(t.Context(), w.admin, service.LinkInput{Draft: service.DraftRef{ID: draft.ID, Binding: session}})
		return err
	},
	"oauth.not_understood": asks(func(w *grantWorld, _ *service.LinkInput) {
		w.accounts.SetManners(func(m *authserver.Manners) { m.NoMetadata = true })
	}),
	"oauth.other_account": func(t *testing.T) error {
		w := newGrantWorld(t)
		draft, err := w.signedGoogle(lucsAccount, sandbox.GoogleScope)
		w.must(err)
		_, err = w.p.service.CreateLink(t.Context(), w.admin, service.LinkInput{Draft: service.DraftRef{ID: draft.ID, Binding: session}})
		return err
	},
	"oauth.redirect": func(t *testing.T) error { // the pages offer addresses that can be right only
		w := newGrantWorld(t)
		_, token, err := w.p.service.CreateToken(t.Context(), w.admin, service.TokenInput{Name: "redirect"})
		w.must(err)
		api := &tourCRM{address: w.at, token: token, client: http.DefaultClient}
		err = api.do(t.Context(), http.MethodPost, "/grants", 0, map[string]any{"user": w.admin.User.ID.String(), "kind": "google", "username": annasAccount, "redirect": "http://crm.example/back"}, nil)
		problem, is := errors.AsType[*apiProblem](err)
		if !is || len(problem.Errors) == 0 {
			return err
		}
		return crm.Problems{crm.NewProblem(problem.codes()[0], "redirect")}
	},
	"oauth.redirect_refused": takes(nil, func(answer url.Values) { answer.Set("error", "redirect_uri_mismatch") }),
	"oauth.request_refused":  takes(nil, func(answer url.Values) { answer.Set("error", "invalid_request") }),
	"oauth.scope_missing": func(t *testing.T) error {
		w := newGrantWorld(t)
		return w.take(w.draft(w.oauthInput()), true, "openid", nil)
	},
	"oauth.sign_in_again": takes(nil, func(answer url.Values) { answer.Set("code", "a-used-one") }),
	"oauth.state_unknown": takes(nil, func(answer url.Values) { answer.Set("state", "another-question") }),
	"oauth.style":         asks(func(_ *grantWorld, in *service.LinkInput) { in.OAuth.Style = "odd" }),
	"oauth.temporary": takes(func(w *grantWorld, _ *service.LinkInput) {
		w.accounts.SetManners(func(m *authserver.Manners) { m.Trouble = http.StatusServiceUnavailable })
	}, nil),
	"oauth.untrusted": func(t *testing.T) error {
		w := newGrantWorldBehind(t, store.Options{}, newCompany(t).serveAnybody(t))
		return w.ask(w.oauthInput(), "http://127.0.0.1:8765/")
	},
	"oauth.wrong_issuer": takes(nil, func(answer url.Values) { answer.Set("iss", "https://another.example") }),
	"app_password.not_offered": func(t *testing.T) error {
		w := newGrantWorld(t)
		_, _, err := w.p.service.AskAppPassword(t.Context(), w.admin, w.base, service.LinkTLS{})
		return err
	},
	"app_password.not_yet": func(t *testing.T) error {
		w := newGrantWorld(t)
		base, _ := nextcloudLogin(t, "")
		allow, err := outbound.Allow{}.With(strings.TrimPrefix(base, "http://"))
		w.must(err)
		w.p.service.AppPasswords = flowThrough(outbound.New(outbound.Config{Allow: allow}))
		_, question, err := w.p.service.AskAppPassword(t.Context(), w.admin, base+"/cloud", service.LinkTLS{})
		w.must(err)
		_, _, err = w.p.service.TakeAppPassword(t.Context(), w.admin, question, service.LinkTLS{})
		return err
	},
	"app_password.unreachable": func(t *testing.T) error {
		var server *httptest.Server
		w := newGrantWorldBehind(t, store.Options{}, func(accounts http.Handler) *httptest.Server {
			server = httptest.NewServer(accounts)
			t.Cleanup(server.Close)
			return server
		})
		server.Close()
		_, _, err := w.p.service.AskAppPassword(t.Context(), w.admin, w.base, service.LinkTLS{})
		return err
	},
}

func (w *grantWorld) ask(in service.LinkInput, redirect string) error {
	_, err := w.p.service.AskConsent(w.t.Context(), w.admin, session, in, redirect)
	return err
}

func (w *grantWorld) draft(in service.LinkInput) service.DraftView {
	w.t.Helper()
	draft, err := w.p.service.AskConsent(w.t.Context(), w.admin, session, in, "http://127.0.0.1:8765/")
	w.must(err)
	return draft
}

// take gives back what the authorisation server answered, with what change makes of it.
func (w *grantWorld) take(draft service.DraftView, allow bool, scope string, change func(url.Values)) error {
	w.t.Helper()
	landed, err := url.Parse(answered(w.t, w.accounts, draft, "luc", scope, allow))
	w.must(err)
	if change != nil {
		query := landed.Query()
		change(query)
		landed.RawQuery = query.Encode()
	}
	_, err = w.p.service.TakeAnswer(w.t.Context(), w.admin, session, landed.String())
	return err
}

// asks is a question that cannot be asked, for what was typed.
func asks(change func(*grantWorld, *service.LinkInput)) func(*testing.T) error {
	return func(t *testing.T) error {
		w := newGrantWorld(t)
		in := w.oauthInput()
		change(w, &in)
		return w.ask(in, "http://127.0.0.1:8765/")
	}
}

// takes is an answer that leads to no grant: for what was typed, or for what came back with the browser.
func takes(typed func(*grantWorld, *service.LinkInput), came func(url.Values)) func(*testing.T) error {
	return func(t *testing.T) error {
		w := newGrantWorld(t)
		in := w.oauthInput()
		if typed != nil {
			typed(w, &in)
		}
		return w.take(w.draft(in), true, "calendar", came)
	}
}

// Each sentence about signing in at a provider is provoked here, through the whole program.
func TestSignIn_every_sentence_is_provoked(t *testing.T) {
	for code, provoke := range signIns {
		t.Run(code, func(t *testing.T) {
			began := time.Now()
			if err := provoke(t); codeOf(err) != code {
				t.Errorf("got %v after %v, want %s", err, time.Since(began), code)
			}
		})
	}
}

var signInRow = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([^|]+) \\| ([^|]+) \\|$")

// The administrator's page has each of them once, as the program says it, with the condition that provokes it.
func TestSignIn_the_page_has_every_sentence_with_its_condition(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/administrators/sign-in.md")
	if err != nil {
		t.Fatal(err)
	}
	sentences := map[string]string{}
	files, err := filepath.Glob("../../internal/i18n/messages/*.en.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &sentences); err != nil {
			t.Fatal(err)
		}
	}
	told := map[string]int{}
	for _, row := range signInRow.FindAllStringSubmatch(string(page), -1) {
		told[row[1]]++
		if row[3] != sentences[row[1]] {
			t.Errorf("%s: the page has %q, the program says %q", row[1], row[3], sentences[row[1]])
		}
	}
	for key := range sentences {
		if _, provoked := signIns[key]; strings.HasPrefix(key, "oauth.") && !provoked {
			t.Errorf("%s is provoked by no test", key)
		}
	}
	for code := range signIns {
		if told[code] != 1 {
			t.Errorf("%s is told %d times, want once", code, told[code])
		}
	}
}
