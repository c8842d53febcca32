package simulation

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

var database = flag.String("database", "sqlite", "sqlite or postgres")

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400) // a history is short and leaves much behind
	os.Exit(m.Run())
}

// stage is where histories are played, one after the other: an open database, emptied before each.
type stage struct {
	*testing.T
	store   *store.Store
	emptier *storetest.Emptier
	world   *world // of the history that is played
}

// onStage runs play in a bubble of virtual time, with a stage of its own.
func onStage(t *testing.T, play func(*stage)) {
	s := &stage{}
	options := store.Options{RelaxedCommits: true, Now: func() time.Time { return s.world.now() }}
	open := func(t *testing.T) {
		var err error
		if s.store, err = store.Open(t.Context(), options); err == nil {
			s.emptier, err = storetest.NewEmptier(t.Context(), options)
		}
		if err == nil && options.PostgreSQL != "" {
			err = setUp(s.store)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	closing := func(t *testing.T) {
		if err := errors.Join(s.emptier.Close(), s.store.Close()); err != nil {
			t.Error(err)
		}
	}
	if *database == "postgres" {
		// Its connections wait for the network, which is no virtual time: they are made outside.
		options.PostgreSQL = storetest.PostgreSQL(t).PostgreSQL
		s.world = &world{}
		open(t)
		defer closing(t)
	}
	synctest.Test(t, func(t *testing.T) {
		s.T = t
		if options.PostgreSQL == "" {
			bytes, err := template()
			if err != nil {
				t.Fatal(err)
			}
			folder, err := os.MkdirTemp(memory(), "simulation-")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(folder)
			options.SQLite = filepath.Join(folder, "agenda.db")
			if err := os.WriteFile(options.SQLite, bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			open(t)
			defer closing(t)
		}
		play(s)
	})
}

// template is a migrated database with the settings of every history.
var template = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp(memory(), "simulation-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "agenda.db")
	s, err := store.Open(context.Background(), store.Options{SQLite: path, RelaxedCommits: true})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(setUp(s), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// setUp writes the settings of every history.
func setUp(s *store.Store) error {
	return s.Write(context.Background(), func(tx *store.Tx) error {
		now, err := tx.Settings()
		if err != nil {
			return err
		}
		settings := crm.DefaultSettings()
		settings.ModuleActive, settings.OnlineCalendar, settings.TimeZone = true, true, zoneOfAll
		return tx.UpdateSettings(settings, now.Version)
	})
}

// memory is a folder whose files lie in memory where there is one.
func memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// keys seal nothing that is opened here; the service wants some.
var keys = sync.OnceValues(func() (*secret.Ring, error) {
	folder, err := os.MkdirTemp("", "simulation-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	return secret.Create(filepath.Join(folder, "key"), rand.NewChaCha8([32]byte{}))
})
