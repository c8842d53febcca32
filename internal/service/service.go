package service

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
	"agendaonline/internal/zone"
)

// Config is what a Service works with; all of it is needed but Grants and AppPasswords.
type Config struct {
	Store     *store.Store
	Keys      *secret.Ring
	Zones     *zone.Rules
	IDs       crm.IDSource
	Waker     Waker
	Puller    Puller
	Tester    Tester
	Planner   Planner
	Passwords PasswordHasher
	// Grants may be nil: links that sign in by a grant are not offered then. So may AppPasswords.
	Grants       Granter
	AppPasswords AppPasswords
}

// Service is what people do. Its methods may be called by any number of goroutines.
type Service struct {
	Config
	tx *store.Tx // of a Service that works in one transaction, see Once
}

// New makes a Service. One that lacks something it works with is a broken program, and panics.
func New(config Config) *Service {
	if config.Store == nil || config.Keys == nil || config.Zones == nil || config.IDs.Now == nil || config.IDs.Random == nil ||
		config.Waker == nil || config.Puller == nil || config.Tester == nil || config.Planner == nil || config.Passwords == nil {
		panic("service: the configuration is not complete")
	}
	return &Service{Config: config}
}

// now is an instant as rows keep it.
func (s *Service) now() time.Time { return s.IDs.Now().UTC().Truncate(time.Microsecond) }

// read and write are those of store, with its errors told as this package tells them.
func (s *Service) read(ctx context.Context, fn func(*store.Tx) error) error {
	if s.tx != nil {
		return told(fn(s.tx))
	}
	return told(s.Store.Read(ctx, fn))
}

func (s *Service) write(ctx context.Context, fn func(*store.Tx) error) error {
	if s.tx != nil {
		return told(fn(s.tx))
	}
	return told(s.Store.Write(ctx, fn))
}

func told(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

// wake tells of links that have work, after the commit.
func (s *Service) wake(links []crm.LinkID) {
	for _, link := range links {
		s.Waker.Wake(link)
	}
}
