package store

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"agendaonline/internal/crm"
)

// Settings are those of the installation, the defaults with version 0 until they are changed for the first time.
func (tx *Tx) Settings() (crm.Settings, error) {
	settings := crm.DefaultSettings()
	var version int64
	err := tx.queryRow("load settings", "SELECT version, data FROM settings").Scan(&version, intoJSON(&settings))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return crm.Settings{}, err
	}
	settings.Version = version
	return settings, nil
}

// readSettings are the settings as they were read last, with what they were read of.
type readSettings struct {
	mu       sync.Mutex
	data     string
	settings crm.Settings
}

// of are the settings that stand in a row, the defaults for no data. Every run asks for them, and hardly one finds others.
func (r *readSettings) of(version int64, data string) (crm.Settings, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if data == "" || r.data != data {
		settings := crm.DefaultSettings()
		if err := intoJSON(&settings).Scan(data); err != nil {
			return settings, fmt.Errorf("load settings: %w", err)
		}
		r.data, r.settings = data, settings
	}
	settings := r.settings
	settings.Version = version
	return settings, nil
}

// UpdateSettings replaces the settings. ErrVersion: they have another version than expectVersion by now.
func (tx *Tx) UpdateSettings(settings crm.Settings, expectVersion int64) error {
	settings.Version = 0 // has a column of its own
	if expectVersion == 0 {
		return tx.execOne(ErrVersion, "update settings",
			"INSERT INTO settings (only_row, version, data) VALUES (1, 1, $1) ON CONFLICT (only_row) DO NOTHING", jsonValue(settings))
	}
	return tx.execOne(ErrVersion, "update settings",
		"UPDATE settings SET version = version + 1, data = $2 WHERE version = $1", expectVersion, jsonValue(settings))
}

// Installation is what tells this database from a copy of it: an identity that the program compares with the one it keeps
// outside the database.
type Installation struct {
	Identity  string
	CreatedAt time.Time
}

// Installation is the identity of the database; ErrNotFound until it was given one.
func (tx *Tx) Installation() (Installation, error) {
	var installation Installation
	err := tx.queryRow("load installation", "SELECT identity, created_at FROM installation").
		Scan(&installation.Identity, intoTime(&installation.CreatedAt))
	return installation, err
}

// SetInstallation gives the database its identity, or another when a copy becomes an installation of its own.
func (tx *Tx) SetInstallation(installation Installation) error {
	if installation.Identity == "" || installation.CreatedAt.IsZero() {
		return fmt.Errorf("set installation: identity or instant is missing")
	}
	_, err := tx.exec("set installation", `INSERT INTO installation (only_row, identity, created_at) VALUES (1, $1, $2)
		ON CONFLICT (only_row) DO UPDATE SET identity = excluded.identity, created_at = excluded.created_at`,
		installation.Identity, timeValue(installation.CreatedAt))
	return err
}
