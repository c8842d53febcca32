// Package live knows who must hear of a change, over nodes: every open screen has a Stream, which tells it the ids of what
// changed and nothing else. The screen fetches the rows again, as its reader may see them. Nothing is replayed: a screen that
// was away asks for everything anew.
package live

import (
	"context"
	"slices"
	"strings"

	"agendaonline/internal/store"
)

// Feed hands out streams. Any number of goroutines may use it.
type Feed struct{ store *store.Store }

// New makes a Feed of what a store announces, on this node and on others.
func New(s *store.Store) *Feed { return &Feed{s} }

// Changes is what happened since the last time.
type Changes struct {
	Actions []string // ids of actions, each once
	Links   bool     // the state, progress or counts of links
	// Everything: announcements were lost, or anything may look different than before; what is shown may be old.
	Everything bool
}

// Stream hears changes from the moment it is opened until Close. One goroutine may use it.
type Stream struct {
	actions, links *store.Listener
}

// Open opens a stream. The caller closes it.
func (f *Feed) Open() *Stream {
	return &Stream{f.store.Listen(store.TopicActions), f.store.Listen(store.TopicLinks)}
}

// Next waits until something changed, or returns the error of ctx.
func (s *Stream) Next(ctx context.Context) (Changes, error) {
	for {
		select {
		case <-ctx.Done():
			return Changes{}, ctx.Err()
		case <-s.actions.Ready():
		case <-s.links.Ready():
		}
		if changes := s.take(); changes.Links || changes.Everything || len(changes.Actions) > 0 {
			return changes, nil
		}
	}
}

func (s *Stream) take() Changes {
	actions, missedActions := s.actions.Take()
	links, missedLinks := s.links.Take()
	changes := Changes{Links: len(links) > 0, Everything: missedActions || missedLinks}
	for _, payload := range actions {
		if payload == "" {
			changes.Everything = true
			continue
		}
		changes.Actions = append(changes.Actions, strings.Split(payload, ",")...)
	}
	slices.Sort(changes.Actions)
	changes.Actions = slices.Compact(changes.Actions)
	return changes
}

// Close ends the stream.
func (s *Stream) Close() {
	s.actions.Close()
	s.links.Close()
}
