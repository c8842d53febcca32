package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing/synctest"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/oracle"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// plan is a history before it is played: all of it follows from its fields, so that steps can be left out.
type plan struct {
	Seed    uint64
	Links   int
	Nodes   int
	Profile int // of sandbox.Profiles
	Policy  crm.ConflictPolicy
	Faults  bool
	Tested  bool     // links know what the connection test finds out about their server
	Cuts    int      // the server keeps so many characters of a subject; 0: all
	Twists  []string // what this history has beside what each has
	Steps   []step
}

func (p plan) String() string {
	text := fmt.Sprintf("%s, links %d, nodes %d, policy %s, %d steps", sandbox.Profiles[p.Profile].Name, p.Links, p.Nodes, p.Policy, len(p.Steps))
	if p.Faults {
		text += ", faults"
	}
	if p.Tested {
		text += ", tested"
	}
	if p.Cuts > 0 {
		text += fmt.Sprintf(", subjects of %d", p.Cuts)
	}
	for _, twist := range p.Twists {
		text += ", " + twist
	}
	return text
}

// step is one thing that happens. What it meets depends on what was before it, what it does on Draw alone.
type step struct {
	What string
	Who  int // which person, or node
	Draw uint64
}

// The steps and how often each is drawn.
const (
	stepHere   = "here"   // a person edits in the CRM
	stepThere  = "there"  // a person edits in a calendar program
	stepOpen   = "open"   // a person opens the actions screen
	stepTake   = "take"   // a node takes up a link that is due
	stepMove   = "move"   // those who wait at gates go on, some gates far
	stepLand   = "land"   // all runs end
	stepPass   = "pass"   // time passes
	stepKill   = "kill"   // a node is killed, and another started
	stepFreeze = "freeze" // a node stands still for longer than a lease
	stepFault  = "fault"  // a request will go wrong
	stepHeal   = "heal"   // what was to go wrong does not any more
	stepSkew   = "skew"   // a node's clock jumps
	stepForget = "forget" // the server forgets its sync tokens
	stepRefuse = "refuse" // a password is not good any more, or is given again
	stepRelink = "relink" // a link is ended, and its calendar linked again
)

var usual = []struct {
	what   string
	weight int
}{
	{stepHere, 24}, {stepThere, 20}, {stepOpen, 12}, {stepTake, 12}, {stepMove, 20}, {stepLand, 10}, {stepPass, 5},
}

var unusual = []struct {
	what   string
	weight int
}{
	{stepKill, 3}, {stepFreeze, 2}, {stepFault, 9}, {stepHeal, 2}, {stepSkew, 1}, {stepForget, 1}, {stepRefuse, 1}, {stepRelink, 1},
}

func draw(seed uint64) plan {
	random := rand.New(rand.NewPCG(seed, 6))
	p := plan{Seed: seed, Links: 1, Nodes: 1, Policy: crm.CRMWins}
	if random.IntN(3) > 0 {
		p.Links = 2 + random.IntN(3)*random.IntN(2)
	}
	p.Nodes = 1 + random.IntN(2)
	if random.IntN(3) > 0 {
		p.Profile = random.IntN(len(sandbox.Profiles))
	}
	if random.IntN(4) == 0 {
		p.Policy = []crm.ConflictPolicy{crm.CalendarWins, crm.LatestWins}[random.IntN(2)]
	}
	p.Faults = random.IntN(4) > 0
	p.Tested = random.IntN(3) > 0
	if random.IntN(8) == 0 {
		// Where nobody knows yet that a server cuts, and somebody edits the event before it is read, nobody can tell who did.
		p.Cuts, p.Tested = 20, true
	}
	choices := usual
	if p.Faults {
		choices = append(append(choices[:0:0], usual...), unusual...)
	}
	all := 0
	for _, c := range choices {
		all += c.weight
	}
	edits := 20 + random.IntN(30)
	if random.IntN(8) == 0 {
		edits += random.IntN(150)
	}
	for edits > 0 {
		at := random.IntN(all)
		what := ""
		for _, c := range choices {
			if at -= c.weight; at < 0 {
				what = c.what
				break
			}
		}
		if what == stepHere || what == stepThere {
			edits--
		}
		p.Steps = append(p.Steps, step{what, random.IntN(12), random.Uint64()})
	}
	p.twist()
	return p
}

