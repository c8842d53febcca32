package interop

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"agendaonline/internal/check"
	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
	"agendaonline/interop/witness"
)

// googlePoints are what is known of Google's CalDAV, each as the server's own answer and as a history of two sides.
var googlePoints = []scenario{
	{"01_only_its_own_paths_are_served", (*stage).googlePaths},
	{"02_a_token_that_lapsed_is_refreshed_and_one_that_was_revoked_waits", (*stage).googleTokens},
	{"03_nothing_is_asked_that_it_does_not_do", (*stage).googleMethods},
	{"04_tasks_are_refused", (*stage).googleTasks},
	{"05_what_it_makes_of_a_text_is_no_edit", (*stage).googleForm},
	{"05_guests_are_told_once_and_with_consent", (*stage).googleGuests},
	{"06_edits_of_one_second_share_an_ETag", (*stage).googleSeconds},
	{"07_no_precondition_but_If_Match_on_PUT", (*stage).googlePreconditions},
	{"08_sync_tokens_pages_and_deletions", (*stage).googleSync},
	{"08_a_sync_token_that_is_gone_is_a_full_comparison", (*stage).googleTokenGone},
	{"09_limits_slow_down_and_keep_the_token", (*stage).googleLimits},
	{"10_neither_another_UID_nor_a_lower_SEQUENCE_is_sent", (*stage).googleConflicts},
	{"11_anothers_event_is_read_only", (*stage).googleOrganizer},
	{"12_texts_that_a_report_leaves_out_are_asked_for", (*stage).googleEmptyData},
	{"13_hrefs_in_two_forms_are_one_event", (*stage).googleHrefs},
	{"14_compressed_answers_and_cookies", (*stage).googleCookies},
}

// TestGoogle_each_known_manner, with the judge at the end of each.
func TestGoogle_each_known_manner(t *testing.T) {
	t.Parallel()
	traits := startGoogle(t).traits
	for _, point := range googlePoints {
		t.Run(point.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, startGoogle(t, traits))
			point.play(s)
			s.judge()
		})
	}
}

// ask sends a request beside the program's: by a phone's door with an account, else as it is.
func (s *stage) ask(account, method, path, body string, header ...string) (status int, got http.Header, text string) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), method, s.host.google.base+path, strings.NewReader(body))
	s.must(err)
	request.Header.Set("User-Agent", "probe")
	if account != "" {
		request.Header.Set("User-Agent", "phone")
		request.SetBasicAuth(account, "")
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	s.must(err)
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	s.must(err)
	return answer.StatusCode, answer.Header, string(read)
}

// refused wants one of some statuses.
func (s *stage) refused(what string, status int, want ...int) {
	s.Helper()
	if !slices.Contains(want, status) {
		s.Errorf("%s: got %d, want one of %d", what, status, want)
	}
}

// plain is an event of one hour as a phone writes it, with more lines.
func plain(uid string, lines ...string) string {
	all := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20261101T000000Z",
		"DTSTART:20270301T090000Z", "DTEND:20270301T100000Z", "SUMMARY:" + uid}, lines...)
	return strings.Join(append(all, "END:VEVENT", "END:VCALENDAR", ""), "\r\n")
}

// statuses are how often the program's requests of a method were answered so.
func statuses(log []asked, method string) map[int]int {
	counts := map[int]int{}
	for _, one := range log {
		if one.method == method {
			counts[one.status]++
		}
	}
	return counts
}

func (s *stage) stored(p *person) (link crm.Link, sync store.LinkSync) {
	s.Helper()
	s.must(s.store.Read(s.Context(), func(tx *store.Tx) (err error) {
		if link, err = tx.Link(p.link); err != nil {
			return err
		}
		sync, err = tx.LinkSync(p.link)
		return err
	}))
	return link, sync
}

// synced wants an action to be in step with its event.
func (s *stage) synced(id crm.ActionID) {
	s.Helper()
	if state := s.action(id).Sync; state.Name != crm.Synced {
		s.Errorf("the action is %s %s, want synced", state.Name, state.Reason)
	}
}

