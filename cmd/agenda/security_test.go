package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/backup"
	"agendaonline/internal/crm"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/web"
)

// What must be found nowhere but where it belongs.
const (
	calendarCanary = "canary-of-the-calendar-5b1f"
	refusedCanary  = "canary-that-is-refused-88d2"
	personCanary   = "canary of a person 77aa"
)

// wall is a whole program, an administrator who is signed in to it, and a calendar of ann.
type wall struct {
	t       *testing.T
	p       *program
	dir     string
	log     *lockedWriter
	box     *sandbox.Server
	served  *httptest.Server // box
	company company
	secure  *httptest.Server // box, for people of the company only
	address string           // of the program
	admin   service.Caller
	api     *tourCRM
	browser *http.Client
}

func newWall(t *testing.T) *wall {
	t.Helper()
	t.Parallel()
	w := &wall{t: t, dir: t.TempDir(), log: &lockedWriter{}}
	var err error
	w.box, err = sandbox.Open("", sandbox.Options{})
	w.must(err)
	t.Cleanup(func() { w.box.Close() })
	for _, name := range []string{"ann", "bob"} {
		w.must(w.box.SetUser(sandbox.User{Name: name, Password: calendarCanary}))
		w.must(w.box.SetCalendar(sandbox.Calendar{Owner: name, Name: "work"}))
	}
	w.served = httptest.NewServer(w.box)
	t.Cleanup(w.served.Close)
	w.company = newCompany(t)
	w.secure = w.company.serve(t, w.box)
	config := testConfig(w.dir)
	config.Log = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config.Allow, err = outbound.ParseAllow(w.served.Listener.Addr().String(), w.secure.Listener.Addr().String())
	w.must(err)
	w.p, err = openProgram(t.Context(), config)
	w.must(err)
	w.address = start(t, w.p)
	user, err := w.p.service.CreateAdministrator(t.Context(), service.UserInput{Login: "admin", Name: "Admin", Language: crm.English, TimeZone: "Europe/Brussels", Active: true, Password: personCanary})
	w.must(err)
	w.admin = service.Caller{User: user}
	_, token, err := w.p.service.CreateToken(t.Context(), w.admin, service.TokenInput{Name: "test"})
	w.must(err)
	w.api = &tourCRM{address: w.address, token: token, client: http.DefaultClient}
	jar, err := cookiejar.New(nil)
	w.must(err)
	w.browser = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if status, _ := w.post("/sign-in", url.Values{"login": {"admin"}, "password": {personCanary}}); status != http.StatusSeeOther {
		t.Fatalf("signing in is answered %d", status)
	}
	return w
}

func (w *wall) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// user makes a user and her link, and pulls it once.
func (w *wall) linked(login string) (crm.User, crm.LinkID) {
	w.t.Helper()
	return w.linkedBy(login, map[string]any{"address": w.served.URL + w.box.CalendarPath(login, "work"), "plain_http": true})
}

// linkedBy is linked, by an input that lacks user, name and password.
func (w *wall) linkedBy(login string, input map[string]any) (crm.User, crm.LinkID) {
	w.t.Helper()
	user, err := w.p.service.CreateUser(w.t.Context(), w.admin, service.UserInput{
		Login: login, Name: login, Language: crm.English, TimeZone: "Europe/Brussels", Role: crm.RoleUser, Active: true, Password: personCanary,
		Rights: crm.Rights{ChangeOthers: true, Reassign: true},
	})
	w.must(err)
	var made struct {
		ID string `json:"id"`
	}
	input["user"], input["username"], input["password"] = user.ID.String(), login, calendarCanary
	w.must(w.api.do(w.t.Context(), http.MethodPost, "/links", 0, input, &made))
	id, err := crm.ParseID[crm.Link](made.ID)
	w.must(err)
	w.pull(id)
	return user, id
}

// pull pulls a link and waits until that has ended, however. The first pull may be one that had begun already.
func (w *wall) pull(id crm.LinkID) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		ticket, err := w.p.scheduler.Pull(ctx, []crm.LinkID{id}, 0)
		w.must(err)
		w.must(ticket.Wait(ctx))
	}
}

