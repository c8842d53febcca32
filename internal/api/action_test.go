package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

func TestAction_made_read_changed_deleted_restored(t *testing.T) {
	w := newWorld(t)
	made := w.want(w.ask(w.follower, "POST", "/actions", object{
		"subject": "Visit", "description": "Line 1\nLine 2", "start_date": "2026-11-24", "start_time": "10:00", "end_date": nil, "end_time": "11:30",
		"followed_by": w.follower.user.ID.String(), "due_date": "2026-12-01", "third_party": "ACME", "third_party_kind": "customer", "contact": "Ann",
		"dossier": "D-1", "documents": []object{{"title": "Plan", "url": "https://example.com/plan"}},
	}), 201)
	id := made.text("id")
	if made.header.Get("ETag") != `"1"` || made.header.Get("Location") != Prefix+"/actions/"+id || made.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", made.header)
	}
	read := w.want(w.ask(w.peer, "GET", "/actions/"+id, nil), 200)
	got := read.json()
	want := object{
		"subject": "Visit", "description": "Line 1\nLine 2", "start_date": "2026-11-24", "start_time": "10:00", "end_date": nil, "end_time": "11:30",
		"time_zone": "Europe/Brussels", "due_date": "2026-12-01", "third_party": "ACME", "third_party_kind": "customer", "contact": "Ann", "dossier": "D-1",
		"documents": []any{object{"title": "Plan", "url": "https://example.com/plan"}}, "follows_up": nil, "private": false, "deleted_at": nil,
		"follower_name": "Name of follower", "version": 1.0,
		"sync": object{"state": "not_synced", "reason": "follower_without_link", "params": object{}, "detail": i18n.Reason("fr", "follower_without_link", nil)},
		"may":  object{"change": true, "delete": true, "reassign": true, "restore": false, "purge": false, "hide": false, "unhide": false, "why_not": "", "read_only_units": false},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}

	patched := w.want(w.ask(w.follower, "PATCH", "/actions/"+id, object{"end_time": nil, "subject": "Visit!", "documents": []object{{"url": "https://example.com/b"}}}, "If-Match", `"1"`, "Content-Type", "application/merge-patch+json"), 200)
	if patched.header.Get("ETag") != `"2"` || patched.json()["end_time"] != nil || patched.text("start_time") != "10:00" || patched.text("third_party") != "ACME" ||
		!cmp.Equal(patched.json()["documents"], []any{object{"title": "", "url": "https://example.com/b"}}) {
		t.Errorf("PATCH: %s", patched.body)
	}
	replaced := w.want(w.ask(w.follower, "PUT", "/actions/"+id, object{"subject": "Only", "followed_by": w.follower.user.ID.String()}, "If-Match", `"2"`), 200)
	if replaced.text("third_party") != "" || replaced.json()["start_date"] != nil || replaced.json()["type"] == nil || len(replaced.json()["documents"].([]any)) != 0 {
		t.Errorf("PUT: %s", replaced.body)
	}
	deleted := w.want(w.ask(w.follower, "DELETE", "/actions/"+id, nil, "If-Match", `"3"`), 200)
	if deleted.json()["deleted_at"] == nil {
		t.Errorf("DELETE: %s", deleted.body)
	}
	if got := w.want(w.ask(w.follower, "PATCH", "/actions/"+id, object{"subject": "x"}, "If-Match", deleted.header.Get("ETag")), 403).problem().Code; got != service.CodeInTrash {
		t.Errorf("changed in the trash: %s", got)
	}
	restored := w.want(w.ask(w.follower, "POST", "/actions/"+id+"/restore", nil), 200)
	if restored.json()["deleted_at"] != nil || restored.text("subject") != "Only" {
		t.Errorf("restore: %s", restored.body)
	}

	entries := w.want(w.ask(w.peer, "GET", "/actions/"+id+"/history", nil), 200).json()["entries"].([]any)
	for _, entry := range entries {
		entry := entry.(object)
		if entry["name"] == "third_party" && entry["before"] == "ACME" {
			back := w.want(w.ask(w.follower, "POST", "/actions/"+id+"/history/"+entry["id"].(string)+"/restore", nil, "If-Match", restored.header.Get("ETag")), 200)
			if back.text("third_party") != "ACME" {
				t.Errorf("restored value: %s", back.body)
			}
			return
		}
	}
	t.Errorf("the history does not tell of the third party: %v", entries)
}

