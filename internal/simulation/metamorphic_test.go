package simulation

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

var relations = flag.Int("relations", 20, "how many histories are played in several ways that must end alike")

// calm is a history without faults: edits, and rounds in which both sides come to rest. It can be played in several ways that
// must end alike, because what each edit had seen is the same in all.
type calm struct {
	seed  uint64
	wins  crm.ConflictPolicy
	moves []move
}

// move is one edit of one item on one side, or a round. Its value is its own.
type move struct {
	side  byte // 'C' or 'K'; 0 for a round
	item  int
	what  string
	value int
}

// drawCalm draws a history. Between two rounds each side does one thing at most to an item.
func drawCalm(seed uint64) calm {
	random := rand.New(rand.NewPCG(seed, 8))
	h := calm{seed: seed, wins: []crm.ConflictPolicy{crm.CRMWins, crm.CalendarWins}[random.IntN(2)]}
	items, value := 0, 0
	for range 4 + random.IntN(8) {
		done := map[string]bool{}
		for range 1 + random.IntN(6) {
			value++
			m := move{side: "CK"[random.IntN(2)], value: value}
			if items == 0 || random.IntN(4) == 0 {
				m.item, m.what = items, "create"
				items++
			} else {
				m.item = random.IntN(items)
				m.what = []string{"subject", "subject", "description", "when", "when", "delete"}[random.IntN(6)]
				if last := len(h.moves) - 1; last >= 0 && h.moves[last].side != 0 && random.IntN(2) == 0 {
					m.side, m.item = 'C'+'K'-h.moves[last].side, h.moves[last].item // both sides at once
				}
			}
			key := fmt.Sprint(string(m.side), m.item)
			if done[key] {
				continue
			}
			done[key] = true
			h.moves = append(h.moves, m)
		}
		h.moves = append(h.moves, move{})
	}
	return h
}

// mirrored is the same history with the sides changed over, and whose value stays too.
func (h calm) mirrored() calm {
	h.moves = slices.Clone(h.moves)
	for i, m := range h.moves {
		switch m.side {
		case 'C':
			h.moves[i].side = 'K'
		case 'K':
			h.moves[i].side = 'C'
		}
	}
	h.wins = map[crm.ConflictPolicy]crm.ConflictPolicy{crm.CRMWins: crm.CalendarWins, crm.CalendarWins: crm.CRMWins}[h.wins]
	return h
}

// slowed has rounds wherever they change nothing of what an edit has seen: after another, and between edits of one side where the other
// did nothing since the last round.
func (h calm) slowed() calm {
	var moves []move
	for i := 0; i < len(h.moves); {
		end := i
		sides := map[byte]bool{}
		for ; h.moves[end].side != 0; end++ {
			sides[h.moves[end].side] = true
		}
		for _, m := range h.moves[i : end+1] {
			moves = append(moves, m)
			if len(sides) < 2 {
				moves = append(moves, move{})
			}
		}
		i = end + 1
	}
	h.moves = moves
	return h
}

// manner is a way to play a history.
type manner struct {
	nodes   int
	rename  string // before the names of resources and in UIDs
	paged   int
	upside  bool // listings come last first
	profile int
}

// TestRelations_what_must_not_matter_does_not: the same history ends the same whichever side is which, with more rounds between
// its edits, with other names, listings in another order or in pages, and with more nodes.
func TestRelations_what_must_not_matter_does_not(t *testing.T) {
	onStage(t, func(on *stage) {
		for seed := *from; seed < *from+uint64(*relations); seed++ {
			h := drawCalm(seed)
			usual := on.playCalm(h, manner{nodes: 1})
			for _, other := range []struct {
				name string
				play func() string
			}{
				{"the sides changed over", func() string { return on.playCalm(h.mirrored(), manner{nodes: 1}) }},
				{"more rounds", func() string { return on.playCalm(h.slowed(), manner{nodes: 1}) }},
				{"other UIDs and hrefs", func() string { return on.playCalm(h, manner{nodes: 1, rename: "zz-"}) }},
				{"listings the other way", func() string { return on.playCalm(h, manner{nodes: 1, upside: true}) }},
				{"pages of two", func() string { return on.playCalm(h, manner{nodes: 1, paged: 2}) }},
				{"three nodes", func() string { return on.playCalm(h, manner{nodes: 3}) }},
				{"a server as Radicale is", func() string { return on.playCalm(h, manner{nodes: 1, profile: profileCalled("radicale")}) }},
				{"a server as Nextcloud is", func() string { return on.playCalm(h, manner{nodes: 1, profile: profileCalled("nextcloud-32")}) }},
			} {
				if got := other.play(); got != usual {
					on.Errorf("seed %d, %s, policy %s: %v\ngot\n%s\nwant\n%s", seed, other.name, h.wins, h.moves, got, usual)
				}
			}
		}
	})
}

func profileCalled(name string) int {
	return slices.IndexFunc(sandbox.Profiles, func(p sandbox.Profile) bool { return p.Name == name })
}

