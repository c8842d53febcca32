package main

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

var (
	nodesFor   = flag.Duration("nodes-for", 8*time.Second, "how long three programs on one PostgreSQL are killed at random")
	nodesAfter = flag.Duration("nodes-after", time.Minute, "how long after a kill the links of the dead must go on")
)

// leaseLasts is how long a link stays with a program that does not renew it.
const leaseLasts = 8 * time.Second

// TestKill_three_programs_on_one_PostgreSQL: three processes share a database and are killed at random, one or two at once, while
// people edit on both sides. No lease begins before the one before it has ended, the links of the dead go on with the others, and at
// the end nothing is lost, doubled or made up.
func TestKill_three_programs_on_one_PostgreSQL(t *testing.T) {
	t.Parallel()
	k := newKillRun(t, "sandbox", "postgres")
	nodes := []*killNode{{k.address, k.process}, {address: freeAddress(t)}, {address: freeAddress(t)}}
	k.process = nil // it is one of them now
	t.Cleanup(func() {
		for _, node := range nodes {
			node.kill()
		}
	})
	for _, node := range nodes[1:] {
		node.process = k.serve(node.address)
	}
	for i, p := range k.people {
		p.crm.address = "http://" + nodes[i+1].address
	}
	db := k.audited()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	k.load(ctx)
	var dead []orphan
	for began := time.Now(); time.Since(began) < *nodesFor; {
		k.must(wait(t.Context(), time.Duration(300+k.random.IntN(2000))*time.Millisecond))
		dead = append(dead, k.killSome(db, nodes)...)
		k.must(wait(t.Context(), time.Duration(k.random.IntN(1500))*time.Millisecond))
		for _, node := range nodes {
			if node.process == nil {
				node.process = k.serve(node.address)
			}
		}
	}
	stop()
	k.typing.Wait()
	k.settle()
	k.judge(k.killed)
	overlaps, longest := k.leases(db, dead)
	k.Logf("%d kills in %v, %d leases held by the dead; longest until such a link went on %v; leases that overlap %d; "+
		"%d edits in the CRM, %d in the calendars, %d writes of the programs, answers unheard %d, violations %d",
		k.killed, *nodesFor, len(dead), longest.Round(10*time.Millisecond), overlaps, k.edits[sideCRM].Load(), k.edits[sideCalendar].Load(),
		k.programsWrites(), len(k.story.Unheard), k.violations)
	if overlaps > 0 {
		t.Errorf("%d leases began while another node had the link", overlaps)
	}
	if longest > *nodesAfter {
		t.Errorf("a link of a dead node went on after %v, want %v", longest, *nodesAfter)
	}
}

// killNode is one of several processes of the program; process is nil while it is dead.
type killNode struct {
	address string
	process *exec.Cmd
}

func (n *killNode) kill() {
	if n.process == nil {
		return
	}
	_ = n.process.Process.Kill()
	_ = n.process.Wait()
	n.process = nil
}

// orphan is a link whose node was killed while it had its lease.
type orphan struct {
	link       []byte
	generation int64
	at         int64 // µs, by the clock of the database
}

// audited has the database note each lease that begins.
func (k *killRun) audited() *pgx.Conn {
	k.Helper()
	db, err := pgx.Connect(k.Context(), k.options.PostgreSQL)
	k.must(err)
	k.Cleanup(func() { k.must(db.Close(context.Background())) })
	_, err = db.Exec(k.Context(), `
		CREATE TABLE lease_begun (at BIGINT, link_id BYTEA, was TEXT, until BIGINT, generation BIGINT, expires_at BIGINT);
		CREATE FUNCTION note_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO lease_begun VALUES (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000, NEW.link_id, OLD.owner, OLD.expires_at, NEW.generation, NEW.expires_at);
			RETURN NEW;
		END $$;
		CREATE TRIGGER note_lease AFTER UPDATE ON lease FOR EACH ROW WHEN (OLD.generation <> NEW.generation) EXECUTE FUNCTION note_lease()`)
	k.must(err)
	return db
}

// killSome kills one or two nodes, and tells which links they had. All stand still meanwhile, so that what is under way is known.
func (k *killRun) killSome(db *pgx.Conn, nodes []*killNode) []orphan {
	k.Helper()
	for _, node := range nodes {
		k.freeze(node.process)
	}
	var dead []orphan
	order := k.random.Perm(len(nodes))
	for _, i := range order[:1+k.random.IntN(4)/3] {
		rows, err := db.Query(k.Context(), `SELECT link_id, generation, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT FROM lease
			WHERE owner LIKE $1 AND expires_at > EXTRACT(EPOCH FROM clock_timestamp()) * 1000000`, fmt.Sprintf("%%/%d/%%", nodes[i].process.Process.Pid))
		k.must(err)
		found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o orphan, err error) { return o, row.Scan(&o.link, &o.generation, &o.at) })
		k.must(err)
		dead = append(dead, found...)
		nodes[i].kill()
		k.killed++
	}
	k.drained()
	k.hear()
	for _, node := range nodes {
		if node.process != nil {
			k.must(node.process.Process.Signal(syscall.SIGCONT))
		}
	}
	return dead
}

// leases are how many began before the one before them had ended, and how long it took until the links of the dead went on.
func (k *killRun) leases(db *pgx.Conn, dead []orphan) (overlaps int, longest time.Duration) {
	k.Helper()
	k.must(db.QueryRow(k.Context(), "SELECT COUNT(*) FROM lease_begun WHERE was <> '' AND until > expires_at - $1", leaseLasts.Microseconds()).Scan(&overlaps))
	for _, one := range dead {
		var next int64
		k.must(db.QueryRow(k.Context(), "SELECT MIN(at) FROM lease_begun WHERE link_id = $1 AND generation > $2", one.link, one.generation).Scan(&next))
		longest = max(longest, time.Duration(next-one.at)*time.Microsecond)
	}
	return overlaps, longest
}
