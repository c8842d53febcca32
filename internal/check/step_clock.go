package check

import (
	"context"
	"time"

	"agendaonline/internal/dav"
)

// skew is how far the server's clock is ahead of ours, and how sure that is.
type skew struct {
	ahead  time.Duration
	within time.Duration
}

// clockTolerance is how far apart clocks may be. Order is never taken from them, except by the policy "latest".
const clockTolerance = time.Minute

// measure takes the most exact measurement of all exchanges: the Date header, whole seconds, was written at some moment
// between asking and the answer.
func (r *run) measure(exchange dav.Exchange) {
	if exchange.ServerDate.IsZero() {
		return
	}
	within := exchange.Took/2 + 500*time.Millisecond
	if r.skew != nil && r.skew.within <= within {
		return
	}
	middle := exchange.SentAt.Add(exchange.Took / 2)
	r.skew = &skew{ahead: exchange.ServerDate.Add(500 * time.Millisecond).Sub(middle), within: within}
}

// clock compares the clocks.
func (r *run) clock(context.Context) result {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.skew == nil {
		return passed(CodeClockUnknown)
	}
	apart := r.skew.ahead.Abs()
	seconds := int(apart.Round(time.Second) / time.Second)
	switch {
	case apart-r.skew.within <= clockTolerance:
		return passed(CodeClock, "seconds", seconds)
	case r.skew.ahead > 0:
		return limited(CodeClockAhead, "seconds", seconds)
	}
	return limited(CodeClockBehind, "seconds", seconds)
}
