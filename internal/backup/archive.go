package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"agendaonline/internal/store"
)

const (
	formatName = "agenda backup"
	// Version is that of the archive's form. One that is newer is not read.
	Version = 1
	// maxLine bounds a row: a calendar object of 10 MiB, its twin as it was sent, and base64.
	maxLine = 64 << 20
)

// What an archive can be that cannot be restored.
var (
	// ErrNoArchive: it is no archive of this program.
	ErrNoArchive = errors.New("this is no backup of Agenda Online")
	// ErrNewerArchive: a newer version of the program has made it.
	ErrNewerArchive = errors.New("the backup was made by a newer version of the program: restore it with that version")
	// ErrDamaged: it is cut off or was changed.
	ErrDamaged = errors.New("the backup is damaged")
)

// Header says what an archive holds.
type Header struct {
	Format    string    `json:"format"`
	Version   int       `json:"version"`
	Schema    int64     `json:"schema"` // of the database
	Program   string    `json:"program"`
	Database  string    `json:"database"` // the engine it was taken from
	Identity  string    `json:"identity"` // of the installation, "" when it was never started
	CreatedAt time.Time `json:"created_at"`
	Rows      int64     `json:"rows"` // of all sections
	Sections  []Section `json:"sections"`
}

// Section is the rows of one table.
type Section struct {
	Name    string   `json:"name"`
	Rows    int64    `json:"rows"`
	Columns []Column `json:"columns"`
}

// Column is a column of a section.
type Column struct {
	Name string         `json:"name"`
	Type store.DumpType `json:"type"`
}

func sectionOf(dumped store.DumpSection, rows int64) Section {
	section := Section{Name: dumped.Name, Rows: rows}
	for _, column := range dumped.Columns {
		section.Columns = append(section.Columns, Column(column))
	}
	return section
}

// sectionEnd follows the rows of a section, archiveEnd the last section.
type sectionEnd struct {
	Section string `json:"section"`
	Rows    int64  `json:"rows"`
	SHA256  string `json:"sha256"`
}