// manners are those of the server, as far as this history needs: whom it lets in is as with any other.
func (p plan) manners() sandbox.Manners {
	m := sandbox.Profiles[p.Profile].Manners()
	m.Open, m.BearerOnly = "", false
	m.MatchMissingOK = false // where a PUT brings back what is deleted, nobody can tell which came first
	if m.PageSize > 0 {
		m.PageSize = 3
	}
	m.Mails = p.has(twistGuests)
	if p.Cuts > 0 {
		m.Rewrite.SubjectLimit = p.Cuts
	}
	return m
}

// traits are what the connection test would have learnt of the server, for the links of a history that says so.
func (p plan) traits(at time.Time) dav.Traits {
	var traits dav.Traits
	if !p.Tested {
		return traits
	}
	m := p.manners()
	for trait, has := range map[dav.Trait]bool{
		dav.NoIfMatch: m.IgnoresMatch, dav.NoIfMatchOnDelete: m.DeleteUnguarded || m.IgnoresMatch, dav.NoIfNoneMatch: m.IgnoresNone, dav.RacyIfMatch: m.RaceWindow > 0,
		dav.NoETags: m.NoETags, dav.WeakETags: m.WeakETags || m.UnquotedETags, dav.NoETagOnPut: m.NoPutETag,
		dav.RewritesBodies: m.Rewrite != sandbox.Rewriting{},
	} {
		if has {
			traits = traits.With(trait, dav.Evidence{At: at, Seen: "the connection test"})
		}
	}
	return traits
}

// play plays a history and has it judged.
func (on *stage) play(p plan, telling bool) (report oracle.Report, w *world) {
	defer func() {
		thrown := recover()
		if b, is := thrown.(broken); is {
			report.Violations = append(report.Violations, oracle.Violation{Rule: "broken", Text: b.cause.Error()})
			if w = on.world; w != nil {
				w.clearAway(p)
			}
		} else if thrown != nil {
			panic(thrown)
		}
		on.world.close()
	}()
	w = on.newWorld(p, telling)
	for _, of := range w.people {
		w.open(of.User.ID, crm.TriggerScreen)
	}
	for i, s := range p.Steps {
		w.tell("%d %s", i, s.What)
		w.step(p, s)
	}
	return w.rest(p), w
}

// clearAway ends what still waits when a history breaks off.
func (w *world) clearAway(p plan) {
	for _, n := range w.nodes {
		w.gates.Lock()
		n.killed = true
		w.gates.Unlock()
		for _, f := range n.flights {
			f.cancel()
		}
	}
	for range 1000 {
		synctest.Wait()
		w.gates.Lock()
		all := w.gates.parked
		w.gates.parked = nil
		w.gates.Unlock()
		if len(all) == 0 {
			return
		}
		for _, one := range all {
			one.resume <- errKilled
		}
	}
}

