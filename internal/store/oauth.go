package store

import (
	"bytes"
	"fmt"
	"time"

	"agendaonline/internal/crm"
)

// Grant is what a person granted for a link, or for a draft that is going to be one: both have the same id. Sealed holds the
// tokens; what stands beside it is no secret.
type Grant struct {
	ID        crm.LinkID
	Number    int64 // rises each time it is replaced, so that a refresh of an older one is noticed
	Sealed    []byte
	GrantedAt time.Time  // when a person gave it
	EndsAt    time.Time  // of the grant itself, where the server says so; zero otherwise
	Dead      crm.Reason // why the server takes it no more; "" while it does
}

const selectedGrant = "SELECT id, number, sealed, granted_at, ends_at, dead_reason FROM oauth_grant"

func grantTargets(grant *Grant) []any {
	return []any{intoID(&grant.ID), &grant.Number, &grant.Sealed, intoTime(&grant.GrantedAt), intoTime(&grant.EndsAt), &grant.Dead}
}

// Grant is the grant of a link or draft; ErrNotFound when there is none (any more).
func (tx *Tx) Grant(id crm.LinkID) (Grant, error) {
	var grant Grant
	err := tx.queryRow("load grant of link "+id.String(), selectedGrant+" WHERE id = $1", idValue(id)).Scan(grantTargets(&grant)...)
	return grant, err
}

// Grants are all grants, for finding out what is known of them; those of drafts included.
func (tx *Tx) Grants() ([]Grant, error) {
	var grants []Grant
	for row, err := range tx.rows("load grants", selectedGrant+" ORDER BY id") {
		if err != nil {
			return nil, err
		}
		var grant Grant
		if err := row.Scan(grantTargets(&grant)...); err != nil {
			return nil, err
		}
		grants = append(grants, grant)
	}
	return grants, nil
}

// PutGrant keeps a grant that a person has just given, in the place of the one that is there: with the next number, alive, and
// claimed by nobody.
func (tx *Tx) PutGrant(grant Grant) error {
	_, err := tx.exec("put grant of link "+grant.ID.String(), `INSERT INTO oauth_grant (id, number, sealed, granted_at, ends_at, dead_reason, claimed_by, claimed_until)
		VALUES ($1, 1, $2, $3, $4, '', '', 0)
		ON CONFLICT (id) DO UPDATE SET number = oauth_grant.number + 1, sealed = excluded.sealed, granted_at = excluded.granted_at,
			ends_at = excluded.ends_at, dead_reason = '', claimed_by = '', claimed_until = 0`,
		idValue(grant.ID), grant.Sealed, timeValue(grant.GrantedAt), timeValue(grant.EndsAt))
	return err
}

// ClaimGrant gives owner the right to refresh the grant of that number until ttl from now. false: somebody else has it, or the
// grant has another number, is dead or gone.
func (tx *Tx) ClaimGrant(id crm.LinkID, number int64, owner string, ttl time.Duration) (bool, error) {
	now, err := tx.Now()
	if err != nil {
		return false, err
	}
	n, err := tx.exec("claim grant of link "+id.String(), `UPDATE oauth_grant SET claimed_by = $3, claimed_until = $4
		WHERE id = $1 AND number = $2 AND claimed_until <= $5 AND dead_reason = ''`,
		idValue(id), number, owner, now.Add(ttl).UnixMicro(), now.UnixMicro())
	return n > 0, err
}

// SaveGrant replaces the grant of that number by what a refresh of it gave, and ends the claim, whoever has it: the server knows
// no older one any more. ErrVersion: it has another number by now, or is gone.
func (tx *Tx) SaveGrant(id crm.LinkID, number int64, sealed []byte, endsAt time.Time) error {
	return tx.execOne(ErrVersion, "save grant of link "+id.String(), `UPDATE oauth_grant SET number = number + 1, sealed = $3, ends_at = $4,
			dead_reason = '', claimed_by = '', claimed_until = 0
		WHERE id = $1 AND number = $2`, idValue(id), number, sealed, timeValue(endsAt))
}

// ReleaseGrant ends a claim of owner and leaves the grant as it is. A claim that is somebody else's by now is left alone.
func (tx *Tx) ReleaseGrant(id crm.LinkID, number int64, owner string) error {
	_, err := tx.exec("release grant of link "+id.String(), "UPDATE oauth_grant SET claimed_by = '', claimed_until = 0 WHERE id = $1 AND number = $2 AND claimed_by = $3",
		idValue(id), number, owner)
	return err
}

