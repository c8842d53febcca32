package api

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// Who lets everybody in as one user, and Guess never refuses.
func (a always) Who(*http.Request) (crm.User, bool, error) { return a.user, true, nil }

func (a always) Guess(string, string) (func(), error) { return func() {}, nil }

func TestLink_made_tested_changed_paused_ended(t *testing.T) {
	w := newWorld(t)
	body := w.linkBody(w.follower)
	made := w.want(w.ask(w.admin, "POST", "/links", body), 201)
	id := made.text("id")
	if made.header.Get("Location") != Prefix+"/links/"+id || made.text("calendar_name") != "Work" || made.json()["states"].([]any)[0] != "new" ||
		strings.Contains(string(made.body), "pass word") {
		t.Errorf("%v %s", made.header, made.body)
	}
	if got := w.want(w.ask(w.admin, "POST", "/links", body), 422); got.field("user") != service.CodeLinkUserHasLink {
		t.Errorf("a second link: %s", got.body)
	}
	path := "/links/" + id
	if got := w.want(w.ask(w.admin, "PATCH", path, object{"password": "wrong"}, "If-Match", `"1"`), 422); got.field("password") != "check.password" {
		t.Errorf("a wrong password: %s", got.body)
	}
	for _, field := range []string{"user", "kind", "calendar", "addresses", "states"} {
		if got := w.want(w.ask(w.admin, "PATCH", path, object{field: "x"}, "If-Match", `"1"`), 422); got.field(field) != codeUnknownField {
			t.Errorf("%s: %s", field, got.body)
		}
	}
	w.want(w.ask(w.admin, "PATCH", path, object{"plain_http": true}), 428)
	changed := w.want(w.ask(w.admin, "PATCH", path, object{"plain_http": true}, "If-Match", `"1"`), 200)
	if changed.json()["plain_http"] != true || changed.header.Get("ETag") != `"2"` {
		t.Errorf("%s", changed.body)
	}
	paused := w.want(w.ask(w.admin, "POST", path+"/pause", nil, "If-Match", `"2"`), 200)
	if paused.json()["states"].([]any)[0] != "paused" || paused.json()["paused"].(object)["by"].(object)["user"] != w.admin.user.ID.String() {
		t.Errorf("%s", paused.body)
	}
	if got := w.want(w.ask(w.admin, "POST", path+"/sync", nil), 409); got.problem().Code != service.CodeLinkPaused {
		t.Errorf("sync while paused: %s", got.body)
	}
	w.want(w.ask(w.admin, "POST", path+"/resume", nil, "If-Match", paused.header.Get("ETag")), 200)
	w.want(w.ask(w.follower, "POST", path+"/sync", nil), 202)
	tag := w.want(w.ask(w.follower, "GET", path, nil), 200).header.Get("ETag")
	if got := w.want(w.ask(w.admin, "GET", path+"/client", nil), 200); !strings.Contains(string(got.body), `"client_id":""`) {
		t.Errorf("client of a link by password: got %s, want none", got.body)
	}
	if got := w.want(w.ask(w.admin, "DELETE", path, nil, "If-Match", tag), 200); strings.TrimSpace(string(got.body)) != `{"ending":false,"trashed":0,"deleting":0,"kept":0,"revocation":""}` {
		t.Errorf("end: got %q, want nothing to revoke", got.body)
	}
	w.want(w.ask(w.admin, "GET", path, nil), 404)
}

