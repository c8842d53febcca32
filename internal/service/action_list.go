package service

import (
	"context"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// CodeCursor refuses a cursor that is none of ours.
const CodeCursor = "list.cursor"

// How far the actions that match are counted: on, a number costs more than it is worth. Where the rows themselves must be
// read it is five times as much, and by words more again.
const (
	mostCounted        = 10_000
	mostCountedByRow   = 2_000
	mostCountedByWords = 1_000
)

// A cursor of a page says which way it leads.
const (
	cursorAfter  = "n"
	cursorBefore = "p"
)

// List is one page of the actions that a query asks for, as the caller may see them. Documents are left to Get.
func (s *Service) List(ctx context.Context, caller Caller, query ActionQuery) (ActionPage, error) {
	if err := caller.permit(ListActions, Subject{}); err != nil {
		return ActionPage{}, err
	}
	page, err := pageOf(query)
	if err != nil {
		return ActionPage{}, err
	}
	var result ActionPage
	err = s.read(ctx, func(tx *store.Tx) error {
		wanted := query.wanted(caller)
		found, err := tx.Search(wanted, page)
		if err != nil {
			return err
		}
		most := query.mostCounted()
		if query.Cursor == "" && found.Next.IsZero() {
			result.Total = len(found.Actions) // the page is all there is
		} else if result.Total, err = tx.Count(wanted, most+1); err != nil {
			return err
		}
		if result.Total > most {
			result.Total, result.More = most, true
		}
		names, err := userNames(tx)
		if err != nil {
			return err
		}
		result.Actions = make([]ActionView, 0, len(found.Actions))
		for _, action := range found.Actions {
			view, err := see(caller, action, names)
			if err != nil {
				continue // the search finds nothing that is hidden; this makes sure of it
			}
			result.Actions = append(result.Actions, view)
		}
		result.Next, result.Previous = cursorText(cursorAfter, found.Next), cursorText(cursorBefore, found.Previous)
		return nil
	})
	return result, err
}

// wanted is the query of the database, with the caller as the viewer.
func (q ActionQuery) wanted(caller Caller) store.Query {
	wanted := store.Query{
		Viewer: caller.User.ID,
		Text:   q.Text, ThirdParty: q.ThirdParty, Contact: q.Contact, Dossier: q.Dossier,
		Types: q.Types, Statuses: q.Statuses, FollowedBy: q.FollowedBy, Nobody: q.Nobody, Sync: q.Sync,
		From: q.From, Through: q.To, DueFrom: q.DueFrom, DueThrough: q.DueTo,
		CreatedFrom: q.CreatedFrom, CreatedBefore: q.CreatedTo, ModifiedFrom: q.ModifiedFrom, ModifiedBefore: q.ModifiedTo,
		Trash: q.Trash, Hidden: q.Hidden,
	}
	if q.Mine {
		wanted.FollowedBy, wanted.Nobody = []crm.UserID{caller.User.ID}, false
	}
	return wanted
}

func (q ActionQuery) mostCounted() int {
	switch {
	case q.Text != "" || q.ThirdParty != "" || q.Contact != "" || q.Dossier != "":
		return mostCountedByWords
	case len(q.Types)+len(q.Statuses)+len(q.Sync) > 0 || q.Trash:
		return mostCountedByRow
	}
	return mostCounted
}

func pageOf(query ActionQuery) (store.Page, error) {
	page := store.Page{Limit: pageLimit(query.Limit)}
	if query.Cursor == "" {
		return page, nil
	}
	way, text, _ := strings.Cut(query.Cursor, ".")
	cursor, err := store.ParseCursor(text)
	switch {
	case err != nil || cursor.IsZero():
	case way == cursorAfter:
		page.After = cursor
		return page, nil
	case way == cursorBefore:
		page.Before = cursor
		return page, nil
	}
	return page, crm.Problems{crm.NewProblem(CodeCursor, "cursor")}
}

func cursorText(way string, cursor store.Cursor) string {
	if cursor.IsZero() {
		return ""
	}
	return way + "." + cursor.String()
}
