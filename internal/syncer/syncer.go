package syncer

import (
	"context"
	"log/slog"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
	"agendaonline/internal/zone"
)

// Config is what a Syncer needs. Store, Connect, IDs, Now and Zones must be given.
type Config struct {
	Store   *store.Store
	Connect Connect
	Gate    Gate // nil: nothing
	IDs     crm.IDSource
	Now     func() time.Time
	Zones   *zone.Rules
	// Jitter spreads retries: a number from 0 to 1, exclusive. nil: always 0.5.
	Jitter func() float64
	// AtOnce is how many events of a link are written at a time; 0: 8.
	AtOnce int
	// CompareEvery is how often all hrefs and ETags of a calendar are compared, beside what its sync token says, to heal what
	// a server left out; 0: a day; negative: never.
	CompareEvery time.Duration
	// LargePlan is how many items a first sync may have without a person; 0: 2,000 (semantics 4).
	LargePlan int
	Log       *slog.Logger // nil: silent. It never holds credentials or calendar text
}

// Syncer runs links. Its methods may be called by several goroutines, each with a lease of its own.
type Syncer struct{ Config }

// New is a Syncer.
func New(config Config) *Syncer {
	if config.Gate == nil {
		config.Gate = func(context.Context, Point) error { return nil }
	}
	if config.Jitter == nil {
		config.Jitter = func() float64 { return 0.5 }
	}
	if config.AtOnce == 0 {
		config.AtOnce = 8
	}
	if config.CompareEvery == 0 {
		config.CompareEvery = 24 * time.Hour
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Syncer{config}
}

// Run carries out one run of the link that lease is for: it pulls, unless the run was wanted only for what waits to be
// pushed, and pushes. It neither renews nor releases the lease: ctx ends when the lease is lost, and the caller releases it
// with the result. report, which may be nil, hears how the run stands, from one goroutine at a time.
//
// A calendar that cannot be reached, refuses or answers nonsense is no error: it becomes a state of the link, and
// RunResult.Reason. The error says that the run could not go on here: the store, the context, the gate, lost credentials.
// NextDueAt of the result counts in both cases.
func (s *Syncer) Run(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
	return s.run(ctx, lease, report)
}
