package api

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// target is something for one request to be done to: an action of the follower, his link and what waits for a decision.
type target struct {
	action  string
	version string
	change  string // a row of the action's history
	link    string
	linkTag string
	held    string
	token   string // the follower's
	third   string // a user
}

// routed is one deed that a route does, as a row of docs/permissions.md names it.
type routed struct {
	deed string
	ask  func(w *world, by somebody, on target) answered
}

func ask(method, path string, body any) func(*world, somebody, target) answered {
	return func(w *world, by somebody, on target) answered {
		tag := on.version
		if strings.HasPrefix(path, "/links") {
			tag = on.linkTag
		}
		full := strings.NewReplacer("ACTION", on.action, "CHANGE", on.change, "LINK", on.link, "HELD", on.held, "FOLLOWER", w.follower.user.ID.String(), "TOKEN", on.token).Replace(path)
		return w.ask(by, method, full, body, "If-Match", tag)
	}
}

// reassigned gives the action to somebody by PATCH.
func reassigned(to func(w *world, by somebody, on target) any) func(*world, somebody, target) answered {
	return func(w *world, by somebody, on target) answered {
		return ask("PATCH", "/actions/ACTION", object{"followed_by": to(w, by, on)})(w, by, on)
	}
}

// routeDeeds has every operation of the document. What anybody signed in may do, and what shows each his own, is "anybody".
var routeDeeds = map[string][]routed{
	"list-actions":  {{"list_actions", ask("GET", "/actions?limit=200", nil)}, {"list_actions", ask("GET", "/actions?limit=200&trash=true&text=canary", nil)}},
	"create-action": {{"create_action", ask("POST", "/actions", object{"subject": "New"})}},
	"get-action":    {{"see_action", ask("GET", "/actions/ACTION", nil)}},
	"change-action": {
		{"change_action", ask("PATCH", "/actions/ACTION", object{"dossier": "D-1"})},
		{"change_action", ask("PATCH", "/actions/ACTION", object{})},
		{"reassign_action to a third person", reassigned(func(_ *world, _ somebody, on target) any { return on.third })},
		{"reassign_action to oneself", reassigned(func(_ *world, by somebody, _ target) any { return by.user.ID.String() })},
		{"reassign_action to nobody", reassigned(func(*world, somebody, target) any { return nil })},
	},
	"replace-action": {{"change_action", func(w *world, by somebody, on target) answered {
		body := object{"subject": "Replaced"}
		if follower := w.followerOf(on.action); !follower.IsZero() {
			body["followed_by"] = follower.String()
		}
		return ask("PUT", "/actions/ACTION", body)(w, by, on)
	}}},
	"delete-action": {{"delete_action", ask("DELETE", "/actions/ACTION", nil)}},
	"purge-action": {{"purge_action", func(w *world, by somebody, on target) answered {
		got := w.ask(by, "POST", "/actions/"+on.action+"/purge", nil)
		if got.status == 409 && got.problem().Code == service.CodePurgeEvent {
			got.status = 204 // allowed, but its deletion waits
		}
		return got
	}}},
	"restore-action": {{"restore_action", ask("POST", "/actions/ACTION/restore", nil)}},
	"hide-action": {{"hide_action", func(w *world, by somebody, on target) answered {
		id, err := crm.ParseID[crm.Action](on.action)
		if err != nil {
			w.t.Fatal(err)
		}
		hidden := func(tx *store.Tx) error { return tx.Hide(id, time.Unix(1, 0)) } // so that what it is does not matter
		if err := w.service.Store.Write(w.t.Context(), hidden); err != nil {
			w.t.Fatal(err)
		}
		return w.ask(by, "POST", "/actions/"+on.action+"/hide", nil)
	}}},
	"unhide-action": {{"hide_action", ask("POST", "/actions/ACTION/unhide", nil)}},
	"get-history":   {{"see_history", ask("GET", "/actions/ACTION/history", nil)}},
	"restore-value": {{"change_action", ask("POST", "/actions/ACTION/history/CHANGE/restore", nil)}},
	"get-event":     {{"see_event", ask("GET", "/actions/ACTION/event", nil)}},
	"list-choices":  {{"see_choices", ask("GET", "/choices", nil)}},

	"pull":         {{"pull_calendars", ask("POST", "/pulls", nil)}},
	"get-progress": {{"pull_calendars", ask("GET", "/pulls/latest", nil)}},
	"list-runs":    {{"anybody", ask("GET", "/runs", nil)}},
	"list-held":    {{"anybody", ask("GET", "/held", nil)}},
	"list-links":   {{"anybody", ask("GET", "/links", nil)}},
	"decide":       {{"decide", ask("POST", "/held/HELD/decision", object{"decision": "delete"})}},

	"decide-each": {{"decide", func(w *world, by somebody, on target) answered {
		return w.ask(by, "POST", "/held/"+on.held+"/decisions", object{"decisions": []object{{"action": on.action, "decision": "delete"}}})
	}}},

	"create-link": {{"manage_links", func(w *world, by somebody, _ target) answered {
		return w.ask(by, "POST", "/links", w.linkBody(w.person("for-"+by.user.Login+crm.NewID[crm.User](w.service.IDs).String(), crm.English, crm.RoleUser, crm.Rights{})))
	}}},
	"test-link": {{"manage_links", func(w *world, by somebody, _ target) answered {
		return w.ask(by, "POST", "/links/test", w.linkBody(w.peer))
	}}},
	"plan-link": {{"manage_links", func(w *world, by somebody, _ target) answered {
		return w.ask(by, "POST", "/links/plan", w.linkBody(w.person("for-"+by.user.Login+crm.NewID[crm.User](w.service.IDs).String(), crm.English, crm.RoleUser, crm.Rights{})))
	}}},
	"get-link":           {{"see_link", ask("GET", "/links/LINK", nil)}},
	"change-link":        {{"manage_links of a link", ask("PATCH", "/links/LINK", object{"plain_http": false})}},
	"show-link":          {{"choose_shown", ask("PUT", "/links/LINK/shown", object{"busy": true})}},
	"end-link":           {{"manage_links", ask("DELETE", "/links/LINK", nil)}},
	"set-link-addresses": {{"sync_link", ask("PUT", "/links/LINK/addresses", object{"addresses": []string{}})}},
	"get-link-end":       {{"manage_links", ask("GET", "/links/LINK/end", nil)}},
	"get-link-client":    {{"manage_links", ask("GET", "/links/LINK/client", nil)}},
	"pause-link":         {{"manage_links", ask("POST", "/links/LINK/pause", nil)}},
	"resume-link":        {{"manage_links", ask("POST", "/links/LINK/resume", nil)}},
	"sync-link":          {{"sync_link", ask("POST", "/links/LINK/sync", nil)}},
	"test-saved-link":    {{"manage_links", ask("POST", "/links/LINK/test", nil)}},
	"list-link-runs":     {{"see_link", ask("GET", "/links/LINK/runs", nil)}},
	"list-set-aside":     {{"see_link", ask("GET", "/links/LINK/set-aside", nil)}},

	"get-me": {{"anybody", ask("GET", "/me", nil)}},
	"change-me": {{"anybody", func(w *world, by somebody, _ target) answered {
		return w.ask(by, "PATCH", "/me", object{}, "If-Match", w.userTag(by))
	}}},
	"change-password": {{"anybody", func(w *world, by somebody, _ target) answered { return w.ask(by, "GET", "/me", nil) }}}, // TestPassword
	"list-users":      {{"see_users", ask("GET", "/users", nil)}},
	"get-user":        {{"see_users", ask("GET", "/users/FOLLOWER", nil)}},
	"create-user": {{"manage_users", func(w *world, by somebody, _ target) answered {
		return w.ask(by, "POST", "/users", object{"login": "u" + crm.NewID[crm.User](w.service.IDs).String(), "name": "New"})
	}}},
	"get-open-actions": {{"manage_users", ask("GET", "/users/FOLLOWER/open-actions", nil)}},
	"hand-over": {{"manage_users", func(w *world, by somebody, _ target) answered {
		return w.ask(by, "POST", "/users/"+w.admin.user.ID.String()+"/hand-over", object{"to": w.follower.user.ID.String()})
	}}},
	"delete-user": {{"manage_users", func(w *world, by somebody, _ target) answered {
		made := w.want(w.ask(w.admin, "POST", "/users", object{"login": "d" + crm.NewID[crm.User](w.service.IDs).String(), "name": "Gone"}), 201)
		return w.ask(by, "DELETE", strings.TrimPrefix(made.header.Get("Location"), Prefix), nil, "If-Match", made.header.Get("ETag"))
	}}},
	"change-user": {
		{"change_own_user", func(w *world, by somebody, _ target) answered {
			return w.ask(by, "PATCH", "/users/"+w.follower.user.ID.String(), object{"language": "fr"}, "If-Match", w.userTag(w.follower))
		}},
		{"manage_users", func(w *world, by somebody, _ target) answered {
			return w.ask(by, "PATCH", "/users/"+w.follower.user.ID.String(), object{"name": "Name " + w.clock.now().String()}, "If-Match", w.userTag(w.follower))
		}},
	},
	"list-tokens":  {{"see_tokens", ask("GET", "/users/FOLLOWER/tokens", nil)}},
	"create-token": {{"create_token", ask("POST", "/users/FOLLOWER/tokens", object{"name": "another"})}},
	"revoke-token": {{"revoke_token", ask("DELETE", "/users/FOLLOWER/tokens/TOKEN", nil)}},

	"get-mail":     {{"manage_settings", ask("GET", "/mail", nil)}},
	"get-settings": {{"see_settings", ask("GET", "/settings", nil)}},
	"change-settings": {{"manage_settings", func(w *world, by somebody, _ target) answered {
		tag := w.ask(w.admin, "GET", "/settings", nil).header.Get("ETag")
		return w.ask(by, "PATCH", "/settings", object{"poll_interval_minutes": 7}, "If-Match", tag)
	}}},
}

