package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// record is one change of the state, as the journal keeps it: exactly one field is set, Put and Remove with Calendar.
type record struct {
	State  *state    `json:"state,omitempty"` // all of it: the first record after a compaction or a restored snapshot
	User   *User     `json:"user,omitempty"`
	About  *about    `json:"about,omitempty"` // a calendar made, when its id is empty, or changed
	Touch  bool      `json:"touch,omitempty"` // with About: the change is one that a listing tells of
	Bind   *bound    `json:"bind,omitempty"`
	Drop   string    `json:"drop,omitempty"`  // id of a calendar that is deleted
	Prune  string    `json:"prune,omitempty"` // id of a calendar whose history is forgotten
	Purge  string    `json:"purge,omitempty"` // id of a calendar whose trash is forgotten
	Put    *object   `json:"put,omitempty"`
	Remove string    `json:"remove,omitempty"` // name of an object
	In     string    `json:"in,omitempty"`     // id of the calendar for Put and Remove
	At     time.Time `json:"at,omitzero"`
}

type bound struct {
	User string `json:"user"`
	Name string `json:"name"`
	binding
}

// apply makes the change. It does the same each time, so that replaying a journal gives the state that was.
func (s *state) apply(r record) {
	switch {
	case r.User != nil:
		s.Users[r.User.Name] = r.User
		if s.Homes[r.User.Name] == nil {
			s.Homes[r.User.Name] = homes{}
		}
	case r.About != nil:
		c := s.Calendars[r.About.ID]
		if c == nil {
			c = s.make(r.About.Owner, r.About.Name)
			r.About.ID = c.ID
		}
		c.about = *r.About
		if r.Touch {
			c.touch(r.At)
		}
	case r.Bind != nil && r.Bind.Access == NoAccess:
		delete(s.Homes[r.Bind.User], r.Bind.Name)
	case r.Bind != nil:
		s.bind(r.Bind.User, r.Bind.Name, r.Bind.binding)
	case r.Drop != "":
		s.drop(r.Drop)
	case r.Prune != "":
		if c := s.Calendars[r.Prune]; c != nil {
			c.Pruned, c.Changes = c.Sequence, nil
		}
	case r.Purge != "":
		if c := s.Calendars[r.Purge]; c != nil {
			c.Trash, c.Trashes = nil, nil
		}
	case r.Put != nil:
		s.Calendars[r.In].put(*r.Put)
	case r.Remove != "":
		c := s.Calendars[r.In]
		c.remove(c.byName[r.Remove], r.At)
	}
}

// keep writes a change down and then makes it. The caller holds mu. When it cannot be written it is not made.
func (s *Server) keep(r record) error {
	if s.journal != nil {
		if err := s.journal.append(r); err != nil {
			return err
		}
	}
	if r.State != nil {
		s.state = r.State
		return nil
	}
	s.state.apply(r)
	return nil
}

// journal is the state in a folder: a file of records, one a line, added to with each change and made anew when opened.
type journal struct {
	dir  string
	file *os.File
	err  error // a record that may be half written: nothing more is
}

const journalName = "journal.jsonl"

// openJournal reads the journal into s and leaves one that holds the state as its first record.
func openJournal(dir string, s *state) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	j := &journal{dir: dir}
	if err := j.read(s); err != nil {
		return nil, err
	}
	if err := j.begin(s); err != nil {
		return nil, err
	}
	return j, nil
}

func (j *journal) read(s *state) error {
	file, err := os.Open(filepath.Join(j.dir, journalName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<20)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what stands there without its line end was never answered
		}
		if err != nil {
			return err
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("record %d of %s: %w", number, journalName, err)
		}
		if r.State != nil {
			*s = *r.State
			for _, c := range s.Calendars {
				c.index()
			}
			continue
		}
		s.apply(r)
	}
}

// begin writes the whole state beside the journal and puts it in its place.
func (j *journal) begin(s *state) error {
	for _, c := range s.Calendars {
		c.Members = c.living()
	}
	path := filepath.Join(j.dir, journalName)
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	line, err := encodeRecord(record{State: s})
	if err == nil {
		_, err = file.Write(line)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncFolder(j.dir)
	}
	if err != nil {
		file.Close()
		return err
	}
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.err = file, nil
	return nil
}

func (j *journal) append(r record) error {
	if j.err != nil {
		return j.err
	}
	if r.State != nil {
		return j.begin(r.State)
	}
	line, err := encodeRecord(r)
	if err != nil {
		return err
	}
	if _, err = j.file.Write(line); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.err = fmt.Errorf("keep a change in %s: %w", j.dir, err)
	}
	return j.err
}

func (j *journal) close() error {
	if errors.Is(j.err, os.ErrClosed) {
		return nil
	}
	j.err = fmt.Errorf("sandbox in %s: %w", j.dir, os.ErrClosed)
	return j.file.Close()
}

func encodeRecord(r record) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(r)
	return line.Bytes(), err
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
