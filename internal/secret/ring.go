package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownKey says that a value was sealed with a key that the ring does not hold.
var ErrUnknownKey = errors.New("the key is not in the key file")

// ErrNotSealedHere says that a value does not open at this place: it was changed, or it was sealed for another row.
var ErrNotSealedHere = errors.New("the value was changed or belongs to another place")

const format = "v1"

// Place is where a sealed value is kept. None of the three may contain a slash.
type Place struct{ Table, Column, Row string }

func (p Place) bytes() []byte { return []byte(p.Table + "/" + p.Column + "/" + p.Row) }

func (p Place) String() string { return string(p.bytes()) }

// Ring holds the keys of an installation: one that seals, and older ones that still open. A Ring does not change; any
// number of goroutines may use it.
type Ring struct {
	identity string
	keys     []key // the first one seals
}

type key struct {
	id     string
	secret []byte
	aead   cipher.AEAD
}

// keyBytes is the length of a key: AES-256.
const keyBytes = 32

func newKey(secret []byte) (key, error) {
	if len(secret) != keyBytes {
		return key{}, fmt.Errorf("a key has %d bytes, got %d", keyBytes, len(secret))
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, err
	}
	return key{keyID(secret), secret, aead}, nil
}

// keyID names a key without telling anything about it: eight hexadecimal digits of a hash.
func keyID(secret []byte) string {
	sum := sha256.Sum256(append([]byte("agenda online key id\x00"), secret...))
	return hex.EncodeToString(sum[:4])
}

// Identity names the installation. It stays the same when keys are rotated.
func (r *Ring) Identity() string { return r.identity }

// KeyID names the key that seals.
func (r *Ring) KeyID() string { return r.keys[0].id }

// KeyIDs names every key of the ring, the one that seals first.
func (r *Ring) KeyIDs() []string {
	ids := make([]string, len(r.keys))
	for i, key := range r.keys {
		ids[i] = key.id
	}
	return ids
}

// Seal seals value for a place.
func (r *Ring) Seal(place Place, value []byte) []byte {
	key := r.keys[0]
	sealed := key.aead.Seal(nil, nil, value, place.bytes())
	return []byte(format + "." + key.id + "." + base64.RawStdEncoding.EncodeToString(sealed))
}

// Open returns what was sealed for a place. Its error names the key and the place, never the value, and is ErrUnknownKey
// or ErrNotSealedHere.
func (r *Ring) Open(place Place, sealed []byte) ([]byte, error) {
	id, text, err := split(sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", place, err)
	}
	for _, key := range r.keys {
		if key.id != id {
			continue
		}
		ciphertext, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("open %s with key %s: %w", place, id, ErrNotSealedHere)
		}
		value, err := key.aead.Open(nil, nil, ciphertext, place.bytes())
		if err != nil {
			return nil, fmt.Errorf("open %s with key %s: %w", place, id, ErrNotSealedHere)
		}
		return value, nil
	}
	return nil, fmt.Errorf("open %s: it is sealed with key %s, the key file holds %s: %w",
		place, id, strings.Join(r.KeyIDs(), ", "), ErrUnknownKey)
}

// Current reports whether a value is sealed with the key that seals now; one that is not can be opened and sealed anew.
func (r *Ring) Current(sealed []byte) bool {
	id, _, err := split(sealed)
	return err == nil && id == r.KeyID()
}

// split takes a sealed value apart. A key id of another form than ours is not repeated: it could be anything.
func split(sealed []byte) (keyID, text string, err error) {
	version, rest, _ := strings.Cut(string(sealed), ".")
	keyID, text, found := strings.Cut(rest, ".")
	id, hexErr := hex.DecodeString(keyID)
	if version != format || !found || hexErr != nil || len(id) != 4 {
		return "", "", fmt.Errorf("not of the form %s.KEYID.VALUE: %w", format, ErrNotSealedHere)
	}
	return keyID, text, nil
}
