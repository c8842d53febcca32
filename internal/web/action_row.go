package web

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"unicode"
	"unicode/utf8"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// actionRow is one action of a list.
type actionRow struct {
	words
	ID       string
	Version  int64
	Day      string // of its group: 2026-11-23, "" without date
	Subject  string
	Path     string
	Busy     bool
	Private  bool
	NoWords  bool // it has no subject
	When     string
	FullWhen string // with its day, for where the group is not its own any more
	Undated  bool
	Third    string
	Type     string
	Follower string
	Due      string
	Late     bool
	Status   string
	Sync     stateChip
	// Gone: it is in the trash, in a list of others. MayRestore: with a button that brings it back.
	Gone       bool
	MayRestore bool
	MayUnhide  bool // it is in the list of what was hidden
}

// Mark differs when anything that the row shows differs.
func (row actionRow) Mark() string {
	row.words, row.Version = words{Lang: row.Lang}, 0
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%+v", row)
	return hex.EncodeToString(sum.Sum(nil))
}

// stateChip is a state with its icon, its word and its reason.
type stateChip struct {
	State string
	Icon  string
	Word  string
	Why   string
}

// stateIcons are the pictures of the states of actions and links.
var stateIcons = map[string]string{
	"synced": "check", "pending": "clock", "held": "hand", "set_aside": "aside", "read_only": "lock", "not_synced": "none",
	"new": "plus", "active": "check", "paused": "pause", "off": "none", "sign_in_again": "key", "needs_decision": "hand", "failing": "warning",
}

// ActionState is the chip of an action's state.
func (w words) ActionState(state crm.SyncState) stateChip {
	chip := stateChip{State: string(state.Name), Icon: stateIcons[string(state.Name)], Word: w.T("action_state." + string(state.Name))}
	if state.Reason != "" {
		chip.Why = w.Reason(state.Reason, state.Params)
	}
	return chip
}

// LinkState is the chip of a link's state.
func (w words) LinkState(state crm.LinkState) stateChip {
	return stateChip{State: string(state), Icon: stateIcons[string(state)], Word: w.T("link_state." + string(state))}
}

// choiceNames are the names of types, statuses and priorities in the reader's language.
type choiceNames map[crm.ChoiceID]string

func (w words) choiceNames(choices []crm.Choice) choiceNames {
	names := choiceNames{}
	for _, choice := range choices {
		names[choice.ID] = choice.Names[crm.Language(w.Lang)]
	}
	return names
}

// row is an action as a list shows it.
func (w words) row(action service.ActionView, names choiceNames) actionRow {
	day := groupDay(action.When)
	row := actionRow{
		words: w, ID: action.ID.String(), Version: action.Version, Day: day.String(), Path: "/actions/" + action.ID.String(), Busy: action.Busy, Private: action.Private || action.Busy,
		When: w.WhenInDay(action.When), FullWhen: w.When(action.When), Undated: day.IsZero(), Follower: action.FollowerName,
	}
	if zone := w.OtherZone(action.When); zone != "" {
		row.When += " (" + zone + ")"
	}
	if action.Busy {
		row.Subject = w.T("action.busy")
		row.Sync = w.ActionState(crm.SyncState{Name: crm.ReadOnly, Reason: crm.ReasonPrivate})
		return row
	}
	row.Subject, row.NoWords = w.subject(action.Subject)
	row.Third, row.Type, row.Status = action.ThirdParty, names[action.Type], names[action.Status]
	row.Due, row.Late = w.Short(action.DueDate), !action.DueDate.IsZero() && action.DueDate.Compare(w.Today()) < 0
	row.Sync, row.MayRestore, row.MayUnhide = w.ActionState(action.Sync), action.MayRestore, action.MayUnhide
	return row
}

// subject is what stands for an action; one without a subject says so.
func (w words) subject(text string) (shown string, none bool) {
	if text == "" {
		return w.T("action.no_subject"), true
	}
	return text, false
}

// dayGroup is the actions of one day.
type dayGroup struct {
	Day     string // 2026-11-23, "" for those without date
	Lead    string // "Vandaag", "Donderdag"
	More    string // "maandag 23 november", "26 november"
	Rows    []actionRow
	Columns int
}

// groups puts the rows of a list, which are in the order of their days, under the headings of their days.
func (w words) groups(actions []service.ActionView, names choiceNames, trash bool) []dayGroup {
	var all []dayGroup
	for i, action := range actions {
		row := w.row(action, names)
		row.Gone, row.MayRestore = false, trash && action.MayRestore
		if i == 0 || all[len(all)-1].Day != row.Day {
			all = append(all, w.group(groupDay(action.When)))
		}
		last := &all[len(all)-1]
		last.Rows = append(last.Rows, row)
	}
	return all
}

func (w words) group(day crm.Date) dayGroup {
	group := dayGroup{Day: day.String(), Columns: columns}
	if day.IsZero() {
		group.Lead = w.T("list.undated")
		return group
	}
	if near := w.nearby(day); near != "" {
		group.Lead, group.More = capital(near), w.LongWeekday(day)
		return group
	}
	group.Lead, group.More = capital(w.weekday(day)), w.Long(day)
	return group
}

// columns of the list.
const columns = 8

// capital begins a heading.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
