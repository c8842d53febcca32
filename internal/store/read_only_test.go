//go:build unix

package store_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

// TestF34_a_database_that_cannot_be_written_is_refused_at_the_start: nothing is promised that could not be kept. The rights of
// files bind nobody who is root, so it is tried as somebody else, in a process of its own.
func TestF34_a_database_that_cannot_be_written_is_refused_at_the_start(t *testing.T) {
	t.Parallel()
	const inner, nobody = "AGENDA_TEST_READ_ONLY", 65534
	if os.Getenv(inner) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), inner+"=1")
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "refused: ") {
			t.Errorf("in a process of its own: %v\n%s", err, out)
		}
		return
	}
	options := storetest.SQLite(t)
	s := storetest.Open(t, options)
	anna := newUser("anna")
	if err := s.Write(context.Background(), func(tx *store.Tx) error { return tx.InsertUser(anna, "") }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(options.SQLite)
	rights := func(file, of os.FileMode) {
		t.Helper()
		for path, mode := range map[string]os.FileMode{options.SQLite: file, folder: of} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	for above := filepath.Dir(folder); above != filepath.Dir(above) && above != filepath.Clean(os.TempDir()); above = filepath.Dir(above) {
		if err := os.Chmod(above, 0o755); err != nil { // the test's own
			t.Fatal(err)
		}
	}
	rights(0o444, 0o555)
	root := os.Geteuid()
	if root == 0 {
		if err := syscall.Seteuid(nobody); err != nil {
			t.Fatal(err)
		}
	}
	again, err := store.Open(context.Background(), options)
	if root == 0 {
		if err := syscall.Seteuid(root); err != nil {
			t.Fatal(err)
		}
	}
	if err == nil {
		t.Errorf("a database that cannot be written was opened: %v", again.Close())
	} else if t.Logf("refused: %v", err); !strings.Contains(err.Error(), filepath.Clean(os.TempDir())) {
		t.Errorf("the error does not say where: %v", err)
	}
	rights(0o600, 0o700)
	s = storetest.Open(t, options)
	err = s.Read(context.Background(), func(tx *store.Tx) error { _, err := tx.User(anna.ID); return err })
	if err != nil {
		t.Errorf("writable again: %v", err)
	}
}
