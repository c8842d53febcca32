package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/oracle"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/interop/servers"
	"agendaonline/interop/witness"
)

var (
	kills        = flag.Int("kills", 2, "how often the program is killed before each server")
	killBefore   = flag.String("kill-before", "sandbox,radicale", "the servers before which it is killed: sandbox, radicale, xandikos, davical, sabredav")
	killDatabase = flag.String("kill-database", "sqlite", "the database of the program that is killed: sqlite or postgres")
	killProgram  = flag.String("kill-program", "agenda", "the program that is killed; the one of this test when left out")
	killSeed     = flag.Uint64("kill-seed", 1, "decides what people do and when the program is killed")
)

// TestKill_at_random_instants_under_load: people edit on both sides while the program runs in a process of its own, which is
// killed as by kill -9 at an instant that chance chooses, started again and left to settle. Then nothing is lost, nothing
// doubled and nothing made up. It prints what the kills hit.
func TestKill_at_random_instants_under_load(t *testing.T) {
	t.Parallel()
	for name := range strings.SplitSeq(*killBefore, ",") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKillRun(t, name, *killDatabase)
			began := time.Now()
			for number := 1; number <= *kills && !t.Failed(); number++ {
				k.cycle(number)
			}
			k.Logf("%s, %s: %d kills in %v: %d hit an open request (%d of them a write), %d an open transaction, %d hit either; "+
				"%d edits in the CRM, %d in the calendars, %d writes of the program, answers unheard %d, violations %d",
				name, *killDatabase, k.killed, time.Since(began).Round(time.Second), k.hitRequest, k.hitWrite, k.hitTransaction, k.hitEither,
				k.edits[sideCRM].Load(), k.edits[sideCalendar].Load(), k.programsWrites(), len(k.story.Unheard), k.violations)
		})
	}
}

const (
	sideCRM = iota
	sideCalendar
)

// killRun is one program before one server, and the people on both sides.
type killRun struct {
	*testing.T
	dir     string
	address string // of the program
	options store.Options
	process *exec.Cmd
	said    *os.File
	story   *witness.Story
	people  []*killPerson
	random  *rand.Rand

	mu     sync.Mutex
	typing sync.WaitGroup
	value  atomic.Int64
	edits  [2]atomic.Int64

	killed, hitRequest, hitWrite, hitTransaction, hitEither, violations int
}

// killPerson is a user with a link, and a phone.
type killPerson struct {
	login, id, link string
	crm             *tourCRM
	phone           *witness.Phone
}

func (k *killRun) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// newKillRun makes two users with a calendar each, linked and through with their first sync.
func newKillRun(t *testing.T, name, database string) *killRun {
	k := &killRun{T: t, dir: filepath.Join(t.TempDir(), "data"), address: freeAddress(t), random: rand.New(rand.NewPCG(*killSeed, 1))}
	k.must(os.Mkdir(k.dir, 0o700))
	k.options.SQLite = filepath.Join(k.dir, "agenda.db")
	switch database {
	case "sqlite":
	case "postgres":
		k.options = storetest.PostgreSQL(t)
	default:
		t.Fatalf("no database is called %q", database)
	}
	origin, paths, accounts, password := k.server(name)
	seen, err := witness.Start(origin, time.Now)
	k.must(err)
	t.Cleanup(func() { k.must(seen.Close()) })
	k.story = &witness.Story{Witness: seen, Unheard: map[int]bool{}}
	k.said, err = os.Create(filepath.Join(t.TempDir(), "said"))
	k.must(err)
	t.Cleanup(func() {
		if k.process != nil {
			_ = k.process.Process.Kill()
			_ = k.process.Wait()
		}
		if t.Failed() {
			said, _ := os.ReadFile(k.said.Name())
			lines := slices.DeleteFunc(strings.Split(string(said), "\n"), func(line string) bool { return strings.Contains(line, "msg=request") })
			t.Logf("the program said, but for requests:\n%s", strings.Join(lines[max(0, len(lines)-200):], "\n"))
		}
		k.said.Close()
	})
	for i, login := range []string{"anna", "ben"} {
		k.command("quite-long-enough", "user", "add", login, "--admin")
		p := &killPerson{login: login, phone: seen.Phone(paths[i], accounts[i], password)}
		p.crm = &tourCRM{
			address: "http://" + k.address, token: strings.TrimSpace(k.command("", "token", "add", "--user", login, "kill run")),
			client: &http.Client{Timeout: time.Minute}, patience: testWithin,
		}
		k.people = append(k.people, p)
		k.story.Links = append(k.story.Links, oracle.Link{User: login, Calendar: paths[i]})
		k.story.Phones = append(k.story.Phones, p.phone)
	}
	k.unguard()
	k.start()
	for i, p := range k.people {
		var me struct {
			ID string `json:"id"`
		}
		k.must(p.crm.do(t.Context(), http.MethodGet, "/me", 0, nil, &me))
		p.id = me.ID
		var made tourLink
		k.must(p.crm.do(t.Context(), http.MethodPost, "/links", 0, map[string]any{
			"user": p.id, "address": seen.Origin + escaped(paths[i]), "calendar": seen.Origin + escaped(paths[i]), "username": accounts[i], "password": password,
			"plain_http": true, "test_write": true, "without_sync_token": name == string(servers.SabreDAV),
		}, &made))
		p.link = made.ID
	}
	k.settle()
	seen.Forget() // what the connection test wrote
	return k
}

