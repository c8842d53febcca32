package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

type runsCommand struct {
	administration
	User  string `help:"Only those of this user's link." placeholder:"LOGIN"`
	Limit int    `help:"So many at most, the newest." default:"20"`
}

// Help says which runs are kept.
func (runsCommand) Help() string {
	return "Runs that changed something or failed, the newest first; one that found nothing to do is only counted.\n\n" +
		"crossed: in how many writes somebody else was seen to write at the same moment, of all writes that the server does not guard."
}

// shownRun is a run in JSON.
type shownRun struct {
	ID        string      `json:"id"`
	User      string      `json:"user"`
	Trigger   crm.Trigger `json:"trigger"`
	StartedAt time.Time   `json:"started_at"`
	EndedAt   *time.Time  `json:"ended_at,omitempty"`
	Outcome   crm.Outcome `json:"outcome"`
	Reason    crm.Reason  `json:"reason,omitempty"`
	Counts    crm.Counts  `json:"counts"`
}

// Run shows the runs.
func (c runsCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		query := service.RunQuery{Limit: min(max(c.Limit, 1), 200)}
		if c.User != "" {
			link, err := d.linkOf(ctx, c.User)
			if err != nil {
				return err
			}
			query.Link = link.ID
		}
		runs, err := d.service.Runs(ctx, d.caller, query)
		if err != nil {
			return err
		}
		if c.JSON {
			shown := make([]shownRun, len(runs))
			for i, run := range runs {
				shown[i] = shownRun{run.ID.String(), run.UserName, run.Trigger, run.StartedAt, instant(run.EndedAt), run.Outcome, run.Reason, run.Counts}
			}
			return printJSON(env.stdout, shown)
		}
		var rows [][]string
		for _, run := range runs {
			counts := run.Counts
			rows = append(rows, []string{
				moment(run.StartedAt), run.UserName, string(run.Trigger), string(run.Outcome),
				fmt.Sprintf("+%d ~%d -%d", counts.New, counts.Changed, counts.Removed), fmt.Sprintf("+%d ~%d -%d", counts.Created, counts.Patched, counts.Deleted),
				strconv.Itoa(counts.Requests), fmt.Sprintf("%d of %d", counts.Crossed, counts.Unguarded), string(run.Reason),
			})
		}
		return printTable(env.stdout, "started user by outcome here there requests crossed why", rows)
	})
}
