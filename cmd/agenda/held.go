package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

type heldCommand struct {
	List   heldListCommand   `cmd:"" help:"Show what waits for a decision."`
	Decide heldDecideCommand `cmd:"" help:"Take a decision; the link's next run carries it out."`
}

type heldListCommand struct{ administration }

// Help says what the decisions mean.
func (heldListCommand) Help() string {
	return `When so many events disappear from a calendar that it may be an accident, nothing is deleted here until somebody decides:

  delete       put their actions into the trash, from which they can be restored
  write_back   write the events into the calendar again

Before the calendar server tells the guests of a meeting about a change or a deletion, somebody decides too:

  tell         write it to the calendar
  undo         take the calendar's value back`
}

// shownHeld is one held decision in JSON.
type shownHeld struct {
	ID        string    `json:"id"`
	User      string    `json:"user"`
	Kind      string    `json:"kind"`
	Count     int       `json:"count"`
	Guests    int       `json:"guests"`
	CreatedAt time.Time `json:"created_at"`
	Decisions []string  `json:"decisions"`
}

// Run shows what is held.
func (c heldListCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		held, err := d.service.Held(ctx, d.caller)
		if err != nil {
			return err
		}
		if c.JSON {
			shown := make([]shownHeld, len(held))
			for i, one := range held {
				shown[i] = shownHeld{one.ID.String(), one.UserName, one.Kind, one.Count, one.Guests, one.CreatedAt, one.Decisions}
			}
			return printJSON(env.stdout, shown)
		}
		var rows [][]string
		for _, one := range held {
			rows = append(rows, []string{one.ID.String(), one.UserName, one.Kind, strconv.Itoa(one.Count), moment(one.CreatedAt), strings.Join(one.Decisions, " or ")})
		}
		return printTable(env.stdout, "id user what count since decide", rows)
	})
}

type heldDecideCommand struct {
	administration
	ID       string `arg:"" help:"Id, as agenda held list shows it."`
	Decision string `arg:"" help:"One that agenda held list offers: delete, write_back, tell or undo."`
}

// Run takes the decision.
func (c heldDecideCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		id, err := crm.ParseID[store.Held](c.ID)
		if err != nil {
			return fmt.Errorf("%q is not an id; agenda held list shows them", c.ID)
		}
		if err := d.service.Decide(ctx, d.caller, id, c.Decision); err != nil {
			return err
		}
		_, err = fmt.Fprintln(env.stderr, "Decided. The link's next run carries it out.")
		return err
	})
}
