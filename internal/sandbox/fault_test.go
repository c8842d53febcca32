package sandbox

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// overBoth runs a test in the process and over a real connection.
func overBoth(t *testing.T, options Options, test func(t *testing.T, server *Server, client *wire)) {
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		server, client := newServer(t, options)
		test(t, server, client)
	})
	t.Run("over a connection", func(t *testing.T) {
		t.Parallel()
		server, client := newServer(t, options)
		listener := httptest.NewServer(server)
		t.Cleanup(listener.Close)
		client.origin, client.transport = listener.URL, listener.Client().Transport
		test(t, server, client)
	})
}

func TestFault_says_whether_a_write_was_applied_and_its_answer_delivered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do        Effect
		status    int // 0: no answer
		applied   int
		delivered bool
	}{
		"reset before":          {Effect{Reset: Before}, 0, 0, false},
		"never connected":       {Effect{Reset: Unreached}, 0, 0, false},
		"answer lost":           {Effect{Reset: After}, 0, 1, false},
		"refused":               {Effect{Refuse: Status(503, "2")}, 503, 0, false},
		"another answer":        {Effect{Replace: GatewayPage(502)}, 502, 1, false},
		"a page":                {Effect{Refuse: LoginPage()}, 200, 0, false},
		"twice":                 {Effect{Twice: true}, 412, 1, false},
		"hangs before":          {Effect{Hang: Before}, 0, 0, false},
		"hangs after":           {Effect{Hang: After}, 0, 1, false},
		"hangs in the header":   {Effect{Hang: InHeader}, 0, 1, false},
		"only a header changed": {Effect{Header: http.Header{"Etag": {`W/"x"`}}}, 201, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overBoth(t, Options{}, func(t *testing.T, server *Server, client *wire) {
				server.Plan(Fault{Name: name, On: Match{Methods: []string{"PUT"}, Exists: No}, Times: 1, Do: test.do})
				if test.do.Hang != Never {
					ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
					defer cancel()
					client.ctx = ctx
				}
				r, err := client.try("PUT", home+"e.ics", event("u", "x"), "If-None-Match", "*")
				if (err != nil) != (test.status == 0) || r.status != test.status {
					t.Errorf("got status %d, error %v, want %d", r.status, err, test.status)
				}
				if test.do.Reset == Unreached && client.origin == "http://sandbox.invalid" && !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("got %v, want a refused connection", err)
				}
				writes := server.Writes(1)
				if len(writes) != test.applied {
					t.Fatalf("got %d writes, want %d", len(writes), test.applied)
				}
				if test.applied > 0 && writes[0].Delivered != test.delivered {
					t.Errorf("got delivered %v, want %v", writes[0].Delivered, test.delivered)
				}
				if server.Struck(name) != 1 {
					t.Errorf("got %d struck, want 1", server.Struck(name))
				}
				client.ctx = t.Context()
				if r := client.do("PUT", home+"e2.ics", event("u2", "x"), "If-None-Match", "*"); r.status != 201 {
					t.Errorf("the next request: got %d, want 201", r.status)
				}
			})
		})
	}
}

func TestFault_cuts_bodies(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"identity", "gzip"} {
		for name, do := range map[string]Effect{"in the middle": {Cut: true}, "after 10": {Cut: true, CutAfter: 10}, "reset": {Reset: InBody}} {
			t.Run(encoding+" "+name, func(t *testing.T) {
				t.Parallel()
				overBoth(t, Options{}, func(t *testing.T, server *Server, client *wire) {
					fillCalendar(t, server, 50, 50)
					server.Plan(Fault{On: Match{Report: "sync-collection"}, Do: do})
					r, err := client.try("REPORT", home, syncBody("", "<getetag/>", ""), "Accept-Encoding", encoding)
					if err == nil && r.err == nil {
						t.Errorf("got a whole answer of %d bytes", len(r.body))
					}
					server.Heal("")
					if r := client.do("REPORT", home, syncBody("", "<getetag/>", "")); r.status != 207 {
						t.Errorf("healed: got %d", r.status)
					}
				})
			})
		}
	}
	overBoth(t, Options{}, func(t *testing.T, server *Server, client *wire) {
		fillCalendar(t, server, 50, 50)
		server.Plan(Fault{On: Match{Report: "sync-collection"}, Do: Effect{CutInside: true}})
		r := client.do("REPORT", home, syncBody("", "<getetag/>", ""), "Accept-Encoding", "gzip")
		text, err := gunzip([]byte(r.body))
		if err != nil || strings.HasSuffix(strings.TrimSpace(string(text)), "</D:multistatus>") {
			t.Errorf("got %v and %d bytes, want whole compression around half a text", err, len(text))
		}
	})
}

