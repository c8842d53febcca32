package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

type heldCommand struct {
	List   heldListCommand   `cmd:"" help:"Show what waits for a decision."`
	Show   heldShowCommand   `cmd:"" help:"Show what one decision is about: the plan of a first sync, or both sides of twins."`
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
  undo         take the calendar's value back

Where the event of a meeting is made again, they decide whether its guests are invited again:

  invite_again     with its guests
  without_guests   without them, and nobody is told

A first sync of more than 2,000 items waits, and an event that looks like an action is asked about:

  all          bring everything in, and write all actions that are not past
  from         the same, but for what ends before the day given as --start: it comes in when it changes
  same         the action and the event are one
  different    they are two, and each is made on the other side`
}

// heldJSON is one of them in JSON.
func heldJSON(one service.HeldView) shownHeld {
	shown := shownHeld{
		ID: one.ID.String(), User: one.UserName, Kind: one.Kind, Count: one.Count, Guests: one.Guests, CreatedAt: one.CreatedAt, Decisions: one.Decisions,
	}
	if one.Plan != nil {
		shown.Plan, shown.Start = &one.Plan.FirstCounts, one.Plan.Start.String()
	}
	if twin := one.Twin; twin != nil {
		shown.Event = &shownTwin{twin.Subject, twin.When.String(), twin.Place}
	}
	return shown
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

	Plan  *reconcile.FirstCounts `json:"plan,omitempty"`
	Start string                 `json:"start,omitempty"` // that is suggested
	Event *shownTwin             `json:"event,omitempty"`
}

// shownTwin is the event of twins in JSON; its subject is left out where it is private.
type shownTwin struct {
	Subject string `json:"subject"`
	When    string `json:"when"`
	Place   string `json:"place"`
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
				shown[i] = heldJSON(one)
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

type heldShowCommand struct {
	administration
	ID string `arg:"" help:"Id, as agenda held list shows it."`
}

// Run shows one.
func (c heldShowCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		id, err := heldID(c.ID)
		if err != nil {
			return err
		}
		held, err := d.service.Held(ctx, d.caller)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(held, func(one service.HeldView) bool { return one.ID == id })
		if at < 0 {
			return fmt.Errorf("%s waits for no decision; agenda held list shows what does", c.ID)
		}
		if c.JSON {
			return printJSON(env.stdout, heldJSON(held[at]))
		}
		return printTable(env.stdout, "what figure", heldRows(held[at]))
	})
}

// heldRows are what a decision is about, line by line.
func heldRows(one service.HeldView) [][]string {
	rows := [][]string{{"of", one.UserName}, {"kind", one.Kind}, {"since", moment(one.CreatedAt)}}
	for _, action := range one.Actions {
		subject := action.Subject
		if action.Busy {
			subject = "(private)"
		}
		rows = append(rows, []string{"action", subject + ", " + action.When.String()})
	}
	if twin := one.Twin; twin != nil {
		subject := twin.Subject
		if twin.Busy {
			subject = "(private)"
		}
		rows = append(rows, []string{"event", subject + ", " + twin.When.String()}, []string{"pairs", strconv.Itoa(one.Pairs)})
	}
	if plan := one.Plan; plan != nil {
		rows = append(rows, []string{"events that become actions", strconv.Itoa(plan.EventsFrom(crm.Date{}))})
		for _, year := range plan.Years() {
			rows = append(rows, []string{"  " + strconv.Itoa(year.Year), strconv.Itoa(year.Events)})
		}
		rows = append(rows,
			[]string{"actions that become events", strconv.Itoa(plan.ActionsFrom(crm.Date{}))}, []string{"already known", strconv.Itoa(plan.Known)},
			[]string{"look like twins", strconv.Itoa(plan.Twins)}, []string{"set aside", strconv.Itoa(plan.SetAside)}, []string{"invitations by others", strconv.Itoa(plan.Others)})
		if !plan.Start.IsZero() {
			rows = append(rows, []string{"suggested --start", fmt.Sprintf("%s (%d events)", plan.Start, plan.EventsFrom(plan.Start))})
		}
	}
	return append(rows, []string{"decide", strings.Join(one.Decisions, " or ")})
}

func heldID(text string) (service.HeldID, error) {
	id, err := crm.ParseID[store.Held](text)
	if err != nil {
		return id, fmt.Errorf("%q is not an id; agenda held list shows them", text)
	}
	return id, nil
}

type heldDecideCommand struct {
	administration
	ID       string `arg:"" help:"Id, as agenda held list shows it."`
	Decision string `arg:"" help:"One that agenda held list offers: delete, write_back, tell, undo, invite_again, without_guests, all, from, same or different."`
	Start    string `help:"With from: what ends before this day is left out." placeholder:"2026-01-01"`
	All      bool   `help:"With same or different: decide so about all pairs of the link."`
}

// Run takes the decision.
func (c heldDecideCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		id, err := heldID(c.ID)
		if err != nil {
			return err
		}
		start, err := crm.ParseDate(c.Start)
		switch {
		case err != nil:
			return fmt.Errorf("--start: %w", err)
		case c.Decision == service.DecideFrom && start.IsZero():
			return errors.New("from needs a day: --start 2026-01-01")
		case c.Decision == service.DecideFrom:
			err = d.service.DecideStart(ctx, d.caller, id, start)
		case c.All:
			err = d.service.DecideAlike(ctx, d.caller, id, c.Decision)
		default:
			err = d.service.Decide(ctx, d.caller, id, c.Decision)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(env.stderr, "Decided. The link's next run carries it out.")
		return err
	})
}
