package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"

	"github.com/alexedwards/scs/v2"
)

// ErrWrong says that login and password do not belong together; which of the two is wrong is not said.
var ErrWrong = errors.New("the login or the password is wrong")

// ErrToken says that an API token is unknown, expired or revoked, or that its user may not sign in any more.
var ErrToken = errors.New("the API token is not in force")

// Config is what a Door works with. Idle and Lifetime have defaults.
type Config struct {
	Store     *store.Store
	Passwords *Passwords
	Now       func() time.Time
	// Secure: people come by https only, so their browsers send the cookie by nothing else.
	Secure bool
	// Idle and Lifetime end a session: so long after its last request (0: 12 hours), and so long after signing in (0: 7 days).
	Idle, Lifetime time.Duration
	// Failed hears of errors of the database while a session is loaded or saved; the request is answered with 500.
	Failed func(http.ResponseWriter, *http.Request, error)
}

// Door tells who asks. It may be used by any number of goroutines.
type Door struct {
	Config
	sessions *scs.SessionManager
	throttle *throttle
}

// What a session holds. seenEvery spares the database a write for each request.
const (
	keyUser   = "user"
	keyStamp  = "stamp"
	keySeen   = "seen"
	seenEvery = time.Minute
)

// New makes a Door. One that lacks something it works with is a broken program, and panics.
func New(config Config) *Door {
	if config.Store == nil || config.Passwords == nil || config.Now == nil {
		panic("auth: the configuration is not complete")
	}
	if config.Idle == 0 {
		config.Idle = 12 * time.Hour
	}
	if config.Lifetime == 0 {
		config.Lifetime = 7 * 24 * time.Hour
	}
	// Not scs.New: it starts a goroutine, for a store that is not used here, which nobody can end.
	sessions := &scs.SessionManager{Codec: scs.GobCodec{}, Cookie: scs.SessionCookie{HttpOnly: true, Path: "/", SameSite: http.SameSiteLaxMode}}
	sessions.Store = sessionStore{config.Store, config.Now}
	sessions.HashTokenInStore = true
	sessions.Lifetime = config.Lifetime
	sessions.Cookie.Name = "agenda_session"
	sessions.Cookie.Persist = false
	if sessions.Cookie.Secure = config.Secure; config.Secure {
		sessions.Cookie.Name = "__Host-agenda_session" // RFC 6265bis section 4.1.3.2: no other host can have set it
	}
	if sessions.ErrorFunc = config.Failed; config.Failed == nil {
		sessions.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	}
	return &Door{config, sessions, newThrottle(config.Now)}
}

// Sessions loads the session of a browser before next and saves it with the answer. Who, SignIn, SignOut and Renew need it
// for sessions; a handler that only takes tokens does not.
func (d *Door) Sessions(next http.Handler) http.Handler { return d.sessions.LoadAndSave(next) }

// SignIn checks what a person typed and begins a session, under a new cookie whatever the browser sent. address is where
// the request comes from. The error is ErrWrong or *Throttled, or that of the database.
func (d *Door) SignIn(ctx context.Context, login, password, address string) (crm.User, error) {
	giveBack, err := d.throttle.take(guessLogin(login), guessFrom(address))
	if err != nil {
		return crm.User{}, err
	}
	var user crm.User
	var hash string
	err = d.Store.Read(ctx, func(tx *store.Tx) error {
		user, hash = crm.User{}, ""
		found, err := tx.UserByLogin(strings.TrimSpace(login))
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrText) {
			return nil
		}
		if err != nil {
			return err
		}
		user = found
		if !user.Active {
			return nil
		}
		hash, err = tx.PasswordHash(user.ID)
		return err
	})
	if err != nil {
		return crm.User{}, fmt.Errorf("sign in: %w", err)
	}
	matches, err := d.Passwords.matches(ctx, password, hash)
	if err != nil {
		return crm.User{}, fmt.Errorf("sign in: %w", err)
	}
	if !matches {
		return crm.User{}, ErrWrong
	}
	giveBack()
	return user, d.begin(ctx, user.ID, hash)
}

// Enter begins a session for somebody who has just proved in another way who he is, under a new cookie.
func (d *Door) Enter(ctx context.Context, user crm.UserID) error {
	var hash string
	err := d.Store.Read(ctx, func(tx *store.Tx) (err error) {
		hash, err = tx.PasswordHash(user)
		return err
	})
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	return d.begin(ctx, user, hash)
}

