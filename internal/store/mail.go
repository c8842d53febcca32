package store

import (
	"errors"
	"time"

	"agendaonline/internal/crm"
)

// Mail tells one user that one link waits to be signed in again.
type Mail struct {
	ID       crm.ID[Mail]
	Link     crm.LinkID
	User     crm.UserID
	Attempts int // this one included
}

// PlanMails makes a mail for the user and for each administrator of every link that waits to be signed in again, as long as it has
// none, and forgets those of links that do not wait any more: the next time is another one. Paused links wait for something else.
func (tx *Tx) PlanMails(newID func() crm.ID[Mail]) error {
	_, err := tx.exec("forget mails that are over", `DELETE FROM mail WHERE NOT EXISTS
		(SELECT 1 FROM link l WHERE l.id = mail.link_id AND l.sign_in_again AND l.ended_at IS NULL AND l.paused_at IS NULL)`)
	if err != nil {
		return err
	}
	now, err := tx.Now()
	if err != nil {
		return err
	}
	var planned []Mail
	for row, err := range tx.rows("look for mails to send", `SELECT l.id, u.id FROM link l JOIN app_user u ON u.id = l.user_id OR u.role = 'administrator'
		WHERE l.sign_in_again AND l.ended_at IS NULL AND l.paused_at IS NULL AND u.active AND u.email <> ''
			AND NOT EXISTS (SELECT 1 FROM mail m WHERE m.link_id = l.id AND m.user_id = u.id)`) {
		if err != nil {
			return err
		}
		var one Mail
		if err := row.Scan(intoID(&one.Link), intoID(&one.User)); err != nil {
			return err
		}
		planned = append(planned, one)
	}
	for _, one := range planned {
		_, err := tx.exec("plan a mail", `INSERT INTO mail (id, link_id, user_id, next_at, attempts, failed) VALUES ($1, $2, $3, $4, 0, '')
			ON CONFLICT (link_id, user_id) DO NOTHING`, idValue(newID()), idValue(one.Link), idValue(one.User), now.UnixMicro())
		if err != nil {
			return err
		}
	}
	return nil
}

// ClaimMail takes a mail that is due, for this node alone until ttl from now. ErrNotFound: none is.
func (tx *Tx) ClaimMail(ttl time.Duration) (Mail, error) {
	now, err := tx.Now()
	if err != nil {
		return Mail{}, err
	}
	var one Mail
	var nextAt int64
	err = tx.queryRow("look for a mail that is due", `SELECT id, link_id, user_id, attempts, next_at FROM mail
		WHERE sent_at IS NULL AND next_at <= $1 ORDER BY next_at, id LIMIT 1`, now.UnixMicro()).
		Scan(intoID(&one.ID), intoID(&one.Link), intoID(&one.User), &one.Attempts, &nextAt)
	if err != nil {
		return Mail{}, err
	}
	one.Attempts++
	return one, tx.execOne(ErrNotFound, "claim a mail", "UPDATE mail SET next_at = $3, attempts = $4 WHERE id = $1 AND next_at = $2 AND sent_at IS NULL",
		idValue(one.ID), nextAt, now.Add(ttl).UnixMicro(), one.Attempts)
}

// MailSent keeps that a mail has left; one whose link does not wait any more is gone, which is fine.
func (tx *Tx) MailSent(id crm.ID[Mail]) error {
	now, err := tx.Now()
	if err != nil {
		return err
	}
	_, err = tx.exec("keep that a mail has left", "UPDATE mail SET sent_at = $2, failed = '' WHERE id = $1", idValue(id), now.UnixMicro())
	return err
}

// MailFailed keeps why a mail could not be sent, and when it is tried again.
func (tx *Tx) MailFailed(id crm.ID[Mail], why string, after time.Duration) error {
	now, err := tx.Now()
	if err != nil {
		return err
	}
	_, err = tx.exec("keep that a mail could not be sent", "UPDATE mail SET failed = $2, next_at = $3 WHERE id = $1", idValue(id), why, now.Add(after).UnixMicro())
	return err
}

// MailTrouble is how many mails could not be sent up to now, and why the last of them; none is 0 and "".
func (tx *Tx) MailTrouble() (count int, why string, err error) {
	err = tx.queryRow("count mails that could not be sent", "SELECT COUNT(*) FROM mail WHERE sent_at IS NULL AND failed <> ''").Scan(&count)
	if err != nil || count == 0 {
		return 0, "", err
	}
	err = tx.queryRow("look why a mail could not be sent", "SELECT failed FROM mail WHERE sent_at IS NULL AND failed <> '' ORDER BY next_at DESC LIMIT 1").Scan(&why)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return count, why, err
}
