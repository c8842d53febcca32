package store

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// checkpointer brings what SQLite committed from its write-ahead log into the database file. SQLite would do that within
// the commit that makes the log long enough, and the person whose edit it is would wait for it.
type checkpointer struct {
	db        *sql.DB
	committed chan struct{}

	cancel context.CancelFunc
	ended  sync.WaitGroup
}

const (
	checkpointAfter = 200 * time.Millisecond // of the first commit since the last time
	// maxLogPages of 4 KiB is where SQLite does it within a commit after all: when we do not keep up.
	maxLogPages = "16384"
)

func newCheckpointer(db *sql.DB) *checkpointer {
	return &checkpointer{db: db, committed: make(chan struct{}, 1)}
}

// start begins to watch. stop waits for it to end.
func (c *checkpointer) start() {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.ended.Go(func() { c.run(ctx) })
}

// stop ends the watching; closing the database brings over what is left. Without start it does nothing.
func (c *checkpointer) stop() {
	if c != nil && c.cancel != nil {
		c.cancel()
		c.ended.Wait()
	}
}

// signal says that something was committed.
func (c *checkpointer) signal() {
	if c == nil {
		return
	}
	select {
	case c.committed <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.committed:
		}
		gathered := time.NewTimer(checkpointAfter)
		select {
		case <-ctx.Done():
			gathered.Stop()
			return
		case <-gathered.C:
		}
		// PASSIVE waits for nobody and leaves what it cannot bring over to the next time, and so does an error.
		if _, err := c.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
			continue
		}
	}
}
