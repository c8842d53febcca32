package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// firstPlan is the plan of a first sync as the piece of that name shows it.
type firstPlan struct {
	words
	Events   string // how many become actions
	Bars     []planBar
	Figures  []planFigure
	Past     string // "": not known
	ReadOnly bool
}

// planBar is how many events of one year become actions.
type planBar struct {
	Year, Number, Label string
	Value, Max          int
}

type planFigure struct{ Name, Value string }

// planYears is how many years have a bar of their own.
const planYears = 5

func planOf(r *request, plan service.PlanView, readOnly bool) firstPlan {
	p := firstPlan{words: r.words, Events: r.Number(plan.EventsFrom(crm.Date{})), ReadOnly: readOnly}
	most := 0
	for i, year := range plan.Years() {
		if i < planYears {
			text := strconv.Itoa(year.Year)
			p.Bars = append(p.Bars, planBar{Year: text, Value: year.Events})
		} else {
			last := &p.Bars[planYears-1]
			if i == planYears {
				last.Year = r.T("plan.and_older", "year", last.Year)
			}
			last.Value += year.Events
		}
	}
	for _, bar := range p.Bars {
		most = max(most, bar.Value)
	}
	for i := range p.Bars {
		bar := &p.Bars[i]
		bar.Max, bar.Number = max(most, 1), r.Number(bar.Value)
		bar.Label = r.T("plan.year_events", "year", bar.Year, "count", bar.Value)
	}
	figure := func(name string, n int) {
		p.Figures = append(p.Figures, planFigure{r.T(name), r.Number(n)})
	}
	if !readOnly {
		figure("plan.actions", plan.ActionsFrom(crm.Date{}))
	}
	figure("plan.known", plan.Known)
	figure("plan.twins", plan.Twins)
	figure("plan.set_aside", plan.SetAside)
	figure("plan.others", plan.Others)
	return p
}

// startInput is the field for the day before which things are left out. typed is what it holds.
func startInput(r *request, name string, plan service.PlanView, typed string) formInput {
	field := formInput{
		words: r.words, Name: name, Label: r.T("plan.start"), Value: shownDate(r.typedDate(typed)), Example: r.T("day.typed_form"), Numeric: true, Picker: "date",
	}
	start, err := crm.ParseDate(r.typedDate(typed))
	switch {
	case err != nil || typed == "":
		field.Hint = r.T("plan.start_none")
	case start == plan.Start:
		field.Hint = r.T("plan.start_chosen", "count", plan.EventsFrom(start))
	default:
		field.Hint = r.T("plan.start_typed", "count", plan.EventsFrom(start))
	}
	return field
}

// startOf is the day that was typed, the zero Date for none; or what is wrong with it.
func startOf(r *request, name string) (crm.Date, error) {
	text := strings.TrimSpace(r.PostForm.Get(name))
	if text == "" {
		return crm.Date{}, nil
	}
	start, err := crm.ParseDate(r.typedDate(text))
	if err != nil {
		return crm.Date{}, crm.Problems{crm.NewProblem(service.CodeDateFormat, "start", "value", text)}
	}
	return start, nil
}

// startName is the name of that field for one of several plans on a page.
func startName(held service.HeldID) string { return "start-" + held.String() }

// planCard is a plan that waits.
type planCard struct {
	ID, UserName string
	Plan         firstPlan
	Start        formInput
}

// twinsCard is what waits of one link because it looks as if it was typed on both sides.
type twinsCard struct {
	ID, UserName string
	Link         crm.LinkID
	Count, Rest  int
	Pairs        []twinRow
	Problem      string
}

// twinRow is one pair.
type twinRow struct {
	ID, Heading   string
	Path          string // of the action
	Here, By      string
	There, Around string
}

func twinRowOf(r *request, view service.HeldView) twinRow {
	row := twinRow{ID: view.ID.String(), Heading: r.T("action.busy")}
	for _, action := range view.Actions {
		row.Here = r.When(action.When)
		if action.Busy {
			continue
		}
		row.Heading, _ = r.subject(action.Subject)
		if action.ThirdParty != "" {
			row.Heading += ", " + action.ThirdParty
		}
		row.Path = "/actions/" + action.ID.String()
		row.By = r.T("twins.made", "moment", r.Moment(action.CreatedAt))
	}
	if twin := view.Twin; twin != nil {
		row.There = r.When(twin.When)
		if !twin.Busy {
			place := twin.Place
			if place == "" {
				place = r.T("twins.no_place")
			}
			row.Around = place
			if twin.Reminders > 0 {
				row.Around += ", " + r.T("twins.reminders", "count", twin.Reminders)
			}
		}
	}
	return row
}

// decideTwins takes what was chosen about the pairs of a link: one by one, or about all at once.
func decideTwins(s *site, w http.ResponseWriter, r *request) error {
	held, err := pathID[service.HeldView](r, "id")
	if err != nil {
		return err
	}
	if err := posted(r); err != nil {
		return err
	}
	id := service.HeldID(held)
	decide := func() error {
		if all := r.PostForm.Get("all"); all != "" {
			return s.Service.DecideAlike(r.Context(), r.caller, id, all)
		}
		chosen := false
		for name, values := range r.PostForm {
			text, isPair := strings.CutPrefix(name, "pair-")
			if !isPair || len(values) == 0 || values[0] == "" {
				continue
			}
			pair, err := crm.ParseID[service.HeldView](text)
			if err != nil {
				return errNoPage
			}
			chosen = true
			err = s.Service.Decide(r.Context(), r.caller, service.HeldID(pair), values[0])
			if problems, is := errors.AsType[crm.Problems](err); is && problems[0].Code == service.CodeDecidedAlready {
				continue // somebody else was faster; the others are still to be taken
			}
			if err != nil {
				return err
			}
		}
		if !chosen {
			return errNothingChosen
		}
		return nil
	}
	err = decide()
	if errors.Is(err, errNothingChosen) {
		// Who may not decide about it is not told that something waits: no decision is none of those offered, asked for or not.
		if err := s.Service.Decide(r.Context(), r.caller, id, ""); errors.Is(err, service.ErrNotFound) {
			return err
		}
		return s.showHeldWith(w, r, http.StatusUnprocessableEntity, id, r.T("twins.choose"))
	}
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showHeldWith(w, r, http.StatusUnprocessableEntity, id, r.sentences(problems)[0])
	}
	if err != nil {
		return err
	}
	return see(w, r, heldPath+"?done=decide.saved")
}

var errNothingChosen = errors.New("nothing was chosen")

// decidePlan takes the decision about a plan: from a day, or everything where none is typed. Asked only to count, it shows the plan
// again with the figure of that day.
func (s *site) decidePlan(w http.ResponseWriter, r *request, held service.HeldID) error {
	start, err := startOf(r, startName(held))
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showHeldWith(w, r, http.StatusUnprocessableEntity, held, r.sentences(problems)[0])
	}
	if r.PostForm.Get("decision") == "count" {
		return s.showHeldWith(w, r, http.StatusOK, held, "")
	}
	if start.IsZero() {
		err = s.Service.Decide(r.Context(), r.caller, held, service.DecideEverything)
	} else {
		err = s.Service.DecideStart(r.Context(), r.caller, held, start)
	}
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showHeldWith(w, r, http.StatusUnprocessableEntity, held, r.sentences(problems)[0])
	}
	if err != nil {
		return err
	}
	return see(w, r, heldPath+"?done=decide.saved")
}