func TestAction_list_searches_and_pages(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.action(w.follower, object{"subject": fmt.Sprintf("Call %d", i), "start_date": fmt.Sprintf("2026-11-%02d", 10+i), "third_party": "ACME"})
	}
	w.action(w.peer, object{"subject": "Other", "followed_by": nil, "due_date": "2027-01-01"})
	choices := w.want(w.ask(w.follower, "GET", "/choices", nil), 200).json()["choices"].([]any)
	choice := choices[slices.IndexFunc(choices, func(c any) bool { return c.(object)["kind"] == "type" && c.(object)["default"] == false })].(object)
	w.action(w.peer, object{"subject": "Typed", "type": choice["id"]})

	var subjects []string
	path := "/actions?third_party=acme&limit=3"
	pages := 0
	for cursor := ""; ; pages++ {
		page := w.want(w.ask(w.peer, "GET", path+cursor, nil), 200).json()
		if page["total"] != 7.0 || page["more"] != false {
			t.Errorf("page %d: total %v", pages, page["total"])
		}
		for _, action := range page["actions"].([]any) {
			subjects = append(subjects, action.(object)["subject"].(string))
		}
		next, hasNext := page["next"].(string)
		if !hasNext {
			break
		}
		cursor = "&cursor=" + next
	}
	if want := []string{"Call 6", "Call 5", "Call 4", "Call 3", "Call 2", "Call 1", "Call 0"}; !slices.Equal(subjects, want) || pages != 2 {
		t.Errorf("%d pages of %q", pages+1, subjects)
	}
	for query, want := range map[string][]string{
		"text=call+3":                                        {"Call 3"},
		"followed_by=nobody":                                 {"Other"},
		"followed_by=me":                                     {"Typed"},
		"followed_by=me,nobody":                              {"Typed", "Other"},
		"from=2026-11-15&to=2026-11-15":                      {"Call 5"},
		"due_from=2026-12-01&due_to=2027-12-31":              {"Other"},
		"type=" + choice["id"].(string):                      {"Typed"},
		"sync=synced":                                        nil,
		"trash=true":                                         nil,
		"created_from=2030-01-01T00:00:00Z":                  nil,
		"modified_to=2026-11-23T10:00:00%2B01:00&text=other": nil,
	} {
		var got []string
		for _, action := range w.want(w.ask(w.peer, "GET", "/actions?"+query, nil), 200).json()["actions"].([]any) {
			got = append(got, action.(object)["subject"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=201": "limit", "limit=x": "limit", "from=31/02": "from", "due_to=2026-02-30": "due_to", "created_from=yesterday": "created_from",
		"followed_by=1": "followed_by", "type=x": "type", "type=,": "type", "cursor=n.x": "cursor", "cursor=zzz": "cursor", "offset=3": "offset", "trash=maybe": "trash",
	} {
		if got := w.want(w.ask(w.peer, "GET", "/actions?"+query, nil), 422); got.field(field) == "" {
			t.Errorf("%s: %s", query, got.body)
		}
	}
}

func TestChange_names_its_version(t *testing.T) {
	w := newWorld(t)
	id := w.action(w.follower, nil)
	path := "/actions/" + id
	for header, want := range map[string]int{"": 428, "*": 428, `"9"`: 412, `W/"1"`: 412, `"1`: 400, "1": 400, `"1", "2"`: 400, `"-1"`: 400, `"01"`: 400, `"99999999999999999999"`: 400} {
		for _, method := range []string{"PATCH", "PUT", "DELETE"} {
			var body any = object{"subject": "Changed", "followed_by": w.follower.user.ID.String()}
			if method == "DELETE" {
				body = nil
			}
			if got := w.ask(w.follower, method, path, body, "If-Match", header); got.status != want {
				t.Errorf("%s with If-Match %q: %d, want %d: %s", method, header, got.status, want, got.body)
			}
		}
	}
	moved := w.ask(w.follower, "PATCH", path, object{"subject": "Changed"}, "If-Match", `"9"`)
	current, _ := moved.json()["current"].(object)
	if moved.header.Get("ETag") != `"1"` || current["subject"] != "Call" || moved.json()["version"] != 1.0 {
		t.Errorf("412 does not show the row as it is: %s", moved.body)
	}
	w.alter(id, func(a *crm.Action) { a.Private, a.FollowedBy = true, w.peer.user.ID })
	if moved := w.ask(w.follower, "PATCH", path, object{"subject": "Changed"}, "If-Match", `"1"`); strings.Contains(string(moved.body), "Call") {
		t.Errorf("412 or 403 shows what became private: %s", moved.body)
	}
}

// B47: of two requests that race on one version one wins, and the other is told.
func TestChange_two_requests_race_on_one_version(t *testing.T) {
	w := newWorld(t)
	id := w.action(w.follower, nil)
	const racers = 6
	results := make([]answered, racers)
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			results[i] = w.ask(w.follower, "PATCH", "/actions/"+id, object{"subject": fmt.Sprintf("Racer %d", i)}, "If-Match", `"1"`)
		})
	}
	group.Wait()
	won := map[int]int{}
	for _, result := range results {
		won[result.status]++
	}
	after := w.want(w.ask(w.follower, "GET", "/actions/"+id, nil), 200)
	if !maps.Equal(won, map[int]int{200: 1, 412: racers - 1}) || after.header.Get("ETag") != `"2"` {
		t.Errorf("%v, %s", won, after.header.Get("ETag"))
	}
}

