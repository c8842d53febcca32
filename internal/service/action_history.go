package service

import (
	"context"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// maxHistory bounds what History shows of one action; all of it stays in the database.
const maxHistory = 1_000

// History is what happened to an action, newest first. What a row keeps of another action that the caller may not see is
// not shown.
func (s *Service) History(ctx context.Context, caller Caller, id crm.ActionID) ([]HistoryEntry, error) {
	var entries []HistoryEntry
	err := s.read(ctx, func(tx *store.Tx) error {
		action, err := tx.Action(id)
		if err != nil {
			return err
		}
		if err := caller.permit(SeeHistory, Subject{Action: &action}); err != nil {
			return err
		}
		changes, err := tx.History(id, store.HistoryCursor{}, maxHistory)
		if err != nil {
			return err
		}
		reader, err := newHistoryReader(tx, caller, changes)
		if err != nil {
			return err
		}
		mayChange := Permit(caller.User, ChangeAction, Subject{Action: &action}).Access == Allowed
		entries = make([]HistoryEntry, len(changes))
		for i, change := range changes {
			entries[i] = reader.entry(change)
			f, restorable := restorableField(change)
			entries[i].Restorable = restorable && mayChange && change.Before != f.text(action) &&
				!(f.isUnit() && action.Sync.Name == crm.ReadOnly)
		}
		return nil
	})
	return entries, err
}

// changeOf is one row of the history of an action that the caller may change.
func (s *Service) changeOf(ctx context.Context, caller Caller, id crm.ActionID, change crm.ChangeID) (crm.Change, error) {
	var row crm.Change
	err := s.read(ctx, func(tx *store.Tx) error {
		action, err := tx.Action(id)
		if err != nil {
			return err
		}
		if err := caller.permit(SeeHistory, Subject{Action: &action}); err != nil {
			return err
		}
		row, err = tx.Change(id, change)
		return err
	})
	return row, err
}

// restorableField is the field whose value a row keeps, if it keeps one.
func restorableField(change crm.Change) (field, bool) {
	switch change.What {
	case crm.Changed, crm.Conflict, crm.ServerCut:
	default:
		return field{}, false
	}
	switch change.Name {
	case "type", "status", "priority":
		if change.Before == "" {
			return field{}, false // an action keeps a choice of each list once it has one
		}
	}
	return fieldNamed(change.Name)
}

// historyReader knows the names of what rows of history keep as ids.
type historyReader struct {
	users    map[crm.UserID]string
	linkUser map[crm.LinkID]crm.UserID
	choices  map[crm.ChoiceID]string
	actions  map[crm.ActionID]string // subjects of those that the caller may see
}

func newHistoryReader(tx *store.Tx, caller Caller, changes []crm.Change) (*historyReader, error) {
	r := &historyReader{linkUser: map[crm.LinkID]crm.UserID{}, choices: map[crm.ChoiceID]string{}, actions: map[crm.ActionID]string{}}
	var err error
	if r.users, err = userNames(tx); err != nil {
		return nil, err
	}
	choices, err := tx.Choices()
	if err != nil {
		return nil, err
	}
	for _, choice := range choices {
		r.choices[choice.ID] = choice.Names[caller.User.Language]
	}
	for _, change := range changes {
		if _, known := r.linkUser[change.Actor.Link]; change.Actor.Kind == crm.ActorLink && !known {
			link, err := tx.Link(change.Actor.Link)
			if err != nil {
				return nil, err
			}
			r.linkUser[link.ID] = link.User
		}
	}
	followed, err := tx.Actions(followedUp(changes))
	if err != nil {
		return nil, err
	}
	for _, action := range followed {
		if caller.permit(SeeHistory, Subject{Action: &action}) == nil {
			r.actions[action.ID] = action.Subject
		}
	}
	return r, nil
}

// followedUp lists the actions that rows of history name.
func followedUp(changes []crm.Change) []crm.ActionID {
	var ids []crm.ActionID
	for _, change := range changes {
		if change.Name != "follows_up" {
			continue
		}
		for _, text := range []string{change.Before, change.After} {
			if id, err := crm.ParseID[crm.Action](text); err == nil && !id.IsZero() {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (r *historyReader) entry(change crm.Change) HistoryEntry {
	entry := HistoryEntry{Change: change, BeforeShown: r.shown(change.Name, change.Before), AfterShown: r.shown(change.Name, change.After)}
	switch change.Actor.Kind {
	case crm.ActorUser:
		entry.ActorName = r.users[change.Actor.User]
	case crm.ActorLink:
		entry.ActorName = r.users[r.linkUser[change.Actor.Link]]
	}
	return entry
}

// shown is the name behind an id, "" where there is none that the caller may see; any other text as it is.
func (r *historyReader) shown(name, text string) string {
	switch name {
	case "followed_by":
		return nameOf(r.users, text)
	case "type", "status", "priority":
		return nameOf(r.choices, text)
	case "follows_up":
		return nameOf(r.actions, text)
	}
	return text
}

func nameOf[Of any](names map[crm.ID[Of]]string, text string) string {
	id, err := crm.ParseID[Of](text)
	if err != nil {
		return ""
	}
	return names[id]
}
