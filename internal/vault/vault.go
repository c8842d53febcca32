// Package vault keeps grants in the database, where every node sees them, and signs requests in with them.
package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/oauth"
	"agendaonline/internal/secret"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// Vault keeps the grant of one link, or of a draft of one, in the database: oauth.Vault.
type Vault struct {
	Store *store.Store
	Keys  *secret.Ring
	Now   func() time.Time
	Owner string // this process
	ID    crm.LinkID
	// Way is the way to a server with the certificate and authorities of a link; nil: there are none.
	Way func(service.LinkTLS) (http.RoundTripper, error)
}

// claimLasts is how long a node that refreshes keeps the others waiting if it stops in the middle: longer than a refresh and its
// saving may take.
const claimLasts = time.Minute

func (v Vault) load(ctx context.Context) (store.Grant, service.SealedGrant, error) {
	var row store.Grant
	err := v.Store.Read(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Grant(v.ID)
		return err
	})
	if err != nil {
		return row, service.SealedGrant{}, err
	}
	kept, err := service.OpenGrant(v.Keys, v.ID, row.Sealed)
	return row, kept, err
}

// Load implements oauth.Vault.
func (v Vault) Load(ctx context.Context) (oauth.Kept, error) {
	row, kept, err := v.load(ctx)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.Dead != "" {
		return oauth.Kept{}, &oauth.Failure{Kind: oauth.SignInAgain, Op: "load the grant of link " + v.ID.String()}
	}
	if err != nil {
		return oauth.Kept{}, err
	}
	grant, err := oauth.UnmarshalGrant(kept.Grant)
	if err != nil {
		return oauth.Kept{}, fmt.Errorf("the grant of link %s cannot be read", v.ID)
	}
	loaded := oauth.Kept{Server: ServerOf(kept.Server), Grant: grant, Number: row.Number}
	if own := kept.Server.TLS; own != nil && v.Way != nil {
		if loaded.Transport, err = v.Way(*own); err != nil {
			return oauth.Kept{}, fmt.Errorf("sign in to link %s: %w", v.ID, err)
		}
	}
	return loaded, nil
}

// Claim implements oauth.Vault.
func (v Vault) Claim(ctx context.Context, number int64) (ok bool, err error) {
	err = v.Store.Write(ctx, func(tx *store.Tx) error {
		ok, err = tx.ClaimGrant(v.ID, number, v.Owner, claimLasts)
		return err
	})
	return ok, err
}

// Save implements oauth.Vault.
func (v Vault) Save(ctx context.Context, number int64, grant oauth.Grant) error {
	text, err := oauth.MarshalGrant(grant)
	if err != nil {
		return err
	}
	err = v.Store.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.Grant(v.ID)
		if err != nil {
			return err
		}
		kept, err := service.OpenGrant(v.Keys, v.ID, row.Sealed)
		if err != nil {
			return err
		}
		kept.Grant = text
		sealed, err := service.SealGrant(v.Keys, v.ID, kept)
		if err != nil {
			return err
		}
		return tx.SaveGrant(v.ID, number, sealed, grant.EndsAt)
	})
	if errors.Is(err, store.ErrVersion) || errors.Is(err, store.ErrNotFound) {
		return oauth.ErrReplaced
	}
	return err
}

// Release implements oauth.Vault.
func (v Vault) Release(ctx context.Context, number int64) error {
	return v.Store.Write(ctx, func(tx *store.Tx) error { return tx.ReleaseGrant(v.ID, number, v.Owner) })
}

// Dead implements oauth.Vault. A link whose grant is dead waits to be signed in again from the same commit on; a draft is no link
// and has nobody to tell.
func (v Vault) Dead(ctx context.Context, number int64, why oauth.Kind) error {
	return v.Store.Write(ctx, func(tx *store.Tx) error {
		row, err := tx.Grant(v.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		reason := service.ReasonGrantClient
		switch why {
		case oauth.SignInAgain:
			kept, err := service.OpenGrant(v.Keys, v.ID, row.Sealed)
			if err != nil {
				return err
			}
			reason = service.WhyGrantEnded(kept.Kind, row.GrantedAt, row.EndsAt, v.Now())
		case oauth.ScopeMissing:
			reason = service.ReasonGrantScope
		}
		died, err := tx.GrantDied(v.ID, number, reason)
		if err != nil || !died {
			return err
		}
		sync, err := tx.LinkSync(v.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		sync.SignInAgain, sync.Failing = true, crm.Failing{}
		tx.AnnounceLink(v.ID)
		return tx.UpdateLinkSync(v.ID, sync)
	})
}

// Credentials are a grant's as caldav takes them: its failures are those of a request.
type Credentials struct{ *oauth.Bearer }

// Authorize implements caldav.Credentials.
func (c Credentials) Authorize(request *http.Request) error {
	return requestFailure(c.Bearer.Authorize(request))
}

// Refused implements caldav.Credentials.
func (c Credentials) Refused(request *http.Request, answer *http.Response) (bool, error) {
	again, err := c.Bearer.Refused(request, answer)
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

// ServerOf is an authorisation server as oauth knows it.
func ServerOf(server service.OAuthServer) oauth.Server {
	return oauth.Server{
		AuthorizationEndpoint: server.AuthorizationEndpoint, TokenEndpoint: server.TokenEndpoint, RevocationEndpoint: server.RevocationEndpoint, DeviceEndpoint: server.DeviceEndpoint,
		Issuer: server.Issuer, IssuerInAnswer: server.IssuerInAnswer, ClientID: server.ClientID, ClientSecret: server.ClientSecret,
		Style: oauth.AuthStyle(server.Style), Scopes: strings.Fields(server.Scopes), Extra: server.Extra,
	}
}
