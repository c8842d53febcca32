package web

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// heldPage is what waits for a decision that its reader may take.
type heldPage struct {
	frame
	Held     []heldCard
	Plans    []planCard
	Twins    []twinsCard
	Waiting  int // of all these
	BackPath string
	Days     int // that the trash is kept
}

func (heldPage) view() string { return "held" }

// heldCard is one decision.
type heldCard struct {
	service.HeldView
	Rows    []heldRow
	Rest    int    // how many are not listed
	Problem string // what was wrong with the decision just taken
	Why     string // which sentence says why guests are asked about
}

// heldRow is one action that a decision is about.
type heldRow struct{ Subject, When, ThirdParty, Path string }

func showHeld(s *site, w http.ResponseWriter, r *request) error {
	return s.showHeldWith(w, r, http.StatusOK, service.HeldID{}, "")
}

func (s *site) showHeldWith(w http.ResponseWriter, r *request, status int, about service.HeldID, problem string) error {
	held, err := s.Service.Held(r.Context(), r.caller)
	if err != nil {
		return err
	}
	settings, err := s.Service.Settings(r.Context(), r.caller)
	if err != nil {
		return err
	}
	f, err := s.frame(r, "held", r.T("decide.title"))
	if err != nil {
		return err
	}
	f.Toast = done(r)
	p := heldPage{frame: f, BackPath: calendarPath, Days: int(settings.TrashKept / (24 * time.Hour))}
	if r.caller.User.Role == crm.RoleAdministrator {
		p.BackPath = linksPath
	}
	for _, view := range held {
		switch {
		case view.Plan != nil:
			card := planCard{ID: view.ID.String(), UserName: view.UserName, Plan: planOf(r, *view.Plan, false), Start: startInput(r, startName(view.ID), *view.Plan, view.Plan.Start.String())}
			if view.ID == about {
				card.Start = startInput(r, startName(view.ID), *view.Plan, r.PostForm.Get(startName(view.ID)))
				card.Start.Error.Sentence = problem
			}
			p.Plans = append(p.Plans, card)
			continue
		case view.Twin != nil:
			at := slices.IndexFunc(p.Twins, func(card twinsCard) bool { return card.Link == view.Link })
			if at < 0 {
				at = len(p.Twins)
				p.Twins = append(p.Twins, twinsCard{ID: view.ID.String(), Link: view.Link, UserName: view.UserName, Count: view.Pairs, Rest: view.Pairs})
			}
			card := &p.Twins[at]
			card.Pairs = append(card.Pairs, twinRowOf(r, view))
			card.Rest--
			if view.ID == about {
				card.Problem = problem
			}
			continue
		}
		slices.Reverse(view.Decisions) // what keeps everything comes first
		card := heldCard{HeldView: view, Why: "why", Rest: max(0, view.Count-len(view.Actions))}
		if view.Again {
			card.Why = "again_why"
		}
		if view.ID == about {
			card.Problem = problem
		}
		for _, action := range view.Actions {
			card.Rows = append(card.Rows, heldRowOf(r, action))
		}
		p.Held = append(p.Held, card)
	}
	p.Waiting = len(p.Held) + len(p.Plans) + len(p.Twins)
	return s.render(w, status, p)
}

func heldRowOf(r *request, action service.ActionView) heldRow {
	row := heldRow{Subject: r.T("action.busy"), When: r.When(action.When)}
	if !action.Busy {
		row.Subject, _ = r.subject(action.Subject)
		row.ThirdParty, row.Path = action.ThirdParty, "/actions/"+action.ID.String()
	}
	return row
}

func decideHeld(s *site, w http.ResponseWriter, r *request) error {
	var held service.HeldID
	if err := held.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return errNoPage
	}
	if err := posted(r); err != nil {
		return err
	}
	if r.PostForm.Has(startName(held)) {
		return s.decidePlan(w, r, held)
	}
	if r.PostForm.Get("decision") == "" {
		return s.showHeldWith(w, r, http.StatusUnprocessableEntity, held, r.T("decide.choose"))
	}
	err := s.Service.Decide(r.Context(), r.caller, held, r.PostForm.Get("decision"))
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showHeldWith(w, r, http.StatusUnprocessableEntity, held, r.sentences(problems)[0])
	}
	if err != nil {
		return err
	}
	return see(w, r, heldPath+"?done=decide.saved")
}