func (s *stage) googlePaths() {
	for path, want := range map[string][]int{"/": {404}, "/caldav/v2/": {404}, "/caldav/v1/alice@example.com/events/": {404}, "/.well-known/caldav": {404}} {
		status, _, _ := s.ask("", "PROPFIND", path, "", "Depth", "0")
		s.refused(path, status, want...)
	}
	verdict := s.host.google.test(s.T, s.anna.account)
	if verdict.Outcome == check.DoesNotWork || !strings.HasSuffix(strings.ReplaceAll(verdict.Calendar.Href, "%40", "@"), s.anna.Calendar) {
		s.Errorf("from the account alone: %s %s, calendar %s, want %s", verdict.Outcome, verdict.Code, verdict.Calendar.Href, s.anna.Calendar)
	}
	s.appointment(s.anna)
	s.link(s.anna)
	s.sync(s.anna)
	s.create(s.anna)
	s.sync(s.anna)
	s.counts(s.anna, 2, 0, 2)
}

func (s *stage) googleTokens() {
	g := s.host.google
	status, header, _ := s.ask("", "PROPFIND", s.anna.Calendar, "", "Depth", "0")
	s.refused("without a token", status, http.StatusUnauthorized)
	if header.Get("WWW-Authenticate") != "" || !strings.HasPrefix(header.Get("Content-Type"), "application/vnd.google.gdata.error+xml") {
		s.Errorf("without a token: got %v", header)
	}
	status, _, _ = s.ask("", http.MethodOptions, s.anna.Calendar, "")
	s.refused("OPTIONS", status, http.StatusOK)

	s.link(s.anna)
	s.appointment(s.anna)
	s.sync(s.anna)
	refreshed := func() int { return g.Accounts.Requests()["token:refresh_token"] }
	before := refreshed()
	g.Accounts.ExpireAccess() // whatever was said of how long it lasts
	id := s.create(s.anna)
	s.sync(s.anna)
	s.synced(id)
	s.pass(2 * time.Hour)
	s.sync(s.anna)
	if n := refreshed() - before; n != 2 {
		s.Errorf("got %d refreshes, want one for each of two tokens that lapsed", n)
	}

	g.Accounts.RevokeAll(s.anna.account)
	s.change(s.anna, id, s.subject)
	path := s.appointment(s.anna)
	s.sync(s.anna)
	before = refreshed()
	g.asked()
	for range 3 {
		s.sync(s.anna)
	}
	if link, _ := s.stored(s.anna); !link.SignInAgain || s.action(id).Sync.Name != crm.Pending {
		s.Errorf("revoked: sign in again %t, the action is %s", link.SignInAgain, s.action(id).Sync.Name)
	}
	if n, requests := refreshed()-before, len(g.asked()); n != 0 || requests != 0 {
		s.Errorf("a link that waits for a person made %d refreshes and %d requests", n, requests)
	}
	g.signInAgain(s.anna.account)
	s.must(s.store.Write(s.Context(), func(tx *store.Tx) error {
		sync, err := tx.LinkSync(s.anna.link)
		if err != nil {
			return err
		}
		sync.SignInAgain = false
		return tx.UpdateLinkSync(s.anna.link, sync)
	}))
	s.sync(s.anna)
	s.synced(id)
	s.actionAt(s.anna, path)
	s.counts(s.anna, 3, 0, 3)
}

func (s *stage) googleMethods() {
	for _, method := range []string{"MKCALENDAR", "COPY", "MOVE", "LOCK"} {
		path := s.anna.Calendar
		if method == "MKCALENDAR" {
			path = strings.Replace(path, "/events/", "/more/", 1)
		}
		status, _, _ := s.ask(s.anna.account, method, path, "", "Destination", s.host.google.base+s.ben.Calendar)
		s.refused(method, status, http.StatusMethodNotAllowed, http.StatusNotImplemented)
	}
	s.host.google.asked()
	s.trashAndRestore()
	for _, one := range s.host.google.asked() {
		if !slices.Contains([]string{"PROPFIND", "REPORT", "GET", "PUT", "DELETE"}, one.method) {
			s.Errorf("the program sent %s", one.method)
		}
		for name := range one.sent {
			if strings.HasPrefix(name, "If") && name != "If-Match" && name != "If-None-Match" {
				s.Errorf("the program sent %s", name)
			}
		}
	}
}

