package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// killed is a demo in a process of its own, which the test kills.
type killed struct {
	t       *testing.T
	dir     string
	process *exec.Cmd
	log     *os.File
	kills   int
}

// startKilled starts a demo on fixed addresses, so that it is found again at the same place.
func startKilled(t *testing.T) *killed {
	t.Helper()
	k := &killed{t: t, dir: t.TempDir()}
	var err error
	if k.log, err = os.Create(filepath.Join(t.TempDir(), "talk")); err != nil {
		t.Fatal(err)
	}
	state := demoState{Listen: freeAddress(t), CalendarListen: freeAddress(t), CalendarPassword: "agenda-demo", Passwords: map[string]string{}}
	for _, person := range demoPeople {
		state.Passwords[person.login] = "agenda-demo"
	}
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(k.dir, "demo.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	k.start()
	t.Cleanup(func() {
		k.kill()
		if t.Failed() {
			said, _ := os.ReadFile(k.log.Name())
			program, _ := os.ReadFile(filepath.Join(k.dir, "agenda.log"))
			lines := slices.DeleteFunc(strings.Split(string(program), "\n"), func(line string) bool { return strings.Contains(line, `"msg":"request"`) })
			t.Logf("the demo said:\n%s\nits log but for requests:\n%s", said, strings.Join(lines, "\n"))
		}
		k.log.Close()
	})
	return k
}

func (k *killed) start() {
	k.t.Helper()
	k.process = exec.Command("agenda", "demo", "--dir", k.dir)
	k.process.Stdout, k.process.Stderr = k.log, k.log
	if err := k.process.Start(); err != nil {
		k.t.Fatal(err)
	}
}

// kill ends it as a power cut does, as far as a process can tell.
func (k *killed) kill() {
	k.kills++
	_ = k.process.Process.Kill()
	_ = k.process.Wait()
}

func (k *killed) state() demoState {
	k.t.Helper()
	var state demoState
	text, err := os.ReadFile(filepath.Join(k.dir, "demo.json"))
	if err == nil {
		err = json.Unmarshal(text, &state)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return state
}

// filled waits until the demo has made all it begins with.
func (k *killed) filled() demoState {
	k.t.Helper()
	for deadline := time.Now().Add(testWithin); time.Now().Before(deadline); {
		if state := k.state(); state.Filled {
			return state
		}
		if err := wait(k.t.Context(), tourPause); err != nil {
			k.t.Fatal(err)
		}
	}
	k.t.Fatal("the demo did not get ready")
	return demoState{}
}

func (k *killed) crm(state demoState) *tourCRM {
	return &tourCRM{address: "http://" + state.Listen, token: state.Token, client: &http.Client{Timeout: time.Minute}, patience: testWithin}
}

func (k *killed) tour(state demoState) *tour {
	k.t.Helper()
	crm := k.crm(state)
	var me struct {
		ID string `json:"id"`
	}
	if err := crm.do(k.t.Context(), http.MethodGet, "/me", 0, nil, &me); err != nil {
		k.t.Fatal(err)
	}
	return &tour{
		crm: crm, follower: me.ID, zone: demoZone, today: demoToday(), within: testWithin, mark: "tour" + freshWord(),
		told: func(step tourStep) { k.t.Logf("%8s %v %s", step.Took.Round(time.Millisecond), step.Err, step.Name) },
	}
}

func TestDemo_killed_at_any_step_ends_right(t *testing.T) {
	t.Parallel()
	// How long after a deed the program is killed: before it begins to push or pull, within it, after it. Each step of a tour
	// takes the next one.
	delays := []time.Duration{0, 2 * time.Millisecond, 8 * time.Millisecond, 30 * time.Millisecond, 150 * time.Millisecond}
	for _, first := range []int{0, 2, 4} {
		t.Run(fmt.Sprintf("from_%s", delays[first]), func(t *testing.T) {
			t.Parallel()
			k := startKilled(t)
			tour := k.tour(k.filled())
			step := first
			tour.did = func(ctx context.Context, what string) error {
				delay := delays[step%len(delays)]
				step++
				if strings.HasSuffix(what, "there") || strings.Contains(what, "differently") || strings.Contains(what, "both") {
					// The calendar's change comes in only when a run looks for it.
					if err := tour.crm.sync(ctx, tour.linked.ID); err != nil {
						return err
					}
				}
				if err := wait(ctx, delay); err != nil {
					return err
				}
				k.kill()
				k.start()
				return nil
			}
			state := k.state()
			if err := tour.begin(t.Context(), "", demoPeople[0].login, state.CalendarPassword); err != nil {
				t.Fatal(err)
			}
			if err := tour.run(t.Context()); err != nil {
				t.Error(err)
			}
			t.Logf("killed %d times", k.kills)
		})
	}
}

func TestDemo_killed_while_it_begins_doubles_nothing(t *testing.T) {
	t.Parallel()
	k := startKilled(t)
	for i := range 12 {
		if err := wait(t.Context(), time.Duration(20+i*37)*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		k.kill()
		k.start()
	}
	state := k.filled()
	crm := k.crm(state)
	tour := k.tour(state)
	if err := tour.begin(t.Context(), "", demoPeople[0].login, state.CalendarPassword); err != nil {
		t.Fatal(err)
	}
	for _, person := range demoPeople {
		for _, action := range person.actions {
			found, err := crm.find(t.Context(), action.subject, false)
			if err != nil || len(found) != 1 {
				t.Errorf("%q: got %d actions, %v, want 1", action.subject, len(found), err)
			}
		}
	}
	for _, subject := range []string{"Tandarts", "Lunch met Els", "Verlof"} {
		found, err := crm.find(t.Context(), subject, false)
		if err != nil || len(found) != 1 {
			t.Errorf("%q: got %d actions of events, %v, want 1", subject, len(found), err)
		}
	}
}
