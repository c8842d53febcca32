package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"agendaonline/internal/secret"
	"agendaonline/internal/store"
)

func testConfig(dir string) programConfig {
	return programConfig{Store: store.Options{SQLite: filepath.Join(dir, "agenda.db")}, KeyFile: filepath.Join(dir, "agenda.key")}
}

// start runs a program until the test ends, and returns its address.
func start(t *testing.T, p *program) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// Not parallel: it looks at all goroutines of the process.
func TestProgram_a_stop_waits_for_everything(t *testing.T) {
	before := goleak.IgnoreCurrent()
	p, err := openProgram(t.Context(), testConfig(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.serve(ctx, listener) }()
	client := &http.Client{Transport: &http.Transport{}}
	for _, path := range []string{"/healthz", "/readyz", "/"} {
		response, err := client.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: got %s, want 200", path, response.Status)
		}
	}
	client.CloseIdleConnections()
	began := time.Now()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > stopWithin {
		t.Errorf("stopping took %s, want at most %s", took, stopWithin)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

func TestProgram_only_a_fresh_database_gets_a_key_file(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := openProgram(t.Context(), testConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "agenda.key")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err := openProgram(t.Context(), testConfig(dir)); !errors.Is(err, secret.ErrNoKeyFile) {
		t.Errorf("got %v, want ErrNoKeyFile", err)
	}
	if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file was made (%v)", err)
	}
}
