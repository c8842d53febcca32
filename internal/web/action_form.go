package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// actionPage is one action: its form, its event as the calendar has it, its conflicts and its history. A new action has the form
// alone.
type actionPage struct {
	frame
	ID      string // "" for a new one
	Version int64
	Action  service.ActionView
	State   stateChip
	Typed   typedAction
	Marks   string
	Boxes   map[string]selectBox
	Zones   []string
	// ReadOnly: nothing may be changed, and WhyNot says why. UnitsReadOnly: what the calendar has may not.
	ReadOnly      bool
	WhyNot        string
	UnitsReadOnly bool
	WhyUnits      string
	FollowedUp    *linkTo // the action that this one follows up

	Errors    map[string]fieldError
	General   []string // what is wrong with the whole
	Elsewhere []string // what somebody else changed meanwhile, in sentences

	// Guests are those whom the server would tell of what was just asked for, and not saved yet; Deletes: of the deletion.
	Guests  int
	Deletes bool
	// Restores: the question is about restoring. GuestsAgain: the event is made again, with or without them; GuestsMove: in another calendar.
	Restores, GuestsAgain, GuestsMove bool

	Conflicts []conflictPanel
	Event     *eventPanel
	History   []historyGroup
	Changes   int
	Earlier   string // the address of the page with all history, "" when it is all there
}

func (actionPage) view() string { return "action" }

// linkTo is a link to another action.
type linkTo struct{ Text, Path string }

// fieldError is what is wrong with a field, and what can be done about it at once.
type fieldError struct {
	Sentence string
	Offers   []offer
}

// offer is a value that a button puts in place.
type offer struct{ Text, Value string }

func newAction(s *site, w http.ResponseWriter, r *request) error {
	in, err := s.startFrom(r)
	if err != nil {
		return err
	}
	p, err := s.formPage(r, r.T("action.new"), service.ActionView{MayChange: true, MayReassign: r.caller.User.Rights.Reassign}, typedOf(in))
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, p)
}

// startFrom is what a new action begins with: nothing but its follower, a copy of another, or what follows up another.
func (s *site) startFrom(r *request) (service.ActionInput, error) {
	in := service.ActionInput{FollowedBy: r.caller.User.ID}
	of, follows := r.URL.Query().Get("copy"), r.URL.Query().Get("follows")
	id, err := crm.ParseID[crm.Action](cmp.Or(of, follows))
	if err != nil {
		return in, service.ErrNotFound
	}
	if id.IsZero() {
		return in, nil
	}
	action, err := s.Service.Get(r.Context(), r.caller, id)
	if err != nil {
		return in, err
	}
	if action.Busy {
		return in, service.ErrNotFound
	}
	from := service.InputOf(action.Action)
	if of != "" {
		if !r.caller.User.Rights.Reassign {
			from.FollowedBy = r.caller.User.ID
		}
		return from, nil
	}
	in.Subject, in.FollowsUp, in.Type, in.Priority = from.Subject, id, from.Type, from.Priority
	in.ThirdParty, in.ThirdPartyKind, in.Contact, in.Dossier = from.ThirdParty, from.ThirdPartyKind, from.Contact, from.Dossier
	return in, nil
}

func showAction(s *site, w http.ResponseWriter, r *request) error {
	action, err := s.actionOf(r)
	if err != nil {
		return err
	}
	p, err := s.actionPage(r, action, typedOf(service.InputOf(action.Action)))
	if err != nil {
		return err
	}
	p.Toast = s.actionToast(r)
	return s.render(w, http.StatusOK, p)
}

// actionOf is the action that the address names.
func (s *site) actionOf(r *request) (service.ActionView, error) {
	id, err := actionID(r)
	if err != nil {
		return service.ActionView{}, err
	}
	return s.Service.Get(r.Context(), r.caller, id)
}

func actionID(r *request) (crm.ActionID, error) {
	id, err := crm.ParseID[crm.Action](r.PathValue("id"))
	if err != nil || id.IsZero() {
		return id, service.ErrNotFound
	}
	return id, nil
}

// actionPage is the page of an action that exists, with typed in its fields.
func (s *site) actionPage(r *request, action service.ActionView, typed typedAction) (actionPage, error) {
	title, _ := r.subject(action.Subject)
	if action.Busy {
		title = r.T("action.busy")
	}
	p, err := s.formPage(r, title, action, typed)
	if err != nil || action.Busy {
		return p, err
	}
	p.ID, p.Version = action.ID.String(), action.Version
	p.State = r.ActionState(action.Sync)
	p.Marks = typedOf(service.InputOf(action.Action)).marks()
	if err := s.addHistory(r, &p); err != nil {
		return p, err
	}
	event, err := s.Service.EventOf(r.Context(), r.caller, action.ID)
	if err != nil {
		return p, err
	}
	if event.Found {
		p.Event = r.eventPanel(event, action)
	}
	return p, nil
}

