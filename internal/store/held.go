package store

import (
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
)

// HeldID names something held.
type HeldID = crm.ID[Held]

// Held is work of a link that waits for a person's decision.
type Held struct {
	ID        HeldID
	Link      crm.LinkID
	Kind      string
	CreatedAt time.Time
	Subject   HeldSubject

	DecidedAt time.Time // zero: it waits
	DecidedBy crm.UserID
	Decision  string
	DoneAt    time.Time // zero: a decision, if there is one, is still to be carried out
}

// HeldSubject is what the decision is about.
type HeldSubject struct {
	Actions []crm.ActionID `json:"actions,omitempty"`
	Counts  map[string]int `json:"counts,omitempty"`
	// Event is the event that looks like the action. Plan is what a first sync is going to do.
	Event ResourceID             `json:"event,omitzero"`
	Plan  *reconcile.FirstCounts `json:"plan,omitempty"`
}

const selectedHeld = "SELECT id, link_id, kind, created_at, subject, decided_at, decided_by, decision, done_at FROM held"

func scanHeld(row scanner) (Held, error) {
	var held Held
	err := row.Scan(intoID(&held.ID), intoID(&held.Link), &held.Kind, intoTime(&held.CreatedAt), intoJSON(&held.Subject),
		intoTime(&held.DecidedAt), intoID(&held.DecidedBy), &held.Decision, intoTime(&held.DoneAt))
	return held, err
}

// InsertHeld adds something that waits for a decision.
func (tx *Tx) InsertHeld(held Held) error {
	_, err := tx.exec("insert held "+held.ID.String(), `INSERT INTO held (id, link_id, kind, created_at, subject, decided_at, decided_by, decision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, idValue(held.ID), idValue(held.Link), held.Kind, timeValue(held.CreatedAt), jsonValue(held.Subject),
		timeValue(held.DecidedAt), idValue(held.DecidedBy), held.Decision)
	return err
}

// Held is one thing held, decided or not.
func (tx *Tx) Held(id HeldID) (Held, error) {
	return scanHeld(tx.queryRow("load held "+id.String(), selectedHeld+" WHERE id = $1"+tx.forChange(), idValue(id)))
}

// Undecided is what waits for a decision, of one link or, for the zero LinkID, of all; the oldest first.
func (tx *Tx) Undecided(link crm.LinkID) ([]Held, error) {
	query, args := selectedHeld+" WHERE done_at IS NULL AND decided_at IS NULL", []any(nil)
	if !link.IsZero() {
		query, args = query+" AND link_id = $1", []any{idValue(link)}
	}
	return tx.helds(query, args...)
}

// OpenHeld is what a link waits for, and what was decided about and is still to be carried out; the oldest first.
func (tx *Tx) OpenHeld(link crm.LinkID) ([]Held, error) {
	return tx.helds(selectedHeld+" WHERE done_at IS NULL AND link_id = $1", idValue(link))
}

// HeldDone keeps that a decision was carried out.
func (tx *Tx) HeldDone(id HeldID, at time.Time) error {
	return tx.execOne(ErrNotFound, "finish held "+id.String(), "UPDATE held SET done_at = $2 WHERE id = $1", idValue(id), timeValue(at))
}

func (tx *Tx) helds(query string, args ...any) ([]Held, error) {
	var all []Held
	for row, err := range tx.rows("load held", query+" ORDER BY created_at, id", args...) {
		if err != nil {
			return nil, err
		}
		held, err := scanHeld(row)
		if err != nil {
			return nil, err
		}
		all = append(all, held)
	}
	return all, nil
}

// UpdateHeld replaces what an undecided one is about: more of the same kind came in. ErrVersion: it was decided meanwhile.
func (tx *Tx) UpdateHeld(id HeldID, subject HeldSubject) error {
	return tx.execOne(ErrVersion, "update held "+id.String(), "UPDATE held SET subject = $2 WHERE id = $1 AND decided_at IS NULL", idValue(id), jsonValue(subject))
}

// Decide keeps a person's decision. ErrVersion: somebody else decided before.
func (tx *Tx) Decide(id HeldID, by crm.UserID, at time.Time, decision string) error {
	attempted := "decide held " + id.String()
	err := tx.execOne(ErrVersion, attempted, "UPDATE held SET decided_at = $2, decided_by = $3, decision = $4 WHERE id = $1 AND decided_at IS NULL",
		idValue(id), timeValue(at), idValue(by), decision)
	if errors.Is(err, ErrVersion) {
		if _, missing := tx.Held(id); missing != nil {
			return missing
		}
	}
	return err
}
