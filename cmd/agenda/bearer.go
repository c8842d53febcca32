package main

import (
	"context"
	"sync"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oauth"
	"agendaonline/internal/vault"
)

// bearers are the credentials of the links that sign in by a grant, one for each as long as the program lives: what a server gave
// and the database would not take yet is only there.
type bearers struct {
	mu  sync.Mutex
	all map[crm.LinkID]*oauth.Bearer
}

func (p *program) bearer(id crm.LinkID) vault.Credentials {
	p.bearers.mu.Lock()
	defer p.bearers.mu.Unlock()
	if p.bearers.all == nil {
		p.bearers.all = map[crm.LinkID]*oauth.Bearer{}
	}
	one := p.bearers.all[id]
	if one == nil {
		one = p.oauth.NewBearer(vault.Vault{Store: p.store, Keys: p.keys, Now: p.Now, Owner: p.node, ID: id, Way: p.way}, waitFor)
		p.bearers.all[id] = one
	}
	return vault.Credentials{Bearer: one}
}

func waitFor(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
