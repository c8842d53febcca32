package main

import (
	"context"
	"fmt"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

type userCommand struct {
	Add        userAddCommand        `cmd:"" help:"Make a user, or with --admin an administrator."`
	List       userListCommand       `cmd:"" help:"Show all users."`
	Password   userPasswordCommand   `cmd:"" help:"Give a user another password; open sessions end."`
	Delete     userDeleteCommand     `cmd:"" help:"Delete a user for good; the link ends, actions and events stay."`
	Deactivate userDeactivateCommand `cmd:"" help:"Let a user sign in no more; the link is paused, nothing is deleted."`
}

const passwordVariable = "AGENDA_PASSWORD"

type userAddCommand struct {
	administration
	Login    string       `arg:"" help:"What is typed at sign-in."`
	Name     string       `help:"Name as others see it; the login when it is left out."`
	Email    string       `help:"E-mail address." placeholder:"ADDRESS"`
	Language crm.Language `help:"nl, fr or en; the installation's when it is left out." placeholder:"LANGUAGE"`
	TimeZone string       `help:"IANA time zone; the installation's when it is left out." placeholder:"ZONE"`
	Admin    bool         `help:"An administrator, who runs links, users and settings."`
}

// Help says where the password comes from.
func (userAddCommand) Help() string {
	return `The password is read from AGENDA_PASSWORD, else asked for at the terminal, else read as one line of standard input.

  agenda user add ann --admin --name "Ann Smith" --language en

The first administrator can also be made with the one-time code that agenda serve shows.
Exit codes: 0 made; 1 refused, nothing was made.`
}

// Run makes the user.
func (c userAddCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		var settings crm.Settings
		err := d.store.Read(ctx, func(tx *store.Tx) (err error) { settings, err = tx.Settings(); return err })
		if err != nil {
			return err
		}
		password, err := env.secretFrom(passwordVariable, "Password for "+c.Login)
		if err != nil {
			return err
		}
		in := service.UserInput{
			Login: c.Login, Name: c.Name, Email: c.Email, Language: c.Language, TimeZone: c.TimeZone, Role: crm.RoleUser,
			Rights: settings.DefaultRights, Active: true, Password: password,
		}
		if in.Name == "" {
			in.Name = c.Login
		}
		if in.Language == "" {
			in.Language = settings.Language
		}
		if in.TimeZone == "" {
			in.TimeZone = settings.TimeZone
		}
		create := func() (crm.User, error) { return d.service.CreateUser(ctx, d.caller, in) }
		if c.Admin {
			create = func() (crm.User, error) { return d.service.CreateAdministrator(ctx, in) }
		}
		user, err := create()
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(env.stdout, shownUserOf(user))
		}
		_, err = fmt.Fprintf(env.stdout, "%s can sign in now (%s).\n", user.Login, user.Role)
		return err
	})
}

// shownUser is a user in JSON.
type shownUser struct {
	ID       string       `json:"id"`
	Login    string       `json:"login"`
	Name     string       `json:"name"`
	Email    string       `json:"email"`
	Language crm.Language `json:"language"`
	TimeZone string       `json:"time_zone"`
	Role     crm.Role     `json:"role"`
	Active   bool         `json:"active"`
}

func shownUserOf(user crm.User) shownUser {
	return shownUser{user.ID.String(), user.Login, user.Name, user.Email, user.Language, user.TimeZone, user.Role, user.Active}
}

type userListCommand struct{ administration }

// Run shows the users.
func (c userListCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		if c.JSON {
			shown := make([]shownUser, len(d.users))
			for i, user := range d.users {
				shown[i] = shownUserOf(user)
			}
			return printJSON(env.stdout, shown)
		}
		var rows [][]string
		for _, user := range d.users {
			state := "active"
			if !user.Active {
				state = "deactivated"
			}
			rows = append(rows, []string{user.Login, user.Name, string(user.Role), string(user.Language), user.TimeZone, state})
		}
		return printTable(env.stdout, "login name role language zone state", rows)
	})
}

type userPasswordCommand struct {
	administration
	Login string `arg:"" help:"Whose password."`
}

// Run replaces the password.
func (c userPasswordCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		user, err := d.user(c.Login)
		if err != nil {
			return err
		}
		in := service.UserInputOf(user)
		if in.Password, err = env.secretFrom(passwordVariable, "New password for "+user.Login); err != nil {
			return err
		}
		if _, err := d.service.ChangeUser(ctx, d.caller, user.ID, user.Version, in); err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.stderr, "%s has a new password.\n", user.Login)
		return err
	})
}

type userDeactivateCommand struct {
	administration
	Login     string `arg:"" help:"Who may sign in no more."`
	Successor string `help:"Who follows the open actions from now on: those without a date, or with one that is not past." placeholder:"LOGIN"`
}

// Run deactivates the user.
func (c userDeactivateCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		user, err := d.user(c.Login)
		if err != nil {
			return err
		}
		if c.Successor != "" {
			if _, err := d.user(c.Successor); err != nil {
				return err
			}
		}
		in := service.UserInputOf(user)
		in.Active = false
		if _, err := d.service.ChangeUser(ctx, d.caller, user.ID, user.Version, in); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(env.stderr, "%s is deactivated.\n", user.Login); err != nil {
			return err
		}
		return d.handOver(ctx, user, c.Successor)
	})
}

// handOver gives the open actions of somebody who leaves to a successor, or says how many there are.
func (d *desk) handOver(ctx context.Context, from crm.User, successor string) error {
	if successor == "" {
		open, err := d.service.OpenActionsOf(ctx, d.caller, from.ID)
		if err == nil && open.Count > 0 {
			_, err = fmt.Fprintf(d.env.stderr, "%d open actions stay with %s; --successor LOGIN hands them over.\n", open.Count, from.Login)
		}
		return err
	}
	to, err := d.user(successor)
	if err != nil {
		return err
	}
	result, err := d.service.HandOverActions(ctx, d.caller, from.ID, to.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.env.stderr, "%d open actions were handed to %s.\n", result.Moved, to.Login)
	return err
}

type userDeleteCommand struct {
	administration
	Login     string `arg:"" help:"Who is deleted."`
	Successor string `help:"Who follows the open actions from now on." placeholder:"LOGIN"`
}

// Help says what stays.
func (userDeleteCommand) Help() string {
	return `The link ends and keeps actions and events on both sides. The name stays in histories; the login is free again.`
}

// Run deletes the user.
func (c userDeleteCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		user, err := d.user(c.Login)
		if err != nil {
			return err
		}
		if err := d.handOver(ctx, user, c.Successor); err != nil {
			return err
		}
		revoked, err := d.service.DeleteUser(ctx, d.caller, user.ID, user.Version)
		if err != nil {
			return err
		}
		if revoked != service.NothingToRevoke {
			if _, err := fmt.Fprintln(env.stderr, i18n.T(env.language(), "grant.ended_"+string(revoked), nil)); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(env.stderr, "%s is deleted.\n", user.Login)
		return err
	})
}
