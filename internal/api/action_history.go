package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// History is what happened to an action, the newest first, at most 1,000 entries.
type History struct {
	Entries []HistoryEntry `json:"entries" nullable:"false"`
}

// HistoryEntry is one changed unit or field, or one thing that happened.
type HistoryEntry struct {
	ID          string   `json:"id" format:"uuid"`
	At          Optional `json:"at" format:"date-time"`
	Actor       Actor    `json:"actor"`
	ActorName   string   `json:"actor_name" doc:"The user's name, or that of the link's user; empty for the program."`
	Run         Optional `json:"run" format:"uuid" doc:"The run that brought it."`
	What        string   `json:"what" enum:"created,changed,deleted,restored,conflict,server_cut,noticed"`
	Name        string   `json:"name" doc:"The unit or field: subject, description, when, due_date, ..."`
	Before      string   `json:"before" doc:"As it is kept: of when the five fields separated by blanks, - for an absent one."`
	After       string   `json:"after"`
	BeforeShown string   `json:"before_shown" doc:"A name in the caller's language where the row keeps an id."`
	AfterShown  string   `json:"after_shown"`
	Reason      string   `json:"reason"`
	Detail      string   `json:"detail" doc:"The reason in the caller's language."`
	Winner      Optional `json:"winner" enum:"crm,calendar" doc:"Of a conflict: whose value stayed."`
	Restorable  bool     `json:"restorable" doc:"The value before can be brought back."`
}

func (c *call) history(in *ActionPath) (reply[History], error) {
	id, err := pathID[crm.Action](in.ID)
	if err != nil {
		return reply[History]{}, err
	}
	entries, err := c.service.History(c.ctx(), c.caller, id)
	return reply[History]{body: History{views(entries, c.historyEntry)}}, err
}

func (c *call) historyEntry(entry service.HistoryEntry) HistoryEntry {
	return HistoryEntry{
		ID: entry.ID.String(), At: instant(entry.At), Actor: *actor(entry.Actor), ActorName: entry.ActorName, Run: idText(entry.Run),
		What: string(entry.What), Name: entry.Name, Before: entry.Before, After: entry.After, BeforeShown: entry.BeforeShown, AfterShown: entry.AfterShown,
		Reason: string(entry.Reason), Detail: c.reason(entry.Reason, nil), Winner: Optional(entry.Winner), Restorable: entry.Restorable,
	}
}

// ValueRestore brings a value back.
type ValueRestore struct {
	ActionChange
	Keyed
	Change string `path:"change"`
}

func (c *call) restoreValue(in *ValueRestore) (reply[Action], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Action]{}, err
	}
	change, err := pathID[crm.Change](in.Change)
	if err != nil {
		return reply[Action]{}, err
	}
	return c.afterwards(c.service.RestoreValue(c.ctx(), c.telling(&in.ActionChange), id, change, version))
}
