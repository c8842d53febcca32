package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/service"
)

type linkCommand struct {
	Add       linkAddCommand       `cmd:"" help:"Test a calendar and link it to a user."`
	Google    linkGoogleCommand    `cmd:"" help:"Link a Google calendar to a user, signing in with a browser anywhere."`
	SignIn    linkSignInCommand    `cmd:"" name:"sign-in" help:"Sign in again to a link whose permission has ended."`
	List      linkListCommand      `cmd:"" help:"Show all links with their states."`
	Test      linkTestCommand      `cmd:"" help:"Run the connection test of a link; it only reads."`
	Pause     linkPauseCommand     `cmd:"" help:"Send nothing to a calendar until the link is resumed; work waits."`
	Resume    linkResumeCommand    `cmd:"" help:"Go on with a paused link."`
	Show      linkShowCommand      `cmd:"" help:"Choose what others see of what comes from a calendar: all of it, or only when its user is busy."`
	Addresses linkAddressesCommand `cmd:"" help:"Add the addresses that make a meeting the user's own, or show them."`
	Remove    linkRemoveCommand    `cmd:"" help:"End a link; unless asked otherwise actions and events stay on both sides."`
}

// linkOfUser is a command about the link of one user.
type linkOfUser struct {
	administration
	User string `arg:"" help:"Login of the user whose link it is."`
}

type linkAddCommand struct {
	linkOfUser
	Address          string `arg:"" help:"Address of a server, a principal or a calendar, or an e-mail address."`
	Username         string `help:"Username for the calendar server." required:"" placeholder:"NAME"`
	Calendar         string `help:"Which calendar, when there are several: its address as agenda check lists it." placeholder:"URL"`
	PlainHTTP        bool   `name:"plain-http" help:"Send the password over http, where everybody on the way can read it."`
	ShowBusy         bool   `help:"Show others of what comes from the calendar only when its user is busy."`
	WithoutSyncToken bool   `help:"Link a calendar that offers no sync-token: slower, it is compared as a whole each time."`
	NoWrite          bool   `help:"Leave out the step of the test that writes an event and takes it away again."`
	certificateFiles
}

// Help says where the password comes from.
func (linkAddCommand) Help() string {
	return `The password of the calendar is read from AGENDA_PASSWORD, else asked for at the terminal, else read as one line of standard
input. The connection test runs first; a calendar that does not pass is not linked, and agenda check shows it step by step.

  agenda link add ann https://dav.example.com/ --username ann@example.com

The first sync starts at once where agenda serve runs; else agenda sync starts it.
Exit codes: 0 linked; 1 refused, nothing was saved.`
}

// Run tests and links.
func (c linkAddCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		user, err := d.user(c.User)
		if err != nil {
			return err
		}
		certificate, err := c.read()
		if err != nil {
			return err
		}
		password, err := env.secretFrom(passwordVariable, "Password of "+c.Username)
		if err != nil {
			return err
		}
		link, err := d.service.CreateLink(ctx, d.caller, service.LinkInput{
			User: user.ID, Address: c.Address, Username: c.Username, Password: password, PlainHTTP: c.PlainHTTP,
			WithoutSyncToken: c.WithoutSyncToken, ShownBusy: c.ShowBusy, Calendar: c.Calendar, TestWrite: !c.NoWrite, TLS: certificate,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			view, err := d.service.Link(ctx, d.caller, link.ID)
			if err != nil {
				return err
			}
			return printJSON(env.stdout, d.shownLink(view))
		}
		_, err = fmt.Fprintf(env.stdout, "%s is linked to %s.\n", user.Login, link.CalendarHref)
		return err
	})
}

// shownLink is a link in JSON.
type shownLink struct {
	ID            string          `json:"id"`
	User          string          `json:"user"`
	Address       string          `json:"address"`
	Calendar      string          `json:"calendar"`
	CalendarName  string          `json:"calendar_name"`
	Username      string          `json:"username"`
	ShownBusy     bool            `json:"shown_busy"` // others see only when its user is busy
	States        []crm.LinkState `json:"states"`
	Reason        string          `json:"reason,omitempty"` // why it fails, is paused or ends, in words
	Actions       int             `json:"actions"`
	Pending       int             `json:"pending"`
	Held          int             `json:"held"`
	SetAside      int             `json:"set_aside"`
	LastCheckedAt *time.Time      `json:"last_checked_at,omitempty"`
}

