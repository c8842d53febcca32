package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/oauth"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// vault keeps the grant of one link, or of a draft of one, in the database: oauth.Vault.
type vault struct {
	store *store.Store
	keys  *secret.Ring
	now   func() time.Time
	owner string // this process
	id    crm.LinkID
}

// claimLasts is how long a node that refreshes keeps the others waiting if it stops in the middle: longer than a refresh and its
// saving may take.
const claimLasts = time.Minute

func (v vault) load(ctx context.Context) (store.Grant, service.SealedGrant, error) {
	var row store.Grant
	err := v.store.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Grant(v.id)
		return err
	})
	if err != nil {
		return row, service.SealedGrant{}, err
	}
	kept, err := service.OpenGrant(v.keys, v.id, row.Sealed)
	return row, kept, err
}

// Load implements oauth.Vault.
func (v vault) Load(ctx context.Context) (oauth.Kept, error) {
	row, kept, err := v.load(ctx)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.Dead != "" {
		return oauth.Kept{}, &oauth.Failure{Kind: oauth.SignInAgain, Op: "load the grant of link " + v.id.String()}
	}
	if err != nil {
		return oauth.Kept{}, err
	}
	grant, err := oauth.UnmarshalGrant(kept.Grant)
	if err != nil {
		return oauth.Kept{}, fmt.Errorf("the grant of link %s cannot be read", v.id)
	}
	return oauth.Kept{Server: oauthServer(kept.Server), Grant: grant, Number: row.Number}, nil
}

// Claim implements oauth.Vault.
func (v vault) Claim(ctx context.Context, number int64) (ok bool, err error) {
	err = v.store.Write(ctx, func(tx *store.Tx) error {
		ok, err = tx.ClaimGrant(v.id, number, v.owner, claimLasts)
		return err
	})
	return ok, err
}

// Save implements oauth.Vault.
func (v vault) Save(ctx context.Context, number int64, grant oauth.Grant) error {
	text, err := oauth.MarshalGrant(grant)
	if err != nil {
		return err
	}
	err = v.store.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.Grant(v.id)
		if err != nil {
			return err
		}
		kept, err := service.OpenGrant(v.keys, v.id, row.Sealed)
		if err != nil {
			return err
		}
		kept.Grant = text
		sealed, err := service.SealGrant(v.keys, v.id, kept)
		if err != nil {
			return err
		}
		return tx.SaveGrant(v.id, number, sealed, grant.EndsAt)
	})
	if errors.Is(err, store.ErrVersion) || errors.Is(err, store.ErrNotFound) {
		return oauth.ErrReplaced
	}
	return err
}

// Release implements oauth.Vault.
func (v vault) Release(ctx context.Context, number int64) error {
	return v.store.Write(ctx, func(tx *store.Tx) error { return tx.ReleaseGrant(v.id, number, v.owner) })
}

// Dead implements oauth.Vault. A link whose grant is dead waits to be signed in again from the same commit on; a draft is no link
// and has nobody to tell.
func (v vault) Dead(ctx context.Context, number int64, why oauth.Kind) error {
	return v.store.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.Grant(v.id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		reason := service.ReasonGrantClient
		switch why {
		case oauth.SignInAgain:
			kept, err := service.OpenGrant(v.keys, v.id, row.Sealed)
			if err != nil {
				return err
			}
			reason = service.WhyGrantEnded(kept.Kind, row.GrantedAt, row.EndsAt, v.now())
		case oauth.ScopeMissing:
			reason = service.ReasonGrantScope
		}
		died, err := tx.GrantDied(v.id, number, reason)
		if err != nil || !died {
			return err
		}
		sync, err := tx.LinkSync(v.id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		sync.SignInAgain, sync.Failing = true, crm.Failing{}
		tx.AnnounceLink(v.id)
		return tx.UpdateLinkSync(v.id, sync)
	})
}

// bearers are the credentials of the links that sign in by a grant, one for each as long as the program lives: what a server gave
// and the database would not take yet is only there.
type bearers struct {
	mu  sync.Mutex
	all map[crm.LinkID]*oauth.Bearer
}

func (p *program) bearer(id crm.LinkID) grantCredentials {
	p.bearers.mu.Lock()
	defer p.bearers.mu.Unlock()
	if p.bearers.all == nil {
		p.bearers.all = map[crm.LinkID]*oauth.Bearer{}
	}
	one := p.bearers.all[id]
	if one == nil {
		one = p.oauth.NewBearer(vault{p.store, p.keys, p.Now, p.node, id}, waitFor)
		p.bearers.all[id] = one
	}
	return grantCredentials{one}
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

// grantCredentials are a grant's as caldav takes them: its failures are those of a request.
type grantCredentials struct{ bearer *oauth.Bearer }

// Authorize implements caldav.Credentials.
func (g grantCredentials) Authorize(request *http.Request) error {
	return requestFailure(g.bearer.Authorize(request))
}

// Refused implements caldav.Credentials.
func (g grantCredentials) Refused(request *http.Request, answer *http.Response) (bool, error) {
	again, err := g.bearer.Refused(request, answer)
	return again, requestFailure(err)
}

// requestFailure is what a failed refresh means for the request that needed it: a person must sign in, or it is tried later.
func requestFailure(err error) error {
	failure, is := errors.AsType[*oauth.Failure](err)
	if !is {
		return err
	}
	refused := &dav.Failure{Class: dav.ClassTemporary, Op: failure.Op, NotBefore: failure.NotBefore, Err: err}
	switch failure.Kind {
	case oauth.SignInAgain, oauth.ClientRefused, oauth.ScopeMissing:
		refused.Class = dav.ClassSignIn
	}
	return refused
}