// unguard: so many are deleted in these minutes that a person would be asked.
func (k *killRun) unguard() {
	k.Helper()
	db, err := store.Open(k.Context(), k.options)
	k.must(err)
	err = db.Write(k.Context(), func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		const never = 1_000_000
		settings.Guard = crm.GuardSettings{More: never, Part: 1, Most: never, Emptied: never}
		return tx.UpdateSettings(settings, settings.Version)
	})
	k.must(errors.Join(err, db.Close()))
}

func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// server starts a server with two empty calendars, and says where they are and who has them.
func (k *killRun) server(name string) (origin string, paths, accounts []string, password string) {
	k.Helper()
	if name == "sandbox" {
		box, err := sandbox.Open("", sandbox.Options{})
		k.must(err)
		server := httptest.NewServer(box)
		k.Cleanup(func() {
			server.Close()
			k.must(box.Close())
		})
		for _, account := range []string{"alice", "bob"} {
			k.must(box.SetUser(sandbox.User{Name: account, Password: "secret"}))
			k.must(box.SetCalendar(sandbox.Calendar{Owner: account, Name: "work"}))
			paths = append(paths, box.CalendarPath(account, "work"))
		}
		return server.URL, paths, []string{"alice", "bob"}, "secret"
	}
	server := servers.Start(k.T, servers.Name(name))
	calendar, err := url.Parse(server.Calendar)
	k.must(err)
	return server.Origin, []string{calendar.Path, strings.Replace(calendar.Path, "/alice/", "/bob/", 1)}, []string{"alice", "bob"}, server.Password
}

func (k *killRun) environment() []string {
	env := append(os.Environ(), "AGENDA_DATA="+k.dir, "LANG=C", "AGENDA_OUTBOUND_ALLOW="+strings.TrimPrefix(k.story.Witness.Origin, "http://"))
	if k.options.PostgreSQL != "" {
		env = append(env, "AGENDA_DATABASE="+k.options.PostgreSQL)
	}
	return env
}

// command runs the program to its end, and returns what it wrote.
func (k *killRun) command(password string, arguments ...string) string {
	k.Helper()
	command := exec.CommandContext(k.Context(), *killProgram, arguments...)
	command.Env = append(k.environment(), "AGENDA_PASSWORD="+password)
	var talk strings.Builder
	command.Stderr = &talk
	out, err := command.Output()
	if err != nil {
		k.Fatalf("agenda %s: %v\n%s", strings.Join(arguments, " "), err, talk.String())
	}
	return string(out)
}

func (k *killRun) start() {
	k.Helper()
	k.process = k.serve(k.address)
}

// serve starts the program at an address.
func (k *killRun) serve(address string) *exec.Cmd {
	k.Helper()
	process := exec.Command(*killProgram, "serve", "--listen", address)
	process.Env, process.Stdout, process.Stderr = k.environment(), k.said, k.said
	k.must(process.Start())
	return process
}

// cycle is one kill: people edit, the program is killed in the midst of it and started again, both sides come to rest, and
// the judge looks.
func (k *killRun) cycle(number int) {
	ctx, stop := context.WithCancel(k.Context())
	defer stop()
	k.load(ctx)
	k.until(func() error { // the load has reached the calendars
		if k.story.Witness.Requests() == 0 {
			return errors.New("the program sends no request")
		}
		return nil
	})
	instant := time.Duration(k.random.IntN(1500)) * time.Millisecond
	k.must(wait(k.Context(), instant))
	k.kill(number, instant)
	k.start()
	stop()
	k.typing.Wait()
	k.settle()
	k.judge(number)
}

