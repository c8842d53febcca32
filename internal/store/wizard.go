package store

import (
	"time"

	"agendaonline/internal/crm"
)

// Wizard is a link that somebody is typing, step by step: nothing of it is a link yet.
type Wizard struct {
	ID        crm.LinkID // of the pages; the link gets another
	Owner     crm.UserID // who types it
	Grant     crm.LinkID // the Draft that it waits for; zero: none
	Sealed    []byte     // what was typed
	ExpiresAt time.Time
}

const selectedWizard = "SELECT id, owner_id, grant_id, sealed, expires_at FROM wizard"

// Wizard is one of them, expired or not; ErrNotFound when it is gone.
func (tx *Tx) Wizard(id crm.LinkID) (Wizard, error) {
	return tx.oneWizard(" WHERE id = $1", idValue(id))
}

// WizardOfGrant is the one of an owner that waits for a grant.
func (tx *Tx) WizardOfGrant(owner crm.UserID, grant crm.LinkID) (Wizard, error) {
	return tx.oneWizard(" WHERE owner_id = $1 AND grant_id = $2 ORDER BY expires_at DESC LIMIT 1", idValue(owner), idValue(grant))
}

func (tx *Tx) oneWizard(where string, args ...any) (Wizard, error) {
	var one Wizard
	err := tx.queryRow("load the wizard of a link", selectedWizard+where, args...).
		Scan(intoID(&one.ID), intoID(&one.Owner), intoID(&one.Grant), &one.Sealed, intoTime(&one.ExpiresAt))
	return one, err
}

// PutWizard adds one or replaces the one of its id and owner, and of each owner keeps the atMost that were used last.
// ErrNotFound: the id is another owner's.
func (tx *Tx) PutWizard(one Wizard, atMost int) error {
	err := tx.execOne(ErrNotFound, "put the wizard of a link", `INSERT INTO wizard (id, owner_id, grant_id, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET grant_id = excluded.grant_id, sealed = excluded.sealed, expires_at = excluded.expires_at
			WHERE wizard.owner_id = excluded.owner_id`,
		idValue(one.ID), idValue(one.Owner), idValue(one.Grant), one.Sealed, timeValue(one.ExpiresAt))
	if err != nil {
		return err
	}
	_, err = tx.exec("forget old wizards of links", `DELETE FROM wizard WHERE owner_id = $1 AND id NOT IN
		(SELECT id FROM wizard WHERE owner_id = $1 ORDER BY expires_at DESC, id DESC LIMIT $2)`, idValue(one.Owner), atMost)
	return err
}

// DeleteWizard forgets one; none is fine.
func (tx *Tx) DeleteWizard(id crm.LinkID) error {
	_, err := tx.exec("forget the wizard of a link", "DELETE FROM wizard WHERE id = $1", idValue(id))
	return err
}

// PurgeWizards forgets those that expired by now.
func (tx *Tx) PurgeWizards(now time.Time) error {
	_, err := tx.exec("forget ended wizards of links", "DELETE FROM wizard WHERE expires_at <= $1", timeValue(now))
	return err
}
