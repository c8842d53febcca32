package ical

import (
	"errors"
	"fmt"
)

// Limits bound what one text may cost.
type Limits struct {
	Bytes      int // a text; with a Reader, one component of the stream
	Lines      int // content lines of a text
	LineBytes  int // a content line with its folds
	Properties int // content lines of one component with those in it, a VCALENDAR counted without
	Depth      int // components within components, a VCALENDAR counted as the first
}

// DefaultLimits are generous for anything that a person made.
func DefaultLimits() Limits {
	return Limits{Bytes: 10 << 20, Lines: 500_000, LineBytes: 1 << 20, Properties: 10_000, Depth: 10}
}

// A LimitError says that a text as a whole exceeds a limit.
type LimitError struct {
	Limit string // "bytes" or "lines"
	Max   int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("read calendar text: more than %d %s", e.Max, e.Limit)
}

// ErrUTF16 is what Parse and Reader return for UTF-16 text. RFC 5545 section 3.1.4 wants UTF-8; no server sends anything
// else, so such a file is to be converted by whoever has it.
var ErrUTF16 = errors.New("read calendar text: it is UTF-16, not UTF-8")

// checkEncoding looks at the beginning of a text.
func checkEncoding(start string) error {
	if len(start) >= 2 && (start[:2] == "\xfe\xff" || start[:2] == "\xff\xfe") {
		return ErrUTF16
	}
	for i := range min(len(start), 4) { // every other octet of the first four is NUL; of fewer, as many as there are
		if (start[i] == 0) != (start[i%2] == 0) {
			return nil
		}
	}
	if len(start) >= 2 && (start[0] == 0) != (start[1] == 0) {
		return ErrUTF16
	}
	return nil
}
