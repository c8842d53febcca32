package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"agendaonline/internal/store"
)

// Run runs the link that lease is for. Its ctx ends when the lease is lost or the scheduler stops. report, which may be
// called until Run returns, takes how the run stands. NextDueAt of the result counts also with an error; when it is zero
// the link waits RetryAfter.
type Run func(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error)

// Config is what a Scheduler needs. Store, Owner and Run must be given; the others have defaults.
type Config struct {
	Store *store.Store
	Owner string // names this node; no other living node has the same
	Run   Run
	// Failed keeps that a run ended in a panic or in an error that is not the context's, so that a person sees it. It may be
	// nil.
	Failed func(ctx context.Context, lease store.Lease, cause error)

	Now        func() time.Time // nil: time.Now
	TTL        time.Duration    // of a lease; 0: 8 s
	RenewEvery time.Duration    // 0: 2 s
	Workers    int              // runs at a time; 0: 64
	RetryAfter time.Duration    // after a run that says nothing of its own; 0: 1 min
	Log        *slog.Logger     // nil: silent
}

// Scheduler runs links. Its methods may be called by several goroutines between Start and Stop.
type Scheduler struct {
	config Config
	life   context.Context // ends with Stop: nothing new is claimed
	end    context.CancelFunc
	runs   context.Context // ends when Stop has waited long enough: what still runs is stopped
	cancel context.CancelCauseFunc

	wake     chan struct{}
	ended    chan ended
	stopping sync.Once
	gone     chan struct{} // closed when all goroutines are
	inOrder  bool          // the next claim goes by who is due longest; the claiming loop's own
	loops    sync.WaitGroup
	workers  sync.WaitGroup
	releases sync.WaitGroup

	mu      sync.Mutex
	first   []store.LinkID // woken by name: claimed before what is merely due
	running map[store.LinkID]*running
	pulls   map[store.LinkID]*pull
}

// running is one run that goes on.
type running struct {
	lease  store.Lease
	cancel context.CancelCauseFunc
	expiry *time.Timer // ends the run when its lease was not renewed in time
}

// ended is a run that is over and whose lease is to be given back.
type ended struct {
	run    *running
	result store.RunResult
	at     time.Time
}

// errStopped is why runs end that Stop does not wait for any longer, errLost why those end whose lease is gone.
var (
	errStopped = errors.New("the scheduler stops")
	errLost    = errors.New("the lease was not renewed")
)

// New is a Scheduler that does nothing yet.
func New(config Config) *Scheduler {
	if config.Now == nil {
		config.Now = time.Now
	}
	setDefault(&config.TTL, 8*time.Second)
	setDefault(&config.RenewEvery, 2*time.Second)
	setDefault(&config.Workers, 64)
	setDefault(&config.RetryAfter, time.Minute)
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Scheduler{
		config: config, wake: make(chan struct{}, 1), ended: make(chan ended, config.Workers), gone: make(chan struct{}),
		running: map[store.LinkID]*running{}, pulls: map[store.LinkID]*pull{},
	}
}

func setDefault[T comparable](value *T, to T) {
	var zero T
	if *value == zero {
		*value = to
	}
}

// Start begins to run links. It returns at once; Stop ends what it starts.
func (s *Scheduler) Start() {
	s.life, s.end = context.WithCancel(context.Background())
	s.runs, s.cancel = context.WithCancelCause(context.Background())
	listener := s.config.Store.Listen(store.TopicWake)
	s.loops.Go(func() { s.listen(listener) })
	s.loops.Go(s.claim)
	s.releases.Go(s.renew)
	s.releases.Go(s.release)
}

// stopGrace is how long Stop lets runs come to their own end before it ends their contexts.
const stopGrace = 5 * time.Second

// Stop claims nothing more, waits for the runs that go on, ends their contexts when they take longer than a few seconds, and
// gives every lease back. It returns when all goroutines are gone, or with the error of ctx; a second Stop waits too.
func (s *Scheduler) Stop(ctx context.Context) error {
	s.end()
	s.stopping.Do(func() {
		go func() { // ends when the runs have, which the cancel below sees to
			defer close(s.gone)
			s.loops.Wait()
			grace := time.AfterFunc(stopGrace, func() { s.cancel(errStopped) })
			s.workers.Wait()
			grace.Stop()
			close(s.ended)
			s.cancel(errStopped)
			s.releases.Wait()
			s.leaveWaiters()
		}()
	})
	select {
	case <-s.gone:
		return nil
	case <-ctx.Done():
		s.cancel(errStopped)
		return fmt.Errorf("stop the scheduler: %w", ctx.Err())
	}
}

// Wake says that a link has work now: it is claimed before what is merely due. The work itself is in the database.
func (s *Scheduler) Wake(link store.LinkID) {
	s.mu.Lock()
	if !slices.Contains(s.first, link) {
		s.first = append(s.first, link)
	}
	s.mu.Unlock()
	s.signal()
}

func (s *Scheduler) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// listen hears of links that other transactions and nodes have made due.
func (s *Scheduler) listen(listener *store.Listener) {
	defer listener.Close()
	for {
		select {
		case <-s.life.Done():
			return
		case <-listener.Ready():
			payloads, _ := listener.Take()
			for _, payload := range payloads {
				var link store.LinkID
				if err := link.UnmarshalText([]byte(payload)); err == nil {
					s.Wake(link)
				}
			}
			s.signal()
		}
	}
}
