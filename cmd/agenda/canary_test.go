package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/mail"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
)

// heldCalendar is a calendar server that can keep requests with a password waiting, so that the program is looked at, and made
// to crash, while it has that password in its hands.
type heldCalendar struct {
	t       *testing.T
	address string // of ann's calendar
	host    string
	gate    atomic.Pointer[gate]
}

// gate is shut until open is closed. Each request that waits before it tells its password.
type gate struct {
	reached chan string
	open    chan struct{}
}

func newHeldCalendar(t *testing.T, passwords map[string]string) *heldCalendar {
	t.Helper()
	box, err := sandbox.Open("", sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, password := range passwords {
		if err := box.SetUser(sandbox.User{Name: name, Password: password}); err != nil {
			t.Fatal(err)
		}
		if err := box.SetCalendar(sandbox.Calendar{Owner: name, Name: "work"}); err != nil {
			t.Fatal(err)
		}
	}
	h := &heldCalendar{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, has := r.BasicAuth(); has {
			if gate := h.gate.Load(); gate != nil {
				gate.reached <- password
				<-gate.open
			}
		}
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	h.address, h.host = server.URL+box.CalendarPath("ann", "work"), server.Listener.Addr().String()
	return h
}

// shut keeps requests waiting until what it returns is called, or the test ends.
func (h *heldCalendar) shut() (shut *gate, open func()) {
	shut = &gate{make(chan string, 100), make(chan struct{})}
	h.gate.Store(shut)
	var opened atomic.Bool
	open = func() {
		if opened.CompareAndSwap(false, true) {
			h.gate.Store(nil)
			close(shut.open)
		}
	}
	h.t.Cleanup(open)
	return shut, open
}

// reach waits until a request with each of the passwords waits before the gate, or the process has ended.
func (g *gate) reach(t *testing.T, ended <-chan error, passwords ...string) {
	t.Helper()
	for missing := slices.Clone(passwords); len(missing) > 0; {
		select {
		case password := <-g.reached:
			missing = slices.DeleteFunc(missing, func(one string) bool { return one == password })
		case err := <-ended:
			t.Fatalf("it ended before it sent %d of %d passwords: %v", len(missing), len(passwords), err)
		case <-t.Context().Done():
			t.Fatal("it did not send the password")
		}
	}
}

// childProcess is the program in a process of its own.
type childProcess struct {
	*exec.Cmd
	said  string // file of what it wrote
	ended chan error
}

// startChild runs the program with these arguments and this environment beside the test's own.
func startChild(t *testing.T, env []string, arguments ...string) *childProcess {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	p := &childProcess{Cmd: exec.Command("agenda", arguments...), said: said.Name(), ended: make(chan error, 1)}
	p.Env, p.Stdout, p.Stderr = append(os.Environ(), env...), said, said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.ended <- p.Wait()
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-done
	})
	return p
}

// text is what it wrote up to now.
func (p *childProcess) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.said)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// processList is what everybody on the machine can see of all processes. One that ends meanwhile is left out.
func processList(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			fmt.Fprintf(&list, "%s %s\n", file, bytes.ReplaceAll(text, []byte{0}, []byte(" ")))
		}
	}
	return list.String()
}