func (w *world) step(p plan, s step) {
	random := rand.New(rand.NewPCG(p.Seed, s.Draw))
	person := w.people[s.Who%len(w.people)]
	n := w.nodes[s.Who%len(w.nodes)]
	switch s.What {
	case stepHere:
		w.here(person, random)
	case stepThere:
		// Nobody's hands are so quick that two writes fall into one second, which is as fine as some servers' ETags are.
		w.pass(1100 * time.Millisecond)
		w.renew()
		w.there(person, random)
	case stepOpen:
		w.open(person.User.ID, crm.TriggerScreen)
	case stepTake:
		n.take()
	case stepMove:
		w.advance(1+random.IntN(12), random)
	case stepLand:
		w.land(random)
	case stepPass:
		w.land(random)
		w.pass(time.Duration(1+random.IntN(600)) * time.Second)
	case stepKill:
		w.kill(p, s.Who%len(w.nodes))
	case stepFreeze:
		n.frozen = true
		w.pass(ttl / 2)
		w.renew()
		w.pass(ttl / 2)
		w.renew()
	case stepFault:
		w.plan(random)
	case stepHeal:
		w.server.Heal("")
	case stepSkew:
		w.land(random)
		n.skew = time.Duration(random.IntN(48)-24) * time.Hour
	case stepRefuse:
		w.land(random)
		w.refuse(person.User.Login)
	case stepRelink:
		w.relink(person.User.ID)
	case stepSnapshot:
		now := w.server.Snapshot()
		w.kept = &now
	case stepServerBack:
		w.serverBack()
	case stepBackup:
		w.backup()
	case stepDatabaseBack:
		w.databaseBack(p)
	case stepWipe:
		w.wipe(person, random)
	case stepGrant:
		if w.grants != nil {
			w.grants.trouble(person.User.Login, random)
		}
	case stepMeet:
		w.meet(person, random)
	case stepHide:
		w.hide(person, random)
	case stepDecide:
		w.decide(random)
	case stepForget:
		must(w.server.ForgetTokens(person.User.Login, workOf(person.User.Login)))
	}
}

// lies are faults after which no engine could be right: a server that says of an event that it is deleted, when it is not, is
// believed (semantics 7 asks a person only about many).
func lies(name string) bool {
	return name == "F13 members 404" || strings.HasPrefix(name, "F8 ")
}

// lie reports whether a fault would make one of two answers agree with the other that something is gone: both are believed.
func (w *world) lie(name string) bool {
	kind := ""
	switch {
	case name == leftOut:
		kind = "listing"
	case strings.HasPrefix(name, "F11 "):
		kind = "href"
	default:
		return false
	}
	if w.lied == "" {
		w.lied = kind
	}
	return w.lied != kind
}

// leftOut is a whole listing, asked for because the token is not known any more, that leaves out what is there.
const leftOut = "F13 members left out of a whole listing"

// multigetGone says of all that a multiget asks for that it is gone.
var multigetGone = sandbox.Fault{
	Name: "F13 multiget says 404", Times: 1, On: sandbox.Match{Report: "calendar-multiget"}, Do: sandbox.Effect{Members: []sandbox.MemberFault{{Status: 404}}},
}

func (w *world) plan(random *rand.Rand) {
	faults := append(sandbox.Catalogue(w.now()),
		sandbox.Fault{Name: leftOut, Times: 1, On: sandbox.Match{Report: "sync-collection", Token: sandbox.EmptyToken}, Do: sandbox.Effect{Members: []sandbox.MemberFault{{LeaveOut: true}}}},
	)
	var fault sandbox.Fault
	for fault = faults[random.IntN(len(faults))]; lies(fault.Name) || w.lie(fault.Name); fault = faults[random.IntN(len(faults))] {
	}
	if random.IntN(3) == 0 {
		// The commonest, and the ones that need most care: an answer that is lost.
		fault = sandbox.Fault{Name: "F3 answer lost", Times: 1, On: sandbox.Match{Methods: []string{http.MethodPut, http.MethodDelete}}, Do: sandbox.Effect{Reset: sandbox.After}}
	}
	fault.Skip = random.IntN(4)
	if random.IntN(12) == 0 {
		fault = multigetGone
	}
	if fault.Name == leftOut {
		fault.Skip = 0
		for _, of := range w.people {
			must(w.server.ForgetTokens(of.User.Login, workOf(of.User.Login)))
		}
	}
	if random.IntN(4) == 0 {
		fault.Times = 2 + random.IntN(3)
	}
	w.tell("the server will have %s, after %d, %d times", fault.Name, fault.Skip, fault.Times)
	w.server.Plan(fault)
}

