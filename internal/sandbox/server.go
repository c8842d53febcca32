package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Options are what Open needs beside the folder. The zero Options is a correct server on the machine's clock.
type Options struct {
	// Now is the time of the server; nil is the machine's.
	Now func() time.Time
	// Sleep waits for a slow answer (Effect.Slow), and returns early with ctx's error; nil waits in real time.
	Sleep func(ctx context.Context, wait time.Duration) error
	// Manners is how it behaves, usually those of a Profile. The zero Manners is replaced by Plain.
	Manners Manners
	// Bearer tells whose an access token is. Without it no token is taken.
	Bearer func(token string) (user string, ok bool)
	// LogLimit is how many writes and requests are remembered for Writes and Requests, the newest; 0 is all of them.
	LogLimit int
}

// Server is a CalDAV server: an http.Handler, usable at once and by many goroutines. Close ends it.
type Server struct {
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	bearer func(string) (string, bool)
	limit  int

	mu       sync.Mutex
	manners  Manners
	state    *state
	faults   []*plannedFault
	writes   []*Write
	requests []Request
	wrote    int // writes ever, also those no longer remembered
	journal  *journal
	failed   int // sign-ins that failed in a row
	failedAt time.Time
	listings int // listings answered, for Manners.RestlessETags
}

var _ http.Handler = (*Server)(nil)

// Open starts a server on the state kept in dir, which is made when it is not there; it must be no other server's. With dir
// "" everything is kept in memory only. An unfinished last record, as a crash leaves it, is dropped: its writer had no answer.
func Open(dir string, options Options) (*Server, error) {
	s := &Server{now: options.Now, sleep: options.Sleep, bearer: options.Bearer, limit: options.LogLimit, manners: options.Manners, state: newState()}
	if s.now == nil {
		s.now = time.Now
	}
	if s.sleep == nil {
		s.sleep = sleep
	}
	if s.manners.Layout == (Layout{}) {
		s.manners = Plain()
	}
	if dir == "" {
		return s, nil
	}
	journal, err := openJournal(dir, s.state)
	if err != nil {
		return nil, fmt.Errorf("open sandbox in %s: %w", dir, err)
	}
	s.journal = journal
	return s, nil
}

// Close ends the keeping of state; the server answers nothing any more that changes it. It is safe to repeat.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	return s.journal.close()
}

// Manners is how the server behaves now.
func (s *Server) Manners() Manners {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.manners
}

// Behave changes how the server behaves from the next request on, as after an upgrade, or to switch a single manner.
func (s *Server) Behave(change func(*Manners)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.manners)
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
