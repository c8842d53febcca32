package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"agendaonline/internal/config"
	"agendaonline/internal/crm"
	"agendaonline/internal/httpd"
	"agendaonline/internal/mail"
	"agendaonline/internal/outbound"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// installation says which installation a command works on. The program that serves it may run at the same time.
type installation struct {
	config.Flags
}

// load finds out which settings are in force. The error names everything that is wrong with them.
func (i installation) load(env environment, serving bool, more ...any) (*config.Config, error) {
	return config.Load(config.Input{
		Serving: serving, File: i.Config, Flags: config.Given(append(more, i.Flags)...), ReadFile: os.ReadFile,
		LookupEnv: func(name string) (string, bool) { value := env.getenv(name); return value, value != "" },
		Checks:    map[string]func(string) error{config.OutboundAllow: func(text string) error { _, err := outbound.ParseAllow(text); return err }},
	})
}

// assembled is what a program is assembled from by these settings.
func assembled(settings *config.Config, log *slog.Logger) (programConfig, error) {
	if settings.SQLite != "" {
		if err := privateFolder(settings.Data); err != nil {
			return programConfig{}, err
		}
	}
	allow, err := outbound.ParseAllow(settings.OutboundAllow...)
	if err != nil {
		return programConfig{}, err
	}
	assembly := programConfig{
		Store: store.Options{SQLite: settings.SQLite, PostgreSQL: settings.PostgreSQL}, KeyFile: settings.KeyFile, Allow: allow,
		BaseURL: settings.BaseURL, Secure: settings.Secure(), Log: log,
		HTTP: httpd.Config{CertFile: settings.TLSCert, KeyFile: settings.TLSKey, Proxies: settings.Proxies, MetricsFrom: settings.MetricsFrom},
	}
	if len(settings.ACMEHosts) > 0 {
		assembly.HTTP.ACME = &httpd.ACME{Hosts: settings.ACMEHosts, Folder: filepath.Join(settings.Data, "acme"), Directory: settings.ACMEFrom}
	}
	if given := settings.Mail; given.Address != "" {
		assembly.Mail = mail.Server{Address: given.Address, TLS: mail.TLS(given.TLS), User: given.User, Password: given.Password, From: given.From}
	}
	if settings.Key != "" {
		if assembly.Keys, err = secret.Parse(settings.Key); err != nil {
			return programConfig{}, fmt.Errorf("read the setting %s: %w", config.Key, err)
		}
	}
	return assembly, nil
}

// administration is what a command that administers an installation needs; As says in whose name.
type administration struct {
	installation
	As   string `help:"Act as this administrator; the first one by login when it is left out." placeholder:"LOGIN"`
	JSON bool   `help:"Print JSON."`
}

// desk is an installation opened for a command: what its operator may do, who holds the database anyway.
type desk struct {
	*program
	caller service.Caller
	users  []crm.User
	env    environment
}

// open opens the installation and finds out in whose name to act. The desk must be closed.
func (a administration) open(ctx context.Context, env environment) (*desk, error) {
	settings, err := a.load(env, false)
	if err != nil {
		return nil, err
	}
	assembly, err := assembled(settings, slog.New(slog.NewTextHandler(env.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return nil, err
	}
	p, err := openProgram(ctx, assembly)
	if err != nil {
		return nil, err
	}
	d := &desk{program: p, env: env}
	err = p.store.Read(ctx, func(tx *store.Tx) (err error) { d.users, err = tx.Users(); return err })
	d.users = slices.DeleteFunc(d.users, func(user crm.User) bool { return !user.DeletedAt.IsZero() })
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	if err := d.actAs(a.As); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return d, nil
}

// actAs takes the administrator of that login, or the first one. Where there is none yet nobody acts, who may do nothing.
func (d *desk) actAs(login string) error {
	for _, user := range d.users {
		if user.Role == crm.RoleAdministrator && user.Active && (login == "" || strings.EqualFold(user.Login, login)) {
			d.caller = service.Caller{User: user}
			return nil
		}
	}
	if login != "" {
		return fmt.Errorf("no active administrator has the login %q", login)
	}
	return nil
}

// user is the one of a login.
func (d *desk) user(login string) (crm.User, error) {
	user, found := userByLogin(d.users, login)
	if !found {
		return crm.User{}, fmt.Errorf("no user has the login %q; agenda user list shows them", login)
	}
	return user, nil
}

// login is that of a user; "" for nobody.
func (d *desk) login(id crm.UserID) string {
	for _, user := range d.users {
		if user.ID == id {
			return user.Login
		}
	}
	return ""
}

// linkOf is the link of a login's user.
func (d *desk) linkOf(ctx context.Context, login string) (service.LinkView, error) {
	user, err := d.user(login)
	if err != nil {
		return service.LinkView{}, err
	}
	links, err := d.service.Links(ctx, d.caller)
	if err != nil {
		return service.LinkView{}, err
	}
	for _, link := range links {
		if link.User == user.ID {
			return link, nil
		}
	}
	return service.LinkView{}, fmt.Errorf("%s has no link; agenda link add makes one", user.Login)
}
