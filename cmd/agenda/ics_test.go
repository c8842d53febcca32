package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/zone"
)

// runICS runs a command of "agenda ics" and wants it to end as documented.
func runICS(t *testing.T, command interface {
	Run(context.Context, environment) error
}) string {
	t.Helper()
	var out, talk bytes.Buffer
	err := command.Run(context.Background(), environment{&out, &talk, strings.NewReader(""), func(string) string { return "" }})
	if err != nil && err != exitCode(1) {
		t.Errorf("got %v, want no error or exit code 1", err)
	}
	return out.String()
}

// Every file of the corpus of foreign calendar text is answered for, and none costs more than a second and 64 MiB.
// Not parallel: it measures.
func TestICS_reads_the_corpus(t *testing.T) {
	root := os.Getenv("AGENDA_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpus", "ics")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no corpus: %v", err)
	}
	count := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".ics") {
			return err
		}
		count++
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		files := icsFiles{Files: []string{path}, Zone: "Europe/Brussels"}
		checked := runICS(t, icsCheckCommand{files})
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; took > time.Second || cost > 64<<20 {
			t.Errorf("%s: got %s and %d bytes", path, took, cost)
		}
		inJSON := files
		inJSON.JSON = true
		for _, out := range []string{checked, runICS(t, icsShowCommand{files}), runICS(t, icsShowCommand{inJSON})} {
			if strings.ContainsAny(out, "\x00\x1b\r\v\f") {
				t.Errorf("%s: control characters in the output", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count == 0 {
		t.Errorf("no calendar text in %s", root)
	}
}

// An export of 100 MB is read in bounded memory. Not parallel: it measures.
func TestICS_reads_a_long_file_in_little_memory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100 MB")
	}
	const events = 120_000
	path := filepath.Join(t.TempDir(), "long.ics")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	filler := strings.Repeat("X-NOTE:"+strings.Repeat("n", 60)+"\r\n", 11)
	fmt.Fprint(file, "BEGIN:VCALENDAR\r\n")
	for i := range events {
		fmt.Fprintf(file, "BEGIN:VEVENT\r\nUID:%d\r\nDTSTART:20261123T120000Z\r\nSUMMARY:Lunch\r\n%sEND:VEVENT\r\n", i, filler)
	}
	fmt.Fprint(file, "END:VCALENDAR\r\n")
	size, _ := file.Seek(0, io.SeekCurrent)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	seen, most := 0, uint64(0)
	total, err := readICS(context.Background(), path, zone.NewRules(time.LoadLocation), "UTC", func(icsEvent) {
		if seen++; seen%10_000 == 0 {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	})
	if err != nil || total.Events != events || total.Problems != 0 {
		t.Errorf("got %+v, %v, want %d events", total, err, events)
	}
	if grown := int64(most) - int64(before.HeapAlloc); size < 90<<20 || grown > 48<<20 {
		t.Errorf("got %d MiB more in use for a file of %d MiB", grown>>20, size>>20)
	}
}