// kill stops the program, looks at what it was about, and kills it: between the two it does nothing.
func (k *killRun) kill(number int, instant time.Duration) {
	k.Helper()
	k.freeze(k.process)
	open := k.story.Witness.Open()
	writes := slices.ContainsFunc(open, witness.Open.Write)
	transaction := k.inTransaction()
	k.must(k.process.Process.Kill())
	_ = k.process.Wait()
	k.killed++
	for _, one := range []struct {
		hit   bool
		count *int
	}{{len(open) > 0, &k.hitRequest}, {writes, &k.hitWrite}, {transaction, &k.hitTransaction}, {len(open) > 0 || transaction, &k.hitEither}} {
		if one.hit {
			*one.count++
		}
	}
	k.Logf("kill %d after %v: %d requests open (a write: %t), a transaction open: %t", number, instant, len(open), writes, transaction)
	k.drained()
	k.hear()
}

// freeze stops a process, and returns when it does nothing more.
func (k *killRun) freeze(process *exec.Cmd) {
	k.Helper()
	k.must(process.Process.Signal(syscall.SIGSTOP))
	k.until(func() error { // the signal has arrived
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process.Process.Pid))
		if err != nil {
			return err
		}
		if _, state, _ := strings.Cut(string(status), ") "); !strings.HasPrefix(state, "T") {
			return errors.New("the program goes on")
		}
		return nil
	})
}

// drained waits until what was under way has arrived at the server.
func (k *killRun) drained() {
	k.Helper()
	k.until(func() error {
		if len(k.story.Witness.Open()) > 0 {
			return errors.New("the server does not answer")
		}
		return nil
	})
}

// hear finds the writes that were applied and whose outcome the database does not have.
func (k *killRun) hear() {
	k.Helper()
	last := map[string]oracle.Write{}
	for _, write := range k.story.Witness.Writes() {
		if write.By != oracle.ByHuman {
			last[write.Href] = write
		}
	}
	db := k.copied()
	err := db.Read(k.Context(), func(tx *store.Tx) error {
		links, err := tx.Links()
		if err != nil {
			return err
		}
		kept := map[string]store.Resource{}
		for _, link := range links {
			var hrefs []dav.Href
			for path := range last {
				hrefs = append(hrefs, dav.Href(escaped(path)))
			}
			known, err := tx.ResourcesByHref(link.ID, hrefs)
			if err != nil {
				return err
			}
			for _, resource := range known {
				href, err := url.Parse(string(resource.Href))
				if err != nil {
					return err
				}
				kept[href.Path] = resource
			}
		}
		for path, write := range last {
			resource, known := kept[path]
			heard := known && resource.State == store.ResourceLive && resource.ETag.Same(dav.ETag(write.ETagGiven))
			if write.After == "" {
				heard = !known || resource.State == store.ResourceGone
			}
			// A later version than the one that was written was read by a pull: the write was heard of by it.
			if !heard && !(known && resource.State == store.ResourceLive && resource.Sent == nil) {
				k.story.Unheard[write.Number] = true
			}
		}
		return nil
	})
	k.must(errors.Join(err, db.Close()))
}

// copied is the database as the killed program left it. SQLite's is copied, so that the next start finds it untouched.
func (k *killRun) copied() *store.Store {
	k.Helper()
	options := k.options
	if options.PostgreSQL == "" {
		options.SQLite = filepath.Join(k.TempDir(), "copy.db")
		for _, suffix := range []string{"", "-wal"} {
			data, err := os.ReadFile(k.options.SQLite + suffix)
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			k.must(err)
			k.must(os.WriteFile(options.SQLite+suffix, data, 0o600))
		}
	}
	db, err := store.Open(k.Context(), options)
	k.must(err)
	return db
}

// until repeats look until it returns no error.
func (k *killRun) until(look func() error) {
	k.Helper()
	for deadline := time.Now().Add(testWithin); ; {
		err := look()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			k.Fatal(err)
		}
		k.must(wait(k.Context(), tourPause))
	}
}

// settle lets both sides come to rest: nothing waits any more, and two runs of each link that began after that wrote nothing.
func (k *killRun) settle() {
	k.Helper()
	before := -1
	k.until(func() error {
		for _, p := range k.people {
			asked := time.Now()
			k.must(p.crm.sync(k.Context(), p.link))
			told := false
			k.until(func() error {
				var link struct {
					Pending       int    `json:"pending"`
					LastCheckedAt string `json:"last_checked_at"`
					States        []string
					Failing       struct{ Reason string }
				}
				k.must(p.crm.do(k.Context(), http.MethodGet, "/links/"+p.link, 0, nil, &link))
				checked, _ := time.Parse(time.RFC3339, link.LastCheckedAt)
				if time.Since(asked) > testWithin/2 && !told {
					told = true
					k.Log(k.waiting())
				}
				if link.Pending > 0 || !checked.After(asked) {
					return fmt.Errorf("the link of %s does not come to rest: %+v", p.login, link)
				}
				return nil
			})
		}
		if last := k.story.Witness.Last(); last != before {
			before = last
			return errors.New("the program writes again and again")
		}
		return nil
	})
}

