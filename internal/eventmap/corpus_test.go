package eventmap

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
)

// corpusFiles are the foreign calendar texts that AGENDA_CORPUS names, by path.
func corpusFiles(t *testing.T) map[string][]byte {
	t.Helper()
	root := os.Getenv("AGENDA_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpus", "ics")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no corpus: %v", err)
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".ics") {
			return err
		}
		files[strings.TrimPrefix(path, root+string(filepath.Separator))], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no calendar text in %s", root)
	}
	return files
}

// corpusObjects splits a file into objects as a server holds them: one for each UID, with the file's VTIMEZONEs and without
// the lines that could not be read.
func corpusObjects(t *testing.T, body []byte) map[string][]byte {
	t.Helper()
	text, err := ical.Parse(body, ical.DefaultLimits())
	if err != nil {
		return nil
	}
	texts := map[string]*ical.Text{}
	for event := range text.Find("VEVENT") {
		uid, _ := event.TextOf("UID")
		if texts[uid] == nil {
			texts[uid] = ical.New()
			calendar := texts[uid].Add("VCALENDAR")
			for definition := range text.Find("VTIMEZONE") {
				calendar.Insert(definition, nil)
			}
		}
		for calendar := range texts[uid].Components("VCALENDAR") {
			calendar.Insert(event, nil)
		}
	}
	objects := map[string][]byte{}
	for uid, text := range texts {
		objects[uid] = text.Print()
	}
	return objects
}

// Whatever a file holds, whole or by UID: it is read or set aside; what was read and is written again is the same bytes, and a
// new subject changes no other line but those that every change writes.
func TestCorpus_events_are_read_and_patched(t *testing.T) {
	t.Parallel()
	read, aside := 0, map[crm.Reason]int{}
	for name, body := range corpusFiles(t) {
		objects := corpusObjects(t, body)
		if _, err := Read(body); err == nil {
			objects = map[string][]byte{"": body}
		}
		for _, body := range objects {
			o, err := Read(body)
			if err != nil {
				aside[err.(*Unusable).Reason]++
				continue
			}
			o.Facts()
			got, err := o.Extract(Reading{Zones: zones, Zone: "Europe/Brussels"})
			if err != nil {
				aside[err.(*Unusable).Reason]++
				continue
			}
			read++
			if err := got.Units.When.Check(); err != nil {
				t.Errorf("%s: got %s, which a form refuses: %v", name, got.Units.When, err)
			}
			change := changeOf(crm.AllUnits...)
			change.Values = got.Units
			same, err := o.Patch(change)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			wantSame(t, same, body)

			change = changeOf(crm.UnitSubject)
			change.Values.Subject = "changed, " + got.Units.Subject
			patched, err := o.Patch(change)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, line := range difference(body, patched) {
				if upper := strings.ToUpper(line[1:]); !strings.HasPrefix(upper, "SUMMARY") {
					t.Errorf("%s: a new subject changes %q", name, line)
				}
			}
		}
	}
	t.Logf("%d events read, set aside: %v", read, aside)
	if read < 300 {
		t.Errorf("got %d events read of the corpus, want most", read)
	}
}

// Moving every event a day on, all-day or timed, reads back as what was written.
func TestCorpus_events_are_moved(t *testing.T) {
	t.Parallel()
	moved := 0
	for name, body := range corpusFiles(t) {
		for _, body := range corpusObjects(t, body) {
			o, err := Read(body)
			if err != nil {
				continue
			}
			got, err := o.Extract(Reading{Zones: zones, Zone: "America/New_York"})
			if err != nil || o.Facts().Series {
				continue
			}
			for _, kind := range []bool{true, false} {
				change := changeOf(crm.UnitWhen)
				change.Values = got.Units
				when := &change.Values.When
				when.StartDate = when.StartDate.AddDays(1)
				if !when.EndDate.IsZero() {
					when.EndDate = when.EndDate.AddDays(1)
				}
				if !kind && !when.AllDay() {
					when.StartTime, when.EndTime = crm.Clock{}, crm.Clock{}
				}
				if when.Check() != nil {
					continue
				}
				patched, err := o.Patch(change)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				again, err := Read(patched)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				read, err := again.Extract(Reading{Zones: zones, Zone: "America/New_York", Base: &BaseSide{Agreed: change.Values, Server: change.Values}, DefaultDuration: 30 * time.Minute})
				if err != nil || !read.Units.When.Equal(change.Values.When) {
					t.Errorf("%s: got %s, %v, want %s: %q", name, read.Units.When, err, change.Values.When, difference(body, patched))
				}
				moved++
			}
		}
	}
	t.Logf("%d moves", moved)
	if moved < 300 {
		t.Errorf("got %d moves, want most of the corpus", moved)
	}
}

// Not parallel: it measures time and memory.
func TestCorpus_each_file_costs_less_than_a_second_and_64_MiB(t *testing.T) {
	for name, body := range corpusFiles(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		if o, err := Read(body); err == nil {
			o.Facts()
			_, _ = o.Extract(Reading{Zones: zones, Zone: "Europe/Brussels"})
			change := changeOf(crm.UnitSubject)
			change.Values.Subject = "changed"
			_, _ = o.Patch(change)
		}
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; took > time.Second || cost > 64<<20 {
			t.Errorf("%s (%d bytes): got %s and %d bytes", name, len(body), took, cost)
		}
	}
}
