package store_test

import (
	"errors"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

func TestUser_login_is_unique_without_regard_to_case(t *testing.T) {
	onEach(t, func(f *fixture) {
		f.writeFails(store.ErrDuplicate{What: store.UniqueLogin}, func(tx *store.Tx) error { return tx.InsertUser(newUser("ANNA"), "") })
		f.bob.Login = " Anna"
		f.writeFails(store.ErrDuplicate{What: store.UniqueLogin}, func(tx *store.Tx) error { return tx.UpdateUser(f.bob, 1) })
		got := load(f, func(tx *store.Tx) (crm.User, error) { return tx.UserByLogin("aNNa") })
		f.same("user by login", got, f.anna)
	})
}

func TestUser_update_raises_the_version_and_notices_another(t *testing.T) {
	onEach(t, func(f *fixture) {
		f.bob.Name, f.bob.Active, f.bob.Role, f.bob.Rights.Reassign = "Robert", false, crm.RoleAdministrator, true
		f.write(func(tx *store.Tx) error { return tx.UpdateUser(f.bob, 1) })
		f.bob.Version = 2
		f.same("user", load(f, func(tx *store.Tx) (crm.User, error) { return tx.User(f.bob.ID) }), f.bob)
		f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.UpdateUser(f.bob, 1) })
		carl := newUser("carl")
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateUser(carl, 1) })
		f.same("users", load(f, (*store.Tx).Users), []crm.User{f.anna, f.bob})
	})
}

func TestUser_password_hash_is_kept_apart(t *testing.T) {
	onEach(t, func(f *fixture) {
		f.write(func(tx *store.Tx) error { return tx.SetPasswordHash(f.bob.ID, "hash of bob") })
		got := load(f, func(tx *store.Tx) (string, error) { return tx.PasswordHash(f.bob.ID) })
		f.same("hash", got, "hash of bob")
		f.same("version", load(f, func(tx *store.Tx) (crm.User, error) { return tx.User(f.bob.ID) }).Version, int64(1))
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.SetPasswordHash(newID[crm.User](), "") })
	})
}

func TestSession_ends_at_its_expiry(t *testing.T) {
	onEach(t, func(f *fixture) {
		find := func(token string, now time.Time) func(*store.Tx) ([]byte, error) {
			return func(tx *store.Tx) ([]byte, error) { return tx.Session(token, now) }
		}
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.PutSession("a", []byte{0, 1}, monday.Add(time.Hour)), tx.PutSession("a", []byte{0, 2}, monday.Add(2*time.Hour)),
				tx.PutSession("b", nil, monday.Add(time.Hour)))
		})
		f.same("data", load(f, find("a", monday.Add(time.Hour))), []byte{0, 2})
		f.same("length of no data", len(load(f, find("b", monday))), 0)
		loadFails(f, store.ErrNotFound, find("b", monday.Add(time.Hour)))
		f.write(func(tx *store.Tx) error {
			n, err := tx.PurgeSessions(monday.Add(time.Hour))
			f.same("purged", n, int64(1))
			return errors.Join(err, tx.DeleteSession("a"), tx.DeleteSession("never there"))
		})
		loadFails(f, store.ErrNotFound, find("a", monday))
	})
}

func TestToken_is_found_by_its_hash(t *testing.T) {
	onEach(t, func(f *fixture) {
		token := store.Token{ID: newID[store.Token](), User: f.anna.ID, Name: "script", Hash: []byte{1, 2, 3}, CreatedAt: monday, ExpiresAt: monday.Add(time.Hour)}
		f.write(func(tx *store.Tx) error { return tx.InsertToken(token) })
		again := token
		again.ID = newID[store.Token]()
		f.writeFails(store.ErrDuplicate{What: store.UniqueToken}, func(tx *store.Tx) error { return tx.InsertToken(again) })
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.TouchToken(token.ID, monday.Add(time.Minute)), tx.RevokeToken(f.anna.ID, token.ID, monday.Add(2*time.Minute)), tx.RevokeToken(f.anna.ID, token.ID, monday.Add(3*time.Minute)))
		})
		token.LastUsedAt, token.RevokedAt = monday.Add(time.Minute), monday.Add(2*time.Minute)
		f.same("token", load(f, func(tx *store.Tx) (store.Token, error) { return tx.TokenByHash([]byte{1, 2, 3}) }), token)
		f.same("tokens", load(f, func(tx *store.Tx) ([]store.Token, error) { return tx.TokensOf(f.anna.ID) }), []store.Token{token})
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.RevokeToken(f.bob.ID, token.ID, monday) })
	})
}