// waiting tells of what the program still has to write, for whoever finds out why it does not.
func (k *killRun) waiting() string {
	k.Helper()
	var told strings.Builder
	db, err := store.Open(k.Context(), k.options)
	k.must(err)
	err = db.Read(k.Context(), func(tx *store.Tx) error {
		told.Reset()
		links, err := tx.Links()
		if err != nil {
			return err
		}
		for _, link := range links {
			var all []crm.ActionID
			for _, trash := range []bool{false, true} {
				found, err := tx.Search(store.Query{Viewer: link.User, Trash: trash}, store.Page{Limit: 5000})
				if err != nil {
					return err
				}
				for _, action := range found.Actions {
					all = append(all, action.ID)
				}
			}
			entries, err := tx.OutboxOfActions(link.ID, all)
			if err != nil {
				return err
			}
			for _, entry := range entries {
				action, err := tx.Action(entry.Action)
				if err != nil {
					return err
				}
				fmt.Fprintf(&told, "link %s, action %s %q, trashed %t, state %+v, entry %+v\n", link.Username, action.ID, action.Subject, action.Deleted(), action.Sync, entry)
				bound, err := tx.BindingsOfAction(action.ID)
				if err != nil {
					return err
				}
				for _, b := range bound {
					fmt.Fprintf(&told, "  bound to %s, state %s, ETag %s, sent %t, set aside %s, base %t\n",
						b.Bound.Href, b.Bound.State, b.Bound.ETag, b.Bound.Sent != nil, b.Bound.SetAside.Reason, b.Base != nil)
					for _, write := range k.story.Witness.Writes() {
						if strings.HasSuffix(string(b.Bound.Href), write.Href) {
							fmt.Fprintf(&told, "    %d %s %s %d, If-Match %s, before %s, after %s, told %s\n",
								write.Number, write.By, write.Method, write.Status, write.IfMatch, write.ETagBefore, write.ETagAfter, write.ETagGiven)
						}
					}
				}
			}
		}
		return nil
	})
	k.must(errors.Join(err, db.Close()))
	return told.String()
}

func (k *killRun) judge(number int) {
	k.Helper()
	db, err := store.Open(k.Context(), k.options)
	k.must(err)
	history, err := k.story.History(k.Context(), db)
	k.must(errors.Join(err, db.Close()))
	report := oracle.Judge(history)
	k.violations += len(report.Violations)
	if len(report.Violations) == 0 {
		return
	}
	story := history.Story()
	if at := os.Getenv("AGENDA_KILL_STORY"); at != "" {
		k.must(os.WriteFile(at, []byte(story), 0o600))
	}
	k.Errorf("after kill %d:\n%s%s", number, report.String(), about(story, report))
}

// about are the lines of a story that tell of what a report complains of.
func about(story string, report oracle.Report) string {
	words := map[string]bool{}
	for _, violation := range report.Violations {
		for _, word := range strings.FieldsFunc(violation.Item+" "+violation.Text, func(r rune) bool { return r == ' ' || r == '"' || r == ',' || r == ':' }) {
			if len(word) > 20 || len(word) > 1 && (word[0] == 's' || word[0] == 'd') && word[1] >= '0' && word[1] <= '9' {
				words[word] = true
			}
		}
	}
	var told strings.Builder
	for line := range strings.Lines(story) {
		if slices.ContainsFunc(slices.Collect(maps.Keys(words)), func(word string) bool { return strings.Contains(line, word) }) {
			told.WriteString(line)
		}
	}
	return told.String()
}

func (k *killRun) programsWrites() int {
	n := 0
	for _, write := range k.story.Witness.Writes() {
		if write.By != oracle.ByHuman {
			n++
		}
	}
	return n
}

// inTransaction reports whether the program, which stands still, has a writing transaction open.
func (k *killRun) inTransaction() bool {
	k.Helper()
	if k.options.PostgreSQL != "" {
		return k.inPostgreSQL()
	}
	// SQLite's lock of writers on a database with a write-ahead log is byte 120 of the shared-memory file
	// (sqlite.org/walformat.html, section 2.3).
	file, err := os.Open(k.options.SQLite + "-shm")
	if errors.Is(err, os.ErrNotExist) {
		return false
	}
	k.must(err)
	defer file.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: 120, Len: 1}
	k.must(syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &lock))
	return lock.Type != syscall.F_UNLCK
}
