package service

import (
	"bytes"
	"context"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// ErrAnswerKey says that the key was used for another request.
var ErrAnswerKey = errors.New("the key was used for another request")

// errNoNetwork refuses what would ask a server from inside a transaction.
var errNoNetwork = errors.New("no server is asked inside a transaction")

// Once carries out what a caller asks for under a key, one time only, however often and from however many places the request
// comes: do and the answer it returns are committed in one transaction, and a request that comes again is given that answer,
// with replayed true. The same key with another hash is ErrAnswerKey. When do fails nothing is done or kept.
//
// do gets a Service that works in that transaction; it may be called several times, until the transaction succeeds. The
// methods that ask a server (CreateLink, ChangeLink, PlanLink, TestLink, TestSavedLink, OpenActions, those about grants) fail there.
func (s *Service) Once(ctx context.Context, caller Caller, key string, hash []byte, do func(*Service) ([]byte, error)) (answer []byte, replayed bool, err error) {
	if !caller.User.Active || caller.User.ID.IsZero() {
		return nil, false, &Forbidden{Code: CodeSignedOut}
	}
	var woken *wakeLater
	err = s.write(ctx, func(tx *store.Tx) error {
		woken = &wakeLater{}
		kept, err := keptAnswer(tx, caller.User.ID, key, hash)
		if !errors.Is(err, store.ErrNotFound) {
			answer, replayed = kept, true
			return err
		}
		within := &Service{Config: s.Config, tx: tx}
		within.Waker, within.Puller, within.Tester, within.Grants = woken, noServers{}, noServers{}, nil
		if answer, err = do(within); err != nil {
			return err
		}
		replayed = false
		return tx.InsertAnswer(store.Answer{User: caller.User.ID, Key: key, RequestHash: hash, Body: answer, CreatedAt: s.now()})
	})
	if errors.Is(err, store.ErrDuplicate{What: store.UniqueIdempotency}) { // at the same moment on another node
		err = s.read(ctx, func(tx *store.Tx) error {
			answer, err = keptAnswer(tx, caller.User.ID, key, hash)
			return err
		})
		replayed = true
	}
	if err != nil {
		return nil, false, err
	}
	if !replayed {
		s.wake(woken.links)
	}
	return answer, replayed, nil
}

func keptAnswer(tx *store.Tx, user crm.UserID, key string, hash []byte) ([]byte, error) {
	kept, err := tx.Answer(user, key)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(kept.RequestHash, hash) {
		return nil, ErrAnswerKey
	}
	return kept.Body, nil
}

// wakeLater remembers who is to be woken once the transaction is committed.
type wakeLater struct{ links []crm.LinkID }

// Wake remembers.
func (w *wakeLater) Wake(link crm.LinkID) { w.links = append(w.links, link) }

// noServers stands where a server would be asked.
type noServers struct{}

// Pull refuses.
func (noServers) Pull(context.Context, []crm.LinkID, time.Duration) (PullTicket, error) {
	return nil, errNoNetwork
}

// Progress knows of none.
func (noServers) Progress([]crm.LinkID) []LinkPull { return nil }

// Test refuses.
func (noServers) Test(context.Context, TestRequest, func(TestStep)) (Verdict, error) {
	return Verdict{}, errNoNetwork
}
