package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"agendaonline/internal/backup"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
)

type backupCommand struct {
	installation
	File string `arg:"" help:"File to write; - for standard output."`
}

// Help says what is in a backup and what is not.
func (backupCommand) Help() string {
	return `Writes everything that the database holds at this moment into one file, while the program goes on. The file can be restored into
SQLite and into PostgreSQL. It is written beside FILE first and read back, so that FILE is a whole backup or is not there; a file
of that name is left alone.

Passwords of calendars are in it as the database has them, sealed. Keep a copy of the key file too, in another place: without it
the passwords have to be typed again.

  agenda backup --data /var/lib/agenda /backup/agenda-2026-11-23.gz

Exit codes: 0 written and verified; 1 failed.`
}

// Run writes a backup.
func (c backupCommand) Run(ctx context.Context, env environment) (err error) {
	settings, err := c.load(env, false)
	if err != nil {
		return err
	}
	if settings.SQLite != "" {
		if _, err := os.Stat(settings.SQLite); err != nil { // opening it would make one
			return fmt.Errorf("there is no installation in %s: %w", settings.Data, err)
		}
	}
	s, err := store.Open(ctx, store.Options{SQLite: settings.SQLite, PostgreSQL: settings.PostgreSQL})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	options := backup.Options{Now: time.Now, Program: programVersion()}
	var end func()
	options.Progress, end = env.progress("Writing")
	defer end()
	if c.File == "-" {
		header, err := backup.Write(ctx, s, env.stdout, options)
		end()
		return errors.Join(err, env.tellBackup("Written", header, err))
	}
	header, err := writeBackup(ctx, s, c.File, options)
	end()
	return errors.Join(err, env.tellBackup("Written to "+c.File, header, err))
}

// writeBackup writes a file that is whole or not there.
func writeBackup(ctx context.Context, s *store.Store, path string, options backup.Options) (header backup.Header, err error) {
	if _, err := os.Lstat(path); err == nil {
		return header, fmt.Errorf("%s is there already; a backup overwrites nothing", path)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".agenda-backup-*") // readable by its owner only
	if err != nil {
		return header, err
	}
	defer func() { err = errors.Join(err, removeIfThere(file.Name())) }()
	header, err = backup.Write(ctx, s, file, options)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = backup.Verify(ctx, file, backup.Options{Now: options.Now})
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return header, err
	}
	err = os.Link(file.Name(), path) // fails where a file of that name has appeared meanwhile, which a renaming would replace
	if err != nil && !errors.Is(err, os.ErrExist) {
		err = os.Rename(file.Name(), path) // a file system without hard links
	}
	return header, err
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

type restoreCommand struct {
	installation
	File  string `arg:"" type:"existingfile" help:"Backup to restore."`
	Check bool   `help:"Only read the backup to its end and say what is in it; no database is opened."`
}

// Help says what restoring does.
func (restoreCommand) Help() string {
	return `Fills an empty database from a backup: all of it, or nothing when anything is wrong. The database is the one of the settings,
SQLite or PostgreSQL, and must have been used for nothing before; the program must not run on it.

Every link is paused afterwards, so that a copy does not write into the calendars of the installation it was taken from. Put the
key file of that installation in place before the first start, then look at the links and resume them.

  agenda restore --check /backup/agenda-2026-11-23.gz
  agenda restore --database postgres://agenda@db.internal/agenda /backup/agenda-2026-11-23.gz

Exit codes: 0 restored, or the backup is whole; 1 nothing was changed, and why.`
}

// Run restores or checks a backup.
func (c restoreCommand) Run(ctx context.Context, env environment) error {
	open := func() (io.ReadCloser, error) { return os.Open(c.File) }
	options := backup.Options{Now: time.Now}
	if c.Check {
		file, err := open()
		if err != nil {
			return err
		}
		defer file.Close()
		var end func()
		options.Progress, end = env.progress("Reading")
		header, err := backup.Verify(ctx, file, options)
		end()
		return errors.Join(err, env.tellBackup(c.File+" is whole", header, err))
	}
	settings, err := c.load(env, false)
	if err != nil {
		return err
	}
	var end func()
	options.Progress, end = env.progress("Restoring")
	header, err := backup.Restore(ctx, store.Options{SQLite: settings.SQLite, PostgreSQL: settings.PostgreSQL}, open, options)
	end()
	database := "PostgreSQL"
	if settings.SQLite != "" {
		database = "SQLite in " + settings.Data
	}
	if errors.Is(err, store.ErrNotEmpty) {
		return fmt.Errorf("%w; name another folder with --data, or another database with --database", err)
	}
	if err := errors.Join(err, env.tellBackup("Restored into "+database, header, err)); err != nil {
		return err
	}
	fmt.Fprintln(env.stderr, "Every link is paused. Resume them once this is the installation that is to sync.")
	if settings.Key == "" {
		env.tellKey(header, settings.KeyFile)
	}
	return nil
}

// tellKey says whether the key file that is in place is that of the backup.
func (env environment) tellKey(header backup.Header, path string) {
	if header.Identity == "" {
		return
	}
	switch ring, err := secret.Load(path); {
	case errors.Is(err, secret.ErrNoKeyFile):
		fmt.Fprintf(env.stderr, "There is no key file at %s. Put that of installation %s there before the first start.\n", path, header.Identity)
	case err != nil:
		fmt.Fprintf(env.stderr, "The key file cannot be read: %v\n", err)
	case ring.Identity() != header.Identity:
		fmt.Fprintf(env.stderr, "The key file at %s is that of installation %s, the backup of %s: passwords in it may not open.\n", path, ring.Identity(), header.Identity)
	}
}

// tellBackup says what a backup holds, unless something went wrong.
func (env environment) tellBackup(done string, header backup.Header, err error) error {
	if err != nil {
		return nil
	}
	rows := map[string]int64{}
	for _, section := range header.Sections {
		rows[section.Name] = section.Rows
	}
	_, err = fmt.Fprintf(env.stderr, "%s: %d actions, %d users, %d links, %d rows in all, as of %s.\n", done, rows["action"], rows["app_user"], rows["link"], header.Rows,
		header.CreatedAt.Local().Format("2006-01-02 15:04:05"))
	return err
}

// progress shows how far a backup is, where somebody watches. end clears it away; it may be called again.
func (env environment) progress(doing string) (show func(backup.Progress), end func()) {
	file, isFile := env.stderr.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return nil, func() {}
	}
	var bar *progressbar.ProgressBar
	show = func(p backup.Progress) {
		if bar == nil {
			bar = progressbar.NewOptions64(p.Total, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(doing), progressbar.OptionShowCount(),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set64(p.Rows) // a bar that cannot be drawn is no reason to stop
	}
	return show, func() {
		if bar != nil {
			_ = bar.Finish()
		}
	}
}