// playCalm plays a history, has it judged, and tells how it ended: what stands in the CRM, what stands in the calendar, and what
// lost a conflict.
func (on *stage) playCalm(h calm, as manner) string {
	p := plan{Seed: h.seed, Links: 1, Nodes: as.nodes, Policy: h.wins, Profile: as.profile, Tested: true}
	w := on.newWorld(p, false)
	defer w.close()
	w.server.Behave(func(m *sandbox.Manners) { m.Backwards, m.PageSize = as.upside, as.paged })
	random := rand.New(rand.NewPCG(h.seed, 9))
	w.round(random)
	for _, m := range h.moves {
		switch m.side {
		case 'C':
			w.typeCalm(m)
		case 'K':
			w.pass(1100 * time.Millisecond)
			w.writeCalm(m, as.rename)
		default:
			w.pass(time.Minute)
			w.round(random)
		}
	}
	if report := w.rest(p); len(report.Violations) > 0 {
		on.Errorf("seed %d, %+v: %v: %s", h.seed, as, h.moves, report.String())
	}
	return w.ending()
}

func calmTime(value int) time.Time {
	return time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC).AddDate(0, 0, value)
}

// mentions reports whether a subject and description are those of an item: they carry its number.
func mentions(item int, subject, description string) bool {
	return strings.HasPrefix(subject, fmt.Sprintf("s%d.", item)) || strings.HasPrefix(description, fmt.Sprintf("d%d.", item))
}

// typeCalm is an edit in the CRM; of what is not there, none.
func (w *world) typeCalm(m move) {
	by := w.people[0]
	subject, description := fmt.Sprintf("s%d.%d", m.item, m.value), fmt.Sprintf("d%d.%d", m.item, m.value)
	at := calmTime(m.value)
	var in service.ActionInput
	when := func() {
		in.StartDate, in.StartTime, in.EndDate, in.EndTime = at.Format("2006-01-02"), at.Format("15:04"), at.Format("2006-01-02"), at.Add(time.Hour).Format("15:04")
	}
	if m.what == "create" {
		in = service.ActionInput{Subject: subject, Description: description, FollowedBy: by.User.ID}
		when()
		after, err := w.service.Create(w.ctx, by, in)
		must(err)
		w.order = append(w.order, after.ID)
		w.typed(by, oracle.Commit{Kind: oracle.Create, Follower: by.User.Login}, after)
		return
	}
	for _, id := range w.order {
		action := w.known[id].action
		if action.Deleted() || !mentions(m.item, action.Subject, action.Description) {
			continue
		}
		commit := oracle.Commit{Kind: oracle.Change, Follower: by.User.Login, Before: unitsOf(action.Units)}
		in = service.InputOf(action)
		switch m.what {
		case "subject":
			in.Subject = subject
		case "description":
			in.Description = description
		case "when":
			when()
		case "delete":
			after, err := w.service.Delete(w.ctx, by, id, action.Version)
			must(err)
			commit.Kind = oracle.Delete
			w.typed(by, commit, after)
			return
		}
		after, err := w.service.Change(w.ctx, by, id, action.Version, in)
		must(err)
		w.typed(by, commit, after)
		return
	}
}

// writeCalm is an edit in a calendar program; of what is not there, none.
func (w *world) writeCalm(m move, rename string) {
	of := w.people[0]
	phone, work := w.server.Human(of.User.Login, "phone"), workOf(of.User.Login)
	subject, description := fmt.Sprintf("SUMMARY:s%d.%d", m.item, m.value), fmt.Sprintf("DESCRIPTION:d%d.%d", m.item, m.value)
	at := calmTime(m.value)
	const civil = "20060102T150405"
	when := []string{"DTSTART;TZID=" + zoneOfAll + ":" + at.Format(civil), "DTEND;TZID=" + zoneOfAll + ":" + at.Add(time.Hour).Format(civil)}
	if m.what == "create" {
		name := fmt.Sprintf("%sk%d", rename, m.item)
		lines := slices.Concat([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", "UID:" + name, "DTSTAMP:20261101T000000Z"},
			when, []string{subject, description, "LOCATION:there", "END:VEVENT", "END:VCALENDAR", ""})
		_, err := phone.Put(work, name+".ics", strings.Join(lines, "\r\n"), "*")
		must(err)
		return
	}
	items, err := phone.Items(work)
	must(err)
	for _, item := range items {
		if !mentions(m.item, item.Line("SUMMARY"), item.Line("DESCRIPTION")) {
			continue
		}
		switch m.what {
		case "subject":
			_, err = phone.SetLine(work, item.Name(), subject)
		case "description":
			_, err = phone.SetLine(work, item.Name(), description)
		case "when":
			_, err = phone.Edit(work, item.Name(), func(body string) string { return setTime(body, when) })
		case "delete":
			err = phone.Delete(work, item.Name(), "")
		}
		must(err)
		return
	}
}

// ending is how a calm history ended, the same for all that ended alike.
func (w *world) ending() string {
	var lines []string
	must(w.store.Read(w.ctx, func(tx *store.Tx) error {
		lines = nil
		for _, id := range w.order {
			action := w.known[id].action
			if action.Deleted() {
				continue
			}
			lines = append(lines, "C "+showUnits(unitsOf(action.Units)))
			changes, err := tx.History(id, store.HistoryCursor{}, 1000)
			if err != nil {
				return err
			}
			for _, change := range changes {
				if change.What == crm.Conflict {
					lines = append(lines, fmt.Sprintf("lost: %s %s against %s", change.Name, change.Before, change.After))
				}
			}
		}
		return nil
	}))
	name := w.people[0].User.Login
	items, err := w.server.Human(name, "phone").Items(workOf(name))
	must(errors.Join(err))
	for _, item := range items {
		start := item.Line("DTSTART")
		lines = append(lines, fmt.Sprintf("K %s | %s | %s", item.Line("SUMMARY"), item.Line("DESCRIPTION"), start))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
