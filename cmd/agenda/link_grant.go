package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// clientSecretVariable holds the client secret of a command that needs one.
const clientSecretVariable = "AGENDA_CLIENT_SECRET"

// terminalBinding is what a sign-in is bound to that a command began: nobody else can finish it, and the command lasts as long.
var terminalBinding = []byte("terminal")

// pasteRedirect is where the browser lands: nothing listens there, and its address is pasted.
const pasteRedirect = "http://127.0.0.1:8765/"

type linkGoogleCommand struct {
	linkOfUser
	Account  string `arg:"" help:"The Google e-mail address."`
	ClientID string `name:"client-id" help:"Client ID of the company's app at Google, of the type Desktop app." required:"" placeholder:"ID"`
	Calendar string `help:"Which calendar, when there are several: its address." placeholder:"URL"`
	NoWrite  bool   `help:"Leave out the step of the test that writes an event and takes it away again."`
}

// Help says how the sign-in goes without a browser here.
func (linkGoogleCommand) Help() string {
	return `Prints an address to open in any browser. Sign in there and allow access; the browser then shows a page that cannot be loaded. Paste
its whole address here. The client secret is read from AGENDA_CLIENT_SECRET, else asked for at the terminal.

  agenda link google ann ann@gmail.com --client-id 123-abc.apps.googleusercontent.com

Exit codes: 0 linked; 1 refused, nothing was saved.`
}

// Run signs in, tests and links.
func (c linkGoogleCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error { return c.link(ctx, d) })
}

func (c linkGoogleCommand) link(ctx context.Context, d *desk) error {
	user, err := d.user(c.User)
	if err != nil {
		return err
	}
	secret, err := d.env.secretFrom(clientSecretVariable, "Client secret")
	if err != nil {
		return err
	}
	asked, err := d.service.AskConsent(ctx, d.caller, terminalBinding, service.LinkInput{
		User: user.ID, Kind: crm.LinkGoogle, Username: c.Account, OAuth: service.OAuthInput{ClientID: c.ClientID, ClientSecret: secret},
	}, pasteRedirect)
	if err != nil {
		return err
	}
	ref, err := d.signIn(ctx, asked)
	if err != nil {
		return err
	}
	link, err := d.service.CreateLink(ctx, d.caller, service.LinkInput{Draft: ref, Calendar: c.Calendar, TestWrite: !c.NoWrite})
	if err != nil {
		return errors.Join(err, d.service.DropDraft(ctx, d.caller, ref))
	}
	_, err = fmt.Fprintf(d.env.stdout, "%s is linked to %s.\n", user.Login, link.CalendarHref)
	return err
}

type linkSignInCommand struct {
	linkOfUser
	Device bool `help:"Show a code to be typed on another device, where the server offers that, and wait for the answer."`
}

// Help says for which links.
func (linkSignInCommand) Help() string {
	return `For a link by OAuth 2.0 or to Google whose permission has ended. Prints an address to open in any browser; paste the address of the
page that cannot be loaded. The client must know the redirect address http://127.0.0.1:8765/, as a Google client of the type Desktop app
does. With --device nothing is pasted: a code is shown, and the command goes on when it was typed on any other device.
Exit codes: 0 the link goes on; 1 not.`
}

// Run signs a link in again.
func (c linkSignInCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error { return c.signInAgain(ctx, d) })
}

func (c linkSignInCommand) signInAgain(ctx context.Context, d *desk) error {
	link, err := d.linkOf(ctx, c.User)
	if err != nil {
		return err
	}
	redirect, signIn := pasteRedirect, d.signIn
	if c.Device {
		redirect, signIn = service.OnAnotherDevice, d.signInElsewhere
	}
	asked, err := d.service.AskConsentAgain(ctx, d.caller, terminalBinding, link.ID, nil, redirect)
	if err != nil {
		return err
	}
	ref, err := signIn(ctx, asked)
	if err == nil {
		_, err = d.service.SignInAgain(ctx, d.caller, ref)
	}
	return errors.Join(err, d.env.talk(err, "The link of %s goes on.\n", c.User))
}

// signIn shows where to sign in and takes the address that comes back.
func (d *desk) signIn(ctx context.Context, asked service.DraftView) (service.DraftRef, error) {
	ref := service.DraftRef{ID: asked.ID, Binding: terminalBinding}
	fmt.Fprintf(d.env.stderr, "Open this address in a browser, sign in and allow access to the calendar:\n\n%s\n\nThe browser then shows a page that cannot be loaded. Paste its whole address here: ", asked.Ask)
	line, err := bufio.NewReader(d.env.stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return ref, fmt.Errorf("read the address from standard input: %w", err)
	}
	_, err = d.service.TakeAnswer(ctx, d.caller, terminalBinding, line)
	return ref, err
}

// signInElsewhere shows a code and waits until it was typed on another device.
func (d *desk) signInElsewhere(ctx context.Context, asked service.DraftView) (service.DraftRef, error) {
	ref := service.DraftRef{ID: asked.ID, Binding: terminalBinding}
	fmt.Fprintf(d.env.stderr, "On any device, open\n\n  %s\n\nand type the code\n\n  %s\n\nWaiting for the answer.\n", asked.Device.Address, asked.Device.Code)
	for !asked.Signed {
		if err := waitFor(ctx, asked.Device.Wait); err != nil {
			return ref, err
		}
		var err error
		if asked, err = d.service.PollDraft(ctx, d.caller, ref); err != nil {
			return ref, err
		}
	}
	return ref, nil
}
