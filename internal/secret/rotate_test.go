package secret

import (
	"crypto/rand"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestRotate_a_running_program_seals_with_the_new_key_and_opens_both(t *testing.T) {
	t.Parallel()
	running, path := newRing(t)
	first := running.KeyID()
	old := running.Seal(place, []byte("canary"))
	second, err := Rotate(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := running.KeyIDs(); !slices.Equal(got, []string{second, first}) {
		t.Errorf("the running ring holds %v, want %s and %s", got, second, first)
	}
	fresh := running.Seal(place, []byte("canary"))
	if id, _ := KeyOf(fresh); id != second {
		t.Errorf("sealed with %s, want the new key %s", id, second)
	}
	for name, sealed := range map[string][]byte{"old": old, "new": fresh} {
		if value, err := running.Open(place, sealed); err != nil || string(value) != "canary" {
			t.Errorf("the value of the %s key opens as %q, %v", name, value, err)
		}
	}
	gone, err := Forget(path, second)
	if err != nil || !slices.Equal(gone, []string{first}) {
		t.Fatalf("Forget = %v, %v; want %s gone", gone, err, first)
	}
	if got := running.KeyIDs(); !slices.Equal(got, []string{second}) {
		t.Errorf("after Forget the running ring holds %v", got)
	}
	if _, err := running.Open(place, old); !errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), first) {
		t.Errorf("a value of the forgotten key: %v, want ErrUnknownKey naming %s", err, first)
	}
	if loaded, err := Load(path); err != nil || loaded.Identity() != running.Identity() {
		t.Errorf("loaded anew: %v, want the same identity", err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the changed file: %v, %v; want mode 0600", info.Mode(), err)
	}
}

func TestPrepare_opens_and_seals_only_after_Rotate(t *testing.T) {
	t.Parallel()
	ring, path := newRing(t)
	first := ring.KeyID()
	prepared, err := Prepare(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Prepare(path, rand.Reader); err != nil || again != prepared {
		t.Errorf("prepared twice: %s, %v; want %s again", again, err, prepared)
	}
	if ring.KeyID() != first || ring.Prepared() != prepared {
		t.Errorf("seals with %s, prepared %s; want %s, %s", ring.KeyID(), ring.Prepared(), first, prepared)
	}
	otherNode, err := Parse(readFile(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if rotated, err := Rotate(path, rand.Reader); err != nil || rotated != prepared {
		t.Errorf("Rotate = %s, %v; want the prepared key %s", rotated, err, prepared)
	}
	if value, err := otherNode.Open(place, ring.Seal(place, []byte("canary"))); err != nil || string(value) != "canary" {
		t.Errorf("a node that has the prepared key opens %q, %v", value, err)
	}
	if ring.Prepared() != "" {
		t.Errorf("prepared after the rotation: %s", ring.Prepared())
	}
}

func TestRotate_many_at_once_lose_no_key(t *testing.T) {
	t.Parallel()
	ring, path := newRing(t)
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		ids = []string{ring.KeyID()}
	)
	for range 20 {
		all.Go(func() {
			id, err := Rotate(path, rand.Reader)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ids = append(ids, id)
			} else if !strings.Contains(err.Error(), ".new is there") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := ring.KeyIDs()
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("the file holds %v, want %v", got, ids)
	}
}

func TestRing_keeps_its_keys_while_the_file_is_damaged_or_anothers(t *testing.T) {
	t.Parallel()
	ring, path := newRing(t)
	sealed := ring.Seal(place, []byte("canary"))
	_, other := newRing(t)
	for name, text := range map[string]string{"cut off": "identity", "another installation's": readFile(t, other)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		again := ring.Seal(place, []byte("canary"))
		for _, one := range [][]byte{sealed, again} {
			if value, err := ring.Open(place, one); err != nil || string(value) != "canary" {
				t.Errorf("%s: opens %q, %v", name, value, err)
			}
		}
	}
}

func TestForget_refuses_when_another_key_seals_by_now(t *testing.T) {
	t.Parallel()
	ring, path := newRing(t)
	first := ring.KeyID()
	if _, err := Rotate(path, rand.Reader); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, path)
	if gone, err := Forget(path, first); err == nil {
		t.Errorf("%v were forgotten", gone)
	}
	if readFile(t, path) != before {
		t.Error("the file changed")
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the refused change is left: %v", err)
	}
}
