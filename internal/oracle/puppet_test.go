package oracle

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/sandbox"
)

// puppet is a small two-way sync of its own, right by default and wrong in one way when told so: what the judge is judged with.
// C is a map, K is the sandbox.
type puppet struct {
	t       *testing.T
	wrong   string
	policy  Policy
	random  *rand.Rand
	clock   time.Time
	server  *sandbox.Server
	people  map[string]*sandbox.Human
	actions map[string]*action
	order   []string
	commits []Commit
	value   int // values written so far: each is another
	rows    int
	asked   int
}

type action struct {
	id, follower string
	units        Units
	base         Units // what both sides last agreed on
	trashed      bool
	name         string // of its event; "" without one
	uid, etag    string
	at           string // user in whose calendar its event is
	field        bool   // a person changed something that does not travel, since both sides agreed
	history      []Entry
	sending      bool  // an event was sent and no answer came
	leaving      bool  // a deletion was sent and no answer came
	maybe        bool  // a change was sent and no answer came
	sent         Units // what was sent then
	kept         bool  // its event was deleted, and it stays without one
}

var length = 30 * time.Minute

func newPuppet(t *testing.T, seed uint64, wrong string) *puppet {
	p := &puppet{t: t, wrong: wrong, random: rand.New(rand.NewPCG(seed, 1)), clock: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), actions: map[string]*action{}, people: map[string]*sandbox.Human{}}
	manners := sandbox.Plain()
	if p.random.IntN(3) == 0 {
		manners = sandbox.Radicale() // stores a form of its own
	}
	manners.Mails = true
	if p.random.IntN(3) == 0 {
		p.policy = PolicyCalendar
	}
	server, err := sandbox.Open("", sandbox.Options{Now: func() time.Time { return p.clock }, Manners: manners})
	if err != nil {
		t.Fatal(err)
	}
	p.server = server
	for _, user := range []string{"alice", "bob"} {
		p.must(server.SetUser(sandbox.User{Name: user, Password: "secret"}))
		p.must(server.SetCalendar(sandbox.Calendar{Owner: user, Name: "c"}))
		p.people[user] = server.Human(user, "phone")
	}
	return p
}

func (p *puppet) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *puppet) next() int { p.value++; return p.value }

// when is another time at each call: with an end, or with a start only.
func (p *puppet) when() When {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(p.next()) * time.Hour)
	w := When{StartDate: at.Format(dateForm), StartTime: at.Format("15:04"), Zone: "Europe/Brussels"}
	if p.random.IntN(2) == 0 {
		end := at.Add(45 * time.Minute)
		w.EndDate, w.EndTime = end.Format(dateForm), end.Format("15:04")
	}
	return w
}

// ---- events as text

func (w When) lines(t *testing.T) (start, end string) {
	form := func(date, clock string) string {
		return strings.NewReplacer("-", "", ":", "").Replace(date+"T"+clock) + "00"
	}
	begin, err := time.Parse("2006-01-02 15:04", w.StartDate+" "+w.StartTime)
	if err != nil {
		t.Fatal(err)
	}
	finish := begin.Add(length)
	if w.EndDate != "" {
		finish, _ = time.Parse("2006-01-02 15:04", w.EndDate+" "+w.EndTime)
	}
	return "DTSTART;TZID=Europe/Brussels:" + form(w.StartDate, w.StartTime), "DTEND;TZID=Europe/Brussels:" + form(finish.Format(dateForm), finish.Format("15:04"))
}

func (p *puppet) text(uid string, u Units, more ...string) string {
	start, end := u.When.lines(p.t)
	lines := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20260101T000000Z", start, end, "SUMMARY:" + u.Subject, "DESCRIPTION:" + u.Description}, more...)
	return strings.Join(append(lines, "END:VEVENT", "END:VCALENDAR", ""), "\r\n")
}

