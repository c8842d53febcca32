package store

import (
	"time"

	"agendaonline/internal/crm"
)

// Answer is what a POST with an Idempotency-Key was answered, to be given again when it is repeated.
type Answer struct {
	User        crm.UserID
	Key         string
	RequestHash []byte // another request under the same key is a mistake
	Status      int
	Body        []byte
	CreatedAt   time.Time
}

// Answer is what the user's request with that key was answered.
func (tx *Tx) Answer(user crm.UserID, key string) (Answer, error) {
	answer := Answer{User: user, Key: key}
	err := tx.queryRow("load answer", "SELECT request_hash, status, body, created_at FROM idempotency WHERE user_id = $1 AND key = $2", idValue(user), key).
		Scan(&answer.RequestHash, &answer.Status, &answer.Body, intoTime(&answer.CreatedAt))
	return answer, err
}

// InsertAnswer keeps an answer in the transaction of what it answers. ErrDuplicate{UniqueIdempotency}: the same request was
// carried out at the same time; this one must not be.
func (tx *Tx) InsertAnswer(answer Answer) error {
	err := tx.free("insert answer", UniqueIdempotency, "SELECT EXISTS (SELECT 1 FROM idempotency WHERE user_id = $1 AND key = $2)", idValue(answer.User), answer.Key)
	if err != nil {
		return err
	}
	_, err = tx.exec("insert answer", "INSERT INTO idempotency (user_id, key, request_hash, status, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		idValue(answer.User), answer.Key, opaque(string(answer.RequestHash)), answer.Status, opaque(string(answer.Body)), timeValue(answer.CreatedAt))
	return err
}

// PurgeAnswers removes those from before the given instant and says how many.
func (tx *Tx) PurgeAnswers(before time.Time) (int64, error) {
	return tx.exec("purge answers", "DELETE FROM idempotency WHERE created_at < $1", timeValue(before))
}
