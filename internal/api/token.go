package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// Token is an API token without its secret.
type Token struct {
	ID         string   `json:"id" format:"uuid"`
	User       string   `json:"user" format:"uuid"`
	Name       string   `json:"name" doc:"What it is for."`
	InForce    bool     `json:"in_force"`
	CreatedAt  Optional `json:"created_at" format:"date-time"`
	LastUsedAt Optional `json:"last_used_at" format:"date-time"`
	ExpiresAt  Optional `json:"expires_at" format:"date-time"`
	RevokedAt  Optional `json:"revoked_at" format:"date-time"`
}

// NewToken is an API token with its secret, which cannot be seen again.
type NewToken struct {
	Token
	Secret string `json:"secret"`
}

// TokenList is the tokens of a user, the oldest first.
type TokenList struct {
	Tokens []Token `json:"tokens" nullable:"false"`
}

// TokenInput is what makes a token.
type TokenInput struct {
	Name      string   `json:"name"`
	ExpiresAt Optional `json:"expires_at,omitempty" format:"date-time" doc:"null: it does not expire."`
}

// TokenPath names a token of a user.
type TokenPath struct {
	UserPath
	Token string `path:"token"`
}

func token(view service.TokenView) Token {
	return Token{
		ID: view.ID.String(), User: view.User.String(), Name: view.Name, InForce: view.InForce, CreatedAt: instant(view.CreatedAt),
		LastUsedAt: instant(view.LastUsedAt), ExpiresAt: instant(view.ExpiresAt), RevokedAt: instant(view.RevokedAt),
	}
}

func (c *call) tokens(in *UserPath) (reply[TokenList], error) {
	id, err := pathID[crm.User](in.ID)
	if err != nil {
		return reply[TokenList]{}, err
	}
	all, err := c.service.Tokens(c.ctx(), c.caller, id)
	return reply[TokenList]{body: TokenList{views(all, token)}}, err
}

func (c *call) createToken(in *UserPath) (reply[NewToken], error) {
	id, err := pathID[crm.User](in.ID)
	if err != nil {
		return reply[NewToken]{}, err
	}
	var body TokenInput
	if err := c.decode(&body); err != nil {
		return reply[NewToken]{}, err
	}
	var r reading
	expiresAt := r.instant("expires_at", string(body.ExpiresAt))
	if err := r.err(); err != nil {
		return reply[NewToken]{}, err
	}
	view, secret, err := c.service.CreateToken(c.ctx(), c.caller, service.TokenInput{User: id, Name: body.Name, ExpiresAt: expiresAt})
	return reply[NewToken]{body: NewToken{token(view), secret}}, err
}

func (c *call) revokeToken(in *TokenPath) error {
	id, err := pathID[crm.User](in.ID)
	if err != nil {
		return err
	}
	var token service.TokenID
	if err := token.UnmarshalText([]byte(in.Token)); err != nil || token.IsZero() {
		return service.ErrNotFound
	}
	return c.service.RevokeToken(c.ctx(), c.caller, id, token)
}