// said is the log up to now.
func (w *wall) said() string {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	return w.log.to.String()
}

// as is the API as a user sees it.
func (w *wall) as(user crm.User) *tourCRM {
	w.t.Helper()
	_, token, err := w.p.service.CreateToken(w.t.Context(), service.Caller{User: user}, service.TokenInput{Name: "test"})
	w.must(err)
	return &tourCRM{address: w.address, token: token, client: http.DefaultClient}
}

// get asks for a page as the administrator's browser.
func (w *wall) get(path string) (*http.Response, string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.address+path, nil)
	w.must(err)
	response, err := w.browser.Do(request)
	w.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	w.must(err)
	return response, fmt.Sprint(response.Header) + string(body)
}

func (w *wall) post(path string, form url.Values) (int, string) {
	w.t.Helper()
	response, err := w.browser.PostForm(w.address+path, form)
	w.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	w.must(err)
	return response.StatusCode, fmt.Sprint(response.Header) + string(body)
}

// paths are a pattern's addresses with each of ids in the place of what it leaves open.
func paths(pattern string, ids []string) []string {
	pattern = strings.TrimSuffix(pattern, "{$}")
	if !strings.Contains(pattern, "{") {
		return []string{pattern}
	}
	var all []string
	for _, id := range ids {
		all = append(all, regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(pattern, id))
	}
	return all
}

// S9: a scan of all that leaves the program, and of all that it keeps, for what was typed as a password or given as a token.
func TestS9_what_is_secret_is_found_nowhere(t *testing.T) {
	w := newWall(t)
	_, err := w.box.Human("ann", "phone").Put("work", "one.ics", demoEvents(demoToday())["lunch.ics"], "*")
	w.must(err)
	user, link := w.linked("ann")
	_, certified := w.certified("bob")
	actions, err := w.api.find(t.Context(), "", false)
	if w.must(err); len(actions) != 1 {
		t.Fatalf("%d actions after the pull, want the one of the calendar", len(actions))
	}
	said := map[string]string{}

	// What is refused: a password of a connection test, of a changed link, of a sign-in; and a server that takes it no more.
	for name, do := range map[string]func() error{
		"test a connection": func() error {
			return w.api.do(t.Context(), http.MethodPost, "/links/test", 0, map[string]any{
				"user": w.admin.User.ID.String(), "address": w.served.URL + w.box.CalendarPath("bob", "work"), "username": "bob", "password": refusedCanary, "plain_http": true}, nil)
		},
		"a body that is wrong": func() error {
			return w.api.do(t.Context(), http.MethodPost, "/links", 0, map[string]any{"user": user.ID.String(), "password": refusedCanary, refusedCanary[:6]: 1}, nil)
		},
		"a password of the wrong kind": func() error {
			return w.api.do(t.Context(), http.MethodPost, "/links", 0, map[string]any{"password": []string{refusedCanary}}, nil)
		},
	} {
		said[name] = fmt.Sprintf("%v", do())
	}
	_, said["sign in"] = w.post("/sign-in", url.Values{"login": {"ann"}, "password": {refusedCanary}})
	_, said["change a link"] = w.post("/links/"+link.String()+"/edit", url.Values{"address": {w.served.URL}, "username": {"ann"}, "password": {refusedCanary}, "plain_http": {"on"}, "version": {"1"}})
	w.must(w.box.SetUser(sandbox.User{Name: "ann", Password: "another by now"}))
	w.pull(link)

	w.scan(said, []string{link.String(), certified.String(), user.ID.String(), actions[0].ID, crm.NewID[crm.Link](crm.IDSource{Now: time.Now, Random: rand.Reader}).String()})
	if !strings.Contains(said["log"], link.String()) {
		t.Error("the log does not speak of the link that was refused")
	}
	found(t, said, slices.Concat(spelled("ann", calendarCanary), spelled("bob", refusedCanary), spelled("ann", refusedCanary), spelled("admin", personCanary),
		[]string{w.api.token, w.company.canary()}))
}

