package main

import (
	"context"
	"fmt"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

type syncCommand struct {
	administration
	User []string      `arg:"" optional:"" help:"Logins of the users whose calendars are synced; everybody's when none is given."`
	Wait time.Duration `help:"Wait so long at most." default:"10m"`
}

// Help says what happens while the program is served.
func (syncCommand) Help() string {
	return `Syncs both ways, now, and waits for it. It does the work itself, and shares it with agenda serve when that runs on the same
database: a calendar is synced by one of them at a time.

Exit codes: 0 every calendar was synced; 1 one or more were not, and why.`
}

// Run syncs.
func (c syncCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) (err error) {
		links, err := d.linksOf(ctx, c.User)
		if err != nil || len(links) == 0 {
			return err
		}
		ids := make([]crm.LinkID, len(links))
		for i, link := range links {
			ids[i] = link.ID
		}
		d.scheduler.Start()
		err = d.pull(ctx, ids, c.Wait)
		if stopErr := d.stopRuns(ctx); err == nil {
			err = stopErr
		}
		if err != nil {
			return err
		}
		if err := d.tellPulls(ids, c.JSON); err != nil {
			return err
		}
		return d.finishEnds(ctx) // where no agenda serve does it
	})
}

// linksOf are the links that may run, of these users or of all.
func (d *desk) linksOf(ctx context.Context, logins []string) ([]service.LinkView, error) {
	if len(logins) == 0 {
		return d.service.Links(ctx, d.caller)
	}
	var links []service.LinkView
	for _, login := range logins {
		link, err := d.linkOf(ctx, login)
		if err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	return links, nil
}

func (d *desk) pull(ctx context.Context, ids []crm.LinkID, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticket, err := d.scheduler.Pull(ctx, ids, 0)
	if err != nil {
		return err
	}
	if err := ticket.Wait(ctx); err != nil {
		return fmt.Errorf("wait for the calendars: %w", err)
	}
	return nil
}

// shownPull is what a sync did, in JSON.
type shownPull struct {
	User   string     `json:"user"`
	Counts crm.Counts `json:"counts"`
	Reason string     `json:"reason,omitempty"`
}

func (d *desk) tellPulls(ids []crm.LinkID, asJSON bool) error {
	links, err := d.service.Links(context.Background(), d.caller)
	if err != nil {
		return err
	}
	owner := map[crm.LinkID]service.LinkView{}
	for _, link := range links {
		owner[link.ID] = link
	}
	failed := false
	var shown []shownPull
	var rows [][]string
	for _, pull := range (puller{d.scheduler}).Progress(ids) {
		link := owner[pull.Link]
		why := d.whyNot(link)
		if pull.Reason != "" && why == "" {
			why = i18n.Reason(d.env.language(), pull.Reason, nil)
		}
		failed = failed || pull.Reason != "" || why != ""
		shown = append(shown, shownPull{d.login(link.User), pull.Counts, why})
		rows = append(rows, []string{
			d.login(link.User), fmt.Sprintf("%d new, %d changed, %d removed here", pull.Counts.New, pull.Counts.Changed, pull.Counts.Removed),
			fmt.Sprintf("%d made, %d changed, %d deleted there", pull.Counts.Created, pull.Counts.Patched, pull.Counts.Deleted), why,
		})
	}
	if asJSON {
		err = printJSON(d.env.stdout, shown)
	} else {
		err = printTable(d.env.stdout, "user here there why", rows)
	}
	if err == nil && failed {
		return exitCode(1)
	}
	return err
}
