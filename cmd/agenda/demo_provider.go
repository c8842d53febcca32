package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"agendaonline/internal/sandbox"
	"agendaonline/internal/sandbox/authserver"
)

// The providers that a demo plays, for linking a calendar by signing in at them.
const (
	demoGoogle = "google"
	demoOAuth  = "oauth"
)

// What is registered at the demo's authorisation server, and its second account: for trying who else may sign in.
const (
	demoClient       = "agenda-demo.apps.googleusercontent.com"
	demoClientSecret = "GOCSPX-agenda-demo"
	demoOtherAccount = "bruno@example.com"
	demoScope        = "calendar"
)

// openProvider starts a calendar server that takes access tokens, with the authorisation server that gives them, at the address of
// the built-in calendar. Nobody's calendar is linked: that is what is tried. What was granted ends when the demo stops.
func (d *demo) openProvider() (err error) {
	base := "http://" + loopback(d.calendarListener.Addr())
	dir := filepath.Join(d.dir, "calendar")
	anna := demoPeople[0]
	people := []sandbox.User{{Name: anna.email, DisplayName: "Agenda van Anna"}, {Name: demoOtherAccount, DisplayName: "Bruno"}}
	manners := authserver.Manners{Rotates: true, ReuseKills: true, ExpiresIn: "3600"}
	if d.provider == demoGoogle {
		manners = sandbox.GoogleAccounts()
	}
	accounts := authserver.New(base, manners, time.Now, rand.Reader, anna.email, demoOtherAccount)
	// Where the CRM is reached from the machine itself; any other browser pastes the address back.
	accounts.Register(authserver.Registration{ID: demoClient, Secret: demoClientSecret, Loopback: true})
	options := sandbox.Options{LogLimit: 1000}
	if d.provider == demoGoogle {
		google, err := sandbox.OpenGoogle(dir, options, accounts, people...)
		if err != nil {
			return err
		}
		d.box, d.handler = google.Calendar, google
		d.google = googleAddresses{
			CalDAV: base + "/caldav/v2/", Authorization: base + "/o/oauth2/v2/auth", Token: base + "/token", Revocation: base + "/revoke", Issuer: base,
		}
	} else {
		options.Bearer = func(token string) (string, bool) {
			person, scope, ok := accounts.User(token)
			return person, ok && strings.Contains(" "+scope+" ", " "+demoScope+" ")
		}
		if d.box, err = sandbox.Open(dir, options); err != nil {
			return err
		}
		d.handler = sandbox.WithAccounts(accounts, d.box)
		for _, person := range people {
			person.Addresses = []string{person.Name}
			if err := d.box.SetUser(person); err != nil {
				return err
			}
			if err := d.box.SetCalendar(sandbox.Calendar{Owner: person.Name, Name: demoCalendar, DisplayName: person.DisplayName, Components: []string{"VEVENT"}}); err != nil {
				return err
			}
		}
	}
	if d.state.Filled {
		return nil
	}
	calendar := demoCalendar
	if d.provider == demoGoogle {
		calendar = anna.email
	}
	phone := d.box.Human(anna.email, "phone")
	for name, text := range demoEvents(demoToday()) {
		var refused *sandbox.Refused
		if _, err := phone.Put(calendar, name, text, "*"); err != nil && !errors.As(err, &refused) { // refused: it is there already
			return err
		}
	}
	return nil
}

// serving is what answers at the address of the calendar.
func (d *demo) serving() http.Handler {
	if d.handler != nil {
		return d.handler
	}
	return d.box
}

// providerWelcome says what to type in the wizard.
func (d *demo) providerWelcome() string {
	var text strings.Builder
	base := "http://" + loopback(d.calendarListener.Addr())
	anna := demoPeople[0]
	fmt.Fprintf(&text, "\nNo calendar is linked yet. Sign in as %s, open CRM parameters, the magnifier beside Online calendar (CalDAV), and add a link\nfor her of the kind ", anna.login)
	if d.provider == demoGoogle {
		fmt.Fprintf(&text, "Google, with\n\n  e-mail address  %s\n  client ID       %s\n  client secret   %s\n", anna.email, demoClient, demoClientSecret)
	} else {
		fmt.Fprintf(&text, "OAuth 2.0, with\n\n  address         %s/\n  user name       %s\n  client ID       %s\n  client secret   %s\n  issuer          %s\n  scopes          %s\n  http            ticked: the server is on this machine\n", base, anna.email, demoClient, demoClientSecret, base, demoScope)
	}
	if d.provider == demoOAuth {
		text.WriteString("\nThe return address None tries signing in on another device: a code is shown, and typed on any other page.\n")
	}
	fmt.Fprintf(&text, "\nThe sign-in page also offers %s: what happens when somebody else signs in can be tried too.\n", demoOtherAccount)
	fmt.Fprintf(&text, "What was granted ends when the demo stops; started again in its folder, the link asks to sign in again.\n\nEverything is in %s. Stop with Ctrl-C.\n", d.dir)
	return text.String()
}