// rest heals everything, runs until nothing moves, and asks the judge.
func (w *world) rest(p plan) oracle.Report {
	random := rand.New(rand.NewPCG(p.Seed, 1))
	w.tell("everything is healed")
	w.server.Heal("")
	w.land(random)
	for _, n := range w.nodes {
		n.skew, n.frozen = 0, false
	}
	for _, of := range w.people {
		if w.refused[of.User.Login] {
			w.refuse(of.User.Login)
		}
	}
	if w.grants != nil {
		w.grants.heal()
	}
	settled := w.settle(random)
	for range 4 {
		w.decide(random)
		w.pass(26 * time.Hour)
		w.round(random)
	}
	before := w.server.Written()
	rows := w.rows()
	w.server.ForgetRequests()
	w.tell("two quiet rounds")
	w.round(random)
	w.round(random)
	quiet := oracle.JudgeQuiet(oracle.Quiet{
		Rounds: 2, Links: len(w.people), Writes: w.server.Written() - before, HistoryRows: w.rows() - rows, Requests: len(w.server.Requests()),
	})
	secrets, texts := w.privacy()
	return oracle.Add(oracle.Judge(w.history(p)), quiet, settled, oracle.JudgeSignIns(w.signIns), oracle.JudgeSecrets(secrets, texts), w.credentials())
}

// refuse changes a user's password on the server, or has the person give it to the link again.
func (w *world) refuse(name string) {
	w.refused[name] = !w.refused[name]
	w.tell("the password of %s: refused %v", name, w.refused[name])
	must(w.server.SetUser(w.account(name)))
	if !w.refused[name] {
		w.signedIn(name)
	}
}

// account is a user of the server, with the password of now.
func (w *world) account(name string) sandbox.User {
	account := sandbox.User{Name: name, Password: password(name), Addresses: []string{address(name)}}
	if w.refused[name] {
		account.Password = "another"
	}
	return account
}

// signedIn is a person who gives the link a password.
func (w *world) signedIn(name string) {
	w.signIns = append(w.signIns, oracle.SignIn{User: name, At: w.clock.at, Person: true})
	var grant []byte
	if w.grants != nil {
		grant = w.grants.consent(name)
	}
	must(w.store.Write(w.ctx, func(tx *store.Tx) error {
		link := w.linkOf(name).ID
		if w.grants != nil {
			if err := w.grants.grant(tx, w.linkOf(name), grant); err != nil {
				return err
			}
		}
		sync, err := tx.LinkSync(link)
		if err != nil {
			return err
		}
		sync.SignInAgain, sync.RefusedAt, sync.RetryAt = false, time.Time{}, time.Time{}
		return tx.UpdateLinkSync(link, sync)
	}))
}

// relink ends a link and links the same calendar again, as an administrator does.
func (w *world) relink(user crm.UserID) {
	old := w.links[user]
	w.tell("the link of %s is ended, and made anew", w.login(user))
	_, err := w.service.EndLink(w.ctx, w.admin, old.ID, old.Version, service.EndInput{})
	must(err)
	w.addLink(user, old)
	w.signIns = append(w.signIns, oracle.SignIn{User: w.login(user), At: w.clock.at, Person: true})
	w.open(user, crm.TriggerScreen)
}

// round is everybody's screen opened, and every link run until nothing is due.
func (w *world) round(random *rand.Rand) {
	for _, of := range w.people {
		w.open(of.User.ID, crm.TriggerScreen)
	}
	for range 200 {
		took := false
		for _, n := range w.nodes {
			took = n.take() || took
		}
		w.land(random)
		if !took {
			return
		}
	}
	panic(broken{errors.New("links are due again and again")})
}

// privacy is what of each calendar its user alone may see, and what everybody is shown.
func (w *world) privacy() (secrets []oracle.Secret, texts []oracle.Text) {
	for _, of := range w.people {
		items, err := w.server.Human(of.User.Login, "phone").Items(workOf(of.User.Login))
		must(err)
		for _, item := range items {
			if item.Line("CLASS") == "PRIVATE" {
				secrets = append(secrets, oracle.Secret{Name: "the subject of a private event of " + of.User.Login, Value: "|" + item.Line("SUMMARY") + "|", Viewer: of.User.Login})
			}
		}
	}
	if len(secrets) == 0 {
		return nil, nil
	}
	for _, viewer := range w.people {
		shown := oracle.Text{Where: "what " + viewer.User.Login + " is shown", Viewer: viewer.User.Login, Body: "|"}
		for _, id := range w.order {
			view, err := w.service.Get(w.ctx, viewer, id)
			if errors.Is(err, service.ErrNotFound) {
				continue // in the trash of another
			}
			must(err)
			shown.Body += view.Action.Subject + "|" + view.Action.Description + "|"
		}
		texts = append(texts, shown)
	}
	return secrets, texts
}