func TestLinkTest_tells_each_step_as_it_ends(t *testing.T) {
	w := newWorld(t)
	body := w.linkBody(w.follower)
	body["password"] = "wrong"
	whole := w.want(w.ask(w.admin, "POST", "/links/test", body), 200)
	if whole.text("outcome") != "does_not_work" || whole.text("code") != "check.password" || whole.text("field") != "password" {
		t.Errorf("%s", whole.body)
	}
	body["password"] = "pass word"
	stream := w.want(w.ask(w.admin, "POST", "/links/test", body, "Accept", "text/event-stream"), 200)
	if stream.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v", stream.header)
	}
	var events []string
	lines := bufio.NewScanner(bytes.NewReader(stream.body))
	for lines.Scan() {
		if event, isEvent := strings.CutPrefix(lines.Text(), "event: "); isEvent {
			events = append(events, event)
		}
	}
	if got := strings.Join(events, " "); got != "step step verdict" || !bytes.Contains(stream.body, []byte(`"calendars":[{"href":"https://follower.example/cal/"`)) {
		t.Errorf("%s: %s", got, stream.body)
	}
	// What is wrong before the first step is a problem like any other.
	if got := w.want(w.ask(w.admin, "POST", "/links/test", object{"address": ""}, "Accept", "text/event-stream"), 422); got.field("address") != service.CodeMissing {
		t.Errorf("%s", got.body)
	}
	w.want(w.ask(w.peer, "POST", "/links/test", body, "Accept", "text/event-stream"), 403)
	link := w.link(w.follower)
	if got := w.want(w.ask(w.admin, "POST", "/links/"+link+"/test", nil), 200); got.text("outcome") != "works" || strings.Contains(string(got.body), "pass word") {
		t.Errorf("%s", got.body)
	}
}

// Semantics 4, rule 3: the plan is to be had before anything is touched.
func TestLinkPlan_says_what_a_first_sync_would_do(t *testing.T) {
	w := newWorld(t)
	body := w.linkBody(w.follower)
	got := w.want(w.ask(w.admin, "POST", "/links/plan", body), 200)
	if text := string(got.body); !strings.Contains(text, `"events":{"2026-11-25":2}`) || !strings.Contains(text, `"twins":1`) || strings.Contains(text, "failing") || strings.Contains(text, "pass word") {
		t.Errorf("%s", text)
	}
	body["address"] = "https://failing.example"
	w.tester.put("https://failing.example", service.FoundCalendar{Href: "https://failing.example/cal/"})
	if got := w.want(w.ask(w.admin, "POST", "/links/plan", body), 200); !strings.Contains(string(got.body), `"reason":"server_error"`) {
		t.Errorf("%s", got.body)
	}
	body["password"] = "wrong"
	if got := w.want(w.ask(w.admin, "POST", "/links/plan", body), 422); got.field("password") != "check.password" {
		t.Errorf("%s", got.body)
	}
	if links := w.want(w.ask(w.admin, "GET", "/links", nil), 200); strings.Contains(string(links.body), "follower") {
		t.Errorf("something was kept: %s", links.body)
	}
}

func TestPull_is_started_and_waited_for(t *testing.T) {
	w := newWorld(t)
	link := w.link(w.follower)
	other := w.link(w.peer)
	id := func(text string) crm.LinkID { id, err := crm.ParseID[crm.Link](text); w.must(err); return id }
	w.puller.pulls = []service.LinkPull{{Link: id(link), Processed: 3, Expected: 3, Counts: crm.Counts{New: 2, Changed: 1}, EndedAt: w.clock.now()}}
	got := w.want(w.ask(w.peer, "POST", "/pulls", nil), 200).json()
	if got["new"] != 2.0 || got["changed"] != 1.0 || got["links_total"] != 1.0 || got["running"] != false {
		t.Errorf("%v", got)
	}
	w.want(w.ask(w.peer, "POST", "/pulls", object{"followed_by": []string{w.follower.user.ID.String()}, "wait_seconds": 5}), 200)
	if len(w.puller.asked) != 2 || w.puller.asked[0][0] != id(other) || len(w.puller.asked[1]) != 1 || w.puller.asked[1][0] != id(link) {
		t.Errorf("asked for %v", w.puller.asked)
	}
	w.puller.hang = true
	begun := time.Now()
	w.want(w.ask(w.peer, "POST", "/pulls", object{"wait_seconds": 1}), 200)
	if waited := time.Since(begun); waited < time.Second || waited > 10*time.Second {
		t.Errorf("waited %v", waited)
	}
	for _, bad := range []object{{"wait_seconds": 61}, {"wait_seconds": -1}, {"followed_by": []string{"x"}}, {"followed_by": "x"}, {"wait": true}} {
		w.want(w.ask(w.peer, "POST", "/pulls", bad), 422)
	}
}