func TestFault_slows_bodies_by_the_clock_given(t *testing.T) {
	t.Parallel()
	waited := time.Duration(0)
	server, client := newServer(t, Options{Sleep: func(_ context.Context, d time.Duration) error { waited += d; return nil }})
	server.Plan(Fault{Do: Effect{Slow: time.Second}})
	r := client.do("PROPFIND", home, "", "Depth", "0")
	if waited != time.Duration(len(r.body))*time.Second {
		t.Errorf("waited %v for %d bytes", waited, len(r.body))
	}
}

func TestFault_strikes_what_it_matches(t *testing.T) {
	t.Parallel()
	server, client := newServer(t, Options{})
	client.do("PUT", home+"old.ics", event("old", "x"))
	bob := newWire(t, server, "bob")
	token := client.sync(home, "").Token
	steps := []struct {
		what string
		send func() int
	}{
		{"PUT new", func() int { return client.do("PUT", home+"new.ics", event("new", "x")).status }},
		{"PUT old", func() int { return client.do("PUT", home+"old.ics", event("old", "y")).status }},
		{"first report", func() int { return client.do("REPORT", home, syncBody("", "<getetag/>", "")).status }},
		{"next report", func() int { return client.do("REPORT", home, syncBody(token, "<getetag/>", "")).status }},
		{"bob", func() int { return bob.do("PROPFIND", "/calendars/bob/", "").status }},
	}
	for _, test := range []struct {
		on   Match
		want string
	}{
		{Match{}, "PUT new, PUT old, first report, next report, bob"},
		{Match{Exists: Yes, Methods: []string{"PUT"}}, "PUT old"},
		{Match{Exists: No, Methods: []string{"PUT"}}, "PUT new"},
		{Match{Report: "sync-collection", Token: EmptyToken}, "first report"},
		{Match{Token: GivenToken}, "next report"},
		{Match{User: "bob"}, "bob"},
		{Match{Suffix: "old.ics"}, "PUT old"},
		{Match{Holds: "SUMMARY:y"}, "PUT old"},
	} {
		server.Heal("")
		server.Plan(Fault{On: test.on, Do: Effect{Refuse: Status(599, "")}})
		var struck []string
		for _, step := range steps {
			if step.send() == 599 {
				struck = append(struck, step.what)
			}
		}
		if got := strings.Join(struck, ", "); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.on, got, test.want)
		}
		server.Heal("")
		client.do("DELETE", home+"new.ics", "")
	}
	server.Plan(Fault{On: Match{Methods: []string{"GET"}}, Skip: 1, Times: 2, Do: Effect{Refuse: Status(500, "")}})
	var got []int
	for range 4 {
		got = append(got, client.do("GET", home+"old.ics", "").status)
	}
	if got[0] != 200 || got[1] != 500 || got[2] != 500 || got[3] != 200 {
		t.Errorf("the second and third of four: got %v", got)
	}
}

func TestFault_changes_what_is_said_of_members(t *testing.T) {
	t.Parallel()
	server, client := newServer(t, Options{})
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		client.do("PUT", home+name+".ics", event(name, name))
	}
	server.Plan(Fault{Times: 1, Do: Effect{TokenTells: true, Token: "back", Members: []MemberFault{
		{Suffix: "a.ics", LeaveOut: true}, {Suffix: "b.ics", Status: 507}, {Suffix: "c.ics", NoData: true}, {Suffix: "d.ics", ETag: `W/"other"`}, {Suffix: "e.ics", Both: true},
	}}})
	m := client.sync(home, "")
	var lines []string
	for _, r := range m.Responses {
		lines = append(lines, strings.TrimPrefix(r.Href, home)+" "+r.Status+" data "+map[bool]string{true: "yes", false: "no"}[r.data() != ""])
	}
	want := "b.ics HTTP/1.1 507 Insufficient Storage data no\nc.ics  data no\nd.ics  data yes\ne.ics  data yes\ne.ics HTTP/1.1 404 Not Found data no"
	if got := strings.Join(lines, "\n"); got != want || m.Token != "back" {
		t.Errorf("got\n%s\nand token %s, want\n%s", got, m.Token, want)
	}
	if got := m.Responses[2].etag(); got != `W/"other"` {
		t.Errorf("got ETag %s", got)
	}
	token := client.sync(home, "").Token
	server.Plan(Fault{Times: 1, On: Match{Token: GivenToken}, Do: Effect{TakesToken: true}})
	if got := len(client.sync(home, token).Responses); got != 5 {
		t.Errorf("all history again: got %d members, want 5", got)
	}
}

