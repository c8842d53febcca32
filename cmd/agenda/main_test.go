package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"agendaonline/internal/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"agenda": main})
}

// The command line as an operator types it: testdata/script, one file for each part of it.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("AGENDA_DATA", env.WorkDir+"/data")
			env.Setenv("LANG", "C")
			env.Setenv("LISTEN", freeAddress(t))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"fetch": fetch, "capture": capture, "calendar": calendar},
	})
}

// freeAddress is an address on which nothing listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// fetch STATUS URL [TOKEN] gets a page, waiting for the program to listen, and puts it into the file "page".
func fetch(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: fetch STATUS URL [TOKEN]")
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		request, err := http.NewRequest(http.MethodGet, args[1], nil)
		ts.Check(err)
		if len(args) > 2 {
			request.Header.Set("Authorization", "Bearer "+args[2])
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			if time.Now().After(deadline) {
				ts.Fatalf("%v", err)
			}
			time.Sleep(20 * time.Millisecond) // another process: nothing tells when it listens
			continue
		}
		page, err := io.ReadAll(response.Body)
		response.Body.Close()
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs("page"), page, 0o600))
		if fmt.Sprint(response.StatusCode) != args[0] {
			ts.Fatalf("%s is answered %s, want %s:\n%s", args[1], response.Status, args[0], page)
		}
		return
	}
}

// calendar [EVENT...] starts a calendar server with ann's calendar, events of the demo in it, one when none is named, and sets CALENDAR
// and ENDPOINT.
func calendar(ts *testscript.TestScript, _ bool, events []string) {
	if len(events) == 0 {
		events = []string{"lunch.ics"}
	}
	box, err := sandbox.Open("", sandbox.Options{})
	ts.Check(err)
	ts.Check(box.SetUser(sandbox.User{Name: "ann", Password: "calendar-secret"}))
	ts.Check(box.SetCalendar(sandbox.Calendar{Owner: "ann", Name: "work"}))
	for _, name := range events {
		_, err = box.Human("ann", "phone").Put("work", name, demoEvents(demoToday())[name], "*")
		ts.Check(err)
	}
	server := httptest.NewServer(box)
	ts.Defer(func() {
		server.Close()
		ts.Check(box.Close())
	})
	ts.Setenv("CALENDAR", server.URL+box.CalendarPath("ann", "work"))
	ts.Setenv("ENDPOINT", server.Listener.Addr().String())
}

// capture VARIABLE FILE sets a variable to what a file holds, without the line end.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: capture VARIABLE FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}
