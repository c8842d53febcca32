package service

import (
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// CodePlainAdministrator refuses that somebody lets the own password travel over http: that is an administrator's permission
// (semantics 11).
const CodePlainAdministrator = "link.plain_http_administrator"

// mayManage asks whether the caller may make, test, change, pause and end the link of a user: administrators anybody's, and users
// their own where the settings allow it (semantics 10).
func mayManage(tx *store.Tx, caller Caller, user crm.UserID) error {
	settings, err := tx.Settings()
	if err != nil {
		return err
	}
	return caller.permit(ManageLinks, Subject{User: user, OwnCalendars: settings.OwnCalendars})
}

// mayManage asks the same outside a transaction.
func (s *Service) mayManage(ctx context.Context, caller Caller, user crm.UserID) error {
	return s.read(ctx, func(tx *store.Tx) error { return mayManage(tx, caller, user) })
}

// MayLink reports whether the caller may link a calendar of his own now: he has the right to, and has none yet.
func (s *Service) MayLink(ctx context.Context, caller Caller) (bool, error) {
	if err := caller.permit(SeeLink, Subject{User: caller.User.ID}); err != nil {
		return false, err
	}
	var may bool
	err := s.read(ctx, func(tx *store.Tx) error {
		_, err := tx.LinkOfUser(caller.User.ID)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		settings, err := tx.Settings()
		may = caller.permit(ManageLinks, Subject{User: caller.User.ID, OwnCalendars: settings.OwnCalendars}) == nil
		return err
	})
	return may, err
}

// checkPlain leaves the permission for http to administrators; what one allowed for a link stays.
func checkPlain(p *problems, caller Caller, in LinkInput, allowed bool) {
	if in.PlainHTTP && !allowed && caller.User.Role != crm.RoleAdministrator {
		p.add(CodePlainAdministrator, "plain_http")
	}
}
