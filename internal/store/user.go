package store

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"agendaonline/internal/crm"
)

const selectedUser = `SELECT id, version, login, name, email, language, time_zone, role, right_change_others, right_reassign,
	active, created_at, deleted_at FROM app_user`

func userTargets(user *crm.User) []any {
	return []any{
		intoID(&user.ID), &user.Version, &user.Login, &user.Name, &user.Email, &user.Language, &user.TimeZone, &user.Role,
		&user.Rights.ChangeOthers, &user.Rights.Reassign, &user.Active, intoTime(&user.CreatedAt), intoTime(&user.DeletedAt),
	}
}

// loginKey is the form in which logins are compared: without regard to case and to how letters are composed.
func loginKey(login string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(login)))
}

// User is one user.
func (tx *Tx) User(id crm.UserID) (crm.User, error) {
	var user crm.User
	err := tx.queryRow("load user "+id.String(), selectedUser+" WHERE id = $1", idValue(id)).Scan(userTargets(&user)...)
	return user, err
}

// Users are all users, active or not, deleted ones too, by login.
func (tx *Tx) Users() ([]crm.User, error) {
	var users []crm.User
	for row, err := range tx.rows("load users", selectedUser+" ORDER BY login_key, id") {
		if err != nil {
			return nil, err
		}
		var user crm.User
		if err := row.Scan(userTargets(&user)...); err != nil {
			return nil, err
		}
		users = append(users, user)
	}
	return users, nil
}

// UserByLogin is the user who signs in with login, without regard to case.
func (tx *Tx) UserByLogin(login string) (crm.User, error) {
	var user crm.User
	err := tx.queryRow("load user by login", selectedUser+" WHERE login_key = $1", loginKey(login)).Scan(userTargets(&user)...)
	return user, err
}

// InsertUser adds a user as it is, its version included. ErrDuplicate{UniqueLogin}: the login is taken.
func (tx *Tx) InsertUser(user crm.User, passwordHash string) error {
	attempted := "insert user " + user.ID.String()
	if err := tx.free(attempted, UniqueLogin, "SELECT EXISTS (SELECT 1 FROM app_user WHERE login_key = $1)", loginKey(user.Login)); err != nil {
		return err
	}
	_, err := tx.exec(attempted, `INSERT INTO app_user (id, version, login, login_key, name, email, language, time_zone, role,
		right_change_others, right_reassign, active, created_at, password_hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		idValue(user.ID), user.Version, user.Login, loginKey(user.Login), user.Name, user.Email, string(user.Language), user.TimeZone, string(user.Role),
		user.Rights.ChangeOthers, user.Rights.Reassign, user.Active, timeValue(user.CreatedAt), passwordHash)
	return err
}

// UpdateUser replaces a user but for the password, and raises the version from expectVersion by one. ErrVersion: it has
// another by now. ErrDuplicate{UniqueLogin}: the login is another user's.
func (tx *Tx) UpdateUser(user crm.User, expectVersion int64) error {
	attempted := "update user " + user.ID.String()
	if err := tx.free(attempted, UniqueLogin, "SELECT EXISTS (SELECT 1 FROM app_user WHERE login_key = $1 AND id <> $2)", loginKey(user.Login), idValue(user.ID)); err != nil {
		return err
	}
	n, err := tx.exec(attempted, `UPDATE app_user SET version = version + 1, login = $3, login_key = $4, name = $5, email = $6, language = $7,
		time_zone = $8, role = $9, right_change_others = $10, right_reassign = $11, active = $12 WHERE id = $1 AND version = $2`,
		idValue(user.ID), expectVersion, user.Login, loginKey(user.Login), user.Name, user.Email, string(user.Language),
		user.TimeZone, string(user.Role), user.Rights.ChangeOthers, user.Rights.Reassign, user.Active)
	if err == nil && n == 0 {
		err = tx.missingOrMoved(attempted, "SELECT version FROM app_user WHERE id = $1", idValue(user.ID))
	}
	return err
}

// DeleteUser takes a user away for good but for the name, which stays for what the user did: login, address, password and API tokens
// are gone. ErrVersion: it has another version than expectVersion by now.
func (tx *Tx) DeleteUser(id crm.UserID, expectVersion int64, at time.Time) error {
	attempted := "delete user " + id.String()
	n, err := tx.exec(attempted, `UPDATE app_user SET version = version + 1, login = '', login_key = $3, email = '', password_hash = '', active = FALSE, deleted_at = $4
		WHERE id = $1 AND version = $2 AND deleted_at IS NULL`, idValue(id), expectVersion, "deleted "+id.String(), timeValue(at))
	if err == nil && n == 0 {
		err = tx.missingOrMoved(attempted, "SELECT version FROM app_user WHERE id = $1", idValue(id))
	}
	if err != nil {
		return err
	}
	_, err = tx.exec(attempted, "DELETE FROM api_token WHERE user_id = $1", idValue(id))
	return err
}

// PasswordHash is what SetPasswordHash kept, "" for a user who cannot sign in by password.
func (tx *Tx) PasswordHash(id crm.UserID) (string, error) {
	var hash string
	err := tx.queryRow("load password hash", "SELECT password_hash FROM app_user WHERE id = $1", idValue(id)).Scan(&hash)
	return hash, err
}

// SetPasswordHash replaces the hash; the user's version stays.
func (tx *Tx) SetPasswordHash(id crm.UserID, hash string) error {
	return tx.execOne(ErrNotFound, "set password hash", "UPDATE app_user SET password_hash = $2 WHERE id = $1", idValue(id), hash)
}

// free fails with ErrDuplicate when the query finds something. Two transactions that look at once are told apart by the
// unique index behind it.
func (tx *Tx) free(attempted string, what Unique, query string, args ...any) error {
	var taken bool
	if err := tx.queryRow(attempted, query, args...).Scan(&taken); err != nil {
		return err
	}
	if taken {
		tx.broken = fmt.Errorf("%s: %w", attempted, ErrDuplicate{what})
	}
	return tx.broken
}
