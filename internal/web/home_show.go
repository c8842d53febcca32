package web

import (
	"net/http"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// homePage is what waits for this person, the day's actions, and how the links stand.
type homePage struct {
	frame
	Heading string
	Module  bool // the CRM module is on: its actions are shown
	Week    string
	Needs   []need
	Today   []todayRow
	Due     []dueLink
	Links   *linkFigures // nil: there is nothing to say about links
	CameIn  []cameIn
}

func (homePage) view() string { return "home" }

// need is one thing that waits for a person, with the one thing to do about it.
type need struct {
	State, Icon, Heading, Why string
	Act                       rowAct
}

// todayRow is an action of today.
type todayRow struct {
	Time, Subject, ThirdParty, Path string
	Class                           string // past, next
	Sync                            stateChip
}

type dueLink struct{ Subject, Day, Path string }

// linkFigures are the links in figures.
type linkFigures struct {
	Total, Working, Waiting string
	Path                    string
	Broken                  []need
	InOrder                 string
}

// cameIn is what a calendar brought.
type cameIn struct{ Subject, Time, Stamp, Words, Path string }

// How much of each thing home shows.
const (
	homeActions = 50
	homeDue     = 5
	homeCameIn  = 6
)

func showHome(s *site, w http.ResponseWriter, r *request) error {
	f, err := s.frame(r, "home", r.T("home.title"))
	if err != nil {
		return err
	}
	today := r.Today()
	_, week := r.now.In(r.zone).ISOWeek()
	p := homePage{frame: f, Heading: capital(r.LongWeekday(today)), Week: r.T("home.week", "week", week)}
	views, err := s.Service.Links(r.Context(), r.caller)
	if err != nil {
		return err
	}
	held, err := s.Service.Held(r.Context(), r.caller)
	if err != nil {
		return err
	}
	p.Needs = needsOf(r, views, held)
	p.Links = figuresOf(r, views)
	if p.Module, err = s.moduleOn(r); err != nil {
		return err
	}
	if !p.Module {
		return s.render(w, http.StatusOK, p)
	}
	if p.Today, err = s.todayRows(r, today); err != nil {
		return err
	}
	if p.Due, err = s.dueLinks(r, today); err != nil {
		return err
	}
	if p.CameIn, err = s.cameInToday(r); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, p)
}

// needsOf is what the links and decisions that a person sees ask of him, the most urgent first.
func needsOf(r *request, views []service.LinkView, held []service.HeldView) []need {
	var needs []need
	for _, view := range views {
		if view.SignInAgain && view.States[0] == crm.LinkSignInAgain {
			heading := r.T("home.sign_in_again", "name", view.UserName)
			if view.User == r.caller.User.ID {
				heading = r.T("home.sign_in_again_own")
			}
			one := need{"sign_in_again", "key", heading, r.T("home.sign_in_again_why", "count", view.Pending), rowAct{r.T("home.look"), linksPath + "/" + view.ID.String(), false}}
			if view.MayManage {
				one.Act = rowAct{r.T("home.sign_in_button"), linksPath + "/" + view.ID.String() + "/edit", false}
			}
			needs = append(needs, one)
		}
	}
	asked := map[crm.LinkID]bool{}
	for _, one := range held {
		if one.Kind == service.HeldTwins && asked[one.Link] {
			continue // all of a link's are one thing to look at
		}
		asked[one.Link] = asked[one.Link] || one.Kind == service.HeldTwins
		heading, why := r.T("home.decide", "count", one.Count, "name", one.UserName), r.T("home.decide_why", "moment", r.Moment(one.CreatedAt))
		if one.Kind == service.HeldGuests {
			heading, why = r.T("decide.guests", "count", one.Guests, "name", one.UserName), r.T("home.guests_why", "moment", r.Moment(one.CreatedAt))
		}
		switch one.Kind {
		case service.HeldFirstSync:
			heading, why = r.T("home.first_sync", "name", one.UserName), r.T("home.first_sync_why", "count", one.Count)
		case service.HeldTwins:
			heading, why = r.T("home.twins", "count", one.Pairs, "name", one.UserName), r.T("home.twins_why")
		}
		needs = append(needs, need{"needs_decision", "hand", heading, why, rowAct{r.T("home.decide_button"), heldPath, false}})
	}
	for _, view := range views {
		if view.SetAside > 0 {
			needs = append(needs, need{
				"set_aside", "aside", r.T("home.set_aside", "count", view.SetAside, "name", view.UserName), r.T("home.set_aside_why"),
				rowAct{r.T("home.look"), linksPath + "/" + view.ID.String() + "#aside", false},
			})
		}
	}
	return needs
}