func TestPost_with_a_key_is_carried_out_once(t *testing.T) {
	w := newWorld(t)
	key := []string{"Idempotency-Key", "order-7"}
	body := object{"subject": "Once", "followed_by": w.follower.user.ID.String()}
	results := make([]answered, 5)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { results[i] = w.ask(w.follower, "POST", "/actions", body, key...) })
	}
	group.Wait()
	firsts := 0
	for _, result := range results {
		if result.header.Get("Idempotency-Replayed") == "" {
			firsts++
		}
		if result.status != 201 || string(result.body) != string(results[0].body) || result.header.Get("ETag") != `"1"` ||
			result.header.Get("Location") != results[0].header.Get("Location") {
			t.Errorf("%d %s %v", result.status, result.body, result.header)
		}
	}
	if total := w.ask(w.follower, "GET", "/actions?text=once", nil).json()["total"]; total != 1.0 || firsts != 1 {
		t.Errorf("%v actions, %d first answers", total, firsts)
	}
	body["subject"] = "Another"
	if got := w.want(w.ask(w.follower, "POST", "/actions", body, key...), 422).problem().Code; got != codeKeyReused {
		t.Errorf("another request: %s", got)
	}
	w.want(w.ask(w.peer, "POST", "/actions", body, key...), 201)
	w.want(w.ask(w.follower, "POST", "/actions", object{"subject": "x", "end_time": "10:00"}, "Idempotency-Key", "bad"), 422)
	w.want(w.ask(w.follower, "POST", "/actions", object{"subject": "x"}, "Idempotency-Key", "bad"), 201) // what was refused is not kept
	for _, bad := range []string{"with blank", strings.Repeat("k", 201), "é"} {
		w.want(w.ask(w.follower, "POST", "/actions", body, "Idempotency-Key", bad), 400)
	}
	user := object{"login": "new", "name": "New", "password": "correct horse"}
	first := w.want(w.ask(w.admin, "POST", "/users", user, "Idempotency-Key", "u"), 201)
	if again := w.want(w.ask(w.admin, "POST", "/users", user, "Idempotency-Key", "u"), 201); string(again.body) != string(first.body) {
		t.Errorf("users: %s and %s", first.body, again.body)
	}
}

func TestProblem_is_in_the_callers_language(t *testing.T) {
	w := newWorld(t)
	details := map[string]bool{}
	for _, by := range []somebody{w.follower, w.peer, w.stranger} {
		got := w.want(w.ask(by, "POST", "/actions", object{"subject": "x", "start_time": "10:00", "due_date": "2026-02-30"}), 422)
		language := string(by.user.Language)
		made := got.problem()
		if got.header.Get("Content-Language") != language || got.header.Get("Content-Type") != "application/problem+json" || made.Title != "Unprocessable Entity" ||
			made.Code != codeInvalid || made.Detail != i18n.T(language, codeInvalid, i18n.P("count", len(made.Errors))) || len(made.Errors) != 2 {
			t.Errorf("%s: %s", language, got.body)
		}
		for _, one := range made.Errors {
			if one.Detail == one.Code || one.Detail != i18n.T(language, one.Code, one.Params) {
				t.Errorf("%s: %s says %q", language, one.Code, one.Detail)
			}
		}
		details[made.Detail+made.Errors[0].Detail] = true
	}
	if len(details) != 3 {
		t.Errorf("%d different sentences, want 3", len(details))
	}
	if got := w.ask(somebody{}, "GET", "/actions", nil, "Accept-Language", "fr-BE, en;q=0.5"); got.header.Get("Content-Language") != "fr" {
		t.Errorf("somebody unknown is answered in %q", got.header.Get("Content-Language"))
	}
}

