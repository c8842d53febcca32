package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

type demoCommand struct {
	Dir      string        `help:"Keep the demo in this folder; started again with it, it goes on where it was. Without it the demo lies in a temporary folder, which is removed at the end." type:"path" placeholder:"DIR"`
	Listen   string        `help:"Where the CRM listens." default:"127.0.0.1:8600"`
	Caldav   string        `help:"Where the built-in calendar listens." default:"127.0.0.1:8601" placeholder:"HOST:PORT"`
	LAN      bool          `help:"Let other devices in this network in, a phone above all: listens on every address, with generated passwords."`
	Check    bool          `help:"Take the tour by itself: save, change and delete on both sides, look on both sides, print each step with its time, and end."`
	Provider string        `help:"Play a provider that is signed in to by OAuth 2.0, for linking a calendar to it: google or oauth." enum:",google,oauth" default:"" placeholder:"NAME"`
	Calendar string        `help:"Take the tour on this calendar instead of the built-in one: an empty or a test calendar is best. The password is read from AGENDA_PASSWORD." placeholder:"URL"`
	Username string        `help:"Username for --calendar." placeholder:"NAME"`
	Within   time.Duration `help:"How long each effect may take in the tour." default:"30s"`
	JSON     bool          `help:"Print the steps of the tour as JSON, one a line."`
}

// Help teaches what the demo is for.
func (demoCommand) Help() string {
	return `The whole program on a fresh database: three users (nl, fr, en), actions around today, and one user linked to a real
CalDAV server that is built in. Sign in at the address it prints, attach Thunderbird or a phone to the calendar, and watch
both directions.

  agenda demo                    until Ctrl-C
  agenda demo --provider google  a calendar that is linked as Google's is, without a Google account
  agenda demo --lan              and let a phone in the same network attach the calendar
  agenda demo --check            the tour by itself
  AGENDA_PASSWORD=... agenda demo --check --calendar https://dav.example.com/cal/ --username ann
                                 the tour on a server of yours; it removes what it made

Exit codes: 0 done, every step of the tour was as it should be; 1 not.`
}