// scan adds all that leaves the program, and all that it keeps, to what was said: pages and answers of the API about ids, metrics,
// a backup, the files of the folder, the log.
func (w *wall) scan(said map[string]string, ids []string) {
	t := w.t
	t.Helper()
	pages := 0
	for _, route := range web.Routes() {
		if route.Method != http.MethodGet || route.Name == "live" || strings.Contains(route.Pattern, "/test") {
			continue // streams; they carry ids, and the steps of a test
		}
		for _, path := range paths(route.Pattern, ids) {
			response, text := w.get(path)
			if response.StatusCode == http.StatusOK {
				pages++
			}
			said["page "+path] = text
		}
	}
	answers := 0
	for _, path := range w.apiPaths() {
		for _, path := range paths(path, ids) {
			status, body, err := w.api.once(t.Context(), http.MethodGet, strings.TrimPrefix(path, "/api/v1"), 0, "", nil)
			w.must(err)
			if status == http.StatusOK {
				answers++
			}
			said["API "+path] = string(body)
		}
	}
	if pages < 20 || answers < 10 {
		t.Errorf("only %d pages and %d answers of the API were looked at", pages, answers)
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		_, said[path] = w.get(path)
	}
	var archive bytes.Buffer
	_, err := backup.Write(t.Context(), w.p.store, &archive, backup.Options{Now: w.p.Now})
	w.must(err)
	unpacked, err := gzip.NewReader(&archive)
	w.must(err)
	text, err := io.ReadAll(unpacked)
	w.must(err)
	for _, quoted := range regexp.MustCompile(`"[A-Za-z0-9+/=]{16,}"`).FindAll(text, -1) { // bytes are in base64
		if decoded, err := base64.StdEncoding.DecodeString(strings.Trim(string(quoted), `"`)); err == nil {
			text = append(text, decoded...)
		}
	}
	said["backup"] = string(text)
	maps.Copy(said, filesOf(t, w.dir))
	said["log"] = w.said()
	t.Logf("looked at %d pages, %d answers of the API, %d texts in all", pages, answers, len(said))
}

// spelled are the forms in which a password travels.
func spelled(name, password string) []string {
	return []string{password, url.QueryEscape(password), base64.StdEncoding.EncodeToString([]byte(name + ":" + password)), base64.StdEncoding.EncodeToString([]byte(password))}
}

