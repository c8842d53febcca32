package service

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// CodePurgeEvent says that an action cannot be purged yet: a calendar has its event still, or its deletion waits.
const CodePurgeEvent = "purge.event_waits"

// purgedAtOnce bounds how many actions one transaction purges.
const purgedAtOnce = 200

// Purge removes an action for good that lies in the trash. What is kept of it are the rows of its history and, for a while, the UIDs of
// its events. Its event is deleted before: CodePurgeEvent while that waits.
func (s *Service) Purge(ctx context.Context, caller Caller, id crm.ActionID) error {
	return s.write(ctx, func(tx *store.Tx) error {
		action, err := tx.Action(id)
		if err != nil {
			return err
		}
		if err := caller.permit(PurgeAction, Subject{Action: &action}); err != nil {
			return err
		}
		purged, err := tx.Purge(id)
		if err == nil && !purged {
			return crm.Problems{crm.NewProblem(CodePurgeEvent, "")}
		}
		tx.AnnounceActions([]crm.ActionID{id})
		return err
	})
}

// PurgeExpired removes for good what has lain in the trash for as long as the settings keep it (semantics 6), and says how much that was.
// Nobody asks for it: the program calls it now and then.
func (s *Service) PurgeExpired(ctx context.Context) (int, error) {
	all := 0
	for {
		purged := 0
		err := s.write(ctx, func(tx *store.Tx) error {
			settings, err := tx.Settings()
			if err != nil {
				return err
			}
			ids, err := tx.PurgeTrash(s.now().Add(-settings.TrashKept), purgedAtOnce)
			purged = len(ids)
			tx.AnnounceActions(ids)
			return err
		})
		if all += purged; err != nil || purged < purgedAtOnce {
			return all, err
		}
	}
}

// ForgetUIDs forgets the UIDs of what was purged longer ago than the settings keep them (semantics 4), and says how many. The program calls
// it now and then.
func (s *Service) ForgetUIDs(ctx context.Context) (int64, error) {
	var forgotten int64
	err := s.write(ctx, func(tx *store.Tx) error {
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		forgotten, err = tx.ForgetUIDs(s.now().Add(-settings.UIDsKept))
		return err
	})
	return forgotten, err
}
