package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/outbound"
	"agendaonline/internal/service"
)

// ownCloudBearer answers as ownCloud 10.11.0 with its oauth2 app 0.5.3 does to a good access token: it names a principal that is
// not there, and knows nothing else.
func ownCloudBearer(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		w.Header().Add("WWW-Authenticate", `Bearer realm="ownCloud"`)
		w.Header().Add("WWW-Authenticate", `Basic realm="ownCloud", charset="UTF-8"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	if r.Method == "PROPFIND" && strings.TrimSuffix(r.URL.Path, "/") == "/remote.php/dav" {
		w.WriteHeader(http.StatusMultiStatus)
		fmt.Fprint(w, `<?xml version="1.0"?><d:multistatus xmlns:d="DAV:"><d:response><d:href>/remote.php/dav/</d:href><d:propstat><d:prop>`+
			`<d:resourcetype><d:collection/></d:resourcetype><d:current-user-principal><d:href>/remote.php/dav/principals/luc/</d:href></d:current-user-principal>`+
			`</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`)
		return
	}
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, `<?xml version="1.0" encoding="utf-8"?><d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:exception>Sabre\DAV\Exception\NotFound</s:exception>`+
		`<s:message>File not found: luc in 'principals'</s:message></d:error>`)
}

func TestOAuth_tokens_of_owncloud_cannot_open_calendars_and_the_test_says_so(t *testing.T) {
	w := newGrantWorld(t)
	server := httptest.NewServer(http.HandlerFunc(ownCloudBearer))
	t.Cleanup(server.Close)
	allow, err := outbound.Allow{}.With(strings.TrimPrefix(w.base, "http://"), strings.TrimPrefix(server.URL, "http://"))
	w.must(err)
	config := w.p.programConfig
	config.Allow = allow
	p, err := openProgram(t.Context(), config)
	w.must(err)
	t.Cleanup(func() { w.must(p.close()) })
	in := w.oauthInput()
	in.Address = server.URL + "/remote.php/dav/"
	asked, err := p.service.AskConsent(t.Context(), w.admin, session, in, "http://127.0.0.1:8765/")
	w.must(err)
	_, err = p.service.TakeAnswer(t.Context(), w.admin, session, answered(t, w.accounts, asked, "luc", "calendar", true))
	w.must(err)
	input := service.LinkInput{Draft: service.DraftRef{ID: asked.ID, Binding: session}}
	verdict, err := p.service.TestLink(t.Context(), w.admin, input, func(service.TestStep) {})
	w.must(err)
	if verdict.Outcome != service.DoesNotWork || verdict.Code != "check.grant_no_caldav" {
		t.Errorf("the verdict is %s, %s %v", verdict.Outcome, verdict.Code, verdict.Params)
	}
	if _, err := p.service.CreateLink(t.Context(), w.admin, input); codeOf(err) != "check.grant_no_caldav" {
		t.Errorf("saved: %v", err)
	}
	if views, _ := p.service.Links(t.Context(), w.admin); len(views) != 0 {
		t.Errorf("%d links, want none of kind %s", len(views), crm.LinkOAuth)
	}
}