// rows is how many rows all histories have.
func (w *world) rows() int {
	rows := 0
	must(w.store.Read(w.ctx, func(tx *store.Tx) error {
		rows = 0
		for _, id := range w.order {
			changes, err := tx.History(id, store.HistoryCursor{}, 1000)
			if err != nil {
				return err
			}
			rows += len(changes)
		}
		return nil
	}))
	return rows
}

// history is what the judge is told.
func (w *world) history(p plan) oracle.History {
	h := oracle.History{Commits: w.commits, Resets: w.resets, Returns: w.returns, DefaultDurations: []time.Duration{30 * time.Minute}, SetAside: map[string]bool{}}
	m := w.server.Manners()
	for _, of := range w.people {
		link := oracle.Link{User: of.User.Login, Calendar: w.server.CalendarPath(of.User.Login, workOf(of.User.Login))}
		switch p.Policy {
		case crm.CalendarWins:
			link.Policy = oracle.PolicyCalendar
		case crm.LatestWins:
			link.Policy = oracle.PolicyLatest
		}
		h.Links = append(h.Links, link)
		if m.IgnoresMatch || m.WeakETags || m.NoETags || m.RestlessETags || m.DeleteUnguarded || m.RaceWindow > 0 || m.ETag == sandbox.ETagSeconds || m.ETag == sandbox.ETagCounter && len(w.resets) > 0 {
			if h.Unguarded == nil {
				h.Unguarded = map[string]bool{}
			}
			h.Unguarded[link.Calendar] = true
		}
	}
	for _, write := range w.server.Writes(1) {
		write.Delivered = write.Delivered && !(write.By == sandbox.ByClient && w.unheard[write.Number])
		h.Writes = append(h.Writes, oracle.Write(write))
	}
	must(w.store.Read(w.ctx, func(tx *store.Tx) error {
		h.Actions = nil
		for _, link := range w.links {
			for resource, err := range tx.SetAsideResources(link.ID) {
				if err != nil {
					return err
				}
				href, err := url.Parse(string(resource.Href))
				if err != nil {
					return err
				}
				h.SetAside[href.Path] = true
			}
		}
		for _, id := range w.order {
			known := w.known[id]
			action := oracle.Action{
				ID: id.String(), Follower: w.login(known.action.FollowedBy), Trashed: known.action.Deleted(), Held: known.action.Sync.Name == crm.Held || offPlan(known.action.Sync) || w.waits[id],
				Synced: known.action.Sync.Name != crm.NotSynced && !known.action.Deleted(), Values: unitsOf(known.action.Units),
			}
			changes, err := tx.History(id, store.HistoryCursor{}, 1000)
			if err != nil {
				return err
			}
			for _, change := range changes {
				entry := oracle.Entry{
					Unit: oracle.Unit(change.Name), Conflict: change.What == crm.Conflict, Reason: string(change.Reason),
					Deletion: change.Reason == "edit_beats_delete" || change.Reason == "event_returned" || change.What == crm.Noticed && change.Reason == crm.ReasonEventDeleted,
				}
				if unit := crm.Unit(change.Name); unit == crm.UnitSubject || unit == crm.UnitDescription || unit == crm.UnitWhen {
					before, err := crm.ParseHistory(unit, change.Before, crm.Units{})
					after, errAfter := crm.ParseHistory(unit, change.After, crm.Units{})
					if err := errors.Join(err, errAfter); err != nil {
						return fmt.Errorf("history of %s: %w", id, err)
					}
					entry.Before, entry.After = unitsOf(before), unitsOf(after)
				}
				action.History = append(action.History, entry)
			}
			h.Actions = append(h.Actions, action)
		}
		return nil
	}))
	return h
}