// canary stands in every text of an action that is private or shown as busy; nobody but its follower may ever read it.
const canary = "canary-7391"

// Those that are shown as busy come from the link of the target, which says so.
var actionKinds = map[string]func(*crm.Action){
	"ordinary":                   func(*crm.Action) {},
	"nobody follows it":          func(a *crm.Action) { a.FollowedBy = crm.UserID{} },
	"private":                    func(a *crm.Action) { a.Private = true },
	"shown as busy":              func(*crm.Action) {},
	"ordinary in the trash":      func(a *crm.Action) { a.DeletedAt = time.Unix(1, 0) },
	"private in the trash":       func(a *crm.Action) { a.Private, a.DeletedAt = true, time.Unix(1, 0) },
	"shown as busy in the trash": func(a *crm.Action) { a.DeletedAt = time.Unix(1, 0) },
}

// secluded reports whether an action of a kind is its follower's alone.
func secluded(kind string) bool { return strings.HasPrefix(kind, "private") || busyKind(kind) }

func busyKind(kind string) bool { return strings.HasPrefix(kind, "shown as busy") }

func (w *world) userTag(of somebody) string {
	return w.ask(w.admin, "GET", "/users/"+of.user.ID.String(), nil).header.Get("ETag")
}

func (w *world) linkOf(id crm.LinkID) (link crm.Link) {
	w.rows(func(tx *store.Tx) (err error) { link, err = tx.Link(id); return err })
	return link
}

