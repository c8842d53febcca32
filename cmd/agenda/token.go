package main

import (
	"context"
	"fmt"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

type tokenCommand struct {
	Add    tokenAddCommand    `cmd:"" help:"Make an API token. It is shown once."`
	List   tokenListCommand   `cmd:"" help:"Show the tokens of a user, without their secrets."`
	Revoke tokenRevokeCommand `cmd:"" help:"End a token at once."`
}

type tokenAddCommand struct {
	administration
	User string `help:"Login of the user the token acts as, with all of this user's rights." required:"" placeholder:"LOGIN"`
	Name string `arg:"" help:"What it is for, to recognise it by."`
	Days int    `help:"Days until it expires; 0: it does not." default:"0"`
}

// Help shows how a token is used.
func (tokenAddCommand) Help() string {
	return `The token goes to standard output, so that it can be caught:

  TOKEN=$(agenda token add --user ann "nightly export")
  curl -H "Authorization: Bearer $TOKEN" https://crm.example.com/api/v1/me

Exit codes: 0 made; 1 refused, nothing was made.`
}

// shownToken is a token in JSON.
type shownToken struct {
	ID         string     `json:"id"`
	User       string     `json:"user"`
	Name       string     `json:"name"`
	InForce    bool       `json:"in_force"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	Secret     string     `json:"secret,omitempty"` // only when it is made
}

func shownTokenOf(token service.TokenView, login, secret string) shownToken {
	return shownToken{
		token.ID.String(), login, token.Name, token.InForce, token.CreatedAt, instant(token.LastUsedAt), instant(token.ExpiresAt), instant(token.RevokedAt), secret,
	}
}

// Run makes the token.
func (c tokenAddCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		user, err := d.user(c.User)
		if err != nil {
			return err
		}
		in := service.TokenInput{User: user.ID, Name: c.Name}
		if c.Days > 0 {
			in.ExpiresAt = d.Now().AddDate(0, 0, c.Days)
		}
		// A token acts as its user, so its user makes it: the operator of the machine holds the database anyway.
		token, secret, err := d.service.CreateToken(ctx, service.Caller{User: user}, in)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(env.stdout, shownTokenOf(token, user.Login, secret))
		}
		fmt.Fprintf(env.stderr, "Token %s acts as %s. It is shown this once:\n", token.ID, user.Login)
		_, err = fmt.Fprintln(env.stdout, secret)
		return err
	})
}

type tokenListCommand struct {
	administration
	User string `help:"Login of the user." required:"" placeholder:"LOGIN"`
}

// Run shows the tokens.
func (c tokenListCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		user, err := d.user(c.User)
		if err != nil {
			return err
		}
		tokens, err := d.service.Tokens(ctx, d.caller, user.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			shown := make([]shownToken, len(tokens))
			for i, token := range tokens {
				shown[i] = shownTokenOf(token, user.Login, "")
			}
			return printJSON(env.stdout, shown)
		}
		var rows [][]string
		for _, token := range tokens {
			state := "in force"
			switch {
			case !token.RevokedAt.IsZero():
				state = "revoked"
			case !token.InForce:
				state = "expired"
			}
			rows = append(rows, []string{token.ID.String(), token.Name, state, moment(token.CreatedAt), moment(token.LastUsedAt), moment(token.ExpiresAt)})
		}
		return printTable(env.stdout, "id name state made used expires", rows)
	})
}

type tokenRevokeCommand struct {
	administration
	User string `help:"Login of the user." required:"" placeholder:"LOGIN"`
	ID   string `arg:"" help:"Id of the token, as agenda token list shows it."`
}

// Run revokes the token.
func (c tokenRevokeCommand) Run(ctx context.Context, env environment) error {
	return c.atDesk(ctx, env, func(d *desk) error {
		user, err := d.user(c.User)
		if err != nil {
			return err
		}
		id, err := crm.ParseID[store.Token](c.ID)
		if err != nil {
			return fmt.Errorf("%q is not the id of a token", c.ID)
		}
		if err := d.service.RevokeToken(ctx, d.caller, user.ID, id); err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.stderr, "Token %s is revoked.\n", id)
		return err
	})
}