// GrantDied keeps that the server takes the grant of that number no more. false: it was replaced meanwhile, and lives.
func (tx *Tx) GrantDied(id crm.LinkID, number int64, why crm.Reason) (bool, error) {
	n, err := tx.exec("keep that the grant of link "+id.String()+" is dead", `UPDATE oauth_grant SET dead_reason = $3, claimed_by = '', claimed_until = 0
		WHERE id = $1 AND number = $2`, idValue(id), number, string(why))
	return n > 0, err
}

// DeleteGrant forgets a grant; none is fine.
func (tx *Tx) DeleteGrant(id crm.LinkID) error {
	_, err := tx.exec("forget grant of link "+id.String(), "DELETE FROM oauth_grant WHERE id = $1", idValue(id))
	return err
}

// Draft is a link that is being made, or signed in again, while its user is away at an authorisation server.
type Draft struct {
	ID        crm.LinkID // of the link that is going to be; of nothing when a link is signed in again
	Owner     crm.UserID // who began it
	Binding   []byte     // names the session it was begun in
	StateHash []byte     // of the state that an answer must bring; nil: it was answered
	Sealed    []byte     // what was typed, and the pending question
	ExpiresAt time.Time
}

const selectedDraft = "SELECT id, owner_id, binding, state_hash, sealed, expires_at FROM link_draft"

func (tx *Tx) oneDraft(where string, arg any) (Draft, error) {
	var draft Draft
	err := tx.queryRow("load draft of a link", selectedDraft+where, arg).
		Scan(intoID(&draft.ID), intoID(&draft.Owner), &draft.Binding, &draft.StateHash, &draft.Sealed, intoTime(&draft.ExpiresAt))
	return draft, err
}

// Draft is one draft, expired or not.
func (tx *Tx) Draft(id crm.LinkID) (Draft, error) { return tx.oneDraft(" WHERE id = $1", idValue(id)) }

// DraftOfState is the draft that waits for the answer with that state; ErrNotFound when it was answered.
func (tx *Tx) DraftOfState(hash []byte) (Draft, error) {
	return tx.oneDraft(" WHERE state_hash = $1", hash)
}

// PutDraft adds a draft or replaces the one of its id.
func (tx *Tx) PutDraft(draft Draft) error {
	_, err := tx.exec("put draft of a link", `INSERT INTO link_draft (id, owner_id, binding, state_hash, sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET state_hash = excluded.state_hash, sealed = excluded.sealed, expires_at = excluded.expires_at`,
		idValue(draft.ID), idValue(draft.Owner), opaque(string(draft.Binding)), draft.StateHash, draft.Sealed, timeValue(draft.ExpiresAt))
	return err
}

// AnswerDraft takes the pending question of a draft away. ErrVersion: somebody has answered it already.
func (tx *Tx) AnswerDraft(draft Draft) error {
	return tx.execOne(ErrVersion, "answer draft of a link", "UPDATE link_draft SET state_hash = NULL WHERE id = $1 AND state_hash = $2",
		idValue(draft.ID), bytes.Clone(draft.StateHash))
}

// DeleteDraft forgets a draft; its grant is DeleteGrant's. ErrNotFound: there is none.
func (tx *Tx) DeleteDraft(id crm.LinkID) error {
	return tx.execOne(ErrNotFound, "forget draft of a link", "DELETE FROM link_draft WHERE id = $1", idValue(id))
}

// ForgetDrafts forgets every draft and wizard, and the grants that belong to no living link: in a copy of a database, where they are
// another installation's to give back.
func (tx *Tx) ForgetDrafts() error {
	for _, table := range []string{"link_draft", "wizard"} {
		if _, err := tx.exec("forget what is in "+table, "DELETE FROM "+table); err != nil {
			return err
		}
	}
	_, err := tx.exec("forget grants of drafts", "DELETE FROM oauth_grant WHERE NOT EXISTS (SELECT 1 FROM link l WHERE l.id = oauth_grant.id AND l.ended_at IS NULL)")
	return err
}

// EndedDrafts are the drafts that expired by now, and the grants that belong to no draft or living link.
func (tx *Tx) EndedDrafts(now time.Time) ([]crm.LinkID, error) {
	var ended []crm.LinkID
	query := `SELECT id FROM link_draft WHERE expires_at <= $1
		UNION SELECT g.id FROM oauth_grant g WHERE NOT EXISTS (SELECT 1 FROM link_draft d WHERE d.id = g.id)
			AND NOT EXISTS (SELECT 1 FROM link l WHERE l.id = g.id AND l.ended_at IS NULL)`
	for row, err := range tx.rows("look for ended drafts", query, timeValue(now)) {
		if err != nil {
			return nil, err
		}
		var id crm.LinkID
		if err := row.Scan(intoID(&id)); err != nil {
			return nil, fmt.Errorf("look for ended drafts: %w", err)
		}
		ended = append(ended, id)
	}
	return ended, nil
}