func (w *world) followerOf(action string) crm.UserID {
	id, err := crm.ParseID[crm.Action](action)
	w.must(err)
	var found crm.Action
	w.must(w.store.Read(w.t.Context(), func(tx *store.Tx) (err error) { found, err = tx.Action(id); return err }))
	return found.FollowedBy
}

func (w *world) target(kind string) target {
	w.t.Helper()
	var on target
	fields, dossier := object{"subject": "Call"}, "D-2"
	if secluded(kind) {
		fields, dossier = object{"subject": canary, "description": canary, "third_party": canary, "contact": canary, "dossier": canary, "documents": []object{{"title": canary, "url": "https://" + canary + ".example"}}}, canary
	}
	on.action = w.action(w.follower, fields)
	tag := w.want(w.ask(w.follower, "GET", "/actions/"+on.action, nil), 200).header.Get("ETag")
	w.want(w.ask(w.follower, "PATCH", "/actions/"+on.action, object{"dossier": dossier + " twice"}, "If-Match", tag), 200)
	history := w.want(w.ask(w.follower, "GET", "/actions/"+on.action+"/history", nil), 200)
	on.change = history.json()["entries"].([]any)[0].(map[string]any)["id"].(string)
	on.version = `"3"`
	on.third = w.third.user.ID.String()
	links := w.want(w.ask(w.admin, "GET", "/links", nil), 200).json()["links"].([]any)
	for _, link := range links {
		if link := link.(map[string]any); link["user"] == w.follower.user.ID.String() {
			on.link, on.linkTag = link["id"].(string), `"`+strconv.Itoa(int(link["version"].(float64)))+`"`
		}
	}
	if on.link == "" {
		on.link = w.link(w.follower)
		on.linkTag = w.ask(w.admin, "GET", "/links/"+on.link, nil).header.Get("ETag")
	}
	link, err := crm.ParseID[crm.Link](on.link)
	w.must(err)
	if !w.linkOf(link).ShownBusy {
		shown := w.want(w.ask(w.follower, "PUT", "/links/"+on.link+"/shown", object{"busy": true}, "If-Match", on.linkTag), 200)
		on.linkTag = shown.header.Get("ETag")
	}
	w.alter(on.action, func(a *crm.Action) {
		actionKinds[kind](a)
		if busyKind(kind) {
			a.CreatedBy = crm.Actor{Kind: crm.ActorLink, Link: link}
		}
	})
	held := store.Held{ID: crm.NewID[store.Held](w.service.IDs), Kind: service.HeldDeletions, CreatedAt: w.clock.now()}
	held.Link = link
	id, err := crm.ParseID[crm.Action](on.action)
	w.must(err)
	held.Subject.Actions = []crm.ActionID{id}
	w.rows(func(tx *store.Tx) error { return tx.InsertHeld(held) })
	on.held = held.ID.String()
	made, _, err := w.service.CreateToken(w.t.Context(), w.follower.caller(), service.TokenInput{Name: "to be revoked"})
	w.must(err)
	w.must(w.service.RevokeToken(w.t.Context(), w.follower.caller(), w.follower.user.ID, made.ID)) // so that not too many are in force
	on.token = made.ID.String()
	return on
}