func (d *desk) shownLink(link service.LinkView) shownLink {
	return shownLink{
		link.ID.String(), d.login(link.User), link.Address, link.CalendarHref, link.CalendarName, link.Username, link.ShownBusy, link.States, d.why(link),
		link.Actions, link.Pending, link.Held, link.SetAside, instant(link.LastCheckedAt),
	}
}

type linkListCommand struct{ administration }

// Run shows the links.
func (c linkListCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		links, err := d.service.Links(ctx, d.caller)
		if err != nil {
			return err
		}
		if c.JSON {
			shown := make([]shownLink, len(links))
			for i, link := range links {
				shown[i] = d.shownLink(link)
			}
			return printJSON(env.stdout, shown)
		}
		var rows [][]string
		for _, link := range links {
			states := make([]string, len(link.States))
			for i, state := range link.States {
				states[i] = string(state)
			}
			rows = append(rows, []string{
				d.login(link.User), strings.Join(states, ","), strconv.Itoa(link.Actions), strconv.Itoa(link.Pending), strconv.Itoa(link.Held),
				strconv.Itoa(link.SetAside), moment(link.LastCheckedAt), link.CalendarHref, d.why(link),
			})
		}
		return printTable(env.stdout, "user state actions pending held set-aside checked calendar why", rows)
	})
}

type linkTestCommand struct{ linkOfUser }

// Help names the exit codes, which are those of agenda check.
func (linkTestCommand) Help() string {
	return "Exit codes: 0 works; 2 works with a limit; 1 does not work."
}

// Run tests the link with its own credentials.
func (c linkTestCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		link, err := d.linkOf(ctx, c.User)
		if err != nil {
			return err
		}
		return env.tellTest(c.JSON, func(report func(service.TestStep)) (service.Verdict, error) {
			return d.service.TestSavedLink(ctx, d.caller, link.ID, report)
		})
	})
}

type linkPauseCommand struct{ linkOfUser }

// Run pauses the link.
func (c linkPauseCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		link, err := d.linkOf(ctx, c.User)
		if err == nil {
			_, err = d.service.PauseLink(ctx, d.caller, link.ID, link.Version)
		}
		return errors.Join(err, env.talk(err, "The link of %s is paused.\n", c.User))
	})
}

type linkResumeCommand struct{ linkOfUser }

// Run resumes the link.
func (c linkResumeCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		link, err := d.linkOf(ctx, c.User)
		if err == nil {
			_, err = d.service.ResumeLink(ctx, d.caller, link.ID, link.Version)
		}
		return errors.Join(err, env.talk(err, "The link of %s goes on.\n", c.User))
	})
}

type linkShowCommand struct {
	linkOfUser
	What string `arg:"" enum:"full,busy" help:"full: all that is not private; busy: only when the user is busy."`
}

// Help says whose choice it is.
func (linkShowCommand) Help() string {
	return `It is the choice of the link's user: not even an administrator has another in the pages and the API. It holds at once for what
is there already; actions made in the CRM, and what is private, stay as they are.

  agenda link show ann busy`
}

// Run keeps the choice.
func (c linkShowCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		user, err := d.user(c.User)
		if err != nil {
			return err
		}
		link, err := d.linkOf(ctx, c.User)
		if err == nil {
			// The operator of the machine holds the database anyway, and speaks for the user.
			_, err = d.service.ShowLink(ctx, service.Caller{User: user}, link.ID, link.Version, c.What == "busy")
		}
		return errors.Join(err, env.talk(err, map[string]string{
			"busy": "Others see of the calendar of %s only when that user is busy.\n", "full": "Others see everything of the calendar of %s that is not private.\n",
		}[c.What], c.User))
	})
}

type linkAddressesCommand struct {
	linkOfUser
	Addresses []string `arg:"" optional:"" help:"E-mail addresses, in place of those added before; without any the present ones are shown." placeholder:"ADDRESS"`
	None      bool     `help:"Take all added addresses away."`
}

// Run shows or replaces the addresses.
func (c linkAddressesCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		link, err := d.linkOf(ctx, c.User)
		if err != nil {
			return err
		}
		if len(c.Addresses) == 0 && !c.None {
			for _, address := range append(slices.Clone(link.Addresses), link.Added...) {
				if _, err := fmt.Fprintln(env.stdout, address); err != nil {
					return err
				}
			}
			return nil
		}
		_, err = d.service.SetAddresses(ctx, d.caller, link.ID, link.Version, c.Addresses)
		return errors.Join(err, env.talk(err, "The addresses of %s are saved.\n", c.User))
	})
}

