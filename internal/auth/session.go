package auth

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/store"
)

// sessionStore keeps sessions in the database, under the hash of their cookie. It fits scs.CtxStore.
type sessionStore struct {
	store *store.Store
	now   func() time.Time
}

func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := s.store.Read(ctx, func(tx *store.Tx) (err error) {
		data, err = tx.Session(token, s.now())
		return err
	})
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrText) {
		return nil, false, nil
	}
	return data, err == nil, err
}

func (s sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiresAt time.Time) error {
	return s.store.Write(ctx, func(tx *store.Tx) error { return tx.PutSession(token, data, expiresAt) })
}

func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.store.Write(ctx, func(tx *store.Tx) error { return tx.DeleteSession(token) })
}

// The forms without a context are part of the interface and are not called.

func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

func (s sessionStore) Commit(token string, data []byte, expiresAt time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiresAt)
}

func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