func TestFault_lets_another_write_come_between(t *testing.T) {
	t.Parallel()
	server, client := newServer(t, Options{})
	phone := server.Human("alice", "phone")
	etag := client.do("PUT", home+"e.ics", event("u", "one")).header.Get("ETag")
	server.Plan(Fault{Times: 1, Do: Effect{First: func() {
		if _, err := phone.SetLine("calendar", "e.ics", "SUMMARY:two"); err != nil {
			t.Error(err)
		}
	}}})
	if r := client.do("PUT", home+"e.ics", event("u", "three"), "If-Match", etag); r.status != 412 {
		t.Errorf("got %d, want 412", r.status)
	}
}

func TestCatalogue_every_fault_strikes_once_and_leaves_a_server_that_works(t *testing.T) {
	t.Parallel()
	for _, fault := range Catalogue(start) {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			server, client := newServer(t, Options{})
			client.do("PUT", home+"a.ics", event("a", "a"))
			token := client.sync(home, "").Token
			human := server.Human("alice", "phone")
			if _, err := human.SetLine("calendar", "a.ics", "SUMMARY:changed"); err != nil {
				t.Fatal(err)
			}
			server.Plan(fault)
			multiget := "<C:calendar-multiget " + spaces + "><prop><getetag/><C:calendar-data/></prop><href>" + home + "a.ics</href></C:calendar-multiget>"
			for _, request := range [][3]string{
				{"REPORT", home, syncBody(token, "<getetag/>", "")}, {"REPORT", home, multiget}, {"PROPFIND", home, ""},
				{"GET", home + "a.ics", ""}, {"PUT", home + "b.ics", event("b", "b")}, {"DELETE", home + "a.ics", ""},
			} {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
				client.ctx = ctx
				client.try(request[0], request[1], request[2], "Depth", "1", "Accept-Encoding", "gzip")
				cancel()
				if server.Struck(fault.Name) > 0 {
					break
				}
			}
			if got := server.Struck(fault.Name); got != 1 {
				t.Errorf("struck %d requests, want 1", got)
			}
			client.ctx = t.Context()
			if m := client.sync(home, ""); m.Token == "" {
				t.Error("no token afterwards")
			}
		})
	}
}

func TestRestore_brings_yesterday_back(t *testing.T) {
	t.Parallel()
	for name, manners := range map[string]Manners{"counter": Plain(), "hash": Radicale()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := newServer(t, Options{Manners: manners})
			home := server.CalendarPath("alice", "calendar")
			client.do("PUT", home+"a.ics", event("a", "yesterday"))
			old := client.sync(home, "").Token
			backup := server.Snapshot()
			client.do("PUT", home+"a.ics", event("a", "today"))
			client.do("PUT", home+"b.ics", event("b", "today"))
			future := client.sync(home, "").Token
			if err := server.Restore(backup); err != nil {
				t.Fatal(err)
			}
			m := client.sync(home, "")
			if len(m.Responses) != 1 || !strings.Contains(m.Responses[0].data(), "yesterday") {
				t.Errorf("got %+v", m.Responses)
			}
			if got := client.sync(home, old); len(got.Responses) != 0 {
				t.Errorf("the token of the backup: got %+v", got.Responses)
			}
			client.do("PUT", home+"c.ics", event("c", "another way"))
			client.do("PUT", home+"d.ics", event("d", "another way"))
			r := client.do("REPORT", home, syncBody(future, "<getetag/>", ""))
			// A counter comes to the same number again and cannot know; a hash does.
			if want := map[string]int{"counter": 207, "hash": 403}[name]; r.status != want {
				t.Errorf("a token of the lost future: got %d, want %d", r.status, want)
			}
			if err := server.Restore(backup); err != nil {
				t.Fatal(err)
			}
			if got := len(client.sync(home, "").Responses); got != 1 {
				t.Errorf("a backup restored a second time: got %d members, want 1", got)
			}
		})
	}
}