func (s *stage) googleTasks() {
	task := strings.NewReplacer("VEVENT", "VTODO", "DTEND", "DUE").Replace(plain("task"))
	status, _, _ := s.ask(s.anna.account, http.MethodPut, s.anna.Calendar+"task.ics", task, "Content-Type", "text/calendar; charset=utf-8")
	s.refused("a task", status, http.StatusBadRequest, http.StatusForbidden)
	s.link(s.anna)
	s.create(s.anna)
	s.sync(s.anna)
	s.counts(s.anna, 1, 0, 1)
}

// No ETag, X- lines gone, another PRODID, an alarm added, HTML: all of it is the server's, and none of it an edit.
func (s *stage) googleForm() {
	s.link(s.anna)
	const text = "Bread & <butter>\nand \"jam\"; &amp; so on"
	id := s.create(s.anna, func(in *service.ActionInput) { in.Description = text })
	there := s.appointment(s.anna)
	s.sync(s.anna)
	for _, one := range s.host.google.asked() {
		if one.method == http.MethodPut && one.got.Get("ETag") != "" {
			s.Errorf("the answer to a PUT has an ETag")
		}
	}
	kept, _, err := s.anna.Get(s.Context(), s.pathOf(id))
	s.must(err)
	for line, want := range map[string]bool{"PRODID:-//Google Inc//": true, "BEGIN:VALARM": true, "LAST-MODIFIED:": true, "\nX-": false, "ATTENDEE": false, "CLASS": false} {
		if strings.Contains(kept, line) != want {
			s.Errorf("%q there: want %t in\n%s", line, want, kept)
		}
	}
	s.sync(s.anna)
	if got := s.action(id).Description; got != text {
		s.Errorf("description: got %q, want %q", got, text)
	}
	s.change(s.anna, id, s.subject)
	s.write(s.anna, there, `DESCRIPTION:one<br>two &amp; three &lt;four&gt;`)
	s.sync(s.anna)
	s.sync(s.anna)
	if got, want := s.action(id).Description, text; got != want {
		s.Errorf("description after another edit: got %q, want %q", got, want)
	}
	other := s.actionAt(s.anna, there)
	if got, want := s.action(other).Description, "one\ntwo & three <four>"; got != want {
		s.Errorf("description from there: got %q, want %q", got, want)
	}
	s.change(s.anna, other, s.subject) // its description stays as the calendar has it
	s.sync(s.anna)
	kept, _, err = s.anna.Get(s.Context(), there)
	s.must(err)
	if got := witness.Value(kept, "DESCRIPTION"); got != `one<br>two &amp; three &lt;four&gt;` {
		s.Errorf("a description that nobody changed became %q", got)
	}
	for _, change := range []crm.ActionID{id, other} {
		entries, err := s.service.History(s.Context(), s.anna.Caller, change)
		s.must(err)
		for _, entry := range entries {
			if entry.What == crm.Conflict {
				s.Errorf("the server's form is a conflict: %+v", entry)
			}
		}
	}
}

// mailed is how many guests were told because of what the program wrote.
func (s *stage) mailed() (count int) {
	for _, write := range s.host.google.Calendar.Writes(1) {
		if write.Agent != "phone" {
			count += write.Mailed
		}
	}
	return count
}

