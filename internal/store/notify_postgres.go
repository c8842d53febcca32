package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// remoteBus carries announcements between nodes by LISTEN and NOTIFY. They are sent after the commit and gathered for a few
// milliseconds, because a NOTIFY holds a lock of the whole server while its transaction commits. A node that dies in between
// tells nobody: who must not miss a change looks from time to time.
type remoteBus struct {
	db     *sql.DB
	config *pgx.ConnConfig
	node   string // tells our own announcements, which were delivered already, from those of others

	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu      sync.Mutex
	waiting []announcement
	more    chan struct{}
}

const (
	notifyChannel = "agenda"
	gatherFor     = 3 * time.Millisecond
	maxGathered   = 1000            // beyond, others are told that they missed something
	sendTimeout   = 5 * time.Second // of one NOTIFY
	listenAgain   = time.Second     // after the connection was lost
	keepAlive     = 30 * time.Second
	missedTopic   = ""
)

func newBus(db *sql.DB, config *pgx.ConnConfig) *bus {
	if db == nil {
		return &bus{}
	}
	return &bus{remote: &remoteBus{db: db, config: config, node: rand.Text(), more: make(chan struct{}, 1)}}
}

// start begins to send and to listen. stop waits for both to end.
func (r *remoteBus) start(b *bus) {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.ended.Go(func() { r.listen(ctx, b) })
	r.ended.Go(func() { r.sendWaiting(ctx) })
}

// stop sends what waits and ends both goroutines. Without start it does nothing.
func (r *remoteBus) stop() {
	if r.cancel != nil {
		r.cancel()
		r.ended.Wait()
	}
}

func (r *remoteBus) send(all []announcement) {
	r.mu.Lock()
	for _, one := range all {
		switch {
		case slices.Contains(r.waiting, one):
		case len(r.waiting) < maxGathered:
			r.waiting = append(r.waiting, one)
		case len(r.waiting) == maxGathered:
			r.waiting = append(r.waiting, announcement{missedTopic, ""})
		}
	}
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *remoteBus) sendWaiting(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			r.notify()
			return
		case <-r.more:
		}
		gathered := time.NewTimer(gatherFor)
		select {
		case <-ctx.Done():
		case <-gathered.C:
		}
		gathered.Stop()
		r.notify()
	}
}

// notify sends what waits in messages of "node\ntopic payload\n...". What cannot be sent is lost.
func (r *remoteBus) notify() {
	r.mu.Lock()
	waiting := r.waiting
	r.waiting = nil
	r.mu.Unlock()
	// Its own time limit: it also runs when the store is being closed.
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	const maxMessage = 7900 // NOTIFY takes less than 8,000 bytes
	message := r.node
	flush := func() bool {
		if message == r.node {
			return true
		}
		_, err := r.db.ExecContext(ctx, "SELECT pg_notify($1, $2)", notifyChannel, message)
		message = r.node
		return err == nil
	}
	for _, one := range waiting {
		line := "\n" + one.topic + " " + one.payload
		if len(message)+len(line) > maxMessage && !flush() {
			return
		}
		message += line
	}
	flush()
}

// listen hears the other nodes until ctx ends, on a connection of its own that is made anew when it is lost.
func (r *remoteBus) listen(ctx context.Context, b *bus) {
	for first := true; ctx.Err() == nil; first = false {
		conn, err := r.subscribe(ctx)
		if err == nil {
			if !first {
				b.missed()
			}
			r.hear(ctx, conn, b)
			closing, cancel := context.WithTimeout(context.Background(), sendTimeout)
			conn.Close(closing)
			cancel()
		}
		again := time.NewTimer(listenAgain)
		select {
		case <-ctx.Done():
		case <-again.C:
		}
		again.Stop()
	}
}

func (r *remoteBus) subscribe(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, r.config.Copy())
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+notifyChannel); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// hear delivers what comes in until the connection is lost or ctx ends.
func (r *remoteBus) hear(ctx context.Context, conn *pgx.Conn, b *bus) {
	for ctx.Err() == nil {
		waiting, cancel := context.WithTimeout(ctx, keepAlive)
		notification, err := conn.WaitForNotification(waiting)
		idle := waiting.Err() != nil
		cancel()
		switch {
		case err == nil:
			r.receive(notification.Payload, b)
		case ctx.Err() == nil && idle && !conn.IsClosed():
			// Nothing for a while: a connection that died silently shows itself only when it is used.
			ping, cancel := context.WithTimeout(ctx, sendTimeout)
			err := conn.Ping(ping)
			cancel()
			if err != nil {
				return
			}
		default:
			return
		}
	}
}

func (r *remoteBus) receive(message string, b *bus) {
	node, lines, _ := strings.Cut(message, "\n")
	if node == r.node {
		return
	}
	var all []announcement
	for line := range strings.SplitSeq(lines, "\n") {
		topic, payload, _ := strings.Cut(line, " ")
		if topic == missedTopic {
			b.missed()
			continue
		}
		all = append(all, announcement{topic, payload})
	}
	b.deliver(all)
}