func setRow(body, line string) string {
	name, _, _ := strings.Cut(strings.Replace(line, ";", ":", 1), ":")
	return regexp.MustCompile(`(?m)^`+name+`[;:].*\r$`).ReplaceAllLiteralString(body, line+"\r")
}

// unitsOf reads an event; an end that a start-only action's event was given by default stays made up.
func (p *puppet) unitsOf(body string, known Units) Units {
	u := Units{}
	row := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + `[;:](?:.*:)?(.*)\r$`).FindStringSubmatch(body)
		if found == nil {
			return ""
		}
		return found[1]
	}
	u.Subject, u.Description = row("SUMMARY"), row("DESCRIPTION")
	start, _ := time.Parse("20060102T150405", row("DTSTART"))
	end, _ := time.Parse("20060102T150405", row("DTEND"))
	u.When = When{StartDate: start.Format(dateForm), StartTime: start.Format("15:04"), EndDate: end.Format(dateForm), EndTime: end.Format("15:04"), Zone: "Europe/Brussels"}
	if end.Sub(start) == length && (known.When.EndDate == "" && !known.When.None()) && p.wrong != "made-up end flows back" {
		u.When.EndDate, u.When.EndTime = "", ""
	}
	return u
}

// ---- people

func (p *puppet) commit(c Commit) {
	writes := p.server.Writes(1)
	c.After, c.At = len(writes), p.clock
	p.commits = append(p.commits, c)
}

func (p *puppet) note(a *action, entry Entry) {
	p.rows++
	if entry.Conflict && p.wrong == "loser not kept" {
		return
	}
	a.history = append(a.history, entry)
}

// set changes an action's units, and keeps what they were.
func (p *puppet) set(a *action, now Units, entry Entry) {
	for _, unit := range units {
		if now.show(unit) != a.units.show(unit) {
			row := entry
			row.Unit, row.Before, row.After = unit, a.units, now
			p.note(a, row)
		}
	}
	a.units = now
}

func (p *puppet) editC(user string) {
	var mine []*action
	for _, id := range p.order {
		if a := p.actions[id]; a.follower == user {
			mine = append(mine, a)
		}
	}
	if len(mine) == 0 || p.random.IntN(4) == 0 {
		id := fmt.Sprintf("a%d", len(p.order)+1)
		a := &action{id: id, follower: user, at: user, units: Units{fmt.Sprintf("s%d", p.next()), fmt.Sprintf("d%d", p.next()), p.when()}}
		p.actions[id], p.order = a, append(p.order, id)
		p.commit(Commit{Action: id, Kind: Create, Follower: user, Values: a.units})
		return
	}
	a := mine[p.random.IntN(len(mine))]
	if a.trashed {
		a.trashed, a.kept = false, false
		p.commit(Commit{Action: a.id, Kind: Restore, Follower: user, Before: a.units, Values: a.units})
		return
	}
	before, now := a.units, a.units
	switch p.random.IntN(8) {
	case 5:
		now.When = When{}
	case 6:
		a.field = true
	case 7:
		other := map[string]string{"alice": "bob", "bob": "alice"}[user]
		a.follower = other
		p.commit(Commit{Action: a.id, Kind: Reassign, Follower: other, Before: before, Values: before})
		return
	case 0:
		a.trashed = true
		p.commit(Commit{Action: a.id, Kind: Delete, Follower: user, Before: before, Values: before})
		return
	case 1, 2:
		now.Subject = fmt.Sprintf("s%d", p.next())
	case 3:
		now.Description = fmt.Sprintf("d%d", p.next())
	case 4:
		now.When = p.when()
	}
	if now != before {
		a.kept = false
	}
	p.set(a, now, Entry{})
	p.commit(Commit{Action: a.id, Kind: Change, Follower: user, Before: before, Values: now})
}