// Every code of this package has a sentence in the three languages.
func TestCodes_have_sentences(t *testing.T) {
	t.Parallel()
	codes := []string{
		codeSignedOut, codeNotFound, codeMethod, codeInvalid, codeChanged, codeInternal, codeTimeout, codeThrottled, codeIfMatchMissing, codeIfMatch, codeKey,
		codeKeyReused, codeMediaType, codeTooLarge, codeBodyUnread, codeBodyMissing, codeBodyUnwanted, codeJSON, codeNotUTF8, codeTooDeep, codeUnknownField, codeTwice,
		codeExpectText, codeExpectInteger, codeExpectNumber, codeExpectBoolean, codeExpectList, codeExpectObject, codeID, codeInstant, codeParameter, codeUnknownParam,
	}
	slices.Sort(codes)
	if known := i18n.Keys("api."); !slices.Equal(known, codes) {
		t.Errorf("sentences: %q\ncodes: %q", known, codes)
	}
}

// B44: whatever stands in a text, it is refused with a reason or kept exactly.
func TestTexts_are_kept_exactly_or_refused(t *testing.T) {
	w := newWorld(t)
	id := w.action(w.follower, nil)
	for name, test := range map[string]struct {
		text string
		want int
	}{
		"script":        {`<script>alert(1)</script>`, 200},
		"quotes":        {`'"--; DROP TABLE action`, 200},
		"a formula":     {`=cmd|'/c calc'!A0`, 200},
		"bidi":          {"\u202eabc\u2066", 200},
		"emoji":         {"👩‍👩‍👧", 200},
		"U+2028":        {"a\u2028b", 200},
		"LIKE":          {"100%_\\", 200},
		"a template":    {"{{.}} ${x} %s", 200},
		"CRLF":          {"a\r\nBEGIN:VEVENT", 422},
		"a bare CR":     {"a\rb", 422},
		"NUL":           {"a\x00b", 422},
		"NEL":           {"a\u0085b", 422},
		"1,000 letters": {strings.Repeat("é", 1_000), 200},
		"1,001":         {strings.Repeat("é", 1_001), 422},
		"900 KiB":       {strings.Repeat("a", 900<<10), 422},
		"1 MiB":         {strings.Repeat("a", 1<<20), 413},
	} {
		before := w.ask(w.follower, "GET", "/actions/"+id, nil)
		got := w.ask(w.follower, "PATCH", "/actions/"+id, object{"subject": test.text}, "If-Match", before.header.Get("ETag"))
		after := w.ask(w.follower, "GET", "/actions/"+id, nil)
		switch {
		case got.status != test.want:
			t.Errorf("%s: %d, want %d: %.300s", name, got.status, test.want, got.body)
		case got.status == 200 && after.text("subject") != test.text:
			t.Errorf("%s: kept as %q", name, after.text("subject"))
		case got.status != 200 && string(after.body) != string(before.body):
			t.Errorf("%s: refused, and something changed", name)
		case got.status == 422 && got.field("subject") == "":
			t.Errorf("%s: %s", name, got.body)
		}
	}
	for _, field := range []string{"description", "third_party", "contact", "dossier"} {
		tag := w.ask(w.follower, "GET", "/actions/"+id, nil).header.Get("ETag")
		if got := w.want(w.ask(w.follower, "PATCH", "/actions/"+id, object{field: "a\x00b"}, "If-Match", tag), 422); got.field(field) != service.CodeControlCharacter {
			t.Errorf("NUL in %s: %s", field, got.body)
		}
	}
}

