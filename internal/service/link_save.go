package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// CreateLink tests the connection and, when it works, saves the link and starts its first sync. Nothing is saved when it
// does not: the problem is that of the test.
func (s *Service) CreateLink(ctx context.Context, caller Caller, in LinkInput) (crm.Link, error) {
	in, err := s.newLink(ctx, caller, in)
	if err != nil {
		return crm.Link{}, err
	}
	verdict, err := s.tried(ctx, in, in.Password)
	if err != nil {
		return crm.Link{}, err
	}
	id := in.grant // a draft becomes the link, so that its grant stays where it is
	var sealed []byte
	if id.IsZero() {
		id = crm.NewID[crm.Link](s.IDs)
		sealed = s.Keys.Seal(SecretPlace(id), []byte(in.Password))
	}
	link := s.linkOf(in, verdict, id)
	err = s.write(ctx, func(tx *store.Tx) error {
		sync := store.LinkSync{Traits: verdict.Traits, CalendarName: link.CalendarName, ReadOnly: link.ReadOnly, Foreign: verdict.Calendar.Foreign}
		if !in.grant.IsZero() {
			if err := s.settleDraft(tx, caller, in.Draft); err != nil {
				return err
			}
		}
		if err := s.shownAtFirst(tx, caller, &link); err != nil {
			return err
		}
		if err := tx.InsertLink(link, sealed, sync); err != nil {
			return err
		}
		if err := s.setTLS(tx, id, in.TLS, verdict.TLS); err != nil {
			return err
		}
		tx.AnnounceLink(id)
		if err := s.startFirstSync(tx, caller, link, in); err != nil {
			return err
		}
		return s.awaitFirstSync(tx, link)
	})
	if err != nil {
		return crm.Link{}, s.duplicateLink(ctx, err, in.User, link.CalendarHref)
	}
	s.Waker.Wake(id)
	return link, nil
}

// newLink checks what was typed for a new link, or takes it from the draft that was signed in.
func (s *Service) newLink(ctx context.Context, caller Caller, in LinkInput) (LinkInput, error) {
	if err := s.mayManage(ctx, caller, in.User); err != nil {
		return in, err
	}
	var p problems
	if in.Draft.ID.IsZero() {
		in = checkLink(&p, in, true)
		checkPlain(&p, caller, in, false)
	} else {
		var err error
		if in, err = s.fromDraft(ctx, caller, in); err != nil {
			return in, err
		}
	}
	if err := s.checkLinkUser(ctx, &p, in.User); err != nil {
		return in, err
	}
	return in, p.err()
}

// linkOf is a new link as its connection test found it.
func (s *Service) linkOf(in LinkInput, verdict Verdict, id crm.LinkID) crm.Link {
	return crm.Link{
		ID: id, Version: 1, User: in.User, Kind: in.Kind, Address: in.Address, CalendarHref: verdict.Calendar.Href, CalendarName: verdict.Calendar.Name,
		Username: in.Username, Addresses: verdict.Addresses, PlainHTTP: in.PlainHTTP, WithoutSyncToken: in.WithoutSyncToken && verdict.NoSyncToken,
		ReadOnly: verdict.Calendar.ReadOnly, ShownBusy: in.ShownBusy, CreatedAt: s.now(),
	}
}

// awaitFirstSync says of the user's actions what the first sync is going to do with them (semantics 4, rule 2).
func (s *Service) awaitFirstSync(tx *store.Tx, link crm.Link) error {
	if link.ReadOnly {
		return tx.SetSyncStateOfFollower(link.User, crm.Date{}, notSynced(crm.ReasonCalendarReadOnly))
	}
	user, err := tx.User(link.User)
	if err != nil {
		return err
	}
	if err := tx.SetSyncStateOfFollower(link.User, crm.Date{}, notSynced(crm.ReasonPast)); err != nil {
		return err
	}
	return tx.SetSyncStateOfFollower(link.User, s.dayIn(user.TimeZone, link.CreatedAt), crm.SyncState{Name: crm.Pending})
}

// checkLinkUser: a link has a user who is active and has no other.
func (s *Service) checkLinkUser(ctx context.Context, p *problems, id crm.UserID) error {
	return s.read(ctx, func(tx *store.Tx) error {
		user, err := tx.User(id)
		switch {
		case id.IsZero():
			p.add(CodeMissing, "user")
			return nil
		case errors.Is(err, store.ErrNotFound):
			p.add(CodeUnknownUser, "user")
			return nil
		case err != nil:
			return err
		case !user.Active:
			p.add(CodeInactiveUser, "user", "name", user.Name)
			return nil
		}
		_, err = tx.LinkOfUser(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			p.add(CodeLinkUserHasLink, "user", "name", user.Name)
		}
		return err
	})
}