type linkRemoveCommand struct {
	linkOfUser
	Actions    string `help:"What becomes of the actions that came from the calendar: keep or trash. Their events stay." enum:"keep,trash" default:"keep"`
	Events     string `help:"What becomes of the events that the CRM wrote: keep, or delete them from the calendar before the link ends. Their actions stay." enum:"keep,delete" default:"keep"`
	TellGuests bool   `help:"Delete events with guests too, whose server tells them."`
	Plan       bool   `help:"Show the numbers and end nothing."`
}

// Help says when the link ends.
func (linkRemoveCommand) Help() string {
	return `Ends a link, forgets its credentials and gives a permission back. By default actions and events stay on both sides.

  agenda link remove ann --plan
  agenda link remove ann --actions trash --events delete

With --events delete the link is "ending" until the last event is deleted; agenda serve does that, or agenda sync. Removing it once
more while it is ending gives the rest up.`
}

// shownEndPlan is what the end of a link is about, in JSON.
type shownEndPlan struct {
	FromCalendar int    `json:"from_calendar"`
	FromCRM      int    `json:"from_crm"`
	WithGuests   int    `json:"with_guests"`
	Guests       int    `json:"guests"`
	Pending      int    `json:"pending"`
	WhyNoDelete  string `json:"why_no_delete,omitempty"`
}

func (c linkRemoveCommand) plan(ctx context.Context, d *desk, id crm.LinkID) error {
	plan, err := d.service.PlanLinkEnd(ctx, d.caller, id)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(d.env.stdout, shownEndPlan(plan))
	}
	_, err = fmt.Fprintf(d.env.stdout, "%d actions came from the calendar, %d events from the CRM (%d of them with %d guests), %d changes are not sent yet.\n",
		plan.FromCalendar, plan.FromCRM, plan.WithGuests, plan.Guests, plan.Pending)
	if err == nil && plan.WhyNoDelete != "" {
		_, err = fmt.Fprintln(d.env.stdout, i18n.T(d.env.language(), plan.WhyNoDelete, nil))
	}
	return err
}

// Run ends the link.
func (c linkRemoveCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		link, err := d.linkOf(ctx, c.User)
		if err != nil {
			return err
		}
		if c.Plan {
			return c.plan(ctx, d, link.ID)
		}
		caller := d.caller
		if c.TellGuests {
			caller.Guests = service.TellGuests
		}
		ended, err := d.service.EndLink(ctx, caller, link.ID, link.Version, service.EndInput{Actions: c.Actions, Events: c.Events})
		if err != nil {
			return err
		}
		if ended.Trashed > 0 {
			err = errors.Join(err, env.talk(nil, "%d actions went to the trash.\n", ended.Trashed))
		}
		if ended.Kept > 0 {
			err = errors.Join(err, env.talk(nil, "%d events with guests stay.\n", ended.Kept))
		}
		switch {
		case ended.Ending:
			return errors.Join(err, env.talk(nil, "The link of %s is ending: %d events are still to be deleted from the calendar.\n", c.User, ended.Deleting))
		case ended.Trashed == 0:
			err = errors.Join(err, env.talk(nil, "The link of %s has ended. Actions and events stay.\n", c.User))
		default:
			err = errors.Join(err, env.talk(nil, "The link of %s has ended.\n", c.User))
		}
		if err == nil && ended.Revocation != service.NothingToRevoke {
			_, err = fmt.Fprintln(env.stderr, i18n.T(d.env.language(), "grant.ended_"+string(ended.Revocation), nil))
		}
		return err
	})
}

// talk says on standard error that something was done, unless it was not.
func (env environment) talk(err error, format string, arguments ...any) error {
	if err != nil {
		return nil
	}
	_, err = fmt.Fprintf(env.stderr, format, arguments...)
	return err
}

// whyNot says in a few words why a link is not simply active: why it fails, or is paused. "" when it is.
func (d *desk) whyNot(link service.LinkView) string {
	switch {
	case link.WhySignIn != "":
		return i18n.Reason(d.env.language(), link.WhySignIn, nil)
	case link.Failing.Reason != "":
		return i18n.Reason(d.env.language(), link.Failing.Reason, link.Failing.Params)
	case link.Pause.Reason != "":
		return i18n.Reason(d.env.language(), link.Pause.Reason, nil)
	default:
		return ""
	}
}

// why says what the states of a link do not say by themselves.
func (d *desk) why(link service.LinkView) string {
	if why := d.whyNot(link); why != "" || link.Ending.At.IsZero() {
		return why
	}
	return i18n.Reason(d.env.language(), reconcile.ReasonLinkEnds, nil)
}
