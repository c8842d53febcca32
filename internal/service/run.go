package service

import (
	"context"
	"errors"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// The length of a page of runs or actions.
const (
	defaultLimit = 50
	maxLimit     = 200
)

func pageLimit(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// Runs are those that changed something or failed, the newest first.
func (s *Service) Runs(ctx context.Context, caller Caller, query RunQuery) ([]RunView, error) {
	var views []RunView
	err := s.read(ctx, func(tx *store.Tx) error {
		id := query.Link
		if id.IsZero() && caller.permit(ManageLinks, Subject{}) != nil {
			if err := caller.permit(SeeLink, Subject{User: caller.User.ID}); err != nil {
				return err
			}
			own, err := tx.LinkOfUser(caller.User.ID)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			id = own.ID
		}
		if !id.IsZero() {
			if _, err := livingLink(tx, caller, id, SeeLink); err != nil {
				return err
			}
		}
		runs, err := tx.Runs(id, query.Before, pageLimit(query.Limit))
		if err != nil {
			return err
		}
		views, err = viewRuns(tx, runs)
		return err
	})
	return views, err
}

func viewRuns(tx *store.Tx, runs []crm.Run) ([]RunView, error) {
	names, err := userNames(tx)
	if err != nil {
		return nil, err
	}
	users := map[crm.LinkID]crm.UserID{}
	views := make([]RunView, len(runs))
	for i, run := range runs {
		if _, known := users[run.Link]; !known {
			link, err := tx.Link(run.Link)
			if err != nil {
				return nil, err
			}
			users[run.Link] = link.User
		}
		views[i] = RunView{run, names[users[run.Link]]}
	}
	return views, nil
}

// maxSetAside bounds how many events that cannot be used are shown of one link.
const maxSetAside = 500

// SetAside are the events of a link that cannot be used. What an event says is shown to the link's user, and to others
// where the link shows it in full and it is sure not to be private: of one that cannot be read, that is not known.
func (s *Service) SetAside(ctx context.Context, caller Caller, id crm.LinkID) ([]SetAsideView, error) {
	var views []SetAsideView
	err := s.read(ctx, func(tx *store.Tx) error {
		views = nil
		link, err := livingLink(tx, caller, id, SeeLink)
		if err != nil {
			return err
		}
		var resources []store.Resource
		for resource, err := range tx.SetAsideResources(id) {
			if err != nil {
				return err
			}
			if resources = append(resources, resource); len(resources) == maxSetAside {
				break
			}
		}
		for _, resource := range resources {
			whole, err := tx.Resource(resource.ID)
			if err != nil {
				return err
			}
			aside := resource.SetAside
			view := SetAsideView{
				Href: string(resource.Href), When: aside.When, Reason: aside.Reason, Params: aside.Params, SeenAt: resource.SeenAt,
				Private: link.ShownBusy || !surelyPublic(whole.Body),
			}
			if link.User == caller.User.ID || !view.Private {
				view.Subject = aside.Subject
			}
			views = append(views, view)
		}
		return nil
	})
	return views, err
}