// formPage is the page with the form alone.
func (s *site) formPage(r *request, title string, action service.ActionView, typed typedAction) (actionPage, error) {
	p := actionPage{Action: action, Typed: typed, Errors: map[string]fieldError{}, ReadOnly: !action.MayChange, UnitsReadOnly: action.ReadOnlyUnits}
	var err error
	if p.frame, err = s.frame(r, "actions", title); err != nil {
		return p, err
	}
	p.ID = ""
	if action.WhyNot != "" {
		p.WhyNot = r.T(action.WhyNot)
	}
	if p.UnitsReadOnly {
		p.WhyUnits = r.T("form.units_read_only")
		if why := service.WhyReadOnly(action.Sync); why.Code != service.CodeCalendarReadOnly {
			p.WhyUnits = i18n.T(p.Lang, why.Code, why.Params)
		}
	}
	o, err := s.offers(r)
	if err != nil {
		return p, err
	}
	p.Boxes = o.formBoxes(action, typed, r.caller.User)
	settings, err := s.Service.Settings(r.Context(), r.caller)
	if err != nil {
		return p, err
	}
	p.Zones = o.zones(settings.TimeZone)
	if id, err := crm.ParseID[crm.Action](typed.Get("follows_up")); err == nil && !id.IsZero() {
		if followed, err := s.Service.Get(r.Context(), r.caller, id); err == nil && !followed.Busy {
			subject, _ := r.subject(followed.Subject)
			p.FollowedUp = &linkTo{subject, "/actions/" + id.String()}
		}
	}
	return p, nil
}

// formBoxes are the selects of the form.
func (o offers) formBoxes(action service.ActionView, typed typedAction, user crm.User) map[string]selectBox {
	boxes := map[string]selectBox{}
	add := func(name string, options []option) {
		for i := range options {
			options[i].Chosen = options[i].Value == typed.Get(name)
		}
		boxes[name] = selectBox{name, o.T("field." + name), options}
	}
	for name, kind := range map[string]crm.ChoiceKind{"type": crm.ChoiceType, "status": crm.ChoiceStatus, "priority": crm.ChoicePriority} {
		add(name, o.formChoices(kind, typed.Get(name)))
		if typed.Get(name) == "" {
			for i, one := range boxes[name].Options {
				boxes[name].Options[i].Chosen = o.isDefault(one.Value)
			}
		}
	}
	add("followed_by", o.formPeople(action, typed.Get("followed_by"), user))
	add("third_party_kind", []option{
		{Text: o.T("action.kind_not_said")}, {Value: string(crm.Customer), Text: o.T("third_party_kind.customer")},
		{Value: string(crm.Prospect), Text: o.T("third_party_kind.prospect")}, {Value: string(crm.Supplier), Text: o.T("third_party_kind.supplier")},
	})
	return boxes
}

// formChoices are the entries of a list that are in use, and the one that the action has.
func (o offers) formChoices(kind crm.ChoiceKind, current string) []option {
	var options []option
	for _, choice := range o.choices {
		if choice.Kind == kind && (!choice.Retired || choice.ID.String() == current) {
			options = append(options, option{Value: choice.ID.String(), Text: o.names[choice.ID]})
		}
	}
	return options
}

func (o offers) isDefault(id string) bool {
	return slices.ContainsFunc(o.choices, func(choice crm.Choice) bool { return choice.Default && choice.ID.String() == id })
}

// formPeople are those whom the reader may give the action to, and whoever follows it.
func (o offers) formPeople(action service.ActionView, current string, user crm.User) []option {
	options := []option{}
	for _, one := range o.users {
		mayHaveIt := action.MayReassign && one.Active || one.ID == user.ID && (action.FollowedBy.IsZero() || action.FollowedBy == user.ID)
		if mayHaveIt || one.ID.String() == current {
			options = append(options, option{Value: one.ID.String(), Text: one.Name})
		}
	}
	slices.SortFunc(options, func(a, b option) int { return cmp.Compare(a.Text, b.Text) })
	if action.MayReassign || action.FollowedBy.IsZero() {
		options = append(options, option{Text: o.T("action.nobody")})
	}
	return options
}

// commonZones are offered beside those of the company's people; any other IANA name can be typed.
var commonZones = []string{
	"Europe/Amsterdam", "Europe/Berlin", "Europe/Brussels", "Europe/Lisbon", "Europe/London", "Europe/Luxembourg", "Europe/Madrid", "Europe/Paris",
	"Europe/Rome", "Europe/Warsaw", "Europe/Zurich", "America/New_York", "America/Los_Angeles", "Asia/Dubai", "Asia/Tokyo", "UTC",
}

