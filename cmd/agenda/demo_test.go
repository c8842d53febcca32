package main

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"
)

// testWithin is how long an effect may take where many tests share two processors.
const testWithin = 60 * time.Second

func quietDemo(t *testing.T, options demoOptions) *demo {
	t.Helper()
	options.talk = io.Discard
	if options.dir == "" {
		options.dir = t.TempDir()
	}
	options.listen, options.calendarListen = "127.0.0.1:0", "127.0.0.1:0"
	d, err := startDemo(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestDemo_the_tour_passes_on_the_built_in_calendar(t *testing.T) {
	t.Parallel()
	var out, talk bytes.Buffer
	code := run(t.Context(), []string{"demo", "--check", "--json", "--within", testWithin.String()}, environment{&out, &talk, nil, func(string) string { return "" }})
	t.Logf("%s%s", out.String(), talk.String())
	if code != 0 {
		t.Fatalf("got exit code %d, want 0", code)
	}
	steps := 0
	for decoder := json.NewDecoder(&out); decoder.More(); steps++ {
		var step struct {
			OK bool `json:"ok"`
		}
		if err := decoder.Decode(&step); err != nil || !step.OK {
			t.Errorf("step %d: got ok %t, %v", steps, step.OK, err)
		}
	}
	if want := len((&tour{}).steps()) + 1; steps != want {
		t.Errorf("got %d steps, want %d", steps, want)
	}
}

func TestDemo_goes_on_in_its_folder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := startDemo(t.Context(), demoOptions{dir: dir, listen: "127.0.0.1:0", calendarListen: "127.0.0.1:0", talk: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	anna := first.callers["anna"]
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	again, err := startDemo(t.Context(), demoOptions{dir: dir, talk: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := again.stop(); err != nil {
			t.Error(err)
		}
	}()
	if got := again.callers["anna"].User.ID; got != anna.User.ID {
		t.Errorf("got user %s, want %s", got, anna.User.ID)
	}
	if got, want := again.address(), first.address(); got != want {
		t.Errorf("got the CRM at %s, want %s", got, want)
	}
	if got, want := again.calendarAddress(), first.calendarAddress(); got != want {
		t.Errorf("got the calendar at %s, want %s", got, want)
	}
}
