package service

import (
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// ShowLink says what others see of what comes from a link's calendar: all of it, or only that somebody is busy (semantics 12).
// It is the choice of the link's user, whoever made the link, and holds for what came by earlier links to the same calendar too.
// It takes effect at once, for everything that is there, and starts no run.
func (s *Service) ShowLink(ctx context.Context, caller Caller, id crm.LinkID, version int64, busy bool) (crm.Link, error) {
	var link crm.Link
	err := s.write(ctx, func(tx *store.Tx) error {
		var err error
		if link, err = livingLink(tx, caller, id, ChooseShown); err != nil {
			return err
		}
		if link.Version != version {
			return ErrVersion
		}
		if link.ShownBusy == busy {
			return nil
		}
		link.ShownBusy = busy
		if err := errors.Join(tx.UpdateLink(link, version), tx.ShowBefore(link)); err != nil {
			return err
		}
		link.Version = version + 1
		tx.AnnounceLink(id)
		tx.AnnounceAllActions()
		return nil
	})
	if errors.Is(err, ErrVersion) || errors.Is(err, store.ErrVersion) {
		return crm.Link{}, s.linkMoved(ctx, caller, id)
	}
	if err != nil {
		return crm.Link{}, err
	}
	return link, nil
}

// shownAtFirst settles what others see of a new link. Its user chose; for him an administrator chooses, who cannot show what
// that user kept to himself when the calendar was linked before.
func (s *Service) shownAtFirst(tx *store.Tx, caller Caller, link *crm.Link) error {
	if link.User != caller.User.ID && !link.ShownBusy {
		before, err := tx.ShownBusyBefore(*link)
		if err != nil {
			return err
		}
		link.ShownBusy = before
	}
	return tx.ShowBefore(*link)
}
