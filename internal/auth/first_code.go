package auth

import (
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// ErrCode says that a one-time code is wrong or was used.
var ErrCode = errors.New("the one-time code is wrong or was used")

// FirstCode is the one-time code that makes the first administrator. Only the terminal of the machine shows it, so whoever
// happens to open the page first cannot take the installation over. It lives as long as the process.
type FirstCode struct {
	code     string
	throttle *throttle
	mu       sync.Mutex
	spent    bool
}

// The alphabet of the code has no letters that look like digits, nor vowels that make words.
var codeAlphabet = base32.NewEncoding("BCDFGHJKLMNPQRSTVWXZ0123456789YA").WithPadding(base32.NoPadding)

const codeBytes = 10

// NewFirstCode draws a code.
func NewFirstCode(random io.Reader, now func() time.Time) (*FirstCode, error) {
	drawn := make([]byte, codeBytes)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return nil, fmt.Errorf("draw a one-time code: %w", err)
	}
	return &FirstCode{code: codeAlphabet.EncodeToString(drawn), throttle: newThrottle(now)}, nil
}

// String is the code as it is shown, in groups of four.
func (c *FirstCode) String() string {
	var groups []string
	for rest := c.code; rest != ""; rest = rest[4:] {
		groups = append(groups, rest[:4])
	}
	return strings.Join(groups, "-")
}

// Redeem calls use when typed is the code, however it is grouped and whatever its case. The code is used up when use
// returns nil. The error is ErrCode, *Throttled, or that of use. No two calls run use at once.
func (c *FirstCode) Redeem(typed, address string, use func() error) error {
	giveBack, err := c.throttle.take(guessed{"code", perLogin}, guessFrom(address))
	if err != nil {
		return err
	}
	typed = strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, typed))
	c.mu.Lock()
	defer c.mu.Unlock()
	if subtle.ConstantTimeCompare([]byte(typed), []byte(c.code)) != 1 || c.spent {
		return ErrCode
	}
	giveBack()
	if err := use(); err != nil {
		return err
	}
	c.spent = true
	return nil
}
