package store

import (
	"context"
	"database/sql"
	"sync"
)

// statements are the queries of one pool of connections that are kept prepared over transactions. SQLite spends a third of
// a short transaction on parsing its queries otherwise; pgx keeps statements by itself.
type statements struct {
	db *sql.DB

	mu   sync.RWMutex
	kept map[string]*sql.Stmt
	once map[string]bool // seen in one transaction so far
}

// mostStatements is how many are kept: all that transactions use again and again. Lists and bulk inserts come in few sizes
// (see bulk.go); what a search is made of differs from one to the next, and most of that is seen once.
const mostStatements = 400

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, kept: map[string]*sql.Stmt{}, once: map[string]bool{}}
}

// get is the prepared form of a query, nil while there is none.
func (s *statements) get(query string) *sql.Stmt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.kept[query]
}

// prepared is the prepared form of a query that is asked again and again.
func (s *statements) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if kept := s.get(query); kept != nil {
		return kept, nil
	}
	prepared, err := s.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.kept[query]; kept != nil {
		return kept, prepared.Close()
	}
	s.kept[query] = prepared
	return prepared, nil
}

// learn prepares the queries that a second transaction has used. It is called when a transaction has ended, for preparing
// takes a connection.
func (s *statements) learn(ctx context.Context, queries []string) {
	for _, query := range queries {
		if !s.worth(query) {
			continue
		}
		prepared, err := s.db.PrepareContext(ctx, query)
		if err != nil {
			return // the next transaction prepares it for itself
		}
		s.mu.Lock()
		if s.kept[query] != nil {
			defer prepared.Close()
		} else {
			s.kept[query] = prepared
		}
		s.mu.Unlock()
	}
}

// worth reports whether a query has been used before, and is to be kept.
func (s *statements) worth(query string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[query] != nil || len(s.kept) >= mostStatements {
		return false
	}
	if !s.once[query] {
		if len(s.once) >= 4*mostStatements {
			clear(s.once) // so many are mostly searches, each made up of other conditions
		}
		s.once[query] = true
		return false
	}
	return true
}
