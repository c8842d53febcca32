package web

import (
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// historyShown is how many rows of history a page shows at first.
const historyShown = 40

// historyGroup is what one side did at one moment.
type historyGroup struct {
	Icon    string
	Who     string // "Luc Dubois", "Agenda van Luc", "Aan beide kanten gewijzigd"
	Did     string // what stands beside it: "in het CRM", "maakte de actie"
	At      time.Time
	Changes []historyChange
}

// historyChange is one field that changed.
type historyChange struct {
	Label   string
	Before  string
	After   string
	Given   bool   // a conflict: Before is the value that was given up, After the one that stayed
	Note    string // in place of the two values
	Restore string // where the button that brings Before back goes, "" for none
}

// conflictPanel is a conflict that nobody decided since: both values side by side.
type conflictPanel struct {
	Unit     string // the name of the unit
	Label    string
	At       time.Time
	Kept     string
	KeptBy   string // the words for the side whose value is in force
	Other    string
	OtherBy  string
	Take     string // where the button goes, "" for none
	Sentence string
}

// addHistory reads the history of the page's action and the conflicts in it.
func (s *site) addHistory(r *request, p *actionPage) error {
	entries, err := s.Service.History(r.Context(), r.caller, p.Action.ID)
	if err != nil {
		return err
	}
	p.Changes = len(entries)
	base := "/actions/" + p.ID
	seen := map[string]bool{}
	for _, entry := range entries {
		if entry.Name == "" || seen[entry.Name] {
			continue
		}
		seen[entry.Name] = true
		if entry.What == crm.Conflict {
			p.Conflicts = append(p.Conflicts, r.conflict(entry, base))
		}
	}
	if len(entries) > historyShown && r.URL.Query().Get("history") != "all" {
		entries = entries[:historyShown]
		p.Earlier = base + "?history=all#history"
	}
	p.History = r.historyGroups(entries, base)
	return nil
}

// historyGroups puts what one side did at one moment together.
func (w words) historyGroups(entries []service.HistoryEntry, base string) []historyGroup {
	var groups []historyGroup
	var last service.HistoryEntry
	for i, entry := range entries {
		together := i > 0 && entry.Actor == last.Actor && entry.Run == last.Run && entry.What == last.What && entry.What == crm.Changed && entry.At.Equal(last.At)
		if !together {
			groups = append(groups, w.historyGroup(entry))
		}
		last = entry
		if change, shown := w.historyChange(entry, base); shown {
			group := &groups[len(groups)-1]
			group.Changes = append(group.Changes, change)
		}
	}
	return groups
}

func (w words) historyGroup(entry service.HistoryEntry) historyGroup {
	group := historyGroup{At: entry.At}
	switch entry.Actor.Kind {
	case crm.ActorUser:
		group.Icon, group.Who, group.Did = "person", entry.ActorName, w.T("history.in_crm")
	case crm.ActorLink:
		group.Icon, group.Who = "calendar", w.T("history.calendar_of", "name", entry.ActorName)
	default:
		group.Icon, group.Who = "sync", w.T("history.program")
	}
	switch entry.What {
	case crm.Created:
		group.Icon, group.Did = "plus", w.T("history.created")
	case crm.Deleted:
		group.Icon, group.Did = "trash", w.T("history.deleted")
	case crm.Restored:
		group.Icon, group.Did = "undo", w.T("history.restored")
	case crm.Hidden, crm.Unhidden:
		group.Did = w.T("history." + string(entry.What))
	case crm.Conflict:
		group.Icon, group.Who, group.Did = "sync", w.T("history.conflict"), ""
	case crm.ServerCut:
		group.Icon, group.Who, group.Did = "info", w.T("history.server_cut"), ""
	case crm.Noticed:
		group.Icon, group.Did = "info", ""
	}
	return group
}

func (w words) historyChange(entry service.HistoryEntry, base string) (historyChange, bool) {
	change := historyChange{
		Before: w.historyValue(entry.Name, entry.BeforeShown), After: w.historyValue(entry.Name, entry.AfterShown), Given: entry.What == crm.Conflict,
	}
	if entry.Name != "" {
		change.Label = w.T("field." + entry.Name)
	}
	if entry.Restorable {
		change.Restore = base + "/history/" + entry.ID.String()
	}
	switch entry.What {
	case crm.Changed, crm.Conflict, crm.ServerCut:
		return change, true
	}
	if entry.Reason == "" {
		return change, false
	}
	change.Note = w.Reason(entry.Reason, nil)
	return change, true
}

// historyValue is a value of the history as its reader reads it.
func (w words) historyValue(name, text string) string {
	switch name {
	case "when":
		if when, err := crm.ParseWhen(text); err == nil {
			return w.When(when)
		}
	case "due_date":
		if date, err := crm.ParseDate(text); err == nil && !date.IsZero() {
			return w.ShortWeekday(date)
		}
	case "followed_by":
		if text == "" {
			return w.T("action.nobody")
		}
	case "third_party_kind":
		if text != "" {
			return w.T("third_party_kind." + text)
		}
	case "documents":
		return w.documentTitles(text)
	}
	if text == "" {
		return w.T("history.empty")
	}
	return shortened(text)
}

// documentTitles names the documents of a history row, which has one a line: address, tab, title.
func (w words) documentTitles(text string) string {
	var titles []string
	for line := range strings.Lines(text) {
		address, title, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if title == "" {
			title = address
		}
		titles = append(titles, title)
	}
	if len(titles) == 0 {
		return w.T("history.empty")
	}
	return shortened(strings.Join(titles, ", "))
}

// shortened is the beginning of a text, on one line.
func shortened(text string) string {
	const most = 160
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}

func (w words) conflict(entry service.HistoryEntry, base string) conflictPanel {
	panel := conflictPanel{
		Unit: entry.Name, Label: strings.ToLower(w.T("field." + entry.Name)), At: entry.At,
		Kept: w.historyValue(entry.Name, entry.AfterShown), Other: w.historyValue(entry.Name, entry.BeforeShown),
		KeptBy: w.T("conflict.crm"), OtherBy: w.T("conflict.calendar"), Sentence: w.T("conflict.crm_stayed"),
	}
	if entry.Winner == crm.SideCalendar {
		panel.KeptBy, panel.OtherBy, panel.Sentence = panel.OtherBy, panel.KeptBy, w.T("conflict.calendar_stayed")
	}
	if entry.Restorable {
		panel.Take = base + "/history/" + entry.ID.String()
	}
	return panel
}
