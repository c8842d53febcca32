package web

import (
	"context"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/web/browsertest"
)

// codeGranter is an authorisation server that offers codes only; answered says that the person has allowed access.
type codeGranter struct {
	service.Granter
	now      func() time.Time
	answered chan struct{}
}

func (codeGranter) Provider(_ context.Context, _ crm.LinkKind, typed service.OAuthInput, _ service.LinkTLS) (service.OAuthServer, error) {
	return service.OAuthServer{OAuthInput: typed}, nil
}

func (g codeGranter) AskDevice(context.Context, service.OAuthServer) (service.AskedDevice, error) {
	return service.AskedDevice{Code: "WDJB-MJHT", Address: "https://accounts.example/device", Complete: "https://accounts.example/device?user_code=WDJB-MJHT", Question: []byte("{}"), ExpiresAt: g.now().Add(10 * time.Minute)}, nil
}

func (g codeGranter) RedeemDevice(context.Context, service.OAuthServer, []byte) (service.Granted, *service.AskedDevice, error) {
	select {
	case <-g.answered:
		return service.Granted{Grant: []byte(`{"access_token":"canary"}`), GrantedAt: g.now()}, nil, nil
	default:
		return service.Granted{}, &service.AskedDevice{Question: []byte("{}")}, nil
	}
}

// coded is a world whose authorisation server offers codes, and a browser at the page with one.
func coded(t *testing.T) (*world, codeGranter, string) {
	t.Helper()
	w := newWorld(t)
	g := codeGranter{now: w.clock.now, answered: make(chan struct{})}
	w.Service.Grants = g
	w.testedBy(&scriptedTester{}, nil, nil, nil)
	b := w.browse(w.an)
	kind := b.post("/links/new", url.Values{"user": {w.luc.User.ID.String()}})
	parameters := b.post(kind.path, url.Values{"kind": {"oauth2"}})
	parameters.shows(t, http.StatusOK, `<option value="device">`, `name="device_endpoint"`)
	draft := strings.TrimSuffix(parameters.path, "/parameters")
	page := b.post(draft+"/consent", url.Values{
		"address": {"https://calendars.example/"}, "username": {"luc"}, "client_id": {"agenda"}, "issuer": {"https://accounts.example"}, "redirect": {"device"},
	})
	page.shows(t, http.StatusOK, "WDJB-MJHT", `href="https://accounts.example/device?user_code=WDJB-MJHT"`, `data-poll="1"`)
	return w, g, draft
}

func TestDevice_without_script_goes_on_by_the_button(t *testing.T) {
	t.Parallel()
	w, g, draft := coded(t)
	b := w.browse(w.an)
	b.post(draft+"/device", nil).shows(t, http.StatusOK, "Er is nog geen antwoord", "WDJB-MJHT")
	close(g.answered)
	if signed := b.post(draft+"/device", nil); signed.path != draft+"/signed" {
		t.Errorf("after the answer: %s", signed.path)
	}
}

func TestDevice_goes_on_by_itself_in_a_browser(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	w, g, draft := coded(t)
	tab := b.Tab(1000, 900)
	tab.Cookie(w.server.URL, "who", "an")
	look := func(name string) {
		if pictures != "" {
			tab.Picture(filepath.Join(pictures, name+".png"))
		}
		for _, violation := range tab.Axe(root) {
			t.Errorf("%s: %s", name, violation)
		}
		if wide := tab.Wide(); len(wide) > 0 {
			t.Errorf("%s scrolls sideways: %v", name, wide)
		}
	}
	tab.Go(w.server.URL + draft + "/parameters")
	tab.Click("details.certificate > summary")
	look("grant-form-certificate")
	tab.Go(w.server.URL + draft + "/consent")
	look("grant-device")
	close(g.answered)
	tab.Wait(`location.pathname.endsWith("/signed")`)
	for _, line := range tab.Trouble() {
		t.Errorf("console: %s", line)
	}
}
