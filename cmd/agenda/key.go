package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"agendaonline/internal/config"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

type keyCommand struct {
	List    keyListCommand    `cmd:"" help:"Show the keys and how many values each has sealed."`
	Prepare keyPrepareCommand `cmd:"" help:"Add the next key to the key file, without using it yet."`
	Rotate  keyRotateCommand  `cmd:"" help:"Seal everything with a new key, while the program runs."`
	Forget  keyForgetCommand  `cmd:"" help:"Take the old keys out of the key file."`
}

// keyroom is a database and the key file that belongs to it.
type keyroom struct {
	path  string
	ring  *secret.Ring
	store *store.Store
}

// atKeys calls fn with the installation's database and key file, of which neither is made here.
func (i installation) atKeys(ctx context.Context, env environment, fn func(keyroom) error) (err error) {
	settings, err := i.load(env, false)
	if err != nil {
		return err
	}
	if settings.Key != "" {
		return fmt.Errorf("the keys come from the setting %s, which this program does not write: put them into a key file and name it with --key-file", config.Key)
	}
	ring, err := secret.Load(settings.KeyFile)
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
	return fn(keyroom{settings.KeyFile, ring, s})
}

type keyListCommand struct {
	installation
	JSON bool `help:"Print JSON."`
}

// shownKey is a key in JSON.
type shownKey struct {
	ID     string `json:"id"`
	Use    string `json:"use"` // seals, opens, prepared or missing
	Sealed int    `json:"sealed"`
}

// Run shows the keys of the file, and those that are not there and were used.
func (c keyListCommand) Run(ctx context.Context, env environment) error {
	return c.atKeys(ctx, env, func(k keyroom) error {
		counts, err := service.SealedBy(ctx, k.store)
		if err != nil {
			return err
		}
		shown := []shownKey{}
		for _, id := range k.ring.KeyIDs() {
			use := "opens"
			switch id {
			case k.ring.KeyID():
				use = "seals"
			case k.ring.Prepared():
				use = "prepared"
			}
			shown = append(shown, shownKey{id, use, counts[id]})
			delete(counts, id)
		}
		for id, count := range counts {
			shown = append(shown, shownKey{id, "missing", count})
		}
		if c.JSON {
			return printJSON(env.stdout, shown)
		}
		var rows [][]string
		for _, key := range shown {
			rows = append(rows, []string{key.ID, key.Use, strconv.Itoa(key.Sealed)})
		}
		return printTable(env.stdout, "key use sealed", rows)
	})
}

type keyPrepareCommand struct{ installation }

// Help says when this is needed.
func (keyPrepareCommand) Help() string {
	return `Needed only where several machines serve one database, each with a key file of its own. A prepared key opens what is sealed with
it, and seals nothing yet. Copy the key file to every machine, then run agenda key rotate on one of them and copy the file once more.

Exit codes: 0 prepared; 1 nothing was changed.`
}

// Run prepares a key.
func (c keyPrepareCommand) Run(ctx context.Context, env environment) error {
	return c.atKeys(ctx, env, func(k keyroom) error {
		id, err := secret.Prepare(k.path, rand.Reader)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.stderr, "Key %s is prepared in %s. Copy the file to every machine, then run agenda key rotate.\n", id, k.path)
		return err
	})
}

type keyRotateCommand struct {
	installation
	Resume bool `help:"Draw no key; only finish a rotation that was cut off."`
}

// Help says what happens, in which order.
func (keyRotateCommand) Help() string {
	return `The new key is in the key file before anything is sealed with it. Then the passwords and grants that the database holds are sealed
anew, a few at a time, while the program goes on: it takes the new key from the file by itself, and reads what either key has
sealed. The old key stays in the file until agenda key forget. Cut off in the middle, nothing is lost: run it again with --resume.

Copy the key file to the place of its copy afterwards. Backups that were made before need the old key: keep its copy with them.

Exit codes: 0 everything is sealed with the new key; 1 not all of it is, and why.`
}

// Run rotates.
func (c keyRotateCommand) Run(ctx context.Context, env environment) error {
	return c.atKeys(ctx, env, func(k keyroom) error {
		if !c.Resume {
			// A value that does not open now would not open afterwards either: nothing begins before that is put right.
			if err := service.OpensAll(ctx, k.store, k.ring); err != nil {
				return fmt.Errorf("nothing was changed: %w", err)
			}
			if _, err := secret.Rotate(k.path, rand.Reader); err != nil {
				return err
			}
		}
		done, err := service.Reseal(ctx, k.store, k.ring)
		if err != nil {
			return fmt.Errorf("key %s seals from now on, and not everything is sealed with it yet; put this right and run agenda key rotate --resume: %w", k.ring.KeyID(), err)
		}
		_, err = fmt.Fprintf(env.stderr, "Key %s seals from now on. Of %d sealed values, %d were sealed anew.\nCopy the key file to the place of its copy.\n",
			k.ring.KeyID(), done.All, done.Anew)
		return err
	})
}

type keyForgetCommand struct{ installation }

// Help says what is lost.
func (keyForgetCommand) Help() string {
	return `Whatever an old key has sealed is sealed anew first; then the old keys leave the key file. A running program may hold on to an old
key for the moment in which it saves a password, so the key file must not have changed for a minute.

Backups from before the rotation do not open without the old key: their passwords would have to be typed again.

Exit codes: 0 only the present key is left; 1 nothing was forgotten, and why.`
}

// settledAfter is how long a write that began with an old key may take to be committed.
const settledAfter = time.Minute

// Run forgets the old keys.
func (c keyForgetCommand) Run(ctx context.Context, env environment) error {
	return c.atKeys(ctx, env, func(k keyroom) error {
		info, err := os.Stat(k.path)
		if err != nil {
			return err
		}
		if wait := settledAfter - time.Since(info.ModTime()); wait > 0 {
			return fmt.Errorf("the key file changed a moment ago, and a running program may still be saving what the old key sealed; try again in %d seconds", int(wait.Seconds())+1)
		}
		sealing := k.ring.KeyID()
		if _, err := service.Reseal(ctx, k.store, k.ring); err != nil {
			return err
		}
		counts, err := service.SealedBy(ctx, k.store)
		if err != nil {
			return err
		}
		delete(counts, sealing)
		delete(counts, k.ring.Prepared())
		for id, count := range counts {
			return fmt.Errorf("key %s has sealed %d values that are there still, and is kept; try again", id, count)
		}
		gone, err := secret.Forget(k.path, sealing)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			_, err = fmt.Fprintf(env.stderr, "There was no old key; %s seals.\n", sealing)
			return err
		}
		_, err = fmt.Fprintf(env.stderr, "Forgotten: %s. Key %s seals. Copy the key file to the place of its copy.\n", strings.Join(gone, ", "), sealing)
		return err
	})
}
