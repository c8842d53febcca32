package simulation

import (
	"errors"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// The steps that only histories with a twist have.
const (
	stepSnapshot     = "snapshot"      // a backup is made of the server
	stepServerBack   = "server back"   // the server is put back to it (F22)
	stepBackup       = "backup"        // a backup is made of the database
	stepDatabaseBack = "database back" // the database is put back to it (F21)
	stepWipe         = "wipe"          // a person deletes many events in a calendar program
	stepDecide       = "decide"        // an administrator decides about what is held
)

const (
	stepMeet = "meet" // somebody invites, answers or calls off
	stepHide = "hide" // an action that cannot be changed is hidden, or shown again
)

const (
	twistDeletions = "many deletions"
	twistGuests    = "guests"
)

// twists are what some histories have beside what each has. Each is drawn by itself, so that one more changes no other history.
var twists = []struct {
	name  string
	oneIn int
	draw  func(*rand.Rand) []string // the steps that come, in order, at places that chance chooses
}{
	{"server restored", 10, func(*rand.Rand) []string { return []string{stepSnapshot, stepServerBack, stepDecide} }},
	{"database restored", 10, func(*rand.Rand) []string { return []string{stepBackup, stepDatabaseBack, stepDecide} }},
	{twistDeletions, 8, func(random *rand.Rand) []string {
		var steps []string
		for range 1 + random.IntN(3) {
			steps = append(steps, stepWipe, stepDecide)
		}
		return steps
	}},
	{twistGrants, 6, func(random *rand.Rand) []string {
		var steps []string
		for range 2 + random.IntN(6) {
			steps = append(steps, stepGrant)
		}
		return steps
	}},
	{twistGuests, 5, func(random *rand.Rand) []string {
		var steps []string
		for range 6 + random.IntN(10) {
			steps = append(steps, []string{stepMeet, stepMeet, stepMeet, stepDecide, stepHide}[random.IntN(5)])
		}
		return steps
	}},
}

// twist draws what a history has beside the rest, and puts its steps between the others.
func (p *plan) twist() {
	for _, twist := range twists {
		name := fnv.New64()
		name.Write([]byte(twist.name))
		random := rand.New(rand.NewPCG(p.Seed, name.Sum64()))
		if random.IntN(twist.oneIn) > 0 {
			continue
		}
		p.Twists = append(p.Twists, twist.name)
		steps := twist.draw(random)
		places := make([]int, len(steps))
		for i := range places {
			places[i] = random.IntN(len(p.Steps) + 1)
		}
		slices.Sort(places)
		for i, what := range slices.Backward(steps) {
			p.Steps = slices.Insert(p.Steps, places[i], step{what, random.IntN(12), random.Uint64()})
		}
	}
}

func (p plan) has(twist string) bool { return slices.Contains(p.Twists, twist) }

// guard is when deletions wait for a person: histories are small.
func (p plan) guard() crm.GuardSettings {
	guard := crm.DefaultSettings().Guard
	if p.has(twistDeletions) {
		guard.More = 2
	}
	return guard
}

// serverBack puts the server back to its backup, while engines may be in the midst of a run.
func (w *world) serverBack() {
	if w.kept == nil {
		return
	}
	w.tell("the server is put back to its backup")
	must(w.server.Restore(*w.kept))
	reset := oracle.Reset{After: w.server.Written()}
	for _, of := range w.people {
		name := of.User.Login
		must(w.server.SetUser(w.account(name)))
		items, err := w.server.Human(name, "phone").Items(workOf(name))
		must(err)
		for _, item := range items {
			reset.Resources = append(reset.Resources, oracle.Resource{Calendar: w.server.CalendarPath(name, workOf(name)), Href: item.Href, Body: item.Body})
		}
	}
	w.resets = append(w.resets, reset)
}

// backup is a database as it was, with what the simulation knew of it.
type backup struct {
	sections []store.DumpSection
	rows     [][][]any
	known    map[crm.ActionID]seen
	order    []crm.ActionID
	links    map[crm.UserID]crm.Link
	commits  int
	written  int
}

func (w *world) backup() {
	w.waiting()
	b := &backup{known: maps.Clone(w.known), order: slices.Clone(w.order), links: maps.Clone(w.links), commits: len(w.commits), written: w.server.Written()}
	must(w.store.Read(w.ctx, func(tx *store.Tx) (err error) {
		if b.sections, err = tx.DumpSections(); err != nil {
			return err
		}
		b.rows = make([][][]any, len(b.sections))
		for i, section := range b.sections {
			err := tx.DumpRows(section, func(values []any) error {
				b.rows[i] = append(b.rows[i], slices.Clone(values))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	w.copied = b
}

// databaseBack stops the program, puts the database back to its backup as a restore does, starts the program again and resumes its links.
func (w *world) databaseBack(p plan) {
	b := w.copied
	if b == nil {
		return
	}
	for at := range w.nodes {
		w.kill(p, at)
	}
	w.look()
	w.tell("the database is put back to its backup")
	must(w.emptier.Empty(w.ctx))
	must(w.store.Write(w.ctx, func(tx *store.Tx) error {
		for i, section := range b.sections {
			if section.Name == "settings" || len(b.rows[i]) == 0 {
				continue // they are as they were
			}
			if err := tx.RestoreRows(section, b.rows[i]); err != nil {
				return err
			}
		}
		return tx.FinishRestore(service.ReasonCopiedDatabase, w.now())
	}))
	_, missed := w.changed.Take()
	if missed {
		panic(broken{errors.New("announcements were missed")})
	}
	w.returns = append(w.returns, oracle.Return{From: b.commits, To: len(w.commits), Kept: b.written, After: w.server.Written()})
	for number := b.written + 1; number <= w.server.Written(); number++ {
		w.unheard[number] = true
	}
	w.known, w.order, w.links = maps.Clone(b.known), slices.Clone(b.order), maps.Clone(b.links)
	must(w.service.Start(w.ctx))
	for _, of := range w.people {
		link := w.links[of.User.ID]
		var err error
		must(w.store.Read(w.ctx, func(tx *store.Tx) error { link, err = tx.Link(link.ID); return err }))
		link, err = w.service.ResumeLink(w.ctx, w.admin, link.ID, link.Version)
		must(err)
		w.links[of.User.ID] = link
		w.signedIn(of.User.Login)
	}
}

// wipe is a person who deletes many events, or all.
func (w *world) wipe(of service.Caller, random *rand.Rand) {
	phone, work := w.server.Human(of.User.Login, "phone"), workOf(of.User.Login)
	items, err := phone.Items(work)
	must(err)
	all := random.IntN(3) == 0
	for _, item := range items {
		if all || random.IntN(3) > 0 {
			w.pass(1100 * time.Millisecond)
			w.renew()
			w.drawn(of, phone.Delete(work, item.Name(), ""), "deletes %q", item.Line("SUMMARY"))
		}
	}
}

// decide has an administrator decide about what is held because too much disappeared.
func (w *world) decide(random *rand.Rand) {
	w.look()
	w.decideGuests(random)
	held, err := w.service.Held(w.ctx, w.admin)
	must(err)
	for _, one := range held {
		switch one.Kind {
		case service.HeldDeletions, service.HeldEmptied, service.HeldOtherCalendar:
		default:
			continue
		}
		decision := one.Decisions[random.IntN(len(one.Decisions))]
		w.tell("what is held of %s (%s): %s", w.linkName(one.Link), one.Kind, decision)
		if decision == service.DecideWriteBack {
			w.writtenBack(one)
		} else {
			w.deletedAfterAll(one)
		}
		must(w.service.Decide(w.ctx, w.admin, one.ID, decision))
	}
}

// writtenBack notes that a person wants events to be made again: those of the actions that wait, or of all of a link that waits as
// a whole.
func (w *world) writtenBack(held service.HeldView) {
	for _, id := range w.order {
		action := w.known[id].action
		asked := held.Kind != service.HeldDeletions && !action.Deleted() && w.links[action.FollowedBy].ID == held.Link
		asked = asked || slices.ContainsFunc(held.Actions, func(view service.ActionView) bool { return view.Action.ID == id })
		if asked && !action.Deleted() { // else a person deleted it meanwhile
			units := unitsOf(action.Units)
			w.note(oracle.Commit{Kind: oracle.WriteBack, Action: id.String(), Follower: w.login(action.FollowedBy), Before: units, Values: units})
			w.back[id] = true
		}
	}
}

// deletedAfterAll notes that a person agrees to deletions though one had been decided against before: by a decision that ended with its
// link, so that it was asked again.
func (w *world) deletedAfterAll(held service.HeldView) {
	for _, view := range held.Actions {
		action := w.known[view.Action.ID].action
		if w.back[action.ID] && view.Sync.Name == crm.Held && !action.Deleted() {
			units := unitsOf(action.Units)
			w.note(oracle.Commit{Kind: oracle.Delete, Action: action.ID.String(), Follower: w.login(action.FollowedBy), Before: units, Values: units})
		}
	}
}
