package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrationFiles embed.FS

// NewestSchema is the version of the schema that this program works with.
func NewestSchema() (int64, error) {
	names, err := fs.Glob(migrationFiles, sqliteDialect.migrations+"/*.sql")
	if err != nil || len(names) == 0 {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	return goose.NumericComponent(names[len(names)-1]) // Glob sorts them
}

// migrate brings the schema up to date, or to a version that is asked for; 0 is the newest. On PostgreSQL the nodes that start together wait for the one that does it.
func (s *Store) migrate(ctx context.Context, schema int64) error {
	files, err := fs.Sub(migrationFiles, s.dialect.migrations)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.dialect.notifies {
		// Each second for five minutes: as long as a long migration takes on another node.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return fmt.Errorf("prepare migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(s.dialect.goose, s.write, files, options...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("%w: schema %d, this one knows up to %d", ErrNewerDatabase, current, target)
	}
	if schema != 0 {
		if target = min(target, schema); current > target {
			return fmt.Errorf("%w: schema %d, asked for was %d", ErrNewerDatabase, current, schema)
		}
	}
	if current == target {
		return nil
	}
	if _, err := provider.UpTo(ctx, target); err != nil {
		return fmt.Errorf("migrate from schema %d to %d: %w", current, target, err)
	}
	return nil
}