type archiveEnd struct {
	End    bool   `json:"end"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// writer writes lines and their digests.
type writer struct {
	zip     *gzip.Writer
	buffer  *bufio.Writer
	all     hash.Hash
	section hash.Hash
	line    bytes.Buffer
}

func newWriter(w io.Writer) *writer {
	zip := gzip.NewWriter(w)
	return &writer{zip: zip, buffer: bufio.NewWriterSize(zip, 64<<10), all: sha256.New(), section: sha256.New()}
}

// value writes a line that is no row.
func (w *writer) value(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return w.write(append(line, '\n'))
}

func (w *writer) write(line []byte) error {
	w.all.Write(line)
	_, err := w.buffer.Write(line)
	return err
}

// row writes a row of a section.
func (w *writer) row(values []any) error {
	w.line.Reset()
	w.line.WriteByte('[')
	for i, value := range values {
		if i > 0 {
			w.line.WriteByte(',')
		}
		if data, isBytes := value.([]byte); isBytes {
			w.line.WriteByte('"')
			encoder := base64.NewEncoder(base64.StdEncoding, &w.line)
			encoder.Write(data) // a buffer takes everything
			encoder.Close()
			w.line.WriteByte('"')
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		w.line.Write(text)
	}
	w.line.WriteString("]\n")
	w.section.Write(w.line.Bytes())
	return w.write(w.line.Bytes())
}

// endSection closes the rows of a section.
func (w *writer) endSection(name string, rows int64) error {
	digest := hex.EncodeToString(w.section.Sum(nil))
	w.section.Reset()
	return w.value(sectionEnd{name, rows, digest})
}

// end closes the archive; the writer below it stays open.
func (w *writer) end(rows int64) error {
	if err := w.value(archiveEnd{true, rows, hex.EncodeToString(w.all.Sum(nil))}); err != nil {
		return err
	}
	return errors.Join(w.buffer.Flush(), w.zip.Close())
}

// reader reads an archive as a stream. Every error of the archive is one of the errors above.
type reader struct {
	header  Header
	zip     *gzip.Reader
	buffer  *bufio.Reader
	all     hash.Hash
	section hash.Hash
	rows    int64
	line    []byte
}

// newReader reads the header. It reads r to its end; nothing may follow the archive.
func newReader(r io.Reader) (*reader, error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoArchive, err)
	}
	a := &reader{zip: zip, buffer: bufio.NewReaderSize(zip, 64<<10), all: sha256.New(), section: sha256.New()}
	line, err := a.next()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoArchive, err)
	}
	a.all.Write(line)
	var kind struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	switch err := json.Unmarshal(line, &kind); {
	case err != nil || kind.Format != formatName || kind.Version < 1:
		return nil, ErrNoArchive
	case kind.Version > Version:
		return nil, fmt.Errorf("%w (form %d, this one reads %d)", ErrNewerArchive, kind.Version, Version)
	}
	if err := json.Unmarshal(line, &a.header); err != nil {
		return nil, damaged("its first line cannot be read")
	}
	return a, nil
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// next is the next line, with its end; it is valid until the next call.
func (a *reader) next() ([]byte, error) {
	a.line = a.line[:0]
	for {
		part, err := a.buffer.ReadSlice('\n')
		a.line = append(a.line, part...)
		switch {
		case err == nil:
			return a.line, nil
		case len(a.line) > maxLine:
			return nil, damaged("a line is longer than %d MiB", maxLine>>20)
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, damaged("it is cut off")
		case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
			return nil, damaged("%v", err)
		default:
			return nil, damaged("it cannot be read: %v", err)
		}
	}
}

// read calls visit with the rows of every section, in their order, and checks digests and counts. What visit was given before
// an error is not to be kept. The values of a row are the visitor's.
func (a *reader) read(begin func(Section) error, visit func(values []any) error) error {
	for _, section := range a.header.Sections {
		if err := begin(section); err != nil {
			return err
		}
		if err := a.readSection(section, visit); err != nil {
			return err
		}
	}
	line, err := a.next()
	if err != nil {
		return err
	}
	var end archiveEnd
	switch err := json.Unmarshal(line, &end); {
	case err != nil || !end.End:
		return damaged("its end is missing")
	case end.Rows != a.rows || end.Rows != a.header.Rows:
		return damaged("it has %d rows, not %d", a.rows, end.Rows)
	case end.SHA256 != hex.EncodeToString(a.all.Sum(nil)):
		return damaged("it was changed")
	}
	if _, err := a.buffer.ReadByte(); !errors.Is(err, io.EOF) {
		return damaged("something follows its end")
	}
	return nil
}

func (a *reader) readSection(section Section, visit func(values []any) error) error {
	a.section.Reset()
	for rows := int64(0); ; rows++ {
		line, err := a.next()
		if err != nil {
			return err
		}
		a.all.Write(line)
		if line[0] != '[' {
			var end sectionEnd
			switch err := json.Unmarshal(line, &end); {
			case err != nil || end.Section != section.Name:
				return damaged("the end of %s is missing", section.Name)
			case end.Rows != rows || end.Rows != section.Rows:
				return damaged("%s has %d rows, not %d", section.Name, rows, end.Rows)
			case end.SHA256 != hex.EncodeToString(a.section.Sum(nil)):
				return damaged("%s was changed", section.Name)
			}
			a.rows += rows
			return nil
		}
		a.section.Write(line)
		values, err := section.parse(line)
		if err != nil {
			return damaged("row %d of %s cannot be read", rows+1, section.Name)
		}
		if err := visit(values); err != nil {
			return err
		}
	}
}

// parse reads the line of a row.
func (s Section) parse(line []byte) ([]any, error) {
	var texts []json.RawMessage
	if err := json.Unmarshal(line, &texts); err != nil {
		return nil, err
	}
	if len(texts) != len(s.Columns) {
		return nil, fmt.Errorf("%d values for %d columns", len(texts), len(s.Columns))
	}
	values := make([]any, len(texts))
	for i, column := range s.Columns {
		if string(texts[i]) == "null" {
			continue
		}
		var err error
		switch column.Type {
		case store.DumpText:
			values[i], err = parseAs[string](texts[i])
		case store.DumpBytes:
			values[i], err = parseAs[[]byte](texts[i])
		case store.DumpInteger:
			values[i], err = parseAs[int64](texts[i])
		case store.DumpBoolean:
			values[i], err = parseAs[bool](texts[i])
		default:
			err = fmt.Errorf("type %q", column.Type)
		}
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

func parseAs[T any](text json.RawMessage) (any, error) {
	var value T
	err := json.Unmarshal(text, &value)
	return value, err
}