// ChangeLink changes how a link signs in. It is tested anew; its user and calendar stay what they are. A new password lets
// a link go on that waited to be signed in again.
func (s *Service) ChangeLink(ctx context.Context, caller Caller, id crm.LinkID, version int64, in LinkInput) (crm.Link, error) {
	var before crm.Link
	var sealed []byte
	var certificate LinkTLS
	err := s.read(ctx, func(tx *store.Tx) error {
		var err error
		if before, err = livingLink(tx, caller, id, ManageLinks); err != nil {
			return err
		}
		if before.Kind != crm.LinkSimple {
			return crm.Problems{crm.NewProblem(CodeGrantByConsent, "")}
		}
		if certificate, err = s.tlsOf(tx, before); err != nil {
			return err
		}
		sealed, err = tx.Secret(id)
		return err
	})
	if err != nil {
		return crm.Link{}, err
	}
	if before.Version != version {
		return crm.Link{}, s.linkMoved(ctx, caller, id)
	}
	var p problems
	in = checkLinkChange(&p, before, in)
	checkPlain(&p, caller, in, before.PlainHTTP)
	in.TLS = changedTLS(&p, certificate, in.TLS, before.Address, in.Address)
	if err := p.err(); err != nil {
		return crm.Link{}, err
	}
	password := in.Password
	if password == "" {
		opened, err := s.Keys.Open(SecretPlace(id), sealed)
		if err != nil {
			return crm.Link{}, err
		}
		password = string(opened)
	}
	verdict, err := s.tried(ctx, in, password)
	if err != nil {
		return crm.Link{}, err
	}
	if store.CalendarKey(verdict.Calendar.Href) != store.CalendarKey(before.CalendarHref) {
		return crm.Link{}, crm.Problems{crm.NewProblem(CodeLinkOtherCalendar, "address")}
	}
	return s.changeLink(ctx, caller, id, version, func(tx *store.Tx, link *crm.Link, _ time.Time) (bool, error) {
		link.Address, link.Username, link.PlainHTTP = in.Address, in.Username, in.PlainHTTP
		link.Addresses = united(verdict.Addresses, link.Addresses)
		link.WithoutSyncToken = in.WithoutSyncToken && verdict.NoSyncToken
		if err := errors.Join(tx.SetSecret(id, s.Keys.Seal(SecretPlace(id), []byte(password))), s.setTLS(tx, id, in.TLS, verdict.TLS)); err != nil {
			return false, err
		}
		sync, err := tx.LinkSync(id)
		if err != nil {
			return false, err
		}
		for _, trait := range verdict.Traits.All() {
			evidence, _ := verdict.Traits.Evidence(trait)
			sync.Traits = sync.Traits.With(trait, evidence)
		}
		sync.SignInAgain, sync.Failing, sync.Failures = false, crm.Failing{}, 0
		sync.RefusedAt, sync.RetryAt = time.Time{}, time.Time{}
		link.SignInAgain, link.Failing = false, crm.Failing{}
		return true, tx.UpdateLinkSync(id, sync)
	})
}

// checkLinkChange checks what was typed over a link that is there.
func checkLinkChange(p *problems, before crm.Link, in LinkInput) LinkInput {
	if !in.User.IsZero() && in.User != before.User {
		p.add(CodeLinkOtherUser, "user")
	}
	if in.Calendar != "" && store.CalendarKey(in.Calendar) != store.CalendarKey(before.CalendarHref) {
		p.add(CodeLinkOtherCalendar, "calendar")
	}
	if in.Kind != "" && in.Kind != before.Kind {
		p.add(CodeLinkKind, "kind", "kind", shortened(string(in.Kind)))
	}
	in.User, in.Calendar, in.Kind = before.User, before.CalendarHref, before.Kind
	in = checkLink(p, in, false)
	if to := origin(in.Address); in.Password == "" && to != origin(before.Address) {
		p.add(CodeLinkPasswordAgain, "password", "host", shortened(to))
	}
	return in
}

// united is one list of both, each address once.
func united(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		for _, address := range list {
			if !slices.Contains(all, address) {
				all = append(all, address)
			}
		}
	}
	return all
}