// B45: senseless dates are refused by field, all at once, and nothing is saved.
func TestDates_that_make_no_sense(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct {
		body   object
		fields map[string]string
	}{
		"a day that does not exist": {object{"start_date": "2026-02-30"}, map[string]string{"start_date": service.CodeNoSuchDay}},
		"the end of time":           {object{"start_date": "9999-12-31"}, map[string]string{"start_date": ""}},
		"year 0":                    {object{"start_date": "0000-00-00"}, map[string]string{"start_date": ""}},
		"another form":              {object{"start_date": "31/02"}, map[string]string{"start_date": service.CodeDateFormat}},
		"a time without its date":   {object{"start_time": "10:00"}, map[string]string{"start_date": "when.time_without_date"}},
		"an end before the start":   {object{"start_date": "2026-11-24", "end_date": "2026-11-23"}, map[string]string{"end_date": "when.end_before_start"}},
		"hour 24":                   {object{"start_date": "2026-11-24", "start_time": "24:00"}, map[string]string{"start_time": service.CodeNoSuchTime}},
		"a skipped time":            {object{"start_date": "2027-03-28", "start_time": "02:30", "time_zone": "Europe/Brussels"}, map[string]string{"start_time": service.CodeSkipped}},
		"an unknown zone":           {object{"start_date": "2026-11-24", "time_zone": "Mars/Olympus"}, map[string]string{"time_zone": service.CodeUnknownZone}},
		"several at once":           {object{"start_date": "x", "due_date": "y", "subject": "a\x00"}, map[string]string{"start_date": service.CodeDateFormat, "due_date": service.CodeDateFormat, "subject": service.CodeControlCharacter}},
		"a wrong kind and user":     {object{"third_party_kind": "enemy", "followed_by": "018f0000-0000-7000-8000-000000000001"}, map[string]string{"third_party_kind": service.CodeThirdPartyKind, "followed_by": service.CodeUnknownUser}},
		"ids that are none":         {object{"followed_by": "1", "type": "2", "follows_up": "3"}, map[string]string{"followed_by": codeID, "type": codeID, "follows_up": codeID}},
	} {
		got := w.want(w.ask(w.peer, "POST", "/actions", test.body), 422)
		for field, code := range test.fields {
			if found := got.field(field); found == "" || code != "" && found != code {
				t.Errorf("%s: %s has %q, want %q: %s", name, field, found, code, got.body)
			}
		}
	}
	if total := w.ask(w.follower, "GET", "/actions", nil).json()["total"]; total != 0.0 {
		t.Errorf("%v actions were saved", total)
	}
	w.want(w.ask(w.follower, "POST", "/actions", object{"start_date": "9998-12-31"}), 201)
	w.want(w.ask(w.follower, "POST", "/actions", object{"start_date": "0001-01-01"}), 201)
}

