package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
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

// Ring holds the keys of an installation: one that seals, and others that only open. One that comes from a key file follows
// the file: it takes the keys that a rotation leaves there when it seals, and when it meets a key that it does not know. Any
// number of goroutines may use it.
type Ring struct {
	identity string
	path     string // of the key file; "": the keys never change
	present  atomic.Pointer[keys]
	reading  sync.Mutex
}

// keys are those of a ring at one moment; they do not change.
type keys struct {
	all      []key       // the first one seals
	prepared *key        // is going to seal; nil: none
	file     os.FileInfo // of the file they were read from
}

func (r *Ring) keys() *keys { return r.present.Load() }

func (k *keys) find(id string) (key, bool) {
	for _, one := range k.all {
		if one.id == id {
			return one, true
		}
	}
	if k.prepared != nil && k.prepared.id == id {
		return *k.prepared, true
	}
	return key{}, false
}

// refreshed are the keys that the file holds now. A file that cannot be read, or is another installation's, leaves the ring as
// it is: what it opens goes on opening.
func (r *Ring) refreshed() *keys {
	if r.path == "" {
		return r.keys()
	}
	info, err := os.Stat(r.path)
	if err != nil || r.keys().read(info) {
		return r.keys()
	}
	r.reading.Lock()
	defer r.reading.Unlock()
	if r.keys().read(info) {
		return r.keys()
	}
	if fresh, err := Load(r.path); err == nil && fresh.identity == r.identity {
		r.present.Store(fresh.keys())
	}
	return r.keys()
}

// read reports whether the keys come from the file as it is now.
func (k *keys) read(now os.FileInfo) bool {
	return k.file != nil && os.SameFile(k.file, now) && k.file.Size() == now.Size() && k.file.ModTime().Equal(now.ModTime())
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
func (r *Ring) KeyID() string { return r.refreshed().all[0].id }

// KeyIDs names every key of the ring, the one that seals first, one that is prepared last.
func (r *Ring) KeyIDs() []string { return r.refreshed().ids() }

// Prepared names the key that is going to seal; "" when none is prepared.
func (r *Ring) Prepared() string {
	if prepared := r.refreshed().prepared; prepared != nil {
		return prepared.id
	}
	return ""
}

func (k *keys) ids() []string {
	var ids []string
	for _, one := range k.all {
		ids = append(ids, one.id)
	}
	if k.prepared != nil {
		ids = append(ids, k.prepared.id)
	}
	return ids
}

// Seal seals value for a place.
func (r *Ring) Seal(place Place, value []byte) []byte {
	key := r.refreshed().all[0]
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
	key, known := r.keys().find(id)
	if !known {
		key, known = r.refreshed().find(id)
	}
	if !known {
		return nil, fmt.Errorf("open %s: it is sealed with key %s, the key file holds %s: %w", place, id, strings.Join(r.keys().ids(), ", "), ErrUnknownKey)
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

// KeyOf names the key that a value is sealed with, known or not.
func KeyOf(sealed []byte) (string, error) {
	id, _, err := split(sealed)
	return id, err
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
