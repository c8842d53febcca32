package store

import (
	"time"

	"agendaonline/internal/crm"
)

// TokenID names an API token.
type TokenID = crm.ID[Token]

// Token is a bearer token of the API, known by its hash only.
type Token struct {
	ID         TokenID
	User       crm.UserID
	Name       string
	Hash       []byte
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never
	ExpiresAt  time.Time // zero: does not expire
	RevokedAt  time.Time // zero: in force
}

const selectedToken = "SELECT id, user_id, name, hash, created_at, last_used_at, expires_at, revoked_at FROM api_token"

func tokenTargets(token *Token) []any {
	return []any{
		intoID(&token.ID), intoID(&token.User), &token.Name, &token.Hash,
		intoTime(&token.CreatedAt), intoTime(&token.LastUsedAt), intoTime(&token.ExpiresAt), intoTime(&token.RevokedAt),
	}
}

// TokenByHash is the token with that hash, also when it expired or was revoked.
func (tx *Tx) TokenByHash(hash []byte) (Token, error) {
	var token Token
	err := tx.queryRow("load token", selectedToken+" WHERE hash = $1", hash).Scan(tokenTargets(&token)...)
	return token, err
}

// TokensOf are all tokens of a user, oldest first.
func (tx *Tx) TokensOf(user crm.UserID) ([]Token, error) {
	var tokens []Token
	for row, err := range tx.rows("load tokens", selectedToken+" WHERE user_id = $1 ORDER BY created_at, id", idValue(user)) {
		if err != nil {
			return nil, err
		}
		var token Token
		if err := row.Scan(tokenTargets(&token)...); err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// InsertToken adds a token. ErrDuplicate{UniqueToken}: its hash is taken.
func (tx *Tx) InsertToken(token Token) error {
	attempted := "insert token " + token.ID.String()
	if err := tx.free(attempted, UniqueToken, "SELECT EXISTS (SELECT 1 FROM api_token WHERE hash = $1)", token.Hash); err != nil {
		return err
	}
	_, err := tx.exec(attempted, `INSERT INTO api_token (id, user_id, name, hash, created_at, last_used_at, expires_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, idValue(token.ID), idValue(token.User), token.Name, token.Hash,
		timeValue(token.CreatedAt), timeValue(token.LastUsedAt), timeValue(token.ExpiresAt), timeValue(token.RevokedAt))
	return err
}

// TouchToken keeps when a token was last used.
func (tx *Tx) TouchToken(id TokenID, at time.Time) error {
	return tx.execOne(ErrNotFound, "touch token "+id.String(), "UPDATE api_token SET last_used_at = $2 WHERE id = $1", idValue(id), timeValue(at))
}

// RevokeToken ends a token of a user. A second time changes nothing.
func (tx *Tx) RevokeToken(user crm.UserID, id TokenID, at time.Time) error {
	return tx.execOne(ErrNotFound, "revoke token "+id.String(),
		"UPDATE api_token SET revoked_at = COALESCE(revoked_at, $3) WHERE id = $1 AND user_id = $2", idValue(id), idValue(user), timeValue(at))
}