func (o offers) zones(installation string) []string {
	all := append(slices.Clone(commonZones), installation)
	for _, user := range o.users {
		all = append(all, user.TimeZone)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// explainProblems puts what is wrong beside the fields it is about.
func (p *actionPage) explainProblems(problems crm.Problems) {
	for _, problem := range problems {
		sentence := p.problemOf(problem)
		if _, taken := p.Errors[problem.Field]; problem.Field == "" || taken || !p.hasField(problem.Field) {
			p.General = append(p.General, sentence)
			continue
		}
		p.Errors[problem.Field] = fieldError{sentence, p.offersOf(problem)}
	}
}

func (p *actionPage) hasField(name string) bool {
	return name == "documents" || slices.Contains(formFields, name)
}

// problemOf is the sentence of a problem as the form shows it: what a button offers is not said twice, and a day that does not
// exist is quoted as it was typed.
func (p *actionPage) problemOf(problem *crm.Problem) string {
	params := i18n.Params{}
	for name, value := range problem.Params {
		params[name] = value
	}
	if problem.Code == service.CodeNoSuchDay {
		params["date"] = p.Typed.Get(problem.Field)
	}
	if key := "form." + problem.Code; i18n.Has(key) {
		return i18n.T(p.Lang, key, params)
	}
	return i18n.T(p.Lang, problem.Code, params)
}

// offersOf are the values that put a problem right.
func (p *actionPage) offersOf(problem *crm.Problem) []offer {
	switch problem.Code {
	case "when.end_next_day":
		day, err := crm.ParseDate(problem.Params["date"])
		if err != nil {
			return nil
		}
		return []offer{{
			p.T("form.end_next_day", "day", p.LongWeekday(day), "time", problem.Params["time"]),
			url.Values{"end_date": {problem.Params["date"]}, "end_time": {problem.Params["time"]}}.Encode(),
		}}
	case service.CodeSkipped:
		date, clock := "start_date", "start_time"
		if problem.Field == "end_time" {
			date, clock = "end_date", "end_time"
		}
		values := url.Values{clock: {problem.Params["next_time"]}}
		if problem.Params["next_date"] != problem.Params["date"] {
			values.Set(date, problem.Params["next_date"])
		}
		return []offer{{p.T("form.use_time", "time", problem.Params["next_time"]), values.Encode()}}
	}
	return nil
}

// formInput is one field of the form as its piece draws it.
type formInput struct {
	words
	Name, Label, Value, Hint, Example string
	Wide                              string // classes of its place in the grid
	ReadOnly, Numeric, Optional       bool
	Picker, List                      string // the type of the browser's own picker; the id of a list of suggestions
	Error                             fieldError
	Box                               []option // the options of a select
}

// Field is the field of a name: a line of text.
func (p actionPage) Field(name, wide string) formInput {
	field := formInput{words: p.words, Name: name, Label: p.T("field." + name), Value: p.Typed.Get(name), Wide: wide, Error: p.Errors[name], ReadOnly: p.ReadOnly}
	switch name {
	case "subject", "description", "start_date", "start_time", "end_date", "end_time", "time_zone":
		field.ReadOnly = field.ReadOnly || p.UnitsReadOnly
	}
	switch name {
	case "start_date", "end_date", "due_date":
		field.Numeric, field.Example, field.Picker = true, p.T("day.typed_form"), "date"
	case "start_time", "end_time":
		field.Numeric, field.Example = true, p.T("time.typed_form")
	case "time_zone":
		field.List, field.Hint = "zones", p.zoneHint()
	case "dossier":
		field.Optional = true
	}
	field.Box = p.Boxes[name].Options
	return field
}

// zoneHint says what an empty zone means, or that the times are not the reader's.
func (p actionPage) zoneHint() string {
	switch {
	case p.Action.ID.IsZero():
		return p.T("form.zone_empty")
	case p.OtherZone(p.Action.When) != "":
		return p.T("form.zone_other", "zone", p.zone.String())
	}
	return ""
}

// Summary lists the fields that are not right, for the notice above the form.
func (p actionPage) Summary() []linkTo {
	var all []linkTo
	for _, name := range append(slices.Clone(formFields), "documents") {
		if problem, wrong := p.Errors[name]; wrong {
			all = append(all, linkTo{p.T("form.wrong", "field", p.T("field."+name), "sentence", problem.Sentence), "#" + name})
		}
	}
	return all
}

// Action of the form: where it is sent.
func (p actionPage) SaveTo() string {
	if p.ID == "" {
		return "/actions"
	}
	return "/actions/" + p.ID
}

// Documents are those of the form and empty lines for more.
func (p actionPage) Documents() []documentLine {
	var lines []documentLine
	for i, document := range p.Typed.Documents {
		lines = append(lines, documentLine{strconv.Itoa(i + 1), document})
	}
	if !p.ReadOnly && (len(lines) == 0 || p.Typed.Documents[len(lines)-1] != (crm.Document{})) {
		lines = append(lines, documentLine{strconv.Itoa(len(lines) + 1), crm.Document{}})
	}
	return lines
}

type documentLine struct {
	Number string
	crm.Document
}