// permissionCells reads docs/permissions.md: the cells of a deed and what it is done to, by person.
func permissionCells(t *testing.T) map[string]map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]map[string][]string{}
	for line := range strings.Lines(string(text)) {
		row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(row[0], "---") || row[0] == "deed" {
			continue
		}
		for deed := range strings.SplitSeq(row[0], ", ") {
			for about := range strings.SplitSeq(row[1], ", ") {
				if cells[deed] == nil {
					cells[deed] = map[string][]string{}
				}
				cells[deed][about] = row[2:]
			}
		}
	}
	return cells
}

// S18, S20: every route, by everybody, on everything, answers as docs/permissions.md says.
func TestRoutes_answer_as_the_permissions_say(t *testing.T) {
	w := newWorld(t)
	cells := permissionCells(t)
	for _, id := range w.operations() {
		if len(routeDeeds[id]) == 0 {
			t.Errorf("%s is not in the table of this test: what does it do?", id)
		}
		for _, does := range routeDeeds[id] {
			byKind := cells[does.deed]
			onActions := byKind["ordinary"] != nil
			kinds := []string{"private", "shown as busy"}
			if onActions {
				kinds = slices.Sorted(maps.Keys(actionKinds))
			}
			for _, kind := range kinds {
				for i, by := range []somebody{w.follower, w.peer, w.stranger, w.admin} {
					var want string
					switch {
					case onActions:
						want = byKind[kind][i]
					case does.deed == "anybody":
						want = "yes"
					case does.deed == "manage_links of a link": // what is not shown is not said to be another's either
						want = map[int]string{0: "no", 1: "hidden", 2: "hidden", 3: "yes"}[i]
					default:
						want = slices.Collect(maps.Values(byKind))[0][map[int]int{0: 0, 1: 1, 2: 1, 3: 2}[i]]
					}
					on := w.target(kind)
					got := does.ask(w, by, on)
					if !answersAs(want, got) {
						t.Errorf("%s (%s) by the %s on %q: %d %.200s, want %s", id, does.deed, by.user.Login, kind, got.status, got.body, want)
					}
					if i > 0 && secluded(kind) && strings.Contains(string(got.body), canary) {
						t.Errorf("%s by the %s on %q shows what is private: %s", id, by.user.Login, kind, got.body)
					}
				}
			}
		}
	}
	if strings.Contains(w.log.String(), canary) {
		t.Error("the log holds the text of an action")
	}
}