// figuresOf counts the links: those that work, and those that wait for somebody.
func figuresOf(r *request, views []service.LinkView) *linkFigures {
	if len(views) == 0 && r.caller.User.Role != crm.RoleAdministrator {
		return nil
	}
	figures := &linkFigures{Path: linksPath}
	if r.caller.User.Role != crm.RoleAdministrator {
		figures.Path = calendarPath
	}
	working := 0
	for _, view := range views {
		switch view.States[0] {
		case crm.LinkActive, crm.LinkNew, crm.LinkReadOnly:
			working++
		case crm.LinkFailing:
			one := need{"failing", "warning", view.UserName, whyOf(r, view, nil), rowAct{r.T("home.look"), linksPath + "/" + view.ID.String(), false}}
			figures.Broken = append(figures.Broken, one)
		}
	}
	figures.Total, figures.Working, figures.Waiting = r.Number(len(views)), r.Number(working), r.Number(len(views)-working)
	if working > 0 {
		figures.InOrder = r.T("home.in_order", "count", working)
	}
	return figures
}

func (s *site) todayRows(r *request, today crm.Date) ([]todayRow, error) {
	page, err := s.Service.List(r.Context(), r.caller, service.ActionQuery{Mine: true, From: today, To: today, Limit: homeActions})
	if err != nil {
		return nil, err
	}
	actions := slices.DeleteFunc(page.Actions, func(action service.ActionView) bool { return action.OffPlan() })
	start := func(action service.ActionView) int {
		if action.When.AllDay() || action.When.StartDate != today {
			return -1
		}
		return action.When.StartTime.Seconds()
	}
	slices.SortStableFunc(actions, func(a, b service.ActionView) int { return start(a) - start(b) })
	clock := crm.ClockOf(r.now.In(r.zone)).Seconds()
	next := false
	var rows []todayRow
	for _, action := range actions {
		row := todayRow{
			Time: r.WhenInDay(action.When), Subject: subjectOf(r, action), ThirdParty: action.ThirdParty, Path: "/actions/" + action.ID.String(), Sync: r.ActionState(action.Sync),
		}
		timed := !action.When.StartTime.IsZero() && action.When.StartDate == today
		switch {
		case timed && !action.When.EndTime.IsZero() && action.When.EndDate.Compare(today) <= 0 && action.When.EndTime.Seconds() <= clock:
			row.Class = "past"
		case timed && !next:
			row.Class, next = "next", true
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func subjectOf(r *request, action service.ActionView) string {
	if action.Busy {
		return r.T("action.busy")
	}
	subject, _ := r.subject(action.Subject)
	return subject
}

func (s *site) dueLinks(r *request, today crm.Date) ([]dueLink, error) {
	page, err := s.Service.List(r.Context(), r.caller, service.ActionQuery{Mine: true, DueTo: today, Limit: homeDue})
	if err != nil {
		return nil, err
	}
	var due []dueLink
	for _, action := range page.Actions {
		if !action.Busy && !action.DueDate.IsZero() {
			due = append(due, dueLink{subjectOf(r, action), r.Short(action.DueDate), "/actions/" + action.ID.String()})
		}
	}
	return due, nil
}

// cameInToday is what the calendars brought in the last 24 hours, the latest first.
func (s *site) cameInToday(r *request) ([]cameIn, error) {
	since := r.now.Add(-24 * time.Hour)
	page, err := s.Service.List(r.Context(), r.caller, service.ActionQuery{ModifiedFrom: since, Limit: 200})
	if err != nil {
		return nil, err
	}
	actions := slices.DeleteFunc(page.Actions, func(action service.ActionView) bool { return action.Busy || action.ModifiedBy.Kind != crm.ActorLink })
	slices.SortStableFunc(actions, func(a, b service.ActionView) int { return b.ModifiedAt.Compare(a.ModifiedAt) })
	var came []cameIn
	for _, action := range actions[:min(len(actions), homeCameIn)] {
		key := "home.came_changed"
		if action.CreatedBy.Kind == crm.ActorLink && !action.CreatedAt.Before(since) {
			key = "home.came_new"
		}
		came = append(came, cameIn{
			subjectOf(r, action), action.ModifiedAt.In(r.zone).Format("15:04"), r.Stamp(action.ModifiedAt), r.T(key, "name", action.FollowerName), "/actions/" + action.ID.String(),
		})
	}
	return came, nil
}
