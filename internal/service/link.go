package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
)

// Links are the living links that the caller may see: all for an administrator, else the own one.
func (s *Service) Links(ctx context.Context, caller Caller) ([]LinkView, error) {
	if err := caller.permit(SeeLink, Subject{User: caller.User.ID}); err != nil {
		return nil, err
	}
	var views []LinkView
	err := s.read(ctx, func(tx *store.Tx) error {
		links, err := tx.Links()
		if err != nil {
			return err
		}
		views, err = viewLinks(tx, caller, links)
		return err
	})
	s.running(views)
	return views, err
}

// running says of links how their runs stand, as far as this process knows.
func (s *Service) running(views []LinkView) {
	ids := make([]crm.LinkID, len(views))
	for i, view := range views {
		ids[i] = view.ID
	}
	for _, pull := range s.Puller.Progress(ids) {
		for i := range views {
			if views[i].ID == pull.Link && pull.Running {
				views[i].Running, views[i].Processed, views[i].Expected = true, pull.Processed, pull.Expected
			}
		}
	}
}

// Link is one living link.
func (s *Service) Link(ctx context.Context, caller Caller, id crm.LinkID) (LinkView, error) {
	var view LinkView
	err := s.read(ctx, func(tx *store.Tx) error {
		link, err := livingLink(tx, caller, id, SeeLink)
		if err != nil {
			return err
		}
		views, err := viewLinks(tx, caller, []crm.Link{link})
		if err != nil {
			return err
		}
		s.running(views)
		view = views[0]
		return nil
	})
	return view, err
}

// livingLink loads a link for a deed. One that ended is not found.
func livingLink(tx *store.Tx, caller Caller, id crm.LinkID, deed Deed) (crm.Link, error) {
	link, err := tx.Link(id)
	if errors.Is(err, store.ErrNotFound) && deed == ManageLinks {
		if err := caller.permit(deed, Subject{}); err != nil {
			return crm.Link{}, err
		}
	}
	if err != nil {
		return crm.Link{}, err
	}
	if deed == ManageLinks {
		err = mayManage(tx, caller, link.User)
	} else {
		err = caller.permit(deed, Subject{User: link.User})
	}
	if err != nil {
		return crm.Link{}, err
	}
	if !link.EndedAt.IsZero() {
		return crm.Link{}, ErrNotFound
	}
	return link, nil
}

// viewLinks shows those of the given links that the caller may see.
func viewLinks(tx *store.Tx, caller Caller, links []crm.Link) ([]LinkView, error) {
	names, err := userNames(tx)
	if err != nil {
		return nil, err
	}
	settings, err := tx.Settings()
	if err != nil {
		return nil, err
	}
	counts, err := tx.LinkCounts()
	if err != nil {
		return nil, err
	}
	grants, err := grantStates(tx, links)
	if err != nil {
		return nil, err
	}
	var views []LinkView
	for _, link := range links {
		if caller.permit(SeeLink, Subject{User: link.User}) != nil {
			continue
		}
		sync, err := tx.LinkSync(link.ID)
		if err != nil {
			return nil, err
		}
		of := counts[link.ID]
		views = append(views, LinkView{
			Link: link, UserName: names[link.User], States: link.States(settings), Traits: sync.Traits,
			Actions: of.Actions, Pending: of.Pending, Held: of.Held, SetAside: of.SetAside,
			MayManage: caller.permit(ManageLinks, Subject{User: link.User, OwnCalendars: settings.OwnCalendars}) == nil, MayShow: caller.permit(ChooseShown, Subject{User: link.User}) == nil,
			WhySignIn: whySignIn(link, grants[link.ID]), GrantEndsAt: grants[link.ID].EndsAt,
		})
	}
	return views, nil
}

// grantStates are the grants of those links that sign in by one.
func grantStates(tx *store.Tx, links []crm.Link) (map[crm.LinkID]store.Grant, error) {
	byGrant := slices.ContainsFunc(links, func(link crm.Link) bool { return link.Kind != crm.LinkSimple })
	if !byGrant {
		return nil, nil
	}
	rows, err := tx.Grants()
	states := make(map[crm.LinkID]store.Grant, len(rows))
	for _, row := range rows {
		states[row.ID] = row
	}
	return states, err
}

func whySignIn(link crm.Link, grant store.Grant) crm.Reason {
	switch {
	case !link.SignInAgain || link.Kind == crm.LinkSimple:
		return ""
	case grant.Dead != "":
		return grant.Dead
	case grant.Number == 0: // nothing is kept any more
		return ReasonGrantGone
	}
	return ReasonGrantRefused
}

// SecretPlace is where the credentials of a link are sealed for.
func SecretPlace(link crm.LinkID) secret.Place {
	return secret.Place{Table: "link", Column: "secret", Row: link.String()}
}

// linkMoved is the error for a link that somebody else changed.
func (s *Service) linkMoved(ctx context.Context, caller Caller, id crm.LinkID) error {
	view, err := s.Link(ctx, caller, id)
	if err != nil {
		return err
	}
	return &VersionError{view.Version, view}
}

// changeLink runs one change of a link of that version by who may manage it. change returns false when there is nothing to
// change. After the commit the link is woken if it may run.
func (s *Service) changeLink(ctx context.Context, caller Caller, id crm.LinkID, version int64, change func(*store.Tx, *crm.Link, time.Time) (bool, error)) (crm.Link, error) {
	var link crm.Link
	var runs bool
	err := s.write(ctx, func(tx *store.Tx) error {
		var err error
		if link, err = livingLink(tx, caller, id, ManageLinks); err != nil {
			return err
		}
		if link.Version != version {
			return ErrVersion
		}
		changed, err := change(tx, &link, s.now())
		if err != nil || !changed {
			return err
		}
		if err := tx.UpdateLink(link, version); err != nil {
			return err
		}
		link.Version = version + 1
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		if runs = link.MayRun(settings); runs {
			if err := tx.Want(id, crm.TriggerPerson); err != nil {
				return err
			}
		}
		tx.AnnounceLink(id)
		return nil
	})
	if errors.Is(err, ErrVersion) || errors.Is(err, store.ErrVersion) {
		return crm.Link{}, s.linkMoved(ctx, caller, id)
	}
	if err != nil {
		return crm.Link{}, err
	}
	if runs {
		s.Waker.Wake(id)
	}
	return link, nil
}
