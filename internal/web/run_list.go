package web

import (
	"net/http"
	"net/url"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// runsPage is what the syncs did, the newest first.
type runsPage struct {
	frame
	Side      []sideLink
	Heading   string
	Runs      []runRow
	OlderPath string // "" on the last page
	FirstPath string // "" on the first
}

func (runsPage) view() string { return "runs" }

// runRow is one run in words.
type runRow struct {
	Began, Stamp, UserName, LinkPath string
	Trigger                          string
	Outcome                          stateChip
	In, Out                          string // what it did in the CRM, and in the calendar
	Requests, Took                   string
}

// runsPerPage is the length of a page.
const runsPerPage = 50

func showRuns(s *site, w http.ResponseWriter, r *request) error {
	query := service.RunQuery{Limit: runsPerPage}
	var err error
	if query.Link, err = crm.ParseID[crm.Link](r.URL.Query().Get("link")); err != nil {
		return errNoPage
	}
	if query.Before, err = crm.ParseID[crm.Run](r.URL.Query().Get("before")); err != nil {
		return errNoPage
	}
	heading := r.T("runs.title")
	if !query.Link.IsZero() {
		link, err := s.Service.Link(r.Context(), r.caller, query.Link)
		if err != nil {
			return err
		}
		heading = r.T("runs.of", "name", link.UserName)
	}
	runs, err := s.Service.Runs(r.Context(), r.caller, query)
	if err != nil {
		return err
	}
	f, err := s.frame(r, "parameters", heading)
	if err != nil {
		return err
	}
	p := runsPage{frame: f, Heading: heading, Runs: runRows(r, runs)}
	if r.caller.User.Role == crm.RoleAdministrator {
		p.Side = sideLinks(r, runsPath)
	}
	address := func(before crm.RunID) string {
		values := url.Values{}
		if !query.Link.IsZero() {
			values.Set("link", query.Link.String())
		}
		if !before.IsZero() {
			values.Set("before", before.String())
		}
		return runsPath + "?" + values.Encode()
	}
	if len(runs) == runsPerPage {
		p.OlderPath = address(runs[len(runs)-1].ID)
	}
	if !query.Before.IsZero() {
		p.FirstPath = address(crm.RunID{})
	}
	return s.render(w, http.StatusOK, p)
}

func runRows(r *request, runs []service.RunView) []runRow {
	rows := make([]runRow, len(runs))
	for i, run := range runs {
		rows[i] = runRowOf(r, run)
	}
	return rows
}

func runRowOf(r *request, run service.RunView) runRow {
	row := runRow{
		Began: r.Moment(run.StartedAt), Stamp: r.Stamp(run.StartedAt), UserName: run.UserName, LinkPath: linksPath + "/" + run.Link.String(),
		Trigger: r.T("runs.trigger_" + string(run.Trigger)), Requests: r.Number(run.Counts.Requests),
	}
	outcome := string(run.Outcome)
	if run.EndedAt.IsZero() {
		outcome = "running"
	} else {
		row.Took = r.Duration(run.EndedAt.Sub(run.StartedAt))
	}
	row.Outcome = stateChip{State: "active", Icon: "check", Word: r.T("runs.outcome_" + outcome)}
	switch outcome {
	case "running":
		row.Outcome.State, row.Outcome.Icon = "pending", "sync"
	case string(crm.OutcomeFailed):
		row.Outcome.State, row.Outcome.Icon = "failing", "warning"
	case string(crm.OutcomeStopped):
		row.Outcome.State, row.Outcome.Icon = "paused", "pause"
	}
	if run.Reason != "" {
		row.Outcome.Why = r.Reason(run.Reason, nil)
	}
	counts := run.Counts
	row.In = counted(r, []counting{{"runs.new", counts.New}, {"runs.changed", counts.Changed}, {"runs.removed", counts.Removed}, {"runs.set_aside", counts.SetAside}, {"runs.conflicts", counts.Conflicts}})
	row.Out = counted(r, []counting{{"runs.created", counts.Created}, {"runs.patched", counts.Patched}, {"runs.deleted", counts.Deleted}, {"runs.refused", counts.Refused}, {"runs.unguarded", counts.Unguarded}, {"runs.crossed", counts.Crossed}})
	return row
}

type counting struct {
	key string
	n   int
}

// counted are the figures that are not nothing, in words.
func counted(r *request, all []counting) string {
	var said []string
	for _, one := range all {
		if one.n > 0 {
			said = append(said, r.T(one.key, "count", one.n))
		}
	}
	if said == nil {
		return r.T("runs.nothing")
	}
	return strings.Join(said, ", ")
}