func (p *puppet) editK(user string) {
	phone := p.people[user]
	items, err := phone.Items("c")
	p.must(err)
	if len(items) == 0 || p.random.IntN(4) == 0 {
		n := p.next()
		_, err := phone.Put("c", fmt.Sprintf("k%d.ics", n), p.text(fmt.Sprintf("k%d", n), Units{fmt.Sprintf("s%d", n), fmt.Sprintf("d%d", p.next()), p.when()}, "LOCATION:there", "X-OWN;P=1:kept"), "*")
		p.must(err)
		return
	}
	item := items[p.random.IntN(len(items))]
	body := item.Body
	switch p.random.IntN(6) {
	case 0:
		p.must(phone.Delete("c", item.Name(), item.ETag))
		return
	case 1, 2:
		body = setRow(body, fmt.Sprintf("SUMMARY:s%d", p.next()))
	case 3:
		body = setRow(body, fmt.Sprintf("DESCRIPTION:d%d", p.next()))
	case 4:
		w := p.when()
		w.EndDate, w.EndTime = w.StartDate, w.StartTime[:2]+":50"
		start, end := w.lines(p.t)
		body = setRow(setRow(body, start), end)
	case 5:
		body = strings.Replace(body, "END:VEVENT", fmt.Sprintf("X-LINE-%d:unmapped\r\nEND:VEVENT", p.next()), 1)
	}
	_, err = phone.Put("c", item.Name(), body, item.ETag)
	p.must(err)
}

// ---- the engine

// send writes to the server as the engine; it reports the status, 0 when the answer was lost, and the ETag.
func (p *puppet) send(user, method, name, body, header, value string) (int, string) {
	p.asked++
	request, err := http.NewRequestWithContext(p.t.Context(), method, "http://k.invalid"+p.server.CalendarPath(user, "c")+name, strings.NewReader(body))
	p.must(err)
	request.SetBasicAuth(user, "secret")
	if value != "" {
		request.Header.Set(header, value)
	}
	response, err := p.server.Transport().RoundTrip(request)
	if err != nil {
		return 0, ""
	}
	_, err = io.Copy(io.Discard, response.Body)
	p.must(err)
	return response.StatusCode, response.Header.Get("ETag")
}

// sync runs one user's link once, and reports whether it did anything.
func (p *puppet) sync(user string) bool {
	before := len(p.server.Writes(1)) + p.rows + len(p.order)
	items, err := p.people[user].Items("c")
	p.must(err)
	p.asked++
	listed := map[string]sandbox.Item{}
	for _, item := range items {
		listed[item.Name()] = item
	}
	if p.wrong == "deletion from absence" && p.random.IntN(4) == 0 {
		listed = map[string]sandbox.Item{}
	}
	bound := map[string]bool{}
	for _, id := range p.order {
		a := p.actions[id]
		if a.at == user && a.follower != user {
			bound[a.name] = true // on its way to another calendar
		}
		if a.follower != user {
			continue
		}
		if a.name != "" && a.at != user {
			p.move(user, a)
			bound[a.name] = true
			continue
		}
		bound[a.name] = true
		item, there := listed[a.name]
		p.one(user, a, item, there && a.name != "")
		bound[a.name] = true // also what was just made
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !bound[name] || (p.wrong == "action twice" && p.random.IntN(8) == 0) {
			item := listed[name]
			id := fmt.Sprintf("a%d", len(p.order)+1)
			values := p.unitsOf(item.Body, Units{})
			a := &action{id: id, follower: user, units: values, base: values, name: name, uid: item.UID, etag: item.ETag, at: user}
			if p.wrong == "another's values" && user == "alice" {
				a.follower = "bob"
			}
			p.actions[id], p.order = a, append(p.order, id)
			p.commit(Commit{ByEngine: true, Action: id, Kind: Create, Follower: a.follower, Values: values})
		}
	}
	return len(p.server.Writes(1))+p.rows+len(p.order) != before
}