func (s *stage) googleGuests() {
	s.link(s.anna)
	path := s.anna.Calendar + "meeting.ics"
	s.must(s.anna.Put(s.Context(), "meeting.ics", plain("meeting", "ORGANIZER:mailto:"+s.anna.account, "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:guest@example.org")))
	s.sync(s.anna)
	id := s.actionAt(s.anna, path)
	s.create(s.anna)
	s.sync(s.anna)
	if n := s.mailed(); n != 0 {
		s.Errorf("%d guests were told of nothing", n)
	}
	action := s.action(id)
	in := service.InputOf(action)
	s.subject(&in)
	asking, telling := s.anna.Caller, s.anna.Caller
	asking.Guests, telling.Guests = service.AskGuests, service.TellGuests
	var guests *service.GuestsError
	if _, err := s.service.Change(s.Context(), asking, id, action.Version, in); !errors.As(err, &guests) {
		s.Errorf("a change that Google tells guests of: got %v, want a question", err)
	}
	commit := s.commit(s.anna, oracle.Change)
	commit.Before, commit.Consent = witness.UnitsOf(action.Units), true
	changed, err := s.service.Change(s.Context(), telling, id, action.Version, in)
	s.must(err)
	s.typed(commit, changed)
	s.sync(s.anna)
	s.synced(id)
	if n := s.mailed(); n != 1 {
		s.Errorf("%d guests were told, want the one", n)
	}
	kept, _, err := s.anna.Get(s.Context(), path)
	s.must(err)
	if !strings.Contains(kept, "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:guest@example.org") {
		s.Errorf("the guest is not as sent:\n%s", kept)
	}
}

func (s *stage) googleSeconds() {
	s.host.google.stand()
	s.link(s.anna)
	id, path := s.create(s.anna), s.appointment(s.anna)
	s.sync(s.anna)
	_, before, err := s.anna.Get(s.Context(), path)
	s.must(err)
	other := s.actionAt(s.anna, path)
	s.write(s.anna, path, s.summary())
	s.write(s.anna, s.pathOf(id), s.zoned()...) // in the second of our own write
	s.change(s.anna, id, s.subject)
	s.sync(s.anna)
	if _, after, err := s.anna.Get(s.Context(), path); err != nil || after != before {
		s.Fatalf("ETags %s and %s, %v: want the same", before, after, err)
	}
	for at, of := range map[string]crm.ActionID{path: other, s.pathOf(id): id} {
		kept, _, err := s.anna.Get(s.Context(), at)
		s.must(err)
		if got, want := s.action(of).Subject, witness.Value(kept, "SUMMARY"); got != want {
			s.Errorf("subject: got %q here and %q there", got, want)
		}
	}
}

// after does something once in the next run, between its reading of the calendar and its writes.
func (s *stage) after(do func()) {
	var once sync.Once
	s.gate = func(_ context.Context, point syncer.Point) error {
		if point.Moment == syncer.AfterRequest && point.What == "sync" {
			once.Do(do)
		}
		return nil
	}
}

func (s *stage) googlePreconditions() {
	g := s.host.google
	at := s.ben.Calendar + "probe.ics" // a calendar that is not linked
	header := []string{"Content-Type", "text/calendar; charset=utf-8"}
	put := func(with ...string) int {
		status, _, _ := s.ask(s.ben.account, http.MethodPut, at, plain("probe"), append(slices.Clone(header), with...)...)
		return status
	}
	s.refused("made", put(), http.StatusCreated)
	s.refused("a stale If-Match on PUT", put("If-Match", `"1"`), http.StatusPreconditionFailed)
	s.refused("If-None-Match: *", put("If-None-Match", "*"), http.StatusNoContent)
	g.Calendar.Behave(func(m *sandbox.Manners) { m.IgnoresNone = false })
	s.refused("If-None-Match: * where it is honoured", put("If-None-Match", "*"), http.StatusPreconditionFailed)
	status, _, _ := s.ask(s.ben.account, http.MethodDelete, at, "", "If-Match", `"1"`)
	s.refused("a stale If-Match on DELETE", status, http.StatusNoContent)

	s.link(s.anna)
	changed, deleted, made := s.appointment(s.anna), s.appointment(s.anna), s.create(s.anna)
	s.sync(s.anna)
	s.synced(made)
	g.Calendar.Behave(func(m *sandbox.Manners) { m.IgnoresNone = true })
	first, second := s.actionAt(s.anna, changed), s.actionAt(s.anna, deleted)
	s.change(s.anna, first, s.subject)
	s.remove(s.anna, second)
	s.create(s.anna)
	// The phone is between: its edits are in no answer that the program had when it writes.
	s.after(func() {
		s.write(s.anna, changed, s.zoned()...)
		s.write(s.anna, deleted, s.summary())
	})
	s.sync(s.anna)
	s.gate = nil
	s.sync(s.anna)
	// Both edits of the one are there; the other was changed, which beats a deletion that had not seen it.
	s.counts(s.anna, 4, 0, 4)
}