func TestHeld_is_listed_and_decided(t *testing.T) {
	w := newWorld(t)
	on := w.target("ordinary")
	held := w.want(w.ask(w.follower, "GET", "/held", nil), 200).json()["held"].([]any)
	if len(held) != 1 || held[0].(object)["id"] != on.held || held[0].(object)["count"] != 1.0 {
		t.Fatalf("%v", held)
	}
	path := "/held/" + on.held + "/decision"
	if got := w.want(w.ask(w.follower, "POST", path, object{"decision": "burn"}), 422); got.field("decision") != service.CodeUnknownDecision {
		t.Errorf("%s", got.body)
	}
	w.want(w.ask(w.peer, "POST", path, object{"decision": "delete"}), 404)
	w.want(w.ask(w.follower, "POST", path, object{"decision": "write_back"}, "Idempotency-Key", "k"), 204)
	if got := w.want(w.ask(w.follower, "POST", path, object{"decision": "write_back"}, "Idempotency-Key", "k"), 204); got.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%v", got.header)
	}
	if got := w.want(w.ask(w.follower, "POST", path, object{"decision": "delete"}), 409); got.problem().Code != service.CodeDecidedAlready {
		t.Errorf("%s", got.body)
	}
}

func TestRuns_page_from_the_newest(t *testing.T) {
	w := newWorld(t)
	link, err := crm.ParseID[crm.Link](w.link(w.follower))
	w.must(err)
	var ids []string
	for range 5 {
		run := crm.Run{ID: crm.NewID[crm.Run](w.service.IDs), Link: link, Trigger: crm.TriggerPoll, StartedAt: w.clock.now(), EndedAt: w.clock.now(), Counts: crm.Counts{New: 1}, Outcome: crm.OutcomeFailed, Reason: crm.FailingUnreachable}
		w.rows(func(tx *store.Tx) error { return tx.PutRun(run) })
		ids = append(ids, run.ID.String())
	}
	var got []string
	for before := ""; ; {
		page := w.want(w.ask(w.follower, "GET", "/links/"+link.String()+"/runs?limit=2"+before, nil), 200).json()
		for _, run := range page["runs"].([]any) {
			if run.(object)["detail"] == "" {
				t.Errorf("%v", run)
			}
			got = append(got, run.(object)["id"].(string))
		}
		next, more := page["next"].(string)
		if !more {
			break
		}
		before = "&before=" + next
	}
	if len(got) != 5 || got[0] != ids[4] || got[4] != ids[0] {
		t.Errorf("got %v of %v", got, ids)
	}
	if runs := w.want(w.ask(w.peer, "GET", "/runs", nil), 200).json()["runs"].([]any); len(runs) != 0 {
		t.Errorf("a colleague sees %v", runs)
	}
}

func TestUser_made_and_changed(t *testing.T) {
	w := newWorld(t)
	made := w.want(w.ask(w.admin, "POST", "/users", object{"login": "new", "name": "New"}), 201)
	if made.text("role") != "user" || made.json()["active"] != true || made.json()["rights"].(object)["reassign"] != true || made.text("time_zone") == "" {
		t.Errorf("%s", made.body)
	}
	if got := w.want(w.ask(w.admin, "POST", "/users", object{"login": "NEW", "name": "x"}), 422); got.field("login") != service.CodeLoginTaken {
		t.Errorf("%s", got.body)
	}
	w.want(w.ask(w.follower, "PATCH", "/me", object{"language": "fr"}, "If-Match", `"1"`), 200)
	for _, body := range []object{{"role": "administrator"}, {"rights": object{"reassign": true}}, {"login": "root"}, {"active": false}, {"password": "a new password"}} {
		if got := w.want(w.ask(w.follower, "PATCH", "/me", body, "If-Match", `"2"`), 403); got.problem().Code != service.CodeAdministrator || got.header.Get("Content-Language") != "fr" {
			t.Errorf("%v: %s", body, got.body)
		}
	}
	if me := w.want(w.ask(w.follower, "GET", "/me", nil), 200); me.text("role") != "user" || me.text("language") != "fr" || me.header.Get("ETag") != `"2"` {
		t.Errorf("%s", me.body)
	}
	if got := w.ask(w.admin, "GET", "/users", nil); strings.Contains(string(got.body), "password") || len(got.json()["users"].([]any)) != 6 {
		t.Errorf("%s", got.body)
	}
}

