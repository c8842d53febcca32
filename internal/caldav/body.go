package caldav

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"strings"
)

// maxBufferedBytes is how much of an answer about one resource is read, after decompression.
const maxBufferedBytes = 64 << 20

// What is wrong with a body before anything is read in it.
var (
	errEncoding = errors.New("the answer is compressed in a way that was not asked for")
	errTooLarge = errors.New("the answer is larger than the limit")
)

// decompress lets the body be read as it was before compression. Only gzip was asked for; a server that gives it unasked is
// understood too, since some do. Limits count what comes out.
func (a *answer) decompress(encoding string) error {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		a.body = &unzipped{packed: bufio.NewReader(a.body)}
		return nil
	}
	return errEncoding
}

// unzipped opens the gzip stream at the first read: an answer without a body has none.
type unzipped struct {
	packed *bufio.Reader
	plain  *gzip.Reader
}

func (u *unzipped) Read(p []byte) (int, error) {
	if u.plain == nil {
		if _, err := u.packed.Peek(1); err != nil {
			return 0, err
		}
		plain, err := gzip.NewReader(u.packed)
		if err != nil {
			return 0, err
		}
		u.plain = plain
	}
	return u.plain.Read(p)
}

// capped reads at most limit bytes and fails at the next.
type capped struct {
	reader io.Reader
	left   int64
}

func newCapped(reader io.Reader, limit int) *capped { return &capped{reader, int64(limit) + 1} }

func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.reader.Read(p)
	c.left -= int64(n)
	if c.left <= 0 {
		return n, errTooLarge
	}
	return n, err
}
