package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

var place = Place{"link", "secret", "0190a1b2-0000-7000-8000-000000000001"}

func newRing(t *testing.T) (*Ring, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agenda.key")
	ring, err := Create(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ring, path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRing_opens_what_it_sealed(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
		sealed := ring.Seal(place, value)
		opened, err := ring.Open(place, sealed)
		if err != nil || !bytes.Equal(opened, value) {
			t.Fatalf("Open(Seal(%q)) = %q, %v", value, opened, err)
		}
		if len(value) >= 8 && bytes.Contains(sealed, value) {
			t.Fatalf("the sealed value shows %q", value)
		}
	})
}

func TestRing_value_does_not_open_elsewhere(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	sealed := ring.Seal(place, []byte("canary"))
	for _, elsewhere := range []Place{
		{"link", "secret", "0190a1b2-0000-7000-8000-000000000002"},
		{"link", "refresh", place.Row},
		{"app_user", "secret", place.Row},
	} {
		if value, err := ring.Open(elsewhere, sealed); !errors.Is(err, ErrNotSealedHere) {
			t.Errorf("Open at %s = %q, %v; want ErrNotSealedHere", elsewhere, value, err)
		}
	}
}

func TestRing_changed_value_does_not_open(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	sealed := ring.Seal(place, []byte("canary"))
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		// The last digit of base64 has bits that mean nothing: changing only those is no change.
		if value, err := ring.Open(place, changed); err == nil && string(value) != "canary" {
			t.Errorf("byte %d changed: opened as %q", i, value)
		} else if err == nil && i != len(sealed)-1 {
			t.Errorf("byte %d changed: it still opens", i)
		}
	}
	for _, text := range []string{"", "v1", "v1.", "canary", "v2.00000000.AAAA", "v1.canary!!.AAAA", "v1." + ring.KeyID() + ".AAAA"} {
		_, err := ring.Open(place, []byte(text))
		if !errors.Is(err, ErrNotSealedHere) {
			t.Errorf("Open(%q) = %v, want ErrNotSealedHere", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("the error repeats the value: %v", err)
		}
	}
}

// F60: a wrong key fails closed, naming the key.
func TestRing_unknown_key_is_named(t *testing.T) {
	t.Parallel()
	ring, _ := newRing(t)
	other, _ := newRing(t)
	_, err := other.Open(place, ring.Seal(place, []byte("canary")))
	if !errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), ring.KeyID()) {
		t.Errorf("Open with another ring: %v; want ErrUnknownKey naming key %s", err, ring.KeyID())
	}
}

// F60: during a rotation the old key still opens, the new one seals, and the identity stays.
func TestRing_reads_old_and_new_key(t *testing.T) {
	t.Parallel()
	old, path := newRing(t)
	added, err := newKey(bytes.Repeat([]byte{7}, keyBytes))
	if err != nil {
		t.Fatal(err)
	}
	text := readFile(t, path)
	newLine := "key " + added.id + " " + base64.StdEncoding.EncodeToString(added.secret) + "\n"
	text = strings.Replace(text, "\nkey ", "\n"+newLine+"key ", 1)
	rotated, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if rotated.KeyID() != added.id || rotated.Identity() != old.Identity() {
		t.Errorf("rotated: key %s, identity %s; want %s, %s", rotated.KeyID(), rotated.Identity(), added.id, old.Identity())
	}
	sealed := old.Seal(place, []byte("value"))
	if value, err := rotated.Open(place, sealed); err != nil || string(value) != "value" {
		t.Errorf("the old key opens %q, %v", value, err)
	}
	if rotated.Current(sealed) || !rotated.Current(rotated.Seal(place, nil)) {
		t.Error("Current does not tell the old key from the new one")
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	t.Run("file_is_for_its_owner_only_and_loads", func(t *testing.T) {
		t.Parallel()
		ring, path := newRing(t)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
		}
		loaded, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Identity() != ring.Identity() || loaded.KeyID() != ring.KeyID() {
			t.Errorf("loaded %s %s, created %s %s", loaded.Identity(), loaded.KeyID(), ring.Identity(), ring.KeyID())
		}
		if value, err := loaded.Open(place, ring.Seal(place, []byte("value"))); err != nil || string(value) != "value" {
			t.Errorf("the loaded ring opens %q, %v", value, err)
		}
	})
	t.Run("never_replaces_a_file", func(t *testing.T) {
		t.Parallel()
		_, path := newRing(t)
		before := readFile(t, path)
		if _, err := Create(path, rand.Reader); !errors.Is(err, fs.ErrExist) {
			t.Errorf("second Create: %v, want fs.ErrExist", err)
		}
		if after := readFile(t, path); after != before {
			t.Error("the key file was replaced")
		}
	})
	t.Run("leaves_nothing_else_behind_when_several_start_at_once", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "agenda.key")
		var made sync.Map
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if ring, err := Create(path, rand.Reader); err == nil {
					made.Store(ring.Identity(), true)
				} else if !errors.Is(err, fs.ErrExist) {
					t.Errorf("Create: %v", err)
				}
			})
		}
		group.Wait()
		count := 0
		made.Range(func(any, any) bool { count++; return true })
		files, err := os.ReadDir(filepath.Dir(path))
		if err != nil || count != 1 || len(files) != 1 {
			t.Errorf("%d rings were made, %d files are there (%v); want 1, 1", count, len(files), err)
		}
	})
	t.Run("no_randomness_makes_no_file", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "agenda.key")
		if _, err := Create(path, strings.NewReader("short")); err == nil {
			t.Error("Create without randomness succeeded")
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file is there: %v", err)
		}
	})
}

func TestLoad_refuses(t *testing.T) {
	t.Parallel()
	_, path := newRing(t)
	good := readFile(t, path)
	keyLine := good[strings.Index(good, "\nkey ")+1:]
	id := strings.Fields(keyLine)[1]
	for name, test := range map[string]struct {
		text string
		mode fs.FileMode
		want string
	}{
		"a_file_that_others_can_read":  {good, 0o640, "0600"},
		"a_damaged_key":                {strings.Replace(good, "key "+id+" ", "key "+id+" A", 1), 0o600, id},
		"a_key_of_another_name":        {strings.Replace(good, "key "+id, "key 00000000", 1), 0o600, "00000000"},
		"a_key_that_is_too_short":      {"identity x\nkey 00000000 AAAA\n", 0o600, "00000000"},
		"a_file_without_key":           {"identity x\n", 0o600, "no key"},
		"a_file_without_identity":      {keyLine, 0o600, "identity"},
		"an_empty_file":                {"", 0o600, "identity"},
		"a_line_that_is_none_of_these": {good + "keys are here\n", 0o600, "line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "agenda.key")
			if err := os.WriteFile(path, []byte(test.text), test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("Load: %v; want an error that names %q and the file", err, test.want)
			}
			if secret := strings.Fields(keyLine)[2]; strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, ErrNoKeyFile) {
		t.Errorf("Load of a missing file: %v, want ErrNoKeyFile", err)
	}
}

func TestParse_takes_semicolons_for_line_breaks(t *testing.T) {
	t.Parallel()
	ring, path := newRing(t)
	lines := strings.Split(strings.TrimSpace(readFile(t, path)), "\n")
	parsed, err := Parse(strings.Join(lines[len(lines)-2:], "; "))
	if err != nil || parsed.KeyID() != ring.KeyID() || parsed.Identity() != ring.Identity() {
		t.Errorf("Parse = %+v, %v", parsed, err)
	}
}
