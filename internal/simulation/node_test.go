package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing/synctest"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/oauth"
	"agendaonline/internal/oracle"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// perGate is how long it takes from one gate to the next.
const perGate = 30 * time.Millisecond

// ttl is how long a lease lasts, as the scheduler has it.
const ttl = 8 * time.Second

// compareEvery is as the product has it, but where a planted fault is looked for that the daily comparison mends.
var compareEvery time.Duration

// errKilled is what an engine meets at the gate where its node was killed: nothing more is sent or written.
var errKilled = errors.New("the node was killed")

// node is one process of the program: an engine that takes up links that are due. Its leases are the scheduler's: taken,
// renewed, given back and lost in the same transactions.
type node struct {
	w       *world
	owner   string
	syncer  *syncer.Syncer
	flights []*flight
	killed  bool
	bearers map[crm.LinkID]*oauth.Bearer
	frozen  bool // its leases are not renewed
	skew    time.Duration
}

// flight is one run that goes on.
type flight struct {
	lease  store.Lease
	done   bool
	result store.RunResult
	err    error
	cancel context.CancelFunc
	lost   bool // somebody else may have the link: its context has ended
	sent   []sent
	writes []int // the numbers of all its writes
	began  time.Time
}

// sent is a write of a run, and how much of its outcome the database has: what a run was told and did not keep, no later run
// has heard of.
type sent struct {
	number int
	stage  int // 0: under way, 1: answered, 2: being kept
}

// parked is a goroutine of an engine that waits at a gate.
type parked struct {
	node   *node
	point  syncer.Point
	resume chan error
}

func (w *world) addNode(p plan) *node {
	w.born++
	n := &node{w: w, owner: fmt.Sprintf("node %d", w.born), bearers: map[crm.LinkID]*oauth.Bearer{}}
	n.syncer = syncer.New(syncer.Config{
		Store: w.store, Connect: n.connect, IDs: w.ids(), Zones: zones, Gate: n.gate,
		Now: n.now, CompareEvery: compareEvery, Log: w.log(),
	})
	w.nodes = append(w.nodes, n)
	return n
}

// now is the time by the node's own clock.
func (n *node) now() time.Time { return n.w.now().Add(n.skew) }

func (n *node) gate(_ context.Context, point syncer.Point) error {
	w := n.w
	p := &parked{node: n, point: point, resume: make(chan error)}
	w.gates.Lock()
	if n.killed {
		w.gates.Unlock()
		return errKilled
	}
	w.gates.parked = append(w.gates.parked, p)
	w.gates.Unlock()
	return <-p.resume
}

// waiting are those who wait at gates once nothing runs any more, in an order that depends on nothing else.
func (w *world) waiting() []*parked {
	synctest.Wait()
	w.gates.Lock()
	defer w.gates.Unlock()
	slices.SortStableFunc(w.gates.parked, func(a, b *parked) int {
		return cmp.Or(cmp.Compare(a.node.owner, b.node.owner), cmp.Compare(w.linkName(a.point.Link), w.linkName(b.point.Link)),
			cmp.Compare(a.point.Moment, b.point.Moment), cmp.Compare(a.point.What, b.point.What), cmp.Compare(a.point.Href, b.point.Href))
	})
	w.look()
	return slices.Clone(w.gates.parked)
}

// release lets one go on, and waits until everybody waits again.
func (w *world) release(p *parked, err error) {
	w.gates.Lock()
	w.gates.parked = slices.DeleteFunc(w.gates.parked, func(one *parked) bool { return one == p })
	w.gates.Unlock()
	w.follow(p, err)
	w.tell("%s, %s: %s %s%s", p.node.owner, w.linkName(p.point.Link), p.point.Moment, p.point.What, map[bool]string{true: ", killed"}[err != nil])
	before := w.server.Written()
	p.resume <- err
	synctest.Wait()
	w.wrote(p, err, before)
	w.pass(perGate)
	w.renew()
	w.settleFlights()
}

