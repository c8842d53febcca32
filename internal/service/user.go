package service

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// What is wrong with a user.
const (
	CodeLoginTaken        = "user.login_taken" // login
	CodeLoginBlank        = "user.login_blank"
	CodeUserEmail         = "user.email"
	CodeUserRole          = "user.role"
	CodeLastAdministrator = "user.last_administrator"
	CodePasswordShort     = "password.too_short" // min
	CodePasswordLong      = "password.too_long"  // max
)

// The lengths of a password, in characters: long enough to guess badly, short enough to hash quickly.
const (
	minPassword = 10
	maxPassword = 200
)

// Users are all users who were not deleted, active or not, by login.
func (s *Service) Users(ctx context.Context, caller Caller) ([]crm.User, error) {
	if err := caller.permit(SeeUsers, Subject{}); err != nil {
		return nil, err
	}
	var users []crm.User
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		users, err = tx.Users()
		users = slices.DeleteFunc(users, func(user crm.User) bool { return !user.DeletedAt.IsZero() })
		return err
	})
	return users, err
}

// User is one user.
func (s *Service) User(ctx context.Context, caller Caller, id crm.UserID) (crm.User, error) {
	if err := caller.permit(SeeUsers, Subject{User: id}); err != nil {
		return crm.User{}, err
	}
	var user crm.User
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		user, err = livingUser(tx, id)
		return err
	})
	return user, err
}

// CreateUser makes a user with the rights that in gives.
func (s *Service) CreateUser(ctx context.Context, caller Caller, in UserInput) (crm.User, error) {
	if err := caller.permit(ManageUsers, Subject{}); err != nil {
		return crm.User{}, err
	}
	return s.createUser(ctx, in)
}

// CreateAdministrator makes an administrator for nobody in particular: for the command line of the machine itself, whose
// operator holds the database anyway. It is the one method that asks no permission; no page and no API may offer it.
func (s *Service) CreateAdministrator(ctx context.Context, in UserInput) (crm.User, error) {
	in.Role, in.Active = crm.RoleAdministrator, true
	return s.createUser(ctx, in)
}

func (s *Service) createUser(ctx context.Context, in UserInput) (crm.User, error) {
	user, p := checkUser(crm.User{}, in, s)
	if err := p.err(); err != nil {
		return crm.User{}, err
	}
	hash, err := s.passwordHash(in.Password)
	if err != nil {
		return crm.User{}, err
	}
	user.ID, user.Version, user.CreatedAt = crm.NewID[crm.User](s.IDs), 1, s.now()
	err = s.write(ctx, func(tx *store.Tx) error { return tx.InsertUser(user, hash) })
	if err != nil {
		return crm.User{}, loginTaken(err, user.Login)
	}
	return user, nil
}

