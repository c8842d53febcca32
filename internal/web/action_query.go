package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// The tabs of the list of actions.
const (
	tabMine   = "mine"
	tabAll    = "all"
	tabTrash  = "trash"
	tabHidden = "hidden"
)

// nobody stands for no follower in the filter "by".
const nobody = "nobody"

// filterNames are the filters as they stand in the address of the list, in the order of the page of all filters.
var filterNames = []string{
	"q", "third_party", "contact", "dossier", "type", "status", "by", "sync",
	"from", "to", "due_from", "due_to", "created_from", "created_to", "modified_from", "modified_to",
}

// barFilters are those of the bar above the list; the others are on the page of all filters.
var barFilters = []string{"q", "type", "status", "by", "sync"}

// filter is what a list is asked for: the address without what is not understood, and the query it means.
type filter struct {
	Tab    string
	values url.Values // by filterNames; lists are one value with commas
	query  service.ActionQuery
	// wrong names the dates that cannot be read, with what was typed.
	wrong map[string]string
}

// readFilter reads the address of a list.
func (w words) readFilter(from url.Values) filter {
	f := filter{Tab: from.Get("tab"), values: url.Values{}, wrong: map[string]string{}}
	switch f.Tab {
	case tabAll, tabTrash, tabHidden:
	default:
		f.Tab = tabMine
	}
	for _, name := range filterNames {
		if joined := strings.Join(slices.DeleteFunc(slices.Clone(from[name]), func(s string) bool { return strings.TrimSpace(s) == "" }), ","); joined != "" {
			f.values.Set(name, joined)
		}
	}
	if f.Tab == tabMine {
		f.values.Del("by")
	}
	date := func(name string) crm.Date { return w.filterDate(&f, name) }
	f.query = service.ActionQuery{
		Text: f.values.Get("q"), ThirdParty: f.values.Get("third_party"), Contact: f.values.Get("contact"), Dossier: f.values.Get("dossier"),
		Types: ids[crm.Choice](f.list("type")), Statuses: ids[crm.Choice](f.list("status")),
		FollowedBy: ids[crm.User](f.list("by")), Nobody: slices.Contains(f.list("by"), nobody), Mine: f.Tab == tabMine,
		From: date("from"), To: date("to"), DueFrom: date("due_from"), DueTo: date("due_to"),
		CreatedFrom: w.midnight(date("created_from"), 0), CreatedTo: w.midnight(date("created_to"), 1),
		ModifiedFrom: w.midnight(date("modified_from"), 0), ModifiedTo: w.midnight(date("modified_to"), 1),
		Trash: f.Tab == tabTrash, Hidden: f.Tab == tabHidden,
	}
	for _, name := range f.list("sync") {
		f.query.Sync = append(f.query.Sync, crm.SyncName(name))
	}
	return f
}

// filterDate reads one typed date and puts its plain form into the address.
func (w words) filterDate(f *filter, name string) crm.Date {
	typed := f.values.Get(name)
	date, err := crm.ParseDate(w.typedDate(typed))
	if err != nil {
		f.wrong[name] = typed
		return crm.Date{}
	}
	if typed != "" {
		f.values.Set(name, date.String())
	}
	return date
}

// midnight is when a day begins for the reader, days later; no day is no instant.
func (w words) midnight(day crm.Date, later int) time.Time {
	if day.IsZero() {
		return time.Time{}
	}
	return time.Date(day.Year, day.Month, day.Day+later, 0, 0, 0, 0, w.zone)
}

// ids reads ids, leaving out what is none.
func ids[Of any](texts []string) []crm.ID[Of] {
	var found []crm.ID[Of]
	for _, text := range texts {
		if id, err := crm.ParseID[Of](text); err == nil && !id.IsZero() {
			found = append(found, id)
		}
	}
	return found
}

// list is the values of a filter that takes several.
func (f filter) list(name string) []string {
	joined := f.values.Get(name)
	if joined == "" {
		return nil
	}
	return strings.Split(joined, ",")
}

// Value is a filter as it stands in the address.
func (f filter) Value(name string) string { return f.values.Get(name) }

// Typed is a date filter as its field shows it.
func (f filter) Typed(name string) string {
	if typed, wrong := f.wrong[name]; wrong {
		return typed
	}
	return shownDate(f.values.Get(name))
}

// Wrong reports whether a date filter cannot be read.
func (f filter) Wrong(name string) bool { _, wrong := f.wrong[name]; return wrong }

// Chosen reports whether a list holds a value.
func (f filter) Chosen(name, value string) bool { return slices.Contains(f.list(name), value) }

// Several reports whether a list holds more than the bar's select can show.
func (f filter) Several(name string) bool { return len(f.list(name)) > 1 }

// Path is the address of a page below /actions with these filters.
func (f filter) Path(page string) string { return f.path(page, nil) }

// PathTo is the address of the page of the list at a cursor.
func (f filter) PathTo(cursor string) string { return f.path("", url.Values{"cursor": {cursor}}) }

// PathOf is the address of the list on another tab.
func (f filter) PathOf(tab string) string {
	f.Tab = tab
	return f.path("", nil)
}

// Without is the address of the list without a filter, or without one of its values.
func (f filter) Without(name, value string) string {
	rest := slices.DeleteFunc(f.list(name), func(one string) bool { return one == value })
	values := url.Values{}
	for other := range f.values {
		values.Set(other, f.values.Get(other))
	}
	values.Set(name, strings.Join(rest, ","))
	if value == "" || len(rest) == 0 {
		values.Del(name)
	}
	f.values = values
	return f.path("", nil)
}

// Cleared is the address of the list without any filter.
func (f filter) Cleared() string {
	f.values = nil
	return f.path("", nil)
}

func (f filter) path(page string, more url.Values) string {
	values := url.Values{}
	for name := range f.values {
		values.Set(name, f.values.Get(name))
	}
	for name := range more {
		values.Set(name, more.Get(name))
	}
	if f.Tab != tabMine {
		values.Set("tab", f.Tab)
	}
	path := "/actions" + page
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return path
}

// hidden is a filter that the bar does not show, kept when the bar is sent.
type hidden struct{ Name, Value string }

// Hidden lists the filters that the bar does not show.
func (f filter) Hidden() []hidden {
	var all []hidden
	for _, name := range filterNames {
		if value := f.values.Get(name); value != "" && !slices.Contains(barFilters, name) {
			all = append(all, hidden{name, value})
		}
	}
	return all
}

// followers are those whose calendars the list can show; nil: everybody's.
func (f filter) followers(caller service.Caller) []crm.UserID {
	if f.Tab == tabMine {
		return []crm.UserID{caller.User.ID}
	}
	return f.query.FollowedBy
}
