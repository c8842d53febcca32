package ical

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
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

func TestCorpus_prints_as_it_was(t *testing.T) {
	t.Parallel()
	for name, text := range corpusFiles(t) {
		parsed, err := Parse(text, DefaultLimits())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := parsed.Print(); !bytes.Equal(got, text) {
			t.Errorf("%s: the text changed", name)
		}
		if got := parsed.Append([]byte("before")); string(got) != "before"+string(text) {
			t.Errorf("%s: the text changed behind other bytes", name)
		}
	}
}

func TestCorpus_a_changed_summary_changes_no_other_line(t *testing.T) {
	t.Parallel()
	for name, text := range corpusFiles(t) {
		parsed, err := Parse(text, DefaultLimits())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		before := contentLines(text)
		changes := 0
		for event := range parsed.Find("VEVENT") {
			if p, found := event.Property("SUMMARY"); found {
				p.SetText("changed, " + p.Text())
				changes++
			}
		}
		after := contentLines(parsed.Print())
		if len(before) != len(after) {
			t.Errorf("%s: got %d lines, want %d", name, len(after), len(before))
			continue
		}
		changed := 0
		for i := range before {
			if before[i] != after[i] {
				changed++
			}
		}
		if changed != changes {
			t.Errorf("%s: got %d changed lines, want %d", name, changed, changes)
		}
	}
}

var (
	foldBreak = regexp.MustCompile("(\r*\n)+[ \t]")
	lineBreak = regexp.MustCompile("\r*\n")
)

// contentLines unfolds a text, independently of the package: of the texts in which a bare CR ends lines it makes one line.
func contentLines(text []byte) []string {
	return lineBreak.Split(foldBreak.ReplaceAllString(string(text), ""), -1)
}

func TestCorpus_a_stream_has_the_same_components(t *testing.T) {
	t.Parallel()
	for name, text := range corpusFiles(t) {
		parsed, err := Parse(text, DefaultLimits())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var want []string
		for c := range parsed.Find() {
			want = append(want, string(c.Print()))
		}
		var got []string
		reader := NewReader(bytes.NewReader(text), DefaultLimits())
		for {
			part, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if part.Component != nil {
				got = append(got, string(part.Component.Print()))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the stream has %d components, the text %d, or other ones", name, len(got), len(want))
		}
	}
}

// Not parallel: it measures memory.
func TestCorpus_costs_less_than_64_MiB(t *testing.T) {
	for name, text := range corpusFiles(t) {
		cost := allocated(func() {
			parsed, err := Parse(text, DefaultLimits())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for c := range parsed.Find() {
				readAll(c)
			}
			parsed.Print()
		})
		// What is allocated in all bounds what is in use at once, and, as nothing is done without a byte to do it on, time.
		if cost > 64<<20 || cost > uint64(64<<10+200*len(text)) {
			t.Errorf("%s: got %d bytes allocated for %d", name, cost, len(text))
		}
	}
}

func TestCorpus_is_read_by_many_at_once(t *testing.T) {
	t.Parallel()
	for name, text := range corpusFiles(t) {
		parsed, err := Parse(text, DefaultLimits())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for c := range parsed.Find() {
					readAll(c)
				}
				if !bytes.Equal(parsed.Print(), text) {
					t.Errorf("%s: the text changed", name)
				}
			})
		}
		readers.Wait()
	}
}