func TestAnswer_is_kept_once_per_key(t *testing.T) {
	onEach(t, func(f *fixture) {
		answer := store.Answer{User: f.anna.ID, Key: "k1", RequestHash: []byte{9}, Status: 201, Body: []byte(`{"id":1}`), CreatedAt: monday}
		f.write(func(tx *store.Tx) error { return tx.InsertAnswer(answer) })
		find := func(tx *store.Tx) (store.Answer, error) { return tx.Answer(f.anna.ID, "k1") }
		f.same("answer", load(f, find), answer)
		f.writeFails(store.ErrDuplicate{What: store.UniqueIdempotency}, func(tx *store.Tx) error { return tx.InsertAnswer(answer) })
		f.write(func(tx *store.Tx) error {
			n, err := tx.PurgeAnswers(monday.Add(time.Second))
			f.same("purged", n, int64(1))
			return err
		})
		loadFails(f, store.ErrNotFound, find)
	})
}

func TestSettings_begin_with_the_defaults(t *testing.T) {
	onEach(t, func(f *fixture) {
		want := crm.DefaultSettings()
		f.same("settings", load(f, (*store.Tx).Settings), want)
		want.PollInterval, want.OnlineCalendar, want.Guard.Part = 0, false, 0.5
		f.write(func(tx *store.Tx) error { return tx.UpdateSettings(want, 0) })
		f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.UpdateSettings(want, 0) })
		want.Version, want.TrashKept = 1, time.Hour
		f.write(func(tx *store.Tx) error { return tx.UpdateSettings(want, 1) })
		f.writeFails(store.ErrVersion, func(tx *store.Tx) error { return tx.UpdateSettings(want, 1) })
		want.Version = 2
		f.same("settings", load(f, (*store.Tx).Settings), want)
	})
}

func TestInstallation_has_one_identity(t *testing.T) {
	onEach(t, func(f *fixture) {
		loadFails(f, store.ErrNotFound, (*store.Tx).Installation)
		for _, identity := range []string{"first", "second"} {
			want := store.Installation{Identity: identity, CreatedAt: monday}
			f.write(func(tx *store.Tx) error { return tx.SetInstallation(want) })
			f.same("installation", load(f, (*store.Tx).Installation), want)
		}
	})
}

func TestChoice_has_one_default_per_list(t *testing.T) {
	onEach(t, func(f *fixture) {
		call := crm.Choice{ID: newID[crm.Choice](), Kind: crm.ChoiceType, Names: map[crm.Language]string{crm.Dutch: "Telefoon", crm.English: "Call"}, Position: 2, Default: true}
		visit := crm.Choice{ID: newID[crm.Choice](), Kind: crm.ChoiceType, Names: map[crm.Language]string{crm.Dutch: "Bezoek"}, Position: 1, Default: true}
		open := crm.Choice{ID: newID[crm.Choice](), Kind: crm.ChoiceStatus, Names: map[crm.Language]string{crm.Dutch: "Open"}, Default: true}
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.PutChoice(call), tx.PutChoice(visit), tx.PutChoice(open))
		})
		f.same("defaults", load(f, (*store.Tx).ChoiceDefaults), crm.ChoiceDefaults{Type: visit.ID, Status: open.ID})
		call.Default, call.Retired = false, true
		f.write(func(tx *store.Tx) error { return tx.PutChoice(call) })
		f.same("choices", load(f, (*store.Tx).Choices), []crm.Choice{open, visit, call})
	})
}