func (s *stage) googleSync() {
	g := s.host.google
	report := func(level string) int {
		status, _, _ := s.ask(s.anna.account, "REPORT", s.anna.Calendar, `<?xml version="1.0" encoding="utf-8"?><sync-collection xmlns="DAV:"><sync-token/>`+level+
			`<prop><getetag/></prop></sync-collection>`, "Depth", "1", "Content-Type", "application/xml; charset=utf-8")
		return status
	}
	s.refused("without sync-level", report(""), http.StatusBadRequest)
	s.refused("with it", report("<sync-level>1</sync-level>"), http.StatusMultiStatus)
	g.Calendar.Behave(func(m *sandbox.Manners) { m.PageSize = 3 })
	s.link(s.anna)
	var paths []string
	for range 10 {
		paths = append(paths, s.appointment(s.anna))
	}
	s.sync(s.anna)
	s.counts(s.anna, 10, 0, 10)
	if _, sync := s.stored(s.anna); !strings.HasPrefix(string(sync.Token), "/caldav/v2/sync/") {
		s.Errorf("the token kept is %q, which no Google gave", sync.Token)
	}
	for i, path := range paths {
		switch {
		case i < 2:
			s.discard(s.anna, path)
		case i < 8:
			s.write(s.anna, path, s.summary())
		}
	}
	s.create(s.anna)
	s.sync(s.anna)
	s.counts(s.anna, 9, 2, 9)
}

func (s *stage) googleTokenGone() {
	g := s.host.google
	s.link(s.anna)
	var paths []string
	for range 4 {
		paths = append(paths, s.appointment(s.anna))
		s.create(s.anna)
	}
	s.sync(s.anna)
	trashed := 0
	for i, unknown := range []sandbox.TokenManner{{}, {Unknown: 410}, {Unknown: 412, UnknownPrecondition: true}, {Unknown: 400, UnknownPrecondition: true}} {
		g.Calendar.Behave(func(m *sandbox.Manners) {
			m.Token.Unknown, m.Token.UnknownPrecondition = unknown.Unknown, unknown.UnknownPrecondition
		})
		id := s.create(s.anna)
		if i < 2 {
			s.discard(s.anna, paths[i])
			trashed++
		}
		s.write(s.anna, paths[3], s.summary())
		s.must(g.Calendar.ForgetTokens(s.anna.account, s.anna.account))
		g.asked()
		s.sync(s.anna)
		refused := statuses(g.asked(), "REPORT")
		if delete(refused, http.StatusMultiStatus); len(refused) != 1 {
			s.Errorf("reports refused: %v, want one", refused)
		}
		s.synced(id)
		s.counts(s.anna, 8+i+1-trashed, trashed, 8+i+1-trashed)
	}
}

