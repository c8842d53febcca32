package web

import (
	"errors"
	"net/http"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// actionsPage is the list of actions, the screen whose opening pulls.
type actionsPage struct {
	frame
	Filter filter
	Bar    []selectBox
	Chips  []filterChip
	Pull   pullStrip
	List   actionList
}

func (actionsPage) view() string { return "actions" }

// actionList is the table with what stands below it.
type actionList struct {
	words
	Filter   filter
	Groups   []dayGroup
	Shown    int
	Total    int
	More     bool // there are more than Total
	Newer    string
	Older    string
	Filtered bool
	Trash    bool
}

// selectBox is a field that offers values.
type selectBox struct {
	Name, Label string
	Options     []option
}

type option struct {
	Value, Text string
	Chosen      bool
}

// filterChip is a filter in force, with the address of the list without it.
type filterChip struct{ Text, Path string }

func showActions(s *site, w http.ResponseWriter, r *request) error {
	f := r.readFilter(r.URL.Query())
	if len(f.wrong) > 0 {
		return s.showFilters(w, r, http.StatusUnprocessableEntity, f)
	}
	if err := s.openActions(r, f); err != nil {
		return err
	}
	p, err := s.actionsPage(r, f)
	if err != nil {
		return err
	}
	if r.partial {
		return s.renderPart(w, http.StatusOK, p, "results")
	}
	if p.frame, err = s.frame(r, "actions", r.T("place.actions")); err != nil {
		return err
	}
	if p.Pull, err = s.pullStrip(r, f.Path("")); err != nil {
		return err
	}
	p.Toast = s.actionToast(r)
	return s.render(w, http.StatusOK, p)
}

// showRows answers with the table alone and starts no pull: an open page asks for it when it hears of changes.
func showRows(s *site, w http.ResponseWriter, r *request) error {
	p, err := s.actionsPage(r, r.readFilter(r.URL.Query()))
	if err != nil {
		return err
	}
	return s.renderPart(w, http.StatusOK, p, "results")
}

// actionsPage reads what the list shows, without the frame and the strip.
func (s *site) actionsPage(r *request, f filter) (actionsPage, error) {
	p := actionsPage{frame: frame{words: r.words}, Filter: f}
	query := f.query
	query.Cursor = r.URL.Query().Get("cursor")
	found, err := s.Service.List(r.Context(), r.caller, query)
	if err != nil {
		return p, err
	}
	offers, err := s.offers(r)
	if err != nil {
		return p, err
	}
	p.List = actionList{
		words: r.words, Filter: f, Groups: r.groups(found.Actions, offers.names, f.Tab == tabTrash), Shown: len(found.Actions),
		Total: found.Total, More: found.More, Filtered: len(f.values) > 0, Trash: f.Tab == tabTrash,
	}
	if found.Previous != "" {
		p.List.Newer = f.PathTo(found.Previous)
	}
	if found.Next != "" {
		p.List.Older = f.PathTo(found.Next)
	}
	p.Bar, p.Chips = offers.bar(f), offers.chips(f)
	return p, nil
}

// offers are the people and lists that a form or a filter offers.
type offers struct {
	words
	users   []crm.User
	choices []crm.Choice
	names   choiceNames
}

func (s *site) offers(r *request) (offers, error) {
	o := offers{words: r.words}
	var err error
	if o.users, err = s.Service.Users(r.Context(), r.caller); err != nil {
		return o, err
	}
	if o.choices, err = s.Service.Choices(r.Context(), r.caller); err != nil {
		return o, err
	}
	o.names = r.choiceNames(o.choices)
	return o, nil
}

// bar are the filters used most.
func (o offers) bar(f filter) []selectBox {
	boxes := []selectBox{
		o.filterBox(f, "type", "list.all_types", o.choiceOptions(crm.ChoiceType)),
		o.filterBox(f, "status", "list.all_statuses", o.choiceOptions(crm.ChoiceStatus)),
	}
	if f.Tab != tabMine {
		boxes = append(boxes, o.filterBox(f, "by", "list.everybody", o.peopleOptions()))
	}
	if f.Tab != tabTrash {
		boxes = append(boxes, o.filterBox(f, "sync", "list.any_state", o.stateOptions()))
	}
	return boxes
}

// filterBox is a select of one filter; several values chosen on the page of all filters stand in it as one.
func (o offers) filterBox(f filter, name, all string, options []option) selectBox {
	label := "field." + name
	if name == "by" {
		label = "field.followed_by"
	}
	box := selectBox{Name: name, Label: o.T(label), Options: []option{{Text: o.T(all), Chosen: f.Value(name) == ""}}}
	if f.Several(name) {
		box.Options = append(box.Options, option{Value: f.Value(name), Text: o.T("list.several", "count", len(f.list(name))), Chosen: true})
	}
	for _, one := range options {
		one.Chosen = f.Value(name) == one.Value
		box.Options = append(box.Options, one)
	}
	return box
}

func (o offers) choiceOptions(kind crm.ChoiceKind) []option {
	var options []option
	for _, choice := range o.choices {
		if choice.Kind == kind {
			options = append(options, option{Value: choice.ID.String(), Text: o.names[choice.ID]})
		}
	}
	return options
}

func (o offers) peopleOptions() []option {
	var options []option
	for _, user := range o.users {
		if user.Active {
			options = append(options, option{Value: user.ID.String(), Text: user.Name})
		}
	}
	return append(options, option{Value: nobody, Text: o.T("action.nobody")})
}

func (o offers) stateOptions() []option {
	var options []option
	for _, name := range []crm.SyncName{crm.Synced, crm.Pending, crm.Held, crm.SetAside, crm.ReadOnly, crm.NotSynced} {
		options = append(options, option{Value: string(name), Text: o.T("action_state." + string(name))})
	}
	return options
}

// chips are the filters in force that the bar does not show.
func (o offers) chips(f filter) []filterChip {
	var chips []filterChip
	for _, one := range f.Hidden() {
		text := one.Value
		if date, err := crm.ParseDate(one.Value); err == nil {
			text = o.Long(date)
		}
		key := "filter." + one.Name
		if one.Name == "from" || one.Name == "to" {
			key += "_day"
		}
		chips = append(chips, filterChip{o.T(key, "value", text), f.Without(one.Name, "")})
	}
	for _, list := range []checkList{
		{Name: "type", Options: o.choiceOptions(crm.ChoiceType)}, {Name: "status", Options: o.choiceOptions(crm.ChoiceStatus)},
		{Name: "by", Options: o.peopleOptions()}, {Name: "sync", Options: o.stateOptions()},
	} {
		for _, one := range list.Options {
			if f.Several(list.Name) && f.Chosen(list.Name, one.Value) {
				chips = append(chips, filterChip{one.Text, f.Without(list.Name, one.Value)})
			}
		}
	}
	return chips
}

// actionToast says what an act of this person did, which the address of the list carries: it works without script and without
// state, and a reload says it once more at worst.
func (s *site) actionToast(r *request) *toast {
	id, err := crm.ParseID[crm.Action](r.URL.Query().Get("of"))
	if err != nil || id.IsZero() {
		return nil
	}
	switch said := r.URL.Query().Get("said"); said {
	case "purged":
		if _, err := s.Service.Get(r.Context(), r.caller, id); !errors.Is(err, service.ErrNotFound) {
			return nil
		}
		return &toast{Text: r.T("toast.purged")}
	case "deleted":
		action, err := s.Service.Get(r.Context(), r.caller, id)
		if err != nil || !action.Deleted() {
			return nil
		}
		t := &toast{Text: r.T("toast.deleted")}
		if !r.deletedHadEvent(action) {
			t.Text = r.T("toast.deleted_here")
		}
		if action.MayRestore {
			t.Undo = "/actions/" + id.String() + "/restore"
		}
		return t
	case "hidden", "unhidden":
		action, err := s.Service.Get(r.Context(), r.caller, id)
		if err != nil || action.Hidden != (said == "hidden") {
			return nil
		}
		t := &toast{Text: r.T("toast." + said)}
		if action.MayUnhide {
			t.Undo = "/actions/" + id.String() + "/unhide"
		}
		return t
	case "saved", "restored":
		action, err := s.Service.Get(r.Context(), r.caller, id)
		if err != nil {
			return nil
		}
		if action.Sync.Name == crm.Pending {
			said += "_pending"
		}
		return &toast{Text: r.T("toast." + said)}
	}
	return nil
}

// deletedHadEvent reports whether the event of an action in the trash leaves the calendar with it.
func (words) deletedHadEvent(action service.ActionView) bool {
	return action.Sync.Name == crm.Pending || action.Sync.Name == crm.Synced
}

// filtersPage is the page of all filters.
type filtersPage struct {
	frame
	Filter  filter
	Choices []checkList
	Ranges  []dateRange
	Texts   []string
}

// checkList offers several values of one filter.
type checkList struct {
	Name, Label string
	Options     []option
}

// dateRange is two date filters.
type dateRange struct{ Label, From, To string }

func (filtersPage) view() string { return "action_filters" }

func showFilters(s *site, w http.ResponseWriter, r *request) error {
	return s.showFilters(w, r, http.StatusOK, r.readFilter(r.URL.Query()))
}

func (s *site) showFilters(w http.ResponseWriter, r *request, status int, f filter) error {
	framed, err := s.frame(r, "actions", r.T("list.more_filters"))
	if err != nil {
		return err
	}
	o, err := s.offers(r)
	if err != nil {
		return err
	}
	p := filtersPage{frame: framed, Filter: f, Texts: []string{"third_party", "contact", "dossier"}, Ranges: []dateRange{
		{r.T("filter.days"), "from", "to"}, {r.T("field.due_date"), "due_from", "due_to"},
		{r.T("filter.created"), "created_from", "created_to"}, {r.T("filter.modified"), "modified_from", "modified_to"},
	}}
	add := func(name, label string, options []option) {
		for i := range options {
			options[i].Chosen = f.Chosen(name, options[i].Value)
		}
		p.Choices = append(p.Choices, checkList{name, r.T(label), options})
	}
	add("type", "field.type", o.choiceOptions(crm.ChoiceType))
	add("status", "field.status", o.choiceOptions(crm.ChoiceStatus))
	if f.Tab != tabMine {
		add("by", "field.followed_by", o.peopleOptions())
	}
	add("sync", "field.sync", o.stateOptions())
	return s.render(w, status, p)
}

// rangeEnd is the field of one end of a range of dates.
type rangeEnd struct{ Name, Label, Value, Form, Error string }

// RangeEnd is the field of a date filter.
func (p filtersPage) RangeEnd(name, label string) rangeEnd {
	end := rangeEnd{Name: name, Label: p.T(label), Value: p.Filter.Typed(name), Form: p.T("day.typed_form")}
	if p.Filter.Wrong(name) {
		end.Error = p.T(service.CodeDateFormat, "value", end.Value)
	}
	return end
}

// Tabs are those of the list.
func (actionsPage) Tabs() []string { return []string{tabMine, tabAll, tabTrash, tabHidden} }