// move takes an action's event to its follower's calendar: made there, then deleted where it was. Nothing comes between.
func (p *puppet) move(user string, a *action) {
	p.server.Heal("")
	old, err := p.people[a.at].Get("c", a.name)
	there := err == nil
	if a.sending && there {
		a.sending, a.etag, a.base = false, "", a.sent
	}
	from := a.at
	if !there && !a.trashed && !a.sending && !a.leaving && a.units == a.base {
		p.commit(Commit{ByEngine: true, Action: a.id, Kind: Detach, Href: p.server.CalendarPath(from, "c") + a.name, UID: a.uid})
		a.at, a.name, a.kept = "", "", true // deleted there: it stays without an event
		return
	}
	if !there && !a.trashed && !a.leaving && !a.sending {
		p.note(a, Entry{Unit: Subject, Before: a.units, After: a.units, Deletion: true})
	}
	a.sending, a.leaving = false, false
	if there {
		remote := p.remote(a, old)
		if a.trashed && remote != a.base {
			p.note(a, Entry{Unit: Subject, Before: remote, After: remote, Deletion: true})
			a.trashed = false
		}
		p.combine(a, remote)
	}
	name := a.name
	a.at, a.name = "", ""
	if !a.trashed && !a.units.When.None() {
		p.make(user, a)
	}
	if there {
		p.send(from, http.MethodDelete, name, "", "If-Match", old.ETag)
	}
}

// remote is what an event says, as far as it is another's doing.
func (p *puppet) remote(a *action, item sandbox.Item) Units {
	if item.ETag == a.etag {
		return a.base
	}
	remote := p.unitsOf(item.Body, a.base)
	if own := p.unitsOf(item.Body, a.units); own.When == a.units.When {
		remote.When = own.When // what was sent, made-up end and all
	}
	if a.maybe { // what may have arrived did, where it is found
		if own := p.unitsOf(item.Body, a.sent); own.When == a.sent.When {
			remote.When = own.When
		}
		for _, unit := range units {
			if remote.show(unit) == a.sent.show(unit) {
				a.base = a.base.with(unit, remote)
			}
		}
	}
	a.maybe = false
	return remote
}

// combine is the three-way merge; the action holds the result.
func (p *puppet) combine(a *action, remote Units) Units {
	merged := a.units
	for _, unit := range units {
		c, k, b := a.units.show(unit), remote.show(unit), a.base.show(unit)
		switch {
		case c == k || k == b:
		case c == b, p.wrong == "the wrong side wins", p.policy == PolicyCalendar:
			if c != b {
				p.note(a, Entry{Unit: unit, Before: a.units, After: remote, Conflict: true})
			}
			merged = merged.with(unit, remote)
		default:
			p.note(a, Entry{Unit: unit, Before: remote, After: a.units, Conflict: true})
			if p.wrong == "told twice" {
				p.note(a, Entry{Unit: unit, Before: remote, After: a.units, Conflict: true})
			}
		}
	}
	if p.wrong == "whole items merged" && a.units != a.base && remote != a.base {
		merged = a.units
	}
	if merged != a.units {
		before := a.units
		p.set(a, merged, Entry{})
		p.commit(Commit{ByEngine: true, Action: a.id, Kind: Change, Follower: a.follower, Before: before, Values: merged})
	}
	a.base, a.field = remote, false
	return merged
}

