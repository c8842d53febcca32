package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"agendaonline/internal/config"
)

type serveCommand struct {
	installation
	config.ServeFlags
}

// Help says how an installation begins.
func (serveCommand) Help() string {
	return `Runs the pages, the API and the sync until it is told to stop (Ctrl-C or SIGTERM), which takes 10 seconds at most; whatever is
unfinished then goes on at the next start.

The first start makes the database and the key file. The key file opens the passwords that the database keeps sealed: keep a
copy of it apart from the backups of the database. Where there is no administrator yet, a one-time code is shown here, with
which the first one is made in the browser; agenda user add --admin makes one too.

Every setting can be given as a flag, as the environment variable named beside it, or in the file of --config; the first that
is given counts. agenda config shows what is in force.

  agenda serve --data /var/lib/agenda --listen 127.0.0.1:8080 --base-url https://crm.example.com --trusted-proxy 127.0.0.1
  agenda serve --data /var/lib/agenda --listen :443 --acme-host crm.example.com --base-url https://crm.example.com
  agenda serve --database postgres://agenda@db.internal/agenda --tls-cert crm.pem --tls-key crm.key --listen :443

Exit codes: 0 stopped because it was told to; 1 could not start, or failed.`
}

// Run serves until ctx ends.
func (c serveCommand) Run(ctx context.Context, env environment) (err error) {
	settings, err := c.load(env, true, c.ServeFlags)
	if err != nil {
		return err
	}
	assembly, err := assembled(settings, logTo(env.stderr, settings))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	p, err := openProgram(ctx, assembly)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, p.close()) }()
	address := pagesAt(settings, listener)
	fmt.Fprintf(env.stdout, "Agenda Online listens on %s\n", address)
	if p.first != nil {
		fmt.Fprintf(env.stdout, "\nThere is no administrator yet. Open %s/ and type this one-time code:\n\n    %s\n\n", address, p.first)
	}
	return p.serve(ctx, listener)
}

// logTo is the log as the settings want it.
func logTo(out io.Writer, settings *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: settings.LogLevel}
	if settings.LogJSON {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// pagesAt is where people find the pages.
func pagesAt(settings *config.Config, listener net.Listener) string {
	if settings.BaseURL != "" {
		return settings.BaseURL
	}
	scheme := "http"
	if settings.TLS() {
		scheme = "https"
	}
	return scheme + "://" + loopback(listener.Addr())
}