func (s *stage) googleLimits() {
	g := s.host.google
	s.link(s.anna)
	s.appointment(s.anna)
	s.sync(s.anna)
	for name, answer := range map[string]*sandbox.Answer{
		"an empty DAV:error": sandbox.Precondition(http.StatusForbidden, "", ""), "rateLimitExceeded": sandbox.QuotaExceeded("rateLimitExceeded"),
		"quotaExceeded": sandbox.QuotaExceeded("quotaExceeded"), "429": sandbox.Status(http.StatusTooManyRequests, "120"), "503": sandbox.Status(http.StatusServiceUnavailable, ""),
	} {
		_, before := s.stored(s.anna)
		id, path := s.create(s.anna), s.appointment(s.anna)
		g.Calendar.Plan(sandbox.Fault{Name: "limit", On: sandbox.Match{User: s.anna.account, Report: "sync-collection"}, Do: sandbox.Effect{Refuse: answer}})
		s.sync(s.anna)
		link, now := s.stored(s.anna)
		want := crm.FailingThrottled
		if answer.Status == http.StatusServiceUnavailable {
			want = crm.FailingServer
		}
		if link.Failing.Reason != want || link.SignInAgain || now.Token != before.Token || s.action(id).Sync.Name != crm.Pending {
			s.Errorf("%s: failing %s, sign in again %t, token kept %t, the action is %s", name, link.Failing.Reason, link.SignInAgain, now.Token == before.Token, s.action(id).Sync.Name)
		}
		g.asked()
		s.sync(s.anna)
		if n := len(g.asked()); answer.Header.Get("Retry-After") != "" && n != 0 {
			s.Errorf("%s: %d requests before the time it gave", name, n)
		}
		g.Calendar.Heal("limit")
		s.pass(2 * time.Hour)
		g.asked()
		s.sync(s.anna)
		s.synced(id)
		s.actionAt(s.anna, path)
		if link, _ := s.stored(s.anna); link.Failing.Reason != "" {
			s.Errorf("%s: still failing %s", name, link.Failing.Reason)
		}
	}
	s.counts(s.anna, 11, 0, 11)
}

func (s *stage) googleConflicts() {
	at := s.ben.Calendar + "probe.ics" // a calendar that is not linked
	put := func(text string) int {
		status, _, _ := s.ask(s.ben.account, http.MethodPut, at, text, "Content-Type", "text/calendar; charset=utf-8")
		return status
	}
	s.refused("made", put(plain("probe", "SEQUENCE:5")), http.StatusCreated)
	s.refused("another UID", put(plain("another", "SEQUENCE:5")), http.StatusConflict)
	s.refused("a lower SEQUENCE", put(plain("probe", "SEQUENCE:4")), http.StatusConflict)
	status, _, _ := s.ask(s.ben.account, http.MethodDelete, at, "")
	s.refused("taken away", status, http.StatusNoContent)

	s.link(s.anna)
	path := s.appointment(s.anna)
	s.write(s.anna, path, "SEQUENCE:7")
	s.sync(s.anna)
	id := s.actionAt(s.anna, path)
	s.host.google.asked()
	s.change(s.anna, id, s.when)
	s.sync(s.anna)
	s.write(s.anna, path, "SEQUENCE:11")
	s.change(s.anna, id, s.subject)
	s.sync(s.anna)
	// Deleted and restored, on either side: never the UID of what was deleted.
	s.remove(s.anna, id)
	s.sync(s.anna)
	s.restore(s.anna, id)
	s.sync(s.anna)
	s.discard(s.anna, s.pathOf(id))
	s.sync(s.anna)
	s.restore(s.anna, id)
	s.sync(s.anna)
	s.synced(id)
	if refused := statuses(s.host.google.asked(), http.MethodPut)[http.StatusConflict]; refused != 0 {
		s.Errorf("%d writes were refused by 409", refused)
	}
	s.counts(s.anna, 1, 0, 1)
}

