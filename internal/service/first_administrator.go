package service

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// NeedsAdministrator reports whether nobody can administer the installation yet.
func (s *Service) NeedsAdministrator(ctx context.Context) (bool, error) {
	needed := false
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		needed, err = noAdministrator(tx)
		return err
	})
	return needed, err
}

func noAdministrator(tx *store.Tx) (bool, error) {
	users, err := tx.Users()
	if err != nil {
		return false, err
	}
	for _, user := range users {
		if user.Role == crm.RoleAdministrator && user.Active {
			return false, nil
		}
	}
	return true, nil
}

// CreateFirstAdministrator makes the administrator of an installation that has none, and is refused ever after. It asks no
// permission, there is nobody to give one: whoever offers it asks for the one-time code that the terminal of the machine
// showed (semantics 12).
func (s *Service) CreateFirstAdministrator(ctx context.Context, in UserInput) (crm.User, error) {
	in.Role, in.Active = crm.RoleAdministrator, true
	if in.Password == "" {
		return crm.User{}, crm.Problems{crm.NewProblem(CodeMissing, "password")}
	}
	needed, err := s.NeedsAdministrator(ctx)
	if err != nil {
		return crm.User{}, err
	}
	if !needed {
		return crm.User{}, &Forbidden{Code: CodeAdministrator}
	}
	return s.createUser(ctx, in)
}
