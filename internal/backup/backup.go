package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// reasonCopied is why the links of a restored database are paused; service gives the same reason to those of a copied one.
const reasonCopied crm.Reason = "copied_database"

// How often Progress is called, and how many rows are restored at once.
const (
	progressEach = 1_000
	batchRows    = 500
	batchBytes   = 4 << 20
)

// Progress is how far the work has come.
type Progress struct {
	Section string // the one that is worked on
	Rows    int64  // of all sections, done
	Total   int64
}

// Options are of all three: Write, Verify and Restore.
type Options struct {
	Now      func() time.Time
	Program  string         // the version of the program, for Write
	Progress func(Progress) // nil: nobody wants to know. It is called now and then, by the caller's goroutine.
}

func (o Options) report(section string, rows, total int64) {
	if o.Progress != nil {
		o.Progress(Progress{section, rows, total})
	}
}

// Write writes an archive of the whole database as it is at one moment, while the program goes on. On SQLite the write-ahead
// log grows until it ends. An archive that an error interrupted is not one: it lacks its end.
func Write(ctx context.Context, s *store.Store, w io.Writer, options Options) (Header, error) {
	var header Header
	err := s.Read(ctx, func(tx *store.Tx) error {
		sections, err := tx.DumpSections()
		if err != nil {
			return err
		}
		header, err = headerOf(tx, s, sections, options)
		if err != nil {
			return err
		}
		out := newWriter(w)
		if err := out.value(header); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		done := int64(0)
		for i, section := range sections {
			before := done
			err := tx.DumpRows(section, func(values []any) error {
				if done++; done%progressEach == 0 {
					options.report(section.Name, done, header.Rows)
				}
				return out.row(values)
			})
			if err == nil && done-before != header.Sections[i].Rows {
				err = fmt.Errorf("%s has %d rows, counted were %d", section.Name, done-before, header.Sections[i].Rows)
			}
			if err == nil {
				err = out.endSection(section.Name, done-before)
			}
			if err != nil {
				return fmt.Errorf("write the backup: %w", err)
			}
			options.report(section.Name, done, header.Rows)
		}
		if err := out.end(done); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		return nil
	})
	return header, err
}

func headerOf(tx *store.Tx, s *store.Store, sections []store.DumpSection, options Options) (Header, error) {
	header := Header{Format: formatName, Version: Version, Program: options.Program, Database: s.Database(), CreatedAt: options.Now().UTC().Truncate(time.Second)}
	var err error
	if header.Schema, err = tx.Schema(); err != nil {
		return header, err
	}
	installation, err := tx.Installation()
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return header, err
	}
	header.Identity = installation.Identity
	for _, section := range sections {
		rows, err := tx.DumpCount(section)
		if err != nil {
			return header, err
		}
		header.Sections = append(header.Sections, sectionOf(section, rows))
		header.Rows += rows
	}
	return header, nil
}

// Verify reads an archive to its end and checks every digest and count. The error is one of those of this package.
func Verify(ctx context.Context, r io.Reader, options Options) (Header, error) {
	archive, err := newReader(r)
	if err != nil {
		return Header{}, err
	}
	done, name := int64(0), ""
	err = archive.read(func(section Section) error {
		name = section.Name
		return ctx.Err()
	}, func([]any) error {
		if done++; done%progressEach != 0 {
			return nil
		}
		options.report(name, done, archive.header.Rows)
		return ctx.Err()
	})
	return archive.header, err
}

