package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/alexedwards/argon2id"
)

// The cost of a password hash: the second choice of RFC 9106 section 4 needs 64 MiB each, this one 19 MiB in two passes, so
// that a few sign-ins at once fit into a small machine.
var hashParams = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// maxHashesAtOnce bounds the memory of hashing; who comes later waits.
const maxHashesAtOnce = 4

// maxPasswordBytes is more than any password that can be set.
const maxPasswordBytes = 1_000

// Passwords makes and compares password hashes (argon2id, RFC 9106), a few at a time. It may be used by any number of
// goroutines.
type Passwords struct {
	params argon2id.Params
	slots  chan struct{}
	nobody string // the hash that is compared for a login that does not exist
}

// NewPasswords makes a Passwords with the cost for people.
func NewPasswords() (*Passwords, error) { return newPasswords(hashParams) }

func newPasswords(params argon2id.Params) (*Passwords, error) {
	p := &Passwords{params: params, slots: make(chan struct{}, maxHashesAtOnce)}
	// Drawn and not computed: comparing costs the same, and a start does not wait for it and fill memory.
	drawn := make([]byte, params.SaltLength+params.KeyLength)
	_, _ = rand.Read(drawn) // crypto/rand: never fails
	p.nobody = fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", params.Memory, params.Iterations, params.Parallelism,
		base64.RawStdEncoding.EncodeToString(drawn[:params.SaltLength]), base64.RawStdEncoding.EncodeToString(drawn[params.SaltLength:]))
	if _, _, _, err := argon2id.DecodeHash(p.nobody); err != nil {
		return nil, fmt.Errorf("make the hash that nobody has: %w", err)
	}
	return p, nil
}

// Hash is the stored form of a password, in the PHC format.
func (p *Passwords) Hash(password string) (string, error) {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	hash, err := argon2id.CreateHash(password, &p.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// Matches reports whether hash was made of the password. It takes as long for an empty hash, which no password matches.
func (p *Passwords) Matches(password, hash string) (bool, error) {
	return p.matches(context.Background(), password, hash)
}

// matches gives up with the error of ctx while it waits for its turn.
func (p *Passwords) matches(ctx context.Context, password, hash string) (bool, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-p.slots }()
	known := hash != "" && len(password) <= maxPasswordBytes
	if !known {
		password, hash = "", p.nobody
	}
	matches, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare a password with its hash: %w", err)
	}
	return matches && known, nil
}