func TestPassword_is_changed_by_who_knows_it_and_not_guessed(t *testing.T) {
	w := newWorld(t)
	w.want(w.ask(w.admin, "PATCH", "/users/"+w.follower.user.ID.String(), object{"password": "the first one"}, "If-Match", `"1"`), 200)
	path := "/me/password"
	if got := w.want(w.ask(w.follower, "POST", path, object{"present": "wrong", "password": "the second one"}), 422); got.field("present") != service.CodePasswordWrong {
		t.Errorf("%s", got.body)
	}
	if got := w.want(w.ask(w.follower, "POST", path, object{"present": "the first one", "password": "short"}), 422); got.field("password") != service.CodePasswordShort {
		t.Errorf("%s", got.body)
	}
	w.want(w.ask(w.follower, "POST", path, object{"present": "the first one", "password": "the second one"}), 204)
	for range 20 {
		if got := w.ask(w.follower, "POST", path, object{"present": "guess", "password": "the second one"}); got.status == 429 {
			if got.header.Get("Retry-After") == "" || got.problem().Code != codeThrottled {
				t.Errorf("%v %s", got.header, got.body)
			}
			return
		}
	}
	t.Error("twenty guesses were answered")
}

func TestSettings_changed_by_administrators(t *testing.T) {
	w := newWorld(t)
	now := w.want(w.ask(w.follower, "GET", "/settings", nil), 200)
	if now.json()["default_duration_minutes"] != 30.0 || now.json()["trash_kept_minutes"] != 43200.0 || now.json()["online_calendar"] == nil {
		t.Errorf("%s", now.body)
	}
	changed := w.want(w.ask(w.admin, "PATCH", "/settings", object{"online_calendar": true, "poll_interval_minutes": 0, "guard": object{"part": 0.5}}, "If-Match", now.header.Get("ETag")), 200)
	if changed.json()["poll_interval_minutes"] != 0.0 || changed.json()["guard"].(object)["part"] != 0.5 || changed.json()["guard"].(object)["more"] != 20.0 {
		t.Errorf("%s", changed.body)
	}
	got := w.want(w.ask(w.admin, "PATCH", "/settings", object{
		"default_duration_minutes": int64(1) << 62, "poll_interval_minutes": -5, "conflict_policy": "coin", "time_zone": "Mars", "language": "de", "guard": object{"part": 2, "more": -1},
	}, "If-Match", changed.header.Get("ETag")), 422)
	for _, field := range []string{"default_duration_minutes", "poll_interval_minutes", "conflict_policy", "time_zone", "language", "guard.part", "guard.more"} {
		if got.field(field) == "" {
			t.Errorf("%s is not said: %s", field, got.body)
		}
	}
	if got := w.want(w.ask(w.admin, "PATCH", "/settings", object{"language": "fr"}, "If-Match", now.header.Get("ETag")), 412); got.json()["current"].(object)["poll_interval_minutes"] != 0.0 {
		t.Errorf("%s", got.body)
	}
}

func TestOwnCalendars_a_user_links_by_the_API_where_that_is_allowed(t *testing.T) {
	w := newWorld(t)
	body := w.linkBody(w.peer)
	if got := w.ask(w.peer, "POST", "/links", body); got.status != 403 {
		t.Errorf("while it is off: %d %s", got.status, got.body)
	}
	tag := w.ask(w.admin, "GET", "/settings", nil).header.Get("ETag")
	w.want(w.ask(w.admin, "PATCH", "/settings", object{"own_calendars": true}, "If-Match", tag), 200)
	if got := w.ask(w.stranger, "POST", "/links", body); got.status != 403 {
		t.Errorf("for another: %d %s", got.status, got.body)
	}
	body["shown_busy"] = true
	made := w.want(w.ask(w.peer, "POST", "/links", body), 201)
	if shown := made.json(); shown["may_manage"] != true || shown["may_show"] != true || shown["shown_busy"] != true {
		t.Errorf("made %s", made.body)
	}
	path := "/links/" + made.json()["id"].(string)
	w.want(w.ask(w.peer, "POST", path+"/pause", nil, "If-Match", `"1"`), 200)
	w.want(w.ask(w.peer, "DELETE", path, nil, "If-Match", `"2"`), 200)
}