func (s *stage) googleOrganizer() {
	s.link(s.anna)
	path := s.anna.Calendar + "theirs.ics"
	text := plain("theirs", "ORGANIZER:mailto:boss@example.org", "ATTENDEE:mailto:"+s.anna.account)
	s.must(s.anna.Put(s.Context(), "theirs.ics", text))
	status, _, _ := s.ask(s.anna.account, http.MethodPut, path, text, "Content-Type", "text/calendar; charset=utf-8")
	s.refused("another's event", status, http.StatusForbidden)
	s.sync(s.anna)
	id := s.actionAt(s.anna, path)
	action := s.action(id)
	if action.Sync.Name != crm.ReadOnly {
		s.Errorf("the action is %s, want read-only", action.Sync.Name)
	}
	in := service.InputOf(action)
	s.subject(&in)
	if _, err := s.service.Change(s.Context(), s.anna.Caller, id, action.Version, in); !errors.Is(err, service.ErrForbidden) {
		s.Errorf("a change here: got %v, want a refusal", err)
	}
	s.create(s.anna)
	s.host.google.asked()
	s.sync(s.anna)
	if made := statuses(s.host.google.asked(), http.MethodPut); made[http.StatusForbidden] != 0 || s.mailed() != 0 {
		s.Errorf("writes %v, %d guests told", made, s.mailed())
	}
	s.counts(s.anna, 2, 0, 2)
	s.discard(s.anna, path)
	s.sync(s.anna)
	s.counts(s.anna, 1, 1, 1)
}

func (s *stage) googleEmptyData() {
	g := s.host.google
	s.appointment(s.anna)
	_, _, text := s.ask(s.anna.account, "REPORT", s.anna.Calendar, `<?xml version="1.0" encoding="utf-8"?><C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">`+
		`<prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`, "Depth", "1", "Content-Type", "application/xml; charset=utf-8")
	if strings.Contains(text, "BEGIN:VEVENT") || !strings.Contains(text, "getetag") {
		s.Errorf("calendar-query is to leave the text out:\n%s", text)
	}
	g.Calendar.Behave(func(m *sandbox.Manners) { m.DataInSync = false })
	for range 4 {
		s.appointment(s.anna)
	}
	s.create(s.anna)
	s.link(s.anna)
	g.Calendar.ForgetRequests()
	s.sync(s.anna)
	s.counts(s.anna, 6, 0, 6)
	asked := map[string]int{}
	for _, request := range g.Calendar.Requests() {
		asked[request.Report]++
	}
	if asked["calendar-multiget"] != 1 || asked["calendar-query"] != 0 {
		s.Errorf("reports %v, want one multiget and no query", asked)
	}
}

func (s *stage) googleHrefs() {
	for range 5 {
		s.appointment(s.anna)
		s.create(s.anna)
	}
	s.create(s.anna)
	s.must(s.anna.Put(s.Context(), "made@google.com.ics", plain("made@google.com"))) // as Google names its own
	_, _, text := s.ask(s.anna.account, "PROPFIND", s.anna.Calendar, "", "Depth", "1")
	name, domain, _ := strings.Cut(s.anna.account, "@")
	if !strings.Contains(text, name+"@"+domain) || !strings.Contains(text, name+"%40"+domain) {
		s.Errorf("hrefs are to come in both forms:\n%s", text)
	}
	s.link(s.anna)
	s.sync(s.anna)
	s.counts(s.anna, 12, 0, 12)
	for i, action := range s.living(s.anna) {
		switch i % 3 {
		case 0:
			s.write(s.anna, s.pathOf(action.ID), s.summary())
		case 1:
			s.change(s.anna, action.ID, s.description)
		}
	}
	s.must(s.host.google.Calendar.ForgetTokens(s.anna.account, s.anna.account))
	s.sync(s.anna)
	s.counts(s.anna, 12, 0, 12)
}

func (s *stage) googleCookies() {
	s.link(s.anna)
	for range 8 {
		s.appointment(s.anna)
	}
	s.sync(s.anna)
	s.create(s.anna)
	s.sync(s.anna)
	compressed, cookies := 0, 0
	for _, one := range s.host.google.asked() {
		if one.got.Get("Content-Encoding") == "gzip" {
			compressed++
		}
		if one.got.Get("Set-Cookie") != "" {
			cookies++
		}
		if one.sent.Get("Cookie") != "" {
			s.Errorf("a cookie was sent back with %s", one.method)
		}
	}
	if compressed == 0 || cookies == 0 {
		s.Errorf("%d answers were compressed, %d set a cookie", compressed, cookies)
	}
	s.counts(s.anna, 9, 0, 9)
}