// apiPaths are those that the document of the API says can be asked for.
func (w *wall) apiPaths() []string {
	w.t.Helper()
	_, body, err := w.api.once(w.t.Context(), http.MethodGet, "/openapi.json", 0, "", nil)
	w.must(err)
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	w.must(json.Unmarshal(body, &document))
	var all []string
	for path, methods := range document.Paths {
		if _, can := methods["get"]; can {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// S8: a sealed password that somebody moved to another user's link does not open there, and is sent nowhere.
func TestS8_a_sealed_password_opens_for_its_own_link_only(t *testing.T) {
	w := newWall(t)
	_, anns := w.linked("ann")
	_, bobs := w.linked("bob")
	w.must(w.p.store.Write(t.Context(), func(tx *store.Tx) error {
		sealed, err := tx.Secret(anns)
		if err != nil {
			return err
		}
		return tx.SetSecret(bobs, sealed)
	}))
	w.pull(anns)
	w.box.ForgetRequests()
	w.pull(bobs)
	if requests := w.box.Requests(); len(requests) != 0 {
		t.Errorf("the calendar was asked %d times with a password of another link: %+v", len(requests), requests)
	}
	view, err := w.p.service.Link(t.Context(), w.admin, bobs)
	if w.must(err); view.Failing.Since.IsZero() {
		t.Errorf("the link does not say that it fails: %+v\n%s", view.Link, w.said())
	}
}

// S10: nothing that is secret comes back to a form or to the API.
func TestS10_a_password_that_was_saved_is_never_shown(t *testing.T) {
	w := newWall(t)
	_, link := w.linked("ann")
	_, page := w.get("/links/" + link.String() + "/edit")
	fields := regexp.MustCompile(`<input[^>]*type="password"[^>]*>`).FindAllString(page, -1)
	if len(fields) == 0 {
		t.Fatalf("no field for the password on the page")
	}
	for _, field := range fields {
		if regexp.MustCompile(`value="[^"]`).MatchString(field) {
			t.Errorf("a field for a password comes filled in: %s", field)
		}
	}
	for _, path := range []string{"/links", "/links/" + link.String(), "/users", "/users/" + w.admin.User.ID.String() + "/tokens"} {
		_, body, err := w.api.once(t.Context(), http.MethodGet, path, 0, "", nil)
		w.must(err)
		if regexp.MustCompile(`"(password|secret|hash|sealed)[a-z_]*":`).Match(body) {
			t.Errorf("%s has a field for what is secret: %s", path, body)
		}
	}
}

// S19: an id that is shown does not tell another.
func TestS19_ids_and_tokens_are_not_guessed(t *testing.T) {
	at := time.Now()
	source := crm.IDSource{Now: func() time.Time { return at }, Random: rand.Reader}
	var ones [128]int
	const drawn = 4096
	seen := map[crm.ActionID]bool{}
	for range drawn {
		id := crm.NewID[crm.Action](source)
		if seen[id] {
			t.Fatal("an id came twice")
		}
		seen[id] = true
		for bit := range ones {
			ones[bit] += int(id[bit/8]>>(7-bit%8)) & 1
		}
	}
	free := 0
	for _, count := range ones {
		if count > drawn/2-drawn/10 && count < drawn/2+drawn/10 {
			free++
		}
	}
	if free < 62 { // RFC 9562 section 5.7: rand_b alone
		t.Errorf("%d bits of ids made at one moment are drawn, want at least 62", free)
	}
	w := newWall(t)
	token := strings.TrimPrefix(w.api.token, "agenda_")
	if token == w.api.token || len(token) < 26 { // 128 bits in base 32
		t.Errorf("a token is agenda_ and %d characters", len(token))
	}
}

// S21: what waits to be pushed is asked for its right again when its turn comes.
func TestS21_work_of_a_user_who_left_is_not_done(t *testing.T) {
	w := newWall(t)
	user, link := w.linked("ann")
	view, err := w.p.service.Link(t.Context(), w.admin, link)
	w.must(err)
	_, err = w.p.service.PauseLink(t.Context(), w.admin, link, view.Version)
	w.must(err)
	today := time.Now().Format(time.DateOnly)
	hers := w.as(user)
	_, err = hers.create(t.Context(), map[string]any{"subject": "Waits", "followed_by": user.ID.String(), "start_date": today, "end_date": today})
	w.must(err)
	w.must(w.api.do(t.Context(), http.MethodPatch, "/users/"+user.ID.String(), user.Version, map[string]any{"active": false}, nil))
	view, err = w.p.service.Link(t.Context(), w.admin, link)
	w.must(err)
	if view.Pause.At.IsZero() {
		t.Error("the link of a user who left is not paused")
	}
	if _, err := w.p.service.ResumeLink(t.Context(), w.admin, link, view.Version); err == nil {
		t.Error("the link of a user who left was resumed")
	}
	w.box.ForgetRequests()
	w.pull(link)
	if requests, writes := w.box.Requests(), w.box.Writes(1); len(requests) != 0 || len(writes) != 0 {
		t.Errorf("%d requests and %d writes for a user who left: %+v", len(requests), len(writes), requests)
	}
	if _, err := hers.find(t.Context(), "Waits", false); err == nil {
		t.Error("the token of a user who left is taken")
	}
}

// S22: what is not the caller's to set is refused in a body, and nothing is saved.
func TestS22_a_body_sets_only_what_is_documented(t *testing.T) {
	w := newWall(t)
	user, _ := w.linked("ann")
	for _, field := range []string{"id", "version", "created_by", "created_at", "modified_by", "deleted_at", "sync", "link", "owner", "user", "tenant", "role", "busy", "may", "Subject"} {
		err := w.api.do(t.Context(), http.MethodPost, "/actions", 0, map[string]any{"subject": "Visit", field: user.ID.String()}, nil)
		var problem *apiProblem
		if !errors.As(err, &problem) || problem.Status/100 != 4 {
			t.Errorf("an action with %s: got %v, want a refusal", field, err)
		}
	}
	for _, field := range []string{"id", "version", "password_hash", "created_at"} {
		err := w.api.do(t.Context(), http.MethodPatch, "/users/"+user.ID.String(), user.Version, map[string]any{field: "x"}, nil)
		var problem *apiProblem
		if !errors.As(err, &problem) || problem.Status/100 != 4 {
			t.Errorf("a user with %s: got %v, want a refusal", field, err)
		}
	}
	if found, err := w.api.find(t.Context(), "", false); err != nil || len(found) != 0 {
		t.Errorf("%d actions were made, %v", len(found), err)
	}
}

// S26: every answer says how a browser must keep it apart, the ones that refuse too.
func TestS26_every_answer_carries_the_headers(t *testing.T) {
	w := newWall(t)
	checked := 0
	look := func(path string, wanted map[string]string) {
		response, _ := w.get(path)
		checked++
		for name, want := range wanted {
			if got := response.Header.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s (%d): %s is %q, want %q in it", path, response.StatusCode, name, got, want)
			}
		}
		for _, value := range response.Header.Values("Content-Security-Policy") {
			if strings.Contains(value, "unsafe-") {
				t.Errorf("%s: the policy lets inline scripts in: %s", path, value)
			}
		}
		if response.Header.Get("Server") != "" || response.Header.Get("X-Powered-By") != "" {
			t.Errorf("%s says what it runs on: %v", path, response.Header)
		}
	}
	pages := map[string]string{"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
	for _, route := range web.Routes() {
		if route.Method == http.MethodGet && route.Name != "live" && !strings.Contains(route.Pattern, "/test") {
			for _, path := range paths(route.Pattern, []string{w.admin.User.ID.String()}) {
				look(path, pages)
			}
		}
	}
	look("/nowhere", pages)
	look("/actions/%2e%2e%2fetc", pages)
	for _, path := range []string{"/api/v1/me", "/api/v1/nowhere", "/api/v1/openapi.json", "/healthz"} {
		look(path, map[string]string{"X-Content-Type-Options": "nosniff"})
	}
	if checked < 30 {
		t.Errorf("only %d answers were looked at", checked)
	}
}

// S28: an answer that refuses says nothing about the machine, the database or the program.
func TestS28_refusals_reveal_nothing(t *testing.T) {
	w := newWall(t)
	var bad []string
	for _, id := range []string{"'", "1%20OR%201=1", "%00", "..%2f..%2fetc%2fpasswd", "%ff%fe", strings.Repeat("9", 4000), "{}", "%7B%7B.%7D%7D", "-1"} {
		for _, pattern := range []string{"/actions/%s", "/links/%s", "/users/%s", "/actions?q=%s&cursor=%s&from=%s", "/api/v1/actions/%s", "/api/v1/actions?cursor=%s&limit=%s", "/api/v1/links/%s", "/%s"} {
			bad = append(bad, strings.ReplaceAll(pattern, "%s", id))
		}
	}
	revealing := regexp.MustCompile(`(?i)SELECT |sqlite|pgx|postgres|goroutine|\.go:\d|/home/|/root/|` + regexp.QuoteMeta(w.dir) + `|panic|stack trace|runtime error`)
	for _, path := range bad {
		for _, header := range []string{"", "Bearer " + w.api.token} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.address+path, nil)
			if err != nil {
				continue // not an address that a client can ask for
			}
			client := w.browser
			if header != "" {
				request.Header.Set("Authorization", header)
				client = http.DefaultClient
			}
			response, err := client.Do(request)
			w.must(err)
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			w.must(err)
			if found := revealing.Find(body); found != nil {
				t.Errorf("%.80s (%d) reveals %q", path, response.StatusCode, found)
			}
			if response.StatusCode >= 500 {
				t.Errorf("%.80s is answered %d", path, response.StatusCode)
			}
		}
	}
	t.Logf("%d addresses, each with a cookie and with a token", len(bad))
}

// S36: an invitation by a stranger makes the program ask for nothing but the calendar, and makes the server send no mail.
func TestS36_an_invitation_makes_no_request_and_no_mail(t *testing.T) {
	w := newWall(t)
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	caught := make(chan string, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := trap.Accept()
			if err != nil {
				return
			}
			caught <- connection.RemoteAddr().String()
			connection.Close()
		}
	}()
	at := "http://" + trap.Addr().String()
	w.p.transport.CloseIdleConnections()
	day := demoToday().Format("20060102")
	invitation := strings.ReplaceAll(fmt.Sprintf(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//stranger//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:spam@example.net
DTSTAMP:20261101T080000Z
DTSTART:%[2]sT120000Z
DTEND:%[2]sT130000Z
SUMMARY:You won
DESCRIPTION;ALTREP="%[1]s/altrep":Click %[1]s/description now
X-ALT-DESC;FMTTYPE=text/html:<img src="%[1]s/pixel.png"><script src="%[1]s/x.js"></script>
ORGANIZER;CN=Stranger;DIR="%[1]s/dir":mailto:stranger@example.net
ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:ann@example.com
ATTENDEE:mailto:guest@example.org
URL:%[1]s/url
ATTACH:%[1]s/attach.pdf
IMAGE;VALUE=URI:%[1]s/image.png
CONFERENCE;VALUE=URI:%[1]s/conference
TZURL:%[1]s/tz
BEGIN:VALARM
ACTION:PROCEDURE
TRIGGER:-PT1M
ATTACH:%[1]s/run.sh
END:VALARM
BEGIN:VALARM
ACTION:EMAIL
TRIGGER:-PT2M
SUMMARY:mail
DESCRIPTION:mail
ATTENDEE:mailto:victim@example.org
END:VALARM
END:VEVENT
END:VCALENDAR
`, at, day), "\n", "\r\n")
	invitation = strings.Replace(invitation, "METHOD:REQUEST\r\n", "", 1) // RFC 4791 section 4.1: not in a calendar object resource
	_, err = w.box.Human("ann", "phone").Put("work", "spam.ics", invitation, "*")
	w.must(err)
	user, link := w.linked("ann")
	found, err := w.api.find(t.Context(), "You won", false)
	w.must(err)
	if len(found) != 1 {
		links, _ := w.api.links(t.Context())
		t.Fatalf("%d actions of the invitation, want 1; %+v", len(found), links)
	}
	for _, path := range []string{"/actions", "/actions/" + found[0].ID} {
		_, page := w.get(path)
		for _, tag := range []string{"<img", "<script", "<iframe", "<link", "<object", "<embed"} {
			for _, match := range regexp.MustCompile("(?i)"+tag+"[^>]*>").FindAllString(page, -1) {
				if strings.Contains(match, at) {
					t.Errorf("%s makes a browser load %s", path, match)
				}
			}
		}
	}
	// Semantics 9: another's event is not ours to write.
	_, err = w.as(user).change(t.Context(), found[0].ID, map[string]any{"subject": "You did not win"})
	if problem, is := errors.AsType[*apiProblem](err); !is || problem.Status != http.StatusForbidden {
		t.Errorf("a change of a stranger's event: got %v, want 403", err)
	}
	w.pull(link)
	mailed, engine := 0, 0
	for _, write := range w.box.Writes(1) {
		if write.By == sandbox.ByHuman {
			continue
		}
		engine++
		mailed += write.Mailed
	}
	if mailed != 0 {
		t.Errorf("%d mails were sent because of writes of ours", mailed)
	}
	item, err := w.box.Human("ann", "phone").Get("work", "spam.ics")
	w.must(err)
	for _, line := range []string{"ORGANIZER;CN=Stranger", "ATTENDEE:mailto:guest@example.org", "ACTION:PROCEDURE", "ACTION:EMAIL", "PARTSTAT=NEEDS-ACTION"} {
		if !strings.Contains(item.Body, line) {
			t.Errorf("the event lacks %s by now", line)
		}
	}
	w.must(trap.Close())
	<-done
	close(caught)
	for from := range caught {
		t.Errorf("an address of the invitation was asked, from %s", from)
	}
	t.Logf("%d writes of ours", engine)
}

// S43: nothing that is for developers answers.
func TestS43_debug_endpoints_are_off(t *testing.T) {
	w := newWall(t)
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1", "/debug/vars", "/debug/requests", "/debug/events", "/trace", "/.git/config", "/agenda.db", "/agenda.key", "/static/../agenda.key"} {
		for _, address := range []string{w.address + path, w.address + "/api" + path} {
			response, err := http.Get(address)
			w.must(err)
			response.Body.Close()
			if response.Request.URL.Path != "/sign-in" && response.StatusCode != http.StatusNotFound {
				t.Errorf("%s is answered %s, want 404 or the sign-in", address, response.Status)
			}
		}
	}
}

// S45: a folder or a key file that others can look into is refused, and what is installed runs without root.
func TestS45_others_on_the_machine_are_kept_out(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p, err := openProgram(t.Context(), testConfig(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder that was made: %v, %v; want 0700", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Join(dir, "agenda.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file that was made: %v, %v; want 0600", info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o701, 0o710, 0o740, 0o755} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := privateFolder(dir); err == nil || !strings.Contains(err.Error(), "0700") {
			t.Errorf("a folder of mode %o: got %v, want a refusal that names 0700", mode, err)
		}
	}
	if err := privateFolder(filepath.Join(dir, "not-there")); err != nil {
		t.Errorf("a folder that is not there yet: %v", err)
	}
	for file, lines := range map[string][]string{
		"../../packaging/agenda.service": {"User=agenda", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "StateDirectoryMode=0700", "ProtectSystem=strict", "LimitCORE=0"},
		"../../Dockerfile":               {"USER 65532:65532", "FROM scratch"},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !slices.Contains(strings.Split(string(text), "\n"), line) {
				t.Errorf("%s lacks the line %s", file, line)
			}
		}
	}
}

// shownElsewhere are numbers of the security list that other tests hold, under the name of what they show.
var shownElsewhere = map[int][]string{
	11: {"TestLink_end_forgets_credentials_work_and_lease", "TestEndLink_keeps_everything_but_the_credentials", "TestRevoke_ends_the_grant_or_says_that_it_did_not"},
	20: {"TestList_shows_others_only_that_somebody_is_busy", "TestSearch_private_actions_of_others_are_not_found_by_what_they_hide", "TestHistory_shows_names_and_no_private_subjects", "TestActions_a_private_action_of_another_is_a_busy_block"},
	32: {"TestRestore_is_all_or_nothing", "TestF21_a_database_restored_from_yesterday_doubles_nothing"},
	35: {"TestRestore_of_an_older_program", "TestOpen_of_several_nodes_at_once_migrates_once"}, // nothing is released yet
}

// withoutGoTest are numbers that something else than a Go test shows.
var withoutGoTest = map[int]string{34: "tools/release --twice"}

// TestSecurityNumbers_each_has_a_test lists S8-S11, S18-S28, S32, S34-S36 and S43-S45 that no test is named after.
func TestSecurityNumbers_each_has_a_test(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"*_test.go", "../../internal/*/*_test.go", "../../internal/*/*/*_test.go"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	named, all := map[int]bool{}, map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^func (Test(?:S(\d+)_)?\w+)`).FindAllSubmatch(source, -1) {
			all[string(match[1])] = true
			if number, err := strconv.Atoi(string(match[2])); err == nil {
				named[number] = true
			}
		}
	}
	var missing []string
	for _, span := range [][2]int{{8, 11}, {18, 28}, {32, 32}, {34, 36}, {43, 45}} {
		for number := span[0]; number <= span[1]; number++ {
			for _, name := range shownElsewhere[number] {
				if !all[name] {
					missing = append(missing, fmt.Sprintf("S%d: there is no %s", number, name))
				}
			}
			if !named[number] && shownElsewhere[number] == nil && withoutGoTest[number] == "" {
				missing = append(missing, fmt.Sprint("S", number))
			}
		}
	}
	if diff := cmp.Diff([]string(nil), missing); diff != "" {
		t.Errorf("numbers without a test (-want +got):\n%s", diff)
	}
}
