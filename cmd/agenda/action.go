package main

import (
	"context"
	"fmt"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

type actionCommand struct {
	List   actionListCommand   `cmd:"" help:"Show the actions whose events take no writes, which can be hidden; with --hidden those that are."`
	Hide   actionHideCommand   `cmd:"" help:"Take the action of somebody else's event off the screens; nothing is written to the calendar."`
	Unhide actionUnhideCommand `cmd:"" help:"Show a hidden action again."`
}

type actionListCommand struct {
	administration
	User   string `help:"Only those that this user follows." placeholder:"LOGIN"`
	Hidden bool   `help:"Only those that are hidden."`
	Limit  int    `help:"So many at most." default:"50"`
}

// shownAction is an action in JSON.
type shownAction struct {
	ID      string       `json:"id"`
	User    string       `json:"user"`
	Subject string       `json:"subject"` // "" where the caller may not see it
	When    string       `json:"when"`
	State   crm.SyncName `json:"state"`
	Reason  crm.Reason   `json:"reason,omitempty"`
	Hidden  bool         `json:"hidden"`
}

// Run shows the actions.
func (c actionListCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		query := service.ActionQuery{Hidden: c.Hidden, Limit: min(max(c.Limit, 1), 200)}
		if !c.Hidden {
			query.Sync = []crm.SyncName{crm.ReadOnly}
		}
		if c.User != "" {
			user, err := d.user(c.User)
			if err != nil {
				return err
			}
			query.FollowedBy = []crm.UserID{user.ID}
		}
		page, err := d.service.List(ctx, d.caller, query)
		if err != nil {
			return err
		}
		shown := make([]shownAction, len(page.Actions))
		rows := make([][]string, len(page.Actions))
		for i, action := range page.Actions {
			shown[i] = shownAction{action.ID.String(), d.login(action.FollowedBy), action.Subject, action.When.String(), action.Sync.Name, action.Sync.Reason, action.Hidden}
			rows[i] = []string{shown[i].ID, shown[i].User, string(shown[i].State), string(shown[i].Reason), shown[i].When, shown[i].Subject}
		}
		if c.JSON {
			return printJSON(env.stdout, shown)
		}
		return printTable(env.stdout, "id user state reason when subject", rows)
	})
}

// actionOf is what a command about one action needs.
type actionOf struct {
	administration
	ID string `arg:"" help:"Id, as agenda action list, the API and the address of its page show it."`
}

type actionHideCommand struct{ actionOf }

// Help says what hiding is.
func (actionHideCommand) Help() string {
	return `An invitation, or an event of a calendar that can only be read, cannot be deleted here: that would decline it, or the server would not let us.
Hidden, its action is in nobody's list, search or planning; it goes on following its event.`
}

// Run hides the action.
func (c actionHideCommand) Run(ctx context.Context, env environment) error {
	return c.do(ctx, env, "hidden", (*service.Service).Hide)
}

type actionUnhideCommand struct{ actionOf }

// Run shows the action again.
func (c actionUnhideCommand) Run(ctx context.Context, env environment) error {
	return c.do(ctx, env, "shown again", (*service.Service).Unhide)
}

func (c actionOf) do(ctx context.Context, env environment, done string, deed func(*service.Service, context.Context, service.Caller, crm.ActionID) (crm.Action, error)) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		id, err := crm.ParseID[crm.Action](c.ID)
		if err != nil {
			return fmt.Errorf("%q is not an id; agenda action list shows them", c.ID)
		}
		action, err := deed(d.service, ctx, d.caller, id)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.stderr, "The action %s is %s.\n", action.ID, done)
		return err
	})
}