// Restore fills an empty database from an archive, in one transaction: all of it or nothing. open is called more than once:
// the archive is verified before the database is touched. Every link that lives is paused afterwards (semantics 7). The archive
// of an older program is restored as that program kept it, and the schema brought up to date then.
//
// The error is one of those of this package or store.ErrNotEmpty. Nothing else may use the database meanwhile.
func Restore(ctx context.Context, target store.Options, open func() (io.ReadCloser, error), options Options) (Header, error) {
	header, err := reading(open, func(r io.Reader) (Header, error) { return Verify(ctx, r, Options{Now: options.Now}) })
	if err != nil {
		return header, err
	}
	newest, err := store.NewestSchema()
	switch {
	case err != nil:
		return header, err
	case header.Schema > newest:
		return header, fmt.Errorf("%w (schema %d, this one knows up to %d)", ErrNewerArchive, header.Schema, newest)
	case header.Schema < 1:
		return header, damaged("it is of schema %d", header.Schema)
	}
	older := target
	older.Schema = header.Schema
	err = opened(ctx, older, func(s *store.Store) error { return restore(ctx, s, header, open, options) })
	switch {
	case errors.Is(err, store.ErrNewerDatabase):
		return header, fmt.Errorf("%w: a newer version of the program has opened it than the one of the backup", store.ErrNotEmpty)
	case err != nil:
		return header, err
	}
	return header, opened(ctx, target, func(s *store.Store) error { return s.Optimize(ctx) })
}

func opened(ctx context.Context, target store.Options, do func(*store.Store) error) error {
	s, err := store.Open(ctx, target)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

// restore fills a database that has the schema of the archive.
func restore(ctx context.Context, s *store.Store, header Header, open func() (io.ReadCloser, error), options Options) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RequireEmpty(); err != nil {
			return err
		}
		sections, err := fitting(tx, header)
		if err != nil {
			return err
		}
		_, err = reading(open, func(r io.Reader) (Header, error) { return header, fill(tx, r, header, sections, options) })
		if err != nil {
			return err
		}
		return tx.FinishRestore(reasonCopied, options.Now().UTC().Truncate(time.Microsecond))
	})
}

func reading(open func() (io.ReadCloser, error), read func(io.Reader) (Header, error)) (Header, error) {
	file, err := open()
	if err != nil {
		return Header{}, fmt.Errorf("open the backup: %w", err)
	}
	header, err := read(file)
	return header, errors.Join(err, file.Close())
}

// fitting are the sections of the database, which must be those of the archive.
func fitting(tx *store.Tx, header Header) (map[string]store.DumpSection, error) {
	sections, err := tx.DumpSections()
	if err != nil {
		return nil, err
	}
	byName := map[string]store.DumpSection{}
	for i, section := range sections {
		if i >= len(header.Sections) || header.Sections[i].Name != section.Name || !slices.Equal(header.Sections[i].Columns, sectionOf(section, 0).Columns) {
			return nil, damaged("its %s is not that of schema %d", section.Name, header.Schema)
		}
		byName[section.Name] = section
	}
	if len(sections) != len(header.Sections) {
		return nil, damaged("it has %d sections, schema %d has %d", len(header.Sections), header.Schema, len(sections))
	}
	return byName, nil
}

// fill adds the rows of an archive in batches.
func fill(tx *store.Tx, r io.Reader, header Header, sections map[string]store.DumpSection, options Options) error {
	archive, err := newReader(r)
	if err != nil {
		return err
	}
	var section store.DumpSection
	var batch [][]any
	size, done := 0, int64(0)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := tx.RestoreRows(section, batch); err != nil {
			return err
		}
		done += int64(len(batch))
		options.report(section.Name, done, header.Rows)
		batch, size = batch[:0], 0
		return nil
	}
	err = archive.read(func(next Section) error {
		if err := flush(); err != nil {
			return err
		}
		section = sections[next.Name]
		return nil
	}, func(values []any) error {
		batch = append(batch, values)
		size += sizeOf(values)
		if len(batch) < batchRows && size < batchBytes {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// sizeOf is about how many bytes a row takes.
func sizeOf(values []any) int {
	size := 0
	for _, value := range values {
		switch value := value.(type) {
		case string:
			size += len(value)
		case []byte:
			size += len(value)
		}
	}
	return size
}
