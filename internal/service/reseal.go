package service

import (
	"context"
	"errors"
	"fmt"

	"agendaonline/internal/secret"
	"agendaonline/internal/store"
)

// resealAtOnce is how many sealed values one transaction replaces: other writes wait no longer than for that.
const resealAtOnce = 50

// Resealed is what Reseal found: how many values it sealed anew, and how many there are.
type Resealed struct{ Anew, All int }

// Reseal seals with the present key of keys whatever another key has sealed, in transactions of a few values each, while the
// program runs. A value that somebody replaces meanwhile is left as it then is; Reseal looks through all of them again until it
// finds nothing to do. Values that do not open end it, with the error naming the key and the place, before any value is replaced.
// It is safe to repeat, and to stop.
func Reseal(ctx context.Context, s *store.Store, keys *secret.Ring) (Resealed, error) {
	if err := OpensAll(ctx, s, keys); err != nil {
		return Resealed{}, err
	}
	var done Resealed
	for {
		anew, all, err := resealOnce(ctx, s, keys)
		done.Anew, done.All = done.Anew+anew, all
		if err != nil || anew == 0 {
			return done, err
		}
	}
}

func resealOnce(ctx context.Context, s *store.Store, keys *secret.Ring) (anew, all int, err error) {
	var after store.Sealed
	for {
		var page []store.Sealed
		var replaced int
		err := s.Write(ctx, func(tx *store.Tx) (err error) {
			replaced = 0
			if page, err = tx.SealedValues(after, resealAtOnce); err != nil {
				return err
			}
			for _, one := range page {
				if keys.Current(one.Value) {
					continue
				}
				value, err := keys.Open(placeOf(one), one.Value)
				if err != nil {
					return err
				}
				switch err := tx.Reseal(one, keys.Seal(placeOf(one), value)); {
				case err == nil:
					replaced++
				case !errors.Is(err, store.ErrVersion):
					return err
				}
			}
			return nil
		})
		anew, all = anew+replaced, all+len(page)
		if err != nil || len(page) < resealAtOnce {
			return anew, all, err
		}
		after = page[len(page)-1]
	}
}

// OpensAll opens every sealed value of a database. The error names the first place and key that do not.
func OpensAll(ctx context.Context, s *store.Store, keys *secret.Ring) error {
	return eachSealed(ctx, s, func(one store.Sealed) error {
		_, err := keys.Open(placeOf(one), one.Value)
		return err
	})
}

// SealedBy counts the sealed values of a database by the key that sealed them.
func SealedBy(ctx context.Context, s *store.Store) (map[string]int, error) {
	counts := map[string]int{}
	err := eachSealed(ctx, s, func(one store.Sealed) error {
		id, err := secret.KeyOf(one.Value)
		if err != nil {
			return fmt.Errorf("look at %s: %w", placeOf(one), err)
		}
		counts[id]++
		return nil
	})
	return counts, err
}

// eachSealed visits every sealed value, as of one moment.
func eachSealed(ctx context.Context, s *store.Store, visit func(store.Sealed) error) error {
	return s.Read(ctx, func(tx *store.Tx) error {
		var after store.Sealed
		for {
			page, err := tx.SealedValues(after, resealAtOnce)
			if err != nil {
				return err
			}
			for _, one := range page {
				if err := visit(one); err != nil {
					return err
				}
			}
			if len(page) < resealAtOnce {
				return nil
			}
			after = page[len(page)-1]
		}
	})
}

func placeOf(sealed store.Sealed) secret.Place {
	return secret.Place{Table: sealed.Table, Column: sealed.Column, Row: sealed.ID.String()}
}