// passwordHash is "" for no password.
func (s *Service) passwordHash(password string) (string, error) {
	if password == "" {
		return "", nil
	}
	hash, err := s.Passwords.Hash(password)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

func loginTaken(err error, login string) error {
	if errors.Is(err, store.ErrDuplicate{What: store.UniqueLogin}) {
		return crm.Problems{crm.NewProblem(CodeLoginTaken, "login", "login", login)}
	}
	return err
}

// ChangeUser changes a user. Users change their own language and time zone, administrators everything. A user who is
// deactivated has his link paused in the same moment (semantics 9).
func (s *Service) ChangeUser(ctx context.Context, caller Caller, id crm.UserID, version int64, in UserInput) (crm.User, error) {
	if err := caller.permit(ChangeOwnUser, Subject{User: id}); err != nil {
		return crm.User{}, err
	}
	var newHash string
	if in.Password != "" {
		if err := caller.permit(ManageUsers, Subject{}); err != nil {
			return crm.User{}, err
		}
		var p problems
		if p.password(in.Password); len(p.list) == 0 {
			var err error
			if newHash, err = s.passwordHash(in.Password); err != nil { // slow on purpose, so not inside the transaction
				return crm.User{}, err
			}
		}
	}
	var user crm.User
	err := s.write(ctx, func(tx *store.Tx) error {
		before, err := livingUser(tx, id)
		if err != nil {
			return err
		}
		if before.Version != version {
			return &VersionError{before.Version, before}
		}
		var p *problems
		user, p = checkUser(before, in, s)
		if err := p.err(); err != nil {
			return err
		}
		if err := mayChangeUser(caller, before, user); err != nil {
			return err
		}
		if err := s.keepAdministrator(tx, before, user); err != nil {
			return err
		}
		if err := tx.UpdateUser(user, version); err != nil {
			return err
		}
		user.Version = version + 1
		if newHash != "" {
			if err := tx.SetPasswordHash(id, newHash); err != nil {
				return err
			}
		}
		if before.Active && !user.Active {
			return s.pauseLinkOf(tx, user.ID, caller)
		}
		return nil
	})
	if errors.Is(err, store.ErrVersion) {
		return crm.User{}, s.movedUser(ctx, id)
	}
	if err != nil {
		return crm.User{}, loginTaken(err, in.Login)
	}
	return user, nil
}

func (s *Service) movedUser(ctx context.Context, id crm.UserID) error {
	var user crm.User
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		user, err = tx.User(id)
		return err
	})
	if err != nil {
		return err
	}
	return &VersionError{user.Version, user}
}

// mayChangeUser: everything but language and time zone is the administrators'.
func mayChangeUser(caller Caller, before, after crm.User) error {
	own := before
	own.Language, own.TimeZone = after.Language, after.TimeZone
	if own == after {
		return nil
	}
	return caller.permit(ManageUsers, Subject{})
}

// keepAdministrator refuses to take away the last administrator: nobody could give the role back.
func (s *Service) keepAdministrator(tx *store.Tx, before, after crm.User) error {
	isOne := func(user crm.User) bool { return user.Role == crm.RoleAdministrator && user.Active }
	if !isOne(before) || isOne(after) {
		return nil
	}
	users, err := tx.Users()
	if err != nil {
		return err
	}
	for _, user := range users {
		if user.ID != before.ID && isOne(user) {
			return nil
		}
	}
	return crm.Problems{crm.NewProblem(CodeLastAdministrator, "role")}
}

func checkUser(before crm.User, in UserInput, s *Service) (crm.User, *problems) {
	var p problems
	after := before
	after.Login = p.name("login", in.Login, before.Login, maxName)
	switch {
	case after.Login == "":
		p.add(CodeMissing, "login")
	case strings.ContainsFunc(after.Login, unicode.IsSpace):
		p.add(CodeLoginBlank, "login")
	}
	after.Name = p.name("name", in.Name, before.Name, maxName)
	if after.Name == "" {
		p.add(CodeMissing, "name")
	}
	after.Email = p.name("email", in.Email, before.Email, maxName)
	if address, err := mail.ParseAddress(after.Email); after.Email != "" && after.Email != before.Email && (err != nil || address.Address != after.Email) {
		p.add(CodeUserEmail, "email")
	}
	after.Language = in.Language
	p.language("language", in.Language)
	after.TimeZone = p.zoneName("time_zone", in.TimeZone, before.TimeZone, s.Zones)
	if after.TimeZone == "" {
		p.add(CodeMissing, "time_zone")
	}
	after.Role, after.Rights, after.Active = in.Role, in.Rights, in.Active
	if in.Role != crm.RoleUser && in.Role != crm.RoleAdministrator {
		p.add(CodeUserRole, "role")
	}
	if in.Password != "" {
		p.password(in.Password)
	}
	return after, &p
}

func (p *problems) password(password string) {
	switch length := utf8.RuneCountInString(password); {
	case length < minPassword:
		p.add(CodePasswordShort, "password", "min", strconv.Itoa(minPassword))
	case length > maxPassword:
		p.add(CodePasswordLong, "password", "max", strconv.Itoa(maxPassword))
	}
}