// follow keeps in step what a run has heard of its writes.
func (w *world) follow(p *parked, err error) {
	at := slices.IndexFunc(p.node.flights, func(f *flight) bool { return f.lease.Link == p.point.Link })
	if at < 0 || err != nil {
		return
	}
	f := p.node.flights[at]
	raise := func(from int) {
		for i := range f.sent {
			if f.sent[i].stage == from {
				f.sent[i].stage++
			}
		}
	}
	switch {
	case p.point.Moment == syncer.AfterRequest:
		raise(0)
	case p.point.Moment == syncer.BeforeCommit && p.point.What == "outcome":
		raise(1)
	case p.point.Moment == syncer.AfterCommit && p.point.What == "outcome":
		f.sent = slices.DeleteFunc(f.sent, func(s sent) bool { return s.stage == 2 })
	}
}

// wrote notes which writes to the calendars a run made when it passed a gate.
func (w *world) wrote(p *parked, err error, before int) {
	after := w.server.Written()
	at := slices.IndexFunc(p.node.flights, func(f *flight) bool { return f.lease.Link == p.point.Link })
	if at < 0 || err != nil || p.point.Moment != syncer.BeforeRequest {
		return
	}
	for number := before + 1; number <= after; number++ {
		f := p.node.flights[at]
		f.sent, f.writes = append(f.sent, sent{number: number}), append(f.writes, number)
	}
}

// take lets a node take up at most one link that is due; reports whether it did.
func (n *node) take() bool {
	w := n.w
	var leases []store.Lease
	var free []crm.LinkID // a node does not run a link twice
	for _, of := range w.people {
		link := w.links[of.User.ID].ID
		if !slices.ContainsFunc(n.flights, func(f *flight) bool { return f.lease.Link == link }) {
			free = append(free, link)
		}
	}
	if len(free) == 0 {
		return false
	}
	must(w.store.Write(w.ctx, func(tx *store.Tx) (err error) {
		leases, err = tx.ClaimLeases(n.owner, ttl, 1, free)
		return err
	}))
	if len(leases) == 0 {
		return false
	}
	ctx, cancel := context.WithCancel(w.ctx)
	f := &flight{lease: leases[0], cancel: cancel, began: w.clock.at}
	n.flights = append(n.flights, f)
	w.tell("%s takes up %s, wanted by %s", n.owner, w.linkName(f.lease.Link), f.lease.Trigger)
	go func() { // ends when the run has; a history ends when all runs have
		result, err := n.syncer.Run(ctx, f.lease, nil)
		w.gates.Lock()
		f.done, f.result, f.err = true, result, err
		w.gates.Unlock()
	}()
	w.settleFlights()
	return true
}

// settleFlights gives back the leases of runs that ended.
func (w *world) settleFlights() {
	w.waiting()
	for _, n := range w.nodes {
		var ended []*flight
		w.gates.Lock()
		n.flights = slices.DeleteFunc(n.flights, func(f *flight) bool {
			if f.done {
				ended = append(ended, f)
			}
			return f.done
		})
		w.gates.Unlock()
		for _, f := range ended {
			f.cancel()
			for _, one := range f.sent {
				w.unheard[one.number] = true
			}
			w.unsure(f)
			if n.killed || f.lost || f.err != nil {
				w.forgetRefusals(f)
			}
			if n.killed {
				continue
			}
			if f.err != nil && !f.lost && !errors.Is(f.err, store.ErrLeaseLost) {
				panic(broken{fmt.Errorf("run of %s: %w", w.linkName(f.lease.Link), f.err)})
			}
			w.tell("%s ended its run of %s: %s", n.owner, w.linkName(f.lease.Link), f.result.Reason)
			n.giveBack(f)
		}
	}
}

// unsure notes which writes of a run the database does not know the outcome of, whatever the run was told.
func (w *world) unsure(f *flight) {
	if len(f.writes) == 0 {
		return
	}
	var hrefs []dav.Href
	numbers := map[string][]int{}
	for _, number := range f.writes {
		href := dav.Href(w.server.Writes(number)[0].Href)
		hrefs = append(hrefs, href)
		numbers[href.Key()] = append(numbers[href.Key()], number)
	}
	must(w.store.Read(w.ctx, func(tx *store.Tx) error {
		known, err := tx.ResourcesByHref(f.lease.Link, hrefs)
		for key, resource := range known {
			if resource.Sent != nil {
				for _, number := range numbers[key] {
					w.unheard[number] = true
				}
			}
		}
		return err
	}))
}

