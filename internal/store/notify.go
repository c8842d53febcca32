package store

import (
	"slices"
	"strings"
	"sync"
)

// announcement is a few words for whoever listens to a topic. Never more than ids and versions: it goes to other nodes in
// clear, and the rows may be read anew by whoever may see them.
type announcement struct{ topic, payload string }

// maxPayload keeps an announcement within what NOTIFY takes (8,000 bytes).
const maxPayload = 1000

// Announce tells all listeners of a topic, on every node, once the transaction is committed. A topic is one
// word, a payload one line of ids, never contents. Equal announcements may arrive as one, and some may be lost on the way to another node: Listener.Take says so.
func (tx *Tx) Announce(topic, payload string) {
	if len(payload) > maxPayload || topic == "" || strings.ContainsAny(topic, " \n") || strings.Contains(payload, "\n") {
		panic("store: this cannot be announced on " + topic)
	}
	one := announcement{topic, payload}
	if !slices.Contains(tx.announced, one) {
		tx.announced = append(tx.announced, one)
	}
}

// Listener hears the announcements of one topic from the moment it was made until Close.
type Listener struct {
	bus   *bus
	topic string
	ready chan struct{}

	mu       sync.Mutex
	payloads []string
	missed   bool
}

// maxWaiting is how many announcements a listener keeps that does not take them.
const maxWaiting = 1000

// Listen hears a topic. The caller closes the listener.
func (s *Store) Listen(topic string) *Listener {
	l := &Listener{bus: s.bus, topic: topic, ready: make(chan struct{}, 1)}
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.bus.listeners = append(s.bus.listeners, l)
	return l
}

// Ready is readable when there is something to take.
func (l *Listener) Ready() <-chan struct{} { return l.ready }

// Take hands over what was announced since the last time, in order. missed: announcements were lost, so look at everything.
func (l *Listener) Take() (payloads []string, missed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	payloads, missed = l.payloads, l.missed
	l.payloads, l.missed = nil, false
	return payloads, missed
}

// Close ends the listening.
func (l *Listener) Close() {
	l.bus.mu.Lock()
	defer l.bus.mu.Unlock()
	l.bus.listeners = slices.DeleteFunc(l.bus.listeners, func(other *Listener) bool { return other == l })
}

func (l *Listener) hear(payload string) {
	l.mu.Lock()
	if len(l.payloads) < maxWaiting {
		l.payloads = append(l.payloads, payload)
	} else {
		l.missed = true
	}
	l.mu.Unlock()
	l.signal()
}

func (l *Listener) miss() {
	l.mu.Lock()
	l.missed = true
	l.mu.Unlock()
	l.signal()
}

func (l *Listener) signal() {
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

// bus brings announcements to the listeners of this process and, over the remote, to those of other nodes.
type bus struct {
	remote *remoteBus // nil on SQLite

	mu        sync.Mutex
	listeners []*Listener
}

func (b *bus) start() {
	if b.remote != nil {
		b.remote.start(b)
	}
}

func (b *bus) stop() {
	if b.remote != nil {
		b.remote.stop()
	}
}

// publish tells the listeners here at once, and the other nodes soon.
func (b *bus) publish(all []announcement) {
	if len(all) == 0 {
		return
	}
	b.deliver(all)
	if b.remote != nil {
		b.remote.send(all)
	}
}

func (b *bus) deliver(all []announcement) {
	b.mu.Lock()
	listeners := slices.Clone(b.listeners)
	b.mu.Unlock()
	for _, one := range all {
		for _, l := range listeners {
			if l.topic == one.topic {
				l.hear(one.payload)
			}
		}
	}
}

// missed tells every listener that announcements of other nodes were lost.
func (b *bus) missed() {
	b.mu.Lock()
	listeners := slices.Clone(b.listeners)
	b.mu.Unlock()
	for _, l := range listeners {
		l.miss()
	}
}