// B47, S22: what the document does not name is refused, so owner, version, rights and marks cannot be set, and nothing is half done.
func TestBodies_that_are_not_as_the_document_says(t *testing.T) {
	w := newWorld(t)
	id := w.action(w.follower, nil)
	before := string(w.ask(w.follower, "GET", "/actions/"+id, nil).body)
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"not JSON":        {`subject=x`, 400},
		"cut off":         {`{"subject":"x"`, 400},
		"two objects":     {`{"subject":"x"}{}`, 400},
		"a list":          {`[{"subject":"x"}]`, 400},
		"null":            {`null`, 400},
		"deep":            {`{"subject":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, 400},
		"a wrong type":    {`{"subject":"half","start_time":5}`, 422},
		"a field twice":   {`{"subject":"x","subject":"y"}`, 422},
		"capitals":        {`{"Subject":"x"}`, 422},
		"null for a text": {`{"subject":null}`, 422},
		"not UTF-8":       {"{\"subject\":\"\xff\"}", 400},
		"a prototype":     {`{"__proto__":{"private":false}}`, 422},
		"nothing":         {"", 400},
		"blank":           {" ", 400},
	} {
		if got := w.ask(w.follower, "PATCH", "/actions/"+id, test.body, "If-Match", `"1"`); got.status != test.want || !strings.HasPrefix(got.problem().Code, "api.") {
			t.Errorf("%s: %d, want %d: %.200s", name, got.status, test.want, got.body)
		}
	}
	for _, field := range []string{"id", "version", "private", "deleted_at", "created_at", "created_by", "modified_by", "sync", "busy", "may", "follower_name", "user", "owner", "link"} {
		for method, path := range map[string]string{"POST": "/actions", "PATCH": "/actions/" + id, "PUT": "/actions/" + id} {
			got := w.ask(w.follower, method, path, object{"subject": "Mass", field: "x"}, "If-Match", `"1"`)
			if got.status != 422 || got.field(field) != codeUnknownField {
				t.Errorf("%s %s: %d %s", method, field, got.status, got.body)
			}
		}
	}
	for _, kind := range []string{"text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", ""} {
		if got := w.ask(w.follower, "PATCH", "/actions/"+id, object{"subject": "x"}, "If-Match", `"1"`, "Content-Type", kind); got.status != 415 {
			t.Errorf("%q: %d", kind, got.status)
		}
	}
	if got := w.ask(w.follower, "DELETE", "/actions/"+id, object{}, "If-Match", `"1"`); got.status != 400 || got.problem().Code != codeBodyUnwanted {
		t.Errorf("DELETE with a body: %d %s", got.status, got.body)
	}
	if after := string(w.ask(w.follower, "GET", "/actions/"+id, nil).body); after != before {
		t.Errorf("something was half done:\n%s\n%s", before, after)
	}
	if total := w.ask(w.follower, "GET", "/actions?text=mass", nil).json()["total"]; total != 0.0 {
		t.Errorf("%v actions were made", total)
	}
}

// S28: what goes wrong inside is told to the log, and to nobody else.
func TestFaults_reveal_nothing(t *testing.T) {
	w := newWorld(t)
	id := w.action(w.follower, nil)
	w.api.Door = always{w.follower.user} // the database of tokens is closed too
	w.must(w.store.Close())
	for _, got := range []answered{
		w.ask(w.follower, "GET", "/actions/"+id, nil), w.ask(w.follower, "GET", "/actions", nil),
		w.ask(w.follower, "POST", "/actions", object{"subject": "x"}), w.ask(w.follower, "POST", "/actions", object{"subject": "x"}, "Idempotency-Key", "k"),
	} {
		if got.status != 500 || got.problem().Code != codeInternal || strings.Contains(string(got.body), "sql") || strings.Contains(string(got.body), "database") {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if log := w.log.String(); strings.Count(log, "level=ERROR") != 4 || !strings.Contains(log, `route="GET /api/v1/actions/{id}"`) || strings.Contains(log, w.follower.token) {
		t.Errorf("log: %s", log)
	}
}

type always struct{ user crm.User }

func TestNoRoute_and_no_method(t *testing.T) {
	w := newWorld(t)
	if got := w.want(w.ask(w.follower, "GET", "/nothing", nil), 404); got.problem().Code != codeNotFound {
		t.Error(string(got.body))
	}
	if got := w.want(w.ask(w.follower, "PUT", "/actions", nil), 405); got.header.Get("Allow") != "GET, POST" || got.problem().Code != codeMethod {
		t.Errorf("%v %s", got.header, got.body)
	}
	w.want(w.ask(w.follower, "TRACE", "/actions", nil), 405)
	w.want(w.ask(w.follower, "GET", "/../v2/actions", nil), 307) // to the path that it means
	w.want(w.ask(w.follower, "DELETE", "/openapi.json", nil), 405)
	if got := w.ask(w.follower, "HEAD", "/actions", nil); got.status != 200 {
		t.Errorf("HEAD: %d", got.status)
	}
}

// A user who is deactivated, and a token that is revoked or expired, is nobody from then on; a cookie never is anybody.
func TestWho_asks(t *testing.T) {
	w := newWorld(t)
	w.want(w.ask(w.stranger, "GET", "/me", nil), 200)
	for _, headers := range [][]string{
		{"Authorization", "Basic dXNlcjpwYXNz"}, {"Authorization", "Bearer"}, {"Authorization", w.stranger.token}, {"Cookie", "session=" + w.stranger.token},
	} {
		w.want(w.ask(somebody{}, "GET", "/me", nil, headers...), 401)
	}
	w.want(w.ask(w.admin, "PATCH", "/users/"+w.stranger.user.ID.String(), object{"active": false}, "If-Match", `"1"`), 200)
	w.want(w.ask(w.stranger, "GET", "/me", nil), 401)

	tokens := "/users/" + w.peer.user.ID.String() + "/tokens"
	made := w.want(w.ask(w.peer, "POST", tokens, object{"name": "short", "expires_at": w.clock.now().Add(time.Minute).Format(time.RFC3339)}), 201)
	second := somebody{w.peer.user, made.text("secret")}
	w.want(w.ask(second, "GET", "/me", nil), 200)
	if list := w.ask(w.peer, "GET", tokens, nil); strings.Contains(string(list.body), second.token) || strings.Contains(string(list.body), `"secret"`) {
		t.Errorf("a list shows a secret: %s", list.body)
	}
	w.want(w.ask(second, "DELETE", tokens+"/"+made.text("id"), nil), 204)
	w.want(w.ask(second, "GET", "/me", nil), 401)
	if got := w.want(w.ask(w.peer, "POST", tokens, object{"name": "", "expires_at": "yesterday"}), 422); got.field("expires_at") != codeInstant {
		t.Errorf("%s", got.body)
	}
}