func TestServer_states_that_break_a_calendar(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T) (*Server, *wire, string) {
		server, client := newServer(t, Options{})
		if err := server.SetCalendar(Calendar{Owner: "alice", Name: "other", DisplayName: "Other"}); err != nil {
			t.Fatal(err)
		}
		client.do("PUT", home+"a.ics", event("a", "a"))
		client.do("PUT", "/calendars/alice/other/z.ics", event("z", "z"))
		return server, client, client.sync(home, "").Token
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("emptied", func(t *testing.T) {
		server, client, token := setUp(t)
		must(t, server.Empty("alice", "calendar"))
		if got := client.sync(home, token).statuses(); got["a.ics"] != "404" {
			t.Errorf("got %v", got)
		}
	})
	t.Run("forgets tokens", func(t *testing.T) {
		server, client, token := setUp(t)
		client.do("PUT", home+"b.ics", event("b", "b"))
		must(t, server.ForgetTokens("alice", "calendar"))
		if r := client.do("REPORT", home, syncBody(token, "", "")); r.status != 403 {
			t.Errorf("got %d, want 403", r.status)
		}
		if got := client.sync(home, client.sync(home, "").Token); len(got.Responses) != 0 {
			t.Errorf("a new token: got %+v", got)
		}
	})
	t.Run("another calendar behind the address", func(t *testing.T) {
		server, client, _ := setUp(t)
		must(t, server.Swap("alice", "calendar", "other"))
		if got := client.sync(home, "").statuses(); got["z.ics"] != "200" || len(got) != 1 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("made again", func(t *testing.T) {
		server, client, token := setUp(t)
		must(t, server.Remake("alice", "calendar"))
		if r := client.do("REPORT", home, syncBody(token, "", "")); r.status != 403 {
			t.Errorf("got %d, want 403", r.status)
		}
	})
	t.Run("trashed", func(t *testing.T) {
		server, client, _ := setUp(t)
		must(t, server.Trash("alice", "calendar", true))
		if got := client.propfind(home, "0", "<resourcetype/>").Responses[0].inner(); strings.Contains(got, "<C:calendar/>") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("right withdrawn", func(t *testing.T) {
		server, client, _ := setUp(t)
		must(t, server.Grant("alice", "calendar", Reads))
		if r := client.do("PUT", home+"b.ics", event("b", "b")); r.status != 403 {
			t.Errorf("PUT: got %d, want 403", r.status)
		}
		must(t, server.Grant("alice", "calendar", NoAccess))
		if r := client.do("GET", home+"a.ics", ""); r.status != 404 {
			t.Errorf("GET: got %d, want 404", r.status)
		}
	})
	t.Run("clock off", func(t *testing.T) {
		server, client, _ := setUp(t)
		server.Behave(func(m *Manners) { m.ClockOff = -400 * 24 * time.Hour })
		at, err := http.ParseTime(client.do("GET", home+"a.ics", "").header.Get("Date"))
		if off := time.Since(at); err != nil || off < 399*24*time.Hour {
			t.Errorf("got %v off, %v", off, err)
		}
		server.Behave(func(m *Manners) { m.NoDate = true })
		overConnection := httptest.NewServer(server)
		defer overConnection.Close()
		client.origin, client.transport = overConnection.URL, overConnection.Client().Transport
		if r := client.do("GET", home+"a.ics", ""); len(r.header["Date"]) > 0 {
			t.Errorf("got %v, want no Date", r.header)
		}
	})
}

func TestTransport_leaves_a_server_that_hangs(t *testing.T) {
	t.Parallel()
	server, client := newServer(t, Options{})
	server.Plan(Fault{Do: Effect{Hang: Before}})
	ctx, cancel := context.WithCancel(t.Context())
	client.ctx = ctx
	cancel()
	if _, err := client.try("GET", home, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