func (d *Door) begin(ctx context.Context, user crm.UserID, hash string) error {
	if err := d.sessions.Clear(ctx); err != nil { // nothing that was there before signing in goes along
		return fmt.Errorf("begin a session: %w", err)
	}
	if err := d.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	d.sessions.SetDeadline(ctx, d.Now().Add(d.Lifetime).UTC())
	d.sessions.Put(ctx, keyUser, user.String())
	d.sessions.Put(ctx, keyStamp, stamp(hash))
	d.sessions.Put(ctx, keySeen, d.Now().Unix())
	return nil
}

// stamp names a password hash without giving it away.
func stamp(hash string) string {
	sum := sha256.Sum256([]byte("session of " + hash))
	return hex.EncodeToString(sum[:16])
}

// Session names the session of a request, without giving its cookie away: the same for as long as it lasts, another after the
// next sign-in; "" for none.
func (d *Door) Session(ctx context.Context) string {
	token := d.sessions.Token(ctx)
	if token == "" || d.sessions.GetString(ctx, keyUser) == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("name of session " + token))
	return hex.EncodeToString(sum[:16])
}

// SignOut ends the session.
func (d *Door) SignOut(ctx context.Context) error {
	if err := d.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// Guess counts an attempt at a password of somebody who is signed in already, as SignIn does. right is to be called when
// the password was right.
func (d *Door) Guess(login, address string) (right func(), err error) {
	return d.throttle.take(guessLogin(login), guessFrom(address))
}

// Who is the user that a request comes from: that of its API token when it has an Authorization header, else that of its
// session. false: nobody is signed in. The error is ErrToken for a token that is not in force, or that of the database.
func (d *Door) Who(r *http.Request) (crm.User, bool, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		user, err := d.bearer(r.Context(), header)
		return user, err == nil, err
	}
	return d.session(r.Context())
}

// session is the user of a session that still holds. One that does not is ended, so that its cookie is worth nothing.
func (d *Door) session(ctx context.Context) (crm.User, bool, error) {
	id, err := crm.ParseID[crm.User](d.sessions.GetString(ctx, keyUser))
	if err != nil || id.IsZero() {
		return crm.User{}, false, nil
	}
	now := d.Now()
	seen := time.Unix(d.sessions.GetInt64(ctx, keySeen), 0)
	var user crm.User
	var hash string
	err = d.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if user, err = tx.User(id); err != nil {
			return err
		}
		hash, err = tx.PasswordHash(id)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return crm.User{}, false, fmt.Errorf("load the user of a session: %w", err)
	}
	if err != nil || !user.Active || d.sessions.GetString(ctx, keyStamp) != stamp(hash) || now.Sub(seen) >= d.Idle {
		return crm.User{}, false, d.SignOut(ctx)
	}
	if now.Sub(seen) >= seenEvery {
		d.sessions.Put(ctx, keySeen, now.Unix())
	}
	return user, true, nil
}

// bearer is the user of an API token (RFC 6750 section 2.1).
func (d *Door) bearer(ctx context.Context, header string) (crm.User, error) {
	scheme, secret, _ := strings.Cut(header, " ")
	if secret = strings.TrimSpace(secret); !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return crm.User{}, ErrToken
	}
	now := d.Now()
	var user crm.User
	var token store.Token
	err := d.Store.Read(ctx, func(tx *store.Tx) (err error) {
		hash := sha256.Sum256([]byte(secret))
		if token, err = tx.TokenByHash(hash[:]); err != nil {
			return err
		}
		user, err = tx.User(token.User)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return crm.User{}, ErrToken
	case err != nil:
		return crm.User{}, fmt.Errorf("load an API token: %w", err)
	case !token.RevokedAt.IsZero(), !token.ExpiresAt.IsZero() && !token.ExpiresAt.After(now), !user.Active:
		return crm.User{}, ErrToken
	}
	if now.Sub(token.LastUsedAt) >= seenEvery {
		err := d.Store.Write(ctx, func(tx *store.Tx) error { return tx.TouchToken(token.ID, now) })
		if err != nil {
			return crm.User{}, fmt.Errorf("keep when an API token was used: %w", err)
		}
	}
	return user, nil
}

// Purge removes the sessions that ended by age; it is called now and then.
func (d *Door) Purge(ctx context.Context) error {
	err := d.Store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.PurgeSessions(d.Now())
		return err
	})
	if err != nil {
		return fmt.Errorf("purge sessions: %w", err)
	}
	return nil
}