func answersAs(want string, got answered) bool {
	switch want {
	case "yes":
		return got.status/100 == 2
	case "busy":
		return got.status == 200 && got.json()["busy"] == true && got.json()["subject"] == "" && got.json()["sync"] == nil
	case "no":
		return got.status == 403 && strings.HasPrefix(got.problem().Code, "permission.")
	default:
		return got.status == 404 && got.problem().Code == codeNotFound
	}
}

// operations are the ids of all operations of the document.
func (w *world) operations() []string {
	text := w.api.Document()
	var document struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	w.must(json.Unmarshal(text, &document))
	var ids []string
	for _, methods := range document.Paths {
		for _, operation := range methods {
			ids = append(ids, operation.OperationID)
		}
	}
	slices.Sort(ids)
	return ids
}

// S18, S19: an id that was guessed, or is none, is answered like one that is hidden, by every route that takes one; and without
// a token nobody learns even that.
func TestRoutes_guessed_ids_and_missing_tokens(t *testing.T) {
	w := newWorld(t)
	text := w.api.Document()
	var document struct{ Paths map[string]map[string]any }
	w.must(json.Unmarshal(text, &document))
	guesses := []string{"018f0000-0000-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000", "1", "..%2F..%2Fetc%2Fpasswd", "%27%20OR%201=1--", "me", "null"}
	for path, methods := range document.Paths {
		for method := range methods {
			method = strings.ToUpper(method)
			real := strings.NewReplacer("{id}", w.follower.user.ID.String(), "{change}", guesses[0], "{token}", guesses[0]).Replace(path)
			for name, by := range map[string]somebody{"nobody": {}, "a wrong token": {token: "agenda_wrong"}} {
				got := w.ask(by, method, real, nil)
				if got.status != 401 || got.problem().Code != codeSignedOut || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
					t.Errorf("%s %s by %s: %d %s", method, path, name, got.status, got.body)
				}
			}
			if !strings.Contains(path, "{") {
				continue
			}
			for _, guess := range guesses {
				var body any
				if method != "GET" && method != "DELETE" && !strings.HasSuffix(path, "/restore") && !strings.HasSuffix(path, "/purge") && !strings.HasSuffix(path, "/poll") && !strings.HasSuffix(path, "hide") && (!strings.HasPrefix(path, "/links/{id}/") || method == "PUT") {
					body = object{}
				}
				got := w.ask(w.admin, method, strings.NewReplacer("{id}", guess, "{change}", guess, "{token}", guess).Replace(path), body, "If-Match", `"1"`)
				if got.status != 404 && !(got.status == 403 && strings.Contains(path, "tokens")) && !(got.status == 422 && strings.Contains(path, "tokens")) {
					t.Errorf("%s %s with %q: %d %s", method, path, guess, got.status, got.body)
				}
			}
		}
	}
}
