package crm

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// ID names one row for ever: a UUIDv7 (RFC 9562 section 5.7), 16 bytes. Of keeps the ids of different things apart, so
// that swapping two arguments does not compile. The zero ID means "none".
type ID[Of any] [16]byte

// The ids of the domain.
type (
	ActionID = ID[Action]
	UserID   = ID[User]
	LinkID   = ID[Link]
	RunID    = ID[Run]
	ChoiceID = ID[Choice]
	ChangeID = ID[Change]
)

// IsZero reports whether the id names nothing.
func (id ID[Of]) IsZero() bool { return id == ID[Of]{} }

// String is the usual form, 36 characters in lower case; the zero id is "".
func (id ID[Of]) String() string {
	if id.IsZero() {
		return ""
	}
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// MarshalText is String.
func (id ID[Of]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what String writes; "" is the zero id.
func (id *ID[Of]) UnmarshalText(text []byte) error {
	parsed, err := ParseID[Of](string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// ParseID reads the 36-character form; "" is the zero id.
func ParseID[Of any](text string) (ID[Of], error) {
	var id ID[Of]
	if text == "" {
		return id, nil
	}
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, fmt.Errorf("read id %.40q: want the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", text)
	}
	digits := text[0:8] + text[9:13] + text[14:18] + text[19:23] + text[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID[Of]{}, fmt.Errorf("read id %.40q: %w", text, err)
	}
	return id, nil
}

// IDSource makes ids that rise with the clock. Now and Random come from outside, so that a test can drive them. Two
// goroutines may use one source when Now and Random allow it.
type IDSource struct {
	Now    func() time.Time
	Random io.Reader
}

// NewID draws a fresh id. A Random that cannot be read is a broken machine, and panics.
func NewID[Of any](source IDSource) ID[Of] {
	var id ID[Of]
	if _, err := io.ReadFull(source.Random, id[:]); err != nil {
		panic("crm: no randomness for an id: " + err.Error())
	}
	now := source.Now()
	ms := uint64(now.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	// RFC 9562 method 3: the fraction of the millisecond in rand_a keeps ids of one millisecond in order.
	fraction := uint16(now.Nanosecond() % 1_000_000 * 4096 / 1_000_000)
	id[6] = 0x70 | byte(fraction>>8)
	id[7] = byte(fraction)
	id[8] = 0x80 | id[8]&0x3f
	return id
}
