package api

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"agendaonline/internal/service"
)

// maxKey is the longest Idempotency-Key, in characters.
const maxKey = 200

// stored is what is kept of an answer, to be given again.
type stored struct {
	Version  int64           `json:"version,omitempty"`
	Location string          `json:"location,omitempty"`
	Body     json.RawMessage `json:"body"`
}

// once does what is asked for in one transaction with its answer, and again gives the answer that is kept. What went wrong is
// not kept: nothing was done, and the same request may succeed later.
func (c *call) once(key string, op operation, do func() (stored, error), again func(stored) error) (replayed string, err error) {
	if !goodKey(key) {
		return "", problem(http.StatusBadRequest, codeKey, "max", strconv.Itoa(maxKey))
	}
	outside := c.service
	defer func() { c.service = outside }()
	kept, isKept, err := outside.Once(c.ctx(), c.caller, key, c.hash(op), func(within *service.Service) ([]byte, error) {
		c.service = within
		made, err := do()
		if err != nil {
			return nil, err
		}
		return json.Marshal(made)
	})
	if err != nil || !isKept {
		return "", err
	}
	var first stored
	if err := json.Unmarshal(kept, &first); err != nil {
		return "", fmt.Errorf("read a kept answer: %w", err)
	}
	return "true", again(first)
}

// hash tells one request from another: the operation, its path and its body. A password is left out, as a plain hash of it
// could be searched; so is the order of fields.
func (c *call) hash(op operation) []byte {
	body := c.body
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(body, &fields) == nil {
		for _, secret := range []string{"password", "client_secret", "answer"} {
			delete(fields, secret)
		}
		body, _ = json.Marshal(fields) // what was read from JSON has one
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n%s\n", op.id, c.request.URL.EscapedPath(), c.request.Header.Get("If-Match"))
	hash.Write(body)
	return hash.Sum(nil)
}

// goodKey accepts printable ASCII.
func goodKey(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return len(key) <= maxKey
}
