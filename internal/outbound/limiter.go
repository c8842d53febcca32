package outbound

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	defaultHold  = time.Minute     // after a 429 that names no time
	maxHold      = 5 * time.Minute // of a whole host: one user's quota must not stop all of them for long
	maxRetryTime = 2 * time.Hour   // what Retry-After may ask for
)

// Held is a request that is not sent because its host answered 429 to another: servers count by client address (Nextcloud 32
// refuses every user of the program from then on).
type Held struct {
	Host  string
	Until time.Time
}

func (h *Held) Error() string { return fmt.Sprintf("%s asked to wait", h.Host) }

// RetryAfter is the instant before which a server does not want to be asked again: seconds or a date, the date measured by
// the server's own clock, at most two hours from now (RFC 9110 section 10.2.3).
func RetryAfter(header http.Header, now time.Time) (notBefore time.Time, ok bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	wait := time.Duration(0)
	if seconds, err := strconv.ParseUint(text, 10, 63); err == nil {
		wait = time.Duration(min(seconds, uint64(maxRetryTime/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		from := now
		if date, err := http.ParseTime(header.Get("Date")); err == nil {
			from = date
		}
		wait = at.Sub(from)
	} else {
		return time.Time{}, false
	}
	return now.Add(min(max(wait, 0), maxRetryTime)), true
}

// limiter gives each host a number of places and closes it for a while after a 429.
type limiter struct {
	places int
	now    func() time.Time

	mu    sync.Mutex
	hosts map[string]*hostPlaces
}

type hostPlaces struct {
	taken     chan struct{}
	users     int // who holds or waits for a place
	heldUntil time.Time
}

// acquire waits for a place of the host and gives the function that frees it, which may be called more than once.
func (l *limiter) acquire(ctx context.Context, host string) (release func(), err error) {
	l.mu.Lock()
	places := l.hosts[host]
	if places == nil {
		places = &hostPlaces{taken: make(chan struct{}, l.places)}
		l.hosts[host] = places
	}
	if l.now().Before(places.heldUntil) {
		l.mu.Unlock()
		return nil, &Held{host, places.heldUntil}
	}
	places.users++
	l.mu.Unlock()

	select {
	case places.taken <- struct{}{}:
		return sync.OnceFunc(func() { <-places.taken; l.leave(host, places) }), nil
	case <-ctx.Done():
		l.leave(host, places)
		return nil, ctx.Err()
	}
}

func (l *limiter) leave(host string, places *hostPlaces) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if places.users--; places.users == 0 && !l.now().Before(places.heldUntil) {
		delete(l.hosts, host)
	}
}

// hold closes the host to new requests. The caller holds a place of it.
func (l *limiter) hold(host string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if places := l.hosts[host]; places != nil && places.heldUntil.Before(until) {
		places.heldUntil = until
	}
}