// S9: in processes of their own, with a request under way that carries the password: neither the list of processes, nor what is
// written, nor what a crash prints, nor what is kept holds anything that is secret. The environment, which passes a password to
// a command, is the person's own: only she and root can read it (mode 0400 of /proc/PID/environ).
func TestS9_a_password_is_in_no_list_of_processes_and_no_crash(t *testing.T) {
	t.Parallel()
	saved, typed, person, post := "saved-"+rand.Text(), "typed-"+rand.Text(), "person-"+rand.Text(), "post-"+rand.Text()
	calendar := newHeldCalendar(t, map[string]string{"ann": saved, "bob": typed})
	dir := filepath.Join(t.TempDir(), "data")
	address := freeAddress(t)
	base := []string{"AGENDA_DATA=" + dir, "LANG=C", "AGENDA_OUTBOUND_ALLOW=" + calendar.host, "AGENDA_LOG_LEVEL=debug", "AGENDA_LISTEN=" + address,
		"AGENDA_SMTP_ADDRESS=127.0.0.1:1", "AGENDA_SMTP_TLS=none", "AGENDA_SMTP_USER=agenda", "AGENDA_SMTP_PASSWORD=" + post, "AGENDA_SMTP_FROM=agenda@example.com"}
	said := map[string]string{}
	run := func(password string, arguments ...string) string {
		t.Helper()
		p := startChild(t, append(base, "AGENDA_PASSWORD="+password), arguments...)
		if err := <-p.ended; err != nil {
			t.Fatalf("agenda %s: %v\n%s", strings.Join(arguments, " "), err, p.text(t))
		}
		return p.text(t)
	}
	said["user add"] = run(person, "user", "add", "ann", "--admin")
	token := regexp.MustCompile(`agenda_\S+`).FindString(run("", "token", "add", "--user", "ann", "test"))
	for name, flags := range map[string][]string{"config": nil, "config as JSON": {"--json"}} {
		said[name] = run("", append([]string{"config"}, flags...)...)
		if !strings.Contains(said[name], "smtp.password") || !strings.Contains(said[name], "****") {
			t.Errorf("%s does not show a masked smtp.password:\n%s", name, said[name])
		}
	}

	listed := func(name string, p *childProcess, sign, inEnvironment string) {
		t.Helper()
		if runtime.GOOS != "linux" {
			return
		}
		list := processList(t)
		if !strings.Contains(list, fmt.Sprintf("/proc/%d/cmdline ", p.Process.Pid)) || !strings.Contains(list, sign) {
			t.Errorf("%s is not in the list of processes", name)
		}
		said["process list, "+name] = list
		environment := fmt.Sprintf("/proc/%d/environ", p.Process.Pid)
		text, err := os.ReadFile(environment)
		if err != nil || !bytes.Contains(text, []byte(inEnvironment)) {
			t.Errorf("%s: the password is not in its environment, %v", name, err)
		}
		if info, err := os.Stat(environment); err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != 0o400 {
			t.Errorf("%s: others can read its environment: %v", name, info.Mode())
		}
	}
	for _, command := range []struct {
		name      string
		arguments []string
		exit      int // 2: works with a limit
	}{
		{"check", []string{"check", calendar.address, "--username", "ann", "--plain-http", "--write", "--outbound-allow", calendar.host}, 2},
		{"check --json", []string{"check", calendar.address, "--username", "ann", "--plain-http", "--json"}, 2},
		{"link add", []string{"link", "add", "ann", calendar.address, "--username", "ann", "--plain-http"}, 0},
	} {
		shut, open := calendar.shut()
		p := startChild(t, append(base, "AGENDA_PASSWORD="+saved), command.arguments...)
		shut.reach(t, p.ended, saved)
		listed(command.name, p, strings.Join(command.arguments, " "), saved)
		open()
		<-p.ended
		if code := p.ProcessState.ExitCode(); code != 0 && code != command.exit {
			t.Fatalf("%s ends with %d\n%s", command.name, code, p.text(t))
		}
		said[command.name] = p.text(t)
	}

	names := map[syscall.Signal]string{syscall.SIGQUIT: "SIGQUIT: quit", syscall.SIGABRT: "SIGABRT: abort"}
	for _, signal := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT} {
		shut, open := calendar.shut()
		p := startChild(t, append(base, "GOTRACEBACK=all"), "serve")
		api := &tourCRM{address: "http://" + address, token: token, client: http.DefaultClient, patience: testWithin}
		var me struct {
			ID string `json:"id"`
		}
		if err := api.do(t.Context(), http.MethodGet, "/me", 0, nil, &me); err != nil {
			t.Fatalf("%v\n%s", err, p.text(t))
		}
		ctx, stop := context.WithCancel(t.Context())
		answered := make(chan error, 1)
		go func() {
			once := &tourCRM{address: api.address, token: token, client: http.DefaultClient}
			answered <- once.do(ctx, http.MethodPost, "/links/test", 0, map[string]any{
				"user": me.ID, "address": strings.Replace(calendar.address, "ann", "bob", 1), "username": "bob", "password": typed, "plain_http": true}, nil)
		}()
		under := []string{typed}
		if signal == syscall.SIGQUIT {
			under = append(under, saved) // the first pull; later the link is still leased to the process that crashed
		}
		shut.reach(t, p.ended, under...)
		listed("serve", p, "agenda serve", post)
		if err := p.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		<-p.ended
		stop()
		if err := <-answered; err == nil {
			t.Errorf("%v: the request under way was answered", signal)
		}
		open()
		dump := p.text(t)
		for _, sign := range []string{names[signal], "goroutine ", "internal/check.", "internal/outbound.", "internal/api."} {
			if !strings.Contains(dump, sign) {
				t.Errorf("%v: what it printed does not hold %q: it shows no request under way\n%s", signal, sign, dump)
			}
		}
		said["crash by "+names[signal]] = dump
	}
	maps.Copy(said, filesOf(t, dir))
	found(t, said, slices.Concat(spelled("ann", saved), spelled("bob", typed), spelled("ann", person), spelled("agenda", post), []string{token}))
	// A dump prints arguments as numbers, and eight letters are one.
	for _, password := range []string{saved, typed, person, post, token} {
		for at := range len(password) - 7 {
			var number uint64
			for i := range 8 {
				number |= uint64(password[at+i]) << (8 * i)
			}
			for signal, name := range names {
				if strings.Contains(said["crash by "+name], strconv.FormatUint(number, 16)) {
					t.Errorf("%v: a piece of %s is there as a number", signal, password)
				}
			}
		}
	}
}

