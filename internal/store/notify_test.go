package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

const patience = 10 * time.Second

// takes waits until the listener has heard want, in order, and reports whether it missed something meanwhile.
func takes(t *testing.T, l *store.Listener, want ...string) (missed bool) {
	t.Helper()
	deadline := time.After(patience)
	var got []string
	for len(got) < len(want) {
		select {
		case <-deadline:
			t.Fatalf("heard %q, want %q", got, want)
		case <-l.Ready():
		}
		payloads, lost := l.Take()
		got = append(got, payloads...)
		missed = missed || lost
	}
	if !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
	return missed
}

func announce(f *fixture, topic string, payloads ...string) {
	f.Helper()
	f.write(func(tx *store.Tx) error {
		for _, payload := range payloads {
			tx.Announce(topic, payload)
		}
		return nil
	})
}

func TestAnnounce_is_heard_once_committed(t *testing.T) {
	onEach(t, func(f *fixture) {
		l, other := f.store.Listen("actions"), f.store.Listen("runs")
		defer l.Close()
		defer other.Close()
		f.write(func(tx *store.Tx) error {
			tx.Announce("actions", "one")
			tx.Announce("actions", "two")
			tx.Announce("actions", "one")
			if payloads, _ := l.Take(); payloads != nil {
				f.Errorf("heard before the commit: %q", payloads)
			}
			return nil
		})
		takes(f.T, l, "one", "two")
		f.writeFails(errChangedMyMind, func(tx *store.Tx) error {
			tx.Announce("actions", "never")
			return errChangedMyMind
		})
		announce(f, "actions", "three")
		takes(f.T, l, "three")
		if payloads, _ := other.Take(); payloads != nil {
			f.Errorf("heard on another topic: %q", payloads)
		}
	})
}

var errChangedMyMind = errors.New("changed my mind")

func TestListener_that_does_not_take_misses_the_last(t *testing.T) {
	onEach(t, func(f *fixture) {
		l := f.store.Listen("actions")
		defer l.Close()
		var payloads []string
		for i := range 1100 {
			payloads = append(payloads, strings.Repeat("x", i%50)+string(rune('a'+i/50)))
		}
		announce(f, "actions", payloads...)
		got, missed := l.Take()
		if !missed || len(got) == 0 || !slices.Equal(got, payloads[:len(got)]) {
			f.Errorf("got %d announcements, missed %v; want the first and that some were missed", len(got), missed)
		}
		l.Close()
		announce(f, "actions", "after closing")
		if got, missed := l.Take(); got != nil || missed {
			f.Errorf("heard after closing: %q, missed %v", got, missed)
		}
	})
}

// TestAnnounce_reaches_other_nodes is about PostgreSQL, which several nodes share.
func TestAnnounce_reaches_other_nodes(t *testing.T) {
	t.Parallel()
	options := storetest.PostgreSQL(t)
	here := &fixture{T: t, store: storetest.Open(t, options)}
	there := storetest.Open(t, options)
	l := there.Listen("actions")
	defer l.Close()
	own := here.store.Listen("actions")
	defer own.Close()
	listeningNodes(t, here.store, 2)

	announce(here, "actions", "one", "two")
	if takes(t, l, "one", "two") {
		t.Error("something was missed")
	}
	takes(t, own, "one", "two")

	// Its connection is cut: what is announced meanwhile is lost, and said to be.
	if err := store.Exec(here.store, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid() AND datname = current_database()"); err != nil {
		t.Fatal(err)
	}
	announce(here, "actions", "lost")
	deadline := time.After(patience)
	for missed := false; !missed; {
		select {
		case <-deadline:
			t.Fatal("nothing was said to be missed")
		case <-l.Ready():
			_, missed = l.Take()
		}
	}
	announce(here, "actions", "three")
	takes(t, l, "three")
	var many []string
	for i := range 1500 { // more than goes over at once
		many = append(many, strings.Repeat("y", i%70)+string(rune('a'+i/70)))
	}
	announce(here, "actions", many...)
	for missed := false; !missed; {
		select {
		case <-deadline:
			t.Fatal("nothing was said to be missed of too many")
		case <-l.Ready():
			_, missed = l.Take()
		}
	}
}

// listeningNodes waits until n nodes listen on the database of s.
func listeningNodes(t *testing.T, s *store.Store, n int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		pids, err := store.Strings(s, "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND state = 'idle' AND datname = current_database() AND pid <> pg_backend_pid()")
		if err != nil {
			t.Fatal(err)
		}
		if len(pids) >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d nodes listen, want %d", len(pids), n)
		}
	}
}

func TestClose_sends_what_was_announced(t *testing.T) {
	t.Parallel()
	options := storetest.PostgreSQL(t)
	there := storetest.Open(t, options)
	l := there.Listen("actions")
	defer l.Close()
	listeningNodes(t, there, 1)
	here, err := store.Open(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	announce(&fixture{T: t, store: here}, "actions", "last words")
	if err := here.Close(); err != nil {
		t.Fatal(err)
	}
	takes(t, l, "last words")
}
