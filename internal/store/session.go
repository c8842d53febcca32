package store

import "time"

// Session is the data of a living session; ErrNotFound when there is none or it expired by now. The token is the one the
// session library hands over, already hashed.
func (tx *Tx) Session(token string, now time.Time) ([]byte, error) {
	var data []byte
	err := tx.queryRow("load session", "SELECT data FROM session WHERE token = $1 AND expires_at > $2", token, timeValue(now)).Scan(&data)
	return data, err
}

// PutSession adds or replaces a session.
func (tx *Tx) PutSession(token string, data []byte, expiresAt time.Time) error {
	_, err := tx.exec("put session", `INSERT INTO session (token, data, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`, token, opaque(string(data)), timeValue(expiresAt))
	return err
}

// DeleteSession ends a session; none is fine.
func (tx *Tx) DeleteSession(token string) error {
	_, err := tx.exec("delete session", "DELETE FROM session WHERE token = $1", token)
	return err
}

// PurgeSessions removes those that expired by now and says how many.
func (tx *Tx) PurgeSessions(now time.Time) (int64, error) {
	return tx.exec("purge sessions", "DELETE FROM session WHERE expires_at <= $1", timeValue(now))
}
