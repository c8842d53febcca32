package syncer

import (
	"context"

	"agendaonline/internal/store"
)

func (s *Syncer) run(ctx context.Context, lease store.Lease, report func(store.RunProgress)) (store.RunResult, error) {
	return store.RunResult{}, nil
}
