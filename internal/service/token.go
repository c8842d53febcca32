package service

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// What is wrong with an API token.
const (
	CodeTokenExpired  = "token.expires_in_the_past"
	CodeTooManyTokens = "token.too_many" // max
)

// TokenPrefix begins every API token, so that a person and a scanner of leaked secrets recognise one.
const TokenPrefix = "agenda_"

// The random part of a token, in bytes, and how many tokens of one user may be in force.
const (
	tokenBytes = 32
	maxTokens  = 50
)

// TokenID names an API token.
type TokenID = store.TokenID

// TokenInput is what was typed for an API token.
type TokenInput struct {
	User      crm.UserID // zero: the caller
	Name      string     // what it is for
	ExpiresAt time.Time  // zero: does not expire
}

// TokenView is an API token without its secret, which nobody can see again.
type TokenView struct {
	ID         TokenID
	User       crm.UserID
	Name       string
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
	ExpiresAt  time.Time // zero: does not expire
	RevokedAt  time.Time // zero: was not
	InForce    bool      // neither revoked nor expired
}

// TokenHash is the stored form of an API token. A token is 256 random bits, so a plain SHA-256 cannot be searched.
func TokenHash(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}

// Tokens are the API tokens of a user, revoked and expired ones included, the oldest first.
func (s *Service) Tokens(ctx context.Context, caller Caller, user crm.UserID) ([]TokenView, error) {
	if err := caller.permit(SeeTokens, Subject{User: user}); err != nil {
		return nil, err
	}
	var views []TokenView
	err := s.read(ctx, func(tx *store.Tx) error {
		views = nil
		if _, err := tx.User(user); err != nil {
			return err
		}
		tokens, err := tx.TokensOf(user)
		for _, token := range tokens {
			views = append(views, s.viewToken(token))
		}
		return err
	})
	return views, err
}

func (s *Service) viewToken(token store.Token) TokenView {
	return TokenView{
		ID: token.ID, User: token.User, Name: token.Name, CreatedAt: token.CreatedAt, LastUsedAt: token.LastUsedAt,
		ExpiresAt: token.ExpiresAt, RevokedAt: token.RevokedAt,
		InForce: token.RevokedAt.IsZero() && (token.ExpiresAt.IsZero() || token.ExpiresAt.After(s.now())),
	}
}

// CreateToken makes an API token that acts as its user, with all his rights, and returns it with its secret: the only time
// it can be seen.
func (s *Service) CreateToken(ctx context.Context, caller Caller, in TokenInput) (TokenView, string, error) {
	if in.User.IsZero() {
		in.User = caller.User.ID
	}
	if err := caller.permit(CreateToken, Subject{User: in.User}); err != nil {
		return TokenView{}, "", err
	}
	var p problems
	name := p.name("name", in.Name, "", maxName)
	if name == "" {
		p.add(CodeMissing, "name")
	}
	now := s.now()
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(now) {
		p.add(CodeTokenExpired, "expires_at")
	}
	if err := p.err(); err != nil {
		return TokenView{}, "", err
	}
	random := make([]byte, tokenBytes)
	if _, err := io.ReadFull(s.IDs.Random, random); err != nil {
		return TokenView{}, "", fmt.Errorf("draw a token: %w", err)
	}
	secret := TokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	token := store.Token{
		ID: crm.NewID[store.Token](s.IDs), User: in.User, Name: name, Hash: TokenHash(secret), CreatedAt: now, ExpiresAt: in.ExpiresAt,
	}
	err := s.write(ctx, func(tx *store.Tx) error {
		tokens, err := tx.TokensOf(in.User)
		if err != nil {
			return err
		}
		ended := func(token store.Token) bool { return !s.viewToken(token).InForce }
		if len(slices.DeleteFunc(tokens, ended)) >= maxTokens {
			return crm.Problems{crm.NewProblem(CodeTooManyTokens, "", "max", strconv.Itoa(maxTokens))}
		}
		return tx.InsertToken(token)
	})
	if err != nil {
		return TokenView{}, "", err
	}
	return s.viewToken(token), secret, nil
}

// RevokeToken ends an API token of a user at once. A second time changes nothing.
func (s *Service) RevokeToken(ctx context.Context, caller Caller, user crm.UserID, id TokenID) error {
	if err := caller.permit(RevokeToken, Subject{User: user}); err != nil {
		return err
	}
	return s.write(ctx, func(tx *store.Tx) error { return tx.RevokeToken(user, id, s.now()) })
}