// filesOf are the texts of all files in a folder.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files in the folder, %v", len(files), err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts["file "+filepath.Base(file)] = string(text)
	}
	return texts
}

// found tells which of the texts hold which of the needles.
func found(t *testing.T, texts map[string]string, needles []string) {
	t.Helper()
	for _, needle := range needles {
		for where, text := range texts {
			if at := strings.Index(text, needle); at >= 0 {
				t.Errorf("%s holds %q: …%q…", where, needle, text[max(0, at-80):min(len(text), at+len(needle)+20)])
			}
		}
	}
}

// tellingPost is a mail server that refuses everybody who signs in, and says to them what they sent. It returns its address and
// what was sent.
func tellingPost(t *testing.T) (address string, sent <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told, done := make(chan string, 10), make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.SetDeadline(time.Now().Add(time.Minute))
			fmt.Fprint(connection, "220 post\r\n")
			for lines := bufio.NewScanner(connection); lines.Scan(); {
				switch line := lines.Text(); {
				case strings.HasPrefix(line, "EHLO"):
					io.WriteString(connection, "250-post\r\n250 AUTH PLAIN\r\n")
				case strings.HasPrefix(line, "AUTH PLAIN "):
					told <- strings.TrimPrefix(line, "AUTH PLAIN ")
					fmt.Fprintf(connection, "535 no: %s\r\n", line)
				default:
					fmt.Fprintf(connection, "250 %s\r\n", line)
				}
			}
			connection.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String(), told
}

// refusedMail lets the program write to the administrator about a link that waits to be signed in again, by a mail server that
// refuses it, and returns the forms of the password that it sent there.
func refusedMail(t *testing.T, p *program, admin crm.User) []string {
	t.Helper()
	const password = "canary-of-the-post-90c4"
	in := service.UserInputOf(admin)
	in.Email = "admin@example.com"
	if _, err := p.service.ChangeUser(t.Context(), service.Caller{User: admin}, admin.ID, admin.Version, in); err != nil {
		t.Fatal(err)
	}
	address, sent := tellingPost(t)
	server := mail.Server{Address: address, TLS: mail.NoTLS, User: "agenda", Password: password, From: "agenda@example.com"}
	mailer := mail.New(mail.Config{Store: p.store, Server: server, IDs: crm.IDSource{Now: p.Now, Random: rand.Reader}, Now: p.Now, Log: p.Log})
	if err := mailer.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := base64.StdEncoding.EncodeToString([]byte("\x00agenda\x00" + password)) // RFC 4616 section 2
	select {
	case got := <-sent:
		if got != want {
			t.Errorf("the mail server was told %q, want %q", got, want)
		}
	default:
		t.Error("the mail server was not asked")
	}
	return append(spelled("agenda", password), want)
}
