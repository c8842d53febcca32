package main

import (
	"io"
	"net/url"
	"strings"
	"testing"

	"agendaonline/internal/crm"
)

func TestDemo_plays_a_provider_that_can_be_linked_by_what_it_prints(t *testing.T) {
	for _, provider := range []string{demoGoogle, demoOAuth} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			d, err := startDemo(t.Context(), demoOptions{dir: t.TempDir(), listen: "127.0.0.1:0", calendarListen: "127.0.0.1:0", provider: provider, talk: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := d.stop(); err != nil {
					t.Error(err)
				}
			})
			anna := d.callers[demoPeople[0].login]
			w := &grantWorld{t: t}
			v := w.visitAs(d.address(), demoPeople[0].login, d.state.Passwords[demoPeople[0].login])
			welcome := d.welcome()
			kind, fields := crm.LinkGoogle, []string{"username", demoPeople[0].email, "client_id", demoClient, "client_secret", demoClientSecret}
			if provider == demoOAuth {
				base := "http://" + loopback(d.calendarListener.Addr())
				kind = crm.LinkOAuth
				fields = append(fields, "address", base+"/", "issuer", base, "scopes", demoScope, "plain_http", "yes", "redirect", "local")
			}
			for i := 1; i < len(fields); i += 2 {
				if value := fields[i]; value != "yes" && value != "local" && !strings.Contains(welcome, value) {
					t.Errorf("the demo does not print %q:\n%s", value, welcome)
				}
			}
			draft := v.begin(anna, kind)
			v.post(draft+"/consent", fields...)
			ask, err := url.Parse(v.found(`class="button primary" href="([^"]+)"`))
			if err != nil {
				t.Fatal(err)
			}
			form := []string{"person", demoPeople[0].email, "answer", "allow", "granted", ask.Query().Get("scope")}
			for name := range ask.Query() {
				form = append(form, name, ask.Query().Get(name))
			}
			pages := v.base
			v.base = ask.Scheme + "://" + ask.Host
			v.post(ask.Path, form...) // and back, by redirects
			v.base = pages
			id := v.finish(draft)
			ticket, err := d.program.service.OpenActions(t.Context(), anna, nil)
			if err == nil {
				err = ticket.Wait(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			view, err := d.program.service.Link(t.Context(), anna, id)
			if err != nil || view.States[0] != crm.LinkActive || view.Pending != 0 || view.Actions < 3 {
				t.Errorf("the link is %v with %d actions, %d wait: %v", view.States, view.Actions, view.Pending, err)
			}
		})
	}
}