// Run runs the demo until ctx ends, or takes the tour.
func (c demoCommand) Run(ctx context.Context, env environment) (err error) {
	if c.Provider != "" && (c.Check || c.Calendar != "") {
		return errors.New("--provider is for linking by hand: --check and --calendar take a password")
	}
	if c.Calendar != "" {
		c.Check = true
		if c.Username == "" || env.getenv(passwordVariable) == "" {
			return errors.New("--calendar needs --username, and the password in the environment variable AGENDA_PASSWORD")
		}
	}
	dir := c.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "agenda-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if c.Check && c.Dir == "" {
		// Nobody types these addresses, so the tour does not meet a demo that runs.
		c.Listen, c.Caldav = "127.0.0.1:0", "127.0.0.1:0"
	}
	d, err := startDemo(ctx, demoOptions{dir: dir, listen: c.Listen, calendarListen: c.Caldav, lan: c.LAN, empty: c.Calendar != "", calendar: c.Calendar, provider: c.Provider, talk: env.stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	if c.Check {
		return c.tour(ctx, env, d)
	}
	fmt.Fprint(env.stdout, d.welcome())
	select {
	case <-ctx.Done():
		fmt.Fprintln(env.stderr, "\nStopping.")
		return nil
	case <-d.ended:
		return errors.New("the demo ended by itself")
	}
}

func (c demoCommand) tour(ctx context.Context, env environment, d *demo) error {
	address, username, password := c.Calendar, c.Username, env.getenv(passwordVariable)
	if c.Calendar == "" {
		address, username, password = d.calendarAddress(), demoPeople[0].login, d.state.CalendarPassword
	}
	began := time.Now()
	tell := tourTeller(env.stdout, c.JSON)
	t, err := d.newTour(ctx, address, username, password, c.Within, tell)
	if err != nil {
		return err
	}
	if err := t.run(ctx); err != nil {
		return exitCode(1) // the step has said it
	}
	if !c.JSON {
		fmt.Fprintf(env.stdout, "\n%d steps in %.1f s, all as it should be.\n", len(t.steps()), time.Since(began).Seconds())
	}
	return nil
}

// tourTeller prints steps as they end.
func tourTeller(out io.Writer, asJSON bool) func(tourStep) {
	return func(step tourStep) {
		if asJSON {
			line := struct {
				Step    string  `json:"step"`
				OK      bool    `json:"ok"`
				Seconds float64 `json:"seconds"`
				Problem string  `json:"problem,omitempty"`
			}{Step: step.Name, OK: step.Err == nil, Seconds: step.Took.Seconds()}
			if step.Err != nil {
				line.Problem = step.Err.Error()
			}
			_ = json.NewEncoder(out).Encode(line) // standard output that is closed ends nothing
			return
		}
		mark := "ok  "
		if step.Err != nil {
			mark = "FAIL"
		}
		fmt.Fprintf(out, "%s %8s  %s\n", mark, step.Took.Round(time.Millisecond), step.Name)
		if step.Err != nil {
			fmt.Fprintf(out, "               %s\n", strings.ReplaceAll(step.Err.Error(), "\n", "\n               "))
		}
	}
}

// demoOptions say how a demo is started.
type demoOptions struct {
	dir, listen, calendarListen string
	lan                         bool
	empty                       bool   // no actions and no built-in calendar: for the tour on another server
	calendar                    string // that server's address, which may be asked
	provider                    string // demoGoogle, demoOAuth; "": a calendar with a password
	talk                        io.Writer
}

// demoState is what a demo must know when it is started again in its folder.
type demoState struct {
	Listen           string            `json:"listen"`
	CalendarListen   string            `json:"calendar_listen"`
	Passwords        map[string]string `json:"passwords"` // by login
	CalendarPassword string            `json:"calendar_password"`
	Token            string            `json:"token"`
	Filled           bool              `json:"filled"`
}

// demo is a program that runs, with a calendar server beside it.
type demo struct {
	demoOptions
	state   demoState
	program *program
	box     *sandbox.Server // nil when another server is used
	handler http.Handler    // before box, of a provider; nil: box itself
	google  googleAddresses // of a provider that plays Google
	log     *os.File

	listener, calendarListener net.Listener
	callers                    map[string]service.Caller // by login

	cancel  context.CancelFunc
	running sync.WaitGroup
	ended   chan struct{} // closed when the program has ended
	failed  error         // why, after ended
}

// startDemo starts everything; stop ends it. Whatever instant an earlier demo in the folder was killed at, it goes on there.
func startDemo(ctx context.Context, options demoOptions) (_ *demo, err error) {
	d := &demo{demoOptions: options, ended: make(chan struct{}), callers: map[string]service.Caller{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.stop())
		}
	}()
	if err := d.load(); err != nil {
		return nil, err
	}
	if d.listener, err = net.Listen("tcp", d.state.Listen); err != nil {
		return nil, fmt.Errorf("listen for the CRM: %w; --listen chooses another address", err)
	}
	allowed := options.calendar
	if !options.empty {
		if err := d.openCalendar(); err != nil {
			return nil, err
		}
		allowed = d.calendarAddress()
	}
	d.state.Listen = d.listener.Addr().String()
	if err := d.save(); err != nil {
		return nil, err
	}
	if d.log, err = os.OpenFile(filepath.Join(d.dir, "agenda.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	allow, err := allowAddress(outbound.Allow{}, allowed)
	if err != nil {
		return nil, err
	}
	d.program, err = openProgram(ctx, programConfig{
		Store: store.Options{SQLite: filepath.Join(d.dir, "agenda.db")}, KeyFile: filepath.Join(d.dir, "agenda.key"),
		Allow: allow, Log: slog.New(slog.NewJSONHandler(d.log, nil)), Google: d.google,
	})
	if err != nil {
		return nil, err
	}
	d.serve(ctx)
	if err := d.fill(ctx); err != nil {
		return nil, fmt.Errorf("fill the demo: %w", err)
	}
	return d, nil
}

func (d *demo) statePath() string { return filepath.Join(d.dir, "demo.json") }

// load reads the state of an earlier demo in the folder, or draws a fresh one.
func (d *demo) load() error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	text, err := os.ReadFile(d.statePath())
	if err == nil {
		if err := json.Unmarshal(text, &d.state); err != nil {
			return fmt.Errorf("read %s: %w", d.statePath(), err)
		}
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	d.state = demoState{Listen: d.listen, CalendarListen: d.calendarListen, Passwords: map[string]string{}, CalendarPassword: d.password()}
	if d.lan {
		d.state.Listen, d.state.CalendarListen = everyAddress(d.listen), everyAddress(d.calendarListen)
	}
	for _, person := range demoPeople {
		d.state.Passwords[person.login] = d.password()
	}
	return d.save()
}

// save writes the state beside the old one and puts it in its place, so that a crash leaves one of the two.
func (d *demo) save() error {
	text, err := json.MarshalIndent(d.state, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.statePath()+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(d.statePath()+".new", d.statePath())
}

// password is drawn where others can reach the demo; where only this machine can, it is one that is easily typed.
func (d *demo) password() string {
	if !d.lan {
		return "agenda-demo"
	}
	drawn := strings.ToLower(rand.Text()) // 130 bits, of which 80 are used
	return strings.Join([]string{drawn[0:4], drawn[4:8], drawn[8:12], drawn[12:16]}, "-")
}

// everyAddress is a listening address on every address of the machine, with the same port.
func everyAddress(listen string) string {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	return net.JoinHostPort("0.0.0.0", port)
}

// openCalendar starts the built-in calendar on its folder, with anna's calendar and what stood in it before.
func (d *demo) openCalendar() (err error) {
	if d.calendarListener, err = net.Listen("tcp", d.state.CalendarListen); err != nil {
		return fmt.Errorf("listen for the calendar: %w; --caldav chooses another address", err)
	}
	d.state.CalendarListen = d.calendarListener.Addr().String()
	if d.provider != "" {
		return d.openProvider()
	}
	if d.box, err = sandbox.Open(filepath.Join(d.dir, "calendar"), sandbox.Options{LogLimit: 1000}); err != nil {
		return err
	}
	anna := demoPeople[0]
	if err := d.box.SetUser(sandbox.User{Name: anna.login, Password: d.state.CalendarPassword, DisplayName: anna.name, Addresses: []string{anna.email}}); err != nil {
		return err
	}
	if err := d.box.SetCalendar(sandbox.Calendar{Owner: anna.login, Name: demoCalendar, DisplayName: "Agenda van Anna", Color: "#1d7a5f", Components: []string{"VEVENT"}}); err != nil {
		return err
	}
	if d.state.Filled {
		return nil
	}
	phone := d.box.Human(anna.login, "phone")
	for name, text := range demoEvents(demoToday()) {
		var refused *sandbox.Refused
		if _, err := phone.Put(demoCalendar, name, text, "*"); err != nil && !errors.As(err, &refused) { // refused: it is there already
			return err
		}
	}
	return nil
}

const demoCalendar = "agenda"

func demoToday() time.Time {
	location, err := time.LoadLocation(demoZone)
	if err != nil {
		return time.Now()
	}
	return time.Now().In(location)
}

// serve runs the program and the calendar until stop.
func (d *demo) serve(ctx context.Context) {
	// The caller decides when the demo stops, in order: the calendar last, so that runs can end well.
	ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	d.running.Go(func() {
		defer close(d.ended)
		d.failed = d.program.serve(ctx, d.listener)
	})
	if d.box == nil {
		return
	}
	server := &http.Server{Handler: d.serving(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(d.program.Log.Handler(), slog.LevelWarn)}
	d.running.Go(func() {
		<-d.ended
		_ = server.Close()
	})
	d.running.Go(func() {
		if err := server.Serve(d.calendarListener); !errors.Is(err, http.ErrServerClosed) {
			d.program.Log.Error("the built-in calendar ended", "error", err)
		}
	})
}

// stop ends everything and returns why it ended if that was not asked for. It ends what was started so far, also when
// starting failed.
func (d *demo) stop() error {
	var failures []error
	if d.cancel != nil {
		d.cancel()
		d.running.Wait()
		failures = append(failures, d.failed)
	} else {
		for _, listener := range []net.Listener{d.listener, d.calendarListener} {
			if listener != nil {
				failures = append(failures, listener.Close())
			}
		}
	}
	if d.program != nil {
		failures = append(failures, d.program.close())
	}
	if d.box != nil {
		failures = append(failures, d.box.Close())
	}
	if d.log != nil {
		failures = append(failures, d.log.Close())
	}
	return errors.Join(failures...)
}

// fill makes the people, the link and the actions that are not there yet.
func (d *demo) fill(ctx context.Context) error {
	var users []crm.User
	err := d.program.store.Read(ctx, func(tx *store.Tx) (err error) { users, err = tx.Users(); return err })
	if err != nil {
		return err
	}
	for _, person := range demoPeople {
		user, found := userByLogin(users, person.login)
		if !found {
			if user, err = d.addPerson(ctx, person); err != nil {
				return err
			}
		}
		d.callers[person.login] = service.Caller{User: user}
	}
	anna := d.callers[demoPeople[0].login]
	if d.state.Token == "" {
		if _, d.state.Token, err = d.program.service.CreateToken(ctx, anna, service.TokenInput{Name: "demo --check"}); err != nil {
			return err
		}
	}
	if !d.empty && !d.state.Filled {
		fmt.Fprintf(d.talk, "Making the actions of %d people ...\n", len(demoPeople))
		if err := d.fillActions(ctx); err != nil {
			return err
		}
		if d.provider == "" {
			fmt.Fprintln(d.talk, "Linking the calendar, and waiting for its first sync ...")
			if err := d.linkAnna(ctx, anna); err != nil {
				return err
			}
		}
	}
	d.state.Filled = true
	return d.save()
}

// addPerson makes a user. The first is the administrator, who makes the others.
func (d *demo) addPerson(ctx context.Context, person demoPerson) (crm.User, error) {
	in := service.UserInput{
		Login: person.login, Name: person.name, Email: person.email, Language: person.language, TimeZone: demoZone, Role: crm.RoleUser,
		Rights: crm.Rights{ChangeOthers: true, Reassign: true}, Active: true, Password: d.state.Passwords[person.login],
	}
	if person.administrator {
		return d.program.service.CreateAdministrator(ctx, in)
	}
	return d.program.service.CreateUser(ctx, d.callers[demoPeople[0].login], in)
}

func (d *demo) fillActions(ctx context.Context) error {
	today := demoToday()
	for _, person := range demoPeople {
		caller := d.callers[person.login]
		for _, one := range person.actions {
			in := one.input(today, caller.User.ID)
			page, err := d.program.service.List(ctx, caller, service.ActionQuery{Text: in.Subject, Mine: true})
			if err != nil {
				return err
			}
			if len(page.Actions) > 0 {
				continue // an earlier demo in this folder was stopped here
			}
			if _, err := d.program.service.Create(ctx, caller, in); err != nil {
				return fmt.Errorf("action %q: %w", one.subject, err)
			}
		}
	}
	return nil
}

// linkAnna links the built-in calendar and waits a little for its first sync, so that the first page shows it done.
func (d *demo) linkAnna(ctx context.Context, anna service.Caller) error {
	links, err := d.program.service.Links(ctx, anna)
	if err != nil {
		return err
	}
	if len(links) == 0 {
		_, err := d.program.service.CreateLink(ctx, anna, service.LinkInput{
			User: anna.User.ID, Address: d.calendarAddress(), Username: anna.User.Login, Password: d.state.CalendarPassword, PlainHTTP: true,
		})
		if err != nil {
			return fmt.Errorf("link the built-in calendar: %w", err)
		}
	}
	ticket, err := d.program.service.OpenActions(ctx, anna, nil)
	if err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := ticket.Wait(patience); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

func userByLogin(users []crm.User, login string) (crm.User, bool) {
	for _, user := range users {
		if strings.EqualFold(user.Login, login) {
			return user, true
		}
	}
	return crm.User{}, false
}

// address is where this machine reaches the CRM; calendarAddress the calendar.
func (d *demo) address() string { return "http://" + loopback(d.listener.Addr()) }

func (d *demo) calendarAddress() string {
	return "http://" + loopback(d.calendarListener.Addr()) + d.box.CalendarPath(demoPeople[0].login, demoCalendar)
}

// loopback is how this machine reaches a listener of its own.
func loopback(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// newTour makes the tour ready: anna's calendar is linked and its first sync done.
func (d *demo) newTour(ctx context.Context, address, username, password string, within time.Duration, told func(tourStep)) (*tour, error) {
	anna := d.callers[demoPeople[0].login].User
	side := &tourCRM{address: d.address(), token: d.state.Token, client: &http.Client{Timeout: 2 * time.Minute}, patience: within}
	t := &tour{
		crm: side, follower: anna.ID.String(), zone: anna.TimeZone, today: demoToday(), within: within, told: told,
		mark: "tour" + freshWord(),
	}
	began := time.Now()
	err := t.begin(ctx, address, username, password)
	told(tourStep{"the calendar is linked, and its first sync is done", time.Since(began), err})
	if err != nil {
		return nil, exitCode(1) // the step has said it
	}
	return t, nil
}

// freshWord is a word that stands nowhere else.
func freshWord() string { return strings.ToLower(rand.Text()[:10]) }

// welcome says where everything is.
func (d *demo) welcome() string {
	var text strings.Builder
	here := outwardAddress(d.listener.Addr())
	fmt.Fprintf(&text, "\nAgenda Online is running.\n\n  CRM       http://%s/\n", here)
	for i, person := range demoPeople {
		lead := "          "
		if i == 0 {
			lead = "  sign in "
		}
		note := ""
		if person.administrator {
			if note = ", administrator, linked to the calendar"; d.provider != "" {
				note = ", administrator"
			}
		}
		fmt.Fprintf(&text, "%s  %-6s %-20s (%s%s)\n", lead, person.login, d.state.Passwords[person.login], person.language, note)
	}
	if d.provider != "" {
		return text.String() + d.providerWelcome()
	}
	calendar := "http://" + outwardAddress(d.calendarListener.Addr()) + d.box.CalendarPath(demoPeople[0].login, demoCalendar)
	fmt.Fprintf(&text, "\n  Calendar  %s\n  username  %s\n  password  %s\n", calendar, demoPeople[0].login, d.state.CalendarPassword)
	text.WriteString("\nAttach the calendar to Thunderbird (New calendar > On the network) or to a phone (CalDAV account), and change\nsomething on either side.")
	if !d.lan {
		text.WriteString(" A phone needs agenda demo --lan.")
	}
	fmt.Fprintf(&text, "\n\nEverything is in %s. Stop with Ctrl-C.\n", d.dir)
	return text.String()
}

// outwardAddress is how others in the network reach a listener: the machine's own private address where it listens on all.
func outwardAddress(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
		return address.String()
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return loopback(address)
	}
	for _, one := range addresses {
		if network, ok := one.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsPrivate() {
			return net.JoinHostPort(network.IP.String(), port)
		}
	}
	return loopback(address)
}