// forgetRefusals: a run that ended as by a power cut told nobody that a password was refused.
func (w *world) forgetRefusals(f *flight) {
	user := w.linkName(f.lease.Link)
	w.signIns = slices.DeleteFunc(w.signIns, func(one oracle.SignIn) bool { return one.User == user && one.Refused && one.At.After(f.began) })
}

// giveBack is what the scheduler does with the lease of a run that ended.
func (n *node) giveBack(f *flight) {
	w := n.w
	next := f.result.NextDueAt
	if next.IsZero() {
		next = n.now().Add(time.Minute)
	}
	must(w.store.Write(w.ctx, func(tx *store.Tx) error {
		if f.result.Unchanged {
			if err := tx.RequireLease(f.lease); errors.Is(err, store.ErrLeaseLost) {
				return nil
			} else if err != nil {
				return err
			}
			if err := tx.CheckedLink(f.lease.Link, w.now()); err != nil {
				return err
			}
		}
		if next.Before(store.Never) {
			next = w.now().Add(next.Sub(n.now()))
		}
		if err := tx.ReleaseLease(f.lease, next); !errors.Is(err, store.ErrLeaseLost) {
			return err
		}
		return nil
	}))
}

// renew renews the leases of every node that is not frozen, every two seconds as the scheduler does.
func (w *world) renew() {
	now := w.now()
	if now.Sub(w.renewed) < ttl/4 {
		return
	}
	w.renewed = now
	for _, n := range w.nodes {
		if n.frozen || n.killed {
			continue
		}
		for _, f := range n.flights {
			err := w.store.Write(w.ctx, func(tx *store.Tx) error {
				_, err := tx.RenewLease(f.lease, ttl)
				return err
			})
			if errors.Is(err, store.ErrLeaseLost) {
				f.lost = true
				f.cancel()
			} else {
				must(err)
			}
		}
	}
}

func (w *world) flying() bool {
	return slices.ContainsFunc(w.nodes, func(n *node) bool { return len(n.flights) > 0 })
}

// advance lets waiting goroutines pass gates, one at a time, as random chooses; reports whether anything could move.
func (w *world) advance(gates int, random *rand.Rand) bool {
	for range gates {
		all := w.waiting()
		if len(all) > 0 {
			chosen := all[random.IntN(len(all))]
			chosen.node.frozen = false
			w.release(chosen, nil)
			continue
		}
		if !w.flying() {
			return false
		}
		// Somebody waits for an answer that does not come.
		w.renew()
		time.Sleep(2 * time.Second)
		w.pass(2 * time.Second)
		w.settleFlights()
	}
	return true
}

// land lets every run that goes on come to its end.
func (w *world) land(random *rand.Rand) {
	for range 5000 {
		if !w.advance(1, random) {
			return
		}
	}
	panic(broken{errors.New("a run has no end")})
}

// kill ends a node as a power cut does, and starts another in its place.
func (w *world) kill(p plan, at int) {
	n := w.nodes[at]
	w.tell("%s is killed", n.owner)
	w.gates.Lock()
	n.killed = true
	w.gates.Unlock()
	for _, p := range w.waiting() {
		if p.node == n {
			w.release(p, errKilled)
		}
	}
	for len(n.flights) > 0 {
		for _, f := range n.flights {
			f.cancel()
		}
		w.settleFlights()
	}
	w.addNode(p)
	w.nodes[at] = w.nodes[len(w.nodes)-1]
	w.nodes = w.nodes[:len(w.nodes)-1]
}

// everybody opens the actions screen.
func (w *world) open(of crm.UserID, trigger crm.Trigger) {
	must(w.store.Write(w.ctx, func(tx *store.Tx) error { return tx.Want(w.links[of].ID, trigger) }))
}