// one brings an action and its event together.
func (p *puppet) one(user string, a *action, item sandbox.Item, there bool) {
	switch {
	case a.name == "" && (a.trashed || a.kept || a.units.When.None()):
	case a.name == "":
		p.make(user, a)
	case a.sending && there: // the answer was lost, and it is there: ours
		a.sending, a.etag, a.base = false, "", a.sent
		p.one(user, a, item, there)
	case a.sending && (a.trashed || a.units.When.None()):
		a.sending, a.name = false, ""
	case a.sending:
		p.make(user, a)
	case there:
		p.merge(user, a, item)
	case a.trashed, a.units.When.None(): // gone on both sides
		a.name, a.leaving = "", false
	case a.leaving: // by ourselves, and wanted back since
		a.name, a.leaving = "", false
		p.make(user, a)
	case a.units != a.base && p.wrong != "deletion beats a change": // a change beats a deletion
		p.note(a, Entry{Unit: Subject, Before: a.units, After: a.units, Deletion: true})
		a.name = ""
		p.make(user, a)
	case a.field && p.wrong != "deletion beats a change": // a person changed it, and there is nothing to send
		p.commit(Commit{ByEngine: true, Action: a.id, Kind: Detach, Href: p.server.CalendarPath(user, "c") + a.name, UID: a.uid})
		a.name, a.kept = "", true
	default:
		a.trashed = true
		p.commit(Commit{ByEngine: true, Action: a.id, Kind: Trash, Href: p.server.CalendarPath(user, "c") + a.name, UID: a.uid})
		a.name = ""
		if p.wrong == "trash forgets" {
			a.units = Units{}
		}
	}
}

// make puts a new event.
func (p *puppet) make(user string, a *action) {
	if a.name == "" || p.wrong == "second after a lost answer" {
		a.uid = fmt.Sprintf("%s-%d", a.id, p.next())
		a.name = a.uid + ".ics"
	}
	condition := "*"
	if p.wrong == "no If-None-Match" {
		condition = ""
	}
	more := []string{}
	if p.wrong == "mails" {
		more = []string{"ORGANIZER:mailto:alice@example.com", "ATTENDEE:mailto:guest@example.org"}
	}
	sent := a.units
	if p.wrong == "invents" {
		sent.Description = "invented"
	}
	a.sending, a.sent, a.at = true, sent, user
	status, etag := p.send(user, http.MethodPut, a.name, p.text(a.uid, sent, more...), "If-None-Match", condition)
	if p.wrong == "second after a lost answer" && status == 0 {
		a.sending = false
		a.name = ""
	}
	if status == 201 || status == 204 {
		a.sending, a.etag, a.base = false, etag, a.units
	}
}

// merge is the three-way merge of an action and its event.
func (p *puppet) merge(user string, a *action, item sandbox.Item) {
	a.leaving = false
	remote := p.remote(a, item)
	if a.trashed {
		if remote != a.base && p.wrong != "deletion beats a change" {
			p.note(a, Entry{Unit: Subject, Before: remote, After: remote, Deletion: true})
			a.trashed = false
		} else if status, _ := p.send(user, http.MethodDelete, a.name, "", "If-Match", p.match(item.ETag)); status == 204 || status == 200 {
			a.name = ""
			return
		} else {
			a.leaving = status == 0
			return
		}
	}
	if p.wrong == "deletes without a cause" && p.random.IntN(10) == 0 {
		p.send(user, http.MethodDelete, a.name, "", "If-Match", item.ETag)
		a.name, a.trashed = "", true
		return
	}
	merged := p.combine(a, remote)
	a.etag = item.ETag
	if merged.When.None() { // cleared: its event goes
		if status, _ := p.send(user, http.MethodDelete, a.name, "", "If-Match", p.match(item.ETag)); status == 204 || status == 200 {
			a.name, a.at = "", ""
		} else {
			a.leaving = status == 0
		}
		return
	}
	if p.wrong == "never still" {
		p.send(user, http.MethodPut, a.name, setRow(item.Body, fmt.Sprintf("DTSTAMP:20260101T%06dZ", p.next())), "If-Match", item.ETag)
		return
	}
	if merged == remote {
		return
	}
	if p.wrong == "never pushed" && p.random.IntN(3) == 0 {
		a.base = merged
		return
	}
	body := item.Body
	start, end := merged.When.lines(p.t)
	for unit, lines := range map[Unit][]string{Subject: {"SUMMARY:" + merged.Subject}, Description: {"DESCRIPTION:" + merged.Description}, Time: {start, end}} {
		if merged.show(unit) != remote.show(unit) {
			for _, line := range lines {
				body = setRow(body, line)
			}
		}
	}
	if p.wrong == "unmapped line dropped" {
		body = regexp.MustCompile(`(?m)^X-.*\r\n`).ReplaceAllString(body, "")
	}
	if p.wrong == "base before the answer" {
		a.base = merged
	}
	status, etag := p.send(user, http.MethodPut, a.name, body, "If-Match", p.match(item.ETag))
	if status == 204 || status == 201 {
		a.base, a.etag = merged, etag
	}
	if status == 0 && p.wrong != "own write taken as an edit" {
		a.maybe, a.sent = true, merged
	}
}

