package auth

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Throttled says that too much was guessed; nothing was looked up.
type Throttled struct{ RetryAfter time.Duration }

func (t *Throttled) Error() string {
	return fmt.Sprintf("too many attempts to sign in; the next one in %s", t.RetryAfter.Round(time.Second))
}

// allowance is how often one thing may be guessed: so many times at once, and once more every so often.
type allowance struct {
	burst int
	every time.Duration
}

// A person mistypes a few times; an office behind one address has many people.
var (
	perLogin   = allowance{burst: 10, every: time.Minute}
	perAddress = allowance{burst: 40, every: 10 * time.Second}
)

// throttleSlots bounds the memory of the throttle (16 bytes each). Two things that share a slot share its allowance, which
// is rare, cannot be aimed at, and errs on the safe side.
const throttleSlots = 1 << 14

// throttle counts attempts in a table of fixed size. A slot holds the instant at which its allowance is whole again.
type throttle struct {
	now   func() time.Time
	seed  maphash.Seed
	mu    sync.Mutex
	whole [throttleSlots]time.Time
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, seed: maphash.MakeSeed()}
}

type guessed struct {
	key string
	allowance
}

// take counts an attempt on all of the given things, or on none and answers *Throttled. The attempt is counted before its
// outcome is known, so that many at once do not slip through; giveBack returns one that was right.
func (t *throttle) take(all ...guessed) (giveBack func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var wait time.Duration
	slots := make([]int, len(all))
	for i, one := range all {
		slots[i] = int(maphash.String(t.seed, one.key) % throttleSlots)
		most := now.Add(time.Duration(one.burst) * one.every)
		if t.whole[slots[i]].After(most) { // the clock was set back
			t.whole[slots[i]] = most
		}
		wait = max(wait, t.whole[slots[i]].Sub(most)+one.every)
	}
	if wait > 0 {
		return nil, &Throttled{RetryAfter: wait}
	}
	for i, one := range all {
		from := t.whole[slots[i]]
		if from.Before(now) {
			from = now
		}
		t.whole[slots[i]] = from.Add(one.every)
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for i, one := range all {
			t.whole[slots[i]] = t.whole[slots[i]].Add(-one.every)
		}
	}, nil
}

func guessLogin(login string) guessed {
	return guessed{"login " + strings.ToLower(strings.TrimSpace(login)), perLogin}
}

// guessFrom counts a host by its address, and an IPv6 network by its 64 bits: one subscriber has them all.
func guessFrom(address string) guessed {
	key := address
	if from, err := netip.ParseAddrPort(address); err == nil {
		key = from.Addr().String()
	}
	if ip, err := netip.ParseAddr(key); err == nil {
		ip = ip.Unmap().WithZone("")
		if key = ip.String(); ip.Is6() {
			network, _ := ip.Prefix(64)
			key = network.String()
		}
	}
	return guessed{"from " + key, perAddress}
}
