package mail

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/store"
)

// Config is what a Mailer is made from; all but BaseURL is needed.
type Config struct {
	Store   *store.Store
	Server  Server
	BaseURL string // where people find the pages, "": a mail says so in words
	IDs     crm.IDSource
	Now     func() time.Time
	Log     *slog.Logger
}

// Mailer sends what is to be told. Several nodes may each have one.
type Mailer struct{ config Config }

// New makes a Mailer.
func New(config Config) *Mailer { return &Mailer{config} }

const (
	lookEvery = 15 * time.Second
	// claimLasts is how long a node that stopped in the middle keeps the others from sending: longer than Send may take.
	claimLasts = 2 * sendTimeout
	firstWait  = time.Minute
	longest    = 6 * time.Hour
)

// Run looks now and then for what is to be told, until ctx ends. What it was sending then is sent or tried again.
func (m *Mailer) Run(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		if err := m.Look(ctx); err != nil && ctx.Err() == nil {
			m.config.Log.Error("look for mails to send", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Look plans and sends what is due. A mail that cannot be sent is tried again later, each time after longer, and is no error.
func (m *Mailer) Look(ctx context.Context) error {
	err := m.config.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.PlanMails(func() crm.ID[store.Mail] { return crm.NewID[store.Mail](m.config.IDs) })
	})
	for err == nil {
		var one store.Mail
		err = m.config.Store.Write(ctx, func(tx *store.Tx) (err error) {
			one, err = tx.ClaimMail(claimLasts)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			err = m.send(ctx, one)
		}
	}
	return err
}

func (m *Mailer) send(ctx context.Context, one store.Mail) error {
	var link crm.Link
	var owner, reader crm.User
	err := m.config.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if link, err = tx.Link(one.Link); err != nil {
			return err
		}
		if owner, err = tx.User(link.User); err != nil {
			return err
		}
		reader, err = tx.User(one.User)
		return err
	})
	if err != nil {
		return err
	}
	failed := m.config.Server.Send(ctx, m.signInAgain(one, link, owner, reader))
	// Kept also when the program stops meanwhile: it has left.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	why, is := errors.AsType[*Failure](failed)
	if !is {
		m.config.Log.Info("mail sent", "link", link.ID.String(), "user", reader.ID.String())
		return m.config.Store.Write(ctx, func(tx *store.Tx) error { return tx.MailSent(one.ID) })
	}
	after := min(firstWait<<min(one.Attempts-1, 10), longest)
	m.config.Log.Warn("mail not sent", "link", link.ID.String(), "user", reader.ID.String(), "error", why, "attempt", one.Attempts, "again_after", after)
	return m.config.Store.Write(ctx, func(tx *store.Tx) error { return tx.MailFailed(one.ID, why.Code, after) })
}

// signInAgain is the mail about a link, in the words of who reads it. It names the server and nothing of the calendar.
func (m *Mailer) signInAgain(one store.Mail, link crm.Link, owner, reader crm.User) Message {
	say := func(key string, pairs ...any) string { return i18n.T(reader.Language, key, i18n.P(pairs...)) }
	host := link.Address
	if address, err := url.Parse(link.CalendarHref); err == nil && address.Hostname() != "" {
		host = address.Hostname()
	}
	lines := []string{say("mail.hello", "name", reader.Name), ""}
	if owner.ID == reader.ID {
		lines = append(lines, say("mail.sign_in_own", "host", host))
	} else {
		lines = append(lines, say("mail.sign_in_of", "name", owner.Name, "host", host))
	}
	lines = append(lines, say("mail.waits"), "")
	if m.config.BaseURL != "" {
		lines = append(lines, say("mail.open"), m.config.BaseURL+"/links/"+link.ID.String())
	} else {
		lines = append(lines, say("mail.open_where"))
	}
	lines = append(lines, "", say("mail.once"), "")
	return Message{ID: one.ID.String(), To: reader.Email, Subject: say("mail.subject", "name", owner.Name), Text: strings.Join(lines, "\r\n"), At: m.config.Now()}
}