func (p *puppet) match(etag string) string {
	if p.wrong == "no If-Match" {
		return ""
	}
	return etag
}

func (u Units) with(unit Unit, other Units) Units {
	switch unit {
	case Subject:
		u.Subject = other.Subject
	case Description:
		u.Description = other.Description
	case Time:
		u.When = other.When
	}
	return u
}

// play runs a history and gives it to the judge: edits on both sides, syncs between them, faults, and rest at the end.
func play(t *testing.T, seed uint64, wrong string) Report {
	t.Helper()
	report, p := playOn(t, seed, wrong)
	if wrong == "" && len(report.Violations) > 0 {
		t.Log("\n" + p.history().Story())
	}
	return report
}

func playOn(t *testing.T, seed uint64, wrong string) (Report, *puppet) {
	p := newPuppet(t, seed, wrong)
	users := []string{"alice", "bob"}
	for range 10 + p.random.IntN(40) {
		user := users[p.random.IntN(2)]
		p.clock = p.clock.Add(time.Minute)
		switch p.random.IntN(5) {
		case 0, 1:
			p.editC(user)
		case 2:
			p.editK(user)
		case 3:
			if p.random.IntN(3) == 0 {
				p.server.Plan(sandbox.Fault{Times: 1, Do: sandbox.Effect{Reset: []sandbox.Moment{sandbox.Before, sandbox.After}[p.random.IntN(2)]}})
			}
			p.sync(user)
		case 4:
			if p.random.IntN(3) == 0 { // a person comes between
				p.server.Plan(sandbox.Fault{Times: 1, Do: sandbox.Effect{First: func() { p.editK(user) }}})
			}
			p.sync(user)
		}
	}
	p.server.Heal("")
	settled := map[string]Settled{}
	for _, user := range users {
		rounds := 0
		for p.sync(user) && rounds < 10 {
			rounds++
		}
		settled[user] = Settled{Done: rounds < 10, Rounds: min(rounds, 3)}
	}
	writes, rows := len(p.server.Writes(1)), p.rows
	p.asked = 0
	for range 2 {
		for _, user := range users {
			p.sync(user)
		}
	}
	quiet := JudgeQuiet(Quiet{Rounds: 2, Links: 2, Writes: len(p.server.Writes(1)) - writes, HistoryRows: p.rows - rows, Requests: p.asked})
	return Add(Judge(p.history()), quiet, JudgeSettling(Settling{settled})), p
}

func (p *puppet) history() History {
	h := History{
		Links:   []Link{{User: "alice", Calendar: p.server.CalendarPath("alice", "c"), Policy: p.policy}, {User: "bob", Calendar: p.server.CalendarPath("bob", "c"), Policy: p.policy}},
		Commits: p.commits, DefaultDurations: []time.Duration{length},
	}
	for _, write := range p.server.Writes(1) {
		h.Writes = append(h.Writes, Write(write))
	}
	for _, id := range p.order {
		a := p.actions[id]
		h.Actions = append(h.Actions, Action{ID: id, Follower: a.follower, Trashed: a.trashed, Synced: a.name != "" && !a.trashed && !a.units.When.None(), Values: a.units, History: a.history})
	}
	return h
}
