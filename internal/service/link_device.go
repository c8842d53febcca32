package service

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// OnAnotherDevice is the redirect of a question that is answered on another device: no browser is sent back anywhere.
const OnAnotherDevice = "urn:ietf:params:oauth:grant-type:device_code"

// DeviceView is what a person does on another device: open Address, or Complete, which has the code in it, and type Code.
type DeviceView struct {
	Code, Address, Complete string
	Wait                    time.Duration // between two looks for the answer
}

// keptDevice is what is kept of such a question beside Granter's own part.
type keptDevice struct {
	Code     string        `json:"code"`
	Address  string        `json:"address"`
	Complete string        `json:"complete,omitempty"`
	Wait     time.Duration `json:"wait"`
	NextAt   time.Time     `json:"next_at"`          // before then the server is not asked
	Failed   *crm.Problem  `json:"failed,omitempty"` // how it ended
}

func (d *keptDevice) view() DeviceView {
	if d == nil {
		return DeviceView{}
	}
	return DeviceView{d.Code, d.Address, d.Complete, d.Wait}
}

// beginDraft keeps a draft with its question, for this browser or for another device.
func (s *Service) beginDraft(ctx context.Context, caller Caller, binding []byte, kept keptDraft) (DraftView, error) {
	if kept.Redirect != OnAnotherDevice {
		return s.putDraft(ctx, caller, binding, kept)
	}
	asked, err := s.Grants.AskDevice(ctx, kept.Server)
	if err != nil {
		return DraftView{}, grantProblem(err)
	}
	kept.Question, kept.Ask = asked.Question, asked.Address
	kept.Device = &keptDevice{Code: asked.Code, Address: asked.Address, Complete: asked.Complete, Wait: asked.Wait, NextAt: s.now().Add(asked.Wait)}
	row := store.Draft{ID: crm.NewID[crm.Link](s.IDs), Owner: caller.User.ID, Binding: binding, ExpiresAt: asked.ExpiresAt.UTC().Truncate(time.Microsecond)}
	if row.Sealed, err = sealJSON(s.Keys, draftPlace(row.ID), kept); err != nil {
		return DraftView{}, err
	}
	err = s.write(ctx, func(tx *store.Tx) error { return tx.PutDraft(row) })
	return viewDraft(row, kept, false), err
}

// PollDraft looks whether the question of a draft was answered on another device. The server is asked no oftener than it wants,
// however many pages and nodes look: Signed of the view says whether there is an answer. A no, or a code that lapsed, is the
// problem of each further look.
func (s *Service) PollDraft(ctx context.Context, caller Caller, ref DraftRef) (DraftView, error) {
	if s.tx != nil {
		return DraftView{}, errNoNetwork
	}
	var row store.Draft
	var kept keptDraft
	var mine, signed bool
	err := s.write(ctx, func(tx *store.Tx) error {
		mine = false
		var err error
		if row, kept, err = s.draftOf(tx, caller, ref); err != nil {
			return err
		}
		_, err = tx.Grant(row.ID)
		if signed = err == nil; err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		switch {
		case signed || kept.Device == nil:
			return nil
		case kept.Device.Failed != nil:
			return crm.Problems{kept.Device.Failed}
		case s.Grants == nil || kept.Question == nil || s.now().Before(kept.Device.NextAt):
			return nil
		}
		// Whoever moves the time on asks.
		mine, kept.Device.NextAt = true, s.now().Add(kept.Device.Wait)
		if row.Sealed, err = sealJSON(s.Keys, draftPlace(row.ID), kept); err != nil {
			return err
		}
		return tx.PutDraft(row)
	})
	if err != nil || !mine {
		return viewDraft(row, kept, signed), err
	}
	return s.redeemDevice(ctx, row, kept)
}

// redeemDevice asks, and keeps what comes of it. An answer is given once: it is kept, or given back, also when the browser goes away
// meanwhile.
func (s *Service) redeemDevice(ctx context.Context, row store.Draft, kept keptDraft) (DraftView, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	granted, pending, err := s.Grants.RedeemDevice(ctx, kept.Server, kept.Question)
	failure, failed := errors.AsType[*GrantFailure](err)
	switch {
	case failed && failure.Temporary: // it is asked again
		return viewDraft(row, kept, false), nil
	case failed:
		if len(granted.Grant) > 0 {
			s.giveBack(ctx, row.ID, SealedGrant{Kind: kept.Kind, Account: kept.Username, Server: kept.Server, Grant: granted.Grant})
		}
		kept.Question, kept.Device.Failed = nil, &crm.Problem{Code: failure.Code, Field: failure.Field, Params: failure.Params}
		return DraftView{}, errors.Join(crm.Problems{kept.Device.Failed}, s.reputDraft(ctx, row, kept))
	case err != nil:
		return DraftView{}, err
	case pending != nil:
		kept.Question, kept.Device.Wait = pending.Question, pending.Wait
		kept.Device.NextAt = s.now().Add(pending.Wait)
		return viewDraft(row, kept, false), s.reputDraft(ctx, row, kept)
	}
	return s.keepGranted(ctx, row, kept, granted)
}

// reputDraft keeps what became of a draft, unless it was dropped meanwhile.
func (s *Service) reputDraft(ctx context.Context, row store.Draft, kept keptDraft) (err error) {
	if row.Sealed, err = sealJSON(s.Keys, draftPlace(row.ID), kept); err != nil {
		return err
	}
	return s.write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Draft(row.ID); errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		return tx.PutDraft(row)
	})
}
